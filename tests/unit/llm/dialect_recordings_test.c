/* Dialects on recordings of real providers, below the folder that THROWBAR_FIXTURES names; without
 * it the test is skipped. What must hold for every one of them, without a golden file:
 *
 * - a request or a whole answer, read and written in its own dialect, is the same JSON;
 * - a stream, read and written in its own dialect, says the same when it is read again;
 * - a decoder keeps to the grammar of events, and so does what comes out of the row of blocks;
 * - a stream translated and then folded is the stream folded and then translated, for every
 *   dialect that a client may speak. */
#include "llm/recording_report.h"

/* ---- requests ---- */

static void check_request(struct arena *a, const struct recording *r)
{
    const struct codec *codec = r->dialect->codec;
    if (!codec->read_request || !codec->write_request || r->status >= 400)
        return;
    struct pipe *p = pipe_new(r->dialect, NULL, NULL);
    struct chat c = {.model = r->model, .is_stream = r->is_stream, .is_count = r->is_count};
    p->rc = pipe_chat(p, r->dialect, r->bytes, &c);
    str difference = pipe_fault(p, "read");
    if (difference.n == 0) {
        str written = pipe_request(p, r->dialect, &c, r->bytes);
        difference = pipe_fault(p, "written");
        if (difference.n == 0)
            difference =
                json_difference(&p->a, recording_json(a, r->bytes), recording_json(&p->a, written));
    }
    recording_report(r, "request", difference);
    pipe_free(p);
}

/* What is said in a request, whoever holds which part of it: the texts of all turns in order, the
 * calls, and the names of the tools. */
static void put_said(struct buf *out, const struct block *list, unsigned depth)
{
    for (const struct block *b = list; b && depth < 8; b = b->next) {
        if (b->kind == BLOCK_TEXT || b->kind == BLOCK_REFUSAL)
            buf_put(out, b->text);
        if (b->kind == BLOCK_TOOL_CALL)
            buf_printf(out, "call " STR_FMT, STR_ARG(b->call.name));
        if (b->kind == BLOCK_TOOL_RESULT)
            put_said(out, b->result.blocks, depth + 1);
        if (b->kind == BLOCK_MEDIA && b->media.source == MEDIA_BASE64)
            buf_put(out, b->media.bytes);
    }
}

/* Without white space: joining parts may add some. */
static str said(struct arena *a, const struct chat *c)
{
    struct buf out, dense;
    buf_init(&out, PIPE_MAX);
    buf_init(&dense, PIPE_MAX);
    put_said(&out, c->instructions, 0);
    for (const struct turn *t = c->turns; t; t = t->next)
        put_said(&out, t->blocks, 0);
    for (const struct tool *t = c->tools; t; t = t->next) {
        if (t->kind != TOOL_SERVER)
            buf_printf(&out, "tool " STR_FMT, STR_ARG(t->name));
    }
    for (size_t i = 0; i < out.n; i++) {
        if (!strchr(" \t\r\n", out.p[i]) || out.p[i] == '\0')
            buf_put_char(&dense, out.p[i]);
    }
    str text = arena_str(a, buf_str(&dense));
    buf_fini(&out);
    buf_fini(&dense);
    return text;
}

/* Documents become text, results that are JSON become text, tools that must not be called are left
 * out, and those of a history that offers none are made up: what is said is said in other words
 * then. */
static bool is_said_otherwise(const struct chat *c)
{
    for (const struct turn *t = c->turns; t; t = t->next) {
        for (const struct block *b = t->blocks; b; b = b->next) {
            if (b->kind == BLOCK_MEDIA && b->media.kind == MEDIA_DOCUMENT)
                return true;
            if (b->kind == BLOCK_TOOL_RESULT && (b->result.value || !c->tools))
                return true;
        }
    }
    return c->choice.mode == CHOICE_NONE;
}

/* What was written for `to` (in p) is what a client of `to` could have sent (read in q), and says
 * the same unless a loss was noted. */
static str request_difference(struct pipe *p, struct pipe *q, const struct recording *r,
                              const struct dialect *to)
{
    struct chat *c = arena_new(&p->a, struct chat);
    struct chat *again = arena_new(&q->a, struct chat);
    c->model = r->model;
    c->is_stream = again->is_stream = r->is_stream;
    again->model = S("model");
    p->rc = pipe_chat(p, r->dialect, r->bytes, c);
    if (p->rc != 0)
        return pipe_fault(p, "read");
    str body = pipe_request(p, to, c, S_EMPTY);
    if (p->rc == -E_BAD_REQUEST && p->err.message.n > 0 && p->err.param.n > 0)
        return S_EMPTY; /* refused, with a reason */
    if (p->rc != 0)
        return pipe_fault(p, "written");
    q->rc = pipe_chat(q, to, body, again);
    if (q->rc != 0)
        return pipe_fault(q, "read again");
    str own = pipe_request(q, to, again, body);
    if (q->rc != 0)
        return pipe_fault(q, "written again");
    struct ir_diff d = {.a = &p->a};
    d.first = json_difference(&p->a, recording_json(&p->a, body), recording_json(&q->a, own));
    if (p->loss.n == 0 && !is_said_otherwise(c))
        ir_str(&d, "said", 0, said(&p->a, c), said(&p->a, again));
    return d.first;
}

static void check_request_to(const struct recording *r, const struct dialect *to)
{
    struct pipe *p = pipe_new(r->dialect, NULL, NULL);
    struct pipe *q = pipe_new(to, NULL, NULL);
    recording_report_to(r, to, request_difference(p, q, r, to));
    pipe_free(p);
    pipe_free(q);
}

static void check_requests(struct arena *a, const struct recording *r)
{
    check_request(a, r);
    bool is_there = r->dialect->codec->read_request && r->status < 400 && !r->is_count;
    for (size_t i = 0; i < ARRAY_LEN(client_dialects) && is_there; i++) {
        const struct dialect *to = dialect_get(client_dialects[i]);
        if (to != r->dialect && to->codec->read_request && to->codec->write_request)
            check_request_to(r, to);
    }
}

/* ---- answers ---- */

/* The request that the answer was given to. */
static const struct chat *asked(struct pipe *p, const struct recording *r, struct chat *c)
{
    *c = (struct chat){.model = r->model, .is_stream = r->kind == RECORDING_STREAM};
    if (r->request.n == 0 || !r->dialect->codec->read_request)
        return NULL;
    int rc = pipe_chat(p, r->dialect, r->request, c);
    p->err = (struct err){0};
    return rc == 0 ? c : NULL;
}

static void check_reply(struct arena *a, const struct recording *r)
{
    const struct codec *codec = r->dialect->codec;
    if (!codec->read_reply || !codec->write_reply)
        return;
    struct chat c;
    struct reply reply;
    struct pipe *p = pipe_new(r->dialect, NULL, NULL);
    const struct chat *from = asked(p, r, &c);
    p->rc = pipe_read(p, r->dialect, r->bytes, &reply);
    str difference = pipe_fault(p, "read");
    if (difference.n == 0) {
        str written = pipe_whole(p, r->dialect, r->dialect, &reply, from);
        difference = pipe_fault(p, "written");
        if (difference.n == 0)
            difference =
                json_difference(&p->a, recording_json(a, r->bytes), recording_json(&p->a, written));
    }
    recording_report(r, "reply", difference);
    pipe_free(p);
}

/* The recording as events into these stages. */
static void run(struct pipe *p, const struct recording *r)
{
    if (r->kind == RECORDING_STREAM)
        pipe_stream(p, r->dialect, r->bytes, (struct pipe_cut){0});
    else
        pipe_reply(p, r->dialect, r->bytes);
}

/* The recording streamed to a client of `to`, and what that client reads; in p. */
static str streamed(struct pipe *p, const struct recording *r, const struct dialect *to,
                    bool *says_failure)
{
    struct chat c;
    struct pipe *first = pipe_new(r->dialect, to, NULL);
    const struct chat *from = asked(first, r, &c);
    if (from)
        c.asks_usage = true;
    static const struct chat usage_wanted = {.asks_usage = true, .is_stream = true};
    first->encoder.w.asked = from && to == r->dialect ? from : &usage_wanted;
    run(first, r);
    *says_failure = pipe_says_failure(to, buf_str(&first->out));
    str difference = pipe_fault(first, "to the client");
    if (difference.n == 0 && first->behind.fault.n > 0)
        difference = first->behind.fault;
    if (difference.n == 0) {
        pipe_stream(p, to, buf_str(&first->out), (struct pipe_cut){0});
        difference = pipe_fault(p, "by the client");
    }
    if (difference.n == 0 && p->before.fault.n > 0)
        difference = p->before.fault;
    difference = difference.n > 0 ? arena_str(&p->a, difference) : S_EMPTY;
    pipe_free(first);
    return difference;
}

/* The recording folded, written whole for a client of `to`, and what that client reads; in p. */
static str folded(struct pipe *p, const struct recording *r, const struct dialect *to,
                  struct reply *out)
{
    run(p, r);
    str difference = pipe_fault(p, "folded");
    if (difference.n > 0)
        return difference;
    struct chat usage_wanted = {.asks_usage = true};
    str whole = pipe_whole(p, r->dialect, to, &p->reply, &usage_wanted);
    difference = pipe_fault(p, "written");
    if (difference.n > 0)
        return difference;
    p->rc = pipe_read(p, to, whole, out);
    return pipe_fault(p, "read again");
}

/* Calls and results are joined by ids: a client gets one even when the provider gave none. */
static str without_id(const struct reply *reply, const struct dialect *to)
{
    if (to->id == DIALECT_GEMINI || to->id == DIALECT_OLLAMA)
        return S_EMPTY;
    for (const struct reply_choice *c = reply->choices; c; c = c->next) {
        for (const struct block *b = c->blocks; b; b = b->next) {
            if (b->kind == BLOCK_TOOL_CALL && b->call.id.n == 0)
                return S("a call without an id");
        }
    }
    return S_EMPTY;
}

/* What every dialect can carry of the first answer: what is said or refused, and the calls. */
static str carried(struct arena *a, const struct reply *reply)
{
    struct buf out;
    buf_init(&out, PIPE_MAX);
    const struct reply_choice *c = reply->choices;
    for (const struct block *b = c ? c->blocks : NULL; b; b = b->next) {
        if (b->kind == BLOCK_TEXT || b->kind == BLOCK_REFUSAL)
            buf_put(&out, b->text);
        if (b->kind == BLOCK_TOOL_CALL)
            buf_printf(&out, "<" STR_FMT ">", STR_ARG(b->call.name));
    }
    str text = arena_str(a, buf_str(&out));
    buf_fini(&out);
    return text;
}

/* Nothing of that is lost, and nothing added. */
static str lost(struct arena *a, const struct reply *given, const struct reply *got)
{
    struct ir_diff d = {.a = a};
    ir_str(&d, "carried", 0, carried(a, given), carried(a, got));
    if (given->choices && got->choices)
        ir_compare_calls(&d, given->choices->blocks, got->choices->blocks, IR_NO_IDS);
    return d.first;
}

static void check_translation(const struct recording *r, const struct dialect *to)
{
    struct reply whole;
    struct pipe *p = pipe_new(to, NULL, NULL);
    struct pipe *q = pipe_new(r->dialect, NULL, NULL);
    bool says_failure = false;
    str difference = streamed(p, r, to, &says_failure);
    if (says_failure && p->rc == -E_PROVIDER_STREAM)
        difference = S_EMPTY;
    else if (difference.n == 0)
        difference = folded(q, r, to, &whole);
    unsigned flags = r->dialect->id == DIALECT_OLLAMA ? IR_NO_IDS : 0;
    if (difference.n == 0 && !says_failure)
        difference = reply_difference(&p->a, &whole, &p->reply, flags);
    if (difference.n == 0 && !says_failure)
        difference = lost(&p->a, &q->reply, &p->reply);
    if (difference.n == 0 && !says_failure)
        difference = without_id(&whole, to);
    if (difference.n == 0 && !says_failure)
        difference = without_id(&p->reply, to);
    recording_report_to(r, to, difference);
    pipe_free(p);
    pipe_free(q);
}

/* Read, written and read again in its own dialect. */
static void check_own(const struct recording *r)
{
    struct pipe *p = pipe_new(r->dialect, NULL, NULL);
    struct pipe *q = pipe_new(r->dialect, NULL, NULL);
    run(p, r);
    str difference = pipe_fault(p, "read");
    if (difference.n == 0 && p->before.fault.n > 0)
        difference = p->before.fault;
    recording_report(r, "events", difference);
    if (difference.n == 0) {
        bool says_failure = false;
        difference = streamed(q, r, r->dialect, &says_failure);
        unsigned flags = r->dialect->id == DIALECT_OLLAMA ? IR_NO_IDS : 0;
        if (r->dialect->id == DIALECT_BEDROCK && r->kind == RECORDING_REPLY)
            flags |= IR_NO_OPAQUE; /* server tools have another form in a stream */
        flags |= IR_NO_START | IR_ZERO_USAGE;
        if (difference.n == 0)
            difference = reply_difference(&q->a, &p->reply, &q->reply, flags);
        recording_report(r, "own stream", difference);
    }
    pipe_free(p);
    pipe_free(q);
}

/* A stream that ends in an error ends in the same error for every client. */
static bool check_failure(struct arena *a, const struct recording *r)
{
    struct pipe *p = pipe_new(r->dialect, NULL, NULL);
    run(p, r);
    bool is_failure = p->fold.failure != NULL;
    str message = is_failure ? arena_str(a, p->fold.failure->message) : S_EMPTY;
    pipe_free(p);
    for (size_t i = 0; i < ARRAY_LEN(client_dialects) && is_failure; i++) {
        const struct dialect *to = dialect_get(client_dialects[i]);
        if (!dialect_can_answer(to))
            continue;
        p = pipe_new(to, NULL, NULL);
        bool says_failure = false;
        IGNORE_RESULT(streamed(p, r, to, &says_failure)); /* the failure is looked at itself */
        struct ir_diff d = {.a = a};
        ir_int(&d, "failed", 0, -E_PROVIDER_STREAM, p->rc);
        ir_str(&d, "message", 0, message, p->fold.failure ? p->fold.failure->message : S_EMPTY);
        recording_report_to(r, to, d.first);
        pipe_free(p);
    }
    return is_failure;
}

static void check_answer(struct arena *a, const struct recording *r)
{
    if (r->kind == RECORDING_REPLY)
        check_reply(a, r);
    if (!dialect_can_answer(r->dialect) || check_failure(a, r))
        return;
    check_own(r);
    for (size_t i = 0; i < ARRAY_LEN(client_dialects); i++) {
        const struct dialect *to = dialect_get(client_dialects[i]);
        if (to != r->dialect && dialect_can_answer(to))
            check_translation(r, to);
    }
}

/* ---- errors ---- */

static void check_error(struct arena *a, const struct recording *r)
{
    if (!r->dialect->codec->read_error)
        return;
    struct failure f = {.class = failure_class_of(r->status), .status = r->status, .retry_ms = -1};
    r->dialect->codec->read_error(a, recording_json(a, r->bytes), S_EMPTY, &f);
    recording_report(r, "error", f.message.n > 0 ? S_EMPTY : S("no message"));
    for (size_t i = 0; i < ARRAY_LEN(client_dialects); i++) {
        const struct dialect *to = dialect_get(client_dialects[i]);
        if (!to->codec->write_error || !to->codec->read_error)
            continue;
        struct buf out;
        buf_init(&out, 1 << 20);
        to->codec->write_error(&f, &out);
        const struct json *v = recording_json(a, buf_str(&out));
        struct failure again = {.class = f.class, .status = f.status, .retry_ms = -1};
        if (v)
            to->codec->read_error(a, v, S_EMPTY, &again);
        struct ir_diff d = {.a = a};
        ir_int(&d, "valid JSON", 0, 1, v != NULL);
        ir_str(&d, "message", 0, f.message, again.message);
        recording_report(r, "error again", d.first);
        buf_fini(&out);
    }
}

static void check(struct arena *a, const struct recording *r)
{
    switch (r->kind) {
    case RECORDING_REQUEST:
        check_requests(a, r);
        return;
    case RECORDING_REPLY:
    case RECORDING_STREAM:
        check_answer(a, r);
        return;
    case RECORDING_ERROR:
        check_error(a, r);
        return;
    }
}

int main(void)
{
    if (recordings_each(check))
        is_int(recordings.n_unknown, 0, "every recording is read, or named as no chat");
    else
        tap_skip("THROWBAR_FIXTURES names no folder with recordings");
    return tap_done();
}
