/* Cohere's streams, written. Content and tool calls are numbered apart, each from 0, citations as
 * well. What ended the answer and its usage stand in one event, the last: the end waits for the
 * usage. An error is a message-end of its own kind, with nothing behind it. */
#include "llm/dialect_cohere.h"

#include "llm/carry.h"

#define EVENT_MAX (64u << 20) /* bytes of one event */

struct out {
    const char *member; /* of the open block in content: text or thinking; NULL: none */
    bool is_plan, is_call, has_args, has_text;
    bool is_custom;             /* the call's arguments are free text */
    bool has_call, has_refusal; /* any */
    int64_t n_content, n_calls, n_citations;
    enum finish finish;
    struct usage usage;
    struct buf data;
};

static void free_data(void *obj)
{
    struct out *o = obj;
    buf_fini(&o->data);
}

static struct out *out_of(struct encoder *e)
{
    if (e->state)
        return e->state;
    struct out *o = arena_new(e->a, struct out);
    o->usage = USAGE_NONE;
    buf_init(&o->data, EVENT_MAX);
    arena_on_fini(e->a, free_data, o);
    e->state = o;
    return o;
}

/* {type, index, ...: index below 0 is left out. */
static struct json_writer begin(struct out *o, const char *type, int64_t index)
{
    buf_reset(&o->data);
    struct json_writer w = json_writer(&o->data);
    json_begin_object(&w, NULL);
    json_put_str(&w, "type", str_from_cz(type));
    if (index >= 0)
        json_put_int(&w, "index", index);
    return w;
}

/* ... delta: {message: { */
static void begin_message(struct json_writer *w)
{
    json_begin_object(w, "delta");
    json_begin_object(w, "message");
}

static void put_event(struct encoder *e, struct out *o, struct json_writer *w, const char *type)
{
    while (w->depth > 0)
        json_end_object(w);
    frames_put(FRAMING_SSE, e->out, str_from_cz(type), buf_str(&o->data));
}

static void write_message_start(struct encoder *e, struct out *o, const struct start *s)
{
    struct json_writer w = begin(o, "message-start", -1);
    json_put_str(&w, "id", s->id.n > 0 ? s->id : make_id(e->scratch, "", e->w.id_seed, 0));
    begin_message(&w);
    json_put_str(&w, "role", S("assistant"));
    json_put_raw(&w, "content", S("[]"));
    json_put_str(&w, "tool_plan", S(""));
    json_put_raw(&w, "tool_calls", S("[]"));
    json_put_raw(&w, "citations", S("[]"));
    put_event(e, o, &w, "message-start");
}

static void start_content(struct encoder *e, struct out *o, const char *member)
{
    o->member = member;
    struct json_writer w = begin(o, "content-start", o->n_content++);
    begin_message(&w);
    json_begin_object(&w, "content");
    json_put_str(&w, "type", str_from_cz(member));
    json_put_str(&w, member, S(""));
    put_event(e, o, &w, "content-start");
}

static void start_call(struct encoder *e, struct out *o, const struct block *b)
{
    struct block call = *b;
    call.call.args = S("");
    call.verbatim.first = NULL;
    o->is_call = true;
    o->is_custom = b->call.kind == TOOL_CUSTOM;
    o->has_call = true;
    struct json_writer w = begin(o, "tool-call-start", o->n_calls++);
    begin_message(&w);
    str id = b->call.id.n > 0 ? b->call.id
                              : make_id(e->scratch, "call_", e->w.id_seed, (unsigned)o->n_calls);
    cohere_put_call(&w, "tool_calls", &call, id, b->call.name);
    put_event(e, o, &w, "tool-call-start");
}

static void write_start(struct encoder *e, struct out *o, const struct block *b)
{
    o->member = NULL;
    o->is_plan = false;
    o->is_call = false;
    o->has_args = false;
    o->has_text = false;
    o->has_refusal |= b->kind == BLOCK_REFUSAL;
    if (cohere_is_plan(b))
        o->is_plan = true;
    else if (b->kind == BLOCK_TEXT || b->kind == BLOCK_REFUSAL)
        start_content(e, o, "text");
    else if (b->kind == BLOCK_REASONING && b->seal.kind != SEAL_REDACTED)
        start_content(e, o, "thinking");
    else if (b->kind == BLOCK_TOOL_CALL)
        start_call(e, o, b);
}

static void put_text(struct encoder *e, struct out *o, str text)
{
    struct json_writer w = begin(o, "content-delta", o->n_content - 1);
    begin_message(&w);
    json_begin_object(&w, "content");
    json_put_str(&w, o->member, text);
    put_event(e, o, &w, "content-delta");
}

static void put_plan(struct encoder *e, struct out *o, str text)
{
    struct json_writer w = begin(o, "tool-plan-delta", -1);
    begin_message(&w);
    json_put_str(&w, "tool_plan", text);
    put_event(e, o, &w, "tool-plan-delta");
}

static void put_args(struct encoder *e, struct out *o, str text)
{
    struct json_writer w = begin(o, "tool-call-delta", o->n_calls - 1);
    begin_message(&w);
    json_begin_object(&w, "tool_calls");
    json_begin_object(&w, "function");
    json_put_str(&w, "arguments", text);
    o->has_args = true;
    put_event(e, o, &w, "tool-call-delta");
}

static void write_delta(struct encoder *e, struct out *o, enum delta_kind kind, str text)
{
    if (kind == DELTA_PART && o->has_text && o->member)
        put_text(e, o, S("\n\n"));
    if (text.n == 0)
        return;
    if (kind == DELTA_ARGS && o->is_call && o->is_custom)
        text = free_text_piece(e->scratch, text, !o->has_args);
    if (kind == DELTA_ARGS && o->is_call)
        put_args(e, o, text);
    else if (kind == DELTA_TEXT && o->is_plan)
        put_plan(e, o, text);
    else if (kind == DELTA_TEXT && o->member)
        put_text(e, o, text);
    o->has_text = o->has_text || kind == DELTA_TEXT;
}

static void write_annotation(struct encoder *e, struct out *o, const struct annotation *a)
{
    if (!o->member && !o->is_plan)
        return;
    struct json_writer w = begin(o, "citation-start", o->n_citations);
    begin_message(&w);
    cohere_put_citation(&w, "citations", a, o->member ? o->n_content - 1 : -1);
    put_event(e, o, &w, "citation-start");
    w = begin(o, "citation-end", o->n_citations++);
    put_event(e, o, &w, "citation-end");
}

static void write_stop(struct encoder *e, struct out *o)
{
    if (o->is_call && !o->has_args)
        put_args(e, o, S("{}"));
    else if (o->is_call && o->is_custom)
        put_args(e, o, S(FREE_TEXT_END));
    if (o->member || o->is_call) {
        const char *type = o->member ? "content-end" : "tool-call-end";
        struct json_writer w = begin(o, type, (o->member ? o->n_content : o->n_calls) - 1);
        put_event(e, o, &w, type);
    }
    o->member = NULL;
    o->is_plan = false;
    o->is_call = false;
}

static void write_end(struct encoder *e, struct out *o)
{
    struct json_writer w = begin(o, "message-end", -1);
    json_begin_object(&w, "delta");
    enum finish f = finish_settle(o->finish, o->has_call);
    json_put_str(&w, "finish_reason", cohere_finish_name(f, o->has_refusal));
    if (usage_is_known(&o->usage))
        cohere_put_usage(&w, &o->usage);
    put_event(e, o, &w, "message-end");
    frames_put(FRAMING_SSE, e->out, S_EMPTY, S("[DONE]"));
}

static void write_error(struct encoder *e, struct out *o, const struct failure *f)
{
    struct json_writer w = begin(o, "message-end", -1);
    json_begin_object(&w, "delta");
    json_put_str(&w, "finish_reason", f->class == FAILURE_TIMEOUT ? S("TIMEOUT") : S("ERROR"));
    json_put_str(&w, "error", f->message);
    if (f->gateway.n > 0)
        json_put_raw(&w, "gateway", f->gateway);
    put_event(e, o, &w, "message-end");
}

int cohere_write_event(struct encoder *e, const struct event *ev)
{
    struct out *o = out_of(e);
    if (ev->choice > 0) /* there is one answer */
        return 0;
    switch (ev->kind) {
    case EV_START:
        write_message_start(e, o, &ev->start);
        break;
    case EV_BLOCK_START:
        write_start(e, o, ev->content);
        break;
    case EV_DELTA:
        write_delta(e, o, ev->delta.kind, ev->delta.text);
        break;
    case EV_ANNOTATION:
        write_annotation(e, o, ev->annotation);
        break;
    case EV_BLOCK_STOP:
        write_stop(e, o);
        break;
    case EV_USAGE:
        usage_update(&o->usage, &ev->usage);
        break;
    case EV_FINISH:
        o->finish = ev->finish.reason;
        break;
    case EV_ERROR:
        write_error(e, o, &ev->failure);
        break;
    case EV_END:
        write_end(e, o);
        break;
    case EV_LOGPROBS:
    case EV_PING:
    case EV_NOTICE:
        break;
    }
    return buf_is_ok(&o->data) && buf_is_ok(e->out) ? 0 : -E_PROVIDER_TOO_LARGE;
}
