/* What a recorded answer says, found in its JSON the plain way that a provider's own SDK goes, with
 * none of the code that is tested: the text and the thoughts, the names and arguments of the calls,
 * the tokens and the reason of the end, of the first choice. One function per dialect serves whole
 * answers and the messages of streams, which differ in the names of members only. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "llm/recording.h"
#include "wire/json.h"

struct facts {
    struct buf text, refusal, thoughts, names, args;
    str finish, call;      /* reason of the end; id of the last call */
    int64_t input, output; /* tokens; -1: not said */
    bool is_call;          /* Anthropic: the open block is a call */
    bool is_over;          /* the end mark has passed */
};

static inline const struct json *facts_at(const struct json *v, const char *const *path, size_t n)
{
    for (size_t i = 0; i < n && v; i++)
        v = json_type(v) == JSON_OBJECT ? json_get(v, path[i]) : NULL;
    return v;
}
#define FACTS_AT(v, ...)                                                                           \
    facts_at((v), (const char *const[]){__VA_ARGS__},                                              \
             sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static inline int64_t facts_number(const struct json *v)
{
    double d = -1;
    return v && json_double(v, &d) ? (int64_t)d : -1;
}

/* The sum of those that are there. */
static inline int64_t facts_sum(const struct json *object, const char *const *names, size_t n)
{
    int64_t sum = -1;
    for (size_t i = 0; i < n && object; i++) {
        int64_t one = facts_number(json_get(object, names[i]));
        if (one >= 0)
            sum = MAX(sum, 0) + one;
    }
    return sum;
}
#define FACTS_SUM(v, ...)                                                                          \
    facts_sum((v), (const char *const[]){__VA_ARGS__},                                             \
              sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static inline void facts_tokens(struct facts *f, int64_t input, int64_t output)
{
    f->input = input >= 0 ? input : f->input;
    f->output = output >= 0 ? output : f->output;
}

static inline void facts_finish(struct facts *f, const struct json *v)
{
    if (json_str(v).n > 0)
        f->finish = json_str(v);
}

static inline void facts_name(struct facts *f, const struct json *v)
{
    if (json_str(v).n > 0)
        buf_printf(&f->names, STR_FMT " ", STR_ARG(json_str(v)));
}

static inline void facts_text(struct buf *to, const struct json *v)
{
    buf_put(to, json_str(v));
}

/* Arguments, a string or a value, without white space. */
static inline void facts_args(struct facts *f, const struct json *v)
{
    struct buf text;
    buf_init(&text, SIZE_MAX);
    if (v && json_is_str(v))
        buf_put(&text, json_str(v));
    else if (v)
        json_put(&text, v);
    for (size_t i = 0; i < text.n; i++) {
        if (!strchr(" \n\r\t", text.p[i]))
            buf_put_char(&f->args, text.p[i]);
    }
    buf_fini(&text);
}

/* ---- dialects ---- */

/* A string, or the text parts of an array. */
static inline void facts_chat_content(struct facts *f, const struct json *content)
{
    if (content && json_is_str(content))
        buf_put(&f->text, json_str(content));
    if (!content || json_type(content) != JSON_ARRAY)
        return;
    for (struct json_iter it = json_iter(content); json_iter_next(&it);) {
        if (str_eq(json_str(FACTS_AT(it.value, "type")), S("text")))
            facts_text(&f->text, FACTS_AT(it.value, "text"));
        facts_text(&f->thoughts, FACTS_AT(it.value, "thinking"));
        struct json_iter part = json_iter(FACTS_AT(it.value, "thinking"));
        while (json_iter_next(&part))
            facts_text(&f->thoughts, FACTS_AT(part.value, "text"));
    }
}

/* Vendors say them once, twice or three times, under other names. */
static inline void facts_chat_thoughts(struct facts *f, const struct json *message)
{
    const struct json *thoughts = FACTS_AT(message, "reasoning_content");
    thoughts = thoughts ? thoughts : FACTS_AT(message, "reasoning");
    facts_text(&f->thoughts, thoughts);
    if (thoughts)
        return;
    struct json_iter it = json_iter(FACTS_AT(message, "reasoning_details"));
    while (json_iter_next(&it))
        facts_text(&f->thoughts, FACTS_AT(it.value, "text"));
}

/* xAI counts the reasoning beside the completion: the total tells. */
static inline void facts_chat_tokens(struct facts *f, const struct json *usage)
{
    int64_t input = FACTS_SUM(usage, "prompt_tokens");
    int64_t output = FACTS_SUM(usage, "completion_tokens");
    int64_t total = FACTS_SUM(usage, "total_tokens");
    int64_t thoughts =
        facts_number(FACTS_AT(usage, "completion_tokens_details", "reasoning_tokens"));
    bool is_beside = thoughts > 0 && total == input + output + thoughts;
    facts_tokens(f, input, is_beside ? output + thoughts : output);
}

/* Some vendors say the name of a call again with every piece of it. */
static inline void facts_chat_call(struct facts *f, const struct json *call)
{
    str id = json_str(FACTS_AT(call, "id"));
    if (id.n == 0 || !str_eq(id, f->call))
        facts_name(f, FACTS_AT(call, "function", "name"));
    f->call = id.n > 0 ? id : f->call;
    facts_args(f, FACTS_AT(call, "function", "arguments"));
}

static inline void facts_chat(struct facts *f, const struct json *v)
{
    facts_chat_tokens(f, FACTS_AT(v, "usage"));
    facts_chat_tokens(f, FACTS_AT(v, "x_groq", "usage"));
    for (struct json_iter it = json_iter(FACTS_AT(v, "choices")); json_iter_next(&it);) {
        if (facts_number(FACTS_AT(it.value, "index")) > 0)
            continue;
        const struct json *message = FACTS_AT(it.value, "delta");
        if (!message)
            message = FACTS_AT(it.value, "message");
        facts_chat_content(f, FACTS_AT(message, "content"));
        facts_chat_thoughts(f, message);
        facts_text(&f->refusal, FACTS_AT(message, "refusal"));
        facts_finish(f, FACTS_AT(it.value, "finish_reason"));
        struct json_iter call = json_iter(FACTS_AT(message, "tool_calls"));
        while (json_iter_next(&call))
            facts_chat_call(f, call.value);
        facts_name(f, FACTS_AT(message, "function_call", "name"));
        facts_args(f, FACTS_AT(message, "function_call", "arguments"));
    }
}

static inline void facts_completions(struct facts *f, const struct json *v)
{
    const struct json *usage = FACTS_AT(v, "usage");
    facts_tokens(f, FACTS_SUM(usage, "prompt_tokens"), FACTS_SUM(usage, "completion_tokens"));
    for (struct json_iter it = json_iter(FACTS_AT(v, "choices")); json_iter_next(&it);) {
        if (facts_number(FACTS_AT(it.value, "index")) > 0)
            continue;
        facts_text(&f->text, FACTS_AT(it.value, "text"));
        facts_finish(f, FACTS_AT(it.value, "finish_reason"));
    }
}

static inline void facts_output(struct facts *f, const struct json *output)
{
    for (struct json_iter it = json_iter(output); json_iter_next(&it);) {
        str type = json_str(FACTS_AT(it.value, "type"));
        if (str_eq(type, S("function_call"))) {
            facts_name(f, FACTS_AT(it.value, "name"));
            facts_args(f, FACTS_AT(it.value, "arguments"));
        }
        struct json_iter summary = json_iter(FACTS_AT(it.value, "summary"));
        while (json_iter_next(&summary))
            facts_text(&f->thoughts, FACTS_AT(summary.value, "text"));
        if (!str_eq(type, S("message")) && !str_eq(type, S("reasoning")))
            continue;
        struct json_iter part = json_iter(FACTS_AT(it.value, "content"));
        while (json_iter_next(&part)) {
            if (str_eq(json_str(FACTS_AT(part.value, "type")), S("output_text")))
                facts_text(&f->text, FACTS_AT(part.value, "text"));
            facts_text(&f->refusal, FACTS_AT(part.value, "refusal"));
            if (str_eq(json_str(FACTS_AT(part.value, "type")), S("reasoning_text")))
                facts_text(&f->thoughts, FACTS_AT(part.value, "text"));
        }
    }
}

static inline void facts_responses(struct facts *f, const struct json *v)
{
    str type = json_str(FACTS_AT(v, "type"));
    const struct json *response = FACTS_AT(v, "response");
    const struct json *usage = FACTS_AT(response ? response : v, "usage");
    facts_tokens(f, FACTS_SUM(usage, "input_tokens"), FACTS_SUM(usage, "output_tokens"));
    if (type.n == 0)
        facts_output(f, FACTS_AT(v, "output"));
    if (str_eq(type, S("response.output_text.delta")))
        facts_text(&f->text, FACTS_AT(v, "delta"));
    if (str_eq(type, S("response.refusal.delta")))
        facts_text(&f->refusal, FACTS_AT(v, "delta"));
    if (str_eq(type, S("response.reasoning_summary_text.delta")) ||
        str_eq(type, S("response.reasoning_text.delta")))
        facts_text(&f->thoughts, FACTS_AT(v, "delta"));
    bool is_call = str_eq(json_str(FACTS_AT(v, "item", "type")), S("function_call"));
    if (is_call && str_eq(type, S("response.output_item.done"))) {
        facts_name(f, FACTS_AT(v, "item", "name"));
        facts_args(f, FACTS_AT(v, "item", "arguments"));
    }
}

static inline void facts_anthropic_block(struct facts *f, const struct json *block)
{
    str type = json_str(FACTS_AT(block, "type"));
    if (str_eq(type, S("text")))
        facts_text(&f->text, FACTS_AT(block, "text"));
    if (str_eq(type, S("thinking")))
        facts_text(&f->thoughts, FACTS_AT(block, "thinking"));
    f->is_call = type.n > 0 ? str_eq(type, S("tool_use")) : f->is_call;
    if (!str_eq(type, S("tool_use")))
        return;
    facts_name(f, FACTS_AT(block, "name"));
    facts_args(f, FACTS_AT(block, "input")); /* empty where it comes in pieces */
}

static inline void facts_anthropic(struct facts *f, const struct json *v)
{
    const struct json *message = FACTS_AT(v, "message");
    const struct json *usage = FACTS_AT(message ? message : v, "usage");
    int64_t input =
        FACTS_SUM(usage, "input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens");
    facts_tokens(f, FACTS_AT(usage, "input_tokens") ? input : -1,
                 FACTS_SUM(usage, "output_tokens"));
    for (struct json_iter it = json_iter(FACTS_AT(v, "content")); json_iter_next(&it);)
        facts_anthropic_block(f, it.value);
    facts_anthropic_block(f, FACTS_AT(v, "content_block"));
    facts_text(&f->text, FACTS_AT(v, "delta", "text"));
    facts_text(&f->thoughts, FACTS_AT(v, "delta", "thinking"));
    if (f->is_call)
        facts_args(f, FACTS_AT(v, "delta", "partial_json"));
    facts_finish(f, FACTS_AT(v, "stop_reason"));
    facts_finish(f, FACTS_AT(v, "delta", "stop_reason"));
    f->is_over = str_eq(json_str(FACTS_AT(v, "type")), S("message_stop"));
}

static inline void facts_gemini(struct facts *f, const struct json *v)
{
    const struct json *usage = FACTS_AT(v, "usageMetadata");
    int64_t output = FACTS_SUM(usage, "candidatesTokenCount", "thoughtsTokenCount");
    bool is_zero = output < 0 && FACTS_AT(usage, "totalTokenCount"); /* zeros are left out */
    facts_tokens(f, FACTS_SUM(usage, "promptTokenCount", "toolUsePromptTokenCount"),
                 is_zero ? 0 : output);
    struct json_iter it = json_iter(FACTS_AT(v, "candidates"));
    if (!json_iter_next(&it) || facts_number(FACTS_AT(it.value, "index")) > 0)
        return;
    facts_finish(f, FACTS_AT(it.value, "finishReason"));
    struct json_iter part = json_iter(FACTS_AT(it.value, "content", "parts"));
    while (json_iter_next(&part)) {
        bool is_thought = json_bool(FACTS_AT(part.value, "thought"), false);
        facts_text(is_thought ? &f->thoughts : &f->text, FACTS_AT(part.value, "text"));
        facts_name(f, FACTS_AT(part.value, "functionCall", "name"));
        facts_args(f, FACTS_AT(part.value, "functionCall", "args"));
    }
}

static inline void facts_bedrock(struct facts *f, const struct json *v)
{
    const struct json *usage = FACTS_AT(v, "usage");
    facts_tokens(f,
                 FACTS_SUM(usage, "inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens"),
                 FACTS_SUM(usage, "outputTokens"));
    facts_finish(f, FACTS_AT(v, "stopReason"));
    struct json_iter it = json_iter(FACTS_AT(v, "output", "message", "content"));
    while (json_iter_next(&it)) {
        facts_text(&f->text, FACTS_AT(it.value, "text"));
        facts_text(&f->thoughts, FACTS_AT(it.value, "reasoningContent", "reasoningText", "text"));
        struct json_iter cited = json_iter(FACTS_AT(it.value, "citationsContent", "content"));
        while (json_iter_next(&cited))
            facts_text(&f->text, FACTS_AT(cited.value, "text"));
        if (str_eq(json_str(FACTS_AT(it.value, "toolUse", "type")), S("server_tool_use")))
            continue;
        facts_name(f, FACTS_AT(it.value, "toolUse", "name"));
        facts_args(f, FACTS_AT(it.value, "toolUse", "input"));
    }
    facts_text(&f->text, FACTS_AT(v, "delta", "text"));
    facts_text(&f->thoughts, FACTS_AT(v, "delta", "reasoningContent", "text"));
    facts_name(f, FACTS_AT(v, "start", "toolUse", "name"));
    facts_args(f, FACTS_AT(v, "delta", "toolUse", "input"));
}

static inline void facts_cohere(struct facts *f, const struct json *v)
{
    const struct json *usage = FACTS_AT(v, "usage", "tokens");
    if (!usage)
        usage = FACTS_AT(v, "delta", "usage", "tokens");
    facts_tokens(f, FACTS_SUM(usage, "input_tokens"), FACTS_SUM(usage, "output_tokens"));
    facts_finish(f, FACTS_AT(v, "finish_reason"));
    facts_finish(f, FACTS_AT(v, "delta", "finish_reason"));
    facts_text(&f->text, FACTS_AT(v, "message", "tool_plan")); /* it is shown, too */
    facts_chat_content(f, FACTS_AT(v, "message", "content"));
    facts_text(&f->text, FACTS_AT(v, "delta", "message", "tool_plan"));
    facts_text(&f->text, FACTS_AT(v, "delta", "message", "content", "text"));
    facts_text(&f->thoughts, FACTS_AT(v, "delta", "message", "content", "thinking"));
    struct json_iter it = json_iter(FACTS_AT(v, "message", "tool_calls"));
    while (json_iter_next(&it)) {
        facts_name(f, FACTS_AT(it.value, "function", "name"));
        facts_args(f, FACTS_AT(it.value, "function", "arguments"));
    }
    const struct json *call = FACTS_AT(v, "delta", "message", "tool_calls", "function");
    facts_name(f, FACTS_AT(call, "name"));
    facts_args(f, FACTS_AT(call, "arguments"));
}

static inline void facts_ollama(struct facts *f, const struct json *v)
{
    facts_tokens(f, FACTS_SUM(v, "prompt_eval_count"), FACTS_SUM(v, "eval_count"));
    facts_finish(f, FACTS_AT(v, "done_reason"));
    facts_text(&f->text, FACTS_AT(v, "message", "content"));
    facts_text(&f->thoughts, FACTS_AT(v, "message", "thinking"));
    struct json_iter it = json_iter(FACTS_AT(v, "message", "tool_calls"));
    while (json_iter_next(&it)) {
        facts_name(f, FACTS_AT(it.value, "function", "name"));
        facts_args(f, FACTS_AT(it.value, "function", "arguments"));
    }
}

/* Adds what a whole answer or a message of a stream says. False: this dialect is not known here. */
static inline bool facts_add(struct facts *f, enum dialect_id id, const struct json *v)
{
    static void (*const add[DIALECT_COUNT])(struct facts *, const struct json *) = {
        [DIALECT_CHAT] = facts_chat,           [DIALECT_COMPLETIONS] = facts_completions,
        [DIALECT_RESPONSES] = facts_responses, [DIALECT_ANTHROPIC] = facts_anthropic,
        [DIALECT_GEMINI] = facts_gemini,       [DIALECT_BEDROCK] = facts_bedrock,
        [DIALECT_COHERE] = facts_cohere,       [DIALECT_OLLAMA] = facts_ollama,
    };
    if (!add[id])
        return false;
    if (v)
        add[id](f, v);
    return true;
}

static inline void facts_init(struct facts *f)
{
    *f = (struct facts){.input = -1, .output = -1};
    buf_init(&f->text, SIZE_MAX);
    buf_init(&f->refusal, SIZE_MAX);
    buf_init(&f->thoughts, SIZE_MAX);
    buf_init(&f->names, SIZE_MAX);
    buf_init(&f->args, SIZE_MAX);
}

static inline void facts_fini(struct facts *f)
{
    buf_fini(&f->text);
    buf_fini(&f->refusal);
    buf_fini(&f->thoughts);
    buf_fini(&f->names);
    buf_fini(&f->args);
}
