/* What the files of OpenAI's chat completions share, with the dialects made of them: legacy
 * completions and OpenRouter.
 *
 *   dialect_chat.c           the codec, finish reasons, errors
 *   dialect_chat_read.c      requests, read: settings
 *   dialect_chat_turns.c     messages, read: of requests, and the calls and thoughts of answers
 *   dialect_chat_parts.c     content of messages, read
 *   dialect_chat_tools.c     tools and tool choice, both ways
 *   dialect_chat_write.c     requests, written: settings
 *   dialect_chat_history.c   messages, written
 *   dialect_chat_content.c   content of messages, written
 *   dialect_chat_reply.c     whole answers, read
 *   dialect_chat_answer.c    whole answers, written
 *   dialect_chat_stream.c    streams, read: chunks and choices
 *   dialect_chat_delta.c     streams, read: thoughts, text, media
 *   dialect_chat_piece.c     streams, read: pieces of calls
 *   dialect_chat_halves.c    streams, read: characters that come in two chunks
 *   dialect_chat_event.c     streams, written: what follows from an event
 *   dialect_chat_chunk.c     streams, written: chunks
 *
 * Functions that write take the dialect they write for: OpenRouter's body is chat's with members of
 * its own. A client that speaks the same dialect gets its members back as they came (`verbatim` in
 * llm/chat.h): what its provider makes of them is between the two. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"
#include "llm/chat.h"
#include "llm/dialect.h"
#include "llm/event.h"
#include "llm/members.h"
#include "llm/reply.h"
#include "llm/usage.h"
#include "wire/json.h"

/* ---- words ---- */

enum finish dialect_chat_finish(str reason);           /* FINISH_OTHER: a new one; "": UNSET */
const char *dialect_chat_finish_name(enum finish f);   /* of OpenAI's own four */
enum seal_family dialect_chat_format_family(str name); /* "anthropic-claude-v1", of a thought */

/* ---- requests, read ---- */

NODISCARD int dialect_chat_read_request(struct reading *r, const struct json *body,
                                        struct chat *out);
/* The settings alone; with out->is_text set logprobs is left to the caller. */
NODISCARD int dialect_chat_read_settings(struct reading *r, const struct json *body,
                                         struct chat *out);
NODISCARD int dialect_chat_read_messages(struct reading *r, const struct json *v, struct chat *out);
NODISCARD int dialect_chat_read_tools(struct reading *r, const struct json *const *v,
                                      struct chat *out);
/* Keeps a member that the intermediate form would lose. */
void dialect_chat_keep(struct reading *r, struct extras *e, const char *key, const struct json *v);

/* Keeps every member of the object: it is written back whole. */
void dialect_chat_keep_all(struct reading *r, struct extras *e, const struct json *object);
NODISCARD int dialect_chat_read_text(struct reading *r, const char *name, const struct json *v,
                                     str *out); /* a string that must be there */

/* ---- parts of messages, read; of answers too ---- */

/* A content part of any kind; what nobody here knows becomes opaque. */
NODISCARD int dialect_chat_read_part(struct reading *r, const struct json *v, struct block **out);
/* A string or an array of parts, appended to *list. */
NODISCARD int dialect_chat_read_content(struct reading *r, const struct json *v,
                                        struct block **list, bool *is_plain);
/* {id, type, function | custom}. */
NODISCARD int dialect_chat_read_call(struct reading *r, const struct json *v, struct block **out);
/* reasoning_details[], or what stands in its place: reasoning_content, reasoning. `kept` gets the
 * members that were there, unless they hold seals of ours. Any of the values may be NULL. */
struct dialect_chat_thoughts {
    const struct json *details, *content, *text;
};
NODISCARD int dialect_chat_read_thoughts(struct reading *r, const struct dialect_chat_thoughts *v,
                                         struct block **list, struct extras *kept);
/* The seal in tool_calls[].extra_content.google.thought_signature; SEAL_NONE without one. */
struct seal dialect_chat_call_seal(struct arena *a, const struct json *call);

/* ---- requests, written ---- */

struct dialect_chat_pen {
    struct writing *w;
    const struct chat *c;
    struct json_writer j;
    const struct capability *can;
    uint8_t as;     /* enum dialect_id written */
    bool is_own;    /* the client spoke it, too */
    str hint;       /* said to the model before everything else; may be empty */
    unsigned n_ids; /* made so far, for calls without one */
    /* Ids of calls that had none, until they are answered, and where the list ends. */
    struct dialect_chat_call *calls, *last_call;
};
NODISCARD int dialect_chat_write_request(struct writing *w, const struct chat *c, struct buf *out,
                                         uint8_t as);
struct dialect_chat_pen dialect_chat_pen(struct writing *w, const struct chat *c, struct buf *out,
                                         uint8_t as);
NODISCARD int dialect_chat_put_messages(struct dialect_chat_pen *p);
/* What of a list of blocks stands in a message's content. */
struct dialect_chat_content {
    size_t n_texts, n_others; /* others need an array */
    const struct block *first;
    bool has_marks;
};
struct dialect_chat_content dialect_chat_survey(const struct dialect_chat_pen *p,
                                                const struct block *list);
/* The member content; `between` joins texts for those who take one string only. */
NODISCARD int dialect_chat_put_content(struct dialect_chat_pen *p, const struct block *list,
                                       bool is_plain, str between);
NODISCARD int dialect_chat_put_part(struct dialect_chat_pen *p, const struct block *b);
void dialect_chat_put_text_part(struct dialect_chat_pen *p, const struct block *b, str text);
/* All texts of a list as one. */
str dialect_chat_joined(struct dialect_chat_pen *p, const struct block *list, str between);
/* Was the block kept as it came, all of it? Then it is written so. */
bool dialect_chat_is_kept_whole(const struct dialect_chat_pen *p, const struct block *b);
void dialect_chat_put_whole(struct dialect_chat_pen *p, const struct block *b);
/* Notes the blocks of a list that only another dialect knows. */
void dialect_chat_note_opaque(struct dialect_chat_pen *p, const struct block *list);
void dialect_chat_put_tools(struct dialect_chat_pen *p);
bool dialect_chat_takes_strict(const struct dialect_chat_pen *p); /* tools bound to their schema */
/* Does the model take free-text tools? Else they are functions. */
bool dialect_chat_takes_custom(const struct dialect_chat_pen *p);
/* Parts of the settings; the bits of those that were written, or may be. */
uint64_t dialect_chat_put_sampling(struct dialect_chat_pen *p);
void dialect_chat_put_stop(struct dialect_chat_pen *p);
void dialect_chat_put_stream(struct dialect_chat_pen *p);
void dialect_chat_put_rest(struct dialect_chat_pen *p);
/* Are members kept from that dialect understood by the one written? */
bool dialect_chat_takes(uint8_t as, uint8_t origin);
static inline bool dialect_chat_can(const struct dialect_chat_pen *p, uint32_t bit)
{
    return (p->can->can & bit) != 0;
}
/* Writes the members kept, if the target understands them; else notes the extras as lost, each
 * behind `prefix` ("messages."). */
void dialect_chat_put_extras(struct dialect_chat_pen *p, const struct extras *e,
                             const char *prefix);
/* Notes prefix and name as dropped. */
void dialect_chat_lost(struct dialect_chat_pen *p, const char *prefix, str name);
bool dialect_chat_put_verbatim(struct dialect_chat_pen *p, const struct extras *e, const char *key);
bool dialect_chat_has_verbatim(const struct dialect_chat_pen *p, const struct extras *e,
                               const char *key);

/* ---- answers ---- */

NODISCARD int dialect_chat_read_reply(struct reading *r, const struct json *body,
                                      struct reply *out);
NODISCARD int dialect_chat_write_reply(struct writing *w, const struct reply *r, struct buf *out,
                                       uint8_t as);
NODISCARD int dialect_chat_read_message(struct decoder *d, const struct message *m);
NODISCARD int dialect_chat_write_event(struct encoder *e, const struct event *ev, uint8_t as);

/* The stream may end without its mark: a server that has none. To be said before the end. */
void dialect_chat_may_end(struct decoder *d);

/* What whole answers and chunks have in common. */
const char *dialect_chat_id_prefix(uint8_t as);
/* Keeps every member of the object but one. */
void dialect_chat_keep_members(struct reading *r, struct extras *e, const struct json *object,
                               const char *but);
/* Token probabilities as text completions have them, or null. */
void dialect_completions_put_logprobs(struct json_writer *j, const struct block *list);
void dialect_chat_read_start(const struct json *body, struct start *out);
void dialect_chat_read_usage(struct arena *scratch, const struct json *usage, struct usage *out);
void dialect_chat_read_finish(const struct json *choice, struct finishing *f);
struct annotation *dialect_chat_read_annotation(struct arena *a, const struct json *v);
/* Sources that stand beside the choices, appended at *at. */
void dialect_chat_read_sources(struct arena *a, const struct json *body, struct annotation **at);
void dialect_chat_put_usage(struct json_writer *j, const char *key, const struct usage *u);
void dialect_chat_put_annotation(struct json_writer *j, const struct annotation *n, int64_t begin,
                                 int64_t end);
void dialect_chat_put_image(struct json_writer *j, struct arena *a, const struct media *m);
/* What a choice held, which decides what its end is called. */
struct dialect_chat_seen {
    bool calls, refusal, uses_functions;
};
const char *dialect_chat_end_word(const struct finishing *f, const struct dialect_chat_seen *seen);
/* One entry of reasoning_details for a thought and its seal. */
struct dialect_chat_detail {
    bool is_summary;
    str text;
    const struct seal *seal; /* NULL: none */
    bool is_raw;             /* the seal is written as its maker wrote it; else wrapped */
    bool is_rest;            /* of a stream: the text was in entries before, the seal is new */
    int64_t index;
};
void dialect_chat_put_detail(struct json_writer *j, struct arena *a,
                             const struct dialect_chat_detail *d);
void dialect_chat_put_call_seal(struct json_writer *j, str value);

/* ---- errors ---- */

void dialect_chat_read_error(struct arena *a, const struct json *body, str hint, struct failure *f);
void dialect_chat_write_error(const struct failure *f, struct buf *out);
void dialect_chat_put_error(struct json_writer *j, const struct failure *f); /* member "error" */
/* {"error":{code, message, ...}} of OpenRouter, without the outer braces. */
void dialect_openrouter_put_error(struct buf *out, const struct failure *f);
/* Does this chunk or body report an error? The vendors' forms differ. */
bool dialect_chat_is_error(const struct json *body);
