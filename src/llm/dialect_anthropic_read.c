/* Requests of the Anthropic dialect, read: POST /v1/messages and /v1/messages/count_tokens, and the
 * same bodies as Vertex and Bedrock take them.
 *
 * Messages stay as they came: nothing is merged, tool results stay in the user's turn, a system
 * turn in the middle stays there. The settings go to their places in the intermediate form; a value
 * that a place cannot hold (a kind of thinking or of choice that came later than this file, an
 * effort with a new name) stays among the members that nobody reads, where only a writer of this
 * dialect finds it, so that newer clients work with newer models. The beta features are in a
 * header: the caller has put it into chat.betas before. */
#include "llm/dialect_anthropic.h"

#include "llm/carry.h"
#include "llm/seal.h"

enum {
    MODEL,
    MAX_TOKENS,
    MESSAGES,
    SYSTEM,
    STOP,
    STREAM,
    TEMPERATURE,
    TOP_P,
    TOP_K,
    THINKING,
    OUTPUT_CONFIG,
    OUTPUT_FORMAT,
    TOOL_CHOICE,
    TOOLS,
    METADATA,
    SERVICE_TIER,
    CACHE_CONTROL,
};
static const char *const keys[] = {
    "model",       "max_tokens", "messages", "system",       "stop_sequences", "stream",
    "temperature", "top_p",      "top_k",    "thinking",     "output_config",  "output_format",
    "tool_choice", "tools",      "metadata", "service_tier", "cache_control",
};
#define KEYS ARRAY_LEN(keys)

static int missing(struct reading *r, const char *name)
{
    return member_fail(r, name, STR_FMT " is required.", STR_ARG(reading_path(r, name)));
}

/* ---- what is said ---- */

/* A string or an array of blocks. */
static int read_content(struct reading *r, const char *name, const struct json *v,
                        struct block **blocks, bool *is_plain)
{
    *is_plain = json_is_str(v);
    if (*is_plain) {
        *blocks = block_text(r->a, json_str(v));
        return 0;
    }
    if (json_type(v) != JSON_ARRAY)
        return member_fail(r, name, STR_FMT " must be a string or an array of blocks.",
                           STR_ARG(reading_path(r, name)));
    return anthropic_read_blocks(r, name, v, 0, blocks);
}

static int read_role(struct reading *r, const struct json *v, enum role *out)
{
    static const struct {
        const char *name;
        enum role role;
    } roles[] = {{"user", ROLE_USER}, {"assistant", ROLE_ASSISTANT}, {"system", ROLE_SYSTEM}};
    str name = json_str(v);
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        if (str_eq(name, str_from_cz(roles[i].name))) {
            *out = roles[i].role;
            return 0;
        }
    }
    return member_fail(r, "role", STR_FMT " must be user, assistant or system.",
                       STR_ARG(reading_path(r, "role")));
}

static int read_turn(struct reading *r, const struct json *v, struct chat *out)
{
    enum { ROLE, CONTENT };
    static const char *const turn_keys[] = {"role", "content"};
    const struct json *m[ARRAY_LEN(turn_keys)];
    struct extras extras;
    enum role role = ROLE_USER;
    int rc = reading_check_room(r, sizeof(struct turn));
    if (rc == 0)
        rc = MEMBERS_READ(r, v, turn_keys, m, &extras);
    if (rc == 0)
        rc = read_role(r, m[ROLE], &role);
    if (rc == 0 && !m[CONTENT])
        rc = missing(r, "content");
    if (rc != 0)
        return rc;
    struct turn *t = turn_add(r->a, out, role);
    t->extras = extras;
    rc = read_content(r, "content", m[CONTENT], &t->blocks, &t->is_plain);
    seal_join_calls(&t->blocks);
    return rc;
}

static int read_turns(struct reading *r, const struct json *v, struct chat *out)
{
    if (!v)
        return missing(r, "messages");
    int rc = member_type(r, "messages", v, JSON_ARRAY);
    if (rc == 0 && json_count(v) == 0)
        rc = member_fail(r, "messages", "messages must hold at least one message.");
    long index = 0;
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it);) {
        struct reading inner = reading_at(r, "messages", index++);
        rc = read_turn(&inner, it.value, out);
    }
    return rc;
}

static int read_system(struct reading *r, const struct json *v, struct chat *out)
{
    if (!v)
        return 0;
    if (json_type(v) == JSON_ARRAY && json_count(v) == 0)
        anthropic_keep(r, &out->verbatim, "system", v);
    return read_content(r, "system", v, &out->instructions, &out->instructions_is_plain);
}

/* ---- tools ---- */

static int read_function(struct reading *r, const struct json *v, struct tool *t)
{
    enum { TYPE, NAME, DESCRIPTION, SCHEMA, STRICT, CACHE };
    static const char *const tool_keys[] = {"type",         "name",   "description",
                                            "input_schema", "strict", "cache_control"};
    const struct json *m[ARRAY_LEN(tool_keys)];
    bool strict = false;
    int rc = MEMBERS_READ(r, v, tool_keys, m, &t->extras);
    if (rc == 0 && !m[NAME])
        rc = missing(r, "name");
    if (rc == 0)
        rc = member_str(r, "name", m[NAME], &t->name);
    if (rc == 0)
        rc = member_str(r, "description", m[DESCRIPTION], &t->description);
    if (rc == 0)
        rc = member_type(r, "input_schema", m[SCHEMA], JSON_OBJECT);
    if (rc == 0)
        rc = member_bool(r, "strict", m[STRICT], &strict);
    if (rc != 0)
        return rc;
    t->schema = m[SCHEMA];
    if (m[STRICT])
        t->strict = tristate_of(strict);
    if (m[TYPE])
        anthropic_keep(r, &t->verbatim, "type", m[TYPE]);
    if (m[DESCRIPTION] && t->description.n == 0)
        anthropic_keep(r, &t->verbatim, "description", m[DESCRIPTION]);
    return anthropic_read_cache(r, m[CACHE], &t->cache, &t->verbatim);
}

static int read_tool(struct reading *r, const struct json *v, struct chat *out)
{
    int rc = member_type(r, NULL, v, JSON_OBJECT);
    if (rc == 0)
        rc = reading_check_room(r, sizeof(struct turn));
    if (rc != 0)
        return rc;
    str type = json_str(json_get(v, "type"));
    if (type.n == 0 || str_eq(type, S("custom")))
        return read_function(r, v, tool_add(r->a, out, TOOL_FUNCTION));
    struct tool *t = tool_add(r->a, out, TOOL_SERVER);
    t->type = type;
    t->name = json_str(json_get(v, "name"));
    t->raw = v;
    t->extras.origin = r->origin;
    return 0;
}

static int read_tools(struct reading *r, const struct json *v, struct chat *out)
{
    int rc = member_type(r, "tools", v, JSON_ARRAY);
    if (rc == 0 && v && json_count(v) == 0)
        anthropic_keep(r, &out->verbatim, "tools", v);
    long index = 0;
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it);) {
        struct reading inner = reading_at(r, "tools", index++);
        rc = read_tool(&inner, it.value, out);
    }
    return rc;
}

static int read_choice_name(struct reading *r, const struct json *v, struct tool_choice *out)
{
    str *name = arena_new(r->a, str);
    const struct json *said = json_get(v, "name");
    if (!said)
        return missing(r, "name");
    out->names = name;
    out->n_names = 1;
    return member_str(r, "name", said, name);
}

static int read_choice(struct reading *r, const struct json *v, struct chat *out)
{
    static const struct {
        const char *name;
        enum choice_mode mode;
    } modes[] = {{"auto", CHOICE_AUTO},
                 {"any", CHOICE_REQUIRED},
                 {"tool", CHOICE_NAMED},
                 {"none", CHOICE_NONE}};
    if (!v)
        return 0;
    int rc = member_type(r, "tool_choice", v, JSON_OBJECT);
    if (rc != 0)
        return rc;
    struct reading inner = reading_at(r, "tool_choice", -1);
    const struct json *off = json_get(v, "disable_parallel_tool_use");
    bool is_off = false;
    if (off && json_type(off) != JSON_NULL)
        rc = member_bool(&inner, "disable_parallel_tool_use", off, &is_off);
    if (rc != 0)
        return rc;
    if (off && json_type(off) != JSON_NULL)
        out->parallel = tristate_of(!is_off);
    str type = json_str(json_get(v, "type"));
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        if (str_eq(type, str_from_cz(modes[i].name)))
            out->choice.mode = modes[i].mode;
    }
    if (out->choice.mode == CHOICE_UNSET)
        out->choice.raw = v;
    if (out->choice.mode == CHOICE_NAMED)
        return read_choice_name(&inner, v, &out->choice);
    return 0;
}

/* ---- thinking and output ---- */

static int read_thinking(struct reading *r, const struct json *v, struct chat *out)
{
    enum { TYPE, BUDGET, DISPLAY };
    static const char *const thinking_keys[] = {"type", "budget_tokens", "display"};
    static const struct {
        const char *name;
        enum thinking thinking;
    } kinds[] = {{"enabled", THINKING_ON},
                 {"adaptive", THINKING_ADAPTIVE},
                 {"disabled", THINKING_OFF},
                 {"between_tools", THINKING_BETWEEN_TOOLS}};
    const struct json *m[ARRAY_LEN(thinking_keys)];
    struct reasoning_wish *wish = &out->reasoning;
    if (!v)
        return 0;
    int rc = member_type(r, "thinking", v, JSON_OBJECT);
    struct reading inner = reading_at(r, "thinking", -1);
    if (rc == 0)
        rc = MEMBERS_READ(&inner, v, thinking_keys, m, &wish->extras);
    if (rc == 0)
        rc = member_int(&inner, "budget_tokens", m[BUDGET], &wish->budget_tokens);
    if (rc == 0)
        rc = member_str(&inner, "display", m[DISPLAY], &wish->display);
    if (rc != 0)
        return rc;
    str type = json_str(m[TYPE]);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (str_eq(type, str_from_cz(kinds[i].name)))
            wish->thinking = kinds[i].thinking;
    }
    if (wish->thinking == THINKING_UNSET)
        extras_add(r->a, &out->extras, S("thinking"), v);
    if (str_eq(wish->display, S("summarized")))
        wish->included = YES;
    if (str_eq(wish->display, S("omitted")))
        wish->included = NO;
    return 0;
}

/* {type: json_schema, schema}; whatever else it is or has keeps it whole under `name`. */
static void read_format(struct reading *r, const char *name, const struct json *v,
                        struct extras *verbatim, struct output_wish *out)
{
    const struct json *schema = json_get(v, "schema");
    bool is_schema = str_eq(json_str(json_get(v, "type")), S("json_schema")) && schema;
    if (is_schema) {
        out->format = FORMAT_SCHEMA;
        out->schema = schema;
        out->strict = YES;
    }
    if (!is_schema || json_count(v) != 2)
        anthropic_keep(r, verbatim, name, v);
}

static int read_output_config(struct reading *r, const struct json *v, struct chat *out)
{
    enum { EFFORT, FORMAT };
    static const char *const output_keys[] = {"effort", "format"};
    const struct json *m[ARRAY_LEN(output_keys)];
    str effort = S_EMPTY;
    if (!v)
        return 0;
    int rc = member_type(r, "output_config", v, JSON_OBJECT);
    struct reading inner = reading_at(r, "output_config", -1);
    if (rc == 0)
        rc = MEMBERS_READ(&inner, v, output_keys, m, &out->output.extras);
    if (rc == 0)
        rc = member_str(&inner, "effort", m[EFFORT], &effort);
    if (rc == 0)
        rc = member_type(&inner, "format", m[FORMAT], JSON_OBJECT);
    if (rc != 0)
        return rc;
    out->reasoning.effort = effort_from(effort);
    if (m[EFFORT] && out->reasoning.effort == EFFORT_UNSET)
        extras_add(r->a, &out->output.extras, S("effort"), m[EFFORT]);
    if (m[FORMAT])
        read_format(r, "format", m[FORMAT], &out->output.verbatim, &out->output);
    if (json_count(v) == 0)
        anthropic_keep(r, &out->verbatim, "output_config", v);
    return 0;
}

/* The beta's place for output_config.format: always kept, for its own place. */
static int read_output_format(struct reading *r, const struct json *v, struct chat *out)
{
    struct extras once = {.origin = r->origin};
    int rc = member_type(r, "output_format", v, JSON_OBJECT);
    if (rc != 0 || !v)
        return rc;
    read_format(r, "output_format", v, &once, &out->output);
    anthropic_keep(r, &out->verbatim, "output_format", v);
    return 0;
}

/* ---- the other settings ---- */

static int read_stop(struct reading *r, const struct json *v, struct chat *out)
{
    int rc = member_type(r, "stop_sequences", v, JSON_ARRAY);
    if (rc != 0 || !v)
        return rc;
    if (json_count(v) == 0)
        anthropic_keep(r, &out->verbatim, "stop_sequences", v);
    rc = reading_check_room(r, json_count(v) * sizeof(str));
    if (rc != 0)
        return rc;
    str *stop = arena_new_n(r->a, str, json_count(v));
    for (struct json_iter it = json_iter(v); json_iter_next(&it);) {
        struct reading inner = reading_at(r, "stop_sequences", (long)out->n_stop);
        if (!json_is_str(it.value))
            return member_fail(&inner, NULL, STR_FMT " must be a string.",
                               STR_ARG(reading_path(&inner, NULL)));
        stop[out->n_stop++] = json_str(it.value);
    }
    out->stop = stop;
    return 0;
}

static int read_limit(struct reading *r, const struct json *v, struct chat *out)
{
    int64_t tokens = 0;
    if (!v && !out->is_count)
        return missing(r, "max_tokens");
    int rc = member_int(r, "max_tokens", v, &tokens);
    if (rc == 0 && tokens < 0)
        rc = member_fail(r, "max_tokens", "max_tokens must not be negative.");
    if (rc != 0 || !v)
        return rc;
    out->max_output = json_number(v);
    out->max_output_field = S("max_tokens");
    return 0;
}

static int read_sampling(struct reading *r, const struct json *const *m, struct chat *out)
{
    int rc = member_number(r, "temperature", m[TEMPERATURE], &out->sampling.temperature);
    if (rc == 0)
        rc = member_number(r, "top_p", m[TOP_P], &out->sampling.top_p);
    if (rc == 0)
        rc = member_number(r, "top_k", m[TOP_K], &out->sampling.top_k);
    return rc;
}

static int read_metadata(struct reading *r, const struct json *v, struct chat *out)
{
    int rc = member_type(r, "metadata", v, JSON_OBJECT);
    if (rc != 0 || !v)
        return rc;
    out->user = json_str(json_get(v, "user_id"));
    anthropic_keep(r, &out->verbatim, "metadata", v);
    return 0;
}

static int read_stream(struct reading *r, const struct json *v, struct chat *out)
{
    int rc = member_bool(r, "stream", v, &out->is_stream);
    if (rc == 0 && v && !out->is_stream)
        anthropic_keep(r, &out->verbatim, "stream", v);
    return rc;
}

static int read_settings(struct reading *r, const struct json *const *m, struct chat *out)
{
    int rc = member_str(r, "model", m[MODEL], &out->model);
    if (rc == 0)
        rc = read_limit(r, m[MAX_TOKENS], out);
    if (rc == 0)
        rc = read_stream(r, m[STREAM], out);
    if (rc == 0)
        rc = read_sampling(r, m, out);
    if (rc == 0)
        rc = read_stop(r, m[STOP], out);
    if (rc == 0)
        rc = read_thinking(r, m[THINKING], out);
    if (rc == 0)
        rc = read_output_config(r, m[OUTPUT_CONFIG], out);
    if (rc == 0)
        rc = read_output_format(r, m[OUTPUT_FORMAT], out);
    if (rc == 0)
        rc = read_metadata(r, m[METADATA], out);
    if (rc == 0)
        rc = member_str(r, "service_tier", m[SERVICE_TIER], &out->service_tier);
    return rc != 0 ? rc : anthropic_read_cache(r, m[CACHE_CONTROL], &out->cache, &out->verbatim);
}

int anthropic_read_request(struct reading *r, const struct json *body, struct chat *out)
{
    const struct json *m[KEYS];
    out->origin = r->origin;
    out->asks_usage = true;
    out->sampling.top_logprobs = -1;
    out->reasoning.budget_tokens = -1;
    int rc = MEMBERS_READ(r, body, keys, m, &out->extras);
    if (rc == 0)
        rc = read_settings(r, m, out);
    if (rc == 0)
        rc = read_system(r, m[SYSTEM], out);
    if (rc == 0)
        rc = read_turns(r, m[MESSAGES], out);
    if (rc == 0)
        rc = read_tools(r, m[TOOLS], out);
    return rc != 0 ? rc : read_choice(r, m[TOOL_CHOICE], out);
}
