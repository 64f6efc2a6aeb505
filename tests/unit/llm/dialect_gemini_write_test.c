/* Settings of other dialects, as this one writes them for a model. */
#include "llm/dialect_gemini_write.c"

#include "gemini_bench.h"

static str body_with(struct bench *b, const char *members)
{
    str body = arena_printf(
        &b->a, "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],%s}",
        members);
    return gemini_from(b, DIALECT_CHAT, body);
}

static void is_member(struct bench *b, const char *members, const char *path, const char *want)
{
    is_str(gemini_member(b, body_with(b, members), path), str_from_cz(want), members);
}

#define CONFIG "generationConfig."

static void settings(struct bench *b)
{
    is_member(b, "\"temperature\":0.70", CONFIG "temperature", "0.70");
    is_member(b, "\"max_tokens\":5", CONFIG "maxOutputTokens", "5");
    is_member(b, "\"n\":2", CONFIG "candidateCount", "2");
    is_member(b, "\"seed\":4294967297", CONFIG "seed", "1");
    ok(gemini_lost(b, "clamped:seed"), "a seed too large");
    is_member(b, "\"stop\":[\"a\",\"\",\"b\",\"c\",\"d\",\"e\",\"f\"]", CONFIG "stopSequences",
              "[\"a\",\"b\",\"c\",\"d\",\"e\"]");
    ok(gemini_lost(b, "clamped:stop"), "too many stops");
    is_member(b, "\"logprobs\":true,\"top_logprobs\":2", CONFIG "logprobs", "2");
    is_member(b, "\"modalities\":[\"text\",\"image\"]", CONFIG "responseModalities",
              "[\"TEXT\",\"IMAGE\"]");
    is_member(b, "\"logit_bias\":{\"1\":2}", "generationConfig", "(absent)");
    ok(gemini_lost(b, "dropped:logit_bias"), "no bias");
    is_member(b, "\"user\":\"u\"", "store", "false");
    is_member(b, "\"store\":true", "store", "true");
    is_member(b, "\"service_tier\":\"flex\"", "serviceTier", "\"flex\"");
    is_member(b, "\"service_tier\":\"default\"", "serviceTier", "\"standard\"");
    b->can.sampling = SAMPLING_NONE;
    is_member(b, "\"temperature\":1,\"top_p\":1", "generationConfig", "(absent)");
    ok(gemini_lost(b, "dropped:temperature"), "a model that refuses sampling");
    b->can.sampling = SAMPLING_ALL;
}

static void on_vertex(struct bench *b)
{
    struct chat c = {.origin = DIALECT_CHAT, .sampling.top_logprobs = -1};
    c.reasoning.budget_tokens = -1;
    c.state.store = YES;
    block_add(&turn_add(&b->a, &c, ROLE_USER)->blocks, block_text(&b->a, S("q")));
    struct writing w = bench_writing(b);
    w.envelope = S("vertex");
    losses_init(&b->loss, &b->a);
    buf_reset(&b->out);
    is_int(gemini_write_request(&w, &c, &b->out), 0, "for Vertex");
    is_str(gemini_member(b, buf_str(&b->out), "store"), S("(absent)"), "which has no store");
    ok(gemini_lost(b, "dropped:store"), "and that is said");
}

static void thinking(struct bench *b)
{
    b->can.efforts = 0;
    b->can.thinking = 1u << THINKING_ON | 1u << THINKING_OFF;
    is_member(b, "\"reasoning_effort\":\"low\"", CONFIG "thinkingConfig",
              "{\"thinkingBudget\":2048,\"includeThoughts\":true}");
    is_member(b, "\"reasoning_effort\":\"none\"", CONFIG "thinkingConfig",
              "{\"thinkingBudget\":0}");
    is_member(b, "\"reasoning_effort\":\"xhigh\"", CONFIG "thinkingConfig.thinkingBudget", "24576");
    b->can.thinking = 1u << THINKING_ON;
    is_member(b, "\"reasoning_effort\":\"none\"", CONFIG "thinkingConfig.thinkingBudget", "128");
    ok(gemini_lost(b, "clamped:reasoning_effort"), "a model that cannot but think");
    b->can.thinking = 1u << THINKING_ADAPTIVE;
    b->can.efforts = 1u << EFFORT_LOW | 1u << EFFORT_HIGH;
    is_member(b, "\"reasoning_effort\":\"medium\"", CONFIG "thinkingConfig.thinkingLevel",
              "\"LOW\"");
    is_member(b, "\"reasoning_effort\":\"xhigh\"", CONFIG "thinkingConfig.thinkingLevel",
              "\"HIGH\"");
    is_member(b, "\"reasoning_effort\":\"none\"", CONFIG "thinkingConfig.thinkingLevel", "\"LOW\"");
    b->can.efforts = b->can.thinking = 0;
    is_member(b, "\"reasoning_effort\":\"high\"", "generationConfig", "(absent)");
    ok(gemini_lost(b, "dropped:reasoning_effort"), "a model that does not think");
    is_str(gemini_member(b,
                         gemini_from(b, DIALECT_ANTHROPIC,
                                     S("{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":"
                                       "\"user\",\"content\":\"q\"}]}")),
                         CONFIG "thinkingConfig"),
           S("(absent)"), "nothing asked, nothing written");
}

static void formats(struct bench *b)
{
    b->can.schema = SCHEMA_GEMINI_JSON;
    is_member(b, "\"response_format\":{\"type\":\"json_object\"}", CONFIG "responseMimeType",
              "\"application/json\"");
    is_member(b,
              "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\","
              "\"schema\":{\"type\":\"string\"}}}",
              CONFIG "responseJsonSchema", "{\"type\":\"string\"}");
}

int main(void)
{
    static struct bench b;
    bench_init(&b, DIALECT_GEMINI);
    settings(&b);
    on_vertex(&b);
    thinking(&b);
    formats(&b);
    bench_fini(&b);
    return tap_done();
}
