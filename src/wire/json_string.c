/* The end of a JSON string.
 *
 * Nearly all bytes of a chat request are inside strings, so this file decides what reading one
 * costs. The rules are written once, in step(): it judges one escape or one multi-byte character
 * and alone reports faults. In front of it runs a skipper, which moves over what is certainly fine
 * and stops at the closing quote or wherever it is not certain: a skipper may be slow or fast, it
 * never refuses anything. clean_skip takes 16 bytes at a time, goes on over valid UTF-8 and stops
 * at escapes; json_skip_avx2 takes 64 and goes on over escapes too. The first call chooses.
 *
 * A skipper returns only places between two characters, at or behind the place it was given. */
#include "wire/json_string.h"

#include <stdatomic.h>

#include "base/clean.h"
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

static skip_fn best_skip(void)
{
    return json_has_avx2() ? json_skip_avx2 : clean_skip;
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
        unsigned n = clean_16(p);
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
