#include "gate/snapshot_compile.c"

#include "gate/config_fakes.h"
#include "tap.h"

#define HASH_A "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static struct snapshot *compile(const char *text)
{
    struct config *c = config_parse_with(str_from_cz(text), S("f.yaml"), &fake_sources);
    struct snapshot *s = snapshot_compile(c);

    if (!s)
        config_free(c);
    return s;
}

static void test_server(void)
{
    struct snapshot *s = compile(
        "server:\n  listen: [127.0.0.1:8080, unix:/run/a]\n  admin: off\n  workers: 3\n"
        "  limits: {body: 1MiB, drain: 1m}\n  timeouts: {heartbeat: off, header: 2s}\n"
        "auth: {mode: open}\nobservability: {log: {level: error, format: text, file: /tmp/l}}\n");

    must(s);
    is_int(s->n_listen, 2, "two addresses");
    is_str(s->listen[1].text, S("unix:/run/a"), "as configured");
    ok(!s->admin, "admin is off");
    is_int(s->workers, 3, "workers");
    is_int(s->limits.body_bytes, 1 << 20, "body");
    is_int(s->limits.reply_bytes, 32 << 20, "a default");
    is_int(s->limits.drain_us, 60000000, "drain");
    is_int(s->timeouts.heartbeat_us, 0, "no heartbeat");
    is_int(s->timeouts.header_us, 2000000, "a timeout");
    is_int(s->auth_mode, AUTH_OPEN, "open");
    ok(!s->admin_key, "no admin key: to be made");
    is_int(s->log.level, LOG_ERROR, "log level");
    is_int(s->log.format, LOG_TEXT, "log format");
    is_str(str_from_cz(s->log.path), S("/tmp/l"), "log file");
    is_str(s->source, S("f.yaml"), "source");
    is_int(s->n_providers, 1, "sim is always there");
    is_str(s->providers[0].origin, S("builtin"), "by itself");
    ok(s->config && config_problems(s->config) == NULL, "the tree");
    snapshot_release(s);
}

static void test_workers(void)
{
    struct snapshot *s = compile("auth: {mode: open}");

    must(s);
    ok(s->workers >= 1 && s->workers <= 256, "as many as there are cores");
    ok(s->admin && s->n_listen == 1, "default addresses");
    snapshot_release(s);
}

static void test_keys(void)
{
    struct snapshot *s =
        compile("auth: {admin_key: \"${env:SET_K}\"}\nmodels: {fast: {use: sim/echo}}\n"
                "keys:\n  - {id: a, secret_hash: \"" HASH_A "\", models: [fast, \"sim/*\", \"*\"], "
                "expires: 2099-01-01, headers: off}\n");
    uint8_t hash[SHA256_BYTES];

    must(s);
    crypt_sha256(S("test"), hash);
    const struct gateway_key *k =
        table_get(&s->keys_by_hash, str_of((const char *)hash, sizeof hash));
    must(k);
    is_str(k->id, S("a"), "found by its hash");
    is_int(k->n_models, 3, "models");
    is_str(k->models[1], S("sim/*"), "a prefix");
    ok(k->expires_wall_us > INT64_C(4000000000000000) && k->expires_wall_us < INT64_MAX, "expiry");
    is_int(k->headers, AUTH_HEADERS_OFF, "headers");
    ok(secret_equals(s->admin_key, S(RESOLVED)), "admin key");
    snapshot_release(s);
}

static void test_refused(void)
{
    ok(!compile("auth: {mode: open}\nserver: {listen: \"0.0.0.0:1\"}"), "open on a network");
    ok(!compile("a: {"), "no YAML");
    ok(!compile(""), "nothing");
    ok(!compile("[]"), "no mapping");
    ok(!compile("models: {a: {use: nobody/x}}"), "an unknown provider");
    struct snapshot *s = compile("server: {listen: \"0.0.0.0:1\"}");
    ok(s, "keys mode may listen anywhere, with a warning that there are none");
    snapshot_release(s);
}

static void test_many(void)
{
    struct buf b;

    buf_init(&b, 4 << 20);
    buf_put(&b, S("auth: {mode: open}\nproviders:\n"));
    for (int i = 0; i < 2000; i++)
        buf_printf(&b, "  p%d: {kind: openai, base_url: http://h%d/v1}\n", i, i);
    buf_put(&b, S("models:\n"));
    for (int i = 0; i < 10000; i++)
        buf_printf(&b, "  m%d: {use: p%d/x}\n", i, i % 2000);
    buf_put_char(&b, '\0');
    struct snapshot *s = compile(b.p);
    must(s);
    is_int(s->n_providers, 2001, "many providers");
    is_int(s->n_models, 10000, "many models");
    snapshot_release(s);
    buf_fini(&b);
}

int main(void)
{
    test_server();
    test_workers();
    test_keys();
    test_refused();
    test_many();
    return tap_done();
}
