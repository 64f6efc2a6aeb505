#include "wire/json.c"

#include <dirent.h>

#include "printable.h"
#include "tap.h"
#include "vectors.h"

static struct arena arena;

static const struct json *must_read(str text)
{
    const struct json *root;
    size_t error_at;
    must(json_read(&arena, text, &root, &error_at) == 0);
    return root;
}

static void test_values(void)
{
    const struct json *v =
        must_read(S("{\"s\":\"a\\u0000b\\n\",\"t\":true,\"f\":false,\"z\":null,\"n\":[1,2,3],"
                    "\"o\":{\"k\":{}},\"e\":\"\"}"));
    is_int(json_type(v), JSON_OBJECT, "an object");
    is_int(json_count(v), 7, "its members");
    is_str(json_str(json_get(v, "s")), S("a\0b\n"), "a string is unescaped and may hold NUL");
    ok(json_is_str(json_get(v, "e")) && json_str(json_get(v, "e")).n == 0,
       "an empty string is one");
    is_int(json_type(json_get(v, "t")), JSON_TRUE, "true");
    is_int(json_type(json_get(v, "f")), JSON_FALSE, "false");
    is_int(json_type(json_get(v, "z")), JSON_NULL, "null");
    is_int(json_type(json_get(v, "n")), JSON_ARRAY, "an array");
    is_int(json_count(json_get(v, "n")), 3, "its elements");
    int64_t i = 0;
    ok(json_i64(json_at(json_get(v, "n"), 2), &i) && i == 3, "the last");
    ok(!json_at(json_get(v, "n"), 3), "none behind it");
    ok(json_bool(json_get(v, "t"), false) && !json_bool(json_get(v, "f"), true), "booleans");
    ok(json_get(json_get(v, "o"), "k") && !json_get(json_get(v, "o"), "x"), "members of members");
}

static void test_absent(void)
{
    int64_t i = 7;
    const struct json *v = must_read(S("[\"1\", 1.5, {}, 1]"));
    ok(!json_get(NULL, "a") && !json_get(v, "a") && !json_at(NULL, 0), "nothing is in nothing");
    ok(!json_at(json_at(v, 2), 0), "nor has an object elements");
    ok(json_str(NULL).n == 0 && json_str(json_at(v, 3)).n == 0, "no string, no text");
    ok(!json_is_str(NULL) && !json_is_str(json_at(v, 1)), "and none is taken for one");
    ok(json_bool(NULL, true) && !json_bool(json_at(v, 0), false), "no boolean: the caller's");
    ok(!json_i64(NULL, &i) && !json_i64(json_at(v, 0), &i) && !json_i64(json_at(v, 1), &i) &&
           i == 7,
       "no integer: nothing is written");
    is_int(json_count(NULL) + json_count(json_at(v, 0)), 0, "scalars hold nothing");
    struct json_iter it = json_iter(NULL);
    ok(!json_iter_next(&it), "nothing to walk");
}

static void test_numbers(void)
{
    static const struct {
        str text;
        bool fits;
        int64_t want;
    } cases[] = {
        {S("0"), true, 0},
        {S("-0"), true, 0},
        {S("9223372036854775807"), true, INT64_MAX},
        {S("-9223372036854775808"), true, INT64_MIN},
        {S("9007199254740993"), true, 9007199254740993},
        {S("9223372036854775808"), false, 0},
        {S("-9223372036854775809"), false, 0},
        {S("18446744073709551616"), false, 0},
        {S("1.0"), false, 0},
        {S("1e3"), false, 0},
        {S("1e999"), false, 0},
        {S("-1E-999"), false, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got = 0;
        const struct json *v = must_read(cases[i].text);
        is_int(json_type(v), JSON_NUMBER, printable(cases[i].text));
        ok(json_i64(v, &got) == cases[i].fits && got == cases[i].want, "its integer");
    }
}

static void test_walk(void)
{
    struct json_iter it = json_iter(must_read(S("{\"a\":[1,[2]],\"b\\n\":{},\"a\":3}")));
    ok(json_iter_next(&it), "the first member");
    is_str(it.key, S("a"), "its key");
    is_int(json_count(it.value), 2, "its value");
    ok(json_iter_next(&it), "the next, behind a container");
    is_str(it.key, S("b\n"), "unescaped");
    ok(json_iter_next(&it), "a key may come again");
    is_int(json_type(it.value), JSON_NUMBER, "with its own value");
    ok(!json_iter_next(&it) && !json_iter_next(&it), "the end stays the end");
    it = json_iter(must_read(S("[[],{\"x\":[0]},7]")));
    size_t n = 0;
    while (json_iter_next(&it))
        n++;
    is_int(n, 3, "an array");
    is_int(json_type(it.value), JSON_NUMBER, "to its last element");
}

static void test_surrogates(void)
{
    static const struct {
        str text, want;
    } cases[] = {
        {S("\"\\ud800\""), S("\xef\xbf\xbd")},
        {S("\"\\ud83d\\ude00\\udc00\\\\udc00\""), S("\xf0\x9f\x98\x80\xef\xbf\xbd\\udc00")},
        {S("\"\\ud800\\ud800\\udc00\""), S("\xef\xbf\xbd\xf0\x90\x80\x80")},
        {S("\"\\\\\\ud800\\n\""), S("\\\xef\xbf\xbd\n")},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        is_str(json_str(must_read(cases[i].text)), cases[i].want, printable(cases[i].text));
    const struct json *v = must_read(S("{\"a\\udfff\":1}"));
    ok(json_get(v, "a\xef\xbf\xbd") != NULL, "in keys too");
}

static void test_refused(void)
{
    static const struct {
        str text;
        size_t at;
    } cases[] = {
        {S(""), 0}, {S("{\"a\":tru}"), 5}, {S("[1,]"), 3}, {S("{} x"), 3}, {S("\"\x80\""), 1}};
    const struct json *root;
    size_t error_at = 99;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        is_int(json_read(&arena, cases[i].text, &root, &error_at), -E_JSON,
               printable(cases[i].text));
        is_int(error_at, cases[i].at, "at the right place");
        ok(!root, "without a document");
    }
}

/* An array of n numbers and one lone surrogate. */
static str large_text(struct buf *b, size_t n)
{
    buf_init(b, 1 << 20);
    buf_put(b, S("[\"\\ud800\""));
    for (size_t i = 0; i < n; i++)
        buf_put(b, S(",1"));
    buf_put(b, S("]"));
    return buf_str(b);
}

static void test_memory(void)
{
    struct buf b;
    str text = large_text(&b, 1000);
    struct arena small;
    const struct json *root;
    size_t error_at, n_refused = 0;
    int rc = -1;
    for (size_t cap = 1024; rc < 0; cap += 512) {
        arena_init(&small, 0, cap);
        rc = json_read(&small, text, &root, &error_at);
        ok(rc == 0 || (rc == -E_JSON && error_at == text.n),
           "too little memory is an ordinary refusal");
        n_refused += rc < 0;
        is_int(rc < 0 ? 0 : json_count(root), rc < 0 ? 0 : 1001, "and enough is enough");
        arena_fini(&small);
    }
    ok(n_refused > 3, "it was tried");
    buf_fini(&b);
}

static void test_put(void)
{
    static const str cases[] = {
        S("{\"a\":[1,-2,true,false,null,{}],\"b\\n\":\"x\\\"\\u0001\",\"c\":[]}"),
        S("[12345678901234567890123,1e999,9223372036854775807]"),
        S("\"\xc3\xa9\xf0\x9f\x98\x80\""),
    };
    struct buf b;
    buf_init(&b, 4096);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_reset(&b);
        json_put(&b, must_read(cases[i]));
        is_str(buf_str(&b), cases[i], "written as it was read");
    }
    buf_reset(&b);
    json_put(&b, must_read(S(" [ 1 , { \"a\" : \"b\" } ] ")));
    is_str(buf_str(&b), S("[1,{\"a\":\"b\"}]"), "without white space");
    buf_fini(&b);
}

static void test_writer(void)
{
    struct buf b;
    buf_init(&b, 4096);
    struct json_writer w = json_writer(&b);
    json_begin_object(&w, NULL);
    json_put_str(&w, "s", S("a\"\n\xff"));
    json_put_int(&w, "i", INT64_MIN);
    json_begin_array(&w, "a");
    json_put_bool(&w, NULL, true);
    json_put_bool(&w, NULL, false);
    json_put_null(&w, NULL);
    json_begin_object(&w, NULL);
    json_end_object(&w);
    json_begin_array(&w, NULL);
    json_put_raw(&w, NULL, S("{\"r\":1}"));
    json_end_array(&w);
    json_end_array(&w);
    json_put_str(&w, "k\"", S_EMPTY);
    json_end_object(&w);
    is_str(buf_str(&b),
           S("{\"s\":\"a\\\"\\n\xef\xbf\xbd\",\"i\":-9223372036854775808,"
             "\"a\":[true,false,null,{},[{\"r\":1}]],\"k\\\"\":\"\"}"),
           "commas and keys are where they belong");
    ok(json_type(must_read(buf_str(&b))) == JSON_OBJECT, "and it can be read");
    is_int(w.depth, 0, "all is closed");

    buf_reset(&b);
    w = json_writer(&b);
    for (int i = 0; i < 32; i++)
        json_begin_array(&w, NULL);
    for (int i = 0; i < 32; i++)
        json_end_array(&w);
    ok(json_type(must_read(buf_str(&b))) == JSON_ARRAY, "32 levels can be written");
    buf_fini(&b);
}

static void test_suite(void)
{
    const char *folder = vectors_path(&arena, "JSONTestSuite/test_parsing");
    DIR *dir = folder ? opendir(folder) : NULL;
    if (!dir) {
        tap_skip("THROWBAR_VECTORS names no folder with JSONTestSuite");
        return;
    }
    for (struct dirent *d = readdir(dir); d; d = readdir(dir)) {
        if (d->d_name[0] == '.')
            continue;
        str path = arena_printf(&arena, "%s/%s", folder, d->d_name);
        str text = vectors_read(&arena, arena_cz(&arena, path));
        const struct json *root;
        size_t error_at;
        struct json_scan scan;
        int want = json_scan(&arena, text, &scan);
        is_int(json_read(&arena, text, &root, &error_at), want, d->d_name);
        if (d->d_name[0] != 'i')
            is_int(want == 0, d->d_name[0] == 'y', "as the suite wants");
    }
    closedir(dir);
}

int main(void)
{
    arena_init(&arena, 0, (size_t)64 << 20);
    test_values();
    test_absent();
    test_numbers();
    test_walk();
    test_surrogates();
    test_refused();
    test_memory();
    test_put();
    test_writer();
    test_suite();
    arena_fini(&arena);
    return tap_done();
}
