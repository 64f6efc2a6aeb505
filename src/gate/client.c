/* Client connections: from accept to close.
 *
 * A connection is a struct of a few hundred bytes in the loop. When bytes come, a task is made
 * that serves requests until none is at hand, then ends, and the connection is a struct again:
 * ten thousand idle clients cost ten thousand structs. Bytes are first read into the
 * thread's landing block; only what cannot be used before the next wait is copied out of it, so a
 * request that arrives whole is copied once (into its exchange) and a connection at rest owns no
 * buffer.
 *
 * Closing is gentle where the client may still be sending (a body we refuse to read): our answer
 * and FIN go out, then what arrives is thrown away for a short while, because a close with
 * unread bytes makes the kernel send a reset that can destroy the answer on its way. */
#include "gate/client.h"

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/pool.h"
#include "gate/exchange.h"
#include "gate/worker.h"
#include "rt/task.h"
#include "rt/tls.h"

#define LINGER_US         2000000 /* between bytes thrown away */
#define LINGER_TOTAL_US   10000000
#define DRAIN_GRACE_US    500000 /* for a request already on its way to an idle connection */
#define HANGUP_GRACE_US   50000
#define LANDING_BYTES     65536
#define LANDING_TAKEN_MIN 8192 /* a smaller body is copied */
#define BODY_RATE         240  /* bytes a second a slow body must average beyond its time */

static const struct snapshot *snapshot_now(const struct client *c)
{
    return c->worker->lease->snapshot;
}

static str unread(const struct client *c)
{
    return str_of(c->in + c->in_from, c->in_to - c->in_from);
}

/* Where a request lands: one block per thread, lent to whoever reads until the next wait. A body
 * that has arrived whole and is large takes the block with it in place of a copy; a small one is
 * copied, since it may be held for long. */
static _Thread_local char *landing;
static _Thread_local size_t landing_size;

static char *landing_block(void)
{
    if (!landing)
        landing = pool_acquire(LANDING_BYTES, &landing_size);
    return landing;
}

void client_thread_end(void)
{
    pool_release(landing, landing_size);
    landing = NULL;
}

static void release_input(struct client *c)
{
    if (c->in_size > 0)
        pool_release(c->in, c->in_size);
    c->in = NULL;
    c->in_size = c->in_from = c->in_to = 0;
}

/* Moves unread bytes out of the scratch buffer: before any wait. `room` is how much more will be
 * appended. */
static void keep_input(struct client *c, size_t room)
{
    str bytes = unread(c);
    if (bytes.n == 0 && room == 0) {
        release_input(c);
        return;
    }
    if (c->in_size >= bytes.n + room && c->in_from == 0)
        return;
    size_t size;
    char *block = pool_acquire(bytes.n + room, &size);
    if (bytes.n > 0)
        memcpy(block, bytes.p, bytes.n);
    release_input(c);
    c->in = block;
    c->in_size = size;
    c->in_to = bytes.n;
}

static void client_free(struct client *c)
{
    struct worker *w = c->worker;
    loop_timer_clear(&c->idle);
    if (c->conn.out_to > c->conn.out_from)
        net_conn_abort(&c->conn); /* an orderly end would say that this was all */
    else
        net_conn_close(&c->conn);
    release_input(c);
    if (c->tls)
        tls_server_release(c->tls);
    list_remove(&c->link);
    w->n_clients--;
    atomic_fetch_sub_explicit(&worker_clients_total, 1, memory_order_relaxed);
    metric_add(M_CONNECTIONS, -1);
    pool_release(c, c->block_size);
    if (w->is_draining && w->n_clients == 0 && w->on_drained)
        w->on_drained(w);
}

/* ---- reading a head ---- */

/* The first bytes of a request, into the landing block as it is after the wait: it may have gone
 * with another request meanwhile. */
static int MAY_YIELD read_first(struct client *c)
{
    release_input(c);
    int rc = task_breathe();
    while (rc == 0) {
        ssize_t n = net_try_read(&c->conn, landing_block(), LANDING_BYTES);
        if (n > 0) {
            c->in = landing;
            c->in_to = (size_t)n;
            return 0;
        }
        rc = n == -E_AGAIN ? net_wait_readable(&c->conn) : (int)n;
    }
    return rc;
}

/* Reads once more, behind the bytes at hand. */
static int MAY_YIELD read_more(struct client *c)
{
    if (unread(c).n == 0)
        return read_first(c);
    keep_input(c, MAX((size_t)4096, unread(c).n));
    ssize_t n = net_read(&c->conn, c->in + c->in_to, c->in_size - c->in_to);
    if (n < 0)
        return (int)n;
    c->in_to += (size_t)n;
    return 0;
}

/* Waits for one whole head. Its length, 0 when the client went away between requests, or an
 * error. */
static ssize_t MAY_YIELD read_head(struct client *c)
{
    const struct snapshot *s = snapshot_now(c);
    size_t limit = s->limits.header_bytes, seen = 0;
    int64_t before = task_deadline_narrow(clock_now_us() + s->timeouts.header_us);
    ssize_t rc = 0;
    for (;;) {
        c->in_from += http1_skip_blank(unread(c));
        str bytes = unread(c);
        size_t head_n = http1_head_end(bytes, seen);
        if (head_n > limit || (head_n == 0 && bytes.n > limit))
            rc = -E_HEAD_TOO_LARGE;
        else if (head_n > 0)
            rc = (ssize_t)head_n;
        else if (!http1_head_is_plausible(bytes))
            rc = -E_HTTP;
        if (rc != 0)
            break;
        seen = bytes.n;
        rc = read_more(c);
        if (rc < 0)
            break;
    }
    task_deadline_restore(before);
    bool is_partial = unread(c).n > 0;
    if (rc == -E_TIMEOUT)
        return is_partial ? -E_HEADER_TIMEOUT : 0;
    if (rc == -E_EOF && is_partial)
        return -E_HTTP;
    return rc == -E_EOF || rc == -E_IO ? 0 : rc;
}

/* Serves one request. True if the connection may serve another. */
static bool MAY_YIELD serve_next(struct client *c)
{
    ssize_t head_n = read_head(c);
    if (head_n == 0)
        return false;
    if (head_n < 0) {
        int code = (int)head_n;
        if (err_info(code)->source == ERR_SOURCE_CLIENT)
            exchange_refuse(c, code);
        c->has_lingering_body = true;
        return false;
    }
    c->requests++;
    return exchange_serve(c, (size_t)head_n);
}

/* ---- life of a connection ---- */

/* Lets the answer arrive although the client is still sending. */
static void MAY_YIELD linger(struct client *c)
{
    int64_t until = clock_now_us() + LINGER_TOTAL_US;
    if (net_shutdown(&c->conn) < 0)
        return;
    while (clock_now_us() < until) {
        int64_t before = task_deadline_narrow(clock_now_us() + LINGER_US);
        ssize_t n = net_read(&c->conn, loop_scratch(), LOOP_SCRATCH_BYTES);
        task_deadline_restore(before);
        if (n <= 0)
            return;
    }
}

static void MAY_YIELD finish(struct client *c)
{
    if (!net_conn_is_open(&c->conn))
        return;
    if (c->has_lingering_body)
        linger(c);
    else
        IGNORE_RESULT(net_shutdown(&c->conn)); /* it is closed in any case */
}

static int MAY_YIELD handshake(struct client *c)
{
    struct arena a;
    struct err e = {.code = 0};
    arena_init(&a, 1024, 1 << 16);
    int64_t before = task_deadline_narrow(clock_now_us() + snapshot_now(c)->timeouts.header_us);
    int rc = tls_accept(&c->conn, c->tls, &a, &e);
    task_deadline_restore(before);
    if (rc < 0) {
        err_set_code(&e, rc); /* a cancelled one has no detail */
        log_note(LOG_DEBUG, "tls_handshake_failed", STR_FMT, STR_ARG(err_message(&e)));
    }
    arena_fini(&a);
    tls_server_release(c->tls);
    c->tls = NULL;
    return rc;
}

/* Is there something to serve right now? Where the kernel may have bytes, they are fetched: a
 * connection without any shall not keep its task. */
static bool has_more(struct client *c)
{
    if (unread(c).n > 0)
        return true;
    if (!c->conn.is_readable && !(c->conn.tls && tls_has_pending(c->conn.tls)))
        return false;
    release_input(c);
    ssize_t n = net_try_read(&c->conn, landing_block(), LANDING_BYTES);
    if (n == -E_AGAIN)
        return false;
    if (n > 0) {
        c->in = landing;
        c->in_to = (size_t)n;
    }
    return true; /* bytes, or an end that the next read will report */
}

/* The connection's task: serves what is at hand, then ends. */
static void MAY_YIELD client_run(void *arg)
{
    struct client *c = arg;
    loop_timer_clear(&c->idle);
    bool may_go_on = !c->tls || handshake(c) == 0;
    if (may_go_on)
        do
            may_go_on = serve_next(c);
        while (may_go_on && has_more(c));
    if (!may_go_on) {
        finish(c);
        client_free(c);
        return;
    }
    release_input(c);
    c->task = NULL;
    const struct snapshot *s = snapshot_now(c);
    bool is_draining = c->worker->is_draining;
    loop_timer_set(&c->idle,
                   clock_now_us() + (is_draining ? DRAIN_GRACE_US : s->timeouts.keep_alive_us));
}

static void wake_up(struct net_conn *conn)
{
    struct client *c = container_of(conn, struct client, conn);
    if (c->task)
        return;
    if (conn->has_hangup && !conn->is_readable) {
        client_free(c);
        return;
    }
    c->task = task_spawn(client_run, c);
}

static void idle_expired(struct loop_timer *t)
{
    client_free(container_of(t, struct client, idle));
}

/* ---- the client's departure ---- */

static void hangup_certain(struct loop_timer *t)
{
    struct client *c = container_of(t, struct client, idle);
    if (c->task && c->watches_hangup)
        task_cancel(c->task, -E_CLIENT_GONE);
}

/* A reset is certain. An end of the client's bytes may be that of a simple client that has said
 * all it wants to say and reads on, so it counts a moment later: long enough for a quick answer,
 * too short to pay for a long one. */
static void hung_up(struct net_conn *conn, bool is_reset)
{
    struct client *c = container_of(conn, struct client, conn);
    if (!c->task || !c->watches_hangup)
        return;
    if (is_reset) {
        task_cancel(c->task, -E_CLIENT_GONE);
        return;
    }
    loop_timer_clear(&c->idle);
    loop_timer_init(&c->idle, hangup_certain);
    loop_timer_set(&c->idle, clock_now_us() + HANGUP_GRACE_US);
}

void client_watch_hangup(struct client *c, bool watches)
{
    c->watches_hangup = watches;
    if (watches && c->conn.has_hangup) {
        hung_up(&c->conn, false);
    } else if (!watches) {
        loop_timer_clear(&c->idle);
        loop_timer_init(&c->idle, idle_expired);
    }
}

/* ---- opening ---- */

static void keep_peer(struct client *c, const struct sockaddr *peer, socklen_t len)
{
    if (peer && len <= sizeof c->peer)
        memcpy(c->peer, peer, len);
}

void client_open(struct worker *w, enum client_scope scope, int fd, const struct sockaddr *peer,
                 socklen_t len, struct tls_server *tls)
{
    size_t size;
    struct client *c = pool_acquire(sizeof *c, &size);
    *c = (struct client){.worker = w, .scope = scope, .block_size = size, .conn.watch.fd = -1};
    c->tls = tls ? tls_server_ref(tls) : NULL;
    keep_peer(c, peer, len);
    loop_timer_init(&c->idle, idle_expired);
    list_push_back(&w->clients, &c->link);
    w->n_clients++;
    atomic_fetch_add_explicit(&worker_clients_total, 1, memory_order_relaxed);
    metric_add(M_CONNECTIONS, 1);
    if (net_conn_open(&c->conn, fd) < 0) {
        close(fd);
        client_free(c);
        return;
    }
    c->conn.on_idle = wake_up;
    c->conn.on_hangup = hung_up;
    c->conn.stall_us = snapshot_now(c)->timeouts.write_stall_us;
    if (c->tls)
        c->task = task_spawn(client_run, c);
    else
        loop_timer_set(&c->idle, clock_now_us() + snapshot_now(c)->timeouts.header_us);
}

void client_drain_all(struct worker *w)
{
    list_each (link, &w->clients) {
        struct client *c = container_of(link, struct client, link);
        if (!c->task)
            loop_timer_set(&c->idle, clock_now_us() + DRAIN_GRACE_US);
    }
}

void client_cancel_all(struct worker *w)
{
    struct list *next;
    for (struct list *link = w->clients.next; link != &w->clients; link = next) {
        next = link->next;
        struct client *c = container_of(link, struct client, link);
        if (c->task)
            task_cancel(c->task, -E_DRAINING);
        else
            client_free(c);
    }
}

/* ---- bodies ---- */

void client_body_init(struct client_body *b, const struct http_head *head, size_t max)
{
    *b = (struct client_body){.max = max};
    http1_body_init(&b->decoder, head, true);
}

void client_body_fini(struct client_body *b)
{
    pool_release(b->block, b->size);
    b->block = b->p = NULL;
    b->size = 0;
}

/* Room for n more bytes. A body of known length gets its whole block at once. */
static void body_room(struct client_body *b, size_t n)
{
    if (b->n + n <= b->size)
        return;
    size_t size, want = b->decoder.framing == HTTP_LENGTH
                            ? b->n + (size_t)MAX(b->decoder.left, (uint64_t)n)
                            : MAX(b->n + n, 2 * b->size);
    char *block = pool_acquire(want, &size);
    if (b->n > 0)
        memcpy(block, b->block, b->n);
    pool_release(b->block, b->size);
    b->block = b->p = block;
    b->size = size;
}

/* Decodes bytes that lie elsewhere and appends the body's to the block; *used: how many were
 * consumed. */
static int body_take(struct client_body *b, const char *p, size_t n, size_t *used)
{
    *used = 0;
    while (*used < n && !b->decoder.done) {
        struct iovec spans[16];
        size_t n_spans = ARRAY_LEN(spans), step = 0;
        if (b->decoder.framing == HTTP_LENGTH)
            body_room(b, MIN(n - *used, (size_t)b->decoder.left));
        int rc = http1_body_feed(&b->decoder, p + *used, n - *used, spans, &n_spans, &step);
        *used += step; /* also of what is refused: the decoder must not see a byte twice */
        if (rc < 0)
            return rc;
        if (b->decoder.decoded > b->max)
            return -E_BODY_TOO_LARGE;
        for (size_t i = 0; i < n_spans; i++) {
            body_room(b, spans[i].iov_len);
            memcpy(b->p + b->n, spans[i].iov_base, spans[i].iov_len);
            b->n += spans[i].iov_len;
        }
    }
    return 0;
}

static int send_continue(struct client *c)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct iovec iov = {.iov_base = (void *)(uintptr_t)line, .iov_len = sizeof line - 1};
    return client_queue(c, &iov, 1);
}

/* One read: a body of known length straight into its block, a chunked one through the scratch
 * buffer. */
static int MAY_YIELD body_read_once(struct client *c, struct client_body *b)
{
    if (b->decoder.framing == HTTP_LENGTH) {
        body_room(b, 1);
        size_t want = MIN((size_t)b->decoder.left, b->size - b->n);
        ssize_t n = net_read(&c->conn, b->p + b->n, want);
        if (n < 0)
            return (int)n;
        b->n += (size_t)n;
        b->decoder.left -= (uint64_t)n;
        b->decoder.decoded += (uint64_t)n;
        b->decoder.done = b->decoder.left == 0;
        return 0;
    }
    release_input(c);
    ssize_t n = net_read(&c->conn, loop_scratch(), LOOP_SCRATCH_BYTES);
    if (n < 0)
        return (int)n;
    size_t used = 0;
    int rc = body_take(b, loop_scratch(), (size_t)n, &used);
    c->in = loop_scratch();
    c->in_from = used;
    c->in_to = (size_t)n;
    keep_input(c, 0);
    return rc;
}

/* A large body that lies whole in the landing block takes the block over. */
static bool take_landing(struct client *c, struct client_body *b)
{
    size_t n = b->decoder.left;
    if (b->decoder.framing != HTTP_LENGTH || c->in != landing || n < LANDING_TAKEN_MIN ||
        unread(c).n < n)
        return false;
    b->block = landing;
    b->size = landing_size;
    b->p = c->in + c->in_from;
    b->n = n;
    b->decoder.left = 0;
    b->decoder.decoded = n;
    b->decoder.done = true;
    c->in_from += n;
    keep_input(c, 0); /* the next request's beginning shall not go with this one's body */
    landing = NULL;
    return true;
}

static int body_begin(struct client *c, struct client_body *b)
{
    if (b->decoder.framing == HTTP_LENGTH && b->decoder.left > b->max)
        return -E_BODY_TOO_LARGE;
    b->is_begun = true;
    b->deadline_us = clock_now_us() + snapshot_now(c)->timeouts.body_us;
    if (take_landing(c, b))
        return 0;
    size_t used = 0;
    int rc = body_take(b, unread(c).p, unread(c).n, &used);
    c->in_from += used;
    return rc;
}

int client_body_read(struct client *c, struct client_body *b, bool expects_continue, size_t enough)
{
    int rc = b->is_begun ? 0 : body_begin(c, b);
    if (rc == 0 && !b->decoder.done && b->n < enough) {
        keep_input(c, 0);
        if (expects_continue && b->decoder.decoded == 0)
            rc = send_continue(c);
    }
    while (rc == 0 && !b->decoder.done && b->n < enough) {
        int64_t slack = (int64_t)(b->decoder.decoded * 1000000 / BODY_RATE);
        int64_t before = task_deadline_narrow(b->deadline_us + slack);
        rc = body_read_once(c, b);
        task_deadline_restore(before);
    }
    if (rc == -E_EOF || rc == -E_IO)
        return -E_CLIENT_GONE;
    return rc == -E_TIMEOUT ? -E_BODY_TIMEOUT : rc;
}

void client_body_forget(struct client_body *b)
{
    b->n = 0;
}

void client_keep_input(struct client *c)
{
    keep_input(c, 0);
}

/* ---- writing ---- */

static int write_verdict(int rc)
{
    if (rc == -E_TIMEOUT) /* the task's deadline: a client that takes nothing is stalled */
        return -E_TOTAL_TIMEOUT;
    return rc == -E_IO || rc == -E_EOF || rc == -E_STALLED ? -E_CLIENT_GONE : rc;
}

int client_queue(struct client *c, struct iovec *iov, int n)
{
    return write_verdict(net_queue(&c->conn, iov, n));
}

int client_drain(struct client *c)
{
    keep_input(c, 0);
    return write_verdict(net_drain(&c->conn));
}

int client_write(struct client *c, struct iovec *iov, int n)
{
    keep_input(c, 0);
    return write_verdict(net_write(&c->conn, iov, n));
}

str client_peer_text(const struct client *c, char out[NET_ADDR_TEXT])
{
    struct sockaddr_storage sa = {.ss_family = AF_UNSPEC};
    memcpy(&sa, c->peer, sizeof c->peer);
    if (sa.ss_family != AF_INET && sa.ss_family != AF_INET6)
        return S("unix");
    socklen_t len =
        sa.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    return net_addr_format((const struct sockaddr *)&sa, len, out);
}
