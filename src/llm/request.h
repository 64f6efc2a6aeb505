/* What the gateway reads of a request it relays, and the few bytes it changes.
 *
 * Client and provider speak the same dialect here, so the body is scanned, not rebuilt: `model`,
 * where the dialect has it in the body, is replaced, stream_options gets include_usage when the tap
 * needs it, every other byte goes on as it came. Pure. */
#pragma once

#include <sys/uio.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "llm/operation.h"
#include "wire/json_scan.h"

#define REQUEST_MODEL_MAX  256
#define REQUEST_EDITS_MAX  2
#define REQUEST_PIECES_MAX (2 * REQUEST_EDITS_MAX + 1)

struct request {
    str body;
    struct json_scan scan;
    str model; /* as the client named it, unescaped */
    bool is_stream;
    bool has_tools;
    bool is_without_effort; /* reasoning_effort is "none" */
    bool asks_usage;        /* the client itself set stream_options.include_usage */
    bool adds_usage;        /* we set it for the client; the stream's usage is stripped again */
};

/* Reads a JSON body. Of an operation that has its model in the path, out->model and out->is_stream
 * are set by the caller and kept. 0, or -E_JSON (message with the offset), -E_DUPLICATE_MEMBER,
 * -E_MODEL_MISSING, -E_BAD_REQUEST, each with message and param in `e`. Everything lives in `a`
 * or points into body. */
NODISCARD int request_read(struct arena *a, const struct operation *op, str body,
                           struct request *out, struct err *e);
/* Does the conversation hold what the gateway has put into an answer of another provider's, which
 * its provider would refuse: a wrapped seal, as it is or, in a blob of Bedrock's, in base64 once
 * more; the id of an item that it has made; a call's id? Then it cannot be relayed as it is. */
bool request_has_marks(const struct request *r, const struct operation *op);
/* The body for the provider as pieces of the old body and new bytes; returns their number (at
 * most REQUEST_PIECES_MAX) and the total length. */
size_t request_write(struct arena *a, const struct request *r, str upstream_model,
                     struct iovec *pieces, size_t *total);
/* A model name that can be looked up and logged: 1..REQUEST_MODEL_MAX bytes, no control
 * characters. */
bool request_model_is_sane(str model);
