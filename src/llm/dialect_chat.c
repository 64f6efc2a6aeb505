/* OpenAI's chat completions, both sides: the codec, finish reasons and errors.
 *
 * This is the dialect that everybody copied, so its reader is the most lenient of all: vendors put
 * usage in five places, end streams with and without a mark, and report errors in at least six
 * forms. What they agree on is OpenAI's API reference; what they do not is told apart by what
 * stands there, never by who sent it. Its writer says what OpenAI's own servers say, with two
 * additions that OpenAI's SDKs skip and others read: reasoning_content with reasoning_details for
 * thoughts, and extra_content for the signatures of calls. */
#include "llm/dialect_chat.h"

#include "llm/carry.h"

/* ---- finish reasons ---- */

/* clang-format off */
#define TEXT(literal) {.p = literal, .n = sizeof literal - 1}
/* clang-format on */

static const struct {
    str name;
    enum finish finish;
} finishes[] = {
    {TEXT("stop"), FINISH_STOP},
    {TEXT("length"), FINISH_LENGTH},
    {TEXT("tool_calls"), FINISH_TOOL_CALLS},
    {TEXT("function_call"), FINISH_TOOL_CALLS},
    {TEXT("content_filter"), FINISH_CONTENT_FILTER},
    {TEXT("sensitive"), FINISH_CONTENT_FILTER},           /* GLM */
    {TEXT("model_length"), FINISH_CONTEXT_WINDOW},        /* Mistral */
    {TEXT("error"), FINISH_ERROR},                        /* Mistral, OpenRouter */
    {TEXT("insufficient_system_resource"), FINISH_ERROR}, /* DeepSeek */
    {TEXT("network_error"), FINISH_ERROR},                /* GLM */
    {TEXT("abort"), FINISH_ERROR},                        /* vLLM */
    {TEXT("eos"), FINISH_STOP},                           /* Together */
    {TEXT("eos_token"), FINISH_STOP},                     /* Hugging Face */
    {TEXT("end_turn"), FINISH_STOP},                      /* Anthropic's, through proxies */
    {TEXT("stop_sequence"), FINISH_STOP_SEQUENCE},
    {TEXT("max_tokens"), FINISH_LENGTH},
    {TEXT("tool_use"), FINISH_TOOL_CALLS},
    {TEXT("refusal"), FINISH_REFUSAL},
};

enum finish dialect_chat_finish(str reason)
{
    if (reason.n == 0)
        return FINISH_UNSET;
    for (size_t i = 0; i < ARRAY_LEN(finishes); i++) {
        if (str_eq_nocase(finishes[i].name, reason))
            return finishes[i].finish;
    }
    return FINISH_OTHER;
}

const char *dialect_chat_finish_name(enum finish f)
{
    switch (f) {
    case FINISH_LENGTH:
    case FINISH_CONTEXT_WINDOW:
    case FINISH_CONTINUATION:
    case FINISH_ERROR: /* there is no word for it; this one says that something is missing */
        return "length";
    case FINISH_TOOL_CALLS:
        return "tool_calls";
    case FINISH_CONTENT_FILTER:
    case FINISH_REFUSAL:
        return "content_filter";
    case FINISH_UNSET:
    case FINISH_STOP:
    case FINISH_STOP_SEQUENCE:
    case FINISH_PAUSE:
    case FINISH_MALFORMED_TOOL:
    case FINISH_OTHER:
        break;
    }
    return "stop";
}

/* ---- errors, read ---- */

static const struct word {
    str name;
    enum failure_class class;
    bool is_vague; /* says less than a status does */
} words[] = {
    {TEXT("context_length_exceeded"), FAILURE_CONTEXT, false},
    {TEXT("too_many_prompt_tokens"), FAILURE_CONTEXT, false}, /* Perplexity */
    {TEXT("insufficient_quota"), FAILURE_QUOTA, false},
    {TEXT("billing_not_active"), FAILURE_BILLING, false},
    {TEXT("billing_hard_limit_reached"), FAILURE_BILLING, false},
    {TEXT("model_not_found"), FAILURE_NOT_FOUND, false},
    {TEXT("DeploymentNotFound"), FAILURE_NOT_FOUND, false}, /* Azure */
    {TEXT("content_filter"), FAILURE_FILTERED, false},
    {TEXT("content_policy_violation"), FAILURE_FILTERED, false},
    {TEXT("moderation_blocked"), FAILURE_FILTERED, false},
    {TEXT("rate_limit_exceeded"), FAILURE_RATE, false},
    {TEXT("rate_limit_error"), FAILURE_RATE, false},
    {TEXT("overloaded"), FAILURE_OVERLOADED, false},
    {TEXT("overloaded_error"), FAILURE_OVERLOADED, false},
    {TEXT("engine_overloaded"), FAILURE_OVERLOADED, false},
    {TEXT("request_too_large"), FAILURE_TOO_LARGE, false},
    {TEXT("tokens"), FAILURE_RATE, true},
    {TEXT("requests"), FAILURE_RATE, true},
    {TEXT("timeout"), FAILURE_TIMEOUT, true},
    {TEXT("timeout_error"), FAILURE_TIMEOUT, true},
    {TEXT("authentication_error"), FAILURE_UPSTREAM_AUTH, true},
    {TEXT("invalid_api_key"), FAILURE_UPSTREAM_AUTH, true},
    {TEXT("permission_error"), FAILURE_FORBIDDEN, true},
    {TEXT("not_found_error"), FAILURE_NOT_FOUND, true},
    {TEXT("invalid_request_error"), FAILURE_BAD_REQUEST, true},
    {TEXT("BadRequestError"), FAILURE_BAD_REQUEST, true}, /* vLLM */
    {TEXT("server_error"), FAILURE_SERVER, true},
    {TEXT("api_error"), FAILURE_SERVER, true},
};

static const struct word *word_of(str name)
{
    for (size_t i = 0; name.n > 0 && i < ARRAY_LEN(words); i++) {
        if (str_eq(words[i].name, name))
            return &words[i];
    }
    return NULL;
}

/* Phrases in which providers say that the input is too long. */
static bool is_about_context(str message)
{
    static const char *const phrases[] = {
        "maximum context length", "context window",        "prompt is too long",
        "context length",         "messages is too long",  "Token limit reached",
        "too many tokens",        "maximum prompt length",
    };
    for (size_t i = 0; i < ARRAY_LEN(phrases); i++) {
        if (str_find(message, str_from_cz(phrases[i])) != STR_NONE)
            return true;
    }
    return false;
}

static void classify(struct failure *f)
{
    const struct word *code = word_of(f->code), *type = word_of(f->type);
    const struct word *w = code && !code->is_vague ? code : type;
    if (!w)
        w = code;
    if (w && (!w->is_vague || f->status == 0))
        f->class = w->class;
    bool may_be_context = f->class == FAILURE_BAD_REQUEST || f->class == FAILURE_TOO_LARGE ||
                          f->class == FAILURE_UNPROCESSABLE;
    if (may_be_context && is_about_context(f->message))
        f->class = FAILURE_CONTEXT;
}

/* Text of a member that may be a string or a structure. */
static str text_of(struct arena *a, const struct json *v)
{
    if (!v || json_type(v) == JSON_NULL)
        return S_EMPTY;
    return json_is_str(v) ? json_str(v) : json_text(a, v);
}

/* A code is a word, or a status as a number. */
static void read_code(const struct json *v, struct failure *f)
{
    int64_t n = 0;
    if (!v || !json_i64(v, &n)) {
        if (json_str(v).n > 0)
            f->code = json_str(v);
        return;
    }
    f->code = json_number(v);
    if (f->status != 0 || n < 400 || n > 599)
        return;
    f->status = (int)n;
    f->class = failure_class_of((int)n);
}

static void take(str *to, str text)
{
    if (text.n > 0)
        *to = text;
}

/* What the provider behind a reseller said. */
static str behind(struct arena *a, str message, const struct json *error)
{
    enum { RAW_MAX = 1024 };
    str raw = text_of(a, json_get(json_get(error, "metadata"), "raw"));
    if (raw.n == 0 || raw.n > RAW_MAX)
        return message;
    return arena_concat(a, (str[]){message, S(": "), raw}, 3);
}

static void read_error_object(struct arena *a, const struct json *error, struct failure *f)
{
    take(&f->type, json_str(json_get(error, "type")));
    take(&f->type, f->type.n == 0 ? json_str(json_get(error, "status")) : S_EMPTY);
    take(&f->param, json_str(json_get(error, "param")));
    read_code(json_get(error, "status_code"), f);
    read_code(json_get(error, "code"), f);
    take(&f->message, behind(a, text_of(a, json_get(error, "message")), error));
}

void dialect_chat_read_error(struct arena *a, const struct json *body, str hint, struct failure *f)
{
    (void)hint; /* OpenAI has no header that names the kind */
    if (body && json_type(body) == JSON_ARRAY)
        body = json_at(body, 0); /* Gemini's compatible path */
    if (!body || json_type(body) != JSON_OBJECT)
        return;
    const struct json *error = json_get(body, "error");
    if (error && json_type(error) == JSON_OBJECT) {
        read_error_object(a, error, f);
    } else {
        take(&f->message, text_of(a, json_get(body, "detail")));
        take(&f->message, text_of(a, json_get(body, "message")));
        take(&f->message, text_of(a, error));
        take(&f->type, json_str(json_get(body, "type")));
        take(&f->param, json_str(json_get(body, "param")));
        read_code(json_get(body, "code"), f);
    }
    classify(f);
    if (f->message.n == 0)
        f->message = S("The provider reported an error.");
}

bool dialect_chat_is_error(const struct json *body)
{
    const struct json *error = json_get(body, "error");
    if (error && (json_count(error) > 0 || json_str(error).n > 0))
        return true;
    if (json_get(body, "choices"))
        return false;
    return str_eq(json_str(json_get(body, "object")), S("error")) ||
           str_eq(json_str(json_get(body, "type")), S("error")) || json_get(body, "detail") ||
           json_str(json_get(body, "message")).n > 0;
}

/* ---- errors, written ---- */

static const struct {
    const char *type, *code; /* NULL: null */
} shapes[] = {
    [FAILURE_BAD_REQUEST] = {"invalid_request_error", NULL},
    [FAILURE_CONTEXT] = {"invalid_request_error", "context_length_exceeded"},
    [FAILURE_AUTH] = {"invalid_request_error", "invalid_api_key"},
    [FAILURE_UPSTREAM_AUTH] = {"server_error", "upstream_auth"},
    [FAILURE_BILLING] = {"insufficient_quota", "insufficient_quota"},
    [FAILURE_FORBIDDEN] = {"invalid_request_error", "permission_denied"},
    [FAILURE_NOT_FOUND] = {"invalid_request_error", "model_not_found"},
    [FAILURE_CONFLICT] = {"invalid_request_error", NULL},
    [FAILURE_TOO_LARGE] = {"invalid_request_error", "request_too_large"},
    [FAILURE_UNPROCESSABLE] = {"invalid_request_error", NULL},
    [FAILURE_FILTERED] = {"invalid_request_error", "content_filter"},
    [FAILURE_RATE] = {"requests", "rate_limit_exceeded"},
    [FAILURE_QUOTA] = {"insufficient_quota", "insufficient_quota"},
    [FAILURE_OVERLOADED] = {"server_error", "overloaded"},
    [FAILURE_TIMEOUT] = {"server_error", "timeout"},
    [FAILURE_SERVER] = {"server_error", NULL},
};

/* Types that OpenAI's own errors have: then type and code are passed on as they are. */
static bool is_openai_type(str type)
{
    static const char *const types[] = {"invalid_request_error", "server_error", "tokens",
                                        "requests", "insufficient_quota"};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (str_eq(type, str_from_cz(types[i])))
            return true;
    }
    return false;
}

static bool is_number(str code)
{
    uint64_t n;
    return str_to_u64(code, &n);
}

static void put_or_null(struct json_writer *j, const char *key, str text)
{
    if (text.n > 0)
        json_put_str(j, key, text);
    else
        json_put_null(j, key);
}

void dialect_chat_put_error(struct json_writer *j, const struct failure *f)
{
    must(f->class < ARRAY_LEN(shapes));
    str type = str_from_cz(shapes[f->class].type), code = str_from_cz(shapes[f->class].code);
    if (f->class != FAILURE_UPSTREAM_AUTH && is_openai_type(f->type)) {
        type = f->type;
        code = f->code.n > 0 && !is_number(f->code) ? f->code : code;
    }
    json_begin_object(j, "error");
    json_put_str(j, "message", f->message);
    json_put_str(j, "type", type);
    put_or_null(j, "param", f->param);
    put_or_null(j, "code", code);
    if (f->gateway.n > 0)
        json_put_raw(j, "gateway", f->gateway);
    json_end_object(j);
}

void dialect_chat_write_error(const struct failure *f, struct buf *out)
{
    struct json_writer j = json_writer(out);
    json_begin_object(&j, NULL);
    dialect_chat_put_error(&j, f);
    json_end_object(&j);
}

/* ---- the codec ---- */

static int write_request(struct writing *w, const struct chat *c, struct buf *out)
{
    bool is_openrouter = w->can && (w->can->can & CAN_REASONING_OBJECT) != 0;
    return dialect_chat_write_request(w, c, out, is_openrouter ? DIALECT_OPENROUTER : DIALECT_CHAT);
}

static int write_event(struct encoder *e, const struct event *ev)
{
    return dialect_chat_write_event(e, ev, DIALECT_CHAT);
}

static int write_reply(struct writing *w, const struct reply *r, struct buf *out)
{
    return dialect_chat_write_reply(w, r, out, DIALECT_CHAT);
}

const struct codec dialect_chat = {
    .read_request = dialect_chat_read_request,
    .write_request = write_request,
    .read_message = dialect_chat_read_message,
    .read_reply = dialect_chat_read_reply,
    .write_event = write_event,
    .write_reply = write_reply,
    .read_error = dialect_chat_read_error,
    .write_error = dialect_chat_write_error,
};
