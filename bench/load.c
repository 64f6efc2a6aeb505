/* The load generator: sends one kind of request over many keep-alive connections and says, in
 * one line of JSON, what the server spent on it and how long the clients waited.
 *
 *     load --port 8080 --pid 1234 --clients 64 --body 1024 --warmup 0.6 --duration 3
 *
 * Closed loop (the default): every client sends its next request when its answer is complete. The
 * clients are then always waiting, which finds the cost of a request and hides slowness: a server
 * that stalls gets fewer requests while it does.
 *
 * Open loop (--rate R): requests are due at fixed times. One that finds no free client waits, and
 * its latency counts from when it was due, so that a stall is charged to every request that it
 * held up (no "coordinated omission").
 *
 * Streams (--stream --mock TTFT:ITL:CHUNKS): also the time to the first event and from event to
 * event. Events count when they arrive, so a window that cuts streams in two counts rightly. Idle
 * (--idle): each client sends one request and then only holds its connection.
 *
 * The processor time is that of the process --pid and its descendants, over the window that
 * follows the warm-up, divided by the answers (or events) of the window. Failures count from the
 * start: a status that is not 200, a reply that breaks off, a stream without its end mark, in
 * --idle also a connection that the server closes. One thread; it shares its processor with the
 * mock provider, and the proxy has another one for itself. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "load_options.h"
#include "procstat.h"
#include "reply.h"
#include "request.h"
#include "samples.h"

#define READ_BYTES     262144
#define EVENTS_MAX     1024
#define OPENED_AT_ONCE 64
#define RECONNECTS_MAX 100000
#define MEMORY_EVERY   (NS_PER_S / 4)

struct client {
    int fd;
    enum { UNOPENED, CONNECTING, IDLE, BUSY } state;
    bool wants_write;
    size_t sent;           /* of the request */
    int64_t due_ns;        /* when the request at hand was to be sent */
    int64_t last_event_ns; /* of the stream at hand; 0 before the first */
    struct reply reply;
};

static struct load_options options;

static struct {
    struct samples latency, first_event, gap;
    long answers, events, reads; /* in the window */
    long all_answers, failures, reconnects;
    const char *first_failure;
    int first_failure_status;
    long streams, most_streams; /* that have begun and not ended */
    long rss_start_kib, rss_most_kib;
    struct cpu_use cpu_start;
    bool in_window;
} seen;

static char *request;
static size_t request_n;
static const char *end_mark; /* of a stream */
static int poller;
static struct client *clients;
static int n_opened;
static struct client **idle; /* of an open loop: a stack of clients that have nothing to do */
static int n_idle;
static int64_t first_due_ns; /* of an open loop: request k is due k / rate later */
static int64_t n_started;
static struct process_tree server;

static void failed(const char *what, int status)
{
    seen.failures++;
    if (!seen.first_failure) {
        seen.first_failure = what;
        seen.first_failure_status = status;
    }
}

/* ---- clients ---- */

static void watch(struct client *c, int operation, bool wants_write)
{
    c->wants_write = wants_write;
    struct epoll_event e = {.events = wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = c};
    if (epoll_ctl(poller, operation, c->fd, &e) == -1)
        err(1, "epoll_ctl");
}

static void open_client(struct client *c)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)options.request.port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd == -1)
        err(1, "socket");
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) == -1 && errno != EINPROGRESS)
        err(1, "connect");
    c->state = CONNECTING;
    watch(c, EPOLL_CTL_ADD, true);
}

static void leave_idle(const struct client *c)
{
    for (int i = 0; i < n_idle; i++) {
        if (idle[i] == c) {
            idle[i] = idle[--n_idle];
            return;
        }
    }
}

static void end_stream(const struct client *c)
{
    if (c->state == BUSY && c->reply.is_stream)
        seen.streams--;
}

static void reopen(struct client *c)
{
    leave_idle(c);
    close(c->fd);
    if (++seen.reconnects > RECONNECTS_MAX)
        errx(1, "connections fail again and again");
    open_client(c);
}

/* The connection has broken. An idle one may be closed by the server at any time, unless holding
 * it is what is measured. */
static void lose(struct client *c, const char *what)
{
    if (c->state != IDLE || options.idles)
        failed(what, c->state == BUSY ? c->reply.status : 0);
    end_stream(c);
    reopen(c);
}

static void send_request(struct client *c)
{
    while (c->sent < request_n) {
        ssize_t n = send(c->fd, request + c->sent, request_n - c->sent, MSG_NOSIGNAL);
        if (n == -1) {
            if (errno == EAGAIN && !c->wants_write)
                watch(c, EPOLL_CTL_MOD, true);
            return; /* any other failure shows when the reply is read */
        }
        c->sent += (size_t)n;
    }
    if (c->wants_write)
        watch(c, EPOLL_CTL_MOD, false);
}

static void start(struct client *c, int64_t due)
{
    c->state = BUSY;
    c->sent = 0;
    c->due_ns = due;
    c->last_event_ns = 0;
    reply_begin(&c->reply);
    send_request(c);
}

static int64_t next_due_ns(void)
{
    return first_due_ns + (int64_t)((double)n_started / options.rate * (double)NS_PER_S);
}

/* Gives those who have nothing to do the requests that are due. */
static void start_due(int64_t now)
{
    while (n_idle > 0 && next_due_ns() <= now) {
        int64_t due = next_due_ns();
        n_started++;
        start(idle[--n_idle], due);
    }
}

static void rest(struct client *c, int64_t now)
{
    bool has_answered = c->state == BUSY;
    c->state = IDLE;
    if (options.rate > 0) {
        idle[n_idle++] = c;
        start_due(now);
    } else if (!options.idles || !has_answered) {
        start(c, now);
    }
}

static void note_events(struct client *c, long before, int64_t now)
{
    for (long i = before; i < c->reply.events && seen.in_window; i++) {
        seen.events++;
        if (i == 0)
            samples_add(&seen.first_event, now - c->due_ns);
        else
            samples_add(&seen.gap, now - c->last_event_ns);
        c->last_event_ns = now;
    }
    c->last_event_ns = now;
}

static void finish(struct client *c, int64_t now)
{
    if (c->reply.status != 200) {
        failed("status", c->reply.status);
    } else if (options.request.streams && !reply_ends_with(&c->reply, end_mark)) {
        failed("a stream without its end mark, status", c->reply.status);
    } else {
        seen.all_answers++;
        seen.answers += seen.in_window;
        if (seen.in_window)
            samples_add(&seen.latency, now - c->due_ns);
    }
    end_stream(c);
    if (c->reply.closes)
        reopen(c);
    else
        rest(c, now);
}

static void read_reply(struct client *c)
{
    static char input[READ_BYTES];
    ssize_t n = recv(c->fd, input, sizeof input, 0);
    if (n == -1 && errno == EAGAIN)
        return;
    if (n <= 0) {
        lose(c, "a connection that broke off, status");
        return;
    }
    if (c->state != BUSY) {
        lose(c, "bytes that nobody asked for");
        return;
    }
    int64_t now = now_ns();
    seen.reads += seen.in_window;
    bool was_stream = c->reply.is_stream;
    long before = c->reply.events;
    enum reply_verdict verdict = reply_feed(&c->reply, input, (size_t)n);
    seen.streams += c->reply.is_stream && !was_stream;
    seen.most_streams = MAX(seen.most_streams, seen.streams);
    if (c->reply.events > before)
        note_events(c, before, now);
    if (verdict == REPLY_BROKEN)
        lose(c, "not a reply that HTTP/1.1 allows here, status");
    else if (verdict == REPLY_COMPLETE)
        finish(c, now);
}

static void handle(struct client *c, uint32_t events)
{
    if (c->state == CONNECTING) {
        if (events & (EPOLLERR | EPOLLHUP)) {
            lose(c, "a connection that could not be made");
            return;
        }
        watch(c, EPOLL_CTL_MOD, false);
        rest(c, now_ns());
        return;
    }
    if ((events & EPOLLOUT) && c->state == BUSY)
        send_request(c);
    if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        read_reply(c);
}

/* ---- the run ---- */

/* Opens the clients that are due: they come evenly spread over the ramp. */
static void open_due(int64_t since_start)
{
    for (int i = 0; i < OPENED_AT_ONCE && n_opened < options.clients; i++) {
        if (since_start < options.ramp_ns * n_opened / options.clients)
            return;
        open_client(&clients[n_opened++]);
    }
}

static void note_memory(void)
{
    seen.rss_most_kib = MAX(seen.rss_most_kib, tree_memory_kib(&server, "VmRSS:"));
}

static void begin_window(void)
{
    server = tree_of(options.pid);
    tree_cpu(&server, &seen.cpu_start);
    seen.in_window = true;
}

static void wait_and_handle(int64_t now)
{
    static struct epoll_event events[EVENTS_MAX];
    int64_t pause = n_opened < options.clients ? NS_PER_MS / 2 : 50 * NS_PER_MS;
    if (options.rate > 0 && n_idle > 0)
        pause = MAX(MIN(pause, next_due_ns() - now), 0);
    struct timespec timeout = timespec_of(pause);
    int n = epoll_pwait2(poller, events, EVENTS_MAX, &timeout, NULL);
    for (int i = 0; i < n; i++)
        handle(events[i].data.ptr, events[i].events);
}

/* Runs ramp, warm-up and window; returns how long the window really was. */
static int64_t run(void)
{
    int64_t begin = now_ns(), window = begin + options.warmup_ns, memory = begin, now = begin;
    first_due_ns = begin;
    for (; now < window + options.duration_ns; now = now_ns()) {
        if (!seen.in_window && now >= window) {
            begin_window();
            window = now_ns();
        }
        if (now >= memory) {
            note_memory();
            memory = now + MEMORY_EVERY;
        }
        open_due(now - begin);
        if (options.rate > 0)
            start_due(now);
        wait_and_handle(now);
    }
    return now - window;
}

/* ---- the result ---- */

static double per(double amount, long count)
{
    return count > 0 ? amount / (double)count : 0;
}

static void report_streams(double seconds, double cpu_us)
{
    printf(",\"ttft_p50_us\":%.0f,\"ttft_p99_us\":%.0f", samples_quantile(&seen.first_event, .5),
           samples_quantile(&seen.first_event, .99));
    printf(",\"gap_p50_us\":%.0f,\"gap_p99_us\":%.0f,\"gap_p999_us\":%.0f",
           samples_quantile(&seen.gap, .5), samples_quantile(&seen.gap, .99),
           samples_quantile(&seen.gap, .999));
    printf(",\"chunks_s\":%.0f,\"cpu_us_per_chunk\":%.3f,\"reads_per_chunk\":%.2f",
           (double)seen.events / seconds, per(cpu_us, seen.events),
           per((double)seen.reads, seen.events));
    printf(",\"streams_most\":%ld", seen.most_streams);
}

static void report(int64_t window_ns)
{
    static struct cpu_use cpu_end;
    tree_cpu(&server, &cpu_end);
    long rss_end_kib = tree_memory_kib(&server, "VmRSS:");
    seen.rss_most_kib = MAX(seen.rss_most_kib, rss_end_kib);
    double seconds = (double)window_ns / (double)NS_PER_S;
    double cpu_us = (double)cpu_total_ns(&seen.cpu_start, &cpu_end) / (double)NS_PER_US;
    double busiest_us = (double)cpu_busiest_ns(&seen.cpu_start, &cpu_end) / (double)NS_PER_US;
    samples_sort(&seen.latency);
    samples_sort(&seen.first_event);
    samples_sort(&seen.gap);

    printf("{\"target\":\"%s\",\"scenario\":\"%s\",\"conns\":%d,\"body\":%d,\"secs\":%.2f",
           options.target, options.scenario, options.clients, options.request.body_bytes, seconds);
    printf(",\"n\":%ld,\"err\":%ld,\"reconn\":%ld,\"rps\":%.1f", seen.answers, seen.failures,
           seen.reconnects, (double)seen.answers / seconds);
    printf(",\"p50_us\":%.0f,\"p90_us\":%.0f,\"p99_us\":%.0f,\"p999_us\":%.0f",
           samples_quantile(&seen.latency, .5), samples_quantile(&seen.latency, .9),
           samples_quantile(&seen.latency, .99), samples_quantile(&seen.latency, .999));
    printf(",\"cpu_us_per_req\":%.2f,\"busiest_us_per_req\":%.2f,\"proxy_cpu_pct\":%.1f",
           per(cpu_us, seen.answers), per(busiest_us, seen.answers), cpu_us / seconds / 1e4);
    printf(",\"rss0_kb\":%ld,\"rss_end_kb\":%ld,\"rss_max_kb\":%ld,\"hwm_kb\":%ld",
           seen.rss_start_kib, rss_end_kib, seen.rss_most_kib, tree_memory_kib(&server, "VmHWM:"));
    long rss_kib = options.idles ? rss_end_kib : seen.rss_most_kib;
    long holders = seen.most_streams > 0 ? seen.most_streams : options.clients;
    printf(",\"rss_kb_per_conn\":%.2f", per((double)(rss_kib - seen.rss_start_kib), holders));
    if (options.request.streams)
        report_streams(seconds, cpu_us);
    puts("}");
}

int main(int argc, char **argv)
{
    options_read(&options, argc, argv);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    request = request_make(&options.request, &request_n);
    end_mark = request_end_mark(&options.request);
    clients = calloc((size_t)options.clients, sizeof *clients);
    idle = calloc((size_t)options.clients, sizeof(struct client *));
    poller = epoll_create1(0);
    if (!clients || !idle || poller == -1)
        err(1, "start");
    server = tree_of(options.pid);
    seen.rss_start_kib = tree_memory_kib(&server, "VmRSS:");
    int64_t window_ns = run();
    report(window_ns);
    if (seen.failures > 0)
        warnx("%s %s: %ld failures, first: %s %d", options.target, options.scenario, seen.failures,
              seen.first_failure, seen.first_failure_status);
    return seen.all_answers > 0 ? 0 : 1;
}
