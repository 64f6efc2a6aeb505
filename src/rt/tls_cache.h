/* The sessions a TLS client may resume: a bounded table from "host:port" to a counted object.
 *
 * Any thread. It knows nothing of TLS: how to take and to give back a reference is told at the
 * beginning. When it is full, the entry used longest ago makes room. */
#pragma once

#include <pthread.h>

#include "base/defs.h"

#define TLS_CACHE_MAX 128

struct tls_cache_entry {
    char *key;     /* OWNED; NULL: free */
    void *value;   /* one reference */
    uint64_t used; /* by tls_cache.clock; 0: free */
};

struct tls_cache {
    pthread_mutex_t lock; /* of all that follows */
    void (*ref)(void *value);
    void (*unref)(void *value);
    uint64_t clock;
    struct tls_cache_entry entries[TLS_CACHE_MAX];
};

void tls_cache_init(struct tls_cache *c, void (*ref)(void *value), void (*unref)(void *value));
void tls_cache_fini(struct tls_cache *c); /* no other thread uses it */
/* Takes the caller's reference; an older value of the key is given back. */
void tls_cache_put(struct tls_cache *c, const char *key, void *value);
/* A reference of the caller's own, or NULL. */
OWNED void *tls_cache_get(struct tls_cache *c, const char *key);
