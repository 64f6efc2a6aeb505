/* Embeddings, in the dialects that have them.
 *
 * Texts go in, vectors come out in the same order; how a request names its texts and an answer its
 * vectors is all that differs, so each operation is a row of four small functions. Numbers stay as
 * the provider wrote them unless the client asks for base64 (OpenAI's SDKs do so by default):
 * little-endian 32-bit floats then. Gemini does not normalise a vector that was cut to fewer
 * dimensions; what leaves here always has length 1 in that case.
 *
 * Sources: the providers' API references of their embedding endpoints. */
#include <math.h>
#include <string.h>

#include "llm/document.h"
#include "wire/base64.h"

#define INPUTS_MAX     65536
#define DIMENSIONS_MAX 65536

struct input {
    str text;
    const struct json *raw; /* tokens, or a picture: OpenAI's and Cohere's own; NULL: a text */
    struct input *next;
};

struct vector {
    const struct json *numbers; /* NULL: not given yet */
    bool normalise;
};

struct embed {
    struct input *first, *last;
    size_t n;
    bool is_single; /* Gemini's embedContent, Ollama's old call: one vector, not a list */
    bool is_base64;
    int64_t dimensions; /* 0: not given */
    str purpose;        /* in Cohere's words: search_query, search_document... */
    str title, truncate, user;
};

struct embed_answer {
    struct vector *vectors;
    size_t n, size;
    str id;
    struct usage usage;
    bool has_usage;
};

/* ---- the request ---- */

static int add_input(struct reading *r, struct embed *e, str text, const struct json *raw)
{
    if (e->n == INPUTS_MAX)
        return member_fail(r, "input", "holds more than %d items", INPUTS_MAX);
    struct input *in = arena_new(r->a, struct input);
    in->text = text;
    in->raw = raw;
    if (e->last)
        e->last->next = in;
    else
        e->first = in;
    e->last = in;
    e->n++;
    return 0;
}

static bool is_array(const struct json *v)
{
    return v && json_type(v) == JSON_ARRAY;
}

/* A string, strings, tokens, or lists of tokens. */
static int read_inputs(struct reading *r, const char *name, const struct json *v, struct embed *e)
{
    if (json_is_str(v))
        return add_input(r, e, json_str(v), NULL);
    if (!is_array(v) || json_count(v) == 0)
        return member_fail(r, name, "must be a string or a list that is not empty");
    if (json_type(json_at(v, 0)) == JSON_NUMBER)
        return add_input(r, e, S_EMPTY, v);
    int rc = 0;
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it);) {
        if (json_is_str(it.value))
            rc = add_input(r, e, json_str(it.value), NULL);
        else if (is_array(it.value))
            rc = add_input(r, e, S_EMPTY, it.value);
        else
            rc = member_fail(r, name, "must hold strings or lists of tokens");
    }
    return rc;
}

static int read_dimensions(struct reading *r, const char *name, const struct json *v,
                           struct embed *e)
{
    int rc = member_int(r, name, v, &e->dimensions);
    if (rc == 0 && v && (e->dimensions < 1 || e->dimensions > DIMENSIONS_MAX))
        return member_fail(r, name, "must be a positive number");
    return rc;
}

static int read_openai(struct reading *r, const struct json *body, struct embed *e)
{
    enum { INPUT, MODEL, DIMENSIONS, ENCODING, USER, INPUT_TYPE };
    static const char *const keys[] = {"input",           "model", "dimensions",
                                       "encoding_format", "user",  "input_type"};
    const struct json *v[ARRAY_LEN(keys)];
    str encoding = S_EMPTY;
    int rc = MEMBERS_READ(r, body, keys, v, NULL);
    if (rc == 0)
        rc = read_inputs(r, "input", v[INPUT], e);
    if (rc == 0)
        rc = read_dimensions(r, "dimensions", v[DIMENSIONS], e);
    if (rc == 0)
        rc = member_str(r, "encoding_format", v[ENCODING], &encoding);
    if (rc == 0)
        rc = member_str(r, "user", v[USER], &e->user);
    if (rc == 0)
        rc = member_str(r, "input_type", v[INPUT_TYPE], &e->purpose);
    e->is_base64 = str_eq(encoding, S("base64"));
    if (rc == 0 && encoding.n > 0 && !e->is_base64 && !str_eq(encoding, S("float")))
        return member_fail(r, "encoding_format", "is float or base64");
    return rc;
}

static int read_cohere(struct reading *r, const struct json *body, struct embed *e)
{
    enum { TEXTS, IMAGES, INPUTS, MODEL, TYPE, TYPES, DIMENSION, TRUNCATE };
    static const char *const keys[] = {
        "texts",      "images",          "inputs",           "model",
        "input_type", "embedding_types", "output_dimension", "truncate"};
    const struct json *v[ARRAY_LEN(keys)];
    int rc = MEMBERS_READ(r, body, keys, v, NULL);
    if (rc == 0 && (v[IMAGES] || v[INPUTS]))
        return member_fail(r, v[IMAGES] ? "images" : "inputs",
                           "cannot be carried to this provider: only texts can");
    if (rc == 0)
        rc = read_inputs(r, "texts", v[TEXTS], e);
    if (rc == 0)
        rc = member_str(r, "input_type", v[TYPE], &e->purpose);
    if (rc == 0)
        rc = member_str(r, "truncate", v[TRUNCATE], &e->truncate);
    if (rc == 0)
        rc = read_dimensions(r, "output_dimension", v[DIMENSION], e);
    for (struct json_iter it = json_iter(v[TYPES]); rc == 0 && json_iter_next(&it);)
        if (!str_eq(json_str(it.value), S("float")))
            rc = member_fail(r, "embedding_types", "can only be float with this provider");
    return rc;
}

/* Gemini's task types and Cohere's purposes. */
static const struct {
    str gemini, cohere;
} purposes[] = {
    {{"RETRIEVAL_QUERY", 15}, {"search_query", 12}},
    {{"RETRIEVAL_DOCUMENT", 18}, {"search_document", 15}},
    {{"CLASSIFICATION", 14}, {"classification", 14}},
    {{"CLUSTERING", 10}, {"clustering", 10}},
};

static str text_of_content(struct arena *a, const struct json *content)
{
    struct buf text;
    buf_init(&text, 64u << 20);
    for (struct json_iter it = json_iter(json_get(content, "parts")); json_iter_next(&it);)
        buf_put(&text, json_str(json_get(it.value, "text")));
    str copy = arena_str(a, buf_str(&text));
    buf_fini(&text);
    return copy;
}

static int read_gemini_one(struct reading *r, const struct json *request, struct embed *e)
{
    enum { CONTENT, MODEL, TASK, TITLE, DIMENSIONS };
    static const char *const keys[] = {"content", "model", "taskType", "title",
                                       "outputDimensionality"};
    const struct json *v[ARRAY_LEN(keys)];
    str task = S_EMPTY;
    int rc = MEMBERS_READ(r, request, keys, v, NULL);
    if (rc == 0 && !v[CONTENT])
        return member_fail(r, "content", "is required");
    if (rc == 0)
        rc = add_input(r, e, text_of_content(r->a, v[CONTENT]), NULL);
    if (rc == 0)
        rc = member_str(r, "taskType", v[TASK], &task);
    if (rc == 0)
        rc = member_str(r, "title", v[TITLE], &e->title);
    if (rc == 0)
        rc = read_dimensions(r, "outputDimensionality", v[DIMENSIONS], e);
    for (size_t i = 0; i < ARRAY_LEN(purposes); i++)
        if (str_eq(task, purposes[i].gemini))
            e->purpose = purposes[i].cohere;
    return rc;
}

static int read_gemini(struct reading *r, const struct json *body, struct embed *e)
{
    e->is_single = true;
    return read_gemini_one(r, body, e);
}

static int read_gemini_batch(struct reading *r, const struct json *body, struct embed *e)
{
    enum { REQUESTS };
    static const char *const keys[] = {"requests"};
    const struct json *v[ARRAY_LEN(keys)];
    long i = 0;
    int rc = MEMBERS_READ(r, body, keys, v, NULL);
    if (rc == 0 && (!is_array(v[REQUESTS]) || json_count(v[REQUESTS]) == 0))
        return member_fail(r, "requests", "must be a list that is not empty");
    for (struct json_iter it = json_iter(v[REQUESTS]); rc == 0 && json_iter_next(&it); i++) {
        struct reading inner = reading_at(r, "requests", i);
        rc = read_gemini_one(&inner, it.value, e);
    }
    return rc;
}

static int read_ollama(struct reading *r, const struct json *body, struct embed *e)
{
    enum { INPUT, PROMPT, MODEL, TRUNCATE, DIMENSIONS };
    static const char *const keys[] = {"input", "prompt", "model", "truncate", "dimensions"};
    const struct json *v[ARRAY_LEN(keys)];
    int rc = MEMBERS_READ(r, body, keys, v, NULL);
    e->is_single = v[PROMPT] && !v[INPUT];
    if (rc == 0)
        rc = read_inputs(r, e->is_single ? "prompt" : "input", e->is_single ? v[PROMPT] : v[INPUT],
                         e);
    if (rc == 0)
        rc = read_dimensions(r, "dimensions", v[DIMENSIONS], e);
    if (rc == 0 && v[TRUNCATE])
        e->truncate = json_bool(v[TRUNCATE], true) ? S("END") : S("NONE");
    return rc;
}

/* ---- the request of a provider ---- */

/* Where the items begin and how many go. */
struct slice {
    const struct input *first;
    size_t n;
};

static struct slice slice_of(const struct embed *e, size_t from, size_t n)
{
    const struct input *in = e->first;
    for (size_t i = 0; i < from && in; i++)
        in = in->next;
    return (struct slice){.first = in, .n = n};
}

static int refuse_tokens(struct writing *w, const struct slice *s)
{
    const struct input *in = s->first;
    for (size_t i = 0; i < s->n && in; i++, in = in->next)
        if (in->raw)
            return writing_refuse(w, "input",
                                  "Tokens can be embedded by OpenAI's models only: send text.");
    return 0;
}

static void put_texts(struct json_writer *j, const char *key, const struct slice *s)
{
    const struct input *in = s->first;
    json_begin_array(j, key);
    for (size_t i = 0; i < s->n && in; i++, in = in->next) {
        if (in->raw)
            json_put_value(j, NULL, in->raw);
        else
            json_put_str(j, NULL, in->text);
    }
    json_end_array(j);
}

static void lose(struct writing *w, bool is_given, const char *field)
{
    if (is_given)
        loss_add(w->loss, LOSS_DROPPED, str_from_cz(field));
}

static int write_openai(struct writing *w, const struct embed *e, const struct slice *s,
                        struct json_writer *j)
{
    json_put_str(j, "model", w->model);
    put_texts(j, "input", s);
    json_put_str(j, "encoding_format", S("float"));
    if (e->dimensions > 0)
        json_put_int(j, "dimensions", e->dimensions);
    if (e->user.n > 0)
        json_put_str(j, "user", e->user);
    lose(w, e->purpose.n > 0, "input_type");
    return 0;
}

static void put_cohere(struct writing *w, const struct embed *e, const struct slice *s,
                       struct json_writer *j)
{
    put_texts(j, "texts", s);
    json_put_str(j, "input_type", e->purpose.n > 0 ? e->purpose : S("search_document"));
    json_begin_array(j, "embedding_types");
    json_put_str(j, NULL, S("float"));
    json_end_array(j);
    if (e->dimensions > 0)
        json_put_int(j, "output_dimension", e->dimensions);
    if (e->truncate.n > 0)
        json_put_str(j, "truncate", e->truncate);
    lose(w, e->user.n > 0, "user");
}

static int write_cohere(struct writing *w, const struct embed *e, const struct slice *s,
                        struct json_writer *j)
{
    json_put_str(j, "model", w->model);
    put_cohere(w, e, s, j);
    return 0;
}

static int write_bedrock_cohere(struct writing *w, const struct embed *e, const struct slice *s,
                                struct json_writer *j)
{
    put_cohere(w, e, s, j);
    return 0;
}

static void put_gemini_settings(const struct embed *e, struct json_writer *j)
{
    for (size_t i = 0; i < ARRAY_LEN(purposes); i++)
        if (str_eq(e->purpose, purposes[i].cohere))
            json_put_str(j, "taskType", purposes[i].gemini);
    if (e->title.n > 0)
        json_put_str(j, "title", e->title);
    if (e->dimensions > 0)
        json_put_int(j, "outputDimensionality", e->dimensions);
}

static void put_gemini_one(struct writing *w, const struct embed *e, str text,
                           struct json_writer *j)
{
    str parts[] = {S("models/"), w->model};
    json_put_str(j, "model", arena_concat(w->a, parts, ARRAY_LEN(parts)));
    json_begin_object(j, "content");
    json_begin_array(j, "parts");
    json_begin_object(j, NULL);
    json_put_str(j, "text", text);
    json_end_object(j);
    json_end_array(j);
    json_end_object(j);
    put_gemini_settings(e, j);
}

static int write_gemini_batch(struct writing *w, const struct embed *e, const struct slice *s,
                              struct json_writer *j)
{
    const struct input *in = s->first;
    json_begin_array(j, "requests");
    for (size_t i = 0; i < s->n && in; i++, in = in->next) {
        json_begin_object(j, NULL);
        put_gemini_one(w, e, in->text, j);
        json_end_object(j);
    }
    json_end_array(j);
    lose(w, e->user.n > 0, "user");
    return 0;
}

static int write_gemini(struct writing *w, const struct embed *e, const struct slice *s,
                        struct json_writer *j)
{
    put_gemini_one(w, e, s->first ? s->first->text : S_EMPTY, j);
    lose(w, e->user.n > 0, "user");
    return 0;
}

static int write_ollama(struct writing *w, const struct embed *e, const struct slice *s,
                        struct json_writer *j)
{
    json_put_str(j, "model", w->model);
    put_texts(j, "input", s);
    if (e->dimensions > 0)
        json_put_int(j, "dimensions", e->dimensions);
    if (e->truncate.n > 0)
        json_put_bool(j, "truncate", !str_eq(e->truncate, S("NONE")));
    lose(w, e->user.n > 0, "user");
    lose(w, e->purpose.n > 0, "input_type");
    return 0;
}

static int write_vertex(struct writing *w, const struct embed *e, const struct slice *s,
                        struct json_writer *j)
{
    const struct input *in = s->first;
    json_begin_array(j, "instances");
    for (size_t i = 0; i < s->n && in; i++, in = in->next) {
        json_begin_object(j, NULL);
        json_put_str(j, "content", in->text);
        for (size_t k = 0; k < ARRAY_LEN(purposes); k++)
            if (str_eq(e->purpose, purposes[k].cohere))
                json_put_str(j, "task_type", purposes[k].gemini);
        json_end_object(j);
    }
    json_end_array(j);
    if (e->dimensions > 0) {
        json_begin_object(j, "parameters");
        json_put_int(j, "outputDimensionality", e->dimensions);
        json_end_object(j);
    }
    lose(w, e->user.n > 0, "user");
    return 0;
}

static int write_titan(struct writing *w, const struct embed *e, const struct slice *s,
                       struct json_writer *j)
{
    json_put_str(j, "inputText", s->first ? s->first->text : S_EMPTY);
    if (e->dimensions > 0)
        json_put_int(j, "dimensions", e->dimensions);
    lose(w, e->user.n > 0, "user");
    lose(w, e->purpose.n > 0, "input_type");
    return 0;
}

static int write_tei(struct writing *w, const struct embed *e, const struct slice *s,
                     struct json_writer *j)
{
    put_texts(j, "inputs", s);
    if (e->dimensions > 0)
        json_put_int(j, "dimensions", e->dimensions);
    if (e->truncate.n > 0)
        json_put_bool(j, "truncate", !str_eq(e->truncate, S("NONE")));
    lose(w, e->user.n > 0, "user");
    lose(w, e->purpose.n > 0, "input_type");
    return 0;
}

/* ---- a provider's answer ---- */

static int put_vector(struct reading *r, struct embed_answer *a, size_t i,
                      const struct json *numbers)
{
    if (!is_array(numbers) || json_count(numbers) == 0 || i >= INPUTS_MAX)
        return err_set(r->err, r->a, -E_PROVIDER_BODY,
                       "The provider's answer lacks the embedding of input %zu.", i);
    if (i >= a->size) {
        size_t size = MAX(i + 1, 2 * a->size + 16);
        struct vector *grown = arena_new_n(r->a, struct vector, size);
        if (a->n > 0)
            memcpy(grown, a->vectors, a->n * sizeof *grown);
        a->vectors = grown;
        a->size = size;
    }
    a->vectors[i].numbers = numbers;
    a->n = MAX(a->n, i + 1);
    return 0;
}

/* Adds what one of several answers reports. */
static void add_count(int64_t *total, const struct json *v)
{
    int64_t n = 0;
    if (v && json_i64(v, &n) && n >= 0)
        *total = MAX(*total, (int64_t)0) + n;
}

static void begin_usage(struct embed_answer *a)
{
    if (!a->has_usage)
        a->usage = USAGE_NONE;
    a->has_usage = true;
}

static int answer_openai(struct reading *r, const struct json *body, size_t from,
                         struct embed_answer *a)
{
    size_t i = 0;
    int rc = 0;
    for (struct json_iter it = json_iter(json_get(body, "data")); rc == 0 && json_iter_next(&it);
         i++) {
        int64_t index = (int64_t)i;
        (void)json_i64(json_get(it.value, "index"), &index); /* absent: as they come */
        if (index < 0 || index >= INPUTS_MAX)
            index = (int64_t)i;
        rc = put_vector(r, a, from + (size_t)index, json_get(it.value, "embedding"));
    }
    add_count(&a->usage.input_tokens, json_get(json_get(body, "usage"), "prompt_tokens"));
    return rc;
}

/* A list of vectors, one for each input. */
static int answer_list(struct reading *r, const struct json *list, size_t from,
                       struct embed_answer *a)
{
    int rc = 0;
    for (struct json_iter it = json_iter(list); rc == 0 && json_iter_next(&it); from++)
        rc = put_vector(r, a, from, it.value);
    return rc;
}

static int answer_cohere(struct reading *r, const struct json *body, size_t from,
                         struct embed_answer *a)
{
    const struct json *embeddings = json_get(body, "embeddings");
    if (!is_array(embeddings))
        embeddings = json_get(embeddings, "float");
    a->id = json_str(json_get(body, "id"));
    const struct json *billed = json_get(json_get(body, "meta"), "billed_units");
    add_count(&a->usage.input_tokens, json_get(billed, "input_tokens"));
    return answer_list(r, embeddings, from, a);
}

static int answer_gemini_batch(struct reading *r, const struct json *body, size_t from,
                               struct embed_answer *a)
{
    int rc = 0;
    struct json_iter it = json_iter(json_get(body, "embeddings"));
    for (; rc == 0 && json_iter_next(&it); from++) {
        rc = put_vector(r, a, from, json_get(it.value, "values"));
        if (rc == 0)
            a->vectors[from].normalise = true;
    }
    add_count(&a->usage.input_tokens,
              json_get(json_get(body, "usageMetadata"), "promptTokenCount"));
    return rc;
}

static int answer_gemini(struct reading *r, const struct json *body, size_t from,
                         struct embed_answer *a)
{
    int rc = put_vector(r, a, from, json_get(json_get(body, "embedding"), "values"));
    if (rc == 0)
        a->vectors[from].normalise = true;
    return rc;
}

static int answer_ollama(struct reading *r, const struct json *body, size_t from,
                         struct embed_answer *a)
{
    add_count(&a->usage.input_tokens, json_get(body, "prompt_eval_count"));
    return answer_list(r, json_get(body, "embeddings"), from, a);
}

static int answer_vertex(struct reading *r, const struct json *body, size_t from,
                         struct embed_answer *a)
{
    int rc = 0;
    struct json_iter it = json_iter(json_get(body, "predictions"));
    for (; rc == 0 && json_iter_next(&it); from++) {
        const struct json *e = json_get(it.value, "embeddings");
        add_count(&a->usage.input_tokens, json_get(json_get(e, "statistics"), "token_count"));
        rc = put_vector(r, a, from, json_get(e, "values"));
    }
    return rc;
}

static int answer_titan(struct reading *r, const struct json *body, size_t from,
                        struct embed_answer *a)
{
    add_count(&a->usage.input_tokens, json_get(body, "inputTextTokenCount"));
    return put_vector(r, a, from, json_get(body, "embedding"));
}

static int answer_tei(struct reading *r, const struct json *body, size_t from,
                      struct embed_answer *a)
{
    return answer_list(r, body, from, a);
}

/* ---- the client's answer ---- */

static double length_of(const struct json *numbers)
{
    double sum = 0, d = 0;
    for (struct json_iter it = json_iter(numbers); json_iter_next(&it);)
        if (json_double(it.value, &d))
            sum += d * d;
    return sqrt(sum);
}

/* What each number is divided by; 1: nothing is to be done. */
static double divisor_of(const struct embed *e, const struct vector *v)
{
    double length = v->normalise && e->dimensions > 0 ? length_of(v->numbers) : 1;
    return length > 0 ? length : 1;
}

static void put_number(struct json_writer *j, const struct json *number, double divisor)
{
    double d = 0;
    if (divisor == 1 || !json_double(number, &d)) {
        json_put_value(j, NULL, number);
        return;
    }
    struct buf made;
    buf_init(&made, 32);
    buf_printf(&made, "%.9g", d / divisor);
    json_put_number(j, NULL, buf_str(&made));
    buf_fini(&made);
}

static void put_numbers(struct json_writer *j, const char *key, const struct embed *e,
                        const struct vector *v)
{
    double divisor = divisor_of(e, v);
    if (divisor == 1) {
        json_put_value(j, key, v->numbers);
        return;
    }
    json_begin_array(j, key);
    for (struct json_iter it = json_iter(v->numbers); json_iter_next(&it);)
        put_number(j, it.value, divisor);
    json_end_array(j);
}

static void put_base64(struct writing *w, struct json_writer *j, const char *key,
                       const struct embed *e, const struct vector *v)
{
    double divisor = divisor_of(e, v), d = 0;
    size_t n = json_count(v->numbers), at = 0;
    unsigned char *bytes = arena_alloc(w->a, arena_mul(n, 4));
    for (struct json_iter it = json_iter(v->numbers); json_iter_next(&it); at += 4) {
        float f = json_double(it.value, &d) ? (float)(d / divisor) : 0;
        uint32_t bits;
        memcpy(&bits, &f, sizeof bits);
        for (unsigned k = 0; k < 4; k++)
            bytes[at + k] = (unsigned char)(bits >> (8 * k));
    }
    json_put_str(j, key, base64_encode(w->a, str_of((const char *)bytes, at)));
}

static void reply_openai(struct writing *w, const struct embed *e, const struct embed_answer *a,
                         struct json_writer *j)
{
    int64_t tokens = MAX(a->usage.input_tokens, (int64_t)0);
    json_put_str(j, "object", S("list"));
    json_begin_array(j, "data");
    for (size_t i = 0; i < a->n; i++) {
        json_begin_object(j, NULL);
        json_put_str(j, "object", S("embedding"));
        json_put_int(j, "index", (int64_t)i);
        if (e->is_base64)
            put_base64(w, j, "embedding", e, &a->vectors[i]);
        else
            put_numbers(j, "embedding", e, &a->vectors[i]);
        json_end_object(j);
    }
    json_end_array(j);
    json_put_str(j, "model", w->model);
    json_begin_object(j, "usage");
    json_put_int(j, "prompt_tokens", tokens);
    json_put_int(j, "total_tokens", tokens);
    json_end_object(j);
}

static void put_list(struct json_writer *j, const char *key, const struct embed *e,
                     const struct embed_answer *a)
{
    json_begin_array(j, key);
    for (size_t i = 0; i < a->n; i++)
        put_numbers(j, NULL, e, &a->vectors[i]);
    json_end_array(j);
}

static void reply_cohere(struct writing *w, const struct embed *e, const struct embed_answer *a,
                         struct json_writer *j)
{
    struct slice all = slice_of(e, 0, e->n);
    json_put_str(j, "id", a->id.n > 0 ? a->id : make_id(w->a, "", w->id_seed, 0));
    json_begin_object(j, "embeddings");
    put_list(j, "float", e, a);
    json_end_object(j);
    put_texts(j, "texts", &all);
    json_begin_object(j, "meta");
    json_begin_object(j, "api_version");
    json_put_str(j, "version", S("2"));
    json_end_object(j);
    if (a->usage.input_tokens >= 0) {
        json_begin_object(j, "billed_units");
        json_put_int(j, "input_tokens", a->usage.input_tokens);
        json_end_object(j);
    }
    json_end_object(j);
    json_put_str(j, "response_type", S("embeddings_by_type"));
}

static void reply_gemini(struct writing *w, const struct embed *e, const struct embed_answer *a,
                         struct json_writer *j)
{
    (void)w;
    if (e->is_single) {
        json_begin_object(j, "embedding");
        put_numbers(j, "values", e, &a->vectors[0]);
        json_end_object(j);
        return;
    }
    json_begin_array(j, "embeddings");
    for (size_t i = 0; i < a->n; i++) {
        json_begin_object(j, NULL);
        put_numbers(j, "values", e, &a->vectors[i]);
        json_end_object(j);
    }
    json_end_array(j);
}

static void reply_ollama(struct writing *w, const struct embed *e, const struct embed_answer *a,
                         struct json_writer *j)
{
    if (e->is_single) {
        put_numbers(j, "embedding", e, &a->vectors[0]);
        return;
    }
    json_put_str(j, "model", w->model);
    put_list(j, "embeddings", e, a);
    json_put_int(j, "total_duration", 0);
    json_put_int(j, "load_duration", 0);
    json_put_int(j, "prompt_eval_count", MAX(a->usage.input_tokens, (int64_t)0));
}

/* ---- the table ---- */

static const struct form {
    enum operation_id op;
    size_t batch; /* inputs of one request */
    int (*read)(struct reading *r, const struct json *body, struct embed *e);
    int (*write)(struct writing *w, const struct embed *e, const struct slice *s,
                 struct json_writer *j);
    int (*answer)(struct reading *r, const struct json *body, size_t from, struct embed_answer *a);
    void (*reply)(struct writing *w, const struct embed *e, const struct embed_answer *a,
                  struct json_writer *j);
} forms[] = {
    {OP_EMBEDDINGS, 2048, read_openai, write_openai, answer_openai, reply_openai},
    {OP_COHERE_EMBED, 96, read_cohere, write_cohere, answer_cohere, reply_cohere},
    {OP_GEMINI_EMBED, 1, read_gemini, write_gemini, answer_gemini, reply_gemini},
    {OP_GEMINI_BATCH_EMBED, 100, read_gemini_batch, write_gemini_batch, answer_gemini_batch,
     reply_gemini},
    {OP_OLLAMA_EMBED, 512, read_ollama, write_ollama, answer_ollama, reply_ollama},
    {OP_VERTEX_EMBED, 250, NULL, write_vertex, answer_vertex, NULL},
    {OP_TITAN_EMBED, 1, NULL, write_titan, answer_titan, NULL},
    {OP_BEDROCK_COHERE_EMBED, 96, NULL, write_bedrock_cohere, answer_cohere, NULL},
    {OP_TEI_EMBED, 32, NULL, write_tei, answer_tei, NULL},
};

static const struct form *form_of(enum operation_id op)
{
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        if (forms[i].op == op)
            return &forms[i];
    return NULL;
}

static int read_request(struct reading *r, enum operation_id op, const struct json *body, void *ask)
{
    const struct form *f = form_of(op);
    must(f && f->read);
    return f->read(r, body, ask);
}

static size_t count(const void *ask)
{
    const struct embed *e = ask;
    return e->n;
}

/* Vertex takes one text at a time of its gemini-embedding models. */
static size_t batch(enum operation_id op, str model)
{
    if (op == OP_VERTEX_EMBED && capability_matches("gemini-embedding*", model))
        return 1;
    const struct form *f = form_of(op);
    must(f);
    return f->batch;
}

static int write_request(struct writing *w, const struct operation *op, const void *ask,
                         size_t from, size_t n, struct buf *out)
{
    const struct form *f = form_of(op->id);
    struct slice s = slice_of(ask, from, n);
    must(f);
    int rc = op->id == OP_EMBEDDINGS ? 0 : refuse_tokens(w, &s);
    if (rc < 0)
        return rc;
    struct json_writer j = json_writer(out);
    json_begin_object(&j, NULL);
    rc = f->write(w, ask, &s, &j);
    json_end_object(&j);
    return rc;
}

static int read_answer(struct reading *r, const struct operation *op, const struct json *body,
                       size_t from, void *answer)
{
    const struct form *f = form_of(op->id);
    must(f);
    begin_usage(answer);
    return f->answer(r, body, from, answer);
}

static int write_answer(struct writing *w, const struct operation *op, const void *ask,
                        const void *answer, struct buf *out)
{
    const struct form *f = form_of(op->id);
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
