/* The splice scanner: validates a JSON text in one pass without building anything, and notes the
 * top-level members.
 *
 * It accepts exactly what RFC 8259 accepts (strict UTF-8 included) within the limits below, at near
 * memory speed (vector code chosen at start). The caller then replaces a few values in place and
 * relays every other byte as it came. Keys are compared after unescaping, so "mod\u0065l" is
 * "model". */
#pragma once

#include <sys/uio.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/str.h"

#define JSON_DEPTH_MAX  64
#define JSON_KEYS_MAX   4096 /* per object, at any level */
#define JSON_KEY_MAX    1024 /* bytes of one key between its quotes, as written */
#define JSON_NUMBER_MAX 128  /* characters of one number */

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json_member {
    str key;           /* unescaped; points into the text, or into the arena when it had escapes */
    str value;         /* raw, without surrounding white space; strings with their quotes */
    size_t begin, end; /* of the member in the text: from its key's quote to the end of its value */
    enum json_type type;
};

struct json_scan {
    enum json_type type;         /* of the whole text */
    struct json_member *members; /* when it is an object; in the arena, in order */
    size_t n_members;
    size_t open, close; /* offsets of the object's braces */
    size_t error_at;    /* offset of the first fault */
    const char *error;  /* what is wrong there, static text */
};

/* 0 or -E_JSON with error_at (<= text.n) and error. An empty text is a fault at 0. Takes at most
 * 320 KiB of the arena, and the length of each top-level key that has escapes. */
NODISCARD int json_scan(struct arena *a, str text, struct json_scan *out);
/* The same for a text known to be valid (a member's value). `text` is an object. */
void json_scan_members(struct arena *a, str text, struct json_scan *out);

/* The first member with this key; NULL if none. *is_duplicate, which may be NULL, tells whether
 * there is another. */
const struct json_member *json_find(const struct json_scan *s, str key, bool *is_duplicate);

/* Values of members that are already validated. Unescaping copies nothing when nothing is escaped;
 * a lone surrogate becomes U+FFFD. A number is an integer here when it has digits and an optional
 * '-' only: no fraction, no exponent; false too when it does not fit. */
str json_unescape(struct arena *a, str string_with_quotes);
bool json_to_i64(str number, int64_t *out);

/* Replacement of bytes [from, to) of a text. */
struct json_edit {
    size_t from, to;
    str with;
};
/* The edited text as spans of `text` and of the edits (sorted by from, not overlapping). Returns
 * the number of iovecs written (at most 2n + 1) and the new total length. */
size_t json_splice(str text, const struct json_edit *edits, size_t n, struct iovec *out,
                   size_t *total);
/* Edits that set a top-level member: replaces its value, or inserts ,"key":value before the closing
 * brace. `value` is raw JSON. And one that removes a member with its comma. Edits of different
 * members may be spliced together, except that a removal goes alone, and so does an insertion into
 * an empty object: the comma depends on what else is there. */
struct json_edit json_edit_set(struct arena *a, const struct json_scan *s, str key, str value);
struct json_edit json_edit_remove(str text, const struct json_scan *s, const struct json_member *m);
