/* Settings of a chat request, written by what the model takes. */
#include "llm/dialect_chat_write.c"

#include "llm/chat_case.h"

static void bodies(struct chat_case *k)
{
    is_str(case_request(k, DIALECT_RESPONSES, DIALECT_CHAT,
                        "{'input':'q','store':true,'metadata':{'a':'b'},'prompt_cache_key':'k','"
                        "safety_identifier':'s','text':{'verbosity':'low'},'user':'u','service_"
                        "tier':'flex','truncation':'auto','top_logprobs':2}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'user':'u','verbosity':'low',"
             "'safety_identifier':'s','prompt_cache_key':'k','service_tier':'flex','store':true,'"
             "metadata':{'a':'b'}} # dropped:truncation"),
           "OpenAI's own settings");
    is_str(case_request(k, DIALECT_RESPONSES, DIALECT_CHAT,
                        "{'input':'q','text':{'format':{'type':'json_schema','name':'n','"
                        "description':'d','schema':{'type':'object'},'strict':true}}}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'response_format':{'type':'"
             "json_schema','json_schema':{'name':'n','description':'d','schema':{'type':'object'},'"
             "strict':true}}}"),
           "a schema");
    is_str(case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                        "{'max_tokens':1000,'messages':[{'role':'user','content':'q'}],'output_"
                        "config':{'format':{'type':'json_schema','schema':{'type':'object'}}}}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'max_completion_tokens':1000,"
             "'response_format':{'type':'json_schema','json_schema':{'name':'response','schema':{'"
             "type':'object'},'strict':true}}}"),
           "a schema without a name");
    is_str(case_request(k, DIALECT_GEMINI, DIALECT_CHAT,
                        "{'contents':[{'parts':[{'text':'q'}]}],'generationConfig':{'"
                        "responseMimeType':'application/json'}}"),
           S("{'model':'m','messages':[{'role':'system','content':'Answer with a JSON "
             "object.'},{'role':'user','content':'q'}],'response_format':{'type':'json_object'}}"),
           "JSON that nobody mentioned");
    is_str(case_request(k, DIALECT_GEMINI, DIALECT_CHAT,
                        "{'contents':[{'parts':[{'text':'say it in "
                        "JSON'}]}],'generationConfig':{'responseMimeType':'application/json'}}"),
           S("{'model':'m','messages':[{'role':'user','content':'say it in "
             "JSON'}],'response_format':{'type':'json_object'}}"),
           "JSON that somebody mentioned");
    is_str(case_request(k, DIALECT_RESPONSES, DIALECT_CHAT,
                        "{'input':'q','previous_response_id':'resp_1'}"),
           S("BAD_REQUEST previous_response_id: The model's provider does not keep responses: send "
             "the whole conversation as input."),
           "state that only one provider has");
}

static void bodies_2(struct chat_case *k)
{
    is_str(case_request(k, DIALECT_ANTHROPIC, DIALECT_OPENROUTER,
                        "{'max_tokens':1000,'messages':[{'role':'user','content':'q'}],'top_k':5,'"
                        "thinking':{'type':'enabled','budget_tokens':2000}}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'max_completion_tokens':1000,"
             "'top_k':5,'reasoning':{'max_tokens':2000}}"),
           "to OpenRouter");
}

static void capabilities(struct chat_case *k)
{
    const struct capability plain = k->can;
    k->can = plain;
    k->can.can &= ~(uint32_t)CAN_NOT_STREAM_USAGE;
    is_str(
        case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                     "{'max_tokens':1000,'messages':[{'role':'user','content':'q'}],'temperature':"
                     "1,'top_p':0.5,'top_k':5,'stop_sequences':['a','b','c','d','e'],'metadata':{'"
                     "user_id':'u'},'service_tier':'standard_only','stream':true}"),
        S("{'model':'m','messages':[{'role':'user','content':'q'}],'max_completion_tokens':1000,'"
          "temperature':1,'top_p':0.5,'stop':['a','b','c','d'],'user':'u','service_tier':'default',"
          "'stream':true,'stream_options':{'include_usage':true}} # clamped:stop_sequences, "
          "dropped:top_k"),
        "a model that takes everything");
    k->can = plain;
    k->can.sampling = SAMPLING_NONE;
    k->can.efforts = 1u << EFFORT_LOW | 1u << EFFORT_HIGH;
    k->can.max_output = 500;
    is_str(
        case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                     "{'max_tokens':1000,'messages':[{'role':'user','content':'q'}],'temperature':"
                     "1,'thinking':{'type':'enabled','budget_tokens':60000}}"),
        S("{'model':'m','messages':[{'role':'user','content':'q'}],'max_completion_tokens':500,'"
          "reasoning_effort':'high'} # clamped:max_tokens, clamped:thinking, dropped:temperature"),
        "one that takes no sampling and knows three efforts");
    k->can = plain;
    k->can.sampling = SAMPLING_WITHOUT_EFFORT;
    is_str(case_request(k, DIALECT_GEMINI, DIALECT_CHAT,
                        "{'contents':[{'parts':[{'text':'q'}]}],'generationConfig':{'temperature':"
                        "1,'thinkingConfig':{'thinkingBudget':0}}}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'temperature':1,'reasoning_"
             "effort':'none'}"),
           "one that takes sampling while it does not think");
    k->can = plain;
    k->can.efforts = 0;
    is_str(case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                        "{'max_tokens':1000,'messages':[{'role':'user','content':'q'}],'thinking':{"
                        "'type':'enabled','budget_tokens':2000}}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'max_completion_tokens':1000}"
             " # dropped:thinking"),
           "one that does not think");
    k->can = plain;
    k->can.efforts = 0;
    is_str(
        case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                     "{'max_tokens':1000,'messages':[{'role':'user','content':'q'}],'thinking':{'"
                     "type':'disabled'}}"),
        S("{'model':'m','messages':[{'role':'user','content':'q'}],'max_completion_tokens':1000}"),
        "not thinking, for one that cannot be told");
    k->can = plain;
    k->can.can |= CAN_THINKING_TYPE;
    is_str(case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                        "{'max_tokens':1000,'messages':[{'role':'user','content':'q'}],'thinking':{"
                        "'type':'enabled','budget_tokens':2000}}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'max_completion_tokens':1000,"
             "'thinking':{'type':'enabled'}}"),
           "thinking {type}");
    k->can = plain;
}

static void capabilities_2(struct chat_case *k)
{
    const struct capability plain = k->can;
    k->can = plain;
    k->can.can |= CAN_THINKING_TYPE;
    is_str(case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                        "{'max_tokens':1000,'messages':[{'role':'user','content':'q'}],'thinking':{"
                        "'type':'disabled'}}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'max_completion_tokens':1000,"
             "'thinking':{'type':'disabled'}}"),
           "thinking off by {type}");
    k->can = plain;
    k->can.can |= CAN_ENABLE_THINKING;
    is_str(case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                        "{'max_tokens':1000,'messages':[{'role':'user','content':'q'}],'thinking':{"
                        "'type':'enabled','budget_tokens':2000}}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'max_completion_tokens':1000,"
             "'enable_thinking':true,'thinking_budget':2000}"),
           "enable_thinking");
    k->can = plain;
    k->can.can |= CAN_REASONING_OBJECT;
    is_str(case_request(k, DIALECT_RESPONSES, DIALECT_CHAT,
                        "{'input':'q','reasoning':{'effort':'max'}}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'reasoning':{'effort':'xhigh'"
             "}} # clamped:reasoning.effort"),
           "reasoning {effort}");
    k->can = plain;
    k->can.can |= CAN_REASONING_OBJECT;
    is_str(case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                        "{'max_tokens':1000,'messages':[{'role':'user','content':'q'}],'thinking':{"
                        "'type':'enabled','budget_tokens':2000}}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'max_completion_tokens':1000,"
             "'reasoning':{'max_tokens':2000}}"),
           "reasoning {max_tokens}");
    k->can = plain;
    k->can.can |= CAN_REASONING_OBJECT;
    is_str(case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                        "{'max_tokens':1000,'messages':[{'role':'user','content':'q'}],'thinking':{"
                        "'type':'disabled'}}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'max_completion_tokens':1000,"
             "'reasoning':{'enabled':false}}"),
           "reasoning {enabled}");
    k->can = plain;
    k->can.can |= CAN_OLD_MAX_TOKENS | CAN_RANDOM_SEED | CAN_NOT_STRICT;
    k->can.can &= ~(uint32_t)CAN_STOP;
    is_str(case_request(k, DIALECT_GEMINI, DIALECT_CHAT,
                        "{'contents':[{'parts':[{'text':'q'}]}],'generationConfig':{'"
                        "maxOutputTokens':5,'seed':3,'stopSequences':['x'],'candidateCount':2}}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'max_tokens':5,'random_seed':"
             "3,'n':2} # dropped:generationConfig.stopSequences"),
           "an older API");
    k->can = plain;
}

static void capabilities_3(struct chat_case *k)
{
    const struct capability plain = k->can;
    k->can = plain;
    k->can.can |= CAN_NOT_STRICT;
    is_str(case_request(k, DIALECT_RESPONSES, DIALECT_CHAT,
                        "{'input':'q','store':true,'metadata':{'a':'b'},'prompt_cache_key':'k','"
                        "safety_identifier':'s','text':{'verbosity':'low'},'user':'u'}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'user':'u'} # "
             "dropped:text.verbosity, dropped:prompt_cache_key, dropped:safety_identifier, "
             "dropped:metadata, dropped:store"),
           "older still: no store, no metadata");
    k->can = plain;
    k->can.can &= ~(uint32_t)CAN_JSON_SCHEMA;
    is_str(case_request(k, DIALECT_RESPONSES, DIALECT_CHAT,
                        "{'input':'q','text':{'format':{'type':'json_schema','name':'n','schema':{'"
                        "type':'object'}}}}"),
           S("{'model':'m','messages':[{'role':'system','content':'Answer with a JSON object that "
             "is valid by this JSON Schema: "
             "{\\'type\\':\\'object\\'}'},{'role':'user','content':'q'}],'response_format':{'type':"
             "'json_object'}} # emulated:text.format"),
           "a schema as a hint");
    k->can = plain;
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    bodies(&k);
    bodies_2(&k);
    capabilities(&k);
    capabilities_2(&k);
    capabilities_3(&k);
    case_fini(&k);
    return tap_done();
}
