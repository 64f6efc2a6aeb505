/* A file's state is what stat tells: device, inode, size and time of change. A certificate that is
 * renewed by rename gets another inode, one that is overwritten another time; either makes the
 * context made from the old one differ from the options, so that a reload reads the new one. */
#include "rt/tls_files.h"

#include <dirent.h>
#include <string.h>

struct tls_file tls_file_note(struct arena *a, const char *path)
{
    struct tls_file f = {.path = path ? arena_cz(a, str_from_cz(path)) : NULL};
    if (path && stat(path, &f.st) == -1)
        f.st = (struct stat){.st_ino = 0};
    return f;
}

bool tls_file_is(const struct tls_file *f, const char *path)
{
    if (!f->path || !path)
        return f->path == path;
    struct stat now;
    return strcmp(f->path, path) == 0 && stat(path, &now) == 0 && now.st_dev == f->st.st_dev &&
           now.st_ino == f->st.st_ino && now.st_size == f->st.st_size &&
           now.st_mtim.tv_sec == f->st.st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == f->st.st_mtim.tv_nsec;
}

bool tls_dir_is_hashed(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir)
        return false;
    bool is_hashed = false;
    for (const struct dirent *d = readdir(dir); d && !is_hashed; d = readdir(dir))
        is_hashed = strspn(d->d_name, "0123456789abcdef") == 8 && strcmp(d->d_name + 8, ".0") == 0;
    (void)closedir(dir); /* it was only read */
    return is_hashed;
}
