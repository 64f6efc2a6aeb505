/* Requests of other dialects, written for a provider that speaks Responses: what they mean there is
 * said here, what cannot be said is named, and histories that went through other providers come
 * back whole. */
#include "llm/dialect_responses_write.c"

#include "llm/dialect_responses_bench.h"
#include "llm/seal.h"

/* ---- settings and messages ---- */

static const struct {
    enum dialect_id from;
    const char *what, *body, *want, *losses;
} bodies[] = {
    {DIALECT_CHAT, "the least",
     "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}",
     "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":\"hi\"}],\"store\":false,"
     "\"include\":[\"reasoning.encrypted_content\"]}",
     ""},
    {DIALECT_CHAT, "a chat with everything",
     "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"S1\"},{\"role\":"
     "\"developer\",\"content\":[{\"type\":\"text\",\"text\":\"S2\"}]},{\"role\":\"user\",\"name\":"
     "\"bob\",\"content\":[{\"type\":\"text\",\"text\":\"look\"},{\"type\":\"image_url\","
     "\"image_url\":{\"url\":\"https://x/y.png\",\"detail\":\"high\"}},{\"type\":\"input_audio\","
     "\"input_audio\":{\"data\":\"AAAA\",\"format\":\"wav\"}},{\"type\":\"file\",\"file\":{"
     "\"file_data\":\"data:application/pdf;base64,JVBERi0x\",\"filename\":\"a.pdf\"}}]},{\"role\":"
     "\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1\",\"type\":\"function\","
     "\"function\":{\"name\":\"f\",\"arguments\":\"\"}},{\"id\":\"call_2\",\"type\":\"custom\","
     "\"custom\":{\"name\":\"p\",\"input\":\"raw\"}}]},{\"role\":\"tool\",\"tool_call_id\":"
     "\"call_1\",\"content\":\"r1\"},{\"role\":\"tool\",\"tool_call_id\":\"call_2\",\"content\":[{"
     "\"type\":\"text\",\"text\":\"r2\"}]},{\"role\":\"assistant\",\"content\":\"bye\"},{\"role\":"
     "\"system\",\"content\":\"mid\"},{\"role\":\"user\",\"content\":\"go\"}],\"tools\":[{\"type\":"
     "\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\",\"properties\":"
     "{\"a\":{\"type\":\"string\"}}}}},{\"type\":\"custom\",\"custom\":{\"name\":\"p\",\"format\":{"
     "\"type\":\"grammar\",\"grammar\":{\"definition\":\"start: x\",\"syntax\":\"lark\"}}}}],"
     "\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"auto\",\"tools\":[{"
     "\"type\":\"function\",\"function\":{\"name\":\"f\"}}]}},\"response_format\":{\"type\":"
     "\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{\"type\":\"object\"},\"strict\":"
     "false}},\"reasoning_effort\":\"high\",\"max_completion_tokens\":5,\"stop\":[\"x\"],"
     "\"logprobs\":true,\"top_logprobs\":3,\"seed\":1,\"stream\":true,\"stream_options\":{"
     "\"include_usage\":true},\"verbosity\":\"low\",\"web_search_options\":{"
     "\"search_context_size\":\"low\",\"user_location\":{\"type\":\"approximate\",\"approximate\":"
     "{\"country\":\"DE\"}}},\"prompt_cache_key\":\"k\",\"user\":\"u\",\"parallel_tool_calls\":"
     "false,\"temperature\":0.5,\"metadata\":{\"a\":\"b\"},\"prompt_cache_retention\":\"24h\"}",
     "{\"model\":\"m\",\"instructions\":\"S1\\n\\nS2\",\"input\":[{\"role\":\"user\",\"content\":[{"
     "\"type\":\"input_text\",\"text\":\"look\"},{\"type\":\"input_image\",\"image_url\":"
     "\"https://x/y.png\",\"detail\":\"high\"},{\"type\":\"input_audio\",\"input_audio\":{\"data\":"
     "\"AAAA\",\"format\":\"wav\"}},{\"type\":\"input_file\",\"filename\":\"a.pdf\",\"file_data\":"
     "\"data:application/pdf;base64,JVBERi0x\"}]},{\"type\":\"function_call\",\"call_id\":"
     "\"call_1\",\"name\":\"f\",\"arguments\":\"{}\"},{\"type\":\"custom_tool_call\",\"call_id\":"
     "\"call_2\",\"name\":\"p\",\"input\":\"raw\"},{\"type\":\"function_call_output\",\"call_id\":"
     "\"call_1\",\"output\":\"r1\"},{\"type\":\"custom_tool_call_output\",\"call_id\":\"call_2\","
     "\"output\":\"r2\"},{\"role\":\"assistant\",\"content\":\"bye\"},{\"role\":\"system\","
     "\"content\":\"mid\"},{\"role\":\"user\",\"content\":\"go\"}],\"tools\":[{\"type\":"
     "\"function\",\"name\":\"f\",\"parameters\":{\"type\":\"object\",\"properties\":{\"a\":{"
     "\"type\":\"string\"}}},\"strict\":false},{\"type\":\"custom\",\"name\":\"p\",\"format\":{"
     "\"type\":\"grammar\",\"definition\":\"start: x\",\"syntax\":\"lark\"}},{\"type\":"
     "\"web_search\",\"search_context_size\":\"low\",\"user_location\":{\"type\":\"approximate\","
     "\"country\":\"DE\"}}],\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"auto\","
     "\"tools\":[{\"type\":\"function\",\"name\":\"f\"}]},\"parallel_tool_calls\":false,"
     "\"reasoning\":{\"effort\":\"high\"},\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":"
     "\"n\",\"schema\":{\"type\":\"object\"},\"strict\":false},\"verbosity\":\"low\"},"
     "\"max_output_tokens\":16,\"temperature\":0.5,\"top_logprobs\":3,\"include\":["
     "\"reasoning.encrypted_content\",\"message.output_text.logprobs\"],\"store\":false,"
     "\"prompt_cache_key\":\"k\",\"user\":\"u\",\"metadata\":{\"a\":\"b\"},\"stream\":true,"
     "\"prompt_cache_retention\":\"24h\"}",
     "dropped:seed, dropped:stop, dropped:messages.name, clamped:max_completion_tokens"},
    {DIALECT_CHAT, "no effort, stored, a named custom tool, a JSON object",
     "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\"}],\"reasoning_effort\":"
     "\"none\",\"store\":true,\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"p\"}}],"
     "\"tool_choice\":{\"type\":\"custom\",\"custom\":{\"name\":\"p\"}},\"response_format\":{"
     "\"type\":\"json_object\"}}",
     "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":\"\"}],\"tools\":[{\"type\":"
     "\"custom\",\"name\":\"p\"}],\"tool_choice\":{\"type\":\"custom\",\"name\":\"p\"},"
     "\"reasoning\":{\"effort\":\"none\"},\"text\":{\"format\":{\"type\":\"json_object\"}},"
     "\"store\":true}",
     ""},
    {DIALECT_ANTHROPIC, "a message with thinking, errors and pictures in results",
     "{\"model\":\"c\",\"max_tokens\":4096,\"system\":[{\"type\":\"text\",\"text\":\"sys\"}],"
     "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"assistant\",\"content\":[{"
     "\"type\":\"thinking\",\"thinking\":\"t\",\"signature\":\"sig\"},{\"type\":\"text\",\"text\":"
     "\"A\"},{\"type\":\"text\",\"text\":\"B\"},{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":"
     "\"f\",\"input\":{\"a\":1}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
     "\"tool_use_id\":\"toolu_1\",\"is_error\":true,\"content\":[{\"type\":\"text\",\"text\":"
     "\"bad\"},{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\","
     "\"data\":\"iVBORw0=\"}}]},{\"type\":\"text\",\"text\":\"next\"}]}],\"tools\":[{\"name\":\"f\""
     ",\"input_schema\":{\"type\":\"object\"}},{\"type\":\"web_search_20250305\",\"name\":"
     "\"web_search\",\"max_uses\":3,\"allowed_domains\":[\"x.org\"]}],\"tool_choice\":{\"type\":"
     "\"any\",\"disable_parallel_tool_use\":true},\"thinking\":{\"type\":\"enabled\","
     "\"budget_tokens\":5000}}",
     "{\"model\":\"m\",\"instructions\":\"sys\",\"input\":[{\"role\":\"user\",\"content\":\"hi\"},"
     "{\"role\":\"assistant\",\"content\":\"A\"},{\"role\":\"assistant\",\"content\":\"B\"},{"
     "\"type\":\"function_call\",\"call_id\":\"toolu_1\",\"name\":\"f\",\"arguments\":"
     "\"{\\\"a\\\":1}\"},{\"type\":\"function_call_output\",\"call_id\":\"toolu_1\",\"output\":[{"
     "\"type\":\"input_text\",\"text\":\"Error:\"},{\"type\":\"input_text\",\"text\":\"bad\"},{"
     "\"type\":\"input_image\",\"image_url\":\"data:image/png;base64,iVBORw0=\",\"detail\":"
     "\"auto\"}]},{\"role\":\"user\",\"content\":\"next\"}],\"tools\":[{\"type\":\"function\","
     "\"name\":\"f\",\"parameters\":{\"type\":\"object\"},\"strict\":false},{\"type\":"
     "\"web_search\",\"filters\":{\"allowed_domains\":[\"x.org\"]}}],\"tool_choice\":\"required\","
     "\"parallel_tool_calls\":false,\"reasoning\":{\"effort\":\"medium\",\"summary\":\"auto\"},"
     "\"max_output_tokens\":4096,\"include\":[\"reasoning.encrypted_content\"],\"store\":false}",
     "dropped:reasoning, dropped:tools.max_uses"},
    {DIALECT_GEMINI, "calls without ids are joined by name and order",
     "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]},{\"role\":\"model\","
     "\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":1}}},{\"functionCall\":{"
     "\"name\":\"f\",\"args\":{\"a\":2}}}]},{\"role\":\"user\",\"parts\":[{\"functionResponse\":{"
     "\"name\":\"f\",\"response\":{\"result\":\"1\"}}},{\"functionResponse\":{\"name\":\"f\","
     "\"response\":{\"x\":2}}}]}],\"tools\":[{\"googleSearch\":{}}]}",
     "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":\"hi\"},{\"type\":"
     "\"function_call\",\"call_id\":\"call_9ed1ab4c9eac4cfb8a9bb72c\",\"name\":\"f\",\"arguments\":"
     "\"{\\\"a\\\":1}\"},{\"type\":\"function_call\",\"call_id\":\"call_70ee3a376c419be2981fa6c1\","
     "\"name\":\"f\",\"arguments\":\"{\\\"a\\\":2}\"},{\"type\":\"function_call_output\","
     "\"call_id\":\"call_9ed1ab4c9eac4cfb8a9bb72c\",\"output\":\"1\"},{\"type\":"
     "\"function_call_output\",\"call_id\":\"call_70ee3a376c419be2981fa6c1\",\"output\":"
     "\"{\\\"x\\\":2}\"}],\"tools\":[{\"type\":\"web_search\"}],\"include\":["
     "\"reasoning.encrypted_content\"],\"store\":false}",
     ""},
};

static void test_bodies(void)
{
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct bench b;
        bench_init(&b);
        b.can.can = CAN_IMAGE_URL;
        str got = bench_to_responses(&b, bodies[i].from, bodies[i].body);
        bench_is_json(&b, got, bodies[i].want, bodies[i].what);
        is_str(bench_losses(&b), str_from_cz(bodies[i].losses), "what is lost");
        bench_fini(&b);
    }
}

/* ---- refusals ---- */

static void test_refusals(void)
{
    static const struct {
        enum dialect_id from;
        const char *body, *param;
    } table[] = {
        {DIALECT_CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"n\":2}", "n"},
        {DIALECT_CHAT,
         "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"modalities\":[\"text\","
         "\"audio\"],\"audio\":{\"voice\":\"a\",\"format\":\"wav\"}}",
         "modalities"},
        {DIALECT_ANTHROPIC,
         "{\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\","
         "\"source\":{\"type\":\"file\",\"file_id\":\"file_1\"}}]}]}",
         "file_id"},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct bench b;
        bench_init(&b);
        str got = bench_to_responses(&b, table[i].from, table[i].body);
        is_int(got.n, 0, table[i].param);
        is_int(b.p->rc, -E_BAD_REQUEST, "a client's error");
        is_str(b.p->err.param, str_from_cz(table[i].param), "that names the field");
        bench_fini(&b);
    }
}

/* What only the provider that was asked before has is refused by every other dialect. */
static void test_state(void)
{
    static const char *const fields[][2] = {
        {"previous_response_id", "\"resp_1\""},
        {"conversation", "\"conv_1\""},
        {"background", "true"},
    };
    static const enum dialect_id to[] = {DIALECT_CHAT, DIALECT_ANTHROPIC, DIALECT_GEMINI};
    for (size_t i = 0; i < ARRAY_LEN(fields) * ARRAY_LEN(to); i++) {
        struct bench b;
        bench_init(&b);
        const char *const *field = fields[i / ARRAY_LEN(to)];
        str body = arena_printf(&b.p->a, "{\"model\":\"m\",\"input\":\"x\",\"%s\":%s}", field[0],
                                field[1]);
        struct chat *c = bench_chat(&b, DIALECT_RESPONSES, arena_cz(&b.p->a, body));
        str got = bench_request(&b, to[i % ARRAY_LEN(to)], c);
        is_int(got.n, 0, field[0]);
        is_str(b.p->err.param, str_from_cz(field[0]), "refused by its name");
        bench_fini(&b);
    }
}

/* ---- what models take ---- */

#define CHAT(more) "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]" more "}"

static void test_capabilities(void)
{
    static const struct {
        const char *what, *body, *path, *want, *losses;
        uint32_t efforts, can;
        enum capability_sampling sampling;
    } table[] = {
        {"no such effort", CHAT(",\"reasoning_effort\":\"minimal\""), "reasoning.effort", "\"low\"",
         "clamped:reasoning_effort", 1u << EFFORT_LOW | 1u << EFFORT_HIGH, 0, SAMPLING_ALL},
        {"the highest there is", CHAT(",\"reasoning_effort\":\"max\""), "reasoning.effort",
         "\"high\"", "clamped:reasoning_effort", 1u << EFFORT_LOW | 1u << EFFORT_HIGH, 0,
         SAMPLING_ALL},
        {"no reasoning at all", CHAT(",\"reasoning_effort\":\"low\""), "reasoning", "",
         "dropped:reasoning_effort", 0, 0, SAMPLING_ALL},
        {"nothing to seal", CHAT(""), "include", "", "", 0, 0, SAMPLING_ALL},
        {"no sampling while it reasons", CHAT(",\"temperature\":0.2,\"top_p\":0.9"), "temperature",
         "", "dropped:temperature, dropped:top_p", 1u << EFFORT_LOW, 0, SAMPLING_WITHOUT_EFFORT},
        {"sampling without effort", CHAT(",\"temperature\":0.2,\"reasoning_effort\":\"none\""),
         "temperature", "0.2", "", 1u << EFFORT_NONE, 0, SAMPLING_WITHOUT_EFFORT},
        {"too hot", CHAT(",\"temperature\":3"), "temperature", "2", "clamped:temperature", 0, 0,
         SAMPLING_ALL},
        {"a bare server is told nothing of storing", CHAT(",\"metadata\":{\"a\":\"b\"}"), "store",
         "", "dropped:metadata", 0, CAN_NOT_STRICT, SAMPLING_ALL},
        {"nor of strictness",
         CHAT(",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]"),
         "tools.0.strict", "", "", 0, CAN_NOT_STRICT, SAMPLING_ALL},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct bench b;
        bench_init(&b);
        b.can.efforts = table[i].efforts;
        b.can.can = table[i].can;
        b.can.sampling = table[i].sampling;
        str got = bench_to_responses(&b, DIALECT_CHAT, table[i].body);
        is_str(bench_at(&b, got, table[i].path), str_from_cz(table[i].want), table[i].what);
        is_str(bench_losses(&b), str_from_cz(table[i].losses), "what is lost");
        bench_fini(&b);
    }
}

/* Marks stand on parts, so marked system text cannot be a string. */
static void test_cache_marks(void)
{
    static const char *const body =
        "{\"max_tokens\":99,\"system\":[{\"type\":\"text\",\"text\":\"s\",\"cache_control\":{"
        "\"type\":\"ephemeral\"}}],\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}";
    struct bench b;
    bench_init(&b);
    b.can.can = CAN_CACHE_MARKS;
    str got = bench_to_responses(&b, DIALECT_ANTHROPIC, body);
    is_str(bench_at(&b, got, "instructions"), S(""), "no instructions");
    is_str(bench_at(&b, got, "input.0"),
           S("{\"role\":\"developer\",\"content\":[{\"type\":\"input_text\",\"text\":\"s\","
             "\"prompt_cache_breakpoint\":{\"mode\":\"explicit\"}}]}"),
           "a developer's message with the mark");
    b.can.can = 0;
    got = bench_to_responses(&b, DIALECT_ANTHROPIC, body);
    is_str(bench_at(&b, got, "instructions"), S("\"s\""), "a model without marks");
    bench_fini(&b);
}

static void test_counting(void)
{
    struct bench b;
    bench_init(&b);
    struct chat *c =
        bench_chat(&b, DIALECT_CHAT, CHAT(",\"max_tokens\":50,\"stream\":true,\"temperature\":1"));
    c->is_count = true;
    bench_is_json(&b, bench_request(&b, DIALECT_RESPONSES, c),
                  "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":\"x\"}]}",
                  "only the prompt is counted");
    bench_fini(&b);
}

/* ---- reasoning and ids ---- */

static str history(struct bench *b, const char *store, str sealed, const char *id,
                   const char *behind)
{
    return arena_printf(&b->p->a,
                        "{\"model\":\"m\",%s\"input\":[{\"type\":\"reasoning\",\"id\":\"%s\","
                        "\"summary\":[],\"encrypted_content\":\"" STR_FMT "\"}%s]}",
                        store, id, STR_ARG(sealed), behind);
}

#define CALL                                                                                       \
    ",{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"c\",\"name\":\"f\","               \
    "\"arguments\":\"{}\"}"

static void test_seals(void)
{
    struct bench b;
    bench_init(&b);
    struct seal ours = {.kind = SEAL_SIGNATURE,
                        .family = FAMILY_OPENAI,
                        .provider = S("openai-a"),
                        .model = S("m"),
                        .value = S("gAAA")};
    struct seal other = ours, foreign = ours;
    other.provider = S("azure-b");
    foreign.family = FAMILY_ANTHROPIC;
    const struct {
        const char *what;
        str sealed;
        const char *id, *behind, *want;
    } table[] = {
        {"the provider's own, wrapped", seal_wrap(&b.p->a, &ours), "rs_1", CALL, "\"gAAA\""},
        {"as it was", S("gBBB"), "rs_1", CALL, "\"gBBB\""},
        {"of another account", seal_wrap(&b.p->a, &other), "rs_1", CALL, ""},
        {"of another family", seal_wrap(&b.p->a, &foreign), "rs_1", CALL, ""},
        {"that nothing follows", S("gBBB"), "rs_1", "", ""},
        {"that a user follows", S("gBBB"), "rs_1", ",{\"role\":\"user\",\"content\":\"x\"}", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        str body = history(&b, "", table[i].sealed, table[i].id, table[i].behind);
        str got = bench_to_responses(&b, DIALECT_RESPONSES, arena_cz(&b.p->a, body));
        is_str(bench_at(&b, got, "input.0.encrypted_content"), str_from_cz(table[i].want),
               table[i].what);
        is_str(bench_losses(&b), table[i].want[0] ? S("") : S("dropped:reasoning"), "loss");
    }
    bench_fini(&b);
}

static void test_ids(void)
{
    struct bench b;
    bench_init(&b);
    str made = make_id(&b.p->a, "rs_" RESPONSES_ID_MARK, S("seed"), 3);
    str body = history(&b, "", S("gBBB"), arena_cz(&b.p->a, made), CALL);
    str got = bench_to_responses(&b, DIALECT_RESPONSES, arena_cz(&b.p->a, body));
    is_str(bench_at(&b, got, "input.0.id"), S(""), "an id that the gateway made is not sent");
    is_str(bench_at(&b, got, "input.1.id"), S("\"fc_1\""), "one of the provider's is");
    bench_fini(&b);
}

/* A client of another dialect gives back what it got: the seal unwrapped, the text as the summary
 * that it was, and no id, for it has none. */
static void test_foreign_seal(void)
{
    struct bench b;
    bench_init(&b);
    struct seal seal = {.kind = SEAL_SIGNATURE,
                        .family = FAMILY_OPENAI,
                        .provider = S("openai-a"),
                        .model = S("m"),
                        .value = S("gAAA")};
    str body = arena_printf(&b.p->a,
                            "{\"max_tokens\":99,\"messages\":[{\"role\":\"assistant\","
                            "\"content\":[{\"type\":\"thinking\",\"thinking\":\"t\","
                            "\"signature\":\"" STR_FMT "\"},{\"type\":\"tool_use\",\"id\":"
                            "\"c\",\"name\":\"f\",\"input\":{}}]},{\"role\":\"user\","
                            "\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"c\"}]"
                            "}]}",
                            STR_ARG(seal_wrap(&b.p->a, &seal)));
    str got = bench_to_responses(&b, DIALECT_ANTHROPIC, arena_cz(&b.p->a, body));
    is_str(bench_at(&b, got, "input.0"),
           S("{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":"
             "\"t\"}],\"encrypted_content\":\"gAAA\"}"),
           "reasoning");
    is_str(bench_losses(&b), S(""), "nothing is lost");
    bench_fini(&b);
}

/* A result that has only its tool's name is joined to a call that has an id. */
static void test_named_results(void)
{
    struct bench b;
    bench_init(&b);
    str got = bench_to_responses(
        &b, DIALECT_OLLAMA,
        "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":"
        "\"c1\",\"function\":{\"name\":\"f\",\"arguments\":{}}},{\"id\":\"c2\","
        "\"function\":{\"name\":\"g\",\"arguments\":{}}},{\"id\":\"c3\",\"function\":{"
        "\"name\":\"f\",\"arguments\":{}}}]},{\"role\":\"tool\",\"tool_name\":\"g\","
        "\"content\":\"2\"},{\"role\":\"tool\",\"tool_name\":\"f\",\"content\":\"1\"},{"
        "\"role\":\"tool\",\"tool_name\":\"f\",\"content\":\"3\"}]}");
    is_str(bench_at(&b, got, "input.3.call_id"), S("\"c2\""), "by name");
    is_str(bench_at(&b, got, "input.4.call_id"), S("\"c1\""), "and order");
    is_str(bench_at(&b, got, "input.5.call_id"), S("\"c3\""), "of the same name");
    bench_fini(&b);
}

/* DeepSeek's own form of this dialect has thoughts without seals. */
static void test_raw_thoughts(void)
{
    static const char *const body =
        "{\"model\":\"m\",\"input\":[{\"type\":\"reasoning\",\"id\":\"fa6f\",\"summary\":[],"
        "\"encrypted_content\":null,\"content\":[{\"type\":\"reasoning_text\",\"text\":\"t\"}]"
        "}" CALL "]}";
    struct bench b;
    bench_init(&b);
    bench_is_json(&b, bench_to_responses(&b, DIALECT_RESPONSES, body), body, "sent as they were");
    bench_fini(&b);
}

int main(void)
{
    test_bodies();
    test_refusals();
    test_state();
    test_capabilities();
    test_cache_marks();
    test_counting();
    test_seals();
    test_ids();
    test_foreign_seal();
    test_named_results();
    test_raw_thoughts();
    return tap_done();
}
