/* An HTTP/1.1 reply read as it comes in: where it ends, and how many server-sent events it held.
 *
 * reply_begin, then reply_feed with every piece until it says something else than REPLY_PENDING. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLY_HEAD_MAX  4096
#define REPLY_EVENT_MAX 32

enum reply_verdict {
    REPLY_PENDING,
    REPLY_COMPLETE,
    REPLY_BROKEN, /* not HTTP/1.1, a head too long, or bytes after the end */
};

struct reply {
    enum {
        REPLY_HEAD,
        REPLY_SIZED,
        REPLY_CHUNK_SIZE,
        REPLY_CHUNK,
        REPLY_CHUNK_END,
        REPLY_TRAILER,
    } state;
    int status;         /* 0 until the head is there */
    bool closes;        /* the server said "Connection: close" */
    bool is_stream;     /* text/event-stream: events are counted */
    long events;        /* of a stream, so far */
    int64_t left;       /* bytes of the body, or of the chunk, still to come */
    bool line_has_text; /* of the trailer line being read */
    char last;          /* last byte of the body so far */
    bool has_event;     /* the event in `event` is complete */
    size_t event_n;
    char event[REPLY_EVENT_MAX]; /* the beginning of the stream's last event */
    size_t head_n;
    char head[REPLY_HEAD_MAX];
};

void reply_begin(struct reply *r);
enum reply_verdict reply_feed(struct reply *r, const char *p, size_t n);
/* Was the last event of a stream a whole one that begins with `mark`? */
bool reply_ends_with(const struct reply *r, const char *mark);
