/* gate/credential: one flight for all, renewal, failure, refusal, silence, and the end of sources,
 * keepers and threads. */
#include "gate/credential.c"

#include <stdatomic.h>

#include "fake_cloud.h"

static void start_keeper(struct credential_source *s)
{
    pthread_mutex_lock(&s->lock);
    start(s);
    pthread_mutex_unlock(&s->lock);
}

/* ---- one source ---- */

static void test_static(void)
{
    struct secret *key = secret_new(S("sk-1"));
    struct credential_settings o = {
        .provider = S("p"), .header = S("api-key"), .kind = CREDENTIAL_STATIC, .value = key};
    struct credential_source *s = credential_acquire(&o);
    secret_free(key);
    is_int(get(s), 0, "a plain key");
    is_str(one.c.header.name, S("api-key"), "its header");
    is_str(one.c.header.value, S("sk-1"), "its value");
    ok(!one.c.signs && !renew(s, ""), "nothing to sign, nothing to renew");
    release(s);
}

static void test_one_flight(void)
{
    enum { N = 20 };
    static struct getter many[N];
    struct credential_settings o = oauth("/hour");
    struct credential_source *s = credential_acquire(&o);
    asked = 0;
    for (size_t i = 0; i < N; i++) {
        many[i] = (struct getter){.source = s, .wait_us = 3000000};
        arena_init(&many[i].a, 0, 1 << 20);
        (void)task_spawn(get_task, &many[i]);
    }
    for (size_t i = 0; i < N; i++)
        harness_until(&many[i].is_done);
    bool is_same = true;
    for (size_t i = 0; i < N; i++) {
        is_same = is_same && many[i].rc == 0 && str_eq(many[i].c.header.value, S("Bearer token-1"));
        arena_fini(&many[i].a);
    }
    ok(is_same, "all get the token");
    is_int(asked, 1, "of one flight");
    ok(has_received("authorization: Basic Y2xpZW50Og==\r\n"), "which said who we are");
    ok(get(s) == 0 && asked == 1, "and later ones, too");
    is_str(one.c.header.name, S("authorization"), "in the usual header");
    harness_turn_ms(20);
    is_int(asked, 1, "late kicks are no reason to fly again");
    struct credential_source *again = credential_acquire(&o);
    ok(again == s, "equal settings share the source");
    o.oauth.scope = S("x");
    struct credential_source *other = credential_acquire(&o);
    ok(other != s, "others do not");
    credential_release(other);
    credential_release(again);
    release(s);
}

static void test_renewal(void)
{
    struct credential_settings o = oauth("/short");
    struct credential_source *s = credential_acquire(&o);
    asked = 0;
    is_int(get(s), 0, "a token for a second");
    is_str(one.c.header.value, S("Bearer token-1"), "the first");
    harness_turn_ms(1200);
    is_int(asked, 2, "is renewed without a request");
    ok(get(s) == 0 && str_eq(one.c.header.value, S("Bearer token-2")), "the second");
    release(s);
}

static void test_refusal(void)
{
    struct credential_settings o = oauth("/hour");
    struct credential_source *s = credential_acquire(&o);
    asked = 0;
    is_int(get(s), 0, "a token");
    struct credential first = one.c;
    ok(renew(s, ""), "that is refused is renewed");
    is_str(one.c.header.value, S("Bearer token-2"), "with another one");
    ok(!renew(s, "") && asked == 2, "but not twice a minute");
    one.c = first;
    ok(renew(s, "") && asked == 2 && str_eq(one.c.header.value, S("Bearer token-2")),
       "who was refused with the old one gets the new one");
    release(s);
    o = oauth("/same");
    s = credential_acquire(&o);
    is_int(get(s), 0, "a token");
    asked = 0;
    ok(!renew(s, "") && asked == 1, "renewed with the same one: the refusal stands");
    release(s);
}

static void test_failure(void)
{
    static const struct {
        const char *path, *message;
    } cases[] = {
        {"/refuse", "No credential for the provider \"p\": the token endpoint: status 401, "
                    "invalid_client: who?"},
        {"/html",
         "No credential for the provider \"p\": the token endpoint: the answer is no JSON"},
        {"/over", "No credential for the provider \"p\": what came has expired already: are the "
                  "clocks right?"},
        {"/nowhere",
         "No credential for the provider \"p\": the token endpoint: status 404, nothing here"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct credential_settings o = oauth(cases[i].path);
        struct credential_source *s = credential_acquire(&o);
        asked = 0;
        is_int(get(s), -E_CREDENTIAL, cases[i].path);
        is_str(err_message(&one.e), str_from_cz(cases[i].message), "says what failed");
        int64_t begin = harness_now_us();
        ok(get(s) == -E_CREDENTIAL && asked == 1 && harness_now_us() - begin < 100000,
           "the next one fails at once");
        release(s);
    }
    struct credential_settings o = oauth("/refuse");
    struct credential_source *s = credential_acquire(&o);
    asked = 0;
    is_int(get(s), -E_CREDENTIAL, "a failure");
    harness_turn_ms(1300);
    is_int(asked, 2, "is tried again by itself");
    release(s);
}

static void test_silence(void)
{
    struct credential_settings o = oauth("/silent");
    struct credential_source *s = credential_acquire(&o);
    arena_fini(&one.a);
    one = (struct getter){.source = s, .wait_us = 30000};
    arena_init(&one.a, 0, 1 << 20);
    struct task *t = task_spawn(get_task, &one);
    harness_until(&one.is_done);
    is_int(one.rc, -E_CREDENTIAL, "a request waits only so long");
    is_str(err_message(&one.e), S("No credential for the provider \"p\": none came in time"),
           "and says so");
    one.is_done = false;
    one.wait_us = 10000000;
    one.e = (struct err){.code = 0};
    t = task_spawn(get_task, &one);
    harness_turn_ms(5);
    task_cancel(t, -E_CLIENT_GONE);
    harness_until(&one.is_done);
    is_int(one.rc, -E_CLIENT_GONE, "or until it is cancelled");
    release(s); /* in the middle of its flight */
    task_cancel(silent, -E_CANCELLED);
    s = credential_acquire(&o);
    start_keeper(s);
    start_keeper(s);
    harness_turn_ms(20);
    credential_thread_end();
    ok(!s->loop, "the keeper ends with its thread, too");
    credential_release(s);
    task_cancel(silent, -E_CANCELLED);
    s = credential_acquire(&o);
    credential_release(s);
    ok(registry.n == 0, "a source that was never used leaves nothing");
}

/* ---- two threads ---- */

static struct credential_source *shared;
static _Atomic bool other_is_done, main_is_done;
static int other_rc;
static bool other_has_it;

static void other_get(void *arg)
{
    struct getter *g = arg;
    get_task(g);
    other_rc = g->rc;
    other_has_it = g->rc == 0 && str_has_prefix(g->c.header.value, S("Bearer token-"));
}

static void *other_main(void *arg)
{
    (void)arg;
    struct loop *l = loop_open();
    struct getter g = {.source = shared, .wait_us = 3000000};
    arena_init(&g.a, 0, 1 << 20);
    (void)task_spawn(other_get, &g);
    while (!g.is_done)
        loop_turn(l, 1);
    atomic_store(&other_is_done, true);
    while (!atomic_load(&main_is_done))
        loop_turn(l, 1);
    credential_thread_end();
    arena_fini(&g.a);
    dns_thread_end();
    loop_close(l);
    pool_trim();
    log_thread_end();
    return NULL;
}

/* The keeper is on one thread, a waiter on the other; then the keeper's thread ends. */
static void test_threads(bool keeper_is_here)
{
    pthread_t thread;
    struct credential_settings o = oauth("/hour");
    shared = credential_acquire(&o);
    asked = 0;
    atomic_store(&other_is_done, false);
    atomic_store(&main_is_done, false);
    if (keeper_is_here)
        start_keeper(shared);
    must(pthread_create(&thread, NULL, other_main, NULL) == 0);
    while (!atomic_load(&other_is_done))
        loop_turn(harness_loop, 1);
    ok(other_rc == 0 && other_has_it, "a token crosses threads");
    is_int(asked, 1, "of one flight");
    ok(get(shared) == 0 && asked == 1, "both see it");
    ok(renew(shared, "") && asked == 2, "a renewal is asked for across threads");
    atomic_store(&main_is_done, true);
    pthread_join(thread, NULL);
    ok(get(shared) == 0 && asked >= 2, "the source outlives the other thread");
    ok(shared->loop == harness_loop, "with a keeper here");
    release(shared);
}

int main(void)
{
    cloud_open();
    test_static();
    test_one_flight();
    test_renewal();
    test_refusal();
    test_failure();
    test_silence();
    test_threads(true);
    test_threads(false);
    return cloud_close();
}
