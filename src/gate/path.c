/* Matching of a request path against a static table.
 *
 * The tables have some thirty rows; a linear walk that compares lengths and first bytes is
 * faster than anything cleverer and keeps the order visible. {id} stands for one segment, {rest}
 * for all that is left, since model names contain slashes. */
#include "gate/path.h"

#include "base/arena.h"
#include "base/buf.h"

/* Matches `path` against `pattern`; *arg gets what {id} or {rest} stands for. */
static bool matches(str pattern, str path, str *arg)
{
    size_t brace = str_find_char(pattern, '{');
    if (brace == STR_NONE)
        return str_eq(pattern, path);
    if (!str_has_prefix(path, str_slice(pattern, 0, brace)))
        return false;
    str rest = str_skip(path, brace);
    str after = str_skip(pattern, brace + str_find_char(str_skip(pattern, brace), '}') + 1);
    if (!str_has_suffix(rest, after) || rest.n <= after.n)
        return false;
    *arg = str_slice(rest, 0, rest.n - after.n);
    bool takes_all = str_has_prefix(str_skip(pattern, brace), S("{rest}"));
    return takes_all || str_find_char(*arg, '/') == STR_NONE;
}

const struct path *path_find(const struct path_table *t, str method, str path, str *arg,
                             bool *other_method)
{
    *other_method = false;
    str wanted = str_eq(method, S("HEAD")) ? S("GET") : method;
    for (size_t i = 0; i < t->n; i++) {
        if (!matches(t->rows[i].pattern, path, arg))
            continue;
        if (str_eq(t->rows[i].method, wanted))
            return &t->rows[i];
        *other_method = true;
    }
    return NULL;
}

void path_put_methods(const struct path_table *t, str path, struct buf *out)
{
    str arg;
    bool has_one = false;
    for (size_t i = 0; i < t->n; i++) {
        if (!matches(t->rows[i].pattern, path, &arg))
            continue;
        buf_put(out, has_one ? S(", ") : S_EMPTY);
        buf_put(out, t->rows[i].method);
        if (str_eq(t->rows[i].method, S("GET")))
            buf_put(out, S(", HEAD"));
        has_one = true;
    }
}

bool path_decode(struct arena *a, str encoded, str *out)
{
    char *to = arena_alloc(a, encoded.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < encoded.n; i++) {
        int byte = (unsigned char)encoded.p[i];
        if (byte == '%') {
            int high = i + 2 < encoded.n ? str_hex_value(encoded.p[i + 1]) : -1;
            int low = high >= 0 ? str_hex_value(encoded.p[i + 2]) : -1;
            if (low < 0)
                return false;
            byte = high * 16 + low;
            i += 2;
        }
        if (byte < 0x20 || byte == 0x7f)
            return false;
        to[n++] = (char)byte;
    }
    *out = str_of(to, n);
    return true;
}
