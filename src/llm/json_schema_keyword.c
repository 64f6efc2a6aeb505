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
    {S("type"), ALL(ACT_TYPE)},
    {S("properties"), ALL(ACT_PROPERTIES)},
    {S("required"), ALL(ACT_REQUIRED)},
    {S("description"), ALL(ACT_DESCRIPTION)},
    {S("title"), ALL(ACT_KEEP)},
    {S("default"), {ACT_KEEP, ACT_NOTE, ACT_KEEP}},
    {S("enum"), {ACT_KEEP, ACT_ENUM, ACT_ENUM}},
    {S("const"), {ACT_KEEP, ACT_CONST, ACT_CONST}},
    {S("items"), ALL(ACT_ITEMS)},
    {S("prefixItems"), {ACT_NOTE, ACT_LIST, ACT_NOTE}},
    {S("anyOf"), ALL(ACT_UNION)},
    {S("oneOf"), ALL(ACT_UNION)},
    {S("$defs"), {ACT_DEFS, ACT_DEFS, ACT_DROP}},
    {S("definitions"), {ACT_DEFS, ACT_DEFS, ACT_DROP}},
    {S("additionalProperties"), ALL(ACT_ADDITIONAL)},
    {S("format"), ALL(ACT_FORMAT)},
    {S("pattern"), {ACT_PATTERN, ACT_NOTE, ACT_KEEP}},
    {S("minItems"), {ACT_MIN_ITEMS, ACT_KEEP, ACT_KEEP}},
    {S("maxItems"), {ACT_NOTE, ACT_KEEP, ACT_KEEP}},
    {S("minimum"), {ACT_NOTE, ACT_KEEP, ACT_KEEP}},
    {S("maximum"), {ACT_NOTE, ACT_KEEP, ACT_KEEP}},
    {S("minLength"), {ACT_NOTE, ACT_NOTE, ACT_KEEP}},
    {S("maxLength"), {ACT_NOTE, ACT_NOTE, ACT_KEEP}},
    {S("minProperties"), {ACT_NOTE, ACT_NOTE, ACT_KEEP}},
    {S("maxProperties"), {ACT_NOTE, ACT_NOTE, ACT_KEEP}},
    {S("propertyOrdering"), {ACT_DROP, ACT_KEEP, ACT_KEEP}},
    {S("example"), {ACT_NOTE, ACT_NOTE, ACT_KEEP}},
    {S("examples"), ALL(ACT_NOTE)},
    {S("exclusiveMinimum"), ALL(ACT_NOTE)},
    {S("exclusiveMaximum"), ALL(ACT_NOTE)},
    {S("multipleOf"), ALL(ACT_NOTE)},
    {S("uniqueItems"), ALL(ACT_NOTE)},
    {S("contains"), ALL(ACT_NOTE)},
    {S("minContains"), ALL(ACT_NOTE)},
    {S("maxContains"), ALL(ACT_NOTE)},
    {S("additionalItems"), ALL(ACT_NOTE)},
    {S("unevaluatedItems"), ALL(ACT_NOTE)},
    {S("patternProperties"), ALL(ACT_NOTE)},
    {S("propertyNames"), ALL(ACT_NOTE)},
    {S("unevaluatedProperties"), ALL(ACT_NOTE)},
    {S("dependentRequired"), ALL(ACT_NOTE)},
    {S("dependentSchemas"), ALL(ACT_NOTE)},
    {S("dependencies"), ALL(ACT_NOTE)},
    {S("not"), ALL(ACT_NOTE)},
    {S("if"), ALL(ACT_NOTE)},
    {S("then"), ALL(ACT_NOTE)},
    {S("else"), ALL(ACT_NOTE)},
    {S("contentEncoding"), ALL(ACT_NOTE)},
    {S("contentMediaType"), ALL(ACT_NOTE)},
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
        if (str_eq(name, keywords[i].name))
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
