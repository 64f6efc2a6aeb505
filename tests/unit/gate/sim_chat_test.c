#include "gate/sim_chat.c"

#include "sim_streams.h"
#include "tap.h"

static struct arena arena;

static struct sim_answer answer_of(str text)
{
    struct sim_answer a = {.model = S("m\"1"),
                           .id = "01ID",
                           .created = 7,
                           .input_tokens = 3,
                           .output_tokens = INT64_MAX};
    buf_init(&a.text, 1024);
    buf_init(&a.tool, 64);
    buf_init(&a.echo, 64);
    buf_put(&a.text, text);
    return a;
}

static const struct json *read(str text)
{
    const struct json *root;
    size_t error_at;
    must(json_read(&arena, text, &root, &error_at) == 0);
    return root;
}

/* {"a":{"b":[x]}} by "a", "b", 0. */
static const struct json *choice_of(const struct json *chunk)
{
    return json_at(json_get(chunk, "choices"), 0);
}

/* What a client gathers from a stream. */
struct gathered {
    struct buf text;
    str reason, call_id, tool;
    unsigned chunks, with_usage, usage_nulls;
    bool is_done, has_role;
    int64_t total;
};

static void gather_delta(struct gathered *g, const struct json *delta)
{
    const struct json *call = json_at(json_get(delta, "tool_calls"), 0);
    g->has_role = g->has_role || str_eq(json_str(json_get(delta, "role")), S("assistant"));
    buf_put(&g->text, json_str(json_get(delta, "content")));
    buf_put(&g->text, json_str(json_get(json_get(call, "function"), "arguments")));
    if (json_get(call, "id")) {
        g->call_id = json_str(json_get(call, "id"));
        g->tool = json_str(json_get(json_get(call, "function"), "name"));
    }
}

static struct gathered gather(str stream)
{
    struct gathered g = {.chunks = 0};
    struct sse_event event;
    const struct json *data;
    buf_init(&g.text, 1024);
    while (sim_next_event(&arena, &stream, &event, &data)) {
        g.is_done = !data;
        if (!data)
            continue;
        const struct json *choice = choice_of(data), *usage = json_get(data, "usage");
        g.chunks++;
        g.usage_nulls += usage && json_type(usage) == JSON_NULL;
        if (usage && json_type(usage) == JSON_OBJECT) {
            g.with_usage++;
            must(!choice && json_i64(json_get(usage, "total_tokens"), &g.total));
        }
        gather_delta(&g, json_get(choice, "delta"));
        buf_put(&g.text, json_str(json_get(choice, "text")));
        if (json_is_str(json_get(choice, "finish_reason")))
            g.reason = json_str(json_get(choice, "finish_reason"));
    }
    return g;
}

/* Streams it and compares. */
static void test_stream(const struct sim_shape *shape, struct sim_answer *a, const char *reason)
{
    struct sim_pen p = {.answer = a};
    buf_init(&p.out, 1u << 20);
    sim_stream(shape, &p);
    struct gathered g = gather(buf_str(&p.out));
    is_str(buf_str(&g.text), buf_str(&a->text), "the pieces join to the text");
    is_str(g.reason, str_from_cz(reason), "the reason of its end");
    ok(g.is_done, "[DONE] is last");
    is_int(g.with_usage, a->asks_usage, "usage when asked for");
    is_int(g.usage_nulls, a->asks_usage ? g.chunks - 1 : 0, "null in all the others, or nowhere");
    is_int(g.total, a->asks_usage ? 3 + a->output_tokens : 0, "the sum");
    is_str(g.tool, buf_str(&a->tool), "the tool's name comes with the first part");
    buf_fini(&g.text);
    buf_fini(&p.out);
}

static const struct json *whole(const struct sim_shape *shape, const struct sim_answer *a)
{
    struct sim_pen p = {.answer = a};
    buf_init(&p.out, 1u << 20);
    shape->whole(&p);
    const struct json *root = read(arena_str(&arena, buf_str(&p.out)));
    buf_fini(&p.out);
    is_str(json_str(json_get(root, "model")), S("m\"1"), "the model's name is escaped");
    return root;
}

static void test_chat(void)
{
    struct sim_answer a = answer_of(S("say \"hi\"\n to \xc3\xa4\x01 everybody here"));
    a.output_tokens = 7;
    const struct json *root = whole(&sim_shape_chat, &a);
    const struct json *message = json_get(choice_of(root), "message");
    is_str(json_str(json_get(root, "id")), S("chatcmpl-01ID"), "an id");
    is_str(json_str(json_get(message, "content")), buf_str(&a.text), "the text");
    ok(!json_get(message, "tool_calls"), "no calls");
    test_stream(&sim_shape_chat, &a, "stop");
    a.asks_usage = a.is_cut = true;
    test_stream(&sim_shape_chat, &a, "length");
    sim_answer_fini(&a);
}

static void test_call(void)
{
    struct sim_answer a = answer_of(S("{\"city\":\"text\",\"day\":\"2026-01-31\"}"));
    a.is_call = true;
    a.output_tokens = 3;
    buf_put(&a.tool, S("weather"));
    const struct json *root = whole(&sim_shape_chat, &a);
    const struct json *message = json_get(choice_of(root), "message");
    const struct json *call = json_at(json_get(message, "tool_calls"), 0);
    is_int(json_type(json_get(message, "content")), JSON_NULL, "no content");
    is_str(json_str(json_get(call, "id")), S("call_01ID"), "the call's id");
    is_str(json_str(json_get(json_get(call, "function"), "arguments")), buf_str(&a.text),
           "its arguments, as a string");
    is_str(json_str(json_get(choice_of(root), "finish_reason")), S("tool_calls"), "its reason");
    test_stream(&sim_shape_chat, &a, "tool_calls");
    sim_answer_fini(&a);
}

static void test_completions(void)
{
    struct sim_answer a = answer_of(S("one \"two\" three"));
    a.output_tokens = 3;
    const struct json *root = whole(&sim_shape_completions, &a);
    is_str(json_str(json_get(choice_of(root), "text")), buf_str(&a.text), "the text");
    is_str(json_str(json_get(root, "object")), S("text_completion"), "the object");
    test_stream(&sim_shape_completions, &a, "stop");
    a.asks_usage = true;
    test_stream(&sim_shape_completions, &a, "stop");
    sim_answer_fini(&a);
}

int main(void)
{
    arena_init(&arena, 512, 16u << 20);
    test_chat();
    test_call();
    test_completions();
    arena_fini(&arena);
    return tap_done();
}
