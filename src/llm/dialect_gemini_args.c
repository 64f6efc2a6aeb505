/* Arguments put together from {jsonPath, value} pairs.
 *
 * Vertex sends each scalar of the arguments by its path, "$.recipe.steps[0].text"; a string may
 * come in many pieces, and the last one need not say so. Paths come in the order of the document,
 * but nothing promises that, so a tree is built and written once the call is whole. It lives in an
 * arena of its own, because a stream's arena must stay small; how much it may take is counted, by
 * node as well as by byte. */
#include "llm/dialect_gemini_args.h"

#include <string.h>

#include "base/err.h"

#define ROOM_MAX     ((size_t)8 << 20)
#define ARENA_CAP    (4 * ROOM_MAX)
#define DEPTH_MAX    24
#define CHILDREN_MAX 4096 /* of one object or array */

enum args_kind { ARGS_NULL, ARGS_OBJECT, ARGS_ARRAY, ARGS_TEXT, ARGS_RAW };
struct args_piece {
    str text;
    struct args_piece *next;
};
struct args_node {
    enum args_kind kind;
    const char *key; /* in an object */
    struct args_node *first, *last, *next;
    size_t n; /* children */
    struct args_piece *pieces, **tail;
    bool will_continue;
    str raw;
};

void gemini_args_init(struct gemini_args *g)
{
    *g = (struct gemini_args){.is_open = false};
    arena_init(&g->a, 512, ARENA_CAP);
}

void gemini_args_fini(struct gemini_args *g)
{
    arena_fini(&g->a);
    g->root = NULL;
    g->is_open = false;
}

void gemini_args_begin(struct gemini_args *g, str id, str name, const struct seal *seal)
{
    gemini_args_fini(g);
    g->is_open = true;
    g->room = ROOM_MAX;
    g->id = arena_str(&g->a, id);
    g->name = arena_str(&g->a, name);
    g->seal = *seal;
    g->seal.value = arena_str(&g->a, seal->value);
}

static bool take(struct gemini_args *g, size_t n)
{
    if (n > g->room)
        return false;
    g->room -= n;
    return true;
}

static struct args_node *child_add(struct gemini_args *g, struct args_node *parent, const char *key)
{
    if (parent->n == CHILDREN_MAX || !take(g, sizeof(struct args_node)))
        return NULL;
    struct args_node *n = arena_new(&g->a, struct args_node);
    n->key = key;
    if (parent->last)
        parent->last->next = n;
    else
        parent->first = n;
    parent->last = n;
    parent->n++;
    return n;
}

static bool has_key(const struct args_node *n, str key)
{
    return str_eq(str_from_cz(n->key), key);
}

/* A node becomes a container; a scalar that was there is given up. */
static void become(struct args_node *n, enum args_kind kind)
{
    if (n->kind == kind)
        return;
    *n = (struct args_node){.kind = kind, .key = n->key, .next = n->next};
}

static struct args_node *member(struct gemini_args *g, struct args_node *parent, str key)
{
    become(parent, ARGS_OBJECT);
    if (parent->last && has_key(parent->last, key))
        return parent->last;
    for (struct args_node *n = parent->first; n; n = n->next) {
        if (has_key(n, key))
            return n;
    }
    return take(g, key.n + 1) ? child_add(g, parent, arena_cz(&g->a, key)) : NULL;
}

static struct args_node *element(struct gemini_args *g, struct args_node *parent, uint64_t index)
{
    become(parent, ARGS_ARRAY);
    if (index >= CHILDREN_MAX)
        return NULL;
    while (parent->n <= index) {
        if (!child_add(g, parent, NULL))
            return NULL;
    }
    if (index == parent->n - 1)
        return parent->last;
    struct args_node *n = parent->first;
    for (uint64_t i = 0; i < index; i++)
        n = n->next;
    return n;
}

/* One step of a path: ".name", "[3]", "['name']". False: it is none. */
struct step {
    str name;
    uint64_t index;
    bool is_index;
};

static bool cut_step(str *path, struct step *out)
{
    *out = (struct step){.is_index = false};
    if (path->p[0] == '.') {
        size_t end = 1;
        while (end < path->n && path->p[end] != '.' && path->p[end] != '[')
            end++;
        out->name = str_slice(*path, 1, end);
        *path = str_skip(*path, end);
        return out->name.n > 0;
    }
    char quote = path->n > 1 ? path->p[1] : '\0';
    bool is_quoted = quote == '\'' || quote == '"';
    str close = quote == '\'' ? S("']") : S("\"]");
    size_t from = is_quoted ? 2 : 1;
    size_t end = str_find(str_skip(*path, from), is_quoted ? close : S("]"));
    if (path->p[0] != '[' || end == STR_NONE)
        return false;
    str inside = str_slice(*path, from, from + end);
    *path = str_skip(*path, from + end + (is_quoted ? 2 : 1));
    out->name = inside;
    out->is_index = !is_quoted;
    return is_quoted || str_to_u64(inside, &out->index);
}

/* The node at a path, made on the way. */
static int walk(struct gemini_args *g, str path, struct args_node **out)
{
    if (!g->root && take(g, sizeof(struct args_node)))
        g->root = arena_new(&g->a, struct args_node);
    struct args_node *n = g->root;
    if (path.n < 2 || path.p[0] != '$' || memchr(path.p, '\0', path.n))
        return -E_PROVIDER_BODY;
    path = str_skip(path, 1);
    for (unsigned depth = 0; path.n > 0 && n; depth++) {
        struct step step;
        if (depth == DEPTH_MAX || !cut_step(&path, &step))
            return -E_PROVIDER_BODY;
        n = step.is_index ? element(g, n, step.index) : member(g, n, step.name);
    }
    *out = n;
    return n ? 0 : -E_PROVIDER_TOO_LARGE;
}

static int set_text(struct gemini_args *g, struct args_node *n, str text, bool will_continue)
{
    if (n->kind != ARGS_TEXT || !n->will_continue) {
        n->kind = ARGS_RAW; /* so that it becomes a new text */
        become(n, ARGS_TEXT);
        n->tail = &n->pieces;
    }
    n->will_continue = will_continue;
    if (text.n == 0)
        return 0;
    if (!take(g, sizeof(struct args_piece) + text.n))
        return -E_PROVIDER_TOO_LARGE;
    struct args_piece *p = arena_new(&g->a, struct args_piece);
    p->text = arena_str(&g->a, text);
    *n->tail = p;
    n->tail = &p->next;
    return 0;
}

static int set_raw(struct gemini_args *g, struct args_node *n, str raw)
{
    if (!take(g, raw.n))
        return -E_PROVIDER_TOO_LARGE;
    become(n, ARGS_RAW);
    n->raw = arena_str(&g->a, raw);
    return 0;
}

static int add_one(struct gemini_args *g, const struct json *v)
{
    const struct json *text = json_get(v, "stringValue");
    const struct json *number = json_get(v, "numberValue");
    const struct json *flag = json_get(v, "boolValue");
    struct args_node *n = NULL;
    int rc = walk(g, json_str(json_get(v, "jsonPath")), &n);
    if (rc != 0)
        return rc;
    if (text && json_is_str(text))
        return set_text(g, n, json_str(text), json_bool(json_get(v, "willContinue"), false));
    if (json_number(number).n > 0)
        return set_raw(g, n, json_number(number));
    if (flag)
        return set_raw(g, n, json_bool(flag, false) ? S("true") : S("false"));
    return json_get(v, "nullValue") ? set_raw(g, n, S("null")) : 0;
}

int gemini_args_add(struct gemini_args *g, const struct json *partial)
{
    int rc = 0;
    if (partial && json_type(partial) == JSON_OBJECT)
        return add_one(g, partial);
    for (struct json_iter it = json_iter(partial); rc == 0 && json_iter_next(&it);)
        rc = add_one(g, it.value);
    return rc;
}

static void put_text(struct json_writer *j, const char *key, const struct args_node *n)
{
    struct buf text;
    buf_init(&text, ROOM_MAX);
    for (const struct args_piece *p = n->pieces; p; p = p->next)
        buf_put(&text, p->text);
    json_put_str(j, key, buf_str(&text));
    buf_fini(&text);
}

static void put_node(struct json_writer *j, const struct args_node *n)
{
    switch (n->kind) {
    case ARGS_NULL:
        json_put_null(j, n->key);
        return;
    case ARGS_TEXT:
        put_text(j, n->key, n);
        return;
    case ARGS_RAW:
        json_put_raw(j, n->key, n->raw);
        return;
    case ARGS_OBJECT:
        json_begin_object(j, n->key);
        for (const struct args_node *c = n->first; c; c = c->next)
            put_node(j, c);
        json_end_object(j);
        return;
    case ARGS_ARRAY:
        json_begin_array(j, n->key);
        for (const struct args_node *c = n->first; c; c = c->next)
            put_node(j, c);
        json_end_array(j);
        return;
    }
}

void gemini_args_put(const struct gemini_args *g, struct buf *out)
{
    struct json_writer j = json_writer(out);
    if (g->root && g->root->kind == ARGS_OBJECT)
        put_node(&j, g->root);
    else
        buf_put(out, S("{}"));
}
