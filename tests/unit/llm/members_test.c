#include "llm/members.c"

#include "tap.h"

static struct arena arena;
static struct err err;

static const struct json *parse(str text)
{
    const struct json *v = NULL;
    size_t error_at = 0;
    return json_read(&arena, text, &v, &error_at) == 0 ? v : NULL;
}

static struct reading reader(int code)
{
    err = (struct err){0};
    return (struct reading){.a = &arena, .err = &err, .origin = 3, .code = code};
}

enum { MODEL, STREAM, N, KEYS };
static const char *const keys[KEYS] = {"model", "stream", "n"};

static void test_reading(void)
{
    const struct json *v[KEYS];
    struct extras extras;
    struct reading r = reader(0);
    const struct json *body = parse(
        S("{\"x\":[1],\"model\":\"m\",\"stream\":null,\"x\":2,\"mode\":1,\"models\":1,\"\":0}"));
    is_int(MEMBERS_READ(&r, body, keys, v, &extras), 0, "an object is read");
    is_str(json_str(v[MODEL]), S("m"), "a known member is found");
    ok(!v[STREAM], "null is absent");
    ok(!v[N], "what is not there is absent");
    struct buf b;
    buf_init(&b, 1000);
    struct json_writer w = json_writer(&b);
    json_begin_object(&w, NULL);
    extras_put(&w, &extras, 3);
    extras_put(&w, &extras, 4);
    json_end_object(&w);
    is_str(buf_str(&b), S("{\"x\":[1],\"stream\":null,\"x\":2,\"mode\":1,\"models\":1,\"\":0}"),
           "the rest is kept in order, twins and null too, for its own dialect");
    buf_fini(&b);
    ok(extras_find(&extras, S("mode")) != NULL, "extras are found");
    ok(extras_find(&extras, S("model")) == NULL, "known members are none");
    is_int(MEMBERS_READ(&r, body, keys, v, NULL), 0, "extras need not be kept");
}

static void test_duplicates(void)
{
    const struct json *v[KEYS];
    struct reading r = reader(0);
    const struct json *body = parse(S("{\"n\":null,\"n\":2}"));
    r.path = S("tools[1]");
    is_int(MEMBERS_READ(&r, body, keys, v, NULL), -E_DUPLICATE_MEMBER, "two of one name");
    is_str(err.param, S("tools[1].n"), "the member is named");
    is_int(err.code, -E_DUPLICATE_MEMBER, "the fault is written down");
    r = reader(-E_PROVIDER_BODY);
    is_int(MEMBERS_READ(&r, body, keys, v, NULL), 0, "of a provider they are taken");
    int64_t n = 0;
    ok(json_i64(v[N], &n) && n == 2, "and the last one counts");
}

static void test_no_object(void)
{
    static const str bodies[] = {S("[]"), S("null"), S("\"a\""), S("1"), S("true")};
    const struct json *v[KEYS];
    struct extras extras;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct reading r = reader(0);
        is_int(MEMBERS_READ(&r, parse(bodies[i]), keys, v, &extras), -E_BAD_REQUEST,
               "only objects have members");
        is_str(err.message, S("The body must be an object."), "and that is said");
        ok(!v[MODEL] && !extras.first, "nothing is left behind");
    }
    struct reading r = reader(0);
    r.path = S("messages[0]");
    is_int(MEMBERS_READ(&r, NULL, keys, v, NULL), -E_BAD_REQUEST, "a missing one has none");
    is_str(err.message, S("messages[0] must be an object."), "with its path");
    is_str(err.param, S("messages[0]"), "which is the parameter");
    r = reader(-E_PROVIDER_BODY);
    is_int(MEMBERS_READ(&r, NULL, keys, v, NULL), -E_PROVIDER_BODY, "whose fault it is is known");
    is_str(err.message, S("The provider's answer must be an object."), "and said");
}

/* A body of `n` members, the first one once more at the end. */
static str many(size_t n, bool has_twin)
{
    struct buf b;
    buf_init(&b, SIZE_MAX);
    buf_put(&b, S("{\"a\":[0,{"));
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s\"k%zu\":%zu", i > 0 ? "," : "", i, i);
    if (has_twin)
        buf_put(&b, n > 0 ? S(",\"k0\":null") : S("\"x\":1,\"x\":1"));
    buf_put(&b, S("}]}"));
    str text = arena_str(&arena, buf_str(&b));
    buf_fini(&b);
    return text;
}

static void test_twins(void)
{
    static const struct {
        str body, path;
    } cases[] = {
        {S("{}"), S("")},
        {S("7"), S("")},
        {S("{\"a\":1,\"b\":{\"a\":1}}"), S("")},
        {S("{\"a\":1,\"b\":2,\"a\":3}"), S("a")},
        {S("{\"a\":1,\"\\u0061\":1}"), S("a")},
        {S("{\"a\":{\"b\":[[{}],{\"c\":1,\"c\":1}]}}"), S("a.b[1].c")},
        {S("[[],[{\"x\":{\"y\":0,\"y\":0}}]]"), S("[1][0].x.y")},
        {S("{\"\":1,\"\":2}"), S("")},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct reading r = reader(0);
        bool is_nameless = i + 1 == ARRAY_LEN(cases);
        int rc = members_check_twins(&r, parse(cases[i].body));
        is_int(rc, cases[i].path.n > 0 || is_nameless ? -E_DUPLICATE_MEMBER : 0, "twins or none");
        is_str(r.err->param, is_nameless ? S("[0]") : cases[i].path, "where they stand");
    }
    for (size_t n = 0; n < 3 * PAIRS_MAX; n++) {
        struct reading r = reader(0);
        is_int(members_check_twins(&r, parse(many(n, false))), 0, "all different");
        is_int(members_check_twins(&r, parse(many(n, true))), -E_DUPLICATE_MEMBER, "one twice");
        is_str(r.err->param, n > 0 ? S("a[1].k0") : S("a[1].x"), "which one");
    }
}

static void test_full_arena(void)
{
    struct arena small;
    arena_init(&small, 512, ARENA_SPARE + ((size_t)4 << 10));
    const struct json *v[KEYS];
    struct extras extras;
    struct reading r = reader(0);
    r.a = &small;
    is_int(MEMBERS_READ(&r, parse(S("{\"a\":1}")), keys, v, &extras), 0, "there is room");
    IGNORE_RESULT(arena_alloc(&small, 8000)); /* fills it */
    is_int(MEMBERS_READ(&r, parse(S("{\"a\":1}")), keys, v, &extras), -E_BODY_TOO_LARGE,
           "there is none");
    r = reader(-E_PROVIDER_BODY);
    r.a = &small;
    is_int(MEMBERS_READ(&r, parse(S("{\"a\":1}")), keys, v, &extras), -E_PROVIDER_TOO_LARGE,
           "for an answer neither");
    arena_fini(&small);
}

static void test_values(void)
{
    struct reading r = reader(0);
    str s = S("before");
    int64_t n = 7;
    bool flag = true;
    ok(member_str(&r, "a", NULL, &s) == 0 && str_eq(s, S("before")), "absent: as it was");
    ok(member_int(&r, "a", NULL, &n) == 0 && n == 7, "absent integer");
    ok(member_bool(&r, "a", NULL, &flag) == 0 && flag, "absent boolean");
    ok(member_number(&r, "a", NULL, &s) == 0 && str_eq(s, S("before")), "absent number");
    ok(member_type(&r, "a", NULL, JSON_ARRAY) == 0, "absent array");
    ok(member_str(&r, "a", parse(S("\"x\"")), &s) == 0 && str_eq(s, S("x")), "a string");
    ok(member_bool(&r, "a", parse(S("false")), &flag) == 0 && !flag, "a boolean");
    ok(member_number(&r, "a", parse(S("1.50")), &s) == 0 && str_eq(s, S("1.50")),
       "a number as it was written");
    ok(member_type(&r, "a", parse(S("[]")), JSON_ARRAY) == 0, "an array");
}

static void test_integers(void)
{
    static const struct {
        str text;
        bool is_taken;
        int64_t want;
    } cases[] = {
        {S("0"), true, 0},
        {S("-5"), true, -5},
        {S("100.0"), true, 100},
        {S("1e3"), true, 1000},
        {S("9223372036854775807"), true, INT64_MAX},
        {S("9007199254740992.0"), true, INT64_C(9007199254740992)},
        {S("1.5"), false, 0},
        {S("-0.1"), false, 0},
        {S("1e30"), false, 0},
        {S("-1e300"), false, 0},
        {S("9223372036854775808"), false, 0},
        {S("\"1\""), false, 0},
        {S("true"), false, 0},
        {S("[1]"), false, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct reading r = reader(0);
        int64_t n = -77;
        bool is_taken = member_int(&r, "n", parse(cases[i].text), &n) == 0;
        ok(is_taken == cases[i].is_taken, cases[i].text.p);
        is_int(n, is_taken ? cases[i].want : -77, "its value");
        if (!is_taken)
            is_str(err.message, S("n must be an integer."), "its fault");
    }
}

static void test_faults(void)
{
    struct reading r = reader(0);
    struct reading turn = reading_at(&r, "messages", 3);
    struct reading part = reading_at(&turn, "content", 0);
    is_str(part.path, S("messages[3].content[0]"), "a path grows");
    struct reading format = reading_at(&r, "response_format", -1);
    is_str(reading_path(&format, "type"), S("response_format.type"), "without an index too");
    str s = S_EMPTY;
    is_int(member_str(&part, "type", parse(S("1")), &s), -E_BAD_REQUEST, "a wrong type");
    is_str(err.message, S("messages[3].content[0].type must be a string."), "is told");
    is_str(err.param, S("messages[3].content[0].type"), "with its place");
    bool flag = false;
    is_int(member_bool(&part, "x", parse(S("1")), &flag), -E_BAD_REQUEST, "a second fault");
    is_str(err.param, S("messages[3].content[0].type"), "does not hide the first");
    r = reader(-E_PROVIDER_BODY);
    is_int(member_fail(&r, "choices", "%s is %d too many.", "This", 1), -E_PROVIDER_BODY,
           "any fault, of anybody");
    is_str(err.message, S("This is 1 too many."), "in its own words");
    is_str(err.param, S("choices"), "at its place");
    r = reader(0);
    r.path = S("tools[0]");
    is_int(member_fail(&r, NULL, "Bad."), -E_BAD_REQUEST, "of the object itself");
    is_str(err.param, S("tools[0]"), "which is the place");
    char longer[2 * WHAT_MAX];
    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    r = reader(0);
    is_int(member_fail(&r, "a", "%s", longer), -E_BAD_REQUEST, "a long text");
    ok(err.message.n > 0 && err.message.n < sizeof(longer), "is bounded");
}

static void test_types(void)
{
    static const struct {
        enum json_type type;
        str want;
    } cases[] = {
        {JSON_NULL, S("f must be null.")},       {JSON_TRUE, S("f must be a boolean.")},
        {JSON_NUMBER, S("f must be a number.")}, {JSON_STRING, S("f must be a string.")},
        {JSON_ARRAY, S("f must be an array.")},  {JSON_OBJECT, S("f must be an object.")},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct reading r = reader(0);
        const struct json *v = parse(cases[i].type == JSON_ARRAY ? S("{}") : S("[]"));
        is_int(member_type(&r, "f", v, cases[i].type), -E_BAD_REQUEST, "not this type");
        is_str(err.message, cases[i].want, "said as people say it");
    }
}

int main(void)
{
    arena_init(&arena, 4096, (size_t)8 << 20);
    test_reading();
    test_duplicates();
    test_twins();
    test_no_object();
    test_full_arena();
    test_values();
    test_integers();
    test_faults();
    test_types();
    arena_fini(&arena);
    return tap_done();
}
