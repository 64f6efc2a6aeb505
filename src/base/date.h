/* Dates as others write them -> microseconds since 1970. Pure; clock_format writes them. */
#pragma once

#include "base/defs.h"
#include "base/str.h"

/* RFC 3339: a date (midnight UTC), or a date and time with zone. Fractions of a second are passed
 * over. False: anything else. */
bool date_read(str s, int64_t *wall_us);
/* "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate, RFC 9110 5.6.7), the only form that is sent. */
bool date_read_http(str s, int64_t *wall_us);
