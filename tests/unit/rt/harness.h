/* What tests of tasks and sockets share: a loop on this thread, and ways to let it go round. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "rt/loop.h"
#include "rt/task.h"

#define HARNESS_LIMIT_US INT64_C(20000000) /* real time until a test counts as hung */

static struct loop *harness_loop;

/* Real time, also for a test that has turned the clock. */
static inline int64_t harness_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static inline void harness_open(void)
{
    harness_loop = loop_open();
}

static inline void harness_close(void)
{
    loop_close(harness_loop);
}

/* Turns the loop until *is_done, or until no task is left when is_done is NULL. */
static inline void harness_until(const bool *is_done)
{
    int64_t end = harness_now_us() + HARNESS_LIMIT_US;
    while (is_done ? !*is_done : task_count() > 0) {
        if (harness_now_us() > end) {
            printf("Bail out! the loop does not come to an end\n");
            exit(1);
        }
        loop_turn(harness_loop, 10);
    }
}

/* Turns the loop for so long, real time. */
static inline void harness_turn_ms(int ms)
{
    int64_t end = harness_now_us() + ms * INT64_C(1000);
    while (harness_now_us() < end)
        loop_turn(harness_loop, 1);
}

/* Runs fn as a task, and all that it starts, to the end. */
static inline void harness_run(task_fn fn, void *arg)
{
    (void)task_spawn(fn, arg);
    harness_until(NULL);
}
