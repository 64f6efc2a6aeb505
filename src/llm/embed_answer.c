/* The vectors of a provider's answer, put to the inputs they belong to.
 *
 * Answers are joined: each is about the inputs from `from` on, and usage adds up. A vector is kept
 * as the JSON it came in, once it is known to hold numbers and nothing else. Whether every input
 * has got one is checked when the client's answer is written, not here, since it may take several
 * answers; what a provider sends beyond the inputs is not looked at then. */
#include "llm/embed.h"

#include <string.h>

static bool is_array(const struct json *v)
{
    return v && json_type(v) == JSON_ARRAY;
}

static bool is_vector(const struct json *numbers)
{
    bool is_sound =
        is_array(numbers) && json_count(numbers) > 0 && json_count(numbers) <= EMBED_DIMENSIONS_MAX;
    for (struct json_iter it = json_iter(numbers); is_sound && json_iter_next(&it);)
        is_sound = json_type(it.value) == JSON_NUMBER;
    return is_sound;
}

static int put_vector(struct reading *r, struct embed_answer *a, size_t i,
                      const struct json *numbers)
{
    if (i >= EMBED_INPUTS_MAX || !is_vector(numbers))
        return err_set(r->err, r->a, -E_PROVIDER_BODY,
                       "The provider's answer lacks the embedding of input %zu.", i);
    if (i >= a->size) {
        size_t size = MAX(i + 1, 2 * a->size + 16);
        struct embed_vector *grown = arena_new_n(r->a, struct embed_vector, size);
        if (a->n > 0)
            memcpy(grown, a->vectors, a->n * sizeof *grown);
        a->vectors = grown;
        a->size = size;
    }
    a->vectors[i] = (struct embed_vector){.numbers = numbers};
    a->n = MAX(a->n, i + 1);
    return 0;
}

static int put_cut(struct reading *r, struct embed_answer *a, size_t i, const struct json *numbers)
{
    int rc = put_vector(r, a, i, numbers);
    if (rc == 0)
        a->vectors[i].is_cut = true;
    return rc;
}

/* One vector for each input, in their order. */
static int put_list(struct reading *r, const struct json *list, size_t from, struct embed_answer *a)
{
    int rc = 0;
    for (struct json_iter it = json_iter(list); rc == 0 && json_iter_next(&it); from++)
        rc = put_vector(r, a, from, it.value);
    return rc;
}

/* OpenAI's, and Voyage's. Without an index they are as they come. */
int embed_answer_openai(struct reading *r, const struct json *body, size_t from,
                        struct embed_answer *a)
{
    int64_t at = 0;
    int rc = 0;
    const struct json *usage = json_get(body, "usage"), *prompt = json_get(usage, "prompt_tokens");
    struct json_iter it = json_iter(json_get(body, "data"));
    for (; rc == 0 && json_iter_next(&it); at++) {
        int64_t index = at;
        bool is_sound = !json_i64(json_get(it.value, "index"), &index) ||
                        (index >= 0 && index < EMBED_INPUTS_MAX);
        rc = put_vector(r, a, from + (size_t)(is_sound ? index : EMBED_INPUTS_MAX),
                        json_get(it.value, "embedding"));
    }
    document_add_count(&a->usage.input_tokens, prompt ? prompt : json_get(usage, "total_tokens"));
    return rc;
}

/* Version 2 of the API has vectors by their type; version 1 and Bedrock without types a list. */
int embed_answer_cohere(struct reading *r, const struct json *body, size_t from,
                        struct embed_answer *a)
{
    const struct json *embeddings = json_get(body, "embeddings");
    if (!is_array(embeddings))
        embeddings = json_get(embeddings, "float");
    a->id = json_str(json_get(body, "id"));
    const struct json *billed = json_get(json_get(body, "meta"), "billed_units");
    document_add_count(&a->usage.input_tokens, json_get(billed, "input_tokens"));
    return put_list(r, embeddings, from, a);
}

int embed_answer_gemini_batch(struct reading *r, const struct json *body, size_t from,
                              struct embed_answer *a)
{
    int rc = 0;
    struct json_iter it = json_iter(json_get(body, "embeddings"));
    for (; rc == 0 && json_iter_next(&it); from++)
        rc = put_cut(r, a, from, json_get(it.value, "values"));
    document_add_count(&a->usage.input_tokens,
                       json_get(json_get(body, "usageMetadata"), "promptTokenCount"));
    return rc;
}

int embed_answer_gemini(struct reading *r, const struct json *body, size_t from,
                        struct embed_answer *a)
{
    document_add_count(&a->usage.input_tokens,
                       json_get(json_get(body, "usageMetadata"), "promptTokenCount"));
    return put_cut(r, a, from, json_get(json_get(body, "embedding"), "values"));
}

int embed_answer_vertex(struct reading *r, const struct json *body, size_t from,
                        struct embed_answer *a)
{
    int rc = 0;
    struct json_iter it = json_iter(json_get(body, "predictions"));
    for (; rc == 0 && json_iter_next(&it); from++) {
        const struct json *one = json_get(it.value, "embeddings");
        document_add_count(&a->usage.input_tokens,
                           json_get(json_get(one, "statistics"), "token_count"));
        rc = put_cut(r, a, from, json_get(one, "values"));
    }
    return rc;
}

int embed_answer_ollama(struct reading *r, const struct json *body, size_t from,
                        struct embed_answer *a)
{
    document_add_count(&a->usage.input_tokens, json_get(body, "prompt_eval_count"));
    return put_list(r, json_get(body, "embeddings"), from, a);
}

int embed_answer_titan(struct reading *r, const struct json *body, size_t from,
                       struct embed_answer *a)
{
    document_add_count(&a->usage.input_tokens, json_get(body, "inputTextTokenCount"));
    return put_vector(r, a, from, json_get(body, "embedding"));
}

int embed_answer_nova(struct reading *r, const struct json *body, size_t from,
                      struct embed_answer *a)
{
    const struct json *first = json_at(json_get(body, "embeddings"), 0);
    document_add_count(&a->usage.input_tokens, json_get(body, "inputTextTokenCount"));
    return put_vector(r, a, from, json_get(first, "embedding"));
}

int embed_answer_tei(struct reading *r, const struct json *body, size_t from,
                     struct embed_answer *a)
{
    return put_list(r, body, from, a);
}
