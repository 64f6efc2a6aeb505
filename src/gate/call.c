/* One attempt at a provider.
 *
 * The request head is written anew from what the gateway decided; of the client's headers only a
 * short list goes on. The body goes straight from where it lies. The answer is read into the
 * loop's scratch buffer and decoded in place, so a body byte is copied by the kernel only.
 *
 * A provider may answer before it has read the whole request (413, 401) and close. So a failed
 * write is not the end: what has arrived is read first, and only if nothing did is the
 * connection called broken. An upload that still arrives stops when the provider speaks. A
 * connection whose request has not left whole is not used again. */
#include "gate/call.h"

#include <string.h>

#include "base/clock.h"
#include "gate/observe.h"
#include "rt/task.h"

#define REQUEST_HEAD_MAX  (32u << 10)
#define RESPONSE_HEAD_MAX (64u << 10)

/* What is read at once. What a client does not take at once is copied to its connection's queue,
 * so these two bound that queue: a whole read into an empty one, or small ones up to the mark at
 * which reading pauses (NET_SEND_HIGH), are 64 KiB at most. */
#define READ_BYTES        (60u << 10)
#define READ_BYTES_LAGGED (16u << 10)

/* Client headers that mean the same to every provider. */
static const str passed_headers[] = {
    {"accept", 6},       {"user-agent", 10},          {"idempotency-key", 15},
    {"openai-beta", 11}, {"x-client-request-id", 19}, {"traceparent", 11},
    {"tracestate", 10},
};

static bool is_forwarded(const struct provider *p, str name)
{
    for (size_t i = 0; i < ARRAY_LEN(passed_headers); i++)
        if (str_eq_nocase(name, passed_headers[i]))
            return true;
    for (size_t i = 0; i < p->n_forward_headers; i++)
        if (str_eq_nocase(name, p->forward_headers[i]))
            return true;
    return false;
}

static bool is_configured(const struct provider *p, str name)
{
    for (size_t i = 0; i < p->n_headers; i++)
        if (str_eq_nocase(name, p->headers[i].name))
            return true;
    return false;
}

static void put_credential(struct buf *b, const struct provider *p, const struct provider_key *key)
{
    if (!key)
        return;
    buf_put(b, p->auth_header);
    buf_put(b, S(": "));
    buf_put(b, p->auth_scheme);
    buf_put(b, secret_expose(key->value));
    buf_put(b, S("\r\n"));
}

/* The dialect's own headers take the place of the client's. */
static bool is_given(const struct call_request *r, str name)
{
    for (size_t i = 0; i < r->n_headers; i++)
        if (str_eq_nocase(name, r->headers[i].name))
            return true;
    return false;
}

/* Signs for AWS: what is hashed is what is sent, so only a body that is at hand can be. */
static void put_signature(struct call *c, const struct call_request *r, struct buf *b)
{
    const struct endpoint *ep = c->target->endpoint;
    struct arena *a = &c->x->request;
    str parts[] = {ep->base_path, r->path}, path, query;
    bool has_query = str_cut(arena_concat(a, parts, ARRAY_LEN(parts)), '?', &path, &query);
    struct http_header signed_headers[] = {{.name = S("host"), .value = ep->authority},
                                           {.name = S("content-type"), .value = r->content_type}};
    struct sigv4_request request = {
        .method = r->method,
        .path = path,
        .query = has_query ? query : S_EMPTY,
        .headers = signed_headers,
        .n_headers = r->content_type.n > 0 ? 2 : 1,
        .payload_hash = sigv4_payload_hash(a, r->pieces, r->n_pieces),
    };
    struct sigv4_headers made;
    credential_sign(&c->credential, &request, a, &made);
    for (size_t i = 0; i < made.n; i++)
        http1_put_header(b, made.at[i].name, made.at[i].value);
}

static void put_fetched(struct call *c, const struct call_request *r, struct buf *b)
{
    if (c->credential.signs)
        put_signature(c, r, b);
    else if (c->credential.header.name.n > 0)
        http1_put_header(b, c->credential.header.name, c->credential.header.value);
}

static void put_request_head(struct call *c, const struct call_request *r, struct buf *b)
{
    const struct endpoint *ep = c->target->endpoint;
    const struct provider *p = ep->provider;
    buf_put(b, r->method);
    buf_put_char(b, ' ');
    buf_put(b, ep->base_path);
    buf_put(b, r->path);
    buf_put(b, S(" HTTP/1.1\r\n"));
    http1_put_header(b, S("host"), ep->authority);
    if (p->credential)
        put_fetched(c, r, b);
    else
        put_credential(b, p, c->target->key);
    for (size_t i = 0; i < r->n_headers; i++)
        if (!is_configured(p, r->headers[i].name))
            http1_put_header(b, r->headers[i].name, r->headers[i].value);
    if (r->content_type.n > 0)
        http1_put_header(b, S("content-type"), r->content_type);
    http1_put_header(b, S("accept-encoding"), S("identity"));
    http1_put_header(b, S("via"), S("1.1 throwbar"));
    for (size_t i = 0; i < c->x->head.n_headers; i++) {
        const struct http_header *h = &c->x->head.headers[i];
        if (is_forwarded(p, h->name) && !is_configured(p, h->name) && !is_given(r, h->name))
            http1_put_header(b, h->name, h->value);
    }
    for (size_t i = 0; i < p->n_headers; i++)
        http1_put_header(b, p->headers[i].name, p->headers[i].value);
    if (r->is_chunked)
        http1_put_header(b, S("transfer-encoding"), S("chunked"));
    else if (r->content_type.n > 0)
        http1_put_header_u64(b, S("content-length"), r->body_bytes);
    http1_put_end(b);
}

/* ---- time ---- */

/* Fails a wait that timed out: the exchange's own time, or the one of this step. */
static int timed_out(struct call *c, int64_t total_us, int step_code)
{
    bool was_total = clock_now_us() >= total_us;
    return err_set_code(&c->x->err, was_total ? -E_TOTAL_TIMEOUT : step_code);
}

/* ---- sending ---- */

/* Has something come before the request was out: an answer, or the end? */
static bool has_spoken(struct call *c)
{
    if (!c->up->conn.is_readable)
        return false;
    ssize_t n = net_try_read(&c->up->conn, loop_scratch(), READ_BYTES);
    if (n > 0) {
        c->p = loop_scratch();
        c->n = (size_t)n;
    }
    return n != -E_AGAIN;
}

static int MAY_YIELD send_more(struct call *c, const struct call_request *r)
{
    for (;;) {
        if (has_spoken(c))
            return -E_IO; /* what is still to come is not wanted */
        struct iovec pieces[CALL_PIECES + 2];
        char size_line[HTTP1_CHUNK_HEAD];
        size_t n = CALL_PIECES, total = 0;
        int rc = r->more(r->more_arg, pieces + 1, &n);
        if (rc < 0)
            return rc;
        for (size_t i = 0; i < n; i++)
            total += pieces[i + 1].iov_len;
        if (total == 0)
            break;
        pieces[0] =
            (struct iovec){.iov_base = size_line, .iov_len = http1_chunk_head(total, size_line)};
        pieces[n + 1] = (struct iovec){.iov_base = (void *)(uintptr_t) "\r\n", .iov_len = 2};
        rc = r->is_chunked ? net_send(&c->up->conn, pieces, (int)n + 2)
                           : net_send(&c->up->conn, pieces + 1, (int)n);
        if (rc < 0)
            return rc;
    }
    struct iovec last = {.iov_base = (void *)(uintptr_t)HTTP1_LAST_CHUNK,
                         .iov_len = sizeof HTTP1_LAST_CHUNK - 1};
    return r->is_chunked ? net_send(&c->up->conn, &last, 1) : 0;
}

static int MAY_YIELD send_request(struct call *c, const struct call_request *r)
{
    struct buf head;
    buf_init(&head, REQUEST_HEAD_MAX);
    put_request_head(c, r, &head);
    if (!buf_is_ok(&head)) {
        buf_fini(&head);
        return exchange_fail(c->x, -E_HEAD_TOO_LARGE, "The forwarded headers are too large.");
    }
    struct iovec iov[CALL_PIECES + 1] = {{.iov_base = head.p, .iov_len = head.n}};
    must(r->n_pieces <= CALL_PIECES);
    if (r->n_pieces > 0)
        memcpy(&iov[1], r->pieces, r->n_pieces * sizeof *iov);
    c->up->conn.stall_us = c->target->endpoint->provider->timeouts.first_byte_us;
    int rc = net_write(&c->up->conn, iov, (int)r->n_pieces + 1);
    buf_fini(&head);
    if (rc == 0 && r->more)
        rc = send_more(c, r);
    if (rc == 0 && r->more)
        rc = net_flush(&c->up->conn);
    c->is_sent = rc == 0;
    return rc;
}

/* ---- receiving ---- */

static size_t read_size(const struct call *c)
{
    const struct client *client = c->x->client;
    bool is_lagging = client && client->conn.out_to > client->conn.out_from;
    return is_lagging ? READ_BYTES_LAGGED : READ_BYTES;
}

/* Reads once into the scratch buffer, behind `held` bytes that are copied to its start. */
static int MAY_YIELD receive(struct call *c, size_t held)
{
    char *scratch = loop_scratch();
    if (held == 0) {
        ssize_t n = net_read(&c->up->conn, scratch, read_size(c));
        if (n < 0)
            return (int)n;
        c->p = scratch;
        c->n = (size_t)n;
        return 0;
    }
    struct buf keep; /* rare: a head in several segments */
    buf_init(&keep, LOOP_SCRATCH_BYTES);
    buf_put(&keep, str_of(c->p, held));
    ssize_t n = net_wait_readable(&c->up->conn);
    memcpy(scratch, keep.p, held);
    buf_fini(&keep);
    if (n == 0)
        n = net_try_read(&c->up->conn, scratch + held, READ_BYTES);
    c->p = scratch;
    c->n = held + (n > 0 ? (size_t)n : 0);
    return n < 0 && n != -E_AGAIN ? (int)n : 0;
}

/* One head, interim or final. */
static int MAY_YIELD read_one_head(struct call *c)
{
    size_t end = 0, seen = 0;
    int rc = 0;
    while (rc == 0) {
        end = c->n > 0 ? http1_head_end(str_of(c->p, c->n), seen) : 0;
        if (end > 0 || c->n > RESPONSE_HEAD_MAX)
            break;
        seen = c->n;
        rc = receive(c, c->n);
    }
    if (rc < 0)
        return rc;
    if (end == 0 || end > RESPONSE_HEAD_MAX)
        return err_set_code(&c->x->err, -E_PROVIDER_TOO_LARGE);
    str copy = arena_str(&c->x->request, str_of(c->p, end));
    c->p += end;
    c->n -= end;
    if (http1_parse_response(&c->x->request, copy, c->method, &c->head) < 0)
        return err_set_code(&c->x->err, -E_PROVIDER_HTTP);
    return 0;
}

static int MAY_YIELD read_head(struct call *c)
{
    for (unsigned interim = 0; interim < 16; interim++) {
        int rc = read_one_head(c);
        if (rc < 0)
            return rc;
        if (c->head.status == 101)
            return err_set_code(&c->x->err, -E_PROVIDER_HTTP);
        if (c->head.status >= 200)
            return 0;
        c->was_reused =
            false; /* what has begun to answer is no connection that was closed before */
    }
    return err_set_code(&c->x->err, -E_PROVIDER_HTTP);
}

/* What a failed read or write before the answer means. */
static int explain(struct call *c, int rc, int64_t total_us)
{
    struct exchange *x = c->x;
    if (x->err.code != 0)
        return x->err.code;
    if (rc == -E_TIMEOUT || rc == -E_STALLED)
        return timed_out(c, total_us, -E_FIRST_BYTE_TIMEOUT);
    if (rc == -E_EOF || rc == -E_IO) {
        if (c->n > 0)
            return exchange_fail(
                x, -E_PROVIDER_TRUNCATED,
                "The provider closed the connection inside the head of its answer.");
        return exchange_fail(
            x, -E_RESET, "The provider at " STR_FMT " closed the connection before it answered.",
            STR_ARG(c->target->endpoint->url));
    }
    return err_set_code(&x->err, rc); /* cancelled: client gone, draining */
}

static int MAY_YIELD converse(struct call *c, const struct call_request *r)
{
    int64_t total_us = task_deadline();
    int rc = send_request(c, r);
    if (rc == 0 || rc == -E_IO) { /* a refusal may have come while we were writing */
        task_deadline_narrow(clock_now_us() +
                             c->target->endpoint->provider->timeouts.first_byte_us);
        rc = read_head(c);
        task_deadline_restore(total_us);
    }
    return rc < 0 ? explain(c, rc, total_us) : 0;
}

/* ---- open ---- */

static int MAY_YIELD connect_to(struct call *c)
{
    struct exchange *x = c->x;
    const struct endpoint *ep = c->target->endpoint;
    c->up = c->target->must_be_fresh ? NULL : upstream_borrow(x->worker, ep);
    c->was_reused = c->up != NULL;
    if (c->up)
        return 0;
    int64_t total_us = task_deadline();
    int rc = upstream_dial(x->worker, ep, &x->arena, &c->up, &x->err);
    if (rc == -E_TIMEOUT)
        return timed_out(c, total_us, -E_CONNECT_TIMEOUT);
    return rc < 0 ? err_set_code(&x->err, rc) : 0;
}

/* What the provider is shown, where that is fetched. */
static int MAY_YIELD get_credential(struct call *c, const struct call_request *r)
{
    const struct provider *p = c->target->endpoint->provider;
    struct credential_source *source = r->needs_bearer && p->bearer ? p->bearer : p->credential;
    if (!source)
        return 0;
    int rc = credential_get(source, p->timeouts.first_byte_us, &c->x->request, &c->credential,
                            &c->x->err);
    if (rc == 0 && c->credential.signs && r->more)
        return exchange_fail(c->x, -E_NOT_SUPPORTED,
                             "A request signed for AWS cannot be passed on while it arrives.");
    return rc < 0 ? err_set_code(&c->x->err, rc == -E_TIMEOUT ? -E_CREDENTIAL : rc) : 0;
}

static void attempt_begin(struct call *c)
{
    struct exchange *x = c->x;
    if (x->n_attempts < EXCHANGE_ATTEMPTS_MAX)
        x->n_attempts++; /* past the maximum the last one is written over */
    c->attempt = &x->attempts[x->n_attempts - 1];
    *c->attempt = (struct attempt){.endpoint = c->target->endpoint,
                                   .provider = c->target->endpoint->provider,
                                   .key = c->target->key,
                                   .begin_us = clock_now_us()};
}

int call_open(struct call *c, struct exchange *x, const struct target *t,
              const struct call_request *r)
{
    *c = (struct call){.x = x, .target = t, .method = r->method};
    attempt_begin(c);
    const struct provider *p = t->endpoint->provider;
    c->holds_slot = provider_slot_acquire(p);
    if (!c->holds_slot) {
        err_set_code(&x->err, -E_CONCURRENCY);
        call_close(c, -E_CONCURRENCY);
        return -E_CONCURRENCY;
    }
    if (x->client)
        client_keep_input(x->client);
    int64_t before = clock_read_us();
    int rc = get_credential(c, r);
    if (rc == 0)
        rc = connect_to(c);
    if (rc == 0)
        rc = converse(c, r);
    x->upstream_us += clock_now_us() - MIN(before, clock_now_us());
    if (rc < 0) {
        call_close(c, rc);
        return rc;
    }
    c->attempt->status = c->head.status;
    http1_body_init(&c->body, &c->head, false);
    c->looked_us = clock_now_us();
    c->idle_until_us = c->looked_us + p->timeouts.idle_us;
    return 0;
}

/* ---- body ---- */

static int body_failed(struct call *c, int rc, int64_t total_us)
{
    struct exchange *x = c->x;
    if (rc == -E_EOF && http1_body_eof(&c->body) == 0) {
        c->body.done = true;
        return 0;
    }
    if (rc == -E_TIMEOUT)
        return timed_out(c, total_us, -E_IDLE_TIMEOUT);
    if (rc == -E_EOF || rc == -E_IO)
        return exchange_fail(x, -E_PROVIDER_TRUNCATED,
                             "The provider's answer ended early, after %llu bytes of its body.",
                             (unsigned long long)c->body.decoded);
    return err_set_code(&x->err, rc);
}

/* Waits for more bytes, no longer than the provider may be silent or `until_us`. */
static int MAY_YIELD receive_body(struct call *c, int64_t until_us)
{
    int64_t total_us = task_deadline();
    int64_t waited_from = clock_read_us();
    /* time that a slow client took is not the provider's silence */
    c->idle_until_us += waited_from - c->looked_us;
    task_deadline_narrow(MIN(c->idle_until_us, until_us));
    int rc = receive(c, 0);
    task_deadline_restore(total_us);
    int64_t now = clock_now_us();
    c->looked_us = MAX(now, waited_from);
    c->x->upstream_us += c->looked_us - waited_from;
    if (rc == 0) {
        c->idle_until_us = now + c->target->endpoint->provider->timeouts.idle_us;
        return 0;
    }
    if (rc == -E_TIMEOUT && now >= until_us && now < c->idle_until_us && now < total_us)
        return -E_AGAIN;
    return body_failed(c, rc, total_us);
}

/* Decodes all that is at hand. The pieces of a chunked body are moved together over the framing
 * between them, so that everything behind this works on one piece and the client gets one chunk
 * for the provider's many. What stands before a fault of the framing counts: whether both come at
 * once is chance. */
static void decode(struct call *c, str *bytes)
{
    char *to = NULL;
    size_t total = 0;
    while (c->n > 0 && !c->body.done && !c->is_broken) {
        struct iovec spans[32];
        size_t n = ARRAY_LEN(spans), used = 0;
        c->is_broken = http1_body_feed(&c->body, c->p, c->n, spans, &n, &used) < 0;
        if (!to && n > 0)
            to = spans[0].iov_base;
        for (size_t i = 0; i < n; i++) {
            if (to + total != spans[i].iov_base)
                memmove(to + total, spans[i].iov_base, spans[i].iov_len);
            total += spans[i].iov_len;
        }
        c->p += used;
        c->n -= used;
    }
    *bytes = str_of(to, total);
}

int call_next(struct call *c, str *bytes, int64_t until_us)
{
    *bytes = c->peeked;
    c->peeked = S_EMPTY;
    while (bytes->n == 0 && !c->body.done) {
        if (c->is_broken)
            return err_set_code(&c->x->err, -E_PROVIDER_HTTP);
        int rc = c->n == 0 ? receive_body(c, until_us) : 0;
        if (rc < 0)
            return rc;
        decode(c, bytes);
    }
    return 0;
}

int call_peek(struct call *c, str *bytes)
{
    int rc = call_next(c, bytes, TASK_NO_DEADLINE);
    if (rc == 0)
        c->peeked = *bytes;
    return rc;
}

void call_close(struct call *c, int code)
{
    struct exchange *x = c->x;
    c->attempt->code = code;
    c->attempt->end_us = clock_now_us();
    observe_attempt(c->attempt);
    if (c->holds_slot)
        provider_slot_release(c->target->endpoint->provider);
    c->holds_slot = false;
    if (!c->up)
        return;
    bool was_answered = code == 0 || c->head.status >= 400; /* a refusal is a whole answer, too */
    bool is_clean = was_answered && c->is_sent && c->body.done && c->head.keep_alive && c->n == 0;
    upstream_return(c->up, is_clean, x->snapshot->limits.idle_upstream);
    c->up = NULL;
}
