/* Calls in pieces: one call, whatever the pieces look like, and another where another begins. */
#include "llm/dialect_chat_piece.c"

#include "llm/chat_case.h"

#define CALLS(list) CHUNK("{'tool_calls':[" list "]}")
#define WHOLE       "start c1 m\n[0.0 call i f\n+0.0 args {}\n]0.0\nfinish 0 tool_calls\nend\n"

static void one_call(struct chat_case *k)
{
    static const char *const forms[] = {
        CALLS("{'index':0,'id':'i','type':'function','function':{'name':'f','arguments':'{}'}}"),
        CALLS("{'index':0,'id':'i','type':'function','function':{'name':'f','arguments':''}}")
            CALLS("{'index':0,'function':{'arguments':'{}'}}"),
        CALLS("{'index':0,'id':'i','function':{'name':'f'}}")
            CALLS("{'index':0,'id':'i','function':{'name':'f','arguments':'{}'}}"),
        CALLS("{'index':0,'id':'i'}") CALLS("{'index':0,'function':{'name':'f','arguments':'{}'}}"),
        CALLS("{'id':'i','function':{'name':'f','arguments':''}}")
            CALLS("{'function':{'arguments':'{}'}}"),
        CALLS("{'id':'i','function':{'name':'f','arguments':null}}")
            CALLS("{'id':'i','function':{'arguments':'{}'}}"),
        CALLS("{'index':0,'id':'i','function':{'name':'f','arguments':{}}}"),
        CHUNK("{'content':null,'tool_calls':[{'index':0,'id':'i','function':{'name':'f',"
              "'arguments':'{}'}}]}") CALLS("{'index':0,'function':{'arguments':''}}"),
    };
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        str all = arena_printf(&k->p->a, "%s" FINISH("tool_calls") DONE, forms[i]);
        is_str(case_stream(k, DIALECT_CHAT, arena_cz(&k->p->a, all)), S(WHOLE),
               case_name(k, forms[i]));
    }
}

static void several(struct chat_case *k)
{
    is_str(case_stream(k, DIALECT_CHAT,
                       CALLS("{'index':1,'id':'b','function':{'name':'g','arguments':'['}}")
                           CALLS("{'index':0,'id':'a','function':{'name':'f','arguments':'{'}}")
                               CALLS("{'index':1,'function':{'arguments':']'}}")
                                   CALLS("{'index':0,'function':{'arguments':'}'}}")
                                       FINISH("tool_calls") DONE),
           S("start c1 m\n[0.0 call b g\n+0.0 args [\n[0.1 call a f\n+0.1 args {\n+0.0 args ]\n"
             "+0.1 args }\n]0.0\n]0.1\nfinish 0 tool_calls\nend\n"),
           "two in turns, the second index first");
    is_str(case_stream(k, DIALECT_CHAT,
                       CALLS("{'index':0,'id':'a','function':{'name':'f','arguments':'{}'}}")
                           CALLS("{'index':0,'id':'b','function':{'name':'f','arguments':'{}'}}")
                               FINISH("tool_calls") DONE),
           S("start c1 m\n[0.0 call a f\n+0.0 args {}\n]0.0\n[0.1 call b f\n+0.1 args {}\n]0.1\n"
             "finish 0 tool_calls\nend\n"),
           "a new id under the same index is a new call");
    str out = case_stream(
        k, DIALECT_CHAT,
        CALLS("{'index':0,'function':{'name':'f','arguments':'{}'}},{'index':0,'function':{"
              "'name':'f','arguments':'{}'}}") FINISH("tool_calls") DONE);
    ok(str_find(out, S("[0.1 call call_")) != STR_NONE && str_find(out, S("]0.1")) != STR_NONE,
       "no ids, one index: whole calls of the same name are two");
    str again = case_stream(
        k, DIALECT_CHAT,
        CALLS("{'index':0,'function':{'name':'f','arguments':'{}'}},{'index':0,'function':{"
              "'name':'f','arguments':'{}'}}") FINISH("tool_calls") DONE);
    is_str(again, out, "with the same ids every time");
}

static void rest(struct chat_case *k)
{
    is_str(case_stream(k, DIALECT_CHAT,
                       CALLS("{'index':0,'id':'a','function':{'name':'f','arguments':'{}'}}")
                           CHUNK("{'content':'x'}") FINISH("stop") DONE),
           S("start c1 m\n[0.0 call a f\n+0.0 args {}\n]0.0\n[0.1 text\n+0.1 x\n]0.1\n"
             "finish 0 stop\nend\n"),
           "text behind a call ends the call");
    is_str(case_stream(k, DIALECT_CHAT,
                       CALLS("{'index':0,'id':'a','function':{'name':'f','arguments':'{}'}}")
                           CHUNK("{'content':'x'}")
                               CALLS("{'index':0,'function':{'arguments':'1'}}") DONE),
           S("start c1 m\n[0.0 call a f\n+0.0 args {}\n]0.0\n[0.1 text\n+0.1 x\nPROVIDER_BODY: "
             "The provider sent arguments behind the end of a tool call.\n"),
           "arguments behind the end");
    is_str(case_stream(k, DIALECT_CHAT,
                       CALLS("{'index':0,'id':'a','type':'custom','custom':{'name':'p','input':"
                             "''}}") CALLS("{'index':0,'custom':{'input':'a {'}}")
                           CALLS("{'index':0,'custom':{'input':'b'}}") FINISH("tool_calls") DONE),
           S("start c1 m\n[0.0 call a p custom\n+0.0 args a {\n+0.0 args b\n]0.0\n"
             "finish 0 tool_calls\nend\n"),
           "free text");
    str old =
        case_stream(k, DIALECT_CHAT,
                    CHUNK("{'function_call':{'name':'f','arguments':''}}")
                        CHUNK("{'function_call':{'arguments':'{}'}}") FINISH("function_call") DONE);
    ok(str_has_prefix(old, S("start c1 m\n[0.0 call call_")) &&
           str_has_suffix(old, S(" f\n+0.0 args {}\n]0.0\nfinish 0 tool_calls\nend\n")),
       "the one call of old");
    is_str(case_stream(k, DIALECT_CHAT,
                       CALLS("{'index':0,'id':'a','extra_content':{'google':{'thought_signature':"
                             "'c2ln'}},'function':{'name':'f','arguments':'{}'}}")
                           CALLS("{'index':1,'id':'b','function':{'name':'f','arguments':'{}'}}")
                               CALLS("{'index':1,'extra_content':{'google':{'thought_signature':"
                                     "'bGF0ZQ=='}}}") FINISH("tool_calls") DONE),
           S("start c1 m\n[0.0 call a f seal1/3=c2ln\n+0.0 args {}\n]0.0\n[0.1 call b f\n+0.1 args "
             "{}\n]0.1 seal1/3=bGF0ZQ==\nfinish 0 tool_calls\nend\n"),
           "Gemini's signatures, with the start or behind it");
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    one_call(&k);
    several(&k);
    rest(&k);
    case_fini(&k);
    return tap_done();
}
