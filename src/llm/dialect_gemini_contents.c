/* The contents of a request, from any dialect's turns.
 *
 * The API is strict about order: contents take turns between user and model, and the results of all
 * calls of one model's content stand in the user's content right behind it, as many as there were
 * calls. Others let results come in any order, with other turns between, or not at all. So the
 * contents are planned first, as lists of references to blocks: neighbouring turns of one side
 * become one content of several parts, and when a model's content closes, the results of its calls
 * are brought there. Results are found by id; where ids repeat, the first unused one behind the
 * call counts. A call without a result gets one that says so; a result without a call becomes text.
 *
 * A request that came in this dialect is written content by content as it came. */
#include "base/table.h"
#include "llm/dialect_gemini.h"
#include "llm/tool_name.h"

enum item_kind {
    ITEM_BLOCK,   /* as it is */
    ITEM_SYSTEM,  /* text of a system turn in the middle */
    ITEM_RESULT,  /* of `call` */
    ITEM_MISSING, /* result of `call`, that never came */
    ITEM_ORPHAN,  /* a result without a call: text */
};
struct item {
    enum item_kind kind;
    const struct block *block;
    const struct block *call;
    struct item *next;
};
struct content {
    bool is_model;
    bool has_user_words; /* more than results: the current turn begins behind it */
    struct item *first, *last;
    struct content *next;
};

/* A result on its way to its call, and those of the same id behind it. */
struct result {
    const struct block *block;
    size_t turn;
    bool is_used;
    struct result *next, *next_of_id;
};
struct plan {
    struct writing *w;
    struct content *first, *last;
    struct table results;            /* id -> struct result, the first unused one */
    struct result *in_order, **tail; /* all of them */
    struct result *at;               /* while turns are walked: the next one */
    size_t turn;
};

/* ---- results ---- */

static str result_key(str id, str name)
{
    return id.n > 0 ? id : name;
}

static void note_result(struct plan *p, const struct block *b)
{
    struct result *r = arena_new(p->w->a, struct result);
    *r = (struct result){.block = b, .turn = p->turn};
    *p->tail = r;
    p->tail = &r->next;
}

/* Chains are built from the end, so that the table holds the first of each id. */
static struct result *reversed(struct result *list)
{
    struct result *back = NULL;
    for (struct result *r = list; r; r = r->next) {
        r->next_of_id = back;
        back = r;
    }
    return back;
}

static void index_results(struct plan *p, const struct chat *c)
{
    p->tail = &p->in_order;
    for (const struct turn *t = c->turns; t; t = t->next, p->turn++) {
        for (const struct block *b = t->blocks; b && t->role != ROLE_ASSISTANT; b = b->next) {
            if (b->kind == BLOCK_TOOL_RESULT)
                note_result(p, b);
        }
    }
    struct result *next = NULL;
    for (struct result *r = reversed(p->in_order); r; r = next) {
        next = r->next_of_id;
        str key = result_key(r->block->result.id, r->block->result.name);
        r->next_of_id = key.n > 0 ? table_remove(&p->results, key) : NULL;
        if (key.n > 0)
            (void)table_add(&p->results, key, r);
    }
    p->at = p->in_order;
}

/* The first unused result of this call behind its turn; NULL: none. */
static struct result *take_result(struct plan *p, const struct block *call)
{
    str key = result_key(call->call.id, call->call.name);
    struct result *r = key.n > 0 ? table_remove(&p->results, key) : NULL;
    while (r && r->turn < p->turn)
        r = r->next_of_id;
    if (!r)
        return NULL;
    if (r->next_of_id)
        (void)table_add(&p->results, key, r->next_of_id);
    r->is_used = true;
    return r;
}

/* ---- room ---- */

#define NODE_COST 512 /* bytes of what is planned for one block, at most */

static size_t cost_of_list(const struct block *list)
{
    size_t n = 0;
    for (const struct block *b = list; b; b = b->next) {
        n += NODE_COST + 2 * (b->text.n + b->seal.value.n);
        if (b->kind == BLOCK_TOOL_CALL)
            n += 2 * (b->call.args.n + b->call.name.n + b->call.space.n);
        for (const struct block *in = b->result.blocks; b->kind == BLOCK_TOOL_RESULT && in;
             in = in->next)
            n += 2 * in->text.n;
        if (b->kind == BLOCK_MEDIA && b->media.source == MEDIA_TEXT)
            n += 2 * b->media.bytes.n;
        for (const struct reasoning_part *part = b->reasoning.parts;
             b->kind == BLOCK_REASONING && part; part = part->next)
            n += 2 * part->text.n;
    }
    return n;
}

/* A plan takes memory for each block, and copies of texts; the client decides how many. */
static int make_room(struct writing *w, const struct chat *c)
{
    size_t n = cost_of_list(c->instructions);
    for (const struct turn *t = c->turns; t; t = t->next)
        n += NODE_COST + cost_of_list(t->blocks);
    for (const struct tool *t = c->tools; t; t = t->next)
        n += NODE_COST + t->space.n + t->name.n;
    for (size_t i = 0; i < c->choice.n_names; i++)
        n += NODE_COST / 2 + c->choice.names[i].n;
    if (arena_has_room(w->a, n))
        return 0;
    return err_set(w->err, w->a, -E_BODY_TOO_LARGE,
                   "The request has too many parts to be translated.");
}

/* ---- planning ---- */

static struct content *content_add(struct plan *p, bool is_model)
{
    struct content *c = arena_new(p->w->a, struct content);
    c->is_model = is_model;
    if (p->last)
        p->last->next = c;
    else
        p->first = c;
    p->last = c;
    return c;
}

static void item_add(struct plan *p, struct content *c, enum item_kind kind,
                     const struct block *block, const struct block *call)
{
    struct item *i = arena_new(p->w->a, struct item);
    *i = (struct item){.kind = kind, .block = block, .call = call};
    if (c->last)
        c->last->next = i;
    else
        c->first = i;
    c->last = i;
    bool is_answer = kind == ITEM_RESULT || kind == ITEM_MISSING;
    c->has_user_words = c->has_user_words || (!c->is_model && !is_answer);
}

/* A server's own call is answered by the server. */
static bool is_call(const struct block *b)
{
    return b->kind == BLOCK_TOOL_CALL && b->call.kind != TOOL_SERVER;
}

/* Behind a model's content that made calls: the user's content with their results. */
static void close_model(struct plan *p)
{
    struct content *model = p->last, *user = NULL;
    if (!model || !model->is_model)
        return;
    for (const struct item *i = model->first; i; i = i->next) {
        if (!is_call(i->block))
            continue;
        if (!user)
            user = content_add(p, false);
        struct result *r = take_result(p, i->block);
        item_add(p, user, r ? ITEM_RESULT : ITEM_MISSING, r ? r->block : NULL, i->block);
    }
}

/* A result where it stood: it has gone to its call, or there is none. */
static void plan_result(struct plan *p, const struct block *b)
{
    const struct result *r = p->at;
    if (!r || r->block != b)
        return;
    p->at = r->next;
    if (r->is_used)
        return;
    loss_add(p->w->loss, LOSS_EMULATED, S("messages.tool_call_id"));
    item_add(p, p->last, ITEM_ORPHAN, b, NULL);
}

static void plan_block(struct plan *p, const struct turn *t, const struct block *b)
{
    bool is_system = t->role == ROLE_SYSTEM || t->role == ROLE_DEVELOPER;
    if (b->kind == BLOCK_TOOL_RESULT)
        plan_result(p, b);
    else if (b->kind == BLOCK_TOOL_CALL && !is_call(b))
        loss_add(p->w->loss, LOSS_DROPPED, S("messages.tool_calls"));
    else if (b->kind == BLOCK_TOOL_CALL && t->role != ROLE_ASSISTANT)
        loss_add(p->w->loss, LOSS_DROPPED, S("messages.tool_calls"));
    else if (b->kind != BLOCK_TEXT || b->text.n > 0 || b->seal.kind != SEAL_NONE)
        item_add(p, p->last, is_system && b->kind == BLOCK_TEXT ? ITEM_SYSTEM : ITEM_BLOCK, b,
                 NULL);
}

static void plan_turn(struct plan *p, const struct turn *t)
{
    bool is_model = t->role == ROLE_ASSISTANT;
    if (p->last && p->last->is_model && !is_model)
        close_model(p);
    if (!p->last || p->last->is_model != is_model)
        (void)content_add(p, is_model);
    for (const struct block *b = t->blocks; b; b = b->next)
        plan_block(p, t, b);
    if (t->role == ROLE_SYSTEM || t->role == ROLE_DEVELOPER)
        loss_add(p->w->loss, LOSS_EMULATED, S("messages.role"));
    if (t->name.n > 0)
        loss_add(p->w->loss, LOSS_DROPPED, S("messages.name"));
    gemini_lose_extras(p->w, &t->extras, "messages.");
}

static void plan_make(struct plan *p, const struct chat *c)
{
    index_results(p, c);
    p->turn = 0;
    for (const struct turn *t = c->turns; t; t = t->next, p->turn++) {
        if (!turn_is_leading(c, t))
            plan_turn(p, t);
    }
    close_model(p);
}

/* ---- writing ---- */

static void put_wrapped(struct gemini_parts *p, const char *before, str text, const char *after)
{
    str parts[] = {str_from_cz(before), text, str_from_cz(after)};
    gemini_put_text(p, arena_concat(p->w->a, parts, ARRAY_LEN(parts)), false, NULL);
}

/* Bytes in results that the model does not take there follow as parts of their own. */
static int put_result_media(struct gemini_parts *p, const struct block *result)
{
    int rc = 0;
    for (const struct block *b = result->result.blocks; b && rc == 0; b = b->next) {
        bool is_inside = b->kind == BLOCK_MEDIA && b->media.source == MEDIA_BASE64 &&
                         (p->w->can->can & CAN_IMAGES_IN_RESULTS) != 0;
        if (b->kind != BLOCK_MEDIA || is_inside)
            continue;
        loss_add(p->w->loss, LOSS_EMULATED, S("messages.content"));
        rc = gemini_put_block(p, b, false);
    }
    return rc;
}

static int put_item(struct gemini_parts *p, const struct item *i, bool sign)
{
    str name = S_EMPTY, id = S_EMPTY;
    if (i->call) {
        name = name_fit(p->w->a, &name_rule_gemini, i->call->call.space, i->call->call.name);
        id = i->call->call.id;
    }
    switch (i->kind) {
    case ITEM_BLOCK:
        return gemini_put_block(p, i->block, sign);
    case ITEM_SYSTEM:
        put_wrapped(p, "<system>", i->block->text, "</system>");
        return 0;
    case ITEM_RESULT:
        gemini_put_result(p, i->block, id, name);
        return 0;
    case ITEM_MISSING:
        gemini_put_missing(p, id, name);
        return 0;
    case ITEM_ORPHAN:
        put_wrapped(p, "<tool_result>", block_list_text(p->w->a, i->block->result.blocks, S("\n")),
                    "</tool_result>");
        return 0;
    }
    return 0;
}

/* Takes back what was written since. */
static void take_back(struct json_writer *j, const struct json_writer *before, size_t mark)
{
    j->out->n = mark;
    *j = *before;
}

/* A content that has no part left is none. */
static int put_content(struct json_writer *j, struct writing *w, const struct content *c, bool sign)
{
    size_t mark = j->out->n;
    struct json_writer before = *j;
    json_begin_object(j, NULL);
    json_put_str(j, "role", c->is_model ? S("model") : S("user"));
    json_begin_array(j, "parts");
    size_t empty = j->out->n;
    struct gemini_parts p = {.j = j, .w = w};
    int rc = 0;
    bool wants = sign;
    for (const struct item *i = c->first; i && rc == 0; i = i->next) {
        bool is_first = wants && i->kind == ITEM_BLOCK && i->block->kind == BLOCK_TOOL_CALL;
        rc = put_item(&p, i, is_first);
        wants = wants && !is_first;
    }
    for (const struct item *i = c->first; i && rc == 0; i = i->next) {
        if (i->kind == ITEM_RESULT)
            rc = put_result_media(&p, i->block);
    }
    bool is_empty = j->out->n == empty;
    json_end_array(j);
    json_end_object(j);
    if (is_empty)
        take_back(j, &before, mark);
    return rc;
}

/* The calls of the current turn, which is all behind the user's last words, have to be signed. */
static const struct content *current_turn(const struct content *first)
{
    const struct content *from = first;
    for (const struct content *c = first; c; c = c->next)
        from = c->has_user_words ? c : from;
    return from;
}

static int put_plan(struct json_writer *j, struct writing *w, const struct plan *p)
{
    const struct content *from = current_turn(p->first);
    bool must_sign = (w->can->can & CAN_SIGN_CALLS) != 0, is_current = false;
    int rc = 0;
    for (const struct content *c = p->first; c && rc == 0; c = c->next) {
        is_current = is_current || c == from;
        rc = put_content(j, w, c, must_sign && is_current);
    }
    return rc;
}

/* ---- the request's own dialect ---- */

/* A content whose parts were all another provider's own is none. */
static int put_own_turn(struct json_writer *j, struct writing *w, const struct turn *t)
{
    struct gemini_parts p = {.j = j, .w = w, .is_own = true};
    struct json_writer before = *j;
    size_t mark = j->out->n, empty = 0;
    bool is_empty = false;
    int rc = 0;
    json_begin_object(j, NULL);
    if (!gemini_is_kept(&t->verbatim, "role"))
        json_put_str(j, "role", t->role == ROLE_ASSISTANT ? S("model") : S("user"));
    if (!gemini_is_kept(&t->verbatim, "parts")) {
        json_begin_array(j, "parts");
        empty = j->out->n;
        for (const struct block *b = t->blocks; b && rc == 0; b = b->next)
            rc = gemini_put_block(&p, b, false);
        is_empty = t->blocks && j->out->n == empty;
        json_end_array(j);
    }
    gemini_put_kept(j, &t->verbatim);
    extras_put(j, &t->extras, DIALECT_GEMINI);
    json_end_object(j);
    if (is_empty)
        take_back(j, &before, mark);
    return rc;
}

static int put_own(struct json_writer *j, struct writing *w, const struct chat *c)
{
    if (gemini_is_kept(&c->verbatim, "contents"))
        return 0;
    int rc = 0;
    json_begin_array(j, "contents");
    for (const struct turn *t = c->turns; t && rc == 0; t = t->next)
        rc = put_own_turn(j, w, t);
    json_end_array(j);
    return rc;
}

/* ---- instructions ---- */

static void put_words(struct gemini_parts *p, const struct block *list)
{
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind == BLOCK_TEXT && b->text.n > 0)
            gemini_put_text(p, b->text, false, NULL);
        else if (b->kind != BLOCK_TEXT)
            loss_add(p->w->loss, LOSS_DROPPED, S("system"));
    }
}

static void put_system(struct json_writer *j, struct writing *w, const struct chat *c)
{
    struct gemini_parts p = {.j = j, .w = w};
    json_begin_array(j, "parts");
    put_words(&p, c->instructions);
    for (const struct turn *t = c->turns; t && turn_is_leading(c, t); t = t->next)
        put_words(&p, t->blocks);
    json_end_array(j);
}

static bool has_system(const struct chat *c)
{
    bool found = block_list_has(c->instructions, BLOCK_TEXT);
    for (const struct turn *t = c->turns; t && !found && turn_is_leading(c, t); t = t->next)
        found = block_list_has(t->blocks, BLOCK_TEXT);
    return found;
}

/* Instructions alone are no request here: they are what the user says. */
static void put_system_as_user(struct json_writer *j, struct writing *w, const struct chat *c)
{
    json_begin_object(j, NULL);
    json_put_str(j, "role", S("user"));
    put_system(j, w, c);
    json_end_object(j);
    loss_add(w->loss, LOSS_EMULATED, S("messages.role"));
}

int gemini_contents_put(struct json_writer *j, struct writing *w, const struct chat *c)
{
    if (c->origin == DIALECT_GEMINI)
        return put_own(j, w, c);
    struct plan p = {.w = w};
    int rc = make_room(w, c);
    if (rc != 0)
        return rc;
    table_init(&p.results);
    plan_make(&p, c);
    json_begin_array(j, "contents");
    size_t empty = j->out->n;
    rc = put_plan(j, w, &p);
    table_fini(&p.results);
    bool is_empty = j->out->n == empty, with_system = has_system(c);
    if (rc != 0)
        return rc;
    if (is_empty && !with_system)
        return writing_refuse(w, "messages", "There is no message with any content.");
    if (is_empty)
        put_system_as_user(j, w, c);
    json_end_array(j);
    if (!is_empty && with_system) {
        json_begin_object(j, "systemInstruction");
        put_system(j, w, c);
        json_end_object(j);
    }
    return 0;
}
