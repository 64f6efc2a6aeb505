/* How much a Claude model is to think, from the wishes of any dialect.
 *
 * Three generations of the parameter are in use: a budget in tokens (thinking enabled), thinking as
 * the model sees fit with an effort beside it (adaptive), and, where it can no longer be switched
 * off, thinking between tools as the least there is. What a model takes stands in its capability;
 * a wish in another coin is changed into it, with a note.
 *
 * A budget is part of max_tokens, so the room is raised until both fit. And inside a tool loop a
 * budgeted request is refused when the last call comes without the thoughts that led to it, which
 * a client of another dialect may have lost: then this request goes without thinking.
 * https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking */
#include "llm/dialect_anthropic.h"

#include "llm/carry.h"

#define BUDGET_MIN       1024 /* tokens; less is refused */
#define MAX_TOKENS_USUAL 8192 /* where the model's own maximum is not known */

static bool can(const struct capability *c, enum thinking mode)
{
    return (c->thinking & UINT32_C(1) << mode) != 0;
}

static bool can_effort(const struct capability *c, enum effort e)
{
    return (c->efforts & UINT32_C(1) << e) != 0;
}

static void clamped(struct writing *w, const struct chat *c)
{
    setting_lost(w, c, LOSS_CLAMPED, SETTING_REASONING);
}

/* The effort itself, else the next lower one, else the lowest there is. */
static enum effort fit_effort(const struct capability *can_do, enum effort wanted)
{
    for (enum effort e = wanted; e >= EFFORT_MINIMAL; e--) {
        if (can_effort(can_do, e))
            return e;
    }
    for (enum effort e = EFFORT_MINIMAL; e <= EFFORT_MAX; e++) {
        if (can_effort(can_do, e))
            return e;
    }
    return EFFORT_UNSET;
}

static enum effort settle_effort(struct writing *w, const struct chat *c, enum effort wanted)
{
    if (wanted == EFFORT_UNSET)
        return EFFORT_UNSET;
    enum effort e = fit_effort(w->can, wanted);
    if (e != wanted)
        clamped(w, c);
    return e;
}

static bool wants_off(const struct reasoning_wish *wish)
{
    return wish->thinking == THINKING_OFF || wish->effort == EFFORT_NONE ||
           wish->budget_tokens == 0;
}

static bool wants_any(const struct reasoning_wish *wish)
{
    return wish->thinking != THINKING_UNSET || wish->effort != EFFORT_UNSET ||
           wish->budget_tokens >= 0;
}

/* As little as the model can. */
static void think_least(struct writing *w, const struct chat *c, struct anthropic_thinking *t)
{
    if (w->can->thinking == 0)
        return;
    if (can(w->can, THINKING_OFF)) {
        t->mode = THINKING_OFF;
        return;
    }
    clamped(w, c);
    if (can(w->can, THINKING_BETWEEN_TOOLS))
        t->mode = THINKING_BETWEEN_TOOLS;
    else
        t->effort = fit_effort(w->can, EFFORT_MINIMAL);
}

static void think(struct writing *w, const struct chat *c, struct anthropic_thinking *t)
{
    const struct reasoning_wish *wish = &c->reasoning;
    bool has_budget = wish->budget_tokens > 0;
    enum effort e = wish->effort;
    if (e == EFFORT_UNSET && has_budget)
        e = effort_of_budget(wish->budget_tokens);
    bool has_both = can(w->can, THINKING_ADAPTIVE) && can(w->can, THINKING_ON);
    if (has_both ? !has_budget : can(w->can, THINKING_ADAPTIVE)) {
        t->mode = THINKING_ADAPTIVE;
        t->effort = settle_effort(w, c, e);
        if (has_budget)
            clamped(w, c);
        return;
    }
    if (can(w->can, THINKING_ON)) {
        t->mode = THINKING_ON;
        t->budget = has_budget ? wish->budget_tokens : effort_budget(e);
        if (e == EFFORT_UNSET && !has_budget)
            t->budget = effort_budget(EFFORT_MEDIUM);
        return;
    }
    if (w->can->efforts != 0)
        t->effort = settle_effort(w, c, e);
    else
        setting_lost(w, c, LOSS_DROPPED, SETTING_REASONING);
}

/* ---- the loop ---- */

/* The last message of the assistant that calls tools, if their results end the conversation. */
static const struct anthropic_message *open_call(const struct anthropic_message *messages)
{
    const struct anthropic_message *call = NULL;
    for (const struct anthropic_message *m = messages; m && m->next; m = m->next) {
        bool has_result = m->next->items->id.n > 0;
        if (m->role == ROLE_ASSISTANT)
            call = has_result ? m : NULL;
    }
    return call;
}

static bool is_thought(const struct anthropic_item *item)
{
    return item->block && item->block->kind == BLOCK_REASONING;
}

static bool has_thoughts(const struct anthropic_message *messages)
{
    for (const struct anthropic_message *m = messages; m; m = m->next) {
        for (const struct anthropic_item *i = m->items; i; i = i->next) {
            if (is_thought(i))
                return true;
        }
    }
    return false;
}

/* ---- room ---- */

static int64_t most_of(const struct capability *c)
{
    return c->max_output > 0 ? c->max_output : MAX_TOKENS_USUAL;
}

/* What the client allowed; -1: it said nothing, or nothing that is a number. */
static int64_t allowed_by(const struct chat *c)
{
    int64_t n = -1;
    str whole = S_EMPTY, fraction = S_EMPTY;
    (void)str_cut(c->max_output, '.', &whole, &fraction);
    return str_to_i64(whole, &n) ? n : -1;
}

static void settle_room(struct writing *w, const struct chat *c, struct anthropic_thinking *t)
{
    int64_t most = most_of(w->can), asked = allowed_by(c);
    int64_t room = asked >= 0 ? asked : most;
    if (t->mode == THINKING_ON) {
        if (t->budget < 0)
            t->budget = most - most / 4;
        if (t->budget < BUDGET_MIN)
            t->budget = BUDGET_MIN;
        if (t->budget >= room && __builtin_add_overflow(t->budget, room, &room))
            room = INT64_MAX;
    }
    if (w->can->max_output > 0 && room > most)
        room = most;
    if (t->mode == THINKING_ON && t->budget >= room) {
        t->budget = MAX(BUDGET_MIN, room - room / 4);
        room = MAX(room, t->budget + 1);
        clamped(w, c);
    }
    if (asked >= 0 && room != asked)
        setting_lost(w, c, LOSS_CLAMPED, SETTING_MAX_OUTPUT);
    t->max_tokens = arena_printf(w->a, "%lld", (long long)room);
}

struct anthropic_thinking anthropic_think(struct writing *w, const struct chat *c,
                                          const struct anthropic_message *messages)
{
    struct anthropic_thinking t = {.budget = -1};
    if (wants_off(&c->reasoning))
        think_least(w, c, &t);
    else if (wants_any(&c->reasoning))
        think(w, c, &t);
    const struct anthropic_message *loop = open_call(messages);
    if (t.mode == THINKING_ON && loop && !is_thought(loop->items)) {
        t.mode = can(w->can, THINKING_OFF) ? THINKING_OFF : THINKING_UNSET;
        setting_lost(w, c, LOSS_DROPPED, SETTING_REASONING);
    }
    t.drops_stale = (w->can->can & CAN_DROP_STALE) != 0 && has_thoughts(messages);
    if (t.drops_stale && t.mode == THINKING_UNSET && can(w->can, THINKING_ADAPTIVE))
        t.mode = THINKING_ADAPTIVE;
    settle_room(w, c, &t);
    return t;
}
