/* Sends what the simulator says, whole or token by token, and takes the time that was asked for.
 *
 * Token i is due at begin + i / tps. All that is due goes out together, so a fast stream leaves in
 * few writes and a slow one holds no buffer while it waits. Waiting counts as the provider's time
 * and ends early as for a provider: at its timeouts, when the client hangs up, when the gateway
 * drains. A silent stream is kept open by comments.
 *
 * One event is never cut by a wait, so that an error can follow it; only between events does a slow
 * client hold us up. */
#include "base/clock.h"
#include "gate/relay.h"
#include "gate/reply.h"
#include "gate/sim_parts.h"
#include "rt/task.h"

#define BATCH (16u << 10) /* bytes that are worth a write */

struct voice {
    struct exchange *x;
    struct sim_pen pen;
    struct buf head;  /* of the answer, until it is sent */
    int64_t begin_us; /* the first token's time */
    int64_t beat_us;  /* when a comment is due */
};

/* Room for the largest event, which has the text with all escapes and the echo, behind a batch. */
static size_t out_max(const struct sim_answer *a)
{
    return 6 * a->text.n + 16 * (size_t)a->output_tokens + 3 * a->echo.n + (1u << 20);
}

static int failed(struct exchange *x, int rc)
{
    return err_set_code(&x->err, rc == -E_TIMEOUT ? -E_TOTAL_TIMEOUT : rc);
}

/* ---- a stream's output ---- */

static void commit(struct voice *v)
{
    if (v->x->committed)
        return;
    v->x->attempts[0].status = 200;
    reply_begin(v->x, 200, S("text/event-stream; charset=utf-8"),
                S("cache-control: no-cache\r\nx-accel-buffering: no\r\n"), &v->head);
}

static int MAY_YIELD flush(struct voice *v)
{
    struct exchange *x = v->x;
    int64_t every_us = x->snapshot->timeouts.heartbeat_us;
    v->beat_us = every_us > 0 ? clock_now_us() + every_us : TASK_NO_DEADLINE;
    if (v->pen.out.n == 0)
        return 0;
    must(buf_is_ok(&v->pen.out));
    struct iovec piece = {.iov_base = v->pen.out.p, .iov_len = v->pen.out.n};
    int rc = reply_chunk(x, &v->head, &piece, 1);
    buf_fini(&v->pen.out);
    if (rc == 0)
        rc = reply_drain(x);
    if (rc == 0)
        rc = task_breathe();
    return rc < 0 ? failed(x, rc) : 0;
}

/* ---- time ---- */

static int MAY_YIELD sleep_until(struct exchange *x, int64_t at_us)
{
    int64_t from_us = clock_now_us();
    int rc = at_us > from_us ? task_sleep_us(at_us - from_us) : 0;
    x->upstream_us += clock_now_us() - from_us;
    return rc < 0 ? failed(x, rc) : 0;
}

/* Sends what is ready and waits; a comment goes out whenever the client has heard nothing for a
 * while. */
static int MAY_YIELD wait_until(struct voice *v, int64_t at_us)
{
    int rc = 0;
    while (rc == 0 && clock_now_us() < at_us) {
        rc = flush(v);
        if (rc == 0)
            rc = sleep_until(v->x, MIN(at_us, v->beat_us));
        if (rc == 0 && clock_now_us() >= v->beat_us) {
            commit(v);
            buf_put(&v->pen.out, S(": ping\n\n"));
        }
    }
    return rc;
}

/* When a provider with these options says its first token, or is given up. */
static int64_t first_byte_at(const struct exchange *x, const struct sim_options *o)
{
    int64_t most_us = x->target.provider->timeouts.first_byte_us;
    return x->attempts[0].begin_us + MIN(o->ttft_us, most_us);
}

static int check_first_byte(struct exchange *x, const struct sim_options *o)
{
    bool is_late = o->ttft_us > x->target.provider->timeouts.first_byte_us;
    return is_late ? err_set_code(&x->err, -E_FIRST_BYTE_TIMEOUT) : 0;
}

/* The time between the first token and the token with this number. */
static int64_t offset_us(const struct sim_options *o, int64_t token)
{
    return o->tps > 0 ? token * 1000000 / o->tps : 0;
}

int sim_pause(struct exchange *x, const struct sim_options *o, int64_t tokens)
{
    int rc = sleep_until(x, first_byte_at(x, o));
    if (rc == 0)
        rc = check_first_byte(x, o);
    if (rc == 0)
        rc = sleep_until(x, clock_now_us() + offset_us(o, tokens));
    if (rc < 0)
        return rc;
    x->attempts[0].status = 200;
    x->first_byte_us = clock_now_us();
    return 0;
}

/* ---- whole ---- */

static void note_usage(struct exchange *x, const struct sim_answer *a)
{
    x->usage = (struct usage){.input_tokens = a->input_tokens,
                              .output_tokens = a->output_tokens,
                              .cached_tokens = 0,
                              .reasoning_tokens = 0};
}

int sim_write_whole(struct exchange *x, const struct sim_shape *shape, const struct sim_answer *a,
                    const struct sim_options *o)
{
    int rc = sim_pause(x, o, a->output_tokens);
    if (rc < 0)
        return rc;
    struct sim_pen pen = {.answer = a};
    buf_init(&pen.out, out_max(a));
    shape->whole(&pen);
    must(buf_is_ok(&pen.out));
    note_usage(x, a);
    rc = reply_whole(x, 200, S("application/json"), S_EMPTY, buf_str(&pen.out));
    buf_fini(&pen.out);
    return rc;
}

/* ---- streamed ---- */

static int MAY_YIELD think(struct voice *v, const struct sim_options *o)
{
    int rc = wait_until(v, first_byte_at(v->x, o));
    if (rc == 0)
        rc = check_first_byte(v->x, o);
    v->x->first_byte_us = v->begin_us = clock_now_us();
    return rc;
}

static int MAY_YIELD flush_batch(struct voice *v)
{
    return v->pen.out.n >= BATCH ? flush(v) : 0;
}

static int MAY_YIELD speak(struct voice *v, const struct sim_shape *shape,
                           const struct sim_options *o)
{
    struct sim_cursor cursor = {.said = 0};
    str piece;
    int rc = 0;
    commit(v);
    shape->begin(&v->pen);
    while (rc == 0 && sim_answer_next(v->pen.answer, &cursor, &piece)) {
        rc = wait_until(v, v->begin_us + offset_us(o, cursor.said - 1));
        if (rc < 0)
            break;
        shape->piece(&v->pen, piece);
        rc = flush_batch(v);
    }
    unsigned step = 0;
    while (rc == 0 && shape->end(&v->pen, step)) {
        step++;
        rc = flush_batch(v);
    }
    if (rc == 0)
        note_usage(v->x, v->pen.answer);
    return rc == 0 ? flush(v) : rc;
}

int sim_write_stream(struct exchange *x, const struct sim_shape *shape, const struct sim_answer *a,
                     const struct sim_options *o)
{
    struct voice v = {.x = x, .pen = {.answer = a}, .beat_us = TASK_NO_DEADLINE};
    x->is_stream = true;
    buf_init(&v.pen.out, out_max(a));
    buf_init(&v.head, 0);
    int rc = think(&v, o);
    if (rc == 0)
        rc = speak(&v, shape, o);
    if (rc == 0 && reply_end(x, &v.head) < 0)
        rc = failed(x, -E_CLIENT_GONE);
    sim_attempt_end(x, rc);
    if (rc < 0 && x->committed)
        answer_end_with_error(x, &v.head);
    buf_fini(&v.head);
    buf_fini(&v.pen.out);
    return rc;
}
