#include "wire/base64.c"

#include "tap.h"

static struct arena arena;

static str encode_url(str bytes)
{
    struct buf b;
    buf_init(&b, SIZE_MAX / 2);
    base64_put_url(&b, bytes);
    str text = arena_str(&arena, buf_str(&b));
    buf_fini(&b);
    return text;
}

/* RFC 4648, section 10. */
static void test_rfc(void)
{
    static const struct {
        str bytes, text;
    } cases[] = {
        {S(""), S("")},
        {S("f"), S("Zg==")},
        {S("fo"), S("Zm8=")},
        {S("foo"), S("Zm9v")},
        {S("foob"), S("Zm9vYg==")},
        {S("fooba"), S("Zm9vYmE=")},
        {S("foobar"), S("Zm9vYmFy")},
        {S("\xfb\xff\xfe"), S("+//+")},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str bytes = S_EMPTY;
        is_str(base64_encode(&arena, cases[i].bytes), cases[i].text, "encodes");
        ok(base64_decode(&arena, cases[i].text, &bytes), "is base64");
        is_str(bytes, cases[i].bytes, "decodes");
    }
    is_str(encode_url(S("\xfb\xff\xfe")), S("-__-"), "the alphabet for URLs");
    is_str(encode_url(S("f")), S("Zg"), "and no padding");
}

/* Every length through both loops, every byte value in every place of a block. */
static void test_round_trip(void)
{
    char bytes[300];
    bool same = true, same_url = true, same_unpadded = true, same_normal = true;
    for (size_t n = 0; n <= sizeof bytes; n++) {
        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)(i * 7 + n * 31);
        str want = str_of(bytes, n), text = base64_encode(&arena, want), got, normal;
        str with_url = encode_url(want);
        same &= text.n == (n + 2) / 3 * 4 && base64_decode(&arena, text, &got) && str_eq(got, want);
        same_url &= base64_decode(&arena, with_url, &got) && str_eq(got, want);
        same_normal &= base64_normalise(&arena, with_url, &normal) && str_eq(normal, text);
        same_normal &= base64_normalise(&arena, text, &normal) && normal.p == text.p;
        while (text.n > 0 && text.p[text.n - 1] == '=')
            text.n--;
        same_unpadded &= base64_decode(&arena, text, &got) && str_eq(got, want);
    }
    ok(same, "reads what it wrote, at every length");
    ok(same_url, "and in the alphabet for URLs");
    ok(same_unpadded, "and without padding");
    ok(same_normal, "normalising gives the standard text, and the text itself where it is so");
}

/* Every byte at every place of a text that is longer than a block: the vector loop and the loop for
 * single letters must agree about what a letter is. */
static void test_every_byte_at_every_place(void)
{
    char text[40];
    bool agree = true;
    for (size_t at = 0; at < sizeof text; at++) {
        for (int c = 0; c < 256; c++) {
            memset(text, 'A', sizeof text);
            text[at] = (char)c;
            str got, normal, t = str_of(text, sizeof text);
            bool is_last = at == sizeof text - 1;
            int v = value_of((char)c);
            bool want =
                v >= 0 || (is_last && c == '='); /* white space: 39 letters, legal as well */
            want = want || is_space((char)c);
            agree &= base64_decode(&arena, t, &got) == want;
            agree &= base64_normalise(&arena, t, &normal) == want;
            if (v >= 0)
                agree &= got.n == 30 && (uint8_t)got.p[at * 6 / 8] ==
                                            (uint8_t)(at * 6 % 8 <= 2 ? v << (2 - at * 6 % 8)
                                                                      : v >> (at * 6 % 8 - 2));
        }
    }
    ok(agree, "every byte is a letter, or none, wherever it stands");
}

static void test_lenient(void)
{
    static const struct {
        str text, bytes, normal;
    } cases[] = {
        {S(" Zm9v\r\nYmFy\t"), S("foobar"), S("Zm9vYmFy")},
        {S("Zg=\n="), S("f"), S("Zg==")},
        {S("Zg = = "), S("f"), S("Zg==")},
        {S("-_+/"), S("\xfb\xff\xbf"), S("+/+/")},
        {S("Zh=="), S("f"), S("Zg==")}, /* left-over bits */
        {S("Zh"), S("f"), S("Zg==")},
        {S("Zm9="), S("fo"), S("Zm8=")},
        {S("\n"), S(""), S("")},
        {S("QUFBQUFBQUFBQUFB\nQUFBQUFBQUFBQUFBQUFB"), S("AAAAAAAAAAAAAAAAAAAAAAAAAAA"),
         S("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB")},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str bytes = S_EMPTY, normal = S_EMPTY;
        ok(base64_decode(&arena, cases[i].text, &bytes), "taken");
        is_str(bytes, cases[i].bytes, "its bytes");
        ok(base64_normalise(&arena, cases[i].text, &normal), "taken");
        is_str(normal, cases[i].normal, "its standard form");
    }
}

static void test_refused(void)
{
    static const str cases[] = {
        S("Z"),     S("Zm9vY"),    S("Zg="),  S("Zg==="),    S("Zm8=="),      S("Zm9v="),
        S("===="),  S("="),        S("Z==="), S("Zg==Zg=="), S("Zg==\nZ"),    S("Zm9v!"),
        S("Zm\0v"), S("Zm9v\xc3"), S("Zm*v"), S("Z,9v"),     S("Zm9vYmFy=="), S("Zm9v\fZm9v"),
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str bytes, normal;
        ok(!base64_decode(&arena, cases[i], &bytes) && bytes.n == 0, "refused");
        ok(!base64_normalise(&arena, cases[i], &normal) && normal.n == 0, "and no standard form");
    }
}

static void test_buf(void)
{
    struct buf b;
    buf_init(&b, 7);
    base64_put(&b, S("foo"));
    base64_put(&b, S_EMPTY);
    is_str(buf_str(&b), S("Zm9v"), "appended");
    base64_put(&b, S("foo"));
    ok(!buf_is_ok(&b), "past the maximum the buffer fails");
    is_str(buf_str(&b), S("Zm9v"), "and keeps what it had");
    buf_fini(&b);
    buf_init(&b, SIZE_MAX / 2);
    base64_put(&b, str_of("x", SIZE_MAX - 1));
    ok(!buf_is_ok(&b), "a length that cannot be");
    buf_fini(&b);
}

int main(void)
{
    arena_init(&arena, 0, SIZE_MAX / 2);
    test_rfc();
    test_round_trip();
    test_every_byte_at_every_place();
    test_lenient();
    test_refused();
    test_buf();
    arena_fini(&arena);
    return tap_done();
}
