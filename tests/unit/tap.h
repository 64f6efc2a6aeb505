/* A very small TAP producer for unit tests: ok, is_int, is_str, subtest-free on purpose. One test
 * program per source file; it includes the .c, so statics are reachable. End main with `return
 * tap_done();`. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "base/str.h"

static int tap_count, tap_failed;

static inline void tap_result(bool passed, const char *what, const char *file, int line)
{
    tap_count++;
    printf("%s %d - %s\n", passed ? "ok" : "not ok", tap_count, what);
    if (passed)
        return;
    tap_failed++;
    printf("# failed at %s:%d\n", file, line);
}

static inline void tap_int(long long got, long long want, const char *what, const char *file,
                           int line)
{
    tap_result(got == want, what, file, line);
    if (got != want)
        printf("#  got %lld, want %lld\n", got, want);
}

static inline void tap_str(str got, str want, const char *what, const char *file, int line)
{
    bool same = str_eq(got, want);
    tap_result(same, what, file, line);
    if (!same)
        printf("#  got \"%.*s\"\n# want \"%.*s\"\n", (int)got.n, got.n > 0 ? got.p : "",
               (int)want.n, want.n > 0 ? want.p : "");
}

static inline void tap_skip(const char *why)
{
    tap_count++;
    printf("ok %d # SKIP %s\n", tap_count, why);
}

static inline int tap_done(void)
{
    printf("1..%d\n", tap_count);
    return tap_failed > 0;
}

#define ok(cond, what) tap_result((cond), (what), __FILE__, __LINE__)
#define is_int(got, want, what)                                                                    \
    tap_int((long long)(got), (long long)(want), (what), __FILE__, __LINE__)
#define is_str(got, want, what) tap_str((got), (want), (what), __FILE__, __LINE__)
