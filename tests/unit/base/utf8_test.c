/* UTF-8: every character, every pair of bytes, every kind of fault. */
#include "base/utf8.c"

#include "tap.h"

/* Encodes as RFC 3629 says; the test's own, to compare with. */
static str encode(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return str_of(out, 1);
    }
    size_t n = code < 0x800 ? 2 : 3;
    if (code >= 0x10000)
        n = 4;
    for (size_t i = n - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)((0xF00u >> n & 0xFF) | code);
    return str_of(out, n);
}

static void test_all_characters(void)
{
    bool right = true;
    bool cuts_right = true;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        char space[4];
        str s = encode(code, space);
        bool surrogate = code >= 0xD800 && code <= 0xDFFF;
        struct utf8 c = utf8_at(s);
        right = right && c.valid == !surrogate && (surrogate || (c.n == s.n && c.code == code));
        for (size_t n = 1; n < s.n && !surrogate; n++) {
            struct utf8 cut = utf8_at(str_of(s.p, n));
            cuts_right = cuts_right && !cut.valid && cut.n == n && cut.code == 0;
        }
    }
    ok(right, "every scalar value is read back, no surrogate is");
    ok(cuts_right, "a character cut anywhere is one fault");
}

static void test_all_pairs(void)
{
    int valid = 0;
    bool bounded = true;
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            char pair[2] = {(char)a, (char)b};
            struct utf8 c = utf8_at(str_of(pair, 2));
            valid += c.valid && c.n == 2;
            bounded = bounded && c.n >= 1 && c.n <= 2;
        }
    }
    is_int(valid, 0x800 - 0x80, "as many pairs are a character as there are two-byte characters");
    ok(bounded, "and no step leaves the text");
}

static void is_fault(str s, size_t n, const char *what)
{
    struct utf8 c = utf8_at(s);
    ok(!c.valid && c.n == n, what);
}

int main(void)
{
    test_all_characters();
    test_all_pairs();
    is_fault(S("\x80"), 1, "a continuation alone");
    is_fault(S("\xC0\xAF"), 1, "an overlong slash in two bytes");
    is_fault(S("\xE0\x80\xAF"), 1, "in three");
    is_fault(S("\xF0\x80\x80\xAF"), 1, "in four");
    is_fault(S("\xF4\x90\x80\x80"), 1, "beyond U+10FFFF");
    is_fault(S("\xFF"), 1, "a byte that UTF-8 does not have");
    is_fault(S("\xE2\x82x"), 2, "a character broken by another is one fault of two bytes");
    is_fault(S("\xF0\x9F\x98x"), 3, "or of three");
    return tap_done();
}
