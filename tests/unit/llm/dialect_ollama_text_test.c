/* Ollama's generate: its requests both ways, its answers whole and streamed. */
#include "llm/dialect_ollama_text.c"

#include "codec_bench.h"

static void requests(struct bench *b)
{
    str body = S("{\"model\":\"model-1\",\"prompt\":\"p\",\"system\":\"s\",\"suffix\":\"z\","
                 "\"images\":[\"iVBORw0KGgo=\"],\"options\":{\"seed\":1},\"keep_alive\":0}");
    struct chat *c = bench_chat(b, body);
    ok(c && c->is_text && c->is_stream, "a prompt");
    if (!c)
        return;
    is_str(c->turns->blocks->text, S("p"), "is a user's turn");
    is_str(c->instructions->text, S("s"), "behind what the system says");
    ok(c->turns->blocks->next->media.kind == MEDIA_IMAGE, "with its pictures");
    bench_same(b, bench_request(b, c), body, "and comes back as it was");
    c = bench_chat(b, S("{\"prompt\":\"p\",\"context\":[1]}"));
    ok(c && str_eq(str_from_cz(c->own_only), S("context")), "context is only its own");
    ok(!bench_chat(b, S("{\"prompt\":[]}")), "a prompt is text");
    is_str(b->err.param, S("prompt"), "and nothing else");
    c = bench_new_chat(b);
    bench_say(b, c, ROLE_SYSTEM, S("s"));
    bench_say(b, c, ROLE_USER, S("p"));
    bench_same(b, bench_request(b, c),
               S("{\"model\":\"model-1\",\"prompt\":\"p\",\"system\":\"s\",\"stream\":false}"),
               "one turn of another dialect is a prompt");
    bench_say(b, c, ROLE_ASSISTANT, S("a"));
    is_str(bench_request(b, c), S(""), "a dialogue is none");
}

static void answers(struct bench *b)
{
    str body =
        S("{\"model\":\"model-1\",\"created_at\":\"2026-01-02T03:04:05Z\",\"response\":\"r\","
          "\"thinking\":\"h\",\"done\":true,\"done_reason\":\"stop\",\"context\":[1],"
          "\"eval_count\":4}");
    struct reply *r = bench_reply(b, body);
    ok(r != NULL, "an answer");
    if (!r)
        return;
    bench_same(b, bench_answer(b, r), body, "comes back as it was");
    struct fold fold;
    int code;
    str written = bench_played(b, r);
    ok(str_find(written, S("\"response\":\"r\"")) != STR_NONE, "its text stands at the top");
    struct reply *again = bench_fold(b, written, 3, &code, &fold);
    is_str(again ? reply_difference(&b->a, r, again, 0) : S("none"), S(""), "a stream of it");
    ok(!bench_reply(b, S("{\"done\":true}")), "an answer without a response is none");
}

int main(void)
{
    struct bench b;
    bench_init(&b, DIALECT_OLLAMA_TEXT);
    requests(&b);
    answers(&b);
    bench_fini(&b);
    return tap_done();
}
