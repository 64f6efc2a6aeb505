/* Views: all that is said about one place of a schema.
 *
 * A place may be described by several objects: itself, what its $ref means, the members of its
 * allOf. They are the sources of its view, and the first source that has a keyword is heard.
 * References are followed here or left standing, and what becomes of a keyword is settled here, so
 * that the writer (json_schema_subset.c) only writes. */
#include "llm/json_schema_view.h"

#include "llm/json_schema.h"

const char *const schema_type_names[SCHEMA_TYPES] = {"string", "number", "integer", "boolean",
                                                     "null",   "array",  "object"};

bool schema_spend(struct schema_run *c, size_t n)
{
    c->is_over |= c->work < n || c->out->n > c->max || c->out->failed;
    c->work -= MIN(n, c->work);
    return !c->is_over;
}

/* ---- views ---- */

static bool is_open(const struct schema_view *v, const struct json *schema)
{
    for (; v; v = v->up) {
        for (size_t i = 0; i < v->n; i++) {
            if (v->sources[i] == schema)
                return true;
        }
    }
    return false;
}

static bool has_more_than_ref(const struct json *schema)
{
    for (struct json_iter it = json_iter(schema); json_iter_next(&it);) {
        if (!str_has_prefix(it.key, S("$")))
            return true;
    }
    return false;
}

/* "#/$defs/name" */
static bool is_to_defs(str ref)
{
    size_t n = str_has_prefix(ref, S("#/$defs/")) ? 8 : 14;
    if (n == 14 && !str_has_prefix(ref, S("#/definitions/")))
        return false;
    return ref.n > n && str_find_char(str_skip(ref, n), '/') == STR_NONE;
}

bool schema_is_null(const struct json *schema)
{
    if (json_type(schema) != JSON_OBJECT)
        return false;
    const struct json *type = json_get(schema, "type");
    const struct json *constant = json_get(schema, "const");
    if (schema_array(type) && json_count(type) == 1)
        type = json_at(type, 0);
    return (type && str_eq_nocase(json_str(type), S("null"))) ||
           (constant && json_type(constant) == JSON_NULL);
}

static void gather(struct schema_run *c, struct schema_view *v, const struct json *schema);

static void gather_ref(struct schema_run *c, struct schema_view *v, const struct json *schema,
                       str ref)
{
    bool is_alone = v->n == 1 && v->up && !has_more_than_ref(schema);
    const struct json *target = schema_resolve(c->root, ref);
    c->has_ref = true;
    c->has_odd_ref |= !target || !is_to_defs(ref);
    if (!target) {
        c->marks->is_clamped = true;
    } else if (!c->is_inlining && v->up && v->n == 1 && (is_alone || is_open(v, target))) {
        v->bare_ref = ref;
    } else if (is_open(v, target)) {
        c->is_recursive = true;
        v->is_recursive = true;
        c->marks->is_clamped = true;
    } else {
        gather(c, v, target);
    }
}

/* How many branches an OpenAPI union has besides null; *only is the last of them. */
static size_t branches(const struct json *list, const struct json **only)
{
    size_t n = 0;
    for (struct json_iter it = json_iter(list); json_iter_next(&it);) {
        if (schema_is_null(it.value))
            continue;
        n++;
        *only = it.value;
    }
    return n;
}

/* With one branch it is that branch, and with null among them nullable. */
static void gather_union(struct schema_run *c, struct schema_view *v, const struct json *list)
{
    const struct json *only;
    size_t n = branches(list, &only);
    v->is_nullable |= n < json_count(list);
    if (n == 1)
        gather(c, v, only);
}

/* Adds what this schema says, and what it refers to, to the view. */
static void gather(struct schema_run *c, struct schema_view *v, const struct json *schema)
{
    static const char *const unions[] = {"anyOf", "oneOf"};
    if (json_type(schema) == JSON_TRUE)
        return;
    if (json_type(schema) != JSON_OBJECT || v->n == SCHEMA_SOURCES_MAX ||
        !schema_spend(c, 1 + json_count(schema))) {
        c->marks->is_clamped = true;
        return;
    }
    v->sources[v->n++] = schema;
    const struct json *ref = json_get(schema, "$ref");
    if (ref)
        gather_ref(c, v, schema, json_str(ref));
    const struct json *all = schema_array(json_get(schema, "allOf"));
    for (struct json_iter it = json_iter(all); json_iter_next(&it);)
        gather(c, v, it.value);
    v->is_nullable |= json_bool(json_get(schema, "nullable"), false);
    for (size_t i = 0; c->rules == RULES_GEMINI_OPENAPI && i < ARRAY_LEN(unions); i++) {
        const struct json *list = schema_array(json_get(schema, unions[i]));
        if (list)
            gather_union(c, v, list);
    }
}

const struct json *schema_view_get(const struct schema_view *v, const char *key)
{
    for (size_t i = 0; i < v->n; i++) {
        const struct json *found = json_get(v->sources[i], key);
        if (found)
            return found;
    }
    return NULL;
}

static bool is_first(const struct schema_view *v, size_t source, const char *key,
                     const struct json *value)
{
    for (size_t i = 0; i < source; i++) {
        if (json_get(v->sources[i], key))
            return false;
    }
    return json_get(v->sources[source], key) == value;
}

/* Is that a union, and not one that is a source? */
static bool is_writable_union(const struct schema_run *c, const struct json *list)
{
    const struct json *only;
    if (!schema_array(list) || json_count(list) == 0)
        return false;
    return c->rules != RULES_GEMINI_OPENAPI || branches(list, &only) > 1;
}

/* The union to be written: the first that is one. */
static const struct json *find_union(const struct schema_run *c, const struct schema_view *v)
{
    for (size_t i = 0; i < v->n; i++) {
        for (struct json_iter it = json_iter(v->sources[i]); json_iter_next(&it);) {
            bool is_union = str_eq(it.key, S("anyOf")) || str_eq(it.key, S("oneOf"));
            if (is_union && is_writable_union(c, it.value))
                return it.value;
        }
    }
    return NULL;
}

/* ---- types ---- */

unsigned schema_type_bit(str name)
{
    for (unsigned t = 0; t < ARRAY_LEN(schema_type_names); t++) {
        if (str_eq_nocase(name, str_from_cz(schema_type_names[t])))
            return SCHEMA_BIT(t);
    }
    return 0;
}

unsigned schema_types_said(const struct schema_view *v)
{
    const struct json *type = schema_view_get(v, "type");
    unsigned bits = json_is_str(type) ? schema_type_bit(json_str(type)) : 0;
    for (struct json_iter it = json_iter(schema_array(type)); json_iter_next(&it);)
        bits |= schema_type_bit(json_str(it.value));
    return bits;
}

/* The types of a place, guessed from its other keywords where it does not say. */
unsigned schema_types_meant(const struct schema_view *v)
{
    unsigned said = schema_types_said(v);
    if (said != 0)
        return said;
    if (v->properties)
        return SCHEMA_BIT(SCHEMA_OBJECT);
    return 0;
}

/* OpenAPI's nullable is a property of the place, however it was said. */
static bool says_null(const struct schema_view *v)
{
    if ((schema_types_said(v) & SCHEMA_BIT(SCHEMA_NULL)) != 0)
        return true;
    const struct json *values = schema_array(schema_view_get(v, "enum"));
    for (struct json_iter it = json_iter(values); json_iter_next(&it);) {
        if (json_type(it.value) == JSON_NULL)
            return true;
    }
    return false;
}

struct schema_view schema_view(struct schema_run *c, const struct json *schema,
                               const struct schema_view *up)
{
    struct schema_view v = {.up = up, .depth = up ? up->depth + 1 : 0};
    if (v.depth < SCHEMA_DEPTH_MAX)
        gather(c, &v, schema);
    else
        c->marks->is_clamped = true;
    v.written_union = find_union(c, &v);
    for (size_t i = v.n; i-- > 0;) {
        const struct json *properties = schema_object(json_get(v.sources[i], "properties"));
        const struct json *required = schema_array(json_get(v.sources[i], "required"));
        v.properties = properties ? properties : v.properties;
        v.required = required ? required : v.required;
    }
    v.is_nullable |= c->rules == RULES_GEMINI_OPENAPI && says_null(&v);
    return v;
}

/* ---- what becomes of a keyword ---- */

/* May this value stand in an enum there, as it is or as text? */
bool schema_is_enumerable(enum schema_rules rules, const struct json *v)
{
    switch (json_type(v)) {
    case JSON_STRING:
        return rules != RULES_GEMINI_OPENAPI || json_str(v).n > 0;
    case JSON_NUMBER:
        return true;
    case JSON_TRUE:
    case JSON_FALSE:
        return rules == RULES_GEMINI_OPENAPI;
    case JSON_NULL:
    case JSON_ARRAY:
    case JSON_OBJECT:
        return false;
    }
    return false;
}

bool schema_has_enumerable(const struct schema_run *c, const struct json *list)
{
    for (struct json_iter it = json_iter(schema_array(list)); json_iter_next(&it);) {
        if (schema_is_enumerable(c->rules, it.value))
            return true;
    }
    return false;
}

static enum schema_action settle_additional(const struct schema_run *c, const struct json *value)
{
    bool is_schema = json_type(value) == JSON_OBJECT;
    switch (c->rules) {
    case RULES_ANTHROPIC:
        c->marks->is_clamped |= json_bool(value, is_schema);
        return is_schema && json_count(value) > 0 ? ACT_NOTE : ACT_DROP;
    case RULES_GEMINI_JSON:
        return is_schema ? ACT_SCHEMA : ACT_KEEP;
    case RULES_GEMINI_OPENAPI:
        return is_schema && json_count(value) > 0 ? ACT_NOTE : ACT_DROP;
    }
    return ACT_DROP;
}

static enum schema_action settle_items(const struct json *value)
{
    if (json_type(value) == JSON_OBJECT)
        return ACT_ITEMS;
    return json_type(value) == JSON_TRUE ? ACT_DROP : ACT_NOTE;
}

/* What is done with this value of a keyword: where the table's answer depends on the value. */
enum schema_action schema_settle(const struct schema_run *c, const struct schema_view *v,
                                 const struct schema_keyword *k, const struct json *value)
{
    enum schema_action action = (enum schema_action)k->actions[c->rules];
    int64_t number;
    /* style: the other actions do not depend on the value */
    switch ((int)action) {
    case ACT_DESCRIPTION:
        return json_is_str(value) ? action : ACT_DROP;
    case ACT_TYPE:
        return schema_types_said(v) != 0 ? action : ACT_DROP;
    case ACT_PROPERTIES:
        return value == v->properties ? action : ACT_DROP;
    case ACT_REQUIRED:
        return value == v->required ? action : ACT_DROP;
    case ACT_LIST:
        return json_type(value) == JSON_ARRAY ? action : ACT_DROP;
    case ACT_DEFS:
        return c->is_inlining || v->up || json_type(value) != JSON_OBJECT ? ACT_DROP : action;
    case ACT_ENUM:
        return schema_has_enumerable(c, value) ? action : ACT_NOTE;
    case ACT_CONST:
        return schema_is_enumerable(c->rules, value) && !schema_view_get(v, "enum") ? action
                                                                                    : ACT_NOTE;
    case ACT_UNION:
        if (value == v->written_union)
            return action;
        return is_writable_union(c, value) ? ACT_NOTE : ACT_DROP;
    case ACT_ITEMS:
        return settle_items(value);
    case ACT_ADDITIONAL:
        return settle_additional(c, value);
    case ACT_FORMAT:
        return schema_format_is_known(c->rules, json_str(value)) ? ACT_KEEP : ACT_NOTE;
    case ACT_PATTERN:
        return schema_pattern_is_simple(json_str(value)) ? ACT_KEEP : ACT_NOTE;
    case ACT_MIN_ITEMS:
        return json_i64(value, &number) && (number == 0 || number == 1) ? ACT_KEEP : ACT_NOTE;
    }
    return action;
}

struct schema_heard schema_heard(const struct schema_view *v)
{
    return (struct schema_heard){.v = v, .it = json_iter(v->n > 0 ? v->sources[0] : NULL)};
}

static bool is_heard(const struct schema_heard *h)
{
    const struct schema_view *v = h->v;
    if (h->value == v->written_union || h->value == v->properties || h->value == v->required)
        return true;
    return is_first(v, h->source, h->k->name.p, h->value);
}

bool schema_heard_next(struct schema_heard *h)
{
    while (h->source < h->v->n) {
        while (json_iter_next(&h->it)) {
            h->k = schema_keyword_find(h->it.key);
            h->value = h->it.value;
            if (h->k && is_heard(h))
                return true;
        }
        h->source++;
        if (h->source < h->v->n)
            h->it = json_iter(h->v->sources[h->source]);
    }
    return false;
}
