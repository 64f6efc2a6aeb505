/* Just enough of RFC 9112 for a load generator: lengths and chunks, no bodies that end with the
 * connection (a gateway that sent one would lose its keep-alive, which is a finding and shows as
 * REPLY_BROKEN). Events are counted by their empty lines, wherever the pieces are cut; both ends
 * of the benchmark write plain LF. */
#include "reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bench.h"

void reply_begin(struct reply *r)
{
    r->state = REPLY_HEAD;
    r->status = 0;
    r->closes = r->is_stream = r->line_has_text = false;
    r->events = 0;
    r->left = 0;
    r->last = '\0';
    r->has_event = false;
    r->event_n = r->head_n = 0;
}

bool reply_ends_with(const struct reply *r, const char *mark)
{
    size_t n = strlen(mark);
    return r->has_event && r->event_n >= n && memcmp(r->event, mark, n) == 0;
}

static const char *after_prefix(const char *line, const char *prefix)
{
    size_t n = strlen(prefix);
    if (strncasecmp(line, prefix, n) != 0)
        return NULL;
    return line + n + strspn(line + n, " ");
}

/* The head is in r->head, ended by a zero in place of its empty line. False: not one that this
 * program can follow. */
static bool read_head(struct reply *r)
{
    if (strncmp(r->head, "HTTP/1.1 ", 9) != 0)
        return false;
    r->status = (int)strtol(r->head + 9, NULL, 10);
    bool has_length = false, is_chunked = false;
    for (const char *line = strchr(r->head, '\n'); line; line = strchr(line, '\n')) {
        line++;
        const char *value = after_prefix(line, "content-length:");
        if (value) {
            r->left = strtoll(value, NULL, 10);
            has_length = true;
        }
        if (after_prefix(line, "transfer-encoding: chunked"))
            is_chunked = true;
        if (after_prefix(line, "connection: close"))
            r->closes = true;
        if (after_prefix(line, "content-type: text/event-stream"))
            r->is_stream = true;
    }
    r->state = is_chunked ? REPLY_CHUNK_SIZE : REPLY_SIZED;
    return is_chunked || has_length;
}

/* Takes what belongs to the head; 0 when it is too long. */
static size_t feed_head(struct reply *r, const char *p, size_t n)
{
    size_t before = r->head_n, take = MIN(n, sizeof r->head - 1 - before);
    memcpy(r->head + before, p, take);
    r->head_n += take;
    const char *end = memmem(r->head, r->head_n, "\r\n\r\n", 4);
    if (!end)
        return take;
    size_t head_n = (size_t)(end - r->head);
    r->head[head_n] = '\0';
    return read_head(r) ? head_n + 4 - before : 0;
}

/* Bytes of the event at hand, which is a new one behind a whole one. */
static void keep_event(struct reply *r, const char *p, size_t n)
{
    if (n == 0)
        return;
    if (r->has_event)
        r->event_n = 0;
    r->has_event = false;
    size_t add = MIN(n, sizeof r->event - r->event_n);
    memcpy(r->event + r->event_n, p, add);
    r->event_n += add;
}

/* Takes what belongs to the body or chunk at hand. */
static size_t feed_body(struct reply *r, const char *p, size_t n)
{
    size_t take = (size_t)MIN((int64_t)n, r->left);
    r->left -= (int64_t)take;
    if (!r->is_stream || take == 0)
        return take;
    const char *end = p + take, *event = p;
    for (const char *lf = memchr(p, '\n', take); lf; lf = memchr(lf, '\n', (size_t)(end - lf))) {
        char before = lf > p ? lf[-1] : r->last;
        lf++;
        if (before != '\n')
            continue;
        r->events++;
        keep_event(r, event, (size_t)(lf - event));
        r->has_event = true;
        event = lf;
    }
    keep_event(r, event, (size_t)(end - event));
    r->last = end[-1];
    return take;
}

/* One byte of a chunk's size line; false when it is none. */
static bool feed_size(struct reply *r, char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *digit = c == '\0' ? NULL : strchr(digits, c | 0x20);
    if (digit && c >= '0') {
        r->left = r->left * 16 + (digit - digits);
        return r->left < INT64_C(1) << 40;
    }
    if (c == '\n')
        r->state = r->left > 0 ? REPLY_CHUNK : REPLY_TRAILER;
    return c == '\r' || c == '\n';
}

/* One byte of the trailer; true when the reply has ended. */
static bool feed_trailer(struct reply *r, char c)
{
    if (c == '\n' && !r->line_has_text)
        return true;
    if (c != '\r')
        r->line_has_text = c != '\n';
    return false;
}

enum reply_verdict reply_feed(struct reply *r, const char *p, size_t n)
{
    for (size_t i = 0; i < n || (r->state == REPLY_SIZED && r->left == 0);) {
        size_t taken = 1;
        switch (r->state) {
        case REPLY_HEAD:
            taken = feed_head(r, p + i, n - i);
            if (taken == 0)
                return REPLY_BROKEN;
            break;
        case REPLY_SIZED:
            taken = feed_body(r, p + i, n - i);
            if (r->left == 0)
                return i + taken == n ? REPLY_COMPLETE : REPLY_BROKEN;
            break;
        case REPLY_CHUNK_SIZE:
            if (!feed_size(r, p[i]))
                return REPLY_BROKEN;
            break;
        case REPLY_CHUNK:
            taken = feed_body(r, p + i, n - i);
            if (r->left == 0)
                r->state = REPLY_CHUNK_END;
            break;
        case REPLY_CHUNK_END:
            if (p[i] != '\r' && p[i] != '\n')
                return REPLY_BROKEN;
            if (p[i] == '\n')
                r->state = REPLY_CHUNK_SIZE;
            break;
        case REPLY_TRAILER:
            if (feed_trailer(r, p[i]))
                return i + 1 == n ? REPLY_COMPLETE : REPLY_BROKEN;
            break;
        }
        i += taken;
    }
    return REPLY_PENDING;
}
