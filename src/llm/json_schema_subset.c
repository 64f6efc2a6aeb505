/* A schema in the words that a provider knows.
 *
 * One walk writes the output as it reads, place by place (json_schema_view.c); of the sources of
 * a place the first that has a keyword is heard, except that properties and required add up.
 * Keywords leave in the order in which they came. What the rules have no word for is said in the
 * description: "(minimum: 3; maximum: 5)".
 *
 * References stay where the rules know $ref and it points into $defs; else they are replaced by
 * what they mean. A reference to a place that is still open, that is, recursion, cannot be
 * replaced: it becomes "anything". Which of the two is right shows only at the end, so
 * Anthropic's rules (no recursion) replace first and, if no recursion was met, write once more
 * with references.
 *
 * Replacing can multiply (ten definitions that each use the one before ten times). The output is
 * bounded by a multiple of the input, and so is the work; a schema that would be bigger is given
 * up as a whole by the caller.
 *
 * Converting what was converted changes nothing; a fuzz target holds us to that. */
#include "llm/json_schema.h"
#include "llm/json_schema_parts.h"
#include "llm/json_schema_view.h"

#define NOTE_MAX  512  /* bytes of one value in a description */
#define NOTES_MAX 2048 /* of all */
#define SCALARS                                                                                    \
    (SCHEMA_BIT(SCHEMA_STRING) | SCHEMA_BIT(SCHEMA_NUMBER) | SCHEMA_BIT(SCHEMA_INTEGER) |          \
     SCHEMA_BIT(SCHEMA_BOOLEAN))

/* ---- writing ---- */

static struct schema_list begin(struct schema_run *c, char bracket)
{
    buf_put_char(c->out, bracket);
    return (struct schema_list){.out = c->out};
}

static void put_text(struct schema_list *l, const char *key, str text)
{
    schema_put_key(l, str_from_cz(key));
    buf_put_json(l->out, text);
}

static void put_schema(struct schema_run *c, const struct json *schema,
                       const struct schema_view *up);

/* ---- OpenAPI's one type ---- */

enum { TYPE_NONE = -1, TYPE_SEVERAL = -2 };

/* Is this place an enumeration of texts there, whatever its type was? */
static bool is_text_enum(const struct schema_run *c, const struct schema_view *v)
{
    const struct json *list = v->says[KEY_ENUM], *constant = v->says[KEY_CONST];
    if (list && schema_has_enumerable(c, list))
        return true;
    return !list && constant && schema_is_enumerable(c->rules, constant);
}

static int only_type(unsigned bits)
{
    bool is_one = bits != 0 && (bits & (bits - 1)) == 0;
    return is_one ? __builtin_ctz(bits) : TYPE_NONE;
}

static int openapi_type(const struct schema_run *c, const struct schema_view *v)
{
    if (is_text_enum(c, v))
        return SCHEMA_STRING;
    unsigned meant = v->types, types = meant & ~SCHEMA_BIT(SCHEMA_NULL);
    if (types == 0 && meant != 0)
        return SCHEMA_NULL;
    if (only_type(types) != TYPE_NONE)
        return only_type(types);
    if (v->union_key != SCHEMA_KEYWORDS)
        return TYPE_NONE;
    if (types != 0 && (types & ~SCALARS) == 0)
        return TYPE_SEVERAL;
    if (types != 0)
        return types & SCHEMA_BIT(SCHEMA_OBJECT) ? SCHEMA_OBJECT : SCHEMA_ARRAY;
    if (v->says[KEY_ITEMS] || v->says[KEY_PREFIX_ITEMS])
        return SCHEMA_ARRAY;
    return !v->up || v->is_recursive ? SCHEMA_OBJECT : SCHEMA_STRING;
}

/* "anyOf":[{"type":"string"},{"type":"number"}] */
static void put_several_types(struct schema_list *l, unsigned types)
{
    schema_put_key(l, S("anyOf"));
    buf_put_char(l->out, '[');
    struct schema_list items = {.out = l->out};
    for (unsigned t = 0; t < ARRAY_LEN(schema_type_names); t++) {
        if ((types & SCHEMA_BIT(t)) == 0)
            continue;
        schema_put_comma(&items);
        buf_put_char(l->out, '{');
        put_text(&(struct schema_list){.out = l->out}, "type", schema_type_names[t]);
        buf_put_char(l->out, '}');
    }
    buf_put_char(l->out, ']');
}

static void put_type_openapi(struct schema_run *c, const struct schema_view *v,
                             struct schema_list *l)
{
    int type = openapi_type(c, v);
    const struct json *said = v->says[KEY_TYPE];
    if (type == TYPE_NONE)
        return;
    if (type == TYPE_SEVERAL) {
        put_several_types(l, v->types_said & SCALARS);
        return;
    }
    bool is_guess = v->types == 0 && !is_text_enum(c, v);
    c->marks->is_clamped |= is_guess && type == SCHEMA_STRING;
    bool is_as_said = json_is_str(said) && schema_type_bit(json_str(said)) == SCHEMA_BIT(type);
    put_text(l, "type", is_as_said ? json_str(said) : schema_type_names[type]);
}

static void put_type(struct schema_run *c, const struct schema_view *v, struct schema_list *l)
{
    unsigned said = v->types_said, types = v->types;
    if (c->rules == RULES_GEMINI_OPENAPI) {
        put_type_openapi(c, v, l);
        return;
    }
    if (v->is_nullable && types != 0)
        types |= SCHEMA_BIT(SCHEMA_NULL);
    if (types == 0)
        return;
    if (types == said) {
        schema_put_key(l, S("type"));
        json_put(l->out, v->says[KEY_TYPE]);
        return;
    }
    if (only_type(types) != TYPE_NONE) {
        put_text(l, "type", schema_type_names[only_type(types)]);
        return;
    }
    schema_put_key(l, S("type"));
    struct schema_list names = begin(c, '[');
    for (unsigned t = 0; t < ARRAY_LEN(schema_type_names); t++) {
        if ((types & SCHEMA_BIT(t)) == 0)
            continue;
        schema_put_comma(&names);
        buf_put_json(l->out, schema_type_names[t]);
    }
    buf_put_char(l->out, ']');
}

/* ---- descriptions ---- */

static void put_note(struct schema_run *c, struct buf *text, str name, const struct json *value)
{
    size_t before = text->n;
    buf_put(text, name);
    buf_put(text, S(": "));
    size_t begin = text->n;
    json_put(text, value);
    c->marks->is_noted = true;
    if (text->n - begin <= NOTE_MAX && text->n <= NOTES_MAX) {
        buf_put(text, S("; "));
        return;
    }
    text->n = before;
    c->marks->is_clamped = true;
}

/* Does a value stand there as its text only? */
static bool has_other_than_texts(const struct json *values)
{
    for (struct json_iter it = json_iter(values); json_iter_next(&it);) {
        if (!json_is_str(it.value) && json_type(it.value) != JSON_NULL)
            return true;
    }
    return false;
}

/* Numbers and truths among the values of a place without a type, which must be texts there. */
static void put_values_note(struct schema_run *c, const struct schema_view *v, struct buf *text)
{
    const struct json *list = v->says[KEY_ENUM], *constant = v->says[KEY_CONST];
    if (list && has_other_than_texts(list))
        put_note(c, text, S("enum"), list);
    else if (!list && constant && !json_is_str(constant) && is_text_enum(c, v))
        put_note(c, text, S("const"), constant);
}

/* "minimum: 3; maximum: 5; ": what the description has to say instead. */
static void put_notes(struct schema_run *c, const struct schema_view *v, struct buf *text)
{
    const struct json *type = v->says[KEY_TYPE];
    bool is_openapi = c->rules == RULES_GEMINI_OPENAPI;
    int written = is_openapi ? openapi_type(c, v) : TYPE_NONE;
    unsigned types = v->types_said & ~SCHEMA_BIT(SCHEMA_NULL);
    if (written >= 0 && types != 0 && types != SCHEMA_BIT(written))
        put_note(c, text, S("type"), type);
    else if (written == SCHEMA_STRING && types == 0)
        put_values_note(c, v, text);
    for (size_t i = 0; i < v->n_keys; i++) {
        enum schema_key k = (enum schema_key)v->order[i];
        if (schema_settle(c, v, k) == ACT_NOTE)
            put_note(c, text, schema_keywords[k].name, v->says[k]);
    }
}

static void put_description(struct schema_run *c, const struct schema_view *v,
                            struct schema_list *l)
{
    struct buf notes, text;
    buf_init(&notes, SIZE_MAX / 2);
    buf_init(&text, SIZE_MAX / 2);
    put_notes(c, v, &notes);
    const struct json *said = v->says[KEY_DESCRIPTION];
    if (notes.n > 0) {
        buf_put(&text, json_str(said));
        buf_put(&text, text.n > 0 ? S(" (") : S("("));
        buf_put(&text, str_slice(buf_str(&notes), 0, notes.n - 2));
        buf_put_char(&text, ')');
        put_text(l, "description", buf_str(&text));
    } else if (json_is_str(said)) {
        put_text(l, "description", json_str(said));
    }
    buf_fini(&text);
    buf_fini(&notes);
}

/* ---- properties ---- */

static const struct json *find_property(struct schema_run *c, const struct schema_view *v,
                                        size_t n_sources, str name)
{
    for (size_t i = 0; i < n_sources; i++) {
        const struct json *properties = schema_object(json_get(v->sources[i], "properties"));
        if (!schema_spend(c, 1 + json_count(properties) / 16))
            return NULL;
        for (struct json_iter it = json_iter(properties); json_iter_next(&it);) {
            if (str_eq(it.key, name))
                return it.value;
        }
    }
    return NULL;
}

/* A walk over the properties of all sources, each name once. */
struct properties {
    const struct schema_view *v;
    size_t source; /* one behind the current */
    struct json_iter it;
};

static bool next_property(struct schema_run *c, struct properties *p)
{
    while (!c->is_over) {
        if (!json_iter_next(&p->it)) {
            if (p->source == p->v->n)
                return false;
            const struct json *source = p->v->sources[p->source++];
            p->it = json_iter(schema_object(json_get(source, "properties")));
        } else if (p->source == 1 || !find_property(c, p->v, p->source - 1, p->it.key)) {
            return true;
        }
    }
    return false;
}

/* Their number, up to two. */
static size_t count_properties(struct schema_run *c, const struct schema_view *v)
{
    struct properties p = {.v = v};
    size_t n = 0;
    while (n < 2 && next_property(c, &p))
        n++;
    return n;
}

static void put_properties(struct schema_run *c, const struct schema_view *v, struct schema_list *l)
{
    struct properties p = {.v = v};
    if (c->rules == RULES_GEMINI_OPENAPI && count_properties(c, v) == 0)
        return;
    schema_put_key(l, S("properties"));
    struct schema_list map = begin(c, '{');
    while (next_property(c, &p)) {
        schema_put_key(&map, p.it.key);
        put_schema(c, p.it.value, v);
    }
    buf_put_char(c->out, '}');
}

static void put_ordering(struct schema_run *c, const struct schema_view *v, struct schema_list *l)
{
    struct properties p = {.v = v};
    if (count_properties(c, v) < 2)
        return;
    schema_put_key(l, S("propertyOrdering"));
    struct schema_list names = begin(c, '[');
    while (next_property(c, &p)) {
        schema_put_comma(&names);
        buf_put_json(c->out, p.it.key);
    }
    buf_put_char(c->out, ']');
}

/* Was this name required before, by an earlier source or further up in its list? */
static bool was_required(struct schema_run *c, const struct schema_view *v, size_t source,
                         const struct json *at)
{
    for (size_t i = 0; i <= source; i++) {
        const struct json *required = schema_array(json_get(v->sources[i], "required"));
        if (!schema_spend(c, 1 + json_count(required) / 16))
            return true;
        for (struct json_iter it = json_iter(required); json_iter_next(&it);) {
            if (it.value == at)
                return false;
            if (json_is_str(it.value) && str_eq(json_str(it.value), json_str(at)))
                return true;
        }
    }
    return false;
}

/* Names that all sources require, those without a property left out: they could not be met, and
 * Gemini refuses them. */
static void put_required(struct schema_run *c, const struct schema_view *v, struct schema_list *l)
{
    size_t mark = l->out->n;
    bool had_items = l->has_items;
    schema_put_key(l, S("required"));
    struct schema_list names = begin(c, '[');
    for (size_t i = 0; i < v->n; i++) {
        const struct json *required = schema_array(json_get(v->sources[i], "required"));
        for (struct json_iter it = json_iter(required); json_iter_next(&it) && !c->is_over;) {
            if (!json_is_str(it.value) || was_required(c, v, i, it.value))
                continue;
            bool is_there = find_property(c, v, v->n, json_str(it.value)) != NULL;
            c->marks->is_clamped |= !is_there;
            if (!is_there)
                continue;
            schema_put_comma(&names);
            buf_put_json(c->out, json_str(it.value));
        }
    }
    buf_put_char(c->out, ']');
    if (names.has_items)
        return;
    l->out->n = MIN(l->out->n, mark); /* none is left: as if nothing had been written */
    l->has_items = had_items;
}

/* ---- other keywords ---- */

static void put_enum_value(struct schema_run *c, const struct json *value)
{
    bool is_text = c->rules == RULES_GEMINI_OPENAPI;
    if (is_text && json_type(value) == JSON_NUMBER)
        buf_put_json(c->out, json_number(value));
    else if (is_text && !json_is_str(value))
        buf_put(c->out, json_type(value) == JSON_TRUE ? S("\"true\"") : S("\"false\""));
    else
        json_put(c->out, value);
}

static void put_enum(struct schema_run *c, struct schema_list *l, const struct json *values)
{
    schema_put_key(l, S("enum"));
    struct schema_list list = begin(c, '[');
    for (struct json_iter it = json_iter(values); json_iter_next(&it);) {
        if (!schema_is_enumerable(c->rules, it.value)) {
            c->marks->is_clamped |= json_type(it.value) != JSON_NULL;
            continue;
        }
        schema_put_comma(&list);
        put_enum_value(c, it.value);
    }
    buf_put_char(c->out, ']');
}

static void put_const(struct schema_run *c, struct schema_list *l, const struct json *value)
{
    schema_put_key(l, S("enum"));
    buf_put_char(c->out, '[');
    put_enum_value(c, value);
    buf_put_char(c->out, ']');
}

static void put_schemas(struct schema_run *c, const struct schema_view *v, const struct json *list)
{
    struct schema_list items = begin(c, '[');
    for (struct json_iter it = json_iter(list); json_iter_next(&it) && !c->is_over;) {
        if (c->rules == RULES_GEMINI_OPENAPI && schema_is_null(it.value))
            continue;
        schema_put_comma(&items);
        put_schema(c, it.value, v);
    }
    buf_put_char(c->out, ']');
}

/* Gemini knows $defs only; draft 7 called them definitions. */
static str defs_key(const struct schema_run *c, str name)
{
    return c->rules == RULES_GEMINI_JSON ? S("$defs") : name;
}

static void put_defs(struct schema_run *c, const struct schema_view *v, struct schema_list *l,
                     enum schema_key k)
{
    schema_put_key(l, defs_key(c, schema_keywords[k].name));
    struct schema_list map = begin(c, '{');
    c->has_defs = c->is_in_defs = true;
    for (struct json_iter it = json_iter(v->says[k]); json_iter_next(&it) && !c->is_over;) {
        schema_put_key(&map, it.key);
        put_schema(c, it.value, v);
    }
    buf_put_char(c->out, '}');
    c->is_in_defs = false;
}

static void put_ref(struct schema_run *c, str ref)
{
    struct schema_list l = {.out = c->out};
    str old = S("#/definitions/");
    c->is_using_defs |= !c->is_in_defs;
    schema_put_key(&l, S("$ref"));
    if (c->rules != RULES_GEMINI_JSON || !str_has_prefix(ref, old)) {
        buf_put_json(c->out, ref);
        return;
    }
    struct buf renamed;
    buf_init(&renamed, SIZE_MAX / 2);
    buf_put(&renamed, S("#/$defs/"));
    buf_put(&renamed, str_skip(ref, old.n));
    buf_put_json(c->out, buf_str(&renamed));
    buf_fini(&renamed);
}

static void put_keyword(struct schema_run *c, const struct schema_view *v, struct schema_list *l,
                        enum schema_key k)
{
    const struct json *value = v->says[k];
    str name = schema_keywords[k].name;
    switch (schema_settle(c, v, k)) {
    case ACT_DROP:
    case ACT_NOTE:
    case ACT_ADDITIONAL:
    case ACT_FORMAT:
    case ACT_PATTERN:
    case ACT_MIN_ITEMS:
        break; /* settled as something else, or not written here */
    case ACT_KEEP:
        schema_put_key(l, name);
        json_put(c->out, value);
        break;
    case ACT_SCHEMA:
    case ACT_ITEMS:
        schema_put_key(l, name);
        put_schema(c, value, v);
        break;
    case ACT_LIST:
        schema_put_key(l, name);
        put_schemas(c, v, value);
        break;
    case ACT_UNION:
        schema_put_key(l, S("anyOf"));
        put_schemas(c, v, value);
        break;
    case ACT_DEFS:
        put_defs(c, v, l, k);
        break;
    case ACT_PROPERTIES:
        put_properties(c, v, l);
        break;
    case ACT_REQUIRED:
        put_required(c, v, l);
        break;
    case ACT_DESCRIPTION:
        put_description(c, v, l);
        break;
    case ACT_TYPE:
        put_type(c, v, l);
        break;
    case ACT_ENUM:
        put_enum(c, l, value);
        break;
    case ACT_CONST:
        put_const(c, l, value);
        break;
    }
}

/* ---- places ---- */

static void put_openapi_ending(struct schema_run *c, const struct schema_view *v,
                               struct schema_list *l)
{
    int type = openapi_type(c, v);
    if (type == SCHEMA_ARRAY && !schema_object(v->says[KEY_ITEMS])) {
        schema_put_key(l, S("items"));
        buf_put(c->out, S("{\"type\":\"string\"}"));
        c->marks->is_clamped = true;
    }
    if (c->is_ordered && type == SCHEMA_OBJECT && !v->says[KEY_PROPERTY_ORDERING])
        put_ordering(c, v, l);
    if (v->is_nullable && type != SCHEMA_NULL) {
        schema_put_key(l, S("nullable"));
        buf_put(c->out, S("true"));
    }
}

static void put_place(struct schema_run *c, const struct schema_view *v)
{
    struct schema_list l = {.out = c->out};
    bool has_type = v->types_said != 0;
    if (!has_type)
        put_type(c, v, &l);
    for (size_t i = 0; i < v->n_keys && !c->is_over; i++)
        put_keyword(c, v, &l, (enum schema_key)v->order[i]);
    if (!json_is_str(v->says[KEY_DESCRIPTION]))
        put_description(c, v, &l);
    if (c->rules == RULES_GEMINI_OPENAPI)
        put_openapi_ending(c, v, &l);
    if (c->rules == RULES_ANTHROPIC && (v->types & SCHEMA_BIT(SCHEMA_OBJECT)) != 0) {
        schema_put_key(&l, S("additionalProperties"));
        buf_put(c->out, S("false"));
    }
}

static void put_schema(struct schema_run *c, const struct json *schema,
                       const struct schema_view *up)
{
    struct schema_view v = schema_view(c, schema, up);
    buf_put_char(c->out, '{');
    if (v.bare_ref.n > 0)
        put_ref(c, v.bare_ref);
    else if (!c->is_over)
        put_place(c, &v);
    buf_put_char(c->out, '}');
}

static bool run(struct schema_run *c, bool is_inlining)
{
    *c->marks = (struct schema_marks){0};
    buf_reset(c->out);
    c->is_inlining = is_inlining;
    c->work = c->max_work;
    c->has_ref = c->is_recursive = c->has_odd_ref = c->is_over = false;
    c->has_defs = c->is_using_defs = c->is_in_defs = false;
    put_schema(c, c->root, NULL);
    return schema_spend(c, 0) && buf_is_ok(c->out);
}

/* With references, unless they cannot stay or nothing is left of them. */
static bool run_with_refs(struct schema_run *c)
{
    bool has_two = json_get(c->root, "$defs") && json_get(c->root, "definitions");
    if (!run(c, false))
        return false;
    bool is_unused = c->has_defs && !c->is_using_defs;
    return (!is_unused && !c->has_odd_ref && !has_two) || run(c, true);
}

bool schema_subset(const struct json *root, enum schema_rules rules, bool is_ordered,
                   struct buf *out, struct schema_marks *marks)
{
    struct schema_run c = {
        .root = root, .rules = rules, .out = out, .is_ordered = is_ordered, .marks = marks};
    json_put(out, root);
    c.max_work = 4096 + 4 * out->n;
    c.max = (32u << 10) + 8 * out->n;
    switch (rules) {
    case RULES_ANTHROPIC:
        return run(&c, true) && (!c.has_ref || c.is_recursive || run_with_refs(&c));
    case RULES_GEMINI_JSON:
        return run_with_refs(&c);
    case RULES_GEMINI_OPENAPI:
        return run(&c, true);
    }
    return false;
}
