/* The token request of client credentials, in the five ways in which a client says who it is.
 *
 * The secret goes where RFC 6749 2.3.1 wants it (Basic, of the form-encoded id and secret) or into
 * the body for servers that want it there; an assertion replaces it. An assertion lives five
 * minutes and starts a minute ago, because clocks differ. Entra knows a key by the certificate it
 * belongs to, and wants PS256 then. */
#include "cloud/oauth.h"

#include "base/buf.h"
#include "base/err.h"
#include "cloud/jwt.h"
#include "wire/json.h"

#define FORM_MAX       (256u << 10)
#define ASSERTION_TYPE S("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
#define ASSERTION_S    300
#define LEEWAY_S       60
#define US_PER_S       INT64_C(1000000)

static int make_assertion(struct arena *a, const struct oauth_client *c, int64_t wall_us, str nonce,
                          str *assertion, const char **why)
{
    struct buf claims;
    buf_init(&claims, FORM_MAX);
    struct json_writer w = json_writer(&claims);
    json_begin_object(&w, NULL);
    json_put_str(&w, "iss", c->id);
    json_put_str(&w, "sub", c->id);
    json_put_str(&w, "aud", c->jwt_audience.n > 0 ? c->jwt_audience : c->token_url);
    json_put_str(&w, "jti", nonce);
    json_put_int(&w, "iat", wall_us / US_PER_S - LEEWAY_S);
    json_put_int(&w, "nbf", wall_us / US_PER_S - LEEWAY_S);
    json_put_int(&w, "exp", wall_us / US_PER_S + ASSERTION_S - LEEWAY_S);
    json_end_object(&w);
    struct jwt_header h = {.alg = c->certificate.n > 0 ? JWT_PS256 : JWT_RS256,
                           .key_id = c->key_id,
                           .certificate_sha256 = jwt_certificate_sha256(a, c->certificate)};
    int rc = jwt_sign(a, &h, buf_str(&claims), c->private_key, assertion, why);
    buf_fini(&claims);
    return rc;
}

/* Puts who the client is into the request. */
static int identify(struct arena *a, const struct oauth_client *c, str assertion,
                    struct cloud_request *out, struct buf *form)
{
    switch (c->auth) {
    case OAUTH_BASIC:
        cloud_header(out, S("authorization"), cloud_basic(a, c->id, c->secret));
        return 0;
    case OAUTH_POST:
        cloud_form_put(form, S("client_id"), c->id);
        cloud_form_put(form, S("client_secret"), c->secret);
        return 0;
    case OAUTH_JWT:
    case OAUTH_ASSERTION:
        cloud_form_put(form, S("client_id"), c->id);
        cloud_form_put(form, S("client_assertion_type"), ASSERTION_TYPE);
        cloud_form_put(form, S("client_assertion"), assertion);
        return 0;
    case OAUTH_TLS:
        cloud_form_put(form, S("client_id"), c->id);
        return 0;
    }
    return -E_CONFIG;
}

static void put_optional(struct buf *form, str name, str value)
{
    if (value.n > 0)
        cloud_form_put(form, name, value);
}

int oauth_request(struct arena *a, const struct oauth_client *c, int64_t wall_us, str nonce,
                  struct cloud_request *out, str *why)
{
    const char *reason = NULL;
    str assertion = str_trim(c->assertion);
    if (c->auth == OAUTH_JWT && make_assertion(a, c, wall_us, nonce, &assertion, &reason) < 0) {
        *why = str_from_cz(reason);
        return -E_CONFIG;
    }
    struct buf form;
    buf_init(&form, FORM_MAX);
    *out = (struct cloud_request){.method = S("POST"), .url = c->token_url};
    cloud_header(out, S("content-type"), S("application/x-www-form-urlencoded"));
    cloud_header(out, S("accept"), S("application/json"));
    cloud_form_put(&form, S("grant_type"), S("client_credentials"));
    int rc = identify(a, c, assertion, out, &form);
    put_optional(&form, S("scope"), c->scope);
    put_optional(&form, S("audience"), c->audience);
    put_optional(&form, S("resource"), c->resource);
    if (rc == 0 && !buf_is_ok(&form)) {
        *why = S("the token request is too large");
        rc = -E_CONFIG;
    }
    out->body = arena_str(a, buf_str(&form));
    buf_fini(&form);
    return rc;
}

str oauth_entra_url(struct arena *a, str authority, str tenant)
{
    if (authority.n == 0)
        authority = S("https://login.microsoftonline.com");
    while (str_has_suffix(authority, S("/")))
        authority.n--;
    return arena_concat(a, (str[]){authority, S("/"), tenant, S("/oauth2/v2.0/token")}, 4);
}

void oauth_managed_identity_request(struct arena *a, str url, str resource, str client_id,
                                    struct cloud_request *out)
{
    struct buf b;
    if (url.n == 0)
        url = S("http://169.254.169.254/metadata/identity/oauth2/token");
    buf_init(&b, FORM_MAX);
    cloud_form_put(&b, S("api-version"), S("2018-02-01"));
    cloud_form_put(&b, S("resource"), resource.n > 0 ? resource : OAUTH_AZURE_RESOURCE);
    put_optional(&b, S("client_id"), client_id);
    *out = (struct cloud_request){.method = S("GET"),
                                  .url = arena_concat(a, (str[]){url, S("?"), buf_str(&b)}, 3)};
    cloud_header(out, S("metadata"), S("true"));
    buf_fini(&b);
}
