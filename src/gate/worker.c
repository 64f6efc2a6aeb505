/* The worker's own state: which snapshot it uses, and whose turn it is among endpoints and keys.
 *
 * A snapshot is adopted between two turns of the loop. Exchanges that began with the one before
 * keep it through their lease, which is counted in a plain integer since it never leaves the
 * thread; only the lease itself holds an atomic reference to the snapshot. */
#include "gate/worker.h"

#include <limits.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/pool.h"
#include "gate/client.h"
#include "gate/upstream.h"

_Thread_local struct worker *worker_self;
_Atomic unsigned worker_clients_total;
_Atomic unsigned worker_upstreams_total;
_Atomic unsigned worker_requests_total;

#define DESCRIPTOR_RESERVE 128
#define DECAY_US           5000000
#define DECAY_REST_BYTES   (1u << 20)

unsigned worker_descriptors(void)
{
    static _Atomic unsigned known; /* the limit is raised once, before any worker runs */
    unsigned n = atomic_load_explicit(&known, memory_order_relaxed);
    struct rlimit limit;
    if (n == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        rlim_t usable = MAX(limit.rlim_cur, (rlim_t)2 * DESCRIPTOR_RESERVE) - DESCRIPTOR_RESERVE;
        n = (unsigned)MIN(usable, (rlim_t)UINT_MAX);
        atomic_store_explicit(&known, n, memory_order_relaxed);
    }
    return n;
}

/* An idle process shall not wake for ever: the timer rests once little is kept. */
static void decay(struct loop_timer *t)
{
    pool_decay();
    if (pool_idle_bytes() > DECAY_REST_BYTES)
        loop_timer_set(t, clock_now_us() + DECAY_US);
}

void worker_decay_later(struct worker *w)
{
    if (!loop_timer_is_set(&w->decay))
        loop_timer_set(&w->decay, clock_now_us() + DECAY_US);
}

void worker_begin(struct worker *w, unsigned index)
{
    w->index = index;
    w->loop = loop_open();
    list_init(&w->clients);
    list_init(&w->listening);
    table_init(&w->pools);
    loop_timer_init(&w->decay, decay);
    worker_self = w;
}

static void lease_drop(struct worker *w, struct lease *l)
{
    must(l->users > 0);
    l->users--;
    if (l->users > 0)
        return;
    if (w->lease == l)
        w->lease = NULL;
    snapshot_release(l->snapshot);
    mem_free(l->endpoint_credit);
    mem_free(l->key_credit);
    mem_free(l);
}

void worker_end(struct worker *w)
{
    must(w->n_clients == 0);
    loop_timer_clear(&w->decay);
    upstream_fini(w);
    if (w->lease)
        lease_drop(w, w->lease);
    loop_close(w->loop);
    client_thread_end();
    pool_trim();
    w->loop = NULL;
    worker_self = NULL;
}

void worker_adopt(struct worker *w, struct snapshot *s)
{
    struct lease *l = mem_new(sizeof *l);
    l->snapshot = s;
    l->users = 1;
    l->endpoint_credit = mem_new((s->n_endpoints + 1) * sizeof(int));
    l->key_credit = mem_new((s->n_provider_keys + 1) * sizeof(int));
    struct lease *before = w->lease;
    w->lease = l;
    if (before)
        lease_drop(w, before);
}

struct lease *lease_acquire(struct worker *w)
{
    w->lease->users++;
    return w->lease;
}

void lease_release(struct worker *w, struct lease *l)
{
    lease_drop(w, l);
}

size_t wrr_next(int *credit, const unsigned *weights, size_t n)
{
    int sum = 0;
    size_t best = 0;
    for (size_t i = 0; i < n; i++) {
        credit[i] += (int)weights[i];
        sum += (int)weights[i];
        if (credit[i] > credit[best])
            best = i;
    }
    credit[best] -= sum;
    return best;
}
