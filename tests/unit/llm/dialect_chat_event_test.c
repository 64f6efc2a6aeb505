/* Streams of the chat dialect, written: what a client gets, byte for byte. */
#include "llm/dialect_chat_event.c"

#include "llm/chat_case.h"

#define HEAD "data: {'id':'c1','object':'chat.completion.chunk','created':1,'model':'m',"
#define SENT(delta)                                                                                \
    HEAD "'choices':[{'index':0,'delta':" delta ",'logprobs':null,'finish_reason':null}]}\n\n"
#define ENDED(reason)                                                                              \
    HEAD "'choices':[{'index':0,'delta':{},'logprobs':null,'finish_reason':'" reason "'}]}\n\n"
#define ROLE SENT("{'role':'assistant','content':''}")
#define END  "data: [DONE]\n\n"

static str chat(struct chat_case *k, const char *payloads)
{
    return case_translate(k, DIALECT_CHAT, DIALECT_CHAT, payloads, NULL);
}

static void texts(struct chat_case *k)
{
    is_str(chat(k, CHUNK("{'content':'a\\n'}") CHUNK("{'content':'b'}") FINISH("length") DONE),
           S(ROLE SENT("{'content':'a\\n'}") SENT("{'content':'b'}") ENDED("length") END), "text");
    is_str(chat(k, CHUNK("{'refusal':'no'}") FINISH("refusal") DONE),
           S(ROLE SENT("{'refusal':'no'}") ENDED("stop") END), "a refusal says so itself");
    is_str(chat(k, CHUNK("{'content':'x'}") FINISH("refusal") DONE),
           S(ROLE SENT("{'content':'x'}") ENDED("content_filter") END), "else it was a filter");
    is_str(chat(k, CHUNK("{'content':'x'}") FINISH("stop")),
           S(ROLE SENT("{'content':'x'}") "PROVIDER_TRUNCATED"), "no end is made up");
    is_str(chat(k, CHUNK("{'content':'x'}") "{'error':{'message':'boom'}}\n"),
           S(ROLE SENT("{'content':'x'}") "data: {'error':{'message':'boom','type':'server_error',"
                                          "'param':null,'code':null}}\n\n"),
           "an error ends it, without an end mark");
    is_str(chat(k, CHUNK("{'content':'caf\xc3\xa9'}")
                       CHUNK("{'content':'x','annotations':[{'type':'url_citation','url_citation':{"
                             "'url':'u','title':'t','start_index':1,'end_index':3}},{'type':"
                             "'url_citation','url':'v'}]}") FINISH("stop") DONE),
           S(ROLE SENT("{'content':'caf\xc3\xa9'}") SENT("{'content':'x'}") SENT(
               "{'annotations':[{'type':'url_citation','url_citation':{'start_index':1,"
               "'end_index':3,'url':'u','title':'t'}}]}")
                 SENT("{'annotations':[{'type':'url_citation','url_citation':{"
                      "'start_index':0,'end_index':5,'url':'v','title':''}}]}") ENDED("stop") END),
           "citations; one without a place stands for the whole text so far");
}

static void usage_wanted(struct chat_case *k)
{
    const char *payloads =
        CHUNK("{'content':'x'}") FINISH("stop") "{'choices':[],'usage':{'prompt_tokens':3,"
                                                "'completion_tokens':2,'prompt_tokens_details':{"
                                                "'cached_tokens':1}}}\n" DONE;
    struct chat asked = {.asks_usage = true};
    is_str(chat(k, payloads), S(ROLE SENT("{'content':'x'}") ENDED("stop") END),
           "usage that nobody asked for");
    str out = case_translate(k, DIALECT_CHAT, DIALECT_CHAT, payloads, &asked);
    ok(str_has_suffix(out, S("'finish_reason':'stop'}],'usage':null}\n\n" HEAD
                             "'choices':[],'usage':{'prompt_tokens':3,'completion_tokens':2,"
                             "'total_tokens':5,'prompt_tokens_details':{'cached_tokens':1},"
                             "'completion_tokens_details':{}}}\n\n" END)),
       "usage in a chunk of its own, null in the others");
    str unknown = case_translate(k, DIALECT_CHAT, DIALECT_CHAT,
                                 CHUNK("{'content':'x'}") FINISH("stop") DONE, &asked);
    ok(str_find(unknown, S("'choices':[]")) == STR_NONE, "what is not known is not made up");
}

static void calls(struct chat_case *k)
{
    const char *two =
        CHUNK("{'content':'x'}") CHUNK("{'tool_calls':[{'index':1,'id':'b','function':{'name':"
                                       "'g','arguments':''}},{'index':0,'id':'a','function':{"
                                       "'name':'f','arguments':'{'}}]}")
            CHUNK("{'tool_calls':[{'index':0,'function':{'arguments':'}'}}]}") FINISH("stop") DONE;
    is_str(chat(k, two),
           S(ROLE SENT("{'content':'x'}")
                 SENT("{'tool_calls':[{'index':0,'id':'b','type':'function','function':{'name':"
                      "'g','arguments':''}}]}")
                     SENT("{'tool_calls':[{'index':1,'id':'a','type':'function','function':{"
                          "'name':'f','arguments':''}}]}")
                         SENT("{'tool_calls':[{'index':1,'function':{'arguments':'{'}}]}")
                             SENT("{'tool_calls':[{'index':1,'function':{'arguments':'}'}}]}")
                                 SENT("{'tool_calls':[{'index':0,'function':{'arguments':'{}'}}]}")
                                     ENDED("tool_calls") END),
           "numbered anew, nothing is {}, and a stop with calls is tool_calls");
    is_str(chat(k, CHUNK("{'content':'x'}") FINISH("tool_calls") DONE),
           S(ROLE SENT("{'content':'x'}") ENDED("stop") END), "tool_calls without any is a stop");
    struct chat old = {.uses_functions = true};
    is_str(case_translate(k, DIALECT_CHAT, DIALECT_CHAT, two, &old),
           S(ROLE SENT("{'content':'x'}") SENT("{'function_call':{'name':'g','arguments':''}}")
                 SENT("{'function_call':{'arguments':'{}'}}") ENDED("function_call") END),
           "a client of old gets one call");
    is_str(chat(k, CHUNK("{'tool_calls':[{'index':0,'id':'a','type':'custom','custom':{'name':"
                         "'p','input':'hi'}}]}") FINISH("tool_calls") DONE),
           S(ROLE SENT("{'tool_calls':[{'index':0,'id':'a','type':'custom','custom':{'name':'p',"
                       "'input':''}}]}")
                 SENT("{'tool_calls':[{'index':0,'custom':{'input':'hi'}}]}") ENDED("tool_calls")
                     END),
           "free text");
}

static void relatives(struct chat_case *k)
{
    is_str(case_translate(k, DIALECT_CHAT, DIALECT_COMPLETIONS,
                          CHUNK("{'reasoning_content':'t','content':'x'}") FINISH("stop") DONE,
                          NULL),
           S("data: {'id':'c1','object':'text_completion','created':1,'model':'m','choices':[{"
             "'text':'x','index':0,'logprobs':null,'finish_reason':null}]}\n\n"
             "data: {'id':'c1','object':'text_completion','created':1,'model':'m','choices':[{"
             "'text':'','index':0,'logprobs':null,'finish_reason':'stop'}]}\n\n" END),
           "a text completion has text only");
    is_str(case_translate(k, DIALECT_CHAT, DIALECT_OPENROUTER,
                          CHUNK("{'content':'x'}") FINISH("eos") DONE, NULL),
           S(ROLE SENT("{'content':'x'}") HEAD "'choices':[{'index':0,'delta':{},'logprobs':null,"
                                               "'finish_reason':'stop','native_finish_reason':"
                                               "'eos'}]}\n\n" END),
           "OpenRouter says the native reason as well");
    is_str(case_translate(k, DIALECT_CHAT, DIALECT_OPENROUTER,
                          CHUNK("{'content':'x'}") "{'error':{'message':'boom','code':'c'}}\n",
                          NULL),
           S(ROLE SENT("{'content':'x'}") HEAD
             "'error':{'code':502,'message':'boom','metadata':{'code':'c'}},'choices':[{'index':0,"
             "'delta':{'role':'assistant','content':''},'finish_reason':'error',"
             "'native_finish_reason':'error'}]}\n\n"),
           "and an error in a chunk");
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    texts(&k);
    usage_wanted(&k);
    calls(&k);
    relatives(&k);
    case_fini(&k);
    return tap_done();
}
