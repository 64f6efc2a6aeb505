/* Views of a schema's places, private to llm/json_schema_subset.c. */
#pragma once

#include "llm/json_schema_keyword.h"
#include "llm/json_schema_parts.h"

#define SCHEMA_SOURCES_MAX 16

enum {
    SCHEMA_STRING,
    SCHEMA_NUMBER,
    SCHEMA_INTEGER,
    SCHEMA_BOOLEAN,
    SCHEMA_NULL,
    SCHEMA_ARRAY,
    SCHEMA_OBJECT,
    SCHEMA_TYPES
};
extern const str schema_type_names[SCHEMA_TYPES];
#define SCHEMA_BIT(type) (1u << (type))

/* One walk over a schema. */
struct schema_run {
    const struct json *root;
    enum schema_rules rules;
    struct buf *out;
    struct schema_marks *marks;
    size_t max_work, work; /* of a walk, and what is left of it */
    bool is_inlining;      /* references are replaced by what they mean */
    bool is_ordered;       /* propertyOrdering is wanted */
    bool has_ref;
    bool is_recursive;
    bool has_defs;      /* were written, */
    bool is_using_defs; /* and referred to from outside */
    bool is_in_defs;
    bool has_odd_ref; /* to a place outside $defs, or to nothing */
    size_t max;       /* bytes of the output */
    bool is_over;     /* too much of either */
};

/* All that is said about one place. */
struct schema_view {
    const struct schema_view *up;
    unsigned depth;
    size_t n;
    const struct json *sources[SCHEMA_SOURCES_MAX];
    const struct json *says[SCHEMA_KEYWORDS]; /* as heard; properties an object, required an array,
                                                 unions such as can be written */
    uint8_t order[SCHEMA_KEYWORDS];           /* of the keywords heard */
    size_t n_keys;
    enum schema_key union_key; /* anyOf or oneOf, the first; SCHEMA_KEYWORDS: none */
    unsigned types_said;       /* bits */
    unsigned types;            /* those, or what follows from other keywords */
    str bare_ref;              /* nothing but this reference is to be written */
    bool is_nullable;
    bool is_recursive;
};

/* Takes n from the work that is left. False: there is not so much, or the output is too big. */
bool schema_spend(struct schema_run *c, size_t n);
struct schema_view schema_view(struct schema_run *c, const struct json *schema,
                               const struct schema_view *up);
unsigned schema_type_bit(str name);
bool schema_is_null(const struct json *schema);

/* May this value stand in an enum there, as it is or as text? Any of a list? */
bool schema_is_enumerable(enum schema_rules rules, const struct json *v);
bool schema_has_enumerable(const struct schema_run *c, const struct json *list);
/* What is done with a keyword of the view: the table's answer, where it depends on the value. */
enum schema_action schema_settle(const struct schema_run *c, const struct schema_view *v,
                                 enum schema_key k);
