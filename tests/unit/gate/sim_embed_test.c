#include "gate/sim_embed.c"

#include "tap.h"

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static void test_vectors(void)
{
    static float a[DIMENSIONS_MAX], b[DIMENSIONS_MAX];
    bool is_unit = true;
    for (uint64_t seed = 0; seed < 50; seed++) {
        fill_vector(seed, a, 256);
        is_unit = is_unit && fabs(dot(a, a, 256) - 1) < 1e-5;
    }
    ok(is_unit, "vectors have length one");
    fill_vector(1, a, 1);
    ok(fabsf(a[0]) == 1, "one dimension is plus or minus one");
    fill_vector(1, a, DIMENSIONS_MAX);
    fill_vector(1, b, DIMENSIONS_MAX);
    ok(memcmp(a, b, sizeof a) == 0, "one seed, one vector");
    fill_vector(2, b, DIMENSIONS_MAX);
    ok(fabs(dot(a, b, DIMENSIONS_MAX)) < 0.1, "two seeds, two directions");
}

static str base64(const float *v, size_t n)
{
    static struct buf b = {.max = 4096};
    buf_reset(&b);
    put_base64(&b, v, n);
    return buf_str(&b);
}

static void test_base64(void)
{
    static const float v[] = {1, -2, 0.5f};
    is_str(base64(v, 1), S("\"AACAPw==\""), "four bytes");
    is_str(base64(v, 2), S("\"AACAPwAAAMA=\""), "eight bytes");
    is_str(base64(v, 3), S("\"AACAPwAAAMAAAAA/\""), "twelve bytes");
    is_str(base64(v, 0), S("\"\""), "none");
}

static void test_floats(void)
{
    static const float v[] = {1, -0.25f, 1e-20f};
    struct buf b;
    buf_init(&b, 4096);
    put_floats(&b, v, 3);
    is_str(buf_str(&b), S("[1,-0.25,9.99999968e-21]"), "floats with all their digits");
    buf_fini(&b);
}

/* An embedding request in which ' stands for ", and what is wrong with it; NULL: nothing. */
static const struct row {
    const char *body, *param, *what;
    size_t inputs;
    int64_t tokens;
} rows[] = {
    {"{'input':'12345'}", NULL, "a string", 1, 2},
    {"{'input':''}", NULL, "an empty string", 1, 0},
    {"{'input':['1','2345']}", NULL, "strings", 2, 2},
    {"{'input':[5,6,7]}", NULL, "tokens", 1, 3},
    {"{'input':[[5,6],[7]]}", NULL, "arrays of tokens", 2, 3},
    {"{'input':'x','dimensions':null,'encoding_format':null}", NULL, "nulls", 1, 1},
    {"{}", "input", "no input", 0, 0},
    {"{'input':[]}", "input", "no inputs", 0, 0},
    {"{'input':{'a':'x'}}", "input", "an object", 0, 0},
    {"{'input':7}", "input", "a number", 0, 0},
    {"{'input':['x',null]}", "input", "a null among them", 0, 0},
    {"{'input':[[]]}", "input", "no tokens", 0, 0},
    {"{'input':[5,'x']}", "input", "tokens and text", 0, 0},
    {"{'input':[5,0.5]}", "input", "half a token", 0, 0},
    {"{'input':'x','dimensions':0}", "dimensions", "no dimension", 0, 0},
    {"{'input':'x','dimensions':4097}", "dimensions", "too many dimensions", 0, 0},
    {"{'input':'x','dimensions':'3'}", "dimensions", "dimensions in quotes", 0, 0},
    {"{'input':'x','encoding_format':'hex'}", "encoding_format", "an unknown encoding", 0, 0},
};

static int run(struct job *j, const struct json *root)
{
    static float vector[DIMENSIONS_MAX];
    int rc = read_input(j, json_get(root, "input"));
    if (rc == 0)
        rc = read_form(j, root);
    if (rc < 0)
        return rc;
    j->vector = vector;
    if (is_single(j->input))
        return put_one(j, j->input, 0);
    size_t index = 0;
    for (struct json_iter it = json_iter(j->input); rc == 0 && json_iter_next(&it); index++)
        rc = put_one(j, it.value, index);
    return rc;
}

static void test_row(const struct row *r)
{
    static struct exchange x;
    struct job j = {.x = &x};
    struct arena a;
    const struct json *root;
    size_t error_at, n = 0;
    char body[128];
    for (const char *p = r->body; *p; p++)
        body[n++] = *p == '\'' ? '"' : *p;
    arena_init(&a, 512, 1u << 20);
    memset(&x, 0, sizeof x);
    arena_init(&x.arena, 512, 1u << 20);
    buf_init(&j.out, 1u << 20);
    must(json_read(&a, str_of(body, n), &root, &error_at) == 0);
    int rc = run(&j, root);
    if (r->param)
        is_str(x.err.param, str_from_cz(r->param), r->what);
    else
        ok(rc == 0 && j.n_inputs == r->inputs && j.tokens == r->tokens, r->what);
    buf_fini(&j.out);
    arena_fini(&x.arena);
    arena_fini(&a);
}

int main(void)
{
    test_vectors();
    test_base64();
    test_floats();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        test_row(&rows[i]);
    return tap_done();
}
