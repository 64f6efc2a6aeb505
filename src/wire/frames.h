/* Messages cut out of a stream of bytes, for every framing in use: server-sent events, JSON lines,
 * and AWS event streams (wire/event_stream.h).
 *
 * Two steps, as with wire/sse.h: frames_feed finds the prefix that holds whole messages only, and
 * keeps its state over cuts; frames_next takes them out of it one by one. Pure. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "wire/event_stream.h"
#include "wire/sse.h"

enum framing { FRAMING_SSE, FRAMING_LINES, FRAMING_EVENT_STREAM };

/* What stands in one frame. */
struct message {
    str type;          /* SSE: event:, event stream: :event-type or :exception-type; else empty */
    str data;          /* SSE: data lines joined, lines: the line, event stream: the payload */
    bool is_exception; /* event stream: :message-type is exception or error; for error, type is
                          :error-code and data {"message": :error-message} if there is no payload */
};

struct frames {
    enum framing framing;
    struct sse_split sse;
    struct event_stream_split binary;
};
void frames_init(struct frames *f, enum framing framing);
/* Length of the prefix of `bytes`, which continue the stream, behind which no message is open; or
 * -E_PROVIDER_BODY when an event stream's frame is impossible (its lengths, their checksum): whole
 * frames before it are handed out first, then every call fails.
 *
 * What is left over when the stream ends: a last line without its end (lines), an event without its
 * blank line (SSE). Either may be whole: hand it to frames_next, and its JSON tells. Of an event
 * stream it is a frame cut short. */
NODISCARD int64_t frames_feed(struct frames *f, str bytes);
/* The next message in a prefix of whole ones: cuts it from *bytes. 1, 0 when there is no more, or
 * -E_PROVIDER_BODY (checksum wrong, header malformed) with *why. Comments, blank lines and events
 * without data are skipped. `a` holds joined data. An event stream's frame without an end is left
 * in *bytes. */
NODISCARD int frames_next(enum framing framing, struct arena *a, str *bytes, struct message *m,
                          const char **why);

/* One message framed for a client. `type` may be empty (SSE, lines); one that ends in "Exception"
 * makes an event stream's exception. `data` is JSON: line ends in it become spaces in lines. */
void frames_put(enum framing framing, struct buf *out, str type, str data);
