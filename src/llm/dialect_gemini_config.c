/* Settings and tools of a request, read: generationConfig, tools, toolConfig.
 *
 * Numbers stay text. What the intermediate form holds in another shape (a schema of OpenAPI's kind,
 * a level of thinking, names of modalities) is kept beside it as it came, for this dialect's own
 * writer; a member that nothing else has a word for stays an extra of the output wish. */
#include "llm/dialect_gemini.h"

#define WORD_MAX 64 /* bytes of a word, words of a list */

#define CONFIG(X)                                                                                  \
    X(CONFIG_TEMPERATURE, "temperature", "temperature")                                            \
    X(CONFIG_TOP_P, "topP", "top_p")                                                               \
    X(CONFIG_TOP_K, "topK", "top_k")                                                               \
    X(CONFIG_PRESENCE, "presencePenalty", "presence_penalty")                                      \
    X(CONFIG_FREQUENCY, "frequencyPenalty", "frequency_penalty")                                   \
    X(CONFIG_SEED, "seed", "seed")                                                                 \
    X(CONFIG_MAX, "maxOutputTokens", "max_output_tokens")                                          \
    X(CONFIG_N, "candidateCount", "candidate_count")                                               \
    X(CONFIG_STOP, "stopSequences", "stop_sequences")                                              \
    X(CONFIG_HAS_LOGPROBS, "responseLogprobs", "response_logprobs")                                \
    X(CONFIG_LOGPROBS, "logprobs", "logprobs")                                                     \
    X(CONFIG_MIME, "responseMimeType", "response_mime_type")                                       \
    X(CONFIG_SCHEMA, "responseSchema", "response_schema")                                          \
    X(CONFIG_JSON_SCHEMA, "responseJsonSchema", "response_json_schema")                            \
    X(CONFIG_MODALITIES, "responseModalities", "response_modalities")                              \
    X(CONFIG_THINKING, "thinkingConfig", "thinking_config")
enum { CONFIG(GEMINI_INDEX) CONFIG_KEYS };
GEMINI_KEYS(config_keys, CONFIG);

#define THINKING(X)                                                                                \
    X(THINKING_INCLUDE, "includeThoughts", "include_thoughts")                                     \
    X(THINKING_BUDGET, "thinkingBudget", "thinking_budget")                                        \
    X(THINKING_LEVEL, "thinkingLevel", "thinking_level")
enum { THINKING(GEMINI_INDEX) THINKING_KEYS };
GEMINI_KEYS(thinking_keys, THINKING);

#define DECLARATION(X)                                                                             \
    X(DECLARATION_NAME, "name", "name")                                                            \
    X(DECLARATION_ABOUT, "description", "description")                                             \
    X(DECLARATION_OPENAPI, "parameters", "parameters")                                             \
    X(DECLARATION_JSON, "parametersJsonSchema", "parameters_json_schema")
enum { DECLARATION(GEMINI_INDEX) DECLARATION_KEYS };
GEMINI_KEYS(declaration_keys, DECLARATION);

#define CALLING(X)                                                                                 \
    X(CALLING_MODE, "mode", "mode")                                                                \
    X(CALLING_NAMES, "allowedFunctionNames", "allowed_function_names")
enum { CALLING(GEMINI_INDEX) CALLING_KEYS };
GEMINI_KEYS(calling_keys, CALLING);

/* Of a word; nothing that is longer has a meaning. */
static str lower(struct arena *a, str s)
{
    s = str_slice(s, 0, WORD_MAX);
    char *p = arena_alloc(a, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        p[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + ('a' - 'A')) : s.p[i];
    return str_of(p, s.n);
}

/* ---- generationConfig ---- */

static int read_numbers(struct reading *r, const struct json *const *m, struct chat *out)
{
    struct sampling *s = &out->sampling;
    const struct {
        int member;
        str *to;
    } numbers[] = {
        {CONFIG_TEMPERATURE, &s->temperature},
        {CONFIG_TOP_P, &s->top_p},
        {CONFIG_TOP_K, &s->top_k},
        {CONFIG_PRESENCE, &s->presence_penalty},
        {CONFIG_FREQUENCY, &s->frequency_penalty},
        {CONFIG_SEED, &s->seed},
        {CONFIG_MAX, &out->max_output},
    };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(numbers); i++)
        rc = member_number(r, config_keys[numbers[i].member], m[numbers[i].member], numbers[i].to);
    return rc;
}

/* Counts and flags of the answers wanted. */
static int read_counts(struct reading *r, const struct json *const *m, struct chat *out)
{
    struct sampling *s = &out->sampling;
    int64_t n = 1, top = 0;
    bool has_logprobs = false;
    int rc = member_int(r, "candidateCount", m[CONFIG_N], &n);
    if (rc == 0)
        rc = member_int(r, "logprobs", m[CONFIG_LOGPROBS], &top);
    if (rc == 0)
        rc = member_bool(r, "responseLogprobs", m[CONFIG_HAS_LOGPROBS], &has_logprobs);
    if (rc != 0)
        return rc;
    if (n < 1)
        return member_fail(r, "candidateCount", "At least one candidate has to be asked for.");
    if (top < 0)
        return member_fail(r, "logprobs", "A count is not negative.");
    if (m[CONFIG_N])
        s->n = n;
    if (m[CONFIG_LOGPROBS])
        s->top_logprobs = top;
    if (m[CONFIG_HAS_LOGPROBS])
        s->logprobs = tristate_of(has_logprobs);
    return 0;
}

/* The strings of a list, in the arena. */
static int read_strings(struct reading *r, const char *name, const struct json *v, const str **out,
                        size_t *n)
{
    size_t max = v && json_type(v) == JSON_ARRAY ? json_count(v) : 1;
    if (!v || max == 0)
        return 0;
    if (!arena_has_room(r->a, max * 2 * sizeof(str)))
        return gemini_full(r);
    str *list = arena_new_n(r->a, str, max);
    struct json_iter it = gemini_list(v);
    while (gemini_list_next(&it, v)) {
        if (!json_is_str(it.value))
            return member_fail(r, name, "The list holds strings only.");
        list[(*n)++] = json_str(it.value);
    }
    *out = list;
    return 0;
}

static int read_stop(struct reading *r, const struct json *v, struct chat *out)
{
    if (v && (json_type(v) != JSON_ARRAY || json_count(v) == 0))
        gemini_keep(r, &out->output.verbatim, "stopSequences", v);
    return read_strings(r, "stopSequences", v, &out->stop, &out->n_stop);
}

/* ["TEXT", "IMAGE"] as other dialects write it. */
static int read_modalities(struct reading *r, const struct json *v, struct chat *out)
{
    const str *names = NULL;
    size_t n = 0;
    int rc = read_strings(r, "responseModalities", v, &names, &n);
    if (rc != 0 || !v)
        return rc;
    if (n > WORD_MAX)
        return member_fail(r, "responseModalities", "There are not that many modalities.");
    struct buf text;
    buf_init(&text, (size_t)1 << 20);
    struct json_writer j = json_writer(&text);
    json_begin_array(&j, NULL);
    for (size_t i = 0; i < n; i++)
        json_put_str(&j, NULL, lower(r->a, names[i]));
    json_end_array(&j);
    out->output.modalities = gemini_value(r->a, arena_str(r->a, buf_str(&text)));
    buf_fini(&text);
    gemini_keep(r, &out->output.verbatim, "responseModalities", v);
    return 0;
}

static int read_format(struct reading *r, const struct json *const *m, struct chat *out)
{
    struct output_wish *wish = &out->output;
    str mime = S_EMPTY;
    int rc = member_str(r, "responseMimeType", m[CONFIG_MIME], &mime);
    if (rc == 0)
        rc = member_type(r, "responseSchema", m[CONFIG_SCHEMA], JSON_OBJECT);
    if (rc != 0)
        return rc;
    if (m[CONFIG_MIME])
        gemini_keep(r, &wish->verbatim, "responseMimeType", m[CONFIG_MIME]);
    if (m[CONFIG_SCHEMA])
        gemini_keep(r, &wish->verbatim, "responseSchema", m[CONFIG_SCHEMA]);
    if (m[CONFIG_JSON_SCHEMA])
        gemini_keep(r, &wish->verbatim, "responseJsonSchema", m[CONFIG_JSON_SCHEMA]);
    if (m[CONFIG_JSON_SCHEMA])
        wish->schema = m[CONFIG_JSON_SCHEMA];
    else
        wish->schema = m[CONFIG_SCHEMA];
    if (wish->schema)
        wish->format = FORMAT_SCHEMA;
    else if (str_eq(mime, S("application/json")))
        wish->format = FORMAT_JSON;
    else if (str_eq(mime, S("text/plain")))
        wish->format = FORMAT_TEXT;
    return 0;
}

/* A budget of 0 switches thinking off, -1 leaves it to the model. */
static void set_budget(struct reasoning_wish *wish, int64_t budget)
{
    if (budget == 0)
        wish->thinking = THINKING_OFF;
    else
        wish->thinking = budget < 0 ? THINKING_ADAPTIVE : THINKING_ON;
    wish->budget_tokens = budget < 0 ? -1 : budget;
}

static int read_thinking(struct reading *r, const struct json *v, struct chat *out)
{
    struct reasoning_wish *wish = &out->reasoning;
    if (!v)
        return 0;
    const struct json *m[2 * THINKING_KEYS];
    struct extras verbatim = {0};
    struct reading in = reading_at(r, "thinkingConfig", -1);
    bool includes = false;
    int64_t budget = -1;
    str level = S_EMPTY;
    int rc = GEMINI_READ(&in, v, thinking_keys, m, &wish->extras, &verbatim);
    if (rc == 0)
        rc = member_bool(&in, "includeThoughts", m[THINKING_INCLUDE], &includes);
    if (rc == 0)
        rc = member_int(&in, "thinkingBudget", m[THINKING_BUDGET], &budget);
    if (rc == 0)
        rc = member_str(&in, "thinkingLevel", m[THINKING_LEVEL], &level);
    if (rc != 0)
        return rc;
    gemini_keep(r, &out->output.verbatim, "thinkingConfig", v);
    if (m[THINKING_INCLUDE])
        wish->included = tristate_of(includes);
    if (m[THINKING_BUDGET])
        set_budget(wish, budget);
    wish->effort = effort_from(lower(r->a, level));
    return 0;
}

int gemini_config_read(struct reading *r, const struct json *config, struct chat *out)
{
    if (!config)
        return 0;
    const struct json *m[2 * CONFIG_KEYS];
    struct reading in = reading_at(r, "generationConfig", -1);
    struct output_wish *wish = &out->output;
    int rc = GEMINI_READ(&in, config, config_keys, m, &wish->extras, &wish->verbatim);
    if (rc == 0 && json_count(config) == 0)
        gemini_keep(r, &out->verbatim, "generationConfig", config);
    if (rc == 0)
        rc = read_numbers(&in, m, out);
    if (rc == 0)
        rc = read_counts(&in, m, out);
    if (rc == 0)
        rc = read_stop(&in, m[CONFIG_STOP], out);
    if (rc == 0)
        rc = read_format(&in, m, out);
    if (rc == 0)
        rc = read_modalities(&in, m[CONFIG_MODALITIES], out);
    return rc != 0 ? rc : read_thinking(&in, m[CONFIG_THINKING], out);
}

/* ---- tools ---- */

static int read_declaration(struct reading *r, const struct json *v, struct chat *out)
{
    const struct json *m[2 * DECLARATION_KEYS];
    struct tool *tool = tool_add(r->a, out, TOOL_FUNCTION);
    int rc = GEMINI_READ(r, v, declaration_keys, m, &tool->extras, &tool->verbatim);
    if (rc == 0)
        rc = member_str(r, "name", m[DECLARATION_NAME], &tool->name);
    if (rc == 0)
        rc = member_str(r, "description", m[DECLARATION_ABOUT], &tool->description);
    if (rc == 0)
        rc = member_type(r, "parameters", m[DECLARATION_OPENAPI], JSON_OBJECT);
    if (rc != 0)
        return rc;
    if (tool->name.n == 0)
        return member_fail(r, "name", "A function has a name.");
    if (m[DECLARATION_ABOUT] && tool->description.n == 0)
        gemini_keep(r, &tool->verbatim, "description", m[DECLARATION_ABOUT]);
    if (m[DECLARATION_OPENAPI])
        gemini_keep(r, &tool->verbatim, "parameters", m[DECLARATION_OPENAPI]);
    if (m[DECLARATION_JSON])
        gemini_keep(r, &tool->verbatim, "parametersJsonSchema", m[DECLARATION_JSON]);
    tool->schema = m[DECLARATION_JSON];
    if (!tool->schema)
        tool->schema = m[DECLARATION_OPENAPI];
    return 0;
}

static const struct json *declarations_of(const struct json *tool)
{
    const struct json *v = json_get(tool, "functionDeclarations");
    return v ? v : json_get(tool, "function_declarations");
}

/* What one element of tools holds besides functions: a tool of the API's own each. */
static void read_server_tools(struct reading *r, const struct json *v, struct chat *out)
{
    struct json_iter it = json_iter(v);
    while (json_iter_next(&it)) {
        if (it.value == declarations_of(v) || json_type(it.value) == JSON_NULL)
            continue;
        struct tool *tool = tool_add(r->a, out, TOOL_SERVER);
        tool->type = it.key;
        tool->raw = v;
        tool->extras.origin = DIALECT_GEMINI;
    }
}

static int read_tool(struct reading *r, const struct json *v, struct chat *out)
{
    const struct json *list = declarations_of(v);
    struct json_iter it = gemini_list(list);
    for (long i = 0; gemini_list_next(&it, list); i++) {
        struct reading in = reading_at(r, "functionDeclarations", i);
        int rc = read_declaration(&in, it.value, out);
        if (rc != 0)
            return rc;
    }
    read_server_tools(r, v, out);
    return 0;
}

/* Would the writer, that makes one element of neighbouring functions and one of each server tool,
 * make this list again? */
static bool is_canonical(const struct json *tools)
{
    bool was_functions = false;
    if (json_type(tools) != JSON_ARRAY || json_count(tools) == 0)
        return false;
    struct json_iter it = json_iter(tools);
    while (json_iter_next(&it)) {
        const struct json *list = json_get(it.value, "functionDeclarations");
        struct json_iter only = json_iter(it.value);
        bool is_plain = json_type(it.value) == JSON_OBJECT && json_count(it.value) == 1 &&
                        json_iter_next(&only) && json_type(only.value) != JSON_NULL;
        bool is_list = list && json_type(list) == JSON_ARRAY && json_count(list) > 0;
        if (!is_plain || (list && (!is_list || was_functions)) ||
            json_get(it.value, "function_declarations"))
            return false;
        was_functions = list != NULL;
    }
    return true;
}

int gemini_tools_read(struct reading *r, const struct json *tools, struct chat *out)
{
    if (!tools)
        return 0;
    if (!is_canonical(tools))
        gemini_keep(r, &out->verbatim, "tools", tools);
    struct json_iter it = gemini_list(tools);
    for (long i = 0; gemini_list_next(&it, tools); i++) {
        struct reading in = reading_at(r, "tools", i);
        if (json_type(it.value) != JSON_OBJECT)
            return member_fail(&in, "", "A tool is an object.");
        int rc = read_tool(&in, it.value, out);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* ---- toolConfig ---- */

static void set_choice(struct tool_choice *choice, str mode)
{
    bool has_names = choice->n_names > 0;
    if (str_eq_nocase(mode, S("NONE")))
        choice->mode = CHOICE_NONE;
    else if (str_eq_nocase(mode, S("ANY")) && choice->n_names == 1)
        choice->mode = CHOICE_NAMED;
    else if (str_eq_nocase(mode, S("ANY")))
        choice->mode = has_names ? CHOICE_ALLOWED : CHOICE_REQUIRED;
    else if (str_eq_nocase(mode, S("VALIDATED")) && has_names)
        choice->mode = CHOICE_ALLOWED;
    else if (str_eq_nocase(mode, S("AUTO")) || str_eq_nocase(mode, S("VALIDATED")))
        choice->mode = CHOICE_AUTO;
    choice->is_required = choice->mode == CHOICE_ALLOWED && str_eq_nocase(mode, S("ANY"));
}

int gemini_choice_read(struct reading *r, const struct json *config, struct chat *out)
{
    if (!config)
        return 0;
    gemini_keep(r, &out->verbatim, "toolConfig", config);
    int rc = member_type(r, "toolConfig", config, JSON_OBJECT);
    const struct json *v = json_get(config, "functionCallingConfig");
    v = v ? v : json_get(config, "function_calling_config");
    if (rc != 0 || !v || json_type(v) == JSON_NULL)
        return rc;
    const struct json *m[2 * CALLING_KEYS];
    struct extras extras = {0}, verbatim = {0};
    struct reading in = reading_at(r, "toolConfig.functionCallingConfig", -1);
    str mode = S_EMPTY;
    struct tool_choice *choice = &out->choice;
    rc = GEMINI_READ(&in, v, calling_keys, m, &extras, &verbatim);
    if (rc == 0)
        rc = member_str(&in, "mode", m[CALLING_MODE], &mode);
    if (rc == 0)
        rc = read_strings(&in, "allowedFunctionNames", m[CALLING_NAMES], &choice->names,
                          &choice->n_names);
    if (rc != 0)
        return rc;
    set_choice(choice, mode);
    if (choice->mode == CHOICE_UNSET && mode.n > 0)
        choice->raw = config;
    return 0;
}
