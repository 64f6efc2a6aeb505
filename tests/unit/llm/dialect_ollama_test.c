/* Ollama's chat: recordings read and written again, and what other dialects make of it. */
#include "llm/dialect_ollama.c"

#include "codec_bench.h"

/* ---- recordings ---- */

static void request_again(struct bench *b, const char *path, str text)
{
    struct chat *c = bench_chat(b, text);
    if (c)
        b->model = c->model;
    bench_same(b, c ? bench_request(b, c) : S_EMPTY, text, path);
}

static void reply_again(struct bench *b, const char *path, str text)
{
    struct reply *r = bench_reply(b, text);
    if (r)
        b->model = r->start.model;
    bench_same(b, r ? bench_answer(b, r) : S_EMPTY, text, path);
    str stream = r ? bench_played(b, r) : S_EMPTY;
    struct fold fold;
    int code;
    struct reply *again = bench_fold(b, stream, stream.n, &code, &fold);
    is_str(again ? reply_difference(&b->a, r, again, IR_NO_IDS) : S("no answer"), S(""), path);
}

static void stream_again(struct bench *b, const char *path, str bytes)
{
    struct fold fold;
    int code;
    struct reply *whole = bench_fold(b, bytes, bytes.n, &code, &fold);
    is_int(code, 0, path);
    b->model = whole ? whole->start.model : S_EMPTY;
    struct reply *cut = bench_fold(b, bytes, 7, &code, &fold);
    is_str(whole && cut ? reply_difference(&b->a, whole, cut, 0) : S("none"), S(""), path);
    str written = whole ? bench_played(b, whole) : S_EMPTY;
    struct reply *again = bench_fold(b, written, written.n, &code, &fold);
    is_str(whole && again ? reply_difference(&b->a, whole, again, 0) : S("none"), S(""), path);
}

static void recordings(struct bench *b)
{
    size_t n = bench_each(b, "ollama/*/*/request.json", request_again);
    n += bench_each(b, "ollama/*/*/response.json", reply_again);
    n += bench_each(b, "ollama/*/*/response.ndjson", stream_again);
    if (n == 0)
        tap_skip("no recordings");
}

/* ---- requests of other dialects ---- */

static void write_turns(struct bench *b)
{
    struct chat *c = bench_new_chat(b);
    bench_say(b, c, ROLE_DEVELOPER, S("be brief"));
    struct block *first = bench_say(b, c, ROLE_USER, S("look"));
    bench_attach(b, first, MEDIA_IMAGE, S("image/png"), S(""));
    bench_attach(b, first, MEDIA_DOCUMENT, S("text/plain"), S("a.txt"));
    bench_call(b, c, S("t"), S("get it"), S("{\"n\": 1.0}"));
    bench_result(b, c, S("t"), S("r"));
    const struct json *body = bench_json(b, bench_request(b, c));
    const struct json *messages = json_get(body, "messages");
    is_str(json_str(json_get(json_at(messages, 0), "role")), S("system"), "a developer is system");
    is_str(
        json_text(&b->a, json_at(messages, 1)),
        S("{\"role\":\"user\",\"content\":\"look\\n\\na.txt\\nhello\",\"images\":[\"aGVsbG8=\"]}"),
        "documents become text, pictures stand beside it");
    const struct json *call =
        json_get(json_at(json_get(json_at(messages, 2), "tool_calls"), 0), "function");
    is_str(json_text(&b->a, json_get(call, "arguments")), S("{\"n\":1.0}"), "arguments");
    is_str(json_str(json_get(json_at(messages, 3), "tool_name")), json_str(json_get(call, "name")),
           "a result has its tool's name");
    is_str(bench_lost(b), S("emulated:messages.content.document"), "what changed its form");
    first->next->media.source = MEDIA_URL;
    is_str(bench_request(b, c), S(""), "a URL that was not fetched is refused");
}

static void write_settings(struct bench *b)
{
    struct chat *c = bench_new_chat(b);
    const str stop = S("x");
    bench_say(b, c, ROLE_USER, S("hi"));
    c->stop = &stop;
    c->n_stop = 1;
    c->max_output = S("9");
    c->sampling = (struct sampling){.temperature = S("0"), .min_p = S("0.1"), .top_logprobs = 2};
    c->sampling.logprobs = YES;
    c->sampling.logit_bias = bench_json(b, S("{\"1\":1}"));
    c->reasoning.effort = EFFORT_XHIGH;
    c->output.format = FORMAT_JSON;
    b->can.efforts = 1u << EFFORT_LOW | 1u << EFFORT_MEDIUM | 1u << EFFORT_HIGH;
    bench_same(b, bench_request(b, c),
               S("{\"model\":\"model-1\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],"
                 "\"logprobs\":true,\"top_logprobs\":2,\"stream\":false,\"format\":\"json\","
                 "\"think\":\"high\",\"options\":{\"temperature\":0,\"min_p\":0.1,"
                 "\"num_predict\":9,\"stop\":[\"x\"]}}"),
               "settings are options");
    is_str(bench_lost(b), S("dropped:logit_bias"), "what has no place is noted");
    c->reasoning = (struct reasoning_wish){.thinking = THINKING_OFF, .budget_tokens = -1};
    const struct json *think = json_get(bench_json(b, bench_request(b, c)), "think");
    ok(think && json_type(think) == JSON_FALSE, "thinking can be off");
    bench_lost(b);
}

static void write_tools(struct bench *b)
{
    struct chat *c = bench_new_chat(b);
    const str two = S("two");
    bench_say(b, c, ROLE_USER, S("hi"));
    bench_offer(b, c, S("one"));
    bench_offer(b, c, S("two"));
    c->choice.mode = CHOICE_NONE;
    ok(!json_get(bench_json(b, bench_request(b, c)), "tools"), "no tool: none go");
    c->choice = (struct tool_choice){.mode = CHOICE_NAMED, .names = &two, .n_names = 1};
    const struct json *body = bench_json(b, bench_request(b, c));
    is_int(json_count(json_get(body, "tools")), 1, "a named one goes alone");
    is_int(json_count(json_get(body, "messages")), 2, "and is asked for in words");
    is_str(bench_lost(b), S("emulated:tool_choice"), "which is noted");
}

/* ---- requests of this dialect, as others see them ---- */

static void read_request_parts(struct bench *b)
{
    struct chat *c = bench_chat(
        b, S("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"q\",\"images\":["
             "\"iVBORw0KGgo=\"]},{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"h\","
             "\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":{\"a\":1}}}]},"
             "{\"role\":\"tool\",\"tool_name\":\"f\",\"content\":\"r\"}],\"think\":\"max\","
             "\"format\":{\"type\":\"object\"},\"options\":{\"num_predict\":-1,\"top_k\":3,"
             "\"stop\":\"x\"},\"keep_alive\":\"5m\"}"));
    ok(c != NULL, "a request with everything");
    if (!c)
        return;
    const struct turn *answer = c->turns->next;
    ok(c->is_stream, "streaming is the default");
    is_str(c->turns->blocks->next->media.mime, S("image/png"), "a picture says what it is");
    is_int(answer->blocks->kind, BLOCK_REASONING, "thoughts");
    is_str(answer->blocks->next->next->call.args, S("{\"a\":1}"), "a call");
    is_str(answer->next->blocks->result.name, S("f"), "its result");
    is_str(c->max_output, S(""), "no end is no maximum");
    ok(c->n_stop == 1 && c->output.format == FORMAT_SCHEMA, "options and format");
    is_int(c->reasoning.effort, EFFORT_MAX, "how much to think");
    ok(extras_find(&c->extras, S("keep_alive")) != NULL, "what is only its own");
}

static void refuse(struct bench *b, const char *body, const char *param)
{
    ok(bench_chat(b, str_from_cz(body)) == NULL, body);
    is_str(b->err.param, str_from_cz(param), param);
}

static void refuse_requests(struct bench *b)
{
    refuse(b, "{\"messages\":1}", "messages");
    refuse(b, "{\"messages\":[{\"role\":\"x\"}]}", "messages[0].role");
    refuse(b, "{\"messages\":[{\"role\":\"user\",\"content\":[]}]}", "messages[0].content");
    refuse(b, "{\"messages\":[{\"role\":\"user\",\"images\":[\"*\"]}]}", "messages[0].images[0]");
    refuse(b, "{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{}}]}]}",
           "messages[0].tool_calls[0].function.name");
    refuse(b, "{\"options\":{\"seed\":\"1\"}}", "options.seed");
    refuse(b, "{\"options\":{\"stop\":[1]}}", "options.stop");
    refuse(b, "{\"format\":\"xml\"}", "format");
    refuse(b, "{\"think\":\"hard\"}", "think");
    refuse(b, "{\"stream\":1}", "stream");
}

/* ---- streams ---- */

static const char long_stream[] =
    "{\"model\":\"m\",\"created_at\":\"2026-01-02T03:04:05.6Z\",\"message\":{\"role\":"
    "\"assistant\",\"content\":\"\",\"thinking\":\"hm\"},\"done\":false}\n"
    "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"gr\\u00fc\xc3\x9f\"},"
    "\"logprobs\":[{\"token\":\"x\",\"logprob\":-1}],\"done\":false}\n"
    "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{"
    "\"function\":{\"name\":\"f\",\"arguments\":{\"a\":1.0}}}]},\"done\":false}\n"
    "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{"
    "\"id\":\"u\",\"function\":{\"name\":\"g\",\"arguments\":{}}}]},\"done\":false}\n"
    "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,"
    "\"done_reason\":\"stop\",\"prompt_eval_count\":7,\"eval_count\":8}\n";

static void check_long_stream(const struct reply *r)
{
    const struct block *thought = r->choices->blocks, *text = thought->next;
    is_int(r->start.created_s, 1767323045, "when it was made");
    is_int(thought->kind, BLOCK_REASONING, "thoughts");
    is_str(text->text, S("gr\xc3\xbc\xc3\x9f"), "text");
    ok(text->logprobs != NULL, "its tokens");
    is_str(text->next->call.args, S("{\"a\":1.0}"), "a call, numbers as written");
    is_str(text->next->next->call.id, S("u"), "and another");
    is_int(r->choices->finish.reason, FINISH_STOP, "its end");
    is_int(r->usage.output_tokens, 8, "its tokens' number");
}

static void cut_streams(struct bench *b)
{
    str bytes = str_from_cz(long_stream);
    struct fold fold;
    int code;
    struct reply *whole = bench_fold(b, bytes, bytes.n, &code, &fold);
    is_int(code, 0, "a stream");
    if (!whole)
        return;
    check_long_stream(whole);
    bool is_same = true, is_never_success = true;
    for (size_t step = 1; step < 80; step++) {
        struct reply *r = bench_fold(b, bytes, step, &code, &fold);
        is_same = is_same && r && reply_difference(&b->a, whole, r, 0).n == 0;
    }
    ok(is_same, "is the same however it is cut");
    for (size_t n = 0; n < bytes.n; n++)
        is_never_success =
            is_never_success && !bench_fold(b, str_slice(bytes, 0, n), bytes.n, &code, &fold);
    ok(is_never_success, "is no success before its last line");
    b->model = S("m");
    str written = bench_played(b, whole);
    struct reply *again = bench_fold(b, written, 5, &code, &fold);
    is_str(again ? reply_difference(&b->a, whole, again, IR_NO_IDS) : S("none"), S(""),
           "written again");
}

static void failed_streams(struct bench *b)
{
    struct fold fold;
    int code;
    bench_fold(b, S("{\"message\":{\"content\":\"a\"}}\n{\"error\":\"broke\"}\n"), 9, &code, &fold);
    ok(fold.failure && str_eq(fold.failure->message, S("broke")), "an error in the stream");
    bench_fold(b, S("[1]\n"), 9, &code, &fold);
    is_int(code, -E_PROVIDER_BODY, "a line that is no object");
    bench_fold(b, S("{\"message\":{\"tool_calls\":[1]}}\n"), 9, &code, &fold);
    is_int(code, -E_PROVIDER_BODY, "a call that is none");
    struct bench_sink s = {.codec = bench_codec(b)};
    const struct event ev = {.kind = EV_ERROR,
                             .failure = {.class = FAILURE_SERVER, .message = S("oh")}};
    s.e = (struct encoder){.a = &b->a, .scratch = &b->a, .out = &b->out, .w = bench_writing(b)};
    buf_reset(&b->out);
    is_int(bench_sink_put(&s, &ev), 0, "an error is written");
    is_str(buf_str(&b->out), S("{\"error\":\"oh\"}\n"), "as a line of its own");
}

/* ---- answers and errors of others ---- */

static void write_answers(struct bench *b)
{
    struct reply r;
    reply_init(&r);
    struct reply_choice *c = reply_choice_at(&b->a, &r, 0);
    c->blocks = block_text(&b->a, S("hi"));
    c->finish.reason = FINISH_CONTEXT_WINDOW;
    r.usage.input_tokens = 3;
    bench_same(b, bench_answer(b, &r),
               S("{\"model\":\"model-1\",\"created_at\":\"2023-11-14T22:13:20.000Z\",\"message\":{"
                 "\"role\":\"assistant\",\"content\":\"hi\"},\"done_reason\":\"length\",\"done\":"
                 "true,\"total_duration\":0,\"load_duration\":0,\"prompt_eval_count\":3,"
                 "\"prompt_eval_duration\":0,\"eval_duration\":0}"),
               "an answer of another provider");
    struct failure f = {.class = FAILURE_BAD_REQUEST, .message = S("?")};
    bench_codec(b)->read_error(
        &b->a, bench_json(b, S("{\"error\":\"the input length exceeds the context length\"}")),
        S_EMPTY, &f);
    is_int(f.class, FAILURE_CONTEXT, "too long");
    buf_reset(&b->out);
    bench_codec(b)->write_error(&f, &b->out);
    is_str(buf_str(&b->out), S("{\"error\":\"the input length exceeds the context length\"}"),
           "an error and back");
}

int main(void)
{
    struct bench b;
    bench_init(&b, DIALECT_OLLAMA);
    recordings(&b);
    b.model = S("model-1");
    losses_init(&b.loss, &b.a);
    write_turns(&b);
    write_settings(&b);
    write_tools(&b);
    read_request_parts(&b);
    refuse_requests(&b);
    write_answers(&b);
    cut_streams(&b);
    failed_streams(&b);
    bench_fini(&b);
    return tap_done();
}
