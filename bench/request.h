/* The chat request that the load generator sends, as the official OpenAI SDK for Python writes
 * it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct request_shape {
    int port;
    const char *key;   /* sent as the bearer token */
    const char *model; /* as the client names it */
    bool streams;
    const char *mock; /* TTFT:ITL:CHUNKS for mock_provider, or NULL */
    int body_bytes;   /* exact size of the body, unless the text around the messages is longer */
};

/* Head and body in one allocation; *n is their length together. */
char *request_make(const struct request_shape *shape, size_t *n);
