/* The ollama dialect. */
#include "llm/dialect.h"

const struct codec dialect_ollama = {.read_request = NULL};
