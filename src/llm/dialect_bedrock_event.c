/* ConverseStream, written: a frame per event.
 *
 * Text and reasoning have no contentBlockStart here, so a block is numbered when its first delta
 * comes, and one that never gets any is not there at all. Clients join the pieces of a call's input
 * and parse them: a call without any gets "{}". Usage waits for the end, where metadata has its
 * place. */
#include "llm/dialect_bedrock.h"

#include "llm/carry.h"
#include "llm/seal.h"
#include "wire/base64.h"

struct out {
    unsigned n_blocks; /* begun */
    bool is_open;      /* something of the present block has been written */
    bool has_call;
    bool has_text; /* reasoning: a part before this one */
    struct block_begun {
        enum block_kind kind;
        enum tool_kind tool;
        bool has_args;
        bool lacks_seal; /* thoughts that are to have one and have none so far */
    } begun;
    char held[3]; /* base64 that does not make whole bytes yet */
    unsigned n_held;
    struct usage usage;
    struct buf payload;
};

static void free_payload(void *obj)
{
    struct out *o = obj;
    buf_fini(&o->payload);
}

static struct out *out_of(struct encoder *e)
{
    if (e->state)
        return e->state;
    struct out *o = arena_new(e->a, struct out);
    o->usage = USAGE_NONE;
    buf_init(&o->payload, EVENT_STREAM_FRAME_MAX);
    arena_on_fini(e->a, free_payload, o);
    e->state = o;
    return o;
}

/* A frame's payload being written: {contentBlockIndex, ... */
static struct json_writer begin_payload(struct out *o, bool has_index)
{
    buf_reset(&o->payload);
    struct json_writer w = json_writer(&o->payload);
    json_begin_object(&w, NULL);
    if (has_index)
        json_put_int(&w, "contentBlockIndex", (int64_t)o->n_blocks - 1);
    return w;
}

static void put_frame(struct encoder *e, struct out *o, struct json_writer *w, const char *type)
{
    json_end_object(w);
    frames_put(FRAMING_EVENT_STREAM, e->out, str_from_cz(type), buf_str(&o->payload));
}

static void open_block(struct out *o)
{
    if (!o->is_open)
        o->n_blocks++;
    o->is_open = true;
}

static void start_call(struct encoder *e, struct out *o, const struct tool_call *call)
{
    open_block(o);
    o->has_call = true;
    struct json_writer w = begin_payload(o, true);
    json_begin_object(&w, "start");
    json_begin_object(&w, "toolUse");
    json_put_str(&w, "toolUseId",
                 call->id.n > 0 ? call->id
                                : make_id(e->scratch, "tooluse_", e->w.id_seed, o->n_blocks));
    json_put_str(&w, "name", call->name);
    json_end_object(&w);
    json_end_object(&w);
    put_frame(e, o, &w, "contentBlockStart");
}

static void start_image(struct encoder *e, struct out *o, str mime)
{
    open_block(o);
    struct json_writer w = begin_payload(o, true);
    json_begin_object(&w, "start");
    json_begin_object(&w, "image");
    json_put_str(&w, "format", str_skip(mime, sizeof "image/" - 1));
    json_end_object(&w);
    json_end_object(&w);
    put_frame(e, o, &w, "contentBlockStart");
}

/* delta: {<kind>: {<member>: text}}, or {<kind>: text} without a member. */
static void put_delta_frame(struct encoder *e, struct out *o, const char *kind, const char *member,
                            str text)
{
    open_block(o);
    struct json_writer w = begin_payload(o, true);
    json_begin_object(&w, "delta");
    if (member) {
        json_begin_object(&w, kind);
        json_put_str(&w, member, text);
        json_end_object(&w);
    } else {
        json_put_str(&w, kind, text);
    }
    json_end_object(&w);
    put_frame(e, o, &w, "contentBlockDelta");
}

static void put_seal(struct encoder *e, struct out *o, const struct seal *s)
{
    o->begun.lacks_seal = o->begun.lacks_seal && s->kind == SEAL_NONE;
    if (s->kind == SEAL_REDACTED)
        put_delta_frame(e, o, "reasoningContent", "redactedContent",
                        bedrock_seal_blob(e->scratch, s));
    else if (s->kind == SEAL_SIGNATURE)
        put_delta_frame(e, o, "reasoningContent", "signature", bedrock_seal_text(e->scratch, s));
}

static void stop_block(struct encoder *e, struct out *o)
{
    if (!o->is_open)
        return;
    struct json_writer w = begin_payload(o, true);
    put_frame(e, o, &w, "contentBlockStop");
    o->is_open = false;
}

/* A call has no place for its signature: a thought of its own has. */
static void put_call_seal(struct encoder *e, struct out *o, const struct seal *s)
{
    str proof = seal_wrap_call(e->scratch, s);
    if (proof.n == 0)
        return;
    put_delta_frame(e, o, "reasoningContent", "redactedContent", base64_encode(e->scratch, proof));
    stop_block(e, o);
}

static bool is_image(const struct block *b)
{
    return b->kind == BLOCK_MEDIA && b->media.source == MEDIA_BASE64 &&
           str_has_prefix(b->media.mime, S("image/"));
}

static void write_start(struct encoder *e, struct out *o, const struct block *b)
{
    o->is_open = false;
    o->has_text = false;
    o->n_held = 0;
    o->begun = (struct block_begun){.kind = b->kind};
    if (b->kind == BLOCK_TOOL_CALL) {
        o->begun.tool = b->call.kind;
        put_call_seal(e, o, &b->seal);
        start_call(e, o, &b->call);
    } else if (b->kind == BLOCK_REASONING) {
        o->begun.lacks_seal = b->extras.origin != DIALECT_BEDROCK;
        put_seal(e, o, &b->seal);
    } else if (is_image(b)) {
        start_image(e, o, b->media.mime);
    } else if (b->kind == BLOCK_MEDIA) {
        o->begun.kind = BLOCK_OPAQUE; /* no place for it in this stream */
    }
}

/* Pieces of base64 are blobs of their own here, so each must be of whole bytes. */
static void put_media(struct encoder *e, struct out *o, str base64)
{
    const str parts[] = {str_of(o->held, o->n_held), base64};
    str all = arena_concat(e->scratch, parts, ARRAY_LEN(parts));
    str whole = str_slice(all, 0, all.n - all.n % 4), rest = str_skip(all, whole.n);
    for (o->n_held = 0; o->n_held < rest.n; o->n_held++)
        o->held[o->n_held] = rest.p[o->n_held];
    if (whole.n == 0)
        return;
    struct json_writer w = begin_payload(o, true);
    json_begin_object(&w, "delta");
    json_begin_object(&w, "image");
    json_begin_object(&w, "source");
    json_put_str(&w, "bytes", whole);
    json_end_object(&w);
    json_end_object(&w);
    json_end_object(&w);
    put_frame(e, o, &w, "contentBlockDelta");
}

static void write_delta(struct encoder *e, struct out *o, enum delta_kind kind, str text)
{
    if (text.n == 0 && kind != DELTA_PART)
        return;
    if (o->begun.kind == BLOCK_TEXT || o->begun.kind == BLOCK_REFUSAL) {
        put_delta_frame(e, o, "text", NULL, text);
    } else if (o->begun.kind == BLOCK_REASONING) {
        if (kind == DELTA_PART && o->has_text)
            put_delta_frame(e, o, "reasoningContent", "text", S("\n\n"));
        else if (kind == DELTA_TEXT)
            put_delta_frame(e, o, "reasoningContent", "text", text);
        o->has_text = o->has_text || kind == DELTA_TEXT;
    } else if (o->begun.kind == BLOCK_TOOL_CALL && kind == DELTA_ARGS) {
        if (o->begun.tool == TOOL_CUSTOM)
            text = free_text_piece(e->scratch, text, !o->begun.has_args);
        put_delta_frame(e, o, "toolUse", "input", text);
        o->begun.has_args = true;
    } else if (o->begun.kind == BLOCK_MEDIA && kind == DELTA_MEDIA) {
        put_media(e, o, text);
    }
}

static void write_annotation(struct encoder *e, struct out *o, const struct annotation *a)
{
    if (o->begun.kind != BLOCK_TEXT)
        return;
    open_block(o);
    struct json_writer w = begin_payload(o, true);
    json_begin_object(&w, "delta");
    bedrock_put_citation(&w, "citation", a);
    json_end_object(&w);
    put_frame(e, o, &w, "contentBlockDelta");
}

static void write_stop(struct encoder *e, struct out *o, const struct block *b)
{
    if (o->begun.kind == BLOCK_TOOL_CALL && !o->begun.has_args)
        put_delta_frame(e, o, "toolUse", "input", S("{}"));
    else if (o->begun.kind == BLOCK_TOOL_CALL && o->begun.tool == TOOL_CUSTOM)
        put_delta_frame(e, o, "toolUse", "input", S(FREE_TEXT_END));
    if (b && o->begun.kind == BLOCK_REASONING)
        put_seal(e, o, &b->seal);
    if (o->is_open && o->begun.lacks_seal)
        put_delta_frame(e, o, "reasoningContent", "signature", S(SEAL_ABSENT));
    stop_block(e, o);
    if (b && o->begun.kind == BLOCK_TOOL_CALL)
        put_call_seal(e, o, &b->seal);
}

static void write_finish(struct encoder *e, struct out *o, const struct finishing *f)
{
    struct json_writer w = begin_payload(o, false);
    json_put_str(&w, "stopReason", bedrock_finish_name(finish_settle(f->reason, o->has_call)));
    if (f->stop_sequence.n > 0) {
        json_begin_object(&w, "additionalModelResponseFields");
        json_put_str(&w, "stop_sequence", f->stop_sequence);
        json_end_object(&w);
    }
    put_frame(e, o, &w, "messageStop");
}

static void write_end(struct encoder *e, struct out *o)
{
    struct json_writer w = begin_payload(o, false);
    bedrock_put_usage(&w, &o->usage);
    json_put_raw(&w, "metrics", S("{\"latencyMs\":0}"));
    put_frame(e, o, &w, "metadata");
}

static void write_error(struct encoder *e, struct out *o, const struct failure *f)
{
    struct json_writer w = begin_payload(o, false);
    json_put_str(&w, "message", f->message);
    if (f->gateway.n > 0)
        json_put_raw(&w, "gateway", f->gateway);
    json_end_object(&w);
    event_stream_put(e->out, S("exception"), str_from_cz(bedrock_stream_exception(f)),
                     buf_str(&o->payload));
}

static void write_message_start(struct encoder *e, struct out *o)
{
    struct json_writer w = begin_payload(o, false);
    json_put_str(&w, "role", S("assistant"));
    put_frame(e, o, &w, "messageStart");
}

int bedrock_write_event(struct encoder *e, const struct event *ev)
{
    struct out *o = out_of(e);
    if (ev->choice > 0) /* there is one answer */
        return 0;
    switch (ev->kind) {
    case EV_START:
        write_message_start(e, o);
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
        write_stop(e, o, ev->content);
        break;
    case EV_USAGE:
        usage_update(&o->usage, &ev->usage);
        break;
    case EV_FINISH:
        write_finish(e, o, &ev->finish);
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
    return buf_is_ok(&o->payload) && buf_is_ok(e->out) ? 0 : -E_PROVIDER_TOO_LARGE;
}
