#include "llm/request.c"

#include <time.h>

#include "printable.h"
#include "tap.h"
#include "wire/base64.h"

static struct arena arena;

static int read_as(enum operation_id op, str body, struct request *r, struct err *e)
{
    *e = (struct err){0};
    return request_read(&arena, operation_get(op), body, r, e);
}

/* What a provider would get, in one piece. */
static str written(const struct request *r, str upstream_model)
{
    struct iovec pieces[REQUEST_PIECES_MAX];
    size_t total = 0;
    size_t n = request_write(&arena, r, upstream_model, pieces, &total);
    must(n <= REQUEST_PIECES_MAX);
    str parts[REQUEST_PIECES_MAX];
    for (size_t i = 0; i < n; i++)
        parts[i] = str_of(pieces[i].iov_base, pieces[i].iov_len);
    str text = arena_concat(&arena, parts, n);
    must(text.n == total);
    return text;
}

static void test_reading(void)
{
    static const struct {
        enum operation_id op;
        str body, model;
        bool is_stream, asks_usage, adds_usage;
    } cases[] = {
        {OP_CHAT, S("{\"model\":\"a/b\"}"), S("a/b"), false, false, false},
        {OP_CHAT, S(" {\t\"model\" :\r\n\"a\" } "), S("a"), false, false, false},
        {OP_CHAT, S("{\"mod\\u0065l\":\"\\u0061\\/b\"}"), S("a/b"), false, false, false},
        {OP_CHAT, S("{\"model\":\"a\",\"stream\":true}"), S("a"), true, false, true},
        {OP_CHAT, S("{\"model\":\"a\",\"stream\":false}"), S("a"), false, false, false},
        {OP_CHAT, S("{\"model\":\"a\",\"stream\":null}"), S("a"), false, false, false},
        {OP_CHAT, S("{\"model\":\"a\",\"\\u0073tream\":true}"), S("a"), true, false, true},
        {OP_COMPLETIONS, S("{\"stream\":true,\"model\":\"a\"}"), S("a"), true, false, true},
        {OP_RESPONSES, S("{\"stream\":true,\"model\":\"a\"}"), S("a"), true, false, false},
        {OP_AUDIO_SPEECH, S("{\"stream\":true,\"model\":\"a\"}"), S("a"), true, false, false},
        {OP_CHAT, S("{\"model\":\"a\",\"stream\":true,\"stream_options\":null}"), S("a"), true,
         false, true},
        {OP_CHAT, S("{\"model\":\"a\",\"stream\":true,\"stream_options\":{}}"), S("a"), true, false,
         true},
        {OP_CHAT,
         S("{\"model\":\"a\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}"), S("a"),
         true, true, false},
        {OP_CHAT,
         S("{\"model\":\"a\",\"stream\":true,\"stream_options\":{\"include\\u005fusage\":true}}"),
         S("a"), true, true, false},
        {OP_CHAT,
         S("{\"model\":\"a\",\"stream\":true,\"stream_options\":{\"include_usage\":false}}"),
         S("a"), true, false, true},
        {OP_CHAT,
         S("{\"model\":\"a\",\"stream\":true,\"stream_options\":{\"include_usage\":null}}"), S("a"),
         true, false, true},
        {OP_CHAT, S("{\"model\":\"a\",\"stream\":true,\"stream_options\":{\"include_usage\":1}}"),
         S("a"), true, false, true},
        {OP_CHAT, S("{\"model\":\"a\",\"stream_options\":{\"include_usage\":true}}"), S("a"), false,
         true, false},
        {OP_CHAT, S("{\"model\":\"a\",\"x\":{\"model\":1,\"Model\":2,\"api_key\":3,\"x\":4}}"),
         S("a"), false, false, false},
    };
    struct request r;
    struct err e;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        printf("# %s\n", printable(cases[i].body));
        is_int(read_as(cases[i].op, cases[i].body, &r, &e), 0, "is read");
        is_str(r.model, cases[i].model, "its model");
        is_int(r.is_stream, cases[i].is_stream, "streams?");
        is_int(r.asks_usage, cases[i].asks_usage, "asks for usage?");
        is_int(r.adds_usage, cases[i].adds_usage, "is asked for it by us?");
        ok(e.code == 0 && e.param.n == 0 && e.message.n == 0, "no error is left behind");
    }
}

static void test_refusals(void)
{
    static const struct {
        str body;
        int rc;
        str param;
    } cases[] = {
        {S(""), -E_JSON, S_EMPTY},
        {S("   "), -E_JSON, S_EMPTY},
        {S("{\"model\":\"a\""), -E_JSON, S_EMPTY},
        {S("{\"model\":\"a\"}}"), -E_JSON, S_EMPTY},
        {S("{\"model\":\"a\"}\0"), -E_JSON, S_EMPTY},
        {S("\xEF\xBB\xBF{\"model\":\"a\"}"), -E_JSON, S_EMPTY},
        {S("{\"model\":\"\xff\"}"), -E_JSON, S_EMPTY},
        {S("{\"model\":\"a\nb\"}"), -E_JSON, S_EMPTY},
        {S("{'model':'a'}"), -E_JSON, S_EMPTY},
        {S("[]"), -E_JSON, S_EMPTY},
        {S("[{\"model\":\"a\"}]"), -E_JSON, S_EMPTY},
        {S("null"), -E_JSON, S_EMPTY},
        {S("\"model\""), -E_JSON, S_EMPTY},
        {S("{}"), -E_MODEL_MISSING, S("model")},
        {S("{\"stream\":true}"), -E_MODEL_MISSING, S("model")},
        {S("{\"x\":{\"model\":\"a\"}}"), -E_MODEL_MISSING, S("model")},
        {S("{\"model\":\"\"}"), -E_MODEL_MISSING, S("model")},
        {S("{\"model\":null}"), -E_BAD_REQUEST, S("model")},
        {S("{\"model\":1}"), -E_BAD_REQUEST, S("model")},
        {S("{\"model\":[\"a\"]}"), -E_BAD_REQUEST, S("model")},
        {S("{\"model\":{\"id\":\"a\"}}"), -E_BAD_REQUEST, S("model")},
        {S("{\"model\":\"a\\u0000b\"}"), -E_BAD_REQUEST, S("model")},
        {S("{\"model\":\"a\\r\\nx: y\"}"), -E_BAD_REQUEST, S("model")},
        {S("{\"model\":\"a\\u007f\"}"), -E_BAD_REQUEST, S("model")},
        {S("{\"model\":\"a\",\"model\":\"b\"}"), -E_DUPLICATE_MEMBER, S("model")},
        {S("{\"model\":\"a\",\"model\":\"a\"}"), -E_DUPLICATE_MEMBER, S("model")},
        {S("{\"model\":\"a\",\"\\u006dodel\":\"b\"}"), -E_DUPLICATE_MEMBER, S("model")},
        {S("{\"model\":\"a\",\"user\":1,\"us\\u0065r\":2}"), -E_DUPLICATE_MEMBER, S("user")},
        {S("{\"model\":\"a\",\"\":1,\"\":2}"), -E_DUPLICATE_MEMBER, S("")},
        {S("{\"Model\":\"a\"}"), -E_BAD_REQUEST, S("Model")},
        {S("{\"model\":\"a\",\"MODEL\":\"b\"}"), -E_BAD_REQUEST, S("MODEL")},
        {S("{\"model\":\"a\",\"mode\\u004c\":\"b\"}"), -E_BAD_REQUEST, S("modeL")},
        {S("{\"model\":\"a\",\"Stream\":true}"), -E_BAD_REQUEST, S("Stream")},
        {S("{\"model\":\"a\",\"stream_Options\":{}}"), -E_BAD_REQUEST, S("stream_Options")},
        {S("{\"model\":\"a\",\"api_base\":\"http://x\"}"), -E_BAD_REQUEST, S("api_base")},
        {S("{\"model\":\"a\",\"base_url\":null}"), -E_BAD_REQUEST, S("base_url")},
        {S("{\"model\":\"a\",\"api_key\":\"\"}"), -E_BAD_REQUEST, S("api_key")},
        {S("{\"model\":\"a\",\"API_Key\":\"x\"}"), -E_BAD_REQUEST, S("API_Key")},
        {S("{\"model\":\"a\",\"api\\u005fbase\":1}"), -E_BAD_REQUEST, S("api_base")},
        {S("{\"model\":\"a\",\"stream\":1}"), -E_BAD_REQUEST, S("stream")},
        {S("{\"model\":\"a\",\"stream\":\"true\"}"), -E_BAD_REQUEST, S("stream")},
        {S("{\"model\":\"a\",\"stream\":{}}"), -E_BAD_REQUEST, S("stream")},
        {S("{\"model\":\"a\",\"stream_options\":true}"), -E_BAD_REQUEST, S("stream_options")},
        {S("{\"model\":\"a\",\"stream_options\":[]}"), -E_BAD_REQUEST, S("stream_options")},
        {S("{\"model\":\"a\",\"stream_options\":\"{}\"}"), -E_BAD_REQUEST, S("stream_options")},
        {S("{\"model\":\"a\",\"stream_options\":{\"include_usage\":true,\"include_usage\":false}}"),
         -E_DUPLICATE_MEMBER, S("stream_options")},
        {S("{\"model\":\"a\",\"stream_options\":{\"include_usage\":1,\"include\\u005fusage\":2}}"),
         -E_DUPLICATE_MEMBER, S("stream_options")},
        {S("{\"model\":\"a\",\"stream_options\":{\"Include_Usage\":false}}"), -E_BAD_REQUEST,
         S("stream_options")},
    };
    struct request r;
    struct err e;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        is_int(read_as(OP_CHAT, cases[i].body, &r, &e), cases[i].rc, printable(cases[i].body));
        is_str(e.param, cases[i].param, "the member at fault");
        ok(e.message.n > 0 && e.code == cases[i].rc, "is explained");
        ok(!r.adds_usage, "and nothing is added");
    }
}

static void test_model_length(void)
{
    char body[REQUEST_MODEL_MAX + 64];
    struct request r;
    struct err e;
    for (size_t n = REQUEST_MODEL_MAX - 1; n <= REQUEST_MODEL_MAX + 1; n++) {
        struct buf b;
        buf_init(&b, sizeof body);
        buf_put(&b, S("{\"model\":\""));
        for (size_t i = 0; i < n; i++)
            buf_put_char(&b, 'a');
        buf_put(&b, S("\"}"));
        int want = n <= REQUEST_MODEL_MAX ? 0 : -E_BAD_REQUEST;
        is_int(read_as(OP_CHAT, buf_str(&b), &r, &e), want, "a long name");
        buf_fini(&b);
    }
    ok(request_model_is_sane(S("\xc3\xa9t\xc3\xa9 7")), "letters of any script, and blanks");
    ok(!request_model_is_sane(S_EMPTY) && !request_model_is_sane(S("a\tb")), "but no tab");
}

static void test_long_key_is_cut(void)
{
    struct request r;
    struct err e;
    str key = S("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk");
    str body = arena_printf(&arena, "{\"model\":\"a\",\"" STR_FMT "\":1,\"" STR_FMT "\":2}",
                            STR_ARG(key), STR_ARG(key));
    is_int(read_as(OP_CHAT, body, &r, &e), -E_DUPLICATE_MEMBER, "a long key twice");
    is_str(e.param, str_slice(key, 0, 64), "its beginning is told");
}

static void test_writing(void)
{
    static const struct {
        str body, model, want;
    } cases[] = {
        {S("{\"model\":\"a\",\"n\":1}"), S("b"), S("{\"model\":\"b\",\"n\":1}")},
        {S("{\"n\":1, \"model\" : \"a\" }"), S("b"), S("{\"n\":1, \"model\" : \"b\" }")},
        {S("\n{\"mod\\u0065l\":\"a\"}\n"), S("b"), S("\n{\"mod\\u0065l\":\"b\"}\n")},
        {S("{\"model\":\"a\"}"), S("a"), S("{\"model\":\"a\"}")},
        {S("{\"model\":\"\\u0061\"}"), S("a"), S("{\"model\":\"\\u0061\"}")},
        {S("{\"model\":\"a\"}"), S("q\"\\\n"), S("{\"model\":\"q\\\"\\\\\\n\"}")},
        {S("{\"model\":\"a\",\"stream\":true}"), S("b"),
         S("{\"model\":\"b\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}")},
        {S("{\"stream\":true,\"model\":\"a\" }"), S("b"),
         S("{\"stream\":true,\"model\":\"b\" ,\"stream_options\":{\"include_usage\":true}}")},
        {S("{\"stream_options\": null,\"model\":\"a\",\"stream\":true}"), S("b"),
         S("{\"stream_options\": {\"include_usage\":true},\"model\":\"b\",\"stream\":true}")},
        {S("{\"stream_options\":{ },\"model\":\"a\",\"stream\":true}"), S("b"),
         S("{\"stream_options\":{ \"include_usage\":true},\"model\":\"b\",\"stream\":true}")},
        {S("{\"stream_options\":{\"x\":[1],\"include_usage\" : false, \"y\":2 },\"model\":\"a\","
           "\"stream\":true}"),
         S("b"),
         S("{\"stream_options\":{\"x\":[1],\"include_usage\" : true, \"y\":2 },\"model\":\"b\","
           "\"stream\":true}")},
        {S("{\"model\":\"a\",\"stream\":true,\"stream_options\":{\"include_obfuscation\":false}}"),
         S("a"),
         S("{\"model\":\"a\",\"stream\":true,\"stream_options\":{\"include_obfuscation\":false,"
           "\"include_usage\":true}}")},
        {S("{\"model\":\"a\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}"), S("b"),
         S("{\"model\":\"b\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}")},
    };
    struct request r;
    struct err e;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        must(read_as(OP_CHAT, cases[i].body, &r, &e) == 0);
        is_str(written(&r, cases[i].model), cases[i].want, printable(cases[i].body));
    }
}

/* An alias may stand for a name longer than any that a client may send. */
static void test_long_upstream_model(void)
{
    struct request r;
    struct err e;
    struct buf name;
    buf_init(&name, 8192);
    while (name.n < 8192)
        buf_put(&name, S("\x01xyz"));
    must(read_as(OP_CHAT, S("{\"model\":\"a\"}"), &r, &e) == 0);
    str text = written(&r, buf_str(&name));
    must(read_as(OP_CHAT, text, &r, &e) < 0);
    struct json_scan scan;
    is_int(json_scan(&arena, text, &scan), 0, "it is written");
    is_str(json_unescape(&arena, json_find(&scan, S("model"), NULL)->value), buf_str(&name),
           "all of it");
    buf_fini(&name);
}

/* ---- every other byte stays ---- */

/* Members with what is around them, put together in every order; {} stands for model's value. */
static const char *const pieces[] = {
    "\"mod\\u0065l\" : \"old\"",
    "\"messages\":[{\"role\":\"user\",\"content\":\"\\\"model\\\":\\\"x\\\" \xc3\xa9\\ud800\"}]",
    " \"temperature\"\t:\r\n1.0e+0 ",
    "\"stream\":true",
    "\"\":{\"model\":\"inner\",\"stream\":0}",
};

static str compose(const size_t order[], size_t n, size_t model_at[2])
{
    struct buf b;
    buf_init(&b, 4096);
    buf_put(&b, S(" {\n"));
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_put(&b, S(" ,"));
        buf_put(&b, str_from_cz(pieces[order[i]]));
        if (order[i] == 0) {
            model_at[0] = b.n - 5;
            model_at[1] = b.n;
        }
    }
    buf_put(&b, S(" }\r\n"));
    str text = arena_str(&arena, buf_str(&b));
    buf_fini(&b);
    return text;
}

static bool keeps_the_rest(const size_t order[], size_t n)
{
    static const str added = S(",\"stream_options\":{\"include_usage\":true}");
    size_t at[2] = {0};
    str body = compose(order, n, at);
    struct request r;
    struct err e;
    if (read_as(OP_CHAT, body, &r, &e) < 0 || !r.adds_usage)
        return false;
    str parts[] = {str_slice(body, 0, at[0]), S("\"new/\\\"name\""),
                   str_slice(body, at[1], body.n - 3), added, str_skip(body, body.n - 3)};
    return str_eq(written(&r, S("new/\"name")), arena_concat(&arena, parts, ARRAY_LEN(parts)));
}

/* All orders of the pieces, by Heap's algorithm; returns how many went wrong. */
static size_t permute(size_t order[], size_t k, size_t *tried)
{
    if (k == 1) {
        ++*tried;
        return !keeps_the_rest(order, ARRAY_LEN(pieces));
    }
    size_t bad = 0;
    for (size_t i = 0; i < k; i++) {
        bad += permute(order, k - 1, tried);
        size_t other = k % 2 == 0 ? i : 0;
        size_t swap = order[other];
        order[other] = order[k - 1];
        order[k - 1] = swap;
    }
    return bad;
}

static void test_the_rest_stays(void)
{
    size_t order[ARRAY_LEN(pieces)], tried = 0;
    for (size_t i = 0; i < ARRAY_LEN(order); i++)
        order[i] = i;
    is_int(permute(order, ARRAY_LEN(order), &tried), 0, "only the model and the usage change");
    is_int(tried, 120, "in every order of the members");
}

/* ---- many members ---- */

static str body_with_members(size_t n, bool has_duplicate)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_put(&b, S("{\"model\":\"a\""));
    for (size_t i = 0; i + 1 < n; i++)
        buf_printf(&b, ",\"member-%04zu\":%zu", has_duplicate && i == n - 2 ? 0 : i, i);
    buf_put(&b, S("}"));
    must(buf_is_ok(&b));
    str text = arena_str(&arena, buf_str(&b));
    buf_fini(&b);
    return text;
}

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double cost_ms(str body)
{
    struct request r;
    struct err e;
    double best = 1e9;
    for (int i = 0; i < 5; i++) {
        double before = cpu_ms();
        must(read_as(OP_CHAT, body, &r, &e) == 0);
        best = MIN(best, cpu_ms() - before);
    }
    return best;
}

static void test_many_members(void)
{
    static const size_t counts[] = {2, 31, 32, 33, 34, 100, JSON_KEYS_MAX};
    struct request r;
    struct err e;
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        printf("# %zu members\n", counts[i]);
        is_int(read_as(OP_CHAT, body_with_members(counts[i], false), &r, &e), 0, "all differ");
        if (counts[i] < 3)
            continue;
        int rc = read_as(OP_CHAT, body_with_members(counts[i], true), &r, &e);
        is_int(rc, -E_DUPLICATE_MEMBER, "the last is the first again");
        is_str(e.param, S("member-0000"), "its name");
    }
    int rc = read_as(OP_CHAT, body_with_members(JSON_KEYS_MAX + 1, false), &r, &e);
    is_int(rc, -E_JSON, "more than can be read");
    double few = cost_ms(body_with_members(JSON_KEYS_MAX / 16, false));
    double many = cost_ms(body_with_members(JSON_KEYS_MAX, false));
    printf("# 256 members: %.3f ms, 4096: %.3f ms\n", few, many);
    ok(many < 80 * few + 1, "sixteen times the members cost nothing like 256 times the time");
}

/* What a conversation brings back from another provider: not to be relayed. */
static void test_marks(void)
{
    static const struct {
        enum operation_id op;
        str body;
        bool has_marks;
    } cases[] = {
        {OP_MESSAGES, S("{\"model\":\"a\",\"x\":\"EqQBCkYI\"}"), false},
        {OP_MESSAGES, S("{\"model\":\"a\",\"x\":\"" SEAL_ABSENT "\"}"), true},
        {OP_MESSAGES, S("{\"model\":\"a\",\"x\":{\"tool_use_id\":\"toolu_01A\"}}"), false},
        {OP_MESSAGES, S("{\"model\":\"a\",\"x\":{\"tool_use_id\":\"srvtoolu_01A\"}}"), false},
        {OP_MESSAGES, S("{\"model\":\"a\",\"x\":{\"tool_use_id\" :\t\"call_1\"}}"), true},
        {OP_MESSAGES,
         S("{\"model\":\"a\",\"x\":[{\"tool_use_id\":\"toolu_1\"},{\"tool_use_id\":\"f\"}]}"),
         true},
        {OP_MESSAGES, S("{\"model\":\"a\",\"x\":{\"tool_use_id\":7}}"), false},
        {OP_MESSAGES, S("{\"model\":\"a\",\"x\":[\"tool_use_id\",\"call_1\"]}"), false},
        {OP_MESSAGES, S("{\"model\":\"a\",\"x\":\"tool_use_id\"}"), false},
        {OP_COUNT_TOKENS, S("{\"model\":\"a\",\"x\":\"" SEAL_ABSENT "\"}"), true},
        {OP_RESPONSES, S("{\"model\":\"a\",\"x\":\"rs_68a9\"}"), false},
        {OP_RESPONSES, S("{\"model\":\"a\",\"x\":\"rs_" RESPONSES_ID_MARK "00\"}"), true},
        {OP_CHAT, S("{\"model\":\"a\",\"x\":\"rs_" RESPONSES_ID_MARK "00\"}"), false},
        {OP_CONVERSE, S("{\"model\":\"a\",\"x\":\"" SEAL_MAGIC_BLOB "\"}"), true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct request r = {.model = S("a")};
        struct err e;
        is_int(read_as(cases[i].op, cases[i].body, &r, &e), 0, "a conversation");
        is_int(request_has_marks(&r, operation_get(cases[i].op)), cases[i].has_marks,
               cases[i].body.p);
    }
    str blob = base64_encode(&arena, S(SEAL_ABSENT));
    ok(str_has_prefix(blob, S(SEAL_MAGIC_BLOB)), "a mark in a blob is known by its beginning");
}

int main(void)
{
    arena_init(&arena, 0, (size_t)64 << 20);
    test_reading();
    test_refusals();
    test_model_length();
    test_long_key_is_cut();
    test_writing();
    test_long_upstream_model();
    test_the_rest_stays();
    test_many_members();
    test_marks();
    arena_fini(&arena);
    return tap_done();
}
