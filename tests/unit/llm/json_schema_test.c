#include "llm/json_schema.c"

#include "tap.h"
#include "vectors.h"

static struct arena arena;

static const struct json *read_json(str text)
{
    const struct json *root = NULL;
    size_t error_at;
    return json_read(&arena, text, &root, &error_at) == 0 ? root : NULL;
}

/* The schema as it is written, and behind it, in brackets, what was lost. */
static str convert(const struct json *schema, enum capability_schema flavour, enum schema_use use,
                   str *losses)
{
    struct losses l;
    losses_init(&l, &arena);
    struct buf b;
    buf_init(&b, SIZE_MAX / 2);
    struct json_writer w = json_writer(&b);
    json_schema_put(&w, NULL, schema, flavour, use, &l, "tools");
    str text = arena_str(&arena, buf_str(&b));
    buf_fini(&b);
    *losses = losses_text(&l, &arena);
    return text;
}

struct golden {
    const char *what;
    str schema, want, losses;
};

static void run_goldens(const struct golden *goldens, size_t n, enum capability_schema flavour,
                        enum schema_use use)
{
    for (size_t i = 0; i < n; i++) {
        str losses;
        is_str(convert(read_json(goldens[i].schema), flavour, use, &losses), goldens[i].want,
               goldens[i].what);
        is_str(losses, goldens[i].losses, "  its losses");
    }
}

#define POINT "{\"type\":\"object\",\"properties\":{\"x\":{\"type\":\"number\",\"minimum\":0}}}"
#define NODE  "{\"type\":\"object\",\"properties\":{\"next\":{\"$ref\":\"#/$defs/N\"}}}"

static void test_any(void)
{
    static const struct golden goldens[] = {
        {"as it is", S(POINT), S(POINT), S("")},
        {"whatever it is", S("[1]"), S("[1]"), S("")},
        {"nullable alone is left alone", S("{\"type\":\"string\",\"nullable\":true}"),
         S("{\"type\":\"string\",\"nullable\":true}"), S("")},
        {"capitals are Gemini's",
         S("{\"type\":\"OBJECT\",\"properties\":{\"a\":{\"type\":\"STRING\",\"nullable\":true,"
           "\"enum\":[\"x\"],\"maxLength\":\"5\"},\"type\":{\"type\":\"ARRAY\",\"minItems\":\"1\","
           "\"items\":{\"anyOf\":[{\"type\":\"NUMBER\"},{\"type\":\"NULL\"}]}}},"
           "\"propertyOrdering\":[\"a\"]}"),
         S("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":[\"string\",\"null\"],"
           "\"enum\":[\"x\",null],\"maxLength\":5},\"type\":{\"type\":\"array\",\"minItems\":1,"
           "\"items\":{\"anyOf\":[{\"type\":\"number\"},{\"type\":\"null\"}]}}}}"),
         S("")},
        {"also deep inside", S("{\"type\":\"array\",\"items\":{\"type\":\"BOOLEAN\"}}"),
         S("{\"type\":\"array\",\"items\":{\"type\":\"boolean\"}}"), S("")},
    };
    run_goldens(goldens, ARRAY_LEN(goldens), SCHEMA_OPENAI, SCHEMA_FOR_STRICT_TOOL);
    run_goldens(goldens, ARRAY_LEN(goldens), SCHEMA_ANY, SCHEMA_FOR_OUTPUT);
    str losses;
    is_str(convert(NULL, SCHEMA_ANTHROPIC, SCHEMA_FOR_TOOL, &losses),
           S("{\"type\":\"object\",\"properties\":{}}"), "no schema");
}

static void test_plain_root(void)
{
    static const struct golden goldens[] = {
        {"a plain root stays as it is", S(POINT), S(POINT), S("")},
        {"a root without a type", S("{\"properties\":{\"a\":{}},\"title\":\"T\"}"),
         S("{\"type\":\"object\",\"properties\":{\"a\":{}},\"title\":\"T\"}"), S("")},
        {"anything", S("true"), S("{\"type\":\"object\",\"properties\":{}}"), S("")},
        {"nothing", S("false"), S("{\"type\":\"object\",\"properties\":{}}"), S("clamped:tools")},
        {"no object", S("{\"type\":\"string\"}"), S("{\"type\":\"object\",\"properties\":{}}"),
         S("clamped:tools")},
        {"a reference", S("{\"$ref\":\"#/$defs/P\",\"$defs\":{\"P\":" POINT "}}"),
         S("{\"type\":\"object\",\"properties\":{\"x\":{\"type\":\"number\",\"minimum\":0}},"
           "\"$defs\":{\"P\":" POINT "}}"),
         S("")},
        {"a reference to nothing", S("{\"$ref\":\"#/$defs/Q\"}"),
         S("{\"type\":\"object\",\"properties\":{}}"), S("clamped:tools")},
        {"a union",
         S("{\"description\":\"D\",\"anyOf\":["
           "{\"properties\":{\"k\":{\"const\":\"a\"},\"x\":{}},\"required\":[\"k\",\"x\"]},"
           "{\"properties\":{\"k\":{\"const\":\"b\"}},\"required\":[\"k\"]}]}"),
         S("{\"type\":\"object\",\"description\":\"D (anyOf: "
           "[{\\\"properties\\\":{\\\"k\\\":{\\\"const\\\":\\\"a\\\"},\\\"x\\\":{}},"
           "\\\"required\\\":[\\\"k\\\",\\\"x\\\"]},"
           "{\\\"properties\\\":{\\\"k\\\":{\\\"const\\\":\\\"b\\\"}},\\\"required\\\":[\\\"k\\\"]}"
           "]"
           ")\",\"properties\":{\"k\":{\"anyOf\":[{\"const\":\"a\"},{\"const\":\"b\"}]},\"x\":{}},"
           "\"required\":[\"k\"]}"),
         S("emulated:tools")},
        {"all of several",
         S("{\"allOf\":[{\"properties\":{\"a\":{\"type\":\"string\"}},\"required\":[\"a\"]},"
           "{\"properties\":{\"a\":{\"minLength\":1},\"b\":{}},\"required\":[\"b\",\"a\"]}]}"),
         S("{\"type\":\"object\",\"properties\":{\"a\":{\"allOf\":[{\"type\":\"string\"},"
           "{\"minLength\":1}]},\"b\":{}},\"required\":[\"a\",\"b\"]}"),
         S("")},
        {"a union in a branch adds members only",
         S("{\"type\":\"object\",\"required\":[\"r\"],\"properties\":{\"r\":{}},\"oneOf\":[{"
           "\"anyOf\":[{\"properties\":{\"x\":{}},\"required\":[\"x\"]}]},{}]}"),
         S("{\"type\":\"object\",\"description\":\"(oneOf: [{\\\"anyOf\\\":[{\\\"properties\\\":"
           "{\\\"x\\\":{}},\\\"required\\\":[\\\"x\\\"]}]},{}])\",\"properties\":{\"r\":{},"
           "\"x\":{}},\"required\":[\"r\"]}"),
         S("emulated:tools")},
        {"recursion at the root", S("{\"allOf\":[{\"$ref\":\"#\"}],\"properties\":{\"a\":{}}}"),
         S("{\"type\":\"object\",\"properties\":{\"a\":{}}}"), S("")},
    };
    run_goldens(goldens, ARRAY_LEN(goldens), SCHEMA_ANTHROPIC, SCHEMA_FOR_TOOL);
}

static void test_anthropic(void)
{
    static const struct golden goldens[] = {
        {"limits go into the description",
         S("{\"type\":\"object\",\"properties\":{\"age\":{\"type\":\"integer\",\"minimum\":0,"
           "\"description\":\"Age\",\"maximum\":9},\"t\":{\"type\":\"array\",\"minItems\":2,"
           "\"items\":{\"type\":\"string\",\"format\":\"color\"}}},\"required\":[\"age\"]}"),
         S("{\"type\":\"object\",\"properties\":{\"age\":{\"type\":\"integer\","
           "\"description\":\"Age (minimum: 0; maximum: 9)\"},\"t\":{\"type\":\"array\","
           "\"items\":{\"type\":\"string\",\"description\":\"(format: \\\"color\\\")\"},"
           "\"description\":\"(minItems: 2)\"}},\"required\":[\"age\"],"
           "\"additionalProperties\":false}"),
         S("emulated:tools")},
        {"what is known stays",
         S("{\"type\":\"array\",\"minItems\":1,\"items\":{\"anyOf\":[{\"type\":\"string\","
           "\"format\":\"uuid\",\"pattern\":\"^a+$\"},{\"type\":[\"integer\",\"null\"],"
           "\"enum\":[1,null],\"default\":1},{\"const\":\"c\",\"title\":\"T\"}]}}"),
         S("{\"type\":\"array\",\"minItems\":1,\"items\":{\"anyOf\":[{\"type\":\"string\","
           "\"format\":\"uuid\",\"pattern\":\"^a+$\"},{\"type\":[\"integer\",\"null\"],"
           "\"enum\":[1,null],\"default\":1},{\"const\":\"c\",\"title\":\"T\"}]}}"),
         S("")},
        {"a pattern that is not compiled", S("{\"type\":\"string\",\"pattern\":\"(?=a)b\"}"),
         S("{\"type\":\"string\",\"description\":\"(pattern: \\\"(?=a)b\\\")\"}"),
         S("emulated:tools")},
        {"oneOf is anyOf", S("{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}"),
         S("{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}"), S("")},
        {"allOf is merged",
         S("{\"allOf\":[" POINT ",{\"properties\":{\"y\":{\"type\":\"number\"},\"x\":{}},"
           "\"required\":[\"y\",\"x\",\"y\"]}]}"),
         S("{\"type\":\"object\",\"properties\":{\"x\":{\"type\":\"number\",\"description\":"
           "\"(minimum: 0)\"},\"y\":{\"type\":\"number\"}},\"required\":[\"y\",\"x\"],"
           "\"additionalProperties\":false}"),
         S("emulated:tools")},
        {"a map loses its members",
         S("{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}"),
         S("{\"type\":\"object\",\"description\":\"(additionalProperties: {\\\"type\\\":"
           "\\\"string\\\"})\",\"additionalProperties\":false}"),
         S("emulated:tools, clamped:tools")},
        {"references stay",
         S("{\"type\":\"object\",\"properties\":{\"p\":{\"$ref\":\"#/$defs/P\"}},"
           "\"$defs\":{\"P\":{\"type\":\"string\"}},\"$schema\":\"x\"}"),
         S("{\"type\":\"object\",\"properties\":{\"p\":{\"$ref\":\"#/$defs/P\"}},"
           "\"$defs\":{\"P\":{\"type\":\"string\"}},\"additionalProperties\":false}"),
         S("")},
        {"unless something stands beside them",
         S("{\"type\":\"object\",\"properties\":{\"p\":{\"description\":\"d\","
           "\"$ref\":\"#/$defs/P\"}},\"$defs\":{\"P\":{\"type\":\"string\"}}}"),
         S("{\"type\":\"object\",\"properties\":{\"p\":{\"description\":\"d\","
           "\"type\":\"string\"}},\"additionalProperties\":false}"),
         S("")},
        {"or they lead into themselves", S("{\"$ref\":\"#/$defs/N\",\"$defs\":{\"N\":" NODE "}}"),
         S("{\"type\":\"object\",\"properties\":{\"next\":{}},\"additionalProperties\":false}"),
         S("clamped:tools")},
        {"or to nothing", S("{\"properties\":{\"a\":{\"$ref\":\"http://x/y\"}}}"),
         S("{\"type\":\"object\",\"properties\":{\"a\":{}},\"additionalProperties\":false}"),
         S("clamped:tools")},
        {"nullable", S("{\"type\":\"string\",\"nullable\":true}"),
         S("{\"type\":[\"string\",\"null\"]}"), S("")},
        {"required names without a property", S("{\"type\":\"object\",\"required\":[\"a\",1]}"),
         S("{\"type\":\"object\",\"additionalProperties\":false}"), S("clamped:tools")},
        {"wrong types",
         S("{\"type\":5,\"properties\":[],\"anyOf\":{},\"allOf\":{\"a\":1},\"required\":{},"
           "\"$defs\":1,\"description\":[],\"items\":\"x\"}"),
         S("{\"description\":\"(items: \\\"x\\\")\"}"), S("emulated:tools")},
    };
    run_goldens(goldens, ARRAY_LEN(goldens), SCHEMA_ANTHROPIC, SCHEMA_FOR_OUTPUT);
}

static void test_gemini_json(void)
{
    static const struct golden goldens[] = {
        {"const is an enum of one", S("{\"const\":\"a\",\"title\":\"T\"}"),
         S("{\"enum\":[\"a\"],\"title\":\"T\"}"), S("")},
        {"enums of texts and numbers", S("{\"enum\":[\"a\",1,null,true]}"),
         S("{\"enum\":[\"a\",1]}"), S("clamped:tools")},
        {"draft 7", S("{\"items\":{\"$ref\":\"#/definitions/P\"},\"definitions\":{\"P\":{}}}"),
         S("{\"items\":{\"$ref\":\"#/$defs/P\"},\"$defs\":{\"P\":{}}}"), S("")},
        {"recursion stays", S("{\"$ref\":\"#/$defs/N\",\"$defs\":{\"N\":" NODE "}}"),
         S("{\"$defs\":{\"N\":" NODE "},\"type\":\"object\",\"properties\":{\"next\":"
           "{\"$ref\":\"#/$defs/N\"}}}"),
         S("")},
        {"odd references do not",
         S("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"},"
           "\"b\":{\"$ref\":\"#/properties/a\"},\"c\":{\"$ref\":\"#\"}}}"),
         S("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"},"
           "\"b\":{\"type\":\"string\"},\"c\":{}}}"),
         S("clamped:tools")},
        {"tuples and maps",
         S("{\"prefixItems\":[{\"type\":\"string\"},{\"const\":1}],\"additionalProperties\":"
           "{\"type\":\"string\",\"minLength\":1}}"),
         S("{\"prefixItems\":[{\"type\":\"string\"},{\"enum\":[1]}],\"additionalProperties\":"
           "{\"type\":\"string\",\"description\":\"(minLength: 1)\"}}"),
         S("emulated:tools")},
    };
    run_goldens(goldens, ARRAY_LEN(goldens), SCHEMA_GEMINI_JSON, SCHEMA_FOR_OUTPUT);
}

static void test_gemini_openapi(void)
{
    static const struct golden goldens[] = {
        {"optional as pydantic writes it",
         S("{\"type\":\"object\",\"properties\":{\"o\":{\"anyOf\":[{\"type\":\"string\"},"
           "{\"type\":\"null\"}],\"default\":null,\"title\":\"O\"}}}"),
         S("{\"type\":\"object\",\"properties\":{\"o\":{\"default\":null,\"title\":\"O\","
           "\"type\":\"string\",\"nullable\":true}}}"),
         S("")},
        {"several types",
         S("{\"type\":\"object\",\"properties\":{\"m\":{\"type\":[\"string\",\"number\",\"null\"]},"
           "\"n\":{\"type\":[\"array\",\"string\"]}}}"),
         S("{\"type\":\"object\",\"properties\":{\"m\":{\"anyOf\":[{\"type\":\"string\"},"
           "{\"type\":\"number\"}],\"nullable\":true},\"n\":{\"type\":\"array\",\"description\":"
           "\"(type: [\\\"array\\\",\\\"string\\\"])\",\"items\":{\"type\":\"string\"}}}}"),
         S("emulated:tools, clamped:tools")},
        {"enumerations are texts",
         S("{\"type\":\"object\",\"properties\":{\"e\":{\"type\":\"integer\",\"enum\":[1,2]},"
           "\"c\":{\"const\":3},\"b\":{\"enum\":[true,\"x\",null,\"\"]}}}"),
         S("{\"type\":\"object\",\"properties\":{\"e\":{\"type\":\"string\",\"enum\":[\"1\",\"2\"],"
           "\"description\":\"(type: \\\"integer\\\")\"},\"c\":{\"type\":\"string\",\"enum\":"
           "[\"3\"],\"description\":\"(const: 3)\"},\"b\":{\"type\":\"string\",\"enum\":[\"true\","
           "\"x\"],\"description\":\"(enum: "
           "[true,\\\"x\\\",null,\\\"\\\"])\",\"nullable\":true}}}"),
         S("emulated:tools, clamped:tools")},
        {"references are replaced",
         S("{\"type\":\"object\",\"properties\":{\"p\":{\"$ref\":\"#/$defs/P\",\"description\":"
           "\"d\"}},\"$defs\":{\"P\":{\"type\":\"object\",\"additionalProperties\":false,"
           "\"properties\":{}}}}"),
         S("{\"type\":\"object\",\"properties\":{\"p\":{\"description\":\"d\","
           "\"type\":\"object\"}}}"),
         S("")},
        {"recursion ends", S("{\"$ref\":\"#/$defs/N\",\"$defs\":{\"N\":" NODE "}}"),
         S("{\"type\":\"object\",\"properties\":{\"next\":{\"type\":\"object\",\"properties\":"
           "{\"next\":{\"type\":\"object\"}}}}}"),
         S("clamped:tools")},
        {"every place has a type",
         S("{\"properties\":{\"any\":{},\"list\":{\"items\":{\"minLength\":1}},"
           "\"tuple\":{\"prefixItems\":[{}]}}}"),
         S("{\"type\":\"object\",\"properties\":{\"any\":{\"type\":\"string\"},"
           "\"list\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"minLength\":1}},"
           "\"tuple\":{\"type\":\"array\",\"description\":\"(prefixItems: [{}])\","
           "\"items\":{\"type\":\"string\"}}}}"),
         S("emulated:tools, clamped:tools")},
        {"a union of more",
         S("{\"type\":\"object\",\"properties\":{\"u\":{\"oneOf\":[{\"type\":\"string\"},"
           "{\"type\":\"null\"},{\"type\":\"array\",\"items\":{\"type\":\"number\"}}]}}}"),
         S("{\"type\":\"object\",\"properties\":{\"u\":{\"anyOf\":[{\"type\":\"string\"},"
           "{\"type\":\"array\",\"items\":{\"type\":\"number\"}}],\"nullable\":true}}}"),
         S("")},
        {"the order of members",
         S("{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"string\"},"
           "\"a\":{\"type\":\"string\"}}}"),
         S("{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"string\"},"
           "\"a\":{\"type\":\"string\"}}}"),
         S("")},
        {"capitals are as good",
         S("{\"type\":\"OBJECT\",\"properties\":{\"a\":{\"type\":"
           "\"STRING\",\"maxLength\":\"5\"}},\"propertyOrdering\":[\"a\"]}"),
         S("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":"
           "\"STRING\",\"maxLength\":\"5\"}},\"propertyOrdering\":[\"a\"]}"),
         S("")},
    };
    run_goldens(goldens, ARRAY_LEN(goldens), SCHEMA_GEMINI_OPENAPI, SCHEMA_FOR_TOOL);
    str losses;
    const struct json *two = read_json(
        S("{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"string\"},\"a\":{\"type\":"
          "\"string\"}}}"));
    is_str(convert(two, SCHEMA_GEMINI_OPENAPI, SCHEMA_FOR_OUTPUT, &losses),
           S("{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"string\"},\"a\":{\"type\":"
             "\"string\"}},\"propertyOrdering\":[\"b\",\"a\"]}"),
           "the order of an answer's members is said");
}

/* ---- properties of every conversion ---- */

#define COMMON "type", "properties", "required", "description", "title", "anyOf", "items"
static const char *const anthropic_keywords[] = {
    COMMON,   "default", "enum",        "const",
    "$ref",   "$defs",   "definitions", "additionalProperties",
    "format", "pattern", "minItems",    NULL};
static const char *const gemini_json_keywords[] = {
    COMMON,   "enum",     "$ref",     "$defs",   "prefixItems", "additionalProperties",
    "format", "minItems", "maxItems", "minimum", "maximum",     "propertyOrdering",
    NULL};
static const char *const gemini_openapi_keywords[] = {
    COMMON,          "default",       "enum",    "nullable",         "format",    "pattern",
    "minItems",      "maxItems",      "minimum", "maximum",          "minLength", "maxLength",
    "minProperties", "maxProperties", "example", "propertyOrdering", NULL};

static bool is_among(const char *const *names, str name)
{
    for (; *names; names++) {
        if (str_eq(name, str_from_cz(*names)))
            return true;
    }
    return false;
}

static bool knows_only(const struct json *schema, const char *const *names)
{
    static const char *const maps[] = {"properties", "$defs", "definitions", NULL};
    static const char *const lists[] = {"anyOf", "prefixItems", NULL};
    static const char *const schemas[] = {"items", "additionalProperties", NULL};
    for (struct json_iter it = json_iter(schema_object(schema)); json_iter_next(&it);) {
        if (!is_among(names, it.key))
            return false;
        if (is_among(schemas, it.key) && !knows_only(it.value, names))
            return false;
        bool has_more = is_among(maps, it.key) || is_among(lists, it.key);
        for (struct json_iter i = json_iter(has_more ? it.value : NULL); json_iter_next(&i);) {
            if (!schema_object(i.value) || !knows_only(i.value, names))
                return false;
        }
    }
    return true;
}

static bool is_sound(const struct json *schema, enum capability_schema flavour, enum schema_use use)
{
    static const char *const *const keywords[] = {
        [SCHEMA_ANTHROPIC] = anthropic_keywords,
        [SCHEMA_GEMINI_JSON] = gemini_json_keywords,
        [SCHEMA_GEMINI_OPENAPI] = gemini_openapi_keywords,
    };
    str losses, text = convert(schema, flavour, use, &losses);
    const struct json *again = read_json(text);
    if (!schema_object(again))
        return false;
    bool is_plain = flavour == SCHEMA_ANTHROPIC && use == SCHEMA_FOR_TOOL;
    if (!is_plain && !knows_only(again, keywords[flavour]))
        return false;
    if (use != SCHEMA_FOR_OUTPUT && !schema_root_is_plain(again))
        return false;
    return str_eq(convert(again, flavour, use, &losses), text);
}

static bool is_sound_everywhere(const struct json *schema)
{
    for (int use = SCHEMA_FOR_TOOL; use <= SCHEMA_FOR_STRICT_TOOL; use++) {
        for (int f = SCHEMA_ANTHROPIC; f <= SCHEMA_GEMINI_OPENAPI; f++) {
            if (!is_sound(schema, (enum capability_schema)f, (enum schema_use)use)) {
                str losses;
                printf("# flavour %d, use %d: " STR_FMT "\n", f, use,
                       STR_ARG(convert(schema, (enum capability_schema)f, (enum schema_use)use,
                                       &losses)));
                return false;
            }
        }
    }
    return true;
}

static void test_suite(const char *draft)
{
    static const char *const files[] = {
        "additionalProperties",
        "allOf",
        "anchor",
        "anyOf",
        "boolean_schema",
        "const",
        "contains",
        "default",
        "dependentRequired",
        "dependentSchemas",
        "dynamicRef",
        "enum",
        "definitions",
        "exclusiveMaximum",
        "format",
        "if-then-else",
        "infinite-loop-detection",
        "items",
        "maxItems",
        "minimum",
        "multipleOf",
        "not",
        "oneOf",
        "pattern",
        "patternProperties",
        "prefixItems",
        "properties",
        "propertyNames",
        "ref",
        "refRemote",
        "required",
        "type",
        "unevaluatedItems",
        "unevaluatedProperties",
        "uniqueItems",
        "vocabulary",
        "defs",
    };
    size_t n = 0;
    bool is_all_sound = true;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        str name = arena_printf(&arena, "json-schema/tests/%s/%s.json", draft, files[i]);
        const char *path = vectors_path(&arena, arena_cz(&arena, name));
        if (!path)
            continue;
        const struct json *cases = read_json(vectors_read(&arena, path));
        for (struct json_iter it = json_iter(cases); json_iter_next(&it); n++)
            is_all_sound &= is_sound_everywhere(json_get(it.value, "schema"));
    }
    if (n == 0) {
        tap_skip("no THROWBAR_VECTORS");
        return;
    }
    ok(n > 100, "the suite is there");
    ok(is_all_sound, "each of its schemas: known keywords only, and converting twice is once");
}

/* ---- hostile schemas ---- */

static str repeat(const char *begin, int n, const char *inner, const char *end)
{
    struct buf b;
    buf_init(&b, SIZE_MAX / 2);
    for (int i = 0; i < n; i++)
        buf_printf(&b, "%s", begin);
    buf_printf(&b, "%s", inner);
    for (int i = 0; i < n; i++)
        buf_printf(&b, "%s", end);
    str text = arena_str(&arena, buf_str(&b));
    buf_fini(&b);
    return text;
}

/* Definitions that each use the one before ten times. */
static str bomb(const char *use)
{
    struct buf b;
    buf_init(&b, SIZE_MAX / 2);
    buf_printf(&b, "{\"type\":\"object\",\"properties\":{\"p\":{\"$ref\":\"#/$defs/d19\"}},"
                   "\"$defs\":{\"d0\":{\"type\":\"string\"}");
    for (int d = 1; d < 20; d++) {
        buf_printf(&b, ",\"d%d\":{\"description\":\"d\",\"%s\":[", d, use);
        for (int i = 0; i < 10; i++)
            buf_printf(&b, "%s{\"$ref\":\"#/$defs/d%d\"}", i > 0 ? "," : "", d - 1);
        buf_printf(&b, "]}");
    }
    buf_printf(&b, "}}");
    str text = arena_str(&arena, buf_str(&b));
    buf_fini(&b);
    return text;
}

static void test_hostile(void)
{
    static const char *const uses[] = {"anyOf", "allOf", "prefixItems", "oneOf"};
    str losses;
    for (size_t i = 0; i < ARRAY_LEN(uses); i++) {
        const struct json *schema = read_json(bomb(uses[i]));
        for (int f = SCHEMA_ANTHROPIC; f <= SCHEMA_GEMINI_OPENAPI; f++) {
            str text = convert(schema, (enum capability_schema)f, SCHEMA_FOR_STRICT_TOOL, &losses);
            ok(read_json(text) && text.n < 128 << 10, "a bomb does not go off");
        }
    }
    static const char *const deep[] = {"{\"items\":", "{\"anyOf\":[",
                                       "{\"properties\":{\"a\":", "{\"allOf\":[", "{\"not\":"};
    static const char *const ends[] = {"}", "]}", "}}", "]}", "}"};
    for (size_t i = 0; i < ARRAY_LEN(deep); i++) {
        const struct json *schema = read_json(repeat(deep[i], 30, "{}", ends[i]));
        ok(schema && is_sound_everywhere(schema), "a deep schema");
    }
    const struct json *cycle = read_json(
        S("{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":{\"$ref\":"
          "\"#/$defs/a\"},\"c\":{\"allOf\":[{\"$ref\":\"#/$defs/c\"}],\"anyOf\":[{\"$ref\":"
          "\"#\"}]}}}"));
    ok(is_sound_everywhere(cycle), "references in a circle");
    str wide = repeat("{\"anyOf\":[{}],\"x\":[", 1, "1,", "2]}");
    ok(read_json(wide) && is_sound_everywhere(read_json(wide)), "unknown members");
    str many = arena_printf(&arena, "{\"anyOf\":[" STR_FMT "{}]}",
                            STR_ARG(repeat("{\"properties\":{\"a\":{}}},", 200, "", "")));
    convert(read_json(many), SCHEMA_ANTHROPIC, SCHEMA_FOR_TOOL, &losses);
    is_str(losses, S("clamped:tools"), "more alternatives than can be laid side by side");
}

int main(void)
{
    arena_init(&arena, 0, SIZE_MAX / 2);
    test_any();
    test_plain_root();
    test_anthropic();
    test_gemini_json();
    test_gemini_openapi();
    test_suite("draft2020-12");
    test_suite("draft7");
    test_hostile();
    arena_fini(&arena);
    return tap_done();
}
