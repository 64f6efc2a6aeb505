/* What a provider is asked for embeddings, one writer for each API.
 *
 * What a client said and the API has no room for is noted as lost by what the table says that the
 * operation carries; so a writer only writes. encoding_format is left out: all that take it send
 * plain numbers without it, and some refuse the word "float". Cohere and Nova must be told what the
 * vectors are for; a client that does not say is taken to fill an index.
 *
 * Sources: API references of OpenAI and Voyage "embeddings", Cohere v2 "embed", Gemini
 * "batchEmbedContents", Vertex AI "Text embeddings API" and "embedContent", Ollama "/api/embed",
 * Bedrock model parameters of Titan, Nova and Cohere embeddings, Text Embeddings Inference. */
#include "llm/embed.h"

/* ---- what is lost ---- */

static bool has_tokens(const struct embed *e)
{
    for (size_t i = 0; i < e->n; i++)
        if (e->inputs[i].tokens)
            return true;
    return false;
}

static bool has_titles(const struct embed *e)
{
    for (size_t i = 0; i < e->n; i++)
        if (e->inputs[i].title.n > 0)
            return true;
    return false;
}

/* The purpose in the provider's words, and whether it is the very same one. */
static void note_purpose(struct writing *w, const struct embed_form *f, const struct embed *e)
{
    if (e->purpose_word.n == 0)
        return;
    str word = e->purpose ? e->purpose->words[f->words] : S_EMPTY;
    if (word.n == 0)
        loss_add(w->loss, LOSS_DROPPED, str_from_cz(e->purpose_field));
    else if (embed_purpose_find(word) != e->purpose)
        loss_add(w->loss, LOSS_CLAMPED, str_from_cz(e->purpose_field));
}

int embed_check(struct writing *w, const struct embed_form *f, const struct embed *e)
{
    const struct {
        bool is_said;
        unsigned room;
        const char *field;
    } settings[] = {{e->dimensions > 0, CARRIES_DIMENSIONS, "dimensions"},
                    {e->truncate != TRUNCATE_UNSAID, CARRIES_TRUNCATE, "truncate"},
                    {e->user.n > 0, CARRIES_USER, "user"},
                    {has_titles(e), CARRIES_TITLE, "title"},
                    {e->dtype.n > 0, CARRIES_DTYPE, "output_dtype"}};
    if (has_tokens(e) && (f->carries & CARRIES_TOKENS) == 0)
        return writing_refuse(w, "input",
                              "Tokens can be embedded by OpenAI's models only: send text.");
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        if (settings[i].is_said && (f->carries & settings[i].room) == 0)
            loss_add(w->loss, LOSS_DROPPED, str_from_cz(settings[i].field));
    note_purpose(w, f, e);
    document_note_extras(w, &e->extras);
    return 0;
}

/* ---- pieces ---- */

static str purpose_in(const struct embed *e, enum embed_words words)
{
    return e->purpose ? e->purpose->words[words] : S_EMPTY;
}

static void put_texts(struct json_writer *j, const char *key, const struct embed_slice *s)
{
    json_begin_array(j, key);
    for (size_t i = 0; i < s->n; i++) {
        if (s->first[i].tokens)
            json_put_value(j, NULL, s->first[i].tokens);
        else
            json_put_str(j, NULL, s->first[i].text);
    }
    json_end_array(j);
}

static void put_str_if(struct json_writer *j, const char *key, str text)
{
    if (text.n > 0)
        json_put_str(j, key, text);
}

static void put_dimensions(struct json_writer *j, const char *key, const struct embed *e)
{
    if (e->dimensions > 0)
        json_put_int(j, key, e->dimensions);
}

static void put_truncates(struct json_writer *j, const char *key, const struct embed *e)
{
    if (e->truncate != TRUNCATE_UNSAID)
        json_put_bool(j, key, e->truncate != TRUNCATE_NONE);
}

/* ---- OpenAI, Voyage ---- */

void embed_write_openai(struct writing *w, const struct embed *e, const struct embed_slice *s,
                        struct json_writer *j)
{
    json_put_str(j, "model", w->model);
    put_texts(j, "input", s);
    put_dimensions(j, "dimensions", e);
    put_str_if(j, "user", e->user);
}

void embed_write_voyage(struct writing *w, const struct embed *e, const struct embed_slice *s,
                        struct json_writer *j)
{
    json_put_str(j, "model", w->model);
    put_texts(j, "input", s);
    put_str_if(j, "input_type", purpose_in(e, WORDS_VOYAGE));
    put_dimensions(j, "output_dimension", e);
    put_truncates(j, "truncation", e);
    put_str_if(j, "output_dtype", e->dtype);
}

/* ---- Cohere ---- */

void embed_write_bedrock_cohere(struct writing *w, const struct embed *e,
                                const struct embed_slice *s, struct json_writer *j)
{
    static const str truncates[] = {[TRUNCATE_UNSAID] = {NULL, 0},
                                    [TRUNCATE_NONE] = {"NONE", 4},
                                    [TRUNCATE_START] = {"START", 5},
                                    [TRUNCATE_END] = {"END", 3}};
    str purpose = purpose_in(e, WORDS_COHERE);
    (void)w;
    put_texts(j, "texts", s);
    json_put_str(j, "input_type", purpose.n > 0 ? purpose : S("search_document"));
    json_begin_array(j, "embedding_types");
    json_put_str(j, NULL, S("float"));
    json_end_array(j);
    put_dimensions(j, "output_dimension", e);
    put_str_if(j, "truncate", truncates[e->truncate]);
}

void embed_write_cohere(struct writing *w, const struct embed *e, const struct embed_slice *s,
                        struct json_writer *j)
{
    json_put_str(j, "model", w->model);
    embed_write_bedrock_cohere(w, e, s, j);
}

/* ---- Google ---- */

static void put_content(struct json_writer *j, str text)
{
    json_begin_object(j, "content");
    json_begin_array(j, "parts");
    json_begin_object(j, NULL);
    json_put_str(j, "text", text);
    json_end_object(j);
    json_end_array(j);
    json_end_object(j);
}

static void put_settings(struct json_writer *j, const struct embed *e, const struct embed_input *in)
{
    put_str_if(j, "taskType", purpose_in(e, WORDS_GEMINI));
    put_str_if(j, "title", in->title);
    put_dimensions(j, "outputDimensionality", e);
}

/* Gemini's form; a slice of one. */
void embed_write_gemini(struct writing *w, const struct embed *e, const struct embed_slice *s,
                        struct json_writer *j)
{
    str parts[] = {S("models/"), w->model};
    json_put_str(j, "model", arena_concat(w->a, parts, ARRAY_LEN(parts)));
    put_content(j, s->first->text);
    put_settings(j, e, s->first);
}

void embed_write_gemini_batch(struct writing *w, const struct embed *e, const struct embed_slice *s,
                              struct json_writer *j)
{
    json_begin_array(j, "requests");
    for (size_t i = 0; i < s->n; i++) {
        struct embed_slice one = {.first = &s->first[i], .n = 1};
        json_begin_object(j, NULL);
        embed_write_gemini(w, e, &one, j);
        json_end_object(j);
    }
    json_end_array(j);
}

void embed_write_vertex(struct writing *w, const struct embed *e, const struct embed_slice *s,
                        struct json_writer *j)
{
    (void)w;
    json_begin_array(j, "instances");
    for (size_t i = 0; i < s->n; i++) {
        json_begin_object(j, NULL);
        json_put_str(j, "content", s->first[i].text);
        put_str_if(j, "task_type", purpose_in(e, WORDS_GEMINI));
        put_str_if(j, "title", s->first[i].title);
        json_end_object(j);
    }
    json_end_array(j);
    if (e->dimensions == 0 && e->truncate == TRUNCATE_UNSAID)
        return;
    json_begin_object(j, "parameters");
    put_dimensions(j, "outputDimensionality", e);
    put_truncates(j, "autoTruncate", e);
    json_end_object(j);
}

/* Vertex's call for the newer models; a slice of one. */
void embed_write_vertex_content(struct writing *w, const struct embed *e,
                                const struct embed_slice *s, struct json_writer *j)
{
    (void)w;
    put_content(j, s->first->text);
    json_begin_object(j, "embedContentConfig");
    put_settings(j, e, s->first);
    put_truncates(j, "autoTruncate", e);
    json_end_object(j);
}

/* ---- Bedrock ---- */

/* A slice of one. */
void embed_write_titan(struct writing *w, const struct embed *e, const struct embed_slice *s,
                       struct json_writer *j)
{
    (void)w;
    json_put_str(j, "inputText", s->first->text);
    put_dimensions(j, "dimensions", e);
}

/* A slice of one. */
void embed_write_nova(struct writing *w, const struct embed *e, const struct embed_slice *s,
                      struct json_writer *j)
{
    static const str modes[] = {[TRUNCATE_UNSAID] = {"END", 3},
                                [TRUNCATE_NONE] = {"NONE", 4},
                                [TRUNCATE_START] = {"START", 5},
                                [TRUNCATE_END] = {"END", 3}};
    str purpose = purpose_in(e, WORDS_NOVA);
    (void)w;
    json_put_str(j, "taskType", S("SINGLE_EMBEDDING"));
    json_begin_object(j, "singleEmbeddingParams");
    json_put_str(j, "embeddingPurpose", purpose.n > 0 ? purpose : S("GENERIC_INDEX"));
    put_dimensions(j, "embeddingDimension", e);
    json_begin_object(j, "text");
    json_put_str(j, "truncationMode", modes[e->truncate]);
    json_put_str(j, "value", s->first->text);
    json_end_object(j);
    json_end_object(j);
}

/* ---- Ollama, Text Embeddings Inference ---- */

void embed_write_ollama(struct writing *w, const struct embed *e, const struct embed_slice *s,
                        struct json_writer *j)
{
    json_put_str(j, "model", w->model);
    put_texts(j, "input", s);
    put_dimensions(j, "dimensions", e);
    put_truncates(j, "truncate", e);
}

void embed_write_tei(struct writing *w, const struct embed *e, const struct embed_slice *s,
                     struct json_writer *j)
{
    (void)w;
    put_texts(j, "inputs", s);
    put_dimensions(j, "dimensions", e);
    put_truncates(j, "truncate", e);
}
