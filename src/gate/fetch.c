/* One request on one connection, and once more for each redirect.
 *
 * A hop is: read the URL, dial, write, read the head, read the body, close. The head is gathered in
 * a buffer of the hop, because it may come in several pieces; the body is decoded from the loop's
 * scratch buffer straight into the answer's. A server may refuse and close before it has read the
 * whole request, so a failed write is followed by an attempt to read: what it said is worth more
 * than "broken pipe".
 *
 * The time limit is one deadline over everything, so a server cannot gain time by redirects or by
 * sending a byte now and then.
 *
 * Where a URL is judged: its text here (scheme, port, what stands in the authority), its addresses
 * in the dialler, which connects to what it checked. */
#include "gate/fetch.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/clock.h"
#include "gate/config_value.h"
#include "rt/loop.h"
#include "rt/task.h"
#include "wire/http1_field.h"

#define REQUEST_HEAD_MAX (32u << 10)
#define ANSWER_HEAD_MAX  (32u << 10)
#define INTERIM_MAX      8 /* 1xx heads before the answer */
#define SPANS            64
#define READ_BYTES       (64u << 10)
#define URL_MAX          8192

struct hop {
    const struct fetch_request *request;
    struct arena *arena;
    struct err *err;
    struct fetch_answer *out;
    struct fetch_url url;
    bool is_origin; /* the one that the request names: gets its headers and certificate */
    struct net_conn conn;
    struct buf in; /* received bytes that are not used yet */
    struct http_head head;
};

/* ---- URLs ---- */

static int refuse(int code, const char **why, const char *reason)
{
    *why = reason;
    return code;
}

/* Do inet_aton and browsers take the host for a number? Its last label tells. */
static bool is_numeric(str host)
{
    if (str_has_suffix(host, S(".")))
        host = str_slice(host, 0, host.n - 1);
    size_t dot = str_rfind_char(host, '.');
    str label = dot == STR_NONE ? host : str_skip(host, dot + 1);
    bool is_hex = str_has_prefix(label, S("0x"));
    label = str_skip(label, is_hex ? 2 : 0);
    for (size_t i = 0; i < label.n; i++) {
        bool is_digit = label.p[i] >= '0' && label.p[i] <= '9';
        if (!is_digit && !(is_hex && str_hex_value(label.p[i]) >= 0))
            return false;
    }
    return true;
}

/* What only hides where a public URL leads to. */
static int check_public(struct arena *a, const struct fetch_url *url, const char **why)
{
    struct in_addr as_ipv4;
    bool is_ipv6 = str_find_char(url->host, ':') != STR_NONE;
    if (url->port != 80 && url->port != 443)
        return refuse(-E_ADDRESS_DENIED, why, "uses a port other than 80 and 443");
    if (is_ipv6 || !is_numeric(url->host))
        return 0;
    if (inet_pton(AF_INET, arena_cz(a, url->host), &as_ipv4) != 1)
        return refuse(-E_ADDRESS_DENIED, why, "has a number in disguise for a host");
    return 0;
}

/* Path and query as they are sent: what is no ASCII is escaped, as browsers do. */
static str target_of(struct arena *a, str rest)
{
    struct buf b;
    buf_init(&b, 3 * URL_MAX + 1);
    if (rest.n == 0 || rest.p[0] != '/')
        buf_put_char(&b, '/');
    for (size_t i = 0; i < rest.n; i++) {
        unsigned char c = (unsigned char)rest.p[i];
        if (c >= 0x80)
            buf_printf(&b, "%%%02X", c);
        else
            buf_put_char(&b, rest.p[i]);
    }
    str target = arena_str(a, buf_str(&b));
    buf_fini(&b);
    return target;
}

/* Where the path begins: behind "scheme://host". */
static size_t origin_end(str url)
{
    size_t at = str_find(url, S("://"));
    at = at == STR_NONE ? url.n : at + 3;
    while (at < url.n && url.p[at] != '/' && url.p[at] != '?')
        at++;
    return at;
}

int fetch_url_read(struct arena *a, str url, enum dial_policy policy, struct fetch_url *out,
                   const char **why)
{
    struct value_url origin;
    if (url.n > URL_MAX)
        return refuse(-E_BAD_REQUEST, why, "is longer than 8192 bytes");
    for (size_t i = 0; i < url.n; i++) {
        if ((unsigned char)url.p[i] <= ' ' || url.p[i] == 0x7f)
            return refuse(-E_BAD_REQUEST, why, "contains a space or a control character");
        if (url.p[i] == '#')
            return refuse(-E_BAD_REQUEST, why, "must not have a fragment");
        if (url.p[i] == '\\')
            return refuse(-E_BAD_REQUEST, why, "contains a backslash");
    }
    if (!str_has_prefix_nocase(url, S("http://")) && !str_has_prefix_nocase(url, S("https://")))
        return refuse(-E_BAD_REQUEST, why, "must begin with https:// or http://");
    size_t end = origin_end(url);
    if (value_url(a, str_slice(url, 0, end), &origin, why) < 0)
        return -E_BAD_REQUEST;
    *out = (struct fetch_url){.is_tls = origin.is_tls,
                              .host = origin.host,
                              .port = origin.port,
                              .authority = origin.authority,
                              .target = target_of(a, str_skip(url, end))};
    if (sizeof "https://" - 1 + out->authority.n + out->target.n > URL_MAX)
        return refuse(-E_BAD_REQUEST, why, "is longer than 8192 bytes once it is escaped");
    return policy == DIAL_PUBLIC ? check_public(a, out, why) : 0;
}

/* The URL that a Location header means, seen from `url`. */
static str resolve(struct arena *a, const struct fetch_url *url, str location)
{
    str scheme = url->is_tls ? S("https:") : S("http:");
    location = str_slice(location, 0, str_find_char(location, '#'));
    size_t slash = str_find_char(location, '/');
    bool has_scheme = slash != STR_NONE && slash > 0 && location.p[slash - 1] == ':' &&
                      str_find_char(str_slice(location, 0, slash), '?') == STR_NONE;
    if (has_scheme)
        return location;
    if (str_has_prefix(location, S("//")))
        return arena_concat(a, (str[]){scheme, location}, 2);
    str folder = S_EMPTY;
    if (slash != 0) {
        folder = str_slice(url->target, 0, str_find_char(url->target, '?'));
        bool is_query = location.n == 0 || location.p[0] == '?';
        folder = is_query ? folder : str_slice(folder, 0, str_rfind_char(folder, '/') + 1);
    }
    return arena_concat(a, (str[]){scheme, S("//"), url->authority, folder, location}, 5);
}

/* ---- failures ---- */

/* A read or write has ended with `rc`, which may have a text already. */
static int broken(struct hop *h, int rc)
{
    if (rc == -E_EOF || rc == -E_IO)
        return err_set(h->err, h->arena, -E_RESET,
                       STR_FMT " closed the connection before it answered",
                       STR_ARG(h->url.authority));
    return rc;
}

static int no_http(struct hop *h)
{
    return err_set(h->err, h->arena, -E_PROVIDER_HTTP,
                   "the answer of " STR_FMT " is not valid HTTP", STR_ARG(h->url.authority));
}

static int too_large(struct hop *h)
{
    return err_set(h->err, h->arena, -E_PROVIDER_TOO_LARGE,
                   "the answer of " STR_FMT " is larger than %zu bytes", STR_ARG(h->url.authority),
                   h->request->max_bytes);
}

/* ---- the connection ---- */

/* 0 with *out, NULL for none. */
static int choose_proxy(struct hop *h, struct dial_proxy *room, const struct dial_proxy **out)
{
    const char *why;
    *out = h->request->proxy;
    if (h->request->is_direct || h->request->proxy)
        return 0;
    str url = dial_proxy_from_env(h->url.is_tls, h->url.host, h->url.port);
    if (url.n == 0)
        return 0;
    if (dial_proxy_parse(h->arena, url, room, &why) < 0)
        return err_set(h->err, h->arena, -E_PROXY, "the proxy of the environment: the URL %s", why);
    *out = room;
    return 0;
}

static int acquire_tls(struct hop *h, struct tls_client **tls)
{
    struct tls_client_options o = {.ca = h->request->ca};
    str why;
    if (!h->url.is_tls)
        return 0;
    if (h->is_origin) {
        o.cert = h->request->cert;
        o.key = h->request->key;
    }
    if (tls_client_acquire(&o, tls, &why, h->arena) < 0)
        return err_set(h->err, h->arena, -E_TLS, STR_FMT, STR_ARG(why));
    return 0;
}

static int MAY_YIELD connect_to(struct hop *h)
{
    struct tls_client *tls = NULL;
    struct dial_proxy room;
    const struct dial_proxy *proxy = NULL;
    int rc = choose_proxy(h, &room, &proxy);
    if (rc == 0)
        rc = acquire_tls(h, &tls);
    if (rc < 0)
        return rc;
    struct dial_options o = {.host = h->url.host,
                             .port = h->url.port,
                             .tls = tls,
                             .proxy = proxy,
                             .policy = h->request->policy};
    rc = dial(&h->conn, &o, h->arena, h->err);
    if (tls)
        tls_client_release(tls);
    return rc;
}

/* ---- the request ---- */

static void put_head(const struct hop *h, struct buf *b)
{
    const struct fetch_request *r = h->request;
    str method = r->method.n > 0 ? r->method : S("GET");
    http1_put_request_line(b, method, h->url.target);
    http1_put_header(b, S("host"), h->url.authority);
    http1_put_header(b, S("user-agent"), S("throwbar/" THROWBAR_VERSION));
    http1_put_header(b, S("accept-encoding"), S("identity"));
    http1_put_header(b, S("connection"), S("close"));
    for (size_t i = 0; i < r->n_headers && h->is_origin; i++)
        http1_put_header(b, r->headers[i].name, r->headers[i].value);
    if (r->body.n > 0 || str_eq(method, S("POST")) || str_eq(method, S("PUT")))
        http1_put_header_u64(b, S("content-length"), r->body.n);
    http1_put_end(b);
}

static int MAY_YIELD send_request(struct hop *h)
{
    struct buf head;
    int rc = -E_BAD_REQUEST;
    buf_init(&head, REQUEST_HEAD_MAX);
    put_head(h, &head);
    if (buf_is_ok(&head)) {
        struct iovec iov[] = {
            {.iov_base = head.p, .iov_len = head.n},
            {.iov_base = (void *)(uintptr_t)h->request->body.p, .iov_len = h->request->body.n},
        };
        rc = net_write(&h->conn, iov, h->request->body.n > 0 ? 2 : 1);
    } else {
        err_set(h->err, h->arena, rc, "the request to " STR_FMT " has an invalid or too large head",
                STR_ARG(h->url.authority));
    }
    if (head.n > 0)
        explicit_bzero(head.p, head.n); /* it may hold a secret */
    buf_fini(&head);
    return rc;
}

/* ---- the answer ---- */

static int MAY_YIELD read_one_head(struct hop *h)
{
    size_t seen = 0, end;
    for (;;) {
        end = http1_head_end(buf_str(&h->in), seen);
        if (end > 0)
            break;
        seen = h->in.n;
        if (seen >= ANSWER_HEAD_MAX)
            return no_http(h);
        ssize_t n = net_read(&h->conn, loop_scratch(), READ_BYTES);
        if (n < 0)
            return broken(h, (int)n);
        buf_put(&h->in, str_of(loop_scratch(), (size_t)n));
        if (!str_has_prefix(S("HTTP/"), str_slice(buf_str(&h->in), 0, 5)))
            return no_http(h);
    }
    str text = arena_str(h->arena, str_of(h->in.p, end));
    buf_consume(&h->in, end);
    return http1_parse_response(h->arena, text, h->request->method, &h->head) < 0 ? no_http(h) : 0;
}

static int MAY_YIELD read_head(struct hop *h)
{
    for (unsigned i = 0; i < INTERIM_MAX; i++) {
        int rc = read_one_head(h);
        if (rc < 0)
            return rc;
        if (h->head.status == 101)
            break;
        if (h->head.status >= 200)
            return 0;
    }
    return no_http(h);
}

/* Decodes into the answer. */
static int take(struct hop *h, struct http1_body *body, str bytes)
{
    while (bytes.n > 0 && !body->done) {
        struct iovec spans[SPANS];
        size_t n = SPANS, used = 0;
        if (http1_body_feed(body, bytes.p, bytes.n, spans, &n, &used) < 0)
            return no_http(h);
        for (size_t i = 0; i < n; i++)
            buf_put(&h->out->body, str_of(spans[i].iov_base, spans[i].iov_len));
        if (!buf_is_ok(&h->out->body))
            return too_large(h);
        bytes = str_skip(bytes, used);
    }
    return 0;
}

static int MAY_YIELD read_body(struct hop *h)
{
    struct http1_body body;
    http1_body_init(&body, &h->head, false);
    if (h->head.framing == HTTP_LENGTH && h->head.length > h->request->max_bytes)
        return too_large(h);
    int rc = take(h, &body, buf_str(&h->in));
    while (rc == 0 && !body.done) {
        ssize_t n = net_read(&h->conn, loop_scratch(), READ_BYTES);
        if (n >= 0)
            rc = take(h, &body, str_of(loop_scratch(), (size_t)n));
        else if (n == -E_EOF && http1_body_eof(&body) == 0)
            return 0;
        else if (n == -E_EOF || n == -E_IO)
            rc = err_set(h->err, h->arena, -E_PROVIDER_TRUNCATED,
                         "the answer of " STR_FMT " ended early", STR_ARG(h->url.authority));
        else
            rc = (int)n;
    }
    return rc;
}

static int MAY_YIELD read_answer(struct hop *h)
{
    int rc = read_head(h);
    if (rc < 0)
        return rc;
    str coding = http_header_get(&h->head, S("content-encoding"));
    if (coding.n > 0 && !str_eq_nocase(coding, S("identity")))
        return err_set(h->err, h->arena, -E_PROVIDER_HTTP,
                       "the answer of " STR_FMT " is compressed, which was not asked for",
                       STR_ARG(h->url.authority));
    h->out->status = h->head.status;
    h->out->content_type = http_header_get(&h->head, S("content-type"));
    h->out->date = http_header_get(&h->head, S("date"));
    return read_body(h);
}

/* ---- hops ---- */

static int read_url(struct hop *h, str url)
{
    const char *why = NULL;
    int rc = fetch_url_read(h->arena, url, h->request->policy, &h->url, &why);
    if (rc < 0)
        return err_set(h->err, h->arena, rc, "the URL %s", why);
    h->out->url = url;
    return 0;
}

static int MAY_YIELD run(struct hop *h)
{
    int rc = connect_to(h);
    if (rc < 0)
        return rc;
    rc = send_request(h);
    if (rc == 0 || rc == -E_IO)
        rc = read_answer(h);
    net_conn_close(&h->conn);
    return rc;
}

static bool is_redirect(const struct hop *h)
{
    static const int statuses[] = {301, 302, 303, 307, 308};
    for (size_t i = 0; i < ARRAY_LEN(statuses) && h->request->follows; i++) {
        if (h->head.status == statuses[i])
            return http_header_get(&h->head, S("location")).n > 0;
    }
    return false;
}

/* Makes h the hop to where the answer points. */
static int follow(struct hop *h)
{
    struct fetch_url before = h->url;
    str location = http_header_get(&h->head, S("location"));
    int rc = read_url(h, resolve(h->arena, &before, location));
    if (rc < 0)
        return rc;
    if (before.is_tls && !h->url.is_tls)
        return err_set(h->err, h->arena, -E_ADDRESS_DENIED, STR_FMT " redirects from https to http",
                       STR_ARG(before.authority));
    h->is_origin = h->is_origin && before.is_tls == h->url.is_tls &&
                   str_eq(before.authority, h->url.authority);
    buf_reset(&h->in);
    buf_reset(&h->out->body);
    return 0;
}

static int MAY_YIELD run_all(struct hop *h)
{
    int rc = read_url(h, h->request->url);
    for (unsigned hops = 0; rc == 0; hops++) {
        rc = run(h);
        if (rc < 0 || !is_redirect(h))
            return rc;
        if (hops == FETCH_REDIRECTS_MAX)
            return err_set(h->err, h->arena, -E_PROVIDER_HTTP,
                           STR_FMT " redirects more than %d times", STR_ARG(h->url.authority),
                           FETCH_REDIRECTS_MAX);
        rc = follow(h);
    }
    return rc;
}

int fetch(const struct fetch_request *r, struct arena *a, struct fetch_answer *out, struct err *e)
{
    struct hop h = {
        .request = r, .arena = a, .err = e, .out = out, .is_origin = true, .conn.watch.fd = -1};
    must(r->timeout_us > 0 && (!r->follows || r->body.n == 0));
    *out = (struct fetch_answer){.status = 0};
    buf_init(&out->body, r->max_bytes);
    buf_init(&h.in, ANSWER_HEAD_MAX + READ_BYTES);
    int64_t until_us = clock_now_us() + r->timeout_us;
    int64_t before = task_deadline_narrow(until_us);
    int rc = run_all(&h);
    task_deadline_restore(before);
    buf_fini(&h.in);
    if (rc == 0)
        return 0;
    buf_fini(&out->body);
    bool is_late = rc == -E_TIMEOUT && task_cancelled() == 0;
    if (is_late && until_us < before)
        return err_set(e, a, -E_FIRST_BYTE_TIMEOUT, STR_FMT " did not answer within %lld ms",
                       STR_ARG(h.url.authority), (long long)(r->timeout_us / 1000));
    return err_set_code(e, is_late ? -E_TOTAL_TIMEOUT : rc);
}

void fetch_answer_fini(struct fetch_answer *f)
{
    buf_fini(&f->body);
}
