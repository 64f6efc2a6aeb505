/* What the files of the gemini dialect share: reading members in both spellings, parts both ways,
 * usage, and the words of the API.
 *
 * Google's JSON is protobuf's: every member is taken as lowerCamelCase and as snake_case, and what
 * may repeat may come as one value instead of an array. Clients use all of it. How a member was
 * spelled goes into `verbatim` (llm/chat.h), so that a body leaves as it came. */
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

/* ---- members (dialect_gemini_members.c) ---- */

/* Lists of known members are written once, as X(IDENT, "camelCase", "snake_case"), and unfolded
 * into an enum of indices and the keys: first all of the one spelling, then all of the other. */
#define GEMINI_INDEX(ident, camel, snake) ident,
#define GEMINI_CAMEL(ident, camel, snake) camel,
#define GEMINI_SNAKE(ident, camel, snake) snake,
#define GEMINI_KEYS(name, list)                                                                    \
    static const char *const name[] = {list(GEMINI_CAMEL) list(GEMINI_SNAKE)}

/* values[i], i < n / 2, is the member of either spelling; `values` has room for all n keys. Members
 * in snake_case are kept in `verbatim` too. */
NODISCARD int gemini_members(struct reading *r, const struct json *object, const char *const *keys,
                             size_t n, const struct json **values, struct extras *const kept[2]);
#define GEMINI_READ(r, object, keys, values, unread, verbatim)                                     \
    gemini_members((r), (object), (keys), ARRAY_LEN(keys), (values),                               \
                   (struct extras *const[]){(unread), (verbatim)})

/* Keeps a member as it came; value NULL: it was not there. */
void gemini_keep(struct reading *r, struct extras *verbatim, const char *key,
                 const struct json *value);
/* Is this member, in either spelling, written by gemini_put_kept? */
bool gemini_is_kept(const struct extras *verbatim, const char *camel);
/* Writes what was kept. */
void gemini_put_kept(struct json_writer *j, const struct extras *verbatim);
/* Notes a loss for each extra of another dialect, "<prefix>key". */
void gemini_lose_extras(struct writing *w, const struct extras *extras, const char *prefix);

/* A list that may also come as one value: an array is walked, anything else is its own only
 * element. */
struct json_iter gemini_list(const struct json *v);
bool gemini_list_next(struct json_iter *it, const struct json *list);

NODISCARD int gemini_full(struct reading *r); /* fails: the body is too large */
/* A value made on the way; NULL when `text` is no JSON. */
const struct json *gemini_value(struct arena *a, str text);

/* ---- parts (dialect_gemini_part.c reads them, dialect_gemini_put.c writes them) ---- */

/* One part as a block. A call or result without an id has an empty one. */
NODISCARD int gemini_part_read(struct reading *r, const struct json *part, struct block **out);

/* How parts are written. */
struct gemini_parts {
    struct json_writer *j; /* inside an array of parts */
    struct writing *w;
    bool is_answer; /* for a client; else a request, for a provider */
    bool is_own;    /* what is written came in this dialect: nothing is adapted */
};
/* A seal as this reader gets it; S_EMPTY: there is none that it can use. */
str gemini_signature(const struct gemini_parts *p, const struct seal *seal);
void gemini_put_text(struct gemini_parts *p, str text, bool is_thought, const struct seal *seal);
/* A result, `name` that of its call; and one for a call that has none. */
void gemini_put_result(struct gemini_parts *p, const struct block *b, str id, str name);
void gemini_put_missing(struct gemini_parts *p, str id, str name);
/* Any block. `sign`: a call that has no seal of its own gets something instead of one: the provider
 * what passes for a signature, a client what will show that Google has not seen the call. */
NODISCARD int gemini_put_block(struct gemini_parts *p, const struct block *b, bool sign);

/* ---- requests ---- */

/* generationConfig, tools and toolConfig (dialect_gemini_config.c). */
NODISCARD int gemini_config_read(struct reading *r, const struct json *config, struct chat *out);
NODISCARD int gemini_tools_read(struct reading *r, const struct json *tools, struct chat *out);
NODISCARD int gemini_choice_read(struct reading *r, const struct json *config, struct chat *out);
NODISCARD int gemini_read_request(struct reading *r, const struct json *body, struct chat *out);

/* contents and systemInstruction (dialect_gemini_contents.c), tools, toolConfig
 * (dialect_gemini_tools.c). */
NODISCARD int gemini_contents_put(struct json_writer *j, struct writing *w, const struct chat *c);
NODISCARD int gemini_tools_put(struct json_writer *j, struct writing *w, const struct chat *c);
void gemini_choice_put(struct json_writer *j, struct writing *w, const struct chat *c);
NODISCARD int gemini_write_request(struct writing *w, const struct chat *c, struct buf *out);

/* ---- answers ---- */

/* Words and counts (dialect_gemini_words.c). */
void gemini_usage_read(const struct json *v, struct usage *u);
void gemini_usage_put(struct json_writer *j, const char *key, const struct usage *u);
/* A finishReason as text, be it a number (asked for with enum-encoding=int). */
str gemini_finish_read(const struct json *v);
enum finish gemini_finish(str native);
/* The word for it: the provider's own when that was Gemini's, else the nearest. */
str gemini_finish_name(const struct finishing *f);

NODISCARD int gemini_read_reply(struct reading *r, const struct json *body, struct reply *out);
NODISCARD int gemini_write_reply(struct writing *w, const struct reply *r, struct buf *out);
NODISCARD int gemini_read_message(struct decoder *d, const struct message *m);
NODISCARD int gemini_write_event(struct encoder *e, const struct event *ev);
void gemini_read_error(struct arena *a, const struct json *body, str hint, struct failure *f);
void gemini_write_error(const struct failure *f, struct buf *out);
/* The error object's members, inside {"error": ...}. */
void gemini_error_put(struct buf *out, const struct failure *f);
