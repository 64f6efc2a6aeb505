/* Time, read once per loop turn.
 *
 * clock_now_us is monotonic and cached per thread: everything of one loop turn sees one time, and
 * tests can turn it. The loop calls clock_refresh after every wait; code that measures a short
 * stretch calls clock_read_us (a real read). The wall clock serves logs, certificate and key expiry
 * only; no timer or limit looks at it. */
#pragma once

#include "base/defs.h"
#include "base/str.h"

int64_t clock_now_us(void);  /* monotonic, cached */
int64_t clock_read_us(void); /* monotonic, read now; does not change the cache */
int64_t clock_wall_us(void); /* since 1970, cached: monotonic + offset taken at the last refresh */
int64_t clock_read_wall_us(void); /* since 1970, read now: for threads without a loop */
void clock_refresh(void);

/* RFC 3339 in UTC with milliseconds, "2026-11-21T07:28:54.123Z", into out[25]; returns out as a str
 * of 24. */
str clock_format(int64_t wall_us, char out[25]);

/* Test clock of this thread: once set, all readings are its own and refresh leaves it alone;
 * advance moves it. */
void clock_test_set(int64_t now_us, int64_t wall_us);
void clock_test_advance(int64_t us);
