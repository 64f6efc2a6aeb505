/* Base64, sixteen characters at a time.
 *
 * Pictures of many megabytes pass through here, so both directions work on vectors in plain C
 * (the compiler's vector type, which every machine has): the letters of the alphabet are five
 * ranges, so a letter becomes its six bits, and back, by comparing with the ends of the ranges
 * and adding. Eight times six bits are gathered into 48, and spread out again, in one 64-bit
 * word.
 *
 * The reader is lenient where senders differ and nothing is ambiguous: either alphabet, white
 * space anywhere, padding or none, left-over bits that are not zero (RFC 4648, section 3.5). It
 * refuses what would lose bytes: other characters, a wrong number of '=', anything behind them,
 * and a single letter left over. What is not a block of sixteen letters goes letter by letter. */
#include "wire/base64.h"

#include <string.h>

typedef int8_t v16 __attribute__((vector_size(16)));

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* How the last two letters differ from those before them. */
struct alphabet {
    int8_t step_62, step_63;
    bool is_padded;
};
static const struct alphabet standard = {.step_62 = -15, .step_63 = 3, .is_padded = true};
static const struct alphabet url = {.step_62 = -13, .step_63 = 49, .is_padded = false};

static inline v16 load_16(const char *p)
{
    v16 v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline bool is_all(v16 mask)
{
    uint64_t half[2];
    memcpy(half, &mask, sizeof half);
    return (half[0] & half[1]) == UINT64_MAX;
}

static inline uint64_t load_be64(const void *from)
{
    uint64_t x;
    memcpy(&x, from, sizeof x);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(x) : x;
}

static inline void store_be64(void *to, uint64_t x)
{
    x = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(x) : x;
    memcpy(to, &x, sizeof x);
}

/* ---- writing ---- */

/* The 48 bits at the top of x as eight bytes of six. */
static inline uint64_t spread(uint64_t x)
{
    x >>= 16;
    x = (x & UINT64_C(0xffffff000000)) << 8 | (x & UINT64_C(0xffffff));
    x = (x & UINT64_C(0x00fff00000fff000)) << 4 | (x & UINT64_C(0x00000fff00000fff));
    return (x & UINT64_C(0x0fc00fc00fc00fc0)) << 2 | (x & UINT64_C(0x003f003f003f003f));
}

/* Twelve bytes at `from`, of which 14 may be read, as 16 letters. */
static inline void encode_12(const struct alphabet *to_letters, const char *from, char *to)
{
    uint8_t six[16];
    store_be64(six, spread(load_be64(from)));
    store_be64(six + 8, spread(load_be64(from + 6)));
    v16 v;
    memcpy(&v, six, sizeof v);
    v16 step = (v > 25) & ('a' - 'A' - 26);
    step += (v > 51) & ('0' - 'a' - 26);
    step += (v > 61) & to_letters->step_62;
    step += (v > 62) & to_letters->step_63;
    v16 letter = v + (step + 'A'); /* in this order no sum leaves its eight bits */
    memcpy(to, &letter, sizeof letter);
}

static char letter_of(const struct alphabet *to_letters, uint32_t six_bits)
{
    uint32_t i = six_bits & 63;
    if (i < 62 || to_letters == &standard)
        return letters[i];
    return i == 62 ? '-' : '_';
}

/* One to three bytes. Returns the number of letters and signs. */
static size_t encode_group(const struct alphabet *to_letters, str bytes, char *to)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; i++)
        bits = bits << 8 | (i < bytes.n ? (uint8_t)bytes.p[i] : 0);
    size_t n = bytes.n + 1;
    for (size_t i = 0; i < 4; i++)
        to[i] = i < n ? letter_of(to_letters, bits >> (18 - 6 * i)) : '=';
    return to_letters->is_padded ? 4 : n;
}

static size_t encoded_size(size_t n)
{
    return (n + 2) / 3 * 4;
}

/* `to` has room for encoded_size(bytes.n). */
static size_t encode(const struct alphabet *to_letters, str bytes, char *to)
{
    size_t i = 0, n = 0;
    for (; bytes.n - i >= 14; i += 12, n += 16)
        encode_12(to_letters, bytes.p + i, to + n);
    for (; i < bytes.n; i += 3)
        n += encode_group(to_letters, str_slice(bytes, i, i + 3), to + n);
    return n;
}

static void put(struct buf *out, const struct alphabet *to_letters, str bytes)
{
    if (bytes.n == 0)
        return;
    char *to = buf_reserve(out, bytes.n < SIZE_MAX / 2 ? encoded_size(bytes.n) : SIZE_MAX);
    if (to)
        buf_commit(out, encode(to_letters, bytes, to));
}

void base64_put(struct buf *out, str bytes)
{
    put(out, &standard, bytes);
}

void base64_put_url(struct buf *out, str bytes)
{
    put(out, &url, bytes);
}

str base64_encode(struct arena *a, str bytes)
{
    if (bytes.n == 0)
        return S_EMPTY;
    must(bytes.n < SIZE_MAX / 2);
    char *to = arena_alloc(a, encoded_size(bytes.n));
    return str_of(to, encode(&standard, bytes, to));
}

/* ---- reading ---- */

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Six bits of each letter; `*is_letter` is a mask. */
static inline v16 values_of(v16 c, v16 *is_letter)
{
    v16 upper = (v16)((c >= 'A') & (c <= 'Z'));
    v16 lower = (v16)((c >= 'a') & (c <= 'z'));
    v16 digit = (v16)((c >= '0') & (c <= '9'));
    v16 is_62 = (v16)((c == '+') | (c == '-'));
    v16 is_63 = (v16)((c == '/') | (c == '_'));
    *is_letter = upper | lower | digit | is_62 | is_63;
    v16 letter = c & *is_letter; /* what is no letter would leave its eight bits below */
    return (upper & (letter - 'A')) | (lower & (letter - ('a' - 26))) |
           (digit & (letter + (52 - '0'))) | (is_62 & 62) | (is_63 & 63);
}

/* Eight bytes of six bits as 48 bits at the top. */
static inline uint64_t gather(uint64_t x)
{
    x = (x & UINT64_C(0x3f003f003f003f00)) >> 2 | (x & UINT64_C(0x003f003f003f003f));
    x = (x & UINT64_C(0x0fff00000fff0000)) >> 4 | (x & UINT64_C(0x00000fff00000fff));
    return (x >> 8 & UINT64_C(0xffffff000000)) << 16 | (x & UINT64_C(0xffffff)) << 16;
}

/* 16 letters as 12 bytes; 14 are written. False when one is no letter. */
static inline bool decode_16(const char *from, char *to)
{
    v16 is_letter;
    v16 v = values_of(load_16(from), &is_letter);
    if (!is_all(is_letter))
        return false;
    uint8_t six[16];
    memcpy(six, &v, sizeof six);
    store_be64(to, gather(load_be64(six)));
    store_be64(to + 6, gather(load_be64(six + 8)));
    return true;
}

struct decoder {
    char *to;
    size_t n;
    uint32_t bits;    /* of the letters of an open group */
    unsigned in_open; /* letters in it, 0 to 3 */
    size_t pads;
};

static bool decode_char(struct decoder *d, char c)
{
    if (is_space(c))
        return true;
    if (c == '=') {
        d->pads++;
        return true;
    }
    int v = value_of(c);
    if (v < 0 || d->pads > 0)
        return false;
    d->bits = d->bits << 6 | (uint32_t)v;
    d->in_open++;
    if (d->in_open < 4)
        return true;
    for (int shift = 16; shift >= 0; shift -= 8)
        d->to[d->n++] = (char)(d->bits >> shift & 0xff);
    d->in_open = 0;
    return true;
}

/* Is that a legal end: so many letters behind the last whole group, then so many '='? */
static bool end_is_legal(size_t in_open, size_t pads)
{
    return in_open != 1 && (pads == 0 || (in_open > 0 && in_open + pads == 4));
}

static bool decode_end(struct decoder *d)
{
    if (!end_is_legal(d->in_open, d->pads))
        return false;
    if (d->in_open >= 2)
        d->to[d->n++] = (char)(d->bits >> (d->in_open == 2 ? 4 : 10) & 0xff);
    if (d->in_open == 3)
        d->to[d->n++] = (char)(d->bits >> 2 & 0xff);
    return true;
}

bool base64_decode(struct arena *a, str text, str *bytes)
{
    *bytes = S_EMPTY;
    if (text.n == 0)
        return true;
    struct decoder d = {.to = arena_alloc(a, text.n / 4 * 3 + 8)};
    for (size_t i = 0; i < text.n;) {
        if (d.in_open == 0 && d.pads == 0 && text.n - i >= 16 &&
            decode_16(text.p + i, d.to + d.n)) {
            d.n += 12;
            i += 16;
        } else if (!decode_char(&d, text.p[i++])) {
            return false;
        }
    }
    if (!decode_end(&d))
        return false;
    *bytes = str_of(d.to, d.n);
    return true;
}

/* ---- normalising ---- */

static inline bool is_standard_16(const char *p)
{
    v16 is_letter, c = load_16(p);
    (void)values_of(c, &is_letter);
    return is_all(is_letter & ~(v16)((c == '-') | (c == '_')));
}

static bool is_standard_letter(char c)
{
    return value_of(c) >= 0 && c != '-' && c != '_';
}

/* The last letter of `n` without the bits that belong to no byte. */
static char last_letter(char c, size_t n)
{
    static const int kept[4] = {63, 0, 0x30, 0x3c};
    return letters[value_of(c) & kept[n % 4]];
}

static bool is_standard(str text)
{
    size_t n = text.n;
    while (n > 0 && text.n - n < 2 && text.p[n - 1] == '=')
        n--;
    if (text.n % 4 != 0 || !end_is_legal(n % 4, text.n - n))
        return false;
    size_t i = 0;
    while (n - i >= 16 && is_standard_16(text.p + i))
        i += 16;
    while (i < n && is_standard_letter(text.p[i]))
        i++;
    return i == n && (n == 0 || last_letter(text.p[n - 1], n) == text.p[n - 1]);
}

bool base64_normalise(struct arena *a, str text, str *out)
{
    *out = text;
    if (is_standard(text))
        return true;
    *out = S_EMPTY;
    char *to = arena_alloc(a, text.n + 3);
    size_t n = 0, pads = 0;
    for (size_t i = 0; i < text.n;) {
        if (pads == 0 && text.n - i >= 16 && is_standard_16(text.p + i)) {
            memcpy(to + n, text.p + i, 16);
            n += 16;
            i += 16;
            continue;
        }
        char c = text.p[i++];
        int v = value_of(c);
        if (v >= 0 && pads == 0)
            to[n++] = letters[v];
        else if (c == '=')
            pads++;
        else if (!is_space(c))
            return false;
    }
    if (!end_is_legal(n % 4, pads))
        return false;
    if (n > 0)
        to[n - 1] = last_letter(to[n - 1], n);
    while (n % 4 != 0)
        to[n++] = '=';
    *out = str_of(to, n);
    return true;
}
