/* What each provider makes of each keyword of JSON Schema: a table, private to
 * llm/json_schema_subset.c. */
#pragma once

#include "base/defs.h"
#include "base/str.h"
#include "llm/json_schema_parts.h"

enum schema_action {
    ACT_DROP, /* it restricts nothing, or is carried otherwise */
    ACT_KEEP,
    ACT_NOTE, /* said in the description */
    ACT_SCHEMA,
    ACT_LIST, /* of schemas */
    ACT_DEFS,
    ACT_PROPERTIES,
    ACT_REQUIRED,
    ACT_DESCRIPTION,
    ACT_TYPE,
    ACT_ENUM,
    ACT_CONST,
    ACT_UNION,
    ACT_ITEMS,
    ACT_ADDITIONAL,
    ACT_FORMAT,
    ACT_PATTERN,
    ACT_MIN_ITEMS,
};

enum schema_key {
#define KEYWORD(ident, name, anthropic, gemini_json, gemini_openapi) KEY_##ident,
#include "llm/json_schema_keyword.def"
#undef KEYWORD
    SCHEMA_KEYWORDS
};

struct schema_keyword {
    str name;
    uint8_t actions[3]; /* by enum schema_rules */
};

extern const struct schema_keyword schema_keywords[SCHEMA_KEYWORDS];
/* SCHEMA_KEYWORDS: none that any provider knows. */
enum schema_key schema_key_find(str name);
/* May a string have this format there? */
bool schema_format_is_known(enum schema_rules rules, str format);
/* Without look-around, references back and word boundaries, which Anthropic does not compile. */
bool schema_pattern_is_simple(str pattern);
