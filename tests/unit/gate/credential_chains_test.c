/* gate/credential's ways to a value, each from its first step to its last: AWS's chain, Google's
 * files and metadata server, OAuth and Azure. */
#include "gate/credential.c"

#include "fake_cloud.h"
#include "test_keys.h"

/* ---- AWS ---- */

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
    o.oauth.private_key_file = S("/nowhere");
    is_failure(&o, "the private key /nowhere: No such file or directory");
    o.oauth.private_key_file = str_from_cz(file("bad", "{}"));
    is_failure(&o, "the token request: the private key is no unencrypted RSA key in PEM");
    o.oauth.private_key_file = str_from_cz(file("key", key_pkcs8));
    o.oauth.certificate_file = str_from_cz(file("certificate", key_certificate));
    ok(get_once(&o) == 0 && has_received("&client_assertion=eyJ"), "a key of ours");
}

static void remove_folder(void)
{
    static const char *const names[] = {"web", "pod", "credentials", "config",      "sa",
                                        "wif", "bad", "key",         "certificate", "federated"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        must(unlink(arena_cz(&texts, arena_printf(&texts, "%s/%s", folder, names[i]))) == 0);
    must(rmdir(folder) == 0);
}

int main(void)
{
    cloud_open();
    must(mkdtemp(folder));
    test_aws_keys();
    test_aws_clock();
    test_aws_environment();
    test_aws_profiles();
    test_gcp();
    test_azure();
    remove_folder();
    return cloud_close();
}
