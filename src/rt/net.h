/* Connections and listeners.
 *
 * A struct net_conn is embedded in whatever owns it (a client connection, a pooled upstream
 * connection). It is registered edge-triggered once. A connection nobody waits on costs its struct
 * only; when something happens to it, its on_idle is called from the loop (readable: start a task;
 * hang-up of a pooled connection: drop it).
 *
 * Reading and writing suspend the calling task when the kernel has nothing or no room. One task
 * reads, one writes (may be the same). With tls set, the same calls go through TLS. Results: bytes
 * or 0 for success as stated, else
 *   -E_EOF       orderly end by the peer (net_read only; with TLS a close_notify, a cut is -E_IO)
 *   -E_IO        reset or any other failure; errno tells
 *   -E_STALLED   no byte could be written for stall_us
 *   -E_TIMEOUT, or the task's cancel code. */
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include "base/defs.h"
#include "base/str.h"
#include "rt/loop.h"

struct task;
struct tls;

/* With pieces up to 16 KiB, what is unsent fits into 64 KiB. */
#define NET_SEND_HIGH (48u << 10) /* net_send suspends while more than this is unsent... */
#define NET_SEND_LOW  (16u << 10) /* ...until no more than this is */

struct net_conn {
    struct loop_watch watch; /* fd -1: closed */
    struct tls *tls;         /* OWNED; NULL: plain */
    bool is_readable;        /* the kernel may have bytes for us */
    bool is_writable;
    bool has_hangup;     /* the peer has closed or reset its side */
    bool read_wants_out; /* TLS has to write before it can read on... */
    bool write_wants_in; /* ...and the reverse */
    int write_errno;     /* writing has failed for good with this error; 0: it has not */
    struct task *reader; /* waiting tasks */
    struct task *writer;
    /* The peer has closed its side (once), or reset the connection (is_reset). NULL: ignored. May
     * not free c. */
    void (*on_hangup)(struct net_conn *c, bool is_reset);
    void (*on_idle)(
        struct net_conn *c); /* nobody waits and bytes or a hang-up have come; NULL: ignored */
    char *out;               /* unsent bytes of net_send, from base/pool; NULL: none */
    size_t out_size, out_from, out_to;
    size_t out_low;          /* the waiting writer goes on when no more than this is unsent */
    int64_t out_progress_us; /* when a byte last left while some waited */
    int64_t stall_us;        /* 0: no limit */
    uint64_t bytes_in, bytes_out;
};

/* Takes over a connected non-blocking socket and registers it. Sets every field: what the owner has
 * to say (on_idle, stall_us) is said after it. 0; or -E_SYSTEM, and the socket stays the caller's.
 */
NODISCARD int net_conn_open(struct net_conn *c, int fd);
/* Closes at once; unsent bytes are lost. Safe when closed. */
void net_conn_close(struct net_conn *c);
/* Closes with a reset, so that the peer cannot take what it got for the whole. */
void net_conn_abort(struct net_conn *c);
static inline bool net_conn_is_open(const struct net_conn *c)
{
    return c->watch.fd >= 0;
}
/* True if a connection that should be silent is: open, no hang-up, nothing to read, nothing unsent.
 * No system call; so after a read that filled its buffer it is false until a net_try_read has said
 * -E_AGAIN. */
bool net_conn_is_quiet(const struct net_conn *c);

/* At least one byte into p; > 0, or an error. */
NODISCARD ssize_t net_read(struct net_conn *c, void *p, size_t n) MAY_YIELD;
/* Same without waiting: -E_AGAIN. */
NODISCARD ssize_t net_try_read(struct net_conn *c, void *p, size_t n);
/* Until bytes or a hang-up are there. 0 or an error. */
NODISCARD int net_wait_readable(struct net_conn *c) MAY_YIELD;
/* Until the kernel may take bytes. */
NODISCARD int net_wait_writable(struct net_conn *c) MAY_YIELD;

/* All bytes, straight from the caller's memory, which stays put meanwhile. iov is used up. 0 or an
 * error. */
NODISCARD int net_write(struct net_conn *c, struct iovec *iov, int n) MAY_YIELD;
/* Writes what the kernel takes now and copies the rest to c->out, to be sent as the peer reads.
 * Never waits, whatever is queued already; the caller's memory is free again. 0, -E_IO, or
 * -E_STALLED when bytes have been waiting in c->out for stall_us. */
NODISCARD int net_queue(struct net_conn *c, struct iovec *iov, int n);
/* Back-pressure for net_queue: while more than NET_SEND_HIGH is unsent, waits until no more than
 * NET_SEND_LOW is. */
NODISCARD int net_drain(struct net_conn *c) MAY_YIELD;
/* net_queue, then net_drain. */
NODISCARD int net_send(struct net_conn *c, struct iovec *iov, int n) MAY_YIELD;
/* Until c->out is empty. */
NODISCARD int net_flush(struct net_conn *c) MAY_YIELD;
/* Ends our direction (FIN, or close_notify) after a net_flush. */
NODISCARD int net_shutdown(struct net_conn *c) MAY_YIELD;

void net_set_nodelay(int fd);

/* ---- listening ---- */

/* "127.0.0.1:8080", "[::1]:0", "host:80" is not resolved here: numbers only; "unix:/path"; ":8080"
 * is every address. */
struct net_addr {
    struct sockaddr_storage sa;
    socklen_t len;
};
NODISCARD int net_addr_parse(str text, struct net_addr *out); /* 0 or -E_BAD_REQUEST */
/* "127.0.0.1:8080" into out[NET_ADDR_TEXT]. */
#define NET_ADDR_TEXT 128
str net_addr_format(const struct sockaddr *sa, socklen_t len, char out[NET_ADDR_TEXT]);
bool net_addr_is_local(const struct sockaddr *sa); /* loopback or unix */

/* A bound, listening, non-blocking socket, or -E_SYSTEM with errno. With `share`, SO_REUSEPORT. A
 * stale unix socket file is replaced; a live one is an error. */
NODISCARD int net_listen_fd(const struct net_addr *addr, bool share);

struct net_listener {
    struct loop_watch watch;
    struct loop_timer resume;
    bool is_paused; /* no descriptor is left; accepting resumes by itself */
    void (*on_accept)(struct net_listener *l, int fd, const struct sockaddr *peer,
                      socklen_t len); /* takes fd */
    /* Asked before each accept; false pauses as if no descriptor were left. NULL: always true. */
    bool (*may_accept)(struct net_listener *l);
    void *owner;
};
/* Accepts on fd (BORROWED: several loops may share one); on_accept is set before. Accepted sockets
 * are non-blocking and without Nagle's algorithm; peers that came by IPv4 have an IPv4 address. Out
 * of descriptors: pauses, counts throwbar_connections_refused_total and tries again shortly; no
 * busy loop. 0 or -E_SYSTEM. */
NODISCARD int net_listener_open(struct net_listener *l, int fd);
/* Accepts what the kernel has queued, then stops listening on this loop. Does not close fd. Safe
 * when closed. */
void net_listener_close(struct net_listener *l);
