/* A configuration from its text to its end: loading, the list of problems, the tree's accessors.
 *
 * One arena holds everything: source text, nodes, problems. The text is kept because every problem
 * is shown with its line; secrets in it are overwritten as soon as they are found (config_mask.c),
 * so no later code can show one by accident.
 *
 * Problems are kept in the order of their position, whatever order the steps find them in, and
 * their number is bounded: a file of 4 MiB can hold two million mistakes. */
#include "gate/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "gate/config_tree.h"
#include "gate/discover.h"

#define ARENA_FIRST   (16u << 10)
#define ARENA_CAP     (SIZE_MAX / 2) /* the input is bounded: file size, nodes, problems */
#define QUOTE_MAX     60
#define REFERENCE_MAX (64u << 10)

static const struct config_code_info codes[] = {
#define CONFIG_CODE(name_, number_, title_, explanation_)                                          \
    {.code = (number_), .name = #name_, .title = title_, .explanation = explanation_},
#include "gate/config_codes.def"
#undef CONFIG_CODE
};

const struct config_code_info *config_code_at(size_t i)
{
    return i < ARRAY_LEN(codes) ? &codes[i] : NULL;
}

const struct config_code_info *config_code_find(int number)
{
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if ((int)codes[i].code == number)
            return &codes[i];
    }
    return NULL;
}

/* ---- sources ---- */

static bool system_env(str name, str *value)
{
    char key[256];

    if (name.n >= sizeof key)
        return false;
    memcpy(key, name.p, name.n);
    key[name.n] = '\0';
    const char *found = getenv(key);
    *value = str_from_cz(found);
    return found != NULL;
}

static const char *system_file(struct arena *a, str path, str *text)
{
    const char *why = NULL;
    size_t n = 0;
    char *p = file_read(a, arena_cz(a, path), REFERENCE_MAX, &n, &why);

    if (!p)
        return why;
    *text = str_of(p, n);
    return NULL;
}

const struct config_sources config_system_sources = {.env = system_env, .file = system_file};

/* ---- life ---- */

static void wipe_text(void *obj)
{
    struct config *c = obj;

    explicit_bzero(c->text, c->text_n);
}

static struct config *config_new(str file_name, const struct config_sources *sources)
{
    struct arena arena;

    arena_init(&arena, ARENA_FIRST, ARENA_CAP);
    struct config *c = arena_new(&arena, struct config);
    c->arena = arena;
    c->file = arena_str(&c->arena, file_name);
    c->sources = sources;
    return c;
}

void config_free(struct config *c)
{
    if (!c)
        return;
    struct arena arena = c->arena; /* c itself lies in it */
    arena_fini(&arena);
}

size_t config_break_len(const char *p, const char *end)
{
    size_t n = (size_t)(end - p);

    if (n > 1 && p[0] == '\r' && p[1] == '\n')
        return 2;
    if (n > 0 && (p[0] == '\r' || p[0] == '\n'))
        return 1;
    if (n > 1 && memcmp(p, "\xc2\x85", 2) == 0)
        return 2;
    if (n > 2 && (memcmp(p, "\xe2\x80\xa8", 3) == 0 || memcmp(p, "\xe2\x80\xa9", 3) == 0))
        return 3;
    return 0;
}

static void split_lines(struct config *c)
{
    const char *end = c->text + c->text_n;
    size_t n = 1;

    for (const char *p = c->text; p < end;) {
        size_t len = config_break_len(p, end);
        n += len > 0;
        p += MAX(len, 1);
    }
    c->lines = arena_new_n(&c->arena, const char *, n + 1);
    c->lines[0] = c->text;
    for (const char *p = c->text; p < end;) {
        size_t len = config_break_len(p, end);
        p += MAX(len, 1);
        if (len > 0)
            c->lines[++c->n_lines] = p;
    }
    c->lines[++c->n_lines] = end;
}

static void set_text(struct config *c, str text)
{
    if (str_has_prefix(text, S("\xef\xbb\xbf")))
        text = str_skip(text, 3);
    c->text = arena_cz(&c->arena, text);
    c->text_n = text.n;
    arena_on_fini(&c->arena, wipe_text, c);
    split_lines(c);
}

void config_node_append(struct config_node *parent, struct config_node *child)
{
    child->parent = parent;
    child->index = parent->n++;
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
}

static void parse(struct config *c, str text)
{
    if (text.n > CONFIG_FILE_MAX) {
        config_complain_at(c, CONFIG_TOO_LARGE, (struct config_span){0},
                           "the file is larger than %u MiB", CONFIG_FILE_MAX >> 20);
        return;
    }
    set_text(c, text);
    config_yaml_read(c);
    config_check(c);
}

struct config *config_parse_with(str text, str file_name, const struct config_sources *sources)
{
    struct config *c = config_new(file_name, sources);

    parse(c, text);
    return c;
}

struct config *config_parse(str text, str file_name)
{
    return config_parse_with(text, file_name, &config_system_sources);
}

static struct config *load_builtin(void)
{
    struct buf text;

    buf_init(&text, CONFIG_FILE_MAX);
    discover_config(&text);
    struct config *c = config_new(S("built-in defaults"), &config_system_sources);
    c->is_builtin = true;
    parse(c, buf_str(&text));
    buf_fini(&text);
    return c;
}

struct config *config_load(const char *path)
{
    if (!path)
        return load_builtin();
    struct config *c = config_new(str_from_cz(path), &config_system_sources);
    struct arena scratch;
    const char *why = NULL;
    size_t n = 0;

    arena_init(&scratch, CONFIG_FILE_MAX, 4 * (size_t)CONFIG_FILE_MAX);
    char *text = file_read(&scratch, path, CONFIG_FILE_MAX, &n, &why);
    if (text) {
        parse(c, str_of(text, n));
        explicit_bzero(text, n);
    } else {
        config_complain_at(c, CONFIG_UNREADABLE, (struct config_span){0}, "cannot read `%s`: %s",
                           path, why);
    }
    arena_fini(&scratch);
    return c;
}

/* ---- problems ---- */

static bool is_before(const struct config_mark *a, const struct config_mark *b)
{
    return a->line < b->line || (a->line == b->line && a->column < b->column);
}

/* Behind those of the same position: the first one found is the first one shown. */
static void insert(struct config *c, struct config_problem *p)
{
    struct config_problem **at = &c->problems;

    while (*at && !is_before(&p->mark, &(*at)->mark))
        at = &(*at)->next;
    p->next = *at;
    *at = p;
}

static unsigned span_width(const struct config *c, struct config_span at)
{
    if (at.line == 0 || at.line > c->n_lines)
        return 0;
    if (at.end_line == at.line)
        return at.end_column > at.column ? at.end_column - at.column : 1;
    return 1;
}

struct config_problem *config_add_at(struct config *c, enum config_code code, struct config_span at,
                                     str message)
{
    struct config_problem *p = arena_new(&c->arena, struct config_problem);

    p->severity = (int)code < 2000 ? CONFIG_ERROR : CONFIG_WARNING;
    p->code = (int)code;
    p->mark = (struct config_mark){.file = c->file, .line = at.line, .column = at.column};
    p->width = span_width(c, at);
    p->message = message;
    c->n_errors += p->severity == CONFIG_ERROR;
    if (c->n_problems >= CONFIG_PROBLEMS_MAX) {
        c->n_dropped++;
        return p;
    }
    c->n_problems++;
    insert(c, p);
    return p;
}

/* Where a caret helps most: the value itself when it is a scalar somebody wrote, else its key. */
static struct config_span value_span(const struct config_node *n)
{
    bool is_visible = n->type == CONFIG_SCALAR &&
                      (n->at.end_column > n->at.column || n->at.end_line > n->at.line);

    if (n->key_at.line > 0 && !is_visible)
        return n->key_at;
    for (; n && n->at.line == 0; n = n->parent) {
        if (n->key_at.line > 0)
            return n->key_at;
    }
    return n ? n->at : (struct config_span){0};
}

struct config_problem *config_add(struct config *c, enum config_code code,
                                  const struct config_node *n, str message)
{
    struct config_problem *p = config_add_at(c, code, value_span(n), message);

    p->path = config_path(&c->arena, n);
    return p;
}

struct config_problem *config_add_key(struct config *c, enum config_code code,
                                      const struct config_node *n, str message)
{
    struct config_span at = n->key_at.line > 0 ? n->key_at : value_span(n);
    struct config_problem *p = config_add_at(c, code, at, message);

    p->path = config_path(&c->arena, n);
    return p;
}

const struct config_problem *config_problems(const struct config *c)
{
    return c->problems;
}

size_t config_error_count(const struct config *c)
{
    return c->n_errors;
}

str config_quote(struct config *c, str s)
{
    str cut = str_slice(s, 0, QUOTE_MAX);

    if (config_has_userinfo(s))
        return S("***");
    while (cut.n < s.n && cut.n > 0 && ((unsigned char)s.p[cut.n] & 0xc0) == 0x80)
        cut.n--; /* not in the middle of a character */
    char *p = arena_cz(&c->arena, cut);
    for (size_t i = 0; i < cut.n; i++) {
        if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f || p[i] == '`')
            p[i] = '?';
    }
    if (cut.n == s.n)
        return str_of(p, cut.n);
    return arena_printf(&c->arena, "%s...", p);
}

str config_did_you_mean(struct config *c, str near)
{
    if (near.n == 0)
        return S_EMPTY;
    return arena_printf(&c->arena, "did you mean `" STR_FMT "`?", STR_ARG(near));
}

static void put_path(struct buf *b, const struct config_node *n)
{
    if (!n->parent)
        return;
    put_path(b, n->parent);
    if (n->parent->type == CONFIG_LIST) {
        buf_printf(b, "[%zu]", n->index);
        return;
    }
    if (b->n > 0)
        buf_put_char(b, '.');
    for (size_t i = 0; i < MIN(n->key.n, (size_t)QUOTE_MAX); i++) {
        char k = n->key.p[i];
        buf_put_char(b, (unsigned char)k < 0x20 || k == 0x7f ? '?' : k);
    }
}

str config_path(struct arena *a, const struct config_node *n)
{
    struct buf b;

    buf_init(&b, (size_t)CONFIG_DEPTH_MAX * (QUOTE_MAX + 2));
    put_path(&b, n);
    str path = arena_str(a, buf_str(&b));
    buf_fini(&b);
    return path;
}

/* ---- the tree ---- */

struct config_node *config_get_str(const struct config_node *n, str key)
{
    if (!n || n->type != CONFIG_MAP)
        return NULL;
    for (struct config_node *child = n->first; child; child = child->next) {
        if (str_eq(child->key, key))
            return child;
    }
    return NULL;
}

struct config_node *config_get(const struct config_node *n, const char *key)
{
    return config_get_str(n, str_from_cz(key));
}

int64_t config_number(const struct config_node *n, const char *key)
{
    const struct config_node *child = config_get(n, key);

    return config_is_good(child) ? child->number : 0;
}

str config_text(const struct config_node *n, const char *key)
{
    const struct config_node *child = config_get(n, key);

    return config_is_good(child) ? child->text : S_EMPTY;
}
