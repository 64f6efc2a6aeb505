/* Token usage as providers report it, from raw JSON. A field that was not reported is -1, never
 * a guess: zero and unknown are different things to whoever pays. Pure. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/str.h"

struct usage {
    int64_t input_tokens;     /* whole input, cached included */
    int64_t output_tokens;    /* whole output, reasoning included */
    int64_t cached_tokens;    /* part of input read from the provider's cache */
    int64_t reasoning_tokens; /* part of output */
};

#define USAGE_NONE                                                                                 \
    ((struct usage){                                                                               \
        .input_tokens = -1, .output_tokens = -1, .cached_tokens = -1, .reasoning_tokens = -1})

static inline bool usage_is_known(const struct usage *u)
{
    return u->input_tokens >= 0 || u->output_tokens >= 0;
}

/* Reads an OpenAI usage object (chat and Responses names alike: prompt_tokens or
 * input_tokens...). `object` is valid JSON; members that are missing or not integers leave the
 * field as it was. `scratch` is used for the duration. */
void usage_read_openai(struct arena *scratch, str object, struct usage *u);
