/* Where log lines go: one ring per thread, one writer thread, one sink.
 *
 * Private to the log (log.c makes the lines). A thread puts whole lines into its ring and goes on;
 * the writer takes them out and is the only one who touches the sink. When no writer runs, a line
 * goes to standard error at once. */
#pragma once

#include "base/defs.h"
#include "base/str.h"

#define LOG_LINE_MAX   8192u   /* bytes of a line with its newline */
#define LOG_RING_BYTES 262144u /* of address space; pages are touched as they are used */

/* How long a caller waits for a sink that takes nothing (a full pipe that nobody reads). */
#define LOG_PATIENCE_MS 5000

struct log_ring;

/* A ring for the calling thread, known to the writer from now on. */
OWNED struct log_ring *log_ring_new(void);
/* Takes the ring back; the writer frees it once it is empty. */
void log_ring_end(struct log_ring *r);
/* Puts a line, 1..LOG_LINE_MAX bytes with its newline, from the ring's own thread. Never blocks
 * while a writer runs: a line without room is dropped and counted. */
void log_ring_put(struct log_ring *r, str line);

/* Starts the thread; takes fd. 0 or -E_SYSTEM (errno says why; fd is closed). */
NODISCARD int log_writer_start(int fd);
/* Lines put so far go to the old sink, later ones to fd; takes fd. A line that the old sink took
 * only half of is dropped. Waits for the change, but at most LOG_PATIENCE_MS; then it comes later.
 */
void log_writer_swap(int fd);
/* Returns when all lines put so far were offered to the sink, or after LOG_PATIENCE_MS. */
void log_writer_flush(void);
/* Flush, then the end of the thread. A thread stuck in its sink is left behind. */
void log_writer_stop(void);
uint64_t log_writer_dropped(void);
