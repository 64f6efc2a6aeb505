/* One face for three framings.
 *
 * What a decoder wants is a message: a type, if the framing has one, and the data. Where messages
 * end is found by wire/sse.h, by the last line feed, or by wire/event_stream.h; blank lines and
 * comments, which providers send to keep a connection open, never reach a decoder.
 *
 * AWS reports what it did not foresee as a frame without a payload, its code and text in headers
 * (:message-type error); it is made to look like an exception, whose payload is {"message": ...},
 * so that decoders know one shape. */
#include "wire/frames.h"

#include <string.h>

#include "wire/json.h"

void frames_init(struct frames *f, enum framing framing)
{
    *f = (struct frames){.framing = framing};
    sse_split_init(&f->sse);
    event_stream_split_init(&f->binary);
}

static size_t behind_last_line(str bytes)
{
    size_t at = str_rfind_char(bytes, '\n');
    return at == STR_NONE ? 0 : at + 1;
}

int64_t frames_feed(struct frames *f, str bytes)
{
    switch (f->framing) {
    case FRAMING_SSE:
        return (int64_t)sse_split_feed(&f->sse, bytes);
    case FRAMING_LINES:
        return (int64_t)behind_last_line(bytes);
    case FRAMING_EVENT_STREAM:
        return event_stream_split_feed(&f->binary, bytes);
    }
    return 0;
}

static int next_event(struct arena *a, str *bytes, struct message *m)
{
    str event;
    while (sse_next(bytes, &event)) {
        struct sse_event e;
        sse_parse(a, event, &e);
        if (e.data.n == 0)
            continue;
        *m = (struct message){.type = e.type, .data = e.data};
        return 1;
    }
    return 0;
}

static int next_line(str *bytes, struct message *m)
{
    while (bytes->n > 0) {
        str line;
        str_cut(*bytes, '\n', &line, bytes);
        line = str_trim(line);
        if (line.n == 0)
            continue;
        *m = (struct message){.data = line};
        return 1;
    }
    return 0;
}

/* The headers that say what a frame is. */
struct binary_headers {
    str message_type, event_type, exception_type, error_code, error_message;
};

static bool read_headers(str headers, struct binary_headers *out)
{
    const struct {
        str name;
        str *to;
    } known[] = {
        {S(":message-type"), &out->message_type},     {S(":event-type"), &out->event_type},
        {S(":exception-type"), &out->exception_type}, {S(":error-code"), &out->error_code},
        {S(":error-message"), &out->error_message},
    };
    struct event_stream_header h;
    int rc = event_stream_header_next(&headers, &h);
    for (; rc > 0; rc = event_stream_header_next(&headers, &h)) {
        for (size_t i = 0; h.type == EVENT_STREAM_STRING && i < ARRAY_LEN(known); i++) {
            if (str_eq(h.name, known[i].name))
                *known[i].to = h.value;
        }
    }
    return rc == 0;
}

static str error_payload(struct arena *a, str message)
{
    struct buf b;
    buf_init(&b, SIZE_MAX / 2);
    struct json_writer w = json_writer(&b);
    json_begin_object(&w, NULL);
    json_put_str(&w, "message", message);
    json_end_object(&w);
    str text = arena_str(a, buf_str(&b));
    buf_fini(&b);
    return text;
}

static int next_frame(struct arena *a, str *bytes, struct message *m, const char **why)
{
    struct event_stream_frame f;
    int rc = event_stream_next(bytes, &f, why);
    if (rc <= 0)
        return rc;
    struct binary_headers h = {0};
    if (!read_headers(f.headers, &h)) {
        *why = "an event stream frame has a malformed header";
        return -E_PROVIDER_BODY;
    }
    bool is_error = str_eq(h.message_type, S("error"));
    *m = (struct message){.type = h.event_type, .data = f.payload};
    if (!is_error && !str_eq(h.message_type, S("exception")))
        return 1;
    m->is_exception = true;
    m->type = is_error ? h.error_code : h.exception_type;
    if (m->data.n == 0)
        m->data = error_payload(a, h.error_message);
    return 1;
}

int frames_next(enum framing framing, struct arena *a, str *bytes, struct message *m,
                const char **why)
{
    *m = (struct message){0};
    *why = NULL;
    switch (framing) {
    case FRAMING_SSE:
        return next_event(a, bytes, m);
    case FRAMING_LINES:
        return next_line(bytes, m);
    case FRAMING_EVENT_STREAM:
        return next_frame(a, bytes, m, why);
    }
    return 0;
}

/* JSON may have line ends between its tokens, and there a space says the same. */
static void put_line(struct buf *out, str data)
{
    char *to = buf_reserve(out, data.n + 1);
    if (!to)
        return;
    for (size_t i = 0; i < data.n; i++)
        to[i] = data.p[i] == '\n' || data.p[i] == '\r' ? ' ' : data.p[i];
    to[data.n] = '\n';
    buf_commit(out, data.n + 1);
}

void frames_put(enum framing framing, struct buf *out, str type, str data)
{
    bool is_exception = str_has_suffix(type, S("Exception"));
    switch (framing) {
    case FRAMING_SSE:
        sse_put(out, type, data);
        break;
    case FRAMING_LINES:
        put_line(out, data);
        break;
    case FRAMING_EVENT_STREAM:
        event_stream_put(out, is_exception ? S("exception") : S("event"), type, data);
        break;
    }
}
