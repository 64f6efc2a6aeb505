/* The table of options for machines and people: JSON Schema, the reference page, `explain`.
 *
 * The JSON Schema accepts what the parser accepts option by option: types, bounds, words, the short
 * forms, and a reference wherever a scalar may stand. What several options say together (open mode
 * on loopback only) is beyond it; `throwbar check` says that. */
#include <string.h>

#include "base/err.h"
#include "gate/config_tree.h"
#include "gate/vendor.h"
#include "wire/json.h"

#define TEXT_BOUND (16u << 10) /* one option's type or bound as text */

static const char reference_pattern[] = "\\$\\{(env|file):";

/* ---- JSON Schema ---- */

static void put_schema(struct json_writer *w, struct arena *a, const char *key,
                       const struct option *o);

static void put_pattern(struct json_writer *w, const char *pattern)
{
    json_put_str(w, "type", S("string"));
    json_put_str(w, "pattern", str_from_cz(pattern));
}

static void put_pattern_alternative(struct json_writer *w, const char *pattern)
{
    json_begin_object(w, NULL);
    put_pattern(w, pattern);
    json_end_object(w);
}

static void put_integer(struct json_writer *w, const struct option *o)
{
    json_begin_object(w, NULL);
    json_put_str(w, "type", S("integer"));
    if (o->type != OPTION_DURATION) {
        json_put_int(w, "minimum", o->min);
        json_put_int(w, "maximum", o->max);
    } else {
        json_put_int(w, "const", 0);
    }
    json_end_object(w);
}

static void put_words(struct json_writer *w, const struct option *o)
{
    json_begin_object(w, NULL);
    json_begin_array(w, "enum");
    for (size_t i = 0; o->choices && schema_choice(o, i).n > 0; i++)
        json_put_str(w, NULL, schema_choice(o, i));
    if (o->word)
        json_put_str(w, NULL, str_from_cz(o->word));
    json_end_array(w);
    json_end_object(w);
}

static const char *pattern_of(const struct option *o)
{
    switch (o->type) {
    case OPTION_COUNT:
        return "^[0-9]+[kMG]?$";
    case OPTION_SIZE:
        return "^[0-9]+([KMGT]iB)?$";
    case OPTION_DURATION:
        return "^([0-9]+(ms|s|m|h|d)|0)$";
    case OPTION_ID:
        return "^[A-Za-z0-9._-]{1,128}$";
    case OPTION_URL:
        return "^([Hh][Tt][Tt][Pp][Ss]?://|[Hh][Tt][Tt][Pp]\\+[Uu][Nn][Ii][Xx]:/)[^?#@ ]+$";
    case OPTION_ADDRESS:
        return "^(unix:.+|.*:[0-9]+)$";
    case OPTION_DATE:
        return "^[0-9]{4}-[0-9]{2}-[0-9]{2}";
    case OPTION_HASH:
        return "^sha256:[0-9A-Fa-f]{64}$";
    case OPTION_HEADER:
        return "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$";
    case OPTION_KIND:
    case OPTION_PATH:
    case OPTION_SECRET:
        return "^.+$";
    case OPTION_TEXT:
        return "^.*$";
    case OPTION_CHOICE:
    case OPTION_INT:
    case OPTION_GROUP:
    case OPTION_MAP:
    case OPTION_LIST:
    case OPTION_LATER:
        break;
    }
    return NULL;
}

static void put_scalar(struct json_writer *w, const struct option *o)
{
    const char *pattern = pattern_of(o);
    bool is_number = o->type == OPTION_INT || o->type == OPTION_COUNT || o->type == OPTION_SIZE ||
                     o->type == OPTION_DURATION;

    json_begin_array(w, "anyOf");
    if (is_number)
        put_integer(w, o);
    if (pattern)
        put_pattern_alternative(w, pattern);
    if (o->choices || o->word)
        put_words(w, o);
    put_pattern_alternative(w, reference_pattern);
    json_end_array(w);
}

static void put_required(struct json_writer *w, const struct option *group)
{
    const struct option *o = NULL;

    json_begin_array(w, "required");
    while ((o = schema_next_child(group, o)) != NULL) {
        if (o->flags & OPTION_REQUIRED)
            json_put_str(w, NULL, schema_key(o));
    }
    json_end_array(w);
}

static void put_group(struct json_writer *w, struct arena *a, const struct option *group)
{
    const struct option *o = NULL;

    json_put_str(w, "type", S("object"));
    json_put_bool(w, "additionalProperties", false);
    put_required(w, group);
    json_begin_object(w, "properties");
    while ((o = schema_next_child(group, o)) != NULL) {
        if (o->type != OPTION_LATER)
            put_schema(w, a, arena_cz(a, schema_key(o)), o);
    }
    json_end_object(w);
}

static void put_map(struct json_writer *w, struct arena *a, const struct option *o)
{
    bool has_header_keys = (o->flags & OPTION_HEADER_KEYS) != 0;
    const struct option as = {.type = has_header_keys ? OPTION_HEADER : OPTION_ID};

    json_put_str(w, "type", S("object"));
    json_begin_object(w, "propertyNames");
    json_put_str(w, "pattern", str_from_cz(pattern_of(&as)));
    json_end_object(w);
    put_schema(w, a, "additionalProperties", schema_child(o, S_EMPTY));
}

static void put_list(struct json_writer *w, struct arena *a, const struct option *o)
{
    json_put_str(w, "type", S("array"));
    if (o->flags & OPTION_NOT_EMPTY)
        json_put_int(w, "minItems", 1);
    if (o->max > 0)
        json_put_int(w, "maxItems", o->max);
    put_schema(w, a, "items", schema_child(o, S_EMPTY));
}

static void put_container(struct json_writer *w, struct arena *a, const struct option *o)
{
    if (o->type == OPTION_GROUP)
        put_group(w, a, o);
    else if (o->type == OPTION_MAP)
        put_map(w, a, o);
    else
        put_list(w, a, o);
}

/* The container itself, its short form, and its word. */
static void put_container_forms(struct json_writer *w, struct arena *a, const struct option *o)
{
    json_begin_array(w, "anyOf");
    json_begin_object(w, NULL);
    put_container(w, a, o);
    json_end_object(w);
    if (o->flags & OPTION_SHORT)
        put_schema(w, a, NULL, schema_next_child(o, NULL));
    if (o->flags & OPTION_ONE_OR_LIST)
        put_schema(w, a, NULL, schema_child(o, S_EMPTY));
    if (o->word)
        put_words(w, o);
    json_end_array(w);
}

static void put_schema(struct json_writer *w, struct arena *a, const char *key,
                       const struct option *o)
{
    bool is_container = o->type == OPTION_GROUP || o->type == OPTION_MAP || o->type == OPTION_LIST;
    bool has_forms = (o->flags & (OPTION_SHORT | OPTION_ONE_OR_LIST)) != 0 || o->word != NULL;

    json_begin_object(w, key);
    json_put_str(w, "description", str_from_cz(o->doc));
    int64_t number = 0;
    if (o->fallback && o->type == OPTION_INT && str_to_i64(str_from_cz(o->fallback), &number))
        json_put_int(w, "default", number);
    else if (o->fallback)
        json_put_str(w, "default", str_from_cz(o->fallback));
    if (is_container && has_forms)
        put_container_forms(w, a, o);
    else if (is_container)
        put_container(w, a, o);
    else
        put_scalar(w, o);
    json_end_object(w);
}

void schema_render_json(struct buf *out)
{
    struct json_writer w = json_writer(out);
    const struct option *root = schema_root();
    struct arena a;

    arena_init(&a, 4096, 1u << 20);
    json_begin_object(&w, NULL);
    json_put_str(&w, "$schema", S("https://json-schema.org/draft/2020-12/schema"));
    json_put_str(&w, "title", S("Throwbar configuration"));
    json_put_str(&w, "description", str_from_cz(root->doc));
    put_group(&w, &a, root);
    json_end_object(&w);
    arena_fini(&a);
}

/* ---- the reference page ---- */

static void put_bounds(struct buf *out, struct arena *a, const struct option *o)
{
    if (o->max > 0 && o->type == OPTION_LIST)
        buf_printf(out, ", at most %lld", (long long)o->max);
    else if (o->max > 0 && o->min != o->max)
        buf_printf(out, ", " STR_FMT " to " STR_FMT, STR_ARG(schema_bound_text(a, o, o->min)),
                   STR_ARG(schema_bound_text(a, o, o->max)));
}

static bool is_top_level(const struct option *o)
{
    return o->path[0] != '\0' && strpbrk(o->path, ".[") == NULL;
}

/* A `|` would end the table's cell. */
static void put_cell(struct buf *out, str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '|')
            buf_put_char(out, '\\');
        buf_put_char(out, text.p[i]);
    }
}

static void put_md_row(struct buf *out, struct arena *a, const struct option *o)
{
    buf_printf(out, "| `%s` | ", o->path);
    put_cell(out, schema_type_text(a, o));
    put_bounds(out, a, o);
    if (o->flags & OPTION_REQUIRED)
        buf_put(out, S(" (required)"));
    if (o->fallback)
        buf_printf(out, " | `%s` | ", o->fallback);
    else
        buf_put(out, S(" | | "));
    put_cell(out, str_from_cz(o->doc));
    buf_printf(out, " Example: `%s` |\n", o->example);
}

static void put_md_kinds(struct buf *out)
{
    buf_put(out, S("\n## Kinds of providers\n\n| kind | base URL | key in |\n|---|---|---|\n"));
    for (size_t i = 0; i < vendor_count(); i++) {
        const struct vendor *v = vendor_at(i);
        buf_printf(out, "| `%s` | `%s` | %s%s%s |\n", v->id, v->base_url, v->env ? "`" : "",
                   v->env ? v->env : "none needed", v->env ? "`" : "");
    }
    buf_put(out, S("| `openai-chat`, `openai-responses` | any, with `base_url` | |\n"
                   "| `sim` | inside the process | none needed |\n"));
}

static void put_md_codes(struct buf *out)
{
    const struct config_code_info *info = NULL;

    buf_put(out, S("\n## Problems\n\n| code | what |\n|---|---|\n"));
    for (size_t i = 0; (info = config_code_at(i)) != NULL; i++)
        buf_printf(out, "| %c%d | %s |\n", (int)info->code < 2000 ? 'E' : 'W', (int)info->code,
                   info->title);
}

void schema_render_md(struct buf *out)
{
    struct arena a;

    arena_init(&a, 4096, 1u << 20);
    buf_printf(out, "# Configuration\n\n%s\n\n", schema_root()->doc);
    buf_put(out, S("This page is printed by `throwbar schema --md`. In paths `*` is an id and `[]` "
                   "an element of a list.\n"));
    for (size_t i = 1; i < schema_count(); i++) {
        const struct option *o = schema_at(i);
        if (o->type == OPTION_LATER)
            continue;
        if (is_top_level(o))
            buf_printf(out, "\n## %s\n\n| option | type | default | what |\n|---|---|---|---|\n",
                       o->path);
        put_md_row(out, &a, o);
    }
    put_md_kinds(out);
    put_md_codes(out);
    arena_fini(&a);
}

/* ---- explain ---- */

/* Cuts the next step off a path: "a.b[0].c" -> "a", then "b", "[]", "c". */
static str next_step(str *path)
{
    str rest = *path;

    if (rest.n > 0 && rest.p[0] == '[') {
        size_t close = str_find_char(rest, ']');
        *path = str_skip(rest, close == STR_NONE ? rest.n : close + 1);
        return S("[]");
    }
    if (rest.n > 0 && rest.p[0] == '.')
        rest = str_skip(rest, 1);
    size_t end = 0;
    while (end < rest.n && rest.p[end] != '.' && rest.p[end] != '[')
        end++;
    *path = str_skip(rest, end);
    return str_slice(rest, 0, end);
}

/* The option at a path; NULL, with *near the nearest path there is. */
static const struct option *find_path(str path, str *near)
{
    const struct option *o = schema_root();

    while (path.n > 0) {
        str step = next_step(&path);
        const struct option *child = schema_child(o, step);
        if (!child) {
            str key = o->type == OPTION_GROUP ? schema_nearest(o, step) : S_EMPTY;
            const struct option *meant = key.n > 0 ? schema_child(o, key) : NULL;
            *near = meant ? str_from_cz(meant->path) : S_EMPTY;
            return NULL;
        }
        o = child;
    }
    return o;
}

static void explain_children(struct buf *out, const struct option *o)
{
    const struct option *child = NULL;

    while ((child = schema_next_child(o, child)) != NULL) {
        if (child->type != OPTION_LATER)
            buf_printf(out, "  %-45s %s\n", child->path, child->doc);
    }
}

static void explain_kinds(struct buf *out)
{
    for (size_t i = 0; i < vendor_count(); i++)
        buf_printf(out, "  %-12s %s\n", vendor_at(i)->id, vendor_at(i)->base_url);
    buf_put(out, S("  openai-chat, openai-responses: any place, with base_url\n"
                   "  sim: the simulator\n"));
}

static void explain_option(struct buf *out, const struct option *o)
{
    struct arena a;

    arena_init(&a, 1024, TEXT_BOUND);
    buf_printf(out, "%s: " STR_FMT, o->path, STR_ARG(schema_type_text(&a, o)));
    put_bounds(out, &a, o);
    buf_printf(out, "\n\n%s\n", o->doc);
    if (o->flags & OPTION_REQUIRED)
        buf_put(out, S("Required.\n"));
    if (o->fallback)
        buf_printf(out, "Default: %s\n", o->fallback);
    if (o->example)
        buf_printf(out, "Example: " STR_FMT ": %s\n",
                   STR_ARG(str_eq(schema_key(o), S("[]")) ? S("-") : schema_key(o)), o->example);
    if (o->type == OPTION_GROUP || o->type == OPTION_MAP || o->type == OPTION_LIST)
        explain_children(out, o);
    if (o->type == OPTION_KIND)
        explain_kinds(out);
    arena_fini(&a);
}

static bool explain_config_code(str what, struct buf *out)
{
    uint64_t number = 0;

    if (what.n != 5 || (what.p[0] != 'E' && what.p[0] != 'W') ||
        !str_to_u64(str_skip(what, 1), &number))
        return false;
    const struct config_code_info *info = config_code_find((int)number);
    if (!info || (what.p[0] == 'E') != (number < 2000))
        return false;
    buf_printf(out, STR_FMT ": %s\n\n%s\n", STR_ARG(what), info->title, info->explanation);
    return true;
}

static bool explain_error_code(str what, struct buf *out)
{
    uint64_t number = 0;

    if (!str_has_prefix(what, S("TB-")) || !str_to_u64(str_skip(what, 3), &number) || number > 9999)
        return false;
    const struct err_info *info = err_by_number((int)number);
    if (!info)
        return false;
    buf_printf(out, STR_FMT ": %s\n\nStatus %d, from the %s.\n", STR_ARG(what), info->message,
               info->status, err_source_name(info->source));
    if (info->hint)
        buf_printf(out, "%s\n", info->hint);
    return true;
}

static str nearest_code(str what)
{
    static const char *const names[] = {
#define CONFIG_CODE(name, number, title, explanation) (number) < 2000 ? "E" #number : "W" #number,
#include "gate/config_codes.def"
#undef CONFIG_CODE
    };
    str best = S_EMPTY;
    unsigned distance = 3;

    for (size_t i = 0; i < ARRAY_LEN(names) && what.n <= 8; i++) {
        unsigned d = str_distance(str_from_cz(names[i]), what, 3);
        if (d < distance) {
            best = str_from_cz(names[i]);
            distance = d;
        }
    }
    return best;
}

bool schema_explain(str what, struct buf *out, str *near)
{
    *near = S_EMPTY;
    if (explain_config_code(what, out) || explain_error_code(what, out))
        return true;
    const struct option *o = what.n > 0 ? find_path(what, near) : NULL;
    if (o) {
        explain_option(out, o);
        return true;
    }
    if (near->n == 0)
        *near = nearest_code(what);
    return false;
}
