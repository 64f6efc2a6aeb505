/* The address policy against the special-purpose registries and the shared SSRF targets. */
#include "rt/dial_policy.c"

#include <arpa/inet.h>
#include <stdio.h>

#include "tap.h"
#include "vectors.h"

static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_storage ss = {.ss_family = strchr(text, ':') ? AF_INET6 : AF_INET};
    int rc = ss.ss_family == AF_INET
                 ? inet_pton(AF_INET, text, &((struct sockaddr_in *)&ss)->sin_addr)
                 : inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&ss)->sin6_addr);
    if (rc != 1)
        ss.ss_family = AF_UNSPEC;
    return ss;
}

static bool allows(enum dial_policy policy, const char *text)
{
    struct sockaddr_storage ss = address(text);
    must(ss.ss_family != AF_UNSPEC);
    return dial_policy_allows(policy, (const struct sockaddr *)&ss);
}

/* Each range by its first and last address and the neighbours outside. */
static void test_edges(void)
{
    static const char *const forbidden[] = {
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "100.100.100.200",
        "127.0.0.0",
        "127.255.255.255",
        "168.63.129.16",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.0",
        "192.0.0.255",
        "192.0.2.0",
        "192.0.2.255",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.255",
        "203.0.113.0",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.0",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "100::1",
        "1fff:ffff::1",
        "2001::1",
        "2001:1ff::1",
        "2001:db8::1",
        "2002:a9fe:a9fe::1",
        "2002:a00:1::",
        "3fff::1",
        "3fff:fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    };
    static const char *const allowed[] = {
        "1.0.0.0",         "9.255.255.255",   "11.0.0.0",         "100.63.255.255",
        "100.128.0.0",     "126.255.255.255", "128.0.0.0",        "168.63.129.15",
        "168.63.129.17",   "169.253.255.255", "169.255.0.0",      "172.15.255.255",
        "172.32.0.0",      "191.255.255.255", "192.0.1.0",        "192.0.3.0",
        "192.88.98.1",     "192.167.255.255", "192.169.0.0",      "198.17.255.255",
        "198.20.0.0",      "198.51.99.255",   "203.0.114.0",      "223.255.255.255",
        "93.184.216.34",   "2000::1",         "2001:200::1",      "2001:4860:4860::8888",
        "2606:4700::1111", "2001:db7::1",     "2001:db9::1",      "3ffe::1",
        "3fff:1000::1",    "::ffff:8.8.8.8",  "64:ff9b::8.8.8.8", "2002:808:808::1",
    };
    char what[100];
    for (size_t i = 0; i < ARRAY_LEN(forbidden); i++) {
        snprintf(what, sizeof(what), "%s is forbidden", forbidden[i]);
        ok(!allows(DIAL_PUBLIC, forbidden[i]), what);
    }
    for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
        snprintf(what, sizeof(what), "%s is allowed", allowed[i]);
        ok(allows(DIAL_PUBLIC, allowed[i]), what);
    }
}

static void test_families(void)
{
    struct sockaddr sa = {.sa_family = AF_UNIX};
    ok(!dial_policy_allows(DIAL_PUBLIC, &sa), "no unix socket for public names");
    ok(dial_policy_allows(DIAL_ANY, &sa), "a configured unix socket is allowed");
    sa.sa_family = AF_UNSPEC;
    ok(!dial_policy_allows(DIAL_PUBLIC, &sa), "no unknown family for public names");
    ok(allows(DIAL_ANY, "127.0.0.1") && allows(DIAL_ANY, "fe80::1") && allows(DIAL_ANY, "10.0.0.1"),
       "what the configuration names is allowed");
}

/* The value of a member of a line of JSON, without unescaping. */
static str member(str line, const char *name)
{
    char needle[32];
    snprintf(needle, sizeof(needle), "\"%s\": \"", name);
    size_t at = str_find(line, str_from_cz(needle));
    if (at == STR_NONE)
        return S_EMPTY;
    line = str_skip(line, at + strlen(needle));
    return str_slice(line, 0, str_find_char(line, '"'));
}

/* The host of http://[user@]host[:port]/..., with a zone and brackets taken off; the shared cases
 * that are about URLs rather than addresses give something that is no address. */
static str host_of(str url)
{
    size_t at = str_find(url, S("://"));
    if (at == STR_NONE)
        return S_EMPTY;
    str rest = str_skip(url, at + 3);
    size_t end = 0;
    while (end < rest.n && !strchr("/?#\\", rest.p[end]))
        end++;
    rest = str_slice(rest, 0, end);
    at = str_rfind_char(rest, '@');
    if (at != STR_NONE)
        rest = str_skip(rest, at + 1);
    if (rest.n > 0 && rest.p[0] == '[') {
        rest = str_slice(rest, 1, str_find_char(rest, ']'));
        return str_slice(rest, 0, str_find_char(rest, '%'));
    }
    return str_slice(rest, 0, str_find_char(rest, ':'));
}

static size_t judge_line(str line)
{
    char text[64], what[160];
    str url = member(line, "url"), host = host_of(url);
    if (host.n == 0 || host.n >= sizeof(text))
        return 0;
    memcpy(text, host.p, host.n);
    text[host.n] = 0;
    struct sockaddr_storage ss = address(text);
    if (ss.ss_family == AF_UNSPEC)
        return 0;
    bool is_allowed = dial_policy_allows(DIAL_PUBLIC, (const struct sockaddr *)&ss);
    snprintf(what, sizeof(what), "%.*s: %.*s", STR_ARG(member(line, "expect")), STR_ARG(url));
    ok(is_allowed == str_eq(member(line, "expect"), S("allow")), what);
    return 1;
}

static void test_shared(void)
{
    struct arena a;
    arena_init(&a, 0, 1 << 20);
    const char *path = vectors_path(&a, "ssrf-targets/targets.jsonl");
    if (path) {
        str line, rest = vectors_read(&a, path);
        size_t judged = 0;
        while (rest.n > 0) {
            (void)str_cut(rest, '\n', &line, &rest);
            judged += judge_line(line);
        }
        ok(judged >= 40, "most shared targets are addresses");
    } else {
        tap_skip("the shared ssrf-targets are not here");
    }
    arena_fini(&a);
}

int main(void)
{
    test_edges();
    test_families();
    test_shared();
    return tap_done();
}
