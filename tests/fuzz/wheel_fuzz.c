/* The timer wheel, driven by four-byte steps: which timer, set or cleared or none, how far, how far
 * time goes on. No timer fires before its time, none is left a tick behind it. */
#include "rt/wheel.h"

#define TIMERS 16

static struct wheel w;
static int64_t now;

static void on_timer(struct loop_timer *t)
{
    must(t->at_us <= now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct loop_timer t[TIMERS];
    for (size_t i = 0; i < TIMERS; i++)
        loop_timer_init(&t[i], on_timer);
    now = 0;
    wheel_init(&w, now);
    for (; size >= 4; data += 4, size -= 4) {
        struct loop_timer *it = &t[data[0] % TIMERS];
        if (loop_timer_is_set(it))
            wheel_clear(&w, it);
        if (data[0] & 64)
            wheel_set(&w, it, now + ((int64_t)data[1] << data[2] % 44));
        int64_t next = wheel_next_us(&w);
        must(next > now);
        now = data[0] & 128 && next < INT64_MAX ? next : now + ((int64_t)data[3] << data[2] / 8);
        wheel_expire(&w, now);
        for (size_t i = 0; i < TIMERS; i++)
            must(!loop_timer_is_set(&t[i]) || t[i].at_us > now - 1000);
    }
    return 0;
}
