/* cloud/oauth: what is sent for each way of saying who the client is. */
#include "cloud/oauth.c"

#include "base/pool.h"
#include "tap.h"
#include "test_keys.h"
#include "wire/base64.h"

#define NOW_US INT64_C(1795258433000000)

static struct arena arena;
static struct cloud_request request;
static str why;

static int make(const struct oauth_client *c)
{
    why = S_EMPTY;
    return oauth_request(&arena, c, NOW_US, S("nonce-1"), &request, &why);
}

static str header(const char *name)
{
    for (size_t i = 0; i < request.n_headers; i++) {
        if (str_eq(request.headers[i].name, str_from_cz(name)))
            return request.headers[i].value;
    }
    return S_EMPTY;
}

static str field(const char *name)
{
    str rest = request.body, part, key, value;
    while (rest.n > 0) {
        str_cut(rest, '&', &part, &rest);
        str_cut(part, '=', &key, &value);
        if (str_eq(key, str_from_cz(name)))
            return value;
    }
    return S("(none)");
}

static void test_secrets(void)
{
    struct oauth_client c = {.auth = OAUTH_BASIC,
                             .token_url = S("https://idp/token"),
                             .id = S("my client"),
                             .secret = S("p:w/d"),
                             .scope = S("a b")};
    is_int(make(&c), 0, "client_secret_basic");
    is_str(request.method, S("POST"), "the method");
    is_str(request.url, S("https://idp/token"), "the URL");
    is_str(header("content-type"), S("application/x-www-form-urlencoded"), "the type");
    is_str(header("authorization"), S("Basic bXklMjBjbGllbnQ6cCUzQXclMkZk"), "encoded, then Basic");
    is_str(request.body, S("grant_type=client_credentials&scope=a%20b"), "the body");
    c.auth = OAUTH_POST;
    c.audience = S("https://api");
    c.resource = S("r");
    is_int(make(&c), 0, "client_secret_post");
    is_str(header("authorization"), S_EMPTY, "no header");
    is_str(
        request.body,
        S("grant_type=client_credentials&client_id=my%20client&client_secret=p%3Aw%2Fd&scope=a%20b"
          "&audience=https%3A%2F%2Fapi&resource=r"),
        "the body");
    c.auth = OAUTH_TLS;
    is_int(make(&c), 0, "tls_client_auth");
    is_str(field("client_id"), S("my%20client"), "the id");
    is_str(field("client_secret"), S("(none)"), "no secret");
}

static str claims_of(str assertion)
{
    str head, rest, claims, signature, out = S_EMPTY;
    str_cut(assertion, '.', &head, &rest);
    str_cut(rest, '.', &claims, &signature);
    return base64_decode(&arena, claims, &out) ? out : S_EMPTY;
}

static str header_of(str assertion)
{
    str head, rest, out = S_EMPTY;
    str_cut(assertion, '.', &head, &rest);
    return base64_decode(&arena, head, &out) ? out : S_EMPTY;
}

static void test_assertions(void)
{
    struct oauth_client c = {.auth = OAUTH_JWT,
                             .token_url = S("https://idp/token"),
                             .id = S("client"),
                             .private_key = str_from_cz(key_pkcs8),
                             .key_id = S("key-1")};
    is_int(make(&c), 0, "private_key_jwt");
    is_str(field("client_assertion_type"),
           S("urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"), "the type");
    is_str(claims_of(field("client_assertion")),
           S("{\"iss\":\"client\",\"sub\":\"client\",\"aud\":\"https://idp/token\","
             "\"jti\":\"nonce-1\",\"iat\":1795258373,\"nbf\":1795258373,\"exp\":1795258673}"),
           "the claims");
    is_str(header_of(field("client_assertion")),
           S("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"key-1\"}"), "the header");
    c.jwt_audience = S("https://idp");
    c.key_id = S_EMPTY;
    c.certificate = str_from_cz(key_certificate);
    is_int(make(&c), 0, "by certificate");
    ok(str_find(claims_of(field("client_assertion")), S("\"aud\":\"https://idp\"")) != STR_NONE,
       "another audience");
    ok(str_has_prefix(header_of(field("client_assertion")),
                      S("{\"alg\":\"PS256\",\"typ\":\"JWT\",\"x5t#S256\":\"")),
       "names the certificate");
    c.private_key = S("none");
    is_int(make(&c), -E_CONFIG, "no key");
    is_str(why, S("the private key is no unencrypted RSA key in PEM"), "said so");
    c.auth = OAUTH_ASSERTION;
    c.assertion = S(" eyJ.a.b\n");
    is_int(make(&c), 0, "somebody else's assertion");
    is_str(field("client_assertion"), S("eyJ.a.b"), "without white space");
}

static void test_azure(void)
{
    is_str(oauth_entra_url(&arena, S_EMPTY, S("t-1")),
           S("https://login.microsoftonline.com/t-1/oauth2/v2.0/token"), "Entra");
    is_str(oauth_entra_url(&arena, S("https://login.microsoftonline.us/"), S("t-1")),
           S("https://login.microsoftonline.us/t-1/oauth2/v2.0/token"), "another cloud");
    oauth_managed_identity_request(&arena, S_EMPTY, S_EMPTY, S_EMPTY, &request);
    is_str(request.url,
           S("http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&"
             "resource=https%3A%2F%2Fcognitiveservices.azure.com%2F"),
           "managed identity");
    is_str(header("metadata"), S("true"), "its header");
    oauth_managed_identity_request(&arena, S("http://127.0.0.1:1/t"), S("r"), S("id"), &request);
    is_str(request.url, S("http://127.0.0.1:1/t?api-version=2018-02-01&resource=r&client_id=id"),
           "one of several");
}

int main(void)
{
    arena_init(&arena, 4096, 1 << 20);
    test_secrets();
    test_assertions();
    test_azure();
    arena_fini(&arena);
    pool_trim();
    return tap_done();
}
