/* What can be served without a configuration: keys in the environment, engines on this machine.
 *
 * The result is text, not a tree, and goes through the same parser, checks and compiler as a file.
 * So nothing can be discovered that could not be configured, and what was discovered can be printed
 * and kept as a first file of one's own.
 *
 * An engine counts as found when its port on loopback takes a connection and answers GET
 * <base>/models with 200: a port alone proves nothing (8000 is everybody's development server). All
 * ports are tried at once, with plain poll and two deadlines. This is the one place outside rt/
 * that touches a descriptor; it runs before there is a loop to run on. */
#include "gate/discover.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "gate/config_value.h"
#include "gate/vendor.h"

#define PROBES_MAX        16
#define CONNECT_BUDGET_US INT64_C(150000)
#define ANSWER_BUDGET_US  INT64_C(300000)
#define LISTEN_PORT       8080 /* our own addresses of this configuration: never probed */
#define ADMIN_PORT        8081

static const char head[] = "version: 1\n"
                           "server: {listen: 127.0.0.1:8080, admin: 127.0.0.1:8081}\n"
                           "auth: {mode: open}\n"
                           "observability: {log: {format: text}}\n";

enum probe_state { PROBE_CONNECTING, PROBE_READING, PROBE_FOUND, PROBE_FAILED };

struct probe {
    const char *id;
    str base_url;
    str base_path;
    const char *list; /* where its models are listed */
    uint16_t port;
    int fd; /* -1: closed */
    enum probe_state state;
    char reply[12]; /* "HTTP/1.1 200" */
    size_t got;
};

static void finish(struct probe *p, enum probe_state state)
{
    p->state = state;
    if (p->fd != -1)
        close(p->fd);
    p->fd = -1;
}

static void start(struct probe *p)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(p->port)};

    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    p->state = PROBE_CONNECTING;
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd == -1) {
        finish(p, PROBE_FAILED);
        return;
    }
    if (connect(p->fd, (const struct sockaddr *)&sa, sizeof sa) == -1 && errno != EINPROGRESS)
        finish(p, PROBE_FAILED);
}

static void ask(struct probe *p)
{
    struct buf b;
    int error = 0;
    socklen_t len = sizeof error;

    if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1 || error != 0) {
        finish(p, PROBE_FAILED);
        return;
    }
    buf_init(&b, 1024);
    buf_printf(&b,
               "GET " STR_FMT "%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: "
               "application/json\r\nConnection: close\r\n\r\n",
               STR_ARG(p->base_path), p->list, (unsigned)p->port);
    /* A fresh socket has room for this; if not, it is no engine worth waiting for. */
    ssize_t sent = send(p->fd, b.p, b.n, MSG_NOSIGNAL);
    if (sent == (ssize_t)b.n)
        p->state = PROBE_READING;
    else
        finish(p, PROBE_FAILED);
    buf_fini(&b);
}

static void listen_to(struct probe *p)
{
    ssize_t n = recv(p->fd, p->reply + p->got, sizeof p->reply - p->got, 0);

    if (n == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        finish(p, PROBE_FAILED);
        return;
    }
    p->got += (size_t)n;
    if (p->got < sizeof p->reply)
        return;
    bool is_http = memcmp(p->reply, "HTTP/1.", 7) == 0;
    bool is_ok = memcmp(p->reply + 8, " 200", 4) == 0;
    finish(p, is_http && is_ok ? PROBE_FOUND : PROBE_FAILED);
}

/* Lets the probes in `state` go on until none is left in it or the time is over. */
static void run_phase(struct probe *probes, size_t n, enum probe_state state, int64_t until_us)
{
    struct pollfd fds[PROBES_MAX];
    struct probe *of[PROBES_MAX];

    for (;;) {
        nfds_t waiting = 0;
        for (size_t i = 0; i < n; i++) {
            if (probes[i].state != state)
                continue;
            short events = state == PROBE_CONNECTING ? POLLOUT : POLLIN;
            fds[waiting] = (struct pollfd){.fd = probes[i].fd, .events = events};
            of[waiting++] = &probes[i];
        }
        int64_t left_us = until_us - clock_read_us();
        if (waiting == 0 || left_us <= 0)
            break;
        int ready = poll(fds, waiting, (int)((left_us + 999) / 1000));
        for (nfds_t i = 0; i < waiting && ready > 0; i++) {
            if (fds[i].revents != 0 && state == PROBE_CONNECTING)
                ask(of[i]);
            else if (fds[i].revents != 0)
                listen_to(of[i]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (probes[i].state == state)
            finish(&probes[i], PROBE_FAILED);
    }
}

static void probe_all(struct probe *probes, size_t n)
{
    must(n <= PROBES_MAX);
    int64_t begin_us = clock_read_us();
    for (size_t i = 0; i < n; i++)
        start(&probes[i]);
    run_phase(probes, n, PROBE_CONNECTING, begin_us + CONNECT_BUDGET_US);
    run_phase(probes, n, PROBE_READING, clock_read_us() + ANSWER_BUDGET_US);
}

/* A probe for every vendor that needs no key. Returns their number. */
static size_t plan(struct arena *a, struct probe *probes)
{
    size_t n = 0;

    for (size_t i = 0; i < vendor_count() && n < PROBES_MAX; i++) {
        const struct vendor *v = vendor_at(i);
        struct value_url url;
        const char *why = NULL;
        if (v->env)
            continue;
        must(value_url(a, str_from_cz(v->base_url), &url, &why) == 0);
        if (url.port == LISTEN_PORT || url.port == ADMIN_PORT)
            continue;
        probes[n++] = (struct probe){.id = v->id,
                                     .base_url = str_from_cz(v->base_url),
                                     .base_path = url.base_path,
                                     .list = v->kind == PROVIDER_OLLAMA ? "/api/tags" : "/models",
                                     .port = url.port,
                                     .fd = -1};
    }
    return n;
}

static bool has_key(const struct vendor *v)
{
    const char *key = v->env ? getenv(v->env) : NULL;

    return key && key[0] != '\0';
}

static void put_vendors(struct buf *out)
{
    for (size_t i = 0; i < vendor_count(); i++) {
        const struct vendor *v = vendor_at(i);
        if (has_key(v))
            buf_printf(out, "  %s: {kind: %s, api_key: \"${env:%s}\"}\n", v->id, v->id, v->env);
    }
}

void discover_config(struct buf *out)
{
    struct probe probes[PROBES_MAX];
    struct buf providers;
    struct arena a;

    arena_init(&a, 1024, 64u << 10);
    buf_init(&providers, 64u << 10);
    put_vendors(&providers);
    size_t n = plan(&a, probes);
    probe_all(probes, n);
    for (size_t i = 0; i < n; i++) {
        if (probes[i].state == PROBE_FOUND)
            buf_printf(&providers, "  %s: {kind: %s, base_url: \"" STR_FMT "\"}\n", probes[i].id,
                       probes[i].id, STR_ARG(probes[i].base_url));
    }
    buf_put(out, str_from_cz(head));
    if (providers.n > 0)
        buf_put(out, S("providers:\n"));
    buf_put(out, buf_str(&providers));
    buf_fini(&providers);
    arena_fini(&a);
}
