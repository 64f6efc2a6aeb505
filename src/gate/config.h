/* Configuration text -> a tree in which every value knows where it came from; and the list of
 * everything wrong with it.
 *
 * YAML 1.2 core types read with libyaml's event API (the only file that includes yaml.h), strict:
 * anchors, tags and merge keys are refused, duplicate keys, unknown keys and wrong types are
 * errors, and all errors are reported, not the first. What is allowed is said by one table
 * (gate/schema.c), from which come also the JSON Schema, the reference page and `explain`.
 * References ${env:NAME}, ${env:NAME:-default} and ${file:/path} are replaced while reading. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"

struct config_mark {
    str file;
    unsigned line, column; /* 1-based; 0: the value is a default */
};

enum config_severity { CONFIG_ERROR, CONFIG_WARNING };

struct config_problem {
    struct config_problem *next;
    enum config_severity severity;
    int code; /* 1042, shown as E1042, warnings as W...: the table is in config_codes.def */
    struct config_mark mark;
    unsigned width; /* characters to underline */
    str message;    /* "unknown key `wieght` in provider" */
    str help;       /* "did you mean `weight`?"; may be empty */
    str path;       /* "providers.pool.endpoints[0]" */
};

struct config; /* tree, source text and problems, in one arena */

/* Reads a file (or, with path NULL, the zero-config of interface.md section 2: environment keys,
 * discovered engines and sim). Never fails as a whole: what is wrong is in the problem list. */
OWNED struct config *config_load(const char *path);
OWNED struct config *config_parse(str text,
                                  str file_name); /* for tests, fuzzing and config:check */
void config_free(struct config *c);

const struct config_problem *config_problems(const struct config *c); /* in order of position */
size_t config_error_count(const struct config *c);
/* All problems with source lines and carets, and the closing line "2 problems (1 error)."; colour
 * when asked. */
void config_render_text(const struct config *c, struct buf *out, bool colour);
void config_render_json(const struct config *c, struct buf *out);
void config_render_sarif(const struct config *c, struct buf *out);
/* The effective configuration as JSON, secrets as "***", each value with its origin (file:line,
 * default). */
void config_render_effective(const struct config *c, struct buf *out);

const char *config_version_text(void); /* of libyaml: "0.2.5" */

/* From the table of options: */
void schema_render_json(struct buf *out); /* JSON Schema 2020-12 */
void schema_render_md(struct buf *out);   /* its reference page */
/* What a config path ("providers.*.timeouts.connect", "server.limits") or a code ("E1042",
 * "TB-1008") means. False when unknown; *near then gets the nearest. */
bool schema_explain(str what, struct buf *out, str *near);
