/* Calls that one document answers: any request of any client, for any provider, answered by
 * anything. What goes out is JSON, every batch of it; what is refused says why; a request in a
 * provider's own dialect that is read and written again stays as it is. The first byte chooses the
 * client's call, the second the provider's; 0x1e stands between request and answer. */
#include "codec.h"
#include "llm/document.h"
#include "llm/service.h"

static const enum operation_id calls[] = {
    OP_EMBEDDINGS,    OP_COHERE_EMBED, OP_GEMINI_EMBED,  OP_GEMINI_BATCH_EMBED,
    OP_OLLAMA_EMBED,  OP_RERANK,       OP_COHERE_RERANK, OP_OLLAMA_EMBEDDING,
    OP_COUNT_TOKENS,  OP_INPUT_TOKENS, OP_GEMINI_COUNT,  OP_IMAGES_GENERATIONS,
    OP_BEDROCK_COUNT,
};

struct talk {
    struct arena a;
    struct err err;
    struct losses loss;
    const struct document_codec *codec;
    const struct operation *from, *to;
    const struct service *service;
    struct capability can;
    void *ask, *answer;
};

/* The nth service of the purpose that requests are converted for. */
static const struct service *service_nth(enum purpose purpose, size_t n)
{
    const struct service *found[128];
    size_t count = 0;
    for (size_t i = 0; i < service_count() && count < ARRAY_LEN(found); i++) {
        enum operation_id op = service_at(i)->operation;
        bool is_relayed_only = op == OP_OLLAMA_EMBEDDING || op == OP_IMAGES_GENERATIONS;
        if (operation_get(op)->purpose == purpose && !is_relayed_only)
            found[count++] = service_at(i);
    }
    must(count > 0);
    return found[n % count];
}

static struct writing writing_of(struct talk *t)
{
    return (struct writing){.a = &t->a,
                            .err = &t->err,
                            .loss = &t->loss,
                            .can = &t->can,
                            .model = S("m"),
                            .provider = S("p"),
                            .envelope = str_from_cz(t->service->envelope),
                            .id_seed = S("seed"),
                            .now_s = 1};
}

static int read_ask(struct talk *t, enum operation_id op, const struct json *body, void **ask)
{
    uint8_t origin = (uint8_t)operation_get(op)->dialect;
    struct reading r = {.a = &t->a, .err = &t->err, .origin = origin, .loss = &t->loss};
    *ask = arena_alloc0(&t->a, t->codec->ask_bytes);
    int rc = t->codec->read_request(&r, op, body, *ask);
    must(rc == 0 || t->err.code == rc);
    return rc;
}

/* S_EMPTY: refused. */
static str write_ask(struct talk *t, const void *ask, size_t from, size_t n)
{
    struct writing w = writing_of(t);
    struct buf out;
    buf_init(&out, 64u << 20);
    int rc = t->codec->write_request(&w, t->to, ask, from, n, &out);
    must(rc == 0 || t->err.code == rc);
    str text = rc == 0 ? arena_str(&t->a, buf_str(&out)) : S_EMPTY;
    must(rc < 0 || codec_parse(&t->a, text));
    buf_fini(&out);
    return text;
}

static void write_answer(struct talk *t)
{
    struct writing w = writing_of(t);
    struct buf out;
    buf_init(&out, 64u << 20);
    int rc = t->codec->write_answer(&w, t->from, t->ask, t->answer, &out);
    must(rc == 0 ? codec_parse(&t->a, buf_str(&out)) != NULL : t->err.code == rc);
    buf_fini(&out);
}

static void talk(struct talk *t, const struct json *request, const struct json *reply)
{
    void *again = NULL;
    if (read_ask(t, t->from->id, request, &t->ask) < 0)
        return;
    size_t total = t->codec->count(t->ask);
    size_t most = t->codec->batch(t->to->id, S("m"));
    must(total > 0 && most > 0);
    struct reading r = {.a = &t->a, .err = &t->err, .code = -E_PROVIDER_BODY};
    for (size_t from = 0; from < total; from += most) {
        str text = write_ask(t, t->ask, from, MIN(most, total - from));
        if (text.n == 0)
            return;
        if (t->from == t->to && total <= most &&
            read_ask(t, t->from->id, codec_parse(&t->a, text), &again) == 0)
            must(str_eq(write_ask(t, again, 0, total), text));
        if (!reply || t->codec->read_answer(&r, t->to, reply, from, t->answer) < 0)
            return;
    }
    write_answer(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct talk t = {.err = {.code = 0}};
    str request, reply;
    if (size < 2)
        return 0;
    arena_init(&t.a, 4096, 1u << 30);
    losses_init(&t.loss, &t.a);
    t.from = operation_get(calls[data[0] % ARRAY_LEN(calls)]);
    t.service = service_nth(t.from->purpose, data[1]);
    t.to = operation_get(t.service->operation);
    t.codec = document_codec_of(t.from->purpose);
    t.can = capability_find(NULL, 0, (uint8_t)t.to->dialect, S("m"), 0);
    t.answer = arena_alloc0(&t.a, t.codec->answer_bytes);
    (void)str_cut(str_of((const char *)data + 2, size - 2), 0x1e, &request, &reply);
    const struct json *body = codec_parse(&t.a, request);
    if (body)
        talk(&t, body, codec_parse(&t.a, reply));
    arena_fini(&t.a);
    return 0;
}
