/* A URL as fetch reads it. What is accepted cannot inject into a request head, names one host and
 * port, and reads the same when it is put together again; what a request may name leads to the two
 * usual ports, and a host of digits is an address as everybody writes it. */
#include <arpa/inet.h>

#include "gate/fetch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_public(struct arena *a, const struct fetch_url *u)
{
    struct in_addr ipv4;
    const char *host = arena_cz(a, u->host);
    must(u->port == 80 || u->port == 443);
    must(inet_aton(host, &ipv4) == 0 || inet_pton(AF_INET, host, &ipv4) == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fetch_url u, again;
    const char *why = NULL;
    struct arena a;
    if (size == 0)
        return 0;
    enum dial_policy policy = data[0] & 1 ? DIAL_PUBLIC : DIAL_ANY;
    str url = str_of((const char *)data + 1, size - 1);
    arena_init(&a, 0, SIZE_MAX / 2);
    if (fetch_url_read(&a, url, policy, &u, &why) < 0) {
        must(why);
    } else {
        must(u.host.n > 0 && u.port > 0 && u.target.n > 0 && u.target.p[0] == '/');
        for (size_t i = 0; i < u.target.n; i++)
            must(u.target.p[i] > ' ' && u.target.p[i] < 0x7f);
        str parts[] = {u.is_tls ? S("https://") : S("http://"), u.authority, u.target};
        must(fetch_url_read(&a, arena_concat(&a, parts, 3), policy, &again, &why) == 0);
        must(str_eq(u.authority, again.authority) && str_eq(u.target, again.target));
        if (policy == DIAL_PUBLIC)
            must_be_public(&a, &u);
    }
    arena_fini(&a);
    return 0;
}
