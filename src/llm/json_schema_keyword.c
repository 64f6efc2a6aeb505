/* Look-up in the table of keywords, and the values of format and pattern that providers take. */
#include "llm/json_schema_keyword.h"

const struct schema_keyword schema_keywords[SCHEMA_KEYWORDS] = {
#define KEYWORD(ident, text, anthropic, gemini_json, gemini_openapi)                               \
    [KEY_##ident] = {                                                                              \
        .name = S(text),                                                                           \
        .actions =                                                                                 \
            {                                                                                      \
                [RULES_ANTHROPIC] = ACT_##anthropic,                                               \
                [RULES_GEMINI_JSON] = ACT_##gemini_json,                                           \
                [RULES_GEMINI_OPENAPI] = ACT_##gemini_openapi,                                     \
            },                                                                                     \
    },
#include "llm/json_schema_keyword.def"
#undef KEYWORD
};

static const char *const anthropic_formats[] = {
    "date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid",
};
static const char *const gemini_json_formats[] = {
    "date-time", "date", "time", "int32", "int64", "float", "double",
};
static const char *const gemini_openapi_formats[] = {
    "date-time", "enum", "int32", "int64", "float", "double",
};

enum schema_key schema_key_find(str name)
{
    unsigned k = 0;
    while (k < SCHEMA_KEYWORDS && !str_eq(name, schema_keywords[k].name))
        k++;
    return (enum schema_key)k;
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
