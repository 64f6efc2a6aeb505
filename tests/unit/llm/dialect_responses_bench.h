/* What the tests of the Responses dialect share: bodies read and written in a line, comparison as
 * JSON, an encoder fed by hand. */
#pragma once

#include "llm/dialect_pipe.h"
#include "llm/ir_equal.h"

#include "tap.h"

struct bench {
    struct pipe *p;
    struct capability can;
    str provider;
};

static inline void bench_init(struct bench *b)
{
    memset(b, 0, sizeof(*b));
    b->p = pipe_new(dialect_get(DIALECT_RESPONSES), NULL, NULL);
    b->provider = S("openai-a");
    b->can = (struct capability){.pattern = "*",
                                 .efforts = UINT32_MAX,
                                 .thinking = UINT32_MAX,
                                 .choices = UINT32_MAX,
                                 .max_output = -1};
}

static inline void bench_fini(struct bench *b)
{
    pipe_free(b->p);
}

static inline const struct json *bench_json(struct bench *b, str text)
{
    const struct json *v = NULL;
    size_t error_at = 0;
    if (json_read(&b->p->a, text, &v, &error_at) != 0)
        printf("# no JSON at byte %zu: %.*s\n", error_at, (int)text.n, text.p);
    return v;
}

/* The body of a client of `from`, read; NULL when it is refused. */
static inline struct chat *bench_chat(struct bench *b, enum dialect_id from, const char *body)
{
    b->p->err = (struct err){0};
    losses_init(&b->p->loss, &b->p->a);
    struct chat *c = arena_new(&b->p->a, struct chat);
    b->p->rc = pipe_chat(b->p, dialect_get(from), arena_str(&b->p->a, str_from_cz(body)), c);
    return b->p->rc == 0 ? c : NULL;
}

/* The chat for a provider that speaks `to`; S_EMPTY when it is refused. */
static inline str bench_request(struct bench *b, enum dialect_id to, const struct chat *c)
{
    struct writing w = pipe_writing(b->p, dialect_get(to), NULL);
    w.model = S("m");
    w.can = &b->can;
    w.provider = b->provider;
    struct buf out;
    buf_init(&out, PIPE_MAX);
    b->p->rc = c ? dialect_get(to)->codec->write_request(&w, c, &out) : -E_BAD_REQUEST;
    str body = b->p->rc == 0 ? arena_str(&b->p->a, buf_str(&out)) : S_EMPTY;
    buf_fini(&out);
    return body;
}

/* A client's body of `from` as a body of this dialect. */
static inline str bench_to_responses(struct bench *b, enum dialect_id from, const char *body)
{
    return bench_request(b, DIALECT_RESPONSES, bench_chat(b, from, body));
}

static inline str bench_losses(struct bench *b)
{
    return losses_text(&b->p->loss, &b->p->a);
}

static inline void bench_is_json(struct bench *b, str got, const char *want, const char *what)
{
    const struct json *w = bench_json(b, str_from_cz(want));
    const struct json *g = got.n > 0 ? bench_json(b, got) : NULL;
    str difference = g && w ? json_difference(&b->p->a, w, g) : S("nothing to compare");
    if (difference.n > 0)
        printf("# %.*s\n", (int)got.n, got.n > 0 ? got.p : "");
    is_str(difference, S(""), what);
}

/* The member at a path of names and indices, "output.0.type", as JSON text. */
static inline str bench_at(struct bench *b, str text, const char *path)
{
    const struct json *v = text.n > 0 ? bench_json(b, text) : NULL;
    str rest = str_from_cz(path), step;
    while (v && rest.n > 0) {
        uint64_t i = 0;
        str_cut(rest, '.', &step, &rest);
        v = str_to_u64(step, &i) ? json_at(v, (size_t)i) : json_get(v, arena_cz(&b->p->a, step));
    }
    struct buf out;
    buf_init(&out, PIPE_MAX);
    if (v)
        json_put(&out, v);
    str at = arena_str(&b->p->a, buf_str(&out));
    buf_fini(&out);
    return at;
}
