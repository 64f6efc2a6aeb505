/* Settings and tools as the intermediate form has them. */
#include "llm/dialect_gemini_config.c"

#include "llm/carry.h"

#include "gemini_bench.h"

static struct chat *chat_with(struct bench *b, const char *members)
{
    return bench_chat(b, arena_printf(&b->a, "{\"contents\":[],%s}", members));
}

static void numbers(struct bench *b)
{
    struct chat *c =
        chat_with(b, "\"generationConfig\":{\"temperature\":1.0,\"topK\":40,\"seed\":7,"
                     "\"candidateCount\":2,\"responseLogprobs\":true,\"logprobs\":3,"
                     "\"maxOutputTokens\":100,\"stopSequences\":[\"a\",\"b\"],"
                     "\"responseModalities\":[\"TEXT\",\"IMAGE\"]}");
    is_str(c->sampling.temperature, S("1.0"), "a number as it was written");
    is_str(c->sampling.top_k, S("40"), "topK");
    is_int(c->sampling.n, 2, "candidates");
    is_int(c->sampling.top_logprobs, 3, "logprobs");
    is_int(c->n_stop, 2, "stop sequences");
    is_str(setting_name(c, SETTING_MAX_OUTPUT), S("generationConfig.maxOutputTokens"), "the name");
    is_str(ir_text(&b->a, c->output.modalities), S("[\"text\",\"image\"]"), "modalities");
    ok(!chat_with(b, "\"generationConfig\":{\"candidateCount\":0}"), "no candidate at all");
    ok(!chat_with(b, "\"generationConfig\":{\"stopSequences\":[1]}"), "a stop that is no string");
    ok(!chat_with(b, "\"generationConfig\":{\"temperature\":\"1\"}"), "a number that is none");
    is_str(b->err.param, S("generationConfig.temperature"), "and its name");
}

static void thinking(struct bench *b)
{
    struct chat *c =
        chat_with(b, "\"generationConfig\":{\"thinkingConfig\":{\"thinkingBudget\":0}}");
    ok(c->reasoning.thinking == THINKING_OFF, "0 is off");
    c = chat_with(b, "\"generationConfig\":{\"thinkingConfig\":{\"thinkingBudget\":-1,"
                     "\"includeThoughts\":true}}");
    ok(c->reasoning.thinking == THINKING_ADAPTIVE && c->reasoning.included == YES, "-1 is dynamic");
    c = chat_with(b, "\"generationConfig\":{\"thinkingConfig\":{\"thinkingLevel\":\"HIGH\"}}");
    ok(c->reasoning.effort == EFFORT_HIGH, "a level is an effort");
}

static void formats(struct bench *b)
{
    struct chat *c =
        chat_with(b, "\"generationConfig\":{\"responseMimeType\":\"application/json\"}");
    ok(c->output.format == FORMAT_JSON, "any JSON");
    c = chat_with(b, "\"generationConfig\":{\"responseMimeType\":\"application/json\","
                     "\"responseSchema\":{\"type\":\"OBJECT\"}}");
    ok(c->output.format == FORMAT_SCHEMA && c->output.schema, "a schema");
    c = chat_with(b, "\"generationConfig\":{\"responseJsonSchema\":{\"type\":\"object\"}}");
    ok(c->output.format == FORMAT_SCHEMA && c->output.schema, "a JSON schema");
}

static enum choice_mode mode_of(struct bench *b, const char *config)
{
    return chat_with(
               b,
               arena_printf(&b->a, "\"toolConfig\":{\"functionCallingConfig\":%s}%c", config, 0).p)
        ->choice.mode;
}

static void tools(struct bench *b)
{
    struct chat *c = chat_with(
        b, "\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\",\"parameters\":{\"type\":"
           "\"OBJECT\"}},{\"name\":\"g\",\"parameters_json_schema\":{}}]},{\"googleSearch\":{}}]");
    ok(c->tools->schema && c->tools->next->schema, "both kinds of schemas");
    ok(c->tools->next->next->kind == TOOL_SERVER, "a tool of the API's own");
    is_str(c->tools->next->next->type, S("googleSearch"), "its name");
    ok(!chat_with(b, "\"tools\":[{\"functionDeclarations\":[{}]}]"), "a function without a name");
    ok(!chat_with(b, "\"tools\":[1]"), "a tool that is none");
    is_int(mode_of(b, "{\"mode\":\"AUTO\"}"), CHOICE_AUTO, "AUTO");
    is_int(mode_of(b, "{\"mode\":\"NONE\"}"), CHOICE_NONE, "NONE");
    is_int(mode_of(b, "{\"mode\":\"ANY\"}"), CHOICE_REQUIRED, "ANY");
    is_int(mode_of(b, "{\"mode\":\"ANY\",\"allowedFunctionNames\":[\"f\"]}"), CHOICE_NAMED, "one");
    is_int(mode_of(b, "{\"mode\":\"ANY\",\"allowed_function_names\":[\"f\",\"g\"]}"),
           CHOICE_ALLOWED, "some");
    is_int(mode_of(b, "{\"mode\":\"VALIDATED\"}"), CHOICE_AUTO, "VALIDATED");
    is_int(mode_of(b, "{\"mode\":\"LATER\"}"), CHOICE_UNSET, "one that is not known");
}

static void lists(struct bench *b)
{
    static const struct {
        const char *tools;
        bool is_canonical;
    } cases[] = {
        {"[{\"functionDeclarations\":[{\"name\":\"f\"}]},{\"googleSearch\":{}}]", true},
        {"[{\"googleSearch\":{},\"functionDeclarations\":[]}]", false},
        {"[{\"functionDeclarations\":[]}]", false},
        {"[{\"function_declarations\":[{}]}]", false},
        {"[{\"functionDeclarations\":[{}]},{\"functionDeclarations\":[{}]}]", false},
        {"[{\"googleSearch\":null}]", false},
        {"[]", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ok(is_canonical(bench_json(b, str_from_cz(cases[i].tools))) == cases[i].is_canonical,
           cases[i].tools);
}

int main(void)
{
    static struct bench b;
    bench_init(&b, DIALECT_GEMINI);
    numbers(&b);
    thinking(&b);
    formats(&b);
    tools(&b);
    lists(&b);
    bench_fini(&b);
    return tap_done();
}
