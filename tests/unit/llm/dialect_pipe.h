/* Translation end to end in tests: the stages that the gateway puts between two dialects, without
 * the gateway. Bytes of one dialect in, an answer in the intermediate form or bytes of another
 * dialect out. */
#pragma once

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "llm/capability.h"
#include "llm/dialect.h"
#include "llm/ir_grammar.h"
#include "llm/reply.h"
#include "llm/restore.h"
#include "llm/serial.h"
#include "wire/frames.h"

#define PIPE_MAX ((size_t)64 << 20)

/* How the bytes of a stream arrive. */
struct pipe_cut {
    size_t first, step; /* sizes of the first read and of the others; 0: all at once */
};

struct pipe {
    struct arena a, scratch;
    struct err err;
    struct losses loss;
    struct ir_grammar before, behind; /* of what the decoder sent, of what the encoder got */
    struct restore restore;
    struct serial serial;
    struct fold fold;
    struct reply reply; /* what came, folded: when there is no writer */
    struct encoder encoder;
    const struct dialect *to;
    struct buf out; /* what the writer wrote */
    struct sink head;
    unsigned n_errors, n_ends;
    size_t n_messages;
    int rc;
};

static inline void pipe_tidy(struct pipe *p)
{
    arena_fini(&p->scratch);
}

static inline int pipe_write(void *arg, const struct event *ev)
{
    struct pipe *p = arg;
    return p->to->codec->write_event(&p->encoder, ev);
}

static inline int pipe_count(void *arg, const struct event *ev)
{
    struct pipe *p = arg;
    p->n_errors += ev->kind == EV_ERROR;
    p->n_ends += ev->kind == EV_END;
    struct sink next = ir_grammar_sink(&p->before);
    return sink_put(&next, ev);
}

static inline enum seal_family pipe_family(const struct dialect *d)
{
    if (d->id == DIALECT_ANTHROPIC)
        return FAMILY_ANTHROPIC;
    if (d->id == DIALECT_GEMINI)
        return FAMILY_GEMINI;
    return d->id == DIALECT_CHAT || d->id == DIALECT_RESPONSES ? FAMILY_OPENAI : FAMILY_OTHER;
}

/* Whom an answer is written for. */
static inline struct writing pipe_writing(struct pipe *p, const struct dialect *from,
                                          const struct chat *asked)
{
    return (struct writing){.a = &p->a,
                            .err = &p->err,
                            .loss = &p->loss,
                            .model = S("client/model"),
                            .asked = asked,
                            .family = pipe_family(from),
                            .id_seed = S("01JXXXXXXXXXXXXXXXXXXXXXXX"),
                            .now_s = 1700000000};
}

/* Stages from `from` to `to`; NULL: only folded. A pipe lies in its own arena. */
static inline struct pipe *pipe_new(const struct dialect *from, const struct dialect *to,
                                    const struct chat *asked)
{
    struct arena a;
    arena_init(&a, 4096, PIPE_MAX * 8);
    struct pipe *p = arena_new(&a, struct pipe);
    p->a = a;
    arena_init(&p->scratch, 4096, PIPE_MAX * 8);
    losses_init(&p->loss, &p->a);
    buf_init(&p->out, PIPE_MAX);
    fold_init(&p->fold, &p->a, &p->reply, PIPE_MAX);
    p->to = to;
    p->encoder = (struct encoder){.a = &p->a, .scratch = &p->scratch, .out = &p->out};
    p->encoder.w = pipe_writing(p, from, asked);
    struct sink next = to ? (struct sink){.put = pipe_write, .arg = p} : fold_sink(&p->fold);
    restore_init(&p->restore, &next, &p->scratch, PIPE_MAX);
    p->restore.asked = asked;
    p->restore.provider = S("provider");
    p->restore.model = S("model");
    p->restore.family = pipe_family(from);
    next = restore_sink(&p->restore);
    if (to && to->is_serial) {
        ir_grammar_init(&p->behind, &p->a, &next);
        p->behind.is_serial = true;
        next = ir_grammar_sink(&p->behind);
        serial_init(&p->serial, &p->a, &next, PIPE_MAX);
        next = serial_sink(&p->serial);
    }
    ir_grammar_init(&p->before, &p->a, &next);
    p->head = (struct sink){.put = pipe_count, .arg = p};
    return p;
}

static inline void pipe_free(struct pipe *p)
{
    if (p->to && p->to->is_serial)
        serial_fini(&p->serial);
    restore_fini(&p->restore);
    buf_fini(&p->out);
    arena_fini(&p->scratch);
    struct arena a = p->a;
    arena_fini(&a);
}

/* ---- streams ---- */

struct pipe_feed {
    struct pipe *p;
    struct decoder d;
    struct frames frames;
    struct buf held;
};

/* Takes whole messages out of `bytes`. */
static inline int pipe_messages(struct pipe_feed *f, const struct dialect *from, str *bytes)
{
    struct message m;
    const char *why = NULL;
    int rc = 0;
    while (rc == 0 && !f->d.has_ended) {
        int got = frames_next(from->framing, &f->p->scratch, bytes, &m, &why);
        if (got <= 0) {
            rc = got;
            break;
        }
        f->p->n_messages++;
        rc = from->codec->read_message(&f->d, &m);
        pipe_tidy(f->p);
    }
    return rc;
}

static inline int pipe_bytes(struct pipe_feed *f, const struct dialect *from, str bytes)
{
    int64_t whole = frames_feed(&f->frames, bytes);
    if (whole < 0)
        return (int)whole;
    buf_put(&f->held, str_slice(bytes, 0, (size_t)whole));
    int rc = 0;
    if (whole > 0) {
        str messages = buf_str(&f->held);
        rc = pipe_messages(f, from, &messages);
        buf_reset(&f->held);
    }
    buf_put(&f->held, str_skip(bytes, (size_t)whole));
    return rc;
}

/* The provider sends `stream`; p->rc is what came of it. */
static inline void pipe_stream(struct pipe *p, const struct dialect *from, str stream,
                               struct pipe_cut cut)
{
    struct pipe_feed f = {.p = p};
    f.d = (struct decoder){.a = &p->a, .scratch = &p->scratch, .err = &p->err, .sink = p->head};
    frames_init(&f.frames, from->framing);
    buf_init(&f.held, SIZE_MAX);
    size_t first = cut.step == 0 ? stream.n : cut.first;
    int rc = pipe_bytes(&f, from, str_slice(stream, 0, first));
    for (size_t at = first; at < stream.n && rc == 0 && cut.step > 0; at += cut.step)
        rc = pipe_bytes(&f, from, str_slice(stream, at, at + cut.step));
    str left = buf_str(&f.held);
    if (rc == 0 && !f.d.has_ended && left.n > 0)
        rc = pipe_messages(&f, from, &left);
    if (rc == 0 && !f.d.has_ended)
        rc = from->codec->read_message(&f.d, NULL);
    if (rc == 0 && !p->to)
        rc = fold_end(&p->fold);
    buf_fini(&f.held);
    p->rc = rc;
}

/* Cohere has no other word for an answer that was filtered or malformed than that of a failure. */
static inline bool pipe_says_failure(const struct dialect *to, str bytes)
{
    return to->id == DIALECT_COHERE &&
           str_find(bytes, S("\"finish_reason\":\"ERROR\"")) != STR_NONE;
}

/* ---- whole answers ---- */

static inline struct reading pipe_reading(struct pipe *p, const struct dialect *d, int code)
{
    return (struct reading){
        .a = &p->a, .err = &p->err, .origin = (uint8_t)d->id, .loss = &p->loss, .code = code};
}

/* Reads a whole answer, as it is. */
static inline int pipe_read(struct pipe *p, const struct dialect *from, str body, struct reply *out)
{
    const struct json *root = NULL;
    size_t error_at = 0;
    reply_init(out);
    if (json_read(&p->a, body, &root, &error_at) != 0)
        return -E_JSON;
    struct reading r = pipe_reading(p, from, -E_PROVIDER_BODY);
    return from->codec->read_reply(&r, root, out);
}

/* Reads a whole answer and plays it through the stages. */
static inline void pipe_reply(struct pipe *p, const struct dialect *from, str body)
{
    struct reply given;
    p->rc = pipe_read(p, from, body, &given);
    if (p->rc == 0)
        p->rc = reply_play(&given, &p->head);
    if (p->rc == 0 && !p->to)
        p->rc = fold_end(&p->fold);
}

/* Writes an answer as a whole one of `to`; S_EMPTY and p->rc when it fails. */
static inline str pipe_whole(struct pipe *p, const struct dialect *from, const struct dialect *to,
                             const struct reply *reply, const struct chat *asked)
{
    struct writing w = pipe_writing(p, from, asked);
    if (from == to)
        w.model = reply->start.model;
    struct buf out;
    buf_init(&out, PIPE_MAX);
    p->rc = to->codec->write_reply(&w, reply, &out);
    str whole = p->rc == 0 ? arena_str(&p->a, buf_str(&out)) : S_EMPTY;
    buf_fini(&out);
    return whole;
}

/* ---- requests ---- */

/* A body as a chat, with what the path says. */
static inline int pipe_chat(struct pipe *p, const struct dialect *from, str body, struct chat *out)
{
    const struct json *root = NULL;
    size_t error_at = 0;
    out->origin = (uint8_t)from->id;
    if (json_read(&p->a, body, &root, &error_at) != 0)
        return -E_JSON;
    struct reading r = pipe_reading(p, from, 0);
    return from->codec->read_request(&r, root, out);
}

/* A chat as a body of `to`; `own`: as a body like this one, which stands in the same dialect. */
static inline str pipe_request(struct pipe *p, const struct dialect *to, const struct chat *c,
                               str own)
{
    bool adds_usage = own.n == 0 || str_find(own, S("stream_options")) != STR_NONE;
    uint32_t bits = adds_usage ? 0 : CAN_NOT_STREAM_USAGE;
    struct capability can = capability_find(NULL, 0, (uint8_t)to->id, c->model, bits);
    struct writing w = pipe_writing(p, to, NULL);
    w.model = c->model;
    w.can = &can;
    w.provider = S("provider");
    if (str_find(own, S("bedrock-2023-05-31")) != STR_NONE)
        w.envelope = S("bedrock-2023-05-31");
    struct buf out;
    buf_init(&out, PIPE_MAX);
    p->rc = to->codec->write_request(&w, c, &out);
    str body = p->rc == 0 ? arena_str(&p->a, buf_str(&out)) : S_EMPTY;
    buf_fini(&out);
    return body;
}
