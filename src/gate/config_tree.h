/* The tree behind gate/config.h, for the files that build, check, show and compile it.
 *
 * A configuration is read in four steps, each of which adds problems and none of which stops the
 * next but for text that is no YAML:
 *
 *   config_yaml.c       text -> raw nodes with positions
 *   config_check.c      raw nodes against the option table: unknown keys, types, bounds, references
 *                       replaced, defaults added, secrets taken out of the text
 *   snapshot_compile.c  what must fit together -> snapshot
 *   config_render.c     the problems, and the tree as it is in effect
 *
 * After config_check every option of the table that has a default is in the tree. A node with
 * is_bad had a problem already: whoever reads it says nothing more about it. */
#pragma once

#include "base/crypt.h"
#include "gate/config.h"
#include "gate/schema.h"

#define CONFIG_FILE_MAX     (4u << 20)
#define CONFIG_DEPTH_MAX    32
#define CONFIG_NODES_MAX    100000
#define CONFIG_PROBLEMS_MAX 1000 /* kept; the rest is counted */
#define CONFIG_HINTS_MAX    100  /* behind so many problems nobody asks "did you mean" */

enum config_code {
#define CONFIG_CODE(name, number, title, explanation) CONFIG_##name = (number),
#include "gate/config_codes.def"
#undef CONFIG_CODE
};

struct config_code_info {
    enum config_code code;
    const char *name, *title, *explanation;
};
/* The table in order of numbers; NULL behind its end. */
const struct config_code_info *config_code_at(size_t i);
const struct config_code_info *config_code_find(int number); /* NULL: none */

/* Where a value stands: lines and columns from 1, columns in characters; end is exclusive. line 0:
 * nowhere, the value is a default. */
struct config_span {
    unsigned line, column, end_line, end_column;
};

enum config_node_type { CONFIG_SCALAR, CONFIG_LIST, CONFIG_MAP };

struct config_node {
    struct config_node *parent, *next, *first, *last;
    size_t n;     /* children */
    size_t index; /* of this one in its list */
    enum config_node_type type;
    str key;                   /* of this one in its map */
    struct config_span key_at; /* line 0: no key */
    struct config_span at;
    str raw;               /* scalar: as written, without quotes; wiped where it is a secret */
    str text;              /* scalar: references replaced; empty for a secret */
    int64_t number;        /* duration (us), size, count, integer, index of the choice, date */
    struct secret *secret; /* OWNED by the config */
    const struct option *option; /* NULL: unknown here */
    bool is_plain;               /* not quoted, so it may be a number or null */
    bool is_default;
    bool is_word; /* the option's special word: auto, off */
    bool is_bad;
};

/* What a configuration reads besides its own text; tests and the fuzz target put their own in. */
struct config_sources {
    /* False when the variable is not set. *value is copied by the caller. */
    bool (*env)(str name, str *value);
    /* NULL and *text (in the arena), or why not. */
    const char *(*file)(struct arena *a, str path, str *text);
    bool is_sealed; /* touch nothing else either: no certificate files, no proxy from the
                       environment */
};
extern const struct config_sources config_system_sources;

struct config {
    struct arena arena;
    str file;
    char *text; /* a copy in which secrets are overwritten with '*' */
    size_t text_n;
    const char **lines; /* beginnings, n_lines + 1 of them: the last is the end of the text */
    size_t n_lines;
    struct {
        unsigned line, column;
        const char *p;
    } place;                  /* in `lines`, for config_mask.c; line 0: none */
    struct config_node *root; /* NULL: nothing could be read */
    struct config_problem *problems;
    size_t n_problems, n_errors, n_dropped;
    const struct config_sources *sources;
    bool is_builtin;       /* made by discover.c */
    bool has_syntax_error; /* the tree is a part of what the text says */
};

OWNED struct config *config_parse_with(str text, str file_name,
                                       const struct config_sources *sources);

/* Length of the line break at p, 0 for none: exactly those that libyaml counts. */
size_t config_break_len(const char *p, const char *end);
/* Makes child the last one of parent. */
void config_node_append(struct config_node *parent, struct config_node *child);
/* config_yaml.c */
void config_yaml_read(struct config *c);
/* config_check.c */
void config_check(struct config *c);
/* config_scalar.c: gives the scalar its value, or a problem. */
void config_check_scalar(struct config *c, struct config_node *n, const struct option *o);
bool config_is_null(const struct config_node *n); /* nothing, ~ or null, without quotes */
const char *config_header_fault(str name);        /* why it cannot be configured; NULL: it can */
/* "`drain`", "an element of `keys`", "the configuration". */
str config_name_of(struct config *c, const struct config_node *n);
void config_complain_type(struct config *c, struct config_node *n, const struct option *o);
void config_complain_empty(struct config *c, struct config_node *n);
/* config_reference.c: replaces references. False: a problem was added. */
bool config_reference_resolve(struct config *c, const struct config_node *n, str *out);
/* A text that gives away nothing: only references without defaults. */
bool config_reference_is_pure(str raw);
bool config_reference_is_any(str raw); /* there is at least one */

/* ---- problems ---- */

/* Adds a problem about a value, its key, or a place. The result is for setting `help`; it is never
 * NULL. */
struct config_problem *config_add(struct config *c, enum config_code code,
                                  const struct config_node *n, str message);
struct config_problem *config_add_key(struct config *c, enum config_code code,
                                      const struct config_node *n, str message);
struct config_problem *config_add_at(struct config *c, enum config_code code, struct config_span at,
                                     str message);
/* The same with the message as a format: config_complain(c, CONFIG_ID, n, "...", ...). */
#define config_complain(c, code, n, ...)                                                           \
    config_add((c), (code), (n), arena_printf(&(c)->arena, __VA_ARGS__))
#define config_complain_key(c, code, n, ...)                                                       \
    config_add_key((c), (code), (n), arena_printf(&(c)->arena, __VA_ARGS__))
#define config_complain_at(c, code, at, ...)                                                       \
    config_add_at((c), (code), (at), arena_printf(&(c)->arena, __VA_ARGS__))
/* For a message: cut to a decent length, control characters replaced; *** for a URL with a password
 * in it. Only for values of options that are no secrets. */
str config_quote(struct config *c, str s);
/* Is it worth the time to look for what was meant? */
static inline bool config_wants_hint(const struct config *c, str name)
{
    return c->n_problems < CONFIG_HINTS_MAX && name.n <= 64;
}
/* "did you mean `x`?", or empty for an empty x. */
str config_did_you_mean(struct config *c, str near);
str config_path(struct arena *a, const struct config_node *n);

/* ---- masking ---- */

/* Overwrites what stands at `at` in the text shown to people. */
void config_mask(struct config *c, struct config_span at);
/* Every scalar below n, and n. */
void config_mask_tree(struct config *c, struct config_node *n);
/* The same where a name or a text looks like a secret: for values nobody can tell the type of. */
void config_mask_suspects(struct config *c, struct config_node *n);
void config_mask_comments(struct config *c);
void config_mask_suspect_lines(struct config *c); /* without a tree: text that is no YAML */
bool config_looks_secret(str key, str value);
bool config_has_userinfo(str s); /* user:password@ in a URL */
void config_wipe(str s);         /* memory of ours that held a secret */

/* ---- reading the tree ---- */

/* The child, or NULL: absent, n is NULL or no map. */
struct config_node *config_get(const struct config_node *n, const char *key);
struct config_node *config_get_str(const struct config_node *n, str key);
int64_t config_number(const struct config_node *n, const char *key); /* 0 when absent */
str config_text(const struct config_node *n, const char *key);       /* empty when absent */
static inline bool config_is_good(const struct config_node *n)
{
    return n && !n->is_bad;
}
