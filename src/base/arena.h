/* Arena: memory that lives and dies together.
 *
 * One arena per exchange, one per configuration snapshot. Allocation is a pointer bump and never
 * fails: running out of memory aborts, exceeding `cap` is a bug (input is bounded at the edge).
 * Nothing is freed piecemeal; arena_fini runs the destructors last-in-first-out and gives the
 * blocks back to the pool. An arena belongs to one thread at a time. */
#pragma once

#include "base/defs.h"
#include "base/str.h"

struct arena_block;
struct arena_defer;

struct arena {
    char *next, *end;           /* free part of the block allocated from */
    struct arena_block *blocks; /* newest first */
    struct arena_defer *defers; /* newest first */
    size_t used_bytes;          /* what was asked of the pool for all blocks */
    size_t cap_bytes;
    size_t first_bytes; /* size of the first blocks */
};

/* `first` is the size of the first blocks (taken at the first allocation; 512 bytes to 64 KiB,
 * rounded up to a power of two); behind four of it they double up to 64 KiB. `cap` bounds the
 * objects with their alignment, 16 bytes a block, and what is left over at the ends of blocks: give
 * it slack. */
void arena_init(struct arena *a, size_t first, size_t cap);
void arena_fini(struct arena *a); /* may be used again after it */

OWNED void *arena_alloc(struct arena *a, size_t n);  /* 16-byte aligned, uninitialised */
OWNED void *arena_alloc0(struct arena *a, size_t n); /* zeroed */
#define arena_new(a, type)      ((type *)arena_alloc0((a), sizeof(type)))
#define arena_new_n(a, type, n) ((type *)arena_alloc0((a), arena_mul(sizeof(type), (n))))
size_t arena_mul(size_t a, size_t b); /* aborts on overflow */

/* Would objects of n bytes in all still fit, and ARENA_SPARE bytes of small ones beside them? To be
 * asked before anything is made whose size or number comes from outside: a body that would fill
 * the arena is refused, it is no bug. An object counts with what it is rounded up to; give large
 * numbers of large ones twice their size, for what is left over at the ends of blocks. */
#define ARENA_SPARE ((size_t)256 << 10)
NODISCARD bool arena_has_room(const struct arena *a, size_t n);

str arena_str(struct arena *a, str s);  /* a copy */
char *arena_cz(struct arena *a, str s); /* a NUL-terminated copy */
str arena_concat(struct arena *a, const str *parts, size_t n);
str arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Runs fn(obj) at arena_fini, newest first. */
void arena_on_fini(struct arena *a, void (*fn)(void *obj), void *obj);
