/* The splice scanner against yyjson: the same verdict but for our limits and for lone surrogates,
 * which RFC 8259 allows; the same members; the same verdict of json_read; and an edited text reads
 * as edited, all else unchanged. */
#include <string.h>
#include <yyjson.h>

#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static yyjson_doc *read_strictly(str text, yyjson_read_err *e)
{
    char *p = (char *)(uintptr_t)text.p; /* not written to without YYJSON_READ_INSITU */
    return yyjson_read_opts(p, text.n, YYJSON_READ_NUMBER_AS_RAW, NULL, e);
}

static void must_be_member(const struct json_member *m, yyjson_val *key, yyjson_val *value)
{
    must(str_eq(m->key, str_of(yyjson_get_str(key), yyjson_get_len(key))));
    yyjson_read_err e;
    yyjson_doc *doc = read_strictly(m->value, &e);
    must(doc && yyjson_equals(yyjson_doc_get_root(doc), value));
    yyjson_doc_free(doc);
}

static void must_splice(struct arena *a, str text, const struct json_scan *s)
{
    struct json_edit edits[] = {json_edit_set(a, s, S("a"), S("[\"edited\"]"))};
    struct iovec spans[3];
    size_t total = 0;
    str parts[3] = {{0}};
    size_t n = json_splice(text, edits, 1, spans, &total);
    for (size_t i = 0; i < n; i++)
        parts[i] = str_of(spans[i].iov_base, spans[i].iov_len);
    str edited = arena_concat(a, parts, n);
    struct json_scan again;
    if (s->n_members == JSON_KEYS_MAX) /* no room for another */
        return;
    must(edited.n == total && json_scan(a, edited, &again) == 0);
    must(str_eq(json_find(&again, S("a"), NULL)->value, S("[\"edited\"]")));
    must(str_has_prefix(edited, str_slice(text, 0, edits[0].from)));
    must(str_has_suffix(edited, str_skip(text, edits[0].to)));
    for (size_t i = 0; i < s->n_members; i++) {
        struct json_edit cut = json_edit_remove(text, s, &s->members[i]);
        str rest[] = {str_slice(text, 0, cut.from), str_skip(text, cut.to)};
        must(json_scan(a, arena_concat(a, rest, 2), &again) == 0);
        must(again.n_members == s->n_members - 1);
        if (i == 8) /* enough */
            break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str text = str_of((const char *)data, size);
    struct arena a;
    arena_init(&a, 0, SIZE_MAX / 2);
    struct json_scan s;
    yyjson_read_err e;
    int rc = json_scan(&a, text, &s);
    yyjson_doc *doc = read_strictly(text, &e);
    if (rc < 0) {
        must(s.error_at <= size && (!doc || strstr(s.error, " than "))); /* a limit of ours */
    } else if (!doc) {
        must(strstr(e.msg, "surrogate"));
    } else if (s.type == JSON_OBJECT) {
        yyjson_obj_iter it = yyjson_obj_iter_with(yyjson_doc_get_root(doc));
        must(s.n_members == it.max);
        for (size_t i = 0; i < s.n_members; i++) {
            yyjson_val *key = yyjson_obj_iter_next(&it);
            must_be_member(&s.members[i], key, yyjson_obj_iter_get_val(key));
        }
    }
    const struct json *root;
    size_t error_at;
    must(json_read(&a, text, &root, &error_at) == rc && (rc < 0 || json_type(root) == s.type));
    if (rc == 0 && s.type == JSON_OBJECT)
        must_splice(&a, text, &s);
    yyjson_doc_free(doc);
    arena_fini(&a);
    return 0;
}
