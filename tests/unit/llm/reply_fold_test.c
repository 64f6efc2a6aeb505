#include "llm/reply_fold.c"

#include "llm/ir_equal.h"
#include "tap.h"

static struct arena arena;

static const struct json *parse(str text)
{
    const struct json *v = NULL;
    size_t error_at = 0;
    return json_read(&arena, text, &v, &error_at) == 0 ? v : NULL;
}

struct folding {
    struct fold f;
    struct reply r;
    int rc; /* the first failure */
};

static void begin_folding(struct folding *g, size_t max_bytes)
{
    g->rc = 0;
    fold_init(&g->f, &arena, &g->r, max_bytes);
}

static void put(struct folding *g, struct event ev)
{
    struct sink sink = fold_sink(&g->f);
    int rc = sink_put(&sink, &ev);
    g->rc = g->rc == 0 ? rc : g->rc;
}

static void open_block(struct folding *g, unsigned choice, unsigned number, struct block content)
{
    put(g, (struct event){
               .kind = EV_BLOCK_START, .choice = choice, .block = number, .content = &content});
}

static void open_kind(struct folding *g, unsigned number, enum block_kind kind)
{
    open_block(g, 0, number, (struct block){.kind = kind});
}

static void open_call(struct folding *g, unsigned number, str name)
{
    open_block(g, 0, number, (struct block){.kind = BLOCK_TOOL_CALL, .call = {.name = name}});
}

static void delta(struct folding *g, unsigned number, enum delta_kind kind, str text)
{
    put(g,
        (struct event){.kind = EV_DELTA, .block = number, .delta = {.kind = kind, .text = text}});
}

static void stop(struct folding *g, unsigned number, const struct block *content)
{
    put(g, (struct event){.kind = EV_BLOCK_STOP, .block = number, .content = content});
}

static void end(struct folding *g)
{
    put(g, (struct event){.kind = EV_END});
    is_int(g->rc, 0, "every event is taken");
    is_int(fold_end(&g->f), 0, "the answer is whole");
}

static void test_interleaved(void)
{
    struct folding g;
    begin_folding(&g, 1 << 20);
    open_call(&g, 0, S("a"));
    open_call(&g, 1, S("b"));
    open_block(&g, 1, 0, (struct block){.kind = BLOCK_TEXT});
    char piece[2] = "x";
    for (int i = 0; i < 1000; i++) {
        piece[0] = (char)('a' + i % 26);
        delta(&g, (unsigned)i % 2, DELTA_ARGS, str_from_cz(piece));
        put(&g, (struct event){.kind = EV_DELTA,
                               .choice = 1,
                               .delta = {.kind = DELTA_TEXT, .text = str_from_cz(piece)}});
    }
    stop(&g, 1, NULL);
    stop(&g, 0, NULL);
    open_kind(&g, 2, BLOCK_TEXT);
    delta(&g, 2, DELTA_TEXT, S("later"));
    stop(&g, 2, NULL);
    put(&g, (struct event){.kind = EV_FINISH, .choice = 1, .finish = {.reason = FINISH_LENGTH}});
    put(&g, (struct event){.kind = EV_FINISH, .finish = {.reason = FINISH_TOOL_CALLS}});
    end(&g);
    const struct block *b = g.r.choices->blocks;
    ok(b->call.args.n == 500 && b->next->call.args.n == 500, "fragments in their places");
    ok(str_has_prefix(b->call.args, S("acegik")), "the even ones here");
    ok(str_has_prefix(b->next->call.args, S("bdfhjl")), "the odd ones there");
    is_str(b->next->next->text, S("later"), "a buffer serves again");
    is_int(g.r.choices->next->blocks->text.n, 1000, "choices apart, open at the end or not");
    is_int(g.r.choices->next->finish.reason, FINISH_LENGTH, "each with its end");
}

static void test_reasoning(void)
{
    struct folding g;
    begin_folding(&g, 1 << 20);
    open_kind(&g, 0, BLOCK_REASONING);
    delta(&g, 0, DELTA_TEXT, S("raw "));
    delta(&g, 0, DELTA_TEXT, S("thought"));
    put(&g, (struct event){.kind = EV_DELTA,
                           .delta = {.kind = DELTA_TEXT, .is_summary = true, .text = S("sum")}});
    put(&g, (struct event){.kind = EV_DELTA, .delta = {.kind = DELTA_PART, .is_summary = true}});
    put(&g, (struct event){.kind = EV_DELTA,
                           .delta = {.kind = DELTA_TEXT, .is_summary = true, .text = S("mary")}});
    struct block last = {.kind = BLOCK_REASONING,
                         .seal = {.kind = SEAL_SIGNATURE, .value = S("sig")},
                         .reasoning = {.id = S("rs_1"), .status = S("completed")}};
    stop(&g, 0, &last);
    end(&g);
    const struct block *b = g.r.choices->blocks;
    const struct reasoning_part *p = b->reasoning.parts;
    is_str(p->text, S("raw thought"), "a part begins by itself");
    ok(!p->is_summary && p->next->is_summary, "another when the kind changes");
    is_str(p->next->text, S("sum"), "with its text");
    is_str(p->next->next->text, S("mary"), "and when it is said");
    ok(!p->next->next->next, "no more");
    is_str(b->seal.value, S("sig"), "the seal comes at the end");
    is_str(b->reasoning.id, S("rs_1"), "the id too");
    is_str(b->reasoning.status, S("completed"), "the status too");
}

static void test_ends_of_blocks(void)
{
    struct folding g;
    begin_folding(&g, 1 << 20);
    open_block(&g, 0, 0, (struct block){.kind = BLOCK_TOOL_CALL, .call = {.id = S("c")}});
    delta(&g, 0, DELTA_ARGS, S("{}"));
    struct block last = {.kind = BLOCK_TOOL_CALL,
                         .item_id = S("msg"),
                         .phase = S("final_answer"),
                         .call = {.item_id = S("fc"), .status = S("completed"), .args = S("[]")}};
    extras_add(&arena, &last.extras, S("x"), parse(S("1")));
    stop(&g, 0, &last);
    open_kind(&g, 1, BLOCK_OPAQUE);
    last = (struct block){.kind = BLOCK_OPAQUE, .raw = parse(S("{\"whole\":1}"))};
    stop(&g, 1, &last);
    open_kind(&g, 2, BLOCK_MEDIA);
    delta(&g, 2, DELTA_MEDIA, S("AAA"));
    delta(&g, 2, DELTA_MEDIA, S("A"));
    delta(&g, 2, DELTA_CAPTION, S("cap"));
    delta(&g, 2, DELTA_CAPTION, S("tion"));
    last = (struct block){.kind = BLOCK_MEDIA, .media = {.mime = S("image/png"), .name = S("n")}};
    stop(&g, 2, &last);
    open_kind(&g, 3, BLOCK_TEXT);
    delta(&g, 3, DELTA_TEXT, S("text"));
    last = (struct block){.kind = BLOCK_REASONING,
                          .text = S("repeated"),
                          .seal = {.kind = SEAL_SIGNATURE, .value = S("s")}};
    stop(&g, 3, &last);
    end(&g);
    const struct block *b = g.r.choices->blocks;
    is_str(b->call.args, S("{}"), "repeated texts are not looked at");
    is_str(b->call.id, S("c"), "what was said stays");
    is_str(b->call.item_id, S("fc"), "what was not is added");
    is_str(b->call.status, S("completed"), "the status");
    is_str(b->item_id, S("msg"), "the message");
    is_str(b->phase, S("final_answer"), "its phase");
    ok(extras_find(&b->extras, S("x")) != NULL, "extras");
    b = b->next;
    is_str(ir_text(&arena, b->raw), S("{\"whole\":1}"), "raw values");
    b = b->next;
    is_str(b->media.bytes, S("AAAA"), "bytes");
    is_str(b->text, S("caption"), "their transcript");
    is_str(b->media.mime, S("image/png"), "their type");
    is_str(b->media.name, S("n"), "their name");
    b = b->next;
    is_str(b->text, S("text"), "a text remains itself");
    is_str(b->seal.value, S("s"), "any block can be sealed");
}

static void test_notes(void)
{
    struct folding g;
    begin_folding(&g, 1 << 20);
    open_kind(&g, 0, BLOCK_TEXT);
    for (int i = 0; i < 3; i++) {
        struct annotation n = {.url = arena_printf(&arena, "u%d", i)};
        put(&g, (struct event){.kind = EV_ANNOTATION, .annotation = &n});
    }
    put(&g, (struct event){.kind = EV_ANNOTATION});
    put(&g, (struct event){.kind = EV_LOGPROBS, .logprobs = parse(S("[]"))});
    put(&g, (struct event){.kind = EV_LOGPROBS, .logprobs = parse(S("[1,2]"))});
    put(&g, (struct event){.kind = EV_LOGPROBS, .logprobs = parse(S("{\"token\":\"t\"}"))});
    put(&g, (struct event){.kind = EV_LOGPROBS, .logprobs = parse(S("[3]"))});
    put(&g, (struct event){.kind = EV_LOGPROBS});
    stop(&g, 0, NULL);
    end(&g);
    const struct block *b = g.r.choices->blocks;
    is_int(ir_annotations(b), 3, "annotations are collected");
    is_str(b->annotations->next->next->url, S("u2"), "in order");
    is_str(ir_text(&arena, b->logprobs), S("[1,2,3]"), "probabilities become one array");
}

static void test_whole_events(void)
{
    struct folding g;
    begin_folding(&g, 1 << 20);
    put(&g, (struct event){.kind = EV_START, .start = {.id = S("a"), .created_s = 4}});
    put(&g, (struct event){.kind = EV_START, .start = {.model = S("m"), .created_s = -1}});
    put(&g, (struct event){.kind = EV_PING});
    put(&g, (struct event){.kind = EV_NOTICE, .notice = S("n")});
    struct usage u = USAGE_NONE;
    u.input_tokens = 5;
    put(&g, (struct event){.kind = EV_USAGE, .usage = u});
    u = USAGE_NONE;
    u.output_tokens = 6;
    put(&g, (struct event){.kind = EV_USAGE, .usage = u});
    end(&g);
    is_str(g.r.start.id, S("a"), "what was said stays");
    is_str(g.r.start.model, S("m"), "what is said later is added");
    is_int(g.r.start.created_s, 4, "and takes nothing away");
    ok(g.r.usage.input_tokens == 5 && g.r.usage.output_tokens == 6, "usage grows");
}

static void test_broken_streams(void)
{
    struct folding g;
    begin_folding(&g, 1 << 20);
    open_kind(&g, 0, BLOCK_TEXT);
    delta(&g, 0, DELTA_TEXT, S("half"));
    is_int(fold_end(&g.f), -E_PROVIDER_TRUNCATED, "no end");
    is_str(g.r.choices->blocks->text, S("half"), "what came is there");

    begin_folding(&g, 1 << 20);
    open_kind(&g, 0, BLOCK_TEXT);
    char message[] = "first";
    put(&g, (struct event){.kind = EV_ERROR, .failure = {.message = str_from_cz(message)}});
    message[0] = 'X';
    put(&g, (struct event){.kind = EV_ERROR, .failure = {.message = S("second")}});
    is_int(fold_end(&g.f), -E_PROVIDER_STREAM, "an error of the provider");
    is_str(g.f.failure->message, S("first"), "is kept, the first one");

    begin_folding(&g, 1 << 20); /* given up: nothing leaks */
    open_kind(&g, 0, BLOCK_TEXT);
    delta(&g, 0, DELTA_TEXT, S("lost"));
}

static void test_strange_decoders(void)
{
    struct folding g;
    begin_folding(&g, 1 << 20);
    delta(&g, 0, DELTA_TEXT, S("nobody's"));
    stop(&g, 5, NULL);
    put(&g, (struct event){.kind = EV_BLOCK_START, .block = 0});
    open_kind(&g, 0, BLOCK_TEXT);
    open_kind(&g, 0, BLOCK_REFUSAL);
    delta(&g, 0, DELTA_ARGS, S("1"));
    delta(&g, 0, DELTA_MEDIA, S("2"));
    delta(&g, 0, DELTA_CAPTION, S("3"));
    delta(&g, 0, DELTA_PART, S("4"));
    delta(&g, 0, DELTA_TEXT, S("mine"));
    stop(&g, 0, NULL);
    stop(&g, 0, NULL);
    delta(&g, 0, DELTA_TEXT, S("late"));
    open_kind(&g, 1, BLOCK_OPAQUE);
    delta(&g, 1, DELTA_TEXT, S("5"));
    end(&g);
    is_str(g.r.choices->blocks->text, S("mine"), "only what fits counts");
    ok(g.r.choices->blocks->next && !g.r.choices->blocks->next->next, "a block begins once");
}

static void test_bounds(void)
{
    struct folding g;
    begin_folding(&g, 4096);
    open_kind(&g, 0, BLOCK_TEXT);
    for (int i = 0; i < 4096 && g.rc == 0; i++)
        delta(&g, 0, DELTA_TEXT, S("xxxxxxxx"));
    is_int(g.rc, -E_PROVIDER_TOO_LARGE, "text is bounded");

    begin_folding(&g, 4096);
    open_kind(&g, 0, BLOCK_REASONING);
    for (int i = 0; i < 4096 && g.rc == 0; i++)
        delta(&g, 0, DELTA_PART, S_EMPTY);
    is_int(g.rc, -E_PROVIDER_TOO_LARGE, "empty parts are");

    begin_folding(&g, 4096);
    open_kind(&g, 0, BLOCK_TEXT);
    for (int i = 0; i < 4096 && g.rc == 0; i++)
        put(&g, (struct event){.kind = EV_LOGPROBS, .logprobs = parse(S("[1,2,3]"))});
    is_int(g.rc, -E_PROVIDER_TOO_LARGE, "probabilities are");

    begin_folding(&g, 1 << 20);
    for (unsigned i = 0; i < 10000 && g.rc == 0; i++)
        open_kind(&g, i, BLOCK_TEXT);
    is_int(g.rc, -E_PROVIDER_TOO_LARGE, "open blocks are");
    is_int(g.f.n_open, OPEN_MAX, "at a number that can be searched");

    begin_folding(&g, 1 << 16);
    for (unsigned i = 0; i < 10000 && g.rc == 0; i++) {
        open_kind(&g, i, BLOCK_TEXT);
        stop(&g, i, NULL);
    }
    is_int(g.rc, -E_PROVIDER_TOO_LARGE, "blocks are");

    begin_folding(&g, 1 << 20);
    open_block(&g, CHOICES_MAX, 0, (struct block){.kind = BLOCK_TEXT});
    is_int(g.rc, -E_PROVIDER_TOO_LARGE, "choices are");
    begin_folding(&g, 1 << 20);
    put(&g, (struct event){.kind = EV_FINISH, .choice = CHOICES_MAX});
    is_int(g.rc, -E_PROVIDER_TOO_LARGE, "in every event");
}

int main(void)
{
    arena_init(&arena, 4096, (size_t)64 << 20);
    test_interleaved();
    test_reasoning();
    test_ends_of_blocks();
    test_notes();
    test_whole_events();
    test_broken_streams();
    test_strange_decoders();
    test_bounds();
    arena_fini(&arena);
    return tap_done();
}
