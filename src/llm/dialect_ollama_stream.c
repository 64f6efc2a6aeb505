/* Ollama's streams, read: JSON lines, of chat and of generate, which differ in where the text
 * stands. Each line may bring thoughts, text and whole calls; the one with "done" is the last. A
 * line with "error" ends a stream that has already begun, under a status of 200. */
#include "llm/dialect_ollama.h"

#include "llm/carry.h"

enum { KIND_NONE, KIND_THINKING, KIND_TEXT };

struct in {
    bool has_started;
    int kind; /* of the open block */
    unsigned n_blocks;
};

static int put(struct decoder *d, struct event ev)
{
    return sink_put(&d->sink, &ev);
}

static int start(struct decoder *d, struct in *in, const struct json *v)
{
    if (in->has_started)
        return 0;
    in->has_started = true;
    return put(d,
               (struct event){.kind = EV_START,
                              .start = {.model = json_str(json_get(v, "model")),
                                        .created_s = ollama_read_time(json_get(v, "created_at"))}});
}

static int stop(struct decoder *d, struct in *in)
{
    if (in->kind == KIND_NONE)
        return 0;
    in->kind = KIND_NONE;
    return put(d, (struct event){.kind = EV_BLOCK_STOP, .block = in->n_blocks - 1});
}

static int read_text(struct decoder *d, struct in *in, int kind, str text)
{
    const struct block b = {.kind = kind == KIND_TEXT ? BLOCK_TEXT : BLOCK_REASONING};
    int rc = 0;
    if (text.n == 0)
        return 0;
    if (in->kind != kind) {
        rc = stop(d, in);
        in->kind = kind;
        if (rc == 0)
            rc = put(
                d, (struct event){.kind = EV_BLOCK_START, .block = in->n_blocks++, .content = &b});
    }
    return rc == 0 ? put(d, (struct event){.kind = EV_DELTA,
                                           .block = in->n_blocks - 1,
                                           .delta = {.kind = DELTA_TEXT, .text = text}})
                   : rc;
}

/* A call comes whole. */
static int read_call(struct decoder *d, struct in *in, const struct json *v)
{
    struct err why = {.code = 0}; /* in scratch memory, which does not outlive this message */
    struct reading r = {.a = d->scratch,
                        .err = &why,
                        .origin = DIALECT_OLLAMA,
                        .path = S("message.tool_calls"),
                        .code = -E_PROVIDER_BODY};
    struct block *b = NULL;
    int rc = ollama_read_call(&r, v, &b);
    if (rc < 0)
        return err_set(d->err, d->a, rc, STR_FMT, STR_ARG(why.message));
    rc = stop(d, in);
    if (rc < 0)
        return rc;
    str args = b->call.args;
    struct block begin = {.kind = BLOCK_TOOL_CALL};
    begin.call = (struct tool_call){.id = b->call.id, .name = b->call.name};
    rc = put(d, (struct event){.kind = EV_BLOCK_START, .block = in->n_blocks++, .content = &begin});
    if (rc == 0)
        rc = put(d, (struct event){.kind = EV_DELTA,
                                   .block = in->n_blocks - 1,
                                   .delta = {.kind = DELTA_ARGS, .text = args}});
    return rc == 0 ? put(d, (struct event){.kind = EV_BLOCK_STOP, .block = in->n_blocks - 1}) : rc;
}

static int read_logprobs(struct decoder *d, const struct in *in, const struct json *v)
{
    if (json_count(v) == 0 || in->kind != KIND_TEXT)
        return 0;
    return put(d, (struct event){.kind = EV_LOGPROBS, .block = in->n_blocks - 1, .logprobs = v});
}

static int read_parts(struct decoder *d, struct in *in, const struct json *v)
{
    const struct json *message = json_get(v, "message");
    const struct json *from = message ? message : v; /* generate has everything at the top */
    const struct json *text = message ? json_get(message, "content") : json_get(v, "response");
    int rc = read_text(d, in, KIND_THINKING, json_str(json_get(from, "thinking")));
    if (rc == 0)
        rc = read_text(d, in, KIND_TEXT, json_str(text));
    if (rc == 0)
        rc = read_logprobs(d, in, json_get(v, "logprobs"));
    struct json_iter it = json_iter(json_get(from, "tool_calls"));
    while (rc == 0 && json_iter_next(&it))
        rc = read_call(d, in, it.value);
    return rc;
}

static int read_done(struct decoder *d, struct in *in, const struct json *v)
{
    struct event usage = {.kind = EV_USAGE, .usage = USAGE_NONE}, finish = {.kind = EV_FINISH};
    int rc = stop(d, in);
    ollama_read_usage(v, &usage.usage);
    if (rc == 0 && usage_is_known(&usage.usage))
        rc = put(d, usage);
    finish.finish.native = json_str(json_get(v, "done_reason"));
    finish.finish.reason = ollama_finish_from(finish.finish.native);
    if (rc == 0)
        rc = put(d, finish);
    d->has_ended = true;
    return rc == 0 ? put(d, (struct event){.kind = EV_END}) : rc;
}

static int fail(struct decoder *d, const struct json *v)
{
    struct event ev = {.kind = EV_ERROR,
                       .failure = {.class = FAILURE_SERVER,
                                   .message = S("The provider's stream ended in an error."),
                                   .retry_ms = -1}};
    ollama_read_error(d->scratch, v, S_EMPTY, &ev.failure);
    d->has_ended = true;
    return put(d, ev);
}

int ollama_read_message(struct decoder *d, const struct message *m)
{
    const struct json *v = NULL;
    if (d->has_ended)
        return 0;
    if (!m)
        return err_set(d->err, d->a, -E_PROVIDER_TRUNCATED,
                       "The provider's stream ended without a line that says it is done.");
    if (!d->state)
        d->state = arena_new(d->a, struct in);
    struct in *in = d->state;
    int rc = decoder_json(d, m->data, &v);
    if (rc < 0)
        return rc;
    const struct json *error = json_get(v, "error");
    if (error && json_type(error) != JSON_NULL)
        return fail(d, v);
    rc = start(d, in, v);
    if (rc == 0)
        rc = read_parts(d, in, v);
    return rc == 0 && json_bool(json_get(v, "done"), false) ? read_done(d, in, v) : rc;
}
