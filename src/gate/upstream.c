/* Pools of idle upstream connections, one per pool_key and worker.
 *
 * The newest connection is borrowed first: it is the least likely to have been closed by the
 * provider, and the oldest ones die of their provider's idle timeout, which shrinks the pool by
 * itself. The pool keys are copied, because a pool outlives the snapshot whose endpoint made it. */
#include "gate/upstream.h"

#include "base/metrics.h"
#include "base/pool.h"
#include "gate/worker.h"
#include "rt/dial.h"

struct upstream_pool {
    struct list idle; /* newest first */
    unsigned n_idle;
    struct metric_cell *active_cell, *idle_cell; /* under the provider that was the first to ask */
    size_t block_size;
    struct arena arena; /* of this pool's key */
};

static struct metric_cell *connections_cell(const struct endpoint *ep, str state)
{
    return metric_cell(M_UPSTREAM_CONNECTIONS, (str[]){ep->provider->id, state});
}

static struct upstream_pool *pool_get(struct worker *w, const struct endpoint *ep)
{
    struct upstream_pool *p = table_get(&w->pools, ep->pool_key);
    if (p)
        return p;
    size_t size;
    p = pool_acquire(sizeof *p, &size);
    *p = (struct upstream_pool){.active_cell = connections_cell(ep, S("active")),
                                .idle_cell = connections_cell(ep, S("idle")),
                                .block_size = size};
    list_init(&p->idle);
    arena_init(&p->arena, 512, 1 << 16);
    (void)table_add(&w->pools, arena_str(&p->arena, ep->pool_key), p);
    return p;
}

static void upstream_free(struct upstream *u)
{
    atomic_fetch_sub_explicit(&worker_upstreams_total, 1, memory_order_relaxed);
    metric_cell_add(u->pool->active_cell, -1);
    net_conn_close(&u->conn);
    pool_release(u, u->block_size);
}

static void count_idle(struct upstream_pool *p, int change)
{
    p->n_idle += (unsigned)change;
    metric_cell_add(p->idle_cell, change);
    metric_cell_add(p->active_cell, -change);
}

static void leave_pool(struct upstream *u)
{
    list_remove(&u->link);
    count_idle(u->pool, -1);
    u->conn.on_idle = NULL;
}

/* Is a connection that should be silent silent? TLS may have sent something that is no data
 * (session tickets), and a read that took all there was does not know it: then one more read
 * tells. */
static bool is_quiet(struct upstream *u)
{
    char byte;
    if (net_conn_is_quiet(&u->conn))
        return true;
    return net_try_read(&u->conn, &byte, 1) == -E_AGAIN && net_conn_is_quiet(&u->conn);
}

/* Whatever happens on a connection that should be silent ends it. */
static void drop_idle(struct net_conn *conn)
{
    struct upstream *u = container_of(conn, struct upstream, conn);
    if (is_quiet(u))
        return;
    leave_pool(u);
    upstream_free(u);
}

struct upstream *upstream_borrow(struct worker *w, const struct endpoint *ep)
{
    struct upstream_pool *p = pool_get(w, ep);
    while (!list_is_empty(&p->idle)) {
        struct upstream *u = container_of(p->idle.next, struct upstream, link);
        leave_pool(u);
        if (is_quiet(u))
            return u;
        upstream_free(u);
    }
    return NULL;
}

/* Out of descriptors, or nearly: what is idle makes room for what is wanted. */
static void make_room(struct worker *w)
{
    unsigned open = atomic_load_explicit(&worker_clients_total, memory_order_relaxed) +
                    atomic_load_explicit(&worker_upstreams_total, memory_order_relaxed);
    if (open >= worker_descriptors())
        upstream_close_idle(w);
}

int upstream_dial(struct worker *w, const struct endpoint *ep, struct arena *a,
                  struct upstream **out, struct err *e)
{
    const struct timeouts *t = &ep->provider->timeouts;
    struct dial_options options = {
        .host = ep->host,
        .port = ep->port,
        .unix_path = ep->unix_path,
        .tls = ep->is_tls ? ep->provider->tls : NULL,
        .proxy = ep->proxy,
        .policy = DIAL_ANY,
        .dns_us = t->dns_us,
        .connect_us = t->connect_us,
        .tls_us = t->tls_us,
    };
    size_t size;
    struct upstream *u = pool_acquire(sizeof *u, &size);
    *u = (struct upstream){.conn.watch.fd = -1, .block_size = size};
    list_init(&u->link);
    make_room(w);
    int rc = dial(&u->conn, &options, a, e);
    if (rc < 0) {
        pool_release(u, size);
        return rc;
    }
    atomic_fetch_add_explicit(&worker_upstreams_total, 1, memory_order_relaxed);
    u->pool = pool_get(w, ep);
    metric_cell_add(u->pool->active_cell, 1);
    *out = u;
    return 0;
}

void upstream_return(struct upstream *u, bool is_reusable, unsigned max_idle)
{
    if (!is_reusable || u->pool->n_idle >= max_idle || worker_self->is_draining || !is_quiet(u)) {
        upstream_free(u);
        return;
    }
    u->is_reused = true;
    u->conn.on_idle = drop_idle;
    list_push_front(&u->pool->idle, &u->link);
    count_idle(u->pool, 1);
}

void upstream_close_idle(struct worker *w)
{
    size_t cursor = 0;
    for (const struct table_slot *slot = table_next(&w->pools, &cursor); slot;
         slot = table_next(&w->pools, &cursor)) {
        struct upstream_pool *p = slot->value;
        while (!list_is_empty(&p->idle)) {
            struct upstream *u = container_of(p->idle.next, struct upstream, link);
            leave_pool(u);
            upstream_free(u);
        }
    }
}

void upstream_fini(struct worker *w)
{
    upstream_close_idle(w);
    size_t cursor = 0;
    for (const struct table_slot *slot = table_next(&w->pools, &cursor); slot;
         slot = table_next(&w->pools, &cursor)) {
        struct upstream_pool *p = slot->value;
        arena_fini(&p->arena);
        pool_release(p, p->block_size);
    }
    table_fini(&w->pools);
}
