/* Streams of the Anthropic dialect, written.
 *
 * One block is open at a time: a stage before this one sees to it (llm/serial.h). A block of text
 * or of thoughts begins with its first piece and not before, so that an empty one, which the client
 * would send back and be refused for, never shows. Thoughts end with their proof; a proof without
 * any thought is a redacted block. A server tool's call, whose input is known at its end only, is
 * told there.
 *
 * The stop reason and the usage go out together in message_delta, whatever order they came in: they
 * are kept until the end. message_start says 0 for what is not known yet; clients take the last
 * count of each. The content blocks are those of the first choice, since there is no other here. */
#include "llm/dialect_anthropic.h"

#include "llm/carry.h"
#include "llm/seal.h"

#define HELD_MAX    (1u << 20) /* bytes of a proof */
#define DETAILS_MAX 4096       /* bytes of stop_details */

enum phase { CLOSED, WAITING /* begun, not shown */, SHOWN, SKIPPED };

struct out {
    enum phase phase;
    enum block_kind kind;
    unsigned number;  /* the events' */
    unsigned index;   /* the client's next one */
    bool is_redacted; /* thoughts that have none but their proof, so far */
    bool has_input;   /* of an opaque block: said with its beginning; of a call: some of it */
    bool is_custom;   /* a call's input is free text */
    bool has_calls;
    struct buf held; /* proof */
    struct usage usage;
    struct finishing finish;
    str details; /* raw stop_details */
    struct json_writer json;
};

static void release(void *arg)
{
    struct out *o = arg;
    buf_fini(&o->held);
}

static struct out *out_of(struct encoder *e)
{
    if (!e->state) {
        struct out *made = arena_new(e->a, struct out);
        made->usage = USAGE_NONE;
        buf_init(&made->held, HELD_MAX);
        arena_on_fini(e->a, release, made);
        e->state = made;
    }
    return e->state;
}

/* ---- framing ---- */

/* "event: type" and the beginning of its data, an object with the type and, unless it is negative,
 * an index. */
static struct json_writer *begin(struct encoder *e, const char *type, int64_t index)
{
    struct out *o = e->state;
    buf_put(e->out, S("event: "));
    buf_put(e->out, str_from_cz(type));
    buf_put(e->out, S("\ndata: "));
    o->json = json_writer(e->out);
    json_begin_object(&o->json, NULL);
    json_put_str(&o->json, "type", str_from_cz(type));
    if (index >= 0)
        json_put_int(&o->json, "index", index);
    return &o->json;
}

static void end(struct encoder *e)
{
    struct out *o = e->state;
    json_end_object(&o->json);
    buf_put(e->out, S("\n\n"));
}

static struct json_writer *begin_content(struct encoder *e, const char *type)
{
    struct out *o = e->state;
    struct json_writer *w = begin(e, "content_block_start", o->index);
    json_begin_object(w, "content_block");
    json_put_str(w, "type", str_from_cz(type));
    return w;
}

static void end_content(struct encoder *e)
{
    struct out *o = e->state;
    json_end_object(&o->json);
    end(e);
    o->phase = SHOWN;
}

static void put_delta(struct encoder *e, const char *type, const char *name, str text)
{
    struct out *o = e->state;
    struct json_writer *w = begin(e, "content_block_delta", o->index);
    json_begin_object(w, "delta");
    json_put_str(w, "type", str_from_cz(type));
    json_put_str(w, name, text);
    json_end_object(w);
    end(e);
}

/* ---- beginnings ---- */

static void message_start(struct encoder *e, const struct start *start)
{
    str id = start->id.n > 0 ? start->id : make_id(e->scratch, "msg_", e->w.id_seed, 0);
    struct json_writer *w = begin(e, "message_start", -1);
    json_begin_object(w, "message");
    json_put_str(w, "id", id);
    json_put_str(w, "type", S("message"));
    json_put_str(w, "role", S("assistant"));
    json_put_str(w, "model", e->w.model.n > 0 ? e->w.model : start->model);
    json_begin_array(w, "content");
    json_end_array(w);
    json_put_null(w, "stop_reason");
    json_put_null(w, "stop_sequence");
    json_begin_object(w, "usage");
    json_put_int(w, "input_tokens", 0);
    json_put_int(w, "output_tokens", 0);
    json_end_object(w);
    json_end_object(w);
    end(e);
}

static void show_text(struct encoder *e)
{
    json_put_str(begin_content(e, "text"), "text", S_EMPTY);
    end_content(e);
}

static void show_thinking(struct encoder *e)
{
    struct json_writer *w = begin_content(e, "thinking");
    json_put_str(w, "thinking", S_EMPTY);
    json_put_str(w, "signature", S_EMPTY);
    end_content(e);
}

static void show_redacted(struct encoder *e, str data)
{
    json_put_str(begin_content(e, "redacted_thinking"), "data", data);
    end_content(e);
}

static void stop_content(struct encoder *e)
{
    struct out *o = e->state;
    (void)begin(e, "content_block_stop", o->index);
    end(e);
    o->index++;
}

/* A call has no place for its signature: a thought of its own has. */
static void show_call_seal(struct encoder *e, const struct seal *seal)
{
    str proof = seal_wrap_call(e->scratch, seal);
    if (proof.n == 0)
        return;
    show_redacted(e, proof);
    stop_content(e);
}

static void show_call(struct encoder *e, const struct block *b)
{
    struct out *o = e->state;
    str id = b->call.id;
    if (id.n == 0)
        id = make_id(e->scratch, "call_", e->w.id_seed, o->index);
    struct json_writer *w = begin_content(e, "tool_use");
    json_put_str(w, "id", id);
    json_put_str(w, "name", b->call.name);
    json_put_raw(w, "input", S("{}"));
    anthropic_put_rest(w, b);
    end_content(e);
    o->has_calls = true;
}

static void put_input(struct encoder *e, const struct json *input)
{
    struct out *o = e->state;
    if (json_count(input) == 0 || o->has_input)
        return;
    o->has_input = true;
    put_delta(e, "input_json_delta", "partial_json", json_text(e->scratch, input));
}

/* As it came, the input apart: readers gather that from deltas. */
static void show_opaque(struct encoder *e, const struct block *b)
{
    struct out *o = e->state;
    const struct json *input = json_get(b->raw, "input");
    bool is_apart = input && json_type(input) == JSON_OBJECT;
    struct json_writer *w = begin(e, "content_block_start", o->index);
    json_begin_object(w, "content_block");
    for (struct json_iter it = json_iter(b->raw); json_iter_next(&it);) {
        if (is_apart && it.value == input)
            json_put_raw(w, "input", S("{}"));
        else
            json_put_member(w, it.key, it.value);
    }
    end_content(e);
    if (is_apart)
        put_input(e, input);
}

static void hold(struct out *o, str proof)
{
    buf_reset(&o->held);
    buf_put(&o->held, proof);
    if (!buf_is_ok(&o->held))
        buf_reset(&o->held);
}

static void begin_block(struct encoder *e, const struct event *ev)
{
    struct out *o = e->state;
    const struct block *b = ev->content;
    o->phase = WAITING;
    o->kind = b->kind;
    o->number = ev->block;
    o->has_input = false;
    o->is_custom = b->kind == BLOCK_TOOL_CALL && b->call.kind == TOOL_CUSTOM;
    o->is_redacted = b->seal.kind == SEAL_REDACTED;
    hold(o, anthropic_seal_text(e->scratch, &b->seal));
    if (b->kind == BLOCK_TOOL_CALL) {
        show_call_seal(e, &b->seal);
        show_call(e, b);
    }
    if (b->kind != BLOCK_OPAQUE)
        return;
    if (b->extras.origin == DIALECT_ANTHROPIC && b->raw) {
        show_opaque(e, b);
        return;
    }
    o->phase = SKIPPED;
    loss_add(e->w.loss, LOSS_DROPPED, S("content"));
}

/* ---- what a block is made of ---- */

static void put_text(struct encoder *e, str text)
{
    struct out *o = e->state;
    if (text.n == 0)
        return;
    if (o->phase == WAITING)
        show_text(e);
    put_delta(e, "text_delta", "text", text);
}

static void put_thought(struct encoder *e, str text)
{
    struct out *o = e->state;
    if (text.n == 0)
        return;
    if (o->phase == WAITING)
        show_thinking(e);
    o->is_redacted = false;
    put_delta(e, "thinking_delta", "thinking", text);
}

static void put_args(struct encoder *e, str text)
{
    struct out *o = e->state;
    if (text.n == 0)
        return;
    if (o->is_custom)
        text = free_text_piece(e->scratch, text, !o->has_input);
    o->has_input = true;
    put_delta(e, "input_json_delta", "partial_json", text);
}

static void grow_block(struct encoder *e, const struct event *ev)
{
    struct out *o = e->state;
    bool is_text = o->kind == BLOCK_TEXT || o->kind == BLOCK_REFUSAL;
    switch (ev->delta.kind) {
    case DELTA_TEXT:
        if (o->kind == BLOCK_REASONING)
            put_thought(e, ev->delta.text);
        else if (is_text)
            put_text(e, ev->delta.text);
        return;
    case DELTA_PART:
        if (o->kind == BLOCK_REASONING && o->phase == SHOWN)
            put_thought(e, S("\n\n"));
        return;
    case DELTA_ARGS:
        if (o->kind == BLOCK_TOOL_CALL)
            put_args(e, ev->delta.text);
        return;
    case DELTA_CAPTION:
        if (o->kind == BLOCK_MEDIA)
            put_text(e, ev->delta.text);
        return;
    case DELTA_MEDIA:
        return;
    }
}

/* Citations of other providers have no form here. */
static void put_citation(struct encoder *e, const struct annotation *n)
{
    struct out *o = e->state;
    if (!n || n->origin != DIALECT_ANTHROPIC || !n->raw || o->kind != BLOCK_TEXT) {
        loss_add(e->w.loss, LOSS_DROPPED, S("content.citations"));
        return;
    }
    if (o->phase == WAITING)
        show_text(e);
    struct json_writer *w = begin(e, "content_block_delta", o->index);
    json_begin_object(w, "delta");
    json_put_str(w, "type", S("citations_delta"));
    json_put_value(w, "citation", n->raw);
    json_end_object(w);
    end(e);
}

/* ---- ends ---- */

static void end_thoughts(struct encoder *e)
{
    struct out *o = e->state;
    str proof = buf_str(&o->held);
    if (o->phase == WAITING && proof.n == 0)
        return;
    if (o->phase == WAITING && o->is_redacted) {
        show_redacted(e, proof);
        return;
    }
    if (o->phase == WAITING)
        show_thinking(e);
    if (proof.n == 0 && e->w.family != FAMILY_ANTHROPIC)
        proof = S(SEAL_ABSENT);
    if (proof.n > 0)
        put_delta(e, "signature_delta", "signature", proof);
}

/* A block that was made smaller than it began, or whose members came at the end. */
static void end_opaque(struct encoder *e, const struct block *last)
{
    struct out *o = e->state;
    if (!last || !last->raw || o->phase != SHOWN)
        return;
    put_input(e, json_get(last->raw, "input"));
    if (!str_eq(json_str(json_get(last->raw, "type")), S("compaction")))
        return;
    struct json_writer *w = begin(e, "content_block_delta", o->index);
    json_begin_object(w, "delta");
    json_put_str(w, "type", S("compaction_delta"));
    for (struct json_iter it = json_iter(last->raw); json_iter_next(&it);) {
        if (!str_eq(it.key, S("type")))
            json_put_member(w, it.key, it.value);
    }
    json_end_object(w);
    end(e);
}

static void end_block(struct encoder *e, const struct block *last)
{
    struct out *o = e->state;
    if (last && last->seal.kind != SEAL_NONE && o->kind == BLOCK_REASONING) {
        hold(o, anthropic_seal_text(e->scratch, &last->seal));
        o->is_redacted = last->seal.kind == SEAL_REDACTED;
    }
    if (o->kind == BLOCK_REASONING)
        end_thoughts(e);
    if (o->kind == BLOCK_OPAQUE)
        end_opaque(e, last);
    if (o->phase == SHOWN && o->is_custom && o->has_input)
        put_delta(e, "input_json_delta", "partial_json", S(FREE_TEXT_END));
    if (o->phase == SHOWN)
        stop_content(e);
    if (last && o->kind == BLOCK_TOOL_CALL)
        show_call_seal(e, &last->seal);
    o->phase = CLOSED;
    buf_reset(&o->held);
}

/* The details of Anthropic's own answers go out as they came. */
static void note_finish(struct encoder *e, const struct finishing *f)
{
    struct out *o = e->state;
    if (f->details && e->w.family == FAMILY_ANTHROPIC) {
        str details = json_text(e->scratch, f->details);
        o->details = details.n <= DETAILS_MAX ? arena_str(e->a, details) : S_EMPTY;
    }
    o->finish =
        (struct finishing){.reason = f->reason,
                           .native = arena_str(e->a, str_slice(f->native, 0, 256)),
                           .stop_sequence = arena_str(e->a, str_slice(f->stop_sequence, 0, 4096)),
                           .message = arena_str(e->a, str_slice(f->message, 0, 4096))};
}

static void message_end(struct encoder *e)
{
    struct out *o = e->state;
    struct json_writer *w = begin(e, "message_delta", -1);
    json_begin_object(w, "delta");
    json_put_str(w, "stop_reason", anthropic_stop_name(&e->w, &o->finish, o->has_calls));
    if (o->finish.stop_sequence.n > 0)
        json_put_str(w, "stop_sequence", o->finish.stop_sequence);
    else
        json_put_null(w, "stop_sequence");
    if (o->details.n > 0)
        json_put_raw(w, "stop_details", o->details);
    else
        anthropic_put_refusal(w, &o->finish);
    json_end_object(w);
    json_begin_object(w, "usage");
    anthropic_usage_put(w, &o->usage);
    json_end_object(w);
    end(e);
    (void)begin(e, "message_stop", -1);
    end(e);
}

static void put_ping(struct encoder *e)
{
    (void)begin(e, "ping", -1);
    end(e);
}

static void put_error(struct encoder *e, const struct failure *f)
{
    struct buf body;
    buf_init(&body, 1u << 20);
    dialect_anthropic.write_error(f, &body);
    frames_put(FRAMING_SSE, e->out, S("error"), buf_str(&body));
    buf_fini(&body);
}

/* ---- dispatch ---- */

static void block_event(struct encoder *e, const struct event *ev)
{
    struct out *o = e->state;
    if (ev->kind == EV_BLOCK_START) {
        if (o->phase != CLOSED)
            end_block(e, NULL);
        if (ev->content)
            begin_block(e, ev);
        return;
    }
    if (o->phase == CLOSED || o->number != ev->block)
        return;
    if (ev->kind == EV_BLOCK_STOP)
        end_block(e, ev->content);
    else if (ev->kind == EV_DELTA && o->phase != SKIPPED)
        grow_block(e, ev);
    else if (ev->kind == EV_ANNOTATION)
        put_citation(e, ev->annotation);
}

int anthropic_write_event(struct encoder *e, const struct event *ev)
{
    struct out *o = out_of(e);
    switch (ev->kind) {
    case EV_START:
        message_start(e, &ev->start);
        break;
    case EV_BLOCK_START:
    case EV_DELTA:
    case EV_ANNOTATION:
    case EV_LOGPROBS:
    case EV_BLOCK_STOP:
        if (ev->choice == 0)
            block_event(e, ev);
        break;
    case EV_USAGE:
        usage_update(&o->usage, &ev->usage);
        break;
    case EV_FINISH:
        if (ev->choice == 0)
            note_finish(e, &ev->finish);
        break;
    case EV_PING:
        put_ping(e);
        break;
    case EV_NOTICE:
        break;
    case EV_ERROR:
        put_error(e, &ev->failure);
        break;
    case EV_END:
        if (o->phase != CLOSED)
            end_block(e, NULL);
        message_end(e);
        break;
    }
    return 0;
}
