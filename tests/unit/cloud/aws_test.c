/* cloud/aws: the environment, each source's request, each source's answer. */
#include "cloud/aws.c"

#include "base/pool.h"
#include "tap.h"

static struct arena arena;
static struct cloud_request request;
static struct aws_keys keys;
static str why;

/* ---- the environment ---- */

static struct {
    const char *name, *value;
} variables[8];
static size_t n_variables;

static const char *fake_env(const char *name)
{
    for (size_t i = 0; i < n_variables; i++) {
        if (strcmp(variables[i].name, name) == 0)
            return variables[i].value;
    }
    return NULL;
}

static void set(const char *name, const char *value)
{
    variables[n_variables].name = name;
    variables[n_variables++].value = value;
}

static void test_environment(void)
{
    struct aws_env e;
    n_variables = 0;
    aws_env_read(&arena, fake_env, &e);
    ok(e.keys.access_key_id.n == 0 && e.config_file.n == 0 && e.container_uri.n == 0, "none");
    ok(!e.has_profile && str_eq(e.profile, S("default")), "the default profile");
    is_str(e.imds_url, S("http://169.254.169.254"), "the usual metadata service");
    ok(!e.has_no_imds, "is asked");
    set("HOME", "/home/a");
    set("AWS_ACCESS_KEY_ID", " AKIA ");
    set("AWS_DEFAULT_REGION", "eu-west-1");
    set("AWS_DEFAULT_PROFILE", "p");
    set("AWS_CONFIG_FILE", "~/c");
    set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x");
    set("AWS_EC2_METADATA_DISABLED", "TRUE");
    set("AWS_ENDPOINT_URL", "http://127.0.0.1:1/");
    aws_env_read(&arena, fake_env, &e);
    is_str(e.keys.access_key_id, S("AKIA"), "a key");
    is_str(e.region, S("eu-west-1"), "the region's second name");
    ok(e.has_profile && str_eq(e.profile, S("p")), "the profile's second name");
    is_str(e.config_file, S("/home/a/c"), "a file in the home directory");
    is_str(e.credentials_file, S("/home/a/.aws/credentials"), "a file at its usual place");
    is_str(e.container_uri, S("http://169.254.170.2/v2/x"), "ECS");
    is_str(e.sts_url, S("http://127.0.0.1:1"), "an endpoint for all");
    ok(e.has_no_imds, "no metadata service");
    n_variables = 0;
    set("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6");
    set("AWS_PROFILE", "q");
    set("AWS_REGION", "r");
    aws_env_read(&arena, fake_env, &e);
    is_str(e.imds_url, S("http://[fd00:ec2::254]"), "IPv6");
    ok(str_eq(e.profile, S("q")) && str_eq(e.region, S("r")), "first names");
    set("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:2/");
    aws_env_read(&arena, fake_env, &e);
    is_str(e.imds_url, S("http://127.0.0.1:2"), "an endpoint of its own");
}

/* ---- requests ---- */

static str header(const char *name)
{
    for (size_t i = 0; i < request.n_headers; i++) {
        if (str_eq(request.headers[i].name, str_from_cz(name)))
            return request.headers[i].value;
    }
    return S("(none)");
}

static void test_container(void)
{
    static const struct {
        const char *uri;
        bool is_allowed;
    } cases[] = {
        {"http://169.254.170.2/x", true},
        {"http://169.254.170.23/v1/credentials", true},
        {"http://[fd00:ec2::23]/v1/credentials", true},
        {"http://127.0.0.1:8080/x", true},
        {"http://localhost/x", true},
        {"http://[::1]:1/x", true},
        {"https://example.com/x", true},
        {"http://example.com/x", false},
        {"http://169.254.170.2.example.com/x", false},
        {"http://localhost@example.com/x", false},
        {"http://localhost:x@example.com/", false},
        {"http://169.254.170.2?@example.com/", true},
        {"http://10.0.0.1/x", false},
        {"ftp://localhost/x", false},
        {"localhost", false},
        {"", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        is_int(aws_container_uri_is_allowed(str_from_cz(cases[i].uri)), cases[i].is_allowed,
               cases[i].uri);
    aws_container_request(&arena, S("http://localhost/x"), S("Basic abc\n"), &request);
    is_str(header("authorization"), S("Basic abc"), "the token as it is, less white space");
    aws_container_request(&arena, S("http://localhost/x"), S_EMPTY, &request);
    is_str(header("authorization"), S("(none)"), "or none");
}

static void test_imds(void)
{
    aws_imds_session_request(&arena, S("http://i"), &request);
    is_str(request.method, S("PUT"), "a session is put");
    is_str(request.url, S("http://i/latest/api/token"), "where");
    is_str(header("x-aws-ec2-metadata-token-ttl-seconds"), S("21600"), "for how long");
    aws_imds_request(&arena, S("http://i"), S("session\n"), S_EMPTY, &request);
    is_str(request.url, S("http://i/latest/meta-data/iam/security-credentials/"), "which role");
    is_str(header("x-aws-ec2-metadata-token"), S("session"), "in the session");
    aws_imds_request(&arena, S("http://i"), S("session"), S("my-role \nmore\n"), &request);
    is_str(request.url, S("http://i/latest/meta-data/iam/security-credentials/my-role"),
           "its keys");
    aws_imds_request(&arena, S("http://i"), S("session"), S("../../x?y#z"), &request);
    ok(str_has_suffix(request.url, S("/security-credentials/..%2F..%2Fx%3Fy%23z")),
       "a name is no path");
}

static void test_sts(void)
{
    static const char *const urls[][2] = {
        {"", "https://sts.amazonaws.com"},
        {"eu-west-1", "https://sts.eu-west-1.amazonaws.com"},
        {"us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com"},
        {"cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn"},
        {"eusc-de-east-1", "https://sts.eusc-de-east-1.amazonaws.eu"},
        {"us-iso-east-1", "https://sts.us-iso-east-1.c2s.ic.gov"},
        {"us-isob-east-1", "https://sts.us-isob-east-1.sc2s.sgov.gov"},
    };
    for (size_t i = 0; i < ARRAY_LEN(urls); i++)
        is_str(aws_sts_url(&arena, str_from_cz(urls[i][0])), str_from_cz(urls[i][1]), urls[i][1]);
    struct aws_role role = {.arn = S("arn:aws:iam::1:role/x"), .duration_s = 900};
    aws_web_identity_request(&arena, S("https://sts"), &role, S("eyJ.a.b\n"), &request);
    is_str(request.body,
           S("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3A"
             "role%2Fx&RoleSessionName=throwbar&DurationSeconds=900&WebIdentityToken=eyJ.a.b"),
           "a web identity");
    is_str(header("authorization"), S("(none)"), "is not signed");
    role.session_name = S("me");
    role.external_id = S("e");
    struct aws_assumption as = {.sts_url = S("http://127.0.0.1:1"),
                                .region = S("eu-west-1"),
                                .role = role,
                                .keys = {.access_key_id = S("AKIDEXAMPLE"),
                                         .secret_access_key = S("secret"),
                                         .session_token = S("token")},
                                .wall_us = INT64_C(1440938160000000)};
    aws_assume_role_request(&arena, &as, &request);
    is_str(request.body,
           S("Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx&"
             "RoleSessionName=me&DurationSeconds=900&ExternalId=e"),
           "a role");
    is_str(header("x-amz-date"), S("20150830T123600Z"), "is asked for now");
    is_str(header("x-amz-security-token"), S("token"), "with the token");
    ok(str_has_prefix(header("authorization"),
                      S("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-west-1/sts/"
                        "aws4_request, SignedHeaders=content-type;host;x-amz-date;"
                        "x-amz-security-token, Signature=")),
       "and signed");
    is_str(str_skip(header("authorization"), header("authorization").n - 64),
           S("f265e1fd5178dbdd0b6e758d7dc82a465ea0a40922c88bf6406040835971310f"),
           "as another implementation signs it");
}

/* ---- answers ---- */

static void test_json(void)
{
    is_int(aws_keys_read(&arena,
                         S("{\"Code\":\"Success\",\"Type\":\"AWS-HMAC\",\"AccessKeyId\":\"A\","
                           "\"SecretAccessKey\":\"s\",\"Token\":\"t\","
                           "\"Expiration\":\"2026-11-21T10:53:53Z\"}"),
                         &keys, &why),
           0, "IMDS");
    ok(str_eq(keys.access_key_id, S("A")) && str_eq(keys.secret_access_key, S("s")) &&
           str_eq(keys.session_token, S("t")),
       "its keys");
    is_int(keys.expires_us, INT64_C(1795258433000000), "their end");
    ok(aws_keys_read(&arena, S("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\"}"), &keys, &why) ==
               0 &&
           keys.expires_us == 0,
       "keys that do not end");
    static const char *const bad[][2] = {
        {"", "the answer is no JSON"},
        {"{}", "the answer has no keys"},
        {"{\"AccessKeyId\":\"A\"}", "the answer has no keys"},
        {"{\"AccessKeyId\":\"A\\nB\",\"SecretAccessKey\":\"s\"}",
         "the answer's keys are no header values"},
        {"{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Expiration\":\"soon\"}",
         "the answer's expiry is no date"},
        {"{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"no\"}",
         "status 200, AssumeRoleUnauthorizedAccess: no"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        is_int(aws_keys_read(&arena, str_from_cz(bad[i][0]), &keys, &why), -E_PROVIDER_BODY,
               bad[i][0]);
        is_str(why, str_from_cz(bad[i][1]), "said so");
    }
}

static void test_xml(void)
{
    is_int(aws_sts_read(
               &arena,
               S("<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/\">\n"
                 " <AssumeRoleWithWebIdentityResult><AssumedRoleUser><Arn>x</Arn></AssumedRoleUser>"
                 "<Credentials>\n<SessionToken>t+/=</SessionToken>"
                 "<SecretAccessKey>s&amp;</SecretAccessKey>"
                 "<Expiration>2026-11-21T10:53:53Z</Expiration>"
                 "<AccessKeyId>ASIA</AccessKeyId></Credentials>"
                 "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"),
               &keys, &why),
           0, "STS");
    ok(str_eq(keys.access_key_id, S("ASIA")) && str_eq(keys.secret_access_key, S("s&")) &&
           str_eq(keys.session_token, S("t+/=")) && keys.expires_us == INT64_C(1795258433000000),
       "its keys");
    is_int(aws_sts_read(&arena, S("<ErrorResponse/>"), &keys, &why), -E_PROVIDER_BODY, "an error");
    is_str(why, S("the answer has no Credentials"), "said so");
    is_int(aws_sts_read(&arena, S("<Credentials></Credentials>"), &keys, &why), -E_PROVIDER_BODY,
           "no keys");
}

int main(void)
{
    arena_init(&arena, 4096, 4 << 20);
    test_environment();
    test_container();
    test_imds();
    test_sts();
    test_json();
    test_xml();
    arena_fini(&arena);
    pool_trim();
    return tap_done();
}
