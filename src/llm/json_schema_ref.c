/* References inside one document: "#", "#/$defs/a~1b/items/0" (RFC 6901, with percent-encoding as
 * in a URI fragment). References to other documents and to anchors are not followed: a provider has
 * only this one, and generators of schemas write pointers. */
#include "llm/json_schema_parts.h"

#define TOKENS_MAX 64

/* One reference token without its escapes; false: too long for any key. */
static bool unescape(str token, char out[JSON_KEY_MAX], str *name)
{
    size_t n = 0;
    for (size_t i = 0; i < token.n; i++) {
        char c = token.p[i];
        int high = i + 2 < token.n ? str_hex_value(token.p[i + 1]) : -1;
        int low = i + 2 < token.n ? str_hex_value(token.p[i + 2]) : -1;
        if (n == JSON_KEY_MAX)
            return false;
        if (c == '%' && high >= 0 && low >= 0) {
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '~' && i + 1 < token.n &&
                   (token.p[i + 1] == '0' || token.p[i + 1] == '1')) {
            c = token.p[++i] == '0' ? '~' : '/';
        }
        out[n++] = c;
    }
    *name = str_of(out, n);
    return true;
}

static const struct json *child(const struct json *v, str name)
{
    uint64_t index;
    if (json_type(v) == JSON_ARRAY) {
        bool is_index = str_to_u64(name, &index) && (name.n == 1 || name.p[0] != '0');
        return is_index && index < json_count(v) ? json_at(v, (size_t)index) : NULL;
    }
    if (json_type(v) != JSON_OBJECT)
        return NULL;
    for (struct json_iter it = json_iter(v); json_iter_next(&it);) {
        if (str_eq(it.key, name))
            return it.value;
    }
    return NULL;
}

const struct json *schema_resolve(const struct json *root, str ref)
{
    if (ref.n == 0 || ref.p[0] != '#')
        return NULL;
    str rest = str_skip(ref, 1);
    if (rest.n > 0 && rest.p[0] != '/')
        return NULL;
    const struct json *at = root;
    rest = str_skip(rest, 1);
    bool has_more = ref.n > 1;
    for (int tokens = 0; at && has_more; tokens++) {
        char unescaped[JSON_KEY_MAX];
        str token, name;
        has_more = str_cut(rest, '/', &token, &rest);
        if (tokens == TOKENS_MAX || !unescape(token, unescaped, &name))
            return NULL;
        at = child(at, name);
    }
    return at;
}
