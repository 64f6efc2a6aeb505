/* Words and counts of every provider, as every client must see them: why an answer ended, and what
 * it cost. A row holds one answer of a provider; each client's word for it stands in a table of its
 * own, so that a word that is mapped wrongly in either direction is seen. */
#include "llm/translation_case.h"

enum ending { STOPPED, SEQUENCE, LIMIT, FILTERED, WINDOW, ENDINGS };

struct client {
    enum dialect_id id;
    const char *path; /* of the word, in a whole answer */
    const char *words[ENDINGS];
};
static const struct client clients[] = {
    {DIALECT_CHAT,
     "choices.0.finish_reason",
     {"stop", "stop", "length", "content_filter", "length"}},
    {DIALECT_RESPONSES,
     "status",
     {"completed", "completed", "incomplete", "incomplete", "incomplete"}},
    {DIALECT_ANTHROPIC,
     "stop_reason",
     {"end_turn", "stop_sequence", "max_tokens", "refusal", "model_context_window_exceeded"}},
    {DIALECT_GEMINI,
     "candidates.0.finishReason",
     {"STOP", "STOP", "MAX_TOKENS", "SAFETY", "MAX_TOKENS"}},
    {DIALECT_BEDROCK,
     "stopReason",
     {"end_turn", "stop_sequence", "max_tokens", "content_filtered",
      "model_context_window_exceeded"}},
    {DIALECT_COHERE,
     "finish_reason",
     {"COMPLETE", "STOP_SEQUENCE", "MAX_TOKENS", "ERROR", "MAX_TOKENS"}},
    {DIALECT_OLLAMA, "done_reason", {"stop", "stop", "length", "stop", "length"}},
};

/* ---- answers that end ---- */

#define CHAT(reason)                                                                               \
    "{'id':'c','object':'chat.completion','created':1,'model':'m','choices':[{'index':0,"          \
    "'message':{'role':'assistant','content':'a'},'finish_reason':'" reason "'}]}"
#define RESPONSES(status, details)                                                                 \
    "{'id':'r','object':'response','model':'m','status':'" status                                  \
    "','incomplete_details':" details                                                              \
    ",'output':[{'type':'message','id':'i','role':'assistant','status':'completed','content':"     \
    "[{'type':'output_text','text':'a','annotations':[]}]}]}"
#define ANTHROPIC(reason)                                                                          \
    "{'id':'m','type':'message','role':'assistant','model':'m','content':[{'type':'text',"         \
    "'text':'a'}],'stop_reason':'" reason "','usage':{'input_tokens':1,'output_tokens':2}}"
#define GEMINI(reason)                                                                             \
    "{'candidates':[{'content':{'role':'model','parts':[{'text':'a'}]},'index':0,"                 \
    "'finishReason':'" reason "'}]}"
#define BEDROCK(reason)                                                                            \
    "{'output':{'message':{'role':'assistant','content':[{'text':'a'}]}},'stopReason':'" reason    \
    "','usage':{'inputTokens':1,'outputTokens':2,'totalTokens':3},'metrics':{'latencyMs':1}}"
#define COHERE(reason)                                                                             \
    "{'id':'c','finish_reason':'" reason "','message':{'role':'assistant','content':[{'type':"     \
    "'text','text':'a'}]}}"
#define OLLAMA(reason)                                                                             \
    "{'model':'m','created_at':'2026-01-01T00:00:00Z','message':{'role':'assistant','content':"    \
    "'a'},'done':true,'done_reason':'" reason "'}"

static const struct {
    const char *word;
    enum dialect_id from;
    enum ending ending;
    const char *answer;
} endings[] = {
    {"stop", DIALECT_CHAT, STOPPED, CHAT("stop")},
    {"length", DIALECT_CHAT, LIMIT, CHAT("length")},
    {"content_filter", DIALECT_CHAT, FILTERED, CHAT("content_filter")},
    {"completed", DIALECT_RESPONSES, STOPPED, RESPONSES("completed", "null")},
    {"max_output_tokens", DIALECT_RESPONSES, LIMIT,
     RESPONSES("incomplete", "{'reason':'max_output_tokens'}")},
    {"content_filter", DIALECT_RESPONSES, FILTERED,
     RESPONSES("incomplete", "{'reason':'content_filter'}")},
    {"end_turn", DIALECT_ANTHROPIC, STOPPED, ANTHROPIC("end_turn")},
    {"stop_sequence", DIALECT_ANTHROPIC, SEQUENCE, ANTHROPIC("stop_sequence")},
    {"max_tokens", DIALECT_ANTHROPIC, LIMIT, ANTHROPIC("max_tokens")},
    {"model_context_window_exceeded", DIALECT_ANTHROPIC, WINDOW,
     ANTHROPIC("model_context_window_exceeded")},
    {"STOP", DIALECT_GEMINI, STOPPED, GEMINI("STOP")},
    {"MAX_TOKENS", DIALECT_GEMINI, LIMIT, GEMINI("MAX_TOKENS")},
    {"SAFETY", DIALECT_GEMINI, FILTERED, GEMINI("SAFETY")},
    {"RECITATION", DIALECT_GEMINI, FILTERED, GEMINI("RECITATION")},
    {"BLOCKLIST", DIALECT_GEMINI, FILTERED, GEMINI("BLOCKLIST")},
    {"PROHIBITED_CONTENT", DIALECT_GEMINI, FILTERED, GEMINI("PROHIBITED_CONTENT")},
    {"SPII", DIALECT_GEMINI, FILTERED, GEMINI("SPII")},
    {"end_turn", DIALECT_BEDROCK, STOPPED, BEDROCK("end_turn")},
    {"stop_sequence", DIALECT_BEDROCK, SEQUENCE, BEDROCK("stop_sequence")},
    {"max_tokens", DIALECT_BEDROCK, LIMIT, BEDROCK("max_tokens")},
    {"content_filtered", DIALECT_BEDROCK, FILTERED, BEDROCK("content_filtered")},
    {"guardrail_intervened", DIALECT_BEDROCK, FILTERED, BEDROCK("guardrail_intervened")},
    {"model_context_window_exceeded", DIALECT_BEDROCK, WINDOW,
     BEDROCK("model_context_window_exceeded")},
    {"COMPLETE", DIALECT_COHERE, STOPPED, COHERE("COMPLETE")},
    {"STOP_SEQUENCE", DIALECT_COHERE, SEQUENCE, COHERE("STOP_SEQUENCE")},
    {"MAX_TOKENS", DIALECT_COHERE, LIMIT, COHERE("MAX_TOKENS")},
    {"stop", DIALECT_OLLAMA, STOPPED, OLLAMA("stop")},
    {"length", DIALECT_OLLAMA, LIMIT, OLLAMA("length")},
};

/* ---- what it cost ---- */

enum count { INPUT, CACHED, WRITTEN, OUTPUT, THOUGHT, TOTAL, COUNTS };

static const struct counting {
    enum dialect_id id;
    const char *paths[COUNTS]; /* NULL: no word for it */
} counting[] = {
    {DIALECT_CHAT,
     {"usage.prompt_tokens", "usage.prompt_tokens_details.cached_tokens",
      "usage.prompt_tokens_details.cache_write_tokens", "usage.completion_tokens",
      "usage.completion_tokens_details.reasoning_tokens", "usage.total_tokens"}},
    {DIALECT_RESPONSES,
     {"usage.input_tokens", "usage.input_tokens_details.cached_tokens",
      "usage.input_tokens_details.cache_write_tokens", "usage.output_tokens",
      "usage.output_tokens_details.reasoning_tokens", "usage.total_tokens"}},
    {DIALECT_GEMINI,
     {"usageMetadata.promptTokenCount", "usageMetadata.cachedContentTokenCount", NULL, NULL,
      "usageMetadata.thoughtsTokenCount", "usageMetadata.totalTokenCount"}},
    {DIALECT_BEDROCK,
     {NULL, "usage.cacheReadInputTokens", "usage.cacheWriteInputTokens", "usage.outputTokens", NULL,
      "usage.totalTokens"}},
    {DIALECT_ANTHROPIC,
     {NULL, "usage.cache_read_input_tokens", "usage.cache_creation_input_tokens",
      "usage.output_tokens", "usage.output_tokens_details.thinking_tokens", NULL}},
    {DIALECT_COHERE,
     {"usage.tokens.input_tokens", "usage.cached_tokens", NULL, "usage.tokens.output_tokens",
      "usage.tokens.reasoning_tokens", NULL}},
    {DIALECT_OLLAMA, {"prompt_eval_count", NULL, NULL, "eval_count", NULL, NULL}},
};

/* 70 tokens go in, 40 of them cached and 10 written to the cache; 30 come out, 20 of them thoughts.
 * What a provider has no word for is not there. */
#define PUT(body, usage) "{" body ",'usage':" usage "}"
static const struct {
    enum dialect_id from;
    const char *answer;
    int64_t counts[COUNTS]; /* -1: nothing is said */
} costs[] = {
    {DIALECT_CHAT,
     PUT("'id':'c','object':'chat.completion','created':1,'model':'m','choices':[{'index':0,"
         "'message':{'role':'assistant','content':'a'},'finish_reason':'stop'}]",
         "{'prompt_tokens':70,'completion_tokens':30,'total_tokens':100,'prompt_tokens_details':"
         "{'cached_tokens':40,'cache_write_tokens':10},'completion_tokens_details':"
         "{'reasoning_tokens':20}}"),
     {70, 40, 10, 30, 20, 100}},
    {DIALECT_CHAT, /* Moonshot's */
     PUT("'id':'c','object':'chat.completion','created':1,'model':'m','choices':[{'index':0,"
         "'message':{'role':'assistant','content':'a'},'finish_reason':'stop'}]",
         "{'prompt_tokens':70,'completion_tokens':30,'total_tokens':100,'cached_tokens':40}"),
     {70, 40, -1, 30, -1, 100}},
    {DIALECT_RESPONSES,
     PUT("'id':'r','object':'response','model':'m','status':'completed','output':[{'type':"
         "'message','id':'i','role':'assistant','status':'completed','content':[{'type':"
         "'output_text','text':'a','annotations':[]}]}]",
         "{'input_tokens':70,'input_tokens_details':{'cached_tokens':40,'cache_write_tokens':10},"
         "'output_tokens':30,'output_tokens_details':{'reasoning_tokens':20},'total_tokens':100}"),
     {70, 40, 10, 30, 20, 100}},
    {DIALECT_ANTHROPIC,
     PUT("'id':'m','type':'message','role':'assistant','model':'m','content':[{'type':'text',"
         "'text':'a'}],'stop_reason':'end_turn'",
         "{'input_tokens':20,'cache_read_input_tokens':40,'cache_creation_input_tokens':10,"
         "'output_tokens':30,'output_tokens_details':{'thinking_tokens':20}}"),
     {70, 40, 10, 30, 20, 100}},
    {DIALECT_GEMINI,
     "{'candidates':[{'content':{'role':'model','parts':[{'text':'a'}]},'finishReason':'STOP',"
     "'index':0}],'usageMetadata':{'promptTokenCount':70,'cachedContentTokenCount':40,"
     "'candidatesTokenCount':10,'thoughtsTokenCount':20,'totalTokenCount':100}}",
     {70, 40, -1, 30, 20, 100}},
    {DIALECT_BEDROCK,
     PUT("'output':{'message':{'role':'assistant','content':[{'text':'a'}]}},'stopReason':"
         "'end_turn','metrics':{'latencyMs':1}",
         "{'inputTokens':20,'outputTokens':30,'totalTokens':100,'cacheReadInputTokens':40,"
         "'cacheWriteInputTokens':10}"),
     {70, 40, 10, 30, -1, 100}},
    {DIALECT_COHERE,
     PUT("'id':'c','finish_reason':'COMPLETE','message':{'role':'assistant','content':[{'type':"
         "'text','text':'a'}]}",
         "{'billed_units':{'input_tokens':1,'output_tokens':2},'tokens':{'input_tokens':70,"
         "'output_tokens':30,'reasoning_tokens':20},'cached_tokens':40}"),
     {70, 40, -1, 30, 20, 100}},
    {DIALECT_OLLAMA,
     "{'model':'m','created_at':'2026-01-01T00:00:00Z','message':{'role':'assistant','content':"
     "'a'},'done':true,'done_reason':'stop','prompt_eval_count':70,'eval_count':30}",
     {70, -1, -1, 30, -1, 100}},
};

/* ---- */

static void run(const char *what, enum dialect_id from, enum dialect_id to, const char *answer,
                struct buf *want)
{
    struct buf name;
    buf_init(&name, 1024);
    buf_printf(&name, STR_FMT "'s %s for " STR_FMT "%c", STR_ARG(dialect_get(from)->name), what,
               STR_ARG(dialect_get(to)->name), 0);
    buf_put_char(want, '\0');
    struct translation_case k = {
        .name = name.p, .kind = REPLY, .from = from, .to = to, .in = answer, .want = want->p};
    run_case(&k);
    buf_fini(&name);
}

static void check_endings(void)
{
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        for (size_t c = 0; c < ARRAY_LEN(clients); c++) {
            if (clients[c].id == endings[i].from)
                continue;
            struct buf want;
            buf_init(&want, 1024);
            buf_printf(&want, "%s = '%s'", clients[c].path, clients[c].words[endings[i].ending]);
            run(endings[i].word, endings[i].from, clients[c].id, endings[i].answer, &want);
            buf_fini(&want);
        }
    }
}

static void check_costs(void)
{
    for (size_t i = 0; i < ARRAY_LEN(costs); i++) {
        for (size_t c = 0; c < ARRAY_LEN(counting); c++) {
            struct buf want;
            buf_init(&want, 1024);
            for (size_t n = 0; n < COUNTS; n++) {
                if (counting[c].paths[n] && costs[i].counts[n] >= 0)
                    buf_printf(&want, "%s%s = %d", want.n > 0 ? "\n" : "", counting[c].paths[n],
                               (int)costs[i].counts[n]);
            }
            run("counts", costs[i].from, counting[c].id, costs[i].answer, &want);
            buf_fini(&want);
        }
    }
}

int main(void)
{
    check_endings();
    check_costs();
    return tap_done();
}
