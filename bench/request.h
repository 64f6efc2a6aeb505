/* The request that the load generator sends, as the official SDKs for Python write it: OpenAI's
 * chat completions or Responses, Anthropic's Messages. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct request_shape {
    int port;
    const char *dialect; /* "chat", "responses" or "anthropic" */
    const char *key;
    const char *model; /* as the client names it */
    bool streams;
    const char *mock; /* TTFT:ITL:CHUNKS for mock_provider, or NULL */
    int tools;        /* that the model is offered */
    int body_bytes;   /* exact size of the body, unless the text around the messages is longer */
};

/* Head and body in one allocation; *n is their length together. */
char *request_make(const struct request_shape *shape, size_t *n);
/* How the last event of a whole stream begins. */
const char *request_end_mark(const struct request_shape *shape);
