/* KServe's two protocols: requests, whole answers, streams. */
#include "llm/dialect_kserve.c"

#include "llm/chat_case.h"

#define ASK "{'model':'m','messages':[{'role':'user','content':'hi'}]"

static const struct {
    enum dialect_id to;
    const char *body, *wanted;
} requests[] = {
    {DIALECT_KSERVE_V1, ASK "}", "{'instances':[{'prompt':'hi'}]}"},
    {DIALECT_KSERVE_V1,
     ASK ",'max_tokens':20,'temperature':0.5,'stop':['x'],'seed':7,'presence_penalty':1,'stream':"
         "true}",
     "{'instances':[{'prompt':'hi','max_tokens':20,'temperature':0.5,'presence_penalty':1,'seed':7,"
     "'stop':['x']}]}"},
    {DIALECT_KSERVE_V2, ASK "}",
     "{'inputs':[{'name':'text_input','shape':[1],'datatype':'BYTES','data':['hi']}],"
     "'parameters':{}}"},
    {DIALECT_KSERVE_V2, ASK ",'max_tokens':20,'stop':['x']}",
     "{'inputs':[{'name':'text_input','shape':[1],'datatype':'BYTES','data':['hi']}],"
     "'parameters':{'max_tokens':20}} # dropped:stop"},
    {DIALECT_KSERVE_V2, ASK ",'max_tokens':20,'stop':['x'],'stream':true}",
     "{'text_input':'hi','parameters':{'max_tokens':20,'stop':['x'],'details':true}}"},
    {DIALECT_KSERVE_V1, ASK ",'logprobs':true,'response_format':{'type':'json_object'}}",
     "{'instances':[{'prompt':'hi'}]} # dropped:logprobs, dropped:response_format"},
    {DIALECT_KSERVE_V2, ASK ",'tools':[{'type':'function','function':{'name':'f'}}]}",
     "BAD_REQUEST tools: The model takes text only: it has no tools."},
};

static void writes(struct chat_case *k)
{
    for (size_t i = 0; i < ARRAY_LEN(requests); i++)
        is_str(case_request(k, DIALECT_CHAT, requests[i].to, requests[i].body),
               str_from_cz(requests[i].wanted), case_name(k, requests[i].body));
}

static void writes_for_vertex(struct chat_case *k)
{
    struct chat c = {.origin = DIALECT_CHAT};
    struct buf out;
    turn_add(&k->p->a, &c, ROLE_USER)->blocks = block_text(&k->p->a, S("hi"));
    struct writing w = pipe_writing(k->p, dialect_get(DIALECT_KSERVE_V1), NULL);
    w.envelope = S("vertex");
    buf_init(&out, PIPE_MAX);
    is_int(dialect_kserve_v1.write_request(&w, &c, &out), 0, "an instance for Vertex");
    is_str(buf_str(&out), S("{\"instances\":[{\"prompt\":\"hi\",\"raw_response\":true}]}"),
           "asks for the answer without the prompt");
    buf_fini(&out);
}

static const struct {
    enum dialect_id from;
    const char *body, *text; /* or the error */
} replies[] = {
    {DIALECT_KSERVE_V1, "{'predictions':['a']}", "a"},
    {DIALECT_KSERVE_V1, "{'predictions':[{'generated_text':'a'}]}", "a"},
    {DIALECT_KSERVE_V1, "{'predictions':{'text':'a'}}", "a"},
    {DIALECT_KSERVE_V1, "{'predictions':[['a']],'deployedModelId':'1'}", "a"},
    {DIALECT_KSERVE_V1,
     "{'predictions':{'id':'x','choices':[{'index':0,'message':{'role':'assistant','content':'a'},"
     "'finish_reason':'stop'}]}}",
     "a"},
    {DIALECT_KSERVE_V1, "{'predictions':[0.5]}",
     "PROVIDER_BODY predictions: The provider's answer has no text in predictions."},
    {DIALECT_KSERVE_V1, "{}",
     "PROVIDER_BODY predictions: The provider's answer has no text in predictions."},
    {DIALECT_KSERVE_V2,
     "{'model_name':'m','outputs':[{'name':'score','datatype':'FP32','shape':[1],'data':[1]},"
     "{'name':'y','datatype':'BYTES','shape':[1],'data':['a']}]}",
     "a"},
    {DIALECT_KSERVE_V2,
     "{'outputs':[{'name':'x','datatype':'BYTES','data':['no']},"
     "{'name':'text_output','datatype':'BYTES','data':['a']}]}",
     "a"},
    {DIALECT_KSERVE_V2, "{'model_name':'m','model_version':'1','text_output':'a'}", "a"},
    {DIALECT_KSERVE_V2, "{'text_output':['a']}", "a"},
    {DIALECT_KSERVE_V2, "{'outputs':[{'name':'p','datatype':'FP32','data':[1]}]}",
     "PROVIDER_BODY outputs: The provider's answer has no output of text."},
    {DIALECT_KSERVE_V2, "{'outputs':7}",
     "PROVIDER_BODY outputs: The provider's answer has no output of text."},
};

static void reads(struct chat_case *k)
{
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        struct reply reply;
        k->p->err = (struct err){0};
        int rc =
            pipe_read(k->p, dialect_get(replies[i].from), case_json(k, replies[i].body), &reply);
        str got =
            rc != 0 ? case_fault(k, rc) : block_list_text(&k->p->a, reply.choices->blocks, S_EMPTY);
        is_str(got, str_from_cz(replies[i].text), case_name(k, replies[i].body));
    }
}

#define PIECE(text) "{'model_name':'m','model_version':'1','text_output':'" text "'}\n"

static const struct {
    enum dialect_id from;
    const char *payloads, *events;
} streams[] = {
    {DIALECT_KSERVE_V2, PIECE("He") PIECE("llo"),
     "start  \n[0.0 text\n+0.0 He\n+0.0 llo\n]0.0\nfinish 0 stop\nend\n"},
    {DIALECT_KSERVE_V2,
     "{'text_output':'He','details':{'finish_reason':'','token':{'special':false}}}\n"
     "{'text_output':'</s>','details':{'finish_reason':'length','token':{'special':true}}}",
     "start  \n[0.0 text\n+0.0 He\n]0.0\nfinish 0 length\nend\n"},
    {DIALECT_KSERVE_V2, PIECE("He") "{'error':'out of memory'}",
     "start  \n[0.0 text\n+0.0 He\nerror class=15 status=0 out of memory\n"},
    {DIALECT_KSERVE_V2, "{'text_output':7,'details':[]}", "start  \nfinish 0 stop\nend\n"},
    {DIALECT_KSERVE_V2, "",
     "PROVIDER_TRUNCATED: The provider's stream ended before its answer was whole.\n"},
    {DIALECT_KSERVE_V1, PIECE("He"),
     "PROVIDER_BODY: The provider sent a stream where its protocol has none.\n"},
};

static void streams_of_pieces(struct chat_case *k)
{
    for (size_t i = 0; i < ARRAY_LEN(streams); i++)
        is_str(case_stream(k, streams[i].from, streams[i].payloads), str_from_cz(streams[i].events),
               case_name(k, streams[i].payloads));
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    writes(&k);
    writes_for_vertex(&k);
    reads(&k);
    streams_of_pieces(&k);
    case_fini(&k);
    return tap_done();
}
