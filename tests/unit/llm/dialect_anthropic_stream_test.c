/* Streams of Anthropic, read: what a provider, or a proxy before it, may send. A stream is told as
 * one line of its events, and must be told alike however it is cut. */
#include "llm/dialect_anthropic_stream.c"

#include "codec_bench.h"

struct teller {
    struct buf line;
};

static void tell_block(struct buf *b, const struct block *c)
{
    static const char *const kinds[] = {"text", "refusal", "media", "thought",
                                        "call", "result",  "opaque"};
    buf_printf(b, ":%s", kinds[c->kind]);
    if (c->kind == BLOCK_TOOL_CALL && c->call.name.n > 0)
        buf_printf(b, "(%.*s,%.*s)", STR_ARG(c->call.id), STR_ARG(c->call.name));
    if (c->seal.kind != SEAL_NONE)
        buf_printf(b, "(%s %.*s)", c->seal.kind == SEAL_REDACTED ? "redacted" : "signed",
                   STR_ARG(c->seal.value));
    if (c->kind == BLOCK_OPAQUE && c->raw)
        json_put(b, c->raw);
}

static int tell(void *arg, const struct event *ev)
{
    static const char *const names[] = {"start", "begin",  "delta", "note",   "logprobs", "stop",
                                        "usage", "finish", "ping",  "notice", "error",    "end"};
    struct buf *b = &((struct teller *)arg)->line;
    buf_printf(b, "%s%s", b->n > 0 ? " " : "", names[ev->kind]);
    switch (ev->kind) {
    case EV_START:
        buf_printf(b, "(%.*s,%.*s)", STR_ARG(ev->start.id), STR_ARG(ev->start.model));
        break;
    case EV_BLOCK_START:
    case EV_BLOCK_STOP:
        buf_printf(b, "%u", ev->block);
        if (ev->content)
            tell_block(b, ev->content);
        break;
    case EV_DELTA:
        buf_printf(b, "%u:%s\"%.*s\"", ev->block, ev->delta.kind == DELTA_ARGS ? "args" : "",
                   STR_ARG(ev->delta.text));
        break;
    case EV_ANNOTATION:
        buf_printf(b, "%u(%.*s)", ev->block, STR_ARG(ev->annotation->url));
        break;
    case EV_USAGE:
        buf_printf(b, "(%lld,%lld)", (long long)ev->usage.input_tokens,
                   (long long)ev->usage.output_tokens);
        break;
    case EV_FINISH:
        buf_printf(b, "(%s,%.*s)", finish_name(ev->finish.reason), STR_ARG(ev->finish.message));
        break;
    case EV_NOTICE:
        buf_printf(b, "(%.*s)", STR_ARG(ev->notice));
        break;
    case EV_ERROR:
        buf_printf(b, "(%d,%.*s)", ev->failure.class, STR_ARG(ev->failure.message));
        break;
    case EV_LOGPROBS:
    case EV_PING:
    case EV_END:
        break;
    }
    return 0;
}

/* One payload a line, framed. */
static str framed(struct bench *b, const char *lines)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    for (str rest = str_from_cz(lines), line; rest.n > 0;) {
        (void)str_cut(rest, '\n', &line, &rest);
        if (line.n > 0)
            sse_put(&out, S("x"), line);
    }
    str text = arena_str(&b->a, buf_str(&out));
    buf_fini(&out);
    return text;
}

static int told(struct bench *b, str bytes, size_t step, str *line)
{
    struct teller t;
    buf_init(&t.line, 1 << 20);
    int rc = bench_stream(b, bytes, step, (struct sink){.put = tell, .arg = &t});
    *line = arena_str(&b->a, buf_str(&t.line));
    buf_fini(&t.line);
    return rc;
}

static void tells_with(struct bench *b, const char *what, const char *lines, const char *want,
                       int code)
{
    str bytes = framed(b, lines), line = S_EMPTY;
    is_int(told(b, bytes, bytes.n, &line), code, what);
    is_str(line, str_from_cz(want), what);
    size_t bad = 0;
    for (size_t step = 1; step < 40; step += 2) {
        str cut = S_EMPTY;
        bad += told(b, bytes, step, &cut) != code || !str_eq(cut, line);
    }
    is_int(bad, 0, "alike at every cut");
}

static void tells(struct bench *b, const char *what, const char *lines, const char *want)
{
    tells_with(b, what, lines, want, 0);
}

#define START                                                                                      \
    "{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"c\",\"content\":[]}}\n"
#define BEGIN(i, block)                                                                            \
    "{\"type\":\"content_block_start\",\"index\":" i ",\"content_block\":" block "}\n"
#define DELTA(i, delta) "{\"type\":\"content_block_delta\",\"index\":" i ",\"delta\":" delta "}\n"
#define STOP(i)         "{\"type\":\"content_block_stop\",\"index\":" i "}\n"
#define TEXT            "{\"type\":\"text\",\"text\":\"\"}"
#define T(s)            "{\"type\":\"text_delta\",\"text\":\"" s "\"}"
#define J(s)            "{\"type\":\"input_json_delta\",\"partial_json\":\"" s "\"}"
#define CALL(id)        "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"f\",\"input\":{}}"
#define END(reason)                                                                                \
    "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"" reason                             \
    "\"},\"usage\":{\"output_tokens\":7}}\n{\"type\":\"message_stop\"}\n"

static void texts(struct bench *b)
{
    tells(b, "text, and pings before and between",
          "{\"type\":\"ping\"}\n" START "{\"type\":\"ping\"}\n" BEGIN("0", TEXT) DELTA("0", T("a"))
              DELTA("0", T("b")) STOP("0") END("end_turn"),
          "start(m,c) ping begin0:text delta0:\"a\" delta0:\"b\" stop0 usage(-1,7) "
          "finish(stop,) end");
    tells(b, "text that is there from the beginning",
          START BEGIN("0", "{\"type\":\"text\",\"text\":\"a\",\"citations\":[]}") STOP("0")
              END("max_tokens"),
          "start(m,c) begin0:text delta0:\"a\" stop0 usage(-1,7) finish(length,) end");
    tells(b, "citations come before their text",
          START BEGIN("0", TEXT) DELTA(
              "0", "{\"type\":\"citations_delta\",\"citation\":{\"type\":\"x\",\"url\":\"u\"}}")
              DELTA("0", T("a")) STOP("0") END("end_turn"),
          "start(m,c) begin0:text note0(u) delta0:\"a\" stop0 usage(-1,7) finish(stop,) end");
    tells(b, "what follows the end is not looked at", START END("end_turn") START BEGIN("0", TEXT),
          "start(m,c) usage(-1,7) finish(stop,) end");
    tells(b, "a refusal",
          START
          "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\",\"stop_details\":"
          "{\"type\":\"refusal\",\"explanation\":\"no\"}}}\n{\"type\":\"message_stop\"}\n",
          "start(m,c) finish(refusal,no) end");
}

static void calls(struct bench *b)
{
    tells(b, "a call in pieces",
          START BEGIN("0", CALL("a")) DELTA("0", J("")) DELTA("0", J("{\\\"x\\\":"))
              DELTA("0", J("1}")) STOP("0") END("tool_use"),
          "start(m,c) begin0:call(a,f) delta0:args\"{\"x\":\" delta0:args\"1}\" stop0 usage(-1,7) "
          "finish(tool_calls,) end");
    tells(
        b, "a call without arguments", START BEGIN("0", CALL("a")) STOP("0") END("tool_use"),
        "start(m,c) begin0:call(a,f) delta0:args\"{}\" stop0 usage(-1,7) finish(tool_calls,) end");
    tells(
        b, "a call whose arguments come whole",
        START BEGIN("0", "{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":{\"x\":1}}")
            STOP("0") END("tool_use"),
        "start(m,c) begin0:call(a,f) delta0:args\"{\"x\":1}\" stop0 usage(-1,7) "
        "finish(tool_calls,) end");
    tells(b, "calls side by side, numbered anew",
          START BEGIN("3", CALL("a")) BEGIN("1", CALL("b")) DELTA("1", J("{}")) DELTA("3", J("[]"))
              STOP("3") STOP("1") END("tool_use"),
          "start(m,c) begin0:call(a,f) begin1:call(b,f) delta1:args\"{}\" delta0:args\"[]\" stop0 "
          "stop1 usage(-1,7) finish(tool_calls,) end");
    tells(b, "the schema's tool is text",
          START BEGIN("0", "{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"" ANTHROPIC_JSON_TOOL
                           "\",\"input\":{}}") DELTA("0", J("{\\\"x\\\":1}")) STOP("0")
              END("tool_use"),
          "start(m,c) begin0:text delta0:\"{\"x\":1}\" stop0 usage(-1,7) finish(stop,) end");
}

static void thoughts(struct bench *b)
{
    tells(b, "thoughts and their proof",
          START BEGIN("0", "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}")
              DELTA("0", "{\"type\":\"thinking_delta\",\"thinking\":\"h\"}")
                  DELTA("0", "{\"type\":\"signature_delta\",\"signature\":\"s\"}") STOP("0")
                      END("end_turn"),
          "start(m,c) begin0:thought delta0:\"h\" stop0:thought(signed s) usage(-1,7) "
          "finish(stop,) end");
    tells(b, "a proof alone",
          START BEGIN("0", "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"s\"}")
              STOP("0") BEGIN("1", "{\"type\":\"redacted_thinking\",\"data\":\"d\"}") STOP("1")
                  END("end_turn"),
          "start(m,c) begin0:thought stop0:thought(signed s) begin1:thought(redacted d) stop1 "
          "usage(-1,7) finish(stop,) end");
}

static void opaque(struct bench *b)
{
    tells(
        b, "a server tool's call is whole at its end",
        START BEGIN("0", "{\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":\"w\",\"input\":{}}")
            DELTA("0", J("{\\\"q\\\"")) DELTA("0", J(":1}")) STOP("0")
                BEGIN("1", "{\"type\":\"w_tool_result\",\"tool_use_id\":\"s\"}") STOP("1")
                    END("end_turn"),
        "start(m,c) begin0:opaque{\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":\"w\","
        "\"input\":{}} stop0:opaque{\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":\"w\","
        "\"input\":{\"q\":1}} begin1:opaque{\"type\":\"w_tool_result\",\"tool_use_id\":\"s\"} "
        "stop1 "
        "usage(-1,7) finish(stop,) end");
    tells(b, "a kind of delta that came later",
          START BEGIN("0", "{\"type\":\"compaction\",\"content\":null}")
              DELTA("0", "{\"type\":\"compaction_delta\",\"content\":\"c\"}") STOP("0")
                  END("compaction"),
          "start(m,c) begin0:opaque{\"type\":\"compaction\",\"content\":null} "
          "stop0:opaque{\"type\":\"compaction\",\"content\":\"c\"} usage(-1,7) finish(other,) end");
    tells(b, "arguments that are cut off leave the block as it began",
          START BEGIN("0", "{\"type\":\"server_tool_use\",\"input\":{}}") DELTA("0", J("{\\\"q"))
              STOP("0") END("max_tokens"),
          "start(m,c) begin0:opaque{\"type\":\"server_tool_use\",\"input\":{}} stop0 usage(-1,7) "
          "finish(length,) end");
}

static void proxies(struct bench *b)
{
    tells(b, "a second beginning is the same",
          START START BEGIN("0", TEXT) DELTA("0", T("a")) STOP("0") END("end_turn"),
          "start(m,c) begin0:text delta0:\"a\" stop0 usage(-1,7) finish(stop,) end");
    tells(b, "or another answer, which goes on behind the first",
          START BEGIN("0", TEXT)
              DELTA("0", T("a")) "{\"type\":\"message_start\",\"message\":{\"id\":\"n\"}}\n" BEGIN(
                  "0", TEXT) DELTA("0", T("b")) STOP("0") END("end_turn"),
          "start(m,c) begin0:text delta0:\"a\" stop0 begin1:text delta1:\"b\" stop1 usage(-1,7) "
          "finish(stop,) end");
    tells(b, "deltas and ends of no block",
          START DELTA("5", T("a")) STOP("5")
              DELTA("-1", T("a")) "{\"type\":\"content_block_delta\"}\n{\"type\":\"new_event\"}\n{}"
                                  "\n" END("end_turn"),
          "start(m,c) usage(-1,7) finish(stop,) end");
    tells(b, "no message_start", BEGIN("0", TEXT) DELTA("0", T("a")) END("end_turn"),
          "start(,) begin0:text delta0:\"a\" usage(-1,7) stop0 finish(stop,) end");
    tells(
        b, "an answer that was ready",
        "{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"c\",\"content\":[{"
        "\"type\":"
        "\"text\",\"text\":\"a\"},{\"type\":\"tool_use\",\"id\":\"i\",\"name\":\"f\",\"input\":{"
        "\"x\":"
        "1}}],\"stop_reason\":\"tool_use\"}}\n{\"type\":\"message_stop\"}\n",
        "start(m,c) begin0:text delta0:\"a\" stop0 begin1:call(i,f) delta1:args\"{\"x\":1}\" stop1 "
        "finish(tool_calls,) end");
    tells(b, "thoughts that the provider dropped",
          "{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"c\","
          "\"input_transformations\":[{\"type\":\"thinking_dropped\",\"path\":\"messages.1\"}]}}"
          "\n" END("end_turn"),
          "start(m,c) notice(thinking_dropped: messages.1) usage(-1,7) finish(stop,) end");
    tells(b, "InvokeModel's chunks",
          "{\"bytes\":\"eyJ0eXBlIjoibWVzc2FnZV9zdGFydCIsIm1lc3NhZ2UiOns"
          "iaWQiOiJtIiwibW9kZWwiOiJjIn19\",\"p\":\"abc\"}\n" END("end_turn"),
          "start(m,c) usage(-1,7) finish(stop,) end");
}

static void ends(struct bench *b)
{
    tells_with(b, "no end", START BEGIN("0", TEXT) DELTA("0", T("a")),
               "start(m,c) begin0:text delta0:\"a\"", -E_PROVIDER_TRUNCATED);
    tells_with(b, "not even with a stop reason",
               START "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n",
               "start(m,c)", -E_PROVIDER_TRUNCATED);
    tells(b, "an error",
          START
          "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n",
          "start(m,c) error(13,busy)");
    tells_with(b, "no JSON", START "{\"type\":\n", "start(m,c)", -E_PROVIDER_BODY);
    tells_with(b, "the end of nothing", "{\"type\":\"message_stop\"}\n", "", -E_PROVIDER_BODY);
    tells_with(b, "a block of nothing", START BEGIN("0", "7"), "start(m,c)", -E_PROVIDER_BODY);
}

/* However a stream breaks off, it has no end. */
static void truncated(struct bench *b)
{
    str bytes = framed(b, START BEGIN("0", TEXT) DELTA("0", T("a")) STOP("0") END("end_turn"));
    size_t bad = 0;
    for (size_t n = 0; n < bytes.n; n++) {
        str line = S_EMPTY;
        int rc = told(b, str_slice(bytes, 0, n), bytes.n, &line);
        bad += rc == 0 || str_find(line, S(" end")) != STR_NONE;
    }
    is_int(bad, 0, "a stream that is cut anywhere is truncated");
}

/* Bedrock tells an error inside an InvokeModel stream as an exception. */
static void exceptions(struct bench *b)
{
    struct teller t;
    buf_init(&t.line, 1 << 10);
    struct decoder d = {.a = &b->a, .scratch = &b->a, .err = &b->err};
    d.sink = (struct sink){.put = tell, .arg = &t};
    struct message m = {.type = S("throttlingException"),
                        .data = S("{\"message\":\"slow\"}"),
                        .is_exception = true};
    is_int(anthropic_read_message(&d, &m), 0, "an exception");
    is_str(buf_str(&t.line), S("error(11,slow)"), "is an error of its kind");
    is_int(anthropic_read_message(&d, NULL), 0, "and an end");
    buf_fini(&t.line);
}

static void too_many(struct bench *b)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    sse_put(&out, S_EMPTY, S("{\"type\":\"message_start\",\"message\":{}}"));
    for (int i = 0; i < 100; i++) {
        str data = arena_printf(&b->a, BEGIN("%d", TEXT), i);
        sse_put(&out, S_EMPTY, str_slice(data, 0, data.n - 1));
    }
    str line = S_EMPTY;
    is_int(told(b, buf_str(&out), 1 << 20, &line), -E_PROVIDER_BODY, "blocks without end");
    buf_fini(&out);
}

int main(void)
{
    struct bench b;
    bench_init(&b, DIALECT_ANTHROPIC);
    texts(&b);
    calls(&b);
    thoughts(&b);
    opaque(&b);
    proxies(&b);
    ends(&b);
    truncated(&b);
    too_many(&b);
    exceptions(&b);
    bench_fini(&b);
    return tap_done();
}
