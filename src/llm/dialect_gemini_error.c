/* Errors in the form of google.rpc.Status: {"error": {code, message, status, details}}.
 *
 * The status name says more than the code, and the details more than both: a bad key of the
 * gateway's is a plain INVALID_ARGUMENT with the reason API_KEY_INVALID, and when to try again
 * stands in a RetryInfo and in no header. Streams without alt=sse wrap the error into an array. */
#include "llm/dialect_gemini.h"

#define RETRY_MAX_S 604800u /* a week: nobody waits longer */

static const struct {
    const char *status;
    enum failure_class class;
} statuses[] = {
    /* the first of a class is the word for it */
    {"INVALID_ARGUMENT", FAILURE_BAD_REQUEST},
    {"UNAUTHENTICATED", FAILURE_UPSTREAM_AUTH},
    {"PERMISSION_DENIED", FAILURE_FORBIDDEN},
    {"NOT_FOUND", FAILURE_NOT_FOUND},
    {"ABORTED", FAILURE_CONFLICT},
    {"RESOURCE_EXHAUSTED", FAILURE_RATE},
    {"UNAVAILABLE", FAILURE_OVERLOADED},
    {"DEADLINE_EXCEEDED", FAILURE_TIMEOUT},
    {"INTERNAL", FAILURE_SERVER},
    {"FAILED_PRECONDITION", FAILURE_BAD_REQUEST},
    {"OUT_OF_RANGE", FAILURE_BAD_REQUEST},
    {"ALREADY_EXISTS", FAILURE_CONFLICT},
    {"CANCELLED", FAILURE_TIMEOUT},
    {"UNIMPLEMENTED", FAILURE_BAD_REQUEST},
    {"DATA_LOSS", FAILURE_SERVER},
    {"UNKNOWN", FAILURE_SERVER},
};

static const struct {
    const char *reason;
    enum failure_class class;
} reasons[] = {
    {"API_KEY_INVALID", FAILURE_UPSTREAM_AUTH},
    {"API_KEY_EXPIRED", FAILURE_UPSTREAM_AUTH},
    {"API_KEY_SERVICE_BLOCKED", FAILURE_UPSTREAM_AUTH},
    {"ACCESS_TOKEN_EXPIRED", FAILURE_UPSTREAM_AUTH},
    {"ACCESS_TOKEN_TYPE_UNSUPPORTED", FAILURE_UPSTREAM_AUTH},
    {"CREDENTIALS_MISSING", FAILURE_UPSTREAM_AUTH},
    {"BILLING_DISABLED", FAILURE_BILLING},
};

/* ---- reading ---- */

/* "48s", "0.25s". */
static int64_t delay_ms(str delay)
{
    str whole, part;
    uint64_t s = 0, ms = 0;
    if (!str_has_suffix(delay, S("s")))
        return -1;
    (void)str_cut(str_slice(delay, 0, delay.n - 1), '.', &whole, &part);
    if (!str_to_u64(whole, &s) || s > RETRY_MAX_S)
        return -1;
    for (size_t i = 0; i < 3; i++)
        ms = ms * 10 +
             (i < part.n && part.p[i] >= '0' && part.p[i] <= '9' ? (uint64_t)(part.p[i] - '0') : 0);
    return (int64_t)(s * 1000 + ms);
}

/* A quota counted by the day will not be back soon. */
static bool is_daily(const struct json *detail)
{
    struct json_iter it = json_iter(json_get(detail, "violations"));
    while (json_iter_next(&it)) {
        if (str_find(json_str(json_get(it.value, "quotaId")), S("PerDay")) != STR_NONE)
            return true;
    }
    return false;
}

static void read_detail(const struct json *detail, struct failure *f)
{
    str type = json_str(json_get(detail, "@type"));
    if (str_has_suffix(type, S("google.rpc.RetryInfo"))) {
        int64_t ms = delay_ms(json_str(json_get(detail, "retryDelay")));
        f->retry_ms = ms >= 0 ? ms : f->retry_ms;
    }
    if (str_has_suffix(type, S("google.rpc.QuotaFailure")) && is_daily(detail))
        f->class = FAILURE_QUOTA;
    if (!str_has_suffix(type, S("google.rpc.ErrorInfo")))
        return;
    f->code = json_str(json_get(detail, "reason"));
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (str_eq(f->code, str_from_cz(reasons[i].reason)))
            f->class = reasons[i].class;
    }
}

static bool is_too_long(str message)
{
    static const char *const says[] = {"input token count", "exceeds the maximum number of tokens",
                                       "exceeds the maximum context"};
    for (size_t i = 0; i < ARRAY_LEN(says); i++) {
        if (str_find(message, str_from_cz(says[i])) != STR_NONE)
            return true;
    }
    return false;
}

static enum failure_class class_of(str status, enum failure_class otherwise)
{
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        if (str_eq(status, str_from_cz(statuses[i].status)))
            return statuses[i].class;
    }
    return otherwise;
}

void gemini_read_error(struct arena *a, const struct json *body, str hint, struct failure *f)
{
    (void)a;
    (void)hint; /* everything stands in the body */
    if (body && json_type(body) == JSON_ARRAY)
        body = json_at(body, 0);
    const struct json *error = json_get(body, "error");
    int64_t status = 0;
    if (error && json_is_str(error))
        f->message = json_str(error);
    if (!error || json_type(error) != JSON_OBJECT)
        return;
    str message = json_str(json_get(error, "message"));
    f->message = message.n > 0 ? message : f->message;
    f->type = json_str(json_get(error, "status"));
    if (f->status == 0 && json_i64(json_get(error, "code"), &status) && status >= 400 &&
        status < 600) {
        f->status = (int)status;
        f->class = failure_class_of(f->status);
    }
    f->class = class_of(f->type, f->class);
    if (f->class == FAILURE_BAD_REQUEST && is_too_long(f->message))
        f->class = FAILURE_CONTEXT;
    struct json_iter it = json_iter(json_get(error, "details"));
    while (json_iter_next(&it))
        read_detail(it.value, f);
}

/* ---- writing ---- */

static const char *status_name(enum failure_class class)
{
    switch (class) {
    case FAILURE_BAD_REQUEST:
    case FAILURE_CONTEXT:
    case FAILURE_TOO_LARGE:
    case FAILURE_UNPROCESSABLE:
    case FAILURE_FILTERED:
        return "INVALID_ARGUMENT";
    case FAILURE_AUTH:
        return "UNAUTHENTICATED";
    case FAILURE_BILLING:
    case FAILURE_FORBIDDEN:
        return "PERMISSION_DENIED";
    case FAILURE_NOT_FOUND:
        return "NOT_FOUND";
    case FAILURE_CONFLICT:
        return "ABORTED";
    case FAILURE_RATE:
    case FAILURE_QUOTA:
        return "RESOURCE_EXHAUSTED";
    case FAILURE_OVERLOADED:
        return "UNAVAILABLE";
    case FAILURE_TIMEOUT:
        return "DEADLINE_EXCEEDED";
    case FAILURE_UPSTREAM_AUTH:
    case FAILURE_SERVER:
        return "INTERNAL";
    }
    return "INTERNAL";
}

static void put_retry(struct json_writer *j, int64_t ms)
{
    struct buf delay;
    buf_init(&delay, 64);
    buf_printf(&delay, "%lld.%03llds", (long long)(ms / 1000), (long long)(ms % 1000));
    json_begin_array(j, "details");
    json_begin_object(j, NULL);
    json_put_str(j, "@type", S("type.googleapis.com/google.rpc.RetryInfo"));
    json_put_str(j, "retryDelay", buf_str(&delay));
    json_end_object(j);
    json_end_array(j);
    buf_fini(&delay);
}

/* That of the answer's head: of requests that are wrong there are many, 405 and 415 among them. */
static int code_of(const struct failure *f)
{
    bool is_kept = f->class == FAILURE_BAD_REQUEST && f->status >= 400 && f->status < 500;
    return is_kept ? f->status : failure_status(f->class);
}

void gemini_write_error(const struct failure *f, struct buf *out)
{
    struct json_writer j = json_writer(out);
    json_begin_object(&j, NULL);
    json_begin_object(&j, "error");
    json_put_int(&j, "code", code_of(f));
    json_put_str(&j, "message", f->message);
    json_put_str(&j, "status", str_from_cz(status_name(f->class)));
    if (f->retry_ms >= 0)
        put_retry(&j, f->retry_ms);
    if (f->gateway.n > 0)
        json_put_raw(&j, "gateway", f->gateway);
    json_end_object(&j);
    json_end_object(&j);
}
