/* Tools of other dialects, as this one writes them. */
#include "llm/dialect_gemini_tools.c"

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

static void tools(struct bench *b)
{
    const char *list =
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a b\",\"parameters\":{\"type\":"
        "\"object\",\"properties\":{}}}},{\"type\":\"function\",\"function\":{\"name\":\"g\","
        "\"description\":\"d\",\"parameters\":{\"type\":\"object\",\"properties\":{\"x\":{\"type\":"
        "\"string\"}}}}}]";
    str got = body_with(b, list);
    str name = gemini_member(b, got, "tools.0.functionDeclarations.0.name");
    ok(str_has_prefix(name, S("\"a_b_")), "a name that fits");
    is_str(gemini_member(b, got, "tools.0.functionDeclarations.0.parametersJsonSchema"),
           S("(absent)"), "no schema for no arguments");
    b->can.schema = SCHEMA_GEMINI_JSON;
    ok(gemini_member(b, got, "tools.0.functionDeclarations.1.parametersJsonSchema").n > 10,
       "a JSON schema");
    b->can.schema = SCHEMA_GEMINI_OPENAPI;
    got = body_with(b, list);
    ok(gemini_member(b, got, "tools.0.functionDeclarations.1.parameters").n > 10,
       "a schema of OpenAPI's kind");
    got = body_with(b, arena_printf(&b->a,
                                    "%s,\"tool_choice\":{\"type\":\"function\",\"function\":"
                                    "{\"name\":\"g\"}}%c",
                                    list, 0)
                           .p);
    is_str(gemini_member(b, got, "toolConfig.functionCallingConfig"),
           S("{\"mode\":\"ANY\",\"allowedFunctionNames\":[\"g\"]}"), "the one that must be called");
    is_member(b, "\"tool_choice\":\"required\"", "toolConfig", "(absent)");
    str foreign =
        S("{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":"
          "\"q\"}],\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}]}");
    is_str(gemini_member(b, gemini_from(b, DIALECT_ANTHROPIC, foreign), "tools"),
           S("[{\"googleSearch\":{}}]"), "a search is a search");
    foreign = S("{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":"
                "\"q\"}],\"tools\":[{\"type\":\"bash_20250124\",\"name\":\"bash\"}]}");
    is_int(gemini_from(b, DIALECT_ANTHROPIC, foreign).n, 0, "any other server tool is refused");
}

/* Free text goes as a string, functions and server tools each to their own element. */
static void kinds(struct bench *b)
{
    struct chat c = {.origin = DIALECT_RESPONSES, .sampling.top_logprobs = -1};
    c.reasoning.budget_tokens = -1;
    block_add(&turn_add(&b->a, &c, ROLE_USER)->blocks, block_text(&b->a, S("q")));
    tool_add(&b->a, &c, TOOL_CUSTOM)->name = S("free");
    tool_add(&b->a, &c, TOOL_SERVER)->type = S("web_search");
    tool_add(&b->a, &c, TOOL_FUNCTION)->name = S("f");
    is_str(gemini_member(b, bench_request(b, &c), "tools"),
           S("[{\"functionDeclarations\":[{\"name\":\"free\",\"parameters\":{\"type\":\"object\","
             "\"properties\":{\"input\":{\"type\":\"string\"}},\"required\":[\"input\"]}}]},"
             "{\"googleSearch\":{}},{\"functionDeclarations\":[{\"name\":\"f\"}]}]"),
           "in their order");
    ok(gemini_lost(b, "emulated:tools.custom"), "free text is emulated");
}

int main(void)
{
    static struct bench b;
    bench_init(&b, DIALECT_GEMINI);
    tools(&b);
    kinds(&b);
    bench_fini(&b);
    return tap_done();
}
