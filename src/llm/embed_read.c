/* What a client asks to have embedded, in OpenAI's, Cohere's, Gemini's and Ollama's words.
 *
 * What a request says once holds for all its inputs. Gemini's batch says it with each of them: one
 * setting for all of them is what every other API can be asked, so a batch whose requests differ
 * is refused rather than embedded wrongly. Pictures are refused: no two APIs take them alike. What
 * is not known here is kept by name, so that its loss can be told. */
#include "llm/embed.h"

#include <string.h>

#define TEXT_MAX (64u << 20)

/* Each API's words for one purpose. The first rows are Cohere's; what only Gemini tells apart
 * follows, next to what comes nearest. */
static const struct embed_purpose purposes[] = {
    {.words = {[WORDS_GEMINI] = {"RETRIEVAL_QUERY", 15},
               [WORDS_COHERE] = {"search_query", 12},
               [WORDS_VOYAGE] = {"query", 5},
               [WORDS_NOVA] = {"TEXT_RETRIEVAL", 14}}},
    {.words = {[WORDS_GEMINI] = {"RETRIEVAL_DOCUMENT", 18},
               [WORDS_COHERE] = {"search_document", 15},
               [WORDS_VOYAGE] = {"document", 8},
               [WORDS_NOVA] = {"GENERIC_INDEX", 13}}},
    {.words = {[WORDS_GEMINI] = {"CLASSIFICATION", 14},
               [WORDS_COHERE] = {"classification", 14},
               [WORDS_NOVA] = {"CLASSIFICATION", 14}}},
    {.words = {[WORDS_GEMINI] = {"CLUSTERING", 10},
               [WORDS_COHERE] = {"clustering", 10},
               [WORDS_NOVA] = {"CLUSTERING", 10}}},
    {.words = {[WORDS_GEMINI] = {"SEMANTIC_SIMILARITY", 19}, [WORDS_COHERE] = {"clustering", 10}}},
    {.words = {[WORDS_GEMINI] = {"QUESTION_ANSWERING", 18},
               [WORDS_COHERE] = {"search_query", 12},
               [WORDS_VOYAGE] = {"query", 5}}},
    {.words = {[WORDS_GEMINI] = {"FACT_VERIFICATION", 17},
               [WORDS_COHERE] = {"search_query", 12},
               [WORDS_VOYAGE] = {"query", 5}}},
    {.words = {[WORDS_GEMINI] = {"CODE_RETRIEVAL_QUERY", 20},
               [WORDS_COHERE] = {"search_query", 12},
               [WORDS_VOYAGE] = {"query", 5}}},
};

const struct embed_purpose *embed_purpose_find(str word)
{
    for (size_t i = 0; i < ARRAY_LEN(purposes) && word.n > 0; i++)
        for (size_t k = 0; k < WORDS_COUNT; k++)
            if (str_eq(purposes[i].words[k], word))
                return &purposes[i];
    return NULL;
}

static int read_purpose(struct reading *r, const char *name, const struct json *v, struct embed *e)
{
    int rc = member_str(r, name, v, &e->purpose_word);
    e->purpose = embed_purpose_find(e->purpose_word);
    e->purpose_field = name;
    return rc;
}

static int add_input(struct reading *r, struct embed *e, const char *name, struct embed_input in)
{
    if (e->n == EMBED_INPUTS_MAX)
        return document_fail(r, name, "holds more than %d inputs", EMBED_INPUTS_MAX);
    if (e->n == e->size) {
        size_t size = 2 * e->size + 16;
        struct embed_input *grown = arena_new_n(r->a, struct embed_input, size);
        if (e->n > 0)
            memcpy(grown, e->inputs, e->n * sizeof *grown);
        e->inputs = grown;
        e->size = size;
    }
    e->inputs[e->n++] = in;
    return 0;
}

static bool is_array(const struct json *v)
{
    return v && json_type(v) == JSON_ARRAY;
}

static bool is_number(const struct json *v)
{
    return v && json_type(v) == JSON_NUMBER;
}

static int add_tokens(struct reading *r, const char *name, const struct json *v, struct embed *e)
{
    bool is_sound = json_count(v) > 0;
    for (struct json_iter it = json_iter(v); is_sound && json_iter_next(&it);)
        is_sound = is_number(it.value);
    if (!is_sound)
        return document_fail(r, name, "must hold strings, or lists of tokens");
    return add_input(r, e, name, (struct embed_input){.tokens = v});
}

/* A string, strings, tokens, or lists of tokens. */
static int read_inputs(struct reading *r, const char *name, const struct json *v, struct embed *e)
{
    if (json_is_str(v))
        return add_input(r, e, name, (struct embed_input){.text = json_str(v)});
    if (!is_array(v) || json_count(v) == 0)
        return document_fail(r, name, "must be a string, or a list that is not empty");
    if (is_number(json_at(v, 0)))
        return add_tokens(r, name, v, e);
    int rc = 0;
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it);) {
        if (json_is_str(it.value))
            rc = add_input(r, e, name, (struct embed_input){.text = json_str(it.value)});
        else if (is_array(it.value))
            rc = add_tokens(r, name, it.value, e);
        else
            rc = document_fail(r, name, "must hold strings, or lists of tokens");
    }
    return rc;
}

static int read_texts(struct reading *r, const char *name, const struct json *v, struct embed *e)
{
    int rc = read_inputs(r, name, v, e);
    for (size_t i = 0; i < e->n && rc == 0; i++)
        if (e->inputs[i].tokens)
            rc = document_fail(r, name, "must hold strings");
    return rc;
}

static int read_dimensions(struct reading *r, const char *name, const struct json *v,
                           struct embed *e)
{
    int rc = member_int(r, name, v, &e->dimensions);
    if (rc == 0 && v && (e->dimensions < 1 || e->dimensions > EMBED_DIMENSIONS_MAX))
        return document_fail(r, name, "must be from 1 to %d", EMBED_DIMENSIONS_MAX);
    return rc;
}

/* ---- OpenAI ---- */

static int read_encoding(struct reading *r, const struct json *v, struct embed *e)
{
    str encoding = S_EMPTY;
    int rc = member_str(r, "encoding_format", v, &encoding);
    e->wants_base64 = str_eq(encoding, S("base64"));
    e->wants_floats = !e->wants_base64;
    if (rc == 0 && encoding.n > 0 && !e->wants_base64 && !str_eq(encoding, S("float")))
        return document_fail(r, "encoding_format", "must be float or base64");
    return rc;
}

/* What Voyage's clients say beyond OpenAI's. */
static int read_voyage(struct reading *r, const struct json *body, struct embed *e)
{
    enum { INPUT_TYPE, DIMENSION, TRUNCATION, DTYPE };
    static const char *const keys[] = {[INPUT_TYPE] = "input_type",
                                       [DIMENSION] = "output_dimension",
                                       [TRUNCATION] = "truncation",
                                       [DTYPE] = "output_dtype"};
    const struct json *v[ARRAY_LEN(keys)];
    bool truncates = true;
    int rc = MEMBERS_READ(r, body, keys, v, NULL);
    if (rc == 0)
        rc = read_purpose(r, keys[INPUT_TYPE], v[INPUT_TYPE], e);
    if (rc == 0)
        rc = read_dimensions(r, keys[DIMENSION], v[DIMENSION], e);
    if (rc == 0)
        rc = member_bool(r, keys[TRUNCATION], v[TRUNCATION], &truncates);
    if (v[TRUNCATION])
        e->truncate = truncates ? TRUNCATE_END : TRUNCATE_NONE;
    if (rc == 0)
        rc = member_str(r, keys[DTYPE], v[DTYPE], &e->dtype);
    if (rc == 0 && e->wants_base64 && e->dtype.n > 0 && !str_eq(e->dtype, S("float")))
        return document_fail(r, keys[DTYPE], "can only be float in base64");
    return rc;
}

int embed_read_openai(struct reading *r, const struct json *body, struct embed *e)
{
    enum { INPUT, DIMENSIONS, ENCODING, USER };
    static const char *const keys[] = {
        "input",      "dimensions", "encoding_format",  "user",        "model",
        "input_type", "truncation", "output_dimension", "output_dtype"};
    const struct json *v[ARRAY_LEN(keys)];
    int rc = MEMBERS_READ(r, body, keys, v, &e->extras);
    if (rc == 0)
        rc = read_inputs(r, "input", v[INPUT], e);
    if (rc == 0)
        rc = read_dimensions(r, "dimensions", v[DIMENSIONS], e);
    if (rc == 0)
        rc = read_encoding(r, v[ENCODING], e);
    if (rc == 0)
        rc = member_str(r, "user", v[USER], &e->user);
    return rc == 0 ? read_voyage(r, body, e) : rc;
}

/* ---- Cohere ---- */

static int read_types(struct reading *r, const struct json *types, struct embed *e)
{
    if (types && !is_array(types))
        return document_fail(r, "embedding_types", "must be a list");
    e->wants_floats = json_count(types) == 0;
    for (struct json_iter it = json_iter(types); json_iter_next(&it);) {
        if (str_eq(json_str(it.value), S("float")))
            e->wants_floats = true;
        else if (str_eq(json_str(it.value), S("base64")))
            e->wants_base64 = true;
        else
            return document_fail(r, "embedding_types",
                                 "can only hold float and base64 with this provider");
    }
    return 0;
}

static int read_truncate(struct reading *r, const struct json *v, struct embed *e)
{
    static const struct {
        str name;
        enum embed_truncate value;
    } names[] = {
        {{"NONE", 4}, TRUNCATE_NONE}, {{"START", 5}, TRUNCATE_START}, {{"END", 3}, TRUNCATE_END}};
    str text = S_EMPTY;
    int rc = member_str(r, "truncate", v, &text);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq(text, names[i].name))
            e->truncate = names[i].value;
    if (rc == 0 && v && e->truncate == TRUNCATE_UNSAID)
        return document_fail(r, "truncate", "must be NONE, START or END");
    return rc;
}

/* The texts of a list of parts, one behind the other. `is_whole`: there was nothing else. */
static str text_of_parts(struct arena *a, const struct json *parts, bool *is_whole)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    *is_whole = true;
    for (struct json_iter it = json_iter(parts); json_iter_next(&it);) {
        const struct json *piece = json_get(it.value, "text");
        *is_whole = *is_whole && json_is_str(piece);
        buf_put(&text, json_str(piece));
    }
    *is_whole = *is_whole && buf_is_ok(&text);
    str copy = arena_str(a, buf_str(&text));
    buf_fini(&text);
    return copy;
}

/* inputs: [{"content": [{"type": "text", "text": ...}]}] */
static int read_contents(struct reading *r, const struct json *v, struct embed *e)
{
    if (!is_array(v) || json_count(v) == 0)
        return document_fail(r, "inputs", "must be a list that is not empty");
    int rc = 0;
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it);) {
        bool is_whole = false;
        struct embed_input in = {.text =
                                     text_of_parts(r->a, json_get(it.value, "content"), &is_whole)};
        rc = is_whole ? add_input(r, e, "inputs", in)
                      : document_fail(r, "inputs", "can only hold texts with this provider");
    }
    return rc;
}

int embed_read_cohere(struct reading *r, const struct json *body, struct embed *e)
{
    enum { TEXTS, IMAGES, INPUTS, MODEL, TYPE, TYPES, DIMENSION, TRUNCATE };
    static const char *const keys[] = {
        "texts",      "images",          "inputs",           "model",
        "input_type", "embedding_types", "output_dimension", "truncate"};
    const struct json *v[ARRAY_LEN(keys)];
    int rc = MEMBERS_READ(r, body, keys, v, &e->extras);
    if (rc == 0 && v[IMAGES])
        return document_fail(r, "images", "cannot be carried to this provider: only texts can");
    if (rc == 0)
        rc = v[INPUTS] && !v[TEXTS] ? read_contents(r, v[INPUTS], e)
                                    : read_texts(r, "texts", v[TEXTS], e);
    if (rc == 0)
        rc = read_purpose(r, "input_type", v[TYPE], e);
    if (rc == 0)
        rc = read_truncate(r, v[TRUNCATE], e);
    if (rc == 0)
        rc = read_dimensions(r, "output_dimension", v[DIMENSION], e);
    return rc == 0 ? read_types(r, v[TYPES], e) : rc;
}

/* ---- Gemini ---- */

/* `e` gets one input more, and the settings. */
static int read_gemini_one(struct reading *r, const struct json *request, struct embed *e)
{
    enum { CONTENT, MODEL, TASK, TITLE, DIMENSIONS };
    static const char *const keys[] = {"content", "model", "taskType", "title",
                                       "outputDimensionality"};
    const struct json *v[ARRAY_LEN(keys)];
    struct embed_input in = {.text = S_EMPTY};
    struct extras extras;
    bool is_whole = false;
    int rc = MEMBERS_READ(r, request, keys, v, &extras);
    for (const struct extra *x = extras.first; x; x = x->next)
        if (!extras_find(&e->extras, x->key))
            extras_add(r->a, &e->extras, x->key, x->value);
    if (rc == 0 && !v[CONTENT])
        return document_fail(r, "content", "is required");
    if (rc == 0)
        in.text = text_of_parts(r->a, json_get(v[CONTENT], "parts"), &is_whole);
    if (rc == 0 && !is_whole)
        return document_fail(r, "content", "can only hold texts with this provider");
    if (rc == 0)
        rc = member_str(r, "title", v[TITLE], &in.title);
    if (rc == 0)
        rc = read_purpose(r, "taskType", v[TASK], e);
    if (rc == 0)
        rc = read_dimensions(r, "outputDimensionality", v[DIMENSIONS], e);
    e->wants_floats = true;
    return rc == 0 ? add_input(r, e, "content", in) : rc;
}

int embed_read_gemini(struct reading *r, const struct json *body, struct embed *e)
{
    e->is_single = true;
    return read_gemini_one(r, body, e);
}

int embed_read_gemini_batch(struct reading *r, const struct json *body, struct embed *e)
{
    static const char *const keys[] = {"requests"};
    const struct json *v[ARRAY_LEN(keys)];
    long i = 0;
    int rc = MEMBERS_READ(r, body, keys, v, &e->extras);
    if (rc == 0 && (!is_array(v[0]) || json_count(v[0]) == 0))
        return document_fail(r, "requests", "must be a list that is not empty");
    for (struct json_iter it = json_iter(v[0]); rc == 0 && json_iter_next(&it); i++) {
        struct reading inner = reading_at(r, "requests", i);
        str word = e->purpose_word;
        int64_t dimensions = e->dimensions;
        e->purpose_word = S_EMPTY;
        e->dimensions = 0;
        rc = read_gemini_one(&inner, it.value, e);
        bool is_same = i == 0 || (str_eq(word, e->purpose_word) && dimensions == e->dimensions);
        if (rc == 0 && !is_same)
            rc = document_fail(&inner, "taskType",
                               "and outputDimensionality must be the same in all requests");
    }
    return rc;
}

/* ---- Ollama ---- */

int embed_read_ollama(struct reading *r, const struct json *body, struct embed *e)
{
    enum { INPUT, MODEL, TRUNCATE, DIMENSIONS };
    static const char *const keys[] = {"input", "model", "truncate", "dimensions"};
    const struct json *v[ARRAY_LEN(keys)];
    bool truncates = true;
    int rc = MEMBERS_READ(r, body, keys, v, &e->extras);
    if (rc == 0)
        rc = read_texts(r, "input", v[INPUT], e);
    if (rc == 0)
        rc = read_dimensions(r, "dimensions", v[DIMENSIONS], e);
    if (rc == 0)
        rc = member_bool(r, "truncate", v[TRUNCATE], &truncates);
    if (v[TRUNCATE])
        e->truncate = truncates ? TRUNCATE_END : TRUNCATE_NONE;
    e->wants_floats = true;
    return rc;
}

/* The call before /api/embed: one prompt, one vector. */
int embed_read_ollama_prompt(struct reading *r, const struct json *body, struct embed *e)
{
    enum { PROMPT, MODEL };
    static const char *const keys[] = {"prompt", "model"};
    const struct json *v[ARRAY_LEN(keys)];
    int rc = MEMBERS_READ(r, body, keys, v, &e->extras);
    if (rc == 0 && !json_is_str(v[PROMPT]))
        return document_fail(r, "prompt", "must be a string");
    e->is_single = e->wants_floats = true;
    return rc == 0 ? read_texts(r, "prompt", v[PROMPT], e) : rc;
}
