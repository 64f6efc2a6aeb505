/* The clock of a thread: one reading for a whole turn of its loop.
 *
 * Both system clocks are read together by clock_refresh through the vDSO, without a system call.
 * The wall clock is kept as its distance from the monotonic one, so the two never disagree within a
 * turn. A thread that never refreshed, one without a loop, gets its first reading on demand.
 *
 * Dates are computed here and not by gmtime_r, which takes the C library's time zone lock. The
 * calendar is Howard Hinnant's: https://howardhinnant.github.io/date_algorithms.html. */
#include "base/clock.h"

#include <time.h>

#define US_PER_S       1000000
#define S_PER_DAY      86400
#define LAST_FORMAT_US INT64_C(253402300799999999) /* the end of the year 9999 */

static _Thread_local struct {
    int64_t now_us;
    int64_t wall_offset_us;
    bool read;
    bool is_test;
} turn;

static int64_t system_us(clockid_t id)
{
    struct timespec t;
    int rc = clock_gettime(id, &t);
    must(rc == 0);
    return (int64_t)t.tv_sec * US_PER_S + t.tv_nsec / 1000;
}

void clock_refresh(void)
{
    if (turn.is_test)
        return;
    turn.now_us = system_us(CLOCK_MONOTONIC);
    turn.wall_offset_us = system_us(CLOCK_REALTIME) - turn.now_us;
    turn.read = true;
}

int64_t clock_now_us(void)
{
    if (UNLIKELY(!turn.read))
        clock_refresh();
    return turn.now_us;
}

int64_t clock_read_us(void)
{
    return turn.is_test ? turn.now_us : system_us(CLOCK_MONOTONIC);
}

int64_t clock_wall_us(void)
{
    return clock_now_us() + turn.wall_offset_us;
}

int64_t clock_read_wall_us(void)
{
    return turn.is_test ? clock_wall_us() : system_us(CLOCK_REALTIME);
}

void clock_test_set(int64_t now_us, int64_t wall_us)
{
    turn.now_us = now_us;
    turn.wall_offset_us = wall_us - now_us;
    turn.read = true;
    turn.is_test = true;
}

void clock_test_advance(int64_t us)
{
    must(turn.is_test);
    turn.now_us += us;
}

/* `value` in exactly `width` digits at `out`. */
static void put_digits(char *out, unsigned value, size_t width)
{
    for (size_t i = width; i > 0; i--, value /= 10)
        out[i - 1] = (char)('0' + value % 10);
}

struct date {
    unsigned year, month, day;
};

/* The date of a day counted from 1970-01-01. Years begin on 1 March inside, so that the leap day is
 * the last of a year. */
static struct date date_of(unsigned day)
{
    day += 719468; /* now from 0000-03-01 */
    unsigned era = day / 146097;
    unsigned day_of_era = day % 146097;
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month = (5 * day_of_year + 2) / 153; /* 0: March */
    return (struct date){
        .year = era * 400 + year_of_era + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = day_of_year - (153 * month + 2) / 5 + 1,
    };
}

str clock_format(int64_t wall_us, char out[25])
{
    int64_t us = MAX(0, MIN(wall_us, LAST_FORMAT_US));
    struct date date = date_of((unsigned)(us / US_PER_S / S_PER_DAY));
    unsigned second = (unsigned)(us / US_PER_S % S_PER_DAY);
    put_digits(out, date.year, 4);
    out[4] = '-';
    put_digits(out + 5, date.month, 2);
    out[7] = '-';
    put_digits(out + 8, date.day, 2);
    out[10] = 'T';
    put_digits(out + 11, second / 3600, 2);
    out[13] = ':';
    put_digits(out + 14, second / 60 % 60, 2);
    out[16] = ':';
    put_digits(out + 17, second % 60, 2);
    out[19] = '.';
    put_digits(out + 20, (unsigned)(us / 1000 % 1000), 3);
    out[23] = 'Z';
    out[24] = '\0';
    return str_of(out, 24);
}
