#include "rt/task.c"

#include <stdlib.h>

#include "base/dies.h"
#include "tap.h"

#if ASAN || TSAN
#define MANY 2000 /* stacks are larger then, and TSan has a limit */
#else
#define MANY 10000
#endif
#define MANY_IN_VALGRIND 1000 /* which searches all stacks at every switch */

static struct loop *loop;

/* Time stands still unless a test moves it. */
static void turn(void)
{
    loop_turn(loop, 0);
}

static void turn_after(int64_t us)
{
    clock_test_advance(us);
    turn();
}

/* What a task under test has seen. */
static struct task *it;
static int code, steps;

static void spawn_it(task_fn fn)
{
    code = 1;
    steps = 0;
    it = task_spawn(fn, NULL);
}

/* ---- running and waiting ---- */

static void finish(void *arg)
{
    *(struct task **)arg = task_self();
}

static void test_spawn(void)
{
    struct task *self = NULL;
    struct task *t = task_spawn(finish, &self);
    ok(!self, "a spawned task does not run at once");
    is_int(task_count(), 1, "but is counted");
    turn();
    ok(self == t, "it runs in the turn");
    ok(!task_self(), "and nobody does outside of it");
    is_int(task_count(), 0, "it has freed itself");
    is_int(task_stacks_idle(), 1, "its stack is kept");
    (void)task_spawn(finish, &self);
    is_int(task_stacks_idle(), 0, "for the next one");
    turn();
}

static void wait_once(void *arg)
{
    (void)arg;
    steps++;
    code = task_wait();
    steps++;
}

static void wait_twice(void *arg)
{
    wait_once(arg);
    code = task_wait();
    steps++;
}

static void test_wake(void)
{
    spawn_it(wait_once);
    ok(!task_is_waiting(it), "a task that has not begun does not wait");
    turn();
    ok(steps == 1 && task_is_waiting(it), "a task runs until it waits");
    turn();
    is_int(steps, 1, "and waits until it is woken");
    task_wake(it, 7);
    ok(!task_is_waiting(it), "once woken it waits no more");
    is_int(steps, 1, "but it is not run by the waker");
    turn();
    ok(steps == 2 && code == 7, "its wait returns what the waker passed");
}

static void test_wake_before_wait(void)
{
    spawn_it(wait_once);
    task_wake(it, 3);
    task_wake(it, 4);
    turn();
    ok(steps == 2 && code == 4, "a wake before the wait is remembered, the last one");

    spawn_it(wait_twice);
    turn();
    task_wake(it, 5);
    task_wake(it, 6);
    turn();
    ok(steps == 3 && code == 6, "a wake between wake and run is for the next wait");
}

static void wake_self(void *arg)
{
    task_wake(task_self(), 8);
    wait_once(arg);
}

static void test_wake_self(void)
{
    spawn_it(wake_self);
    turn();
    ok(steps == 2 && code == 8, "a task may wake itself before it waits");
}

/* ---- deadlines ---- */

static int64_t limit_us;

static void wait_with_limit(void *arg)
{
    int64_t before = task_deadline_narrow(clock_now_us() + limit_us);
    wait_once(arg);
    task_deadline_restore(before);
}

static void test_deadline(void)
{
    limit_us = 5000;
    spawn_it(wait_with_limit);
    turn();
    turn_after(4999);
    is_int(steps, 1, "a wait lasts until its deadline");
    turn_after(1001);
    ok(steps == 2 && code == -E_TIMEOUT, "and ends with it");

    limit_us = 0;
    spawn_it(wait_with_limit);
    turn();
    ok(steps == 2 && code == -E_TIMEOUT, "a deadline that has passed allows no wait");

    limit_us = 5000;
    spawn_it(wait_with_limit);
    task_wake(it, 0);
    turn();
    ok(steps == 2 && code == 0, "a wake in time makes it irrelevant");
    turn_after(10000);
    is_int(task_count(), 0, "also when its time comes after the task's end");
}

static void nest_limits(void *arg)
{
    (void)arg;
    int64_t now = clock_now_us();
    int64_t outer = task_deadline_narrow(now + 100);
    ok(outer == TASK_NO_DEADLINE, "a task begins without a deadline");
    int64_t inner = task_deadline_narrow(now + 200);
    is_int(task_deadline(), now + 100, "narrowing never extends");
    task_deadline_restore(inner);
    is_int(task_deadline(), now + 100, "restoring brings back the one before");
    task_deadline_restore(outer);
    ok(task_deadline() == TASK_NO_DEADLINE, "and the one before that");
}

static void wait_per_chunk(void *arg)
{
    (void)arg;
    while (code >= 0) {
        int64_t before = task_deadline_narrow(clock_now_us() + 10000);
        code = task_wait();
        task_deadline_restore(before);
        steps++;
    }
}

static void test_lazy_timer(void)
{
    spawn_it(wait_per_chunk);
    turn();
    int64_t first_at = it->timer.at_us;
    for (int i = 0; i < 9; i++) {
        task_wake(it, 0);
        turn_after(1000);
    }
    ok(steps == 9 && it->timer.at_us == first_at, "a later deadline leaves the timer alone");
    turn_after(2000);
    ok(steps == 9 && it->timer.at_us == first_at + 9000, "firing early it is set to the deadline");
    turn_after(8000);
    ok(steps == 10 && code == -E_TIMEOUT, "where it does end the wait");
}

static void wait_long_then_short(void *arg)
{
    limit_us = 50000;
    wait_with_limit(arg);
    limit_us = 2000;
    wait_with_limit(arg);
}

static void test_earlier_deadline(void)
{
    spawn_it(wait_long_then_short);
    turn();
    task_wake(it, 0);
    turn();
    turn_after(2000);
    ok(steps == 4 && code == -E_TIMEOUT, "an earlier deadline moves the timer");
}

/* ---- sleeping ---- */

static int64_t sleep_us;

static void sleep_once(void *arg)
{
    (void)arg;
    code = task_sleep_us(sleep_us);
    steps++;
}

static void sleep_with_limit(void *arg)
{
    int64_t before = task_deadline_narrow(clock_now_us() + limit_us);
    sleep_once(arg);
    task_deadline_restore(before);
}

static void sleep_then_wait(void *arg)
{
    sleep_once(arg);
    code = task_wait();
    steps++;
}

static void test_sleep(void)
{
    sleep_us = 3000;
    spawn_it(sleep_once);
    turn();
    turn_after(2999);
    is_int(steps, 0, "a sleep lasts");
    turn_after(1001);
    ok(steps == 1 && code == 0, "until it is over");

    spawn_it(sleep_then_wait);
    turn();
    task_wake(it, 9);
    turn();
    is_int(steps, 0, "a wake does not end it");
    turn_after(4000);
    ok(steps == 2 && code == 9, "but the next wait");

    limit_us = 1000;
    spawn_it(sleep_with_limit);
    turn();
    turn_after(2000);
    ok(steps == 1 && code == -E_TIMEOUT, "a deadline does");

    spawn_it(sleep_once);
    turn();
    task_cancel(it, -E_CLIENT_GONE);
    turn();
    ok(steps == 1 && code == -E_CLIENT_GONE, "and cancellation");

    sleep_us = INT64_MAX;
    spawn_it(sleep_once);
    turn();
    turn_after(INT64_C(1) << 50);
    is_int(steps, 0, "one for ever lasts for ever");
    task_cancel(it, -E_CANCELLED);
    turn();
}

/* ---- cancellation ---- */

static void wait_until_cleared(void *arg)
{
    wait_twice(arg);
    is_int(task_cancelled(), -E_CLIENT_GONE, "a cancelled task knows");
    is_int(task_cancel_clear(), -E_CLIENT_GONE, "and can put it aside");
    is_int(task_cancelled(), 0, "to be as before");
    task_wake(task_self(), 2);
    code = task_wait();
}

static void test_cancel(void)
{
    spawn_it(wait_until_cleared);
    turn();
    task_cancel(it, -E_CLIENT_GONE);
    task_cancel(it, -E_DRAINING);
    task_wake(it, 1);
    turn();
    is_int(steps, 3, "cancellation ends the wait and every later one");
    is_int(code, 2, "until it is cleared");

    spawn_it(wait_twice);
    task_cancel(it, -E_CLIENT_GONE);
    turn();
    ok(steps == 3 && code == -E_CLIENT_GONE, "it holds for a task that has not begun");

    spawn_it(wait_once);
    turn();
    task_wake(it, 0);
    task_cancel(it, -E_CLIENT_GONE);
    turn();
    is_int(code, -E_CLIENT_GONE, "it wins over a wake that was not yet seen");
}

/* ---- giving way ---- */

static bool has_other_run;

static void be_other(void *arg)
{
    (void)arg;
    has_other_run = true;
}

static void breathe(void *arg)
{
    (void)arg;
    for (int i = 1; i < TASK_BREATHS; i++)
        code = task_breathe();
    steps = !has_other_run;
    code = task_breathe();
    steps += has_other_run;
    while (code == 0)
        code = task_breathe();
}

static void breathe_with_limit(void *arg)
{
    (void)task_deadline_narrow(clock_now_us() + 1000);
    breathe(arg);
}

static void test_breathe(void)
{
    has_other_run = false;
    spawn_it(breathe);
    (void)task_spawn(be_other, NULL);
    turn();
    is_int(steps, 2, "a task that never waits gives way once in TASK_BREATHS");
    is_int(task_count(), 1, "and a turn ends though it goes on");
    task_cancel(it, -E_CANCELLED);
    turn();
    is_int(code, -E_CANCELLED, "it learns of its cancellation");
    spawn_it(breathe_with_limit);
    turn();
    turn_after(2000);
    is_int(code, -E_TIMEOUT, "and of its deadline");
}

static void pass_on(void *arg)
{
    while (task_sleep_us(0) == 0 && steps < 1000)
        ++*(int *)arg;
}

static void test_rounds(void)
{
    int a = 0, b = 0;
    steps = 0;
    (void)task_spawn(pass_on, &a);
    (void)task_spawn(pass_on, &b);
    turn();
    ok(a > 0 && a == b, "tasks that keep yielding take turns");
    is_int(task_count(), 2, "and do not keep the loop from its descriptors");
    steps = 1000;
    turn();
}

/* ---- scopes ---- */

static struct scope scope;
static int n_ended, ended_code;

static void child_wait(void *arg)
{
    struct task **self = arg;
    *self = task_self();
    int rc = task_wait();
    ended_code = rc < 0 ? rc : ended_code;
    n_ended++;
}

static void parent(void *arg)
{
    struct task **children = arg;
    scope_begin(&scope);
    for (int i = 0; i < 3; i++)
        scope_spawn(&scope, child_wait, &children[i]);
    size_t seen = 0;
    while (seen < 2 && code >= 0) {
        code = scope_wait(&scope, seen);
        seen = scope.finished;
        steps++;
    }
    scope_end(&scope, -E_CANCELLED);
    steps = 100;
}

static void start_parent(struct task **children)
{
    n_ended = ended_code = 0;
    code = 1;
    steps = 0;
    it = task_spawn(parent, children);
    turn();
}

static void test_scope(void)
{
    struct task *children[3];
    start_parent(children);
    task_wake(children[1], 0);
    turn();
    ok(steps == 1 && code == 0, "a child's end is waited for");
    task_wake(it, 0);
    turn();
    is_int(steps, 1, "a wake for the parent is none of a child");
    task_wake(children[0], 0);
    turn();
    is_int(steps, 100, "the scope ends");
    is_int(n_ended, 3, "after its children");
    is_int(ended_code, -E_CANCELLED, "of which it has cancelled the last");

    start_parent(children);
    task_cancel(it, -E_CLIENT_GONE);
    turn();
    ok(steps == 100 && n_ended == 3, "a cancelled parent leaves no child behind");
}

static void stubborn(void *arg)
{
    child_wait(arg);
    (void)task_cancel_clear();
    child_wait(arg);
}

static void join_stubborn(void *arg)
{
    struct scope s;
    scope_begin(&s);
    scope_spawn(&s, stubborn, arg);
    code = task_sleep_us(0);
    (void)task_deadline_narrow(clock_now_us() + 1000);
    scope_end(&s, -E_CANCELLED);
    steps++;
    code = task_wait();
}

static void test_join(void)
{
    struct task *child = NULL;
    n_ended = 0;
    steps = 0;
    it = task_spawn(join_stubborn, &child);
    turn();
    is_int(n_ended, 1, "a child may go on after its cancellation");
    task_wake(it, 5);
    turn_after(2000);
    task_cancel(it, -E_CLIENT_GONE);
    turn();
    is_int(steps, 0, "neither wake, deadline nor cancellation end the joining");
    task_wake(child, 0);
    turn();
    ok(steps == 1 && n_ended == 2, "only the child's end does");
    is_int(code, -E_CLIENT_GONE, "the cancellation holds for what comes after");
}

static void join_nobody(void *arg)
{
    (void)arg;
    struct scope s;
    scope_begin(&s);
    scope_end(&s, 0);
    scope_begin(&s);
    struct task *self = NULL;
    scope_spawn(&s, finish, &self);
    scope_end(&s, 0);
    steps = self ? 1 : 2;
}

static void leaf(void *arg)
{
    code = task_sleep_us(1000);
    ++*(int *)arg;
}

static void branch(void *arg)
{
    struct scope s;
    scope_begin(&s);
    scope_spawn(&s, leaf, arg);
    scope_spawn(&s, leaf, arg);
    scope_end(&s, 0);
}

static void root(void *arg)
{
    struct scope s;
    scope_begin(&s);
    scope_spawn(&s, branch, arg);
    scope_spawn(&s, branch, arg);
    scope_end(&s, 0);
    steps = *(int *)arg;
}

static void test_scope_shapes(void)
{
    spawn_it(join_nobody);
    turn();
    is_int(steps, 1, "an empty scope ends at once; code 0 lets children finish");
    int leaves = 0;
    steps = 0;
    (void)task_spawn(root, &leaves);
    turn();
    is_int(task_count(), 7, "scopes nest");
    turn_after(2000); /* timers count whole milliseconds */
    ok(steps == 4 && task_count() == 0, "and are joined from the leaves up");
}

/* ---- many ---- */

static size_t n_done;

static void wait_and_count(void *arg)
{
    (void)arg;
    if (task_wait() == 0)
        n_done++;
}

static void test_many(void)
{
    static struct task *tasks[MANY];
    size_t many = getenv("POOL_DISABLE") ? MANY_IN_VALGRIND : MANY;
    n_done = 0;
    for (size_t i = 0; i < many; i++)
        tasks[i] = task_spawn(wait_and_count, NULL);
    turn();
    is_int(task_count(), many, "all are suspended");
    for (size_t i = 0; i < many; i++)
        task_wake(tasks[i], 0);
    turn();
    ok(n_done == many && task_count() == 0, "and all woken in one turn");
    ok(task_stacks_idle() > 0 && task_stacks_idle() <= 512 + 4096, "not all stacks are kept");
    for (size_t i = 0; i < 1000; i++)
        tasks[i] = task_spawn(wait_and_count, NULL);
    turn();
    for (size_t i = 0; i < 1000; i++)
        task_wake(tasks[i], 0);
    turn();
    is_int(n_done, many + 1000, "stacks that gave up their memory serve again");
}

/* ---- misuse ---- */

static void wait_outside(void *arg)
{
    (void)arg;
    (void)!task_wait();
}

static void close_with_tasks(void *arg)
{
    (void)arg;
    (void)task_spawn(wait_and_count, NULL);
    loop_close(loop);
}

static void test_misuse(void)
{
    ok(dies(wait_outside, NULL), "waiting outside of a task is a bug");
    ok(dies(close_with_tasks, NULL), "and so is closing a loop that has tasks");
}

int main(void)
{
    clock_test_set(1000000, 0);
    loop = loop_open();
    test_spawn();
    test_wake();
    test_wake_before_wait();
    test_wake_self();
    test_deadline();
    (void)task_spawn(nest_limits, NULL);
    turn();
    test_lazy_timer();
    test_earlier_deadline();
    test_sleep();
    test_cancel();
    test_breathe();
    test_rounds();
    test_scope();
    test_join();
    test_scope_shapes();
    test_many();
    test_misuse();
    is_int(task_count(), 0, "no task is left");
    loop_close(loop);
    is_int(task_stacks_idle(), 0, "and no stack");
    return tap_done();
}
