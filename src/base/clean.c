/* ASCII goes 16 bytes at a time; beyond it each character is judged by masks on its four first
 * bytes (Unicode 15, table 3-7), so that text in any script costs about the same. Whatever is not
 * certain is left to the caller, who looks at one character with base/utf8.h. */
#include "base/clean.h"

static const bool is_special[256] = {
    [0 ... 0x1f] = true, ['"'] = true, ['\\'] = true, [0x80 ... 0xff] = true};

static const char *skip_ascii(const char *p, const char *end)
{
    while (end - p >= 16) {
        unsigned n = clean_16(p);
        p += n;
        if (n < 16)
            return p;
    }
    while (p < end && !is_special[(uint8_t)*p])
        p++;
    return p;
}

/* Over characters of two to four bytes. `w` has the first byte lowest. */
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

const char *clean_skip(const char *p, const char *end)
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
