/* Messages of a chat request, written from other dialects' turns. */
#include "llm/dialect_chat_history.c"

#include "llm/chat_case.h"

static void bodies(struct chat_case *k)
{
    is_str(case_request(
               k, DIALECT_ANTHROPIC, DIALECT_CHAT,
               "{'max_tokens':1,'messages':[{'role':'user','content':'hi'},{'role':'assistant','"
               "content':[{'type':'thinking','thinking':'T','signature':'c2ln'},{'type':'text','"
               "text':'call'},{'type':'tool_use','id':'toolu_1','name':'get.w','input':{'a':'b'}},{"
               "'type':'tool_use','id':'toolu_2','name':'f','input':{}}]},{'role':'user','content':"
               "[{'type':'tool_result','tool_use_id':'toolu_1','is_error':true,'content':[{'type':'"
               "text','text':'r1'},{'type':'image','source':{'type':'base64','media_type':'image/"
               "png','data':'iVBORw0KGgo='}}]},{'type':'tool_result','tool_use_id':'toolu_2','"
               "content':'r2'},{'type':'text','text':'more'}]}]}"),
           S("{'model':'m','messages':[{'role':'user','content':'hi'},{'role':'assistant','content'"
             ":'call','tool_calls':[{'id':'toolu_1','type':'function','function':{'name':'get_w_"
             "c867c06f','arguments':'{\\'a\\':\\'b\\'}'}},{'id':'toolu_2','type':'function','"
             "function':{'name':'f','arguments':'{}'}}]},{'role':'tool','tool_call_id':'toolu_1','"
             "content':'Error: "
             "r1'},{'role':'tool','tool_call_id':'toolu_2','content':'r2'},{'role':'user','content'"
             ":[{'type':'text','text':'Content of the tool result "
             "toolu_1:'},{'type':'image_url','image_url':{'url':'data:image/"
             "png;base64,iVBORw0KGgo='}}]},{'role':'user','content':'more'}],'max_completion_"
             "tokens':1} # dropped:thinking, emulated:messages.content.is_error, "
             "emulated:messages.content.tool_result"),
           "a tool loop of Anthropic's");
    is_str(
        case_request(
            k, DIALECT_ANTHROPIC, DIALECT_OPENROUTER,
            "{'max_tokens':1,'messages':[{'role':'user','content':'q'},{'role':'assistant','"
            "content':[{'type':'redacted_thinking','data':'eA=='},{'type':'text','text':'x'}]}]}"),
        S("{'model':'m','messages':[{'role':'user','content':'q'},{'role':'assistant','content':'x'"
          "}],'max_completion_tokens':1} # dropped:thinking"),
        "thoughts of which only a seal is left");
    is_str(case_request(
               k, DIALECT_GEMINI, DIALECT_CHAT,
               "{'contents':[{'role':'model','parts':[{'functionCall':{'name':'f','args':{'x':1}},'"
               "thoughtSignature':'c2ln'},{'functionCall':{'name':'g','args':{}}},{'functionCall':{"
               "'name':'f','args':{}}}]},{'role':'user','parts':[{'functionResponse':{'name':'g','"
               "response':{'a':1}}},{'functionResponse':{'name':'f','response':{'result':'F1'}}},{'"
               "functionResponse':{'name':'f','response':{'result':'F2'}}}]}]}"),
           S("{'model':'m','messages':[{'role':'assistant','content':null,'tool_calls':[{'id':'"
             "call_9ed1ab4c9eac4cfb8a9bb72c','type':'function','function':{'name':'f','arguments':'"
             "{\\'x\\':1}'}},{'id':'call_70ee3a376c419be2981fa6c1','type':'function','function':{'"
             "name':'g','arguments':'{}'}},{'id':'call_be60d446430f4713f4fa7eb9','type':'function',"
             "'function':{'name':'f','arguments':'{}'}}]},{'role':'tool','tool_call_id':'call_"
             "70ee3a376c419be2981fa6c1','content':'{\\'a\\':1}'},{'role':'tool','tool_call_id':'"
             "call_9ed1ab4c9eac4cfb8a9bb72c','content':'F1'},{'role':'tool','tool_call_id':'call_"
             "be60d446430f4713f4fa7eb9','content':'F2'}]}"),
           "calls without ids, results in another order");
    is_str(
        case_request(k, DIALECT_RESPONSES, DIALECT_CHAT,
                     "{'input':[{'type':'custom_tool_call','call_id':'c1','name':'p','input':'a "
                     "\\'b\\''},{'type':'custom_tool_call_output','call_id':'c1','output':'ok'}]}"),
        S("{'model':'m','messages':[{'role':'assistant','content':null,'tool_calls':[{'id':'c1','"
          "type':'function','function':{'name':'p','arguments':'{\\'input\\':\\'a "
          "\\\\\\'b\\\\\\'\\'}'}}]},{'role':'tool','tool_call_id':'c1','content':'ok'}]}"),
        "free text as a function's");
    is_str(case_request(k, DIALECT_RESPONSES, DIALECT_CHAT,
                        "{'instructions':'I','input':[{'role':'developer','content':'D'},{'role':'"
                        "user','content':'q'},{'role':'system','content':'S'}]}"),
           S("{'model':'m','messages':[{'role':'system','content':'I'},{'role':'system','content':'"
             "D'},{'role':'user','content':'q'},{'role':'system','content':'S'}]}"),
           "roles");
    is_str(case_request(k, DIALECT_GEMINI, DIALECT_CHAT,
                        "{'contents':[{'role':'model','parts':[{'text':'t'},{'inlineData':{'"
                        "mimeType':'image/png','data':'iVBORw0KGgo='}}]}]}"),
           S("{'model':'m','messages':[{'role':'assistant','content':'t'}]} # "
             "dropped:messages.content.media"),
           "what a model made itself");
}

static void bodies_2(struct chat_case *k)
{
    is_str(case_request(
               k, DIALECT_ANTHROPIC, DIALECT_CHAT,
               "{'max_tokens':1,'messages':[{'role':'assistant','content':[{'type':'server_tool_"
               "use','id':'s','name':'web_search','input':{}},{'type':'text','text':'x'}]}]}"),
           S("{'model':'m','messages':[{'role':'assistant','content':'x'}],'max_completion_tokens':"
             "1} # dropped:messages.content.server_tool_use"),
           "another dialect's own blocks");
    is_str(case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                        "{'max_tokens':1,'messages':[{'role':'user','content':'q'},{'role':'"
                        "assistant','content':[]}]}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'},{'role':'assistant','content':"
             "''}],'max_completion_tokens':1}"),
           "nothing at all");
}

static void capabilities(struct chat_case *k)
{
    const struct capability plain = k->can;
    k->can = plain;
    k->can.can |= CAN_IMAGES_IN_RESULTS;
    is_str(case_request(
               k, DIALECT_ANTHROPIC, DIALECT_CHAT,
               "{'max_tokens':1,'messages':[{'role':'user','content':[{'type':'tool_result','tool_"
               "use_id':'t','content':[{'type':'text','text':'r1'},{'type':'image','source':{'type'"
               ":'base64','media_type':'image/png','data':'iVBORw0KGgo='}}]}]}]}"),
           S("{'model':'m','messages':[{'role':'tool','tool_call_id':'t','content':[{'type':'text',"
             "'text':'r1'},{'type':'image_url','image_url':{'url':'data:image/"
             "png;base64,iVBORw0KGgo='}}]}],'max_completion_tokens':1}"),
           "pictures in results, where they may be");
    k->can = plain;
    k->can.can |= CAN_REASONING_CONTENT | CAN_REPLAY_ALWAYS;
    is_str(case_request(
               k, DIALECT_ANTHROPIC, DIALECT_CHAT,
               "{'max_tokens':1,'messages':[{'role':'user','content':'q'},{'role':'assistant','"
               "content':[{'type':'thinking','thinking':'T','signature':'c2ln'},{'type':'redacted_"
               "thinking','data':'eA=='},{'type':'thinking','thinking':'U','signature':'c2ln'},{'"
               "type':'text','text':'x'}]},{'role':'user','content':'q'},{'role':'assistant','"
               "content':[{'type':'tool_use','id':'t','name':'f','input':{}}]},{'role':'user','"
               "content':[{'type':'tool_result','tool_use_id':'t'}]}]}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'},{'role':'assistant','"
             "reasoning_content':'T\\n\\nU','content':'x'},{'role':'user','content':'q'},{'role':'"
             "assistant','reasoning_content':'','content':null,'tool_calls':[{'id':'t','type':'"
             "function','function':{'name':'f','arguments':'{}'}}]},{'role':'tool','tool_call_id':'"
             "t','content':''}],'max_completion_tokens':1}"),
           "thoughts for those who want them back");
    k->can = plain;
    k->can.can |= CAN_REASONING;
    is_str(
        case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                     "{'max_tokens':1,'messages':[{'role':'user','content':'q'},{'role':'assistant'"
                     ",'content':[{'type':'thinking','thinking':'T','signature':'c2ln'}]}]}"),
        S("{'model':'m','messages':[{'role':'user','content':'q'},{'role':'assistant','reasoning':'"
          "T','content':''}],'max_completion_tokens':1}"),
        "thoughts by their other name");
    k->can = plain;
    k->can.can |= CAN_SHORT_IDS;
    is_str(case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                        "{'max_tokens':1,'messages':[{'role':'assistant','content':[{'type':'tool_"
                        "use','id':'toolu_1','name':'f','input':{}}]},{'role':'user','content':[{'"
                        "type':'tool_result','tool_use_id':'toolu_1','content':'r'}]}]}"),
           S("{'model':'m','messages':[{'role':'assistant','content':null,'tool_calls':[{'id':'"
             "JhiOR8UVh','type':'function','function':{'name':'f','arguments':'{}'}}]},{'role':'"
             "tool','tool_call_id':'JhiOR8UVh','content':'r'}],'max_completion_tokens':1}"),
           "short ids");
    k->can = plain;
    k->can.can |= CAN_SHORT_IDS;
    is_str(case_request(k, DIALECT_CHAT, DIALECT_CHAT,
                        "{'messages':[{'role':'assistant','tool_calls':[{'id':'call_1','type':'"
                        "function','function':{'name':'f','arguments':'{}'}}]},{'role':'tool','"
                        "tool_call_id':'call_1','content':'r'}]}"),
           S("{'model':'m','messages':[{'role':'assistant','tool_calls':[{'id':'EwcBKnEIw','type':'"
             "function','function':{'name':'f','arguments':'{}'}}]},{'role':'tool','tool_call_id':'"
             "EwcBKnEIw','content':'r'}]}"),
           "short ids for a client of chat");
    k->can = plain;
    k->can.can |= CAN_DEVELOPER;
    is_str(case_request(
               k, DIALECT_RESPONSES, DIALECT_CHAT,
               "{'input':[{'role':'developer','content':'D'},{'role':'user','content':'q'}]}"),
           S("{'model':'m','messages':[{'role':'developer','content':'D'},{'role':'user','content':"
             "'q'}]}"),
           "a developer");
    k->can = plain;
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    bodies(&k);
    bodies_2(&k);
    capabilities(&k);
    case_fini(&k);
    return tap_done();
}
