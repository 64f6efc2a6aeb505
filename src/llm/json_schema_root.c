/* Roots that some providers refuse, made plain.
 *
 * The arguments of a tool are an object, and a provider that wants to see that at the root of the
 * schema (type object, no $ref, no anyOf, oneOf, allOf) gets the alternatives laid side by side:
 * the members of all of them, a member that differs between them as a union of its own, and of
 * the required names those that every alternative requires. Everything the old schema took, the
 * new one takes as well; what it no longer says stands in the description.
 *
 * The root, what it refers to and what allOf holds all apply: they are `common` pieces. A union
 * is a group of branches, each of one or more pieces. Unions inside a branch bind nothing: their
 * pieces only add members. */
#include <string.h>

#include "llm/json_schema_parts.h"

#define PIECES_MAX 48
#define DEPTH_MAX  16
#define WORK_MAX   (1u << 18) /* comparisons of a key */
#define NOTE_MAX   2000       /* bytes of a union that are told in the description */

enum { COMMON = -1, LOOSE = -2 };

struct piece {
    const struct json *schema;
    int group; /* of the union it belongs to, COMMON or LOOSE */
    int branch;
};

struct flat {
    const struct json *root;
    struct buf *out;
    struct schema_marks *marks;
    struct piece pieces[PIECES_MAX];
    size_t n;
    int n_groups;
    int n_branches[PIECES_MAX];
    size_t work;
    bool is_knot; /* too many pieces, too deep, too much work */
};

static const char *const unions[] = {"anyOf", "oneOf"};

bool schema_root_is_plain(const struct json *root)
{
    static const char *const others[] = {"$ref", "anyOf", "oneOf",   "allOf",
                                         "enum", "const", "nullable"};
    if (json_type(root) != JSON_OBJECT || !str_eq(json_str(json_get(root, "type")), S("object")))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (json_get(root, others[i]))
            return false;
    }
    return true;
}

/* ---- pieces ---- */

static bool is_collected(const struct flat *f, const struct json *schema)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->pieces[i].schema == schema)
            return true;
    }
    return false;
}

static void collect(struct flat *f, struct piece p, unsigned depth);

static void collect_union(struct flat *f, const struct json *list, int outer, unsigned depth)
{
    int group = LOOSE, branch = 0;
    if (outer == COMMON && f->n_groups < PIECES_MAX && json_count(list) > 0)
        group = f->n_groups++;
    for (struct json_iter it = json_iter(list); json_iter_next(&it); branch++)
        collect(f, (struct piece){.schema = it.value, .group = group, .branch = branch}, depth + 1);
    if (group != LOOSE)
        f->n_branches[group] = branch;
}

static void collect(struct flat *f, struct piece p, unsigned depth)
{
    if (f->n == PIECES_MAX || depth == DEPTH_MAX) {
        f->is_knot = true;
        return;
    }
    if (json_type(p.schema) != JSON_OBJECT || (p.group < 0 && is_collected(f, p.schema)))
        return;
    f->pieces[f->n++] = p;
    const struct json *ref = json_get(p.schema, "$ref");
    const struct json *target = ref ? schema_resolve(f->root, json_str(ref)) : NULL;
    f->marks->is_clamped |= ref && !target;
    if (target)
        collect(f, (struct piece){target, p.group, p.branch}, depth + 1);
    for (struct json_iter it = json_iter(schema_array(json_get(p.schema, "allOf")));
         json_iter_next(&it);)
        collect(f, (struct piece){it.value, p.group, p.branch}, depth + 1);
    for (size_t i = 0; i < ARRAY_LEN(unions); i++) {
        const struct json *list = schema_array(json_get(p.schema, unions[i]));
        if (list)
            collect_union(f, list, p.group, depth);
    }
}

/* ---- members ---- */

/* A member by its name, whatever bytes are in it. */
static const struct json *find(struct flat *f, const struct json *object, str name)
{
    for (struct json_iter it = json_iter(schema_object(object)); json_iter_next(&it);) {
        f->work++;
        if (str_eq(it.key, name))
            return it.value;
    }
    return NULL;
}

static const struct json *property(struct flat *f, const struct piece *p, str name)
{
    return find(f, json_get(p->schema, "properties"), name);
}

static bool is_same(struct flat *f, const struct json *a, const struct json *b)
{
    size_t begin = f->out->n;
    json_put(f->out, a);
    size_t middle = f->out->n;
    json_put(f->out, b);
    size_t end = f->out->n;
    bool same = !f->out->failed && end - middle == middle - begin &&
                memcmp(f->out->p + begin, f->out->p + middle, end - middle) == 0;
    f->work += (end - begin) / 8;
    f->out->n = begin;
    return same;
}

/* The schemas that pieces have for a name, each once. Returns how many; *are_common: all of them
 * apply. */
static size_t variants(struct flat *f, str name, const struct json *out[PIECES_MAX],
                       bool *are_common)
{
    size_t n = 0;
    *are_common = true;
    for (size_t i = 0; i < f->n && f->work < WORK_MAX; i++) {
        const struct json *v = property(f, &f->pieces[i], name);
        if (!v)
            continue;
        *are_common &= f->pieces[i].group == COMMON;
        size_t same = 0;
        while (same < n && !is_same(f, out[same], v))
            same++;
        if (same == n)
            out[n++] = v;
    }
    return n;
}

static void put_property(struct flat *f, str name)
{
    const struct json *found[PIECES_MAX];
    bool are_common;
    size_t n = variants(f, name, found, &are_common);
    if (n == 1) {
        json_put(f->out, found[0]);
        return;
    }
    buf_put(f->out, are_common ? S("{\"allOf\":[") : S("{\"anyOf\":["));
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_put_char(f->out, ',');
        json_put(f->out, found[i]);
    }
    buf_put(f->out, S("]}"));
}

/* Has a piece before the i-th a property of that name? */
static bool is_known(struct flat *f, size_t i, str name)
{
    for (size_t k = 0; k < i; k++) {
        if (property(f, &f->pieces[k], name))
            return true;
    }
    return false;
}

static void put_properties(struct flat *f)
{
    struct schema_list map = {.out = f->out};
    buf_put_char(f->out, '{');
    for (size_t i = 0; i < f->n; i++) {
        const struct json *properties = schema_object(json_get(f->pieces[i].schema, "properties"));
        for (struct json_iter it = json_iter(properties); json_iter_next(&it);) {
            if (f->work >= WORK_MAX || is_known(f, i, it.key))
                continue;
            schema_put_key(&map, it.key);
            put_property(f, it.key);
        }
    }
    buf_put_char(f->out, '}');
}

/* ---- required ---- */

static bool requires(struct flat *f, const struct piece *p, str name)
{
    for (struct json_iter it = json_iter(schema_array(json_get(p->schema, "required")));
         json_iter_next(&it);) {
        f->work++;
        if (json_is_str(it.value) && str_eq(json_str(it.value), name))
            return true;
    }
    return false;
}

static bool branch_requires(struct flat *f, int group, int branch, str name)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct piece *p = &f->pieces[i];
        if (p->group == group && p->branch == branch && requires(f, p, name))
            return true;
    }
    return false;
}

static bool is_required(struct flat *f, const struct piece *by, str name)
{
    if (by->group == COMMON)
        return true;
    int branch = 0;
    while (branch < f->n_branches[by->group] && branch_requires(f, by->group, branch, name))
        branch++;
    return branch == f->n_branches[by->group];
}

static bool was_required(struct flat *f, size_t i, str name)
{
    for (size_t k = 0; k < i; k++) {
        if (f->pieces[k].group != LOOSE && requires(f, &f->pieces[k], name))
            return true;
    }
    return false;
}

static void put_required(struct flat *f, struct schema_list *l)
{
    size_t mark = f->out->n;
    bool had_items = l->has_items;
    schema_put_key(l, S("required"));
    struct schema_list names = {.out = f->out};
    buf_put_char(f->out, '[');
    for (size_t i = 0; i < f->n; i++) {
        if (f->pieces[i].group == LOOSE)
            continue;
        const struct json *required = schema_array(json_get(f->pieces[i].schema, "required"));
        for (struct json_iter it = json_iter(required); json_iter_next(&it);) {
            str name = json_str(it.value);
            if (!json_is_str(it.value) || f->work >= WORK_MAX || was_required(f, i, name) ||
                !is_required(f, &f->pieces[i], name))
                continue;
            schema_put_comma(&names);
            buf_put_json(f->out, name);
        }
    }
    buf_put_char(f->out, ']');
    if (names.has_items)
        return;
    f->out->n = mark;
    l->has_items = had_items;
}

/* ---- the rest ---- */

static bool is_among(const char *const *keys, size_t n, str key)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(key, str_from_cz(keys[i])))
            return true;
    }
    return false;
}

/* Other members of the pieces that all apply; the first of a name counts. */
static void put_others(struct flat *f, struct schema_list *l)
{
    static const char *const rebuilt[] = {"type",  "properties", "required",    "$ref",    "anyOf",
                                          "oneOf", "allOf",      "description", "nullable"};
    static const char *const lost[] = {"enum", "const"};
    for (size_t i = 0; i < f->n; i++) {
        if (f->pieces[i].group != COMMON)
            continue;
        for (struct json_iter it = json_iter(f->pieces[i].schema); json_iter_next(&it);) {
            bool is_lost = is_among(lost, ARRAY_LEN(lost), it.key);
            bool is_new =
                !is_lost && f->work < WORK_MAX && !is_among(rebuilt, ARRAY_LEN(rebuilt), it.key);
            f->marks->is_clamped |= is_lost;
            for (size_t k = 0; is_new && k < i; k++)
                is_new = f->pieces[k].group != COMMON || !find(f, f->pieces[k].schema, it.key);
            if (!is_new)
                continue;
            schema_put_key(l, it.key);
            json_put(f->out, it.value);
        }
    }
}

/* The description of the first piece that has one, and the unions as they were. */
static void put_description(struct flat *f, struct schema_list *l)
{
    str said = S_EMPTY;
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    for (size_t i = 0; i < f->n && said.n == 0; i++) {
        if (f->pieces[i].group == COMMON)
            said = json_str(json_get(f->pieces[i].schema, "description"));
    }
    buf_put(&text, said);
    for (size_t i = 0; i < f->n; i++) {
        for (size_t u = 0; f->pieces[i].group == COMMON && u < ARRAY_LEN(unions); u++) {
            const struct json *list = json_get(f->pieces[i].schema, unions[u]);
            if (!list)
                continue;
            size_t before = text.n;
            buf_printf(&text, "%s(%s: ", text.n > 0 ? " " : "", unions[u]);
            json_put(&text, list);
            buf_put_char(&text, ')');
            f->marks->is_noted = true;
            if (text.n - before > NOTE_MAX)
                text.n = before;
        }
    }
    if (text.n > 0) {
        schema_put_key(l, S("description"));
        buf_put_json(f->out, buf_str(&text));
    }
    buf_fini(&text);
}

bool schema_root_flatten(const struct json *root, struct buf *out, struct schema_marks *marks)
{
    struct flat f = {.root = root, .out = out, .marks = marks};
    str type = json_type(root) == JSON_OBJECT ? json_str(json_get(root, "type")) : S_EMPTY;
    marks->is_clamped |= json_type(root) != JSON_OBJECT && json_type(root) != JSON_TRUE;
    marks->is_clamped |= type.n > 0 && !str_eq_nocase(type, S("object"));
    collect(&f, (struct piece){.schema = root, .group = COMMON}, 0);
    struct schema_list l = {.out = out, .has_items = true};
    buf_put(out, S("{\"type\":\"object\""));
    put_description(&f, &l);
    schema_put_key(&l, S("properties"));
    put_properties(&f);
    put_required(&f, &l);
    put_others(&f, &l);
    buf_put_char(out, '}');
    return !f.is_knot && f.work < WORK_MAX && buf_is_ok(out);
}
