/* gate/credential against fake token servers, metadata services and STS in the same loop: one
 * flight for all, renewal, failure, refusal, the end of sources, keepers and threads; and each
 * chain of requests from its first to its last step. */
#include "gate/credential.c"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../rt/harness.h"
#include "base/pool.h"
#include "rt/dns.h"
#include "rt/net.h"
#include "tap.h"
#include "test_keys.h"

/* ---- the server ---- */

#define XML_KEYS                                                                                   \
    "<R><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>web</SecretAccessKey>"        \
    "<SessionToken>st</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></" \
    "R>"
#define JSON_KEYS(id)                                                                              \
    "{\"Code\":\"Success\",\"AccessKeyId\":\"" id "\",\"SecretAccessKey\":\"s\",\"Token\":\"t\","  \
    "\"Expiration\":\"2099-01-01T00:00:00Z\"}"

static const struct {
    const char *begin; /* of the request */
    int status;
    const char *body; /* "%u": how many requests there were; NULL: no answer at all */
} answers[] = {
    {"POST /hour ", 200, "{\"access_token\":\"token-%u\",\"expires_in\":3600}"},
    {"POST /short ", 200, "{\"access_token\":\"token-%u\",\"expires_in\":1}"},
    {"POST /same ", 200, "{\"access_token\":\"token\",\"expires_in\":3600}"},
    {"POST /over ", 200, "{\"access_token\":\"token\",\"expires_in\":0}"},
    {"POST /refuse ", 401, "{\"error\":\"invalid_client\",\"error_description\":\"who?\"}"},
    {"POST /html ", 200, "<html>"},
    {"POST /silent ", 0, NULL},
    {"PUT /latest/api/token ", 200, "session"},
    {"GET /latest/meta-data/iam/security-credentials/ ", 200, "role-1\n"},
    {"GET /latest/meta-data/iam/security-credentials/role-1 ", 200, JSON_KEYS("IMDS")},
    {"PUT /norole/latest/api/token ", 200, "session"},
    {"GET /norole/latest/meta-data/iam/security-credentials/ ", 200, "\n"},
    {"GET /container ", 200, JSON_KEYS("ECS")},
    {"POST /sts", 200, XML_KEYS},
    {"GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=", 200,
     "{\"access_token\":\"azure\",\"expires_in\":\"86399\"}"},
    {"GET /computeMetadata/v1/instance/service-accounts/default/token?scopes=", 200,
     "{\"access_token\":\"gce\",\"expires_in\":3599,\"token_type\":\"Bearer\"}"},
    {"GET /subject ", 200, "{\"tok\":\"subject\"}"},
    {"POST /exchange ", 200, "{\"access_token\":\"exchanged\",\"expires_in\":3600}"},
    {"POST /impersonate ", 200,
     "{\"accessToken\":\"impersonated\",\"expireTime\":\"2099-01-01T00:00:00Z\"}"},
};

static struct net_listener listener;
static unsigned port;
static unsigned asked;       /* requests so far */
static char received[16384]; /* the last one */
static const char *date_line = "";
static struct task *silent; /* a peer that answers nothing */

struct peer {
    struct net_conn conn;
};

static bool is_whole(str request)
{
    size_t end = str_find(request, S("\r\n\r\n"));
    size_t at = str_find(request, S("content-length: "));
    if (end == STR_NONE)
        return false;
    size_t n = at == STR_NONE ? 0 : (size_t)atoll(request.p + at + 16);
    return request.n >= end + 4 + n;
}

static void play(struct net_conn *c)
{
    size_t n = 0, i = 0;
    while (!is_whole(str_of(received, n))) {
        ssize_t got = net_read(c, received + n, sizeof received - 1 - n);
        if (got <= 0)
            return;
        n += (size_t)got;
        received[n] = '\0';
    }
    asked++;
    while (i < ARRAY_LEN(answers) && strncmp(received, answers[i].begin, strlen(answers[i].begin)))
        i++;
    int status = i < ARRAY_LEN(answers) ? answers[i].status : 404;
    const char *body = i < ARRAY_LEN(answers) ? answers[i].body : "nothing here";
    if (!body) {
        silent = task_self();
        IGNORE_RESULT(task_sleep_us(INT64_C(60000000)));
        return;
    }
    static struct buf out;
    buf_init(&out, 1 << 16);
    buf_printf(&out, "HTTP/1.1 %d X\r\n%sConnection: close\r\n\r\n", status, date_line);
    const char *mark = strstr(body, "%u");
    buf_put(&out, mark ? str_of(body, (size_t)(mark - body)) : str_from_cz(body));
    if (mark)
        buf_printf(&out, "%u%s", asked, mark + 2);
    struct iovec iov = {.iov_base = out.p, .iov_len = out.n};
    if (task_sleep_us(2000) == 0 && net_write(c, &iov, 1) == 0)
        IGNORE_RESULT(net_shutdown(c));
    buf_fini(&out);
}

static void peer_task(void *arg)
{
    struct peer *p = arg;
    play(&p->conn);
    net_conn_close(&p->conn);
    free(p);
}

static void accepted(struct net_listener *l, int fd, const struct sockaddr *sa, socklen_t len)
{
    (void)l;
    (void)sa;
    (void)len;
    struct peer *p = calloc(1, sizeof *p);
    must(net_conn_open(&p->conn, fd) == 0);
    (void)task_spawn(peer_task, p);
}

static void server_open(void)
{
    struct net_addr addr;
    struct sockaddr_in sin;
    socklen_t len = sizeof sin;
    must(net_addr_parse(S("127.0.0.1:0"), &addr) == 0);
    int fd = net_listen_fd(&addr, false);
    must(fd >= 0 && getsockname(fd, (struct sockaddr *)&sin, &len) == 0);
    port = ntohs(sin.sin_port);
    listener.on_accept = accepted;
    must(net_listener_open(&listener, fd) == 0);
}

static bool has_received(const char *text)
{
    return strstr(received, text) != NULL;
}

/* ---- getting ---- */

static struct arena texts; /* of URLs and files */

static str url(const char *path)
{
    return arena_printf(&texts, "http://127.0.0.1:%u%s", port, path);
}

struct getter {
    struct credential_source *source;
    int64_t wait_us;
    struct arena a;
    struct err e;
    struct credential c;
    int rc;
    bool renews, has_renewed, is_done;
    str date;
};

static void get_task(void *arg)
{
    struct getter *g = arg;
    if (g->renews)
        g->has_renewed = credential_renew(g->source, g->date, g->wait_us, &g->a, &g->c);
    else
        g->rc = credential_get(g->source, g->wait_us, &g->a, &g->c, &g->e);
    g->is_done = true;
}

static struct getter one;

static int get(struct credential_source *s)
{
    arena_fini(&one.a);
    one = (struct getter){.source = s, .wait_us = 3000000};
    arena_init(&one.a, 0, 1 << 24);
    (void)task_spawn(get_task, &one);
    harness_until(&one.is_done);
    return one.rc;
}

/* What the last get got has been refused. */
static bool renew(struct credential_source *s, const char *date)
{
    must(one.source == s);
    one.renews = true;
    one.is_done = false;
    one.date = str_from_cz(date);
    (void)task_spawn(get_task, &one);
    harness_until(&one.is_done);
    return one.has_renewed;
}

static struct credential_settings oauth(const char *path)
{
    return (struct credential_settings){
        .provider = S("p"),
        .kind = CREDENTIAL_OAUTH,
        .scheme = S("Bearer "),
        .timeout_us = 1000000,
        .oauth = {.auth = OAUTH_BASIC, .token_url = url(path), .client_id = S("client")}};
}

/* Releases it, and sees its keeper off. */
static void release(struct credential_source *s)
{
    credential_release(s);
    int64_t end = harness_now_us() + 2000000;
    while (keepers.next && !list_is_empty(&keepers) && harness_now_us() < end)
        loop_turn(harness_loop, 1);
    ok(!keepers.next || list_is_empty(&keepers), "the keeper ends with its source");
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
    credential_start(s);
    credential_start(s);
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
        credential_start(shared);
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

/* ---- AWS ---- */

static const char *const variables[] = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_ENDPOINT_URL_STS",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_DEFAULT_PROFILE",
    "AWS_DEFAULT_REGION",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_ENDPOINT_URL",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_ROLE_SESSION_NAME",
    "HOME",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "CLOUDSDK_CONFIG",
    "GCE_METADATA_HOST",
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
};

static void clean_environment(void)
{
    for (size_t i = 0; i < ARRAY_LEN(variables); i++)
        unsetenv(variables[i]);
}

static char folder[] = "/tmp/credential_test.XXXXXX";

static const char *file(const char *name, const char *text)
{
    const char *path = arena_cz(&texts, arena_printf(&texts, "%s/%s", folder, name));
    FILE *f = fopen(path, "w");
    must(f && fputs(text, f) >= 0 && fclose(f) == 0);
    return path;
}

static void set_url(const char *name, const char *path)
{
    setenv(name, arena_cz(&texts, url(path)), 1);
}

static struct credential_settings aws(void)
{
    return (struct credential_settings){.provider = S("p"),
                                        .scheme = S("Bearer "),
                                        .kind = CREDENTIAL_AWS,
                                        .timeout_us = 1000000,
                                        .aws = {.region = S("eu-west-1"), .service = S("bedrock")}};
}

/* One get from a fresh source; what it held is in `one`. */
static int get_once(const struct credential_settings *o)
{
    struct credential_source *s = credential_acquire(o);
    int rc = get(s);
    release(s);
    return rc;
}

static void is_failure(const struct credential_settings *o, const char *message)
{
    is_int(get_once(o), -E_CREDENTIAL, message);
    is_str(str_skip(err_message(&one.e), strlen("No credential for the provider \"p\": ")),
           str_from_cz(message), "is said");
}

static void test_aws_keys(void)
{
    struct secret *id = secret_new(S("AKID")), *key = secret_new(S("secret"));
    struct credential_settings o = aws();
    struct http_header host = {S("host"), S("h")};
    struct sigv4_headers headers;
    o.aws.access_key_id = id;
    o.aws.secret_access_key = key;
    clean_environment();
    is_int(get_once(&o), 0, "configured keys");
    ok(one.c.signs && one.c.header.name.n == 0, "sign");
    is_str(one.c.signer.access_key_id, S("AKID"), "as who they are");
    struct sigv4_request r = {.method = S("GET"),
                              .path = S("/"),
                              .headers = &host,
                              .n_headers = 1,
                              .payload_hash = sigv4_payload_hash(&one.a, NULL, 0)};
    credential_sign(&one.c, &r, &one.a, &headers);
    ok(headers.n == 2 &&
           str_find(headers.at[1].value, S("/eu-west-1/bedrock/aws4_request")) != STR_NONE,
       "for region and service");
    struct sigv4_key want = {.date = {0}};
    sigv4_key_derive(&want, S("secret"), &one.c.signer.scope, one.c.signer.wall_us);
    ok(memcmp(&want, &one.c.signing_key, sizeof want) == 0, "with the right key");
    o.aws.use = AWS_BEARER_SAGEMAKER;
    o.aws.service = S("sagemaker");
    is_int(get_once(&o), 0, "or make a bearer token");
    ok(!one.c.signs && str_has_prefix(one.c.header.value, S("Bearer sagemaker-api-key-")),
       "SageMaker's");
    o.aws.use = AWS_BEARER_BEDROCK;
    is_int(get_once(&o), 0, "or another");
    ok(str_has_prefix(one.c.header.value, S("Bearer bedrock-api-key-")), "Bedrock's");
    o = aws();
    o.aws.access_key_id = id;
    o.aws.secret_access_key = key;
    o.aws.region = S_EMPTY;
    is_failure(&o, "no AWS region: set `region`, AWS_REGION or the profile's");
    o.aws.region = S("us-east-1");
    o.aws.role_arn = S("arn:role");
    o.aws.external_id = S("ext");
    o.aws.sts_url = url("/sts");
    is_int(get_once(&o), 0, "a configured role");
    is_str(one.c.signer.access_key_id, S("ASIA"), "is assumed");
    ok(has_received("Action=AssumeRole&") && has_received("&ExternalId=ext") &&
           has_received("Credential=AKID/"),
       "with the keys");
    secret_free(id);
    secret_free(key);
}

static void test_aws_clock(void)
{
    struct secret *id = secret_new(S("AKID")), *key = secret_new(S("secret"));
    struct credential_settings o = aws();
    o.aws.access_key_id = id;
    o.aws.secret_access_key = key;
    struct credential_source *s = credential_acquire(&o);
    is_int(get(s), 0, "keys");
    int64_t before = one.c.signer.wall_us;
    ok(renew(s, "Sat, 01 Jan 2050 00:00:00 GMT"), "a server's clock is learnt");
    is_int(one.c.signer.wall_us / 60000000, INT64_C(2524608000) / 60, "and signed with");
    ok(before < one.c.signer.wall_us, "it was not before");
    ok(memcmp(one.c.signing_key.date, "20500101", 8) == 0, "with that day's key");
    ok(!renew(s, "Sat, 01 Jan 2050 00:00:09 GMT"), "once: the keys are the same");
    release(s);
    secret_free(id);
    secret_free(key);
}

static void test_aws_environment(void)
{
    struct credential_settings o = aws();
    clean_environment();
    setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
    setenv("AWS_SESSION_TOKEN", "tok", 1);
    setenv("AWS_REGION", "ap-south-1", 1);
    o.aws.region = S_EMPTY;
    is_int(get_once(&o), 0, "the environment");
    ok(str_eq(one.c.signer.access_key_id, S("ENV")) &&
           str_eq(one.c.signer.session_token, S("tok")) && str_eq(one.c.region, S("ap-south-1")),
       "its keys and region");
    clean_environment();
    o = aws();
    setenv("AWS_ROLE_ARN", "arn:role", 1);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file("web", "eyJ.a.b\n"), 1);
    set_url("AWS_ENDPOINT_URL_STS", "/sts");
    is_int(get_once(&o), 0, "a web identity");
    is_str(one.c.signer.session_token, S("st"), "its keys");
    ok(has_received("&WebIdentityToken=eyJ.a.b") && !has_received("authorization:"),
       "for its token");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere", 1);
    is_failure(&o, "the web identity token /nowhere: No such file or directory");
    clean_environment();
    set_url("AWS_CONTAINER_CREDENTIALS_FULL_URI", "/container");
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file("pod", "pod-token\n"), 1);
    is_int(get_once(&o), 0, "a container");
    ok(str_eq(one.c.signer.access_key_id, S("ECS")) && has_received("authorization: pod-token\r\n"),
       "its keys for its token");
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/x", 1);
    is_failure(&o, "the container's credentials: AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, "
                   "or at a container's own address");
    clean_environment();
    set_url("AWS_EC2_METADATA_SERVICE_ENDPOINT", "");
    is_int(get_once(&o), 0, "a machine");
    ok(str_eq(one.c.signer.access_key_id, S("IMDS")) &&
           has_received("x-aws-ec2-metadata-token: session\r\n"),
       "its keys in its session");
    set_url("AWS_EC2_METADATA_SERVICE_ENDPOINT", "/norole/");
    is_failure(&o, "the machine's metadata service: the machine has no role");
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    is_failure(&o, "no AWS keys: not in the environment, the shared files or a container, and "
                   "AWS_EC2_METADATA_DISABLED is set");
}

static void test_aws_profiles(void)
{
    struct credential_settings o = aws();
    clean_environment();
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    set_url("AWS_ENDPOINT_URL_STS", "/sts");
    setenv("AWS_SHARED_CREDENTIALS_FILE",
           file("credentials", "[default]\naws_access_key_id=DEF\naws_secret_access_key=s\n"
                               "[keyless]\naws_access_key_id=x\n"),
           1);
    setenv("AWS_CONFIG_FILE",
           file("config",
                "[default]\nregion=eu-north-1\n"
                "[profile role]\nrole_arn=arn:r\nsource_profile=default\n"
                "[profile chained]\nrole_arn=arn:c\nsource_profile=role\n"
                "[profile circle]\nrole_arn=arn:o\nsource_profile=circle\n"
                "[profile web]\nrole_arn=arn:w\nweb_identity_token_file=/nowhere\n"
                "[profile machine]\nrole_arn=arn:m\ncredential_source=Ec2InstanceMetadata\n"
                "[profile odd]\nrole_arn=arn:m\ncredential_source=Moon\n"
                "[profile program]\ncredential_process=/bin/true\n"
                "[profile person]\nsso_session=x\n"),
           1);
    o.aws.region = S_EMPTY;
    is_int(get_once(&o), 0, "the default profile");
    ok(str_eq(one.c.signer.access_key_id, S("DEF")) && str_eq(one.c.region, S("eu-north-1")),
       "its keys and region");
    setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
    ok(get_once(&o) == 0 && str_eq(one.c.signer.access_key_id, S("ENV")),
       "the environment goes before it");
    o = aws();
    o.aws.profile = S("role");
    asked = 0;
    is_int(get_once(&o), 0, "a configured profile goes before that");
    ok(asked == 1 && has_received("RoleArn=arn%3Ar&") && has_received("Credential=DEF/"),
       "its role is assumed");
    o.aws.profile = S("chained");
    asked = 0;
    ok(get_once(&o) == 0 && asked == 2 && has_received("RoleArn=arn%3Ac&") &&
           has_received("Credential=ASIA/"),
       "one role leads to another");
    set_url("AWS_EC2_METADATA_SERVICE_ENDPOINT", "");
    o.aws.profile = S("machine");
    ok(get_once(&o) == 0 && has_received("Credential=IMDS/"), "with the machine's keys");
    o.aws.profile = S("circle");
    is_failure(&o, "the profile \"circle\" has a role and no source of keys for it");
    o.aws.profile = S("odd");
    is_failure(&o, "the profile's credential_source \"Moon\" is not there");
    o.aws.profile = S("web");
    is_failure(&o, "the web identity token /nowhere: No such file or directory");
    o.aws.profile = S("program");
    is_failure(&o, "the profile \"program\" relies on credential_process, which is not supported");
    o.aws.profile = S("person");
    is_failure(&o, "the profile \"person\" relies on sso_session, which is not supported");
    o.aws.profile = S("keyless");
    is_failure(&o, "the profile \"keyless\" has no keys");
    o.aws.profile = S("nobody");
    is_failure(&o, "the shared files have no profile \"nobody\"");
}

/* ---- tokens ---- */

static struct credential_settings gcp(const char *path)
{
    return (struct credential_settings){.provider = S("p"),
                                        .scheme = S("Bearer "),
                                        .kind = CREDENTIAL_GCP,
                                        .timeout_us = 1000000,
                                        .gcp = {.file = str_from_cz(path)}};
}

static str service_account(void)
{
    struct buf b;
    buf_init(&b, 1 << 14);
    buf_put(&b, S("{\"type\":\"service_account\",\"client_email\":\"a\",\"private_key\":"));
    buf_put_json(&b, str_from_cz(key_pkcs8));
    buf_put(&b, S("}"));
    str text = arena_str(&texts, buf_str(&b));
    buf_fini(&b);
    return text;
}

static void test_gcp(void)
{
    clean_environment();
    struct credential_settings o = gcp(file("sa", arena_cz(&texts, service_account())));
    o.gcp.token_url = url("/hour");
    asked = 0;
    is_int(get_once(&o), 0, "a service account's file");
    ok(str_eq(one.c.header.value, S("Bearer token-1")) && has_received("assertion=eyJ"),
       "its token");
    struct secret *json = secret_new(service_account());
    o.gcp.file = S_EMPTY;
    o.gcp.json = json;
    ok(get_once(&o) == 0 && str_eq(one.c.header.value, S("Bearer token-2")), "or its text");
    secret_free(json);
    str federation = arena_printf(
        &texts,
        "{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\","
        "\"token_url\":\"" STR_FMT "\",\"service_account_impersonation_url\":\"" STR_FMT "\","
        "\"credential_source\":{\"url\":\"" STR_FMT "\",\"format\":{\"type\":\"json\","
        "\"subject_token_field_name\":\"tok\"}}}",
        STR_ARG(url("/exchange")), STR_ARG(url("/impersonate")), STR_ARG(url("/subject")));
    o = gcp(file("wif", arena_cz(&texts, federation)));
    asked = 0;
    ok(get_once(&o) == 0 && str_eq(one.c.header.value, S("Bearer impersonated")) && asked == 3,
       "workload identity federation, in three steps");
    ok(has_received("authorization: Bearer exchanged\r\n"), "each with the last one's token");
    o = gcp(file("bad", "{}"));
    is_failure(&o, "the credentials file has no type");
    o = gcp("/nowhere");
    is_failure(&o, "the credentials file /nowhere: No such file or directory");
    o = gcp("");
    o.gcp.metadata_host = arena_printf(&texts, "127.0.0.1:%u", port);
    ok(get_once(&o) == 0 && str_eq(one.c.header.value, S("Bearer gce")), "the metadata server");
    setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere", 1);
    is_failure(&o, "the credentials file /nowhere: No such file or directory");
    clean_environment();
}

static void test_azure(void)
{
    struct credential_settings o = oauth("/metadata/identity/oauth2/token");
    o.kind = CREDENTIAL_IDENTITY;
    ok(get_once(&o) == 0 && str_eq(one.c.header.value, S("Bearer azure")), "a managed identity");
    ok(has_received("metadata: true\r\n"), "asked as it wants to be");
    o = oauth("/hour");
    o.oauth.auth = OAUTH_ASSERTION;
    o.oauth.assertion_file = str_from_cz(file("federated", "eyJ.f.f\n"));
    ok(get_once(&o) == 0 && has_received("client_assertion=eyJ.f.f"), "a federated token");
    o.oauth.auth = OAUTH_JWT;
    is_failure(&o, "the token request: the private key is no unencrypted RSA key in PEM");
}

static void remove_folder(void)
{
    static const char *const names[] = {"web", "pod", "credentials", "config",
                                        "sa",  "wif", "bad",         "federated"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        must(unlink(arena_cz(&texts, arena_printf(&texts, "%s/%s", folder, names[i]))) == 0);
    must(rmdir(folder) == 0);
}

int main(void)
{
    harness_open();
    arena_init(&texts, 4096, 1 << 20);
    must(mkdtemp(folder));
    clean_environment();
    server_open();
    test_static();
    test_one_flight();
    test_renewal();
    test_refusal();
    test_failure();
    test_silence();
    test_threads(true);
    test_threads(false);
    test_aws_keys();
    test_aws_clock();
    test_aws_environment();
    test_aws_profiles();
    test_gcp();
    test_azure();
    arena_fini(&one.a);
    remove_folder();
    arena_fini(&texts);
    int fd = listener.watch.fd;
    net_listener_close(&listener);
    close(fd);
    harness_until(NULL);
    dns_thread_end();
    harness_close();
    pool_trim();
    return tap_done();
}
