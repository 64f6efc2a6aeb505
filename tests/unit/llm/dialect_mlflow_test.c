/* Containers behind /invocations: what goes out, and every form in which answers come back. */
#include "llm/dialect_mlflow.c"

#include "llm/chat_case.h"

static void writes(struct chat_case *k)
{
    is_str(case_request(k, DIALECT_CHAT, DIALECT_MLFLOW,
                        "{'model':'endpoint-1','messages':[{'role':'user','content':'hi'}],"
                        "'max_tokens':20,'x_extra':1}"),
           S("{'messages':[{'role':'user','content':'hi'}],'max_tokens':20,'x_extra':1}"),
           "a chat body, whose members are kept, for an endpoint, which is the model");
}

static const struct {
    const char *body, *text; /* or the error */
} replies[] = {
    {"{'id':'x','object':'chat.completion','choices':[{'index':0,'message':{'role':'assistant',"
     "'content':'a'},'finish_reason':'stop'}]}",
     "a"},
    {"{'predictions':'a'}", "a"},
    {"{'predictions':['a','b']}", "a"},
    {"{'predictions':[{'text':'a'}]}", "a"},
    {"{'predictions':[{'candidates':[{'text':'a','metadata':{}}]}]}", "a"},
    {"{'predictions':{'choices':[{'index':0,'message':{'role':'assistant','content':'a'}}]}}", "a"},
    {"[{'generated_text':'a'}]", "a"},
    {"{'generated_text':'a','details':{'finish_reason':'length','generated_tokens':1}}", "a"},
    {"{'outputs':['a']}", "a"},
    {"{'predictions':[1,2]}",
     "PROVIDER_BODY predictions: The provider's answer has no text that is known."},
    {"[]", "PROVIDER_BODY predictions: The provider's answer has no text that is known."},
    {"7", "PROVIDER_BODY predictions: The provider's answer has no text that is known."},
    {"{'choices':[]}", "PROVIDER_BODY choices: The provider's answer has no choices."},
};

static void reads(struct chat_case *k)
{
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        struct reply reply;
        k->p->err = (struct err){0};
        int rc =
            pipe_read(k->p, dialect_get(DIALECT_MLFLOW), case_json(k, replies[i].body), &reply);
        str got =
            rc != 0 ? case_fault(k, rc) : block_list_text(&k->p->a, reply.choices->blocks, S_EMPTY);
        is_str(got, str_from_cz(replies[i].text), case_name(k, replies[i].body));
    }
}

static const struct {
    const char *payloads, *events;
} streams[] = {
    {CHUNK("{'content':'He'}") FINISH("stop") DONE,
     "start c1 m\n[0.0 text\n+0.0 He\n]0.0\nfinish 0 stop\nend\n"},
    {CHUNK("{'content':'He'}") FINISH("length"),
     "start c1 m\n[0.0 text\n+0.0 He\n]0.0\nfinish 0 length\nend\n"},
    {CHUNK("{'content':'He'}"),
     "start c1 m\n[0.0 text\n+0.0 He\nPROVIDER_TRUNCATED: The provider's stream ended before its "
     "end mark.\n"},
    {"{'predictions':'He'}\n{'predictions':['llo']}",
     "start  \n[0.0 text\n+0.0 He\n+0.0 llo\n]0.0\nfinish 0 stop\nend\n"},
    {"{'predictions':{'text':'He'}}\n[DONE]",
     "start  \n[0.0 text\n+0.0 He\n]0.0\nfinish 0 stop\nend\n"},
    {"{'token':{'text':'He'}}\n{'token':{'text':'</s>','special':true},'generated_text':'He',"
     "'details':{'finish_reason':'length','generated_tokens':2}}",
     "start  \n[0.0 text\n+0.0 He\n]0.0\nusage in=-1 out=2 cached=-1 thought=-1\nfinish 0 length\n"
     "end\n"},
    {"{'token':{'text':'He'}}\n{'generated_text':'He','details':{'finish_reason':'length'}}",
     "start  \n[0.0 text\n+0.0 He\n]0.0\nfinish 0 length\nend\n"},
    {"{'generated_text':'Hello'}", "start  \n[0.0 text\n+0.0 Hello\n]0.0\nfinish 0 stop\nend\n"},
    {"{'predictions':'He'}\n{'error_code':'INTERNAL_ERROR','message':'broken'}",
     "start  \n[0.0 text\n+0.0 He\nerror class=15 status=0 broken\n"},
    {"", "PROVIDER_TRUNCATED: The provider's stream ended before its answer was whole.\n"},
    {"{'ping':1}", "PROVIDER_TRUNCATED: The provider's stream ended before its answer was "
                   "whole.\n"},
    {"[7]", "PROVIDER_BODY: The provider sent an event that is no JSON object.\n"},
};

static void streams_of_all_kinds(struct chat_case *k)
{
    for (size_t i = 0; i < ARRAY_LEN(streams); i++)
        is_str(case_stream(k, DIALECT_MLFLOW, streams[i].payloads), str_from_cz(streams[i].events),
               case_name(k, streams[i].payloads));
}

static const struct {
    const char *body, *hint, *message, *type;
    int status;
    enum failure_class class;
} errors[] = {
    {"{'error_code':'BAD_REQUEST','message':'no messages','stack_trace':'x'}", "", "no messages",
     "BAD_REQUEST", 400, FAILURE_BAD_REQUEST},
    {"{'detail':'Not found'}", "", "Not found", "", 404, FAILURE_NOT_FOUND},
    {"{'message':'Rate exceeded'}", "ThrottlingException", "Rate exceeded", "ThrottlingException",
     400, FAILURE_RATE},
    {"{'ErrorCode':'CLIENT_ERROR_FROM_MODEL','LogStreamArn':'arn:x','Message':'Received client "
     "error (400) from primary','OriginalMessage':'{\\'error\\':{\\'message\\':\\'bad value\\'}}',"
     "'OriginalStatusCode':400}",
     "ModelError", "bad value", "", 424, FAILURE_BAD_REQUEST},
    {"{'Message':'m','OriginalMessage':'out of memory','OriginalStatusCode':503}", "ModelError",
     "out of memory", "", 424, FAILURE_OVERLOADED},
    {"{'Message':'timed out','OriginalStatusCode':0,'OriginalMessage':''}", "ModelError",
     "timed out", "", 424, FAILURE_SERVER},
};

static void reads_errors(struct chat_case *k)
{
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        const struct json *v = NULL;
        size_t error_at;
        struct failure f = {.class = failure_class_of(errors[i].status),
                            .status = errors[i].status};
        is_int(json_read(&k->p->a, case_json(k, errors[i].body), &v, &error_at), 0, "valid");
        dialect_mlflow.read_error(&k->p->a, v, str_from_cz(errors[i].hint), &f);
        is_int(f.class, errors[i].class, "its class");
        is_str(f.message, str_from_cz(errors[i].message), "its message");
        is_str(f.type, str_from_cz(errors[i].type), "its type");
    }
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    writes(&k);
    reads(&k);
    streams_of_all_kinds(&k);
    reads_errors(&k);
    case_fini(&k);
    return tap_done();
}
