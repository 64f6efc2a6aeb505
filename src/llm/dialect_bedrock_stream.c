/* ConverseStream, read: messages whose type is the event's name.
 *
 * Only tool use and images have a contentBlockStart: text and reasoning begin with their first
 * delta. A delta of another block ends a text or a reasoning that was not stopped, for not every
 * model behind Converse says contentBlockStop. The counts of tokens come after messageStop, or,
 * from some proxies, before it: a stream has ended when both have been seen, or when the connection
 * closes after messageStop. */
#include "llm/dialect_bedrock.h"
#include "llm/seal.h"

#define OPEN_MAX 16 /* blocks open at a time */
#define SEAL_MAX (4u << 20)

struct open_block {
    bool is_open;
    int64_t wire; /* contentBlockIndex */
    unsigned block;
    enum block_kind kind;
    struct buf signature; /* in pieces, until the block stops */
};

struct in {
    bool has_started, has_stopped, has_usage;
    unsigned n_blocks;
    struct open_block open[OPEN_MAX];
};

static void free_signatures(void *obj)
{
    struct in *in = obj;
    for (size_t i = 0; i < OPEN_MAX; i++)
        buf_fini(&in->open[i].signature);
}

static struct in *in_of(struct decoder *d)
{
    if (d->state)
        return d->state;
    struct in *in = arena_new(d->a, struct in);
    for (size_t i = 0; i < OPEN_MAX; i++)
        buf_init(&in->open[i].signature, SEAL_MAX);
    arena_on_fini(d->a, free_signatures, in);
    d->state = in;
    return in;
}

static int put(struct decoder *d, struct event ev)
{
    return sink_put(&d->sink, &ev);
}

static int start(struct decoder *d, struct in *in)
{
    if (in->has_started)
        return 0;
    in->has_started = true;
    return put(d, (struct event){.kind = EV_START, .start = {.created_s = -1}});
}

static int stop_block(struct decoder *d, struct open_block *o)
{
    struct block end = {.kind = o->kind};
    o->is_open = false;
    if (o->signature.n > 0)
        end.seal =
            seal_unwrap(d->scratch, buf_str(&o->signature), SEAL_SIGNATURE, FAMILY_ANTHROPIC);
    int rc = put(d, (struct event){.kind = EV_BLOCK_STOP,
                                   .block = o->block,
                                   .content = end.seal.kind != SEAL_NONE ? &end : NULL});
    buf_fini(&o->signature);
    return rc;
}

static struct open_block *find(struct in *in, int64_t wire)
{
    for (size_t i = 0; i < OPEN_MAX; i++) {
        if (in->open[i].is_open && in->open[i].wire == wire)
            return &in->open[i];
    }
    return NULL;
}

/* Text and reasoning that were not stopped end when another block begins. */
static int stop_implicit(struct decoder *d, struct in *in)
{
    int rc = 0;
    for (size_t i = 0; i < OPEN_MAX && rc == 0; i++) {
        struct open_block *o = &in->open[i];
        if (o->is_open && (o->kind == BLOCK_TEXT || o->kind == BLOCK_REASONING))
            rc = stop_block(d, o);
    }
    return rc;
}

static int begin_block(struct decoder *d, struct in *in, int64_t wire, const struct block *content,
                       struct open_block **out)
{
    struct open_block *o = NULL;
    int rc = stop_implicit(d, in);
    for (size_t i = 0; i < OPEN_MAX && !o; i++)
        o = in->open[i].is_open ? NULL : &in->open[i];
    if (rc == 0 && !o)
        return err_set(d->err, d->a, -E_PROVIDER_BODY,
                       "The provider's stream has more than %d blocks open.", OPEN_MAX);
    if (rc < 0)
        return rc;
    o->is_open = true;
    o->wire = wire;
    o->block = in->n_blocks++;
    o->kind = content->kind;
    *out = o;
    return put(d, (struct event){.kind = EV_BLOCK_START, .block = o->block, .content = content});
}

/* The open block of this index; begun when it is another or none. */
static int want_block(struct decoder *d, struct in *in, int64_t wire, const struct block *content,
                      struct open_block **out)
{
    struct open_block *o = find(in, wire);
    int rc = 0;
    if (o && o->kind == content->kind) {
        *out = o;
        return 0;
    }
    if (o)
        rc = stop_block(d, o);
    return rc == 0 ? begin_block(d, in, wire, content, out) : rc;
}

static int put_delta(struct decoder *d, const struct open_block *o, enum delta_kind kind, str text)
{
    return put(d, (struct event){
                      .kind = EV_DELTA, .block = o->block, .delta = {.kind = kind, .text = text}});
}

static int read_text(struct decoder *d, struct in *in, int64_t wire, const struct json *v)
{
    static const struct block text = {.kind = BLOCK_TEXT};
    struct open_block *o = NULL;
    if (json_str(v).n == 0)
        return 0;
    int rc = want_block(d, in, wire, &text, &o);
    return rc == 0 ? put_delta(d, o, DELTA_TEXT, json_str(v)) : rc;
}

static int read_redacted(struct decoder *d, struct in *in, int64_t wire, str blob)
{
    struct block redacted = {.kind = BLOCK_REASONING, .extras.origin = DIALECT_BEDROCK};
    struct open_block *o = NULL;
    if (!bedrock_read_redacted(d->scratch, blob, &redacted.seal))
        return err_set(d->err, d->a, -E_PROVIDER_BODY,
                       "The provider sent redacted reasoning that is not base64.");
    return begin_block(d, in, wire, &redacted, &o);
}

static int read_reasoning(struct decoder *d, struct in *in, int64_t wire, const struct json *v)
{
    static const struct block reasoning = {.kind = BLOCK_REASONING,
                                           .extras.origin = DIALECT_BEDROCK};
    str text = json_str(json_get(v, "text")), signature = json_str(json_get(v, "signature"));
    str blob = json_str(json_get(v, "redactedContent"));
    struct open_block *o = NULL;
    if (blob.n > 0)
        return read_redacted(d, in, wire, blob);
    if (text.n == 0 && signature.n == 0)
        return 0;
    int rc = want_block(d, in, wire, &reasoning, &o);
    if (rc != 0)
        return rc;
    buf_put(&o->signature, signature);
    if (!buf_is_ok(&o->signature))
        return err_set(d->err, d->a, -E_PROVIDER_TOO_LARGE, "A signature is too long.");
    return text.n > 0 ? put_delta(d, o, DELTA_TEXT, text) : 0;
}

static int read_citation(struct decoder *d, struct in *in, int64_t wire, const struct json *v)
{
    static const struct block text = {.kind = BLOCK_TEXT};
    struct annotation a;
    struct open_block *o = NULL;
    int rc = want_block(d, in, wire, &text, &o);
    bedrock_read_citation(d->scratch, v, &a);
    return rc == 0
               ? put(d, (struct event){.kind = EV_ANNOTATION, .block = o->block, .annotation = &a})
               : rc;
}

static int read_input(struct decoder *d, struct in *in, int64_t wire, const struct json *v)
{
    struct open_block *o = find(in, wire);
    str text = json_str(json_get(v, "input"));
    if (o && o->kind == BLOCK_OPAQUE)
        return 0;
    if (!o || o->kind != BLOCK_TOOL_CALL)
        return err_set(d->err, d->a, -E_PROVIDER_BODY,
                       "The provider sent a tool's input without the tool.");
    return text.n > 0 ? put_delta(d, o, DELTA_ARGS, text) : 0;
}

static int read_image(struct decoder *d, struct in *in, int64_t wire, const struct json *v)
{
    struct open_block *o = find(in, wire);
    str bytes = json_str(json_get(json_get(v, "source"), "bytes"));
    if (!o || o->kind != BLOCK_MEDIA || bytes.n == 0)
        return 0;
    return put_delta(d, o, DELTA_MEDIA, bytes);
}

static int read_delta(struct decoder *d, struct in *in, int64_t wire, const struct json *delta)
{
    const struct json *v = json_get(delta, "text");
    if (v)
        return read_text(d, in, wire, v);
    v = json_get(delta, "toolUse");
    if (v)
        return read_input(d, in, wire, v);
    v = json_get(delta, "reasoningContent");
    if (v)
        return read_reasoning(d, in, wire, v);
    v = json_get(delta, "citation");
    if (v)
        return read_citation(d, in, wire, v);
    v = json_get(delta, "image");
    return v ? read_image(d, in, wire, v) : 0;
}

/* {toolUse} | {image} | {toolResult}, which comes from a tool the provider runs. */
static int read_start(struct decoder *d, struct in *in, int64_t wire, const struct json *v)
{
    const struct json *use = json_get(v, "toolUse"), *image = json_get(v, "image");
    str type = json_str(json_get(use ? use : json_get(v, "toolResult"), "type"));
    struct open_block *o = NULL;
    struct block b = {.kind = BLOCK_TOOL_CALL};
    if (use && !str_eq(type, S("server_tool_use"))) {
        b.call.id = json_str(json_get(use, "toolUseId"));
        b.call.name = json_str(json_get(use, "name"));
        if (b.call.name.n == 0)
            return err_set(d->err, d->a, -E_PROVIDER_BODY,
                           "The provider sent a tool use without a name.");
    } else if (image) {
        str parts[] = {S("image/"), json_str(json_get(image, "format"))};
        b.kind = BLOCK_MEDIA;
        b.media = (struct media){.kind = MEDIA_IMAGE, .source = MEDIA_BASE64};
        b.media.mime = arena_concat(d->scratch, parts, ARRAY_LEN(parts));
    } else if (use || json_get(v, "toolResult")) {
        b.kind = BLOCK_OPAQUE;
        b.raw = v;
        b.type = type;
        b.extras.origin = DIALECT_BEDROCK;
    } else {
        return 0; /* some proxies start text, too */
    }
    struct open_block *old = find(in, wire);
    int rc = old ? stop_block(d, old) : 0;
    return rc == 0 ? begin_block(d, in, wire, &b, &o) : rc;
}

static int read_stop(struct decoder *d, struct in *in, int64_t wire)
{
    struct open_block *o = find(in, wire);
    return o ? stop_block(d, o) : 0;
}

static int read_message_stop(struct decoder *d, struct in *in, const struct json *v)
{
    const struct json *fields = json_get(v, "additionalModelResponseFields");
    struct event ev = {.kind = EV_FINISH};
    int rc = 0;
    if (in->has_stopped)
        return 0;
    for (size_t i = 0; i < OPEN_MAX && rc == 0; i++) {
        if (in->open[i].is_open)
            rc = stop_block(d, &in->open[i]);
    }
    in->has_stopped = true;
    ev.finish.native = json_str(json_get(v, "stopReason"));
    ev.finish.reason = bedrock_finish_from(ev.finish.native);
    ev.finish.stop_sequence = bedrock_stop_sequence(fields);
    return rc == 0 ? put(d, ev) : rc;
}

static int read_metadata(struct decoder *d, struct in *in, const struct json *v)
{
    struct event ev = {.kind = EV_USAGE, .usage = USAGE_NONE};
    in->has_usage = true;
    bedrock_read_usage(json_get(v, "usage"), &ev.usage);
    return put(d, ev);
}

static int read_exception(struct decoder *d, const struct message *m)
{
    const struct json *body = NULL;
    int64_t status = 0;
    size_t error_at;
    struct event ev = {.kind = EV_ERROR,
                       .failure = {.class = FAILURE_SERVER,
                                   .message = S("The provider's stream ended in an error."),
                                   .retry_ms = -1}};
    if (json_read(d->scratch, m->data, &body, &error_at) != 0)
        body = NULL;
    if (json_i64(json_get(body, "originalStatusCode"), &status) && status >= 400 && status < 600)
        ev.failure.status = (int)status;
    bedrock_read_failure(m->type, body, &ev.failure);
    d->has_ended = true;
    return put(d, ev);
}

static int end(struct decoder *d)
{
    d->has_ended = true;
    return put(d, (struct event){.kind = EV_END});
}

static int read_eof(struct decoder *d)
{
    const struct in *in = d->state;
    if (in && in->has_stopped)
        return end(d);
    return err_set(d->err, d->a, -E_PROVIDER_TRUNCATED,
                   "The provider's stream ended without messageStop.");
}

static int read_event(struct decoder *d, struct in *in, str type, const struct json *v)
{
    int64_t wire = 0;
    (void)json_i64(json_get(v, "contentBlockIndex"), &wire); /* 0 when it is not said */
    if (str_eq(type, S("contentBlockDelta")))
        return in->has_stopped ? 0 : read_delta(d, in, wire, json_get(v, "delta"));
    if (str_eq(type, S("contentBlockStart")))
        return in->has_stopped ? 0 : read_start(d, in, wire, json_get(v, "start"));
    if (str_eq(type, S("contentBlockStop")))
        return read_stop(d, in, wire);
    if (str_eq(type, S("messageStop")))
        return read_message_stop(d, in, v);
    return str_eq(type, S("metadata")) ? read_metadata(d, in, v) : 0;
}

int bedrock_read_message(struct decoder *d, const struct message *m)
{
    const struct json *v = NULL;
    if (d->has_ended)
        return 0;
    if (!m)
        return read_eof(d);
    if (m->is_exception)
        return read_exception(d, m);
    struct in *in = in_of(d);
    int rc = decoder_json(d, m->data, &v);
    if (rc == 0)
        rc = start(d, in);
    if (rc == 0)
        rc = read_event(d, in, m->type, v);
    return rc == 0 && in->has_stopped && in->has_usage ? end(d) : rc;
}
