#include "base/buf.c"

#include "tap.h"

static uint64_t rng_state = 3;

static unsigned rng(unsigned below)
{
    rng_state = rng_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(rng_state >> 33) % below;
}

static void test_room(void)
{
    struct buf b;
    buf_init(&b, 1000);
    ok(b.p == NULL && buf_str(&b).n == 0, "a buf begins without memory");
    ok(buf_reserve(&b, 0) != NULL, "room for nothing is a place");
    char *p = buf_reserve(&b, 1000);
    memset(p, 'x', 1000);
    buf_commit(&b, 400);
    is_int(b.n, 400, "what is committed counts");
    ok(buf_reserve(&b, 600) != NULL && buf_is_ok(&b), "up to max there is room");
    ok(buf_reserve(&b, 601) == NULL && !buf_is_ok(&b), "past it there is none");
    ok(buf_reserve(&b, 1) == NULL, "and the buf stays failed");
    buf_put(&b, S("y"));
    is_int(b.n, 400, "appends are dropped then");
    buf_reset(&b);
    ok(buf_is_ok(&b) && b.n == 0 && b.p, "reset clears the failure and keeps the memory");
    buf_put(&b, S("hello"));
    is_str(buf_str(&b), S("hello"), "it works again");
    ok(buf_reserve(&b, SIZE_MAX) == NULL, "an absurd size is past max");
    buf_reset(&b);
    buf_put_hex(&b, str_of("", SIZE_MAX / 2 + 1));
    ok(!buf_is_ok(&b), "so is one that overflows in hexadecimal");
    buf_fini(&b);
    ok(b.p == NULL && b.n == 0 && buf_is_ok(&b), "fini gives the memory back");
    buf_put(&b, S("again"));
    is_str(buf_str(&b), S("again"), "and leaves the buf usable");
    buf_fini(&b);
}

static void test_growth(void)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < 1 << 20; i++)
        buf_put_char(&b, (char)i);
    bool same = b.n == 1 << 20;
    for (size_t i = 0; i < b.n; i++)
        same = same && b.p[i] == (char)i;
    ok(same, "growing keeps what is there");
    buf_put_char(&b, 'x');
    ok(!buf_is_ok(&b), "the byte past max fails");
    buf_fini(&b);
}

static void test_consume(void)
{
    struct buf b;
    buf_init(&b, 100);
    buf_consume(&b, 0);
    buf_put(&b, S("hello world"));
    buf_consume(&b, 0);
    is_str(buf_str(&b), S("hello world"), "nothing consumed");
    buf_consume(&b, 6);
    is_str(buf_str(&b), S("world"), "the head is gone");
    buf_consume(&b, 5);
    is_str(buf_str(&b), S_EMPTY, "all is gone");
    buf_fini(&b);
}

static void write_u64(struct buf *b)
{
    buf_put_u64(b, UINT64_MAX);
}
static void write_i64(struct buf *b)
{
    buf_put_i64(b, INT64_MIN);
}
static void write_hex(struct buf *b)
{
    buf_put_hex(b, S("\x00\x7f\xff"));
}
static void write_text(struct buf *b)
{
    buf_put(b, S("text"));
}
static void write_char(struct buf *b)
{
    buf_put_char(b, 'c');
}
static void write_printf(struct buf *b)
{
    buf_printf(b, "%s-%d", "abc", 42);
}
static void write_json(struct buf *b)
{
    buf_put_json(b, S("a\nb\xff\x01"));
}

/* At every max: the whole text or, when it does not fit, nothing of it. */
static void test_writer(void (*write)(struct buf *b), str want, const char *name)
{
    bool all_or_nothing = true;
    for (size_t max = 0; max < want.n + 10; max++) {
        struct buf b;
        buf_init(&b, max);
        buf_put(&b, S(">"));
        bool began = buf_is_ok(&b);
        write(&b);
        bool fits = max >= want.n + 1;
        all_or_nothing = all_or_nothing && buf_is_ok(&b) == fits;
        all_or_nothing = all_or_nothing && b.n == (began ? 1 : 0) + (fits ? want.n : 0);
        all_or_nothing = all_or_nothing && (!fits || str_eq(str_skip(buf_str(&b), 1), want));
        buf_fini(&b);
    }
    ok(all_or_nothing, name);
}

static void test_numbers(void)
{
    struct buf b;
    buf_init(&b, 200);
    buf_put_u64(&b, 0);
    buf_put_char(&b, ' ');
    buf_put_u64(&b, 1234567890);
    buf_put_char(&b, ' ');
    buf_put_i64(&b, -7);
    buf_put_char(&b, ' ');
    buf_put_i64(&b, INT64_MAX);
    is_str(buf_str(&b), S("0 1234567890 -7 9223372036854775807"), "numbers");
    buf_fini(&b);
}

static void test_printf(void)
{
    struct buf b;
    buf_init(&b, 5000);
    bool same = true;
    for (size_t before = 500; before < 520; before++) {
        for (int n = 0; n < 20; n++) {
            buf_fini(&b);
            buf_printf(&b, "%*d", (int)before, 1);
            buf_printf(&b, "%0*d", n, 7);
            size_t want = before + (n > 0 ? (size_t)n : 1);
            same = same && b.n == want && b.p[before - 1] == '1' && b.p[want - 1] == '7';
        }
    }
    ok(same, "printf at the end of a block");
    buf_fini(&b);
    buf_init(&b, 512);
    buf_printf(&b, "%512d", 1);
    ok(buf_is_ok(&b) && b.n == 512, "a text of max bytes needs no room for a NUL");
    buf_printf(&b, "%s", "");
    ok(buf_is_ok(&b), "nothing fits always");
    buf_printf(&b, "x");
    ok(!buf_is_ok(&b) && b.n == 512, "more fails");
    buf_fini(&b);
}

static void json_is(str text, str want, const char *what)
{
    struct buf b;
    buf_init(&b, 1000);
    buf_put_json(&b, text);
    is_str(buf_str(&b), want, what);
    buf_fini(&b);
}

#define FFFD "\xef\xbf\xbd"

static void test_json(void)
{
    json_is(S_EMPTY, S("\"\""), "nothing");
    json_is(S("plain text, more than eight bytes of it"),
            S("\"plain text, more than eight bytes of it\""), "plain text");
    json_is(S("\"\\/\b\f\n\r\t"), S("\"\\\"\\\\/\\b\\f\\n\\r\\t\""), "the short escapes");
    json_is(S("\0\x1f\x7f"), S("\"\\u0000\\u001f\x7f\""), "other control characters; DEL is plain");
    json_is(S("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
            S("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""), "valid UTF-8 as it is");
    json_is(
        S("\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
        S("\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"
          "\""),
        "the first and last of each length");
    json_is(S("\xc3\xa9z\n\xc3\xa9"), S("\"\xc3\xa9z\\n\xc3\xa9\""), "mixed with ASCII");
    json_is(S("a\x80z"), S("\"a" FFFD "z\""), "a lone continuation byte");
    json_is(S("\xc0\xaf"), S("\"" FFFD FFFD "\""), "an overlong form of two");
    json_is(S("\xe0\x9f\xbf"), S("\"" FFFD FFFD FFFD "\""), "an overlong form of three");
    json_is(S("\xf0\x8f\xbf\xbf"), S("\"" FFFD FFFD FFFD FFFD "\""), "an overlong form of four");
    json_is(S("\xed\xa0\x80"), S("\"" FFFD FFFD FFFD "\""), "a surrogate");
    json_is(S("\xf4\x90\x80\x80"), S("\"" FFFD FFFD FFFD FFFD "\""), "past U+10FFFF");
    json_is(S("\xf5\xfe\xff"), S("\"" FFFD FFFD FFFD "\""), "bytes that never occur");
    json_is(S("\xe2\x82"), S("\"" FFFD "\""), "a sequence cut by the end is one fault");
    json_is(S("\xf0\x9f\x98\""), S("\"" FFFD "\\\"\""), "one cut by a quote too");
    json_is(S("\xe2\x82\xe2\x82\xac"), S("\"" FFFD "\xe2\x82\xac\""), "what follows is kept");
}

/* What buf_put_json should write, one byte after the other. */
static void slow_json(struct buf *b, str s)
{
    buf_put_char(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\')
            buf_put_char(b, (char)c);
        else if (c == '"' || c == '\\')
            buf_printf(b, "\\%c", c);
        else if (c < 0x20)
            buf_printf(b, "\\u%04x", c);
        else
            buf_put(b, S(FFFD));
    }
    buf_put_char(b, '"');
}

static bool json_agrees(str s)
{
    struct buf fast, slow;
    buf_init(&fast, 1000);
    buf_init(&slow, 1000);
    buf_put_json(&fast, s);
    slow_json(&slow, s);
    bool same = str_eq(buf_str(&fast), buf_str(&slow));
    buf_fini(&fast);
    buf_fini(&slow);
    return same;
}

static void test_json_positions(void)
{
    /* Bytes at the edges of what is plain, without letters of a short escape or a UTF-8 lead. */
    static const char edges[] = {0x00, 0x01, 0x1f, 0x20, 0x21, '"',        '#',
                                 '[',  '\\', ']',  0x7e, 0x7f, (char)0x80, (char)0xff};
    bool same = true;
    for (size_t n = 1; n <= 24; n++) {
        for (size_t at = 0; at < n; at++) {
            for (size_t e = 0; e < sizeof(edges); e++) {
                char text[24];
                memset(text, 'a', sizeof(text));
                text[at] = edges[e];
                same = same && json_agrees(str_of(text, n));
            }
        }
    }
    ok(same, "each special byte at each place of each length");
    for (int round = 0; round < 20000 && same; round++) {
        char text[40];
        size_t n = rng(sizeof(text) + 1);
        for (size_t i = 0; i < n; i++)
            text[i] = edges[rng(sizeof(edges))];
        same = same && json_agrees(str_of(text, n));
    }
    ok(same, "random texts of them");
}

int main(void)
{
    test_room();
    test_growth();
    test_consume();
    test_writer(write_u64, S("18446744073709551615"), "buf_put_u64: all or nothing");
    test_writer(write_i64, S("-9223372036854775808"), "buf_put_i64: all or nothing");
    test_writer(write_hex, S("007fff"), "buf_put_hex: all or nothing");
    test_writer(write_text, S("text"), "buf_put: all or nothing");
    test_writer(write_char, S("c"), "buf_put_char: all or nothing");
    test_writer(write_printf, S("abc-42"), "buf_printf: all or nothing");
    test_writer(write_json, S("\"a\\nb" FFFD "\\u0001\""), "buf_put_json: all or nothing");
    test_numbers();
    test_printf();
    test_json();
    test_json_positions();
    pool_trim();
    return tap_done();
}
