/* Stored responses of the Responses API: GET, DELETE and cancel go to the provider that owns the
 * id. */
#pragma once

#include "gate/exchange.h"

/* Remembers that the exchange's provider owns the response `id`, and who asked for it. */
void responses_learn(struct exchange *x, str id);
/* Is `id` known to be another caller's? Then it does not exist for this one. */
bool responses_is_anothers(const struct exchange *x, str id);
/* GET /v1/responses/{id} (also as a stream), GET .../{id}/input_items, DELETE, POST
 * .../{id}/cancel. */
NODISCARD int responses_relay(struct exchange *x) MAY_YIELD;
