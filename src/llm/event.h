/* Events: an answer on its way, in the intermediate form.
 *
 * A decoder turns what a provider sends into events, an encoder turns events into what a client
 * reads; between them stands nothing that knows either. One grammar holds for every stream:
 *
 *   START (BLOCK_START (DELTA | ANNOTATION | LOGPROBS)* BLOCK_STOP)* FINISH END
 *
 * with USAGE, PING and NOTICE anywhere behind START, and USAGE also behind FINISH. Blocks are
 * numbered from 0 without gaps, per choice, in the order of their BLOCK_START; a decoder may leave
 * several open at once (parallel tool calls), an encoder that cannot goes behind llm/serial.h.
 * FINISH comes once per choice. ERROR ends a stream at any place; then neither FINISH nor END
 * follow. END is sent only when the dialect's end mark has been seen: a stream that breaks off has
 * none, whoever it was.
 *
 * Everything an event points to is valid during the call that hands it over, no longer. Pure. */
#pragma once

#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "llm/chat.h"
#include "llm/usage.h"

enum event_kind {
    EV_START,
    EV_BLOCK_START,
    EV_DELTA,
    EV_ANNOTATION,
    EV_LOGPROBS,
    EV_BLOCK_STOP,
    EV_USAGE,
    EV_FINISH,
    EV_PING,
    EV_NOTICE,
    EV_ERROR,
    EV_END,
};

enum delta_kind {
    DELTA_TEXT,    /* of a text or refusal block, of a reasoning part */
    DELTA_PART,    /* reasoning: a new part begins; is_summary says of which kind; text empty */
    DELTA_ARGS,    /* a tool call's arguments: JSON text, or free text for TOOL_CUSTOM */
    DELTA_MEDIA,   /* base64 of a media block, cut anywhere */
    DELTA_CAPTION, /* transcript of an audio block */
};

enum finish {
    FINISH_UNSET,
    FINISH_STOP,
    FINISH_STOP_SEQUENCE,
    FINISH_LENGTH,
    FINISH_TOOL_CALLS,
    FINISH_CONTENT_FILTER,
    FINISH_REFUSAL,
    FINISH_PAUSE,
    FINISH_CONTEXT_WINDOW,
    FINISH_CONTINUATION,
    FINISH_MALFORMED_TOOL,
    FINISH_ERROR,
    FINISH_OTHER,
};

struct start {
    str id, model;
    int64_t created_s; /* -1: not said */
    str service_tier, system_fingerprint;
};

struct finishing {
    enum finish reason;
    str native;        /* as the provider wrote it */
    str stop_sequence; /* which one; empty: not said */
    str message;       /* why it was filtered, refused, malformed */
    const struct json *details;
};

/* An error of the provider or of the gateway, as a client of any dialect is told. */
enum failure_class {
    FAILURE_BAD_REQUEST,
    FAILURE_CONTEXT,       /* too long for the model */
    FAILURE_AUTH,          /* the client's own key */
    FAILURE_UPSTREAM_AUTH, /* the gateway's */
    FAILURE_BILLING,
    FAILURE_FORBIDDEN,
    FAILURE_NOT_FOUND,
    FAILURE_CONFLICT,
    FAILURE_TOO_LARGE,
    FAILURE_UNPROCESSABLE,
    FAILURE_FILTERED, /* content policy */
    FAILURE_RATE,
    FAILURE_QUOTA, /* like RATE, but trying again is of no use */
    FAILURE_OVERLOADED,
    FAILURE_TIMEOUT,
    FAILURE_SERVER,
};
struct failure {
    enum failure_class class;
    int status;       /* HTTP, as the provider gave it; 0: none (in a stream) */
    str message;      /* never empty */
    str type, code;   /* the provider's own words; may be empty */
    str param;        /* member at fault */
    int64_t retry_ms; /* when to try again; -1: not said */
    str gateway;      /* raw JSON of the gateway object that goes with it; empty: none */
    str request_id;
};
/* The class of a status alone, for bodies that say nothing. */
enum failure_class failure_class_of(int status);
/* The status a client gets for a class. */
int failure_status(enum failure_class class);

struct event {
    enum event_kind kind;
    unsigned choice;
    unsigned block; /* BLOCK_START, DELTA, ANNOTATION, LOGPROBS, BLOCK_STOP */
    union {
        struct start start;
        /* BLOCK_START: kind, names, ids, type and whatever came whole (raw of an opaque block,
         * seal); no text. BLOCK_STOP: NULL, or what only shows at the end: seal, item id,
         * status, and the whole text when the wire repeated it (ignored by folds). */
        const struct block *content;
        struct {
            enum delta_kind kind;
            bool is_summary;
            str text;
        } delta;
        const struct annotation *annotation;
        const struct json *logprobs; /* array of token objects, OpenAI's form */
        struct usage usage;          /* what is known so far; see usage_update */
        struct finishing finish;
        str notice; /* a warning for people: "thinking_dropped: messages.1.content.0" */
        struct failure failure;
    };
};

/* Where events go. `put` returns 0, or an error code that stops the decoder. */
struct sink {
    int (*put)(void *arg, const struct event *ev);
    void *arg;
};
static inline int sink_put(const struct sink *s, const struct event *ev)
{
    return s->put(s->arg, ev);
}

const char *finish_name(enum finish f); /* "tool_calls", for logs */
/* The rule of every encoder: a tool call makes a stop-like end tool_calls, and tool_calls without
 * a call is a stop; length and content_filter stay what they are. */
enum finish finish_settle(enum finish f, bool has_calls);
