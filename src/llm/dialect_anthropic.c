/* The Anthropic Messages dialect: its codec, and what requests, answers and streams of it share:
 * stop reasons, usage, errors.
 *
 * Usage is the part that misleads: input_tokens is what was neither read from the cache nor written
 * to it, while everybody else's count of the input is whole. Counts in a stream are cumulative, and
 * a later event may give some of them only, so an object is read on top of what is known.
 * https://docs.anthropic.com/en/api/messages, https://docs.anthropic.com/en/api/errors */
#include "llm/dialect_anthropic.h"

#define TOKENS_MAX (INT64_C(1) << 50) /* a count past it is none */

/* ---- stop reasons ---- */

static const struct {
    str name;
    enum finish finish;
} stop_reasons[] = {
    {S("end_turn"), FINISH_STOP},
    {S("max_tokens"), FINISH_LENGTH},
    {S("stop_sequence"), FINISH_STOP_SEQUENCE},
    {S("tool_use"), FINISH_TOOL_CALLS},
    {S("pause_turn"), FINISH_PAUSE},
    {S("refusal"), FINISH_REFUSAL},
    {S("model_context_window_exceeded"), FINISH_CONTEXT_WINDOW},
};

enum finish anthropic_finish(str stop_reason)
{
    for (size_t i = 0; i < ARRAY_LEN(stop_reasons); i++) {
        if (str_eq(stop_reasons[i].name, stop_reason))
            return stop_reasons[i].finish;
    }
    return stop_reason.n > 0 ? FINISH_OTHER : FINISH_UNSET;
}

const char *anthropic_stop_reason(enum finish f)
{
    static const char *const names[] = {
        [FINISH_UNSET] = "end_turn",
        [FINISH_STOP] = "end_turn",
        [FINISH_STOP_SEQUENCE] = "stop_sequence",
        [FINISH_LENGTH] = "max_tokens",
        [FINISH_TOOL_CALLS] = "tool_use",
        [FINISH_CONTENT_FILTER] = "refusal",
        [FINISH_REFUSAL] = "refusal",
        [FINISH_PAUSE] = "pause_turn",
        [FINISH_CONTEXT_WINDOW] = "model_context_window_exceeded",
        [FINISH_CONTINUATION] = "max_tokens",
        [FINISH_MALFORMED_TOOL] = "end_turn",
        [FINISH_ERROR] = "end_turn",
        [FINISH_OTHER] = "end_turn",
    };
    must(f < ARRAY_LEN(names));
    return names[f];
}

/* ---- usage ---- */

static void read_count(const struct json *object, const char *key, int64_t *out)
{
    int64_t n = 0;
    if (json_i64(json_get(object, key), &n) && n >= 0 && n <= TOKENS_MAX)
        *out = n;
}

static int64_t known(int64_t n)
{
    return MAX(n, 0);
}

static void read_cache_writes(const struct json *object, struct usage *u)
{
    const struct json *ages = json_get(object, "cache_creation");
    int64_t minutes = -1, hour = -1;
    read_count(ages, "ephemeral_5m_input_tokens", &minutes);
    read_count(ages, "ephemeral_1h_input_tokens", &hour);
    if (minutes >= 0)
        u->cache_write_5m_tokens = minutes;
    if (hour >= 0)
        u->cache_write_1h_tokens = hour;
    if (minutes >= 0 || hour >= 0)
        u->cache_write_tokens = known(minutes) + known(hour);
    read_count(object, "cache_creation_input_tokens", &u->cache_write_tokens);
}

void anthropic_usage_read(const struct json *object, struct usage *u)
{
    int64_t uncached = usage_uncached(u);
    read_count(object, "input_tokens", &uncached);
    read_count(object, "cache_read_input_tokens", &u->cached_tokens);
    read_cache_writes(object, u);
    if (uncached >= 0)
        u->input_tokens = uncached + known(u->cached_tokens) + known(u->cache_write_tokens);
    read_count(object, "output_tokens", &u->output_tokens);
    read_count(json_get(object, "output_tokens_details"), "thinking_tokens", &u->reasoning_tokens);
    read_count(json_get(object, "server_tool_use"), "web_search_requests", &u->searches);
}

static void put_known(struct json_writer *w, const char *key, int64_t n)
{
    if (n >= 0)
        json_put_int(w, key, n);
}

void anthropic_usage_put(struct json_writer *w, const struct usage *u)
{
    json_put_int(w, "input_tokens", known(usage_uncached(u)));
    put_known(w, "cache_creation_input_tokens", u->cache_write_tokens);
    put_known(w, "cache_read_input_tokens", u->cached_tokens);
    if (u->cache_write_5m_tokens >= 0 || u->cache_write_1h_tokens >= 0) {
        json_begin_object(w, "cache_creation");
        json_put_int(w, "ephemeral_5m_input_tokens", known(u->cache_write_5m_tokens));
        json_put_int(w, "ephemeral_1h_input_tokens", known(u->cache_write_1h_tokens));
        json_end_object(w);
    }
    json_put_int(w, "output_tokens", known(u->output_tokens));
    if (u->reasoning_tokens >= 0) {
        json_begin_object(w, "output_tokens_details");
        json_put_int(w, "thinking_tokens", u->reasoning_tokens);
        json_end_object(w);
    }
    if (u->searches >= 0) {
        json_begin_object(w, "server_tool_use");
        json_put_int(w, "web_search_requests", u->searches);
        json_end_object(w);
    }
}

/* ---- errors ---- */

static const struct {
    str type;
    enum failure_class class;
} error_types[] = {
    {S("invalid_request_error"), FAILURE_BAD_REQUEST},
    {S("authentication_error"), FAILURE_UPSTREAM_AUTH},
    {S("billing_error"), FAILURE_BILLING},
    {S("permission_error"), FAILURE_FORBIDDEN},
    {S("not_found_error"), FAILURE_NOT_FOUND},
    {S("request_too_large"), FAILURE_TOO_LARGE},
    {S("rate_limit_error"), FAILURE_RATE},
    {S("api_error"), FAILURE_SERVER},
    {S("timeout_error"), FAILURE_TIMEOUT},
    {S("overloaded_error"), FAILURE_OVERLOADED},
};

const char *anthropic_error_type(enum failure_class class)
{
    static const char *const types[] = {
        [FAILURE_BAD_REQUEST] = "invalid_request_error",
        [FAILURE_CONTEXT] = "invalid_request_error",
        [FAILURE_AUTH] = "authentication_error",
        [FAILURE_UPSTREAM_AUTH] = "api_error",
        [FAILURE_BILLING] = "billing_error",
        [FAILURE_FORBIDDEN] = "permission_error",
        [FAILURE_NOT_FOUND] = "not_found_error",
        [FAILURE_CONFLICT] = "invalid_request_error",
        [FAILURE_TOO_LARGE] = "request_too_large",
        [FAILURE_UNPROCESSABLE] = "invalid_request_error",
        [FAILURE_FILTERED] = "invalid_request_error",
        [FAILURE_RATE] = "rate_limit_error",
        [FAILURE_QUOTA] = "rate_limit_error",
        [FAILURE_OVERLOADED] = "overloaded_error",
        [FAILURE_TIMEOUT] = "timeout_error",
        [FAILURE_SERVER] = "api_error",
    };
    must(class < ARRAY_LEN(types));
    return types[class];
}

/* What the type alone does not say. */
static void read_meaning(struct failure *f)
{
    static const struct {
        str words;
        enum failure_class class;
    } meanings[] = {
        {S("prompt is too long"), FAILURE_CONTEXT},
        {S("exceed context limit"), FAILURE_CONTEXT},
        {S("credit balance is too low"), FAILURE_BILLING},
    };
    if (f->class != FAILURE_BAD_REQUEST)
        return;
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
        if (str_find(f->message, meanings[i].words) != STR_NONE)
            f->class = meanings[i].class;
    }
}

/* Vertex and Bedrock answer in their own shapes when the model was not reached: an error without a
 * type, or a message alone, whose kind stands beside the body. */
static void read_error(struct arena *a, const struct json *body, str hint, struct failure *f)
{
    if (hint.n > 0)
        dialect_bedrock.read_error(a, body, hint, f);
    const struct json *error = json_get(body, "error");
    const struct json *message = json_get(error ? error : body, "message");
    if (json_str(message).n > 0)
        f->message = json_str(message);
    if (json_str(error).n > 0)
        f->message = json_str(error);
    if (error) {
        f->type = json_str(json_get(error, "type"));
        f->code = json_str(json_get(error, "code"));
    }
    if (json_str(json_get(body, "request_id")).n > 0)
        f->request_id = json_str(json_get(body, "request_id"));
    for (size_t i = 0; i < ARRAY_LEN(error_types); i++) {
        if (str_eq(error_types[i].type, f->type))
            f->class = error_types[i].class;
    }
    read_meaning(f);
}

static void write_error(const struct failure *f, struct buf *out)
{
    struct json_writer w = json_writer(out);
    json_begin_object(&w, NULL);
    json_put_str(&w, "type", S("error"));
    json_begin_object(&w, "error");
    json_put_str(&w, "type", str_from_cz(anthropic_error_type(f->class)));
    json_put_str(&w, "message", f->message);
    if (f->gateway.n > 0)
        json_put_raw(&w, "gateway", f->gateway);
    json_end_object(&w);
    if (f->request_id.n > 0)
        json_put_str(&w, "request_id", f->request_id);
    json_end_object(&w);
}

const struct codec dialect_anthropic = {
    .read_request = anthropic_read_request,
    .write_request = anthropic_write_request,
    .read_message = anthropic_read_message,
    .read_reply = anthropic_read_reply,
    .write_event = anthropic_write_event,
    .write_reply = anthropic_write_reply,
    .read_error = read_error,
    .write_error = write_error,
};
