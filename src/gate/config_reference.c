/* References in values: ${env:NAME}, ${env:NAME:-text}, ${file:/path}, and $${ for a literal ${.
 *
 * They are replaced once, in the text of one value, after the YAML was parsed: what a variable
 * holds is never parsed again, so no content of the environment can change the structure of the
 * configuration. A value that had a reference is shown as it is written, never as it was replaced,
 * in every message and in the effective configuration: the environment is where secrets are, and
 * nobody can tell which variable holds one. */
#include <string.h>

#include "gate/config_tree.h"
#include "gate/config_value.h"

#define VALUE_MAX (128u << 10)

struct reference {
    str scheme, name, fallback;
    bool has_fallback;
    size_t len; /* in the text, from the dollar sign to the brace */
};

/* The reference at the beginning of s ("${..."). False: malformed. */
static bool scan(str s, struct reference *r)
{
    size_t close = str_find_char(s, '}');

    *r = (struct reference){0};
    if (close == STR_NONE)
        return false;
    str inner = str_slice(s, 2, close);
    if (!str_cut(inner, ':', &r->scheme, &r->name))
        return false;
    r->len = close + 1;
    size_t dash = str_find(r->name, S(":-"));
    if (str_eq(r->scheme, S("env")) && dash != STR_NONE) {
        r->fallback = str_skip(r->name, dash + 2);
        r->name = str_slice(r->name, 0, dash);
        r->has_fallback = true;
    }
    return true;
}

static bool is_env_name(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return s.n > 0;
}

/* For problems inside values that are secrets: the name of the variable is shown, nothing else. */
static bool refuse(struct config *c, const struct config_node *n, const char *what)
{
    struct config_problem *p = config_complain(c, CONFIG_REFERENCE_SYNTAX, n, "%s", what);

    p->help = S("write ${env:NAME}, ${env:NAME:-text} or ${file:/path}");
    return false;
}

static bool put_env(struct config *c, const struct config_node *n, const struct reference *r,
                    struct buf *out)
{
    str value = S_EMPTY;

    if (!is_env_name(r->name))
        return refuse(c, n, "the reference has no valid name of a variable");
    bool is_set = c->sources->env(r->name, &value);
    if (r->has_fallback && value.n == 0) {
        buf_put(out, r->fallback);
        return true;
    }
    if (!is_set) {
        struct config_problem *p =
            config_complain(c, CONFIG_ENV_UNSET, n, "environment variable `" STR_FMT "` is not set",
                            STR_ARG(str_slice(r->name, 0, 100)));
        p->help = S("set it, or give a default: ${env:NAME:-text}");
        return false;
    }
    buf_put(out, value);
    return true;
}

static bool put_file(struct config *c, const struct config_node *n, const struct reference *r,
                     struct buf *out)
{
    str text = S_EMPTY;
    const char *why = NULL;

    if (r->name.n == 0 || r->name.p[0] != '/' || !value_is_clean_text(r->name))
        why = "the path is not absolute";
    else
        why = c->sources->file(&c->arena, r->name, &text);
    if (why) {
        config_complain(c, CONFIG_FILE_REFERENCE, n, "cannot use the file `" STR_FMT "`: %s",
                        STR_ARG(config_quote(c, r->name)), why);
        return false;
    }
    str whole = text;
    if (str_has_suffix(text, S("\r\n")))
        text.n -= 2;
    else if (str_has_suffix(text, S("\n")))
        text.n -= 1;
    buf_put(out, text);
    config_wipe(whole);
    return true;
}

static bool put_reference(struct config *c, const struct config_node *n, str rest, struct buf *out,
                          size_t *len)
{
    struct reference r;

    if (!scan(rest, &r))
        return refuse(c, n, "`${` begins a reference that is malformed");
    *len = r.len;
    if (str_eq(r.scheme, S("env")))
        return put_env(c, n, &r, out);
    if (str_eq(r.scheme, S("file")))
        return put_file(c, n, &r, out);
    return refuse(c, n, "a reference is to `env` or `file`");
}

static bool replace_all(struct config *c, const struct config_node *n, struct buf *out)
{
    str rest = n->raw;

    while (rest.n > 0) {
        size_t dollar = str_find_char(rest, '$');
        buf_put(out, str_slice(rest, 0, dollar));
        if (dollar == STR_NONE)
            return true;
        rest = str_skip(rest, dollar);
        size_t used = 1;
        if (str_has_prefix(rest, S("$${"))) {
            buf_put(out, S("${"));
            used = 3;
        } else if (str_has_prefix(rest, S("${"))) {
            if (!put_reference(c, n, rest, out, &used))
                return false;
        } else {
            buf_put_char(out, '$');
        }
        rest = str_skip(rest, used);
    }
    return true;
}

bool config_reference_resolve(struct config *c, const struct config_node *n, str *out)
{
    struct buf b;

    if (str_find_char(n->raw, '$') == STR_NONE) {
        *out = n->raw;
        return true;
    }
    buf_init(&b, MAX(VALUE_MAX, n->raw.n));
    bool is_done = replace_all(c, n, &b);
    if (is_done && !buf_is_ok(&b)) {
        config_complain(c, CONFIG_TEXT, n, "the value is longer than %u KiB", VALUE_MAX >> 10);
        is_done = false;
    }
    if (is_done)
        *out = arena_str(&c->arena, buf_str(&b));
    config_wipe(buf_str(&b));
    buf_fini(&b);
    return is_done;
}

bool config_reference_is_any(str raw)
{
    size_t at = str_find(raw, S("${"));

    while (at != STR_NONE) {
        if (at == 0 || raw.p[at - 1] != '$')
            return true;
        raw = str_skip(raw, at + 2);
        at = str_find(raw, S("${"));
    }
    return false;
}

bool config_reference_is_pure(str raw)
{
    struct reference r;

    if (raw.n == 0)
        return false;
    while (raw.n > 0) {
        if (!str_has_prefix(raw, S("${")) || !scan(raw, &r))
            return false;
        if (r.has_fallback && r.fallback.n > 0)
            return false;
        bool is_env = str_eq(r.scheme, S("env")) && is_env_name(r.name);
        bool is_file = str_eq(r.scheme, S("file")) && str_has_prefix(r.name, S("/"));
        if (!is_env && !is_file)
            return false;
        raw = str_skip(raw, r.len);
    }
    return true;
}
