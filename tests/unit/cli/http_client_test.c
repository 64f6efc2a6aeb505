#include "cli/http_client.c"

#include "tap.h"

static struct arena a;

static str target(str base_path, str path)
{
    return http_client_target(&a, base_path, path);
}

static void test_target(void)
{
    is_str(target(S_EMPTY, S("/v1/models")), S("/v1/models"), "no base path");
    is_str(target(S("/gw"), S("/v1/models")), S("/gw/v1/models"), "a base path");
    is_str(target(S("/v1"), S("/v1/models")), S("/v1/models"), "an SDK's base URL");
    is_str(target(S("/gw/v1"), S("/v1/models?a=b")), S("/gw/v1/models?a=b"), "a long one");
    is_str(target(S("/v1"), S("/healthz")), S("/v1/healthz"), "another path");
    is_str(target(S("/v1"), S("/v1beta/models")), S("/v1/v1beta/models"), "no v1 at all");
    is_str(target(S("/v1"), S("/v1")), S("/v1"), "v1 itself");
    is_str(target(S_EMPTY, S_EMPTY), S("/"), "nothing");
}

static void test_headers(void)
{
    ok(http_client_allows_header(S("x-any")), "any header");
    ok(http_client_allows_header(S("Content-Type")), "the content's type");
    ok(!http_client_allows_header(S("Content-Length")), "not its length");
    ok(!http_client_allows_header(S("TRANSFER-ENCODING")), "nor its coding, in any case");
    ok(!http_client_allows_header(S("connection")), "nor the connection's fate");
}

static str head_of(const struct http_request *r)
{
    static struct buf out;
    struct session s = {
        .request = r, .arena = &a, .url = {.authority = S("h:1"), .base_path = S_EMPTY}};
    buf_fini(&out);
    buf_init(&out, 1 << 16);
    put_head(&s, &out);
    return buf_is_ok(&out) ? buf_str(&out) : S("failed");
}

static void test_head(void)
{
    const struct http_header mine[] = {{S("Authorization"), S("Basic x")}, {S("Host"), S("other")}};
    struct http_request r = {.method = S("GET"), .path = S("/x"), .bearer = S("tb-k")};
    is_str(head_of(&r),
           S("GET /x HTTP/1.1\r\nhost: h:1\r\nuser-agent: throwbar/" THROWBAR_VERSION
             "\r\naccept: */*\r\naccept-encoding: identity\r\nauthorization: Bearer tb-k\r\n"
             "connection: close\r\n\r\n"),
           "a request without a body");
    r.headers = mine;
    r.n_headers = ARRAY_LEN(mine);
    str head = head_of(&r);
    ok(str_find(head, S("Basic x")) != STR_NONE, "a header of the caller's");
    ok(str_find(head, S("tb-k")) == STR_NONE, "stands in for ours");
    ok(str_find(head, S("h:1")) == STR_NONE, "whatever its case");
    r = (struct http_request){.method = S("POST"), .path = S("/x")};
    ok(str_find(head_of(&r), S("content-length: 0\r\n")) != STR_NONE, "a POST has a length");
    r.path = S("/x y");
    is_str(head_of(&r), S("failed"), "a blank in the path");
    r = (struct http_request){.method = S("GET"), .path = S("/x"), .bearer = S("k\r\nx: y")};
    is_str(head_of(&r), S("failed"), "a line break in the key");
}

static int ignore_body(void *arg, str bytes)
{
    (void)arg;
    (void)bytes;
    return 0;
}

static void test_refusals(void)
{
    struct http_outcome out;
    struct http_request r = {.method = S("GET"), .path = S("/"), .on_body = ignore_body};
    r.url = S("ftp://127.0.0.1");
    is_int(http_client_run(&r, &a, &out), -E_BAD_REQUEST, "a URL of another kind");
    ok(out.err.message.n > 0, "has a reason");
    r.url = S("http+unix:/nonexistent/socket");
    is_int(http_client_run(&r, &a, &out), -E_CONNECT, "nobody there");
    is_int(out.status, 0, "no answer");
    is_int(http_client_run(&r, &a, &out), -E_CONNECT, "once more: loops come and go");
}

static void test_plausible(void)
{
    ok(is_plausible(S("HTTP/1.1 200")) && is_plausible(S("HTT")), "an answer and its beginning");
    ok(!is_plausible(S("SSH-2.0")) && !is_plausible(S("HTX")), "something else");
}

int main(void)
{
    arena_init(&a, 4096, 1 << 20);
    test_target();
    test_headers();
    test_head();
    test_refusals();
    test_plausible();
    arena_fini(&a);
    return tap_done();
}
