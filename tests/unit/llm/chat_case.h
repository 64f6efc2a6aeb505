/* Cases of OpenAI's chat dialect and its relatives, in one line each: JSON is written with ' for ",
 * requests come out as the body for the provider with the losses behind it, streams as one line an
 * event. */
#pragma once

#include <string.h>

#include "llm/dialect_pipe.h"
#include "tap.h"

struct chat_case {
    struct pipe *p;
    struct capability can; /* of the model written for */
    str provider;
};

static inline void case_init(struct chat_case *k)
{
    k->p = pipe_new(dialect_get(DIALECT_CHAT), NULL, NULL);
    k->can = (struct capability){.pattern = "*",
                                 .efforts = UINT32_MAX,
                                 .thinking = UINT32_MAX,
                                 .choices = UINT32_MAX,
                                 .max_output = -1,
                                 .can = CAN_PREFILL | CAN_MID_SYSTEM | CAN_JSON_SCHEMA |
                                        CAN_IMAGE_URL | CAN_PARALLEL_OFF | CAN_STOP |
                                        CAN_STRICT_TOOLS | CAN_NOT_STREAM_USAGE};
    k->provider = S("p1");
}

static inline void case_fini(struct chat_case *k)
{
    pipe_free(k->p);
}

/* JSON with ' for ". */
static inline str case_json(struct chat_case *k, const char *text)
{
    char *copy = arena_cz(&k->p->a, str_from_cz(text));
    for (char *at = copy; *at != '\0'; at++) {
        if (*at == '\'')
            *at = '"';
    }
    return str_from_cz(copy);
}

/* And back. */
static inline str case_text(struct chat_case *k, str json)
{
    char *copy = arena_cz(&k->p->a, json);
    for (size_t i = 0; i < json.n; i++) {
        if (copy[i] == '"')
            copy[i] = '\'';
    }
    return str_of(copy, json.n);
}

/* A case's text as its name: on one line. */
static inline const char *case_name(struct chat_case *k, const char *text)
{
    char *copy = arena_cz(&k->p->a, str_from_cz(text));
    for (char *at = copy; *at != '\0'; at++) {
        if (*at == '\n')
            *at = ' ';
    }
    return copy;
}

/* "code param: message" of what went wrong. */
static inline str case_fault(struct chat_case *k, int rc)
{
    const struct err *e = &k->p->err;
    return arena_printf(&k->p->a, "%s " STR_FMT ": " STR_FMT, err_info(rc)->name, STR_ARG(e->param),
                        STR_ARG(e->message));
}

/* A request of `from` as one of `to`: the body, and " # losses" behind it. */
static inline str case_request(struct chat_case *k, enum dialect_id from, enum dialect_id to,
                               const char *body)
{
    struct chat *c = arena_new(&k->p->a, struct chat);
    struct buf out;
    k->p->err = (struct err){0};
    losses_init(&k->p->loss, &k->p->a);
    int rc = pipe_chat(k->p, dialect_get(from), case_json(k, body), c);
    if (rc != 0)
        return case_text(k, case_fault(k, rc));
    struct writing w = pipe_writing(k->p, dialect_get(to), NULL);
    w.model = S("m");
    w.can = &k->can;
    w.provider = k->provider;
    buf_init(&out, PIPE_MAX);
    rc = dialect_get(to)->codec->write_request(&w, c, &out);
    str text = rc != 0 ? case_fault(k, rc) : arena_str(&k->p->a, buf_str(&out));
    buf_fini(&out);
    str losses = losses_text(&k->p->loss, &k->p->a);
    if (losses.n > 0 && rc == 0)
        text = arena_concat(&k->p->a, (str[]){text, S(" # "), losses}, 3);
    return case_text(k, text);
}

/* ---- events as lines ---- */

struct case_log {
    struct buf out;
};

static inline void case_log_block(struct buf *out, const struct event *ev)
{
    static const char *const kinds[] = {"text", "refusal", "media", "thought",
                                        "call", "result",  "opaque"};
    const struct block *b = ev->content;
    buf_printf(out, "[%u.%u %s", ev->choice, ev->block, kinds[b->kind]);
    if (b->kind == BLOCK_TOOL_CALL)
        buf_printf(out, " " STR_FMT " " STR_FMT "%s", STR_ARG(b->call.id), STR_ARG(b->call.name),
                   b->call.kind == TOOL_CUSTOM ? " custom" : "");
    if (b->seal.kind != SEAL_NONE)
        buf_printf(out, " seal%d/%d=" STR_FMT, b->seal.kind, b->seal.family,
                   STR_ARG(b->seal.value));
}

static inline void case_log_usage(struct buf *out, const struct usage *u)
{
    buf_printf(out, "usage in=%lld out=%lld cached=%lld thought=%lld", (long long)u->input_tokens,
               (long long)u->output_tokens, (long long)u->cached_tokens,
               (long long)u->reasoning_tokens);
}

static inline void case_log_stop(struct buf *out, const struct event *ev)
{
    buf_printf(out, "]%u.%u", ev->choice, ev->block);
    if (ev->content && ev->content->seal.kind != SEAL_NONE)
        buf_printf(out, " seal%d/%d=" STR_FMT, ev->content->seal.kind, ev->content->seal.family,
                   STR_ARG(ev->content->seal.value));
}

static inline int case_log_put(void *arg, const struct event *ev)
{
    static const char *const deltas[] = {"", "part ", "args ", "media ", "caption "};
    struct buf *out = &((struct case_log *)arg)->out;
    switch (ev->kind) {
    case EV_START:
        buf_printf(out, "start " STR_FMT " " STR_FMT, STR_ARG(ev->start.id),
                   STR_ARG(ev->start.model));
        break;
    case EV_BLOCK_START:
        case_log_block(out, ev);
        break;
    case EV_DELTA:
        buf_printf(out, "+%u.%u %s" STR_FMT, ev->choice, ev->block, deltas[ev->delta.kind],
                   STR_ARG(ev->delta.text));
        break;
    case EV_ANNOTATION:
        buf_printf(out, "@%u.%u " STR_FMT, ev->choice, ev->block, STR_ARG(ev->annotation->url));
        break;
    case EV_LOGPROBS:
        buf_printf(out, "logprobs %zu", json_count(ev->logprobs));
        break;
    case EV_BLOCK_STOP:
        case_log_stop(out, ev);
        break;
    case EV_USAGE:
        case_log_usage(out, &ev->usage);
        break;
    case EV_FINISH:
        buf_printf(out, "finish %u %s", ev->choice, finish_name(ev->finish.reason));
        break;
    case EV_PING:
        buf_printf(out, "ping");
        break;
    case EV_NOTICE:
        buf_printf(out, "notice");
        break;
    case EV_ERROR:
        buf_printf(out, "error class=%d status=%d " STR_FMT, ev->failure.class, ev->failure.status,
                   STR_ARG(ev->failure.message));
        break;
    case EV_END:
        buf_printf(out, "end");
        break;
    }
    buf_put_char(out, '\n');
    return 0;
}

/* Payloads, one a line; "!" before one makes it an "error" event. The end of the bytes comes behind
 * the last. */
static inline str case_stream(struct chat_case *k, enum dialect_id from, const char *payloads)
{
    struct case_log log;
    struct arena scratch;
    arena_init(&scratch, 4096, PIPE_MAX);
    buf_init(&log.out, PIPE_MAX);
    k->p->err = (struct err){0};
    struct decoder d = {.a = &k->p->a,
                        .scratch = &scratch,
                        .err = &k->p->err,
                        .sink = {.put = case_log_put, .arg = &log}};
    str rest = case_json(k, payloads), line;
    int rc = 0;
    while (rc == 0 && rest.n > 0) {
        (void)str_cut(rest, '\n', &line, &rest);
        struct message m = {.data = line};
        if (line.p[0] == '!')
            m = (struct message){.type = S("error"), .data = str_skip(line, 1)};
        rc = dialect_get(from)->codec->read_message(&d, &m);
        arena_fini(&scratch);
    }
    if (rc == 0 && !d.has_ended)
        rc = dialect_get(from)->codec->read_message(&d, NULL);
    if (rc != 0)
        buf_printf(&log.out, "%s: " STR_FMT "\n", err_info(rc)->name, STR_ARG(k->p->err.message));
    str text = arena_str(&k->p->a, buf_str(&log.out));
    buf_fini(&log.out);
    arena_fini(&scratch);
    return case_text(k, text);
}

/* A chunk of chat with this delta; "\n" behind it. */
#define CHUNK(delta)                                                                               \
    "{'id':'c1','object':'chat.completion.chunk','created':1,'model':'m','choices':[{'index':0,"   \
    "'delta':" delta ",'finish_reason':null}]}\n"
#define FINISH(reason)                                                                             \
    "{'id':'c1','object':'chat.completion.chunk','created':1,'model':'m','choices':[{'index':0,"   \
    "'delta':{},'finish_reason':'" reason "'}]}\n"
#define DONE "[DONE]\n"

/* What a client of `to` gets when these payloads come from `from`. */
static inline str case_translate(struct chat_case *k, enum dialect_id from, enum dialect_id to,
                                 const char *payloads, const struct chat *asked)
{
    struct buf framed;
    buf_init(&framed, PIPE_MAX);
    str rest = case_json(k, payloads), line;
    while (rest.n > 0) {
        (void)str_cut(rest, '\n', &line, &rest);
        frames_put(FRAMING_SSE, &framed, S_EMPTY, line);
    }
    struct pipe *p = pipe_new(dialect_get(from), dialect_get(to), asked);
    p->encoder.w.model = S("m");
    pipe_stream(p, dialect_get(from), buf_str(&framed), (struct pipe_cut){0});
    str out = arena_str(&k->p->a, buf_str(&p->out));
    if (p->rc != 0)
        out = arena_printf(&k->p->a, STR_FMT "%s", STR_ARG(out), err_info(p->rc)->name);
    pipe_free(p);
    buf_fini(&framed);
    return case_text(k, out);
}
