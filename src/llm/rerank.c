/* Rerank, in the dialects that have it: a query and documents go in, the documents' positions and
 * scores come out, best first. A document may be an object with a text; the object is given back
 * when the client wants its documents back (the older form of the API, which Jina, Together and
 * Voyage kept). Scores stay as the provider wrote them; only their order is made sure of. Documents
 * go in one request, but to Text Embeddings Inference, which takes few at a time and scores each
 * by itself, so that the parts can be put together.
 *
 * Sources: Cohere v2 and v1 Rerank, Jina and Voyage API references, Bedrock model parameters of
 * Cohere Rerank, Vertex AI ranking API, Text Embeddings Inference. */
#include <stdlib.h>

#include "llm/capability.h"
#include "llm/document.h"

#define DOCUMENTS_MAX 65536
#define TEI_BATCH     32 /* the default of its --max-client-batch-size */

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
    struct extras extras;
};

struct ranked {
    size_t index;
    double value;             /* of the score */
    const struct json *score; /* as it was written */
};

/* The documents of one request. */
struct slice {
    size_t from, n;
};

struct rerank_answer {
    struct ranked *results;
    size_t n, size;
    str id;
    struct usage usage;
    int64_t search_units; /* Cohere; -1: not said */
    bool is_begun;        /* the fields are set up */
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
        return document_fail(r, "documents", "must be a list of 1 to %d documents", DOCUMENTS_MAX);
    k->documents = arena_new_n(r->a, struct document, json_count(v));
    for (struct json_iter it = json_iter(v); json_iter_next(&it);) {
        bool is_document = json_is_str(it.value) || json_type(it.value) == JSON_OBJECT;
        if (!is_document)
            return document_fail(r, "documents", "must hold strings, or objects with a text");
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
    int rc = MEMBERS_READ(r, body, keys, v, &k->extras);
    if (rc == 0 && !v[QUERY])
        return document_fail(r, "query", "is required");
    if (rc == 0)
        rc = member_str(r, "query", v[QUERY], &k->query);
    if (rc == 0)
        rc = read_documents(r, v[DOCUMENTS], k);
    if (rc == 0)
        rc = member_int(r, v[TOP_N] ? "top_n" : "top_k", v[TOP_N] ? v[TOP_N] : v[TOP_K], &k->top_n);
    if (rc == 0 && (v[TOP_N] || v[TOP_K]) && k->top_n < 1)
        return document_fail(r, v[TOP_N] ? "top_n" : "top_k", "must be a positive number");
    if (rc == 0)
        rc = member_bool(r, "return_documents", v[RETURN], &k->returns_documents);
    if (rc == 0)
        rc = member_int(r, "max_tokens_per_doc", v[MAX_TOKENS], &k->max_tokens_per_doc);
    return rc;
}

static size_t count(const void *ask)
{
    const struct rerank *k = ask;
    return k->n;
}

static size_t batch(enum operation_id op, str model)
{
    (void)model;
    return op == OP_TEI_RERANK ? TEI_BATCH : DOCUMENTS_MAX;
}

static void put_texts(struct json_writer *j, const char *key, const struct rerank *k,
                      struct slice s)
{
    json_begin_array(j, key);
    for (size_t i = s.from; i < s.from + s.n; i++)
        json_put_str(j, NULL, k->documents[i].text);
    json_end_array(j);
}

static void put_query(struct json_writer *j, const struct rerank *k, struct slice s)
{
    json_put_str(j, "query", k->query);
    put_texts(j, "documents", k, s);
}

static void write_openai(struct writing *w, const struct rerank *k, struct slice s,
                         struct json_writer *j)
{
    json_put_str(j, "model", w->model);
    put_query(j, k, s);
    if (k->top_n > 0)
        json_put_int(j, "top_n", k->top_n);
    json_put_bool(j, "return_documents", false);
}

static void write_cohere(struct writing *w, const struct rerank *k, struct slice s,
                         struct json_writer *j)
{
    json_put_str(j, "model", w->model);
    put_query(j, k, s);
    if (k->top_n > 0)
        json_put_int(j, "top_n", k->top_n);
    if (k->max_tokens_per_doc > 0)
        json_put_int(j, "max_tokens_per_doc", k->max_tokens_per_doc);
}

static void write_voyage(struct writing *w, const struct rerank *k, struct slice s,
                         struct json_writer *j)
{
    json_put_str(j, "model", w->model);
    put_query(j, k, s);
    if (k->top_n > 0)
        json_put_int(j, "top_k", k->top_n);
}

static bool is_cohere(str model)
{
    return capability_matches("*cohere*", model);
}

static void write_bedrock(struct writing *w, const struct rerank *k, struct slice s,
                          struct json_writer *j)
{
    put_query(j, k, s);
    if (k->top_n > 0)
        json_put_int(j, "top_n", k->top_n);
    if (!is_cohere(w->model))
        return; /* the rest is Cohere's own */
    if (k->max_tokens_per_doc > 0)
        json_put_int(j, "max_tokens_per_doc", k->max_tokens_per_doc);
    json_put_int(j, "api_version", 2);
}

static void write_vertex(struct writing *w, const struct rerank *k, struct slice s,
                         struct json_writer *j)
{
    json_put_str(j, "model", w->model);
    json_put_str(j, "query", k->query);
    json_begin_array(j, "records");
    for (size_t i = s.from; i < s.from + s.n; i++) {
        json_begin_object(j, NULL);
        json_put_str(j, "id", arena_printf(w->a, "%zu", i));
        json_put_str(j, "content", k->documents[i].text);
        json_end_object(j);
    }
    json_end_array(j);
    if (k->top_n > 0)
        json_put_int(j, "topN", k->top_n);
    json_put_bool(j, "ignoreRecordDetailsInResponse", true);
}

static void write_tei(struct writing *w, const struct rerank *k, struct slice s,
                      struct json_writer *j)
{
    (void)w;
    json_put_str(j, "query", k->query);
    put_texts(j, "texts", k, s);
    json_put_bool(j, "raw_scores", false);
}

/* ---- the answer ---- */

/* Where each provider puts its results, the position and the score. */
static const struct form {
    enum operation_id op;
    void (*write)(struct writing *w, const struct rerank *k, struct slice s, struct json_writer *j);
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
    const struct rerank *k = ask;
    must(f && from + n <= k->n);
    document_note_extras(w, &k->extras);
    bool has_limit =
        op->id == OP_COHERE_RERANK || (op->id == OP_BEDROCK_RERANK && is_cohere(w->model));
    if (k->max_tokens_per_doc > 0 && !has_limit)
        loss_add(w->loss, LOSS_DROPPED, S("max_tokens_per_doc"));
    struct json_writer j = json_writer(out);
    json_begin_object(&j, NULL);
    f->write(w, k, (struct slice){.from = from, .n = n}, &j);
    json_end_object(&j);
    return 0;
}

static bool read_index(const struct json *v, int64_t *out)
{
    return json_i64(v, out) || str_to_i64(json_str(v), out);
}

/* `from`: the document that the provider calls 0. */
static int take_result(struct reading *r, const struct form *f, const struct json *item,
                       size_t from, struct rerank_answer *a)
{
    int64_t index = -1;
    double value = 0;
    const struct json *score = json_get(item, f->score);
    bool is_sound = read_index(json_get(item, f->index), &index) && index >= 0 &&
                    index < DOCUMENTS_MAX && json_double(score, &value);
    if (!is_sound)
        return err_set(r->err, r->a, -E_PROVIDER_BODY,
                       "A result of the provider lacks its position or its score.");
    a->results[a->n++] =
        (struct ranked){.index = from + (size_t)index, .value = value, .score = score};
    return 0;
}

/* Best first; of equal scores the document that came first. */
static int compare(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    if (a->value < b->value || a->value > b->value)
        return a->value > b->value ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

static void read_meta(const struct json *body, struct rerank_answer *a)
{
    const struct json *billed = json_get(json_get(body, "meta"), "billed_units");
    const struct json *tokens = json_get(json_get(body, "usage"), "total_tokens");
    if (!a->is_begun) {
        a->usage = USAGE_NONE;
        a->search_units = -1;
        a->is_begun = true;
    }
    document_add_count(&a->search_units, json_get(billed, "search_units"));
    document_add_count(&a->usage.input_tokens, tokens ? tokens : json_get(billed, "input_tokens"));
    a->id = json_str(json_get(body, "id"));
}

/* Room for n results more. */
static void grow(struct arena *arena, struct rerank_answer *a, size_t n)
{
    if (a->n + n <= a->size)
        return;
    size_t size = a->n + MAX(n, a->size) + 1;
    struct ranked *grown = arena_new_n(arena, struct ranked, size);
    for (size_t i = 0; i < a->n; i++)
        grown[i] = a->results[i];
    a->results = grown;
    a->size = size;
}

static int read_answer(struct reading *r, const struct operation *op, const struct json *body,
                       size_t from, void *answer)
{
    const struct form *f = form_of(op->id);
    struct rerank_answer *a = answer;
    must(f);
    if (op->id != OP_TEI_RERANK)
        from = 0; /* all of them in one request, and Vertex names them by their place */
    const struct json *list = f->list ? json_get(body, f->list) : body;
    if (!list || json_type(list) != JSON_ARRAY || json_count(list) > DOCUMENTS_MAX)
        return err_set(r->err, r->a, -E_PROVIDER_BODY, "The provider's answer has no results.");
    read_meta(body, a);
    grow(r->a, a, json_count(list));
    int rc = 0;
    for (struct json_iter it = json_iter(list); rc == 0 && json_iter_next(&it);)
        rc = take_result(r, f, it.value, from, a);
    return rc;
}

static void put_result(struct json_writer *j, const struct rerank *k, const struct ranked *r)
{
    json_begin_object(j, NULL);
    json_put_int(j, "index", (int64_t)r->index);
    json_put_value(j, "relevance_score", r->score);
    if (k->returns_documents) {
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
    size_t most = MIN(a->n, k->top_n > 0 ? (size_t)k->top_n : k->n);
    for (size_t i = 0; i < a->n; i++)
        if (a->results[i].index >= k->n)
            return err_set(w->err, w->a, -E_PROVIDER_BODY,
                           "The provider ranks a document that nobody sent: %zu.",
                           a->results[i].index);
    if (a->n > 0)
        qsort(a->results, a->n, sizeof *a->results, compare);
    struct json_writer j = json_writer(out);
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
    return a->is_begun ? a->usage : USAGE_NONE;
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
