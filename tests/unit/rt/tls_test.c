/* TLS between two tasks of one loop: who is trusted, what is said when not, and what the stream
 * does at its end and under pressure. */
#include "rt/tls.c"

#include <fcntl.h>

#include "certs.h"
#include "harness.h"
#include "tap.h"

static struct cert ca, other_ca;

/* ---- two ends ---- */

struct end {
    struct net_conn conn;
    int rc;
    struct err e;
    struct arena a;
    struct task *task;
    bool is_done;
};

struct pair {
    struct end client, server;
    struct tls_client *from;
    struct tls_server *to;
    const char *host;
};

static int listener_fd;
static struct sockaddr_in listener_addr;

static void listener_open(void)
{
    listener_addr = (struct sockaddr_in){.sin_family = AF_INET};
    listener_addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof(listener_addr);
    listener_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(bind(listener_fd, (const struct sockaddr *)&listener_addr, len) == 0);
    must(listen(listener_fd, 16) == 0);
    must(getsockname(listener_fd, (struct sockaddr *)&listener_addr, &len) == 0);
}

static void connect_pair(struct pair *p)
{
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(connect(client, (const struct sockaddr *)&listener_addr, sizeof(listener_addr)) == 0);
    must(fcntl(client, F_SETFL, O_NONBLOCK) == 0);
    int server = accept4(listener_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    must(net_conn_open(&p->client.conn, client) == 0);
    must(net_conn_open(&p->server.conn, server) == 0);
}

static void pair_open(struct pair *p, struct tls_client *from, struct tls_server *to,
                      const char *host)
{
    *p = (struct pair){.from = from, .to = to, .host = host};
    arena_init(&p->client.a, 0, 1 << 20);
    arena_init(&p->server.a, 0, 1 << 20);
    connect_pair(p);
}

static void pair_close(struct pair *p)
{
    net_conn_close(&p->client.conn);
    net_conn_close(&p->server.conn);
    arena_fini(&p->client.a);
    arena_fini(&p->server.a);
}

static void client_task(void *arg)
{
    struct pair *p = arg;
    struct end *end = &p->client;
    end->rc = tls_connect(&end->conn, p->from, str_from_cz(p->host), &end->a, &end->e);
    if (end->rc < 0)
        net_conn_close(&end->conn);
    end->is_done = true;
}

static void server_task(void *arg)
{
    struct pair *p = arg;
    struct end *end = &p->server;
    end->rc = tls_accept(&end->conn, p->to, &end->a, &end->e);
    if (end->rc < 0)
        net_conn_close(&end->conn);
    end->is_done = true;
}

static void shake(struct pair *p)
{
    p->client.task = task_spawn(client_task, p);
    p->server.task = task_spawn(server_task, p);
    harness_until(NULL);
}

static struct tls_client *client_with(const char *ca_name)
{
    struct arena a;
    arena_init(&a, 0, 1 << 16);
    struct tls_client *c = NULL;
    str why;
    const struct tls_client_options o = {.ca = ca_name ? certs_path(ca_name, ".pem") : NULL};
    must(tls_client_acquire(&o, &c, &why, &a) == 0);
    arena_fini(&a);
    return c;
}

static struct tls_server *server_with(const char *const *names, size_t n)
{
    struct arena a;
    arena_init(&a, 0, 1 << 16);
    struct tls_cert_files files[4];
    for (size_t i = 0; i < n; i++) {
        files[i].cert = arena_cz(&a, str_from_cz(certs_path(names[i], ".pem")));
        files[i].key = arena_cz(&a, str_from_cz(certs_path(names[i], ".key")));
    }
    struct tls_server *s = NULL;
    str why;
    must(tls_server_acquire(files, n, &s, &why, &a) == 0);
    arena_fini(&a);
    return s;
}

/* ---- who is trusted ---- */

static const struct trust {
    const char *cert, *ca, *host; /* ca NULL: the system's store */
    const char *reason;           /* NULL: trusted */
} trust_cases[] = {
    {"good", "ca", "a.test", NULL},
    {"good", "ca", "A.Test", NULL},
    {"good", "ca", "a.test.", NULL},
    {"good", "ca", "x.wild.test", NULL},
    {"good", "ca", "127.0.0.1", NULL},
    {"good", "ca", "::1", NULL},
    {"good", "ca", "b.test", "hostname mismatch"},
    {"good", "ca", "good", "hostname mismatch"},
    {"good", "ca", "x.y.wild.test", "hostname mismatch"},
    {"good", "ca", "wild.test", "hostname mismatch"},
    {"good", "ca", "127.0.0.2", "IP address mismatch"},
    {"good", "ca", "::2", "IP address mismatch"},
    {"good", "other", "a.test", "unable to get local issuer certificate"},
    {"good", NULL, "a.test", "unable to get local issuer certificate"},
    {"expired", "ca", "a.test", "certificate has expired"},
    {"future", "ca", "a.test", "certificate is not yet valid"},
    {"self", "ca", "a.test", "self-signed certificate"},
    {"self", "self", "a.test", NULL},
    {"bare", "ca", "bare", "hostname mismatch"},
};

static void test_trust(void)
{
    char what[120];
    static struct pair p;
    for (size_t i = 0; i < ARRAY_LEN(trust_cases); i++) {
        const struct trust *t = &trust_cases[i];
        struct tls_server *s = server_with(&t->cert, 1);
        struct tls_client *c = client_with(t->ca);
        pair_open(&p, c, s, t->host);
        shake(&p);
        snprintf(what, sizeof(what), "%s, trusting %s, as %s", t->cert, t->ca ? t->ca : "system",
                 t->host);
        is_int(p.client.rc, t->reason ? -E_TLS : 0, what);
        if (t->reason) {
            ok(str_has_suffix(err_message(&p.client.e), str_from_cz(t->reason)), t->reason);
            ok(str_has_prefix(err_message(&p.client.e), S("TLS handshake with ")),
               "names the step");
        }
        pair_close(&p);
        tls_client_release(c);
        tls_server_release(s);
    }
}

static void test_terms(void)
{
    static const char *const names[] = {"good"};
    static struct pair p;
    struct tls_server *s = server_with(names, 1);
    struct tls_client *c = client_with("ca");
    pair_open(&p, c, s, "a.test");
    shake(&p);
    const unsigned char *protocol;
    unsigned int n;
    SSL_get0_alpn_selected(p.server.conn.tls->ssl, &protocol, &n);
    is_str(str_of((const char *)protocol, n), S("http/1.1"), "ALPN");
    is_str(str_from_cz(SSL_get_servername(p.server.conn.tls->ssl, TLSEXT_NAMETYPE_host_name)),
           S("a.test"), "SNI");
    is_int(SSL_CTX_get_min_proto_version(c->ssl), TLS1_2_VERSION, "no client below TLS 1.2");
    is_int(SSL_CTX_get_min_proto_version(s->ssl[0]), TLS1_2_VERSION, "no server below TLS 1.2");
    ok(SSL_CTX_get_options(s->ssl[0]) & SSL_OP_NO_RENEGOTIATION, "no renegotiation");
    is_int(SSL_CTX_get_max_early_data(s->ssl[0]), 0, "no early data");
    pair_close(&p);
    pair_open(&p, c, s, "127.0.0.1");
    shake(&p);
    is_int(p.client.rc, 0, "an address");
    ok(!SSL_get_servername(p.server.conn.tls->ssl, TLSEXT_NAMETYPE_host_name),
       "is not sent as SNI");
    pair_close(&p);
    tls_client_release(c);

    static const unsigned char h2[] = "\x02h2";
    c = client_with("ca");
    must(SSL_CTX_set_alpn_protos(c->ssl, h2, sizeof(h2) - 1) == 0);
    pair_open(&p, c, s, "a.test");
    shake(&p);
    is_int(p.server.rc, -E_TLS, "a client that speaks other protocols only");
    ok(str_has_suffix(err_message(&p.client.e), S("no application protocol")), "is told so");
    pair_close(&p);
    tls_client_release(c);
    tls_server_release(s);
    ok(str_has_prefix(str_from_cz(tls_version_text()), S("OpenSSL 3")),
       "the library has a version");
}

static void test_sni(void)
{
    static const char *const names[] = {"first", "good", "wild"};
    static const struct {
        const char *sni, *cert;
    } cases[] = {
        {"a.test", "good"},      {"A.TEST", "good"},          {"x.wild.test", "good"},
        {"y.more.test", "wild"}, {"exact.more.test", "wild"}, {"x.y.more.test", "first"},
        {"more.test", "first"},  {"unknown.test", "first"},   {".more.test", "first"},
        {"", "first"},
    };
    struct tls_server *s = server_with(names, 3);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const SSL_CTX *found = server_find(s, cases[i].sni);
        const X509 *x = SSL_CTX_get0_certificate(found ? found : s->ssl[0]);
        char cn[64];
        X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, cn, sizeof(cn));
        is_str(str_from_cz(cn), str_from_cz(cases[i].cert), cases[i].sni);
    }
    static struct pair p;
    struct tls_client *c = client_with("ca");
    for (size_t i = 0; i < 2; i++) {
        pair_open(&p, c, s, i == 0 ? "a.test" : "exact.more.test");
        shake(&p);
        is_int(p.client.rc, 0, "the client is shown the certificate of its name");
        pair_close(&p);
    }
    tls_client_release(c);
    struct tls_server *again = tls_server_ref(s);
    tls_server_release(s);
    ok(server_find(again, "a.test") != NULL, "a reference keeps a server");
    tls_server_release(again);
}

/* ---- sessions ---- */

static char byte_read;

static void read_byte_task(void *arg)
{
    struct net_conn *c = arg;
    must(net_read(c, &byte_read, 1) == 1);
}

/* A byte to the client, and with it the tickets. */
static void send_byte(struct pair *p)
{
    bool wants_read;
    must(tls_write_step(p->server.conn.tls, "x", 1, &wants_read) == 1);
    harness_run(read_byte_task, &p->client.conn);
}

static bool is_reused(struct tls_client *c, struct tls_server *s, const char *host)
{
    static struct pair p;
    pair_open(&p, c, s, host);
    shake(&p);
    must(p.client.rc == 0 && p.server.rc == 0);
    send_byte(&p);
    bool reused = SSL_session_reused(p.client.conn.tls->ssl) == 1;
    pair_close(&p);
    return reused;
}

static void test_sessions(int version)
{
    static const char *const names[] = {"good"};
    struct tls_server *s = server_with(names, 1);
    struct tls_client *c = client_with("ca");
    must(SSL_CTX_set_max_proto_version(c->ssl, version) == 1);
    ok(!is_reused(c, s, "a.test"), "the first handshake is a full one");
    ok(is_reused(c, s, "a.test"), "the second resumes");
    ok(is_reused(c, s, "a.test"), "the third too, after closes without close_notify");
    ok(!is_reused(c, s, "x.wild.test"), "another host does not");
    struct tls_server *renewed = server_with(names, 1);
    ok(!is_reused(c, renewed, "a.test"), "a server that lost its keys gets a full one");
    tls_server_release(renewed);
    tls_client_release(c);
    tls_server_release(s);
}

/* ---- contexts ---- */

static int acquire_fails(const struct tls_client_options *o, const char *wanted)
{
    struct arena a;
    arena_init(&a, 0, 1 << 16);
    struct tls_client *c = NULL;
    str why = S_EMPTY;
    int rc = tls_client_acquire(o, &c, &why, &a);
    ok(str_find(why, str_from_cz(wanted)) != STR_NONE, wanted);
    if (rc == 0)
        tls_client_release(c);
    arena_fini(&a);
    return rc;
}

static void copy_file(const char *from, const char *to)
{
    char command[300];
    snprintf(command, sizeof(command), "cp %s %s", from, to);
    must(system(command) == 0);
}

static void test_contexts(void)
{
    struct tls_client *c = client_with("ca");
    struct tls_client *same = client_with("ca");
    struct tls_client *other = client_with("other");
    ok(c == same, "equal options share a context");
    ok(c != other, "others do not");
    tls_client_release(same);
    copy_file(certs_path("ca", ".pem"), certs_path("renewed", ".pem"));
    same = client_with("renewed");
    copy_file(certs_path("other", ".pem"), certs_path("renewed", ".pem"));
    struct tls_client *renewed = client_with("renewed");
    ok(same != renewed, "a changed file makes another context");
    tls_client_release(renewed);
    tls_client_release(same);
    tls_client_release(other);
    tls_client_release(c);
    ok(list_is_empty(&registry.clients), "released contexts are gone");

    struct arena a;
    arena_init(&a, 0, 1 << 16);
    const char *good = arena_cz(&a, str_from_cz(certs_path("good", ".pem")));
    is_int(acquire_fails(&(struct tls_client_options){.ca = "/nowhere/ca.pem"},
                         "ca /nowhere/ca.pem: No such file"),
           -E_TLS, "a ca that is not there");
    is_int(acquire_fails(&(struct tls_client_options){.ca = certs_path("good", ".key")}, "ca /"),
           -E_TLS, "a ca file without certificates");
    is_int(acquire_fails(&(struct tls_client_options){.cert = good}, "key /"), -E_TLS,
           "a certificate without key");
    is_int(
        acquire_fails(&(struct tls_client_options){.cert = good, .key = certs_path("self", ".key")},
                      "key values mismatch"),
        -E_TLS, "the key of another certificate");
    is_int(acquire_fails(&(struct tls_client_options){.cert = certs_path("locked", ".pem"),
                                                      .key = certs_path("locked", ".key")},
                         "locked.key: "),
           -E_TLS, "a key under a passphrase, without asking for it");
    struct tls_server *s = NULL;
    str why = S_EMPTY;
    const struct tls_cert_files files[] = {
        {.cert = good, .key = arena_cz(&a, str_from_cz(certs_path("good", ".key")))},
        {.cert = "/nowhere/b.pem", .key = "/nowhere/b.key"}};
    is_int(tls_server_acquire(files, 2, &s, &why, &a), -E_TLS, "a server certificate not there");
    is_str(why, S("certificate /nowhere/b.pem: No such file or directory"), "is named");
    arena_fini(&a);
}

/* ---- peers that do not play ---- */

static struct pair strange;
static const char *strange_bytes; /* what a plain peer sends; NULL: nothing */
static bool strange_leaves;

static void plain_task(void *arg)
{
    struct end *end = arg;
    if (strange_bytes) {
        char text[64];
        snprintf(text, sizeof(text), "%s", strange_bytes);
        struct iovec iov = {.iov_base = text, .iov_len = strlen(text)};
        must(net_write(&end->conn, &iov, 1) == 0);
    }
    if (strange_leaves)
        net_conn_close(&end->conn);
}

static struct pair *meet(bool we_are_client, const char *bytes, bool leaves)
{
    static const char *const names[] = {"good"};
    strange_bytes = bytes;
    strange_leaves = leaves;
    pair_open(&strange, client_with("ca"), server_with(names, 1), "a.test");
    struct end *ours = we_are_client ? &strange.client : &strange.server;
    ours->task = task_spawn(we_are_client ? client_task : server_task, &strange);
    (void)task_spawn(plain_task, we_are_client ? &strange.server : &strange.client);
    if (bytes || leaves)
        harness_until(NULL);
    else
        harness_turn_ms(5);
    return &strange;
}

static void part(void)
{
    tls_client_release(strange.from);
    tls_server_release(strange.to);
    pair_close(&strange);
}

static void test_strangers(void)
{
    const struct pair *p = meet(true, "HTTP/1.1 400 Bad Request\r\n\r\n", false);
    is_int(p->client.rc, -E_TLS, "a server without TLS");
    ok(str_has_suffix(err_message(&p->client.e), S("the peer does not speak TLS")),
       "is recognised");
    part();
    p = meet(false, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", false);
    is_int(p->server.rc, -E_TLS, "a client without TLS");
    ok(str_has_suffix(err_message(&p->server.e), S("the peer does not speak TLS")),
       "is recognised");
    part();
    p = meet(true, NULL, true);
    ok(p->client.rc == -E_IO || p->client.rc == -E_EOF, "a server that hangs up");
    part();
    is_int(meet(false, "\x16\x03\x01", true)->server.rc, -E_EOF, "a client that hangs up");
    part();
    p = meet(true, NULL, false);
    ok(!p->client.is_done, "a silent server is waited for");
    task_cancel(p->client.task, -E_CANCELLED);
    harness_until(NULL);
    is_int(p->client.rc, -E_CANCELLED, "until cancelled");
    part();
}

static void deadline_task(void *arg)
{
    (void)task_deadline_narrow(clock_now_us() + 20000);
    client_task(arg);
}

static void test_deadline(void)
{
    static const char *const names[] = {"good"};
    static struct pair p;
    pair_open(&p, client_with("ca"), server_with(names, 1), "a.test");
    harness_run(deadline_task, &p);
    is_int(p.client.rc, -E_TIMEOUT, "a handshake ends at the task's deadline");
    tls_client_release(p.from);
    tls_server_release(p.to);
    pair_close(&p);
}

/* ---- the stream ---- */

static ssize_t end_of_stream;

static void read_end_task(void *arg)
{
    struct net_conn *c = arg;
    char text[16];
    do {
        end_of_stream = net_read(c, text, sizeof(text));
    } while (end_of_stream > 0);
}

static void goodbye_task(void *arg)
{
    struct net_conn *c = arg;
    must(net_shutdown(c) == 0);
}

static void test_ends(void)
{
    static const char *const names[] = {"good"};
    static struct pair p;
    struct tls_server *s = server_with(names, 1);
    struct tls_client *c = client_with("ca");
    pair_open(&p, c, s, "a.test");
    shake(&p);
    (void)task_spawn(goodbye_task, &p.server.conn);
    harness_run(read_end_task, &p.client.conn);
    is_int(end_of_stream, -E_EOF, "close_notify is an end");
    pair_close(&p);
    pair_open(&p, c, s, "a.test");
    shake(&p);
    net_conn_close(&p.server.conn);
    harness_run(read_end_task, &p.client.conn);
    is_int(end_of_stream, -E_IO, "a cut is not");
    char text[4];
    bool wants;
    is_int(tls_read_step(p.client.conn.tls, text, sizeof(text), &wants), -E_IO, "nor later");
    is_int(tls_write_step(p.client.conn.tls, "x", 1, &wants), -E_IO, "and nothing can be written");
    pair_close(&p);
    tls_client_release(c);
    tls_server_release(s);
}

#define FLOW_BYTES ((size_t)6 << 20)

static size_t flow_read[2];
static bool flow_is_right = true;

static char flow_byte(size_t at)
{
    return (char)(at * 2654435761u >> 13);
}

static void flow_out_task(void *arg)
{
    struct net_conn *c = arg;
    static char chunks[2][100000];
    char *chunk = chunks[c == &strange.client.conn];
    for (size_t at = 0, n; at < FLOW_BYTES; at += n) {
        n = MIN(1 + at % 100000, FLOW_BYTES - at);
        for (size_t i = 0; i < n; i++)
            chunk[i] = flow_byte(at + i);
        struct iovec iov[] = {{.iov_base = chunk, .iov_len = n / 3},
                              {.iov_base = chunk + n / 3, .iov_len = n - n / 3}};
        must((at % 2 ? net_write(c, iov, 2) : net_send(c, iov, 2)) == 0);
    }
    must(net_shutdown(c) == 0);
}

static void flow_in_task(void *arg)
{
    struct net_conn *c = arg;
    size_t *at = &flow_read[c == &strange.client.conn];
    char *p = malloc(70000);
    for (;;) {
        ssize_t got = net_read(c, p, 1 + *at % 70000);
        if (got <= 0) {
            flow_is_right = flow_is_right && got == -E_EOF;
            break;
        }
        for (ssize_t i = 0; i < got; i++)
            flow_is_right = flow_is_right && p[i] == flow_byte(*at + (size_t)i);
        *at += (size_t)got;
        if (*at % 7 == 0 && task_sleep_us(500) < 0) /* a reader slower than the writer */
            break;
    }
    free(p);
}

static void test_flow(void)
{
    static const char *const names[] = {"good"};
    pair_open(&strange, client_with("ca"), server_with(names, 1), "a.test");
    shake(&strange);
    struct net_conn *both[] = {&strange.client.conn, &strange.server.conn};
    for (size_t i = 0; i < 2; i++) {
        (void)task_spawn(flow_out_task, both[i]);
        (void)task_spawn(flow_in_task, both[i]);
    }
    harness_until(NULL);
    ok(flow_read[0] == FLOW_BYTES && flow_read[1] == FLOW_BYTES, "all bytes arrive, both ways");
    ok(flow_is_right, "in order, and end with close_notify");
    part();
}

static void test_quiet(void)
{
    static const char *const names[] = {"good"};
    pair_open(&strange, client_with("ca"), server_with(names, 1), "a.test");
    shake(&strange);
    send_byte(&strange);
    const struct tls *t = strange.client.conn.tls;
    ok(!tls_has_pending(t), "nothing is left inside");
    ok(tls_is_drained(t), "nor in the kernel, which needs no further question");
    part();
}

static void make_certs(void)
{
    certs_open();
    const char *good = "DNS:a.test,DNS:*.wild.test,IP:127.0.0.1,IP:::1";
    ca = certs_make(&(struct cert_spec){.name = "ca", .is_ca = true});
    other_ca = certs_make(&(struct cert_spec){.name = "other", .is_ca = true});
    const struct cert_spec specs[] = {
        {.name = "good", .san = good, .issuer = &ca},
        {.name = "first", .san = "DNS:first.test", .issuer = &ca},
        {.name = "wild", .san = "DNS:*.more.test,DNS:exact.more.test,DNS:a.test", .issuer = &ca},
        {.name = "expired", .san = good, .issuer = &ca, .from_s = -2 * CERT_DAY, .to_s = -CERT_DAY},
        {.name = "future", .san = good, .issuer = &ca, .from_s = CERT_DAY, .to_s = 2 * CERT_DAY},
        {.name = "self", .san = good},
        {.name = "bare", .issuer = &ca},
        {.name = "locked", .san = good, .issuer = &ca, .passphrase = "secret"},
    };
    for (size_t i = 0; i < ARRAY_LEN(specs); i++) {
        struct cert cert = certs_make(&specs[i]);
        certs_free(&cert);
    }
}

int main(void)
{
    make_certs();
    harness_open();
    listener_open();
    test_trust();
    test_terms();
    test_sni();
    test_sessions(TLS1_3_VERSION);
    test_sessions(TLS1_2_VERSION);
    test_contexts();
    test_strangers();
    test_deadline();
    test_ends();
    test_flow();
    test_quiet();
    close(listener_fd);
    harness_close();
    certs_free(&ca);
    certs_free(&other_ca);
    certs_close();
    return tap_done();
}
