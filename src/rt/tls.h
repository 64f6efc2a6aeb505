/* TLS with OpenSSL 3, as client and as server. The only file that includes openssl/ssl.h.
 *
 * TLS 1.2 and later, no renegotiation, no early data, release of idle buffers. Clients verify chain
 * and name (subject alternative names only) always; sessions are kept per client context, host and
 * port for resumption. Servers choose a certificate by SNI (exact, then wildcard, then the first).
 * Contexts are reference-counted, shared by threads, and const after making but for the sessions: a
 * snapshot holds them, connections hold the one they began with. ALPN offers http/1.1. */
#pragma once

#include <sys/types.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"

struct net_conn;
struct tls;        /* one connection's state */
struct tls_client; /* context */
struct tls_server;

struct tls_client_options {
    const char *ca;   /* PEM file or hashed directory instead of the system's store; NULL: system */
    const char *cert; /* PEM client certificate chain; NULL: none */
    const char *key;  /* PEM; NULL: in the same file as cert */
};
/* Equal options share one context per process, unless a file has changed since it was made. The
 * system's store is opened with the first context that needs it. Returns 0, or -E_TLS with *why
 * (in arena `a`) naming file and reason. */
NODISCARD int tls_client_acquire(const struct tls_client_options *o, struct tls_client **out,
                                 str *why, struct arena *a);
void tls_client_release(struct tls_client *c);

struct tls_cert_files {
    const char *cert; /* PEM chain */
    const char *key;  /* PEM */
};
/* Reads the files anew each time, so a renewed certificate is one reload away. */
NODISCARD int tls_server_acquire(const struct tls_cert_files *certs, size_t n,
                                 struct tls_server **out, str *why, struct arena *a);
struct tls_server *tls_server_ref(struct tls_server *s);
void tls_server_release(struct tls_server *s);

/* Handshakes on an open connection; on success c->tls is set and net_read/net_write speak TLS. 0,
 * -E_TLS (with `e`: "certificate has expired"), -E_IO, -E_EOF, -E_TIMEOUT or the cancel code. The
 * connection is of no use after a failure; closing it stays with the caller. `host` is a name or a
 * numeric address; the certificate must be made out to it. */
NODISCARD int tls_connect(struct net_conn *c, struct tls_client *client, str host, struct arena *a,
                          struct err *e) MAY_YIELD;
NODISCARD int tls_accept(struct net_conn *c, struct tls_server *server, struct arena *a,
                         struct err *e) MAY_YIELD;

/* ---- for net.c: one step, no waiting ---- */
/* Bytes > 0, or -E_AGAIN (with *wants_write telling which readiness is needed), -E_EOF, -E_IO. */
NODISCARD ssize_t tls_read_step(struct tls *t, void *p, size_t n, bool *wants_write);
NODISCARD ssize_t tls_write_step(struct tls *t, const void *p, size_t n, bool *wants_read);
bool tls_has_pending(const struct tls *t); /* a read step may find bytes without the kernel */
/* The kernel had no more bytes when it was last asked: none come without an event (nor with one
 * that has been delivered: after a hang-up this says nothing). */
bool tls_is_drained(const struct tls *t);
void tls_shutdown_step(struct tls *t); /* sends close_notify if it can at once */
void tls_free(struct tls *t);
const char *tls_version_text(void); /* "OpenSSL 3.0.17 ..." for `version` */
