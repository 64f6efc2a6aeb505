/* Serving containers behind /invocations: MLflow's scoring server (MLflow documentation, "MLflow
 * Model Server"), Databricks' model serving, and SageMaker's InvokeEndpoint with what runs there
 * (LMI, vLLM, TGI).
 *
 * The path is all they have in common; for generated text they agree on OpenAI's chat body, without
 * a model, because the endpoint is one. What comes back does not agree, so all of it is read: chat
 * completions; {"predictions": ...}; TGI's generated_text, bare or in an array. Streams are chat
 * chunks, predictions piece by piece, or TGI's tokens; the first event decides. Some servers end
 * without a mark, so a stream is whole when all its choices have finished, and one of predictions
 * when its bytes end.
 *
 * SageMaker wraps a container's error in one of its own (ModelError): the container's words and
 * status are what counts. */
#include "llm/carry.h"
#include "llm/dialect_bedrock.h"
#include "llm/dialect_chat.h"
#include "llm/dialect_tgi.h"

/* ---- requests ---- */

static int write_request(struct writing *w, const struct chat *c, struct buf *out)
{
    struct writing nameless = *w;
    struct chat chat = *c;
    nameless.model = S_EMPTY;
    chat.model = S_EMPTY;
    return dialect_chat_write_request(&nameless, &chat, out, DIALECT_CHAT);
}

/* ---- answers ---- */

static int read_reply(struct reading *r, const struct json *body, struct reply *out)
{
    const struct json *predictions = json_get(body, "predictions");
    const struct json *v = predictions ? predictions : body;
    str text;
    if (json_type(v) == JSON_ARRAY && json_count(v) > 0)
        v = json_at(v, 0);
    if (json_get(v, "choices")) {
        struct reading as_chat = *r;
        as_chat.origin = DIALECT_CHAT;
        return dialect_chat_read_reply(&as_chat, v, out);
    }
    const struct json *details = json_get(v, "details");
    if (!plain_find_text(v, &text))
        return member_fail(r, "predictions", "The provider's answer has no text that is known.");
    str finish = json_str(json_get(details ? details : v, "finish_reason"));
    plain_reply(r->a, out, text, finish);
    tgi_read_usage(details, &out->usage);
    return 0;
}

/* ---- streams ---- */

struct stream {
    enum { KIND_UNKNOWN, KIND_CHAT, KIND_PLAIN } kind;
    void *chat;                /* the state of chat's decoder */
    struct plain_stream plain; /* of everything else */
};

static struct stream *stream_of(struct decoder *d)
{
    if (!d->state) {
        struct stream *s = arena_new(d->a, struct stream);
        s->plain.usage = USAGE_NONE;
        d->state = s;
    }
    return d->state;
}

/* Chat's decoder keeps its state where this one does. */
static int read_chat(struct decoder *d, struct stream *s, const struct message *m)
{
    d->state = s->chat;
    dialect_chat_may_end(d);
    int rc = dialect_chat_read_message(d, m);
    s->chat = d->state;
    d->state = s;
    return rc;
}

static int read_plain(struct decoder *d, struct stream *s, const struct json *v)
{
    const struct json *predictions = json_get(v, "predictions");
    const struct json *token = json_get(v, "token");
    const struct json *details = json_get(v, "details");
    struct usage usage = USAGE_NONE;
    str text;
    if (token) {
        d->state = &s->plain;
        int rc = tgi_read_event(d, v);
        d->state = s;
        return rc;
    }
    if (json_is_str(json_get(v, "generated_text")) && s->plain.has_block) {
        tgi_read_usage(details, &usage);
        return plain_end(d, &s->plain, json_str(json_get(details, "finish_reason")), &usage);
    }
    plain_note_finish(&s->plain, json_str(json_get(v, "finish_reason")));
    if (!plain_find_text(predictions ? predictions : v, &text))
        return 0;
    return plain_say(d, &s->plain, text);
}

static int read_end(struct decoder *d, struct stream *s)
{
    const struct usage none = USAGE_NONE;
    if (!s->plain.has_started)
        return plain_truncated(d);
    return plain_end(d, &s->plain, s->plain.finish, &none);
}

static bool is_chat(const struct json *v)
{
    return json_get(v, "choices") || str_has_prefix(json_str(json_get(v, "object")), S("chat."));
}

static int read_message(struct decoder *d, const struct message *m)
{
    struct stream *s = stream_of(d);
    const struct json *v = NULL;
    if (d->has_ended)
        return 0;
    if (s->kind == KIND_CHAT)
        return read_chat(d, s, m);
    if (!m || str_eq(str_trim(m->data), S("[DONE]")))
        return read_end(d, s);
    int rc = decoder_json(d, m->data, &v);
    if (rc != 0)
        return rc;
    if (json_get(v, "error") || json_get(v, "error_code"))
        return plain_fail(d, &dialect_mlflow, v);
    if (s->kind == KIND_UNKNOWN)
        s->kind = is_chat(v) ? KIND_CHAT : KIND_PLAIN;
    return s->kind == KIND_CHAT ? read_chat(d, s, m) : read_plain(d, s, v);
}

/* ---- errors ---- */

static void read_words(struct arena *a, const struct json *body, struct failure *f)
{
    str code = json_str(json_get(body, "error_code"));
    dialect_chat_read_error(a, body, S_EMPTY, f);
    if (code.n > 0)
        f->type = code;
}

/* {"Message", "OriginalStatusCode", "OriginalMessage"}; the last is the container's body, often
 * JSON itself. */
static void read_model_error(struct arena *a, const struct json *body, struct failure *f)
{
    str original = json_str(json_get(body, "OriginalMessage"));
    const struct json *inner = NULL;
    int64_t status = 0;
    size_t error_at;
    if (json_i64(json_get(body, "OriginalStatusCode"), &status) && status >= 400 && status <= 599)
        f->class = failure_class_of((int)status);
    f->message = original.n > 0 ? original : json_str(json_get(body, "Message"));
    if (json_read(a, original, &inner, &error_at) == 0 && json_type(inner) == JSON_OBJECT)
        read_words(a, inner, f);
}

static void read_error(struct arena *a, const struct json *body, str hint, struct failure *f)
{
    if (json_get(body, "OriginalMessage") || json_get(body, "OriginalStatusCode"))
        read_model_error(a, body, f);
    else if (hint.n > 0 || json_get(body, "Message"))
        bedrock_read_failure(hint, body, f);
    else
        read_words(a, body, f);
}

const struct codec dialect_mlflow = {
    .read_request = plain_read_request,
    .write_request = write_request,
    .read_message = read_message,
    .read_reply = read_reply,
    .write_event = plain_write_event,
    .write_reply = plain_write_reply,
    .read_error = read_error,
    .write_error = plain_write_error,
};
