/* HTTP proxies: which one (environment), what its URL says, and the CONNECT exchange.
 *
 * The environment is read as curl reads it, because that is what people who set these variables
 * have tested with: lower case wins, and HTTP_PROXY in upper case is not believed in a CGI process,
 * where the request header "Proxy:" would set it (httpoxy). The order of a look-up is: loopback,
 * NO_PROXY, the variable of the scheme, ALL_PROXY.
 *
 * The answer to CONNECT is read by hand and strictly: one status line of HTTP/1, fields that are
 * skipped, an empty line. A byte after that line would be the destination speaking before it was
 * spoken to, which no protocol used here does; it is refused rather than handed to TLS. */
#include "rt/dial.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"

#define HEAD_MAX     8192
#define REASON_SHOWN 100 /* bytes of the proxy's reason phrase in an error text */
#define ADDRESS_MAX  64  /* text of an address */

/* ---- NO_PROXY ---- */

struct ip {
    unsigned bits; /* 32, 128; 0: not an address */
    uint8_t bytes[16];
};

static struct ip ip_of(str text)
{
    struct ip ip = {.bits = 0};
    char cz[ADDRESS_MAX];
    if (text.n >= 2 && text.p[0] == '[' && text.p[text.n - 1] == ']')
        text = str_slice(text, 1, text.n - 1);
    if (text.n == 0 || text.n >= sizeof(cz))
        return ip;
    memcpy(cz, text.p, text.n);
    cz[text.n] = 0;
    if (inet_pton(AF_INET, cz, ip.bytes) == 1)
        ip.bits = 32;
    else if (inet_pton(AF_INET6, cz, ip.bytes) == 1)
        ip.bits = 128;
    return ip;
}

static bool ip_in(const struct ip *ip, const struct ip *net, unsigned bits)
{
    if (ip->bits != net->bits || ip->bits == 0 || bits > net->bits)
        return false;
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(ip->bytes, net->bytes, whole) != 0)
        return false;
    return rest == 0 || ((ip->bytes[whole] ^ net->bytes[whole]) >> (8 - rest)) == 0;
}

static str without_final_dot(str host)
{
    return host.n > 0 && host.p[host.n - 1] == '.' ? str_slice(host, 0, host.n - 1) : host;
}

/* host is domain or below it; a dot before the domain says the same as none. */
static bool is_in_domain(str host, str domain)
{
    host = without_final_dot(host);
    domain = without_final_dot(domain);
    if (str_has_prefix(domain, S("*.")))
        domain = str_skip(domain, 1);
    if (domain.n > 0 && domain.p[0] == '.')
        domain = str_skip(domain, 1);
    if (domain.n == 0 || host.n < domain.n)
        return false;
    size_t above = host.n - domain.n;
    return str_eq_nocase(str_skip(host, above), domain) && (above == 0 || host.p[above - 1] == '.');
}

/* Cuts ":port" off, unless the colons are those of an IPv6 address. 0: no port. */
static uint64_t cut_port(str *entry)
{
    size_t colon = str_rfind_char(*entry, ':');
    if (colon == STR_NONE || colon == 0)
        return 0;
    bool is_bracketed = entry->p[0] == '[' && entry->p[colon - 1] == ']';
    uint64_t port;
    if ((!is_bracketed && str_find_char(*entry, ':') != colon) ||
        !str_to_u64(str_skip(*entry, colon + 1), &port))
        return 0;
    *entry = str_slice(*entry, 0, colon);
    return port;
}

static bool entry_matches(str entry, str host, uint16_t port)
{
    if (str_eq(entry, S("*")))
        return true;
    uint64_t only = cut_port(&entry);
    if (only != 0 && only != port)
        return false;
    struct ip ip = ip_of(host);
    str net, prefix;
    uint64_t bits;
    if (str_cut(entry, '/', &net, &prefix)) {
        struct ip range = ip_of(net);
        return str_to_u64(prefix, &bits) && bits <= range.bits &&
               ip_in(&ip, &range, (unsigned)bits);
    }
    struct ip one = ip_of(entry);
    return ip.bits > 0 ? ip_in(&ip, &one, one.bits) : is_in_domain(host, entry);
}

static bool is_exempt(str list, str host, uint16_t port)
{
    str entry;
    while (list.n > 0) {
        (void)str_cut(list, ',', &entry, &list); /* false at the last one */
        entry = str_trim(entry);
        if (entry.n > 0 && entry_matches(entry, host, port))
            return true;
    }
    return false;
}

static bool is_loopback(str host)
{
    struct ip ip = ip_of(host);
    if (ip.bits == 32)
        return ip.bytes[0] == 127;
    if (ip.bits == 128)
        return ip_in(&ip, &(struct ip){.bits = 128, .bytes = {[15] = 1}}, 128);
    return is_in_domain(host, S("localhost"));
}

/* ---- the environment ---- */

static str variable(const char *lower, const char *upper)
{
    str value = str_trim(str_from_cz(getenv(lower)));
    return value.n > 0 ? value : str_trim(str_from_cz(getenv(upper)));
}

str dial_proxy_from_env(bool is_tls, str host, uint16_t port)
{
    if (is_loopback(host) || is_exempt(variable("no_proxy", "NO_PROXY"), host, port))
        return S_EMPTY;
    str url;
    if (is_tls)
        url = variable("https_proxy", "HTTPS_PROXY");
    else
        url = variable("http_proxy", getenv("REQUEST_METHOD") ? "http_proxy" : "HTTP_PROXY");
    return url.n > 0 ? url : variable("all_proxy", "ALL_PROXY");
}

/* ---- a proxy's URL ---- */

/* False when a '%' is not followed by two digits. */
static bool percent_decode(struct arena *a, str s, str *out)
{
    char *p = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        p[n] = s.p[i];
        if (s.p[i] == '%') {
            if (s.n - i < 3 || str_hex_value(s.p[i + 1]) < 0 || str_hex_value(s.p[i + 2]) < 0)
                return false;
            p[n] = (char)(str_hex_value(s.p[i + 1]) << 4 | str_hex_value(s.p[i + 2]));
            i += 2;
        }
        n++;
    }
    *out = str_of(p, n);
    return true;
}

static str base64(struct arena *a, str s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = arena_alloc(a, (s.n + 2) / 3 * 4 + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i += 3) {
        size_t have = MIN(s.n - i, 3);
        uint32_t group = 0;
        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (k < have ? (uint8_t)s.p[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            out[n++] = k <= have ? digits[group >> (18 - 6 * k) & 63] : '=';
    }
    return str_of(out, n);
}

static bool basic_authorization(struct arena *a, str userinfo, str *out)
{
    str user, password, pair;
    (void)str_cut(userinfo, ':', &user, &password); /* false: no password */
    if (!percent_decode(a, user, &user) || !percent_decode(a, password, &password))
        return false;
    pair = arena_concat(a, (str[]){user, S(":"), password}, 3);
    *out = arena_concat(a, (str[]){S("Basic "), base64(a, pair)}, 2);
    return true;
}

static bool is_host(str host)
{
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        bool is_alnum = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!is_alnum && !memchr(".-_:", c, 4))
            return false;
    }
    return host.n > 0;
}

/* "host", "host:port", "[::1]:port" */
static bool parse_authority(str authority, str *host, uint16_t *port)
{
    uint64_t number = 80;
    str rest;
    if (authority.n > 0 && authority.p[0] == '[') {
        if (!str_cut(str_skip(authority, 1), ']', host, &rest) || ip_of(*host).bits != 128)
            return false;
    } else {
        size_t colon = str_find_char(authority, ':');
        *host = str_slice(authority, 0, colon);
        rest = colon == STR_NONE ? S_EMPTY : str_skip(authority, colon);
    }
    if (rest.n > 0 && (rest.p[0] != ':' || !str_to_u64(str_skip(rest, 1), &number)))
        return false;
    *port = (uint16_t)number;
    return is_host(*host) && number > 0 && number <= UINT16_MAX;
}

int dial_proxy_parse(struct arena *a, str url, struct dial_proxy *out, const char **why)
{
    *out = (struct dial_proxy){.port = 0};
    *why = "only http:// proxies are supported";
    size_t scheme = str_find(url, S("://"));
    if (scheme != STR_NONE && !str_eq_nocase(str_slice(url, 0, scheme), S("http")))
        return -E_CONFIG;
    str rest = scheme == STR_NONE ? url : str_skip(url, scheme + 3);
    str authority, path, host;
    (void)str_cut(rest, '/', &authority, &path); /* false: no path, which is the rule */
    *why = "a proxy's URL has no path";
    if (path.n > 0)
        return -E_CONFIG;
    size_t at = str_rfind_char(authority, '@');
    *why = "the proxy's user or password is not valid percent-encoding";
    if (at != STR_NONE && !basic_authorization(a, str_slice(authority, 0, at), &out->authorization))
        return -E_CONFIG;
    *why = "not a proxy's URL: http://[user:password@]host[:port]";
    if (!parse_authority(at == STR_NONE ? authority : str_skip(authority, at + 1), &host,
                         &out->port))
        return -E_CONFIG;
    out->host = arena_str(a, host);
    *why = NULL;
    return 0;
}

/* ---- CONNECT ---- */

static bool is_field_value(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < ' ' || s.p[i] > '~')
            return false;
    }
    return true;
}

static str connect_request(struct arena *a, const struct dial_proxy *proxy,
                           struct dial_target target)
{
    bool is_v6 = str_find_char(target.host, ':') != STR_NONE;
    str authority = arena_printf(a, is_v6 ? "[" STR_FMT "]:%u" : STR_FMT ":%u",
                                 STR_ARG(target.host), target.port);
    bool has_authorization = proxy->authorization.n > 0;
    return arena_concat(a,
                        (str[]){S("CONNECT "), authority, S(" HTTP/1.1\r\nHost: "), authority,
                                has_authorization ? S("\r\nProxy-Authorization: ") : S_EMPTY,
                                proxy->authorization, S("\r\n\r\n")},
                        7);
}

/* Reads up to and with the empty line; *n gets the bytes read. */
static int read_head(struct net_conn *c, char *head, size_t *n) MAY_YIELD
{
    *n = 0;
    while (str_find(str_of(head, *n), S("\r\n\r\n")) == STR_NONE) {
        if (*n == HEAD_MAX)
            return -E_TOO_LARGE;
        ssize_t got = net_read(c, head + *n, HEAD_MAX - *n);
        if (got < 0)
            return (int)got;
        *n += (size_t)got;
    }
    return 0;
}

/* "HTTP/1.x nnn[ reason]": nnn, and what follows it in *reason; 0 when it is anything else. */
static unsigned status_of(str line, str *reason)
{
    if (line.n < 12 || !str_has_prefix(line, S("HTTP/1.")) ||
        (line.p[7] != '0' && line.p[7] != '1') || line.p[8] != ' ')
        return 0;
    uint64_t status;
    if (!str_to_u64(str_slice(line, 9, 12), &status) || status < 100)
        return 0;
    *reason = str_skip(line, 12);
    if (reason->n > 0 && reason->p[0] != ' ')
        return 0;
    return (unsigned)status;
}

static int judge_head(str head, str proxy_text, struct arena *a, struct err *e)
{
    size_t end = str_find(head, S("\r\n\r\n")) + 4;
    str reason, line = str_slice(head, 0, str_find(head, S("\r\n")));
    unsigned status = status_of(line, &reason);
    if (status == 0)
        return err_set(e, a, -E_PROXY, "proxy " STR_FMT " does not speak HTTP",
                       STR_ARG(proxy_text));
    if (status < 200 || status > 299) {
        reason = str_slice(reason, 0, REASON_SHOWN);
        if (!is_field_value(reason))
            reason = S_EMPTY;
        return err_set(e, a, -E_PROXY, "proxy " STR_FMT " answered %u" STR_FMT, STR_ARG(proxy_text),
                       status, STR_ARG(reason));
    }
    if (head.n > end)
        return err_set(e, a, -E_PROXY, "proxy " STR_FMT " sent bytes after its answer to CONNECT",
                       STR_ARG(proxy_text));
    return 0;
}

static int exchange_failed(int rc, str proxy_text, struct arena *a, struct err *e)
{
    if (rc == -E_TOO_LARGE)
        return err_set(e, a, -E_PROXY, "proxy " STR_FMT " answered CONNECT with more than %d bytes",
                       STR_ARG(proxy_text), HEAD_MAX);
    if (rc == -E_EOF || rc == -E_IO)
        return err_set(e, a, -E_PROXY, "proxy " STR_FMT " closed the connection before its answer",
                       STR_ARG(proxy_text));
    return rc;
}

int dial_proxy_tunnel(struct net_conn *c, const struct dial_proxy *proxy, struct dial_target target,
                      struct arena *a, struct err *e)
{
    str text = arena_printf(a, STR_FMT ":%u", STR_ARG(proxy->host), proxy->port);
    if (!is_host(target.host) || !is_field_value(proxy->authorization))
        return err_set(e, a, -E_PROXY, "not a valid host name to ask a proxy for");
    str request = connect_request(a, proxy, target);
    struct iovec iov = {.iov_base = arena_cz(a, request), .iov_len = request.n};
    int rc = net_write(c, &iov, 1);
    if (rc < 0)
        return exchange_failed(rc, text, a, e);
    size_t size, n;
    char *head = pool_acquire(HEAD_MAX, &size);
    rc = read_head(c, head, &n);
    rc = rc < 0 ? exchange_failed(rc, text, a, e) : judge_head(str_of(head, n), text, a, e);
    pool_release(head, size);
    return rc;
}
