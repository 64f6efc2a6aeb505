/* Comparing values of the intermediate form in tests: JSON values, requests, answers.
 *
 * What comes back is the path of the first difference with both values, made in the arena, and
 * nothing when there is none. Answers are compared by what their readers see: the texts of each
 * kind joined, the calls one by one, the end, the usage. */
#pragma once

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "llm/chat.h"
#include "llm/reply.h"
#include "llm/seal.h"
#include "wire/json.h"

#define IR_EQUAL_SHOWN 60 /* bytes of a value in a report */

struct ir_diff {
    struct arena *a;
    str first; /* empty: none yet */
};

static inline str ir_shown(str s)
{
    return str_slice(s, 0, IR_EQUAL_SHOWN);
}

static inline void ir_str(struct ir_diff *d, const char *what, size_t i, str want, str got)
{
    if (d->first.n > 0 || str_eq(want, got))
        return;
    size_t at = 0;
    while (at < want.n && at < got.n && want.p[at] == got.p[at])
        at++;
    at = at > 10 ? at - 10 : 0;
    str w = ir_shown(str_skip(want, at));
    str g = ir_shown(str_skip(got, at));
    d->first = arena_printf(d->a, "%s[%zu] at byte %zu: want \"%.*s\", got \"%.*s\"", what, i, at,
                            STR_ARG(w), STR_ARG(g));
}

static inline void ir_int(struct ir_diff *d, const char *what, size_t i, long long want,
                          long long got)
{
    if (d->first.n == 0 && want != got)
        d->first = arena_printf(d->a, "%s[%zu]: want %lld, got %lld", what, i, want, got);
}

static inline str ir_text(struct arena *a, const struct json *v)
{
    if (!v)
        return S("(absent)");
    struct buf b;
    buf_init(&b, SIZE_MAX);
    json_put(&b, v);
    str text = arena_str(a, buf_str(&b));
    buf_fini(&b);
    return text;
}

/* ---- JSON ---- */

static inline const struct json *ir_member(const struct json *object, str key)
{
    for (struct json_iter it = json_iter(object); json_iter_next(&it);) {
        if (str_eq(it.key, key))
            return it.value;
    }
    return NULL;
}

static inline void ir_json_at(struct ir_diff *d, str path, const struct json *want,
                              const struct json *got);

static inline void ir_json_children(struct ir_diff *d, str path, const struct json *want,
                                    const struct json *got)
{
    bool is_object = json_type(want) == JSON_OBJECT;
    struct json_iter of_got = json_iter(got);
    size_t i = 0;
    for (struct json_iter it = json_iter(want); json_iter_next(&it) && d->first.n == 0; i++) {
        const struct json *other = NULL;
        if (is_object)
            other = ir_member(got, it.key);
        else if (json_iter_next(&of_got))
            other = of_got.value;
        str inner = is_object
                        ? arena_printf(d->a, STR_FMT "." STR_FMT, STR_ARG(path), STR_ARG(it.key))
                        : arena_printf(d->a, STR_FMT "[%zu]", STR_ARG(path), i);
        ir_json_at(d, inner, it.value, other);
    }
    if (!is_object)
        return;
    for (struct json_iter it = json_iter(got); json_iter_next(&it) && d->first.n == 0;) {
        if (!ir_member(want, it.key))
            d->first = arena_printf(d->a, STR_FMT "." STR_FMT ": not wanted", STR_ARG(path),
                                    STR_ARG(it.key));
    }
}

static inline void ir_json_at(struct ir_diff *d, str path, const struct json *want,
                              const struct json *got)
{
    if (d->first.n > 0 || (!want && !got))
        return;
    bool is_same = want && got && json_type(want) == json_type(got);
    bool has_children =
        is_same && (json_type(want) == JSON_OBJECT || json_type(want) == JSON_ARRAY);
    if (is_same && json_type(want) == JSON_STRING)
        is_same = str_eq(json_str(want), json_str(got));
    if (is_same && json_type(want) == JSON_NUMBER)
        is_same = str_eq(json_number(want), json_number(got));
    if (is_same && json_type(want) == JSON_ARRAY)
        is_same = json_count(want) == json_count(got);
    if (is_same && has_children)
        ir_json_children(d, path, want, got);
    if (!is_same) {
        str w = ir_shown(ir_text(d->a, want));
        str g = ir_shown(ir_text(d->a, got));
        d->first = arena_printf(d->a, STR_FMT ": want " STR_FMT ", got " STR_FMT, STR_ARG(path),
                                STR_ARG(w), STR_ARG(g));
    }
}

/* Members of objects in any order, numbers as they are written. */
static inline str json_difference(struct arena *a, const struct json *want, const struct json *got)
{
    struct ir_diff d = {.a = a};
    ir_json_at(&d, S("$"), want, got);
    return d.first;
}

static inline bool json_equal(const struct json *want, const struct json *got)
{
    struct arena a;
    arena_init(&a, 4096, (size_t)1 << 30);
    bool is_same = json_difference(&a, want, got).n == 0;
    arena_fini(&a);
    return is_same;
}

/* Arguments of calls: as JSON where both are, else as text. */
static inline void ir_args(struct ir_diff *d, size_t i, const struct tool_call *want,
                           const struct tool_call *got)
{
    str texts[2] = {want->args, got->args};
    const struct json *values[2] = {want->value, got->value};
    for (size_t k = 0; k < 2; k++) {
        size_t error_at = 0;
        str text = texts[k].n > 0 ? texts[k] : S("{}");
        if (!values[k] && json_read(d->a, text, &values[k], &error_at) != 0)
            values[k] = NULL;
    }
    if (!values[0] || !values[1]) {
        ir_str(d, "args", i, texts[0], texts[1]);
        return;
    }
    if (d->first.n == 0)
        ir_json_at(d, arena_printf(d->a, "args[%zu]", i), values[0], values[1]);
}

/* ---- answers ---- */

enum {
    IR_NO_IDS = 1 << 0,       /* ids of calls may differ */
    IR_NO_SEALS = 1 << 1,     /* signatures */
    IR_NO_REASONING = 1 << 2, /* thoughts */
    IR_NO_NOTES = 1 << 3,     /* annotations, logprobs */
    IR_NO_START = 1 << 4,     /* id, model, time */
    IR_IN_ORDER = 1 << 5,     /* the kinds of the blocks, too */
    IR_NO_USAGE = 1 << 6,
    IR_NO_OPAQUE = 1 << 8,  /* blocks that only their own dialect knows */
    IR_ZERO_USAGE = 1 << 7, /* counts that nobody knew may come back as zero */
};

struct ir_texts {
    struct arena *a;
    struct buf text, refusal, summary, thought, kinds;
};

static inline const char *ir_kind(enum block_kind kind)
{
    static const char *const names[] = {"text", "refusal", "media", "reasoning",
                                        "call", "result",  "opaque"};
    return names[kind];
}

static inline void ir_collect(struct ir_texts *t, const struct reply_choice *c)
{
    for (const struct block *b = c->blocks; b; b = b->next) {
        buf_printf(&t->kinds, "%s ", ir_kind(b->kind));
        if (b->kind == BLOCK_TEXT)
            buf_put(&t->text, b->text);
        if (b->kind == BLOCK_REFUSAL)
            buf_put(&t->refusal, b->text);
        if (b->kind != BLOCK_REASONING)
            continue;
        for (const struct reasoning_part *p = b->reasoning.parts; p; p = p->next)
            buf_put(p->is_summary ? &t->summary : &t->thought, p->text);
    }
}

static inline void ir_texts_init(struct ir_texts *t, const struct reply_choice *c)
{
    struct buf *all[] = {&t->text, &t->refusal, &t->summary, &t->thought, &t->kinds};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        buf_init(all[i], SIZE_MAX);
    ir_collect(t, c);
}

static inline void ir_texts_fini(struct ir_texts *t)
{
    struct buf *all[] = {&t->text, &t->refusal, &t->summary, &t->thought, &t->kinds};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        buf_fini(all[i]);
}

static inline void ir_compare_texts(struct ir_diff *d, const struct reply_choice *want,
                                    const struct reply_choice *got, unsigned flags)
{
    struct ir_texts w, g;
    ir_texts_init(&w, want);
    ir_texts_init(&g, got);
    ir_str(d, "text", want->index, buf_str(&w.text), buf_str(&g.text));
    ir_str(d, "refusal", want->index, buf_str(&w.refusal), buf_str(&g.refusal));
    if ((flags & IR_NO_REASONING) == 0) {
        ir_str(d, "summary", want->index, buf_str(&w.summary), buf_str(&g.summary));
        ir_str(d, "thought", want->index, buf_str(&w.thought), buf_str(&g.thought));
    }
    if ((flags & IR_IN_ORDER) != 0)
        ir_str(d, "kinds", want->index, buf_str(&w.kinds), buf_str(&g.kinds));
    ir_texts_fini(&w);
    ir_texts_fini(&g);
}

static inline const struct block *ir_next(const struct block *b, enum block_kind kind)
{
    while (b && b->kind != kind)
        b = b->next;
    return b;
}

static inline const struct block *ir_next_sealed(const struct block *b)
{
    while (b && seal_is_absent(&b->seal))
        b = b->next;
    return b;
}

static inline void ir_compare_calls(struct ir_diff *d, const struct block *want,
                                    const struct block *got, unsigned flags)
{
    want = ir_next(want, BLOCK_TOOL_CALL);
    got = ir_next(got, BLOCK_TOOL_CALL);
    size_t i = 0;
    for (; want && got; i++) {
        ir_int(d, "call kind", i, want->call.kind, got->call.kind);
        ir_str(d, "call name", i, want->call.name, got->call.name);
        if ((flags & IR_NO_IDS) == 0)
            ir_str(d, "call id", i, want->call.id, got->call.id);
        ir_args(d, i, &want->call, &got->call);
        want = ir_next(want->next, BLOCK_TOOL_CALL);
        got = ir_next(got->next, BLOCK_TOOL_CALL);
    }
    ir_int(d, "one more call", i, want != NULL, got != NULL);
}

static inline void ir_compare_media(struct ir_diff *d, const struct block *want,
                                    const struct block *got)
{
    want = ir_next(want, BLOCK_MEDIA);
    got = ir_next(got, BLOCK_MEDIA);
    size_t i = 0;
    for (; want && got; i++) {
        ir_int(d, "media source", i, want->media.source, got->media.source);
        ir_str(d, "media", i, want->media.bytes, got->media.bytes);
        ir_str(d, "caption", i, want->text, got->text);
        want = ir_next(want->next, BLOCK_MEDIA);
        got = ir_next(got->next, BLOCK_MEDIA);
    }
    ir_int(d, "one more medium", i, want != NULL, got != NULL);
}

static inline void ir_compare_seals(struct ir_diff *d, const struct block *want,
                                    const struct block *got)
{
    want = ir_next_sealed(want);
    got = ir_next_sealed(got);
    size_t i = 0;
    for (; want && got; i++) {
        ir_int(d, "seal kind", i, want->seal.kind, got->seal.kind);
        ir_str(d, "seal", i, want->seal.value, got->seal.value);
        want = ir_next_sealed(want->next);
        got = ir_next_sealed(got->next);
    }
    ir_int(d, "one more seal", i, want != NULL, got != NULL);
}

static inline size_t ir_annotations(const struct block *list)
{
    size_t n = 0;
    for (const struct block *b = list; b; b = b->next) {
        for (const struct annotation *at = b->annotations; at; at = at->next)
            n++;
    }
    return n;
}

static inline size_t ir_opaques(const struct block *list)
{
    size_t n = 0;
    for (const struct block *b = list; b; b = b->next)
        n += b->kind == BLOCK_OPAQUE;
    return n;
}

static inline void ir_compare_choice(struct ir_diff *d, const struct reply_choice *want,
                                     const struct reply_choice *got, unsigned flags)
{
    ir_int(d, "index", want->index, want->index, got->index);
    ir_compare_texts(d, want, got, flags);
    ir_compare_calls(d, want->blocks, got->blocks, flags);
    ir_compare_media(d, want->blocks, got->blocks);
    if ((flags & IR_NO_SEALS) == 0)
        ir_compare_seals(d, want->blocks, got->blocks);
    if ((flags & IR_NO_NOTES) == 0)
        ir_int(d, "annotations", want->index, (long long)ir_annotations(want->blocks),
               (long long)ir_annotations(got->blocks));
    if ((flags & IR_NO_OPAQUE) == 0)
        ir_int(d, "opaque blocks", want->index, (long long)ir_opaques(want->blocks),
               (long long)ir_opaques(got->blocks));
    ir_int(d, "finish", want->index, want->finish.reason, got->finish.reason);
    ir_str(d, "stop sequence", want->index, want->finish.stop_sequence, got->finish.stop_sequence);
}

static inline void ir_compare_usage(struct ir_diff *d, const struct usage *want,
                                    const struct usage *got, unsigned flags)
{
    static const char *const names[] = {
        "usage input",       "usage output",         "usage cached",         "usage reasoning",
        "usage cache write", "usage cache write 5m", "usage cache write 1h", "usage input audio",
        "usage input image", "usage input text",     "usage output audio",   "usage output image",
        "usage output text", "usage accepted",       "usage rejected",       "usage tool input",
        "usage searches",
    };
    _Static_assert(ARRAY_LEN(names) == USAGE_FIELDS, "every field has a name");
    const int64_t *w = (const int64_t *)want;
    const int64_t *g = (const int64_t *)got;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        bool is_zero = (flags & IR_ZERO_USAGE) != 0 && w[i] == -1 && g[i] == 0;
        ir_int(d, names[i], 0, w[i], is_zero ? w[i] : g[i]);
    }
}

static inline str reply_difference(struct arena *a, const struct reply *want,
                                   const struct reply *got, unsigned flags)
{
    struct ir_diff d = {.a = a};
    if ((flags & IR_NO_START) == 0) {
        ir_str(&d, "id", 0, want->start.id, got->start.id);
        ir_str(&d, "model", 0, want->start.model, got->start.model);
        ir_int(&d, "created", 0, want->start.created_s, got->start.created_s);
        ir_str(&d, "service tier", 0, want->start.service_tier, got->start.service_tier);
    }
    const struct reply_choice *w = want->choices;
    const struct reply_choice *g = got->choices;
    for (; w && g; w = w->next, g = g->next)
        ir_compare_choice(&d, w, g, flags);
    ir_int(&d, "one more choice", 0, w != NULL, g != NULL);
    if ((flags & IR_NO_USAGE) == 0)
        ir_compare_usage(&d, &want->usage, &got->usage, flags);
    return d.first;
}

/* ---- requests ---- */

static inline void ir_compare_blocks(struct ir_diff *d, const struct block *want,
                                     const struct block *got, unsigned depth);

static inline void ir_compare_block(struct ir_diff *d, const struct block *want,
                                    const struct block *got, unsigned depth)
{
    ir_int(d, "block kind", depth, want->kind, got->kind);
    ir_str(d, "text", depth, want->text, got->text);
    ir_str(d, "seal", depth, want->seal.value, got->seal.value);
    ir_int(d, "cache mark", depth, want->cache.is_set, got->cache.is_set);
    if (d->first.n > 0)
        return;
    if (want->kind == BLOCK_MEDIA) {
        ir_int(d, "media kind", depth, want->media.kind, got->media.kind);
        ir_int(d, "media source", depth, want->media.source, got->media.source);
        ir_str(d, "media", depth, want->media.bytes, got->media.bytes);
        ir_str(d, "mime", depth, want->media.mime, got->media.mime);
        ir_compare_blocks(d, want->media.blocks, got->media.blocks, depth + 1);
    }
    if (want->kind == BLOCK_REASONING)
        ir_str(d, "reasoning", depth, reasoning_text(d->a, &want->reasoning),
               reasoning_text(d->a, &got->reasoning));
    if (want->kind == BLOCK_TOOL_CALL) {
        ir_str(d, "call name", depth, want->call.name, got->call.name);
        ir_str(d, "call id", depth, want->call.id, got->call.id);
        ir_args(d, depth, &want->call, &got->call);
    }
    if (want->kind == BLOCK_TOOL_RESULT) {
        ir_str(d, "result id", depth, want->result.id, got->result.id);
        ir_compare_blocks(d, want->result.blocks, got->result.blocks, depth + 1);
    }
}

static inline void ir_compare_blocks(struct ir_diff *d, const struct block *want,
                                     const struct block *got, unsigned depth)
{
    for (; want && got && d->first.n == 0; want = want->next, got = got->next)
        ir_compare_block(d, want, got, depth);
    ir_int(d, "one more block", depth, want != NULL, got != NULL);
}

static inline void ir_compare_turns(struct ir_diff *d, const struct chat *want,
                                    const struct chat *got)
{
    const struct turn *w = want->turns;
    const struct turn *g = got->turns;
    for (size_t i = 0; w && g && d->first.n == 0; i++, w = w->next, g = g->next) {
        ir_int(d, "role", i, w->role, g->role);
        ir_str(d, "name", i, w->name, g->name);
        ir_compare_blocks(d, w->blocks, g->blocks, 0);
        if (d->first.n > 0)
            d->first = arena_printf(d->a, "turn %zu: " STR_FMT, i, STR_ARG(d->first));
    }
    ir_int(d, "one more turn", 0, w != NULL, g != NULL);
}

static inline void ir_compare_tools(struct ir_diff *d, const struct chat *want,
                                    const struct chat *got)
{
    const struct tool *w = want->tools;
    const struct tool *g = got->tools;
    for (size_t i = 0; w && g; i++, w = w->next, g = g->next) {
        ir_int(d, "tool kind", i, w->kind, g->kind);
        ir_str(d, "tool name", i, w->name, g->name);
        ir_str(d, "tool description", i, w->description, g->description);
        ir_int(d, "tool strict", i, w->strict, g->strict);
        ir_json_at(d, S("schema"), w->schema, g->schema);
    }
    ir_int(d, "one more tool", 0, w != NULL, g != NULL);
    ir_int(d, "tool choice", 0, want->choice.mode, got->choice.mode);
    ir_int(d, "parallel", 0, want->parallel, got->parallel);
}

static inline void ir_compare_settings(struct ir_diff *d, const struct chat *want,
                                       const struct chat *got)
{
    const struct sampling *w = &want->sampling;
    const struct sampling *g = &got->sampling;
    ir_str(d, "temperature", 0, w->temperature, g->temperature);
    ir_str(d, "top_p", 0, w->top_p, g->top_p);
    ir_str(d, "top_k", 0, w->top_k, g->top_k);
    ir_str(d, "frequency_penalty", 0, w->frequency_penalty, g->frequency_penalty);
    ir_str(d, "presence_penalty", 0, w->presence_penalty, g->presence_penalty);
    ir_str(d, "seed", 0, w->seed, g->seed);
    ir_int(d, "n", 0, w->n, g->n);
    ir_str(d, "max_output", 0, want->max_output, got->max_output);
    ir_int(d, "stop", 0, (long long)want->n_stop, (long long)got->n_stop);
    for (size_t i = 0; i < want->n_stop && i < got->n_stop; i++)
        ir_str(d, "stop", i, want->stop[i], got->stop[i]);
    ir_int(d, "effort", 0, want->reasoning.effort, got->reasoning.effort);
    ir_int(d, "thinking", 0, want->reasoning.thinking, got->reasoning.thinking);
    ir_int(d, "format", 0, want->output.format, got->output.format);
    ir_json_at(d, S("output schema"), want->output.schema, got->output.schema);
    ir_str(d, "user", 0, want->user, got->user);
}

static inline str chat_difference(struct arena *a, const struct chat *want, const struct chat *got)
{
    struct ir_diff d = {.a = a};
    ir_str(&d, "model", 0, want->model, got->model);
    ir_int(&d, "stream", 0, want->is_stream, got->is_stream);
    ir_compare_blocks(&d, want->instructions, got->instructions, 0);
    ir_compare_turns(&d, want, got);
    ir_compare_tools(&d, want, got);
    ir_compare_settings(&d, want, got);
    return d.first;
}
