/* AWS Signature Version 4: headers that sign a request, and URLs that carry their signature.
 *
 * Pure: the time, the keys and the hash of the body are given. What is signed is what is sent: the
 * caller passes path and query as they stand on the request line and the headers as they are
 * written (of those, the ones it wants signed; `host` must be among them), and adds to its request
 * what it gets back. Services other than S3 sign the path encoded once more than it was sent
 * ("%3A" on the wire, "%253A" when signed) and without its dot segments and doubled slashes.
 *
 * The reference is the IAM User Guide, "Create a signed AWS API request". */
#pragma once

#include "base/arena.h"
#include "base/crypt.h"
#include "base/defs.h"
#include "base/str.h"
#include "wire/http1.h"

#define SIGV4_DATE             8                     /* bytes of "20150830" */
#define SIGV4_UNSIGNED_PAYLOAD S("UNSIGNED-PAYLOAD") /* S3 only */

/* The key that signs for one day, region and service. It reveals neither the secret access key nor
 * the key of another day. Zeroed: none yet. */
struct sigv4_key {
    char date[SIGV4_DATE];
    uint8_t bytes[SHA256_BYTES];
};
struct sigv4_scope {
    str region;
    str service; /* "bedrock", "sagemaker", "sts" */
};
/* Makes *key the one for the day of `wall_us`; nothing to do when it is that already. The owner of
 * a key zeroes it when the secret or the scope changes. */
void sigv4_key_derive(struct sigv4_key *key, str secret_access_key, const struct sigv4_scope *scope,
                      int64_t wall_us);

struct sigv4_signer {
    str access_key_id;
    str session_token; /* empty: none */
    struct sigv4_scope scope;
    const struct sigv4_key *key; /* of the day of wall_us */
    int64_t wall_us;
    bool keeps_segments;     /* dot segments and doubled slashes are signed as sent: S3 */
    bool keeps_escapes;      /* the path is signed as it is encoded: S3 */
    bool has_unsigned_token; /* the session token is sent but not signed: IoT and few others */
    bool sends_payload_hash; /* adds x-amz-content-sha256: S3 wants it, others take it */
};

struct sigv4_request {
    str method;
    str path;                          /* as sent; begins with '/' */
    str query;                         /* as sent, without '?' */
    const struct http_header *headers; /* to be signed, with `host`, in the order sent */
    size_t n_headers;
    str payload_hash; /* 64 hex digits, or SIGV4_UNSIGNED_PAYLOAD */
};

/* The hash of a body that lies in pieces, as payload_hash wants it. */
str sigv4_payload_hash(struct arena *a, const struct iovec *pieces, size_t n);

/* Headers to add: x-amz-date, x-amz-security-token with a session token, x-amz-content-sha256 if
 * asked for, authorization (last). Must not be sent twice: the caller drops what the request has of
 * these names. Texts live in `a`. */
#define SIGV4_HEADERS_MAX 4
struct sigv4_headers {
    struct http_header at[SIGV4_HEADERS_MAX];
    size_t n;
};
void sigv4_sign(const struct sigv4_signer *s, const struct sigv4_request *r, struct arena *a,
                struct sigv4_headers *out);
/* The query with the parameters that sign the request, good for `expires_s` seconds. */
str sigv4_presign(const struct sigv4_signer *s, const struct sigv4_request *r, unsigned expires_s,
                  struct arena *a);

/* A presigned call of CallWithBearerToken, in the form that routes without SigV4 take as a bearer
 * token: Bedrock's short-term API key and the key of SageMaker's OpenAI route. */
enum sigv4_bearer { SIGV4_BEARER_BEDROCK, SIGV4_BEARER_SAGEMAKER };
#define SIGV4_BEARER_MAX_S 43200
/* s->scope.service must be sigv4_bearer_service(kind). */
str sigv4_bearer_token(enum sigv4_bearer kind, const struct sigv4_signer *s, unsigned expires_s,
                       struct arena *a);
str sigv4_bearer_service(enum sigv4_bearer kind);

/* How far the other side's clock, as its Date header tells, is ahead of ours, in microseconds.
 * False: no date (IMF-fixdate, RFC 9110 5.6.7). */
bool sigv4_clock_offset(str date_header, int64_t wall_us, int64_t *offset_us);
