/* A hierarchical timer wheel that needs no special cases.
 *
 * Time is a number of 1 ms ticks, read as digits to the base 64. A timer is filed by the highest
 * digit in which its tick differs from the wheel's own: that digit's place is the level, its value
 * the slot. So a timer of the current 64 ms lies on level 0 in the slot of its very tick, and one
 * further away lies coarser. Two properties follow, and everything rests on them:
 *
 *   - On each level every filled slot is ahead of the wheel's own digit: nothing ever wraps round,
 *     and the lowest set bit of the level's bitmap is its earliest slot.
 *   - A timer on a lower level is due before any on a higher one: the earliest slot of the whole
 *     wheel is the lowest bit of the lowest level that has one.
 *
 * Expiring therefore hops from filled slot to filled slot, however much time has passed. A slot's
 * timers are due (all of level 0) or have reached the point where a finer digit tells them apart,
 * and are filed again. A timer is moved at most once a level in its life, and the usual one,
 * cleared or moved before it fires, never. Nine levels cover every time an int64_t of microseconds
 * can name, so there is no horizon either. */
#include "rt/wheel.h"

#define US_PER_TICK 1000

static uint64_t tick_ceil(int64_t us)
{
    return us <= 0 ? 0 : ((uint64_t)us + US_PER_TICK - 1) / US_PER_TICK;
}

static unsigned level_of(uint64_t tick, uint64_t now)
{
    unsigned highest_bit = 63u - (unsigned)__builtin_clzll((tick ^ now) | 1u);
    return highest_bit / WHEEL_BITS;
}

static unsigned digit(uint64_t tick, unsigned level)
{
    return (unsigned)(tick >> (level * WHEEL_BITS)) & (WHEEL_SLOTS - 1);
}

static void file(struct wheel *w, struct loop_timer *t)
{
    uint64_t tick = MAX(tick_ceil(t->at_us), w->tick + 1);
    unsigned level = level_of(tick, w->tick);
    unsigned slot = digit(tick, level);
    list_push_back(&w->slots[level][slot], &t->link);
    w->filled[level] |= (uint64_t)1 << slot;
}

/* The earliest filled slot and the tick at which it begins. False: the wheel is empty. */
static bool earliest(const struct wheel *w, unsigned *level, unsigned *slot, uint64_t *begin)
{
    for (unsigned l = 0; l < WHEEL_LEVELS; l++) {
        if (w->filled[l] == 0)
            continue;
        *level = l;
        *slot = (unsigned)__builtin_ctzll(w->filled[l]);
        uint64_t coarser = w->tick >> ((l + 1) * WHEEL_BITS) << ((l + 1) * WHEEL_BITS);
        *begin = coarser | (uint64_t)*slot << (l * WHEEL_BITS);
        return true;
    }
    return false;
}

static void fire(struct wheel *w)
{
    while (!list_is_empty(&w->expired)) {
        struct list *item = list_pop_front(&w->expired);
        struct loop_timer *t = container_of(item, struct loop_timer, link);
        t->fn(t);
    }
}

void wheel_init(struct wheel *w, int64_t now_us)
{
    w->tick = now_us <= 0 ? 0 : (uint64_t)now_us / US_PER_TICK;
    list_init(&w->expired);
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        w->filled[level] = 0;
        for (unsigned slot = 0; slot < WHEEL_SLOTS; slot++)
            list_init(&w->slots[level][slot]);
    }
}

void wheel_set(struct wheel *w, struct loop_timer *t, int64_t at_us)
{
    t->at_us = at_us;
    file(w, t);
}

void wheel_clear(struct wheel *w, struct loop_timer *t)
{
    struct list *head = t->link.next; /* the slot's own node, if t is alone in it */
    bool was_alone = head == t->link.prev;
    list_remove(&t->link);
    if (!was_alone || head == &w->expired)
        return;
    size_t index = (size_t)(head - &w->slots[0][0]);
    w->filled[index / WHEEL_SLOTS] &= ~((uint64_t)1 << index % WHEEL_SLOTS);
}

void wheel_expire(struct wheel *w, int64_t now_us)
{
    uint64_t now = now_us <= 0 ? 0 : (uint64_t)now_us / US_PER_TICK;
    unsigned level, slot;
    uint64_t begin;
    while (earliest(w, &level, &slot, &begin) && begin <= now) {
        struct list *head = &w->slots[level][slot];
        w->tick = begin;
        w->filled[level] &= ~((uint64_t)1 << slot);
        while (!list_is_empty(head)) {
            struct list *item = list_pop_front(head);
            struct loop_timer *t = container_of(item, struct loop_timer, link);
            if (tick_ceil(t->at_us) <= begin)
                list_push_back(&w->expired, item);
            else
                file(w, t); /* on a lower level: never into this slot again */
        }
        fire(w);
    }
    w->tick = MAX(w->tick, now);
}

int64_t wheel_next_us(const struct wheel *w)
{
    unsigned level, slot;
    uint64_t begin;
    if (!earliest(w, &level, &slot, &begin))
        return INT64_MAX;
    return begin > INT64_MAX / US_PER_TICK ? INT64_MAX : (int64_t)begin * US_PER_TICK;
}
