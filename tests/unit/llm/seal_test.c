#include "llm/seal.c"

#include "tap.h"

static struct arena arena;

static bool same_seal(const struct seal *a, const struct seal *b)
{
    return a->kind == b->kind && a->family == b->family && str_eq(a->provider, b->provider) &&
           str_eq(a->model, b->model) && str_eq(a->value, b->value);
}

static const struct seal seals[] = {
    {SEAL_SIGNATURE, FAMILY_ANTHROPIC, S("anthropic"), S("claude-opus-4-1"), S("EqQBCkYIBRgC")},
    {SEAL_REDACTED, FAMILY_ANTHROPIC, S("bedrock"), S(""), S("EmwKAhgBEgy3va3pzix")},
    {SEAL_SIGNATURE, FAMILY_GEMINI, S("gemini"), S("gemini-3-pro"), S("AY89a1/+==")},
    {SEAL_SIGNATURE, FAMILY_OPENAI, S("openai"), S("gpt-5"), S("gAAAAABo")},
    {SEAL_SIGNATURE, FAMILY_OTHER, S(""), S(""), S("\0\1\xff binary")},
    {SEAL_SIGNATURE, FAMILY_UNKNOWN, S("x"), S("y"), S("z")},
};

static void test_round_trip(void)
{
    for (size_t i = 0; i < ARRAY_LEN(seals); i++) {
        str text = seal_wrap(&arena, &seals[i]);
        ok(str_has_prefix(text, S(SEAL_MAGIC)), "a wrapped seal is known by its first letters");
        str bytes;
        ok(base64_decode(&arena, text, &bytes), "and is base64");
        struct seal s = seal_unwrap(&arena, text, SEAL_SIGNATURE, FAMILY_OPENAI);
        ok(same_seal(&s, &seals[i]), "it comes back as it was");
        str twice =
            seal_wrap(&arena, &(struct seal){SEAL_SIGNATURE, FAMILY_OTHER, S("p"), S("m"), text});
        s = seal_unwrap(&arena, twice, SEAL_SIGNATURE, FAMILY_OPENAI);
        is_str(s.value, text, "a wrapped one can be wrapped");
    }
    struct seal none = {.value = S("x")}, empty = {.kind = SEAL_SIGNATURE};
    is_str(seal_wrap(&arena, &none), S_EMPTY, "no seal");
    is_str(seal_wrap(&arena, &empty), S_EMPTY, "an empty one");
    char *name = arena_alloc(&arena, 70000);
    memset(name, 'm', 70000);
    struct seal s = {SEAL_SIGNATURE, FAMILY_OTHER, S("p"), str_of(name, 70000), S("v")};
    s = seal_unwrap(&arena, seal_wrap(&arena, &s), SEAL_SIGNATURE, FAMILY_OTHER);
    ok(s.model.n == FIELD_MAX && str_eq(s.value, S("v")), "an absurd name is cut");
}

/* What stands where there is no proof: known as a wrapped seal, and fits nobody. */
static void test_absent(void)
{
    str bytes;
    ok(str_has_prefix(S(SEAL_ABSENT), S(SEAL_MAGIC)), "a mark is a wrapped seal");
    ok(base64_decode(&arena, S(SEAL_ABSENT), &bytes) && bytes.n == HEADS_SIZE, "of nothing");
    struct seal s = seal_unwrap(&arena, S(SEAL_ABSENT), SEAL_REDACTED, FAMILY_ANTHROPIC);
    ok(s.kind == SEAL_SIGNATURE && s.family == FAMILY_OTHER && seal_is_absent(&s), "no proof");
    for (enum seal_family f = FAMILY_UNKNOWN; f <= FAMILY_OTHER; f++)
        ok(!seal_fits(&s, f, S_EMPTY, S_EMPTY), "which is nobody's");
    ok(!seal_is_absent(&seals[0]), "unlike a seal");
}

/* A turn's blocks: T text, R a thought with a seal of its own, S a call's seal, C a call. Then what
 * is left of them, with the letter of its seal behind a call that has one. */
static void test_join(void)
{
    static const char *const cases[][2] = {
        {"", ""},       {"T", "T"},   {"SC", "Cs"},  {"TSC", "TCs"},   {"SCC", "CsC"},
        {"CSC", "CCs"}, {"CS", "Cs"}, {"SCS", "Cs"}, {"S", ""},        {"ST", "T"},
        {"STC", "TC"},  {"RC", "RC"}, {"SSC", "Cs"}, {"SCSC", "CsCs"}, {"CST", "CsT"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct block *list = NULL;
        for (const char *c = cases[i][0]; *c != '\0'; c++) {
            struct block *b = block_new(&arena, *c == 'T'   ? BLOCK_TEXT
                                                : *c == 'C' ? BLOCK_TOOL_CALL
                                                            : BLOCK_REASONING);
            b->seal.family = FAMILY_GEMINI;
            b->seal.value = S("sig");
            if (*c == 'S' || *c == 'R')
                b->seal.kind = *c == 'S' ? SEAL_CALL : SEAL_SIGNATURE;
            block_add(&list, b);
        }
        seal_join_calls(&list);
        block_add(&list, block_new(&arena, BLOCK_REFUSAL)); /* a list can go on */
        char left[16], *to = left;
        for (const struct block *b = list; b->kind != BLOCK_REFUSAL; b = b->next) {
            *to++ = b->kind == BLOCK_TEXT ? 'T' : b->kind == BLOCK_TOOL_CALL ? 'C' : 'R';
            if (b->kind == BLOCK_TOOL_CALL && b->seal.kind == SEAL_SIGNATURE)
                *to++ = 's';
        }
        *to = '\0';
        is_str(str_from_cz(left), str_from_cz(cases[i][1]), cases[i][0]);
    }
    struct seal s = {SEAL_SIGNATURE, FAMILY_GEMINI, S("p"), S("m"), S("v")};
    s = seal_unwrap(&arena, seal_wrap_call(&arena, &s), SEAL_REDACTED, FAMILY_ANTHROPIC);
    ok(s.kind == SEAL_CALL && s.family == FAMILY_GEMINI, "wrapped for a thought of its own");
    ok(!seal_fits(&s, FAMILY_GEMINI, S("p"), S("m")), "no proof of a thought");
}

static void test_raw(void)
{
    struct seal s = seal_unwrap(&arena, S("EqQBCkYI"), SEAL_REDACTED, FAMILY_ANTHROPIC);
    ok(s.kind == SEAL_REDACTED && s.family == FAMILY_ANTHROPIC, "the client's own kind and family");
    is_str(s.value, S("EqQBCkYI"), "the value as it came");
    ok(s.provider.n == 0 && s.model.n == 0, "of an unknown maker");
}

/* A wrapped seal cut anywhere, or with any letter changed: never anybody's, unless what was changed
 * is the value, which its maker will check. */
static void test_damaged(void)
{
    str text = seal_wrap(&arena, &seals[0]);
    size_t heads = HEADS_SIZE + seals[0].provider.n + seals[0].model.n;
    bool fits_nobody = true;
    for (size_t n = 12; n / 4 * 3 < heads; n++) {
        struct seal s =
            seal_unwrap(&arena, str_slice(text, 0, n), SEAL_SIGNATURE, FAMILY_ANTHROPIC);
        fits_nobody &= s.family == FAMILY_UNKNOWN && s.kind == SEAL_SIGNATURE &&
                       s.provider.n == 0 &&
                       !seal_fits(&s, FAMILY_ANTHROPIC, S("anthropic"), S_EMPTY) &&
                       !seal_fits(&s, FAMILY_UNKNOWN, S("anthropic"), S_EMPTY);
    }
    ok(fits_nobody, "a seal cut short");
    static const str broken[] = {
        S(SEAL_MAGIC "!"),
        S(SEAL_MAGIC "c2EAAAAA"),     /* no value */
        S(SEAL_MAGIC "AGEAAAAAeA=="), /* kind 0 */
        S(SEAL_MAGIC "c3oAAAAAeA=="), /* family z */
        S(SEAL_MAGIC "c2EA/wAAeA=="), /* provider too long */
    };
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        struct seal s = seal_unwrap(&arena, broken[i], SEAL_SIGNATURE, FAMILY_ANTHROPIC);
        is_int(s.family, FAMILY_UNKNOWN, "a malformed one is nobody's");
        is_str(s.value, broken[i], "and stays as it is");
    }
    struct seal s = seal_unwrap(&arena, S(SEAL_MAGIC "c2EAAAAAeA=="), SEAL_REDACTED, FAMILY_GEMINI);
    ok(s.kind == SEAL_SIGNATURE && s.family == FAMILY_ANTHROPIC && str_eq(s.value, S("x")),
       "their well-formed sister");
}

static void test_fits(void)
{
    static const struct {
        struct seal seal;
        enum seal_family family;
        str provider, model;
        bool fits;
    } cases[] = {
        {{SEAL_NONE, FAMILY_GEMINI, S(""), S(""), S("v")}, FAMILY_GEMINI, S("p"), S("m"), false},
        {{SEAL_SIGNATURE, FAMILY_GEMINI, S(""), S(""), S("")},
         FAMILY_GEMINI,
         S("p"),
         S("m"),
         false},
        {{SEAL_SIGNATURE, FAMILY_UNKNOWN, S(""), S(""), S("v")},
         FAMILY_UNKNOWN,
         S(""),
         S(""),
         false},
        {{SEAL_SIGNATURE, FAMILY_GEMINI, S("a"), S("b"), S("v")},
         FAMILY_GEMINI,
         S("p"),
         S("m"),
         true},
        {{SEAL_SIGNATURE, FAMILY_GEMINI, S("a"), S("b"), S("v")},
         FAMILY_ANTHROPIC,
         S("a"),
         S("b"),
         false},
        {{SEAL_SIGNATURE, FAMILY_OPENAI, S("openai"), S("a"), S("v")},
         FAMILY_OPENAI,
         S("openai"),
         S("b"),
         true},
        {{SEAL_SIGNATURE, FAMILY_OPENAI, S("openai"), S("a"), S("v")},
         FAMILY_OPENAI,
         S("azure"),
         S("a"),
         false},
        {{SEAL_SIGNATURE, FAMILY_OPENAI, S(""), S(""), S("v")},
         FAMILY_OPENAI,
         S("azure"),
         S("a"),
         true},
        {{SEAL_SIGNATURE, FAMILY_OTHER, S("a"), S(""), S("v")}, FAMILY_OTHER, S("b"), S(""), false},
        {{SEAL_SIGNATURE, FAMILY_OTHER, S("a"), S(""), S("v")}, FAMILY_OTHER, S("a"), S(""), true},
        {{SEAL_REDACTED, FAMILY_ANTHROPIC, S("a"), S(""), S("v")},
         FAMILY_ANTHROPIC,
         S("b"),
         S("m"),
         true},
        {{SEAL_REDACTED, FAMILY_ANTHROPIC, S("a"), S("m"), S("v")},
         FAMILY_ANTHROPIC,
         S("b"),
         S(""),
         true},
        {{SEAL_REDACTED, FAMILY_ANTHROPIC, S("a"), S("m"), S("v")},
         FAMILY_ANTHROPIC,
         S("b"),
         S("M"),
         true},
        {{SEAL_REDACTED, FAMILY_ANTHROPIC, S("a"), S("m"), S("v")},
         FAMILY_ANTHROPIC,
         S("a"),
         S("n"),
         false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        is_int(seal_fits(&cases[i].seal, cases[i].family, cases[i].provider, cases[i].model),
               cases[i].fits, "whose seal it is");
}

static void test_models(void)
{
    static const struct {
        str a, b;
        bool is_same;
    } cases[] = {
        {S("claude-sonnet-4-5"), S("claude-sonnet-4-5-20250929"), true},
        {S("claude-sonnet-4-5"), S("us.anthropic.claude-sonnet-4-5-20250929-v1:0"), true},
        {S("claude-sonnet-4-5"), S("claude-sonnet-4-5@20250929"), true},
        {S("claude-sonnet-4-5"), S("anthropic/claude-sonnet-4.5"), true},
        {S("claude-sonnet-4-5"), S("anthropic/claude-sonnet-4.5:thinking"), true},
        {S("claude-3-7-sonnet-latest"), S("Claude-3-7-Sonnet-20250219"), true},
        {S("claude-sonnet-4-5"), S("claude-sonnet-4"), false},
        {S("claude-sonnet-4-5"), S("claude-opus-4-5"), false},
        {S("claude-sonnet-4"), S("claude-sonnet-4-20250514"), true},
        {S("m-1234567"), S("m-12345678"), false},
        {S("-latest"), S("-v1"), true},
        {S("a.b"), S("c/a.b"), true},
        {S("a."), S("a/"), false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        is_int(is_same_model(cases[i].a, cases[i].b), cases[i].is_same, "two names");
        is_int(is_same_model(cases[i].b, cases[i].a), cases[i].is_same, "the other way round");
    }
}

int main(void)
{
    arena_init(&arena, 0, SIZE_MAX / 2);
    test_round_trip();
    test_absent();
    test_join();
    test_raw();
    test_damaged();
    test_fits();
    test_models();
    arena_fini(&arena);
    return tap_done();
}
