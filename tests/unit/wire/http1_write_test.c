/* Unit tests of wire/http1_write.c. */
#include "wire/http1_write.c"

#include "tap.h"

static void test_messages(void)
{
    struct buf b;
    buf_init(&b, 4096);
    http1_put_request_line(&b, S("POST"), S("/v1/x?y=z"));
    http1_put_header(&b, S("Host"), S("up.test"));
    http1_put_header(&b, S("X-Empty"), S_EMPTY);
    http1_put_header_u64(&b, S("Content-Length"), 0);
    http1_put_header_u64(&b, S("X-Max"), UINT64_MAX);
    http1_put_end(&b);
    ok(buf_is_ok(&b), "a request is written");
    is_str(buf_str(&b),
           S("POST /v1/x?y=z HTTP/1.1\r\nHost: up.test\r\nX-Empty: \r\nContent-Length: 0\r\n"
             "X-Max: 18446744073709551615\r\n\r\n"),
           "its bytes");
    buf_reset(&b);
    http1_put_status_line(&b, 200);
    http1_put_status_line(&b, 404);
    http1_put_status_line(&b, 599);
    is_str(buf_str(&b), S("HTTP/1.1 200 OK\r\nHTTP/1.1 404 Not Found\r\nHTTP/1.1 599 Unknown\r\n"),
           "status lines");
    buf_fini(&b);
}

static void test_reasons(void)
{
    is_str(str_from_cz(http_reason(431)), S("Request Header Fields Too Large"), "a reason");
    is_str(str_from_cz(http_reason(299)), S("Unknown"), "a status without one");
    is_str(str_from_cz(http_reason(-1)), S("Unknown"), "no status");
    is_str(str_from_cz(http_reason(600)), S("Unknown"), "past the table");
}

static bool header_fails(str name, str value)
{
    struct buf b;
    buf_init(&b, 4096);
    http1_put_header(&b, name, value);
    bool failed = !buf_is_ok(&b) && b.n == 0;
    http1_put_header(&b, S("X"), S("y"));
    failed = failed && !buf_is_ok(&b);
    buf_fini(&b);
    return failed;
}

static bool request_line_fails(str method, str path)
{
    struct buf b;
    buf_init(&b, 4096);
    http1_put_request_line(&b, method, path);
    bool failed = !buf_is_ok(&b) && b.n == 0;
    buf_fini(&b);
    return failed;
}

static void test_injection(void)
{
    bool all = true;
    for (unsigned i = 0; i < 256; i++) {
        char v[3] = {'a', (char)i, 'b'};
        bool control = (i < 0x20 && i != '\t') || i == 0x7f;
        all &= header_fails(S("X"), str_of(v, 3)) == control;
    }
    ok(all, "exactly the control characters but HTAB make a value fail");
    ok(header_fails(S("X"), S("a\r\nSet-Cookie: b")), "a line break fails, and it stays failed");
    ok(header_fails(S("X:"), S("a")) && header_fails(S("a b"), S("a")) &&
           header_fails(S_EMPTY, S("a")) && header_fails(S("a\r\nb"), S("a")),
       "a name that is not a token fails");
    ok(request_line_fails(S("GET"), S("/a b")) && request_line_fails(S("GET"), S("/a\r\n")) &&
           request_line_fails(S("GET"), S("/a#b")) && request_line_fails(S("GET"), S_EMPTY) &&
           request_line_fails(S("GET"), S("/\xc3\xbc")),
       "a target that is not one word of ASCII fails");
    ok(request_line_fails(S("GET "), S("/")) && request_line_fails(S_EMPTY, S("/")),
       "a method that is not one fails");
}

static void test_full_buffer(void)
{
    struct buf b;
    buf_init(&b, 20);
    http1_put_header(&b, S("Name"), S("value"));
    is_int(b.n, 13, "a line that fits");
    http1_put_header(&b, S("Name"), S("value"));
    ok(!buf_is_ok(&b) && b.n == 13, "one that does not is dropped whole");
    buf_fini(&b);
}

static void test_chunk_heads(void)
{
    static const struct {
        size_t n;
        const char *text;
    } cases[] = {
        {0, "0\r\n"},
        {1, "1\r\n"},
        {15, "f\r\n"},
        {16, "10\r\n"},
        {500, "1f4\r\n"},
        {0xabcdef, "abcdef\r\n"},
        {SIZE_MAX, "ffffffffffffffff\r\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char out[HTTP1_CHUNK_HEAD];
        size_t n = http1_chunk_head(cases[i].n, out);
        is_str(str_of(out, n), str_from_cz(cases[i].text), "chunk head");
    }
}

int main(void)
{
    test_messages();
    test_reasons();
    test_injection();
    test_full_buffer();
    test_chunk_heads();
    return tap_done();
}
