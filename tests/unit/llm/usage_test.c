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
        {S("{\"Prompt_Tokens\":9,\"cached_tokens\":4}"), {-1, -1, 4, -1}},
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

static void test_details(void)
{
    struct usage u = USAGE_NONE;
    usage_read_openai(&arena,
                      S("{\"prompt_tokens\":50,\"completion_tokens\":20,\"total_tokens\":70,"
                        "\"prompt_tokens_details\":{\"cached_tokens\":1,\"cache_write_tokens\":2,"
                        "\"audio_tokens\":3,\"image_tokens\":4,\"text_tokens\":5},"
                        "\"completion_tokens_details\":{\"reasoning_tokens\":6,\"audio_tokens\":7,"
                        "\"image_tokens\":8,\"text_tokens\":9,\"accepted_prediction_tokens\":10,"
                        "\"rejected_prediction_tokens\":11},"
                        "\"server_tool_use\":{\"web_search_requests\":12}}"),
                      &u);
    is_int(u.cache_write_tokens, 2, "cache writes");
    is_int(u.input_audio_tokens, 3, "sound read");
    is_int(u.input_image_tokens, 4, "pictures read");
    is_int(u.input_text_tokens, 5, "text read");
    is_int(u.output_audio_tokens, 7, "sound written");
    is_int(u.output_image_tokens, 8, "pictures written");
    is_int(u.output_text_tokens, 9, "text written");
    is_int(u.accepted_prediction_tokens, 10, "predictions taken");
    is_int(u.rejected_prediction_tokens, 11, "predictions refused");
    is_int(u.searches, 12, "searches");
    is_int(u.tool_input_tokens, -1, "what was not said is not known");
    is_int(usage_uncached(&u), 47, "the input without its cached parts");
}

static void test_vendors(void)
{
    static const struct {
        str object;
        int64_t want[4];
    } cases[] = {
        /* DeepSeek */
        {S("{\"prompt_tokens\":339,\"completion_tokens\":83,\"total_tokens\":422,"
           "\"prompt_cache_hit_tokens\":320,\"prompt_cache_miss_tokens\":19}"),
         {339, 83, 320, -1}},
        /* Mistral; its details win */
        {S("{\"prompt_tokens\":9,\"num_cached_tokens\":3}"), {9, -1, 3, -1}},
        {S("{\"num_cached_tokens\":3,\"prompt_tokens_details\":{\"cached_tokens\":0}}"),
         {-1, -1, 0, -1}},
        /* SGLang, Perplexity */
        {S("{\"completion_tokens\":9,\"reasoning_tokens\":3}"), {-1, 9, -1, 3}},
        {S("{\"completion_tokens_details\":{\"reasoning_tokens\":2},\"reasoning_tokens\":0}"),
         {-1, -1, -1, 2}},
        /* xAI: reasoning beside the completion, as its total tells */
        {S("{\"prompt_tokens\":12,\"completion_tokens\":1,\"total_tokens\":303,"
           "\"completion_tokens_details\":{\"reasoning_tokens\":290}}"),
         {12, 291, -1, 290}},
        {S("{\"prompt_tokens\":12,\"completion_tokens\":291,\"total_tokens\":303,"
           "\"completion_tokens_details\":{\"reasoning_tokens\":290}}"),
         {12, 291, -1, 290}},
        {S("{\"prompt_tokens\":12,\"completion_tokens\":1,\"total_tokens\":13,"
           "\"completion_tokens_details\":{\"reasoning_tokens\":0}}"),
         {12, 1, -1, 0}},
        {S("{\"prompt_tokens\":9223372036854775807,\"completion_tokens\":9223372036854775807,"
           "\"total_tokens\":9223372036854775807,"
           "\"completion_tokens_details\":{\"reasoning_tokens\":9223372036854775807}}"),
         {INT64_MAX, INT64_MAX, -1, INT64_MAX}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct usage u = USAGE_NONE;
        usage_read_openai(&arena, cases[i].object, &u);
        is_usage(&u, cases[i].want, printable(cases[i].object));
    }
    struct usage u = USAGE_NONE;
    usage_read_openai(&arena, S("{\"num_search_queries\":2}"), &u);
    is_int(u.searches, 2, "Perplexity's searches");
}

static void test_updates(void)
{
    struct usage u = USAGE_NONE;
    struct usage newer = USAGE_NONE;
    usage_update(&u, &newer);
    ok(memcmp(&u, &newer, sizeof(u)) == 0, "nothing known changes nothing");
    int64_t *fields = (int64_t *)&newer;
    for (size_t i = 0; i < USAGE_FIELDS; i++)
        fields[i] = (int64_t)i;
    usage_update(&u, &newer);
    ok(memcmp(&u, &newer, sizeof(u)) == 0, "every field is taken, zero too");
    newer = USAGE_NONE;
    usage_update(&u, &newer);
    is_int(u.searches, USAGE_FIELDS - 1, "what is not said again stays");
}

static void test_uncached(void)
{
    struct usage u = USAGE_NONE;
    is_int(usage_uncached(&u), -1, "of nothing");
    u.input_tokens = 10;
    is_int(usage_uncached(&u), 10, "no caches known");
    u.cached_tokens = 4;
    u.cache_write_tokens = 3;
    is_int(usage_uncached(&u), 3, "without both");
    u.cached_tokens = INT64_MAX;
    is_int(usage_uncached(&u), 0, "never less than none");
}

int main(void)
{
    arena_init(&arena, 0, (size_t)1 << 20);
    test_reading();
    test_later_reports();
    test_details();
    test_vendors();
    test_updates();
    test_uncached();
    arena_fini(&arena);
    return tap_done();
}
