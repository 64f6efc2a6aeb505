/* What the tests of connections share: one connection whose peer is a bare socket, a task that does
 * one thing to it, and stand-ins for rt/tls. Included after rt/net.c. */
#pragma once

#include "tap.h"

/* ---- stand-ins for rt/tls: bytes pass as they are, obstacles are put up by the test ---- */

struct tls {
    int fd;
    int read_wants_out, write_wants_in; /* so many steps ask for the other direction first */
    const char *inside;                 /* decrypted already */
    size_t inside_n;
    char retry[256]; /* the beginning of what has to be tried again */
    size_t retry_n;
    int n_writes, n_wrong_retries;
    bool is_shut, is_freed, is_drained;
};

ssize_t tls_read_step(struct tls *t, void *p, size_t n, bool *wants_write)
{
    *wants_write = t->read_wants_out > 0;
    if (t->inside_n > 0) {
        n = MIN(n, t->inside_n);
        memcpy(p, t->inside, n);
        t->inside_n -= n;
        t->inside += n;
        return (ssize_t)n;
    }
    if (t->read_wants_out > 0) {
        t->read_wants_out--;
        return -E_AGAIN;
    }
    ssize_t got = recv(t->fd, p, n, 0);
    if (got == 0)
        return -E_EOF;
    return got > 0 ? got : errno == EAGAIN ? -E_AGAIN : -E_IO; /* style: three outcomes in a row */
}

ssize_t tls_write_step(struct tls *t, const void *p, size_t n, bool *wants_read)
{
    *wants_read = t->write_wants_in > 0;
    if (n < t->retry_n || memcmp(p, t->retry, t->retry_n) != 0)
        t->n_wrong_retries++;
    n = MIN(n, (size_t)16 << 10);
    ssize_t sent = -1;
    if (t->write_wants_in > 0)
        t->write_wants_in--;
    else
        sent = send(t->fd, p, n, MSG_NOSIGNAL);
    if (sent > 0) {
        t->retry_n = 0;
        t->n_writes++;
        return sent;
    }
    t->retry_n = MIN(n, sizeof t->retry);
    memcpy(t->retry, p, t->retry_n);
    return *wants_read || errno == EAGAIN ? -E_AGAIN : -E_IO;
}

bool tls_has_pending(const struct tls *t)
{
    return t->inside_n > 0;
}

bool tls_is_drained(const struct tls *t)
{
    return t->is_drained;
}

void tls_shutdown_step(struct tls *t)
{
    t->is_shut = true;
}

void tls_free(struct tls *t)
{
    if (t)
        t->is_freed = true;
}

/* ---- a connection, and its peer as a bare socket ---- */

#define BIG ((size_t)3 << 20)

static struct loop *loop;
static struct net_conn conn;
static int peer;
static struct tls tls;
static char big[BIG], got[BIG];
static size_t got_n;
static struct task *it;
static ssize_t result;
static bool is_done;

static inline void turn(void)
{
    loop_turn(loop, 0);
}

static inline void open_pair(void)
{
    int fd[2];
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) == 0);
    must(net_conn_open(&conn, fd[0]) == 0);
    peer = fd[1];
    got_n = 0;
    turn();
}

static inline void open_tls_pair(void)
{
    open_pair();
    tls = (struct tls){.fd = conn.watch.fd};
    conn.tls = &tls;
}

static inline void close_pair(void)
{
    net_conn_close(&conn);
    if (peer >= 0)
        (void)close(peer);
    peer = -1;
    turn();
}

static inline void close_peer(void)
{
    (void)close(peer);
    peer = -1;
}

static inline void peer_says(const char *text)
{
    must(send(peer, text, strlen(text), 0) == (ssize_t)strlen(text));
}

/* Reads up to n bytes of what is there; the number read. */
static inline size_t peer_reads(size_t n)
{
    size_t before = got_n;
    while (got_n - before < n) {
        ssize_t r = recv(peer, got + got_n, MIN(n - (got_n - before), BIG - got_n), 0);
        if (r <= 0)
            break;
        got_n += (size_t)r;
    }
    return got_n - before;
}

static inline bool peer_has(size_t n)
{
    while (got_n < n) {
        turn();
        if (peer_reads(SIZE_MAX) == 0 && is_done)
            break;
    }
    return got_n == n && memcmp(got, big, n) == 0;
}

static inline void start(task_fn fn)
{
    is_done = false;
    result = 1;
    it = task_spawn(fn, NULL);
    turn();
}

static inline void set_up(void)
{
    for (size_t i = 0; i < BIG; i++)
        big[i] = (char)((i * 2654435761u) >> 11);
    loop = loop_open();
    clock_test_set(clock_now_us(), 0);
}

/* ---- what a task does ---- */

static size_t write_bytes;
static char in[64];

static inline void read_once(void *arg)
{
    (void)arg;
    result = net_read(&conn, in, sizeof in);
    is_done = true;
}

static inline void queue_and_leave(void *arg)
{
    (void)arg;
    struct iovec iov = {.iov_base = big, .iov_len = write_bytes};
    result = net_queue(&conn, &iov, 1);
    is_done = true;
}

static inline void end_writing(void *arg)
{
    (void)arg;
    result = net_shutdown(&conn);
    is_done = true;
}
