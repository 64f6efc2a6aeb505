/* The table of operations, made from operation.def. */
#include "llm/operation.h"

static const struct operation operations[OP_COUNT] = {
#define OPERATION(ident, text, serves, spoken, route, where, form, ending, counting)               \
    [OP_##ident] = {.id = OP_##ident,                                                              \
                    .name = {.p = text, .n = sizeof text - 1},                                     \
                    .purpose = PURPOSE_##serves,                                                   \
                    .dialect = DIALECT_##spoken,                                                   \
                    .path = {.p = route, .n = sizeof route - 1},                                   \
                    .body = OPERATION_##where,                                                     \
                    .answer = OPERATION_##form,                                                    \
                    .end = OPERATION_END_##ending,                                                 \
                    .usage = OPERATION_USAGE_##counting},
#include "llm/operation.def"
#undef OPERATION
};

const struct operation *operation_get(enum operation_id id)
{
    must(id < OP_COUNT);
    return &operations[id];
}
