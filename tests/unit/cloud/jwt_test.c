/* cloud/jwt: RFC 7520 4.1 with its own key, headers, and keys that are of no use. */
#include "cloud/jwt.c"

#include <string.h>

#include "base/pool.h"
#include "tap.h"
#include "test_keys.h"
#include "vectors.h"

static struct arena arena;

static str decoded(str part)
{
    str out = S_EMPTY;
    return base64_decode(&arena, part, &out) ? out : S("(no base64)");
}

static void test_cookbook(void)
{
    const char *path = vectors_path(&arena, "jose-cookbook/jws/4_1.rsa_v15_signature.json");
    const struct json *root;
    size_t error_at;
    if (!path || json_read(&arena, vectors_read(&arena, path), &root, &error_at) < 0) {
        tap_skip("the JOSE cookbook is not here");
        return;
    }
    const struct json *signing = json_get(root, "signing");
    str header = decoded(json_str(json_get(signing, "protected_b64u")));
    str payload = json_str(json_get(json_get(root, "input"), "payload"));
    str want = json_str(json_get(json_get(root, "output"), "compact"));
    const char *why = NULL;
    struct buf text;
    buf_init(&text, JWT_MAX);
    put_parts(&text, header, payload);
    is_int(sign(&arena, &text, JWT_RS256, str_from_cz(key_pkcs8), &why), 0,
           "RFC 7520 4.1 is signed");
    is_str(buf_str(&text), want, "to the letter");
    buf_fini(&text);
}

static void test_headers(void)
{
    static const struct {
        struct jwt_header header;
        const char *want;
    } cases[] = {
        {{.alg = JWT_RS256}, "{\"alg\":\"RS256\",\"typ\":\"JWT\"}"},
        {{.alg = JWT_RS256, .key_id = {"k\"1", 3}},
         "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k\\\"1\"}"},
        {{.alg = JWT_PS256, .certificate_sha256 = {"abc", 3}},
         "{\"alg\":\"PS256\",\"typ\":\"JWT\",\"x5t#S256\":\"abc\"}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str jwt, header, rest, claims, signature;
        const char *why;
        is_int(
            jwt_sign(&arena, &cases[i].header, S("{\"a\":1}"), str_from_cz(key_pkcs1), &jwt, &why),
            0, "a token");
        str_cut(jwt, '.', &header, &rest);
        str_cut(rest, '.', &claims, &signature);
        is_str(decoded(header), str_from_cz(cases[i].want), "its header");
        is_str(decoded(claims), S("{\"a\":1}"), "its claims");
        is_int(decoded(signature).n, 256, "its signature");
    }
}

static void test_bad_keys(void)
{
    struct jwt_header h = {.alg = JWT_RS256};
    const char *why;
    str jwt;
    is_int(jwt_sign(&arena, &h, S("{}"), S("no key"), &jwt, &why), -E_CONFIG, "no key");
    is_str(str_from_cz(why), S("the private key is no unencrypted RSA key in PEM"), "said so");
    is_int(jwt_sign(&arena, &h, S("{}"), str_from_cz(key_small), &jwt, &why), -E_CONFIG, "small");
    static char large[JWT_MAX];
    memset(large, 'x', sizeof large);
    is_int(jwt_sign(&arena, &h, str_of(large, sizeof large), str_from_cz(key_pkcs1), &jwt, &why),
           -E_CONFIG, "claims without end");
    is_str(str_from_cz(why), S("the assertion is too large"), "said so");
}

static void test_certificates(void)
{
    /* openssl x509 -outform DER | openssl dgst -sha256 -binary | base64url */
    is_str(jwt_certificate_sha256(&arena, str_from_cz(key_certificate)),
           S("QeH9Y4Mr9_XsjI1uEqInGsiaJ4kP3Hy5Y3VVUt8zPL8"), "a certificate");
    is_str(jwt_certificate_sha256(&arena, str_from_cz(key_pkcs8)), S_EMPTY, "a key");
    is_str(jwt_certificate_sha256(&arena, S("-----BEGIN CERTIFICATE-----\n!")), S_EMPTY, "broken");
    is_str(jwt_certificate_sha256(&arena, S("-----BEGIN CERTIFICATE-----")), S_EMPTY, "empty");
}

int main(void)
{
    arena_init(&arena, 4096, 1 << 20);
    test_cookbook();
    test_headers();
    test_bad_keys();
    test_certificates();
    arena_fini(&arena);
    pool_trim();
    return tap_done();
}
