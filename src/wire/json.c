/* JSON documents on yyjson, and a writer.
 *
 * What may be read is decided by json_scan, for both ways into the house alike: the same depth, the
 * same limits, the same strictness. Where yyjson has read a text and its values are certainly
 * within the limits, json_scan would have nothing to add and is not asked. The values are all in
 * the caller's arena, so nothing has to be freed; when the arena has no room for them the text is
 * refused, because its length was the other side's choice. Numbers stay text: 1.0 is not 1, and no
 * digit of a long one is lost on the way through. yyjson is stricter about a lone surrogate
 * (\ud800), which is read as U+FFFD.
 *
 * `struct json` is yyjson's value under another name, so that no other file knows yyjson. */
#include "wire/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/clean.h"
#include "base/err.h"
#include "wire/json_string.h"

#define WRITER_DEPTH_MAX 32

static yyjson_val *val(const struct json *v)
{
    return (yyjson_val *)(uintptr_t)v; /* style: yyjson's readers take no const */
}

static const struct json *json(const yyjson_val *v)
{
    return (const struct json *)v;
}

/* yyjson's allocator: memory of the arena, or NULL when its cap is near. */
static void *take(void *arena, size_t n)
{
    struct arena *a = arena;
    size_t block = n + 256; /* what the arena may add */
    bool has_room = block > n && block <= a->cap_bytes && a->used_bytes <= a->cap_bytes - block;
    return has_room ? arena_alloc(a, n) : NULL;
}

static void *retake(void *arena, void *old, size_t old_n, size_t n)
{
    void *p = take(arena, n);
    if (p)
        memcpy(p, old, MIN(old_n, n));
    return p;
}

static void leave(void *arena, void *p)
{
    (void)arena;
    (void)p;
}

static yyjson_doc *build(struct arena *a, str text, yyjson_read_code *why)
{
    yyjson_alc on_arena = {.malloc = take, .realloc = retake, .free = leave, .ctx = a};
    yyjson_read_err err = {0};
    char *p = (char *)(uintptr_t)text.p; /* style: only YYJSON_READ_INSITU writes to it */
    yyjson_doc *doc = yyjson_read_opts(p, text.n, YYJSON_READ_NUMBER_AS_RAW, &on_arena, &err);
    *why = err.code;
    return doc;
}

/* A copy of a valid text with \ufffd in place of every lone surrogate. */
static str without_lone_surrogates(struct arena *a, str text)
{
    char *copy = take(a, text.n);
    if (!copy)
        return S_EMPTY;
    memcpy(copy, text.p, text.n);
    const str replacement = S("fffd");
    const char *end = copy + text.n, *behind;
    for (char *p = memchr(copy, '\\', text.n); p;
         p = memchr(behind, '\\', (size_t)(end - behind))) {
        if (p[1] != 'u')
            behind = p + 2;
        else if (json_code_point(p, end, &behind) == 0xfffd)
            memcpy(p + 2, replacement.p, replacement.n);
    }
    return str_of(copy, text.n);
}

static int check(str text, size_t *error_at)
{
    struct arena scratch;
    arena_init(&scratch, 0, text.n + (1 << 20));
    struct json_scan scan;
    int rc = json_scan(&scratch, text, &scan);
    *error_at = scan.error_at;
    arena_fini(&scratch);
    return rc;
}

/* Is the value within json_scan's limits? False: it has to be asked. Keys are measured there as
 * they were written, where a byte may have taken six. */
static bool is_certain(yyjson_val *v, unsigned depth)
{
    if (unsafe_yyjson_is_raw(v))
        return unsafe_yyjson_get_len(v) <= JSON_NUMBER_MAX;
    if (!unsafe_yyjson_is_ctn(v))
        return true;
    bool is_object = unsafe_yyjson_is_obj(v);
    size_t left = unsafe_yyjson_get_len(v);
    if (depth == JSON_DEPTH_MAX || (is_object && left > JSON_KEYS_MAX))
        return false;
    yyjson_val *at = unsafe_yyjson_get_first(v);
    for (; left > 0; left--) {
        if (is_object && unsafe_yyjson_get_len(at++) > JSON_KEY_MAX / 6)
            return false;
        if (!is_certain(at, depth + 1))
            return false;
        at = unsafe_yyjson_get_next(at);
    }
    return true;
}

int json_read(struct arena *a, str text, const struct json **root, size_t *error_at)
{
    *root = NULL;
    *error_at = 0;
    yyjson_read_code why;
    yyjson_doc *doc = build(a, text, &why);
    if (!doc || !is_certain(yyjson_doc_get_root(doc), 0)) {
        int rc = check(text, error_at);
        if (rc < 0)
            return rc;
    }
    if (!doc && why == YYJSON_READ_ERROR_INVALID_STRING)
        doc = build(a, without_lone_surrogates(a, text), &why);
    if (!doc) {
        *error_at = text.n;
        return -E_JSON;
    }
    *root = json(yyjson_doc_get_root(doc));
    return 0;
}

enum json_type json_type(const struct json *v)
{
    must(v);
    switch (yyjson_get_type(val(v))) {
    case YYJSON_TYPE_BOOL:
        return yyjson_is_true(val(v)) ? JSON_TRUE : JSON_FALSE;
    case YYJSON_TYPE_RAW:
        return JSON_NUMBER;
    case YYJSON_TYPE_STR:
        return JSON_STRING;
    case YYJSON_TYPE_ARR:
        return JSON_ARRAY;
    case YYJSON_TYPE_OBJ:
        return JSON_OBJECT;
    default:
        return JSON_NULL;
    }
}

/* Readers ask for many members that are not there: the first byte answers for most of them. */
static bool is_key(yyjson_val *v, str key)
{
    const char *text = unsafe_yyjson_get_str(v);
    return unsafe_yyjson_get_len(v) == key.n &&
           (key.n == 0 || (text[0] == key.p[0] && memcmp(text, key.p, key.n) == 0));
}

const struct json *json_get(const struct json *object, const char *key)
{
    if (!yyjson_is_obj(val(object)))
        return NULL;
    str wanted = str_of(key, strlen(key));
    size_t left = unsafe_yyjson_get_len(val(object));
    yyjson_val *at = unsafe_yyjson_get_first(val(object));
    for (; left > 0; left--) {
        if (is_key(at, wanted))
            return json(at + 1);
        at = unsafe_yyjson_get_next(at + 1);
    }
    return NULL;
}

const struct json *json_at(const struct json *array, size_t i)
{
    return json(yyjson_arr_get(val(array), i));
}

size_t json_count(const struct json *v)
{
    return yyjson_is_ctn(val(v)) ? yyjson_get_len(val(v)) : 0;
}

str json_str(const struct json *v)
{
    return json_is_str(v) ? str_of(yyjson_get_str(val(v)), yyjson_get_len(val(v))) : S_EMPTY;
}

bool json_is_str(const struct json *v)
{
    return yyjson_is_str(val(v));
}

bool json_bool(const struct json *v, bool otherwise)
{
    return yyjson_is_bool(val(v)) ? yyjson_get_bool(val(v)) : otherwise;
}

str json_number(const struct json *v)
{
    return yyjson_is_raw(val(v)) ? str_of(yyjson_get_raw(val(v)), yyjson_get_len(val(v))) : S_EMPTY;
}

bool json_i64(const struct json *v, int64_t *out)
{
    return json_to_i64(json_number(v), out);
}

bool json_double(const struct json *v, double *out)
{
    str text = json_number(v);
    char cz[JSON_NUMBER_MAX + 1];
    if (text.n == 0 || text.n > JSON_NUMBER_MAX)
        return false;
    memcpy(cz, text.p, text.n);
    cz[text.n] = '\0';
    double d = strtod(cz, NULL); /* style: the text is a JSON number, known to be valid */
    if (isinf(d))
        return false;
    *out = d;
    return true;
}

struct json_iter json_iter(const struct json *container)
{
    return (struct json_iter){
        .container = container,
        .cursor = json_count(container) > 0 ? unsafe_yyjson_get_first(val(container)) : NULL,
        .left = json_count(container),
    };
}

bool json_iter_next(struct json_iter *it)
{
    if (it->left == 0)
        return false;
    yyjson_val *at = val(it->cursor);
    if (unsafe_yyjson_is_obj(val(it->container))) {
        it->key = str_of(unsafe_yyjson_get_str(at), unsafe_yyjson_get_len(at));
        at++;
    }
    it->value = json(at);
    it->left--;
    it->cursor = unsafe_yyjson_get_next(at);
    return true;
}

static void put_container(struct buf *b, const struct json *v)
{
    size_t n;
    char *text = yyjson_val_write_opts(val(v), 0, NULL, &n, NULL);
    must(text);
    buf_put(b, str_of(text, n));
    free(text);
}

void json_put(struct buf *b, const struct json *v)
{
    switch (json_type(v)) {
    case JSON_NULL:
        buf_put(b, S("null"));
        return;
    case JSON_FALSE:
        buf_put(b, S("false"));
        return;
    case JSON_TRUE:
        buf_put(b, S("true"));
        return;
    case JSON_NUMBER:
        buf_put(b, json_number(v));
        return;
    case JSON_STRING:
        buf_put_json(b, json_str(v));
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        put_container(b, v);
        return;
    }
}

struct json_writer json_writer(struct buf *out)
{
    return (struct json_writer){.out = out};
}

static uint64_t level_bit(const struct json_writer *w)
{
    return (uint64_t)1 << w->depth;
}

static void begin_item(struct json_writer *w)
{
    if ((w->has_items & level_bit(w)) != 0)
        buf_put_char(w->out, ',');
    w->has_items |= level_bit(w);
}

/* Nearly all keys are words, which stand for themselves. */
static void put_key(struct buf *b, str key)
{
    char *to = buf_reserve(b, key.n + 3);
    if (!to)
        return;
    if (clean_skip(key.p, key.p + key.n) == key.p + key.n) {
        *to++ = '"';
        memcpy(to, key.p, key.n);
        memcpy(to + key.n, "\":", 2);
        b->n += key.n + 3;
        return;
    }
    buf_put_json(b, key);
    buf_put_char(b, ':');
}

/* What stands before a value: a comma, the key. */
static void begin_value(struct json_writer *w, const char *key)
{
    must((key != NULL) == ((w->is_object & level_bit(w)) != 0));
    begin_item(w);
    if (key)
        put_key(w->out, str_of(key, strlen(key)));
}

static void begin_container(struct json_writer *w, const char *key, bool is_object)
{
    begin_value(w, key);
    must(w->depth < WRITER_DEPTH_MAX);
    w->depth++;
    w->has_items &= ~level_bit(w);
    w->is_object = is_object ? w->is_object | level_bit(w) : w->is_object & ~level_bit(w);
    buf_put_char(w->out, is_object ? '{' : '[');
}

static void end_container(struct json_writer *w, bool is_object)
{
    must(w->depth > 0 && is_object == ((w->is_object & level_bit(w)) != 0));
    w->depth--;
    buf_put_char(w->out, is_object ? '}' : ']');
}

void json_begin_object(struct json_writer *w, const char *key)
{
    begin_container(w, key, true);
}

void json_end_object(struct json_writer *w)
{
    end_container(w, true);
}

void json_begin_array(struct json_writer *w, const char *key)
{
    begin_container(w, key, false);
}

void json_end_array(struct json_writer *w)
{
    end_container(w, false);
}

void json_put_str(struct json_writer *w, const char *key, str v)
{
    begin_value(w, key);
    buf_put_json(w->out, v);
}

void json_put_int(struct json_writer *w, const char *key, int64_t v)
{
    begin_value(w, key);
    buf_put_i64(w->out, v);
}

void json_put_bool(struct json_writer *w, const char *key, bool v)
{
    json_put_raw(w, key, v ? S("true") : S("false"));
}

void json_put_null(struct json_writer *w, const char *key)
{
    json_put_raw(w, key, S("null"));
}

void json_put_raw(struct json_writer *w, const char *key, str raw_json)
{
    begin_value(w, key);
    buf_put(w->out, raw_json);
}

void json_put_number(struct json_writer *w, const char *key, str text)
{
    json_put_raw(w, key, text);
}

void json_put_value(struct json_writer *w, const char *key, const struct json *v)
{
    begin_value(w, key);
    json_put(w->out, v);
}

void json_put_member(struct json_writer *w, str key, const struct json *v)
{
    must((w->is_object & level_bit(w)) != 0);
    begin_item(w);
    put_key(w->out, key);
    json_put(w->out, v);
}

const char *json_version_text(void)
{
    return YYJSON_VERSION_STRING;
}
