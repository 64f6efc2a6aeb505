/* AWS Bedrock's Converse and ConverseStream (API_runtime_Converse of the Bedrock API reference).
 *
 *   dialect_bedrock.c           the codec, its tables, whole answers, errors
 *   dialect_bedrock_block.c     content blocks, read
 *   dialect_bedrock_put.c       content blocks, written
 *   dialect_bedrock_read.c      requests, read
 *   dialect_bedrock_write.c     requests, written
 *   dialect_bedrock_stream.c    streams, read
 *   dialect_bedrock_event.c     streams, written
 *
 * The model and whether to stream are in the path, and an error's kind is in a header, so neither
 * is seen here. inputTokens is what was neither read from the cache nor written to it; the
 * intermediate form counts the whole input. */
#include "llm/dialect_bedrock.h"

/* ---- ends ---- */

static const struct {
    const char *name;
    enum finish finish;
} reasons[] = {
    /* The first row of a finish is how it is written. */
    {"end_turn", FINISH_STOP},
    {"stop_sequence", FINISH_STOP_SEQUENCE},
    {"max_tokens", FINISH_LENGTH},
    {"tool_use", FINISH_TOOL_CALLS},
    {"content_filtered", FINISH_CONTENT_FILTER},
    {"guardrail_intervened", FINISH_CONTENT_FILTER},
    {"content_filtered", FINISH_REFUSAL},
    {"end_turn", FINISH_PAUSE},
    {"model_context_window_exceeded", FINISH_CONTEXT_WINDOW},
    {"max_tokens", FINISH_CONTINUATION},
    {"malformed_tool_use", FINISH_MALFORMED_TOOL},
    {"malformed_model_output", FINISH_ERROR},
};

enum finish bedrock_finish_from(str reason)
{
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (str_eq(reason, str_from_cz(reasons[i].name)))
            return reasons[i].finish;
    }
    return FINISH_OTHER;
}

str bedrock_finish_name(enum finish f)
{
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (reasons[i].finish == f)
            return str_from_cz(reasons[i].name);
    }
    return S("end_turn");
}

/* ---- usage ---- */

static void read_count(const struct json *object, const char *key, int64_t *out)
{
    int64_t n;
    if (json_i64(json_get(object, key), &n) && n >= 0)
        *out = n;
}

/* A sum of counts of which the first is known; others count when they are. No overflow: absurd
 * counts stay what they are. */
static int64_t sum(int64_t a, int64_t b, int64_t c)
{
    int64_t total = a;
    if (__builtin_add_overflow(total, MAX(b, 0), &total) ||
        __builtin_add_overflow(total, MAX(c, 0), &total))
        return a;
    return total;
}

void bedrock_read_usage(const struct json *v, struct usage *u)
{
    struct usage read = USAGE_NONE;
    int64_t uncached = -1;
    read_count(v, "inputTokens", &uncached);
    read_count(v, "outputTokens", &read.output_tokens);
    read_count(v, "cacheReadInputTokens", &read.cached_tokens);
    read_count(v, "cacheWriteInputTokens", &read.cache_write_tokens);
    for (struct json_iter it = json_iter(json_get(v, "cacheDetails")); json_iter_next(&it);) {
        bool is_hour = str_eq(json_str(json_get(it.value, "ttl")), S("1h"));
        read_count(it.value, "inputTokens",
                   is_hour ? &read.cache_write_1h_tokens : &read.cache_write_5m_tokens);
    }
    if (uncached >= 0)
        read.input_tokens = sum(uncached, read.cached_tokens, read.cache_write_tokens);
    usage_update(u, &read);
}

static void put_count(struct json_writer *w, const char *key, int64_t n)
{
    if (n >= 0)
        json_put_int(w, key, n);
}

static void put_cache_detail(struct json_writer *w, str ttl, int64_t n)
{
    if (n < 0)
        return;
    json_begin_object(w, NULL);
    json_put_str(w, "ttl", ttl);
    json_put_int(w, "inputTokens", n);
    json_end_object(w);
}

void bedrock_put_usage(struct json_writer *w, const struct usage *u)
{
    json_begin_object(w, "usage");
    put_count(w, "inputTokens", usage_uncached(u));
    put_count(w, "outputTokens", u->output_tokens);
    if (u->input_tokens >= 0 && u->output_tokens >= 0)
        json_put_int(w, "totalTokens", sum(u->input_tokens, u->output_tokens, 0));
    put_count(w, "cacheReadInputTokens", u->cached_tokens);
    put_count(w, "cacheWriteInputTokens", u->cache_write_tokens);
    if (u->cache_write_5m_tokens >= 0 || u->cache_write_1h_tokens >= 0) {
        json_begin_array(w, "cacheDetails");
        put_cache_detail(w, S("5m"), u->cache_write_5m_tokens);
        put_cache_detail(w, S("1h"), u->cache_write_1h_tokens);
        json_end_array(w);
    }
    json_end_object(w);
}

/* ---- whole answers ---- */

/* Anthropic's models say there which stop sequence it was. */
str bedrock_stop_sequence(const struct json *fields)
{
    const struct json *delta = json_get(fields, "delta");
    str found = json_str(json_get(fields, "stop_sequence"));
    return found.n > 0 ? found : json_str(json_get(delta, "stop_sequence"));
}

static void read_end(const struct json *reason, struct finishing *out, const struct extras *e)
{
    const struct json *fields = extras_find(e, S("additionalModelResponseFields"));
    out->native = json_str(reason);
    out->reason = bedrock_finish_from(out->native);
    out->stop_sequence = bedrock_stop_sequence(fields);
}

static int read_reply(struct reading *r, const struct json *body, struct reply *out)
{
    enum { OUTPUT, STOP_REASON, USAGE };
    static const char *const keys[] = {"output", "stopReason", "usage"};
    enum { CONTENT };
    static const char *const message_keys[] = {"content"};
    const struct json *m[ARRAY_LEN(keys)], *n[ARRAY_LEN(message_keys)];
    int rc = MEMBERS_READ(r, body, keys, m, &out->extras);
    if (rc < 0)
        return rc;
    const struct json *message = json_get(m[OUTPUT], "message");
    if (!message || json_type(message) != JSON_OBJECT)
        return member_fail(r, "output", "The provider's answer has no output.message.");
    struct reading inner = reading_at(r, "output.message", -1);
    struct reply_choice *c = reply_choice_at(r->a, out, 0);
    rc = MEMBERS_READ(&inner, message, message_keys, n, &c->message_extras);
    if (rc == 0 && n[CONTENT])
        rc = bedrock_read_blocks(&inner, "content", n[CONTENT], &c->blocks);
    if (rc < 0)
        return rc;
    read_end(m[STOP_REASON], &c->finish, &out->extras);
    out->usage_raw = m[USAGE];
    bedrock_read_usage(m[USAGE], &out->usage);
    const struct json *tier = extras_find(&out->extras, S("serviceTier"));
    out->start.service_tier = json_str(json_get(tier, "type"));
    return 0;
}

/* Calls are joined to their results by an id: one is made where the provider gave none. */
static str id_of(const struct bedrock_writer *b, const struct block *block, unsigned number)
{
    if (block->kind == BLOCK_TOOL_RESULT)
        return block->result.id;
    if (block->kind != BLOCK_TOOL_CALL)
        return S_EMPTY;
    if (block->call.id.n > 0)
        return block->call.id;
    return make_id(b->w->a, "tooluse_", b->w->id_seed, number);
}

static int put_message(struct bedrock_writer *b, const struct reply_choice *c)
{
    struct json_writer *w = &b->json;
    int rc = 0;
    unsigned n = 0;
    json_begin_object(w, "output");
    json_begin_object(w, "message");
    if (!extras_find(&c->message_extras, S("role")) || !b->is_own)
        json_put_str(w, "role", S("assistant"));
    json_begin_array(w, "content");
    for (const struct block *block = c->blocks; block && rc == 0; block = block->next) {
        if (bedrock_takes(b, block))
            rc = bedrock_put_block(b, block, id_of(b, block, ++n));
    }
    json_end_array(w);
    extras_put(w, &c->message_extras, DIALECT_BEDROCK);
    json_end_object(w);
    json_end_object(w);
    return rc;
}

static int write_reply(struct writing *w, const struct reply *r, struct buf *out)
{
    bool is_own = r->extras.origin == DIALECT_BEDROCK;
    struct bedrock_writer b = {
        .w = w, .json = json_writer(out), .is_own = is_own, .is_reply = true};
    const struct reply_choice none = {.blocks = NULL};
    const struct reply_choice *c = r->choices ? r->choices : &none;
    enum finish f = finish_settle(c->finish.reason, block_list_has(c->blocks, BLOCK_TOOL_CALL));
    json_begin_object(&b.json, NULL);
    int rc = put_message(&b, c);
    json_put_str(&b.json, "stopReason",
                 is_own && c->finish.native.n > 0 ? c->finish.native : bedrock_finish_name(f));
    if (is_own && r->usage_raw)
        json_put_value(&b.json, "usage", r->usage_raw);
    else
        bedrock_put_usage(&b.json, &r->usage);
    if (!is_own)
        json_put_raw(&b.json, "metrics", S("{\"latencyMs\":0}"));
    extras_put(&b.json, &r->extras, DIALECT_BEDROCK);
    json_end_object(&b.json);
    return rc;
}

/* ---- errors ---- */

static const struct {
    const char *name; /* without "Exception" */
    enum failure_class class;
} exceptions[] = {
    {"Validation", FAILURE_BAD_REQUEST},
    {"AccessDenied", FAILURE_FORBIDDEN},
    {"UnrecognizedClient", FAILURE_UPSTREAM_AUTH},
    {"InvalidSignature", FAILURE_UPSTREAM_AUTH},
    {"ExpiredToken", FAILURE_UPSTREAM_AUTH},
    {"MissingAuthenticationToken", FAILURE_UPSTREAM_AUTH},
    {"IncompleteSignature", FAILURE_UPSTREAM_AUTH},
    {"InvalidClientTokenId", FAILURE_UPSTREAM_AUTH},
    {"ResourceNotFound", FAILURE_NOT_FOUND},
    {"Conflict", FAILURE_CONFLICT},
    {"Throttling", FAILURE_RATE},
    {"TooManyRequests", FAILURE_RATE},
    {"ServiceQuotaExceeded", FAILURE_QUOTA},
    {"ModelNotReady", FAILURE_OVERLOADED},
    {"ServiceUnavailable", FAILURE_OVERLOADED},
    {"ModelTimeout", FAILURE_TIMEOUT},
    {"ModelError", FAILURE_SERVER},
    {"ModelStreamError", FAILURE_SERVER},
    {"InternalServer", FAILURE_SERVER},
    {"InternalFailure", FAILURE_SERVER},
};

/* How models of several makers say that the input is too long. */
static bool speaks_of_length(str message)
{
    static const char *const phrases[] = {
        "Input is too long",          "input is too long",      "Input Tokens Exceeded",
        "prompt is too long",         "maximum context length", "Too many input tokens",
        "exceed the model's maximum", "exceeds maximum length", "exceed context limit",
    };
    for (size_t i = 0; i < ARRAY_LEN(phrases); i++) {
        if (str_find(message, str_from_cz(phrases[i])) != STR_NONE)
            return true;
    }
    return false;
}

/* "ValidationException" of "ValidationException:http://internal.amazon.com/...", and of
 * "com.amazon.coral.service#ValidationException". */
static str bare_type(str type)
{
    str head, rest;
    str_cut(type, ':', &head, &rest);
    size_t hash = str_rfind_char(head, '#');
    return str_trim(hash == STR_NONE ? head : str_skip(head, hash + 1));
}

void bedrock_read_failure(str type, const struct json *body, struct failure *f)
{
    str message = json_str(json_get(body, "message"));
    if (message.n == 0)
        message = json_str(json_get(body, "Message"));
    if (type.n == 0)
        type = json_str(json_get(body, "__type"));
    if (message.n > 0)
        f->message = message;
    if (type.n > 0)
        f->type = bare_type(type);
    for (size_t i = 0; i < ARRAY_LEN(exceptions); i++) {
        if (str_has_prefix_nocase(f->type, str_from_cz(exceptions[i].name)))
            f->class = exceptions[i].class;
    }
    if (f->class == FAILURE_BAD_REQUEST && speaks_of_length(f->message))
        f->class = FAILURE_CONTEXT;
}

static void read_error(struct arena *a, const struct json *body, str hint, struct failure *f)
{
    (void)a;
    bedrock_read_failure(hint, body, f);
}

str bedrock_error_type(enum failure_class class)
{
    static const char *const types[] = {
        [FAILURE_BAD_REQUEST] = "ValidationException",
        [FAILURE_CONTEXT] = "ValidationException",
        [FAILURE_AUTH] = "AccessDeniedException",
        [FAILURE_UPSTREAM_AUTH] = "InternalServerException",
        [FAILURE_BILLING] = "AccessDeniedException",
        [FAILURE_FORBIDDEN] = "AccessDeniedException",
        [FAILURE_NOT_FOUND] = "ResourceNotFoundException",
        [FAILURE_CONFLICT] = "ConflictException",
        [FAILURE_TOO_LARGE] = "ValidationException",
        [FAILURE_UNPROCESSABLE] = "ValidationException",
        [FAILURE_FILTERED] = "ValidationException",
        [FAILURE_RATE] = "ThrottlingException",
        [FAILURE_QUOTA] = "ServiceQuotaExceededException",
        [FAILURE_OVERLOADED] = "ServiceUnavailableException",
        [FAILURE_TIMEOUT] = "ModelTimeoutException",
        [FAILURE_SERVER] = "InternalServerException",
    };
    must(class < ARRAY_LEN(types));
    return str_from_cz(types[class]);
}

const char *bedrock_stream_exception(const struct failure *f)
{
    str type = bedrock_error_type(f->class);
    if (str_eq_nocase(f->type, S("modelStreamErrorException")))
        return "modelStreamErrorException";
    if (f->class == FAILURE_RATE || f->class == FAILURE_QUOTA)
        return "throttlingException";
    if (f->class == FAILURE_OVERLOADED || f->class == FAILURE_TIMEOUT)
        return "serviceUnavailableException";
    return str_eq(type, S("InternalServerException")) ? "internalServerException"
                                                      : "validationException";
}

static void write_error(const struct failure *f, struct buf *out)
{
    struct json_writer w = json_writer(out);
    json_begin_object(&w, NULL);
    json_put_str(&w, "message", f->message);
    if (f->gateway.n > 0)
        json_put_raw(&w, "gateway", f->gateway);
    json_end_object(&w);
}

const struct codec dialect_bedrock = {
    .read_request = bedrock_read_request,
    .write_request = bedrock_write_request,
    .read_message = bedrock_read_message,
    .read_reply = read_reply,
    .write_event = bedrock_write_event,
    .write_reply = write_reply,
    .read_error = read_error,
    .write_error = write_error,
};
