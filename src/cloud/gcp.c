/* Google's credentials files and the requests that make a token of them.
 *
 * A file is read once into a struct; each kind then has its own chain of requests, of one to three
 * steps. Where a file's URLs point is its author's business, and its author is the operator: they
 * are used as they stand. */
#include "cloud/gcp.h"

#include "base/buf.h"
#include "base/date.h"
#include "base/err.h"
#include "cloud/jwt.h"
#include "wire/http1_field.h"
#include "wire/json.h"

#define FORM_MAX    (256u << 10)
#define TOKEN_URL   S("https://oauth2.googleapis.com/token")
#define JWT_S       3600
#define LEEWAY_S    30 /* our clock may be ahead of Google's */
#define US_PER_S    INT64_C(1000000)
#define JWT_GRANT   S("urn:ietf:params:oauth:grant-type:jwt-bearer")
#define TRADE_GRANT S("urn:ietf:params:oauth:grant-type:token-exchange")
#define TOKEN_TYPE  S("urn:ietf:params:oauth:token-type:access_token")

/* ---- the file ---- */

static int refuse(str *why, str reason)
{
    *why = reason;
    return -E_CONFIG;
}

static str member(const struct json *object, const char *name)
{
    return json_str(json_get(object, name));
}

/* The first of the names (NULL ends) of which the file has no member; NULL: it has them all. */
static const char *missing(const struct json *root, const char *const *names)
{
    for (; *names; names++) {
        if (member(root, *names).n == 0)
            return *names;
    }
    return NULL;
}

static int need(struct arena *a, const struct json *root, const char *const *names, str *why)
{
    const char *name = missing(root, names);
    return name ? refuse(why, arena_printf(a, "the credentials file has no %s", name)) : 0;
}

static int read_service_account(struct arena *a, const struct json *root, struct gcp_file *out,
                                str *why)
{
    static const char *const names[] = {"client_email", "private_key", NULL};
    out->kind = GCP_SERVICE_ACCOUNT;
    out->client_email = member(root, "client_email");
    out->private_key = member(root, "private_key");
    out->private_key_id = member(root, "private_key_id");
    out->token_url = member(root, "token_uri");
    if (out->token_url.n == 0)
        out->token_url = TOKEN_URL;
    return need(a, root, names, why);
}

static int read_authorized_user(struct arena *a, const struct json *root, struct gcp_file *out,
                                str *why)
{
    static const char *const names[] = {"client_id", "client_secret", "refresh_token", NULL};
    out->kind = GCP_AUTHORIZED_USER;
    out->client_id = member(root, "client_id");
    out->client_secret = member(root, "client_secret");
    out->refresh_token = member(root, "refresh_token");
    out->token_url = member(root, "token_uri");
    if (out->token_url.n == 0)
        out->token_url = TOKEN_URL;
    return need(a, root, names, why);
}

static int read_subject_headers(const struct json *headers, struct gcp_file *out, str *why)
{
    for (struct json_iter it = json_iter(headers); json_iter_next(&it);) {
        str value = json_str(it.value);
        if (!http_name_is_valid(it.key) || !http_value_is_valid(value))
            return refuse(why, S("credential_source.headers holds what is no header"));
        if (out->n_subject_headers == CLOUD_HEADERS_MAX)
            return refuse(why, S("credential_source.headers holds too many"));
        out->subject_headers[out->n_subject_headers++] =
            (struct http_header){.name = it.key, .value = value};
    }
    return 0;
}

static int read_subject_source(const struct json *source, struct gcp_file *out, str *why)
{
    if (json_get(source, "executable"))
        return refuse(why, S("external accounts with an executable are not supported: the gateway "
                             "starts no programs"));
    if (json_get(source, "environment_id"))
        return refuse(why, S("external accounts of AWS (environment_id) are not supported"));
    if (json_get(source, "certificate"))
        return refuse(why, S("external accounts with a certificate are not supported"));
    out->subject_file = member(source, "file");
    out->subject_url = member(source, "url");
    if ((out->subject_file.n > 0) == (out->subject_url.n > 0))
        return refuse(why, S("credential_source needs either a file or a url"));
    const struct json *format = json_get(source, "format");
    if (str_eq(member(format, "type"), S("json"))) {
        out->subject_field = member(format, "subject_token_field_name");
        if (out->subject_field.n == 0)
            return refuse(why, S("credential_source.format has no subject_token_field_name"));
    }
    return read_subject_headers(json_get(source, "headers"), out, why);
}

static int read_external_account(struct arena *a, const struct json *root, struct gcp_file *out,
                                 str *why)
{
    static const char *const names[] = {"audience", "subject_token_type", "token_url", NULL};
    out->kind = GCP_EXTERNAL_ACCOUNT;
    out->audience = member(root, "audience");
    out->subject_token_type = member(root, "subject_token_type");
    out->token_url = member(root, "token_url");
    out->impersonation_url = member(root, "service_account_impersonation_url");
    out->client_id = member(root, "client_id");
    out->client_secret = member(root, "client_secret");
    (void)json_i64(
        json_get(json_get(root, "service_account_impersonation"), "token_lifetime_seconds"),
        &out->impersonation_s);
    int rc = need(a, root, names, why);
    return rc < 0 ? rc : read_subject_source(json_get(root, "credential_source"), out, why);
}

int gcp_file_read(struct arena *a, str json, struct gcp_file *out, str *why)
{
    const struct json *root;
    size_t error_at;
    *out = (struct gcp_file){.quota_project = S_EMPTY};
    if (json_read(a, json, &root, &error_at) < 0)
        return refuse(why,
                      arena_printf(a, "the credentials file is no JSON (at byte %zu)", error_at));
    str type = member(root, "type");
    out->quota_project = member(root, "quota_project_id");
    out->project = member(root, "project_id");
    if (out->project.n == 0)
        out->project = out->quota_project;
    if (str_eq(type, S("service_account")))
        return read_service_account(a, root, out, why);
    if (str_eq(type, S("authorized_user")))
        return read_authorized_user(a, root, out, why);
    if (str_eq(type, S("external_account")))
        return read_external_account(a, root, out, why);
    if (type.n == 0)
        return refuse(why, S("the credentials file has no type"));
    return refuse(why, S("the credentials file is neither of a service_account, an "
                         "authorized_user nor an external_account"));
}

str gcp_default_path(struct arena *a, const char *(*get)(const char *name))
{
    str path = str_from_cz(get("GOOGLE_APPLICATION_CREDENTIALS"));
    if (path.n > 0)
        return arena_str(a, path);
    str folder = str_from_cz(get("CLOUDSDK_CONFIG")), home = str_from_cz(get("HOME"));
    if (folder.n == 0 && home.n == 0)
        return S_EMPTY;
    if (folder.n == 0)
        folder = arena_concat(a, (str[]){home, S("/.config/gcloud")}, 2);
    return arena_concat(a, (str[]){folder, S("/application_default_credentials.json")}, 2);
}

/* ---- requests ---- */

static void form_request(struct cloud_request *out, str url)
{
    *out = (struct cloud_request){.method = S("POST"), .url = url};
    cloud_header(out, S("content-type"), S("application/x-www-form-urlencoded"));
}

static str form_end(struct arena *a, struct buf *form)
{
    str body = arena_str(a, buf_str(form));
    buf_fini(form);
    return body;
}

static int sign(struct arena *a, const struct gcp_file *f, str scope, int64_t wall_us, str *jwt,
                const char **why)
{
    struct buf claims;
    int64_t now_s = wall_us / US_PER_S - LEEWAY_S;
    buf_init(&claims, FORM_MAX);
    struct json_writer w = json_writer(&claims);
    json_begin_object(&w, NULL);
    json_put_str(&w, "iss", f->client_email);
    json_put_str(&w, "scope", scope);
    json_put_str(&w, "aud", f->token_url);
    json_put_int(&w, "iat", now_s);
    json_put_int(&w, "exp", now_s + JWT_S);
    json_end_object(&w);
    struct jwt_header h = {.alg = JWT_RS256, .key_id = f->private_key_id};
    int rc = jwt_sign(a, &h, buf_str(&claims), f->private_key, jwt, why);
    buf_fini(&claims);
    return rc;
}

int gcp_service_account_request(struct arena *a, const struct gcp_file *f, str scope,
                                int64_t wall_us, struct cloud_request *out, str *why)
{
    struct buf form;
    str jwt;
    const char *reason = NULL;
    if (sign(a, f, scope, wall_us, &jwt, &reason) < 0)
        return refuse(why, str_from_cz(reason));
    form_request(out, f->token_url);
    buf_init(&form, FORM_MAX);
    cloud_form_put(&form, S("grant_type"), JWT_GRANT);
    cloud_form_put(&form, S("assertion"), jwt);
    out->body = form_end(a, &form);
    return 0;
}

void gcp_refresh_request(struct arena *a, const struct gcp_file *f, struct cloud_request *out)
{
    struct buf form;
    form_request(out, f->token_url);
    buf_init(&form, FORM_MAX);
    cloud_form_put(&form, S("grant_type"), S("refresh_token"));
    cloud_form_put(&form, S("client_id"), f->client_id);
    cloud_form_put(&form, S("client_secret"), f->client_secret);
    cloud_form_put(&form, S("refresh_token"), f->refresh_token);
    out->body = form_end(a, &form);
}

void gcp_subject_request(const struct gcp_file *f, struct cloud_request *out)
{
    *out = (struct cloud_request){.method = S("GET"), .url = f->subject_url};
    for (size_t i = 0; i < f->n_subject_headers; i++)
        cloud_header(out, f->subject_headers[i].name, f->subject_headers[i].value);
}

int gcp_subject_read(struct arena *a, const struct gcp_file *f, str text, str *token, str *why)
{
    const struct json *root;
    size_t error_at;
    *token = str_trim(text);
    if (f->subject_field.n > 0) {
        if (json_read(a, text, &root, &error_at) < 0) {
            *why = S("the subject token's source is no JSON");
            return -E_PROVIDER_BODY;
        }
        *token = member(root, arena_cz(a, f->subject_field));
    }
    if (token->n > 0)
        return 0;
    *why = S("the subject token's source holds no token");
    return -E_PROVIDER_BODY;
}

void gcp_exchange_request(struct arena *a, const struct gcp_file *f, str scope, str subject,
                          struct cloud_request *out)
{
    struct buf form;
    form_request(out, f->token_url);
    buf_init(&form, FORM_MAX);
    cloud_form_put(&form, S("grant_type"), TRADE_GRANT);
    cloud_form_put(&form, S("audience"), f->audience);
    cloud_form_put(&form, S("scope"), f->impersonation_url.n > 0 ? GCP_SCOPE : scope);
    cloud_form_put(&form, S("requested_token_type"), TOKEN_TYPE);
    cloud_form_put(&form, S("subject_token"), subject);
    cloud_form_put(&form, S("subject_token_type"), f->subject_token_type);
    if (f->client_id.n > 0)
        cloud_header(out, S("authorization"), cloud_basic(a, f->client_id, f->client_secret));
    out->body = form_end(a, &form);
}

void gcp_impersonation_request(struct arena *a, const struct gcp_file *f, str scope, str token,
                               struct cloud_request *out)
{
    struct buf body;
    *out = (struct cloud_request){.method = S("POST"), .url = f->impersonation_url};
    cloud_header(out, S("content-type"), S("application/json"));
    cloud_header(out, S("authorization"), arena_concat(a, (str[]){S("Bearer "), token}, 2));
    buf_init(&body, FORM_MAX);
    struct json_writer w = json_writer(&body);
    json_begin_object(&w, NULL);
    json_begin_array(&w, "scope");
    json_put_str(&w, NULL, scope);
    json_end_array(&w);
    if (f->impersonation_s > 0)
        json_put_str(&w, "lifetime", arena_printf(a, "%llds", (long long)f->impersonation_s));
    json_end_object(&w);
    out->body = form_end(a, &body);
}

int gcp_impersonation_read(struct arena *a, str json, struct cloud_token *out, str *why)
{
    const struct json *root;
    size_t error_at;
    *out = (struct cloud_token){.expires_us = 0};
    if (json_read(a, json, &root, &error_at) < 0) {
        *why = S("the answer is no JSON");
        return -E_PROVIDER_BODY;
    }
    out->value = member(root, "accessToken");
    if (out->value.n == 0 || !http_value_is_valid(out->value)) {
        *why = S("the answer has no accessToken");
        return -E_PROVIDER_BODY;
    }
    if (!date_read(member(root, "expireTime"), &out->expires_us)) {
        *why = S("the answer has no expireTime");
        return -E_PROVIDER_BODY;
    }
    return 0;
}

void gcp_metadata_request(struct arena *a, str host, str scope, struct cloud_request *out)
{
    struct buf b;
    if (host.n == 0)
        host = S("metadata.google.internal");
    buf_init(&b, FORM_MAX);
    buf_printf(&b, "http://" STR_FMT "/computeMetadata/v1/instance/service-accounts/default/token?",
               STR_ARG(host));
    buf_put(&b, S("scopes="));
    cloud_percent_encode(&b, scope);
    *out = (struct cloud_request){.method = S("GET"), .url = form_end(a, &b)};
    cloud_header(out, S("metadata-flavor"), S("Google"));
}
