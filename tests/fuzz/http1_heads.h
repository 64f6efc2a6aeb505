/* Properties that the fuzz targets of request and response heads share. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "wire/http1.h"

/* A copy of exactly its size, so that a sanitizer sees a read past the end. */
static inline str exact_copy(str s)
{
    char *p = malloc(s.n > 0 ? s.n : 1);
    must(p);
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    return str_of(p, s.n);
}

/* Where the head ends does not depend on how much of it had been searched before. */
static inline size_t head_end_at_any_cut(str in)
{
    size_t end = http1_head_end(in, 0);
    for (size_t cut = 0; cut < in.n; cut += 1 + cut / 4) {
        size_t early = http1_head_end(str_slice(in, 0, cut), 0);
        must(early == (cut < end ? 0 : end));
        must(early > 0 || http1_head_end(in, cut) == end);
    }
    return end;
}

static inline void put_fields(struct buf *b, const struct http_head *h)
{
    for (size_t i = 0; i < h->n_headers; i++)
        http1_put_header(b, h->headers[i].name, h->headers[i].value);
    http1_put_end(b);
    must(buf_is_ok(b));
}

static inline void must_be_same(const struct http_head *a, const struct http_head *b)
{
    must(str_eq(a->method, b->method) && str_eq(a->target, b->target));
    must(str_eq(a->path, b->path) && str_eq(a->query, b->query));
    must(a->status == b->status && a->minor == b->minor && a->framing == b->framing);
    must(a->length == b->length && a->keep_alive == b->keep_alive);
    must(a->expects_continue == b->expects_continue && a->n_headers == b->n_headers);
    for (size_t i = 0; i < a->n_headers; i++)
        must(str_eq(a->headers[i].name, b->headers[i].name) &&
             str_eq(a->headers[i].value, b->headers[i].value));
}
