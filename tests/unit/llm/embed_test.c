#include "llm/embed.c"

#include "document_bench.h"

/* A client's request, what the provider is asked, and what is said to be lost. */
static const struct asked {
    enum operation_id from, to;
    const char *body, *wanted, *lost, *what;
} requests[] = {
    {OP_EMBEDDINGS, OP_EMBEDDINGS,
     "{'model':'x','input':['a',[1,2]],'encoding_format':'base64','dimensions':3,'user':'u'}",
     "{'model':'m','input':['a',[1,2]],'dimensions':3,'user':'u'}", "", "OpenAI's own"},
    {OP_EMBEDDINGS, OP_EMBEDDINGS, "{'input':[1,2]}", "{'model':'m','input':[[1,2]]}", "",
     "a list of tokens is one input"},
    {OP_EMBEDDINGS, OP_COHERE_EMBED, "{'input':'a','user':'u','x':1,'y':null}",
     "{'model':'m','texts':['a'],'input_type':'search_document','embedding_types':['float']}",
     "dropped:user, dropped:x", "to Cohere, for an index; unknown members are lost"},
    {OP_EMBEDDINGS, OP_COHERE_EMBED, "{'input':'a','input_type':'query','dimensions':8}",
     "{'model':'m','texts':['a'],'input_type':'search_query','embedding_types':['float'],"
     "'output_dimension':8}",
     "", "a purpose in Voyage's word"},
    {OP_EMBEDDINGS, OP_VOYAGE_EMBED,
     "{'input':'a','encoding_format':'float','dimensions':2,'user':'u'}",
     "{'model':'m','input':['a'],'output_dimension':2}", "dropped:user",
     "OpenAI's words, some of which Voyage refuses"},
    {OP_EMBEDDINGS, OP_VOYAGE_EMBED,
     "{'input':['a'],'input_type':'query','output_dimension':2,'truncation':true,"
     "'output_dtype':'int8'}",
     "{'model':'m','input':['a'],'input_type':'query','output_dimension':2,'truncation':true,"
     "'output_dtype':'int8'}",
     "", "Voyage's own words"},
    {OP_EMBEDDINGS, OP_EMBEDDINGS, "{'input':['a'],'truncation':true,'output_dtype':'int8'}",
     "{'model':'m','input':['a']}", "dropped:truncate, dropped:output_dtype",
     "Voyage's words to another"},
    {OP_COHERE_EMBED, OP_BEDROCK_COHERE_EMBED,
     "{'texts':['a'],'input_type':'clustering','truncate':'START'}",
     "{'texts':['a'],'input_type':'clustering','embedding_types':['float'],'truncate':'START'}", "",
     "Cohere on Bedrock"},
    {OP_COHERE_EMBED, OP_EMBEDDINGS,
     "{'texts':['a','b'],'input_type':'search_query','truncate':'END','output_dimension':2}",
     "{'model':'m','input':['a','b'],'dimensions':2}", "dropped:truncate, dropped:input_type",
     "Cohere to OpenAI"},
    {OP_COHERE_EMBED, OP_VOYAGE_EMBED,
     "{'texts':['a'],'input_type':'search_document','truncate':'NONE','output_dimension':2}",
     "{'model':'m','input':['a'],'input_type':'document','output_dimension':2,'truncation':false}",
     "", "Cohere to Voyage"},
    {OP_COHERE_EMBED, OP_OLLAMA_EMBED,
     "{'inputs':[{'content':[{'type':'text','text':'a'},{'type':'text','text':'b'}]}]}",
     "{'model':'m','input':['ab']}", "", "Cohere's inputs with parts"},
    {OP_GEMINI_BATCH_EMBED, OP_GEMINI_EMBED,
     "{'requests':[{'model':'models/x','content':{'parts':[{'text':'a'},{'text':'b'}]},"
     "'taskType':'RETRIEVAL_DOCUMENT','title':'t','outputDimensionality':4}]}",
     "{'model':'models/m','content':{'parts':[{'text':'ab'}]},'taskType':'RETRIEVAL_DOCUMENT',"
     "'title':'t','outputDimensionality':4}",
     "", "Gemini's own"},
    {OP_GEMINI_EMBED, OP_COHERE_EMBED,
     "{'content':{'parts':[{'text':'a'}]},'taskType':'QUESTION_ANSWERING','title':'t'}",
     "{'model':'m','texts':['a'],'input_type':'search_query','embedding_types':['float']}",
     "dropped:title, clamped:taskType", "a purpose that comes near"},
    {OP_GEMINI_EMBED, OP_OLLAMA_EMBED, "{'content':{'parts':[{'text':'a'}]},'taskType':'NEW'}",
     "{'model':'m','input':['a']}", "dropped:taskType", "an unknown purpose"},
    {OP_OLLAMA_EMBED, OP_GEMINI_BATCH_EMBED,
     "{'input':['a','b'],'truncate':true,'keep_alive':'5m','dimensions':2}",
     "{'requests':[{'model':'models/m','content':{'parts':[{'text':'a'}]},"
     "'outputDimensionality':2},{'model':'models/m','content':{'parts':[{'text':'b'}]},"
     "'outputDimensionality':2}]}",
     "dropped:truncate, dropped:keep_alive", "Ollama to Gemini"},
    {OP_OLLAMA_EMBEDDING, OP_VERTEX_EMBED, "{'prompt':'a'}", "{'instances':[{'content':'a'}]}", "",
     "Ollama's old call to Vertex"},
    {OP_GEMINI_EMBED, OP_VERTEX_EMBED,
     "{'content':{'parts':[{'text':'a'}]},'taskType':'CLUSTERING','title':'t',"
     "'outputDimensionality':4}",
     "{'instances':[{'content':'a','task_type':'CLUSTERING','title':'t'}],"
     "'parameters':{'outputDimensionality':4}}",
     "", "Gemini to Vertex"},
    {OP_OLLAMA_EMBED, OP_VERTEX_EMBED_CONTENT, "{'input':'a','truncate':false}",
     "{'content':{'parts':[{'text':'a'}]},'embedContentConfig':{'autoTruncate':false}}", "",
     "to Vertex's newer models"},
    {OP_EMBEDDINGS, OP_TITAN_EMBED, "{'input':'a','dimensions':256}",
     "{'inputText':'a','dimensions':256}", "", "to Titan"},
    {OP_EMBEDDINGS, OP_NOVA_EMBED, "{'input':'a','dimensions':256}",
     "{'taskType':'SINGLE_EMBEDDING','singleEmbeddingParams':{'embeddingPurpose':'GENERIC_INDEX',"
     "'embeddingDimension':256,'text':{'truncationMode':'END','value':'a'}}}",
     "", "to Nova"},
    {OP_COHERE_EMBED, OP_TEI_EMBED, "{'texts':['a'],'truncate':'NONE'}",
     "{'inputs':['a'],'truncate':false}", "", "to Text Embeddings Inference"},
};

static void test_requests(void)
{
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        const struct asked *t = &requests[i];
        struct bench b = {.codec = &document_embed, .from = t->from, .to = t->to};
        int rc = bench_read(&b, t->body);
        is_str(rc == 0 ? bench_ask(&b, 0, document_embed.count(b.ask)) : S("unread"),
               bench_json(t->wanted), t->what);
        is_str(bench_lost(), str_from_cz(t->lost), t->what);
    }
}

/* Requests that are wrong, the member that is, and what is said. */
static const struct {
    enum operation_id from;
    const char *body, *param, *says;
} wrongs[] = {
    {OP_EMBEDDINGS, "{}", "input", "input must be a string, or a list that is not empty."},
    {OP_EMBEDDINGS, "{'input':[]}", "input",
     "input must be a string, or a list that is not empty."},
    {OP_EMBEDDINGS, "{'input':['a',null]}", "input",
     "input must hold strings, or lists of tokens."},
    {OP_EMBEDDINGS, "{'input':[1,'a']}", "input", "input must hold strings, or lists of tokens."},
    {OP_EMBEDDINGS, "{'input':[[]]}", "input", "input must hold strings, or lists of tokens."},
    {OP_EMBEDDINGS, "{'input':'a','dimensions':0}", "dimensions",
     "dimensions must be from 1 to 65536."},
    {OP_EMBEDDINGS, "{'input':'a','encoding_format':'hex'}", "encoding_format",
     "encoding_format must be float or base64."},
    {OP_EMBEDDINGS, "{'input':'a','user':1}", "user", "user must be a string."},
    {OP_EMBEDDINGS, "[]", "", "The body must be an object."},
    {OP_COHERE_EMBED, "{'texts':[[1]]}", "texts", "texts must hold strings."},
    {OP_COHERE_EMBED, "{'images':['a']}", "images",
     "images cannot be carried to this provider: only texts can."},
    {OP_COHERE_EMBED, "{'inputs':[{'content':[{'type':'image_url'}]}]}", "inputs",
     "inputs can only hold texts with this provider."},
    {OP_COHERE_EMBED, "{'texts':['a'],'embedding_types':['int8']}", "embedding_types",
     "embedding_types can only hold float and base64 with this provider."},
    {OP_COHERE_EMBED, "{'texts':['a'],'truncate':'LEFT'}", "truncate",
     "truncate must be NONE, START or END."},
    {OP_GEMINI_EMBED, "{}", "content", "content is required."},
    {OP_GEMINI_EMBED, "{'content':{'parts':[{'inlineData':{}}]}}", "content",
     "content can only hold texts with this provider."},
    {OP_GEMINI_BATCH_EMBED, "{'requests':[]}", "requests",
     "requests must be a list that is not empty."},
    {OP_GEMINI_BATCH_EMBED, "{'requests':[{'content':{'parts':[{'text':'a'}]}},7]}", "requests[1]",
     "requests[1] must be an object."},
    {OP_GEMINI_BATCH_EMBED,
     "{'requests':[{'content':{'parts':[]}},{'content':{'parts':[]},'taskType':'CLUSTERING'}]}",
     "requests[1].taskType",
     "requests[1].taskType and outputDimensionality must be the same in all requests."},
    {OP_OLLAMA_EMBED, "{'prompt':'a'}", "input",
     "input must be a string, or a list that is not empty."},
    {OP_OLLAMA_EMBED, "{'input':'a','truncate':1}", "truncate", "truncate must be a boolean."},
    {OP_OLLAMA_EMBEDDING, "{'prompt':['a']}", "prompt", "prompt must be a string."},
};

static void test_wrong(void)
{
    for (size_t i = 0; i < ARRAY_LEN(wrongs); i++) {
        struct bench b = {.codec = &document_embed, .from = wrongs[i].from};
        int rc = bench_read(&b, wrongs[i].body);
        ok(rc == -E_BAD_REQUEST, wrongs[i].says);
        is_str(bench_err.param, str_from_cz(wrongs[i].param), "the member");
        is_str(bench_err.message, str_from_cz(wrongs[i].says), "the message");
    }
}

static void test_tokens(void)
{
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct bench b = {.codec = &document_embed, .from = OP_EMBEDDINGS, .to = forms[i].op};
        if (!forms[i].write)
            continue;
        must(bench_read(&b, "{'input':[5,6]}") == 0);
        bool is_refused = bench_ask(&b, 0, 1).n == 0;
        ok(is_refused == (forms[i].op != OP_EMBEDDINGS), "tokens go to OpenAI's models only");
        ok(!is_refused || bench_err.code == -E_BAD_REQUEST, "the refusal is the client's fault");
    }
}

/* A provider's answer to two texts, or one, and what each client makes of it. */
static const struct {
    enum operation_id to;
    const char *body;
    size_t n;
    int64_t tokens;
} answers[] = {
    {OP_EMBEDDINGS,
     "{'data':[{'index':1,'embedding':[3.0,4e0]},{'index':0,'embedding':[1,-0.50]}],"
     "'usage':{'prompt_tokens':7,'total_tokens':7}}",
     2, 7},
    {OP_VOYAGE_EMBED,
     "{'data':[{'embedding':[1,-0.50]},{'embedding':[3.0,4e0]}],"
     "'usage':{'total_tokens':7}}",
     2, 7},
    {OP_COHERE_EMBED,
     "{'embeddings':{'float':[[1,-0.50],[3.0,4e0]]},'meta':{'billed_units':{'input_tokens':7}}}", 2,
     7},
    {OP_BEDROCK_COHERE_EMBED, "{'embeddings':[[1,-0.50],[3.0,4e0]]}", 2, -1},
    {OP_GEMINI_BATCH_EMBED,
     "{'embeddings':[{'values':[1,-0.50]},{'values':[3.0,4e0]}],"
     "'usageMetadata':{'promptTokenCount':7}}",
     2, 7},
    {OP_VERTEX_EMBED,
     "{'predictions':[{'embeddings':{'values':[1,-0.50],'statistics':{'token_count':3}}},"
     "{'embeddings':{'values':[3.0,4e0],'statistics':{'token_count':4}}}]}",
     2, 7},
    {OP_OLLAMA_EMBED, "{'embeddings':[[1,-0.50],[3.0,4e0]],'prompt_eval_count':7}", 2, 7},
    {OP_TEI_EMBED, "[[1,-0.50],[3.0,4e0],[9,9]]", 2, -1},
    {OP_GEMINI_EMBED, "{'embedding':{'values':[1,-0.50]}}", 1, -1},
    {OP_VERTEX_EMBED_CONTENT,
     "{'embedding':{'values':[1,-0.50]},'usageMetadata':{'promptTokenCount':7}}", 1, 7},
    {OP_TITAN_EMBED, "{'embedding':[1,-0.50],'inputTextTokenCount':7}", 1, 7},
    {OP_NOVA_EMBED, "{'embeddings':[{'embeddingType':'TEXT','embedding':[1,-0.50]}]}", 1, -1},
};

static void test_answers(void)
{
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct bench b = {.codec = &document_embed, .from = OP_OLLAMA_EMBED, .to = answers[i].to};
        must(bench_read(&b, answers[i].n == 2 ? "{'input':['a','b']}" : "{'input':'a'}") == 0);
        is_int(bench_answer(&b, answers[i].body, 0), 0, "an answer is read");
        struct usage u = document_embed.usage(b.answer);
        is_int(u.input_tokens, answers[i].tokens, "its usage");
        struct buf wanted;
        buf_init(&wanted, 4096);
        buf_printf(&wanted,
                   "{\"model\":\"m\",\"embeddings\":[[1,-0.50]%s],\"total_duration\":0,"
                   "\"load_duration\":0,\"prompt_eval_count\":%d}",
                   answers[i].n == 2 ? ",[3.0,4e0]" : "", answers[i].tokens > 0 ? 7 : 0);
        is_str(bench_reply(&b), buf_str(&wanted), "numbers as they were written, in order");
        buf_fini(&wanted);
    }
}

static void test_replies(void)
{
    static const struct {
        enum operation_id from;
        const char *body, *wanted;
    } cases[] = {
        {OP_EMBEDDINGS, "{'input':'a'}",
         "{'object':'list','data':[{'object':'embedding','index':0,'embedding':[1,-0.50]}],"
         "'model':'m','usage':{'prompt_tokens':7,'total_tokens':7}}"},
        {OP_EMBEDDINGS, "{'input':'a','encoding_format':'base64'}",
         "{'object':'list','data':[{'object':'embedding','index':0,'embedding':'AACAPwAAAL8='}],"
         "'model':'m','usage':{'prompt_tokens':7,'total_tokens':7}}"},
        {OP_COHERE_EMBED, "{'texts':['a'],'embedding_types':['float','base64']}",
         "{'id':'i','embeddings':{'float':[[1,-0.50]],'base64':['AACAPwAAAL8=']},'texts':['a'],"
         "'meta':{'api_version':{'version':'2'},'billed_units':{'input_tokens':7}},"
         "'response_type':'embeddings_by_type'}"},
        {OP_GEMINI_EMBED, "{'content':{'parts':[{'text':'a'}]}}",
         "{'embedding':{'values':[1,-0.50]},'usageMetadata':{'promptTokenCount':7}}"},
        {OP_GEMINI_BATCH_EMBED, "{'requests':[{'content':{'parts':[{'text':'a'}]}}]}",
         "{'embeddings':[{'values':[1,-0.50]}],'usageMetadata':{'promptTokenCount':7}}"},
        {OP_OLLAMA_EMBEDDING, "{'prompt':'a'}", "{'embedding':[1,-0.50]}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bench b = {.codec = &document_embed, .from = cases[i].from, .to = OP_COHERE_EMBED};
        must(bench_read(&b, cases[i].body) == 0);
        is_int(bench_answer(&b,
                            "{'id':'i','embeddings':{'float':[[1,-0.50]]},"
                            "'meta':{'billed_units':{'input_tokens':7}}}",
                            0),
               0, "read");
        is_str(bench_reply(&b), bench_json(cases[i].wanted), "in the client's form");
    }
}

static void test_normalising(void)
{
    struct bench b = {.codec = &document_embed, .from = OP_OLLAMA_EMBED, .to = OP_GEMINI_EMBED};
    static const struct {
        const char *ask, *answer, *wanted, *what;
    } cases[] = {
        {"{'input':'a','dimensions':2}", "{'embedding':{'values':[3,4]}}", "[0.6,0.8]",
         "a vector that was cut gets length one"},
        {"{'input':'a'}", "{'embedding':{'values':[3,4]}}", "[3,4]", "a whole one stays"},
        {"{'input':'a','dimensions':2}", "{'embedding':{'values':[0.60,0.80]}}", "[0.60,0.80]",
         "one of length one stays as written"},
        {"{'input':'a','dimensions':2}", "{'embedding':{'values':[0,0]}}", "[0,0]",
         "one of no length stays"},
        {"{'input':'a','dimensions':2}", "{'embedding':{'values':[1e300,1e300]}}", "[1e300,1e300]",
         "so does one of no length that a double holds"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        must(bench_read(&b, cases[i].ask) == 0 && bench_answer(&b, cases[i].answer, 0) == 0);
        str wanted = arena_printf(&bench_arena, "\"embeddings\":[%s]", cases[i].wanted);
        ok(str_find(bench_reply(&b), wanted) != STR_NONE, cases[i].what);
    }
    b.from = OP_EMBEDDINGS;
    must(bench_read(&b, "{'input':'a','encoding_format':'base64'}") == 0);
    must(bench_answer(&b, "{'embedding':{'values':[1e300,-1e300]}}", 0) == 0);
    ok(str_find(bench_reply(&b), S("//9/f///f/8=")) != STR_NONE, "base64 holds the largest floats");
}

static void test_bad_answers(void)
{
    static const struct {
        enum operation_id to;
        const char *body;
    } cases[] = {
        {OP_EMBEDDINGS, "{'data':[{'embedding':'AACAPw=='}]}"},
        {OP_EMBEDDINGS, "{'data':[{'embedding':[]}]}"},
        {OP_EMBEDDINGS, "{'data':[{'embedding':[1,null]}]}"},
        {OP_EMBEDDINGS, "{'data':[{'index':-1,'embedding':[1]}]}"},
        {OP_EMBEDDINGS, "{'data':[{'index':8192,'embedding':[1]}]}"},
        {OP_EMBEDDINGS, "{'data':[{'index':9223372036854775807,'embedding':[1]}]}"},
        {OP_COHERE_EMBED, "{'embeddings':[['a']]}"},
        {OP_GEMINI_EMBED, "{}"},
        {OP_NOVA_EMBED, "[]"},
        {OP_TITAN_EMBED, "7"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bench b = {.codec = &document_embed, .from = OP_EMBEDDINGS, .to = cases[i].to};
        must(bench_read(&b, "{'input':'a'}") == 0);
        is_int(bench_answer(&b, cases[i].body, 0), -E_PROVIDER_BODY, cases[i].body);
    }
    struct bench b = {.codec = &document_embed, .from = OP_EMBEDDINGS, .to = OP_COHERE_EMBED};
    must(bench_read(&b, "{'input':['a','b']}") == 0);
    must(bench_answer(&b, "{'embeddings':[[1]]}", 0) == 0);
    ok(bench_reply(&b).n == 0, "a vector too few is an error");
    is_str(bench_err.message, S("The provider's answer lacks the embedding of input 1."),
           "says so");
}

static void test_batches(void)
{
    struct bench b = {.codec = &document_embed, .from = OP_EMBEDDINGS, .to = OP_TITAN_EMBED};
    must(bench_read(&b, "{'input':['a','b','c']}") == 0);
    is_int(document_embed.count(b.ask), 3, "three inputs");
    is_str(bench_ask(&b, 2, 1), bench_json("{'inputText':'c'}"), "the third alone");
    must(bench_answer(&b, "{'embedding':[3],'inputTextTokenCount':9223372036854775807}", 2) == 0);
    must(bench_answer(&b, "{'embedding':[1],'inputTextTokenCount':9223372036854775807}", 0) == 0);
    must(bench_answer(&b, "{'embedding':[2],'inputTextTokenCount':-5}", 1) == 0);
    ok(str_find(bench_reply(&b), bench_json("'index':2,'embedding':[3]")) != STR_NONE,
       "answers are joined by their place");
    ok(document_embed.usage(b.answer).input_tokens > 0, "counts do not overflow");
    is_int(document_embed.batch(OP_COHERE_EMBED, S("x")), 96, "Cohere's limit");
    is_int(document_embed.batch(OP_VERTEX_EMBED, S("text-embedding-005")), 250, "Vertex's");
    is_int(document_embed.batch(OP_VERTEX_EMBED, S("gemini-embedding-001")), 1, "its Gemini's");
}

static void test_many(void)
{
    struct buf body;
    struct bench b = {.codec = &document_embed, .from = OP_EMBEDDINGS, .to = OP_EMBEDDINGS};
    for (size_t n = EMBED_INPUTS_MAX; n <= EMBED_INPUTS_MAX + 1; n++) {
        buf_init(&body, 1u << 20);
        buf_put(&body, S("{'input':['a'"));
        for (size_t i = 1; i < n; i++)
            buf_put(&body, S(",'a'"));
        buf_put(&body, S("]}"));
        buf_put_char(&body, '\0');
        is_int(bench_read(&b, body.p), n > EMBED_INPUTS_MAX ? -E_BAD_REQUEST : 0, "many inputs");
        buf_fini(&body);
    }
}

int main(void)
{
    arena_init(&bench_arena, 4096, 64u << 20);
    test_requests();
    test_wrong();
    test_tokens();
    test_answers();
    test_replies();
    test_normalising();
    test_bad_answers();
    test_batches();
    test_many();
    arena_fini(&bench_arena);
    return tap_done();
}
