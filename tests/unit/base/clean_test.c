#include "base/clean.c"

#include "base/str.h"
#include "base/utf8.h"
#include "tap.h"

#define TEXT_MAX 48

/* One character after the other: where it must stop at the latest. */
static const char *slow_skip(const char *p, const char *end)
{
    while (p < end) {
        struct utf8 c = utf8_at(str_of(p, (size_t)(end - p)));
        if (!c.valid || c.code < 0x20 || c.code == '"' || c.code == '\\')
            break;
        p += c.n;
    }
    return p;
}

/* It stops where the slow way does, or before a character less than four bytes from the end. */
static bool agrees(const char *p, size_t n)
{
    const char *end = p + n, *fast = clean_skip(p, end), *slow = slow_skip(p, end);
    if (fast == slow)
        return true;
    return fast < slow && end - fast < 4 && (uint8_t)*fast >= 0x80 && slow_skip(p, fast) == fast;
}

static unsigned rng(unsigned n)
{
    static uint64_t state = 42;
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(state >> 33) % n;
}

static void test_places(void)
{
    bool same = true;
    for (size_t n = 1; n <= TEXT_MAX; n++) {
        for (size_t at = 0; at < n; at++) {
            for (unsigned c = 0; c < 256; c++) {
                char text[TEXT_MAX];
                memset(text, 'a', sizeof text);
                text[at] = (char)c;
                same = same && agrees(text, n);
            }
        }
    }
    ok(same, "each byte at each place of each length");
}

static void test_characters(void)
{
    static const str pieces[] = {
        {"a", 1},        {"\xc3\xa9", 2},     {"\xe2\x82\xac", 3},    {"\xf0\x9f\x98\x80", 4},
        {"\xc0\x80", 2}, {"\xed\xa0\x80", 3}, {"\xe0\x9f\xbf", 3},    {"\xf4\x90\x80\x80", 4},
        {"\"", 1},       {"\xe2\x82", 2},     {"\xf0\x8f\xbf\xbf", 4}};
    bool same = true;
    for (int round = 0; round < 100000; round++) {
        char text[TEXT_MAX];
        size_t n = 0;
        for (unsigned left = 1 + rng(12); left > 0; left--) {
            str piece = pieces[rng(4) > 0 ? rng(4) : rng(ARRAY_LEN(pieces))];
            memcpy(text + n, piece.p, piece.n);
            n += piece.n;
        }
        same = same && agrees(text, n);
    }
    ok(same, "random texts of characters, some of them broken");
    static const char euros[] = "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac    ";
    ok(clean_skip(euros, euros + sizeof euros - 1) == euros + sizeof euros - 1,
       "characters of three bytes are gone over");
}

int main(void)
{
    test_places();
    test_characters();
    return tap_done();
}
