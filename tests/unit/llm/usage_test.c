#include "llm/usage.c"

#include "printable.h"
#include "tap.h"

static struct arena arena;

static void is_usage(const struct usage *u, const int64_t want[4], const char *what)
{
    bool same = u->input_tokens == want[0] && u->output_tokens == want[1] &&
                u->cached_tokens == want[2] && u->reasoning_tokens == want[3];
    ok(same, what);
    if (!same)
        printf("# input %lld, output %lld, cached %lld, reasoning %lld\n",
               (long long)u->input_tokens, (long long)u->output_tokens, (long long)u->cached_tokens,
               (long long)u->reasoning_tokens);
}

static void test_reading(void)
{
    static const struct {
        str object;
        int64_t want[4]; /* input, output, cached, reasoning */
    } cases[] = {
        {S("{}"), {-1, -1, -1, -1}},
        {S("{\"prompt_tokens\":9,\"completion_tokens\":12,\"total_tokens\":21}"), {9, 12, -1, -1}},
        {S("{\"input_tokens\":9,\"output_tokens\":12,\"total_tokens\":21}"), {9, 12, -1, -1}},
        {S("{\"prompt_tokens\":9,\"prompt_tokens_details\":{\"cached_tokens\":4,\"audio_tokens\":1}"
           ","
           "\"completion_tokens\":2,\"completion_tokens_details\":{\"reasoning_tokens\":1}}"),
         {9, 2, 4, 1}},
        {S("{\"input_tokens\":9,\"input_tokens_details\":{\"cached_tokens\":4},"
           "\"output_tokens\":2,\"output_tokens_details\":{\"reasoning_tokens\":1}}"),
         {9, 2, 4, 1}},
        {S(" { \"prompt\\u005ftokens\" : 9 , \"prompt_tokens_details\" : { \"cached_tokens\" : 4 } "
           "} "),
         {9, -1, 4, -1}},
        {S("{\"prompt_tokens\":0,\"completion_tokens\":0}"), {0, 0, -1, -1}},
        {S("{\"prompt_tokens\":9223372036854775807}"), {INT64_MAX, -1, -1, -1}},
        {S("{\"prompt_tokens\":9223372036854775808}"), {-1, -1, -1, -1}},
        {S("{\"prompt_tokens\":-1,\"completion_tokens\":-5}"), {-1, -1, -1, -1}},
        {S("{\"prompt_tokens\":1.5,\"completion_tokens\":1e3}"), {-1, -1, -1, -1}},
        {S("{\"prompt_tokens\":\"9\",\"completion_tokens\":null}"), {-1, -1, -1, -1}},
        {S("{\"prompt_tokens\":[9],\"completion_tokens\":{\"n\":9}}"), {-1, -1, -1, -1}},
        {S("{\"prompt_tokens\":9,\"prompt_tokens_details\":null,"
           "\"completion_tokens_details\":[1]}"),
         {9, -1, -1, -1}},
        {S("{\"prompt_tokens_details\":{},\"completion_tokens_details\":{\"reasoning_tokens\":null}"
           "}"),
         {-1, -1, -1, -1}},
        {S("{\"Prompt_Tokens\":9,\"cached_tokens\":4,\"reasoning_tokens\":4}"), {-1, -1, 4, -1}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct usage u = USAGE_NONE;
        usage_read_openai(&arena, cases[i].object, &u);
        is_usage(&u, cases[i].want, printable(cases[i].object));
    }
}

static void test_later_reports(void)
{
    struct usage u = USAGE_NONE;
    ok(!usage_is_known(&u), "nothing is known at first");
    usage_read_openai(&arena, S("{\"prompt_tokens\":9}"), &u);
    ok(usage_is_known(&u), "one field is something");
    usage_read_openai(&arena, S("{\"prompt_tokens\":null,\"completion_tokens\":3}"), &u);
    is_usage(&u, (const int64_t[]){9, 3, -1, -1}, "what is not said again stays");
    usage_read_openai(&arena, S("{\"prompt_tokens\":10,\"completion_tokens\":4}"), &u);
    is_usage(&u, (const int64_t[]){10, 4, -1, -1}, "what is said again is the newer");
    u = USAGE_NONE;
    usage_read_openai(&arena, S("{\"completion_tokens\":0}"), &u);
    ok(usage_is_known(&u), "zero is known");
}

int main(void)
{
    arena_init(&arena, 0, (size_t)1 << 20);
    test_reading();
    test_later_reports();
    arena_fini(&arena);
    return tap_done();
}
