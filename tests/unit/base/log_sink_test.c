/* The sink: write(2) is replaced by one that follows a script of refusals and short writes. */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static ssize_t scripted_write(int fd, const void *p, size_t n);
static int scripted_poll(struct pollfd *p, nfds_t n, int timeout_ms);
#define write scripted_write
#define poll  scripted_poll
#include "base/log_sink.c"
#undef write
#undef poll

#include <fcntl.h>
#include <stdio.h>

#include "tap.h"

/* Each step: how many bytes to take, or -errno. Behind the last step all is taken. */
static const int *steps;
static size_t steps_n, calls;
static bool pipe_drains;
static char taken[1024];
static size_t taken_n;

static ssize_t scripted_write(int fd, const void *p, size_t n)
{
    (void)fd;
    int step = calls < steps_n ? steps[calls] : 1 << 20;
    calls++;
    if (step < 0) {
        errno = -step;
        return -1;
    }
    size_t take = MIN(n, (size_t)step);
    memcpy(taken + taken_n, p, take);
    taken_n += take;
    return (ssize_t)take;
}

static int scripted_poll(struct pollfd *p, nfds_t n, int timeout_ms)
{
    (void)timeout_ms;
    must(n == 1 && p->events == POLLOUT);
    return pipe_drains;
}

static struct log_sink sink;

static void begin(str batch, const int *script, size_t n)
{
    steps = script;
    steps_n = n;
    calls = 0;
    taken_n = 0;
    sink.fd = open("/dev/null", O_WRONLY);
    sink.is_torn = false;
    sink.n = batch.n;
    memcpy(sink.batch, batch.p, batch.n);
}

#define BEGIN(batch, ...)                                                                          \
    static const int script[] = {__VA_ARGS__};                                                     \
    begin(S(batch), script, ARRAY_LEN(script))

static str got(void)
{
    return str_of(taken, taken_n);
}

static void test_short_writes(void)
{
    BEGIN("one\ntwo\n", 1, -EINTR, 2, -EINTR, 3, 1);
    ok(log_sink_write(&sink), "short writes and interruptions are worked through");
    is_str(got(), S("one\ntwo\n"), "in order, nothing twice");
    ok(!sink.is_torn, "and it ends at a line");
    close(sink.fd);
}

static void test_full_disk_heals(void)
{
    BEGIN("one\ntwo\n", 5, -ENOSPC, -ENOSPC);
    ok(!log_sink_write(&sink), "a full disk ends the attempt");
    ok(sink.is_torn, "within a line");
    ok(!log_sink_write(&sink), "the next attempt fails at once");
    ok(sink.is_torn, "still within the line");
    ok(log_sink_write(&sink), "room again");
    is_str(got(), S("one\ntwo\n"), "and the torn line became whole");
    close(sink.fd);
}

static void test_swap_gives_up_torn_line(void)
{
    BEGIN("one\ntwo\nthree\n", 5, -EIO);
    ok(!log_sink_write(&sink), "an error in the middle of a line");
    is_int(log_sink_swap(&sink, open("/dev/null", O_WRONLY)), 1, "a new file: one line is lost");
    taken_n = 0;
    ok(log_sink_write(&sink), "the new file works");
    is_str(got(), S("three\n"), "and begins with a whole line");
    close(sink.fd);
}

static void test_swap_at_line_end(void)
{
    BEGIN("one\ntwo\n", 4, -EROFS);
    ok(!log_sink_write(&sink), "an error between two lines");
    is_int(log_sink_swap(&sink, open("/dev/null", O_WRONLY)), 0, "a new file: no line is lost");
    taken_n = 0;
    ok(log_sink_write(&sink), "the new file works");
    is_str(got(), S("two\n"), "and has the line that was left");
    close(sink.fd);
}

static void test_full_pipe(void)
{
    BEGIN("one\n", -EAGAIN, -EAGAIN, 2, -EAGAIN);
    pipe_drains = true;
    ok(log_sink_write(&sink), "a pipe that drains is waited for");
    is_str(got(), S("one\n"), "and gets all");
    begin(S("one\n"), steps, steps_n);
    pipe_drains = false;
    ok(!log_sink_write(&sink), "one that does not is left");
    is_int(calls, 1, "after one wait");
    close(sink.fd);
}

static void test_takes_nothing(void)
{
    BEGIN("one\n", 0);
    ok(!log_sink_write(&sink), "a write of nothing is a failure and no endless loop");
    close(sink.fd);
}

static void test_drop(void)
{
    BEGIN("one\ntwo\nthree\n", 1, -EPIPE);
    ok(!log_sink_write(&sink), "the reader went away");
    is_int(log_sink_drop(&sink), 3, "dropping counts the torn line too");
    is_int(log_sink_drop(&sink), 0, "once");
    close(sink.fd);
}

int main(void)
{
    test_short_writes();
    test_full_disk_heals();
    test_swap_gives_up_torn_line();
    test_swap_at_line_end();
    test_full_pipe();
    test_takes_nothing();
    test_drop();
    return tap_done();
}
