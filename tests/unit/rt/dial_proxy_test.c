/* Proxies: the environment, URLs, and CONNECT against scripted answers. */
#include "rt/dial_proxy.c"

#include "base/err.h"
#include "harness.h"
#include "tap.h"

static const char *const variables[] = {"http_proxy",  "HTTP_PROXY", "https_proxy",
                                        "HTTPS_PROXY", "all_proxy",  "ALL_PROXY",
                                        "no_proxy",    "NO_PROXY",   "REQUEST_METHOD"};

static void clear_environment(void)
{
    for (size_t i = 0; i < ARRAY_LEN(variables); i++)
        unsetenv(variables[i]);
}

static str from_env(bool is_tls, const char *host, uint16_t port)
{
    return dial_proxy_from_env(is_tls, str_from_cz(host), port);
}

static void test_variables(void)
{
    clear_environment();
    is_str(from_env(true, "api.test", 443), S_EMPTY, "no variable, no proxy");
    setenv("ALL_PROXY", "http://all:1", 1);
    is_str(from_env(true, "api.test", 443), S("http://all:1"), "ALL_PROXY serves https");
    is_str(from_env(false, "api.test", 80), S("http://all:1"), "and http");
    setenv("HTTPS_PROXY", "http://upper:1", 1);
    is_str(from_env(true, "api.test", 443), S("http://upper:1"), "HTTPS_PROXY comes first");
    is_str(from_env(false, "api.test", 80), S("http://all:1"), "for https only");
    setenv("https_proxy", " http://lower:1 ", 1);
    is_str(from_env(true, "api.test", 443), S("http://lower:1"), "lower case before upper");
    setenv("https_proxy", "", 1);
    is_str(from_env(true, "api.test", 443), S("http://upper:1"), "an empty one is none");
    setenv("HTTP_PROXY", "http://cgi:1", 1);
    is_str(from_env(false, "api.test", 80), S("http://cgi:1"), "HTTP_PROXY");
    setenv("REQUEST_METHOD", "GET", 1);
    is_str(from_env(false, "api.test", 80), S("http://all:1"), "not in a CGI process");
    setenv("http_proxy", "http://safe:1", 1);
    is_str(from_env(false, "api.test", 80), S("http://safe:1"), "where http_proxy still counts");
    is_str(from_env(true, "localhost", 443), S_EMPTY, "localhost has no proxy");
    is_str(from_env(true, "a.localhost.", 443), S_EMPTY, "nor what is below it");
    is_str(from_env(true, "127.8.9.1", 443), S_EMPTY, "nor 127/8");
    is_str(from_env(true, "::1", 443), S_EMPTY, "nor ::1");
    ok(from_env(true, "10.0.0.1", 443).n > 0, "a private address has");
}

static void test_no_proxy(void)
{
    static const struct {
        const char *list, *host;
        uint16_t port;
        bool is_exempt;
    } cases[] = {
        {"*", "api.test", 443, true},
        {"api.test", "api.test", 443, true},
        {"api.test", "API.Test.", 443, true},
        {"test", "api.test", 443, true},
        {".test", "api.test", 443, true},
        {".api.test", "api.test", 443, true},
        {"*.test", "api.test", 443, true},
        {"pi.test", "api.test", 443, false},
        {"api.test.com", "api.test", 443, false},
        {"a.api.test", "api.test", 443, false},
        {" x , api.test ,y", "api.test", 443, true},
        {",,", "api.test", 443, false},
        {".", "api.test", 443, false},
        {"*.", "api.test", 443, false},
        {"api.test:443", "api.test", 443, true},
        {"api.test:8443", "api.test", 443, false},
        {"api.test:x", "api.test", 443, false},
        {"10.0.0.1", "10.0.0.1", 443, true},
        {"10.0.0.1", "10.0.0.2", 443, false},
        {"0.0.1", "10.0.0.1", 443, false},
        {"10.0.0.1:443", "10.0.0.1", 443, true},
        {"10.0.0.1:80", "10.0.0.1", 443, false},
        {"10.0.0.0/8", "10.9.8.7", 443, true},
        {"10.0.0.0/8", "11.9.8.7", 443, false},
        {"10.16.0.0/12", "10.31.0.1", 443, true},
        {"10.16.0.0/12", "10.32.0.1", 443, false},
        {"0.0.0.0/0", "10.32.0.1", 443, true},
        {"0.0.0.0/0", "fd00::1", 443, false},
        {"0.0.0.0/0", "api.test", 443, false},
        {"10.0.0.0/33", "10.0.0.1", 443, false},
        {"10.0.0.0/", "10.0.0.1", 443, false},
        {"fd00::/8", "fd12::1", 443, true},
        {"fd00::/8", "fe80::1", 443, false},
        {"fd12::1", "fd12:0::1", 443, true},
        {"[fd12::1]", "fd12::1", 443, true},
        {"[fd12::1]:443", "fd12::1", 443, true},
        {"[fd12::1]:80", "fd12::1", 443, false},
    };
    clear_environment();
    setenv("HTTPS_PROXY", "http://proxy:1", 1);
    char what[120];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        setenv("NO_PROXY", cases[i].list, 1);
        snprintf(what, sizeof(what), "NO_PROXY=%s for %s:%u", cases[i].list, cases[i].host,
                 cases[i].port);
        ok((from_env(true, cases[i].host, cases[i].port).n == 0) == cases[i].is_exempt, what);
    }
    clear_environment();
}

static void test_urls(struct arena *a)
{
    static const struct {
        const char *url, *host;
        uint16_t port;
        const char *authorization;
    } good[] = {
        {"http://proxy.test:3128", "proxy.test", 3128, ""},
        {"HTTP://proxy.test", "proxy.test", 80, ""},
        {"http://proxy.test/", "proxy.test", 80, ""},
        {"proxy.test:8080", "proxy.test", 8080, ""},
        {"http://[2001:db8::1]:3128", "2001:db8::1", 3128, ""},
        {"http://[::1]", "::1", 80, ""},
        {"http://user:pass@proxy:1", "proxy", 1, "Basic dXNlcjpwYXNz"},
        {"http://user@proxy:1", "proxy", 1, "Basic dXNlcjo="},
        {"http://u%40h:p%3a%2Fw@proxy:1", "proxy", 1, "Basic dUBoOnA6L3c="},
        {"http://a@b:c@proxy:1", "proxy", 1, "Basic YUBiOmM="},
    };
    static const char *const bad[] = {
        "",
        "http://",
        "https://proxy:443",
        "socks5://proxy:1080",
        "http://proxy:0",
        "http://proxy:65536",
        "http://proxy:",
        "http://proxy:x",
        "http://proxy:1/path",
        "http://[::1",
        "http://[proxy]:1",
        "http://[::1]x",
        "http://::1:80",
        "http://u%4:p@proxy:1",
        "http://u%zz@proxy:1",
        "http://pro xy:1",
        "http://proxy\r\nX: y:1",
        "http://proxy?x:1",
    };
    struct dial_proxy p;
    const char *why;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        is_int(dial_proxy_parse(a, str_from_cz(good[i].url), &p, &why), 0, good[i].url);
        is_str(p.host, str_from_cz(good[i].host), "its host");
        is_int(p.port, good[i].port, "its port");
        is_str(p.authorization, str_from_cz(good[i].authorization), "its authorization");
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        ok(dial_proxy_parse(a, str_from_cz(bad[i]), &p, &why) == -E_CONFIG && why, "a bad URL");
    is_int(dial_proxy_parse(a, S("https://proxy"), &p, &why), -E_CONFIG, "https:// to a proxy");
    is_str(str_from_cz(why), S("only http:// proxies are supported"), "what is missing is said");
}

/* ---- CONNECT ---- */

struct exchange {
    struct net_conn ours, theirs;
    struct dial_proxy proxy;
    struct dial_target target;
    str answer; /* sent in pieces of `piece` bytes, then the end */
    size_t piece;
    bool stays_open;
    char request[1024];
    size_t request_n;
    struct arena a;
    struct err e;
    int rc;
};

static void proxy_task(void *arg)
{
    struct exchange *x = arg;
    while (str_find(str_of(x->request, x->request_n), S("\r\n\r\n")) == STR_NONE) {
        ssize_t got =
            net_read(&x->theirs, x->request + x->request_n, sizeof(x->request) - x->request_n);
        if (got <= 0)
            break;
        x->request_n += (size_t)got;
    }
    for (str rest = x->answer; rest.n > 0; rest = str_skip(rest, x->piece)) {
        struct iovec iov = {.iov_base = arena_cz(&x->a, rest), .iov_len = MIN(rest.n, x->piece)};
        if (net_write(&x->theirs, &iov, 1) < 0 || task_sleep_us(100) < 0)
            break;
    }
    if (!x->stays_open)
        net_conn_close(&x->theirs);
}

static void tunnel_task(void *arg)
{
    struct exchange *x = arg;
    if (x->stays_open)
        (void)task_deadline_narrow(clock_now_us() + 20000);
    x->rc = dial_proxy_tunnel(&x->ours, &x->proxy, x->target, &x->a, &x->e);
    net_conn_close(&x->ours);
}

static struct exchange *talk(const char *answer, size_t piece)
{
    static struct exchange x;
    arena_fini(&x.a);
    x = (struct exchange){.answer = str_from_cz(answer), .piece = piece, .stays_open = !*answer};
    arena_init(&x.a, 0, 1 << 20);
    x.proxy = (struct dial_proxy){.host = S("proxy.test"), .port = 3128};
    x.target = (struct dial_target){.host = S("api.test"), .port = 443};
    return &x;
}

static void run_exchange(struct exchange *x)
{
    int fds[2];
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    must(net_conn_open(&x->ours, fds[0]) == 0 && net_conn_open(&x->theirs, fds[1]) == 0);
    (void)task_spawn(proxy_task, x);
    harness_run(tunnel_task, x);
    net_conn_close(&x->theirs);
}

static int answer_gives(const char *answer, size_t piece, const char *text)
{
    struct exchange *x = talk(answer, piece);
    run_exchange(x);
    is_str(err_message(&x->e), str_from_cz(text), "the reason");
    return x->rc;
}

static void test_connect(void)
{
    struct exchange *x = talk("HTTP/1.1 200 Connection established\r\n\r\n", 1000);
    run_exchange(x);
    is_int(x->rc, 0, "a proxy that agrees");
    is_str(str_of(x->request, x->request_n),
           S("CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n"), "is asked so");
    x = talk("HTTP/1.0 299 \r\nVia: x\r\nContent-Length: 5\r\n\r\n", 1);
    x->proxy.authorization = S("Basic eA==");
    x->target.host = S("2001:db8::1");
    run_exchange(x);
    is_int(x->rc, 0, "any 2xx will do, byte by byte, with fields");
    is_str(str_of(x->request, x->request_n),
           S("CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n"
             "Proxy-Authorization: Basic eA==\r\n\r\n"),
           "an address in brackets, credentials");
    x = talk("HTTP/1.1 200\r\n\r\n", 1000);
    x->target.host = S("api.test\r\nX: y");
    run_exchange(x);
    ok(x->rc == -E_PROXY && x->request_n == 0, "no host can add lines");
    x = talk("HTTP/1.1 200\r\n\r\n", 1000);
    x->proxy.authorization = S("Basic x\r\nX: y");
    run_exchange(x);
    ok(x->rc == -E_PROXY && x->request_n == 0, "nor can credentials");
    x = talk("", 1);
    run_exchange(x);
    is_int(x->rc, -E_TIMEOUT, "a silent proxy");
}

static void test_refusals(void)
{
    static char large[HEAD_MAX + 100];
    static const char *const malformed[] = {
        "220 smtp.test ESMTP\r\n\r\n", "HTTP/2 200\r\n\r\n",       "HTTP/1.1 2000\r\n\r\n",
        "HTTP/1.1 20\r\n\r\n",         "HTTP/1.1  200\r\n\r\n",    "HTTP/1.1 2x0\r\n\r\n",
        "http/1.1 200\r\n\r\n",        "HTTP/1.1 099 x\r\n\r\n",   "\r\n\r\n",
        "HTTP/1.2 200 OK\r\n\r\n",     "HTTP/1.1\t200 OK\r\n\r\n",
    };
    is_int(answer_gives("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", 7,
                        "proxy proxy.test:3128 answered 407 Proxy Authentication Required"),
           -E_PROXY, "a refusal");
    is_int(answer_gives("HTTP/1.1 502 \x1b[31m\r\n\r\n", 99, "proxy proxy.test:3128 answered 502"),
           -E_PROXY, "a refusal that paints");
    is_int(answer_gives("HTTP/1.1 100 Continue\r\n\r\n", 99,
                        "proxy proxy.test:3128 answered 100 Continue"),
           -E_PROXY, "an interim answer");
    is_int(answer_gives("HTTP/1.1 200 OK\r\n\r\nhello", 99,
                        "proxy proxy.test:3128 sent bytes after its answer to CONNECT"),
           -E_PROXY, "a byte too many");
    is_int(answer_gives("HTTP/1.1 200 OK\r\n", 99,
                        "proxy proxy.test:3128 closed the connection before its answer"),
           -E_PROXY, "half an answer");
    for (size_t i = 0; i < ARRAY_LEN(malformed); i++)
        is_int(answer_gives(malformed[i], 99, "proxy proxy.test:3128 does not speak HTTP"),
               -E_PROXY, "not HTTP");
    memset(large, 'a', sizeof(large) - 1);
    is_int(answer_gives(large, 4096,
                        "proxy proxy.test:3128 answered CONNECT with more than 8192 bytes"),
           -E_PROXY, "an answer without end");
}

int main(void)
{
    struct arena a;
    arena_init(&a, 0, 1 << 20);
    test_variables();
    test_no_proxy();
    test_urls(&a);
    harness_open();
    test_connect();
    test_refusals();
    arena_fini(&talk("", 1)->a);
    harness_close();
    arena_fini(&a);
    return tap_done();
}
