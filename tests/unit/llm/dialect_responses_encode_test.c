/* Answers written: the events that a client of this dialect gets, one after the other; items in the
 * order of their announcement whatever is open beside what; and the whole answer, which is what the
 * last event of the stream has. */
#include "llm/dialect_responses_encode.c"

#include "llm/dialect_responses_bench.h"

/* ---- an encoder fed by hand ---- */

struct feed {
    struct bench b;
    struct arena a;
    struct buf out;
    struct encoder e;
    struct chat *asked;
    int rc;
};

static void feed_init(struct feed *f)
{
    memset(f, 0, sizeof(*f));
    bench_init(&f->b);
    arena_init(&f->a, 4096, 64 << 20);
    buf_init(&f->out, 256u << 20);
    f->asked = arena_new(&f->a, struct chat);
    f->asked->origin = DIALECT_RESPONSES;
    f->e = (struct encoder){.a = &f->a, .scratch = &f->b.p->scratch, .out = &f->out};
    f->e.w = pipe_writing(f->b.p, dialect_get(DIALECT_ANTHROPIC), f->asked);
}

static void feed_fini(struct feed *f)
{
    arena_fini(&f->a);
    buf_fini(&f->out);
    bench_fini(&f->b);
}

static void feed_event(struct feed *f, struct event ev)
{
    int rc = responses_write_event(&f->e, &ev);
    f->rc = f->rc != 0 ? f->rc : rc;
}

static void put_start(struct feed *f)
{
    feed_event(f, (struct event){.kind = EV_START, .start = {.created_s = 1700000001}});
}

static void put_block(struct feed *f, unsigned block, struct block content)
{
    feed_event(f, (struct event){.kind = EV_BLOCK_START, .block = block, .content = &content});
}

static void put_delta(struct feed *f, unsigned block, enum delta_kind kind, const char *text)
{
    feed_event(f, (struct event){.kind = EV_DELTA,
                                 .block = block,
                                 .delta = {.kind = kind, .text = str_from_cz(text)}});
}

static void put_stop(struct feed *f, unsigned block)
{
    feed_event(f, (struct event){.kind = EV_BLOCK_STOP, .block = block});
}

static void say(struct feed *f, unsigned block, const char *text)
{
    put_block(f, block, (struct block){.kind = BLOCK_TEXT});
    put_delta(f, block, DELTA_TEXT, text);
    put_stop(f, block);
}

static void put_end(struct feed *f, enum finish reason)
{
    struct usage u = USAGE_NONE;
    u.input_tokens = 7;
    u.output_tokens = 9;
    feed_event(f, (struct event){.kind = EV_FINISH, .finish = {.reason = reason}});
    feed_event(f, (struct event){.kind = EV_USAGE, .usage = u});
    feed_event(f, (struct event){.kind = EV_END});
}

static struct block call(const char *id, const char *name)
{
    return (struct block){.kind = BLOCK_TOOL_CALL,
                          .call = {.id = str_from_cz(id), .name = str_from_cz(name)}};
}

/* ---- what came out ---- */

/* The names of all events, without their common beginning, and a check of their numbers. */
static str names(struct feed *f)
{
    struct buf list;
    buf_init(&list, 65536);
    str rest = buf_str(&f->out), event;
    int64_t n = 0, number = -1;
    while (sse_next(&rest, &event)) {
        struct sse_event e;
        sse_parse(&f->b.p->a, event, &e);
        if (!e.has_data)
            continue;
        const struct json *v = bench_json(&f->b, e.data);
        bool is_numbered = json_i64(json_get(v, "sequence_number"), &number) && number == n++;
        bool is_named = str_eq(json_str(json_get(v, "type")), e.type);
        str name = str_has_prefix(e.type, S("response.")) ? str_skip(e.type, 9) : e.type;
        buf_printf(&list, "%s" STR_FMT "%s", list.n > 0 ? " " : "", STR_ARG(name),
                   is_numbered && is_named ? "" : "!");
    }
    str text = arena_str(&f->b.p->a, buf_str(&list));
    buf_fini(&list);
    return text;
}

/* The data of the i-th event of that type. */
static str data_of(struct feed *f, const char *type, int i)
{
    str rest = buf_str(&f->out), event;
    while (sse_next(&rest, &event)) {
        struct sse_event e;
        sse_parse(&f->b.p->a, event, &e);
        if (str_eq(e.type, str_from_cz(type)) && i-- == 0)
            return e.data;
    }
    return S_EMPTY;
}

static str at(struct feed *f, const char *type, int i, const char *path)
{
    return bench_at(&f->b, data_of(f, type, i), path);
}

#define BEGIN "created in_progress "
#define MESSAGE                                                                                    \
    "output_item.added content_part.added output_text.delta output_text.done content_part.done "

/* ---- messages ---- */

static void test_text(void)
{
    struct feed f;
    feed_init(&f);
    put_start(&f);
    put_block(&f, 0, (struct block){.kind = BLOCK_TEXT});
    put_delta(&f, 0, DELTA_TEXT, "he");
    put_delta(&f, 0, DELTA_TEXT, "\"llo\"");
    put_stop(&f, 0);
    put_end(&f, FINISH_STOP);
    is_str(names(&f),
           S(BEGIN "output_item.added content_part.added output_text.delta output_text.delta "
                   "output_text.done content_part.done output_item.done completed"),
           "the events of a text");
    is_str(at(&f, "response.output_text.delta", 1, "delta"), S("\"\\\"llo\\\"\""), "a piece");
    is_str(at(&f, "response.output_text.done", 0, "text"), S("\"he\\\"llo\\\"\""), "the whole");
    str item = at(&f, "response.output_item.done", 0, "item");
    is_str(bench_at(&f.b, item, "status"), S("\"completed\""), "done");
    is_str(at(&f, "response.completed", 0, "response.output.0"), item, "repeated at the end");
    is_str(at(&f, "response.completed", 0, "response.usage.total_tokens"), S("16"), "usage");
    is_str(at(&f, "response.completed", 0, "response.model"), S("\"client/model\""), "model");
    is_str(at(&f, "response.created", 0, "response.created_at"), S("1700000001"), "created");
    is_str(at(&f, "response.created", 0, "response.status"), S("\"in_progress\""), "status");
    is_str(at(&f, "response.created", 0, "response.output"), S("[]"), "no output yet");
    ok(str_has_prefix(at(&f, "response.created", 0, "response.id"), S("\"resp_")), "response id");
    ok(str_has_prefix(bench_at(&f.b, item, "id"), S("\"msg_")), "message id");
    size_t n = f.out.n;
    say(&f, 1, "late");
    is_int(f.out.n, n, "nothing behind the end");
    feed_fini(&f);
}

/* Texts that follow each other are parts of one message; its provider's ids tell them apart. */
static void test_messages(void)
{
    struct feed f;
    feed_init(&f);
    put_start(&f);
    say(&f, 0, "a");
    say(&f, 1, "b");
    put_block(&f, 2, (struct block){.kind = BLOCK_REFUSAL});
    put_delta(&f, 2, DELTA_TEXT, "no");
    put_stop(&f, 2);
    put_block(
        &f, 3,
        (struct block){.kind = BLOCK_TEXT, .item_id = S("msg_2"), .phase = S("final_answer")});
    put_stop(&f, 3);
    put_end(&f, FINISH_LENGTH);
    is_str(names(&f),
           S(BEGIN MESSAGE "content_part.added output_text.delta output_text.done "
                           "content_part.done content_part.added refusal.delta refusal.done "
                           "content_part.done output_item.done output_item.added "
                           "content_part.added output_text.done content_part.done "
                           "output_item.done incomplete"),
           "two messages");
    is_str(at(&f, "response.output_text.delta", 1, "content_index"), S("1"), "second part");
    is_str(at(&f, "response.refusal.done", 0, "refusal"), S("\"no\""), "refusal");
    is_str(at(&f, "response.output_item.done", 1, "item.id"), S("\"msg_2\""), "the given id");
    is_str(at(&f, "response.output_item.done", 1, "item.phase"), S("\"final_answer\""), "phase");
    is_str(at(&f, "response.output_item.done", 1, "item.status"), S("\"incomplete\""), "cut off");
    is_str(at(&f, "response.incomplete", 0, "response.incomplete_details.reason"),
           S("\"max_output_tokens\""), "and why");
    feed_fini(&f);
}

static void test_annotations(void)
{
    struct feed f;
    feed_init(&f);
    put_start(&f);
    put_block(&f, 0, (struct block){.kind = BLOCK_TEXT});
    struct annotation whole = {.url = S("u1"), .title = S("t\n1"), .begin = -1, .end = -1};
    struct annotation placed = {.url = S("u2"), .begin = 1, .end = 2};
    struct annotation none = {.type = S("char_location"), .begin = -1, .end = -1};
    feed_event(&f, (struct event){.kind = EV_ANNOTATION, .annotation = &whole});
    put_delta(&f, 0, DELTA_TEXT, "h\xc3\xa9llo");
    feed_event(&f, (struct event){.kind = EV_ANNOTATION, .annotation = &placed});
    feed_event(&f, (struct event){.kind = EV_ANNOTATION, .annotation = &none});
    put_stop(&f, 0);
    put_end(&f, FINISH_STOP);
    bench_is_json(&f.b, at(&f, "response.output_text.annotation.added", 0, "annotation"),
                  "{\"type\":\"url_citation\",\"url\":\"u2\",\"title\":\"\",\"start_index\":1,"
                  "\"end_index\":2}",
                  "one that says where it stands");
    bench_is_json(&f.b, at(&f, "response.output_text.annotation.added", 1, "annotation"),
                  "{\"type\":\"url_citation\",\"url\":\"u1\",\"title\":\"t\\n1\",\"start_index\":0,"
                  "\"end_index\":5}",
                  "one of the whole part");
    is_str(at(&f, "response.output_text.annotation.added", 2, "type"), S(""), "no third one");
    is_str(at(&f, "response.completed", 0, "response.output.0.content.0.annotations.1.url"),
           S("\"u1\""), "both in the item");
    feed_fini(&f);
}

static void test_logprobs(void)
{
    struct feed f;
    feed_init(&f);
    f.asked->sampling.logprobs = YES;
    put_start(&f);
    put_block(&f, 0, (struct block){.kind = BLOCK_TEXT});
    put_delta(&f, 0, DELTA_TEXT, "A");
    feed_event(
        &f, (struct event){.kind = EV_LOGPROBS,
                           .logprobs = bench_json(
                               &f.b, S("[{\"token\":\"A\",\"logprob\":-0.10,\"bytes\":null,"
                                       "\"top_logprobs\":[{\"token\":\"B\",\"logprob\":-2}]}]"))});
    put_delta(&f, 0, DELTA_TEXT, "C");
    put_stop(&f, 0);
    put_end(&f, FINISH_STOP);
    bench_is_json(&f.b, at(&f, "response.output_text.delta", 0, "logprobs"),
                  "[{\"token\":\"A\",\"logprob\":-0.10,\"bytes\":[65],\"top_logprobs\":[{"
                  "\"token\":\"B\",\"logprob\":-2,\"bytes\":[66]}]}]",
                  "with the text they belong to");
    is_str(at(&f, "response.output_text.delta", 1, "logprobs"), S("[]"), "none came");
    is_str(at(&f, "response.output_text.done", 0, "logprobs.0.token"), S("\"A\""), "whole");
    is_str(at(&f, "response.completed", 0, "response.output.0.content.0.logprobs.0.token"),
           S("\"A\""), "in the item");
    feed_fini(&f);
}

/* ---- calls ---- */

static void test_calls_side_by_side(void)
{
    struct feed f;
    feed_init(&f);
    put_start(&f);
    say(&f, 0, "x");
    put_block(&f, 1, call("call_1", "f"));
    struct block custom = call("call_2", "p");
    custom.call.kind = TOOL_CUSTOM;
    custom.call.space = S("ns");
    put_block(&f, 2, custom);
    put_delta(&f, 1, DELTA_ARGS, "{\"a\":");
    put_delta(&f, 2, DELTA_ARGS, "free");
    put_delta(&f, 1, DELTA_ARGS, "1}");
    put_stop(&f, 2);
    put_stop(&f, 1);
    put_block(&f, 3, call("call_3", "g"));
    put_stop(&f, 3);
    put_end(&f, FINISH_TOOL_CALLS);
    is_str(names(&f),
           S(BEGIN MESSAGE
             "output_item.done output_item.added output_item.added function_call_arguments.delta "
             "custom_tool_call_input.delta function_call_arguments.delta "
             "custom_tool_call_input.done output_item.done function_call_arguments.done "
             "output_item.done output_item.added function_call_arguments.done output_item.done "
             "completed"),
           "events of both");
    bench_is_json(&f.b, at(&f, "response.completed", 0, "response.output.1"),
                  "{\"id\":\"fc_7b0aa14398ec23946f0511d2d1fb\",\"type\":\"function_call\","
                  "\"status\":\"completed\",\"call_id\":\"call_1\",\"name\":\"f\",\"arguments\":"
                  "\"{\\\"a\\\":1}\"}",
                  "in the order of their announcement");
    is_str(at(&f, "response.completed", 0, "response.output.2.input"), S("\"free\""), "custom");
    is_str(at(&f, "response.completed", 0, "response.output.2.namespace"), S("\"ns\""), "space");
    is_str(at(&f, "response.completed", 0, "response.output.3.arguments"), S("\"{}\""),
           "no arguments are an empty object");
    is_str(at(&f, "response.function_call_arguments.done", 0, "name"), S("\"f\""), "name");
    feed_fini(&f);
}

/* The signature of a call is a reasoning item: ahead of it, or behind it if it came late. */
static void test_call_seal(bool is_late)
{
    struct feed f;
    feed_init(&f);
    f.e.w.family = FAMILY_GEMINI;
    put_start(&f);
    struct block b = call("call_1", "f"), end = b;
    const struct seal seal = {.kind = SEAL_SIGNATURE, .family = FAMILY_GEMINI, .value = S("sig")};
    if (is_late)
        end.seal = seal;
    else
        b.seal = seal;
    put_block(&f, 0, b);
    put_delta(&f, 0, DELTA_ARGS, "{}");
    feed_event(&f, (struct event){.kind = EV_BLOCK_STOP, .content = &end});
    put_end(&f, FINISH_STOP);
    const char *item = "response.output.0.encrypted_content";
    str called = S("output_item.added function_call_arguments.delta function_call_arguments.done "
                   "output_item.done "),
        sealed = S("output_item.added output_item.done ");
    str parts[] = {S(BEGIN), is_late ? called : sealed, is_late ? sealed : called, S("completed")};
    is_str(names(&f), arena_concat(&f.b.p->a, parts, ARRAY_LEN(parts)), "two items");
    if (is_late)
        item = "response.output.1.encrypted_content";
    str value = at(&f, "response.completed", 0, item);
    struct seal s =
        seal_unwrap(&f.b.p->a, str_slice(value, 1, value.n - 1), SEAL_SIGNATURE, FAMILY_OPENAI);
    is_int(s.kind, SEAL_CALL, "a call's");
    is_str(s.value, S("sig"), "its value");
    is_int(s.family, FAMILY_GEMINI, "and whose it is");
    feed_fini(&f);
}

/* A call of a tool with a type of its own has an item of that type. */
static void test_builtin(void)
{
    static const char *const action = "{\"type\":\"exec\",\"command\":[\"ls\"],\"env\":{}}";
    const char *const args[] = {action, "no JSON"};
    for (size_t i = 0; i < ARRAY_LEN(args); i++) {
        struct feed f;
        feed_init(&f);
        struct tool *t = tool_add(&f.a, f.asked, TOOL_FUNCTION);
        t->name = t->type = S("local_shell");
        put_start(&f);
        put_block(&f, 0, call("call_1", "local_shell"));
        put_delta(&f, 0, DELTA_ARGS, args[i]);
        put_stop(&f, 0);
        put_end(&f, FINISH_STOP);
        str type = at(&f, "response.completed", 0, "response.output.0.type");
        is_str(type, i == 0 ? S("\"local_shell_call\"") : S("\"function_call\""), args[i]);
        str got = at(&f, "response.completed", 0, "response.output.0.action");
        is_str(got, i == 0 ? str_from_cz(action) : S(""), "its action");
        feed_fini(&f);
    }
}

/* ---- reasoning ---- */

static void think(struct feed *f, bool is_summary, const char *text)
{
    feed_event(f, (struct event){.kind = EV_DELTA,
                                 .delta = {.kind = DELTA_PART, .is_summary = is_summary}});
    feed_event(
        f, (struct event){
               .kind = EV_DELTA,
               .delta = {.kind = DELTA_TEXT, .is_summary = is_summary, .text = str_from_cz(text)}});
}

static void test_reasoning(void)
{
    struct feed f;
    feed_init(&f);
    put_start(&f);
    struct block b = {.kind = BLOCK_REASONING};
    put_block(&f, 0, b);
    think(&f, false, "one");
    think(&f, false, "two");
    b.seal = (struct seal){.kind = SEAL_SIGNATURE, .family = FAMILY_ANTHROPIC, .value = S("s")};
    feed_event(&f, (struct event){.kind = EV_BLOCK_STOP, .content = &b});
    say(&f, 1, "x");
    put_end(&f, FINISH_STOP);
    is_str(names(&f),
           S(BEGIN "output_item.added reasoning_summary_part.added reasoning_summary_text.delta "
                   "reasoning_summary_text.done reasoning_summary_part.done "
                   "reasoning_summary_part.added reasoning_summary_text.delta "
                   "reasoning_summary_text.done reasoning_summary_part.done "
                   "output_item.done " MESSAGE "output_item.done completed"),
           "thoughts of others are a summary");
    is_str(at(&f, "response.completed", 0, "response.output.0.summary"),
           S("[{\"type\":\"summary_text\",\"text\":\"one\"},{\"type\":\"summary_text\",\"text\":"
             "\"two\"}]"),
           "both parts");
    str value = at(&f, "response.completed", 0, "response.output.0.encrypted_content");
    ok(str_has_prefix(value, S("\"" SEAL_MAGIC)), "a stranger's seal is wrapped");
    feed_fini(&f);
}

static void test_own_reasoning(void)
{
    struct feed f;
    feed_init(&f);
    put_start(&f);
    struct block b = {.kind = BLOCK_REASONING, .extras.origin = DIALECT_RESPONSES};
    b.reasoning.id = S("rs_9");
    put_block(&f, 0, b);
    think(&f, true, "s");
    think(&f, false, "raw");
    b.seal = (struct seal){.kind = SEAL_SIGNATURE, .family = FAMILY_OPENAI, .value = S("gAAA")};
    feed_event(&f, (struct event){.kind = EV_BLOCK_STOP, .content = &b});
    put_end(&f, FINISH_STOP);
    is_str(names(&f),
           S(BEGIN "output_item.added reasoning_summary_part.added reasoning_summary_text.delta "
                   "reasoning_summary_text.done reasoning_summary_part.done content_part.added "
                   "reasoning_text.delta reasoning_text.done content_part.done output_item.done "
                   "completed"),
           "raw thoughts are content");
    bench_is_json(&f.b, at(&f, "response.completed", 0, "response.output.0"),
                  "{\"id\":\"rs_9\",\"type\":\"reasoning\",\"summary\":[{\"type\":"
                  "\"summary_text\",\"text\":\"s\"}],\"content\":[{\"type\":\"reasoning_text\","
                  "\"text\":\"raw\"}],\"encrypted_content\":\"gAAA\"}",
                  "as its provider had it");
    feed_fini(&f);
}

/* ---- other blocks ---- */

static void test_other_blocks(void)
{
    struct feed f;
    feed_init(&f);
    put_start(&f);
    put_block(&f, 0,
              (struct block){.kind = BLOCK_MEDIA,
                             .media = {.kind = MEDIA_IMAGE, .source = MEDIA_BASE64}});
    put_delta(&f, 0, DELTA_MEDIA, "iVBO");
    put_delta(&f, 0, DELTA_MEDIA, "Rw0=");
    put_stop(&f, 0);
    put_block(&f, 1,
              (struct block){.kind = BLOCK_OPAQUE,
                             .is_item = true,
                             .type = S("web_search_call"),
                             .raw = bench_json(&f.b, S("{\"type\":\"web_search_call\"}")),
                             .extras.origin = DIALECT_RESPONSES});
    put_stop(&f, 1);
    put_block(&f, 2,
              (struct block){.kind = BLOCK_OPAQUE,
                             .type = S("server_tool_use"),
                             .extras.origin = DIALECT_ANTHROPIC});
    put_stop(&f, 2);
    put_block(&f, 3, (struct block){.kind = BLOCK_MEDIA, .media = {.kind = MEDIA_AUDIO}});
    put_delta(&f, 3, DELTA_CAPTION, "said");
    put_stop(&f, 3);
    put_end(&f, FINISH_STOP);
    is_str(at(&f, "response.completed", 0, "response.output.0.result"), S("\"iVBORw0=\""),
           "a picture");
    is_str(at(&f, "response.completed", 0, "response.output.1"),
           S("{\"type\":\"web_search_call\"}"), "an item of this dialect");
    is_str(at(&f, "response.completed", 0, "response.output.2.content.0.text"), S("\"said\""),
           "what was said");
    is_str(at(&f, "response.completed", 0, "response.output.3"), S(""), "nothing else");
    feed_fini(&f);
}

/* ---- ends ---- */

static void test_error(void)
{
    struct feed f;
    feed_init(&f);
    put_start(&f);
    say(&f, 0, "x");
    feed_event(&f, (struct event){.kind = EV_ERROR,
                                  .failure = {.class = FAILURE_RATE,
                                              .message = S("slow down"),
                                              .gateway = S("{\"code\":\"TB-4002\"}")}});
    is_str(names(&f), S(BEGIN MESSAGE "error failed"), "error, then the end");
    bench_is_json(&f.b, data_of(&f, "error", 0),
                  "{\"type\":\"error\",\"sequence_number\":7,\"code\":\"rate_limit_exceeded\","
                  "\"message\":\"slow down\",\"param\":null,\"error\":{\"type\":\"requests\","
                  "\"code\":\"rate_limit_exceeded\",\"message\":\"slow down\",\"param\":null,"
                  "\"gateway\":{\"code\":\"TB-4002\"}}}",
                  "in both forms");
    is_str(at(&f, "response.failed", 0, "response.error.code"), S("\"rate_limit_exceeded\""),
           "the response's error");
    is_str(at(&f, "response.failed", 0, "response.status"), S("\"failed\""), "status");
    feed_fini(&f);
    feed_init(&f);
    feed_event(&f, (struct event){.kind = EV_ERROR,
                                  .failure = {.class = FAILURE_SERVER, .message = S("m")}});
    is_str(names(&f), S(BEGIN "error failed"), "an error before anything else");
    feed_fini(&f);
}

static void test_ends(void)
{
    static const struct {
        enum finish finish;
        const char *last, *status, *reason;
    } table[] = {
        {FINISH_STOP_SEQUENCE, "completed", "\"completed\"", ""},
        {FINISH_PAUSE, "completed", "\"completed\"", ""},
        {FINISH_REFUSAL, "incomplete", "\"incomplete\"", "\"content_filter\""},
        {FINISH_CONTENT_FILTER, "incomplete", "\"incomplete\"", "\"content_filter\""},
        {FINISH_CONTEXT_WINDOW, "incomplete", "\"incomplete\"", "\"max_output_tokens\""},
        {FINISH_CONTINUATION, "incomplete", "\"incomplete\"", "\"max_output_tokens\""},
        {FINISH_MALFORMED_TOOL, "failed", "\"failed\"", ""},
        {FINISH_ERROR, "failed", "\"failed\"", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct feed f;
        feed_init(&f);
        put_start(&f);
        put_end(&f, table[i].finish);
        str type = arena_printf(&f.a, "response.%s", table[i].last);
        const char *name = arena_cz(&f.a, type);
        is_str(at(&f, name, 0, "response.status"), str_from_cz(table[i].status), table[i].last);
        is_str(at(&f, name, 0, "response.incomplete_details.reason"), str_from_cz(table[i].reason),
               "reason");
        feed_fini(&f);
    }
}

/* Said in words, a refusal is an answer. */
static void test_refusal(void)
{
    struct feed f;
    feed_init(&f);
    put_start(&f);
    put_block(&f, 0, (struct block){.kind = BLOCK_REFUSAL});
    put_delta(&f, 0, DELTA_TEXT, "no");
    put_stop(&f, 0);
    put_end(&f, FINISH_REFUSAL);
    is_str(at(&f, "response.completed", 0, "response.status"), S("\"completed\""), "complete");
    feed_fini(&f);
}

static void test_overflow(void)
{
    struct feed f;
    feed_init(&f);
    struct buf big;
    buf_init(&big, 2 << 20);
    while (big.n < 1 << 20)
        buf_put(&big, S("0123456789abcdef"));
    buf_put_char(&big, '\0');
    put_start(&f);
    put_block(&f, 0, (struct block){.kind = BLOCK_TEXT});
    for (int i = 0; i < 9; i++)
        put_delta(&f, 0, DELTA_TEXT, big.p);
    is_int(f.rc, -E_PROVIDER_TOO_LARGE, "more than is held");
    ok(data_of(&f, "error", 0).n > 0 && data_of(&f, "response.failed", 0).n > 0, "and said so");
    buf_fini(&big);
    feed_fini(&f);
}

/* ---- settings ---- */

static void test_echo(void)
{
    struct bench b;
    bench_init(&b);
    struct chat *c = bench_chat(
        &b, DIALECT_RESPONSES,
        "{\"model\":\"m\",\"input\":\"x\",\"instructions\":\"i\",\"store\":true,\"temperature\":"
        "0.5,\"max_output_tokens\":99,\"parallel_tool_calls\":false,\"tools\":[{\"type\":"
        "\"function\",\"name\":\"f\"},{\"type\":\"web_search\"}],\"tool_choice\":\"required\","
        "\"reasoning\":{\"effort\":\"low\"},\"text\":{\"verbosity\":\"low\"},\"metadata\":{\"a\":"
        "\"b\"},\"user\":\"u\",\"max_tool_calls\":2}");
    struct buf out;
    buf_init(&out, 1 << 20);
    struct json_writer j = json_writer(&out);
    struct responses_state state = {.status = S("in_progress"), .completed_s = -1, .asked = c};
    responses_begin_response(&j, NULL, &b.p->scratch, &state);
    json_end_object(&j);
    bench_is_json(
        &b, buf_str(&out),
        "{\"id\":\"\",\"object\":\"response\",\"created_at\":0,\"status\":\"in_progress\","
        "\"completed_at\":null,\"error\":null,\"incomplete_details\":null,\"model\":\"\",\"service_"
        "tier\":\"default\",\"background\":false,\"instructions\":\"i\",\"max_output_tokens\":99,"
        "\"max_tool_calls\":2,\"parallel_tool_calls\":false,\"previous_response_id\":"
        "null,\"prompt_cache_key\":null,\"reasoning\":{\"effort\":\"low\",\"summary\":"
        "null},\"safety_identifier\":null,\"store\":false,\"temperature\":0.5,\"text\":{"
        "\"format\":{\"type\":\"text\"},\"verbosity\":\"low\"},\"tools\":[{\"type\":"
        "\"function\",\"name\":\"f\",\"parameters\":null,\"strict\":false},{\"type\":"
        "\"web_search\"}],\"tool_choice\":\"required\",\"top_logprobs\":0,\"top_p\":1,"
        "\"truncation\":\"disabled\",\"user\":\"u\",\"metadata\":{\"a\":\"b\"}}",
        "what was asked for, and what was done");
    struct buf again;
    buf_init(&again, 1 << 20);
    j = json_writer(&again);
    state.asked = restore_keep(&b.p->a, c, &name_rule_openai);
    ok(state.asked != c, "the request need not be kept");
    responses_begin_response(&j, NULL, &b.p->scratch, &state);
    json_end_object(&j);
    is_str(buf_str(&again), buf_str(&out), "for the answer to repeat it");
    buf_fini(&again);
    buf_fini(&out);
    bench_fini(&b);
}

/* An item counts with its ids and names, and with what it takes besides. */
static void test_many_items(void)
{
    struct feed f;
    feed_init(&f);
    put_start(&f);
    for (unsigned i = 0; i < 10000 && f.rc == 0; i++) {
        put_block(&f, i, call("call", "f"));
        buf_reset(&f.out);
    }
    is_int(f.rc, -E_PROVIDER_TOO_LARGE, "open items are bounded");
    ok(f.a.used_bytes < 16384, "and do not lie in the stream's arena");
    feed_fini(&f);
}

/* A whole answer is what the last event of the stream has. */
static void test_whole(void)
{
    struct feed f;
    feed_init(&f);
    struct reply r;
    reply_init(&r);
    struct reply_choice *c = reply_choice_at(&f.a, &r, 0);
    struct block *think = block_new(&f.a, BLOCK_REASONING);
    reasoning_add(&f.a, &think->reasoning, true, S("hm"));
    struct block *calls = block_new(&f.a, BLOCK_TOOL_CALL);
    calls->call = (struct tool_call){.id = S("c"), .name = S("f"), .args = S("{}")};
    block_add(&c->blocks, think);
    block_add(&c->blocks, block_text(&f.a, S("hi")));
    block_add(&c->blocks, calls);
    c->finish.reason = FINISH_TOOL_CALLS;
    r.start.created_s = 5;
    r.usage.input_tokens = 1;
    r.usage.output_tokens = 2;
    struct sink to = {.put = pipe_write, .arg = f.b.p};
    f.b.p->to = dialect_get(DIALECT_RESPONSES);
    f.b.p->encoder = f.e;
    is_int(reply_play(&r, &to), 0, "streamed");
    struct buf whole;
    buf_init(&whole, 1 << 20);
    is_int(responses_write_reply(&f.e.w, &r, &whole), 0, "written whole");
    str last = at(&f, "response.completed", 0, "response");
    bench_is_json(&f.b, buf_str(&whole), arena_cz(&f.a, last), "the same");
    f.b.p->to = NULL;
    buf_fini(&whole);
    feed_fini(&f);
}

int main(void)
{
    test_text();
    test_messages();
    test_annotations();
    test_logprobs();
    test_calls_side_by_side();
    test_call_seal(false);
    test_call_seal(true);
    test_builtin();
    test_reasoning();
    test_own_reasoning();
    test_other_blocks();
    test_error();
    test_ends();
    test_refusal();
    test_overflow();
    test_echo();
    test_many_items();
    test_whole();
    return tap_done();
}
