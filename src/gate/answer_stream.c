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
 * connection's further use depends on the rest. */
#include <string.h>

#include "base/clock.h"
#include "gate/relay.h"
#include "gate/reply.h"
#include "gate/responses.h"
#include "llm/stream.h"
#include "rt/task.h"
#include "wire/sse.h"

#define OUT_PIECES  20
#define HEADERS_MAX (8u << 10)
#define SCRATCH_CAP (64u << 20)
#define GRACE_US    200000 /* for the last chunk behind the end marker */

struct relay {
    struct exchange *x;
    struct call *call;
    struct stream_tap tap;
    struct sse_split split;
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

static void commit(struct relay *r)
{
    struct exchange *x = r->x;
    struct buf extra;
    buf_init(&extra, HEADERS_MAX);
    answer_put_headers(r->call, &extra);
    buf_put(&extra, S("cache-control: no-cache\r\nx-accel-buffering: no\r\n"));
    reply_begin(x, r->call->head.status, S("text/event-stream; charset=utf-8"),
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
    return r->tap.has_ended && r->tap.op->end != OPERATION_END_EVENT;
}

static bool may_add_done(const struct relay *r)
{
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

/* The client has waited long enough to wonder. */
static int beat(struct relay *r)
{
    static const char comment[] = ": ping\n\n";
    if (!r->x->committed)
        commit(r);
    r->out[r->n_out++] =
        (struct iovec){.iov_base = (void *)(uintptr_t)comment, .iov_len = sizeof comment - 1};
    return flush(r);
}

/* Notes what has passed: an error, which is then the reason for whatever follows, and the id of a
 * stored response, for who owns it. */
static void learn(struct relay *r)
{
    if (r->tap.has_error)
        exchange_fail(r->x, -E_PROVIDER_STREAM, "The provider reported an error in its stream.");
    if (r->tap.response_id.n > 0)
        responses_learn(r->x, r->tap.response_id);
    r->tap.response_id = S_EMPTY;
}

/* What one read has brought: a batch. */
static int take_bytes(struct relay *r, str bytes)
{
    size_t whole = sse_split_feed(&r->split, bytes);
    str ready = str_slice(bytes, 0, whole);
    int rc = 0;
    if (whole > 0 && r->held.n > 0) {
        rc = hold(r, ready);
        ready = buf_str(&r->held);
    }
    if (rc == 0)
        rc = take_events(r, ready);
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

/* No more is to come. Was it all? */
static int check_end(struct relay *r)
{
    struct exchange *x = r->x;
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

static int MAY_YIELD finish(struct relay *r, int rc)
{
    struct exchange *x = r->x;
    if (rc == 0)
        rc = check_end(r);
    else if (x->err.code == 0)
        err_set_code(&x->err, rc); /* the client's side */
    x->usage = r->tap.usage;
    if (rc == 0)
        return finish_whole(r);
    call_close(r->call, rc);
    if (!x->committed)
        return rc;
    if (r->tap.has_error)
        return reply_end(x, &r->head) < 0 ? -E_CLIENT_GONE : rc;
    answer_end_with_error(x, &r->head);
    return rc;
}

int answer_stream(struct exchange *x, struct call *call, bool adds_usage)
{
    struct relay r = {.x = x, .call = call};
    x->is_stream = true;
    stream_tap_init(&r.tap, x->op, adds_usage);
    sse_split_init(&r.split);
    buf_init(&r.head, HEADERS_MAX);
    buf_init(&r.held, x->snapshot->limits.event_bytes);
    arena_init(&r.scratch, 512, SCRATCH_CAP);
    beat_later(&r);
    int rc = finish(&r, pull(&r));
    buf_fini(&r.head);
    buf_fini(&r.held);
    arena_fini(&r.scratch);
    return rc;
}
