/* The request side of a relay: read, decide, edit, send.
 *
 * A JSON body is read whole (its model may stand at the end), scanned once, and leaves as pieces
 * of itself around the few edited bytes. A multipart upload leaves while it still arrives, once
 * its model field has been seen; clients that send the file first make us hold the upload until
 * then, within the body limit. */
#include "gate/relay.h"

#include "base/clock.h"
#include "gate/convert.h"
#include "gate/generation.h"
#include "gate/reply.h"
#include "gate/responses.h"
#include "gate/sim.h"
#include "gate/translate.h"
#include "rt/task.h"
#include "wire/multipart.h"

/* A pooled connection that the provider had closed meanwhile says so at once. One that dies later
 * died at work: the request may have been carried out, and is not sent again. */
#define STALE_US 1000000

/* ---- which provider ---- */

/* What OpenRouter's clients may put behind a model's name to say how it is to be routed. */
static const str suffixes[] = {{":free", 5},   {":nitro", 6},    {":floor", 6},   {":online", 7},
                               {":exacto", 7}, {":thinking", 9}, {":extended", 9}};

static size_t suffix_length(str model)
{
    size_t at = str_rfind_char(model, ':');
    if (at == STR_NONE)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
        if (str_eq(str_skip(model, at), suffixes[i]))
            return suffixes[i].n;
    return 0;
}

/* The name as it stands, or an alias with a suffix. */
static int look_up(struct exchange *x, str model, bool *has_suffix)
{
    int rc = snapshot_find_model(x->snapshot, model, &x->target);
    size_t n = suffix_length(model);
    if (rc == 0 || n == 0 || !generation_is_wanted(x))
        return rc;
    rc = snapshot_find_model(x->snapshot, str_slice(model, 0, model.n - n), &x->target);
    *has_suffix = rc == 0;
    return rc;
}

/* To OpenRouter itself they go as they are; elsewhere they mean nothing. An alias's own model is
 * the operator's, and stays as it is. */
static bool drop_suffix(struct exchange *x)
{
    str *name = &x->target.upstream_model;
    bool is_theirs = (x->target.provider->can & CAN_REASONING_OBJECT) != 0;
    size_t n = suffix_length(*name);
    if (!generation_is_wanted(x) || is_theirs || x->target.route.n > 0 || n == 0)
        return false;
    *name = str_slice(*name, 0, name->n - n);
    return true;
}

/* A loss like any other: said, refused or passed over, as the caller likes. */
static int lose_suffix(struct exchange *x)
{
    str strict = http_header_get(&x->head, S("tb-strict"));
    x->err.param = S("model");
    if (str_eq(strict, S("error")))
        return exchange_fail(x, -E_BAD_REQUEST,
                             "The provider \"" STR_FMT "\" knows no suffix of a model's name "
                             "(dropped:model.suffix), and tb-strict: error was asked for.",
                             STR_ARG(x->target.provider->id));
    x->err.param = S_EMPTY;
    if (!str_eq(strict, S("ignore")))
        x->warnings = S("dropped:model.suffix");
    return 0;
}

int relay_find_target(struct exchange *x, str model)
{
    bool has_suffix = false;
    x->model = arena_str(&x->arena, model);
    if (look_up(x, model, &has_suffix) < 0) {
        str near = snapshot_suggest_models(x->snapshot, model, &x->arena);
        x->err.param = S("model");
        return exchange_fail(x, -E_MODEL_NOT_FOUND,
                             "The model \"" STR_FMT "\" does not exist%s" STR_FMT,
                             STR_ARG(x->model), near.n > 0 ? "; " : ".", STR_ARG(near));
    }
    if (!auth_allows_model(x->key, model)) {
        x->err.param = S("model");
        return exchange_fail(x, -E_MODEL_DENIED,
                             "The key \"" STR_FMT "\" may not use the model \"" STR_FMT "\".",
                             STR_ARG(x->key->id), STR_ARG(x->model));
    }
    has_suffix |= drop_suffix(x);
    x->target.upstream_model = arena_str(&x->arena, x->target.upstream_model);
    x->answered_model = x->target.upstream_model;
    return has_suffix ? lose_suffix(x) : 0;
}

/* Decides what is asked of the provider: x->service. False: it offers nothing of the kind. */
static bool finds_service(struct exchange *x, const struct request *req)
{
    const struct provider *p = x->target.provider;
    str model = x->target.upstream_model;
    x->capability = capability_find(x->snapshot->capabilities, x->snapshot->n_capabilities,
                                    (uint8_t)service_dialect(p->kind, model), model, p->can);
    struct service_wish wish = {
        .asked = x->op, .has_tools = req->has_tools, .is_without_effort = req->is_without_effort};
    x->service = service_find(p->kind, model, &x->capability, &wish);
    return x->service;
}

static int choose_service(struct exchange *x, const struct request *req)
{
    if (finds_service(x, req))
        return 0;
    return exchange_fail(
        x, -E_NOT_SUPPORTED,
        "The provider \"" STR_FMT "\" does not offer " STR_FMT " for the model \"" STR_FMT "\".",
        STR_ARG(x->target.provider->id), STR_ARG(x->op->path), STR_ARG(x->target.upstream_model));
}

/* Can the body go on as it is, but for a few bytes? */
static bool is_relayed(const struct exchange *x, const struct request *req)
{
    bool has_own_form = x->service->envelope && x->op->dialect == DIALECT_ANTHROPIC;
    bool must_gather = x->op->purpose == PURPOSE_GENERATE && !req->is_stream &&
                       (x->capability.can & CAN_STREAM_ONLY) != 0;
    return x->service->operation == x->op->id && !has_own_form && !must_gather &&
           !request_has_marks(req, x->op);
}

/* ---- deadline ---- */

int64_t relay_deadline(const struct exchange *x)
{
    int64_t total_us = x->target.provider->timeouts.total_us;
    str wanted = http_header_get(&x->head, S("tb-timeout"));
    uint64_t n = 0;
    int64_t unit = 1000000;
    if (str_has_suffix(wanted, S("ms"))) {
        unit = 1000;
        wanted = str_slice(wanted, 0, wanted.n - 2);
    } else if (str_has_suffix(wanted, S("s"))) {
        wanted = str_slice(wanted, 0, wanted.n - 1);
    }
    if (str_to_u64(wanted, &n) && n > 0 && n < 1000000)
        total_us = MIN(total_us, (int64_t)n * unit);
    return x->begin_us + total_us;
}

/* ---- the attempts ---- */

/* A fetched credential was refused before its time: is there a better one now? */
static bool MAY_YIELD may_renew(struct call *call, const struct call_request *r)
{
    const struct provider *p = call->target->endpoint->provider;
    struct credential_source *source = r->needs_bearer && p->bearer ? p->bearer : p->credential;
    int status = call->head.status;
    if (!source || r->more || (status != 401 && status != 403))
        return false;
    return credential_renew(source, http_header_get(&call->head, S("date")),
                            p->timeouts.first_byte_us, &call->x->request, &call->credential);
}

int relay_open(struct exchange *x, struct plan *plan, const struct call_request *r,
               struct call *call)
{
    const struct target *t = &plan->current;
    bool has_renewed = false;
    int rc = 0;
    while (t) {
        rc = call_open(call, x, t, r);
        if (rc == 0 && !has_renewed && may_renew(call, r)) {
            has_renewed = true;
            call_close(call, -E_PROVIDER_AUTH);
            continue;
        }
        if (rc == 0)
            return 0;
        const struct attempt *last = &x->attempts[x->n_attempts - 1];
        bool was_stale = call->was_reused && last->end_us - last->begin_us < STALE_US;
        t = plan_next(plan, rc, was_stale, r->more == NULL);
        if (t)
            x->err = (struct err){.code = 0};
    }
    return rc;
}

/* ---- what is sent ---- */

/* Headers that only mean something in Anthropic's dialect: the client's, or the version that the
 * translation was written for. */
static void put_anthropic_headers(struct exchange *x, str betas, struct call_request *r)
{
    struct http_header *h = arena_new_n(&x->request, struct http_header, 2);
    str version = http_header_get(&x->head, S("anthropic-version"));
    str theirs = http_header_get(&x->head, S("anthropic-beta"));
    str parts[] = {theirs, theirs.n > 0 && betas.n > 0 ? S(",") : S_EMPTY, betas};
    if (!x->service->envelope)
        h[r->n_headers++] = (struct http_header){
            .name = S("anthropic-version"), .value = version.n > 0 ? version : S("2023-06-01")};
    if (theirs.n + betas.n > 0)
        h[r->n_headers++] =
            (struct http_header){.name = S("anthropic-beta"),
                                 .value = arena_concat(&x->request, parts, ARRAY_LEN(parts))};
    r->headers = h;
}

void relay_address(struct exchange *x, bool is_stream, str betas, struct call_request *r)
{
    const struct service *s = x->service;
    const struct custom *custom = x->target.provider->custom;
    struct service_place place = x->target.provider->place;
    const char *path = custom ? custom->path : s->path;
    const char *stream_path = custom ? custom->stream_path : s->stream_path;
    place.model = x->target.upstream_model;
    *r = (struct call_request){
        .method = custom ? custom->method : S("POST"),
        .path = service_path(&x->request, is_stream && stream_path ? stream_path : path, &place),
        .content_type = S("application/json"),
    };
    r->needs_bearer = s->kind == PROVIDER_SAGEMAKER && s->operation == OP_CHAT;
    bool is_invoke = s->kind == PROVIDER_BEDROCK_INVOKE; /* betas stand in the body there */
    if (operation_get(s->operation)->dialect == DIALECT_ANTHROPIC && !is_invoke)
        put_anthropic_headers(x, betas, r);
}

/* From a decided target to the end of the answer. */
static int MAY_YIELD relay_request(struct exchange *x, const struct call_request *r,
                                   bool adds_usage)
{
    struct plan plan;
    struct call *call = arena_new(&x->arena, struct call); /* keeps the stack in its first page */
    plan_begin(&plan, x->lease, x->target.provider);
    int64_t before = task_deadline_narrow(relay_deadline(x));
    client_watch_hangup(x->client, true);
    int rc = relay_open(x, &plan, r, call);
    if (rc == 0)
        rc = answer_relay(x, call, adds_usage);
    client_watch_hangup(x->client, false);
    task_deadline_restore(before);
    return rc;
}

/* ---- JSON ---- */

static int check_json_type(struct exchange *x)
{
    str type = http_header_get(&x->head, S("content-type"));
    if (type.n == 0 || str_has_prefix_nocase(type, S("application/json")))
        return 0;
    return exchange_fail(x, -E_MEDIA_TYPE, "Send application/json, not \"" STR_FMT "\".",
                         STR_ARG(str_slice(type, 0, 100)));
}

/* A caller may go on with its own stored responses only. */
static int check_previous(struct exchange *x, const struct request *req)
{
    const struct json_member *m = json_find(&req->scan, S("previous_response_id"), NULL);
    if (x->op->id != OP_RESPONSES || !m || m->type != JSON_STRING)
        return 0;
    str id = json_unescape(&x->request, m->value);
    if (!responses_is_anothers(x, id))
        return 0;
    x->err.param = S("previous_response_id");
    return exchange_fail(x, -E_RESPONSE_NOT_FOUND,
                         "No provider knows a response with the id \"" STR_FMT "\".",
                         STR_ARG(str_slice(id, 0, 128)));
}

static int MAY_YIELD relay_pieces(struct exchange *x, const struct request *req)
{
    struct iovec pieces[REQUEST_PIECES_MAX];
    size_t total = 0;
    size_t n = request_write(&x->request, req, x->target.upstream_model, pieces, &total);
    struct call_request r;
    relay_address(x, req->is_stream, S_EMPTY, &r);
    r.pieces = pieces;
    r.n_pieces = n;
    r.body_bytes = total;
    return relay_request(x, &r, req->adds_usage);
}

static int MAY_YIELD run(struct exchange *x, const struct request *req)
{
    bool can_count = x->op->purpose != PURPOSE_COUNT || finds_service(x, req);
    if (!can_count)
        return convert_estimate(x, req);
    int rc = choose_service(x, req);
    if (rc == 0)
        rc = check_previous(x, req);
    if (rc < 0)
        return rc;
    if (is_relayed(x, req))
        return relay_pieces(x, req);
    return x->op->purpose == PURPOSE_GENERATE ? translate_run(x, req) : convert_run(x, req);
}

static int MAY_YIELD read_and_run(struct exchange *x, struct request *req)
{
    int rc = check_json_type(x);
    if (rc == 0)
        rc = exchange_read_body(x);
    if (rc == 0)
        rc = request_read(&x->request, x->op, str_of(x->body.p, x->body.n), req, &x->err);
    if (rc == 0)
        rc = relay_find_target(x, req->model);
    if (rc < 0)
        return rc;
    x->is_stream = req->is_stream;
    bool is_sim = x->target.provider->kind == PROVIDER_SIM && x->op->purpose != PURPOSE_COUNT;
    return is_sim ? sim_run(x, req) : run(x, req);
}

int relay_json(struct exchange *x)
{
    struct request req = {0};
    return read_and_run(x, &req);
}

int relay_model_path(struct exchange *x)
{
    struct request req = {.model = x->path_arg};
    if (!request_model_is_sane(req.model))
        return exchange_fail(x, -E_BAD_REQUEST, "The path names no model.");
    req.is_stream = str_has_suffix(x->head.path, S("-stream"));
    return read_and_run(x, &req);
}

static bool has_pair(str query, str pair)
{
    str at;
    while (query.n > 0) {
        str_cut(query, '&', &at, &query);
        if (str_eq(at, pair))
            return true;
    }
    return false;
}

/* Gemini's operations, named behind the model's name. */
static const struct {
    str verb;
    enum operation_id operation;
    bool is_stream;
} verbs[] = {
    {{"generateContent", 15}, OP_GENERATE_CONTENT, false},
    {{"streamGenerateContent", 21}, OP_GENERATE_CONTENT, true},
    {{"countTokens", 11}, OP_GEMINI_COUNT, false},
    {{"embedContent", 12}, OP_GEMINI_EMBED, false},
    {{"batchEmbedContents", 18}, OP_GEMINI_BATCH_EMBED, false},
};

int relay_model_verb(struct exchange *x)
{
    struct request req = {.is_stream = false};
    size_t at = str_rfind_char(x->path_arg, ':');
    str verb = at == STR_NONE ? S_EMPTY : str_skip(x->path_arg, at + 1);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (!str_eq(verb, verbs[i].verb))
            continue;
        x->op = operation_get(verbs[i].operation);
        req.is_stream = verbs[i].is_stream;
        req.model = str_slice(x->path_arg, 0, at);
    }
    if (!x->op)
        return exchange_fail(x, -E_PATH_NOT_FOUND,
                             "There is nothing at " STR_FMT
                             "; a model's methods are generateContent, "
                             "streamGenerateContent, countTokens, embedContent and "
                             "batchEmbedContents.",
                             STR_ARG(x->target_path));
    if (!request_model_is_sane(req.model))
        return exchange_fail(x, -E_BAD_REQUEST, "The path names no model.");
    x->wants_array = req.is_stream && !has_pair(x->head.query, S("alt=sse"));
    return read_and_run(x, &req);
}

/* ---- multipart ---- */

struct upload {
    struct exchange *x;
    struct multipart *form;
    size_t seen; /* bytes of x->body that the scanner has seen */
};

/* Lets the scanner see what has arrived since. */
static int scan_upload(struct upload *u)
{
    const char *why = NULL;
    struct client_body *b = &u->x->body;
    int rc = multipart_feed(u->form, str_of(b->p + u->seen, b->n - u->seen), &why);
    u->seen = b->n;
    if (rc < 0)
        return exchange_fail(u->x, -E_MULTIPART, "The multipart body is malformed: %s.", why);
    return 0;
}

/* Reads until the model is known. */
static int MAY_YIELD find_model(struct upload *u, str *model, uint64_t *begin, uint64_t *end)
{
    struct exchange *x = u->x;
    int rc = 0;
    while (rc == 0 && !multipart_model(u->form, model, begin, end)) {
        if (x->body.decoder.done)
            return exchange_fail(x, -E_MODEL_MISSING, "You must provide a model parameter.");
        rc = client_body_read(x->client, &x->body, x->head.expects_continue, x->body.n + 1);
        rc = rc < 0 ? err_set_code(&x->err, rc) : scan_upload(u);
    }
    return rc;
}

/* The rest of the upload, as it arrives. What has been sent is not needed again. */
static int MAY_YIELD more_upload(void *arg, struct iovec *out, size_t *n)
{
    struct upload *u = arg;
    struct client_body *b = &u->x->body;
    *n = 0;
    if (b->decoder.done && u->seen == b->n)
        return 0;
    if (u->seen == b->n) {
        int64_t before = clock_read_us();
        client_body_forget(b);
        u->seen = 0;
        int rc = client_body_read(u->x->client, b, false, 1);
        u->x->client_us += clock_now_us() - MIN(before, clock_now_us());
        if (rc < 0)
            return err_set_code(&u->x->err, rc);
    }
    size_t from = u->seen;
    int rc = scan_upload(u);
    if (rc == 0 && b->decoder.done && !multipart_is_done(u->form))
        rc = exchange_fail(u->x, -E_MULTIPART, "The multipart body has no closing boundary.");
    out[0] = (struct iovec){.iov_base = b->p + from, .iov_len = b->n - from};
    *n = b->n > from ? 1 : 0;
    return rc;
}

static int MAY_YIELD relay_upload(struct upload *u, uint64_t begin, uint64_t end, str content_type)
{
    struct exchange *x = u->x;
    struct client_body *b = &x->body;
    str model = x->target.upstream_model;
    struct iovec pieces[3] = {
        {.iov_base = b->p, .iov_len = begin},
        {.iov_base = (void *)(uintptr_t)model.p, .iov_len = model.n},
        {.iov_base = b->p + end, .iov_len = b->n - end},
    };
    bool is_whole = b->decoder.done;
    if (is_whole && !multipart_is_done(u->form))
        return exchange_fail(x, -E_MULTIPART, "The multipart body has no closing boundary.");
    struct call_request r;
    relay_address(x, false, S_EMPTY, &r);
    r.content_type = content_type;
    r.pieces = pieces;
    r.n_pieces = 3;
    r.body_bytes = b->n - (end - begin) + model.n;
    r.more = is_whole ? NULL : more_upload;
    r.more_arg = u;
    r.is_chunked = !is_whole && b->decoder.framing == HTTP_CHUNKED;
    if (!is_whole && !r.is_chunked)
        r.body_bytes += b->decoder.left;
    return relay_request(x, &r, false);
}

int relay_multipart(struct exchange *x)
{
    str content_type = http_header_get(&x->head, S("content-type"));
    str boundary, model;
    uint64_t begin = 0, end = 0;
    if (!multipart_boundary(content_type, &boundary))
        return exchange_fail(x, -E_MEDIA_TYPE, "Send multipart/form-data with a boundary.");
    struct upload u = {.x = x, .form = multipart_new(&x->request, boundary)};
    int rc = find_model(&u, &model, &begin, &end);
    if (rc == 0 && !request_model_is_sane(model))
        rc = exchange_fail(x, -E_BAD_REQUEST, "The model field is not a model name.");
    if (rc == 0)
        rc = relay_find_target(x, model);
    if (rc < 0)
        return rc;
    x->bytes_in = x->body.n;
    if (x->target.provider->kind == PROVIDER_SIM)
        return exchange_fail(x, -E_NOT_SUPPORTED, "The simulator takes no uploads.");
    rc = choose_service(x, &(struct request){.is_stream = false});
    if (rc < 0)
        return rc;
    x->is_stream = str_eq(multipart_field(u.form, S("stream")), S("true"));
    return relay_upload(&u, begin, end, content_type);
}
