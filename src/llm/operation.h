/* What a client can ask for, and what can be asked of a provider: one row per operation, from
 * operation.def. */
#pragma once

#include "base/defs.h"
#include "base/str.h"
#include "llm/dialect_id.h"

enum operation_id {
#define OPERATION(name, text, purpose, dialect, path, body, answer, end, usage) OP_##name,
#include "llm/operation.def"
#undef OPERATION
    OP_COUNT
};

/* What an operation is for. */
enum purpose {
    PURPOSE_GENERATE,
    PURPOSE_COUNT,
    PURPOSE_EMBED,
    PURPOSE_RERANK,
    PURPOSE_MODERATE,
    PURPOSE_IMAGE,
    PURPOSE_IMAGE_EDIT,
    PURPOSE_IMAGE_VARY,
    PURPOSE_SPEAK,
    PURPOSE_TRANSCRIBE,
    PURPOSE_INTERPRET,
};

enum operation_body { OPERATION_JSON, OPERATION_MULTIPART, OPERATION_PATH };
enum operation_answer { OPERATION_DATA, OPERATION_ANY };
enum operation_end {
    OPERATION_END_NONE,
    OPERATION_END_DONE,
    OPERATION_END_RESPONSE,
    OPERATION_END_EVENT,
    OPERATION_END_CODEC
};
enum operation_usage { OPERATION_USAGE_ALWAYS, OPERATION_USAGE_CHUNK };

struct operation {
    enum operation_id id;
    str name;
    enum purpose purpose;
    enum dialect_id dialect; /* NONE: spoken to providers only, by its own writer */
    str path;                /* as its documentation names it */
    enum operation_body body;
    enum operation_answer answer;
    enum operation_end end;
    enum operation_usage usage;
};

const struct operation *operation_get(enum operation_id id);
