/* Text that stands for itself in a JSON string: valid UTF-8 without quotes, backslashes and control
 * characters. Whoever reads or writes JSON moves over it in long steps. Pure. */
#pragma once

#include <endian.h>
#include <string.h>

#include "base/defs.h"

/* The first byte that does not certainly stand for itself, or `end`: at or behind p, between two
 * characters. A character less than four bytes before the end may be one that does. */
const char *clean_skip(const char *p, const char *end);

typedef uint8_t clean_v16 __attribute__((vector_size(16)));

/* How many of the 16 bytes at p are plain ASCII, up to the first that is not. Vectors of the
 * compiler: SSE2, NEON or plain words. */
static inline unsigned clean_16(const char *p)
{
    clean_v16 b;
    memcpy(&b, p, sizeof b);
    clean_v16 special = (clean_v16)((b == '"') | (b == '\\') | (b < 0x20) | (b > 0x7f));
    uint64_t half[2];
    memcpy(half, &special, sizeof half);
    if (half[0] != 0)
        return (unsigned)__builtin_ctzll(le64toh(half[0])) / 8;
    return half[1] != 0 ? 8 + (unsigned)__builtin_ctzll(le64toh(half[1])) / 8 : 16;
}
