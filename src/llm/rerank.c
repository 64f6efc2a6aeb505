/* Rerank, in the dialects that have it: a query and documents go in, the documents' positions and
 * scores come out, best first. A document may be an object with a text; the object is given back
 * when the client wants its documents back (the older form of the API, which Jina, Together and
 * Voyage kept). Scores stay as the provider wrote them; only their order is made sure of.
 *
 * Sources: Cohere v2 and v1 Rerank, Jina and Voyage API references, Bedrock model parameters of
 * Cohere Rerank, Vertex AI ranking API, Text Embeddings Inference. */
#include <string.h>

#include "llm/document.h"

#define DOCUMENTS_MAX 65536

struct document {
    str text;
    const struct json *raw; /* as it came */
};

struct rerank {
    str query;
    struct document *documents;
    size_t n;
    int64_t top_n; /* 0: all */
    bool returns_documents;
    int64_t max_tokens_per_doc; /* 0: not given */
};

struct ranked {
    size_t index;
    const struct json *score;
};

struct rerank_answer {
    struct ranked *results;
    size_t n;
    str id;
    struct usage usage;
    int64_t search_units; /* Cohere; -1: not said */
};

/* ---- the request ---- */

static str text_of(const struct json *document)
{
    if (json_is_str(document))
        return json_str(document);
    str text = json_str(json_get(document, "text"));
    return text.n > 0 ? text : json_str(json_get(document, "content"));
}

static int read_documents(struct reading *r, const struct json *v, struct rerank *k)
{
    if (!v || json_type(v) != JSON_ARRAY || json_count(v) == 0 || json_count(v) > DOCUMENTS_MAX)
        return member_fail(r, "documents", "must be a list of 1 to %d documents", DOCUMENTS_MAX);
    k->documents = arena_new_n(r->a, struct document, json_count(v));
    for (struct json_iter it = json_iter(v); json_iter_next(&it);) {
        bool is_document = json_is_str(it.value) || json_type(it.value) == JSON_OBJECT;
        if (!is_document)
            return member_fail(r, "documents", "must hold strings or objects with a text");
        k->documents[k->n++] = (struct document){.text = text_of(it.value), .raw = it.value};
    }
    return 0;
}

static int read_request(struct reading *r, enum operation_id op, const struct json *body, void *ask)
{
    enum { QUERY, DOCUMENTS, MODEL, TOP_N, TOP_K, RETURN, MAX_TOKENS };
    static const char *const keys[] = {
        "query", "documents", "model", "top_n", "top_k", "return_documents", "max_tokens_per_doc"};
    const struct json *v[ARRAY_LEN(keys)];
    struct rerank *k = ask;
    (void)op; /* Cohere's form and the others' differ in members only */
    int rc = MEMBERS_READ(r, body, keys, v, NULL);
    if (rc == 0 && !v[QUERY])
        return member_fail(r, "query", "is required");
    if (rc == 0)
        rc = member_str(r, "query", v[QUERY], &k->query);
    if (rc == 0)
        rc = read_documents(r, v[DOCUMENTS], k);
    if (rc == 0)
        rc = member_int(r, "top_n", v[TOP_N] ? v[TOP_N] : v[TOP_K], &k->top_n);
    if (rc == 0 && (v[TOP_N] || v[TOP_K]) && k->top_n < 1)
        return member_fail(r, v[TOP_N] ? "top_n" : "top_k", "must be a positive number");
    if (rc == 0)
        rc = member_bool(r, "return_documents", v[RETURN], &k->returns_documents);
    if (rc == 0)
        rc = member_int(r, "max_tokens_per_doc", v[MAX_TOKENS], &k->max_tokens_per_doc);
    return rc;
}

static size_t count(const void *ask)
{
    (void)ask;
    return 1; /* documents are ranked against each other: never in parts */
}

static size_t batch(enum operation_id op, str model)
{
    (void)op;
    (void)model;
    return 1;
}

static void put_texts(struct json_writer *j, const char *key, const struct rerank *k)
{
    json_begin_array(j, key);
    for (size_t i = 0; i < k->n; i++)
        json_put_str(j, NULL, k->documents[i].text);
    json_end_array(j);
}

static void put_query(struct json_writer *j, const struct rerank *k)
{
    json_put_str(j, "query", k->query);
    put_texts(j, "documents", k);
}

static void write_openai(struct writing *w, const struct rerank *k, struct json_writer *j)
{
    json_put_str(j, "model", w->model);
    put_query(j, k);
    if (k->top_n > 0)
        json_put_int(j, "top_n", k->top_n);
    json_put_bool(j, "return_documents", false);
}

static void write_cohere(struct writing *w, const struct rerank *k, struct json_writer *j)
{
    json_put_str(j, "model", w->model);
    put_query(j, k);
    if (k->top_n > 0)
        json_put_int(j, "top_n", k->top_n);
    if (k->max_tokens_per_doc > 0)
        json_put_int(j, "max_tokens_per_doc", k->max_tokens_per_doc);
}

static void write_voyage(struct writing *w, const struct rerank *k, struct json_writer *j)
{
    json_put_str(j, "model", w->model);
    put_query(j, k);
    if (k->top_n > 0)
        json_put_int(j, "top_k", k->top_n);
}

static void write_bedrock(struct writing *w, const struct rerank *k, struct json_writer *j)
{
    (void)w;
    put_query(j, k);
    if (k->top_n > 0)
        json_put_int(j, "top_n", k->top_n);
    json_put_int(j, "api_version", 2);
}

static void write_vertex(struct writing *w, const struct rerank *k, struct json_writer *j)
{
    json_put_str(j, "model", w->model);
    json_put_str(j, "query", k->query);
    json_begin_array(j, "records");
    for (size_t i = 0; i < k->n; i++) {
        json_begin_object(j, NULL);
        json_put_str(j, "id", arena_printf(w->a, "%zu", i));
        json_put_str(j, "content", k->documents[i].text);
        json_end_object(j);
    }
    json_end_array(j);
    if (k->top_n > 0)
        json_put_int(j, "topN", k->top_n);
}

static void write_tei(struct writing *w, const struct rerank *k, struct json_writer *j)
{
    (void)w;
    json_put_str(j, "query", k->query);
    put_texts(j, "texts", k);
    json_put_bool(j, "raw_scores", false);
}

/* ---- the answer ---- */

/* Where each provider puts its results, the position and the score. */
static const struct form {
    enum operation_id op;
    void (*write)(struct writing *w, const struct rerank *k, struct json_writer *j);
    const char *list; /* NULL: the answer is the list */
    const char *index, *score;
} forms[] = {
    {OP_RERANK, write_openai, "results", "index", "relevance_score"},
    {OP_COHERE_RERANK, write_cohere, "results", "index", "relevance_score"},
    {OP_VOYAGE_RERANK, write_voyage, "data", "index", "relevance_score"},
    {OP_BEDROCK_RERANK, write_bedrock, "results", "index", "relevance_score"},
    {OP_VERTEX_RERANK, write_vertex, "records", "id", "score"},
    {OP_TEI_RERANK, write_tei, NULL, "index", "score"},
};

static const struct form *form_of(enum operation_id op)
{
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        if (forms[i].op == op)
            return &forms[i];
    return NULL;
}

static int write_request(struct writing *w, const struct operation *op, const void *ask,
                         size_t from, size_t n, struct buf *out)
{
    const struct form *f = form_of(op->id);
    (void)from;
    (void)n;
    must(f);
    struct json_writer j = json_writer(out);
    json_begin_object(&j, NULL);
    f->write(w, ask, &j);
    json_end_object(&j);
    return 0;
}

static bool read_index(const struct json *v, int64_t *out)
{
    return json_i64(v, out) || str_to_i64(json_str(v), out);
}

static int take_result(struct reading *r, const struct form *f, const struct json *item,
                       struct rerank_answer *a)
{
    int64_t index = -1;
    const struct json *score = json_get(item, f->score);
    bool is_sound = read_index(json_get(item, f->index), &index) && index >= 0 &&
                    index < DOCUMENTS_MAX && score && json_type(score) == JSON_NUMBER;
    if (!is_sound)
        return err_set(r->err, r->a, -E_PROVIDER_BODY,
                       "A result of the provider lacks its position or its score.");
    a->results[a->n++] = (struct ranked){.index = (size_t)index, .score = score};
    return 0;
}

static double score_of(const struct ranked *r)
{
    double d = 0;
    return json_double(r->score, &d) ? d : 0;
}

/* Best first; equal scores keep their order. Providers send them sorted, so this is one pass. */
static void sort(struct rerank_answer *a)
{
    for (size_t i = 1; i < a->n; i++) {
        struct ranked moved = a->results[i];
        size_t at = i;
        for (; at > 0 && score_of(&a->results[at - 1]) < score_of(&moved); at--)
            a->results[at] = a->results[at - 1];
        a->results[at] = moved;
    }
}

static void read_meta(const struct json *body, struct rerank_answer *a)
{
    const struct json *billed = json_get(json_get(body, "meta"), "billed_units");
    const struct json *usage = json_get(body, "usage");
    a->usage = USAGE_NONE;
    a->search_units = -1;
    (void)json_i64(json_get(billed, "search_units"), &a->search_units); /* or not said */
    (void)json_i64(json_get(billed, "input_tokens"), &a->usage.input_tokens);
    (void)json_i64(json_get(usage, "total_tokens"), &a->usage.input_tokens);
    a->id = json_str(json_get(body, "id"));
}

static int read_answer(struct reading *r, const struct operation *op, const struct json *body,
                       size_t from, void *answer)
{
    const struct form *f = form_of(op->id);
    struct rerank_answer *a = answer;
    (void)from;
    must(f);
    const struct json *list = f->list ? json_get(body, f->list) : body;
    if (!list || json_type(list) != JSON_ARRAY || json_count(list) > DOCUMENTS_MAX)
        return err_set(r->err, r->a, -E_PROVIDER_BODY, "The provider's answer has no results.");
    read_meta(body, a);
    a->results = arena_new_n(r->a, struct ranked, json_count(list) + 1);
    int rc = 0;
    for (struct json_iter it = json_iter(list); rc == 0 && json_iter_next(&it);)
        rc = take_result(r, f, it.value, a);
    if (rc == 0)
        sort(a);
    return rc;
}

static void put_result(struct json_writer *j, const struct rerank *k, const struct ranked *r)
{
    json_begin_object(j, NULL);
    json_put_int(j, "index", (int64_t)r->index);
    json_put_value(j, "relevance_score", r->score);
    if (k->returns_documents && r->index < k->n) {
        const struct document *d = &k->documents[r->index];
        if (json_is_str(d->raw)) {
            json_begin_object(j, "document");
            json_put_str(j, "text", d->text);
            json_end_object(j);
        } else {
            json_put_value(j, "document", d->raw);
        }
    }
    json_end_object(j);
}

static void put_meta(struct json_writer *j, const struct rerank_answer *a)
{
    json_begin_object(j, "meta");
    json_begin_object(j, "api_version");
    json_put_str(j, "version", S("2"));
    json_end_object(j);
    json_begin_object(j, "billed_units");
    if (a->search_units >= 0)
        json_put_int(j, "search_units", a->search_units);
    else if (a->usage.input_tokens >= 0)
        json_put_int(j, "input_tokens", a->usage.input_tokens);
    json_end_object(j);
    json_end_object(j);
}

static int write_answer(struct writing *w, const struct operation *op, const void *ask,
                        const void *answer, struct buf *out)
{
    const struct rerank *k = ask;
    const struct rerank_answer *a = answer;
    struct json_writer j = json_writer(out);
    size_t most = k->top_n > 0 ? MIN(a->n, (size_t)k->top_n) : a->n;
    json_begin_object(&j, NULL);
    json_put_str(&j, "id", a->id.n > 0 ? a->id : make_id(w->a, "", w->id_seed, 0));
    if (op->id == OP_RERANK)
        json_put_str(&j, "model", w->model);
    json_begin_array(&j, "results");
    for (size_t i = 0; i < most; i++)
        put_result(&j, k, &a->results[i]);
    json_end_array(&j);
    put_meta(&j, a);
    if (op->id == OP_RERANK) {
        int64_t tokens = MAX(a->usage.input_tokens, (int64_t)0);
        json_begin_object(&j, "usage");
        json_put_int(&j, "prompt_tokens", tokens);
        json_put_int(&j, "total_tokens", tokens);
        json_end_object(&j);
    }
    json_end_object(&j);
    return 0;
}

static struct usage usage_of(const void *answer)
{
    const struct rerank_answer *a = answer;
    return a->usage;
}

const struct document_codec document_rerank = {
    .ask_bytes = sizeof(struct rerank),
    .answer_bytes = sizeof(struct rerank_answer),
    .read_request = read_request,
    .count = count,
    .batch = batch,
    .write_request = write_request,
    .read_answer = read_answer,
    .write_answer = write_answer,
    .usage = usage_of,
};
