/* Requests in another dialect: the edges where the dialects do not meet.
 *
 * Each case is what one client really sends and what the provider must see of it; see
 * translation_case.h for how both are written. The plain ways are the dialects' own tests. */
#include "llm/translation_case.h"

/* A tool, a call and its result in OpenAI's words, and the same call without a result. */
#define TOOL                                                                                       \
    "'tools':[{'type':'function','function':{'name':'f','parameters':{'type':'object',"            \
    "'properties':{'a':{'type':'integer'}}}}}]"
#define USER "{'role':'user','content':'q'}"

#define CALL(args) "{'id':'call_1','type':'function','function':{'name':'f','arguments':" args "}}"

#define ASKS(args)        "{'role':'assistant','content':null,'tool_calls':[" CALL(args) "]}"
#define RESULT            "{'role':'tool','tool_call_id':'call_1','content':'r'}"
#define BODY(members)     "{'model':'m'," members "}"
#define MESSAGES(list)    "'messages':[" list "]"
#define HISTORY(args)     BODY(TOOL "," MESSAGES(USER "," ASKS(args) "," RESULT))
#define PNG               "iVBORw0KGgo="
#define ANTHROPIC(list)   "{'model':'m','max_tokens':9,'messages':[" list "]}"
#define IMAGE(url)        "{'type':'image_url','image_url':{'url':'" url "'}}"
#define USER_PARTS(parts) "{'role':'user','content':[" parts "]}"
#define LOOK(how)                                                                                  \
    "{'type':'image_url','image_url':{'url':'https://x.example/a.png','detail':'" how "'}}"
#define EMPTY_THOUGHT(seal) "{'type':'thinking','thinking':'','signature':'" seal "'}"
#define LONG                "ididididididididididididididididididididididididididididididididi"
#define LONG_FITTED         "idididididididididididididididididididididididididididi_f694391a"

/* clang-format off */
static const struct translation_case calls[] = {
    {"arguments that are absent are an empty object", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     HISTORY("''"), "messages.1.content.0.input = {}"},
    {"empty arguments are an empty object for Gemini", REQUEST, DIALECT_CHAT, DIALECT_GEMINI, "gemini-2.5-flash",
     HISTORY("''"), "contents.1.parts.0.functionCall.args = {}"},
    {"empty arguments are an empty object for Bedrock", REQUEST, DIALECT_CHAT, DIALECT_BEDROCK, NULL,
     HISTORY("''"), "messages.1.content.0.toolUse.input = {}"},
    {"an empty input is an empty object in text", REQUEST, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     ANTHROPIC(USER ",{'role':'assistant','content':[{'type':'tool_use','id':'t','name':'f','input':{}}]},"
       "{'role':'user','content':[{'type':'tool_result','tool_use_id':'t'}]}"),
     "messages.1.tool_calls.0.function.arguments = '{}'"},
    {"content that is null beside calls leaves no empty text", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     HISTORY("'{}'"), "messages.1.content.# = 1\nmessages.1.content.0.type = 'tool_use'"},
    {"content that is empty beside calls leaves no empty text", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(TOOL "," MESSAGES(USER ",{'role':'assistant','content':'','tool_calls':[" CALL("'{}'") "]}," RESULT)),
     "messages.1.content.# = 1\nmessages.1.content.0.type = 'tool_use'"},
    {"an assistant turn that says nothing is left out", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(MESSAGES(USER ",{'role':'assistant','content':''}," USER)), "^ 'text':''\nmessages.0.role = 'user'"},
    {"numbers in arguments stay as written", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(TOOL "," MESSAGES(USER "," ASKS("'{\\'z\\':1.0,\\'a\\':12345678901234567890123,\\'e\\':1e400}'") "," RESULT)),
     "messages.1.content.0.input = {'z':1.0,'a':12345678901234567890123,'e':1e400}"},
    {"arguments cut off are kept as text", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     HISTORY("'{\\'a\\': 1'"), "messages.1.content.0.input._raw_arguments = '{\\'a\\': 1'"},
    {"arguments cut off are kept as text for Gemini", REQUEST, DIALECT_CHAT, DIALECT_GEMINI, "gemini-2.5-flash",
     HISTORY("'{\\'a\\': 1'"), "contents.1.parts.0.functionCall.args._raw_arguments = '{\\'a\\': 1'"},
    {"arguments that are a list are kept as text", REQUEST, DIALECT_CHAT, DIALECT_BEDROCK, NULL,
     HISTORY("'[1]'"), "messages.1.content.0.toolUse.input._raw_arguments = '[1]'"},
    {"results go behind their calls whatever stands between", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(TOOL "," MESSAGES(USER "," ASKS("'{}'") ",{'role':'user','content':'wait'}," RESULT)),
     "messages.2.role = 'user'\nmessages.2.content.0.type = 'tool_result'\nmessages.2.content.1.text = 'wait'"},
    {"results of several calls come in one turn", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(TOOL "," MESSAGES(USER ",{'role':'assistant','tool_calls':[" CALL("'{}'") ",{'id':'b','type':'function',"
       "'function':{'name':'f','arguments':'{}'}}]},{'role':'tool','tool_call_id':'b','content':'2'}," RESULT)),
     "messages.# = 3\nmessages.2.content.# = 2"},
    {"results of several calls come in one turn for Bedrock", REQUEST, DIALECT_CHAT, DIALECT_BEDROCK, NULL,
     BODY(TOOL "," MESSAGES(USER ",{'role':'assistant','tool_calls':[" CALL("'{}'") ",{'id':'b','type':'function',"
       "'function':{'name':'f','arguments':'{}'}}]},{'role':'tool','tool_call_id':'b','content':'2'}," RESULT)),
     "messages.# = 3\nmessages.2.content.# = 2"},
    {"results of several calls come in one content for Gemini", REQUEST, DIALECT_CHAT, DIALECT_GEMINI, "gemini-2.5-flash",
     BODY(TOOL "," MESSAGES(USER ",{'role':'assistant','tool_calls':[" CALL("'{}'") ",{'id':'b','type':'function',"
       "'function':{'name':'f','arguments':'{}'}}]},{'role':'tool','tool_call_id':'b','content':'2'}," RESULT)),
     "contents.# = 3\ncontents.2.parts.# = 2\ncontents.2.parts.0.functionResponse.name = 'f'"},
    {"a call without a result gets one that failed", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(TOOL "," MESSAGES(USER "," ASKS("'{}'") "," USER)),
     "messages.2.content.0.type = 'tool_result'\nmessages.2.content.0.is_error = true"},
    {"a result without a call does not reach Anthropic as one", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(TOOL "," MESSAGES(USER "," RESULT)), "^ 'tool_result'"},
    {"a result without a call does not reach Bedrock as one", REQUEST, DIALECT_CHAT, DIALECT_BEDROCK, NULL,
     BODY(TOOL "," MESSAGES(USER "," RESULT)), "^ 'toolResult'"},
    {"ids used again in a later turn join in order", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(TOOL "," MESSAGES(USER "," ASKS("'{}'") "," RESULT "," ASKS("'{}'") ",{'role':'tool','tool_call_id':'call_1','content':'s'}")),
     "messages.2.content.0.content = 'r'\nmessages.4.content.0.content = 's'"},
    {"an id with characters of its own is fitted in call and result alike", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(TOOL "," MESSAGES(USER ",{'role':'assistant','tool_calls':[{'id':'f:0|x','type':'function','function':{'name':'f','arguments':'{}'}}]},"
       "{'role':'tool','tool_call_id':'f:0|x','content':'r'}")), "^ f:0|x\nmessages.2.content.0.type = 'tool_result'"},
    {"Gemini's calls without ids are joined by name and order", REQUEST, DIALECT_GEMINI, DIALECT_CHAT, NULL,
     "{'contents':[{'role':'user','parts':[{'text':'q'}]},{'role':'model','parts':[{'functionCall':{'name':'f','args':{}}},"
       "{'functionCall':{'name':'f','args':{}}}]},{'role':'user','parts':[{'functionResponse':{'name':'f','response':{'result':'1'}}},"
       "{'functionResponse':{'name':'f','response':{'result':'2'}}}]}]}",
     "messages.# = 4\nmessages.1.tool_calls.# = 2\nmessages.2.role = 'tool'\nmessages.3.role = 'tool'"},
    {"a result in text is wrapped for Gemini", REQUEST, DIALECT_CHAT, DIALECT_GEMINI, "gemini-2.5-flash",
     HISTORY("'{}'"), "contents.2.parts.0.functionResponse.response = {'result':'r'}"},
    {"a result in JSON text is wrapped for Gemini all the same", REQUEST, DIALECT_CHAT, DIALECT_GEMINI, "gemini-2.5-flash",
     BODY(TOOL "," MESSAGES(USER "," ASKS("'{}'") ",{'role':'tool','tool_call_id':'call_1','content':'{\\'a\\':1}'}")),
     "contents.2.parts.0.functionResponse.response = {'result':'{\\'a\\':1}'}"},
    {"a result that failed says so in text", REQUEST, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     ANTHROPIC(USER ",{'role':'assistant','content':[{'type':'tool_use','id':'t','name':'f','input':{}}]},"
       "{'role':'user','content':[{'type':'tool_result','tool_use_id':'t','is_error':true,'content':'no'}]}"),
     "messages.2.content = 'Error: no'"},
    {"a result without content is an empty text", REQUEST, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     ANTHROPIC(USER ",{'role':'assistant','content':[{'type':'tool_use','id':'t','name':'f','input':{}}]},"
       "{'role':'user','content':[{'type':'tool_result','tool_use_id':'t'}]}"),
     "messages.2.role = 'tool'\nmessages.2.content = ''"},
    {"an image in a result follows in a user message", REQUEST, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     ANTHROPIC(USER ",{'role':'assistant','content':[{'type':'tool_use','id':'t','name':'f','input':{}}]},"
       "{'role':'user','content':[{'type':'tool_result','tool_use_id':'t','content':[{'type':'image','source':{'type':'base64',"
       "'media_type':'image/png','data':'" PNG "'}}]}]}"),
     "messages.2.role = 'tool'\nmessages.3.role = 'user'\n~ data:image/png;base64," PNG},
    {"a history with calls has tools for Bedrock though none are offered", REQUEST, DIALECT_CHAT, DIALECT_BEDROCK, NULL,
     BODY(MESSAGES(USER "," ASKS("'{}'") "," RESULT)), "toolConfig.tools.0.toolSpec.name = 'f'"},
    {"a history with calls has tools for Anthropic though none are offered", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(MESSAGES(USER "," ASKS("'{}'") "," RESULT)), "tools.0.name = 'f'"},
    {"a tool's name is fitted and stays the same in tools, choice and history", REQUEST, DIALECT_CHAT, DIALECT_BEDROCK, NULL,
     BODY("'tools':[{'type':'function','function':{'name':'a.b c','parameters':{'type':'object'}}}],'tool_choice':{'type':'function',"
       "'function':{'name':'a.b c'}}," MESSAGES(USER)), "^ a.b c\n~ 'tool':{'name':'a_b_c"},
    {"a named choice is a tool by name for Anthropic, one call at a time", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(TOOL ",'tool_choice':{'type':'function','function':{'name':'f'}},'parallel_tool_calls':false," MESSAGES(USER)),
     "tool_choice = {'type':'tool','name':'f','disable_parallel_tool_use':true}"},
    {"a forced choice that the model refuses is emulated", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, "claude-opus-5-5",
     BODY(TOOL ",'tool_choice':'required'," MESSAGES(USER)), "^ 'type':'any'\nloss = emulated:tool_choice"},
    {"a wrapper for parallel calls passes as any other call", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(TOOL "," MESSAGES(USER ",{'role':'assistant','tool_calls':[{'id':'p','type':'function','function':{'name':"
       "'multi_tool_use.parallel','arguments':'{\\'tool_uses\\':[]}'}}]},{'role':'tool','tool_call_id':'p','content':'r'}")),
     "messages.1.content.0.input = {'tool_uses':[]}"},
    {"a tool of free text is a function with one text", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY("'tools':[{'type':'custom','custom':{'name':'c'}}]," MESSAGES(USER)), "tools.0.name = 'c'\ntools.0.input_schema.properties.input.type = 'string'"},
    {"functions of old are tools", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY("'functions':[{'name':'f','parameters':{'type':'object'}}],'function_call':{'name':'f'}," MESSAGES(USER
       ",{'role':'assistant','content':null,'function_call':{'name':'f','arguments':'{}'}},{'role':'function','name':'f','content':'r'}")),
     "tools.0.name = 'f'\ntool_choice.name = 'f'\nmessages.1.content.0.type = 'tool_use'\nmessages.2.content.0.type = 'tool_result'"},
    {"ids used again in a later turn become ids of their own for Anthropic", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(TOOL "," MESSAGES(USER "," ASKS("'{}'") "," RESULT "," ASKS("'{}'") ",{'role':'tool','tool_call_id':'call_1','content':'s'}")),
     "messages.2.content.0.tool_use_id = 'call_1'\nmessages.3.content.0.id = 'call_1_3'\nmessages.4.content.0.tool_use_id = 'call_1_3'"},
    {"an id of 65 letters is fitted for Bedrock", REQUEST, DIALECT_CHAT, DIALECT_BEDROCK, NULL,
     BODY(TOOL "," MESSAGES(USER ",{'role':'assistant','tool_calls':[{'id':'" LONG "','type':'function','function':{'name':'f','arguments':'{}'}}]},"
       "{'role':'tool','tool_call_id':'" LONG "','content':'r'}")), "^ " LONG "\nmessages.2.content.0.toolResult.content.0.text = 'r'"},
    {"an id of 65 letters is fitted for OpenAI", REQUEST, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     ANTHROPIC(USER ",{'role':'assistant','content':[{'type':'tool_use','id':'" LONG "','name':'f','input':{}}]},"
       "{'role':'user','content':[{'type':'tool_result','tool_use_id':'" LONG "','content':'r'}]}"),
     "^ " LONG "\nmessages.1.tool_calls.0.id = '" LONG_FITTED "'\nmessages.2.tool_call_id = '" LONG_FITTED "'"},
    {"members named twice in arguments stay", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     HISTORY("'{\\'a\\':1,\\'a\\':2}'"), "messages.1.content.0.input = {'a':1,'a':2}"},
    {"arguments keep the order of their members", REQUEST, DIALECT_CHAT, DIALECT_GEMINI, "gemini-2.5-flash",
     HISTORY("'{\\'z\\':1,\\'a\\':{\\'y\\':1,\\'b\\':2}}'"), "contents.1.parts.0.functionCall.args = {'z':1,'a':{'y':1,'b':2}}"},
    {"results go behind their calls for Bedrock whatever stands between", REQUEST, DIALECT_CHAT, DIALECT_BEDROCK, NULL,
     BODY(TOOL "," MESSAGES(USER "," ASKS("'{}'") ",{'role':'user','content':'wait'}," RESULT)),
     "messages.# = 3\nmessages.2.content.0.toolResult.toolUseId = 'call_1'\nmessages.2.content.1.text = 'wait'"},
    {"results go behind their calls for Gemini whatever stands between", REQUEST, DIALECT_CHAT, DIALECT_GEMINI, "gemini-2.5-flash",
     BODY(TOOL "," MESSAGES(USER "," ASKS("'{}'") ",{'role':'user','content':'wait'}," RESULT)),
     "contents.2.parts.0.functionResponse.name = 'f'\n~ wait"},
    {"a result that failed is an error for Gemini", REQUEST, DIALECT_ANTHROPIC, DIALECT_GEMINI, "gemini-2.5-flash",
     ANTHROPIC(USER ",{'role':'assistant','content':[{'type':'tool_use','id':'t','name':'f','input':{}}]},"
       "{'role':'user','content':[{'type':'tool_result','tool_use_id':'t','is_error':true,'content':'no'}]}"),
     "contents.2.parts.0.functionResponse.response = {'error':'no'}"},
    {"a result that failed has Bedrock's status", REQUEST, DIALECT_ANTHROPIC, DIALECT_BEDROCK, NULL,
     ANTHROPIC(USER ",{'role':'assistant','content':[{'type':'tool_use','id':'t','name':'f','input':{}}]},"
       "{'role':'user','content':[{'type':'tool_result','tool_use_id':'t','is_error':true,'content':'no'}]}"),
     "messages.2.content.0.toolResult.status = 'error'"},
    {"a forced choice beside thoughts, which Anthropic refuses, is emulated", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, "claude-opus-4-5",
     BODY(TOOL ",'tool_choice':{'type':'function','function':{'name':'f'}},'parallel_tool_calls':false,'reasoning_effort':'high'," MESSAGES(USER)),
     "^ 'type':'tool'\nthinking.type = 'enabled'\nloss = emulated:tool_choice"},
    {"names that differ in what is not allowed stay different", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY("'tools':[{'type':'function','function':{'name':'a.b'}},{'type':'function','function':{'name':'a b'}},{'type':'function','function':{'name':'a_b'}}]," MESSAGES(USER)),
     "tools.0.name = 'a_b_c6f6f6be'\ntools.1.name = 'a_b_8149f8e8'\ntools.2.name = 'a_b'"},
    {"a name of 65 letters is fitted for OpenAI", REQUEST, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     "{'model':'m','max_tokens':9,'tools':[{'name':'" LONG "','input_schema':{'type':'object'}}],'messages':[" USER "]}", "tools.0.function.name = '" LONG_FITTED "'"},
    {"a name that begins with a digit is fitted for Gemini", REQUEST, DIALECT_CHAT, DIALECT_GEMINI, "gemini-2.5-flash",
     BODY("'tools':[{'type':'function','function':{'name':'1f'}}]," MESSAGES(USER)), "^ 'name':'1f'\ntools.0.functionDeclarations.# = 1"},
};

static const struct translation_case turns[] = {
    {"leading system texts are the system, a later one stays in its place", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(MESSAGES("{'role':'system','content':'s1'},{'role':'developer','content':'s2'}," USER ",{'role':'assistant','content':'a'},"
       "{'role':'system','content':'mid'}," USER)), "~ s1\n~ s2\nmessages.0.role = 'user'\nmessages.2.role = 'user'\n~ mid"},
    {"a system text in the middle keeps its role where the model takes it", REQUEST, DIALECT_CHAT, DIALECT_CHAT, NULL,
     BODY(MESSAGES(USER ",{'role':'system','content':'mid'}")), "messages.1.role = 'system'"},
    {"a cached system stays in blocks", REQUEST, DIALECT_ANTHROPIC, DIALECT_BEDROCK, "claude-sonnet-4-5",
     "{'model':'m','max_tokens':9,'system':[{'type':'text','text':'a','cache_control':{'type':'ephemeral'}},{'type':'text','text':'b'}],"
       "'messages':[" USER "]}", "system.0.text = 'a'\nsystem.1.cachePoint.type = 'default'\nsystem.2.text = 'b'"},
    {"turns of one role become one turn of several blocks", REQUEST, DIALECT_CHAT, DIALECT_BEDROCK, NULL,
     BODY(MESSAGES("{'role':'user','content':'a'},{'role':'user','content':'b'}")),
     "messages.# = 1\nmessages.0.content.0.text = 'a'\nmessages.0.content.1.text = 'b'"},
    {"turns of one role become one content of several parts", REQUEST, DIALECT_CHAT, DIALECT_GEMINI, "gemini-2.5-flash",
     BODY(MESSAGES("{'role':'user','content':'a'},{'role':'user','content':'b'}")),
     "contents.# = 1\ncontents.0.parts.0.text = 'a'\ncontents.0.parts.1.text = 'b'"},
    {"white space at the end of a prefill is cut off", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, "claude-opus-4-5",
     BODY(MESSAGES(USER ",{'role':'assistant','content':'So:  '}")), "^ 'So:  '\n~ 'So:'"},
    {"a text of nothing but white space does not reach Anthropic", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(MESSAGES(USER_PARTS("{'type':'text','text':'  '},{'type':'text','text':'q'}"))), "^ '  '\n~ 'q'"},
    {"an unknown role is refused by its place", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(MESSAGES("{'role':'wizard','content':'x'}")), "! BAD_REQUEST messages[0].role"},
    {"an unknown part stays in its own dialect", REQUEST, DIALECT_CHAT, DIALECT_CHAT, NULL,
     BODY(MESSAGES(USER_PARTS("{'type':'smell','smell':1}"))), "messages.0.content.0 = {'type':'smell','smell':1}"},
    {"null is the same as absent for another dialect", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY("'temperature':null,'stop':null,'tools':null,'tool_choice':null,'max_tokens':null,'user':null," MESSAGES(USER)),
     "temperature = \nstop_sequences = \ntools = \nloss = "},
    {"null is kept as null in its own dialect", REQUEST, DIALECT_CHAT, DIALECT_CHAT, NULL,
     BODY("'temperature':null,'stop':null," MESSAGES(USER)), "temperature = null\nstop = null"},
    {"an unknown field is dropped, and said", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY("'zeta':1," MESSAGES(USER)), "zeta = \nloss = dropped:zeta"},
    {"a data URL is base64 with its type", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(MESSAGES(USER_PARTS(IMAGE("data:image/png;base64," PNG)))),
     "messages.0.content.0.source = {'type':'base64','media_type':'image/png','data':'" PNG "'}"},
    {"a wrong media type is set right by what the picture is", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(MESSAGES(USER_PARTS(IMAGE("data:image/jpeg;base64," PNG)))), "messages.0.content.0.source.media_type = 'image/png'"},
    {"white space in base64 is taken out", REQUEST, DIALECT_CHAT, DIALECT_GEMINI, "gemini-2.5-flash",
     BODY(MESSAGES(USER_PARTS(IMAGE("data:image/png;base64,iVBOR\\nw0KGgo=")))), "contents.0.parts.0.inlineData.data = '" PNG "'"},
    {"base64 that is none is refused by its place", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(MESSAGES(USER_PARTS(IMAGE("data:image/png;base64,!!!")))), "! BAD_REQUEST messages[0].content[0].image_url.url"},
    {"an image by URL stays a URL for Anthropic", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(MESSAGES(USER_PARTS(IMAGE("https://x.example/a.png")))), "messages.0.content.0.source = {'type':'url','url':'https://x.example/a.png'}"},
    {"a document's name is one that Bedrock takes, and a text stands beside it", REQUEST, DIALECT_ANTHROPIC, DIALECT_BEDROCK, NULL,
     ANTHROPIC(USER_PARTS("{'type':'document','title':'R\\u00e9sum\\u00e9_v2.pdf','source':{'type':'base64','media_type':'application/pdf','data':'JVBERi0='}}")),
     "messages.0.content.0.text = 'Document:'\nmessages.0.content.1.document.format = 'pdf'\n^ .pdf\n^ \xc3\xa9"},
    {"a model's limit stands where Anthropic wants one and none was given", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, "claude-3-5-haiku",
     BODY(MESSAGES(USER)), "max_tokens = 8192"},
    {"the newer of two limits counts", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY("'max_tokens':5,'max_completion_tokens':7," MESSAGES(USER)), "max_tokens = 7"},
    {"a limit written as 100.0 is 100", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY("'max_tokens':100.0," MESSAGES(USER)), "max_tokens = 100"},
    {"a budget of thoughts leaves room for the answer", REQUEST, DIALECT_ANTHROPIC, DIALECT_BEDROCK, "claude-opus-4-5",
     "{'model':'m','max_tokens':2000,'thinking':{'type':'enabled','budget_tokens':1024},'messages':[" USER "]}",
     "inferenceConfig.maxTokens = 2000\n~ 'budget_tokens':1024"},
    {"a temperature above 1 is 1 for Anthropic, and said", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, "claude-3-5-haiku",
     BODY("'temperature':1.5," MESSAGES(USER)), "temperature = 1\nloss = clamped:temperature"},
    {"a temperature of 0 is not an absent one", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, "claude-3-5-haiku",
     BODY("'temperature':0," MESSAGES(USER)), "temperature = 0"},
    {"a temperature that the model refuses is dropped, and said", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, "claude-opus-5-5",
     BODY("'temperature':0.5," MESSAGES(USER)), "temperature = \nloss = dropped:temperature"},
    {"one stop text is a list of one", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, "claude-3-5-haiku",
     BODY("'stop':'x'," MESSAGES(USER)), "stop_sequences = ['x']"},
    {"stop texts of white space do not reach Anthropic", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, "claude-3-5-haiku",
     BODY("'stop':['x',' ']," MESSAGES(USER)), "stop_sequences = ['x']"},
    {"several answers at once cannot be had of Anthropic", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY("'n':2," MESSAGES(USER)), "! BAD_REQUEST n"},
    {"several answers are candidates of Gemini", REQUEST, DIALECT_CHAT, DIALECT_GEMINI, "gemini-2.5-flash",
     BODY("'n':2," MESSAGES(USER)), "generationConfig.candidateCount = 2"},
    {"a thought of another family does not reach Gemini, and is said to be lost", REQUEST, DIALECT_ANTHROPIC, DIALECT_GEMINI, "gemini-2.5-flash",
     ANTHROPIC(USER ",{'role':'assistant','content':[{'type':'thinking','thinking':'secret','signature':'sig1'},{'type':'text','text':'a'}]}," USER),
     "^ secret\n^ sig1\ncontents.1.parts.# = 1\nloss = dropped:messages.reasoning"},
    {"a thought that is only sealed goes to the same family", REQUEST, DIALECT_ANTHROPIC, DIALECT_BEDROCK, "claude-sonnet-4-5",
     ANTHROPIC(USER ",{'role':'assistant','content':[{'type':'redacted_thinking','data':'c2Vj'},{'type':'text','text':'a'}]}," USER),
     "~ redactedContent"},
    {"a thought without a signature does not reach Anthropic", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(MESSAGES(USER ",{'role':'assistant','content':'a','reasoning_content':'secret'}," USER)), "^ secret\n~ 'a'"},
    {"a name on a message is dropped where there is no place, and said", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(MESSAGES("{'role':'user','name':'ann','content':'q'}")), "^ ann\nloss = dropped:messages.name"},
    {"a phase is kept in its own dialect", REQUEST, DIALECT_RESPONSES, DIALECT_RESPONSES, NULL,
     "{'model':'m','input':[{'type':'message','role':'assistant','phase':'commentary','content':[{'type':'output_text','text':'a','annotations':[]}]}]}",
     "input.0.phase = 'commentary'"},
    {"a developer's text is the system where nobody knows developers", REQUEST, DIALECT_CHAT, DIALECT_OLLAMA, NULL,
     BODY(MESSAGES("{'role':'developer','content':'d'}," USER)), "messages.0.role = 'system'\nmessages.0.content = 'd'"},
    {"system texts with marks of a cache stay apart for Anthropic", REQUEST, DIALECT_BEDROCK, DIALECT_ANTHROPIC, "claude-sonnet-4-5",
     "{'system':[{'text':'a'},{'cachePoint':{'type':'default'}},{'text':'b'}],'messages':[{'role':'user','content':[{'text':'q'}]}]}",
     "system.0.text = 'a'\nsystem.0.cache_control.type = 'ephemeral'\nsystem.1 = {'type':'text','text':'b'}"},
    {"a system text in the middle stays in its place for Gemini", REQUEST, DIALECT_CHAT, DIALECT_GEMINI, "gemini-2.5-flash",
     BODY(MESSAGES(USER ",{'role':'assistant','content':'a'},{'role':'system','content':'mid'}," USER)),
     "systemInstruction = \ncontents.1.parts.0.text = 'a'\ncontents.2.role = 'user'\n~ mid"},
    {"turns of one role stay turns in their own dialect", REQUEST, DIALECT_ANTHROPIC, DIALECT_ANTHROPIC, NULL,
     ANTHROPIC("{'role':'user','content':'a'},{'role':'user','content':'b'}"), "messages.# = 2\nmessages.1.content = 'b'"},
    {"turns of one role become one turn of several texts for Anthropic", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(MESSAGES("{'role':'user','content':'a'},{'role':'user','content':'b'}")),
     "messages.# = 1\nmessages.0.content.0.text = 'a'\nmessages.0.content.1.text = 'b'"},
    {"an assistant that speaks first is refused for Anthropic", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(MESSAGES("{'role':'assistant','content':'a'}," USER)), "! BAD_REQUEST messages"},
    {"an assistant that speaks first is refused for Bedrock", REQUEST, DIALECT_CHAT, DIALECT_BEDROCK, NULL,
     BODY(MESSAGES("{'role':'assistant','content':'a'}," USER)), "! BAD_REQUEST messages"},
    {"a system text alone is refused for Anthropic", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(MESSAGES("{'role':'system','content':'a'}")), "! BAD_REQUEST messages"},
    {"a system text alone is refused for Bedrock", REQUEST, DIALECT_CHAT, DIALECT_BEDROCK, NULL,
     BODY(MESSAGES("{'role':'system','content':'a'}")), "! BAD_REQUEST messages"},
    {"a system text alone is what Gemini's user says", REQUEST, DIALECT_CHAT, DIALECT_GEMINI, "gemini-2.5-flash",
     BODY(MESSAGES("{'role':'system','content':'a'}")), "contents.0 = {'role':'user','parts':[{'text':'a'}]}\nloss = emulated:messages.role"},
    {"no messages at all are refused by name", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL, BODY(MESSAGES("")), "! BAD_REQUEST messages"},
    {"a turn without content is left out", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(MESSAGES("{'role':'user','content':[]},{'role':'user','content':''}," USER)), "messages.# = 1\nmessages.0.content = [{'type':'text','text':'q'}]"},
    {"nothing but an empty text is refused for Bedrock", REQUEST, DIALECT_CHAT, DIALECT_BEDROCK, NULL,
     BODY(MESSAGES("{'role':'user','content':''}")), "! BAD_REQUEST messages"},
    {"a user's content that is null is refused by its place", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(MESSAGES("{'role':'user','content':null}," USER)), "! BAD_REQUEST messages[0].content"},
    {"base64 of URLs is plain base64", REQUEST, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     ANTHROPIC(USER_PARTS("{'type':'image','source':{'type':'base64','media_type':'image/png','data':'iVBORw0KGgo-_w'}}")), "~ base64,iVBORw0KGgo+/w=="},
    {"how closely to look goes with the picture", REQUEST, DIALECT_CHAT, DIALECT_RESPONSES, NULL,
     BODY(MESSAGES(USER_PARTS(LOOK("low")))), "input.0.content.0.detail = 'low'\nloss = "},
    {"how closely to look is lost for Anthropic, and said", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(MESSAGES(USER_PARTS(LOOK("low")))), "^ detail\nloss = dropped:messages.content.detail"},
    {"how closely to look is lost for Gemini, and said", REQUEST, DIALECT_RESPONSES, DIALECT_GEMINI, "gemini-2.5-flash",
     "{'model':'m','input':[{'role':'user','content':[{'type':'input_image','detail':'high','image_url':'data:image/png;base64," PNG "'}]}]}",
     "^ detail\nloss = dropped:input.content.detail"},
    {"that nothing is said of how closely to look is no loss", REQUEST, DIALECT_CHAT, DIALECT_BEDROCK, "claude-sonnet-4-5",
     BODY(MESSAGES(USER_PARTS("{'type':'image_url','image_url':{'url':'data:image/png;base64," PNG "','detail':'auto'}}"))), "^ detail\nloss = "},
    {"a limit below zero is refused by name", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL, BODY("'max_tokens':-1," MESSAGES(USER)), "! BAD_REQUEST max_tokens"},
    {"a limit below zero is refused by the name that Bedrock's clients use", REQUEST, DIALECT_BEDROCK, DIALECT_CHAT, NULL,
     "{'inferenceConfig':{'maxTokens':-3},'messages':[{'role':'user','content':[{'text':'q'}]}]}", "! BAD_REQUEST inferenceConfig.maxTokens"},
    {"Ollama's limit below zero is none", REQUEST, DIALECT_OLLAMA, DIALECT_CHAT, NULL,
     "{'model':'m','options':{'num_predict':-1},'messages':[" USER "]}", "^ max_\nloss = "},
    {"a limit with a fraction is refused by name", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL, BODY("'max_tokens':1.5," MESSAGES(USER)), "! BAD_REQUEST max_tokens"},
    {"a limit above all numbers is refused by name", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL, BODY("'max_tokens':1e999," MESSAGES(USER)), "! BAD_REQUEST max_tokens"},
    {"a limit above the model's is the model's, and said", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, "claude-3-5-haiku",
     BODY("'max_tokens':99999999," MESSAGES(USER)), "max_tokens = 8192\nloss = clamped:max_tokens"},
    {"a limit below the budget of thoughts is raised above it, and said", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, "claude-opus-4-1",
     BODY("'max_tokens':1000,'reasoning_effort':'high'," MESSAGES(USER)), "max_tokens = 17384\nthinking.budget_tokens = 16384\nloss = clamped:max_tokens"},
    {"a limit below the budget of thoughts is raised for Bedrock, and said", REQUEST, DIALECT_ANTHROPIC, DIALECT_BEDROCK, "claude-opus-4-1",
     "{'model':'m','max_tokens':1000,'thinking':{'type':'enabled','budget_tokens':5000},'messages':[" USER "]}",
     "inferenceConfig.maxTokens = 6000\n~ 'budget_tokens':5000\nloss = clamped:max_tokens"},
    {"a temperature above 1 is 1 for Bedrock, and said", REQUEST, DIALECT_CHAT, DIALECT_BEDROCK, "claude-3-5-haiku",
     BODY("'temperature':1.5," MESSAGES(USER)), "inferenceConfig.temperature = 1\nloss = clamped:temperature"},
    {"a share of 1 is Cohere's highest, and said", REQUEST, DIALECT_CHAT, DIALECT_COHERE, NULL,
     BODY("'temperature':1.5,'top_p':1," MESSAGES(USER)), "temperature = 1\np = 0.99\nloss = clamped:temperature, clamped:top_p"},
    {"a temperature above all numbers is the highest, and said", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, "claude-3-5-haiku",
     BODY("'temperature':1e999," MESSAGES(USER)), "temperature = 1\nloss = clamped:temperature"},
    {"a fifth stop text is one too many for OpenAI, and said", REQUEST, DIALECT_ANTHROPIC, DIALECT_CHAT, NULL,
     "{'model':'m','max_tokens':9,'stop_sequences':['a','b','c','d','e'],'messages':[" USER "]}", "stop = ['a','b','c','d']\nloss = clamped:stop_sequences"},
    {"a sixth stop text is one too many for Gemini, empty ones do not count", REQUEST, DIALECT_CHAT, DIALECT_GEMINI, "gemini-2.5-flash",
     BODY("'stop':['','a','b','c','d','e','f']," MESSAGES(USER)),
     "generationConfig.stopSequences = ['a','b','c','d','e']\nloss = dropped:stop, clamped:stop"},
    {"an empty stop text does not reach Ollama, which would stop at once", REQUEST, DIALECT_CHAT, DIALECT_OLLAMA, NULL,
     BODY("'stop':''," MESSAGES(USER)), "options.stop = \nloss = dropped:stop"},
    {"an empty stop text does not reach Bedrock", REQUEST, DIALECT_CHAT, DIALECT_BEDROCK, NULL,
     BODY("'stop':['','x']," MESSAGES(USER)), "inferenceConfig.stopSequences = ['x']\nloss = dropped:stop"},
    {"tokens are no stop texts", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL, BODY("'stop':[50256]," MESSAGES(USER)), "! BAD_REQUEST stop"},
    {"Responses know no stop texts, which is said", REQUEST, DIALECT_CHAT, DIALECT_RESPONSES, NULL, BODY("'stop':['a']," MESSAGES(USER)), "stop = \nloss = dropped:stop"},
    {"a begun answer is asked for in words where the model takes none", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, "claude-opus-5-5",
     BODY(MESSAGES(USER ",{'role':'assistant','content':'So'}")), "messages.1.role = 'assistant'\nmessages.2.role = 'user'\nloss = emulated:messages"},
    {"a begun answer is the last turn for Bedrock", REQUEST, DIALECT_CHAT, DIALECT_BEDROCK, "claude-opus-4-1",
     BODY(MESSAGES(USER ",{'role':'assistant','content':'So'}")), "messages.# = 2\nmessages.1 = {'role':'assistant','content':[{'text':'So'}]}\nloss = "},
    {"a begun answer is the last turn for Gemini", REQUEST, DIALECT_CHAT, DIALECT_GEMINI, "gemini-2.5-flash",
     BODY(MESSAGES(USER ",{'role':'assistant','content':'So'}")), "contents.# = 2\ncontents.1 = {'role':'model','parts':[{'text':'So'}]}\nloss = "},
    {"thoughts without text keep their signatures and their order", REQUEST, DIALECT_ANTHROPIC, DIALECT_BEDROCK, "claude-opus-5-5",
     ANTHROPIC(USER ",{'role':'assistant','content':[" EMPTY_THOUGHT("s1") "," EMPTY_THOUGHT("s2") ",{'type':'tool_use','id':'t','name':'f','input':{}}]},"
       "{'role':'user','content':[{'type':'tool_result','tool_use_id':'t'}]}"),
     "messages.1.content.0.reasoningContent.reasoningText = {'text':'','signature':'s1'}\n"
     "messages.1.content.1.reasoningContent.reasoningText.signature = 's2'\nmessages.1.content.2.toolUse.toolUseId = 't'"},
    {"what Anthropic redacted is in base64 once more for Bedrock", REQUEST, DIALECT_ANTHROPIC, DIALECT_BEDROCK, "claude-sonnet-4-5",
     ANTHROPIC(USER ",{'role':'assistant','content':[{'type':'redacted_thinking','data':'c2Vj'},{'type':'text','text':'a'}]}," USER),
     "messages.1.content.0.reasoningContent.redactedContent = 'YzJWag=='"},
    {"what Bedrock redacted is in base64 once less for Anthropic", REQUEST, DIALECT_BEDROCK, DIALECT_ANTHROPIC, "claude-sonnet-4-5",
     "{'messages':[{'role':'user','content':[{'text':'q'}]},{'role':'assistant','content':[{'reasoningContent':{'redactedContent':'YzJWag=='}},{'text':'a'}]},"
       "{'role':'user','content':[{'text':'q'}]}]}", "messages.1.content.0 = {'type':'redacted_thinking','data':'c2Vj'}"},
    {"a phase has no place in chat, which is said", REQUEST, DIALECT_RESPONSES, DIALECT_CHAT, NULL,
     "{'model':'m','input':[{'role':'user','content':'q'},{'type':'message','role':'assistant','phase':'commentary','content':[{'type':'output_text',"
       "'text':'a','annotations':[]}]},{'role':'user','content':'q'}]}", "messages.1.content = 'a'\nloss = dropped:input.phase"},
};

static const struct translation_case edges[] = {
    {"a NUL in text passes as an escape", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(MESSAGES("{'role':'user','content':'a\\u0000b'}")), "messages.0.content.0.text = 'a\\u0000b'"},
    {"a member named twice is refused by name", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY(MESSAGES("{'role':'user','role':'user','content':'x'}")), "! DUPLICATE_MEMBER messages[0].role"},
    {"a list is no request", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL, "[]", "! BAD_REQUEST"},
    {"messages that are no list are refused by name", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY("'messages':{}"), "! BAD_REQUEST messages"},
    {"a temperature in text is refused by name", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY("'temperature':'hot'," MESSAGES(USER)), "! BAD_REQUEST temperature"},
    {"a tool without a name is refused by its place", REQUEST, DIALECT_CHAT, DIALECT_ANTHROPIC, NULL,
     BODY("'tools':[{'type':'function','function':{}}]," MESSAGES(USER)), "! BAD_REQUEST tools[0].function.name"},
};
/* clang-format on */

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        run_case(&calls[i]);
    for (size_t i = 0; i < ARRAY_LEN(turns); i++)
        run_case(&turns[i]);
    for (size_t i = 0; i < ARRAY_LEN(edges); i++)
        run_case(&edges[i]);
    return tap_done();
}
