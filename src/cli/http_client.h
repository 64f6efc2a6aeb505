/* One request, from a program that has nothing else to do: the command line's HTTP client.
 *
 * Built on the gateway's own dialler, TLS and codec, so that there is one implementation of HTTP.
 * http_client_run looks like a blocking call: it opens a loop, runs one task in it and closes it.
 * The answer comes through callbacks as it arrives. Not from within a loop. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "wire/http1.h"

struct http_request {
    str url; /* base URL: http, https or http+unix:/socket */
    str method;
    str path;                          /* below the base URL, with its query */
    str bearer;                        /* empty: no credential */
    const struct http_header *headers; /* these stand in for the ones made here */
    size_t n_headers;
    str content_type; /* empty: no body */
    str body;
    const char *ca;   /* PEM file instead of the system's certificates; NULL: the system's */
    int64_t total_us; /* for everything; 0: as long as it takes */
    /* As the final head has come; may be NULL. */
    void (*on_head)(void *arg, const struct http_head *head);
    /* For each piece of the body; negative ends the request with that code. */
    int (*on_body)(void *arg, str bytes);
    void *arg;
};

struct http_outcome {
    int status;     /* 0: no answer came */
    struct err err; /* texts in the arena */
};

/* 0 when a whole answer came, whatever its status; else a negative code with out->err filled, and
 * out->status when the answer had begun. */
NODISCARD int http_client_run(const struct http_request *r, struct arena *a,
                              struct http_outcome *out);

/* The path to ask for: base path and path joined. A base URL written as an SDK wants it, with /v1,
 * serves as well: of /v1/v1 one is left out. Pure. */
str http_client_target(struct arena *a, str base_path, str path);
/* May http_request.headers hold this name? Those that frame the message are made here only. Pure.
 */
bool http_client_allows_header(str name);
