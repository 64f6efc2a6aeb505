/* One dialect's codec on anything: what holds for all of them.
 *
 * A request that is read and written again is the same when it is read once more; taken for another
 * dialect's it becomes JSON, or is refused. So does an answer. A stream in pieces becomes what it
 * becomes whole. Whoever fails says why. The first byte chooses what the rest is taken for. What no
 * client speaks is asked by clients of chat, and answers them. */
#pragma once

#include "llm/custom.h"
#include "llm/dialect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline const struct json *codec_parse(struct arena *a, str text)
{
    const struct json *v = NULL;
    size_t error_at = 0;
    return json_read(a, text, &v, &error_at) == 0 ? v : NULL;
}

static inline enum dialect_id codec_client(enum dialect_id id)
{
    bool is_engine = id == DIALECT_TGI || id == DIALECT_KSERVE_V1 || id == DIALECT_KSERVE_V2 ||
                     id == DIALECT_MLFLOW || id == DIALECT_CUSTOM;
    return is_engine ? DIALECT_CHAT : id;
}

/* A description with everything in it, for the dialect that has one. */
static inline const struct custom *codec_custom(void)
{
    static const char *text[] = {"text"}, *thought[] = {"thought"}, *calls[] = {"calls"},
                      *why[] = {"why"}, *error[] = {"error"};
    static const struct custom_answer answer = {.text = {true, text, 1},
                                                .reasoning = {true, thought, 1},
                                                .tool_calls = {true, calls, 1},
                                                .finish = {true, why, 1},
                                                .error = {true, error, 1}};
    static struct arena a;
    static struct custom custom = {.streams = true, .path = "/", .done = {"END", 3}};
    str fault;
    size_t at;
    if (custom.body.body)
        return &custom;
    arena_init(&a, 4096, 1u << 20);
    must(custom_template_read(
             &a,
             S("{\"m\":\"{{model}}\",\"s\":{{system}},\"q\":[{{messages}},{{tools}},"
               "{{stop}}],\"n\":{{max_tokens}},\"u\":\"<{{user}}>\"}"),
             &custom.body, &fault, &at) == 0);
    custom.reply = custom.stream = answer;
    return &custom;
}

/* ---- requests ---- */

static inline bool codec_read(struct arena *a, enum dialect_id id, const struct json *body,
                              struct chat *c)
{
    struct err err = {.code = 0};
    struct reading r = {.a = a, .err = &err, .origin = (uint8_t)id};
    *c = (struct chat){.origin = (uint8_t)id};
    int rc = body ? dialect_get(id)->codec->read_request(&r, body, c) : -E_BAD_REQUEST;
    must(rc == 0 || !body || err.code == rc);
    return rc == 0;
}

/* S_EMPTY: refused. */
static inline str codec_write(struct arena *a, enum dialect_id id, const struct chat *c)
{
    struct capability can = capability_find(NULL, 0, (uint8_t)id, c->model, 0);
    struct err err = {.code = 0};
    struct losses loss;
    struct buf out;
    losses_init(&loss, a);
    buf_init(&out, 64u << 20);
    struct writing w = {.a = a,
                        .err = &err,
                        .loss = &loss,
                        .model = c->model,
                        .can = &can,
                        .custom = codec_custom()};
    int rc = dialect_get(id)->codec->write_request(&w, c, &out);
    must(rc == err.code);
    str text = rc == 0 ? arena_str(a, buf_str(&out)) : S_EMPTY;
    buf_fini(&out);
    return text;
}

static inline void codec_request(struct arena *a, enum dialect_id id, str text)
{
    struct chat c, again;
    if (!codec_read(a, codec_client(id), codec_parse(a, text), &c))
        return;
    str once = codec_write(a, id, &c);
    if (once.n > 0 && codec_client(id) != id) {
        must(codec_parse(a, once));
    } else if (once.n > 0) {
        must(codec_read(a, id, codec_parse(a, once), &again));
        must(str_eq(codec_write(a, id, &again), once));
    }
    c.origin = id == DIALECT_CHAT ? DIALECT_ANTHROPIC : DIALECT_CHAT;
    c.own_only = NULL;
    str foreign = codec_write(a, id, &c);
    must(foreign.n == 0 || codec_parse(a, foreign));
}

/* ---- answers ---- */

static inline void codec_reply(struct arena *a, enum dialect_id id, str text)
{
    const struct json *body = codec_parse(a, text);
    struct err err = {.code = 0};
    struct reading r = {.a = a, .err = &err, .origin = (uint8_t)id, .code = -E_PROVIDER_BODY};
    const struct codec *client = dialect_get(codec_client(id))->codec;
    r.custom = codec_custom();
    struct reply reply;
    struct buf out;
    reply_init(&reply);
    if (!body || dialect_get(id)->codec->read_reply(&r, body, &reply) != 0)
        return;
    buf_init(&out, 64u << 20);
    struct writing w = {.a = a, .err = &err, .id_seed = S("seed")};
    must(client->write_reply(&w, &reply, &out) == 0);
    must(codec_parse(a, buf_str(&out)));
    reply.extras.origin = DIALECT_NONE; /* another provider's */
    buf_reset(&out);
    must(client->write_reply(&w, &reply, &out) == 0);
    must(codec_parse(a, buf_str(&out)));
    buf_fini(&out);
}

/* ---- streams ---- */

struct codec_run {
    const struct dialect *dialect;
    struct arena a, scratch;
    struct err err;
    struct decoder d;
    struct encoder e;
    struct buf in, out;
    int rc;
    bool is_broken;  /* the framing itself: nothing behind it is looked at */
    bool has_no_end; /* and what came in the same piece before it is not, either */
};

static inline int codec_put(void *arg, const struct event *ev)
{
    struct codec_run *r = arg;
    return dialect_get(codec_client(r->dialect->id))->codec->write_event(&r->e, ev);
}

static inline void codec_take(struct codec_run *r, size_t n)
{
    struct message m;
    const char *why = NULL;
    str whole = str_slice(buf_str(&r->in), 0, n);
    int more = 1;
    while (r->rc == 0 && more == 1) {
        more = frames_next(r->dialect->framing, &r->scratch, &whole, &m, &why);
        r->rc = more == 1 ? r->dialect->codec->read_message(&r->d, &m) : 0;
        arena_fini(&r->scratch);
    }
    r->is_broken = more < 0;
    buf_consume(&r->in, n);
}

static inline void codec_run(struct codec_run *r, enum dialect_id id, str text, size_t step)
{
    struct frames frames;
    *r = (struct codec_run){.dialect = dialect_get(id)};
    frames_init(&frames, r->dialect->framing);
    arena_init(&r->a, 512, SIZE_MAX / 2);
    arena_init(&r->scratch, 512, SIZE_MAX / 2);
    buf_init(&r->in, SIZE_MAX);
    buf_init(&r->out, SIZE_MAX);
    r->d = (struct decoder){.a = &r->a, .scratch = &r->scratch, .err = &r->err};
    r->d.sink = (struct sink){.put = codec_put, .arg = r};
    r->d.custom = codec_custom();
    r->e = (struct encoder){.a = &r->a, .scratch = &r->scratch, .out = &r->out};
    for (size_t at = 0; at < text.n && r->rc == 0 && !r->is_broken; at += step) {
        str piece = str_slice(text, at, at + step);
        size_t before = r->in.n;
        buf_put(&r->in, piece);
        int64_t n = frames_feed(&frames, piece);
        if (n < 0)
            r->has_no_end = r->is_broken = true;
        if (n > 0)
            codec_take(r, before + (size_t)n);
    }
    if (r->rc == 0 && !r->is_broken && !r->d.has_ended)
        r->rc = r->dialect->codec->read_message(&r->d, NULL);
    must(r->rc == 0 || r->err.code == r->rc);
}

static inline void codec_run_fini(struct codec_run *r)
{
    arena_fini(&r->a);
    arena_fini(&r->scratch);
    buf_fini(&r->in);
    buf_fini(&r->out);
}

static inline void codec_stream(enum dialect_id id, str text, size_t step)
{
    struct codec_run whole, cut;
    codec_run(&whole, id, text, text.n);
    codec_run(&cut, id, text, step);
    bool is_known = !whole.has_no_end && !cut.has_no_end;
    must(!is_known || (whole.rc == cut.rc && str_eq(buf_str(&whole.out), buf_str(&cut.out))));
    codec_run_fini(&whole);
    codec_run_fini(&cut);
}

/* Below a space: a stream, in pieces of that size and one; 'r': an answer; else a request. */
static inline int codec_any(enum dialect_id id, const uint8_t *data, size_t size)
{
    struct arena a;
    if (size < 2)
        return 0;
    str text = str_of((const char *)data + 1, size - 1);
    arena_init(&a, 4096, 1u << 30);
    if (data[0] < ' ')
        codec_stream(id, text, data[0] + (size_t)1);
    else if (data[0] == 'r')
        codec_reply(&a, id, text);
    else
        codec_request(&a, id, text);
    arena_fini(&a);
    return 0;
}
