/* KServe's two inference protocols, for models that continue text.
 *
 * V1 (KServe documentation, "V1 Inference Protocol") is also what Vertex AI's own endpoints speak:
 * {"instances": [...]} is answered with {"predictions": [...]}, and what an instance is depends on
 * the model. Here it is {"prompt", "max_tokens", "temperature", "top_p", "top_k", ...}, as the
 * engines that serve language models behind it read it (vLLM in Vertex AI's Model Garden). There,
 * raw_response keeps the prompt out of the answer. It cannot stream: an answer comes whole.
 *
 * V2 (Open Inference Protocol, github.com/kserve/open-inference-protocol) has tensors: the prompt
 * is the one element of a BYTES tensor text_input, settings are parameters of the request, and the
 * text is the first element of the output that is named for it, or of the first BYTES output. What
 * inputs a model has says its metadata, which nobody asks for here. Streams are the protocol's
 * extension for generated text, generate_stream: {"text_input", "parameters"}, answered with events
 * {"text_output", "details"}. Answers are read in both forms, wherever they come. */
#include "llm/carry.h"
#include "llm/dialect_chat.h"
#include "llm/plain.h"

#define CARRIED                                                                                    \
    (SETTING_BIT(TEMPERATURE) | SETTING_BIT(TOP_P) | SETTING_BIT(TOP_K) | SETTING_BIT(MIN_P) |     \
     SETTING_BIT(SEED) | SETTING_BIT(FREQUENCY_PENALTY) | SETTING_BIT(PRESENCE_PENALTY) |          \
     SETTING_BIT(REPEAT_PENALTY) | SETTING_BIT(MAX_OUTPUT) | SETTING_BIT(CACHE) |                  \
     SETTING_BIT(TOOL_CHOICE) | SETTING_BIT(PARALLEL) | SETTING_BIT(STRICT))

/* ---- requests ---- */

static void put_settings(struct json_writer *json, const struct chat *c)
{
    const struct sampling *s = &c->sampling;
    const struct plain_number numbers[] = {
        {"max_tokens", c->max_output},
        {"temperature", s->temperature},
        {"top_p", s->top_p},
        {"top_k", s->top_k},
        {"min_p", s->min_p},
        {"frequency_penalty", s->frequency_penalty},
        {"presence_penalty", s->presence_penalty},
        {"repetition_penalty", s->repeat_penalty},
        {"seed", s->seed},
    };
    plain_put_numbers(json, numbers, ARRAY_LEN(numbers));
}

static void put_instances(struct writing *w, struct json_writer *json, const struct chat *c,
                          str prompt)
{
    json_begin_array(json, "instances");
    json_begin_object(json, NULL);
    json_put_str(json, "prompt", prompt);
    put_settings(json, c);
    plain_put_stop(json, "stop", c);
    if (str_eq(w->envelope, S("vertex")))
        json_put_bool(json, "raw_response", true);
    json_end_object(json);
    json_end_array(json);
}

/* Parameters of V2 are numbers, strings and flags: stop sequences have no place in them. */
static void put_tensor(struct writing *w, struct json_writer *json, const struct chat *c,
                       str prompt)
{
    json_begin_array(json, "inputs");
    json_begin_object(json, NULL);
    json_put_str(json, "name", S("text_input"));
    json_put_raw(json, "shape", S("[1]"));
    json_put_str(json, "datatype", S("BYTES"));
    json_begin_array(json, "data");
    json_put_str(json, NULL, prompt);
    json_end_array(json);
    json_end_object(json);
    json_end_array(json);
    json_begin_object(json, "parameters");
    put_settings(json, c);
    json_end_object(json);
    if (c->n_stop > 0)
        setting_lost(w, c, LOSS_DROPPED, SETTING_STOP);
}

static void put_generate(struct writing *w, struct json_writer *json, const struct chat *c,
                         str prompt)
{
    (void)w;
    json_put_str(json, "text_input", prompt);
    json_begin_object(json, "parameters");
    put_settings(json, c);
    plain_put_stop(json, "stop", c);
    json_put_bool(json, "details", true);
    json_end_object(json);
}

typedef void put_body(struct writing *w, struct json_writer *json, const struct chat *c,
                      str prompt);

static int write_body(struct writing *w, const struct chat *c, struct buf *out, put_body *put)
{
    struct json_writer json = json_writer(out);
    struct buf prompt;
    int rc = settings_carry(w, c, DIALECT_KSERVE_V1, CARRIED | SETTING_BIT(STOP));
    if (rc == 0)
        rc = writing_check_room(w, c);
    buf_init(&prompt, SIZE_MAX);
    if (rc == 0)
        rc = plain_prompt(w, c, false, &prompt);
    if (rc == 0) {
        json_begin_object(&json, NULL);
        put(w, &json, c, buf_str(&prompt));
        json_end_object(&json);
    }
    buf_fini(&prompt);
    return rc;
}

static int write_v1(struct writing *w, const struct chat *c, struct buf *out)
{
    return write_body(w, c, out, put_instances);
}

static int write_v2(struct writing *w, const struct chat *c, struct buf *out)
{
    return write_body(w, c, out, c->is_stream ? put_generate : put_tensor);
}

/* ---- answers ---- */

/* Some engines serve their chat route's answer as a prediction. */
static int read_v1_reply(struct reading *r, const struct json *body, struct reply *out)
{
    const struct json *predictions = json_get(body, "predictions");
    bool is_list = predictions && json_type(predictions) == JSON_ARRAY;
    const struct json *first = is_list ? json_at(predictions, 0) : predictions;
    str text;
    if (first && json_get(first, "choices")) {
        r->origin = DIALECT_CHAT;
        return dialect_chat_read_reply(r, first, out);
    }
    if (!plain_find_text(first, &text))
        return member_fail(r, "predictions", "The provider's answer has no text in predictions.");
    plain_reply(r->a, out, text, json_str(json_get(first, "finish_reason")));
    return 0;
}

static bool is_bytes(const struct json *output)
{
    return str_eq(json_str(json_get(output, "datatype")), S("BYTES"));
}

/* The output that is named for its text, else the first one of BYTES. */
static const struct json *text_output(const struct json *outputs)
{
    static const str names[] = {{"text_output", 11}, {"output", 6}, {"text", 4}};
    const struct json *found = NULL;
    for (struct json_iter it = json_iter(outputs); json_iter_next(&it);) {
        str name = json_str(json_get(it.value, "name"));
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            if (str_eq(name, names[i]))
                return it.value;
        }
        if (!found && is_bytes(it.value))
            found = it.value;
    }
    return found;
}

static int read_v2_reply(struct reading *r, const struct json *body, struct reply *out)
{
    const struct json *text = json_get(body, "text_output");
    const struct json *outputs = json_get(body, "outputs");
    str words;
    if (!text)
        text = json_get(text_output(outputs), "data");
    if (!plain_find_text(text, &words))
        return member_fail(r, "outputs", "The provider's answer has no output of text.");
    plain_reply(r->a, out, words, json_str(json_get(json_get(body, "details"), "finish_reason")));
    out->start.model = json_str(json_get(body, "model_name"));
    out->start.id = json_str(json_get(body, "id"));
    return 0;
}

/* ---- streams ---- */

/* V1 answers whole; should one stream all the same, it is what this gateway did not ask for. */
static int read_v1_message(struct decoder *d, const struct message *m)
{
    (void)m;
    return err_set(d->err, d->a, -E_PROVIDER_BODY,
                   "The provider sent a stream where its protocol has none.");
}

/* Triton says nothing at the end, others a finish reason, some of them in every event: the stream
 * ends where its bytes do. */
static int read_v2_event(struct decoder *d, struct plain_stream *s, const struct json *v)
{
    const struct json *details = json_get(v, "details");
    plain_note_finish(s, json_str(json_get(details, "finish_reason")));
    if (json_bool(json_get(json_get(details, "token"), "special"), false))
        return 0;
    return plain_say(d, s, json_str(json_get(v, "text_output")));
}

static int read_v2_message(struct decoder *d, const struct message *m)
{
    const struct usage none = USAGE_NONE;
    const struct json *v = NULL;
    struct plain_stream *s = plain_stream_of(d);
    if (d->has_ended)
        return 0;
    if (!m)
        return s->has_started ? plain_end(d, s, s->finish, &none) : plain_truncated(d);
    int rc = decoder_json(d, m->data, &v);
    if (rc != 0)
        return rc;
    return json_get(v, "error") ? plain_fail(d, &dialect_kserve_v2, v) : read_v2_event(d, s, v);
}

/* ---- the codecs ---- */

const struct codec dialect_kserve_v1 = {
    .read_request = plain_read_request,
    .write_request = write_v1,
    .read_message = read_v1_message,
    .read_reply = read_v1_reply,
    .write_event = plain_write_event,
    .write_reply = plain_write_reply,
    .read_error = dialect_chat_read_error, /* {"error": text}, Vertex's {"error": {code, ...}} */
    .write_error = plain_write_error,
};

const struct codec dialect_kserve_v2 = {
    .read_request = plain_read_request,
    .write_request = write_v2,
    .read_message = read_v2_message,
    .read_reply = read_v2_reply,
    .write_event = plain_write_event,
    .write_reply = plain_write_reply,
    .read_error = dialect_chat_read_error,
    .write_error = plain_write_error,
};
