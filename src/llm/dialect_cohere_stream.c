/* Cohere's streams, read: SSE whose events say their type in the data.
 *
 *   message-start (tool-plan-delta | content-start content-delta* content-end | citation-start
 *   citation-end | tool-call-start tool-call-delta* tool-call-end)* message-end, data: [DONE]
 *
 * Content and tool calls are numbered apart. Citations come while their content is open or right
 * behind it, so content is closed only when something else begins. message-end is the end: the
 * [DONE] behind it is missing in some places. */
#include "llm/dialect_cohere.h"

enum { KIND_NONE, KIND_PLAN, KIND_CONTENT, KIND_CALL };

/* One block is open at a time. */
struct in {
    bool has_started;
    unsigned n_blocks;
    int kind; /* of the open block */
    int64_t index;
    bool is_over; /* its end has come; only citations may follow */
};

static struct in *in_of(struct decoder *d)
{
    if (!d->state)
        d->state = arena_new(d->a, struct in);
    return d->state;
}

static int put(struct decoder *d, struct event ev)
{
    return sink_put(&d->sink, &ev);
}

static int start(struct decoder *d, struct in *in, const struct json *v)
{
    if (in->has_started)
        return 0;
    in->has_started = true;
    return put(d, (struct event){.kind = EV_START,
                                 .start = {.id = json_str(json_get(v, "id")), .created_s = -1}});
}

static int stop(struct decoder *d, struct in *in)
{
    if (in->kind == KIND_NONE)
        return 0;
    in->kind = KIND_NONE;
    return put(d, (struct event){.kind = EV_BLOCK_STOP, .block = in->n_blocks - 1});
}

static int begin(struct decoder *d, struct in *in, int kind, int64_t index,
                 const struct block *content)
{
    int rc = stop(d, in);
    if (rc < 0)
        return rc;
    in->kind = kind;
    in->index = index;
    in->is_over = false;
    return put(d,
               (struct event){.kind = EV_BLOCK_START, .block = in->n_blocks++, .content = content});
}

static int put_delta(struct decoder *d, const struct in *in, enum delta_kind kind, str text)
{
    if (text.n == 0)
        return 0;
    return put(d, (struct event){.kind = EV_DELTA,
                                 .block = in->n_blocks - 1,
                                 .delta = {.kind = kind, .text = text}});
}

static bool is_open(const struct in *in, int kind, int64_t index)
{
    return in->kind == kind && in->index == index && !in->is_over;
}

/* content, which may begin with its delta. */
static int read_content(struct decoder *d, struct in *in, int64_t index, const struct json *v)
{
    const struct json *thinking = json_get(v, "thinking");
    bool is_thinking = thinking || str_eq(json_str(json_get(v, "type")), S("thinking"));
    struct block b = {.kind = is_thinking ? BLOCK_REASONING : BLOCK_TEXT};
    int rc = is_open(in, KIND_CONTENT, index) ? 0 : begin(d, in, KIND_CONTENT, index, &b);
    str text = json_str(is_thinking ? thinking : json_get(v, "text"));
    return rc == 0 ? put_delta(d, in, DELTA_TEXT, text) : rc;
}

static int read_plan(struct decoder *d, struct in *in, const struct json *v)
{
    const struct block plan = {.kind = BLOCK_TEXT, .phase = COHERE_PLAN};
    str text = json_str(v);
    if (text.n == 0)
        return 0;
    int rc = in->kind == KIND_PLAN ? 0 : begin(d, in, KIND_PLAN, 0, &plan);
    return rc == 0 ? put_delta(d, in, DELTA_TEXT, text) : rc;
}

/* An object, not an array as in whole answers; an array of one is read as well. */
static const struct json *the_call(const struct json *message)
{
    const struct json *v = json_get(message, "tool_calls");
    return v && json_type(v) == JSON_ARRAY ? json_at(v, 0) : v;
}

static int start_call(struct decoder *d, struct in *in, int64_t index, const struct json *v)
{
    const struct json *function = json_get(v, "function");
    struct block b = {.kind = BLOCK_TOOL_CALL};
    b.call.id = json_str(json_get(v, "id"));
    b.call.name = json_str(json_get(function, "name"));
    if (b.call.name.n == 0)
        return err_set(d->err, d->a, -E_PROVIDER_BODY,
                       "The provider sent a tool call without a name.");
    int rc = begin(d, in, KIND_CALL, index, &b);
    str args = json_str(json_get(function, "arguments"));
    return rc == 0 ? put_delta(d, in, DELTA_ARGS, args) : rc;
}

static int read_args(struct decoder *d, struct in *in, int64_t index, const struct json *v)
{
    if (!is_open(in, KIND_CALL, index))
        return err_set(d->err, d->a, -E_PROVIDER_BODY,
                       "The provider sent a tool's arguments without the tool.");
    return put_delta(d, in, DELTA_ARGS, json_str(json_get(json_get(v, "function"), "arguments")));
}

/* For the block that is open; one that comes too late for its own is left out. */
static int read_citation(struct decoder *d, const struct in *in, const struct json *v)
{
    struct annotation a;
    int64_t index = in->index;
    (void)json_i64(json_get(v, "content_index"), &index);
    bool is_here = in->kind == KIND_PLAN || (in->kind == KIND_CONTENT && in->index == index);
    if (!v || !is_here)
        return 0;
    cohere_read_citation(d->scratch, v, &a);
    return put(d,
               (struct event){.kind = EV_ANNOTATION, .block = in->n_blocks - 1, .annotation = &a});
}

static int fail(struct decoder *d, str message, str reason)
{
    struct event ev = {.kind = EV_ERROR,
                       .failure = {.class = FAILURE_SERVER,
                                   .message = S("The provider's stream ended in an error."),
                                   .type = reason,
                                   .retry_ms = -1}};
    if (message.n > 0)
        ev.failure.message = message;
    if (str_eq(reason, S("TIMEOUT")))
        ev.failure.class = FAILURE_TIMEOUT;
    d->has_ended = true;
    return put(d, ev);
}

static int read_end(struct decoder *d, struct in *in, const struct json *delta)
{
    str reason = json_str(json_get(delta, "finish_reason"));
    str error = json_str(json_get(delta, "error"));
    struct event usage = {.kind = EV_USAGE, .usage = USAGE_NONE}, finish = {.kind = EV_FINISH};
    int rc = stop(d, in);
    cohere_read_usage(json_get(delta, "usage"), &usage.usage);
    if (rc == 0 && usage_is_known(&usage.usage))
        rc = put(d, usage);
    finish.finish.native = reason;
    finish.finish.reason = cohere_finish_from(reason);
    if (rc == 0 && (error.n > 0 || finish.finish.reason == FINISH_ERROR))
        return fail(d, error, reason);
    if (rc == 0)
        rc = put(d, finish);
    d->has_ended = true;
    return rc == 0 ? put(d, (struct event){.kind = EV_END}) : rc;
}

static int read_event(struct decoder *d, struct in *in, str type, const struct json *v)
{
    const struct json *delta = json_get(v, "delta"), *message = json_get(delta, "message");
    int64_t index = 0;
    (void)json_i64(json_get(v, "index"), &index); /* 0 when it is not said */
    if (str_eq(type, S("content-delta")) || str_eq(type, S("content-start")))
        return read_content(d, in, index, json_get(message, "content"));
    if (str_eq(type, S("tool-plan-delta")))
        return read_plan(d, in, json_get(message, "tool_plan"));
    if (str_eq(type, S("tool-call-start")))
        return start_call(d, in, index, the_call(message));
    if (str_eq(type, S("tool-call-delta")))
        return read_args(d, in, index, the_call(message));
    if (str_eq(type, S("citation-start")))
        return read_citation(d, in, json_get(message, "citations"));
    if (str_eq(type, S("message-end")))
        return read_end(d, in, delta);
    if (str_eq(type, S("content-end")) || str_eq(type, S("tool-call-end")))
        in->is_over = true;
    return 0;
}

int cohere_read_message(struct decoder *d, const struct message *m)
{
    const struct json *v = NULL;
    if (d->has_ended)
        return 0;
    if (!m || str_eq(str_trim(m->data), S("[DONE]")))
        return err_set(d->err, d->a, -E_PROVIDER_TRUNCATED,
                       "The provider's stream ended without message-end.");
    struct in *in = in_of(d);
    int rc = decoder_json(d, m->data, &v);
    if (rc < 0)
        return rc;
    str type = json_str(json_get(v, "type"));
    if (type.n == 0)
        type = m->type;
    if (type.n == 0 && json_is_str(json_get(v, "message")))
        return fail(d, json_str(json_get(v, "message")), S_EMPTY);
    rc = start(d, in, v);
    return rc == 0 ? read_event(d, in, type, v) : rc;
}
