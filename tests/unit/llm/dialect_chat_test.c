/* Words of the chat dialect: finish reasons, and errors in every form that vendors have. */
#include "llm/dialect_chat.c"

#include "llm/chat_case.h"

static void finish_words(void)
{
    is_int(dialect_chat_finish(S("")), FINISH_UNSET, "none");
    is_int(dialect_chat_finish(S("model_length")), FINISH_CONTEXT_WINDOW, "Mistral's");
    is_int(dialect_chat_finish(S("STOP")), FINISH_STOP, "in capitals");
    is_int(dialect_chat_finish(S("whatever")), FINISH_OTHER, "a new one");
    is_str(str_from_cz(dialect_chat_finish_name(FINISH_CONTEXT_WINDOW)), S("length"), "a length");
    is_str(str_from_cz(dialect_chat_finish_name(FINISH_PAUSE)), S("stop"), "a stop");
    is_str(str_from_cz(dialect_chat_finish_name(FINISH_ERROR)), S("length"), "something missing");
}

/* A body, the status it came with, and what is read: "class status type code param: message". */
static const struct {
    int status;
    const char *body, *read;
} errors[] = {
    {429,
     "{'error':{'message':'Limit 40000','type':'tokens','param':null,'code':"
     "'rate_limit_exceeded'}}",
     "11 429 tokens rate_limit_exceeded : Limit 40000"},
    {429, "{'error':{'message':'m','type':'insufficient_quota','code':'insufficient_quota'}}",
     "12 429 insufficient_quota insufficient_quota : m"},
    {400,
     "{'error':{'message':'m','type':'invalid_request_error','param':'messages[0].role','code':"
     "'unsupported_value'}}",
     "0 400 invalid_request_error unsupported_value messages[0].role: m"},
    {400, "{'error':{'message':'m','code':'context_length_exceeded'}}",
     "1 400  context_length_exceeded : m"},
    {400, "{'error':{'message':'maximum context length is 5','code':400}}",
     "1 400  400 : maximum context length is 5"},
    {400, "{'error':{'message':'too long','type':'too_many_prompt_tokens','code':400}}",
     "1 400 too_many_prompt_tokens 400 : too long"},
    {404, "{'error':{'code':'DeploymentNotFound','message':'m','type':'invalid_request_error'}}",
     "6 404 invalid_request_error DeploymentNotFound : m"},
    {400, "{'error':{'code':'content_filter','message':'m','innererror':{}}}",
     "10 400  content_filter : m"},
    {401, "{'detail':'Invalid API Key'}", "3 401   : Invalid API Key"},
    {422, "{'detail':[{'loc':['body'],'msg':'missing'}]}",
     "9 422   : [{'loc':['body'],'msg':'missing'}]"},
    {422, "{'object':'error','message':{'detail':'x'},'type':'t','param':'p','code':'c'}",
     "9 422 t c p: {'detail':'x'}"},
    {400, "{'code':'invalid-argument','error':'Incorrect API key'}",
     "0 400  invalid-argument : Incorrect API key"},
    {429,
     "{'error':{'code':429,'message':'Provider returned error','metadata':{'raw':'busy'}},"
     "'user_id':'u'}",
     "11 429  429 : Provider returned error: busy"},
    {0, "{'error':{'code':429,'message':'m'}}", "11 429  429 : m"},
    {0, "{'error':{'type':'server_error','message':'m'}}", "15 0 server_error  : m"},
    {0, "{'error':{'type':'invalid_request_error','message':'m'}}",
     "0 0 invalid_request_error  : m"},
    {503, "{'error':'overloaded'}", "13 503   : overloaded"},
    {400, "[{'error':{'code':400,'message':'m','status':'INVALID_ARGUMENT'}}]",
     "0 400 INVALID_ARGUMENT 400 : m"},
    {500, "{}", "15 500   : The provider reported an error."},
    {500, "{'error':{}}", "15 500   : The provider reported an error."},
    {500, "{'error':null,'message':7,'code':[]}", "15 500   : 7"},
    {500, "7", "15 500   : "},
    {500, "[]", "15 500   : "},
};

static void errors_read(struct chat_case *k)
{
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        const struct json *body = NULL;
        size_t error_at = 0;
        struct failure f = {.class = errors[i].status ? failure_class_of(errors[i].status)
                                                      : FAILURE_SERVER,
                            .status = errors[i].status,
                            .retry_ms = -1};
        int rc = json_read(&k->p->a, case_json(k, errors[i].body), &body, &error_at);
        is_int(rc, 0, "JSON");
        dialect_chat_read_error(&k->p->a, body, S_EMPTY, &f);
        str got = arena_printf(&k->p->a, "%d %d " STR_FMT " " STR_FMT " " STR_FMT ": " STR_FMT,
                               f.class, f.status, STR_ARG(f.type), STR_ARG(f.code),
                               STR_ARG(f.param), STR_ARG(f.message));
        is_str(case_text(k, got), str_from_cz(errors[i].read), errors[i].body);
    }
    struct failure f = {.class = FAILURE_RATE, .status = 429, .message = S("before")};
    dialect_chat_read_error(&k->p->a, NULL, S("hint"), &f);
    is_str(f.message, S("before"), "no body says nothing");
}

static str written(struct chat_case *k, enum dialect_id id, const struct failure *f)
{
    struct buf out;
    buf_init(&out, 4096);
    dialect_get(id)->codec->write_error(f, &out);
    str text = case_text(k, buf_str(&out));
    buf_fini(&out);
    return text;
}

static void errors_written(struct chat_case *k)
{
    struct failure f = {.class = FAILURE_OVERLOADED,
                        .status = 529,
                        .message = S("busy"),
                        .type = S("overloaded_error")};
    is_str(written(k, DIALECT_CHAT, &f),
           S("{'error':{'message':'busy','type':'server_error','param':null,'code':'overloaded'}}"),
           "another dialect's type is not OpenAI's");
    f = (struct failure){.class = FAILURE_BAD_REQUEST,
                         .message = S("m"),
                         .type = S("invalid_request_error"),
                         .code = S("unsupported_value"),
                         .param = S("n"),
                         .gateway = S("{\"code\":1}")};
    is_str(written(k, DIALECT_CHAT, &f),
           S("{'error':{'message':'m','type':'invalid_request_error','param':'n','code':"
             "'unsupported_value','gateway':{'code':1}}}"),
           "OpenAI's own words stay");
    is_str(written(k, DIALECT_OPENROUTER, &f),
           S("{'error':{'code':400,'message':'m','metadata':{'type':'invalid_request_error',"
             "'code':'unsupported_value'},'gateway':{'code':1}}}"),
           "OpenRouter's code is the status");
    f.class = FAILURE_UPSTREAM_AUTH;
    is_str(written(k, DIALECT_COMPLETIONS, &f),
           S("{'error':{'message':'m','type':'server_error','param':'n','code':'upstream_auth',"
             "'gateway':{'code':1}}}"),
           "the gateway's key is no matter of the client's");
    for (enum failure_class c = FAILURE_BAD_REQUEST; c <= FAILURE_SERVER; c++) {
        f = (struct failure){.class = c, .message = S("m"), .type = S("x"), .code = S("401")};
        str text = written(k, DIALECT_CHAT, &f);
        ok(str_find(text, S("'401'")) == STR_NONE && str_find(text, S("'x'")) == STR_NONE,
           "every class has words");
    }
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    finish_words();
    errors_read(&k);
    errors_written(&k);
    case_fini(&k);
    return tap_done();
}
