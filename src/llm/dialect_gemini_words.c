/* The API's words: why an answer ended, and what it cost.
 *
 * A stream repeats its usage in every chunk, whole each time, so each chunk is read for itself.
 * Thoughts are counted beside the candidates and tool results beside the prompt; both are parts of
 * the sums here. A chunk may leave out the candidates' count and still give the total: then the
 * output is what the total has more than the input. */
#include "llm/dialect_gemini.h"

static const struct {
    const char *name;
    enum finish reason;
} finishes[] = {
    {"STOP", FINISH_STOP}, /* the first of a reason is the word for it */
    {"MAX_TOKENS", FINISH_LENGTH},
    {"SAFETY", FINISH_CONTENT_FILTER},
    {"MALFORMED_FUNCTION_CALL", FINISH_MALFORMED_TOOL},
    {"CONTINUATION", FINISH_CONTINUATION},
    {"OTHER", FINISH_OTHER},
    {"RECITATION", FINISH_CONTENT_FILTER},
    {"BLOCKLIST", FINISH_CONTENT_FILTER},
    {"PROHIBITED_CONTENT", FINISH_CONTENT_FILTER},
    {"SPII", FINISH_CONTENT_FILTER},
    {"LANGUAGE", FINISH_CONTENT_FILTER},
    {"IMAGE_SAFETY", FINISH_CONTENT_FILTER},
    {"IMAGE_PROHIBITED_CONTENT", FINISH_CONTENT_FILTER},
    {"IMAGE_RECITATION", FINISH_CONTENT_FILTER},
    {"MODEL_ARMOR", FINISH_CONTENT_FILTER},
    {"JAILBREAK", FINISH_CONTENT_FILTER},
    {"UNEXPECTED_TOOL_CALL", FINISH_MALFORMED_TOOL},
    {"TOO_MANY_TOOL_CALLS", FINISH_OTHER},
    {"MISSING_THOUGHT_SIGNATURE", FINISH_OTHER},
    {"NO_IMAGE", FINISH_OTHER},
    {"IMAGE_OTHER", FINISH_OTHER},
    {"FINISH_REASON_UNSPECIFIED", FINISH_OTHER},
};

/* Behind these the numbers of the Gemini API and of Vertex AI differ. */
static const char *const numbered[] = {
    "FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER"};

str gemini_finish_read(const struct json *v)
{
    int64_t n = 0;
    if (!v || json_type(v) != JSON_NUMBER)
        return json_str(v);
    bool is_known = json_i64(v, &n) && n >= 0 && n < (int64_t)ARRAY_LEN(numbered);
    return str_from_cz(is_known ? numbered[n] : "OTHER");
}

enum finish gemini_finish(str native)
{
    for (size_t i = 0; i < ARRAY_LEN(finishes); i++) {
        if (str_eq(native, str_from_cz(finishes[i].name)))
            return finishes[i].reason;
    }
    return native.n > 0 ? FINISH_OTHER : FINISH_UNSET;
}

/* The reason as this API tells it: calls, pauses and stop sequences are all a STOP. */
static enum finish told(enum finish reason)
{
    switch (reason) {
    case FINISH_UNSET:
    case FINISH_STOP:
    case FINISH_STOP_SEQUENCE:
    case FINISH_TOOL_CALLS:
    case FINISH_PAUSE:
        return FINISH_STOP;
    case FINISH_LENGTH:
    case FINISH_CONTEXT_WINDOW:
        return FINISH_LENGTH;
    case FINISH_CONTENT_FILTER:
    case FINISH_REFUSAL:
        return FINISH_CONTENT_FILTER;
    case FINISH_CONTINUATION:
    case FINISH_MALFORMED_TOOL:
        return reason;
    case FINISH_ERROR:
    case FINISH_OTHER:
        return FINISH_OTHER;
    }
    return FINISH_OTHER;
}

str gemini_finish_name(const struct finishing *f)
{
    for (size_t i = 0; i < ARRAY_LEN(finishes); i++) {
        str name = str_from_cz(finishes[i].name);
        if (str_eq(name, f->native) && finishes[i].reason == f->reason)
            return name;
    }
    enum finish reason = told(f->reason);
    for (size_t i = 0; i < ARRAY_LEN(finishes); i++) {
        if (finishes[i].reason == reason)
            return str_from_cz(finishes[i].name);
    }
    return S("OTHER");
}

/* ---- usage ---- */

static int64_t count_of(const struct json *object, const char *key)
{
    int64_t n = -1;
    const struct json *v = json_get(object, key);
    if (v && json_is_str(v) && !str_to_i64(json_str(v), &n)) /* protobuf's int64 */
        return -1;
    if (v && !json_is_str(v) && !json_i64(v, &n))
        return -1;
    return n < 0 ? -1 : n;
}

static int64_t sum(int64_t a, int64_t b)
{
    int64_t total = 0;
    if (a < 0 || b < 0)
        return MAX(a, b);
    return __builtin_add_overflow(a, b, &total) ? INT64_MAX : total;
}

/* [{modality, tokenCount}] of one modality. */
static int64_t modality_of(const struct json *list, str modality)
{
    int64_t total = -1;
    for (struct json_iter it = json_iter(list); json_iter_next(&it);) {
        if (str_eq(json_str(json_get(it.value, "modality")), modality))
            total = sum(total, count_of(it.value, "tokenCount"));
    }
    return total;
}

void gemini_usage_read(const struct json *v, struct usage *u)
{
    if (!v || json_type(v) != JSON_OBJECT)
        return;
    struct usage seen = USAGE_NONE;
    int64_t total = count_of(v, "totalTokenCount");
    const struct json *in = json_get(v, "promptTokensDetails");
    const struct json *out = json_get(v, "candidatesTokensDetails");
    seen.tool_input_tokens = count_of(v, "toolUsePromptTokenCount");
    seen.input_tokens = count_of(v, "promptTokenCount");
    if (seen.input_tokens >= 0)
        seen.input_tokens = sum(seen.input_tokens, seen.tool_input_tokens);
    seen.cached_tokens = count_of(v, "cachedContentTokenCount");
    seen.reasoning_tokens = count_of(v, "thoughtsTokenCount");
    seen.output_tokens = sum(count_of(v, "candidatesTokenCount"), seen.reasoning_tokens);
    if (seen.output_tokens < 0 && seen.input_tokens >= 0 && total >= seen.input_tokens)
        seen.output_tokens = total - seen.input_tokens;
    seen.input_text_tokens = modality_of(in, S("TEXT"));
    seen.input_image_tokens = modality_of(in, S("IMAGE"));
    seen.input_audio_tokens = modality_of(in, S("AUDIO"));
    seen.output_text_tokens = modality_of(out, S("TEXT"));
    seen.output_image_tokens = modality_of(out, S("IMAGE"));
    seen.output_audio_tokens = modality_of(out, S("AUDIO"));
    usage_update(u, &seen);
}

static void put_modalities(struct json_writer *j, const char *key, const int64_t counts[3])
{
    static const char *const names[] = {"TEXT", "IMAGE", "AUDIO"};
    if (counts[0] <= 0 && counts[1] <= 0 && counts[2] <= 0)
        return;
    json_begin_array(j, key);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (counts[i] <= 0)
            continue;
        json_begin_object(j, NULL);
        json_put_str(j, "modality", str_from_cz(names[i]));
        json_put_int(j, "tokenCount", counts[i]);
        json_end_object(j);
    }
    json_end_array(j);
}

static void put_count(struct json_writer *j, const char *key, int64_t n, bool also_zero)
{
    if (n > 0 || (n == 0 && also_zero))
        json_put_int(j, key, n);
}

void gemini_usage_put(struct json_writer *j, const char *key, const struct usage *u)
{
    int64_t tools = MAX(u->tool_input_tokens, 0), thoughts = MAX(u->reasoning_tokens, 0);
    if (!usage_is_known(u))
        return;
    json_begin_object(j, key);
    put_count(j, "promptTokenCount", u->input_tokens < 0 ? -1 : MAX(u->input_tokens - tools, 0),
              true);
    put_count(j, "candidatesTokenCount",
              u->output_tokens < 0 ? -1 : MAX(u->output_tokens - thoughts, 0), true);
    if (u->input_tokens >= 0 && u->output_tokens >= 0)
        json_put_int(j, "totalTokenCount", sum(u->input_tokens, u->output_tokens));
    put_count(j, "cachedContentTokenCount", u->cached_tokens, false);
    put_count(j, "thoughtsTokenCount", u->reasoning_tokens, false);
    put_count(j, "toolUsePromptTokenCount", u->tool_input_tokens, false);
    put_modalities(
        j, "promptTokensDetails",
        (const int64_t[]){u->input_text_tokens, u->input_image_tokens, u->input_audio_tokens});
    put_modalities(
        j, "candidatesTokensDetails",
        (const int64_t[]){u->output_text_tokens, u->output_image_tokens, u->output_audio_tokens});
    json_end_object(j);
}
