/* The streamed answer: the pull loop.
 *
 * Upstream bytes are read into the scratch buffer, decoded there, looked at by the tap event by
 * event, and go out from there in one write: no copy in the usual case, where every read holds
 * whole events. Only an event cut by the end of a read is held back, so the client never sees
 * half an event before an error.
 *
 * The commit point is the first whole event: until then a failure is an ordinary error with a
 * status. While the provider is silent the client gets a comment every heartbeat, which commits
 * early: better a late error inside the stream than a connection that a proxy in between gives
 * up. After commit a failure becomes the dialect's own error event, never a silent end and never
 * a made-up end marker.
 *
 * The dialect's end marker is the end, whatever the transport does behind it: only the
 * connection's further use depends on the rest.
 *
 * One loop serves three kinds of streams. OpenAI's are relayed under the tap of llm/stream.h; those
 * of other dialects under a translator that only listens; and where client and provider differ the
 * translator makes the bytes that go out. */
#include <string.h>

#include "base/clock.h"
#include "gate/relay.h"
#include "gate/reply.h"
#include "gate/responses.h"
#include "gate/translator.h"
#include "llm/stream.h"
#include "rt/task.h"
#include "wire/base64.h"
#include "wire/frames.h"

#define OUT_PIECES  8
#define HEADERS_MAX (8u << 10)
#define SCRATCH_CAP (64u << 20)
#define GRACE_US    200000 /* for the last chunk behind the end marker */

/* Messages inside the frames of an AWS event stream: what Bedrock and SageMaker merely carry. */
enum wrapping { WRAP_NONE, WRAP_CHUNK /* base64 of one JSON event */, WRAP_PART /* bytes */ };

struct relay {
    struct exchange *x;
    struct call *call;
    struct stream_tap tap;
    struct translator *t; /* NULL: OpenAI's dialects, relayed under the tap */
    struct frames split;
    struct frames inner;  /* of what WRAP_PART carries */
    bool has_parts;       /* some of it has come */
    struct buf part;      /* its bytes that are no whole message yet */
    struct buf head;      /* of the answer, until it is sent */
    struct buf held;      /* the beginning of an event whose rest has not come */
    struct arena scratch; /* edited events of one batch */
    struct iovec out[OUT_PIECES];
    size_t n_out;
    int64_t beat_us; /* when a comment is due */
};

static void beat_later(struct relay *r)
{
    int64_t every = r->x->snapshot->timeouts.heartbeat_us;
    r->beat_us = every > 0 ? clock_now_us() + every : TASK_NO_DEADLINE;
}

static bool is_translated(const struct relay *r)
{
    return r->t && r->t->to;
}

/* Relayed, but not in the frames that came: Gemini's events as elements of an array. */
static bool is_reframed(const struct relay *r)
{
    return r->t && !r->t->to && r->t->encoder.w.as_array;
}

static str content_type(const struct relay *r)
{
    if (!r->t)
        return S("text/event-stream; charset=utf-8");
    return translator_stream_type(is_translated(r) ? r->t->to : r->t->from,
                                  r->t->encoder.w.as_array);
}

static void commit(struct relay *r)
{
    struct exchange *x = r->x;
    struct buf extra;
    buf_init(&extra, HEADERS_MAX);
    answer_put_headers(r->call, &extra);
    buf_put(&extra, S("cache-control: no-cache\r\nx-accel-buffering: no\r\n"));
    reply_begin(x, r->call->head.status, content_type(r),
                buf_is_ok(&extra) ? buf_str(&extra) : S_EMPTY, &r->head);
    buf_fini(&extra);
    r->call->head.headers = NULL;
    r->call->head.n_headers = 0;
    exchange_drop_request(x);
}

/* ---- output of one batch ---- */

/* Never waits: the batch, and what has not been taken from it yet, lie in the scratch buffer. */
static int flush(struct relay *r)
{
    if (r->n_out == 0)
        return 0;
    int rc = reply_chunk(r->x, &r->head, r->out, r->n_out);
    r->n_out = 0;
    beat_later(r);
    return rc;
}

/* Adds bytes to the batch; joins neighbours. */
static int emit(struct relay *r, str bytes)
{
    if (bytes.n == 0)
        return 0;
    struct iovec *last = r->n_out > 0 ? &r->out[r->n_out - 1] : NULL;
    if (last && (const char *)last->iov_base + last->iov_len == bytes.p) {
        last->iov_len += bytes.n;
        return 0;
    }
    int rc = r->n_out == OUT_PIECES ? flush(r) : 0;
    r->out[r->n_out++] = (struct iovec){.iov_base = (void *)(uintptr_t)bytes.p, .iov_len = bytes.n};
    return rc;
}

/* ---- input ---- */

/* The first event decides whether this is an answer at all. */
static int check_first(struct relay *r, str event)
{
    struct exchange *x = r->x;
    str data = stream_error_data(&r->scratch, event);
    if (data.n == 0)
        return 0;
    answer_refusal(x, r->call, data);
    x->err.code = -E_PROVIDER_STREAM;
    x->err.status = 502;
    return x->err.code;
}

/* Has the marker passed behind which nothing may follow? */
static bool has_ended(const struct relay *r)
{
    if (r->t)
        return r->t->decoder.has_ended || r->t->has_error;
    return r->tap.has_ended && r->tap.op->end != OPERATION_END_EVENT;
}

static bool may_add_done(const struct relay *r)
{
    if (r->t)
        return !r->t->to && !r->t->has_error;
    return r->tap.op->end == OPERATION_END_RESPONSE;
}

static int take_event(struct relay *r, str event)
{
    str edited = S_EMPTY;
    if (has_ended(r)) /* OpenRouter sends [DONE] behind response.completed */
        return may_add_done(r) && str_eq(str_trim(event), S("data: [DONE]")) ? emit(r, event) : 0;
    if (!r->x->committed) {
        int rc = check_first(r, event);
        if (rc < 0)
            return rc;
        r->x->first_byte_us = clock_now_us();
        commit(r);
    } else if (r->x->first_byte_us == 0) {
        r->x->first_byte_us = clock_now_us();
    }
    switch (stream_tap_event(&r->tap, &r->scratch, event, &edited)) {
    case STREAM_KEEP:
        return emit(r, event);
    case STREAM_EDIT:
        return emit(r, edited);
    case STREAM_DROP:
        break;
    }
    return 0;
}

/* Whole events, one after the other. */
static int take_events(struct relay *r, str events)
{
    str event;
    int rc = 0;
    if (r->x->first_byte_us > 0 && stream_tap_skips(&r->tap, events))
        return emit(r, events);
    while (rc == 0 && sse_next(&events, &event))
        rc = take_event(r, event);
    return rc;
}

/* ---- the same under a translator ---- */

static int take_messages(struct relay *r, enum framing framing, str *frames,
                         enum wrapping wrapping);

/* InvokeModel's {"bytes": "..."}: one event of the model's own dialect. */
static int take_chunk(struct relay *r, const struct message *m)
{
    const struct json *root = NULL;
    size_t error_at = 0;
    struct message inner = {.is_exception = false};
    if (json_read(&r->t->scratch, m->data, &root, &error_at) < 0 ||
        !base64_decode(&r->t->scratch, json_str(json_get(root, "bytes")), &inner.data))
        return exchange_fail(r->x, -E_PROVIDER_BODY,
                             "A chunk of the provider's stream is not what it should be.");
    return translator_feed(r->t, &inner);
}

/* A piece of the container's own stream, cut anywhere. Most send events; one that begins with a
 * brace sends lines. */
static int take_part(struct relay *r, const struct message *m)
{
    if (!r->has_parts && m->data.n > 0) {
        r->has_parts = true;
        if (m->data.p[0] == '{')
            frames_init(&r->inner, FRAMING_LINES);
    }
    buf_put(&r->part, m->data);
    if (!buf_is_ok(&r->part))
        return exchange_fail(r->x, -E_PROVIDER_TOO_LARGE, "An event of the stream is too large.");
    int64_t whole = frames_feed(&r->inner, m->data);
    if (whole < 0)
        return err_set_code(&r->x->err, (int)whole);
    size_t open = m->data.n - (size_t)whole;
    if (whole == 0)
        return 0;
    str ready = str_slice(buf_str(&r->part), 0, r->part.n - open);
    size_t n = ready.n;
    int rc = take_messages(r, r->inner.framing, &ready, WRAP_NONE);
    buf_consume(&r->part, n);
    return rc;
}

/* AWS's own error, whatever its stream carries. */
static int take_exception(struct relay *r, const struct message *m)
{
    const struct json *root = NULL;
    size_t error_at = 0;
    struct event ev = {.kind = EV_ERROR};
    ev.failure = (struct failure){.class = FAILURE_SERVER, .message = m->type, .retry_ms = -1};
    if (json_read(&r->t->scratch, m->data, &root, &error_at) < 0)
        root = NULL;
    dialect_get(DIALECT_BEDROCK)->codec->read_error(&r->t->scratch, root, m->type, &ev.failure);
    if (ev.failure.message.n == 0)
        ev.failure.message = S("The provider's stream ended in an error.");
    r->t->decoder.has_ended = true;
    return sink_put(&r->t->decoder.sink, &ev);
}

static int take_message(struct relay *r, const struct message *m, enum wrapping wrapping)
{
    if (wrapping != WRAP_NONE && m->is_exception)
        return take_exception(r, m);
    if (wrapping == WRAP_CHUNK)
        return take_chunk(r, m);
    if (wrapping == WRAP_PART)
        return take_part(r, m);
    int rc = translator_feed(r->t, m);
    if (rc == 0 && is_reframed(r) && m->data.n > 0)
        encoder_put_element(&r->t->encoder, m->data);
    return rc;
}

/* Whole messages; what is left of `frames` afterwards made no sense. */
static int take_messages(struct relay *r, enum framing framing, str *frames, enum wrapping wrapping)
{
    for (;;) {
        struct message m;
        const char *why = NULL;
        str rest = *frames;
        int got = frames_next(framing, &r->t->scratch, &rest, &m, &why);
        if (got < 0)
            return exchange_fail(r->x, -E_PROVIDER_BODY, "The provider's stream is malformed: %s.",
                                 why ? why : "a frame makes no sense");
        int rc = got > 0 ? take_message(r, &m, wrapping) : 0;
        if (got == 0 || rc < 0)
            return rc;
        *frames = rest;
    }
}

static enum wrapping wrapping_of(const struct relay *r)
{
    if (r->split.framing != FRAMING_EVENT_STREAM || r->t->from->framing == FRAMING_EVENT_STREAM)
        return WRAP_NONE;
    return r->t->from->id == DIALECT_ANTHROPIC ? WRAP_CHUNK : WRAP_PART;
}

/* What the client gets for the batch: the translation, or, under a tap, the bytes as they came. */
static int pass_on(struct relay *r, int rc, str frames)
{
    struct exchange *x = r->x;
    bool makes_bytes = is_translated(r) || is_reframed(r);
    bool has_news = makes_bytes ? r->t->out.n > 0 : r->t->has_events;
    if (has_news && x->first_byte_us == 0)
        x->first_byte_us = clock_now_us();
    bool is_early = rc < 0 && !translator_is_late(r->t);
    if (!x->committed && (is_early || !has_news))
        return rc;
    if (!x->committed)
        commit(r);
    int sent = emit(r, makes_bytes ? buf_str(&r->t->out) : frames);
    if (sent == 0)
        sent = flush(r);
    buf_fini(&r->t->out);
    return rc < 0 ? rc : sent;
}

static int take_translated(struct relay *r, str frames)
{
    str left = frames;
    int rc = take_messages(r, r->split.framing, &left, wrapping_of(r));
    return pass_on(r, rc, rc < 0 ? str_slice(frames, 0, frames.n - left.n) : frames);
}

static int hold(struct relay *r, str bytes)
{
    buf_put(&r->held, bytes);
    if (buf_is_ok(&r->held))
        return 0;
    return exchange_fail(
        r->x, -E_PROVIDER_TOO_LARGE,
        "An event of the provider's stream is larger than %zu bytes (server.limits.event).",
        r->held.max);
}

/* What tells a client of this dialect that its answer is still coming; empty: nothing does. */
static str ping_text(struct relay *r)
{
    if (is_translated(r)) {
        translator_put_ping(r->t);
        return buf_str(&r->t->out);
    }
    if (!r->t)
        return S(": ping\n\n");
    return r->t->from->id == DIALECT_ANTHROPIC ? S("event: ping\ndata: {\"type\": \"ping\"}\n\n")
                                               : S_EMPTY;
}

/* The client has waited long enough to wonder. */
static int beat(struct relay *r)
{
    str ping = ping_text(r);
    if (!r->x->committed)
        commit(r);
    int rc = emit(r, ping);
    if (r->n_out == 0 && r->head.n > 0)
        rc = reply_chunk(r->x, &r->head, r->out, 0);
    if (rc == 0)
        rc = flush(r);
    if (r->t)
        buf_fini(&r->t->out);
    beat_later(r);
    return rc;
}

/* Notes what has passed: an error, which is then the reason for whatever follows, and the id of a
 * stored response, for who owns it. */
static void learn(struct relay *r)
{
    if (r->t) {
        translator_tidy(r->t);
        return;
    }
    if (r->tap.has_error)
        exchange_fail(r->x, -E_PROVIDER_STREAM, "The provider reported an error in its stream.");
    if (r->tap.response_id.n > 0)
        responses_learn(r->x, r->tap.response_id);
    r->tap.response_id = S_EMPTY;
}

/* What one read has brought: a batch. */
static int take_bytes(struct relay *r, str bytes)
{
    int64_t prefix = frames_feed(&r->split, bytes);
    if (prefix < 0)
        return exchange_fail(r->x, -E_PROVIDER_BODY,
                             "The provider's stream is malformed: a frame makes no sense.");
    size_t whole = (size_t)prefix;
    str ready = str_slice(bytes, 0, whole);
    int rc = 0;
    if (whole > 0 && r->held.n > 0) {
        rc = hold(r, ready);
        ready = buf_str(&r->held);
    }
    if (rc == 0 && ready.n > 0)
        rc = r->t ? take_translated(r, ready) : take_events(r, ready);
    learn(r); /* while what it learned lies where the events lie */
    if (rc == 0)
        rc = flush(r);
    if (whole > 0)
        buf_fini(&r->held);
    if (rc == 0 && whole < bytes.n)
        rc = hold(r, str_skip(bytes, whole));
    arena_fini(&r->scratch);
    return rc;
}

/* Some end their body right behind the marker, without its blank line: the marker counts. */
static int take_last(struct relay *r)
{
    if (r->part.n > 0)
        return pass_on(r, take_part(r, &(struct message){.data = S("\n\n")}), S_EMPTY);
    if (r->t && r->held.n > 0 && r->split.framing != FRAMING_EVENT_STREAM)
        return take_bytes(r, r->split.framing == FRAMING_SSE ? S("\n\n") : S("\n"));
    if (!str_eq(str_trim(buf_str(&r->held)), S("data: [DONE]")))
        return 0;
    return take_bytes(r, S("\n\n"));
}

/* Pulls until the stream or the body ends. */
static int MAY_YIELD pull(struct relay *r)
{
    for (;;) {
        str bytes;
        int rc = call_next(r->call, &bytes, r->beat_us);
        if (rc == 0 && bytes.n == 0)
            return take_last(r);
        if (rc == 0)
            rc = take_bytes(r, bytes);
        else if (rc == -E_AGAIN)
            rc = beat(r);
        if (rc == 0)
            rc = reply_drain(r->x);
        if (rc < 0 || has_ended(r))
            return rc;
    }
}

/* ---- the end ---- */

/* The decoder knows whether it was all; what it says at the end goes out as well. */
static int end_translated(struct relay *r)
{
    int rc = translator_end(r->t);
    if (is_reframed(r) && (rc == 0 || r->t->has_error))
        encoder_end_array(&r->t->encoder);
    bool has_news = r->t->out.n > 0;
    if (rc == 0 && has_news && !r->x->committed)
        commit(r);
    if (has_news && r->x->committed) {
        int sent = emit(r, buf_str(&r->t->out));
        if (sent == 0)
            sent = flush(r);
        rc = rc < 0 ? rc : sent;
    }
    buf_fini(&r->t->out);
    return rc;
}

/* No more is to come. Was it all? */
static int check_end(struct relay *r)
{
    struct exchange *x = r->x;
    if (r->t)
        return end_translated(r);
    if (r->tap.has_error)
        return x->err.code;
    if (!has_ended(r) && (r->held.n > 0 || !stream_tap_is_complete(&r->tap)))
        return exchange_fail(x, -E_PROVIDER_TRUNCATED,
                             "The provider's stream ended without its end marker.");
    return 0;
}

void answer_end_with_error(struct exchange *x, struct buf *head)
{
    if (x->err.code == 0 || x->err.code == -E_CLIENT_GONE)
        return;                /* nothing to say, or nobody to say it to */
    (void)task_cancel_clear(); /* a drained stream still gets its goodbye */
    struct buf object, event;
    buf_init(&object, 1u << 20);
    buf_init(&event, 4u << 20);
    reply_put_error_object(x, &object);
    stream_put_error(&event, x->op, &x->err, buf_str(&object));
    struct iovec piece = {.iov_base = event.p, .iov_len = event.n};
    if (reply_chunk(x, head, &piece, 1) == 0)
        IGNORE_RESULT(reply_end(x, head)); /* a client that left misses nothing */
    buf_fini(&object);
    buf_fini(&event);
}

/* Gives the provider a moment to end its message, so that the connection can be kept. What goes
 * wrong now is no fault of the answer. */
static void MAY_YIELD await_end(struct relay *r)
{
    int64_t until_us = clock_now_us() + GRACE_US;
    int rc = 0;
    while (rc == 0 && !r->call->body.done && clock_now_us() < until_us) {
        str bytes;
        rc = call_next(r->call, &bytes, until_us);
        if (rc == 0)
            rc = take_bytes(r, bytes);
    }
    if (rc < 0)
        r->x->err = (struct err){.code = 0};
}

static int MAY_YIELD finish_whole(struct relay *r)
{
    if (!r->x->committed) /* an empty stream of an operation without end marker */
        commit(r);
    bool may_grow = may_add_done(r);
    if (may_grow)
        await_end(r);
    int rc = reply_end(r->x, &r->head);
    if (rc == 0 && !may_grow)
        await_end(r);
    call_close(r->call, 0);
    return rc;
}

/* The stream of a dialect other than OpenAI's ends with its own error event. */
static void end_with_error(struct relay *r)
{
    struct exchange *x = r->x;
    struct translator *t = r->t;
    if (x->err.code == 0 || x->err.code == -E_CLIENT_GONE || t->has_error)
        return;
    (void)task_cancel_clear(); /* a drained stream still gets its goodbye */
    translator_put_error(t);
    if (emit(r, buf_str(&t->out)) == 0)
        IGNORE_RESULT(flush(r)); /* a client that left misses nothing */
    buf_fini(&t->out);
}

static int MAY_YIELD finish(struct relay *r, int rc)
{
    struct exchange *x = r->x;
    if (rc == 0)
        rc = check_end(r);
    else if (x->err.code == 0)
        err_set_code(&x->err, rc); /* the client's side */
    if (!r->t)
        x->usage = r->tap.usage;
    if (rc == 0)
        return finish_whole(r);
    call_close(r->call, rc);
    if (!x->committed)
        return rc;
    if (r->t)
        end_with_error(r);
    if (r->t || r->tap.has_error)
        return reply_end(x, &r->head) < 0 ? -E_CLIENT_GONE : rc;
    answer_end_with_error(x, &r->head);
    return rc;
}

static enum framing framing_of(const struct call *call, const struct dialect *d)
{
    const struct custom *custom = call->x->target.provider->custom;
    str type = http_header_get(&call->head, S("content-type"));
    if (str_has_prefix_nocase(type, S("application/vnd.amazon.eventstream")) ||
        d->framing == FRAMING_EVENT_STREAM)
        return FRAMING_EVENT_STREAM;
    if (str_has_prefix_nocase(type, S("text/event-stream")))
        return FRAMING_SSE;
    return custom ? custom->framing : d->framing;
}

static void relay_init(struct relay *r, struct exchange *x, struct call *call)
{
    *r = (struct relay){.x = x, .call = call};
    x->is_stream = true;
    frames_init(&r->split, FRAMING_SSE);
    buf_init(&r->head, HEADERS_MAX);
    buf_init(&r->held, x->snapshot->limits.event_bytes);
    buf_init(&r->part, x->snapshot->limits.event_bytes);
    arena_init(&r->scratch, 512, SCRATCH_CAP);
    beat_later(r);
}

static void relay_fini(struct relay *r)
{
    buf_fini(&r->head);
    buf_fini(&r->held);
    buf_fini(&r->part);
    arena_fini(&r->scratch);
}

int answer_translate(struct exchange *x, struct call *call, const struct translator_setup *setup)
{
    struct relay r;
    relay_init(&r, x, call);
    frames_init(&r.split, framing_of(call, setup->from));
    frames_init(&r.inner, setup->from->framing);
    r.t = arena_new(&x->arena, struct translator);
    translator_init(r.t, x, setup);
    int rc = finish(&r, pull(&r));
    translator_fini(r.t);
    relay_fini(&r);
    return rc;
}

int answer_stream(struct exchange *x, struct call *call, bool adds_usage)
{
    if (x->op && x->op->end == OPERATION_END_CODEC) {
        struct translator_setup tap = {.from = dialect_get(x->op->dialect),
                                       .as_array = x->wants_array};
        return answer_translate(x, call, &tap);
    }
    struct relay r;
    relay_init(&r, x, call);
    stream_tap_init(&r.tap, x->op, adds_usage);
    int rc = finish(&r, pull(&r));
    relay_fini(&r);
    return rc;
}

int answer_gather(struct exchange *x, struct call *call, struct translator *t)
{
    struct relay r;
    bool was_stream = x->is_stream;
    relay_init(&r, x, call);
    x->is_stream = was_stream;
    frames_init(&r.split, framing_of(call, t->from));
    frames_init(&r.inner, t->from->framing);
    r.t = t;
    r.beat_us = TASK_NO_DEADLINE;
    int rc = pull(&r);
    if (rc == 0)
        rc = translator_end(t);
    call_close(call, rc);
    relay_fini(&r);
    return rc;
}

int answer_play(struct exchange *x, const struct translator_setup *setup, const struct reply *reply)
{
    struct call none = {.x = x, .head = {.status = 200}};
    struct relay r;
    relay_init(&r, x, &none);
    frames_init(&r.split, setup->from->framing);
    r.t = arena_new(&x->arena, struct translator);
    translator_init(r.t, x, setup);
    int rc = translator_play(r.t, reply);
    x->first_byte_us = clock_now_us();
    if (rc == 0) {
        commit(&r);
        rc = emit(&r, buf_str(&r.t->out));
    }
    if (rc == 0)
        rc = flush(&r);
    if (rc == 0)
        rc = reply_end(x, &r.head);
    translator_fini(r.t);
    relay_fini(&r);
    return rc;
}
