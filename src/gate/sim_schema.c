/* An instance of a JSON Schema: the smallest that is easily seen to be valid.
 *
 * Of `anyOf` and `oneOf` the first branch that works is taken, of `enum` the first value. An object
 * gets what it requires; one that says nothing about what it requires gets all its properties, for
 * that is what its author had in mind. References are followed inside the schema. `pattern`, `not`,
 * `uniqueItems` and conditions are not looked at.
 *
 * A schema comes from the client and may contain itself, or double at every level: depth, steps and
 * size are bounded, and a schema that needs more is refused. */
#include <math.h>

#include "gate/sim_parts.h"

#define DEPTH_MAX 32
#define STEPS_MAX 4096
#define BYTES_MAX (64u << 10)
#define REF_MAX   512

struct inventor {
    const struct json *root;
    struct buf *out;
    size_t size_max; /* of *out */
    unsigned steps;
};

static bool invent(struct inventor *v, const struct json *schema, unsigned depth);

/* ---- references ---- */

/* One step of a JSON pointer (RFC 6901): ~1 is a slash, ~0 a tilde. */
static const struct json *step_into(const struct json *at, str token)
{
    char name[REF_MAX + 1];
    size_t n = 0;
    for (size_t i = 0; i < token.n; i++) {
        char c = token.p[i];
        if (c == '~' && i + 1 < token.n)
            c = token.p[++i] == '1' ? '/' : '~';
        name[n++] = c;
    }
    name[n] = '\0';
    return json_get(at, name);
}

static const struct json *follow(const struct json *root, str ref)
{
    const struct json *at = root;
    if (ref.n == 0 || ref.n > REF_MAX || ref.p[0] != '#')
        return NULL;
    str rest = str_skip(ref, str_has_prefix(ref, S("#/")) ? 2 : 1), token;
    while (at && rest.n > 0) {
        str_cut(rest, '/', &token, &rest);
        at = step_into(at, token);
    }
    return at;
}

/* ---- scalars ---- */

struct range {
    double low, high;
    bool low_is_out, high_is_out; /* exclusive */
};

static struct range range_of(const struct json *schema)
{
    struct range r = {.low = -HUGE_VAL, .high = HUGE_VAL};
    double d = 0;
    if (json_double(json_get(schema, "minimum"), &d))
        r.low = d;
    if (json_double(json_get(schema, "exclusiveMinimum"), &d) && d >= r.low) {
        r.low = d;
        r.low_is_out = true;
    }
    if (json_double(json_get(schema, "maximum"), &d))
        r.high = d;
    if (json_double(json_get(schema, "exclusiveMaximum"), &d) && d <= r.high) {
        r.high = d;
        r.high_is_out = true;
    }
    return r;
}

static bool is_within(const struct range *r, double d)
{
    return (r->low_is_out ? d > r->low : d >= r->low) &&
           (r->high_is_out ? d < r->high : d <= r->high);
}

/* A multiple of `step` (0: any number) in the range; the one nearest to zero. */
static bool choose_number(const struct range *r, double step, double *out)
{
    double unit = step > 0 ? step : 1;
    double up = ceil(r->low / unit) * unit, down = floor(r->high / unit) * unit;
    double candidates[] = {0,           up,     up + unit, down,
                           down - unit, r->low, r->high,   r->low / 2 + r->high / 2};
    size_t n = step > 0 ? 5 : ARRAY_LEN(candidates);
    for (size_t i = 0; i < n; i++) {
        if (isfinite(candidates[i]) && is_within(r, candidates[i])) {
            *out = candidates[i];
            return true;
        }
    }
    return false;
}

static bool put_number(struct buf *out, const struct json *schema, bool is_integer)
{
    struct range r = range_of(schema);
    double step = 0, d = 0;
    if (!json_double(json_get(schema, "multipleOf"), &step) || step <= 0)
        step = 0;
    if (is_integer)
        step = step > 0 && floor(step) == step ? step : 1;
    if (!choose_number(&r, step, &d))
        return false;
    if (fabs(d) < 9e15 && floor(d) == d)
        buf_put_i64(out, (int64_t)d);
    else
        buf_printf(out, "%.17g", d);
    return true;
}

static str example_of(str format)
{
    static const struct {
        str format, example;
    } rows[] = {
        {{"date-time", 9}, {"2026-01-31T12:00:00Z", 20}},
        {{"date", 4}, {"2026-01-31", 10}},
        {{"time", 4}, {"12:00:00Z", 9}},
        {{"duration", 8}, {"PT1H", 4}},
        {{"email", 5}, {"someone@example.com", 19}},
        {{"hostname", 8}, {"example.com", 11}},
        {{"ipv4", 4}, {"192.0.2.1", 9}},
        {{"ipv6", 4}, {"2001:db8::1", 11}},
        {{"uri", 3}, {"https://example.com/", 20}},
        {{"url", 3}, {"https://example.com/", 20}},
        {{"uuid", 4}, {"123e4567-e89b-42d3-a456-426614174000", 36}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (str_eq(rows[i].format, format))
            return rows[i].example;
    return S_EMPTY;
}

static bool put_string(struct buf *out, const struct json *schema)
{
    int64_t min = 0, max = INT64_MAX;
    if (!json_i64(json_get(schema, "minLength"), &min) || min < 0)
        min = 0;
    if (!json_i64(json_get(schema, "maxLength"), &max) || max < 0)
        max = INT64_MAX;
    if (min > max || min > BYTES_MAX / 2)
        return false;
    str example = example_of(json_str(json_get(schema, "format")));
    str text = example.n > 0 ? example : S("text");
    buf_put_char(out, '"');
    buf_put(out, str_slice(text, 0, (size_t)MIN(max, (int64_t)text.n)));
    for (int64_t n = (int64_t)text.n; n < min; n++)
        buf_put_char(out, 'x');
    buf_put_char(out, '"');
    return true;
}

/* ---- containers ---- */

static bool is_listed(const struct json *names, str name)
{
    for (struct json_iter it = json_iter(names); json_iter_next(&it);)
        if (str_eq(json_str(it.value), name))
            return true;
    return false;
}

static void put_key(struct buf *out, str key, bool is_first)
{
    if (!is_first)
        buf_put_char(out, ',');
    buf_put_json(out, key);
    buf_put_char(out, ':');
}

/* The required names that `properties` does not describe may have any value. */
static bool put_undescribed(struct inventor *v, const struct json *schema, bool is_first)
{
    const struct json *properties = json_get(schema, "properties");
    for (struct json_iter it = json_iter(json_get(schema, "required")); json_iter_next(&it);) {
        bool is_described = false;
        if (++v->steps > STEPS_MAX)
            return false;
        for (struct json_iter p = json_iter(properties); !is_described && json_iter_next(&p);)
            is_described = str_eq(p.key, json_str(it.value));
        if (is_described || !json_is_str(it.value))
            continue;
        put_key(v->out, json_str(it.value), is_first);
        buf_put(v->out, S("null"));
        is_first = false;
    }
    return true;
}

static bool put_object(struct inventor *v, const struct json *schema, unsigned depth)
{
    const struct json *required = json_get(schema, "required");
    bool is_first = true;
    if (json_count(required) > STEPS_MAX)
        return false;
    buf_put_char(v->out, '{');
    for (struct json_iter it = json_iter(json_get(schema, "properties")); json_iter_next(&it);) {
        if (++v->steps > STEPS_MAX)
            return false;
        if (required && !is_listed(required, it.key))
            continue;
        size_t before = v->out->n;
        put_key(v->out, it.key, is_first);
        if (invent(v, it.value, depth + 1))
            is_first = false;
        else if (required)
            return false;
        else
            v->out->n = before; /* it can do without */
    }
    if (!put_undescribed(v, schema, is_first))
        return false;
    buf_put_char(v->out, '}');
    return true;
}

static bool put_array(struct inventor *v, const struct json *schema, unsigned depth)
{
    const struct json *prefix = json_get(schema, "prefixItems");
    const struct json *items = json_get(schema, "items");
    int64_t n = 0;
    if (!json_i64(json_get(schema, "minItems"), &n) || n < 0)
        n = 0;
    struct json_iter it = json_iter(prefix);
    buf_put_char(v->out, '[');
    for (int64_t i = 0; i < n; i++) {
        if (i > 0)
            buf_put_char(v->out, ',');
        if (!invent(v, json_iter_next(&it) ? it.value : items, depth + 1))
            return false;
    }
    buf_put_char(v->out, ']');
    return true;
}

/* ---- any schema ---- */

static bool is_type(str type, const char *name)
{
    return str_eq(type, str_from_cz(name));
}

/* The type asked for, the first of several; what the other members suggest when none is named. */
static str type_of(const struct json *schema)
{
    const struct json *type = json_get(schema, "type");
    if (type && json_count(type) > 0)
        type = json_at(type, 0);
    if (json_is_str(type))
        return json_str(type);
    if (json_get(schema, "properties") || json_get(schema, "required"))
        return S("object");
    if (json_get(schema, "items") || json_get(schema, "prefixItems"))
        return S("array");
    if (json_get(schema, "minimum") || json_get(schema, "maximum"))
        return S("number");
    if (json_get(schema, "minLength") || json_get(schema, "format"))
        return S("string");
    return S_EMPTY;
}

static bool put_typed(struct inventor *v, const struct json *schema, str type, unsigned depth)
{
    if (is_type(type, "object"))
        return put_object(v, schema, depth);
    if (is_type(type, "array"))
        return put_array(v, schema, depth);
    if (is_type(type, "string"))
        return put_string(v->out, schema);
    if (is_type(type, "integer") || is_type(type, "number"))
        return put_number(v->out, schema, is_type(type, "integer"));
    if (is_type(type, "boolean"))
        buf_put(v->out, S("false"));
    else /* null, or anything goes */
        buf_put(v->out, depth == 0 ? S("{}") : S("null"));
    return true;
}

static bool put_first_of(struct inventor *v, const struct json *branches, unsigned depth)
{
    for (struct json_iter it = json_iter(branches); json_iter_next(&it);) {
        size_t before = v->out->n;
        if (invent(v, it.value, depth + 1))
            return true;
        v->out->n = before;
    }
    return false;
}

static bool put_any(struct inventor *v, const struct json *schema, unsigned depth)
{
    static const char *const choices[] = {"anyOf", "oneOf", "allOf"};
    const struct json *fixed = json_get(schema, "const");
    const struct json *listed = json_at(json_get(schema, "enum"), 0);
    const struct json *ref = json_get(schema, "$ref");
    if (fixed || listed) {
        json_put(v->out, fixed ? fixed : listed);
        return true;
    }
    if (ref)
        return invent(v, follow(v->root, json_str(ref)), depth + 1);
    str type = type_of(schema);
    if (type.n == 0 || is_type(type, "object"))
        for (size_t i = 0; i < ARRAY_LEN(choices) && !json_get(schema, "properties"); i++)
            if (json_count(json_get(schema, choices[i])) > 0)
                return put_first_of(v, json_get(schema, choices[i]), depth);
    return put_typed(v, schema, type, depth);
}

/* style: recursive, with a bound: schemas are trees */
static bool invent(struct inventor *v, const struct json *schema, unsigned depth)
{
    if (depth > DEPTH_MAX || ++v->steps > STEPS_MAX)
        return false;
    if (!schema || json_type(schema) == JSON_TRUE)
        buf_put(v->out, S("null"));
    else if (json_type(schema) != JSON_OBJECT || !put_any(v, schema, depth))
        return false;
    return buf_is_ok(v->out) && v->out->n <= v->size_max;
}

bool sim_schema_instance(const struct json *schema, struct buf *out)
{
    struct inventor v = {.root = schema, .out = out, .size_max = out->n + BYTES_MAX};
    size_t before = out->n;
    if (invent(&v, schema, 0))
        return true;
    out->n = before;
    return false;
}
