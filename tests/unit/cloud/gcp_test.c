/* cloud/gcp: each kind of file, each step's request and answer, and what is refused. */
#include "cloud/gcp.c"

#include <string.h>

#include "base/pool.h"
#include "tap.h"
#include "test_keys.h"
#include "wire/base64.h"

#define NOW_US INT64_C(1795258433000000)

static struct arena arena;
static struct gcp_file file;
static struct cloud_request request;
static str why;

static int read(str json)
{
    why = S_EMPTY;
    return gcp_file_read(&arena, json, &file, &why);
}

static str service_account(const char *more)
{
    struct buf b;
    buf_init(&b, 1 << 16);
    struct json_writer w = json_writer(&b);
    json_begin_object(&w, NULL);
    json_put_str(&w, "type", S("service_account"));
    json_put_str(&w, "project_id", S("p-1"));
    json_put_str(&w, "private_key_id", S("k-1"));
    json_put_str(&w, "private_key", str_from_cz(key_pkcs8));
    json_put_str(&w, "client_email", S("a@p-1.iam"));
    if (more)
        json_put_str(&w, "token_uri", str_from_cz(more));
    json_end_object(&w);
    str out = arena_str(&arena, buf_str(&b));
    buf_fini(&b);
    return out;
}

static void test_service_account(void)
{
    str jwt, head, rest, claims = S_EMPTY, text = S_EMPTY;
    is_int(read(service_account(NULL)), 0, "a service account");
    is_str(file.project, S("p-1"), "its project");
    is_str(file.token_url, S("https://oauth2.googleapis.com/token"), "the usual URL");
    is_int(read(service_account("http://127.0.0.1:1/t")), 0, "with a URL");
    is_int(gcp_service_account_request(&arena, &file, GCP_SCOPE, NOW_US, &request, &why), 0,
           "its request");
    is_str(request.url, S("http://127.0.0.1:1/t"), "where it goes");
    const char *begin =
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    ok(str_has_prefix(request.body, str_from_cz(begin)), "its grant");
    jwt = str_skip(request.body, strlen(begin));
    str_cut(jwt, '.', &head, &rest);
    str_cut(rest, '.', &claims, &rest);
    ok(base64_decode(&arena, claims, &text), "its claims");
    is_str(text,
           S("{\"iss\":\"a@p-1.iam\",\"scope\":\"https://www.googleapis.com/auth/cloud-platform\","
             "\"aud\":\"http://127.0.0.1:1/t\",\"iat\":1795258403,\"exp\":1795262003}"),
           "say who and for how long");
    file.private_key = S("x");
    is_int(gcp_service_account_request(&arena, &file, GCP_SCOPE, NOW_US, &request, &why), -E_CONFIG,
           "no key");
    is_str(why, S("the private key is no unencrypted RSA key in PEM"), "said so");
}

static void test_authorized_user(void)
{
    is_int(read(S("{\"type\":\"authorized_user\",\"client_id\":\"i\",\"client_secret\":\"s\","
                  "\"refresh_token\":\"r/1\",\"quota_project_id\":\"q\"}")),
           0, "a user");
    is_str(file.quota_project, S("q"), "who pays");
    is_str(file.project, S("q"), "and the project");
    gcp_refresh_request(&arena, &file, &request);
    is_str(request.body,
           S("grant_type=refresh_token&client_id=i&client_secret=s&refresh_token=r%2F1"),
           "its request");
}

#define EXTERNAL                                                                                   \
    "{\"type\":\"external_account\",\"audience\":\"//iam/x\",\"subject_token_type\":\"urn:jwt\","  \
    "\"token_url\":\"https://sts/v1/token\","

static void test_federation(void)
{
    str token;
    struct cloud_token out;
    is_int(read(S(EXTERNAL "\"credential_source\":{\"file\":\"/run/token\"}}")), 0, "from a file");
    is_str(file.subject_file, S("/run/token"), "which one");
    is_int(gcp_subject_read(&arena, &file, S(" tok\n"), &token, &why), 0, "a text");
    is_str(token, S("tok"), "is the token");
    is_int(gcp_subject_read(&arena, &file, S(" \n"), &token, &why), -E_PROVIDER_BODY, "nothing");
    gcp_exchange_request(&arena, &file, S("scope-1"), S("tok"), &request);
    is_str(request.url, S("https://sts/v1/token"), "the exchange");
    is_str(
        request.body,
        S("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&audience=%2F%2Fiam"
          "%2Fx&scope=scope-1&requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3A"
          "access_token&subject_token=tok&subject_token_type=urn%3Ajwt"),
        "its body");
    is_int(request.n_headers, 1, "without authentication");
    is_int(read(S(EXTERNAL
                  "\"client_id\":\"i\",\"client_secret\":\"s\","
                  "\"service_account_impersonation_url\":\"https://iam/sa:generateAccessToken\","
                  "\"service_account_impersonation\":{\"token_lifetime_seconds\":600},"
                  "\"credential_source\":{\"url\":\"http://169.254.169.254/x\","
                  "\"headers\":{\"Metadata\":\"true\"},\"format\":{\"type\":\"json\","
                  "\"subject_token_field_name\":\"access_token\"}}}")),
           0, "from a URL, to a service account");
    gcp_subject_request(&file, &request);
    ok(str_eq(request.url, S("http://169.254.169.254/x")) && request.n_headers == 1 &&
           str_eq(request.headers[0].name, S("Metadata")),
       "the subject's request");
    is_int(gcp_subject_read(&arena, &file, S("{\"access_token\":\"tok\"}"), &token, &why), 0,
           "JSON");
    is_str(token, S("tok"), "its member");
    ok(gcp_subject_read(&arena, &file, S("{}"), &token, &why) < 0 &&
           gcp_subject_read(&arena, &file, S("tok"), &token, &why) < 0,
       "no member, no JSON");
    gcp_exchange_request(&arena, &file, S("scope-1"), S("tok"), &request);
    is_str(request.headers[1].value, S("Basic aTpz"), "the client says who it is");
    ok(str_find(request.body, S("auth%2Fcloud-platform")) != STR_NONE, "the scope to impersonate");
    gcp_impersonation_request(&arena, &file, S("scope-1"), S("t2"), &request);
    is_str(request.url, S("https://iam/sa:generateAccessToken"), "impersonation");
    is_str(request.body, S("{\"scope\":[\"scope-1\"],\"lifetime\":\"600s\"}"), "its body");
    is_str(request.headers[1].value, S("Bearer t2"), "with the exchanged token");
    is_int(gcp_impersonation_read(
               &arena, S("{\"accessToken\":\"t3\",\"expireTime\":\"2026-11-21T10:53:53Z\"}"), &out,
               &why),
           0, "its answer");
    ok(str_eq(out.value, S("t3")) && out.expires_us == NOW_US, "a token and its end");
    static const char *const bad[] = {"", "{}", "{\"accessToken\":\"t\"}",
                                      "{\"accessToken\":\"t\",\"expireTime\":\"soon\"}",
                                      "{\"accessToken\":\"a\\nb\",\"expireTime\":\"2026-11-21\"}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        is_int(gcp_impersonation_read(&arena, str_from_cz(bad[i]), &out, &why), -E_PROVIDER_BODY,
               bad[i]);
}

static void test_refused(void)
{
    static const struct {
        const char *json, *why;
    } bad[] = {
        {"", "the credentials file is no JSON (at byte 0)"},
        {"[]", "the credentials file has no type"},
        {"{\"type\":\"service_account\"}", "the credentials file has no client_email"},
        {"{\"type\":\"service_account\",\"client_email\":\"a\",\"private_key\":7}",
         "the credentials file has no private_key"},
        {"{\"type\":\"authorized_user\",\"client_id\":\"a\"}",
         "the credentials file has no client_secret"},
        {"{\"type\":\"impersonated_service_account\"}",
         "the credentials file is neither of a service_account, an authorized_user nor an "
         "external_account"},
        {"{\"type\":\"external_account\"}", "the credentials file has no audience"},
        {EXTERNAL "\"credential_source\":{}}", "credential_source needs either a file or a url"},
        {EXTERNAL "\"credential_source\":{\"file\":\"a\",\"url\":\"b\"}}",
         "credential_source needs either a file or a url"},
        {EXTERNAL "\"credential_source\":{\"executable\":{\"command\":\"x\"}}}",
         "external accounts with an executable are not supported: the gateway starts no programs"},
        {EXTERNAL "\"credential_source\":{\"environment_id\":\"aws1\"}}",
         "external accounts of AWS (environment_id) are not supported"},
        {EXTERNAL "\"credential_source\":{\"certificate\":{}}}",
         "external accounts with a certificate are not supported"},
        {EXTERNAL "\"credential_source\":{\"file\":\"a\",\"format\":{\"type\":\"json\"}}}",
         "credential_source.format has no subject_token_field_name"},
        {EXTERNAL "\"credential_source\":{\"url\":\"a\",\"headers\":{\"a b\":\"c\"}}}",
         "credential_source.headers holds what is no header"},
        {EXTERNAL "\"credential_source\":{\"url\":\"a\",\"headers\":{\"a\":\"b\\r\\nc\"}}}",
         "credential_source.headers holds what is no header"},
        {EXTERNAL
         "\"credential_source\":{\"url\":\"a\",\"headers\":{\"a\":\"\",\"b\":\"\",\"c\":\"\","
         "\"d\":\"\",\"e\":\"\",\"f\":\"\",\"g\":\"\",\"h\":\"\",\"i\":\"\"}}}",
         "credential_source.headers holds too many"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        is_int(read(str_from_cz(bad[i].json)), -E_CONFIG, bad[i].json);
        is_str(why, str_from_cz(bad[i].why), "said so");
    }
}

static const char *names[4], *values[4];

static const char *fake_env(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(names) && names[i]; i++) {
        if (strcmp(name, names[i]) == 0)
            return values[i];
    }
    return NULL;
}

static void test_places(void)
{
    is_str(gcp_default_path(&arena, fake_env), S_EMPTY, "no home, no file");
    names[0] = "HOME";
    values[0] = "/home/a";
    is_str(gcp_default_path(&arena, fake_env),
           S("/home/a/.config/gcloud/application_default_credentials.json"), "gcloud's own");
    names[1] = "CLOUDSDK_CONFIG";
    values[1] = "/c";
    is_str(gcp_default_path(&arena, fake_env), S("/c/application_default_credentials.json"),
           "elsewhere");
    names[2] = "GOOGLE_APPLICATION_CREDENTIALS";
    values[2] = "/f.json";
    is_str(gcp_default_path(&arena, fake_env), S("/f.json"), "named");
    gcp_metadata_request(&arena, S_EMPTY, GCP_SCOPE, &request);
    is_str(request.url,
           S("http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/"
             "token?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform"),
           "the metadata server");
    ok(str_eq(request.headers[0].name, S("metadata-flavor")), "its header");
    gcp_metadata_request(&arena, S("127.0.0.1:99"), GCP_SCOPE, &request);
    ok(str_has_prefix(request.url, S("http://127.0.0.1:99/computeMetadata/")), "elsewhere");
}

int main(void)
{
    arena_init(&arena, 4096, 4 << 20);
    test_service_account();
    test_authorized_user();
    test_federation();
    test_refused();
    test_places();
    arena_fini(&arena);
    pool_trim();
    return tap_done();
}
