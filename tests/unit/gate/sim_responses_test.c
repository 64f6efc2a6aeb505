#include "gate/sim_responses.c"

#include "sim_streams.h"
#include "tap.h"

static struct arena arena;

static struct sim_answer answer_of(str text)
{
    struct sim_answer a = {.model = S("m"), .id = "01ID", .created = 7, .input_tokens = 3};
    buf_init(&a.text, 1024);
    buf_init(&a.tool, 64);
    buf_init(&a.echo, 64);
    buf_put(&a.text, text);
    buf_put(&a.echo, S(",\"tools\":[]"));
    return a;
}

/* Streams the answer and checks what holds for every stream. Returns the types of its events,
 * deltas once, and the last response object. */
static str stream(const struct sim_answer *a, const struct json **last)
{
    struct sim_pen p = {.answer = a};
    struct buf types, deltas;
    struct sse_event event;
    const struct json *data;
    int64_t expected = 0, sequence = 0;
    bool is_sound = true;
    str before = S_EMPTY;
    buf_init(&p.out, 1u << 20);
    buf_init(&types, 4096);
    buf_init(&deltas, 4096);
    sim_stream(&sim_shape_responses, &p);
    str rest = arena_str(&arena, buf_str(&p.out));
    while (sim_next_event(&arena, &rest, &event, &data)) {
        str type = json_str(json_get(data, "type"));
        is_sound = is_sound && str_eq(type, event.type) &&
                   json_i64(json_get(data, "sequence_number"), &sequence) && sequence == expected;
        expected++;
        buf_put(&deltas, json_str(json_get(data, "delta")));
        if (!str_eq(type, before)) {
            buf_put(&types, types.n > 0 ? S(" ") : S(""));
            buf_put(&types, str_skip(type, sizeof "response." - 1));
        }
        before = type;
        *last = json_get(data, "response");
    }
    ok(is_sound, "each event's type stands twice, and they are numbered");
    is_str(buf_str(&deltas), buf_str(&a->text), "the deltas join to the text");
    str seen = arena_str(&arena, buf_str(&types));
    buf_fini(&deltas);
    buf_fini(&types);
    buf_fini(&p.out);
    return seen;
}

static const struct json *whole(const struct sim_answer *a)
{
    struct sim_pen p = {.answer = a};
    const struct json *root;
    size_t error_at;
    buf_init(&p.out, 1u << 20);
    sim_shape_responses.whole(&p);
    must(json_read(&arena, arena_str(&arena, buf_str(&p.out)), &root, &error_at) == 0);
    buf_fini(&p.out);
    return root;
}

static str printed(const struct json *v)
{
    struct buf b;
    buf_init(&b, 1u << 16);
    json_put(&b, v);
    str text = arena_str(&arena, buf_str(&b));
    buf_fini(&b);
    return text;
}

static const struct json *item_of(const struct json *response)
{
    return json_at(json_get(response, "output"), 0);
}

static void test_text(void)
{
    struct sim_answer a = answer_of(S("say \"hi\" to \xc3\xa4 all"));
    a.output_tokens = 5;
    const struct json *root = whole(&a), *last = NULL;
    const struct json *part = json_at(json_get(item_of(root), "content"), 0);
    is_str(json_str(json_get(part, "text")), buf_str(&a.text), "the text");
    is_str(json_str(json_get(root, "status")), S("completed"), "completed");
    ok(json_get(root, "tools"), "the settings are repeated");
    is_str(stream(&a, &last),
           S("created in_progress output_item.added content_part.added output_text.delta "
             "output_text.done content_part.done output_item.done completed"),
           "the events of a text");
    is_str(printed(last), printed(root), "the last event has the whole response");
    sim_answer_fini(&a);
}

static void test_cut(void)
{
    struct sim_answer a = answer_of(S("cut"));
    const struct json *last = NULL;
    a.output_tokens = 1;
    a.is_cut = true;
    str types = stream(&a, &last);
    ok(str_has_suffix(types, S("output_item.done incomplete")), "a cut text ends incomplete");
    is_str(printed(json_get(last, "incomplete_details")), S("{\"reason\":\"max_output_tokens\"}"),
           "for a reason");
    sim_answer_fini(&a);
    a = answer_of(S_EMPTY);
    is_str(stream(&a, &last),
           S("created in_progress output_item.added content_part.added output_text.done "
             "content_part.done output_item.done completed"),
           "no text, no delta");
    sim_answer_fini(&a);
}

static void test_call(void)
{
    struct sim_answer a = answer_of(S("{\"city\":\"text\",\"n\":3}"));
    const struct json *last = NULL;
    a.is_call = true;
    a.output_tokens = 2;
    buf_put(&a.tool, S("weather"));
    const struct json *root = whole(&a);
    is_str(printed(item_of(root)),
           S("{\"id\":\"fc_01ID\",\"type\":\"function_call\",\"call_id\":\"call_01ID\","
             "\"name\":\"weather\",\"arguments\":\"{\\\"city\\\":\\\"text\\\",\\\"n\\\":3}\","
             "\"status\":\"completed\"}"),
           "a call is an item");
    is_str(stream(&a, &last),
           S("created in_progress output_item.added function_call_arguments.delta "
             "function_call_arguments.done output_item.done completed"),
           "the events of a call");
    is_str(printed(last), printed(root), "the last event has the whole response");
    sim_answer_fini(&a);
}

int main(void)
{
    arena_init(&arena, 512, 16u << 20);
    test_text();
    test_cut();
    test_call();
    arena_fini(&arena);
    return tap_done();
}
