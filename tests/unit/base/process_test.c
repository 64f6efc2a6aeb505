/* Figures about the process: compared with what the test can know about itself. */
#include "base/process.c"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "tap.h"

static void test_number_at(void)
{
    is_int(number_at(S("12 34 56\n"), 0), 12, "the first word");
    is_int(number_at(S("12 34 56\n"), 2), 56, "the last word, without its newline");
    is_int(number_at(S("12 34 56\n"), 3), 0, "no such word");
    is_int(number_at(S("12 x"), 1), 0, "not a number");
    is_int(number_at(S_EMPTY, 0), 0, "nothing to read");
}

static void test_files(void)
{
    char space[4];
    is_int(read_start("/nonexistent/file", space, sizeof(space)).n, 0, "a file that is not there");
    is_int(read_start("/proc/self/stat", space, sizeof(space)).n, 4, "no more than the space");
    is_int(count_entries("/nonexistent"), 0, "a folder that is not there");
}

static void test_fds(void)
{
    int64_t before = process_open_fds();
    int64_t walked = count_entries("/proc/self/fd");
    is_int(before, walked, "both ways to count agree");
    int fd = open("/dev/null", O_RDONLY);
    is_int(process_open_fds(), before + 1, "one more after open");
    close(fd);
    is_int(process_open_fds(), before, "one less after close");
}

static void test_rss(void)
{
    size_t n = 32u << 20;
    int64_t before = process_rss_bytes();
    char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(p, 1, n);
    ok(before > 0, "some memory is resident");
    ok(process_rss_bytes() - before > (16 << 20), "32 MiB touched are seen");
    munmap(p, n);
}

int main(void)
{
    test_number_at();
    test_files();
    test_fds();
    test_rss();
    int64_t age_s = (int64_t)time(NULL) - process_start_s();
    ok(age_s >= -1 && age_s <= 60, "the process started just now");
    is_int(process_start_s(), process_start_s(), "and that does not change");
    return tap_done();
}
