/* JSON Web Tokens that we sign: RS256 and PS256 (RFC 7515, RFC 7518 3.3 and 3.5). */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/str.h"

enum jwt_alg { JWT_RS256, JWT_PS256 };

struct jwt_header {
    enum jwt_alg alg;
    str key_id;             /* "kid"; empty: none */
    str certificate_sha256; /* "x5t#S256"; empty: none */
};

/* header.claims.signature. `claims` is a JSON object; `pem` an RSA private key of at least 2048
 * bits, PKCS#1 or PKCS#8, unencrypted. 0, or -E_CONFIG with a static *why. */
NODISCARD int jwt_sign(struct arena *a, const struct jwt_header *h, str claims, str pem, str *jwt,
                       const char **why);
/* The base64url SHA-256 of the first certificate of a PEM file, as x5t#S256 has it; S_EMPTY: there
 * is none. */
str jwt_certificate_sha256(struct arena *a, str pem);
