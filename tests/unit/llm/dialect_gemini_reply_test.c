/* Whole answers: as they came, and as others gave them. */
#include "llm/dialect_gemini_reply.c"

#include "gemini_bench.h"

static void same(struct bench *b, const char *body, const char *what)
{
    struct reply *r = bench_reply(b, str_from_cz(body));
    b->model = S_EMPTY;
    bench_same(b, r ? bench_answer(b, r) : S_EMPTY, str_from_cz(body), what);
}

static void again(struct bench *b)
{
    same(b,
         "{\"candidates\":[{\"content\":{},\"finishReason\":\"SAFETY\",\"safetyRatings\":[]}],"
         "\"usageMetadata\":{\"x\":1}}",
         "a content that is empty");
    same(b,
         "{\"candidates\":[{\"finishReason\":\"NEW\",\"index\":0,\"finishMessage\":\"m\"}],"
         "\"createTime\":\"2026-08-19T14:38:23.916396Z\",\"modelVersion\":null}",
         "no content, a reason nobody knows");
    same(b, "{\"candidates\":[{\"finishReason\":2,\"index\":0}],\"modelVersion\":\"m\"}",
         "a reason by its number");
    same(b, "{\"promptFeedback\":{\"blockReason\":\"OTHER\"},\"modelVersion\":\"m\"}",
         "a prompt that was refused");
    same(b,
         "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{}},"
         "\"thoughtSignature\":\"c2ln\"},{\"text\":\"\",\"thoughtSignature\":\"c2ln\"},"
         "{\"text\":\"\"},{\"codeExecutionResult\":{\"outcome\":\"OUTCOME_OK\"}}],"
         "\"role\":\"model\"},\"index\":2}],\"responseId\":\"r\"}",
         "parts of all kinds");
}

static void refused(struct bench *b)
{
    static const char *const bodies[] = {
        "{}",
        "{\"candidates\":[]}",
        "{\"candidates\":[{\"index\":-1}]}",
        "{\"candidates\":[1]}",
        "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":[]}]}}]}",
        "[]",
        "[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}]"};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
        ok(!bench_reply(b, str_from_cz(bodies[i])), bodies[i]);
}

static void arrays(struct bench *b)
{
    struct reply *r = bench_reply(
        b,
        S("[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}],\"responseId\":\"r\"},"
          "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"b\"}]},\"finishReason\":"
          "\"STOP\"}]}]"));
    is_str(r->choices->blocks->text, S("ab"), "a stream that came as an array");
    is_str(r->start.id, S("r"), "with its id");
}

static void foreign(struct bench *b)
{
    struct reply r;
    reply_init(&r);
    r.extras.origin = DIALECT_CHAT;
    struct reply_choice *c = reply_choice_at(&b->a, &r, 0);
    struct block *text = block_text(&b->a, S("\xc2\xb0"
                                             "F"));
    struct annotation n = {.url = S("u"), .begin = 1, .end = 2, .text = S("F")};
    text->annotations = &n;
    struct block *thought = block_new(&b->a, BLOCK_REASONING);
    reasoning_add(&b->a, &thought->reasoning, true, S("hm"));
    block_add(&c->blocks, thought);
    block_add(&c->blocks, text);
    c->finish.reason = FINISH_TOOL_CALLS;
    ok(gemini_member(b, bench_answer(b, &r), "responseId").n > 20, "an answer has an id");
    r.start.id = S("r");
    r.usage.input_tokens = 1;
    r.usage.output_tokens = 2;
    b->model = S("m");
    bench_same(
        b, bench_answer(b, &r),
        S("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hm\",\"thought\":true},"
          "{\"text\":\"\xc2\xb0"
          "F\"}],\"role\":\"model\"},\"finishReason\":\"STOP\","
          "\"index\":0,\"groundingMetadata\":{\"groundingChunks\":[{\"web\":{\"uri\":\"u\"}}],"
          "\"groundingSupports\":[{\"segment\":{\"partIndex\":1,\"startIndex\":2,"
          "\"endIndex\":3,\"text\":\"F\"},\"groundingChunkIndices\":[0]}]}}],"
          "\"usageMetadata\":{\"promptTokenCount\":1,\"candidatesTokenCount\":2,"
          "\"totalTokenCount\":3},\"modelVersion\":\"m\",\"responseId\":\"r\"}"),
        "another dialect's answer");
}

int main(void)
{
    static struct bench b;
    bench_init(&b, DIALECT_GEMINI);
    again(&b);
    refused(&b);
    arrays(&b);
    foreign(&b);
    bench_fini(&b);
    return tap_done();
}
