/* The chain of stages, and errors on their way between the two.
 *
 * The first stage behind the decoder is the exchange's own: it keeps the usage for the log, sees an
 * error before the client does (before any content it is an ordinary refusal with a status), and
 * lets everything else pass. */
#include "gate/translator.h"

#include "base/clock.h"
#include "gate/generation.h"
#include "gate/reply.h"

#define SCRATCH_CAP (256u << 20)
#define OUT_MAX     (64u << 20)

/* ---- failures ---- */

static enum failure_class class_of(const struct exchange *x)
{
    int code = -x->err.code;
    if (code == E_PROVIDER_AUTH)
        return FAILURE_UPSTREAM_AUTH;
    if (code == E_MODEL_NOT_FOUND || code == E_PATH_NOT_FOUND || code == E_RESPONSE_NOT_FOUND)
        return FAILURE_NOT_FOUND;
    if (code == E_OVERLOADED || code == E_CONCURRENCY || code == E_DRAINING)
        return FAILURE_OVERLOADED;
    return failure_class_of(err_status(&x->err));
}

static str gateway_object(struct exchange *x)
{
    struct buf b;
    buf_init(&b, 64u << 10);
    reply_put_gateway_object(x, &b);
    str object = arena_str(&x->arena, buf_str(&b));
    buf_fini(&b);
    return object;
}

struct failure translator_failure(struct exchange *x)
{
    struct failure f = {.retry_ms = -1};
    if (x->failure)
        f = *x->failure;
    else
        f = (struct failure){.class = class_of(x),
                             .message = err_message(&x->err),
                             .param = x->err.param,
                             .code = str_from_cz(err_info(x->err.code)->openai_code),
                             .type = str_from_cz(err_info(x->err.code)->openai_type),
                             .retry_ms = -1};
    f.status = err_status(&x->err);
    f.gateway = gateway_object(x);
    if (f.request_id.n == 0)
        f.request_id = str_of(x->id, ULID_LEN);
    return f;
}

static int code_of(enum failure_class class)
{
    switch (class) {
    case FAILURE_AUTH:
    case FAILURE_UPSTREAM_AUTH:
    case FAILURE_FORBIDDEN:
        return -E_PROVIDER_AUTH;
    case FAILURE_RATE:
    case FAILURE_QUOTA:
        return -E_PROVIDER_RATE;
    case FAILURE_OVERLOADED:
    case FAILURE_TIMEOUT:
    case FAILURE_SERVER:
        return -E_PROVIDER_FAILED;
    case FAILURE_BAD_REQUEST:
    case FAILURE_CONTEXT:
    case FAILURE_BILLING:
    case FAILURE_NOT_FOUND:
    case FAILURE_CONFLICT:
    case FAILURE_TOO_LARGE:
    case FAILURE_UNPROCESSABLE:
    case FAILURE_FILTERED:
        return -E_PROVIDER_STATUS;
    }
    return -E_PROVIDER_FAILED;
}

int translator_fail(struct exchange *x, const struct failure *f)
{
    if (x->err.code != 0)
        return x->err.code;
    struct failure *kept = arena_new(&x->arena, struct failure);
    *kept = *f;
    bool is_key = f->class == FAILURE_AUTH || f->class == FAILURE_FORBIDDEN;
    if (is_key) /* about the gateway's credential, not the caller's */
        kept->class = FAILURE_UPSTREAM_AUTH;
    kept->message = arena_str(&x->arena, str_slice(f->message, 0, 16u << 10));
    kept->type = arena_str(&x->arena, str_slice(f->type, 0, 256));
    kept->code = arena_str(&x->arena, str_slice(f->code, 0, 256));
    kept->param = arena_str(&x->arena, str_slice(f->param, 0, 256));
    kept->request_id = arena_str(&x->arena, str_slice(f->request_id, 0, 256));
    x->failure = kept;
    x->err.status = failure_status(kept->class);
    x->err.param = kept->param;
    return exchange_fail(x, code_of(f->class), STR_FMT, STR_ARG(kept->message));
}

str translator_stream_type(const struct dialect *d, bool as_array)
{
    if (as_array)
        return S("application/json");
    switch (d->framing) {
    case FRAMING_SSE:
        return S("text/event-stream; charset=utf-8");
    case FRAMING_LINES:
        return S("application/x-ndjson");
    case FRAMING_EVENT_STREAM:
        return S("application/vnd.amazon.eventstream");
    }
    return S_EMPTY;
}

enum seal_family translator_family(const struct dialect *d, str model)
{
    if (d->id == DIALECT_ANTHROPIC)
        return FAMILY_ANTHROPIC;
    if (d->id == DIALECT_GEMINI)
        return FAMILY_GEMINI;
    if (d->id == DIALECT_BEDROCK)
        return capability_matches("*anthropic*", model) ? FAMILY_ANTHROPIC : FAMILY_OTHER;
    return d->id == DIALECT_RESPONSES || d->id == DIALECT_CHAT ? FAMILY_OPENAI : FAMILY_OTHER;
}

/* ---- stages ---- */

static int write_event(void *arg, const struct event *ev)
{
    struct translator *t = arg;
    return t->to->codec->write_event(&t->encoder, ev);
}

static int drop_event(void *arg, const struct event *ev)
{
    (void)arg;
    (void)ev;
    return 0;
}

/* What follows the exchange's own stage. */
static struct sink behind(struct translator *t)
{
    if (!t->to)
        return (struct sink){.put = drop_event, .arg = t};
    return t->is_serial ? serial_sink(&t->serial) : restore_sink(&t->restore);
}

/* An answer that may be asked about afterwards is called by our own name. */
static int begin(struct translator *t, const struct event *ev)
{
    struct sink next = behind(t);
    struct event named = *ev;
    str id = generation_id(t->x);
    if (id.n > 0)
        named.start.id = id;
    return sink_put(&next, &named);
}

static int note(void *arg, const struct event *ev)
{
    struct translator *t = arg;
    struct exchange *x = t->x;
    struct sink next = behind(t);
    t->has_events = true;
    t->has_content |= ev->kind == EV_DELTA || ev->kind == EV_BLOCK_STOP;
    if (ev->kind == EV_USAGE)
        usage_update(&x->usage, &ev->usage);
    if (ev->kind == EV_ERROR) {
        t->has_error = true;
        bool is_late = x->committed || translator_is_late(t);
        int code = translator_fail(x, &ev->failure);
        if (!is_late)
            return code;
        if (!t->to)
            return 0;
        translator_put_error(t);
        return 0;
    }
    return ev->kind == EV_START ? begin(t, ev) : sink_put(&next, ev);
}

bool translator_is_late(const struct translator *t)
{
    return t->has_content && !t->fold;
}

static bool has_custom_tool(const struct chat *asked)
{
    for (const struct tool *tool = asked ? asked->tools : NULL; tool; tool = tool->next)
        if (tool->kind == TOOL_CUSTOM)
            return true;
    return false;
}

void translator_init(struct translator *t, struct exchange *x, const struct translator_setup *s)
{
    *t = (struct translator){.x = x, .from = s->from, .to = s->to, .fold = s->fold};
    arena_init(&t->scratch, 4096, SCRATCH_CAP);
    buf_init(&t->out, OUT_MAX);
    losses_init(&t->losses, &x->arena);
    t->decoder = (struct decoder){.a = &x->arena,
                                  .scratch = &t->scratch,
                                  .err = &x->err,
                                  .sink = {.put = note, .arg = t},
                                  .custom = x->target.provider->custom};
    t->encoder = (struct encoder){.a = &x->arena, .scratch = &t->scratch, .out = &t->out};
    t->encoder.w.as_array = s->as_array;
    if (!s->to)
        return;
    struct sink last = s->fold ? fold_sink(s->fold) : (struct sink){.put = write_event, .arg = t};
    size_t max_bytes = x->snapshot->limits.reply_bytes;
    restore_init(&t->restore, &last, &t->scratch, max_bytes);
    t->restore.asked = s->asked;
    t->restore.rule = s->rule;
    t->restore.provider = x->target.provider->id;
    t->restore.model = x->target.upstream_model;
    t->restore.family = translator_family(s->from, x->target.upstream_model);
    struct sink to_restore = restore_sink(&t->restore);
    t->is_serial = s->to->is_serial || has_custom_tool(s->asked);
    if (t->is_serial)
        serial_init(&t->serial, &x->arena, &to_restore, max_bytes);
    t->encoder.w = (struct writing){.a = &x->arena,
                                    .err = &x->err,
                                    .loss = &t->losses,
                                    .model = x->model,
                                    .asked = s->asked,
                                    .family = t->restore.family,
                                    .id_seed = str_of(x->id, ULID_LEN),
                                    .now_s = clock_wall_us() / 1000000,
                                    .as_array = s->as_array};
}

void translator_fini(struct translator *t)
{
    if (t->is_serial)
        serial_fini(&t->serial);
    if (t->to)
        restore_fini(&t->restore);
    buf_fini(&t->out);
    arena_fini(&t->scratch);
}

void translator_tidy(struct translator *t)
{
    arena_fini(&t->scratch);
}

/* ---- feeding ---- */

/* A code of the pure layer, with x->err filled by whoever had the words. */
static int settle(struct translator *t, int rc)
{
    if (rc == 0)
        return 0;
    if (t->x->err.code == 0)
        err_set_code(&t->x->err, rc);
    return rc;
}

int translator_feed(struct translator *t, const struct message *m)
{
    if (t->decoder.has_ended || t->has_error)
        return 0;
    int rc = settle(t, t->from->codec->read_message(&t->decoder, m));
    if (rc == 0 && !buf_is_ok(&t->out))
        rc = exchange_fail(t->x, -E_PROVIDER_TOO_LARGE, "The translated answer is too large.");
    return rc;
}

int translator_end(struct translator *t)
{
    if (t->has_error)
        return t->x->err.code;
    if (t->decoder.has_ended)
        return 0;
    return settle(t, t->from->codec->read_message(&t->decoder, NULL));
}

int translator_play(struct translator *t, const struct reply *r)
{
    return settle(t, reply_play(r, &t->decoder.sink));
}

void translator_put_error(struct translator *t)
{
    struct event ev = {.kind = EV_ERROR};
    ev.failure = translator_failure(t->x);
    const struct dialect *to = t->to ? t->to : t->from;
    IGNORE_RESULT(to->codec->write_event(&t->encoder, &ev)); /* it is the last thing said */
}

void translator_put_ping(struct translator *t)
{
    struct event ev = {.kind = EV_PING};
    IGNORE_RESULT(t->to->codec->write_event(&t->encoder, &ev)); /* nothing depends on it */
}
