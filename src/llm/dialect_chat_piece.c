/* Streams of the chat dialect, read: calls in pieces.
 *
 * A call stays open while pieces of others come, until its arguments are a whole JSON value and
 * something else has begun, or the choice ends.
 *
 * Which call a piece belongs to: OpenAI numbers them by `index`. Vendors leave the index out, send
 * every call under index 0, repeat the name in every piece, or give no id. So a piece begins a new
 * call when its index is new; when it has another id than the call of that index; and when it has a
 * name and arguments while those of the call are whole already. */
#include "llm/carry.h"
#include "llm/dialect_chat_stream.h"

#define CALLS_MAX 256        /* of one choice */
#define SEALS_MAX (1u << 20) /* bytes kept of one stream's late signatures */

/* ---- calls ---- */

static void progress_feed(struct chat_progress *p, str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (p->is_escaped) {
            p->is_escaped = false;
        } else if (p->in_string) {
            p->is_escaped = c == '\\';
            p->in_string = c != '"';
        } else if (c == '"') {
            p->in_string = true;
        } else if (c == '{' || c == '[') {
            p->depth++;
            p->has_begun = true;
        } else if ((c == '}' || c == ']') && p->depth > 0) {
            p->depth--;
        }
    }
}

static bool is_whole(const struct chat_call *call)
{
    return call->progress.has_begun && call->progress.depth == 0;
}

static int close_call(const struct chat_at *at, struct chat_call *call)
{
    struct block end = {.kind = BLOCK_TOOL_CALL};
    call->is_open = false;
    if (call->seal)
        end.seal = *call->seal;
    return chat_at_put(at, (struct event){.kind = EV_BLOCK_STOP,
                                          .block = call->block,
                                          .content = call->seal ? &end : NULL});
}

/* Ends the calls that are whole: something else begins. */
int chat_at_close_whole_calls(const struct chat_at *at)
{
    int rc = 0;
    for (struct chat_call *call = at->c->calls; rc == 0 && call; call = call->next) {
        if (call->is_open && is_whole(call))
            rc = close_call(at, call);
    }
    return rc;
}

/* ---- tool calls ---- */

/* One piece of a call. */
struct piece {
    int64_t index; /* -1: none given */
    str id, name, args;
    bool is_custom;
    struct seal seal;
};

static int read_piece(const struct chat_at *at, const struct json *v, struct piece *p)
{
    const struct json *function = json_get(v, "function"), *custom = json_get(v, "custom");
    bool is_custom = str_eq(json_str(json_get(v, "type")), S("custom")) || (custom && !function);
    const struct json *of = is_custom ? custom : function;
    const struct json *args = json_get(of, is_custom ? "input" : "arguments");
    *p = (struct piece){.index = -1, .is_custom = is_custom};
    if (!v || json_type(v) != JSON_OBJECT)
        return chat_at_fail(at, "The provider sent a tool call that is no object.");
    if (!json_i64(json_get(v, "index"), &p->index) || p->index < 0)
        p->index = -1;
    p->id = json_str(json_get(v, "id"));
    p->name = json_str(json_get(of, "name"));
    p->seal = dialect_chat_call_seal(at->d->scratch, v);
    if (args && json_type(args) == JSON_OBJECT)
        p->args = json_text(at->d->scratch, args);
    else
        p->args = json_str(args);
    return 0;
}

static uint64_t hash_of(str id)
{
    return id.n > 0 ? str_hash(id, 0) | 1 : 0;
}

/* The call that the piece goes on with; NULL: it begins one. */
static struct chat_call *find_call(struct chat_choice *c, const struct piece *p)
{
    struct chat_call *found = NULL, *last = NULL;
    uint64_t id = hash_of(p->id);
    for (struct chat_call *call = c->calls; call; call = call->next) {
        last = call;
        bool is_same = p->index >= 0 ? call->index == p->index : id != 0 && call->id_hash == id;
        if (is_same)
            found = call;
    }
    if (!found && p->index < 0 && p->id.n == 0 && p->name.n == 0)
        found = last;
    if (!found)
        return NULL;
    bool has_other_id = id != 0 && found->id_hash != 0 && found->id_hash != id;
    bool is_again = p->name.n > 0 && str_trim(p->args).n > 0 && is_whole(found) &&
                    (id == 0 || found->id_hash == 0);
    return has_other_id || is_again ? NULL : found;
}

static int new_call(const struct chat_at *at, const struct piece *p, struct chat_call **out)
{
    struct chat_choice *c = at->c;
    if (c->n_calls == CALLS_MAX)
        return chat_at_fail(at, "The provider sent too many tool calls.");
    c->n_calls++;
    struct chat_call *call = arena_new(at->d->a, struct chat_call);
    call->index = p->index;
    call->is_custom = p->is_custom;
    struct chat_call **end = &c->calls;
    while (*end)
        end = &(*end)->next;
    *end = call;
    *out = call;
    int rc = chat_at_close(at, NULL);
    return rc != 0 ? rc : chat_at_close_whole_calls(at);
}

static int name_call(const struct chat_at *at, struct chat_call *call, const struct piece *p)
{
    struct block b = {.kind = BLOCK_TOOL_CALL, .seal = p->seal};
    b.call.kind = call->is_custom ? TOOL_CUSTOM : TOOL_FUNCTION;
    b.call.id = call->id.n > 0 ? call->id : p->id;
    b.call.name = p->name;
    if (b.call.id.n == 0)
        b.call.id = make_id(at->d->scratch, "call_", at->s->seed, at->s->n_ids);
    at->s->n_ids++;
    call->is_named = call->is_open = true;
    return chat_at_begin(at, &b, &call->block);
}

static int put_args(const struct chat_at *at, struct chat_call *call, str args)
{
    if (args.n == 0)
        return 0;
    if (!call->is_open) {
        return str_trim(args).n == 0
                   ? 0
                   : chat_at_fail(at, "The provider sent arguments behind the end of a tool call.");
    }
    progress_feed(&call->progress, args);
    struct event ev = {.kind = EV_DELTA, .block = call->block};
    ev.delta.kind = DELTA_ARGS;
    ev.delta.text = args;
    return chat_at_put(at, ev);
}

/* A signature that comes behind the call's start is kept for its end. */
static void keep_seal(const struct chat_at *at, struct chat_call *call, const struct seal *seal)
{
    struct arena *a = at->d->a;
    if (seal->kind == SEAL_NONE || call->seal || at->s->seal_bytes + seal->value.n > SEALS_MAX)
        return;
    at->s->seal_bytes += seal->value.n;
    call->seal = arena_new(a, struct seal);
    *call->seal = *seal;
    call->seal->provider = chat_kept(a, seal->provider, CHAT_WORD_MAX);
    call->seal->model = chat_kept(a, seal->model, CHAT_WORD_MAX);
    call->seal->value = arena_str(a, seal->value);
}

static int take_piece(const struct chat_at *at, const struct piece *p)
{
    struct chat_call *call = find_call(at->c, p);
    int rc = call ? 0 : new_call(at, p, &call);
    if (rc != 0 || !call)
        return rc;
    if (call->id_hash == 0)
        call->id_hash = hash_of(p->id);
    if (!call->is_named && p->name.n == 0) {
        if (p->args.n > 0)
            return chat_at_fail(at, "The provider sent a tool call without a name.");
        call->id = p->id.n > 0 ? chat_kept(at->d->a, p->id, CHAT_WORD_MAX) : call->id;
        return 0;
    }
    if (call->is_named)
        keep_seal(at, call, &p->seal);
    else
        rc = name_call(at, call, p);
    return rc != 0 ? rc : put_args(at, call, p->args);
}

static int read_calls(const struct chat_at *at, const struct json *list)
{
    struct piece p;
    int rc = 0;
    for (struct json_iter it = json_iter(list); rc == 0 && json_iter_next(&it);) {
        rc = read_piece(at, it.value, &p);
        if (rc == 0)
            rc = take_piece(at, &p);
    }
    return rc;
}

/* delta.function_call {name, arguments}: the one call of old. */
static int read_function_call(const struct chat_at *at, const struct json *v)
{
    struct piece p = {.index = 0,
                      .name = json_str(json_get(v, "name")),
                      .args = json_str(json_get(v, "arguments"))};
    if (p.name.n == 0 && p.args.n == 0)
        return 0;
    return take_piece(at, &p);
}

int chat_at_read_calls(const struct chat_at *at, const struct json *delta)
{
    int rc = read_calls(at, json_get(delta, "tool_calls"));
    return rc != 0 ? rc : read_function_call(at, json_get(delta, "function_call"));
}

int chat_at_close_calls(const struct chat_at *at)
{
    int rc = 0;
    for (struct chat_call *call = at->c->calls; rc == 0 && call; call = call->next) {
        if (!call->is_named)
            return chat_at_fail(at, "The provider sent a tool call without a name.");
        if (call->is_open)
            rc = close_call(at, call);
    }
    return rc;
}
