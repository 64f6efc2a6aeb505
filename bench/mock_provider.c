/* A very fast OpenAI provider, to stand behind what is measured: it should cost as little as it
 * can, so that the proxy in front of it is the bottleneck.
 *
 *     mock_provider PORT    on 127.0.0.1; chat completions whole and streamed, embeddings, models
 *
 * One thread, one level-triggered epoll. All answers are texts made at the start. Of a request
 * only the head and the first and last LOOK_BYTES of the body are kept; the rest is counted and
 * dropped. A body that holds "stream":true there gets a stream, and the member
 * "user":"mock:TTFT:ITL:CHUNKS" sets its pace: milliseconds to the first chunk and from chunk to
 * chunk, and how many. Every
 * event is a send of its own, as real providers do it. With TTFT and ITL 0 they are sent in one
 * go.
 *
 * Waiting streams stand in two queues, one for the first chunk and one for the next. Each is in
 * order of time as long as all streams have the same pace, which is so within a scenario; that
 * saves a heap.
 *
 * Requests must have a Content-Length and come one after the other; anything else closes the
 * connection. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "mock_answers.h"

#define HEAD_MAX   4096
#define LOOK_BYTES 1024
#define READ_BYTES 262144
#define EVENTS_MAX 1024
#define BACKLOG    8192
#define CHUNKS     64 /* of a stream that does not say */

struct connection {
    int fd;
    enum { IN_HEAD, IN_BODY, STREAMING } state;
    const struct text *answer; /* to the request at hand */
    size_t body_left;
    size_t kept_n;
    char kept[HEAD_MAX]; /* the head while it comes in, then both ends of the body */

    char *out; /* what the socket did not take */
    size_t out_n, out_cap;
    bool wants_write;

    int chunks, chunks_left;
    int64_t ttft_ns, itl_ns, due_ns;
    struct connection *next; /* in its queue */
    bool is_queued, is_closed;
};

struct queue {
    struct connection *first, *last;
};

static int poller;
static struct queue before_first, between_chunks;

/* ---- connections ---- */

static void watch(struct connection *c, int operation)
{
    struct epoll_event e = {.events = c->wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = c};
    if (epoll_ctl(poller, operation, c->fd, &e) == -1)
        err(1, "epoll_ctl");
}

static void release(struct connection *c)
{
    free(c->out);
    free(c);
}

/* A queued connection is released when its turn comes. */
static void close_connection(struct connection *c)
{
    close(c->fd);
    c->is_closed = true;
    if (!c->is_queued)
        release(c);
}

static void push(struct queue *q, struct connection *c)
{
    c->next = NULL;
    c->is_queued = true;
    if (q->last)
        q->last->next = c;
    else
        q->first = c;
    q->last = c;
}

static struct connection *pop(struct queue *q)
{
    struct connection *c = q->first;
    q->first = c->next;
    if (!q->first)
        q->last = NULL;
    c->is_queued = false;
    return c;
}

static bool send_text(struct connection *c, const struct text *t)
{
    size_t sent = 0;
    if (c->out_n == 0) {
        ssize_t n = send(c->fd, t->p, t->n, MSG_NOSIGNAL);
        if (n == -1 && errno != EAGAIN)
            return false;
        sent = n > 0 ? (size_t)n : 0;
        if (sent == t->n)
            return true;
    }
    size_t rest = t->n - sent;
    if (c->out_n + rest > c->out_cap) {
        c->out_cap = (c->out_n + rest) * 2;
        c->out = realloc(c->out, c->out_cap);
        if (!c->out)
            err(1, "output");
    }
    memcpy(c->out + c->out_n, t->p + sent, rest);
    c->out_n += rest;
    if (!c->wants_write) {
        c->wants_write = true;
        watch(c, EPOLL_CTL_MOD);
    }
    return true;
}

static bool send_rest(struct connection *c)
{
    ssize_t n = send(c->fd, c->out, c->out_n, MSG_NOSIGNAL);
    if (n == -1)
        return errno == EAGAIN;
    c->out_n -= (size_t)n;
    memmove(c->out, c->out + n, c->out_n);
    if (c->out_n == 0) {
        c->wants_write = false;
        watch(c, EPOLL_CTL_MOD);
    }
    return true;
}

/* ---- streams ---- */

/* The next piece of the stream; the last one ends it. */
static bool send_chunk(struct connection *c)
{
    if (c->chunks_left == 0) {
        c->state = IN_HEAD;
        return send_text(c, &answers.end);
    }
    bool is_first = c->chunks_left == c->chunks;
    c->chunks_left--;
    return send_text(c, is_first ? &answers.first_chunk : &answers.chunk);
}

static bool begin_stream(struct connection *c)
{
    c->state = STREAMING;
    c->chunks_left = c->chunks;
    if (!send_text(c, &answers.stream_head))
        return false;
    if (c->ttft_ns > 0 || c->itl_ns > 0) {
        c->due_ns = now_ns() + c->ttft_ns;
        push(&before_first, c);
        return true;
    }
    while (c->state == STREAMING) {
        if (!send_chunk(c))
            return false;
    }
    return true;
}

static void advance(struct connection *c, int64_t now)
{
    if (c->is_closed) {
        release(c);
    } else if (!send_chunk(c)) {
        close_connection(c);
    } else if (c->state == STREAMING) {
        /* One that is late gets half a pause: it catches up, and not in one burst. */
        c->due_ns += c->itl_ns;
        if (c->due_ns < now)
            c->due_ns = now + (c->itl_ns > NS_PER_MS ? c->itl_ns / 2 : 0);
        push(&between_chunks, c);
    }
}

static void advance_queue(struct queue *q, int64_t now)
{
    while (q->first && q->first->due_ns <= now)
        advance(pop(q), now);
}

/* ---- requests ---- */

static const struct text *answer_to(const char *head)
{
    const char *space = strchr(head, ' ');
    const char *path = space ? space + 1 : head;
    if (strncmp(path, "/v1/chat/completions", 20) == 0)
        return &answers.chat;
    if (strncmp(path, "/v1/embeddings", 14) == 0)
        return &answers.embeddings;
    if (strncmp(path, "/v1/models", 10) == 0)
        return &answers.models;
    return &answers.not_found;
}

/* The head of a request is in c->kept, ended by a zero. False: it says its length in a way that is
 * not read here. */
static bool read_head(struct connection *c)
{
    c->answer = answer_to(c->kept);
    c->body_left = 0;
    for (const char *line = strchr(c->kept, '\n'); line; line = strchr(line, '\n')) {
        line++;
        if ((*line | 0x20) == 'c' && strncasecmp(line, "content-length:", 15) == 0)
            c->body_left = strtoull(line + 15, NULL, 10);
        if ((*line | 0x20) == 't' && strncasecmp(line, "transfer-encoding:", 18) == 0)
            return false;
    }
    c->state = IN_BODY;
    c->kept_n = 0;
    return true;
}

/* Takes what belongs to the head; 0 when the connection is to be closed. */
static size_t feed_head(struct connection *c, const char *p, size_t n)
{
    size_t before = c->kept_n, take = MIN(n, sizeof c->kept - 1 - before);
    memcpy(c->kept + before, p, take);
    c->kept_n += take;
    const char *end = memmem(c->kept, c->kept_n, "\r\n\r\n", 4);
    if (!end)
        return take;
    size_t head_n = (size_t)(end - c->kept);
    c->kept[head_n] = '\0';
    return read_head(c) ? head_n + 4 - before : 0;
}

static void keep_text(struct connection *c, const char *p, size_t n)
{
    memcpy(c->kept + c->kept_n, p, n);
    c->kept_n += n;
}

static size_t feed_body(struct connection *c, const char *p, size_t n)
{
    size_t take = MIN(n, c->body_left);
    size_t keep = c->kept_n < LOOK_BYTES ? MIN(take, LOOK_BYTES - c->kept_n) : 0;
    keep_text(c, p, keep);
    size_t last = c->body_left > LOOK_BYTES ? MAX(c->body_left - LOOK_BYTES, keep) : keep;
    if (last < take)
        keep_text(c, p + last, take - last);
    c->body_left -= take;
    return take;
}

static bool body_has(const struct connection *c, const char *text)
{
    return memmem(c->kept, c->kept_n, text, strlen(text)) != NULL;
}

static void read_pace(struct connection *c)
{
    c->chunks = CHUNKS;
    c->ttft_ns = c->itl_ns = 0;
    c->kept[c->kept_n] = '\0';
    const char *mark = memmem(c->kept, c->kept_n, "-mock:", 6);
    int ttft_ms = 0, itl_ms = 0, chunks = 0;
    if (mark && sscanf(mark + 6, "%d:%d:%d", &ttft_ms, &itl_ms, &chunks) == 3) {
        c->ttft_ns = ttft_ms * NS_PER_MS;
        c->itl_ns = itl_ms * NS_PER_MS;
        c->chunks = chunks;
    }
}

static bool respond(struct connection *c)
{
    c->state = IN_HEAD;
    bool streams = body_has(c, "\"stream\":true") || body_has(c, "\"stream\": true");
    if (c->answer == &answers.chat && streams) {
        read_pace(c);
        c->kept_n = 0;
        return begin_stream(c);
    }
    c->kept_n = 0;
    return send_text(c, c->answer);
}

static bool feed(struct connection *c, const char *p, size_t n)
{
    while (n > 0) {
        if (c->state == STREAMING)
            return false;
        bool was_head = c->state == IN_HEAD;
        size_t take = was_head ? feed_head(c, p, n) : feed_body(c, p, n);
        if (was_head && take == 0)
            return false;
        p += take;
        n -= take;
        if (c->state == IN_BODY && c->body_left == 0 && !respond(c))
            return false;
    }
    return true;
}

/* ---- the loop ---- */

static int listen_on(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == -1 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) == -1 || listen(fd, BACKLOG) == -1)
        err(1, "port %d", port);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e) == -1)
        err(1, "epoll_ctl");
    return fd;
}

static void accept_all(int listener)
{
    int one = 1;
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd == -1)
            return;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct connection *c = calloc(1, sizeof *c);
        if (!c)
            err(1, "connection");
        c->fd = fd;
        watch(c, EPOLL_CTL_ADD);
    }
}

static void handle(struct connection *c, uint32_t events)
{
    static char input[READ_BYTES];
    if ((events & EPOLLOUT) && !send_rest(c)) {
        close_connection(c);
        return;
    }
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return;
    ssize_t n = recv(c->fd, input, sizeof input, 0);
    if (n == -1 && errno == EAGAIN)
        return;
    if (n <= 0 || !feed(c, input, (size_t)n))
        close_connection(c);
}

static int wait_events(struct epoll_event *events)
{
    const struct connection *a = before_first.first, *b = between_chunks.first;
    if (!a && !b)
        return epoll_pwait2(poller, events, EVENTS_MAX, NULL, NULL);
    int64_t due = MIN(a ? a->due_ns : INT64_MAX, b ? b->due_ns : INT64_MAX);
    struct timespec timeout = timespec_of(MAX(due - now_ns(), 0));
    return epoll_pwait2(poller, events, EVENTS_MAX, &timeout, NULL);
}

int main(int argc, char **argv)
{
    static struct epoll_event events[EVENTS_MAX];
    if (argc != 2)
        errx(2, "usage: mock_provider PORT");
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    answers_make();
    poller = epoll_create1(0);
    int listener = listen_on((int)strtol(argv[1], NULL, 10));
    for (;;) {
        int n = wait_events(events);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr)
                handle(events[i].data.ptr, events[i].events);
            else
                accept_all(listener);
        }
        int64_t now = now_ns();
        advance_queue(&before_first, now);
        advance_queue(&between_chunks, now);
    }
}
