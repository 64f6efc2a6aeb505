/* Embeddings, in the dialects that have them: texts go in, vectors come out in the same order.
 *
 * How a request names its texts and an answer its vectors is all that differs, so each operation is
 * a row of four small functions, which stand in embed_read.c, embed_write.c, embed_answer.c and
 * embed_reply.c. A row without a reader is no client's; one without a writer no provider is asked
 * by. The table also says how many inputs one request may have, from the providers' limits; what
 * is more goes in several requests (gate/convert.c). */
#include "llm/embed.h"

#include "llm/capability.h"

#define ROOM (CARRIES_DIMENSIONS | CARRIES_TRUNCATE)

static const struct embed_form forms[] = {
    {OP_EMBEDDINGS, 2048, CARRIES_DIMENSIONS | CARRIES_USER | CARRIES_TOKENS, WORDS_NONE,
     embed_read_openai, embed_write_openai, embed_answer_openai, embed_reply_openai},
    {OP_VOYAGE_EMBED, 128, ROOM | CARRIES_DTYPE, WORDS_VOYAGE, NULL, embed_write_voyage,
     embed_answer_openai, NULL},
    {OP_COHERE_EMBED, 96, ROOM, WORDS_COHERE, embed_read_cohere, embed_write_cohere,
     embed_answer_cohere, embed_reply_cohere},
    {OP_BEDROCK_COHERE_EMBED, 96, ROOM, WORDS_COHERE, NULL, embed_write_bedrock_cohere,
     embed_answer_cohere, NULL},
    {OP_GEMINI_EMBED, 1, CARRIES_DIMENSIONS | CARRIES_TITLE, WORDS_GEMINI, embed_read_gemini,
     embed_write_gemini, embed_answer_gemini, embed_reply_gemini},
    {OP_GEMINI_BATCH_EMBED, 100, CARRIES_DIMENSIONS | CARRIES_TITLE, WORDS_GEMINI,
     embed_read_gemini_batch, embed_write_gemini_batch, embed_answer_gemini_batch,
     embed_reply_gemini},
    {OP_VERTEX_EMBED, 250, ROOM | CARRIES_TITLE, WORDS_GEMINI, NULL, embed_write_vertex,
     embed_answer_vertex, NULL},
    {OP_VERTEX_EMBED_CONTENT, 1, ROOM | CARRIES_TITLE, WORDS_GEMINI, NULL,
     embed_write_vertex_content, embed_answer_gemini, NULL},
    {OP_OLLAMA_EMBED, 512, ROOM, WORDS_NONE, embed_read_ollama, embed_write_ollama,
     embed_answer_ollama, embed_reply_ollama},
    {OP_OLLAMA_EMBEDDING, 0, 0, WORDS_NONE, embed_read_ollama_prompt, NULL, NULL,
     embed_reply_ollama},
    {OP_TITAN_EMBED, 1, CARRIES_DIMENSIONS, WORDS_NONE, NULL, embed_write_titan, embed_answer_titan,
     NULL},
    {OP_NOVA_EMBED, 1, ROOM, WORDS_NOVA, NULL, embed_write_nova, embed_answer_nova, NULL},
    {OP_TEI_EMBED, 32, ROOM, WORDS_NONE, NULL, embed_write_tei, embed_answer_tei, NULL},
};

static const struct embed_form *form_of(enum operation_id op)
{
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        if (forms[i].op == op)
            return &forms[i];
    return NULL;
}

static int read_request(struct reading *r, enum operation_id op, const struct json *body, void *ask)
{
    const struct embed_form *f = form_of(op);
    must(f && f->read);
    return f->read(r, body, ask);
}

static size_t count(const void *ask)
{
    const struct embed *e = ask;
    return e->n;
}

/* Vertex takes one text at a time of its Gemini models. */
static size_t batch(enum operation_id op, str model)
{
    const struct embed_form *f = form_of(op);
    must(f && f->write);
    return op == OP_VERTEX_EMBED && capability_matches("gemini-*", model) ? 1 : f->batch;
}

static int write_request(struct writing *w, const struct operation *op, const void *ask,
                         size_t from, size_t n, struct buf *out)
{
    const struct embed_form *f = form_of(op->id);
    const struct embed *e = ask;
    must(f && f->write && n > 0 && from + n <= e->n);
    struct embed_slice s = {.first = e->inputs + from, .n = n};
    int rc = embed_check(w, f, e);
    if (rc < 0)
        return rc;
    struct json_writer j = json_writer(out);
    json_begin_object(&j, NULL);
    f->write(w, e, &s, &j);
    json_end_object(&j);
    return 0;
}

static int read_answer(struct reading *r, const struct operation *op, const struct json *body,
                       size_t from, void *answer)
{
    const struct embed_form *f = form_of(op->id);
    struct embed_answer *a = answer;
    must(f && f->answer);
    if (!a->has_usage)
        a->usage = USAGE_NONE;
    a->has_usage = true;
    return f->answer(r, body, from, a);
}

static int write_answer(struct writing *w, const struct operation *op, const void *ask,
                        const void *answer, struct buf *out)
{
    const struct embed_form *f = form_of(op->id);
    const struct embed *e = ask;
    const struct embed_answer *a = answer;
    must(f && f->reply);
    for (size_t i = 0; i < e->n; i++)
        if (i >= a->n || !a->vectors[i].numbers)
            return err_set(w->err, w->a, -E_PROVIDER_BODY,
                           "The provider's answer lacks the embedding of input %zu.", i);
    struct json_writer j = json_writer(out);
    json_begin_object(&j, NULL);
    f->reply(w, e, a, &j);
    json_end_object(&j);
    return 0;
}

static struct usage usage_of(const void *answer)
{
    const struct embed_answer *a = answer;
    return a->has_usage ? a->usage : USAGE_NONE;
}

const struct document_codec document_embed = {
    .ask_bytes = sizeof(struct embed),
    .answer_bytes = sizeof(struct embed_answer),
    .read_request = read_request,
    .count = count,
    .batch = batch,
    .write_request = write_request,
    .read_answer = read_answer,
    .write_answer = write_answer,
    .usage = usage_of,
};
