/* One document in, one document out: read, asked of the provider in as many requests as it takes,
 * joined, written.
 *
 * The requests of one batch go one after the other: they are few, each is as large as the provider
 * allows, and the order of the answers is the order of the items. The first failure ends it all; a
 * part of the vectors is of no use. */
#include "gate/convert.h"

#include "base/clock.h"
#include "gate/relay.h"
#include "gate/reply.h"
#include "gate/translate.h"
#include "gate/translator.h"
#include "llm/count.h"
#include "llm/document.h"
#include "rt/task.h"

#define DOC_SPARE (4u << 20)
#define REPLY_CAP (512u << 20)

struct conversion {
    struct exchange *x;
    const struct document_codec *codec;
    const struct operation *to; /* the provider's */
    struct arena doc;           /* the client's body, read */
    struct arena answers;       /* the provider's */
    struct losses losses;
    void *ask, *answer;
};

/* Whose codec reads the provider's errors. */
static const struct dialect *error_dialect(const struct conversion *v)
{
    if (v->to->dialect != DIALECT_NONE)
        return dialect_get(v->to->dialect);
    enum provider_kind kind = v->x->service->kind;
    if (kind == PROVIDER_VERTEX || kind == PROVIDER_GEMINI)
        return dialect_get(DIALECT_GEMINI);
    bool is_aws = kind == PROVIDER_BEDROCK || kind == PROVIDER_BEDROCK_INVOKE;
    return dialect_get(is_aws ? DIALECT_BEDROCK : DIALECT_CHAT);
}

static struct writing writing_of(struct conversion *v, struct arena *a)
{
    struct exchange *x = v->x;
    return (struct writing){.a = a,
                            .err = &x->err,
                            .loss = &v->losses,
                            .model = x->target.upstream_model,
                            .can = &x->capability,
                            .provider = x->target.provider->id,
                            .envelope = str_from_cz(x->service->envelope),
                            .id_seed = str_of(x->id, ULID_LEN),
                            .now_s = clock_wall_us() / 1000000};
}

static int filled(struct exchange *x, int rc)
{
    return rc < 0 && x->err.code == 0 ? err_set_code(&x->err, rc) : rc;
}

static int read_request(struct conversion *v, const struct request *req)
{
    struct exchange *x = v->x;
    const struct json *root = NULL;
    size_t error_at = 0;
    if (json_read(&v->doc, req->body, &root, &error_at) < 0)
        return exchange_fail(x, -E_BAD_REQUEST, "The body has more values than the gateway reads.");
    struct reading r = {
        .a = &v->doc, .err = &x->err, .origin = (uint8_t)x->op->dialect, .loss = &v->losses};
    v->ask = arena_alloc0(&v->doc, v->codec->ask_bytes);
    v->answer = arena_alloc0(&v->answers, v->codec->answer_bytes);
    int rc = members_check_twins(&r, root);
    return filled(x, rc < 0 ? rc : v->codec->read_request(&r, x->op->id, root, v->ask));
}

/* ---- one request ---- */

static int read_answer(struct conversion *v, str text, size_t from)
{
    struct exchange *x = v->x;
    const struct json *root = NULL;
    size_t error_at = 0;
    if (json_read(&v->answers, text, &root, &error_at) < 0)
        return exchange_fail(x, -E_PROVIDER_BODY,
                             "The provider's answer is not valid JSON (at byte %zu).", error_at);
    struct reading r = {.a = &v->answers,
                        .err = &x->err,
                        .origin = (uint8_t)v->to->dialect,
                        .code = -E_PROVIDER_BODY};
    return filled(x, v->codec->read_answer(&r, v->to, root, from, v->answer));
}

static int MAY_YIELD take(struct conversion *v, struct call *call, size_t from)
{
    struct exchange *x = v->x;
    struct buf text;
    int rc = 0;
    if (call->head.status >= 300) {
        rc = answer_read_refusal(x, call, &text);
        if (rc == 0)
            rc = answer_refusal_in(x, call, error_dialect(v), buf_str(&text));
    } else {
        buf_init(&text, x->snapshot->limits.reply_bytes);
        rc = answer_read(call, &text);
        if (rc == 0)
            rc = read_answer(v, buf_str(&text), from);
    }
    call_close(call, rc);
    buf_fini(&text);
    return rc;
}

static int MAY_YIELD ask(struct conversion *v, size_t from, size_t n)
{
    struct exchange *x = v->x;
    struct plan plan;
    struct call call;
    struct call_request r;
    struct buf body;
    struct writing w = writing_of(v, &v->doc);
    buf_init(&body, 4 * x->snapshot->limits.body_bytes + (1u << 20));
    int rc = filled(x, v->codec->write_request(&w, v->to, v->ask, from, n, &body));
    if (rc == 0 && !buf_is_ok(&body))
        rc = exchange_fail(x, -E_BODY_TOO_LARGE, "The translated request is too large.");
    if (rc == 0 && from == 0) /* what is lost is lost in every batch alike */
        rc = translate_settle_losses(x, &v->losses);
    if (rc == 0) {
        struct iovec piece = {.iov_base = body.p, .iov_len = body.n};
        relay_address(x, false, w.betas, &r);
        r.pieces = &piece;
        r.n_pieces = 1;
        r.body_bytes = body.n;
        plan_begin(&plan, x->lease, x->target.provider);
        rc = relay_open(x, &plan, &r, &call);
        if (rc == 0)
            rc = take(v, &call, from);
    }
    buf_fini(&body);
    return rc;
}

/* ---- all of it ---- */

static int MAY_YIELD ask_all(struct conversion *v)
{
    size_t total = v->codec->count(v->ask);
    size_t most = MAX(v->codec->batch(v->to->id, v->x->target.upstream_model), (size_t)1);
    int rc = 0;
    for (size_t from = 0; from < MAX(total, (size_t)1) && rc == 0; from += most)
        rc = ask(v, from, MIN(most, total - from));
    return rc;
}

static int MAY_YIELD answer(struct conversion *v)
{
    struct exchange *x = v->x;
    struct buf out;
    struct writing w = writing_of(v, &v->answers);
    w.model = x->model;
    buf_init(&out, 2 * x->snapshot->limits.reply_bytes);
    int rc = filled(x, v->codec->write_answer(&w, x->op, v->ask, v->answer, &out));
    if (rc == 0 && !buf_is_ok(&out))
        rc = exchange_fail(x, -E_PROVIDER_TOO_LARGE, "The translated answer is too large.");
    struct usage usage = v->codec->usage(v->answer);
    usage_update(&x->usage, &usage);
    x->first_byte_us = clock_now_us();
    if (rc == 0)
        rc = reply_whole(x, 200, S("application/json"), S_EMPTY, buf_str(&out));
    buf_fini(&out);
    return rc;
}

int convert_run(struct exchange *x, const struct request *req)
{
    struct conversion *v = arena_new(&x->arena, struct conversion);
    v->x = x;
    v->codec = document_codec_of(x->op->purpose);
    v->to = operation_get(x->service->operation);
    if (!v->codec)
        return exchange_fail(x, -E_NOT_SUPPORTED,
                             "The provider \"" STR_FMT "\" does not offer " STR_FMT ".",
                             STR_ARG(x->target.provider->id), STR_ARG(x->op->path));
    arena_init(&v->doc, 4096, 16 * req->body.n + DOC_SPARE);
    arena_init(&v->answers, 4096, REPLY_CAP);
    losses_init(&v->losses, &x->arena);
    int64_t before = task_deadline_narrow(relay_deadline(x));
    client_watch_hangup(x->client, true);
    int rc = translate_check_strict(x);
    if (rc == 0)
        rc = read_request(v, req);
    if (rc == 0)
        rc = ask_all(v);
    if (rc == 0)
        rc = answer(v);
    client_watch_hangup(x->client, false);
    task_deadline_restore(before);
    exchange_keep_err(x);
    arena_fini(&v->answers);
    arena_fini(&v->doc);
    return rc;
}

int convert_estimate(struct exchange *x, const struct request *req)
{
    struct conversion *v = arena_new(&x->arena, struct conversion);
    struct buf out;
    v->x = x;
    v->codec = &document_count;
    arena_init(&v->doc, 4096, 16 * req->body.n + DOC_SPARE);
    arena_init(&v->answers, 4096, REPLY_CAP);
    losses_init(&v->losses, &x->arena);
    buf_init(&out, 4096);
    int rc = translate_check_strict(x);
    if (rc == 0)
        rc = read_request(v, req);
    loss_add(&v->losses, LOSS_EMULATED, S("count_tokens"));
    if (rc == 0)
        rc = translate_settle_losses(x, &v->losses);
    if (rc == 0) {
        struct json_writer j = json_writer(&out);
        count_put(x->op->id, count_estimate(v->ask), &j);
        rc = reply_whole(x, 200, S("application/json"), S_EMPTY, buf_str(&out));
    }
    buf_fini(&out);
    exchange_keep_err(x);
    arena_fini(&v->answers);
    arena_fini(&v->doc);
    return rc;
}
