#include "gate/vendor.c"

#include <string.h>

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

/* Is it the name of a variable that holds a key: ACME_API_KEY, HF_TOKEN? */
static bool is_variable(str name)
{
    bool is_sound = str_has_suffix(name, S("_KEY")) || str_has_suffix(name, S("_TOKEN")) ||
                    str_has_suffix(name, S("_PAT"));
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        is_sound = is_sound && ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_');
    }
    return is_sound;
}

/* Two rows with one variable would be two providers of one key. */
static bool is_variable_shared(size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (vendor_at(i)->env && strcmp(vendor_at(i)->env, vendor_at(row)->env) == 0)
            return true;
    return false;
}

/* A scheme ends in a space; a header of its own takes the bare key. */
static bool has_sound_auth(const struct vendor *v)
{
    str scheme = str_from_cz(v->auth_scheme);
    bool is_common = strcmp(v->auth_header, "authorization") == 0;
    return is_common == (scheme.n > 0) && (scheme.n == 0 || str_has_suffix(scheme, S(" ")));
}

static void test_rows(void)
{
    ok(vendor_count() >= 60, "many are known");
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
        ok(!str_has_suffix(str_from_cz(v->base_url), S("/")), "no slash at the end");
        ok(has_sound_auth(v), v->id);
        bool has_variable = v->env && v->env[0] != '\0';
        ok(!has_variable || is_variable(str_from_cz(v->env)), v->env ? v->env : "none");
        ok(!has_variable || !is_variable_shared(i), v->env ? v->env : "none");
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
