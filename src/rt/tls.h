/* TLS with OpenSSL 3, as client and as server. The only file that includes openssl/ssl.h.
 *
 * TLS 1.2 and later, no renegotiation, no early data, release of idle buffers. Clients verify chain
 * and name always; sessions are kept per client context and host for resumption. Servers choose a
 * certificate by SNI (exact, then wildcard, then the first). Contexts are reference-counted and
 * const after making: a snapshot holds them, connections hold the one they began with. ALPN offers
 * http/1.1. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"

struct net_conn;
struct tls;        /* one connection's state */
struct tls_client; /* context */
struct tls_server;

struct tls_client_options {
    const char *ca;   /* PEM file or directory instead of the system's store; NULL: system */
    const char *cert; /* client certificate chain and key; NULL: none */
    const char *key;
};
/* Made lazily cheap: equal options share one context per process. Returns 0, or -E_TLS with *why
 * naming file and reason. */
NODISCARD int tls_client_acquire(const struct tls_client_options *o, struct tls_client **out,
                                 str *why, struct arena *a);
void tls_client_release(struct tls_client *c);

struct tls_cert_files {
    const char *cert; /* PEM chain */
    const char *key;  /* PEM */
};
NODISCARD int tls_server_acquire(const struct tls_cert_files *certs, size_t n,
                                 struct tls_server **out, str *why, struct arena *a);
struct tls_server *tls_server_ref(struct tls_server *s);
void tls_server_release(struct tls_server *s);

/* Handshakes on an open connection; on success c->tls is set and net_read/net_write speak TLS. 0,
 * -E_TLS (with `e`), -E_IO, -E_EOF, -E_TIMEOUT or the cancel code. */
NODISCARD int tls_connect(struct net_conn *c, const struct tls_client *client, str host,
                          struct arena *a, struct err *e) MAY_YIELD;
NODISCARD int tls_accept(struct net_conn *c, struct tls_server *server, struct arena *a,
                         struct err *e) MAY_YIELD;

/* ---- for net.c: one step, no waiting ---- */
/* Bytes > 0, or -E_AGAIN (with *wants_write telling which readiness is needed), -E_EOF, -E_IO. */
NODISCARD ssize_t tls_read_step(struct tls *t, void *p, size_t n, bool *wants_write);
NODISCARD ssize_t tls_write_step(struct tls *t, const void *p, size_t n, bool *wants_read);
bool tls_has_pending(const struct tls *t); /* decrypted bytes wait inside */
void tls_shutdown_step(struct tls *t);     /* sends close_notify if it can at once */
void tls_free(struct tls *t);
const char *tls_version_text(void); /* "OpenSSL 3.0.17 ..." for `version` */
