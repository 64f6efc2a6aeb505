/* The raw tree against the table of options.
 *
 * One walk, driven by the table: a key without a row is unknown, a row without a key is a default
 * or a missing key, and a scalar is what its row's type says (config_scalar.c). The walk also makes
 * the tree regular, so that nobody behind it has to know the short forms: `listen: 127.0.0.1:8080`
 * becomes a list of one group with an `addr`, and every default is a node.
 *
 * A node with a problem is marked bad and the walk goes on, so one run finds everything. */
#include "gate/config_tree.h"
#include "gate/config_value.h"

static void check_node(struct config *c, struct config_node *n, const struct option *o);

/* ---- groups, maps, lists ---- */

/* Puts what n holds into a new only child and makes n its list or group. */
static struct config_node *wrap(struct config *c, struct config_node *n, enum config_node_type type)
{
    struct config_node *child = arena_new(&c->arena, struct config_node);

    *child = *n;
    child->next = NULL;
    child->key = S_EMPTY;
    child->key_at = (struct config_span){0};
    for (struct config_node *g = child->first; g; g = g->next)
        g->parent = child;
    n->type = type;
    n->raw = S_EMPTY;
    n->n = 0;
    n->first = n->last = NULL;
    config_node_append(n, child);
    return child;
}

static void add_default(struct config *c, struct config_node *group, const struct option *o)
{
    struct config_node *n = arena_new(&c->arena, struct config_node);

    n->type = o->fallback ? CONFIG_SCALAR : CONFIG_MAP;
    n->key = schema_key(o);
    n->raw = str_from_cz(o->fallback);
    n->is_plain = true;
    n->is_default = true;
    config_node_append(group, n);
    check_node(c, n, o);
}

static void complain_missing(struct config *c, struct config_node *group, const struct option *o)
{
    str key = schema_key(o);
    struct config_problem *p =
        config_complain(c, CONFIG_MISSING, group, STR_FMT " lacks `" STR_FMT "`",
                        STR_ARG(config_name_of(c, group)), STR_ARG(key));

    p->help = arena_printf(&c->arena, "for example " STR_FMT ": %s", STR_ARG(key), o->example);
    group->is_bad = true;
}

static void complete_group(struct config *c, struct config_node *group, const struct option *o)
{
    const struct option *child = NULL;

    while ((child = schema_next_child(o, child)) != NULL) {
        if (config_get_str(group, schema_key(child)))
            continue;
        bool is_default_group = child->type == OPTION_GROUP && !(child->flags & OPTION_OPTIONAL);
        if (child->flags & OPTION_REQUIRED)
            complain_missing(c, group, child);
        else if (child->fallback || is_default_group)
            add_default(c, group, child);
    }
}

static void complain_unknown(struct config *c, struct config_node *n, const struct option *group)
{
    str near = config_wants_hint(c, n->key) ? schema_nearest(group, n->key) : S_EMPTY;

    n->is_bad = true;
    const struct option *meant = near.n > 0 ? schema_child(group, near) : NULL;
    if (meant && (meant->type == OPTION_SECRET || meant->type == OPTION_HASH))
        config_mask_tree(c, n);
    else
        config_mask_suspects(c, n);
    str where = n->parent->parent ? config_name_of(c, n->parent) : S("the configuration");
    struct config_problem *p =
        config_complain_key(c, CONFIG_UNKNOWN_KEY, n, "unknown key `" STR_FMT "` in " STR_FMT,
                            STR_ARG(config_quote(c, n->key)), STR_ARG(where));
    p->help = config_did_you_mean(c, near);
}

/* Defaults are appended while the walk goes on, so it ends where the file's entries end. */
static void check_group(struct config *c, struct config_node *n, const struct option *o)
{
    if (n->type == CONFIG_SCALAR && o->word && str_eq(n->raw, str_from_cz(o->word))) {
        n->is_word = true;
        n->text = n->raw;
        return;
    }
    if (n->type == CONFIG_SCALAR && (o->flags & OPTION_SHORT) && !config_is_null(n) && !n->is_bad) {
        struct config_node *child = wrap(c, n, CONFIG_MAP);
        child->key = schema_key(schema_next_child(o, NULL));
    }
    if (n->type != CONFIG_MAP) {
        if (config_is_null(n))
            config_complain_empty(c, n);
        else
            config_complain_type(c, n, o);
        return;
    }
    for (struct config_node *child = n->first; child; child = child->next) {
        const struct option *row = schema_child(o, child->key);
        if (row)
            check_node(c, child, row);
        else
            complain_unknown(c, child, o);
    }
    complete_group(c, n, o);
}

static void complain_id(struct config *c, struct config_node *n, bool is_model)
{
    str prefix = S_EMPTY, rest = S_EMPTY;

    n->is_bad = true;
    if (is_model && c->n_dropped == 0 && str_cut(n->key, '/', &prefix, &rest) &&
        (str_eq(prefix, S("sim")) || config_get_str(config_get(c->root, "providers"), prefix))) {
        config_complain_key(c, CONFIG_SHADOW, n,
                            "model id `" STR_FMT "` would hide a model of provider `" STR_FMT "`",
                            STR_ARG(config_quote(c, n->key)), STR_ARG(config_quote(c, prefix)));
        return;
    }
    config_complain_key(c, CONFIG_ID, n,
                        "`" STR_FMT "` is not an id: letters, digits, `.`, `_`, `-`",
                        STR_ARG(config_quote(c, n->key)));
}

static void check_map_key(struct config *c, struct config_node *n, const struct option *map)
{
    if (!(map->flags & OPTION_HEADER_KEYS)) {
        if (!value_is_id(n->key))
            complain_id(c, n, (map->flags & OPTION_MODEL_KEYS) != 0);
        return;
    }
    const char *what = config_header_fault(n->key);
    if (!what)
        return;
    n->is_bad = true;
    config_complain_key(c, CONFIG_HEADER, n, "`" STR_FMT "` %s", STR_ARG(config_quote(c, n->key)),
                        what);
}

/* Bounds the lists that are compared each with each. */
static void check_length(struct config *c, struct config_node *n, const struct option *o)
{
    if (o->max == 0 || n->n <= (size_t)o->max)
        return;
    n->is_bad = true;
    config_complain(c, CONFIG_OUT_OF_RANGE, n, STR_FMT " has %zu elements, and may have %lld",
                    STR_ARG(config_name_of(c, n)), n->n, (long long)o->max);
}

static void check_map(struct config *c, struct config_node *n, const struct option *o)
{
    if (n->type != CONFIG_MAP) {
        if (config_is_null(n))
            config_complain_empty(c, n);
        else
            config_complain_type(c, n, o);
        return;
    }
    for (struct config_node *child = n->first; child; child = child->next) {
        bool was_bad = child->is_bad;
        check_map_key(c, child, o);
        bool has_bad_key = child->is_bad;
        child->is_bad = was_bad;
        check_node(c, child, schema_child(o, child->key));
        child->is_bad |= has_bad_key;
    }
}

static void check_list(struct config *c, struct config_node *n, const struct option *o)
{
    if (n->type != CONFIG_LIST && (o->flags & OPTION_ONE_OR_LIST) && !config_is_null(n))
        wrap(c, n, CONFIG_LIST);
    if (n->type != CONFIG_LIST) {
        if (config_is_null(n))
            config_complain_empty(c, n);
        else
            config_complain_type(c, n, o);
        return;
    }
    if (n->n == 0 && (o->flags & OPTION_NOT_EMPTY))
        config_complain_empty(c, n);
    check_length(c, n, o);
    for (struct config_node *child = n->first; child; child = child->next)
        check_node(c, child, schema_child(o, S_EMPTY));
}

static void complain_later(struct config *c, struct config_node *n)
{
    n->is_bad = true;
    config_mask_suspects(c, n);
    config_complain_key(c, CONFIG_NOT_BUILT, n, "this version does not have `" STR_FMT "` yet",
                        STR_ARG(config_quote(c, n->key)));
}

static void check_node(struct config *c, struct config_node *n, const struct option *o)
{
    n->option = o;
    if (o->type == OPTION_GROUP)
        check_group(c, n, o);
    else if (o->type == OPTION_MAP)
        check_map(c, n, o);
    else if (o->type == OPTION_LIST)
        check_list(c, n, o);
    else if (o->type == OPTION_LATER)
        complain_later(c, n);
    else
        config_check_scalar(c, n, o);
}

/* ---- text that is only in part a tree ---- */

static void mask_known(struct config *c, struct config_node *n, const struct option *o)
{
    if (o && o->type == OPTION_SECRET)
        config_mask_tree(c, n);
    for (struct config_node *child = n->first; child; child = child->next)
        mask_known(c, child, o ? schema_child(o, child->key) : NULL);
}

void config_check(struct config *c)
{
    config_mask_comments(c);
    if (c->has_syntax_error) {
        if (c->root) {
            mask_known(c, c->root, schema_root());
            config_mask_suspects(c, c->root);
        }
        config_mask_suspect_lines(c);
        return;
    }
    if (!c->root || config_is_null(c->root)) {
        config_complain_at(c, CONFIG_EMPTY_FILE, (struct config_span){0},
                           "the file is empty; write `version: 1` to run with defaults");
        c->root = NULL;
        return;
    }
    check_node(c, c->root, schema_root());
}
