/* UTF-8 decoding.
 *
 * The first byte tells the length of a character and the range that its second byte must lie in
 * (Unicode 15, table 3-7; RFC 3629, section 4). That one narrowed range is what excludes overlong
 * forms (E0, F0), surrogates (ED) and numbers past U+10FFFF (F4), so the decoded number needs no
 * check of its own. */
#include "base/utf8.h"

struct lead {
    size_t n;          /* length of the character; 0: this byte begins none */
    uint8_t low, high; /* range of the second byte */
};

static struct lead lead_of(uint8_t c)
{
    if (c < 0xC2 || c > 0xF4)
        return (struct lead){.n = 0};
    if (c < 0xE0)
        return (struct lead){.n = 2, .low = 0x80, .high = 0xBF};
    if (c < 0xF0)
        return (struct lead){
            .n = 3,
            .low = c == 0xE0 ? 0xA0 : 0x80,
            .high = c == 0xED ? 0x9F : 0xBF,
        };
    return (struct lead){
        .n = 4,
        .low = c == 0xF0 ? 0x90 : 0x80,
        .high = c == 0xF4 ? 0x8F : 0xBF,
    };
}

static bool is_continuation(uint8_t c)
{
    return (c & 0xC0) == 0x80;
}

struct utf8 utf8_at(str s)
{
    must(s.n > 0);
    const uint8_t *p = (const uint8_t *)s.p;
    if (p[0] < 0x80)
        return (struct utf8){.n = 1, .code = p[0], .valid = true};
    struct lead lead = lead_of(p[0]);
    if (lead.n == 0 || s.n == 1 || p[1] < lead.low || p[1] > lead.high)
        return (struct utf8){.n = 1};
    /* A lead byte of n bytes has n ones, a zero and 7 - n bits that count. */
    uint32_t code = (p[0] & (0x7Fu >> lead.n)) << 6 | (p[1] & 0x3Fu);
    for (size_t i = 2; i < lead.n; i++) {
        if (i == s.n || !is_continuation(p[i]))
            return (struct utf8){.n = i};
        code = code << 6 | (p[i] & 0x3Fu);
    }
    return (struct utf8){.n = lead.n, .code = code, .valid = true};
}
