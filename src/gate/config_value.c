/* The small grammars of configuration values.
 *
 * Every number goes through checked arithmetic, so that "99999999999999d" is out of range and does
 * not wrap. A duration needs its unit: a bare 30 could mean seconds to one reader and milliseconds
 * to another. Sizes are powers of 1024 and say so (KiB); 32MB is refused for the same reason.
 *
 * The URL grammar is narrower than RFC 3986 on purpose. A base URL is pasted in front of every
 * request path, so whatever could change the meaning of what follows (userinfo, query, fragment,
 * dot segments, backslashes, spaces) is refused here and never has to be thought of again. */
#include "gate/config_value.h"

#include <string.h>

#include "base/date.h"
#include "base/err.h"

#define ID_MAX   128
#define HOST_MAX 253
#define US_PER_S INT64_C(1000000)

struct unit {
    const char *suffix;
    int64_t factor;
};

static const struct unit duration_units[] = {{"ms", 1000},
                                             {"s", US_PER_S},
                                             {"m", 60 * US_PER_S},
                                             {"h", 3600 * US_PER_S},
                                             {"d", 86400 * US_PER_S}};
static const struct unit size_units[] = {{"", 1},
                                         {"KiB", INT64_C(1) << 10},
                                         {"MiB", INT64_C(1) << 20},
                                         {"GiB", INT64_C(1) << 30},
                                         {"TiB", INT64_C(1) << 40}};
static const struct unit count_units[] = {{"", 1}, {"k", 1000}, {"M", 1000000}, {"G", 1000000000}};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static size_t count_digits(str s)
{
    size_t n = 0;

    while (n < s.n && is_digit(s.p[n]))
        n++;
    return n;
}

static int digit_value(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

static bool digits_of_base(str s, int base, int64_t *out)
{
    int64_t v = 0;

    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        int d = digit_value(s.p[i]);
        if (d >= base || __builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, d, &v))
            return false;
    }
    *out = v;
    return true;
}

bool value_int(str s, int64_t *out)
{
    if (str_has_prefix(s, S("0x")))
        return digits_of_base(str_skip(s, 2), 16, out);
    if (str_has_prefix(s, S("0o")))
        return digits_of_base(str_skip(s, 2), 8, out);
    if (str_has_prefix(s, S("+")) && s.n > 1 && is_digit(s.p[1]))
        s = str_skip(s, 1);
    return str_to_i64(s, out);
}

static bool is_float_text(str s)
{
    static const char *const words[] = {".inf",  ".Inf",  ".INF",  "+.inf", "+.Inf", "+.INF",
                                        "-.inf", "-.Inf", "-.INF", ".nan",  ".NaN",  ".NAN"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_eq(s, str_from_cz(words[i])))
            return true;
    }
    if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '+'))
        s = str_skip(s, 1);
    size_t whole = count_digits(s);
    s = str_skip(s, whole);
    size_t fraction = 0;
    if (s.n > 0 && s.p[0] == '.') {
        fraction = count_digits(str_skip(s, 1));
        s = str_skip(s, 1 + fraction);
    }
    if (whole + fraction == 0)
        return false;
    if (s.n == 0)
        return true;
    if (s.p[0] != 'e' && s.p[0] != 'E')
        return false;
    s = str_skip(s, 1);
    if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '+'))
        s = str_skip(s, 1);
    return s.n > 0 && count_digits(s) == s.n;
}

static bool is_int_text(str s)
{
    if (str_has_prefix(s, S("0x")) || str_has_prefix(s, S("0o"))) {
        int base = s.p[1] == 'x' ? 16 : 8;
        for (size_t i = 2; i < s.n; i++) {
            if (digit_value(s.p[i]) >= base)
                return false;
        }
        return s.n > 2;
    }
    if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '+'))
        s = str_skip(s, 1);
    return s.n > 0 && count_digits(s) == s.n;
}

enum core_type value_core_type(str plain)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    static const char *const bools[] = {"true", "True", "TRUE", "false", "False", "FALSE"};

    for (size_t i = 0; i < ARRAY_LEN(nulls); i++) {
        if (str_eq(plain, str_from_cz(nulls[i])))
            return CORE_NULL;
    }
    for (size_t i = 0; i < ARRAY_LEN(bools); i++) {
        if (str_eq(plain, str_from_cz(bools[i])))
            return CORE_BOOL;
    }
    if (is_int_text(plain))
        return CORE_INT;
    return is_float_text(plain) ? CORE_FLOAT : CORE_STRING;
}

/* Digits and a unit. What is too large for the type becomes its largest value, which is out of
 * every option's range: "needs a number, not 99999999999999999999" would be no help. */
static bool with_unit(str s, const struct unit *units, size_t n, int64_t *out)
{
    size_t digits = count_digits(s);
    str suffix = str_skip(s, digits);
    int64_t v = 0;

    if (digits == 0)
        return false;
    bool fits = digits_of_base(str_slice(s, 0, digits), 10, &v);
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(suffix, str_from_cz(units[i].suffix)))
            continue;
        if (!fits || __builtin_mul_overflow(v, units[i].factor, out))
            *out = INT64_MAX;
        return true;
    }
    return false;
}

bool value_duration(str s, int64_t *out)
{
    if (str_eq(s, S("0"))) {
        *out = 0;
        return true;
    }
    return with_unit(s, duration_units, ARRAY_LEN(duration_units), out);
}

bool value_size(str s, int64_t *out)
{
    return with_unit(s, size_units, ARRAY_LEN(size_units), out);
}

bool value_count(str s, int64_t *out)
{
    return with_unit(s, count_units, ARRAY_LEN(count_units), out);
}

bool value_date(str s, int64_t *wall_us)
{
    return date_read(s, wall_us);
}

bool value_is_id(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_alnum(s.p[i]) && s.p[i] != '.' && s.p[i] != '_' && s.p[i] != '-')
            return false;
    }
    return s.n > 0 && s.n <= ID_MAX;
}

bool value_is_header_name(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_alnum(s.p[i]) && (s.p[i] == '\0' || !strchr("!#$%&'*+-.^_`|~", s.p[i])))
            return false;
    }
    return s.n > 0 && s.n <= ID_MAX;
}

bool value_is_header_value(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (is_control(s.p[i]) && s.p[i] != '\t')
            return false;
    }
    return true;
}

bool value_is_clean_text(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (is_control(s.p[i]))
            return false;
    }
    return true;
}

/* ---- URLs ---- */

static int refuse(const char **why, const char *reason)
{
    *why = reason;
    return -E_BAD_REQUEST;
}

static bool is_path_char(char c)
{
    return is_alnum(c) || (c != '\0' && strchr("-._~!$&'()*+,;=:@/%", c));
}

static bool has_hex_pair(str s, size_t at)
{
    return s.n - at > 2 && digit_value(s.p[at + 1]) < 16 && digit_value(s.p[at + 2]) < 16;
}

static bool has_dot_segment(str path)
{
    str rest = path, segment;
    bool more = true;

    while (more) {
        more = str_cut(rest, '/', &segment, &rest);
        if (str_eq(segment, S(".")) || str_eq(segment, S("..")))
            return true;
    }
    return false;
}

static int take_path(str path, struct value_url *out, const char **why)
{
    while (path.n > 0 && path.p[path.n - 1] == '/')
        path.n--;
    for (size_t i = 0; i < path.n; i++) {
        if (!is_path_char(path.p[i]))
            return refuse(why, "has a character in its path that must be percent-encoded");
        if (path.p[i] == '%' && !has_hex_pair(path, i))
            return refuse(why, "has a % that no two hexadecimal digits follow");
    }
    if (str_find(path, S("//")) != STR_NONE || has_dot_segment(path))
        return refuse(why, "has an empty, `.` or `..` segment in its path");
    out->base_path = path;
    return 0;
}

static bool is_host_name(str host)
{
    for (size_t i = 0; i < host.n; i++) {
        if (!is_alnum(host.p[i]) && host.p[i] != '.' && host.p[i] != '-' && host.p[i] != '_')
            return false;
    }
    return host.n > 0 && host.n <= HOST_MAX && host.p[0] != '.' && host.p[0] != '-' &&
           str_find(host, S("..")) == STR_NONE;
}

/* Shape only: whether the address exists in the grammar of RFC 4291 is the dialler's to find out,
 * but what is not made of these characters cannot. */
static bool is_ipv6_text(str host)
{
    size_t colons = 0;

    for (size_t i = 0; i < host.n; i++) {
        if (host.p[i] == ':')
            colons++;
        else if (digit_value(host.p[i]) > 15 && host.p[i] != '.')
            return false;
    }
    return colons >= 2 && host.n <= 45;
}

static int take_port(str text, struct value_url *out, const char **why)
{
    uint64_t port = 0;

    if (!str_to_u64(text, &port) || port == 0 || port > 65535)
        return refuse(why, "has a port that is not a number from 1 to 65535");
    out->port = (uint16_t)port;
    return 0;
}

static str lower(struct arena *a, str s)
{
    char *p = arena_cz(a, s);

    for (size_t i = 0; i < s.n; i++) {
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] - 'A' + 'a');
    }
    return str_of(p, s.n);
}

static int take_authority(struct arena *a, str text, struct value_url *out, const char **why)
{
    str host = text, port = S_EMPTY;
    bool is_ipv6 = text.n > 0 && text.p[0] == '[';

    if (str_find_char(text, '@') != STR_NONE)
        return refuse(why, "must not carry a user name or password; use api_key or headers");
    if (is_ipv6) {
        size_t close = str_find_char(text, ']');
        if (close == STR_NONE)
            return refuse(why, "has a `[` without its `]`");
        host = str_slice(text, 1, close);
        port = str_skip(text, close + 1);
        if (port.n > 0 && port.p[0] != ':')
            return refuse(why, "has something between `]` and the port");
        if (!is_ipv6_text(host))
            return refuse(why, "has brackets around something that is no IPv6 address");
    } else {
        size_t colon = str_find_char(text, ':');
        host = str_slice(text, 0, colon);
        port = colon == STR_NONE ? S_EMPTY : str_skip(text, colon);
        if (!is_host_name(host))
            return refuse(why, "has no valid host name");
    }
    if (port.n > 0) {
        int rc = take_port(str_skip(port, 1), out, why);
        if (rc < 0)
            return rc;
    }
    out->host = lower(a, host);
    bool is_default = out->port == (out->is_tls ? 443 : 80);
    str shown = is_ipv6 ? arena_printf(a, "[" STR_FMT "]", STR_ARG(out->host)) : out->host;
    out->authority =
        is_default ? shown : arena_printf(a, STR_FMT ":%u", STR_ARG(shown), (unsigned)out->port);
    return 0;
}

static int take_unix(struct arena *a, str rest, struct value_url *out, const char **why)
{
    str path = rest, base = S_EMPTY;
    size_t cut = str_find(rest, S(":/"));

    if (cut != STR_NONE) {
        path = str_slice(rest, 0, cut);
        base = str_skip(rest, cut + 1);
    }
    if (path.n < 2 || path.p[0] != '/')
        return refuse(why, "needs an absolute path, as in http+unix:/run/engine.sock");
    if (path.n > 107)
        return refuse(why, "has a socket path longer than 107 bytes");
    out->unix_path = arena_str(a, path);
    out->host = S("localhost");
    out->authority = S("localhost");
    return take_path(base, out, why);
}

int value_url(struct arena *a, str s, struct value_url *out, const char **why)
{
    *out = (struct value_url){.port = 80};
    if (!value_is_clean_text(s) || str_find_char(s, ' ') != STR_NONE)
        return refuse(why, "contains a space or a control character");
    if (str_find_char(s, '?') != STR_NONE)
        return refuse(why, "must not have a query");
    if (str_find_char(s, '#') != STR_NONE)
        return refuse(why, "must not have a fragment");
    if (str_has_prefix_nocase(s, S("http+unix:")))
        return take_unix(a, str_skip(s, 10), out, why);
    if (str_has_prefix_nocase(s, S("https://"))) {
        out->is_tls = true;
        out->port = 443;
        s = str_skip(s, 8);
    } else if (str_has_prefix_nocase(s, S("http://"))) {
        s = str_skip(s, 7);
    } else {
        return refuse(why, "must begin with https://, http:// or http+unix:/");
    }
    size_t slash = str_find_char(s, '/');
    int rc = take_authority(a, str_slice(s, 0, slash), out, why);
    if (rc < 0)
        return rc;
    return take_path(slash == STR_NONE ? S_EMPTY : str_skip(s, slash), out, why);
}
