/* Writing the log's bytes, whatever the sink does.
 *
 * A write may take part of what it is offered and then refuse the rest: the disk is full, the
 * reader of a pipe is slow. So the batch may be left in the middle of a line. Nothing is thrown
 * away for that: the next attempt goes on with the very next byte and the line becomes whole. Only
 * when the file is changed in between is that line given up, for its two halves would lie in two
 * files. No error is special: the disk may have room again, and a reader may come back. */
#include "base/log_sink.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static bool becomes_ready(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    return poll(&p, 1, LOG_RETRY_MS) == 1;
}

static void consume(struct log_sink *s, size_t n)
{
    s->n -= n;
    memmove(s->batch, s->batch + n, s->n);
}

bool log_sink_write(struct log_sink *s)
{
    size_t done = 0;
    while (done < s->n) {
        ssize_t n = write(s->fd, s->batch + done, s->n - done);
        if (n > 0) {
            done += (size_t)n;
            continue;
        }
        bool again = n == -1 && (errno == EINTR || (errno == EAGAIN && becomes_ready(s->fd)));
        if (!again)
            break;
    }
    if (done > 0)
        s->is_torn = s->batch[done - 1] != '\n';
    consume(s, done);
    return s->n == 0;
}

unsigned log_sink_swap(struct log_sink *s, int fd)
{
    (void)close(s->fd); /* what it took is written; there is nothing to do about an error here */
    s->fd = fd;
    if (!s->is_torn)
        return 0;
    const char *end = memchr(s->batch, '\n', s->n);
    must(end);
    consume(s, (size_t)(end - s->batch) + 1);
    s->is_torn = false;
    return 1;
}

uint64_t log_sink_drop(struct log_sink *s)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < s->n; i++)
        lines += s->batch[i] == '\n';
    s->n = 0;
    return lines;
}
