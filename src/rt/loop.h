/* One event loop per thread: epoll, timers, a run queue of tasks, a mailbox.
 *
 * A turn: wait for events -> refresh the clock -> dispatch watches -> expire timers -> take mail ->
 * run all runnable tasks. Descriptors are registered once, edge-triggered for
 * reading, writing and hang-up; no system call per wait. Everything here belongs to the calling
 * thread except loop_post and loop_stop. */
#pragma once

#include "base/defs.h"
#include "base/list.h"

struct loop;

/* The calling thread's loop is thread-local: open, run, close on the same thread. */
OWNED struct loop *loop_open(void);
void loop_close(struct loop *l);                /* all watches removed, no task left */
struct loop *loop_self(void);                   /* NULL on a thread without loop */
void loop_run(struct loop *l);                  /* until loop_stop */
void loop_turn(struct loop *l, int timeout_ms); /* one turn, for tests; -1: as long as needed */
void loop_stop(struct loop *l);                 /* any thread */

/* A descriptor in the loop. fn is called with EPOLLIN/OUT/RDHUP/HUP/ERR bits. The owner embeds this
 * struct. */
struct loop_watch {
    int fd;
    void (*fn)(struct loop_watch *w, uint32_t events);
};
NODISCARD int loop_watch_add(struct loop_watch *w,
                             uint32_t events); /* events as of epoll(7), EPOLLET included */
NODISCARD int loop_watch_change(struct loop_watch *w, uint32_t events);
/* After it, no event for w is delivered, not even one already fetched in this turn. Does not close
 * the fd. */
void loop_watch_remove(struct loop_watch *w);

/* Timers: a hierarchical wheel with 1 ms ticks; set and clear are O(1) and make no system call. A
 * timer fires once, not before at_us (clock_now_us). Setting a set timer moves it. */
struct loop_timer {
    struct list link;
    int64_t at_us;
    void (*fn)(struct loop_timer *t);
};
void loop_timer_init(struct loop_timer *t, void (*fn)(struct loop_timer *t));
void loop_timer_set(struct loop_timer *t, int64_t at_us);
void loop_timer_clear(struct loop_timer *t); /* safe when not set */
bool loop_timer_is_set(const struct loop_timer *t);

/* Mail from any thread: fn(arg) runs on the loop's thread in one of its next turns, in order of
 * posting per sender. The struct is the sender's and free again when fn has begun. */
struct loop_mail {
    struct loop_mail *next;
    void (*fn)(void *arg);
    void *arg;
};
void loop_post(struct loop *l, struct loop_mail *mail);

/* A buffer every task of this thread may use until its next wait: for reads whose bytes are passed
 * on at once. */
#define LOOP_SCRATCH_BYTES (256u << 10)
char *loop_scratch(void);
