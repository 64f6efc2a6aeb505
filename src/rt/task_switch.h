/* Stacks and the switch between them: what rt/task.c is built on, and nobody else uses.
 *
 * A thread runs on its own stack, called the loop's here, switches from it to a task's and back;
 * from one task's stack to another's there is no way but through the loop's. Everything belongs to
 * the calling thread. The sanitizers and valgrind are told of every stack and every switch, so
 * nothing above has to know of them. */
#pragma once

#include "base/asan.h"
#include "base/defs.h"

#if defined(__SANITIZE_THREAD__)
#define TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TSAN 1
#endif
#endif
#ifndef TSAN
#define TSAN 0
#endif

#if ASAN || TSAN
#define TASK_STACK_BYTES ((size_t)1 << 20)
#else
#define TASK_STACK_BYTES ((size_t)128 << 10)
#endif

/* TASK_STACK_BYTES of address space; the lowest page is a guard. */
struct task_stack {
    char *top; /* its highest address: stacks grow downwards */
    unsigned valgrind_id;
};

OWNED struct task_stack task_stack_acquire(void);
void task_stack_release(struct task_stack stack);
void task_stacks_trim(void); /* gives back to the system what this thread keeps for reuse */

/* A suspended flow of control. */
struct task_switch {
    void *context;     /* where it goes on; valid while suspended */
    const void *frame; /* the frame that suspended it, for tools/gdb_tasks.gdb */
    void (*entry)(struct task_switch *s);
    char *stack_top;
    void *fiber;      /* TSan's name for this stack */
    void *fake_stack; /* ASan's memory for it */
};

/* Prepares s to call entry(s) on `stack` below `sp`, an address near its top; entry must end with
 * task_switch_end. */
void task_switch_init(struct task_switch *s, struct task_stack stack, void *sp,
                      void (*entry)(struct task_switch *s));
/* On the loop's stack: runs s until it calls one of the next two. */
void task_switch_in(struct task_switch *s);
/* On s's own stack: suspends it. */
void task_switch_out(struct task_switch *s);
/* On s's own stack: leaves it for good. */
_Noreturn void task_switch_end(struct task_switch *s);
/* On the loop's stack, after task_switch_end. The stack is still the caller's to release. */
void task_switch_fini(struct task_switch *s);
