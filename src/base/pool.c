/* Recycled blocks: one stack of free blocks per power of two and thread.
 *
 * Class 0 holds blocks of 512 bytes, each next class twice as much, the last 64 MiB; larger blocks
 * are mapped and unmapped every time. A free block carries the link to the next one in its first
 * bytes. So acquire and release are a pop and a push on a list of the thread, with no lock, and the
 * block most recently used, which is the one still in the cache, goes out first.
 *
 * What a burst has left behind goes back bit by bit: pool_decay frees the blocks of each class that
 * lay idle through the whole time since it was last called, and no others, so steady work never
 * meets the system again.
 *
 * What is kept is bounded twice: KEEP_BYTES over all classes of a thread, and CLASS_KEEP_BYTES (or
 * one block) of one class, so that a burst of one size does not keep the others out. The bound of a
 * thread starts at 0 and is set by its first release; this puts the look at POOL_DISABLE on the
 * slow path and keeps the fast one at one comparison.
 *
 * Small blocks come from malloc, blocks from MAPPED_MIN on from mmap: fresh mapped pages cost
 * nothing until they are written, and unmapping returns them at once.
 *
 * Under ASan the pool is always disabled: malloc then gives each block red zones, keeps freed ones
 * poisoned in quarantine instead of handing them out again, and shows pointers inside blocks to the
 * leak checker. */
#include "base/pool.h"

#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/asan.h"

#define MIN_SHIFT        9u  /* of class 0 */
#define CLASSES          18u /* 512 B to 64 MiB */
#define MAPPED_MIN       ((size_t)64 << 10)
#define KEEP_BYTES       ((size_t)128 << 20)
#define CLASS_KEEP_BYTES ((size_t)64 << 20)
#define PAGE             ((size_t)4096) /* the unit in which larger blocks are measured */

_Static_assert(POOL_MIN == 1u << MIN_SHIFT, "class 0 is POOL_MIN");
_Static_assert(alignof(max_align_t) >= 16, "malloc aligns to 16");

struct idle {
    struct idle *next;
};

static _Thread_local struct {
    struct idle *idle[CLASSES];
    size_t count[CLASSES];
    size_t low[CLASSES]; /* smallest count since the last pool_decay */
    size_t idle_bytes;
    size_t keep_bytes; /* 0 until the first release */
} kept;

/* The smallest class whose blocks hold n bytes; CLASSES or more: none. */
static inline unsigned class_of(size_t n)
{
    size_t top = (n > 0 ? n - 1 : 0) | (POOL_MIN - 1);
    return 64u - (unsigned)__builtin_clzl(top) - MIN_SHIFT;
}

static inline size_t class_bytes(unsigned c)
{
    return (size_t)1 << (MIN_SHIFT + c);
}

static inline size_t class_keep(unsigned c)
{
    return MAX(CLASS_KEEP_BYTES >> (MIN_SHIFT + c), 1);
}

static bool is_disabled(void)
{
    /* Written by whichever thread asks first, always with the same value; nothing is published
     * through it, hence relaxed. 0: not asked yet, 1: no, 2: yes. */
    static _Atomic int answer;
    int known = atomic_load_explicit(&answer, memory_order_relaxed);
    if (known == 0) {
        const char *value = getenv("POOL_DISABLE");
        known = ASAN || (value && value[0] == '1') ? 2 : 1;
        atomic_store_explicit(&answer, known, memory_order_relaxed);
    }
    return known == 2;
}

static bool is_mapped(size_t size)
{
    return size >= MAPPED_MIN && !is_disabled();
}

COLD static void *system_acquire(size_t size)
{
    must(size >= POOL_MIN);
    if (!is_mapped(size)) {
        void *p = malloc(size);
        if (!p)
            out_of_memory(size);
        return p;
    }
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        out_of_memory(size);
    return p;
}

static void system_release(void *p, size_t size)
{
    if (!is_mapped(size)) {
        free(p);
        return;
    }
    int rc = munmap(p, size);
    must(rc == 0);
}

COLD static void *acquire_large(size_t need, size_t *size)
{
    if (need > SIZE_MAX - PAGE)
        out_of_memory(need);
    *size = (need + PAGE - 1) & ~(PAGE - 1);
    return system_acquire(*size);
}

void *pool_acquire(size_t need, size_t *size)
{
    unsigned c = class_of(need);
    if (UNLIKELY(c >= CLASSES))
        return acquire_large(need, size);
    *size = class_bytes(c);
    struct idle *block = kept.idle[c];
    if (UNLIKELY(!block))
        return system_acquire(*size);
    kept.idle[c] = block->next;
    kept.count[c]--;
    kept.low[c] = MIN(kept.low[c], kept.count[c]);
    kept.idle_bytes -= *size;
    return block;
}

COLD static void release_slow(void *p, size_t size)
{
    if (kept.keep_bytes == 0 && !is_disabled()) {
        kept.keep_bytes = KEEP_BYTES;
        pool_release(p, size);
        return;
    }
    system_release(p, size);
}

void pool_release(void *p, size_t size)
{
    if (!p)
        return;
    unsigned c = class_of(size);
    if (UNLIKELY(kept.idle_bytes + size > kept.keep_bytes || c >= CLASSES ||
                 kept.count[c] >= class_keep(c))) {
        release_slow(p, size);
        return;
    }
    must(size == class_bytes(c));
    struct idle *block = p;
    block->next = kept.idle[c];
    kept.idle[c] = block;
    kept.count[c]++;
    kept.idle_bytes += size;
}

static void shrink(unsigned c, size_t n)
{
    for (; n > 0; n--) {
        struct idle *block = kept.idle[c];
        kept.idle[c] = block->next;
        kept.count[c]--;
        kept.idle_bytes -= class_bytes(c);
        system_release(block, class_bytes(c));
    }
    kept.low[c] = kept.count[c];
}

void pool_decay(void)
{
    for (unsigned c = 0; c < CLASSES; c++)
        shrink(c, kept.low[c]);
}

void pool_trim(void)
{
    for (unsigned c = 0; c < CLASSES; c++)
        shrink(c, kept.count[c]);
}

size_t pool_idle_bytes(void)
{
    return kept.idle_bytes;
}
