/* cloud/sigv4 beyond the suite: paths with escapes, S3's exceptions, the key's day, bearer tokens.
 * The signatures were computed with another implementation. */
#include "cloud/sigv4.c"

#include "../base/dies.h"
#include "base/pool.h"
#include "tap.h"

#define SECRET S("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")

static struct arena arena;
static struct sigv4_key key;
static int64_t then_us; /* 2015-08-30T12:36:00Z */

static struct sigv4_signer signer(str region, str service)
{
    struct sigv4_signer s = {.access_key_id = S("AKIDEXAMPLE"),
                             .scope = {.region = region, .service = service},
                             .key = &key,
                             .wall_us = then_us};
    key = (struct sigv4_key){.date = {0}};
    sigv4_key_derive(&key, SECRET, &s.scope, then_us);
    return s;
}

static str path_of(const struct sigv4_signer *s, const char *path)
{
    struct buf b;
    buf_init(&b, 4096);
    put_path(&b, s, str_from_cz(path), &arena);
    str out = arena_str(&arena, buf_str(&b));
    buf_fini(&b);
    return out;
}

static void test_paths(void)
{
    struct sigv4_signer s = signer(S("us-east-1"), S("bedrock"));
    is_str(path_of(&s, "/"), S("/"), "the root");
    is_str(path_of(&s, "/model/a%3A0/converse"), S("/model/a%253A0/converse"), "encoded again");
    is_str(path_of(&s, "/a/./b//c/../d/"), S("/a/b/d/"), "normalised");
    is_str(path_of(&s, "/../../.."), S("/"), "nothing above the root");
    is_str(path_of(&s, "/a/b/.."), S("/a"), "no slash at the end");
    is_str(path_of(&s, "/..a/.b/c."), S("/..a/.b/c."), "dots in names");
    s.keeps_segments = true;
    is_str(path_of(&s, "/a/./b//c/../"), S("/a/./b//c/../"), "segments kept");
    s.keeps_escapes = true;
    is_str(path_of(&s, "/a/./b%20c"), S("/a/./b%20c"), "as it is: S3");
}

static str query_of(const char *query)
{
    struct buf b;
    struct pairs pairs = pairs_of(&arena, str_from_cz(query));
    buf_init(&b, 4096);
    put_query(&b, &pairs);
    str out = arena_str(&arena, buf_str(&b));
    buf_fini(&b);
    return out;
}

static void test_queries(void)
{
    is_str(query_of(""), S_EMPTY, "none");
    is_str(query_of("b=2&a=1&a=0"), S("a=0&a=1&b=2"), "sorted by name, then value");
    is_str(query_of("list-type=2&prefix"), S("list-type=2&prefix="), "a name alone");
    is_str(query_of("&&a=1&"), S("a=1"), "empty parts");
    is_str(query_of("a=%2f%7E%e1"), S("a=%2F~%E1"), "escapes in their canonical form");
    is_str(query_of("a=1+2 3"), S("a=1%2B2%203"), "what should have been escaped");
    is_str(query_of("a=%&b=%2&c=%zz"), S("a=%25&b=%252&c=%25zz"), "what is no escape");
    is_str(query_of("a=b=c"), S("a=b%3Dc"), "a second equals sign");
    is_str(query_of("=x"), S("=x"), "no name");
}

static void test_signature(void)
{
    struct sigv4_signer s = signer(S("us-east-1"), S("bedrock"));
    struct iovec body[] = {{.iov_base = (void *)(uintptr_t) "{\"mess", .iov_len = 6},
                           {.iov_base = (void *)(uintptr_t) "ages\":[]}", .iov_len = 9}};
    struct http_header headers[] = {
        {S("Host"), S("bedrock-runtime.us-east-1.amazonaws.com")},
        {S("Content-Type"), S("application/json")},
    };
    struct sigv4_request r = {.method = S("POST"),
                              .path =
                                  S("/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/converse"),
                              .headers = headers,
                              .n_headers = 2,
                              .payload_hash = sigv4_payload_hash(&arena, body, 2)};
    struct sigv4_headers h;
    sigv4_sign(&s, &r, &arena, &h);
    is_int(h.n, 2, "two headers");
    is_str(h.at[0].name, S("x-amz-date"), "the date");
    is_str(h.at[0].value, S("20150830T123600Z"), "its value");
    is_str(h.at[1].value,
           S("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/bedrock/aws4_request, "
             "SignedHeaders=content-type;host;x-amz-date, Signature="
             "40f11609b51d318bc71127993eb5b075cc12b3bde24aa11d2a25186d1fc1d196"),
           "the signature");
    s.session_token = S("token");
    s.sends_payload_hash = true;
    sigv4_sign(&s, &r, &arena, &h);
    is_int(h.n, 4, "four at most");
    is_str(h.at[1].name, S("x-amz-content-sha256"), "the hash");
    is_str(h.at[2].name, S("x-amz-security-token"), "the token");
    ok(str_find(h.at[3].value, S("x-amz-content-sha256;x-amz-date;x-amz-security-token")) !=
           STR_NONE,
       "all of them signed");
    s.has_unsigned_token = true;
    sigv4_sign(&s, &r, &arena, &h);
    ok(h.n == 4 && str_find(h.at[3].value, S("security-token")) == STR_NONE, "but for the token");
}

static void sign_on_another_day(void *arg)
{
    struct sigv4_signer s = *(const struct sigv4_signer *)arg;
    struct sigv4_request r = {.method = S("GET"), .path = S("/")};
    struct sigv4_headers h;
    s.wall_us += INT64_C(86400000000);
    sigv4_sign(&s, &r, &arena, &h);
}

static void test_key(void)
{
    struct sigv4_signer s = signer(S("us-east-1"), S("bedrock"));
    struct sigv4_key first = key;
    sigv4_key_derive(&key, S("another secret"), &s.scope, then_us + 1);
    ok(memcmp(&key, &first, sizeof key) == 0, "a key is good for its day");
    sigv4_key_derive(&key, SECRET, &s.scope, then_us + INT64_C(86400000000));
    ok(memcmp(&key, &first, sizeof key) != 0, "and no longer");
    sigv4_key_derive(&key, SECRET, &s.scope, then_us);
    ok(memcmp(&key, &first, sizeof key) == 0, "it is the same when made again");
    ok(dies(sign_on_another_day, &s), "a key of another day is a bug");
}

static void test_bearers(void)
{
    struct sigv4_signer s = signer(S("us-west-2"), S("bedrock"));
    is_str(
        sigv4_bearer_token(SIGV4_BEARER_BEDROCK, &s, SIGV4_BEARER_MAX_S, &arena),
        S("bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29tLz9BY3Rpb249Q2FsbFdpdGhCZWFyZXJUb2tlbiZYLU"
          "Ftei1BbGdvcml0aG09QVdTNC1ITUFDLVNIQTI1NiZYLUFtei1DcmVkZW50aWFsPUFLSURFWEFNUExFJTJGMjAx"
          "NTA4MzAlMkZ1cy13ZXN0LTIlMkZiZWRyb2NrJTJGYXdzNF9yZXF1ZXN0JlgtQW16LURhdGU9MjAxNTA4MzBUMT"
          "IzNjAwWiZYLUFtei1TaWduZWRIZWFkZXJzPWhvc3QmWC1BbXotRXhwaXJlcz00MzIwMCZYLUFtei1TaWduYXR1"
          "cmU9ZTlkMjNmNjBjNGY0ZjFlY2YyYjBkZDI0OTAzM2YzMGZlNDU2N2IzZjcwMmUxZGY5ODc5YmY2OWI4MjQ1Y2"
          "YyYyZWZXJzaW9uPTE="),
        "Bedrock's short-term key");
    s = signer(S("us-west-2"), sigv4_bearer_service(SIGV4_BEARER_SAGEMAKER));
    s.session_token = S("to/ken==");
    is_str(sigv4_bearer_token(SIGV4_BEARER_SAGEMAKER, &s, 3600, &arena),
           S("sagemaker-api-key-"
             "c2FnZW1ha2VyLmFtYXpvbmF3cy5jb20vP0FjdGlvbj1DYWxsV2l0aEJlYXJlclRva2VuJlgt"
             "QW16LUFsZ29yaXRobT1BV1M0LUhNQUMtU0hBMjU2JlgtQW16LUNyZWRlbnRpYWw9QUtJREVYQU1QTEUlMkYyM"
             "DE1MD"
             "gzMCUyRnVzLXdlc3QtMiUyRnNhZ2VtYWtlciUyRmF3czRfcmVxdWVzdCZYLUFtei1EYXRlPTIwMTUwODMwVDE"
             "yMzYw"
             "MFomWC1BbXotU2lnbmVkSGVhZGVycz1ob3N0JlgtQW16LUV4cGlyZXM9MzYwMCZYLUFtei1TZWN1cml0eS1Ub"
             "2tlbj"
             "10byUyRmtlbiUzRCUzRCZYLUFtei1TaWduYXR1cmU9MmY5MGI2OTRhOTQwNjdkMDY5MTY4OTA2YzQwZDhmNTI"
             "1NWFi"
             "MDMyZmY5ODRiMmY0M2IyZGZkYTY5NzQ5YjVlYyZWZXJzaW9uPTE="),
           "the key of SageMaker's OpenAI route, of temporary keys");
}

static void test_clock(void)
{
    int64_t offset_us = 0;
    ok(sigv4_clock_offset(S("Sun, 30 Aug 2015 12:46:00 GMT"), then_us, &offset_us), "a date");
    is_int(offset_us, INT64_C(600000000), "ten minutes ahead");
    ok(!sigv4_clock_offset(S("yesterday"), then_us, &offset_us), "no date");
}

int main(void)
{
    arena_init(&arena, 4096, 1 << 20);
    ok(date_read(S("2015-08-30T12:36:00Z"), &then_us), "a moment");
    test_paths();
    test_queries();
    test_signature();
    test_key();
    test_bearers();
    test_clock();
    arena_fini(&arena);
    pool_trim();
    return tap_done();
}
