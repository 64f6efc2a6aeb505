/* The handful of macros that every file may use: invariants, annotations, sizes.
 *
 * Annotations say in a declaration what a reader must otherwise look up. Only NODISCARD and
 * PRINTF_LIKE are checked by the compiler; MAY_YIELD is checked by tools/check_style; the rest
 * speak to people. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NODISCARD               __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#define COLD                    __attribute__((cold, noinline)) /* a slow path, not inlined */
#define LIKELY(x)               __builtin_expect(!!(x), 1)
#define UNLIKELY(x)             __builtin_expect(!!(x), 0)

#define MAY_YIELD /* may suspend the task: callers are MAY_YIELD too, and hold no lock */
#define OWNED     /* the caller owns the result and releases it */
#define BORROWED  /* the result belongs to somebody else, who is named in the comment */

#define ARRAY_LEN(a)                    (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)                       ((a) < (b) ? (a) : (b))
#define MAX(a, b)                       ((a) > (b) ? (a) : (b))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* Spells out that the result of a NODISCARD function does not matter here; say why beside it. */
#define IGNORE_RESULT(expr)                                                                        \
    do {                                                                                           \
        __typeof__(expr) ignored_ = (expr);                                                        \
        (void)ignored_;                                                                            \
    } while (0)

/* An invariant this code relies on. Always compiled; a breach is a bug of ours, so the process
 * aborts. Never use it on anything that came from outside. */
#define must(cond) (LIKELY(cond) ? (void)0 : must_failed(#cond, __FILE__, __LINE__))
_Noreturn void must_failed(const char *cond, const char *file, int line);
/* Memory is out: says so on standard error and aborts. `wanted` is the size that was refused. */
_Noreturn void out_of_memory(size_t wanted);
