/* cloud/token: answers of token endpoints, refusals, encodings. */
#include "cloud/token.c"

#include <string.h>

#include "base/pool.h"
#include "tap.h"

#define NOW_US INT64_C(1795258433000000)

static struct arena arena;
static struct cloud_token token;
static str why;

static int read(const char *json)
{
    why = S_EMPTY;
    token = (struct cloud_token){.expires_us = -1};
    return cloud_token_read(&arena, str_from_cz(json), NOW_US, &token, &why);
}

static int64_t life_s(const char *json)
{
    return read(json) == 0 ? (token.expires_us - NOW_US) / US_PER_S : -1;
}

static void test_tokens(void)
{
    is_int(read("{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"expires_in\":3599}"), 0,
           "one");
    is_str(token.value, S("t"), "its value");
    is_int(life_s("{\"access_token\":\"t\",\"expires_in\":3599}"), 3599, "a number");
    is_int(life_s("{\"access_token\":\"t\",\"expires_in\":\"3599\"}"), 3599, "a string");
    is_int(life_s("{\"access_token\":\"t\",\"expires_in\":3599.9}"), 3599, "a fraction");
    is_int(life_s("{\"access_token\":\"t\"}"), 3600, "not said");
    is_int(life_s("{\"access_token\":\"t\",\"expires_in\":null}"), 3600, "null");
    is_int(life_s("{\"access_token\":\"t\",\"expires_in\":-5}"), 0, "over before it began");
    is_int(life_s("{\"access_token\":\"t\",\"expires_in\":1e300}"), 3600, "nonsense");
    is_int(life_s("{\"access_token\":\"t\",\"expires_in\":9223372036854775807}"), CLOUD_LIFE_MAX_S,
           "too long");
    is_int(life_s("{\"access_token\":\"t\",\"expires_on\":\"1795258533\"}"), 100, "an end");
    is_int(life_s("{\"access_token\":\"t\",\"expires_on\":1}"), 0, "an end in the past");
    is_int(life_s("{\"access_token\":\"t\",\"expires_in\":\"7\",\"expires_on\":\"1\"}"), 7,
           "the life counts for more");
    is_int(read("{\"access_token\":\"t\",\"token_type\":\"bearer\"}"), 0, "any case");
}

static void test_no_tokens(void)
{
    is_int(read("{\"access_token\":\"t\",\"token_type\":\"DPoP\"}"), -E_PROVIDER_BODY,
           "another type");
    is_str(why, S("the token_type is DPoP, not Bearer"), "said so");
    is_int(read("<html>"), -E_PROVIDER_BODY, "no JSON");
    is_str(why, S("the answer is no JSON"), "said so");
    is_int(read("[]"), -E_PROVIDER_BODY, "no object");
    is_int(read("{\"access_token\":7}"), -E_PROVIDER_BODY, "no string");
    is_str(why, S("the answer has no access_token"), "said so");
    is_int(read("{\"access_token\":\"a\\r\\nx: y\"}"), -E_PROVIDER_BODY,
           "a value that would inject");
    is_int(read("{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: no\"}"),
           -E_PROVIDER_BODY, "an error with a success status");
    is_str(why, S("invalid_client: AADSTS7000215: no"), "its words");
}

static void test_refusals(void)
{
    is_str(cloud_refusal(&arena, 400, S("{\"error\":\"invalid_grant\"}")),
           S("status 400, invalid_grant"), "OAuth");
    is_str(cloud_refusal(&arena, 403,
                         S("{\"error\":{\"code\":403,\"message\":\"no\",\"status\":\"DENIED\"}}")),
           S("status 403, DENIED: no"), "Google");
    is_str(cloud_refusal(&arena, 400, S("{\"code\":\"X\",\"message\":\"no\"}")),
           S("status 400, X: no"), "AWS, in JSON");
    is_str(cloud_refusal(&arena, 403,
                         S("<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
                           "<Message>Not &quot;you&quot;</Message></Error></ErrorResponse>")),
           S("status 403, AccessDenied: Not \"you\""), "AWS, in XML");
    is_str(cloud_refusal(&arena, 404, S("\nnot found\nmore")), S("status 404, not found"),
           "a line");
    is_str(cloud_refusal(&arena, 500, S("")), S("status 500"), "nothing");
    is_str(cloud_refusal(&arena, 500, S("{}")), S("status 500, {}"), "nothing that is known");
    is_str(cloud_refusal(&arena, 500, S("a\x1b[31m\xff\xc2\x9b z")), S("status 500, a?[31m?? z"),
           "controls");
    char text[1000];
    memset(text, 'x', sizeof text);
    memcpy(text + REFUSAL_MAX - 1, "\xc3\xa9", 2);
    str cut = cloud_refusal(&arena, 500, str_of(text, sizeof text));
    is_int(cut.n, 12 + REFUSAL_MAX - 1 + 3, "a long one is cut, not within a character");
}

static void test_encodings(void)
{
    struct buf b;
    struct cloud_request r = {.n_headers = 0};
    buf_init(&b, 4096);
    cloud_form_put(&b, S("grant_type"), S("a b+c"));
    cloud_form_put(&b, S("scope"), S("https://x/.default"));
    cloud_form_put(&b, S("empty"), S(""));
    is_str(buf_str(&b), S("grant_type=a%20b%2Bc&scope=https%3A%2F%2Fx%2F.default&empty="),
           "a form");
    buf_fini(&b);
    cloud_header(&r, S("a"), S("b"));
    ok(r.n_headers == 1 && str_eq(r.headers[0].value, S("b")), "a header");
}

int main(void)
{
    arena_init(&arena, 4096, 1 << 20);
    test_tokens();
    test_no_tokens();
    test_refusals();
    test_encodings();
    arena_fini(&arena);
    pool_trim();
    return tap_done();
}
