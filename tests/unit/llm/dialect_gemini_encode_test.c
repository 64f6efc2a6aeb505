/* What a client of the API gets while an answer comes. */
#include "llm/dialect_gemini_encode.c"

#include "gemini_bench.h"
#include "llm/seal.h"

struct client {
    struct bench *b;
    struct encoder e;
};

static struct client client_new(struct bench *b, bool as_array)
{
    struct client c = {.b = b};
    buf_reset(&b->out);
    c.e =
        (struct encoder){.a = &b->a, .scratch = &b->scratch, .out = &b->out, .w = bench_writing(b)};
    c.e.w.as_array = as_array;
    c.e.w.model = S("m");
    return c;
}

/* The scratch is emptied behind every event, as the gateway does it. */
static void send(struct client *c, struct event ev)
{
    ok(gemini_write_event(&c->e, &ev) == 0, "an event");
    arena_fini(&c->b->scratch);
}

static void send_block(struct client *c, enum event_kind kind, const struct block *content)
{
    send(c, (struct event){.kind = kind, .content = content});
}

static void send_delta(struct client *c, enum delta_kind kind, str text)
{
    send(c, (struct event){.kind = EV_DELTA, .delta = {.kind = kind, .text = text}});
}

static void send_end(struct client *c, enum finish reason)
{
    struct event usage = {.kind = EV_USAGE, .usage = USAGE_NONE};
    usage.usage.input_tokens = 5;
    usage.usage.output_tokens = 7;
    usage.usage.reasoning_tokens = 3;
    send(c, (struct event){.kind = EV_FINISH, .finish = {.reason = reason}});
    send(c, usage);
    send(c, (struct event){.kind = EV_END});
}

#define FRAME(candidates, usage)                                                                   \
    "data: {\"candidates\":[" candidates "]," usage "\"modelVersion\":\"m\",\"responseId\":\"r\"}" \
    "\n\n"
#define PARTS(parts) "{\"content\":{\"parts\":[" parts "],\"role\":\"model\"},\"index\":0}"
#define USAGE                                                                                      \
    "\"usageMetadata\":{\"promptTokenCount\":5,\"candidatesTokenCount\":4,\"totalTokenCount\":12," \
    "\"thoughtsTokenCount\":3},"

static void answers(struct bench *b)
{
    struct client c = client_new(b, false);
    struct block thought = {.kind = BLOCK_REASONING}, text = {.kind = BLOCK_TEXT};
    struct block call = {.kind = BLOCK_TOOL_CALL, .call = {.id = S("1"), .name = S("f")}};
    struct block proof = {
        .kind = BLOCK_REASONING,
        .seal = {.kind = SEAL_SIGNATURE, .family = FAMILY_GEMINI, .value = S("c2ln")}};
    send(&c, (struct event){.kind = EV_START, .start = {.id = S("r"), .created_s = -1}});
    send_block(&c, EV_BLOCK_START, &thought);
    send_delta(&c, DELTA_PART, S_EMPTY);
    send_delta(&c, DELTA_TEXT, S("hm"));
    send_block(&c, EV_BLOCK_STOP, &proof);
    send_block(&c, EV_BLOCK_START, &text);
    send_delta(&c, DELTA_TEXT, S("a\n"));
    send_block(&c, EV_BLOCK_STOP, NULL);
    send_block(&c, EV_BLOCK_START, &call);
    send_delta(&c, DELTA_ARGS, S("{\"x\""));
    send_delta(&c, DELTA_ARGS, S(":1.0}"));
    send_block(&c, EV_BLOCK_STOP, NULL);
    send_end(&c, FINISH_TOOL_CALLS);
    is_str(buf_str(&b->out),
           S(FRAME(PARTS("{\"text\":\"hm\",\"thought\":true}"), "") FRAME(
               PARTS("{\"text\":\"\",\"thought\":true,\"thoughtSignature\":\"c2ln\"}"),
               "") FRAME(PARTS("{\"text\":\"a\\n\"}"), "")
                 FRAME(PARTS("{\"functionCall\":{\"id\":\"1\",\"name\":\"f\",\"args\":{\"x\":1.0}},"
                             "\"thoughtSignature\":\"" SEAL_ABSENT "\"}"),
                       "") FRAME("{\"content\":{\"parts\":[{\"text\":\"\"}],\"role\":\"model\"},"
                                 "\"finishReason\":\"STOP\",\"index\":0}",
                                 USAGE)),
           "one chunk for each piece, calls whole");
}

/* The signature of the last text stands in the last chunk. */
static void proofs(struct bench *b)
{
    struct client c = client_new(b, false);
    struct block text = {.kind = BLOCK_TEXT}, end = {.kind = BLOCK_TEXT};
    end.seal = (struct seal){.kind = SEAL_SIGNATURE, .family = FAMILY_GEMINI, .value = S("c2ln")};
    send(&c, (struct event){.kind = EV_START, .start = {.id = S("r"), .created_s = -1}});
    send_block(&c, EV_BLOCK_START, &text);
    send_delta(&c, DELTA_TEXT, S("a"));
    send_block(&c, EV_BLOCK_STOP, &end);
    send_end(&c, FINISH_LENGTH);
    is_str(buf_str(&b->out),
           S(FRAME(PARTS("{\"text\":\"a\"}"), "")
                 FRAME("{\"content\":{\"parts\":[{\"text\":\"\",\"thoughtSignature\":\"c2ln\"}],"
                       "\"role\":\"model\"},\"finishReason\":\"MAX_TOKENS\",\"index\":0}",
                       USAGE)),
           "a signature at the end");
}

/* What another provider sealed is wrapped, and says whose it is. */
static void strangers(struct bench *b)
{
    struct client c = client_new(b, false);
    struct block thought = {.kind = BLOCK_REASONING,
                            .seal = {.kind = SEAL_REDACTED,
                                     .family = FAMILY_ANTHROPIC,
                                     .provider = S("p"),
                                     .model = S("m"),
                                     .value = S("v")}};
    send(&c, (struct event){.kind = EV_START, .start = {.id = S("r"), .created_s = -1}});
    send_block(&c, EV_BLOCK_START, &thought);
    send_block(&c, EV_BLOCK_STOP, NULL);
    send_end(&c, FINISH_STOP);
    str wrapped = seal_wrap(&b->a, &thought.seal);
    ok(str_find(buf_str(&b->out), wrapped) != STR_NONE, "a stranger's seal");
}

static void arrays(struct bench *b)
{
    struct client c = client_new(b, true);
    struct block text = {.kind = BLOCK_TEXT};
    send(&c, (struct event){.kind = EV_START, .start = {.id = S("r"), .created_s = -1}});
    send_block(&c, EV_BLOCK_START, &text);
    send_delta(&c, DELTA_TEXT, S("a"));
    send(&c, (struct event){.kind = EV_PING});
    send_block(&c, EV_BLOCK_STOP, NULL);
    send_end(&c, FINISH_STOP);
    const struct json *v = bench_json(b, buf_str(&b->out));
    is_int(json_count(v), 2, "one array of chunks");
    ok(str_find(buf_str(&b->out), S("}\r\n,\r\n{")) != STR_NONE, "as the API writes it");
    c = client_new(b, true);
    send(&c, (struct event){.kind = EV_ERROR,
                            .failure = {.class = FAILURE_RATE, .message = S("m"), .retry_ms = -1}});
    is_str(
        buf_str(&b->out),
        S("[{\"error\":{\"code\":429,\"message\":\"m\",\"status\":\"RESOURCE_EXHAUSTED\"}}\r\n]"),
        "an error ends it");
}

static void whole_parts(struct bench *b)
{
    struct client c = client_new(b, false);
    struct block image = {.kind = BLOCK_MEDIA, .media = {.mime = S("image/png")}};
    struct block opaque = {.kind = BLOCK_OPAQUE,
                           .raw = bench_json(b, S("{\"executableCode\":{}}"))};
    opaque.extras.origin = DIALECT_GEMINI;
    send(&c, (struct event){.kind = EV_START, .start = {.id = S("r"), .created_s = -1}});
    send_block(&c, EV_BLOCK_START, &image);
    send_delta(&c, DELTA_MEDIA, S("AA"));
    send_delta(&c, DELTA_MEDIA, S("AA"));
    send_block(&c, EV_BLOCK_STOP, NULL);
    send_block(&c, EV_BLOCK_START, &opaque);
    send_block(&c, EV_BLOCK_STOP, NULL);
    is_str(buf_str(&b->out),
           S(FRAME(PARTS("{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"AAAA\"}}"), "")
                 FRAME(PARTS("{\"executableCode\":{}}"), "")),
           "a picture once it is whole, and what is the API's own");
}

static void sources(struct bench *b)
{
    struct client c = client_new(b, false);
    struct block text = {.kind = BLOCK_TEXT};
    struct annotation n = {.url = S("https://w"), .title = S("w"), .begin = 1, .end = 2};
    send(&c, (struct event){.kind = EV_START, .start = {.id = S("r"), .created_s = -1}});
    send_block(&c, EV_BLOCK_START, &text);
    send_delta(&c, DELTA_TEXT,
               S("\xc2\xb0"
                 "F"));
    send(&c, (struct event){.kind = EV_ANNOTATION, .annotation = &n});
    send_block(&c, EV_BLOCK_STOP, NULL);
    send_end(&c, FINISH_STOP);
    ok(str_find(buf_str(&b->out),
                S("\"groundingMetadata\":{\"groundingChunks\":[{\"web\":{\"uri\":\"https://w\","
                  "\"title\":\"w\"}}],\"groundingSupports\":[{\"segment\":{\"startIndex\":2,"
                  "\"endIndex\":3},\"groundingChunkIndices\":[0]}]}")) != STR_NONE,
       "sources with places in bytes");
}

int main(void)
{
    static struct bench b;
    bench_init(&b, DIALECT_GEMINI);
    answers(&b);
    proofs(&b);
    strangers(&b);
    arrays(&b);
    whole_parts(&b);
    sources(&b);
    bench_fini(&b);
    return tap_done();
}
