/* A bench for one dialect's codec: bodies in and out as text, streams cut in pieces of any size.
 * Everything lives in one arena, emptied by bench_fini. */
#pragma once

#include <glob.h>
#include <stdlib.h>

#include "ir_equal.h"
#include "llm/carry.h"
#include "llm/dialect.h"
#include "tap.h"

struct bench {
    struct arena a, scratch;
    struct err err;
    struct losses loss;
    enum dialect_id dialect;
    struct capability can;
    str provider, model;
    struct buf out;
};

static inline void bench_init(struct bench *b, enum dialect_id dialect)
{
    *b = (struct bench){.dialect = dialect, .provider = S("prov"), .model = S("model-1")};
    arena_init(&b->a, 4096, 64u << 20);
    arena_init(&b->scratch, 4096, 64u << 20);
    losses_init(&b->loss, &b->a);
    buf_init(&b->out, 64u << 20);
    b->can =
        (struct capability){.pattern = "*",
                            .efforts = UINT32_MAX,
                            .thinking = UINT32_MAX,
                            .choices = UINT32_MAX,
                            .max_output = -1,
                            .can = CAN_PREFILL | CAN_JSON_SCHEMA | CAN_PARALLEL_OFF | CAN_STOP |
                                   CAN_CACHE_MARKS | CAN_IMAGES_IN_RESULTS | CAN_STRICT_TOOLS};
}

static inline void bench_fini(struct bench *b)
{
    buf_fini(&b->out);
    arena_fini(&b->scratch);
    arena_fini(&b->a);
}

static inline const struct json *bench_json(struct bench *b, str text)
{
    const struct json *v = NULL;
    size_t at = 0;
    if (json_read(&b->a, text, &v, &at) != 0)
        printf("# no JSON at %zu: %.*s\n", at, (int)text.n, text.p);
    return v;
}

static inline struct reading bench_reading(struct bench *b, int code)
{
    b->err = (struct err){.code = 0};
    return (struct reading){
        .a = &b->a, .err = &b->err, .origin = (uint8_t)b->dialect, .loss = &b->loss, .code = code};
}

static inline struct writing bench_writing(struct bench *b)
{
    b->err = (struct err){.code = 0};
    return (struct writing){.a = &b->a,
                            .err = &b->err,
                            .loss = &b->loss,
                            .model = b->model,
                            .can = &b->can,
                            .provider = b->provider,
                            .id_seed = S("01SEED"),
                            .now_s = 1700000000};
}

static inline const struct codec *bench_codec(const struct bench *b)
{
    return dialect_get(b->dialect)->codec;
}

/* NULL: refused, see b->err. */
static inline struct chat *bench_chat(struct bench *b, str body)
{
    struct reading r = bench_reading(b, 0);
    struct chat *c = arena_new(&b->a, struct chat);
    c->origin = (uint8_t)b->dialect;
    c->reasoning.budget_tokens = -1;
    c->sampling.top_logprobs = -1;
    const struct json *v = bench_json(b, body);
    return v && bench_codec(b)->read_request(&r, v, c) == 0 ? c : NULL;
}

/* S_EMPTY: refused. */
static inline str bench_request(struct bench *b, const struct chat *c)
{
    struct writing w = bench_writing(b);
    buf_reset(&b->out);
    int rc = bench_codec(b)->write_request(&w, c, &b->out);
    return rc == 0 && buf_is_ok(&b->out) ? arena_str(&b->a, buf_str(&b->out)) : S_EMPTY;
}

static inline struct reply *bench_reply(struct bench *b, str body)
{
    struct reading r = bench_reading(b, -E_PROVIDER_BODY);
    struct reply *reply = arena_new(&b->a, struct reply);
    reply_init(reply);
    const struct json *v = bench_json(b, body);
    return v && bench_codec(b)->read_reply(&r, v, reply) == 0 ? reply : NULL;
}

static inline str bench_answer(struct bench *b, const struct reply *reply)
{
    struct writing w = bench_writing(b);
    buf_reset(&b->out);
    int rc = bench_codec(b)->write_reply(&w, reply, &b->out);
    return rc == 0 && buf_is_ok(&b->out) ? arena_str(&b->a, buf_str(&b->out)) : S_EMPTY;
}

/* Is `got` the JSON `want`? Says where not. */
static inline void bench_same(struct bench *b, str got, str want, const char *what)
{
    const struct json *g = got.n > 0 ? bench_json(b, got) : NULL, *w = bench_json(b, want);
    if (!g)
        printf("# nothing; error: %.*s\n", (int)b->err.message.n,
               b->err.message.n > 0 ? b->err.message.p : "");
    str difference = g && w ? json_difference(&b->a, w, g) : S("no JSON");
    if (difference.n > 0)
        printf("# %.*s\n# got %.*s\n", (int)difference.n, difference.p, (int)got.n,
               got.n > 0 ? got.p : "");
    ok(difference.n == 0, what);
}

static inline int bench_read_prefix(struct bench *b, struct decoder *d, str *whole)
{
    struct message m;
    const char *why = NULL;
    int rc = 0;
    while (rc == 0) {
        rc = frames_next(dialect_get(b->dialect)->framing, &b->scratch, whole, &m, &why);
        if (rc <= 0)
            return rc;
        rc = d->has_ended ? 0 : bench_codec(b)->read_message(d, &m);
        arena_fini(&b->scratch);
    }
    return rc;
}

/* Feeds a stream in pieces of `step` bytes to the sink; what read_message says at the end. */
static inline int bench_stream(struct bench *b, str bytes, size_t step, struct sink to)
{
    struct arena a;
    struct frames frames;
    struct buf in;
    arena_init(&a, 512, 8u << 20);
    frames_init(&frames, dialect_get(b->dialect)->framing);
    buf_init(&in, 64u << 20);
    b->err = (struct err){.code = 0};
    struct decoder d = {.a = &a, .scratch = &b->scratch, .err = &b->err, .sink = to};
    int rc = 0;
    for (size_t at = 0; at < bytes.n && rc == 0; at += step) {
        str piece = str_slice(bytes, at, at + step);
        size_t before = in.n;
        buf_put(&in, piece);
        int64_t n = frames_feed(&frames, piece);
        if (n < 0)
            rc = (int)n;
        if (n <= 0)
            continue;
        str whole = str_slice(buf_str(&in), 0, before + (size_t)n);
        rc = bench_read_prefix(b, &d, &whole);
        buf_consume(&in, before + (size_t)n);
    }
    if (rc == 0 && !d.has_ended)
        rc = bench_codec(b)->read_message(&d, NULL);
    b->err.message = arena_str(&b->a, b->err.message);
    buf_fini(&in);
    arena_fini(&a);
    arena_fini(&b->scratch);
    return rc;
}

/* The stream as one answer; NULL: it did not end well, *code says why. */
static inline struct reply *bench_fold(struct bench *b, str bytes, size_t step, int *code,
                                       struct fold *fold)
{
    struct reply *reply = arena_new(&b->a, struct reply);
    reply_init(reply);
    fold_init(fold, &b->a, reply, 16u << 20);
    *code = bench_stream(b, bytes, step, fold_sink(fold));
    int end = fold_end(fold);
    if (*code == 0)
        *code = end;
    return *code == 0 ? reply : NULL;
}

struct bench_sink {
    struct encoder e;
    const struct codec *codec;
};
static inline int bench_sink_put(void *arg, const struct event *ev)
{
    struct bench_sink *s = arg;
    return s->codec->write_event(&s->e, ev);
}

/* The events of an answer, written as a stream of this dialect; in b->out until the next call. */
static inline str bench_played(struct bench *b, const struct reply *reply)
{
    struct bench_sink s = {.codec = bench_codec(b)};
    s.e = (struct encoder){.a = &b->a, .scratch = &b->a, .out = &b->out, .w = bench_writing(b)};
    buf_reset(&b->out);
    int rc = reply_play(reply, &(struct sink){.put = bench_sink_put, .arg = &s});
    return rc == 0 ? arena_str(&b->a, buf_str(&b->out)) : S_EMPTY;
}

/* A recording; S_EMPTY when it is not there. */
static inline str bench_file(struct bench *b, const char *path)
{
    const char *dir = getenv("THROWBAR_FIXTURES");
    FILE *f = dir ? fopen(arena_printf(&b->a, "%s/%s%c", dir, path, 0).p, "rb") : NULL;
    if (!f)
        return S_EMPTY;
    char *bytes = arena_alloc(&b->a, 1u << 20);
    size_t n = fread(bytes, 1, 1u << 20, f);
    (void)fclose(f);
    return str_of(bytes, n);
}

/* Calls fn with every recording that matches; how many there were. */
static inline size_t bench_each(struct bench *b, const char *pattern,
                                void (*fn)(struct bench *b, const char *path, str text))
{
    const char *dir = getenv("THROWBAR_FIXTURES");
    glob_t found;
    size_t n = 0;
    if (!dir || glob(arena_printf(&b->a, "%s/%s%c", dir, pattern, 0).p, 0, NULL, &found) != 0)
        return 0;
    for (; n < found.gl_pathc; n++) {
        const char *path = found.gl_pathv[n] + strlen(dir) + 1;
        fn(b, path, bench_file(b, path));
    }
    globfree(&found);
    return n;
}

/* ---- requests of another dialect, turn by turn ---- */

static inline struct chat *bench_new_chat(struct bench *b)
{
    struct chat *c = arena_new(&b->a, struct chat);
    c->origin = DIALECT_CHAT;
    c->reasoning.budget_tokens = -1;
    c->sampling.top_logprobs = -1;
    return c;
}

static inline struct block *bench_say(struct bench *b, struct chat *c, enum role role, str text)
{
    struct turn *t = turn_add(&b->a, c, role);
    t->blocks = block_text(&b->a, text);
    return t->blocks;
}

static inline struct block *bench_call(struct bench *b, struct chat *c, str id, str name, str args)
{
    struct turn *t = turn_add(&b->a, c, ROLE_ASSISTANT);
    t->blocks = block_new(&b->a, BLOCK_TOOL_CALL);
    t->blocks->call = (struct tool_call){.id = id, .name = name, .args = args};
    return t->blocks;
}

static inline struct block *bench_result(struct bench *b, struct chat *c, str id, str text)
{
    struct turn *t = turn_add(&b->a, c, ROLE_TOOL);
    t->blocks = block_new(&b->a, BLOCK_TOOL_RESULT);
    t->blocks->result.id = id;
    t->blocks->result.blocks = block_text(&b->a, text);
    return t->blocks;
}

static inline struct tool *bench_offer(struct bench *b, struct chat *c, str name)
{
    struct tool *t = tool_add(&b->a, c, TOOL_FUNCTION);
    t->name = name;
    t->description = S("d");
    t->schema = bench_json(b, S("{\"type\":\"object\",\"properties\":{}}"));
    return t;
}

static inline struct block *bench_attach(struct bench *b, struct block *to, enum media_kind kind,
                                         str mime, str name)
{
    struct block *m = block_new(&b->a, BLOCK_MEDIA);
    m->media = (struct media){.kind = kind, .mime = mime, .name = name};
    m->media.source = MEDIA_BASE64;
    m->media.bytes = S("aGVsbG8=");
    block_add(&to, m);
    return m;
}

/* The losses since the last time. */
static inline str bench_lost(struct bench *b)
{
    str text = losses_text(&b->loss, &b->a);
    losses_init(&b->loss, &b->a);
    return text;
}
