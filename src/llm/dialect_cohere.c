/* The cohere dialect. */
#include "llm/dialect.h"

const struct codec dialect_cohere = {.read_request = NULL};
