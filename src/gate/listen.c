/* Which addresses are open, and who accepts on them. See the header for who does what on which
 * thread.
 *
 * A worker that is at the connection limit answers new connections at once with 503 and closes
 * them: a client that is told can go elsewhere, one that is left in the kernel's queue can only
 * wait. */
#include "gate/listen.h"

#include <errno.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "gate/client.h"

struct listen_socket {
    struct listen_socket *next;
    struct arena arena; /* of this struct's texts */
    str text;           /* as configured */
    enum client_scope scope;
    struct net_addr addr; /* with the real port */
    unsigned n_fds;
    int *fds; /* per worker; one for unix sockets and the admin address */
};

struct listen_order {
    size_t n;
    struct {
        int fd;
        unsigned index; /* in snapshot->listen or ->admin */
        enum client_scope scope;
    } entries[];
};

/* One address as a worker accepts on it. */
struct listening {
    struct list link;
    struct net_listener net;
    struct worker *worker;
    int fd;
    unsigned index;
    enum client_scope scope;
};

/* ---- sockets, on the main thread ---- */

static struct listen_socket *socket_find(const struct listen_sockets *set, str text,
                                         enum client_scope scope)
{
    for (struct listen_socket *s = set->first; s; s = s->next)
        if (s->scope == scope && str_eq(s->text, text))
            return s;
    return NULL;
}

static void socket_free(struct listen_socket *s)
{
    for (unsigned i = 0; i < s->n_fds; i++)
        if (s->fds[i] >= 0)
            close(s->fds[i]);
    if (s->addr.sa.ss_family == AF_UNIX) {
        const struct sockaddr_un *un = (const struct sockaddr_un *)&s->addr.sa;
        (void)unlink(un->sun_path); /* may be gone already */
    }
    arena_fini(&s->arena);
    mem_free(s->fds);
    mem_free(s);
}

/* Sockets that share a port would share it with another process of the same user, too: a second
 * gateway started by mistake would take half of the first one's connections without a word. */
static bool is_free(const struct net_addr *addr)
{
    int fd = net_listen_fd(addr, false);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static struct listen_socket *socket_open(const struct listen_addr *a, enum client_scope scope,
                                         unsigned n_fds)
{
    struct listen_socket *s = mem_new(sizeof *s);
    arena_init(&s->arena, 512, 1 << 16);
    s->text = arena_str(&s->arena, a->text);
    s->scope = scope;
    s->addr = a->addr;
    s->fds = mem_new(n_fds * sizeof *s->fds);
    bool is_unix = a->addr.sa.ss_family == AF_UNIX;
    if (n_fds > 1 && !is_free(&s->addr)) {
        socket_free(s);
        return NULL;
    }
    for (unsigned i = 0; i < n_fds; i++) {
        s->fds[i] = net_listen_fd(&s->addr, n_fds > 1 && !is_unix);
        s->n_fds = i + 1;
        if (s->fds[i] < 0) {
            int saved = errno;
            s->addr.sa.ss_family = AF_UNSPEC; /* not ours: nothing to unlink */
            socket_free(s);
            errno = saved;
            return NULL;
        }
        s->addr.len = sizeof s->addr.sa;
        must(getsockname(s->fds[i], (struct sockaddr *)&s->addr.sa, &s->addr.len) == 0);
    }
    return s;
}

static int open_one(struct listen_sockets *set, const struct listen_addr *a,
                    enum client_scope scope, unsigned workers, struct buf *report)
{
    if (socket_find(set, a->text, scope))
        return 0;
    bool is_single = scope == CLIENT_ADMIN || a->addr.sa.ss_family == AF_UNIX;
    struct listen_socket *s = socket_open(a, scope, is_single ? 1 : workers);
    if (!s) {
        buf_printf(report, "cannot listen on " STR_FMT ": %s\n", STR_ARG(a->text), strerror(errno));
        return -E_SYSTEM;
    }
    s->next = set->first;
    set->first = s;
    return 0;
}

int listen_sockets_open(struct listen_sockets *set, const struct snapshot *s, unsigned workers,
                        struct buf *report)
{
    struct listen_socket *before = set->first;
    int rc = 0;
    for (size_t i = 0; i < s->n_listen && rc == 0; i++)
        rc = open_one(set, &s->listen[i], CLIENT_SERVER, workers, report);
    if (rc == 0 && s->admin)
        rc = open_one(set, s->admin, CLIENT_ADMIN, 1, report);
    while (rc < 0 && set->first != before) { /* all or none */
        struct listen_socket *added = set->first;
        set->first = added->next;
        socket_free(added);
    }
    return rc;
}

static bool is_wanted(const struct listen_socket *l, const struct snapshot *s)
{
    if (l->scope == CLIENT_ADMIN)
        return s->admin && str_eq(s->admin->text, l->text);
    for (size_t i = 0; i < s->n_listen; i++)
        if (str_eq(s->listen[i].text, l->text))
            return true;
    return false;
}

void listen_sockets_close_unused(struct listen_sockets *set, const struct snapshot *s)
{
    struct listen_socket **at = &set->first;
    while (*at) {
        struct listen_socket *l = *at;
        if (is_wanted(l, s)) {
            at = &l->next;
            continue;
        }
        *at = l->next;
        socket_free(l);
    }
}

void listen_sockets_close(struct listen_sockets *set)
{
    while (set->first) {
        struct listen_socket *l = set->first;
        set->first = l->next;
        socket_free(l);
    }
}

void listen_sockets_log(const struct listen_sockets *set)
{
    for (const struct listen_socket *s = set->first; s; s = s->next) {
        char text[NET_ADDR_TEXT];
        LOG_EVENT (ev, LOG_INFO, "listening") {
            log_str(ev, "scope", s->scope == CLIENT_ADMIN ? S("admin") : S("server"));
            log_str(ev, "addr",
                    net_addr_format((const struct sockaddr *)&s->addr.sa, s->addr.len, text));
        }
    }
}

/* ---- orders ---- */

static void order_add(struct listen_order *o, const struct listen_sockets *set, str text,
                      enum client_scope scope, unsigned where[2])
{
    const struct listen_socket *l = socket_find(set, text, scope);
    must(l);
    o->entries[o->n].fd = l->fds[l->n_fds > 1 ? where[0] : 0];
    o->entries[o->n].index = where[1];
    o->entries[o->n].scope = scope;
    o->n++;
}

struct listen_order *listen_order_new(const struct listen_sockets *set, const struct snapshot *s,
                                      unsigned worker)
{
    struct listen_order *o = mem_new(sizeof *o + (s->n_listen + 1) * sizeof o->entries[0]);
    if (worker == LISTEN_CONTROL) {
        if (s->admin)
            order_add(o, set, s->admin->text, CLIENT_ADMIN, (unsigned[]){0, 0});
        return o;
    }
    for (unsigned i = 0; i < s->n_listen; i++)
        order_add(o, set, s->listen[i].text, CLIENT_SERVER, (unsigned[]){worker, i});
    return o;
}

/* ---- accepting, on a worker's thread ---- */

static void refuse(int fd, bool is_tls)
{
#define REFUSAL                                                                                    \
    "{\"error\":{\"message\":\"The gateway is at its connection limit.\","                         \
    "\"type\":\"server_error\",\"param\":null,\"code\":\"overloaded\",\"gateway\":{"               \
    "\"source\":\"gateway\",\"code\":\"TB-3002\",\"retryable\":true,\"attempts\":[]}}}"
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
                                 "content-type: application/json\r\n"
                                 "retry-after: 1\r\nconnection: close\r\n"
                                 "content-length: 197\r\n\r\n" REFUSAL;
    _Static_assert(sizeof REFUSAL - 1 == 197, "content-length of the refusal");
    metric_cell_add(metric_cell(M_REFUSED, (str[]){S("limit")}), 1);
    if (!is_tls) /* who expects a handshake cannot read it */
        (void)!send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL | MSG_DONTWAIT); /* a courtesy */
    close(fd);
}

/* Each request in flight may need a connection to a provider besides its client's: who is accepted
 * without one left for it could only be refused, who waits in the kernel's queue is served when
 * others have gone. */
static bool may_accept(struct net_listener *net)
{
    (void)net;
    unsigned open = atomic_load_explicit(&worker_clients_total, memory_order_relaxed) +
                    atomic_load_explicit(&worker_requests_total, memory_order_relaxed);
    return open + 2 <= worker_descriptors();
}

static void accepted(struct net_listener *net, int fd, const struct sockaddr *peer, socklen_t len)
{
    struct listening *l = container_of(net, struct listening, net);
    const struct snapshot *s = l->worker->lease->snapshot;
    const struct listen_addr *a = l->scope == CLIENT_ADMIN ? s->admin : &s->listen[l->index];
    unsigned open = atomic_load_explicit(&worker_clients_total, memory_order_relaxed);
    if (l->scope == CLIENT_SERVER && open >= s->limits.connections)
        refuse(fd, a->tls != NULL);
    else
        client_open(l->worker, l->scope, fd, peer, len, a->tls);
}

static struct listening *listening_find(struct worker *w, int fd)
{
    list_each (link, &w->listening) {
        struct listening *l = container_of(link, struct listening, link);
        if (l->fd == fd)
            return l;
    }
    return NULL;
}

static void listening_close(struct listening *l)
{
    net_listener_close(&l->net);
    list_remove(&l->link);
    mem_free(l);
}

static bool order_has(const struct listen_order *o, int fd)
{
    for (size_t i = 0; i < o->n; i++)
        if (o->entries[i].fd == fd)
            return true;
    return false;
}

void listen_close_all(struct worker *w)
{
    while (!list_is_empty(&w->listening))
        listening_close(container_of(w->listening.next, struct listening, link));
}

void listen_apply(struct worker *w, struct listen_order *o)
{
    struct list *next;
    for (struct list *link = w->listening.next; link != &w->listening; link = next) {
        next = link->next;
        struct listening *l = container_of(link, struct listening, link);
        if (!order_has(o, l->fd))
            listening_close(l);
    }
    for (size_t i = 0; i < o->n; i++) {
        struct listening *l = listening_find(w, o->entries[i].fd);
        if (!l) {
            l = mem_new(sizeof *l);
            l->worker = w;
            l->fd = o->entries[i].fd;
            l->scope = o->entries[i].scope;
            l->net.on_accept = accepted;
            l->net.may_accept = l->scope == CLIENT_SERVER ? may_accept : NULL;
            list_push_back(&w->listening, &l->link);
            must(net_listener_open(&l->net, l->fd) == 0);
        }
        l->index = o->entries[i].index;
    }
    mem_free(o);
}
