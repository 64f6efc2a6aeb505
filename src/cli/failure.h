/* Telling why a request came to nothing: what happened, what to know, what to do next.
 *
 * Reads the error objects of both listeners: OpenAI's with the gateway's part, and RFC 9457. */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "cli/http_client.h"
#include "cli/instance.h"

struct failure {
    str message; /* never empty */
    str hint;    /* may be empty */
    str code;    /* "TB-1008", may be empty */
};

/* What the body of an answer with an error status says. Pure. */
void failure_read(struct arena *a, int status, str body, struct failure *out);

/* The same on stderr, with the next command to try; returns the exit code for `status`. */
int failure_tell_answer(struct arena *a, const struct instance *to, int status, str body);
/* For a request that got no whole answer. */
int failure_tell_outcome(const struct instance *to, const struct http_outcome *out);
