/* OAuth 2 client credentials (RFC 6749 4.4), and Microsoft Entra as the best known server of it.
 *
 * Pure, see cloud/token.h. The answers are read by cloud_token_read. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/str.h"
#include "cloud/token.h"

enum oauth_auth {
    OAUTH_BASIC,     /* client_secret_basic: id and secret form-encoded, then Basic */
    OAUTH_POST,      /* client_secret_post: both in the body */
    OAUTH_JWT,       /* private_key_jwt (RFC 7523): an assertion signed here */
    OAUTH_ASSERTION, /* the same with an assertion of somebody else's: workload identity */
    OAUTH_TLS,       /* tls_client_auth (RFC 8705): the connection's certificate says who */
};

struct oauth_client {
    enum oauth_auth auth;
    str token_url;
    str id;
    str secret;       /* OAUTH_BASIC, OAUTH_POST */
    str private_key;  /* OAUTH_JWT: PEM */
    str certificate;  /* OAUTH_JWT: PEM, when the server knows the key by it; empty: none */
    str key_id;       /* OAUTH_JWT; empty: none */
    str jwt_audience; /* OAUTH_JWT; empty: token_url */
    str assertion;    /* OAUTH_ASSERTION */
    str scope, audience, resource; /* each empty: not sent */
};
/* `nonce`: something never used before, for the assertion's jti. 0, or -E_CONFIG. */
NODISCARD int oauth_request(struct arena *a, const struct oauth_client *c, int64_t wall_us,
                            str nonce, struct cloud_request *out, str *why);

#define OAUTH_AZURE_SCOPE    S("https://cognitiveservices.azure.com/.default")
#define OAUTH_AZURE_RESOURCE S("https://cognitiveservices.azure.com/")
/* AUTHORITY/TENANT/oauth2/v2.0/token; `authority` empty: https://login.microsoftonline.com */
str oauth_entra_url(struct arena *a, str authority, str tenant);
/* The managed identity of an Azure machine. `url` empty: the machine's metadata service;
 * `client_id` empty: the only identity it has. */
void oauth_managed_identity_request(struct arena *a, str url, str resource, str client_id,
                                    struct cloud_request *out);
