/* Objects read by a list of known members, in one pass over what is there.
 *
 * Every member is compared with the keys that begin like it only, so an object of many unknown
 * members costs one comparison of bytes per key and no more. A set of bits says which keys have
 * been seen: a value of NULL would not do, because null counts as absent and yet a second member
 * of that name is a duplicate.
 *
 * What goes wrong is said once, by the innermost reader, with the path of the member: the path is
 * text that grows by one piece per level, so that a message needs nothing but the reader it fails
 * in.
 *
 * Whatever is made of a body is made behind some object that is read here, and a node of the
 * intermediate form is far larger than the two bytes of "{}": so this is also where a body that
 * would fill the arena is refused. */
#include "llm/members.h"

#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/table.h"

#define WHAT_MAX 512 /* bytes of a message */

str reading_path(const struct reading *r, const char *name)
{
    str last = str_from_cz(name);
    if (r->path.n == 0)
        return last;
    if (last.n == 0)
        return r->path;
    return arena_concat(r->a, (str[]){r->path, S("."), last}, 3);
}

/* path[index], for each element of each list: no printf. */
static str with_index(struct arena *a, str path, size_t index)
{
    char text[24];
    size_t at = sizeof text;
    text[--at] = ']';
    do {
        text[--at] = (char)('0' + index % 10);
        index /= 10;
    } while (index > 0);
    text[--at] = '[';
    str parts[] = {path, str_of(text + at, sizeof text - at)};
    return arena_concat(a, parts, ARRAY_LEN(parts));
}

struct reading reading_at(const struct reading *r, const char *name, long index)
{
    struct reading inner = *r;
    inner.path = reading_path(r, name);
    if (index >= 0)
        inner.path = with_index(r->a, inner.path, (size_t)index);
    return inner;
}

static int code_of(const struct reading *r)
{
    return r->code != 0 ? r->code : -E_BAD_REQUEST;
}

/* The one place where a fault is written down. */
static int fault(struct reading *r, int code, str param, str what)
{
    if (r->err->code != 0)
        return r->err->code;
    r->err->param = arena_str(r->a, param);
    return err_set(r->err, r->a, code, STR_FMT, STR_ARG(what));
}

int member_fail(struct reading *r, const char *name, const char *fmt, ...)
{
    struct buf what;
    buf_init(&what, WHAT_MAX);
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&what, fmt, args);
    va_end(args);
    str param = reading_path(r, name);
    str text = buf_is_ok(&what) ? buf_str(&what) : S("The value is not valid.");
    int code = fault(r, code_of(r), param, text);
    buf_fini(&what);
    return code;
}

/* "messages[0].role must be a string." */
static int fail_type(struct reading *r, const char *name, const char *wanted)
{
    str path = reading_path(r, name);
    if (path.n == 0)
        path = r->code != 0 ? S("The provider's answer") : S("The body");
    str what = arena_printf(r->a, STR_FMT " must be %s.", STR_ARG(path), wanted);
    return fault(r, code_of(r), reading_path(r, name), what);
}

static int fail_duplicate(struct reading *r, const char *name)
{
    str path = reading_path(r, name);
    str what = arena_printf(r->a, STR_FMT " appears twice.", STR_ARG(path));
    return fault(r, -E_DUPLICATE_MEMBER, path, what);
}

void extras_add(struct arena *a, struct extras *e, str key, const struct json *value)
{
    struct extra *x = arena_new(a, struct extra);
    *x = (struct extra){.key = key, .value = value};
    if (e->last)
        e->last->next = x;
    else
        e->first = x;
    e->last = x;
}

/* Index of `key` among the n keys, none of which is empty; n: it is none of them. */
static size_t key_index(str key, const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n && key.n > 0; i++) {
        if (keys[i][0] == key.p[0] && strncmp(keys[i], key.p, key.n) == 0 && keys[i][key.n] == '\0')
            return i;
    }
    return n;
}

static int fail_room(struct reading *r)
{
    int code = r->code != 0 ? -E_PROVIDER_TOO_LARGE : -E_BODY_TOO_LARGE;
    return fault(r, code, r->path, S("The body has too many parts."));
}

int members_read(struct reading *r, const struct json *object, const char *const *keys, size_t n,
                 const struct json **values, struct extras *extras)
{
    must(n <= MEMBERS_MAX);
    for (size_t i = 0; i < n; i++)
        values[i] = NULL;
    if (extras)
        *extras = (struct extras){.origin = r->origin};
    if (!object || json_type(object) != JSON_OBJECT)
        return fail_type(r, NULL, "an object");
    if (!arena_has_room(r->a, arena_mul(2 * sizeof(struct extra), json_count(object))))
        return fail_room(r);
    uint64_t seen = 0;
    bool is_lenient = r->code != 0;
    for (struct json_iter it = json_iter(object); json_iter_next(&it);) {
        size_t i = key_index(it.key, keys, n);
        if (i < n && (seen & UINT64_C(1) << i) != 0 && !is_lenient)
            return fail_duplicate(r, keys[i]);
        if (i < n)
            seen |= UINT64_C(1) << i;
        bool is_null = json_type(it.value) == JSON_NULL;
        if (i < n)
            values[i] = is_null ? NULL : it.value;
        if (extras && (i == n || is_null))
            extras_add(r->a, extras, it.key, it.value);
    }
    return 0;
}

/* ---- twins ---- */

#define PAIRS_MAX 16 /* members that are compared each with each */

/* Where a value stands, from the inside out. */
struct place {
    const struct place *above;
    str key;      /* in an object */
    size_t index; /* in an array: key is empty */
};

static str place_path(struct arena *a, const struct place *at)
{
    if (!at)
        return S_EMPTY;
    str above = place_path(a, at->above);
    if (at->key.n == 0)
        return with_index(a, above, at->index);
    return above.n == 0 ? at->key : arena_concat(a, (str[]){above, S("."), at->key}, 3);
}

static bool has_twin_of_few(const struct json *object, str *key)
{
    for (struct json_iter it = json_iter(object); json_iter_next(&it);) {
        struct json_iter rest = it;
        *key = it.key;
        while (json_iter_next(&rest))
            if (str_eq(rest.key, it.key))
                return true;
    }
    return false;
}

static bool has_twin_of_many(const struct json *object, str *key)
{
    struct table seen;
    bool found = false;
    table_init(&seen);
    for (struct json_iter it = json_iter(object); !found && json_iter_next(&it);) {
        found = table_add(&seen, it.key, &seen) != NULL;
        *key = it.key;
    }
    table_fini(&seen);
    return found;
}

static int fail_twin(struct reading *r, const struct place *at)
{
    str path = str_slice(place_path(r->a, at), 0, WHAT_MAX / 2);
    str what = arena_printf(r->a, STR_FMT " appears twice.", STR_ARG(path));
    return fault(r, -E_DUPLICATE_MEMBER, path, what);
}

/* As deep as a document can be, which is not deep. */
static int check_twins(struct reading *r, const struct json *v, const struct place *above)
{
    enum json_type type = json_type(v);
    if (type != JSON_OBJECT && type != JSON_ARRAY)
        return 0;
    struct place at = {.above = above};
    bool is_small = json_count(v) <= PAIRS_MAX;
    if (type == JSON_OBJECT &&
        (is_small ? has_twin_of_few(v, &at.key) : has_twin_of_many(v, &at.key)))
        return fail_twin(r, &at);
    int rc = 0;
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it); at.index++) {
        at.key = type == JSON_OBJECT ? it.key : S_EMPTY;
        rc = check_twins(r, it.value, &at);
    }
    return rc;
}

int members_check_twins(struct reading *r, const struct json *root)
{
    return check_twins(r, root, NULL);
}

/* ---- values ---- */

int member_type(struct reading *r, const char *name, const struct json *v, enum json_type type)
{
    static const char *const wanted[] = {
        [JSON_NULL] = "null",        [JSON_TRUE] = "a boolean",  [JSON_FALSE] = "a boolean",
        [JSON_NUMBER] = "a number",  [JSON_STRING] = "a string", [JSON_ARRAY] = "an array",
        [JSON_OBJECT] = "an object",
    };
    must(type < ARRAY_LEN(wanted));
    if (!v || json_type(v) == type)
        return 0;
    return fail_type(r, name, wanted[type]);
}

int member_str(struct reading *r, const char *name, const struct json *v, str *out)
{
    int rc = member_type(r, name, v, JSON_STRING);
    if (rc == 0 && v)
        *out = json_str(v);
    return rc;
}

int member_number(struct reading *r, const char *name, const struct json *v, str *text)
{
    int rc = member_type(r, name, v, JSON_NUMBER);
    if (rc == 0 && v)
        *text = json_number(v);
    return rc;
}

/* Integers that a double tells apart from their neighbours. */
static bool whole(const struct json *v, int64_t *out)
{
    double d = 0;
    if (!json_double(v, &d) || d < -9007199254740992.0 || d > 9007199254740992.0)
        return false;
    *out = (int64_t)d;
    return (double)*out >= d && (double)*out <= d;
}

int member_int(struct reading *r, const char *name, const struct json *v, int64_t *out)
{
    int64_t n = 0;
    if (!v)
        return 0;
    if (!json_i64(v, &n) && !whole(v, &n))
        return fail_type(r, name, "an integer");
    *out = n;
    return 0;
}

int member_bool(struct reading *r, const char *name, const struct json *v, bool *out)
{
    if (!v)
        return 0;
    if (json_type(v) != JSON_TRUE && json_type(v) != JSON_FALSE)
        return fail_type(r, name, "a boolean");
    *out = json_bool(v, false);
    return 0;
}

void extras_put(struct json_writer *w, const struct extras *e, uint8_t origin)
{
    if (e->origin != origin)
        return;
    for (const struct extra *x = e->first; x; x = x->next) {
        if (x->value)
            json_put_member(w, x->key, x->value);
    }
}

const struct json *extras_find(const struct extras *e, str key)
{
    for (const struct extra *x = e->first; x; x = x->next) {
        if (str_eq(x->key, key))
            return x->value;
    }
    return NULL;
}
