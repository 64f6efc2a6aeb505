/* The stream tap. It is on the path of every streamed chunk, so the usual event (one data line
 * with one JSON object that has neither usage nor an error) is recognised by a few searches in
 * place; only events that matter are parsed. The searches may take a plain event for one that
 * matters, never the other way round: inside a JSON string a quote is escaped, so "usage" with
 * its quotes is a whole string, and only a provider that escapes letters of its own keys could
 * hide it.
 *
 * How a stream ends differs by operation (operation.def): chat says `data: [DONE]`; Responses
 * has no such marker but a terminal event type; images and speech end with a type in .completed
 * or .done. A stream that stops without its mark was cut, whatever the transport says, and is
 * never passed off as a whole one. */
#include "llm/stream.h"

#include "wire/json_scan.h"
#include "wire/sse.h"

void stream_tap_init(struct stream_tap *t, const struct operation *op, bool strips_usage)
{
    *t = (struct stream_tap){.op = op, .strips_usage = strips_usage, .usage = USAGE_NONE};
}

bool stream_tap_is_complete(const struct stream_tap *t)
{
    return t->has_ended || t->may_end || t->op->end == OPERATION_END_NONE;
}

/* The event's type: from its `event:` line, else from the data's `type` member. */
static str event_type(struct arena *scratch, const struct sse_event *e, struct json_scan *data)
{
    if (e->type.n > 0)
        return e->type;
    const struct json_member *m = json_find(data, S("type"), NULL);
    return m && m->type == JSON_STRING ? json_unescape(scratch, m->value) : S_EMPTY;
}

static bool is_end(const struct operation *op, str type)
{
    if (op->end == OPERATION_END_RESPONSE)
        return str_eq(type, S("response.completed")) || str_eq(type, S("response.incomplete")) ||
               str_eq(type, S("response.failed")) || str_eq(type, S("response.cancelled"));
    if (op->end == OPERATION_END_EVENT)
        return str_has_suffix(type, S(".completed")) || str_has_suffix(type, S(".done"));
    return false;
}

/* A part of something larger, named so in its type: it says nothing that is read here. */
static bool is_delta(const struct operation *op, str type)
{
    return op->end != OPERATION_END_DONE && str_has_suffix(type, S(".delta"));
}

/* An event called error, or one that has an error beside whatever else it says: OpenRouter adds
 * it to an ordinary chunk. */
static bool is_error(const struct json_scan *data, str type)
{
    const struct json_member *m = json_find(data, S("error"), NULL);
    return str_eq(type, S("error")) || (m && m->type != JSON_NULL);
}

static bool scan_object(struct arena *scratch, const struct json_scan *data, str name,
                        struct json_scan *inner)
{
    const struct json_member *m = json_find(data, name, NULL);
    if (!m || m->type != JSON_OBJECT)
        return false;
    json_scan_members(scratch, m->value, inner);
    return true;
}

static void read_usage(struct stream_tap *t, struct arena *scratch, const struct json_scan *data)
{
    const struct json_member *usage = json_find(data, S("usage"), NULL);
    if (usage && usage->type == JSON_OBJECT)
        usage_read_openai(scratch, usage->value, &t->usage);
}

/* Notes usage and the id: from the data's top level, from the `response` object inside it, or
 * from `x_groq`, where Groq puts what nobody has asked for. */
static void read_data(struct stream_tap *t, struct arena *scratch, const struct json_scan *data)
{
    struct json_scan inner;
    if (scan_object(scratch, data, S("x_groq"), &inner))
        read_usage(t, scratch, &inner);
    read_usage(t, scratch, data);
    bool is_response = t->op->end == OPERATION_END_RESPONSE;
    if (!is_response || !scan_object(scratch, data, S("response"), &inner))
        return;
    read_usage(t, scratch, &inner);
    const struct json_member *id = json_find(&inner, S("id"), NULL);
    if (id && id->type == JSON_STRING)
        t->response_id = json_unescape(scratch, id->value);
}

/* What stands between the brackets or braces of a value, without the blanks. */
static str inside(str value)
{
    return str_trim(str_slice(value, 1, value.n - 1));
}

/* Does a choice say nothing, {"index":0,"delta":{}}, with nulls at most? */
static bool is_empty_choice(struct arena *scratch, str text)
{
    struct json_scan choice;
    if (json_scan(scratch, text, &choice) < 0 || choice.type != JSON_OBJECT)
        return false;
    for (size_t i = 0; i < choice.n_members; i++) {
        const struct json_member *m = &choice.members[i];
        bool is_empty_delta = str_eq(m->key, S("delta")) && m->type == JSON_OBJECT;
        is_empty_delta = is_empty_delta && inside(m->value).n == 0;
        if (m->type != JSON_NULL && !is_empty_delta && !str_eq(m->key, S("index")))
            return false;
    }
    return true;
}

/* No choices, or one that says nothing: LiteLLM sends its usage beside such a one. */
static bool has_no_choices(struct arena *scratch, const struct json_scan *data)
{
    const struct json_member *choices = json_find(data, S("choices"), NULL);
    if (!choices || choices->type != JSON_ARRAY)
        return false;
    str text = inside(choices->value);
    return text.n == 0 || is_empty_choice(scratch, text);
}

/* Takes the usage out that the client had not asked for: the whole chunk when it carries nothing
 * else, only the null member of an ordinary chunk. A provider that reports usage on a chunk with
 * content did so on its own; it stays. */
static enum stream_verdict strip_usage(struct arena *scratch, str event, const struct sse_event *e,
                                       const struct json_scan *data, str *edited)
{
    const struct json_member *usage = json_find(data, S("usage"), NULL);
    if (!usage)
        return STREAM_KEEP;
    if (usage->type == JSON_OBJECT && has_no_choices(scratch, data) && !is_error(data, e->type))
        return STREAM_DROP;
    if (usage->type != JSON_NULL || e->data.p < event.p || e->data.p > event.p + event.n)
        return STREAM_KEEP;
    size_t at = (size_t)(e->data.p - event.p);
    struct json_edit cut = json_edit_remove(e->data, data, usage);
    str parts[] = {str_slice(event, 0, at + cut.from), cut.with, str_skip(event, at + cut.to)};
    *edited = arena_concat(scratch, parts, ARRAY_LEN(parts));
    return STREAM_EDIT;
}

/* Perplexity names its last chunk instead of sending [DONE]. */
static bool is_last_chunk(const struct operation *op, const struct json_scan *data)
{
    const struct json_member *object = json_find(data, S("object"), NULL);
    return op->end == OPERATION_END_DONE && object &&
           str_eq(object->value, S("\"chat.completion.done\""));
}

static enum stream_verdict read_event(struct stream_tap *t, struct arena *scratch, str event,
                                      str *edited)
{
    struct sse_event e;
    sse_parse(scratch, event, &e);
    if (!e.has_data)
        return STREAM_KEEP;
    t->events++;
    if (str_eq(str_trim(e.data), S("[DONE]"))) {
        t->has_ended = t->has_ended || t->op->end == OPERATION_END_DONE;
        return STREAM_KEEP;
    }
    t->has_error = t->has_error || str_eq(e.type, S("error")); /* whatever its data */
    struct json_scan data;
    if (json_scan(scratch, e.data, &data) < 0)
        return STREAM_KEEP;
    str type = event_type(scratch, &e, &data);
    if (is_delta(t->op, type))
        return STREAM_KEEP;
    t->has_ended = t->has_ended || is_end(t->op, type);
    t->may_end = t->may_end || is_last_chunk(t->op, &data);
    t->has_error = t->has_error || is_error(&data, type);
    read_data(t, scratch, &data);
    return t->strips_usage ? strip_usage(scratch, event, &e, &data, edited) : STREAM_KEEP;
}

/* Is `text` one line with the blank one behind it, so that no further line can change what it
 * says? Line ends with CR are left to the full reading. */
static bool is_last_line(str text)
{
    return text.n >= 2 && text.p[text.n - 1] == '\n' && str_find_char(text, '\n') == text.n - 2 &&
           str_find_char(text, '\r') == STR_NONE;
}

/* An event of one plain data line whose object can tell us nothing: the overwhelming case in a
 * chat stream. */
static bool is_plain_chunk(const struct operation *op, str event)
{
    return op->end == OPERATION_END_DONE && str_has_prefix(event, S("data: {")) &&
           is_last_line(event) && str_find(event, S("\"usage\"")) == STR_NONE &&
           str_find(event, S("\"error\"")) == STR_NONE &&
           str_find(event, S("completion.done")) == STR_NONE;
}

/* Responses and the others name the event first; the many delta events need no look inside. */
static bool is_delta_event(const struct operation *op, str event)
{
    str line, rest;
    return str_has_prefix(event, S("event: ")) && str_cut(event, '\n', &line, &rest) &&
           is_delta(op, line) && str_find_char(line, '\r') == STR_NONE &&
           str_has_prefix(rest, S("data: ")) && is_last_line(rest);
}

enum stream_verdict stream_tap_event(struct stream_tap *t, struct arena *scratch, str event,
                                     str *edited)
{
    if (!is_plain_chunk(t->op, event) && !is_delta_event(t->op, event))
        return read_event(t, scratch, event, edited);
    t->events++;
    return STREAM_KEEP;
}

static bool mentions(str events, str word)
{
    return str_find(events, word) != STR_NONE;
}

/* Only chat streams: where events are named, looking at each name costs no more than to search. */
bool stream_tap_skips(const struct stream_tap *t, str events)
{
    return t->op->end == OPERATION_END_DONE && !t->has_ended && !mentions(events, S("usage")) &&
           !mentions(events, S("error")) && !mentions(events, S("[DONE]")) &&
           !mentions(events, S("completion.done"));
}

str stream_error_data(struct arena *scratch, str event)
{
    struct sse_event e;
    sse_parse(scratch, event, &e);
    struct json_scan data;
    if (!e.has_data || json_scan(scratch, e.data, &data) < 0 || data.type != JSON_OBJECT)
        return S_EMPTY;
    return is_error(&data, event_type(scratch, &e, &data)) ? e.data : S_EMPTY;
}

static void put_json_member(struct buf *out, const char *before, str text)
{
    buf_put(out, str_from_cz(before));
    buf_put_json(out, text);
}

/* Responses: the error event, then the terminal event that clients such as Codex wait for. */
static void put_response_failed(struct buf *out, str code, const struct err *e)
{
    buf_put(out, S("event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{"
                   "\"object\":\"response\",\"status\":\"failed\",\"output\":[],\"error\":{"));
    put_json_member(out, "\"code\":", code);
    put_json_member(out, ",\"message\":", err_message(e));
    buf_put(out, S("}}}\n\n"));
}

void stream_put_error(struct buf *out, const struct operation *op, const struct err *e, str error)
{
    if (op->end == OPERATION_END_DONE) {
        buf_put(out, S("data: {\"error\":"));
        buf_put(out, error);
        buf_put(out, S("}\n\n"));
        return;
    }
    const char *named = err_info(e->code)->openai_code;
    str code = str_from_cz(named ? named : "server_error");
    put_json_member(out, "event: error\ndata: {\"type\":\"error\",\"code\":", code);
    put_json_member(out, ",\"message\":", err_message(e));
    buf_put(out, S(",\"param\":null,\"error\":"));
    buf_put(out, error);
    buf_put(out, S("}\n\n"));
    if (op->end == OPERATION_END_RESPONSE)
        put_response_failed(out, code, e);
}
