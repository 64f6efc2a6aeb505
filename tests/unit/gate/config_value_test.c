#include "gate/config_value.c"

#include "tap.h"

#define S_US INT64_C(1000000)

static int64_t number(bool (*parse)(str, int64_t *), const char *text)
{
    int64_t v = -1;

    return parse(str_from_cz(text), &v) ? v : -7;
}

static void test_core_types(void)
{
    static const struct {
        const char *text;
        enum core_type type;
    } cases[] = {{"", CORE_NULL},       {"~", CORE_NULL},       {"null", CORE_NULL},
                 {"nUll", CORE_STRING}, {"true", CORE_BOOL},    {"FALSE", CORE_BOOL},
                 {"yes", CORE_STRING},  {"on", CORE_STRING},    {"0", CORE_INT},
                 {"-12", CORE_INT},     {"+5", CORE_INT},       {"010", CORE_INT},
                 {"0o17", CORE_INT},    {"0o8", CORE_STRING},   {"0xfF", CORE_INT},
                 {"0x", CORE_STRING},   {"1_000", CORE_STRING}, {"1.5", CORE_FLOAT},
                 {".5", CORE_FLOAT},    {"5.", CORE_FLOAT},     {".", CORE_STRING},
                 {"1e3", CORE_FLOAT},   {"1e", CORE_STRING},    {"-.inf", CORE_FLOAT},
                 {".nan", CORE_FLOAT},  {"1.2.3", CORE_STRING}, {"-", CORE_STRING},
                 {"1e+", CORE_STRING},  {"12:30", CORE_STRING}, {"2027-03-01", CORE_STRING},
                 {"0b1", CORE_STRING}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        is_int(value_core_type(str_from_cz(cases[i].text)), cases[i].type, cases[i].text);
}

static void test_numbers(void)
{
    is_int(number(value_int, "0x1f"), 31, "hexadecimal");
    is_int(number(value_int, "0o17"), 15, "octal");
    is_int(number(value_int, "-9223372036854775808"), INT64_MIN, "smallest");
    is_int(number(value_int, "9223372036854775808"), -7, "one too many");
    is_int(number(value_int, "0x8000000000000000"), -7, "one too many in hexadecimal");
    is_int(number(value_int, "+5"), 5, "plus");
    is_int(number(value_int, "+-5"), -7, "two signs");
    is_int(number(value_duration, "250ms"), 250000, "ms");
    is_int(number(value_duration, "30s"), 30 * S_US, "s");
    is_int(number(value_duration, "10m"), 600 * S_US, "m");
    is_int(number(value_duration, "1h"), 3600 * S_US, "h");
    is_int(number(value_duration, "7d"), 604800 * S_US, "d");
    is_int(number(value_duration, "0"), 0, "zero needs no unit");
    is_int(number(value_duration, "30"), -7, "a number without a unit");
    is_int(number(value_duration, "s"), -7, "a unit without a number");
    is_int(number(value_duration, "1.5s"), -7, "a fraction");
    is_int(number(value_duration, "-1s"), -7, "negative");
    is_int(number(value_duration, "1 s"), -7, "a space");
    is_int(number(value_duration, "9223372036854775807d"), INT64_MAX, "overflow is out of range");
    is_int(number(value_duration, "99999999999999999999s"), INT64_MAX, "too many digits");
    is_int(number(value_size, "65536"), 65536, "bytes");
    is_int(number(value_size, "64KiB"), 65536, "KiB");
    is_int(number(value_size, "32MiB"), 32 << 20, "MiB");
    is_int(number(value_size, "2TiB"), INT64_C(2) << 40, "TiB");
    is_int(number(value_size, "32MB"), -7, "MB is refused");
    is_int(number(value_size, "8388608TiB"), INT64_MAX, "overflow");
    is_int(number(value_count, "400k"), 400000, "k");
    is_int(number(value_count, "2M"), 2000000, "M");
    is_int(number(value_count, "2m"), -7, "m is no count");
}

static void test_dates(void)
{
    is_int(number(value_date, "1970-01-01"), 0, "the epoch");
    is_int(number(value_date, "2027-03-01"), INT64_C(1803859200) * S_US, "a date");
    is_int(number(value_date, "2000-02-29"), INT64_C(951782400) * S_US, "a leap day");
    is_int(number(value_date, "1900-02-29"), -7, "no leap day in 1900");
    is_int(number(value_date, "2027-03-01T12:00:00Z"), INT64_C(1803902400) * S_US, "a time");
    is_int(number(value_date, "2027-03-01t12:00:00.999z"), INT64_C(1803902400) * S_US,
           "lower case, fraction");
    is_int(number(value_date, "2027-03-01 14:00:00+02:00"), INT64_C(1803902400) * S_US, "a zone");
    is_int(number(value_date, "2027-03-01T07:30:00-04:30"), INT64_C(1803902400) * S_US, "west");
    static const char *const bad[] = {"",
                                      "2027",
                                      "2027-3-1",
                                      "2027-00-01",
                                      "2027-13-01",
                                      "2027-04-31",
                                      "2027-03-01T",
                                      "2027-03-01T12:00Z",
                                      "2027-03-01T24:00:00Z",
                                      "2027-03-01x",
                                      "2027-03-00",
                                      "27-03-01",
                                      "2027-03-01T12:00:00",
                                      "2027-03-01T12:00:00.Z",
                                      "2027-03-01T12:60:00Z",
                                      "2027-03-01T12:00:00+24:00",
                                      "2027-03-01T12:00:00+1:00"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        is_int(number(value_date, bad[i]), -7, bad[i]);
}

static void test_words(void)
{
    ok(value_is_id(S("A-z_0.9")), "an id");
    ok(!value_is_id(S_EMPTY) && !value_is_id(S("a/b")) && !value_is_id(S("a b")), "no ids");
    ok(!value_is_id(S("\xc3\xa4")), "letters are ASCII");
    ok(value_is_header_name(S("x-Team_1")) && !value_is_header_name(S("x:y")), "header names");
    ok(!value_is_header_name(S_EMPTY) && !value_is_header_name(S("a\0b")), "no header names");
    ok(value_is_header_value(S("a\tb")) && !value_is_header_value(S("a\nb")), "header values");
    ok(value_is_clean_text(S("h\xc3\xa4")) && !value_is_clean_text(S("a\x7f")), "texts");
}

static void check_url(const char *text, const char *authority, const char *path, unsigned port)
{
    struct value_url u;
    const char *why = NULL;
    struct arena a;

    arena_init(&a, 512, 1 << 16);
    is_int(value_url(&a, str_from_cz(text), &u, &why), 0, text);
    is_str(u.authority, str_from_cz(authority), "authority");
    is_str(u.base_path, str_from_cz(path), "base path");
    is_int(u.port, port, "port");
    arena_fini(&a);
}

static void test_urls(void)
{
    struct value_url u;
    const char *why = NULL;
    struct arena a;

    check_url("https://api.openai.com/v1", "api.openai.com", "/v1", 443);
    check_url("https://API.OpenAI.com/V1/", "api.openai.com", "/V1", 443);
    check_url("HTTP://gpu_1:8000//", "gpu_1:8000", "", 8000);
    check_url("http://host:80", "host", "", 80);
    check_url("https://host:80/a%20b", "host:80", "/a%20b", 80);
    check_url("http://[2001:DB8::1]:8000/v1", "[2001:db8::1]:8000", "/v1", 8000);
    check_url("https://[::1]/", "[::1]", "", 443);
    arena_init(&a, 512, 1 << 16);
    is_int(value_url(&a, S("http+unix:/run/x.sock:/v1/"), &u, &why), 0, "a socket with a base");
    is_str(u.unix_path, S("/run/x.sock"), "its path");
    is_str(u.base_path, S("/v1"), "its base");
    is_int(value_url(&a, S("http+unix:/run/x.sock"), &u, &why), 0, "a socket");
    is_str(u.base_path, S(""), "without base");
    static const char *const bad[] = {"",
                                      "host",
                                      "//host",
                                      "http:/host",
                                      "http://",
                                      "http://:80",
                                      "http://host:",
                                      "http://host:99999",
                                      "http://host:8 0",
                                      "http://user@host",
                                      "http://a..b",
                                      "http://.a",
                                      "http://-a",
                                      "http://[]",
                                      "http://[::1",
                                      "http://[::1]x",
                                      "http://[host]",
                                      "http://h/a//b",
                                      "http://h/./b",
                                      "http://h/..",
                                      "http://h/%4",
                                      "http://h/%",
                                      "http://h/\xc3\xa4",
                                      "http://h/a\\b",
                                      "http://h/?",
                                      "http://h/#",
                                      "http+unix:",
                                      "http+unix:/",
                                      "ws://h"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        why = NULL;
        ok(value_url(&a, str_from_cz(bad[i]), &u, &why) < 0 && why, bad[i]);
    }
    arena_fini(&a);
}

int main(void)
{
    test_core_types();
    test_numbers();
    test_dates();
    test_words();
    test_urls();
    return tap_done();
}
