#include "gate/snapshot_provider.c"

#include <stdlib.h>

#include "gate/config_fakes.h"
#include "tap.h"

static struct snapshot *compile(const char *text, const struct config_sources *sources)
{
    struct config *c = config_parse_with(str_from_cz(text), S("f"), sources);
    struct snapshot *s = snapshot_compile(c);

    if (!s) {
        struct buf b;
        buf_init(&b, 1 << 20);
        config_render_text(c, &b, false);
        printf("# %.*s\n", (int)b.n, b.p);
        buf_fini(&b);
        config_free(c);
    }
    must(s);
    return s;
}

static void test_provider(void)
{
    struct snapshot *s = compile(
        "auth: {mode: open}\nproviders:\n"
        "  groq: {api_key: \"${env:SET_A}\"}\n"
        "  pool:\n    kind: openai\n    max_concurrent: 64\n    timeouts: {connect: 1s}\n"
        "    endpoints: [{url: \"http://GPU1:8000/v1/\", weight: 2}, "
        "\"http+unix:/run/v.sock:/v1\"]\n"
        "    keys: [{id: a, value: \"${env:SET_A}\", weight: 3}, {id: b, value: "
        "\"${env:SET_B}\"}]\n"
        "    headers: {x-team: ml, authorization: \"${env:SET_H}\"}\n    forward_headers: [x-s]\n",
        &fake_sources);
    const struct provider *groq = &s->providers[0], *pool = &s->providers[1];

    is_int(s->n_providers, 3, "two and sim");
    is_int(s->n_endpoints, 3, "endpoints are counted");
    is_int(s->n_provider_keys, 3, "keys are counted");
    is_str(groq->endpoints[0].host, S("api.groq.com"), "a vendor's place");
    is_str(groq->endpoints[0].base_path, S("/openai/v1"), "and path");
    is_int(groq->kind, PROVIDER_OPENAI_CHAT, "and dialect");
    is_str(groq->keys[0].id, S("default"), "the only key");
    is_str(groq->auth_header, S("authorization"), "header");
    is_str(groq->auth_scheme, S("Bearer "), "scheme");
    is_str(pool->endpoints[0].url, S("http://GPU1:8000/v1/"), "as configured");
    is_str(pool->endpoints[0].authority, S("gpu1:8000"), "for the Host header");
    is_str(pool->endpoints[0].pool_key, S("http://gpu1:8000"), "pool key");
    is_int(pool->endpoints[0].weight, 2, "weight");
    is_str(pool->endpoints[1].unix_path, S("/run/v.sock"), "a socket");
    is_str(pool->endpoints[1].pool_key, S("unix:/run/v.sock"), "its pool key");
    ok(pool->endpoints[1].provider == pool && pool->endpoints[1].index == 2, "back and number");
    ok(secret_equals(pool->keys[1].value, S(RESOLVED)), "a secret");
    is_int(pool->keys[0].weight, 3, "its weight");
    is_str(pool->headers[0].name, S("x-team"), "a header");
    is_str(pool->headers[1].value, S(RESOLVED), "a secret header");
    is_str(pool->forward_headers[0], S("x-s"), "a forwarded header");
    is_int(pool->timeouts.connect_us, 1000000, "a timeout");
    is_int(pool->timeouts.first_byte_us, 120000000, "a default");
    is_int(pool->max_concurrent, 64, "a limit");
    is_str(pool->origin, S("file"), "origin");
    is_str(s->providers[2].id, S("sim"), "sim is last");
    is_int(s->providers[2].timeouts.total_us, 900000000, "and has a deadline");
    snapshot_release(s);
}

/* Where a cloud is, by what the file says of its place. */
static void test_places(void)
{
    static const struct {
        const char *provider, *host, *path;
    } cases[] = {
        {"vertex: {project: p, location: europe-west4, ", "europe-west4-aiplatform.googleapis.com",
         ""},
        {"vertex: {project: p, location: global, ", "aiplatform.googleapis.com", ""},
        {"vertex: {project: p, location: eu, ", "aiplatform.eu.rep.googleapis.com", ""},
        {"vertex: {project: p, location: us, ", "aiplatform.us.rep.googleapis.com", ""},
        {"bedrock: {region: eu-west-1, ", "bedrock-runtime.eu-west-1.amazonaws.com", ""},
        {"bedrock-openai: {region: eu-west-1, ", "bedrock-runtime.eu-west-1.amazonaws.com",
         "/openai/v1"},
        {"bedrock-mantle: {region: eu-west-1, ", "bedrock-mantle.eu-west-1.api.aws", "/v1"},
        {"sagemaker: {region: eu-west-1, ", "runtime.sagemaker.eu-west-1.amazonaws.com", ""},
        {"azure: {resource: r-1, ", "r-1.openai.azure.com", ""},
        {"azure-foundry: {resource: r-1, ", "r-1.services.ai.azure.com", "/models"},
        {"databricks: {resource: adb-1.azuredatabricks.net, ", "adb-1.azuredatabricks.net",
         "/serving-endpoints"},
        {"anthropic: {base_url: \"https://h/v1\", ", "h", ""},
        {"anthropic: {base_url: \"https://h/anthropic\", ", "h", "/anthropic"},
        {"gemini: {base_url: \"https://h/v1beta/\", ", "h", ""},
        {"cohere: {base_url: \"https://h/p/v2\", ", "h", "/p"},
        {"openai: {base_url: \"https://h/v1\", ", "h", "/v1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[512];
        (void)snprintf(text, sizeof text,
                       "auth: {mode: open}\nproviders:\n  %sapi_key: \"${env:SET_A}\"}\n",
                       cases[i].provider);
        struct snapshot *s = compile(text, &fake_sources);
        is_str(s->providers[0].endpoints[0].host, str_from_cz(cases[i].host), cases[i].provider);
        is_str(s->providers[0].endpoints[0].base_path, str_from_cz(cases[i].path), "its path");
        snapshot_release(s);
    }
}

static void test_proxy(void)
{
    must(setenv("HTTPS_PROXY", "http://user:pw@proxy:3128", 1) == 0);
    must(unsetenv("https_proxy") == 0 && unsetenv("NO_PROXY") == 0 && unsetenv("no_proxy") == 0);
    struct snapshot *s =
        compile("auth: {mode: open}\nproviders:\n  a: {kind: openai, base_url: https://h/v1}\n"
                "  b: {kind: openai, base_url: https://h/v1, proxy: off}\n"
                "  c: {kind: openai, base_url: https://h/v1, proxy: \"http://other:1\"}\n",
                &fake_open_sources);
    const struct endpoint *a = &s->providers[0].endpoints[0];

    ok(a->proxy && a->proxy->port == 3128 && a->proxy->authorization.n > 0, "the environment's");
    ok(str_find(a->pool_key, S("pw")) == STR_NONE, "no password in the pool key");
    ok(!s->providers[1].endpoints[0].proxy, "off");
    is_str(s->providers[2].endpoints[0].proxy->host, S("other"), "its own");
    ok(!str_eq(a->pool_key, s->providers[1].endpoints[0].pool_key), "another way, another pool");
    ok(s->providers[0].tls && s->providers[0].tls == s->providers[1].tls, "equal TLS is shared");
    snapshot_release(s);
    must(unsetenv("HTTPS_PROXY") == 0);
}

int main(void)
{
    test_provider();
    test_places();
    test_proxy();
    return tap_done();
}
