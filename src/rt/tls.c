/* OpenSSL behind the two calls that net.c makes, tls_read_step and tls_write_step, and the two
 * handshakes.
 *
 * OpenSSL reads and writes the socket through a BIO of ours, because its own raises SIGPIPE and
 * loses errno. A step is one call of OpenSSL; it either moves bytes or says which readiness it
 * lacks, and waiting for that is net.c's work (during the handshake: ours, with net.c's means).
 * The error queue of OpenSSL is per thread and sticky, so each step clears it first; nothing yields
 * between a call and the look at its error.
 *
 * A client context is found again by its options and by the state of the files they name, in a
 * list of the process. Its sessions are kept by us (tls_cache) and not by OpenSSL, whose cache
 * knows no hosts. A session is offered to the host and port it came from only, since a resumed
 * handshake verifies no name.
 *
 * The system's store is shared by all contexts. From a hashed directory, as distributions have it,
 * a root is read when a chain first needs it; a process that makes no TLS client reads nothing.
 *
 * A server has one SSL_CTX for each certificate and a table from names to them. A connection begins
 * with the first and is moved by SNI; tickets are the first one's, so resumption works across. */
#include "rt/tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/list.h"
#include "base/table.h"
#include "rt/net.h"
#include "rt/tls_cache.h"
#include "rt/tls_files.h"

#define HOST_MAX        253
#define CONTEXT_ARENA   (16u << 20) /* names and paths of one context: only bad files get there */
#define CIPHERS_SERVER  "ECDHE+AESGCM:ECDHE+CHACHA20"
#define SESSION_CONTEXT "throwbar"
#define VERIFY_HOSTFLAGS                                                                           \
    (X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)

struct tls_client {
    struct list link; /* registry.clients */
    size_t refs;      /* registry.lock */
    SSL_CTX *ssl;
    struct tls_file ca, cert, key;
    struct arena arena;
    struct tls_cache sessions; /* of SSL_SESSION */
};

struct tls_server {
    _Atomic size_t refs; /* any thread; released with acq_rel so that the last sees all */
    struct table names;  /* "a.test" and "*.test" -> SSL_CTX */
    struct arena arena;
    size_t n;
    SSL_CTX *ssl[]; /* a certificate each */
};

struct tls {
    SSL *ssl;
    struct tls_client *client; /* one reference; NULL: we are the server */
    struct tls_server *server; /* one reference; NULL: we are the client */
    int fd;                    /* the connection's */
    int io_errno;              /* of the last failed send or recv */
    bool is_ended;             /* recv has returned 0 */
    bool is_drained;           /* recv gave less than asked for: the socket is empty */
    bool is_dry;               /* what is inside is less than a record */
    bool has_ticket;           /* one has come since the last read step */
    bool has_failed;           /* OpenSSL allows nothing more but to free it */
    char key[];                /* "host:port" of a client */
};

static struct {
    pthread_mutex_t lock;
    struct list clients;
    X509_STORE *system; /* static once made */
} registry = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .clients = {.next = &registry.clients, .prev = &registry.clients},
};

static void *alloc0(size_t n)
{
    void *p = calloc(1, n);
    if (!p)
        out_of_memory(n);
    return p;
}

/* OpenSSL fails to make an object only when memory is out. */
static void *made(void *object)
{
    if (!object)
        out_of_memory(0);
    return object;
}

/* ---- error texts ---- */

/* The first error of the queue is the cause, what follows are its consequences. */
static const char *queue_text(void)
{
    unsigned long code = ERR_peek_error();
    if (code == 0)
        return "unknown error";
    if (ERR_SYSTEM_ERROR(code))
        return strerrordesc_np(ERR_GET_REASON(code));
    const char *text = ERR_reason_error_string(code);
    return text ? text : "unknown error";
}

static bool queue_has(int reason)
{
    unsigned long code = ERR_peek_error();
    return ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == reason;
}

static int file_failed(str *why, struct arena *a, const char *what, const char *path)
{
    *why = arena_printf(a, "%s %s: %s", what, path, queue_text());
    return -E_TLS;
}

/* ---- the BIO ---- */

static int bio_write(BIO *bio, const char *p, int n)
{
    struct tls *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t sent;
    do {
        sent = send(t->fd, p, (size_t)n, MSG_NOSIGNAL);
    } while (sent == -1 && errno == EINTR);
    if (sent == -1) {
        t->io_errno = errno;
        if (errno == EAGAIN)
            BIO_set_retry_write(bio);
    }
    return (int)sent;
}

static int bio_read(BIO *bio, char *p, int n)
{
    struct tls *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t got;
    do {
        got = recv(t->fd, p, (size_t)n, 0);
    } while (got == -1 && errno == EINTR);
    t->is_ended = got == 0;
    t->is_drained = got < n;
    if (got == -1) {
        t->io_errno = errno;
        if (errno == EAGAIN)
            BIO_set_retry_read(bio);
    }
    return (int)got;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)number;
    (void)pointer;
    const struct tls *t = BIO_get_data(bio);
    if (command == BIO_CTRL_EOF)
        return t->is_ended;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *bio_method;

static void bio_method_make(void)
{
    bio_method = made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "net_conn"));
    bool is_made = BIO_meth_set_write(bio_method, bio_write) == 1 &&
                   BIO_meth_set_read(bio_method, bio_read) == 1 &&
                   BIO_meth_set_ctrl(bio_method, bio_ctrl) == 1;
    must(is_made);
}

static BIO *bio_new(struct tls *t)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, bio_method_make); /* cannot fail with a static once */
    BIO *bio = made(BIO_new(bio_method));
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    return bio;
}

/* ---- contexts: what both sides share ---- */

/* A key under a passphrase cannot be used by a server without a terminal. */
static int refuse_passphrase(char *out, int size, int is_encrypting, void *arg)
{
    (void)out;
    (void)size;
    (void)is_encrypting;
    (void)arg;
    return -1;
}

static SSL_CTX *context_new(const SSL_METHOD *method)
{
    SSL_CTX *ssl = made(SSL_CTX_new(method));
    long is_set = SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
    must(is_set == 1);
    (void)SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_clear_options(ssl, SSL_OP_IGNORE_UNEXPECTED_EOF); /* a cut is not an end */
    (void)SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(ssl, 1); /* one recv for a record, not one for its five byte header */
    SSL_CTX_set_default_passwd_cb(ssl, refuse_passphrase);
    return ssl;
}

static int load_cert(SSL_CTX *ssl, const char *cert, const char *key, str *why, struct arena *a)
{
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(ssl, cert) != 1)
        return file_failed(why, a, "certificate", cert);
    if (SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ssl) != 1)
        return file_failed(why, a, "key", key);
    return 0;
}

/* ---- client contexts ---- */

/* A context with these options, referenced; NULL when there is none. Under registry.lock. */
static struct tls_client *client_find(const struct tls_client_options *o)
{
    list_each (pos, &registry.clients) {
        struct tls_client *c = container_of(pos, struct tls_client, link);
        if (tls_file_is(&c->ca, o->ca) && tls_file_is(&c->cert, o->cert) &&
            tls_file_is(&c->key, o->key)) {
            c->refs++;
            return c;
        }
    }
    return NULL;
}

static void client_free(struct tls_client *c)
{
    tls_cache_fini(&c->sessions);
    SSL_CTX_free(c->ssl);
    arena_fini(&c->arena);
    free(c);
}

/* A hashed directory is preferred to the file of all roots, which takes a megabyte. What the
 * environment says is obeyed. */
static void open_system_store(X509_STORE *store)
{
    const char *file = getenv(X509_get_default_cert_file_env());
    const char *dir = getenv(X509_get_default_cert_dir_env());
    if (!dir)
        dir = X509_get_default_cert_dir();
    if (file || !tls_dir_is_hashed(dir) || X509_STORE_load_path(store, dir) != 1)
        (void)X509_STORE_set_default_paths(store); /* fails: no chain will verify */
}

static void use_system_store(SSL_CTX *ssl)
{
    (void)pthread_mutex_lock(&registry.lock); /* cannot fail: not recursive, ours */
    if (!registry.system) {
        registry.system = made(X509_STORE_new());
        open_system_store(registry.system);
    }
    SSL_CTX_set1_cert_store(ssl, registry.system);
    (void)pthread_mutex_unlock(&registry.lock);
}

/* What the operator names is trusted as it is, be it a root, an intermediate or a server's own
 * certificate. */
static int use_ca(SSL_CTX *ssl, const struct tls_file *ca, str *why, struct arena *a)
{
    ERR_clear_error();
    int is_loaded = S_ISDIR(ca->st.st_mode) ? SSL_CTX_load_verify_dir(ssl, ca->path)
                                            : SSL_CTX_load_verify_file(ssl, ca->path);
    if (is_loaded != 1)
        return file_failed(why, a, "ca", ca->path);
    (void)X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ssl), X509_V_FLAG_PARTIAL_CHAIN);
    return 0;
}

static int client_load(struct tls_client *c, str *why, struct arena *a)
{
    if (c->ca.path) {
        int rc = use_ca(c->ssl, &c->ca, why, a);
        if (rc < 0)
            return rc;
    } else {
        use_system_store(c->ssl);
    }
    if (!c->cert.path)
        return 0;
    return load_cert(c->ssl, c->cert.path, c->key.path ? c->key.path : c->cert.path, why, a);
}

/* OpenSSL's callback for every session or ticket that a server grants; 1: the reference is ours. */
static int session_granted(SSL *ssl, SSL_SESSION *session)
{
    struct tls *t = SSL_get_app_data(ssl);
    t->has_ticket = true;
    if (!SSL_SESSION_is_resumable(session))
        return 0;
    tls_cache_put(&t->client->sessions, t->key, session);
    return 1;
}

static void session_ref(void *session)
{
    (void)SSL_SESSION_up_ref(session); /* fails on an overflow of the counter */
}

static void session_unref(void *session)
{
    SSL_SESSION_free(session);
}

static struct tls_client *client_new(const struct tls_client_options *o)
{
    static const unsigned char alpn[] = "\x08http/1.1";
    struct tls_client *c = alloc0(sizeof(*c));
    c->refs = 1;
    list_init(&c->link);
    arena_init(&c->arena, 0, CONTEXT_ARENA);
    tls_cache_init(&c->sessions, session_ref, session_unref);
    c->ca = tls_file_note(&c->arena, o->ca);
    c->cert = tls_file_note(&c->arena, o->cert);
    c->key = tls_file_note(&c->arena, o->key);
    c->ssl = context_new(TLS_client_method());
    SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, NULL);
    X509_VERIFY_PARAM_set_hostflags(SSL_CTX_get0_param(c->ssl), VERIFY_HOSTFLAGS);
    int rc = SSL_CTX_set_alpn_protos(c->ssl, alpn, sizeof(alpn) - 1);
    must(rc == 0);
    (void)SSL_CTX_set_session_cache_mode(c->ssl,
                                         SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(c->ssl, session_granted);
    return c;
}

/* The files are read outside of the lock; of two threads that read the same ones, one wins. */
int tls_client_acquire(const struct tls_client_options *o, struct tls_client **out, str *why,
                       struct arena *a)
{
    (void)pthread_mutex_lock(&registry.lock);
    *out = client_find(o);
    (void)pthread_mutex_unlock(&registry.lock);
    if (*out)
        return 0;
    struct tls_client *c = client_new(o);
    int rc = client_load(c, why, a);
    if (rc < 0) {
        client_free(c);
        return rc;
    }
    (void)pthread_mutex_lock(&registry.lock);
    *out = client_find(o);
    if (!*out) {
        list_push_back(&registry.clients, &c->link);
        *out = c;
        c = NULL;
    }
    (void)pthread_mutex_unlock(&registry.lock);
    if (c)
        client_free(c);
    return 0;
}

static void client_ref(struct tls_client *c)
{
    (void)pthread_mutex_lock(&registry.lock);
    c->refs++;
    (void)pthread_mutex_unlock(&registry.lock);
}

void tls_client_release(struct tls_client *c)
{
    if (!c)
        return;
    (void)pthread_mutex_lock(&registry.lock);
    bool is_last = --c->refs == 0;
    if (is_last)
        list_remove(&c->link);
    (void)pthread_mutex_unlock(&registry.lock);
    if (is_last)
        client_free(c);
}

/* ---- server contexts ---- */

static SSL_CTX *server_find(const struct tls_server *s, const char *sni)
{
    char name[HOST_MAX + 1];
    size_t n = strnlen(sni, sizeof(name));
    if (n == sizeof(name))
        return NULL;
    for (size_t i = 0; i < n; i++)
        name[i] = sni[i] >= 'A' && sni[i] <= 'Z' ? (char)(sni[i] + ('a' - 'A')) : sni[i];
    SSL_CTX *exact = table_get(&s->names, str_of(name, n));
    size_t dot = str_find_char(str_of(name, n), '.');
    if (exact || dot == STR_NONE || dot == 0)
        return exact;
    name[dot - 1] = '*';
    return table_get(&s->names, str_of(name + dot - 1, n - dot + 1));
}

static int choose_cert(SSL *ssl, int *alert, void *arg)
{
    (void)alert;
    const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    SSL_CTX *chosen = sni ? server_find(arg, sni) : NULL;
    if (!chosen)
        return SSL_TLSEXT_ERR_NOACK;
    (void)SSL_set_SSL_CTX(ssl, chosen);
    return SSL_TLSEXT_ERR_OK;
}

/* Who offers protocols and not ours is told so (RFC 7301 3.2). */
static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                       const unsigned char *in, unsigned int n, void *arg)
{
    (void)ssl;
    (void)arg;
    static const char http1[] = "http/1.1";
    for (unsigned int i = 0; i < n && in[i] < n - i; i += in[i] + 1u) {
        if (in[i] != sizeof(http1) - 1 || memcmp(in + i + 1, http1, sizeof(http1) - 1) != 0)
            continue;
        *out = in + i + 1;
        *out_n = in[i];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Lower case; S_EMPTY for what no client can send. */
static str san_text(struct arena *a, const ASN1_STRING *san)
{
    int n = ASN1_STRING_length(san);
    const unsigned char *p = ASN1_STRING_get0_data(san);
    if (n <= 0 || n > HOST_MAX || memchr(p, 0, (size_t)n))
        return S_EMPTY;
    char *out = arena_alloc(a, (size_t)n);
    for (int i = 0; i < n; i++)
        out[i] = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] + ('a' - 'A')) : (char)p[i];
    return str_of(out, (size_t)n);
}

/* A name in two certificates belongs to the first. */
static void add_names(struct tls_server *s, SSL_CTX *ssl)
{
    const X509 *cert = SSL_CTX_get0_certificate(ssl);
    GENERAL_NAMES *sans = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(sans); i++) {
        const GENERAL_NAME *san = sk_GENERAL_NAME_value(sans, i);
        if (san->type != GEN_DNS)
            continue;
        str name = san_text(&s->arena, san->d.dNSName);
        if (name.n > 0)
            (void)table_add(&s->names, name, ssl);
    }
    GENERAL_NAMES_free(sans);
}

static SSL_CTX *server_context_new(struct tls_server *s)
{
    SSL_CTX *ssl = context_new(TLS_server_method());
    int is_set = SSL_CTX_set_cipher_list(ssl, CIPHERS_SERVER); /* of TLS 1.2 */
    must(is_set == 1);
    is_set = SSL_CTX_set_session_id_context(ssl, (const unsigned char *)SESSION_CONTEXT,
                                            sizeof(SESSION_CONTEXT) - 1);
    must(is_set == 1);
    (void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF); /* tickets only: no state */
    (void)SSL_CTX_set_tlsext_servername_callback(ssl, choose_cert);
    (void)SSL_CTX_set_tlsext_servername_arg(ssl, s);
    SSL_CTX_set_alpn_select_cb(ssl, choose_alpn, NULL);
    return ssl;
}

int tls_server_acquire(const struct tls_cert_files *certs, size_t n, struct tls_server **out,
                       str *why, struct arena *a)
{
    must(n > 0);
    struct tls_server *s = alloc0(sizeof(*s) + arena_mul(sizeof(SSL_CTX *), n));
    atomic_init(&s->refs, 1);
    table_init(&s->names);
    arena_init(&s->arena, 0, CONTEXT_ARENA);
    for (size_t i = 0; i < n; i++) {
        s->ssl[s->n++] = server_context_new(s);
        int rc = load_cert(s->ssl[i], certs[i].cert, certs[i].key, why, a);
        if (rc < 0) {
            tls_server_release(s);
            return rc;
        }
        add_names(s, s->ssl[i]);
    }
    *out = s;
    return 0;
}

struct tls_server *tls_server_ref(struct tls_server *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void tls_server_release(struct tls_server *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < s->n; i++)
        SSL_CTX_free(s->ssl[i]);
    table_fini(&s->names);
    arena_fini(&s->arena);
    free(s);
}

/* ---- handshakes ---- */

static struct tls *tls_new(SSL_CTX *ssl, int fd, const char *key)
{
    size_t n = strlen(key);
    struct tls *t = alloc0(sizeof(*t) + n + 1);
    memcpy(t->key, key, n);
    t->fd = fd;
    t->ssl = made(SSL_new(ssl));
    SSL_set_app_data(t->ssl, t);
    BIO *bio = bio_new(t);
    SSL_set_bio(t->ssl, bio, bio);
    return t;
}

static const char *failure_text(const struct tls *t)
{
    long verdict = SSL_get_verify_result(t->ssl);
    if (verdict != X509_V_OK)
        return X509_verify_cert_error_string(verdict);
    if (queue_has(SSL_R_WRONG_VERSION_NUMBER) || queue_has(SSL_R_HTTP_REQUEST))
        return "the peer does not speak TLS";
    return queue_text();
}

/* A handshake that OpenSSL gave up. */
static int handshake_failed(struct tls *t, str peer, struct arena *a, struct err *e)
{
    t->has_failed = true;
    if (queue_has(SSL_R_UNEXPECTED_EOF_WHILE_READING))
        return -E_EOF;
    if (ERR_peek_error() == 0) {
        errno = t->io_errno;
        return -E_IO;
    }
    return err_set(e, a, -E_TLS, "TLS handshake with " STR_FMT ": %s", STR_ARG(peer),
                   failure_text(t));
}

static int handshake(struct tls *t, struct net_conn *c, str peer, struct arena *a,
                     struct err *e) MAY_YIELD
{
    for (;;) {
        ERR_clear_error();
        int done = SSL_do_handshake(t->ssl);
        if (done == 1)
            return 0;
        int rc;
        int wanted = SSL_get_error(t->ssl, done);
        if (wanted == SSL_ERROR_WANT_READ) {
            c->is_readable = false; /* recv has just said so */
            rc = net_wait_readable(c);
        } else if (wanted == SSL_ERROR_WANT_WRITE) {
            c->is_writable = false;
            rc = net_wait_writable(c);
        } else {
            rc = handshake_failed(t, peer, a, e);
        }
        if (rc < 0)
            return rc;
    }
}

/* What the handshake read ahead is inside and makes no event any more, so both directions are
 * taken for ready until a step says otherwise. */
static int attach(struct tls *t, struct net_conn *c, int rc)
{
    if (rc < 0) {
        int error = errno;
        tls_free(t);
        errno = error;
        return rc;
    }
    c->tls = t;
    c->is_readable = true;
    c->is_writable = true;
    return 0;
}

static unsigned peer_port(int fd)
{
    struct sockaddr_storage ss = {0};
    socklen_t len = sizeof(ss);
    if (getpeername(fd, (struct sockaddr *)&ss, &len) == -1)
        return 0;
    if (ss.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&ss)->sin_port);
    if (ss.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&ss)->sin6_port);
    return 0;
}

/* The name the certificate must bear; SNI carries names only (RFC 6066 3). */
static bool expect_host(SSL *ssl, char *host)
{
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1)
        return true;
    ERR_clear_error();
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

int tls_connect(struct net_conn *c, struct tls_client *client, str host, struct arena *a,
                struct err *e)
{
    if (host.n > 1 && host.p[host.n - 1] == '.')
        host.n--; /* the root's dot is no part of a certificate's names */
    if (host.n == 0 || host.n > HOST_MAX || memchr(host.p, 0, host.n))
        return err_set(e, a, -E_TLS, "TLS handshake: not a valid host name");
    char *name = arena_cz(a, host);
    str key = arena_printf(a, "%s:%u", name, peer_port(c->watch.fd));
    struct tls *t = tls_new(client->ssl, c->watch.fd, arena_cz(a, key));
    t->client = client;
    client_ref(client);
    SSL_set_connect_state(t->ssl);
    if (!expect_host(t->ssl, name)) {
        tls_free(t);
        return err_set(e, a, -E_TLS, "TLS handshake: not a valid host name");
    }
    SSL_SESSION *session = tls_cache_get(&client->sessions, t->key);
    if (session)
        (void)SSL_set_session(t->ssl, session); /* when it cannot be used, a new one is made */
    SSL_SESSION_free(session);
    return attach(t, c, handshake(t, c, host, a, e));
}

int tls_accept(struct net_conn *c, struct tls_server *server, struct arena *a, struct err *e)
{
    struct tls *t = tls_new(server->ssl[0], c->watch.fd, "");
    t->server = tls_server_ref(server);
    SSL_set_accept_state(t->ssl);
    return attach(t, c, handshake(t, c, S("the client"), a, e));
}

/* ---- steps ---- */

/* The fate of a step that moved no byte. */
static ssize_t step_failed(struct tls *t, int rc, bool *wants_read, bool *wants_write)
{
    int wanted = SSL_get_error(t->ssl, rc);
    *wants_read = wanted == SSL_ERROR_WANT_READ;
    *wants_write = wanted == SSL_ERROR_WANT_WRITE;
    if (*wants_read || *wants_write)
        return -E_AGAIN;
    if (wanted == SSL_ERROR_ZERO_RETURN)
        return -E_EOF;
    t->has_failed = true;
    if (wanted == SSL_ERROR_SYSCALL && t->io_errno != 0)
        errno = t->io_errno;
    else
        errno = queue_has(SSL_R_UNEXPECTED_EOF_WHILE_READING) ? ECONNRESET : EPROTO;
    return -E_IO;
}

ssize_t tls_read_step(struct tls *t, void *p, size_t n, bool *wants_write)
{
    bool wants_read;
    *wants_write = false;
    if (t->has_failed) {
        errno = ECONNRESET;
        return -E_IO;
    }
    ERR_clear_error();
    int got = SSL_read(t->ssl, p, (int)MIN(n, (size_t)INT32_MAX));
    t->is_dry = got <= 0;
    if (t->has_ticket) {
        t->has_ticket = false;
        (void)SSL_free_buffers(t->ssl); /* fails while they are in use */
    }
    return got > 0 ? got : step_failed(t, got, &wants_read, wants_write);
}

ssize_t tls_write_step(struct tls *t, const void *p, size_t n, bool *wants_read)
{
    bool wants_write;
    *wants_read = false;
    if (t->has_failed) {
        errno = EPIPE;
        return -E_IO;
    }
    ERR_clear_error();
    int sent = SSL_write(t->ssl, p, (int)MIN(n, (size_t)INT32_MAX));
    return sent > 0 ? sent : step_failed(t, sent, wants_read, &wants_write);
}

bool tls_has_pending(const struct tls *t)
{
    return !t->is_dry && SSL_has_pending(t->ssl) == 1;
}

bool tls_is_drained(const struct tls *t)
{
    return t->is_drained;
}

void tls_shutdown_step(struct tls *t)
{
    if (t->has_failed || !SSL_is_init_finished(t->ssl))
        return;
    ERR_clear_error();
    if (SSL_shutdown(t->ssl) < 0)
        ERR_clear_error();
}

/* OpenSSL spoils the session of a connection that ends without close_notify, and the session is
 * shared with the table; TLS 1.2 (RFC 5246 7.2.1) no longer asks for that. */
void tls_free(struct tls *t)
{
    if (!t)
        return;
    if (!t->has_failed)
        SSL_set_shutdown(t->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(t->ssl);
    tls_client_release(t->client);
    tls_server_release(t->server);
    free(t);
}

const char *tls_version_text(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}
