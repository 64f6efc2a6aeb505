/* The openrouter dialect. */
#include "llm/dialect.h"

const struct codec dialect_openrouter = {.read_request = NULL};
