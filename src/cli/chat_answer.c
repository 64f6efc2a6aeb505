/* What a model says. A chunk's `delta` and a whole answer's `message` have the same members, so one
 * function folds both; the only difference is how often it is called.
 *
 * Reasoning has two names among providers (reasoning_content, reasoning). A call of a tool comes in
 * pieces: first its name, then its arguments as text. Both are told beside the answer, not in it:
 * who pipes the answer somewhere wants what was said. */
#include "cli/chat_answer.h"

#include "base/err.h"
#include "wire/json.h"

#define EVENT_ARENA_MAX (256u << 20)

void chat_answer_init(struct chat_answer *c)
{
    *c = (struct chat_answer){.is_cut = false};
    buf_init(&c->text, CHAT_ANSWER_MAX);
    buf_init(&c->aside, CHAT_ANSWER_MAX);
    buf_init(&c->error, CHAT_ANSWER_MAX);
    buf_init(&c->held, CHAT_ANSWER_MAX);
    sse_split_init(&c->split);
}

void chat_answer_fini(struct chat_answer *c)
{
    buf_fini(&c->text);
    buf_fini(&c->aside);
    buf_fini(&c->error);
    buf_fini(&c->held);
}

/* ---- the fold ---- */

static void take_reasoning(struct chat_answer *c, str piece)
{
    if (piece.n == 0)
        return;
    if (c->is_calling)
        buf_put_char(&c->aside, '\n');
    c->is_calling = false;
    c->is_reasoning = true;
    buf_put(&c->aside, piece);
}

static void take_calls(struct chat_answer *c, const struct json *calls)
{
    for (struct json_iter it = json_iter(calls); json_iter_next(&it);) {
        const struct json *function = json_get(it.value, "function");
        str name = json_str(json_get(function, "name"));
        if (name.n > 0) {
            buf_put(&c->aside, c->is_calling || c->is_reasoning ? S("\n") : S(""));
            buf_put(&c->aside, S("call of the tool "));
            buf_put(&c->aside, name);
            buf_put_char(&c->aside, ' ');
            c->is_calling = true;
            c->is_reasoning = false;
        }
        buf_put(&c->aside, json_str(json_get(function, "arguments")));
    }
}

/* A delta or a message. */
static void take_message(struct chat_answer *c, const struct json *m)
{
    str thought = json_str(json_get(m, "reasoning_content"));
    take_reasoning(c, thought.n > 0 ? thought : json_str(json_get(m, "reasoning")));
    str said = json_str(json_get(m, "content"));
    str refusal = json_str(json_get(m, "refusal"));
    bool begins = (said.n > 0 || refusal.n > 0) && (c->is_reasoning || c->is_calling);
    if (begins) {
        buf_put_char(&c->aside, '\n');
        c->is_reasoning = c->is_calling = false;
    }
    buf_put(&c->text, said);
    buf_put(&c->text, refusal);
    take_calls(c, json_get(m, "tool_calls"));
}

static void take_finish(struct chat_answer *c, str reason)
{
    if (reason.n == 0)
        return;
    c->is_complete = true;
    c->is_cut = str_eq(reason, S("length"));
    c->is_filtered = str_eq(reason, S("content_filter"));
}

static int take_object(struct chat_answer *c, const struct json *root, const char *member)
{
    const struct json *error = json_get(root, "error");
    if (error && json_type(error) != JSON_NULL) {
        json_put(&c->error, root);
        return 0;
    }
    const struct json *choices = json_get(root, "choices");
    if (!choices || json_type(choices) != JSON_ARRAY)
        return -E_PROVIDER_BODY;
    const struct json *first = json_at(choices, 0); /* none: a chunk that brings the usage */
    take_message(c, json_get(first, member));
    take_finish(c, json_str(json_get(first, "finish_reason")));
    bool is_ok = buf_is_ok(&c->text) && buf_is_ok(&c->aside) && buf_is_ok(&c->error);
    return is_ok ? 0 : -E_TOO_LARGE;
}

static int take_text(struct chat_answer *c, str text, const char *member)
{
    struct arena a;
    const struct json *root = NULL;
    size_t error_at = 0;
    arena_init(&a, 4096, EVENT_ARENA_MAX);
    int rc = json_read(&a, text, &root, &error_at);
    rc = rc == 0 ? take_object(c, root, member) : -E_PROVIDER_BODY;
    arena_fini(&a);
    return rc;
}

int chat_answer_whole(struct chat_answer *c, str body)
{
    int rc = take_text(c, body, "message");
    c->is_complete = rc == 0;
    return rc;
}

/* ---- streams ---- */

static int take_event(struct chat_answer *c, str event)
{
    struct arena a;
    struct sse_event e;
    int rc = 0;
    arena_init(&a, 4096, EVENT_ARENA_MAX);
    sse_parse(&a, event, &e);
    if (e.has_data && str_eq(e.data, S("[DONE]")))
        c->is_complete = true;
    else if (e.has_data && e.data.n > 0)
        rc = take_text(c, e.data, "delta");
    arena_fini(&a);
    return rc;
}

int chat_answer_feed(struct chat_answer *c, str bytes)
{
    size_t whole = sse_split_feed(&c->split, bytes);
    buf_put(&c->held, whole > 0 ? str_slice(bytes, 0, whole) : bytes);
    if (!buf_is_ok(&c->held))
        return -E_TOO_LARGE;
    if (whole == 0)
        return 0;
    str events = buf_str(&c->held), event;
    while (sse_next(&events, &event)) {
        int rc = take_event(c, event);
        if (rc < 0)
            return rc;
    }
    buf_reset(&c->held);
    buf_put(&c->held, str_skip(bytes, whole));
    return 0;
}
