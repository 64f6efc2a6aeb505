/* Answers of Anthropic, both ways, its usage, its errors, and the streams that its clients get. */
#include "llm/dialect_anthropic.c"

#include "codec_bench.h"
#include "llm/seal.h"

/* ---- usage ---- */

static struct usage usage_of(struct bench *b, const char *object, struct usage u)
{
    anthropic_usage_read(bench_json(b, str_from_cz(object)), &u);
    return u;
}

static void is_usage(struct bench *b, struct usage u, const char *want, const char *what)
{
    struct json_writer w = json_writer(&b->out);
    buf_reset(&b->out);
    json_begin_object(&w, NULL);
    anthropic_usage_put(&w, &u);
    json_end_object(&w);
    is_str(arena_str(&b->a, buf_str(&b->out)), str_from_cz(want), what);
}

static void usage(struct bench *b)
{
    struct usage u = usage_of(b,
                              "{\"input_tokens\":3,\"cache_creation_input_tokens\":236,"
                              "\"cache_read_input_tokens\":1712,\"output_tokens\":121}",
                              USAGE_NONE);
    is_int(u.input_tokens, 1951, "the whole input");
    is_int(u.cached_tokens, 1712, "of it from the cache");
    is_int(u.cache_write_tokens, 236, "and to the cache");
    is_int(u.output_tokens, 121, "output");
    is_usage(b, u,
             "{\"input_tokens\":3,\"cache_creation_input_tokens\":236,"
             "\"cache_read_input_tokens\":1712,\"output_tokens\":121}",
             "and taken apart again");
    u = usage_of(b, "{\"output_tokens\":130}", u);
    is_int(u.input_tokens, 1951, "a later count may be of the output alone");
    u = usage_of(b, "{\"input_tokens\":61,\"output_tokens\":2}", u);
    is_int(u.input_tokens, 61 + 1712 + 236, "or of more input than was said");
    u = usage_of(
        b,
        "{\"input_tokens\":1,\"cache_creation\":{\"ephemeral_5m_input_tokens\":2,"
        "\"ephemeral_1h_input_tokens\":4},\"output_tokens_details\":{\"thinking_tokens\":8},"
        "\"server_tool_use\":{\"web_search_requests\":1},\"output_tokens\":16}",
        USAGE_NONE);
    is_int(u.cache_write_tokens, 6, "all ages of the cache");
    is_int(u.input_tokens, 7, "are input");
    is_usage(
        b, u,
        "{\"input_tokens\":1,\"cache_creation_input_tokens\":6,\"cache_creation\":{"
        "\"ephemeral_5m_input_tokens\":2,\"ephemeral_1h_input_tokens\":4},\"output_tokens\":16,"
        "\"output_tokens_details\":{\"thinking_tokens\":8},\"server_tool_use\":{"
        "\"web_search_requests\":1}}",
        "every count");
    u = usage_of(b, "{\"input_tokens\":-5,\"output_tokens\":99999999999999999999}", USAGE_NONE);
    ok(!usage_is_known(&u), "what is no count is not known");
    is_usage(b, u, "{\"input_tokens\":0,\"output_tokens\":0}", "and 0 to who must have one");
}

/* ---- errors ---- */

static void is_failure(struct bench *b, const char *body, enum failure_class class,
                       const char *message)
{
    struct failure f = {.class = FAILURE_SERVER, .message = S("the status alone"), .retry_ms = -1};
    dialect_anthropic.read_error(&b->a, bench_json(b, str_from_cz(body)), S_EMPTY, &f);
    is_int(f.class, class, body);
    is_str(f.message, str_from_cz(message), message);
}

static void errors(struct bench *b)
{
    is_failure(
        b, "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"slow\"}}",
        FAILURE_RATE, "slow");
    is_failure(
        b,
        "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"prompt is too long: 2 > "
        "1\"}}",
        FAILURE_CONTEXT, "prompt is too long: 2 > 1");
    is_failure(b, "{\"error\":{\"type\":\"authentication_error\",\"message\":\"key\"}}",
               FAILURE_UPSTREAM_AUTH, "key");
    is_failure(b,
               "{\"error\":{\"code\":404,\"message\":\"no such model\",\"status\":\"NOT_FOUND\"}}",
               FAILURE_SERVER, "no such model");
    is_failure(b, "{\"message\":\"too many\"}", FAILURE_SERVER, "too many");
    is_failure(b, "{\"error\":\"plain\"}", FAILURE_SERVER, "plain");
    is_failure(b, "{}", FAILURE_SERVER, "the status alone");
    dialect_anthropic.read_error(&b->a, NULL, S_EMPTY, &(struct failure){.retry_ms = -1});
    struct failure f = {.class = FAILURE_OVERLOADED,
                        .message = S("busy"),
                        .gateway = S("{\"code\":\"TB-1\"}"),
                        .request_id = S("01")};
    buf_reset(&b->out);
    dialect_anthropic.write_error(&f, &b->out);
    is_str(buf_str(&b->out),
           S("{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\","
             "\"gateway\":{\"code\":\"TB-1\"}},\"request_id\":\"01\"}"),
           "an error for a client");
}

/* ---- whole answers ---- */

static void replies(struct bench *b)
{
    str own =
        S("{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"model-1\","
          "\"content\":[{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"s\"},{\"type\":"
          "\"text\",\"text\":\"t\",\"citations\":null},{\"type\":\"tool_use\",\"id\":\"a\","
          "\"name\":\"f\",\"input\":{\"x\":1.50},\"caller\":{\"type\":\"direct\"}},{\"type\":"
          "\"server_tool_use\",\"id\":\"z\"}],\"stop_reason\":\"tool_use\",\"stop_sequence\":null,"
          "\"stop_details\":null,\"usage\":{\"input_tokens\":1,\"output_tokens\":2,\"iterations\":"
          "[1]},\"container\":{\"id\":\"c\"}}");
    struct reply *r = bench_reply(b, own);
    bench_same(b, bench_answer(b, r), own, "an answer of Anthropic's, for its own client");
    r = bench_reply(b, S("{\"content\":[{\"type\":\"tool_use\",\"id\":\"a\",\"name\":"
                         "\"" ANTHROPIC_JSON_TOOL "\",\"input\":{\"x\":1}}],\"stop_reason\":"
                         "\"tool_use\"}"));
    is_int(r->choices->blocks->kind, BLOCK_TEXT, "the schema's tool");
    is_str(r->choices->blocks->text, S("{\"x\":1}"), "is text");
    is_int(r->choices->finish.reason, FINISH_STOP, "and no call");
    ok(!bench_reply(b, S("{\"type\":\"message\"}")), "nothing said");
    is_int(b->err.code, -E_PROVIDER_BODY, "is no answer");
}

/* An answer of another provider. */
static struct reply *foreign(struct bench *b, enum finish finish)
{
    struct reply *r = arena_new(&b->a, struct reply);
    reply_init(r);
    r->start.id = S("chat-1");
    r->extras.origin = DIALECT_CHAT;
    reply_choice_at(&b->a, r, 0)->finish.reason = finish;
    return r;
}

static struct block *add_block(struct bench *b, struct reply *r, enum block_kind kind)
{
    struct block *block = block_new(&b->a, kind);
    block_add(&r->choices->blocks, block);
    return block;
}

static void add_call(struct bench *b, struct reply *r, const char *args)
{
    struct block *call = add_block(b, r, BLOCK_TOOL_CALL);
    call->call.name = S("f");
    call->call.id = S("i");
    call->call.args = str_from_cz(args);
}

static void foreign_replies(struct bench *b)
{
    struct reply *r = foreign(b, FINISH_STOP);
    struct block *thought = add_block(b, r, BLOCK_REASONING);
    reasoning_add(&b->a, &thought->reasoning, true, S("hm"));
    add_block(b, r, BLOCK_TEXT);
    add_block(b, r, BLOCK_TEXT)->text = S("hi");
    add_call(b, r, "");
    bench_same(
        b, bench_answer(b, r),
        S("{\"id\":\"chat-1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"model-1\","
          "\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"" SEAL_ABSENT
          "\"},{\"type\":"
          "\"text\",\"text\":\"hi\"},{\"type\":\"tool_use\",\"id\":\"i\",\"name\":\"f\",\"input\":"
          "{}}],\"stop_reason\":\"tool_use\",\"stop_sequence\":null,\"usage\":{\"input_tokens\":"
          "0,\"output_tokens\":0}}"),
        "an answer of somebody else's");
}

static void has_input(struct bench *b, const char *args, const char *want)
{
    struct reply *r = foreign(b, FINISH_LENGTH);
    add_call(b, r, args);
    const struct json *v = bench_json(b, bench_answer(b, r));
    const struct json *call = json_at(json_get(v, "content"), 0);
    is_str(call ? ir_text(&b->a, json_get(call, "input")) : S("none"), str_from_cz(want), args);
    is_str(json_str(json_get(v, "stop_reason")), S("max_tokens"), "cut off");
}

static void cut_arguments(struct bench *b)
{
    has_input(b, "{\"a\":1}", "{\"a\":1}");
    has_input(b, "{\"a\":\"x", "{\"a\":\"x\"}");
    has_input(b, "{\"a\":[1,{\"b\":2", "{\"a\":[1,{\"b\":2}]}");
    has_input(b, "{\"a\":1,\"b", "{\"a\":1}");
    has_input(b, "{\"a\":1,\"b\":", "{\"a\":1}");
    has_input(b, "{\"a\":1,", "{\"a\":1}");
    has_input(b, "{\"a", "{}");
    has_input(b, "{\"a\":\"x\\", "{}");
    has_input(b, "[1", "none");
    has_input(b, "}{", "none");
}

/* ---- streams for clients ---- */

static void streams(struct bench *b)
{
    struct reply *r = foreign(b, FINISH_STOP);
    struct block *thought = add_block(b, r, BLOCK_REASONING);
    reasoning_add(&b->a, &thought->reasoning, true, S("h"));
    reasoning_add(&b->a, &thought->reasoning, true, S("m"));
    add_block(b, r, BLOCK_REASONING)->seal =
        (struct seal){.kind = SEAL_REDACTED, .family = FAMILY_ANTHROPIC, .value = S("d")};
    add_block(b, r, BLOCK_TEXT);
    add_block(b, r, BLOCK_TEXT)->text = S("hi");
    add_call(b, r, "{\"x\":1}");
    r->usage.input_tokens = 9;
    r->usage.cached_tokens = 4;
    r->usage.output_tokens = 2;
    is_str(
        bench_played(b, r),
        S("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"chat-1\","
          "\"type\":\"message\",\"role\":\"assistant\",\"model\":\"model-1\",\"content\":[],"
          "\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":0,"
          "\"output_tokens\":0}}}\n\n"
          "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
          "\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n"
          "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
          "\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"h\"}}\n\n"
          "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
          "\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"\\n\\n\"}}\n\n"
          "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
          "\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"m\"}}\n\n"
          "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
          "\"delta\":{\"type\":\"signature_delta\",\"signature\":\"" SEAL_ABSENT "\"}}\n\n"
          "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
          "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,"
          "\"content_block\":{\"type\":\"redacted_thinking\",\"data\":\"d\"}}\n\n"
          "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n"
          "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":2,"
          "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
          "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":2,"
          "\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\n"
          "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":2}\n\n"
          "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":3,"
          "\"content_block\":{\"type\":\"tool_use\",\"id\":\"i\",\"name\":\"f\",\"input\":{}}}\n\n"
          "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":3,"
          "\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"x\\\":1}\"}}\n\n"
          "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":3}\n\n"
          "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
          "\"tool_use\",\"stop_sequence\":null},\"usage\":{\"input_tokens\":5,"
          "\"cache_read_input_tokens\":4,\"output_tokens\":2}}\n\n"
          "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"),
        "a stream for an Anthropic client");
}

static str events(struct bench *b, const struct event *list, size_t n)
{
    struct encoder e = {.a = &b->a, .scratch = &b->a, .out = &b->out, .w = bench_writing(b)};
    buf_reset(&b->out);
    for (size_t i = 0; i < n; i++)
        is_int(dialect_anthropic.write_event(&e, &list[i]), 0, "an event");
    return arena_str(&b->a, buf_str(&b->out));
}

static void odd_events(struct bench *b)
{
    struct block text = {.kind = BLOCK_TEXT}, opaque = {.kind = BLOCK_OPAQUE};
    const struct event broken[] = {
        {.kind = EV_PING},
        {.kind = EV_DELTA, .delta = {.text = S("no block")}},
        {.kind = EV_BLOCK_START, .content = &opaque},
        {.kind = EV_DELTA, .delta = {.text = S("not shown")}},
        {.kind = EV_BLOCK_STOP},
        {.kind = EV_BLOCK_START, .choice = 1, .content = &text},
        {.kind = EV_DELTA, .choice = 1, .delta = {.text = S("another choice")}},
        {.kind = EV_ERROR, .failure = {.class = FAILURE_TIMEOUT, .message = S("late")}},
    };
    is_str(events(b, broken, ARRAY_LEN(broken)),
           S("event: ping\ndata: {\"type\":\"ping\"}\n\nevent: error\ndata: {\"type\":\"error\","
             "\"error\":{\"type\":\"timeout_error\",\"message\":\"late\"}}\n\n"),
           "what has no place in a stream");
}

/* Proofs of others are wrapped, and are still proofs when they come back. */
static void seals(struct bench *b)
{
    struct reply *r = foreign(b, FINISH_STOP);
    struct block *thought = add_block(b, r, BLOCK_REASONING);
    reasoning_add(&b->a, &thought->reasoning, true, S("h"));
    thought->seal = (struct seal){
        .kind = SEAL_REDACTED, .family = FAMILY_OPENAI, .provider = S("o"), .value = S("v")};
    const struct json *v = bench_json(b, bench_answer(b, r));
    const struct json *block = json_at(json_get(v, "content"), 0);
    is_str(json_str(json_get(block, "type")), S("thinking"), "a summary and its proof");
    struct fold fold;
    int code = 0;
    str stream = bench_played(b, r);
    struct reply *again = bench_fold(b, stream, stream.n, &code, &fold);
    is_str(again->choices->blocks->seal.value, json_str(json_get(block, "signature")),
           "the same in a stream");
}

int main(void)
{
    struct bench b;
    bench_init(&b, DIALECT_ANTHROPIC);
    usage(&b);
    errors(&b);
    replies(&b);
    foreign_replies(&b);
    cut_arguments(&b);
    streams(&b);
    odd_events(&b);
    seals(&b);
    bench_fini(&b);
    return tap_done();
}
