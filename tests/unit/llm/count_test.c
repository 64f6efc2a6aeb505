#include "llm/count.c"

#include "document_bench.h"

static const char anthropic[] =
    "{'model':'x','system':'be brief','messages':[{'role':'user','content':'hi'}]}";

static void test_requests(void)
{
    static const struct {
        enum operation_id from, to;
        const char *envelope, *body, *wanted;
    } cases[] = {
        {OP_COUNT_TOKENS, OP_GEMINI_COUNT, NULL, anthropic,
         "{'generateContentRequest':{'model':'models/m',"},
        {OP_COUNT_TOKENS, OP_GEMINI_COUNT, "vertex", anthropic, "{'contents':"},
        {OP_COUNT_TOKENS, OP_BEDROCK_COUNT, NULL, anthropic,
         "{'input':{'converse':{'messages':[{'role':'user','content':[{'text':'hi'}]}],"
         "'system':[{'text':'be brief'}]}}}"},
        {OP_COUNT_TOKENS, OP_INPUT_TOKENS, NULL, anthropic, "{'model':'m',"},
        {OP_GEMINI_COUNT, OP_COUNT_TOKENS, NULL,
         "{'contents':[{'role':'user','parts':[{'text':'hi'}]}],"
         "'generationConfig':{'maxOutputTokens':5}}",
         "{'model':'m','messages':[{'role':'user','content':"},
        {OP_GEMINI_COUNT, OP_COUNT_TOKENS, NULL,
         "{'generateContentRequest':{'model':'models/x',"
         "'contents':[{'role':'user','parts':[{'text':'hi'}]}]}}",
         "{'model':'m','messages':[{'role':'user','content':"},
        {OP_BEDROCK_COUNT, OP_COUNT_TOKENS, NULL,
         "{'input':{'converse':{'messages':[{'role':'user','content':[{'text':'hi'}]}]}}}",
         "{'model':'m','messages':[{'role':'user','content':"},
        {OP_INPUT_TOKENS, OP_COUNT_TOKENS, NULL, "{'model':'x','input':'hi'}",
         "{'model':'m','messages':[{'role':'user','content':"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bench b = {.codec = &document_count,
                          .from = cases[i].from,
                          .to = cases[i].to,
                          .envelope = cases[i].envelope};
        is_int(bench_read(&b, cases[i].body), 0, "a request is read");
        str got = bench_ask(&b, 0, 1), want = bench_json(cases[i].wanted);
        is_str(str_slice(got, 0, want.n), want, "in the provider's envelope");
        ok(str_find(got, S("\"hi\"")) != STR_NONE, "with its text");
        ok(str_find(got, S("max")) == STR_NONE || cases[i].to == OP_GEMINI_COUNT, "no limit");
        const struct json *root = NULL;
        size_t at = 0;
        is_int(json_read(&bench_arena, got, &root, &at), 0, "as JSON");
    }
}

static void test_wrong(void)
{
    struct bench b = {.codec = &document_count, .from = OP_BEDROCK_COUNT};
    is_int(bench_read(&b, "{'input':{'invokeModel':{'body':'e30='}}}"), -E_BAD_REQUEST,
           "a body that nobody reads");
    is_str(bench_err.message, S("input.converse must be an object."), "says so");
    b.from = OP_GEMINI_COUNT;
    is_int(bench_read(&b, "{'generateContentRequest':7}"), -E_BAD_REQUEST, "no object");
    is_str(bench_err.param, S("generateContentRequest"), "by its name");
}

static void test_answers(void)
{
    static const struct {
        enum operation_id op;
        const char *body, *wanted;
    } cases[] = {
        {OP_COUNT_TOKENS, "{'input_tokens':7}", "{'input_tokens':7}"},
        {OP_INPUT_TOKENS, "{'object':'x','input_tokens':7}",
         "{'object':'response.input_tokens','input_tokens':7}"},
        {OP_GEMINI_COUNT, "{'totalTokens':7,'promptTokensDetails':[]}", "{'totalTokens':7}"},
        {OP_BEDROCK_COUNT, "{'inputTokens':7}", "{'inputTokens':7}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
            struct bench b = {.codec = &document_count, .from = cases[i].op, .to = cases[k].op};
            bench_begin(&b);
            is_int(bench_answer(&b, cases[k].body, 0), 0, "an answer is read");
            is_str(bench_reply(&b), bench_json(cases[i].wanted), "and told in the client's form");
            is_int(document_count.usage(b.answer).input_tokens, -1, "nothing is paid");
        }
    static const char *const bad[] = {"{}", "[]", "{'totalTokens':'7'}", "{'input_tokens':-1}",
                                      "{'input_tokens':1.5}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct bench b = {.codec = &document_count, .from = OP_COUNT_TOKENS, .to = OP_GEMINI_COUNT};
        bench_begin(&b);
        is_int(bench_answer(&b, bad[i], 0), -E_PROVIDER_BODY, bad[i]);
    }
}

static void test_estimate(void)
{
    static const struct {
        const char *body;
        int64_t tokens;
        const char *what;
    } cases[] = {
        {"{'model':'x','messages':[{'role':'user','content':''}]}", 4, "a turn"},
        {"{'model':'x','messages':[{'role':'user','content':'abcd'}]}", 5, "four bytes, a token"},
        {"{'model':'x','messages':[{'role':'user','content':'abcde'}]}", 6, "rounded up"},
        {"{'model':'x','system':'abcd','messages':[{'role':'user','content':'abcd'}]}", 6,
         "instructions"},
        {"{'model':'x','messages':[{'role':'user','content':[{'type':'image','source':"
         "{'type':'url','url':'https://a/b.png'}}]}]}",
         1004, "a picture"},
        {"{'model':'x','messages':[{'role':'user','content':'abcd'}],'tools':[{'name':'abcd',"
         "'description':'abcd','input_schema':{}}]}",
         8, "a tool"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bench b = {.codec = &document_count, .from = OP_COUNT_TOKENS};
        is_int(bench_read(&b, cases[i].body), 0, "a request is read");
        is_int(count_estimate(b.ask), cases[i].tokens, cases[i].what);
    }
}

int main(void)
{
    arena_init(&bench_arena, 4096, 16u << 20);
    test_requests();
    test_wrong();
    test_answers();
    test_estimate();
    arena_fini(&bench_arena);
    return tap_done();
}
