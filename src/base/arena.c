/* Arena: a pointer that moves through a chain of blocks.
 *
 * The first blocks are as large as arena_init said, each further one as large as all before it
 * together, up to BLOCK_MAX; so a small exchange costs what it needs and a large one few blocks. A
 * request that does not fit gets a new block; whichever of the new and the current block has more
 * room left is allocated from next, so one large object does not waste the rest of a fresh block.
 *
 * used_bytes counts what blocks were asked for, not what the pool rounded them up to, and near the
 * cap a block is only as large as needed: an arena of cap N takes objects worth nearly N.
 *
 * Under ASan what is not handed out is poisoned, and so are 16 bytes behind each object. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/asan.h"
#include "base/pool.h"

#define ALIGN       ((size_t)16)
#define BLOCK_MAX   ((size_t)64 << 10)
#define STEADY      4 /* blocks of the first one's size */
#define RED_ZONE    (ASAN ? ALIGN : 0)
#define PRINTF_TEXT 512 /* longer texts are formatted twice */

struct arena_block {
    struct arena_block *next;
    size_t size;
};

struct arena_defer {
    struct arena_defer *next;
    void (*fn)(void *obj);
    void *obj;
};

_Static_assert(sizeof(struct arena_block) % 16 == 0, "objects begin behind it, aligned");

void arena_init(struct arena *a, size_t first, size_t cap)
{
    *a = (struct arena){.first_bytes = MIN(MAX(first, POOL_MIN), BLOCK_MAX), .cap_bytes = cap};
}

/* Runs them one by one, so that a destructor may still allocate, and even defer. */
static void run_defers(struct arena *a)
{
    while (a->defers) {
        struct arena_defer *defer = a->defers;
        a->defers = defer->next;
        defer->fn(defer->obj);
    }
}

void arena_fini(struct arena *a)
{
    run_defers(a);
    while (a->blocks) {
        struct arena_block *block = a->blocks;
        a->blocks = block->next;
        pool_release(block, block->size);
    }
    a->next = a->end = NULL;
    a->used_bytes = 0;
}

/* `step` bytes at the start of a new block. */
COLD static void *alloc_in_new_block(struct arena *a, size_t step)
{
    must(step <= a->cap_bytes);
    size_t need = step + sizeof(struct arena_block);
    must(a->used_bytes + need <= a->cap_bytes);
    size_t steady = a->used_bytes < STEADY * a->first_bytes ? a->first_bytes : a->used_bytes;
    size_t want = MAX(MIN(steady, BLOCK_MAX), need);
    if (a->used_bytes + want > a->cap_bytes)
        want = need;

    size_t size;
    struct arena_block *block = pool_acquire(want, &size);
    *block = (struct arena_block){.next = a->blocks, .size = size};
    a->blocks = block;
    a->used_bytes += want;

    char *object = (char *)(block + 1);
    char *end = (char *)block + size;
    asan_poison(object, (size_t)(end - object));
    if (end - (object + step) > a->end - a->next) {
        a->next = object + step;
        a->end = end;
    }
    return object;
}

void *arena_alloc(struct arena *a, size_t n)
{
    size_t step = ((n + (n == 0) + ALIGN - 1) & ~(ALIGN - 1)) + RED_ZONE;
    must(step >= n);
    char *object = a->next;
    if (UNLIKELY(step > (size_t)(a->end - a->next)))
        object = alloc_in_new_block(a, step);
    else
        a->next += step;
    asan_unpoison(object, n);
    return object;
}

void *arena_alloc0(struct arena *a, size_t n)
{
    return memset(arena_alloc(a, n), 0, n);
}

size_t arena_mul(size_t a, size_t b)
{
    size_t product;
    must(!__builtin_mul_overflow(a, b, &product));
    return product;
}

bool arena_has_room(const struct arena *a, size_t n)
{
    size_t left = a->cap_bytes - MIN(a->cap_bytes, a->used_bytes);
    return left > ARENA_SPARE && n <= left - ARENA_SPARE;
}

str arena_str(struct arena *a, str s)
{
    if (s.n == 0)
        return S_EMPTY;
    return str_of(memcpy(arena_alloc(a, s.n), s.p, s.n), s.n);
}

char *arena_cz(struct arena *a, str s)
{
    must(s.n < SIZE_MAX);
    char *cz = arena_alloc(a, s.n + 1);
    if (s.n > 0)
        memcpy(cz, s.p, s.n);
    cz[s.n] = '\0';
    return cz;
}

str arena_concat(struct arena *a, const str *parts, size_t n)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        must(!__builtin_add_overflow(total, parts[i].n, &total));
    char *text = arena_alloc(a, total);
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (parts[i].n > 0)
            memcpy(text + at, parts[i].p, parts[i].n);
        at += parts[i].n;
    }
    return str_of(text, total);
}

str arena_printf(struct arena *a, const char *fmt, ...)
{
    char text[PRINTF_TEXT];
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(text, sizeof(text), fmt, args);
    must(n >= 0);
    str out = str_of(text, (size_t)n);
    if (out.n < sizeof(text)) {
        out = arena_str(a, out);
    } else {
        char *room = arena_alloc(a, out.n + 1);
        vsnprintf(room, out.n + 1, fmt, again);
        out.p = room;
    }
    va_end(again);
    va_end(args);
    return out;
}

void arena_on_fini(struct arena *a, void (*fn)(void *obj), void *obj)
{
    struct arena_defer *defer = arena_alloc(a, sizeof(*defer));
    *defer = (struct arena_defer){.next = a->defers, .fn = fn, .obj = obj};
    a->defers = defer;
}
