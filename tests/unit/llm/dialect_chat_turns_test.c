/* Messages of the chat dialect, read: faults by their place, bodies as they came, seals opened. */
#include "llm/dialect_chat_turns.c"

#include "llm/chat_case.h"

/* A body, and what is said of it. */
static const struct {
    const char *body, *fault;
} refused[] = {
    {"{'messages':[]}",
     "BAD_REQUEST messages: messages must be an array with at least one message."},
    {"{'messages':[{'role':'x','content':'q'}]}",
     "BAD_REQUEST messages[0].role: messages[0].role must be one of system, developer, user, "
     "assistant, tool."},
    {"{'messages':[{'content':'q'}]}",
     "BAD_REQUEST messages[0].role: messages[0].role must be a string."},
    {"{'messages':[{'role':7,'content':'q'}]}",
     "BAD_REQUEST messages[0].role: messages[0].role must be a string."},
    {"{'messages':[{'role':'user'}]}",
     "BAD_REQUEST messages[0].content: messages[0].content must be a string or an array of parts."},
    {"{'messages':[{'role':'user','content':null}]}",
     "BAD_REQUEST messages[0].content: messages[0].content must be a string or an array of parts."},
    {"{'messages':[{'role':'user','content':7}]}",
     "BAD_REQUEST messages[0].content: messages[0].content must be a string or an array of parts."},
    {"{'messages':[7]}", "BAD_REQUEST messages[0]: messages[0] must be an object."},
    {"{'messages':[{'role':'user','content':'q','name':7}]}",
     "BAD_REQUEST messages[0].name: messages[0].name must be a string."},
    {"{'messages':[{'role':'tool','tool_call_id':7,'content':'q'}]}",
     "BAD_REQUEST messages[0].tool_call_id: messages[0].tool_call_id must be a string."},
    {"{'messages':[{'role':'assistant','tool_calls':{}}]}",
     "BAD_REQUEST messages[0].tool_calls: messages[0].tool_calls must be an array."},
    {"{'messages':[{'role':'assistant','tool_calls':[7]}]}",
     "BAD_REQUEST messages[0].tool_calls[0]: messages[0].tool_calls[0] must be an object."},
    {"{'messages':[{'role':'assistant','tool_calls':[{'id':'x'}]}]}",
     "BAD_REQUEST messages[0].tool_calls[0].function: messages[0].tool_calls[0].function must be "
     "an object."},
    {"{'messages':[{'role':'assistant','tool_calls':[{'id':7,'function':{'name':'f'}}]}]}",
     "BAD_REQUEST messages[0].tool_calls[0].id: messages[0].tool_calls[0].id must be a string."},
    {"{'messages':[{'role':'assistant','tool_calls':[{'id':'x','function':{'arguments':'{}'}}]}]}",
     "BAD_REQUEST messages[0].tool_calls[0].function.name: messages[0].tool_calls[0].function.name "
     "must be a string."},
    {"{'messages':[{'role':'assistant','tool_calls':[{'id':'x','function':{'name':'f','arguments':"
     "7}}]}]}",
     "BAD_REQUEST messages[0].tool_calls[0].function.arguments: "
     "messages[0].tool_calls[0].function.arguments must be a string."},
    {"{'messages':[{'role':'assistant','tool_calls':[{'id':'x','function':{'name':'f','name':'f'}}]"
     "}]}",
     "DUPLICATE_MEMBER messages[0].tool_calls[0].function.name: "
     "messages[0].tool_calls[0].function.name appears twice."},
    {"{'messages':[{'role':'assistant','tool_calls':[{'type':'custom','custom':{'name':'f','input':"
     "7}}]}]}",
     "BAD_REQUEST messages[0].tool_calls[0].custom.input: messages[0].tool_calls[0].custom.input "
     "must be a string."},
    {"{'messages':[{'role':'assistant','function_call':{'arguments':''}}]}",
     "BAD_REQUEST messages[0].function_call.name: messages[0].function_call.name must be a "
     "string."},
    {"{'messages':[{'role':'assistant','reasoning_content':7}]}",
     "BAD_REQUEST messages[0].reasoning_content: messages[0].reasoning_content must be a string."},
    {"{'messages':[{'role':'assistant','reasoning_details':7}]}",
     "BAD_REQUEST messages[0].reasoning_details: messages[0].reasoning_details must be an array."},
    {"{'messages':[{'role':'assistant','reasoning_details':[7]}]}",
     "BAD_REQUEST messages[0].reasoning_details[0]: messages[0].reasoning_details[0] must be an "
     "object."},
    {"{'messages':[{'role':'assistant','refusal':7}]}",
     "BAD_REQUEST messages[0].refusal: messages[0].refusal must be a string."},
    {"{'messages':[{'role':'user','role':'user','content':'x'}]}",
     "DUPLICATE_MEMBER messages[0].role: messages[0].role appears twice."},
};

static void faults(struct chat_case *k)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        is_str(case_request(k, DIALECT_CHAT, DIALECT_CHAT, refused[i].body),
               str_from_cz(refused[i].fault), case_name(k, refused[i].body));
}

static void bodies(struct chat_case *k)
{
    is_str(
        case_request(k, DIALECT_CHAT, DIALECT_CHAT,
                     "{'messages':[{'role':'assistant','content':null,'refusal':'no','reasoning':'"
                     "r','reasoning_content':'','annotations':[],'audio':{'id':'a'},'tool_calls':[{"
                     "'id':'x','type':'function','function':{'name':'f','arguments':''},'index':0},"
                     "{'id':'y','type':'custom','custom':{'name':'p','input':'i'}}]},{'role':'tool'"
                     ",'tool_call_id':'x','content':[{'type':'text','text':'r'}]},{'role':'tool','"
                     "tool_call_id':'y','content':''}]}"),
        S("{'model':'m','messages':[{'role':'assistant','tool_calls':[{'id':'x','type':'function','"
          "function':{'name':'f','arguments':''},'index':0},{'id':'y','type':'custom','custom':{'"
          "name':'p','input':'i'}}],'reasoning_content':'','reasoning':'r','refusal':'no','audio':{"
          "'id':'a'},'annotations':[],'content':null},{'role':'tool','tool_call_id':'x','content':["
          "{'type':'text','text':'r'}]},{'role':'tool','tool_call_id':'y','content':''}]}"),
        "everything of an assistant's");
    is_str(case_request(k, DIALECT_CHAT, DIALECT_CHAT,
                        "{'messages':[{'role':'user','content':'q','tool_calls':[]},{'role':'"
                        "assistant','content':null,'function_call':{'name':'f','arguments':''}},{'"
                        "role':'function','name':'f','content':'x'}]}"),
           S("{'model':'m','messages':[{'role':'user','content':'q','tool_calls':[]},{'role':'"
             "assistant','function_call':{'name':'f','arguments':''},'content':null},{'content':'x'"
             ",'name':'f','role':'function'}]}"),
           "functions of old");
    is_str(case_request(k, DIALECT_CHAT, DIALECT_CHAT,
                        "{'messages':[{'role':'user','content':[]},{'role':'assistant','content':[]"
                        ",'tool_calls':[]},{'role':'tool','tool_call_id':'x','content':[]}]}"),
           S("{'model':'m','messages':[{'role':'user','content':[]},{'role':'assistant','content':["
             "],'tool_calls':[]},{'role':'tool','tool_call_id':'x','content':[]}]}"),
           "empty lists");
    is_str(case_request(k, DIALECT_CHAT, DIALECT_OPENROUTER,
                        "{'messages':[{'role':'assistant','tool_calls':[{'id':'x','function':{'"
                        "name':'f','arguments':{'a':1}}}]}]}"),
           S("{'model':'m','messages':[{'role':'assistant','tool_calls':[{'id':'x','function':{'"
             "name':'f','arguments':{'a':1}}}]}]}"),
           "arguments as an object");
}

static void capabilities(struct chat_case *k)
{
    const struct capability plain = k->can;
    k->can = plain;
    k->can.can |= CAN_REASONING_CONTENT;
    is_str(
        case_request(k, DIALECT_OPENROUTER, DIALECT_CHAT,
                     "{'messages':[{'role':'assistant','content':'c','reasoning':'ab','reasoning_"
                     "details':[{'type':'reasoning.text','text':'a','index':0},{'type':'reasoning."
                     "text','text':'b','index':0},{'type':'reasoning.text','signature':'s','index':"
                     "0},{'type':'reasoning.summary','summary':'c','index':1}]}]}"),
        S("{'model':'m','messages':[{'role':'assistant','reasoning_content':'ab\\n\\nc','content':'"
          "c'}]}"),
        "thoughts in pieces, as clients add them up");
    k->can = plain;
}

/* A history with a seal that this gateway wrapped, made by provider p1. */
static void seals(struct chat_case *k)
{
    struct seal seal = {.kind = SEAL_SIGNATURE,
                        .family = FAMILY_ANTHROPIC,
                        .provider = S("p1"),
                        .model = S("claude"),
                        .value = S("c2ln")};
    str wrapped = seal_wrap(&k->p->a, &seal);
    const char *body =
        arena_cz(&k->p->a,
                 arena_printf(&k->p->a,
                              "{'messages':[{'role':'assistant','content':'x','reasoning_content'"
                              ":'T','reasoning_details':[{'type':'reasoning.text','text':'T',"
                              "'signature':'" STR_FMT "','index':0}],'tool_calls':[{'id':'c',"
                              "'type':'function','function':{'name':'f','arguments':'{}'},"
                              "'extra_content':{'google':{'thought_signature':'" STR_FMT "'}}}]}]}",
                              STR_ARG(wrapped), STR_ARG(wrapped)));
    str home = case_request(k, DIALECT_CHAT, DIALECT_OPENROUTER, body);
    is_str(home,
           S("{'model':'m','messages':[{'role':'assistant','reasoning_details':[{'type':"
             "'reasoning.text','text':'T','signature':'c2ln','format':'anthropic-claude-v1',"
             "'index':0}],'content':'x','tool_calls':[{'id':'c','type':'function','function':{"
             "'name':'f','arguments':'{}'},'extra_content':{'google':{'thought_signature':'c2ln'}}"
             "}]}]}"),
           "opened for the provider that made it");
    k->provider = S("p2");
    str away = case_request(k, DIALECT_CHAT, DIALECT_OPENROUTER, body);
    ok(str_find(away, S("c2ln")) == STR_NONE && str_find(away, S(SEAL_MAGIC)) == STR_NONE &&
           str_find(away, S("'text':'T'")) != STR_NONE,
       "taken off for every other");
    is_str(case_request(k, DIALECT_CHAT, DIALECT_CHAT, body),
           S("{'model':'m','messages':[{'role':'assistant','content':'x','tool_calls':[{'id':'c',"
             "'type':'function','function':{'name':'f','arguments':'{}'}}]}]} # "
             "dropped:reasoning_content"),
           "and the thought with it, where nobody wants it back");
    k->provider = S("p1");
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    seals(&k);
    faults(&k);
    bodies(&k);
    capabilities(&k);
    case_fini(&k);
    return tap_done();
}
