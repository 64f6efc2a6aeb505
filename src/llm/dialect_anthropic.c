/* The anthropic dialect. */
#include "llm/dialect.h"

const struct codec dialect_anthropic = {.read_request = NULL};
