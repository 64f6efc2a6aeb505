/* Tools and the choice among them, as a request of generateContent has them.
 *
 * Neighbouring functions share one element of `tools`, each server tool has its own. Functions get
 * names that the API takes, and no schema where they have no arguments; a tool that takes free text
 * becomes a function of one string. Of the server tools that others have, only the search has an
 * equal here; a request for any other is refused, because without the tool it asks for something
 * else. */
#include "base/table.h"
#include "llm/carry.h"
#include "llm/dialect_gemini.h"
#include "llm/json_schema.h"
#include "llm/tool_name.h"

struct toolbox {
    struct json_writer *j;
    struct writing *w;
    const struct chat *c;
    bool is_own;
};

/* An object that says nothing of its members: the API wants no schema then. */
static bool is_empty_object(const struct json *schema)
{
    static const char *const says[] = {"$ref", "anyOf", "oneOf", "allOf", "patternProperties",
                                       "if"};
    const struct json *more = json_get(schema, "additionalProperties");
    if (!schema)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(says); i++) {
        if (json_get(schema, says[i]))
            return false;
    }
    return json_type(schema) == JSON_OBJECT && json_count(json_get(schema, "properties")) == 0 &&
           json_count(more) == 0;
}

static void put_custom_schema(struct toolbox *s, const char *key)
{
    json_begin_object(s->j, key);
    json_put_str(s->j, "type", S("object"));
    json_begin_object(s->j, "properties");
    json_begin_object(s->j, "input");
    json_put_str(s->j, "type", S("string"));
    json_end_object(s->j);
    json_end_object(s->j);
    json_begin_array(s->j, "required");
    json_put_str(s->j, NULL, S("input"));
    json_end_array(s->j);
    json_end_object(s->j);
    loss_add(s->w->loss, LOSS_EMULATED, S("tools.custom"));
}

static void put_schema(struct toolbox *s, const struct tool *t)
{
    bool is_openapi = s->w->can->schema == SCHEMA_GEMINI_OPENAPI;
    const char *key = is_openapi ? "parameters" : "parametersJsonSchema";
    if (t->kind == TOOL_CUSTOM)
        put_custom_schema(s, key);
    else if (!is_empty_object(t->schema))
        json_schema_put(s->j, key, t->schema,
                        is_openapi ? SCHEMA_GEMINI_OPENAPI : SCHEMA_GEMINI_JSON, SCHEMA_FOR_TOOL,
                        s->w->loss, "tools.parameters");
}

static void put_function(struct toolbox *s, const struct tool *t)
{
    json_begin_object(s->j, NULL);
    if (!gemini_is_kept(&t->verbatim, "name"))
        json_put_str(s->j, "name",
                     s->is_own ? t->name : name_fit(s->w->a, &name_rule_gemini, t->space, t->name));
    if (t->description.n > 0 && !gemini_is_kept(&t->verbatim, "description"))
        json_put_str(s->j, "description", t->description);
    if (!s->is_own)
        put_schema(s, t);
    gemini_put_kept(s->j, &t->verbatim);
    extras_put(s->j, &t->extras, DIALECT_GEMINI);
    json_end_object(s->j);
    gemini_lose_extras(s->w, &t->extras, "tools.");
}

/* A server tool: the API's own, or the one that others have as well. */
static int put_server_tool(struct toolbox *s, const struct tool *t)
{
    if (t->extras.origin == DIALECT_GEMINI) {
        json_put_value(s->j, NULL, t->raw);
        return 0;
    }
    if (!str_has_prefix(t->type, S("web_search")))
        return writing_refuse(s->w, "tools", "This provider has no server tool " STR_FMT ".",
                              STR_ARG(str_slice(t->type, 0, 100)));
    json_begin_object(s->j, NULL);
    json_begin_object(s->j, "googleSearch");
    json_end_object(s->j);
    json_end_object(s->j);
    loss_add(s->w->loss, LOSS_EMULATED, S("tools.web_search"));
    return 0;
}

/* Begins or ends the element that holds neighbouring functions. */
static void put_bracket(struct json_writer *j, bool begins)
{
    if (begins) {
        json_begin_object(j, NULL);
        json_begin_array(j, "functionDeclarations");
    } else {
        json_end_array(j);
        json_end_object(j);
    }
}

int gemini_tools_put(struct json_writer *j, struct writing *w, const struct chat *c)
{
    struct toolbox s = {.j = j, .w = w, .c = c, .is_own = c->origin == DIALECT_GEMINI};
    bool is_open = false;
    int rc = 0;
    if (!c->tools || gemini_is_kept(&c->verbatim, "tools"))
        return 0;
    json_begin_array(j, "tools");
    for (const struct tool *t = c->tools; t && rc == 0; t = t->next) {
        bool is_function = t->kind != TOOL_SERVER;
        if (is_function != is_open)
            put_bracket(j, is_function);
        is_open = is_function;
        if (is_function)
            put_function(&s, t);
        else
            rc = put_server_tool(&s, t);
    }
    if (is_open)
        put_bracket(j, false);
    json_end_array(j);
    return rc;
}

/* ---- toolConfig ---- */

static const char *mode_name(const struct tool_choice *choice)
{
    switch (choice->mode) {
    case CHOICE_UNSET:
        return NULL;
    case CHOICE_AUTO:
        return "AUTO";
    case CHOICE_NONE:
        return "NONE";
    case CHOICE_REQUIRED:
    case CHOICE_NAMED:
        return "ANY";
    case CHOICE_ALLOWED:
        return choice->is_required ? "ANY" : "VALIDATED";
    }
    return NULL;
}

static bool has_functions(const struct chat *c)
{
    for (const struct tool *t = c->tools; t; t = t->next) {
        if (t->kind != TOOL_SERVER)
            return true;
    }
    return false;
}

/* The names of the tools that may be called, as the tools are called here. */
static void put_allowed(struct toolbox *s)
{
    const struct tool_choice *choice = &s->c->choice;
    struct table by_name;
    table_init(&by_name);
    for (struct tool *t = s->c->tools; t; t = t->next) {
        if (t->kind != TOOL_SERVER && t->name.n > 0)
            (void)table_add(&by_name, t->name, t);
    }
    json_begin_array(s->j, "allowedFunctionNames");
    for (size_t i = 0; i < choice->n_names; i++) {
        const struct tool *t = table_get(&by_name, choice->names[i]);
        str space = t ? t->space : S_EMPTY;
        json_put_str(s->j, NULL, name_fit(s->w->a, &name_rule_gemini, space, choice->names[i]));
    }
    json_end_array(s->j);
    table_fini(&by_name);
}

void gemini_choice_put(struct json_writer *j, struct writing *w, const struct chat *c)
{
    struct toolbox s = {.j = j, .w = w, .c = c};
    const char *mode = mode_name(&c->choice);
    if (c->origin == DIALECT_GEMINI)
        return;
    bool is_there = mode && has_functions(c);
    if (c->choice.raw || (mode && !is_there && c->choice.mode != CHOICE_NONE))
        setting_lost(w, c, LOSS_DROPPED, SETTING_TOOL_CHOICE);
    if (!is_there)
        return;
    json_begin_object(j, "toolConfig");
    json_begin_object(j, "functionCallingConfig");
    json_put_str(j, "mode", str_from_cz(mode));
    if (c->choice.n_names > 0)
        put_allowed(&s);
    json_end_object(j);
    json_end_object(j);
}
