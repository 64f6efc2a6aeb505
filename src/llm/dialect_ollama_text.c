/* The ollama_text dialect. */
#include "llm/dialect.h"

const struct codec dialect_ollama_text = {.read_request = NULL};
