/* Pictures from a prompt: OpenAI's images/generations, carried to Gemini's image models
 * (generateContent) and to Imagen (:predict).
 *
 * Both give the bytes, never an address, so `response_format: url` becomes b64_json with a note.
 * Sizes become the nearest aspect ratio that the target knows; 1024x1024 is what a square is there
 * too, any other is noted as not kept. Gemini makes one picture a request; several are as many
 * requests. Neither tells of a picture that is half done, so a stream is refused.
 *
 * Sources: OpenAI "Create image", Gemini "Image generation", Vertex AI "Imagen API". */
#include "llm/document.h"

#define PICTURES_MAX 10

struct wish {
    str prompt, size, format;
    int64_t n;
    str user, quality, background, style;
    bool wants_url, is_stream;
    struct extras extras;
};

struct picture {
    str base64;
    str prompt; /* as the provider rewrote it */
};

struct pictures {
    struct picture items[PICTURES_MAX];
    size_t n;
    struct usage usage;
    bool has_usage;
};

/* ---- the request ---- */

static int read_request(struct reading *r, enum operation_id op, const struct json *body, void *ask)
{
    enum {
        PROMPT,
        MODEL,
        N,
        SIZE,
        OUTPUT_FORMAT,
        RESPONSE_FORMAT,
        USER,
        QUALITY,
        BACKGROUND,
        STYLE,
        STREAM
    };
    static const char *const keys[] = {"prompt",        "model",           "n",     "size",
                                       "output_format", "response_format", "user",  "quality",
                                       "background",    "style",           "stream"};
    const struct json *v[ARRAY_LEN(keys)];
    struct wish *w = ask;
    str response = S_EMPTY;
    struct {
        const char *name;
        int index;
        str *to;
    } texts[] = {{"prompt", PROMPT, &w->prompt},
                 {"size", SIZE, &w->size},
                 {"output_format", OUTPUT_FORMAT, &w->format},
                 {"response_format", RESPONSE_FORMAT, &response},
                 {"user", USER, &w->user},
                 {"quality", QUALITY, &w->quality},
                 {"background", BACKGROUND, &w->background},
                 {"style", STYLE, &w->style}};
    (void)op;
    w->n = 1;
    int rc = MEMBERS_READ(r, body, keys, v, &w->extras);
    for (size_t i = 0; i < ARRAY_LEN(texts) && rc == 0; i++)
        rc = member_str(r, texts[i].name, v[texts[i].index], texts[i].to);
    if (rc == 0 && w->prompt.n == 0)
        return document_fail(r, "prompt", "is required");
    if (rc == 0)
        rc = member_int(r, "n", v[N], &w->n);
    if (rc == 0 && (w->n < 1 || w->n > PICTURES_MAX))
        return document_fail(r, "n", "must be from 1 to %d", PICTURES_MAX);
    if (rc == 0)
        rc = member_bool(r, "stream", v[STREAM], &w->is_stream);
    w->wants_url = str_eq(response, S("url"));
    return rc;
}

static size_t count(const void *ask)
{
    const struct wish *w = ask;
    return (size_t)w->n;
}

static size_t batch(enum operation_id op, str model)
{
    (void)model;
    return op == OP_IMAGEN ? 4 : 1;
}

/* The aspect ratios of Imagen, then those that only Gemini has. */
static const struct {
    str name;
    unsigned w, h;
} ratios[] = {{{"1:1", 3}, 1, 1},   {{"3:4", 3}, 3, 4},  {{"4:3", 3}, 4, 3}, {{"9:16", 4}, 9, 16},
              {{"16:9", 4}, 16, 9}, {{"2:3", 3}, 2, 3},  {{"3:2", 3}, 3, 2}, {{"4:5", 3}, 4, 5},
              {{"5:4", 3}, 5, 4},   {{"21:9", 4}, 21, 9}};
#define RATIOS_OF_IMAGEN 5

/* The aspect ratio nearest to "1536x1024"; S_EMPTY: not a size. */
static str ratio_of(str size, size_t n_ratios)
{
    str width, height;
    uint64_t w = 0, h = 0;
    if (!str_cut(size, 'x', &width, &height) || !str_to_u64(width, &w) || !str_to_u64(height, &h) ||
        w == 0 || h == 0 || w > 100000 || h > 100000)
        return S_EMPTY;
    size_t best = 0;
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < n_ratios; i++) {
        uint64_t wanted = w * 100000 / h, has = ratios[i].w * UINT64_C(100000) / ratios[i].h;
        uint64_t off = wanted > has ? wanted - has : has - wanted;
        if (off < least) {
            least = off;
            best = i;
        }
    }
    return ratios[best].name;
}

static void note_losses(struct writing *w, const struct operation *op, const struct wish *x)
{
    bool has_size = x->size.n > 0 && !str_eq(x->size, S("auto"));
    bool has_ratio = ratio_of(x->size, ARRAY_LEN(ratios)).n > 0;
    bool is_png = x->format.n == 0 || str_eq(x->format, S("png"));
    bool is_imagens = op->id == OP_IMAGEN && str_eq(x->format, S("jpeg"));
    const struct {
        bool is_given;
        const char *field;
    } lost[] = {{x->user.n > 0, "user"},
                {x->quality.n > 0 && !str_eq(x->quality, S("auto")), "quality"},
                {x->background.n > 0 && !str_eq(x->background, S("auto")), "background"},
                {x->style.n > 0, "style"},
                {has_size && !has_ratio, "size"},
                {!is_png && !is_imagens, "output_format"}};
    for (size_t i = 0; i < ARRAY_LEN(lost); i++)
        if (lost[i].is_given)
            loss_add(w->loss, LOSS_DROPPED, str_from_cz(lost[i].field));
    if (x->wants_url)
        loss_add(w->loss, LOSS_CLAMPED, S("response_format"));
    if (has_ratio && !str_eq(x->size, S("1024x1024")))
        loss_add(w->loss, LOSS_CLAMPED, S("size"));
    document_note_extras(w, &x->extras);
}

static void write_gemini(const struct wish *x, struct json_writer *j)
{
    str ratio = ratio_of(x->size, ARRAY_LEN(ratios));
    json_begin_array(j, "contents");
    json_begin_object(j, NULL);
    json_put_str(j, "role", S("user"));
    json_begin_array(j, "parts");
    json_begin_object(j, NULL);
    json_put_str(j, "text", x->prompt);
    json_end_object(j);
    json_end_array(j);
    json_end_object(j);
    json_end_array(j);
    json_begin_object(j, "generationConfig");
    json_begin_array(j, "responseModalities");
    json_put_str(j, NULL, S("TEXT"));
    json_put_str(j, NULL, S("IMAGE"));
    json_end_array(j);
    if (ratio.n > 0) {
        json_begin_object(j, "imageConfig");
        json_put_str(j, "aspectRatio", ratio);
        json_end_object(j);
    }
    json_end_object(j);
}

static void write_imagen(const struct wish *x, size_t n, struct json_writer *j)
{
    str ratio = ratio_of(x->size, RATIOS_OF_IMAGEN);
    json_begin_array(j, "instances");
    json_begin_object(j, NULL);
    json_put_str(j, "prompt", x->prompt);
    json_end_object(j);
    json_end_array(j);
    json_begin_object(j, "parameters");
    json_put_int(j, "sampleCount", (int64_t)n);
    if (ratio.n > 0)
        json_put_str(j, "aspectRatio", ratio);
    if (str_eq(x->format, S("jpeg"))) {
        json_begin_object(j, "outputOptions");
        json_put_str(j, "mimeType", S("image/jpeg"));
        json_end_object(j);
    }
    json_end_object(j);
}

static int write_request(struct writing *w, const struct operation *op, const void *ask,
                         size_t from, size_t n, struct buf *out)
{
    const struct wish *x = ask;
    struct json_writer j = json_writer(out);
    (void)from;
    if (x->is_stream)
        return writing_refuse(w, "stream", "This provider's pictures cannot be streamed.");
    note_losses(w, op, x);
    json_begin_object(&j, NULL);
    if (op->id == OP_IMAGEN)
        write_imagen(x, n, &j);
    else
        write_gemini(x, &j);
    json_end_object(&j);
    return 0;
}

/* ---- the answer ---- */

static void add(struct pictures *p, str base64, str prompt)
{
    if (base64.n > 0 && p->n < PICTURES_MAX)
        p->items[p->n++] = (struct picture){.base64 = base64, .prompt = prompt};
}

static void read_gemini(const struct json *body, struct pictures *p)
{
    for (struct json_iter c = json_iter(json_get(body, "candidates")); json_iter_next(&c);) {
        const struct json *parts = json_get(json_get(c.value, "content"), "parts");
        for (struct json_iter it = json_iter(parts); json_iter_next(&it);)
            if (!json_bool(json_get(it.value, "thought"), false)) /* a sketch on the way */
                add(p, json_str(json_get(json_get(it.value, "inlineData"), "data")), S_EMPTY);
    }
}

static void read_imagen(const struct json *body, struct pictures *p)
{
    for (struct json_iter it = json_iter(json_get(body, "predictions")); json_iter_next(&it);)
        add(p, json_str(json_get(it.value, "bytesBase64Encoded")),
            json_str(json_get(it.value, "prompt")));
}

static int read_answer(struct reading *r, const struct operation *op, const struct json *body,
                       size_t from, void *answer)
{
    struct pictures *p = answer;
    const struct json *usage = json_get(body, "usageMetadata");
    size_t before = p->n;
    (void)from;
    if (!p->has_usage)
        p->usage = USAGE_NONE;
    p->has_usage = true;
    if (op->id == OP_IMAGEN)
        read_imagen(body, p);
    else
        read_gemini(body, p);
    document_add_count(&p->usage.input_tokens, json_get(usage, "promptTokenCount"));
    document_add_count(&p->usage.output_tokens, json_get(usage, "candidatesTokenCount"));
    document_add_count(&p->usage.output_tokens, json_get(usage, "thoughtsTokenCount"));
    if (p->n > before)
        return 0;
    return err_set(r->err, r->a, -E_PROVIDER_BODY,
                   "The provider's answer has no picture; it may have refused the prompt.");
}

static int write_answer(struct writing *w, const struct operation *op, const void *ask,
                        const void *answer, struct buf *out)
{
    const struct pictures *p = answer;
    const struct wish *x = ask;
    struct json_writer j = json_writer(out);
    (void)op;
    json_begin_object(&j, NULL);
    json_put_int(&j, "created", w->now_s);
    json_begin_array(&j, "data");
    for (size_t i = 0; i < MIN(p->n, (size_t)x->n); i++) {
        json_begin_object(&j, NULL);
        json_put_str(&j, "b64_json", p->items[i].base64);
        if (p->items[i].prompt.n > 0)
            json_put_str(&j, "revised_prompt", p->items[i].prompt);
        json_end_object(&j);
    }
    json_end_array(&j);
    if (usage_is_known(&p->usage)) {
        int64_t in = MAX(p->usage.input_tokens, (int64_t)0);
        int64_t made = MAX(p->usage.output_tokens, (int64_t)0);
        json_begin_object(&j, "usage");
        json_put_int(&j, "input_tokens", in);
        json_put_int(&j, "output_tokens", made);
        json_put_int(&j, "total_tokens", in + made);
        json_begin_object(&j, "input_tokens_details"); /* a prompt is all that goes in */
        json_put_int(&j, "text_tokens", in);
        json_put_int(&j, "image_tokens", 0);
        json_end_object(&j);
        json_end_object(&j);
    }
    json_end_object(&j);
    return 0;
}

static struct usage usage_of(const void *answer)
{
    const struct pictures *p = answer;
    return p->has_usage ? p->usage : USAGE_NONE;
}

const struct document_codec document_image = {
    .ask_bytes = sizeof(struct wish),
    .answer_bytes = sizeof(struct pictures),
    .read_request = read_request,
    .count = count,
    .batch = batch,
    .write_request = write_request,
    .read_answer = read_answer,
    .write_answer = write_answer,
    .usage = usage_of,
};
