/* Requests that are not for generated text, translated: embeddings, rerank, token counts, images.
 * Their answers are one JSON document each. */
#pragma once

#include "base/defs.h"
#include "gate/exchange.h"
#include "llm/request.h"

/* x->service is chosen, of the same task as x->op; the body is in x->body. */
NODISCARD int convert_run(struct exchange *x, const struct request *req) MAY_YIELD;
/* Counts the tokens of a request here, for a provider that cannot: a stated estimate. */
NODISCARD int convert_estimate(struct exchange *x, const struct request *req) MAY_YIELD;
