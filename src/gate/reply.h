/* Writing answers: heads with the tb- headers, whole bodies, streams, errors. */
#pragma once

#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"
#include "gate/exchange.h"

/* A whole answer. `extra` are further header lines ("retry-after: 3\r\n"), may be empty. */
NODISCARD int reply_whole(struct exchange *x, int status, str content_type, str extra,
                          str body) MAY_YIELD;
/* Same with the body in pieces. A body above NET_SEND_HIGH must lie in memory that stays put
 * while the task waits; a smaller one may lie in the scratch buffer. */
NODISCARD int reply_pieces(struct exchange *x, int status, str content_type, str extra,
                           const struct iovec *body, size_t n) MAY_YIELD;
/* Begins a streamed answer (chunked, or until close for HTTP/1.0). Sets x->committed. The head
 * goes out with the first reply_chunk, or at once with reply_flush_head. */
void reply_begin(struct exchange *x, int status, str content_type, str extra, struct buf *head);
/* One chunk made of pieces, with `head` (from reply_begin) before it if it is not empty; head is
 * reset. Never waits, so that the pieces may lie in the scratch buffer: whoever has used that up
 * calls reply_drain. */
NODISCARD int reply_chunk(struct exchange *x, struct buf *head, const struct iovec *pieces,
                          size_t n);
/* Back-pressure: waits while the client is more than NET_SEND_HIGH bytes behind. */
NODISCARD int reply_drain(struct exchange *x) MAY_YIELD;
/* The end of a streamed answer. */
NODISCARD int reply_end(struct exchange *x, struct buf *head);

/* Writes x->err in the path's shape; nothing when the client has gone. After commit: nothing,
 * the caller ends the stream in its dialect. */
void reply_error(struct exchange *x) MAY_YIELD;
/* The dialect that the client speaks: its operation's, its path's, or, on a path that several SDKs
 * share, what its headers tell. */
enum dialect_id reply_dialect(const struct exchange *x);
/* The OpenAI error object (without the outer braces' "error" member) with the gateway object
 * inside. */
void reply_put_error_object(struct exchange *x, struct buf *b);
/* The gateway object of an error, as raw JSON. */
void reply_put_gateway_object(const struct exchange *x, struct buf *b);
/* Value of tb-attempts. */
void reply_put_attempts(const struct exchange *x, struct buf *out);
