/* Recordings of the API, read and written again, and counted. */
#include "llm/dialect_gemini.c"

#include "gemini_bench.h"

/* One recording after the other in the same memory. */
static void again(struct bench *b)
{
    bench_fini(b);
    bench_init(b, DIALECT_GEMINI);
}

static void request_again(struct bench *b, const char *path, str text)
{
    if (str_find(str_from_cz(path), S("count-tokens")) != STR_NONE)
        return;
    struct chat *c = bench_chat(b, text);
    bench_same(b, c ? bench_request(b, c) : S_EMPTY, text, path);
    again(b);
}

static void reply_again(struct bench *b, const char *path, str text)
{
    if (str_find(text, S("\"candidates\"")) == STR_NONE)
        return;
    struct reply *r = bench_reply(b, text);
    b->model = r ? r->start.model : S_EMPTY;
    bench_same(b, r ? bench_answer(b, r) : S_EMPTY, text, path);
    again(b);
}

static void stream_again(struct bench *b, const char *path, str bytes)
{
    struct fold fold;
    int code;
    struct reply *whole = bench_fold(b, bytes, bytes.n, &code, &fold);
    is_int(code, 0, path);
    struct reply *cut = bench_fold(b, bytes, 3, &code, &fold);
    is_str(whole && cut ? reply_difference(&b->a, whole, cut, 0) : S("none"), S(""), path);
    struct reply *short_of = bench_fold(b, str_slice(bytes, 0, bytes.n / 3), 4096, &code, &fold);
    ok(!short_of && code < 0, "a third of a stream is no answer");
    again(b);
}

/* The counts that the API bills: thoughts are output, tool results are input. */
static void counts(struct bench *b)
{
    struct reply *r = bench_reply(
        b, S("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}],\"role\":\"model\"},"
             "\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":3520,"
             "\"cachedContentTokenCount\":3512,\"candidatesTokenCount\":2,"
             "\"thoughtsTokenCount\":42,\"totalTokenCount\":3564}}"));
    is_int(r->usage.input_tokens, 3520, "the prompt, with what was cached");
    is_int(r->usage.cached_tokens, 3512, "what was cached");
    is_int(r->usage.output_tokens, 44, "candidates and thoughts");
    is_int(r->usage.reasoning_tokens, 42, "the thoughts");
}

int main(void)
{
    static struct bench b;
    bench_init(&b, DIALECT_GEMINI);
    counts(&b);
    size_t n = bench_each(&b, "gemini/*/*/request.json", request_again);
    n += bench_each(&b, "translation-golden/agentgateway/requests/gemini/*.json", request_again);
    n += bench_each(&b, "gemini/*/*/response.json", reply_again);
    n += bench_each(&b, "gemini/*/*.json", reply_again);
    n += bench_each(&b, "gemini/*/*/response.sse", stream_again);
    if (n == 0)
        tap_skip("no recordings");
    bench_fini(&b);
    return tap_done();
}
