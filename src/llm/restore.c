/* The stage behind a provider's decoder. Almost every event passes as it is; the start of a tool
 * call may get another name, what carries a seal is copied to say whose it is, and the arguments of
 * a custom tool, which the provider sees as {"input": "..."}, are held until they can be read. */
#include "llm/restore.h"

#include "llm/dialect_id.h"
#include "llm/dialect_responses.h"
#include "wire/json.h"

#define KEEP_MAX ((size_t)64 << 10) /* bytes of tools that are copied */

void restore_init(struct restore *r, const struct sink *to, struct arena *scratch, size_t max_bytes)
{
    *r = (struct restore){.to = *to, .scratch = scratch};
    buf_init(&r->held, max_bytes);
}

void restore_fini(struct restore *r)
{
    buf_fini(&r->held);
}

static void name_seal(const struct restore *r, struct seal *s)
{
    if (s->kind == SEAL_NONE || s->provider.n > 0)
        return;
    s->provider = r->provider;
    s->model = r->model;
    if (s->family == FAMILY_UNKNOWN)
        s->family = r->family;
}

static void name_call(struct restore *r, struct tool_call *call)
{
    if (!r->asked || !r->rule || call->kind == TOOL_SERVER)
        return;
    const struct tool *t = name_restore(r->asked, r->rule, call->name);
    if (!t)
        return;
    call->name = t->name;
    call->space = t->space;
    r->is_held = t->kind == TOOL_CUSTOM && call->kind == TOOL_FUNCTION;
    call->kind = t->kind;
}

/* A copy of the block with its names restored. */
static const struct block *restored(struct restore *r, const struct block *from, bool is_start)
{
    struct block *b = arena_new(r->scratch, struct block);
    *b = *from;
    name_seal(r, &b->seal);
    if (b->kind == BLOCK_TOOL_CALL && is_start)
        name_call(r, &b->call);
    return b;
}

static int start_block(struct restore *r, const struct event *ev)
{
    struct event out = *ev;
    bool was_held = r->is_held;
    if (!ev->content)
        return sink_put(&r->to, ev);
    out.content = restored(r, ev->content, true);
    if (r->is_held && !was_held) {
        r->choice = ev->choice;
        r->block = ev->block;
        buf_reset(&r->held);
    }
    return sink_put(&r->to, &out);
}

static bool is_held(const struct restore *r, const struct event *ev)
{
    return r->is_held && ev->choice == r->choice && ev->block == r->block;
}

/* The free text in {"input": "..."}; what is anything else goes as it is. */
static int release(struct restore *r)
{
    const struct json *args = NULL;
    size_t at = 0;
    str text = buf_str(&r->held);
    if (json_read(r->scratch, text, &args, &at) == 0 && json_is_str(json_get(args, "input")))
        text = json_str(json_get(args, "input"));
    struct event delta = {.kind = EV_DELTA, .choice = r->choice, .block = r->block};
    delta.delta.kind = DELTA_ARGS;
    delta.delta.text = text;
    r->is_held = false;
    int rc = text.n > 0 ? sink_put(&r->to, &delta) : 0;
    buf_fini(&r->held);
    return rc;
}

static int stop_block(struct restore *r, const struct event *ev)
{
    struct event out = *ev;
    int rc = is_held(r, ev) ? release(r) : 0;
    if (ev->content)
        out.content = restored(r, ev->content, false);
    return rc < 0 ? rc : sink_put(&r->to, &out);
}

static int put(void *arg, const struct event *ev)
{
    struct restore *r = arg;
    if (ev->kind == EV_BLOCK_START)
        return start_block(r, ev);
    if (ev->kind == EV_BLOCK_STOP)
        return stop_block(r, ev);
    if (ev->kind != EV_DELTA || !is_held(r, ev))
        return sink_put(&r->to, ev);
    buf_put(&r->held, ev->delta.text);
    return buf_is_ok(&r->held) ? 0 : -E_PROVIDER_TOO_LARGE;
}

struct sink restore_sink(struct restore *r)
{
    return (struct sink){.put = put, .arg = r};
}

/* Does the tool come back by itself: a function whose name goes as it is? One that has a type is
 * one of OpenAI's own, and called otherwise there. */
static bool is_itself(const struct tool *t, const struct name_rule *rule)
{
    return t->space.n == 0 && t->type.n == 0 && t->kind == TOOL_FUNCTION &&
           name_is_of(t, rule, t->name);
}

/* Whether all that had to be kept were few enough. */
static bool keep_tools(struct arena *a, const struct chat *from, struct chat *to,
                       const struct name_rule *rule)
{
    size_t room = KEEP_MAX;
    for (const struct tool *t = from->tools; t && rule; t = t->next) {
        if (t->kind == TOOL_SERVER || is_itself(t, rule))
            continue;
        size_t n = sizeof *t + t->name.n + t->space.n + t->type.n;
        if (n > room)
            return false;
        room -= n;
        struct tool *kept = tool_add(a, to, t->kind);
        kept->name = arena_str(a, t->name);
        kept->space = arena_str(a, t->space);
        kept->type = arena_str(a, t->type);
    }
    return true;
}

const struct chat *restore_keep(struct arena *a, const struct chat *from,
                                const struct name_rule *rule)
{
    struct chat *to = arena_new(a, struct chat);
    to->origin = from->origin;
    to->model = arena_str(a, from->model);
    to->is_stream = from->is_stream;
    to->asks_usage = from->asks_usage;
    to->is_text = from->is_text;
    to->uses_functions = from->uses_functions;
    to->sampling.logprobs = from->sampling.logprobs;
    to->sampling.top_logprobs = from->sampling.top_logprobs;
    to->output.format = from->output.format;
    to->reasoning.effort = from->reasoning.effort;
    to->reasoning.included = from->reasoning.included;
    if (from->origin == DIALECT_RESPONSES) {
        to->settings = responses_settings(a, from);
        if (to->settings.n == 0)
            return from;
    }
    return keep_tools(a, from, to, rule) ? to : from;
}
