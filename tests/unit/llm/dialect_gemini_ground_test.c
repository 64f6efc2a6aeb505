/* Maps of texts: places in bytes and in code points. */
#include "llm/dialect_gemini_ground.c"

#include "gemini_bench.h"

/* Every place of a text, both ways, against counting. */
static void places(const char *text, size_t step)
{
    struct text_map m;
    str s = str_from_cz(text);
    size_t wrong = 0, point = 0;
    text_map_init(&m);
    for (size_t at = 0; at < s.n;) {
        size_t to = MIN(at + step, s.n);
        while (to < s.n && ((unsigned char)s.p[to] & 0xc0) == 0x80)
            to++;
        text_map_add(&m, str_slice(s, at, to));
        at = to;
    }
    for (size_t i = 0; i <= s.n; i++) {
        if (i < s.n && ((unsigned char)s.p[i] & 0xc0) == 0x80)
            continue;
        wrong += text_map_point(&m, (int64_t)i) != (int64_t)point;
        wrong += text_map_byte(&m, (int64_t)point) != (int64_t)i;
        point++;
    }
    is_int(wrong, 0, text);
    is_int(text_map_end(&m), (int64_t)point - 1, "the end");
    is_int(text_map_point(&m, (int64_t)s.n + 1), -1, "behind the end");
    is_int(text_map_byte(&m, (int64_t)point + 1), -1, "behind the end");
    is_int(text_map_point(&m, -1), -1, "nowhere");
    text_map_fini(&m);
}

static void lost(void)
{
    struct text_map m;
    text_map_init(&m);
    for (int i = 0; i < 7000; i++)
        text_map_add(&m, S("\xc3\xa9"));
    is_int(text_map_point(&m, 2), -1, "a map that has grown too large knows nothing");
    text_map_reset(&m);
    text_map_add(&m, S("\xc3\xa9"));
    is_int(text_map_point(&m, 2), 1, "until the next text");
    text_map_fini(&m);
}

static void annotations(struct bench *b)
{
    struct text_map m;
    text_map_init(&m);
    text_map_add(&m, S("abc"));
    const struct json *v = bench_json(
        b, S("{\"groundingMetadata\":{\"groundingChunks\":[{\"web\":{\"uri\":\"u\"}},"
             "{\"retrievedContext\":{\"uri\":\"d\",\"title\":\"t\"}},{\"none\":1}],"
             "\"groundingSupports\":[{\"segment\":{\"endIndex\":2},\"groundingChunkIndices\":[0]},"
             "{\"segment\":{\"partIndex\":1,\"endIndex\":2},\"groundingChunkIndices\":[1]},"
             "{\"segment\":{\"startIndex\":9,\"endIndex\":2},\"groundingChunkIndices\":[1,2]}]},"
             "\"citationMetadata\":{\"citations\":[{\"uri\":\"c\",\"endIndex\":1}]}}"));
    const struct annotation *n = gemini_annotations(&b->a, v, 0, &m, 0);
    is_str(n->url, S("u"), "a page");
    ok(n->begin == 0 && n->end == 2, "its place");
    is_str(n->next->url, S("d"), "a document");
    is_int(n->next->begin, -1, "a place that cannot be");
    is_str(n->next->next->url, S("c"), "a citation");
    ok(!n->next->next->next, "those of other parts are theirs");
    v = bench_json(b,
                   S("{\"groundingMetadata\":{\"groundingChunks\":[{\"web\":{\"uri\":\"u\"}}]}}"));
    is_int(gemini_annotations(&b->a, v, -1, &m, 0)->begin, -1, "sources of the whole");
    text_map_fini(&m);
}

static void logprobs(struct bench *b)
{
    str native = S("{\"chosenCandidates\":[{\"token\":\"a\",\"logProbability\":-1.50},{\"x\":1}],"
                   "\"topCandidates\":[{\"candidates\":[{\"token\":\"a\",\"logProbability\":-1.50},"
                   "{\"token\":\"b\",\"logProbability\":-2}]}]}");
    const struct json *list = gemini_logprobs_read(&b->a, bench_json(b, native));
    is_str(
        ir_text(&b->a, list),
        S("[{\"token\":\"a\",\"logprob\":-1.50,\"bytes\":null,\"top_logprobs\":[{\"token\":\"a\","
          "\"logprob\":-1.50,\"bytes\":null},{\"token\":\"b\",\"logprob\":-2,\"bytes\":null}]}]"),
        "as OpenAI has them");
    buf_reset(&b->out);
    struct json_writer j = json_writer(&b->out);
    json_begin_object(&j, NULL);
    gemini_logprobs_put(&j, list);
    json_end_object(&j);
    is_str(
        buf_str(&b->out),
        S("{\"logprobsResult\":{\"chosenCandidates\":[{\"token\":\"a\",\"logProbability\":-1.50}]"
          ",\"topCandidates\":[{\"candidates\":[{\"token\":\"a\",\"logProbability\":-1.50},"
          "{\"token\":\"b\",\"logProbability\":-2}]}]}}"),
        "and back");
    ok(!gemini_logprobs_read(&b->a, bench_json(b, S("{}"))), "none");
}

int main(void)
{
    static struct bench b;
    bench_init(&b, DIALECT_GEMINI);
    places("plain", 1);
    places("", 1);
    places("69\xc2\xb0"
           "F \xe2\x80\x94 \xf0\x9f\x98\x80 end",
           1);
    places("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 7);
    lost();
    annotations(&b);
    logprobs(&b);
    bench_fini(&b);
    return tap_done();
}
