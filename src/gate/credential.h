/* Credentials that are fetched: what a provider is shown, kept valid while requests come and go.
 *
 * A source is one way to a credential (AWS keys from a chain, a Google or OAuth token), known by
 * the provider it is for and by its settings. It is counted, and shared by all snapshots that ask
 * for the same, so a reload that does not change it keeps what it holds. Nothing is fetched before
 * a worker needs it.
 *
 * Requests never fetch. The first one starts the source's keeper, a task on that worker, which
 * fetches, publishes, sleeps until most of the life is over, and begins again; with jitter, and
 * with growing pauses when it fails, during which the old value is used as long as it is valid.
 * credential_get copies the value in force; only while there is none does it wait for the keeper.
 * A provider that refuses a credential before its time gets one renewal: credential_renew.
 *
 * The keeper reads small local files (token files, the shared files of AWS) straight from its task.
 * It does so every half hour or so, they are in memory or on a local disk, and what is not a
 * regular file is not read; a pool of threads for this would cost more than it could ever save. */
#pragma once

#include "base/arena.h"
#include "base/crypt.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "cloud/oauth.h"
#include "cloud/sigv4.h"

enum credential_kind {
    CREDENTIAL_STATIC,   /* `value`, as it is */
    CREDENTIAL_AWS,      /* signs requests, or makes bearer tokens */
    CREDENTIAL_GCP,      /* a file, or the metadata server */
    CREDENTIAL_OAUTH,    /* client credentials; Entra */
    CREDENTIAL_IDENTITY, /* the managed identity of an Azure machine */
};

enum credential_aws_use { AWS_SIGNS, AWS_BEARER_BEDROCK, AWS_BEARER_SAGEMAKER };

/* Strings and secrets are BORROWED for credential_acquire only. Empty and NULL: not given. */
struct credential_settings {
    str provider; /* id, for logs and messages */
    enum credential_kind kind;
    str header;                  /* that carries a value or token; empty: authorization */
    str scheme;                  /* in front of it: "Bearer " */
    int64_t timeout_us;          /* of one request of the keeper's; 0: 10 s */
    const char *ca, *cert, *key; /* TLS towards token_url, as in struct tls_client_options */
    const struct secret *value;  /* CREDENTIAL_STATIC */
    struct {
        enum credential_aws_use use;
        str region;  /* empty: of the environment or the profile */
        str service; /* AWS_SIGNS: "bedrock", "sagemaker" */
        const struct secret *access_key_id, *secret_access_key,
            *session_token;                   /* NULL: the chain */
        str profile;                          /* of the shared files; empty: of the environment */
        str role_arn, role_name, external_id; /* a role to assume with what was found */
        str sts_url, imds_url;                /* empty: of the environment, or the usual ones */
    } aws;
    struct {
        str file;  /* path; empty: GOOGLE_APPLICATION_CREDENTIALS or gcloud's own, else the metadata
                     server */
        str scope; /* empty: GCP_SCOPE */
        str token_url;     /* instead of the file's */
        str metadata_host; /* empty: GCE_METADATA_HOST, or the usual one */
    } gcp;
    struct {
        enum oauth_auth auth;
        str token_url, client_id;
        const struct secret *client_secret;
        str private_key_file; /* OAUTH_JWT: PEM; read anew each time, like the next two */
        str certificate_file; /* OAUTH_JWT: PEM; empty: none */
        str key_id, jwt_audience;
        str assertion_file; /* OAUTH_ASSERTION */
        str scope, audience, resource;
    } oauth; /* of CREDENTIAL_IDENTITY: token_url, client_id, resource */
};

struct credential_source;

/* The process's source for these settings, made if there is none yet. Any thread, no loop needed,
 * no I/O. */
OWNED struct credential_source *credential_acquire(const struct credential_settings *s);
void credential_release(struct credential_source *s); /* any thread; NULL allowed */
/* Ends the keepers of this worker, which has no request left. Before worker_end. */
void credential_thread_end(void);

/* A copy of what is in force. Valid for one attempt: get another one for the next. */
struct credential {
    uint64_t generation;        /* of the source's values */
    bool signs;                 /* credential_sign; else the header is sent */
    struct http_header header;  /* S_EMPTY name: nothing is sent */
    str region;                 /* AWS: as found */
    struct sigv4_signer signer; /* AWS; its key is filled in by credential_sign */
    struct sigv4_key signing_key;
};

/* 0 with *out, whose texts live in `a`; or -E_CREDENTIAL with `e` filled, -E_TIMEOUT or the cancel
 * code. Waits for the first value only, at most `wait_us`. */
NODISCARD int credential_get(struct credential_source *s, int64_t wait_us, struct arena *a,
                             struct credential *out, struct err *e) MAY_YIELD;
/* The provider has refused `c` (401, 403, or 400 and 403 of AWS's about time): is there a better
 * one? Corrects our idea of its clock from its Date header (empty: none); else waits, at most
 * `wait_us`, for a value newer than c's, which is asked for at most once a minute. True with *c
 * replaced: try the request once more. False: the refusal stands. */
bool credential_renew(struct credential_source *s, str date, int64_t wait_us, struct arena *a,
                      struct credential *c) MAY_YIELD;

/* The headers that sign the request; c->signs. */
void credential_sign(const struct credential *c, const struct sigv4_request *r, struct arena *a,
                     struct sigv4_headers *out);
