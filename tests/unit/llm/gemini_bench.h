/* What the tests of the gemini dialect share: bodies of other dialects as requests of this one. */
#pragma once

#include "codec_bench.h"

/* A body of `from` as this dialect writes it; S_EMPTY: refused, see b->err. */
static inline str gemini_from(struct bench *b, enum dialect_id from, str body)
{
    enum dialect_id own = b->dialect;
    b->dialect = from;
    struct chat *c = bench_chat(b, body);
    b->dialect = own;
    losses_init(&b->loss, &b->a);
    return c ? bench_request(b, c) : S_EMPTY;
}

static inline bool gemini_lost(struct bench *b, const char *note)
{
    return str_find(losses_text(&b->loss, &b->a), str_from_cz(note)) != STR_NONE;
}

/* A member of a written body, "generationConfig.thinkingConfig", as JSON text. */
static inline str gemini_member(struct bench *b, str body, const char *path)
{
    const struct json *v = body.n > 0 ? bench_json(b, body) : NULL;
    str rest = str_from_cz(path), name;
    while (v && rest.n > 0) {
        (void)str_cut(rest, '.', &name, &rest);
        uint64_t index = 0;
        v = str_to_u64(name, &index) ? json_at(v, index) : json_get(v, arena_cz(&b->a, name));
    }
    return ir_text(&b->a, v);
}
