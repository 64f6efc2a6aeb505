/* base/date: both grammars, their edges, and what is refused. */
#include "base/date.c"

#include "tap.h"

#define S_US 1000000

static int64_t rfc3339(const char *text)
{
    int64_t us = -7;
    return date_read(str_from_cz(text), &us) ? us : -7;
}

static int64_t http(const char *text)
{
    int64_t us = -7;
    return date_read_http(str_from_cz(text), &us) ? us : -7;
}

static void test_rfc3339(void)
{
    is_int(rfc3339("1970-01-01"), 0, "the epoch");
    is_int(rfc3339("1970-01-01T00:00:01Z"), S_US, "a second later");
    is_int(rfc3339("2026-11-21T10:53:53Z"), INT64_C(1795258433) * S_US, "a time");
    is_int(rfc3339("2026-11-21t10:53:53.999999z"), INT64_C(1795258433) * S_US, "a fraction");
    is_int(rfc3339("2026-11-21 12:53:53+02:00"), INT64_C(1795258433) * S_US, "east");
    is_int(rfc3339("2026-11-21T05:23:53-05:30"), INT64_C(1795258433) * S_US, "west");
    is_int(rfc3339("2000-02-29"), INT64_C(951782400) * S_US, "a leap day");
    is_int(rfc3339("2016-12-31T23:59:60Z"), INT64_C(1483228800) * S_US, "a leap second");
    is_int(rfc3339("0000-01-01"), INT64_C(-62167219200) * S_US, "the year 0");
    static const char *const bad[] = {
        "",
        "2026",
        "2026-1-1",
        "2026-13-01",
        "2026-02-29",
        "1900-02-29",
        "2026-00-10",
        "2026-01-00",
        "2026-01-32",
        "2026-01-01T",
        "2026-01-01T10:00",
        "2026-01-01T10:00:00",
        "2026-01-01T24:00:00Z",
        "2026-01-01T10:60:00Z",
        "2026-01-01T10:00:61Z",
        "2026-01-01T10:00:00.Z",
        "2026-01-01T10:00:00+2:00",
        "2026-01-01T10:00:00+24:00",
        "2026-01-01T10:00:00Zx",
        " 2026-01-01",
        "2026-01-01x",
        "-026-01-01",
        "20260101T100000Z",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        is_int(rfc3339(bad[i]), -7, bad[i]);
}

static void test_http(void)
{
    is_int(http("Sun, 06 Nov 1994 08:49:37 GMT"), INT64_C(784111777) * S_US, "of the RFC");
    is_int(http("Thu, 01 Jan 1970 00:00:00 GMT"), 0, "the epoch");
    is_int(http("Mon, 06 Nov 1994 08:49:37 GMT"), INT64_C(784111777) * S_US, "a wrong weekday");
    static const char *const bad[] = {
        "",
        "Sun",
        "Sun,",
        "Sun, ",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT",
        "Sux, 06 Nov 1994 08:49:37 GMT",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        is_int(http(bad[i]), -7, bad[i]);
}

int main(void)
{
    test_rfc3339();
    test_http();
    return tap_done();
}
