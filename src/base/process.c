/* Figures about this process from /proc/self (proc(5)).
 *
 * A scrape of the metrics reads them on a worker's thread, so they must be cheap: fixed buffers, no
 * stdio, and the number of descriptors is taken from one stat where the kernel has it there (since
 * Linux 6.2); only older ones make us walk the folder. */
#include "base/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

/* The start of a file of /proc in `space`, which bounds it. */
static str read_start(const char *path, char *space, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return S_EMPTY;
    ssize_t n = read(fd, space, size);
    (void)close(fd); /* opened for reading */
    return n > 0 ? str_of(space, (size_t)n) : S_EMPTY;
}

/* The word number `index` of s, from 0, as a number; 0 when it is none. */
static int64_t number_at(str s, unsigned index)
{
    str word = S_EMPTY;
    for (unsigned i = 0; i <= index; i++)
        (void)str_cut(s, ' ', &word, &s); /* without a space the rest is the word */
    int64_t value = 0;
    return str_to_i64(str_trim(word), &value) ? value : 0;
}

int64_t process_rss_bytes(void)
{
    char space[256];
    str statm = read_start("/proc/self/statm", space, sizeof(space));
    return number_at(statm, 1) * sysconf(_SC_PAGESIZE);
}

static int64_t count_entries(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir)
        return 0;
    int64_t n = -1; /* the descriptor of the walk itself */
    for (const struct dirent *e = readdir(dir); e; e = readdir(dir))
        n += e->d_name[0] != '.';
    (void)closedir(dir); /* opened for reading */
    return n;
}

int64_t process_open_fds(void)
{
    struct stat st;
    if (stat("/proc/self/fd", &st) == 0 && st.st_size > 0)
        return st.st_size;
    return count_entries("/proc/self/fd");
}

/* Now, less the age of the process. Both are taken on the clock that runs on while the machine
 * sleeps, on which the kernel notes the start. */
static int64_t compute_start_s(void)
{
    char space[1024];
    str stat_line = read_start("/proc/self/stat", space, sizeof(space));
    /* Field 22; the name in field 2 may hold anything, so count from the brace behind it. */
    size_t brace = str_rfind_char(stat_line, ')');
    if (brace == STR_NONE)
        return 0;
    int64_t start_ticks = number_at(str_skip(stat_line, brace + 2), 22 - 3);
    struct timespec uptime;
    struct timespec wall;
    if (clock_gettime(CLOCK_BOOTTIME, &uptime) == -1 || clock_gettime(CLOCK_REALTIME, &wall) == -1)
        return 0;
    return wall.tv_sec - uptime.tv_sec + start_ticks / sysconf(_SC_CLK_TCK);
}

int64_t process_start_s(void)
{
    /* Kept, because the wall clock may be set later. Relaxed: all who race write the same, give or
     * take that. */
    static _Atomic int64_t known;
    int64_t start_s = atomic_load_explicit(&known, memory_order_relaxed);
    if (start_s == 0) {
        start_s = compute_start_s();
        atomic_store_explicit(&known, start_s, memory_order_relaxed);
    }
    return start_s;
}
