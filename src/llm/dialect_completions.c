/* The completions dialect. */
#include "llm/dialect.h"

const struct codec dialect_completions = {.read_request = NULL};
