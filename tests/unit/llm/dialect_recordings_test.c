/* Dialects on recordings of real providers, below the folder that THROWBAR_FIXTURES names; without
 * it the test is skipped. What must hold for every one of them, without a golden file:
 *
 * - a request or a whole answer, read and written in its own dialect, is the same JSON;
 * - a stream, read and written in its own dialect, says the same when it is read again;
 * - a decoder keeps to the grammar of events, and so does what comes out of the row of blocks;
 * - a stream translated and then folded is the stream folded and then translated, for every
 *   dialect that a client may speak. */
#include "llm/dialect_pipe.h"
#include "llm/ir_equal.h"
#include "llm/recording.h"

#include "tap.h"

/* What does not hold, and why not. */
static const struct {
    const char *part, *property, *why;
} known[] = {
    {NULL, NULL, NULL},
};

static const char *known_reason(str name, const char *property)
{
    for (size_t i = 0; known[i].part; i++) {
        if (recording_has(name, known[i].part) &&
            recording_has(str_from_cz(property), known[i].property))
            return known[i].why;
    }
    return NULL;
}

/* One line of TAP: nothing to say means that the property holds. */
static void report(const struct recording *r, const char *property, str difference)
{
    const char *why = difference.n > 0 ? known_reason(r->name, property) : NULL;
    struct buf line;
    buf_init(&line, 1024);
    buf_printf(&line, "%s: " STR_FMT, property, STR_ARG(r->name));
    if (why)
        buf_printf(&line, " # TODO %s", why);
    buf_put_char(&line, '\0');
    if (!why && difference.n > 0)
        printf("# " STR_FMT "\n", STR_ARG(difference));
    tap_result(difference.n == 0 || why, line.p ? line.p : property, __FILE__, __LINE__);
    buf_fini(&line);
}

static str fault(struct pipe *p, const char *what)
{
    if (p->rc == 0)
        return S_EMPTY;
    return arena_printf(&p->a, "%s: %s " STR_FMT " (" STR_FMT ")", what, err_info(p->rc)->name,
                        STR_ARG(p->err.message), STR_ARG(p->err.param));
}

static const struct json *parse(struct arena *a, str text)
{
    const struct json *v = NULL;
    size_t error_at = 0;
    return json_read(a, text, &v, &error_at) == 0 ? v : NULL;
}

/* ---- requests ---- */

static void check_request(struct arena *a, const struct recording *r)
{
    const struct codec *codec = r->dialect->codec;
    if (!codec->read_request || !codec->write_request || r->status >= 400)
        return;
    struct pipe p;
    pipe_init(&p, r->dialect, NULL, NULL);
    struct chat c = {.model = r->model, .is_stream = r->is_stream, .is_count = r->is_count};
    p.rc = pipe_chat(&p, r->dialect, r->bytes, &c);
    str difference = fault(&p, "read");
    if (difference.n == 0) {
        str written = pipe_request(&p, r->dialect, &c, r->bytes);
        difference = fault(&p, "written");
        if (difference.n == 0)
            difference = json_difference(&p.a, parse(a, r->bytes), parse(&p.a, written));
    }
    report(r, "request", difference);
    pipe_fini(&p);
}

/* ---- answers ---- */

static const enum dialect_id client_dialects[] = {
    DIALECT_CHAT,    DIALECT_RESPONSES, DIALECT_ANTHROPIC, DIALECT_GEMINI,
    DIALECT_BEDROCK, DIALECT_COHERE,    DIALECT_OLLAMA,
};

static bool can_answer(const struct dialect *d)
{
    const struct codec *c = d->codec;
    return c->write_event && c->read_message && c->write_reply && c->read_reply;
}

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
    struct pipe p;
    struct chat c;
    struct reply reply;
    pipe_init(&p, r->dialect, NULL, NULL);
    const struct chat *from = asked(&p, r, &c);
    p.rc = pipe_read(&p, r->dialect, r->bytes, &reply);
    str difference = fault(&p, "read");
    if (difference.n == 0) {
        str written = pipe_whole(&p, r->dialect, r->dialect, &reply, from);
        difference = fault(&p, "written");
        if (difference.n == 0)
            difference = json_difference(&p.a, parse(a, r->bytes), parse(&p.a, written));
    }
    report(r, "reply", difference);
    pipe_fini(&p);
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
static str streamed(struct pipe *p, const struct recording *r, const struct dialect *to)
{
    struct pipe first;
    struct chat c;
    pipe_init(&first, r->dialect, to, NULL);
    const struct chat *from = asked(&first, r, &c);
    if (from)
        c.asks_usage = true;
    struct chat usage_wanted = {.asks_usage = true, .is_stream = true};
    first.encoder.w.asked = from && to == r->dialect ? from : &usage_wanted;
    run(&first, r);
    str difference = fault(&first, "to the client");
    if (difference.n == 0 && first.behind.fault.n > 0)
        difference = first.behind.fault;
    if (difference.n == 0) {
        pipe_stream(p, to, buf_str(&first.out), (struct pipe_cut){0});
        difference = fault(p, "by the client");
    }
    if (difference.n == 0 && p->before.fault.n > 0)
        difference = p->before.fault;
    difference = difference.n > 0 ? arena_str(&p->a, difference) : S_EMPTY;
    pipe_fini(&first);
    return difference;
}

/* The recording folded, written whole for a client of `to`, and what that client reads; in p. */
static str folded(struct pipe *p, const struct recording *r, const struct dialect *to,
                  struct reply *out)
{
    run(p, r);
    str difference = fault(p, "folded");
    if (difference.n > 0)
        return difference;
    struct chat usage_wanted = {.asks_usage = true};
    str whole = pipe_whole(p, r->dialect, to, &p->reply, &usage_wanted);
    difference = fault(p, "written");
    if (difference.n > 0)
        return difference;
    p->rc = pipe_read(p, to, whole, out);
    return fault(p, "read again");
}

static void check_translation(const struct recording *r, const struct dialect *to)
{
    struct pipe p, q;
    struct reply whole;
    pipe_init(&p, to, NULL, NULL);
    pipe_init(&q, r->dialect, NULL, NULL);
    str difference = streamed(&p, r, to);
    if (difference.n == 0)
        difference = folded(&q, r, to, &whole);
    if (difference.n == 0)
        difference = reply_difference(&p.a, &whole, &p.reply, 0);
    char property[64];
    struct buf b;
    buf_init(&b, sizeof(property));
    buf_printf(&b, "to " STR_FMT, STR_ARG(to->name));
    buf_put_char(&b, '\0');
    report(r, b.p, difference);
    buf_fini(&b);
    pipe_fini(&p);
    pipe_fini(&q);
}

/* Read, written and read again in its own dialect. */
static void check_own(const struct recording *r)
{
    struct pipe p, q;
    pipe_init(&p, r->dialect, NULL, NULL);
    pipe_init(&q, r->dialect, NULL, NULL);
    run(&p, r);
    str difference = fault(&p, "read");
    if (difference.n == 0 && p.before.fault.n > 0)
        difference = p.before.fault;
    report(r, "events", difference);
    if (difference.n == 0) {
        difference = streamed(&q, r, r->dialect);
        if (difference.n == 0)
            difference = reply_difference(&q.a, &p.reply, &q.reply, IR_NO_START);
        report(r, "own stream", difference);
    }
    pipe_fini(&p);
    pipe_fini(&q);
}

static void check_answer(struct arena *a, const struct recording *r)
{
    if (r->kind == RECORDING_REPLY)
        check_reply(a, r);
    if (!can_answer(r->dialect))
        return;
    check_own(r);
    for (size_t i = 0; i < ARRAY_LEN(client_dialects); i++) {
        const struct dialect *to = dialect_get(client_dialects[i]);
        if (to != r->dialect && can_answer(to))
            check_translation(r, to);
    }
}

/* ---- errors ---- */

static void check_error(struct arena *a, const struct recording *r)
{
    if (!r->dialect->codec->read_error)
        return;
    struct failure f = {.class = failure_class_of(r->status), .status = r->status, .retry_ms = -1};
    r->dialect->codec->read_error(a, parse(a, r->bytes), S_EMPTY, &f);
    report(r, "error", f.message.n > 0 ? S_EMPTY : S("no message"));
    for (size_t i = 0; i < ARRAY_LEN(client_dialects); i++) {
        const struct dialect *to = dialect_get(client_dialects[i]);
        if (!to->codec->write_error || !to->codec->read_error)
            continue;
        struct buf out;
        buf_init(&out, 1 << 20);
        to->codec->write_error(&f, &out);
        const struct json *v = parse(a, buf_str(&out));
        struct failure again = {.class = f.class, .status = f.status, .retry_ms = -1};
        if (v)
            to->codec->read_error(a, v, S_EMPTY, &again);
        struct ir_diff d = {.a = a};
        ir_int(&d, "valid JSON", 0, 1, v != NULL);
        ir_str(&d, "message", 0, f.message, again.message);
        report(r, "error again", d.first);
        buf_fini(&out);
    }
}

static void check(struct arena *a, const struct recording *r)
{
    switch (r->kind) {
    case RECORDING_REQUEST:
        check_request(a, r);
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
    if (!recordings_each(check))
        tap_skip("THROWBAR_FIXTURES names no folder with recordings");
    return tap_done();
}
