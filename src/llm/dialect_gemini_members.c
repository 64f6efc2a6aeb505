/* Members of Google's JSON, in both spellings.
 *
 * protobuf's JSON mapping takes a field by its lowerCamelCase name and by the name in the .proto
 * file, and Google's servers take one value where a repeated field is meant
 * (https://protobuf.dev/programming-guides/json). People write both by hand, and one of Google's
 * own SDKs sends parameters_json_schema. So each list of keys has every name twice, and what came
 * in the second spelling is put where the first is looked for.
 *
 * A body must leave as it came when it goes to its own dialect, so what the intermediate form does
 * not say (the spelling, an absent role, a list that was no list, a schema before conversion) is
 * kept as well, under the member's own name. The writers ask gemini_is_kept before they write a
 * member: what was kept wins. */
#include "llm/dialect_gemini.h"

#define LOST_MAX     8  /* extras of one object that are noted */
#define LOST_KEY_MAX 64 /* bytes of a key in a note */

/* "topP" and "top_p" are one name. */
static bool same_name(const char *camel, str other)
{
    size_t i = 0;
    for (; *camel != '\0'; camel++, i++) {
        char c = *camel;
        if (i < other.n && other.p[i] == '_' && c >= 'A' && c <= 'Z') {
            i++;
            c = (char)(c + ('a' - 'A'));
        }
        if (i >= other.n || other.p[i] != c)
            return false;
    }
    return i == other.n;
}

void gemini_keep(struct reading *r, struct extras *verbatim, const char *key,
                 const struct json *value)
{
    if (gemini_is_kept(verbatim, key))
        return;
    verbatim->origin = DIALECT_GEMINI;
    extras_add(r->a, verbatim, str_from_cz(key), value);
}

bool gemini_is_kept(const struct extras *verbatim, const char *camel)
{
    if (verbatim->origin != DIALECT_GEMINI)
        return false;
    for (const struct extra *x = verbatim->first; x; x = x->next) {
        if (same_name(camel, x->key))
            return true;
    }
    return false;
}

void gemini_put_kept(struct json_writer *j, const struct extras *verbatim)
{
    if (verbatim->origin != DIALECT_GEMINI)
        return;
    for (const struct extra *x = verbatim->first; x; x = x->next) {
        if (x->value)
            json_put_member(j, x->key, x->value);
    }
}

int gemini_members(struct reading *r, const struct json *object, const char *const *keys, size_t n,
                   const struct json **values, struct extras *const kept[2])
{
    int rc = members_read(r, object, keys, n, values, kept[0]);
    for (size_t i = 0; rc == 0 && i < n / 2; i++) {
        const struct json *second = values[n / 2 + i];
        if (!second)
            continue;
        if (values[i] && r->code == 0)
            return member_fail(r, keys[i], "This member is there in both spellings.");
        values[i] = second;
        gemini_keep(r, kept[1], keys[n / 2 + i], second);
    }
    return rc;
}

void gemini_lose_extras(struct writing *w, const struct extras *extras, const char *prefix)
{
    size_t n = 0;
    if (extras->origin == DIALECT_GEMINI)
        return;
    for (const struct extra *x = extras->first; x && n < LOST_MAX; x = x->next, n++) {
        if (!x->value || json_type(x->value) == JSON_NULL)
            continue;
        str field[] = {str_from_cz(prefix), str_slice(x->key, 0, LOST_KEY_MAX)};
        loss_add(w->loss, LOSS_DROPPED, arena_concat(w->a, field, ARRAY_LEN(field)));
    }
}

struct json_iter gemini_list(const struct json *v)
{
    if (v && json_type(v) != JSON_ARRAY)
        return (struct json_iter){.container = v, .left = 1};
    return json_iter(v);
}

bool gemini_list_next(struct json_iter *it, const struct json *list)
{
    if (!list || json_type(list) == JSON_ARRAY)
        return json_iter_next(it);
    it->value = list;
    return it->left-- == 1;
}

int gemini_full(struct reading *r)
{
    if (r->code == 0)
        r->code = -E_BODY_TOO_LARGE;
    else
        r->code = -E_PROVIDER_TOO_LARGE;
    return member_fail(r, "", "The body is too large for what is made of it.");
}

const struct json *gemini_value(struct arena *a, str text)
{
    const struct json *v = NULL;
    size_t at = 0;
    return json_read(a, text, &v, &at) == 0 ? v : NULL;
}
