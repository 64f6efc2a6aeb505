/* Connections: edge-triggered readiness, and tasks that wait for it.
 *
 * The kernel says once that a socket has become readable or writable; is_readable and is_writable
 * remember it until a call shows that it is over. Reading shows it with a read shorter than asked
 * (epoll(7), question 9): the second read that would only say EAGAIN is saved. Once a hang-up was
 * seen that no longer holds, because its edge has been reported already, so reading goes on to the
 * end of the stream. Writing shows it with a write shorter than asked.
 *
 * What net_send could not get rid of lies in c->out and is sent from the loop as the peer reads;
 * the task goes on meanwhile. A writer that waits says in out_low how much may be left when it is
 * woken. The clock against a peer that does not read is out_progress_us: it starts when bytes begin
 * to wait and moves whenever one leaves.
 *
 * With TLS the same happens through tls_read_step and tls_write_step. Either may need the other
 * direction of the socket before it can go on (read_wants_out, write_wants_in). Small pieces are
 * gathered in c->out, since each step makes a record. A step that did not get through must be tried
 * again with the same bytes: those in c->out stay in front, those of a writer stay where they
 * are. */
#include "rt/net.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/pool.h"
#include "rt/task.h"
#include "rt/tls.h"

#define EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)
#define GONE   (EPOLLRDHUP | EPOLLHUP | EPOLLERR)

#define SEND_JOINED_BYTES 4096

#define TLS_GATHER_BYTES ((size_t)16 << 10) /* a full record */
#define TLS_DIRECT_BYTES ((size_t)4 << 10)  /* a piece worth a record of its own */

_Static_assert(IOV_MAX >= 1024, "sendmsg takes as many pieces");

static bool can_read(const struct net_conn *c)
{
    if (c->tls && tls_has_pending(c->tls))
        return true;
    return c->read_wants_out ? c->is_writable : c->is_readable;
}

static bool can_write(const struct net_conn *c)
{
    return c->write_wants_in ? c->is_readable : c->is_writable;
}

static size_t unsent(const struct net_conn *c)
{
    return c->out_to - c->out_from;
}

/* ---- pieces ---- */

/* Drops `done` bytes from the front, and empty pieces. */
static void iov_advance(struct iovec **iov, int *n, size_t done)
{
    while (*n > 0 && (*iov)->iov_len <= done) {
        done -= (*iov)->iov_len;
        (*iov)++;
        (*n)--;
    }
    if (*n > 0) {
        (*iov)->iov_base = (char *)(*iov)->iov_base + done;
        (*iov)->iov_len -= done;
    }
}

static size_t iov_bytes(const struct iovec *iov, int n)
{
    size_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += iov[i].iov_len;
    return sum;
}

/* ---- c->out ---- */

static void out_release(struct net_conn *c)
{
    pool_release(c->out, c->out_size);
    c->out = NULL;
    c->out_size = c->out_from = c->out_to = 0;
}

/* Room for n more bytes at out_to. */
static void out_reserve(struct net_conn *c, size_t n)
{
    size_t held = unsent(c);
    if (c->out_size - c->out_to >= n)
        return;
    if (c->out_size - held >= n && c->out_from >= held) {
        memcpy(c->out, c->out + c->out_from, held);
    } else {
        size_t size = 0;
        char *p = pool_acquire(held + n, &size);
        if (held > 0)
            memcpy(p, c->out + c->out_from, held);
        pool_release(c->out, c->out_size);
        c->out = p;
        c->out_size = size;
    }
    c->out_from = 0;
    c->out_to = held;
}

/* Moves up to `limit` bytes from iov into c->out. */
static void out_take(struct net_conn *c, struct iovec **iov, int *n, size_t limit)
{
    size_t left = MIN(iov_bytes(*iov, *n), limit);
    if (left == 0)
        return;
    if (unsent(c) == 0)
        c->out_progress_us = clock_now_us();
    out_reserve(c, left);
    while (left > 0) {
        size_t part = MIN((*iov)->iov_len, left);
        if (part > 0)
            memcpy(c->out + c->out_to, (*iov)->iov_base, part);
        c->out_to += part;
        left -= part;
        iov_advance(iov, n, part);
    }
}

/* ---- one step, no waiting ---- */

static ssize_t write_failed(struct net_conn *c)
{
    c->write_errno = errno;
    out_release(c);
    errno = c->write_errno;
    return -E_IO;
}

/* 0 until writing has failed. */
static int write_verdict(const struct net_conn *c)
{
    if (c->write_errno == 0)
        return 0;
    errno = c->write_errno;
    return -E_IO;
}

/* A small message in several pieces is put together first: that costs less than the kernel's work
 * with a list of pieces. */
static ssize_t send_joined(int fd, struct iovec *iov, int n, size_t bytes)
{
    static _Thread_local char joined[SEND_JOINED_BYTES];
    if (n == 1)
        return send(fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL);
    if (bytes > sizeof joined) {
        struct msghdr m = {.msg_iov = iov, .msg_iovlen = (size_t)n};
        return sendmsg(fd, &m, MSG_NOSIGNAL);
    }
    size_t at = 0;
    for (int i = 0; i < n; i++) {
        if (iov[i].iov_len > 0)
            memcpy(joined + at, iov[i].iov_base, iov[i].iov_len);
        at += iov[i].iov_len;
    }
    return send(fd, joined, bytes, MSG_NOSIGNAL);
}

static ssize_t write_plain(struct net_conn *c, struct iovec *iov, int n)
{
    n = MIN(n, 1024);
    size_t bytes = iov_bytes(iov, n);
    ssize_t sent = 0;
    do {
        sent = send_joined(c->watch.fd, iov, n, bytes);
    } while (sent == -1 && errno == EINTR);
    if (sent == -1 && errno != EAGAIN)
        return write_failed(c);
    if (sent == -1 || (size_t)sent < bytes)
        c->is_writable = false;
    return sent == -1 ? -E_AGAIN : sent;
}

static ssize_t write_tls(struct net_conn *c, const struct iovec *iov)
{
    ssize_t sent = tls_write_step(c->tls, iov->iov_base, iov->iov_len, &c->write_wants_in);
    if (sent == -E_AGAIN && c->write_wants_in)
        c->is_readable = false;
    else if (sent == -E_AGAIN)
        c->is_writable = false;
    else if (sent < 0)
        return write_failed(c);
    return sent;
}

/* Bytes taken, > 0; -E_AGAIN or -E_IO. The first piece is not empty. */
static ssize_t write_step(struct net_conn *c, struct iovec *iov, int n)
{
    int rc = write_verdict(c);
    if (rc < 0)
        return rc;
    if (!can_write(c))
        return -E_AGAIN;
    ssize_t sent = c->tls ? write_tls(c, iov) : write_plain(c, iov, n);
    if (sent > 0) {
        c->bytes_out += (uint64_t)sent;
        c->out_progress_us = clock_now_us();
    }
    return sent;
}

/* Sends from c->out what can be sent now. */
static void out_send(struct net_conn *c)
{
    while (unsent(c) > 0) {
        struct iovec piece = {.iov_base = c->out + c->out_from, .iov_len = unsent(c)};
        ssize_t sent = write_step(c, &piece, 1);
        if (sent < 0)
            return; /* a failure has emptied c->out and is kept in write_errno */
        c->out_from += (size_t)sent;
    }
    out_release(c);
}

static ssize_t read_plain(struct net_conn *c, void *p, size_t n)
{
    ssize_t got = 0;
    do {
        got = recv(c->watch.fd, p, n, 0);
    } while (got == -1 && errno == EINTR);
    if (got == 0)
        return -E_EOF;
    if (got == -1 && errno != EAGAIN)
        return -E_IO;
    if (got == -1 || ((size_t)got < n && !c->has_hangup))
        c->is_readable = false;
    return got == -1 ? -E_AGAIN : got;
}

static ssize_t read_tls(struct net_conn *c, void *p, size_t n)
{
    ssize_t got = tls_read_step(c->tls, p, n, &c->read_wants_out);
    if (got == -E_AGAIN && c->read_wants_out)
        c->is_writable = false;
    else if (got == -E_AGAIN || (got > 0 && tls_is_drained(c->tls) && !c->has_hangup))
        c->is_readable = false;
    return got;
}

ssize_t net_try_read(struct net_conn *c, void *p, size_t n)
{
    must(n > 0);
    if (!net_conn_is_open(c)) {
        errno = EBADF;
        return -E_IO;
    }
    if (!can_read(c))
        return -E_AGAIN;
    ssize_t got = c->tls ? read_tls(c, p, n) : read_plain(c, p, n);
    if (got > 0)
        c->bytes_in += (uint64_t)got;
    return got;
}

/* ---- events ---- */

static bool writer_can_go_on(const struct net_conn *c)
{
    if (c->write_errno != 0)
        return true;
    return unsent(c) > 0 ? unsent(c) <= c->out_low : can_write(c);
}

static void on_event(struct loop_watch *w, uint32_t events)
{
    struct net_conn *c = container_of(w, struct net_conn, watch);
    bool is_reset = (events & (EPOLLHUP | EPOLLERR)) != 0;
    bool is_first_hangup = (events & GONE) && !c->has_hangup; /* every later event has it, too */
    if (events & GONE)
        c->has_hangup = true;
    if (events & (EPOLLIN | GONE))
        c->is_readable = true;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        c->is_writable = true;
    if (unsent(c) > 0)
        out_send(c);

    bool is_idle = !c->reader && !c->writer;
    if (c->reader && can_read(c) && task_is_waiting(c->reader))
        task_wake(c->reader, 0);
    if (c->writer && writer_can_go_on(c) && task_is_waiting(c->writer))
        task_wake(c->writer, 0);
    if (c->on_hangup && (is_first_hangup || is_reset))
        c->on_hangup(c, is_reset);
    if (is_idle && c->is_readable && c->on_idle && (events & (EPOLLIN | GONE)))
        c->on_idle(c); /* may free c */
}

int net_conn_open(struct net_conn *c, int fd)
{
    *c = (struct net_conn){.watch = {.fd = fd, .fn = on_event}, .is_writable = true};
    if (loop_watch_add(&c->watch, EVENTS) == 0)
        return 0;
    c->watch.fd = -1;
    return -E_SYSTEM;
}

void net_conn_close(struct net_conn *c)
{
    if (!net_conn_is_open(c))
        return;
    must(!c->reader && !c->writer);
    loop_watch_remove(&c->watch);
    tls_free(c->tls);
    c->tls = NULL;
    (void)close(c->watch.fd); /* released whatever it says */
    c->watch.fd = -1;
    out_release(c);
}

void net_conn_abort(struct net_conn *c)
{
    if (!net_conn_is_open(c))
        return;
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(c->watch.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    net_conn_close(c);
}

bool net_conn_is_quiet(const struct net_conn *c)
{
    return net_conn_is_open(c) && !c->has_hangup && c->write_errno == 0 && unsent(c) == 0 &&
           !c->is_readable && !can_read(c);
}

void net_set_nodelay(int fd)
{
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* fails on unix sockets */
}

/* ---- reading ---- */

static int wait_in(struct net_conn *c) MAY_YIELD
{
    must(!c->reader);
    c->reader = task_self();
    int rc = task_wait();
    c->reader = NULL;
    return rc;
}

int net_wait_readable(struct net_conn *c)
{
    while (net_conn_is_open(c) && !can_read(c)) {
        int rc = wait_in(c);
        if (rc < 0)
            return rc;
    }
    return 0;
}

ssize_t net_read(struct net_conn *c, void *p, size_t n)
{
    int rc = task_breathe();
    while (rc == 0) {
        ssize_t got = net_try_read(c, p, n);
        if (got != -E_AGAIN)
            return got;
        rc = wait_in(c);
    }
    return rc;
}

/* ---- writing ---- */

static bool has_stalled(const struct net_conn *c)
{
    return c->stall_us > 0 && clock_now_us() - c->out_progress_us >= c->stall_us;
}

/* Until the event that writer_can_go_on describes, or maybe earlier: 0 or an error. */
static int wait_out(struct net_conn *c, size_t low) MAY_YIELD
{
    must(!c->writer);
    int64_t before = task_deadline();
    if (c->stall_us > 0)
        (void)task_deadline_narrow(c->out_progress_us + c->stall_us);
    c->writer = task_self();
    c->out_low = low;
    int rc = task_wait();
    c->writer = NULL;
    task_deadline_restore(before);
    bool is_our_limit =
        rc == -E_TIMEOUT && c->stall_us > 0 && task_cancelled() == 0 && clock_now_us() < before;
    if (!is_our_limit)
        return rc;
    return has_stalled(c) ? -E_STALLED : 0; /* some bytes have left meanwhile */
}

static int wait_unsent(struct net_conn *c, size_t low) MAY_YIELD
{
    while (unsent(c) > low) {
        int rc = wait_out(c, low);
        if (rc < 0)
            return rc;
    }
    return write_verdict(c);
}

int net_wait_writable(struct net_conn *c)
{
    if (unsent(c) == 0)
        c->out_progress_us = clock_now_us();
    while (net_conn_is_open(c) && !can_write(c)) {
        int rc = wait_out(c, 0);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int net_flush(struct net_conn *c)
{
    if (unsent(c) > 0 && has_stalled(c))
        return -E_STALLED;
    return wait_unsent(c, 0);
}

/* One step of net_write with c->out empty; > 0, -E_AGAIN or an error. Small pieces under TLS go
 * through c->out. */
static ssize_t write_pieces(struct net_conn *c, struct iovec **iov, int *n) MAY_YIELD
{
    if (c->tls && (*iov)->iov_len < TLS_DIRECT_BYTES) {
        out_take(c, iov, n, TLS_GATHER_BYTES);
        out_send(c);
        int rc = net_flush(c);
        return rc < 0 ? rc : 1;
    }
    ssize_t sent = write_step(c, *iov, *n);
    if (sent > 0)
        iov_advance(iov, n, (size_t)sent);
    return sent;
}

int net_write(struct net_conn *c, struct iovec *iov, int n)
{
    int rc = net_flush(c);
    if (rc < 0)
        return rc;
    c->out_progress_us = clock_now_us();
    iov_advance(&iov, &n, 0);
    while (n > 0) {
        ssize_t sent = write_pieces(c, &iov, &n);
        if (sent == -E_AGAIN)
            sent = wait_out(c, 0);
        if (sent < 0)
            return (int)sent;
    }
    return 0;
}

int net_queue(struct net_conn *c, struct iovec *iov, int n)
{
    if (unsent(c) > 0 && has_stalled(c))
        return -E_STALLED;
    iov_advance(&iov, &n, 0);
    ssize_t sent = 0;
    while (n > 0 && unsent(c) == 0 && !c->tls && sent >= 0) {
        sent = write_step(c, iov, n);
        if (sent > 0)
            iov_advance(&iov, &n, (size_t)sent);
    }
    if (n > 0 && c->write_errno == 0) {
        out_take(c, &iov, &n, SIZE_MAX);
        out_send(c);
    }
    return write_verdict(c);
}

int net_drain(struct net_conn *c)
{
    return wait_unsent(c, unsent(c) > NET_SEND_HIGH ? NET_SEND_LOW : SIZE_MAX);
}

int net_send(struct net_conn *c, struct iovec *iov, int n)
{
    int rc = net_queue(c, iov, n);
    if (rc == 0)
        rc = net_drain(c);
    return rc < 0 ? rc : task_breathe();
}

int net_shutdown(struct net_conn *c)
{
    int rc = net_flush(c);
    if (rc < 0)
        return rc;
    if (c->tls)
        tls_shutdown_step(c->tls);
    return shutdown(c->watch.fd, SHUT_WR) == -1 ? -E_IO : 0;
}
