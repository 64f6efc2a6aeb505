/* The answer side of a relay: what a provider said, and what the client is told.
 *
 * A JSON answer is held until it is whole and valid, so one that breaks off or is garbage
 * becomes a clean error and never half an answer; its usage is read in passing and its bytes go
 * on untouched. Most operations are answered by JSON or events and nothing else: whatever a
 * provider calls it, its answer is read as one of the two, and a page of HTML with status 200 is
 * no success. Where the request chooses the form (sound, subtitles), what is neither is passed on
 * as it comes. A refusal keeps the provider's own error object, with the gateway's added to it, but
 * for the provider's 401 and 403: these are about the gateway's credential, not the caller's. */
#include "gate/relay.h"

#include "base/clock.h"
#include "gate/reply.h"
#include "gate/responses.h"
#include "llm/document.h"
#include "rt/task.h"
#include "wire/json_scan.h"

#define REFUSAL_MAX (1u << 20)
#define HEADERS_MAX (8u << 10)
#define SCRATCH_CAP (64u << 20)
#define OBJECT_MAX  (32u << 10) /* of a provider's error object that is passed on */
#define TYPE_MAX    256         /* of a Content-Type that is passed on with its parameters */
#define CODING_MAX  64
#define SECRET_MIN  12

static const str passed_headers[] = {
    {"content-disposition", 19}, {"retry-after", 11},  {"retry-after-ms", 14},
    {"x-should-retry", 14},      {"x-request-id", 12}, {"request-id", 10},
};

static const str passed_prefixes[] = {
    {"x-ratelimit-", 12},
    {"anthropic-ratelimit-", 20},
    {"openai-", 7},
};

static bool is_passed(str name)
{
    for (size_t i = 0; i < ARRAY_LEN(passed_headers); i++)
        if (str_eq_nocase(name, passed_headers[i]))
            return true;
    for (size_t i = 0; i < ARRAY_LEN(passed_prefixes); i++)
        if (str_has_prefix_nocase(name, passed_prefixes[i]))
            return !str_eq_nocase(name, S("openai-organization")) &&
                   !str_eq_nocase(name, S("openai-project"));
    return false;
}

/* Does the provider repeat the gateway's credential in what it says? Some do, to say which one was
 * wrong. What is too short for a secret ("none") may stand in any text. */
static bool shows_key(const struct call *call, str text)
{
    const struct provider_key *key = call->target ? call->target->key : NULL;
    str secret = key ? secret_expose(key->value) : S_EMPTY;
    return secret.n >= SECRET_MIN && str_find(text, secret) != STR_NONE;
}

void answer_put_headers(const struct call *call, struct buf *out)
{
    for (size_t i = 0; i < call->head.n_headers; i++) {
        const struct http_header *h = &call->head.headers[i];
        bool has_room = h->name.n + h->value.n + 4 <= out->max - out->n;
        if (is_passed(h->name) && has_room && !shows_key(call, h->value))
            http1_put_header(out, h->name, h->value);
    }
}

str answer_passed(struct arena *a, const struct call *call)
{
    struct buf lines;
    buf_init(&lines, HEADERS_MAX);
    answer_put_headers(call, &lines);
    str text = buf_is_ok(&lines) ? arena_str(a, buf_str(&lines)) : S_EMPTY;
    buf_fini(&lines);
    return text;
}

int answer_read(struct call *call, struct buf *out)
{
    for (;;) {
        str bytes;
        int rc = call_next(call, &bytes, TASK_NO_DEADLINE);
        if (rc < 0)
            return rc;
        buf_put(out, bytes);
        if (bytes.n == 0 && buf_is_ok(out))
            return 0;
        if (!buf_is_ok(out))
            return exchange_fail(call->x, -E_PROVIDER_TOO_LARGE,
                                 "The provider's answer is larger than %zu bytes.", out->max);
    }
}

/* ---- refusals ---- */

/* Google's OpenAI routes put their error into a list of one. */
static str first_of_list(struct arena *a, str body)
{
    const struct json *root = NULL;
    size_t error_at = 0;
    struct buf text;
    bool is_list = str_has_prefix(str_trim(body), S("["));
    if (!is_list || json_read(a, body, &root, &error_at) < 0 || json_count(root) == 0)
        return body;
    buf_init(&text, REFUSAL_MAX);
    json_put(&text, json_at(root, 0));
    body = buf_is_ok(&text) ? arena_str(a, buf_str(&text)) : S_EMPTY;
    buf_fini(&text);
    return body;
}

/* The `error` member of a body, when it is an object (OpenAI's form and most others'). */
static str error_object(struct arena *a, str body)
{
    struct json_scan scan;
    if (json_scan(a, body, &scan) < 0 || scan.type != JSON_OBJECT)
        return S_EMPTY;
    const struct json_member *m = json_find(&scan, S("error"), NULL);
    return m && m->type == JSON_OBJECT ? m->value : S_EMPTY;
}

/* The text of an error body in one of the other shapes: {"error":"..."}, {"message":"..."},
 * {"detail":"..."}, or FastAPI's list of details as it stands. */
static str error_text(struct arena *a, str body)
{
    static const str names[] = {{"error", 5}, {"message", 7}, {"detail", 6}};
    struct json_scan scan;
    if (json_scan(a, body, &scan) < 0 || scan.type != JSON_OBJECT)
        return S_EMPTY;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct json_member *m = json_find(&scan, names[i], NULL);
        if (m && m->type == JSON_STRING)
            return str_slice(json_unescape(a, m->value), 0, 500);
        if (m && m->type == JSON_ARRAY)
            return str_slice(m->value, 0, 500);
    }
    return S_EMPTY;
}

/* What a client wants to read has some hundred bytes; an object without a bound does not fit into
 * what an exchange keeps. */
static void keep_error_object(struct exchange *x, str object)
{
    if (object.n <= OBJECT_MAX)
        x->err.provider_body = arena_str(&x->arena, object);
}

static int refusal_code(int status)
{
    if (status == 401 || status == 403)
        return -E_PROVIDER_AUTH;
    if (status == 429)
        return -E_PROVIDER_RATE;
    return status >= 500 ? -E_PROVIDER_FAILED : -E_PROVIDER_STATUS;
}

/* Statuses outside the standard ones become the nearest standard one. */
static int refusal_status(int status)
{
    if (status == 401 || status == 403 || status < 400)
        return 502;
    if (status == 529)
        return 503;
    return status > 511 || (status > 431 && status < 500) ? 502 : status;
}

int answer_refusal(struct exchange *x, const struct call *call, str body)
{
    int status = call->head.status;
    int code = refusal_code(status);
    x->err.headers = answer_passed(&x->arena, call);
    x->err.status = refusal_status(status);
    body = shows_key(call, body) ? S_EMPTY : first_of_list(&x->request, body);
    str text = error_text(&x->request, body);
    if (code == -E_PROVIDER_AUTH)
        return exchange_fail(
            x, code, "The provider \"" STR_FMT "\" refused the gateway's credential (status %d).",
            STR_ARG(x->target.provider->id), status);
    keep_error_object(x, error_object(&x->request, body));
    return exchange_fail(x, code, "The provider \"" STR_FMT "\" answered with status %d%s" STR_FMT,
                         STR_ARG(x->target.provider->id), status, text.n > 0 ? ": " : ".",
                         STR_ARG(text));
}

static int fail(struct exchange *x, const struct call *call, const struct failure *f)
{
    struct failure kept = *f;
    if (shows_key(call, f->message))
        kept.message = S("The provider's message is withheld: it shows the gateway's credential.");
    x->err.headers = answer_passed(&x->arena, call);
    return translator_fail(x, &kept);
}

int answer_read_refusal(struct exchange *x, struct call *call, struct buf *body)
{
    buf_init(body, REFUSAL_MAX);
    int rc = answer_read(call, body);
    if (rc < 0 && x->err.code != -E_CLIENT_GONE && x->err.code != -E_DRAINING) {
        x->err = (struct err){.code = 0}; /* the status counts, although its text broke off */
        buf_reset(body);
        rc = 0;
    }
    return rc;
}

/* Do its errors and its usage have OpenAI's form? */
static bool is_openai(const struct exchange *x)
{
    enum dialect_id id = x->op ? x->op->dialect : DIALECT_CHAT;
    return id == DIALECT_CHAT || id == DIALECT_COMPLETIONS || id == DIALECT_RESPONSES ||
           id == DIALECT_OPENROUTER;
}

int answer_refusal_in(struct exchange *x, const struct call *call, const struct dialect *d,
                      str body)
{
    struct arena a;
    const struct json *root = NULL;
    size_t error_at = 0;
    struct failure f = {
        .class = failure_class_of(call->head.status), .status = call->head.status, .retry_ms = -1};
    arena_init(&a, 4096, SCRATCH_CAP);
    if (json_read(&a, body, &root, &error_at) < 0)
        root = NULL;
    str hint = http_header_get(&call->head, S("x-amzn-errortype"));
    d->codec->read_error(&a, root, hint, &f);
    if (x->target.provider->custom)
        (void)custom_find_error(&x->target.provider->custom->reply, root, &f.message);
    if (f.message.n == 0)
        f.message = arena_printf(&a, "The provider \"" STR_FMT "\" answered with status %d.",
                                 STR_ARG(x->target.provider->id), call->head.status);
    int rc = fail(x, call, &f);
    arena_fini(&a);
    return rc;
}

static int MAY_YIELD relay_refusal(struct exchange *x, struct call *call)
{
    struct buf body;
    int rc = answer_read_refusal(x, call, &body);
    if (rc == 0 && !is_openai(x))
        rc = answer_refusal_in(x, call, dialect_get(x->op->dialect), buf_str(&body));
    else if (rc == 0)
        rc = answer_refusal(x, call, buf_str(&body));
    buf_fini(&body);
    call_close(call, rc);
    return rc;
}

/* ---- whole JSON answers ---- */

/* The usage of an answer in another dialect than OpenAI's: its own reader knows where it is. Apart,
 * so that streams do not carry its frame. */
COLD static void read_usage(struct exchange *x, struct arena *scratch, str text)
{
    const struct json *root = NULL;
    size_t error_at = 0;
    struct err ignored = {.code = 0};
    struct reply reply;
    struct reading r = {.a = scratch, .err = &ignored, .origin = (uint8_t)x->op->dialect};
    reply_init(&reply);
    if (json_read(scratch, text, &root, &error_at) == 0 &&
        dialect_get(x->op->dialect)->codec->read_reply(&r, root, &reply) == 0)
        usage_update(&x->usage, &reply.usage);
}

/* The same for what is no generated text: embeddings and their kin count what they were given. Only
 * the members that count are read, since vectors are long. */
COLD static void read_input_count(struct exchange *x, struct arena *scratch,
                                  const struct json_scan *scan)
{
    static const struct {
        str member;
        const char *group, *count; /* NULL: the member is the count */
    } counts[] = {{{"meta", 4}, "billed_units", "input_tokens"},
                  {{"usageMetadata", 13}, NULL, "promptTokenCount"},
                  {{"prompt_eval_count", 17}, NULL, NULL}};
    struct usage usage = USAGE_NONE;
    size_t error_at = 0;
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        const struct json_member *m = json_find(scan, counts[i].member, NULL);
        const struct json *v = NULL;
        if (!m || json_read(scratch, m->value, &v, &error_at) < 0)
            continue;
        v = counts[i].group ? json_get(v, counts[i].group) : v;
        v = counts[i].count ? json_get(v, counts[i].count) : v;
        document_add_count(&usage.input_tokens, v);
    }
    usage_update(&x->usage, &usage);
}

/* Checks the text and takes the usage out of it. 0, or an error with x->err filled. */
static int inspect(struct exchange *x, const struct call *call, str text)
{
    struct arena scratch;
    struct json_scan scan;
    arena_init(&scratch, 4096, SCRATCH_CAP);
    int rc = json_scan(&scratch, text, &scan);
    if (rc < 0) {
        rc = exchange_fail(x, -E_PROVIDER_BODY,
                           "The provider's answer is not valid JSON: %s at byte %zu.", scan.error,
                           scan.error_at);
        goto out;
    }
    const struct json_member *error = json_find(&scan, S("error"), NULL);
    if (error && (error->type == JSON_OBJECT || error->type == JSON_STRING) &&
        !json_find(&scan, S("id"), NULL)) {
        bool may_quote = !shows_key(call, text);
        if (may_quote && error->type == JSON_OBJECT)
            keep_error_object(x, error->value);
        str what = may_quote ? error_text(&scratch, text) : S_EMPTY;
        rc = exchange_fail(x, -E_PROVIDER_FAILED,
                           "The provider answered with status %d and an error%s" STR_FMT,
                           call->head.status, what.n > 0 ? ": " : ".", STR_ARG(what));
        goto out;
    }
    const struct json_member *usage = json_find(&scan, S("usage"), NULL);
    if (is_openai(x) && usage && usage->type == JSON_OBJECT)
        usage_read_openai(&scratch, usage->value, &x->usage);
    else if (!is_openai(x) && x->op->purpose == PURPOSE_GENERATE)
        read_usage(x, &scratch, text);
    else if (!is_openai(x))
        read_input_count(x, &scratch, &scan);
    const struct json_member *id = json_find(&scan, S("id"), NULL);
    if (x->op && x->op->id == OP_RESPONSES && id && id->type == JSON_STRING)
        responses_learn(x, json_unescape(&scratch, id->value));
out:
    arena_fini(&scratch);
    return rc;
}

static int MAY_YIELD relay_json_answer(struct exchange *x, struct call *call, str type, str extra)
{
    struct buf held;
    str text;
    buf_init(&held, x->snapshot->limits.reply_bytes);
    int rc = call_next(call, &text, TASK_NO_DEADLINE);
    bool is_at_hand =
        rc == 0 && call->body.done && text.n <= NET_SEND_HIGH; /* the usual small answer */
    if (rc == 0 && !is_at_hand) {
        buf_put(&held, text);
        rc = answer_read(call, &held);
        text = buf_str(&held);
    }
    x->first_byte_us = clock_now_us();
    if (rc == 0)
        rc = inspect(x, call, text);
    int status = call->head.status;
    call_close(call, rc);
    if (rc == 0)
        rc = reply_whole(x, status, type, extra, text);
    buf_fini(&held);
    return rc;
}

/* ---- everything else ---- */

static int MAY_YIELD relay_bytes(struct exchange *x, struct call *call, str type, str extra)
{
    struct buf head;
    str bytes;
    int rc = call_next(call, &bytes, TASK_NO_DEADLINE);
    x->first_byte_us = clock_now_us();
    if (rc < 0) {
        call_close(call, rc);
        return rc;
    }
    reply_begin(x, call->head.status, type, extra, &head);
    exchange_drop_request(x);
    while (rc == 0 && bytes.n > 0) {
        struct iovec piece = {.iov_base = (void *)(uintptr_t)bytes.p, .iov_len = bytes.n};
        rc = reply_chunk(x, &head, &piece, 1);
        if (rc == 0)
            rc = reply_drain(x);
        if (rc == 0)
            rc = call_next(call, &bytes, TASK_NO_DEADLINE);
    }
    call_close(call, rc);
    if (rc == 0)
        return reply_end(x, &head);
    buf_fini(&head); /* no end is made up: the client sees a broken transfer */
    return rc;
}

static bool is_json(str type)
{
    str name, parameters;
    str_cut(type, ';', &name, &parameters);
    return str_eq_nocase(str_trim(name), S("application/json")) || type.n == 0;
}

/* Is this the first field of an event, or the beginning of its name? */
static bool begins_event(str bytes)
{
    static const str fields[] = {{"data:", 5}, {"event:", 6}, {"id:", 3}, {"retry:", 6}, {":", 1}};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        size_t n = MIN(bytes.n, fields[i].n);
        if (n > 0 && str_eq(str_slice(bytes, 0, n), str_slice(fields[i], 0, n)))
            return true;
    }
    return false;
}

int answer_find_stream(struct call *call, enum framing framing, bool *is_stream)
{
    str type = http_header_get(&call->head, S("content-type")), bytes;
    *is_stream = !is_json(type);
    if (framing == FRAMING_LINES) /* whole, it is a stream of one line */
        *is_stream = true;
    if (framing == FRAMING_EVENT_STREAM && type.n == 0)
        *is_stream = true;
    if (*is_stream || framing != FRAMING_SSE)
        return 0;
    int rc = call_peek(call, &bytes);
    if (rc < 0)
        call_close(call, rc);
    *is_stream = rc == 0 && begins_event(str_trim(bytes));
    return rc;
}

enum form { FORM_JSON, FORM_EVENTS, FORM_BYTES };

static enum form answer_form(const struct exchange *x, str type, str coding)
{
    if (str_has_prefix_nocase(type, S("text/event-stream")) ||
        str_has_prefix_nocase(type, S("application/vnd.amazon.eventstream")) ||
        str_has_prefix_nocase(type, S("application/x-ndjson")))
        return FORM_EVENTS;
    if (coding.n > 0)
        return FORM_BYTES;
    if (is_json(type))
        return FORM_JSON;
    if (!x->op || x->op->answer == OPERATION_ANY)
        return FORM_BYTES;
    return x->is_stream ? FORM_EVENTS : FORM_JSON;
}

/* Without its parameters when these are longer than any that mean something. */
static str content_type(struct exchange *x, const struct http_head *head)
{
    str type = http_header_get(head, S("content-type")), parameters;
    if (type.n > TYPE_MAX)
        str_cut(type, ';', &type, &parameters);
    return arena_str(&x->arena, str_slice(type, 0, TYPE_MAX));
}

int answer_relay(struct exchange *x, struct call *call, bool adds_usage)
{
    if (call->head.status >= 300)
        return relay_refusal(x, call);
    str type = content_type(x, &call->head);
    str coding = http_header_get(&call->head, S("content-encoding"));
    if (coding.n > CODING_MAX) {
        call_close(call, -E_PROVIDER_HTTP);
        return err_set_code(&x->err, -E_PROVIDER_HTTP);
    }
    enum form form = answer_form(x, type, coding);
    bool is_stream = form == FORM_EVENTS;
    if (form == FORM_JSON && x->is_stream && x->op) {
        int rc = answer_find_stream(call, dialect_get(x->op->dialect)->framing, &is_stream);
        if (rc < 0)
            return rc;
    }
    if (is_stream)
        return answer_stream(x, call, adds_usage);
    struct buf extra;
    buf_init(&extra, HEADERS_MAX);
    if (coding.n > 0)
        http1_put_header(&extra, S("content-encoding"), coding);
    answer_put_headers(call, &extra);
    str lines = buf_is_ok(&extra) ? buf_str(&extra) : S_EMPTY;
    int rc = form == FORM_JSON ? relay_json_answer(x, call, type, lines)
                               : relay_bytes(x, call, type, lines);
    buf_fini(&extra);
    return rc;
}
