#include "llm/capability.c"

#include "tap.h"

static void test_patterns(void)
{
    static const struct {
        const char *pattern, *model;
        bool matches;
    } cases[] = {
        {"*", "", true},
        {"*", "a", true},
        {"", "", true},
        {"", "a", false},
        {"a", "a", true},
        {"a", "A", true},
        {"a", "ab", false},
        {"a*", "a", true},
        {"a*", "abc", true},
        {"*c", "abc", true},
        {"*c", "abcd", false},
        {"a*c", "abcbc", true},
        {"a*b*c", "a1b2b3c", true},
        {"a*b*c", "acb", false},
        {"*b*", "abc", true},
        {"**", "x", true},
        {"a**", "a", true},
        {"*a*a*", "a", false},
        {"gpt-5*-pro*", "gpt-5.2-pro-2026", true},
        {"gpt-5*-pro*", "gpt-5-chat", false},
        {"gpt-#*", "gpt-10-x", true},
        {"gpt-#*", "gpt-real", false},
        {"*#", "a1b2", true},
        {"#", "", false},
        {"*embed*", "text-EMBEDding-3", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ok(capability_matches(cases[i].pattern, str_from_cz(cases[i].model)) == cases[i].matches,
           cases[i].pattern);
}

static struct capability of(enum dialect_id dialect, const char *model)
{
    return capability_find(NULL, 0, (uint8_t)dialect, str_from_cz(model), 0);
}

static bool is_same(struct capability a, struct capability b)
{
    return a.call == b.call && a.sampling == b.sampling && a.efforts == b.efforts &&
           a.thinking == b.thinking && a.choices == b.choices && a.schema == b.schema &&
           a.max_output == b.max_output && a.can == b.can;
}

static void test_rules(void)
{
    is_int(of(DIALECT_CHAT, "o3-pro").call, CALL_RESPONSES, "Responses only");
    is_int(of(DIALECT_CHAT, "gpt-audio-x").call, CALL_CHAT, "chat completions only");
    is_int(of(DIALECT_CHAT, "gpt-4o").call, CALL_ANY, "either");
    ok((of(DIALECT_CHAT, "gpt-4o").can & CAN_STOP) != 0, "gpt-4o stops");
    ok((of(DIALECT_CHAT, "o3").can & CAN_STOP) == 0, "o3 does not");
    is_int(of(DIALECT_CHAT, "o1").sampling, SAMPLING_NONE, "no sampling with o1");
    ok(is_same(of(DIALECT_CHAT, "gpt-9"), of(DIALECT_CHAT, "gpt-10-x")), "unseen ones are alike");
    is_int(of(DIALECT_CHAT, "gpt-9").call, CALL_TOOLS_ON_RESPONSES, "and like the newest");
    is_int(of(DIALECT_CHAT, "gpt-mine").call, CALL_ANY, "what is no version is anybody's");
    is_int(of(DIALECT_CHAT, "mistral-large").sampling, SAMPLING_ALL, "other vendors take all");
    ok(is_same(of(DIALECT_ANTHROPIC, "claude-opus-77"), of(DIALECT_ANTHROPIC, "claude-opus-88")),
       "an unseen Claude is like the newest");
    is_int(of(DIALECT_ANTHROPIC, "claude-opus-77").schema, SCHEMA_ANTHROPIC, "in its schema too");
}

static void test_fallbacks(void)
{
    bool is_any = true;
    for (enum dialect_id d = 0; d < DIALECT_COUNT; d++)
        is_any = is_any && of(d, "no model has this name").pattern != NULL;
    ok(is_any, "every dialect has a rule for any name");
    static const struct capability own[] = {{.pattern = "my-*", .max_output = 7},
                                            {.pattern = "gpt-4o", .max_output = 8}};
    struct capability c = capability_find(own, 2, DIALECT_CHAT, S("My-model"), CAN_RANDOM_SEED);
    is_int(c.max_output, 7, "the operator's rows come first");
    is_int(c.can, CAN_RANDOM_SEED, "the vendor's bits are added");
    is_int(capability_find(own, 2, DIALECT_CHAT, S("gpt-4o"), 0).max_output, 8, "the second");
    is_int(capability_find(own, 2, DIALECT_CHAT, S("gpt-4"), 0).max_output, -1, "none of them");
    ok((capability_find(NULL, 0, DIALECT_CHAT, S("gpt-4o"), CAN_SHORT_IDS).can & CAN_SHORT_IDS) !=
           0,
       "bits are added to known rules");
}

int main(void)
{
    test_patterns();
    test_rules();
    test_fallbacks();
    return tap_done();
}
