/* c-ares in the loop, with a cache in front.
 *
 * A thread's resolver owns one c-ares channel. c-ares tells which sockets it wants watched
 * (socket_changed), the loop tells c-ares when they are ready, and one timer drives its timeouts;
 * so a lookup is never more than a few short system calls at a time. The channel is made anew
 * when it is a minute old and idle: that is how a changed resolv.conf is noticed.
 *
 * A struct name is a cached name and, while c-ares works on it, a flight. Tasks that want the
 * name meanwhile queue as waiters on their own stacks. Whoever is cancelled or runs out of time
 * takes its waiter off the queue and nobody else is touched; the flight ends by c-ares's own
 * timeouts and leaves its answer in the cache. An answer is copied to the waiters when it comes,
 * so nothing of the cache is looked at after a wait.
 *
 * Both families are asked at once. Where AAAA questions are dropped, c-ares holds the A answer
 * back until its last retry; so a flight that is not over in HEDGE_US asks for A alone besides,
 * and the first of the two with addresses serves the waiters. Stale answers follow RFC 8767: used
 * when a refresh fails or keeps somebody waiting, but not against a server's word that the name
 * is gone. */
#include "rt/dns.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/pool.h"
#include "base/table.h"
#include "rt/loop.h"
#include "rt/task.h"

#define SECOND_US       INT64_C(1000000)
#define TTL_MIN_S       1
#define TTL_MAX_S       3600
#define STALE_US        (3600 * SECOND_US)
#define STALE_WAIT_US   (SECOND_US / 2)  /* then a slow refresh is not waited for */
#define STALE_AGAIN_US  (5 * SECOND_US)  /* after a failed refresh the stale answer is good for */
#define NEGATIVE_US     SECOND_US        /* a failure is remembered for */
#define HEDGE_US        (SECOND_US / 10) /* then A is asked for alone; c-ares waits 250 ms */
#define HEDGE_TTL_S     30               /* an answer without its AAAA half is good for */
#define CHANNEL_AGE_US  (60 * SECOND_US)
#define QUERY_MS        1000 /* first timeout; doubles at each try */
#define QUERY_TRIES     3
#define HOST_MAX        253 /* RFC 1035 2.3.4, as text */
#define LABEL_MAX       63
#define SERVERS_CSV_MAX 256

struct addr {
    bool is_v6;
    uint8_t ip[16];
};

struct name {
    struct list use; /* resolver.names, latest first */
    struct list waiters;
    struct loop_timer hedge;
    int64_t fresh_until_us, stale_until_us;
    const char *reason; /* static; of the failure when n is 0 */
    int code;           /* -E_X, or 0 when there are addresses */
    uint8_t flights;    /* c-ares questions under way */
    bool is_answered;   /* nobody is waiting who joined since the last answer */
    uint8_t n;
    uint8_t host_n;
    size_t size; /* of this block */
    struct addr addr[DNS_ADDRS_MAX];
    char host[HOST_MAX + 1]; /* lower case, NUL-terminated */
};

struct waiter {
    struct list link;
    struct task *task;
    struct dns_addrs *out;
    const char *reason;
    int code;
    bool is_done;
};

/* c-ares comes and goes with sockets by the question; the watches are kept for reuse. */
struct socket_watch {
    struct loop_watch watch;
    struct socket_watch *next;
    size_t size;
};

struct resolver {
    ares_channel channel; /* NULL: not made yet */
    int64_t made_us;
    size_t flights; /* of all names */
    struct loop_timer timer;
    struct socket_watch *sockets; /* all ever made; fd -1: free */
    struct table by_host;
    struct list names;
};

static char servers_csv[SERVERS_CSV_MAX];
static _Thread_local struct resolver resolver;

/* ---- what needs no question ---- */

static struct sockaddr_storage to_sockaddr(const struct addr *from)
{
    struct sockaddr_storage ss = {.ss_family = from->is_v6 ? AF_INET6 : AF_INET};
    if (from->is_v6)
        memcpy(&((struct sockaddr_in6 *)&ss)->sin6_addr, from->ip, 16);
    else
        memcpy(&((struct sockaddr_in *)&ss)->sin_addr, from->ip, 4);
    return ss;
}

static bool resolve_numeric(const char *host, struct dns_addrs *out)
{
    struct addr a = {.is_v6 = strchr(host, ':')};
    if (inet_pton(a.is_v6 ? AF_INET6 : AF_INET, host, a.ip) != 1)
        return false;
    out->addr[0] = to_sockaddr(&a);
    out->n = 1;
    return true;
}

/* RFC 6761 6.3. IPv4 first, unlike elsewhere: local engines mostly listen there only. */
static bool resolve_localhost(str host, struct dns_addrs *out)
{
    if (host.n > 0 && host.p[host.n - 1] == '.')
        host.n--;
    if (!str_eq(host, S("localhost")) && !str_has_suffix(host, S(".localhost")))
        return false;
    out->addr[0] = to_sockaddr(&(struct addr){.ip = {127, 0, 0, 1}});
    out->addr[1] = to_sockaddr(&(struct addr){.is_v6 = true, .ip = {[15] = 1}});
    out->n = 2;
    return true;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool is_label(str label)
{
    if (label.n == 0 || label.n > LABEL_MAX)
        return false;
    for (size_t i = 0; i < label.n; i++) {
        if (!is_name_char(label.p[i]))
            return false;
    }
    return true;
}

/* "127.1", "0x7f000001", "1.2.3.4.": what inet_aton and browsers read as IPv4 (WHATWG URL, "ends
 * in a number") is no name, and no server shall get to say what it means. */
static bool is_number_label(str label)
{
    size_t i = str_has_prefix(label, S("0x")) ? 2 : 0;
    const char *digits = i > 0 ? "0123456789abcdef" : "0123456789";
    for (; i < label.n; i++) {
        if (!strchr(digits, label.p[i]))
            return false;
    }
    return true;
}

/* A host name of letters, digits, '-' and '_', perhaps with a dot at the end; `host` is folded. */
static const char *name_fault(str host)
{
    if (host.n > 0 && host.p[host.n - 1] == '.')
        host.n--;
    str label = S_EMPTY;
    bool has_more = true;
    while (has_more) {
        has_more = str_cut(host, '.', &label, &host);
        if (!is_label(label))
            return "not a valid host name";
    }
    return is_number_label(label) ? "not a valid IPv4 address" : NULL;
}

/* Lower case and NUL at the end. False when it is too long or holds a NUL. */
static bool fold_host(str host, char out[HOST_MAX + 1])
{
    if (host.n == 0 || host.n > HOST_MAX || memchr(host.p, 0, host.n))
        return false;
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    out[host.n] = 0;
    return true;
}

/* ---- names and their waiters ---- */

static void copy_addrs(const struct name *n, struct dns_addrs *out)
{
    for (size_t i = 0; i < n->n; i++)
        out->addr[i] = to_sockaddr(&n->addr[i]);
    out->n = n->n;
}

/* Serves all waiters with what the name holds now. */
static void serve(struct name *n)
{
    n->is_answered = true;
    loop_timer_clear(&n->hedge);
    for (;;) {
        struct list *link = list_pop_front(&n->waiters);
        if (!link)
            return;
        struct waiter *w = container_of(link, struct waiter, link);
        copy_addrs(n, w->out);
        w->code = n->code;
        w->reason = n->reason;
        w->is_done = true;
        if (w->task != task_self()) /* the answer may come at once, while its asker runs */
            task_wake(w->task, 0);
    }
}

static void hedge_due(struct loop_timer *t);

static void name_free(struct name *n)
{
    must(n->flights == 0 && list_is_empty(&n->waiters));
    list_remove(&n->use);
    (void)table_remove(&resolver.by_host, str_of(n->host, n->host_n)); /* n itself */
    pool_release(n, n->size);
}

/* The name used longest ago that nobody is asking for. */
static bool evict_one(void)
{
    for (struct list *pos = resolver.names.prev; pos != &resolver.names; pos = pos->prev) {
        struct name *n = container_of(pos, struct name, use);
        if (n->flights > 0)
            continue;
        name_free(n);
        return true;
    }
    return false;
}

/* NULL when DNS_CACHE_MAX names are being asked for at this moment. */
static struct name *name_get(const char *host)
{
    str key = str_from_cz(host);
    struct name *n = (struct name *)table_get(&resolver.by_host, key);
    if (n) {
        list_remove(&n->use);
        list_push_front(&resolver.names, &n->use);
        return n;
    }
    if (resolver.by_host.n >= DNS_CACHE_MAX && !evict_one())
        return NULL;
    size_t size;
    n = (struct name *)pool_acquire(sizeof(*n), &size);
    *n = (struct name){.host_n = (uint8_t)key.n, .size = size};
    memcpy(n->host, host, key.n);
    list_init(&n->waiters);
    loop_timer_init(&n->hedge, hedge_due);
    list_push_front(&resolver.names, &n->use);
    (void)table_add(&resolver.by_host, str_of(n->host, n->host_n), n); /* it was absent */
    return n;
}

/* ---- answers ---- */

static struct addr from_node(const struct ares_addrinfo_node *node)
{
    struct addr a = {.is_v6 = node->ai_family == AF_INET6};
    if (a.is_v6)
        memcpy(a.ip, &((const struct sockaddr_in6 *)(const void *)node->ai_addr)->sin6_addr, 16);
    else
        memcpy(a.ip, &((const struct sockaddr_in *)(const void *)node->ai_addr)->sin_addr, 4);
    return a;
}

static const struct ares_addrinfo_node *next_of(const struct ares_addrinfo_node *node, int family)
{
    while (node && node->ai_family != family)
        node = node->ai_next;
    return node;
}

/* Alternates the families, each in the servers' order (RFC 8305 4). */
static void store_addrs(struct name *n, const struct ares_addrinfo *answer)
{
    const struct ares_addrinfo_node *v6 = next_of(answer->nodes, AF_INET6);
    const struct ares_addrinfo_node *v4 = next_of(answer->nodes, AF_INET);
    n->n = 0;
    while (n->n < DNS_ADDRS_MAX && (v6 || v4)) {
        if (v6) {
            n->addr[n->n++] = from_node(v6);
            v6 = next_of(v6->ai_next, AF_INET6);
        }
        if (v4 && n->n < DNS_ADDRS_MAX) {
            n->addr[n->n++] = from_node(v4);
            v4 = next_of(v4->ai_next, AF_INET);
        }
    }
}

static int64_t ttl_seconds(const struct ares_addrinfo *answer, int64_t max)
{
    int64_t ttl = max;
    for (const struct ares_addrinfo_node *node = answer->nodes; node; node = node->ai_next)
        ttl = MIN(ttl, node->ai_ttl);
    for (const struct ares_addrinfo_cname *c = answer->cnames; c; c = c->next)
        ttl = MIN(ttl, c->ttl);
    return MAX(ttl, TTL_MIN_S);
}

static void answer_good(struct name *n, const struct ares_addrinfo *answer, int64_t ttl_max)
{
    store_addrs(n, answer);
    n->code = 0;
    n->reason = NULL;
    n->fresh_until_us = clock_now_us() + ttl_seconds(answer, ttl_max) * SECOND_US;
    n->stale_until_us = n->fresh_until_us + STALE_US;
    serve(n);
}

static void answer_bad(struct name *n, int status)
{
    int64_t now = clock_now_us();
    bool is_gone = status == ARES_ENOTFOUND || status == ARES_ENODATA;
    if (n->n > 0 && now < n->stale_until_us && !is_gone) {
        n->fresh_until_us = now + STALE_AGAIN_US;
    } else {
        n->n = 0;
        n->code = status == ARES_ETIMEOUT ? -E_DNS_TIMEOUT : -E_DNS;
        n->reason = ares_strerror(status);
        n->fresh_until_us = now + NEGATIVE_US;
    }
    serve(n);
}

/* One question is over. Addresses serve whoever waits; a failure does so only if it is the last. */
static void landed(struct name *n, int status, struct ares_addrinfo *answer, bool is_hedge)
{
    must(n->flights > 0);
    n->flights--;
    resolver.flights--;
    bool is_good = status == ARES_SUCCESS && answer && answer->nodes;
    if (is_good && !(is_hedge && n->is_answered))
        answer_good(n, answer, is_hedge ? HEDGE_TTL_S : TTL_MAX_S);
    else if (!is_good && !n->is_answered && n->flights == 0)
        answer_bad(n, status == ARES_SUCCESS ? ARES_ENODATA : status);
    if (answer)
        ares_freeaddrinfo(answer);
}

static void landed_both(void *arg, int status, int timeouts, struct ares_addrinfo *answer)
{
    (void)timeouts;
    landed((struct name *)arg, status, answer, false);
}

static void landed_hedge(void *arg, int status, int timeouts, struct ares_addrinfo *answer)
{
    (void)timeouts;
    landed((struct name *)arg, status, answer, true);
}

/* ---- the channel in the loop ---- */

static void timer_set(void)
{
    struct timeval tv;
    if (!resolver.channel || !ares_timeout(resolver.channel, NULL, &tv)) {
        loop_timer_clear(&resolver.timer);
        return;
    }
    int64_t wait_us = (int64_t)tv.tv_sec * SECOND_US + tv.tv_usec;
    loop_timer_set(&resolver.timer, clock_read_us() + wait_us);
}

static void timer_due(struct loop_timer *t)
{
    (void)t;
    ares_process_fd(resolver.channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    timer_set();
}

static void socket_ready(struct loop_watch *w, uint32_t events)
{
    ares_socket_t fd = w->fd;
    bool has_failed = (events & (EPOLLERR | EPOLLHUP)) != 0;
    ares_process_fd(resolver.channel, has_failed || (events & EPOLLIN) ? fd : ARES_SOCKET_BAD,
                    has_failed || (events & EPOLLOUT) ? fd : ARES_SOCKET_BAD);
    timer_set();
}

static struct socket_watch *socket_find(int fd)
{
    struct socket_watch *s = resolver.sockets;
    while (s && s->watch.fd != fd)
        s = s->next;
    return s;
}

static struct socket_watch *socket_new(void)
{
    struct socket_watch *s = socket_find(-1);
    if (s)
        return s;
    size_t size;
    s = (struct socket_watch *)pool_acquire(sizeof(*s), &size);
    *s = (struct socket_watch){.watch.fd = -1, .next = resolver.sockets, .size = size};
    resolver.sockets = s;
    return s;
}

/* c-ares has begun, changed or ended its interest in a socket; it closes it only after this. A
 * socket that cannot be watched is left to c-ares's timeouts. */
static void socket_changed(void *arg, ares_socket_t fd, int readable, int writable)
{
    (void)arg;
    uint32_t events = (readable ? (uint32_t)EPOLLIN : 0) | (writable ? (uint32_t)EPOLLOUT : 0);
    struct socket_watch *s = socket_find(fd);
    if (s && events != 0 && loop_watch_change(&s->watch, events) == 0)
        return;
    if (s) {
        loop_watch_remove(&s->watch);
        s->watch.fd = -1;
    } else if (events != 0) {
        s = socket_new();
        s->watch = (struct loop_watch){.fd = fd, .fn = socket_ready};
        if (loop_watch_add(&s->watch, events) < 0)
            s->watch.fd = -1;
    }
}

static void library_init(void)
{
    (void)ares_library_init(ARES_LIB_INIT_ALL); /* fails on Windows only */
}

static int channel_open(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, library_init); /* cannot fail with a static once */

    char lookups[] = "fb"; /* /etc/hosts, then the servers */
    struct ares_options options = {
        .timeout = QUERY_MS,
        .tries = QUERY_TRIES,
        .lookups = lookups,
        .sock_state_cb = socket_changed,
    };
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
    mask |= ARES_OPT_QUERY_CACHE; /* newer c-ares caches by itself; with maximum 0 it does not */
#endif
    int status = ares_init_options(&resolver.channel, &options, mask);
    if (status != ARES_SUCCESS) {
        resolver.channel = NULL;
        return status;
    }
    resolver.made_us = clock_now_us();
    return servers_csv[0] ? ares_set_servers_ports_csv(resolver.channel, servers_csv)
                          : ARES_SUCCESS;
}

static void channel_close(void)
{
    if (resolver.channel)
        ares_destroy(resolver.channel);
    resolver.channel = NULL;
}

/* A channel to ask with: made at the first question, and again when it has aged and is idle. */
static int channel_ready(void)
{
    if (resolver.channel && resolver.flights == 0 &&
        clock_now_us() - resolver.made_us > CHANNEL_AGE_US)
        channel_close();
    return resolver.channel ? ARES_SUCCESS : channel_open();
}

/* ---- asking ---- */

static void ask(struct name *n, int family, ares_addrinfo_callback fn)
{
    n->flights++;
    resolver.flights++;
    struct ares_addrinfo_hints hints = {
        .ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = ARES_AI_NOSORT};
    ares_getaddrinfo(resolver.channel, n->host, NULL, &hints, fn, n);
    timer_set();
}

static void hedge_due(struct loop_timer *t)
{
    ask(container_of(t, struct name, hedge), AF_INET, landed_hedge);
}

static void fly(struct name *n)
{
    int status = channel_ready();
    if (status != ARES_SUCCESS) {
        answer_bad(n, status);
        return;
    }
    loop_timer_set(&n->hedge, clock_now_us() + HEDGE_US);
    ask(n, AF_UNSPEC, landed_both);
}

/* Joins the name's flight, or starts one. A task that could have a stale answer does not wait for
 * a slow refresh. */
static int wait_for(struct name *n, struct dns_addrs *out, const char **reason) MAY_YIELD
{
    struct waiter w = {.task = task_self(), .out = out};
    list_push_back(&n->waiters, &w.link);
    n->is_answered = false;
    if (n->flights == 0)
        fly(n);
    int64_t before = task_deadline();
    bool has_stale = n->n > 0 && clock_now_us() < n->stale_until_us;
    if (has_stale && !w.is_done)
        (void)task_deadline_narrow(clock_now_us() + STALE_WAIT_US);
    int rc = 0;
    while (rc == 0 && !w.is_done)
        rc = task_wait();
    task_deadline_restore(before);
    if (w.is_done) {
        *reason = w.reason;
        return w.code;
    }
    list_remove(&w.link);
    bool is_own_limit = rc == -E_TIMEOUT && task_cancelled() == 0 && clock_now_us() < before;
    if (!has_stale || !is_own_limit)
        return rc;
    copy_addrs(n, out); /* still there: a name in flight is not evicted */
    return 0;
}

int dns_resolve(str host, struct dns_addrs *out, const char **reason)
{
    char folded[HOST_MAX + 1];
    out->n = 0;
    *reason = "not a valid host name";
    if (!fold_host(host, folded))
        return -E_DNS;
    str name = str_from_cz(folded);
    if (resolve_numeric(folded, out) || resolve_localhost(name, out))
        return 0;
    const char *fault = name_fault(name);
    if (fault) {
        *reason = fault;
        return -E_DNS;
    }
    if (!resolver.names.next) {
        list_init(&resolver.names);
        loop_timer_init(&resolver.timer, timer_due);
    }
    struct name *n = name_get(folded);
    if (!n) {
        *reason = "too many names are being resolved";
        return -E_DNS;
    }
    if (clock_now_us() >= n->fresh_until_us)
        return wait_for(n, out, reason);
    copy_addrs(n, out);
    *reason = n->reason;
    return n->code;
}

void dns_thread_end(void)
{
    if (!resolver.names.next)
        return;
    channel_close(); /* every question still under way lands with ARES_EDESTRUCTION */
    loop_timer_clear(&resolver.timer);
    while (!list_is_empty(&resolver.names)) {
        struct name *n = container_of(resolver.names.next, struct name, use);
        loop_timer_clear(&n->hedge);
        name_free(n);
    }
    while (resolver.sockets) {
        struct socket_watch *s = resolver.sockets;
        resolver.sockets = s->next;
        pool_release(s, s->size);
    }
    table_fini(&resolver.by_host);
    resolver = (struct resolver){.channel = NULL};
}

void dns_set_servers(const char *csv)
{
    str s = str_from_cz(csv);
    must(s.n < sizeof(servers_csv));
    memcpy(servers_csv, s.n > 0 ? s.p : "", s.n);
    servers_csv[s.n] = 0;
}

const char *dns_version_text(void)
{
    return ares_version(NULL);
}
