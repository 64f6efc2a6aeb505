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

struct schema_keyword {
    str name;
    uint8_t actions[3]; /* by enum schema_rules */
};

/* NULL: no keyword that any provider knows. */
const struct schema_keyword *schema_keyword_find(str name);
/* May a string have this format there? */
bool schema_format_is_known(enum schema_rules rules, str format);
/* Without look-around, references back and word boundaries, which Anthropic does not compile. */
bool schema_pattern_is_simple(str pattern);
