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
#include "gate/generation.h"
#include "gate/relay.h"
#include "gate/reply.h"
#include "gate/sim_parts.h"
#include "gate/translator.h"
#include "rt/task.h"

#define BATCH     (16u << 10) /* bytes that are worth a write */
#define OUT_MAX   (64u << 20)
#define REPLY_CAP (64u << 20)

struct voice {
    struct exchange *x;
    const struct dialect *dialect; /* the client's */
    const struct sim_answer *answer;
    struct encoder encoder;
    struct arena scratch; /* of one event */
    struct buf out;       /* what is said and not sent yet */
    unsigned block;       /* being said */
    struct buf head;      /* of the answer, until it is sent */
    int64_t begin_us;     /* the first token's time */
    int64_t beat_us;      /* when a comment is due */
};

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
    reply_begin(v->x, 200, translator_stream_type(v->dialect, v->encoder.w.as_array),
                S("cache-control: no-cache\r\nx-accel-buffering: no\r\n"), &v->head);
}

static int MAY_YIELD flush(struct voice *v)
{
    struct exchange *x = v->x;
    int64_t every_us = x->snapshot->timeouts.heartbeat_us;
    v->beat_us = every_us > 0 ? clock_now_us() + every_us : TASK_NO_DEADLINE;
    arena_fini(&v->scratch);
    if (v->out.n == 0 && v->head.n == 0)
        return 0;
    if (!buf_is_ok(&v->out))
        return failed(x, -E_TOO_LARGE);
    struct iovec piece = {.iov_base = v->out.p, .iov_len = v->out.n};
    int rc = reply_chunk(x, &v->head, &piece, 1);
    buf_fini(&v->out);
    if (rc == 0)
        rc = reply_drain(x);
    if (rc == 0)
        rc = task_breathe();
    return rc < 0 ? failed(x, rc) : 0;
}

static int say(struct voice *v, const struct event *ev)
{
    int rc = v->dialect->codec->write_event(&v->encoder, ev);
    return rc < 0 ? failed(v->x, rc) : 0;
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
            rc = say(v, &(struct event){.kind = EV_PING});
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

/* ---- what is said ---- */

static struct usage usage_of(const struct sim_answer *a)
{
    struct usage u = USAGE_NONE;
    u.input_tokens = a->input_tokens;
    u.output_tokens = a->output_tokens + a->thought_tokens;
    u.cached_tokens = 0;
    u.reasoning_tokens = a->thought_tokens;
    return u;
}

static struct finishing finishing_of(const struct sim_answer *a)
{
    enum finish said = a->is_call ? FINISH_TOOL_CALLS : FINISH_STOP;
    return (struct finishing){.reason = a->is_cut ? FINISH_LENGTH : said};
}

static struct writing writing_of(struct exchange *x, struct arena *a, const struct chat *asked)
{
    return (struct writing){.a = a,
                            .err = &x->err,
                            .model = x->answered_model,
                            .asked = asked,
                            .id_seed = str_of(x->id, ULID_LEN),
                            .now_s = clock_wall_us() / 1000000,
                            .as_array = x->wants_array};
}

/* The block that is said: text, or the call, whose arguments are the text. */
static struct block *new_block(struct exchange *x, struct arena *a, const struct sim_answer *answer)
{
    struct block *b = block_new(a, answer->is_call ? BLOCK_TOOL_CALL : BLOCK_TEXT);
    if (answer->is_call) {
        b->call.id = make_id(a, "call_", str_of(x->id, ULID_LEN), 0);
        b->call.name = arena_str(a, buf_str(&answer->tool));
    }
    return b;
}

static struct start start_of(struct exchange *x)
{
    return (struct start){
        .id = generation_id(x), .model = x->answered_model, .created_s = clock_wall_us() / 1000000};
}

/* ---- whole ---- */

static void put_text(struct arena *a, const struct sim_answer *answer, str *out)
{
    struct buf text;
    struct sim_cursor c = {.said = 0};
    str piece;
    buf_init(&text, OUT_MAX);
    while (sim_answer_next(answer, &c, &piece))
        buf_put(&text, piece);
    *out = arena_str(a, buf_str(&text));
    buf_fini(&text);
}

static struct reply reply_of(struct exchange *x, struct arena *a, const struct sim_answer *answer)
{
    struct reply r = {.start = start_of(x), .usage = usage_of(answer)};
    struct reply_choice *c = reply_choice_at(a, &r, 0);
    if (answer->thoughts.n > 0) {
        struct block *thought = block_new(a, BLOCK_REASONING);
        reasoning_add(a, &thought->reasoning, true, answer->thoughts);
        block_add(&c->blocks, thought);
    }
    struct block *b = new_block(x, a, answer);
    put_text(a, answer, answer->is_call ? &b->call.args : &b->text);
    block_add(&c->blocks, b);
    c->finish = finishing_of(answer);
    return r;
}

int sim_write_whole(struct exchange *x, const struct chat *asked, const struct sim_answer *a,
                    const struct sim_options *o)
{
    int rc = sim_pause(x, o, a->output_tokens);
    if (rc < 0)
        return rc;
    struct arena scratch;
    struct buf out;
    arena_init(&scratch, 4096, REPLY_CAP);
    buf_init(&out, OUT_MAX);
    struct reply r = reply_of(x, &scratch, a);
    struct writing w = writing_of(x, &scratch, asked);
    rc = dialect_get(x->op->dialect)->codec->write_reply(&w, &r, &out);
    if (rc == 0 && !buf_is_ok(&out))
        rc = -E_TOO_LARGE;
    x->usage = r.usage;
    rc =
        rc < 0 ? failed(x, rc) : reply_whole(x, 200, S("application/json"), S_EMPTY, buf_str(&out));
    buf_fini(&out);
    arena_fini(&scratch);
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

static int say_delta(struct voice *v, enum delta_kind kind, str text)
{
    struct event ev = {.kind = EV_DELTA, .block = v->block};
    ev.delta.kind = kind;
    ev.delta.text = text;
    return say(v, &ev);
}

static int say_thoughts(struct voice *v)
{
    struct block thought = {.kind = BLOCK_REASONING};
    struct event part = {.kind = EV_DELTA, .block = 0};
    int rc = say(v, &(struct event){.kind = EV_BLOCK_START, .content = &thought});
    part.delta.kind = DELTA_PART;
    part.delta.is_summary = true;
    if (rc == 0)
        rc = say(v, &part);
    part.delta.kind = DELTA_TEXT;
    part.delta.text = v->answer->thoughts;
    if (rc == 0)
        rc = say(v, &part);
    if (rc == 0)
        rc = say(v, &(struct event){.kind = EV_BLOCK_STOP, .block = v->block++});
    return rc;
}

static int say_beginning(struct voice *v)
{
    struct event start = {.kind = EV_START};
    start.start = start_of(v->x);
    int rc = say(v, &start);
    if (rc == 0 && v->answer->thoughts.n > 0)
        rc = say_thoughts(v);
    struct event open = {.kind = EV_BLOCK_START, .block = v->block};
    open.content = new_block(v->x, &v->scratch, v->answer);
    return rc == 0 ? say(v, &open) : rc;
}

static int say_end(struct voice *v)
{
    struct event usage = {.kind = EV_USAGE}, finish = {.kind = EV_FINISH};
    usage.usage = v->x->usage = usage_of(v->answer);
    finish.finish = finishing_of(v->answer);
    int rc = say(v, &(struct event){.kind = EV_BLOCK_STOP, .block = v->block});
    if (rc == 0)
        rc = say(v, &usage);
    if (rc == 0)
        rc = say(v, &finish);
    return rc == 0 ? say(v, &(struct event){.kind = EV_END}) : rc;
}

static int MAY_YIELD speak(struct voice *v, const struct sim_options *o)
{
    struct sim_cursor cursor = {.said = 0};
    enum delta_kind kind = v->answer->is_call ? DELTA_ARGS : DELTA_TEXT;
    str piece;
    commit(v);
    int rc = say_beginning(v);
    while (rc == 0 && sim_answer_next(v->answer, &cursor, &piece)) {
        rc = wait_until(v, v->begin_us + offset_us(o, cursor.said - 1));
        if (rc == 0)
            rc = say_delta(v, kind, piece);
        if (rc == 0 && v->out.n >= BATCH)
            rc = flush(v);
    }
    if (rc == 0)
        rc = say_end(v);
    return rc == 0 ? flush(v) : rc;
}

/* Tells the client inside its stream why it goes no further. */
static void MAY_YIELD end_with_error(struct voice *v)
{
    struct event ev = {.kind = EV_ERROR};
    if (v->x->err.code == -E_CLIENT_GONE)
        return;
    (void)task_cancel_clear(); /* a drained stream still gets its goodbye */
    ev.failure = translator_failure(v->x);
    struct iovec piece;
    IGNORE_RESULT(v->dialect->codec->write_event(&v->encoder, &ev)); /* it is the last thing said */
    piece = (struct iovec){.iov_base = v->out.p, .iov_len = v->out.n};
    if (reply_chunk(v->x, &v->head, &piece, 1) == 0)
        IGNORE_RESULT(reply_end(v->x, &v->head)); /* a client that left misses nothing */
}

int sim_write_stream(struct exchange *x, const struct chat *asked, const struct sim_answer *a,
                     const struct sim_options *o)
{
    struct voice v = {
        .x = x, .dialect = dialect_get(x->op->dialect), .answer = a, .beat_us = TASK_NO_DEADLINE};
    x->is_stream = true;
    buf_init(&v.out, OUT_MAX);
    buf_init(&v.head, 0);
    arena_init(&v.scratch, 1024, OUT_MAX);
    v.encoder = (struct encoder){
        .a = &x->arena, .scratch = &v.scratch, .out = &v.out, .w = writing_of(x, &x->arena, asked)};
    int rc = think(&v, o);
    if (rc == 0)
        rc = speak(&v, o);
    if (rc == 0 && reply_end(x, &v.head) < 0)
        rc = failed(x, -E_CLIENT_GONE);
    sim_attempt_end(x, rc);
    if (rc < 0 && x->committed)
        end_with_error(&v);
    buf_fini(&v.head);
    buf_fini(&v.out);
    arena_fini(&v.scratch);
    return rc;
}
