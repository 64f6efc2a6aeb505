/* Translation of a request for generated text.
 *
 * The client's body becomes a document and the document a struct chat; what the provider gets is
 * written from that. Then both can go: whichever endpoints are tried get the same bytes, and of the
 * request only the few settings are kept that the answer's writer needs. So a request that waits
 * for its answer holds one body, as a relayed one does, and a stream not even that.
 *
 * A whole answer goes the way of a streamed one: it is played through the same stages and gathered
 * again, so that there is one place where names are restored and usage is read. */
#include "gate/translate.h"

#include "base/clock.h"
#include "gate/media_fetch.h"
#include "gate/relay.h"
#include "gate/reply.h"
#include "gate/translator.h"
#include "rt/task.h"

#define REPLY_CAP (256u << 20)
/* What a body may become as a document: its text, 16 bytes for each value, and the nodes of what is
 * read from it. Readers look at the room that is left before they take it. */
#define DOC_FACTOR 16
#define DOC_SPARE  (8u << 20)

/* Not part of the frames below which a streamed answer waits. */
#define OWN_FRAME __attribute__((noinline))

struct translation {
    struct exchange *x;
    const struct dialect *from, *to; /* the client's, the provider's */
    struct arena doc;                /* the client's body, read */
    struct arena made;               /* for the provider: what was fetched, what is written from */
    struct chat *chat;               /* in `doc` */
    struct losses losses;
    struct buf body; /* for the provider */
    const struct chat *asked;
    str betas;  /* that the body needs */
    str passed; /* header lines of the provider's that go on */
};

/* ---- the request ---- */

/* What a dialect has in path or headers instead of the body. */
static void fill_from_head(struct translation *tr, const struct request *req)
{
    struct exchange *x = tr->x;
    tr->chat->origin = (uint8_t)tr->from->id;
    tr->chat->betas = http_header_get(&x->head, S("anthropic-beta"));
    if (x->op->body != OPERATION_PATH)
        return;
    tr->chat->model = req->model;
    tr->chat->is_stream = req->is_stream;
}

static int read_request(struct translation *tr, const struct request *req)
{
    struct exchange *x = tr->x;
    const struct json *root = NULL;
    size_t error_at = 0;
    if (json_read(&tr->doc, req->body, &root, &error_at) < 0)
        return exchange_fail(x, -E_BAD_REQUEST, "The body has more values than the gateway reads.");
    struct reading r = {
        .a = &tr->doc, .err = &x->err, .origin = (uint8_t)tr->from->id, .loss = &tr->losses};
    fill_from_head(tr, req);
    int rc = members_check_twins(&r, root);
    if (rc == 0)
        rc = tr->from->codec->read_request(&r, root, tr->chat);
    tr->chat->is_stream = req->is_stream;
    return rc;
}

/* Is a stream asked for, be it only because there is nothing else? */
static bool asks_stream(const struct translation *tr)
{
    return tr->x->is_stream || (tr->x->capability.can & CAN_STREAM_ONLY) != 0;
}

static int write_request(struct translation *tr)
{
    struct exchange *x = tr->x;
    struct writing w = {.a = &tr->made,
                        .err = &x->err,
                        .loss = &tr->losses,
                        .model = x->target.upstream_model,
                        .can = &x->capability,
                        .provider = x->target.provider->id,
                        .envelope = str_from_cz(x->service->envelope),
                        .custom = x->target.provider->custom,
                        .id_seed = str_of(x->id, ULID_LEN),
                        .now_s = clock_wall_us() / 1000000};
    tr->chat->is_stream = asks_stream(tr);
    IGNORE_RESULT(
        buf_reserve(&tr->body, x->bytes_in + x->bytes_in / 8)); /* what it usually takes */
    int rc = tr->to->codec->write_request(&w, tr->chat, &tr->body);
    tr->chat->is_stream = x->is_stream;
    tr->betas = w.betas;
    if (rc == 0 && !buf_is_ok(&tr->body))
        rc = exchange_fail(x, -E_BODY_TOO_LARGE, "The translated request is too large.");
    return rc;
}

int translate_settle_losses(struct exchange *x, const struct losses *losses)
{
    str wanted = http_header_get(&x->head, S("tb-strict"));
    if (losses->n == 0 || str_eq(wanted, S("ignore")))
        return 0;
    str text = losses_text(losses, &x->arena);
    if (!str_eq(wanted, S("error"))) {
        str parts[] = {x->warnings, x->warnings.n > 0 ? S(", ") : S_EMPTY, text};
        x->warnings = arena_concat(&x->arena, parts, ARRAY_LEN(parts));
        return 0;
    }
    x->err.param = arena_str(&x->arena, losses->items[0].field);
    return exchange_fail(x, -E_BAD_REQUEST,
                         "The provider \"" STR_FMT "\" cannot take all of this request (" STR_FMT
                         "), and tb-strict: error was asked for.",
                         STR_ARG(x->target.provider->id), STR_ARG(text));
}

int translate_check_strict(struct exchange *x)
{
    str wanted = http_header_get(&x->head, S("tb-strict"));
    bool is_known = wanted.n == 0 || str_eq(wanted, S("warn")) || str_eq(wanted, S("error")) ||
                    str_eq(wanted, S("ignore"));
    if (is_known)
        return 0;
    x->err.param = S("tb-strict");
    return exchange_fail(x, -E_BAD_REQUEST, "tb-strict is warn, error or ignore.");
}

/* ---- the answer ---- */

static void keep_asked(struct translation *tr)
{
    tr->asked = restore_keep(&tr->x->arena, tr->chat, tr->to->names);
    if (tr->asked == tr->chat)
        return;
    arena_fini(&tr->doc);
    tr->chat = NULL;
}

static int MAY_YIELD take_refusal(struct translation *tr, struct call *call)
{
    struct exchange *x = tr->x;
    struct buf body;
    int rc = answer_read_refusal(x, call, &body);
    if (rc == 0)
        rc = answer_refusal_in(x, call, tr->to, buf_str(&body));
    buf_fini(&body);
    call_close(call, rc);
    return rc;
}

/* An error with the status of an answer. */
static bool says_error(struct translation *tr, struct arena *a, const struct json *root,
                       struct failure *f)
{
    const struct custom *custom = tr->x->target.provider->custom;
    const struct json *error = json_get(root, "error");
    if (custom && custom->reply.error.is_set)
        return custom_find_error(&custom->reply, root, &f->message);
    if (!error || json_type(error) == JSON_NULL)
        return false;
    tr->to->codec->read_error(a, root, S_EMPTY, f);
    if (f->message.n == 0)
        f->message = S("The provider answered with an error.");
    return true;
}

/* The provider's whole answer, in the intermediate form. */
static int read_reply(struct translation *tr, struct arena *a, str text, struct reply *out)
{
    struct exchange *x = tr->x;
    const struct json *root = NULL;
    size_t error_at = 0;
    if (json_read(a, text, &root, &error_at) < 0)
        return exchange_fail(x, -E_PROVIDER_BODY,
                             "The provider's answer is not valid JSON (at byte %zu).", error_at);
    struct failure f = {.class = FAILURE_SERVER, .status = 200, .retry_ms = -1};
    if (says_error(tr, a, root, &f))
        return translator_fail(x, &f);
    struct reading r = {.a = a,
                        .err = &x->err,
                        .origin = (uint8_t)tr->to->id,
                        .loss = &tr->losses,
                        .custom = x->target.provider->custom,
                        .code = -E_PROVIDER_BODY};
    int rc = tr->to->codec->read_reply(&r, root, out);
    return rc < 0 && x->err.code == 0 ? err_set_code(&x->err, rc) : rc;
}

static struct translator_setup setup_of(const struct translation *tr)
{
    return (struct translator_setup){.from = tr->to,
                                     .to = tr->from,
                                     .asked = tr->asked,
                                     .rule = tr->to->names,
                                     .as_array = tr->x->wants_array};
}

/* Sends what has been gathered. */
static int MAY_YIELD send_reply(struct translation *tr, struct arena *a, struct translator *t,
                                const struct reply *reply)
{
    struct exchange *x = tr->x;
    struct buf out;
    struct writing w = t->encoder.w;
    w.a = a;
    buf_init(&out, x->snapshot->limits.reply_bytes * 2);
    int rc = tr->from->codec->write_reply(&w, reply, &out);
    if (rc == 0 && !buf_is_ok(&out))
        rc = exchange_fail(x, -E_PROVIDER_TOO_LARGE, "The translated answer is too large.");
    if (rc < 0) {
        rc = x->err.code != 0 ? x->err.code : err_set_code(&x->err, rc);
        buf_fini(&out);
        return rc;
    }
    x->first_byte_us = clock_now_us();
    rc = reply_whole(x, 200, S("application/json"), tr->passed, buf_str(&out));
    buf_fini(&out);
    return rc;
}

/* A streamed answer for a client that wants it whole, or a whole one for either. */
static int MAY_YIELD OWN_FRAME gather(struct translation *tr, struct call *call, bool is_stream)
{
    struct exchange *x = tr->x;
    struct arena a;
    struct buf text;
    struct reply given, folded;
    struct translator *t = arena_new(&x->arena, struct translator);
    struct fold fold;
    struct translator_setup setup = setup_of(tr);
    reply_init(&given);
    arena_init(&a, 4096, REPLY_CAP);
    buf_init(&text, x->snapshot->limits.reply_bytes);
    fold_init(&fold, &a, &folded, x->snapshot->limits.reply_bytes);
    setup.fold = &fold;
    translator_init(t, x, &setup);
    int rc = 0;
    if (is_stream) {
        rc = answer_gather(x, call, t);
    } else {
        rc = answer_read(call, &text);
        if (rc == 0)
            rc = read_reply(tr, &a, buf_str(&text), &given);
        call_close(call, rc);
        if (rc == 0)
            rc = translator_play(t, &given);
    }
    if (rc == 0)
        rc = fold_end(&fold);
    if (rc < 0 && x->err.code == 0)
        err_set_code(&x->err, rc);
    if (rc == 0)
        rc = send_reply(tr, &a, t, &folded);
    exchange_keep_err(x);
    translator_fini(t);
    buf_fini(&text);
    arena_fini(&a);
    return rc;
}

/* A whole answer for a client that streams. */
static int MAY_YIELD OWN_FRAME play(struct translation *tr, struct call *call)
{
    struct exchange *x = tr->x;
    struct arena a;
    struct buf text;
    struct reply given;
    struct translator_setup setup = setup_of(tr);
    reply_init(&given);
    arena_init(&a, 4096, REPLY_CAP);
    buf_init(&text, x->snapshot->limits.reply_bytes);
    int rc = answer_read(call, &text);
    if (rc == 0)
        rc = read_reply(tr, &a, buf_str(&text), &given);
    call_close(call, rc);
    if (rc == 0)
        rc = answer_play(x, &setup, &given);
    exchange_keep_err(x);
    buf_fini(&text);
    arena_fini(&a);
    return rc;
}

/* Only the request had to be written anew: the answer is the client's own dialect. */
static bool is_relayed(const struct translation *tr, str type)
{
    bool is_wrapped = str_has_prefix_nocase(type, S("application/vnd.amazon.eventstream")) &&
                      tr->to->framing != FRAMING_EVENT_STREAM;
    return tr->from == tr->to && !is_wrapped && tr->x->is_stream == asks_stream(tr);
}

/* What is asked for comes, mostly; but some answer whole all the same, some always with events. */
static int MAY_YIELD find_stream(const struct translation *tr, struct call *call, bool *is_stream)
{
    const struct custom *custom = tr->x->target.provider->custom;
    str type = http_header_get(&call->head, S("content-type"));
    *is_stream = false;
    if (custom && !custom->streams)
        return 0;
    if (asks_stream(tr))
        return answer_find_stream(call, custom ? custom->framing : tr->to->framing, is_stream);
    *is_stream = str_has_prefix_nocase(type, S("text/event-stream")) ||
                 str_has_prefix_nocase(type, S("application/x-ndjson")) ||
                 str_has_prefix_nocase(type, S("application/jsonl")) ||
                 str_has_prefix_nocase(type, S("application/vnd.amazon.eventstream"));
    return 0;
}

static int MAY_YIELD take_answer(struct translation *tr, struct call *call)
{
    struct exchange *x = tr->x;
    str type = http_header_get(&call->head, S("content-type"));
    if (is_relayed(tr, type)) {
        bool adds_usage = x->op->usage == OPERATION_USAGE_CHUNK && !tr->asked->asks_usage;
        return answer_relay(x, call, adds_usage);
    }
    if (call->head.status >= 300)
        return take_refusal(tr, call);
    bool is_stream;
    int rc = find_stream(tr, call, &is_stream);
    if (rc < 0)
        return rc;
    if (!x->is_stream)
        return gather(tr, call, is_stream);
    if (!is_stream)
        return play(tr, call);
    struct translator_setup setup = setup_of(tr);
    return answer_translate(x, call, &setup);
}

/* ---- the exchange ---- */

static int MAY_YIELD converse(struct translation *tr)
{
    struct exchange *x = tr->x;
    struct plan plan;
    struct call call;
    struct iovec piece = {.iov_base = tr->body.p, .iov_len = tr->body.n};
    struct call_request r;
    relay_address(x, asks_stream(tr), tr->betas, &r);
    r.pieces = &piece;
    r.n_pieces = 1;
    r.body_bytes = tr->body.n;
    keep_asked(tr);
    arena_fini(&tr->made);
    plan_begin(&plan, x->lease, x->target.provider);
    int rc = relay_open(x, &plan, &r, &call);
    buf_fini(&tr->body);
    if (rc < 0)
        return rc;
    tr->passed = answer_passed(&x->request, &call);
    return take_answer(tr, &call);
}

static int MAY_YIELD translate(struct translation *tr, const struct request *req)
{
    struct exchange *x = tr->x;
    int rc = translate_check_strict(x);
    if (rc == 0)
        rc = read_request(tr, req);
    if (rc < 0)
        return x->err.code != 0 ? x->err.code : err_set_code(&x->err, rc);
    client_body_forget(&x->body); /* it has been read into the document */
    int64_t before = task_deadline_narrow(relay_deadline(x));
    client_watch_hangup(x->client, true);
    rc = media_fetch(x, &tr->made, tr->chat, tr->to);
    if (rc == 0)
        rc = write_request(tr);
    if (rc == 0)
        rc = translate_settle_losses(x, &tr->losses);
    if (rc == 0)
        rc = converse(tr);
    client_watch_hangup(x->client, false);
    task_deadline_restore(before);
    return rc < 0 && x->err.code == 0 ? err_set_code(&x->err, rc) : rc;
}

int translate_run(struct exchange *x, const struct request *req)
{
    struct translation *tr = arena_new(&x->arena, struct translation);
    tr->x = x;
    tr->from = dialect_get(x->op->dialect);
    tr->to = dialect_get(operation_get(x->service->operation)->dialect);
    arena_init(&tr->doc, 4096, DOC_FACTOR * req->body.n + DOC_SPARE);
    arena_init(&tr->made, 4096, DOC_FACTOR * req->body.n + DOC_SPARE + MEDIA_FETCH_CAP);
    tr->chat = arena_new(&tr->doc, struct chat);
    buf_init(&tr->body, 4 * x->snapshot->limits.body_bytes + (1u << 20));
    losses_init(&tr->losses, &x->arena);
    int rc = translate(tr, req);
    exchange_keep_err(x);
    buf_fini(&tr->body);
    arena_fini(&tr->doc);
    arena_fini(&tr->made);
    return rc;
}
