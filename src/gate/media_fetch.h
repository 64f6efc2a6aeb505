/* Pictures and documents that a client names by URL, for providers that take bytes only. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "gate/exchange.h"
#include "llm/chat.h"
#include "llm/dialect.h"

#define MEDIA_FETCH_MAX       16          /* of one request */
#define MEDIA_FETCH_BYTES_MAX (20u << 20) /* of one */
/* Room for all of them as base64: bound what one request can make the gateway hold. */
#define MEDIA_FETCH_CAP (96u << 20)

/* Turns MEDIA_URL into MEDIA_BASE64 where the provider's dialect has no place for a URL. The
 * addresses are a stranger's choice, so only public ones are connected to (gate/fetch.h). 0, or
 * -E_BAD_REQUEST with x->err filled: which one, and why. */
NODISCARD int media_fetch(struct exchange *x, struct arena *a, struct chat *chat,
                          const struct dialect *to) MAY_YIELD;
