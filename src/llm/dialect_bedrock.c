/* The bedrock dialect. */
#include "llm/dialect.h"

const struct codec dialect_bedrock = {.read_request = NULL};
