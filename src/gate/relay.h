/* Relaying a request to a provider of the same dialect: the handlers of most paths. */
#pragma once

#include "base/defs.h"
#include "gate/call.h"
#include "gate/exchange.h"
#include "llm/request.h"

/* POST with a JSON body that names a model. */
NODISCARD int relay_json(struct exchange *x) MAY_YIELD;
/* POST of multipart/form-data with a model field, passed on as it arrives. */
NODISCARD int relay_multipart(struct exchange *x) MAY_YIELD;

/* Finds what `model` means and whether the caller may use it: fills x->model and x->target, or
 * x->err. */
NODISCARD int relay_find_target(struct exchange *x, str model);
/* When the exchange must be over: the provider's total time, shortened by tb-timeout ("30s",
 * "1500ms" or seconds); never lengthened. */
int64_t relay_deadline(const struct exchange *x);
/* Tries the plan's targets in turn. 0 with an open call whose head is there. */
NODISCARD int relay_open(struct exchange *x, struct plan *plan, const struct call_request *r,
                         struct call *call) MAY_YIELD;
/* Passes the answer on and closes the call. `adds_usage`: stream_options.include_usage was ours. */
NODISCARD int answer_relay(struct exchange *x, struct call *call, bool adds_usage) MAY_YIELD;
/* Reads an answer's body whole, at most `max` bytes, into a pooled buf; the call stays open. */
NODISCARD int answer_read(struct call *call, struct buf *out) MAY_YIELD;
/* Turns a provider's refusal (status >= 400, or an error object) into x->err. `body` is what it
 * said. */
int answer_refusal(struct exchange *x, const struct call *call, str body);
/* The header lines of a provider's answer that are passed on: as many as fit, none with its key. */
void answer_put_headers(const struct call *call, struct buf *out);

/* The streamed case of answer_relay, in answer_stream.c. */
NODISCARD int answer_stream(struct exchange *x, struct call *call, bool adds_usage) MAY_YIELD;
/* Tells the client inside its stream, between two events, what went wrong, in its dialect, and
 * ends it. `head` is what reply_begin made, if it has not been sent. */
void answer_end_with_error(struct exchange *x, struct buf *head) MAY_YIELD;
