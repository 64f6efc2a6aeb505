/* Unit tests of wire/http1.c: bodies in every framing, cut everywhere. */
#include "wire/http1.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tap.h"

struct result {
    int rc; /* of the last feed */
    bool done;
    size_t used; /* bytes taken in all */
    struct buf text;
    uint64_t decoded;
};

/* Feeds what lies in a copy of exactly its size; false when the decoder wants no more. */
static bool feed_piece(struct http1_body *b, str piece, size_t n_spans, struct result *r)
{
    struct iovec spans[8];
    char *copy = malloc(piece.n + 1);
    memcpy(copy, piece.p, piece.n);
    size_t at = 0;
    while (at < piece.n && !b->done && r->rc == 0) {
        size_t n = MIN(n_spans, ARRAY_LEN(spans));
        size_t used;
        r->rc = http1_body_feed(b, copy + at, piece.n - at, spans, &n, &used);
        for (size_t i = 0; i < n; i++)
            buf_put(&r->text, str_of(spans[i].iov_base, spans[i].iov_len));
        at += used;
    }
    free(copy);
    r->used += at;
    return !b->done && r->rc == 0;
}

/* Decodes `wire` in pieces that end at `cut` and then at every `step` bytes. */
static struct result decode(struct http_head h, str wire, size_t cut, size_t step, size_t n_spans)
{
    struct result r = {.rc = 0};
    struct http1_body b;
    buf_init(&r.text, SIZE_MAX / 2);
    http1_body_init(&b, &h, false);
    bool more = true;
    for (size_t from = 0, to = cut; from < wire.n && more; from = to, to += step) {
        to = MIN(MAX(to, from + 1), wire.n);
        more = feed_piece(&b, str_slice(wire, from, to), n_spans, &r);
    }
    r.done = b.done;
    r.decoded = b.decoded;
    return r;
}

static const struct http_head chunked_head = {.framing = HTTP_CHUNKED};

static bool same_result(const struct result *a, const struct result *b)
{
    bool same = a->rc == b->rc && a->done == b->done;
    if (a->rc < 0) /* what was delivered before the fault may differ */
        return same;
    return same && a->used == b->used && str_eq(buf_str(&a->text), buf_str(&b->text)) &&
           a->decoded == a->text.n && b->decoded == b->text.n;
}

/* The same result whole, at every cut, byte by byte, and with one span at a time. */
static bool same_at_cuts(struct http_head h, str wire, const struct result *whole)
{
    bool same = true;
    size_t stride = wire.n > 4096 ? 97 : 1;
    for (size_t cut = 0; cut <= wire.n && same; cut += stride) {
        struct result r = decode(h, wire, cut, wire.n, cut % 2 == 0 ? 8 : 1);
        same = same_result(whole, &r);
        buf_fini(&r.text);
    }
    for (size_t step = 1; step < 6 && same; step++) {
        struct result r = decode(h, wire, step, step, 1);
        same = same_result(whole, &r);
        buf_fini(&r.text);
    }
    return same;
}

static void check_done(str wire, str text, size_t used, const char *what)
{
    struct result r = decode(chunked_head, wire, wire.n, wire.n, 8);
    is_int(r.rc, 0, what);
    ok(r.done, "is complete");
    is_int(r.used, used, "takes its bytes and no more");
    is_str(buf_str(&r.text), text, "has its text");
    ok(same_at_cuts(chunked_head, wire, &r), "the same at every cut");
    buf_fini(&r.text);
}

static void check_refused(str wire, const char *what)
{
    struct result r = decode(chunked_head, wire, wire.n, wire.n, 8);
    is_int(r.rc, -E_HTTP, what);
    ok(same_at_cuts(chunked_head, wire, &r), "refused at every cut");
    buf_fini(&r.text);
}

static void test_chunked(void)
{
    check_done(S("0\r\n\r\n"), S_EMPTY, 5, "no data");
    check_done(S("3\r\nabc\r\n0\r\n\r\n"), S("abc"), 13, "one chunk");
    check_done(S("3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\n"), S("abc"), 13,
               "the next message behind");
    check_done(S("3\r\nabc\r\n0\r\n\r\n\r\n"), S("abc"), 13, "a blank line behind");
    check_done(S("1\r\na\r\n1\r\nb\r\n1\r\nc\r\n1\r\nd\r\n1\r\ne\r\n1\r\nf\r\n1\r\ng\r\n1\r\nh\r\n"
                 "1\r\ni\r\n1\r\nj\r\n0\r\n\r\n"),
               S("abcdefghij"), 65, "more chunks than spans");
    check_done(S("A\r\n0123456789\r\na\r\n\r\n0\r\n\r\n123\r\n0\r\n\r\n"),
               S("0123456789\r\n0\r\n\r\n123"), 35, "data that looks like framing");
    check_done(S("0000000000000003\r\nabc\r\n0000000000000000\r\n\r\n"), S("abc"), 43,
               "sixteen digits");
    check_done(S("3;a\r\nabc\r\n0;b=c;d=\"e;f\"\r\n\r\n"), S("abc"), 27, "extensions");
    check_done(S("3\r\nabc\r\n0\r\nX-T: 1\r\nY:\r\n\r\nG"), S("abc"), 25, "trailers");
    check_done(S("3\r\nabc\r\n0\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\nG"), S("abc"), 48,
               "a trailer that asks for an upgrade");
}

static void test_chunked_refusals(void)
{
    static const char *const bad[] = {
        "\r\n",
        "x\r\n",
        "3\n",
        "3\rabc\r\n0\r\n\r\n",
        "3 \r\nabc\r\n0\r\n\r\n",
        " 3\r\nabc\r\n0\r\n\r\n",
        "3\t\r\nabc\r\n0\r\n\r\n",
        "+3\r\nabc\r\n0\r\n\r\n",
        "-3\r\nabc\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "0_3\r\nabc\r\n0\r\n\r\n",
        "3g\r\nabc\r\n0\r\n\r\n",
        "3\r\nabc0\r\n\r\n",
        "3\r\nabc\n0\r\n\r\n",
        "3\r\nabcXX0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "4\r\nabc\r\n0\r\n\r\n",
        "00000000000000003\r\nabc\r\n0\r\n\r\n",
        "00000000000000003;a\r\nabc\r\n0\r\n\r\n",
        "3\r\nabc\r\n00000000000000000\r\n\r\n",
        "3\r\nabc\r\n00000000000000000\r\nA: b\r\n\r\n",
        "20000000000001\r\n",
        "FFFFFFFFFFFFFFFF\r\n",
        "10000000000000003\r\n",
        "3;\n\r\nabc\r\n0\r\n\r\n",
        "3;a\nabc\r\n0\r\n\r\n",
        "3;a=b\r\rabc\r\n0\r\n\r\n",
        "3;a=\"\x01\"\r\nabc\r\n0\r\n\r\n",
        "3;a=\"b\r\nabc\r\n0\r\n\r\n",
        "3;\r\nabc\r\n0\r\n\r\n",
        "3 ;a\r\nabc\r\n0\r\n\r\n",
        "0\r\n\n",
        "0\r\n\rX",
        "0\r\nA : b\r\n\r\n",
        "0\r\nA: b\n\r\n",
        "0\r\nA: b\r\n c\r\n\r\n",
        "0\r\nA: \x01\r\n\r\n",
        "0\r\n: b\r\n\r\n",
        "0\r\nA\r\n\r\n",
        "0\r\nContent-Length: 3\r\n\r\n",
        "0\r\nTransfer-Encoding: chunked\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        printf("# bad[%zu]\n", i);
        check_refused(str_from_cz(bad[i]), "refused");
    }
    check_refused(S("3\0\r\nabc\r\n0\r\n\r\n"), "NUL in a size");
}

/* "head", n times "x", "tail". */
static str stretched(struct buf *b, const char *head, size_t n, const char *tail)
{
    buf_reset(b);
    buf_put(b, str_from_cz(head));
    for (size_t i = 0; i < n; i++)
        buf_put_char(b, 'x');
    buf_put(b, str_from_cz(tail));
    return buf_str(b);
}

static void test_limits(void)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    check_done(stretched(&b, "3;", 255, "\r\nabc\r\n0\r\n\r\n"), S("abc"), 269, "extension of 256");
    check_refused(stretched(&b, "3;", 256, "\r\nabc\r\n0\r\n\r\n"), "a byte more");
    check_done(stretched(&b, "3\r\nabc\r\n0;", 255, "\r\n\r\n"), S("abc"), 269,
               "of the last chunk");
    check_refused(stretched(&b, "3\r\nabc\r\n0;", 256, "\r\n\r\n"), "a byte more");
    check_refused(stretched(&b, "3;", 20000, ""), "an endless extension");
    check_refused(stretched(&b, "0\r\nA: ", 20000, ""), "an endless trailer");
    check_refused(stretched(&b, "0\r\n", 20000, ""), "an endless trailer name");
    check_done(stretched(&b, "0\r\nA: ", 8192 - 5, "\r\n\r\n"), S_EMPTY, 3 + 8192 + 2,
               "trailers of 8 KiB");
    check_refused(stretched(&b, "0\r\nA: ", 8192 - 4, "\r\n\r\n"), "a byte more");
    struct buf many;
    buf_init(&many, 1 << 20);
    for (size_t i = 0; i < 32; i++)
        buf_put(&many, stretched(&b, "1;", 255, "\r\na\r\n"));
    size_t n = many.n;
    buf_put(&many, S("0\r\n\r\n"));
    check_done(buf_str(&many), S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), many.n,
               "8 KiB of extensions");
    many.n = n;
    buf_put(&many, S("0;x\r\n\r\n"));
    check_refused(buf_str(&many), "two bytes more");
    buf_fini(&many);
    buf_fini(&b);
}

static void test_incomplete(void)
{
    str wire = S("3;a=b\r\nabc\r\n0\r\nA: b\r\n\r\n");
    bool all = true;
    for (size_t n = 0; n < wire.n; n++) {
        struct http1_body b;
        struct result r = {.rc = 0};
        buf_init(&r.text, 64);
        http1_body_init(&b, &chunked_head, true);
        all &= feed_piece(&b, str_slice(wire, 0, n), 8, &r);
        all &= http1_body_eof(&b) == -E_PROVIDER_TRUNCATED;
        buf_fini(&r.text);
    }
    ok(all, "no part of a chunked body is complete");
}

static void test_spans(void)
{
    struct http1_body b;
    struct iovec spans[2];
    size_t n = 1;
    size_t used;
    str wire = S("1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
    http1_body_init(&b, &chunked_head, false);
    is_int(http1_body_feed(&b, wire.p, wire.n, spans, &n, &used), 0, "one span for two chunks");
    is_int(used, 9, "stops before the data of the second");
    ok(n == 1 && spans[0].iov_base == wire.p + 3 && spans[0].iov_len == 1, "the first, in place");
    struct http1_body moved = b; /* a decoder may be moved between feeds */
    n = 1;
    is_int(http1_body_feed(&moved, wire.p + 9, wire.n - 9, spans, &n, &used), 0, "once more");
    ok(moved.done && used == 8 && n == 1, "the second chunk and the end in one feed");
    is_int(http1_body_feed(&moved, wire.p, wire.n, spans, &n, &used), 0, "fed when it is done");
    ok(n == 0 && used == 0, "it takes nothing");
    is_int(http1_body_eof(&moved), 0, "the end is no loss");
}

static void test_refusal_stays(void)
{
    struct http1_body b;
    struct iovec span;
    size_t n = 1;
    size_t used;
    http1_body_init(&b, &chunked_head, false);
    is_int(http1_body_feed(&b, "x", 1, &span, &n, &used), -E_HTTP, "a fault");
    n = 1;
    is_int(http1_body_feed(&b, "0\r\n\r\n", 5, &span, &n, &used), -E_HTTP, "stays one");
    ok(!b.done, "and is never complete");
    http1_body_init(&b, &chunked_head, false);
    n = 1;
    is_int(http1_body_feed(&b, "00000000000000000\r\n\r\n", 21, &span, &n, &used), -E_HTTP,
           "a fault that llhttp does not see");
    n = 1;
    is_int(http1_body_feed(&b, "0\r\n\r\n", 5, &span, &n, &used), -E_HTTP, "stays one too");
    ok(!b.done, "and is never complete either");
}

static void test_plain_framings(void)
{
    struct http_head h = {.framing = HTTP_LENGTH, .length = 3};
    struct result r = decode(h, S("abcdef"), 6, 6, 8);
    ok(r.rc == 0 && r.done && r.used == 3, "a length ends the body");
    is_str(buf_str(&r.text), S("abc"), "before the next message");
    ok(same_at_cuts(h, S("abcdef"), &r), "the same at every cut");
    buf_fini(&r.text);

    struct http1_body b;
    struct iovec span;
    size_t n = 1;
    size_t used;
    http1_body_init(&b, &h, true);
    is_int(http1_body_feed(&b, "ab", 2, &span, &n, &used), 0, "two bytes of three");
    ok(!b.done && b.left == 1 && b.decoded == 2, "one is left");
    is_int(http1_body_eof(&b), -E_PROVIDER_TRUNCATED, "the end is too early");

    h = (struct http_head){.framing = HTTP_LENGTH, .length = 0};
    http1_body_init(&b, &h, true);
    ok(b.done && http1_body_eof(&b) == 0, "length 0 is complete at once");
    h = (struct http_head){.framing = HTTP_NO_BODY, .length = 9};
    http1_body_init(&b, &h, true);
    ok(b.done && http1_body_eof(&b) == 0, "so is no body");

    h = (struct http_head){.framing = HTTP_TO_EOF};
    http1_body_init(&b, &h, false);
    n = 1;
    is_int(http1_body_feed(&b, "abc", 3, &span, &n, &used), 0, "to the end");
    ok(!b.done && used == 3 && n == 1 && span.iov_len == 3, "takes all");
    is_int(http1_body_eof(&b), 0, "and the end completes it");
    ok(b.done, "then it is done");
}

static void test_scan(void)
{
    struct arena a;
    struct http_header *headers = NULL;
    size_t n = 0;
    arena_init(&a, 4096, 1 << 20);
    is_int(http1_scan(&a, S("GET / HTTP/1.1\r\nA: b\r\nC:\r\n\r\n"), true, &headers, &n), 0,
           "scan");
    ok(n == 2 && str_eq(headers[1].name, S("C")), "names");
    is_int(http1_scan(&a, S("GET / HTTP/1.1\r\nA: b\r\n"), true, &headers, &n), -E_HTTP, "no end");
    str twice = S("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n");
    is_int(http1_scan(&a, twice, false, &headers, &n), 0, "a response may repeat its length");
    is_int(n, 2, "both are reported");
    arena_fini(&a);
}

static void test_scan_many(void)
{
    struct arena a;
    struct buf b;
    struct http_header *headers = NULL;
    size_t n = 0;
    arena_init(&a, 4096, 1 << 20);
    buf_init(&b, 1 << 16);
    buf_put(&b, S("GET / HTTP/1.1\r\n"));
    for (unsigned i = 0; i < HTTP1_HEADERS_MAX; i++)
        buf_printf(&b, "X-%u: y\r\n", i);
    size_t full = b.n;
    buf_put(&b, S("\r\n"));
    is_int(http1_scan(&a, buf_str(&b), true, &headers, &n), 0, "as many fields as may be");
    ok(n == HTTP1_HEADERS_MAX && str_eq(headers[40].name, S("X-40")), "in their order");
    b.n = full;
    buf_put(&b, S("X: y\r\n\r\n"));
    is_int(http1_scan(&a, buf_str(&b), true, &headers, &n), -E_HEAD_TOO_LARGE, "one more");
    buf_fini(&b);
    arena_fini(&a);
}

int main(void)
{
    test_scan();
    test_scan_many();
    test_chunked();
    test_chunked_refusals();
    test_limits();
    test_incomplete();
    test_spans();
    test_refusal_stays();
    test_plain_framings();
    return tap_done();
}
