/* From a name to an open connection, in up to four steps: resolve and check, connect, CONNECT
 * through a proxy, TLS. Each step runs under its own limit inside the task's deadline, and its
 * failure says which step it was.
 *
 * The race of RFC 8305 needs no task but the caller's: each attempt is a watch on a connecting
 * socket, which notes the outcome and wakes the dialling task; the task looks at all attempts,
 * starts the next one when it is time, and takes the first socket that is connected. What lost is
 * closed before the race returns. The attempts and the addresses live in one block of the pool for
 * as long as the race lasts.
 *
 * An address is checked when it is chosen and connected to as it was checked: between the two
 * nothing is resolved again, so a name that changes its mind (DNS rebinding) gains nothing. */
#include "rt/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/pool.h"
#include "rt/dns.h"
#include "rt/task.h"

#define STAGGER_US  (DIAL_STAGGER_MS * INT64_C(1000))
#define REASONS_MAX 1024 /* bytes of an error text about many addresses */

enum state {
    ATTEMPT_WAITING, /* not begun */
    ATTEMPT_CONNECTING,
    ATTEMPT_CONNECTED,
    ATTEMPT_FAILED,
};

struct attempt {
    struct loop_watch watch;
    struct task *task; /* who dials */
    enum state state;
    int error; /* errno when failed */
};

struct race {
    struct dns_addrs to; /* ports set */
    struct attempt attempts[DNS_ADDRS_MAX];
};

/* ---- limits ---- */

static int64_t limit_begin(int64_t us)
{
    int64_t before = task_deadline();
    if (us > 0)
        (void)task_deadline_narrow(clock_now_us() + us);
    return before;
}

/* True when rc is a limit of ours that ran out, not the task's deadline or its cancellation. */
static bool limit_end(int64_t before, int rc)
{
    task_deadline_restore(before);
    return rc == -E_TIMEOUT && task_cancelled() == 0 && clock_now_us() < before;
}

/* ---- addresses ---- */

static socklen_t address_len(const struct sockaddr_storage *ss)
{
    if (ss->ss_family == AF_INET)
        return sizeof(struct sockaddr_in);
    if (ss->ss_family == AF_INET6)
        return sizeof(struct sockaddr_in6);
    return sizeof(struct sockaddr_un);
}

static void set_port(struct dns_addrs *addrs, uint16_t port)
{
    for (size_t i = 0; i < addrs->n; i++) {
        struct sockaddr_storage *ss = &addrs->addr[i];
        if (ss->ss_family == AF_INET)
            ((struct sockaddr_in *)ss)->sin_port = htons(port);
        else
            ((struct sockaddr_in6 *)ss)->sin6_port = htons(port);
    }
}

static bool unix_address(str path, struct dns_addrs *out)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    if (path.n >= sizeof(un.sun_path))
        return false;
    memcpy(un.sun_path, path.p, path.n);
    memcpy(&out->addr[0], &un, sizeof(un));
    out->n = 1;
    return true;
}

static int resolve(const struct dial_options *o, struct dns_addrs *out, struct arena *a,
                   struct err *e) MAY_YIELD
{
    if (o->unix_path.n > 0) {
        if (unix_address(o->unix_path, out))
            return 0;
        return err_set(e, a, -E_CONNECT, "connect to unix:" STR_FMT ": the path is too long",
                       STR_ARG(o->unix_path));
    }
    const char *reason;
    int64_t before = limit_begin(o->dns_us);
    int rc = dns_resolve(o->host, out, &reason);
    if (limit_end(before, rc))
        return err_set(e, a, -E_DNS_TIMEOUT, "resolve " STR_FMT ": no answer within %lld ms",
                       STR_ARG(o->host), (long long)(o->dns_us / 1000));
    if (rc == -E_DNS || rc == -E_DNS_TIMEOUT)
        return err_set(e, a, rc, "resolve " STR_FMT ": %s", STR_ARG(o->host), reason);
    if (rc == 0)
        set_port(out, o->port);
    return rc;
}

/* A name with one forbidden address is forbidden: whoever mixes them hopes for the race. */
static int resolve_checked(const struct dial_options *o, struct dns_addrs *out, struct arena *a,
                           struct err *e) MAY_YIELD
{
    int rc = resolve(o, out, a, e);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < out->n; i++) {
        const struct sockaddr *sa = (const struct sockaddr *)&out->addr[i];
        if (dial_policy_allows(o->policy, sa))
            continue;
        char text[NET_ADDR_TEXT];
        str address = net_addr_format(sa, address_len(&out->addr[i]), text);
        return err_set(e, a, -E_ADDRESS_DENIED,
                       "the address policy forbids " STR_FMT " (" STR_FMT ")", STR_ARG(address),
                       STR_ARG(o->host));
    }
    return 0;
}

/* ---- the race ---- */

static void attempt_failed(struct attempt *t, int error)
{
    if (t->watch.fd != -1)
        (void)close(t->watch.fd); /* nothing was written; there is nothing to lose */
    t->watch.fd = -1;
    t->state = ATTEMPT_FAILED;
    t->error = error;
}

static void attempt_over(struct loop_watch *w, uint32_t events)
{
    (void)events; /* SO_ERROR knows better */
    struct attempt *t = container_of(w, struct attempt, watch);
    int error = 0;
    socklen_t len = sizeof(error);
    if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
        error = errno;
    loop_watch_remove(w);
    if (error == 0)
        t->state = ATTEMPT_CONNECTED;
    else
        attempt_failed(t, error);
    task_wake(t->task, 0);
}

static void attempt_begin(struct attempt *t, const struct sockaddr_storage *to)
{
    t->task = task_self();
    t->watch.fn = attempt_over;
    t->watch.fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (t->watch.fd == -1) {
        attempt_failed(t, errno);
        return;
    }
    if (to->ss_family != AF_UNIX)
        net_set_nodelay(t->watch.fd);
    if (connect(t->watch.fd, (const struct sockaddr *)to, address_len(to)) == 0)
        t->state = ATTEMPT_CONNECTED;
    else if (errno != EINPROGRESS)
        attempt_failed(t, errno);
    else if (loop_watch_add(&t->watch, EPOLLOUT | EPOLLET) < 0)
        attempt_failed(t, errno);
    else
        t->state = ATTEMPT_CONNECTING;
}

static struct attempt *find_state(struct race *r, enum state state)
{
    for (size_t i = 0; i < r->to.n; i++) {
        if (r->attempts[i].state == state)
            return &r->attempts[i];
    }
    return NULL;
}

/* 0 with a connected socket in *fd; -E_CONNECT when every address has failed; or what ended the
 * wait. */
static int run(struct race *r, int *fd) MAY_YIELD
{
    int64_t next_at_us = 0;
    for (;;) {
        struct attempt *winner = find_state(r, ATTEMPT_CONNECTED);
        if (winner) {
            *fd = winner->watch.fd;
            winner->watch.fd = -1;
            return 0;
        }
        struct attempt *next = find_state(r, ATTEMPT_WAITING);
        bool is_idle = !find_state(r, ATTEMPT_CONNECTING);
        if (next && (is_idle || clock_now_us() >= next_at_us)) {
            attempt_begin(next, &r->to.addr[next - r->attempts]);
            next_at_us = clock_now_us() + STAGGER_US;
            continue;
        }
        if (is_idle)
            return -E_CONNECT;
        int64_t before = limit_begin(next ? next_at_us - clock_now_us() : 0);
        int rc = task_wait();
        if (!limit_end(before, rc) && rc < 0)
            return rc;
    }
}

static void close_all(struct race *r)
{
    for (size_t i = 0; i < r->to.n; i++) {
        struct attempt *t = &r->attempts[i];
        if (t->state == ATTEMPT_CONNECTING)
            loop_watch_remove(&t->watch);
        if (t->watch.fd != -1)
            (void)close(t->watch.fd); /* never used */
        t->watch.fd = -1;
    }
}

/* "connect to 127.0.0.1:9 (api.test): Connection refused; [::1]:9: no answer within 3000 ms" */
static int race_lost(const struct race *r, const struct dial_options *o, int code, struct arena *a,
                     struct err *e)
{
    struct buf text;
    buf_init(&text, REASONS_MAX);
    for (size_t i = 0; i < r->to.n; i++) {
        const struct attempt *t = &r->attempts[i];
        if (t->state == ATTEMPT_WAITING)
            continue;
        char address[NET_ADDR_TEXT];
        buf_put(&text, i > 0 ? S("; ") : S("connect to "));
        buf_put(&text, net_addr_format((const struct sockaddr *)&r->to.addr[i],
                                       address_len(&r->to.addr[i]), address));
        if (i == 0 && o->host.n > 0)
            buf_printf(&text, " (" STR_FMT ")", STR_ARG(o->host));
        if (t->state == ATTEMPT_FAILED)
            buf_printf(&text, ": %s", strerrordesc_np(t->error));
        else
            buf_printf(&text, ": no answer within %lld ms", (long long)(o->connect_us / 1000));
    }
    (void)err_set(e, a, code, STR_FMT, STR_ARG(buf_str(&text)));
    buf_fini(&text);
    return code;
}

/* Resolves, checks and connects; 0 with *fd. */
static int open_socket(const struct dial_options *o, int *fd, struct arena *a,
                       struct err *e) MAY_YIELD
{
    size_t size;
    struct race *r = pool_acquire(sizeof(*r), &size);
    r->to.n = 0;
    int rc = resolve_checked(o, &r->to, a, e);
    if (rc < 0)
        goto out;
    for (size_t i = 0; i < r->to.n; i++)
        r->attempts[i] = (struct attempt){.watch.fd = -1};
    int64_t before = limit_begin(o->connect_us);
    rc = run(r, fd);
    if (limit_end(before, rc))
        rc = race_lost(r, o, -E_CONNECT_TIMEOUT, a, e);
    else if (rc == -E_CONNECT)
        rc = race_lost(r, o, rc, a, e);
    close_all(r);
out:
    pool_release(r, size);
    return rc;
}

static int open_direct(struct net_conn *out, const struct dial_options *o, struct arena *a,
                       struct err *e) MAY_YIELD
{
    int fd = -1;
    int rc = open_socket(o, &fd, a, e);
    if (rc < 0)
        return rc;
    rc = net_conn_open(out, fd);
    if (rc == 0)
        return 0;
    rc = err_set(e, a, -E_CONNECT, "connect to " STR_FMT ": %s", STR_ARG(o->host),
                 strerrordesc_np(errno));
    (void)close(fd); /* never used */
    return rc;
}

/* ---- through a proxy ---- */

/* What the proxy is asked to connect to: the name, or under DIAL_PUBLIC the address that was
 * checked, lest the proxy resolve the name to another. */
static int tunnel_target(const struct dial_options *o, struct dial_target *target, struct arena *a,
                         struct err *e) MAY_YIELD
{
    *target = (struct dial_target){.host = o->host, .port = o->port};
    if (o->policy == DIAL_ANY)
        return 0;
    size_t size;
    struct dns_addrs *addrs = pool_acquire(sizeof(*addrs), &size);
    int rc = resolve_checked(o, addrs, a, e);
    if (rc == 0) {
        char text[INET6_ADDRSTRLEN];
        const struct sockaddr_storage *ss = &addrs->addr[0];
        const void *ip = ss->ss_family == AF_INET
                             ? (const void *)&((const struct sockaddr_in *)ss)->sin_addr
                             : (const void *)&((const struct sockaddr_in6 *)ss)->sin6_addr;
        target->host = arena_str(a, str_from_cz(inet_ntop(ss->ss_family, ip, text, sizeof(text))));
    }
    pool_release(addrs, size);
    return rc;
}

/* The way to the proxy has failed: said so, and counted as the proxy's failure unless it was time
 * that ran out. */
static int proxy_unreachable(int rc, const struct err *cause, struct arena *a, struct err *e)
{
    if (cause->code == 0)
        return rc;
    int code = rc == -E_CONNECT_TIMEOUT || rc == -E_DNS_TIMEOUT ? rc : -E_PROXY;
    return err_set(e, a, code, "proxy: " STR_FMT, STR_ARG(err_message(cause)));
}

static int open_through_proxy(struct net_conn *out, const struct dial_options *o, struct arena *a,
                              struct err *e) MAY_YIELD
{
    struct dial_target target;
    int rc = tunnel_target(o, &target, a, e);
    if (rc < 0)
        return rc;
    struct dial_options hop = {.host = o->proxy->host,
                               .port = o->proxy->port,
                               .policy = DIAL_ANY, /* the configuration names it */
                               .dns_us = o->dns_us,
                               .connect_us = o->connect_us};
    struct err cause = {.code = 0};
    rc = open_direct(out, &hop, a, &cause);
    if (rc < 0)
        return proxy_unreachable(rc, &cause, a, e);
    int64_t before = limit_begin(o->connect_us);
    rc = dial_proxy_tunnel(out, o->proxy, target, a, e);
    if (limit_end(before, rc))
        rc = err_set(e, a, -E_CONNECT_TIMEOUT,
                     "proxy " STR_FMT ":%u did not answer CONNECT within %lld ms",
                     STR_ARG(hop.host), hop.port, (long long)(o->connect_us / 1000));
    return rc;
}

/* ---- TLS ---- */

static int start_tls(struct net_conn *out, const struct dial_options *o, struct arena *a,
                     struct err *e) MAY_YIELD
{
    int64_t before = limit_begin(o->tls_us);
    int rc = tls_connect(out, o->tls, o->host, a, e);
    if (limit_end(before, rc))
        return err_set(e, a, -E_TLS_TIMEOUT,
                       "TLS handshake with " STR_FMT ": not over after %lld ms", STR_ARG(o->host),
                       (long long)(o->tls_us / 1000));
    if (rc == -E_EOF || rc == -E_IO)
        return err_set(e, a, -E_TLS, "TLS handshake with " STR_FMT ": %s", STR_ARG(o->host),
                       rc == -E_EOF ? "the peer closed the connection" : strerrordesc_np(errno));
    return rc;
}

int dial(struct net_conn *out, const struct dial_options *o, struct arena *a, struct err *e)
{
    *out = (struct net_conn){.watch.fd = -1};
    bool is_proxied = o->proxy && o->unix_path.n == 0;
    int rc = is_proxied ? open_through_proxy(out, o, a, e) : open_direct(out, o, a, e);
    if (rc == 0 && o->tls)
        rc = start_tls(out, o, a, e);
    if (rc < 0)
        net_conn_close(out);
    return rc;
}
