/* Making and asking the intermediate form: appending to its lists, joining texts, and the names
 * and sizes of efforts, which several dialects share.
 *
 * A client decides how long the lists are, so nothing here walks one to its end: every list
 * remembers its last node, a list of blocks in its first block, which keeps the callers' pointers
 * plain. Those are hints: should more nodes hang behind the remembered one, the walk goes on from
 * there. */
#include "llm/chat.h"

#include <string.h>

struct block *block_new(struct arena *a, enum block_kind kind)
{
    struct block *b = arena_new(a, struct block);
    b->kind = kind;
    return b;
}

void block_add(struct block **list, struct block *b)
{
    if (!*list) {
        *list = b;
        return;
    }
    struct block *last = (*list)->last ? (*list)->last : *list;
    while (last->next)
        last = last->next;
    last->next = b;
    (*list)->last = b;
}

struct block *block_text(struct arena *a, str text)
{
    struct block *b = block_new(a, BLOCK_TEXT);
    b->text = text;
    return b;
}

static bool is_system(enum role role)
{
    return role == ROLE_SYSTEM || role == ROLE_DEVELOPER;
}

struct turn *turn_add(struct arena *a, struct chat *c, enum role role)
{
    struct turn *t = arena_new(a, struct turn);
    t->role = role;
    if (c->last_turn) {
        t->index = c->last_turn->index + 1;
        c->last_turn->next = t;
    } else {
        c->turns = t;
    }
    c->last_turn = t;
    if (is_system(role) && t->index == c->n_leading)
        c->n_leading++;
    return t;
}

bool turn_is_leading(const struct chat *c, const struct turn *t)
{
    return t->index < c->n_leading;
}

struct tool *tool_add(struct arena *a, struct chat *c, enum tool_kind kind)
{
    struct tool *t = arena_new(a, struct tool);
    t->kind = kind;
    if (c->last_tool)
        c->last_tool->next = t;
    else
        c->tools = t;
    c->last_tool = t;
    return t;
}

void reasoning_add(struct arena *a, struct reasoning *r, bool is_summary, str text)
{
    struct reasoning_part *p = arena_new(a, struct reasoning_part);
    *p = (struct reasoning_part){.is_summary = is_summary, .text = text};
    if (r->last_part)
        r->last_part->next = p;
    else
        r->parts = p;
    r->last_part = p;
}

/* Texts of a list joined in two walks: the first measures, the second, with memory, copies. */
struct joining {
    char *p; /* NULL: measuring */
    size_t n, count;
    str first, between;
};

static void join(struct joining *j, str text)
{
    str parts[] = {j->count > 0 ? j->between : S_EMPTY, text};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (j->p && parts[i].n > 0)
            memcpy(j->p + j->n, parts[i].p, parts[i].n);
        j->n += parts[i].n;
    }
    if (j->count++ == 0)
        j->first = text;
}

static void join_parts(struct joining *j, const struct reasoning *r)
{
    for (const struct reasoning_part *p = r->parts; p; p = p->next)
        join(j, p->text);
}

static void join_blocks(struct joining *j, const struct block *list)
{
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind == BLOCK_TEXT)
            join(j, b->text);
    }
}

/* What the second walk starts from. */
static struct joining joining_again(struct arena *a, const struct joining *measured)
{
    return (struct joining){.p = arena_alloc(a, measured->n), .between = measured->between};
}

str reasoning_text(struct arena *a, const struct reasoning *r)
{
    struct joining measured = {.between = S("\n\n")};
    join_parts(&measured, r);
    if (measured.count < 2)
        return measured.first;
    struct joining made = joining_again(a, &measured);
    join_parts(&made, r);
    return str_of(made.p, made.n);
}

str block_list_text(struct arena *a, const struct block *list, str between)
{
    struct joining measured = {.between = between};
    join_blocks(&measured, list);
    if (measured.count < 2)
        return measured.first;
    struct joining made = joining_again(a, &measured);
    join_blocks(&made, list);
    return str_of(made.p, made.n);
}

bool block_list_has(const struct block *list, enum block_kind kind)
{
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind == kind)
            return true;
    }
    return false;
}

const char *role_name(enum role r)
{
    static const char *const names[] = {
        [ROLE_SYSTEM] = "system",       [ROLE_DEVELOPER] = "developer", [ROLE_USER] = "user",
        [ROLE_ASSISTANT] = "assistant", [ROLE_TOOL] = "tool",
    };
    must(r < ARRAY_LEN(names));
    return names[r];
}

/* An effort's name, the tokens it stands for, and the most that are still counted as it: the
 * geometric mean with the next one. */
static const struct {
    const char *name;
    int64_t budget, most;
} efforts[] = {
    [EFFORT_UNSET] = {NULL, -1, -1},
    [EFFORT_NONE] = {"none", 0, 0},
    [EFFORT_MINIMAL] = {"minimal", 1024, 1448},
    [EFFORT_LOW] = {"low", 2048, 4095},
    [EFFORT_MEDIUM] = {"medium", 8192, 11585},
    [EFFORT_HIGH] = {"high", 16384, 23170},
    [EFFORT_XHIGH] = {"xhigh", 32768, INT64_MAX},
    [EFFORT_MAX] = {"max", -1, -1},
};

const char *effort_name(enum effort e)
{
    must(e < ARRAY_LEN(efforts));
    return efforts[e].name;
}

enum effort effort_from(str name)
{
    for (enum effort e = EFFORT_NONE; e <= EFFORT_MAX; e++) {
        if (str_eq(name, str_from_cz(efforts[e].name)))
            return e;
    }
    return EFFORT_UNSET;
}

int64_t effort_budget(enum effort e)
{
    must(e < ARRAY_LEN(efforts));
    return efforts[e].budget;
}

enum effort effort_of_budget(int64_t tokens)
{
    if (tokens < 0)
        return EFFORT_UNSET;
    enum effort e = EFFORT_NONE;
    while (tokens > efforts[e].most)
        e++;
    return e;
}
