/* Tools and the choice among them, both ways. */
#include "llm/dialect_chat_tools.c"

#include "llm/chat_case.h"

/* A body, and what is said of it. */
static const struct {
    const char *body, *fault;
} refused[] = {
    {"{'tools':7,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST tools: tools must be an array."},
    {"{'tools':[7],'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST tools[0]: tools[0] must be an object."},
    {"{'tools':[{'type':'function'}],'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST tools[0].function: tools[0].function must be an object."},
    {"{'tools':[{'type':7}],'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST tools[0].type: tools[0].type must be a string."},
    {"{'tools':[{'function':{}}],'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST tools[0].function.name: tools[0].function.name must be a string."},
    {"{'tools':[{'function':{'name':7}}],'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST tools[0].function.name: tools[0].function.name must be a string."},
    {"{'tools':[{'function':{'name':'f','parameters':7}}],'messages':[{'role':'user','content':'q'}"
     "]}",
     "BAD_REQUEST tools[0].function.parameters: tools[0].function.parameters must be an object."},
    {"{'tools':[{'function':{'name':'f','strict':7}}],'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST tools[0].function.strict: tools[0].function.strict must be a boolean."},
    {"{'tools':[{'type':'custom','custom':{'format':{}}}],'messages':[{'role':'user','content':'q'}"
     "]}",
     "BAD_REQUEST tools[0].custom.name: tools[0].custom.name must be a string."},
    {"{'functions':[{}],'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST functions[0].name: functions[0].name must be a string."},
    {"{'tool_choice':'x','messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST tool_choice: tool_choice must be none, auto, required, or an object that names a "
     "tool."},
    {"{'tool_choice':7,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST tool_choice: tool_choice must be none, auto, required, or an object that names a "
     "tool."},
    {"{'tool_choice':{'type':7},'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST tool_choice.type: tool_choice.type must be a string."},
    {"{'tool_choice':{'type':'allowed_tools','allowed_tools':{'tools':7}},'messages':[{'role':'"
     "user','content':'q'}]}",
     "BAD_REQUEST tool_choice.allowed_tools.tools: tool_choice.allowed_tools.tools must be an "
     "array."},
    {"{'function_call':'x','messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST function_call: function_call must be none, auto, required, or an object that "
     "names a tool."},
};

static void faults(struct chat_case *k)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        is_str(case_request(k, DIALECT_CHAT, DIALECT_CHAT, refused[i].body),
               str_from_cz(refused[i].fault), case_name(k, refused[i].body));
}

static void bodies(struct chat_case *k)
{
    is_str(case_request(
               k, DIALECT_CHAT, DIALECT_CHAT,
               "{'messages':[{'role':'user','content':'q'}],'tools':[{'type':'function','function':"
               "{'name':'f','description':'d','parameters':{'type':'object'},'strict':true}},{'"
               "type':'custom','custom':{'name':'p','format':{'type':'text'}}},{'type':'new','new':"
               "1}],'tool_choice':{'type':'allowed_tools','allowed_tools':{'mode':'auto','tools':[{"
               "'type':'function','function':{'name':'f'}}]}},'parallel_tool_calls':true}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'tools':[{'type':'function','"
             "function':{'name':'f','description':'d','parameters':{'type':'object'},'strict':true}"
             "},{'type':'custom','custom':{'name':'p','format':{'type':'text'}}},{'type':'new','"
             "new':1}],'tool_choice':{'type':'allowed_tools','allowed_tools':{'mode':'auto','tools'"
             ":[{'type':'function','function':{'name':'f'}}]}},'parallel_tool_calls':true}"),
           "as they came");
    is_str(case_request(k, DIALECT_CHAT, DIALECT_CHAT,
                        "{'messages':[{'role':'user','content':'q'}],'functions':[{'name':'f'}],'"
                        "function_call':{'name':'f'}}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'functions':[{'name':'f'}],'"
             "function_call':{'name':'f'}}"),
           "functions of old");
    is_str(case_request(k, DIALECT_CHAT, DIALECT_BEDROCK,
                        "{'messages':[{'role':'user','content':'q'}],'functions':[{'name':'f','"
                        "parameters':{'type':'object'}}],'function_call':{'name':'f'}}"),
           S("{'messages':[{'role':'user','content':[{'text':'q'}]}],'inferenceConfig':{},'"
             "toolConfig':{'tools':[{'toolSpec':{'name':'f','inputSchema':{'json':{'type':'object'}"
             "}}}],'toolChoice':{'tool':{'name':'f'}}}}"),
           "functions of old for another dialect");
    is_str(case_request(
               k, DIALECT_ANTHROPIC, DIALECT_CHAT,
               "{'max_tokens':1,'messages':[{'role':'user','content':'q'}],'tools':[{'name':'get.w'"
               ",'description':'d','input_schema':{'type':'object','properties':{'a':{'type':'"
               "string'}}},'strict':true},{'type':'web_search_20250305','name':'web_search'}],'"
               "tool_choice':{'type':'tool','name':'get.w','disable_parallel_tool_use':true}}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'max_completion_tokens':1,'"
             "tools':[{'type':'function','function':{'name':'get_w_c867c06f','description':'d','"
             "parameters':{'type':'object','properties':{'a':{'type':'string'}}},'strict':true}}],'"
             "tool_choice':{'type':'function','function':{'name':'get_w_c867c06f'}},'parallel_tool_"
             "calls':false} # dropped:tools.web_search_20250305"),
           "Anthropic's: names fitted, server tools left out");
    is_str(case_request(k, DIALECT_RESPONSES, DIALECT_CHAT,
                        "{'input':'q','tools':[{'type':'custom','name':'p','description':'d','"
                        "format':{'type':'grammar','syntax':'lark','definition':'x'}}],'tool_"
                        "choice':{'type':'custom','name':'p'}}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'tools':[{'type':'function','"
             "function':{'name':'p','description':'d','parameters':{'type':'object','properties':{'"
             "input':{'type':'string'}},'required':['input'],'additionalProperties':false}}}],'"
             "tool_choice':{'type':'function','function':{'name':'p'}}} # emulated:tools.custom"),
           "a free-text tool as a function");
    is_str(
        case_request(
            k, DIALECT_RESPONSES, DIALECT_CHAT,
            "{'input':'q','tools':[{'type':'function','name':'f','parameters':{'type':'object'}},{'"
            "type':'function','name':'g','parameters':{'type':'object'}}],'tool_choice':{'type':'"
            "allowed_tools','mode':'required','tools':[{'type':'function','name':'g'}]}}"),
        S("{'model':'m','messages':[{'role':'user','content':'q'}],'tools':[{'type':'function','"
          "function':{'name':'f','parameters':{'type':'object'}}},{'type':'function','function':{'"
          "name':'g','parameters':{'type':'object'}}}],'tool_choice':{'type':'allowed_tools','"
          "allowed_tools':{'mode':'required','tools':[{'type':'function','function':{'name':'g'}}]}"
          "}}"),
        "a subset of the tools");
}

static void bodies_2(struct chat_case *k)
{
    is_str(case_request(k, DIALECT_GEMINI, DIALECT_CHAT,
                        "{'contents':[{'parts':[{'text':'q'}]}],'toolConfig':{'"
                        "functionCallingConfig':{'mode':'NONE'}}}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}]}"), "none, but no tools");
}

static void capabilities(struct chat_case *k)
{
    const struct capability plain = k->can;
    k->can = plain;
    k->can.choices = 0;
    k->can.can &= ~(uint32_t)(CAN_PARALLEL_OFF | CAN_STRICT_TOOLS);
    is_str(case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                        "{'max_tokens':1,'messages':[{'role':'user','content':'q'}],'tools':[{'"
                        "name':'f','input_schema':{'type':'object'},'strict':true},{'name':'g','"
                        "input_schema':{'type':'object'}}],'tool_choice':{'type':'tool','name':'g',"
                        "'disable_parallel_tool_use':true}}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'max_completion_tokens':1,'"
             "tools':[{'type':'function','function':{'name':'g','parameters':{'type':'object'}}}],'"
             "tool_choice':'auto'} # dropped:tool_choice, "
             "dropped:tool_choice.disable_parallel_tool_use, dropped:tools.strict"),
           "what the model cannot be told");
    k->can = plain;
    k->can.choices = 1u << CHOICE_REQUIRED;
    is_str(case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                        "{'max_tokens':1,'messages':[{'role':'user','content':'q'}],'tools':[{'"
                        "name':'f','input_schema':{'type':'object'}},{'name':'g','input_schema':{'"
                        "type':'object'}}],'tool_choice':{'type':'tool','name':'g'}}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'max_completion_tokens':1,'"
             "tools':[{'type':'function','function':{'name':'g','parameters':{'type':'object'}}}],'"
             "tool_choice':'required'} # emulated:tool_choice"),
           "a named tool as the only one");
    k->can = plain;
    k->can.can |= CAN_TOOL_CHOICE_ANY;
    is_str(
        case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                     "{'max_tokens':1,'messages':[{'role':'user','content':'q'}],'tools':[{'name':'"
                     "f','input_schema':{'type':'object'}}],'tool_choice':{'type':'any'}}"),
        S("{'model':'m','messages':[{'role':'user','content':'q'}],'max_completion_tokens':1,'"
          "tools':[{'type':'function','function':{'name':'f','parameters':{'type':'object'}}}],'"
          "tool_choice':'any'}"),
        "any, in Mistral's word");
    k->can = plain;
    k->can.schema = SCHEMA_OPENAI;
    is_str(case_request(k, DIALECT_RESPONSES, DIALECT_CHAT,
                        "{'input':'q','tools':[{'type':'custom','name':'p','description':'d','"
                        "format':{'type':'grammar','syntax':'lark','definition':'x'}}],'tool_"
                        "choice':{'type':'custom','name':'p'}}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'tools':[{'type':'custom','"
             "custom':{'name':'p','description':'d','format':{'type':'grammar','grammar':{'syntax':"
             "'lark','definition':'x'}}}}],'tool_choice':{'type':'custom','custom':{'name':'p'}}}"),
           "a free-text tool as one");
    k->can = plain;
    k->can.choices = 1u << CHOICE_REQUIRED;
    is_str(
        case_request(
            k, DIALECT_RESPONSES, DIALECT_CHAT,
            "{'input':'q','tools':[{'type':'function','name':'f','parameters':{'type':'object'}},{'"
            "type':'function','name':'g','parameters':{'type':'object'}}],'tool_choice':{'type':'"
            "allowed_tools','mode':'required','tools':[{'type':'function','name':'g'}]}}"),
        S("{'model':'m','messages':[{'role':'user','content':'q'}],'tools':[{'type':'function','"
          "function':{'name':'g','parameters':{'type':'object'}}}],'tool_choice':'required'} # "
          "emulated:tool_choice"),
        "a subset, where there is no word for it");
    k->can = plain;
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    faults(&k);
    bodies(&k);
    bodies_2(&k);
    capabilities(&k);
    case_fini(&k);
    return tap_done();
}
