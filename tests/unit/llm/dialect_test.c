#include "llm/dialect.c"

#include "tap.h"

static struct arena arena;

static void test_table(void)
{
    for (enum dialect_id id = DIALECT_NONE + 1; id < DIALECT_COUNT; id++) {
        const struct dialect *d = dialect_get(id);
        ok(d->id == id && d->name.n > 0 && d->codec, d->name.p);
    }
    is_str(dialect_get(DIALECT_CHAT)->name, S("openai-chat"), "the first by its name");
    is_int(dialect_get(DIALECT_BEDROCK)->framing, FRAMING_EVENT_STREAM, "framing of the table");
    ok(dialect_get(DIALECT_ANTHROPIC)->is_serial && !dialect_get(DIALECT_CHAT)->is_serial,
       "how blocks are open, too");
}

static void test_messages(void)
{
    struct arena scratch;
    arena_init(&scratch, 512, (size_t)1 << 16);
    struct err err = {0};
    struct decoder d = {.a = &arena, .scratch = &scratch, .err = &err};
    const struct json *v = NULL;
    is_int(decoder_json(&d, S("{\"a\":1}"), &v), 0, "an object");
    is_int(json_count(v), 1, "is there");
    static const str wrong[] = {S(""), S("[1]"), S("{\"a\":"), S("null"), S("[DONE]")};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        err = (struct err){0};
        is_int(decoder_json(&d, wrong[i], &v), -E_PROVIDER_BODY, "anything else");
        ok(err.message.n > 0, "is told");
    }
    arena_fini(&scratch);
}

static void test_ids(void)
{
    str a = make_id(&arena, "msg_", S("01J"), 0);
    is_int(a.n, 4 + 24, "prefix and digits");
    ok(str_has_prefix(a, S("msg_")), "the prefix is the prefix");
    is_str(make_id(&arena, "msg_", S("01J"), 0), a, "the same again");
    ok(!str_eq(make_id(&arena, "msg_", S("01J"), 1), a), "another number");
    ok(!str_eq(make_id(&arena, "msg_", S("01K"), 0), a), "another seed");
    str other = make_id(&arena, "fc_", S("01J"), 0);
    ok(!str_eq(str_skip(other, 3), str_skip(a, 4)), "another prefix");
    for (size_t i = 4; i < a.n; i++)
        ok(str_hex_value(a.p[i]) >= 0, "a hexadecimal digit");
}

static void test_refusals(void)
{
    struct err err = {0};
    struct writing w = {.a = &arena, .err = &err};
    is_int(writing_refuse(&w, "n", "Only %d answer can be given.", 1), -E_BAD_REQUEST, "refused");
    is_str(err.message, S("Only 1 answer can be given."), "with its reason");
    is_str(err.param, S("n"), "and its field");
    is_int(writing_refuse(&w, "m", "Another."), -E_BAD_REQUEST, "refused again");
    is_str(err.param, S("n"), "the first reason stays");
}

int main(void)
{
    arena_init(&arena, 4096, (size_t)1 << 20);
    test_table();
    test_messages();
    test_ids();
    test_refusals();
    arena_fini(&arena);
    return tap_done();
}
