#include "gate/snapshot.c"

#include "gate/config_fakes.h"
#include "tap.h"

static const char text[] = "auth: {mode: open}\nproviders:\n"
                           "  openai: {api_key: \"${env:SET_A}\"}\n"
                           "  pool: {kind: openai, base_url: http://a/v1, max_concurrent: 2}\n"
                           "models:\n  fast: {use: openai/gpt-5-mini}\n"
                           "  deep: {use: pool/meta/llama}\n  fist: {use: sim/echo}\n";

static struct snapshot *compile(void)
{
    struct config *c = config_parse_with(str_from_cz(text), S("f"), &fake_sources);
    struct snapshot *s = snapshot_compile(c);

    must(s);
    return s;
}

static void test_find(const struct snapshot *s)
{
    struct model_ref m;

    is_int(snapshot_find_model(s, S("fast"), &m), 0, "an alias");
    is_str(m.provider->id, S("openai"), "its provider");
    is_str(m.upstream_model, S("gpt-5-mini"), "its model");
    is_str(m.route, S("fast"), "its name");
    is_int(snapshot_find_model(s, S("pool/meta/llama"), &m), 0, "provider/model");
    is_str(m.upstream_model, S("meta/llama"), "everything behind the first slash");
    is_int(m.route.n, 0, "no alias");
    is_int(snapshot_find_model(s, S("sim/echo"), &m), 0, "the simulator");
    static const char *const bad[] = {"", "fas", "openai", "openai/", "/x", "opnai/x", "FAST"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        is_int(snapshot_find_model(s, str_from_cz(bad[i]), &m), -E_MODEL_NOT_FOUND, bad[i]);
}

static void test_suggest(const struct snapshot *s)
{
    static char large[4096];
    struct arena a;

    arena_init(&a, 4096, 1 << 20);
    is_str(snapshot_suggest_models(s, S("fats"), &a), S("did you mean fast, fist?"), "near names");
    is_str(snapshot_suggest_models(s, S("opnai/gpt-9"), &a), S("did you mean openai/gpt-9?"),
           "a provider's name");
    is_str(snapshot_suggest_models(s, S("gpt-5-mini"), &a), S("did you mean openai/gpt-5-mini?"),
           "a bare name");
    is_str(snapshot_suggest_models(s, S("zzzzzzzz/x"), &a), S(""), "nothing near");
    is_str(snapshot_suggest_models(s, S_EMPTY, &a), S(""), "nothing at all");
    memset(large, 'x', sizeof large);
    is_str(snapshot_suggest_models(s, str_of(large, sizeof large), &a), S(""), "a long name");
    arena_fini(&a);
}

static void test_nearest_first(void)
{
    struct suggestions list = {.n = 0};

    suggest(&list, S("c"), 3);
    suggest(&list, S("a"), 1);
    suggest(&list, S("b"), 2);
    suggest(&list, S("d"), 3);
    suggest(&list, S("0"), 0);
    is_int(list.n, SUGGESTIONS_MAX, "bounded");
    is_str(list.names[0], S("0"), "the nearest");
    is_str(list.names[1], S("a"), "the next");
    is_str(list.names[2], S("b"), "the last");
}

static void test_slots(void)
{
    _Atomic unsigned inflight = 0;
    struct provider two = {.max_concurrent = 2, .inflight = &inflight};
    struct provider any = {.max_concurrent = 0, .inflight = &inflight};

    ok(provider_slot_acquire(&two) && provider_slot_acquire(&two), "two places");
    ok(!provider_slot_acquire(&two), "and no third");
    provider_slot_release(&two);
    ok(provider_slot_acquire(&two), "one that was given back is taken again");
    ok(provider_slot_acquire(&any), "without a limit there always is one");
    provider_slot_release(&any);
    is_int(atomic_load(&inflight), 2, "and nobody counts");
}

static void test_inflight(void)
{
    struct snapshot *old = compile(), *new = compile();
    _Atomic unsigned *counter = old->providers[1].inflight;

    ok(counter == new->providers[1].inflight, "one counter for both versions");
    ok(counter != new->providers[0].inflight, "another one for another provider");
    atomic_fetch_add(counter, 1);
    snapshot_release(old);
    is_int(atomic_load(new->providers[1].inflight), 1, "it outlives the old version");
    snapshot_release(new);
    ok(registry.n == 0, "and goes with the last one");
}

static void test_references(void)
{
    struct snapshot *s = compile();

    ok(snapshot_ref(s) == s, "a lease");
    snapshot_release(s);
    is_int(s->n_models, 3, "still there");
    snapshot_release(s);
    snapshot_release(NULL);
}

int main(void)
{
    struct snapshot *s = compile();

    test_find(s);
    test_suggest(s);
    snapshot_release(s);
    test_nearest_first();
    test_inflight();
    test_slots();
    test_references();
    return tap_done();
}
