/* What can be asked for at which path, and who may ask: a static table per listener.
 *
 * Every row is made with PATH, whose auth argument has no default: a row without it does not
 * compile. Matching and the check of credentials read the same normalised path of struct
 * http_head; Host plays no part in either. */
#pragma once

#include "base/defs.h"
#include "base/str.h"
#include "llm/operation.h"

struct arena;
struct buf;
struct exchange;

enum path_auth {
    PATH_AUTH_PUBLIC, /* health: says nothing about the configuration */
    PATH_AUTH_KEY,    /* a gateway key, or nobody at all in open mode */
    PATH_AUTH_ADMIN,  /* the admin key */
};

/* Of errors: RFC 9457, or those of a dialect. */
enum path_shape {
    PATH_SHAPE_PROBLEM = DIALECT_NONE,
    PATH_SHAPE_OPENAI = DIALECT_CHAT,
    PATH_SHAPE_OPENROUTER = DIALECT_OPENROUTER,
    PATH_SHAPE_ANTHROPIC = DIALECT_ANTHROPIC,
    PATH_SHAPE_GEMINI = DIALECT_GEMINI,
    PATH_SHAPE_BEDROCK = DIALECT_BEDROCK,
    PATH_SHAPE_COHERE = DIALECT_COHERE,
    PATH_SHAPE_OLLAMA = DIALECT_OLLAMA,
};

typedef int (*path_fn)(struct exchange *x); /* 0 or an error code with x->err filled; may yield */

struct path {
    str method;
    str pattern; /* "/v1/models/{id}": {id} is one segment, {rest} all that is left */
    enum path_auth auth;
    enum path_shape shape;
    path_fn run;

    enum operation_id operation_id;
    bool has_operation;
};

#define PATH(meth, pat, who, form, handler)                                                        \
    {                                                                                              \
        .method = {.p = meth, .n = sizeof meth - 1}, .pattern = {.p = pat, .n = sizeof pat - 1},   \
        .auth = PATH_AUTH_##who, .shape = PATH_SHAPE_##form, .run = (handler)                      \
    }
#define PATH_OPERATION(pat, who, handler, op)                                                      \
    {                                                                                              \
        .method = {.p = "POST", .n = 4}, .pattern = {.p = pat, .n = sizeof pat - 1},               \
        .auth = PATH_AUTH_##who, .shape = PATH_SHAPE_OPENAI, .run = (handler),                     \
        .operation_id = (op), .has_operation = true                                                \
    }

struct path_table {
    const struct path *rows;
    size_t n;
};

/* The row for method and path; *arg gets what {id} stands for, still percent-encoded. NULL: no
 * row; *other_method tells whether the path exists with another method. HEAD finds the row of
 * GET. */
const struct path *path_find(const struct path_table *t, str method, str path, str *arg,
                             bool *other_method);
/* The methods a path takes, "GET, HEAD, DELETE", for Allow. */
void path_put_methods(const struct path_table *t, str path, struct buf *out);
/* Percent-decoding; false on a bad escape or an encoded control character. */
bool path_decode(struct arena *a, str encoded, str *out);
