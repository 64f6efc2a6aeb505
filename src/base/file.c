/* A file is opened without blocking and looked at before it is read, so that a FIFO, a terminal or
 * a device in its place cannot stop the reader. One byte more than its size is asked for, to see it
 * grow: half of what somebody is writing is worse than nothing. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_all(int fd, char *p, size_t n, size_t *got)
{
    *got = 0;
    while (*got < n) {
        ssize_t r = read(fd, p + *got, n - *got);
        if (r == -1 && errno == EINTR)
            continue;
        if (r == -1)
            return false;
        if (r == 0)
            break;
        *got += (size_t)r;
    }
    return true;
}

char *file_read(struct arena *a, const char *path, size_t max, size_t *n, const char **why)
{
    char *text = NULL;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd == -1) {
        *why = strerrordesc_np(errno);
        return NULL;
    }
    if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
        *why = "not a regular file";
        goto out;
    }
    if (st.st_size > (off_t)max) {
        *why = "too large";
        goto out;
    }
    size_t size = (size_t)st.st_size;
    text = arena_alloc(a, size + 1);
    if (!read_all(fd, text, size + 1, n)) {
        *why = strerrordesc_np(errno);
        text = NULL;
    } else if (*n > size) {
        *why = "changed while it was read";
        text = NULL;
    }
out:
    close(fd);
    return text;
}
