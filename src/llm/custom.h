/* A provider that speaks nothing known, described by its operator: a template of its request's body
 * and pointers into its answers.
 *
 * A template is JSON in which places stand for what a request asks:
 *
 *     {"input": {{prompt}}, "options": {"n": {{max_tokens}}, "mode": "chat-{{model}}"}}
 *
 * A place outside a string becomes a JSON value; a member or an element that is a place the client
 * said nothing for is left out. Inside a string it becomes text. Pointers are RFC 6901. Both are
 * made once, when the configuration is read, and never change. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"
#include "wire/frames.h"
#include "wire/json.h"

enum custom_place {
    CUSTOM_MODEL,
    CUSTOM_PROMPT,   /* the conversation as one text, see llm/plain.h */
    CUSTOM_MESSAGES, /* the same as OpenAI's chat has it */
    CUSTOM_SYSTEM,   /* the leading system text, which then is in neither of them */
    CUSTOM_MAX_TOKENS,
    CUSTOM_TEMPERATURE,
    CUSTOM_TOP_P,
    CUSTOM_TOP_K,
    CUSTOM_FREQUENCY_PENALTY,
    CUSTOM_PRESENCE_PENALTY,
    CUSTOM_SEED,
    CUSTOM_STOP, /* an array of strings */
    CUSTOM_USER,
    CUSTOM_STREAM,      /* true or false, always */
    CUSTOM_TOOLS,       /* as OpenAI's chat has them */
    CUSTOM_TOOL_CHOICE, /* likewise */
    CUSTOM_PLACES
};
#define CUSTOM_BIT(place) (1u << CUSTOM_##place)
/* CUSTOM_PLACES: no such name. */
enum custom_place custom_place_find(str name);
const char *custom_place_name(enum custom_place place); /* behind the last: NULL */

/* ---- templates ---- */

struct custom_template {
    const struct json *body;
    uint32_t places; /* bits of those that occur */
};
/* Reads a template; the result lives in `a`. Fails with -E_BAD_REQUEST, *why (in `a`), and *at, the
 * offset in `text` where it is wrong. */
NODISCARD int custom_template_read(struct arena *a, str text, struct custom_template *out, str *why,
                                   size_t *at);

/* What the places become. A value that is NULL is left out of the body, and is no text in a
 * string. */
struct custom_values {
    const struct json *at[CUSTOM_PLACES];
};
void custom_template_put(struct json_writer *w, struct arena *a, const struct custom_template *t,
                         const struct custom_values *values);

/* ---- pointers ---- */

struct custom_pointer {
    bool is_set;
    const char **tokens;
    size_t n;
};
/* -E_BAD_REQUEST with *why, static text. */
NODISCARD int custom_pointer_read(struct arena *a, str text, struct custom_pointer *out,
                                  const char **why);
/* The value; NULL: the pointer is not set, or there is nothing at that place, or null is. */
const struct json *custom_pointer_find(const struct custom_pointer *p, const struct json *root);

/* ---- the whole ---- */

/* Where the parts of an answer stand: of a whole one, or of an event. */
struct custom_answer {
    struct custom_pointer text, reasoning, tool_calls, finish, input_tokens, output_tokens, error;
};

struct custom {
    str method;              /* "POST" */
    const char *path;        /* as in service.def, behind the base URL */
    const char *stream_path; /* NULL: the same */
    struct custom_template body;
    struct custom_answer reply, stream;
    bool streams;         /* it can: `stream` is set */
    enum framing framing; /* of its streams: SSE or lines */
    str done;             /* data of the event that ends a stream; empty: its bytes' end does */
};

/* The error's text, where an answer or an event has one. */
bool custom_find_error(const struct custom_answer *answer, const struct json *body, str *message);
