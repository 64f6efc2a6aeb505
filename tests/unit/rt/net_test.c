#include "rt/net.c"

#include <arpa/inet.h>

#include "base/dies.h"
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

static void turn(void)
{
    loop_turn(loop, 0);
}

static void open_pair(void)
{
    int fd[2];
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) == 0);
    must(net_conn_open(&conn, fd[0]) == 0);
    peer = fd[1];
    got_n = 0;
    turn();
}

static void open_tls_pair(void)
{
    open_pair();
    tls = (struct tls){.fd = conn.watch.fd};
    conn.tls = &tls;
}

static void close_pair(void)
{
    net_conn_close(&conn);
    if (peer >= 0)
        (void)close(peer);
    peer = -1;
    turn();
}

static void close_peer(void)
{
    (void)close(peer);
    peer = -1;
}

static void peer_says(const char *text)
{
    must(send(peer, text, strlen(text), 0) == (ssize_t)strlen(text));
}

/* Reads up to n bytes of what is there; the number read. */
static size_t peer_reads(size_t n)
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

static bool peer_has(size_t n)
{
    while (got_n < n) {
        turn();
        if (peer_reads(SIZE_MAX) == 0 && is_done)
            break;
    }
    return got_n == n && memcmp(got, big, n) == 0;
}

static void start(task_fn fn)
{
    is_done = false;
    result = 1;
    it = task_spawn(fn, NULL);
    turn();
}

/* ---- reading ---- */

static char in[64];

static void read_once(void *arg)
{
    (void)arg;
    result = net_read(&conn, in, sizeof in);
    is_done = true;
}

static void read_five(void *arg)
{
    (void)arg;
    result = net_read(&conn, in, 5);
    is_done = true;
}

static void test_read(void)
{
    open_pair();
    is_int(net_try_read(&conn, in, sizeof in), -E_AGAIN, "nothing to read");
    start(read_once);
    ok(!is_done && conn.reader == it, "reading waits for bytes");
    peer_says("hello");
    turn();
    ok(is_done && result == 5 && memcmp(in, "hello", 5) == 0, "and gets them");
    ok(!conn.is_readable && !conn.reader, "a short read has emptied the socket");
    ok(net_conn_is_quiet(&conn), "so the connection is quiet");

    start(read_five);
    peer_says("hello world");
    turn();
    ok(result == 5 && conn.is_readable, "a full read has maybe not");
    ok(!net_conn_is_quiet(&conn), "so the connection is not known to be quiet");
    is_int(net_try_read(&conn, in, sizeof in), 6, "the rest is there at once");
    is_int(conn.bytes_in, 16, "bytes are counted");

    peer_says("bye");
    close_peer();
    turn();
    ok(conn.has_hangup, "a hang-up is seen before it is read");
    start(read_once);
    is_int(result, 3, "bytes before the end are read");
    start(read_once);
    is_int(result, -E_EOF, "then the end");
    start(read_once);
    is_int(result, -E_EOF, "as often as asked");
    close_pair();
    is_int(net_try_read(&conn, in, sizeof in), -E_IO, "a closed connection is an error");
}

static void wait_readable(void *arg)
{
    (void)arg;
    result = net_wait_readable(&conn);
    is_done = true;
}

static void test_wait_readable(void)
{
    open_pair();
    start(wait_readable);
    ok(!is_done, "waiting for bytes");
    peer_says("x");
    turn();
    ok(is_done && result == 0 && conn.is_readable, "takes none");
    start(wait_readable);
    ok(is_done, "and does not wait where some are");
    close_pair();
}

static void test_read_cancelled(void)
{
    open_pair();
    start(read_once);
    task_cancel(it, -E_CLIENT_GONE);
    turn();
    ok(result == -E_CLIENT_GONE && !conn.reader, "a cancelled reader leaves the connection");
    peer_says("x");
    turn();
    is_int(net_try_read(&conn, in, sizeof in), 1, "which goes on to work");
    close_pair();
}

static void read_all(void *arg)
{
    size_t *sum = arg;
    ssize_t n = 1;
    while (n > 0) {
        n = net_read(&conn, in, 1);
        *sum += n > 0;
    }
    result = n;
    is_done = true;
}

static void test_greedy_reader(void)
{
    open_pair();
    size_t sum = 0;
    must(send(peer, big, 50000, 0) == 50000);
    turn();
    is_done = false;
    it = task_spawn(read_all, &sum);
    turn();
    ok(sum > 0 && sum < 50000, "a reader that never has to wait lets others in between");
    close_peer();
    while (!is_done)
        turn();
    is_int(sum, 50000, "and reads all the same");
    close_pair();
}

/* ---- events nobody waits for ---- */

static int n_idle;

static void on_idle(struct net_conn *c)
{
    n_idle++;
    if (c->has_hangup)
        net_conn_close(c);
}

static void test_idle(void)
{
    open_pair();
    conn.on_idle = on_idle;
    n_idle = 0;
    turn();
    is_int(n_idle, 0, "room to write is no news");
    start(read_once);
    peer_says("x");
    turn();
    ok(is_done && n_idle == 0, "nor are bytes that a reader waits for");
    peer_says("x");
    turn();
    is_int(n_idle, 1, "bytes nobody waits for are");
    close_peer();
    turn();
    ok(n_idle == 2 && !net_conn_is_open(&conn), "and so is a hang-up, on which it may be closed");
    close_pair();
}

static int n_ends, n_resets;

static void on_hangup(struct net_conn *c, bool is_reset)
{
    (void)c;
    n_ends += !is_reset;
    n_resets += is_reset;
}

static void test_hangup(void)
{
    open_pair();
    conn.on_hangup = on_hangup;
    n_ends = n_resets = 0;
    peer_says("pipelined");
    turn();
    ok(n_ends == 0 && n_resets == 0, "bytes are no hang-up");
    must(shutdown(peer, SHUT_WR) == 0);
    turn();
    ok(n_ends == 1 && n_resets == 0, "a peer that has said all is told of");
    must(send(conn.watch.fd, big, 100000, MSG_NOSIGNAL) == 100000);
    (void)peer_reads(100000);
    turn();
    is_int(n_ends, 1, "once");
    close_peer();
    turn();
    ok(n_ends == 1 && n_resets == 1, "and one that is gone");
    close_pair();
}

/* ---- writing ---- */

#define PIECES 3000

static struct iovec pieces[PIECES];

/* `total` bytes of big in pieces of very different sizes, some of them empty. */
static int cut(size_t total)
{
    int n = 0;
    size_t at = 0;
    while (at < total && n < PIECES - 1) {
        size_t part = MIN(total - at, (size_t)(n * 37 % 1500));
        pieces[n++] = (struct iovec){.iov_base = big + at, .iov_len = part};
        at += part;
    }
    pieces[n++] = (struct iovec){.iov_base = big + at, .iov_len = total - at};
    return n;
}

static size_t write_bytes;

static void write_pieces_of_big(void *arg)
{
    (void)arg;
    result = net_write(&conn, pieces, cut(write_bytes));
    is_done = true;
}

static void test_write(void)
{
    open_pair();
    write_bytes = BIG;
    start(write_pieces_of_big);
    ok(!is_done && conn.writer == it && !conn.out, "writing waits for the peer, copying nothing");
    ok(peer_has(BIG), "thousands of pieces arrive whole and in order");
    turn();
    ok(is_done && result == 0, "then it returns");
    is_int(conn.bytes_out, BIG, "bytes are counted");
    write_bytes = 0;
    start(write_pieces_of_big);
    ok(is_done && result == 0, "nothing is written at once");
    start(write_pieces_of_big);
    close_peer();
    turn();
    write_bytes = 10;
    start(write_pieces_of_big);
    ok(result == -E_IO && errno == EPIPE, "a peer that has gone is an error, and no signal");
    start(write_pieces_of_big);
    ok(result == -E_IO && errno == EPIPE, "for good");
    close_pair();
    start(write_pieces_of_big);
    is_int(result, -E_IO, "and so is a closed connection");
}

static void test_write_interrupted(void)
{
    open_pair();
    write_bytes = BIG;
    start(write_pieces_of_big);
    close_peer();
    turn();
    ok(is_done && result == -E_IO, "a peer that goes ends the waiting");
    close_pair();

    open_pair();
    start(write_pieces_of_big);
    task_cancel(it, -E_DRAINING);
    turn();
    ok(result == -E_DRAINING && !conn.writer, "cancellation does");
    close_pair();
}

static size_t send_size, n_sent;

static void send_pieces(void *arg)
{
    (void)arg;
    n_sent = 0;
    result = 0;
    while (result == 0 && n_sent + send_size <= write_bytes) {
        struct iovec iov[2] = {
            {.iov_base = big + n_sent, .iov_len = send_size / 2},
            {.iov_base = big + n_sent + send_size / 2, .iov_len = send_size - send_size / 2}};
        result = net_send(&conn, iov, 2);
        n_sent += send_size;
    }
    is_done = true;
}

static void fill(size_t size)
{
    send_size = size;
    write_bytes = BIG;
    start(send_pieces);
}

static void test_send(void)
{
    open_pair();
    send_size = 10000;
    write_bytes = 20000;
    start(send_pieces);
    ok(is_done && result == 0 && !conn.out, "what the kernel takes is not copied");
    ok(peer_has(20000), "and arrives");
    got_n = 0;

    fill(10000);
    ok(!is_done && unsent(&conn) > NET_SEND_HIGH, "sending waits when much is unsent");
    ok(unsent(&conn) <= NET_SEND_HIGH + 10000, "but no later");
    size_t sent_before = n_sent;
    while (unsent(&conn) > NET_SEND_LOW && n_sent == sent_before) {
        (void)peer_reads(4000);
        if (unsent(&conn) > NET_SEND_LOW && n_sent != sent_before)
            break;
        turn();
    }
    ok(n_sent > sent_before, "it goes on when little is");
    ok(peer_has(BIG / 10000 * 10000), "all arrives whole and in order");
    turn();
    ok(is_done && result == 0 && !conn.out, "and the memory is given back");
    close_pair();
}

static void queue_and_leave(void *arg)
{
    (void)arg;
    struct iovec iov = {.iov_base = big, .iov_len = write_bytes};
    result = net_queue(&conn, &iov, 1);
    is_done = true;
}

static void test_queue(void)
{
    open_pair();
    write_bytes = BIG / 3;
    start(queue_and_leave);
    ok(is_done && result == 0 && conn.out, "queueing never waits");
    ok(peer_has(BIG / 3), "the loop sends what was queued, without a task");
    ok(!conn.out && unsent(&conn) == 0, "until nothing is left");

    got_n = 0;
    start(queue_and_leave);
    close_peer();
    turn();
    ok(!conn.out && conn.write_errno == EPIPE, "or the peer has gone");
    start(queue_and_leave);
    ok(result == -E_IO && errno == EPIPE, "which the next one learns");
    close_pair();
}

static void queue_part(void *arg)
{
    (void)arg;
    struct iovec iov = {.iov_base = big + n_sent, .iov_len = send_size};
    result = net_queue(&conn, &iov, 1);
    n_sent += send_size;
    is_done = true;
}

/* Bytes come and go in steps that let c->out move its rest to the front, and grow. */
static void test_queue_in_parts(void)
{
    open_pair();
    n_sent = 0;
    send_size = 300000;
    start(queue_part);
    bool is_well = true;
    for (int i = 0; i < 200; i++) {
        (void)peer_reads((size_t)(i * 7919 % 20000));
        turn();
        send_size = (size_t)(i * 104729 % 11000) + 1;
        start(queue_part);
        is_well = is_well && result == 0 && conn.out_size < BIG;
    }
    ok(is_well, "bytes are queued behind bytes");
    ok(peer_has(n_sent), "and leave in order");
    ok(!conn.out, "to the last");
    close_pair();
}

static void test_send_to_nobody(void)
{
    open_pair();
    fill(10000);
    close_peer();
    turn();
    ok(is_done && result == -E_IO && errno == EPIPE,
       "a sender that waits learns of a peer's going");
    close_pair();
}

static void wait_writable(void *arg)
{
    (void)arg;
    result = net_wait_writable(&conn);
    is_done = true;
}

static void test_wait_writable(void)
{
    open_pair();
    start(wait_writable);
    ok(is_done && result == 0, "there is room to write");
    while (send(conn.watch.fd, big, 10000, MSG_NOSIGNAL) > 0)
        continue;
    conn.is_writable = false;
    conn.stall_us = 5000;
    start(wait_writable);
    ok(!is_done && result == 1, "where there is none it is waited for");
    while (peer_reads(BIG) > 0)
        got_n = 0;
    turn();
    ok(is_done && result == 0, "until the peer reads");
    conn.is_writable = false;
    start(wait_writable);
    clock_test_advance(6000);
    turn();
    ok(is_done && result == -E_STALLED, "or has not read for stall_us");
    close_pair();
}

static void flush(void *arg)
{
    (void)arg;
    result = net_flush(&conn);
    is_done = true;
}

static void end_writing(void *arg)
{
    (void)arg;
    result = net_shutdown(&conn);
    is_done = true;
}

static void test_flush(void)
{
    open_pair();
    write_bytes = BIG / 3;
    start(queue_and_leave);
    start(flush);
    ok(!is_done, "flushing waits");
    ok(peer_has(BIG / 3), "for all of it");
    turn();
    ok(is_done && result == 0, "and returns");
    got_n = 0;
    start(queue_and_leave);
    start(end_writing);
    ok(!is_done, "so does the end of writing");
    ok(peer_has(BIG / 3), "which comes after all bytes");
    turn();
    ok(is_done && result == 0 && recv(peer, got, 1, 0) == 0, "as the peer can see");
    peer_says("still");
    start(read_once);
    is_int(result, 5, "reading goes on");
    start(queue_and_leave);
    is_int(result, -E_IO, "writing does not");
    start(flush);
    is_int(result, -E_IO, "nor is there anything to flush");
    close_pair();
}

/* ---- peers that do not read ---- */

static void after(int64_t us)
{
    clock_test_advance(us);
    turn();
}

static void test_stall(void)
{
    open_pair();
    conn.stall_us = 30000;
    write_bytes = BIG;
    start(write_pieces_of_big);
    after(29000);
    ok(!is_done, "a writer waits for stall_us");
    (void)peer_reads(300000);
    turn();
    after(29000);
    ok(!is_done, "from the last byte on that left");
    after(2000);
    ok(is_done && result == -E_STALLED, "and no longer");
    close_pair();

    open_pair();
    conn.stall_us = 30000;
    fill(10000);
    after(31000);
    ok(is_done && result == -E_STALLED, "so does a sender");
    close_pair();

    open_pair();
    conn.stall_us = 30000;
    write_bytes = BIG / 3;
    start(queue_and_leave);
    after(40000);
    ok(result == 0 && conn.out, "with no one waiting nothing happens");
    start(queue_and_leave);
    is_int(result, -E_STALLED, "until somebody calls");
    start(flush);
    is_int(result, -E_STALLED, "whatever it is");
    ok(peer_has(BIG / 3), "a peer that wakes up is served");
    got_n = 0;
    after(60000);
    start(queue_and_leave);
    ok(result == 0 && conn.out, "and a pause with nothing unsent is no stall");
    close_pair();
}

static void write_with_limit(void *arg)
{
    int64_t before = task_deadline_narrow(clock_now_us() + 10000);
    write_pieces_of_big(arg);
    ok(task_deadline() == before || task_deadline() < before, "the limit is the caller's again");
    task_deadline_restore(before);
}

static void test_stall_and_deadline(void)
{
    open_pair();
    conn.stall_us = 30000;
    write_bytes = BIG;
    start(write_with_limit);
    after(11000);
    ok(is_done && result == -E_TIMEOUT, "an earlier deadline of the task comes first");
    close_pair();

    open_pair();
    conn.stall_us = 5000;
    start(write_with_limit);
    after(6000);
    ok(is_done && result == -E_STALLED, "a later one comes second");
    close_pair();
}

/* ---- both directions, over TCP ---- */

static void open_tcp_pair(void)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof sin;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(bind(listener, (struct sockaddr *)&sin, sizeof sin) == 0 && listen(listener, 1) == 0);
    must(getsockname(listener, (struct sockaddr *)&sin, &len) == 0);
    peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(connect(peer, (struct sockaddr *)&sin, sizeof sin) == 0);
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    must(fd != -1 && net_conn_open(&conn, fd) == 0);
    (void)close(listener);
    turn();
}

static void test_reset(void)
{
    open_tcp_pair();
    net_conn_abort(&conn);
    net_conn_abort(&conn);
    ok(recv(peer, in, 1, 0) == -1 && errno == ECONNRESET, "an abort reaches the peer as a reset");
    close_pair();

    open_tcp_pair();
    net_set_nodelay(conn.watch.fd);
    int on = 0;
    socklen_t len = sizeof on;
    must(getsockopt(conn.watch.fd, IPPROTO_TCP, TCP_NODELAY, &on, &len) == 0);
    is_int(on, 1, "Nagle's algorithm is off");
    start(read_once);
    struct linger at_once = {.l_onoff = 1};
    must(setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
    close_peer();
    loop_turn(loop, 1000);
    ok(is_done && result == -E_IO && errno == ECONNRESET, "a reset by the peer is an error");
    close_pair();
}

static void test_two_tasks(void)
{
    open_pair();
    write_bytes = BIG;
    start(write_pieces_of_big);
    struct task *writer = it;
    start(read_once);
    ok(conn.reader == it && conn.writer == writer, "one task reads while another writes");
    peer_says("x");
    turn();
    ok(is_done && result == 1 && conn.writer == writer, "each is woken by its own events");
    is_done = false;
    ok(peer_has(BIG), "and both come through");
    turn();
    close_pair();
}

/* ---- TLS ---- */

static void test_tls_read(void)
{
    open_tls_pair();
    start(read_once);
    peer_says("hello");
    turn();
    ok(is_done && result == 5, "TLS reads through its step");
    ok(net_conn_is_open(&conn) && conn.is_readable, "whose short reads say nothing");
    is_int(net_try_read(&conn, in, sizeof in), -E_AGAIN, "only its -E_AGAIN does");
    ok(net_conn_is_quiet(&conn), "then the connection is quiet");
    tls.inside = "inside";
    tls.inside_n = 6;
    ok(!net_conn_is_quiet(&conn), "bytes inside are no quiet");
    start(read_once);
    ok(is_done && result == 6, "and are read without an event");

    tls.read_wants_out = 1;
    start(read_once);
    peer_says("x");
    turn();
    ok(!is_done && conn.read_wants_out && !conn.is_writable, "a read may need room to write");
    conn.is_readable = false;
    on_event(&conn.watch, EPOLLOUT);
    turn();
    ok(is_done && result == 1, "and goes on when there is some");
    tls.is_drained = true;
    peer_says("x");
    turn();
    start(read_once);
    ok(is_done && result == 1 && !conn.is_readable,
       "a read that has emptied the socket is the last");
    close_peer();
    start(read_once);
    turn();
    is_int(result, -E_EOF, "its end is passed on");
    close_pair();
    ok(tls.is_freed && !conn.tls, "closing frees it");
}

static void test_tls_write(void)
{
    open_tls_pair();
    write_bytes = BIG;
    start(write_pieces_of_big);
    ok(!is_done, "TLS writes wait");
    ok(peer_has(BIG), "and arrive whole and in order");
    turn();
    ok(is_done && result == 0, "then they return");
    ok(tls.n_writes <= (int)(BIG >> 14) + 20, "small pieces share a record");
    is_int(tls.n_wrong_retries, 0, "what did not get through is tried again unchanged");

    got_n = 0;
    fill(10000);
    ok(!is_done && unsent(&conn) > NET_SEND_HIGH, "sending waits when much is unsent");
    ok(peer_has(BIG / 10000 * 10000), "and arrives as well");
    turn();
    is_int(tls.n_wrong_retries, 0, "in the same way");
    start(end_writing);
    ok(is_done && result == 0 && tls.is_shut, "the end of writing tells the peer");
    close_pair();
}

static void test_tls_write_wants_in(void)
{
    open_tls_pair();
    is_int(net_try_read(&conn, in, sizeof in), -E_AGAIN, "nothing to read");
    tls.write_wants_in = 1;
    write_bytes = 20;
    start(queue_and_leave);
    ok(result == 0 && unsent(&conn) == 20 && conn.write_wants_in, "a write may need bytes to read");
    on_event(&conn.watch, EPOLLOUT);
    is_int(unsent(&conn), 20, "room to write does not help it");
    peer_says("x");
    turn();
    ok(unsent(&conn) == 0 && peer_has(20), "bytes do");
    close_pair();
    open_tls_pair();
    close_peer();
    turn();
    start(queue_and_leave);
    ok(result == -E_IO && errno == EPIPE, "a failure is kept as without TLS");
    close_pair();
}

/* ---- misuse ---- */

static void close_under_reader(void *arg)
{
    (void)arg;
    net_conn_close(&conn);
}

static void test_misuse(void)
{
    open_pair();
    start(read_once);
    ok(dies(close_under_reader, NULL), "closing a connection somebody waits on is a bug");
    task_cancel(it, -E_CANCELLED);
    turn();
    close_pair();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)close(fd);
    is_int(net_conn_open(&conn, fd), -E_SYSTEM, "a closed descriptor is no connection");
    ok(!net_conn_is_open(&conn) && !net_conn_is_quiet(&conn), "and none is left");
    net_conn_close(&conn);
}

int main(void)
{
    for (size_t i = 0; i < BIG; i++)
        big[i] = (char)((i * 2654435761u) >> 11);
    loop = loop_open();
    clock_test_set(clock_now_us(), 0);
    test_read();
    test_wait_readable();
    test_read_cancelled();
    test_greedy_reader();
    test_idle();
    test_hangup();
    test_write();
    test_write_interrupted();
    test_send();
    test_queue();
    test_queue_in_parts();
    test_send_to_nobody();
    test_wait_writable();
    test_flush();
    test_stall();
    test_stall_and_deadline();
    test_reset();
    test_two_tasks();
    test_tls_read();
    test_tls_write();
    test_tls_write_wants_in();
    test_misuse();
    is_int(task_count(), 0, "no task is left");
    loop_close(loop);
    return tap_done();
}
