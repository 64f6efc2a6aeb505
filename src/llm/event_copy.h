/* Copies of events, for whoever keeps one longer than the call that brought it: folds
 * (llm/reply.h) and queues (llm/serial.h). Pure. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "llm/event.h"

/* Copies an event with everything it points to into `a`, and takes the bytes it cost out of *room.
 * -E_PROVIDER_TOO_LARGE when it costs more than there is; then `out` is not to be used. */
NODISCARD int event_copy(struct arena *a, size_t *room, const struct event *ev, struct event *out);
