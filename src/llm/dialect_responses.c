/* The OpenAI Responses dialect: its codec, whole answers as they are read, and errors.
 *
 * A whole answer is one list of items; their blocks become the blocks of the only choice, and the
 * text of a message remembers which message it stood in. Everything around the items (the settings
 * that the API repeats) is kept for clients of the same dialect. Answers are written by the same
 * code that writes streams (dialect_responses_encode.c). */
#include "llm/dialect_responses.h"

/* ---- errors ---- */

enum failure_class responses_failure(str code, str type, enum failure_class otherwise)
{
    static const struct {
        const char *word;
        enum failure_class class;
    } table[] = {
        {"rate_limit_exceeded", FAILURE_RATE},
        {"too_many_requests", FAILURE_RATE},
        {"rate_limit_error", FAILURE_RATE},
        {"insufficient_quota", FAILURE_QUOTA},
        {"context_length_exceeded", FAILURE_CONTEXT},
        {"invalid_prompt", FAILURE_BAD_REQUEST},
        {"content_policy_violation", FAILURE_FILTERED},
        {"image_content_policy_violation", FAILURE_FILTERED},
        {"content_filter", FAILURE_FILTERED},
        {"bio_policy", FAILURE_FILTERED},
        {"model_not_found", FAILURE_NOT_FOUND},
        {"not_found", FAILURE_NOT_FOUND},
        {"not_found_error", FAILURE_NOT_FOUND},
        {"invalid_api_key", FAILURE_UPSTREAM_AUTH},
        {"authentication_error", FAILURE_UPSTREAM_AUTH},
        {"permission_error", FAILURE_FORBIDDEN},
        {"server_is_overloaded", FAILURE_OVERLOADED},
        {"overloaded", FAILURE_OVERLOADED},
        {"overloaded_error", FAILURE_OVERLOADED},
        {"slow_down", FAILURE_OVERLOADED},
        {"vector_store_timeout", FAILURE_TIMEOUT},
        {"timeout", FAILURE_TIMEOUT},
        {"server_error", FAILURE_SERVER},
        {"invalid_image", FAILURE_BAD_REQUEST},
        {"invalid_image_format", FAILURE_BAD_REQUEST},
        {"invalid_base64_image", FAILURE_BAD_REQUEST},
        {"invalid_image_url", FAILURE_BAD_REQUEST},
        {"image_too_large", FAILURE_BAD_REQUEST},
        {"image_parse_error", FAILURE_BAD_REQUEST},
        {"failed_to_download_image", FAILURE_BAD_REQUEST},
        {"invalid_request_error", FAILURE_BAD_REQUEST},
    };
    const str words[] = {code, type};
    for (size_t w = 0; w < ARRAY_LEN(words); w++) {
        for (size_t i = 0; i < ARRAY_LEN(table); i++) {
            if (str_eq(words[w], str_from_cz(table[i].word)))
                return table[i].class;
        }
    }
    return otherwise;
}

void responses_read_failure(const struct json *error, struct failure *f)
{
    str type = json_str(json_get(error, "type"));
    f->message = json_str(json_get(error, "message"));
    f->code = json_str(json_get(error, "code"));
    f->param = json_str(json_get(error, "param"));
    f->type = str_eq(type, S("error")) ? S_EMPTY : type; /* of the event, not of the error */
    f->class = responses_failure(f->code, f->type, f->class);
}

static void read_error(struct arena *a, const struct json *body, str hint, struct failure *f)
{
    (void)a;
    (void)hint; /* of other dialects */
    const struct json *error = json_get(body, "error");
    if (error && json_type(error) == JSON_OBJECT) {
        responses_read_failure(error, f);
        return;
    }
    const struct json *message = json_is_str(error) ? error : json_get(body, "message");
    f->message = json_str(message ? message : json_get(body, "detail"));
    f->code = json_str(json_get(body, "code"));
    f->class = responses_failure(f->code, S_EMPTY, f->class);
}

/* OpenAI's type and code for each class; where it has no code, the provider's own word stands. */
void responses_failure_words(const struct failure *f, str *type, str *code)
{
    static const struct {
        const char *type, *code;
    } words[] = {
        [FAILURE_BAD_REQUEST] = {"invalid_request_error", ""},
        [FAILURE_CONTEXT] = {"invalid_request_error", "context_length_exceeded"},
        [FAILURE_AUTH] = {"invalid_request_error", "invalid_api_key"},
        [FAILURE_UPSTREAM_AUTH] = {"server_error", "upstream_auth"},
        [FAILURE_BILLING] = {"insufficient_quota", "insufficient_quota"},
        [FAILURE_FORBIDDEN] = {"invalid_request_error", ""},
        [FAILURE_NOT_FOUND] = {"invalid_request_error", "model_not_found"},
        [FAILURE_CONFLICT] = {"invalid_request_error", ""},
        [FAILURE_TOO_LARGE] = {"invalid_request_error", "request_too_large"},
        [FAILURE_UNPROCESSABLE] = {"invalid_request_error", ""},
        [FAILURE_FILTERED] = {"invalid_request_error", "content_policy_violation"},
        [FAILURE_RATE] = {"requests", "rate_limit_exceeded"},
        [FAILURE_QUOTA] = {"insufficient_quota", "insufficient_quota"},
        [FAILURE_OVERLOADED] = {"server_error", "overloaded"},
        [FAILURE_TIMEOUT] = {"server_error", "timeout"},
        [FAILURE_SERVER] = {"server_error", ""},
    };
    must(f->class < ARRAY_LEN(words));
    *type = str_from_cz(words[f->class].type);
    *code = str_from_cz(words[f->class].code);
    if (code->n == 0)
        *code = f->code;
}

static void put_or_null(struct json_writer *j, const char *key, str v)
{
    if (v.n > 0)
        json_put_str(j, key, v);
    else
        json_put_null(j, key);
}

static void write_error(const struct failure *f, struct buf *out)
{
    str type, code;
    responses_failure_words(f, &type, &code);
    struct json_writer j = json_writer(out);
    json_begin_object(&j, NULL);
    json_begin_object(&j, "error");
    json_put_str(&j, "message", f->message);
    json_put_str(&j, "type", type);
    put_or_null(&j, "param", f->param);
    put_or_null(&j, "code", code);
    if (f->gateway.n > 0)
        json_put_raw(&j, "gateway", f->gateway);
    json_end_object(&j);
    json_end_object(&j);
}

/* ---- whole answers ---- */

enum finish responses_finish(str status, str reason)
{
    static const struct {
        const char *word;
        enum finish finish;
    } table[] = {
        {"max_output_tokens", FINISH_LENGTH},
        {"max_tokens", FINISH_LENGTH},
        {"content_filter", FINISH_CONTENT_FILTER},
        {"completed", FINISH_STOP},
        {"failed", FINISH_ERROR},
    };
    str word = reason.n > 0 ? reason : status;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (str_eq(word, str_from_cz(table[i].word)))
            return table[i].finish;
    }
    return FINISH_OTHER;
}

enum { ID, CREATED, MODEL, OUTPUT, USAGE, TIER, STATUS, INCOMPLETE, ERROR, N_MEMBERS };
static const char *const members[N_MEMBERS] = {
    [ID] = "id",         [CREATED] = "created_at",
    [MODEL] = "model",   [OUTPUT] = "output",
    [USAGE] = "usage",   [TIER] = "service_tier",
    [STATUS] = "status", [INCOMPLETE] = "incomplete_details",
    [ERROR] = "error",
};

/* A response that failed is an answer with status 200: the error is the provider's. */
static int fail(struct reading *r, const struct json *error)
{
    struct failure f = {.class = FAILURE_SERVER};
    responses_read_failure(error, &f);
    str message = f.message.n > 0 ? f.message : S("The provider could not complete the response.");
    int code = f.class == FAILURE_RATE ? -E_PROVIDER_RATE : -E_PROVIDER_FAILED;
    return err_set(r->err, r->a, code, STR_FMT, STR_ARG(message));
}

static int read_start(struct reading *r, const struct json *const *m, struct start *out)
{
    double created = 0;
    out->created_s = -1;
    int rc = member_str(r, "id", m[ID], &out->id);
    if (rc == 0)
        rc = member_str(r, "model", m[MODEL], &out->model);
    if (rc == 0)
        rc = member_str(r, "service_tier", m[TIER], &out->service_tier);
    if (m[CREATED] && json_double(m[CREATED], &created) && created >= 0 && created < 1e15)
        out->created_s = (int64_t)created;
    return rc;
}

/* Appends an item's blocks; a message's name stands on each of its blocks. */
static void add_item(struct reply_choice *choice, const struct responses_item *item)
{
    bool is_first = item->is_message && choice->item_id.n == 0;
    for (struct block *b = item->blocks; b && item->is_message; b = b->next) {
        b->item_id = item->id;
        b->phase = item->phase;
    }
    if (is_first) {
        choice->item_id = item->id;
        choice->phase = item->phase;
        choice->message_extras = item->extras;
    }
    if (item->blocks)
        block_add(&choice->blocks, item->blocks);
}

static bool is_nameless(const struct block *b)
{
    return b && b->kind == BLOCK_TOOL_CALL && b->call.name.n == 0;
}

static int read_output(struct reading *r, const struct json *v, struct reply_choice *choice)
{
    int rc = member_type(r, "output", v, JSON_ARRAY);
    long i = 0;
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it); i++) {
        struct reading at = reading_at(r, "output", i);
        struct responses_item item;
        rc = responses_read_item(&at, it.value, &item);
        if (rc == 0 && is_nameless(item.blocks))
            rc = member_fail(&at, "name", "The provider sent a tool call without a name.");
        if (rc == 0)
            add_item(choice, &item);
    }
    return rc;
}

int responses_read_reply(struct reading *r, const struct json *body, struct reply *out)
{
    const struct json *m[N_MEMBERS];
    int rc = MEMBERS_READ(r, body, members, m, &out->extras);
    if (rc != 0)
        return rc;
    str status = json_str(m[STATUS]);
    if (str_eq(status, S("failed")) || (!m[OUTPUT] && m[ERROR]))
        return fail(r, m[ERROR]);
    if (!m[OUTPUT])
        return member_fail(r, "output", "The provider's answer has no output.");
    struct reply_choice *choice = reply_choice_at(r->a, out, 0);
    rc = read_start(r, m, &out->start);
    if (rc == 0)
        rc = read_output(r, m[OUTPUT], choice);
    if (rc != 0)
        return rc;
    responses_read_usage(m[USAGE], &out->usage);
    out->usage_raw = m[USAGE];
    str reason = json_str(json_get(m[INCOMPLETE], "reason"));
    enum finish f = responses_finish(status.n > 0 ? status : S("completed"), reason);
    f = finish_settle(f, block_list_has(choice->blocks, BLOCK_TOOL_CALL));
    if (f == FINISH_STOP && block_list_has(choice->blocks, BLOCK_REFUSAL))
        f = FINISH_REFUSAL;
    choice->finish = (struct finishing){.reason = f, .native = reason.n > 0 ? reason : status};
    return 0;
}

const struct codec dialect_responses = {.read_request = responses_read_request,
                                        .write_request = responses_write_request,
                                        .read_message = responses_read_message,
                                        .read_reply = responses_read_reply,
                                        .write_event = responses_write_event,
                                        .write_reply = responses_write_reply,
                                        .read_error = read_error,
                                        .write_error = write_error};
