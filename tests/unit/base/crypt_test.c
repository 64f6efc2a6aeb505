#include "base/crypt.c"

#include "base/pool.h"
#include "dies.h"
#include "tap.h"
#include "test_keys.h"

static struct arena arena;

static str hash_of(str text)
{
    uint8_t out[SHA256_BYTES];
    crypt_sha256(text, out);
    return crypt_to_hex(&arena, out, sizeof(out));
}

static str hmac_of(str key, str text)
{
    uint8_t out[SHA256_BYTES];
    crypt_hmac_sha256(key, text, out);
    return crypt_to_hex(&arena, out, sizeof(out));
}

/* Vectors: FIPS 180-2 appendix B, RFC 4231. */
static void test_hashes(void)
{
    is_str(hash_of(S_EMPTY), S("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
           "SHA-256 of nothing");
    is_str(hash_of(S("abc")), S("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
           "SHA-256 of abc");
    is_str(hash_of(S("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
           S("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
           "SHA-256 of two blocks");
    is_str(hmac_of(S("Jefe"), S("what do ya want for nothing?")),
           S("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"), "HMAC, case 2");
    char key[131];
    memset(key, 0xaa, sizeof(key));
    is_str(hmac_of(str_of(key, 131), S("Test Using Larger Than Block-Size Key - Hash Key First")),
           S("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"), "HMAC, case 6");
    is_str(hmac_of(S_EMPTY, S_EMPTY),
           S("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
           "HMAC of nothing with no key, which is not the key of the call before");
    is_int(crypt_crc32(S("123456789")), 0xcbf43926, "CRC-32, the check value");
    is_int(crypt_crc32(S_EMPTY), 0, "CRC-32 of nothing");
}

static void test_hex(void)
{
    uint8_t bytes[3] = {9, 9, 9};
    ok(crypt_from_hex(S("00fFa5"), bytes, 3), "hex in either case");
    ok(bytes[0] == 0 && bytes[1] == 0xff && bytes[2] == 0xa5, "its bytes");
    ok(!crypt_from_hex(S("00fFa"), bytes, 3), "an odd number of digits");
    ok(!crypt_from_hex(S("00fF"), bytes, 3) && !crypt_from_hex(S("00fFa500"), bytes, 3),
       "another number of bytes");
    ok(crypt_from_hex(S_EMPTY, bytes, 0), "no bytes");
    static const char not_hex[] = "/:@G`g \n\xff";
    for (size_t i = 0; i < sizeof(not_hex); i++) {
        char text[6] = {'0', '0', '0', '0', '0', '0'};
        text[i % 6] = not_hex[i];
        ok(!crypt_from_hex(str_of(text, 6), bytes, 3), "a character that is no digit");
    }
    is_str(crypt_to_hex(&arena, (const uint8_t *)"\x00\x9f\xff", 3), S("009fff"), "to hex");
    is_str(crypt_to_hex(&arena, NULL, 0), S_EMPTY, "nothing to hex");
}

static void test_random(void)
{
    static uint8_t a[1000], b[1000];
    crypt_random(a, 0);
    ok(a[0] == 0, "no bytes are no bytes");
    crypt_random(a, sizeof(a));
    crypt_random(b, sizeof(b));
    ok(memcmp(a, b, sizeof(a)) != 0, "two draws differ");
    unsigned ones = 0;
    for (size_t i = 0; i < sizeof(a); i++)
        ones += (unsigned)__builtin_popcount(a[i]);
    ok(ones > 3600 && ones < 4400, "about half of the bits are set");
    ok(crypt_equal(a, a, sizeof(a)) && !crypt_equal(a, b, sizeof(a)), "crypt_equal");
    ok(crypt_equal(NULL, NULL, 0), "crypt_equal of nothing");
}

static void *ulid_on_thread(void *out)
{
    crypt_ulid(1795246134123000, out);
    return NULL;
}

static void test_ulid(void)
{
    char last[ULID_LEN], next[ULID_LEN];
    crypt_ulid(1795246134123999, last);
    is_str(str_of(last, 10), S("01M7YG44VB"), "the time, in milliseconds, comes first");
    bool grows = true, is_clean = true;
    for (int i = 0; i < 100000; i++) {
        crypt_ulid(1795246134123000 + i % 1000, next);
        grows = grows && memcmp(last, next, ULID_LEN) < 0;
        for (size_t at = 0; at < ULID_LEN; at++)
            is_clean = is_clean && memchr(crockford, next[at], 32) != NULL;
        memcpy(last, next, ULID_LEN);
    }
    ok(grows, "within a millisecond they grow");
    ok(is_clean, "in Crockford's alphabet");
    crypt_ulid(1795246134124000, next);
    ok(memcmp(last, next, ULID_LEN) < 0, "in the next too");
    ok(memcmp(last + 10, next + 10, 16) != 0, "with other random bits");
    crypt_ulid(1795246134123000, last);
    ok(memcmp(last, next, ULID_LEN) < 0, "time may go back");
    pthread_t thread;
    pthread_create(&thread, NULL, ulid_on_thread, next);
    pthread_join(thread, NULL);
    ok(memcmp(last, next, 10) == 0 && memcmp(last, next, ULID_LEN) != 0, "threads differ");
    crypt_ulid(1795246134123000, last);
    last_ulid.low = (UINT64_C(1) << ULID_HALF_BITS) - 1;
    crypt_ulid(1795246134123000, next);
    ok(memcmp(last, next, ULID_LEN) < 0, "they grow through a carry");
    is_str(str_of(next + 18, 8), S("00000000"), "which leaves the lower half empty");
    crypt_ulid(-5, next);
    is_str(str_of(next, 10), S("0000000000"), "before 1970 is 1970");
    crypt_ulid(0, last);
    ok(memcmp(next, last, ULID_LEN) < 0, "and grows as ever");
}

static void test_new_keys(void)
{
    static const str ids[] = {
        S("a"), S("web-prod"), S("A.b_c-9"),
        S("-"), S("tb-x"),     S("a-0000000000000000000000000000000000000000000000000")};
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        str key = crypt_key_new(&arena, ids[i]);
        str id = S_EMPTY;
        is_int(key.n, 3 + ids[i].n + 1 + 43 + 6, "a key has its length");
        ok(crypt_key_is_wellformed(key, &id), "and is well-formed");
        is_str(id, ids[i], "its id is read back");
        ok(id.p == key.p + 3, "in place");
        ok(crypt_key_is_wellformed(key, NULL), "whoever does not ask for the id");
    }
    str one = crypt_key_new(&arena, S("a")), two = crypt_key_new(&arena, S("a"));
    ok(!str_eq(one, two), "no key twice");

    unsigned count[128] = {0};
    for (int i = 0; i < 1000; i++) {
        char digits[62];
        put_secret_digits(digits, sizeof(digits));
        for (size_t at = 0; at < sizeof(digits); at++)
            count[(unsigned char)digits[at] & 127]++;
    }
    bool is_even = true;
    for (size_t i = 0; i < 62; i++)
        is_even = is_even && count[(unsigned char)base62[i]] > 800 &&
                  count[(unsigned char)base62[i]] < 1200;
    ok(is_even, "all digits are about as frequent");
}

static void test_bad_keys(void)
{
    str key = crypt_key_new(&arena, S("web-prod"));
    bool is_refused = true;
    for (size_t n = 0; n < key.n; n++)
        is_refused = is_refused && !crypt_key_is_wellformed(str_of(key.p, n), NULL);
    ok(is_refused, "a key cut anywhere is refused");
    for (size_t n = 1; n < key.n; n++)
        is_refused = is_refused && !crypt_key_is_wellformed(str_skip(key, n), NULL);
    ok(is_refused, "so is one without its beginning");
    char *text = arena_cz(&arena, key);
    for (size_t at = 0; at < key.n; at++) {
        for (int c = 0; c < 256; c++) {
            if ((char)c == key.p[at])
                continue;
            text[at] = (char)c;
            is_refused = is_refused && !crypt_key_is_wellformed(str_of(text, key.n), NULL);
        }
        text[at] = key.p[at];
    }
    ok(is_refused, "so is one with any other byte in any place");
    ok(!crypt_key_is_wellformed(S_EMPTY, NULL), "nothing is no key");
    ok(!crypt_key_is_wellformed(S("sk-proj-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
                                NULL),
       "nor is another product's");

    /* The right checksum does not save a key whose parts are wrong. */
    static const char *const wrong[] = {
        "tb--0000000000000000000000000000000000000000000",
        "tb-a\xe9-0000000000000000000000000000000000000000000",
        "tb-a b-0000000000000000000000000000000000000000000",
        "tb-a/0000000000000000000000000000000000000000000",
        "tb-a-000000000000000000000_000000000000000000000",
        "TB-a-0000000000000000000000000000000000000000000",
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        char check[CHECK_DIGITS];
        str before = str_from_cz(wrong[i]);
        put_checksum(before, check);
        str whole = arena_concat(&arena, (str[]){before, str_of(check, CHECK_DIGITS)}, 2);
        ok(!crypt_key_is_wellformed(whole, NULL), "parts are looked at too");
    }
    str right = S("tb-a-0000000000000000000000000000000000000000000");
    char check[CHECK_DIGITS];
    put_checksum(right, check);
    ok(crypt_key_is_wellformed(arena_concat(&arena, (str[]){right, str_of(check, CHECK_DIGITS)}, 2),
                               NULL),
       "while right ones pass");
}

static void new_key_with_bad_id(void *id)
{
    (void)crypt_key_new(&arena, *(str *)id);
}

static void test_secret(void)
{
    char value[] = "sk-secret";
    struct secret *s = secret_new(str_of(value, 9));
    value[0] = 'x';
    ok(secret_equals(s, S("sk-secret")), "a secret keeps a copy");
    ok(!secret_equals(s, S("sk-secres")) && !secret_equals(s, S("sk-secre")), "and no other");
    is_str(secret_expose(s), S("sk-secret"), "it can be exposed");
    ok(!secret_is_empty(s), "it is not empty");
    secret_free(s);
    s = secret_new(S_EMPTY);
    ok(secret_is_empty(s) && secret_equals(s, S("")) && !secret_equals(s, S("x")), "an empty one");
    is_int(secret_expose(s).n, 0, "exposes nothing");
    secret_free(s);
    secret_free(NULL);
    static char large[10000];
    memset(large, 'x', sizeof(large));
    s = secret_new(str_of(large, sizeof(large)));
    ok(secret_equals(s, str_of(large, sizeof(large))), "one of several pages");
    secret_free(s);
}

static void test_pieces(void)
{
    char text[300];
    uint8_t whole[SHA256_BYTES], pieced[SHA256_BYTES];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)i;
    crypt_sha256(str_of(text, sizeof(text)), whole);
    for (size_t at = 0; at <= sizeof(text); at += 50) {
        struct iovec pieces[] = {
            {.iov_base = text, .iov_len = at},
            {.iov_base = NULL, .iov_len = 0},
            {.iov_base = text + at, .iov_len = sizeof(text) - at},
        };
        crypt_sha256_pieces(pieces, ARRAY_LEN(pieces), pieced);
        ok(memcmp(whole, pieced, sizeof(whole)) == 0, "the hash of pieces is that of the whole");
    }
    crypt_sha256_pieces(NULL, 0, pieced);
    is_str(crypt_to_hex(&arena, pieced, sizeof(pieced)), hash_of(S_EMPTY), "no pieces");
}

static void test_signing(void)
{
    str one = S_EMPTY, other = S_EMPTY;
    const char *why = "";
    ok(crypt_sign_rsa(str_from_cz(key_pkcs1), CRYPT_PKCS1, S("text"), &arena, &one, &why) && !why,
       "a PKCS#1 key signs");
    ok(crypt_sign_rsa(str_from_cz(key_pkcs8), CRYPT_PKCS1, S("text"), &arena, &other, &why),
       "a PKCS#8 key signs");
    is_int(one.n, 256, "2048 bits");
    ok(str_eq(one, other), "it is the same key");
    ok(crypt_sign_rsa(str_from_cz(key_pkcs1), CRYPT_PSS, S("text"), &arena, &one, &why), "PSS");
    ok(crypt_sign_rsa(str_from_cz(key_pkcs1), CRYPT_PSS, S("text"), &arena, &other, &why), "again");
    ok(one.n == 256 && !str_eq(one, other), "PSS is salted");
    struct {
        const char *pem, *why;
    } bad[] = {
        {key_encrypted, "the private key is no unencrypted RSA key in PEM"},
        {key_elliptic, "the private key is no unencrypted RSA key in PEM"},
        {key_certificate, "the private key is no unencrypted RSA key in PEM"},
        {"", "the private key is no unencrypted RSA key in PEM"},
        {"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
         "the private key is no unencrypted RSA key in PEM"},
        {key_small, "the RSA key has fewer than 2048 bits"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        str pem = str_from_cz(bad[i].pem);
        ok(!crypt_sign_rsa(pem, CRYPT_PKCS1, S("text"), &arena, &one, &why), "no key to sign with");
        is_str(str_from_cz(why), str_from_cz(bad[i].why), "and why");
    }
}

int main(void)
{
    arena_init(&arena, 4096, 1 << 20);
    ok(dies(new_key_with_bad_id, &S_EMPTY), "a key needs an id");
    ok(dies(new_key_with_bad_id, &S("a b")), "of the right characters");
    test_hashes();
    test_pieces();
    test_signing();
    test_hex();
    test_random();
    test_ulid();
    test_new_keys();
    test_bad_keys();
    test_secret();
    arena_fini(&arena);
    pool_trim();
    return tap_done();
}
