/* What OpenRouter's clients ask about their answers afterwards: GET /api/v1/generation?id=, /key,
 * /credits.
 *
 * The last answers given on the OpenRouter paths are remembered by this process, under the id in the
 * header x-generation-id (the request's own) and under the id in the answer. A caller finds its own
 * only. */
#pragma once

#include "base/defs.h"
#include "gate/exchange.h"

bool generation_is_wanted(const struct exchange *x);   /* is this one of the OpenRouter paths? */
void generation_note(const struct exchange *x);        /* at its end; any worker */
void generation_answer_id(struct exchange *x, str id); /* as the client saw it */
NODISCARD int generation_get(struct exchange *x) MAY_YIELD;
NODISCARD int generation_key(struct exchange *x) MAY_YIELD;
NODISCARD int generation_credits(struct exchange *x) MAY_YIELD;
