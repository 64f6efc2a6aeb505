/* Field names and values, request targets, authorities: one pass over the bytes with a table.
 *
 * The table holds a bit a class, so that a rule is one load and one test a byte, without a locale.
 * The path rules are of one kind: authentication and dispatch compare the path byte by byte, hence
 * a path is either in its only possible spelling or it is refused. Escapes that cannot change the
 * structure (%20, %3A) are left as they are, and so is %2F: SDKs write it into model names, and it
 * never separates segments here because nothing decodes a path before it is dispatched. Those that
 * could change the structure (%5C, controls, dot segments in any writing) are refused. */
#include "wire/http1_field.h"

#include <string.h>

/* One row for 16 bytes, 0x00 to 0xff; the bits of enum http_ch. */
const uint8_t http_ch_table[256] = {
    /* clang-format off */
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x02, 0x0f, 0x06, 0x03, 0x0f, 0x07, 0x0f, 0x0f, 0x0e, 0x0e, 0x0f, 0x0f, 0x06, 0x2f, 0x0f, 0x06,
    0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x06, 0x0e, 0x06, 0x0e, 0x06, 0x06,
    0x06, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x2f, 0x2f, 0x2f, 0x2f, 0x2f, 0x2f, 0x2f, 0x2f, 0x2f,
    0x2f, 0x2f, 0x2f, 0x2f, 0x2f, 0x2f, 0x2f, 0x2f, 0x2f, 0x2f, 0x2f, 0x06, 0x06, 0x06, 0x07, 0x0f,
    0x07, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f,
    0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x06, 0x07, 0x06, 0x0f, 0x00,
    0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
    0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
    0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
    0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
    0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
    0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
    0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
    0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
    /* clang-format on */
};

bool http_ch_all(str s, enum http_ch classes)
{
    for (size_t i = 0; i < s.n; i++)
        if (!http_ch_is(s.p[i], classes))
            return false;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

str http_trim(str s)
{
    while (s.n > 0 && is_blank(s.p[0]))
        s = str_of(s.p + 1, s.n - 1);
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool http_name_is_valid(str s)
{
    return s.n > 0 && http_ch_all(s, HTTP_CH_TOKEN);
}

typedef uint8_t v16 __attribute__((vector_size(16)));

/* 16 bytes at a time, by the compiler's vectors; what is left by the table. */
bool http_value_is_valid(str s)
{
    for (; s.n >= sizeof(v16); s = str_skip(s, sizeof(v16))) {
        v16 b;
        memcpy(&b, s.p, sizeof b);
        v16 bad = (v16)(((b < 0x20) & (b != '\t')) | (b == 0x7f));
        uint64_t half[2];
        memcpy(half, &bad, sizeof half);
        if ((half[0] | half[1]) != 0)
            return false;
    }
    return http_ch_all(s, HTTP_CH_VALUE);
}

bool http_method_is_valid(str s)
{
    return s.n > 0 && s.n <= HTTP_METHOD_MAX && http_ch_all(s, HTTP_CH_METHOD);
}

bool http_list_next(str *rest, str *element)
{
    if (!rest->p)
        return false;
    str tail;
    bool more = str_cut(*rest, ',', element, &tail);
    *element = http_trim(*element);
    *rest = more ? tail : S_EMPTY;
    return true;
}

/* ---- authority ---- */

static bool read_port(str s, unsigned *out)
{
    unsigned port = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        port = port * 10 + (unsigned)(s.p[i] - '0');
        if (port > 65535)
            return false;
    }
    *out = port;
    return true;
}

/* Length of "[...]" at the start of s; 0 when it is not one. */
static size_t ip_literal(str s)
{
    for (size_t i = 1; i < s.n; i++) {
        char c = s.p[i];
        if (c == ']')
            return i > 1 ? i + 1 : 0;
        if (!http_ch_is(c, HTTP_CH_HEX) && c != ':' && c != '.')
            return 0;
    }
    return 0;
}

bool http_authority_read(str s, struct http_authority *out)
{
    *out = (struct http_authority){.port = 0};
    size_t n = 0;
    if (s.n > 0 && s.p[0] == '[')
        n = ip_literal(s);
    else
        while (n < s.n && http_ch_is(s.p[n], HTTP_CH_HOST))
            n++;
    if (n == 0)
        return false; /* RFC 9110 4.2.1: an http URI without a host is invalid */
    out->host = str_of(s.p, n);
    if (n == s.n)
        return true;
    return s.p[n] == ':' && read_port(str_skip(s, n + 1), &out->port);
}

/* ---- target ---- */

static unsigned hex_value(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

/* Is the escape at s.p[i] complete, and can what it stands for not change the path's structure? */
static bool escape_is_harmless(str s, size_t i)
{
    if (s.n - i < 3 || !http_ch_is(s.p[i + 1], HTTP_CH_HEX) || !http_ch_is(s.p[i + 2], HTTP_CH_HEX))
        return false;
    unsigned c = hex_value(s.p[i + 1]) << 4 | hex_value(s.p[i + 2]);
    return c >= 0x20 && c != 0x7f && c != '\\';
}

/* "." or "..", each dot also as %2e. */
static bool is_dot_segment(str s)
{
    unsigned dots = 0;
    while (s.n > 0) {
        bool plain = s.p[0] == '.';
        if (!plain && !str_has_prefix_nocase(s, S("%2e")))
            return false;
        s = str_skip(s, plain ? 1 : 3);
        dots++;
    }
    return dots == 1 || dots == 2;
}

static bool segment_is_plain(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\\' || (s.p[i] == '%' && !escape_is_harmless(s, i)))
            return false;
    str name, parameters; /* "..;x" is ".." to some servlet containers */
    str_cut(s, ';', &name, &parameters);
    return !is_dot_segment(name);
}

static bool path_is_plain(str path)
{
    str rest = str_skip(path, 1);
    bool more = true;
    while (more) {
        str segment;
        more = str_cut(rest, '/', &segment, &rest);
        if (!segment_is_plain(segment))
            return false;
    }
    return true;
}

/* Cuts "http://authority" off an absolute target and leaves its path and query in *rest. */
static bool read_absolute(str *rest, struct http_target *out)
{
    if (str_has_prefix_nocase(*rest, S("http://"))) {
        out->default_port = 80;
        *rest = str_skip(*rest, S("http://").n);
    } else if (str_has_prefix_nocase(*rest, S("https://"))) {
        out->default_port = 443;
        *rest = str_skip(*rest, S("https://").n);
    } else {
        return false;
    }
    size_t n = 0;
    while (n < rest->n && rest->p[n] != '/' && rest->p[n] != '?')
        n++;
    out->is_absolute = true;
    str authority = str_of(rest->p, n);
    *rest = str_skip(*rest, n);
    return http_authority_read(authority, &out->authority);
}

bool http_target_read(str method, str target, struct http_target *out)
{
    *out = (struct http_target){.is_absolute = false};
    if (target.n == 0 || !http_ch_all(target, HTTP_CH_TARGET))
        return false;
    if (str_eq(target, S("*"))) {
        out->path = target;
        return str_eq(method, S("OPTIONS"));
    }
    str rest = target;
    if (target.p[0] != '/' && !read_absolute(&rest, out))
        return false;
    str_cut(rest, '?', &out->path, &out->query);
    if (out->path.n == 0) /* "http://host" and "http://host?q" */
        out->path = S("/");
    return path_is_plain(out->path);
}

static unsigned port_or(unsigned port, unsigned otherwise)
{
    return port > 0 ? port : otherwise;
}

bool http_target_is_for(const struct http_target *t, const struct http_authority *host)
{
    return str_eq_nocase(t->authority.host, host->host) &&
           port_or(t->authority.port, t->default_port) == port_or(host->port, t->default_port);
}
