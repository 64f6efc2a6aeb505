#include "gate/vendor.c"

#include "gate/config_value.h"
#include "tap.h"

/* The base URL with something in its places. */
static str filled(struct arena *a, const char *pattern)
{
    str head, name, rest = str_from_cz(pattern);
    str url = S_EMPTY;
    while (str_cut(rest, '{', &head, &name)) {
        str parts[] = {url, head, S("x")};
        url = arena_concat(a, parts, ARRAY_LEN(parts));
        must(str_cut(name, '}', &name, &rest));
    }
    str parts[] = {url, rest};
    return arena_concat(a, parts, ARRAY_LEN(parts));
}

static void test_rows(void)
{
    for (size_t i = 0; i < vendor_count(); i++) {
        const struct vendor *v = vendor_at(i);
        struct value_url url;
        const char *why = NULL;
        struct arena a;
        arena_init(&a, 512, 4096);
        ok(value_is_id(str_from_cz(v->id)) && vendor_find(str_from_cz(v->id)) == v, v->id);
        is_int(value_url(&a, filled(&a, v->base_url), &url, &why), 0, v->base_url);
        ok(v->kind != PROVIDER_SIM, "speaks a dialect");
        ok(value_is_header_name(str_from_cz(v->auth_header)), "a header for its key");
        ok(v->env || str_eq(url.host, S("127.0.0.1")), "who needs no key is a local engine");
        ok(!v->env || url.is_tls, "a key goes over TLS only");
        arena_fini(&a);
    }
}

static void test_kinds(void)
{
    enum provider_kind kind;
    const struct vendor *v = NULL;

    ok(vendor_kind(S("groq"), &kind, &v) && v && kind == PROVIDER_OPENAI_CHAT, "a vendor");
    ok(vendor_kind(S("openai-responses"), &kind, &v) && !v && kind == PROVIDER_OPENAI_RESPONSES,
       "a dialect");
    ok(vendor_kind(S("sim"), &kind, &v) && !v && kind == PROVIDER_SIM, "the simulator");
    ok(vendor_kind(S("anthropic"), &kind, &v) && v && kind == PROVIDER_ANTHROPIC, "a dialect");
    ok(!vendor_kind(S("oci"), &kind, &v) && vendor_kind_is_later(S("oci")), "later");
    ok(!vendor_kind(S("OpenAI"), &kind, &v), "names are exact");
    ok(!vendor_kind_is_later(S("opnai")), "unknown is not later");
    is_str(vendor_nearest_kind(S("opnai")), S("openai"), "near");
    is_str(vendor_nearest_kind(S("zzzzzz")), S(""), "not near");
    for (size_t i = 0; i < ARRAY_LEN(later); i++)
        ok(!vendor_kind(str_from_cz(later[i]), &kind, &v), later[i]);
}

int main(void)
{
    test_rows();
    test_kinds();
    return tap_done();
}
