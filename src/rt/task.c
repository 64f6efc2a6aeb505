/* Tasks: who runs, who waits, for how long.
 *
 * RUNNABLE tasks stand in the run queue; the loop takes them from it, one round after the other,
 * and switches to each. The one that is RUNNING goes on until it suspends itself. Suspended tasks
 * are in no queue: whoever will go on with them holds their address. What can do that is the state:
 *
 *                task_wake   a child's end   deadline, cancellation
 *     WAITING    yes         in scope_wait   yes
 *     SLEEPING   later       no              yes
 *     JOINING    later       yes             no: the children use its stack
 *
 * "Later": the wake is remembered for the next wait, as with a task that is not suspended at all.
 *
 * A deadline is a number in the task, and changing it is an assignment. The timer behind it is
 * lazy: a wait sets it only if it would fire too late, and leaves it alone if it fires early, or
 * not for this wait at all. When it fires it looks at the number: the deadline has come, or the
 * timer is set to it and goes off later. A stream with an idle limit per chunk, where every wait
 * has a new and later deadline, thus costs one timer operation per limit and not one per chunk.
 *
 * struct task lies at the top of the task's own stack, so that a suspended task is one allocation,
 * and mostly one page. */
#include "rt/task.h"

#include "base/clock.h"
#include "base/err.h"
#include "rt/loop.h"
#include "rt/task_switch.h"

/* Rounds of the run queue before descriptors and timers get their turn again. */
#define ROUNDS_MAX 8

enum task_state {
    TASK_RUNNABLE,
    TASK_RUNNING,
    TASK_WAITING,
    TASK_SLEEPING,
    TASK_JOINING,
    TASK_FINISHED,
};

struct task {
    struct task_switch sw;
    struct task_stack stack;
    struct list link;            /* in the run queue */
    struct list all;             /* in the thread's list of tasks */
    struct list sibling;         /* in its scope's children */
    struct scope *scope;         /* NULL: not a child */
    const struct scope *awaited; /* wakes this task when a child returns */
    task_fn fn;
    void *arg;
    struct loop_timer timer;
    int64_t deadline_us;
    int code;        /* what the wait that is ending returns */
    int next_code;   /* of a wake to be remembered */
    int cancel_code; /* 0: not cancelled */
    enum task_state state;
    bool has_wake;    /* next_code is for the next wait */
    unsigned breaths; /* calls of task_breathe since the last wait */
};

/* tools/gdb_tasks.gdb walks `all`. */
static _Thread_local struct {
    struct task *self; /* NULL on the loop's stack */
    struct list runnable;
    struct list round_end; /* in `runnable` while task_run_all goes through it */
    struct list all;
    size_t count;
} task_thread;

static bool is_interruptible(const struct task *t)
{
    return t->state == TASK_WAITING || t->state == TASK_SLEEPING;
}

static void make_runnable(struct task *t, int code)
{
    must(is_interruptible(t) || t->state == TASK_JOINING);
    t->code = code;
    t->state = TASK_RUNNABLE;
    list_push_back(&task_thread.runnable, &t->link);
}

static void suspend(struct task *t, enum task_state state)
{
    must(t == task_thread.self && t->state == TASK_RUNNING);
    t->state = state;
    t->breaths = 0;
    task_switch_out(&t->sw);
}

static void on_timer(struct loop_timer *timer)
{
    struct task *t = container_of(timer, struct task, timer);
    if (!is_interruptible(t))
        return; /* the next wait sets it again */
    if (t->deadline_us <= clock_now_us())
        make_runnable(t, -E_TIMEOUT);
    else if (t->deadline_us != TASK_NO_DEADLINE)
        loop_timer_set(timer, t->deadline_us);
}

/* The loop's side of a task's end: the stack it lies on can be given back now. */
static void reap(struct task *t)
{
    task_switch_fini(&t->sw);
    task_stack_release(t->stack);
}

static void run(struct task *t)
{
    must(t->state == TASK_RUNNABLE);
    t->state = TASK_RUNNING;
    task_thread.self = t;
    task_switch_in(&t->sw);
    task_thread.self = NULL;
    if (t->state == TASK_FINISHED)
        reap(t);
}

static void leave_scope(struct task *t)
{
    struct scope *s = t->scope;
    list_remove(&t->sibling);
    s->running--;
    s->finished++;
    struct task *owner = s->owner;
    if (owner->awaited == s && (owner->state == TASK_WAITING || owner->state == TASK_JOINING))
        make_runnable(owner, 0);
}

static void task_main(struct task_switch *sw)
{
    struct task *t = container_of(sw, struct task, sw);
    t->fn(t->arg);
    loop_timer_clear(&t->timer);
    list_remove(&t->all);
    task_thread.count--;
    if (t->scope)
        leave_scope(t);
    t->state = TASK_FINISHED;
    task_switch_end(sw);
}

static struct task *spawn(task_fn fn, void *arg, struct scope *scope)
{
    must(loop_self());
    struct task_stack stack = task_stack_acquire();
    size_t size = (sizeof(struct task) + 63) & ~(size_t)63; /* a stack begins aligned */
    struct task *t = (struct task *)(void *)(stack.top - size);
    *t = (struct task){
        .stack = stack,
        .scope = scope,
        .fn = fn,
        .arg = arg,
        .deadline_us = TASK_NO_DEADLINE,
        .state = TASK_RUNNABLE,
    };
    loop_timer_init(&t->timer, on_timer);
    list_init(&t->sibling);
    task_switch_init(&t->sw, stack, t, task_main);
    list_push_back(&task_thread.all, &t->all);
    list_push_back(&task_thread.runnable, &t->link);
    task_thread.count++;
    return t;
}

struct task *task_spawn(task_fn fn, void *arg)
{
    return spawn(fn, arg, NULL);
}

struct task *task_self(void)
{
    return task_thread.self;
}

/* Suspends until somebody makes t runnable, at the latest its deadline. */
static int wait_as(struct task *t, enum task_state state)
{
    if (t->cancel_code != 0)
        return t->cancel_code;
    if (t->deadline_us != TASK_NO_DEADLINE) {
        if (t->deadline_us <= clock_now_us())
            return -E_TIMEOUT;
        if (!loop_timer_is_set(&t->timer) || t->timer.at_us > t->deadline_us)
            loop_timer_set(&t->timer, t->deadline_us);
    }
    suspend(t, state);
    return t->cancel_code != 0 ? t->cancel_code : t->code;
}

int task_wait(void)
{
    struct task *t = task_thread.self;
    must(t);
    if (t->has_wake && t->cancel_code == 0) {
        t->has_wake = false;
        return t->next_code;
    }
    return wait_as(t, TASK_WAITING);
}

void task_wake(struct task *t, int code)
{
    if (t->state == TASK_WAITING) {
        make_runnable(t, code);
        return;
    }
    t->has_wake = true;
    t->next_code = code;
}

bool task_is_waiting(const struct task *t)
{
    return t->state == TASK_WAITING;
}

/* Behind all that can run now. */
static int give_way(struct task *t)
{
    list_push_back(&task_thread.runnable, &t->link);
    suspend(t, TASK_RUNNABLE);
    if (t->cancel_code != 0)
        return t->cancel_code;
    return t->deadline_us <= clock_now_us() ? -E_TIMEOUT : 0;
}

int task_breathe(void)
{
    struct task *t = task_thread.self;
    must(t);
    return ++t->breaths < TASK_BREATHS ? 0 : give_way(t);
}

int task_sleep_us(int64_t us)
{
    struct task *t = task_thread.self;
    must(t);
    if (t->cancel_code != 0)
        return t->cancel_code;
    if (us <= 0)
        return give_way(t);
    int64_t until = 0;
    if (__builtin_add_overflow(clock_now_us(), us, &until))
        until = TASK_NO_DEADLINE;
    int64_t before = task_deadline_narrow(until);
    int rc = wait_as(t, TASK_SLEEPING);
    task_deadline_restore(before);
    return rc == -E_TIMEOUT && clock_now_us() >= until ? 0 : rc;
}

void task_cancel(struct task *t, int code)
{
    must(code < 0);
    if (t->cancel_code != 0)
        return;
    t->cancel_code = code;
    if (is_interruptible(t))
        make_runnable(t, code);
}

int task_cancelled(void)
{
    must(task_thread.self);
    return task_thread.self->cancel_code;
}

int task_cancel_clear(void)
{
    int code = task_cancelled();
    task_thread.self->cancel_code = 0;
    return code;
}

int64_t task_deadline(void)
{
    must(task_thread.self);
    return task_thread.self->deadline_us;
}

int64_t task_deadline_narrow(int64_t at_us)
{
    int64_t before = task_deadline();
    task_thread.self->deadline_us = MIN(before, at_us);
    return before;
}

void task_deadline_restore(int64_t before_us)
{
    must(task_thread.self);
    task_thread.self->deadline_us = before_us;
}

/* ---- scopes ---- */

void scope_begin(struct scope *s)
{
    must(task_thread.self);
    *s = (struct scope){.owner = task_thread.self};
    list_init(&s->children);
}

void scope_spawn(struct scope *s, task_fn fn, void *arg)
{
    must(s->owner == task_thread.self);
    struct task *child = spawn(fn, arg, s);
    list_push_back(&s->children, &child->sibling);
    s->running++;
}

int scope_wait(struct scope *s, size_t seen)
{
    struct task *t = s->owner;
    must(t == task_thread.self);
    must(s->running > 0 || s->finished > seen);
    int rc = 0;
    t->awaited = s;
    while (s->finished <= seen && rc == 0)
        rc = task_wait();
    t->awaited = NULL;
    return s->finished > seen ? 0 : rc;
}

void scope_end(struct scope *s, int code)
{
    struct task *t = s->owner;
    must(t == task_thread.self);
    if (code != 0) {
        list_each (item, &s->children)
            task_cancel(container_of(item, struct task, sibling), code);
    }
    t->awaited = s;
    while (s->running > 0)
        suspend(t, TASK_JOINING);
    t->awaited = NULL;
}

size_t task_count(void)
{
    return task_thread.count;
}

/* ---- for loop.c ---- */

void task_thread_begin(void)
{
    must(task_thread.count == 0);
    list_init(&task_thread.runnable);
    list_init(&task_thread.all);
}

void task_thread_end(void)
{
    must(task_thread.count == 0);
    task_stacks_trim();
}

bool task_has_runnable(void)
{
    return !list_is_empty(&task_thread.runnable);
}

void task_run_all(void)
{
    must(!task_thread.self);
    for (int round = 0; round < ROUNDS_MAX && task_has_runnable(); round++) {
        /* An element of its own marks the end of the round: who becomes runnable in it comes
         * behind. */
        struct list *end = &task_thread.round_end;
        list_push_back(&task_thread.runnable, end);
        while (task_thread.runnable.next != end)
            run(container_of(list_pop_front(&task_thread.runnable), struct task, link));
        list_remove(end);
    }
}
