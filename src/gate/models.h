/* GET /v1/models and /v1/models/{id}: what this caller can name. */
#pragma once

#include "gate/exchange.h"

NODISCARD int models_list(struct exchange *x) MAY_YIELD;
NODISCARD int models_get(struct exchange *x) MAY_YIELD;

/* Frees what this thread remembers of the providers' lists. */
void models_thread_end(void);
