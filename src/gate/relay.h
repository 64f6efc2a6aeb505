/* Relaying a request to a provider of the same dialect: the handlers of most paths. */
#pragma once

#include "base/defs.h"
#include "gate/call.h"
#include "gate/exchange.h"
#include "gate/translator.h"
#include "llm/request.h"

/* POST with a JSON body that names a model. */
NODISCARD int relay_json(struct exchange *x) MAY_YIELD;
/* POST with a JSON body whose model stands in the path: {id}, or {rest} with Gemini's method behind
 * a colon. */
NODISCARD int relay_model_path(struct exchange *x) MAY_YIELD;
NODISCARD int relay_model_verb(struct exchange *x) MAY_YIELD;
/* POST of multipart/form-data with a model field, passed on as it arrives. */
NODISCARD int relay_multipart(struct exchange *x) MAY_YIELD;

/* Finds what `model` means and whether the caller may use it: fills x->model and x->target, or
 * x->err. */
NODISCARD int relay_find_target(struct exchange *x, str model);
/* Fills method, path, content type and headers of a request to x->service. `betas`: what a body
 * that was written here needs in anthropic-beta. */
void relay_address(struct exchange *x, bool is_stream, str betas, struct call_request *r);
/* When the exchange must be over: the provider's total time, shortened by tb-timeout ("30s",
 * "1500ms" or seconds); never lengthened. */
int64_t relay_deadline(const struct exchange *x);
/* Tries the plan's targets in turn. 0 with an open call whose head is there. */
NODISCARD int relay_open(struct exchange *x, struct plan *plan, const struct call_request *r,
                         struct call *call) MAY_YIELD;
/* Passes the answer on and closes the call. `adds_usage`: stream_options.include_usage was ours. */
NODISCARD int answer_relay(struct exchange *x, struct call *call, bool adds_usage) MAY_YIELD;
/* Whether an answer with status 200 to a request for a stream is one. Its type says so, unless that
 * is JSON, as some servers call either, or is missing; then its first bytes do, and the next wait
 * has to be call_next's. Closes the call when it fails. */
NODISCARD int answer_find_stream(struct call *call, enum framing framing,
                                 bool *is_stream) MAY_YIELD;
/* Reads an answer's body whole, at most `max` bytes, into a pooled buf; the call stays open. */
NODISCARD int answer_read(struct call *call, struct buf *out) MAY_YIELD;
/* Turns a provider's refusal (status >= 400, or an error object) into x->err. `body` is what it
 * said. */
int answer_refusal(struct exchange *x, const struct call *call, str body);
/* The header lines of a provider's answer that are passed on: as many as fit, none with its key. */
void answer_put_headers(const struct call *call, struct buf *out);

/* The same as text; S_EMPTY when they are too many. */
str answer_passed(struct arena *a, const struct call *call);
/* Reads what a refusal says, as far as it comes. 0, or an error code when the client has gone. */
NODISCARD int answer_read_refusal(struct exchange *x, struct call *call,
                                  struct buf *body) MAY_YIELD;
/* Makes x->err of a refusal that has been read, in the provider's dialect: nothing of it that shows
 * the provider's key. */
int answer_refusal_in(struct exchange *x, const struct call *call, const struct dialect *d,
                      str body);

/* Streamed answers, in answer_stream.c: relayed (the streamed case of answer_relay), translated,
 * or gathered by a translator that folds (the call is closed, nothing is sent). */
NODISCARD int answer_stream(struct exchange *x, struct call *call, bool adds_usage) MAY_YIELD;
NODISCARD int answer_translate(struct exchange *x, struct call *call,
                               const struct translator_setup *setup) MAY_YIELD;
NODISCARD int answer_gather(struct exchange *x, struct call *call, struct translator *t) MAY_YIELD;
/* A whole answer, already read, as a stream. */
NODISCARD int answer_play(struct exchange *x, const struct translator_setup *setup,
                          const struct reply *reply) MAY_YIELD;
/* Tells the client inside its stream, between two events, what went wrong, in its dialect, and
 * ends it. `head` is what reply_begin made, if it has not been sent. */
void answer_end_with_error(struct exchange *x, struct buf *head) MAY_YIELD;
