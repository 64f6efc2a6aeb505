/* Converse: recordings read and written again, and what other dialects make of it. */
#include "llm/dialect_bedrock.c"

#include "codec_bench.h"
#include "llm/carry.h"
#include "llm/seal.h"

/* ---- recordings ---- */

static void request_again(struct bench *b, const char *path, str text)
{
    if (str_find(str_from_cz(path), S("count-tokens")) != STR_NONE)
        return;
    struct chat *c = bench_chat(b, text);
    bench_same(b, c ? bench_request(b, c) : S_EMPTY, text, path);
}

static void reply_again(struct bench *b, const char *path, str text)
{
    if (str_find(text, S("\"output\"")) == STR_NONE)
        return;
    struct reply *r = bench_reply(b, text);
    bench_same(b, r ? bench_answer(b, r) : S_EMPTY, text, path);
    if (!r || block_list_has(r->choices->blocks, BLOCK_OPAQUE))
        return; /* what a provider's own tools did has no place in the stream of another one */
    str stream = bench_played(b, r);
    struct fold fold;
    int code;
    struct reply *again = bench_fold(b, stream, stream.n, &code, &fold);
    str difference = again ? reply_difference(&b->a, r, again, 0) : S("no answer");
    is_str(difference, S(""), path);
}

static void stream_again(struct bench *b, const char *path, str bytes)
{
    struct fold fold;
    int code;
    struct reply *whole = bench_fold(b, bytes, bytes.n, &code, &fold);
    is_int(code, 0, path);
    struct reply *cut = bench_fold(b, bytes, 7, &code, &fold);
    is_str(whole && cut ? reply_difference(&b->a, whole, cut, 0) : S("none"), S(""), path);
    str written = whole ? bench_played(b, whole) : S_EMPTY;
    struct reply *again = bench_fold(b, written, written.n, &code, &fold);
    is_str(whole && again ? reply_difference(&b->a, whole, again, 0) : S("none"), S(""), path);
}

static void recordings(struct bench *b)
{
    size_t n = bench_each(b, "bedrock-converse/*/*/request.json", request_again);
    n += bench_each(b, "bedrock-converse/*/*/response.json", reply_again);
    n += bench_each(b, "bedrock-converse/*/*.json", reply_again);
    n += bench_each(b, "bedrock-converse/*/*/response.eventstream.bin", stream_again);
    n += bench_each(b, "translation-golden/agentgateway/response/bedrock/[rt][eo]*.bin",
                    stream_again);
    if (n == 0)
        tap_skip("no recordings");
}

/* ---- requests of other dialects ---- */

static void write_turns(struct bench *b)
{
    struct chat *c = bench_new_chat(b);
    bench_say(b, c, ROLE_SYSTEM, S("be brief"));
    bench_say(b, c, ROLE_USER, S("weather?"));
    bench_call(b, c, S("call.1"), S("get weather"), S("{\"city\": \"Oslo\", \"n\": 1.0}"));
    bench_result(b, c, S("call.1"), S("rain"))->result.failed = YES;
    bench_say(b, c, ROLE_USER, S("and?"));
    str got = bench_request(b, c);
    const struct json *messages = json_get(bench_json(b, got), "messages");
    is_int(json_count(messages), 3, "results and the text behind them are one message");
    const struct json *use =
        json_get(json_at(json_get(json_at(messages, 1), "content"), 0), "toolUse");
    const struct json *answer =
        json_get(json_at(json_get(json_at(messages, 2), "content"), 0), "toolResult");
    is_str(json_text(&b->a, json_get(use, "input")), S("{\"city\":\"Oslo\",\"n\":1.0}"),
           "arguments become an object, numbers as written");
    ok(json_str(json_get(use, "toolUseId")).n > 0 &&
           str_eq(json_str(json_get(use, "toolUseId")), json_str(json_get(answer, "toolUseId"))),
       "call and result are still joined");
    ok(str_find_char(json_str(json_get(use, "toolUseId")), '.') == STR_NONE, "by an id that fits");
    is_str(json_str(json_get(answer, "status")), S("error"), "a failed result says so");
    const struct json *tools = json_get(json_get(bench_json(b, got), "toolConfig"), "tools");
    is_int(json_count(tools), 1, "tools are made up from the history");
    is_str(json_str(json_get(json_get(json_at(tools, 0), "toolSpec"), "name")),
           json_str(json_get(use, "name")), "with the name of the call");
    is_str(json_text(&b->a, json_get(bench_json(b, got), "system")), S("[{\"text\":\"be brief\"}]"),
           "leading system text has its own place");
}

static void write_settings(struct bench *b)
{
    struct chat *c = bench_new_chat(b);
    str *stop = arena_new_n(&b->a, str, 2);
    stop[0] = S("END");
    stop[1] = S(" \n");
    bench_say(b, c, ROLE_USER, S("hi"));
    c->sampling = (struct sampling){.temperature = S("1.5"),
                                    .top_p = S("0.9"),
                                    .top_k = S("40"),
                                    .seed = S("7"),
                                    .top_logprobs = -1};
    c->max_output = S("100");
    c->stop = stop;
    c->n_stop = 2;
    c->service_tier = S("flex");
    c->metadata = bench_json(b, S("{\"team\":\"a\",\"n\":1}"));
    bench_same(b, bench_request(b, c),
               S("{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"hi\"}]}],"
                 "\"inferenceConfig\":{\"maxTokens\":100,\"temperature\":1,\"topP\":0.9,"
                 "\"stopSequences\":[\"END\"]},\"additionalModelRequestFields\":{\"top_k\":40},"
                 "\"requestMetadata\":{\"team\":\"a\"},\"serviceTier\":{\"type\":\"flex\"}}"),
               "settings have their places");
    is_str(bench_lost(b), S("dropped:seed, clamped:temperature, dropped:stop, dropped:metadata"),
           "what has none is noted");
    c->sampling = (struct sampling){.n = 2, .top_logprobs = -1};
    is_str(bench_request(b, c), S(""), "two answers are refused");
    is_str(b->err.param, S("n"), "by the name of the setting");
}

static void write_choices(struct bench *b)
{
    static const struct {
        enum choice_mode mode;
        const char *want, *what;
    } cases[] = {
        {CHOICE_UNSET, NULL, "unset"},
        {CHOICE_AUTO, "{\"auto\":{}}", "auto"},
        {CHOICE_REQUIRED, "{\"any\":{}}", "required"},
        {CHOICE_NAMED, "{\"tool\":{\"name\":\"two\"}}", "named"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct chat *c = bench_new_chat(b);
        const str two = S("two");
        bench_say(b, c, ROLE_USER, S("hi"));
        bench_offer(b, c, S("one"));
        bench_offer(b, c, S("two"));
        c->choice = (struct tool_choice){.mode = cases[i].mode, .names = &two, .n_names = 1};
        const struct json *config = json_get(bench_json(b, bench_request(b, c)), "toolConfig");
        is_str(json_text(&b->a, json_get(config, "toolChoice")), str_from_cz(cases[i].want),
               cases[i].what);
        is_int(json_count(json_get(config, "tools")), 2, "all tools are there");
    }
    struct chat *c = bench_new_chat(b);
    bench_say(b, c, ROLE_USER, S("hi"));
    bench_offer(b, c, S("one"));
    c->choice.mode = CHOICE_NONE;
    ok(!json_get(bench_json(b, bench_request(b, c)), "toolConfig"), "no tool: none go");
    bench_call(b, c, S("x"), S("one"), S(""));
    bench_result(b, c, S("x"), S("r"));
    const struct json *config = json_get(bench_json(b, bench_request(b, c)), "toolConfig");
    ok(config && !json_get(config, "toolChoice"), "unless the history needs them");
    is_str(bench_lost(b), S("emulated:tool_choice"), "which is noted");
    const str two = S("two");
    c = bench_new_chat(b);
    bench_say(b, c, ROLE_USER, S("hi"));
    bench_offer(b, c, S("one"));
    bench_offer(b, c, S("two"));
    c->choice = (struct tool_choice){.mode = CHOICE_ALLOWED, .names = &two, .n_names = 1};
    config = json_get(bench_json(b, bench_request(b, c)), "toolConfig");
    is_int(json_count(json_get(config, "tools")), 1, "allowed tools go alone");
    c->tools->kind = TOOL_SERVER;
    c->tools->type = S("web_search");
    c->choice.mode = CHOICE_UNSET;
    is_str(bench_request(b, c), S(""), "another provider's tool is refused");
}

static void write_files(struct bench *b)
{
    struct chat *c = bench_new_chat(b);
    struct turn *t = turn_add(&b->a, c, ROLE_USER);
    t->blocks =
        bench_attach(b, NULL, MEDIA_DOCUMENT, S("application/pdf"), S("Q3 r\xc3\xa9port_v2.pdf"));
    bench_attach(b, t->blocks, MEDIA_DOCUMENT, S("text/x-log"), S("Q3 r\xc3\xa9port_v2.log"));
    bench_attach(b, t->blocks, MEDIA_IMAGE, S("image/png"), S(""));
    const struct json *content =
        json_get(json_at(json_get(bench_json(b, bench_request(b, c)), "messages"), 0), "content");
    is_int(json_count(content), 4, "a document gets text beside it");
    const struct json *one = json_get(json_at(content, 1), "document");
    const struct json *two = json_get(json_at(content, 2), "document");
    is_str(json_str(json_get(one, "name")), S("Q3 r port v2"), "names are made to fit");
    is_str(json_str(json_get(two, "name")), S("Q3 r port v2 [2]"), "and to differ");
    is_str(json_str(json_get(two, "format")), S("txt"), "text of any kind is text");
    is_str(json_text(&b->a, json_at(content, 3)),
           S("{\"image\":{\"format\":\"png\",\"source\":{\"bytes\":\"aGVsbG8=\"}}}"), "a picture");
    t->blocks->media.source = MEDIA_URL;
    is_str(bench_request(b, c), S(""), "a URL that was not fetched is refused");
    t->blocks->media.source = MEDIA_BASE64;
    t->blocks->media.mime = S("application/zip");
    t->blocks->media.name = S("a.zip");
    is_str(bench_request(b, c), S(""), "so is a file of another kind");
}

static void write_thoughts(struct bench *b)
{
    struct chat *c = bench_new_chat(b);
    bench_say(b, c, ROLE_USER, S("hi"));
    struct turn *t = turn_add(&b->a, c, ROLE_ASSISTANT);
    t->blocks = block_new(&b->a, BLOCK_REASONING);
    reasoning_add(&b->a, &t->blocks->reasoning, false, S("hm"));
    t->blocks->seal =
        (struct seal){.kind = SEAL_SIGNATURE, .family = FAMILY_ANTHROPIC, .value = S("c2ln")};
    struct block *redacted = block_new(&b->a, BLOCK_REASONING);
    redacted->seal =
        (struct seal){.kind = SEAL_REDACTED, .family = FAMILY_ANTHROPIC, .value = S("ZGF0YQ==")};
    block_add(&t->blocks, redacted);
    block_add(&t->blocks, block_text(&b->a, S("hello")));
    bench_say(b, c, ROLE_USER, S("again"));
    const struct json *content =
        json_get(json_at(json_get(bench_json(b, bench_request(b, c)), "messages"), 1), "content");
    is_str(json_text(&b->a, json_at(content, 0)),
           S("{\"reasoningContent\":{\"reasoningText\":{\"text\":\"hm\",\"signature\":\"c2ln\"}}}"),
           "a signed thought goes back");
    is_str(json_text(&b->a, json_at(content, 1)),
           S("{\"reasoningContent\":{\"redactedContent\":\"WkdGMFlRPT0=\"}}"),
           "a redacted one is encoded once more");
    t->blocks->seal.family = FAMILY_GEMINI;
    redacted->seal.kind = SEAL_NONE;
    content =
        json_get(json_at(json_get(bench_json(b, bench_request(b, c)), "messages"), 1), "content");
    is_str(json_text(&b->a, content), S("[{\"text\":\"hello\"}]"), "a stranger's does not");
    c = bench_new_chat(b);
    bench_say(b, c, ROLE_USER, S("hi"));
    c->reasoning.thinking = THINKING_ON;
    c->reasoning.budget_tokens = 2048;
    c->betas = S("a-1, b-2");
    is_str(json_text(&b->a,
                     json_get(bench_json(b, bench_request(b, c)), "additionalModelRequestFields")),
           S("{\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048},"
             "\"anthropic_beta\":[\"a-1\",\"b-2\"]}"),
           "thinking and betas are fields of the model");
}

/* Of its own conversation, too, a provider gets no thoughts of others, and no ids of theirs. */
static void write_others(struct bench *b)
{
    struct seal seal = {SEAL_SIGNATURE, FAMILY_OPENAI, S("p"), S("m"), S("v")};
    str theirs = seal_wrap(&b->a, &seal);
    struct chat *c = bench_chat(
        b, arena_printf(
               &b->a,
               "{\"messages\":[{\"role\":\"assistant\",\"content\":[{\"reasoningContent\":"
               "{\"reasoningText\":{\"text\":\"t\",\"signature\":\"" SEAL_ABSENT "\"}}},"
               "{\"reasoningContent\":{\"reasoningText\":{\"text\":\"u\"}}},"
               "{\"reasoningContent\":{\"reasoningText\":{\"text\":\"v\",\"signature\":"
               "\"Eq\"}}},{\"toolUse\":{\"toolUseId\":\"i_1\",\"name\":\"f\",\"input\":{}}}]},"
               "{\"role\":\"assistant\",\"content\":[{\"reasoningContent\":{"
               "\"reasoningText\":{\"text\":\"w\",\"signature\":\"" STR_FMT "\"}}}]}]}",
               STR_ARG(theirs)));
    bench_same(b, bench_request(b, c),
               S("{\"messages\":[{\"role\":\"assistant\",\"content\":["
                 "{\"reasoningContent\":{\"reasoningText\":{\"text\":\"u\"}}},"
                 "{\"reasoningContent\":{\"reasoningText\":{\"text\":\"v\",\"signature\":"
                 "\"Eq\"}}},{\"toolUse\":{\"toolUseId\":\"i_1\",\"name\":\"f\",\"input\":{}}}]},"
                 "{\"role\":\"assistant\",\"content\":[{\"text\":\".\"}]}]}"),
               "only its own thoughts");
    c = bench_chat(b, S("{\"messages\":[{\"role\":\"assistant\",\"content\":[{\"toolUse\":{"
                        "\"toolUseId\":\"f:0\",\"name\":\"f\",\"input\":{}}}]}]}"));
    ok(str_find(bench_request(b, c), S("\"toolUseId\":\"f_0")) != STR_NONE, "an id that fits");
}

static void write_schema(struct bench *b)
{
    struct chat *c = bench_new_chat(b);
    bench_say(b, c, ROLE_USER, S("hi"));
    c->output.format = FORMAT_SCHEMA;
    c->output.name = S("City");
    c->output.schema = bench_json(b, S("{\"type\":\"object\",\"properties\":{\"b\":{},\"a\":{}}}"));
    const struct json *format =
        json_get(json_get(bench_json(b, bench_request(b, c)), "outputConfig"), "textFormat");
    const struct json *schema = json_get(json_get(format, "structure"), "jsonSchema");
    ok(json_is_str(json_get(schema, "schema")), "the schema is a string");
    bench_same(b, json_str(json_get(schema, "schema")),
               S("{\"type\":\"object\",\"properties\":{\"b\":{},\"a\":{}}}"), "of JSON");
    b->can.can &= ~(uint32_t)CAN_JSON_SCHEMA;
    str got = bench_request(b, c);
    b->can.can |= CAN_JSON_SCHEMA;
    ok(got.n > 0 && !json_get(bench_json(b, got), "outputConfig"), "where it can be");
    ok(str_find(got, S("JSON schema")) != STR_NONE, "else it is asked for in words");
}

static void write_requests(struct bench *b)
{
    write_turns(b);
    bench_lost(b);
    write_settings(b);
    write_choices(b);
    bench_lost(b);
    write_files(b);
    write_thoughts(b);
    write_others(b);
    write_schema(b);
}

/* ---- requests of this dialect, as others see them ---- */

static void read_request_parts(struct bench *b)
{
    struct chat *c = bench_chat(
        b,
        S("{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"a\"},{\"cachePoint\":"
          "{\"type\":\"default\",\"ttl\":\"1h\"}},{\"guardContent\":{\"text\":{\"text\":\"b\"}}},"
          "{\"toolResult\":{\"toolUseId\":\"t\",\"content\":[{\"json\":{\"x\":1}}],"
          "\"status\":\"error\"}}]}],\"inferenceConfig\":{\"maxTokens\":5,\"stopSequences\":"
          "[\"x\"]},\"additionalModelRequestFields\":{\"top_k\":3,\"thinking\":{\"type\":"
          "\"enabled\",\"budget_tokens\":1024},\"anthropic_beta\":[\"p\",\"q\"]},"
          "\"toolConfig\":{\"tools\":[{\"toolSpec\":{\"name\":\"f\",\"inputSchema\":{\"json\":"
          "{}}}},{\"cachePoint\":{\"type\":\"default\"}}],\"toolChoice\":{\"any\":{}}},"
          "\"outputConfig\":{\"effort\":\"high\",\"textFormat\":{\"type\":\"json_schema\","
          "\"structure\":{\"jsonSchema\":{\"schema\":\"{ \\\"type\\\" : \\\"object\\\" }\"}}}},"
          "\"guardrailConfig\":{\"guardrailIdentifier\":\"g\"}}"));
    ok(c != NULL, "a request with everything");
    if (!c)
        return;
    const struct block *first = c->turns->blocks;
    is_str(first->cache.ttl, S("1h"), "a cache point marks the block before it");
    is_str(first->next->text, S("b"), "guarded text is text");
    ok(first->next->next->result.value && first->next->next->result.failed == YES, "a result");
    is_str(first->next->next->result.blocks->text, S("{\"x\":1}"), "its JSON is text, too");
    is_str(c->max_output, S("5"), "maxTokens");
    is_int(c->n_stop, 1, "stopSequences");
    is_str(c->sampling.top_k, S("3"), "top_k");
    is_int(c->reasoning.budget_tokens, 1024, "a budget");
    is_str(c->betas, S("p,q"), "betas");
    ok(c->tools->cache.is_set && c->choice.mode == CHOICE_REQUIRED, "tools");
    ok(c->output.format == FORMAT_SCHEMA && c->reasoning.effort == EFFORT_HIGH, "output");
    ok(extras_find(&c->extras, S("guardrailConfig")) != NULL, "a guardrail is only its own");
}

static void refuse(struct bench *b, const char *body, const char *param)
{
    ok(bench_chat(b, str_from_cz(body)) == NULL, body);
    is_str(b->err.param, str_from_cz(param), param);
}

static void refuse_requests(struct bench *b)
{
    refuse(b, "[]", "");
    refuse(b, "{\"messages\":{}}", "messages");
    refuse(b, "{\"messages\":[{\"role\":\"robot\",\"content\":[]}]}", "messages[0].role");
    refuse(b, "{\"messages\":[{\"role\":\"user\"}]}", "messages[0].content");
    refuse(b, "{\"messages\":[{\"role\":\"user\",\"content\":[{}]}]}", "messages[0].content[0]");
    refuse(b, "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"a\",\"image\":{}}]}]}",
           "messages[0].content[0]");
    refuse(b, "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":1}]}]}",
           "messages[0].content[0].text");
    refuse(b,
           "{\"messages\":[{\"role\":\"user\",\"content\":[{\"image\":{\"format\":\"png\","
           "\"source\":{\"bytes\":\"*\"}}}]}]}",
           "messages[0].content[0].image.source.bytes");
    refuse(b, "{\"messages\":[],\"inferenceConfig\":{\"temperature\":\"1\"}}",
           "inferenceConfig.temperature");
    refuse(b, "{\"messages\":[],\"messages\":[]}", "messages");
    refuse(b, "{\"toolConfig\":{\"tools\":[{\"toolSpec\":{}}]}}",
           "toolConfig.tools[0].toolSpec.name");
    refuse(b, "{\"toolConfig\":{\"toolChoice\":{\"tool\":{}}}}", "toolConfig.toolChoice.tool.name");
    refuse(
        b,
        "{\"outputConfig\":{\"textFormat\":{\"structure\":{\"jsonSchema\":{\"schema\":\"{\"}}}}}",
        "outputConfig.textFormat.structure.jsonSchema.schema");
}

/* ---- streams ---- */

static void frame(struct buf *out, const char *type, const char *data)
{
    frames_put(FRAMING_EVENT_STREAM, out, str_from_cz(type), str_from_cz(data));
}

/* Calls in parallel, thoughts with a signature, a citation; counts after the end. */
static str long_stream(struct bench *b)
{
    struct buf out;
    buf_init(&out, 1u << 20);
    frame(&out, "messageStart", "{\"role\":\"assistant\",\"p\":\"abc\"}");
    frame(&out, "contentBlockDelta",
          "{\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":"
          "{\"text\":\"hm\"}}}");
    frame(&out, "contentBlockDelta",
          "{\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":"
          "{\"signature\":\"c2ln\"}}}");
    frame(&out, "contentBlockStop", "{\"contentBlockIndex\":0}");
    frame(&out, "contentBlockDelta",
          "{\"contentBlockIndex\":1,\"delta\":{\"citation\":{\"title\":"
          "\"t\",\"location\":{\"web\":{\"url\":\"http://x\"}}}}}");
    frame(&out, "contentBlockDelta", "{\"contentBlockIndex\":1,\"delta\":{\"text\":\"he\"}}");
    frame(&out, "contentBlockDelta", "{\"contentBlockIndex\":1,\"delta\":{\"text\":\"llo\"}}");
    frame(&out, "contentBlockStart",
          "{\"contentBlockIndex\":2,\"start\":{\"toolUse\":{"
          "\"toolUseId\":\"a\",\"name\":\"f\"}}}");
    frame(&out, "contentBlockStart",
          "{\"contentBlockIndex\":3,\"start\":{\"toolUse\":{"
          "\"toolUseId\":\"b\",\"name\":\"g\"}}}");
    frame(&out, "contentBlockDelta",
          "{\"contentBlockIndex\":2,\"delta\":{\"toolUse\":{\"input\":"
          "\"{\\\"x\\\":\"}}}");
    frame(&out, "contentBlockDelta",
          "{\"contentBlockIndex\":2,\"delta\":{\"toolUse\":{\"input\":"
          "\"1}\"}}}");
    frame(&out, "contentBlockStop", "{\"contentBlockIndex\":2}");
    frame(&out, "contentBlockStop", "{\"contentBlockIndex\":3}");
    frame(&out, "somethingNew", "{\"a\":1}");
    frame(&out, "messageStop", "{\"stopReason\":\"tool_use\"}");
    frame(&out, "metadata",
          "{\"usage\":{\"inputTokens\":3,\"outputTokens\":121,\"totalTokens\":2072,"
          "\"cacheReadInputTokens\":1712,\"cacheWriteInputTokens\":236}}");
    str bytes = arena_str(&b->a, buf_str(&out));
    buf_fini(&out);
    return bytes;
}

static void check_long_stream(const struct reply *r)
{
    const struct block *thought = r->choices->blocks, *text = thought->next;
    is_str(thought->seal.value, S("c2ln"), "a signature comes with the end of its block");
    is_str(text->text, S("hello"), "text without a start");
    is_str(text->annotations->url, S("http://x"), "a citation");
    is_str(text->next->call.args, S("{\"x\":1}"), "a call in pieces");
    is_str(text->next->next->call.name, S("g"), "and one beside it");
    is_int(r->choices->finish.reason, FINISH_TOOL_CALLS, "its end");
    is_int(r->usage.input_tokens, 1951, "the whole input");
    is_int(r->usage.cached_tokens, 1712, "what the cache had of it");
}

static void cut_streams(struct bench *b)
{
    str bytes = long_stream(b);
    struct fold fold;
    int code;
    struct reply *whole = bench_fold(b, bytes, bytes.n, &code, &fold);
    is_int(code, 0, "a stream");
    if (!whole)
        return;
    check_long_stream(whole);
    bool is_same = true, is_never_success = true;
    for (size_t step = 1; step < 80; step++) {
        struct reply *r = bench_fold(b, bytes, step, &code, &fold);
        is_same = is_same && r && reply_difference(&b->a, whole, r, 0).n == 0;
    }
    ok(is_same, "is the same however it is cut");
    size_t stopped = str_find(bytes, S("metadata")) - 40;
    for (size_t n = 0; n < bytes.n; n++) {
        struct reply *r = bench_fold(b, str_slice(bytes, 0, n), bytes.n, &code, &fold);
        is_never_success = is_never_success && (!r || n >= stopped);
    }
    ok(is_never_success, "is no success before its messageStop");
    str written = bench_played(b, whole);
    struct reply *again = bench_fold(b, written, 5, &code, &fold);
    is_str(again ? reply_difference(&b->a, whole, again, 0) : S("none"), S(""), "written again");
}

static void end_streams(struct bench *b)
{
    struct buf out;
    struct fold fold;
    int code;
    buf_init(&out, 1u << 16);
    frame(&out, "contentBlockDelta", "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"a\"}}");
    event_stream_put(&out, S("exception"), S("throttlingException"), S("{\"message\":\"slow\"}"));
    struct reply *r = bench_fold(b, buf_str(&out), 1000, &code, &fold);
    ok(!r && code == -E_PROVIDER_STREAM && fold.failure, "an exception is an error");
    if (fold.failure) {
        is_int(fold.failure->class, FAILURE_RATE, "of its class");
        is_str(fold.failure->message, S("slow"), "with its message");
    }
    buf_reset(&out);
    frame(&out, "metadata", "{\"usage\":{\"inputTokens\":1,\"outputTokens\":2}}");
    frame(&out, "messageStop", "{\"stopReason\":\"end_turn\"}");
    r = bench_fold(b, buf_str(&out), 1000, &code, &fold);
    ok(r && r->usage.output_tokens == 2, "usage may come before the end");
    buf_reset(&out);
    frame(&out, "messageStop", "{\"stopReason\":\"end_turn\"}");
    r = bench_fold(b, buf_str(&out), 1000, &code, &fold);
    ok(r != NULL, "or not at all");
    buf_reset(&out);
    frame(&out, "contentBlockDelta", "{\"delta\":{\"toolUse\":{\"input\":\"{}\"}}}");
    r = bench_fold(b, buf_str(&out), 1000, &code, &fold);
    is_int(code, -E_PROVIDER_BODY, "input without its tool is malformed");
    buf_fini(&out);
}

static void write_exception(struct bench *b)
{
    struct bench_sink s = {.codec = bench_codec(b)};
    const struct event ev = {.kind = EV_ERROR,
                             .failure = {.class = FAILURE_OVERLOADED, .message = S("busy")}};
    s.e = (struct encoder){.a = &b->a, .scratch = &b->a, .out = &b->out, .w = bench_writing(b)};
    buf_reset(&b->out);
    is_int(bench_sink_put(&s, &ev), 0, "an error is written");
    str bytes = arena_str(&b->a, buf_str(&b->out));
    struct fold fold;
    int code;
    bench_fold(b, bytes, bytes.n, &code, &fold);
    ok(fold.failure && fold.failure->class == FAILURE_OVERLOADED, "as an exception of its kind");
}

/* ---- errors ---- */

static void errors(struct bench *b)
{
    static const struct {
        const char *hint, *body;
        int status;
        enum failure_class want;
    } cases[] = {
        {"ValidationException:http://x/", "{\"message\":\"bad\"}", 400, FAILURE_BAD_REQUEST},
        {"ValidationException", "{\"message\":\"Input is too long for requested model.\"}", 400,
         FAILURE_CONTEXT},
        {"", "{\"__type\":\"com.amazon.coral.service#ThrottlingException\",\"Message\":\"m\"}", 429,
         FAILURE_RATE},
        {"ServiceQuotaExceededException", "{}", 400, FAILURE_QUOTA},
        {"ModelTimeoutException", "{}", 408, FAILURE_TIMEOUT},
        {"ExpiredTokenException", "{}", 403, FAILURE_UPSTREAM_AUTH},
        {"AccessDeniedException", "{}", 403, FAILURE_FORBIDDEN},
        {"", "{\"message\":\"m\"}", 503, FAILURE_OVERLOADED},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct failure f = {.class = failure_class_of(cases[i].status), .message = S("?")};
        bench_codec(b)->read_error(&b->a, bench_json(b, str_from_cz(cases[i].body)),
                                   str_from_cz(cases[i].hint), &f);
        is_int(f.class, cases[i].want, cases[i].body);
    }
    is_str(bedrock_error_type(FAILURE_RATE), S("ThrottlingException"), "and back");
    struct failure f = {.class = FAILURE_RATE, .message = S("m"), .gateway = S("{\"code\":1}")};
    buf_reset(&b->out);
    bench_codec(b)->write_error(&f, &b->out);
    is_str(buf_str(&b->out), S("{\"message\":\"m\",\"gateway\":{\"code\":1}}"), "a body");
}

int main(void)
{
    struct bench b;
    bench_init(&b, DIALECT_BEDROCK);
    recordings(&b);
    losses_init(&b.loss, &b.a);
    write_requests(&b);
    read_request_parts(&b);
    refuse_requests(&b);
    cut_streams(&b);
    end_streams(&b);
    write_exception(&b);
    errors(&b);
    bench_fini(&b);
    return tap_done();
}
