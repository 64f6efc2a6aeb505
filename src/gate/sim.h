/* The simulator: a provider inside the process that answers in every client's dialect without any
 * network.
 *
 * sim/echo repeats the last user message, sim/lorem streams text, sim/tools calls the first tool
 * offered, sim/json obeys a JSON schema, sim/think reasons before it
 * repeats, sim/embed returns a deterministic embedding. Options
 * follow the name as a query: sim/lorem?tokens=200&ttft=300ms&tps=80&error=429:5%. */
#pragma once

#include "gate/exchange.h"
#include "llm/request.h"

/* Answers x (whose target is the sim provider) with what the model named in
 * x->target.upstream_model would. */
NODISCARD int sim_run(struct exchange *x, const struct request *r) MAY_YIELD;
/* The names of its models, for GET /v1/models. */
extern const str sim_models[];
extern const size_t sim_models_n;
