/* A dialect: how one API writes requests, answers, streams and errors.
 *
 * One file per dialect (dialect_<name>.c) and one line in dialect.def. A dialect serves both
 * sides: clients that speak it and providers that do. All of it is pure: bytes and values in,
 * bytes and values out.
 *
 * Order of calls. For a request: read_request of the client's dialect, write_request of the
 * provider's. For a streamed answer: read_message per message, then once with NULL; each event goes
 * to decoder.sink, usually an encoder's write_event. For a whole one: read_reply and write_reply.
 * When something is refused: read_error and write_error. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "llm/capability.h"
#include "llm/chat.h"
#include "llm/dialect_id.h"
#include "llm/event.h"
#include "llm/loss.h"
#include "llm/members.h"
#include "llm/reply.h"
#include "llm/tool_name.h"
#include "wire/frames.h"
#include "wire/json.h"

/* Whom a request or an answer is written for. */
struct writing {
    struct arena *a; /* for what has to be made on the way; lives as long as the output is used */
    struct err *err;
    struct losses *loss;
    str model;                    /* as the reader of the output names it */
    const struct capability *can; /* of the provider's model; request only */
    str provider;                 /* id: whose seals may be given back; request only */
    /* Request only: an Anthropic body for Vertex ("vertex-2023-10-16") or Bedrock's InvokeModel
     * ("bedrock-2023-05-31"). It is written as anthropic_version; model, and for Bedrock stream,
     * are in the path then. A Gemini body, or an instance, for Vertex: "vertex". Empty: the plain
     * dialect. */
    str envelope;
    const struct custom *custom; /* request only: of a provider that is described by templates */
    /* Filled by the writer of an Anthropic request: betas that its body needs in the header
     * anthropic-beta, a comma list. */
    str betas;
    /* Answers only, from the client's request: */
    const struct chat *asked; /* settings to echo, names to restore; BORROWED; may be NULL */
    enum seal_family family;  /* who makes the seals of this answer */
    str id_seed;              /* ULID of the exchange, for ids the provider did not give */
    int64_t now_s;
    bool as_array; /* Gemini: a client that streams without alt=sse gets one JSON array */
};

struct decoder {
    struct arena *a;       /* lives as long as the stream: small */
    struct arena *scratch; /* emptied between calls */
    struct err *err;       /* why read_message failed */
    struct sink sink;
    const struct custom *custom; /* of a provider that is described by templates; else NULL */
    void *state;                 /* the dialect's own; made at its first message */
    bool has_ended;              /* the end mark has passed: what follows is not looked at */
};

struct encoder {
    struct arena *a;
    struct arena *scratch;
    struct buf *out;
    struct writing w;
    bool has_elements; /* of the array that w.as_array asks for */
    void *state;
};

struct codec {
    /* The client's body as a chat. `r->origin` is set; model and stream of dialects that have them
     * in the path are in `out` already. */
    int (*read_request)(struct reading *r, const struct json *body, struct chat *out);
    int (*write_request)(struct writing *w, const struct chat *c, struct buf *out);
    /* One framed message, NULL at the end of the bytes. Events go to d->sink. Fails with
     * -E_PROVIDER_BODY (malformed, message says what), -E_PROVIDER_TRUNCATED (NULL came before
     * the end mark), or whatever the sink returned. An error the provider sent is an ERROR
     * event, not a failure. */
    int (*read_message)(struct decoder *d, const struct message *m);
    int (*read_reply)(struct reading *r, const struct json *body, struct reply *out);
    /* Appends what the client gets for this event, framed; nothing is fine. */
    int (*write_event)(struct encoder *e, const struct event *ev);
    int (*write_reply)(struct writing *w, const struct reply *r, struct buf *out);
    /* `body` may be NULL (no JSON); `hint` is a header that names the kind (x-amzn-errortype). Only
     * fills what the body says; class from the status is there already. */
    void (*read_error)(struct arena *a, const struct json *body, str hint, struct failure *f);
    void (*write_error)(const struct failure *f, struct buf *out);
};

struct dialect {
    enum dialect_id id;
    str name;
    const struct codec *codec;
    enum framing framing;                          /* of its streams */
    bool is_serial;                                /* its encoder takes one open block at a time */
    const struct name_rule *names;                 /* of tools */
    enum { URLS_NONE, URLS_HTTPS, URLS_ANY } urls; /* of pictures it fetches itself */
};

const struct dialect *dialect_get(enum dialect_id id); /* not NONE */

#define DIALECT(ident, name, object, framing, blocks, names, urls) extern const struct codec object;
#include "llm/dialect.def"
#undef DIALECT

/* ---- what every dialect needs ---- */

/* Parses one message's data. -E_PROVIDER_BODY with a message when it is no JSON object. */
NODISCARD int decoder_json(struct decoder *d, str data, const struct json **out);
/* One more element of the array that w.as_array asks for, and its end. */
void encoder_put_element(struct encoder *e, str element);
void encoder_end_array(struct encoder *e);
/* A fresh id: prefix and 24 or more hexadecimal digits, the same for the same seed and number, so
 * that a stream cut elsewhere has the same ids. */
str make_id(struct arena *a, const char *prefix, str seed, unsigned number);
/* -E_BAD_REQUEST: this field cannot be carried to that dialect at all. */
int writing_refuse(struct writing *w, const char *field, const char *fmt, ...) PRINTF_LIKE(3, 4);
