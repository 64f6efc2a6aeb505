/* What tests of codecs of one document share: a body in which ' stands for " is read as a client's
 * request, written for a provider, answered, and the answer written back. */
#pragma once

#include "llm/document.h"
#include "tap.h"

static struct arena bench_arena;
static struct err bench_err;
static struct losses bench_losses;

static inline str bench_json(const char *text)
{
    char *out = arena_alloc(&bench_arena, strlen(text) + 1);
    size_t n = 0;
    for (const char *p = text; *p; p++)
        out[n++] = *p == '\'' ? '"' : *p;
    return str_of(out, n);
}

static inline const struct json *bench_parse(const char *text)
{
    const struct json *root = NULL;
    size_t at = 0;
    must(json_read(&bench_arena, bench_json(text), &root, &at) == 0);
    return root;
}

/* One conversation. */
struct bench {
    const struct document_codec *codec;
    enum operation_id from, to;
    const char *model, *envelope;
    void *ask, *answer;
};

static inline void bench_begin(struct bench *b)
{
    bench_err = (struct err){.code = 0};
    losses_init(&bench_losses, &bench_arena);
    b->ask = arena_alloc0(&bench_arena, b->codec->ask_bytes);
    b->answer = arena_alloc0(&bench_arena, b->codec->answer_bytes);
}

static inline struct writing bench_writing(const struct bench *b, const struct capability *can)
{
    return (struct writing){.a = &bench_arena,
                            .err = &bench_err,
                            .loss = &bench_losses,
                            .model = str_from_cz(b->model ? b->model : "m"),
                            .can = can,
                            .envelope = str_from_cz(b->envelope),
                            .id_seed = S("01J00000000000000000000000"),
                            .now_s = 1700000000};
}

static inline int bench_read(struct bench *b, const char *body)
{
    struct reading r = {.a = &bench_arena,
                        .err = &bench_err,
                        .origin = (uint8_t)operation_get(b->from)->dialect,
                        .loss = &bench_losses};
    bench_begin(b);
    return b->codec->read_request(&r, b->from, bench_parse(body), b->ask);
}

/* What the provider is asked about these items, with ' for "; S_EMPTY: refused. */
static inline str bench_ask(struct bench *b, size_t from, size_t n)
{
    struct capability can =
        capability_find(NULL, 0, (uint8_t)operation_get(b->to)->dialect, S("m"), 0);
    struct writing w = bench_writing(b, &can);
    struct buf out;
    buf_init(&out, 1u << 20);
    int rc = b->codec->write_request(&w, operation_get(b->to), b->ask, from, n, &out);
    str text = rc == 0 ? arena_str(&bench_arena, buf_str(&out)) : S_EMPTY;
    buf_fini(&out);
    return text;
}

static inline int bench_answer(struct bench *b, const char *body, size_t from)
{
    struct reading r = {.a = &bench_arena, .err = &bench_err, .code = -E_PROVIDER_BODY};
    return b->codec->read_answer(&r, operation_get(b->to), bench_parse(body), from, b->answer);
}

/* What the client gets; S_EMPTY: an error. */
static inline str bench_reply(struct bench *b)
{
    struct writing w = bench_writing(b, NULL);
    struct buf out;
    buf_init(&out, 1u << 20);
    int rc = b->codec->write_answer(&w, operation_get(b->from), b->ask, b->answer, &out);
    str text = rc == 0 ? arena_str(&bench_arena, buf_str(&out)) : S_EMPTY;
    buf_fini(&out);
    return text;
}

static inline str bench_lost(void)
{
    return losses_text(&bench_losses, &bench_arena);
}
