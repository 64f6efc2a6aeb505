/* Schemas of OpenAPI's kind as JSON Schema.
 *
 * functionDeclarations[].parameters and responseSchema hold Google's Schema object, an OpenAPI 3.0
 * subset: types are names of an enum ("STRING"), null is allowed by nullable, counts may be strings
 * (protobuf's int64). Other providers read JSON Schema only, so what a client wrote is turned into
 * that; the keys keep their order. A place deeper than any schema goes stays as it is. */
#include "llm/dialect_gemini.h"

#define DEPTH_MAX 24
#define TEXT_MAX  ((size_t)64 << 20)

struct conversion {
    struct arena *a;
    struct json_writer *j;
};

enum keyword {
    KEYWORD_PLAIN,
    KEYWORD_DROPPED,
    KEYWORD_TYPE,
    KEYWORD_COUNT,
    KEYWORD_SCHEMA,
    KEYWORD_LIST, /* of schemas */
    KEYWORD_MAP,  /* name -> schema */
};
struct rule {
    const char *from, *to;
    enum keyword what;
};
static const struct rule rules[] = {
    {"type", "type", KEYWORD_TYPE},
    {"nullable", "", KEYWORD_DROPPED},
    {"propertyOrdering", "", KEYWORD_DROPPED},
    {"property_ordering", "", KEYWORD_DROPPED},
    {"properties", "properties", KEYWORD_MAP},
    {"defs", "$defs", KEYWORD_MAP},
    {"$defs", "$defs", KEYWORD_MAP},
    {"ref", "$ref", KEYWORD_PLAIN},
    {"items", "items", KEYWORD_SCHEMA},
    {"anyOf", "anyOf", KEYWORD_LIST},
    {"any_of", "anyOf", KEYWORD_LIST},
    {"minItems", "minItems", KEYWORD_COUNT},
    {"min_items", "minItems", KEYWORD_COUNT},
    {"maxItems", "maxItems", KEYWORD_COUNT},
    {"max_items", "maxItems", KEYWORD_COUNT},
    {"minLength", "minLength", KEYWORD_COUNT},
    {"min_length", "minLength", KEYWORD_COUNT},
    {"maxLength", "maxLength", KEYWORD_COUNT},
    {"max_length", "maxLength", KEYWORD_COUNT},
    {"minProperties", "minProperties", KEYWORD_COUNT},
    {"min_properties", "minProperties", KEYWORD_COUNT},
    {"maxProperties", "maxProperties", KEYWORD_COUNT},
    {"max_properties", "maxProperties", KEYWORD_COUNT},
    {"additional_properties", "additionalProperties", KEYWORD_PLAIN},
};

static void put_schema(struct conversion *c, const char *key, const struct json *v);

static void put_type(struct conversion *c, const struct json *schema, const struct json *type)
{
    str name = json_str(type);
    bool may_be_null = json_bool(json_get(schema, "nullable"), false);
    if (name.n == 0 || str_eq(name, S("TYPE_UNSPECIFIED"))) {
        if (!json_is_str(type))
            json_put_value(c->j, "type", type);
        return;
    }
    char *p = arena_alloc(c->a, name.n);
    for (size_t i = 0; i < name.n; i++)
        p[i] = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] + ('a' - 'A')) : name.p[i];
    str lower = str_of(p, name.n);
    if (!may_be_null) {
        json_put_str(c->j, "type", lower);
        return;
    }
    json_begin_array(c->j, "type");
    json_put_str(c->j, NULL, lower);
    json_put_str(c->j, NULL, S("null"));
    json_end_array(c->j);
}

static void put_count(struct conversion *c, const char *key, const struct json *v)
{
    int64_t n = 0;
    if (json_is_str(v) && str_to_i64(json_str(v), &n))
        json_put_int(c->j, key, n);
    else
        json_put_value(c->j, key, v);
}

static void put_list(struct conversion *c, const char *key, const struct json *v)
{
    json_begin_array(c->j, key);
    struct json_iter it = gemini_list(v);
    while (gemini_list_next(&it, v))
        put_schema(c, NULL, it.value);
    json_end_array(c->j);
}

static void put_map(struct conversion *c, const char *key, const struct json *v)
{
    json_begin_object(c->j, key);
    struct json_iter it = json_iter(v);
    while (json_type(v) == JSON_OBJECT && json_iter_next(&it))
        put_schema(c, arena_cz(c->a, it.key), it.value);
    json_end_object(c->j);
}

static const struct rule *rule_of(str key)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (str_eq(key, str_from_cz(rules[i].from)))
            return &rules[i];
    }
    return NULL;
}

static void put_member(struct conversion *c, const struct json *schema, str key,
                       const struct json *v)
{
    const struct rule *rule = rule_of(key);
    if (!rule) {
        json_put_member(c->j, key, v);
        return;
    }
    switch (rule->what) {
    case KEYWORD_PLAIN:
        json_put_value(c->j, rule->to, v);
        return;
    case KEYWORD_DROPPED:
        return;
    case KEYWORD_TYPE:
        put_type(c, schema, v);
        return;
    case KEYWORD_COUNT:
        put_count(c, rule->to, v);
        return;
    case KEYWORD_SCHEMA:
        put_schema(c, rule->to, v);
        return;
    case KEYWORD_LIST:
        put_list(c, rule->to, v);
        return;
    case KEYWORD_MAP:
        put_map(c, rule->to, v);
        return;
    }
}

static void put_schema(struct conversion *c, const char *key, const struct json *v)
{
    if (json_type(v) != JSON_OBJECT || c->j->depth >= DEPTH_MAX) {
        json_put_value(c->j, key, v);
        return;
    }
    json_begin_object(c->j, key);
    struct json_iter it = json_iter(v);
    while (json_iter_next(&it))
        put_member(c, v, it.key, it.value);
    json_end_object(c->j);
}

const struct json *gemini_schema_read(struct arena *a, const struct json *schema)
{
    struct buf out;
    buf_init(&out, TEXT_MAX);
    struct json_writer j = json_writer(&out);
    struct conversion c = {.a = a, .j = &j};
    put_schema(&c, NULL, schema);
    const struct json *made = buf_is_ok(&out) ? gemini_value(a, arena_str(a, buf_str(&out))) : NULL;
    buf_fini(&out);
    return made ? made : schema;
}
