/* Chunks of chat that are more than a text: thoughts with their seals, pictures, sound. */
#include "llm/dialect_chat_chunk.c"

#include "llm/chat_case.h"
#include "llm/seal.h"

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

static void thoughts(struct chat_case *k)
{
    str out = case_translate(
        k, DIALECT_OPENROUTER, DIALECT_CHAT,
        CHUNK("{'reasoning_details':[{'type':'reasoning.text','text':'a','format':"
              "'anthropic-claude-v1','index':0}]}")
            CHUNK("{'reasoning_details':[{'type':'reasoning.text','signature':'c2ln','format':"
                  "'anthropic-claude-v1','index':0}]}") FINISH("stop") DONE,
        NULL);
    str seal =
        S("'reasoning_details':[{'type':'reasoning.text','text':'','signature':'" SEAL_MAGIC);
    ok(str_has_prefix(out, S(ROLE SENT("{'reasoning_content':'a','reasoning_details':[{'type':"
                                       "'reasoning.text','text':'a','format':'unknown','index':0}"
                                       "]}"))),
       "a thought in both members");
    ok(str_find(out, seal) != STR_NONE, "and its seal, wrapped");
    out = case_translate(k, DIALECT_OPENROUTER, DIALECT_CHAT,
                         CHUNK("{'reasoning_details':[{'type':'reasoning.encrypted','data':'YmxvYg"
                               "==','format':'anthropic-claude-v1'}]}") FINISH("stop") DONE,
                         NULL);
    ok(str_find(out, S("{'type':'reasoning.encrypted','data':'" SEAL_MAGIC)) != STR_NONE,
       "a seal without a text");
}

static void media(struct chat_case *k)
{
    is_str(chat(k, CHUNK("{'images':[{'type':'image_url','image_url':{'url':"
                         "'data:image/png;base64,iVBORw0KGgo='}}]}") FINISH("stop") DONE),
           S(ROLE SENT("{'images':[{'type':'image_url','image_url':{'url':"
                       "'data:image/png;base64,iVBORw0KGgo='}}]}") ENDED("stop") END),
           "a picture, whole");
    str out = chat(k, CHUNK("{'audio':{'id':'a1','transcript':'hey','data':'QUJD'}}") FINISH("stop")
                          DONE);
    ok(str_find(out, S("{'audio':{'data':'QUJD'}}")) != STR_NONE &&
           str_find(out, S("{'audio':{'transcript':'hey'}}")) != STR_NONE,
       "sound");
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    thoughts(&k);
    media(&k);
    case_fini(&k);
    return tap_done();
}
