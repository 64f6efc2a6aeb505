/* A call: one attempt at a provider. The only way out of the process for a request's bytes.
 *
 * call_open borrows or dials a connection, sends the request and reads the head of the answer;
 * call_next pulls the body; call_close gives the connection back or closes it. Times spent
 * waiting are added to x->upstream_us. */
#pragma once

#include <sys/uio.h>

#include "base/defs.h"
#include "gate/credential.h"
#include "gate/exchange.h"
#include "gate/route.h"
#include "gate/upstream.h"
#include "wire/http1.h"

#define CALL_PIECES 16 /* of a request body */

/* What is sent: the head is made from it for each attempt. */
struct call_request {
    str method;
    str path;         /* behind the endpoint's base path, with query; begins with '/' */
    str content_type; /* empty: no body */
    const struct http_header
        *headers; /* the dialect's own: in place of the client's of that name */
    size_t n_headers;
    bool needs_bearer;          /* SageMaker's OpenAI route: a token made of a signature */
    const struct iovec *pieces; /* of the body; stay put */
    size_t n_pieces;
    size_t body_bytes; /* sum of the pieces, or of what `more` will give */
    /* For a body that is still arriving: after the pieces, `more` is called until it gives none;
     * it may yield. Such a request cannot be sent twice. NULL: the pieces are all. */
    int (*more)(void *arg, struct iovec *out, size_t *n);
    void *more_arg;
    bool is_chunked; /* the length is not known */
};

struct call {
    struct exchange *x;
    const struct target *target;
    struct attempt *attempt;
    struct upstream *up;
    str method;                   /* of the request */
    struct credential credential; /* what was shown, if it is a fetched one; in x->request */
    struct http_head head;        /* of the answer; in x->request */
    struct http1_body body;
    char *p; /* received, undecoded bytes in the scratch buffer: gone after the next wait */
    size_t n;
    str peeked;            /* decoded, and call_next gives it first; in the scratch buffer */
    bool was_reused;       /* on a pooled connection */
    bool holds_slot;       /* one of the provider's max_concurrent */
    bool is_broken;        /* the framing is wrong behind what has been decoded */
    bool is_sent;          /* the request, to its end */
    int64_t looked_us;     /* when a wait for the provider last ended */
    int64_t idle_until_us; /* it may be silent until then */
};

/* 0 with the final head (1xx skipped) in c->head; or an error code with x->err filled and
 * everything closed. */
NODISCARD int call_open(struct call *c, struct exchange *x, const struct target *t,
                        const struct call_request *r) MAY_YIELD;
/* The next decoded bytes, all that are at hand, in one piece in the scratch buffer: valid until
 * the next wait. Empty: the end. Fails with x->err filled: -E_PROVIDER_TRUNCATED,
 * -E_PROVIDER_HTTP, -E_IDLE_TIMEOUT, -E_TOTAL_TIMEOUT, the cancel code; or -E_AGAIN, with
 * nothing filled, when `until_us` came first (TASK_NO_DEADLINE: never). */
NODISCARD int call_next(struct call *c, str *bytes, int64_t until_us) MAY_YIELD;
/* What call_next will give, left where it is. Nothing may wait between the two. */
NODISCARD int call_peek(struct call *c, str *bytes) MAY_YIELD;
/* `code`: how the attempt ended, 0 or -E_X. A connection is kept only after a whole answer. */
void call_close(struct call *c, int code);
