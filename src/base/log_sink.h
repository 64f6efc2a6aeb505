/* The file, pipe or terminal that the log is written to, with the batch of lines on their way.
 *
 * Private to the log's writer thread, which fills the batch with whole lines. What the sink does
 * not take stays in the batch and is offered again at the next write. */
#pragma once

#include "base/defs.h"

#define LOG_BATCH_BYTES 65536u
#define LOG_RETRY_MS    500 /* between two attempts at a sink that takes nothing */

struct log_sink {
    int fd;       /* OWNED */
    bool is_torn; /* the batch begins within a line, whose head is written */
    size_t n;     /* bytes of the batch */
    char batch[LOG_BATCH_BYTES];
};

/* Writes the batch. False when some of it stays; a pipe or terminal that is full was waited for,
 * LOG_RETRY_MS at most. */
bool log_sink_write(struct log_sink *s);
/* Closes the sink and goes on with fd, which it takes; a line cut in two is not continued there.
 * Returns the lines lost by that. */
unsigned log_sink_swap(struct log_sink *s, int fd);
/* Empties the batch; returns the lines lost, a half written one counts. */
uint64_t log_sink_drop(struct log_sink *s);
