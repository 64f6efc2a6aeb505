#include "gate/route.c"

#include <string.h>

#include "base/err.h"
#include "tap.h"

#define ENDPOINTS_MAX 80

static struct endpoint endpoints[ENDPOINTS_MAX];
static struct provider_key keys[ENDPOINTS_MAX];
static int endpoint_credit[2 * ENDPOINTS_MAX], key_credit[2 * ENDPOINTS_MAX];
static struct lease lease = {.endpoint_credit = endpoint_credit, .key_credit = key_credit};

/* Endpoints and keys whose turns are kept from index 3 and 5 on; key i weighs i + 1. */
static struct provider provider_of(size_t n_endpoints, size_t n_keys)
{
    memset(endpoint_credit, 0, sizeof endpoint_credit);
    memset(key_credit, 0, sizeof key_credit);
    for (size_t i = 0; i < ENDPOINTS_MAX; i++) {
        endpoints[i] = (struct endpoint){.weight = 1, .index = (uint32_t)i + 3};
        keys[i] = (struct provider_key){.weight = (unsigned)i + 1, .index = (uint32_t)i + 5};
    }
    return (struct provider){
        .endpoints = endpoints, .n_endpoints = n_endpoints, .keys = keys, .n_keys = n_keys};
}

static void test_turns(void)
{
    struct provider p = provider_of(3, 2);
    size_t endpoint_count[3] = {0}, key_count[2] = {0};
    for (int i = 0; i < 30; i++) {
        struct plan plan;
        plan_begin(&plan, &lease, &p);
        ok(plan.attempts == 0 && !plan.current.must_be_fresh, "a plan begins anew");
        endpoint_count[plan.current.endpoint - endpoints]++;
        key_count[plan.current.key - keys]++;
    }
    for (size_t i = 0; i < 3; i++)
        is_int(endpoint_count[i], 10, "endpoints take turns");
    is_int(key_count[0], 10, "keys by weight");
    is_int(key_count[1], 20, "apart from the endpoints");
    int others = 0;
    for (size_t i = 0; i < ARRAY_LEN(endpoint_credit); i++)
        others += (i < 3 || i > 5) && endpoint_credit[i] != 0;
    is_int(others, 0, "nobody else's turn is touched");
}

static void test_few(void)
{
    struct plan plan;
    struct provider p = provider_of(1, 0);
    plan_begin(&plan, &lease, &p);
    ok(plan.current.endpoint == &endpoints[0] && !plan.current.key, "one endpoint, no key");
    p = provider_of(1, 1);
    plan_begin(&plan, &lease, &p);
    ok(plan.current.key == &keys[0], "one key");
    p = provider_of(ENDPOINTS_MAX, ENDPOINTS_MAX);
    for (size_t i = 0; i < 2 * (size_t)ENDPOINTS_MAX; i++) {
        plan_begin(&plan, &lease, &p);
        must(plan.current.endpoint < &endpoints[CANDIDATES_MAX] &&
             plan.current.key < &keys[CANDIDATES_MAX]);
    }
    ok(true, "of very many the first take turns");
}

static void test_unreachable(void)
{
    static const int codes[] = {E_DNS, E_DNS_TIMEOUT, E_CONNECT, E_CONNECT_TIMEOUT,
                                E_TLS, E_TLS_TIMEOUT, E_PROXY};
    struct provider p = provider_of(3, 1);
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        struct plan plan;
        plan_begin(&plan, &lease, &p);
        size_t first = plan.first;
        for (size_t k = 1; k < 3; k++) {
            const struct target *t = plan_next(&plan, -codes[i], false, true);
            ok(t && t->endpoint == &endpoints[(first + k) % 3] && t->key == &keys[0],
               err_info(codes[i])->name);
        }
        ok(!plan_next(&plan, -codes[i], false, true), "each endpoint once");
    }
    struct plan plan;
    p = provider_of(10, 1);
    plan_begin(&plan, &lease, &p);
    unsigned attempts = 1;
    while (plan_next(&plan, -E_CONNECT, false, true))
        attempts++;
    is_int(attempts, PLAN_ATTEMPTS_MAX, "and not endlessly many");
}

static void test_stale_connection(void)
{
    static const int codes[] = {E_RESET, E_IO};
    struct provider p = provider_of(2, 1);
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        struct plan plan;
        plan_begin(&plan, &lease, &p);
        const struct endpoint *first = plan.current.endpoint;
        const struct target *t = plan_next(&plan, -codes[i], true, true);
        ok(t && t->endpoint == first && t->must_be_fresh, "the same place, on a new connection");
        ok(!plan_next(&plan, -codes[i], false, true), "once");

        plan_begin(&plan, &lease, &p);
        ok(!plan_next(&plan, -codes[i], false, true), "a new connection is not stale");

        plan_begin(&plan, &lease, &p);
        ok(!plan_next(&plan, -codes[i], true, false), "a request that is gone is not sent again");

        plan_begin(&plan, &lease, &p);
        first = plan.current.endpoint;
        must(plan_next(&plan, -codes[i], true, true));
        t = plan_next(&plan, -E_CONNECT, false, true);
        ok(t && t->endpoint != first && !t->must_be_fresh, "gone altogether: the next place");
    }
}

/* Everything that may have reached the model, or that will not get better. */
static void test_no_retry(void)
{
    struct provider p = provider_of(3, 1);
    static const int again[] = {E_DNS, E_DNS_TIMEOUT, E_CONNECT, E_CONNECT_TIMEOUT,
                                E_TLS, E_TLS_TIMEOUT, E_PROXY};
    for (int code = 1; code < E_COUNT; code++) {
        bool may = false;
        for (size_t i = 0; i < ARRAY_LEN(again); i++)
            may = may || code == again[i];
        struct plan plan;
        plan_begin(&plan, &lease, &p);
        bool was = plan_next(&plan, -code, false, true) != NULL;
        plan_begin(&plan, &lease, &p);
        bool was_gone = plan_next(&plan, -code, false, false) != NULL;
        ok(was == may && !was_gone, err_info(code)->name);
    }
}

int main(void)
{
    test_turns();
    test_few();
    test_unreachable();
    test_stale_connection();
    test_no_retry();
    return tap_done();
}
