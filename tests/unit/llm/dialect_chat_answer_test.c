/* Whole answers of the chat dialect, written: for clients whose provider speaks otherwise, and as
 * they came for those whose provider does not. */
#include "llm/dialect_chat_answer.c"

#include "llm/chat_case.h"

/* An answer of `from` as a client of `to` gets it. */
static str answered(struct chat_case *k, enum dialect_id from, enum dialect_id to, const char *body,
                    const struct chat *asked)
{
    struct reply r;
    struct buf out;
    k->p->err = (struct err){0};
    int rc = pipe_read(k->p, dialect_get(from), case_json(k, body), &r);
    if (rc != 0)
        return case_text(k, case_fault(k, rc));
    struct writing w = pipe_writing(k->p, dialect_get(from), asked);
    buf_init(&out, PIPE_MAX);
    w.model = S("m");
    rc = dialect_get(to)->codec->write_reply(&w, &r, &out);
    str text = rc == 0 ? case_text(k, buf_str(&out)) : S("not written");
    buf_fini(&out);
    return text;
}

static str from_anthropic(struct chat_case *k, const char *content, const struct chat *asked)
{
    str body = arena_printf(&k->p->a,
                            "{'id':'msg_1','type':'message','role':'assistant','model':'claude',"
                            "'content':[%s],'stop_reason':'tool_use','stop_sequence':null,'usage':"
                            "{'input_tokens':3,'cache_creation_input_tokens':236,"
                            "'cache_read_input_tokens':1712,'output_tokens':121}}",
                            content);
    return answered(k, DIALECT_ANTHROPIC, DIALECT_CHAT, arena_cz(&k->p->a, body), asked);
}

#define HEAD "{'id':'msg_1','object':'chat.completion','created':1700000000,'model':'m',"
#define USAGE                                                                                      \
    "'usage':{'prompt_tokens':1951,'completion_tokens':121,'total_tokens':2072,"                   \
    "'prompt_tokens_details':{'cached_tokens':1712,'cache_write_tokens':236},"                     \
    "'completion_tokens_details':{}},"

static void anthropic(struct chat_case *k)
{
    is_str(from_anthropic(k, "{'type':'text','text':'a'},{'type':'text','text':'b'}", NULL),
           S(HEAD USAGE "'choices':[{'index':0,'message':{'role':'assistant','content':'ab',"
                        "'refusal':null},'logprobs':null,'finish_reason':'stop'}]}"),
           "texts are one; usage is whole; no calls, no tool_calls");
    const char *calls = "{'type':'tool_use','id':'t1','name':'f','input':{'a':1.0}},{'type':"
                        "'tool_use','id':'t2','name':'g','input':{}}";
    is_str(from_anthropic(k, calls, NULL),
           S(HEAD USAGE
             "'choices':[{'index':0,'message':{'role':'assistant','content':null,'refusal':null,"
             "'tool_calls':[{'id':'t1','type':'function','function':{'name':'f','arguments':"
             "'{\\'a\\':1.0}'}},{'id':'t2','type':'function','function':{'name':'g','arguments':"
             "'{}'}}]},'logprobs':null,'finish_reason':'tool_calls'}]}"),
           "calls");
    struct chat old = {.uses_functions = true};
    is_str(from_anthropic(k, calls, &old),
           S(HEAD USAGE
             "'choices':[{'index':0,'message':{'role':'assistant','content':null,'refusal':null,"
             "'function_call':{'name':'f','arguments':'{\\'a\\':1.0}'}},'logprobs':null,"
             "'finish_reason':'function_call'}]}"),
           "the first of them for a client of old");
    str thought = from_anthropic(
        k,
        "{'type':'thinking','thinking':'T','signature':'c2ln'},{'type':'redacted_thinking',"
        "'data':'eA=='},{'type':'text','text':'x'}",
        NULL);
    ok(str_find(thought, S("'reasoning_content':'T','reasoning_details':[{'type':"
                           "'reasoning.text','text':'T','signature':'dGhyb3diYXIx")) != STR_NONE,
       "a thought and its seal");
    ok(str_find(thought, S("'format':'anthropic-claude-v1','index':0},{'type':"
                           "'reasoning.encrypted','data':'dGhyb3diYXIx")) != STR_NONE,
       "and one of which only the seal is left");
}

static void gemini(struct chat_case *k)
{
    str out = answered(
        k, DIALECT_GEMINI, DIALECT_CHAT,
        "{'responseId':'r','candidates':[{'index':0,'content':{'role':'model','parts':[{"
        "'functionCall':{'name':'f','args':{}},'thoughtSignature':'c2ln'},{'inlineData':{"
        "'mimeType':'image/png','data':'iVBORw0KGgo='}}]},'finishReason':'STOP'}],'usageMetadata':"
        "{'promptTokenCount':3520,'cachedContentTokenCount':3512,'candidatesTokenCount':2,"
        "'thoughtsTokenCount':42,'totalTokenCount':3564}}",
        NULL);
    ok(str_find(out, S("'extra_content':{'google':{'thought_signature':'dGhyb3diYXIx")) != STR_NONE,
       "a call's signature");
    ok(str_find(out, S("'images':[{'type':'image_url','image_url':{'url':"
                       "'data:image/png;base64,iVBORw0KGgo='}}]")) != STR_NONE,
       "a picture");
    ok(str_find(out, S("'prompt_tokens':3520,'completion_tokens':44,'total_tokens':3564")) !=
               STR_NONE &&
           str_find(out, S("'finish_reason':'tool_calls'")) != STR_NONE,
       "thoughts count as output; a stop with calls is tool_calls");
}

/* The same JSON, but for the model's name. */
static void own(struct chat_case *k)
{
    const char *body =
        "{'id':'','object':'x','created':1.5,'model':'n','choices':[{'index':0,'message':{'role':"
        "'assistant','content':[{'type':'text','text':'a'}],'x':null,'tool_calls':[]},"
        "'finish_reason':'model_length','stop_reason':7}],'usage':{'cost':0.1,'prompt_tokens':1},"
        "'service_tier':null,'citations':['u']}";
    is_str(answered(k, DIALECT_CHAT, DIALECT_CHAT, body, NULL),
           S("{'id':'','object':'x','created':1.5,'model':'m','usage':{'cost':0.1,"
             "'prompt_tokens':1},'service_tier':null,'citations':['u'],'choices':[{'message':{"
             "'role':'assistant','content':[{'type':'text','text':'a'}],'x':null,'tool_calls':[]},"
             "'index':0,'finish_reason':'model_length','stop_reason':7}]}"),
           "as it came");
    is_str(answered(k, DIALECT_CHAT, DIALECT_COMPLETIONS,
                    "{'id':'i','created':1,'model':'n','choices':[{'index':0,'message':{'content':"
                    "'h\xc3\xa9'},'logprobs':{'content':[{'token':'h','logprob':-1,'top_logprobs':"
                    "[{'token':'h','logprob':-1},{'token':'j','logprob':-2}]},{'token':"
                    "'\xc3\xa9','logprob':-3}]},'finish_reason':'tool_calls'}]}",
                    NULL),
           S("{'id':'i','object':'text_completion','created':1,'model':'m','choices':[{'text':"
             "'h\xc3\xa9','index':0,'logprobs':{'tokens':['h','\xc3\xa9'],'token_logprobs':[-1,-3],"
             "'top_logprobs':[{'h':-1,'j':-2},{}],'text_offset':[0,1]},'finish_reason':'stop'}]}"),
           "as a text completion, probabilities and all");
    is_str(answered(k, DIALECT_COMPLETIONS, DIALECT_COMPLETIONS,
                    "{'id':'i','object':'text_completion','created':1,'model':'n','choices':[{"
                    "'text':'x','index':0,'logprobs':null,'finish_reason':'length'}]}",
                    NULL),
           S("{'id':'i','object':'text_completion','created':1,'model':'m','choices':[{'text':'x',"
             "'index':0,'logprobs':null,'finish_reason':'length'}]}"),
           "a text completion as it came");
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    anthropic(&k);
    gemini(&k);
    own(&k);
    case_fini(&k);
    return tap_done();
}
