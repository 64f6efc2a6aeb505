/* Hash table from str to pointer: open addressing, linear probing, keys borrowed.
 *
 * The keys' bytes must outlive the table (they live in the arena of whatever owns the table).
 * Values are not NULL. The seed is random per process, so outside names cannot be chosen to
 * collide. */
#pragma once

#include "base/defs.h"
#include "base/str.h"

struct table_slot {
    str key;
    void *value; /* NULL: free */
    uint64_t hash;
};

struct table {
    struct table_slot *slots;
    size_t n;    /* entries */
    size_t size; /* slots: 0 or a power of two */
};

void table_init(struct table *t);
void table_fini(struct table *t);
void *table_get(const struct table *t, str key); /* NULL when absent */
/* Adds key -> value and returns NULL, or returns the value already there and changes nothing. */
void *table_add(struct table *t, str key, void *value);
void *table_remove(struct table *t, str key); /* the value, or NULL */
/* Walks all entries in no order: pass 0 first, then what it returned; NULL slot at the end. No
 * change meanwhile. */
const struct table_slot *table_next(const struct table *t, size_t *cursor);

/* The key of `t` nearest to `wanted`, for "did you mean", or S_EMPTY when none is near. */
str table_nearest(const struct table *t, str wanted);
