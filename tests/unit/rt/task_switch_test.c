#include "rt/task_switch.c"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tap.h"

/* ---- switching ---- */

struct flow {
    struct task_switch sw;
    struct task_stack stack;
    int steps;
    double sum;
    const char *frame;
};

static void count_up(struct task_switch *sw)
{
    struct flow *f = container_of(sw, struct flow, sw);
    f->frame = __builtin_frame_address(0);
    double sum = 0;
    for (int i = 1; i <= 10; i++) {
        f->steps = i;
        sum += i * 0.5;
        task_switch_out(sw);
    }
    f->sum = sum;
    task_switch_end(sw);
}

static void flow_begin(struct flow *f)
{
    *f = (struct flow){.stack = task_stack_acquire()};
    task_switch_init(&f->sw, f->stack, f->stack.top - 64, count_up);
}

static void flow_end(struct flow *f)
{
    task_switch_fini(&f->sw);
    task_stack_release(f->stack);
}

static void test_switch(void)
{
    struct flow a, b;
    flow_begin(&a);
    flow_begin(&b);
    is_int(a.steps, 0, "a flow does not begin by itself");
    bool is_in_step = true;
    for (int i = 1; i <= 10; i++) {
        task_switch_in(&a.sw);
        task_switch_in(&b.sw);
        is_in_step = is_in_step && a.steps == i && b.steps == i;
    }
    ok(is_in_step, "two flows go on where they were");
    ok(a.frame < a.stack.top && a.frame > a.stack.top - TASK_STACK_BYTES, "on their own stacks");
    ok((uintptr_t)a.frame % 16 == 0 && (uintptr_t)b.frame % 16 == 0, "aligned as the ABI asks");
    const char *suspended = a.sw.frame;
    ok(suspended <= a.frame && suspended > a.frame - 512, "what suspends them is known, and small");
    task_switch_in(&b.sw);
    task_switch_in(&a.sw);
    ok(a.sum > 27.4 && a.sum < 27.6 && !a.sw.frame, "and end with what they had computed");
    flow_end(&a);
    flow_end(&b);
}

/* ---- stacks ---- */

static size_t resident_pages(struct task_stack stack)
{
    static unsigned char pages[TASK_STACK_BYTES / 4096];
    size_t n = 0;
    must(mincore(stack.top - TASK_STACK_BYTES + guard_bytes(), TASK_STACK_BYTES - guard_bytes(),
                 pages) == 0);
    for (size_t i = 0; i < (TASK_STACK_BYTES - guard_bytes()) / guard_bytes(); i++)
        n += pages[i] & 1;
    return n;
}

static void test_reuse(void)
{
    task_stacks_trim();
    struct task_stack first = task_stack_acquire();
    task_stack_release(first);
    struct task_stack again = task_stack_acquire();
    ok(first.top == again.top, "the stack released last is the next one used");
    memset(again.top - 10000, 1, 10000);
    is_int(resident_pages(again), 3, "it costs the pages that were touched");
    task_stack_release(again);
    is_int(resident_pages(again), 3, "and keeps them");
    is_int(task_stacks_idle(), 1, "waiting for the next");
    task_stacks_trim();
    is_int(task_stacks_idle(), 0, "unless they are trimmed");
}

#define MANY (STACKS_WARM + STACKS_COLD + 5)

static void test_tiers(void)
{
    static struct task_stack stacks[MANY];
    size_t many = getenv("POOL_DISABLE") ? STACKS_WARM + 5 : MANY; /* valgrind is slow with many */
    for (size_t i = 0; i < many; i++) {
        stacks[i] = task_stack_acquire();
        memset(stacks[i].top - 100, 1, 100);
    }
    for (size_t i = 0; i < many; i++)
        task_stack_release(stacks[i]);
    is_int(task_stacks_idle(), MIN(many, STACKS_WARM + STACKS_COLD), "so many are kept, no more");
    is_int(resident_pages(stacks[0]), 1, "the warm ones with their memory");
    is_int(resident_pages(stacks[STACKS_WARM]), 0, "the others without");
    struct task_stack s = task_stack_acquire();
    ok(s.top == stacks[STACKS_WARM - 1].top, "the warm ones are used first");
    for (size_t i = 1; i < STACKS_WARM; i++)
        stacks[i] = task_stack_acquire();
    struct task_stack cold = task_stack_acquire();
    is_int(idle.cold_n, many - STACKS_WARM - 1 - (many == MANY ? 5 : 0), "then the others");
    memset(cold.top - 10000, 1, 10000);
    is_int(resident_pages(cold), 3, "which get memory again");
    for (size_t i = 1; i < STACKS_WARM; i++)
        task_stack_release(stacks[i]);
    task_stack_release(s);
    task_stack_release(cold);
    task_stacks_trim();
    is_int(task_stacks_idle(), 0, "all are given back");
}

static void test_guard(void)
{
    struct task_stack s = task_stack_acquire();
    char *lowest = s.top - TASK_STACK_BYTES + guard_bytes();
    *lowest = 1;
    ok(*lowest == 1, "a stack can be used down to its guard");
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        (void)dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
        *(volatile char *)(lowest - 1) = 1;
        _exit(0);
    }
    int status = 0;
    must(waitpid(child, &status, 0) == child);
    ok(!WIFEXITED(status) || WEXITSTATUS(status) != 0, "and no further");
    task_stack_release(s);
    task_stacks_trim();
}

int main(void)
{
    test_switch();
    test_reuse();
    test_tiers();
    test_guard();
    return tap_done();
}
