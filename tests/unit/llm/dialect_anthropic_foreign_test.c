/* What an OpenAI client asks for, as Anthropic takes it: the order of messages, tools, thinking,
 * settings, and what is said to be lost. Requests are read by the chat dialect. */
#include "llm/dialect_anthropic_foreign.c"

#include "codec_bench.h"

static struct chat *from_chat(struct bench *b, const char *body)
{
    struct reading r = bench_reading(b, 0);
    r.origin = DIALECT_CHAT;
    struct chat *c = arena_new(&b->a, struct chat);
    c->origin = DIALECT_CHAT;
    c->reasoning.budget_tokens = -1;
    c->sampling.top_logprobs = -1;
    const struct json *v = bench_json(b, str_from_cz(body));
    bool is_read = v && dialect_get(DIALECT_CHAT)->codec->read_request(&r, v, c) == 0;
    if (!is_read)
        printf("# chat: %.*s\n", STR_ARG(b->err.message));
    return is_read ? c : NULL;
}

static str written(struct bench *b, const char *body)
{
    losses_init(&b->loss, &b->a);
    const struct chat *c = from_chat(b, body);
    return c ? bench_request(b, c) : S_EMPTY;
}

/* The request that becomes of it, member by member, and what is noted. */
static void becomes(struct bench *b, const char *what, const char *body, const char *want,
                    const char *losses)
{
    str got = written(b, body);
    bench_same(b, got, str_from_cz(want), what);
    is_str(losses_text(&b->loss, &b->a), str_from_cz(losses), what);
}

/* One member of it, "": it is not there. */
static void has(struct bench *b, const char *what, const char *body, const char *member,
                const char *want)
{
    str got = written(b, body);
    const struct json *v = got.n > 0 ? json_get(bench_json(b, got), member) : NULL;
    is_str(v ? ir_text(&b->a, v) : S(""), str_from_cz(want), what);
}

static void noted(struct bench *b, const char *what, const char *losses)
{
    is_str(losses_text(&b->loss, &b->a), str_from_cz(losses), what);
}

static void refused(struct bench *b, const char *what, const char *body, const char *param)
{
    is_str(written(b, body), S(""), what);
    is_int(b->err.code, -E_BAD_REQUEST, what);
    is_str(b->err.param, str_from_cz(param), what);
}

#define USER "{\"role\":\"user\",\"content\":\"hi\"}"
#define HEAD "{\"model\":\"m\",\"messages\":["

static void order(struct bench *b)
{
    becomes(
        b, "the least request gets a limit", HEAD USER "]}",
        "{\"model\":\"model-1\",\"max_tokens\":8192,\"messages\":[{\"role\":\"user\",\"content\":"
        "[{\"type\":\"text\",\"text\":\"hi\"}]}]}",
        "");
    becomes(
        b, "system texts go to the front, one block each",
        HEAD "{\"role\":\"system\",\"content\":\"a\"},{\"role\":\"developer\",\"content\":"
             "\"b\"}," USER "],\"max_tokens\":5}",
        "{\"model\":\"model-1\",\"max_tokens\":5,\"system\":[{\"type\":\"text\",\"text\":\"a\"},"
        "{\"type\":\"text\",\"text\":\"b\"}],\"messages\":[{\"role\":\"user\",\"content\":"
        "[{\"type\":\"text\",\"text\":\"hi\"}]}]}",
        "");
    has(b, "turns of one role become one message of several blocks", HEAD USER "," USER "]}",
        "messages",
        "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"},"
        "{\"type\":\"text\",\"text\":\"hi\"}]}]");
    has(b, "a system turn in the middle is the user's text there",
        HEAD USER ",{\"role\":\"assistant\",\"content\":\"yo\"},{\"role\":\"system\",\"content\":"
                  "\"be brief\"}," USER "]}",
        "messages",
        "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]},"
        "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"yo\"}]},"
        "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"<system>\\nbe "
        "brief\\n</system>\"},{\"type\":\"text\",\"text\":\"hi\"}]}]");
    noted(b, "and that is noted", "emulated:messages.role");
    b->can.can |= CAN_MID_SYSTEM;
    has(b, "or a system turn behind the user's, where the model knows them",
        HEAD USER ",{\"role\":\"system\",\"content\":\"be brief\"}]}", "messages",
        "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]},"
        "{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"be brief\"}]}]");
    b->can.can &= ~(uint32_t)CAN_MID_SYSTEM;
    has(b, "empty texts vanish, and the message with them",
        HEAD "{\"role\":\"user\",\"content\":\"  \\n\"},{\"role\":\"user\",\"content\":"
             "[{\"type\":\"text\",\"text\":\"\"},{\"type\":\"text\",\"text\":\"x\"}]}]}",
        "messages", "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}]");
    refused(b, "nothing but system text", HEAD "{\"role\":\"system\",\"content\":\"a\"}]}",
            "messages");
    refused(b, "the assistant first", HEAD "{\"role\":\"assistant\",\"content\":\"a\"}," USER "]}",
            "messages");
}

static void prefill(struct bench *b)
{
    const char *body = HEAD USER ",{\"role\":\"assistant\",\"content\":\"I say \\n\"}]}";
    has(b, "an answer's beginning is trimmed", body, "messages",
        "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]},"
        "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"I say\"}]}]");
    noted(b, "that is no loss", "");
    b->can.can &= ~(uint32_t)CAN_PREFILL;
    str got = written(b, body);
    const struct json *messages = json_get(bench_json(b, got), "messages");
    is_int(json_count(messages), 3, "where it is refused, the user asks for the rest");
    is_str(json_str(json_get(json_at(messages, 2), "role")), S("user"), "as the last message");
    noted(b, "and that is noted", "emulated:messages");
    b->can.can |= CAN_PREFILL;
}

#define CALL(id, name, args)                                                                       \
    "{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"" name                      \
    "\",\"arguments\":\"" args "\"}}"
#define RESULT(id, text) "{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"" text "\"}"
#define TOOLS                                                                                      \
    ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":"    \
    "\"object\",\"properties\":{\"x\":{\"type\":\"integer\"}}}}}]"
#define USE(id, name, input)                                                                       \
    "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"" name "\",\"input\":" input "}"
#define USED(id, text)                                                                             \
    "{\"type\":\"tool_result\",\"tool_use_id\":\"" id "\",\"content\":\"" text "\"}"
#define HI "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]}"

static void results(struct bench *b)
{
    has(b, "results come together, in the order of the calls, before anything else",
        HEAD USER ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" CALL(
            "a", "f",
            "{\\\"x\\\":1}") "," CALL("b", "f",
                                      "") "]}," RESULT("b", "B") "," USER
                                                                 "," RESULT("a", "A") "]" TOOLS "}",
        "messages",
        "[" HI ",{\"role\":\"assistant\",\"content\":[" USE("a", "f", "{\"x\":1}") "," USE(
            "b", "f",
            "{}") "]},{\"role\":\"user\",\"content\":[" USED("a",
                                                             "A") "," USED("b",
                                                                           "B") ",{\"type\":"
                                                                                "\"text\",\"text\":"
                                                                                "\"hi\"}]}]");
    noted(b, "no loss", "");
    has(b, "a call without a result gets one that says so",
        HEAD USER ",{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[" CALL(
            "a", "f", "{}") "]}," USER "]" TOOLS "}",
        "messages",
        "[" HI ",{\"role\":\"assistant\",\"content\":[" USE(
            "a", "f", "{}") "]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_"
                            "use_id\":\"a\","
                            "\"content\":\"The tool gave no result.\",\"is_error\":true},"
                            "{\"type\":\"text\",\"text\":\"hi\"}]}]");
    noted(b, "which is noted", "emulated:messages.tool_calls");
    has(b, "a result without its call is the user's text", HEAD USER "," RESULT("z", "Z") "]}",
        "messages",
        "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"},{\"type\":\"text\","
        "\"text\":\"Result of the tool z:\\nZ\"}]}]");
    noted(b, "which is noted, too", "emulated:messages.tool_call_id");
}

static void ids(struct bench *b)
{
    has(b, "ids that come again are told apart, each with its own result",
        HEAD USER ",{\"role\":\"assistant\",\"tool_calls\":[" CALL("a", "f", "{}") "]}," RESULT(
            "a",
            "1") ",{\"role\":\"assistant\",\"tool_calls\":[" CALL("a", "f",
                                                                  "{}") "]}," RESULT("a",
                                                                                     "2") "]" TOOLS
                                                                                          "}",
        "messages",
        "[" HI ",{\"role\":\"assistant\",\"content\":[" USE(
            "a", "f",
            "{}") "]},{\"role\":\"user\",\"content\":[" USED("a",
                                                             "1") "]},{\"role\":\"assistant\","
                                                                  "\"content\":[" USE(
                                                                      "a_3", "f",
                                                                      "{}") "]},{"
                                                                            "\"role"
                                                                            "\":"
                                                                            "\"user"
                                                                            "\","
                                                                            "\"cont"
                                                                            "ent\":"
                                                                            "[" USED("a_3",
                                                                                     "2") "]}]");
    has(b, "the missing one is the first's, not the second's",
        HEAD USER ",{\"role\":\"assistant\",\"tool_calls\":[" CALL(
            "a", "f", "{}") "]}," USER
                            ",{\"role\":\"assistant\",\"tool_calls\":[" CALL(
                                "a", "f", "{}") "]}," RESULT("a", "2") "]" TOOLS "}",
        "messages",
        "[" HI ",{\"role\":\"assistant\",\"content\":[" USE(
            "a", "f",
            "{}") "]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":"
                  "\"a\","
                  "\"content\":\"The tool gave no result.\",\"is_error\":true},"
                  "{\"type\":\"text\",\"text\":\"hi\"}]},{\"role\":\"assistant\",\"content\":[" USE(
                      "a_3", "f", "{}") "]},{\"role\":\"user\",\"content\":[" USED("a_3",
                                                                                   "2") "]}]");
    str got = written(b, HEAD USER ",{\"role\":\"assistant\",\"tool_calls\":[" CALL(
                             "a.b", "n.x", "{}") "]}," RESULT("a.b", "1") "]" TOOLS "}");
    const struct json *m = json_get(bench_json(b, got), "messages");
    const struct json *use = json_at(json_get(json_at(m, 1), "content"), 0);
    const struct json *result = json_at(json_get(json_at(m, 2), "content"), 0);
    ok(str_has_prefix(json_str(json_get(use, "id")), S("a_b_")), "an id is made to fit");
    is_str(json_str(json_get(result, "tool_use_id")), json_str(json_get(use, "id")),
           "in the call and in its result");
    ok(str_has_prefix(json_str(json_get(use, "name")), S("n_x_")), "and so is a name");
}

/* Dialects without ids join by name, in order. */
static void names(struct bench *b)
{
    struct chat *c = from_chat(b, HEAD USER "]}");
    struct turn *call = turn_add(&b->a, c, ROLE_ASSISTANT);
    struct turn *result = turn_add(&b->a, c, ROLE_TOOL);
    for (int i = 0; i < 2; i++) {
        struct block *use = block_new(&b->a, BLOCK_TOOL_CALL);
        use->call.name = S("f");
        block_add(&call->blocks, use);
        struct block *used = block_new(&b->a, BLOCK_TOOL_RESULT);
        used->result.name = S("f");
        used->result.is_plain = true;
        used->result.blocks = block_text(&b->a, i == 0 ? S("one") : S("two"));
        block_add(&result->blocks, used);
    }
    str got = bench_request(b, c);
    const struct json *m = json_get(bench_json(b, got), "messages");
    is_str(ir_text(&b->a, json_get(json_at(m, 1), "content")),
           S("[" USE("call_1", "f", "{}") "," USE("call_2", "f", "{}") "]"), "ids are made");
    is_str(ir_text(&b->a, json_get(json_at(m, 2), "content")),
           S("[" USED("call_1", "one") "," USED("call_2", "two") "]"), "and found again");
}

static void tools(struct bench *b)
{
    const struct json *t = bench_json(
        b, written(b, HEAD USER "],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\","
                                "\"description\":\"d\"}}]}"));
    t = json_at(json_get(t, "tools"), 0);
    is_str(json_str(json_get(t, "description")), S("d"), "a tool's description");
    is_str(json_str(json_get(json_get(t, "input_schema"), "type")), S("object"),
           "a tool's schema, an object in any case");
    has(b, "no choice is said when there is none", HEAD USER "]" TOOLS "}", "tool_choice", "");
    has(b, "required is any", HEAD USER "]" TOOLS ",\"tool_choice\":\"required\"}", "tool_choice",
        "{\"type\":\"any\"}");
    has(b, "none is none", HEAD USER "]" TOOLS ",\"tool_choice\":\"none\"}", "tool_choice",
        "{\"type\":\"none\"}");
    has(b, "one by its name",
        HEAD USER "]" TOOLS
                  ",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}},"
                  "\"parallel_tool_calls\":false}",
        "tool_choice", "{\"type\":\"tool\",\"name\":\"f\",\"disable_parallel_tool_use\":true}");
    has(b, "one at a time needs a choice to stand in",
        HEAD USER "]" TOOLS ",\"parallel_tool_calls\":false}", "tool_choice",
        "{\"type\":\"auto\",\"disable_parallel_tool_use\":true}");
    b->can.choices = 1u << CHOICE_AUTO | 1u << CHOICE_NONE;
    const char *forced = HEAD USER "]" TOOLS ",\"tool_choice\":\"required\"}";
    has(b, "a model that cannot be forced", forced, "tool_choice", "{\"type\":\"auto\"}");
    has(b, "is asked", forced, "system",
        "[{\"type\":\"text\",\"text\":\"Call at least one of the tools before you answer.\"}]");
    noted(b, "and that is noted", "emulated:tool_choice");
    b->can.choices = UINT32_MAX;
    const char *history = HEAD USER ",{\"role\":\"assistant\",\"tool_calls\":[" CALL(
        "a", "f", "{}") "," CALL("b", "g", "{}") "," CALL("c", "f", "{}") "]}]}";
    has(b, "tools that only the history knows are declared", history, "tools",
        "[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}},"
        "{\"name\":\"g\",\"input_schema\":{\"type\":\"object\"}}]");
    has(b, "and not to be called", history, "tool_choice", "{\"type\":\"none\"}");
}

static void thinking(struct bench *b)
{
    const char *low = HEAD USER "],\"reasoning_effort\":\"low\",\"max_tokens\":1000}";
    b->can.thinking = 1u << THINKING_ON | 1u << THINKING_OFF;
    b->can.efforts = 0;
    b->can.max_output = 64000;
    has(b, "an effort as a budget", low, "thinking",
        "{\"type\":\"enabled\",\"budget_tokens\":2048}");
    has(b, "with room for both", low, "max_tokens", "3048");
    noted(b, "which the client did not ask for", "clamped:max_tokens");
    has(b, "all there is", HEAD USER "],\"reasoning_effort\":\"max\"}", "thinking",
        "{\"type\":\"enabled\",\"budget_tokens\":48000}");
    has(b, "none is off", HEAD USER "],\"reasoning_effort\":\"none\"}", "thinking",
        "{\"type\":\"disabled\"}");
    b->can.max_output = 2000;
    has(b, "a model with little room", low, "thinking",
        "{\"type\":\"enabled\",\"budget_tokens\":1500}");
    has(b, "keeps some of it for the answer", low, "max_tokens", "2000");
    b->can.max_output = -1;
    b->can.thinking = 1u << THINKING_ADAPTIVE;
    b->can.efforts = 1u << EFFORT_LOW | 1u << EFFORT_HIGH;
    has(b, "as the model sees fit", low, "thinking", "{\"type\":\"adaptive\"}");
    has(b, "with an effort", low, "output_config", "{\"effort\":\"low\"}");
    const char *none = HEAD USER "],\"reasoning_effort\":\"none\"}";
    has(b, "what cannot be off is low", none, "output_config", "{\"effort\":\"low\"}");
    noted(b, "and noted", "clamped:reasoning_effort");
    b->can.thinking |= 1u << THINKING_BETWEEN_TOOLS;
    has(b, "or between tools", none, "thinking", "{\"type\":\"between_tools\"}");
    has(b, "an effort it does not have is the next lower one",
        HEAD USER "],\"reasoning_effort\":\"medium\"}", "output_config", "{\"effort\":\"low\"}");
    b->can.thinking = 0;
    b->can.efforts = 0;
    has(b, "a model that does not think", low, "thinking", "");
    noted(b, "says so", "dropped:reasoning_effort");
    has(b, "and needs not be told not to", none, "thinking", "");
    noted(b, "which is no loss", "");
    b->can.thinking = UINT32_MAX;
    b->can.efforts = UINT32_MAX;
}

static void thinking_in_loop(struct bench *b)
{
    const char *loop = HEAD USER ",{\"role\":\"assistant\",\"tool_calls\":[" CALL(
        "a", "f", "{}") "]}," RESULT("a", "A") "]" TOOLS ",\"reasoning_effort\":\"high\"}";
    b->can.thinking = 1u << THINKING_ON | 1u << THINKING_OFF;
    has(b, "no thoughts in the loop, no thinking", loop, "thinking", "{\"type\":\"disabled\"}");
    noted(b, "which is noted", "dropped:reasoning_effort");
    b->can.thinking = 1u << THINKING_ADAPTIVE;
    has(b, "a model that thinks as it sees fit does not mind", loop, "thinking",
        "{\"type\":\"adaptive\"}");
    b->can.thinking = UINT32_MAX;
}

/* Thoughts that an OpenAI client kept: Anthropic's own go back, others do not. */
static void thoughts(struct bench *b)
{
    struct chat *c = from_chat(b, HEAD USER "]}");
    struct turn *t = turn_add(&b->a, c, ROLE_ASSISTANT);
    struct block *own = block_new(&b->a, BLOCK_REASONING),
                 *other = block_new(&b->a, BLOCK_REASONING);
    reasoning_add(&b->a, &own->reasoning, false, S("hm"));
    own->seal = (struct seal){.kind = SEAL_SIGNATURE,
                              .family = FAMILY_ANTHROPIC,
                              .value = S("sig"),
                              .provider = S("prov")};
    other->seal = (struct seal){.kind = SEAL_REDACTED, .family = FAMILY_OPENAI, .value = S("x")};
    block_add(&t->blocks, own);
    block_add(&t->blocks, other);
    block_add(&t->blocks, block_text(&b->a, S("yo")));
    block_add(&turn_add(&b->a, c, ROLE_USER)->blocks, block_text(&b->a, S("go on")));
    losses_init(&b->loss, &b->a);
    b->can.can |= CAN_DROP_STALE;
    const struct json *v = bench_json(b, bench_request(b, c));
    is_str(ir_text(&b->a, json_at(json_get(v, "messages"), 1)),
           S("{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\","
             "\"signature\":\"sig\"},{\"type\":\"text\",\"text\":\"yo\"}]}"),
           "Anthropic's thoughts go back");
    noted(b, "others are dropped", "dropped:thinking");
    is_str(ir_text(&b->a, json_get(v, "thinking")),
           S("{\"type\":\"adaptive\",\"block_binding\":{\"prefix_mismatch_behavior\":"
             "\"drop_block\"}}"),
           "and stale ones may be dropped there");
    b->can.can &= ~(uint32_t)CAN_DROP_STALE;
}

#define SCHEMA                                                                                     \
    ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":"   \
    "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},\"required\":[\"a\"],"      \
    "\"additionalProperties\":false}}}"

static void format(struct bench *b)
{
    const char *schema = HEAD USER "]" SCHEMA "}";
    has(b, "a schema", schema, "output_config",
        "{\"format\":{\"type\":\"json_schema\",\"schema\":{\"type\":\"object\",\"properties\":"
        "{\"a\":{\"type\":\"string\"}},\"required\":[\"a\"],\"additionalProperties\":false}}}");
    noted(b, "is carried", "");
    b->can.can &= ~(uint32_t)CAN_JSON_SCHEMA;
    has(b, "or stands as a tool", schema, "tool_choice",
        "{\"type\":\"tool\",\"name\":\"" ANTHROPIC_JSON_TOOL "\"}");
    noted(b, "which is noted", "emulated:response_format");
    has(b, "among other tools any may be called", HEAD USER "]" SCHEMA TOOLS "}", "tool_choice",
        "{\"type\":\"any\"}");
    b->can.choices = 1u << CHOICE_AUTO;
    has(b, "a model that cannot be forced is asked", schema, "tools", "");
    ok(str_find(written(b, schema), S("It must match this JSON schema")) != STR_NONE,
       "in the system text");
    b->can.choices = UINT32_MAX;
    b->can.can |= CAN_JSON_SCHEMA;
    const char *json = HEAD USER "],\"response_format\":{\"type\":\"json_object\"}}";
    has(b, "any JSON object is asked for in words", json, "system",
        "[{\"type\":\"text\",\"text\":\"Answer with one JSON object and nothing else: no text "
        "around it, no code fence.\"}]");
}

static void sampling(struct bench *b)
{
    const char *hot = HEAD USER "],\"temperature\":1.5,\"top_p\":0.5,\"seed\":1,\"logit_bias\":"
                                "{\"5\":1},\"user\":\"ann\",\"stop\":[\"a\",\" \"]}";
    becomes(
        b, "what is taken", hot,
        "{\"model\":\"model-1\",\"max_tokens\":8192,\"messages\":[" HI
        "],\"temperature\":1,\"top_p\":0.5,\"stop_sequences\":[\"a\"],\"metadata\":{\"user_id\":"
        "\"49915e0d7d4b402e3017d010bc1c0e83cac6c797d6c16e66340fe3268693a6a1\"}}",
        "dropped:seed, dropped:logit_bias, clamped:temperature, dropped:stop");
    b->can.sampling = SAMPLING_NONE;
    has(b, "nothing, from a model that takes none", hot, "temperature", "");
    has(b, "at all", hot, "top_p", "");
    noted(b, "and that is noted",
          "dropped:seed, dropped:logit_bias, clamped:temperature, dropped:top_p, dropped:stop");
    b->can.sampling = SAMPLING_ALL;
    refused(b, "two answers", HEAD USER "],\"n\":2}", "n");
    has(b, "a temperature with all of the mass", HEAD USER "],\"temperature\":0.2,\"top_p\":1}",
        "top_p", "");
}

static void media(struct bench *b)
{
    b->can.can |= CAN_IMAGE_URL;
    has(b, "a picture in base64 has the type that its bytes show",
        HEAD "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":"
             "\"data:image/jpeg;base64,iVBORw0KGgoAAAANSUhEUg==\"}}]}]}",
        "messages",
        "[{\"role\":\"user\",\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"base64\","
        "\"media_type\":\"image/png\",\"data\":\"iVBORw0KGgoAAAANSUhEUg==\"}}]}]");
    has(b, "a picture by its URL",
        HEAD "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":"
             "\"https://a/b.png\"}}]}]}",
        "messages",
        "[{\"role\":\"user\",\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"url\","
        "\"url\":\"https://a/b.png\"}}]}]");
    refused(b, "not over http",
            HEAD "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":"
                 "\"http://a/b.png\"}}]}]}",
            "messages.content");
    refused(b, "not as a bitmap",
            HEAD "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":"
                 "\"data:image/bmp;base64,Qk0AAA==\"}}]}]}",
            "messages.content");
    refused(b, "no sound",
            HEAD "{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\",\"input_audio\":"
                 "{\"data\":\"AAAA\",\"format\":\"wav\"}}]}]}",
            "messages.content");
}

static void envelopes(struct bench *b)
{
    struct chat *c = from_chat(b, HEAD USER "],\"stream\":true}");
    struct writing w = bench_writing(b);
    w.envelope = S("bedrock-2023-05-31");
    c->betas = S("a-1, b-2");
    buf_reset(&b->out);
    is_int(dialect_anthropic.write_request(&w, c, &b->out), 0, "for Bedrock");
    bench_same(
        b, arena_str(&b->a, buf_str(&b->out)),
        S("{\"anthropic_version\":\"bedrock-2023-05-31\",\"anthropic_beta\":[\"a-1\",\"b-2\"],"
          "\"max_tokens\":8192,\"messages\":[" HI "]}"),
        "neither model nor stream, and the beta features");
    w.envelope = S("vertex-2023-10-16");
    buf_reset(&b->out);
    is_int(dialect_anthropic.write_request(&w, c, &b->out), 0, "for Vertex");
    bench_same(b, arena_str(&b->a, buf_str(&b->out)),
               S("{\"anthropic_version\":\"vertex-2023-10-16\",\"stream\":true,\"max_tokens\":8192,"
                 "\"messages\":[" HI "]}"),
               "no model, but stream");
    c->is_count = true;
    w.envelope = S_EMPTY;
    buf_reset(&b->out);
    is_int(dialect_anthropic.write_request(&w, c, &b->out), 0, "for a count");
    bench_same(b, arena_str(&b->a, buf_str(&b->out)),
               S("{\"model\":\"model-1\",\"messages\":[" HI "]}"), "neither limit nor stream");
}

int main(void)
{
    struct bench b;
    bench_init(&b, DIALECT_ANTHROPIC);
    order(&b);
    prefill(&b);
    results(&b);
    ids(&b);
    names(&b);
    tools(&b);
    thinking(&b);
    thinking_in_loop(&b);
    thoughts(&b);
    format(&b);
    sampling(&b);
    media(&b);
    envelopes(&b);
    bench_fini(&b);
    return tap_done();
}
