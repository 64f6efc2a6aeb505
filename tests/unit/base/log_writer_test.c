/* Rings and writer: several threads, wrapping and full rings, sinks that fail, stall and heal. */
#include "base/log_writer.h"

#undef LOG_PATIENCE_MS
#define LOG_PATIENCE_MS patience_ms
static long patience_ms = 30000;
#include "base/log_writer.c"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "tap.h"

#define LINE_SPACE 800 /* for a line of line_make */

static char path[] = "/tmp/log_writer_test.XXXXXX";

static int file_new(void)
{
    (void)unlink(path);
    return open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
}

static void start(int fd)
{
    int rc = log_writer_start(fd);
    must(rc == 0);
}

/* "<thread> <number> xxx...\n" of a length that depends on the number. */
static str line_make(char *space, size_t size, int thread, int number)
{
    int n = snprintf(space, size, "%d %d ", thread, number);
    must(n > 0);
    size_t fill = (size_t)number * 7919 % 700;
    memset(space + n, 'x', fill);
    space[(size_t)n + fill] = '\n';
    return str_of(space, (size_t)n + fill + 1);
}

/* Reads lines of line_make from f and checks that each is whole and numbers grow per thread; the
 * number of lines, or -1. */
static long lines_check(FILE *f)
{
    int before[16] = {0};
    char line[LINE_SPACE];
    static char want[LINE_SPACE]; /* one checks at a time */
    long lines = 0;
    for (; fgets(line, sizeof(line), f); lines++) {
        int thread = 0;
        int number = 0;
        if (sscanf(line, "%d %d ", &thread, &number) != 2 || thread < 0 || thread >= 16)
            return -1;
        str wanted = line_make(want, sizeof(want), thread, number);
        if (!str_eq(str_from_cz(line), wanted) || number <= before[thread])
            return -1;
        before[thread] = number;
    }
    return lines;
}

static long file_check(void)
{
    FILE *f = fopen(path, "r");
    long lines = lines_check(f);
    fclose(f);
    return lines;
}

struct producer {
    int id;
    int lines;
    bool flushes; /* now and then, so that nothing is dropped */
};

static void *produce(void *arg)
{
    const struct producer *p = arg;
    struct log_ring *r = log_ring_new();
    char space[LINE_SPACE];
    for (int i = 1; i <= p->lines; i++) {
        log_ring_put(r, line_make(space, sizeof(space), p->id, i));
        if (p->flushes && i % 256 == 0)
            log_writer_flush();
    }
    log_ring_end(r);
    return NULL;
}

static int64_t now_ms(void)
{
    struct timespec t = deadline_in_ms(0);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void run_producers(int lines, bool flushes)
{
    pthread_t threads[4];
    struct producer producers[ARRAY_LEN(threads)];
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        producers[i] = (struct producer){.id = (int)i, .lines = lines, .flushes = flushes};
        pthread_create(&threads[i], NULL, produce, &producers[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
}

static void test_threads(void)
{
    start(file_new());
    run_producers(5000, true);
    log_writer_flush();
    is_int(file_check(), 4 * 5000, "four threads: every line whole, each thread's in order");
    is_int(log_writer_dropped(), 0, "none dropped");
    log_writer_stop();
    ok(!writer.rings, "the rings of ended threads are gone");
}

static void test_overflow(void)
{
    uint64_t before = log_writer_dropped();
    start(file_new());
    run_producers(20000, false);
    log_writer_stop();
    long written = file_check();
    uint64_t dropped = log_writer_dropped() - before;
    is_int(written + (long)dropped, 4 * 20000, "threads in a hurry: a line is written or counted");
    is_int(metric_total(M_LOG_DROPPED, NULL), log_writer_dropped(), "the metric says the same");
}

/* Without a thread: a line put at each distance from the end of the ring, and of the counters, is
 * taken out as it was put in. */
static void test_wrap(void)
{
    static const size_t ends[] = {LOG_RING_BYTES, 0}; /* 0: one more than SIZE_MAX */
    char space[LINE_SPACE];
    str line = line_make(space, sizeof(space), 1, 50);
    struct log_ring *r = log_ring_new();
    bool same = true;
    atomic_store(&writer.running, true);
    for (size_t back = 0; back <= line.n * 2; back++) {
        size_t at = ends[back % 2] - back / 2;
        atomic_store(&r->head, at);
        atomic_store(&r->tail, at);
        r->tail_seen = at;
        log_ring_put(r, line);
        same = same && ring_drain(r) && str_eq(str_of(sink.batch, sink.n), line);
        sink.n = 0;
    }
    atomic_store(&writer.running, false);
    log_ring_end(r);
    ok(same, "a line that wraps comes out whole");
}

/* Without a thread: a ring takes lines to its last byte and not one more. */
static void test_exactly_full(void)
{
    static char line[LOG_LINE_MAX];
    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    struct log_ring *r = log_ring_new();
    uint64_t before = log_writer_dropped();
    atomic_store(&writer.running, true);
    for (size_t i = 0; i < LOG_RING_BYTES / LOG_LINE_MAX; i++)
        log_ring_put(r, str_of(line, sizeof(line)));
    is_int(log_writer_dropped() - before, 0, "a ring holds as many lines as it has bytes");
    log_ring_put(r, str_of(line + sizeof(line) - 1, 1));
    is_int(log_writer_dropped() - before, 1, "and one byte more is one too many");
    sink.n = 0;
    is_int(batch_take(r, 0, LOG_RING_BYTES), LOG_BATCH_BYTES, "a batch of whole lines is full");
    sink.n = 100;
    is_int(batch_take(r, 0, LOG_RING_BYTES), LOG_BATCH_BYTES - LOG_LINE_MAX,
           "one that begins late ends at the last line that fits");
    sink.n = 0;
    drop_all(writer.rings);
    is_int(log_writer_dropped() - before, 1 + LOG_RING_BYTES / LOG_LINE_MAX, "drop_all counts");
    atomic_store(&writer.running, false);
    log_ring_end(r);
    ok(!writer.rings, "an ended ring is freed without a thread, too");
}

static void test_wakes_by_itself(void)
{
    int ends[2];
    must(pipe(ends) == 0);
    start(ends[1]);
    struct log_ring *r = log_ring_new();
    char space[LINE_SPACE];
    FILE *f = fdopen(ends[0], "r");
    for (int i = 1; i <= 3; i++) {
        while (atomic_load(&writer.state) != ASLEEP)
            usleep(1000);
        log_ring_put(r, line_make(space, sizeof(space), 1, i));
        char line[LINE_SPACE];
        ok(fgets(line, sizeof(line), f),
           "a line comes without a flush, and the writer sleeps again");
    }
    log_ring_end(r);
    log_writer_stop();
    fclose(f);
}

/* -- sinks that fail -- */

static void test_full_disk_then_swap(void)
{
    uint64_t before = log_writer_dropped();
    start(open("/dev/full", O_WRONLY));
    struct log_ring *r = log_ring_new();
    char space[LINE_SPACE];
    for (int i = 1; i <= 100; i++)
        log_ring_put(r, line_make(space, sizeof(space), 1, i));
    log_writer_flush();
    log_writer_swap(file_new());
    log_ring_put(r, line_make(space, sizeof(space), 1, 101));
    log_ring_end(r);
    log_writer_stop();
    is_int(file_check(), 101, "a new file gets what the full disk did not take");
    is_int(log_writer_dropped() - before, 0, "nothing was lost");
}

static void test_stop_with_full_disk(void)
{
    uint64_t before = log_writer_dropped();
    start(open("/dev/full", O_WRONLY));
    run_producers(100, false);
    log_writer_stop();
    is_int(log_writer_dropped() - before, 400, "stop drops and counts what a full disk refuses");
    ok(!writer.rings, "and frees the rings");
}

static void *read_all(void *arg)
{
    return (void *)lines_check(arg); /* style: a long through a thread's result */
}

static void test_slow_pipe(void)
{
    uint64_t before = log_writer_dropped();
    int ends[2];
    must(pipe2(ends, O_CLOEXEC) == 0);
    must(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
    start(ends[1]);
    struct log_ring *r = log_ring_new();
    char space[LINE_SPACE];
    int lines = 3000; /* more than pipe, batch and ring hold */
    for (int i = 1; i <= lines; i++)
        log_ring_put(r, line_make(space, sizeof(space), 1, i));
    uint64_t dropped = log_writer_dropped() - before;
    ok(dropped > 0 && dropped < (uint64_t)lines,
       "a pipe that nobody reads: callers drop, none waits");
    pthread_t reader;
    FILE *f = fdopen(ends[0], "r");
    pthread_create(&reader, NULL, read_all, f);
    log_ring_end(r);
    log_writer_stop();
    void *read_lines;
    pthread_join(reader, &read_lines);
    is_int((long)read_lines + (long)(log_writer_dropped() - before), lines,
           "read at last, it has every line that was not counted as dropped");
    fclose(f);
}

static void test_reader_gone(void)
{
    int ends[2];
    must(pipe(ends) == 0);
    close(ends[0]);
    uint64_t before = log_writer_dropped();
    start(ends[1]);
    run_producers(10, false);
    log_writer_flush();
    log_writer_stop();
    is_int(log_writer_dropped() - before, 40, "a pipe without a reader kills nobody");
}

/* The last one: its writer never ends. */
static void test_stuck_sink(void)
{
    int ends[2];
    must(pipe(ends) == 0);
    start(ends[1]); /* blocking, and never read */
    struct log_ring *r = log_ring_new();
    char space[LINE_SPACE];
    for (int i = 1; i <= 1000; i++)
        log_ring_put(r, line_make(space, sizeof(space), 1, i));
    patience_ms = 300;
    int64_t begin_ms = now_ms();
    log_writer_flush();
    int64_t flush_ms = now_ms() - begin_ms;
    ok(flush_ms >= LOG_PATIENCE_MS && flush_ms < 5000, "a flush of a stuck sink gives up in time");
    int first = open("/dev/null", O_WRONLY);
    log_writer_swap(first);
    ok(fcntl(first, F_GETFD) != -1, "a new sink waits for the writer");
    log_writer_swap(open("/dev/null", O_WRONLY));
    ok(fcntl(first, F_GETFD) == -1, "and is closed when a newer one comes");
    log_writer_stop();
    ok(writer.has_thread && now_ms() - begin_ms < 10000, "stop leaves a stuck writer behind");
    for (int i = 0; i < 1000; i++)
        log_ring_put(r, line_make(space, sizeof(space), 1, 1));
    ok(now_ms() - begin_ms < 20000, "and lines after it go nowhere that could block");
}

int main(void)
{
    int fd = mkstemp(path);
    must(fd >= 0);
    close(fd);
    log_writer_flush();
    log_writer_stop();
    ok(!writer.has_thread && writer.asked == 0, "without a writer flush and stop do nothing");
    test_threads();
    test_overflow();
    test_wrap();
    test_exactly_full();
    test_wakes_by_itself();
    test_full_disk_then_swap();
    test_stop_with_full_disk();
    test_slow_pipe();
    test_reader_gone();
    test_stuck_sink();
    unlink(path);
    return tap_done();
}
