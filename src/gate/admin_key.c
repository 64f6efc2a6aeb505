/* The made-up admin key. It lives in a file of mode 0600 in the state folder, so that it is the
 * same after a restart and the command line of the same user can find it; it is printed once,
 * when it is made, and never logged. */
#include "gate/admin_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define KEY_MAX 256

/* Makes `path` and its parents, mode 0700. */
static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int rc = mkdir(path, 0700);
        *slash = '/';
        if (rc == -1 && errno != EEXIST)
            return false;
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

/* The first folder that can be written: one the operator names, the system's for root, else the
 * user's own. */
static str state_folder(struct arena *a)
{
    const char *named = getenv("TB_STATE_DIR"), *xdg = getenv("XDG_STATE_HOME"),
               *home = getenv("HOME");
    str candidates[4];
    size_t n = 0;
    if (named)
        candidates[n++] = str_from_cz(named);
    candidates[n++] = S("/var/lib/throwbar");
    if (xdg)
        candidates[n++] = arena_printf(a, "%s/throwbar", xdg);
    if (home)
        candidates[n++] = arena_printf(a, "%s/.local/state/throwbar", home);
    for (size_t i = 0; i < n; i++) {
        char *path = arena_cz(a, candidates[i]);
        if (make_folders(path) && access(path, W_OK | X_OK) == 0)
            return candidates[i];
    }
    return S("."); /* no home and no rights: beside where we were started */
}

str admin_key_path(struct arena *a)
{
    return arena_printf(a, STR_FMT "/admin_key", STR_ARG(state_folder(a)));
}

str admin_key_read(struct arena *a)
{
    int fd = open(arena_cz(a, admin_key_path(a)), O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return S_EMPTY;
    char *text = arena_alloc(a, KEY_MAX);
    ssize_t n = read(fd, text, KEY_MAX);
    close(fd);
    return n > 0 ? str_trim(str_of(text, (size_t)n)) : S_EMPTY;
}

static bool store(const char *path, str key)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd == -1)
        return false;
    bool is_written = write(fd, key.p, key.n) == (ssize_t)key.n && write(fd, "\n", 1) == 1;
    return close(fd) == 0 && is_written;
}

struct secret *admin_key_make(void)
{
    struct arena a;
    arena_init(&a, 4096, 1 << 20);
    str key = admin_key_read(&a);
    if (key.n == 0) {
        str path = admin_key_path(&a);
        key = crypt_key_new(&a, S("admin"));
        bool is_stored = store(arena_cz(&a, path), key);
        fprintf(stderr, "admin key (shown once): " STR_FMT "\n", STR_ARG(key));
        if (is_stored)
            log_note(LOG_INFO, "admin_key_made", "stored in " STR_FMT, STR_ARG(path));
        else
            log_note(LOG_WARN, "admin_key_not_stored", STR_FMT ": %m; it holds until the restart",
                     STR_ARG(path));
    }
    struct secret *s = secret_new(key);
    arena_fini(&a);
    return s;
}
