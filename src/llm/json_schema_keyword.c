/* The keywords, as the providers' documentation lists them:
 *
 * - Anthropic, "Structured outputs": JSON Schema limitations;
 * - Google, GenerationConfig.responseJsonSchema: "only the following properties are supported";
 * - Google, Schema: "a select subset of an OpenAPI 3.0 schema object".
 *
 * Columns: Anthropic, Gemini JSON Schema, Gemini OpenAPI. What is not in the table restricts
 * nothing that we know of ($schema, $comment, x-...), and is dropped without a word. */
#include "llm/json_schema_keyword.h"

/* clang-format off: a table */
#define ALL(action)                                                                                \
    {                                                                                              \
        action, action, action                                                                     \
    }
static const struct schema_keyword keywords[] = {
    {"type", ALL(ACT_TYPE)},
    {"properties", ALL(ACT_PROPERTIES)},
    {"required", ALL(ACT_REQUIRED)},
    {"description", ALL(ACT_DESCRIPTION)},
    {"title", ALL(ACT_KEEP)},
    {"default", {ACT_KEEP, ACT_NOTE, ACT_KEEP}},
    {"enum", {ACT_KEEP, ACT_ENUM, ACT_ENUM}},
    {"const", {ACT_KEEP, ACT_CONST, ACT_CONST}},
    {"items", ALL(ACT_ITEMS)},
    {"prefixItems", {ACT_NOTE, ACT_LIST, ACT_NOTE}},
    {"anyOf", ALL(ACT_UNION)},
    {"oneOf", ALL(ACT_UNION)},
    {"$defs", {ACT_DEFS, ACT_DEFS, ACT_DROP}},
    {"definitions", {ACT_DEFS, ACT_DEFS, ACT_DROP}},
    {"additionalProperties", ALL(ACT_ADDITIONAL)},
    {"format", ALL(ACT_FORMAT)},
    {"pattern", {ACT_PATTERN, ACT_NOTE, ACT_KEEP}},
    {"minItems", {ACT_MIN_ITEMS, ACT_KEEP, ACT_KEEP}},
    {"maxItems", {ACT_NOTE, ACT_KEEP, ACT_KEEP}},
    {"minimum", {ACT_NOTE, ACT_KEEP, ACT_KEEP}},
    {"maximum", {ACT_NOTE, ACT_KEEP, ACT_KEEP}},
    {"minLength", {ACT_NOTE, ACT_NOTE, ACT_KEEP}},
    {"maxLength", {ACT_NOTE, ACT_NOTE, ACT_KEEP}},
    {"minProperties", {ACT_NOTE, ACT_NOTE, ACT_KEEP}},
    {"maxProperties", {ACT_NOTE, ACT_NOTE, ACT_KEEP}},
    {"propertyOrdering", {ACT_DROP, ACT_KEEP, ACT_KEEP}},
    {"example", {ACT_NOTE, ACT_NOTE, ACT_KEEP}},
    {"examples", ALL(ACT_NOTE)},
    {"exclusiveMinimum", ALL(ACT_NOTE)},
    {"exclusiveMaximum", ALL(ACT_NOTE)},
    {"multipleOf", ALL(ACT_NOTE)},
    {"uniqueItems", ALL(ACT_NOTE)},
    {"contains", ALL(ACT_NOTE)},
    {"minContains", ALL(ACT_NOTE)},
    {"maxContains", ALL(ACT_NOTE)},
    {"additionalItems", ALL(ACT_NOTE)},
    {"unevaluatedItems", ALL(ACT_NOTE)},
    {"patternProperties", ALL(ACT_NOTE)},
    {"propertyNames", ALL(ACT_NOTE)},
    {"unevaluatedProperties", ALL(ACT_NOTE)},
    {"dependentRequired", ALL(ACT_NOTE)},
    {"dependentSchemas", ALL(ACT_NOTE)},
    {"dependencies", ALL(ACT_NOTE)},
    {"not", ALL(ACT_NOTE)},
    {"if", ALL(ACT_NOTE)},
    {"then", ALL(ACT_NOTE)},
    {"else", ALL(ACT_NOTE)},
    {"contentEncoding", ALL(ACT_NOTE)},
    {"contentMediaType", ALL(ACT_NOTE)},
};
/* clang-format on */

static const char *const anthropic_formats[] = {
    "date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid",
};
static const char *const gemini_json_formats[] = {
    "date-time", "date", "time", "int32", "int64", "float", "double",
};
static const char *const gemini_openapi_formats[] = {
    "date-time", "enum", "int32", "int64", "float", "double",
};

const struct schema_keyword *schema_keyword_find(str name)
{
    for (size_t i = 0; i < ARRAY_LEN(keywords); i++) {
        if (str_eq(name, str_from_cz(keywords[i].name)))
            return &keywords[i];
    }
    return NULL;
}

bool schema_format_is_known(enum schema_rules rules, str format)
{
    static const struct {
        const char *const *names;
        size_t n;
    } known[] = {
        [RULES_ANTHROPIC] = {anthropic_formats, ARRAY_LEN(anthropic_formats)},
        [RULES_GEMINI_JSON] = {gemini_json_formats, ARRAY_LEN(gemini_json_formats)},
        [RULES_GEMINI_OPENAPI] = {gemini_openapi_formats, ARRAY_LEN(gemini_openapi_formats)},
    };
    for (size_t i = 0; i < known[rules].n; i++) {
        if (str_eq(format, str_from_cz(known[rules].names[i])))
            return true;
    }
    return false;
}

bool schema_pattern_is_simple(str pattern)
{
    for (size_t i = 0; i + 1 < pattern.n; i++) {
        char c = pattern.p[i], next = pattern.p[i + 1];
        if (c == '(' && next == '?')
            return false;
        if (c != '\\')
            continue;
        if (next == 'b' || next == 'B' || (next >= '1' && next <= '9'))
            return false;
        i++;
    }
    return true;
}
