/* Names in two spellings, and what is kept of them. */
#include "llm/dialect_gemini_members.c"

#include "gemini_bench.h"

#define KEYS(X)                                                                                    \
    X(KEY_ONE, "one", "one")                                                                       \
    X(KEY_TWO, "twoWords", "two_words")
enum { KEYS(GEMINI_INDEX) N_KEYS };
GEMINI_KEYS(keys, KEYS);

static int read_keys(struct bench *b, int code, const char *text, const struct json **m,
                     struct extras *extras, struct extras *verbatim)
{
    struct reading r = bench_reading(b, code);
    *verbatim = (struct extras){.origin = 0};
    return GEMINI_READ(&r, bench_json(b, str_from_cz(text)), keys, m, extras, verbatim);
}

static void spellings(struct bench *b)
{
    const struct json *m[2 * N_KEYS];
    struct extras extras, verbatim;
    is_int(read_keys(b, 0, "{\"two_words\":1,\"x\":2}", m, &extras, &verbatim), 0, "snake_case");
    is_str(json_number(m[KEY_TWO]), S("1"), "is read");
    ok(gemini_is_kept(&verbatim, "twoWords") && !gemini_is_kept(&verbatim, "one"), "and kept");
    ok(extras_find(&extras, S("x")) && !extras_find(&extras, S("two_words")), "extras are others");
    ok(read_keys(b, 0, "{\"two_words\":1,\"twoWords\":1}", m, &extras, &verbatim) < 0, "not both");
    ok(read_keys(b, -E_PROVIDER_BODY, "{\"two_words\":1,\"twoWords\":2}", m, &extras, &verbatim) ==
           0,
       "a provider may");
    ok(read_keys(b, 0, "[]", m, &extras, &verbatim) < 0, "no object");
}

static void names(void)
{
    ok(same_name("topP", S("top_p")) && same_name("topP", S("topP")), "two spellings");
    ok(!same_name("topP", S("top_")) && !same_name("topP", S("topp")), "no others");
    ok(!same_name("topP", S("top_p_")) && !same_name("topP", S("to")), "of another length");
    ok(same_name("a", S("a")) && !same_name("a", S("")), "short ones");
}

static void lists(struct bench *b)
{
    static const struct {
        const char *text;
        size_t n;
    } cases[] = {{"[1,2]", 2}, {"[]", 0}, {"{\"a\":1}", 1}, {"\"s\"", 1}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct json *v = bench_json(b, str_from_cz(cases[i].text));
        struct json_iter it = gemini_list(v);
        size_t n = 0;
        while (gemini_list_next(&it, v))
            n++;
        is_int(n, cases[i].n, cases[i].text);
    }
    struct json_iter none = gemini_list(NULL);
    ok(!gemini_list_next(&none, NULL), "no list at all");
}

static void losses(struct bench *b)
{
    struct extras e = {.origin = DIALECT_CHAT};
    struct writing w = bench_writing(b);
    extras_add(&b->a, &e, S("a"), bench_json(b, S("1")));
    extras_add(&b->a, &e, S("b"), bench_json(b, S("null")));
    gemini_lose_extras(&w, &e, "tools.");
    is_str(losses_text(&b->loss, &b->a), S("dropped:tools.a"), "null asks for nothing");
    e.origin = DIALECT_GEMINI;
    losses_init(&b->loss, &b->a);
    gemini_lose_extras(&w, &e, "tools.");
    is_int(b->loss.n, 0, "its own are not lost");
}

int main(void)
{
    static struct bench b;
    bench_init(&b, DIALECT_GEMINI);
    spellings(&b);
    names();
    lists(&b);
    losses(&b);
    bench_fini(&b);
    return tap_done();
}
