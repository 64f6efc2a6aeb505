/* The sources of AWS keys, each as a request and an answer.
 *
 * Two answers exist: the JSON of the metadata endpoints and the XML of STS, with the same four
 * members under other names. A value that is to become a header is checked here, so that nothing a
 * metadata server says can inject one. */
#include "cloud/aws.h"

#include <string.h>

#include "base/buf.h"
#include "base/date.h"
#include "base/err.h"
#include "cloud/xml.h"
#include "wire/http1_field.h"
#include "wire/json.h"

#define FORM_MAX      (256u << 10)
#define IMDS_URL      S("http://169.254.169.254")
#define IMDS_URL_V6   S("http://[fd00:ec2::254]")
#define ECS_URL       S("http://169.254.170.2")
#define ROLE_NAME_MAX 512

/* ---- the environment ---- */

typedef const char *(*get_fn)(const char *name);

static str variable(struct arena *a, get_fn get, const char *name)
{
    return arena_str(a, str_trim(str_from_cz(get(name))));
}

/* The first of the two that is set. */
static str either(struct arena *a, get_fn get, const char *name, const char *other)
{
    str value = variable(a, get, name);
    return value.n > 0 ? value : variable(a, get, other);
}

static str file_path(struct arena *a, get_fn get, const char *name, str usual)
{
    str path = variable(a, get, name);
    str home = variable(a, get, "HOME");
    if (path.n == 0)
        path = usual;
    if (!str_has_prefix(path, S("~/")))
        return path;
    return home.n > 0 ? arena_concat(a, (str[]){home, str_skip(path, 1)}, 2) : S_EMPTY;
}

static str without_slash(str url)
{
    while (str_has_suffix(url, S("/")))
        url.n--;
    return url;
}

static str imds_url(struct arena *a, get_fn get)
{
    str url = variable(a, get, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    str mode = variable(a, get, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    if (url.n > 0)
        return without_slash(url);
    return str_eq_nocase(mode, S("IPv6")) ? IMDS_URL_V6 : IMDS_URL;
}

void aws_env_read(struct arena *a, get_fn get, struct aws_env *out)
{
    *out = (struct aws_env){
        .keys = {.access_key_id = variable(a, get, "AWS_ACCESS_KEY_ID"),
                 .secret_access_key = variable(a, get, "AWS_SECRET_ACCESS_KEY"),
                 .session_token = variable(a, get, "AWS_SESSION_TOKEN")},
        .profile = either(a, get, "AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
        .region = either(a, get, "AWS_REGION", "AWS_DEFAULT_REGION"),
        .config_file = file_path(a, get, "AWS_CONFIG_FILE", S("~/.aws/config")),
        .credentials_file =
            file_path(a, get, "AWS_SHARED_CREDENTIALS_FILE", S("~/.aws/credentials")),
        .role_arn = variable(a, get, "AWS_ROLE_ARN"),
        .role_session_name = variable(a, get, "AWS_ROLE_SESSION_NAME"),
        .web_identity_token_file = variable(a, get, "AWS_WEB_IDENTITY_TOKEN_FILE"),
        .container_uri = variable(a, get, "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        .container_token = variable(a, get, "AWS_CONTAINER_AUTHORIZATION_TOKEN"),
        .container_token_file = variable(a, get, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
        .sts_url = without_slash(either(a, get, "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL")),
        .imds_url = imds_url(a, get),
        .has_no_imds = str_eq_nocase(variable(a, get, "AWS_EC2_METADATA_DISABLED"), S("true")),
        .bearer_token_bedrock = variable(a, get, "AWS_BEARER_TOKEN_BEDROCK"),
    };
    str relative = variable(a, get, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    if (relative.n > 0)
        out->container_uri = arena_concat(a, (str[]){ECS_URL, relative}, 2);
    out->has_profile = out->profile.n > 0;
    if (!out->has_profile)
        out->profile = S("default");
}

/* ---- requests ---- */

/* The parts of a URL of ours; its path is "/" when it has none. */
static void split_url(str url, str *authority, str *path)
{
    size_t at = str_find(url, S("://"));
    str rest = at == STR_NONE ? url : str_skip(url, at + 3);
    size_t slash = str_find_char(rest, '/');
    *authority = str_slice(rest, 0, slash);
    *path = slash == STR_NONE ? S("/") : str_skip(rest, slash);
}

bool aws_container_uri_is_allowed(str uri)
{
    static const str hosts[] = {
        {"127.0.0.1", 9},      {"localhost", 9},       {"[::1]", 5},
        {"169.254.170.2", 13}, {"169.254.170.23", 14}, {"[fd00:ec2::23]", 14},
    };
    str authority, path;
    struct http_authority parts;
    if (str_has_prefix_nocase(uri, S("https://")))
        return true;
    split_url(uri, &authority, &path);
    authority = str_slice(authority, 0, str_find_char(authority, '?'));
    if (!str_has_prefix_nocase(uri, S("http://")) || !http_authority_read(authority, &parts))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        if (str_eq_nocase(parts.host, hosts[i]))
            return true;
    }
    return false;
}

void aws_container_request(struct arena *a, str uri, str token, struct cloud_request *out)
{
    *out = (struct cloud_request){.method = S("GET"), .url = uri};
    cloud_header(out, S("accept"), S("application/json"));
    if (token.n > 0)
        cloud_header(out, S("authorization"), arena_str(a, str_trim(token)));
}

void aws_imds_session_request(struct arena *a, str imds_url, struct cloud_request *out)
{
    *out = (struct cloud_request){
        .method = S("PUT"),
        .url = arena_concat(a, (str[]){without_slash(imds_url), S("/latest/api/token")}, 2)};
    cloud_header(out, S("x-aws-ec2-metadata-token-ttl-seconds"),
                 arena_printf(a, "%d", AWS_IMDS_SESSION_S));
}

void aws_imds_request(struct arena *a, str imds_url, str session, str role,
                      struct cloud_request *out)
{
    struct buf url;
    str line, more;
    str_cut(str_trim(role), '\n', &line, &more);
    buf_init(&url, FORM_MAX);
    buf_put(&url, without_slash(imds_url));
    buf_put(&url, S("/latest/meta-data/iam/security-credentials/"));
    cloud_percent_encode(&url, str_slice(str_trim(line), 0, ROLE_NAME_MAX));
    *out = (struct cloud_request){.method = S("GET"), .url = arena_str(a, buf_str(&url))};
    cloud_header(out, S("x-aws-ec2-metadata-token"), arena_str(a, str_trim(session)));
    buf_fini(&url);
}

/* ---- answers ---- */

static int refuse(str *why, str reason)
{
    *why = reason;
    return -E_PROVIDER_BODY;
}

/* Takes the keys if they are whole. */
static int check_keys(struct aws_keys *keys, str expiration, str *why)
{
    if (keys->access_key_id.n == 0 || keys->secret_access_key.n == 0)
        return refuse(why, S("the answer has no keys"));
    if (!http_value_is_valid(keys->access_key_id) || !http_value_is_valid(keys->session_token))
        return refuse(why, S("the answer's keys are no header values"));
    if (expiration.n > 0 && !date_read(expiration, &keys->expires_us))
        return refuse(why, S("the answer's expiry is no date"));
    return 0;
}

int aws_keys_read(struct arena *a, str json, struct aws_keys *out, str *why)
{
    const struct json *root;
    size_t error_at;
    *out = (struct aws_keys){.expires_us = 0};
    if (json_read(a, json, &root, &error_at) < 0)
        return refuse(why, S("the answer is no JSON"));
    str code = json_str(json_get(root, "Code"));
    if (code.n > 0 && !str_eq(code, S("Success")))
        return refuse(why, cloud_refusal(a, 200, json));
    out->access_key_id = json_str(json_get(root, "AccessKeyId"));
    out->secret_access_key = json_str(json_get(root, "SecretAccessKey"));
    out->session_token = json_str(json_get(root, "Token"));
    return check_keys(out, json_str(json_get(root, "Expiration")), why);
}

int aws_sts_read(struct arena *a, str xml, struct aws_keys *out, str *why)
{
    str keys;
    *out = (struct aws_keys){.expires_us = 0};
    if (!xml_find(xml, S("Credentials"), &keys))
        return refuse(why, S("the answer has no Credentials"));
    out->access_key_id = xml_text(a, keys, S("AccessKeyId"));
    out->secret_access_key = xml_text(a, keys, S("SecretAccessKey"));
    out->session_token = xml_text(a, keys, S("SessionToken"));
    return check_keys(out, xml_text(a, keys, S("Expiration")), why);
}

/* ---- STS ---- */

str aws_sts_url(struct arena *a, str region)
{
    static const struct {
        str prefix, suffix;
    } partitions[] = {
        {{"cn-", 3}, {"amazonaws.com.cn", 16}}, {{"eusc-", 5}, {"amazonaws.eu", 12}},
        {{"us-iso-", 7}, {"c2s.ic.gov", 10}},   {{"us-isob-", 8}, {"sc2s.sgov.gov", 13}},
        {{"", 0}, {"amazonaws.com", 13}},
    };
    size_t i = 0;
    if (region.n == 0)
        return S("https://sts.amazonaws.com");
    while (!str_has_prefix(region, partitions[i].prefix))
        i++;
    return arena_concat(a, (str[]){S("https://sts."), region, S("."), partitions[i].suffix}, 4);
}

static void put_role(struct arena *a, struct buf *form, const struct aws_role *role,
                     const char *action)
{
    buf_init(form, FORM_MAX);
    cloud_form_put(form, S("Action"), str_from_cz(action));
    cloud_form_put(form, S("Version"), S("2011-06-15"));
    cloud_form_put(form, S("RoleArn"), role->arn);
    cloud_form_put(form, S("RoleSessionName"),
                   role->session_name.n > 0 ? role->session_name : S("throwbar"));
    if (role->duration_s > 0)
        cloud_form_put(form, S("DurationSeconds"),
                       arena_printf(a, "%lld", (long long)role->duration_s));
}

static void form_request(struct arena *a, str sts_url, struct buf *form, struct cloud_request *out)
{
    *out = (struct cloud_request){
        .method = S("POST"), .url = sts_url, .body = arena_str(a, buf_str(form))};
    cloud_header(out, S("content-type"), S("application/x-www-form-urlencoded; charset=utf-8"));
    buf_fini(form);
}

void aws_web_identity_request(struct arena *a, str sts_url, const struct aws_role *role, str token,
                              struct cloud_request *out)
{
    struct buf form;
    put_role(a, &form, role, "AssumeRoleWithWebIdentity");
    cloud_form_put(&form, S("WebIdentityToken"), str_trim(token));
    form_request(a, sts_url, &form, out);
}

void aws_assume_role_request(struct arena *a, const struct aws_assumption *as,
                             struct cloud_request *out)
{
    struct buf form;
    put_role(a, &form, &as->role, "AssumeRole");
    if (as->role.external_id.n > 0)
        cloud_form_put(&form, S("ExternalId"), as->role.external_id);
    form_request(a, as->sts_url, &form, out);
    struct sigv4_key key = {.date = {0}};
    struct sigv4_signer s = {
        .access_key_id = as->keys.access_key_id,
        .session_token = as->keys.session_token,
        .scope = {.region = as->region.n > 0 ? as->region : S("us-east-1"), .service = S("sts")},
        .key = &key,
        .wall_us = as->wall_us};
    struct iovec body = {.iov_base = (void *)(uintptr_t)out->body.p, .iov_len = out->body.n};
    struct http_header headers[2] = {{.name = S("host")}, out->headers[0]};
    struct sigv4_request r = {.method = out->method,
                              .headers = headers,
                              .n_headers = 2,
                              .payload_hash = sigv4_payload_hash(a, &body, 1)};
    struct sigv4_headers more;
    split_url(out->url, &headers[0].value, &r.path);
    sigv4_key_derive(&key, as->keys.secret_access_key, &s.scope, as->wall_us);
    sigv4_sign(&s, &r, a, &more);
    for (size_t i = 0; i < more.n; i++)
        cloud_header(out, more.at[i].name, more.at[i].value);
    explicit_bzero(&key, sizeof key);
}
