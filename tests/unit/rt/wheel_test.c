#include "rt/wheel.c"

#include <inttypes.h>

#include "tap.h"

/* loop_timer_init belongs to the loop; the wheel needs no more of it than this. */
static void timer_init(struct loop_timer *t, void (*fn)(struct loop_timer *t))
{
    *t = (struct loop_timer){.fn = fn};
    list_init(&t->link);
}

static bool is_set(const struct loop_timer *t)
{
    return !list_is_empty(&t->link);
}

static struct wheel wheel;
static int64_t now_us;

/* xorshift: the same numbers every time. */
static unsigned pick(unsigned below)
{
    static uint64_t x = 88172645463325252;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (unsigned)(x >> 32) % below;
}

static void expire(int64_t at_us)
{
    now_us = at_us;
    wheel_expire(&wheel, at_us);
}

/* ---- one timer ---- */

static int fired;

static void count(struct loop_timer *t)
{
    (void)t;
    fired++;
}

static void test_one(int64_t delay_us)
{
    char what[64];
    (void)snprintf(what, sizeof what, "after %" PRId64 " us: fires once, and not early", delay_us);
    const int64_t start = 123456789;
    wheel_init(&wheel, start);
    struct loop_timer t;
    timer_init(&t, count);
    fired = 0;
    wheel_set(&wheel, &t, start + delay_us);
    bool is_early = false;
    for (int hops = 0; is_set(&t) && hops < 2 * (int)WHEEL_LEVELS; hops++) {
        int64_t next = wheel_next_us(&wheel);
        expire(next - 1);
        is_early = is_early || fired > 0;
        expire(next);
        is_early = is_early || (fired > 0 && next < start + delay_us);
    }
    ok(!is_early && fired == 1 && now_us < start + MAX(delay_us, 0) + 2 * US_PER_TICK, what);
    is_int(wheel_next_us(&wheel), INT64_MAX, "and leaves the wheel empty");
}

static void test_distances(void)
{
    static const int64_t ms[] = {0,    1,    62,   63,     64,     65,      127,
                                 4095, 4096, 4097, 262143, 262144, 16777216};
    for (size_t i = 0; i < ARRAY_LEN(ms); i++)
        test_one(ms[i] * 1000);
    test_one(-5000);
    test_one(1);
    test_one(999);
    test_one(INT64_C(365) * 86400 * 1000000);
    test_one(INT64_C(250000) * 365 * 86400 * 1000000);
}

static void test_end_of_time(void)
{
    wheel_init(&wheel, 0);
    struct loop_timer t;
    timer_init(&t, count);
    fired = 0;
    wheel_set(&wheel, &t, INT64_MAX);
    expire(INT64_MAX - 1000000);
    is_int(fired, 0, "a timer at the end of time waits for it");
    wheel_clear(&wheel, &t);
    ok(!is_set(&t), "and can be cleared");
    is_int(wheel_next_us(&wheel), INT64_MAX, "which empties the wheel");
}

/* ---- many timers, against a model ---- */

#define MANY 512

static struct many {
    struct loop_timer timer;
    int64_t want_us; /* -1: not set */
    int64_t tick;    /* in which it is to fire: never in the one it was set in */
} many[MANY];
static int64_t last_tick;
static size_t n_wrong, n_fired;

static void on_many(struct loop_timer *t)
{
    struct many *m = container_of(t, struct many, timer);
    if (m->want_us < 0 || m->want_us > now_us || m->tick < last_tick)
        n_wrong++;
    last_tick = m->tick;
    m->want_us = -1;
    n_fired++;
    /* Some set another one, some clear another one, maybe one that is due in the same tick. */
    struct many *other = &many[pick(MANY)];
    if (pick(4) == 0 && other->want_us >= 0) {
        wheel_clear(&wheel, &other->timer);
        other->want_us = -1;
    }
}

static int64_t random_delay(void)
{
    return ((int64_t)pick(1u << 31) << pick(14)) >> pick(31);
}

static void random_step(struct many *m)
{
    if (m->want_us >= 0)
        wheel_clear(&wheel, &m->timer);
    m->want_us = -1;
    if (pick(4) == 0)
        return;
    m->want_us = now_us + random_delay();
    m->tick = MAX((m->want_us + 999) / 1000, now_us / 1000 + 1);
    wheel_set(&wheel, &m->timer, m->want_us);
}

static size_t overdue(void)
{
    size_t n = 0;
    for (size_t i = 0; i < MANY; i++)
        n += many[i].want_us >= 0 && many[i].tick <= now_us / 1000;
    return n;
}

static bool next_is_sound(void)
{
    int64_t earliest_us = INT64_MAX;
    for (size_t i = 0; i < MANY; i++) {
        if (many[i].want_us >= 0)
            earliest_us = MIN(earliest_us, many[i].want_us);
    }
    int64_t next = wheel_next_us(&wheel);
    if (earliest_us == INT64_MAX)
        return next == INT64_MAX;
    return next > now_us / 1000 * 1000 && next < MAX(earliest_us, now_us) + 2000;
}

static void test_model(void)
{
    now_us = 987654321;
    wheel_init(&wheel, now_us);
    for (size_t i = 0; i < MANY; i++) {
        timer_init(&many[i].timer, on_many);
        many[i].want_us = -1;
    }
    size_t n_late = 0, n_unsound = 0;
    for (int round = 0; round < 20000; round++) {
        for (int i = 0; i < 4; i++)
            random_step(&many[pick(MANY)]);
        n_unsound += !next_is_sound();
        int64_t to = pick(2) ? now_us + random_delay() : wheel_next_us(&wheel);
        last_tick = 0;
        expire(to == INT64_MAX ? now_us + 1 : to);
        n_late += overdue();
    }
    is_int(n_wrong, 0, "none fires early or in the wrong order");
    is_int(n_late, 0, "none is left behind");
    is_int(n_unsound, 0, "the next time is neither too late nor past");
    ok(n_fired > 1000, "and many did fire");
}

/* ---- timers that touch timers ---- */

static struct loop_timer again, victim;
static int again_left;

static void on_again(struct loop_timer *t)
{
    fired++;
    if (is_set(&victim))
        wheel_clear(&wheel, &victim);
    if (--again_left > 0)
        wheel_set(&wheel, t, now_us); /* due at once, which is the next tick */
}

static void test_reentry(void)
{
    wheel_init(&wheel, 0);
    timer_init(&again, on_again);
    timer_init(&victim, count);
    fired = 0;
    again_left = 3;
    wheel_set(&wheel, &again, 5000);
    wheel_set(&wheel, &victim, 5000);
    expire(5000);
    is_int(fired, 1, "a timer clears another that is due in the same tick");
    ok(is_set(&again), "a timer that sets itself is set");
    expire(6000);
    expire(7000);
    is_int(fired, 3, "and fires in later ticks");
    again_left = 5;
    wheel_set(&wheel, &again, 8000);
    expire(1000000);
    is_int(fired, 5, "a long jump ends, though a timer sets itself to the time jumped to");
    ok(is_set(&again), "and it is left for the next tick");
}

int main(void)
{
    test_distances();
    test_end_of_time();
    test_model();
    test_reentry();
    return tap_done();
}
