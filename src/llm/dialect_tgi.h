/* What other engines' dialects take from TGI's: its tokens and its details, which several serving
 * containers have made their own. Pure. */
#pragma once

#include "llm/plain.h"

/* An event {"token": {"text", "special"}, "generated_text", "details"}; d->state is a
 * plain_stream. */
NODISCARD int tgi_read_event(struct decoder *d, const struct json *v);
/* Counts of details; NULL has none. */
void tgi_read_usage(const struct json *details, struct usage *u);
