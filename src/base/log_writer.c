/* The log's rings and the thread that empties them.
 *
 * A ring is a byte queue with one producer and one consumer: the producer copies a whole line and
 * then moves `head`, the writer copies bytes out and then moves `tail`; both only grow and are
 * taken modulo the size. So the writer never sees half a line.
 *
 * The writer is asleep, gathering or awake. Only a sleeping one must be woken, by whoever puts the
 * first line; it then gathers for LOG_GATHER_MS, so that a busy server pays one write per gathering
 * and an idle one no wakeups. A ring that is half full ends the gathering. "Put, then look at
 * state" against "fall asleep, then look at the rings" needs all four to be sequentially
 * consistent, else both sides could miss each other.
 *
 * All rings are emptied into one batch, cut at line ends, and the batch is written. What the sink
 * does not take (disk full, pipe full, pipe broken) stays in the batch and is offered again every
 * LOG_RETRY_MS; meanwhile the rings fill and their threads drop and count, and the log continues
 * where it stopped as soon as the sink takes bytes again. flush, swap and stop are requests with a
 * ticket: the writer answers a ticket after the pass that began later than the request. */
#include "base/log_writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/log_sink.h"
#include "base/metrics.h"

#define CACHE_LINE 64

struct log_ring {
    alignas(CACHE_LINE) _Atomic size_t head; /* written by its thread; seq_cst, see above */
    size_t tail_seen;                        /* what that thread last saw of tail */
    alignas(CACHE_LINE) _Atomic size_t tail; /* written by the writer; release: bytes are out */
    struct log_ring *next;                   /* in writer.rings; under the lock */
    bool has_ended;                          /* no line comes any more; under the lock */
    alignas(CACHE_LINE) char bytes[LOG_RING_BYTES];
};

enum writer_state { AWAKE, GATHERING, ASLEEP };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;      /* for the writer */
    pthread_cond_t done;      /* for those who asked */
    _Atomic int state;        /* enum writer_state; written under the lock; seq_cst, see above */
    _Atomic bool running;     /* written by start and stop; relaxed: a hint where a line goes */
    _Atomic uint64_t dropped; /* lines; written by all; relaxed: a count */

    /* Under the lock. */
    struct log_ring *rings;
    uint64_t asked, answered; /* tickets */
    int next_fd;              /* a sink to swap in, or -1 */
    bool stopping;
    bool has_thread; /* which alone frees rings then */
    pthread_t thread;
} writer = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .wake = PTHREAD_COND_INITIALIZER,
    .done = PTHREAD_COND_INITIALIZER,
    .next_fd = -1,
};

static struct log_sink sink; /* the writer thread's own while there is one */

static void count_dropped(uint64_t lines)
{
    if (lines == 0)
        return;
    atomic_fetch_add_explicit(&writer.dropped, lines, memory_order_relaxed);
    metric_add(M_LOG_DROPPED, (int64_t)lines);
}

/* Wall time has no part in it, and the caller's test clock neither. */
static struct timespec deadline_in_ms(long ms)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail with this clock */
    t.tv_sec += ms / 1000;
    t.tv_nsec += ms % 1000 * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

/* -- rings to batch -- */

static void ring_copy(const struct log_ring *r, size_t from, char *out, size_t n)
{
    size_t at = from % LOG_RING_BYTES;
    size_t straight = MIN(n, LOG_RING_BYTES - at);
    memcpy(out, r->bytes + at, straight);
    memcpy(out + straight, r->bytes, n - straight);
}

/* Moves whole lines from [tail, head) into the batch, as many as there is room for; returns their
 * bytes. There is room for one. */
static size_t batch_take(const struct log_ring *r, size_t tail, size_t head)
{
    char *out = sink.batch + sink.n;
    size_t n = MIN(head - tail, LOG_BATCH_BYTES - sink.n);
    ring_copy(r, tail, out, n);
    if (n < head - tail) {
        const char *end = memrchr(out, '\n', n);
        must(end);
        n = (size_t)(end - out) + 1;
    }
    sink.n += n;
    return n;
}

static bool ring_drain(struct log_ring *r)
{
    size_t head = atomic_load(&r->head);
    size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    while (tail != head) {
        if (LOG_BATCH_BYTES - sink.n < LOG_LINE_MAX && !log_sink_write(&sink))
            return false;
        tail += batch_take(r, tail, head);
        atomic_store_explicit(&r->tail, tail, memory_order_release);
    }
    return true;
}

/* Writes what is in the batch and in the rings now; false when the sink did not take it all. */
static bool write_all(struct log_ring *rings)
{
    if (!log_sink_write(&sink))
        return false;
    for (struct log_ring *r = rings; r; r = r->next) {
        if (!ring_drain(r))
            return false;
    }
    return log_sink_write(&sink);
}

/* The end has come and the sink takes no more: counts what is lost. A line is counted where it
 * ends, so one that is half written counts too. */
static void drop_all(struct log_ring *rings)
{
    uint64_t lines = log_sink_drop(&sink);
    for (struct log_ring *r = rings; r; r = r->next) {
        size_t head = atomic_load(&r->head);
        size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
        for (; tail != head; tail++)
            lines += r->bytes[tail % LOG_RING_BYTES] == '\n';
        atomic_store_explicit(&r->tail, tail, memory_order_release);
    }
    count_dropped(lines);
}

/* -- the thread; functions up to writer_main hold the lock -- */

static bool ring_is_empty(struct log_ring *r)
{
    return atomic_load(&r->head) == atomic_load_explicit(&r->tail, memory_order_relaxed);
}

static bool has_lines(void)
{
    for (struct log_ring *r = writer.rings; r; r = r->next) {
        if (!ring_is_empty(r))
            return true;
    }
    return sink.n > 0;
}

/* Frees the empty rings whose threads are gone. */
static void reap(void)
{
    struct log_ring **link = &writer.rings;
    while (*link) {
        struct log_ring *r = *link;
        if (!r->has_ended || !ring_is_empty(r)) {
            link = &r->next;
            continue;
        }
        *link = r->next;
        int rc = munmap(r, sizeof(*r));
        must(rc == 0);
    }
}

/* Sleeps while the state is `state` and nobody asks, at most ms. */
static void wait_ms(enum writer_state state, long ms)
{
    struct timespec deadline = deadline_in_ms(ms);
    atomic_store(&writer.state, state);
    int rc = 0;
    while (atomic_load(&writer.state) == (int)state && writer.asked == writer.answered &&
           rc != ETIMEDOUT)
        rc = pthread_cond_clockwait(&writer.wake, &writer.lock, CLOCK_MONOTONIC, &deadline);
    atomic_store(&writer.state, AWAKE);
}

static void wait_for_lines(void)
{
    atomic_store(&writer.state, ASLEEP); /* before has_lines, see above */
    while (atomic_load(&writer.state) == ASLEEP && writer.asked == writer.answered && !has_lines())
        pthread_cond_wait(&writer.wake, &writer.lock);
    wait_ms(GATHERING, LOG_GATHER_MS);
}

static void *writer_main(void *unused)
{
    (void)unused;
    bool is_clean = true; /* the sink took all it was offered */
    bool stopping = false;
    while (!stopping) {
        pthread_mutex_lock(&writer.lock);
        if (is_clean)
            wait_for_lines();
        else
            wait_ms(AWAKE, LOG_RETRY_MS);
        uint64_t ticket = writer.asked;
        int next_fd = writer.next_fd;
        writer.next_fd = -1;
        stopping = writer.stopping;
        struct log_ring *rings = writer.rings;
        pthread_mutex_unlock(&writer.lock);

        is_clean = write_all(rings);
        if (next_fd >= 0) {
            count_dropped(log_sink_swap(&sink, next_fd));
            is_clean = is_clean || write_all(rings);
        }
        if (stopping && !is_clean)
            drop_all(rings);

        pthread_mutex_lock(&writer.lock);
        reap();
        writer.answered = ticket;
        pthread_cond_broadcast(&writer.done);
        pthread_mutex_unlock(&writer.lock);
    }
    return NULL;
}

/* -- the callers' side -- */

/* Under the lock. */
static void rouse(void)
{
    if (atomic_load(&writer.state) == AWAKE)
        return;
    atomic_store(&writer.state, AWAKE);
    pthread_cond_signal(&writer.wake);
}

/* Under the lock: makes the writer do a pass and waits for it; false when it did not in time. */
static bool ask(void)
{
    uint64_t ticket = ++writer.asked;
    struct timespec deadline = deadline_in_ms(LOG_PATIENCE_MS);
    pthread_cond_signal(&writer.wake);
    int rc = 0;
    while (writer.answered < ticket && rc != ETIMEDOUT)
        rc = pthread_cond_clockwait(&writer.done, &writer.lock, CLOCK_MONOTONIC, &deadline);
    return writer.answered >= ticket;
}

static void write_at_once(str line)
{
    while (line.n > 0) {
        ssize_t n = write(STDERR_FILENO, line.p, line.n);
        if (n > 0)
            line = str_skip(line, (size_t)n);
        else if (n == 0 || errno != EINTR)
            return; /* nowhere else to say it */
    }
}

struct log_ring *log_ring_new(void)
{
    void *p = mmap(NULL, sizeof(struct log_ring), PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        out_of_memory(sizeof(struct log_ring));
    struct log_ring *r = p;
    pthread_mutex_lock(&writer.lock);
    r->next = writer.rings;
    writer.rings = r;
    pthread_mutex_unlock(&writer.lock);
    return r;
}

void log_ring_end(struct log_ring *r)
{
    pthread_mutex_lock(&writer.lock);
    r->has_ended = true;
    if (writer.has_thread)
        rouse();
    else
        reap();
    pthread_mutex_unlock(&writer.lock);
}

void log_ring_put(struct log_ring *r, str line)
{
    must(line.n > 0 && line.n <= LOG_LINE_MAX);
    if (UNLIKELY(!atomic_load_explicit(&writer.running, memory_order_relaxed))) {
        write_at_once(line);
        return;
    }
    size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    size_t end = head + line.n;
    if (end - r->tail_seen > LOG_RING_BYTES / 2)
        r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire);
    if (end - r->tail_seen > LOG_RING_BYTES) {
        count_dropped(1);
        return;
    }
    size_t at = head % LOG_RING_BYTES;
    size_t straight = MIN(line.n, LOG_RING_BYTES - at);
    memcpy(r->bytes + at, line.p, straight);
    memcpy(r->bytes, line.p + straight, line.n - straight);
    atomic_store(&r->head, end); /* before the look at state, see above */
    int state = atomic_load(&writer.state);
    bool is_half_full = end - r->tail_seen > LOG_RING_BYTES / 2;
    if (state == ASLEEP || (state == GATHERING && is_half_full)) {
        pthread_mutex_lock(&writer.lock);
        rouse();
        pthread_mutex_unlock(&writer.lock);
    }
}

/* Signals are for other threads, and a broken pipe is an error here, not a signal. */
static int thread_start(void)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&writer.thread, NULL, writer_main, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

int log_writer_start(int fd)
{
    must(!writer.has_thread);
    sink.fd = fd;
    sink.is_torn = false;
    writer.stopping = false;
    int rc = thread_start();
    if (rc != 0) {
        (void)close(fd); /* nothing was written to it */
        errno = rc;
        return -E_SYSTEM;
    }
    (void)pthread_setname_np(writer.thread, "log"); /* for people only */
    pthread_mutex_lock(&writer.lock);
    writer.has_thread = true;
    pthread_mutex_unlock(&writer.lock);
    atomic_store_explicit(&writer.running, true, memory_order_relaxed);
    return 0;
}

void log_writer_swap(int fd)
{
    pthread_mutex_lock(&writer.lock);
    if (writer.next_fd >= 0)
        (void)close(writer.next_fd); /* nothing was written to it */
    writer.next_fd = fd;
    (void)ask(); /* a late swap is the contract */
    pthread_mutex_unlock(&writer.lock);
}

void log_writer_flush(void)
{
    if (!atomic_load_explicit(&writer.running, memory_order_relaxed))
        return;
    pthread_mutex_lock(&writer.lock);
    (void)ask(); /* a stuck sink is the contract's other end */
    pthread_mutex_unlock(&writer.lock);
}

void log_writer_stop(void)
{
    if (!atomic_load_explicit(&writer.running, memory_order_relaxed))
        return;
    atomic_store_explicit(&writer.running, false, memory_order_relaxed);
    pthread_mutex_lock(&writer.lock);
    writer.stopping = true;
    bool has_stopped = ask();
    pthread_mutex_unlock(&writer.lock);
    if (!has_stopped) {
        /* Lines go on to the rings: standard error may be what is stuck. */
        atomic_store_explicit(&writer.running, true, memory_order_relaxed);
        (void)pthread_detach(writer.thread);
        return;
    }
    pthread_join(writer.thread, NULL);
    (void)close(sink.fd); /* what it took is written */
    pthread_mutex_lock(&writer.lock);
    writer.has_thread = false;
    reap();
    pthread_mutex_unlock(&writer.lock);
}

uint64_t log_writer_dropped(void)
{
    return atomic_load_explicit(&writer.dropped, memory_order_relaxed);
}
