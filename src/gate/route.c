/* Choosing a target, and the next one after a failure.
 *
 * Whose turn it is comes from smooth weighted round-robin over the provider's endpoints and,
 * apart from that, its keys. After a failure two things may be tried again without any risk of
 * doing something twice: a request on a pooled connection that the provider had closed meanwhile
 * (once, on a fresh connection), and a connection that could not be made (at the provider's next
 * endpoint, each once). Everything else is the client's decision. */
#include "gate/route.h"

#include "base/err.h"

#define CANDIDATES_MAX 64 /* as the option table allows */

static size_t endpoint_turn(struct lease *lease, const struct provider *p)
{
    unsigned weights[CANDIDATES_MAX];
    size_t n = MIN(p->n_endpoints, (size_t)CANDIDATES_MAX);
    if (n < 2)
        return 0;
    for (size_t i = 0; i < n; i++)
        weights[i] = p->endpoints[i].weight;
    return wrr_next(&lease->endpoint_credit[p->endpoints[0].index], weights, n);
}

static const struct provider_key *key_turn(struct lease *lease, const struct provider *p)
{
    unsigned weights[CANDIDATES_MAX];
    size_t n = MIN(p->n_keys, (size_t)CANDIDATES_MAX);
    if (n == 0)
        return NULL;
    if (n == 1)
        return &p->keys[0];
    for (size_t i = 0; i < n; i++)
        weights[i] = p->keys[i].weight;
    return &p->keys[wrr_next(&lease->key_credit[p->keys[0].index], weights, n)];
}

void plan_begin(struct plan *p, struct lease *lease, const struct provider *provider)
{
    *p = (struct plan){.provider = provider, .first = endpoint_turn(lease, provider)};
    p->current = (struct target){.endpoint = &provider->endpoints[p->first],
                                 .key = key_turn(lease, provider)};
}

/* Failures after which nothing can have reached the provider's model. */
static bool was_never_sent(int code)
{
    return code == -E_DNS || code == -E_DNS_TIMEOUT || code == -E_CONNECT ||
           code == -E_CONNECT_TIMEOUT || code == -E_TLS || code == -E_TLS_TIMEOUT ||
           code == -E_PROXY;
}

const struct target *plan_next(struct plan *p, int code, bool was_reused, bool may_resend)
{
    p->attempts++;
    if (!may_resend || p->attempts >= PLAN_ATTEMPTS_MAX)
        return NULL;
    if (was_reused && (code == -E_RESET || code == -E_IO)) {
        p->current.must_be_fresh = true;
        return &p->current;
    }
    if (!was_never_sent(code))
        return NULL;
    p->tried++;
    if (p->tried >= p->provider->n_endpoints)
        return NULL;
    size_t i = (p->first + p->tried) % p->provider->n_endpoints;
    p->current.endpoint = &p->provider->endpoints[i];
    p->current.must_be_fresh = false;
    return &p->current;
}
