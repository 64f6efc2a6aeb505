/* The tap on a streamed reply of the OpenAI dialect: looks at whole events as they pass, without
 * delaying them.
 *
 * It notes usage, notices the end marker and errors, and takes out again what the gateway had
 * asked for on its own (usage chunks the client did not want). It changes nothing else. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "llm/operation.h"
#include "llm/usage.h"

struct stream_tap {
    const struct operation *op;
    bool strips_usage; /* the client did not ask for usage: take it out */
    bool may_end;      /* the end may follow without the mark (Perplexity's last chunk) */
    bool has_ended;    /* the dialect's end marker has passed */
    bool has_error;    /* the provider has sent an error event */
    uint64_t events;   /* with data, of those it has looked at */
    struct usage usage;
    str response_id; /* Responses: the id, once seen; in the arena given to stream_tap_event */
};

enum stream_verdict {
    STREAM_KEEP,
    STREAM_DROP,
    STREAM_EDIT, /* pass *edited on instead */
};

void stream_tap_init(struct stream_tap *t, const struct operation *op, bool strips_usage);
/* One whole event with its blank line. `keep` holds what outlives the call, `scratch` what does
 * not. */
enum stream_verdict stream_tap_event(struct stream_tap *t, struct arena *scratch, str event,
                                     str *edited);
/* True if none of these whole events can tell the tap anything or need a change: then they may
 * pass as they are, unseen. A few searches for all of them instead of a look at each. */
bool stream_tap_skips(const struct stream_tap *t, str events);
/* True if the stream may end here: the marker has passed, or the operation has none. */
bool stream_tap_is_complete(const struct stream_tap *t);

/* An error the provider sent as its first event: its data object, for a status instead of a
 * stream. S_EMPTY when `event` is no error. */
str stream_error_data(struct arena *scratch, str event);

/* The dialect's own error event, for a stream that cannot go on. `error` is the error object as
 * raw JSON. */
void stream_put_error(struct buf *out, const struct operation *op, const struct err *e, str error);
