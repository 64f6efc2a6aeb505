/* A growable byte buffer with a maximum fixed at its creation.
 *
 * Writers do not test every append: an append that would pass `max` is dropped whole, the buffer
 * becomes `failed` and stays so until buf_reset; the producer tests buf_is_ok once at the end. No
 * pointer into the buffer survives a call that may grow it. Memory comes from base/pool. */
#pragma once

#include <stdarg.h>

#include "base/defs.h"
#include "base/str.h"

struct buf {
    char *p;
    size_t n;    /* bytes in use */
    size_t size; /* bytes held */
    size_t max;
    bool failed;
};

void buf_init(struct buf *b, size_t max); /* allocates nothing */
void buf_fini(struct buf *b);             /* may be used again after it, with the same max */
void buf_reset(struct buf *b);            /* empty, memory kept */
static inline bool buf_is_ok(const struct buf *b)
{
    return !b->failed;
}
static inline str buf_str(const struct buf *b)
{
    return str_of(b->p, b->n);
}

/* Room for n more bytes, contiguous, to be filled by the caller and then counted with buf_commit;
 * NULL past max. */
char *buf_reserve(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);

void buf_put(struct buf *b, str s);
void buf_put_char_slowly(struct buf *b, char c); /* for buf_put_char */
static inline void buf_put_char(struct buf *b, char c)
{
    if (UNLIKELY(b->n >= b->size || b->n >= b->max || b->failed))
        buf_put_char_slowly(b, c);
    else
        b->p[b->n++] = c;
}
void buf_put_u64(struct buf *b, uint64_t v);
void buf_put_i64(struct buf *b, int64_t v);
void buf_put_hex(struct buf *b, str bytes);
/* A JSON string with its quotes. Control characters, quote and backslash escaped; invalid UTF-8
 * becomes U+FFFD. */
void buf_put_json(struct buf *b, str s);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list args) PRINTF_LIKE(2, 0);
void buf_consume(struct buf *b, size_t n); /* drops the first n bytes */
