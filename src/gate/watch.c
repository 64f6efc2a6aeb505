/* --watch: an inotify watch on the configuration file's folder.
 *
 * The folder, because editors write a new file and rename it over the old one, and orchestrators
 * swap a link: the file's own inode would be the wrong thing to look at. Whatever happens in the
 * folder, what counts is whether the file's identity (inode, size, time) has changed once the
 * folder has been quiet for a moment. */
#include "gate/watch.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/defs.h"
#include "base/log.h"
#include "rt/loop.h"

#define QUIET_US 100000

static struct {
    struct loop_watch watch;
    struct loop_timer quiet;
    void (*fn)(void);
    char path[PATH_MAX];
    struct stat seen;
} file = {.watch.fd = -1};

static bool has_changed(void)
{
    struct stat now;
    if (stat(file.path, &now) == -1)
        return false; /* between two steps of a replacement */
    bool is_same = now.st_ino == file.seen.st_ino && now.st_dev == file.seen.st_dev &&
                   now.st_size == file.seen.st_size &&
                   now.st_mtim.tv_sec == file.seen.st_mtim.tv_sec &&
                   now.st_mtim.tv_nsec == file.seen.st_mtim.tv_nsec;
    file.seen = now;
    return !is_same;
}

static void settled(struct loop_timer *t)
{
    (void)t;
    if (has_changed())
        file.fn();
}

static void noticed(struct loop_watch *w, uint32_t events)
{
    (void)events;
    _Alignas(struct inotify_event) char bytes[1024];
    while (read(w->fd, bytes, sizeof bytes) > 0)
        ;
    loop_timer_set(&file.quiet, clock_now_us() + QUIET_US);
}

void watch_file(const char *path, void (*fn)(void))
{
    static char folder[PATH_MAX]; /* style: main thread only, called once */
    if (strlen(path) >= sizeof file.path)
        return;
    memcpy(folder, path, strlen(path) + 1);
    memcpy(file.path, path, strlen(path) + 1);
    file.fn = fn;
    (void)has_changed(); /* notes what is there now */
    loop_timer_init(&file.quiet, settled);
    file.watch = (struct loop_watch){.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), .fn = noticed};
    int wd =
        file.watch.fd == -1
            ? -1
            : inotify_add_watch(file.watch.fd, dirname(folder),
                                IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ATTRIB);
    if (wd == -1 || loop_watch_add(&file.watch, EPOLLIN) < 0)
        log_note(LOG_WARN, "watch_failed", "%s: %m; reload by signal instead", path);
}

void watch_end(void)
{
    if (file.watch.fd == -1)
        return;
    loop_timer_clear(&file.quiet);
    loop_watch_remove(&file.watch);
    close(file.watch.fd);
    file.watch.fd = -1;
}
