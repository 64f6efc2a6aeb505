/* Converse requests, read.
 *
 * What a client says in inferenceConfig, toolConfig, outputConfig and additionalModelRequestFields
 * is understood for the sake of other dialects, and kept as it came for this one: the models behind
 * Converse have fields of their own, and a schema is a string whose spelling counts. Of
 * additionalModelRequestFields the part that Anthropic's models take is understood; the rest is
 * nobody else's, and shows as lost elsewhere. */
#include "llm/carry.h"
#include "llm/dialect_bedrock.h"
#include "llm/seal.h"

/* Keeps a member that was understood. */
static void keep(struct reading *r, struct chat *c, const char *name, const struct json *v)
{
    c->verbatim.origin = r->origin;
    if (v)
        extras_add(r->a, &c->verbatim, str_from_cz(name), v);
}

/* ---- system and messages ---- */

static int read_system(struct reading *r, const struct json *v, struct chat *c)
{
    if (!v)
        return 0;
    int rc = bedrock_read_blocks(r, "system", v, &c->instructions);
    if (rc == 0 && json_count(v) == 0)
        keep(r, c, "system", v);
    return rc;
}

static int read_role(struct reading *r, const struct json *v, enum role *role)
{
    static const struct {
        str name;
        enum role role;
    } roles[] = {
        {S("user"), ROLE_USER},
        {S("assistant"), ROLE_ASSISTANT},
        {S("system"), ROLE_SYSTEM},
    };
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        if (str_eq(json_str(v), roles[i].name)) {
            *role = roles[i].role;
            return 0;
        }
    }
    return member_fail(r, "role", "The role of a message must be user, assistant or system.");
}

static int read_message(struct reading *r, const struct json *v, struct chat *c)
{
    enum { ROLE, CONTENT };
    static const char *const keys[] = {"role", "content"};
    const struct json *m[ARRAY_LEN(keys)];
    struct extras extras;
    enum role role = ROLE_USER;
    int rc = reading_check_room(r, 0);
    if (rc == 0)
        rc = MEMBERS_READ(r, v, keys, m, &extras);
    if (rc == 0)
        rc = read_role(r, m[ROLE], &role);
    if (rc != 0)
        return rc;
    if (!m[CONTENT])
        return member_fail(r, "content", "A message must have content.");
    struct turn *t = turn_add(r->a, c, role);
    t->extras = extras;
    rc = bedrock_read_blocks(r, "content", m[CONTENT], &t->blocks);
    seal_join_calls(&t->blocks);
    return rc;
}

static int read_messages(struct reading *r, const struct json *v, struct chat *c)
{
    long i = 0;
    int rc = member_type(r, "messages", v, JSON_ARRAY);
    if (rc == 0 && v && json_count(v) == 0)
        keep(r, c, "messages", v);
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it); i++) {
        struct reading inner = reading_at(r, "messages", i);
        rc = read_message(&inner, it.value, c);
    }
    return rc;
}

/* ---- inferenceConfig ---- */

static int read_stop(struct reading *r, const struct json *v, struct chat *c)
{
    size_t n = json_count(v);
    int rc = member_type(r, "stopSequences", v, JSON_ARRAY);
    if (rc < 0 || n == 0)
        return rc;
    str *stop = arena_new_n(r->a, str, n);
    c->stop = stop;
    for (struct json_iter it = json_iter(v); json_iter_next(&it);) {
        if (!json_is_str(it.value))
            return member_fail(r, "stopSequences", "Stop sequences must be strings.");
        stop[c->n_stop++] = json_str(it.value);
    }
    return 0;
}

static int read_inference(struct reading *r, const struct json *v, struct chat *c)
{
    enum { MAX_TOKENS, TEMPERATURE, TOP_P, STOP };
    static const char *const keys[] = {"maxTokens", "temperature", "topP", "stopSequences"};
    const struct json *m[ARRAY_LEN(keys)];
    if (!v)
        return 0;
    struct reading inner = reading_at(r, "inferenceConfig", -1);
    int rc = MEMBERS_READ(&inner, v, keys, m, NULL);
    if (rc == 0)
        rc = member_number(&inner, "maxTokens", m[MAX_TOKENS], &c->max_output);
    if (rc == 0)
        rc = member_number(&inner, "temperature", m[TEMPERATURE], &c->sampling.temperature);
    if (rc == 0)
        rc = member_number(&inner, "topP", m[TOP_P], &c->sampling.top_p);
    if (rc == 0)
        rc = read_stop(&inner, m[STOP], c);
    keep(r, c, "inferenceConfig", v);
    return rc;
}

/* ---- toolConfig ---- */

static int read_tool_spec(struct reading *r, const struct json *v, struct chat *c)
{
    enum { NAME, DESCRIPTION, INPUT_SCHEMA, STRICT };
    static const char *const keys[] = {"name", "description", "inputSchema", "strict"};
    const struct json *m[ARRAY_LEN(keys)];
    bool is_strict = false;
    struct tool *t = tool_add(r->a, c, TOOL_FUNCTION);
    int rc = MEMBERS_READ(r, v, keys, m, &t->extras);
    if (rc == 0)
        rc = member_str(r, "name", m[NAME], &t->name);
    if (rc == 0)
        rc = member_str(r, "description", m[DESCRIPTION], &t->description);
    if (rc == 0)
        rc = member_bool(r, "strict", m[STRICT], &is_strict);
    if (rc < 0)
        return rc;
    if (t->name.n == 0)
        return member_fail(r, "name", "A tool must have a name.");
    t->schema = json_get(m[INPUT_SCHEMA], "json");
    if (m[STRICT])
        t->strict = tristate_of(is_strict);
    return t->schema ? member_type(r, "inputSchema.json", t->schema, JSON_OBJECT) : 0;
}

static int read_tool(struct reading *r, const struct json *v, struct chat *c)
{
    enum { SPEC, POINT };
    static const char *const keys[] = {"toolSpec", "cachePoint"};
    const struct json *m[ARRAY_LEN(keys)];
    struct extras others;
    int rc = reading_check_room(r, 0);
    if (rc == 0)
        rc = MEMBERS_READ(r, v, keys, m, &others);
    if (rc != 0)
        return rc;
    if (m[POINT] && c->last_tool) {
        c->last_tool->cache = (struct cache_mark){true, json_str(json_get(m[POINT], "ttl"))};
    } else if (m[SPEC]) {
        struct reading inner = reading_at(r, "toolSpec", -1);
        return read_tool_spec(&inner, m[SPEC], c);
    } else if (others.first) { /* systemTool: run by the provider */
        struct tool *t = tool_add(r->a, c, TOOL_SERVER);
        t->type = others.first->key;
        t->raw = v;
        t->extras.origin = r->origin;
    }
    return 0;
}

static int read_choice(struct reading *r, const struct json *v, struct chat *c)
{
    enum { AUTO, ANY, TOOL };
    static const char *const keys[] = {"auto", "any", "tool"};
    const struct json *m[ARRAY_LEN(keys)];
    if (!v)
        return 0;
    struct reading inner = reading_at(r, "toolChoice", -1);
    str name = S_EMPTY;
    int rc = MEMBERS_READ(&inner, v, keys, m, NULL);
    if (rc == 0)
        rc = member_str(&inner, "tool.name", json_get(m[TOOL], "name"), &name);
    if (rc < 0)
        return rc;
    if (m[TOOL] && name.n == 0)
        return member_fail(&inner, "tool.name", "The tool to be called must be named.");
    if (m[TOOL]) {
        str *names = arena_new_n(r->a, str, 1);
        names[0] = name;
        c->choice = (struct tool_choice){.mode = CHOICE_NAMED, .names = names, .n_names = 1};
    } else if (m[ANY] || m[AUTO]) {
        c->choice.mode = m[ANY] ? CHOICE_REQUIRED : CHOICE_AUTO;
    } else {
        c->choice.raw = v;
    }
    return 0;
}

static int read_tools(struct reading *r, const struct json *v, struct chat *c)
{
    enum { TOOLS, CHOICE };
    static const char *const keys[] = {"tools", "toolChoice"};
    const struct json *m[ARRAY_LEN(keys)];
    if (!v)
        return 0;
    struct reading inner = reading_at(r, "toolConfig", -1);
    long i = 0;
    int rc = MEMBERS_READ(&inner, v, keys, m, NULL);
    if (rc == 0)
        rc = member_type(&inner, "tools", m[TOOLS], JSON_ARRAY);
    for (struct json_iter it = json_iter(m[TOOLS]); rc == 0 && json_iter_next(&it); i++) {
        struct reading at = reading_at(&inner, "tools", i);
        rc = read_tool(&at, it.value, c);
    }
    keep(r, c, "toolConfig", v);
    return rc == 0 ? read_choice(&inner, m[CHOICE], c) : rc;
}

/* ---- additionalModelRequestFields ---- */

/* {type: enabled | disabled | adaptive, budget_tokens} of Anthropic's models. */
static void read_thinking(const struct json *v, struct reasoning_wish *out)
{
    static const struct {
        str type;
        enum thinking thinking;
    } types[] = {
        {S("enabled"), THINKING_ON},
        {S("disabled"), THINKING_OFF},
        {S("adaptive"), THINKING_ADAPTIVE},
        {S("between_tools"), THINKING_BETWEEN_TOOLS},
    };
    str type = json_str(json_get(v, "type"));
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (str_eq(type, types[i].type))
            out->thinking = types[i].thinking;
    }
    (void)json_i64(json_get(v, "budget_tokens"), &out->budget_tokens);
    out->display = json_str(json_get(v, "display"));
}

static int read_betas(struct reading *r, const struct json *v, struct chat *c)
{
    struct buf all;
    buf_init(&all, SIZE_MAX);
    for (struct json_iter it = json_iter(v); json_iter_next(&it);) {
        if (all.n > 0)
            buf_put_char(&all, ',');
        buf_put(&all, json_str(it.value));
    }
    int rc = reading_check_room(r, all.n);
    if (rc == 0)
        c->betas = arena_str(r->a, buf_str(&all));
    buf_fini(&all);
    return rc;
}

static int read_model_fields(struct reading *r, const struct json *v, struct chat *c)
{
    enum { TOP_K, THINKING, REASONING_CONFIG, BETAS };
    static const char *const keys[] = {"top_k", "thinking", "reasoning_config", "anthropic_beta"};
    const struct json *m[ARRAY_LEN(keys)];
    struct extras others;
    if (!v)
        return 0;
    struct reading inner = reading_at(r, "additionalModelRequestFields", -1);
    int rc = MEMBERS_READ(&inner, v, keys, m, &others);
    if (rc == 0)
        rc = member_number(&inner, "top_k", m[TOP_K], &c->sampling.top_k);
    if (rc < 0)
        return rc;
    read_thinking(m[THINKING] ? m[THINKING] : m[REASONING_CONFIG], &c->reasoning);
    rc = read_betas(&inner, m[BETAS], c);
    if (others.first) /* of that model only: lost elsewhere */
        extras_add(r->a, &c->extras, S("additionalModelRequestFields"), v);
    else
        keep(r, c, "additionalModelRequestFields", v);
    return rc;
}

/* ---- outputConfig ---- */

/* {type: json_schema, structure: {jsonSchema: {schema: "...", name, description}}} */
static int read_format(struct reading *r, const struct json *v, struct chat *c)
{
    const struct json *schema = json_get(json_get(v, "structure"), "jsonSchema");
    const struct json *text = json_get(schema, "schema");
    size_t error_at;
    if (!text)
        return 0;
    if (!json_is_str(text) || json_read(r->a, json_str(text), &c->output.schema, &error_at) != 0)
        return member_fail(r, "structure.jsonSchema.schema",
                           "The schema must be a string that holds JSON.");
    c->output.format = FORMAT_SCHEMA;
    c->output.name = json_str(json_get(schema, "name"));
    c->output.description = json_str(json_get(schema, "description"));
    return 0;
}

static int read_output(struct reading *r, const struct json *v, struct chat *c)
{
    enum { FORMAT, EFFORT };
    static const char *const keys[] = {"textFormat", "effort"};
    const struct json *m[ARRAY_LEN(keys)];
    if (!v)
        return 0;
    struct reading inner = reading_at(r, "outputConfig", -1);
    struct reading format = reading_at(&inner, "textFormat", -1);
    str effort = S_EMPTY;
    int rc = MEMBERS_READ(&inner, v, keys, m, NULL);
    if (rc == 0)
        rc = member_type(&inner, "textFormat", m[FORMAT], JSON_OBJECT);
    if (rc == 0)
        rc = member_str(&inner, "effort", m[EFFORT], &effort);
    if (rc == 0)
        rc = read_format(&format, m[FORMAT], c);
    c->reasoning.effort = effort_from(effort);
    keep(r, c, "outputConfig", v);
    return rc;
}

int bedrock_read_request(struct reading *r, const struct json *body, struct chat *out)
{
    enum { MESSAGES, SYSTEM, INFERENCE, TOOLS, FIELDS, OUTPUT, METADATA, TIER };
    static const char *const keys[] = {
        "messages",
        "system",
        "inferenceConfig",
        "toolConfig",
        "additionalModelRequestFields",
        "outputConfig",
        "requestMetadata",
        "serviceTier",
    };
    const struct json *m[ARRAY_LEN(keys)];
    out->asks_usage = true;
    out->reasoning.budget_tokens = -1;
    out->sampling.top_logprobs = -1;
    int rc = MEMBERS_READ(r, body, keys, m, &out->extras);
    if (rc == 0)
        rc = read_system(r, m[SYSTEM], out);
    if (rc == 0)
        rc = read_messages(r, m[MESSAGES], out);
    if (rc == 0)
        rc = read_inference(r, m[INFERENCE], out);
    if (rc == 0)
        rc = read_tools(r, m[TOOLS], out);
    if (rc == 0)
        rc = read_model_fields(r, m[FIELDS], out);
    if (rc == 0)
        rc = read_output(r, m[OUTPUT], out);
    if (rc == 0)
        rc = member_type(r, "requestMetadata", m[METADATA], JSON_OBJECT);
    if (rc == 0)
        rc = member_str(r, "serviceTier.type", json_get(m[TIER], "type"), &out->service_tier);
    out->metadata = m[METADATA];
    keep(r, out, "requestMetadata", m[METADATA]);
    keep(r, out, "serviceTier", m[TIER]);
    return rc;
}
