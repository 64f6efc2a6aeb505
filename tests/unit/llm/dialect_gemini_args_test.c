/* Arguments in pieces. */
#include "llm/dialect_gemini_args.c"

#include "gemini_bench.h"

static str built(struct bench *b, const char *pieces, int *rc)
{
    struct gemini_args g;
    struct seal none = {.kind = SEAL_NONE};
    gemini_args_init(&g);
    gemini_args_begin(&g, S("1"), S("f"), &none);
    *rc = gemini_args_add(&g, bench_json(b, str_from_cz(pieces)));
    buf_reset(&b->out);
    gemini_args_put(&g, &b->out);
    gemini_args_fini(&g);
    return buf_str(&b->out);
}

static void values(struct bench *b)
{
    static const struct {
        const char *pieces, *want;
    } cases[] = {
        {"[]", "{}"},
        {"[{\"jsonPath\":\"$.a\",\"stringValue\":\"x\",\"willContinue\":true},{\"jsonPath\":"
         "\"$.a\",\"stringValue\":\"y\"}]",
         "{\"a\":\"xy\"}"},
        {"[{\"jsonPath\":\"$.a\",\"stringValue\":\"x\"},{\"jsonPath\":\"$.a\",\"stringValue\":"
         "\"y\"}]",
         "{\"a\":\"y\"}"},
        {"[{\"jsonPath\":\"$.a.b[1].c\",\"numberValue\":1.50},{\"jsonPath\":\"$.a.b[0]\","
         "\"boolValue\":false},{\"jsonPath\":\"$.d\",\"nullValue\":\"NULL_VALUE\"}]",
         "{\"a\":{\"b\":[false,{\"c\":1.50}]},\"d\":null}"},
        {"[{\"jsonPath\":\"$['a.b'][\\\"c\\\"]\",\"boolValue\":true}]", "{\"a.b\":{\"c\":true}}"},
        {"{\"jsonPath\":\"$.a[0][0]\",\"stringValue\":\"\"}", "{\"a\":[[\"\"]]}"},
        {"[{\"jsonPath\":\"$.a\",\"boolValue\":true},{\"jsonPath\":\"$.a.b\",\"boolValue\":true}]",
         "{\"a\":{\"b\":true}}"},
        {"[{\"jsonPath\":\"$.a\"}]", "{\"a\":null}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int rc = -1;
        str got = built(b, cases[i].pieces, &rc);
        is_str(got, str_from_cz(cases[i].want), cases[i].pieces);
        is_int(rc, 0, "no fault");
    }
}

static void faults(struct bench *b)
{
    static const char *const paths[] = {"",       "a",    "$",       "$.",     "$a", "$[",
                                        "$.a[x]", "$['a", "$.a[-1]", "$.a..b", "$[]"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        int rc = 0;
        (void)built(
            b, arena_printf(&b->a, "[{\"jsonPath\":\"%s\",\"boolValue\":true}]%c", paths[i], 0).p,
            &rc);
        is_int(rc, -E_PROVIDER_BODY, paths[i]);
    }
    int rc = 0;
    (void)built(b, "[{\"jsonPath\":\"$.a[99999999]\",\"boolValue\":true}]", &rc);
    is_int(rc, -E_PROVIDER_TOO_LARGE, "an element far away");
    struct buf deep;
    buf_init(&deep, 4096);
    for (int i = 0; i < 40; i++)
        buf_put(&deep, S(".a"));
    (void)built(b,
                arena_printf(&b->a, "[{\"jsonPath\":\"$%.*s\",\"boolValue\":true}]%c", (int)deep.n,
                             deep.p, 0)
                    .p,
                &rc);
    is_int(rc, -E_PROVIDER_BODY, "a path too deep");
    buf_fini(&deep);
}

/* A provider that never stops is stopped. */
static void room(struct bench *b)
{
    struct gemini_args g;
    struct seal none = {.kind = SEAL_NONE};
    struct buf text;
    buf_init(&text, 2u << 20);
    for (size_t i = 0; i < (1u << 20); i++)
        buf_put_char(&text, 'x');
    const struct json *piece =
        bench_json(b, arena_printf(&b->a,
                                   "[{\"jsonPath\":\"$.a\",\"stringValue\":\"%.*s\","
                                   "\"willContinue\":true}]",
                                   (int)text.n, text.p));
    gemini_args_init(&g);
    gemini_args_begin(&g, S(""), S("f"), &none);
    int rc = 0;
    size_t n = 0;
    for (; n < 100 && rc == 0; n++)
        rc = gemini_args_add(&g, piece);
    is_int(rc, -E_PROVIDER_TOO_LARGE, "too much");
    ok(n >= 7 && n <= 9, "after as much as it may be");
    gemini_args_fini(&g);
    buf_fini(&text);
}

int main(void)
{
    static struct bench b;
    bench_init(&b, DIALECT_GEMINI);
    values(&b);
    faults(&b);
    room(&b);
    bench_fini(&b);
    return tap_done();
}
