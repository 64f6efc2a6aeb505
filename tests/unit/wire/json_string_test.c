#include "wire/json_skip_avx2.c"
#include "wire/json_string.c"

#include <stdlib.h>

#include "tap.h"

/* Skips nothing, so that step() alone judges: what the fast ones are compared with. */
static const char *skip_none(const char *p, const char *end)
{
    (void)end;
    return p;
}

/* What json_string_end says: an offset, and a text for a fault. */
struct verdict {
    ptrdiff_t at;
    const char *what;
};

/* In memory of exactly its size, so that ASan sees a byte read too far. */
static struct verdict judge(skip_fn skipper, str s)
{
    char *copy = malloc(MAX(s.n, 1));
    memcpy(copy, s.p, s.n);
    atomic_store(&skip, skipper);
    struct json_fault fault = {0};
    const char *quote = json_string_end(copy, copy + s.n, &fault);
    const char *at = quote ? quote : fault.at;
    struct verdict v = {.at = at - copy, .what = quote ? NULL : fault.what};
    free(copy);
    return v;
}

static bool agree(str s)
{
    struct verdict want = judge(skip_none, s);
    struct verdict portable = judge(clean_skip, s);
    struct verdict vector = judge(best_skip(), s);
    return portable.at == want.at && portable.what == want.what && vector.at == want.at &&
           vector.what == want.what;
}

/* `s` with `before` bytes of prose before it and `behind` behind. */
static str padded(char *room, str s, size_t before, size_t behind)
{
    memset(room, 'x', before);
    memcpy(room + before, s.p, s.n);
    memset(room + before + s.n, 'y', behind);
    return str_of(room, before + s.n + behind);
}

static bool agree_everywhere(str s)
{
    char room[512];
    for (size_t before = 0; before < 140; before++) {
        if (!agree(padded(room, s, before, 0)) || !agree(padded(room, s, before, 75)))
            return false;
    }
    return true;
}

static const char *const ends = "the text ends inside a string";
static const char *const control = "a control character in a string must be escaped";
static const char *const escape = "no such escape in JSON";
static const char *const digits = "\\u needs four hexadecimal digits";
static const char *const utf8 = "not valid UTF-8";

static const struct {
    str text;
    ptrdiff_t at;
    const char *const *what; /* NULL: the closing quote is there */
} cases[] = {
    {S("\""), 0, NULL},
    {S("abc\"d\""), 3, NULL},
    {S("\\\"\""), 2, NULL},
    {S("\\\\\""), 2, NULL},
    {S("\\\\\\\"\""), 4, NULL},
    {S("\\b\\f\\n\\r\\t\\/\\\\\\\"\\u00e9\""), 22, NULL},
    {S("\\uD800\""), 6, NULL},
    {S("\\uDFFF\\uD800x\""), 13, NULL},
    {S("\\uabcdEF09\""), 10, NULL},
    {S("\x7f\""), 1, NULL},
    {S("\xc2\x80\xdf\xbf\""), 4, NULL},
    {S("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\""), 12, NULL},
    {S("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""), 8, NULL},
    {S(""), 0, &ends},
    {S("abc"), 3, &ends},
    {S("\\"), 1, &ends},
    {S("\\\""), 2, &ends},
    {S("\\\\\\\""), 4, &ends},
    {S("a\nb\""), 1, &control},
    {S("\\\n\""), 0, &escape},
    {S("\0\""), 0, &control},
    {S("ab\x1f\""), 2, &control},
    {S("\\x\""), 0, &escape},
    {S("\\'\""), 0, &escape},
    {S("\\U0041\""), 0, &escape},
    {S("\\\xc3\xa9\""), 0, &escape},
    {S("\\u\""), 0, &digits},
    {S("\\u12\"34\""), 0, &digits},
    {S("\\u004"), 0, &digits},
    {S("\\u00g0\""), 0, &digits},
    {S("\\u 041\""), 0, &digits},
    {S("\x80\""), 0, &utf8},
    {S("a\xbf\""), 1, &utf8},
    {S("\xc0\xaf\""), 0, &utf8},
    {S("\xc1\xbf\""), 0, &utf8},
    {S("\xc3\""), 0, &utf8},
    {S("\xc3\xa9\xa9\""), 2, &utf8},
    {S("\xc3\xc3\xa9\""), 0, &utf8},
    {S("\xe0\x9f\xbf\""), 0, &utf8},
    {S("\xe4\xb8\""), 0, &utf8},
    {S("\xe4\xb8\xad\xe4\xb8\""), 3, &utf8},
    {S("\xed\xa0\x80\""), 0, &utf8},
    {S("\xf0\x8f\xbf\xbf\""), 0, &utf8},
    {S("\xf0\x9f\x98\""), 0, &utf8},
    {S("\xf0\x9f\x98\x80\x80\""), 4, &utf8},
    {S("\xf4\x90\x80\x80\""), 0, &utf8},
    {S("\xf5\x80\x80\x80\""), 0, &utf8},
    {S("\xf8\x88\x80\x80\x80\""), 0, &utf8},
    {S("\xff\""), 0, &utf8},
    {S("\xfe\xff\""), 0, &utf8},
    {S("\xe4\xb8"), 0, &utf8},
};

static void test_cases(void)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct verdict v = judge(skip_none, cases[i].text);
        const char *what = cases[i].what ? *cases[i].what : "";
        is_int(v.at, cases[i].at, "the place is right");
        is_str(str_from_cz(v.what), str_from_cz(what), "so is the fault");
        ok(agree_everywhere(cases[i].text), "all skippers agree, wherever it lies in a block");
    }
}

/* Every pair of bytes, and what must follow or not, across the edge of a block. */
static void test_byte_pairs(void)
{
    char room[512];
    bool same = true;
    for (unsigned pair = 0; pair < 0x10000; pair++) {
        char text[] = {(char)(pair >> 8), (char)pair, (char)0x80, (char)0xbf, '"'};
        for (size_t n = 2; n <= 4; n++) {
            char s[5];
            memcpy(s, text, n);
            s[n] = '"';
            same = same && agree(padded(room, str_of(s, n + 1), 62, 70));
        }
    }
    ok(same, "all pairs of bytes, with up to two continuations, are judged alike");
}

static uint64_t random_state = 88172645463325252;

static unsigned random_below(unsigned n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 33) % n;
}

static void test_random_mixtures(void)
{
    static const str pieces[] = {
        S("prose of some length, "),
        S("\\n"),
        S("\\\\"),
        S("\\\""),
        S("\\u00e9"),
        S("\xc3\xa9"),
        S("\xe4\xb8\xad"),
        S("\xf0\x9f\x98\x80"),
        S("x"),
        S("\\u4f60"),
        S("0123456789abcdef"),
    };
    static const str faults[] = {S("\""), S("\\"), S("\x80"), S("\xe4"), S("\n"), S("\\u12")};
    bool same = true;
    for (int i = 0; i < 20000; i++) {
        char text[1024];
        size_t n = 0;
        for (unsigned left = random_below(42); left > 0; left--) {
            bool is_odd = random_below(100) == 0;
            str piece = is_odd ? faults[random_below(ARRAY_LEN(faults))]
                               : pieces[random_below(ARRAY_LEN(pieces))];
            memcpy(text + n, piece.p, piece.n);
            n += piece.n;
        }
        same = same && agree(str_of(text, n));
    }
    ok(same, "random mixtures are judged alike");
}

static void test_first_call_chooses(void)
{
    struct verdict v = judge(skip_first, S("abcdefghijklmnopqr\\n\""));
    is_int(v.at, 20, "the first call works");
    ok(atomic_load(&skip) == best_skip(), "and leaves the best skipper behind");
}

int main(void)
{
    test_cases();
    test_byte_pairs();
    test_random_mixtures();
    test_first_call_chooses();
    return tap_done();
}
