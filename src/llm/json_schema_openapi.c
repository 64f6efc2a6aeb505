/* Gemini's clients write schemas as protobuf messages of OpenAPI 3.0's kind: types in capitals,
 * nullable beside the type, 64-bit numbers as strings. Everybody else wants JSON Schema.
 *
 * The capitals tell: no other dialect has them. A schema that has any is walked place by place and
 * written again; what is no part of that difference stays as it came, in its order. Depth is that
 * of the JSON text, which is bounded where it is read. */
#include "llm/json_schema_parts.h"

enum place { PLACE_NONE, PLACE_SCHEMA, PLACE_LIST, PLACE_MAP };

/* Where schemas stand inside a schema. */
static enum place place_of(str key)
{
    static const struct {
        str key;
        enum place place;
    } places[] = {
        {S("properties"), PLACE_MAP},
        {S("items"), PLACE_SCHEMA},
        {S("anyOf"), PLACE_LIST},
        {S("$defs"), PLACE_MAP},
        {S("additionalProperties"), PLACE_SCHEMA},
        {S("oneOf"), PLACE_LIST},
        {S("allOf"), PLACE_LIST},
        {S("prefixItems"), PLACE_LIST},
        {S("not"), PLACE_SCHEMA},
        {S("definitions"), PLACE_MAP},
    };
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (str_eq(key, places[i].key))
            return places[i].place;
    }
    return PLACE_NONE;
}

/* The small name of a type in capitals; S_EMPTY: it is none. */
static str small_type(const struct json *type)
{
    static const struct {
        str capital, small;
    } types[] = {
        {S("STRING"), S("string")},   {S("NUMBER"), S("number")}, {S("INTEGER"), S("integer")},
        {S("BOOLEAN"), S("boolean")}, {S("ARRAY"), S("array")},   {S("OBJECT"), S("object")},
        {S("NULL"), S("null")},
    };
    str name = json_str(type);
    if (name.n == 0 || name.p[0] > 'Z')
        return S_EMPTY;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (str_eq(name, types[i].capital))
            return types[i].small;
    }
    return S_EMPTY;
}

static bool has_capitals(const struct json *v, enum place place)
{
    bool is_schema = place == PLACE_SCHEMA && schema_object(v);
    if (place == PLACE_NONE || (place == PLACE_LIST && !schema_array(v)) ||
        (place == PLACE_MAP && !schema_object(v)) || (place == PLACE_SCHEMA && !is_schema))
        return false;
    if (is_schema && small_type(json_get(v, "type")).n > 0)
        return true;
    for (struct json_iter it = json_iter(v); json_iter_next(&it);) {
        if (json_count(it.value) > 0 &&
            has_capitals(it.value, is_schema ? place_of(it.key) : PLACE_SCHEMA))
            return true;
    }
    return false;
}

bool schema_is_openapi(const struct json *root)
{
    return has_capitals(root, PLACE_SCHEMA);
}

/* ---- writing ---- */

static bool is_nullable(const struct json *schema)
{
    return json_bool(json_get(schema, "nullable"), false) && json_is_str(json_get(schema, "type"));
}

static void put_type(struct buf *out, const struct json *type, bool nullable)
{
    str name = small_type(type);
    if (name.n == 0)
        name = json_str(type);
    if (nullable)
        buf_put_char(out, '[');
    buf_put_json(out, name);
    if (nullable)
        buf_put(out, S(",\"null\"]"));
}

/* A nullable enumeration has null among its values. */
static void put_enum(struct buf *out, const struct json *values)
{
    struct schema_list l = {.out = out};
    bool has_null = false;
    buf_put_char(out, '[');
    for (struct json_iter it = json_iter(values); json_iter_next(&it);) {
        has_null |= json_type(it.value) == JSON_NULL;
        schema_put_comma(&l);
        json_put(out, it.value);
    }
    if (!has_null) {
        schema_put_comma(&l);
        buf_put(out, S("null"));
    }
    buf_put_char(out, ']');
}

/* Is that the text of a number where JSON Schema wants the number ("minItems": "1")? */
static bool is_quoted_number(str key, const struct json *value)
{
    int64_t number;
    bool is_limit = str_has_prefix(key, S("min")) || str_has_prefix(key, S("max"));
    return is_limit && json_is_str(value) && str_to_i64(json_str(value), &number);
}

static void put_schema(struct buf *out, const struct json *schema);

static void put_place(struct buf *out, const struct json *v, enum place place)
{
    bool is_list = place == PLACE_LIST && schema_array(v);
    bool is_map = place == PLACE_MAP && schema_object(v);
    if (place == PLACE_SCHEMA) {
        put_schema(out, v);
        return;
    }
    if (!is_list && !is_map) {
        json_put(out, v);
        return;
    }
    struct schema_list l = {.out = out};
    buf_put_char(out, is_map ? '{' : '[');
    for (struct json_iter it = json_iter(v); json_iter_next(&it);) {
        if (is_map)
            schema_put_key(&l, it.key);
        else
            schema_put_comma(&l);
        put_schema(out, it.value);
    }
    buf_put_char(out, is_map ? '}' : ']');
}

static void put_schema(struct buf *out, const struct json *schema)
{
    if (!schema_object(schema)) {
        json_put(out, schema);
        return;
    }
    bool nullable = is_nullable(schema);
    struct schema_list l = {.out = out};
    buf_put_char(out, '{');
    for (struct json_iter it = json_iter(schema); json_iter_next(&it);) {
        if (str_eq(it.key, S("propertyOrdering")) || (nullable && str_eq(it.key, S("nullable"))))
            continue;
        schema_put_key(&l, it.key);
        if (str_eq(it.key, S("type")) && json_is_str(it.value))
            put_type(out, it.value, nullable);
        else if (nullable && str_eq(it.key, S("enum")) && schema_array(it.value))
            put_enum(out, it.value);
        else if (is_quoted_number(it.key, it.value))
            buf_put(out, json_str(it.value));
        else
            put_place(out, it.value, place_of(it.key));
    }
    buf_put_char(out, '}');
}

void schema_from_openapi(const struct json *root, struct buf *out)
{
    put_schema(out, root);
}
