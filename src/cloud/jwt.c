/* A compact JWS: three parts in base64url, the last one signs the first two as they are written.
 *
 * What is signed is therefore built as text first and never parsed or sorted again. A certificate's
 * thumbprint needs no parser either: it is the hash of the bytes that the PEM text encodes. */
#include "cloud/jwt.h"

#include "base/buf.h"
#include "base/crypt.h"
#include "base/err.h"
#include "wire/base64.h"
#include "wire/json.h"

#define JWT_MAX    (64u << 10)
#define CERT_BEGIN S("-----BEGIN CERTIFICATE-----")
#define CERT_END   S("-----END CERTIFICATE-----")

static void put_header(struct buf *b, const struct jwt_header *h)
{
    struct json_writer w = json_writer(b);
    json_begin_object(&w, NULL);
    json_put_str(&w, "alg", h->alg == JWT_PS256 ? S("PS256") : S("RS256"));
    json_put_str(&w, "typ", S("JWT"));
    if (h->key_id.n > 0)
        json_put_str(&w, "kid", h->key_id);
    if (h->certificate_sha256.n > 0)
        json_put_str(&w, "x5t#S256", h->certificate_sha256);
    json_end_object(&w);
}

static void put_parts(struct buf *text, str header, str claims)
{
    base64_put_url(text, header);
    buf_put_char(text, '.');
    base64_put_url(text, claims);
}

/* Appends the signature of what `text` holds. */
static int sign(struct arena *a, struct buf *text, enum jwt_alg alg, str pem, const char **why)
{
    str signature;
    enum crypt_padding padding = alg == JWT_PS256 ? CRYPT_PSS : CRYPT_PKCS1;
    if (!crypt_sign_rsa(pem, padding, buf_str(text), a, &signature, why))
        return -E_CONFIG;
    buf_put_char(text, '.');
    base64_put_url(text, signature);
    if (buf_is_ok(text))
        return 0;
    *why = "the assertion is too large";
    return -E_CONFIG;
}

int jwt_sign(struct arena *a, const struct jwt_header *h, str claims, str pem, str *jwt,
             const char **why)
{
    struct buf header, text;
    buf_init(&header, JWT_MAX);
    buf_init(&text, JWT_MAX);
    put_header(&header, h);
    put_parts(&text, buf_str(&header), claims);
    int rc = sign(a, &text, h->alg, pem, why);
    *jwt = arena_str(a, buf_str(&text));
    buf_fini(&text);
    buf_fini(&header);
    return rc;
}

str jwt_certificate_sha256(struct arena *a, str pem)
{
    uint8_t hash[SHA256_BYTES];
    str der;
    size_t begin = str_find(pem, CERT_BEGIN);
    if (begin == STR_NONE)
        return S_EMPTY;
    str body = str_skip(pem, begin + CERT_BEGIN.n);
    body = str_slice(body, 0, str_find(body, CERT_END));
    if (!base64_decode(a, body, &der) || der.n == 0)
        return S_EMPTY;
    struct buf text;
    crypt_sha256(der, hash);
    buf_init(&text, 64);
    base64_put_url(&text, str_of((const char *)hash, sizeof hash));
    str out = arena_str(a, buf_str(&text));
    buf_fini(&text);
    return out;
}
