/* A client connection: the bytes it has sent and we have not used, and the answers we write.
 *
 * While no request is in flight it has no task and no buffer. Everything here is called from the
 * connection's task. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/list.h"
#include "rt/net.h"
#include "wire/http1.h"

struct worker;

enum client_scope { CLIENT_SERVER, CLIENT_ADMIN };

struct client {
    struct net_conn conn;
    struct list link; /* in worker->clients */
    struct worker *worker;
    struct task *task;      /* while a request is in flight */
    struct tls_server *tls; /* one reference, until the handshake is over */
    enum client_scope scope;
    struct loop_timer idle; /* head timeout at first, keep-alive after it */
    char *in;               /* received, unused bytes: in + in_from .. in + in_to; NULL: none */
    size_t in_size, in_from, in_to;
    uint64_t requests;
    bool wants_close; /* after the current answer */
    bool watches_hangup;
    bool has_lingering_body; /* the client may still be sending what nobody reads */
    size_t block_size;
    unsigned char peer[28]; /* sockaddr_in or sockaddr_in6; else family AF_UNSPEC */
};

/* Takes fd. Starts the TLS handshake or waits for the first byte. */
void client_open(struct worker *w, enum client_scope scope, int fd, const struct sockaddr *peer,
                 socklen_t len, struct tls_server *tls);
/* At the end of a worker's thread: gives its landing block back. */
void client_thread_end(void);
/* Asks all connections of the worker to go: idle ones soon, busy ones after their answer. */
void client_drain_all(struct worker *w);
/* Past the drain deadline: tasks are cancelled with -E_DRAINING. */
void client_cancel_all(struct worker *w);

/* From now on the connection's task is cancelled with -E_CLIENT_GONE when the client goes. */
void client_watch_hangup(struct client *c, bool watches);

/* ---- reading the request, for gate/exchange.c and handlers ---- */

/* The body of the current request, decoded. Small bodies lie where they were received; others
 * grow in a pooled block. */
struct client_body {
    struct http1_body decoder;
    char *block; /* from base/pool; NULL: `n` bytes at `p` are borrowed */
    size_t size;
    char *p;
    size_t n; /* decoded bytes so far */
    size_t max;
    bool is_begun; /* 100-continue sent, deadline set */
    int64_t deadline_us;
};

void client_body_init(struct client_body *b, const struct http_head *head, size_t max);
void client_body_fini(struct client_body *b);
/* Reads on until the whole body is there or at least `enough` bytes are. 0; -E_BODY_TOO_LARGE,
 * -E_BODY_TIMEOUT, -E_HTTP, -E_CLIENT_GONE, or the cancel code. */
NODISCARD int client_body_read(struct client *c, struct client_body *b, bool expects_continue,
                               size_t enough) MAY_YIELD;

/* Forgets the bytes read so far, which have been passed on; the block is used again. */
void client_body_forget(struct client_body *b);
/* Moves received bytes that nobody has used yet out of the scratch buffer: before the first wait
 * of a handler. */
void client_keep_input(struct client *c);

/* ---- writing ---- */

/* All of these report a peer that is gone, or that does not read, as -E_CLIENT_GONE, and the end of
 * the request's time as -E_TOTAL_TIMEOUT. */

/* Sends what the kernel takes now and queues a copy of the rest. Never waits; see client_drain. */
NODISCARD int client_queue(struct client *c, struct iovec *iov, int n);
/* Waits while more than NET_SEND_HIGH bytes are queued. */
NODISCARD int client_drain(struct client *c) MAY_YIELD;
/* Straight from the caller's memory, until all is with the kernel. */
NODISCARD int client_write(struct client *c, struct iovec *iov, int n) MAY_YIELD;
str client_peer_text(const struct client *c, char out[NET_ADDR_TEXT]);
