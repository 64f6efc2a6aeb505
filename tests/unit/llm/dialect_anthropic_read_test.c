/* Requests of Anthropic clients: what is read, what is written back, what is refused and with what
 * said to be wrong. */
#include "llm/dialect_anthropic_read.c"

#include "codec_bench.h"
#include "llm/seal.h"

#define HEAD "{\"model\":\"model-1\",\"max_tokens\":9,"
#define HI   "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"

/* Written as it was read. */
static void again(struct bench *b, const char *what, const char *body)
{
    struct chat *c = bench_chat(b, str_from_cz(body));
    if (!c)
        printf("# %.*s\n", STR_ARG(b->err.message));
    bench_same(b, c ? bench_request(b, c) : S_EMPTY, str_from_cz(body), what);
}

static void wrong(struct bench *b, const char *body, const char *param, const char *message)
{
    ok(!bench_chat(b, str_from_cz(body)), body);
    is_str(b->err.param, str_from_cz(param), param);
    is_str(b->err.message, str_from_cz(message), message);
}

static void settings(struct bench *b)
{
    again(b, "the least", HEAD HI "}");
    again(b, "what is there but says nothing",
          HEAD HI ",\"system\":[],\"tools\":[],\"stop_sequences\":[],\"stream\":false,\"metadata\":"
                  "{},\"output_config\":{},\"temperature\":null,\"thinking\":null}");
    again(b, "numbers as they were written",
          HEAD HI ",\"temperature\":0.70,\"top_p\":1e-1,\"top_k\":5}");
    again(b, "members of a later day",
          HEAD HI ",\"container\":\"c\",\"mcp_servers\":[{\"name\":\"x\"}],\"context_management\":"
                  "{\"edits\":[]},\"speed\":\"fast\",\"inference_geo\":\"us\"}");
    again(b, "thinking by budget",
          HEAD HI ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024,\"display\":"
                  "\"omitted\"}}");
    again(b, "thinking as it sees fit, with what nobody reads",
          HEAD HI ",\"thinking\":{\"type\":\"adaptive\",\"block_binding\":{\"a\":1}},"
                  "\"output_config\":{\"effort\":\"xhigh\",\"task_budget\":{\"total\":1}}}");
    again(b, "no thinking, and less of it", HEAD HI ",\"thinking\":{\"type\":\"between_tools\"}}");
    again(b, "kinds and efforts of a later day",
          HEAD HI ",\"thinking\":{\"type\":\"dreaming\",\"of\":1},\"output_config\":{\"effort\":"
                  "\"ultra\"},\"tool_choice\":{\"type\":\"some\"}}");
    again(b, "a schema for the answer",
          HEAD HI ",\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{\"type\":"
                  "\"object\"}}}}");
    again(b, "with a name that nobody reads",
          HEAD HI
          ",\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{},\"n\":1}}}");
    again(b, "at its old place",
          HEAD HI
          ",\"output_format\":{\"type\":\"json_schema\",\"schema\":{\"type\":\"object\"}}}");
    again(b, "the rest",
          HEAD HI
          ",\"stream\":true,\"service_tier\":\"auto\",\"stop_sequences\":[\"a\",\"\"],"
          "\"metadata\":{\"user_id\":\"u\",\"x\":1},\"cache_control\":{\"type\":\"ephemeral\","
          "\"ttl\":\"1h\"}}");
}

static void tools(struct bench *b)
{
    again(b, "tools",
          HEAD HI ",\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}},"
                  "{\"type\":\"custom\",\"name\":\"g\",\"description\":\"\",\"input_schema\":{},"
                  "\"strict\":false,\"defer_loading\":true,\"cache_control\":{\"type\":"
                  "\"ephemeral\"}},{\"type\":\"bash_20250124\",\"name\":\"bash\",\"x\":[1]}]}");
    again(b, "any of them", HEAD HI ",\"tool_choice\":{\"type\":\"any\"}}");
    again(b, "one of them, alone",
          HEAD HI ",\"tool_choice\":{\"type\":\"tool\",\"name\":\"f\","
                  "\"disable_parallel_tool_use\":true}}");
    again(b, "allowed side by side",
          HEAD HI ",\"tool_choice\":{\"type\":\"auto\",\"disable_parallel_tool_use\":false}}");
}

static void blocks(struct bench *b)
{
    again(b, "system text in blocks",
          HEAD HI ",\"system\":[{\"type\":\"text\",\"text\":\"a\",\"cache_control\":{\"type\":"
                  "\"ephemeral\"}},{\"type\":\"text\",\"text\":\"b\",\"citations\":null}]}");
    again(b, "a system turn in the middle",
          HEAD "\"system\":\"s\",\"messages\":[{\"role\":\"user\",\"content\":\"\"},{\"role\":"
               "\"system\",\"content\":\"x\"},{\"role\":\"user\",\"content\":[]}]}");
    again(b, "pictures",
          HEAD
          "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\",\"source\":"
          "{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"AAAA\"}},{\"type\":"
          "\"image\",\"source\":{\"type\":\"url\",\"url\":\"https://a/b\"},\"transformations\":"
          "{}},{\"type\":\"image\",\"source\":{\"type\":\"file\",\"file_id\":\"f\",\"x\":1}}]}]}");
    again(
        b, "documents",
        HEAD
        "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"document\",\"source\":"
        "{\"type\":\"text\",\"media_type\":\"text/plain\",\"data\":\"d\"},\"title\":\"t\","
        "\"context\":\"c\",\"citations\":{\"enabled\":true}},{\"type\":\"document\",\"source\":"
        "{\"type\":\"content\",\"content\":[{\"type\":\"text\",\"text\":\"x\"}]},\"title\":\"\","
        "\"citations\":{}},{\"type\":\"document\",\"source\":{\"type\":\"content\",\"content\":"
        "\"x\"}},{\"type\":\"search_result\",\"source\":\"https://s\",\"title\":\"t\","
        "\"content\":[{\"type\":\"text\",\"text\":\"y\"}],\"citations\":{\"enabled\":false}}]}]}");
    again(b, "results",
          HEAD
          "\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"a\","
          "\"name\":\"f\",\"input\":{\"n\":1.0},\"caller\":{\"type\":\"direct\"}}]},{\"role\":"
          "\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"a\"},{\"type\":"
          "\"tool_result\",\"tool_use_id\":\"b\",\"content\":\"\",\"is_error\":false},{\"type\":"
          "\"tool_result\",\"tool_use_id\":\"c\",\"content\":[]},{\"type\":\"tool_result\","
          "\"tool_use_id\":\"d\",\"content\":[{\"type\":\"tool_reference\",\"tool_name\":\"g\"},"
          "{\"type\":\"text\",\"text\":\"x\"}],\"is_error\":true}]}]}");
    again(b, "thoughts and what only Anthropic knows",
          HEAD
          "\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\","
          "\"thinking\":\"\",\"signature\":\"s\"},{\"type\":\"redacted_thinking\",\"data\":\"d\"},"
          "{\"type\":\"server_tool_use\",\"id\":\"i\",\"name\":\"web_search\",\"input\":{}},"
          "{\"type\":\"text\",\"text\":\"t\",\"citations\":[{\"type\":\"char_location\","
          "\"cited_text\":\"c\"}]}],\"x\":1}]}");
}

/* Blocks in blocks in blocks are bounded, and kept. */
static void depth(struct bench *b)
{
    struct buf body;
    buf_init(&body, 1 << 16);
    buf_put(&body, S(HEAD "\"messages\":[{\"role\":\"user\",\"content\":["));
    for (int i = 0; i < 9; i++)
        buf_put(&body, S("{\"type\":\"document\",\"source\":{\"type\":\"content\",\"content\":["));
    for (int i = 0; i < 9; i++)
        buf_put(&body, S("]}}"));
    buf_put(&body, S("]}]}"));
    again(b, "documents in documents", arena_cz(&b->a, buf_str(&body)));
    buf_fini(&body);
}

/* A list of blocks that are nothing costs more than its text: the room decides. */
static void room(struct bench *b)
{
    struct arena a;
    arena_init(&a, 4096, 8u << 20);
    struct buf body;
    buf_init(&body, 8u << 20);
    buf_put(&body, S(HEAD "\"messages\":[{\"role\":\"user\",\"content\":["));
    for (int i = 0; i < 20000; i++)
        buf_put(&body, i == 0 ? S("{\"type\":\"x\"}") : S(",{\"type\":\"x\"}"));
    buf_put(&body, S("]}]}"));
    struct err err = {.code = 0};
    struct reading r = {.a = &a, .err = &err, .origin = DIALECT_ANTHROPIC};
    struct chat *c = arena_new(&a, struct chat);
    const struct json *v = NULL;
    size_t at = 0;
    is_int(json_read(&a, buf_str(&body), &v, &at), 0, "many blocks");
    is_int(anthropic_read_request(&r, v, c), -E_BAD_REQUEST, "are refused");
    is_str(err.message, S("The body has too many parts."), "for their number");
    buf_fini(&body);
    arena_fini(&a);
    (void)b;
}

static void faults(struct bench *b)
{
    wrong(b, "[]", "", "The body must be an object.");
    wrong(b, "{" HI "}", "max_tokens", "max_tokens is required.");
    wrong(b, "{\"max_tokens\":-1," HI "}", "max_tokens", "max_tokens must not be negative.");
    wrong(b, "{\"max_tokens\":\"9\"," HI "}", "max_tokens", "max_tokens must be an integer.");
    wrong(b, HEAD "\"messages\":{}}", "messages", "messages must be an array.");
    wrong(b, HEAD "\"messages\":[]}", "messages", "messages must hold at least one message.");
    wrong(b, HEAD "\"messages\":[{\"role\":\"tool\",\"content\":\"\"}]}", "messages[0].role",
          "messages[0].role must be user, assistant or system.");
    wrong(b, HEAD "\"messages\":[{\"role\":\"user\"}]}", "messages[0].content",
          "messages[0].content is required.");
    wrong(b, HEAD "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]}",
          "messages[0].content[0].text", "messages[0].content[0].text is required.");
    wrong(b, HEAD "\"messages\":[{\"role\":\"user\",\"content\":[7]}]}", "messages[0].content[0]",
          "messages[0].content[0] must be an object.");
    wrong(b,
          HEAD "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\",\"source\":"
               "{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"%\"}}]}]}",
          "messages[0].content[0].source.data",
          "messages[0].content[0].source.data is not base64.");
    wrong(b,
          HEAD
          "\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"a\","
          "\"name\":\"f\",\"input\":\"{}\"}]}]}",
          "messages[0].content[0].input", "messages[0].content[0].input must be an object.");
    wrong(b, HEAD HI ",\"tools\":[{\"input_schema\":{}}]}", "tools[0].name",
          "tools[0].name is required.");
    wrong(b, HEAD HI ",\"stop_sequences\":[\"a\",1]}", "stop_sequences[1]",
          "stop_sequences[1] must be a string.");
    wrong(b, HEAD HI ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":\"x\"}}",
          "thinking.budget_tokens", "thinking.budget_tokens must be an integer.");
    ok(!bench_chat(b, S(HEAD HI ",\"model\":\"n\"}")), "a model twice");
    is_int(b->err.code, -E_DUPLICATE_MEMBER, "is a duplicate");
}

/* A proof that came wrapped is its maker's: Anthropic does not get it. */
static void seals(struct bench *b)
{
    struct seal theirs = {
        .kind = SEAL_REDACTED, .family = FAMILY_OPENAI, .value = S("v"), .provider = S("o")};
    str body =
        arena_printf(&b->a,
                     HEAD "\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":"
                          "\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"t\","
                          "\"signature\":\"%.*s\"}]},{\"role\":\"assistant\",\"content\":"
                          "[{\"type\":\"thinking\",\"thinking\":\"t\",\"signature\":\"\"},"
                          "{\"type\":\"text\",\"text\":\"x\"}]}]}",
                     STR_ARG(seal_wrap(&b->a, &theirs)));
    struct chat *c = bench_chat(b, body);
    const struct block *thought = c->turns->next->blocks;
    is_int(thought->seal.family, FAMILY_OPENAI, "the seal's maker");
    is_str(thought->seal.value, S("v"), "and its value");
    losses_init(&b->loss, &b->a);
    bench_same(b, bench_request(b, c),
               S(HEAD "\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\","
                      "\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}]}"),
               "thoughts without a proof for Anthropic are left out");
    is_str(losses_text(&b->loss, &b->a), S("dropped:thinking"), "and that is noted");
}

/* What the provider gets of a client's request whose loop ends with this assistant's turn. */
static const struct json *looped(struct bench *b, const char *turn)
{
    str body = arena_printf(
        &b->a,
        "{\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":"
        "\"assistant\",\"content\":[%s]},{\"role\":\"user\",\"content\":[{\"type\":"
        "\"tool_result\",\"tool_use_id\":\"call_1\",\"content\":\"r\"}]}],\"thinking\":{"
        "\"type\":\"enabled\",\"budget_tokens\":4},\"context_management\":{}}",
        turn);
    losses_init(&b->loss, &b->a);
    return bench_json(b, bench_request(b, bench_chat(b, body)));
}

#define CALL(id)       "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"f\",\"input\":{}}"
#define THOUGHT(proof) "{\"type\":\"thinking\",\"thinking\":\"t\",\"signature\":\"" proof "\"},"

/* Behind another model's calls Anthropic refuses a budget to think. */
static void loops(struct bench *b)
{
    static const struct {
        const char *turn, *thinking;
    } cases[] = {
        {THOUGHT("EqQB") CALL("toolu_1"), "enabled"},
        {THOUGHT("EqQB") CALL("call_1"), "enabled"},
        {CALL("toolu_1"), "enabled"}, /* the client's own affair */
        {CALL("call_1"), "adaptive"},
        {THOUGHT(SEAL_ABSENT) CALL("toolu_1"), "adaptive"},
        {THOUGHT(SEAL_ABSENT) THOUGHT("EqQB") CALL("toolu_1"), "enabled"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct json *v = looped(b, cases[i].turn);
        is_str(json_str(json_get(json_get(v, "thinking"), "type")), str_from_cz(cases[i].thinking),
               cases[i].turn);
        ok(json_get(v, "context_management"), "the rest stays");
    }
    b->can.thinking &= ~(UINT32_C(1) << THINKING_ADAPTIVE);
    const struct json *v = looped(b, CALL("call_1"));
    is_str(json_str(json_get(json_get(v, "thinking"), "type")), S("disabled"), "a lesser model");
    ok(!json_get(v, "context_management"), "has no thoughts to clear");
    is_str(losses_text(&b->loss, &b->a), S("dropped:thinking, dropped:context_management"),
           "noted");
    v = looped(b, CALL("functions.f:0"));
    str id = json_str(
        json_get(json_at(json_get(json_at(json_get(v, "messages"), 1), "content"), 0), "id"));
    ok(str_has_prefix(id, S("functions_f_0")), "an id in Anthropic's alphabet");
    b->can.thinking = UINT32_MAX;
}

static void counting(struct bench *b)
{
    struct reading r = bench_reading(b, 0);
    struct chat *c = arena_new(&b->a, struct chat);
    c->is_count = true;
    is_int(anthropic_read_request(&r, bench_json(b, S("{\"model\":\"model-1\"," HI "}")), c), 0,
           "a count needs no limit");
    bench_same(b, bench_request(b, c), S("{\"model\":\"model-1\"," HI "}"), "and gets none");
    c = bench_chat(b, S(HEAD HI ",\"stream\":false}"));
    c->is_count = true;
    bench_same(b, bench_request(b, c), S("{\"model\":\"model-1\"," HI "}"),
               "nor does the count of a request that has one");
}

static void meaning(struct bench *b)
{
    struct chat *c = bench_chat(
        b, S(HEAD HI ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000},\"tool_choice\":"
                     "{\"type\":\"tool\",\"name\":\"f\",\"disable_parallel_tool_use\":true},"
                     "\"metadata\":{\"user_id\":\"u\"},\"stop_sequences\":[\"z\"]}"));
    is_int(c->reasoning.thinking, THINKING_ON, "thinking");
    is_int(c->reasoning.budget_tokens, 2000, "its budget");
    is_int(c->choice.mode, CHOICE_NAMED, "choice");
    is_str(c->choice.names[0], S("f"), "its name");
    is_int(c->parallel, NO, "one at a time");
    is_str(c->user, S("u"), "user");
    is_str(c->stop[0], S("z"), "stop");
    is_str(c->max_output, S("9"), "limit");
}

int main(void)
{
    struct bench b;
    bench_init(&b, DIALECT_ANTHROPIC);
    settings(&b);
    tools(&b);
    blocks(&b);
    depth(&b);
    room(&b);
    faults(&b);
    seals(&b);
    loops(&b);
    counting(&b);
    meaning(&b);
    bench_fini(&b);
    return tap_done();
}
