/* Binary frames, and the input as the payload of one: a whole frame reads the same when it is
 * written again, and headers cover what they are said to cover. */
#include "wire/event_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_walk(str headers)
{
    struct event_stream_header h;
    const char *at = headers.p;
    while (event_stream_header_next(&headers, &h) > 0) {
        must(headers.n == 0 || headers.p > at);
        must(h.name.n > 0 && h.name.p > at && h.type <= EVENT_STREAM_UUID);
        at = headers.p;
    }
}

static void must_survive(str payload, str type)
{
    struct buf b;
    struct event_stream_frame f;
    const char *why = NULL;
    buf_init(&b, SIZE_MAX / 2);
    event_stream_put(&b, S("exception"), type, payload);
    str written = buf_str(&b);
    must(!buf_is_ok(&b) || (event_stream_next(&written, &f, &why) == 1 && written.n == 0));
    must(!buf_is_ok(&b) || str_eq(f.payload, payload));
    must(!buf_is_ok(&b) || str_eq(event_stream_header(&f, S(":exception-type")), type));
    buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str bytes = str_of((const char *)data, size), rest = bytes;
    struct event_stream_frame f;
    const char *why = NULL;
    int rc;
    for (rc = event_stream_next(&rest, &f, &why); rc > 0; rc = event_stream_next(&rest, &f, &why)) {
        must(f.headers.n + f.payload.n + EVENT_STREAM_FRAME_MIN <= size);
        must_walk(f.headers);
        must_survive(f.payload, event_stream_header(&f, S(":event-type")));
    }
    must((rc < 0) == (why != NULL));
    must_walk(bytes);
    must_survive(bytes, str_slice(bytes, 0, 40));
    return 0;
}
