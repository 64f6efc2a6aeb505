/* Tasks: stackful coroutines, many per thread, never moving between threads.
 *
 * A task is a function running on a stack of its own. It runs until it waits; waiting is the only
 * way to lose the processor, so between two waits a task sees no change made by others. Only
 * functions marked MAY_YIELD can wait. Every wait ends with a code: 0 or what the waker passed,
 * -E_TIMEOUT when the task's deadline has come, or the code it was cancelled with. Cancellation is
 * sticky: every later wait fails at once with the same code, so a loop unwinds by its ordinary
 * error path. A task's stack is mapped with a guard page below and recycled per thread.
 *
 * Stacks: TASK_STACK_BYTES virtual (more under ASan); only touched pages cost memory, so keep
 * frames small. */
#pragma once

#include "base/defs.h"
#include "base/list.h"

struct task;
typedef void (*task_fn)(void *arg);

#define TASK_NO_DEADLINE INT64_MAX

/* Makes a task that runs fn(arg) later in this loop turn. It frees itself when fn returns. Only
 * long-lived tasks named in docs/architecture.md and connection tasks are made with it; everything
 * else is a child in a scope. BORROWED: valid until fn returns. */
struct task *task_spawn(task_fn fn, void *arg);

struct task *task_self(void); /* NULL outside of tasks */

/* Suspends until task_wake, the deadline or cancellation. Who waits for several things re-tests its
 * condition. */
NODISCARD int task_wait(void) MAY_YIELD;
/* Makes a waiting task runnable; its task_wait returns `code`. Waking a task that runs or is
 * runnable is remembered: its next wait returns at once (with the last code, when there were
 * several). Same thread only. */
void task_wake(struct task *t, int code);
/* True while t is suspended and nothing has made it runnable yet. Who keeps a task's address to
 * wake it when something may have changed asks this first, so that two changes are not one wake too
 * many. */
bool task_is_waiting(const struct task *t);
/* 0, or the cancel code; -E_TIMEOUT only if the deadline came before the sleep was over. */
NODISCARD int task_sleep_us(int64_t us) MAY_YIELD;
/* For loops whose every step may succeed without waiting: once in TASK_BREATHS calls without a wait
 * the others get their turn. 0; or what a wait would end with, cancel code or -E_TIMEOUT. */
#define TASK_BREATHS 64
NODISCARD int task_breathe(void) MAY_YIELD;

/* Cancels: the task's current and later waits return `code` (negative). The first cancel wins. */
void task_cancel(struct task *t, int code);
int task_cancelled(void); /* of the running task: its cancel code or 0 */
int task_cancel_clear(
    void); /* same, and waits work again: to say goodbye to a peer, nothing else */

/* The running task's deadline (clock_now_us). narrow takes the earlier of both and returns the old
 * one for restore: int64_t before = task_deadline_narrow(clock_now_us() + 3000000); int rc =
 * net_read(...); task_deadline_restore(before);  */
int64_t task_deadline_narrow(int64_t at_us);
void task_deadline_restore(int64_t before_us);
int64_t task_deadline(void);

/* Structured concurrency: children made in a scope are joined before scope_end returns, so they may
 * use what lies on their parent's stack and arena. A child has no deadline of its own to begin
 * with; its parent's ends the parent's wait, and with it the scope. */
struct scope {
    struct task *owner;
    struct list children;
    size_t running;
    size_t finished; /* children that have returned so far */
};

void scope_begin(struct scope *s);
void scope_spawn(struct scope *s, task_fn fn, void *arg);
/* Waits until one more child has returned since `seen` (start with 0, then pass s->finished). 0, or
 * the owner's timeout or cancel code. */
NODISCARD int scope_wait(struct scope *s, size_t seen) MAY_YIELD;
/* Cancels children still running with `code` (0: lets them finish) and waits for all; cannot be
 * cancelled itself. */
void scope_end(struct scope *s, int code) MAY_YIELD;

/* Counters of this thread, for metrics and tests. */
size_t task_count(void);
size_t task_stacks_idle(void);

/* ---- for loop.c ---- */
void task_thread_begin(void);
void task_thread_end(void); /* no task is left */
bool task_has_runnable(void);
/* Runs the tasks that can run, and those they set going, for a bounded number of rounds. */
void task_run_all(void);
