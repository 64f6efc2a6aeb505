#include "llm/chat.c"

#include "tap.h"

static struct arena arena;

static void test_blocks(void)
{
    struct block *list = NULL;
    ok(!block_list_has(list, BLOCK_TEXT), "an empty list has nothing");
    is_str(block_list_text(&arena, list, S(" ")), S_EMPTY, "and no text");
    block_add(&list, block_text(&arena, S("one")));
    is_str(block_list_text(&arena, list, S(" ")), S("one"), "one text alone");
    block_add(&list, block_new(&arena, BLOCK_MEDIA));
    block_add(&list, block_text(&arena, S("")));
    block_add(&list, block_text(&arena, S("two")));
    is_str(block_list_text(&arena, list, S("--")), S("one----two"),
           "texts joined, others left out");
    ok(block_list_has(list, BLOCK_MEDIA) && !block_list_has(list, BLOCK_REFUSAL),
       "kinds are found");
    int n = 0;
    for (const struct block *b = list; b; b = b->next)
        n++;
    is_int(n, 4, "all are there");

    struct block *more = block_text(&arena, S("three"));
    block_add(&more, block_text(&arena, S("four")));
    block_add(&list, more);
    block_add(&list, block_text(&arena, S("five")));
    is_str(block_list_text(&arena, list, S(",")), S("one,,two,three,four,five"),
           "a list can be appended whole");
}

static void test_long_lists(void)
{
    enum { MANY = 200000 };
    struct block *list = NULL;
    struct chat c = {0};
    struct reasoning r = {0};
    for (int i = 0; i < MANY; i++) {
        block_add(&list, block_text(&arena, S("x")));
        turn_add(&arena, &c, ROLE_SYSTEM);
        tool_add(&arena, &c, TOOL_FUNCTION);
        reasoning_add(&arena, &r, false, S("r"));
    }
    is_int(c.last_turn->index, MANY - 1, "turns are numbered");
    ok(turn_is_leading(&c, c.last_turn), "the last of many system turns leads");
    is_int(block_list_text(&arena, list, S("")).n, MANY, "long lists take no longer per node");
    is_int(reasoning_text(&arena, &r).n, 3 * MANY - 2, "parts too");
}

static void test_turns(void)
{
    struct chat c = {0};
    static const struct {
        enum role role;
        bool is_leading;
    } cases[] = {
        {ROLE_SYSTEM, true},  {ROLE_DEVELOPER, true},  {ROLE_USER, false},
        {ROLE_SYSTEM, false}, {ROLE_ASSISTANT, false}, {ROLE_DEVELOPER, false},
    };
    const struct turn *turns[ARRAY_LEN(cases)];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        turns[i] = turn_add(&arena, &c, cases[i].role);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ok(turn_is_leading(&c, turns[i]) == cases[i].is_leading, role_name(cases[i].role));
        ok(turns[i]->next == (i + 1 < ARRAY_LEN(cases) ? turns[i + 1] : NULL), "in order");
    }
    ok(c.turns == turns[0], "the first is the first");
    const struct tool *a = tool_add(&arena, &c, TOOL_FUNCTION);
    const struct tool *b = tool_add(&arena, &c, TOOL_SERVER);
    ok(c.tools == a && a->next == b && !b->next && b->kind == TOOL_SERVER, "tools in order");
}

static void test_reasoning(void)
{
    struct reasoning r = {0};
    is_str(reasoning_text(&arena, &r), S_EMPTY, "no parts, no text");
    reasoning_add(&arena, &r, true, S("first"));
    is_str(reasoning_text(&arena, &r), S("first"), "one part");
    reasoning_add(&arena, &r, false, S("second"));
    is_str(reasoning_text(&arena, &r), S("first\n\nsecond"), "two parts");
    ok(r.parts->is_summary && !r.parts->next->is_summary, "each of its kind");
}

static void test_efforts(void)
{
    static const struct {
        int64_t tokens;
        enum effort effort;
    } cases[] = {
        {-1, EFFORT_UNSET},        {0, EFFORT_NONE},       {1, EFFORT_MINIMAL},
        {1448, EFFORT_MINIMAL},    {1449, EFFORT_LOW},     {4095, EFFORT_LOW},
        {4096, EFFORT_MEDIUM},     {11585, EFFORT_MEDIUM}, {11586, EFFORT_HIGH},
        {23170, EFFORT_HIGH},      {23171, EFFORT_XHIGH},  {INT64_MAX, EFFORT_XHIGH},
        {INT64_MIN, EFFORT_UNSET},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        is_int(effort_of_budget(cases[i].tokens), cases[i].effort, "a budget as an effort");
    for (enum effort e = EFFORT_NONE; e <= EFFORT_MAX; e++) {
        is_int(effort_from(str_from_cz(effort_name(e))), e, effort_name(e));
        if (e != EFFORT_MAX)
            is_int(effort_of_budget(effort_budget(e)), e, "there and back");
    }
    is_int(effort_budget(EFFORT_MAX), -1, "as much as there is");
    ok(!effort_name(EFFORT_UNSET), "no name for none");
    is_int(effort_from(S("High")), EFFORT_UNSET, "names are exact");
    is_int(effort_from(S_EMPTY), EFFORT_UNSET, "an empty name is none");
}

int main(void)
{
    arena_init(&arena, 4096, (size_t)1 << 30);
    test_blocks();
    test_long_lists();
    test_turns();
    test_reasoning();
    test_efforts();
    is_str(str_from_cz(role_name(ROLE_TOOL)), S("tool"), "roles have names");
    arena_fini(&arena);
    return tap_done();
}
