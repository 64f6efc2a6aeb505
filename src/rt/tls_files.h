/* Files that TLS options name: have they changed, and which folder of roots can be read piecemeal.
 *
 * Blocking calls: for configuration time. */
#pragma once

#include <sys/stat.h>

#include "base/arena.h"
#include "base/defs.h"

/* A file or folder as it was when its owner read it. */
struct tls_file {
    const char *path; /* in the owner's arena; NULL: not given */
    struct stat st;   /* zero when there was no such file */
};

struct tls_file tls_file_note(struct arena *a, const char *path); /* path may be NULL */
/* Does `path` name the same file in the same state? Of two that are not given: yes. */
bool tls_file_is(const struct tls_file *f, const char *path);
/* Does the folder hold roots under the hashes of their names ("002c0b4f.0")? */
bool tls_dir_is_hashed(const char *path);
