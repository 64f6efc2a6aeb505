#include "base/clock.c"

#include <pthread.h>

#include "dies.h"
#include "tap.h"

static void test_real(void)
{
    int64_t before = clock_read_us();
    int64_t now = clock_now_us();
    ok(now >= before && now <= clock_read_us(), "without a refresh the first look is one");
    while (clock_read_us() <= now)
        continue;
    ok(clock_now_us() == now, "the reading stays while time goes on");
    int64_t wall = clock_wall_us();
    clock_refresh();
    ok(clock_now_us() > now, "a refresh moves it");
    ok(clock_wall_us() >= wall, "and the wall clock with it");
    int64_t seconds = clock_wall_us() / 1000000 - (int64_t)time(NULL);
    ok(seconds >= -1 && seconds <= 1, "the wall clock is the system's");
    int64_t behind_us = clock_read_wall_us() - clock_wall_us();
    ok(behind_us >= 0 && behind_us < 60000000, "and may be read anew");
}

static void *real_on_other_thread(void *arg)
{
    bool *is_real = arg;
    *is_real = clock_now_us() >= clock_read_us() - 1000000 && !turn.is_test;
    return NULL;
}

static void test_turned(void)
{
    clock_test_set(5000000, 1795246134123000);
    is_int(clock_now_us(), 5000000, "the test clock is set");
    is_int(clock_read_us(), 5000000, "for a single reading too");
    is_int(clock_wall_us(), 1795246134123000, "and for the wall clock");
    is_int(clock_read_wall_us(), 1795246134123000, "read anew or not");
    clock_refresh();
    is_int(clock_now_us(), 5000000, "a refresh leaves it alone");
    clock_test_advance(1500);
    is_int(clock_now_us(), 5001500, "it advances");
    is_int(clock_wall_us(), 1795246134124500, "and takes the wall clock along");
    clock_test_set(0, 0);
    is_int(clock_now_us(), 0, "zero is a time");
    bool is_real = false;
    pthread_t thread;
    pthread_create(&thread, NULL, real_on_other_thread, &is_real);
    pthread_join(thread, NULL);
    ok(is_real, "another thread keeps the system's");
}

static void test_format(void)
{
    char out[25];
    is_str(clock_format(0, out), S("1970-01-01T00:00:00.000Z"), "the epoch");
    is_int(out[24], 0, "ends with NUL");
    is_str(clock_format(1795246134123999, out), S("2026-11-21T07:28:54.123Z"), "milliseconds cut");
    is_str(clock_format(951782399999999, out), S("2000-02-28T23:59:59.999Z"), "before a leap day");
    is_str(clock_format(951782400000000, out), S("2000-02-29T00:00:00.000Z"), "a leap day of 400");
    is_str(clock_format(4107542399000000, out), S("2100-02-28T23:59:59.000Z"),
           "2100, no leap year");
    is_str(clock_format(4107542400000000, out), S("2100-03-01T00:00:00.000Z"), "the day after");
    is_str(clock_format(LAST_FORMAT_US, out), S("9999-12-31T23:59:59.999Z"), "the last one");
    is_str(clock_format(INT64_MAX, out), S("9999-12-31T23:59:59.999Z"),
           "later ones are held there");
    is_str(clock_format(INT64_MIN, out), S("1970-01-01T00:00:00.000Z"),
           "earlier ones at the first");

    bool same = true;
    for (int64_t day = 0; day < 200000; day++) {
        time_t second = day * S_PER_DAY + day % S_PER_DAY;
        struct tm tm;
        gmtime_r(&second, &tm);
        char want[25];
        strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
        same = same && str_eq(clock_format(second * US_PER_S, out), str_of(want, 24));
    }
    ok(same, "agrees with the C library on 200000 days");
}

static void advance_real_clock(void *arg)
{
    (void)arg;
    clock_test_advance(1);
}

int main(void)
{
    test_real();
    ok(dies(advance_real_clock, NULL), "the system's clock cannot be advanced");
    test_turned();
    test_format();
    return tap_done();
}
