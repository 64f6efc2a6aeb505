/* The Responses dialect as a whole: errors, whole answers that are none, and the loop of a coding
 * client: ten turns of tools with another provider, whose signatures come back unharmed. */
#include "llm/dialect_responses.c"

#include "llm/dialect_responses_bench.h"
#include "llm/seal.h"

/* ---- errors ---- */

static void test_errors_read(void)
{
    static const struct {
        const char *body, *message, *code;
        enum failure_class class;
    } table[] = {
        {"{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\",\"code\":"
         "\"context_length_exceeded\",\"param\":\"input\"}}",
         "m", "context_length_exceeded", FAILURE_CONTEXT},
        {"{\"error\":{\"message\":\"m\",\"type\":\"insufficient_quota\",\"code\":null}}", "m", "",
         FAILURE_QUOTA},
        {"{\"error\":\"text\"}", "text", "", FAILURE_SERVER},
        {"{\"detail\":\"d\"}", "d", "", FAILURE_SERVER},
        {"{\"message\":\"m\",\"code\":\"rate_limit_exceeded\"}", "m", "rate_limit_exceeded",
         FAILURE_RATE},
        {"[1]", "", "", FAILURE_SERVER},
    };
    struct bench b;
    bench_init(&b);
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct failure f = {.class = FAILURE_SERVER};
        read_error(&b.p->a, bench_json(&b, str_from_cz(table[i].body)), S_EMPTY, &f);
        is_str(f.message, str_from_cz(table[i].message), table[i].body);
        is_str(f.code, str_from_cz(table[i].code), "code");
        is_int(f.class, table[i].class, "class");
    }
    struct failure f = {.class = FAILURE_TIMEOUT};
    read_error(&b.p->a, NULL, S_EMPTY, &f);
    is_int(f.class, FAILURE_TIMEOUT, "no body: the status stands");
    bench_fini(&b);
}

static void test_errors_written(void)
{
    struct bench b;
    bench_init(&b);
    struct buf out;
    buf_init(&out, 4096);
    write_error(&(struct failure){.class = FAILURE_CONTEXT,
                                  .message = S("too \"long\""),
                                  .param = S("input"),
                                  .gateway = S("{\"code\":\"TB-1\"}")},
                &out);
    bench_is_json(&b, buf_str(&out),
                  "{\"error\":{\"message\":\"too \\\"long\\\"\",\"type\":\"invalid_request_error\","
                  "\"param\":\"input\",\"code\":\"context_length_exceeded\",\"gateway\":{\"code\":"
                  "\"TB-1\"}}}",
                  "OpenAI's words");
    buf_reset(&out);
    write_error(&(struct failure){.class = FAILURE_BAD_REQUEST, .message = S("m")}, &out);
    bench_is_json(&b, buf_str(&out),
                  "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\",\"param\":null,"
                  "\"code\":null}}",
                  "no words");
    buf_fini(&out);
    bench_fini(&b);
}

/* ---- whole answers ---- */

static void test_no_answers(void)
{
    static const struct {
        const char *body;
        int code;
    } table[] = {
        {"{\"status\":\"failed\",\"output\":[],\"error\":{\"code\":\"server_error\",\"message\":"
         "\"m\"}}",
         -E_PROVIDER_FAILED},
        {"{\"status\":\"failed\",\"output\":[],\"error\":{\"code\":\"rate_limit_exceeded\"}}",
         -E_PROVIDER_RATE},
        {"{\"error\":{\"message\":\"m\"}}", -E_PROVIDER_FAILED},
        {"{}", -E_PROVIDER_BODY},
        {"[]", -E_PROVIDER_BODY},
        {"{\"output\":{}}", -E_PROVIDER_BODY},
        {"{\"output\":[7]}", -E_PROVIDER_BODY},
        {"{\"output\":[{\"type\":\"message\",\"content\":7}]}", -E_PROVIDER_BODY},
        {"{\"model\":7,\"output\":[]}", -E_PROVIDER_BODY},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct bench b;
        struct reply r;
        bench_init(&b);
        int rc = pipe_read(b.p, dialect_get(DIALECT_RESPONSES), str_from_cz(table[i].body), &r);
        is_int(rc, table[i].code, table[i].body);
        ok(b.p->err.message.n > 0, "with a message");
        bench_fini(&b);
    }
}

static void test_ends(void)
{
    static const struct {
        const char *body;
        enum finish finish;
    } table[] = {
        {"{\"status\":\"completed\",\"output\":[]}", FINISH_STOP},
        {"{\"output\":[{\"type\":\"function_call\",\"name\":\"f\"}]}", FINISH_TOOL_CALLS},
        {"{\"output\":[{\"type\":\"message\",\"content\":[{\"type\":\"refusal\"}]}]}",
         FINISH_REFUSAL},
        {"{\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"max_output_tokens\"},"
         "\"output\":[]}",
         FINISH_LENGTH},
        {"{\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"content_filter\"},"
         "\"output\":[]}",
         FINISH_CONTENT_FILTER},
        {"{\"status\":\"queued\",\"output\":[]}", FINISH_OTHER},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct bench b;
        struct reply r;
        bench_init(&b);
        int rc = pipe_read(b.p, dialect_get(DIALECT_RESPONSES), str_from_cz(table[i].body), &r);
        is_int(rc, 0, table[i].body);
        is_int(r.choices->finish.reason, table[i].finish, "how it ended");
        bench_fini(&b);
    }
}

/* ---- a coding client's loop ---- */

#define LOOP_TURNS 10

/* The provider's answer in turn i: a signed thought and a call. */
static str provider_answer(struct bench *b, enum dialect_id provider, int i)
{
    if (provider == DIALECT_ANTHROPIC)
        return arena_printf(&b->p->a,
                            "{\"id\":\"msg\",\"type\":\"message\",\"role\":\"assistant\",\"model\":"
                            "\"claude\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"t%d\","
                            "\"signature\":\"sig%d==\"},{\"type\":\"redacted_thinking\",\"data\":"
                            "\"data%d\"},{\"type\":\"text\",\"text\":\"say %d\"},{\"type\":"
                            "\"tool_use\",\"id\":\"toolu_%d\",\"name\":\"mcp__shell\",\"input\":{"
                            "\"n\":%d}}],\"stop_reason\":\"tool_use\",\"stop_sequence\":null,"
                            "\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}",
                            i, i, i, i, i, i);
    return arena_printf(&b->p->a,
                        "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":"
                        "\"say %d\"},{\"functionCall\":{\"name\":\"mcp__shell\",\"args\":{\"n\":%d"
                        "}},\"thoughtSignature\":\"c2lnbmF0dXJl%04d\"}]},\"finishReason\":\"STOP\","
                        "\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":1,"
                        "\"candidatesTokenCount\":2}}",
                        i, i, i);
}

/* One answer translated to a stream for the client; the items it got, as JSON with commas. */
static str client_items(struct bench *b, enum dialect_id provider, struct chat *asked, str answer)
{
    const struct dialect *to = dialect_get(DIALECT_RESPONSES);
    struct pipe *p = pipe_new(dialect_get(provider), to, asked);
    struct buf items;
    p->restore.rule = provider == DIALECT_ANTHROPIC ? &name_rule_anthropic : &name_rule_gemini;
    p->restore.provider = S("other-a");
    p->restore.model = S("m");
    pipe_reply(p, dialect_get(provider), answer);
    buf_init(&items, 1 << 20);
    str rest = buf_str(&p->out), event;
    while (p->rc == 0 && sse_next(&rest, &event)) {
        struct sse_event e;
        sse_parse(&p->a, event, &e);
        if (!str_eq(e.type, S("response.output_item.done")))
            continue;
        buf_put_char(&items, ',');
        buf_put(&items, bench_at(b, e.data, "item"));
    }
    is_int(p->rc, 0, "translated");
    str text = arena_str(&b->p->a, buf_str(&items));
    buf_fini(&items);
    pipe_free(p);
    return text;
}

/* The call id that the last function_call of these items has. */
static str last_call_id(struct bench *b, str items)
{
    str list = arena_concat(&b->p->a, (str[]){S("["), str_skip(items, 1), S("]")}, 3);
    str id = S_EMPTY;
    for (struct json_iter it = json_iter(bench_json(b, list)); json_iter_next(&it);) {
        if (str_eq(json_str(json_get(it.value, "type")), S("function_call")))
            id = json_str(json_get(it.value, "call_id"));
    }
    return id;
}

static size_t count(str text, str what)
{
    size_t n = 0;
    for (size_t at = str_find(text, what); at != STR_NONE; at = str_find(text, what)) {
        text = str_skip(text, at + what.n);
        n++;
    }
    return n;
}

/* The client appends what it got and what its tool said, and sends everything again. */
static void loop(enum dialect_id provider)
{
    struct bench b;
    struct buf history;
    bench_init(&b);
    buf_init(&history, 1 << 20);
    b.provider = S("other-a");
    b.can.can = CAN_PREFILL | CAN_SIGN_CALLS | CAN_IMAGE_URL;
    str body = S_EMPTY, sent = S_EMPTY;
    for (int i = 0; i <= LOOP_TURNS; i++) {
        body = arena_printf(&b.p->a,
                            "{\"model\":\"m\",\"store\":false,\"stream\":true,\"include\":["
                            "\"reasoning.encrypted_content\"],\"tools\":[{\"type\":\"namespace\","
                            "\"name\":\"mcp\",\"description\":\"d\",\"tools\":[{\"type\":"
                            "\"function\",\"name\":\"shell\",\"parameters\":{\"type\":\"object\"}}]"
                            "}],\"input\":[{\"role\":\"user\",\"content\":\"go\"}" STR_FMT "]}",
                            STR_ARG(buf_str(&history)));
        struct chat *c = bench_chat(&b, DIALECT_RESPONSES, arena_cz(&b.p->a, body));
        sent = bench_request(&b, provider, c);
        ok(sent.n > 0, "sent to the provider");
        if (i == LOOP_TURNS || !c)
            break;
        str items = client_items(&b, provider, c, provider_answer(&b, provider, i));
        buf_put(&history, items);
        buf_printf(&history,
                   ",{\"type\":\"function_call_output\",\"call_id\":\"" STR_FMT
                   "\",\"output\":\"out %d\"}",
                   STR_ARG(last_call_id(&b, items)), i);
    }
    is_int(count(body, S("\"namespace\":\"mcp\",\"name\":\"shell\"")) +
               count(body, S("\"name\":\"shell\",\"namespace\":\"mcp\"")),
           LOOP_TURNS, "the client reads its own names");
    is_int(count(sent, S("mcp__shell")), LOOP_TURNS + (provider == DIALECT_GEMINI ? 11 : 1),
           "the provider reads its own");
    if (provider == DIALECT_ANTHROPIC) {
        is_int(count(sent, S("\"signature\":\"sig")), LOOP_TURNS, "signatures");
        is_int(count(sent, S("\"data\":\"data")), LOOP_TURNS, "redacted thoughts");
        is_int(count(sent, S("\"thinking\":\"t")), LOOP_TURNS, "thoughts");
        is_int(count(sent, S("toolu_")), 2 * LOOP_TURNS, "call ids");
    } else {
        is_int(count(sent, S("c2lnbmF0dXJl")), LOOP_TURNS, "signatures");
    }
    is_int(count(sent, S("\"say ")), LOOP_TURNS, "texts");
    is_int(count(sent, S("out ")), LOOP_TURNS, "results");
    is_str(bench_losses(&b), S(""), "nothing is lost");
    buf_fini(&history);
    bench_fini(&b);
}

int main(void)
{
    test_errors_read();
    test_errors_written();
    test_no_answers();
    test_ends();
    loop(DIALECT_ANTHROPIC);
    loop(DIALECT_GEMINI);
    return tap_done();
}
