/* String views: a pointer and a length, by value, not NUL-terminated.
 *
 * A str never owns its bytes; whoever made it says how long they live (most often: as long as an
 * arena). The empty string is S_EMPTY, whose pointer may be NULL. All functions are pure and total:
 * no input makes them fail. */
#pragma once

#include "base/defs.h"

typedef struct {
    const char *p;
    size_t n;
} str;

#define S(lit)     ((str){.p = "" lit, .n = sizeof(lit) - 1}) /* a literal as a str */
#define S_EMPTY    ((str){.p = NULL, .n = 0})
#define STR_NONE   SIZE_MAX /* "not found" of the searching functions */
#define STR_FMT    "%.*s"   /* with STR_ARG(s), in printf-like calls */
#define STR_ARG(s) (int)(s).n, (s).p

static inline str str_of(const char *p, size_t n)
{
    return (str){.p = p, .n = n};
}
str str_from_cz(const char *cz); /* NULL gives S_EMPTY */

bool str_same(const char *a, const char *b, size_t n);        /* n > 0 bytes */
bool str_same_nocase(const char *a, const char *b, size_t n); /* ASCII only */
/* Most comparisons end at the length: that part is inline. */
static inline bool str_eq(str a, str b)
{
    return a.n == b.n && (a.n == 0 || str_same(a.p, b.p, a.n));
}
static inline bool str_eq_nocase(str a, str b)
{
    return a.n == b.n && (a.n == 0 || str_same_nocase(a.p, b.p, a.n));
}
int str_cmp(str a, str b); /* bytewise, shorter first; <0, 0, >0 */
bool str_has_prefix(str s, str prefix);
bool str_has_prefix_nocase(str s, str prefix);
bool str_has_suffix(str s, str suffix);

str str_slice(str s, size_t from, size_t to); /* clamped to s; from >= to gives an empty one */
str str_skip(str s, size_t n);                /* clamped */
str str_trim(str s);                          /* without leading and trailing SP, HTAB, CR, LF */

size_t str_find(str s, str needle); /* offset or STR_NONE; an empty needle is at 0 */
size_t str_find_char(str s, char c);
size_t str_rfind_char(str s, char c);

/* Cuts s at the first `sep`: *head before it, *tail behind it. Without `sep`: head = s, tail empty,
 * returns false. head and tail may point to s itself. */
bool str_cut(str s, char sep, str *head, str *tail);

bool str_to_u64(str s, uint64_t *out);   /* 1*DIGIT and nothing else, no overflow */
bool str_to_i64(str s, int64_t *out);    /* optional '-', then as above */
int str_hex_value(char c);               /* of a hexadecimal digit in either case, or -1 */
uint64_t str_hash(str s, uint64_t seed); /* not for secrets; seed per process against flooding */

/* Edit distance with transpositions, for "did you mean"; gives up at `limit`, or when more than 64
 * bytes differ between the common beginning and end, and returns limit + 1. */
unsigned str_distance(str a, str b, unsigned limit);
