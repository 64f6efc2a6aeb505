/* Blocks as parts, for whoever reads them. */
#include "llm/dialect_gemini_put.c"

#include "gemini_bench.h"

static struct block *part(struct bench *b, const char *text)
{
    struct reading r = bench_reading(b, -E_PROVIDER_BODY);
    struct block *made = NULL;
    return gemini_part_read(&r, bench_json(b, str_from_cz(text)), &made) == 0 ? made : NULL;
}

static str put(struct bench *b, const struct block *block, bool is_answer)
{
    struct writing w = bench_writing(b);
    buf_reset(&b->out);
    struct json_writer j = json_writer(&b->out);
    struct gemini_parts p = {.j = &j, .w = &w, .is_answer = is_answer};
    losses_init(&b->loss, &b->a);
    json_begin_array(&j, NULL);
    int rc = gemini_put_block(&p, block, true);
    json_end_array(&j);
    return rc == 0 ? arena_str(&b->a, buf_str(&b->out)) : S_EMPTY;
}

static void media(struct bench *b)
{
    struct block url = {.kind = BLOCK_MEDIA,
                        .media = {.source = MEDIA_URL, .bytes = S("https://x.org/a.png")}};
    is_int(put(b, &url, false).n, 0, "a URL that the provider does not fetch");
    b->can.can |= CAN_IMAGE_URL;
    is_str(put(b, &url, false),
           S("[{\"fileData\":{\"mimeType\":\"image/png\",\"fileUri\":\"https://x.org/a.png\"}}]"),
           "and one that it does");
    b->can.can &= ~(uint32_t)CAN_IMAGE_URL;
    struct block jpeg = {.kind = BLOCK_MEDIA,
                         .media = {.mime = S("image/jpg"), .bytes = S("/9j/4AAQSkZJRgABAQ==")}};
    is_str(put(b, &jpeg, false),
           S("[{\"inlineData\":{\"mimeType\":\"image/jpeg\",\"data\":\"/9j/4AAQSkZJRgABAQ==\"}}]"),
           "the bytes know better");
    struct block text = {.kind = BLOCK_MEDIA,
                         .media = {.kind = MEDIA_DOCUMENT, .source = MEDIA_TEXT, .bytes = S("hi")}};
    is_str(put(b, &text, false),
           S("[{\"inlineData\":{\"mimeType\":\"text/plain\",\"data\":\"aGk=\"}}]"), "a document");
}

static void calls(struct bench *b)
{
    struct block call = {.kind = BLOCK_TOOL_CALL,
                         .call = {.id = S("1"), .name = S("f"), .args = S("{\"a\": 1.0}")}};
    is_str(put(b, &call, true),
           S("[{\"functionCall\":{\"id\":\"1\",\"name\":\"f\",\"args\":{\"a\":1.0}},"
             "\"thoughtSignature\":\"" SEAL_ABSENT "\"}]"),
           "numbers as they were");
    call.call.args = S("{\"a\":");
    is_str(put(b, &call, true),
           S("[{\"functionCall\":{\"id\":\"1\",\"name\":\"f\",\"args\":{\"_raw_arguments\":"
             "\"{\\\"a\\\":\"}},\"thoughtSignature\":\"" SEAL_ABSENT "\"}]"),
           "arguments that are no JSON");
    ok(b->loss.n == 1, "are noted");
    call.call.args = S("");
    call.seal = (struct seal){.kind = SEAL_SIGNATURE, .family = FAMILY_GEMINI, .value = S("c2ln")};
    is_str(put(b, &call, false),
           S("[{\"functionCall\":{\"id\":\"1\",\"name\":\"f\",\"args\":{}},"
             "\"thoughtSignature\":\"c2ln\"}]"),
           "its own seal");
    call.seal.family = FAMILY_ANTHROPIC;
    ok(str_find(put(b, &call, false), S("skip_thought")) != STR_NONE, "a stranger's is no seal");
    ok(str_find(put(b, &call, true), S("\"thoughtSignature\":\"" SEAL_MAGIC)) != STR_NONE,
       "a client keeps it, wrapped");
}

static void thoughts(struct bench *b)
{
    struct block *own = part(b, "{\"text\":\"t\",\"thought\":true,\"thoughtSignature\":\"c2ln\"}");
    is_str(put(b, own, false),
           S("[{\"text\":\"t\",\"thought\":true,\"thoughtSignature\":\"c2ln\"}]"), "its own");
    own->seal.kind = SEAL_NONE;
    is_str(put(b, own, false), S("[]"), "not proven, not sent");
    is_int(b->loss.n, 1, "and noted");
    is_str(put(b, own, true), S("[{\"text\":\"t\",\"thought\":true}]"), "a client reads it");
    is_str(put(b, part(b, "{\"text\":\"\",\"thoughtSignature\":\"c2ln\"}"), false),
           S("[{\"text\":\"\",\"thoughtSignature\":\"c2ln\"}]"), "a proof alone");
}

static void results(struct bench *b)
{
    struct block r = {.kind = BLOCK_TOOL_RESULT, .result = {.id = S("1"), .name = S("f")}};
    r.result.value = bench_json(b, S("{\"a\":1}"));
    is_str(put(b, &r, false),
           S("[{\"functionResponse\":{\"id\":\"1\",\"name\":\"f\",\"response\":{\"a\":1}}}]"),
           "an object");
    r.result.failed = YES;
    is_str(put(b, &r, false),
           S("[{\"functionResponse\":{\"id\":\"1\",\"name\":\"f\",\"response\":{\"error\":"
             "{\"a\":1}}}}]"),
           "one that failed");
    r.result = (struct tool_result){.id = S("1"), .blocks = block_text(&b->a, S("see"))};
    struct block *image = block_new(&b->a, BLOCK_MEDIA);
    image->media = (struct media){.mime = S("image/png"), .bytes = S("AAAA")};
    block_add(&r.result.blocks, image);
    is_str(put(b, &r, false),
           S("[{\"functionResponse\":{\"id\":\"1\",\"name\":\"\",\"response\":{\"result\":\"see\"},"
             "\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"AAAA\"}}]}}]"),
           "a picture inside");
}

static void strangers(struct bench *b)
{
    struct block opaque = {.kind = BLOCK_OPAQUE, .type = S("web_search"), .raw = NULL};
    opaque.extras.origin = DIALECT_ANTHROPIC;
    is_str(put(b, &opaque, false), S("[]"), "another API's");
    is_str(losses_text(&b->loss, &b->a), S("dropped:messages.content.web_search"), "is lost");
    struct block refusal = {.kind = BLOCK_REFUSAL, .text = S("no")};
    is_str(put(b, &refusal, false), S("[{\"text\":\"no\"}]"), "a refusal is text");
}

int main(void)
{
    static struct bench b;
    bench_init(&b, DIALECT_GEMINI);
    media(&b);
    calls(&b);
    thoughts(&b);
    results(&b);
    strangers(&b);
    bench_fini(&b);
    return tap_done();
}
