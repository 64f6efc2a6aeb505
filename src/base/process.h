/* What the kernel says about this process. Read from /proc at every call, any thread; 0 when it
 * cannot be read. */
#pragma once

#include "base/defs.h"

int64_t process_start_s(void); /* seconds since 1970 */
int64_t process_rss_bytes(void);
int64_t process_open_fds(void);
