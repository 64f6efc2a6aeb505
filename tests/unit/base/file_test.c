/* base/file: what is read, and what is not. */
#include "base/file.c"

#include <stdio.h>
#include <stdlib.h>

#include "base/pool.h"
#include "base/str.h"
#include "tap.h"

static struct arena arena;
static char folder[] = "/tmp/file_test.XXXXXX";

static const char *path_of(const char *name)
{
    return arena_cz(&arena, arena_printf(&arena, "%s/%s", folder, name));
}

static void is_refused(const char *path, size_t max, const char *want)
{
    const char *why = NULL;
    size_t n = 0;
    ok(!file_read(&arena, path, max, &n, &why), want);
    is_str(str_from_cz(why), str_from_cz(want), "and why");
}

int main(void)
{
    arena_init(&arena, 512, 1 << 20);
    must(mkdtemp(folder));
    const char *path = path_of("text");
    const char *why = NULL;
    size_t n = 0;
    FILE *f = fopen(path, "w");
    must(f && fputs("hello\n", f) >= 0 && fclose(f) == 0);
    char *text = file_read(&arena, path, 6, &n, &why);
    is_str(str_of(text, n), S("hello\n"), "a file");
    is_refused(path, 5, "too large");
    is_refused(path_of("missing"), 6, "No such file or directory");
    is_refused(folder, 6, "not a regular file");
    const char *fifo = path_of("fifo");
    must(mkfifo(fifo, 0600) == 0);
    is_refused(fifo, 6, "not a regular file");
    f = fopen(path, "w");
    must(f && fclose(f) == 0);
    ok(file_read(&arena, path, 0, &n, &why) && n == 0, "an empty file");
    must(unlink(path) == 0 && unlink(fifo) == 0 && rmdir(folder) == 0);
    arena_fini(&arena);
    pool_trim();
    return tap_done();
}
