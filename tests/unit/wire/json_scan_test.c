#include "wire/json_scan.c"

#include <dirent.h>
#include <stdlib.h>

#include "base/buf.h"
#include "printable.h"
#include "tap.h"
#include "vectors.h"

#define ARENA_MAX ((size_t)64 << 20)

/* In memory of exactly its size, so that ASan sees a byte read too far. */
static int scan_exact(struct arena *a, str text, struct json_scan *out)
{
    char *copy = malloc(MAX(text.n, 1));
    memcpy(copy, text.n > 0 ? text.p : "", text.n);
    int rc = json_scan(a, str_of(copy, text.n), out);
    free(copy);
    return rc;
}

static bool accepts(str text)
{
    struct arena a;
    arena_init(&a, 0, ARENA_MAX);
    struct json_scan s;
    int rc = scan_exact(&a, text, &s);
    arena_fini(&a);
    return rc == 0;
}

static void test_accepted(void)
{
    static const struct {
        str text;
        enum json_type type;
    } cases[] = {
        {S("{}"), JSON_OBJECT},
        {S("[]"), JSON_ARRAY},
        {S(" \t\r\n[ ]\n"), JSON_ARRAY},
        {S("null"), JSON_NULL},
        {S("true"), JSON_TRUE},
        {S("false"), JSON_FALSE},
        {S("\"\""), JSON_STRING},
        {S("0"), JSON_NUMBER},
        {S("-0"), JSON_NUMBER},
        {S("-0.0E-0"), JSON_NUMBER},
        {S("1e5"), JSON_NUMBER},
        {S("12.50e+007"), JSON_NUMBER},
        {S("[1,[2,{\"a\":[]}],{},\"\\ud800\"]"), JSON_ARRAY},
        {S("{\"a\":{\"b\":[{}]},\"a\":1}"), JSON_OBJECT},
        {S("          [          1          ,          2          ]          "), JSON_ARRAY},
    };
    struct arena a;
    arena_init(&a, 0, ARENA_MAX);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct json_scan s;
        is_int(scan_exact(&a, cases[i].text, &s), 0, printable(cases[i].text));
        is_int(s.type, cases[i].type, "its type");
    }
    arena_fini(&a);
}

static void test_refused(void)
{
    static const struct {
        str text;
        size_t at;
    } cases[] = {
        {S(""), 0},
        {S("  "), 2},
        {S("{"), 1},
        {S("["), 1},
        {S("]"), 0},
        {S("{]"), 1},
        {S("[}"), 1},
        {S("[1}"), 2},
        {S("{\"a\":1]"), 6},
        {S("[1,]"), 3},
        {S("[,1]"), 1},
        {S("[1 2]"), 3},
        {S("{\"a\"}"), 4},
        {S("{\"a\" 1}"), 5},
        {S("{\"a\":}"), 5},
        {S("{\"a\":1,}"), 7},
        {S("{a:1}"), 1},
        {S("{1:1}"), 1},
        {S("{\"a\":1 \"b\":2}"), 7},
        {S("tru"), 0},
        {S("truE"), 0},
        {S("nulll"), 4},
        {S("TRUE"), 0},
        {S("01"), 1},
        {S("-"), 1},
        {S("-a"), 1},
        {S("+1"), 0},
        {S(".5"), 0},
        {S("1."), 2},
        {S("1.e1"), 2},
        {S("1e"), 2},
        {S("1e+"), 3},
        {S("0x1"), 1},
        {S("NaN"), 0},
        {S("[\"a\\x\"]"), 3},
        {S("[\"a\xff\"]"), 3},
        {S("[\"abc"), 5},
        {S("{} {}"), 3},
        {S("{}\0"), 2},
        {S("\xef\xbb\xbf{}"), 0},
        {S("[\x0c]"), 1},
        {S("[\xc2\xa0]"), 1},
    };
    struct arena a;
    arena_init(&a, 0, ARENA_MAX);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct json_scan s;
        is_int(scan_exact(&a, cases[i].text, &s), -E_JSON, printable(cases[i].text));
        is_int(s.error_at, cases[i].at, "at the right place");
        ok(s.error != NULL, "with a text");
    }
    arena_fini(&a);
}

/* Every proper prefix of a container is refused, at most at its end. */
static void test_prefixes(void)
{
    str text = S("{\"a\": [1, -2.5e3, true, null, \"x\\u00e9\xc3\xa9\"], \"b\": {\"c\": {}}}");
    struct arena a;
    arena_init(&a, 0, ARENA_MAX);
    bool refused = true, is_within = true;
    for (size_t n = 0; n < text.n; n++) {
        struct json_scan s;
        refused = refused && scan_exact(&a, str_of(text.p, n), &s) == -E_JSON;
        is_within = is_within && s.error_at <= n;
    }
    ok(refused, "every prefix is refused");
    ok(is_within, "the fault is inside the text");
    ok(accepts(text), "the whole is accepted");
    arena_fini(&a);
}

static void test_members(void)
{
    str text = S(" { \"model\" : \"gpt\" , \"n\":-1.5e3,\"m\\u006fdel\":[{\"model\":1}],"
                 "\"\":null,\"a\\\\\":true , \"o\" : {\"model\":{}} } ");
    static const struct {
        str key, value;
        enum json_type type;
    } want[] = {
        {S("model"), S("\"gpt\""), JSON_STRING},
        {S("n"), S("-1.5e3"), JSON_NUMBER},
        {S("model"), S("[{\"model\":1}]"), JSON_ARRAY},
        {S(""), S("null"), JSON_NULL},
        {S("a\\"), S("true"), JSON_TRUE},
        {S("o"), S("{\"model\":{}}"), JSON_OBJECT},
    };
    struct arena a;
    arena_init(&a, 0, ARENA_MAX);
    struct json_scan s;
    is_int(json_scan(&a, text, &s), 0, "an object with members");
    is_int(s.n_members, ARRAY_LEN(want), "all top-level members and no others");
    is_int(s.open, 1, "the brace that opens");
    is_int(s.close, text.n - 2, "the brace that closes");
    for (size_t i = 0; i < MIN(s.n_members, ARRAY_LEN(want)); i++) {
        const struct json_member *m = &s.members[i];
        is_str(m->key, want[i].key, "key");
        is_str(m->value, want[i].value, "value");
        is_int(m->type, want[i].type, "type");
        ok(text.p[m->begin] == '"', "begins with its key's quote");
        ok(text.p + m->end == m->value.p + m->value.n, "ends with its value");
    }
    bool is_duplicate = false;
    ok(json_find(&s, S("model"), &is_duplicate) == s.members, "the first of two is found");
    ok(is_duplicate, "and the other noticed, though its key is written with an escape");
    ok(json_find(&s, S("n"), &is_duplicate) == s.members + 1, "a single one is found");
    ok(!is_duplicate, "and is no duplicate");
    ok(!json_find(&s, S("Model"), &is_duplicate) && !is_duplicate, "keys have a case");
    ok(json_find(&s, S("model"), NULL) == s.members, "the caller need not ask for duplicates");
    json_scan_members(&a, json_find(&s, S("o"), NULL)->value, &s);
    is_int(s.n_members, 1, "a member's own members");
    is_int(json_scan(&a, S("[{\"a\":1}]"), &s), 0, "an array");
    is_int(s.n_members, 0, "has no members");
    arena_fini(&a);
}

/* `n` times `piece`, between `before` and `behind`. */
static str repeated(struct buf *b, str before, str piece, size_t n, str behind)
{
    buf_reset(b);
    buf_put(b, before);
    for (size_t i = 0; i < n; i++)
        buf_put(b, piece);
    buf_put(b, behind);
    return buf_str(b);
}

static str nested(struct buf *b, size_t depth)
{
    buf_reset(b);
    for (size_t i = 0; i < depth; i++)
        buf_put(b, i % 2 == 0 ? S("[") : S("{\"k\":"));
    buf_put(b, S("1"));
    for (size_t i = depth; i > 0; i--)
        buf_put(b, i % 2 == 1 ? S("]") : S("}"));
    return buf_str(b);
}

static void test_limits(void)
{
    struct buf b;
    buf_init(&b, 8 << 20);
    ok(accepts(nested(&b, 64)), "64 deep");
    ok(!accepts(nested(&b, 65)), "65 deep is refused");
    ok(!accepts(repeated(&b, S_EMPTY, S("["), 1000000, S_EMPTY)), "a million brackets are");
    ok(accepts(repeated(&b, S("[0"), S(",[{}]"), 100000, S("]"))), "wide is not deep");
    ok(accepts(repeated(&b, S_EMPTY, S("1"), 128, S_EMPTY)), "a number of 128 characters");
    ok(!accepts(repeated(&b, S_EMPTY, S("1"), 129, S_EMPTY)), "129 are refused");
    ok(!accepts(repeated(&b, S("-0."), S("0"), 126, S_EMPTY)), "also behind a point");
    ok(accepts(repeated(&b, S("{\""), S("k"), 1024, S("\":1}"))), "a key of 1024 bytes");
    ok(!accepts(repeated(&b, S("{\""), S("k"), 1025, S("\":1}"))), "1025 are refused");
    ok(!accepts(repeated(&b, S("[{\""), S("k"), 1025, S("\":1}]"))), "at every level");
    ok(accepts(repeated(&b, S("{\"a\":1"), S(",\"a\":1"), 4095, S("}"))), "4096 members");
    ok(!accepts(repeated(&b, S("{\"a\":1"), S(",\"a\":1"), 4096, S("}"))), "4097 are refused");
    ok(!accepts(repeated(&b, S("[{\"a\":1"), S(",\"a\":1"), 4096, S("}]"))), "at every level");
    ok(accepts(repeated(&b, S("[{}"), S(",{\"a\":1}"), 5000, S("]"))),
       "each object has its own count");
    ok(accepts(repeated(&b, S("[1"), S(",1"), 100000, S("]"))), "arrays have no such limit");

    struct arena a;
    arena_init(&a, 0, 320 << 10);
    struct json_scan s;
    str most = repeated(&b, S("{\"a\":1"), S(",\"a\":1"), 4095, S("}"));
    is_int(json_scan(&a, most, &s), 0, "most members fit into the promised memory");
    is_int(s.n_members, 4096, "and are all there");
    arena_fini(&a);
    buf_fini(&b);
}

/* JSONTestSuite's implementation-defined files that are refused here, because they are not UTF-8,
 * begin with a byte order mark, or pass a limit (500 arrays deep, a number of over 128 characters).
 * The others, huge exponents and lone surrogates, are legal text and accepted. No y_ file passes a
 * limit. */
static const char *const suite_refused[] = {
    "i_number_huge_exp.json",
    "i_string_UTF-16LE_with_BOM.json",
    "i_string_UTF-8_invalid_sequence.json",
    "i_string_UTF8_surrogate_U+D800.json",
    "i_string_invalid_utf-8.json",
    "i_string_iso_latin_1.json",
    "i_string_lone_utf8_continuation_byte.json",
    "i_string_not_in_unicode_range.json",
    "i_string_overlong_sequence_2_bytes.json",
    "i_string_overlong_sequence_6_bytes.json",
    "i_string_overlong_sequence_6_bytes_null.json",
    "i_string_truncated-utf-8.json",
    "i_string_utf16BE_no_BOM.json",
    "i_string_utf16LE_no_BOM.json",
    "i_structure_500_nested_arrays.json",
    "i_structure_UTF-8_BOM_empty_object.json",
};

static bool suite_accepts(const char *name)
{
    if (name[0] != 'i')
        return name[0] == 'y';
    for (size_t i = 0; i < ARRAY_LEN(suite_refused); i++) {
        if (strcmp(name, suite_refused[i]) == 0)
            return false;
    }
    return true;
}

static void test_suite(void)
{
    struct arena a;
    arena_init(&a, 0, ARENA_MAX);
    const char *folder = vectors_path(&a, "JSONTestSuite/test_parsing");
    DIR *dir = folder ? opendir(folder) : NULL;
    if (!dir) {
        tap_skip("THROWBAR_VECTORS names no folder with JSONTestSuite");
        arena_fini(&a);
        return;
    }
    int n = 0;
    for (struct dirent *d = readdir(dir); d; d = readdir(dir)) {
        if (d->d_name[0] == '.')
            continue;
        str path = arena_printf(&a, "%s/%s", folder, d->d_name);
        str text = vectors_read(&a, arena_cz(&a, path));
        is_int(accepts(text), suite_accepts(d->d_name), d->d_name);
        n++;
    }
    closedir(dir);
    arena_fini(&a);
    is_int(n, 318, "the suite is complete");
}

static str hex_decoded(struct arena *a, str hex)
{
    char *out = arena_alloc(a, hex.n / 2);
    for (size_t i = 0; i < hex.n / 2; i++) {
        char digits[] = {hex.p[2 * i], hex.p[2 * i + 1], '\0'};
        out[i] = (char)strtoul(digits, NULL, 16);
    }
    return str_of(out, hex.n / 2);
}

static str text_of(struct arena *a, const struct json_scan *s, str key)
{
    const struct json_member *m = json_find(s, key, NULL);
    return m ? json_unescape(a, m->value) : S_EMPTY;
}

/* Of the policy cases those that a scanner can judge: syntax, limits, duplicates at the top. */
static bool policy_refused(struct arena *a, str body)
{
    struct json_scan s;
    if (json_scan(a, body, &s) < 0)
        return true;
    bool is_duplicate = false;
    for (size_t i = 0; i < s.n_members && !is_duplicate; i++)
        json_find(&s, s.members[i].key, &is_duplicate);
    return is_duplicate;
}

static void test_policy_cases(void)
{
    static const char *const refused[] = {
        "dup-model",    "dup-model-esc", "dup-messages", "dup-max",    "max-lead0", "max-plus",
        "max-nan",      "max-inf",       "bom",          "utf16",      "bad-utf8",  "overlong",
        "trailing",     "trailing-nul",  "depth-65",     "depth-100k", "keys-20k",  "comment",
        "single-quote", "num-long",      "str-long-key",
    };
    struct arena a;
    arena_init(&a, 0, ARENA_MAX);
    const char *path = vectors_path(&a, "json-policy/cases.jsonl");
    if (!path) {
        tap_skip("THROWBAR_VECTORS names no folder with json-policy");
        arena_fini(&a);
        return;
    }
    str line, lines = vectors_read(&a, path);
    size_t n_refused = 0;
    while (str_cut(lines, '\n', &line, &lines)) {
        struct json_scan s;
        must(json_scan(&a, line, &s) == 0);
        str id = text_of(&a, &s, S("id"));
        bool want = false;
        for (size_t i = 0; i < ARRAY_LEN(refused); i++)
            want = want || str_eq(id, str_from_cz(refused[i]));
        bool got = policy_refused(&a, hex_decoded(&a, text_of(&a, &s, S("raw_hex"))));
        is_int(got, want, arena_cz(&a, id));
        n_refused += got;
    }
    ok(n_refused == ARRAY_LEN(refused), "all cases were there");
    arena_fini(&a);
}

int main(void)
{
    test_accepted();
    test_refused();
    test_prefixes();
    test_members();
    test_limits();
    test_suite();
    test_policy_cases();
    return tap_done();
}
