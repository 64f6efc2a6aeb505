/* The session table: references, replacement, bound. */
#include "rt/tls_cache.c"

#include <stdio.h>

#include "tap.h"

static void ref(void *value)
{
    ++*(int *)value;
}

static void unref(void *value)
{
    --*(int *)value;
}

int main(void)
{
    static struct tls_cache c;
    static int counts[TLS_CACHE_MAX + 1];
    char key[16];
    tls_cache_init(&c, ref, unref);
    ok(!tls_cache_get(&c, "a:1"), "nothing there at first");

    int first = 1, second = 1;
    tls_cache_put(&c, "a:1", &first);
    ok(tls_cache_get(&c, "a:1") == &first, "what was put is got");
    is_int(first, 2, "with a reference of its own");
    ok(!tls_cache_get(&c, "a:2"), "the port counts");
    tls_cache_put(&c, "a:1", &second);
    is_int(first, 1, "a later one replaces it");
    ok(tls_cache_get(&c, "a:1") == &second, "and is got");
    second--;

    for (size_t i = 0; i < TLS_CACHE_MAX; i++) {
        snprintf(key, sizeof(key), "h:%zu", i);
        counts[i] = 1;
        tls_cache_put(&c, key, &counts[i]);
    }
    is_int(second, 0, "the oldest made room");
    ok(tls_cache_get(&c, "h:0") == &counts[0], "the first of many is still there");
    counts[0]--;
    counts[TLS_CACHE_MAX] = 1;
    tls_cache_put(&c, "more", &counts[TLS_CACHE_MAX]);
    ok(tls_cache_get(&c, "h:0") == &counts[0], "and stays, having been used");
    counts[0]--;
    ok(!tls_cache_get(&c, "h:1"), "the one used longest ago has gone");

    tls_cache_fini(&c);
    int left = 0;
    for (size_t i = 0; i <= TLS_CACHE_MAX; i++)
        left += counts[i];
    is_int(left, 0, "no reference is left");
    return tap_done();
}
