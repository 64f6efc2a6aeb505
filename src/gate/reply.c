/* Writing answers. Every head is made here: status, content, the tb- headers of the caller's
 * choice, and the lines a handler adds. An answer leaves in as few writes as possible: head and
 * body (or head and first chunk) together.
 *
 * Heads are built in a pooled buf that goes back as soon as the bytes are with the kernel or
 * copied to the connection's own queue, so that no answer keeps memory while it waits. */
#include "gate/reply.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "gate/generation.h"
#include "gate/translator.h"
#include "llm/dialect_bedrock.h"
#include "rt/task.h"
#include "wire/http1.h"

#define HEAD_MAX (16u << 10)
#define PIECES   12 /* iovecs of one write: head, chunk head, pieces, chunk end */

/* "Sat, 21 Nov 2026 07:28:54 GMT", made once a second per thread (RFC 9110 section 6.6.1). */
static str http_date(void)
{
    static _Thread_local struct {
        int64_t second;
        char text[32];
        size_t n;
    } cached = {.second = -1};
    int64_t second = clock_wall_us() / 1000000;
    if (second != cached.second) {
        time_t t = (time_t)second;
        struct tm parts;
        cached.second = second;
        cached.n = strftime(cached.text, sizeof cached.text, "%a, %d %b %Y %H:%M:%S GMT",
                            gmtime_r(&t, &parts));
    }
    return str_of(cached.text, cached.n);
}

void reply_put_attempts(const struct exchange *x, struct buf *out)
{
    for (size_t i = 0; i < x->n_attempts; i++) {
        const struct attempt *t = &x->attempts[i];
        if (i > 0)
            buf_put(out, S(", "));
        buf_put(out, t->provider->id);
        if (t->key) {
            buf_put_char(out, '/');
            buf_put(out, t->key->id);
        }
        buf_put_char(out, ';');
        if (t->status > 0)
            buf_put_u64(out, (uint64_t)t->status);
        else
            buf_put(out, t->code != 0 ? str_from_cz(err_info(t->code)->name) : S("pending"));
        int64_t end_us = t->end_us > 0 ? t->end_us : clock_now_us();
        buf_put_char(out, ';');
        buf_put_u64(out, (uint64_t)((end_us - t->begin_us) / 1000));
        buf_put(out, S("ms"));
    }
}

static void put_named(struct buf *b, str name, str value)
{
    if (value.n > 0)
        http1_put_header(b, name, value);
}

static void put_target(struct exchange *x, struct buf *b)
{
    put_named(b, S("tb-route"), x->target.route);
    if (!x->target.provider)
        return;
    http1_put_header(b, S("tb-provider"), x->target.provider->id);
    put_named(b, S("tb-model"), x->answered_model);
    if (x->n_attempts == 0)
        return;
    const struct attempt *last = &x->attempts[x->n_attempts - 1];
    if (last->key)
        http1_put_header(b, S("tb-key"), last->key->id);
    buf_put(b, S("tb-attempts: "));
    reply_put_attempts(x, b);
    buf_put(b, S("\r\n"));
}

static void put_gateway_time(struct exchange *x, struct buf *b)
{
    int64_t us = clock_read_us() - x->begin_us - x->upstream_us - x->client_us;
    us = MAX(us, (int64_t)0);
    buf_put(b, S("server-timing: gw;dur="));
    buf_put_u64(b, (uint64_t)(us / 1000));
    char fraction[4] = {'.', (char)('0' + us % 1000 / 100), (char)('0' + us % 100 / 10),
                        (char)('0' + us % 10)};
    buf_put(b, str_of(fraction, 4));
    buf_put(b, S("\r\n"));
}

static void put_tb_headers(struct exchange *x, struct buf *b)
{
    if (generation_is_wanted(x))
        http1_put_header(b, S("x-generation-id"), str_of(x->id, ULID_LEN));
    enum auth_headers wanted = x->key ? x->key->headers : AUTH_HEADERS_FULL;
    if (wanted == AUTH_HEADERS_OFF)
        return;
    http1_put_header(b, S("tb-request-id"), str_of(x->id, ULID_LEN));
    if (wanted == AUTH_HEADERS_BASIC)
        return;
    put_target(x, b);
    if (x->op)
        http1_put_header(b, S("tb-cache"), S("off"));
    put_named(b, S("tb-warnings"), x->warnings);
    http1_put_header_u64(b, S("tb-config-version"), x->snapshot->version);
    if (x->traceparent[0] != '\0')
        http1_put_header(b, S("traceparent"), str_of(x->traceparent, 55));
    put_gateway_time(x, b);
}

/* Everything but the framing header and the empty line. */
static void put_head(struct exchange *x, int status, str content_type, str extra, struct buf *b)
{
    x->status = status;
    http1_put_status_line(b, status);
    http1_put_header(b, S("date"), http_date());
    put_named(b, S("content-type"), content_type);
    put_tb_headers(x, b);
    buf_put(b, extra);
    bool closes =
        !x->head.keep_alive || x->client->wants_close || x->err.close || !exchange_finish_body(x);
    x->client->wants_close = closes;
    if (closes)
        http1_put_header(b, S("connection"), S("close"));
    else if (x->head.minor == 0)
        http1_put_header(b, S("connection"), S("keep-alive"));
}

static bool has_body(const struct exchange *x, int status)
{
    return !x->is_head && status != 204 && status != 304;
}

static struct iovec iov_of(str s)
{
    return (struct iovec){.iov_base = (void *)(uintptr_t)s.p, .iov_len = s.n};
}

/* For bodies too large to be copied into the connection's queue: straight from the caller's
 * memory. */
static int MAY_YIELD write_timed(struct exchange *x, struct iovec *iov, int n)
{
    int64_t before = clock_now_us();
    int rc = client_write(x->client, iov, n);
    x->client_us += clock_now_us() - before; /* grows only if there was a wait */
    return rc;
}

int reply_pieces(struct exchange *x, int status, str content_type, str extra,
                 const struct iovec *body, size_t n)
{
    must(!x->committed && n <= PIECES - 1);
    struct buf head;
    buf_init(&head, HEAD_MAX);
    put_head(x, status, content_type, extra, &head);
    struct iovec iov[PIECES];
    size_t total = 0;
    for (size_t i = 0; i < n; i++) {
        iov[i + 1] = body[i];
        total += body[i].iov_len;
    }
    if (status != 204 && status != 304)
        http1_put_header_u64(&head, S("content-length"), total);
    http1_put_end(&head);
    must(buf_is_ok(&head));
    iov[0] = iov_of(buf_str(&head));
    x->committed = true;
    if (has_body(x, status))
        x->bytes_out += total;
    int count = has_body(x, status) ? (int)n + 1 : 1;
    int rc =
        total > NET_SEND_HIGH ? write_timed(x, iov, count) : client_queue(x->client, iov, count);
    x->is_complete = rc == 0;
    buf_fini(&head);
    return rc;
}

int reply_whole(struct exchange *x, int status, str content_type, str extra, str body)
{
    struct iovec piece = iov_of(body);
    return reply_pieces(x, status, content_type, extra, &piece, 1);
}

void reply_begin(struct exchange *x, int status, str content_type, str extra, struct buf *head)
{
    must(!x->committed);
    buf_init(head, HEAD_MAX);
    x->is_chunked = x->head.minor > 0;
    if (!x->is_chunked)
        x->client->wants_close = true;
    put_head(x, status, content_type, extra, head);
    if (x->is_chunked)
        http1_put_header(head, S("transfer-encoding"), S("chunked"));
    http1_put_end(head);
    must(buf_is_ok(head));
    x->committed = true;
}

int reply_chunk(struct exchange *x, struct buf *head, const struct iovec *pieces, size_t n)
{
    must(x->committed && n <= PIECES - 3);
    struct iovec iov[PIECES];
    char size_line[HTTP1_CHUNK_HEAD];
    size_t count = 0, total = 0;
    for (size_t i = 0; i < n; i++)
        total += pieces[i].iov_len;
    if (head->n > 0)
        iov[count++] = iov_of(buf_str(head));
    if (total > 0 && !x->is_head) {
        if (x->is_chunked)
            iov[count++] = iov_of(str_of(size_line, http1_chunk_head(total, size_line)));
        memcpy(&iov[count], pieces, n * sizeof *pieces);
        count += n;
        if (x->is_chunked)
            iov[count++] = iov_of(S("\r\n"));
        x->bytes_out += total;
    }
    int rc = count > 0 ? client_queue(x->client, iov, (int)count) : 0;
    buf_fini(head);
    return rc;
}

int reply_end(struct exchange *x, struct buf *head)
{
    struct iovec iov[2];
    int n = 0;
    if (head->n > 0)
        iov[n++] = iov_of(buf_str(head));
    if (x->is_chunked && !x->is_head)
        iov[n++] = iov_of(S(HTTP1_LAST_CHUNK));
    int rc = n > 0 ? client_queue(x->client, iov, n) : 0;
    x->is_complete = rc == 0;
    buf_fini(head);
    return rc;
}

int reply_drain(struct exchange *x)
{
    int64_t before = clock_now_us();
    int rc = client_drain(x->client);
    x->client_us += clock_now_us() - before; /* grows only if there was a wait */
    return rc;
}

/* ---- errors ---- */

static void put_text(struct buf *b, const char *before, const char *text)
{
    buf_put(b, str_from_cz(before));
    if (text)
        buf_put_json(b, str_from_cz(text));
    else
        buf_put(b, S("null"));
}

static void put_attempt_objects(const struct exchange *x, struct buf *b)
{
    buf_put(b, S(",\"attempts\":["));
    for (size_t i = 0; i < x->n_attempts; i++) {
        const struct attempt *t = &x->attempts[i];
        buf_put(b, i > 0 ? S(",{\"provider\":") : S("{\"provider\":"));
        buf_put_json(b, t->provider->id);
        if (t->endpoint) {
            buf_put(b, S(",\"endpoint\":"));
            buf_put_json(b, t->endpoint->url);
        }
        if (t->key) {
            buf_put(b, S(",\"key\":"));
            buf_put_json(b, t->key->id);
        }
        buf_put(b, S(",\"status\":"));
        if (t->status > 0)
            buf_put_u64(b, (uint64_t)t->status);
        else
            buf_put(b, S("null"));
        put_text(b, ",\"outcome\":", t->code != 0 ? err_info(t->code)->name : "ok");
        buf_put(b, S(",\"ms\":"));
        buf_put_u64(b, (uint64_t)(MAX(t->end_us - t->begin_us, (int64_t)0) / 1000));
        buf_put_char(b, '}');
    }
    buf_put_char(b, ']');
}

void reply_put_gateway_object(const struct exchange *x, struct buf *b)
{
    const struct err_info *row = err_info(x->err.code);
    put_text(b, "{\"source\":", err_source_name(row->source));
    buf_put(b, S(",\"code\":\"TB-"));
    buf_put_u64(b, (uint64_t)row->number);
    buf_put(b, S("\",\"request_id\":\""));
    buf_put(b, str_of(x->id, ULID_LEN));
    buf_put(b, row->retry == ERR_RETRY_NEVER ? S("\",\"retryable\":false")
                                             : S("\",\"retryable\":true"));
    put_attempt_objects(x, b);
    put_text(b, ",\"hint\":", row->hint);
    buf_put(b, S(",\"docs\":\"throwbar explain TB-"));
    buf_put_u64(b, (uint64_t)row->number);
    buf_put(b, S("\"}"));
}

void reply_put_error_object(struct exchange *x, struct buf *b)
{
    const struct err_info *row = err_info(x->err.code);
    if (x->err.provider_body.n > 2) { /* the provider's own object, ours added to it */
        str inner = str_trim(str_slice(x->err.provider_body, 1, x->err.provider_body.n - 1));
        buf_put_char(b, '{');
        buf_put(b, inner);
        buf_put(b, inner.n > 0 ? S(",") : S(""));
    } else {
        buf_put(b, S("{\"message\":"));
        buf_put_json(b, err_message(&x->err));
        put_text(b, ",\"type\":", row->openai_type);
        buf_put(b, S(",\"param\":"));
        if (x->err.param.n > 0)
            buf_put_json(b, x->err.param);
        else
            buf_put(b, S("null"));
        put_text(b, ",\"code\":", row->openai_code);
        buf_put_char(b, ',');
    }
    buf_put(b, S("\"gateway\":"));
    reply_put_gateway_object(x, b);
    buf_put_char(b, '}');
}

/* RFC 9457. */
static void put_problem(struct exchange *x, struct buf *b)
{
    const struct err_info *row = err_info(x->err.code);
    buf_put(b, S("{\"type\":\"about:blank\",\"title\":"));
    buf_put_json(b, str_from_cz(row->message));
    buf_put(b, S(",\"status\":"));
    buf_put_u64(b, (uint64_t)err_status(&x->err));
    buf_put(b, S(",\"detail\":"));
    buf_put_json(b, err_message(&x->err));
    buf_put(b, S(",\"code\":\"TB-"));
    buf_put_u64(b, (uint64_t)row->number);
    buf_put(b, S("\",\"request_id\":\""));
    buf_put(b, str_of(x->id, ULID_LEN));
    buf_put(b, S("\"}"));
}

/* When to try again, where the provider said so in its body only (Gemini). */
static void put_retry_after(const struct exchange *x, struct buf *b)
{
    bool is_said = str_find(x->err.headers, S("retry-after")) != STR_NONE;
    if (is_said || !x->failure || x->failure->retry_ms < 0)
        return;
    uint64_t ms = (uint64_t)x->failure->retry_ms;
    http1_put_header_u64(b, S("retry-after"), ms / 1000 + (ms % 1000 != 0));
    http1_put_header_u64(b, S("retry-after-ms"), ms);
}

static void put_error_headers(const struct exchange *x, int status, struct buf *b)
{
    buf_put(b, x->err.headers);
    put_retry_after(x, b);
    if (status == 401)
        http1_put_header(b, S("www-authenticate"), S("Bearer"));
    if (status == 405 && !x->path) {
        buf_put(b, S("allow: "));
        path_put_methods(x->worker->paths[x->client->scope], x->head.path, b);
        buf_put(b, S("\r\n"));
    }
}

/* Whose SDK asks at OpenAI's paths: some share them, and say so in a header. */
static enum dialect_id dialect_of_sdk(const struct http_head *head)
{
    if (http_header_get(head, S("anthropic-version")).n > 0)
        return DIALECT_ANTHROPIC;
    if (http_header_get(head, S("x-goog-api-client")).n > 0 ||
        http_header_get(head, S("x-goog-api-key")).n > 0)
        return DIALECT_GEMINI;
    bool is_cohere =
        str_has_prefix_nocase(http_header_get(head, S("x-fern-sdk-name")), S("cohere"));
    return is_cohere ? DIALECT_COHERE : DIALECT_CHAT;
}

enum dialect_id reply_dialect(const struct exchange *x)
{
    if (x->op && x->op->dialect != DIALECT_NONE)
        return x->op->dialect;
    bool is_shared = !x->path || x->path->shape == PATH_SHAPE_OPENAI;
    if (is_shared)
        return dialect_of_sdk(&x->head);
    return x->path->shape == PATH_SHAPE_PROBLEM ? DIALECT_CHAT : (enum dialect_id)x->path->shape;
}

/* Is the error written by a dialect's own writer? OpenAI's is made here, because it keeps what an
 * OpenAI provider said. */
static bool is_translated(const struct exchange *x, enum dialect_id spoken)
{
    bool is_openai =
        spoken == DIALECT_CHAT || spoken == DIALECT_COMPLETIONS || spoken == DIALECT_RESPONSES;
    return !is_openai || x->failure;
}

static void put_failure(struct exchange *x, enum dialect_id spoken, struct buf *body,
                        struct buf *extra)
{
    struct failure f = translator_failure(x);
    dialect_get(spoken)->codec->write_error(&f, body);
    if (spoken == DIALECT_BEDROCK)
        http1_put_header(extra, S("x-amzn-errortype"), bedrock_error_type(f.class));
    else if (spoken == DIALECT_ANTHROPIC)
        http1_put_header(extra, S("request-id"), f.request_id);
}

void reply_error(struct exchange *x)
{
    if (x->err.code == -E_CLIENT_GONE || x->committed || x->err.code == 0)
        return;
    (void)task_cancel_clear(); /* a cancelled request still gets its answer */
    int status = err_status(&x->err);
    bool is_problem =
        x->path ? x->path->shape == PATH_SHAPE_PROBLEM : x->client->scope == CLIENT_ADMIN;
    struct buf body, extra;
    buf_init(&body, 2u << 20);
    buf_init(&extra, HEAD_MAX);
    put_error_headers(x, status, &extra);
    enum dialect_id spoken = reply_dialect(x);
    if (is_problem) {
        put_problem(x, &body);
    } else if (is_translated(x, spoken)) {
        put_failure(x, spoken, &body, &extra);
    } else {
        buf_put(&body, S("{\"error\":"));
        reply_put_error_object(x, &body);
        buf_put_char(&body, '}');
    }
    str type = is_problem ? S("application/problem+json") : S("application/json");
    /* a client that has left misses nothing */
    IGNORE_RESULT(reply_whole(x, status, type, buf_str(&extra), buf_str(&body)));
    buf_fini(&extra);
    buf_fini(&body);
}
