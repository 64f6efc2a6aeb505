/* Engines are threads of this test that answer one connection each. */
#include "gate/discover.c"

#include <pthread.h>

#include "gate/config_fakes.h"
#include "gate/snapshot.h"
#include "tap.h"

struct engine {
    const char *name;
    const char *answer; /* NULL: says nothing */
    int fd;
    uint16_t port;
    pthread_t thread;
    char request[512];
};

static void *serve(void *obj)
{
    struct engine *e = obj;
    int c = accept(e->fd, NULL, NULL);

    if (c == -1)
        return NULL;
    ssize_t n = recv(c, e->request, sizeof e->request - 1, 0);
    e->request[n > 0 ? n : 0] = '\0';
    for (const char *p = e->answer; p && *p; p++) {
        if (send(c, p, 1, MSG_NOSIGNAL) != 1)
            break;
    }
    /* Until the other side closes. */
    (void)recv(c, e->request + sizeof e->request - 1, 1, 0);
    close(c);
    return NULL;
}

static void engine_start(struct engine *e)
{
    struct sockaddr_in sa = {.sin_family = AF_INET};
    socklen_t len = sizeof sa;

    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    e->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(bind(e->fd, (struct sockaddr *)&sa, sizeof sa) == 0 && listen(e->fd, 4) == 0);
    must(getsockname(e->fd, (struct sockaddr *)&sa, &len) == 0);
    e->port = ntohs(sa.sin_port);
    must(pthread_create(&e->thread, NULL, serve, e) == 0);
}

static void test_probes(void)
{
    static struct engine engines[] = {
        {.name = "an engine", .answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"},
        {.name = "an old one", .answer = "HTTP/1.0 200 OK\r\n\r\n"},
        {.name = "a server of something else", .answer = "HTTP/1.1 404 Not Found\r\n\r\n"},
        {.name = "no HTTP", .answer = "SSH-2.0-OpenSSH_9.2\r\n"},
        {.name = "an answer that stops", .answer = "HTTP/1.1 2"},
        {.name = "silence", .answer = NULL},
    };
    static const bool want[] = {true, true, false, false, false, false};
    struct probe probes[ARRAY_LEN(engines) + 1];
    size_t n = ARRAY_LEN(engines);

    for (size_t i = 0; i < n; i++) {
        engine_start(&engines[i]);
        probes[i] = (struct probe){
            .id = "x", .base_path = S("/v1"), .list = "/models", .port = engines[i].port};
    }
    probes[n] = (struct probe){.id = "nobody", .base_path = S("/v1"), .list = "/models", .port = 1};
    int64_t begin_us = clock_read_us();
    probe_all(probes, n + 1);
    int64_t took_us = clock_read_us() - begin_us;
    for (size_t i = 0; i < n; i++) {
        is_int(probes[i].state == PROBE_FOUND, want[i], engines[i].name);
        is_int(probes[i].fd, -1, "closed");
        shutdown(engines[i].fd, SHUT_RDWR);
        pthread_join(engines[i].thread, NULL);
        close(engines[i].fd);
    }
    is_int(probes[n].state, PROBE_FAILED, "nobody listens");
    ok(took_us < 2 * (CONNECT_BUDGET_US + ANSWER_BUDGET_US), "bounded in time");
    ok(str_has_prefix(str_from_cz(engines[0].request), S("GET /v1/models HTTP/1.1\r\n")), "asked");
}

static void test_plan(void)
{
    struct probe probes[PROBES_MAX];
    struct arena a;

    arena_init(&a, 1024, 1 << 16);
    size_t n = plan(&a, probes);
    ok(n >= 3, "local engines are known");
    for (size_t i = 0; i < n; i++)
        ok(probes[i].port != LISTEN_PORT && probes[i].port != ADMIN_PORT, probes[i].id);
    arena_fini(&a);
}

static void test_config(void)
{
    for (size_t i = 0; i < vendor_count(); i++) {
        if (vendor_at(i)->env && vendor_at(i)->env[0] != '\0')
            must(unsetenv(vendor_at(i)->env) == 0);
    }
    must(setenv("GROQ_API_KEY", "k-" RESOLVED, 1) == 0);
    must(setenv("OPENAI_API_KEY", "", 1) == 0);
    struct config *c = config_load(NULL);
    struct buf b;
    buf_init(&b, 1 << 20);
    config_render_text(c, &b, false);
    is_str(buf_str(&b), S(""), "nothing is wrong with it");
    struct snapshot *s = snapshot_compile(c);
    must(s);
    is_str(s->source, S("built-in defaults"), "source");
    is_str(s->providers[0].id, S("groq"), "a provider whose key is set");
    is_str(s->providers[0].origin, S("environment"), "origin");
    ok(secret_equals(s->providers[0].keys[0].value, S("k-" RESOLVED)), "its key");
    ok(!table_get(&s->providers_by_id, S("openai")), "an empty key is none");
    is_int(s->auth_mode, AUTH_OPEN, "open");
    is_int(s->log.format, LOG_TEXT, "for people");
    ok(net_addr_is_local((const struct sockaddr *)&s->listen[0].addr.sa), "on loopback");
    config_render_effective(c, &b);
    ok(str_find(buf_str(&b), S(RESOLVED)) == STR_NONE, "and not shown");
    buf_fini(&b);
    snapshot_release(s);
}

int main(void)
{
    test_probes();
    test_plan();
    test_config();
    return tap_done();
}
