/* One block open at a time, for dialects whose streams can do no more (Anthropic, Gemini, Bedrock,
 * Cohere): a stage between decoder and encoder. The first open block streams on; events of blocks
 * begun meanwhile wait (bounded) until it stops. Blocks leave in their order of beginning, those of
 * all choices in one row; a FINISH leaves behind the blocks of its choice. USAGE, PING and NOTICE
 * pass at once, ERROR drops what waits, END closes what its decoder left open. Pure. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "llm/event.h"

struct serial {
    struct arena *a; /* of the stream: a little for every block that waits at the same time */
    struct sink to;
    bool is_open; /* a block streams */
    unsigned choice, block;
    struct serial_block *waiting, *last; /* in their order of beginning */
    struct serial_block *spare;
    size_t n_waiting;
    size_t room; /* bytes that may still wait; then -E_PROVIDER_TOO_LARGE */
};
void serial_init(struct serial *s, struct arena *a, const struct sink *to, size_t max_bytes);
void serial_fini(struct serial *s); /* gives back what waits; any time */
struct sink serial_sink(struct serial *s);
