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

struct folders {
    str at[5];
    size_t n;
};

static void add_folder(struct folders *f, struct arena *a, const char *variable, const char *below)
{
    const char *base = getenv(variable);
    if (base && base[0] == '/')
        f->at[f->n++] = arena_printf(a, "%s%s", base, below);
}

/* Where the key may lie: where the operator says and nowhere else; or, best first, the system's
 * place for root and the user's own. */
static struct folders state_folders(struct arena *a)
{
    struct folders f = {.n = 0};
    add_folder(&f, a, "TB_STATE_DIR", "");
    if (f.n > 0)
        return f;
    f.at[f.n++] = S("/var/lib/throwbar");
    add_folder(&f, a, "XDG_STATE_HOME", "/throwbar");
    add_folder(&f, a, "HOME", "/.local/state/throwbar");
    f.at[f.n++] = S("."); /* no home and no rights: beside where we were started */
    return f;
}

static char *key_path(struct arena *a, str folder)
{
    return arena_cz(a, arena_printf(a, STR_FMT "/admin_key", STR_ARG(folder)));
}

str admin_key_path(struct arena *a)
{
    struct folders f = state_folders(a);
    for (size_t i = 0; i < f.n; i++) {
        char *folder = arena_cz(a, f.at[i]);
        if (make_folders(folder) && access(folder, W_OK | X_OK) == 0)
            return str_from_cz(key_path(a, f.at[i]));
    }
    return str_from_cz(key_path(a, f.at[f.n - 1])); /* storing it will fail, and say so */
}

static str read_key(struct arena *a, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return S_EMPTY;
    char *text = arena_alloc(a, KEY_MAX);
    ssize_t n = read(fd, text, KEY_MAX);
    close(fd);
    return n > 0 ? str_trim(str_of(text, (size_t)n)) : S_EMPTY;
}

str admin_key_read(struct arena *a)
{
    struct folders f = state_folders(a);
    str key = S_EMPTY;
    for (size_t i = 0; i < f.n && key.n == 0; i++)
        key = read_key(a, key_path(a, f.at[i]));
    return key;
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
