/* Recordings of real providers (see llm/recording.h) with one thing wrong: a member dropped, null,
 * twice, of another type, a number out of every range; a message of a stream lost, repeated, or out
 * of its order.
 *
 * None of it may do harm: what is refused is refused with a message, the events of what is taken
 * keep to their grammar, and what is written is readable by the dialect it is written in. */
#include "llm/recording_report.h"

#define MUTATIONS 24 /* of one recording */

/* ---- values ---- */

enum mutation_kind {
    MUTATE_DROP,
    MUTATE_NULL,
    MUTATE_TWICE,
    MUTATE_STRING,
    MUTATE_NUMBER,
    MUTATE_HUGE,
    MUTATE_TRUE,
    MUTATE_ARRAY,
    MUTATE_OBJECT,
    MUTATE_WRAP,
    MUTATE_KINDS
};

struct mutation {
    enum mutation_kind kind;
    size_t at;   /* of which value, counted from 0 in the order of the text */
    size_t seen; /* values so far */
};

static size_t count_values(const struct json *v)
{
    size_t n = 1;
    for (struct json_iter it = json_iter(v); json_iter_next(&it);)
        n += count_values(it.value);
    return n;
}

static void put_value(struct buf *out, struct mutation *m, const struct json *v);

static void put_children(struct buf *out, struct mutation *m, const struct json *v)
{
    bool is_object = json_type(v) == JSON_OBJECT;
    bool has_items = false;
    buf_put_char(out, is_object ? '{' : '[');
    for (struct json_iter it = json_iter(v); json_iter_next(&it);) {
        bool is_it = m->seen == m->at;
        size_t times = is_it && m->kind == MUTATE_TWICE ? 2 : 1;
        if (is_it && m->kind == MUTATE_DROP) {
            m->seen += count_values(it.value);
            continue;
        }
        for (size_t i = 0; i < times; i++) {
            if (has_items)
                buf_put_char(out, ',');
            has_items = true;
            if (is_object) {
                buf_put_json(out, it.key);
                buf_put_char(out, ':');
            }
            put_value(out, m, it.value);
        }
    }
    buf_put_char(out, is_object ? '}' : ']');
}

static void put_value(struct buf *out, struct mutation *m, const struct json *v)
{
    static const char *const texts[MUTATE_KINDS] = {
        [MUTATE_NULL] = "null",
        [MUTATE_STRING] = "\"\\u0000\\ud83d\\ude00\\\"\"",
        [MUTATE_NUMBER] = "-1.5e3",
        [MUTATE_HUGE] = "123456789012345678901234567890",
        [MUTATE_TRUE] = "true",
        [MUTATE_ARRAY] = "[[],{\"a\":[null]},\"s\",1]",
        [MUTATE_OBJECT] = "{\"type\":\"type\",\"0\":[]}",
    };
    bool is_it = m->seen == m->at;
    if (is_it && texts[m->kind]) {
        m->seen += count_values(v);
        buf_put(out, str_from_cz(texts[m->kind]));
        return;
    }
    m->seen++;
    if (is_it && m->kind == MUTATE_WRAP)
        buf_put_char(out, '[');
    if (json_type(v) == JSON_OBJECT || json_type(v) == JSON_ARRAY)
        put_children(out, m, v);
    else
        json_put(out, v);
    if (is_it && m->kind == MUTATE_WRAP)
        buf_put_char(out, ']');
}

static uint64_t chance(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* The value with something wrong with it. */
static str mutated(struct arena *a, const struct json *v, uint64_t *state)
{
    struct mutation m = {.kind = (enum mutation_kind)(chance(state) % MUTATE_KINDS),
                         .at = chance(state) % count_values(v)};
    struct buf out;
    buf_init(&out, SIZE_MAX);
    put_value(&out, &m, v);
    str text = arena_str(a, buf_str(&out));
    buf_fini(&out);
    return text;
}

/* ---- streams ---- */

static void put_message(struct buf *out, const struct dialect *d, const struct message *m, str data)
{
    if (d->framing == FRAMING_EVENT_STREAM)
        event_stream_put(out, m->is_exception ? S("exception") : S("event"), m->type, data);
    else
        frames_put(d->framing, out, m->type, data);
}

static size_t count_messages(struct arena *a, const struct dialect *d, str bytes)
{
    struct message m;
    const char *why = NULL;
    size_t n = 0;
    while (frames_next(d->framing, a, &bytes, &m, &why) > 0)
        n++;
    return n;
}

/* The stream with one message changed, lost, repeated, or behind the next one. */
static str mutated_stream(struct arena *a, const struct recording *r, uint64_t *state)
{
    size_t n = count_messages(a, r->dialect, r->bytes);
    size_t at = n > 0 ? chance(state) % n : 0;
    unsigned what = (unsigned)chance(state) % 8;
    struct message m, late = {.data = S_EMPTY};
    const char *why = NULL;
    str bytes = r->bytes;
    struct buf out;
    buf_init(&out, SIZE_MAX);
    for (size_t i = 0; frames_next(r->dialect->framing, a, &bytes, &m, &why) > 0; i++) {
        const struct json *v = i == at ? recording_json(a, m.data) : NULL;
        str data = v && what >= 3 ? mutated(a, v, state) : m.data;
        if (i == at && what == 1)
            late = m;
        if (i != at || what > 1)
            put_message(&out, r->dialect, &m, data);
        if (i == at && what == 2)
            put_message(&out, r->dialect, &m, data);
        if (i == at + 1 && late.data.n > 0)
            put_message(&out, r->dialect, &late, late.data);
    }
    str stream = arena_str(a, buf_str(&out));
    buf_fini(&out);
    return stream;
}

/* ---- properties ---- */

static size_t n_runs;

static const struct dialect *next_client(bool for_requests)
{
    n_runs++;
    for (size_t i = 0; i < ARRAY_LEN(client_dialects); i++) {
        size_t at = (n_runs + i) % ARRAY_LEN(client_dialects);
        const struct dialect *d = dialect_get(client_dialects[at]);
        if (for_requests ? d->codec->write_request != NULL : dialect_can_answer(d))
            return d;
    }
    return NULL;
}

/* A refusal says why, and nobody says two things. */
static str refused(const struct pipe *p, struct arena *a)
{
    if (p->err.code == 0 || (p->err.code == p->rc && err_message(&p->err).n > 0))
        return S_EMPTY;
    return arena_printf(a, "%s, but the fault is %s: " STR_FMT, err_info(p->rc)->name,
                        err_info(p->err.code)->name, STR_ARG(p->err.message));
}

static str check_request(struct arena *a, const struct recording *r, str body)
{
    const struct dialect *to = next_client(true);
    struct pipe *p = pipe_new(r->dialect, NULL, NULL);
    struct chat c = {.model = r->model, .is_stream = r->is_stream, .is_count = r->is_count};
    p->rc = pipe_chat(p, r->dialect, body, &c);
    str difference = S_EMPTY;
    str written = S_EMPTY;
    if (p->rc == 0 && to)
        written = pipe_request(p, to, &c, S_EMPTY);
    if (p->rc != 0 && p->err.message.n == 0)
        difference = arena_printf(a, "%s without a message", err_info(p->rc)->name);
    else if (p->rc != 0)
        difference = refused(p, a);
    else if (to && !recording_json(a, written))
        difference = arena_printf(a, "no JSON for " STR_FMT, STR_ARG(to->name));
    pipe_free(p);
    return difference;
}

/* What a client reads of what was written to it. */
static str check_client(struct arena *a, const struct dialect *to, str bytes)
{
    struct pipe *p = pipe_new(to, NULL, NULL);
    pipe_stream(p, to, bytes, (struct pipe_cut){0});
    bool is_failure = p->rc == -E_PROVIDER_STREAM && pipe_says_failure(to, bytes);
    str difference = is_failure ? S_EMPTY : pipe_fault(p, "by the client");
    if (difference.n == 0)
        difference = p->before.fault;
    difference = difference.n > 0
                     ? arena_printf(a, STR_FMT " " STR_FMT, STR_ARG(to->name), STR_ARG(difference))
                     : S_EMPTY;
    pipe_free(p);
    return difference;
}

static str check_answer(struct arena *a, const struct recording *r, str bytes)
{
    const struct dialect *to = next_client(false);
    if (!to)
        return S_EMPTY;
    struct pipe *p = pipe_new(r->dialect, to, NULL);
    if (r->kind == RECORDING_STREAM)
        pipe_stream(p, r->dialect, bytes, (struct pipe_cut){0});
    else
        pipe_reply(p, r->dialect, bytes);
    str difference = arena_str(a, p->before.fault);
    if (difference.n == 0 && p->rc != 0)
        difference = refused(p, a);
    bool has_ended = p->rc == 0 && p->n_errors == 0;
    if (difference.n == 0 && has_ended)
        difference = check_client(a, to, buf_str(&p->out));
    pipe_free(p);
    return difference;
}

static str check_one(struct arena *a, const struct recording *r, uint64_t *state)
{
    const struct json *v = r->kind == RECORDING_STREAM ? NULL : recording_json(a, r->bytes);
    if (r->kind == RECORDING_STREAM)
        return check_answer(a, r, mutated_stream(a, r, state));
    if (!v)
        return S_EMPTY;
    str body = mutated(a, v, state);
    if (r->kind == RECORDING_REQUEST)
        return check_request(a, r, body);
    if (r->kind == RECORDING_REPLY)
        return check_answer(a, r, body);
    struct failure f = {.class = FAILURE_SERVER, .status = r->status, .retry_ms = -1};
    r->dialect->codec->read_error(a, recording_json(a, body), S_EMPTY, &f);
    return S_EMPTY;
}

static bool is_there(const struct recording *r)
{
    const struct codec *c = r->dialect->codec;
    switch (r->kind) {
    case RECORDING_REQUEST:
        return c->read_request != NULL;
    case RECORDING_REPLY:
        return c->read_reply != NULL;
    case RECORDING_STREAM:
        return c->read_message != NULL;
    case RECORDING_ERROR:
        return c->read_error != NULL;
    }
    return false;
}

static void check(struct arena *a, const struct recording *r)
{
    if (!is_there(r))
        return;
    uint64_t state = str_hash(r->name, 1);
    str difference = S_EMPTY;
    for (int i = 0; i < MUTATIONS && difference.n == 0; i++) {
        struct arena one;
        arena_init(&one, 4096, (size_t)1 << 30);
        str found = check_one(&one, r, &state);
        if (found.n > 0)
            difference = arena_printf(a, "mutation %d: " STR_FMT, i, STR_ARG(found));
        arena_fini(&one);
    }
    recording_report(r, "mutations", difference);
}

int main(void)
{
    if (!recordings_each(check))
        tap_skip("THROWBAR_FIXTURES names no folder with recordings");
    return tap_done();
}
