/* The responses dialect. */
#include "llm/dialect.h"

const struct codec dialect_responses = {.read_request = NULL};
