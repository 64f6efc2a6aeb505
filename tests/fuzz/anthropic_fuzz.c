/* The Anthropic dialect on anything. A request that is read and written again is the same when it
 * is read once more; taken for another dialect's, it becomes one whose roles take turns, or is
 * refused. A stream in pieces, as long as the first byte says, becomes what it becomes whole. */
#include "llm/dialect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct codec *codec(void)
{
    return dialect_get(DIALECT_ANTHROPIC)->codec;
}

static const struct json *parse(struct arena *a, str text)
{
    const struct json *v = NULL;
    size_t error_at = 0;
    return json_read(a, text, &v, &error_at) == 0 ? v : NULL;
}

/* ---- requests ---- */

static bool read_as(struct arena *a, const struct json *body, struct chat *c)
{
    struct err err = {.code = 0};
    struct reading r = {.a = a, .err = &err, .origin = DIALECT_ANTHROPIC};
    *c = (struct chat){.origin = DIALECT_ANTHROPIC};
    int rc = body ? codec()->read_request(&r, body, c) : -E_BAD_REQUEST;
    must(rc == 0 || !body || err.code == rc);
    return rc == 0;
}

/* S_EMPTY: refused. */
static str write_as(struct arena *a, const struct chat *c)
{
    struct capability can = capability_find(NULL, 0, DIALECT_ANTHROPIC, c->model, 0);
    struct err err = {.code = 0};
    struct losses loss;
    struct buf out;
    losses_init(&loss, a);
    buf_init(&out, 64u << 20);
    struct writing w = {.a = a, .err = &err, .loss = &loss, .model = c->model, .can = &can};
    int rc = codec()->write_request(&w, c, &out);
    must(rc == err.code);
    str text = rc == 0 ? arena_str(a, buf_str(&out)) : S_EMPTY;
    buf_fini(&out);
    return text;
}

static void check_turns(const struct json *body)
{
    str last = S_EMPTY;
    for (struct json_iter it = json_iter(json_get(body, "messages")); json_iter_next(&it);) {
        str role = json_str(json_get(it.value, "role"));
        must(last.n > 0 || str_eq(role, S("user")));
        must(!str_eq(role, last) && json_count(json_get(it.value, "content")) > 0);
        last = role;
    }
    must(last.n > 0);
}

/* The gateway gives a document that much room, and no more. */
static void request(str text)
{
    struct chat c, again;
    struct arena a, b;
    arena_init(&a, 4096, 8 * text.n + (4u << 20));
    arena_init(&b, 4096, SIZE_MAX / 2);
    if (read_as(&a, parse(&a, text), &c)) {
        str once = write_as(&b, &c);
        must(read_as(&b, parse(&b, once), &again));
        must(str_eq(write_as(&b, &again), once));
        c.origin = DIALECT_CHAT;
        str foreign = write_as(&a, &c);
        if (foreign.n > 0)
            check_turns(parse(&b, foreign));
    }
    arena_fini(&a);
    arena_fini(&b);
}

/* ---- streams ---- */

struct run {
    struct arena a, scratch;
    struct err err;
    struct decoder d;
    struct encoder e;
    struct buf in, out;
    int rc;
};

static int encode(void *arg, const struct event *ev)
{
    struct run *r = arg;
    return codec()->write_event(&r->e, ev);
}

static void take(struct run *r, size_t n)
{
    struct message m;
    const char *why = NULL;
    str whole = str_slice(buf_str(&r->in), 0, n);
    while (r->rc == 0 && frames_next(FRAMING_SSE, &r->scratch, &whole, &m, &why) > 0) {
        r->rc = codec()->read_message(&r->d, &m);
        arena_fini(&r->scratch);
    }
    buf_consume(&r->in, n);
}

static void run(struct run *r, str text, size_t step)
{
    struct frames frames;
    *r = (struct run){.rc = 0};
    frames_init(&frames, FRAMING_SSE);
    arena_init(&r->a, 512, SIZE_MAX / 2);
    arena_init(&r->scratch, 512, SIZE_MAX / 2);
    buf_init(&r->in, SIZE_MAX);
    buf_init(&r->out, SIZE_MAX);
    r->d = (struct decoder){.a = &r->a, .scratch = &r->scratch, .err = &r->err};
    r->d.sink = (struct sink){.put = encode, .arg = r};
    r->e = (struct encoder){.a = &r->a, .scratch = &r->scratch, .out = &r->out};
    r->e.w.family = FAMILY_ANTHROPIC;
    for (size_t at = 0; at < text.n && r->rc == 0; at += step) {
        str piece = str_slice(text, at, at + step);
        size_t before = r->in.n;
        buf_put(&r->in, piece);
        int64_t n = frames_feed(&frames, piece);
        if (n > 0)
            take(r, before + (size_t)n);
    }
    if (r->rc == 0)
        r->rc = codec()->read_message(&r->d, NULL);
    must(r->rc == 0 || r->err.code == r->rc);
}

static void fini(struct run *r)
{
    arena_fini(&r->a);
    arena_fini(&r->scratch);
    buf_fini(&r->in);
    buf_fini(&r->out);
}

static void stream(str text, size_t step)
{
    struct run whole, cut;
    run(&whole, text, text.n);
    run(&cut, text, step);
    must(whole.rc == cut.rc && str_eq(buf_str(&whole.out), buf_str(&cut.out)));
    fini(&whole);
    fini(&cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    str text = str_of((const char *)data + 1, size - 1);
    if (data[0] < ' ')
        stream(text, data[0] + (size_t)1);
    else
        request(text);
    return 0;
}
