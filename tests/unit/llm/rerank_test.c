#include "llm/rerank.c"

#include "document_bench.h"

static const char asked[] = "{'model':'x','query':'q','documents':['a',{'text':'b','id':7},"
                            "{'content':'c'}],'top_n':2,'max_tokens_per_doc':9,'return_documents':"
                            "true,'rank_fields':['text']}";

static void test_requests(void)
{
    static const struct {
        enum operation_id to;
        const char *model, *wanted, *lost;
    } cases[] = {
        {OP_RERANK, "m",
         "{'model':'m','query':'q','documents':['a','b','c'],'top_n':2,'return_documents':false}",
         "dropped:rank_fields, dropped:max_tokens_per_doc"},
        {OP_COHERE_RERANK, "m",
         "{'model':'m','query':'q','documents':['a','b','c'],'top_n':2,'max_tokens_per_doc':9}",
         "dropped:rank_fields"},
        {OP_VOYAGE_RERANK, "m", "{'model':'m','query':'q','documents':['a','b','c'],'top_k':2}",
         "dropped:rank_fields, dropped:max_tokens_per_doc"},
        {OP_BEDROCK_RERANK, "cohere.rerank-v3-5:0",
         "{'query':'q','documents':['a','b','c'],'top_n':2,'max_tokens_per_doc':9,'api_version':2}",
         "dropped:rank_fields"},
        {OP_BEDROCK_RERANK, "amazon.rerank-v1:0",
         "{'query':'q','documents':['a','b','c'],'top_n':2}",
         "dropped:rank_fields, dropped:max_tokens_per_doc"},
        {OP_VERTEX_RERANK, "m",
         "{'model':'m','query':'q','records':[{'id':'0','content':'a'},{'id':'1','content':'b'},"
         "{'id':'2','content':'c'}],'topN':2,'ignoreRecordDetailsInResponse':true}",
         "dropped:rank_fields, dropped:max_tokens_per_doc"},
        {OP_TEI_RERANK, "m", "{'query':'q','texts':['a','b','c'],'raw_scores':false}",
         "dropped:rank_fields, dropped:max_tokens_per_doc"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bench b = {.codec = &document_rerank,
                          .from = OP_RERANK,
                          .to = cases[i].to,
                          .model = cases[i].model};
        must(bench_read(&b, asked) == 0);
        is_str(bench_ask(&b, 0, 3), bench_json(cases[i].wanted), "what is asked");
        is_str(bench_lost(), str_from_cz(cases[i].lost), "what is lost");
    }
}

static void test_wrong(void)
{
    static const struct {
        const char *body, *param, *says;
    } cases[] = {
        {"{'documents':['a']}", "query", "query is required."},
        {"{'query':1,'documents':['a']}", "query", "query must be a string."},
        {"{'query':'q'}", "documents", "documents must be a list of 1 to 65536 documents."},
        {"{'query':'q','documents':[]}", "documents",
         "documents must be a list of 1 to 65536 documents."},
        {"{'query':'q','documents':['a',1]}", "documents",
         "documents must hold strings, or objects with a text."},
        {"{'query':'q','documents':['a'],'top_n':0}", "top_n", "top_n must be a positive number."},
        {"{'query':'q','documents':['a'],'top_k':'2'}", "top_k", "top_k must be an integer."},
        {"{'query':'q','documents':['a'],'return_documents':1}", "return_documents",
         "return_documents must be a boolean."},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bench b = {.codec = &document_rerank, .from = OP_RERANK};
        is_int(bench_read(&b, cases[i].body), -E_BAD_REQUEST, cases[i].says);
        is_str(bench_err.param, str_from_cz(cases[i].param), "the member");
        is_str(bench_err.message, str_from_cz(cases[i].says), "the message");
    }
}

static void test_answers(void)
{
    static const struct {
        enum operation_id to;
        const char *body;
    } cases[] = {
        {OP_RERANK, "{'results':[{'index':2,'relevance_score':0.10},"
                    "{'index':0,'relevance_score':9e-1},{'index':1,'relevance_score':0.5}]}"},
        {OP_COHERE_RERANK, "{'results':[{'index':0,'relevance_score':9e-1},"
                           "{'index':1,'relevance_score':0.5}]}"},
        {OP_VOYAGE_RERANK, "{'data':[{'index':0,'relevance_score':9e-1},"
                           "{'index':1,'relevance_score':0.5}]}"},
        {OP_BEDROCK_RERANK, "{'results':[{'index':1,'relevance_score':0.5},"
                            "{'index':0,'relevance_score':9e-1}]}"},
        {OP_VERTEX_RERANK, "{'records':[{'id':'0','score':9e-1},{'id':'1','score':0.5}]}"},
        {OP_TEI_RERANK, "[{'index':1,'score':0.5},{'index':0,'score':9e-1},"
                        "{'index':2,'score':0.5}]"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bench b = {.codec = &document_rerank, .from = OP_COHERE_RERANK, .to = cases[i].to};
        must(bench_read(&b, asked) == 0);
        is_int(bench_answer(&b, cases[i].body, 0), 0, "an answer is read");
        ok(str_find(bench_reply(&b),
                    bench_json("'results':[{'index':0,'relevance_score':9e-1,'document':"
                               "{'text':'a'}},{'index':1,'relevance_score':0.5,'document':"
                               "{'text':'b','id':7}}],'meta'")) != STR_NONE,
           "best first, scores as written, documents as they came, no more than asked for");
    }
}

static void test_usage(void)
{
    struct bench b = {.codec = &document_rerank, .from = OP_RERANK, .to = OP_VOYAGE_RERANK};
    must(bench_read(&b, "{'query':'q','documents':['a']}") == 0);
    is_int(document_rerank.usage(b.answer).input_tokens, -1, "no usage before an answer");
    must(bench_answer(&b, "{'data':[{'index':0,'relevance_score':1}],'usage':{'total_tokens':5}}",
                      0) == 0);
    is_int(document_rerank.usage(b.answer).input_tokens, 5, "tokens");
    ok(str_find(bench_reply(&b),
                bench_json("'model':'m','results':[{'index':0,'relevance_score':1}],'meta':"
                           "{'api_version':{'version':'2'},'billed_units':{'input_tokens':5}},"
                           "'usage':{'prompt_tokens':5,'total_tokens':5}}")) != STR_NONE,
       "tokens told");
    b.from = OP_COHERE_RERANK;
    b.to = OP_COHERE_RERANK;
    must(bench_read(&b, "{'query':'q','documents':['a']}") == 0);
    must(bench_answer(&b,
                      "{'id':'i','results':[{'index':0,'relevance_score':1}],"
                      "'meta':{'billed_units':{'search_units':2}}}",
                      0) == 0);
    is_str(bench_reply(&b),
           bench_json("{'id':'i','results':[{'index':0,'relevance_score':1}],'meta':"
                      "{'api_version':{'version':'2'},'billed_units':{'search_units':2}}}"),
           "search units told");
}

static void test_parts(void)
{
    struct bench b = {.codec = &document_rerank, .from = OP_RERANK, .to = OP_TEI_RERANK};
    is_int(document_rerank.batch(OP_TEI_RERANK, S("x")), 32, "few at a time");
    ok(document_rerank.batch(OP_COHERE_RERANK, S("x")) >= DOCUMENTS_MAX, "or all at once");
    must(bench_read(&b, "{'query':'q','documents':['a','b','c']}") == 0);
    is_int(document_rerank.count(b.ask), 3, "three documents");
    is_str(bench_ask(&b, 2, 1), bench_json("{'query':'q','texts':['c'],'raw_scores':false}"),
           "the last one");
    must(bench_answer(&b, "[{'index':0,'score':0.2},{'index':1,'score':0.4}]", 0) == 0);
    must(bench_answer(&b, "[{'index':0,'score':0.3}]", 2) == 0);
    ok(str_find(bench_reply(&b),
                bench_json("[{'index':1,'relevance_score':0.4},{'index':2,'relevance_score':0.3},"
                           "{'index':0,'relevance_score':0.2}]")) != STR_NONE,
       "put together by their scores");
}

static void test_bad_answers(void)
{
    static const char *const bodies[] = {
        "{}",
        "{'results':{}}",
        "{'results':[7]}",
        "{'results':[{'index':0}]}",
        "{'results':[{'index':0,'relevance_score':'1'}]}",
        "{'results':[{'index':-1,'relevance_score':1}]}",
        "{'results':[{'index':65536,'relevance_score':1}]}",
        "{'results':[{'relevance_score':1}]}",
    };
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct bench b = {.codec = &document_rerank, .from = OP_RERANK, .to = OP_COHERE_RERANK};
        must(bench_read(&b, "{'query':'q','documents':['a']}") == 0);
        is_int(bench_answer(&b, bodies[i], 0), -E_PROVIDER_BODY, bodies[i]);
    }
    struct bench b = {.codec = &document_rerank, .from = OP_RERANK, .to = OP_COHERE_RERANK};
    must(bench_read(&b, "{'query':'q','documents':['a']}") == 0);
    must(bench_answer(&b, "{'results':[{'index':1,'relevance_score':1}]}", 0) == 0);
    ok(bench_reply(&b).n == 0 && bench_err.code == -E_PROVIDER_BODY, "a document nobody sent");
}

int main(void)
{
    arena_init(&bench_arena, 4096, 16u << 20);
    test_requests();
    test_wrong();
    test_answers();
    test_usage();
    test_parts();
    test_bad_answers();
    arena_fini(&bench_arena);
    return tap_done();
}
