/* The gemini dialect. */
#include "llm/dialect.h"

const struct codec dialect_gemini = {.read_request = NULL};
