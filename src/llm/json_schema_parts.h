/* The parts of llm/json_schema.c, private to it: references, the root, the subsets. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "wire/json.h"

/* `v` if it is an array, an object; else NULL, which every reader of JSON takes. */
static inline const struct json *schema_array(const struct json *v)
{
    return v && json_type(v) == JSON_ARRAY ? v : NULL;
}
static inline const struct json *schema_object(const struct json *v)
{
    return v && json_type(v) == JSON_OBJECT ? v : NULL;
}

/* A container being written: what stands before its next item. */
struct schema_list {
    struct buf *out;
    bool has_items;
};
static inline void schema_put_comma(struct schema_list *l)
{
    if (l->has_items)
        buf_put_char(l->out, ',');
    l->has_items = true;
}
static inline void schema_put_key(struct schema_list *l, str key)
{
    schema_put_comma(l);
    buf_put_json(l->out, key);
    buf_put_char(l->out, ':');
}

/* What was done to a schema on its way. */
struct schema_marks {
    bool is_noted;   /* something went into a description instead */
    bool is_clamped; /* something was lost */
};

/* The schema that "#/$defs/a" means inside `root`; NULL: none, or another document's. */
const struct json *schema_resolve(const struct json *root, str ref);

/* Is it written as Gemini's clients write schemas (OpenAPI 3.0, types in capitals)? */
bool schema_is_openapi(const struct json *root);
/* Writes it as JSON Schema: types in small letters, nullable as a type, numbers as numbers. */
void schema_from_openapi(const struct json *root, struct buf *out);

/* Is that an object schema whose root holds no $ref, anyOf, oneOf and allOf? */
bool schema_root_is_plain(const struct json *root);
/* Writes `root` as such a schema: members of all alternatives side by side, required what all of
 * them require. False: it is too big a knot, and `out` is worth nothing. */
bool schema_root_flatten(const struct json *root, struct buf *out, struct schema_marks *marks);

enum schema_rules { RULES_ANTHROPIC, RULES_GEMINI_JSON, RULES_GEMINI_OPENAPI };
/* Writes `root` with the keywords that the rules know. `is_ordered` says that the order of the
 * members is written as well, where the rules have a keyword for that. False as above. */
bool schema_subset(const struct json *root, enum schema_rules rules, bool is_ordered,
                   struct buf *out, struct schema_marks *marks);
