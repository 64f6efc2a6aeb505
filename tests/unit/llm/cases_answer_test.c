/* Answers in another dialect: what providers really send, whole and streamed, and what the client
 * must see of it; see translation_case.h for how both are written. */
#include "llm/translation_case.h"

/* A chunk of chat completions, and whole lines of streams. */
#define CHUNK(rest) "{'id':'c','object':'chat.completion.chunk','created':1,'model':'m'," rest "}\n"

#define DELTA(members) CHUNK("'choices':[{'index':0,'delta':{" members "},'finish_reason':null}]")
#define FINISH(reason) CHUNK("'choices':[{'index':0,'delta':{},'finish_reason':'" reason "'}]")
#define DONE           "[DONE]\n"
#define CALLS(list)    DELTA("'tool_calls':[" list "]")
#define OPENS(i, id, args)                                                                         \
    "{'index':" i ",'id':'" id "','type':'function','function':{'name':'f','arguments':" args "}}"
#define MORE(i, args) "{'index':" i ",'function':{'arguments':" args "}}"
#define MESSAGE(message, reason)                                                                   \
    "{'id':'c','object':'chat.completion','created':1,'model':'m','choices':[{'index':0,"          \
    "'message':{'role':'assistant'," message "},'finish_reason':'" reason "'}]}"
#define CANDIDATE(parts, reason)                                                                   \
    "{'candidates':[{'content':{'role':'model','parts':[" parts "]}" reason ",'index':0}]}\n"
#define STOPPED     ",'finishReason':'STOP'"
#define GEMINI_CALL "{'functionCall':{'name':'f','args':{'a':1}}}"
#define ANSWER(content, reason)                                                                    \
    "{'id':'msg_1','type':'message','role':'assistant','model':'m','content':[" content "],"       \
    "'stop_reason':'" reason "','usage':{'input_tokens':1,'output_tokens':2}}"
#define BEGIN                                                                                      \
    "{'type':'message_start','message':{'id':'msg_1','type':'message','role':'assistant',"         \
    "'model':'m','content':[],'stop_reason':null,'usage':{'input_tokens':1,'output_tokens':1}}}\n"
#define OPEN(i, block) "{'type':'content_block_start','index':" i ",'content_block':{" block "}}\n"
#define TEXT(i, text)                                                                              \
    "{'type':'content_block_delta','index':" i ",'delta':{'type':'text_delta','text':'" text "'}}" \
    "\n"
#define ARGS(i, json)                                                                              \
    "{'type':'content_block_delta','index':" i ",'delta':{'type':'input_json_delta',"              \
    "'partial_json':'" json "'}}\n"
#define CLOSE(i) "{'type':'content_block_stop','index':" i "}\n"
#define END(reason)                                                                                \
    "{'type':'message_delta','delta':{'stop_reason':'" reason "'},'usage':{'output_tokens':2}}\n"  \
    "{'type':'message_stop'}\n"
#define USE(id)   "'type':'tool_use','id':'" id "','name':'f','input':{}"
#define AWS(rest) "@messageStart {'role':'assistant'}\n" rest

#define CREATED                                                                                    \
    "{'type':'response.created','sequence_number':0,'response':{'id':'r','object':'response',"     \
    "'model':'m','status':'in_progress','output':[]}}\n"
#define COMPLETED                                                                                  \
    "{'type':'response.completed','sequence_number':9,'response':{'id':'r','object':'response',"   \
    "'model':'m','status':'completed','output':[]}}\n"
#define COUNTS "{'prompt_tokens':5,'completion_tokens':3,'total_tokens':8}"
#define WITH_USAGE(usage)                                                                          \
    "{'id':'c','object':'chat.completion','created':1,'model':'m','choices':[{'index':0,"          \
    "'message':{'role':'assistant','content':'a'},'finish_reason':'stop'}],'usage':" usage "}"

/* What was asked. */
#define ASKED(more) "{'model':'m'," more ",'messages':[{'role':'user','content':'q'}]}"
#define DOTTED      ASKED("'tools':[{'type':'function','function':{'name':'a.b'}}]")
#define USAGE_ASKED ASKED("'stream':true,'stream_options':{'include_usage':true}")

/* clang-format off */
static const struct translation_case calls[] = {
    {"a text before a call does not shift the call's index", STREAM, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     BEGIN OPEN("0", "'type':'text','text':''") TEXT("0", "t") CLOSE("0") OPEN("1", USE("a")) ARGS("1", "{}") CLOSE("1") END("tool_use"),
     "choices.0.message.content = 't'\nchoices.0.message.tool_calls.0.id = 'a'\n~ 'tool_calls':[{'index':0"},
    {"calls whose indices begin at 1 are numbered from 0", STREAM, DIALECT_CHAT, DIALECT_CHAT, NULL,
     CALLS(OPENS("1", "a", "'{}'")) FINISH("tool_calls") DONE, "choices.0.message.tool_calls.# = 1"},
    {"parallel calls of one name in one chunk are two calls", STREAM, DIALECT_GEMINI, DIALECT_CHAT, NULL,
     CANDIDATE(GEMINI_CALL "," GEMINI_CALL, STOPPED), "choices.0.message.tool_calls.# = 2\nchoices.0.finish_reason = 'tool_calls'\n~ 'tool_calls':[{'index':0,'id'\n~ 'tool_calls':[{'index':1,'id'\n~ 'tool_calls':[{'index':1,'function'"},
    {"parallel calls of one name in chunks of their own are two calls", STREAM, DIALECT_GEMINI, DIALECT_CHAT, NULL,
     CANDIDATE(GEMINI_CALL, "") CANDIDATE(GEMINI_CALL, STOPPED), "choices.0.message.tool_calls.# = 2"},
    {"parallel calls of one name are two blocks for Anthropic", STREAM, DIALECT_GEMINI, DIALECT_ANTHROPIC, NULL,
     CANDIDATE(GEMINI_CALL, "") CANDIDATE(GEMINI_CALL, STOPPED), "content.# = 2\ncontent.1.input = {'a':1}\nstop_reason = 'tool_use'\n~ 'content_block_start','index':0\n~ 'content_block_start','index':1\n~ 'content_block_stop','index':1"},
    {"calls without ids get ids", REPLY, DIALECT_OLLAMA, DIALECT_CHAT, NULL,
     "{'model':'m','created_at':'2026-01-01T00:00:00Z','message':{'role':'assistant','content':'','tool_calls':[{'function':{'name':'f',"
       "'arguments':{}}}]},'done':true,'done_reason':'stop'}",
     "~ 'id':'call_\nchoices.0.message.tool_calls.0.function.arguments = '{}'\nchoices.0.finish_reason = 'tool_calls'"},
    {"a new id at the same index is a new call", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     CALLS(OPENS("0", "a", "'{}'")) CALLS(OPENS("0", "b", "'{}'")) FINISH("tool_calls") DONE, "content.# = 2\ncontent.1.id = 'b'"},
    {"a name repeated with each fragment is one call", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     CALLS(OPENS("0", "a", "'{'")) CALLS(OPENS("0", "a", "'}'")) FINISH("tool_calls") DONE, "content.# = 1\ncontent.0.input = {}"},
    {"arguments in fragments are the arguments at once", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     CALLS(OPENS("0", "a", "''")) CALLS(MORE("0", "'{\\'x\\''")) CALLS(MORE("0", "':1}'")) FINISH("tool_calls") DONE, "content.0.input = {'x':1}"},
    {"a call without arguments has none of Anthropic's deltas", STREAM, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     BEGIN OPEN("0", USE("a")) CLOSE("0") END("tool_use"), "choices.0.message.tool_calls.0.function.arguments = '{}'"},
    {"a call with null arguments has empty ones", REPLY, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     MESSAGE("'content':null,'tool_calls':[{'id':'a','type':'function','function':{'name':'f','arguments':null}}]", "tool_calls"),
     "content.# = 1\ncontent.0.input = {}"},
    {"a stop with calls is an end by calls", REPLY, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     MESSAGE("'content':null,'tool_calls':[{'id':'a','type':'function','function':{'name':'f','arguments':'{}'}}]", "stop"), "stop_reason = 'tool_use'"},
    {"an end by calls without a call is a stop", REPLY, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL, MESSAGE("'content':'a'", "tool_calls"), "stop_reason = 'end_turn'"},
    {"numbers in streamed arguments stay as written", STREAM, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     BEGIN OPEN("0", USE("a")) ARGS("0", "{\\'x\\':1.0,") ARGS("0", "\\'y\\':1e400}") CLOSE("0") END("tool_use"),
     "choices.0.message.tool_calls.0.function.arguments = '{\\'x\\':1.0,\\'y\\':1e400}'"},
    {"fragments cut inside of an escape are passed as they are", STREAM, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     BEGIN OPEN("0", USE("a")) ARGS("0", "{\\'x\\':\\'\\\\ud83d") ARGS("0", "\\\\ude80\\'}") CLOSE("0") END("tool_use"),
     "choices.0.message.tool_calls.0.function.arguments = '{\\'x\\':\\'\\\\ud83d\\\\ude80\\'}'"},
    {"calls that take turns reach Anthropic one after the other", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     CALLS(OPENS("0", "a", "'{\\'x'")) CALLS(OPENS("1", "b", "'{\\'y'")) CALLS(MORE("0", "'\\':1}'")) CALLS(MORE("1", "'\\':2}'")) FINISH("tool_calls") DONE,
     "content.0.input = {'x':1}\ncontent.1.input = {'y':2}"},
    {"a text behind a call is a block of its own", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     CALLS(OPENS("0", "a", "'{}'")) DELTA("'content':'t'") FINISH("tool_calls") DONE, "content.# = 2\nstop_reason = 'tool_use'"},
    {"a tool of free text gets its text back", STREAM, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     BEGIN OPEN("0", USE("a")) ARGS("0", "{\\'input\\':\\'he") ARGS("0", "llo\\'}") CLOSE("0") END("tool_use"),
     "choices.0.message.tool_calls.0.custom.input = 'hello'",
     "{'model':'m','tools':[{'type':'custom','custom':{'name':'f'}}],'messages':[{'role':'user','content':'q'}]}"},
    {"a call of functions of old comes back as one", REPLY, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     ANSWER("{'type':'tool_use','id':'a','name':'f','input':{}}", "tool_use"),
     "choices.0.message.function_call.name = 'f'\nchoices.0.finish_reason = 'function_call'",
     "{'model':'m','functions':[{'name':'f'}],'messages':[{'role':'user','content':'q'}]}"},
    {"blocks whose indices begin at 1 are numbered from 0", STREAM, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     BEGIN OPEN("1", USE("a")) ARGS("1", "{}") CLOSE("1") END("tool_use"), "~ 'tool_calls':[{'index':0\n^ 'index':1\nchoices.0.message.tool_calls.# = 1"},
    {"parallel calls of one name get ids of their own", STREAM, DIALECT_GEMINI, DIALECT_CHAT, NULL,
     CANDIDATE(GEMINI_CALL, "") CANDIDATE(GEMINI_CALL, STOPPED),
     "choices.0.message.tool_calls.0.id = 'call_b646a9d77f69aefeb57e5263'\nchoices.0.message.tool_calls.1.id = 'call_b58f45d72ba24795286cd5ea'"},
    {"calls of a server that gives no ids get ids of their own", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     CALLS("{'index':0,'type':'function','function':{'name':'f','arguments':'{}'}}") CALLS("{'index':1,'type':'function','function':{'name':'f','arguments':'{}'}}")
       FINISH("tool_calls") DONE, "content.0.id = 'call_ea7d53c6cc9fbee7440629ca'\ncontent.1.id = 'call_adb412417f7e4152e0dc408a'"},
    {"calls of a server that gives neither ids nor indices are two by their names", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     CALLS("{'type':'function','function':{'name':'f','arguments':'{}'}}") CALLS("{'type':'function','function':{'name':'f','arguments':'{\\'a\\':1}'}}")
       FINISH("tool_calls") DONE, "content.# = 2\ncontent.0.input = {}\ncontent.1.input = {'a':1}"},
    {"a call without the member of its arguments has empty ones", REPLY, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     MESSAGE("'content':null,'tool_calls':[{'id':'a','type':'function','function':{'name':'f'}}]", "tool_calls"), "content.0.input = {}"},
    {"null for Cohere's arguments are empty ones", REPLY, DIALECT_COHERE, DIALECT_CHAT, NULL,
     "{'id':'x','finish_reason':'TOOL_CALL','message':{'role':'assistant','tool_calls':[{'id':'a','type':'function','function':{'name':'f','arguments':null}}]}}",
     "choices.0.message.tool_calls.0.function.arguments = '{}'"},
    {"a call of Cohere's without deltas has empty arguments", STREAM, DIALECT_COHERE, DIALECT_CHAT, NULL,
     "{'type':'message-start','id':'x','delta':{'message':{'role':'assistant'}}}\n"
     "{'type':'tool-call-start','index':0,'delta':{'message':{'tool_calls':{'id':'a','type':'function','function':{'name':'f','arguments':''}}}}}\n"
     "{'type':'tool-call-end','index':0}\n{'type':'message-end','delta':{'finish_reason':'TOOL_CALL','usage':{}}}\n",
     "choices.0.message.tool_calls.0.function.arguments = '{}'\nchoices.0.finish_reason = 'tool_calls'"},
    {"arguments cut off by the limit are closed where they end", REPLY, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     MESSAGE("'content':null,'tool_calls':[{'id':'a','type':'function','function':{'name':'f','arguments':'{\\'x\\':1,\\'y\\': '}}]", "length"),
     "stop_reason = 'max_tokens'\ncontent.0.input = {'x':1}"},
    {"arguments cut off are kept as text in Bedrock's object", REPLY, DIALECT_CHAT, DIALECT_BEDROCK, NULL,
     MESSAGE("'content':null,'tool_calls':[{'id':'a','type':'function','function':{'name':'f','arguments':'{\\'x\\': '}}]", "length"),
     "stopReason = 'max_tokens'\noutput.message.content.0.toolUse.input = {'_raw_arguments':'{\\'x\\': '}"},
    {"arguments cut off are kept as text in Ollama's object", STREAM, DIALECT_CHAT, DIALECT_OLLAMA, NULL,
     CALLS(OPENS("0", "a", "'{\\'x\\''")) FINISH("length") DONE, "message.tool_calls.0.function.arguments = {'_raw_arguments':'{\\'x\\''}\ndone_reason = 'length'"},
    {"arguments cut off are kept as text in Gemini's object", STREAM, DIALECT_CHAT, DIALECT_GEMINI, NULL,
     CALLS(OPENS("0", "a", "'{\\'x\\''")) FINISH("length") DONE,
     "candidates.0.content.parts.0.functionCall.args = {'_raw_arguments':'{\\'x\\''}\ncandidates.0.finishReason = 'MAX_TOKENS'"},
    {"arguments cut off stream as they are where they are text", STREAM, DIALECT_CHAT, DIALECT_RESPONSES, NULL,
     CALLS(OPENS("0", "a", "'{\\'x\\''")) FINISH("length") DONE, "status = 'incomplete'\noutput.0.arguments = '{\\'x\\''"},
    {"a name that was fitted is the client's again", STREAM, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     BEGIN OPEN("0", "'type':'tool_use','id':'t','name':'a_b_c6f6f6be','input':{}") CLOSE("0") END("tool_use"),
     "choices.0.message.tool_calls.0.function.name = 'a.b'\n^ a_b", DOTTED},
    {"a name that was fitted is the client's again in a whole answer", REPLY, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     ANSWER("{'type':'tool_use','id':'a','name':'a_b_c6f6f6be','input':{}}", "tool_use"), "choices.0.message.tool_calls.0.function.name = 'a.b'\n^ a_b", DOTTED},
    {"a name that only looks fitted stays", REPLY, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     ANSWER("{'type':'tool_use','id':'a','name':'a_b_00000000','input':{}}", "tool_use"), "choices.0.message.tool_calls.0.function.name = 'a_b_00000000'", DOTTED},
    {"a wrapper of parallel calls is passed on as a call", REPLY, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     MESSAGE("'content':null,'tool_calls':[{'id':'a','type':'function','function':{'name':'multi_tool_use.parallel','arguments':'{\\'tool_uses\\':[]}'}}]", "tool_calls"),
     "content.0.name = 'multi_tool_use.parallel'\ncontent.0.input = {'tool_uses':[]}"},
    {"a free text is put together though it was cut inside of its escapes", STREAM, DIALECT_ANTHROPIC, DIALECT_RESPONSES, NULL,
     BEGIN OPEN("0", USE("a")) ARGS("0", "{\\'inp") ARGS("0", "ut\\': \\'a\\\\") ARGS("0", "n\\\\u00") ARGS("0", "e9\\\\ud83d") ARGS("0", "\\\\ude80\\'}")
       CLOSE("0") END("tool_use"), "output.0.type = 'custom_tool_call'\noutput.0.input = 'a\\n\xc3\xa9\xf0\x9f\x9a\x80'",
     "{'model':'m','tools':[{'type':'custom','name':'f'}],'input':'q'}"},
    {"a function call of old in fragments is a call", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     DELTA("'function_call':{'name':'f','arguments':''}") DELTA("'function_call':{'arguments':'{\\'a\\''}") DELTA("'function_call':{'arguments':':1}'}")
       FINISH("function_call") DONE, "content.# = 1\ncontent.0.input = {'a':1}\nstop_reason = 'tool_use'"},
};

static const struct translation_case streams[] = {
    {"halves of a pair in two deltas are one character", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     DELTA("'content':'\\ud83d'") DELTA("'content':'\\ude80'") FINISH("stop") DONE, "content.0.text = '\xf0\x9f\x9a\x80'"},
    {"a half that stays alone is not passed on", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     DELTA("'content':'a\\ud83d'") FINISH("stop") DONE, "content.0.text = 'a'\n^ \\ud83d"},
    {"an end mark that comes twice is one end", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     DELTA("'content':'a'") FINISH("stop") DONE DONE "junk\n", "content.0.text = 'a'"},
    {"a stream without an end is cut, not ended", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     DELTA("'content':'a'"), "! PROVIDER_TRUNCATED\n^ message_stop"},
    {"a stream of Anthropic's without an end is cut, not ended", STREAM, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     BEGIN OPEN("0", "'type':'text','text':''") TEXT("0", "t") CLOSE("0"), "! PROVIDER_TRUNCATED\n^ [DONE]\n^ 'stop'"},
    {"a stream of Gemini's without a reason is cut, not ended", STREAM, DIALECT_GEMINI, DIALECT_CHAT, NULL,
     CANDIDATE("{'text':'a'}", ""), "! PROVIDER_TRUNCATED\n^ [DONE]"},
    {"a stream of Bedrock's without an end is cut, not ended", STREAM, DIALECT_BEDROCK, DIALECT_CHAT, NULL,
     AWS("@contentBlockDelta {'contentBlockIndex':0,'delta':{'text':'a'}}\n"), "! PROVIDER_TRUNCATED\n^ [DONE]"},
    {"a stream of Cohere's without an end is cut, not ended", STREAM, DIALECT_COHERE, DIALECT_CHAT, NULL,
     "{'type':'message-start','id':'x','delta':{'message':{'role':'assistant'}}}\n", "! PROVIDER_TRUNCATED\n^ [DONE]"},
    {"a stream of Ollama's without an end is cut, not ended", STREAM, DIALECT_OLLAMA, DIALECT_CHAT, NULL,
     "{'model':'m','created_at':'2026-01-01T00:00:00Z','message':{'role':'assistant','content':'a'},'done':false}\n", "! PROVIDER_TRUNCATED\n^ [DONE]"},
    {"usage is the last that was said, not a sum", STREAM, DIALECT_GEMINI, DIALECT_ANTHROPIC, NULL,
     "{'candidates':[{'content':{'role':'model','parts':[{'text':'a'}]},'index':0}],'usageMetadata':{'promptTokenCount':5,'candidatesTokenCount':1,'totalTokenCount':6}}\n"
     "{'candidates':[{'content':{'role':'model','parts':[{'text':'b'}]},'finishReason':'STOP','index':0}],'usageMetadata':{'promptTokenCount':5,'candidatesTokenCount':2,'totalTokenCount':7}}\n",
     "usage.input_tokens = 5\nusage.output_tokens = 2"},
    {"usage that comes behind the end of the message counts", STREAM, DIALECT_BEDROCK, DIALECT_ANTHROPIC, NULL,
     AWS("@contentBlockDelta {'contentBlockIndex':0,'delta':{'text':'a'}}\n@contentBlockStop {'contentBlockIndex':0}\n"
       "@messageStop {'stopReason':'end_turn'}\n@metadata {'usage':{'inputTokens':7,'outputTokens':3,'totalTokens':10}}\n"),
     "usage.input_tokens = 7\nusage.output_tokens = 3"},
    {"a chunk without choices and ids fixes neither", STREAM, DIALECT_CHAT, DIALECT_CHAT, NULL,
     "{'id':'','object':'','created':0,'model':'','prompt_filter_results':[],'choices':[]}\n" DELTA("'role':'assistant','content':'a'") FINISH("stop") DONE,
     "id = 'c'\nchoices.0.message.content = 'a'"},
    {"a role in every delta is one message", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     DELTA("'role':'assistant','content':'a'") DELTA("'role':'assistant','content':'b'") FINISH("stop") DONE, "content.# = 1\ncontent.0.text = 'ab'"},
    {"an error in the middle ends the stream, in the client's words", STREAM, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     BEGIN OPEN("0", "'type':'text','text':''") TEXT("0", "t") "{'type':'error','error':{'type':'overloaded_error','message':'busy'}}\n",
     "~ 'error':{\n~ busy\n^ [DONE]"},
    {"an error of OpenAI's in the middle is Anthropic's error", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     DELTA("'content':'a'") "{'error':{'message':'busy','type':'server_error'}}\n", "~ event: error\n~ busy\n^ message_stop"},
    {"an error of Gemini's in the middle is OpenAI's error", STREAM, DIALECT_GEMINI, DIALECT_CHAT, NULL,
     CANDIDATE("{'text':'a'}", "") "{'error':{'code':503,'message':'busy','status':'UNAVAILABLE'}}\n", "~ 'error':{\n~ busy\n^ [DONE]"},
    {"an exception of Bedrock's in the middle is OpenAI's error", STREAM, DIALECT_BEDROCK, DIALECT_CHAT, NULL,
     AWS("@contentBlockDelta {'contentBlockIndex':0,'delta':{'text':'a'}}\n@throttlingException {'message':'busy'}\n"), "~ 'error':{\n~ busy\n^ [DONE]"},
    {"an error of Ollama's in the middle is OpenAI's error", STREAM, DIALECT_OLLAMA, DIALECT_CHAT, NULL,
     "{'model':'m','created_at':'2026-01-01T00:00:00Z','message':{'role':'assistant','content':'a'},'done':false}\n{'error':'busy'}\n", "~ 'error':{\n~ busy\n^ [DONE]"},
    {"a failed response is OpenAI's error", STREAM, DIALECT_RESPONSES, DIALECT_CHAT, NULL,
     "{'type':'response.created','sequence_number':0,'response':{'id':'r','object':'response','model':'m','status':'in_progress','output':[]}}\n"
     "{'type':'response.failed','sequence_number':1,'response':{'id':'r','object':'response','model':'m','status':'failed','output':[],'error':{'code':'server_error','message':'busy'}}}\n",
     "~ 'error':{\n~ busy\n^ [DONE]"},
    {"a ping before anything else is no start", STREAM, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     "{'type':'ping'}\n" BEGIN OPEN("0", "'type':'text','text':''") TEXT("0", "t") CLOSE("0") END("end_turn"), "choices.0.message.content = 't'"},
    {"a message that starts twice is one message", STREAM, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     BEGIN BEGIN OPEN("0", "'type':'text','text':''") TEXT("0", "t") CLOSE("0") END("end_turn"), "choices.0.message.content = 't'"},
    {"a delta of a block that nobody opened opens one or is none", STREAM, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     BEGIN TEXT("7", "x") OPEN("0", "'type':'text','text':''") TEXT("0", "t") CLOSE("0") END("end_turn"), "choices.0.finish_reason = 'stop'"},
    {"a block of an unknown type keeps the others in their places", STREAM, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     BEGIN OPEN("0", "'type':'server_tool_use','id':'s','name':'web_search','input':{}") CLOSE("0") OPEN("1", "'type':'text','text':''") TEXT("1", "t")
       CLOSE("1") OPEN("2", USE("a")) CLOSE("2") END("tool_use"), "choices.0.message.content = 't'\nchoices.0.message.tool_calls.# = 1"},
    {"sequence numbers have no gaps", STREAM, DIALECT_CHAT, DIALECT_RESPONSES, NULL,
     DELTA("'content':'a'") FINISH("stop") DONE, "~ 'sequence_number':0\n~ 'sequence_number':1\n~ 'sequence_number':7\nstatus = 'completed'\noutput.0.content.0.text = 'a'"},
    {"an answer cut by the limit is an incomplete response", STREAM, DIALECT_CHAT, DIALECT_RESPONSES, NULL,
     DELTA("'content':'a'") FINISH("length") DONE, "status = 'incomplete'\nincomplete_details.reason = 'max_output_tokens'"},
    {"a thought, a text and a thought again are three blocks", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     DELTA("'reasoning_content':'r1'") DELTA("'content':'t'") DELTA("'reasoning_content':'r2'") FINISH("stop") DONE, "content.# = 3\ncontent.1.text = 't'"},
    {"a thought and a text in one delta are two blocks", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     DELTA("'reasoning_content':'r','content':'t'") FINISH("stop") DONE, "content.# = 2\ncontent.0.thinking = 'r'\ncontent.1.text = 't'"},
    {"content as a list of parts is its text", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     DELTA("'content':[{'type':'thinking','thinking':[{'type':'text','text':'r'}]},{'type':'text','text':'t'}]") FINISH("stop") DONE, "~ 'text':'t'\n~ 'thinking':'r'"},
    {"answers that take turns keep their indices", STREAM, DIALECT_CHAT, DIALECT_GEMINI, NULL,
     CHUNK("'choices':[{'index':1,'delta':{'content':'b'},'finish_reason':null}]") CHUNK("'choices':[{'index':0,'delta':{'content':'a'},'finish_reason':null}]")
       CHUNK("'choices':[{'index':0,'delta':{},'finish_reason':'stop'}]") CHUNK("'choices':[{'index':1,'delta':{},'finish_reason':'stop'}]") DONE,
     "candidates.0.content.parts.0.text = 'a'\ncandidates.1.content.parts.0.text = 'b'"},
    {"an event that nobody knows is passed over", STREAM, DIALECT_RESPONSES, DIALECT_CHAT, NULL,
     "{'type':'response.created','sequence_number':0,'response':{'id':'r','object':'response','model':'m','status':'in_progress','output':[]}}\n"
     "{'type':'response.sparkle','sequence_number':1}\n{'type':'response.output_text.delta','sequence_number':2,'item_id':'i','output_index':0,'content_index':0,'delta':'t'}\n"
     "{'type':'response.completed','sequence_number':3,'response':{'id':'r','object':'response','model':'m','status':'completed','output':[]}}\n",
     "choices.0.message.content = 't'"},
    {"a text that only its end tells is not lost", STREAM, DIALECT_RESPONSES, DIALECT_CHAT, NULL,
     "{'type':'response.created','sequence_number':0,'response':{'id':'r','object':'response','model':'m','status':'in_progress','output':[]}}\n"
     "{'type':'response.output_item.done','sequence_number':1,'output_index':0,'item':{'id':'i','type':'message','role':'assistant','status':'completed',"
       "'content':[{'type':'output_text','text':'t','annotations':[]}]}}\n"
     "{'type':'response.completed','sequence_number':2,'response':{'id':'r','object':'response','model':'m','status':'completed','output':[]}}\n",
     "choices.0.message.content = 't'"},
    {"a message in the middle that is no JSON is the provider's fault", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     DELTA("'content':'a'") "<html>\n", "! PROVIDER_BODY\n^ message_stop"},
    {"usage in a choice counts", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     DELTA("'content':'a'") CHUNK("'choices':[{'index':0,'delta':{},'finish_reason':'stop','usage':" COUNTS "}]") DONE, "usage.input_tokens = 5\nusage.output_tokens = 3"},
    {"usage in Groq's own member counts", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     DELTA("'content':'a'") CHUNK("'choices':[{'index':0,'delta':{},'finish_reason':'stop'}],'x_groq':{'id':'r','usage':" COUNTS "}") DONE,
     "usage.input_tokens = 5\nusage.output_tokens = 3"},
    {"usage that is null takes nothing back", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     DELTA("'content':'a'") CHUNK("'choices':[],'usage':" COUNTS) CHUNK("'choices':[{'index':0,'delta':{},'finish_reason':'stop'}],'usage':null") DONE,
     "usage.input_tokens = 5\nusage.output_tokens = 3"},
    {"usage at the end counts more than that of the start", STREAM, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     BEGIN OPEN("0", "'type':'text','text':''") TEXT("0", "t") CLOSE("0") "{'type':'message_delta','delta':{'stop_reason':'end_turn'},"
       "'usage':{'input_tokens':30,'cache_read_input_tokens':4,'output_tokens':2}}\n{'type':'message_stop'}\n",
     "usage.prompt_tokens = 34\nusage.completion_tokens = 2\nusage.prompt_tokens_details.cached_tokens = 4\n~ 'usage':null", USAGE_ASKED},
    {"usage is not told when nobody asked for it", STREAM, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     BEGIN OPEN("0", "'type':'text','text':''") TEXT("0", "t") CLOSE("0") END("end_turn"), "^ usage\n~ [DONE]",
     "{'model':'m','stream':true,'messages':[{'role':'user','content':'q'}]}"},
    {"an end mark with space around it is one", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL, DELTA("'content':'a'") FINISH("stop") " [DONE] \n", "content.0.text = 'a'"},
    {"a reason without an end mark is no end", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL, DELTA("'content':'a'") FINISH("stop"), "! PROVIDER_TRUNCATED\n^ message_stop"},
    {"items are told by their place when their ids change or are missing", STREAM, DIALECT_RESPONSES, DIALECT_CHAT, NULL,
     CREATED "{'type':'response.output_item.added','output_index':0,'item':{'id':'i1','type':'message','role':'assistant','status':'in_progress','content':[]}}\n"
     "{'type':'response.output_text.delta','item_id':'i2','output_index':0,'content_index':0,'delta':'t'}\n"
     "{'type':'response.output_text.delta','output_index':0,'content_index':0,'delta':'u'}\n"
     "{'type':'response.output_item.done','output_index':0,'item':{'id':'i3','type':'message','role':'assistant','status':'completed',"
       "'content':[{'type':'output_text','text':'tu','annotations':[]}]}}\n" COMPLETED, "choices.0.message.content = 'tu'\nchoices.# = 1"},
    {"a seal counts as it is at the item's end", STREAM, DIALECT_RESPONSES, DIALECT_RESPONSES, NULL,
     CREATED "{'type':'response.output_item.added','output_index':0,'item':{'id':'rs','type':'reasoning','summary':[],'encrypted_content':'half'}}\n"
     "{'type':'response.output_item.done','output_index':0,'item':{'id':'rs','type':'reasoning','summary':[],'encrypted_content':'whole'}}\n" COMPLETED, "~ whole"},
    {"an answer without a word is no block", STREAM, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL, DELTA("'role':'assistant','content':''") FINISH("stop") DONE, "content = []\nstop_reason = 'end_turn'"},
};

static const struct translation_case replies[] = {
    {"a stop text that is not told is null", REPLY, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL, MESSAGE("'content':'a'", "stop"), "stop_reason = 'end_turn'\nstop_sequence = null"},
    {"a stop text that is told is told", REPLY, DIALECT_ANTHROPIC, DIALECT_BEDROCK, NULL,
     "{'id':'m','type':'message','role':'assistant','model':'m','content':[{'type':'text','text':'a'}],'stop_reason':'stop_sequence','stop_sequence':'x',"
       "'usage':{'input_tokens':1,'output_tokens':2}}", "stopReason = 'stop_sequence'"},
    {"a filtered answer is a refusal", REPLY, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL, MESSAGE("'content':''", "content_filter"), "stop_reason = 'refusal'"},
    {"a filtered answer of Gemini's is filtered for OpenAI", REPLY, DIALECT_GEMINI, DIALECT_CHAT, NULL,
     "{'candidates':[{'finishReason':'SAFETY','index':0}]}", "choices.0.finish_reason = 'content_filter'"},
    {"a prompt that Gemini blocked is filtered, not empty", REPLY, DIALECT_GEMINI, DIALECT_CHAT, NULL,
     "{'promptFeedback':{'blockReason':'SAFETY'}}", "choices.0.finish_reason = 'content_filter'"},
    {"a request's own limit of Gemini 4 is the length", REPLY, DIALECT_GEMINI, DIALECT_CHAT, NULL,
     "{'candidates':[{'content':{'role':'model','parts':[{'text':'a'}]},'finishReason':'CONTINUATION','continuationToken':'t','index':0}]}", "choices.0.finish_reason = 'length'"},
    {"a paused turn is a stop for OpenAI", REPLY, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL, ANSWER("{'type':'text','text':'a'}", "pause_turn"), "choices.0.finish_reason = 'stop'"},
    {"a full window is the length for OpenAI", REPLY, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL, ANSWER("{'type':'text','text':'a'}", "model_context_window_exceeded"), "choices.0.finish_reason = 'length'"},
    {"several texts are one content", REPLY, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL, ANSWER("{'type':'text','text':'a'},{'type':'text','text':'b'}", "end_turn"), "choices.0.message.content = 'ab'"},
    {"cached tokens are part of OpenAI's prompt, and beside Anthropic's input", REPLY, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     "{'id':'m','type':'message','role':'assistant','model':'m','content':[{'type':'text','text':'a'}],'stop_reason':'end_turn',"
       "'usage':{'input_tokens':1,'cache_read_input_tokens':10,'cache_creation_input_tokens':100,'output_tokens':2}}",
     "usage.prompt_tokens = 111\nusage.prompt_tokens_details.cached_tokens = 10"},
    {"the model is the one that the client asked for", REPLY, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL, ANSWER("{'type':'text','text':'a'}", "end_turn"), "model = 'client/model'"},
    {"a float of seconds is a time", REPLY, DIALECT_CHAT, DIALECT_CHAT, NULL,
     "{'id':'c','object':'chat.completion','created':1700000000.25,'model':'m','choices':[{'index':0,'message':{'role':'assistant','content':'a'},'finish_reason':'stop'}]}",
     "choices.0.message.content = 'a'"},
    {"a time in words is a time in seconds", REPLY, DIALECT_OLLAMA, DIALECT_CHAT, NULL,
     "{'model':'m','created_at':'2023-11-14T22:13:20.5Z','message':{'role':'assistant','content':'a'},'done':true,'done_reason':'stop'}", "created = 1700000000"},
    {"an answer without choices is the provider's fault", REPLY, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL, "{}", "! PROVIDER_BODY"},
    {"an answer that is a list is the provider's fault", REPLY, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL, "[]", "! PROVIDER_BODY"},
    {"a page offset in bytes is one in characters", REPLY, DIALECT_GEMINI, DIALECT_CHAT, NULL,
     "{'candidates':[{'content':{'role':'model','parts':[{'text':'\xc3\xa9\xc3\xa9 ab'}]},'finishReason':'STOP','index':0,'groundingMetadata':{'groundingChunks':"
       "[{'web':{'uri':'https://x.example','title':'x'}}],'groundingSupports':[{'segment':{'startIndex':5,'endIndex':7,'text':'ab'},'groundingChunkIndices':[0]}]}}]}",
     "choices.0.message.annotations.0.url_citation.start_index = 3\nchoices.0.message.annotations.0.url_citation.end_index = 5"},
    {"a citation of a block of text is one of its characters", REPLY, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     ANSWER("{'type':'text','text':'\xc3\xa9t\xc3\xa9 ','citations':null},{'type':'text','text':'is hot','citations':[{'type':'web_search_result_location',"
       "'url':'https://x.example','title':'x','cited_text':'c','encrypted_index':'e'}]}", "end_turn"),
     "choices.0.message.content = '\xc3\xa9t\xc3\xa9 is hot'\nchoices.0.message.annotations = [{'type':'url_citation','url_citation':{'start_index':4,'end_index':10,"
       "'url':'https://x.example','title':'x'}}]"},
    {"durations that nobody measured are 0", REPLY, DIALECT_ANTHROPIC, DIALECT_OLLAMA, NULL, ANSWER("{'type':'text','text':'a'}", "end_turn"),
     "total_duration = 0\neval_duration = 0\neval_count = 2\ncreated_at = '2023-11-14T22:13:20.000Z'"},
    {"xAI's thoughts are counted in what came out", REPLY, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     WITH_USAGE("{'prompt_tokens':12,'completion_tokens':1,'total_tokens':303,'completion_tokens_details':{'reasoning_tokens':290}}"),
     "usage.input_tokens = 12\nusage.output_tokens = 291"},
    {"DeepSeek's hits are cached tokens", REPLY, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     WITH_USAGE("{'prompt_tokens':339,'completion_tokens':83,'total_tokens':422,'prompt_cache_hit_tokens':320,'prompt_cache_miss_tokens':19}"),
     "usage.cache_read_input_tokens = 320\nusage.input_tokens = 19\nusage.output_tokens = 83"},
    {"Gemini's thoughts are counted in what came out", REPLY, DIALECT_GEMINI, DIALECT_CHAT, NULL,
     "{'candidates':[{'content':{'role':'model','parts':[{'text':'a'}]},'finishReason':'STOP','index':0}],'usageMetadata':{'promptTokenCount':3520,"
       "'cachedContentTokenCount':3512,'candidatesTokenCount':2,'thoughtsTokenCount':42,'totalTokenCount':3564}}",
     "usage.prompt_tokens = 3520\nusage.prompt_tokens_details.cached_tokens = 3512\nusage.completion_tokens = 44\nusage.completion_tokens_details.reasoning_tokens = 42\nusage.total_tokens = 3564"},
    {"Anthropic's cache, written and read, is in OpenAI's prompt", REPLY, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     "{'id':'m','type':'message','role':'assistant','model':'m','content':[{'type':'text','text':'a'}],'stop_reason':'end_turn',"
       "'usage':{'input_tokens':3,'cache_read_input_tokens':1712,'cache_creation_input_tokens':236,'output_tokens':121}}",
     "usage.prompt_tokens = 1951\nusage.prompt_tokens_details.cached_tokens = 1712\nusage.completion_tokens = 121\nusage.total_tokens = 2072"},
    {"Cohere's tokens are those of the model, not those of the bill", REPLY, DIALECT_COHERE, DIALECT_CHAT, NULL,
     "{'id':'x','finish_reason':'COMPLETE','message':{'role':'assistant','content':[{'type':'text','text':'a'}]},"
       "'usage':{'billed_units':{'input_tokens':7,'output_tokens':89},'tokens':{'input_tokens':69,'output_tokens':89}}}",
     "usage.prompt_tokens = 69\nusage.completion_tokens = 89"},
};
/* clang-format on */

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        run_case(&calls[i]);
    for (size_t i = 0; i < ARRAY_LEN(streams); i++)
        run_case(&streams[i]);
    for (size_t i = 0; i < ARRAY_LEN(replies); i++)
        run_case(&replies[i]);
    return tap_done();
}
