/* Name resolution against a name server inside the loop: what is asked, kept, and who is woken. */
#include "rt/dns.c"

#include "fake_dns.h"
#include "harness.h"
#include "tap.h"

static struct fake_name names[] = {
    {.name = "both.test", .v4 = {"192.0.2.1", "192.0.2.2"}, .v6 = {"2001:db8::1"}, .ttl = 60},
    {.name = "four.test", .v4 = {"192.0.2.4"}, .ttl = 5},
    {.name = "zero.test", .v4 = {"192.0.2.5"}, .ttl = 0},
    {.name = "long.test", .v4 = {"192.0.2.6"}, .ttl = 1000000},
    {.name = "alias.test", .cname = "real.test", .cname_ttl = 3, .v4 = {"192.0.2.7"}, .ttl = 60},
    {.name = "many.test", .v4 = {"192.0.2.10"}, .copies = 40, .ttl = 60},
    {.name = "empty.test"},
    {.name = "broken.test", .rcode = DNS_SERVFAIL},
    {.name = "half.test", .v4 = {"192.0.2.8"}, .ttl = 600, .drops_aaaa = true},
    {.name = "slow.test", .v4 = {"192.0.2.9"}, .ttl = 60, .is_held = true},
    {.name = "mute.test", .v4 = {"192.0.2.9"}, .ttl = 60, .is_held = true},
    {.name = "stale.test", .v4 = {"192.0.2.3"}, .ttl = 5},
    {.name = "gone.test", .v4 = {"192.0.2.3"}, .ttl = 5},
    {.name = "lame.test", .v4 = {"192.0.2.3"}, .ttl = 5},
};
static struct fake_dns server;

struct question {
    const char *host;
    int64_t limit_us; /* 0: none */
    struct task *task;
    int rc;
    const char *reason;
    struct dns_addrs out;
    bool is_done;
    int64_t took_us;
};

static void ask_task(void *arg)
{
    struct question *q = arg;
    int64_t begin = harness_now_us();
    if (q->limit_us > 0)
        (void)task_deadline_narrow(clock_now_us() + q->limit_us);
    q->rc = dns_resolve(str_from_cz(q->host), &q->out, &q->reason);
    q->took_us = harness_now_us() - begin;
    q->is_done = true;
}

static void begin(struct question *q, const char *host)
{
    *q = (struct question){.host = host, .limit_us = q->limit_us};
    q->task = task_spawn(ask_task, q);
}

static struct question *resolve_now(const char *host)
{
    static struct question q;
    q.limit_us = 0;
    begin(&q, host);
    harness_until(&q.is_done);
    return &q;
}

/* The nth address as text. */
static str text_of(const struct dns_addrs *addrs, size_t i)
{
    static char text[INET6_ADDRSTRLEN];
    const struct sockaddr_storage *ss = &addrs->addr[i];
    const void *ip = ss->ss_family == AF_INET
                         ? (const void *)&((const struct sockaddr_in *)ss)->sin_addr
                         : (const void *)&((const struct sockaddr_in6 *)ss)->sin6_addr;
    return i < addrs->n ? str_from_cz(inet_ntop(ss->ss_family, ip, text, sizeof(text))) : S("none");
}

static void test_without_asking(void)
{
    static const char *const bad[] = {
        "",
        ".",
        "a..b",
        ".a",
        "a b",
        "a/b",
        "a\r\nb",
        "host%",
        "[::1]",
        "::g",
        "fe80::1%eth0",
        "1.2.3.4:80",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "0",
        "1.2.3.256",
        "a.b.0x7f",
        "\xef\xbc\x91.test",
        "a.0x",
    };
    unsigned before = server.asked;
    char what[80];
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct question *q = resolve_now(bad[i]);
        snprintf(what, sizeof(what), "not a name: %zu", i);
        ok(q->rc == -E_DNS && strstr(q->reason, "not a valid"), what);
    }
    struct question *q = resolve_now("192.0.2.77");
    ok(q->rc == 0 && q->out.n == 1, "an IPv4 address is its own answer");
    is_str(text_of(&q->out, 0), S("192.0.2.77"), "and the right one");
    q = resolve_now("2001:DB8::5");
    ok(q->rc == 0 && q->out.n == 1, "an IPv6 address too");
    is_str(text_of(&q->out, 0), S("2001:db8::5"), "and the right one");
    static const char *const local[] = {"localhost", "LOCALHOST.", "api.localhost"};
    for (size_t i = 0; i < ARRAY_LEN(local); i++) {
        q = resolve_now(local[i]);
        ok(q->rc == 0 && q->out.n == 2, "localhost has two addresses");
        is_str(text_of(&q->out, 0), S("127.0.0.1"), "IPv4 first");
        is_str(text_of(&q->out, 1), S("::1"), "then IPv6");
    }
    is_int(server.asked, before, "nobody was asked");
    char label[80];
    memset(label, 'a', sizeof(label));
    label[64] = 0;
    is_int(resolve_now(label)->rc, -E_DNS, "a label of 64 is too long");
    char host[300];
    for (size_t i = 0; i < sizeof(host); i++)
        host[i] = i % 2 ? '.' : 'a';
    host[255] = 0;
    is_int(resolve_now(host)->rc, -E_DNS, "a name of 255 is too long");
}

static void test_answers(void)
{
    struct question *q = resolve_now("both.test");
    ok(q->rc == 0 && q->out.n == 3, "all addresses of both families");
    is_str(text_of(&q->out, 0), S("2001:db8::1"), "IPv6 first");
    is_str(text_of(&q->out, 1), S("192.0.2.1"), "then IPv4");
    is_str(text_of(&q->out, 2), S("192.0.2.2"), "and what is left");
    q = resolve_now("BOTH.Test");
    ok(q->rc == 0 && q->out.n == 3, "names are case-insensitive");
    is_int(fake_dns_name(&server, "both.test")->asked_a, 1, "the second question is the cache's");
    q = resolve_now("alias.test");
    ok(q->rc == 0 && q->out.n == 1, "an alias is followed");
    is_str(text_of(&q->out, 0), S("192.0.2.7"), "to the right address");
    q = resolve_now("many.test");
    ok(q->rc == 0 && q->out.n == DNS_ADDRS_MAX, "addresses are bounded");
}

static void test_failures(void)
{
    struct question *q = resolve_now("missing.test");
    is_int(q->rc, -E_DNS, "no such name");
    is_str(str_from_cz(q->reason), S("Domain name not found"), "is said so");
    unsigned before = server.asked;
    is_int(resolve_now("missing.test")->rc, -E_DNS, "again");
    is_int(server.asked, before, "is remembered for a moment");
    q = resolve_now("empty.test");
    ok(q->rc == -E_DNS && strstr(q->reason, "no data"), "a name without addresses");
    q = resolve_now("broken.test");
    ok(q->rc == -E_DNS && q->reason && q->out.n == 0, "SERVFAIL");
    struct name *n = name_get("silent.test");
    n->flights = 1;
    resolver.flights++;
    landed_both(n, ARES_ETIMEOUT, 0, NULL);
    q = resolve_now("silent.test");
    is_int(q->rc, -E_DNS_TIMEOUT, "silent servers are another failure");
}

static void test_single_flight(void)
{
    static struct question q[10];
    for (size_t i = 0; i < ARRAY_LEN(q); i++)
        begin(&q[i], "four.test");
    harness_until(NULL);
    size_t good = 0;
    for (size_t i = 0; i < ARRAY_LEN(q); i++)
        good += q[i].rc == 0 && q[i].out.n == 1;
    is_int(good, ARRAY_LEN(q), "ten tasks have the answer");
    const struct fake_name *f = fake_dns_name(&server, "four.test");
    ok(f->asked_a == 1 && f->asked_aaaa == 1, "of one question for each family");
}

static void test_leaving(void)
{
    struct fake_name *slow = fake_dns_name(&server, "slow.test");
    static struct question cancelled, late, patient;
    late.limit_us = 30000;
    begin(&cancelled, slow->name);
    begin(&late, slow->name);
    begin(&patient, slow->name);
    harness_turn_ms(5);
    task_cancel(cancelled.task, -E_CANCELLED);
    harness_until(&cancelled.is_done);
    is_int(cancelled.rc, -E_CANCELLED, "a waiter can be cancelled");
    harness_until(&late.is_done);
    is_int(late.rc, -E_TIMEOUT, "a waiter can run out of time");
    ok(!patient.is_done, "the third waits on");
    slow->is_held = false;
    fake_dns_release(&server);
    harness_until(&patient.is_done);
    ok(patient.rc == 0 && patient.out.n == 1, "and gets the answer");
    is_int(slow->asked_a, 1, "of the one question");

    struct fake_name *mute = fake_dns_name(&server, "mute.test");
    late.limit_us = 20000;
    begin(&late, mute->name);
    harness_until(&late.is_done);
    is_int(late.rc, -E_TIMEOUT, "a lonely waiter leaves");
    mute->is_held = false;
    fake_dns_release(&server);
    harness_turn_ms(20);
    unsigned before = server.asked;
    is_int(resolve_now(mute->name)->rc, 0, "its flight goes on and fills the cache");
    is_int(server.asked, before, "so nobody is asked again");
}

static void test_half(void)
{
    struct question *q = resolve_now("half.test");
    ok(q->rc == 0 && q->out.n == 1, "a server that drops AAAA questions gives A");
    ok(q->took_us < 900000, "before the last retry for AAAA");
    struct name *n = name_get("half.test");
    ok(n->fresh_until_us <= clock_now_us() + HEDGE_TTL_S * SECOND_US,
       "which is kept for less long");
    is_int(n->flights, 1, "the other question is still open");
}

static void test_ttl(void)
{
    int64_t now = clock_now_us();
    is_int(resolve_now("long.test")->rc, 0, "a long TTL");
    ok(name_get("long.test")->fresh_until_us <= now + TTL_MAX_S * SECOND_US + SECOND_US,
       "is cut to an hour");
    is_int(resolve_now("zero.test")->rc, 0, "a TTL of 0");
    ok(name_get("zero.test")->fresh_until_us >= now + SECOND_US, "is a second");
    ok(name_get("alias.test")->fresh_until_us <= now + 3 * SECOND_US, "an alias's TTL counts");
}

static void test_cache_bound(void)
{
    static struct fake_name crowd[DNS_CACHE_MAX + 50];
    static char texts[DNS_CACHE_MAX + 50][16];
    struct fake_name *before = server.names;
    size_t before_n = server.n;
    for (size_t i = 0; i < ARRAY_LEN(crowd); i++) {
        snprintf(texts[i], sizeof(texts[i]), "n%zu.test", i);
        crowd[i] = (struct fake_name){.name = texts[i], .v4 = {"192.0.2.1"}, .ttl = 600};
    }
    server.names = crowd;
    server.n = ARRAY_LEN(crowd);
    size_t good = 0;
    for (size_t i = 0; i < ARRAY_LEN(crowd); i++)
        good += resolve_now(texts[i])->rc == 0;
    is_int(good, ARRAY_LEN(crowd), "more names than the cache holds are resolved");
    is_int(resolver.by_host.n, DNS_CACHE_MAX, "which stays within its bound");
    unsigned asked = server.asked;
    is_int(resolve_now(texts[ARRAY_LEN(crowd) - 1])->rc, 0, "the latest");
    is_int(server.asked, asked, "is kept");
    is_int(resolve_now(texts[0])->rc, 0, "the oldest");
    ok(server.asked > asked, "is asked for again");
    server.names = before;
    server.n = before_n;
}

/* From here on the clock is the test's. */
static void pass(int64_t seconds)
{
    clock_test_advance(seconds * SECOND_US);
}

static void test_expiry(void)
{
    const struct fake_name *f = fake_dns_name(&server, "lame.test");
    is_int(resolve_now(f->name)->rc, 0, "a name");
    pass(4);
    is_int(resolve_now(f->name)->rc, 0, "within its TTL");
    is_int(f->asked_a, 1, "is not asked for again");
    pass(2);
    is_int(resolve_now(f->name)->rc, 0, "after its TTL");
    is_int(f->asked_a, 2, "it is");
}

static void test_stale(void)
{
    struct fake_name *f = fake_dns_name(&server, "stale.test");
    is_int(resolve_now(f->name)->rc, 0, "a name whose server breaks");
    f->rcode = DNS_SERVFAIL;
    pass(6);
    struct question *q = resolve_now(f->name);
    ok(q->rc == 0 && q->out.n == 1, "is good from a stale answer");
    unsigned asked = f->asked_a;
    is_int(resolve_now(f->name)->rc, 0, "again");
    is_int(f->asked_a, asked, "without asking each time");
    pass(6);
    is_int(resolve_now(f->name)->rc, 0, "later too");
    ok(f->asked_a > asked, "but asking");
    pass(3601);
    is_int(resolve_now(f->name)->rc, -E_DNS, "not after an hour");
    f->rcode = DNS_NOERROR;
    pass(2);
    is_int(resolve_now(f->name)->rc, 0, "it recovers");

    f = fake_dns_name(&server, "gone.test");
    is_int(resolve_now(f->name)->rc, 0, "a name");
    f->rcode = DNS_NXDOMAIN;
    pass(6);
    is_int(resolve_now(f->name)->rc, -E_DNS, "of which the server says it is gone, is gone");
}

static void test_slow_refresh(void)
{
    struct fake_name *f = fake_dns_name(&server, "lame.test");
    is_int(resolve_now(f->name)->rc, 0, "a name");
    f->is_held = true;
    pass(10);
    static struct question q, impatient;
    impatient.limit_us = 100000;
    begin(&q, f->name);
    begin(&impatient, f->name);
    harness_turn_ms(5);
    ok(!q.is_done, "a refresh is waited for");
    clock_test_advance(impatient.limit_us + 2000);
    harness_turn_ms(2);
    is_int(impatient.rc, -E_TIMEOUT, "a task's own deadline is not stretched");
    clock_test_advance(STALE_WAIT_US);
    harness_turn_ms(2);
    ok(q.is_done && q.rc == 0 && q.out.n == 1, "a slow one is not");
    f->is_held = false;
    fake_dns_release(&server);
    harness_turn_ms(5);
    ok(name_get(f->name)->fresh_until_us > clock_now_us(), "and fills the cache all the same");
}

static void test_renewal(void)
{
    fake_dns_name(&server, "half.test")->drops_aaaa = false; /* the next try is answered */
    while (resolver.flights > 0) {                           /* c-ares has a clock of its own */
        clock_test_advance(10000);
        harness_turn_ms(10);
    }
    ares_channel before = resolver.channel;
    pass(100);
    is_int(resolve_now("both.test")->rc, 0, "after a while");
    ok(before && resolver.made_us == clock_now_us(), "the channel is made anew");
}

static void test_unreachable(void)
{
    dns_thread_end();
    dns_set_servers("127.0.0.1:1");
    static struct question q;
    begin(&q, "both.test");
    while (!q.is_done) {
        clock_test_advance(10000);
        harness_turn_ms(10);
    }
    is_int(q.rc, -E_DNS, "no server there");
    is_str(str_from_cz(q.reason), S("Could not contact DNS servers"), "is said so");
}

int main(void)
{
    harness_open();
    fake_dns_open(&server, names, ARRAY_LEN(names));
    dns_set_servers(server.address);
    test_without_asking();
    test_answers();
    test_failures();
    test_single_flight();
    test_leaving();
    test_half();
    test_ttl();
    test_cache_bound();
    clock_test_set(clock_now_us(), clock_wall_us());
    test_expiry();
    test_stale();
    test_slow_refresh();
    test_renewal();
    test_unreachable();
    dns_thread_end();
    dns_thread_end();
    ok(!resolver.channel && !resolver.sockets, "nothing is left");
    fake_dns_close(&server);
    harness_close();
    return tap_done();
}
