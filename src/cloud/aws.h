/* AWS credentials: where they may come from, and how each source is asked and read.
 *
 * The chain is that of the AWS SDKs: keys in the environment; a web identity token named by the
 * environment; the profile of the shared files (keys, an assumed role, a web identity); the
 * container's endpoint; the instance's metadata (IMDSv2 only). Not supported, and said so when a
 * profile relies on it: credential_process (the gateway starts no programs) and IAM Identity
 * Center (sso_*, login_session), which need a person.
 *
 * Pure, see cloud/token.h. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/str.h"
#include "cloud/sigv4.h"
#include "cloud/token.h"

struct aws_keys {
    str access_key_id, secret_access_key;
    str session_token;  /* empty: none */
    int64_t expires_us; /* wall clock; 0: never */
};

/* The environment, as far as credentials go. Empty: not set. */
struct aws_env {
    struct aws_keys keys;
    str profile;                       /* AWS_PROFILE, or AWS_DEFAULT_PROFILE, or "default" */
    bool has_profile;                  /* it was named */
    str region;                        /* AWS_REGION, or AWS_DEFAULT_REGION */
    str config_file, credentials_file; /* with ~ replaced; their usual places when not named */
    str role_arn, role_session_name, web_identity_token_file;
    str container_uri;        /* full, or made from the relative one */
    str container_token;      /* value for the Authorization header... */
    str container_token_file; /* ...or the file that holds it, which goes first */
    str sts_url;              /* AWS_ENDPOINT_URL_STS, or AWS_ENDPOINT_URL */
    str imds_url;             /* AWS_EC2_METADATA_SERVICE_ENDPOINT, or the usual address */
    bool has_no_imds;         /* AWS_EC2_METADATA_DISABLED */
    str bearer_token_bedrock; /* AWS_BEARER_TOKEN_BEDROCK */
};
/* `get` is getenv, or a test's. */
void aws_env_read(struct arena *a, const char *(*get)(const char *name), struct aws_env *out);

/* One profile of the shared files. A value is the credentials file's if both have it. */
struct aws_profile {
    struct aws_keys keys;
    str region;
    str role_arn, source_profile, credential_source, external_id, role_session_name;
    str web_identity_token_file;
    int64_t duration_s;      /* 0: not given */
    const char *unsupported; /* the option it relies on that we do not follow; NULL: none */
};
/* False: neither file has this profile. The files are INI: "[profile x]" in the configuration file,
 * "[x]" in the credentials file, "[default]" in both; a malformed line is passed over. */
bool aws_profile_read(struct arena *a, str config, str credentials, str name,
                      struct aws_profile *out);

/* Is this a place the container's endpoint may be at? https anywhere; http on loopback and at the
 * addresses of ECS and EKS only, lest a variable send the token elsewhere. */
bool aws_container_uri_is_allowed(str uri);
void aws_container_request(struct arena *a, str uri, str token, struct cloud_request *out);

/* IMDSv2: a session token, the name of the role, its keys. */
#define AWS_IMDS_SESSION_S 21600
void aws_imds_session_request(struct arena *a, str imds_url, struct cloud_request *out);
/* `role` empty: asks for its name, the first line of the answer. */
void aws_imds_request(struct arena *a, str imds_url, str session, str role,
                      struct cloud_request *out);

/* The JSON answer of the container's endpoint and of IMDS. */
NODISCARD int aws_keys_read(struct arena *a, str json, struct aws_keys *out, str *why);

struct aws_role {
    str arn;
    str session_name;   /* empty: "throwbar" */
    str external_id;    /* empty: none; not for a web identity */
    int64_t duration_s; /* 0: AWS's own, an hour */
};
/* https://sts.REGION.amazonaws.com/ of the region's partition; the global one without a region. */
str aws_sts_url(struct arena *a, str region);
/* AssumeRoleWithWebIdentity; unsigned. */
void aws_web_identity_request(struct arena *a, str sts_url, const struct aws_role *role, str token,
                              struct cloud_request *out);
/* AssumeRole, signed with `keys`. */
struct aws_assumption {
    str sts_url, region; /* no region: the global endpoint's */
    struct aws_role role;
    struct aws_keys keys;
    int64_t wall_us;
};
void aws_assume_role_request(struct arena *a, const struct aws_assumption *as,
                             struct cloud_request *out);
/* The XML answer of both. */
NODISCARD int aws_sts_read(struct arena *a, str xml, struct aws_keys *out, str *why);
