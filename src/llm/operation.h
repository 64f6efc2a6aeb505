/* What can be asked of a provider: one row per operation, from operation.def. */
#pragma once

#include "base/defs.h"
#include "base/str.h"

enum operation_id {
#define OPERATION(name, text, path, body, answer, end, usage) OP_##name,
#include "llm/operation.def"
#undef OPERATION
    OP_COUNT
};

enum operation_body { OPERATION_JSON, OPERATION_MULTIPART };
enum operation_answer { OPERATION_DATA, OPERATION_ANY };
enum operation_end {
    OPERATION_END_NONE,
    OPERATION_END_DONE,
    OPERATION_END_RESPONSE,
    OPERATION_END_EVENT
};
enum operation_usage { OPERATION_USAGE_ALWAYS, OPERATION_USAGE_CHUNK };

struct operation {
    enum operation_id id;
    str name;
    str path; /* behind the provider's base path */
    enum operation_body body;
    enum operation_answer answer;
    enum operation_end end;
    enum operation_usage usage;
};

const struct operation *operation_get(enum operation_id id);
