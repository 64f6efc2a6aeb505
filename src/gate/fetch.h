/* One HTTP request from start to end: dial, send, read the whole answer, close.
 *
 * For what the gateway itself wants to know: tokens of identity providers, and what a client's
 * request names by URL. Requests to providers are gate/call.h. A task of a worker calls it; nothing
 * is pooled, and an answer is held whole, so it has a maximum.
 *
 * A URL that comes from a request is fetched under DIAL_PUBLIC: http and https on their own ports
 * to a name or address that a browser would read the same way (no user information, no fragment,
 * no number in disguise), whose addresses are all public ones and are the ones connected to
 * (rt/dial.h). Each redirect is checked anew. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "rt/dial.h"
#include "wire/http1.h"

#define FETCH_REDIRECTS_MAX 3

struct fetch_request {
    str method;                        /* empty: GET */
    str url;                           /* http, https */
    const struct http_header *headers; /* besides host, content-length, accept-encoding */
    size_t n_headers;
    str body;
    enum dial_policy policy;
    bool follows;   /* redirects of GET, at most FETCH_REDIRECTS_MAX, never from https to http; to
                     another origin without our headers */
    bool is_direct; /* no proxy, whatever the environment says: metadata services */
    const struct dial_proxy *proxy; /* NULL: the environment's */
    const char *ca, *cert, *key;    /* as in struct tls_client_options */
    int64_t timeout_us;             /* of the whole, > 0; the task's deadline holds besides */
    size_t max_bytes;               /* of the answer's body */
};

struct fetch_answer {
    int status;
    str content_type; /* in the arena, as are the next two; empty: not said */
    str date;
    str url; /* that answered in the end */
    struct buf body;
};

/* 0 with *out, whatever the status; fetch_answer_fini afterwards. Or, with nothing to release, an
 * error code and `e` filled: dial's codes, -E_BAD_REQUEST (the URL), -E_ADDRESS_DENIED,
 * -E_FIRST_BYTE_TIMEOUT (the timeout), -E_TOTAL_TIMEOUT (the task's deadline), -E_RESET,
 * -E_PROVIDER_HTTP, -E_PROVIDER_TRUNCATED, -E_PROVIDER_TOO_LARGE, the cancel code. Texts name the
 * host, never query or headers. */
NODISCARD int fetch(const struct fetch_request *r, struct arena *a, struct fetch_answer *out,
                    struct err *e) MAY_YIELD;
void fetch_answer_fini(struct fetch_answer *f);

/* A URL as fetch reads it. 0; or -E_BAD_REQUEST, or under DIAL_PUBLIC -E_ADDRESS_DENIED for what
 * only hides a forbidden address, with a static *why that ends the sentence "the URL ...". */
struct fetch_url {
    bool is_tls;
    str host; /* lower case, no brackets */
    uint16_t port;
    str authority; /* for the Host header */
    str target;    /* path and query */
};
NODISCARD int fetch_url_read(struct arena *a, str url, enum dial_policy policy,
                             struct fetch_url *out, const char **why);
