/* The settings of a chat request, read: what is wrong is said with its place, what is right goes
 * back as it came. */
#include "llm/dialect_chat_read.c"

#include "llm/chat_case.h"

/* A body, and what is said of it. */
static const struct {
    const char *body, *fault;
} refused[] = {
    {"{'n':0,'messages':[{'role':'user','content':'q'}]}", "BAD_REQUEST n: n must be at least 1."},
    {"{'n':1.5,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST n: n must be an integer."},
    {"{'temperature':'x','messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST temperature: temperature must be a number."},
    {"{'seed':'x','messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST seed: seed must be a number."},
    {"{'random_seed':'x','messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST random_seed: random_seed must be a number."},
    {"{'stop':7,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST stop: stop must be a string or an array of strings."},
    {"{'stop':['a',7],'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST stop: stop must be a string or an array of strings."},
    {"{'stream':1,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST stream: stream must be a boolean."},
    {"{'stream_options':7,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST stream_options: stream_options must be an object."},
    {"{'stream_options':{'include_usage':1},'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST stream_options.include_usage: stream_options.include_usage must be a boolean."},
    {"{'response_format':{'type':'x'},'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST response_format.type: response_format.type must be text, json_object or "
     "json_schema."},
    {"{'response_format':{'type':'json_schema'},'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST response_format.json_schema: response_format.json_schema must be an object."},
    {"{'response_format':{'type':'json_schema','json_schema':{'schema':7}},'messages':[{'role':'"
     "user','content':'q'}]}",
     "BAD_REQUEST response_format.json_schema.schema: response_format.json_schema.schema must be "
     "an object."},
    {"{'reasoning_effort':7,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST reasoning_effort: reasoning_effort must be a string."},
    {"{'reasoning':7,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST reasoning: reasoning must be an object."},
    {"{'reasoning':{'effort':7},'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST reasoning.effort: reasoning.effort must be a string."},
    {"{'reasoning':{'max_tokens':'x'},'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST reasoning.max_tokens: reasoning.max_tokens must be an integer."},
    {"{'thinking':{'type':7},'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST thinking.type: thinking.type must be a string."},
    {"{'thinking':7,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST thinking: thinking must be an object."},
    {"{'enable_thinking':7,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST enable_thinking: enable_thinking must be a boolean."},
    {"{'thinking_budget':'x','messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST thinking_budget: thinking_budget must be an integer."},
    {"{'max_tokens':'x','messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST max_tokens: max_tokens must be an integer."},
    {"{'max_completion_tokens':1.5,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST max_completion_tokens: max_completion_tokens must be an integer."},
    {"{'metadata':7,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST metadata: metadata must be an object."},
    {"{'prediction':7,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST prediction: prediction must be an object."},
    {"{'logit_bias':7,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST logit_bias: logit_bias must be an object."},
    {"{'logprobs':1,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST logprobs: logprobs must be a boolean."},
    {"{'top_logprobs':'x','messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST top_logprobs: top_logprobs must be an integer."},
    {"{'user':7,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST user: user must be a string."},
    {"{'verbosity':7,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST verbosity: verbosity must be a string."},
    {"{'store':7,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST store: store must be a boolean."},
    {"{'parallel_tool_calls':7,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST parallel_tool_calls: parallel_tool_calls must be a boolean."},
    {"{'modalities':7,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST modalities: modalities must be an array."},
    {"{'audio':7,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST audio: audio must be an object."},
    {"{'model':7,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST model: model must be a string."},
    {"{'temperature':1,'temperature':2,'messages':[{'role':'user','content':'q'}]}",
     "DUPLICATE_MEMBER temperature: temperature appears twice."},
    {"{'reasoning':{'effort':'low','effort':'low'},'messages':[{'role':'user','content':'q'}]}",
     "DUPLICATE_MEMBER reasoning.effort: reasoning.effort appears twice."},
};

static void faults(struct chat_case *k)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        is_str(case_request(k, DIALECT_CHAT, DIALECT_CHAT, refused[i].body),
               str_from_cz(refused[i].fault), case_name(k, refused[i].body));
}

static void bodies(struct chat_case *k)
{
    is_str(case_request(k, DIALECT_CHAT, DIALECT_CHAT, "[]"),
           S("BAD_REQUEST : The body must be an object."), "no object");
    is_str(
        case_request(k, DIALECT_CHAT, DIALECT_CHAT,
                     "{'model':'m','messages':[{'role':'user','content':'q'}],'max_tokens':5,'max_"
                     "completion_tokens':6,'seed':1,'random_seed':2,'thinking':{'type':'enabled','"
                     "clear_thinking':false},'stop':[],'user':'','stream':false,'n':1,'temperature'"
                     ":1.0,'x':null}"),
        S("{'model':'m','messages':[{'role':'user','content':'q'}],'max_tokens':5,'max_completion_"
          "tokens':6,'temperature':1.0,'random_seed':2,'seed':1,'n':1,'stop':[],'thinking':{'type':"
          "'enabled','clear_thinking':false},'user':'','stream':false,'x':null}"),
        "both limits, both seeds, any, thinking by type");
    is_str(case_request(k, DIALECT_CHAT, DIALECT_CHAT,
                        "{'model':'m','messages':[{'role':'user','content':'q'}],'temperature':1e0,"
                        "'top_p':0.10,'seed':18446744073709551615,'max_tokens':100.0}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'max_tokens':100.0,'"
             "temperature':1e0,'top_p':0.10,'seed':18446744073709551615}"),
           "numbers stay as they were written");
    is_str(case_request(
               k, DIALECT_CHAT, DIALECT_CHAT,
               "{'model':'m','messages':[{'role':'user','content':'q'}],'stop':null,'tools':null,'"
               "temperature':null,'response_format':null,'stream':null,'max_tokens':null}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'stop':null,'tools':null,'"
             "temperature':null,'response_format':null,'stream':null,'max_tokens':null}"),
           "null is kept");
    is_str(case_request(
               k, DIALECT_CHAT, DIALECT_CHAT,
               "{'model':'m','messages':[{'role':'user','content':'q'}],'response_format':{'type':'"
               "json_schema','json_schema':{'name':'n','schema':{'type':'object'},'strict':true}},'"
               "verbosity':'low','store':true,'metadata':{'a':'b'},'safety_identifier':'s','prompt_"
               "cache_key':'k','service_tier':'flex','prediction':{'type':'content','content':'x'},"
               "'modalities':['text'],'audio':{'voice':'v'},'logprobs':true,'top_logprobs':0,'"
               "logit_bias':{'1':2},'web_search_options':{},'stop':'x'}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'logit_bias':{'1':2},'"
             "logprobs':true,'top_logprobs':0,'stop':'x','response_format':{'type':'json_schema','"
             "json_schema':{'name':'n','schema':{'type':'object'},'strict':true}},'modalities':['"
             "text'],'audio':{'voice':'v'},'verbosity':'low','safety_identifier':'s','prompt_cache_"
             "key':'k','service_tier':'flex','store':true,'metadata':{'a':'b'},'prediction':{'type'"
             ":'content','content':'x'},'web_search_options':{}}"),
           "a schema and the rest of OpenAI's");
    is_str(case_request(k, DIALECT_CHAT, DIALECT_COHERE,
                        "{'model':'m','messages':[{'role':'user','content':'q'}],'random_seed':3,'"
                        "max_tokens':5}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'max_tokens':5,'seed':3,'"
             "stream':false}"),
           "by others as well");
}

static void capabilities(struct chat_case *k)
{
    const struct capability plain = k->can;
    k->can = plain;
    k->can.can &= ~(uint32_t)CAN_NOT_STREAM_USAGE;
    is_str(case_request(k, DIALECT_CHAT, DIALECT_CHAT,
                        "{'model':'m','messages':[{'role':'user','content':'q'}],'stream':true,'"
                        "stream_options':{'include_obfuscation':false}}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'stream':true,'stream_"
             "options':{'include_obfuscation':false,'include_usage':true}}"),
           "a stream's options");
    k->can = plain;
    k->can.can = 0;
    is_str(case_request(k, DIALECT_CHAT, DIALECT_OPENROUTER,
                        "{'model':'m','messages':[{'role':'user','content':'q'}],'enable_thinking':"
                        "false,'thinking_budget':5}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'enable_thinking':false,'"
             "thinking_budget':5}"),
           "vendors' words for thinking are understood");
    k->can = plain;
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    faults(&k);
    bodies(&k);
    capabilities(&k);
    case_fini(&k);
    return tap_done();
}
