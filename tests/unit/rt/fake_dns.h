/* A name server inside the test's loop: UDP and TCP on a loopback port of its own, answers from a
 * table. What does not fit into 512 bytes is truncated over UDP. */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rt/loop.h"

enum { DNS_A = 1, DNS_CNAME = 5, DNS_AAAA = 28 };
enum { DNS_NOERROR = 0, DNS_SERVFAIL = 2, DNS_NXDOMAIN = 3 };

struct fake_name {
    const char *name;
    const char *v4[3], *v6[3]; /* NULL ends */
    const char *cname;         /* the addresses belong to it */
    uint32_t ttl, cname_ttl;
    int rcode;
    int copies;      /* the first A record so often, last byte counting up */
    bool drops_aaaa; /* AAAA questions go unanswered */
    bool is_held;    /* no question is answered... */
    unsigned asked_a, asked_aaaa;
};

struct fake_dns {
    struct loop_watch watch;    /* UDP */
    struct loop_watch listener; /* TCP */
    struct loop_watch stream;   /* the one connection it takes at a time; fd -1: none */
    struct fake_name *names;
    size_t n;
    char address[32]; /* "127.0.0.1:5353" */
    /* ...until fake_dns_release: the last questions held. */
    struct fake_question {
        unsigned char packet[512];
        size_t n;
        struct sockaddr_in from;
        bool is_stream;
    } held[8];
    size_t n_held;
    unsigned asked; /* all questions */
};

struct fake_writer {
    unsigned char p[2048];
    size_t n;
};

static inline void fake_put16(struct fake_writer *w, unsigned v)
{
    w->p[w->n++] = (unsigned char)(v >> 8);
    w->p[w->n++] = (unsigned char)v;
}

static inline void fake_put_name(struct fake_writer *w, const char *name)
{
    while (*name) {
        size_t n = strcspn(name, ".");
        w->p[w->n++] = (unsigned char)n;
        memcpy(w->p + w->n, name, n);
        w->n += n;
        name += n + (name[n] == '.');
    }
    w->p[w->n++] = 0;
}

static inline void fake_put_record(struct fake_writer *w, const char *name, unsigned type,
                                   uint32_t ttl)
{
    fake_put_name(w, name);
    fake_put16(w, type);
    fake_put16(w, 1);
    fake_put16(w, ttl >> 16);
    fake_put16(w, ttl & 0xffff);
}

static inline unsigned fake_put_addresses(struct fake_writer *w, const struct fake_name *f,
                                          unsigned type)
{
    const char *const *texts = type == DNS_A ? f->v4 : f->v6;
    const char *owner = f->cname ? f->cname : f->name;
    unsigned n = 0;
    for (size_t i = 0; i < 3 && texts[i]; i++) {
        for (int copy = 0; copy < (f->copies > 0 ? f->copies : 1); copy++, n++) {
            unsigned char ip[16];
            size_t size = type == DNS_A ? 4 : 16;
            inet_pton(type == DNS_A ? AF_INET : AF_INET6, texts[i], ip);
            ip[size - 1] = (unsigned char)(ip[size - 1] + copy);
            fake_put_record(w, owner, type, f->ttl);
            fake_put16(w, (unsigned)size);
            memcpy(w->p + w->n, ip, size);
            w->n += size;
        }
    }
    return n;
}

static inline void fake_send(struct fake_dns *d, const struct fake_question *q,
                             const unsigned char *p, size_t n)
{
    if (!q->is_stream) {
        (void)sendto(d->watch.fd, p, n, 0, (const struct sockaddr *)&q->from, sizeof(q->from));
        return;
    }
    unsigned char length[2] = {(unsigned char)(n >> 8), (unsigned char)n};
    must(send(d->stream.fd, length, 2, MSG_NOSIGNAL | MSG_MORE) == 2);
    must(send(d->stream.fd, p, n, MSG_NOSIGNAL) == (ssize_t)n);
}

static inline void fake_reply(struct fake_dns *d, const struct fake_question *q,
                              const struct fake_name *f, unsigned type, size_t question_n)
{
    static struct fake_writer w;
    w.n = 12 + question_n;
    memcpy(w.p, q->packet, w.n);
    unsigned answers = 0;
    int rcode = f ? f->rcode : DNS_NXDOMAIN;
    if (rcode == DNS_NOERROR && f->cname) {
        fake_put_record(&w, f->name, DNS_CNAME, f->cname_ttl);
        static struct fake_writer target;
        target.n = 0;
        fake_put_name(&target, f->cname);
        fake_put16(&w, (unsigned)target.n);
        memcpy(w.p + w.n, target.p, target.n);
        w.n += target.n;
        answers++;
    }
    if (rcode == DNS_NOERROR)
        answers += fake_put_addresses(&w, f, type);
    size_t end = w.n;
    bool is_cut = !q->is_stream && end > 512;
    w.n = 2;
    fake_put16(&w, (is_cut ? 0x8380u : 0x8180u) | (unsigned)rcode);
    fake_put16(&w, 1);
    fake_put16(&w, is_cut ? 0 : answers);
    fake_put16(&w, 0);
    fake_put16(&w, 0);
    fake_send(d, q, w.p, is_cut ? 12 + question_n : end);
}

static inline void fake_handle(struct fake_dns *d, const struct fake_question *q)
{
    char name[256] = "";
    size_t at = 12, n = 0;
    while (q->packet[at]) {
        size_t label = q->packet[at];
        memcpy(name + n, q->packet + at + 1, label);
        n += label;
        name[n++] = '.';
        at += label + 1;
    }
    name[n > 0 ? n - 1 : 0] = 0;
    unsigned type = (unsigned)q->packet[at + 1] << 8 | q->packet[at + 2];
    struct fake_name *f = NULL;
    for (size_t i = 0; i < d->n; i++) {
        if (strcasecmp(d->names[i].name, name) == 0)
            f = &d->names[i];
    }
    if (f && f->is_held) {
        if (d->n_held < ARRAY_LEN(d->held))
            d->held[d->n_held++] = *q;
        return;
    }
    if (f && type == DNS_AAAA && f->drops_aaaa)
        return;
    fake_reply(d, q, f, type, at + 5 - 12);
}

static inline void fake_count(struct fake_dns *d, const struct fake_question *q)
{
    d->asked++;
    for (size_t i = 0; i < d->n; i++) {
        static struct fake_writer w;
        w.n = 0;
        fake_put_name(&w, d->names[i].name);
        if (q->n < 12 + w.n + 2 ||
            strncasecmp((const char *)q->packet + 12, (const char *)w.p, w.n))
            continue;
        if (q->packet[12 + w.n + 1] == DNS_A)
            d->names[i].asked_a++;
        else
            d->names[i].asked_aaaa++;
    }
}

static inline void fake_ready(struct loop_watch *watch, uint32_t events)
{
    (void)events;
    struct fake_dns *d = container_of(watch, struct fake_dns, watch);
    struct fake_question q;
    for (;;) {
        socklen_t len = sizeof(q.from);
        memset(q.packet, 0, sizeof(q.packet));
        ssize_t got =
            recvfrom(watch->fd, q.packet, sizeof(q.packet), 0, (struct sockaddr *)&q.from, &len);
        if (got < 12)
            return;
        q.n = (size_t)got;
        q.is_stream = false;
        fake_count(d, &q);
        fake_handle(d, &q);
    }
}

static inline void fake_stream_ready(struct loop_watch *watch, uint32_t events)
{
    (void)events;
    struct fake_dns *d = container_of(watch, struct fake_dns, stream);
    struct fake_question q = {.is_stream = true};
    unsigned char length[2];
    if (recv(watch->fd, length, 2, 0) == 2) {
        q.n = (size_t)recv(watch->fd, q.packet, sizeof(q.packet), 0); /* it came in one piece */
        fake_count(d, &q);
        fake_handle(d, &q);
        return;
    }
    loop_watch_remove(watch);
    close(watch->fd);
    watch->fd = -1;
}

static inline void fake_accept(struct loop_watch *watch, uint32_t events)
{
    (void)events;
    struct fake_dns *d = container_of(watch, struct fake_dns, listener);
    int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    must(fd != -1 && d->stream.fd == -1);
    d->stream = (struct loop_watch){.fd = fd, .fn = fake_stream_ready};
    must(loop_watch_add(&d->stream, EPOLLIN) == 0);
}

/* Answers what was held, by the table as it is now. */
static inline void fake_dns_release(struct fake_dns *d)
{
    for (size_t i = 0; i < d->n_held; i++)
        fake_handle(d, &d->held[i]);
    d->n_held = 0;
}

static inline struct fake_name *fake_dns_name(struct fake_dns *d, const char *name)
{
    for (size_t i = 0; i < d->n; i++) {
        if (strcmp(d->names[i].name, name) == 0)
            return &d->names[i];
    }
    return NULL;
}

/* A UDP and a TCP socket on one free port. */
static inline void fake_bind(struct fake_dns *d, struct sockaddr_in *sin)
{
    socklen_t len = sizeof(*sin);
    for (;;) {
        *sin = (struct sockaddr_in){.sin_family = AF_INET};
        sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        d->watch.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        d->listener.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        must(bind(d->watch.fd, (const struct sockaddr *)sin, len) == 0);
        must(getsockname(d->watch.fd, (struct sockaddr *)sin, &len) == 0);
        if (bind(d->listener.fd, (const struct sockaddr *)sin, len) == 0)
            return;
        close(d->watch.fd);
        close(d->listener.fd);
    }
}

static inline void fake_dns_open(struct fake_dns *d, struct fake_name *names, size_t n)
{
    struct sockaddr_in sin;
    *d = (struct fake_dns){.names = names, .n = n, .stream.fd = -1};
    fake_bind(d, &sin);
    d->watch.fn = fake_ready;
    d->listener.fn = fake_accept;
    must(listen(d->listener.fd, 8) == 0);
    must(loop_watch_add(&d->watch, EPOLLIN) == 0);
    must(loop_watch_add(&d->listener, EPOLLIN) == 0);
    snprintf(d->address, sizeof(d->address), "127.0.0.1:%d", ntohs(sin.sin_port));
}

static inline void fake_dns_close(struct fake_dns *d)
{
    struct loop_watch *all[] = {&d->watch, &d->listener, &d->stream};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (all[i]->fd == -1)
            continue;
        loop_watch_remove(all[i]);
        close(all[i]->fd);
    }
}
