/* The tgi dialect. */
#include "llm/dialect.h"

const struct codec dialect_tgi = {.read_request = NULL};
