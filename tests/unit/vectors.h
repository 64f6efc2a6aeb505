/* Test data that is no part of the tree (third-party suites), read in place: THROWBAR_VECTORS names
 * the folder. A test that does not find its data skips, visibly. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"

/* The path of `name` in the folder; NULL when it is not there. */
static inline const char *vectors_path(struct arena *a, const char *name)
{
    const char *folder = getenv("THROWBAR_VECTORS");
    if (!folder)
        return NULL;
    str path = arena_printf(a, "%s/%s", folder, name);
    const char *cz = arena_cz(a, path);
    return access(cz, R_OK) == 0 ? cz : NULL;
}

/* A whole file in the arena; S_EMPTY when it cannot be read. */
static inline str vectors_read(struct arena *a, const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return S_EMPTY;
    fseek(f, 0, SEEK_END);
    size_t size = (size_t)ftell(f);
    rewind(f);
    char *p = arena_alloc(a, size + 1);
    size_t n = fread(p, 1, size, f);
    fclose(f);
    return str_of(p, n);
}
