/* Views on bytes: comparison, search, cutting, numbers, hash, edit distance.
 *
 * An empty str may have a NULL pointer, and the C library's memory functions do not promise to
 * accept NULL even for no bytes; so every function looks at the length before it touches the
 * pointer. Letter case is folded for ASCII only and without the locale: what is compared so are
 * protocol words.
 *
 * The hash is SipHash-1-3 (https://www.aumasson.jp/siphash/siphash.pdf) with one compression round
 * a word and three at the end, as Rust's and Ruby's tables use it. Names from outside are keys of
 * our tables, and the faster multiply-and-fold hashes have inputs that collide under every seed. */
#include "base/str.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <string.h>

#define DISTANCE_MAX 64 /* longest differing part that str_distance looks at */

str str_from_cz(const char *cz)
{
    return cz ? str_of(cz, strlen(cz)) : S_EMPTY;
}

static char lower(char c)
{
    if (c < 'A' || c > 'Z')
        return c;
    return (char)(c | 0x20);
}

bool str_same(const char *a, const char *b, size_t n)
{
    return memcmp(a, b, n) == 0;
}

bool str_same_nocase(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (lower(a[i]) != lower(b[i]))
            return false;
    return true;
}

int str_cmp(str a, str b)
{
    size_t n = MIN(a.n, b.n);
    int order = n > 0 ? memcmp(a.p, b.p, n) : 0;
    if (order != 0)
        return order;
    return (a.n > b.n) - (a.n < b.n);
}

bool str_has_prefix(str s, str prefix)
{
    return s.n >= prefix.n && str_eq(str_of(s.p, prefix.n), prefix);
}

bool str_has_prefix_nocase(str s, str prefix)
{
    return s.n >= prefix.n && str_eq_nocase(str_of(s.p, prefix.n), prefix);
}

bool str_has_suffix(str s, str suffix)
{
    return s.n >= suffix.n && str_eq(str_skip(s, s.n - suffix.n), suffix);
}

str str_slice(str s, size_t from, size_t to)
{
    to = MIN(to, s.n);
    from = MIN(from, to);
    return from == 0 ? str_of(s.p, to) : str_of(s.p + from, to - from);
}

str str_skip(str s, size_t n)
{
    return str_slice(s, n, s.n);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

str str_trim(str s)
{
    size_t from = 0;
    while (from < s.n && is_blank(s.p[from]))
        from++;
    size_t to = s.n;
    while (to > from && is_blank(s.p[to - 1]))
        to--;
    return str_slice(s, from, to);
}

static size_t find_any(str s, str needle)
{
    if (s.n < needle.n)
        return STR_NONE;
    const char *at = memmem(s.p, s.n, needle.p, needle.n);
    return at ? (size_t)(at - s.p) : STR_NONE;
}

#ifdef __SSE2__
/* Which of the 16 places at p may begin the needle: its first byte stands there, and its last one
 * where it would. */
static inline __m128i likely(const char *p, str needle)
{
    const __m128i first = _mm_set1_epi8(needle.p[0]);
    const __m128i last = _mm_set1_epi8(needle.p[needle.n - 1]);
    __m128i a = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(p + needle.n - 1));
    return _mm_and_si128(_mm_cmpeq_epi8(a, first), _mm_cmpeq_epi8(b, last));
}

static inline unsigned likely_16(const char *p, str needle)
{
    return (unsigned)_mm_movemask_epi8(likely(p, needle));
}

/* From `at` on over steps of 16 places that are all unlikely. In text nearly all are, so the search
 * runs at the speed of two loads. */
static size_t skip_unlikely(str s, size_t at, str needle)
{
    size_t end = s.n < needle.n + 15 ? 0 : s.n - needle.n - 14; /* of the places with 16 behind */
    for (; at + 16 < end; at += 32) {
        __m128i either = _mm_or_si128(likely(s.p + at, needle), likely(s.p + at + 16, needle));
        if (_mm_movemask_epi8(either) != 0)
            break;
    }
    while (at < end && likely_16(s.p + at, needle) == 0)
        at += 16;
    return at;
}

/* The needle has at least two bytes. */
static size_t find_wide(str s, str needle)
{
    size_t at = skip_unlikely(s, 0, needle);
    for (; at + needle.n + 15 <= s.n; at = skip_unlikely(s, at + 16, needle)) {
        for (unsigned hits = likely_16(s.p + at, needle); hits != 0; hits &= hits - 1) {
            size_t here = at + (size_t)__builtin_ctz(hits);
            if (memcmp(s.p + here, needle.p, needle.n) == 0)
                return here;
        }
    }
    size_t found = find_any(str_skip(s, at), needle);
    return found == STR_NONE ? STR_NONE : at + found;
}
#else
static size_t find_wide(str s, str needle)
{
    return find_any(s, needle);
}
#endif

size_t str_find(str s, str needle)
{
    if (needle.n == 0)
        return 0;
    return needle.n == 1 ? find_any(s, needle) : find_wide(s, needle);
}

size_t str_find_char(str s, char c)
{
    const char *at = s.n > 0 ? memchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : STR_NONE;
}

size_t str_rfind_char(str s, char c)
{
    const char *at = s.n > 0 ? memrchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : STR_NONE;
}

bool str_cut(str s, char sep, str *head, str *tail)
{
    size_t at = str_find_char(s, sep);
    if (at == STR_NONE) {
        *head = s;
        *tail = S_EMPTY;
        return false;
    }
    *head = str_slice(s, 0, at);
    *tail = str_skip(s, at + 1);
    return true;
}

bool str_to_u64(str s, uint64_t *out)
{
    if (s.n == 0)
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (unsigned)(s.p[i] - '0'), &value))
            return false;
    }
    *out = value;
    return true;
}

int str_hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool str_to_i64(str s, int64_t *out)
{
    bool negative = s.n > 0 && s.p[0] == '-';
    uint64_t size;
    if (!str_to_u64(str_skip(s, negative ? 1 : 0), &size))
        return false;
    if (size > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return false;
    /* Two's complement negation in unsigned arithmetic: INT64_MIN has no positive twin. */
    *out = (int64_t)(negative ? -size : size);
    return true;
}

struct sip {
    uint64_t a, b, c, d;
};

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static inline void sip_round(struct sip *v)
{
    v->a += v->b;
    v->b = rotate(v->b, 13) ^ v->a;
    v->a = rotate(v->a, 32);
    v->c += v->d;
    v->d = rotate(v->d, 16) ^ v->c;
    v->a += v->d;
    v->d = rotate(v->d, 21) ^ v->a;
    v->c += v->b;
    v->b = rotate(v->b, 17) ^ v->c;
    v->c = rotate(v->c, 32);
}

static inline void sip_word(struct sip *v, uint64_t word)
{
    v->d ^= word;
    sip_round(v);
    v->a ^= word;
}

uint64_t str_hash(str s, uint64_t seed)
{
    struct sip v = {
        .a = seed ^ 0x736f6d6570736575u,
        .b = seed ^ 0x646f72616e646f6du,
        .c = seed ^ 0x6c7967656e657261u,
        .d = seed ^ 0x7465646279746573u,
    };
    size_t at = 0;
    for (; s.n - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, s.p + at, 8);
        sip_word(&v, word);
    }
    uint64_t last = (uint64_t)s.n << 56;
    for (unsigned shift = 0; at < s.n; at++, shift += 8)
        last |= (uint64_t)(unsigned char)s.p[at] << shift;
    sip_word(&v, last);
    v.c ^= 0xff;
    sip_round(&v);
    sip_round(&v);
    sip_round(&v);
    return v.a ^ v.b ^ v.c ^ v.d;
}

/* Takes away what both begin and end with: it has no part in the distance. */
static void strip_common(str *a, str *b)
{
    size_t n = 0;
    while (n < a->n && n < b->n && a->p[n] == b->p[n])
        n++;
    *a = str_skip(*a, n);
    *b = str_skip(*b, n);
    n = 0;
    while (n < a->n && n < b->n && a->p[a->n - 1 - n] == b->p[b->n - 1 - n])
        n++;
    *a = str_slice(*a, 0, a->n - n);
    *b = str_slice(*b, 0, b->n - n);
}

static bool is_swap(str a, str b, size_t i, size_t j)
{
    return i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1];
}

unsigned str_distance(str a, str b, unsigned limit)
{
    strip_common(&a, &b);
    size_t longer = MAX(a.n, b.n);
    if (longer - MIN(a.n, b.n) > limit || longer > DISTANCE_MAX)
        return limit + 1;

    /* Optimal string alignment, three rows of the matrix at a time. */
    unsigned rows[3][DISTANCE_MAX + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b.n; j++)
        above[j] = before[j] = (unsigned)j;
    for (size_t i = 1; i <= a.n; i++) {
        row[0] = (unsigned)i;
        unsigned least = row[0];
        for (size_t j = 1; j <= b.n; j++) {
            unsigned change = above[j - 1] + (a.p[i - 1] != b.p[j - 1]);
            unsigned gap = MIN(above[j], row[j - 1]) + 1;
            row[j] = MIN(change, gap);
            if (is_swap(a, b, i, j))
                row[j] = MIN(row[j], before[j - 2] + 1);
            least = MIN(least, row[j]);
        }
        if (least > limit)
            return limit + 1;
        unsigned *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return MIN(above[b.n], limit + 1);
}
