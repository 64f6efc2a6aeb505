/* The dialect of Parrot, an engine made up for docs/guide/adding-a-dialect.md. It takes a prompt:
 *
 *     POST /say    {"prompt": "Hello", "limit": 100, "heat": 0.5, "flow": true}
 *     whole        {"text": "Hello", "why": "end", "spent": {"in": 3, "out": 5}}
 *     streamed     a line each: {"piece": "Hel"} {"piece": "lo"} {"why": "end", "spent": {...}}
 *     an error     {"error": "no such bird"}, also as a line of a stream
 *
 * It has no roles and no tools, so llm/plain.h writes the conversation as one text, and refuses
 * tools. No client speaks it: that side is llm/plain.h's, too. */
#include "llm/carry.h"
#include "llm/plain.h"

/* What write_request takes care of; of everything else settings_carry says that it is lost. */
#define CARRIED (SETTING_BIT(MAX_OUTPUT) | SETTING_BIT(TEMPERATURE))

static void put_body(struct writing *w, const struct chat *c, str prompt, struct buf *out)
{
    struct json_writer json = json_writer(out);
    str heat = setting_clamp(w, c, SETTING_TEMPERATURE, c->sampling.temperature, S("0"), S("1"));
    const struct plain_number numbers[] = {{"limit", c->max_output}, {"heat", heat}};
    json_begin_object(&json, NULL);
    json_put_str(&json, "prompt", prompt);
    plain_put_numbers(&json, numbers, ARRAY_LEN(numbers));
    json_put_bool(&json, "flow", c->is_stream);
    json_end_object(&json);
}

static int write_request(struct writing *w, const struct chat *c, struct buf *out)
{
    struct buf prompt;
    int rc = settings_carry(w, c, DIALECT_PARROT, CARRIED);
    if (rc == 0)
        rc = writing_check_room(w, c);
    buf_init(&prompt, SIZE_MAX);
    if (rc == 0)
        rc = plain_prompt(w, c, false, &prompt);
    if (rc == 0)
        put_body(w, c, buf_str(&prompt), out);
    buf_fini(&prompt);
    return rc;
}

static struct usage usage_of(const struct json *v)
{
    struct usage usage = USAGE_NONE;
    const struct json *spent = json_get(v, "spent");
    (void)json_i64(json_get(spent, "in"), &usage.input_tokens); /* or not said */
    (void)json_i64(json_get(spent, "out"), &usage.output_tokens);
    return usage;
}

static int read_reply(struct reading *r, const struct json *body, struct reply *out)
{
    const struct json *text = json_get(body, "text");
    if (!json_is_str(text))
        return member_fail(r, "text", "The provider's answer has no text.");
    plain_reply(r->a, out, json_str(text), json_str(json_get(body, "why")));
    out->usage = usage_of(body);
    return 0;
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
    if (json_get(v, "error"))
        return plain_fail(d, &dialect_parrot, v);
    struct plain_stream *s = plain_stream_of(d);
    str why = json_str(json_get(v, "why"));
    rc = plain_say(d, s, json_str(json_get(v, "piece")));
    if (rc != 0 || why.n == 0)
        return rc;
    struct usage usage = usage_of(v);
    return plain_end(d, s, why, &usage);
}

static void read_error(struct arena *a, const struct json *body, str hint, struct failure *f)
{
    (void)a;
    (void)hint;
    f->message = json_str(json_get(body, "error"));
}

const struct codec dialect_parrot = {
    .read_request = plain_read_request,
    .write_request = write_request,
    .read_message = read_message,
    .read_reply = read_reply,
    .write_event = plain_write_event,
    .write_reply = plain_write_reply,
    .read_error = read_error,
    .write_error = plain_write_error,
};
