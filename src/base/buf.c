/* The growable byte buffer and the writers on it.
 *
 * Growth doubles through the pool. Every writer reserves before it writes, so the check against
 * `max` is in one place, buf_reserve; a writer that makes its output in several steps goes back to
 * where it began when a step fails, so that a failed append leaves nothing behind.
 *
 * JSON strings are the hot one: prompts and replies pass through buf_put_json. It looks for the
 * next byte that needs work eight bytes at a time (a word is plain when no byte of it is a control
 * character, a quote, a backslash or beyond ASCII), steps over well-formed UTF-8, and copies what
 * lies between two escapes in one piece. Each fault in UTF-8, as base/utf8 counts them, becomes one
 * U+FFFD, as the browsers do it. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/pool.h"
#include "base/utf8.h"

#define ONES  UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

static const char hex_digits[] = "0123456789abcdef";

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_fini(struct buf *b)
{
    pool_release(b->p, b->size);
    buf_init(b, b->max);
}

void buf_reset(struct buf *b)
{
    b->n = 0;
    b->failed = false;
}

/* Makes `size` at least `total`, which may be past max. */
static void grow(struct buf *b, size_t total)
{
    size_t size;
    char *p = pool_acquire(MAX(total, b->size * 2), &size);
    if (b->p)
        memcpy(p, b->p, b->n);
    pool_release(b->p, b->size);
    b->p = p;
    b->size = size;
}

char *buf_reserve(struct buf *b, size_t n)
{
    if (UNLIKELY(b->failed || n > b->max - b->n)) {
        b->failed = true;
        return NULL;
    }
    if (UNLIKELY(n > b->size - b->n || !b->p))
        grow(b, b->n + n);
    return b->p + b->n;
}

void buf_commit(struct buf *b, size_t n)
{
    must(n <= b->size - b->n && n <= b->max - b->n);
    b->n += n;
}

void buf_put(struct buf *b, str s)
{
    if (s.n == 0)
        return;
    char *to = buf_reserve(b, s.n);
    if (!to)
        return;
    memcpy(to, s.p, s.n);
    b->n += s.n;
}

void buf_put_char(struct buf *b, char c)
{
    char *to = buf_reserve(b, 1);
    if (!to)
        return;
    *to = c;
    b->n++;
}

static void put_number(struct buf *b, bool is_negative, uint64_t size)
{
    char text[21];
    size_t at = sizeof(text);
    do {
        text[--at] = (char)('0' + size % 10);
        size /= 10;
    } while (size > 0);
    if (is_negative)
        text[--at] = '-';
    buf_put(b, str_of(text + at, sizeof(text) - at));
}

void buf_put_u64(struct buf *b, uint64_t v)
{
    put_number(b, false, v);
}

void buf_put_i64(struct buf *b, int64_t v)
{
    /* Negated as unsigned, since INT64_MIN has no positive twin. */
    put_number(b, v < 0, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void buf_put_hex(struct buf *b, str bytes)
{
    if (bytes.n > SIZE_MAX / 2) {
        b->failed = true;
        return;
    }
    char *to = buf_reserve(b, bytes.n * 2);
    if (!to)
        return;
    for (size_t i = 0; i < bytes.n; i++) {
        unsigned char byte = (unsigned char)bytes.p[i];
        *to++ = hex_digits[byte >> 4];
        *to++ = hex_digits[byte & 15];
    }
    b->n += bytes.n * 2;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Non-zero when one of the eight bytes is not plain. A borrow between bytes can only start at a
 * byte that is not plain itself, so the answer for the whole word is exact. */
static uint64_t not_plain(uint64_t word)
{
    uint64_t control = word - ONES * 0x20;
    uint64_t quote = (word ^ ONES * '"') - ONES;
    uint64_t backslash = (word ^ ONES * '\\') - ONES;
    return (control | quote | backslash | word) & HIGHS;
}

/* The offset of the first byte at or behind `at` that is not plain, or s.n. */
static size_t skip_plain(str s, size_t at)
{
    for (; s.n - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, s.p + at, 8);
        if (not_plain(word) != 0)
            break;
    }
    while (at < s.n && is_plain((unsigned char)s.p[at]))
        at++;
    return at;
}

static void put_escape(struct buf *b, char c)
{
    static const char letters[] = "\"\\bfnrt";
    size_t at = str_find_char(S("\"\\\b\f\n\r\t"), c);
    if (at != STR_NONE) {
        buf_put(b, str_of((char[]){'\\', letters[at]}, 2));
        return;
    }
    buf_put(b, S("\\u00"));
    buf_put_hex(b, str_of(&c, 1));
}

/* The offset of the first byte that cannot stand in a JSON string as it is, or s.n. */
static size_t skip_clean(str s)
{
    size_t at = skip_plain(s, 0);
    while (at < s.n && (unsigned char)s.p[at] >= 0x80) {
        struct utf8 next = utf8_at(str_of(s.p + at, s.n - at));
        if (!next.valid)
            return at;
        at += next.n;
        if (at < s.n && (unsigned char)s.p[at] < 0x80)
            at = skip_plain(s, at);
    }
    return at;
}

static void put_json_inside(struct buf *b, str s)
{
    for (;;) {
        size_t clean = skip_clean(s);
        buf_put(b, str_slice(s, 0, clean));
        if (clean == s.n)
            return;
        s = str_skip(s, clean);
        struct utf8 next = utf8_at(s);
        if (next.valid)
            put_escape(b, s.p[0]);
        else
            buf_put(b, UTF8_REPLACEMENT);
        s = str_skip(s, next.n);
    }
}

void buf_put_json(struct buf *b, str s)
{
    size_t start = b->n;
    if (!buf_reserve(b, s.n + 2)) /* the least it takes */
        return;
    buf_put_char(b, '"');
    put_json_inside(b, s);
    buf_put_char(b, '"');
    if (b->failed)
        b->n = start;
}

void buf_vprintf(struct buf *b, const char *fmt, va_list args)
{
    if (!buf_reserve(b, 0))
        return;
    va_list again;
    va_copy(again, args);
    size_t room = b->size - b->n;
    int printed = vsnprintf(b->p + b->n, room, fmt, args);
    must(printed >= 0);
    size_t n = (size_t)printed;
    if (buf_reserve(b, n)) {
        if (n >= room) {
            grow(b, b->n + n + 1); /* vsnprintf wants a byte for its NUL */
            vsnprintf(b->p + b->n, n + 1, fmt, again);
        }
        b->n += n;
    }
    va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    buf_vprintf(b, fmt, args);
    va_end(args);
}

void buf_consume(struct buf *b, size_t n)
{
    must(n <= b->n);
    b->n -= n;
    if (n > 0 && b->n > 0)
        memmove(b->p, b->p + n, b->n);
}
