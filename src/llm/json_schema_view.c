/* Views: all that is said about one place of a schema.
 *
 * A place may be described by several objects: itself, what its $ref means, the members of its
 * allOf. They are the sources of its view, and the first source that has a keyword is heard.
 * References are followed here or left standing, and what becomes of a keyword is settled here, so
 * that the writer (json_schema_subset.c) only writes. */
#include "llm/json_schema_view.h"

#include "llm/json_schema.h"

const str schema_type_names[SCHEMA_TYPES] = {
    [SCHEMA_STRING] = S("string"),   [SCHEMA_NUMBER] = S("number"), [SCHEMA_INTEGER] = S("integer"),
    [SCHEMA_BOOLEAN] = S("boolean"), [SCHEMA_NULL] = S("null"),     [SCHEMA_ARRAY] = S("array"),
    [SCHEMA_OBJECT] = S("object"),
};

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

/* What one source refers to. */
struct links {
    const struct json *ref, *all;
    const struct json *only[2]; /* branches of unions that are no choice */
    size_t n_only;
    bool is_bare; /* nothing but $ref, and what restricts nothing */
};

/* An OpenAPI union with one branch is that branch, and with null among them nullable. True: it is
 * still a union to be written. */
static bool hear_union(struct schema_run *c, struct schema_view *v, const struct json *list,
                       struct links *links)
{
    const struct json *only = NULL;
    if (!schema_array(list) || json_count(list) == 0)
        return false;
    if (c->rules != RULES_GEMINI_OPENAPI)
        return true;
    size_t n = branches(list, &only);
    v->is_nullable |= n < json_count(list);
    if (n == 1 && links->n_only < ARRAY_LEN(links->only))
        links->only[links->n_only++] = only;
    return n > 1;
}

/* One keyword of one source. False: it says nothing here, or something else has been heard. */
static bool hear_key(struct schema_run *c, struct schema_view *v, enum schema_key k,
                     const struct json *value, struct links *links)
{
    bool is_union = k == KEY_ANY_OF || k == KEY_ONE_OF;
    if (k == KEY_REF && !links->ref)
        links->ref = value;
    if (k == KEY_ALL_OF && !links->all)
        links->all = schema_array(value);
    v->is_nullable |= k == KEY_NULLABLE && json_bool(value, false);
    if ((k == KEY_PROPERTIES && !schema_object(value)) ||
        (k == KEY_REQUIRED && !schema_array(value)) ||
        (is_union && !hear_union(c, v, value, links)))
        return false;
    c->marks->is_clamped |= is_union && v->says[k] && v->says[k] != value;
    if (is_union && !v->says[k] && v->union_key == SCHEMA_KEYWORDS)
        v->union_key = k;
    return !v->says[k];
}

static struct links hear(struct schema_run *c, struct schema_view *v, const struct json *source)
{
    struct links links = {.is_bare = true};
    for (struct json_iter it = json_iter(source); json_iter_next(&it);) {
        enum schema_key k = schema_key_find(it.key);
        links.is_bare &= str_has_prefix(it.key, S("$"));
        if (k == SCHEMA_KEYWORDS || !hear_key(c, v, k, it.value, &links))
            continue;
        v->says[k] = it.value;
        v->order[v->n_keys++] = (uint8_t)k;
    }
    return links;
}

static void gather(struct schema_run *c, struct schema_view *v, const struct json *schema);

static void gather_ref(struct schema_run *c, struct schema_view *v, const struct links *links)
{
    str ref = json_str(links->ref);
    const struct json *target = schema_resolve(c->root, ref);
    bool may_stay = !c->is_inlining && v->up && v->n == 1;
    c->has_ref = true;
    c->has_odd_ref |= !target || !is_to_defs(ref);
    if (!target) {
        c->marks->is_clamped = true;
    } else if (may_stay && (links->is_bare || is_open(v, target))) {
        v->bare_ref = ref;
    } else if (is_open(v, target)) {
        c->is_recursive = true;
        v->is_recursive = true;
        c->marks->is_clamped = true;
    } else {
        gather(c, v, target);
    }
}

/* Adds what this schema says, and what it refers to, to the view. */
static void gather(struct schema_run *c, struct schema_view *v, const struct json *schema)
{
    if (json_type(schema) == JSON_TRUE)
        return;
    if (json_type(schema) != JSON_OBJECT || v->n == SCHEMA_SOURCES_MAX ||
        !schema_spend(c, 1 + json_count(schema))) {
        c->marks->is_clamped = true;
        return;
    }
    v->sources[v->n++] = schema;
    struct links links = hear(c, v, schema);
    if (links.ref)
        gather_ref(c, v, &links);
    for (struct json_iter it = json_iter(links.all); json_iter_next(&it);)
        gather(c, v, it.value);
    for (size_t i = 0; i < links.n_only; i++)
        gather(c, v, links.only[i]);
}

/* ---- types ---- */

unsigned schema_type_bit(str name)
{
    for (unsigned t = 0; t < ARRAY_LEN(schema_type_names); t++) {
        if (str_eq_nocase(name, schema_type_names[t]))
            return SCHEMA_BIT(t);
    }
    return 0;
}

static unsigned types_said(const struct json *type)
{
    unsigned bits = json_is_str(type) ? schema_type_bit(json_str(type)) : 0;
    for (struct json_iter it = json_iter(schema_array(type)); json_iter_next(&it);)
        bits |= schema_type_bit(json_str(it.value));
    return bits;
}

static bool has_null(const struct json *values)
{
    for (struct json_iter it = json_iter(schema_array(values)); json_iter_next(&it);) {
        if (json_type(it.value) == JSON_NULL)
            return true;
    }
    return false;
}

struct schema_view schema_view(struct schema_run *c, const struct json *schema,
                               const struct schema_view *up)
{
    struct schema_view v = {.up = up, .depth = up ? up->depth + 1 : 0};
    v.union_key = SCHEMA_KEYWORDS;
    if (v.depth < SCHEMA_DEPTH_MAX)
        gather(c, &v, schema);
    else
        c->marks->is_clamped = true;
    v.types_said = types_said(v.says[KEY_TYPE]);
    v.types = v.types_said;
    if (v.types == 0 && v.says[KEY_PROPERTIES])
        v.types = SCHEMA_BIT(SCHEMA_OBJECT);
    if (c->rules == RULES_GEMINI_OPENAPI) /* nullable is of the place, however it was said */
        v.is_nullable |= (v.types & SCHEMA_BIT(SCHEMA_NULL)) != 0 || has_null(v.says[KEY_ENUM]);
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

enum schema_action schema_settle(const struct schema_run *c, const struct schema_view *v,
                                 enum schema_key k)
{
    enum schema_action action = (enum schema_action)schema_keywords[k].actions[c->rules];
    const struct json *value = v->says[k];
    int64_t number;
    /* style: the other actions do not depend on the value */
    switch ((int)action) {
    case ACT_DESCRIPTION:
        return json_is_str(value) ? action : ACT_DROP;
    case ACT_TYPE:
        return v->types_said != 0 ? action : ACT_DROP;
    case ACT_LIST:
        return schema_array(value) ? action : ACT_DROP;
    case ACT_DEFS:
        return c->is_inlining || v->up || !schema_object(value) ? ACT_DROP : action;
    case ACT_ENUM:
        return schema_has_enumerable(c, value) ? action : ACT_NOTE;
    case ACT_CONST:
        return schema_is_enumerable(c->rules, value) && !v->says[KEY_ENUM] ? action : ACT_NOTE;
    case ACT_UNION:
        return k == v->union_key ? action : ACT_NOTE;
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
