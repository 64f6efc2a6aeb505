/* The mlflow dialect. */
#include "llm/dialect.h"

const struct codec dialect_mlflow = {.read_request = NULL};
