/* Whole answers of the chat dialect, read: as they stand in the intermediate form. */
#include "llm/dialect_chat_reply.c"

#include "llm/chat_case.h"

/* The answer as the events it is played as; or what is wrong. */
static str played(struct chat_case *k, enum dialect_id from, const char *body)
{
    struct reply r;
    struct case_log log;
    k->p->err = (struct err){0};
    int rc = pipe_read(k->p, dialect_get(from), case_json(k, body), &r);
    if (rc != 0)
        return case_text(k, case_fault(k, rc));
    buf_init(&log.out, PIPE_MAX);
    rc = reply_play(&r, &(struct sink){.put = case_log_put, .arg = &log});
    str text = rc == 0 ? case_text(k, buf_str(&log.out)) : S("not played");
    buf_fini(&log.out);
    return text;
}

#define ANSWER(message, rest)                                                                      \
    "{'id':'i','model':'m','choices':[{'index':0,'message':" message                               \
    ",'finish_reason':'stop'" rest "}],'usage':{'prompt_tokens':3,'completion_tokens':2}}"
#define PLAYED_TO(end, blocks)                                                                     \
    "start i m\n" blocks "usage in=3 out=2 cached=-1 thought=-1\nfinish 0 " end "\nend\n"
#define PLAYED(blocks) PLAYED_TO("stop", blocks)

static const struct {
    const char *what, *body, *events;
} answers[] = {
    {"a text", ANSWER("{'role':'assistant','content':'x','refusal':null}", ""),
     PLAYED("[0.0 text\n+0.0 x\n]0.0\n")},
    {"an empty text is no block", ANSWER("{'content':''}", ""), PLAYED("")},
    {"thoughts, text, refusal, in that order",
     ANSWER("{'refusal':'r','content':'x','reasoning_content':'t'}", ""),
     PLAYED_TO("refusal", "[0.0 thought\n+0.0 part \n+0.0 t\n]0.0\n[0.1 text\n+0.1 x\n]0.1\n[0.2 "
                          "refusal\n+0.2 r\n]0.2\n")},
    {"Mistral's content in parts",
     ANSWER("{'content':[{'type':'thinking','thinking':[{'type':'text','text':'t'}]},{'type':"
            "'text','text':'x'}],'tool_calls':null}",
            ""),
     PLAYED("[0.0 thought\n+0.0 part \n+0.0 t\n]0.0\n[0.1 text\n+0.1 x\n]0.1\n")},
    {"Snowflake's empty members",
     ANSWER("{'content':'x','audio':{'data':'','id':''},'function_call':{'name':'','arguments':"
            "''},'refusal':'','tool_calls':null}",
            ",'logprobs':{'content':null,'refusal':null}"),
     PLAYED("[0.0 text\n+0.0 x\n]0.0\n")},
    {"citations and probabilities",
     ANSWER("{'content':'x','annotations':[{'type':'url_citation','url_citation':{'url':'u'}}]}",
            ",'logprobs':{'content':[{'token':'x','logprob':-1}]}"),
     PLAYED("[0.0 text\n+0.0 x\n@0.0 u\nlogprobs 1\n]0.0\n")},
    {"sound and pictures",
     ANSWER("{'content':null,'audio':{'id':'a','data':'QUJD','transcript':'t'},'images':[{"
            "'image_url':{'url':'data:image/png;base64,iVBORw0KGgo='}},{'image_url':{'url':'!'}}]}",
            ""),
     PLAYED("[0.0 media\n+0.0 caption t\n+0.0 media QUJD\n]0.0\n[0.1 media\n+0.1 media "
            "iVBORw0KGgo=\n]0.1\n")},
    {"the call of old",
     ANSWER("{'content':null,'tool_calls':[{'id':'c','function':{'name':'f','arguments':''}}]}",
            ""),
     PLAYED("[0.0 call c f\n]0.0\n")},
    {"no message where all was filtered",
     "{'id':'i','model':'m','choices':[{'index':0,'finish_reason':'content_filter'}]}",
     "start i m\nusage in=-1 out=-1 cached=-1 thought=-1\nfinish 0 content_filter\nend\n"},
    {"no reason, but a call",
     "{'choices':[{'message':{'tool_calls':[{'id':'c','function':{'name':'f'}}]},'finish_reason':"
     "''}]}",
     "start  \n[0.0 call c f\n]0.0\nusage in=-1 out=-1 cached=-1 thought=-1\nfinish 0 tool_calls\n"
     "end\n"},
    {"sources beside the choices",
     "{'citations':['u'],'search_results':[{'url':'s','title':'t'},{}],'choices':[{'message':{"
     "'content':'x'},'finish_reason':'stop'}]}",
     "start  \n[0.0 text\n+0.0 x\n@0.0 s\n]0.0\nusage in=-1 out=-1 cached=-1 thought=-1\n"
     "finish 0 stop\nend\n"},
    {"choices in any order",
     "{'choices':[{'index':1,'message':{'content':'b'}},{'index':0,'message':{'content':'a'}}]}",
     "start  \n[0.0 text\n+0.0 a\n]0.0\n[1.0 text\n+1.0 b\n]1.0\nusage in=-1 out=-1 cached=-1 "
     "thought=-1\nfinish 0 stop\nfinish 1 stop\nend\n"},
    {"an error with status 200", "{'error':{'message':'boom'}}",
     "PROVIDER_BODY : The provider answered with an error: boom"},
    {"no choices", "{'id':'i'}", "PROVIDER_BODY choices: The provider's answer has no choices."},
    {"no list of them", "{'choices':{'a':1}}",
     "PROVIDER_BODY choices: The provider's answer has no choices."},
    {"no object", "[]", "PROVIDER_BODY : The provider's answer is no JSON object."},
    {"a choice that is none", "{'choices':[7]}",
     "PROVIDER_BODY choices[0]: The provider's answer has a choice that is no object."},
    {"a wrong index", "{'choices':[{'index':-1}]}",
     "PROVIDER_BODY choices[0].index: The provider's answer has a choice with a wrong index."},
    {"content of no kind", "{'choices':[{'message':{'content':7}}]}",
     "PROVIDER_BODY choices[0].message.content: choices[0].message.content must be a string or an "
     "array of parts."},
    {"calls that are none", "{'choices':[{'message':{'tool_calls':7}}]}",
     "PROVIDER_BODY choices[0].message.tool_calls: choices[0].message.tool_calls must be an "
     "array."},
    {"a call without a name", "{'choices':[{'message':{'tool_calls':[{'function':{'name':''}}]}}]}",
     "PROVIDER_BODY choices[0].message.tool_calls[0].function.name: The provider sent a tool call "
     "without a name."},
};

int main(void)
{
    struct chat_case k;
    case_init(&k);
    for (size_t i = 0; i < ARRAY_LEN(answers); i++)
        is_str(played(&k, DIALECT_CHAT, answers[i].body), str_from_cz(answers[i].events),
               answers[i].what);
    is_str(played(&k, DIALECT_COMPLETIONS,
                  "{'id':'i','model':'m','choices':[{'text':'x','index':1,'logprobs':null,"
                  "'finish_reason':'length'}],'usage':{'prompt_tokens':3,'completion_tokens':2}}"),
           S("start i m\n[1.0 text\n+1.0 x\n]1.0\nusage in=3 out=2 cached=-1 thought=-1\n"
             "finish 1 length\nend\n"),
           "a text completion");
    is_str(played(&k, DIALECT_COMPLETIONS, "{'choices':[{'text':7}]}"),
           S("PROVIDER_BODY choices[0].text: choices[0].text must be a string."), "no text");
    case_fini(&k);
    return tap_done();
}
