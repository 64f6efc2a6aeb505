/* Schemas as people write them, for every provider that takes only some of JSON Schema: whatever
 * goes in, what comes out keeps to the provider's documentation, and what is gone is said.
 *
 * The rules are written down here once more, from the documentation and not from the tables of the
 * conversion. */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "llm/json_schema.h"
#include "wire/json.h"

#include "tap.h"

static struct arena arena;

static const struct json *parsed(str text)
{
    const struct json *v = NULL;
    size_t error_at = 0;
    return json_read(&arena, text, &v, &error_at) == 0 ? v : NULL;
}

static bool is_in(str word, const char *const *list)
{
    for (; *list; list++) {
        if (str_eq(word, str_from_cz(*list)))
            return true;
    }
    return false;
}

/* ---- the rules ---- */

struct rules {
    const char *const *keywords; /* NULL: any */
    const char *const *formats;  /* NULL: any */
    bool is_closed;              /* every object has additionalProperties: false */
    bool has_plain_types;        /* a type is one word, an enum is of strings */
    bool has_small_lists;        /* minItems is 0 or 1 */
};

static const char *const anthropic_keywords[] = {
    "type",    "properties", "required", "description", "title",
    "default", "enum",       "const",    "items",       "anyOf",
    "$ref",    "$defs",      "format",   "pattern",     "additionalProperties",
    "allOf",   "minItems",   "nullable", "definitions", NULL};
static const char *const anthropic_formats[] = {"date-time", "time",     "date", "duration",
                                                "email",     "hostname", "uri",  "ipv4",
                                                "ipv6",      "uuid",     NULL};
static const char *const gemini_keywords[] = {"$id",
                                              "$defs",
                                              "$ref",
                                              "$anchor",
                                              "type",
                                              "format",
                                              "title",
                                              "description",
                                              "enum",
                                              "items",
                                              "prefixItems",
                                              "minItems",
                                              "maxItems",
                                              "minimum",
                                              "maximum",
                                              "anyOf",
                                              "oneOf",
                                              "properties",
                                              "additionalProperties",
                                              "required",
                                              "propertyOrdering",
                                              NULL};
static const char *const openapi_keywords[] = {"type",
                                               "format",
                                               "title",
                                               "description",
                                               "nullable",
                                               "enum",
                                               "maxItems",
                                               "minItems",
                                               "properties",
                                               "required",
                                               "minProperties",
                                               "maxProperties",
                                               "minLength",
                                               "maxLength",
                                               "pattern",
                                               "example",
                                               "anyOf",
                                               "propertyOrdering",
                                               "default",
                                               "items",
                                               "minimum",
                                               "maximum",
                                               NULL};

/* Is `v` JSON of a schema, by these rules, in every place? */
static const char *fault_of(const struct json *v, const struct rules *r, unsigned depth);

static const char *fault_in(const struct json *v, const struct rules *r, unsigned depth)
{
    for (struct json_iter it = json_iter(v); json_iter_next(&it);) {
        const char *fault = fault_of(it.value, r, depth + 1);
        if (fault)
            return fault;
    }
    return NULL;
}

static const char *fault_of_values(const struct json *v, const struct rules *r)
{
    const struct json *type = json_get(v, "type"), *closed = json_get(v, "additionalProperties");
    const struct json *values = json_get(v, "enum");
    int64_t least = 0;
    if (r->has_plain_types && type && !json_is_str(type))
        return "a type that is no word";
    for (struct json_iter it = json_iter(values); r->has_plain_types && json_iter_next(&it);) {
        if (!json_is_str(it.value))
            return "an enum of what is no string";
    }
    bool is_object = str_eq_nocase(json_str(type), S("object"));
    if (r->is_closed && is_object && (!closed || json_type(closed) != JSON_FALSE))
        return "an object that is open";
    if (r->has_small_lists && json_i64(json_get(v, "minItems"), &least) && least > 1)
        return "a list of at least more than one";
    if (r->formats && json_get(v, "format") && !is_in(json_str(json_get(v, "format")), r->formats))
        return "a format that nobody knows";
    return NULL;
}

static bool is_member(const struct json *properties, str name)
{
    for (struct json_iter it = json_iter(properties); json_iter_next(&it);) {
        if (str_eq(it.key, name))
            return true;
    }
    return false;
}

static const char *fault_of_required(const struct json *v)
{
    for (struct json_iter it = json_iter(json_get(v, "required")); json_iter_next(&it);) {
        if (!is_member(json_get(v, "properties"), json_str(it.value)))
            return "a member that is required and not there";
    }
    return NULL;
}

static const char *fault_of(const struct json *v, const struct rules *r, unsigned depth)
{
    static const char *const maps[] = {"properties", "$defs", "definitions", NULL};
    static const char *const lists[] = {"anyOf", "oneOf", "allOf", "prefixItems", NULL};
    if (json_type(v) != JSON_OBJECT || depth > 100)
        return json_type(v) == JSON_TRUE || json_type(v) == JSON_FALSE ? NULL : "no schema";
    const char *fault = fault_of_values(v, r);
    if (!fault && r->keywords)
        fault = fault_of_required(v);
    for (struct json_iter it = json_iter(v); !fault && json_iter_next(&it);) {
        if (r->keywords && !is_in(it.key, r->keywords))
            fault = "a keyword that nobody knows";
        else if (is_in(it.key, maps) || is_in(it.key, lists))
            fault = fault_in(it.value, r, depth);
        else if (str_eq(it.key, S("items")))
            fault = fault_of(it.value, r, depth + 1);
    }
    return fault;
}

/* A tool's arguments are an object at the root, for everybody. */
static const char *fault_of_root(const struct json *v)
{
    if (!str_eq_nocase(json_str(json_get(v, "type")), S("object")))
        return "a root that is no object";
    bool has_forms = json_get(v, "anyOf") || json_get(v, "oneOf") || json_get(v, "allOf");
    return has_forms ? "forms at the root" : NULL;
}

/* ---- schemas ---- */

#define ROOT(members) "{'type':'object','properties':{" members "}}"
#define A(schema)     ROOT("'a':" schema)

/* clang-format off: a table */
static const struct {
    const char *what;
    const char *schema;
    bool is_lost[3]; /* that something is said to be lost: Anthropic, Gemini, Gemini's OpenAPI */
} schemas[] = {
    {"a tree that refers to itself",
     "{'$defs':{'N':{'type':'object','properties':{'v':{'type':'integer'},'next':{'$ref':'#/$defs/"
     "N'}}}},'type':'object','properties':{'root':{'$ref':'#/$defs/N'}}}",
     {true, false, true}},
    {"two definitions that refer to each other",
     "{'$defs':{'A':{'type':'object','properties':{'b':{'$ref':'#/$defs/"
     "B'}}},'B':{'type':'object','properties':{'a':{'$ref':'#/$defs/"
     "A'}}}},'type':'object','properties':{'x':{'$ref':'#/$defs/A'}}}",
     {true, false, true}},
    {"a root that refers to itself",
     "{'type':'object','properties':{'self':{'$ref':'#'}}}",
     {true, true, true}},
    {"a reference to nothing", A("{'$ref':'#/$defs/none'}"), {true, true, true}},
    {"a reference elsewhere", A("{'$ref':'https://x.example/schema.json'}"), {true, true, true}},
    {"a definition of old",
     "{'definitions':{'D':{'type':'string'}},'type':'object','properties':{'a':{'$ref':'#/"
     "definitions/D'}}}",
     {false, false, false}},
    {"something or null",
     A("{'anyOf':[{'type':'string'},{'type':'null'}]}"),
     {false, false, false}},
    {"a list of types", A("{'type':['string','null']}"), {false, false, false}},
    {"one of several types", A("{'type':['string','integer']}"), {false, false, false}},
    {"one of several numbers", A("{'type':'integer','enum':[1,2,3]}"), {false, false, true}},
    {"one of several kinds of values", A("{'enum':['a',1,null,true]}"), {false, true, true}},
    {"a constant text", A("{'const':'x'}"), {false, false, false}},
    {"a constant number", A("{'const':5}"), {false, false, true}},
    {"a constant object", A("{'const':{'b':[1]}}"), {false, true, true}},
    {"a format that everybody knows",
     A("{'type':'string','format':'date-time'}"),
     {false, false, false}},
    {"a format that nobody knows", A("{'type':'string','format':'isbn'}"), {true, true, true}},
    {"members of any name",
     A("{'type':'object','additionalProperties':{'type':'integer'}}"),
     {true, false, true}},
    {"any members", A("{'type':'object','additionalProperties':true}"), {true, false, false}},
    {"no other members",
     "{'type':'object','properties':{'a':{'type':'string'}},'additionalProperties':false}",
     {false, false, false}},
    {"a required member that is not described",
     "{'type':'object','properties':{'a':{'type':'string'}},'required':['a','b']}",
     {true, true, true}},
    {"required members deep inside",
     A("{'type':'object','properties':{'b':{'type':'object','properties':{'c':{'type':'string'}},'"
       "required':['c']}},'required':['b']}"),
     {false, false, false}},
    {"bounds", A("{'type':'integer','minimum':1,'maximum':9,'multipleOf':2}"), {true, true, true}},
    {"lengths and a pattern",
     A("{'type':'string','minLength':1,'maxLength':9,'pattern':'^(?=a)b$'}"),
     {true, true, false}},
    {"a list of at least three",
     A("{'type':'array','minItems':3,'items':{'type':'string'}}"),
     {true, false, false}},
    {"a tuple",
     A("{'type':'array','prefixItems':[{'type':'string'},{'type':'integer'}],'items':false}"),
     {true, true, true}},
    {"all of several",
     A("{'allOf':[{'type':'object','properties':{'b':{'type':'string'}}},{'type':'object','"
       "properties':{'c':{'type':'string'}},'required':['c']}]}"),
     {false, false, false}},
    {"what it must not be", A("{'not':{'type':'string'}}"), {true, true, true}},
    {"a condition",
     A("{'if':{'type':'string'},'then':{'minLength':1},'else':{'type':'integer'}}"),
     {true, true, true}},
    {"forms at the root",
     "{'anyOf':[{'type':'object','properties':{'a':{'type':'string'}},'required':['a']},{'type':'"
     "object','properties':{'b':{'type':'string'}}}]}",
     {true, true, true}},
    {"a root that is a list", "{'type':'array','items':{'type':'string'}}", {true, true, true}},
    {"true for a schema", ROOT("'a':true"), {false, false, true}},
    {"members named like keywords",
     ROOT("'type':{'type':'string'},'$ref':{'type':'string'},'enum':{'type':'string'},'properties':"
          "{'type':'string'}"),
     {false, false, false}},
    {"words of no keyword",
     "{'$schema':'https://json-schema.org/draft/2020-12/"
     "schema','$comment':'c','x-order':1,'type':'object','properties':{}}",
     {false, false, false}},
};
/* clang-format on */

static str quoted(const char *text)
{
    char *copy = arena_cz(&arena, str_from_cz(text));
    for (char *at = copy; *at != '\0'; at++) {
        if (*at == '\'')
            *at = '"';
    }
    return str_from_cz(copy);
}

/* An object of as many members, each an object of a few kinds of members. */
static str large(unsigned n)
{
    struct buf b;
    buf_init(&b, SIZE_MAX / 2);
    buf_printf(&b, "{\"type\":\"object\",\"properties\":{");
    for (unsigned i = 0; i < n; i++)
        buf_printf(&b,
                   "%s\"m%u\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":[\"string\","
                   "\"null\"]},\"b\":{\"enum\":[1,2]},\"c\":{\"$ref\":\"#/$defs/D\"}}}",
                   i > 0 ? "," : "", i);
    buf_printf(&b, "},\"$defs\":{\"D\":{\"type\":\"string\",\"format\":\"uuid\"}}}");
    str text = arena_str(&arena, buf_str(&b));
    buf_fini(&b);
    return text;
}

/* ---- */

static str convert(str schema, enum capability_schema flavour, enum schema_use use, str *losses)
{
    struct losses l;
    losses_init(&l, &arena);
    struct buf b;
    buf_init(&b, SIZE_MAX / 2);
    struct json_writer w = json_writer(&b);
    json_schema_put(&w, NULL, parsed(schema), flavour, use, &l, "tools");
    str text = arena_str(&arena, buf_str(&b));
    buf_fini(&b);
    *losses = losses_text(&l, &arena);
    return text;
}

static void check(const char *what, str schema, enum capability_schema flavour, enum schema_use use,
                  const struct rules *rules, int is_lost)
{
    str losses;
    str text = convert(schema, flavour, use, &losses);
    const struct json *v = parsed(text);
    const char *fault = v ? fault_of(v, rules, 0) : "no JSON";
    if (!fault && use != SCHEMA_FOR_OUTPUT)
        fault = fault_of_root(v);
    if (!fault && is_lost >= 0 && (losses.n > 0) != is_lost)
        fault = is_lost ? "nothing is said to be lost" : "something is said to be lost";
    ok(!fault, what);
    if (fault)
        printf("# flavour %d, use %d: %s\n# " STR_FMT "\n# " STR_FMT "\n", flavour, use, fault,
               STR_ARG(str_slice(text, 0, 2000)), STR_ARG(losses));
}

static void check_all(const char *what, str schema, const bool *is_lost)
{
    static const struct rules anthropic = {.keywords = anthropic_keywords,
                                           .formats = anthropic_formats,
                                           .is_closed = true,
                                           .has_small_lists = true};
    static const struct rules gemini = {.keywords = gemini_keywords};
    static const struct rules openapi = {.keywords = openapi_keywords, .has_plain_types = true};
    static const struct rules any = {.keywords = NULL};
    check(what, schema, SCHEMA_ANTHROPIC, SCHEMA_FOR_STRICT_TOOL, &anthropic,
          is_lost ? is_lost[0] : -1);
    check(what, schema, SCHEMA_ANTHROPIC, SCHEMA_FOR_OUTPUT, &anthropic, -1);
    check(what, schema, SCHEMA_ANTHROPIC, SCHEMA_FOR_TOOL, &any, -1);
    check(what, schema, SCHEMA_GEMINI_JSON, SCHEMA_FOR_TOOL, &gemini, is_lost ? is_lost[1] : -1);
    check(what, schema, SCHEMA_GEMINI_JSON, SCHEMA_FOR_OUTPUT, &gemini, -1);
    check(what, schema, SCHEMA_GEMINI_OPENAPI, SCHEMA_FOR_TOOL, &openapi,
          is_lost ? is_lost[2] : -1);
    check(what, schema, SCHEMA_GEMINI_OPENAPI, SCHEMA_FOR_OUTPUT, &openapi, -1);
}

int main(void)
{
    arena_init(&arena, 0, SIZE_MAX / 2);
    for (size_t i = 0; i < ARRAY_LEN(schemas); i++)
        check_all(schemas[i].what, quoted(schemas[i].schema), schemas[i].is_lost);
    check_all("five thousand places", large(1250), NULL);
    arena_fini(&arena);
    return tap_done();
}
