/* JSON documents for everything that is not on the relay path: translation, provider errors,
 * models, the admin API, the command line. A facade on yyjson, the only file that includes its
 * header. Documents and values live in the arena. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"
#include "wire/json_scan.h"

struct json; /* a value, BORROWED from its document's arena; NULL means absent and every reader
                below takes it */

/* 0 or -E_JSON with *error_at. Accepts what json_scan accepts, as long as the arena has room for
 * the text and its values, up to 48 bytes each. A lone surrogate reads as U+FFFD. */
NODISCARD int json_read(struct arena *a, str text, const struct json **root, size_t *error_at);

enum json_type json_type(const struct json *v); /* v not NULL */
const struct json *json_get(const struct json *object, const char *key);
const struct json *json_at(const struct json *array,
                           size_t i);    /* O(i): walk with json_first/json_next instead */
size_t json_count(const struct json *v); /* elements of an array, members of an object; else 0 */
str json_str(const struct json *v);      /* a string's text; S_EMPTY for anything else */
bool json_is_str(const struct json *v);
bool json_bool(const struct json *v, bool otherwise);
str json_number(const struct json *v); /* a number as it was written; S_EMPTY for anything else */
bool json_i64(const struct json *v, int64_t *out);   /* integers in range only */
bool json_double(const struct json *v, double *out); /* any number that a double can hold */
/* Walk: for (struct json_iter it = json_iter(v); json_iter_next(&it);) it.key (objects), it.value
 */
struct json_iter {
    const struct json *container;
    const void *cursor;
    size_t left;
    str key;
    const struct json *value;
};
struct json_iter json_iter(const struct json *container);
bool json_iter_next(struct json_iter *it);

void json_put(struct buf *b, const struct json *v); /* minified */

/* Writing objects into a buf, comma handling included:
 *     struct json_writer w = json_writer(&b);
 *     json_begin_object(&w, NULL); json_put_str(&w, "id", id); json_end_object(&w);
 * key is NULL inside arrays and at the top. Nesting <= 32. */
struct json_writer {
    struct buf *out;
    unsigned depth;
    uint64_t has_items; /* bit per level */
    uint64_t is_object; /* bit per level */
};
struct json_writer json_writer(struct buf *out);
void json_begin_object(struct json_writer *w, const char *key);
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w, const char *key);
void json_end_array(struct json_writer *w);
void json_put_str(struct json_writer *w, const char *key, str v);
void json_put_int(struct json_writer *w, const char *key, int64_t v);
void json_put_bool(struct json_writer *w, const char *key, bool v);
void json_put_null(struct json_writer *w, const char *key);
void json_put_raw(struct json_writer *w, const char *key, str raw_json);
void json_put_number(struct json_writer *w, const char *key, str text); /* as json_number gave it */
void json_put_value(struct json_writer *w, const char *key, const struct json *v);
void json_put_member(struct json_writer *w, str key,
                     const struct json *v); /* any key, also "a\0" */

const char *json_version_text(void); /* of yyjson: "0.10.0" */
