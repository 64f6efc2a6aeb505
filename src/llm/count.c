/* Counting the tokens of a request, in the dialects that can: the request is read and written as
 * any other, and put into the envelope that the provider's call wants. Gemini's takes a whole
 * request in an envelope; Vertex's takes its members bare, and Bedrock's only those that have
 * tokens.
 *
 * Sources: Anthropic "Token counting", OpenAI responses/input_tokens, Gemini models.countTokens,
 * Bedrock CountTokens. */
#include "llm/count.h"
#include "llm/document.h"

struct count_answer {
    int64_t tokens;
};

/* Gemini's envelope names the model once more: it goes where the path says. */
static void drop_model(struct reading *r, struct extras *extras)
{
    struct extras kept = {.origin = extras->origin};
    for (const struct extra *x = extras->first; x; x = x->next)
        if (!str_eq(x->key, S("model")))
            extras_add(r->a, &kept, x->key, x->value);
    *extras = kept;
}

static int read_request(struct reading *r, enum operation_id op, const struct json *body, void *ask)
{
    struct chat *c = ask;
    c->is_count = true;
    c->origin = (uint8_t)operation_get(op)->dialect;
    r->origin = c->origin;
    if (op == OP_GEMINI_COUNT && json_get(body, "generateContentRequest"))
        body = json_get(body, "generateContentRequest");
    if (op == OP_BEDROCK_COUNT)
        body = json_get(json_get(body, "input"), "converse");
    if (!body || json_type(body) != JSON_OBJECT)
        return document_fail(r,
                             op == OP_BEDROCK_COUNT ? "input.converse" : "generateContentRequest",
                             "must be an object");
    int rc = dialect_get((enum dialect_id)c->origin)->codec->read_request(r, body, c);
    if (rc == 0 && op == OP_GEMINI_COUNT)
        drop_model(r, &c->extras);
    return rc;
}

static size_t count(const void *ask)
{
    (void)ask;
    return 1;
}

static size_t batch(enum operation_id op, str model)
{
    (void)op;
    (void)model;
    return 1;
}

/* {"model":"models/m", and the members of the body. */
static void put_gemini(struct writing *w, struct buf *body, struct buf *out)
{
    buf_put(out, S("{\"generateContentRequest\":{\"model\":"));
    str parts[] = {S("models/"), w->model};
    buf_put_json(out, arena_concat(w->a, parts, ARRAY_LEN(parts)));
    if (body->n > 2)
        buf_put_char(out, ',');
    buf_put(out, str_skip(buf_str(body), 1));
    buf_put_char(out, '}');
}

/* {"input":{"converse":...}} with what can have tokens: the call knows no other member. */
static int put_bedrock(struct writing *w, struct buf *body, struct buf *out)
{
    static const char *const counted[] = {"messages", "system", "toolConfig",
                                          "additionalModelRequestFields"};
    const struct json *root = NULL;
    size_t error_at = 0;
    if (json_read(w->a, buf_str(body), &root, &error_at) < 0)
        return err_set(w->err, w->a, -E_BODY_TOO_LARGE, "The body has too many parts.");
    struct json_writer j = json_writer(out);
    json_begin_object(&j, NULL);
    json_begin_object(&j, "input");
    json_begin_object(&j, "converse");
    for (size_t i = 0; i < ARRAY_LEN(counted); i++)
        if (json_get(root, counted[i]))
            json_put_value(&j, counted[i], json_get(root, counted[i]));
    json_end_object(&j);
    json_end_object(&j);
    json_end_object(&j);
    return 0;
}

static int write_request(struct writing *w, const struct operation *op, const void *ask,
                         size_t from, size_t n, struct buf *out)
{
    struct buf body;
    bool is_wrapped = op->id == OP_GEMINI_COUNT && !str_eq(w->envelope, S("vertex"));
    (void)from;
    (void)n;
    buf_init(&body, out->max);
    int rc = dialect_get(op->dialect)->codec->write_request(w, ask, &body);
    if (rc == 0 && is_wrapped)
        put_gemini(w, &body, out);
    else if (rc == 0 && op->id == OP_BEDROCK_COUNT)
        rc = put_bedrock(w, &body, out);
    else if (rc == 0)
        buf_put(out, buf_str(&body));
    buf_fini(&body);
    return rc;
}

static int read_answer(struct reading *r, const struct operation *op, const struct json *body,
                       size_t from, void *answer)
{
    static const char *const names[] = {"input_tokens", "totalTokens", "inputTokens"};
    struct count_answer *a = answer;
    (void)op;
    (void)from;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (json_i64(json_get(body, names[i]), &a->tokens) && a->tokens >= 0)
            return 0;
    return err_set(r->err, r->a, -E_PROVIDER_BODY, "The provider's answer has no count.");
}

void count_put(enum operation_id op, int64_t tokens, struct json_writer *j)
{
    json_begin_object(j, NULL);
    if (op == OP_INPUT_TOKENS)
        json_put_str(j, "object", S("response.input_tokens"));
    if (op == OP_GEMINI_COUNT)
        json_put_int(j, "totalTokens", tokens);
    else if (op == OP_BEDROCK_COUNT)
        json_put_int(j, "inputTokens", tokens);
    else
        json_put_int(j, "input_tokens", tokens);
    json_end_object(j);
}

static int write_answer(struct writing *w, const struct operation *op, const void *ask,
                        const void *answer, struct buf *out)
{
    const struct count_answer *a = answer;
    struct json_writer j = json_writer(out);
    (void)w;
    (void)ask;
    count_put(op->id, a->tokens, &j);
    return 0;
}

static struct usage usage_of(const void *answer)
{
    (void)answer; /* nothing was generated, nothing is paid */
    return USAGE_NONE;
}

/* ---- the estimate ---- */

#define BYTES_A_TOKEN   4
#define TOKENS_A_TURN   4
#define TOKENS_A_MEDIUM 1000

static int64_t of_text(str text)
{
    return (int64_t)((text.n + BYTES_A_TOKEN - 1) / BYTES_A_TOKEN);
}

static int64_t of_value(const struct json *v)
{
    int64_t tokens = 0;
    struct buf text;
    if (!v)
        return 0;
    buf_init(&text, 64u << 20);
    json_put(&text, v);
    tokens = of_text(buf_str(&text));
    buf_fini(&text);
    return tokens;
}

static int64_t of_blocks(const struct block *list, unsigned depth)
{
    int64_t tokens = 0;
    for (const struct block *b = list; b && depth > 0; b = b->next) {
        tokens += of_text(b->text);
        if (b->kind == BLOCK_MEDIA)
            tokens += b->media.source == MEDIA_TEXT ? of_text(b->media.bytes) : TOKENS_A_MEDIUM;
        else if (b->kind == BLOCK_TOOL_CALL)
            tokens += of_text(b->call.name) + of_text(b->call.args) +
                      (b->call.args.n == 0 ? of_value(b->call.value) : 0);
        else if (b->kind == BLOCK_TOOL_RESULT)
            tokens += of_blocks(b->result.blocks, depth - 1) + of_value(b->result.value);
        else if (b->kind == BLOCK_OPAQUE)
            tokens += of_value(b->raw);
        for (const struct reasoning_part *p = b->kind == BLOCK_REASONING ? b->reasoning.parts
                                                                         : NULL;
             p; p = p->next)
            tokens += of_text(p->text);
    }
    return tokens;
}

int64_t count_estimate(const struct chat *c)
{
    int64_t tokens = of_blocks(c->instructions, 4);
    for (const struct turn *t = c->turns; t; t = t->next)
        tokens += TOKENS_A_TURN + of_blocks(t->blocks, 4);
    for (const struct tool *t = c->tools; t; t = t->next)
        tokens +=
            of_text(t->name) + of_text(t->description) + of_value(t->schema) + of_value(t->raw);
    return tokens;
}

const struct document_codec document_count = {
    .ask_bytes = sizeof(struct chat),
    .answer_bytes = sizeof(struct count_answer),
    .read_request = read_request,
    .count = count,
    .batch = batch,
    .write_request = write_request,
    .read_answer = read_answer,
    .write_answer = write_answer,
    .usage = usage_of,
};
