/* Hashes, signatures, random bytes, constant-time comparison, and the type for secrets.
 *
 * The only file that includes OpenSSL's EVP headers. A struct secret is opaque: no function prints,
 * formats or compares it byte by byte, so leaking one into a log does not compile. secret_expose is
 * the one way to the bytes; tools/check_style lists the files that may call it. */
#pragma once

#include <sys/uio.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/str.h"

#define SHA256_BYTES 32

void crypt_sha256(str bytes, uint8_t out[SHA256_BYTES]);
/* Of the pieces, one behind the other. */
void crypt_sha256_pieces(const struct iovec *pieces, size_t n, uint8_t out[SHA256_BYTES]);
void crypt_hmac_sha256(str key, str bytes, uint8_t out[SHA256_BYTES]);
void crypt_random(void *out, size_t n); /* aborts when the system has no randomness */
bool crypt_equal(const void *a, const void *b, size_t n); /* constant time */
uint32_t crypt_crc32(str bytes); /* IEEE; for key checksums, not for security */

/* Signs SHA-256 of `bytes` with an RSA private key: a PEM text, PKCS#1 or PKCS#8, not encrypted, of
 * 2048 bits or more. CRYPT_PSS: salt as long as the hash. The signature is in `a`. False: the key
 * is of no use, for the reason in *why (static). */
enum crypt_padding { CRYPT_PKCS1, CRYPT_PSS };
NODISCARD bool crypt_sign_rsa(str pem, enum crypt_padding padding, str bytes, struct arena *a,
                              str *signature, const char **why);

bool crypt_from_hex(str hex, uint8_t *out, size_t n); /* exactly 2n digits, either case */
str crypt_to_hex(struct arena *a, const uint8_t *bytes, size_t n);

/* A ULID (26 characters, Crockford base 32) of the wall clock and random bits, growing within one
 * millisecond on one thread. Cheap: no system call in a steady state. */
#define ULID_LEN 26
void crypt_ulid(int64_t wall_us, char out[ULID_LEN]);

/* Gateway keys: tb-<id>-<secret><checksum>. id: [A-Za-z0-9._-]+, secret: 43 characters of base 62,
 * checksum: 6 of base 62 over everything before it. A key that fails its checksum is refused
 * without a look-up. Only SHA-256 of the whole text is ever stored. */
str crypt_key_new(struct arena *a, str id);     /* id must be well-formed */
bool crypt_key_is_wellformed(str key, str *id); /* *id borrows from key; id may be NULL */

struct secret; /* opaque; its bytes are wiped by secret_free */
OWNED struct secret *secret_new(str value);
void secret_free(struct secret *s); /* NULL allowed */
bool secret_is_empty(const struct secret *s);
bool secret_equals(const struct secret *s, str value); /* constant time for equal lengths */
str secret_expose(const struct secret *s);             /* BORROWED from s */
