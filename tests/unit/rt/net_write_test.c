#include "rt/net.c"

#include "rt/net_pair.h"
#include "tap.h"

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
int main(void)
{
    set_up();
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
    test_two_tasks();
    test_tls_write();
    test_tls_write_wants_in();
    is_int(task_count(), 0, "no task is left");
    loop_close(loop);
    return tap_done();
}
