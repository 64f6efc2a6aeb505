/* The chat dialect. */
#include "llm/dialect.h"

const struct codec dialect_chat = {.read_request = NULL};
