/* Two grammars of dates, both of fixed width but for the fraction and the zone of RFC 3339.
 *
 * A reader takes pieces off the front and fails at the first that does not fit; what is left at the
 * end must be nothing. The calendar is Howard Hinnant's days_from_civil, for years >= 0:
 * https://howardhinnant.github.io/date_algorithms.html. A leap second counts as the second after
 * it. */
#include "base/date.h"

#define US_PER_S  INT64_C(1000000)
#define S_PER_DAY 86400

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes exactly n digits and the separator after them ('\0': none) off the front of *s. */
static bool take_digits(str *s, size_t n, char separator, int *out)
{
    int v = 0;
    size_t taken = n + (separator != '\0');
    if (s->n < taken)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(s->p[i]))
            return false;
        v = v * 10 + (s->p[i] - '0');
    }
    if (separator != '\0' && s->p[n] != separator)
        return false;
    *s = str_skip(*s, taken);
    *out = v;
    return true;
}

static bool is_day(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (month < 1 || month > 12)
        return false;
    return day >= 1 && day <= days[month - 1] + (month == 2 && is_leap);
}

static int64_t days_since_epoch(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

/* "08:49:37" */
static bool take_time(str *s, int64_t *seconds)
{
    int hour = 0, minute = 0, second = 0;
    if (!take_digits(s, 2, ':', &hour) || !take_digits(s, 2, ':', &minute) ||
        !take_digits(s, 2, '\0', &second))
        return false;
    *seconds = hour * 3600 + minute * 60 + second;
    return hour <= 23 && minute <= 59 && second <= 60;
}

/* The rest of a date: seconds east of Greenwich. */
static bool read_zone(str s, int64_t *seconds)
{
    int hours = 0, minutes = 0;
    if (str_eq_nocase(s, S("z"))) {
        *seconds = 0;
        return true;
    }
    if (s.n == 0 || (s.p[0] != '+' && s.p[0] != '-'))
        return false;
    int64_t sign = s.p[0] == '-' ? -1 : 1;
    s = str_skip(s, 1);
    if (!take_digits(&s, 2, ':', &hours) || !take_digits(&s, 2, '\0', &minutes) || s.n > 0)
        return false;
    *seconds = sign * (hours * 3600 + minutes * 60);
    return hours <= 23 && minutes <= 59;
}

static bool read_time_and_zone(str s, int64_t *seconds)
{
    int64_t zone = 0;
    if (!take_time(&s, seconds))
        return false;
    if (s.n > 0 && s.p[0] == '.') {
        size_t end = 1;
        while (end < s.n && is_digit(s.p[end]))
            end++;
        if (end == 1)
            return false;
        s = str_skip(s, end);
    }
    if (!read_zone(s, &zone))
        return false;
    *seconds -= zone;
    return true;
}

bool date_read(str s, int64_t *wall_us)
{
    int year = 0, month = 0, day = 0;
    int64_t seconds = 0;
    if (!take_digits(&s, 4, '-', &year) || !take_digits(&s, 2, '-', &month) ||
        !take_digits(&s, 2, '\0', &day) || !is_day(year, month, day))
        return false;
    if (s.n > 0) {
        if (s.p[0] != 'T' && s.p[0] != 't' && s.p[0] != ' ')
            return false;
        if (!read_time_and_zone(str_skip(s, 1), &seconds))
            return false;
    }
    *wall_us = (days_since_epoch(year, month, day) * S_PER_DAY + seconds) * US_PER_S;
    return true;
}

/* One of `n` names of three letters, and the separator after it. */
static bool take_name(str *s, const char *names, int n, char separator, int *out)
{
    for (int i = 0; i < n; i++) {
        str name = str_of(names + 3 * (size_t)i, 3);
        if (!str_has_prefix(*s, name) || s->n == 3 || s->p[3] != separator)
            continue;
        *s = str_skip(*s, 4);
        *out = i;
        return true;
    }
    return false;
}

bool date_read_http(str s, int64_t *wall_us)
{
    int weekday = 0, year = 0, month = 0, day = 0;
    int64_t seconds = 0;
    if (!take_name(&s, "SunMonTueWedThuFriSat", 7, ',', &weekday) || s.n == 0 || s.p[0] != ' ')
        return false;
    s = str_skip(s, 1);
    if (!take_digits(&s, 2, ' ', &day) ||
        !take_name(&s, "JanFebMarAprMayJunJulAugSepOctNovDec", 12, ' ', &month) ||
        !take_digits(&s, 4, ' ', &year) || !take_time(&s, &seconds) || !str_eq(s, S(" GMT")))
        return false;
    if (!is_day(year, month + 1, day))
        return false;
    /* The weekday follows from the date; a wrong one is the sender's mistake, not another date. */
    *wall_us = (days_since_epoch(year, month + 1, day) * S_PER_DAY + seconds) * US_PER_S;
    return true;
}
