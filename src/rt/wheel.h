/* The timer wheel of a loop: timers by millisecond, set, moved and cleared in constant time.
 *
 * A pure data structure; the loop owns one and feeds it the time. One thread. Its timers are those
 * of rt/loop.h and belong to whoever embeds them. */
#pragma once

#include "base/defs.h"
#include "base/list.h"
#include "rt/loop.h"

#define WHEEL_BITS   6
#define WHEEL_SLOTS  (1u << WHEEL_BITS)
#define WHEEL_LEVELS 9u /* 54 bits of milliseconds: all that an int64_t of microseconds can say */

struct wheel {
    uint64_t tick;                 /* every tick up to this one has been expired */
    uint64_t filled[WHEEL_LEVELS]; /* bit s: slot s holds a timer */
    struct list slots[WHEEL_LEVELS][WHEEL_SLOTS];
    struct list expired; /* taken from their slots, not yet fired */
};

void wheel_init(struct wheel *w, int64_t now_us);
void wheel_set(struct wheel *w, struct loop_timer *t, int64_t at_us); /* t is not in the wheel */
void wheel_clear(struct wheel *w, struct loop_timer *t);              /* t is in the wheel */

/* Fires every timer whose time has come by now_us, earliest millisecond first. A fired function may
 * set and clear any timer, its own too. */
void wheel_expire(struct wheel *w, int64_t now_us);

/* A time by which wheel_expire should be called next: never later than the earliest timer, maybe
 * earlier (when far timers have to move to a finer level). INT64_MAX: the wheel is empty. */
int64_t wheel_next_us(const struct wheel *w);
