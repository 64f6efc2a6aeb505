/* A small array under a mutex. It is looked at twice in a handshake, which costs a thousand times
 * more than the search, so there is nothing to gain from a cleverer structure. The lock is held for
 * the search only; references are counted, so a value outlives its entry for whoever got it. */
#include "rt/tls_cache.h"

#include <stdlib.h>
#include <string.h>

void tls_cache_init(struct tls_cache *c, void (*ref)(void *value), void (*unref)(void *value))
{
    *c = (struct tls_cache){.ref = ref, .unref = unref};
    (void)pthread_mutex_init(&c->lock, NULL); /* cannot fail without attributes on Linux */
}

static void entry_clear(struct tls_cache *c, struct tls_cache_entry *entry)
{
    if (entry->value)
        c->unref(entry->value);
    free(entry->key);
    *entry = (struct tls_cache_entry){.key = NULL};
}

void tls_cache_fini(struct tls_cache *c)
{
    for (size_t i = 0; i < TLS_CACHE_MAX; i++)
        entry_clear(c, &c->entries[i]);
    (void)pthread_mutex_destroy(&c->lock); /* nobody holds it */
}

static struct tls_cache_entry *find(struct tls_cache *c, const char *key)
{
    for (size_t i = 0; i < TLS_CACHE_MAX; i++) {
        if (c->entries[i].key && strcmp(c->entries[i].key, key) == 0)
            return &c->entries[i];
    }
    return NULL;
}

static struct tls_cache_entry *oldest(struct tls_cache *c)
{
    struct tls_cache_entry *found = &c->entries[0];
    for (size_t i = 1; i < TLS_CACHE_MAX; i++) {
        if (c->entries[i].used < found->used)
            found = &c->entries[i];
    }
    return found;
}

void tls_cache_put(struct tls_cache *c, const char *key, void *value)
{
    char *copy = strdup(key);
    if (!copy)
        out_of_memory(strlen(key));
    (void)pthread_mutex_lock(&c->lock); /* cannot fail: not recursive, ours */
    struct tls_cache_entry *entry = find(c, key);
    if (!entry)
        entry = oldest(c);
    entry_clear(c, entry);
    *entry = (struct tls_cache_entry){.key = copy, .value = value, .used = ++c->clock};
    (void)pthread_mutex_unlock(&c->lock);
}

void *tls_cache_get(struct tls_cache *c, const char *key)
{
    void *value = NULL;
    (void)pthread_mutex_lock(&c->lock);
    struct tls_cache_entry *entry = find(c, key);
    if (entry) {
        entry->used = ++c->clock;
        value = entry->value;
        c->ref(value);
    }
    (void)pthread_mutex_unlock(&c->lock);
    return value;
}
