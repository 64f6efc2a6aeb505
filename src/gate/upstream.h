/* Connections to providers: per worker and endpoint, kept alive, newest first.
 *
 * A pooled connection is silent; anything that happens to it (the provider's FIN, stray bytes)
 * drops it from the loop before anyone borrows it. What slips through the race is answered by
 * one retry on a fresh connection. */
#pragma once

#include "base/defs.h"
#include "base/err.h"
#include "base/list.h"
#include "gate/snapshot.h"
#include "rt/net.h"

struct worker;
struct upstream_pool;

struct upstream {
    struct net_conn conn;
    struct list link; /* in its pool while idle */
    struct upstream_pool *pool;
    bool is_reused; /* has served a request before */
    size_t block_size;
};

/* An idle connection to the endpoint, or NULL. */
struct upstream *upstream_borrow(struct worker *w, const struct endpoint *ep);
/* Dials a new one. 0 or dial's error codes with `e` filled. */
NODISCARD int upstream_dial(struct worker *w, const struct endpoint *ep, struct arena *a,
                            struct upstream **out, struct err *e) MAY_YIELD;
/* Gives a connection back: kept if it is reusable and there is room, else closed. */
void upstream_return(struct upstream *u, bool is_reusable, unsigned max_idle);
/* Closes all idle connections, for a drain. */
void upstream_close_idle(struct worker *w);
/* The same, and frees the pools: at the end of the worker, when no connection is borrowed. */
void upstream_fini(struct worker *w);
