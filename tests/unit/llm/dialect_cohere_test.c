/* Cohere's chat: recordings read and written again, and what other dialects make of it. */
#include "llm/dialect_cohere.c"

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
    if (str_find(text, S("\"finish_reason\"")) == STR_NONE)
        return;
    struct reply *r = bench_reply(b, text);
    bench_same(b, r ? bench_answer(b, r) : S_EMPTY, text, path);
    str stream = r ? bench_played(b, r) : S_EMPTY;
    struct fold fold;
    int code;
    struct reply *again = bench_fold(b, stream, stream.n, &code, &fold);
    is_str(again ? reply_difference(&b->a, r, again, 0) : S("no answer"), S(""), path);
}

static void stream_again(struct bench *b, const char *path, str bytes)
{
    struct fold fold;
    int code;
    struct reply *whole = bench_fold(b, bytes, bytes.n, &code, &fold);
    is_int(code, 0, path);
    struct reply *cut = bench_fold(b, bytes, 7, &code, &fold);
    is_str(whole && cut ? reply_difference(&b->a, whole, cut, 0) : S("none"), S(""), path);
    str written = whole ? bench_played(b, whole) : S_EMPTY;
    struct reply *again = bench_fold(b, written, written.n, &code, &fold);
    is_str(whole && again ? reply_difference(&b->a, whole, again, 0) : S("none"), S(""), path);
}

static void recordings(struct bench *b)
{
    size_t n = bench_each(b, "cohere/*/*/request.json", request_again);
    n += bench_each(b, "cohere/*/*/response.json", reply_again);
    n += bench_each(b, "cohere/*/*.json", reply_again);
    n += bench_each(b, "cohere/*/*/response.sse", stream_again);
    if (n == 0)
        tap_skip("no recordings");
}

/* ---- requests of other dialects ---- */

static void write_turns(struct bench *b)
{
    struct chat *c = bench_new_chat(b);
    bench_say(b, c, ROLE_DEVELOPER, S("be brief"));
    bench_say(b, c, ROLE_USER, S("weather?"));
    struct block *first = bench_say(b, c, ROLE_ASSISTANT, S("I look."));
    struct block *call = block_new(&b->a, BLOCK_TOOL_CALL);
    call->call = (struct tool_call){.name = S("get"), .args = S("")};
    block_add(&first, call);
    bench_result(b, c, S(""), S("rain"))->result.failed = YES;
    bench_same(b, bench_request(b, c),
               S("{\"model\":\"model-1\",\"stream\":false,\"messages\":["
                 "{\"role\":\"system\",\"content\":\"be brief\"},"
                 "{\"role\":\"user\",\"content\":\"weather?\"},"
                 "{\"role\":\"assistant\",\"tool_plan\":\"I look.\",\"tool_calls\":[{\"id\":"
                 "\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"get\",\"arguments\":"
                 "\"{}\"}}]},"
                 "{\"role\":\"tool\",\"tool_call_id\":\"call_1\",\"content\":\"Error: rain\"}]}"),
               "text beside a call is its plan, and a call without id gets one");
    is_str(bench_lost(b), S("emulated:is_error"), "a failed result says so in words");
}

static void write_settings(struct bench *b)
{
    struct chat *c = bench_new_chat(b);
    str *stop = arena_new_n(&b->a, str, 6);
    for (size_t i = 0; i < 6; i++)
        stop[i] = S("x");
    bench_say(b, c, ROLE_USER, S("hi"));
    c->stop = stop;
    c->n_stop = 6;
    c->sampling = (struct sampling){
        .temperature = S("1.5"), .top_p = S("1"), .top_k = S("40"), .top_logprobs = -1};
    c->sampling.min_p = S("0.1");
    c->reasoning.effort = EFFORT_LOW;
    c->output.format = FORMAT_JSON;
    bench_same(b, bench_request(b, c),
               S("{\"model\":\"model-1\",\"stream\":false,\"messages\":[{\"role\":\"user\","
                 "\"content\":\"hi\"}],\"temperature\":1,\"k\":40,\"p\":0.99,\"stop_sequences\":["
                 "\"x\",\"x\",\"x\",\"x\",\"x\"],\"response_format\":{\"type\":\"json_object\"},"
                 "\"thinking\":{\"type\":\"enabled\",\"token_budget\":2048}}"),
               "settings have their places and bounds");
    is_str(bench_lost(b),
           S("dropped:min_p, clamped:temperature, clamped:top_p, clamped:stop, "
             "emulated:reasoning_effort"),
           "what has none is noted");
}

static void write_tools(struct bench *b)
{
    struct chat *c = bench_new_chat(b);
    const str two = S("two");
    bench_say(b, c, ROLE_USER, S("hi"));
    bench_offer(b, c, S("one"));
    bench_offer(b, c, S("two"));
    c->choice = (struct tool_choice){.mode = CHOICE_NAMED, .names = &two, .n_names = 1};
    const struct json *body = bench_json(b, bench_request(b, c));
    is_int(json_count(json_get(body, "tools")), 1, "a named tool goes alone");
    is_str(json_str(json_get(body, "tool_choice")), S("REQUIRED"), "and must be called");
    is_str(bench_lost(b), S("emulated:tool_choice"), "which is noted");
    c->choice.mode = CHOICE_NONE;
    c->output.format = FORMAT_JSON;
    body = bench_json(b, bench_request(b, c));
    is_str(json_str(json_get(body, "tool_choice")), S("NONE"), "no tool");
    ok(!json_get(body, "response_format") && json_count(json_get(body, "messages")) == 2,
       "JSON beside tools is asked for in words");
    bench_lost(b);
}

static void write_files(struct bench *b)
{
    struct chat *c = bench_new_chat(b);
    struct block *first = bench_say(b, c, ROLE_USER, S("read"));
    bench_attach(b, first, MEDIA_DOCUMENT, S("text/plain"), S("a.txt"));
    bench_attach(b, first, MEDIA_IMAGE, S("image/png"), S(""));
    const struct json *body = bench_json(b, bench_request(b, c));
    is_str(json_text(&b->a, json_get(body, "documents")),
           S("[{\"id\":\"doc:0\",\"data\":{\"title\":\"a.txt\",\"text\":\"hello\"}}]"),
           "a document of text stands beside the messages");
    is_str(
        json_text(&b->a, json_at(json_get(json_at(json_get(body, "messages"), 0), "content"), 1)),
        S("{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,aGVsbG8=\"}}"),
        "a picture is a data URL");
    bench_attach(b, first, MEDIA_AUDIO, S("audio/wav"), S(""));
    is_str(bench_request(b, c), S(""), "sound is refused");
}

/* ---- requests of this dialect, as others see them ---- */

static void read_request_parts(struct bench *b)
{
    struct chat *c = bench_chat(
        b, S("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"},"
             "{\"role\":\"assistant\",\"tool_plan\":\"p\",\"tool_calls\":[{\"id\":\"t\",\"type\":"
             "\"function\",\"function\":{\"name\":\"f\",\"arguments\":null}}]},{\"role\":\"tool\","
             "\"tool_call_id\":\"t\",\"content\":[{\"type\":\"document\",\"document\":{\"data\":{"
             "\"x\":1}}}]}],\"documents\":[\"d\"],\"strict_tools\":true,\"tools\":[{\"type\":"
             "\"function\",\"function\":{\"name\":\"f\",\"parameters\":{}}}],\"p\":0.5,\"k\":3,"
             "\"thinking\":{\"type\":\"enabled\",\"token_budget\":7},\"safety_mode\":\"OFF\"}"));
    ok(c != NULL, "a request with everything");
    if (!c)
        return;
    const struct turn *user = c->turns, *answer = user->next, *tool = answer->next;
    is_str(user->blocks->media.bytes, S("d"), "documents stand before the user's words");
    is_str(answer->blocks->phase, S("commentary"), "the plan is commentary");
    is_str(answer->blocks->next->call.args, S("{}"), "no arguments are none");
    is_str(tool->blocks->result.blocks->text, S("{\"x\":1}"), "a document is its data");
    ok(c->tools->strict == YES && c->reasoning.budget_tokens == 7, "settings");
    ok(extras_find(&c->extras, S("safety_mode")) != NULL, "what is only its own");
}

#define WITH_A_MESSAGE "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],"

static void refuse(struct bench *b, const char *body, const char *param)
{
    ok(bench_chat(b, str_from_cz(body)) == NULL, body);
    is_str(b->err.param, str_from_cz(param), param);
}

static void refuse_requests(struct bench *b)
{
    refuse(b, "{\"messages\":[]}", "messages");
    refuse(b, "{\"messages\":[{\"role\":\"x\"}]}", "messages[0].role");
    refuse(b, "{\"messages\":[{\"role\":\"user\",\"content\":1}]}", "messages[0].content");
    refuse(b, "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":1}]}]}",
           "messages[0].content[0].text");
    refuse(b, WITH_A_MESSAGE "\"tools\":[{\"type\":\"x\"}]}", "tools[0].type");
    refuse(b, WITH_A_MESSAGE "\"tools\":[{\"function\":{}}]}", "tools[0].function.name");
    refuse(b, WITH_A_MESSAGE "\"tool_choice\":\"auto\"}", "tool_choice");
    refuse(b, WITH_A_MESSAGE "\"thinking\":{}}", "thinking.type");
    refuse(b, WITH_A_MESSAGE "\"p\":\"1\"}", "p");
    refuse(b, "{\"k\":1,\"k\":2}", "k");
}

/* ---- streams ---- */

#define EVENT(type, rest) "event: " type "\ndata: {\"type\":\"" type "\"" rest "}\n\n"
#define MESSAGE(rest)     ",\"delta\":{\"message\":{" rest "}}"

static const char long_stream[] = EVENT(
    "message-start",
    ",\"id\":\"i\"" MESSAGE("\"role\":\"assistant\"")) EVENT("tool-plan-delta",
                                                             MESSAGE("\"tool_plan\":\"I \""))
    EVENT("tool-plan-delta", MESSAGE("\"tool_plan\":\"look\"")) EVENT(
        "content-start", ",\"index\":0" MESSAGE("\"content\":{\"type\":\"thinking\"}"))
        EVENT("content-delta", ",\"index\":0" MESSAGE("\"content\":{\"thinking\":\"hm\"}")) EVENT(
            "content-end",
            ",\"index\":0") EVENT("content-delta",
                                  ",\"index\":1" MESSAGE(
                                      "\"content\":{\"text\":\"gr\\u00fc\xc3\x9f\"}"))
            EVENT("content-end", ",\"index\":1") EVENT(
                "citation-start", ",\"index\":0" MESSAGE(
                                      "\"citations\":{\"start\":0,\"end\":4,\"text\":"
                                      "\"x\",\"sources\":[{\"type\":\"document\",\"document\":{"
                                      "\"url\":\"http://x\"}}],"
                                      "\"content_index\":1}")) EVENT("citation-end", ",\"index\":0")
                EVENT("tool-call-start",
                      ",\"index\":0" MESSAGE(
                          "\"tool_calls\":{\"id\":\"t\",\"type\":"
                          "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}"))
                    EVENT("tool-call-delta",
                          ",\"index\":0" MESSAGE("\"tool_calls\":{\"function\":{\"arguments\":"
                                                 "\"{\\\"a\\\":1}\"}}")) EVENT("tool-call-end",
                                                                               ",\"index\":0")
                        EVENT("tool-call-start",
                              ",\"index\":1" MESSAGE(
                                  "\"tool_calls\":{\"id\":\"u\",\"type\":"
                                  "\"function\",\"function\":{\"name\":\"g\",\"arguments\":\"\"}}"))
                            EVENT("tool-call-end", ",\"index\":1")
                                EVENT("debug", ",\"prompt\":\"p\"")
                                    EVENT("message-end", ",\"delta\":{\"finish_reason\":\"TOOL_"
                                                         "CALL\",\"usage\":{\"billed_units\":{"
                                                         "\"input_tokens\":7,\"output_tokens\":89},"
                                                         "\"tokens\":{\"input_tokens\":69,"
                                                         "\"output_tokens\":89},\"cached_tokens\":"
                                                         "5}}") "data: [DONE]\n\n";

static void check_long_stream(const struct reply *r)
{
    const struct block *plan = r->choices->blocks, *thought = plan->next, *text = thought->next;
    is_str(plan->text, S("I look"), "a plan");
    is_str(plan->phase, S("commentary"), "of its phase");
    is_int(thought->kind, BLOCK_REASONING, "thoughts");
    is_str(text->text, S("gr\xc3\xbc\xc3\x9f"), "text without a start");
    is_str(text->annotations->url, S("http://x"), "a citation behind its end");
    is_str(text->next->call.args, S("{\"a\":1}"), "a call");
    is_str(text->next->next->call.name, S("g"), "and another");
    is_int(r->usage.input_tokens, 69, "tokens, not what is billed");
    is_int(r->usage.cached_tokens, 5, "cached ones");
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
    size_t end = str_find(bytes, S("data: [DONE]"));
    for (size_t n = 0; n + 2 < end; n++)
        is_never_success =
            is_never_success && !bench_fold(b, str_slice(bytes, 0, n), bytes.n, &code, &fold);
    ok(is_never_success, "is no success before its message-end");
    ok(bench_fold(b, str_slice(bytes, 0, end), 9, &code, &fold) != NULL, "needs no [DONE]");
    str written = bench_played(b, whole);
    struct reply *again = bench_fold(b, written, 5, &code, &fold);
    is_str(again ? reply_difference(&b->a, whole, again, 0) : S("none"), S(""), "written again");
    ok(str_has_suffix(written, S("data: [DONE]\n\n")), "with its mark");
}

static void failed_streams(struct bench *b)
{
    static const char failed[] =
        EVENT("message-end", ",\"delta\":{\"finish_reason\":\"ERROR\",\"error\":\"broke\"}");
    struct fold fold;
    int code;
    bench_fold(b, str_from_cz(failed), 9, &code, &fold);
    ok(fold.failure && str_eq(fold.failure->message, S("broke")), "an error in the stream");
    bench_fold(b, S("data: {\"message\":\"too late\"}\n\n"), 9, &code, &fold);
    ok(fold.failure && str_eq(fold.failure->message, S("too late")), "an error instead of it");
    bench_fold(b, S("data: {\"type\":\"tool-call-delta\"}\n\n"), 9, &code, &fold);
    is_int(code, -E_PROVIDER_BODY, "arguments without a call");
    bench_fold(b, S("data: [DONE]\n\n"), 9, &code, &fold);
    is_int(code, -E_PROVIDER_TRUNCATED, "an end without an answer");
    struct bench_sink s = {.codec = bench_codec(b)};
    const struct event ev = {.kind = EV_ERROR,
                             .failure = {.class = FAILURE_SERVER, .message = S("oh")}};
    s.e = (struct encoder){.a = &b->a, .scratch = &b->a, .out = &b->out, .w = bench_writing(b)};
    buf_reset(&b->out);
    is_int(bench_sink_put(&s, &ev), 0, "an error is written");
    is_str(buf_str(&b->out),
           S("event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":"
             "\"ERROR\",\"error\":\"oh\"}}\n\n"),
           "as the end, without [DONE]");
}

static void errors(struct bench *b)
{
    struct failure f = {.class = FAILURE_BAD_REQUEST, .message = S("?")};
    const struct json *body = bench_json(
        b, S("{\"error_type\":\"TOO_MANY_TOKENS\",\"id\":\"i\",\"message\":\"too many tokens\"}"));
    bench_codec(b)->read_error(&b->a, body, S_EMPTY, &f);
    is_int(f.class, FAILURE_CONTEXT, "too long");
    is_str(f.request_id, S("i"), "its id");
    buf_reset(&b->out);
    bench_codec(b)->write_error(&f, &b->out);
    is_str(buf_str(&b->out), S("{\"id\":\"i\",\"message\":\"too many tokens\"}"), "and back");
}

int main(void)
{
    struct bench b;
    bench_init(&b, DIALECT_COHERE);
    recordings(&b);
    b.model = S("model-1");
    losses_init(&b.loss, &b.a);
    write_turns(&b);
    write_settings(&b);
    write_tools(&b);
    write_files(&b);
    read_request_parts(&b);
    refuse_requests(&b);
    cut_streams(&b);
    failed_streams(&b);
    errors(&b);
    bench_fini(&b);
    return tap_done();
}
