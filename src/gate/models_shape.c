/* The shapes of model lists. What nobody knows (context lengths, prices, dates) is null, zero or
 * left out, never made up: a client that decides by it decides by nothing.
 *
 * Sources: the providers' API references of their list calls. */
#include "gate/models_shape.h"

static void begin_list(struct models_page *p, const char *name)
{
    json_begin_object(&p->w, NULL);
    json_begin_array(&p->w, name);
}

static void put_strings(struct json_writer *w, const char *key, const char *const *texts, size_t n)
{
    json_begin_array(w, key);
    for (size_t i = 0; i < n; i++)
        json_put_str(w, NULL, str_from_cz(texts[i]));
    json_end_array(w);
}

static void end_list(struct models_page *p)
{
    json_end_array(&p->w);
    json_end_object(&p->w);
}

/* ---- OpenAI ---- */

static void begin_openai(struct models_page *p)
{
    json_begin_object(&p->w, NULL);
    json_put_str(&p->w, "object", S("list"));
    json_begin_array(&p->w, "data");
}

static void put_openai(struct json_writer *w, str id, str owner)
{
    json_begin_object(w, NULL);
    json_put_str(w, "id", id);
    json_put_str(w, "object", S("model"));
    json_put_int(w, "created", 0);
    json_put_str(w, "owned_by", owner);
    json_end_object(w);
}

/* ---- OpenRouter ---- */

static void begin_data(struct models_page *p)
{
    begin_list(p, "data");
}

static void put_openrouter(struct json_writer *w, str id, str owner)
{
    static const char *const text[] = {"text"};
    static const char *const prices[] = {"prompt", "completion", "request", "image"};
    (void)owner;
    json_begin_object(w, NULL);
    json_put_str(w, "id", id);
    json_put_str(w, "canonical_slug", id);
    json_put_str(w, "name", id);
    json_put_int(w, "created", 0);
    json_put_str(w, "description", S_EMPTY);
    json_put_null(w, "context_length");
    json_begin_object(w, "architecture");
    put_strings(w, "input_modalities", text, 1);
    put_strings(w, "output_modalities", text, 1);
    json_end_object(w);
    json_begin_object(w, "pricing");
    for (size_t i = 0; i < ARRAY_LEN(prices); i++)
        json_put_str(w, prices[i], S("0"));
    json_end_object(w);
    json_put_null(w, "top_provider");
    json_put_null(w, "per_request_limits");
    json_begin_array(w, "supported_parameters");
    json_end_array(w);
    json_end_object(w);
}

/* ---- Anthropic ---- */

static void put_anthropic(struct json_writer *w, str id, str owner)
{
    (void)owner;
    json_begin_object(w, NULL);
    json_put_str(w, "type", S("model"));
    json_put_str(w, "id", id);
    json_put_str(w, "display_name", id);
    json_put_str(w, "created_at", S("1970-01-01T00:00:00Z"));
    json_end_object(w);
}

static void put_or_null(struct json_writer *w, const char *key, str text)
{
    if (text.n > 0)
        json_put_str(w, key, text);
    else
        json_put_null(w, key);
}

static void end_anthropic(struct models_page *p)
{
    json_end_array(&p->w);
    json_put_bool(&p->w, "has_more", p->has_more);
    put_or_null(&p->w, "first_id", p->first);
    put_or_null(&p->w, "last_id", buf_str(&p->last));
    json_end_object(&p->w);
}

/* ---- Gemini ---- */

static void begin_models(struct models_page *p)
{
    begin_list(p, "models");
}

static void put_gemini(struct json_writer *w, str id, str owner)
{
    static const char *const methods[] = {"generateContent", "streamGenerateContent", "countTokens",
                                          "embedContent", "batchEmbedContents"};
    struct buf name;
    (void)owner;
    buf_init(&name, 4096);
    buf_put(&name, S("models/"));
    buf_put(&name, id);
    json_begin_object(w, NULL);
    json_put_str(w, "name", buf_str(&name));
    json_put_str(w, "displayName", id);
    put_strings(w, "supportedGenerationMethods", methods, ARRAY_LEN(methods));
    json_end_object(w);
    buf_fini(&name);
}

static void end_gemini(struct models_page *p)
{
    json_end_array(&p->w);
    if (p->has_more)
        json_put_str(&p->w, "nextPageToken", buf_str(&p->last));
    json_end_object(&p->w);
}

/* ---- Ollama ---- */

static void put_ollama(struct json_writer *w, str id, str owner)
{
    json_begin_object(w, NULL);
    json_put_str(w, "name", id);
    json_put_str(w, "model", id);
    json_put_str(w, "modified_at", S("1970-01-01T00:00:00Z"));
    json_put_int(w, "size", 0);
    json_put_str(w, "digest", S_EMPTY);
    json_begin_object(w, "details");
    json_put_str(w, "format", S_EMPTY);
    json_put_str(w, "family", owner);
    json_put_null(w, "families");
    json_put_str(w, "parameter_size", S_EMPTY);
    json_put_str(w, "quantization_level", S_EMPTY);
    json_end_object(w);
    json_end_object(w);
}

/* ---- Bedrock ---- */

static void begin_bedrock(struct models_page *p)
{
    begin_list(p, "modelSummaries");
}

static void put_bedrock(struct json_writer *w, str id, str owner)
{
    static const char *const text[] = {"TEXT"};
    json_begin_object(w, NULL);
    json_put_str(w, "modelArn", S_EMPTY);
    json_put_str(w, "modelId", id);
    json_put_str(w, "modelName", id);
    json_put_str(w, "providerName", owner);
    put_strings(w, "inputModalities", text, 1);
    put_strings(w, "outputModalities", text, 1);
    json_put_bool(w, "responseStreamingSupported", true);
    json_end_object(w);
}

/* ---- Cohere ---- */

static void put_cohere(struct json_writer *w, str id, str owner)
{
    static const char *const endpoints[] = {"chat", "embed", "rerank"};
    (void)owner;
    json_begin_object(w, NULL);
    json_put_str(w, "name", id);
    json_put_bool(w, "is_deprecated", false);
    put_strings(w, "endpoints", endpoints, ARRAY_LEN(endpoints));
    json_put_bool(w, "finetuned", false);
    json_end_object(w);
}

static void end_cohere(struct models_page *p)
{
    json_end_array(&p->w);
    if (p->has_more)
        json_put_str(&p->w, "next_page_token", buf_str(&p->last));
    json_end_object(&p->w);
}

static const struct models_shape shapes[] = {
    {DIALECT_CHAT, begin_openai, put_openai, end_list},
    {DIALECT_OPENROUTER, begin_data, put_openrouter, end_list},
    {DIALECT_ANTHROPIC, begin_data, put_anthropic, end_anthropic},
    {DIALECT_GEMINI, begin_models, put_gemini, end_gemini},
    {DIALECT_OLLAMA, begin_models, put_ollama, end_list},
    {DIALECT_COHERE, begin_models, put_cohere, end_cohere},
    {DIALECT_BEDROCK, begin_bedrock, put_bedrock, end_list},
};

const struct models_shape *models_shape_of(enum dialect_id dialect)
{
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
        if (shapes[i].dialect == dialect)
            return &shapes[i];
    return &shapes[0];
}

/* ---- pages ---- */

void models_page_begin(struct models_page *p, const struct models_shape *s)
{
    p->is_begun = p->after.n == 0;
    p->has_more = p->skip > 0;
    buf_init(&p->last, 8192);
    s->begin(p);
}

void models_page_put(struct models_page *p, const struct models_shape *s, str id, str owner)
{
    if (!p->is_begun) {
        p->is_begun = str_eq(id, p->after);
        return;
    }
    p->is_over |= p->before.n > 0 && str_eq(id, p->before);
    if (p->is_over)
        return;
    if (p->skip > 0) {
        p->skip--;
        return;
    }
    if (p->most > 0 && p->n == p->most) {
        p->has_more = true;
        return;
    }
    if (p->n == 0)
        p->first = arena_str(p->a, id);
    buf_reset(&p->last);
    buf_put(&p->last, id);
    p->n++;
    s->put(&p->w, id, owner);
}

void models_page_end(struct models_page *p, const struct models_shape *s)
{
    s->end(p);
}
