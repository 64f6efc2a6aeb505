/* The command line's HTTP client. See the header for what it is for.
 *
 * The one task dials, writes the request and reads the answer; every connection serves one request.
 * A server may refuse before it has read the whole body and close, so a failed write is followed by
 * an attempt to read: what the server said is worth more than "broken pipe". */
#include "cli/http_client.h"

#include "base/clock.h"
#include "gate/config_value.h"
#include "rt/dial.h"
#include "rt/dns.h"
#include "rt/task.h"

#define HEAD_MAX    (64u << 10)
#define INTERIM_MAX 16 /* 1xx heads before the answer */
#define SPANS       64
#define DNS_US      INT64_C(10000000)
#define CONNECT_US  INT64_C(10000000)
#define TLS_US      INT64_C(10000000)

struct session {
    const struct http_request *request;
    struct arena *arena;
    struct http_outcome *out;
    struct value_url url;
    struct net_conn conn;
    struct http_head head;
    struct buf in; /* bytes of the answer not used yet */
    int rc;
    bool is_done;
};

/* ---- the request ---- */

str http_client_target(struct arena *a, str base_path, str path)
{
    bool is_doubled = str_has_suffix(base_path, S("/v1")) &&
                      (str_eq(path, S("/v1")) || str_has_prefix(path, S("/v1/")) ||
                       str_has_prefix(path, S("/v1?")));
    if (is_doubled)
        path = str_skip(path, 3);
    str joined = arena_concat(a, (str[]){base_path, path}, 2);
    return joined.n > 0 ? joined : S("/");
}

bool http_client_allows_header(str name)
{
    static const str framing[] = {
        {"content-length", 14}, {"transfer-encoding", 17},
        {"connection", 10},     {"expect", 6},
        {"upgrade", 7},         {"te", 2},
    };
    for (size_t i = 0; i < ARRAY_LEN(framing); i++)
        if (str_eq_nocase(name, framing[i]))
            return false;
    return true;
}

/* A header of ours, unless the caller has one of that name. */
static void put_default(const struct http_request *r, struct buf *b, str name, str value)
{
    for (size_t i = 0; i < r->n_headers; i++)
        if (str_eq_nocase(r->headers[i].name, name))
            return;
    http1_put_header(b, name, value);
}

static void put_head(const struct session *s, struct buf *b)
{
    const struct http_request *r = s->request;
    http1_put_request_line(b, r->method, http_client_target(s->arena, s->url.base_path, r->path));
    put_default(r, b, S("host"), s->url.authority);
    put_default(r, b, S("user-agent"), S("throwbar/" THROWBAR_VERSION));
    put_default(r, b, S("accept"), S("*/*"));
    put_default(r, b, S("accept-encoding"), S("identity"));
    if (r->bearer.n > 0)
        put_default(r, b, S("authorization"),
                    arena_concat(s->arena, (str[]){S("Bearer "), r->bearer}, 2));
    if (r->content_type.n > 0)
        put_default(r, b, S("content-type"), r->content_type);
    for (size_t i = 0; i < r->n_headers; i++)
        http1_put_header(b, r->headers[i].name, r->headers[i].value);
    if (r->content_type.n > 0 || str_eq(r->method, S("POST")))
        http1_put_header_u64(b, S("content-length"), r->body.n);
    http1_put_header(b, S("connection"), S("close"));
    http1_put_end(b);
}

static int MAY_YIELD send_request(struct session *s)
{
    struct buf head;
    buf_init(&head, HEAD_MAX);
    put_head(s, &head);
    int rc = -E_BAD_REQUEST;
    if (buf_is_ok(&head)) {
        struct iovec iov[] = {
            {.iov_base = head.p, .iov_len = head.n},
            {.iov_base = (void *)(uintptr_t)s->request->body.p, .iov_len = s->request->body.n},
        };
        rc = net_write(&s->conn, iov, s->request->body.n > 0 ? 2 : 1);
    } else {
        err_set(&s->out->err, s->arena, rc,
                "The method, the path or a header holds a character that HTTP forbids there, or "
                "they are too long.");
    }
    buf_fini(&head);
    return rc;
}

/* ---- the answer ---- */

static int MAY_YIELD receive(struct session *s)
{
    char *room = buf_reserve(&s->in, HEAD_MAX);
    must(room); /* in holds less than one head before each read, and has room for two */
    ssize_t n = net_read(&s->conn, room, HEAD_MAX);
    if (n < 0)
        return (int)n;
    buf_commit(&s->in, (size_t)n);
    return 0;
}

/* Can what has come become an answer? A server of another kind is not waited for. */
static bool is_plausible(str in)
{
    return str_has_prefix(S("HTTP/"), str_slice(in, 0, 5));
}

static int MAY_YIELD read_one_head(struct session *s)
{
    size_t end = 0, seen = 0;
    while (end == 0) {
        end = http1_head_end(buf_str(&s->in), seen);
        if (end > HEAD_MAX || (end == 0 && s->in.n >= HEAD_MAX))
            return err_set(&s->out->err, s->arena, -E_PROVIDER_TOO_LARGE,
                           "The head of the answer is larger than %u bytes.", HEAD_MAX);
        if (end > 0)
            break;
        seen = s->in.n;
        int rc = receive(s);
        if (rc < 0)
            return rc;
        if (!is_plausible(buf_str(&s->in)))
            return err_set(&s->out->err, s->arena, -E_PROVIDER_HTTP, "The answer is not HTTP.");
    }
    str text = arena_str(s->arena, str_of(s->in.p, end));
    buf_consume(&s->in, end);
    if (http1_parse_response(s->arena, text, s->request->method, &s->head) < 0)
        return err_set(&s->out->err, s->arena, -E_PROVIDER_HTTP, "The answer is not valid HTTP.");
    return 0;
}

static int MAY_YIELD read_head(struct session *s)
{
    for (unsigned i = 0; i < INTERIM_MAX; i++) {
        int rc = read_one_head(s);
        if (rc < 0)
            return rc;
        if (s->head.status == 101)
            break;
        if (s->head.status < 200)
            continue;
        s->out->status = s->head.status;
        if (s->request->on_head)
            s->request->on_head(s->request->arg, &s->head);
        return 0;
    }
    return err_set(&s->out->err, s->arena, -E_PROVIDER_HTTP, "The answer is not valid HTTP.");
}

/* Decodes what is there and hands it on. */
static int deliver(struct session *s, struct http1_body *body)
{
    while (s->in.n > 0 && !body->done) {
        struct iovec spans[SPANS];
        size_t n = SPANS, used = 0;
        int rc = http1_body_feed(body, s->in.p, s->in.n, spans, &n, &used);
        if (rc < 0)
            return err_set(&s->out->err, s->arena, -E_PROVIDER_HTTP,
                           "The body of the answer is not valid HTTP.");
        for (size_t i = 0; i < n; i++) {
            rc = s->request->on_body(s->request->arg, str_of(spans[i].iov_base, spans[i].iov_len));
            if (rc < 0)
                return rc;
        }
        buf_consume(&s->in, used);
    }
    return 0;
}

static int MAY_YIELD read_body(struct session *s)
{
    struct http1_body body;
    http1_body_init(&body, &s->head, false);
    for (;;) {
        int rc = deliver(s, &body);
        if (rc < 0 || body.done)
            return rc;
        rc = receive(s);
        if (rc == -E_EOF && http1_body_eof(&body) == 0)
            return 0;
        if (rc == -E_EOF || rc == -E_IO)
            return err_set(&s->out->err, s->arena, -E_PROVIDER_TRUNCATED,
                           "The connection ended in the middle of the answer.");
        if (rc < 0)
            return rc;
    }
}

/* ---- the session ---- */

static int MAY_YIELD connect_to(struct session *s)
{
    const struct http_request *r = s->request;
    struct tls_client *tls = NULL;
    str why;
    if (s->url.is_tls &&
        tls_client_acquire(&(struct tls_client_options){.ca = r->ca}, &tls, &why, s->arena) < 0)
        return err_set(&s->out->err, s->arena, -E_TLS, STR_FMT, STR_ARG(why));
    struct dial_options options = {
        .host = s->url.host,
        .port = s->url.port,
        .unix_path = s->url.unix_path,
        .tls = tls,
        .policy = DIAL_ANY,
        .dns_us = DNS_US,
        .connect_us = CONNECT_US,
        .tls_us = TLS_US,
    };
    int rc = dial(&s->conn, &options, s->arena, &s->out->err);
    if (tls)
        tls_client_release(tls);
    return rc;
}

/* What a read or write that failed without a text of its own means. */
static int explain(struct session *s, int rc)
{
    if (rc == -E_TIMEOUT)
        return err_set(&s->out->err, s->arena, rc, "No answer came within %lld seconds.",
                       (long long)(s->request->total_us / 1000000));
    if (rc == -E_EOF || rc == -E_IO)
        return err_set(&s->out->err, s->arena, -E_RESET,
                       "The server closed the connection without an answer.");
    return err_set_code(&s->out->err, rc);
}

static int MAY_YIELD converse(struct session *s)
{
    if (s->request->total_us > 0)
        (void)task_deadline_narrow(clock_now_us() + s->request->total_us);
    int rc = connect_to(s);
    if (rc < 0)
        return rc == -E_TIMEOUT ? explain(s, rc) : rc;
    rc = send_request(s);
    if (rc == 0 || rc == -E_IO) /* a refusal may have come while we were writing */
        rc = read_head(s);
    if (rc == 0)
        rc = read_body(s);
    net_conn_close(&s->conn);
    return rc < 0 ? explain(s, rc) : 0;
}

/* Task entry. */
static void run_session(void *arg)
{
    struct session *s = arg;
    s->rc = converse(s);
    s->is_done = true;
}

int http_client_run(const struct http_request *r, struct arena *a, struct http_outcome *out)
{
    struct session s = {.request = r, .arena = a, .out = out, .conn.watch.fd = -1};
    const char *why = NULL;
    *out = (struct http_outcome){.status = 0};
    if (value_url(a, r->url, &s.url, &why) < 0)
        return err_set(&out->err, a, -E_BAD_REQUEST, "The URL " STR_FMT " %s.", STR_ARG(r->url),
                       why);
    clock_refresh();
    struct loop *loop = loop_open();
    buf_init(&s.in, 2 * HEAD_MAX + 1);
    (void)task_spawn(run_session, &s);
    while (!s.is_done || task_count() > 0)
        loop_turn(loop, s.is_done ? 0 : -1);
    buf_fini(&s.in);
    dns_thread_end();
    loop_close(loop);
    return s.rc;
}
