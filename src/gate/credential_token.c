/* Google's and OAuth's tokens: read what is configured, ask in the order that it needs, take the
 * last answer's token.
 *
 * A credentials file is read anew for each token, so a rotated key is in use within an hour and
 * without a reload. */
#include "base/crypt.h"
#include "cloud/gcp.h"
#include "cloud/oauth.h"
#include "gate/credential_parts.h"

#define NONCE_BYTES 16

static void take_token(const struct cloud_token *t, struct flight_value *out)
{
    *out = (struct flight_value){.token = t->value, .expires_us = t->expires_us};
}

/* The common last step: a request whose answer is a token. */
static int MAY_YIELD ask_token(struct flight *f, const struct cloud_request *r,
                               enum flight_peer peer, const char *whom, struct cloud_token *token)
{
    str body, why;
    int64_t asked_us = flight_wall_us(f);
    int64_t clock_us = f->clock_us;
    int rc = flight_ask(f, r, peer, whom, &body);
    if (rc < 0)
        return rc;
    asked_us += f->clock_us - clock_us;
    if (cloud_token_read(f->arena, body, asked_us, token, &why) < 0)
        return flight_fail(f, "%s: " STR_FMT, whom, STR_ARG(why));
    return 0;
}

/* ---- Google ---- */

static str scope_of(const struct flight *f)
{
    return f->settings->gcp.scope.n > 0 ? f->settings->gcp.scope : GCP_SCOPE;
}

static int MAY_YIELD from_metadata(struct flight *f, struct cloud_token *token)
{
    struct cloud_request r;
    str host = f->settings->gcp.metadata_host;
    if (host.n == 0)
        host = str_from_cz(flight_env("GCE_METADATA_HOST"));
    gcp_metadata_request(f->arena, host, scope_of(f), &r);
    return ask_token(f, &r, FLIGHT_METADATA, "the metadata server", token);
}

static int MAY_YIELD from_service_account(struct flight *f, const struct gcp_file *file,
                                          struct cloud_token *token)
{
    struct cloud_request r;
    str why;
    if (gcp_service_account_request(f->arena, file, scope_of(f), flight_wall_us(f), &r, &why) < 0)
        return flight_fail(f, "the service account: " STR_FMT, STR_ARG(why));
    return ask_token(f, &r, FLIGHT_SERVER, "Google's token endpoint", token);
}

static int MAY_YIELD read_subject(struct flight *f, const struct gcp_file *file, str *subject)
{
    struct cloud_request r;
    str text, why;
    int rc;
    if (file->subject_file.n > 0) {
        rc = flight_file(f, file->subject_file, "the subject token", &text);
    } else {
        gcp_subject_request(file, &r);
        rc = flight_ask(f, &r, FLIGHT_METADATA, "the subject token's source", &text);
    }
    if (rc < 0)
        return rc;
    if (gcp_subject_read(f->arena, file, text, subject, &why) < 0)
        return flight_fail(f, STR_FMT, STR_ARG(why));
    return 0;
}

static int MAY_YIELD from_federation(struct flight *f, const struct gcp_file *file,
                                     struct cloud_token *token)
{
    struct cloud_request r;
    str subject, body, why;
    int rc = read_subject(f, file, &subject);
    if (rc < 0)
        return rc;
    gcp_exchange_request(f->arena, file, scope_of(f), subject, &r);
    rc = ask_token(f, &r, FLIGHT_SERVER, "Google's STS", token);
    if (rc < 0 || file->impersonation_url.n == 0)
        return rc;
    gcp_impersonation_request(f->arena, file, scope_of(f), token->value, &r);
    rc = flight_ask(f, &r, FLIGHT_SERVER, "the service account's token", &body);
    if (rc < 0)
        return rc;
    if (gcp_impersonation_read(f->arena, body, token, &why) < 0)
        return flight_fail(f, "the service account's token: " STR_FMT, STR_ARG(why));
    return 0;
}

static int MAY_YIELD from_file(struct flight *f, str json, struct cloud_token *token)
{
    struct gcp_file file;
    struct cloud_request r;
    str why;
    if (gcp_file_read(f->arena, json, &file, &why) < 0)
        return flight_fail(f, STR_FMT, STR_ARG(why));
    if (f->settings->gcp.token_url.n > 0)
        file.token_url = f->settings->gcp.token_url;
    switch (file.kind) {
    case GCP_SERVICE_ACCOUNT:
        return from_service_account(f, &file, token);
    case GCP_EXTERNAL_ACCOUNT:
        return from_federation(f, &file, token);
    case GCP_AUTHORIZED_USER:
        gcp_refresh_request(f->arena, &file, &r);
        return ask_token(f, &r, FLIGHT_SERVER, "Google's token endpoint", token);
    }
    return -E_CREDENTIAL;
}

/* The configured file, else the environment's, else gcloud's own, if it is there. */
static int find_file(struct flight *f, str *json)
{
    str path = f->settings->gcp.file;
    bool is_named = path.n > 0 || str_from_cz(flight_env("GOOGLE_APPLICATION_CREDENTIALS")).n > 0;
    *json = S_EMPTY;
    if (path.n == 0)
        path = gcp_default_path(f->arena, flight_env);
    if (!is_named && !flight_file_exists(f, path))
        return 0;
    return flight_file(f, path, "the credentials file", json);
}

int flight_gcp(struct flight *f, struct flight_value *out)
{
    struct cloud_token token = {.expires_us = 0};
    str json;
    int rc = find_file(f, &json);
    if (rc < 0)
        return rc;
    rc = json.n > 0 ? from_file(f, json, &token) : from_metadata(f, &token);
    take_token(&token, out);
    return rc;
}

/* ---- OAuth ---- */

static str new_nonce(struct arena *a)
{
    uint8_t bytes[NONCE_BYTES];
    crypt_random(bytes, sizeof bytes);
    return crypt_to_hex(a, bytes, sizeof bytes);
}

/* What the client shows that lies in files. */
static int read_files(struct flight *f, struct oauth_client *c)
{
    const struct credential_settings *s = f->settings;
    if (c->auth == OAUTH_ASSERTION)
        return flight_file(f, s->oauth.assertion_file, "the assertion", &c->assertion);
    if (c->auth != OAUTH_JWT)
        return 0;
    int rc = flight_file(f, s->oauth.private_key_file, "the private key", &c->private_key);
    if (rc == 0 && s->oauth.certificate_file.n > 0)
        rc = flight_file(f, s->oauth.certificate_file, "the certificate", &c->certificate);
    return rc;
}

int flight_oauth(struct flight *f, struct flight_value *out)
{
    const struct credential_settings *s = f->settings;
    struct oauth_client c = {.auth = s->oauth.auth,
                             .token_url = s->oauth.token_url,
                             .id = s->oauth.client_id,
                             .secret = flight_secret(s->oauth.client_secret),
                             .key_id = s->oauth.key_id,
                             .jwt_audience = s->oauth.jwt_audience,
                             .scope = s->oauth.scope,
                             .audience = s->oauth.audience,
                             .resource = s->oauth.resource};
    struct cloud_request r;
    struct cloud_token token = {.expires_us = 0};
    str why;
    int rc = read_files(f, &c);
    if (rc < 0)
        return rc;
    if (oauth_request(f->arena, &c, flight_wall_us(f), new_nonce(f->arena), &r, &why) < 0)
        return flight_fail(f, "the token request: " STR_FMT, STR_ARG(why));
    rc = ask_token(f, &r, FLIGHT_SERVER, "the token endpoint", &token);
    take_token(&token, out);
    return rc;
}

int flight_identity(struct flight *f, struct flight_value *out)
{
    const struct credential_settings *s = f->settings;
    struct cloud_request r;
    struct cloud_token token = {.expires_us = 0};
    oauth_managed_identity_request(f->arena, s->oauth.token_url, s->oauth.resource,
                                   s->oauth.client_id, &r);
    int rc = ask_token(f, &r, FLIGHT_METADATA, "the managed identity", &token);
    take_token(&token, out);
    return rc;
}
