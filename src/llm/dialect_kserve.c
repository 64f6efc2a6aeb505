/* The kserve dialect. */
#include "llm/dialect.h"

const struct codec dialect_kserve_v1 = {.read_request = NULL};
const struct codec dialect_kserve_v2 = {.read_request = NULL};
