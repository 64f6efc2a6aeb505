/* Server-sent events, fed in pieces as long as the first byte says: the split says what a reader of
 * single bytes says, events cover the text, and what is written from one reads the same. */
#include "wire/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reference {
    bool has_line, has_event, was_cr;
};

static size_t boundary(struct reference *r, str piece)
{
    size_t end = 0;
    for (size_t i = 0; i < piece.n; i++) {
        char c = piece.p[i];
        if (c != '\r' && c != '\n') {
            r->has_line = r->has_event = true;
        } else if (!(c == '\n' && r->was_cr)) {
            r->has_event = r->has_line;
            r->has_line = false;
        }
        r->was_cr = c == '\r';
        if (!r->has_event)
            end = i + 1;
    }
    return end;
}

static void must_survive_writing(struct arena *a, str event)
{
    struct sse_event e;
    struct sse_event again;
    struct buf b;
    sse_parse(a, event, &e);
    must(!e.has_data || e.data.n < event.n);
    buf_init(&b, SIZE_MAX / 2);
    sse_put_comment(&b, e.id);
    sse_parse(a, buf_str(&b), &again);
    must(!again.has_data && again.type.n == 0 && again.id.n == 0 && again.retry_ms == -1);
    buf_reset(&b);
    sse_put(&b, e.type, e.data);
    str written = buf_str(&b);
    must(buf_is_ok(&b) && sse_next(&written, &event) && written.n == 0);
    sse_parse(a, event, &again);
    must(again.has_data && str_eq(again.data, e.data) && str_eq(again.type, e.type));
    buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    str text = str_of((const char *)data + 1, size - 1);
    size_t step = 1 + data[0] % 64;
    struct sse_split s;
    sse_split_init(&s);
    struct reference r = {0};
    for (size_t at = 0; at < text.n; at += step) {
        str piece = str_slice(text, at, MIN(at + step, text.n));
        must(sse_split_feed(&s, piece) == boundary(&r, piece));
    }
    struct arena a;
    arena_init(&a, 0, SIZE_MAX / 2);
    str event, rest = text;
    for (const char *at = text.p; sse_next(&rest, &event); at = rest.p) {
        must(event.p == at && event.n > 0 && rest.p == event.p + event.n);
        must_survive_writing(&a, event);
    }
    must(rest.n == 0);
    arena_fini(&a);
    return 0;
}
