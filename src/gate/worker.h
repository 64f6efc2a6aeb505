/* A worker: one thread, one loop, its client connections, its pools of upstream connections.
 *
 * Workers share nothing but the snapshot (immutable), counters that say so, and mail. The main
 * thread is a worker too: it listens on the admin address, so the data plane cannot starve it,
 * and controls the others (gate/control.h). */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/defs.h"
#include "base/list.h"
#include "base/table.h"
#include "gate/snapshot.h"
#include "rt/loop.h"
#include "rt/net.h"

/* A snapshot as one worker uses it: counted without atomics, with the turn-taking state that
 * goes with it. */
struct lease {
    struct snapshot *snapshot; /* one reference */
    unsigned users;            /* exchanges, plus one while current */
    int *endpoint_credit;      /* smooth weighted round-robin, by endpoint index */
    int *key_credit;           /* the same, by provider key index */
};

struct worker {
    struct loop *loop;
    unsigned index;
    pthread_t thread;
    struct lease *lease; /* current */
    struct list clients; /* struct client, connected */
    unsigned n_clients;
    struct table pools;                /* pool_key -> struct upstream_pool */
    struct list listening;             /* gate/listen.c */
    const struct path_table *paths[2]; /* by scope */
    struct loop_timer decay;           /* of idle memory */
    bool is_draining;
    int64_t drain_deadline_us;
    struct loop_timer drain_timer;
    void (*on_drained)(struct worker *w); /* the last client has gone */
};

extern _Thread_local struct worker *worker_self; /* set by worker_begin */

void worker_begin(struct worker *w,
                  unsigned index); /* on the worker's own thread: opens its loop */
void worker_end(struct worker *w);

/* Memory has been given back to the pool: sees to it that what stays unused leaves it, too. */
void worker_decay_later(struct worker *w);

/* Makes s (takes the reference) what new exchanges use. */
void worker_adopt(struct worker *w, struct snapshot *s);
struct lease *lease_acquire(struct worker *w);
void lease_release(struct worker *w, struct lease *l);

/* Smooth weighted round-robin over n candidates: raises each credit by its weight, takes the
 * highest and lowers it by the sum. Pure over `credit`. */
size_t wrr_next(int *credit, const unsigned *weights, size_t n);

/* Of the whole process, for the limits; written by all workers, read with relaxed order: they may
 * be a few behind. */
extern _Atomic unsigned worker_clients_total;   /* client connections */
extern _Atomic unsigned worker_upstreams_total; /* connections to providers, idle ones included */
extern _Atomic unsigned worker_requests_total;  /* requests in flight */

/* Descriptors the process may have open, less a reserve for files, loops and listeners. */
unsigned worker_descriptors(void);
