/* Intrusive doubly linked list with a sentinel head. An element is in at most one list per node
 * member. */
#pragma once

#include "base/defs.h"

struct list {
    struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}
static inline bool list_is_empty(const struct list *l)
{
    return l->next == l;
}
static inline void list_insert(struct list *before,
                               struct list *item) /* item goes in front of `before` */
{
    item->next = before;
    item->prev = before->prev;
    before->prev->next = item;
    before->prev = item;
}
static inline void list_push_back(struct list *l, struct list *item)
{
    list_insert(l, item);
}
static inline void list_push_front(struct list *l, struct list *item)
{
    list_insert(l->next, item);
}
static inline void list_remove(struct list *item) /* safe to call twice */
{
    item->prev->next = item->next;
    item->next->prev = item->prev;
    item->next = item->prev = item;
}
/* The first element's node, removed; NULL when empty. */
static inline struct list *list_pop_front(struct list *l)
{
    if (list_is_empty(l))
        return NULL;
    struct list *first = l->next;
    list_remove(first);
    return first;
}

#define list_each(pos, head) for (struct list *pos = (head)->next; pos != (head); pos = pos->next)
#define list_each_safe(pos, tmp, head)                                                             \
    for (struct list *pos = (head)->next, *tmp = pos->next; pos != (head);                         \
         pos = tmp, tmp = pos->next)
