/* application/vnd.amazon.eventstream: binary frames with checksums (AWS, "Event stream encoding").
 *
 *   u32 total | u32 headers | u32 crc32 of these 8 | headers | payload | u32 crc32 of all before
 *
 * Integers are big-endian. Header: u8 length, name, u8 type, value. Pure. */
#pragma once

#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"

#define EVENT_STREAM_FRAME_MAX   (24u << 20)
#define EVENT_STREAM_HEADERS_MAX (128u << 10)
#define EVENT_STREAM_FRAME_MIN   16

enum event_stream_type {
    EVENT_STREAM_TRUE,
    EVENT_STREAM_FALSE,
    EVENT_STREAM_I8,
    EVENT_STREAM_I16,
    EVENT_STREAM_I32,
    EVENT_STREAM_I64,
    EVENT_STREAM_BYTES,
    EVENT_STREAM_STRING,
    EVENT_STREAM_TIME,
    EVENT_STREAM_UUID
};
struct event_stream_header {
    str name;
    enum event_stream_type type;
    str value;      /* BYTES, STRING, UUID */
    int64_t number; /* integers, TIME (ms) */
};
struct event_stream_frame {
    str headers; /* raw; walk with event_stream_header_next */
    str payload;
};

struct event_stream_split {
    uint8_t prelude[12]; /* its first bytes, when a cut fell into it */
    uint8_t n_prelude;
    uint32_t left; /* bytes of the open frame still to come */
};
void event_stream_split_init(struct event_stream_split *s);
/* As frames_feed. */
NODISCARD int64_t event_stream_split_feed(struct event_stream_split *s, str bytes);

/* Cuts the next whole frame from *bytes and checks it. 1, 0: no more; -E_PROVIDER_BODY with *why.
 */
NODISCARD int event_stream_next(str *bytes, struct event_stream_frame *out, const char **why);
/* The next header; 1, 0: no more, -E_PROVIDER_BODY: malformed. */
NODISCARD int event_stream_header_next(str *headers, struct event_stream_header *out);
/* A string header by name; S_EMPTY: none. */
str event_stream_header(const struct event_stream_frame *f, str name);

/* A frame with string headers :message-type, :event-type (or :exception-type when `message_type` is
 * "exception") and :content-type application/json. */
void event_stream_put(struct buf *out, str message_type, str event_type, str payload);
uint32_t event_stream_crc32(uint32_t crc, str bytes);
