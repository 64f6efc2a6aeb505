/* Small files, read whole. Blocks: for configuration time, and for files that are known to be small
 * and local. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"

/* The text of a regular file of at most `max` bytes in the arena, *n bytes of it; or NULL with *why
 * (static; "No such file or directory" when it is not there). The caller wipes what is secret. */
char *file_read(struct arena *a, const char *path, size_t max, size_t *n, const char **why);
