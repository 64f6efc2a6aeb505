/* The growable byte buffer and the writers on it.
 *
 * Growth doubles through the pool. Every writer reserves before it writes, so the check against
 * `max` is in one place, buf_reserve; a writer that makes its output in several steps goes back to
 * where it began when a step fails, so that a failed append leaves nothing behind.
 *
 * JSON strings are the hot one: prompts and replies pass through buf_put_json. What stands for
 * itself is copied in one piece up to the next escape; there is always room for the rest as it is
 * and the closing quote. Each fault in UTF-8, as base/utf8 counts them, becomes one U+FFFD, as the
 * browsers do it. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clean.h"
#include "base/pool.h"
#include "base/utf8.h"

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

void buf_put_char_slowly(struct buf *b, char c)
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

/* Room for n bytes more and for what follows them at least. */
static char *reserve_before(struct buf *b, size_t n, size_t rest)
{
    char *to = buf_reserve(b, n + rest);
    if (to)
        b->n += n;
    return to;
}

static void put_escape(struct buf *b, char c, size_t rest)
{
    static const char letters[256] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
                                      ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't'};
    uint8_t code = (uint8_t)c;
    bool is_short = letters[code] != 0;
    char *to = reserve_before(b, is_short ? 2 : 6, rest);
    if (!to)
        return;
    to[0] = '\\';
    to[1] = is_short ? letters[code] : 'u';
    if (is_short)
        return;
    to[2] = to[3] = '0';
    to[4] = hex_digits[code >> 4];
    to[5] = hex_digits[code & 15];
}

/* The character at the beginning of s, which does not certainly stand for itself; `rest` bytes at
 * least follow it. Returns its length. */
static size_t put_json_character(struct buf *b, str s)
{
    struct utf8 c = utf8_at(s);
    size_t rest = s.n - c.n + 1;
    if (c.valid && c.n == 1) {
        put_escape(b, s.p[0], rest);
        return 1;
    }
    str text = c.valid ? str_of(s.p, c.n) : UTF8_REPLACEMENT;
    char *to = reserve_before(b, text.n, rest);
    if (to)
        memcpy(to, text.p, text.n);
    return c.n;
}

void buf_put_json(struct buf *b, str s)
{
    size_t start = b->n;
    char *to = buf_reserve(b, s.n + 2); /* the least it takes */
    if (!to)
        return;
    *to = '"';
    b->n++;
    const char *p = s.p, *end = s.p + s.n;
    while (p < end && !b->failed) {
        const char *clean = clean_skip(p, end);
        memcpy(b->p + b->n, p, (size_t)(clean - p));
        b->n += (size_t)(clean - p);
        p = clean;
        if (p < end)
            p += put_json_character(b, str_of(p, (size_t)(end - p)));
    }
    if (b->failed)
        b->n = start;
    else
        b->p[b->n++] = '"'; /* there has been room for it all the time */
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
