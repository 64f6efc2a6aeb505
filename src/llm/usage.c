/* Reads token counts out of a provider's usage object with the splice scanner: a usage object is
 * some hundred bytes, a document tree would cost more than the reading. Chat completions and
 * embeddings say prompt_tokens and completion_tokens, Responses and images say input_tokens and
 * output_tokens; details lie one level deeper under names that differ the same way.
 *
 * Vendors add names of their own for the same things: what OpenAI's own member says counts, theirs
 * only where it is missing. */
#include "llm/usage.h"

#include <assert.h>

#include "wire/json_scan.h"

/* What one usage object says, before it is taken over. */
struct report {
    struct usage usage;
    int64_t total_tokens;
    int64_t vendor_cached_tokens; /* cached_tokens by a vendor's own name */
    int64_t vendor_reasoning_tokens;
};

/* A member and where its count goes. */
struct place {
    str key;
    size_t offset; /* in struct report */
};

/* clang-format off */
#define TEXT(literal)      {.p = literal, .n = sizeof literal - 1}
#define COUNT(text, field) {TEXT(text), offsetof(struct report, field)}
/* clang-format on */

static const struct place counts[] = {
    COUNT("prompt_tokens", usage.input_tokens),
    COUNT("input_tokens", usage.input_tokens),
    COUNT("completion_tokens", usage.output_tokens),
    COUNT("output_tokens", usage.output_tokens),
    COUNT("total_tokens", total_tokens),
    COUNT("prompt_cache_hit_tokens", vendor_cached_tokens), /* DeepSeek */
    COUNT("num_cached_tokens", vendor_cached_tokens),       /* Mistral */
    COUNT("cached_tokens", vendor_cached_tokens),           /* Moonshot */
    COUNT("reasoning_tokens", vendor_reasoning_tokens),     /* SGLang, Perplexity */
    COUNT("num_search_queries", usage.searches),            /* Perplexity */
};
static const struct place input_details[] = {
    COUNT("cached_tokens", usage.cached_tokens),
    COUNT("cache_write_tokens", usage.cache_write_tokens),
    COUNT("audio_tokens", usage.input_audio_tokens),
    COUNT("image_tokens", usage.input_image_tokens),
    COUNT("text_tokens", usage.input_text_tokens),
};
static const struct place output_details[] = {
    COUNT("reasoning_tokens", usage.reasoning_tokens),
    COUNT("audio_tokens", usage.output_audio_tokens),
    COUNT("image_tokens", usage.output_image_tokens),
    COUNT("text_tokens", usage.output_text_tokens),
    COUNT("accepted_prediction_tokens", usage.accepted_prediction_tokens),
    COUNT("rejected_prediction_tokens", usage.rejected_prediction_tokens),
};
static const struct place search_details[] = {
    COUNT("web_search_requests", usage.searches), /* OpenRouter */
    COUNT("web_search_calls", usage.searches),    /* xAI */
};

/* Objects one level deeper. */
static const struct {
    str key;
    const struct place *places;
    size_t n;
} details[] = {
    {TEXT("prompt_tokens_details"), input_details, ARRAY_LEN(input_details)},
    {TEXT("input_tokens_details"), input_details, ARRAY_LEN(input_details)},
    {TEXT("completion_tokens_details"), output_details, ARRAY_LEN(output_details)},
    {TEXT("output_tokens_details"), output_details, ARRAY_LEN(output_details)},
    {TEXT("server_tool_use"), search_details, ARRAY_LEN(search_details)},
    {TEXT("server_tool_use_details"), search_details, ARRAY_LEN(search_details)},
    {TEXT("server_side_tool_usage_details"), search_details, ARRAY_LEN(search_details)},
};

static void read_count(const struct json_member *m, const struct place *places, size_t n,
                       struct report *out)
{
    int64_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(m->key, places[i].key))
            continue;
        if (json_to_i64(m->value, &count) && count >= 0)
            *(int64_t *)(void *)((char *)out + places[i].offset) = count;
        return;
    }
}

static void read_details(struct arena *scratch, const struct json_member *m, struct report *out)
{
    if (m->type != JSON_OBJECT)
        return;
    for (size_t i = 0; i < ARRAY_LEN(details); i++) {
        if (!str_eq(m->key, details[i].key))
            continue;
        struct json_scan inner;
        json_scan_members(scratch, m->value, &inner);
        for (size_t k = 0; k < inner.n_members; k++)
            read_count(&inner.members[k], details[i].places, details[i].n, out);
        return;
    }
}

/* xAI counts the reasoning beside completion_tokens, not in it; the total tells. */
static void add_reasoning(struct report *r)
{
    struct usage *u = &r->usage;
    int64_t sum = 0;
    if (u->input_tokens < 0 || u->output_tokens < 0 || u->reasoning_tokens <= 0)
        return;
    if (__builtin_add_overflow(u->input_tokens, u->output_tokens, &sum) ||
        __builtin_add_overflow(sum, u->reasoning_tokens, &sum))
        return;
    if (sum == r->total_tokens)
        u->output_tokens = r->total_tokens - u->input_tokens;
}

void usage_read_openai(struct arena *scratch, str object, struct usage *u)
{
    struct report r = {.usage = USAGE_NONE,
                       .total_tokens = -1,
                       .vendor_cached_tokens = -1,
                       .vendor_reasoning_tokens = -1};
    struct json_scan scan;
    json_scan_members(scratch, object, &scan);
    for (size_t i = 0; i < scan.n_members; i++) {
        read_count(&scan.members[i], counts, ARRAY_LEN(counts), &r);
        read_details(scratch, &scan.members[i], &r);
    }
    if (r.usage.cached_tokens < 0)
        r.usage.cached_tokens = r.vendor_cached_tokens;
    if (r.usage.reasoning_tokens < 0)
        r.usage.reasoning_tokens = r.vendor_reasoning_tokens;
    add_reasoning(&r);
    usage_update(u, &r.usage);
}

void usage_update(struct usage *u, const struct usage *newer)
{
    static_assert(sizeof(*u) == USAGE_FIELDS * sizeof(int64_t), "counts and nothing else");
    int64_t *to = (int64_t *)u;
    const int64_t *from = (const int64_t *)newer;
    for (size_t i = 0; i < USAGE_FIELDS; i++) {
        if (from[i] >= 0)
            to[i] = from[i];
    }
}

int64_t usage_uncached(const struct usage *u)
{
    if (u->input_tokens < 0)
        return -1;
    int64_t left = u->input_tokens;
    left -= MIN(left, MAX(u->cached_tokens, 0));
    left -= MIN(left, MAX(u->cache_write_tokens, 0));
    return left;
}
