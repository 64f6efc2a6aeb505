/* A whole answer in the intermediate form: the fold of its events.
 *
 * A provider's whole JSON is read into one, a stream is folded into one, and one can be played as
 * events again: so a client that streams may be served by a provider that does not, and the other
 * way round. Lives in the arena given. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "llm/chat.h"
#include "llm/event.h"
#include "llm/usage.h"

struct reply_choice {
    unsigned index;
    struct block *blocks;
    struct finishing finish;
    const struct json *logprobs;
    str item_id, phase;           /* of the message */
    struct extras extras;         /* of the choice */
    struct extras message_extras; /* of its message */
    struct extras verbatim;       /* see llm/chat.h */
    struct reply_choice *next;
};

struct reply {
    struct start start;
    struct reply_choice *choices, *last_choice; /* in the order of their index */
    struct usage usage;
    const struct json *usage_raw; /* as it came: for its own dialect */
    struct extras extras;         /* of the whole; its origin is the provider's dialect */
    struct extras verbatim;
};

void reply_init(struct reply *r); /* empty: nothing known; before read_reply */
/* The choice with this index, made in its place when it is new. */
struct reply_choice *reply_choice_at(struct arena *a, struct reply *r, unsigned index);

/* Folding: put every event of a stream into fold_sink, then fold_end. Blocks may be open side by
 * side, and events of blocks that nobody opened are ignored. */
struct fold {
    struct arena *a;
    struct reply *reply;
    struct fold_block *open; /* of all choices */
    struct fold_block *spare;
    size_t n_open;
    struct failure *failure; /* an ERROR event came; else NULL */
    bool has_ended;          /* END came */
    size_t room;             /* bytes that may still be kept; then -E_PROVIDER_TOO_LARGE */
};
void fold_init(struct fold *f, struct arena *a, struct reply *out, size_t max_bytes);
struct sink fold_sink(struct fold *f);
/* Makes the texts whole. 0, -E_PROVIDER_STREAM when the stream ended in f->failure,
 * -E_PROVIDER_TRUNCATED when it has not ended. A fold given up halfway needs nothing: what it holds
 * goes with the arena. */
NODISCARD int fold_end(struct fold *f);

/* Plays a whole answer as events: START ... END. Texts go out as one delta each. */
NODISCARD int reply_play(const struct reply *r, const struct sink *to);
