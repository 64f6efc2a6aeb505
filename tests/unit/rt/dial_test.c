/* The dialler against listeners, proxies and a name server of the test's own. */
#include "rt/dial.c"

#include <dirent.h>

#include "certs.h"
#include "fake_dns.h"
#include "harness.h"
#include "tap.h"
#include "vectors.h"

/* ---- peers ---- */

enum role { ECHO, TLS_ECHO, SILENT, HANGUP, PROXY_OK, PROXY_NO };

static enum role role; /* of the connections accepted next */
static struct tls_server *tls_server;
static char proxy_request[512]; /* the last one */
static struct net_listener listener;
static uint16_t port;

struct peer {
    struct net_conn conn;
    enum role role;
};

static void echo(struct net_conn *c)
{
    char text[256];
    for (;;) {
        ssize_t got = net_read(c, text, sizeof(text));
        if (got <= 0)
            return;
        struct iovec iov = {.iov_base = text, .iov_len = (size_t)got};
        if (net_write(c, &iov, 1) < 0)
            return;
    }
}

static int answer_connect(struct net_conn *c, const char *answer)
{
    size_t n = 0;
    while (str_find(str_of(proxy_request, n), S("\r\n\r\n")) == STR_NONE) {
        ssize_t got = net_read(c, proxy_request + n, sizeof(proxy_request) - 1 - n);
        if (got <= 0)
            return -1;
        n += (size_t)got;
    }
    proxy_request[n] = 0;
    char text[64];
    snprintf(text, sizeof(text), "%s", answer);
    struct iovec iov = {.iov_base = text, .iov_len = strlen(text)};
    return net_write(c, &iov, 1);
}

static void peer_task(void *arg)
{
    struct peer *p = arg;
    struct arena a;
    struct err e = {.code = 0};
    arena_init(&a, 0, 1 << 20);
    int rc = 0;
    if (p->role == PROXY_OK)
        rc = answer_connect(&p->conn, "HTTP/1.1 200 OK\r\n\r\n");
    if (p->role == PROXY_NO)
        rc = answer_connect(&p->conn, "HTTP/1.1 403 Forbidden\r\n\r\n");
    if (rc == 0 && (p->role == TLS_ECHO || (p->role == PROXY_OK && tls_server)))
        rc = tls_accept(&p->conn, tls_server, &a, &e);
    if (rc == 0 && p->role == SILENT)
        rc = task_sleep_us(INT64_C(60000000));
    if (rc == 0 && p->role != HANGUP)
        echo(&p->conn);
    net_conn_close(&p->conn);
    arena_fini(&a);
    free(p);
}

static struct task *last_peer;

static void accepted(struct net_listener *l, int fd, const struct sockaddr *sa, socklen_t len)
{
    (void)l;
    (void)sa;
    (void)len;
    struct peer *p = calloc(1, sizeof(*p));
    p->role = role;
    must(net_conn_open(&p->conn, fd) == 0);
    last_peer = task_spawn(peer_task, p);
}

static int listen_on(const char *ip, uint16_t at, int backlog, struct sockaddr_in *sin)
{
    *sin = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(at)};
    must(inet_pton(AF_INET, ip, &sin->sin_addr) == 1);
    socklen_t len = sizeof(*sin);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    must(bind(fd, (const struct sockaddr *)sin, len) == 0 && listen(fd, backlog) == 0);
    must(getsockname(fd, (struct sockaddr *)sin, &len) == 0);
    return fd;
}

/* A listener that has all the connections it takes: to connect to it hangs. */
static int hole_fds[4];

static void hole_open(const char *ip)
{
    struct sockaddr_in sin;
    hole_fds[0] = listen_on(ip, port, 0, &sin);
    for (size_t i = 1; i < ARRAY_LEN(hole_fds); i++) {
        hole_fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        int rc = connect(hole_fds[i], (const struct sockaddr *)&sin, sizeof(sin));
        must(rc == 0 || errno == EINPROGRESS);
    }
}

static void hole_close(void)
{
    for (size_t i = 0; i < ARRAY_LEN(hole_fds); i++)
        close(hole_fds[i]);
}

/* ---- names ---- */

static struct fake_name names[] = {
    {.name = "one.test", .v4 = {"127.0.0.1"}, .ttl = 600},
    {.name = "two.test", .v4 = {"127.0.0.2", "127.0.0.1"}, .ttl = 600},
    {.name = "none.test", .v4 = {"127.0.0.2", "127.0.0.4"}, .ttl = 600},
    {.name = "slow.test", .v4 = {"127.0.0.3", "127.0.0.1"}, .ttl = 600},
    {.name = "hole.test", .v4 = {"127.0.0.3"}, .ttl = 600},
    {.name = "held.test", .v4 = {"127.0.0.1"}, .ttl = 600, .is_held = true},
    {.name = "public.test", .v4 = {"93.184.216.34"}, .ttl = 600},
    {.name = "multi.test", .v4 = {"93.184.216.34", "127.0.0.1"}, .ttl = 600},
    {.name = "rebind.test", .v4 = {"127.0.0.1"}, .ttl = 0},
    {.name = "redir.test", .v4 = {"169.254.169.254"}, .ttl = 0},
    {.name = "cname.test", .cname = "metadata.google.internal", .v4 = {"169.254.169.254"}},
    {.name = "metadata.google.internal", .v4 = {"169.254.169.254"}, .ttl = 600},
    {.name = "localhost.localdomain", .v4 = {"127.0.0.1"}, .ttl = 600},
    {.name = "ip6-localhost", .v6 = {"::1"}, .ttl = 600},
};
static struct fake_dns server;

/* ---- dialling ---- */

struct call {
    struct dial_options o;
    int64_t limit_us; /* of the task; 0: none */
    struct net_conn conn;
    struct arena a;
    struct err e;
    struct task *task;
    int rc;
    bool has_echo, is_done;
    int64_t took_us;
};

static void call_task(void *arg)
{
    struct call *x = arg;
    int64_t begin = harness_now_us();
    if (x->limit_us > 0)
        (void)task_deadline_narrow(clock_now_us() + x->limit_us);
    x->rc = dial(&x->conn, &x->o, &x->a, &x->e);
    x->took_us = harness_now_us() - begin;
    if (x->rc == 0 && role != SILENT) {
        char text[] = "hello";
        struct iovec iov = {.iov_base = text, .iov_len = 5};
        x->has_echo = net_write(&x->conn, &iov, 1) == 0 && net_read(&x->conn, text, 5) == 5 &&
                      memcmp(text, "hello", 5) == 0;
    }
    must((x->rc == 0) == net_conn_is_open(&x->conn));
    net_conn_close(&x->conn);
    x->is_done = true;
}

static struct call *call_with(enum role peers, const char *host)
{
    static struct call x;
    arena_fini(&x.a);
    x = (struct call){.o = {.host = str_from_cz(host), .port = port}};
    arena_init(&x.a, 0, 1 << 20);
    role = peers;
    return &x;
}

static struct call *run_call(struct call *x)
{
    x->task = task_spawn(call_task, x);
    harness_until(&x->is_done);
    harness_turn_ms(2); /* the peer sees the end */
    if (role == SILENT && last_peer && task_count() > 0)
        task_cancel(last_peer, -E_CANCELLED);
    last_peer = NULL;
    harness_until(NULL);
    return x;
}

/* A text with the port in place of %u. */
static str with_port(const char *format)
{
    static char text[300];
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

static int open_files(void)
{
    int n = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void test_connect(void)
{
    struct call *x = run_call(call_with(ECHO, "127.0.0.1"));
    ok(x->rc == 0 && x->has_echo, "an address");
    x = run_call(call_with(ECHO, "one.test"));
    ok(x->rc == 0 && x->has_echo, "a name");
    x = run_call(call_with(ECHO, "localhost"));
    ok(x->rc == 0 && x->has_echo, "localhost");
    x = run_call(call_with(ECHO, "two.test"));
    ok(x->rc == 0 && x->has_echo, "the second address when the first refuses");
    ok(x->took_us < DIAL_STAGGER_MS * 1000 / 2, "without waiting");
    x = call_with(ECHO, "127.0.0.2");
    is_int(run_call(x)->rc, -E_CONNECT, "an address that refuses");
    is_str(err_message(&x->e), with_port("connect to 127.0.0.2:%u (127.0.0.2): Connection refused"),
           "is named");
    x = run_call(call_with(ECHO, "none.test"));
    is_int(x->rc, -E_CONNECT, "all addresses refuse");
    is_str(err_message(&x->e),
           with_port("connect to 127.0.0.2:%u (none.test): Connection refused; "
                     "127.0.0.4:%u: Connection refused"),
           "all are named");
    x = run_call(call_with(ECHO, "missing.test"));
    is_int(x->rc, -E_DNS, "a name that is not there");
    is_str(err_message(&x->e), S("resolve missing.test: Domain name not found"), "is named");
    x = run_call(call_with(ECHO, "127.1"));
    is_str(err_message(&x->e), S("resolve 127.1: not a valid IPv4 address"), "half an address");
}

static void test_race(void)
{
    hole_open("127.0.0.3");
    int before = open_files();
    struct call *x = run_call(call_with(ECHO, "slow.test"));
    ok(x->rc == 0 && x->has_echo, "the second address when the first is silent");
    ok(x->took_us >= DIAL_STAGGER_MS * 1000 && x->took_us < DIAL_STAGGER_MS * 3000,
       "after the stagger");
    x = call_with(ECHO, "hole.test");
    x->o.connect_us = 30000;
    is_int(run_call(x)->rc, -E_CONNECT_TIMEOUT, "a silent address");
    is_str(err_message(&x->e),
           with_port("connect to 127.0.0.3:%u (hole.test): no answer within 30 ms"), "is named");
    x = call_with(ECHO, "hole.test");
    x->o.connect_us = 1000000;
    x->limit_us = 20000;
    ok(run_call(x)->rc == -E_TIMEOUT && x->e.code == 0, "the task's deadline is another matter");
    x = call_with(ECHO, "slow.test");
    x->task = task_spawn(call_task, x);
    harness_turn_ms(10);
    task_cancel(x->task, -E_CLIENT_GONE);
    harness_until(NULL);
    is_int(x->rc, -E_CLIENT_GONE, "a dial can be cancelled");
    x = call_with(ECHO, "held.test");
    x->o.dns_us = 20000;
    is_int(run_call(x)->rc, -E_DNS_TIMEOUT, "a name server that is silent");
    is_str(err_message(&x->e), S("resolve held.test: no answer within 20 ms"), "is said so");
    fake_dns_name(&server, "held.test")->is_held = false;
    fake_dns_release(&server);
    harness_turn_ms(5);
    is_int(open_files(), before, "no socket is left");
    hole_close();
}

static void test_unix(void)
{
    struct net_addr addr;
    struct net_listener l = {.on_accept = accepted};
    char path[128];
    snprintf(path, sizeof(path), "%s", certs_path("socket", ""));
    char text[160];
    snprintf(text, sizeof(text), "unix:%s", path);
    must(net_addr_parse(str_from_cz(text), &addr) == 0);
    int fd = net_listen_fd(&addr, false);
    must(fd >= 0 && net_listener_open(&l, fd) == 0);
    struct call *x = call_with(ECHO, "");
    x->o.unix_path = str_from_cz(path);
    run_call(x);
    ok(x->rc == 0 && x->has_echo, "a unix socket");
    x = call_with(ECHO, "");
    x->o.unix_path = str_from_cz(path);
    x->o.policy = DIAL_PUBLIC;
    is_int(run_call(x)->rc, -E_ADDRESS_DENIED, "is not public");
    net_listener_close(&l);
    close(fd);
    x = call_with(ECHO, "");
    x->o.unix_path = S("/nowhere/socket");
    is_int(run_call(x)->rc, -E_CONNECT, "a unix socket that is not there");
    is_str(err_message(&x->e), S("connect to unix:/nowhere/socket: No such file or directory"),
           "is named");
    x = call_with(ECHO, "");
    x->o.unix_path = S("/a/path/that/is/longer/than/the/hundred/and/eight/bytes/a/unix/socket/"
                       "address/has/room/for/which/is/rather/little");
    is_int(run_call(x)->rc, -E_CONNECT, "a path too long");
}

/* ---- the policy ---- */

static void check_task(void *arg)
{
    struct call *x = arg;
    static struct dns_addrs addrs;
    x->rc = resolve_checked(&x->o, &addrs, &x->a, &x->e);
    x->is_done = true;
}

/* What the step before connecting says; no packet leaves the machine. */
static int public_gives(str host)
{
    struct call *x = call_with(ECHO, "");
    x->o.host = host;
    x->o.policy = DIAL_PUBLIC;
    harness_run(check_task, x);
    return x->rc;
}

static void test_policy(void)
{
    struct call *x = call_with(ECHO, "one.test");
    x->o.policy = DIAL_PUBLIC;
    is_int(run_call(x)->rc, -E_ADDRESS_DENIED, "a public name for a private address");
    is_str(err_message(&x->e), with_port("the address policy forbids 127.0.0.1:%u (one.test)"),
           "is named");
    is_int(public_gives(S("localhost")), -E_ADDRESS_DENIED, "localhost");
    is_int(public_gives(S("multi.test")), -E_ADDRESS_DENIED, "one bad address among good ones");
    is_int(public_gives(S("public.test")), 0, "a public address is allowed");

    struct fake_name *f = fake_dns_name(&server, "rebind.test");
    f->v4[0] = "93.184.216.34";
    is_int(public_gives(S("rebind.test")), 0, "a name that is public now");
    f->v4[0] = "127.0.0.1";
    harness_turn_ms(1100);
    is_int(public_gives(S("rebind.test")), -E_ADDRESS_DENIED, "and private later, is denied later");
}

static str member(str line, const char *name)
{
    char needle[32];
    snprintf(needle, sizeof(needle), "\"%s\": \"", name);
    size_t at = str_find(line, str_from_cz(needle));
    line = str_skip(line, at == STR_NONE ? line.n : at + strlen(needle));
    return str_slice(line, 0, str_find_char(line, '"'));
}

/* The host of an http URL as a URL parser would cut it out; what it holds is the dialler's to
 * judge. False for cases about other parts of the URL. */
static bool host_of(str line, str *host)
{
    static const char *const not_ours[] = {"port",     "scheme", "no-authority", "empty-authority",
                                           "template", "control"};
    str class = member(line, "cls"), url = member(line, "url");
    for (size_t i = 0; i < ARRAY_LEN(not_ours); i++) {
        if (str_has_prefix(class, str_from_cz(not_ours[i])))
            return false;
    }
    if (!str_has_prefix(url, S("http://")))
        return false;
    url = str_skip(url, 7);
    size_t end = 0;
    while (end < url.n && !strchr("/?#\\", url.p[end]))
        end++;
    url = str_slice(url, 0, end);
    size_t at = str_rfind_char(url, '@');
    if (at != STR_NONE)
        url = str_skip(url, at + 1);
    bool is_bracketed = url.n > 0 && url.p[0] == '[';
    *host = is_bracketed ? str_slice(url, 1, str_find_char(url, ']')) : url;
    return true;
}

static void test_vectors(void)
{
    struct arena a;
    arena_init(&a, 0, 1 << 20);
    const char *path = vectors_path(&a, "ssrf-targets/targets.jsonl");
    str line, host, rest = path ? vectors_read(&a, path) : S_EMPTY;
    size_t judged = 0;
    fake_dns_name(&server, "rebind.test")->v4[0] = "127.0.0.1";
    while (rest.n > 0) {
        (void)str_cut(rest, '\n', &line, &rest);
        if (!host_of(line, &host))
            continue;
        int rc = public_gives(host);
        ok(rc == -E_ADDRESS_DENIED || rc == -E_DNS, arena_cz(&a, member(line, "url")));
        judged++;
    }
    if (path)
        ok(judged >= 55, "most shared targets reach the dialler");
    else
        tap_skip("the shared ssrf-targets are not here");
    arena_fini(&a);
}

/* ---- proxies ---- */

static void test_proxy(void)
{
    struct dial_proxy proxy = {.host = S("one.test"), .port = port};
    struct call *x = call_with(PROXY_OK, "api.test");
    x->o.proxy = &proxy;
    x->o.port = 443;
    run_call(x);
    ok(x->rc == 0 && x->has_echo, "through a proxy");
    ok(strstr(proxy_request, "CONNECT api.test:443 HTTP/1.1\r\n"),
       "which resolves the name itself");
    x = call_with(PROXY_OK, "public.test");
    x->o.proxy = &proxy;
    x->o.policy = DIAL_PUBLIC;
    run_call(x);
    ok(x->rc == 0 && x->has_echo, "a name from a request too");
    ok(strstr(proxy_request, "CONNECT 93.184.216.34:"), "but as the address that was checked");
    x = call_with(PROXY_OK, "multi.test");
    x->o.proxy = &proxy;
    x->o.policy = DIAL_PUBLIC;
    is_int(run_call(x)->rc, -E_ADDRESS_DENIED, "and the policy is asked");
    x = call_with(PROXY_NO, "api.test");
    x->o.proxy = &proxy;
    is_int(run_call(x)->rc, -E_PROXY, "a proxy that refuses");
    is_str(err_message(&x->e), with_port("proxy one.test:%u answered 403 Forbidden"), "is quoted");
    x = call_with(SILENT, "api.test");
    x->o.proxy = &proxy;
    x->o.connect_us = 20000;
    is_int(run_call(x)->rc, -E_CONNECT_TIMEOUT, "a proxy that is silent");
    is_str(err_message(&x->e), with_port("proxy one.test:%u did not answer CONNECT within 20 ms"),
           "is named");
    proxy.host = S("missing.test");
    x = call_with(PROXY_OK, "api.test");
    x->o.proxy = &proxy;
    is_int(run_call(x)->rc, -E_PROXY, "a proxy that is not there");
    is_str(err_message(&x->e), S("proxy: resolve missing.test: Domain name not found"), "is named");
    proxy.host = S("127.0.0.2");
    x = call_with(PROXY_OK, "api.test");
    x->o.proxy = &proxy;
    is_int(run_call(x)->rc, -E_PROXY, "a proxy that is down");
}

/* ---- TLS ---- */

static void test_tls(void)
{
    struct arena a;
    arena_init(&a, 0, 1 << 16);
    str why;
    const struct tls_client_options options = {.ca = certs_path("ca", ".pem")};
    const struct tls_cert_files files = {.cert = certs_path("one", ".pem"),
                                         .key = certs_path("one", ".key")};
    struct tls_client *client = NULL;
    must(tls_client_acquire(&options, &client, &why, &a) == 0);
    must(tls_server_acquire(&files, 1, &tls_server, &why, &a) == 0);

    struct call *x = call_with(TLS_ECHO, "one.test");
    x->o.tls = client;
    run_call(x);
    ok(x->rc == 0 && x->has_echo, "TLS to a name");
    struct dial_proxy proxy = {.host = S("127.0.0.1"), .port = port};
    x = call_with(PROXY_OK, "one.test");
    x->o.tls = client;
    x->o.proxy = &proxy;
    run_call(x);
    ok(x->rc == 0 && x->has_echo, "TLS through a proxy");
    x = call_with(TLS_ECHO, "two.test");
    x->o.tls = client;
    is_int(run_call(x)->rc, -E_TLS, "a certificate for another name");
    is_str(err_message(&x->e), S("TLS handshake with two.test: hostname mismatch"), "is refused");
    x = call_with(ECHO, "one.test");
    x->o.tls = client;
    is_int(run_call(x)->rc, -E_TLS, "a server without TLS");
    x = call_with(HANGUP, "one.test");
    x->o.tls = client;
    is_int(run_call(x)->rc, -E_TLS, "a server that hangs up");
    x = call_with(SILENT, "one.test");
    x->o.tls = client;
    x->o.tls_us = 20000;
    is_int(run_call(x)->rc, -E_TLS_TIMEOUT, "a server that is silent");
    is_str(err_message(&x->e), S("TLS handshake with one.test: not over after 20 ms"), "is named");
    tls_client_release(client);
    tls_server_release(tls_server);
    arena_fini(&a);
}

int main(void)
{
    certs_open();
    struct cert ca = certs_make(&(struct cert_spec){.name = "ca", .is_ca = true});
    struct cert one =
        certs_make(&(struct cert_spec){.name = "one", .san = "DNS:one.test", .issuer = &ca});
    harness_open();
    fake_dns_open(&server, names, ARRAY_LEN(names));
    dns_set_servers(server.address);
    struct sockaddr_in sin;
    int fd = listen_on("127.0.0.1", 0, 64, &sin);
    port = ntohs(sin.sin_port);
    listener = (struct net_listener){.on_accept = accepted};
    must(net_listener_open(&listener, fd) == 0);

    test_connect();
    test_race();
    test_unix();
    test_policy();
    test_vectors();
    test_proxy();
    test_tls();

    arena_fini(&call_with(ECHO, "")->a);
    net_listener_close(&listener);
    close(fd);
    dns_thread_end();
    fake_dns_close(&server);
    harness_close();
    certs_free(&ca);
    certs_free(&one);
    certs_close();
    return tap_done();
}
