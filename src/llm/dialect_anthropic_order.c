/* Turns of another dialect put into the order that Anthropic demands: a request is refused there
 * unless
 *
 *   - the user speaks first, and neighbours of one role are one message,
 *   - every tool call's result comes in the very next message, before anything else there,
 *   - no call goes without its result, no result without its call, no id stands for two calls,
 *   - no text is empty or white space only, and a last assistant text does not end in it.
 *
 * So the results are first given to their calls: by id, or by name where a dialect has no ids. Ids
 * repeat in some histories, hence calls are looked at from the last turn back, and each takes the
 * nearest results behind it. Then the turns are walked once; a message is opened when a block for
 * it comes, so that what is empty leaves no trace, and whenever an assistant's message ends, the
 * results of its calls go out. What has no place becomes the user's text. Everything is linear in
 * the number of blocks.
 *
 * System turns in the middle stay where they are, as such where the model knows them, else as the
 * user's text between tags: to hoist them would change what they refer to, and what is cached. */
#include "llm/dialect_anthropic.h"

#include "base/table.h"
#include "llm/carry.h"
#include "llm/seal.h"
#include "llm/tool_name.h"

#define ROOM_PER_BLOCK 320 /* bytes of the arena, at most */
#define ROOM_DEPTH     8

/* A result of the history. */
struct result {
    const struct block *block;
    size_t turn;
    bool is_taken;
    struct result *next; /* in the order of the history */
    struct result
        *same; /* the one before it that the same id or name means; after it, when ready */
};
/* All results that one id or name means. */
struct results {
    struct result *last;  /* of those not given out yet */
    struct result *ready; /* for the calls of `turn`, in their order */
    size_t turn;
};
struct call {
    const struct block *block;
    size_t turn;
    struct result *result; /* NULL: it has none */
    str id;                /* under which it goes */
    struct call *next, *previous;
};

struct ordering {
    struct writing *w;
    struct arena *a;
    struct table by_key; /* struct results */
    struct table ids;    /* taken */
    struct call *calls, *last_call;
    struct result *results, *last_result;
    size_t n_calls;
    /* The walk: */
    struct call *call, *unanswered; /* the next one, the first of the open message */
    struct result *result;          /* the next one */
    struct anthropic_message *first, *last;
};

bool anthropic_is_blank(str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c != ' ' && (c < '\t' || c > '\r'))
            return false;
    }
    return true;
}

/* ---- calls and their results ---- */

static struct results *results_at(struct ordering *o, str id, str name)
{
    str key = id.n > 0 ? id : arena_concat(o->a, (str[]){S("\x01"), name}, 2);
    struct results *found = table_get(&o->by_key, key);
    if (found)
        return found;
    found = arena_new(o->a, struct results);
    found->turn = SIZE_MAX;
    (void)table_add(&o->by_key, key, found);
    return found;
}

static void note_result(struct ordering *o, const struct block *b, size_t turn)
{
    struct results *meant = results_at(o, b->result.id, b->result.name);
    struct result *r = arena_new(o->a, struct result);
    *r = (struct result){.block = b, .turn = turn, .same = meant->last};
    meant->last = r;
    if (o->last_result)
        o->last_result->next = r;
    else
        o->results = r;
    o->last_result = r;
}

static void note_call(struct ordering *o, const struct block *b, size_t turn)
{
    struct call *c = arena_new(o->a, struct call);
    *c = (struct call){.block = b, .turn = turn, .previous = o->last_call};
    if (o->last_call)
        o->last_call->next = c;
    else
        o->calls = c;
    o->last_call = c;
}

static bool is_system(const struct turn *t)
{
    return t->role == ROLE_SYSTEM || t->role == ROLE_DEVELOPER;
}

static void note_turn(struct ordering *o, const struct turn *t)
{
    if (is_system(t))
        return;
    for (const struct block *b = t->blocks; b; b = b->next) {
        if (b->kind == BLOCK_TOOL_RESULT)
            note_result(o, b, t->index);
        if (b->kind == BLOCK_TOOL_CALL && t->role == ROLE_ASSISTANT)
            note_call(o, b, t->index);
    }
}

/* The next result behind a turn; those nearest to it are made ready at its first call. */
static struct result *take(struct results *meant, size_t turn)
{
    if (meant->turn != turn) {
        meant->turn = turn;
        meant->ready = NULL;
    }
    while (meant->last && meant->last->turn > turn) {
        struct result *r = meant->last;
        meant->last = r->same;
        r->same = meant->ready;
        meant->ready = r;
    }
    struct result *r = meant->ready;
    if (r) {
        meant->ready = r->same;
        r->is_taken = true;
    }
    return r;
}

static void join_call(struct ordering *o, struct call *c)
{
    const struct tool_call *call = &c->block->call;
    c->result = take(results_at(o, call->id, call->name), c->turn);
    if (!c->result && call->id.n > 0)
        c->result = take(results_at(o, S_EMPTY, call->name), c->turn);
}

/* From the last turn back; within a turn in order. */
static void join_calls(struct ordering *o)
{
    struct call *last = o->last_call;
    while (last) {
        struct call *first = last;
        while (first->previous && first->previous->turn == last->turn)
            first = first->previous;
        for (struct call *c = first; c && c->turn == last->turn; c = c->next)
            join_call(o, c);
        last = first->previous;
    }
}

/* Its own id, made to fit; another one where it has none, or one that is taken. */
static void name_call(struct ordering *o, struct call *c)
{
    str own = c->block->call.id;
    o->n_calls++;
    str id = own.n > 0 ? own : arena_printf(o->a, "call_%zu", o->n_calls);
    c->id = name_fit(o->a, &id_rule_anthropic, S_EMPTY, id);
    while (table_add(&o->ids, c->id, c)) {
        o->n_calls++;
        id = arena_printf(o->a, STR_FMT "_%zu", STR_ARG(own), o->n_calls);
        c->id = name_fit(o->a, &id_rule_anthropic, S_EMPTY, id);
    }
}

/* ---- the walk ---- */

static void add(struct ordering *o, enum role role, struct anthropic_item what)
{
    if (!o->last || o->last->role != role) {
        struct anthropic_message *m = arena_new(o->a, struct anthropic_message);
        m->role = role;
        if (o->last)
            o->last->next = m;
        else
            o->first = m;
        o->last = m;
    }
    struct anthropic_item *item = arena_new(o->a, struct anthropic_item);
    *item = what;
    if (o->last->last_item)
        o->last->last_item->next = item;
    else
        o->last->items = item;
    o->last->last_item = item;
}

static void add_text(struct ordering *o, enum role role, const struct block *b, str text)
{
    if (!anthropic_is_blank(text))
        add(o, role, (struct anthropic_item){.block = b, .text = text});
}

/* The results of the calls in the message that ends here. */
static void answer_calls(struct ordering *o)
{
    for (struct call *c = o->unanswered; c && c != o->call; c = c->next) {
        if (!c->result)
            loss_add(o->w->loss, LOSS_EMULATED, S("messages.tool_calls"));
        const struct block *b = c->result ? c->result->block : NULL;
        add(o, ROLE_USER, (struct anthropic_item){.block = b, .id = c->id});
    }
    o->unanswered = NULL;
}

/* A result whose call is not there. */
static void add_orphan(struct ordering *o, const struct block *b)
{
    str text = b->result.value ? json_text(o->a, b->result.value)
                               : block_list_text(o->a, b->result.blocks, S("\n\n"));
    str name = b->result.name.n > 0 ? b->result.name : b->result.id;
    const str parts[] = {S("Result of the tool "), name, S(":\n"), text};
    loss_add(o->w->loss, LOSS_EMULATED, S("messages.tool_call_id"));
    add_text(o, ROLE_USER, NULL, arena_concat(o->a, parts, ARRAY_LEN(parts)));
}

static void drop(struct ordering *o, const char *field)
{
    loss_add(o->w->loss, LOSS_DROPPED, str_from_cz(field));
}

static void add_call(struct ordering *o, const struct block *b)
{
    struct call *c = o->call;
    must(c && c->block == b);
    if (!o->unanswered)
        o->unanswered = c;
    o->call = c->next;
    add(o, ROLE_ASSISTANT, (struct anthropic_item){.block = b, .id = c->id});
}

static void add_result(struct ordering *o, const struct block *b)
{
    struct result *r = o->result;
    must(r && r->block == b);
    o->result = r->next;
    if (!r->is_taken)
        add_orphan(o, b);
}

/* A proof goes back only to who gave it; thoughts without one are refused there. */
static void add_thoughts(struct ordering *o, const struct block *b)
{
    if (b->seal.kind != SEAL_NONE &&
        seal_fits(&b->seal, FAMILY_ANTHROPIC, o->w->provider, o->w->model))
        add(o, ROLE_ASSISTANT, (struct anthropic_item){.block = b});
    else
        drop(o, "thinking");
}

static void add_block(struct ordering *o, enum role role, const struct block *b)
{
    bool is_answer = role == ROLE_ASSISTANT;
    switch (b->kind) {
    case BLOCK_TEXT:
    case BLOCK_REFUSAL:
        add_text(o, role, b, b->text);
        return;
    case BLOCK_MEDIA:
        if (is_answer)
            drop(o, "messages.content");
        else
            add(o, role, (struct anthropic_item){.block = b});
        return;
    case BLOCK_REASONING:
        if (is_answer)
            add_thoughts(o, b);
        return;
    case BLOCK_TOOL_CALL:
        if (is_answer)
            add_call(o, b);
        return;
    case BLOCK_TOOL_RESULT:
        add_result(o, b);
        return;
    case BLOCK_OPAQUE:
        drop(o, "messages.content");
        return;
    }
}

static void add_system(struct ordering *o, const struct turn *t)
{
    bool has_place = o->last && o->last->role != ROLE_ASSISTANT;
    if ((o->w->can->can & CAN_MID_SYSTEM) != 0 && has_place) {
        for (const struct block *b = t->blocks; b; b = b->next)
            add_text(o, ROLE_SYSTEM, b, b->kind == BLOCK_TEXT ? b->text : S_EMPTY);
        return;
    }
    str text = block_list_text(o->a, t->blocks, S("\n\n"));
    if (anthropic_is_blank(text))
        return;
    loss_add(o->w->loss, LOSS_EMULATED, S("messages.role"));
    const str parts[] = {S("<system>\n"), text, S("\n</system>")};
    add_text(o, ROLE_USER, NULL, arena_concat(o->a, parts, ARRAY_LEN(parts)));
}

static void add_turn(struct ordering *o, const struct turn *t)
{
    bool is_answer = t->role == ROLE_ASSISTANT;
    if (!is_answer)
        answer_calls(o);
    if (t->name.n > 0 && t->role != ROLE_TOOL)
        drop(o, "messages.name");
    if (is_system(t)) {
        add_system(o, t);
        return;
    }
    for (const struct block *b = t->blocks; b; b = b->next)
        add_block(o, is_answer ? ROLE_ASSISTANT : ROLE_USER, b);
}

/* A prefilled answer must not end in white space. */
static void trim_end(struct ordering *o)
{
    struct anthropic_item *item = o->last->last_item;
    if (o->last->role != ROLE_ASSISTANT || item->text.n == 0)
        return;
    while (anthropic_is_blank(str_skip(item->text, item->text.n - 1)))
        item->text.n--;
}

static int check(struct ordering *o)
{
    if (!o->first)
        return writing_refuse(o->w, "messages", "There is no message of the user with content.");
    if (o->first->role != ROLE_USER)
        return writing_refuse(o->w, "messages",
                              "The first message must be the user's: the model's provider takes "
                              "no conversation that the assistant begins.");
    trim_end(o);
    return 0;
}

/* What writing a list of blocks may take of the arena: the blocks themselves, and their texts once
 * joined and once decoded. */
static size_t room_of(const struct block *list, unsigned depth)
{
    size_t n = 0;
    for (const struct block *b = list; b && depth < ROOM_DEPTH; b = b->next) {
        n += ROOM_PER_BLOCK + 2 * b->text.n;
        if (b->kind == BLOCK_TOOL_RESULT)
            n += room_of(b->result.blocks, depth + 1);
        if (b->kind == BLOCK_TOOL_CALL)
            n += b->call.name.n + b->call.id.n;
        if (b->kind == BLOCK_MEDIA)
            n += room_of(b->media.blocks, depth + 1);
        if (b->kind == BLOCK_MEDIA && b->media.kind == MEDIA_DOCUMENT)
            n += b->media.bytes.n;
        for (struct reasoning_part *p = b->kind == BLOCK_REASONING ? b->reasoning.parts : NULL; p;
             p = p->next)
            n += p->text.n;
    }
    return n;
}

static int check_room(struct writing *w, const struct chat *c)
{
    size_t n = room_of(c->instructions, 0) + c->n_stop * sizeof(str);
    for (const struct turn *t = c->turns; t; t = t->next)
        n += room_of(t->blocks, 0);
    for (const struct tool *t = c->tools; t; t = t->next)
        n += ROOM_PER_BLOCK + t->name.n;
    if (arena_has_room(w->a, n))
        return 0;
    return writing_refuse(w, "messages", "The conversation has too many parts.");
}

int anthropic_order(struct writing *w, const struct chat *c, struct anthropic_message **out)
{
    int rc = check_room(w, c);
    if (rc != 0)
        return rc;
    struct ordering o = {.w = w, .a = w->a};
    table_init(&o.by_key);
    table_init(&o.ids);
    for (const struct turn *t = c->turns; t; t = t->next)
        note_turn(&o, t);
    join_calls(&o);
    for (struct call *call = o.calls; call; call = call->next)
        name_call(&o, call);
    o.call = o.calls;
    o.result = o.results;
    for (const struct turn *t = c->turns; t; t = t->next) {
        if (!turn_is_leading(c, t))
            add_turn(&o, t);
    }
    answer_calls(&o);
    table_fini(&o.by_key);
    table_fini(&o.ids);
    *out = o.first;
    return check(&o);
}

void anthropic_order_hint(struct arena *a, struct anthropic_message *messages, str text)
{
    struct anthropic_message *last = messages;
    while (last->next)
        last = last->next;
    struct ordering o = {.a = a, .first = messages, .last = last};
    add_text(&o, ROLE_USER, NULL, text);
}
