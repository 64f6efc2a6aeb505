#include "rt/net.c"

#include <arpa/inet.h>

#include "base/dies.h"
#include "rt/net_pair.h"
#include "tap.h"

/* ---- reading ---- */

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

/* ---- over TCP ---- */

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
    set_up();
    test_read();
    test_wait_readable();
    test_read_cancelled();
    test_greedy_reader();
    test_idle();
    test_hangup();
    test_reset();
    test_tls_read();
    test_misuse();
    is_int(task_count(), 0, "no task is left");
    loop_close(loop);
    return tap_done();
}
