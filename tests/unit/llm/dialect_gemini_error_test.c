/* Errors of the API: whose fault, when to try again. */
#include "llm/dialect_gemini_error.c"

#include "gemini_bench.h"

static struct failure failure_of(struct bench *b, int status, const char *body)
{
    struct failure f = {.class = failure_class_of(status), .status = status, .retry_ms = -1};
    gemini_read_error(&b->a, bench_json(b, str_from_cz(body)), S_EMPTY, &f);
    return f;
}

static void classes(struct bench *b)
{
    static const struct {
        int status;
        const char *body;
        enum failure_class class;
    } cases[] = {
        {400, "{\"error\":{\"status\":\"INVALID_ARGUMENT\",\"message\":\"m\"}}",
         FAILURE_BAD_REQUEST},
        {400,
         "{\"error\":{\"status\":\"INVALID_ARGUMENT\",\"details\":[{\"@type\":"
         "\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"API_KEY_INVALID\"}]}}",
         FAILURE_UPSTREAM_AUTH},
        {400,
         "{\"error\":{\"status\":\"INVALID_ARGUMENT\",\"message\":\"The input token count (9) "
         "exceeds the maximum\"}}",
         FAILURE_CONTEXT},
        {429, "[{\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\"}}]", FAILURE_RATE},
        {429,
         "{\"error\":{\"status\":\"RESOURCE_EXHAUSTED\",\"details\":[{\"@type\":"
         "\"type.googleapis.com/google.rpc.QuotaFailure\",\"violations\":[{\"quotaId\":"
         "\"GenerateRequestsPerDayPerProject\"}]}]}}",
         FAILURE_QUOTA},
        {0, "{\"error\":{\"code\":503,\"message\":\"busy\"}}", FAILURE_OVERLOADED},
        {504, "{\"error\":{\"status\":\"DEADLINE_EXCEEDED\"}}", FAILURE_TIMEOUT},
        {500, "{\"error\":\"text\"}", FAILURE_SERVER},
        {404, "{}", FAILURE_NOT_FOUND},
        {400, "[]", FAILURE_BAD_REQUEST},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        is_int(failure_of(b, cases[i].status, cases[i].body).class, cases[i].class, cases[i].body);
    is_str(failure_of(b, 500, "{\"error\":\"text\"}").message, S("text"), "a message alone");
    struct failure none = {.class = FAILURE_SERVER};
    gemini_read_error(&b->a, NULL, S_EMPTY, &none);
    is_int(none.class, FAILURE_SERVER, "no body");
}

static void delays(void)
{
    is_int(delay_ms(S("48s")), 48000, "seconds");
    is_int(delay_ms(S("0.25s")), 250, "a part of one");
    is_int(delay_ms(S("1.123456s")), 1123, "a small part");
    is_int(delay_ms(S("s")), -1, "no number");
    is_int(delay_ms(S("12")), -1, "no unit");
    is_int(delay_ms(S("99999999999999999999s")), -1, "too long");
}

static void written(struct bench *b)
{
    struct failure f = {.class = FAILURE_RATE,
                        .message = S("slow"),
                        .retry_ms = 1500,
                        .gateway = S("{\"code\":\"TB-1\"}")};
    buf_reset(&b->out);
    gemini_write_error(&f, &b->out);
    is_str(buf_str(&b->out),
           S("{\"error\":{\"code\":429,\"message\":\"slow\",\"status\":\"RESOURCE_EXHAUSTED\","
             "\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\","
             "\"retryDelay\":\"1.500s\"}],\"gateway\":{\"code\":\"TB-1\"}}}"),
           "as the API writes it");
    for (int c = FAILURE_BAD_REQUEST; c <= FAILURE_SERVER; c++) {
        struct failure each = {.class = (enum failure_class)c, .message = S("m"), .retry_ms = -1};
        buf_reset(&b->out);
        gemini_write_error(&each, &b->out);
        struct failure back = {.class = FAILURE_SERVER, .retry_ms = -1};
        gemini_read_error(&b->a, bench_json(b, arena_str(&b->a, buf_str(&b->out))), S_EMPTY, &back);
        ok(back.type.n > 0 && str_eq(back.message, S("m")), "a class has a word");
    }
}

int main(void)
{
    static struct bench b;
    bench_init(&b, DIALECT_GEMINI);
    classes(&b);
    delays();
    written(&b);
    bench_fini(&b);
    return tap_done();
}
