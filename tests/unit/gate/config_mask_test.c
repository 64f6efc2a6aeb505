/* No rendering shows a secret, however the text round it is damaged. */
#include "gate/config_mask.c"

#include <stdlib.h>

#include "gate/config_fakes.h"
#include "gate/snapshot.h"
#include "tap.h"

static bool is_shown(str text, str secret)
{
    struct config *c = config_parse_with(text, S("f"), &fake_sources);
    struct snapshot *s = snapshot_compile(c);
    struct buf b;

    buf_init(&b, 16u << 20);
    config_render_text(c, &b, false);
    config_render_json(c, &b);
    config_render_sarif(c, &b);
    config_render_effective(c, &b);
    must(buf_is_ok(&b));
    bool found = str_find(buf_str(&b), secret) != STR_NONE;
    buf_fini(&b);
    if (s)
        snapshot_release(s);
    else
        config_free(c);
    return found;
}

/* Two faults at the end, so that every line before it is context of a problem now and then. */
static const char *const damages[] = {
    "",   "\n", "\nzz: 1\n",    ": x", "\n  - [",  "\n}\n",
    "\"", "\t", "\n...\n---\n", " #",  "\n\xff\n", "\nauth: {a: [}"};

static const char *const texts[] = {
    "auth:\n  admin_key: hunter2",
    "auth: {admin_key: hunter2, z: 1}",
    "auth: {z: 1, 'admin_key': \"hunter2\"}",
    "auth: {admin_key: |\n  hunter2\n}",
    "auth:\n  admin_key: >-\n    hunter2\n  z: 1",
    "auth:\n  admin_key:\n    hunter2\n  z: 1",
    "auth:\n  admin_key: [hunter2]\n  z: 1",
    "auth:\n  admin_key: {a: {b: hunter2}}",
    "auth:\n  admin_key: ${env:hunter2-x}",
    "auth:\n  admin_key: ${env:NOT:-hunter2}",
    "auth:\n  admin_key: !!str hunter2",
    "auth:\n  admin_key: &a hunter2",
    "auth:\n  admin_key: a\n  admin_key: hunter2",
    "auth:\n  <<: {admin_key: hunter2}",
    "auth:\n  ? [hunter2]\n  : x",
    "auth:\n  adminkey: hunter2",
    "providers:\n  a:\n    keys:\n      - hunter2\n      - x",
    "providers:\n  a:\n    keys: hunter2",
    "providers:\n  a:\n    keys: [{id: a, vlaue: hunter2}]",
    "providers:\n  a:\n    keys: [{id: a, value: [hunter2, x]}]",
    "providers:\n  a: {kind: openai, headers: {x-api-key: hunter2}}",
    "providers:\n  a: {kind: openai, headers: {cookie: [hunter2]}}",
    "providers:\n  a: {kind: openai, proxy: 'http://u:hunter2@p'}",
    "providers:\n  a: {kind: openai, base_url: 'http://u:hunter2@p'}",
    "providers:\n  a: {kind: openai, password: hunter2}",
    "teams:\n  a: {token: hunter2}",
    "store: postgres://u:hunter2@db/x",
    "keys:\n  - {id: a, secret_hash: hunter2}",
};

static void test_damaged(void)
{
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        for (size_t k = 0; k < ARRAY_LEN(damages); k++) {
            struct buf b;
            buf_init(&b, 4096);
            buf_printf(&b, "%s%s", texts[i], damages[k]);
            if (is_shown(buf_str(&b), S("hunter2"))) {
                ok(false, texts[i]);
                printf("# damaged with \"%s\"\n", damages[k]);
            }
            buf_fini(&b);
        }
    }
    ok(true, "damaged texts");
}

static void test_cuts(void)
{
    str whole =
        S("auth:\n  mode: open\n  admin_key: hunter2\nproviders:\n  openai: {api_key: hunter2}\n"
          "  b:\n    kind: openai\n    keys:\n      - id: a\n        value: 'hunter2'\n"
          "    headers: {authorization: \"Bearer hunter2\"}\n  c: {z: 1}\n");

    for (size_t n = 0; n <= whole.n; n++) {
        if (is_shown(str_slice(whole, 0, n), S("hunter2")))
            is_int(n, -1, "a secret is shown when the text ends here");
    }
    ok(true, "cut texts");
}

/* Characters of several bytes keep their number, so that what stands behind them is found. */
static void test_columns(void)
{
    struct config *c =
        config_parse_with(S("auth: {admin_key: '\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 hunter2', "
                            "mode: opne, zz: hunter2key1234}"),
                          S("f"), &fake_sources);

    is_str(str_of(c->text, c->text_n),
           S("auth: {admin_key: *\xc2\xb7\xe2\x80\xa2\xf0\x9f\x9e\x84*********, mode: opne, zz: "
             "**************}"),
           "masked in place");
    config_free(c);
}

/* What is checked before it is known to be reasonable must be linear in the text. */
static void test_long_lines(void)
{
    static const char *const patterns[] = {"key: [1,",  ":",   "key:",   "\"", "{key: 1, ",
                                           "[hunter2,", "# a", "${env:", "k:"};

    for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
        struct buf b;
        buf_init(&b, 4u << 20);
        buf_put(&b, i == 0 ? S("keys: [1,") : S_EMPTY);
        while (b.n < 256u << 10)
            buf_put(&b, i == 0 ? S("1,") : str_from_cz(patterns[i]));
        struct config *c = config_parse_with(buf_str(&b), S("f"), &fake_sources);
        ok(config_error_count(c) > 0, "256 KiB in one line");
        buf_reset(&b);
        config_render_text(c, &b, false);
        config_free(c);
        buf_fini(&b);
    }
}

/* Many secrets in one file, parts of each other, of keys and of other values: what is overwritten
 * is where they stand, not what they say. */
static void test_many(void)
{
    static const char text[] =
        "auth: {mode: open, admin_key: 'open'}\n"
        "providers:\n"
        "  api: {kind: openai, api_key: api}\n"
        "  b: {kind: openai, keys: [{id: k, value: k}, {id: ki, value: \"ki\"},\n"
        "       {id: kin, value: kin}, {id: kind, value: kind, weight: kin}]}\n"
        "  c:\n"
        "    kind: openai\n"
        "    headers: {authorization: openai, x-b: openai}\n"
        "    api_key: openai\n";
    static const char masked[] =
        "auth: {mode: open, admin_key: ******}\n"
        "providers:\n"
        "  api: {kind: openai, api_key: ***}\n"
        "  b: {kind: openai, keys: [{id: k, value: *}, {id: ki, value: ****},\n"
        "       {id: kin, value: ***}, {id: kind, value: ****, weight: kin}]}\n"
        "  c:\n"
        "    kind: openai\n"
        "    headers: {authorization: ******, x-b: openai}\n"
        "    api_key: ******\n";
    struct config *c = config_parse_with(str_from_cz(text), S("f"), &fake_sources);
    is_str(str_of(c->text, c->text_n), str_from_cz(masked), "only the secrets' own places");
    config_free(c);
}

static void test_looks(void)
{
    ok(config_looks_secret(S("apiKey"), S("x")), "a name");
    ok(config_looks_secret(S("x"), S("sk-proj-0123456789")), "a value");
    ok(config_looks_secret(S("x"), S("Bearer abc")), "a scheme");
    ok(config_looks_secret(S("x"), S("redis://:pw@host")), "a URL with a password");
    ok(!config_looks_secret(S("base_ulr"), S("http://gpu1:8000/v1")), "a plain URL");
    ok(!config_looks_secret(S("wieght"), S("80")), "a number");
    ok(!config_looks_secret(S("use"), S("groq/llama")), "a model");
}

int main(void)
{
    test_damaged();
    test_cuts();
    test_columns();
    test_long_lines();
    test_many();
    test_looks();
    return tap_done();
}
