/* What the files of the Anthropic dialect share (Messages API, version 2023-06-01).
 *
 *   dialect_anthropic.c           the codec, stop reasons, usage, errors
 *   dialect_anthropic_block.c     content blocks, read
 *   dialect_anthropic_read.c      requests, read
 *   dialect_anthropic_order.c     turns of any dialect put into the order this one demands
 *   dialect_anthropic_message.c   messages and content blocks, written
 *   dialect_anthropic_think.c     how much a model is to think, and what that forbids
 *   dialect_anthropic_foreign.c   requests of other dialects, written
 *   dialect_anthropic_write.c     requests, written
 *   dialect_anthropic_reply.c     whole answers, both ways
 *   dialect_anthropic_stream.c    streams, read
 *   dialect_anthropic_event.c     streams, written
 *
 * Pure. */
#pragma once

#include "llm/dialect.h"

/* ---- tables ---- */

enum finish anthropic_finish(str stop_reason);              /* FINISH_OTHER: a new one */
const char *anthropic_stop_reason(enum finish f);           /* "end_turn" */
const char *anthropic_error_type(enum failure_class class); /* "rate_limit_error" */

/* ---- usage ---- */

/* Takes over what the object says; `u` is updated as usage_update does. */
void anthropic_usage_read(const struct json *object, struct usage *u);
/* Members of a usage object, without the braces; unknown input and output are 0. */
void anthropic_usage_put(struct json_writer *w, const struct usage *u);

/* ---- blocks, read ---- */

/* How deep content may stand in content; what is deeper is kept unread. */
#define ANTHROPIC_DEPTH_MAX 3

/* The block that `v` is; a type that nobody here knows becomes opaque. With r->code set the block
 * is an answer's: signatures are the provider's own then, and fewer members are required. */
NODISCARD int anthropic_read_block(struct reading *r, const struct json *v, unsigned depth,
                                   struct block **out);
/* An array of them, appended to *out in its order. */
NODISCARD int anthropic_read_blocks(struct reading *r, const char *name, const struct json *v,
                                    unsigned depth, struct block **out);
NODISCARD int anthropic_read_cache(struct reading *r, const struct json *v, struct cache_mark *out,
                                   struct extras *verbatim);
/* Keeps a member that the intermediate form would lose; it wins when this dialect is written. */
void anthropic_keep(struct reading *r, struct extras *verbatim, const char *name,
                    const struct json *v);
/* One citation, as it stands in a text block or in a citations_delta; NULL: it is no object. */
struct annotation *anthropic_read_citation(struct arena *a, const struct json *v);

/* ---- requests ---- */

int anthropic_read_request(struct reading *r, const struct json *body, struct chat *out);
int anthropic_write_request(struct writing *w, const struct chat *c, struct buf *out);

/* A block on its way into a message. */
struct anthropic_item {
    const struct block *block; /* NULL: a text made here, or the result of a call that has none */
    str text;                  /* of a text block, as it is to be written; else empty */
    str id;                    /* of a call or a result */
    struct anthropic_item *next;
};
struct anthropic_message {
    enum role role; /* USER, ASSISTANT, SYSTEM */
    struct anthropic_item *items, *last_item;
    struct anthropic_message *next;
};
/* The messages that say what the turns of another dialect say, as this one wants them: see
 * dialect_anthropic_order.c. Refuses what cannot be said. */
NODISCARD int anthropic_order(struct writing *w, const struct chat *c,
                              struct anthropic_message **out);
/* Appends a text from the user to the end of the messages. */
void anthropic_order_hint(struct arena *a, struct anthropic_message *messages, str text);
bool anthropic_is_blank(str text); /* only white space, or nothing */

/* What becomes of the client's wishes for thinking at this model, decided before anything is
 * written because the rest hangs on it. */
struct anthropic_thinking {
    enum thinking mode; /* UNSET: not written */
    int64_t budget;     /* THINKING_ON */
    enum effort effort; /* of output_config; UNSET: not written */
    str max_tokens;     /* room for the answer and the thinking */
    bool drops_stale;   /* block_binding */
};
struct anthropic_thinking anthropic_think(struct writing *w, const struct chat *c,
                                          const struct anthropic_message *messages);
static inline bool anthropic_thinks(const struct anthropic_thinking *t)
{
    return t->mode == THINKING_ON || t->mode == THINKING_ADAPTIVE;
}

/* What a request being written needs everywhere. */
struct anthropic_request {
    struct writing *w;
    const struct chat *chat;
    struct json_writer json;
    bool is_own;          /* the client speaks this dialect: everything as it said it */
    bool is_thoughtless;  /* the client wanted thoughts, and must do without */
    unsigned cache_marks; /* written so far */
};
void anthropic_put_messages(struct anthropic_request *q, const struct anthropic_message *messages);
void anthropic_put_turns(struct anthropic_request *q); /* as they came: is_own */
/* Do Anthropic's models, wherever they run, name a call so? Only their ids begin like that. */
static inline bool anthropic_is_call_id(str id)
{
    return str_has_prefix(id, S("toolu_")) || str_has_prefix(id, S("srvtoolu_"));
}
/* Is a tool loop going on whose last calls are another provider's, with no thought that Anthropic
 * would know again ahead of them? Then a request that thinks by budget is refused. */
bool anthropic_lacks_thought(struct anthropic_request *q);
void anthropic_put_system_block(struct anthropic_request *q, const struct block *b);
void anthropic_put_cache(struct anthropic_request *q, const struct cache_mark *mark,
                         const struct extras *verbatim);

/* The members that nobody here reads, and those kept verbatim, of a block of this dialect. */
void anthropic_put_rest(struct json_writer *w, const struct block *b);
/* Extras of this dialect, but none of the n members `written` already. */
void anthropic_put_extras(struct json_writer *w, const struct extras *e, const char *const *written,
                          size_t n);
void anthropic_put_number(struct anthropic_request *q, const char *key, str text);
void anthropic_put_stop(struct anthropic_request *q, const str *stop, size_t n);
void anthropic_put_choice(struct anthropic_request *q, const struct tool_choice *choice);
const char *anthropic_thinking_type(enum thinking mode); /* NULL: UNSET */
bool anthropic_is_bedrock(const struct writing *w);      /* by the envelope */
/* Everything but the head of a request that came in another dialect. */
NODISCARD int anthropic_put_foreign(struct anthropic_request *q);

/* ---- answers ---- */

/* The tool that stands for a wanted JSON schema where a model has no other way to be bound to one;
 * a call of it is read as text. No client's tool may have the name. */
#define ANTHROPIC_JSON_TOOL "throwbar_json"

int anthropic_read_reply(struct reading *r, const struct json *body, struct reply *out);
int anthropic_write_reply(struct writing *w, const struct reply *reply, struct buf *out);
int anthropic_read_message(struct decoder *d, const struct message *m);
int anthropic_write_event(struct encoder *e, const struct event *ev);

/* The proof as a client of this dialect gets it: raw if it is Anthropic's, else wrapped; S_EMPTY:
 * none. */
str anthropic_seal_text(struct arena *a, const struct seal *s);
/* How an answer's end is called; `has_calls`: of the client's tools. */
str anthropic_stop_name(const struct writing *w, const struct finishing *f, bool has_calls);
/* stop_details, when there is something to say. */
void anthropic_put_refusal(struct json_writer *w, const struct finishing *f);
/* Is this the tool that stands for a schema? */
bool anthropic_is_json_tool(const struct block *b);
/* The end of an answer in which a schema's tool was called and `has_calls` others were. */
enum finish anthropic_finish_settle(enum finish f, bool has_json, bool has_calls);
/* A wish for a stop sequence, a refusal: what the members of a message or a message_delta say. */
void anthropic_read_finish(const struct json *from, struct finishing *f);
/* What the provider changed in the request, "thinking_dropped: messages.1.content.0"; S_EMPTY:
 * nothing. */
str anthropic_read_changes(struct arena *a, const struct json *from);
