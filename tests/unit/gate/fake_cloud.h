/* Fake token servers, metadata services and STS in the test's loop, and ways to get a credential
 * from a source. Included behind gate/credential.c. */
#pragma once

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../rt/harness.h"
#include "base/pool.h"
#include "rt/dns.h"
#include "rt/net.h"
#include "tap.h"

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

static inline struct credential_settings oauth(const char *path)
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

/* ---- begin and end ---- */

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

static void cloud_open(void)
{
    harness_open();
    arena_init(&texts, 4096, 1 << 20);
    clean_environment();
    server_open();
}

static int cloud_close(void)
{
    arena_fini(&one.a);
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
