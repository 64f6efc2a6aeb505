/* Requests as people write them: both spellings, lists that are none, calls without ids. */
#include "llm/dialect_gemini_request.c"

#include "gemini_bench.h"
#include "llm/seal.h"

/* What leaves to its own dialect is what came. */
static void same(struct bench *b, const char *body, const char *what)
{
    struct chat *c = bench_chat(b, str_from_cz(body));
    bench_same(b, c ? bench_request(b, c) : S_EMPTY, str_from_cz(body), what);
}

static void refused(struct bench *b, const char *body, const char *param)
{
    ok(!bench_chat(b, str_from_cz(body)), "refused");
    is_str(b->err.param, str_from_cz(param), "and the member named");
}

static void written_again(struct bench *b)
{
    same(b, "{\"contents\":[{\"parts\":[{\"text\":\"hi\"}]}]}", "no role");
    same(b, "{\"contents\":{\"role\":\"user\",\"parts\":{\"text\":\"hi\"}}}", "no lists");
    same(b, "{\"contents\":[{\"role\":null,\"parts\":[{\"text\":\"\"}],\"x\":1}],\"tools\":null}",
         "nulls and unknown members");
    same(b,
         "{\"contents\":[{\"role\":\"function\",\"parts\":[{\"function_response\":"
         "{\"name\":\"f\",\"response\":{\"a\":1.0}}}]}],"
         "\"system_instruction\":{\"parts\":{\"text\":\"s\"}},"
         "\"generation_config\":{\"top_p\":0.90,\"max_output_tokens\":10}}",
         "snake_case");
    same(b,
         "{\"contents\":[{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\"}},"
         "{\"functionCall\":{\"name\":\"f\",\"args\":{\"n\":12345678901234567890}},"
         "\"thoughtSignature\":\"c2ln\"},{\"text\":\"t\",\"thought\":true},"
         "{\"text\":\"\",\"thoughtSignature\":\"c2ln\"},{\"executableCode\":{\"code\":\"1\"}},"
         "{}]},{\"role\":\"user\",\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\","
         "\"data\":\"AAAA\"},\"videoMetadata\":{\"fps\":1}},{\"fileData\":{\"fileUri\":"
         "\"gs://b/x.mp4\",\"mimeType\":\"video/mp4\"}}]}]}",
         "parts of every kind");
    same(b,
         "{\"contents\":[],\"safetySettings\":[],\"cachedContent\":\"cachedContents/1\","
         "\"labels\":{\"a\":\"b\"},\"store\":true,\"serviceTier\":\"flex\","
         "\"generationConfig\":{}}",
         "members without a place");
}

/* A client of this dialect may have talked to another provider before. */
static void strangers(struct bench *b)
{
    struct seal seal = {
        .kind = SEAL_SIGNATURE, .family = FAMILY_ANTHROPIC, .provider = S("p"), .value = S("v")};
    str wrapped = seal_wrap(&b->a, &seal);
    struct chat *c = bench_chat(
        b, arena_printf(&b->a,
                        "{\"contents\":[{\"role\":\"model\",\"parts\":[{\"text\":\"t\","
                        "\"thought\":true,\"thoughtSignature\":\"%.*s\"}]},{\"role\":\"model\","
                        "\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{}},"
                        "\"thoughtSignature\":\"%.*s\"}]}]}",
                        STR_ARG(wrapped), STR_ARG(wrapped)));
    b->can.can |= CAN_SIGN_CALLS;
    is_str(bench_request(b, c),
           S("{\"contents\":[{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\","
             "\"args\":{}},\"thoughtSignature\":\"skip_thought_signature_validator\"}]}]}"),
           "another's thoughts go, its calls are signed anew");
    b->can.can &= ~(uint32_t)CAN_SIGN_CALLS;
}

static void refusals(struct bench *b)
{
    refused(b, "{}", "contents");
    refused(b, "{\"contents\":[{\"role\":\"wizard\",\"parts\":[]}]}", "contents[0].role");
    refused(b, "{\"contents\":[{\"parts\":[{\"text\":1}]}]}", "contents[0].parts[0].text");
    refused(b, "{\"contents\":[{\"parts\":[{\"functionCall\":{\"args\":{}}}]}]}",
            "contents[0].parts[0].functionCall.name");
    refused(b, "{\"contents\":[{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":[]}}]}]}",
            "contents[0].parts[0].functionCall.args");
    refused(b, "{\"contents\":[{\"parts\":[{\"inlineData\":{\"data\":\"*\"}}]}]}",
            "contents[0].parts[0].inlineData.data");
    refused(b, "{\"contents\":[],\"store\":1}", "store");
    refused(b, "{\"contents\":[],\"systemInstruction\":{},\"system_instruction\":{}}",
            "systemInstruction");
    refused(b, "{\"contents\":[{\"parts\":[{\"text\":\"a\",\"text\":\"b\"}]}]}",
            "contents[0].parts[0].text");
}

/* Results without ids answer the first waiting call of their name. */
static void joined(struct bench *b)
{
    struct chat *c = bench_chat(
        b, S("{\"contents\":[{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\"}},"
             "{\"functionCall\":{\"name\":\"g\"}},{\"functionCall\":{\"name\":\"f\"}}]},"
             "{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"g\","
             "\"response\":{\"result\":\"G\"}}},{\"functionResponse\":{\"name\":\"f\","
             "\"response\":{\"error\":\"E\"}}},{\"functionResponse\":{\"name\":\"f\","
             "\"response\":{\"a\":1}}},{\"functionResponse\":{\"name\":\"z\"}}]}]}"));
    const struct block *call = c->turns->blocks, *result = c->turns->next->blocks;
    ok(str_has_prefix(call->call.id, S("call_")), "a call has an id");
    is_str(result->result.id, call->next->call.id, "the result of g");
    is_str(result->next->result.id, call->call.id, "the first result of f");
    is_str(result->next->next->result.id, call->next->next->call.id, "the second");
    ok(result->next->next->next->result.id.n > 0, "an orphan has an id too");
    is_str(result->result.blocks->text, S("G"), "one string is the text");
    ok(result->result.is_plain && result->result.failed == UNSET, "plain");
    ok(result->next->result.failed == YES, "an error failed");
    ok(result->next->next->result.value, "any other response is a value");
}

/* A stream's thought in pieces, and at its end another provider's seal: one thought again. Google's
 * own stay as they are. */
static void thoughts(struct bench *b)
{
    struct seal seal = {SEAL_SIGNATURE, FAMILY_ANTHROPIC, S("p"), S("m"), S("v")};
    struct chat *c = bench_chat(
        b, arena_printf(&b->a,
                        "{\"contents\":[{\"role\":\"model\",\"parts\":[{\"text\":\"a\","
                        "\"thought\":true},{\"text\":\"b\",\"thought\":true},{\"text\":\"\","
                        "\"thought\":true,\"thoughtSignature\":\"" STR_FMT "\"},{\"text\":\"c\","
                        "\"thought\":true},{\"text\":\"t\"},{\"text\":\"d\",\"thought\":true},"
                        "{\"text\":\"\",\"thought\":true,\"thoughtSignature\":\"c2ln\"}]}]}",
                        STR_ARG(seal_wrap(&b->a, &seal))));
    const struct block *first = c->turns->blocks, *third = first->next;
    is_str(reasoning_text(&b->a, &first->reasoning), S("ab"), "the pieces");
    is_str(first->seal.value, S("v"), "and the seal");
    is_str(reasoning_text(&b->a, &third->reasoning), S("c"), "a thought of its own");
    ok(third->seal.kind == SEAL_NONE && third->next->kind == BLOCK_TEXT, "then text");
    const struct block *own = third->next->next;
    is_str(reasoning_text(&b->a, &own->reasoning), S("d"), "Google's");
    is_str(own->next->seal.value, S("c2ln"), "with its seal behind it");
}

/* Pictures stand beside what a tool said, whatever that was. */
static void pictures(struct bench *b)
{
    static const char *const said[][2] = {{"{\"output\":\"x\"}", "x"}, {"{\"a\":1}", "{\"a\":1}"}};
    for (size_t i = 0; i < ARRAY_LEN(said); i++) {
        str body =
            arena_printf(&b->a,
                         "{\"contents\":[{\"role\":\"user\",\"parts\":[{"
                         "\"functionResponse\":{\"name\":\"f\",\"response\":%s,\"parts\":[{"
                         "\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"AAAA\"}}]}}]}]}",
                         said[i][0]);
        struct chat *c = bench_chat(b, body);
        const struct tool_result *r = &c->turns->blocks->result;
        ok(!r->is_plain && !r->value, "blocks");
        is_str(r->blocks->text, str_from_cz(said[i][1]), "what it said");
        ok(r->blocks->next->kind == BLOCK_MEDIA, "and a picture");
        bench_same(b, bench_request(b, c), body, "and for Google as it was");
    }
}

static void settings(struct bench *b)
{
    struct chat *c = bench_chat(
        b, S("{\"contents\":[],\"systemInstruction\":\"be brief\",\"cachedContent\":\"c\"}"));
    is_str(c->instructions->text, S("be brief"), "instructions as a string");
    ok(c->own_only && strcmp(c->own_only, "cachedContent") == 0, "a cache is Google's own");
    ok(c->asks_usage, "usage always comes");
}

int main(void)
{
    static struct bench b;
    bench_init(&b, DIALECT_GEMINI);
    written_again(&b);
    strangers(&b);
    refusals(&b);
    joined(&b);
    thoughts(&b);
    pictures(&b);
    settings(&b);
    bench_fini(&b);
    return tap_done();
}
