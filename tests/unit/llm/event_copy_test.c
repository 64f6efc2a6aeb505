#include "llm/event_copy.c"

#include "llm/ir_equal.h"
#include "printable.h"
#include "tap.h"

static struct arena arena, source;

static const struct json *parse(str text)
{
    const struct json *v = NULL;
    size_t error_at = 0;
    return json_read(&source, text, &v, &error_at) == 0 ? v : NULL;
}

static str text(const char *cz)
{
    return arena_str(&source, str_from_cz(cz));
}

/* A block with everything a block can have, in the source arena. */
static struct block *full_block(enum block_kind kind)
{
    struct block *b = block_new(&source, kind);
    b->text = text("text");
    b->type = text("type");
    b->item_id = text("item");
    b->phase = text("phase");
    b->cache = (struct cache_mark){.is_set = true, .ttl = text("5m")};
    b->seal = (struct seal){.kind = SEAL_SIGNATURE,
                            .family = FAMILY_GEMINI,
                            .provider = text("google"),
                            .model = text("gemini"),
                            .value = text("c2VhbA==")};
    b->annotations = arena_new(&source, struct annotation);
    *b->annotations = (struct annotation){.type = text("url_citation"),
                                          .url = text("http://a.example"),
                                          .title = text("title"),
                                          .text = text("quoted"),
                                          .begin = 1,
                                          .end = -1,
                                          .raw = parse(S("{\"a\":1}"))};
    b->annotations->next = arena_new(&source, struct annotation);
    b->logprobs = parse(S("[{\"token\":\"a\"}]"));
    extras_add(&source, &b->extras, text("extra"), parse(S("[1.50,null]")));
    extras_add(&source, &b->verbatim, text("verbatim"), NULL);
    return b;
}

static struct block *full_reasoning(void)
{
    struct block *b = full_block(BLOCK_REASONING);
    b->reasoning.id = text("rs_1");
    b->reasoning.status = text("completed");
    reasoning_add(&source, &b->reasoning, true, text("summary"));
    reasoning_add(&source, &b->reasoning, false, text("thought"));
    return b;
}

static struct block *full_call(void)
{
    struct block *b = full_block(BLOCK_TOOL_CALL);
    b->call = (struct tool_call){.id = text("call_1"),
                                 .item_id = text("fc_1"),
                                 .name = text("f"),
                                 .space = text("space"),
                                 .args = text("{}"),
                                 .value = parse(S("{\"x\":1}")),
                                 .status = text("in_progress")};
    return b;
}

static struct block *full_result(void)
{
    struct block *b = full_block(BLOCK_TOOL_RESULT);
    b->result = (struct tool_result){
        .id = text("call_1"), .name = text("f"), .failed = YES, .value = parse(S("{\"y\":2}"))};
    block_add(&b->result.blocks, full_block(BLOCK_TEXT));
    block_add(&b->result.blocks, full_call());
    return b;
}

static struct block *full_media(void)
{
    struct block *b = full_block(BLOCK_MEDIA);
    b->media = (struct media){.kind = MEDIA_DOCUMENT,
                              .source = MEDIA_BLOCKS,
                              .bytes = text("AAAA"),
                              .mime = text("image/png"),
                              .name = text("a.png"),
                              .detail = text("low"),
                              .context = text("context")};
    block_add(&b->media.blocks, full_block(BLOCK_TEXT));
    return b;
}

/* Overwrites what the copy must not point to. */
static void ruin_source(void)
{
    arena_fini(&source);
    arena_init(&source, 4096, (size_t)1 << 20);
}

static void same_str(str got, const char *want)
{
    is_str(got, str_from_cz(want), printable(str_from_cz(want)));
}

static void check_common(const struct block *b)
{
    same_str(b->text, "text");
    same_str(b->type, "type");
    same_str(b->item_id, "item");
    same_str(b->phase, "phase");
    same_str(b->cache.ttl, "5m");
    same_str(b->seal.provider, "google");
    same_str(b->seal.model, "gemini");
    same_str(b->seal.value, "c2VhbA==");
    same_str(b->annotations->url, "http://a.example");
    same_str(b->annotations->text, "quoted");
    same_str(ir_text(&arena, b->annotations->raw), "{\"a\":1}");
    ok(b->annotations->next && !b->annotations->next->next, "every annotation");
    same_str(ir_text(&arena, b->logprobs), "[{\"token\":\"a\"}]");
    same_str(ir_text(&arena, extras_find(&b->extras, S("extra"))), "[1.50,null]");
    same_str(b->verbatim.first->key, "verbatim");
    ok(!b->verbatim.first->value && !b->next, "nothing where nothing was");
}

static const struct block *copied(struct block *from, enum event_kind kind)
{
    from->next = from;
    struct event ev = {.kind = kind, .choice = 2, .block = 3, .content = from};
    struct event copy;
    size_t room = 100000;
    is_int(event_copy(&arena, &room, &ev, &copy), 0, "copied");
    ok(room < 100000, "for a price");
    ruin_source();
    ok(copy.kind == kind && copy.choice == 2 && copy.block == 3, "what and where");
    check_common(copy.content);
    return copy.content;
}

static void test_blocks(void)
{
    copied(full_block(BLOCK_TEXT), EV_BLOCK_START);
    const struct block *b = copied(full_reasoning(), EV_BLOCK_STOP);
    same_str(b->reasoning.id, "rs_1");
    same_str(b->reasoning.status, "completed");
    same_str(reasoning_text(&arena, &b->reasoning), "summary\n\nthought");
    b = copied(full_call(), EV_BLOCK_START);
    same_str(b->call.id, "call_1");
    same_str(b->call.item_id, "fc_1");
    same_str(b->call.name, "f");
    same_str(b->call.space, "space");
    same_str(b->call.args, "{}");
    same_str(b->call.status, "in_progress");
    same_str(ir_text(&arena, b->call.value), "{\"x\":1}");
    b = copied(full_result(), EV_BLOCK_START);
    same_str(b->result.id, "call_1");
    same_str(ir_text(&arena, b->result.value), "{\"y\":2}");
    check_common(b->result.blocks->next == NULL ? b : b->result.blocks->next);
    same_str(b->result.blocks->next->call.name, "f");
    b = copied(full_media(), EV_BLOCK_START);
    same_str(b->media.bytes, "AAAA");
    same_str(b->media.mime, "image/png");
    same_str(b->media.name, "a.png");
    same_str(b->media.detail, "low");
    same_str(b->media.context, "context");
    check_common(b->media.blocks);
    struct block *opaque = full_block(BLOCK_OPAQUE);
    opaque->raw = parse(S("{\"deep\":[[[1]]]}"));
    same_str(ir_text(&arena, copied(opaque, EV_BLOCK_START)->raw), "{\"deep\":[[[1]]]}");
}

static struct event copy_of(struct event ev)
{
    size_t room = 100000;
    struct event copy;
    is_int(event_copy(&arena, &room, &ev, &copy), 0, "copied");
    ruin_source();
    return copy;
}

static void test_other_events(void)
{
    struct event ev = copy_of((struct event){.kind = EV_START,
                                             .start = {.id = text("id"),
                                                       .model = text("model"),
                                                       .created_s = 5,
                                                       .service_tier = text("tier"),
                                                       .system_fingerprint = text("fp")}});
    same_str(ev.start.id, "id");
    same_str(ev.start.model, "model");
    same_str(ev.start.service_tier, "tier");
    same_str(ev.start.system_fingerprint, "fp");
    ev = copy_of((struct event){.kind = EV_DELTA, .delta = {.text = text("delta")}});
    same_str(ev.delta.text, "delta");
    struct annotation note = {.title = text("note")};
    ev = copy_of((struct event){.kind = EV_ANNOTATION, .annotation = &note});
    same_str(ev.annotation->title, "note");
    ev = copy_of((struct event){.kind = EV_LOGPROBS, .logprobs = parse(S("[1]"))});
    same_str(ir_text(&arena, ev.logprobs), "[1]");
    ev = copy_of((struct event){.kind = EV_FINISH,
                                .finish = {.native = text("end_turn"),
                                           .stop_sequence = text("END"),
                                           .message = text("because"),
                                           .details = parse(S("{}"))}});
    same_str(ev.finish.native, "end_turn");
    same_str(ev.finish.stop_sequence, "END");
    same_str(ev.finish.message, "because");
    same_str(ir_text(&arena, ev.finish.details), "{}");
    ev = copy_of((struct event){.kind = EV_NOTICE, .notice = text("notice")});
    same_str(ev.notice, "notice");
    ev = copy_of((struct event){.kind = EV_ERROR,
                                .failure = {.message = text("message"),
                                            .type = text("type"),
                                            .code = text("code"),
                                            .param = text("param"),
                                            .gateway = text("{}"),
                                            .request_id = text("req")}});
    same_str(ev.failure.message, "message");
    same_str(ev.failure.type, "type");
    same_str(ev.failure.code, "code");
    same_str(ev.failure.param, "param");
    same_str(ev.failure.gateway, "{}");
    same_str(ev.failure.request_id, "req");
    ev = copy_of((struct event){.kind = EV_BLOCK_STOP});
    ok(!ev.content, "a stop without content");
    ev = copy_of((struct event){.kind = EV_USAGE, .usage = {.input_tokens = 7}});
    is_int(ev.usage.input_tokens, 7, "usage as it is");
}

/* Whatever the room, a copy costs no more than that, or is refused. */
static void test_room(void)
{
    struct event ev = {.kind = EV_BLOCK_START, .content = full_result()};
    size_t all = 100000;
    struct event copy;
    is_int(event_copy(&arena, &all, &ev, &copy), 0, "there is room");
    size_t cost = 100000 - all;
    int refused = 0;
    for (size_t room = 0; room < cost; room++) {
        size_t left = room;
        refused += event_copy(&arena, &left, &ev, &copy) == -E_PROVIDER_TOO_LARGE && left == room;
    }
    is_int(refused, cost, "one byte less is not enough");
    size_t left = cost;
    is_int(event_copy(&arena, &left, &ev, &copy), 0, "as much as it costs is");
    is_int(left, 0, "then nothing is left");
}

int main(void)
{
    arena_init(&arena, 4096, (size_t)1 << 30);
    arena_init(&source, 4096, (size_t)1 << 20);
    test_blocks();
    test_other_events();
    test_room();
    arena_fini(&source);
    arena_fini(&arena);
    return tap_done();
}
