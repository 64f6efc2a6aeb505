/* Google Cloud access tokens: from a credentials file of any kind that needs no person, or from the
 * metadata server.
 *
 * Files: service_account (a JWT signed here, traded for a token: RFC 7523), authorized_user (a
 * refresh token), external_account (workload identity federation: a token of another provider, read
 * from a file or a URL, traded at Google's STS: RFC 8693, and perhaps for one of a service
 * account). Not supported, and said so: external accounts whose subject token comes from a program
 * or is an AWS request, external_account_authorized_user, impersonated_service_account.
 *
 * Pure, see cloud/token.h. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/str.h"
#include "cloud/token.h"

#define GCP_SCOPE S("https://www.googleapis.com/auth/cloud-platform")

enum gcp_kind { GCP_SERVICE_ACCOUNT, GCP_AUTHORIZED_USER, GCP_EXTERNAL_ACCOUNT };

struct gcp_file {
    enum gcp_kind kind;
    str token_url;
    str project;       /* project_id, or the quota project; empty: not said */
    str quota_project; /* to be sent as x-goog-user-project; empty: none */
    /* service_account */
    str client_email, private_key, private_key_id;
    /* authorized_user, and external_account if it authenticates itself */
    str client_id, client_secret, refresh_token;
    /* external_account */
    str audience, subject_token_type;
    str impersonation_url;   /* empty: none */
    int64_t impersonation_s; /* 0: Google's own, an hour */
    str subject_file;        /* one of these two */
    str subject_url;
    struct http_header subject_headers[CLOUD_HEADERS_MAX];
    size_t n_subject_headers;
    str subject_field; /* the member of a JSON text that is the token; empty: the text is */
};
/* 0, or -E_CONFIG. */
NODISCARD int gcp_file_read(struct arena *a, str json, struct gcp_file *out, str *why);

/* The path where gcloud leaves a credentials file, or GOOGLE_APPLICATION_CREDENTIALS; S_EMPTY:
 * neither is set. */
str gcp_default_path(struct arena *a, const char *(*get)(const char *name));

/* service_account: the assertion for its token. */
NODISCARD int gcp_service_account_request(struct arena *a, const struct gcp_file *f, str scope,
                                          int64_t wall_us, struct cloud_request *out, str *why);
/* authorized_user */
void gcp_refresh_request(struct arena *a, const struct gcp_file *f, struct cloud_request *out);

/* external_account: the subject token's source if it is a URL; its text, wherever it came from,
 * read; the exchange; the service account's token, which has an answer of its own. */
void gcp_subject_request(const struct gcp_file *f, struct cloud_request *out);
NODISCARD int gcp_subject_read(struct arena *a, const struct gcp_file *f, str text, str *token,
                               str *why);
void gcp_exchange_request(struct arena *a, const struct gcp_file *f, str scope, str subject,
                          struct cloud_request *out);
void gcp_impersonation_request(struct arena *a, const struct gcp_file *f, str scope, str token,
                               struct cloud_request *out);
NODISCARD int gcp_impersonation_read(struct arena *a, str json, struct cloud_token *out, str *why);

/* The metadata server of GCE, GKE and Cloud Run. `host`: GCE_METADATA_HOST, or empty. Its answer is
 * one of cloud_token_read. */
void gcp_metadata_request(struct arena *a, str host, str scope, struct cloud_request *out);
