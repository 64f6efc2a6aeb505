/* Hugging Face's Text Generation Inference, its native routes /generate and /generate_stream
 * (TGI's OpenAPI document, "Generate tokens" and "Generate a stream of token using Server-Sent
 * Events").
 *
 * The engine checks settings strictly: a temperature of 0 and a top_p of 1 are errors and are left
 * out, which means the same. A stream has one event per token; the last one holds generated_text
 * and details as well, and its own token still counts unless it is special. Whole answers come as
 * an object, from the compatible root route as an array of one. Pictures are Markdown in the
 * prompt. */
#include "llm/dialect_tgi.h"

#include "llm/carry.h"
#include "llm/dialect_chat.h"
#include "llm/json_schema.h"

#define HUGE_NUMBER 1e300

#define CARRIED                                                                                    \
    (SETTING_BIT(TEMPERATURE) | SETTING_BIT(TOP_P) | SETTING_BIT(TOP_K) | SETTING_BIT(SEED) |      \
     SETTING_BIT(FREQUENCY_PENALTY) | SETTING_BIT(REPEAT_PENALTY) | SETTING_BIT(MAX_OUTPUT) |      \
     SETTING_BIT(STOP) | SETTING_BIT(FORMAT) | SETTING_BIT(CACHE) | SETTING_BIT(TOOL_CHOICE) |     \
     SETTING_BIT(PARALLEL) | SETTING_BIT(STRICT))

/* ---- requests ---- */

/* Output is bound by a grammar: any object, or one of the schema. */
static void put_grammar(struct writing *w, struct json_writer *json, const struct output_wish *o)
{
    bool has_schema = o->format == FORMAT_SCHEMA && o->schema;
    if (!has_schema && o->format != FORMAT_JSON)
        return;
    json_begin_object(json, "grammar");
    json_put_str(json, "type", S("json"));
    if (has_schema)
        json_schema_put(json, "value", o->schema, SCHEMA_ANY, SCHEMA_FOR_OUTPUT, w->loss,
                        "response_format");
    else
        json_put_raw(json, "value", S("{\"type\":\"object\"}"));
    json_end_object(json);
}

/* A number that the engine takes between these bounds only, the bounds left out. */
static str within(struct arena *a, str text, double above, double below)
{
    const struct json *v = NULL;
    size_t error_at;
    double d;
    bool is_in = text.n > 0 && json_read(a, text, &v, &error_at) == 0 && json_double(v, &d) &&
                 d > above && d < below;
    return is_in ? text : S_EMPTY;
}

static void put_parameters(struct writing *w, struct json_writer *json, const struct chat *c)
{
    const struct sampling *s = &c->sampling;
    const struct plain_number numbers[] = {
        {"max_new_tokens", c->max_output},
        {"temperature", within(w->a, s->temperature, 0, HUGE_NUMBER)},
        {"top_p", within(w->a, s->top_p, 0, 1)},
        {"top_k", within(w->a, s->top_k, 0, HUGE_NUMBER)},
        {"frequency_penalty", s->frequency_penalty},
        {"repetition_penalty", within(w->a, s->repeat_penalty, 0, HUGE_NUMBER)},
        {"seed", s->seed},
    };
    json_begin_object(json, "parameters");
    plain_put_numbers(json, numbers, ARRAY_LEN(numbers));
    plain_put_stop(json, "stop", c);
    put_grammar(w, json, &c->output);
    json_put_bool(json, "details", true);
    json_put_bool(json, "return_full_text", false);
    json_end_object(json);
}

static int write_request(struct writing *w, const struct chat *c, struct buf *out)
{
    struct json_writer json = json_writer(out);
    struct buf prompt;
    int rc = settings_carry(w, c, DIALECT_TGI, CARRIED);
    if (rc == 0)
        rc = writing_check_room(w, c);
    buf_init(&prompt, SIZE_MAX);
    if (rc == 0)
        rc = plain_prompt(w, c, true, &prompt);
    if (rc == 0) {
        json_begin_object(&json, NULL);
        json_put_str(&json, "inputs", buf_str(&prompt));
        put_parameters(w, &json, c);
        json_end_object(&json);
    }
    buf_fini(&prompt);
    return rc;
}

/* ---- answers ---- */

void tgi_read_usage(const struct json *details, struct usage *u)
{
    struct usage read = USAGE_NONE;
    size_t n_prefill = json_count(json_get(details, "prefill"));
    if (n_prefill > 0)
        read.input_tokens = (int64_t)n_prefill;
    (void)json_i64(json_get(details, "input_length"), &read.input_tokens);
    (void)json_i64(json_get(details, "generated_tokens"), &read.output_tokens);
    read.input_tokens = MAX(read.input_tokens, -1);
    read.output_tokens = MAX(read.output_tokens, -1);
    usage_update(u, &read);
}

static int read_reply(struct reading *r, const struct json *body, struct reply *out)
{
    const struct json *v = json_type(body) == JSON_ARRAY ? json_at(body, 0) : body;
    const struct json *details = json_get(v, "details");
    const struct json *text = json_get(v, "generated_text");
    if (!text || !json_is_str(text))
        return member_fail(r, "generated_text", "The provider's answer has no generated_text.");
    plain_reply(r->a, out, json_str(text), json_str(json_get(details, "finish_reason")));
    tgi_read_usage(details, &out->usage);
    return 0;
}

/* ---- streams ---- */

int tgi_read_event(struct decoder *d, const struct json *v)
{
    struct plain_stream *s = plain_stream_of(d);
    const struct json *token = json_get(v, "token"), *details = json_get(v, "details");
    struct usage usage = USAGE_NONE;
    bool is_last = json_is_str(json_get(v, "generated_text"));
    int rc = 0;
    if (token && !json_bool(json_get(token, "special"), false))
        rc = plain_say(d, s, json_str(json_get(token, "text")));
    if (rc != 0 || !is_last)
        return rc;
    tgi_read_usage(details, &usage);
    return plain_end(d, s, json_str(json_get(details, "finish_reason")), &usage);
}

static int read_message(struct decoder *d, const struct message *m)
{
    const struct json *v = NULL;
    if (d->has_ended)
        return 0;
    if (!m)
        return plain_truncated(d);
    int rc = decoder_json(d, m->data, &v);
    if (rc != 0)
        return rc;
    return json_get(v, "error") ? plain_fail(d, &dialect_tgi, v) : tgi_read_event(d, v);
}

/* ---- errors ---- */

/* Input that is too long is an error of validation like others; its text tells. */
static bool is_about_length(str message)
{
    static const char *const phrases[] = {"`max_new_tokens` must be <=", "must have less than",
                                          "tokens. Given:"};
    for (size_t i = 0; i < ARRAY_LEN(phrases); i++) {
        if (str_find(message, str_from_cz(phrases[i])) != STR_NONE)
            return true;
    }
    return false;
}

static void read_error(struct arena *a, const struct json *body, str hint, struct failure *f)
{
    str message = json_str(json_get(body, "error")), type = json_str(json_get(body, "error_type"));
    if (message.n == 0) { /* not the engine's own: a proxy's before it */
        dialect_chat_read_error(a, body, hint, f);
        return;
    }
    f->message = message;
    f->type = type;
    if (str_eq(type, S("validation")))
        f->class = is_about_length(message) ? FAILURE_CONTEXT : FAILURE_BAD_REQUEST;
    else if (str_eq(type, S("overloaded")) || str_eq(type, S("healthcheck")))
        f->class = FAILURE_OVERLOADED;
    else if (type.n > 0)
        f->class = FAILURE_SERVER; /* generation, incomplete_generation, tool_error... */
}

const struct codec dialect_tgi = {
    .read_request = plain_read_request,
    .write_request = write_request,
    .read_message = read_message,
    .read_reply = read_reply,
    .write_event = plain_write_event,
    .write_reply = plain_write_reply,
    .read_error = read_error,
    .write_error = plain_write_error,
};
