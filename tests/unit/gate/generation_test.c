#include "gate/generation.c"

#include "tap.h"

static struct exchange x;
static const struct path openrouter = {.pattern = S("/api/v1/chat/completions")};
static const struct path openai = {.pattern = S("/v1/chat/completions")};
static struct gateway_key key = {.id = S("me")}, other = {.id = S("you")};

static void begin(const char *id)
{
    arena_fini(&x.arena);
    arena_fini(&x.request);
    memset(&x, 0, sizeof x);
    arena_init(&x.arena, 512, 1u << 16);
    arena_init(&x.request, 512, 1u << 16);
    memcpy(x.id, id, ULID_LEN);
    x.op = operation_get(OP_OPENROUTER);
    x.path = &openrouter;
    x.key = &key;
}

static bool is_found(const char *id, const struct gateway_key *who)
{
    struct generation g;
    begin(id);
    x.key = who;
    return find(id_hash(str_of(id, ULID_LEN)), caller_of(&x), &g);
}

static void test_wanted(void)
{
    begin("01J00000000000000000000000");
    ok(generation_is_wanted(&x), "an answer on OpenRouter's paths");
    is_str(generation_id(&x), S("gen-01J00000000000000000000000"), "has an id of its kind");
    x.path = &openai;
    ok(!generation_is_wanted(&x), "on others not");
    x.op = operation_get(OP_CHAT);
    is_str(generation_id(&x), S_EMPTY, "and no such id");
}

static void test_finding(void)
{
    static const char mine[] = "01J0000000000000000000000A";
    struct generation g;
    begin(mine);
    x.model = S("p/m");
    x.usage = USAGE_NONE;
    x.usage.input_tokens = 5;
    x.begin_us = 1000;
    x.first_byte_us = 3000;
    x.end_us = 9000;
    x.is_stream = true;
    x.err.code = -E_CLIENT_GONE;
    generation_note(&x);
    ok(is_found(mine, &key), "a caller finds its own");
    ok(!is_found(mine, &other), "another does not");
    ok(!is_found(mine, NULL), "nor does nobody");
    ok(!is_found("01J0000000000000000000000B", &key), "nor another answer");
    begin(mine);
    must(find(id_hash(str_of(mine, ULID_LEN)), caller_of(&x), &g));
    ok(g.is_stream && g.is_cancelled && g.latency_ms == 8 && g.first_ms == 2, "with its facts");
    is_str(str_of(g.model, g.model_n), S("p/m"), "and its model");
    begin("01J0000000000000000000000C");
    x.key = NULL;
    generation_note(&x);
    ok(is_found("01J0000000000000000000000C", NULL), "nobody's is found by nobody");
}

static void test_forgetting(void)
{
    char id[ULID_LEN + 1];
    begin("01J0000000000000000000000D");
    generation_note(&x);
    ok(is_found("01J0000000000000000000000D", &key), "the newest is there");
    for (unsigned i = 0; i < KEPT; i++) {
        must(ULID_LEN == 26);
        memcpy(id, "01J000000000000000000", 21);
        for (unsigned k = 0, n = i; k < 5; k++, n /= 10)
            id[25 - k] = (char)('0' + n % 10);
        memcpy(x.id, id, ULID_LEN);
        generation_note(&x);
    }
    ok(!is_found("01J0000000000000000000000D", &key), "it goes when its place is taken");
    ok(is_found("01J00000000000000000000000", &key), "the oldest that is kept");
}

static void test_query(void)
{
    static const struct {
        str query, id;
    } cases[] = {
        {S("id=01J0000000000000000000000A"), S("01J0000000000000000000000A")},
        {S("id=gen-01J0000000000000000000000A"), S("01J0000000000000000000000A")},
        {S("a=b&id=x%41"), S("xA")},
        {S("id=gen-x"), S("gen-x")},
        {S("id=%"), S_EMPTY},
        {S("ids=7"), S_EMPTY},
        {S(""), S_EMPTY},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        begin("01J00000000000000000000000");
        x.head.query = cases[i].query;
        is_str(wanted_id(&x), cases[i].id, "the id of a query");
    }
}

static void test_writing(void)
{
    struct buf out;
    struct generation g = {.usage = USAGE_NONE, .created_s = 0, .model_n = 1, .model = {'m'}};
    memcpy(g.name, "01J0000000000000000000000A", ULID_LEN);
    g.usage.output_tokens = 3;
    buf_init(&out, 8192);
    struct json_writer w = json_writer(&out);
    json_begin_object(&w, NULL);
    put_generation(&w, &g);
    json_end_object(&w);
    ok(str_find(buf_str(&out), S("\"tokens_prompt\":null,\"tokens_completion\":3")) != STR_NONE,
       "what is not known is null");
    ok(str_find(buf_str(&out), S("\"created_at\":\"1970-01-01T00:00:00")) != STR_NONE, "when");
    buf_fini(&out);
}

int main(void)
{
    test_wanted();
    test_finding();
    test_forgetting();
    test_query();
    test_writing();
    arena_fini(&x.arena);
    arena_fini(&x.request);
    return tap_done();
}
