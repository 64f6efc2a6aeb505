/* TGI's native routes: requests, whole answers, streams, errors. */
#include "llm/dialect_tgi.c"

#include "llm/chat_case.h"

#define ASK "{'model':'m','messages':[{'role':'user','content':'hi'}]"

static const struct {
    const char *body, *wanted;
} requests[] = {
    {ASK "}", "{'inputs':'hi','parameters':{'details':true,'return_full_text':false}}"},
    {ASK ",'max_tokens':20,'temperature':0.5,'top_p':0.9,'frequency_penalty':0.1,'seed':7,'stop':"
         "['x','y'],'stream':true}",
     "{'inputs':'hi','parameters':{'max_new_tokens':20,'temperature':0.5,'top_p':0.9,'frequency_"
     "penalty':0.1,'seed':7,'stop':['x','y'],'details':true,'return_full_text':false}}"},
    {ASK ",'temperature':0,'top_p':1}",
     "{'inputs':'hi','parameters':{'details':true,'return_full_text':false}}"},
    {ASK ",'response_format':{'type':'json_object'}}",
     "{'inputs':'hi','parameters':{'grammar':{'type':'json','value':{'type':'object'}},'details':"
     "true,'return_full_text':false}}"},
    {ASK ",'response_format':{'type':'json_schema','json_schema':{'name':'n','schema':{'type':"
         "'object','properties':{'a':{'type':'string'}}}}}}",
     "{'inputs':'hi','parameters':{'grammar':{'type':'json','value':{'type':'object','properties':"
     "{'a':{'type':'string'}}}},'details':true,'return_full_text':false}}"},
    {ASK ",'presence_penalty':1,'logprobs':true}",
     "{'inputs':'hi','parameters':{'details':true,'return_full_text':false}} # "
     "dropped:presence_penalty, dropped:logprobs"},
};

static void writes(struct chat_case *k)
{
    for (size_t i = 0; i < ARRAY_LEN(requests); i++)
        is_str(case_request(k, DIALECT_CHAT, DIALECT_TGI, requests[i].body),
               str_from_cz(requests[i].wanted), case_name(k, requests[i].body));
}

/* A whole answer as a chat client gets it, without what goes before. */
static str answer(struct chat_case *k, const char *body)
{
    struct reply reply;
    k->p->err = (struct err){0};
    int rc = pipe_read(k->p, dialect_get(DIALECT_TGI), case_json(k, body), &reply);
    if (rc != 0)
        return case_text(k, case_fault(k, rc));
    str whole = pipe_whole(k->p, dialect_get(DIALECT_TGI), dialect_get(DIALECT_CHAT), &reply, NULL);
    return case_text(k, str_skip(whole, str_find(whole, S("\"choices\""))));
}

static void reads(struct chat_case *k)
{
    static const char whole[] =
        "{'generated_text':'Hello','details':{'finish_reason':'length',"
        "'generated_tokens':2,'input_length':4,'prefill':[],'seed':null,'tokens':[]}}";
    str wanted = S("'choices':[{'index':0,'message':{'role':'assistant','content':'Hello','refusal'"
                   ":null},'logprobs':null,'finish_reason':'length'}]");
    str got = answer(k, whole);
    ok(str_has_prefix(got, wanted), "an object");
    ok(str_has_prefix(answer(k, arena_cz(&k->p->a, arena_printf(&k->p->a, "[%s]", whole))), wanted),
       "an array of one");
    struct reply reply;
    is_int(pipe_read(k->p, dialect_get(DIALECT_TGI), case_json(k, whole), &reply), 0, "read");
    ok(reply.usage.output_tokens == 2 && reply.usage.input_tokens == 4, "tokens are counted");
    got = answer(k, "{'generated_text':''}");
    ok(str_find(got, S("'finish_reason':'stop'")) != STR_NONE, "details may be missing");
    is_str(answer(k, "{'text':'x'}"),
           S("PROVIDER_BODY generated_text: The provider's answer has no generated_text."),
           "no text");
    is_str(answer(k, "{'generated_text':7}"),
           S("PROVIDER_BODY generated_text: The provider's answer has no generated_text."),
           "a number is none");
    is_str(answer(k, "[]"),
           S("PROVIDER_BODY generated_text: The provider's answer has no generated_text."),
           "an empty list");
}

#define TOKEN(text, rest) "{'index':1,'token':{'id':1,'text':'" text "','special':false}" rest "}\n"

static const struct {
    const char *payloads, *events;
} streams[] = {
    {TOKEN("He", ",'generated_text':null,'details':null") TOKEN(
         "llo", "") "{'token':{'text':'</s>','special':true},'generated_text':'Hello','details':{"
                    "'finish_reason':'eos_token','generated_tokens':3,'input_length':4}}",
     "start  \n[0.0 text\n+0.0 He\n+0.0 llo\n]0.0\nusage in=4 out=3 cached=-1 thought=-1\nfinish 0 "
     "stop\nend\n"},
    {TOKEN("He", ",'generated_text':'He','details':{'finish_reason':'length'}"),
     "start  \n[0.0 text\n+0.0 He\n]0.0\nfinish 0 length\nend\n"},
    {TOKEN("He", ",'generated_text':'He','details':null") "{'more':1}",
     "start  \n[0.0 text\n+0.0 He\n]0.0\nfinish 0 stop\nend\n"},
    {TOKEN("He", "") "{'error':'Request failed','error_type':'generation'}",
     "start  \n[0.0 text\n+0.0 He\nerror class=15 status=0 Request failed\n"},
    {TOKEN("He", ""),
     "start  \n[0.0 text\n+0.0 He\nPROVIDER_TRUNCATED: The provider's stream ended before its "
     "answer was whole.\n"},
    {"{'token':{'text':'</s>','special':true},'generated_text':'','details':{'finish_reason':"
     "'eos_token'}}",
     "start  \nfinish 0 stop\nend\n"},
    {"{'token':7,'generated_text':[]}",
     "start  \nPROVIDER_TRUNCATED: The provider's stream ended before its answer was whole.\n"},
    {"x", "PROVIDER_BODY: The provider sent an event that is not valid JSON (at byte 0).\n"},
};

static void streams_of_tokens(struct chat_case *k)
{
    for (size_t i = 0; i < ARRAY_LEN(streams); i++)
        is_str(case_stream(k, DIALECT_TGI, streams[i].payloads), str_from_cz(streams[i].events),
               case_name(k, streams[i].payloads));
}

static const struct {
    const char *body;
    int status;
    enum failure_class class;
} errors[] = {
    {"{'error':'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: "
     "5000','error_type':'validation'}",
     422, FAILURE_CONTEXT},
    {"{'error':'Input validation error: `temperature` must be strictly positive','error_type':"
     "'validation'}",
     422, FAILURE_BAD_REQUEST},
    {"{'error':'Model is overloaded','error_type':'overloaded'}", 429, FAILURE_OVERLOADED},
    {"{'error':'Request failed during generation','error_type':'generation'}", 424, FAILURE_SERVER},
    {"{'error':'x'}", 429, FAILURE_RATE},
    {"{'message':'no'}", 404, FAILURE_NOT_FOUND},
};

static void reads_errors(struct chat_case *k)
{
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        const struct json *v = NULL;
        size_t error_at;
        struct failure f = {.class = failure_class_of(errors[i].status),
                            .status = errors[i].status};
        is_int(json_read(&k->p->a, case_json(k, errors[i].body), &v, &error_at), 0, "valid");
        dialect_tgi.read_error(&k->p->a, v, S_EMPTY, &f);
        ok(f.class == errors[i].class && f.message.n > 0, case_name(k, errors[i].body));
    }
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    writes(&k);
    reads(&k);
    streams_of_tokens(&k);
    reads_errors(&k);
    case_fini(&k);
    return tap_done();
}
