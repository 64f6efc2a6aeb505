/* Token usage as providers report it. A field that was not reported is -1, never a guess: zero
 * and unknown are different things to whoever pays. Pure.
 *
 * input_tokens and output_tokens are whole: input has the cached part in it, output the reasoning.
 * Dialects differ in this (Anthropic and Bedrock report input without the cached part, Gemini
 * output without the thoughts); their readers add up, their writers take apart. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/str.h"

struct usage {
    int64_t input_tokens;          /* whole input, cache reads and writes included */
    int64_t output_tokens;         /* whole output, reasoning included */
    int64_t cached_tokens;         /* part of input read from the provider's cache */
    int64_t reasoning_tokens;      /* part of output */
    int64_t cache_write_tokens;    /* part of input written to the provider's cache, all ages */
    int64_t cache_write_5m_tokens; /* parts of cache_write_tokens by age */
    int64_t cache_write_1h_tokens;
    int64_t input_audio_tokens, input_image_tokens, input_text_tokens; /* parts of input */
    int64_t output_audio_tokens, output_image_tokens, output_text_tokens;
    int64_t accepted_prediction_tokens, rejected_prediction_tokens; /* parts of output */
    int64_t tool_input_tokens;                                      /* Gemini: part of input */
    int64_t searches;                                               /* server-side web searches */
};

#define USAGE_FIELDS (sizeof(struct usage) / sizeof(int64_t))
#define USAGE_NONE                                                                                 \
    ((struct usage){-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1})

static inline bool usage_is_known(const struct usage *u)
{
    return u->input_tokens >= 0 || u->output_tokens >= 0;
}

/* Takes over every field that `newer` knows: counts are cumulative everywhere, never added. */
void usage_update(struct usage *u, const struct usage *newer);
/* The input without cache reads and writes, -1 if the input is unknown. */
int64_t usage_uncached(const struct usage *u);

/* Reads an OpenAI usage object (chat and Responses names alike: prompt_tokens or
 * input_tokens...). `object` is valid JSON; members that are missing or not integers leave the
 * field as it was. `scratch` is used for the duration. */
void usage_read_openai(struct arena *scratch, str object, struct usage *u);
