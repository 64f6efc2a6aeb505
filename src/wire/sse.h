/* Server-sent events: reader and writer (WHATWG HTML 9.2, all of its grammar: LF, CR and CRLF, BOM,
 * comments, several data lines, fields without a colon, ids with NUL ignored).
 *
 * Two readers, because relaying needs less than understanding. sse_split finds where complete
 * events end, so that only whole events are relayed; sse_parse reads one complete event. Both are
 * pure; the split carries its state over cuts. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"

struct sse_split {
    bool line_is_empty; /* nothing since the last line end */
    bool last_was_cr;
    bool is_open; /* bytes have come since the last blank line */
};
void sse_split_init(struct sse_split *s);
/* Looks at bytes that continue the stream. Returns the length of the prefix of `bytes` after which
 * no event is open (its last byte ends a blank line), 0 if there is no such place. Fast for the
 * common case: bytes that end so. A CR that ends the bytes and may be followed by LF counts as the
 * end; a following LF alone is then a prefix of 1. */
size_t sse_split_feed(struct sse_split *s, str bytes);
/* The next event inside whole events: cuts it (with its blank line) from *bytes. False when *bytes
 * is empty. */
bool sse_next(str *bytes, str *event);

struct sse_event {
    str type; /* "event:"; empty: message */
    str data; /* data lines joined with LF; points into the event when there is one line, else into
                 the arena */
    bool has_data;
    str id;
    int64_t retry_ms; /* -1: absent */
};
/* Reads one event as sse_next gave it. Comments only: has_data false and everything empty. A BOM
 * before the event is ignored; the standard says so for the first one only, and later ones would
 * hide a line from us that a lenient client reads. */
void sse_parse(struct arena *a, str event, struct sse_event *out);

/* "event: type\ndata: line\ndata: line\n\n"; type may be empty. CR, LF and CRLF in data begin
 * another data line; in type they make the buf fail. */
void sse_put(struct buf *b, str type, str data);
void sse_put_comment(struct buf *b, str text); /* ": text\n\n" */
