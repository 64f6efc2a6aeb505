/* Tools and the choice among them, both ways (OpenAI's API reference, "Create chat completion":
 * tools, tool_choice; and functions, function_call, which they replaced).
 *
 * For a client of the same dialect tools go back as they came. For others what the target cannot do
 * is done by other means where that comes to the same: a free-text tool becomes a function with one
 * text argument (llm/restore.h turns its calls back), a subset of tools is the tools that are
 * written, a named tool is the only one written. What cannot be done so is left out and noted. */
#include "llm/carry.h"
#include "llm/dialect_chat.h"
#include "llm/json_schema.h"
#include "llm/tool_name.h"

/* ---- reading ---- */

enum { F_NAME, F_DESCRIPTION, F_PARAMETERS, F_STRICT, F_FORMAT };
static const char *const function_keys[] = {
    [F_NAME] = "name",     [F_DESCRIPTION] = "description", [F_PARAMETERS] = "parameters",
    [F_STRICT] = "strict", [F_FORMAT] = "format",
};

static int fail_string(struct reading *r, const char *name)
{
    return member_fail(r, name, STR_FMT " must be a string.", STR_ARG(reading_path(r, name)));
}

/* The object that says what a function or a custom tool is. */
static int read_described(struct reading *r, const struct json *v, struct tool *t)
{
    const struct json *value[ARRAY_LEN(function_keys)];
    bool is_strict = false;
    int rc = MEMBERS_READ(r, v, function_keys, value, NULL);
    if (rc == 0 && !value[F_NAME])
        rc = fail_string(r, "name");
    if (rc == 0)
        rc = member_str(r, "name", value[F_NAME], &t->name);
    if (rc == 0)
        rc = member_str(r, "description", value[F_DESCRIPTION], &t->description);
    if (rc == 0)
        rc = member_type(r, "parameters", value[F_PARAMETERS], JSON_OBJECT);
    if (rc == 0)
        rc = member_bool(r, "strict", value[F_STRICT], &is_strict);
    if (rc == 0)
        rc = member_type(r, "format", value[F_FORMAT], JSON_OBJECT);
    t->schema = value[F_PARAMETERS];
    t->format = value[F_FORMAT];
    if (value[F_STRICT])
        t->strict = tristate_of(is_strict);
    return rc;
}

static int read_cache(struct reading *r, const struct json *v, struct cache_mark *out)
{
    struct reading in = reading_at(r, "cache_control", -1);
    out->is_set = v != NULL;
    return member_str(&in, "ttl", json_get(v, "ttl"), &out->ttl);
}

static int read_tool(struct reading *r, const struct json *v, struct chat *out)
{
    enum { TYPE, FUNCTION, CUSTOM, CACHE };
    static const char *const keys[] = {
        [TYPE] = "type", [FUNCTION] = "function", [CUSTOM] = "custom", [CACHE] = "cache_control"};
    const struct json *value[ARRAY_LEN(keys)];
    str type = S("function");
    int rc = reading_check_room(r, 0);
    if (rc == 0)
        rc = MEMBERS_READ(r, v, keys, value, NULL);
    if (rc == 0)
        rc = member_str(r, "type", value[TYPE], &type);
    if (rc != 0)
        return rc;
    bool is_custom = str_eq(type, S("custom")) && value[CUSTOM];
    bool is_function = str_eq(type, S("function"));
    struct tool *t = tool_add(r->a, out, is_function ? TOOL_FUNCTION : TOOL_SERVER);
    t->extras.origin = r->origin;
    t->raw = v;
    t->type = type;
    if (is_custom)
        t->kind = TOOL_CUSTOM;
    if (is_function || is_custom) {
        struct reading in = reading_at(r, is_custom ? "custom" : "function", -1);
        rc = read_described(&in, value[is_custom ? CUSTOM : FUNCTION], t);
    }
    return rc != 0 ? rc : read_cache(r, value[CACHE], &t->cache);
}

static int read_list(struct reading *r, const char *name, const struct json *v, struct chat *out)
{
    long i = 0;
    int rc = member_type(r, name, v, JSON_ARRAY);
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it); i++) {
        struct reading in = reading_at(r, name, i);
        if (out->uses_functions) {
            struct tool *t = tool_add(r->a, out, TOOL_FUNCTION);
            rc = reading_check_room(r, 0);
            rc = rc != 0 ? rc : read_described(&in, it.value, t);
        } else {
            rc = read_tool(&in, it.value, out);
        }
    }
    return rc;
}

static const str *one_name(struct arena *a, str name)
{
    str *names = arena_new(a, str);
    *names = name;
    return names;
}

/* {type: allowed_tools, allowed_tools: {mode, tools: [{type, function: {name}}]}} */
static int read_allowed(struct reading *r, const struct json *v, struct tool_choice *out)
{
    struct reading in = reading_at(r, "allowed_tools", -1);
    const struct json *tools = json_get(v, "tools");
    str *names = arena_new_n(r->a, str, json_count(tools) + 1);
    int rc = member_type(&in, "tools", tools, JSON_ARRAY);
    for (struct json_iter it = json_iter(tools); rc == 0 && json_iter_next(&it);) {
        const struct json *of = json_get(it.value, "function");
        str name = json_str(json_get(of ? of : json_get(it.value, "custom"), "name"));
        if (name.n > 0)
            names[out->n_names++] = name;
    }
    out->mode = CHOICE_ALLOWED;
    out->is_required = str_eq(json_str(json_get(v, "mode")), S("required"));
    out->names = names;
    return rc;
}

static int read_choice_object(struct reading *r, const struct json *v, struct tool_choice *out)
{
    str type = S_EMPTY;
    struct reading in = reading_at(r, "tool_choice", -1);
    int rc = member_str(&in, "type", json_get(v, "type"), &type);
    if (rc != 0)
        return rc;
    if (str_eq(type, S("allowed_tools")))
        return read_allowed(&in, json_get(v, "allowed_tools"), out);
    bool is_custom = str_eq(type, S("custom"));
    const struct json *of = json_get(v, is_custom ? "custom" : "function");
    str name = json_str(json_get(of ? of : v, "name"));
    if (name.n == 0) {
        out->raw = v;
        return 0;
    }
    out->mode = CHOICE_NAMED;
    out->kind = is_custom ? TOOL_CUSTOM : TOOL_FUNCTION;
    out->names = one_name(r->a, name);
    out->n_names = 1;
    return 0;
}

static int read_choice(struct reading *r, const char *key, const struct json *v,
                       struct tool_choice *out)
{
    static const struct {
        str name;
        enum choice_mode mode;
    } modes[] = {
        {{"auto", 4}, CHOICE_AUTO},
        {{"none", 4}, CHOICE_NONE},
        {{"required", 8}, CHOICE_REQUIRED},
        {{"any", 3}, CHOICE_REQUIRED},
    };
    if (!v)
        return 0;
    if (json_type(v) == JSON_OBJECT)
        return read_choice_object(r, v, out);
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        if (!str_eq(modes[i].name, json_str(v)))
            continue;
        out->mode = modes[i].mode;
        return 0;
    }
    return member_fail(r, key, "%s must be none, auto, required, or an object that names a tool.",
                       key);
}

int dialect_chat_read_tools(struct reading *r, const struct json *const *v, struct chat *out)
{
    const struct json *tools = v[0], *choice = v[1], *functions = v[2], *function_call = v[3];
    int rc = read_list(r, "tools", tools, out);
    if (rc == 0)
        rc = read_choice(r, "tool_choice", choice, &out->choice);
    dialect_chat_keep(r, &out->verbatim, "tools", tools);
    dialect_chat_keep(r, &out->verbatim, "tool_choice", choice);
    if (rc != 0 || (!functions && !function_call))
        return rc;
    out->uses_functions = !tools;
    if (out->uses_functions)
        rc = read_list(r, "functions", functions, out);
    if (rc == 0 && !choice)
        rc = read_choice(r, "function_call", function_call, &out->choice);
    dialect_chat_keep(r, &out->verbatim, "functions", functions);
    dialect_chat_keep(r, &out->verbatim, "function_call", function_call);
    return rc;
}

/* ---- writing ---- */

static str fitted(const struct dialect_chat_pen *p, const struct tool *t)
{
    return name_fit(p->w->a, &name_rule_openai, t->space, t->name);
}

static bool is_chosen(const struct tool_choice *choice, const struct tool *t)
{
    for (size_t i = 0; i < choice->n_names; i++) {
        if (str_eq(choice->names[i], t->name))
            return true;
    }
    return false;
}

bool dialect_chat_takes_strict(const struct dialect_chat_pen *p)
{
    return dialect_chat_can(p, CAN_STRICT_TOOLS) && !dialect_chat_can(p, CAN_NOT_STRICT);
}

static void put_function(struct dialect_chat_pen *p, const struct tool *t)
{
    bool is_strict = t->strict == YES && dialect_chat_takes_strict(p);
    struct json_writer *j = &p->j;
    json_begin_object(j, "function");
    json_put_str(j, "name", fitted(p, t));
    if (t->description.n > 0)
        json_put_str(j, "description", t->description);
    json_schema_put(j, "parameters", t->schema, p->can->schema,
                    is_strict ? SCHEMA_FOR_STRICT_TOOL : SCHEMA_FOR_TOOL, p->w->loss, "tools");
    if (is_strict)
        json_put_bool(j, "strict", true);
    json_end_object(j);
}

/* A free-text tool: {input: text} to those who know functions only. */
static void put_free_text(struct dialect_chat_pen *p, const struct tool *t)
{
    struct json_writer *j = &p->j;
    json_begin_object(j, "function");
    json_put_str(j, "name", fitted(p, t));
    if (t->description.n > 0)
        json_put_str(j, "description", t->description);
    json_put_raw(j, "parameters",
                 S("{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},"
                   "\"required\":[\"input\"],\"additionalProperties\":false}"));
    json_end_object(j);
    loss_add(p->w->loss, LOSS_EMULATED, S("tools.custom"));
}

/* {type: grammar, grammar: {syntax, definition}}; Responses has its members one level higher. */
static void put_format(struct json_writer *j, const struct json *format)
{
    bool is_flat =
        str_eq(json_str(json_get(format, "type")), S("grammar")) && !json_get(format, "grammar");
    if (!is_flat) {
        json_put_value(j, "format", format);
        return;
    }
    json_begin_object(j, "format");
    json_put_str(j, "type", S("grammar"));
    json_begin_object(j, "grammar");
    json_put_str(j, "syntax", json_str(json_get(format, "syntax")));
    json_put_str(j, "definition", json_str(json_get(format, "definition")));
    json_end_object(j);
    json_end_object(j);
}

static void put_custom(struct dialect_chat_pen *p, const struct tool *t)
{
    struct json_writer *j = &p->j;
    json_begin_object(j, "custom");
    json_put_str(j, "name", fitted(p, t));
    if (t->description.n > 0)
        json_put_str(j, "description", t->description);
    if (t->format)
        put_format(j, t->format);
    json_end_object(j);
}

/* OpenAI's own models take free-text tools; those who copied its API do not. */
bool dialect_chat_takes_custom(const struct dialect_chat_pen *p)
{
    return p->as == DIALECT_CHAT && p->can->schema == SCHEMA_OPENAI &&
           !dialect_chat_can(p, CAN_OLD_MAX_TOKENS | CAN_NOT_STRICT);
}

static void put_tool(struct dialect_chat_pen *p, const struct tool *t)
{
    bool is_custom = t->kind == TOOL_CUSTOM && dialect_chat_takes_custom(p);
    json_begin_object(&p->j, NULL);
    json_put_str(&p->j, "type", is_custom ? S("custom") : S("function"));
    if (is_custom)
        put_custom(p, t);
    else if (t->kind == TOOL_CUSTOM)
        put_free_text(p, t);
    else
        put_function(p, t);
    if (t->cache.is_set && p->as == DIALECT_OPENROUTER)
        json_put_raw(&p->j, "cache_control", S("{\"type\":\"ephemeral\"}"));
    json_end_object(&p->j);
}

/* What is written for the choice, once the tools are what the target is given. */
struct plan {
    enum choice_mode mode;
    bool is_filtered; /* only the chosen tools are written */
};

static struct plan plan_choice(struct dialect_chat_pen *p)
{
    const struct tool_choice *choice = &p->c->choice;
    uint32_t can = p->can->choices;
    struct plan plan = {.mode = choice->mode};
    if (choice->mode == CHOICE_UNSET || choice->mode == CHOICE_AUTO ||
        (can & 1u << choice->mode) != 0)
        return plan;
    plan.is_filtered = choice->mode == CHOICE_NAMED || choice->mode == CHOICE_ALLOWED;
    bool is_required =
        choice->mode == CHOICE_REQUIRED || choice->mode == CHOICE_NAMED || choice->is_required;
    plan.mode = is_required ? CHOICE_REQUIRED : CHOICE_AUTO;
    if (is_required && (can & 1u << CHOICE_REQUIRED) == 0) {
        plan.mode = CHOICE_AUTO;
        setting_lost(p->w, p->c, LOSS_DROPPED, SETTING_TOOL_CHOICE);
    } else if (choice->mode == CHOICE_NONE) {
        setting_lost(p->w, p->c, LOSS_DROPPED, SETTING_TOOL_CHOICE);
    } else {
        setting_lost(p->w, p->c, LOSS_EMULATED, SETTING_TOOL_CHOICE);
    }
    return plan;
}

static const struct tool *tool_named(const struct chat *c, str name)
{
    for (const struct tool *t = c->tools; t; t = t->next) {
        if (str_eq(t->name, name))
            return t;
    }
    return NULL;
}

/* {type: function, function: {name}} */
static void put_reference(struct dialect_chat_pen *p, const char *key, str name)
{
    const struct tool *t = tool_named(p->c, name);
    bool is_custom = t && t->kind == TOOL_CUSTOM && dialect_chat_takes_custom(p);
    struct json_writer *j = &p->j;
    json_begin_object(j, key);
    json_put_str(j, "type", is_custom ? S("custom") : S("function"));
    json_begin_object(j, is_custom ? "custom" : "function");
    json_put_str(j, "name", t ? fitted(p, t) : name_fit(p->w->a, &name_rule_openai, S_EMPTY, name));
    json_end_object(j);
    json_end_object(j);
}

static void put_allowed(struct dialect_chat_pen *p)
{
    const struct tool_choice *choice = &p->c->choice;
    struct json_writer *j = &p->j;
    json_begin_object(j, "tool_choice");
    json_put_str(j, "type", S("allowed_tools"));
    json_begin_object(j, "allowed_tools");
    json_put_str(j, "mode", choice->is_required ? S("required") : S("auto"));
    json_begin_array(j, "tools");
    for (size_t i = 0; i < choice->n_names; i++)
        put_reference(p, NULL, choice->names[i]);
    json_end_array(j);
    json_end_object(j);
    json_end_object(j);
}

static void put_choice(struct dialect_chat_pen *p, enum choice_mode mode)
{
    bool says_any = dialect_chat_can(p, CAN_TOOL_CHOICE_ANY);
    switch (mode) {
    case CHOICE_UNSET:
        break;
    case CHOICE_AUTO:
        json_put_str(&p->j, "tool_choice", S("auto"));
        break;
    case CHOICE_NONE:
        json_put_str(&p->j, "tool_choice", S("none"));
        break;
    case CHOICE_REQUIRED:
        json_put_str(&p->j, "tool_choice", says_any ? S("any") : S("required"));
        break;
    case CHOICE_NAMED:
        if (p->c->choice.n_names > 0)
            put_reference(p, "tool_choice", p->c->choice.names[0]);
        break;
    case CHOICE_ALLOWED:
        put_allowed(p);
        break;
    }
}

static bool is_written(const struct tool *t, const struct chat *c, const struct plan *plan)
{
    return t->kind != TOOL_SERVER && (!plan->is_filtered || is_chosen(&c->choice, t));
}

static size_t put_list(struct dialect_chat_pen *p, const struct plan *plan)
{
    size_t n = 0;
    for (const struct tool *t = p->c->tools; t; t = t->next) {
        if (t->kind == TOOL_SERVER)
            dialect_chat_lost(p, "tools.", t->type);
        if (!is_written(t, p->c, plan))
            continue;
        if (n++ == 0)
            json_begin_array(&p->j, "tools");
        put_tool(p, t);
    }
    if (n > 0)
        json_end_array(&p->j);
    return n;
}

void dialect_chat_put_tools(struct dialect_chat_pen *p)
{
    static const char *const kept[] = {"tools", "tool_choice", "functions", "function_call"};
    const struct chat *c = p->c;
    if (p->is_own) {
        for (size_t i = 0; i < ARRAY_LEN(kept); i++)
            (void)dialect_chat_put_verbatim(p, &c->verbatim, kept[i]); /* absent: nothing */
    } else {
        struct plan plan = plan_choice(p);
        if (put_list(p, &plan) == 0)
            return;
        put_choice(p, plan.mode);
    }
    if (c->parallel != UNSET && (p->is_own || dialect_chat_can(p, CAN_PARALLEL_OFF)))
        json_put_bool(&p->j, "parallel_tool_calls", c->parallel == YES);
    else if (c->parallel == NO)
        setting_lost(p->w, c, LOSS_DROPPED, SETTING_PARALLEL);
}
