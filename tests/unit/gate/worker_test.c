#include "gate/worker.c"

#include <stdlib.h>

#include "gate/config_fakes.h"
#include "tap.h"

#define CANDIDATES 8

static void test_known_order(void)
{
    static const unsigned weights[] = {5, 1, 1};
    static const size_t want[] = {0, 0, 1, 0, 2, 0, 0}; /* nginx's example */
    int credit[3] = {0};
    for (size_t i = 0; i < 3 * ARRAY_LEN(want); i++)
        is_int(wrr_next(credit, weights, 3), want[i % ARRAY_LEN(want)], "smoothly by weight");
    ok(credit[0] == 0 && credit[1] == 0 && credit[2] == 0, "a round ends where it began");
    int one = 0;
    is_int(wrr_next(&one, (const unsigned[]){1000}, 1), 0, "one candidate");
    is_int(one, 0, "gathers no credit");
}

/* Over a round everybody gets exactly their share, and at no time does anybody lag or lead by a
 * whole turn or more. */
static bool is_fair(const unsigned weights[], size_t n)
{
    int credit[CANDIDATES] = {0};
    unsigned taken[CANDIDATES] = {0}, sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += weights[i];
    for (unsigned turn = 1; turn <= 2 * sum; turn++) {
        taken[wrr_next(credit, weights, n)]++;
        for (size_t i = 0; i < n; i++) {
            double due = (double)turn * weights[i] / sum;
            if (taken[i] - due >= (double)n || due - taken[i] >= (double)n ||
                abs(credit[i]) > (int)sum)
                return false;
        }
    }
    for (size_t i = 0; i < n; i++)
        if (taken[i] != 2 * weights[i] || credit[i] != 0)
            return false;
    return true;
}

static void test_shares(void)
{
    unsigned weights[CANDIDATES];
    size_t bad = 0;
    srandom(1);
    for (int round = 0; round < 500; round++) {
        size_t n = 1 + (size_t)random() % CANDIDATES;
        for (size_t i = 0; i < n; i++)
            weights[i] = 1 + (unsigned)random() % (round % 10 == 0 ? 1000 : 9);
        bad += !is_fair(weights, n);
    }
    is_int(bad, 0, "exact shares, whatever the weights");
    ok(is_fair((const unsigned[]){1, 1, 1, 1}, 4), "even turns");
    ok(is_fair((const unsigned[]){1000, 1}, 2), "the largest weight beside the smallest");
}

/* ---- leases ---- */

static struct snapshot *compile(void)
{
    static const char text[] = "auth: {mode: open}\nproviders:\n"
                               "  pool: {kind: openai, endpoints: [\"http://a/v1\", "
                               "\"http://b/v1\"], keys: [{id: a, value: x}]}\n";
    struct snapshot *s =
        snapshot_compile(config_parse_with(str_from_cz(text), S("f"), &fake_sources));
    must(s);
    return s;
}

static unsigned refs(struct snapshot *s)
{
    return atomic_load(&s->refs);
}

static void test_leases(void)
{
    static struct worker w;
    struct snapshot *first = compile(), *second = compile();
    snapshot_ref(first); /* ours, to look at them when the worker is done with them */
    snapshot_ref(second);
    worker_begin(&w, 3);
    ok(worker_self == &w && w.index == 3 && w.loop, "a worker begins");
    worker_adopt(&w, first);
    is_int(refs(first), 2, "one reference");
    struct lease *a = lease_acquire(&w), *b = lease_acquire(&w);
    ok(a == b && a->snapshot == first && refs(first) == 2, "a lease counts without it");
    a->endpoint_credit[first->n_endpoints - 1] = 1;
    a->key_credit[first->n_provider_keys - 1] = 1;
    worker_adopt(&w, second);
    struct lease *c = lease_acquire(&w);
    ok(c->snapshot == second && c->endpoint_credit[0] == 0, "what comes later uses the new one");
    is_int(refs(first), 2, "what began before keeps the old one");
    lease_release(&w, a);
    is_int(refs(first), 2, "all of it");
    lease_release(&w, b);
    is_int(refs(first), 1, "until the last is done");
    lease_release(&w, c);
    is_int(refs(second), 2, "the current one stays");
    worker_end(&w);
    ok(refs(second) == 1 && !worker_self, "until the worker ends");
    snapshot_release(first);
    snapshot_release(second);
}

int main(void)
{
    test_known_order();
    test_shares();
    test_leases();
    return tap_done();
}
