/* The table of options: what a configuration may say.
 *
 * One row an option, found by its path; from it come the parser's types, bounds and defaults
 * (config_check.c), the JSON Schema, the reference page and `explain` (schema_render.c). Paths are
 * written with `*` for an id and `[]` for an element: "providers.*.endpoints[].weight". Static and
 * read-only. */
#pragma once

#include "base/defs.h"
#include "base/str.h"

enum option_type {
    OPTION_GROUP,    /* a mapping with the options below it */
    OPTION_MAP,      /* a mapping from ids to what `*` says */
    OPTION_LIST,     /* a list of what `[]` says */
    OPTION_TEXT,     /* any text */
    OPTION_SECRET,   /* a text that is never shown */
    OPTION_ID,       /* [A-Za-z0-9._-]+ */
    OPTION_INT,      /* a whole number, min..max */
    OPTION_COUNT,    /* the same, 400k and 2M allowed */
    OPTION_SIZE,     /* bytes, min..max */
    OPTION_DURATION, /* microseconds, min..max */
    OPTION_CHOICE,   /* one of `choices`; the number is its index */
    OPTION_URL,      /* a base URL */
    OPTION_ADDRESS,  /* a listening address */
    OPTION_PATH,     /* a file */
    OPTION_DATE,     /* RFC 3339 */
    OPTION_HASH,     /* sha256:<64 hexadecimal digits> */
    OPTION_KIND,     /* a kind of provider */
    OPTION_HEADER,   /* a header name */
    OPTION_LATER,    /* planned: using it is an error that says so */
};

enum option_flag {
    OPTION_REQUIRED = 1,    /* within its group */
    OPTION_ONE_OR_LIST = 2, /* a list that may also be written as its only element */
    OPTION_SHORT = 4,       /* a group that may also be written as a scalar: its first option */
    OPTION_HEADER_KEYS = 8, /* a map whose keys are header names */
    OPTION_MODEL_KEYS = 16, /* a map whose keys are model ids */
    OPTION_OPTIONAL = 32,   /* a group that stays absent when the file does not have it */
    OPTION_MAY_HIDE = 64,   /* a text that is treated as a secret when it looks like one */
    OPTION_NOT_EMPTY = 128, /* a list that must have an element */
    OPTION_LINES = 256,     /* a text that may have several lines */
};

struct option {
    const char *path;
    enum option_type type;
    unsigned flags;
    const char *fallback; /* the default as it would be written; NULL: none */
    const char *word;     /* a word accepted besides: "auto", "off"; its number is 0 */
    int64_t min, max;     /* of the number; max of a list: its elements, 0: no bound */
    const char *choices;  /* "open|keys" */
    const char *doc;
    const char *example;
};

size_t schema_count(void);
const struct option *schema_at(size_t i); /* in the order of the documentation */
const struct option *schema_root(void);
/* The option below `parent` for a key (GROUP), any key (MAP) or an element (LIST: key is ignored);
 * NULL: none. */
const struct option *schema_child(const struct option *parent, str key);
/* The options directly below `parent`: pass NULL first, then what it returned; NULL at the end. */
const struct option *schema_next_child(const struct option *parent, const struct option *previous);
/* The key below `parent` nearest to `wanted`, for "did you mean"; S_EMPTY when none is near. */
str schema_nearest(const struct option *parent, str wanted);
/* The last part of the path, "weight"; "*" and "[]" for maps and lists. */
str schema_key(const struct option *o);
/* "a duration", "one of open, keys": for messages and documentation. Static or in `a`. */
struct arena;
str schema_type_text(struct arena *a, const struct option *o);
/* A bound of the option as it would be written: "64KiB", "10s". */
str schema_bound_text(struct arena *a, const struct option *o, int64_t bound);
/* The i-th word of `choices`; S_EMPTY behind the end. */
str schema_choice(const struct option *o, size_t i);
