/* gate/fetch against a server in the same loop that plays one answer per path, and the shared list
 * of targets that a request must not reach. */
#include "gate/fetch.c"

#include "../rt/fake_dns.h"
#include "../rt/harness.h"
#include "base/pool.h"
#include "rt/dns.h"
#include "rt/net.h"
#include "tap.h"
#include "vectors.h"
#include "wire/json.h"

/* ---- the server ---- */

static const struct {
    const char *path, *answer;
} answers[] = {
    {"/length", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n"
                "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nhello"},
    {"/chunked",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"},
    {"/eof", "HTTP/1.1 200 OK\r\n\r\nhello"},
    {"/refused", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"},
    {"/empty", "HTTP/1.1 204 No Content\r\n\r\n"},
    {"/interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n"
                 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
    {"/endless",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"},
    {"/upgrade", "HTTP/1.1 101 Switching Protocols\r\n\r\n"},
    {"/cut", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello"},
    {"/cut-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"},
    {"/bad-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"},
    {"/announced", "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n"},
    {"/large",
     "HTTP/1.1 200 OK\r\n\r\n0123456789012345678901234567890123456789012345678901234567890"
     "1234567890123456789012345678901234567890123456789"},
    {"/smtp", "220 mail.example ESMTP\r\n"},
    {"/gzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx"},
    {"/silent", ""},
    {"/hangup", NULL},
    {"/relative",
     "HTTP/1.1 302 Found\r\nLocation: length?a=1#part\r\nContent-Length: 3\r\n\r\nold"},
    {"/absolute", "HTTP/1.1 301 Moved\r\nLocation: http://localhost:%u/length\r\n\r\n"},
    {"/circle", "HTTP/1.1 307 Temporary\r\nLocation: /circle\r\nContent-Length: 0\r\n\r\n"},
    {"/scheme", "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"},
    {"/nowhere", "HTTP/1.1 302 Found\r\nContent-Length: 2\r\n\r\nno"},
};

static struct net_listener listener;
static unsigned port;
static char received[4096]; /* the last request */
static size_t received_n;

struct peer {
    struct net_conn conn;
};

/* A text with the port in place of %u. */
static str with_port(const char *format)
{
    static char text[2048];
    char *out = text;
    for (const char *p = format; *p; p++) {
        if (p[0] == '%' && p[1] == 'u') {
            out += snprintf(out, 8, "%u", port);
            p++;
        } else {
            *out++ = *p;
        }
    }
    return str_of(text, (size_t)(out - text));
}

static const char *answer_for(str request)
{
    str method, target, rest;
    str_cut(request, ' ', &method, &rest);
    str_cut(rest, ' ', &target, &rest);
    target = str_slice(target, 0, str_find_char(target, '?'));
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        if (str_eq(target, str_from_cz(answers[i].path)))
            return answers[i].answer;
    }
    return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
}

static void play(struct net_conn *c)
{
    received_n = 0;
    while (str_find(str_of(received, received_n), S("\r\n\r\n")) == STR_NONE) {
        ssize_t n = net_read(c, received + received_n, sizeof received - received_n);
        if (n <= 0)
            return;
        received_n += (size_t)n;
    }
    const char *answer = answer_for(str_of(received, received_n));
    if (!answer)
        return;
    if (answer[0] == '\0') {
        IGNORE_RESULT(task_sleep_us(60000000)); /* ended by the test */
        return;
    }
    static char text[2048];
    str whole = with_port(answer);
    memcpy(text, whole.p, whole.n);
    for (size_t at = 0; at < whole.n; at++) { /* byte by byte */
        struct iovec iov = {.iov_base = text + at, .iov_len = 1};
        if (net_write(c, &iov, 1) < 0)
            return;
        if (at % 16 == 0 && task_sleep_us(50) < 0)
            return;
    }
}

static void peer_task(void *arg)
{
    struct peer *p = arg;
    play(&p->conn);
    net_conn_close(&p->conn);
    free(p);
}

static struct task *last_peer;

static void accepted(struct net_listener *l, int fd, const struct sockaddr *sa, socklen_t len)
{
    (void)l;
    (void)sa;
    (void)len;
    struct peer *p = calloc(1, sizeof *p);
    must(net_conn_open(&p->conn, fd) == 0);
    last_peer = task_spawn(peer_task, p);
}

static void server_open(void)
{
    struct net_addr addr;
    must(net_addr_parse(S("127.0.0.1:0"), &addr) == 0);
    int fd = net_listen_fd(&addr, false);
    struct sockaddr_in sin;
    socklen_t len = sizeof sin;
    must(fd >= 0 && getsockname(fd, (struct sockaddr *)&sin, &len) == 0);
    port = ntohs(sin.sin_port);
    listener.on_accept = accepted;
    must(net_listener_open(&listener, fd) == 0);
}

/* ---- fetching ---- */

struct attempt_test {
    struct fetch_request r;
    struct fetch_answer out;
    struct arena a;
    struct err e;
    int64_t limit_us; /* of the task; 0: none */
    int rc;
    bool is_done;
};

static struct attempt_test x;
static char url[300];

static void fetch_task(void *arg)
{
    struct attempt_test *t = arg;
    if (t->limit_us > 0)
        (void)task_deadline_narrow(clock_now_us() + t->limit_us);
    t->rc = fetch(&t->r, &t->a, &t->out, &t->e);
    t->is_done = true;
}

static void prepare(const char *path)
{
    if (x.rc == 0 && x.is_done)
        fetch_answer_fini(&x.out);
    arena_fini(&x.a);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u%s", port, path);
    x = (struct attempt_test){
        .r = {.url = str_from_cz(url), .timeout_us = 5000000, .max_bytes = 100}};
    arena_init(&x.a, 0, 1 << 20);
}

static int run_it(void)
{
    (void)task_spawn(fetch_task, &x);
    harness_until(&x.is_done);
    harness_turn_ms(1);
    if (last_peer && task_count() > 0)
        task_cancel(last_peer, -E_CANCELLED);
    last_peer = NULL;
    harness_until(NULL);
    return x.rc;
}

static int fetch_path(const char *path)
{
    prepare(path);
    return run_it();
}

static bool has_received(const char *text)
{
    return str_find(str_of(received, received_n), str_from_cz(text)) != STR_NONE;
}

static void test_answers(void)
{
    is_int(fetch_path("/length"), 0, "an answer of known length");
    is_int(x.out.status, 200, "its status");
    is_str(buf_str(&x.out.body), S("hello"), "its body");
    is_str(x.out.content_type, S("text/plain"), "its type");
    is_str(x.out.date, S("Sun, 06 Nov 1994 08:49:37 GMT"), "its date");
    ok(has_received("GET /length HTTP/1.1\r\nhost: 127.0.0.1:"), "what was sent");
    ok(has_received("connection: close\r\n") && !has_received("content-length"), "its headers");
    static const char *const same[] = {"/chunked", "/eof", "/interim"};
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        is_int(fetch_path(same[i]), 0, same[i]);
        is_str(buf_str(&x.out.body), S("hello"), same[i]);
    }
    ok(fetch_path("/refused") == 0 && x.out.status == 401, "a refusal is an answer");
    is_str(buf_str(&x.out.body), S("no"), "with a body");
    ok(fetch_path("/empty") == 0 && x.out.status == 204 && x.out.body.n == 0, "no content");
    ok(fetch_path("/relative") == 0 && x.out.status == 302, "a redirect is not followed");
    is_int(fetch_path("/a?q=\xc3\xa9"), 0, "a query, and a letter beyond ASCII");
    ok(has_received("GET /a?q=%C3%A9 HTTP/1.1"), "is escaped");
}

static void test_post(void)
{
    struct http_header headers[] = {{S("content-type"), S("text/plain")}, {S("x-a"), S("b")}};
    prepare("/length");
    x.r.method = S("POST");
    x.r.headers = headers;
    x.r.n_headers = 2;
    x.r.body = S("ping");
    is_int(run_it(), 0, "a request with a body");
    ok(has_received("POST /length"), "its method");
    ok(has_received("content-length: 4\r\n") && has_received("x-a: b\r\n"), "its headers");
    prepare("/length");
    headers[1].value = S("b\r\nx-injected: 1");
    x.r.headers = headers;
    x.r.n_headers = 2;
    is_int(run_it(), -E_BAD_REQUEST, "a header that would inject");
}

static void test_faults(void)
{
    is_int(fetch_path("/hangup"), -E_RESET, "no answer");
    is_str(err_message(&x.e), with_port("127.0.0.1:%u closed the connection before it answered"),
           "is said");
    is_int(fetch_path("/cut"), -E_PROVIDER_TRUNCATED, "half an answer");
    is_int(fetch_path("/cut-chunk"), -E_PROVIDER_TRUNCATED, "half a chunk");
    is_int(fetch_path("/bad-chunk"), -E_PROVIDER_HTTP, "a bad chunk");
    is_int(fetch_path("/announced"), -E_PROVIDER_TOO_LARGE, "a length too large");
    is_int(fetch_path("/large"), -E_PROVIDER_TOO_LARGE, "too many bytes");
    is_str(err_message(&x.e), with_port("the answer of 127.0.0.1:%u is larger than 100 bytes"),
           "is said");
    is_int(fetch_path("/smtp"), -E_PROVIDER_HTTP, "another protocol");
    is_int(fetch_path("/gzip"), -E_PROVIDER_HTTP, "compressed");
    is_int(fetch_path("/endless"), -E_PROVIDER_HTTP, "interim answers for ever");
    is_int(fetch_path("/upgrade"), -E_PROVIDER_HTTP, "another protocol was not asked for");
    prepare("/silent");
    x.r.timeout_us = 30000;
    is_int(run_it(), -E_FIRST_BYTE_TIMEOUT, "silence");
    is_str(err_message(&x.e), with_port("127.0.0.1:%u did not answer within 30 ms"), "is said");
    prepare("/silent");
    x.limit_us = 20000;
    is_int(run_it(), -E_TOTAL_TIMEOUT, "the task's own time");
    is_int(x.e.code, -E_TOTAL_TIMEOUT, "is said, too");
    prepare("/silent");
    struct task *t = task_spawn(fetch_task, &x);
    harness_turn_ms(5);
    task_cancel(t, -E_CLIENT_GONE);
    harness_until(&x.is_done);
    ok(x.rc == -E_CLIENT_GONE && x.e.code == -E_CLIENT_GONE, "it can be cancelled");
    task_cancel(last_peer, -E_CANCELLED);
    harness_until(NULL);
    prepare("/length");
    x.r.url = S("http://127.0.0.1:1/");
    is_int(run_it(), -E_CONNECT, "nobody there");
    prepare("/length");
    x.r.url = S("ftp://127.0.0.1/");
    is_int(run_it(), -E_BAD_REQUEST, "another scheme");
    is_str(err_message(&x.e), S("the URL must begin with https:// or http://"), "is said");
}

static int follow_path(const char *path)
{
    static struct http_header header = {.name = {"x-key", 5}, .value = {"secret", 6}};
    prepare(path);
    x.r.follows = true;
    x.r.headers = &header;
    x.r.n_headers = 1;
    return run_it();
}

static void test_redirects(void)
{
    is_int(follow_path("/relative"), 0, "a relative redirect");
    is_str(buf_str(&x.out.body), S("hello"), "the last body only");
    is_str(x.out.url, with_port("http://127.0.0.1:%u/length?a=1"), "where it ended");
    ok(has_received("x-key: secret"), "the same origin gets the headers");
    is_int(follow_path("/absolute"), 0, "another origin");
    ok(!has_received("x-key"), "does not get them");
    is_int(follow_path("/circle"), -E_PROVIDER_HTTP, "a circle");
    is_str(err_message(&x.e), with_port("127.0.0.1:%u redirects more than 3 times"), "is said");
    is_int(follow_path("/scheme"), -E_BAD_REQUEST, "another scheme");
    ok(follow_path("/nowhere") == 0 && x.out.status == 302, "a redirect to nowhere");
}

static str resolved(const char *target, const char *location)
{
    struct fetch_url from = {.is_tls = true, .authority = S("h:8"), .target = str_from_cz(target)};
    return resolve(&x.a, &from, str_from_cz(location));
}

static void test_resolve(void)
{
    prepare("/");
    is_str(resolved("/a/b?c", "d"), S("https://h:8/a/d"), "beside it");
    is_str(resolved("/a/b?c=/x", "?d"), S("https://h:8/a/b?d"), "another query");
    is_str(resolved("/a/b", "/d"), S("https://h:8/d"), "from the root");
    is_str(resolved("/a/b", "//i/d"), S("https://i/d"), "another host");
    is_str(resolved("/a/b", "http://i/d"), S("http://i/d"), "another scheme");
    is_str(resolved("/a/b", "d?u=http://x/"), S("https://h:8/a/d?u=http://x/"), "a URL in a query");
    is_str(resolved("/a/b", "#part"), S("https://h:8/a/b"), "a fragment alone");
}

/* ---- what a request must not reach ---- */

static struct fake_name names[] = {
    {.name = "example.com", .v4 = {"127.0.0.1"}, .ttl = 600},
    {.name = "rebind.test", .v4 = {"127.0.0.1"}, .ttl = 600},
    {.name = "multi.test", .v4 = {"93.184.216.34", "127.0.0.1"}, .ttl = 600},
    {.name = "redir.test", .v4 = {"169.254.169.254"}, .ttl = 600},
    {.name = "cname.test", .cname = "metadata.google.internal", .v4 = {"169.254.169.254"}},
    {.name = "metadata.google.internal", .v4 = {"169.254.169.254"}, .ttl = 600},
    {.name = "localhost.localdomain", .v4 = {"127.0.0.1"}, .ttl = 600},
    {.name = "ip6-localhost", .v6 = {"::1"}, .ttl = 600},
};

static int fetch_public(str text)
{
    prepare("/");
    x.r.url = text;
    x.r.policy = DIAL_PUBLIC;
    return run_it();
}

static bool is_refusal(int rc)
{
    return rc == -E_ADDRESS_DENIED || rc == -E_BAD_REQUEST || rc == -E_DNS;
}

static void test_targets(void)
{
    struct arena a;
    str line, rest;
    size_t denied = 0, at;
    const struct json *root;
    arena_init(&a, 0, 1 << 20);
    const char *path = vectors_path(&a, "ssrf-targets/targets.jsonl");
    rest = path ? vectors_read(&a, path) : S_EMPTY;
    while (rest.n > 0) {
        str_cut(rest, '\n', &line, &rest);
        if (line.n == 0 || json_read(&a, line, &root, &at) < 0)
            continue;
        str target = json_str(json_get(root, "url"));
        const char *why = NULL;
        struct fetch_url parts;
        if (str_eq(json_str(json_get(root, "expect")), S("allow"))) {
            is_int(fetch_url_read(&a, target, DIAL_PUBLIC, &parts, &why), 0, "an allowed target");
            continue;
        }
        ok(is_refusal(fetch_public(target)), arena_cz(&a, json_str(json_get(root, "cls"))));
        denied++;
    }
    if (path)
        ok(denied >= 74, "the shared targets");
    else
        tap_skip("the shared ssrf-targets are not here");
    arena_fini(&a);
}

static void test_disguises(void)
{
    static const struct {
        const char *url;
        int rc;
    } cases[] = {
        {"http://93.184.216.34", 0},
        {"https://a.b.c/d?e=http://127.0.0.1/#", -E_BAD_REQUEST},
        {"HTTPS://EXAMPLE.com:443/x", 0},
        {"https://example.com:8443/x", -E_ADDRESS_DENIED},
        {"http://0xa9fea9fe/", -E_ADDRESS_DENIED},
        {"http://1.2.3/", -E_ADDRESS_DENIED},
        {"http://1.2.3.0x4/", -E_ADDRESS_DENIED},
        {"http://010.0.0.1/", -E_ADDRESS_DENIED},
        {"http://a.0x/", -E_ADDRESS_DENIED},
        {"http://a.1x/", 0},
        {"http://[2606:2800:220:1::1]/", 0},
        {"http://a/b c", -E_BAD_REQUEST},
        {"http://", -E_BAD_REQUEST},
        {"http://?", -E_BAD_REQUEST},
        {"", -E_BAD_REQUEST},
    };
    prepare("/");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fetch_url parts;
        const char *why = NULL;
        str text = str_from_cz(cases[i].url);
        is_int(fetch_url_read(&x.a, text, DIAL_PUBLIC, &parts, &why), cases[i].rc, cases[i].url);
        ok((why != NULL) == (cases[i].rc < 0), "and why");
    }
    const char *why;
    struct fetch_url parts;
    ok(fetch_url_read(&x.a, S("HTTPS://Example.com:8443?q"), DIAL_ANY, &parts, &why) == 0 &&
           parts.is_tls && parts.port == 8443,
       "a configured URL may use any port");
    is_str(parts.host, S("example.com"), "lower case");
    is_str(parts.authority, S("example.com:8443"), "for the Host header");
    is_str(parts.target, S("/?q"), "a query without a path");
}

int main(void)
{
    static struct fake_dns dns;
    harness_open();
    fake_dns_open(&dns, names, ARRAY_LEN(names));
    dns_set_servers(dns.address);
    server_open();
    test_answers();
    test_post();
    test_faults();
    test_redirects();
    test_resolve();
    test_disguises();
    test_targets();
    if (x.rc == 0 && x.is_done)
        fetch_answer_fini(&x.out);
    arena_fini(&x.a);
    int fd = listener.watch.fd;
    net_listener_close(&listener);
    close(fd);
    fake_dns_close(&dns);
    dns_thread_end();
    harness_close();
    pool_trim();
    return tap_done();
}
