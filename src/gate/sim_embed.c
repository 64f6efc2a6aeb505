/* Embeddings of the simulator: a vector of length one that depends on nothing but the input, so
 * that the same text is found again and two texts are far apart. It knows no meaning.
 *
 * The components are drawn from a small generator (splitmix64) that starts from a hash of the
 * input; the inputs of a batch are done one by one, with room for others in between.
 *
 * The simulator speaks OpenAI's form. A client of another dialect is served as it is with such a
 * provider: its request is written in OpenAI's form, the answer in its own (llm/document.h). */
#include <math.h>
#include <string.h>

#include "gate/reply.h"
#include "gate/sim_parts.h"
#include "llm/document.h"
#include "rt/task.h"

#define INPUTS_MAX         2048
#define DIMENSIONS_DEFAULT 256
#define DIMENSIONS_MAX     4096
#define COMPONENTS_MAX     (1u << 20)   /* of all vectors together */
#define COMPONENT_BYTES    16           /* of the text of one, with its comma */
#define ANSWER_BYTES       (128u << 20) /* of the vectors as a document */

/* ---- vectors ---- */

static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* From -1 to 1. */
static double component(uint64_t *state)
{
    return (double)(int64_t)draw(state) / 9223372036854775808.0;
}

static void fill_vector(uint64_t seed, float *v, size_t n)
{
    double sum = 0;
    uint64_t state = seed;
    for (size_t i = 0; i < n; i++) {
        double c = component(&state);
        sum += c * c;
    }
    double length = sum > 0 ? sqrt(sum) : 1;
    state = seed;
    for (size_t i = 0; i < n; i++)
        v[i] = (float)(component(&state) / length);
}

/* ---- writing ---- */

static void put_floats(struct buf *out, const float *v, size_t n)
{
    buf_put_char(out, '[');
    for (size_t i = 0; i < n; i++)
        buf_printf(out, i > 0 ? ",%.9g" : "%.9g", (double)v[i]);
    buf_put_char(out, ']');
}

static uint8_t byte_of(const float *v, size_t i)
{
    uint32_t bits;
    memcpy(&bits, &v[i / 4], sizeof bits);
    return (uint8_t)(bits >> (8 * (i % 4)));
}

/* Little-endian 32-bit floats in base 64 (RFC 4648), which is what SDKs ask for. */
static void put_base64(struct buf *out, const float *v, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t total = 4 * n;
    buf_put_char(out, '"');
    for (size_t i = 0; i < total; i += 3) {
        size_t left = total - i;
        uint32_t b1 = left > 1 ? byte_of(v, i + 1) : 0, b2 = left > 2 ? byte_of(v, i + 2) : 0;
        uint32_t bits = (uint32_t)byte_of(v, i) << 16 | b1 << 8 | b2;
        char four[4] = {digits[bits >> 18], digits[bits >> 12 & 63], digits[bits >> 6 & 63],
                        digits[bits & 63]};
        for (size_t k = left; k < 3; k++)
            four[k + 1] = '=';
        buf_put(out, str_of(four, 4));
    }
    buf_put_char(out, '"');
}

/* ---- the request ---- */

struct job {
    struct exchange *x;
    const struct json *input;
    size_t n_inputs;
    size_t dimensions;
    bool is_base64;
    int64_t tokens;
    struct buf out;
    float *vector;
};

static bool is_type(const struct json *v, enum json_type type)
{
    return v && json_type(v) == type;
}

/* A string, or an array of token numbers. */
static bool is_single(const struct json *v)
{
    return json_is_str(v) || (is_type(v, JSON_ARRAY) && is_type(json_at(v, 0), JSON_NUMBER));
}

static int read_input(struct job *j, const struct json *v)
{
    j->input = v;
    j->n_inputs = is_single(v) ? 1 : json_count(v);
    if (j->n_inputs == 0 || (!is_single(v) && !is_type(v, JSON_ARRAY)))
        return sim_refuse(j->x, S("input"), "must be a string, an array of strings, or tokens");
    if (j->n_inputs > INPUTS_MAX)
        return sim_refuse(j->x, S("input"), "must have at most 2048 elements");
    return 0;
}

static int read_form(struct job *j, const struct json *root)
{
    const struct json *dimensions = json_get(root, "dimensions");
    const struct json *encoding = json_get(root, "encoding_format");
    int64_t n = DIMENSIONS_DEFAULT;
    if (dimensions && json_type(dimensions) != JSON_NULL &&
        (!json_i64(dimensions, &n) || n < 1 || n > DIMENSIONS_MAX))
        return sim_refuse(j->x, S("dimensions"), "must be a number from 1 to 4096");
    j->dimensions = (size_t)n;
    if (j->dimensions * j->n_inputs > COMPONENTS_MAX)
        return sim_refuse(j->x, S("input"), "has too many elements for so many dimensions");
    j->is_base64 = str_eq(json_str(encoding), S("base64"));
    bool is_known = !encoding || json_type(encoding) == JSON_NULL || j->is_base64 ||
                    str_eq(json_str(encoding), S("float"));
    return is_known ? 0 : sim_refuse(j->x, S("encoding_format"), "must be float or base64");
}

/* The seed of one input, and its tokens: as estimated for text, as counted when tokens were sent.
 */
static bool read_one(struct job *j, const struct json *v, uint64_t *seed)
{
    *seed = str_hash(json_str(v), 0);
    if (json_is_str(v)) {
        j->tokens += sim_estimate_tokens(json_str(v).n);
        return true;
    }
    for (struct json_iter it = json_iter(v); json_iter_next(&it);) {
        int64_t token = 0;
        if (!json_i64(it.value, &token))
            return false;
        uint64_t mixed = *seed ^ (uint64_t)token;
        *seed = draw(&mixed);
    }
    j->tokens += (int64_t)json_count(v);
    return is_type(v, JSON_ARRAY) && json_count(v) > 0;
}

static int put_one(struct job *j, const struct json *v, size_t index)
{
    uint64_t seed;
    if (!read_one(j, v, &seed))
        return sim_refuse(j->x, S("input"), "has an element that is neither text nor tokens");
    fill_vector(seed, j->vector, j->dimensions);
    buf_put(&j->out, index > 0 ? S(",{\"object\":\"embedding\",\"index\":")
                               : S("{\"object\":\"embedding\",\"index\":"));
    buf_put_u64(&j->out, index);
    buf_put(&j->out, S(",\"embedding\":"));
    if (j->is_base64)
        put_base64(&j->out, j->vector, j->dimensions);
    else
        put_floats(&j->out, j->vector, j->dimensions);
    buf_put_char(&j->out, '}');
    return 0;
}

static int MAY_YIELD put_all(struct job *j)
{
    if (is_single(j->input))
        return put_one(j, j->input, 0);
    size_t index = 0;
    int rc = 0;
    for (struct json_iter it = json_iter(j->input); rc == 0 && json_iter_next(&it); index++) {
        rc = put_one(j, it.value, index);
        if (rc == 0)
            rc = task_breathe();
    }
    return rc;
}

static int MAY_YIELD answer(struct job *j)
{
    struct exchange *x = j->x;
    buf_put(&j->out, S("{\"object\":\"list\",\"data\":["));
    int rc = put_all(j);
    if (rc < 0)
        return rc;
    buf_put(&j->out, S("],\"model\":"));
    buf_put_json(&j->out, x->answered_model);
    buf_put(&j->out, S(",\"usage\":{\"prompt_tokens\":"));
    buf_put_i64(&j->out, j->tokens);
    buf_put(&j->out, S(",\"total_tokens\":"));
    buf_put_i64(&j->out, j->tokens);
    buf_put(&j->out, S("}}"));
    must(buf_is_ok(&j->out));
    x->usage.input_tokens = j->tokens;
    return 0;
}

/* The answer to a request in OpenAI's form, in j->out, which the caller releases. */
static int MAY_YIELD embed(const struct sim_request *r, const struct json *root, struct job *j)
{
    struct exchange *x = r->x;
    *j = (struct job){.x = x};
    buf_init(&j->out, 0);
    int rc = read_input(j, json_get(root, "input"));
    if (rc == 0)
        rc = read_form(j, root);
    if (rc == 0)
        rc = sim_pause(x, &r->options, 0);
    if (rc < 0)
        return rc;
    buf_init(&j->out, j->n_inputs * (j->dimensions * COMPONENT_BYTES + 128) + 4096);
    j->vector = arena_new_n(&x->request, float, j->dimensions);
    return answer(j);
}

static int MAY_YIELD reply(struct exchange *x, const struct buf *body)
{
    return reply_whole(x, 200, S("application/json"), S_EMPTY, buf_str(body));
}

/* ---- other dialects ---- */

struct foreign {
    const struct sim_request *r;
    struct arena *a;
    void *ask, *answer;
    struct writing w;
};

/* The request as a document in OpenAI's form. */
static int read_foreign(struct foreign *f, const struct json **root)
{
    struct exchange *x = f->r->x;
    struct buf body;
    size_t error_at = 0;
    struct reading reading = {.a = f->a, .err = &x->err, .origin = (uint8_t)x->op->dialect};
    int rc = document_embed.read_request(&reading, x->op->id, f->r->root, f->ask);
    size_t n = rc == 0 ? document_embed.count(f->ask) : 0;
    if (rc == 0 && n > INPUTS_MAX)
        return sim_refuse(x, S("input"), "must have at most 2048 elements");
    buf_init(&body, 2 * f->r->json->body.n + 4096);
    if (rc == 0)
        rc = document_embed.write_request(&f->w, operation_get(OP_EMBEDDINGS), f->ask, 0, n, &body);
    if (rc == 0 && (!buf_is_ok(&body) || json_read(f->a, buf_str(&body), root, &error_at) < 0))
        rc = exchange_fail(x, -E_BODY_TOO_LARGE, "The request is too large for the simulator.");
    buf_fini(&body);
    return rc;
}

static int write_foreign(struct foreign *f, str answer, struct buf *out)
{
    struct exchange *x = f->r->x;
    const struct json *root = NULL;
    size_t error_at = 0;
    if (json_read(f->a, answer, &root, &error_at) < 0)
        return exchange_fail(x, -E_TOO_LARGE, "The vectors are too many for the simulator.");
    struct reading reading = {.a = f->a, .err = &x->err, .code = -E_PROVIDER_BODY};
    int rc = document_embed.read_answer(&reading, operation_get(OP_EMBEDDINGS), root, 0, f->answer);
    if (rc == 0)
        rc = document_embed.write_answer(&f->w, x->op, f->ask, f->answer, out);
    if (rc == 0 && !buf_is_ok(out))
        rc = exchange_fail(x, -E_TOO_LARGE, "The vectors are too many for the simulator.");
    return rc;
}

static int MAY_YIELD embed_foreign(const struct sim_request *r, struct arena *a)
{
    struct exchange *x = r->x;
    struct foreign f = {.r = r,
                        .a = a,
                        .ask = arena_alloc0(a, document_embed.ask_bytes),
                        .answer = arena_alloc0(a, document_embed.answer_bytes),
                        .w = {.a = a,
                              .err = &x->err,
                              .model = x->answered_model,
                              .id_seed = str_of(x->id, ULID_LEN)}};
    const struct json *root = NULL;
    struct buf out;
    struct job j;
    int rc = read_foreign(&f, &root);
    if (rc < 0)
        return rc;
    buf_init(&out, ANSWER_BYTES);
    rc = embed(r, root, &j);
    if (rc == 0)
        rc = write_foreign(&f, buf_str(&j.out), &out);
    buf_fini(&j.out);
    if (rc == 0)
        rc = reply(x, &out);
    buf_fini(&out);
    return rc;
}

int sim_embed(const struct sim_request *r)
{
    struct exchange *x = r->x;
    int rc;
    if (x->op->id == OP_EMBEDDINGS) {
        struct job j;
        rc = embed(r, r->root, &j);
        if (rc == 0)
            rc = reply(x, &j.out);
        buf_fini(&j.out);
    } else {
        struct arena a;
        arena_init(&a, 4096, 8 * r->json->body.n + ANSWER_BYTES);
        rc = embed_foreign(r, &a);
        arena_fini(&a);
    }
    return rc;
}
