/* What this caller can name, in the dialect of the path: GET /v1/models, /v1beta/models, /api/tags
 * and their kin; one model by its name; and the small calls of Ollama's clients. */
#pragma once

#include "gate/exchange.h"

NODISCARD int models_list(struct exchange *x) MAY_YIELD;
NODISCARD int models_get(struct exchange *x) MAY_YIELD;
NODISCARD int models_show(struct exchange *x) MAY_YIELD;    /* POST /api/show */
NODISCARD int models_version(struct exchange *x) MAY_YIELD; /* GET /api/version */
NODISCARD int
models_running(struct exchange *x) MAY_YIELD; /* GET /api/ps: none, they are elsewhere */

/* Frees what this thread remembers of the providers' lists. */
void models_thread_end(void);
