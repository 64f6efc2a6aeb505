/* Requests of the Responses dialect, read: bodies come back as they were, items become the turns
 * that other dialects have, and what is wrong is named. */
#include "llm/dialect_responses_request.c"

#include "llm/dialect_responses_bench.h"
#include "llm/seal.h"

/* ---- the same again ---- */

static const char *const same[] = {
    "{\"model\":\"m\",\"input\":\"hi\"}",
    "{\"model\":\"m\",\"input\":\"\",\"stream\":false,\"tools\":[],\"include\":[],\"text\":{},"
    "\"reasoning\":{},\"metadata\":{},\"instructions\":\"\"}",
    "{\"model\":\"m\",\"input\":[],\"store\":false,\"background\":false,\"stream\":true}",
    "{\"model\":\"m\",\"input\":null,\"instructions\":null,\"temperature\":null,\"user\":null}",
    "{\"model\":\"m\",\"previous_response_id\":\"resp_1\",\"input\":[{\"role\":\"user\","
    "\"content\":\"more\"}]}",
    "{\"model\":\"m\",\"conversation\":{\"id\":\"conv_1\"},\"input\":\"x\",\"truncation\":\"auto\","
    "\"temperature\":0.70,\"top_p\":1e0,\"max_output_tokens\":100.0,\"top_logprobs\":2,"
    "\"include\":[\"message.output_text.logprobs\"],\"parallel_tool_calls\":false,"
    "\"service_tier\":\"flex\",\"prompt_cache_key\":\"k\",\"safety_identifier\":\"s\","
    "\"user\":\"u\",\"metadata\":{\"a\":\"b\"},\"unknown\":{\"x\":[1,2]},\"max_tool_calls\":3}",
    "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":"
    "\"look\",\"prompt_cache_breakpoint\":{\"mode\":\"explicit\"}},{\"type\":\"input_image\","
    "\"image_url\":\"https://x/y.png\"},{\"type\":\"input_image\",\"file_id\":\"file-1\","
    "\"detail\":\"low\"},{\"type\":\"input_image\",\"image_url\":\"data:image/png;base64,iVBORw0="
    "\",\"detail\":\"auto\"},{\"type\":\"input_file\",\"file_data\":\"JVBERi0x\",\"filename\":"
    "\"a.pdf\"},{\"type\":\"input_file\",\"file_url\":\"https://x/a.pdf\"},{\"type\":\"input_file\""
    ",\"file_id\":\"file-2\",\"new\":1},{\"type\":\"input_audio\",\"input_audio\":{\"data\":"
    "\"AAAA\",\"format\":\"mp3\"}},{\"type\":\"from_the_future\",\"x\":[]}]}]}",
    "{\"model\":\"m\",\"input\":[{\"type\":\"message\",\"role\":\"developer\",\"content\":\"d\"},"
    "{\"role\":\"system\",\"content\":\"s\"},{\"id\":\"msg_1\",\"type\":\"message\",\"status\":"
    "\"completed\",\"role\":\"assistant\",\"phase\":\"commentary\",\"content\":[{\"type\":"
    "\"output_text\",\"text\":\"a\",\"annotations\":[{\"type\":\"url_citation\",\"url\":\"u\","
    "\"title\":\"t\",\"start_index\":0,\"end_index\":1,\"x\":null}],\"logprobs\":[]},{\"type\":"
    "\"refusal\",\"refusal\":\"no\"}]},{\"role\":\"assistant\",\"content\":[]},{\"role\":"
    "\"assistant\",\"content\":\"\"}]}",
    "{\"model\":\"m\",\"store\":false,\"include\":[\"reasoning.encrypted_content\"],\"input\":["
    "{\"role\":\"user\",\"content\":\"q\"},{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":["
    "{\"type\":\"summary_text\",\"text\":\"s\"}],\"encrypted_content\":\"gAAA\",\"content\":null},"
    "{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"call_1\",\"name\":\"f\","
    "\"namespace\":\"n\",\"arguments\":\"{\\\"a\\\": 1.0}\",\"status\":\"completed\",\"caller\":"
    "null},{\"type\":\"function_call_output\",\"call_id\":\"call_1\",\"output\":\"r\"},{\"type\":"
    "\"custom_tool_call\",\"call_id\":\"call_2\",\"name\":\"apply_patch\",\"input\":\"*** Begin\"},"
    "{\"type\":\"custom_tool_call_output\",\"call_id\":\"call_2\",\"output\":[{\"type\":"
    "\"input_text\",\"text\":\"done\"},{\"type\":\"input_image\",\"image_url\":\"https://x/"
    "p\"}]}]}",
    "{\"model\":\"m\",\"input\":[{\"type\":\"reasoning\",\"summary\":[],\"content\":[{\"type\":"
    "\"reasoning_text\",\"text\":\"raw\"}]},{\"type\":\"local_shell_call\",\"id\":\"lsh_1\","
    "\"call_id\":\"c\",\"status\":\"completed\",\"action\":{\"type\":\"exec\",\"command\":[\"ls\"],"
    "\"env\":{}}},{\"type\":\"local_shell_call_output\",\"id\":\"c\",\"output\":\"{}\"},"
    "{\"type\":\"apply_patch_call_output\",\"call_id\":\"d\",\"status\":\"failed\",\"output\":"
    "\"why\"},{\"type\":\"web_search_call\",\"id\":\"ws_1\",\"status\":\"completed\",\"action\":{}}"
    ","
    "{\"type\":\"item_reference\",\"id\":\"msg_9\"},{\"type\":\"compaction\",\"encrypted_content\":"
    "\"x\"}]}",
    "{\"model\":\"m\",\"input\":\"x\",\"tools\":[{\"type\":\"function\",\"name\":\"f\","
    "\"description\":null,\"parameters\":{\"type\":\"object\",\"properties\":{}},\"strict\":null,"
    "\"defer_loading\":true},{\"type\":\"custom\",\"name\":\"c\",\"format\":{\"type\":\"grammar\","
    "\"syntax\":\"lark\",\"definition\":\"start: x\"}},{\"type\":\"namespace\",\"name\":\"ns\","
    "\"description\":\"d\",\"tools\":[{\"type\":\"function\",\"name\":\"g\"}]},{\"type\":"
    "\"web_search\"},{\"type\":\"local_shell\"}],\"tool_choice\":{\"type\":\"allowed_tools\","
    "\"mode\":\"auto\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"},{\"type\":\"mcp\","
    "\"server_label\":\"s\"}]}}",
    "{\"model\":\"m\",\"input\":\"x\",\"reasoning\":{\"effort\":\"xhigh\",\"summary\":\"auto\","
    "\"context\":\"all_turns\"},\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\","
    "\"schema\":{\"type\":\"object\"},\"strict\":true,\"x\":1},\"verbosity\":\"low\",\"y\":null},"
    "\"tool_choice\":{\"type\":\"web_search\"}}",
};

static void test_same(void)
{
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        struct bench b;
        bench_init(&b);
        struct chat *c = bench_chat(&b, DIALECT_RESPONSES, same[i]);
        if (!c)
            printf("# " STR_FMT "\n", STR_ARG(b.p->err.message));
        bench_is_json(&b, bench_request(&b, DIALECT_RESPONSES, c), same[i], same[i]);
        is_str(bench_losses(&b), S(""), "nothing is lost");
        bench_fini(&b);
    }
}

/* ---- turns ---- */

static str shape(struct bench *b, const struct chat *c)
{
    static const char letters[] = "TFMRCOQ"; /* by block_kind */
    struct buf out;
    buf_init(&out, 4096);
    for (const struct turn *t = c ? c->turns : NULL; t; t = t->next) {
        buf_printf(&out, "%s%s", t == c->turns ? "" : " ", role_name(t->role));
        for (const struct block *k = t->blocks; k; k = k->next)
            buf_printf(&out, "%s%c", k == t->blocks ? ":" : "", letters[k->kind]);
    }
    str text = arena_str(&b->p->a, buf_str(&out));
    buf_fini(&out);
    return text;
}

#define CALL                                                                                       \
    "{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\","                                \
    "\"arguments\":\"{}\"}"
#define RESULT       "{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":\"r\"}"
#define THINK        "{\"type\":\"reasoning\",\"id\":\"rs\",\"summary\":[]}"
#define SAYS         "{\"role\":\"assistant\",\"content\":\"a\"}"
#define USER         "{\"role\":\"user\",\"content\":\"u\"}"
#define SEARCH       "{\"type\":\"web_search_call\",\"id\":\"ws\",\"status\":\"completed\"}"
#define INPUT(items) "{\"model\":\"m\",\"input\":[" items "]}"

static void test_turns(void)
{
    static const struct {
        const char *body, *shape;
    } table[] = {
        {"{\"model\":\"m\",\"input\":\"hi\"}", "user:T"},
        {INPUT(USER "," THINK "," SAYS "," CALL "," CALL "," RESULT "," RESULT),
         "user:T assistant:RTCC tool:O tool:O"},
        {INPUT(SAYS "," CALL "," SAYS "," CALL "," RESULT), "assistant:TC assistant:TC tool:O"},
        {INPUT(THINK "," CALL "," RESULT "," THINK "," SAYS), "assistant:RC tool:O assistant:RT"},
        {INPUT(SEARCH "," SAYS "," USER "," SAYS), "assistant:QT user:T assistant:T"},
        {INPUT("{\"role\":\"developer\",\"content\":\"d\"}," USER "," USER),
         "developer:T user:T user:T"},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct bench b;
        bench_init(&b);
        struct chat *c = bench_chat(&b, DIALECT_RESPONSES, table[i].body);
        is_str(shape(&b, c), str_from_cz(table[i].shape), table[i].shape);
        bench_fini(&b);
    }
}

/* A call's signature goes back to the call; one without a call proves nothing. */
static void test_seal_ahead(void)
{
    struct bench b;
    bench_init(&b);
    struct seal seal = {.kind = SEAL_SIGNATURE,
                        .family = FAMILY_GEMINI,
                        .provider = S("gemini-a"),
                        .model = S("gemini-3"),
                        .value = S("sig")};
    str value = seal_wrap_call(&b.p->a, &seal);
    str body = arena_printf(&b.p->a,
                            "{\"model\":\"m\",\"input\":[{\"type\":\"reasoning\",\"summary\":[],"
                            "\"encrypted_content\":\"" STR_FMT "\"}," CALL "," RESULT
                            ",{\"type\":\"reasoning\",\"summary\":[],"
                            "\"encrypted_content\":\"" STR_FMT "\"}," SAYS "]}",
                            STR_ARG(value), STR_ARG(value));
    struct chat *c = bench_chat(&b, DIALECT_RESPONSES, arena_cz(&b.p->a, body));
    is_str(shape(&b, c), S("assistant:C tool:O assistant:T"), "the call has the seal");
    const struct block *call = c->turns->blocks;
    is_int(call->seal.family, FAMILY_GEMINI, "family");
    is_str(call->seal.value, S("sig"), "value");
    is_str(call->seal.provider, S("gemini-a"), "provider");
    bench_fini(&b);
}

static void test_settings(void)
{
    struct bench b;
    bench_init(&b);
    struct chat *c = bench_chat(
        &b, DIALECT_RESPONSES,
        "{\"model\":\"m\",\"input\":\"x\",\"store\":true,\"include\":["
        "\"reasoning.encrypted_content\"],\"reasoning\":{\"effort\":\"none\"},\"tools\":["
        "{\"type\":\"namespace\",\"name\":\"mcp\",\"description\":\"d\",\"tools\":[{\"type\":"
        "\"function\",\"name\":\"g\",\"parameters\":{}}]},{\"type\":\"apply_patch\"}],"
        "\"tool_choice\":{\"type\":\"custom\",\"name\":\"c\"}}");
    ok(c && c->state.store == YES, "store");
    ok(c && !c->state.include, "sealed reasoning is not a wish of its own");
    ok(c && c->reasoning.thinking == THINKING_OFF, "effort none is no thinking");
    is_str(c->tools->space, S("mcp"), "namespace");
    is_str(c->tools->next->name, S("apply_patch"), "a type of its own is a function");
    ok(c->tools->next->kind == TOOL_FUNCTION && c->tools->next->schema, "with a schema");
    ok(c->choice.mode == CHOICE_NAMED && c->choice.kind == TOOL_CUSTOM, "choice of a custom tool");
    ok(!c->own_only, "nothing that others cannot take");
    c = bench_chat(&b, DIALECT_RESPONSES, INPUT("{\"type\":\"item_reference\",\"id\":\"x\"}"));
    is_str(str_from_cz(c->own_only), S("item_reference"), "references are for their own dialect");
    c = bench_chat(&b, DIALECT_RESPONSES, "{\"model\":\"m\",\"prompt\":{\"id\":\"pmpt_1\"}}");
    is_str(str_from_cz(c->own_only), S("prompt"), "templates too");
    bench_fini(&b);
}

/* ---- what is wrong ---- */

static void test_errors(void)
{
    static const struct {
        const char *body, *param;
    } table[] = {
        {"[]", ""},
        {"{\"input\":5}", "input"},
        {"{\"input\":[5]}", "input[0]"},
        {"{\"input\":[{}]}", "input[0].type"},
        {"{\"input\":[{\"role\":\"tool\",\"content\":\"x\"}]}", "input[0].role"},
        {"{\"input\":[{\"role\":7,\"content\":\"x\"}]}", "input[0].role"},
        {"{\"input\":[{\"role\":\"user\"}]}", "input[0].content"},
        {"{\"input\":[{\"role\":\"user\",\"content\":{}}]}", "input[0].content"},
        {"{\"input\":[{\"role\":\"user\",\"content\":[1]}]}", "input[0].content[0].type"},
        {"{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\"}]}]}",
         "input[0].content[0].text"},
        {"{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\"}]}]}",
         "input[0].content[0].image_url"},
        {"{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\",\"image_url\":"
         "\"ftp://x\"}]}]}",
         "input[0].content[0].image_url"},
        {"{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_file\"}]}]}",
         "input[0].content[0].file_data"},
        {"{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\"}]}]}",
         "input[0].content[0].input_audio"},
        {INPUT("{\"type\":\"function_call\",\"name\":\"f\",\"arguments\":\"{}\"}"),
         "input[0].call_id"},
        {INPUT("{\"type\":\"function_call\",\"call_id\":\"c\",\"arguments\":\"{}\"}"),
         "input[0].name"},
        {INPUT("{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":{}}"),
         "input[0].arguments"},
        {INPUT("{\"type\":\"function_call_output\",\"call_id\":\"c\"}"), "input[0].output"},
        {INPUT("{\"type\":\"reasoning\",\"summary\":[\"x\"]}"), "input[0].summary[0]"},
        {INPUT("{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":1}"),
         "input[0].encrypted_content"},
        {"{\"tools\":{}}", "tools"},
        {"{\"tools\":[1]}", "tools[0]"},
        {"{\"tools\":[{}]}", "tools[0].type"},
        {"{\"tools\":[{\"type\":\"function\"}]}", "tools[0].name"},
        {"{\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":[]}]}",
         "tools[0].parameters"},
        {"{\"tools\":[{\"type\":\"custom\"}]}", "tools[0].name"},
        {"{\"tools\":[{\"type\":\"namespace\",\"name\":\"n\"}]}", "tools[0].tools"},
        {"{\"tools\":[{\"type\":\"namespace\",\"name\":\"n\",\"tools\":[{}]}]}",
         "tools[0].tools[0].type"},
        {"{\"tool_choice\":\"maybe\"}", "tool_choice"},
        {"{\"tool_choice\":7}", "tool_choice"},
        {"{\"tool_choice\":{}}", "tool_choice.type"},
        {"{\"tool_choice\":{\"type\":\"allowed_tools\",\"tools\":[1]}}", "tool_choice.tools"},
        {"{\"reasoning\":{\"effort\":\"huge\"}}", "reasoning.effort"},
        {"{\"reasoning\":[]}", "reasoning"},
        {"{\"text\":{\"format\":{\"type\":\"xml\"}}}", "text.format.type"},
        {"{\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\"}}}", "text.format.schema"},
        {"{\"max_output_tokens\":1.5}", "max_output_tokens"},
        {"{\"temperature\":\"hot\"}", "temperature"},
        {"{\"stream\":\"yes\"}", "stream"},
        {"{\"conversation\":7}", "conversation"},
        {"{\"instructions\":7}", "instructions"},
        {"{\"include\":\"x\"}", "include"},
        {"{\"metadata\":[]}", "metadata"},
        {"{\"model\":\"a\",\"model\":\"b\"}", "model"},
        {INPUT("{\"role\":\"user\",\"role\":\"user\",\"content\":\"\"}"), "input[0].role"},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct bench b;
        bench_init(&b);
        ok(!bench_chat(&b, DIALECT_RESPONSES, table[i].body), table[i].body);
        is_str(b.p->err.param, str_from_cz(table[i].param), "the member at fault");
        ok(b.p->err.message.n > 0, "with a message");
        bench_fini(&b);
    }
}

int main(void)
{
    test_same();
    test_turns();
    test_seal_ahead();
    test_settings();
    test_errors();
    return tap_done();
}
