#include "gate/config_check.c"

#include "gate/config_fakes.h"
#include "tap.h"

static struct config *c;

static const struct config_node *check(const char *text)
{
    config_free(c);
    c = config_parse_with(str_from_cz(text), S("f"), &fake_sources);
    return c->root;
}

/* The node at a path of keys and "[0]"-like steps, given one by one. */
static const struct config_node *at(const struct config_node *n, const char *path)
{
    str rest = str_from_cz(path), step;
    bool more = true;

    while (more && n) {
        more = str_cut(rest, '/', &step, &rest);
        if (n->type == CONFIG_LIST)
            n = str_eq(step, S("0")) ? n->first : n->last;
        else
            n = config_get_str(n, step);
    }
    return n;
}

static void test_defaults(void)
{
    const struct config_node *root = check("version: 1");

    is_int(config_error_count(c), 0, "nothing is required");
    is_str(at(root, "server/listen/0/addr")->text, S("127.0.0.1:8080"), "listen");
    is_str(at(root, "server/admin/addr")->text, S("127.0.0.1:8081"), "admin");
    ok(at(root, "server/workers")->is_word, "workers: auto");
    is_int(at(root, "server/limits/body")->number, 32 << 20, "body");
    is_int(at(root, "server/limits/header")->number, 32 << 10, "header");
    is_int(at(root, "server/limits/reply")->number, 32 << 20, "reply");
    is_int(at(root, "server/limits/event")->number, 8 << 20, "event");
    is_int(at(root, "server/limits/connections")->number, 20000, "connections");
    is_int(at(root, "server/limits/idle_upstream")->number, 2048, "idle_upstream");
    is_int(at(root, "server/limits/drain")->number, 30000000, "drain");
    is_int(at(root, "server/timeouts/header")->number, 10000000, "header timeout");
    is_int(at(root, "server/timeouts/heartbeat")->number, 15000000, "heartbeat");
    is_int(at(root, "auth/mode")->number, 1, "auth: keys");
    is_int(at(root, "observability/log/level")->number, 1, "log: info");
    ok(!at(root, "server/listen/0/tls") && !at(root, "providers"), "what has no default is absent");
    ok(at(root, "server/limits/body")->is_default, "defaults are marked");
    root = check("providers: {a: {kind: sim, timeouts: {connect: 1s}}}");
    is_int(at(root, "providers/a/timeouts/connect")->number, 1000000, "what is given");
    is_int(at(root, "providers/a/timeouts/total")->number, 900000000, "the rest is default");
}

/* Every default is valid by the rules of its own row. */
static void test_fallbacks(void)
{
    check("providers: {a: {kind: sim, endpoints: [http://a], keys: [{id: a, value: "
          "\"${env:SET_A}\"}]}}\n"
          "keys: [{id: a, secret_hash: "
          "\"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"}]");
    is_int(config_error_count(c), 0, "all defaults are valid");
}

static void test_short_forms(void)
{
    const struct config_node *root =
        check("server: {listen: [unix:/a, {addr: \":1\"}], admin: off}");

    is_str(at(root, "server/listen/0/addr")->text, S("unix:/a"), "an element that is an address");
    is_str(at(root, "server/listen/1/addr")->text, S(":1"), "one that is a mapping");
    ok(at(root, "server/admin")->is_word, "off");
    root = check("server: {listen: {addr: \"127.0.0.1:1\"}}");
    is_str(at(root, "server/listen/0/addr")->text, S("127.0.0.1:1"), "a mapping alone");
    is_str(config_path(&c->arena, at(root, "server/listen/0/addr")), S("server.listen[0].addr"),
           "its path");
    is_int(at(root, "server/listen/0/addr")->at.line, 1, "its place");
}

int main(void)
{
    test_defaults();
    test_fallbacks();
    test_short_forms();
    config_free(c);
    return tap_done();
}
