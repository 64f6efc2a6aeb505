/* Streams of the chat dialect, read: every deviation of a vendor that is known, and every way in
 * which a stream may break off. */
#include "llm/dialect_chat_stream.c"

#include "llm/chat_case.h"

static void plain(struct chat_case *k)
{
    is_str(case_stream(k, DIALECT_CHAT,
                       CHUNK("{'role':'assistant','content':'','refusal':null}")
                           CHUNK("{'content':'Hi'}") CHUNK("{'content':' you'}")
                               FINISH("stop") "{'id':'c1','choices':[],'usage':{'prompt_tokens':3,"
                                              "'completion_tokens':2,'total_tokens':5}}\n" DONE),
           S("start c1 m\n[0.0 text\n+0.0 Hi\n+0.0  you\n]0.0\n"
             "usage in=3 out=2 cached=-1 thought=-1\nfinish 0 stop\nend\n"),
           "role, content, finish, usage, end mark");
    is_str(case_stream(k, DIALECT_CHAT,
                       "{'id':'','model':'','choices':[],'prompt_filter_results':[]}\n" CHUNK(
                           "{'content':'x'}") FINISH("stop") DONE),
           S("start c1 m\n[0.0 text\n+0.0 x\n]0.0\nfinish 0 stop\nend\n"),
           "Azure's first chunk begins nothing");
    is_str(case_stream(k, DIALECT_CHAT,
                       "{'id':'c1','model':'m','choices':[{'delta':{'content':'a'}},{'index':1,"
                       "'delta':{'content':'b'}}]}\n{'id':'c1','choices':[{'index':1,'delta':{"
                       "'content':'c'},'finish_reason':'length'},{'index':0,'delta':{},"
                       "'finish_reason':'stop'}]}\n" DONE),
           S("start c1 m\n[0.0 text\n+0.0 a\n[1.0 text\n+1.0 b\n+1.0 c\n]1.0\n]0.0\n"
             "finish 0 stop\nfinish 1 length\nend\n"),
           "choices side by side, in any order, one without an index");
    is_str(case_stream(k, DIALECT_CHAT,
                       "{'id':'c1','model':'m','choices':[{'index':0,'message':{'role':"
                       "'assistant','content':'whole'},'finish_reason':'stop'}]}\n" DONE),
           S("start c1 m\n[0.0 text\n+0.0 whole\n]0.0\nfinish 0 stop\nend\n"),
           "a whole message in place of a delta");
}

static void ends(struct chat_case *k)
{
    is_str(case_stream(k, DIALECT_CHAT, CHUNK("{'content':'x'}")),
           S("start c1 m\n[0.0 text\n+0.0 x\nPROVIDER_TRUNCATED: The provider's stream ended before"
             " its end mark.\n"),
           "cut off in the middle");
    is_str(case_stream(k, DIALECT_CHAT, CHUNK("{'content':'x'}") FINISH("stop")),
           S("start c1 m\n[0.0 text\n+0.0 x\n]0.0\nPROVIDER_TRUNCATED: The provider's stream ended "
             "before its end mark.\n"),
           "a finish reason is no end mark: no FINISH goes out");
    is_str(case_stream(k, DIALECT_CHAT, ""),
           S("PROVIDER_TRUNCATED: The provider's stream ended before its end mark.\n"),
           "nothing at all");
    is_str(case_stream(k, DIALECT_CHAT, DONE),
           S("PROVIDER_BODY: The provider's stream ended without an answer.\n"),
           "an end mark and nothing else");
    is_str(case_stream(k, DIALECT_CHAT,
                       CHUNK("{'content':'x'}") "{'id':'c1','object':'chat.completion.done',"
                                                "'choices':[{'index':0,'delta':{},"
                                                "'finish_reason':'stop'}]}\n"),
           S("start c1 m\n[0.0 text\n+0.0 x\n]0.0\nfinish 0 stop\nend\n"),
           "Perplexity says chat.completion.done instead");
    is_str(case_stream(k, DIALECT_CHAT,
                       CHUNK("{'content':'x'}") "{'id':'c1','object':'chat.completion.done',"
                                                "'choices':[{'index':0,'delta':{}}]}\n"),
           S("start c1 m\n[0.0 text\n+0.0 x\nPROVIDER_TRUNCATED: The provider's stream ended before"
             " its end mark.\n"),
           "but not without a finish reason");
    is_str(case_stream(k, DIALECT_CHAT, CHUNK("{'content':'x'}") "[DONE] \n{'x':1}\n"),
           S("start c1 m\n[0.0 text\n+0.0 x\n]0.0\nfinish 0 stop\nend\n"),
           "a mark with a space and no finish reason; junk behind it is not looked at");
    is_str(case_stream(k, DIALECT_CHAT, FINISH("tool_calls") FINISH("stop") DONE),
           S("start c1 m\nfinish 0 tool_calls\nend\n"), "the first finish reason counts");
    is_str(case_stream(k, DIALECT_CHAT,
                       "{'id':'c1','model':'m','choices':[{'index':0,'delta':{'content':'x'},"
                       "'finish_reason':'stop','stop_reason':'END'}]}\n" DONE),
           S("start c1 m\n[0.0 text\n+0.0 x\n]0.0\nfinish 0 stop_sequence\nend\n"),
           "vLLM names the stop sequence");
}

static void usage_places(struct chat_case *k)
{
    static const char *const places[] = {
        "'usage':{'prompt_tokens':1,'completion_tokens':2}",
        "'x_groq':{'usage':{'prompt_tokens':1,'completion_tokens':2}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        str body = arena_printf(&k->p->a,
                                "{'id':'c','model':'m','choices':[{'index':0,'delta':{},"
                                "'finish_reason':'stop'}],%s}\n[DONE]\n",
                                places[i]);
        is_str(case_stream(k, DIALECT_CHAT, arena_cz(&k->p->a, body)),
               S("start c m\nusage in=1 out=2 cached=-1 thought=-1\nfinish 0 stop\nend\n"),
               places[i]);
    }
    is_str(case_stream(k, DIALECT_CHAT,
                       "{'id':'c','model':'m','choices':[{'index':0,'delta':{},'finish_reason':"
                       "'stop','usage':{'prompt_tokens':1,'completion_tokens':2}}]}\n" DONE),
           S("start c m\nusage in=1 out=2 cached=-1 thought=-1\nfinish 0 stop\nend\n"),
           "in the choice, as Moonshot has it");
    is_str(case_stream(k, DIALECT_CHAT,
                       FINISH("stop") "{'choices':[],'usage':{'prompt_tokens':12,"
                                      "'completion_tokens':1,'total_tokens':303,"
                                      "'completion_tokens_details':{'reasoning_tokens':290}}}\n"
                                      "{'choices':[],'usage':null}\n" DONE),
           S("start c1 m\nusage in=12 out=291 cached=-1 thought=290\nfinish 0 stop\nend\n"),
           "xAI counts the thoughts beside the rest; null says nothing");
}

static void errors(struct chat_case *k)
{
    static const char *const forms[] = {
        "{'error':{'message':'boom','type':'server_error'}}\n",
        "!{'error':{'message':'boom','code':'x'}}\n",
        "{'object':'error','message':'boom','type':'x'}\n",
        "{'error':'boom'}\n",
        "{'detail':'boom'}\n",
        ("{'id':'c1','choices':[{'index':0,'delta':{},'finish_reason':'error','error':{'message':"
         "'boom'}}]}\n"),
    };
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        str all = arena_printf(&k->p->a, "%s%s" DONE, CHUNK("{'content':'x'}"), forms[i]);
        is_str(case_stream(k, DIALECT_CHAT, arena_cz(&k->p->a, all)),
               S("start c1 m\n[0.0 text\n+0.0 x\nerror class=15 status=0 boom\n"),
               case_name(k, forms[i]));
    }
    is_str(case_stream(k, DIALECT_OPENROUTER,
                       "{'id':'c1','error':{'code':429,'message':'slow','metadata':{'raw':'r'}},"
                       "'choices':[{'index':0,'delta':{'content':''},'finish_reason':'error'}],"
                       "'usage':{'prompt_tokens':4,'completion_tokens':0}}\n" DONE),
           S("error class=11 status=429 slow: r\n"), "a status as code, before anything began");
    is_str(case_stream(k, DIALECT_CHAT,
                       "!{'error':{'message':'no tool','type':'invalid_request_error','code':"
                       "'tool_use_failed','status_code':400}}\n"),
           S("error class=0 status=400 no tool\n"), "Groq's status_code");
    is_str(case_stream(k, DIALECT_CHAT, CHUNK("{'content':'x','error':null}") FINISH("stop") DONE),
           S("start c1 m\n[0.0 text\n+0.0 x\n]0.0\nfinish 0 stop\nend\n"), "error:null is none");
}

static void malformed(struct chat_case *k)
{
    static const char *const bad[] = {
        "{'choices':[{'index':0,'delta':{'content':\n",
        "[]\n",
        "{'choices':[1]}\n",
        "{'choices':[{'index':-1,'delta':{}}]}\n",
        "{'choices':[{'index':128,'delta':{}}]}\n",
        "{'choices':[{'index':'x','delta':{}}]}\n",
        "{'id':'c','choices':[{'index':0,'delta':{'content':7}}]}\n",
        "{'id':'c','choices':[{'index':0,'delta':{'tool_calls':[7]}}]}\n",
        "{'id':'c','choices':[{'index':0,'delta':{'tool_calls':[{'index':0,'function':{"
        "'arguments':'{}'}}]}}]}\n",
        "{'id':'c','choices':[{'index':0,'delta':{'tool_calls':[{'index':0,'id':'x'}]},"
        "'finish_reason':'stop'}]}\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        str out = case_stream(k, DIALECT_CHAT, bad[i]);
        ok(str_find(out, S("PROVIDER_BODY: ")) != STR_NONE, case_name(k, bad[i]));
        ok(str_find(out, S("end\n")) == STR_NONE, "and no end");
    }
    static const char *const odd[] = {
        "{'id':7,'model':[],'created':'x','choices':[{'index':0,'delta':null}],'usage':7}\n",
        "{'id':'c','choices':{}}\n",
        ("{'id':'c','choices':[{'delta':{'content':null,'tool_calls':null,'audio':7,'images':{},"
         "'annotations':'x','reasoning_details':7,'function_call':[],'refusal':1}}]}\n"),
        "{'id':'c','choices':[{'index':null,'delta':{}}],'service_tier':null}\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        str out = case_stream(k, DIALECT_CHAT, odd[i]);
        ok(str_find(out, S("PROVIDER_TRUNCATED")) != STR_NONE, case_name(k, odd[i]));
    }
}

/* A stream cut at every byte never ends well, and says the same however it is cut. */
static void cuts(struct chat_case *k)
{
    const struct dialect *chat = dialect_get(DIALECT_CHAT);
    str text = case_json(
        k, "data: {'id':'c','model':'m','choices':[{'index':0,'delta':{'content':'caf\xc3\xa9 "
           "\\ud83d\\ude00'}}]}\r\n\r\ndata:{'id':'c','choices':[{'index':0,'delta':{'tool_calls':"
           "[{'index':0,'id':'i','function':{'name':'f','arguments':'{\\'a\\':1}'}}]},"
           "'finish_reason':'tool_calls'}]}\n\n: wait\n\ndata: [DONE]\n\n");
    /* quotes inside a string */
    char *p = arena_cz(&k->p->a, text);
    size_t n_bad = 0;
    for (char *at = strstr(p, "\\\""); at; at = strstr(at + 2, "\\\""))
        n_bad++;
    is_int((long long)n_bad, 2, "the arguments are a string in a string");
    for (size_t n = 0; n < text.n; n++) {
        struct pipe *one = pipe_new(chat, NULL, NULL);
        pipe_stream(one, chat, str_slice(text, 0, n), (struct pipe_cut){0});
        bool has_mark = n >= text.n - 2;
        ok(has_mark ? one->rc == 0 : one->rc != 0 && one->n_ends == 0, "cut off");
        pipe_free(one);
    }
    struct pipe *whole = pipe_new(chat, chat, NULL);
    pipe_stream(whole, chat, text, (struct pipe_cut){0});
    is_int(whole->rc, 0, "whole");
    for (size_t step = 1; step < text.n; step++) {
        struct pipe *parts = pipe_new(chat, chat, NULL);
        pipe_stream(parts, chat, text, (struct pipe_cut){.first = step, .step = step});
        is_str(buf_str(&parts->out), buf_str(&whole->out), "the same in pieces");
        pipe_free(parts);
    }
    pipe_free(whole);
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    plain(&k);
    ends(&k);
    usage_places(&k);
    errors(&k);
    malformed(&k);
    cuts(&k);
    case_fini(&k);
    return tap_done();
}
