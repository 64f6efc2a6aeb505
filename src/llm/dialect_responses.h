/* The parts of the OpenAI Responses dialect, for its own files only.
 *
 *   dialect_responses.c          the codec; whole answers and errors
 *   dialect_responses_items.c    reads items: what a request's input and an answer's output hold
 *   dialect_responses_request.c  reads a client's request
 *   dialect_responses_write.c    writes a request's settings for a provider
 *   dialect_responses_input.c    writes the history as input items
 *   dialect_responses_tools.c    tools and tool choice, both ways
 *   dialect_responses_stream.c   reads a provider's stream
 *   dialect_responses_encode.c   writes a client's stream, and every answer, with
 *   dialect_responses_build.c    and dialect_responses_text.c (see dialect_responses_build.h)
 *   dialect_responses_echo.c     the response object around the output: the settings asked for
 *
 * The wire formats are those of OpenAI's API reference, "Responses". */
#pragma once

#include "llm/dialect.h"

/* ---- items ---- */

/* An item as blocks: a message's parts, or one block of its own. What belongs to the message
 * itself stands here; a request puts it on the turn, an answer on the blocks. */
struct responses_item {
    enum role role;
    bool is_message;
    bool is_plain; /* its content was one string */
    struct block *blocks;
    str id, phase, status;
    struct extras extras, verbatim;
};
NODISCARD int responses_read_item(struct reading *r, const struct json *v,
                                  struct responses_item *out);
/* The content of a message, a function's output or instructions: a string or a list of parts. */
NODISCARD int responses_read_content(struct reading *r, const char *name, const struct json *v,
                                     struct block **out, bool *is_plain);
NODISCARD int responses_read_annotation(struct reading *r, const struct json *v,
                                        struct annotation **out);
/* Reads a usage object; what is missing or no count stays unknown. */
void responses_read_usage(const struct json *v, struct usage *out);
/* How an answer ended that has this status, and this reason when it is incomplete. */
enum finish responses_finish(str status, str reason);
/* What an error's code or type says; `otherwise` when neither is known. */
enum failure_class responses_failure(str code, str type, enum failure_class otherwise);
/* Fills what an error object says: message, type, code, param, class. */
void responses_read_failure(const struct json *error, struct failure *f);

/* The member of e as it was read, if it came in this dialect. True: it was handled, written or
 * left out as its reader found it. */
bool responses_put_verbatim(struct json_writer *w, const struct extras *e, const char *key);

/* ---- requests ---- */

NODISCARD int responses_read_request(struct reading *r, const struct json *body, struct chat *out);
NODISCARD int responses_write_request(struct writing *w, const struct chat *c, struct buf *out);
/* The member "input"; `instructions` says whether the leading system text went elsewhere. */
NODISCARD int responses_put_input(struct writing *w, const struct chat *c, struct json_writer *j,
                                  bool instructions);

NODISCARD int responses_read_tools(struct reading *r, const struct json *v, struct chat *out);
NODISCARD int responses_read_choice(struct reading *r, const struct json *v, struct chat *out);
/* The members "tools" and "tool_choice"; nothing where nothing was asked. */
void responses_put_tools(struct writing *w, const struct chat *c, struct json_writer *j);
void responses_put_choice(struct writing *w, const struct chat *c, struct json_writer *j);
/* Tools that OpenAI offers as types of their own and the client carries out: for other providers
 * they are functions. NULL: `type` is none of them. */
struct responses_builtin {
    const char *type;   /* of the tool: "local_shell" */
    const char *call;   /* of the call's item */
    const char *output; /* of the result's item */
    const char *member; /* of the call's item: its arguments, an object */
    const char *description;
    const char *schema; /* of that object */
};
const struct responses_builtin *responses_builtin_of_tool(str type);
const struct responses_builtin *responses_builtin_of_call(str type);
const struct responses_builtin *responses_builtin_of_output(str type);

/* ---- answers ---- */

/* The ids that the gateway makes begin so behind their prefix: no provider knows them, so they
 * are not sent to one. */
#define RESPONSES_ID_MARK "7b0a"

NODISCARD int responses_read_message(struct decoder *d, const struct message *m);
NODISCARD int responses_write_event(struct encoder *e, const struct event *ev);
NODISCARD int responses_read_reply(struct reading *r, const struct json *body, struct reply *out);
NODISCARD int responses_write_reply(struct writing *w, const struct reply *r, struct buf *out);

/* Where an answer stands when its object is written. */
struct responses_state {
    str status; /* "in_progress" */
    str id, model, service_tier;
    int64_t created_s;
    int64_t completed_s;           /* -1: not yet */
    str incomplete;                /* reason; empty: null */
    const struct failure *failure; /* NULL: null */
    const struct usage *usage;     /* NULL: not known yet */
    const struct json *usage_raw;  /* wins */
    const struct chat *asked;      /* whose settings are repeated; NULL: the defaults */
    const struct extras *extras;   /* of an answer that came in this dialect: instead of those */
};
/* Opens the response object and writes everything but its output; the caller writes that and
 * closes the object. `scratch` is used for the duration. */
void responses_begin_response(struct json_writer *j, const char *key, struct arena *scratch,
                              const struct responses_state *s);
/* What an answer repeats of the request, as the text of an object; S_EMPTY: `a` has no room. */
str responses_settings(struct arena *a, const struct chat *c);
/* Adds the members of `object`, the text of a JSON object as a writer made it, to the object being
 * written, which has members already. */
void responses_splice(struct json_writer *j, str object);
/* OpenAI's words for a failure: type and code; code may be empty. */
void responses_failure_words(const struct failure *f, str *type, str *code);
