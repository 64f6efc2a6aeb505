/* Writing HTTP/1 messages.
 *
 * Every outgoing message is built here from values, never copied from another message, and this is
 * the last place that could let a line break into a head (R-INJ): a name that is not a token, a
 * value with a control character or a target with a space makes the whole buffer fail, so that a
 * half-checked head cannot be sent. Each line is one reservation and a few copies. */
#include <string.h>

#include "wire/http1.h"
#include "wire/http1_field.h"

static const char *const reasons[600] = {
    [100] = "Continue",
    [101] = "Switching Protocols",
    [103] = "Early Hints",
    [200] = "OK",
    [201] = "Created",
    [202] = "Accepted",
    [204] = "No Content",
    [206] = "Partial Content",
    [301] = "Moved Permanently",
    [302] = "Found",
    [303] = "See Other",
    [304] = "Not Modified",
    [307] = "Temporary Redirect",
    [308] = "Permanent Redirect",
    [400] = "Bad Request",
    [401] = "Unauthorized",
    [402] = "Payment Required",
    [403] = "Forbidden",
    [404] = "Not Found",
    [405] = "Method Not Allowed",
    [406] = "Not Acceptable",
    [408] = "Request Timeout",
    [409] = "Conflict",
    [410] = "Gone",
    [411] = "Length Required",
    [412] = "Precondition Failed",
    [413] = "Content Too Large",
    [414] = "URI Too Long",
    [415] = "Unsupported Media Type",
    [416] = "Range Not Satisfiable",
    [417] = "Expectation Failed",
    [421] = "Misdirected Request",
    [422] = "Unprocessable Content",
    [424] = "Failed Dependency",
    [425] = "Too Early",
    [426] = "Upgrade Required",
    [428] = "Precondition Required",
    [429] = "Too Many Requests",
    [431] = "Request Header Fields Too Large",
    [451] = "Unavailable For Legal Reasons",
    [500] = "Internal Server Error",
    [501] = "Not Implemented",
    [502] = "Bad Gateway",
    [503] = "Service Unavailable",
    [504] = "Gateway Timeout",
    [505] = "HTTP Version Not Supported",
    [507] = "Insufficient Storage",
    [508] = "Loop Detected",
    [529] = "Overloaded",
};

const char *http_reason(int status)
{
    bool is_known = status >= 0 && (size_t)status < ARRAY_LEN(reasons) && reasons[status];
    return is_known ? reasons[status] : "Unknown";
}

static char *append(char *to, str s)
{
    if (s.n > 0)
        memcpy(to, s.p, s.n);
    return to + s.n;
}

/* The four parts one behind the other, whole or not at all. */
static void put_line(struct buf *b, const str parts[4])
{
    size_t n = parts[0].n + parts[1].n + parts[2].n + parts[3].n;
    char *to = buf_reserve(b, n);
    if (!to)
        return;
    for (size_t i = 0; i < 4; i++)
        to = append(to, parts[i]);
    buf_commit(b, n);
}

void http1_put_request_line(struct buf *b, str method, str path)
{
    if (!http_method_is_valid(method) || path.n == 0 || !http_ch_all(path, HTTP_CH_TARGET)) {
        b->failed = true;
        return;
    }
    put_line(b, (str[4]){method, S(" "), path, S(" HTTP/1.1\r\n")});
}

void http1_put_status_line(struct buf *b, int status)
{
    must(status >= 100 && status <= 999);
    char code[4] = {(char)('0' + status / 100), (char)('0' + status / 10 % 10),
                    (char)('0' + status % 10), ' '};
    str reason = str_from_cz(http_reason(status));
    put_line(b, (str[4]){S("HTTP/1.1 "), str_of(code, sizeof(code)), reason, S("\r\n")});
}

void http1_put_header(struct buf *b, str name, str value)
{
    if (!http_name_is_valid(name) || !http_value_is_valid(value)) {
        b->failed = true;
        return;
    }
    put_line(b, (str[4]){name, S(": "), value, S("\r\n")});
}

void http1_put_header_u64(struct buf *b, str name, uint64_t value)
{
    char digits[20]; /* of UINT64_MAX */
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    http1_put_header(b, name, str_of(digits + at, sizeof(digits) - at));
}

void http1_put_end(struct buf *b)
{
    buf_put(b, S("\r\n"));
}

size_t http1_chunk_head(size_t n, char out[HTTP1_CHUNK_HEAD])
{
    size_t digits = 1;
    for (size_t rest = n >> 4; rest > 0; rest >>= 4)
        digits++;
    for (size_t i = digits; i-- > 0; n >>= 4)
        out[i] = "0123456789abcdef"[n & 15];
    out[digits] = '\r';
    out[digits + 1] = '\n';
    return digits + 2;
}
