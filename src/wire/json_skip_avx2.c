/* The AVX2 skipper: 64 bytes of a string at a time.
 *
 * Prose has an escape every 40 bytes or so, and leaving the vector loop for each would cost more
 * than the loop. So one bit mask is made per property of a block's bytes (quote, backslash,
 * control, valid behind a backslash) and escapes are judged by arithmetic on masks, with no branch
 * that depends on where they lie. Blocks with non-ASCII bytes are validated by table look-up
 * (Keiser and Lemire, "Validating UTF-8 in less than one instruction per byte", 2020).
 *
 * Masks speak of the whole block, also of bytes behind the closing quote, where they mean nothing:
 * only the lowest bit of "quote or bad" counts. The last 67 bytes of a text are left to the caller,
 * so that nothing is read behind it. */
#include "wire/json_skip_avx2.h"

#include "wire/json_string.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,bmi")))

/* A block of 64 bytes and the masks of it; bit i speaks of byte i. */
struct block {
    __m256i lo, hi;
};

AVX2 static inline uint64_t mask(__m256i lo, __m256i hi)
{
    uint32_t low = (uint32_t)_mm256_movemask_epi8(lo);
    uint32_t high = (uint32_t)_mm256_movemask_epi8(hi);
    return (uint64_t)high << 32 | low;
}

AVX2 static inline struct block load(const char *p)
{
    return (struct block){.lo = _mm256_loadu_si256((const __m256i_u *)p),
                          .hi = _mm256_loadu_si256((const __m256i_u *)(p + 32))};
}

AVX2 static inline uint64_t equals(struct block b, char c)
{
    __m256i want = _mm256_set1_epi8(c);
    return mask(_mm256_cmpeq_epi8(b.lo, want), _mm256_cmpeq_epi8(b.hi, want));
}

AVX2 static inline uint64_t controls(struct block b)
{
    __m256i last = _mm256_set1_epi8(0x1f);
    return mask(_mm256_cmpeq_epi8(_mm256_min_epu8(b.lo, last), b.lo),
                _mm256_cmpeq_epi8(_mm256_min_epu8(b.hi, last), b.hi));
}

/* A look-up table for nibbles, in both halves of a register as the shuffle wants it. */
AVX2 static inline __m256i table(const uint8_t entries[16])
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i_u *)entries));
}

AVX2 static inline __m256i by_high_nibble(const uint8_t entries[16], __m256i v)
{
    __m256i nibbles = _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(0x0f));
    return _mm256_shuffle_epi8(table(entries), nibbles);
}

AVX2 static inline __m256i by_low_nibble(const uint8_t entries[16], __m256i v)
{
    return _mm256_shuffle_epi8(table(entries), _mm256_and_si256(v, _mm256_set1_epi8(0x0f)));
}

/* The bytes " \ / b f n r t share a bit between the entries for their two nibbles; 'u' does not.
 * Bits: 1 for 2x, 2 for 5x, 4 for 6x, 8 for 7x. */
static const uint8_t escape_high[16] = {[2] = 1, [5] = 2, [6] = 4, [7] = 8};
static const uint8_t escape_low[16] = {
    [0x2] = 1 | 4 | 8, /* " b r */
    [0x4] = 8,         /* t */
    [0x6] = 4,         /* f */
    [0xc] = 2,         /* backslash */
    [0xe] = 4,         /* n */
    [0xf] = 1,         /* slash */
};

AVX2 static inline __m256i not_escape(__m256i v)
{
    __m256i both = _mm256_and_si256(by_high_nibble(escape_high, v), by_low_nibble(escape_low, v));
    return _mm256_cmpeq_epi8(both, _mm256_setzero_si256());
}

/* The backslashes that begin an escape: every other one of a run. */
static inline uint64_t escape_starts(uint64_t backslash)
{
    if (LIKELY((backslash & backslash << 1) == 0))
        return backslash;
    uint64_t starts = 0;
    while (backslash != 0) {
        uint64_t first = backslash & -backslash;
        starts |= first;
        backslash &= ~(first | first << 1);
    }
    return starts;
}

/* The 'u' of `escaped` that are not followed by four digits. Four bytes behind the block exist. */
static inline uint64_t bad_unicode(const char *block, uint64_t u)
{
    uint64_t bad = 0;
    for (; u != 0; u &= u - 1) {
        if (!json_is_hex4(block + __builtin_ctzll(u) + 1))
            bad |= u & -u;
    }
    return bad;
}

/* The bytes of v moved up by n places, filled from the end of the block before it. */
#define SHIFT_IN(v, before, n)                                                                     \
    _mm256_alignr_epi8((v), _mm256_permute2x128_si256((before), (v), 0x21), 16 - (n))

/* What two neighbouring bytes can show to be wrong. Each is a bit that the entries for the first
 * one's nibbles and the second one's high nibble then have in common. */
enum {
    TOO_SHORT = 1 << 0,  /* a lead byte, then no continuation */
    TOO_LONG = 1 << 1,   /* ASCII, then a continuation */
    OVERLONG_3 = 1 << 2, /* e0, then 80..9f */
    TOO_LARGE = 1 << 3,  /* f4, then 90..bf; f5..ff, then 90..bf */
    SURROGATE = 1 << 4,  /* ed, then a0..bf */
    OVERLONG_2 = 1 << 5, /* c0 or c1, then a continuation */
    OVERLONG_4 = 1 << 6, /* f0, then 80..8f; also f5..ff, then 80..8f */
    TWO_CONTS = 1 << 7,  /* two continuations: right only as third or fourth byte */
    /* what the first byte's low nibble says nothing about */
    ANY_LOW = TOO_SHORT | TOO_LONG | TWO_CONTS,
    /* f5..ff */
    NO_LEAD = ANY_LOW | TOO_LARGE | OVERLONG_4,
};
static const uint8_t first_high[16] = {
    [0x0 ... 0x7] = TOO_LONG,
    [0x8 ... 0xb] = TWO_CONTS,
    [0xc] = TOO_SHORT | OVERLONG_2,
    [0xd] = TOO_SHORT,
    [0xe] = TOO_SHORT | OVERLONG_3 | SURROGATE,
    [0xf] = TOO_SHORT | TOO_LARGE | OVERLONG_4,
};
static const uint8_t first_low[16] = {
    [0x0] = ANY_LOW | OVERLONG_2 | OVERLONG_3 | OVERLONG_4,
    [0x1] = ANY_LOW | OVERLONG_2,
    [0x2 ... 0x3] = ANY_LOW,
    [0x4] = ANY_LOW | TOO_LARGE,
    [0x5 ... 0xc] = NO_LEAD,
    [0xd] = NO_LEAD | SURROGATE,
    [0xe ... 0xf] = NO_LEAD,
};
static const uint8_t second_high[16] = {
    [0x0 ... 0x7] = TOO_SHORT,
    [0x8] = TOO_LONG | TWO_CONTS | OVERLONG_2 | OVERLONG_3 | OVERLONG_4,
    [0x9] = TOO_LONG | TWO_CONTS | OVERLONG_2 | OVERLONG_3 | TOO_LARGE,
    [0xa ... 0xb] = TOO_LONG | TWO_CONTS | OVERLONG_2 | SURROGATE | TOO_LARGE,
    [0xc ... 0xf] = TOO_SHORT,
};

/* Non-zero in the bytes where UTF-8 is found broken: at the latest in the first byte that does not
 * belong to the character. */
AVX2 static inline __m256i utf8_errors(__m256i v, __m256i before)
{
    __m256i prev1 = SHIFT_IN(v, before, 1);
    __m256i pairs =
        _mm256_and_si256(by_high_nibble(first_high, prev1), by_low_nibble(first_low, prev1));
    pairs = _mm256_and_si256(pairs, by_high_nibble(second_high, v));
    /* Bit 7 where a third or fourth byte must stand: there and only there two continuations. */
    __m256i third = _mm256_subs_epu8(SHIFT_IN(v, before, 2), _mm256_set1_epi8(0xe0 - 0x80));
    __m256i fourth = _mm256_subs_epu8(SHIFT_IN(v, before, 3), _mm256_set1_epi8(0xf0 - 0x80));
    __m256i wanted = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));
    return _mm256_xor_si256(wanted, pairs);
}

AVX2 static inline uint64_t bad_utf8(struct block b, __m256i before)
{
    __m256i none = _mm256_setzero_si256();
    return ~mask(_mm256_cmpeq_epi8(utf8_errors(b.lo, before), none),
                 _mm256_cmpeq_epi8(utf8_errors(b.hi, b.lo), none));
}

/* The beginning of the character that byte `at` is found to break or to follow wrongly; all before
 * it is valid, so a lead byte is at most four places away. */
static const char *character_start(const char *at, const char *from)
{
    for (int i = 0; i < 4 && at > from && (uint8_t)at[-1] >= 0x80; i++) {
        at--;
        if ((uint8_t)*at >= 0xc0)
            break;
    }
    return at;
}

struct state {
    const char *from;          /* where the skipper was called */
    uint64_t first_is_escaped; /* 1: the block before ended with the backslash of an escape */
    bool before_is_high;       /* the block before ended in a multi-byte character */
    __m256i before;            /* its last 32 bytes */
};

/* The bytes of a block that an escape makes part of it. */
AVX2 static inline uint64_t escaped_bytes(struct state *s, struct block b)
{
    uint64_t escaped = s->first_is_escaped;
    uint64_t starts = escape_starts(equals(b, '\\') & ~escaped);
    s->first_is_escaped = starts >> 63;
    return escaped | starts << 1;
}

AVX2 static inline uint64_t bad_escapes(const char *p, struct block b, uint64_t escaped)
{
    uint64_t odd = escaped & mask(not_escape(b.lo), not_escape(b.hi));
    if (odd == 0)
        return 0;
    uint64_t u = odd & equals(b, 'u');
    return (odd & ~u) | bad_unicode(p, u);
}

/* Where to stop when the first byte that stops us is `at`. */
static const char *stop_at(const char *at, const struct state *s, bool is_escaped)
{
    return is_escaped ? at - 1 : character_start(at, s->from);
}

AVX2 const char *json_skip_avx2(const char *p, const char *end)
{
    struct state s = {.from = p, .before = _mm256_setzero_si256()};
    for (; end - p >= 64 + 4; p += 64) {
        struct block b = load(p);
        uint64_t escaped = escaped_bytes(&s, b);
        uint64_t quote = equals(b, '"') & ~escaped;
        uint64_t bad = controls(b);
        if (escaped != 0)
            bad |= bad_escapes(p, b, escaped);
        uint64_t high = mask(b.lo, b.hi);
        if (high != 0 || s.before_is_high)
            bad |= bad_utf8(b, s.before);
        s.before = b.hi;
        s.before_is_high = high >> 61 != 0;
        if ((quote | bad) == 0)
            continue;
        uint64_t first = (quote | bad) & -(quote | bad);
        const char *at = p + __builtin_ctzll(first);
        return (bad & first) == 0 ? at : stop_at(at, &s, (escaped & first) != 0);
    }
    return stop_at(p, &s, s.first_is_escaped != 0);
}

bool json_has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
}

#else

bool json_has_avx2(void)
{
    return false;
}

const char *json_skip_avx2(const char *p, const char *end)
{
    (void)end;
    return p;
}
#endif
