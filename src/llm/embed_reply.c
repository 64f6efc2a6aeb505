/* The vectors as the client wants them.
 *
 * Numbers stay as the provider wrote them, but in two cases. A client that asks for base64
 * (OpenAI's SDKs do so by default) gets little-endian 32-bit floats (IEEE 754). And Google does not
 * normalise a vector that was cut to fewer dimensions, though every index is built on length one:
 * such a vector is divided by its length, unless it has length one already. */
#include "llm/embed.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "wire/base64.h"

#define UNIT_ERROR 1e-4 /* what the rounding of some thousand floats may come to */

static double length_of(const struct json *numbers)
{
    double sum = 0, d = 0;
    for (struct json_iter it = json_iter(numbers); json_iter_next(&it);)
        if (json_double(it.value, &d))
            sum += d * d;
    return sqrt(sum);
}

/* What each number is divided by; 1: nothing is to be done. */
static double divisor_of(const struct embed *e, const struct embed_vector *v)
{
    double length = v->is_cut && e->dimensions > 0 ? length_of(v->numbers) : 1;
    bool is_usable = length > 0 && isfinite(length);
    return is_usable && fabs(length - 1) > UNIT_ERROR ? length : 1;
}

static void put_numbers(struct json_writer *j, const char *key, const struct embed *e,
                        const struct embed_vector *v)
{
    double divisor = divisor_of(e, v);
    if (divisor == 1) {
        json_put_value(j, key, v->numbers);
        return;
    }
    struct buf text;
    buf_init(&text, 64);
    json_begin_array(j, key);
    for (struct json_iter it = json_iter(v->numbers); json_iter_next(&it);) {
        double d = 0;
        (void)json_double(it.value, &d); /* what no double can hold counts as 0 */
        buf_reset(&text);
        buf_printf(&text, "%.9g", d / divisor);
        json_put_number(j, NULL, buf_str(&text));
    }
    json_end_array(j);
    buf_fini(&text);
}

static float as_float(double d)
{
    return (float)MIN(MAX(d, -(double)FLT_MAX), (double)FLT_MAX);
}

static void put_base64(struct writing *w, struct json_writer *j, const char *key,
                       const struct embed *e, const struct embed_vector *v)
{
    double divisor = divisor_of(e, v);
    size_t at = 0;
    unsigned char *bytes = arena_alloc(w->a, arena_mul(json_count(v->numbers), 4));
    for (struct json_iter it = json_iter(v->numbers); json_iter_next(&it); at += 4) {
        double d = 0;
        (void)json_double(it.value, &d); /* what no double can hold counts as 0 */
        float f = as_float(d / divisor);
        uint32_t bits;
        memcpy(&bits, &f, sizeof bits);
        for (unsigned k = 0; k < 4; k++)
            bytes[at + k] = (unsigned char)(bits >> (8 * k));
    }
    json_put_str(j, key, base64_encode(w->a, str_of((const char *)bytes, at)));
}

void embed_reply_openai(struct writing *w, const struct embed *e, const struct embed_answer *a,
                        struct json_writer *j)
{
    int64_t tokens = MAX(a->usage.input_tokens, (int64_t)0);
    json_put_str(j, "object", S("list"));
    json_begin_array(j, "data");
    for (size_t i = 0; i < e->n; i++) {
        json_begin_object(j, NULL);
        json_put_str(j, "object", S("embedding"));
        json_put_int(j, "index", (int64_t)i);
        if (e->wants_base64)
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
    for (size_t i = 0; i < e->n; i++)
        put_numbers(j, NULL, e, &a->vectors[i]);
    json_end_array(j);
}

static void put_cohere_meta(struct json_writer *j, const struct embed_answer *a)
{
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
}

void embed_reply_cohere(struct writing *w, const struct embed *e, const struct embed_answer *a,
                        struct json_writer *j)
{
    json_put_str(j, "id", a->id.n > 0 ? a->id : make_id(w->a, "", w->id_seed, 0));
    json_begin_object(j, "embeddings");
    if (e->wants_floats)
        put_list(j, "float", e, a);
    if (e->wants_base64) {
        json_begin_array(j, "base64");
        for (size_t i = 0; i < e->n; i++)
            put_base64(w, j, NULL, e, &a->vectors[i]);
        json_end_array(j);
    }
    json_end_object(j);
    json_begin_array(j, "texts");
    for (size_t i = 0; i < e->n; i++)
        json_put_str(j, NULL, e->inputs[i].text);
    json_end_array(j);
    put_cohere_meta(j, a);
    json_put_str(j, "response_type", S("embeddings_by_type"));
}

static void put_gemini_usage(struct json_writer *j, const struct embed_answer *a)
{
    if (a->usage.input_tokens < 0)
        return;
    json_begin_object(j, "usageMetadata");
    json_put_int(j, "promptTokenCount", a->usage.input_tokens);
    json_end_object(j);
}

void embed_reply_gemini(struct writing *w, const struct embed *e, const struct embed_answer *a,
                        struct json_writer *j)
{
    (void)w;
    if (e->is_single) {
        json_begin_object(j, "embedding");
        put_numbers(j, "values", e, &a->vectors[0]);
        json_end_object(j);
        put_gemini_usage(j, a);
        return;
    }
    json_begin_array(j, "embeddings");
    for (size_t i = 0; i < e->n; i++) {
        json_begin_object(j, NULL);
        put_numbers(j, "values", e, &a->vectors[i]);
        json_end_object(j);
    }
    json_end_array(j);
    put_gemini_usage(j, a);
}

void embed_reply_ollama(struct writing *w, const struct embed *e, const struct embed_answer *a,
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
