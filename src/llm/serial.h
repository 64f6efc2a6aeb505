/* One block open at a time, for dialects whose streams can do no more (Anthropic, Gemini, Bedrock,
 * Cohere): a stage between decoder and encoder. The first open block streams on; events of blocks
 * begun meanwhile wait (bounded) until it stops. Blocks leave in their order of beginning. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "llm/event.h"

struct serial {
    struct arena *a; /* of the stream: queued events are copied into pooled bufs, freed when sent */
    struct sink to;
    struct serial_block *waiting;
    size_t held_bytes, max_bytes;
    void *state;
};
void serial_init(struct serial *s, struct arena *a, const struct sink *to, size_t max_bytes);
void serial_fini(struct serial *s);
struct sink serial_sink(struct serial *s);
