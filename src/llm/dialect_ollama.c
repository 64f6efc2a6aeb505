/* Ollama's chat, POST /api/chat (docs/api.md of Ollama): the codec, whole answers, and what answers
 * and errors of both of Ollama's dialects have in common.
 *
 * An answer says when it was made as a date, how long its parts took in nanoseconds, and how many
 * tokens they had; it has no id. Durations are not known of other providers and are 0 then. What an
 * Ollama said of all this stays among the extras, from where this dialect gets it back. */
#include "llm/dialect_ollama.h"

#include "base/clock.h"
#include "base/date.h"
#include "llm/carry.h"

/* ---- ends, usage, time ---- */

enum finish ollama_finish_from(str reason)
{
    if (str_eq(reason, S("length")))
        return FINISH_LENGTH;
    /* "load" and "unload" answer a request without messages; older servers say nothing. */
    return FINISH_STOP;
}

str ollama_finish_name(enum finish f)
{
    bool is_length = f == FINISH_LENGTH || f == FINISH_CONTEXT_WINDOW || f == FINISH_CONTINUATION;
    return is_length ? S("length") : S("stop");
}

static void read_count(const struct json *object, const char *key, int64_t *out)
{
    int64_t n;
    if (json_i64(json_get(object, key), &n) && n >= 0)
        *out = n;
}

void ollama_read_usage(const struct json *v, struct usage *u)
{
    struct usage read = USAGE_NONE;
    read_count(v, "prompt_eval_count", &read.input_tokens);
    read_count(v, "eval_count", &read.output_tokens);
    usage_update(u, &read);
}

int64_t ollama_read_time(const struct json *v)
{
    int64_t wall_us;
    return date_read(json_str(v), &wall_us) ? wall_us / 1000000 : -1;
}

void ollama_put_head(struct json_writer *w, struct arena *a, const struct writing *for_whom,
                     const struct start *s)
{
    char date[25];
    int64_t made_s =
        s->created_s >= 0 && s->created_s < INT64_MAX / 1000000 ? s->created_s : for_whom->now_s;
    json_put_str(w, "model", for_whom->model.n > 0 ? for_whom->model : s->model);
    json_put_str(w, "created_at", arena_str(a, clock_format(made_s * 1000000, date)));
}

void ollama_put_tail(struct json_writer *w, enum finish f, const struct usage *u)
{
    json_put_str(w, "done_reason", ollama_finish_name(f));
    json_put_bool(w, "done", true);
    json_put_int(w, "total_duration", 0);
    json_put_int(w, "load_duration", 0);
    if (u->input_tokens >= 0)
        json_put_int(w, "prompt_eval_count", u->input_tokens);
    json_put_int(w, "prompt_eval_duration", 0);
    if (u->output_tokens >= 0)
        json_put_int(w, "eval_count", u->output_tokens);
    json_put_int(w, "eval_duration", 0);
}

/* ---- whole answers ---- */

static void add_thinking(struct arena *a, struct reply_choice *c, str thinking)
{
    struct block *b = block_new(a, BLOCK_REASONING);
    reasoning_add(a, &b->reasoning, false, thinking);
    block_add(&c->blocks, b);
}

static int read_message(struct reading *r, const struct json *v, struct reply_choice *c,
                        const struct json *logprobs)
{
    enum { ROLE, CONTENT, THINKING, TOOL_CALLS };
    static const char *const keys[] = {"role", "content", "thinking", "tool_calls"};
    const struct json *m[ARRAY_LEN(keys)];
    int rc = MEMBERS_READ(r, v, keys, m, &c->message_extras);
    long i = 0;
    if (rc < 0)
        return rc;
    if (json_str(m[THINKING]).n > 0)
        add_thinking(r->a, c, json_str(m[THINKING]));
    if (json_str(m[CONTENT]).n > 0) {
        struct block *text = block_text(r->a, json_str(m[CONTENT]));
        text->logprobs = logprobs;
        block_add(&c->blocks, text);
    }
    if (json_count(m[TOOL_CALLS]) == 0 && m[TOOL_CALLS])
        extras_add(r->a, &c->message_extras, S("tool_calls"), m[TOOL_CALLS]);
    for (struct json_iter it = json_iter(m[TOOL_CALLS]); rc == 0 && json_iter_next(&it); i++) {
        struct reading inner = reading_at(r, "tool_calls", i);
        struct block *b = NULL;
        rc = ollama_read_call(&inner, it.value, &b);
        block_add(&c->blocks, b);
    }
    return rc;
}

static int read_reply(struct reading *r, const struct json *body, struct reply *out)
{
    enum { MODEL, MESSAGE };
    static const char *const keys[] = {"model", "message"};
    const struct json *m[ARRAY_LEN(keys)];
    int rc = MEMBERS_READ(r, body, keys, m, &out->extras);
    if (rc < 0)
        return rc;
    if (!m[MESSAGE])
        return member_fail(r, "message", "The provider's answer has no message.");
    struct reading inner = reading_at(r, "message", -1);
    struct reply_choice *c = reply_choice_at(r->a, out, 0);
    rc = read_message(&inner, m[MESSAGE], c, extras_find(&out->extras, S("logprobs")));
    out->start.model = json_str(m[MODEL]);
    out->start.created_s = ollama_read_time(extras_find(&out->extras, S("created_at")));
    c->finish.native = json_str(extras_find(&out->extras, S("done_reason")));
    c->finish.reason = ollama_finish_from(c->finish.native);
    ollama_read_usage(body, &out->usage);
    return rc;
}

static void put_thinking(struct writing *w, struct json_writer *json, const struct block *list)
{
    struct buf text;
    buf_init(&text, SIZE_MAX);
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind != BLOCK_REASONING || !b->reasoning.parts)
            continue;
        if (text.n > 0)
            buf_put(&text, S("\n\n"));
        buf_put(&text, reasoning_text(w->a, &b->reasoning));
    }
    if (text.n > 0)
        json_put_str(json, "thinking", buf_str(&text));
    buf_fini(&text);
}

static void put_text(struct json_writer *json, const struct block *list)
{
    struct buf text;
    buf_init(&text, SIZE_MAX);
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind == BLOCK_TEXT || b->kind == BLOCK_REFUSAL)
            buf_put(&text, b->text);
    }
    json_put_str(json, "content", buf_str(&text));
    buf_fini(&text);
}

static void put_calls(struct writing *w, struct json_writer *json, const struct block *list,
                      bool is_own)
{
    int64_t n = 0;
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind != BLOCK_TOOL_CALL)
            continue;
        if (n == 0)
            json_begin_array(json, "tool_calls");
        if (is_own && b->verbatim.first) {
            json_begin_object(json, NULL);
            extras_put(json, &b->verbatim, DIALECT_OLLAMA);
            json_end_object(json);
        } else {
            ollama_put_call(json, w, &b->call, b->call.id, is_own ? -1 : n);
        }
        n++;
    }
    if (n > 0)
        json_end_array(json);
}

static int write_reply(struct writing *w, const struct reply *r, struct buf *out)
{
    bool is_own = r->extras.origin == DIALECT_OLLAMA;
    const struct reply_choice none = {.blocks = NULL};
    const struct reply_choice *c = r->choices ? r->choices : &none;
    struct json_writer json = json_writer(out);
    json_begin_object(&json, NULL);
    if (is_own)
        json_put_str(&json, "model", w->model.n > 0 ? w->model : r->start.model);
    else
        ollama_put_head(&json, w->a, w, &r->start);
    json_begin_object(&json, "message");
    json_put_str(&json, "role", S("assistant"));
    if (!extras_find(&c->message_extras, S("content")))
        put_text(&json, c->blocks);
    put_thinking(w, &json, c->blocks);
    put_calls(w, &json, c->blocks, is_own);
    extras_put(&json, &c->message_extras, DIALECT_OLLAMA);
    json_end_object(&json);
    if (is_own)
        extras_put(&json, &r->extras, DIALECT_OLLAMA);
    else
        ollama_put_tail(&json, c->finish.reason, &r->usage);
    json_end_object(&json);
    return 0;
}

/* ---- errors ---- */

/* How Ollama says that the input is too long. */
static bool speaks_of_length(str message)
{
    return str_find(message, S("context length")) != STR_NONE ||
           str_find(message, S("exceeds the available context")) != STR_NONE ||
           str_find(message, S("exceeds maximum context")) != STR_NONE;
}

void ollama_read_error(struct arena *a, const struct json *body, str hint, struct failure *f)
{
    const struct json *error = json_get(body, "error");
    str message = json_is_str(error) ? json_str(error) : json_str(json_get(error, "message"));
    (void)a;
    (void)hint;
    if (message.n > 0)
        f->message = message;
    if (f->class == FAILURE_BAD_REQUEST && speaks_of_length(message))
        f->class = FAILURE_CONTEXT;
}

void ollama_write_error(const struct failure *f, struct buf *out)
{
    struct json_writer w = json_writer(out);
    json_begin_object(&w, NULL);
    json_put_str(&w, "error", f->message);
    if (f->gateway.n > 0)
        json_put_raw(&w, "gateway", f->gateway);
    json_end_object(&w);
}

const struct codec dialect_ollama = {
    .read_request = ollama_read_request,
    .write_request = ollama_write_request,
    .read_message = ollama_read_message,
    .read_reply = read_reply,
    .write_event = ollama_write_event,
    .write_reply = write_reply,
    .read_error = ollama_read_error,
    .write_error = ollama_write_error,
};
