/* A stream in a framing that the first byte says, whole and in pieces that the second says: the
 * same messages; and a message written in a framing reads as itself. */
#include "wire/frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_messages(enum framing framing, struct arena *a, str bytes, struct buf *said)
{
    struct message m;
    const char *why;
    int rc;
    for (rc = frames_next(framing, a, &bytes, &m, &why); rc > 0;
         rc = frames_next(framing, a, &bytes, &m, &why)) {
        must(m.data.n > 0 || framing == FRAMING_EVENT_STREAM);
        buf_printf(said, "%d %zu %zu ", m.is_exception, m.type.n, m.data.n);
        buf_put(said, m.type);
        buf_put(said, m.data);
    }
    must((rc < 0) == (why != NULL));
    buf_put_char(said, rc < 0 ? '!' : '.');
}

/* All messages of a stream, one text; a fault ends it. */
static void read_stream(enum framing framing, struct arena *a, str text, size_t step,
                        struct buf *said)
{
    struct frames f;
    size_t whole = 0;
    frames_init(&f, framing);
    for (size_t at = 0; at < text.n; at += step) {
        int64_t n = frames_feed(&f, str_slice(text, at, at + step));
        must(n <= (int64_t)MIN(step, text.n - at));
        if (n < 0)
            break;
        whole = n > 0 ? at + (size_t)n : whole;
    }
    put_messages(framing, a, str_slice(text, 0, whole), said);
    buf_printf(said, " %zu", whole);
}

static void must_survive(enum framing framing, struct arena *a, str data)
{
    struct buf b;
    struct message m;
    const char *why;
    buf_init(&b, SIZE_MAX / 2);
    frames_put(framing, &b, S("some"), data);
    str written = buf_str(&b);
    int rc = frames_next(framing, a, &written, &m, &why);
    must(rc >= 0 && written.n == 0 && (rc == 1 || framing != FRAMING_EVENT_STREAM));
    must(framing == FRAMING_LINES || rc == 0 || str_eq(m.type, S("some")));
    must(framing != FRAMING_EVENT_STREAM || str_eq(m.data, data));
    must(rc == 0 || frames_next(framing, a, &written, &m, &why) == 0);
    buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    enum framing framing = (enum framing)(data[0] % 3);
    str text = str_of((const char *)data + 2, size - 2);
    struct arena a;
    struct buf whole, pieces;
    arena_init(&a, 0, SIZE_MAX / 2);
    buf_init(&whole, SIZE_MAX / 2);
    buf_init(&pieces, SIZE_MAX / 2);
    read_stream(framing, &a, text, MAX(text.n, (size_t)1), &whole);
    read_stream(framing, &a, text, 1 + data[1] % 64, &pieces);
    must(str_eq(buf_str(&whole), buf_str(&pieces)));
    must_survive(framing, &a, text);
    buf_fini(&whole);
    buf_fini(&pieces);
    arena_fini(&a);
    return 0;
}
