#include "cli/instance.c"

#include "tap.h"

static struct arena a;

static void test_url_of(void)
{
    is_str(instance_url_of(&a, S("127.0.0.1:8081"), false), S("http://127.0.0.1:8081"), "IPv4");
    is_str(instance_url_of(&a, S("[::1]:8081"), true), S("https://[::1]:8081"), "IPv6 with TLS");
    is_str(instance_url_of(&a, S(":8081"), false), S("http://127.0.0.1:8081"), "every address");
    is_str(instance_url_of(&a, S("0.0.0.0:1"), false), S("http://127.0.0.1:1"), "all of IPv4");
    is_str(instance_url_of(&a, S("[::]:1"), false), S("http://[::1]:1"), "all of IPv6");
    is_str(instance_url_of(&a, S("unix:/run/tb"), false), S("http+unix:/run/tb"), "a socket");
    is_str(instance_url_of(&a, S("unix:/run/tb"), true), S(""), "a socket with TLS");
    is_str(instance_url_of(&a, S("127.0.0.1:0"), false), S(""), "a port to be chosen");
    is_str(instance_url_of(&a, S("nothing"), false), S(""), "no address");
    is_str(instance_url_of(&a, S_EMPTY, false), S(""), "nothing");
}

static void test_is_local(void)
{
    ok(is_local(&a, S("http://127.0.0.1:8081")), "loopback");
    ok(is_local(&a, S("https://127.9.9.9")), "all of 127/8");
    ok(is_local(&a, S("http://[::1]:8081")), "IPv6 loopback");
    ok(is_local(&a, S("http://localhost:1")), "by name");
    ok(is_local(&a, S("http+unix:/run/tb")), "a socket");
    ok(!is_local(&a, S("http://10.0.0.1:8081")), "another machine");
    ok(!is_local(&a, S("http://localhost.example.com")), "a name that begins alike");
    ok(!is_local(&a, S("http://127.0.0.1.example.com")), "another");
    ok(!is_local(&a, S("gibberish")), "no URL");
}

/* What the environment says, and nothing else: the folder has no throwbar.yaml. */
static void test_admin_environment(void)
{
    struct instance found;
    setenv("TB_ADMIN_URL", "http://gateway.example:8081", 1);
    setenv("TB_STATE_DIR", "/nonexistent", 1);
    unsetenv("TB_ADMIN_KEY");
    ok(instance_find_admin(&a, NULL, &found), "a URL from the environment");
    is_str(found.url, S("http://gateway.example:8081"), "as it is");
    is_str(found.key, S(""), "no stored key leaves this machine");
    setenv("TB_ADMIN_KEY", " tb-x \n", 1);
    ok(instance_find_admin(&a, NULL, &found), "a key from the environment");
    is_str(found.key, S("tb-x"), "without the blanks round it");
    setenv("TB_URL", "http://gateway.example/v1", 1);
    unsetenv("TB_KEY");
    instance_find(&found);
    is_str(found.url, S("http://gateway.example/v1"), "the clients' URL");
    is_str(found.key, S(""), "no key");
    unsetenv("TB_URL");
    instance_find(&found);
    is_str(found.url, S(INSTANCE_URL), "the default");
}

int main(void)
{
    arena_init(&a, 4096, 1 << 20);
    test_url_of();
    test_is_local();
    test_admin_environment();
    arena_fini(&a);
    return tap_done();
}
