/* Reasons and counts. */
#include "llm/dialect_gemini_words.c"

#include "gemini_bench.h"

static void reasons(void)
{
    for (size_t i = 0; i < ARRAY_LEN(finishes); i++) {
        str name = str_from_cz(finishes[i].name);
        struct finishing f = {.reason = gemini_finish(name), .native = name};
        is_str(gemini_finish_name(&f), name, "its own word comes back");
    }
    is_int(gemini_finish(S("NEW_REASON")), FINISH_OTHER, "a word nobody knows");
    is_int(gemini_finish(S_EMPTY), FINISH_UNSET, "no word");
    static const struct {
        enum finish reason;
        const char *native, *want;
    } cases[] = {
        {FINISH_TOOL_CALLS, "tool_use", "STOP"},         {FINISH_LENGTH, "length", "MAX_TOKENS"},
        {FINISH_CONTEXT_WINDOW, "", "MAX_TOKENS"},       {FINISH_REFUSAL, "refusal", "SAFETY"},
        {FINISH_CONTENT_FILTER, "STOP", "SAFETY"},       {FINISH_ERROR, "ERROR", "OTHER"},
        {FINISH_STOP_SEQUENCE, "stop_sequence", "STOP"}, {FINISH_CONTINUATION, "", "CONTINUATION"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct finishing f = {.reason = cases[i].reason, .native = str_from_cz(cases[i].native)};
        is_str(gemini_finish_name(&f), str_from_cz(cases[i].want), cases[i].want);
    }
}

static struct usage usage_of(struct bench *b, const char *text)
{
    struct usage u = USAGE_NONE;
    gemini_usage_read(bench_json(b, str_from_cz(text)), &u);
    return u;
}

static void counts(struct bench *b)
{
    struct usage u = usage_of(
        b,
        "{\"promptTokenCount\":147,\"candidatesTokenCount\":108,\"totalTokenCount\":783,"
        "\"toolUsePromptTokenCount\":360,\"thoughtsTokenCount\":168,\"promptTokensDetails\":"
        "[{\"modality\":\"TEXT\",\"tokenCount\":140},{\"modality\":\"IMAGE\",\"tokenCount\":7}]}");
    is_int(u.input_tokens, 507, "input with tool results");
    is_int(u.tool_input_tokens, 360, "the tool results");
    is_int(u.output_tokens, 276, "output with thoughts");
    is_int(u.input_image_tokens, 7, "of pictures");
    is_int(u.cached_tokens, -1, "what was not said is not known");
    u = usage_of(b, "{\"promptTokenCount\":15,\"totalTokenCount\":17,\"thoughtsTokenCount\":2}");
    is_int(u.output_tokens, 2, "thoughts alone");
    u = usage_of(b, "{\"promptTokenCount\":14,\"totalTokenCount\":14}");
    is_int(u.output_tokens, 0, "nothing came");
    u = usage_of(b, "{\"trafficType\":\"ON_DEMAND\"}");
    ok(!usage_is_known(&u), "no count at all");
    u = usage_of(b, "{\"promptTokenCount\":-1,\"candidatesTokenCount\":\"12\"}");
    ok(u.input_tokens == -1 && u.output_tokens == 12, "odd counts");
    u = usage_of(b, "[]");
    ok(!usage_is_known(&u), "no object");
}

static void written(struct bench *b)
{
    const char *text = "{\"usageMetadata\":{\"promptTokenCount\":3520,\"candidatesTokenCount\":2,"
                       "\"totalTokenCount\":3564,\"cachedContentTokenCount\":3512,"
                       "\"thoughtsTokenCount\":42}}";
    struct usage u = USAGE_NONE;
    gemini_usage_read(json_get(bench_json(b, str_from_cz(text)), "usageMetadata"), &u);
    buf_reset(&b->out);
    struct json_writer j = json_writer(&b->out);
    json_begin_object(&j, NULL);
    gemini_usage_put(&j, "usageMetadata", &u);
    json_end_object(&j);
    is_str(buf_str(&b->out), str_from_cz(text), "taken apart again");
}

int main(void)
{
    static struct bench b;
    bench_init(&b, DIALECT_GEMINI);
    reasons();
    counts(&b);
    written(&b);
    bench_fini(&b);
    return tap_done();
}
