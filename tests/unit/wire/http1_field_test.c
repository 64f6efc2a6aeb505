/* Unit tests of wire/http1_field.c. */
#include "wire/http1_field.c"

#include <stdio.h>

#include "tap.h"

static void test_classes(void)
{
    unsigned tokens = 0;
    unsigned hosts = 0;
    bool same = true;
    for (unsigned i = 0; i < 256; i++) {
        char c = (char)i;
        bool alnum = (i >= '0' && i <= '9') || ((i | 0x20) >= 'a' && (i | 0x20) <= 'z' && i < 0x80);
        bool hex = (i >= '0' && i <= '9') || ((i | 0x20) >= 'a' && (i | 0x20) <= 'f' && i < 0x80);
        same &= http_ch_is(c, HTTP_CH_HEX) == hex;
        same &= http_ch_is(c, HTTP_CH_VALUE) == (i == '\t' || (i >= 0x20 && i != 0x7f));
        same &= http_ch_is(c, HTTP_CH_TARGET) == (i > 0x20 && i < 0x7f && i != '#');
        same &= http_ch_is(c, HTTP_CH_METHOD) == ((i >= 'A' && i <= 'Z') || i == '-');
        same &= !alnum || (http_ch_is(c, HTTP_CH_TOKEN) && http_ch_is(c, HTTP_CH_HOST));
        tokens += http_ch_is(c, HTTP_CH_TOKEN);
        hosts += http_ch_is(c, HTTP_CH_HOST);
    }
    ok(same, "the table has exactly the bytes of each class");
    ok(http_ch_all(S("!#$%&'*+-.^_`|~"), HTTP_CH_TOKEN), "the signs of a token");
    is_int(tokens, 62 + 15, "no other byte is of a token");
    ok(http_ch_all(S("-._~!$&'()*+;="), HTTP_CH_HOST), "the signs of a host");
    is_int(hosts, 62 + 14, "no other byte is of a host");
}

static void test_names_and_values(void)
{
    ok(http_name_is_valid(S("x-Api_key")), "a name");
    ok(!http_name_is_valid(S_EMPTY), "no empty name");
    ok(!http_name_is_valid(S("a b")) && !http_name_is_valid(S("a:")), "no space, no colon in it");
    ok(http_value_is_valid(S_EMPTY), "an empty value");
    ok(http_value_is_valid(S("a\tb \xff")), "a value with tab and obs-text");
    ok(!http_value_is_valid(S("a\0b")) && !http_value_is_valid(S("a\rb")) &&
           !http_value_is_valid(S("a\nb")) && !http_value_is_valid(S("\x7f")),
       "no control character in it");
    is_str(http_trim(S(" \t a b\t ")), S("a b"), "trim");
    is_int(http_trim(S(" \t ")).n, 0, "trim to nothing");
    is_str(http_trim(S("\va")), S("\va"), "a vertical tab is not white space");
    ok(http_method_is_valid(S("M-SEARCH")) && !http_method_is_valid(S("Get")) &&
           !http_method_is_valid(S_EMPTY) &&
           !http_method_is_valid(S("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
       "methods");
}

static void test_list(void)
{
    str rest = S("a, b ,,c\t,");
    str e[6];
    size_t n = 0;
    while (n < ARRAY_LEN(e) && http_list_next(&rest, &e[n]))
        n++;
    is_int(n, 5, "elements, empty ones too");
    is_str(e[0], S("a"), "first");
    is_str(e[1], S("b"), "trimmed");
    is_int(e[2].n, 0, "empty");
    is_str(e[3], S("c"), "tab trimmed");
    is_int(e[4].n, 0, "empty at the end");
}

static void test_authority(void)
{
    static const struct {
        const char *text;
        bool valid;
        const char *host;
        unsigned port;
    } cases[] = {
        {"gw.test", true, "gw.test", 0},
        {"gw.test:8080", true, "gw.test", 8080},
        {"gw.test:", true, "gw.test", 0},
        {"gw.test:65535", true, "gw.test", 65535},
        {"127.0.0.1:1", true, "127.0.0.1", 1},
        {"[::1]", true, "[::1]", 0},
        {"[::ffff:1.2.3.4]:443", true, "[::ffff:1.2.3.4]", 443},
        {"under_score", true, "under_score", 0},
        {"", false, "", 0},
        {":80", false, "", 0},
        {"gw.test:65536", false, "", 0},
        {"gw.test:99999999999999999999", false, "", 0},
        {"gw.test:8a", false, "", 0},
        {"gw.test:+80", false, "", 0},
        {"gw.test:80:80", false, "", 0},
        {"user@gw.test", false, "", 0},
        {"user:1@gw.test", false, "", 0},
        {"gw.test/x", false, "", 0},
        {"gw.test#x", false, "", 0},
        {"gw.test?x", false, "", 0},
        {"gw test", false, "", 0},
        {"a,b", false, "", 0},
        {"a%2eb", false, "", 0},
        {"[::1", false, "", 0},
        {"[]", false, "", 0},
        {"[", false, "", 0},
        {"[::1]x", false, "", 0},
        {"[fe80::1%25eth0]", false, "", 0},
        {"b\xc3\xbc.test", false, "", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_authority a;
        bool valid = http_authority_read(str_from_cz(cases[i].text), &a);
        bool same =
            !valid || (str_eq(a.host, str_from_cz(cases[i].host)) && a.port == cases[i].port);
        printf("# cases[%zu]\n", i);
        ok(valid == cases[i].valid && same, "authority");
    }
}

static void test_target_forms(void)
{
    struct http_target t;
    ok(http_target_read(S("GET"), S("/v1/models?a=/../%zz"), &t), "origin-form");
    is_str(t.path, S("/v1/models"), "its path");
    is_str(t.query, S("a=/../%zz"), "its query is not a path");
    ok(!t.is_absolute, "it has no authority");
    ok(http_target_read(S("GET"), S("HTTP://gw.test:81/x?"), &t), "absolute-form");
    is_str(t.path, S("/x"), "its path");
    is_int(t.query.n, 0, "its empty query");
    is_str(t.authority.host, S("gw.test"), "its host");
    is_int(t.authority.port, 81, "its port");
    ok(http_target_read(S("GET"), S("https://gw.test"), &t), "absolute-form without a path");
    is_str(t.path, S("/"), "its path is the root");
    is_int(t.default_port, 443, "its default port");
    ok(http_target_read(S("GET"), S("http://gw.test?q=1"), &t), "a query without a path");
    is_str(t.path, S("/"), "the root again");
    is_str(t.query, S("q=1"), "and the query");
    ok(http_target_read(S("OPTIONS"), S("*"), &t), "asterisk-form");
    is_str(t.path, S("*"), "its path");
    ok(!http_target_read(S("GET"), S("*"), &t), "asterisk-form is for OPTIONS only");
}

static void test_target_paths(void)
{
    static const char *const good[] = {
        "/",
        "//admin/keys",
        "/a//b/",
        "/v1beta/models/x:generateContent",
        "/...",
        "/.a/b.",
        "/..a",
        "/a%20b%3A%3b",
        "/%2e%2e%2e/",
        "/a%252e%252e",
        "/a;b=..;/c",
        "/a?%2f..%00\\",
        "/[x]",
        "/a%c3%bc",
        "/v1/models/a%2fb%2Fc",
        "/model/a.b-v1%3A0/converse",
    };
    static const char *const bad[] = {
        "",
        "x",
        "v1/models",
        "ftp://gw.test/",
        "http://",
        "http:///x",
        "http:/x",
        "http://u@h/",
        "http://h:x/",
        "*/",
        "/#",
        "/a#b",
        "/a b",
        "/a\tb",
        "/a\nb",
        "/\x7f",
        "/b\xc3\xbc",
        "/.",
        "/..",
        "/a/.",
        "/a/../b",
        "/./a",
        "/a/%2e%2e/b",
        "/%2E",
        "/a/.%2e",
        "/%2e./x",
        "/..;x/y",
        "/a/%2e%2E;/y",
        "/a\\b",
        "/%5c",
        "/%5C",
        "/%00",
        "/%0d%0a",
        "/%7f",
        "/%",
        "/%2",
        "/%2g",
        "/a%",
        "http://h/../x",
        "/v1/models;/../x",
    };
    struct http_target t;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        printf("# good[%zu]\n", i);
        ok(http_target_read(S("GET"), str_from_cz(good[i]), &t), "accepted");
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        printf("# bad[%zu]\n", i);
        ok(!http_target_read(S("GET"), str_from_cz(bad[i]), &t), "refused");
    }
    ok(!http_target_read(S("GET"), S("/a\0b"), &t), "NUL refused");
}

static bool is_for(const char *target, const char *host)
{
    struct http_target t;
    struct http_authority a;
    return http_target_read(S("GET"), str_from_cz(target), &t) &&
           http_authority_read(str_from_cz(host), &a) && http_target_is_for(&t, &a);
}

static void test_target_and_host(void)
{
    ok(is_for("http://GW.test/x", "gw.TEST"), "hosts are compared without case");
    ok(is_for("http://gw.test:80/", "gw.test"), "the default port may be left out");
    ok(is_for("https://gw.test/", "gw.test:443"), "on either side");
    ok(!is_for("https://gw.test/", "gw.test:80"), "but it is the scheme's");
    ok(!is_for("http://gw.test:81/", "gw.test"), "another port");
    ok(!is_for("http://evil.test/", "gw.test"), "another host");
}

int main(void)
{
    test_classes();
    test_names_and_values();
    test_list();
    test_authority();
    test_target_forms();
    test_target_paths();
    test_target_and_host();
    return tap_done();
}
