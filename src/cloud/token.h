/* What all ways to a credential have in common: a request to send, and the token in its answer.
 *
 * The files of this folder know what to send to whom and how to read what comes back; they do
 * neither. gate/credential.h sends, waits, keeps and renews. All texts live in the arena that the
 * function was given. A function that can refuse says why in *why: one sentence without the
 * secrets it is about. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/str.h"
#include "wire/http1.h"

#define CLOUD_HEADERS_MAX 8
#define CLOUD_LIFE_MAX_S  (INT64_C(10) * 365 * 86400) /* a longer life is cut to it */

struct cloud_request {
    str method;
    str url; /* http or https, with query */
    struct http_header headers[CLOUD_HEADERS_MAX];
    size_t n_headers;
    str body; /* with a content-type among the headers; empty: none */
};
void cloud_header(struct cloud_request *r, str name, str value);

struct cloud_token {
    str value;
    int64_t expires_us; /* wall clock; 0: never */
};

/* Reads the JSON answer of an OAuth 2 token endpoint (RFC 6749 5.1): access_token, and expires_in
 * as a number or a string of one; Azure's managed identity says expires_on besides. Without either
 * a token is good for an hour. `asked_us`: the wall clock when the request was sent. Also fails for
 * an answer with an error member, whose code and description go into *why. */
NODISCARD int cloud_token_read(struct arena *a, str json, int64_t asked_us, struct cloud_token *out,
                               str *why);
/* What an answer that is no success says about its cause, for *why: OAuth's error and
 * error_description, Google's error.message, AWS's Code and Message (JSON or XML); else its first
 * line, cut. No control characters. */
str cloud_refusal(struct arena *a, int status, str body);

/* A form body (application/x-www-form-urlencoded), grown pair by pair. */
struct buf;
void cloud_form_put(struct buf *form, str name, str value);
/* "Basic ..." of id and secret, each encoded as in a form (RFC 6749 2.3.1). */
str cloud_basic(struct arena *a, str id, str secret);
void cloud_percent_encode(struct buf *out, str s); /* all but A-Z a-z 0-9 - . _ ~ */
