/* Start, reload, drain: the life of the process.
 *
 * Start: read the configuration, open every listening socket (so that a taken port is an error
 * before anything runs), start the workers, serve. Reload: compile the new configuration on this
 * thread, open sockets for addresses that are new, then mail the snapshot to every worker; from
 * its next loop turn on a worker uses the new one, while exchanges in flight finish on theirs. A
 * configuration with an error changes nothing. Drain: readiness turns false, listeners close,
 * connections finish; past the deadline what still streams is ended with an error in its own
 * dialect. */
#include "gate/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "gate/admin_key.h"
#include "gate/client.h"
#include "gate/config.h"
#include "gate/credential.h"
#include "gate/listen.h"
#include "gate/models.h"
#include "gate/paths.h"
#include "gate/upstream.h"
#include "gate/watch.h"
#include "gate/worker.h"
#include "rt/dns.h"

#define WORKERS_MAX 256

struct hand {
    struct worker worker;
    unsigned index;
    pthread_t thread;
    struct loop_mail drain;
    struct adoption *first; /* what it starts with */
};

/* A new snapshot on its way to the workers: a letter for each. Several may be under way; every
 * worker takes them in order. The last taker sends it back to control, which frees it. */
struct adoption {
    struct snapshot *snapshot; /* one reference */
    _Atomic unsigned pending;
    struct loop_mail done;
    struct letter {
        struct loop_mail mail;
        struct adoption *adoption;
        struct hand *hand;
        struct listen_order *order;
    } letters[];
};

static struct {
    const struct server_options *options;
    struct worker control;
    struct hand *hands;
    unsigned n_hands;
    _Atomic unsigned hands_up; /* workers that have not ended */
    struct snapshot *snapshot; /* control's own reference */
    struct listen_sockets sockets;
    uint64_t version;
    struct secret *admin_key; /* made here because the configuration names none */
    pthread_mutex_t posting;  /* held while letters are posted: no loop may end meanwhile */
    bool is_draining;
    bool has_started;
    bool drain_waits, reload_waits; /* asked for before all workers ran */
    unsigned adoptions;             /* under way */
    struct loop_watch signals;
    struct loop_mail ended;
} server = {.posting = PTHREAD_MUTEX_INITIALIZER};

bool server_is_draining(void)
{
    return server.is_draining;
}

const struct snapshot *server_snapshot(void)
{
    return server.snapshot;
}

const char *server_config_path(void)
{
    return server.options->config_path;
}

/* ---- configuration ---- */

/* Loads and compiles; NULL with the problems in `report`. */
static struct snapshot *load(struct buf *report)
{
    str text = server.options->config_text;
    struct config *config = text.n > 0 ? config_parse(text, S("built-in configuration"))
                                       : config_load(server.options->config_path);
    struct snapshot *s =
        snapshot_compile(config); /* reports all that is wrong, also on a bad tree */
    config_render_text(config, report, false);
    if (!s) {
        config_free(config);
        return NULL;
    }
    s->version = ++server.version;
    if (!s->admin_key && !server.admin_key)
        server.admin_key = admin_key_make(); /* the same one for every version */
    if (!s->admin_key)
        s->admin_key = server.admin_key;
    return s;
}

static void log_problems(enum log_level level, const char *name, const struct buf *report)
{
    str rest = buf_str(report), line;
    while (rest.n > 0) {
        str_cut(rest, '\n', &line, &rest);
        if (line.n > 0)
            log_note(level, name, STR_FMT, STR_ARG(line));
    }
}

/* ---- letters to the workers ---- */

static void start_control(void);

/* Back on the control thread: everybody uses the snapshot. */
static void adoption_done(void *arg)
{
    struct adoption *a = arg;
    LOG_EVENT (ev, LOG_DEBUG, "adopted") {
        log_int(ev, "config_version", (int64_t)a->snapshot->version);
    }
    snapshot_release(a->snapshot);
    mem_free(a);
    server.adoptions--;
    if (server.adoptions == 0)
        listen_sockets_close_unused(&server.sockets, server.snapshot);
    if (!server.has_started)
        start_control();
}

static void take_adoption(void *arg)
{
    struct letter *l = arg;
    struct adoption *a = l->adoption;
    listen_apply(&l->hand->worker,
                 l->order); /* whom a closing one still accepts comes by the old */
    worker_adopt(&l->hand->worker, snapshot_ref(a->snapshot));
    if (atomic_fetch_sub_explicit(&a->pending, 1, memory_order_acq_rel) == 1)
        loop_post(server.control.loop, &a->done);
}

static struct adoption *adoption_new(struct snapshot *s)
{
    struct adoption *a = mem_new(sizeof *a + server.n_hands * sizeof a->letters[0]);
    a->snapshot = snapshot_ref(s);
    a->done = (struct loop_mail){.fn = adoption_done, .arg = a};
    atomic_store_explicit(&a->pending, server.n_hands, memory_order_relaxed);
    for (unsigned i = 0; i < server.n_hands; i++) {
        struct letter *l = &a->letters[i];
        l->adoption = a;
        l->hand = &server.hands[i];
        l->order = listen_order_new(&server.sockets, s, i);
        l->mail = (struct loop_mail){.fn = take_adoption, .arg = l};
    }
    server.adoptions++;
    return a;
}

/* Tells all workers, and listens as s says: before s is in force here, too. */
static void send_adoption(struct snapshot *s)
{
    struct adoption *a = adoption_new(s);
    pthread_mutex_lock(&server.posting);
    for (unsigned i = 0; i < server.n_hands; i++)
        loop_post(server.hands[i].worker.loop, &a->letters[i].mail);
    pthread_mutex_unlock(&server.posting);
    listen_apply(&server.control, listen_order_new(&server.sockets, s, LISTEN_CONTROL));
}

/* Makes s the configuration in force. Takes the reference. */
static void publish(struct snapshot *s)
{
    struct snapshot *before = server.snapshot;
    server.snapshot = s;
    worker_adopt(&server.control, snapshot_ref(s));
    if (before)
        snapshot_release(before);
    metric_set(M_CONFIG_VERSION, (int64_t)s->version);
}

int server_reload(struct buf *report)
{
    if (server.is_draining)
        return -E_DRAINING;
    if (!server.has_started) {
        server.reload_waits = true;
        return 0;
    }
    struct snapshot *s = load(report);
    int rc = s ? listen_sockets_open(&server.sockets, s, server.n_hands, report) : -E_CONFIG;
    if (s && rc == 0 && log_reopen(&s->log) < 0) {
        buf_printf(report, "cannot open the log file %s: %s\n", s->log.path, strerror(errno));
        rc = -E_SYSTEM;
    }
    const char *outcome = rc == 0 ? "ok" : "failed";
    metric_cell_add(metric_cell(M_CONFIG_RELOADS, (str[]){str_from_cz(outcome)}), 1);
    if (rc < 0) {
        if (s)
            snapshot_release(s);
        log_problems(LOG_ERROR, "reload_failed", report);
        return -E_CONFIG;
    }
    send_adoption(s);
    publish(s);
    if (s->workers != server.n_hands)
        log_note(LOG_WARN, "workers_unchanged", "server.workers takes effect at the next start");
    log_problems(LOG_WARN, "config_warning", report);
    LOG_EVENT (ev, LOG_INFO, "reloaded") {
        log_int(ev, "config_version", (int64_t)s->version);
        log_str(ev, "source", s->source);
    }
    return 0;
}

static void reload_and_log(void)
{
    struct buf report;
    buf_init(&report, 1u << 20);
    IGNORE_RESULT(server_reload(&report)); /* it has logged what it did */
    buf_fini(&report);
}

/* ---- drain ---- */

static void drain_expired(struct loop_timer *t)
{
    client_cancel_all(container_of(t, struct worker, drain_timer));
}

static void worker_stop(struct worker *w)
{
    loop_timer_clear(&w->drain_timer);
    loop_stop(w->loop);
}

static void worker_drain(struct worker *w)
{
    if (w->is_draining)
        return;
    w->is_draining = true;
    w->on_drained = worker_stop;
    listen_close_all(w);
    upstream_close_idle(w);
    loop_timer_init(&w->drain_timer, drain_expired);
    loop_timer_set(&w->drain_timer, clock_now_us() + w->lease->snapshot->limits.drain_us);
    if (w->n_clients == 0)
        worker_stop(w);
    else
        client_drain_all(w);
}

static void take_drain(void *arg)
{
    struct hand *h = arg;
    worker_drain(&h->worker);
}

/* The control worker answers health and admin requests until the others are done. */
static void all_ended(void *arg)
{
    (void)arg;
    worker_drain(&server.control);
}

void server_drain(void)
{
    if (server.is_draining)
        return;
    if (!server.has_started) {
        server.drain_waits = true;
        return;
    }
    server.is_draining = true;
    log_note(LOG_INFO, "draining", "no new connections; requests in flight may finish");
    pthread_mutex_lock(&server.posting);
    for (unsigned i = 0; i < server.n_hands; i++) {
        struct hand *h = &server.hands[i];
        h->drain = (struct loop_mail){.fn = take_drain, .arg = h};
        loop_post(h->worker.loop, &h->drain);
    }
    pthread_mutex_unlock(&server.posting);
}

/* ---- signals ---- */

static void take_signals(struct loop_watch *w, uint32_t events)
{
    (void)events;
    struct signalfd_siginfo info;
    while (read(w->fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP)
            reload_and_log();
        else if (info.ssi_signo == SIGUSR1)
            IGNORE_RESULT(
                log_reopen(&server.snapshot->log)); /* rotation; a failure keeps the old file */
        else
            server_drain();
    }
}

/* Blocks the signals for every thread, and leaves SIGPIPE without effect. */
static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignored, NULL);
    server.signals = (struct loop_watch){.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC),
                                         .fn = take_signals};
    return server.signals.fd == -1 ? -E_SYSTEM : loop_watch_add(&server.signals, EPOLLIN);
}

/* ---- workers ---- */

static const struct path_table *const no_paths = &(const struct path_table){.n = 0};

static void *worker_main(void *arg)
{
    struct hand *h = arg;
    struct worker *w = &h->worker;
    worker_begin(w, h->index);
    w->paths[CLIENT_SERVER] = &paths_server;
    w->paths[CLIENT_ADMIN] = no_paths;
    take_adoption(&h->first->letters[h->index]);
    loop_run(w->loop);
    pthread_mutex_lock(&server.posting); /* whoever has posted to this loop has let go of it */
    pthread_mutex_unlock(&server.posting);
    credential_thread_end(); /* its tasks may be waiting for a name */
    models_thread_end();
    dns_thread_end();
    worker_end(w);
    log_thread_end();
    if (atomic_fetch_sub_explicit(&server.hands_up, 1, memory_order_acq_rel) == 1)
        loop_post(server.control.loop, &server.ended);
    return NULL;
}

static void start_hands(struct snapshot *s)
{
    atomic_store_explicit(&server.hands_up, server.n_hands, memory_order_release);
    struct adoption *first = adoption_new(s);
    for (unsigned i = 0; i < server.n_hands; i++) {
        struct hand *h = &server.hands[i];
        h->index = i;
        h->first = first;
        must(pthread_create(&h->thread, NULL, worker_main, h) == 0);
    }
}

/* All workers listen; now the control worker does, and the start is complete. */
static void start_control(void)
{
    struct snapshot *s = server.snapshot;
    server.has_started = true;
    listen_apply(&server.control, listen_order_new(&server.sockets, s, LISTEN_CONTROL));
    listen_sockets_log(&server.sockets);
    LOG_EVENT (ev, LOG_INFO, "started") {
        log_str(ev, "version", S(THROWBAR_VERSION));
        log_int(ev, "workers", server.n_hands);
        log_str(ev, "config", s->source);
        log_int(ev, "config_version", (int64_t)s->version);
    }
    if (server.options->on_ready)
        server.options->on_ready(server.options->on_ready_arg);
    if (server.reload_waits)
        reload_and_log();
    if (server.drain_waits)
        server_drain();
}

/* ---- run ---- */

/* As many descriptors as the system lets us have: streams need two each. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* the old limit holds if this fails */
}

static int prepare(struct buf *report)
{
    struct snapshot *s = load(report);
    if (!s)
        return 2;
    server.n_hands = MIN(s->workers, (unsigned)WORKERS_MAX);
    if (log_start(&s->log) < 0) {
        buf_printf(report, "cannot open the log file %s: %s\n", s->log.path, strerror(errno));
        snapshot_release(s);
        return 1;
    }
    if (open_signals() < 0 || listen_sockets_open(&server.sockets, s, server.n_hands, report) < 0) {
        snapshot_release(s);
        return 1;
    }
    publish(s);
    return 0;
}

static void serve(void)
{
    metric_cell_set(metric_cell(M_BUILD_INFO, (str[]){S(THROWBAR_VERSION)}), 1);
    server.hands = mem_new(server.n_hands * sizeof *server.hands);
    server.ended = (struct loop_mail){.fn = all_ended};
    start_hands(server.snapshot);
    if (server.options->watches && server.options->config_path)
        watch_file(server.options->config_path, reload_and_log);
    loop_run(server.control.loop);
    for (unsigned i = 0; i < server.n_hands; i++)
        pthread_join(server.hands[i].thread, NULL);
    watch_end();
    mem_free(server.hands);
}

int server_run(const struct server_options *o)
{
    struct buf report;
    buf_init(&report, 1u << 20);
    server.options = o;
    raise_descriptor_limit();
    clock_refresh();
    worker_begin(&server.control, LISTEN_CONTROL);
    server.control.paths[CLIENT_SERVER] = no_paths;
    server.control.paths[CLIENT_ADMIN] = &o->admin_paths;
    int code = prepare(&report);
    if (report.n > 0)
        fprintf(stderr, STR_FMT, STR_ARG(buf_str(&report)));
    buf_fini(&report);
    if (code == 0)
        serve();
    if (server.signals.fd > 0) {
        loop_watch_remove(&server.signals);
        close(server.signals.fd);
    }
    listen_sockets_close(&server.sockets);
    worker_end(&server.control);
    if (server.snapshot)
        snapshot_release(server.snapshot);
    secret_free(server.admin_key);
    log_note(LOG_INFO, "stopped", "exit code %d", code);
    log_stop();
    return code;
}
