/* The end of a JSON string.
 *
 * Nearly all bytes of a chat request are inside strings, so this file decides what reading one
 * costs. The rules are written once, in step(): it judges one escape or one multi-byte character
 * and alone reports faults. In front of it runs a skipper, which moves over what is certainly fine
 * and stops at the closing quote or wherever it is not certain: a skipper may be slow or fast, it
 * never refuses anything. skip_16 takes 16 bytes at a time with the compiler's vector types (SSE2,
 * NEON or plain words), goes on over valid UTF-8 and stops at escapes; json_skip_avx2 takes 64 and
 * goes on over escapes too. The first call chooses.
 *
 * A skipper returns only places between two characters, at or behind the place it was given. */
#include "wire/json_string.h"

#include <endian.h>
#include <stdatomic.h>
#include <string.h>

#include "base/utf8.h"
#include "wire/json_skip_avx2.h"

typedef const char *(*skip_fn)(const char *p, const char *end);

/* What each byte may be: a hexadecimal digit, the letter of a two-character escape. */
enum { CLASS_HEX = 1, CLASS_ESCAPE = 2 };
static const uint8_t byte_class[256] = {
    ['0' ... '9'] = CLASS_HEX,
    ['A' ... 'F'] = CLASS_HEX,
    ['a'] = CLASS_HEX,
    ['c' ... 'e'] = CLASS_HEX,
    ['b'] = CLASS_HEX | CLASS_ESCAPE,
    ['f'] = CLASS_HEX | CLASS_ESCAPE,
    ['"'] = CLASS_ESCAPE,
    ['\\'] = CLASS_ESCAPE,
    ['/'] = CLASS_ESCAPE,
    ['n'] = CLASS_ESCAPE,
    ['r'] = CLASS_ESCAPE,
    ['t'] = CLASS_ESCAPE,
};

static inline bool is_class(const char *p, uint8_t class)
{
    return (byte_class[(uint8_t)*p] & class) != 0;
}

bool json_is_hex4(const char *p)
{
    return (byte_class[(uint8_t)p[0]] & byte_class[(uint8_t)p[1]] & byte_class[(uint8_t)p[2]] &
            byte_class[(uint8_t)p[3]] & CLASS_HEX) != 0;
}

static const char *fail(struct json_fault *fault, const char *at, const char *what)
{
    *fault = (struct json_fault){.at = at, .what = what};
    return NULL;
}

static const char *step_escape(const char *p, const char *end, struct json_fault *fault)
{
    if (end - p < 2)
        return fail(fault, end, "the text ends inside a string");
    if (is_class(p + 1, CLASS_ESCAPE))
        return p + 2;
    if (p[1] != 'u')
        return fail(fault, p, "no such escape in JSON");
    if (end - p < 6 || !json_is_hex4(p + 2))
        return fail(fault, p, "\\u needs four hexadecimal digits");
    return p + 6;
}

/* Over the character at p, which is not the closing quote. */
static const char *step(const char *p, const char *end, struct json_fault *fault)
{
    uint8_t c = (uint8_t)*p;
    if (c == '\\')
        return step_escape(p, end, fault);
    if (c < 0x20)
        return fail(fault, p, "a control character in a string must be escaped");
    if (c < 0x80)
        return p + 1;
    struct utf8 character = utf8_at(str_of(p, (size_t)(end - p)));
    return character.valid ? p + character.n : fail(fault, p, "not valid UTF-8");
}

static inline bool is_plain(char c)
{
    return c != '"' && c != '\\' && (uint8_t)c >= 0x20 && (uint8_t)c < 0x80;
}

typedef uint8_t v16 __attribute__((vector_size(16)));

/* Which bytes are not plain: 0xff where quote, backslash, control or non-ASCII. */
static inline v16 special_16(v16 b)
{
    return (v16)((b == '"') | (b == '\\') | (b < 0x20) | (b > 0x7f));
}

/* The first byte of 16 that is not plain, 16 if all are. */
static inline unsigned plain_16(const char *p)
{
    v16 block;
    memcpy(&block, p, sizeof block);
    v16 special = special_16(block);
    uint64_t half[2];
    memcpy(half, &special, sizeof half);
    if (half[0] != 0)
        return (unsigned)__builtin_ctzll(le64toh(half[0])) / 8;
    return half[1] != 0 ? 8 + (unsigned)__builtin_ctzll(le64toh(half[1])) / 8 : 16;
}

/* Over characters of two to four bytes, each judged by masks on its four first bytes (Unicode 15,
 * table 3-7). `w` has the first byte lowest. */
static const char *skip_wide(const char *p, const char *end)
{
    while (end - p >= 4) {
        uint32_t w;
        memcpy(&w, p, sizeof w);
        w = le32toh(w);
        bool has_2 = (w & 0xc0e0) == 0x80c0 && (w & 0x1e) != 0;
        bool has_3 = (w & 0xc0c0f0) == 0x8080e0 && (w & 0x200f) != 0 && (w & 0x200f) != 0x200d;
        uint32_t top = (w & 0x07) << 2 | (w >> 12 & 0x03); /* the number's upper 5 bits */
        bool has_4 = (w & 0xc0c0c0f8) == 0x808080f0 && top >= 1 && top <= 16;
        if (has_3)
            p += 3;
        else if (has_2)
            p += 2;
        else if (has_4)
            p += 4;
        else
            break;
    }
    return p;
}

static const char *skip_ascii(const char *p, const char *end)
{
    while (end - p >= 16) {
        unsigned n = plain_16(p);
        p += n;
        if (n < 16)
            return p;
    }
    while (p < end && is_plain(*p))
        p++;
    return p;
}

static const char *skip_16(const char *p, const char *end)
{
    for (;;) {
        p = skip_ascii(p, end);
        if (p == end || (uint8_t)*p < 0x80)
            return p;
        const char *behind = skip_wide(p, end);
        if (behind == p)
            return p;
        p = behind;
    }
}

static skip_fn best_skip(void)
{
    return json_has_avx2() ? json_skip_avx2 : skip_16;
}

static const char *skip_first(const char *p, const char *end);

/* Written by the first callers, who all write the same value; nothing else depends on it: relaxed.
 */
static _Atomic(skip_fn) skip = skip_first;

static const char *skip_first(const char *p, const char *end)
{
    skip_fn best = best_skip();
    atomic_store_explicit(&skip, best, memory_order_relaxed);
    return best(p, end);
}

const char *json_string_end(const char *p, const char *end, struct json_fault *fault)
{
    /* Keys and short values end here, without a call. */
    if (end - p >= 16) {
        unsigned n = plain_16(p);
        p += n;
        if (n < 16 && *p == '"')
            return p;
    }
    skip_fn skip_plain = atomic_load_explicit(&skip, memory_order_relaxed);
    for (;;) {
        p = skip_plain(p, end);
        if (p == end)
            return fail(fault, end, "the text ends inside a string");
        if (*p == '"')
            return p;
        p = step(p, end, fault);
        if (!p)
            return NULL;
    }
}

static uint32_t hex4(const char *p)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = (uint8_t)p[i];
        v = v << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return v;
}

uint32_t json_code_point(const char *p, const char *end, const char **behind)
{
    uint32_t c = hex4(p + 2);
    *behind = p + 6;
    if (c < 0xd800 || c > 0xdfff)
        return c;
    bool has_second = c < 0xdc00 && end - p >= 12 && p[6] == '\\' && p[7] == 'u';
    uint32_t second = has_second ? hex4(p + 8) : 0;
    if (second < 0xdc00 || second > 0xdfff)
        return 0xfffd;
    *behind = p + 12;
    return 0x10000 + ((c - 0xd800) << 10) + (second - 0xdc00);
}
