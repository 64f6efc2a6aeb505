/* Stored responses of the Responses API: GET, DELETE and cancel go to the provider that owns the
 * id. */
#pragma once

#include "gate/exchange.h"

/* Remembers that the exchange's provider owns the response `id`, and who asked for it. */
void responses_learn(struct exchange *x, str id);
/* GET /v1/responses/{id} (also as a stream), GET .../{id}/input_items, DELETE, POST
 * .../{id}/cancel. */
NODISCARD int responses_relay(struct exchange *x) MAY_YIELD;
