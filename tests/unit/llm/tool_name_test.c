#include "llm/tool_name.c"

#include "tap.h"

static struct arena arena;

static const struct name_rule *const rules[] = {
    &name_rule_openai, &name_rule_anthropic, &name_rule_gemini, &name_rule_bedrock,
    &id_rule_openai,   &id_rule_anthropic,   &id_rule_mistral,
};

static void test_fitting_names_stay(void)
{
    static const struct {
        const struct name_rule *rule;
        str name;
    } cases[] = {
        {&name_rule_openai, S("get_weather-2")},
        {&name_rule_openai, S("0")},
        {&name_rule_gemini, S("_a.b:c-d")},
        {&name_rule_anthropic, S("mcp__github__create_issue")},
        {&id_rule_openai, S("call_1|fc:2 #$~")},
        {&id_rule_anthropic, S("toolu_01A09q90qw90lq917835lq9")},
        {&id_rule_mistral, S("D681PevKs")},
        {&id_rule_mistral, S("")},
        {&name_rule_gemini, S("")},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str fitted = name_fit(&arena, cases[i].rule, S_EMPTY, cases[i].name);
        ok(fitted.p == cases[i].name.p && fitted.n == cases[i].name.n, "a name that fits");
    }
    is_str(name_fit(&arena, &name_rule_openai, S("crm"), S("find")), S("crm__find"), "a space");
}

static void test_mangled(void)
{
    static const struct {
        const struct name_rule *rule;
        str name, begin;
        size_t n;
    } cases[] = {
        {&name_rule_openai, S("files.read"), S("files_read_"), 10 + 9},
        {&name_rule_openai, S("a b\xc3\xa9/"), S("a_b____"), 6 + 9},
        {&name_rule_openai, S("nul\0"), S("nul__"), 4 + 9},
        {&name_rule_gemini, S("2fast"), S("_2fast_"), 6 + 9},
        {&name_rule_gemini, S("-x"), S("_-x_"), 3 + 9},
        {&name_rule_gemini, S(" x"), S("_x_"), 2 + 9},
        {&id_rule_anthropic, S("call|1"), S("call_1_"), 6 + 9},
        {&id_rule_mistral, S("call_0123456789"), S(""), 9},
        {&id_rule_mistral, S("abc"), S(""), 9},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str fitted = name_fit(&arena, cases[i].rule, S_EMPTY, cases[i].name);
        ok(str_has_prefix(fitted, cases[i].begin), "begins as it did");
        is_int(fitted.n, cases[i].n, "and has this length");
        ok(is_fit(cases[i].rule, fitted), "and fits");
        str again = name_fit(&arena, cases[i].rule, S_EMPTY, cases[i].name);
        is_str(again, fitted, "the same every time");
        again = name_fit(&arena, cases[i].rule, S_EMPTY, fitted);
        ok(again.p == fitted.p, "fitting it again changes nothing");
    }
}

/* Every byte as first and as second letter, and every length, fits each rule afterwards. */
static void test_everything_fits(void)
{
    char name[300];
    bool fits = true;
    for (size_t r = 0; r < ARRAY_LEN(rules); r++) {
        for (int c = 0; c < 256; c++) {
            name[0] = (char)c;
            name[1] = (char)(255 - c);
            fits &= is_fit(rules[r], name_fit(&arena, rules[r], S_EMPTY, str_of(name, 2)));
        }
        memset(name, '7', sizeof name);
        for (size_t n = 1; n <= sizeof name; n++)
            fits &= is_fit(rules[r], name_fit(&arena, rules[r], S_EMPTY, str_of(name, n)));
        for (size_t n = 1; n <= sizeof name; n++)
            fits &= is_fit(rules[r], name_fit(&arena, rules[r], S("a space"), str_of(name, n)));
    }
    ok(fits, "whatever comes fits");
}

static void test_kept_apart(void)
{
    str a = name_fit(&arena, &name_rule_openai, S_EMPTY, S("files.read"));
    str b = name_fit(&arena, &name_rule_openai, S_EMPTY, S("files/read"));
    ok(!str_eq(a, b), "names that look alike");
    char name[200];
    memset(name, 'x', sizeof name);
    a = name_fit(&arena, &name_rule_openai, S_EMPTY, str_of(name, 199));
    b = name_fit(&arena, &name_rule_openai, S_EMPTY, str_of(name, 200));
    ok(a.n == 64 && b.n == 64 && !str_eq(a, b), "names that begin alike");
}

static void test_restore(void)
{
    struct chat c = {0};
    struct tool tools[] = {
        {.kind = TOOL_SERVER, .type = S("web_search")},
        {.name = S("files.read"), .next = NULL},
        {.name = S("find"), .space = S("crm")},
        {.name = S("find")},
    };
    for (size_t i = 0; i + 1 < ARRAY_LEN(tools); i++)
        tools[i].next = &tools[i + 1];
    c.tools = tools;
    for (size_t i = 1; i < ARRAY_LEN(tools); i++) {
        str fitted = name_fit(&arena, &name_rule_openai, tools[i].space, tools[i].name);
        ok(name_restore(&c, &name_rule_openai, fitted) == &tools[i], "its tool is found");
    }
    ok(!name_restore(&c, &name_rule_openai, S("files.read")), "not under its own name");
    ok(!name_restore(&c, &name_rule_openai, S("")), "and nothing under none");
    c.tools = NULL;
    ok(!name_restore(&c, &name_rule_openai, S("find")), "nor without tools");
}

int main(void)
{
    arena_init(&arena, 0, SIZE_MAX / 2);
    test_fitting_names_stay();
    test_mangled();
    test_everything_fits();
    test_kept_apart();
    test_restore();
    arena_fini(&arena);
    return tap_done();
}
