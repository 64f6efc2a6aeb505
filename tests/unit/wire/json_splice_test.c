#include "wire/json_splice.c"

#include "printable.h"
#include "tap.h"

static struct arena arena;

static void test_unescape(void)
{
    static const struct {
        str raw, want;
    } cases[] = {
        {S("\"\""), S("")},
        {S("\"plain\""), S("plain")},
        {S("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), S("\"\\/\b\f\n\r\t")},
        {S("\"a\\u0041\\u007a\""), S("aAz")},
        {S("\"\\u0000\""), S("\0")},
        {S("\"\\u00e9\\u07FF\""), S("\xc3\xa9\xdf\xbf")},
        {S("\"\\u0800\\uffff\""), S("\xe0\xa0\x80\xef\xbf\xbf")},
        {S("\"\\ud83d\\ude00\""), S("\xf0\x9f\x98\x80")},
        {S("\"\\uDBFF\\uDFFF.\""), S("\xf4\x8f\xbf\xbf.")},
        {S("\"\\ud800\""), S("\xef\xbf\xbd")},
        {S("\"\\udc00x\""), S("\xef\xbf\xbdx")},
        {S("\"\\ud800\\n\""), S("\xef\xbf\xbd\n")},
        {S("\"\\ud800\\u0041\""), S("\xef\xbf\xbd"
                                    "A")},
        {S("\"\\ud800\\ud83d\\ude00\""), S("\xef\xbf\xbd\xf0\x9f\x98\x80")},
        {S("\"\\ude00\\ud83d\""), S("\xef\xbf\xbd\xef\xbf\xbd")},
        {S("\"\\\\u0041\""), S("\\u0041")},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        is_str(json_unescape(&arena, cases[i].raw), cases[i].want, printable(cases[i].raw));
    str plain = S("\"plain\"");
    ok(json_unescape(&arena, plain).p == plain.p + 1, "without an escape nothing is copied");
}

static void test_to_i64(void)
{
    int64_t v = 7;
    ok(json_to_i64(S("-9223372036854775808"), &v) && v == INT64_MIN, "the smallest");
    ok(json_to_i64(S("9223372036854775807"), &v) && v == INT64_MAX, "the largest");
    ok(!json_to_i64(S("9223372036854775808"), &v), "one more is too large");
    ok(json_to_i64(S("-0"), &v) && v == 0, "minus zero is zero");
    ok(!json_to_i64(S("1.0"), &v) && !json_to_i64(S("1e3"), &v), "no fraction, no exponent");
    ok(!json_to_i64(S("null"), &v) && !json_to_i64(S("\"1\""), &v), "no other type");
}

/* The spans of an edited text, one behind the other. */
static str spliced(str text, const struct json_edit *edits, size_t n)
{
    struct iovec spans[16];
    size_t total = 0;
    size_t n_spans = json_splice(text, edits, n, spans, &total);
    must(n_spans <= 2 * n + 1);
    char *all = arena_alloc(&arena, total + 1), *end = all;
    for (size_t i = 0; i < n_spans; i++) {
        must(spans[i].iov_len > 0);
        memcpy(end, spans[i].iov_base, spans[i].iov_len);
        end += spans[i].iov_len;
    }
    must((size_t)(end - all) == total);
    return str_of(all, total);
}

static str with(str text, str key, str value)
{
    struct json_scan s;
    must(json_scan(&arena, text, &s) == 0);
    struct json_edit edit = json_edit_set(&arena, &s, key, value);
    return spliced(text, &edit, 1);
}

static str without(str text, str key)
{
    struct json_scan s;
    must(json_scan(&arena, text, &s) == 0);
    struct json_edit edit = json_edit_remove(text, &s, json_find(&s, key, NULL));
    return spliced(text, &edit, 1);
}

static void test_splice(void)
{
    str text = S("0123456789");
    is_str(spliced(text, NULL, 0), text, "no edit");
    struct json_edit two[] = {{.from = 0, .to = 2, .with = S("ab")}, {.from = 9, .to = 10}};
    is_str(spliced(text, two, 2), S("ab2345678"), "edits at both ends");
    struct json_edit same[] = {{.from = 5, .to = 5, .with = S("x")},
                               {.from = 5, .to = 5, .with = S("y")}};
    is_str(spliced(text, same, 2), S("01234xy56789"), "two insertions at one place, in order");
    struct json_edit all = {.from = 0, .to = 10};
    is_str(spliced(text, &all, 1), S_EMPTY, "nothing left");
}

static void test_set(void)
{
    is_str(with(S(" { \"a\" : 1 , \"b\":[2] }\n"), S("a"), S("{}")),
           S(" { \"a\" : {} , \"b\":[2] }\n"), "a value is replaced, all else stays");
    is_str(with(S("{\"m\\u006fdel\":\"x\"}"), S("model"), S("\"y\"")), S("{\"m\\u006fdel\":\"y\"}"),
           "also when its key has an escape");
    is_str(with(S("{\"a\":1 }"), S("b"), S("2")), S("{\"a\":1 ,\"b\":2}"), "a new member");
    is_str(with(S("{ }"), S("b"), S("2")), S("{ \"b\":2}"), "the first member");
    is_str(with(S("{\"a\":1}"), S("q\"\n"), S("2")), S("{\"a\":1,\"q\\\"\\n\":2}"),
           "a key to escape");
}

static void test_remove(void)
{
    str three = S("{ \"a\":1 , \"b\":2 , \"c\":3 }");
    is_str(without(three, S("a")), S("{ \"b\":2 , \"c\":3 }"), "the first");
    is_str(without(three, S("b")), S("{ \"a\":1 , \"c\":3 }"), "one between");
    is_str(without(three, S("c")), S("{ \"a\":1 , \"b\":2 }"), "the last");
    is_str(without(S("{ \"a\":1 }"), S("a")), S("{  }"), "the only one");
}

int main(void)
{
    arena_init(&arena, 0, 1 << 20);
    test_unescape();
    test_to_i64();
    test_splice();
    test_set();
    test_remove();
    arena_fini(&arena);
    return tap_done();
}
