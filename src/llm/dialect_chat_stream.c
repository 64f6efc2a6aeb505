/* Streams of the chat dialect, read: chunks become events (OpenAI's API reference, "The chat
 * completion chunk object").
 *
 * A chunk says what was added to which choice, not where something begins or ends; so a block
 * begins with its first piece and ends when something else begins. Calls are the exception
 * (dialect_chat_piece.c): pieces of several may alternate.
 *
 * FINISH waits for the end mark, because vendors send more after the finish reason: usage, the same
 * finish again, sources. A stream without a mark has ended only for a vendor that says so itself,
 * with a last object "chat.completion.done" (Perplexity): everything else that stops is cut off. */
#include "llm/dialect_chat_stream.h"

#define CHOICES_MAX 128

static int fail_stream(struct decoder *d, const char *what)
{
    return err_set(d->err, d->a, -E_PROVIDER_BODY, "%s", what);
}

int chat_at_fail(const struct chat_at *at, const char *what)
{
    return fail_stream(at->d, what);
}

int chat_at_put(const struct chat_at *at, struct event ev)
{
    ev.choice = at->c->index;
    return sink_put(&at->d->sink, &ev);
}

str chat_kept(struct arena *a, str text, size_t max)
{
    return text.n > 0 ? arena_str(a, str_slice(text, 0, max)) : S_EMPTY;
}
/* ---- choices ---- */

static int find_choice(struct decoder *d, struct chat_stream *s, int64_t index,
                       struct chat_choice **out)
{
    struct chat_choice **at = &s->choices;
    if (index < 0 || index >= CHOICES_MAX)
        return fail_stream(d, "The provider sent a choice with a wrong index.");
    while (*at && (*at)->index < (unsigned)index)
        at = &(*at)->next;
    if (!*at || (*at)->index != (unsigned)index) {
        struct chat_choice *made = arena_new(d->a, struct chat_choice);
        made->index = (unsigned)index;
        made->next = *at;
        *at = made;
    }
    *out = *at;
    return 0;
}

static int close_all(const struct chat_at *at)
{
    int rc = chat_at_close(at, NULL);
    return rc != 0 ? rc : chat_at_close_calls(at);
}

static int read_finish(const struct chat_at *at, const struct json *v)
{
    struct finishing f = {.reason = FINISH_UNSET};
    struct chat_choice *c = at->c;
    dialect_chat_read_finish(v, &f);
    if (f.native.n == 0)
        return 0;
    int rc = close_all(at);
    if (c->is_finished)
        return rc;
    c->is_finished = true;
    c->finish.reason = f.reason;
    c->finish.native = chat_kept(at->d->a, f.native, CHAT_WORD_MAX);
    if (f.reason == FINISH_STOP_SEQUENCE)
        c->finish.stop_sequence = chat_kept(at->d->a, f.stop_sequence, CHAT_WORD_MAX);
    return rc;
}

static int read_choice(struct decoder *d, struct chat_stream *s, const struct json *v)
{
    struct chat_at at = {.d = d, .s = s};
    int64_t index = 0;
    if (json_type(v) != JSON_OBJECT)
        return fail_stream(d, "The provider sent a choice that is no object.");
    const struct json *said = json_get(v, "index");
    if (said && json_type(said) != JSON_NULL && !json_i64(said, &index))
        index = -1;
    int rc = find_choice(d, s, index, &at.c);
    const struct json *delta = json_get(v, "delta");
    if (!delta)
        delta = json_get(v, "message"); /* a whole answer as a stream of one chunk */
    if (rc != 0 || !at.c)
        return rc;
    rc = chat_at_read_delta(&at, delta);
    if (rc == 0)
        rc = chat_at_read_calls(&at, delta);
    if (rc == 0 && !delta) /* text completions; Together says it beside a delta again */
        rc = chat_at_text(&at, OPEN_TEXT, json_str(json_get(v, "text")));
    if (rc == 0)
        rc = chat_at_read_logprobs(&at, json_get(v, "logprobs"));
    return rc != 0 ? rc : read_finish(&at, v);
}

static int read_choices(struct decoder *d, struct chat_stream *s, const struct json *list)
{
    int rc = 0;
    for (struct json_iter it = json_iter(list); rc == 0 && json_iter_next(&it);)
        rc = read_choice(d, s, it.value);
    return rc;
}

/* ---- around the choices ---- */

static const struct json *first_choice(const struct json *chunk)
{
    return json_at(json_get(chunk, "choices"), 0);
}

static int read_usage(struct decoder *d, struct chat_stream *s, const struct json *chunk)
{
    const struct json *places[] = {
        json_get(json_get(chunk, "x_groq"), "usage"),
        json_get(first_choice(chunk), "usage"), /* Moonshot */
        json_get(chunk, "usage"),
    };
    bool has_any = false;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        has_any = has_any || json_count(places[i]) > 0;
        dialect_chat_read_usage(d->scratch, places[i], &s->usage);
    }
    if (!has_any || !s->has_started)
        return 0;
    return sink_put(&d->sink, &(struct event){.kind = EV_USAGE, .usage = s->usage});
}

/* Azure's first chunk has no id and no choice: it does not begin anything. */
static int read_head(struct decoder *d, struct chat_stream *s, const struct json *chunk)
{
    struct event ev = {.kind = EV_START};
    if (s->has_started)
        return 0;
    dialect_chat_read_start(chunk, &ev.start);
    if (ev.start.id.n == 0 && json_count(json_get(chunk, "choices")) == 0)
        return 0;
    s->has_started = true;
    s->seed = chat_kept(d->a, ev.start.id, CHAT_WORD_MAX);
    return sink_put(&d->sink, &ev);
}

static int put_failure(struct decoder *d, const struct json *chunk)
{
    struct event ev = {.kind = EV_ERROR};
    const struct json *choice = first_choice(chunk);
    ev.failure = (struct failure){.class = FAILURE_SERVER, .retry_ms = -1};
    dialect_chat_read_error(d->scratch, json_get(choice, "error") ? choice : chunk, S_EMPTY,
                            &ev.failure);
    d->has_ended = true;
    return sink_put(&d->sink, &ev);
}

static bool is_failure(const struct message *m, const struct json *chunk)
{
    return str_eq(m->type, S("error")) || dialect_chat_is_error(chunk) ||
           json_count(json_get(first_choice(chunk), "error")) > 0;
}

/* Sources, where the vendor says them in every chunk: once, with the last. */
static int put_sources(struct decoder *d, struct chat_stream *s, const struct json *chunk)
{
    struct annotation *first = NULL;
    struct chat_at at = {.d = d, .s = s, .c = s->choices};
    bool is_last = str_eq(json_str(json_get(first_choice(chunk), "finish_reason")), S("stop"));
    if (!is_last || !at.c || !at.c->has_text || at.c->is_finished)
        return 0;
    int rc = 0;
    dialect_chat_read_sources(d->scratch, chunk, &first);
    for (const struct annotation *n = first; rc == 0 && n; n = n->next)
        rc = chat_at_annotation(&at, n);
    return rc;
}

static int read_chunk(struct decoder *d, struct chat_stream *s, const struct message *m)
{
    const struct json *chunk = NULL;
    int rc = decoder_json(d, chat_join_halves(s, d->scratch, m->data), &chunk);
    if (rc != 0)
        return rc;
    if (is_failure(m, chunk)) {
        rc = read_usage(d, s, chunk);
        return rc != 0 ? rc : put_failure(d, chunk);
    }
    s->may_end =
        s->may_end || str_eq(json_str(json_get(chunk, "object")), S("chat.completion.done"));
    rc = read_head(d, s, chunk);
    if (rc == 0)
        rc = put_sources(d, s, chunk);
    if (rc == 0)
        rc = read_choices(d, s, json_get(chunk, "choices"));
    return rc != 0 ? rc : read_usage(d, s, chunk);
}

static bool is_all_finished(const struct chat_stream *s)
{
    for (const struct chat_choice *c = s->choices; c; c = c->next) {
        if (!c->is_finished)
            return false;
    }
    return s->choices != NULL;
}

static int put_end(struct decoder *d, struct chat_stream *s)
{
    int rc = 0;
    if (!s->choices)
        return fail_stream(d, "The provider's stream ended without an answer.");
    for (struct chat_choice *c = s->choices; rc == 0 && c; c = c->next) {
        struct chat_at at = {.d = d, .s = s, .c = c};
        rc = close_all(&at);
        if (c->finish.reason == FINISH_UNSET)
            c->finish.reason = finish_settle(FINISH_STOP, c->n_calls > 0);
        if (c->finish.reason == FINISH_STOP && c->has_refusal)
            c->finish.reason = FINISH_REFUSAL;
        if (rc == 0)
            rc = chat_at_put(&at, (struct event){.kind = EV_FINISH, .finish = c->finish});
    }
    d->has_ended = true;
    return rc != 0 ? rc : sink_put(&d->sink, &(struct event){.kind = EV_END});
}

static struct chat_stream *stream_of(struct decoder *d)
{
    if (!d->state) {
        struct chat_stream *s = arena_new(d->a, struct chat_stream);
        s->usage = USAGE_NONE;
        d->state = s;
    }
    return d->state;
}

void dialect_chat_may_end(struct decoder *d)
{
    stream_of(d)->may_end = true;
}

int dialect_chat_read_message(struct decoder *d, const struct message *m)
{
    struct chat_stream *s = stream_of(d);
    if (d->has_ended)
        return 0;
    if (m && !str_eq(str_trim(m->data), S("[DONE]")))
        return read_chunk(d, s, m);
    if (!m && !(s->may_end && is_all_finished(s)))
        return err_set(d->err, d->a, -E_PROVIDER_TRUNCATED,
                       "The provider's stream ended before its end mark.");
    return put_end(d, s);
}
