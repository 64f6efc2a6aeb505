/* Tools and the choice among them, both ways.
 *
 * In this dialect a tool's members stand beside its type, namespaces hold tools inside a tool, and
 * some tools are a bare type whose calls the client carries out itself (local_shell, apply_patch).
 * Those become functions of the same name here, so that any provider can call them, and their calls
 * become items of their own type again on the way back. Tools of a namespace are joined by a tool
 * each that remembers the namespace; what stood around them is kept in `raw`. Tools the provider
 * carries out stay as they came, and only their own dialect writes them; web search alone has a
 * counterpart nearly everywhere.
 *
 * A body that came in this dialect gets tools and choice back as they were written. */
#include "llm/dialect_responses.h"

#include "llm/carry.h"
#include "llm/json_schema.h"
#include "llm/tool_name.h"

static const struct responses_builtin builtins[] = {
    {"local_shell", "local_shell_call", "local_shell_call_output", "action",
     "Runs a command in the user's shell and returns what it printed.",
     "{\"type\":\"object\",\"properties\":{"
     "\"type\":{\"type\":\"string\",\"enum\":[\"exec\"]},"
     "\"command\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},"
     "\"description\":\"The program and its arguments.\"},"
     "\"env\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}},"
     "\"timeout_ms\":{\"type\":\"integer\"},"
     "\"working_directory\":{\"type\":\"string\"},"
     "\"user\":{\"type\":\"string\"}},"
     "\"required\":[\"type\",\"command\",\"env\"]}"},
    {"apply_patch", "apply_patch_call", "apply_patch_call_output", "operation",
     "Creates, changes or deletes one file of the user's.",
     "{\"type\":\"object\",\"properties\":{"
     "\"type\":{\"type\":\"string\",\"enum\":[\"create_file\",\"update_file\",\"delete_file\"]},"
     "\"path\":{\"type\":\"string\"},"
     "\"diff\":{\"type\":\"string\",\"description\":\"The change as a V4A diff; not for "
     "delete_file.\"}},"
     "\"required\":[\"type\",\"path\"]}"},
};

const struct responses_builtin *responses_builtin_of_tool(str type)
{
    for (size_t i = 0; i < ARRAY_LEN(builtins); i++)
        if (str_eq(type, str_from_cz(builtins[i].type)))
            return &builtins[i];
    return NULL;
}

const struct responses_builtin *responses_builtin_of_call(str type)
{
    for (size_t i = 0; i < ARRAY_LEN(builtins); i++)
        if (str_eq(type, str_from_cz(builtins[i].call)))
            return &builtins[i];
    return NULL;
}

const struct responses_builtin *responses_builtin_of_output(str type)
{
    for (size_t i = 0; i < ARRAY_LEN(builtins); i++)
        if (str_eq(type, str_from_cz(builtins[i].output)))
            return &builtins[i];
    return NULL;
}

/* ---- reading ---- */

static int read_function(struct reading *r, const struct json *v, struct tool *t)
{
    enum { TYPE, NAME, DESCRIPTION, PARAMETERS, STRICT, N };
    static const char *const keys[N] = {"type", "name", "description", "parameters", "strict"};
    const struct json *m[N];
    bool strict = false;
    int rc = MEMBERS_READ(r, v, keys, m, &t->extras);
    if (rc == 0 && !m[NAME])
        rc = member_fail(r, "name", STR_FMT " is required.", STR_ARG(reading_path(r, "name")));
    if (rc == 0)
        rc = member_str(r, "name", m[NAME], &t->name);
    if (rc == 0)
        rc = member_str(r, "description", m[DESCRIPTION], &t->description);
    if (rc == 0)
        rc = member_type(r, "parameters", m[PARAMETERS], JSON_OBJECT);
    if (rc == 0)
        rc = member_bool(r, "strict", m[STRICT], &strict);
    t->schema = m[PARAMETERS];
    if (m[STRICT])
        t->strict = tristate_of(strict);
    return rc;
}

static int read_custom(struct reading *r, const struct json *v, struct tool *t)
{
    enum { TYPE, NAME, DESCRIPTION, FORMAT, N };
    static const char *const keys[N] = {"type", "name", "description", "format"};
    const struct json *m[N];
    int rc = MEMBERS_READ(r, v, keys, m, &t->extras);
    if (rc == 0 && !m[NAME])
        rc = member_fail(r, "name", STR_FMT " is required.", STR_ARG(reading_path(r, "name")));
    if (rc == 0)
        rc = member_str(r, "name", m[NAME], &t->name);
    if (rc == 0)
        rc = member_str(r, "description", m[DESCRIPTION], &t->description);
    if (rc == 0)
        rc = member_type(r, "format", m[FORMAT], JSON_OBJECT);
    t->format = m[FORMAT];
    return rc;
}

/* A tool that is a type of its own: as a function for everybody else. */
static int read_builtin(struct reading *r, const struct responses_builtin *how, struct tool *t)
{
    size_t error_at = 0;
    t->type = t->name = str_from_cz(how->type);
    t->description = str_from_cz(how->description);
    int rc = json_read(r->a, str_from_cz(how->schema), &t->schema, &error_at);
    must(rc == 0); /* a constant of this file */
    return 0;
}

/* One tool, inside a namespace or not. */
static int read_tool(struct reading *r, const struct json *v, str space, struct chat *out)
{
    int rc = reading_check_room(r, 0);
    if (rc == 0)
        rc = member_type(r, NULL, v, JSON_OBJECT);
    if (rc != 0)
        return rc;
    str type = json_str(json_get(v, "type"));
    if (type.n == 0)
        return member_fail(r, "type", STR_FMT " must say what kind of tool this is.",
                           STR_ARG(reading_path(r, "type")));
    const struct responses_builtin *how = responses_builtin_of_tool(type);
    bool is_custom = str_eq(type, S("custom"));
    bool is_function = how || str_eq(type, S("function"));
    enum tool_kind kind = is_function ? TOOL_FUNCTION : is_custom ? TOOL_CUSTOM : TOOL_SERVER;
    struct tool *t = tool_add(r->a, out, kind);
    t->extras.origin = r->origin;
    t->space = space;
    if (how) {
        t->raw = v;
        return read_builtin(r, how, t);
    }
    if (is_custom)
        return read_custom(r, v, t);
    if (is_function)
        return read_function(r, v, t);
    t->type = type;
    t->name = json_str(json_get(v, "name"));
    t->raw = v;
    return 0;
}

static int read_namespace(struct reading *r, const struct json *v, struct chat *out)
{
    str space = S_EMPTY;
    const struct json *inner = json_get(v, "tools");
    int rc = member_str(r, "name", json_get(v, "name"), &space);
    if (rc == 0)
        rc = member_type(r, "tools", inner, JSON_ARRAY);
    if (rc == 0 && (space.n == 0 || !inner))
        rc = member_fail(r, space.n == 0 ? "name" : "tools",
                         "A namespace needs a name and tools (" STR_FMT ").",
                         STR_ARG(reading_path(r, NULL)));
    long i = 0;
    for (struct json_iter it = json_iter(inner); rc == 0 && json_iter_next(&it); i++) {
        struct reading at = reading_at(r, "tools", i);
        rc = read_tool(&at, it.value, space, out);
        if (rc == 0)
            out->last_tool->raw = v;
    }
    return rc;
}

int responses_read_tools(struct reading *r, const struct json *v, struct chat *out)
{
    int rc = member_type(r, "tools", v, JSON_ARRAY);
    long i = 0;
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it); i++) {
        struct reading at = reading_at(r, "tools", i);
        bool is_object = json_type(it.value) == JSON_OBJECT;
        str type = json_str(is_object ? json_get(it.value, "type") : NULL);
        if (str_eq(type, S("namespace")))
            rc = read_namespace(&at, it.value, out);
        else
            rc = read_tool(&at, it.value, S_EMPTY, out);
    }
    return rc;
}

static int read_mode(struct reading *r, const char *name, str word, struct tool_choice *out)
{
    if (str_eq(word, S("auto")))
        out->mode = CHOICE_AUTO;
    else if (str_eq(word, S("none")))
        out->mode = CHOICE_NONE;
    else if (str_eq(word, S("required")))
        out->mode = CHOICE_REQUIRED;
    else
        return member_fail(r, name, STR_FMT " must be auto, none, required or an object.",
                           STR_ARG(reading_path(r, name)));
    return 0;
}

/* The name of an entry of allowed_tools; a type of its own stands for itself. */
static str choice_name(const struct json *v)
{
    if (!v || json_type(v) != JSON_OBJECT)
        return S_EMPTY;
    str name = json_str(json_get(v, "name"));
    return name.n > 0 ? name : json_str(json_get(v, "type"));
}

static int read_allowed(struct reading *r, const struct json *v, struct tool_choice *out)
{
    const struct json *tools = json_get(v, "tools");
    int rc = member_type(r, "tools", tools, JSON_ARRAY);
    if (rc == 0)
        rc = reading_check_room(r, (json_count(tools) + 1) * 2 * sizeof(str));
    if (rc != 0)
        return rc;
    size_t n = 0;
    str *names = arena_new_n(r->a, str, json_count(tools) + 1);
    for (struct json_iter it = json_iter(tools); json_iter_next(&it);) {
        names[n] = choice_name(it.value);
        if (names[n].n == 0)
            return member_fail(r, "tools", STR_FMT " must hold tools with a type and a name.",
                               STR_ARG(reading_path(r, "tools")));
        n++;
    }
    out->mode = CHOICE_ALLOWED;
    out->is_required = str_eq(json_str(json_get(v, "mode")), S("required"));
    out->names = names;
    out->n_names = n;
    return 0;
}

int responses_read_choice(struct reading *r, const struct json *v, struct chat *out)
{
    struct tool_choice *choice = &out->choice;
    if (!v)
        return 0;
    if (json_is_str(v))
        return read_mode(r, "tool_choice", json_str(v), choice);
    int rc = member_type(r, "tool_choice", v, JSON_OBJECT);
    if (rc != 0)
        return rc;
    struct reading at = reading_at(r, "tool_choice", -1);
    str type = json_str(json_get(v, "type"));
    if (str_eq(type, S("allowed_tools")))
        return read_allowed(&at, v, choice);
    bool is_custom = str_eq(type, S("custom"));
    bool is_named = is_custom || str_eq(type, S("function")) || responses_builtin_of_tool(type);
    if (!is_named) {
        choice->raw = v;
        return type.n > 0 ? 0
                          : member_fail(&at, "type", "tool_choice.type must say what is chosen.");
    }
    str *name = arena_new(r->a, str);
    *name = choice_name(v);
    *choice = (struct tool_choice){.mode = CHOICE_NAMED,
                                   .kind = is_custom ? TOOL_CUSTOM : TOOL_FUNCTION,
                                   .names = name,
                                   .n_names = 1};
    return 0;
}

/* ---- writing ---- */

static void put_parameters(struct writing *w, const struct tool *t, struct json_writer *j)
{
    if (!w->can) {
        if (t->schema)
            json_put_value(j, "parameters", t->schema);
        else
            json_put_raw(j, "parameters", S("{\"type\":\"object\",\"properties\":{}}"));
        return;
    }
    enum schema_use use = t->strict == YES ? SCHEMA_FOR_STRICT_TOOL : SCHEMA_FOR_TOOL;
    json_schema_put(j, "parameters", t->schema, w->can->schema, use, w->loss, "tools.parameters");
}

/* strict: chat completions and all others take no strictness for granted, Responses does: so the
 * default is said. */
static void put_function(struct writing *w, const struct tool *t, struct json_writer *j)
{
    bool is_plain = w->can && (w->can->can & CAN_NOT_STRICT) != 0;
    json_begin_object(j, NULL);
    json_put_str(j, "type", S("function"));
    json_put_str(j, "name", name_fit(w->a, &name_rule_openai, t->space, t->name));
    if (t->description.n > 0)
        json_put_str(j, "description", t->description);
    put_parameters(w, t, j);
    if (!is_plain)
        json_put_bool(j, "strict", t->strict == YES);
    if (is_plain && t->strict == YES)
        loss_add(w->loss, LOSS_DROPPED, S("tools.strict"));
    json_end_object(j);
}

/* Chat completions nest the grammar: {type, grammar: {definition, syntax}}; here they lie flat. */
static void put_format(const struct json *format, struct json_writer *j)
{
    const struct json *grammar = json_get(format, "grammar");
    if (!grammar || json_type(grammar) != JSON_OBJECT) {
        json_put_value(j, "format", format);
        return;
    }
    json_begin_object(j, "format");
    json_put_str(j, "type", S("grammar"));
    for (struct json_iter it = json_iter(grammar); json_iter_next(&it);)
        json_put_member(j, it.key, it.value);
    json_end_object(j);
}

static void put_custom(struct writing *w, const struct tool *t, struct json_writer *j)
{
    json_begin_object(j, NULL);
    json_put_str(j, "type", S("custom"));
    json_put_str(j, "name", name_fit(w->a, &name_rule_openai, t->space, t->name));
    if (t->description.n > 0)
        json_put_str(j, "description", t->description);
    if (t->format)
        put_format(t->format, j);
    json_end_object(j);
}

/* Anthropic's and Gemini's web searches, and what they say of themselves that ours takes. */
static bool is_web_search(const struct tool *t)
{
    return str_has_prefix(t->type, S("web_search")) || str_eq(t->type, S("google_search")) ||
           str_eq(t->type, S("googleSearch"));
}

static void put_web_search(struct writing *w, const struct tool *t, struct json_writer *j)
{
    const struct json *allowed = t->raw ? json_get(t->raw, "allowed_domains") : NULL;
    const struct json *place = t->raw ? json_get(t->raw, "user_location") : NULL;
    json_begin_object(j, NULL);
    json_put_str(j, "type", S("web_search"));
    if (allowed && json_type(allowed) == JSON_ARRAY) {
        json_begin_object(j, "filters");
        json_put_value(j, "allowed_domains", allowed);
        json_end_object(j);
    }
    if (place && json_type(place) == JSON_OBJECT)
        json_put_value(j, "user_location", place);
    if (t->raw && json_get(t->raw, "max_uses"))
        loss_add(w->loss, LOSS_DROPPED, S("tools.max_uses"));
    if (t->raw && json_get(t->raw, "blocked_domains"))
        loss_add(w->loss, LOSS_DROPPED, S("tools.blocked_domains"));
    json_end_object(j);
}

/* Chat completions ask for a search with a member of their own: {search_context_size,
 * user_location: {type, approximate: {...}}}. */
static void put_search_options(const struct json *options, struct json_writer *j)
{
    const struct json *size = json_get(options, "search_context_size");
    const struct json *place = json_get(options, "user_location");
    const struct json *inner = place ? json_get(place, "approximate") : NULL;
    json_begin_object(j, NULL);
    json_put_str(j, "type", S("web_search"));
    if (size && json_is_str(size))
        json_put_value(j, "search_context_size", size);
    if (inner && json_type(inner) == JSON_OBJECT) {
        json_begin_object(j, "user_location");
        json_put_str(j, "type", S("approximate"));
        for (struct json_iter it = json_iter(inner); json_iter_next(&it);) {
            if (!str_eq(it.key, S("type")))
                json_put_member(j, it.key, it.value);
        }
        json_end_object(j);
    }
    json_end_object(j);
}

static const struct json *search_options(const struct chat *c)
{
    bool is_chat = c->extras.origin == DIALECT_CHAT || c->extras.origin == DIALECT_OPENROUTER;
    const struct json *v = is_chat ? extras_find(&c->extras, S("web_search_options")) : NULL;
    return v && json_type(v) == JSON_OBJECT ? v : NULL;
}

static void put_tool(struct writing *w, const struct tool *t, struct json_writer *j)
{
    switch (t->kind) {
    case TOOL_FUNCTION:
        put_function(w, t, j);
        break;
    case TOOL_CUSTOM:
        put_custom(w, t, j);
        break;
    case TOOL_SERVER:
        if (is_web_search(t))
            put_web_search(w, t, j);
        else
            loss_add(w->loss, LOSS_DROPPED, arena_concat(w->a, (str[]){S("tools."), t->type}, 2));
        break;
    }
}

void responses_put_tools(struct writing *w, const struct chat *c, struct json_writer *j)
{
    if (responses_put_verbatim(j, &c->verbatim, "tools"))
        return;
    const struct json *search = search_options(c);
    if (!c->tools && !search)
        return;
    json_begin_array(j, "tools");
    for (const struct tool *t = c->tools; t; t = t->next)
        put_tool(w, t, j);
    if (search)
        put_search_options(search, j);
    json_end_array(j);
}

/* The tool of that name decides the type: function, custom, or the provider's own. */
static void put_choice_of(struct writing *w, const struct chat *c, str name, struct json_writer *j)
{
    const struct tool *t = c->tools;
    while (t && !str_eq(t->name, name))
        t = t->next;
    bool is_custom = t ? t->kind == TOOL_CUSTOM : c->choice.kind == TOOL_CUSTOM;
    if (t && t->kind == TOOL_SERVER) {
        json_put_str(j, "type", is_web_search(t) ? S("web_search") : t->type);
        return;
    }
    str space = t ? t->space : S_EMPTY;
    json_put_str(j, "type", is_custom ? S("custom") : S("function"));
    json_put_str(j, "name", name_fit(w->a, &name_rule_openai, space, name));
}

void responses_put_choice(struct writing *w, const struct chat *c, struct json_writer *j)
{
    static const char *const words[] = {
        [CHOICE_AUTO] = "auto", [CHOICE_NONE] = "none", [CHOICE_REQUIRED] = "required"};
    if (responses_put_verbatim(j, &c->verbatim, "tool_choice"))
        return;
    switch (c->choice.mode) {
    case CHOICE_UNSET:
        if (c->choice.raw)
            loss_add(w->loss, LOSS_DROPPED, S("tool_choice"));
        return;
    case CHOICE_AUTO:
    case CHOICE_NONE:
    case CHOICE_REQUIRED:
        json_put_str(j, "tool_choice", str_from_cz(words[c->choice.mode]));
        return;
    case CHOICE_NAMED:
        json_begin_object(j, "tool_choice");
        put_choice_of(w, c, c->choice.n_names > 0 ? c->choice.names[0] : S_EMPTY, j);
        json_end_object(j);
        return;
    case CHOICE_ALLOWED:
        json_begin_object(j, "tool_choice");
        json_put_str(j, "type", S("allowed_tools"));
        json_put_str(j, "mode", c->choice.is_required ? S("required") : S("auto"));
        json_begin_array(j, "tools");
        for (size_t i = 0; i < c->choice.n_names; i++) {
            json_begin_object(j, NULL);
            put_choice_of(w, c, c->choice.names[i], j);
            json_end_object(j);
        }
        json_end_array(j);
        json_end_object(j);
        return;
    }
}
