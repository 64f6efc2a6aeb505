/* Listening sockets: opened on the main thread, accepted on by the workers.
 *
 * Each TCP address has one socket per worker with SO_REUSEPORT, so the kernel spreads
 * connections; a unix socket is shared. The admin address has one socket, for the control
 * worker. A reload opens what is new before anything changes and closes what is gone after the
 * last worker has let go of it. */
#pragma once

#include "base/buf.h"
#include "base/defs.h"
#include "gate/snapshot.h"
#include "gate/worker.h"

#define LISTEN_CONTROL 1000u /* index of the control worker */

struct listen_socket;

struct listen_sockets {
    struct listen_socket *first;
};

/* Opens every address of s that is not open yet, all or none. 0 or -E_SYSTEM with the reason in
 * `report`. */
NODISCARD int listen_sockets_open(struct listen_sockets *set, const struct snapshot *s,
                                  unsigned workers, struct buf *report);
/* Closes the sockets whose address is not in s. */
void listen_sockets_close_unused(struct listen_sockets *set, const struct snapshot *s);
void listen_sockets_close(struct listen_sockets *set);
/* One "listening" event per address, with the port the system chose. */
void listen_sockets_log(const struct listen_sockets *set);

/* What one worker shall accept on: made by control, carried out by the worker. */
struct listen_order;
OWNED struct listen_order *listen_order_new(const struct listen_sockets *set,
                                            const struct snapshot *s, unsigned worker);
/* On the worker's thread: stops what is not in the order, starts what is new; frees the order. */
void listen_apply(struct worker *w, struct listen_order *order);
void listen_close_all(struct worker *w);
