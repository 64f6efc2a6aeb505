/* The settings of a chat request, read (OpenAI's API reference, "Create chat completion").
 *
 * Members that are one text or one number go by tables; the rest have a function each. Vendors say
 * some things by other names (random_seed) and wish for thoughts in five ways; all of them are
 * understood from any client, since an SDK's user writes what the vendor's page says, whichever
 * path it goes by. Where a meaning was worded in such a way the members are kept verbatim, and a
 * body written for the same dialect has them back instead of OpenAI's. */
#include "llm/dialect_chat.h"

enum {
    M_MODEL,
    M_MESSAGES,
    M_STREAM,
    M_STREAM_OPTIONS,
    M_MAX_COMPLETION,
    M_MAX_TOKENS,
    M_TEMPERATURE,
    M_TOP_P,
    M_TOP_K,
    M_MIN_P,
    M_FREQUENCY_PENALTY,
    M_PRESENCE_PENALTY,
    M_REPETITION_PENALTY,
    M_SEED,
    M_RANDOM_SEED,
    M_LOGIT_BIAS,
    M_N,
    M_LOGPROBS,
    M_TOP_LOGPROBS,
    M_STOP,
    M_TOOLS,
    M_TOOL_CHOICE,
    M_FUNCTIONS,
    M_FUNCTION_CALL,
    M_PARALLEL,
    M_RESPONSE_FORMAT,
    M_MODALITIES,
    M_AUDIO,
    M_EFFORT,
    M_REASONING,
    M_INCLUDE_REASONING,
    M_THINKING,
    M_ENABLE_THINKING,
    M_THINKING_BUDGET,
    M_VERBOSITY,
    M_STORE,
    M_METADATA,
    M_USER,
    M_SAFETY_ID,
    M_CACHE_KEY,
    M_SERVICE_TIER,
    M_PREDICTION,
};
static const char *const keys[] = {
    [M_MODEL] = "model",
    [M_MESSAGES] = "messages",
    [M_STREAM] = "stream",
    [M_STREAM_OPTIONS] = "stream_options",
    [M_MAX_COMPLETION] = "max_completion_tokens",
    [M_MAX_TOKENS] = "max_tokens",
    [M_TEMPERATURE] = "temperature",
    [M_TOP_P] = "top_p",
    [M_TOP_K] = "top_k",
    [M_MIN_P] = "min_p",
    [M_FREQUENCY_PENALTY] = "frequency_penalty",
    [M_PRESENCE_PENALTY] = "presence_penalty",
    [M_REPETITION_PENALTY] = "repetition_penalty",
    [M_SEED] = "seed",
    [M_RANDOM_SEED] = "random_seed",
    [M_LOGIT_BIAS] = "logit_bias",
    [M_N] = "n",
    [M_LOGPROBS] = "logprobs",
    [M_TOP_LOGPROBS] = "top_logprobs",
    [M_STOP] = "stop",
    [M_TOOLS] = "tools",
    [M_TOOL_CHOICE] = "tool_choice",
    [M_FUNCTIONS] = "functions",
    [M_FUNCTION_CALL] = "function_call",
    [M_PARALLEL] = "parallel_tool_calls",
    [M_RESPONSE_FORMAT] = "response_format",
    [M_MODALITIES] = "modalities",
    [M_AUDIO] = "audio",
    [M_EFFORT] = "reasoning_effort",
    [M_REASONING] = "reasoning",
    [M_INCLUDE_REASONING] = "include_reasoning",
    [M_THINKING] = "thinking",
    [M_ENABLE_THINKING] = "enable_thinking",
    [M_THINKING_BUDGET] = "thinking_budget",
    [M_VERBOSITY] = "verbosity",
    [M_STORE] = "store",
    [M_METADATA] = "metadata",
    [M_USER] = "user",
    [M_SAFETY_ID] = "safety_identifier",
    [M_CACHE_KEY] = "prompt_cache_key",
    [M_SERVICE_TIER] = "service_tier",
    [M_PREDICTION] = "prediction",
};

static void keep(struct reading *r, struct chat *out, int member, const struct json *const *v)
{
    dialect_chat_keep(r, &out->verbatim, keys[member], v[member]);
}

/* ---- what is one value each ---- */

struct place {
    uint8_t member;
    size_t offset; /* in struct chat */
};

static const struct place numbers[] = {
    {M_TEMPERATURE, offsetof(struct chat, sampling.temperature)},
    {M_TOP_P, offsetof(struct chat, sampling.top_p)},
    {M_TOP_K, offsetof(struct chat, sampling.top_k)},
    {M_MIN_P, offsetof(struct chat, sampling.min_p)},
    {M_FREQUENCY_PENALTY, offsetof(struct chat, sampling.frequency_penalty)},
    {M_PRESENCE_PENALTY, offsetof(struct chat, sampling.presence_penalty)},
    {M_REPETITION_PENALTY, offsetof(struct chat, sampling.repeat_penalty)},
    {M_SEED, offsetof(struct chat, sampling.seed)},
};
static const struct place texts[] = {
    {M_VERBOSITY, offsetof(struct chat, output.verbosity)},
    {M_USER, offsetof(struct chat, user)},
    {M_SAFETY_ID, offsetof(struct chat, safety_id)},
    {M_CACHE_KEY, offsetof(struct chat, cache_key)},
    {M_SERVICE_TIER, offsetof(struct chat, service_tier)},
};

static str *str_at(struct chat *c, size_t offset)
{
    return (str *)(void *)((char *)c + offset);
}

/* A number of tokens: 100.0 is 100, as everywhere. */
static int read_count(struct reading *r, const char *name, const struct json *v, str *out)
{
    int64_t n = 0;
    int rc = member_int(r, name, v, &n);
    return rc != 0 ? rc : member_number(r, name, v, out);
}

static int read_numbers(struct reading *r, const struct json *const *v, struct chat *out)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(numbers); i++)
        rc = member_number(r, keys[numbers[i].member], v[numbers[i].member],
                           str_at(out, numbers[i].offset));
    if (rc == 0 && !v[M_SEED])
        rc = member_number(r, keys[M_RANDOM_SEED], v[M_RANDOM_SEED], &out->sampling.seed);
    if (v[M_RANDOM_SEED]) {
        keep(r, out, M_RANDOM_SEED, v);
        keep(r, out, M_SEED, v);
    }
    return rc;
}

static int read_texts(struct reading *r, const struct json *const *v, struct chat *out)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(texts); i++) {
        str *at = str_at(out, texts[i].offset);
        rc = member_str(r, keys[texts[i].member], v[texts[i].member], at);
        if (rc == 0 && at->n == 0)
            keep(r, out, texts[i].member, v); /* "" is not the same as nothing */
    }
    return rc;
}

static int read_max_output(struct reading *r, const struct json *const *v, struct chat *out)
{
    int member = v[M_MAX_COMPLETION] ? M_MAX_COMPLETION : M_MAX_TOKENS;
    str other = S_EMPTY;
    int rc = read_count(r, keys[member], v[member], &out->max_output);
    if (rc == 0)
        rc = read_count(r, keys[M_MAX_TOKENS], v[M_MAX_TOKENS], &other);
    if (v[member])
        out->max_output_field = str_from_cz(keys[member]);
    if (v[M_MAX_COMPLETION] && v[M_MAX_TOKENS]) {
        keep(r, out, M_MAX_COMPLETION, v);
        keep(r, out, M_MAX_TOKENS, v);
    }
    return rc;
}

static int read_stop(struct reading *r, const struct json *const *v, struct chat *out)
{
    const struct json *stop = v[M_STOP];
    if (!stop)
        return 0;
    out->stop_is_plain = json_type(stop) == JSON_STRING;
    if (!out->stop_is_plain && json_type(stop) != JSON_ARRAY)
        return member_fail(r, "stop", "stop must be a string or an array of strings.");
    str *list = arena_new_n(r->a, str, json_count(stop) + 1);
    out->stop = list;
    if (out->stop_is_plain)
        list[out->n_stop++] = json_str(stop);
    for (struct json_iter it = json_iter(stop); !out->stop_is_plain && json_iter_next(&it);) {
        if (!json_is_str(it.value))
            return member_fail(r, "stop", "stop must be a string or an array of strings.");
        list[out->n_stop++] = json_str(it.value);
    }
    if (out->n_stop == 0)
        keep(r, out, M_STOP, v);
    return 0;
}

static int read_sampling(struct reading *r, const struct json *const *v, struct chat *out)
{
    struct sampling *s = &out->sampling;
    bool logprobs = false;
    s->top_logprobs = -1;
    int rc = read_numbers(r, v, out);
    if (rc == 0)
        rc = member_type(r, keys[M_LOGIT_BIAS], v[M_LOGIT_BIAS], JSON_OBJECT);
    if (rc == 0)
        rc = member_int(r, keys[M_N], v[M_N], &s->n);
    if (rc == 0 && v[M_N] && s->n < 1)
        return member_fail(r, keys[M_N], "n must be at least 1.");
    s->logit_bias = v[M_LOGIT_BIAS];
    if (rc != 0 || out->is_text)
        return rc; /* there the next one is a number */
    rc = member_bool(r, keys[M_LOGPROBS], v[M_LOGPROBS], &logprobs);
    if (rc == 0)
        rc = member_int(r, keys[M_TOP_LOGPROBS], v[M_TOP_LOGPROBS], &s->top_logprobs);
    if (v[M_LOGPROBS])
        s->logprobs = tristate_of(logprobs);
    return rc;
}

/* ---- thoughts ---- */

static void set_effort(struct reasoning_wish *w, str name)
{
    if (w->effort == EFFORT_UNSET)
        w->effort = effort_from(name);
}

static void set_thinking(struct reasoning_wish *w, enum thinking t)
{
    if (w->thinking == THINKING_UNSET)
        w->thinking = t;
}

/* {effort, max_tokens, enabled, exclude}, as OpenRouter and after it Snowflake have it. */
static int read_reasoning_object(struct reading *r, const struct json *v, struct reasoning_wish *w)
{
    enum { EFFORT, MAX_TOKENS, ENABLED, EXCLUDE, SUMMARY };
    static const char *const names[] = {[EFFORT] = "effort",
                                        [MAX_TOKENS] = "max_tokens",
                                        [ENABLED] = "enabled",
                                        [EXCLUDE] = "exclude",
                                        [SUMMARY] = "summary"};
    const struct json *value[ARRAY_LEN(names)];
    struct reading in = reading_at(r, "reasoning", -1);
    str effort = S_EMPTY;
    bool enabled = false, exclude = false;
    if (!v)
        return 0;
    int rc = MEMBERS_READ(&in, v, names, value, NULL);
    if (rc == 0)
        rc = member_str(&in, names[EFFORT], value[EFFORT], &effort);
    if (rc == 0)
        rc = member_int(&in, names[MAX_TOKENS], value[MAX_TOKENS], &w->budget_tokens);
    if (rc == 0)
        rc = member_bool(&in, names[ENABLED], value[ENABLED], &enabled);
    if (rc == 0)
        rc = member_bool(&in, names[EXCLUDE], value[EXCLUDE], &exclude);
    if (rc == 0)
        rc = member_str(&in, names[SUMMARY], value[SUMMARY], &w->summary);
    if (rc != 0)
        return rc;
    set_effort(w, effort);
    if (value[MAX_TOKENS] && w->budget_tokens > 0)
        set_thinking(w, THINKING_ON);
    if (value[ENABLED])
        set_thinking(w, enabled ? THINKING_ADAPTIVE : THINKING_OFF);
    if (value[EXCLUDE])
        w->included = tristate_of(!exclude);
    return 0;
}

/* {type: enabled | disabled | auto, budget_tokens} of Z.ai, DeepSeek, Moonshot and others. */
static int read_thinking_object(struct reading *r, const struct json *v, struct reasoning_wish *w)
{
    enum { TYPE, BUDGET };
    static const char *const names[] = {[TYPE] = "type", [BUDGET] = "budget_tokens"};
    const struct json *value[ARRAY_LEN(names)];
    struct reading in = reading_at(r, "thinking", -1);
    str type = S_EMPTY;
    if (!v)
        return 0;
    int rc = MEMBERS_READ(&in, v, names, value, NULL);
    if (rc == 0)
        rc = member_str(&in, names[TYPE], value[TYPE], &type);
    if (rc == 0)
        rc = member_int(&in, names[BUDGET], value[BUDGET], &w->budget_tokens);
    if (rc != 0)
        return rc;
    if (str_eq(type, S("disabled")))
        set_thinking(w, THINKING_OFF);
    else if (str_eq(type, S("enabled")) && w->budget_tokens > 0)
        set_thinking(w, THINKING_ON);
    else if (type.n > 0)
        set_thinking(w, THINKING_ADAPTIVE);
    return 0;
}

static int read_thinking_flag(struct reading *r, const struct json *const *v,
                              struct reasoning_wish *w)
{
    bool enabled = false, included = false;
    int rc = member_bool(r, keys[M_ENABLE_THINKING], v[M_ENABLE_THINKING], &enabled);
    if (rc == 0)
        rc = member_int(r, keys[M_THINKING_BUDGET], v[M_THINKING_BUDGET], &w->budget_tokens);
    if (rc == 0)
        rc = member_bool(r, keys[M_INCLUDE_REASONING], v[M_INCLUDE_REASONING], &included);
    if (rc != 0)
        return rc;
    if (v[M_ENABLE_THINKING])
        set_thinking(w, enabled ? THINKING_ADAPTIVE : THINKING_OFF);
    if (v[M_INCLUDE_REASONING])
        w->included = tristate_of(included);
    return 0;
}

static int read_reasoning(struct reading *r, const struct json *const *v, struct chat *out)
{
    static const uint8_t ways[] = {M_EFFORT,   M_REASONING,       M_INCLUDE_REASONING,
                                   M_THINKING, M_ENABLE_THINKING, M_THINKING_BUDGET};
    struct reasoning_wish *w = &out->reasoning;
    str effort = S_EMPTY;
    w->budget_tokens = -1;
    int rc = member_str(r, keys[M_EFFORT], v[M_EFFORT], &effort);
    if (rc != 0)
        return rc;
    set_effort(w, effort);
    rc = read_reasoning_object(r, v[M_REASONING], w);
    if (rc == 0)
        rc = read_thinking_object(r, v[M_THINKING], w);
    if (rc == 0)
        rc = read_thinking_flag(r, v, w);
    for (size_t i = 0; i < ARRAY_LEN(ways); i++)
        keep(r, out, ways[i], v);
    return rc;
}

/* ---- the form of the answer ---- */

static int read_schema(struct reading *r, const struct json *v, struct output_wish *out)
{
    enum { NAME, DESCRIPTION, SCHEMA, STRICT };
    static const char *const names[] = {
        [NAME] = "name", [DESCRIPTION] = "description", [SCHEMA] = "schema", [STRICT] = "strict"};
    const struct json *value[ARRAY_LEN(names)];
    bool strict = false;
    int rc = MEMBERS_READ(r, v, names, value, NULL);
    if (rc == 0)
        rc = member_str(r, names[NAME], value[NAME], &out->name);
    if (rc == 0)
        rc = member_str(r, names[DESCRIPTION], value[DESCRIPTION], &out->description);
    if (rc == 0)
        rc = member_type(r, names[SCHEMA], value[SCHEMA], JSON_OBJECT);
    if (rc == 0)
        rc = member_bool(r, names[STRICT], value[STRICT], &strict);
    out->schema = value[SCHEMA];
    if (value[STRICT])
        out->strict = tristate_of(strict);
    return rc;
}

static int read_format(struct reading *r, const struct json *v, struct output_wish *out)
{
    enum { TYPE, JSON_SCHEMA };
    static const char *const names[] = {[TYPE] = "type", [JSON_SCHEMA] = "json_schema"};
    const struct json *value[ARRAY_LEN(names)];
    str type = S_EMPTY;
    if (!v)
        return 0;
    struct reading in = reading_at(r, keys[M_RESPONSE_FORMAT], -1);
    int rc = MEMBERS_READ(&in, v, names, value, NULL);
    if (rc == 0)
        rc = member_str(&in, names[TYPE], value[TYPE], &type);
    if (rc != 0)
        return rc;
    if (str_eq(type, S("text")))
        out->format = FORMAT_TEXT;
    else if (str_eq(type, S("json_object")))
        out->format = FORMAT_JSON;
    else if (!str_eq(type, S("json_schema")))
        return member_fail(&in, names[TYPE],
                           "response_format.type must be text, json_object or json_schema.");
    if (out->format != FORMAT_UNSET)
        return 0;
    out->format = FORMAT_SCHEMA;
    struct reading inner = reading_at(&in, names[JSON_SCHEMA], -1);
    return read_schema(&inner, value[JSON_SCHEMA], out);
}

static int read_output(struct reading *r, const struct json *const *v, struct chat *out)
{
    int rc = read_format(r, v[M_RESPONSE_FORMAT], &out->output);
    dialect_chat_keep(r, &out->output.verbatim, keys[M_RESPONSE_FORMAT], v[M_RESPONSE_FORMAT]);
    if (rc == 0)
        rc = member_type(r, keys[M_MODALITIES], v[M_MODALITIES], JSON_ARRAY);
    if (rc == 0)
        rc = member_type(r, keys[M_AUDIO], v[M_AUDIO], JSON_OBJECT);
    out->output.modalities = v[M_MODALITIES];
    out->output.audio = v[M_AUDIO];
    return rc;
}

/* ---- the rest ---- */

static int read_stream(struct reading *r, const struct json *const *v, struct chat *out)
{
    int rc = member_bool(r, keys[M_STREAM], v[M_STREAM], &out->is_stream);
    if (rc == 0)
        rc = member_type(r, keys[M_STREAM_OPTIONS], v[M_STREAM_OPTIONS], JSON_OBJECT);
    struct reading in = reading_at(r, keys[M_STREAM_OPTIONS], -1);
    if (rc == 0)
        rc = member_bool(&in, "include_usage", json_get(v[M_STREAM_OPTIONS], "include_usage"),
                         &out->asks_usage);
    keep(r, out, M_STREAM, v);
    keep(r, out, M_STREAM_OPTIONS, v);
    return rc;
}

static int read_flags(struct reading *r, const struct json *const *v, struct chat *out)
{
    bool parallel = false, store = false;
    int rc = member_bool(r, keys[M_PARALLEL], v[M_PARALLEL], &parallel);
    if (rc == 0)
        rc = member_bool(r, keys[M_STORE], v[M_STORE], &store);
    if (rc == 0)
        rc = member_type(r, keys[M_METADATA], v[M_METADATA], JSON_OBJECT);
    if (rc == 0)
        rc = member_type(r, keys[M_PREDICTION], v[M_PREDICTION], JSON_OBJECT);
    if (v[M_PARALLEL])
        out->parallel = tristate_of(parallel);
    if (v[M_STORE])
        out->state.store = tristate_of(store);
    out->metadata = v[M_METADATA];
    out->prediction = v[M_PREDICTION];
    return rc;
}

/* Everything but what is said: messages, tools. */
static int read_settings(struct reading *r, const struct json *const *v, struct chat *out)
{
    int rc = member_str(r, keys[M_MODEL], v[M_MODEL], &out->model);
    if (rc == 0)
        rc = read_stream(r, v, out);
    if (rc == 0)
        rc = read_texts(r, v, out);
    if (rc == 0)
        rc = read_max_output(r, v, out);
    if (rc == 0)
        rc = read_stop(r, v, out);
    if (rc == 0)
        rc = read_sampling(r, v, out);
    if (rc == 0)
        rc = read_reasoning(r, v, out);
    if (rc == 0)
        rc = read_output(r, v, out);
    return rc != 0 ? rc : read_flags(r, v, out);
}

int dialect_chat_read_settings(struct reading *r, const struct json *body, struct chat *out)
{
    const struct json *v[ARRAY_LEN(keys)];
    out->origin = r->origin;
    int rc = MEMBERS_READ(r, body, keys, v, &out->extras);
    return rc != 0 ? rc : read_settings(r, v, out);
}

int dialect_chat_read_request(struct reading *r, const struct json *body, struct chat *out)
{
    const struct json *v[ARRAY_LEN(keys)];
    out->origin = r->origin;
    int rc = MEMBERS_READ(r, body, keys, v, &out->extras);
    if (rc == 0)
        rc = read_settings(r, v, out);
    if (rc == 0)
        rc = dialect_chat_read_tools(r, &v[M_TOOLS], out);
    return rc != 0 ? rc : dialect_chat_read_messages(r, v[M_MESSAGES], out);
}
