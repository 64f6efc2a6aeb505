/* Token counts: what a provider that cannot count is replaced by. Pure. */
#pragma once

#include "base/defs.h"
#include "llm/chat.h"
#include "llm/operation.h"
#include "wire/json.h"

/* A stated estimate: one token for every four bytes of text, rounded up by the piece, four for each
 * turn, a thousand for each picture, sound or document. */
int64_t count_estimate(const struct chat *c);
/* The answer in the dialect of a counting operation. */
void count_put(enum operation_id op, int64_t tokens, struct json_writer *j);
