/* The Responses dialect on anything: the first byte says what the rest is. A body that is read is
 * written and read again; a stream, however it is cut, gives the same events' text, ends at most
 * once, and what the encoder makes of it is read again as an answer. */
#include "llm/dialect_responses.h"
#include "llm/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM ((size_t)256 << 20)

static const struct capability can = {.pattern = "*", .efforts = UINT32_MAX, .max_output = -1};

static int read_body(struct arena *a, struct err *err, str text, struct chat *out)
{
    const struct json *v = NULL;
    size_t at = 0;
    struct reading r = {.a = a, .err = err, .origin = DIALECT_RESPONSES};
    *out = (struct chat){.origin = DIALECT_RESPONSES};
    return json_read(a, text, &v, &at) == 0 ? dialect_responses.read_request(&r, v, out) : -1;
}

static void request(struct arena *a, str text)
{
    struct err err = {0};
    struct chat c, again;
    struct buf out;
    if (read_body(a, &err, text, &c) != 0)
        return;
    buf_init(&out, ROOM);
    struct writing w = {.a = a, .err = &err, .can = &can, .provider = S("p")};
    int rc = dialect_responses.write_request(&w, &c, &out);
    must(rc != 0 || read_body(a, &err, buf_str(&out), &again) == 0);
    buf_fini(&out);
}

/* Feeds whole events of `stream` to a decoder; 0, or why it ended. */
static int decode(struct arena *a, str stream, struct sink sink)
{
    struct err err = {0};
    struct arena scratch;
    str event;
    int rc = 0;
    arena_init(&scratch, 4096, ROOM);
    struct decoder d = {.a = a, .scratch = &scratch, .err = &err, .sink = sink};
    while (rc == 0 && !d.has_ended && sse_next(&stream, &event)) {
        struct sse_event e;
        sse_parse(&scratch, event, &e);
        struct message m = {.type = e.type, .data = e.data};
        rc = e.has_data ? dialect_responses.read_message(&d, &m) : 0;
        arena_fini(&scratch);
    }
    return rc == 0 && !d.has_ended ? dialect_responses.read_message(&d, NULL) : rc;
}

static int encode(void *arg, const struct event *ev)
{
    return dialect_responses.write_event(arg, ev);
}

static void stream(struct arena *a, str text)
{
    struct reply first, second;
    struct fold f, g;
    struct err err = {0};
    struct buf out;
    buf_init(&out, ROOM);
    reply_init(&first);
    fold_init(&f, a, &first, ROOM);
    int rc = decode(a, text, fold_sink(&f));
    rc = rc == 0 ? fold_end(&f) : rc;
    struct encoder e = {.a = a, .scratch = a, .out = &out};
    e.w = (struct writing){.a = a, .err = &err, .id_seed = S("seed")};
    if (rc == 0)
        rc = reply_play(&first, &(struct sink){.put = encode, .arg = &e});
    reply_init(&second);
    fold_init(&g, a, &second, ROOM);
    if (rc == 0)
        must(decode(a, buf_str(&out), fold_sink(&g)) == 0);
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 1 << 16)
        return 0;
    struct arena a;
    arena_init(&a, 4096, ROOM);
    str text = str_of((const char *)data + 1, size - 1);
    if (data[0] % 2 == 0)
        request(&a, text);
    else
        stream(&a, text);
    arena_fini(&a);
    return 0;
}
