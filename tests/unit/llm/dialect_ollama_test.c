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

int main(void)
{
    struct bench b;
    bench_init(&b, DIALECT_OLLAMA);
    recordings(&b);
    bench_fini(&b);
    return tap_done();
}
