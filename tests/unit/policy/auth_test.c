#include "policy/auth.c"

#include <stdlib.h>

#include "base/err.h"
#include "printable.h"
#include "tap.h"

#define HEADERS_MAX 12

/* A head with these headers ("name: value" each, ended by NULL) and this query. */
static struct http_head head_of(struct http_header *room, const char *const *headers,
                                const char *query)
{
    struct http_head head = {.headers = room, .query = str_from_cz(query)};
    for (; *headers; headers++) {
        str name, value;
        str_cut(str_from_cz(*headers), ':', &name, &value);
        must(head.n_headers < HEADERS_MAX);
        room[head.n_headers++] = (struct http_header){.name = name, .value = str_trim(value)};
    }
    return head;
}

static void test_credentials(void)
{
    static const struct {
        const char *headers[HEADERS_MAX];
        const char *query;
        const char *want; /* joined with '|' */
    } cases[] = {
        {{NULL}, "", ""},
        {{"Authorization: Bearer tb-1"}, "", "tb-1"},
        {{"AUTHORIZATION: bEARER   tb-1"}, "", "tb-1"},
        {{"authorization: Bearer a b"}, "", "a b"},
        {{"authorization: Bearer"}, "", ""},
        {{"authorization: Bearer "}, "", ""},
        {{"authorization: Bearertb-1"}, "", ""},
        {{"authorization: tb-1"}, "", ""},
        {{"authorization: Basic dGItMQ=="}, "", ""},
        {{"proxy-authorization: Bearer tb-1", "x-authorization: Bearer tb-1"}, "", ""},
        {{"x-api-key: tb-1"}, "", "tb-1"},
        {{"api-key: tb-1"}, "", "tb-1"},
        {{"X-Goog-Api-Key: tb-1"}, "", "tb-1"},
        {{"x-api-key:"}, "", ""},
        {{"x-api-key: Bearer tb-1"}, "", "Bearer tb-1"},
        {{NULL}, "key=tb-1", "tb-1"},
        {{NULL}, "a=b&key=tb-1&c", "tb-1"},
        {{NULL}, "key=tb-1&key=tb-2", "tb-1"},
        {{NULL}, "key=a=b", "a=b"},
        {{NULL}, "key=", ""},
        {{NULL}, "key", ""},
        {{NULL}, "Key=tb-1&apikey=tb-1&x=key=tb-1", ""},
        {{NULL}, "&&&", ""},
        {{"x-goog-api-key: 4", "api-key: 3", "x-api-key: 2", "authorization: Bearer 1"},
         "key=5",
         "1|2|3|4|5"},
        {{"api-key: 2", "authorization: Bearer 1", "api-key: 3", "authorization: Bearer 1b"},
         "",
         "1|1b|2|3"},
        {{"x-api-key: 1", "x-api-key: 2", "x-api-key: 3", "x-api-key: 4", "x-api-key: 5",
          "x-api-key: 6", "x-api-key: 7"},
         "key=8",
         "1|2|3|4|5|6"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_header room[HEADERS_MAX];
        struct http_head head = head_of(room, cases[i].headers, cases[i].query);
        str found[AUTH_CREDENTIALS_MAX];
        struct buf b;
        buf_init(&b, 256);
        size_t n = auth_credentials(&head, found);
        for (size_t k = 0; k < n; k++) {
            buf_put(&b, k > 0 ? S("|") : S_EMPTY);
            buf_put(&b, found[k]);
        }
        is_str(buf_str(&b), str_from_cz(cases[i].want),
               printable(str_from_cz(cases[i].headers[0] ? cases[i].headers[0] : cases[i].query)));
        buf_fini(&b);
    }
}

/* ---- keys ---- */

#define NOW 1000

static struct gateway_key keys[] = {
    {.id = {"web", 3}, .expires_wall_us = INT64_MAX},
    {.id = {"old", 3}, .expires_wall_us = NOW},
    {.id = {"last", 4}, .expires_wall_us = NOW + 1},
};
static const char *const secrets[] = {"tb-web", "tb-old", "tb-last"};

static void fill(struct table *t)
{
    table_init(t);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        crypt_sha256(str_from_cz(secrets[i]), keys[i].hash);
        must(!table_add(t, str_of((const char *)keys[i].hash, SHA256_BYTES), &keys[i]));
    }
}

static void test_identify(void)
{
    static const struct {
        const char *headers[4];
        const char *query;
        int rc;
        const char *id;
    } cases[] = {
        {{NULL}, "", -E_KEY_MISSING, NULL},
        {{"authorization: Basic x"}, "", -E_KEY_MISSING, NULL},
        {{"authorization: Bearer tb-web"}, "", 0, "web"},
        {{"authorization: Bearer tb-web2"}, "", -E_KEY_INVALID, NULL},
        {{"authorization: Bearer tb-we"}, "", -E_KEY_INVALID, NULL},
        {{"authorization: Bearer TB-WEB"}, "", -E_KEY_INVALID, NULL},
        {{"x-api-key: tb-last"}, "", 0, "last"},
        {{"x-api-key: tb-old"}, "", -E_KEY_EXPIRED, NULL},
        {{NULL}, "key=tb-web", 0, "web"},
        {{"authorization: Bearer sk-dummy", "x-api-key: tb-web"}, "", 0, "web"},
        {{"authorization: Bearer tb-last", "x-api-key: tb-web"}, "", 0, "last"},
        {{"authorization: Bearer tb-old", "x-api-key: tb-web"}, "", 0, "web"},
        {{"authorization: Bearer tb-old", "x-api-key: dummy"}, "", -E_KEY_EXPIRED, NULL},
        {{"authorization: Bearer dummy"}, "key=tb-old", -E_KEY_EXPIRED, NULL},
        {{"authorization: Bearer dummy"}, "key=dummy", -E_KEY_INVALID, NULL},
    };
    struct table t;
    fill(&t);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_header room[HEADERS_MAX];
        struct http_head head = head_of(room, cases[i].headers, cases[i].query);
        const struct gateway_key *key = NULL;
        printf("# %s?%s\n", cases[i].headers[0] ? cases[i].headers[0] : "", cases[i].query);
        is_int(auth_identify(&t, &head, NOW, &key), cases[i].rc, "verdict");
        is_str(key ? key->id : S_EMPTY, str_from_cz(cases[i].id), "whose key");
    }
    table_fini(&t);
    struct http_header room[HEADERS_MAX];
    struct http_head head = head_of(room, (const char *const[]){"x-api-key: x", NULL}, "");
    const struct gateway_key *key = NULL;
    is_int(auth_identify(&t, &head, NOW, &key), -E_KEY_INVALID, "no keys at all");
}

/* The hash of a key is no credential: what a look-up takes is hashed again. */
static void test_hash_opens_nothing(void)
{
    struct table t;
    fill(&t);
    struct http_header header = {.name = S("x-api-key"),
                                 .value = str_of((const char *)keys[0].hash, SHA256_BYTES)};
    struct http_head head = {.headers = &header, .n_headers = 1};
    const struct gateway_key *key = NULL;
    is_int(auth_identify(&t, &head, NOW, &key), -E_KEY_INVALID, "a hash opens nothing");
    table_fini(&t);
}

static void test_models(void)
{
    str allowed[] = {S("fast"), S("openai/gpt-5*"), S("a*b"), S("")};
    str all[] = {S("*")};
    struct gateway_key some = {.models = allowed, .n_models = ARRAY_LEN(allowed)};
    struct gateway_key star = {.models = all, .n_models = 1};
    struct gateway_key none = {.n_models = 0};
    static const struct {
        str name;
        bool is_allowed;
    } cases[] = {
        {S("fast"), true},          {S("fas"), false},         {S("faster"), false},
        {S("FAST"), false},         {S("openai/gpt-5"), true}, {S("openai/gpt-5-mini"), true},
        {S("openai/gpt-4"), false}, {S("openai/gpt"), false},  {S("x/openai/gpt-5"), false},
        {S("openai/gpt-5*"), true}, {S("acb"), false},         {S("a*b"), true},
        {S("fast\0x"), false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        is_int(auth_allows_model(&some, cases[i].name), cases[i].is_allowed,
               printable(cases[i].name));
        ok(auth_allows_model(&star, cases[i].name), "a lone star allows all");
        ok(auth_allows_model(&none, cases[i].name), "so does no list");
        ok(auth_allows_model(NULL, cases[i].name), "and open mode");
    }
}

static void test_admin(void)
{
    static const struct {
        const char *headers[4];
        const char *query;
        bool is_admin;
    } cases[] = {
        {{NULL}, "", false},
        {{"authorization: Bearer admin-1"}, "", true},
        {{"x-api-key: admin-1"}, "", true},
        {{NULL}, "key=admin-1", true},
        {{"authorization: Bearer other", "x-api-key: admin-1"}, "", true},
        {{"authorization: Bearer admin-"}, "", false},
        {{"authorization: Bearer admin-12"}, "", false},
        {{"authorization: Bearer ADMIN-1"}, "", false},
        {{"authorization: admin-1"}, "", false},
    };
    struct secret *key = secret_new(S("admin-1")), *empty = secret_new(S_EMPTY);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_header room[HEADERS_MAX];
        struct http_head head = head_of(room, cases[i].headers, cases[i].query);
        const char *what = cases[i].headers[0] ? cases[i].headers[0] : cases[i].query;
        is_int(auth_is_admin(key, &head), cases[i].is_admin, printable(str_from_cz(what)));
        ok(!auth_is_admin(empty, &head), "an empty admin key opens nothing");
        ok(!auth_is_admin(NULL, &head), "nor does none");
    }
    secret_free(key);
    secret_free(empty);
}

int main(void)
{
    test_credentials();
    test_identify();
    test_hash_opens_nothing();
    test_models();
    test_admin();
    return tap_done();
}
