/* The custom dialect. */
#include "llm/dialect.h"

const struct codec dialect_custom = {.read_request = NULL};
