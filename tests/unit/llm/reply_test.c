#include "llm/reply.c"

#include "llm/ir_equal.h"
#include "tap.h"

static struct arena arena;

static const struct json *parse(str text)
{
    const struct json *v = NULL;
    size_t error_at = 0;
    return json_read(&arena, text, &v, &error_at) == 0 ? v : NULL;
}

static void test_choices(void)
{
    static const unsigned order[] = {3, 0, 7, 3, 1, 7, 8, 0};
    static const unsigned want[] = {0, 1, 3, 7, 8};
    struct reply r;
    reply_init(&r);
    ok(!usage_is_known(&r.usage) && r.start.created_s == -1, "nothing is known");
    for (size_t i = 0; i < ARRAY_LEN(order); i++)
        is_int(reply_choice_at(&arena, &r, order[i])->index, order[i], "a choice is found or made");
    size_t n = 0;
    for (const struct reply_choice *c = r.choices; c; c = c->next)
        is_int(c->index, want[n++], "in the order of their index");
    is_int(n, ARRAY_LEN(want), "each once");
}

/* An answer with every kind of block. */
static void fill(struct reply *r)
{
    reply_init(r);
    r->start = (struct start){.id = S("id"), .model = S("m"), .created_s = 9};
    r->usage.input_tokens = 3;
    r->usage.output_tokens = 4;
    struct reply_choice *c = reply_choice_at(&arena, r, 0);
    c->finish = (struct finishing){.reason = FINISH_STOP_SEQUENCE, .stop_sequence = S("END")};
    struct block *b = block_new(&arena, BLOCK_REASONING);
    b->reasoning.id = S("rs");
    reasoning_add(&arena, &b->reasoning, true, S("sum"));
    reasoning_add(&arena, &b->reasoning, false, S("raw"));
    reasoning_add(&arena, &b->reasoning, false, S(""));
    b->seal = (struct seal){.kind = SEAL_SIGNATURE, .value = S("sig")};
    block_add(&c->blocks, b);
    b = block_new(&arena, BLOCK_REASONING);
    b->seal = (struct seal){.kind = SEAL_REDACTED, .value = S("red")};
    block_add(&c->blocks, b);
    b = block_text(&arena, S("text"));
    b->logprobs = parse(S("[{\"token\":\"t\"},{\"token\":\"ext\"}]"));
    b->annotations = arena_new(&arena, struct annotation);
    b->annotations->url = S("u1");
    b->annotations->next = arena_new(&arena, struct annotation);
    b->annotations->next->url = S("u2");
    block_add(&c->blocks, b);
    b = block_new(&arena, BLOCK_REFUSAL);
    b->text = S("no");
    block_add(&c->blocks, b);
    b = block_new(&arena, BLOCK_TOOL_CALL);
    b->call = (struct tool_call){.id = S("c1"), .name = S("f"), .args = S("{\"a\": 1}")};
    block_add(&c->blocks, b);
    b = block_new(&arena, BLOCK_TOOL_CALL);
    b->call = (struct tool_call){.id = S("c2"), .name = S("g"), .value = parse(S("{\"b\":2}"))};
    block_add(&c->blocks, b);
    c = reply_choice_at(&arena, r, 2);
    c->finish.reason = FINISH_LENGTH;
    b = block_new(&arena, BLOCK_MEDIA);
    b->media = (struct media){.kind = MEDIA_AUDIO, .bytes = S("AAAA"), .mime = S("audio/wav")};
    b->text = S("transcript");
    block_add(&c->blocks, b);
    b = block_new(&arena, BLOCK_MEDIA);
    b->media = (struct media){.source = MEDIA_URL, .bytes = S("http://a.example/b.png")};
    block_add(&c->blocks, b);
    b = block_new(&arena, BLOCK_OPAQUE);
    b->raw = parse(S("{\"type\":\"server_tool_use\"}"));
    b->type = S("server_tool_use");
    block_add(&c->blocks, b);
}

static int log_put(void *arg, const struct event *ev)
{
    static const char *const names[] = {"START", "BEGIN",  "DELTA", "NOTE",   "LOGPROBS", "STOP",
                                        "USAGE", "FINISH", "PING",  "NOTICE", "ERROR",    "END"};
    struct buf *out = arg;
    buf_printf(out, "%s:%u.%u ", names[ev->kind], ev->choice, ev->block);
    return 0;
}

static void test_grammar(void)
{
    struct reply r;
    fill(&r);
    struct buf log;
    buf_init(&log, 4096);
    struct sink sink = {.put = log_put, .arg = &log};
    is_int(reply_play(&r, &sink), 0, "played");
    is_str(buf_str(&log),
           S("START:0.0 "
             "BEGIN:0.0 DELTA:0.0 DELTA:0.0 DELTA:0.0 DELTA:0.0 DELTA:0.0 STOP:0.0 "
             "BEGIN:0.1 STOP:0.1 "
             "BEGIN:0.2 DELTA:0.2 NOTE:0.2 NOTE:0.2 LOGPROBS:0.2 STOP:0.2 "
             "BEGIN:0.3 DELTA:0.3 STOP:0.3 "
             "BEGIN:0.4 DELTA:0.4 STOP:0.4 "
             "BEGIN:0.5 DELTA:0.5 STOP:0.5 "
             "BEGIN:2.0 DELTA:2.0 DELTA:2.0 STOP:2.0 "
             "BEGIN:2.1 STOP:2.1 "
             "BEGIN:2.2 STOP:2.2 "
             "USAGE:0.0 FINISH:0.0 FINISH:2.0 END:0.0 "),
           "one block after the other, then the ends");
    buf_fini(&log);
}

static void test_there_and_back(void)
{
    struct reply r, back;
    fill(&r);
    struct fold f;
    fold_init(&f, &arena, &back, 1 << 20);
    struct sink sink = fold_sink(&f);
    is_int(reply_play(&r, &sink), 0, "played");
    is_int(fold_end(&f), 0, "folded");
    is_str(reply_difference(&arena, &r, &back, IR_IN_ORDER), S_EMPTY, "nothing has changed");
    const struct block *b = back.choices->blocks;
    ok(b->reasoning.parts->next->next && b->reasoning.parts->next->next->text.n == 0,
       "an empty part is a part");
    is_str(b->reasoning.id, S("rs"), "ids are kept");
    is_str(ir_text(&arena, b->next->next->logprobs), S("[{\"token\":\"t\"},{\"token\":\"ext\"}]"),
           "probabilities");
    is_str(b->next->next->annotations->next->url, S("u2"), "every annotation");
    b = back.choices->next->blocks;
    is_str(b->text, S("transcript"), "the transcript of a sound");
    is_str(b->media.mime, S("audio/wav"), "its type");
    is_str(b->next->next->type, S("server_tool_use"), "what only its own dialect knows");
    is_str(ir_text(&arena, b->next->next->raw), S("{\"type\":\"server_tool_use\"}"), "as it came");
}

/* Refuses the nth event. */
struct refusing {
    int left;
};
static int refuse_put(void *arg, const struct event *ev)
{
    (void)ev;
    struct refusing *r = arg;
    return r->left-- == 0 ? -E_PROVIDER_TOO_LARGE : 0;
}

static void test_refusals(void)
{
    struct reply r;
    fill(&r);
    int stopped = 0;
    for (int i = 0; i < 40; i++) {
        struct refusing refusing = {.left = i};
        struct sink sink = {.put = refuse_put, .arg = &refusing};
        if (reply_play(&r, &sink) == -E_PROVIDER_TOO_LARGE && refusing.left == -1)
            stopped++;
    }
    is_int(stopped, 37, "playing stops at once where it is refused");
}

int main(void)
{
    arena_init(&arena, 4096, (size_t)16 << 20);
    test_choices();
    test_grammar();
    test_there_and_back();
    test_refusals();
    arena_fini(&arena);
    return tap_done();
}
