/* Addresses, listening sockets, and accepting.
 *
 * A listening socket may be shared by several loops. It is watched level-triggered and exclusively
 * (EPOLLEXCLUSIVE): a new connection wakes one of them and not all, and what one does not take in
 * its turn, another will. A turn accepts ACCEPTS_MAX connections at most, so that a flood of new
 * ones does not hold up those already there.
 *
 * A process out of descriptors would be told of the waiting connection again and again. So the loop
 * stops watching the socket and looks again RESUME_US later; the kernel's queue keeps the clients
 * waiting, and those that fit in once some descriptor is free are served as if nothing had been.
 *
 * Sockets bound to every address serve IPv4 and IPv6. Peers that come by IPv4 are shown as such and
 * never as ::ffff:a.b.c.d, so that limits and allow lists see one form. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/metrics.h"
#include "rt/net.h"

#define ACCEPTS_MAX 64
#define QUEUE_MAX   4096 /* what is accepted at closing: the kernel's usual queue (somaxconn) */
#define RESUME_US   100000

#define UNIX_PREFIX S("unix:")

/* ---- addresses ---- */

static int parse_unix(str path, struct net_addr *out)
{
    struct sockaddr_un *sun = (struct sockaddr_un *)&out->sa;
    if (path.n == 0 || path.n >= sizeof sun->sun_path || str_find_char(path, '\0') != STR_NONE)
        return -E_BAD_REQUEST;
    sun->sun_family = AF_UNIX;
    memcpy(sun->sun_path, path.p, path.n);
    out->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.n + 1);
    return 0;
}

static int parse_v6(const char *host, uint16_t port, struct net_addr *out)
{
    struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&out->sa;
    *sin6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
    out->len = sizeof *sin6;
    return inet_pton(AF_INET6, host, &sin6->sin6_addr) == 1 ? 0 : -E_BAD_REQUEST;
}

static int parse_v4(const char *host, uint16_t port, struct net_addr *out)
{
    struct sockaddr_in *sin = (struct sockaddr_in *)&out->sa;
    *sin = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    out->len = sizeof *sin;
    return inet_pton(AF_INET, host, &sin->sin_addr) == 1 ? 0 : -E_BAD_REQUEST;
}

int net_addr_parse(str text, struct net_addr *out)
{
    *out = (struct net_addr){0};
    if (str_has_prefix(text, UNIX_PREFIX))
        return parse_unix(str_skip(text, UNIX_PREFIX.n), out);
    size_t colon = str_rfind_char(text, ':');
    if (colon == STR_NONE)
        return -E_BAD_REQUEST;
    str host = str_slice(text, 0, colon);
    uint64_t port = 0;
    if (!str_to_u64(str_skip(text, colon + 1), &port) || port > UINT16_MAX)
        return -E_BAD_REQUEST;
    if (host.n == 0)
        return parse_v6("::", (uint16_t)port, out);
    bool is_v6 = host.p[0] == '[' && host.p[host.n - 1] == ']';
    if (is_v6)
        host = str_slice(host, 1, host.n - 1);
    char cz[INET6_ADDRSTRLEN];
    if (host.n >= sizeof cz || str_find_char(host, '\0') != STR_NONE)
        return -E_BAD_REQUEST;
    memcpy(cz, host.p, host.n);
    cz[host.n] = '\0';
    return is_v6 ? parse_v6(cz, (uint16_t)port, out) : parse_v4(cz, (uint16_t)port, out);
}

static size_t put(char *out, size_t at, str s)
{
    memcpy(out + at, s.p, s.n);
    return at + s.n;
}

static size_t put_number(char *out, size_t at, unsigned number)
{
    char digits[10];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (n > 0)
        out[at++] = digits[--n];
    return at;
}

static size_t put_port(char *out, size_t at, uint16_t port)
{
    out[at++] = ':';
    return put_number(out, at, port);
}

/* By hand: this runs for every request's log line, and inet_ntop prints with sprintf. */
static size_t put_v4(char *out, size_t at, struct in_addr addr)
{
    uint32_t bits = ntohl(addr.s_addr);
    for (int shift = 24; shift >= 0; shift -= 8) {
        at = put_number(out, at, bits >> shift & 255);
        if (shift > 0)
            out[at++] = '.';
    }
    return at;
}

str net_addr_format(const struct sockaddr *sa, socklen_t len, char out[NET_ADDR_TEXT])
{
    _Static_assert(NET_ADDR_TEXT > sizeof(((struct sockaddr_un *)NULL)->sun_path) + 5, "unix:path");
    _Static_assert(NET_ADDR_TEXT > INET6_ADDRSTRLEN + 8, "[v6]:port");
    size_t n = 0;
    if (sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)sa;
        out[n++] = '[';
        (void)inet_ntop(AF_INET6, &sin6->sin6_addr, out + n, INET6_ADDRSTRLEN); /* has room */
        n += strlen(out + n);
        out[n++] = ']';
        n = put_port(out, n, ntohs(sin6->sin6_port));
    } else if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *sin = (const struct sockaddr_in *)sa;
        n = put_port(out, put_v4(out, 0, sin->sin_addr), ntohs(sin->sin_port));
    } else {
        const struct sockaddr_un *sun = (const struct sockaddr_un *)sa;
        size_t head = offsetof(struct sockaddr_un, sun_path);
        size_t room = len > head ? MIN(len - head, sizeof sun->sun_path) : 0;
        n = put(out, 0, UNIX_PREFIX);
        n = put(out, n, str_of(sun->sun_path, strnlen(sun->sun_path, room))); /* often unnamed */
    }
    return str_of(out, n);
}

bool net_addr_is_local(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_UNIX)
        return true;
    if (sa->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)sa)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    if (sa->sa_family != AF_INET6)
        return false;
    const struct in6_addr *a = &((const struct sockaddr_in6 *)sa)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == IN_LOOPBACKNET);
}

/* ::ffff:a.b.c.d becomes a.b.c.d. */
static void unmap_v4(struct sockaddr_storage *ss, socklen_t *len)
{
    struct sockaddr_in6 from = *(const struct sockaddr_in6 *)ss;
    if (ss->ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&from.sin6_addr))
        return;
    struct sockaddr_in *to = (struct sockaddr_in *)ss;
    *to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = from.sin6_port};
    memcpy(&to->sin_addr, from.sin6_addr.s6_addr + 12, sizeof to->sin_addr);
    *len = sizeof *to;
}

/* ---- listening sockets ---- */

/* A socket file nobody listens on is left over from a process that was killed. */
static void remove_stale(const struct net_addr *addr)
{
    const char *path = ((const struct sockaddr_un *)&addr->sa)->sun_path;
    struct stat st;
    if (lstat(path, &st) == -1 || !S_ISSOCK(st.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd == -1)
        return;
    if (connect(fd, (const struct sockaddr *)&addr->sa, addr->len) == -1 && errno == ECONNREFUSED)
        (void)unlink(path); /* if it fails, bind says why */
    (void)close(fd);
}

static int bind_and_listen(int fd, const struct net_addr *addr, bool share)
{
    int on = 1, off = 0;
    const struct sockaddr *sa = (const struct sockaddr *)&addr->sa;
    if (sa->sa_family == AF_UNIX)
        remove_stale(addr);
    else if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1)
        return -1;
    if (sa->sa_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (share && sa->sa_family != AF_UNIX &&
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == -1)
        return -1;
    return bind(fd, sa, addr->len) == -1 ? -1 : listen(fd, SOMAXCONN);
}

/* "Every address" on a machine without IPv6. */
static struct net_addr any_v4(const struct net_addr *addr)
{
    const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)&addr->sa;
    struct net_addr v4 = {.len = sizeof(struct sockaddr_in)};
    *(struct sockaddr_in *)&v4.sa =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_port = sin6->sin6_port};
    return v4;
}

static bool is_any_v6(const struct net_addr *addr)
{
    return addr->sa.ss_family == AF_INET6 &&
           IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)&addr->sa)->sin6_addr);
}

int net_listen_fd(const struct net_addr *addr, bool share)
{
    struct net_addr a = *addr;
    int fd = socket(a.sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd == -1 && errno == EAFNOSUPPORT && is_any_v6(&a)) {
        a = any_v4(addr);
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    }
    if (fd == -1)
        return -E_SYSTEM;
    if (bind_and_listen(fd, &a, share) == 0)
        return fd;
    int error = errno;
    (void)close(fd);
    errno = error;
    return -E_SYSTEM;
}

/* ---- accepting ---- */

static int watch_listener(struct net_listener *l)
{
    return loop_watch_add(&l->watch, EPOLLIN | EPOLLEXCLUSIVE);
}

static void pause_listener(struct net_listener *l)
{
    if (!l->is_paused)
        loop_watch_remove(&l->watch);
    l->is_paused = true;
    loop_timer_set(&l->resume, clock_now_us() + RESUME_US);
}

enum verdict { ACCEPT_GO_ON, ACCEPT_ENOUGH, ACCEPT_PAUSE };

/* accept(2): errors of the new connection are passed on by accept and mean the next one. */
static enum verdict judge(int error)
{
    switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM: /* a firewall's */
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case ETIMEDOUT:
        return ACCEPT_GO_ON;
    case EAGAIN:
        return ACCEPT_ENOUGH;
    default: /* EMFILE, ENFILE, ENOBUFS, ENOMEM; any other would not go away by asking at once */
        return ACCEPT_PAUSE;
    }
}

static enum verdict accept_one(struct net_listener *l)
{
    if (l->may_accept && !l->may_accept(l))
        return ACCEPT_PAUSE;
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof peer;
    int fd = accept4(l->watch.fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd == -1)
        return judge(errno);
    unmap_v4(&peer, &len);
    l->on_accept(l, fd, (const struct sockaddr *)&peer, len);
    return ACCEPT_GO_ON;
}

/* Until the queue is empty, or `max` connections have been taken, or it has to pause. */
static void accept_some(struct net_listener *l, int max)
{
    enum verdict v = ACCEPT_GO_ON;
    for (int i = 0; i < max && v == ACCEPT_GO_ON; i++)
        v = accept_one(l);
    if (v != ACCEPT_PAUSE)
        return;
    metric_cell_add(metric_cell(M_REFUSED, &S("descriptors")), 1);
    pause_listener(l);
}

static void on_readable(struct loop_watch *w, uint32_t events)
{
    (void)events; /* whatever it is, accept says it */
    accept_some(container_of(w, struct net_listener, watch), ACCEPTS_MAX);
}

static void on_resume(struct loop_timer *t)
{
    struct net_listener *l = container_of(t, struct net_listener, resume);
    if (watch_listener(l) == 0)
        l->is_paused = false;
    else
        loop_timer_set(t, clock_now_us() + RESUME_US);
}

int net_listener_open(struct net_listener *l, int fd)
{
    must(l->on_accept);
    l->watch = (struct loop_watch){.fd = fd, .fn = on_readable};
    l->is_paused = false;
    loop_timer_init(&l->resume, on_resume);
    net_set_nodelay(fd); /* accepted sockets inherit it (tcp(7)) */
    if (watch_listener(l) == 0)
        return 0;
    l->watch.fd = -1;
    return -E_SYSTEM;
}

void net_listener_close(struct net_listener *l)
{
    if (l->watch.fd < 0)
        return;
    accept_some(l, QUEUE_MAX);
    loop_timer_clear(&l->resume);
    if (!l->is_paused)
        loop_watch_remove(&l->watch);
    l->watch.fd = -1;
}
