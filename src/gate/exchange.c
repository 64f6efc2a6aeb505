/* One request, from its head to its log line.
 *
 * exchange_serve is the whole story: begin, admit (path, caller), run the path's handler, answer
 * an error if it failed, end. Memory comes in two arenas: what the log line needs at the end,
 * and what only the request itself needs, which is given back as soon as an answer streams. */
#include "gate/exchange.h"

#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/pool.h"
#include "gate/observe.h"
#include "gate/reply.h"
#include "rt/task.h"

#define ARENA_CAP   (1u << 20)
#define REQUEST_CAP (8u << 20) /* heads, scans and edits; bodies lie elsewhere */
#define HOPS_MAX    3

int exchange_fail(struct exchange *x, int code, const char *fmt, ...)
{
    if (x->err.code != 0)
        return x->err.code;
    va_list args;
    va_start(args, fmt);
    struct buf text;
    buf_init(&text, 1024);
    buf_vprintf(&text, fmt, args);
    va_end(args);
    err_set(&x->err, &x->arena, code, STR_FMT, STR_ARG(buf_str(&text)));
    buf_fini(&text);
    return code;
}

void exchange_keep_err(struct exchange *x)
{
    if (x->err.code == 0)
        return;
    x->err.message = arena_str(&x->arena, str_slice(x->err.message, 0, 16u << 10));
    x->err.param = arena_str(&x->arena, str_slice(x->err.param, 0, 1024));
}

/* ---- begin and end ---- */

static struct exchange *exchange_begin(struct client *c)
{
    size_t size;
    struct exchange *x = pool_acquire(sizeof *x, &size);
    memset(x, 0, sizeof *x);
    x->block_size = size;
    arena_init(&x->arena, 1024, ARENA_CAP); /* what a relayed stream needs */
    arena_init(&x->request, 2048, REQUEST_CAP);
    x->client = c;
    x->worker = c->worker;
    x->lease = lease_acquire(c->worker);
    x->snapshot = x->lease->snapshot;
    x->usage = USAGE_NONE;
    x->begin_us = clock_now_us();
    crypt_ulid(clock_wall_us(), x->id);
    if (c->scope == CLIENT_SERVER) {
        metric_add(M_INFLIGHT, 1);
        atomic_fetch_add_explicit(&worker_requests_total, 1, memory_order_relaxed);
    }
    return x;
}

bool exchange_finish_body(struct exchange *x)
{
    struct client *c = x->client;
    struct client_body *b = &x->body;
    while (!b->decoder.done && c->in_from < c->in_to) {
        struct iovec spans[16];
        size_t n_spans = ARRAY_LEN(spans), used = 0;
        if (http1_body_feed(&b->decoder, c->in + c->in_from, c->in_to - c->in_from, spans, &n_spans,
                            &used) < 0)
            return false;
        c->in_from += used;
    }
    return b->decoder.done;
}

/* A connection goes on only behind a whole answer: without one the client would take the next for
 * this one's. A part of one ends with a reset, so that nobody takes it for the whole. */
static bool exchange_end(struct exchange *x)
{
    struct client *c = x->client;
    bool may_go_on = x->is_complete && x->head.keep_alive && !c->wants_close && !x->err.close &&
                     exchange_finish_body(x);
    if (x->committed && !x->is_complete)
        net_conn_abort(&c->conn);
    c->has_lingering_body = !x->body.decoder.done;
    x->end_us = clock_read_us();
    observe_end(x);
    if (c->scope == CLIENT_SERVER) {
        metric_add(M_INFLIGHT, -1);
        atomic_fetch_sub_explicit(&worker_requests_total, 1, memory_order_relaxed);
    }
    lease_release(x->worker, x->lease);
    client_body_fini(&x->body);
    arena_fini(&x->request);
    arena_fini(&x->arena);
    pool_release(x, x->block_size);
    worker_decay_later(c->worker);
    return may_go_on && net_conn_is_open(&c->conn);
}

void exchange_drop_request(struct exchange *x)
{
    client_body_fini(&x->body);
    x->head.headers = NULL;
    x->head.n_headers = 0;
    arena_fini(&x->request);
    worker_decay_later(x->worker); /* a long stream is no reason to keep what its request took */
}

int exchange_read_body(struct exchange *x)
{
    int64_t before = clock_read_us();
    int rc = client_body_read(x->client, &x->body, x->head.expects_continue, SIZE_MAX);
    x->client_us += clock_read_us() - before;
    x->bytes_in = x->body.n;
    if (rc == -E_BODY_TOO_LARGE)
        return exchange_fail(
            x, rc, "The request body is larger than %zu bytes (server.limits.body).", x->body.max);
    if (rc < 0)
        err_set_code(&x->err, rc);
    if (rc == -E_HTTP || rc == -E_BODY_TIMEOUT)
        x->err.close = true;
    return rc;
}

/* ---- admission ---- */

static bool is_traceparent(str v)
{
    if (v.n != 55 || v.p[2] != '-' || v.p[35] != '-' || v.p[52] != '-')
        return false;
    for (size_t i = 0; i < v.n; i++) {
        bool is_hex = (v.p[i] >= '0' && v.p[i] <= '9') || (v.p[i] >= 'a' && v.p[i] <= 'f');
        if (!is_hex && v.p[i] != '-')
            return false;
    }
    return true;
}

/* Copies the head out of the receive buffer and parses the copy. */
static int read_head(struct exchange *x, size_t head_n)
{
    struct client *c = x->client;
    str head = arena_str(&x->request, str_of(c->in + c->in_from, head_n));
    c->in_from += head_n;
    int rc = http1_parse_request(&x->request, head, &x->head);
    if (rc < 0) {
        x->err.close = true;
        x->head = (struct http_head){.keep_alive = false};
        return err_set_code(&x->err, rc);
    }
    x->method = arena_str(&x->arena, str_slice(x->head.method, 0, 16));
    x->target_path = arena_str(&x->arena, str_slice(x->head.path, 0, 200));
    x->is_head = str_eq(x->head.method, S("HEAD"));
    str trace = http_header_get(&x->head, S("traceparent"));
    if (is_traceparent(trace))
        memcpy(x->traceparent, trace.p, trace.n);
    client_body_init(&x->body, &x->head, x->snapshot->limits.body_bytes);
    return 0;
}

static int find_path(struct exchange *x)
{
    bool other_method = false;
    str arg = S_EMPTY;
    const struct path_table *t = x->worker->paths[x->client->scope];
    x->path = path_find(t, x->head.method, x->head.path, &arg, &other_method);
    if (!x->path && other_method)
        return exchange_fail(x, -E_METHOD, "The path " STR_FMT " does not take " STR_FMT ".",
                             STR_ARG(x->target_path), STR_ARG(x->method));
    if (!x->path)
        return exchange_fail(x, -E_PATH_NOT_FOUND, "There is nothing at " STR_FMT " " STR_FMT ".",
                             STR_ARG(x->method), STR_ARG(x->target_path));
    if (!path_decode(&x->arena, arg, &x->path_arg))
        return exchange_fail(x, -E_BAD_REQUEST, "The path has an invalid escape.");
    if (x->path->has_operation)
        x->op = operation_get(x->path->operation_id);
    return 0;
}

static int authenticate(struct exchange *x)
{
    const struct snapshot *s = x->snapshot;
    int rc = 0;
    switch (x->path->auth) {
    case PATH_AUTH_PUBLIC:
        break;
    case PATH_AUTH_ADMIN:
        rc = auth_is_admin(s->admin_key, &x->head) ? 0 : -E_ADMIN_DENIED;
        break;
    case PATH_AUTH_KEY:
        if (s->auth_mode == AUTH_KEYS)
            rc = auth_identify(&s->keys_by_hash, &x->head, clock_wall_us(), &x->key);
        break;
    }
    return rc < 0 ? err_set_code(&x->err, rc) : 0;
}

/* Counts our own name in Via, so that a provider whose base_url points back here cannot go round
 * for ever. */
static int check_loop(struct exchange *x)
{
    unsigned hops = 0;
    for (size_t i = 0; i < x->head.n_headers; i++) {
        if (!str_eq_nocase(x->head.headers[i].name, S("via")))
            continue;
        str rest = x->head.headers[i].value;
        for (size_t at = str_find(rest, S("throwbar")); at != STR_NONE;
             at = str_find(rest, S("throwbar"))) {
            hops++;
            rest = str_skip(rest, at + 8);
        }
    }
    return hops >= HOPS_MAX ? err_set_code(&x->err, -E_LOOP) : 0;
}

static int check_body_headers(struct exchange *x)
{
    if (x->head.framing == HTTP_LENGTH && x->head.length > x->snapshot->limits.body_bytes)
        return exchange_fail(x, -E_BODY_TOO_LARGE,
                             "The request body is larger than %zu bytes (server.limits.body).",
                             x->snapshot->limits.body_bytes);
    str coding = http_header_get(&x->head, S("content-encoding"));
    if (coding.n > 0 && !str_eq_nocase(coding, S("identity")))
        return err_set_code(&x->err, -E_ENCODING);
    return 0;
}

static int admit(struct exchange *x, size_t head_n)
{
    int rc = read_head(x, head_n);
    if (rc == 0)
        rc = find_path(x);
    if (rc == 0)
        rc = authenticate(x);
    if (rc == 0)
        rc = check_loop(x);
    if (rc == 0)
        rc = check_body_headers(x);
    return rc;
}

bool exchange_serve(struct client *c, size_t head_n)
{
    struct exchange *x = exchange_begin(c);
    if (x->worker->is_draining)
        c->wants_close = true;
    int rc = admit(x, head_n);
    if (rc == 0)
        rc = x->path->run(x);
    if (rc < 0 && x->err.code == 0)
        err_set_code(&x->err, rc);
    if (rc < 0 && !x->committed)
        reply_error(x);
    return exchange_end(x);
}

void exchange_refuse(struct client *c, int code)
{
    struct exchange *x = exchange_begin(c);
    c->wants_close = true;
    err_set_code(&x->err, code);
    x->err.close = true;
    c->in_from = c->in_to;
    reply_error(x);
    (void)exchange_end(x);
}
