/* Thoughts, texts, media and citations in a stream of chat, in every form that vendors give
 * them. */
#include "llm/dialect_chat_delta.c"

#include "llm/chat_case.h"

static void thoughts(struct chat_case *k)
{
    is_str(case_stream(k, DIALECT_CHAT,
                       CHUNK("{'reasoning_content':'a'}") CHUNK("{'reasoning':'b','content':null}")
                           CHUNK("{'content':'c','reasoning_content':null}")
                               CHUNK("{'reasoning':'d'}") FINISH("stop") DONE),
           S("start c1 m\n[0.0 thought\n+0.0 a\n+0.0 b\n]0.0\n[0.1 text\n+0.1 c\n]0.1\n"
             "[0.2 thought\n+0.2 d\n]0.2\nfinish 0 stop\nend\n"),
           "two names for thoughts, and thoughts again behind text");
    is_str(case_stream(k, DIALECT_OPENROUTER,
                       CHUNK("{'content':'','reasoning':'a','reasoning_details':[{'type':"
                             "'reasoning.text','text':'a','format':'anthropic-claude-v1',"
                             "'index':0}]}")
                           CHUNK("{'reasoning_details':[{'type':'reasoning.text','signature':"
                                 "'sig','format':'anthropic-claude-v1','index':0}]}")
                               CHUNK("{'reasoning_details':[{'type':'reasoning.encrypted','data':"
                                     "'blob','format':'anthropic-claude-v1','index':1},{'type':"
                                     "'reasoning.encrypted','data':'b2','format':"
                                     "'xai-responses-v1'}]}") CHUNK("{'content':'x'}")
                                   FINISH("stop") DONE),
           S("start c1 m\n[0.0 thought\n+0.0 a\n]0.0 seal1/2=sig\n[0.1 thought seal2/2=blob\n]0.1\n"
             "[0.2 thought\n]0.2 seal1/4=b2\n[0.3 text\n+0.3 x\n]0.3\n"
             "finish 0 stop\nend\n"),
           "details win over the text beside them; seals end their block");
    is_str(case_stream(k, DIALECT_OPENROUTER,
                       CHUNK("{'reasoning_details':[{'type':'reasoning.summary','summary':'s',"
                             "'index':0},{'type':'reasoning.summary','summary':'t','index':1}]}")
                           FINISH("stop") DONE),
           S("start c1 m\n[0.0 thought\n+0.0 part \n+0.0 s\n]0.0\n[0.1 thought\n+0.1 part \n+0.1 "
             "t\n]0.1\nfinish 0 stop\nend\n"),
           "summaries, one block each");
    is_str(case_stream(k, DIALECT_CHAT,
                       CHUNK("{'content':[{'type':'thinking','thinking':[{'type':'text','text':"
                             "'a'}]}]}") CHUNK("{'content':[{'type':'text','text':'b'}]}")
                           FINISH("stop") DONE),
           S("start c1 m\n[0.0 thought\n+0.0 a\n]0.0\n[0.1 text\n+0.1 b\n]0.1\nfinish 0 stop\n"
             "end\n"),
           "Mistral's content in parts");
    is_str(case_stream(k, DIALECT_CHAT,
                       CHUNK("{'content':[{'type':'reasoning','summary':[{'type':'summary_text',"
                             "'text':'a'},{'type':'summary_text','text':'b','signature':'sig'}]}]}")
                           CHUNK("{'content':[{'type':'reasoning','summary':[{'signature':'x'}]},"
                                 "{'type':'text','text':'c'}]}") FINISH("stop") DONE),
           S("start c1 m\n[0.0 thought\n+0.0 a\n+0.0 b\n]0.0 seal1/2=sig\n[0.1 text\n+0.1 c\n]0.1\n"
             "finish 0 stop\nend\n"),
           "Databricks' parts; a proof of nothing is none");
}

static void others(struct chat_case *k)
{
    is_str(case_stream(k, DIALECT_CHAT,
                       CHUNK("{'refusal':'no'}") CHUNK("{'refusal':'!'}") FINISH("stop") DONE),
           S("start c1 m\n[0.0 refusal\n+0.0 no\n+0.0 !\n]0.0\nfinish 0 refusal\nend\n"),
           "a refusal");
    is_str(case_stream(k, DIALECT_CHAT,
                       CHUNK("{'audio':{'id':'a1','transcript':'hey'}}")
                           CHUNK("{'audio':{'data':'QUJD'}}") FINISH("stop") DONE),
           S("start c1 m\n[0.0 media\n+0.0 caption hey\n+0.0 media QUJD\n]0.0\nfinish 0 stop\n"
             "end\n"),
           "sound and its transcript");
    is_str(case_stream(k, DIALECT_CHAT,
                       CHUNK("{'images':[{'type':'image_url','image_url':{'url':"
                             "'data:image/png;base64,iVBORw0KGgo='}}]}") FINISH("stop") DONE),
           S("start c1 m\n[0.0 media\n+0.0 media iVBORw0KGgo=\n]0.0\nfinish 0 stop\nend\n"),
           "a picture");
    is_str(case_stream(k, DIALECT_CHAT,
                       CHUNK("{'content':'x','annotations':[{'type':'url_citation',"
                             "'url_citation':{'url':'u','title':'t','start_index':0,"
                             "'end_index':1}}]}") FINISH("stop") DONE),
           S("start c1 m\n[0.0 text\n+0.0 x\n@0.0 u\n]0.0\nfinish 0 stop\nend\n"), "a citation");
    is_str(case_stream(k, DIALECT_CHAT,
                       CHUNK("{'content':'x'}") "{'citations':['u1','u2'],'choices':[{'index':0,'"
                                                "delta':{'content':''},"
                                                "'finish_reason':'stop'}]}\n" DONE),
           S("start c1 m\n[0.0 text\n+0.0 x\n@0.0 u1\n@0.0 u2\n]0.0\nfinish 0 stop\nend\n"),
           "sources beside the choices, with the last chunk");
    is_str(case_stream(k, DIALECT_CHAT,
                       "{'id':'c1','model':'m','choices':[{'index':0,'delta':{'content':'x'},"
                       "'logprobs':{'content':[{'token':'x','logprob':-1}]}}]}\n" FINISH("stop")
                           DONE),
           S("start c1 m\n[0.0 text\n+0.0 x\nlogprobs 1\n]0.0\nfinish 0 stop\nend\n"),
           "token probabilities");
    is_str(case_stream(k, DIALECT_COMPLETIONS,
                       "{'id':'c1','model':'m','choices':[{'index':0,'text':'a'}]}\n{'choices':[{"
                       "'index':0,'text':'','finish_reason':'length'}]}\n" DONE),
           S("start c1 m\n[0.0 text\n+0.0 a\n]0.0\nfinish 0 length\nend\n"), "a text completion");
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    thoughts(&k);
    others(&k);
    case_fini(&k);
    return tap_done();
}
