/* Unit tests of wire/http1_head.c. */
#include "wire/http1_head.c"

#include <stdio.h>

#include "tap.h"

#define REQ    "GET /v1/models HTTP/1.1\r\nHost: gw.test\r\n"
#define BODILY "POST /v1/x HTTP/1.1\r\nHost: gw.test\r\n"

static struct arena arena;

/* Parses a copy of exactly its size, so that a sanitizer sees a read past the end. */
static int parse(str text, const char *response_to, struct http_head *h)
{
    char *copy = arena_alloc(&arena, text.n + 1);
    memcpy(copy, text.p, text.n);
    str head = str_of(copy, text.n);
    return response_to ? http1_parse_response(&arena, head, str_from_cz(response_to), h)
                       : http1_parse_request(&arena, head, h);
}

/* ---- ends, blanks, plausibility ---- */

static void test_head_end(void)
{
    is_int(http1_head_end(S_EMPTY, 0), 0, "nothing yet");
    is_int(http1_head_end(S("GET / HTTP/1.1\r\nA: b\r\n\r"), 0), 0, "not yet");
    str two = S("GET / HTTP/1.1\r\nA: b\r\n\r\nrest\r\n\r\n");
    is_int(http1_head_end(two, 0), 24, "the first end");
    bool same = true;
    for (size_t cut = 0; cut <= two.n; cut++) {
        size_t end = http1_head_end(str_slice(two, 0, cut), 0);
        same &= end == (cut < 24 ? 0 : 24);
        same &= end != 0 || http1_head_end(two, cut) == 24;
    }
    ok(same, "the same from every cut");
    is_int(http1_head_end(S("GET / HTTP/1.1\nA"), 0), 15, "a bare LF ends the wait");
    is_int(http1_head_end(S("\n"), 0), 1, "at the start too");
    is_int(http1_head_end(S("GET / HTTP/1.1\r\nA: b\n\n"), 0), 21, "and in a field");
}

static void test_skip_blank(void)
{
    is_int(http1_skip_blank(S("\r\nG")), 2, "one");
    is_int(http1_skip_blank(S("\r\n\r\n\r\n")), 4, "at most two");
    is_int(http1_skip_blank(S("\r")), 0, "not a whole one");
    is_int(http1_skip_blank(S("\n\r\n")), 0, "no bare LF");
    is_int(http1_skip_blank(S_EMPTY), 0, "none");
}

static void test_plausible(void)
{
    str good = S("\r\n\r\nGET /v1/models?x=y HTTP/1.1\r\nHost: gw.test\r\n");
    bool all = true;
    for (size_t n = 0; n <= good.n; n++)
        all &= http1_head_is_plausible(str_slice(good, 0, n));
    ok(all, "every beginning of a good head is plausible");
    static const char *const bad[] = {
        "\x16\x03\x01",
        "\n",
        " ",
        "get",
        "\r\n\r\n\r\nG",
        "\rG",
        "GET  ",
        "GET /\n",
        "GET / HTTP/1.1\n",
        "GET /\r\n",
        "GET /a#",
        "GET / X",
        "GET / HTTP/1.1\rX",
        "GET / HTTP/1.1xx",
        "{\"a\":1}",
        "GET /\x80",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "GET\t/",
        "G\x01",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        printf("# bad[%zu]\n", i);
        ok(!http1_head_is_plausible(str_from_cz(bad[i])), "not plausible");
    }
    ok(!http1_head_is_plausible(S("GET /\0")), "nor with NUL");
}

/* ---- requests ---- */

static void test_request_values(void)
{
    struct http_head h;
    is_int(parse(S("POST /v1/chat/completions?a=b HTTP/1.1\r\nHost: gw.test\r\nX-A: \t v w\t \r\n"
                   "X-Empty:\r\nx-a: second\r\nContent-Length: 17\r\n\r\n"),
                 NULL, &h),
           0, "a request");
    is_str(h.method, S("POST"), "method");
    is_str(h.target, S("/v1/chat/completions?a=b"), "target");
    is_str(h.path, S("/v1/chat/completions"), "path");
    is_str(h.query, S("a=b"), "query");
    is_int(h.minor, 1, "version");
    is_int(h.framing, HTTP_LENGTH, "framing");
    is_int(h.length, 17, "length");
    ok(h.keep_alive && !h.expects_continue, "flags");
    is_int(h.n_headers, 5, "fields");
    is_str(http_header_get(&h, S("X-a")), S("v w"), "the first value by name, trimmed");
    is_int(http_header_get(&h, S("x-empty")).n, 0, "an empty value");
    is_int(http_header_get(&h, S("x-none")).n, 0, "no value");
}

static void test_request_verdicts(void)
{
    static const struct {
        const char *head;
        int rc;
        const char *what;
    } cases[] = {
        {REQ "\r\n", 0, "plain"},
        {"GET / HTTP/1.0\r\n\r\n", 0, "HTTP/1.0 needs no Host"},
        {"GET / HTTP/1.0\r\nHost: a b\r\n\r\n", -E_HTTP, "but one that it sends is checked"},
        {"GET / HTTP/1.1\r\n\r\n", -E_HTTP, "no Host"},
        {REQ "hOST: gw.test\r\n\r\n", -E_HTTP, "Host twice"},
        {"GET / HTTP/1.1\r\nHost:\r\n\r\n", -E_HTTP, "empty Host"},
        {"GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", -E_HTTP, "Host with userinfo"},
        {"GET http://gw.test/x HTTP/1.1\r\nHost: gw.test\r\n\r\n", 0, "absolute-form"},
        {"GET http://gw.test/x HTTP/1.1\r\nHost: other\r\n\r\n", -E_HTTP, "absolute, other Host"},
        {"OPTIONS * HTTP/1.1\r\nHost: gw.test\r\n\r\n", 0, "asterisk"},
        {"GET * HTTP/1.1\r\nHost: gw.test\r\n\r\n", -E_HTTP, "asterisk of GET"},
        {"CONNECT gw.test:80 HTTP/1.1\r\nHost: gw.test\r\n\r\n", -E_HTTP, "CONNECT"},
        {"CONNECT / HTTP/1.1\r\nHost: gw.test\r\n\r\n", -E_HTTP, "CONNECT in origin-form"},
        {"PRI * HTTP/2.0\r\n\r\n", -E_HTTP_VERSION, "HTTP/2 preface"},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", -E_HTTP_VERSION, "HTTP/2.0"},
        {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", -E_HTTP_VERSION, "HTTP/1.2"},
        {"GET / HTTP/0.9\r\nHost: a\r\n\r\n", -E_HTTP_VERSION, "HTTP/0.9"},
        {"GET / HTTP/3\r\nHost: a\r\n\r\n", -E_HTTP_VERSION, "HTTP/3"},
        {"GET / HTTP/11.1\r\nHost: a\r\n\r\n", -E_HTTP, "HTTP/11.1"},
        {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", -E_HTTP, "space behind the version"},
        {"GET / http/1.1\r\nHost: a\r\n\r\n", -E_HTTP, "version in lower case"},
        {"GET / RTSP/1.0\r\nHost: a\r\n\r\n", -E_HTTP, "another protocol"},
        {"GET / \r\nHost: a\r\n\r\n", -E_HTTP, "empty version"},
        {"GET /\r\nHost: a\r\n\r\n", -E_HTTP, "no version"},
        {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", -E_HTTP, "two spaces"},
        {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", -E_HTTP, "two spaces again"},
        {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", -E_HTTP, "tab"},
        {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", -E_HTTP, "space before the method"},
        {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", -E_HTTP, "blank line before it"},
        {"get / HTTP/1.1\r\nHost: a\r\n\r\n", -E_HTTP, "method in lower case"},
        {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", -E_HTTP, "unknown method"},
        {"GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n", -E_HTTP, "target not ASCII"},
        {"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", -E_HTTP, "fragment"},
        {"GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", -E_HTTP, "dot segment"},
        {"\r\n\r\n", -E_HTTP, "only blank lines"},
        {"", -E_HTTP, "nothing"},
        {REQ, -E_HTTP, "no empty line"},
        {REQ "\r\nX", -E_HTTP, "something behind it"},
        {REQ "\r\n\r\n", -E_HTTP, "a further empty line"},
        {REQ "\r\n" REQ "\r\n", -E_HTTP, "two heads"},
        {"GET / HTTP/1.1\nHost: a\r\n\r\n", -E_HTTP, "bare LF in the first line"},
        {REQ "A: b\nC: d\r\n\r\n", -E_HTTP, "bare LF in a field"},
        {REQ "A: b\rC: d\r\n\r\n", -E_HTTP, "bare CR in a field"},
        {REQ "A: b\r\r\n\r\n", -E_HTTP, "CR CR LF"},
        {REQ "A: b\r\n c\r\n\r\n", -E_HTTP, "obs-fold"},
        {REQ "A:\r\n\tc\r\n\r\n", -E_HTTP, "obs-fold of an empty value"},
        {REQ "A: b\r\n \r\n\r\n", -E_HTTP, "a line of white space"},
        {REQ "A : b\r\n\r\n", -E_HTTP, "space before the colon"},
        {REQ " A: b\r\n\r\n", -E_HTTP, "space before the name"},
        {REQ "A\r\n\r\n", -E_HTTP, "no colon"},
        {REQ ": b\r\n\r\n", -E_HTTP, "no name"},
        {REQ "A(: b\r\n\r\n", -E_HTTP, "name not a token"},
        {REQ "\xc3\xbc: b\r\n\r\n", -E_HTTP, "name not ASCII"},
        {REQ "A: \x01\r\n\r\n", -E_HTTP, "control character in a value"},
        {REQ "A: b\x7f\r\n\r\n", -E_HTTP, "DEL in a value"},
        {REQ "A: \xff\xfe\r\n\r\n", 0, "obs-text in a value"},
        {REQ "A: a: b:c\r\n\r\n", 0, "colons in a value"},
        {REQ "A_B: c\r\n\r\n", 0, "underscore in a name"},
        {BODILY "Content-Length: 9007199254740992\r\n\r\n", 0, "longest length"},
        {BODILY "Content-Length: 9007199254740993\r\n\r\n", -E_BODY_TOO_LARGE, "a byte more"},
        {BODILY "Content-Length: -1\r\n\r\n", -E_HTTP, "signed length"},
        {BODILY "Content-Length: 1, 1\r\n\r\n", -E_HTTP, "list of lengths"},
        {BODILY "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", -E_HTTP, "length twice"},
        {BODILY "Content-Length:\r\n\r\n", -E_HTTP, "empty length"},
        {BODILY "Transfer-Encoding: chunked\r\n\r\n", 0, "chunked"},
        {BODILY "Transfer-Encoding: gzip\r\n\r\n", -E_TRANSFER_CODING, "gzip"},
        {BODILY "Transfer-Encoding: gzip, chunked\r\n\r\n", -E_TRANSFER_CODING, "gzip, chunked"},
        {BODILY "Transfer-Encoding: chunked, chunked\r\n\r\n", -E_HTTP, "chunked, chunked"},
        {BODILY "Transfer-Encoding: chunked, gzip\r\n\r\n", -E_HTTP, "chunked, gzip"},
        {BODILY "Transfer-Encoding: chunked;q=1\r\n\r\n", -E_HTTP, "chunked;q=1"},
        {BODILY "Transfer-Encoding:\r\n\r\n", -E_HTTP, "empty coding"},
        {BODILY "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", -E_HTTP, "TE and CL"},
        {BODILY "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", -E_HTTP, "CL and TE"},
        {BODILY "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", -E_HTTP,
         "TE twice"},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", -E_HTTP, "TE in HTTP/1.0"},
        {BODILY "Expect: 200-ok\r\n\r\n", -E_EXPECTATION, "another expectation"},
        {BODILY "Expect: 100-continue\r\nExpect: x\r\n\r\n", -E_EXPECTATION, "one of two"},
        {"POST / HTTP/1.0\r\nExpect: x\r\n\r\n", 0, "HTTP/1.0 expects nothing"},
        {REQ "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\n", 0,
         "Upgrade ignored"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_head h;
        is_int(parse(str_from_cz(cases[i].head), NULL, &h), cases[i].rc, cases[i].what);
    }
}

static bool keeps_alive(const char *head)
{
    struct http_head h;
    return parse(str_from_cz(head), NULL, &h) == 0 && h.keep_alive;
}

static void test_request_flags(void)
{
    struct http_head h;
    ok(keeps_alive(REQ "\r\n"), "HTTP/1.1 keeps the connection");
    ok(keeps_alive(REQ "Connection: upgrade, TE\r\n\r\n"), "other options do not matter");
    ok(!keeps_alive(REQ "Connection: foo ,\tClose\r\n\r\n"), "close in a list");
    ok(!keeps_alive(REQ "Connection: keep-alive\r\nConnection: close\r\n\r\n"), "close wins");
    ok(keeps_alive(REQ "Connection: closed\r\n\r\n"), "only whole tokens");
    ok(!keeps_alive("GET / HTTP/1.0\r\n\r\n"), "HTTP/1.0 does not");
    ok(keeps_alive("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), "unless it says so");
    is_int(parse(S(BODILY "expect: 100-Continue\r\nContent-Length: 1\r\n\r\n"), NULL, &h), 0,
           "Expect");
    ok(h.expects_continue, "is seen without case");
    is_int(parse(S("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n"), NULL, &h), 0, "HTTP/1.0");
    ok(!h.expects_continue, "expects nothing");
    is_int(parse(S(REQ "Content-Length: 007\r\n\r\n"), NULL, &h), 0, "GET may have a body");
    is_int(h.length, 7, "and leading zeros are decimal");
    is_int(parse(S("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), NULL, &h), 0, "OPTIONS *");
    is_str(h.path, S("*"), "has that path");
}

static void test_field_limit(void)
{
    struct buf b;
    buf_init(&b, 65536);
    http1_put_request_line(&b, S("GET"), S("/"));
    http1_put_header(&b, S("Host"), S("a"));
    for (size_t i = 1; i < HTTP1_HEADERS_MAX; i++)
        http1_put_header_u64(&b, S("X"), i);
    size_t n = b.n;
    http1_put_end(&b);
    struct http_head h;
    is_int(parse(buf_str(&b), NULL, &h), 0, "as many fields as may be");
    is_int(h.n_headers, HTTP1_HEADERS_MAX, "are all there");
    is_str(h.headers[HTTP1_HEADERS_MAX - 1].value, S("127"), "to the last");
    b.n = n;
    http1_put_header_u64(&b, S("X"), 0);
    http1_put_end(&b);
    is_int(parse(buf_str(&b), NULL, &h), -E_HEAD_TOO_LARGE, "one more is too large");
    buf_fini(&b);
}

/* Any one byte of a head replaced by any other: never a crash, and never accepted with a control
 * character in it or with another number of lines. */
static void test_every_byte_replaced(void)
{
    str head = S(BODILY "A: b\r\nContent-Length: 5\r\nConnection: close\r\n\r\n");
    char copy[128];
    struct http_head h;
    bool good = true;
    for (size_t i = 0; i < head.n; i++) {
        for (unsigned c = 0; c < 256; c++) {
            memcpy(copy, head.p, head.n);
            copy[i] = (char)c;
            if (copy[i] == head.p[i] || parse(str_of(copy, head.n), NULL, &h) < 0)
                continue;
            bool control = (c < 0x20 && c != '\t') || c == 0x7f;
            good &= !control && h.n_headers == 4 && head.p[i] != '\r' && head.p[i] != '\n';
        }
    }
    ok(good, "no replaced byte changes the structure");
}

static void test_every_prefix_refused(void)
{
    str head = S(BODILY "A: b\r\nContent-Length: 5\r\n\r\n");
    struct http_head h;
    bool all = true;
    for (size_t n = 0; n < head.n; n++)
        all &= parse(str_slice(head, 0, n), NULL, &h) == -E_HTTP;
    ok(all, "no part of a head is a head");
}

/* ---- responses ---- */

static void test_response_verdicts(void)
{
    static const struct {
        const char *head;
        const char *method;
        int rc;
        enum http_framing framing;
        bool keep_alive;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "GET", 0, HTTP_LENGTH, true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD", 0, HTTP_NO_BODY, true},
        {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "GET", 0, HTTP_LENGTH, true},
        {"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "GET", 0, HTTP_LENGTH, true},
        {"HTTP/1.1 200 \xe4\xbd\xa0\r\nA: \xff\r\n\r\n", "GET", 0, HTTP_TO_EOF, false},
        {"HTTP/1.1 200 OK\r\n\r\n", "GET", 0, HTTP_TO_EOF, false},
        {"HTTP/1.0 200 OK\r\n\r\n", "GET", 0, HTTP_TO_EOF, false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", "GET", 0, HTTP_LENGTH, false},
        {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n", "GET", 0,
         HTTP_LENGTH, true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "POST", 0, HTTP_CHUNKED, true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n", "POST", 0,
         HTTP_CHUNKED, false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HEAD", 0, HTTP_NO_BODY, true},
        {"HTTP/1.1 100 Continue\r\n\r\n", "POST", 0, HTTP_NO_BODY, true},
        {"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", "POST", 0, HTTP_NO_BODY, true},
        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", "GET",
         0, HTTP_NO_BODY, true},
        {"HTTP/1.1 204 No Content\r\n\r\n", "GET", 0, HTTP_NO_BODY, true},
        {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "GET", 0, HTTP_NO_BODY, true},
        {"HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n", "GET", 0, HTTP_NO_BODY, false},
        {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", "GET", 0, HTTP_NO_BODY,
         false},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", "GET", 0, HTTP_NO_BODY, true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", "GET", 0, HTTP_LENGTH,
         true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\ncontent-length: 05\r\nA: b\r\n\r\n", "GET", 0,
         HTTP_LENGTH, true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "GET", -E_HTTP, 0, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\nContent-Length: 6\r\n\r\n",
         "GET", -E_HTTP, 0, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "GET",
         -E_HTTP, 0, 0},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", "GET",
         -E_HTTP, 0, 0},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "GET", -E_TRANSFER_CODING,
         0, 0},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n", "GET", -E_TRANSFER_CODING, 0, 0},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
         "GET", -E_HTTP, 0, 0},
        {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "GET", -E_HTTP, 0, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9007199254740993\r\n\r\n", "GET", -E_BODY_TOO_LARGE, 0,
         0},
        {"HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n", "GET", -E_HTTP, 0, 0},
        {"HTTP/1.1 200 OK\r\nA: b\nContent-Length: 5\r\n\r\n", "GET", -E_HTTP, 0, 0},
        {"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "GET", -E_HTTP, 0, 0},
        {"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "GET", -E_HTTP, 0, 0},
        {"HTTP/1.1 200 O\x01K\r\n\r\n", "GET", -E_HTTP, 0, 0},
        {"HTTP/1.1 200OK\r\n\r\n", "GET", -E_HTTP, 0, 0},
        {"HTTP/1.1  200 OK\r\n\r\n", "GET", -E_HTTP, 0, 0},
        {"HTTP/1.1 20 OK\r\n\r\n", "GET", -E_HTTP, 0, 0},
        {"HTTP/1.1 2000 OK\r\n\r\n", "GET", -E_HTTP, 0, 0},
        {"HTTP/1.1 099 X\r\n\r\n", "GET", -E_HTTP, 0, 0},
        {"HTTP/1.1 600 X\r\n\r\n", "GET", -E_HTTP, 0, 0},
        {"HTTP/1.1\r\n\r\n", "GET", -E_HTTP, 0, 0},
        {"HTTP/1.1 \r\n\r\n", "GET", -E_HTTP, 0, 0},
        {"HTTP/1.2 200 OK\r\n\r\n", "GET", -E_HTTP_VERSION, 0, 0},
        {"HTTP/2 200\r\n\r\n", "GET", -E_HTTP_VERSION, 0, 0},
        {"ICY 200 OK\r\n\r\n", "GET", -E_HTTP, 0, 0},
        {"\r\nHTTP/1.1 200 OK\r\n\r\n", "GET", -E_HTTP, 0, 0},
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET", -E_HTTP, 0, 0},
        {"<html>\r\n\r\n", "GET", -E_HTTP, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_head h;
        int rc = parse(str_from_cz(cases[i].head), cases[i].method, &h);
        printf("# cases[%zu]\n", i);
        is_int(rc, cases[i].rc, "verdict");
        if (rc == 0 && cases[i].rc == 0)
            ok(h.framing == cases[i].framing && h.keep_alive == cases[i].keep_alive, "framing");
    }
}

static void test_response_values(void)
{
    struct http_head h;
    is_int(parse(S("HTTP/1.1 429 Too Many\r\nRetry-After: 3\r\nContent-Length: 12\r\n\r\n"), "POST",
                 &h),
           0, "a response");
    is_int(h.status, 429, "status");
    is_int(h.length, 12, "length");
    is_int(h.n_headers, 2, "fields");
    is_str(http_header_get(&h, S("retry-after")), S("3"), "a field");
    is_int(parse(S("HTTP/1.1 204 X\r\nContent-Length: 12\r\n\r\n"), "POST", &h), 0, "no content");
    is_int(h.length, 0, "has no length");
}

int main(void)
{
    arena_init(&arena, 65536, SIZE_MAX);
    test_head_end();
    test_skip_blank();
    test_plausible();
    test_request_values();
    test_request_verdicts();
    test_request_flags();
    test_field_limit();
    test_every_byte_replaced();
    test_every_prefix_refused();
    test_response_verdicts();
    test_response_values();
    arena_fini(&arena);
    return tap_done();
}
