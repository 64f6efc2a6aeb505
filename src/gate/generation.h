/* What OpenRouter's clients ask about their answers afterwards: GET /api/v1/generation?id=, /key,
 * /credits.
 *
 * The last answers given on the OpenRouter paths are remembered by this process under the request's
 * id, which is also in the header x-generation-id and, behind "gen-", in the answer. A caller finds
 * its own only. */
#pragma once

#include "base/defs.h"
#include "gate/exchange.h"

bool generation_is_wanted(const struct exchange *x); /* is this one of the OpenRouter paths? */
void generation_note(const struct exchange *x);      /* at its end; any worker */
str generation_id(struct exchange *x); /* "gen-..." for the answer; S_EMPTY on other paths */
NODISCARD int generation_get(struct exchange *x) MAY_YIELD;
NODISCARD int generation_key(struct exchange *x) MAY_YIELD;
NODISCARD int generation_credits(struct exchange *x) MAY_YIELD;
