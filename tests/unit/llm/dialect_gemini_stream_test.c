/* Streams of the API, cut at every byte, and their events. */
#include "llm/dialect_gemini_stream.c"

#include "gemini_bench.h"

#define OPEN              "data: {\"candidates\":[{\"content\":{\"parts\":["
#define HEAD(parts)       OPEN parts "],\"role\":\"model\"}"
#define TAIL              "],\"modelVersion\":\"m-1\",\"responseId\":\"r1\"}\r\n\r\n"
#define CHUNK(parts)      HEAD(parts) "}" TAIL
#define LAST(parts, more) HEAD(parts) ",\"finishReason\":\"STOP\"" more "}" TAIL

static struct reply *folded(struct bench *b, const char *stream, int *code)
{
    struct fold fold;
    str bytes = str_from_cz(stream);
    struct reply *whole = bench_fold(b, bytes, bytes.n, code, &fold);
    size_t wrong = 0;
    for (size_t step = 1; step < bytes.n && whole; step = step < 40 ? step + 1 : step * 2) {
        int again = 0;
        struct reply *cut = bench_fold(b, bytes, step, &again, &fold);
        wrong += !cut || reply_difference(&b->a, whole, cut, 0).n > 0;
    }
    is_int(wrong, 0, "the same however it is cut");
    return whole;
}

static void texts(struct bench *b)
{
    int code;
    struct reply *r = folded(b,
                             CHUNK("{\"text\":\"think\",\"thought\":true}")
                                 CHUNK("{\"text\":\" more\",\"thought\":true}")
                                     CHUNK("{\"text\":\"a\"}") CHUNK("{\"text\":\"b\"}")
                                         LAST("{\"text\":\"\",\"thoughtSignature\":\"c2ln\"}", ""),
                             &code);
    const struct block *thought = r->choices->blocks, *text = thought->next;
    is_str(thought->reasoning.parts->text, S("think more"), "thoughts go on");
    ok(thought->reasoning.parts->is_summary, "and are summaries");
    is_str(text->text, S("ab"), "so does text");
    is_str(text->seal.value, S("c2ln"), "a signature alone ends it");
    ok(!text->next && text->seal.family == FAMILY_GEMINI, "in the same block");
    is_str(r->start.id, S("r1"), "the answer's id");
    is_str(r->start.model, S("m-1"), "and model");
    ok(r->choices->finish.reason == FINISH_STOP, "the end");
    is_str(r->choices->finish.native, S("STOP"), "in its own word");
}

static void calls(struct bench *b)
{
    int code;
    struct reply *r = folded(b,
                             CHUNK("{\"functionCall\":{\"name\":\"f\",\"args\":{\"x\":1.0}},"
                                   "\"thoughtSignature\":\"c2ln\"},"
                                   "{\"functionCall\":{\"name\":\"f\",\"args\":{}}}")
                                 CHUNK("{\"functionCall\":{\"name\":\"f\",\"id\":\"own\"}}")
                                     LAST("{\"text\":\"\",\"thoughtSignature\":\"c2ln\"}", ""),
                             &code);
    const struct block *one = r->choices->blocks, *two = one->next, *three = two->next;
    is_str(one->call.args, S("{\"x\":1.0}"), "arguments as they were");
    is_str(one->seal.value, S("c2ln"), "the signature of the call");
    ok(str_has_prefix(one->call.id, S("call_")) && !str_eq(one->call.id, two->call.id),
       "each call has an id");
    is_str(three->call.id, S("own"), "its own if it had one");
    is_str(three->call.args, S("{}"), "no arguments");
    ok(three->next->kind == BLOCK_REASONING && !three->next->reasoning.parts,
       "a proof behind it all");
}

static void pieces(struct bench *b)
{
    int code;
    struct reply *r = folded(
        b,
        CHUNK("{\"functionCall\":{\"name\":\"f\",\"willContinue\":true},\"thoughtSignature\":"
              "\"c2ln\"}")
            CHUNK("{\"functionCall\":{\"partialArgs\":[{\"jsonPath\":\"$.a\",\"stringValue\":\"x\","
                  "\"willContinue\":true}],\"willContinue\":true}}")
                CHUNK("{\"functionCall\":{\"willContinue\":true}}")
                    CHUNK("{\"functionCall\":{\"partialArgs\":[{\"jsonPath\":\"$.a\","
                          "\"stringValue\":\"y\"}],\"willContinue\":true}}")
                        CHUNK("{\"functionCall\":{}}") CHUNK("{\"functionCall\":{\"name\":\"g\"}}")
                            CHUNK("{\"functionCall\":{\"name\":\"h\",\"willContinue\":true}}")
                                LAST("{\"text\":\"\"}", ""),
        &code);
    const struct block *f = r->choices->blocks;
    is_str(f->call.args, S("{\"a\":\"xy\"}"), "put together");
    is_str(f->seal.value, S("c2ln"), "with its signature");
    is_str(f->next->call.name, S("g"), "a call of one piece");
    is_str(f->next->next->call.args, S("{}"), "a call that nobody ended");
    ok(!f->next->next->next, "and no more");
    ok(!folded(b,
               CHUNK("{\"functionCall\":{\"name\":\"f\",\"partialArgs\":[{\"jsonPath\":\"a\"}]}}"),
               &code),
       "a path that is none");
    is_int(code, -E_PROVIDER_BODY, "is the provider's fault");
}

static void ends(struct bench *b)
{
    int code;
    ok(!folded(b, CHUNK("{\"text\":\"a\"}"), &code), "no finishReason");
    is_int(code, -E_PROVIDER_TRUNCATED, "is no end");
    ok(!folded(b, "", &code), "nothing at all");
    is_int(code, -E_PROVIDER_TRUNCATED, "either");
    ok(!folded(b,
               LAST("", "") "data: {\"candidates\":[{\"index\":1,\"content\":{\"parts\":["
                            "{\"text\":\"b\"}]}}]}\n\n",
               &code),
       "one candidate of two");
    struct reply *r =
        folded(b,
               "data: {\"promptFeedback\":{\"blockReason\":\"MODEL_ARMOR\",\"blockReasonMessage\":"
               "\"no\"},\"usageMetadata\":{\"promptTokenCount\":3}}\n\n",
               &code);
    ok(r->choices->finish.reason == FINISH_CONTENT_FILTER, "a prompt that was refused");
    is_str(r->choices->finish.message, S("no"), "and why");
    is_int(r->usage.input_tokens, 3, "its tokens");
    ok(!folded(b, "data: {\"candidates\":[{\"index\":-1}]}\n\n", &code), "a number that is none");
    ok(!folded(b, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":7}]}}]}\n\n", &code),
       "a text that is none");
    ok(!folded(b, "data: nonsense\n\n", &code), "no JSON");
    is_int(code, -E_PROVIDER_BODY, "is no answer");
}

static void failures(struct bench *b)
{
    struct fold fold;
    int code;
    str stream = S(CHUNK("{\"text\":\"a\"}") "data: {\"error\":{\"code\":503,\"message\":\"busy\","
                                             "\"status\":\"UNAVAILABLE\"}}\n\n");
    ok(!bench_fold(b, stream, 5, &code, &fold), "an error in the stream");
    ok(fold.failure && fold.failure->class == FAILURE_OVERLOADED, "is told");
    is_str(fold.failure->message, S("busy"), "with its message");
}

static void arrays(struct bench *b)
{
    int code;
    struct reply *r = folded(
        b,
        "data: [{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]},{\"candidates\":"
        "[{\"content\":{\"parts\":[{\"text\":\"b\"}]},\"finishReason\":\"MAX_TOKENS\"}]}]\n\n",
        &code);
    is_str(r->choices->blocks->text, S("ab"), "chunks of an array");
    ok(r->choices->finish.reason == FINISH_LENGTH, "and their end");
}

static void sources(struct bench *b)
{
    int code;
    struct reply *r = folded(
        b,
        CHUNK("{\"text\":\"69\\u00b0F \"}") LAST(
            "{\"text\":\"warm\"}",
            ",\"groundingMetadata\":{\"groundingChunks\":[{\"web\":{\"uri\":\"https://w\","
            "\"title\":\"w\"}}],\"groundingSupports\":[{\"segment\":{\"startIndex\":6,\"endIndex\":"
            "10,\"text\":\"warm\"},\"groundingChunkIndices\":[0,7]}]},\"logprobsResult\":"
            "{\"chosenCandidates\":[{\"token\":\"warm\",\"logProbability\":-0.10}]}"),
        &code);
    const struct annotation *n = r->choices->blocks->annotations;
    is_str(n->url, S("https://w"), "a source");
    is_int(n->begin, 5, "from, in code points");
    is_int(n->end, 9, "to");
    ok(!n->next, "a source that is not there is none");
    is_str(ir_text(&b->a, r->choices->blocks->logprobs),
           S("[{\"token\":\"warm\",\"logprob\":-0.10,\"bytes\":null,\"top_logprobs\":[]}]"),
           "probabilities");
}

static void candidates(struct bench *b)
{
    int code;
    struct reply *r =
        folded(b,
               "data: {\"candidates\":[{\"index\":1,\"content\":{\"parts\":[{\"text\":\"b\"}]}},"
               "{\"index\":0,\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}\n\n"
               "data: {\"candidates\":[{\"finishReason\":1}]}\n\n"
               "data: {\"candidates\":[{\"index\":1,\"finishReason\":\"SAFETY\"}]}\n\n",
               &code);
    is_str(r->choices->blocks->text, S("a"), "the first candidate");
    ok(r->choices->finish.reason == FINISH_STOP, "its end, said by a number");
    is_str(r->choices->next->blocks->text, S("b"), "the second");
    ok(r->choices->next->finish.reason == FINISH_CONTENT_FILTER, "each with its end");
}

int main(void)
{
    static struct bench b;
    bench_init(&b, DIALECT_GEMINI);
    texts(&b);
    calls(&b);
    pieces(&b);
    ends(&b);
    failures(&b);
    arrays(&b);
    sources(&b);
    candidates(&b);
    bench_fini(&b);
    return tap_done();
}
