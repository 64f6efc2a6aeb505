/* Hash table from str to pointer.
 *
 * Open addressing with linear probing: one array, and a miss mostly costs one cache line. At most
 * three quarters of the slots are taken, so a probe always meets a free one. Removal moves the
 * entries behind the gap back instead of leaving a tombstone, so a table that lives long does not
 * fill with dead slots. The hash is kept in the slot: growing does not touch the keys, and a probe
 * compares bytes only where all 64 bits agree.
 *
 * Slots come from the pool, whose blocks are exact for a power of two of 32-byte slots; `size`
 * therefore tells the block's size too. */
#include "base/table.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

#include "base/pool.h"

#define SLOTS_MIN (POOL_MIN / sizeof(struct table_slot))

_Static_assert(sizeof(struct table_slot) == 32, "a power of two, see above");

static uint64_t process_seed(void)
{
    /* Written once by whichever thread wins; the value alone is the message, hence relaxed. */
    static _Atomic uint64_t seed;
    uint64_t known = atomic_load_explicit(&seed, memory_order_relaxed);
    if (LIKELY(known != 0))
        return known;
    uint64_t fresh = 0;
    ssize_t got = getrandom(&fresh, sizeof(fresh), 0);
    must(got == sizeof(fresh));
    fresh |= 1; /* 0 means none */
    if (atomic_compare_exchange_strong_explicit(&seed, &known, fresh, memory_order_relaxed,
                                                memory_order_relaxed))
        return fresh;
    return known;
}

/* The slot that holds key, or the free one where it belongs. */
static struct table_slot *probe(const struct table *t, str key, uint64_t hash)
{
    size_t mask = t->size - 1;
    size_t at = hash & mask;
    while (t->slots[at].value && !(t->slots[at].hash == hash && str_eq(t->slots[at].key, key)))
        at = (at + 1) & mask;
    return &t->slots[at];
}

static struct table_slot *slots_new(size_t size)
{
    size_t bytes = 0;
    must(!__builtin_mul_overflow(size, sizeof(struct table_slot), &bytes));
    size_t got;
    struct table_slot *slots = pool_acquire(bytes, &got);
    must(got == bytes);
    return memset(slots, 0, bytes);
}

static void grow(struct table *t)
{
    struct table old = *t;
    t->size = old.size > 0 ? old.size * 2 : SLOTS_MIN;
    t->slots = slots_new(t->size);
    for (size_t i = 0; i < old.size; i++) {
        if (old.slots[i].value)
            *probe(t, old.slots[i].key, old.slots[i].hash) = old.slots[i];
    }
    table_fini(&old);
}

void table_init(struct table *t)
{
    *t = (struct table){.slots = NULL};
}

void table_fini(struct table *t)
{
    pool_release(t->slots, t->size * sizeof(struct table_slot));
    table_init(t);
}

void *table_get(const struct table *t, str key)
{
    if (t->n == 0)
        return NULL;
    return probe(t, key, str_hash(key, process_seed()))->value;
}

void *table_add(struct table *t, str key, void *value)
{
    must(value);
    uint64_t hash = str_hash(key, process_seed());
    struct table_slot *slot = t->size > 0 ? probe(t, key, hash) : NULL;
    if (slot && slot->value)
        return slot->value;
    if (!slot || (t->n + 1) * 4 > t->size * 3) {
        grow(t);
        slot = probe(t, key, hash);
    }
    *slot = (struct table_slot){.key = key, .value = value, .hash = hash};
    t->n++;
    return NULL;
}

/* Moves back each entry behind the gap that a probe from its home slot would no longer reach. */
static void close_gap(struct table *t, size_t gap)
{
    size_t mask = t->size - 1;
    for (size_t at = (gap + 1) & mask; t->slots[at].value; at = (at + 1) & mask) {
        size_t from_home = (at - t->slots[at].hash) & mask;
        size_t from_gap = (at - gap) & mask;
        if (from_home < from_gap)
            continue;
        t->slots[gap] = t->slots[at];
        gap = at;
    }
    t->slots[gap] = (struct table_slot){.value = NULL};
}

void *table_remove(struct table *t, str key)
{
    if (t->n == 0)
        return NULL;
    struct table_slot *slot = probe(t, key, str_hash(key, process_seed()));
    void *value = slot->value;
    if (!value)
        return NULL;
    close_gap(t, (size_t)(slot - t->slots));
    t->n--;
    return value;
}

const struct table_slot *table_next(const struct table *t, size_t *cursor)
{
    while (*cursor < t->size) {
        const struct table_slot *slot = &t->slots[(*cursor)++];
        if (slot->value)
            return slot;
    }
    return NULL;
}

str table_nearest(const struct table *t, str wanted)
{
    unsigned limit = 1 + (unsigned)MIN(wanted.n / 4, 4);
    unsigned best = limit + 1;
    str nearest = S_EMPTY;
    size_t cursor = 0;
    for (const struct table_slot *s = table_next(t, &cursor); s; s = table_next(t, &cursor)) {
        unsigned distance = str_distance(wanted, s->key, limit);
        /* Among equals the first in byte order: slots have no order a reader could expect. */
        bool is_better = distance < best;
        bool is_equal_and_first = distance == best && str_cmp(s->key, nearest) < 0;
        if (distance <= limit && (is_better || is_equal_and_first)) {
            best = distance;
            nearest = s->key;
        }
    }
    return nearest;
}
