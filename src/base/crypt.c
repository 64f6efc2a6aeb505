/* Hashes, signatures, random bytes, ids, gateway keys and secrets.
 *
 * SHA-256 runs for every request that carries a key. OpenSSL 3 spends more time on finding an
 * algorithm by name than on hashing 60 bytes, so it is fetched once for the process; with that, the
 * one-shot call needs no state of the thread. Random bytes come from the kernel; ULIDs, of which a
 * busy server makes one a request, draw theirs from a small supply of the thread, because they are
 * unique and not secret.
 *
 * A gateway key ends in a checksum so that a typing error, a key of another product or a scanner's
 * guess is refused without a look-up, and so that secret scanners recognise a leaked key. Since an
 * id may contain '-', keys are taken apart from the end, where all lengths are fixed.
 *
 * The bytes of a secret live in pages of their own, left out of core files and wiped before they
 * are unmapped. The struct is on the heap, where the leak checkers see one that was forgotten. */
#include "base/crypt.h"

#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#define RSA_BITS_MIN   2048
#define KEY_PREFIX     S("tb-")
#define SECRET_DIGITS  43 /* of base 62: 256 bits */
#define CHECK_DIGITS   6  /* of base 62: 32 bits and room */
#define KEY_TAIL       (1 + SECRET_DIGITS + CHECK_DIGITS)
#define ULID_TIME      10 /* digits of 5 bits */
#define ULID_RANDOM    8  /* digits in each half of the random part */
#define ULID_HALF_BITS 40

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static EVP_MD *sha256; /* kept for the life of the process */
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void sha256_fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    must(sha256);
}

static const EVP_MD *sha256_md(void)
{
    pthread_once(&sha256_once, sha256_fetch);
    return sha256;
}

void crypt_sha256(str bytes, uint8_t out[SHA256_BYTES])
{
    int done = EVP_Digest(bytes.p, bytes.n, out, NULL, sha256_md(), NULL);
    must(done == 1);
}

void crypt_sha256_pieces(const struct iovec *pieces, size_t n, uint8_t out[SHA256_BYTES])
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    if (!hash)
        out_of_memory(0);
    int done = EVP_DigestInit_ex2(hash, sha256_md(), NULL);
    for (size_t i = 0; i < n; i++)
        done &= EVP_DigestUpdate(hash, pieces[i].iov_base, pieces[i].iov_len);
    done &= EVP_DigestFinal_ex(hash, out, NULL);
    must(done == 1);
    EVP_MD_CTX_free(hash);
}

void crypt_hmac_sha256(str key, str bytes, uint8_t out[SHA256_BYTES])
{
    must(key.n <= INT_MAX);
    /* With a NULL key HMAC would go on with the key of an earlier call. */
    const void *key_bytes = key.n > 0 ? key.p : "";
    const void *done = HMAC(sha256_md(), key_bytes, (int)key.n, (const unsigned char *)bytes.p,
                            bytes.n, out, NULL);
    must(done);
}

/* ---- signatures ---- */

/* An encrypted key is refused, never asked about on the terminal. */
static int no_passphrase(char *out, int size, int is_writing, void *arg)
{
    (void)out;
    (void)size;
    (void)is_writing;
    (void)arg;
    return -1;
}

/* NULL: no RSA private key in it. */
static EVP_PKEY *rsa_key_read(str pem)
{
    EVP_PKEY *key = NULL;
    OSSL_DECODER_CTX *decoder =
        OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", NULL, "RSA", EVP_PKEY_KEYPAIR, NULL, NULL);
    if (!decoder)
        out_of_memory(0);
    const unsigned char *at = (const unsigned char *)pem.p;
    size_t left = pem.n;
    OSSL_DECODER_CTX_set_pem_password_cb(decoder, no_passphrase, NULL);
    if (OSSL_DECODER_from_data(decoder, &at, &left) != 1) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    OSSL_DECODER_CTX_free(decoder);
    return key;
}

static bool sign(EVP_PKEY *key, enum crypt_padding padding, str bytes, struct arena *a,
                 str *signature)
{
    EVP_PKEY_CTX *how; /* belongs to the hash */
    size_t n = (size_t)EVP_PKEY_get_size(key);
    unsigned char *out = arena_alloc(a, n);
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    if (!hash)
        out_of_memory(0);
    bool is_fine = EVP_DigestSignInit_ex(hash, &how, "SHA256", NULL, NULL, key, NULL) == 1;
    if (is_fine && padding == CRYPT_PSS)
        is_fine = EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 &&
                  EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) == 1;
    is_fine =
        is_fine && EVP_DigestSign(hash, out, &n, (const unsigned char *)bytes.p, bytes.n) == 1;
    EVP_MD_CTX_free(hash);
    *signature = str_of((const char *)out, n);
    return is_fine;
}

bool crypt_sign_rsa(str pem, enum crypt_padding padding, str bytes, struct arena *a, str *signature,
                    const char **why)
{
    EVP_PKEY *key = pem.n > 0 ? rsa_key_read(pem) : NULL;
    if (!key)
        *why = "the private key is no unencrypted RSA key in PEM";
    else if (EVP_PKEY_get_bits(key) < RSA_BITS_MIN)
        *why = "the RSA key has fewer than 2048 bits";
    else if (!sign(key, padding, bytes, a, signature))
        *why = "the private key cannot sign";
    else
        *why = NULL;
    EVP_PKEY_free(key);
    return !*why;
}

/* ---- random bytes and comparison ---- */

void crypt_random(void *out, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t got = getrandom((char *)out + at, n - at, 0);
        /* A signal may cut short the wait at boot, or a read of more than 256 bytes. */
        must(got > 0 || errno == EINTR);
        at += got > 0 ? (size_t)got : 0;
    }
}

bool crypt_equal(const void *a, const void *b, size_t n)
{
    return n == 0 || CRYPTO_memcmp(a, b, n) == 0;
}

/* The table of CRC-32 (polynomial 0xEDB88320). The CRC is linear, so each entry is the sum of the
 * entries of its bits. */
#define BIT(i, bit, value) (((i) & (bit)) ? UINT32_C(value) : 0)
#define ENTRY(i)                                                                                   \
    (BIT(i, 1, 0x77073096) ^ BIT(i, 2, 0xee0e612c) ^ BIT(i, 4, 0x076dc419) ^                       \
     BIT(i, 8, 0x0edb8832) ^ BIT(i, 16, 0x1db71064) ^ BIT(i, 32, 0x3b6e20c8) ^                     \
     BIT(i, 64, 0x76dc4190) ^ BIT(i, 128, 0xedb88320))
#define ENTRIES_4(i)  ENTRY(i), ENTRY((i) + 1), ENTRY((i) + 2), ENTRY((i) + 3)
#define ENTRIES_16(i) ENTRIES_4(i), ENTRIES_4((i) + 4), ENTRIES_4((i) + 8), ENTRIES_4((i) + 12)
#define ENTRIES_64(i)                                                                              \
    ENTRIES_16(i), ENTRIES_16((i) + 16), ENTRIES_16((i) + 32), ENTRIES_16((i) + 48)

static const uint32_t crc_table[256] = {ENTRIES_64(0), ENTRIES_64(64), ENTRIES_64(128),
                                        ENTRIES_64(192)};

uint32_t crypt_crc32(str bytes)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes.n; i++)
        crc = crc_table[(crc ^ (unsigned char)bytes.p[i]) & 0xff] ^ crc >> 8;
    return ~crc;
}

bool crypt_from_hex(str hex, uint8_t *out, size_t n)
{
    if (hex.n % 2 != 0 || hex.n / 2 != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = str_hex_value(hex.p[2 * i]);
        int low = str_hex_value(hex.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

str crypt_to_hex(struct arena *a, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    char *text = arena_alloc(a, arena_mul(n, 2));
    for (size_t i = 0; i < n; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    return str_of(text, n * 2);
}

/* The next 40 bits of the thread's supply of random bytes. */
static uint64_t random_half(void)
{
    static _Thread_local struct {
        uint8_t bytes[640];
        size_t left;
    } supply;
    const size_t take = ULID_HALF_BITS / 8;
    if (supply.left < take) {
        crypt_random(supply.bytes, sizeof(supply.bytes));
        supply.left = sizeof(supply.bytes);
    }
    uint64_t half = 0;
    supply.left -= take;
    memcpy(&half, supply.bytes + supply.left, take);
    return half;
}

/* `value` as `digits` digits of five bits. */
static void put_crockford(char *out, uint64_t value, size_t digits)
{
    for (size_t i = digits; i > 0; i--, value >>= 5)
        out[i - 1] = crockford[value & 31];
}

static _Thread_local struct {
    uint64_t ms;
    uint64_t high, low; /* the random part */
} last_ulid = {.ms = UINT64_MAX};

void crypt_ulid(int64_t wall_us, char out[ULID_LEN])
{
    const uint64_t half_end = UINT64_C(1) << ULID_HALF_BITS;
    uint64_t ms = (uint64_t)MAX(wall_us, 0) / 1000;
    if (ms != last_ulid.ms) {
        last_ulid.ms = ms;
        last_ulid.high = random_half() >> 1; /* top bit clear: counting up cannot overflow */
        last_ulid.low = random_half();
    } else if (++last_ulid.low == half_end) {
        last_ulid.low = 0;
        last_ulid.high++;
    }
    put_crockford(out, ms, ULID_TIME);
    put_crockford(out + ULID_TIME, last_ulid.high, ULID_RANDOM);
    put_crockford(out + ULID_TIME + ULID_RANDOM, last_ulid.low, ULID_RANDOM);
}

static bool is_base62(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_id(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_base62(s.p[i]) && s.p[i] != '.' && s.p[i] != '_' && s.p[i] != '-')
            return false;
    }
    return s.n > 0;
}

/* The checksum of what stands before it, most significant digit first. */
static void put_checksum(str before, char out[CHECK_DIGITS])
{
    uint32_t crc = crypt_crc32(before);
    for (size_t i = CHECK_DIGITS; i > 0; i--, crc /= 62)
        out[i - 1] = base62[crc % 62];
}

/* Digits drawn evenly: bytes from the last, incomplete round of 62 are thrown away. */
static void put_secret_digits(char *out, size_t n)
{
    uint8_t bytes[64];
    for (size_t at = 0; at < n;) {
        crypt_random(bytes, sizeof(bytes));
        for (size_t i = 0; i < sizeof(bytes) && at < n; i++) {
            if (bytes[i] < 256 / 62 * 62)
                out[at++] = base62[bytes[i] % 62];
        }
    }
    explicit_bzero(bytes, sizeof(bytes));
}

str crypt_key_new(struct arena *a, str id)
{
    must(is_id(id) && id.n < SIZE_MAX - KEY_TAIL - KEY_PREFIX.n);
    size_t n = KEY_PREFIX.n + id.n + KEY_TAIL;
    char *key = arena_alloc(a, n);
    memcpy(key, KEY_PREFIX.p, KEY_PREFIX.n);
    memcpy(key + KEY_PREFIX.n, id.p, id.n);
    key[n - KEY_TAIL] = '-';
    put_secret_digits(key + n - KEY_TAIL + 1, SECRET_DIGITS);
    put_checksum(str_of(key, n - CHECK_DIGITS), key + n - CHECK_DIGITS);
    return str_of(key, n);
}

bool crypt_key_is_wellformed(str key, str *id)
{
    if (key.n <= KEY_PREFIX.n + KEY_TAIL || !str_has_prefix(key, KEY_PREFIX))
        return false;
    str name = str_slice(key, KEY_PREFIX.n, key.n - KEY_TAIL);
    str tail = str_skip(key, key.n - KEY_TAIL);
    if (tail.p[0] != '-' || !is_id(name))
        return false;
    for (size_t i = 1; i < tail.n; i++) {
        if (!is_base62(tail.p[i]))
            return false;
    }
    char check[CHECK_DIGITS];
    put_checksum(str_slice(key, 0, key.n - CHECK_DIGITS), check);
    if (!str_has_suffix(key, str_of(check, CHECK_DIGITS)))
        return false;
    if (id)
        *id = name;
    return true;
}

struct secret {
    char *bytes; /* in pages of their own; NULL when n is 0 */
    size_t n;
};

struct secret *secret_new(str value)
{
    struct secret *s = malloc(sizeof(*s));
    if (!s)
        out_of_memory(sizeof(*s));
    *s = (struct secret){.n = value.n};
    if (value.n == 0)
        return s;
    s->bytes = mmap(NULL, s->n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (s->bytes == MAP_FAILED)
        out_of_memory(s->n);
    /* Best effort: a kernel without it still gives us a secret that works. */
    (void)madvise(s->bytes, s->n, MADV_DONTDUMP);
    memcpy(s->bytes, value.p, value.n);
    return s;
}

void secret_free(struct secret *s)
{
    if (!s)
        return;
    if (s->bytes) {
        explicit_bzero(s->bytes, s->n);
        int rc = munmap(s->bytes, s->n);
        must(rc == 0);
    }
    free(s);
}

bool secret_is_empty(const struct secret *s)
{
    return s->n == 0;
}

bool secret_equals(const struct secret *s, str value)
{
    return s->n == value.n && crypt_equal(s->bytes, value.p, s->n);
}

str secret_expose(const struct secret *s)
{
    return str_of(s->bytes, s->n);
}
