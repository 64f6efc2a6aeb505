/* Heads of HTTP/1 messages: where they end, and what may stand in them.
 *
 * llhttp is the first reader of a head, these rules are the second, and a head must please both.
 * The second reading starts from the field names that llhttp found and demands that there is no
 * gap: the start line, and then each "name: value CRLF" directly behind the one before, up to the
 * empty line. A byte that llhttp skipped, or understood as belonging somewhere else, breaks the
 * chain. So no leniency of llhttp (it takes several spaces in a request line, for one) reaches the
 * rest of the program, and none that a later version might add.
 *
 * Then framing: one way to say how long a body is, said once (RFC 9112 6.3), or refusal. */
#include <string.h>

#include "base/err.h"
#include "wire/http1.h"
#include "wire/http1_field.h"
#include "wire/http1_scan.h"

#define LENGTH_MAX      (UINT64_C(1) << 53) /* what every JSON number can hold, too */
#define BLANK_LINES_MAX 2

/* ---- where a head begins and ends ---- */

size_t http1_head_end(str bytes, size_t seen)
{
    while (seen < bytes.n) {
        const char *lf = memchr(bytes.p + seen, '\n', bytes.n - seen);
        if (!lf)
            return 0;
        size_t at = (size_t)(lf - bytes.p);
        bool is_bare = at == 0 || lf[-1] != '\r';
        if (is_bare || (at >= 3 && lf[-2] == '\n' && lf[-3] == '\r'))
            return at + 1;
        seen = at + 1;
    }
    return 0;
}

size_t http1_skip_blank(str bytes)
{
    size_t n = 0;
    while (n < (size_t)BLANK_LINES_MAX * 2 && str_has_prefix(str_skip(bytes, n), S("\r\n")))
        n += 2;
    return n;
}

/* Can s still become "HTTP/x.y" and the end of the line? */
static bool version_is_plausible(str s)
{
    str http = S("HTTP/");
    size_t n = MIN(s.n, http.n);
    if (!str_eq(str_slice(s, 0, n), str_slice(http, 0, n)))
        return false;
    size_t cr = str_find_char(s, '\r');
    return cr == STR_NONE ? s.n <= S("HTTP/x.y").n : cr + 1 >= s.n || s.p[cr + 1] == '\n';
}

bool http1_head_is_plausible(str bytes)
{
    str s = str_skip(bytes, http1_skip_blank(bytes));
    if (s.n == 1 && s.p[0] == '\r')
        return true;
    size_t n = 0;
    while (n < s.n && n < HTTP_METHOD_MAX && http_ch_is(s.p[n], HTTP_CH_METHOD))
        n++;
    if (n == s.n)
        return true;
    if (n == 0 || s.p[n] != ' ')
        return false;
    size_t target = ++n;
    while (n < s.n && http_ch_is(s.p[n], HTTP_CH_TARGET))
        n++;
    if (n == s.n)
        return true;
    return n > target && s.p[n] == ' ' && version_is_plausible(str_skip(s, n + 1));
}

/* ---- the chain of lines ---- */

/* The start line without its CRLF, as far as the first CR. */
static str start_line(str head)
{
    size_t cr = str_find_char(head, '\r');
    return cr == STR_NONE ? head : str_slice(head, 0, cr);
}

/* Line i of the fields without its CRLF; empty if it does not end where the next one begins. */
static str field_line(str head, const struct http_head *h, size_t i)
{
    const char *from = h->headers[i].name.p;
    bool is_last = i + 1 == h->n_headers;
    const char *next = is_last ? head.p + head.n - 2 : h->headers[i + 1].name.p;
    if (next - from < 2 || next[-2] != '\r' || next[-1] != '\n')
        return S_EMPTY;
    return str_of(from, (size_t)(next - from) - 2);
}

static int read_field(str line, struct http_header *f)
{
    if (line.n <= f->name.n || line.p[f->name.n] != ':')
        return -E_HTTP;
    f->value = http_trim(str_skip(line, f->name.n + 1));
    return http_name_is_valid(f->name) && http_value_is_valid(f->value) ? 0 : -E_HTTP;
}

/* Fills the values, proving that the fields cover the head from behind `first` to its end. */
static int read_fields(str head, str first, struct http_head *out)
{
    const char *fields = out->n_headers > 0 ? out->headers[0].name.p : head.p + head.n - 2;
    if (fields != first.p + first.n + 2 || fields[-1] != '\n')
        return -E_HTTP;
    for (size_t i = 0; i < out->n_headers; i++) {
        int rc = read_field(field_line(head, out, i), &out->headers[i]);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* "HTTP/1.0" or "HTTP/1.1". */
static int read_version(str s, int *minor)
{
    if (s.n < 6 || !str_has_prefix(s, S("HTTP/")) || s.p[5] < '0' || s.p[5] > '9')
        return -E_HTTP;
    bool is_whole = s.n == 6 || (s.n == 8 && s.p[6] == '.' && s.p[7] >= '0' && s.p[7] <= '9');
    if (!is_whole)
        return -E_HTTP;
    if (s.n == 6 || s.p[5] != '1' || s.p[7] > '1')
        return -E_HTTP_VERSION;
    *minor = s.p[7] - '0';
    return 0;
}

/* ---- what the fields say about the message ---- */

struct facts {
    str host;
    str coding;
    uint64_t length;
    uint32_t n_host, n_coding, n_length;
    bool length_differs; /* repeated with another value */
    bool close, keep_alive;
    bool expects_continue, expects_other;
};

static int read_length(str s, uint64_t *out)
{
    uint64_t length = 0;
    if (s.n == 0)
        return -E_HTTP;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return -E_HTTP;
        length = length * 10 + (unsigned)(s.p[i] - '0');
        if (length > LENGTH_MAX)
            return -E_BODY_TOO_LARGE;
    }
    *out = length;
    return 0;
}

static int note_length(struct facts *f, str value)
{
    uint64_t length = 0;
    int rc = read_length(value, &length);
    f->length_differs |= f->n_length > 0 && length != f->length;
    f->length = length;
    f->n_length++;
    return rc;
}

static void note_connection(struct facts *f, str value)
{
    str token;
    while (http_list_next(&value, &token)) {
        f->close |= str_eq_nocase(token, S("close"));
        f->keep_alive |= str_eq_nocase(token, S("keep-alive"));
    }
}

static void note_expect(struct facts *f, str value)
{
    if (str_eq_nocase(value, S("100-continue")))
        f->expects_continue = true;
    else
        f->expects_other = true;
}

static int note_field(struct facts *f, const struct http_header *h)
{
    switch (h->name.n) {
    case sizeof("Host") - 1:
        if (str_eq_nocase(h->name, S("Host"))) {
            f->host = h->value;
            f->n_host++;
        }
        return 0;
    case sizeof("Expect") - 1:
        if (str_eq_nocase(h->name, S("Expect")))
            note_expect(f, h->value);
        return 0;
    case sizeof("Connection") - 1:
        if (str_eq_nocase(h->name, S("Connection")))
            note_connection(f, h->value);
        return 0;
    case sizeof("Content-Length") - 1:
        return str_eq_nocase(h->name, S("Content-Length")) ? note_length(f, h->value) : 0;
    case sizeof("Transfer-Encoding") - 1:
        if (str_eq_nocase(h->name, S("Transfer-Encoding"))) {
            f->coding = h->value;
            f->n_coding++;
        }
        return 0;
    default:
        return 0;
    }
}

static int note_fields(const struct http_head *h, struct facts *f)
{
    for (size_t i = 0; i < h->n_headers; i++) {
        int rc = note_field(f, &h->headers[i]);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Exactly "chunked". A well-formed list of other codings is not understood; anything else,
 * "chunked" more than once or before another coding included, is malformed. */
static int read_coding(str value)
{
    if (str_eq_nocase(value, S("chunked")))
        return 0;
    bool has_chunked = false;
    str coding;
    while (http_list_next(&value, &coding)) {
        if (has_chunked || !http_name_is_valid(coding))
            return -E_HTTP;
        has_chunked = str_eq_nocase(coding, S("chunked"));
    }
    return -E_TRANSFER_CODING;
}

/* RFC 9112 6.1 and 6.3, each choice that it leaves open taken for refusal. */
static int read_framing(const struct facts *f, struct http_head *out)
{
    out->keep_alive = !f->close && (out->minor == 1 || f->keep_alive);
    if (f->n_coding > 0) {
        if (f->n_length > 0 || f->n_coding > 1 || out->minor == 0)
            return -E_HTTP;
        out->framing = HTTP_CHUNKED;
        return read_coding(f->coding);
    }
    if (f->length_differs)
        return -E_HTTP;
    out->framing = f->n_length > 0 ? HTTP_LENGTH : HTTP_NO_BODY;
    out->length = f->length;
    return 0;
}

/* What both kinds of head have in common: the fields behind the start line `first`. */
static int read_head(struct arena *a, str head, bool is_request, struct http_head *out,
                     struct facts *f)
{
    int rc = http1_scan(a, head, is_request, &out->headers, &out->n_headers);
    if (rc == 0)
        rc = read_fields(head, start_line(head), out);
    if (rc == 0)
        rc = note_fields(out, f);
    if (rc == 0)
        rc = read_framing(f, out);
    return rc;
}

/* The rest of its being one head, no more and no less, is read_fields' proof. */
static bool is_one_head(str head)
{
    return str_has_suffix(head, S("\r\n\r\n")) && head.p[0] != '\r';
}

/* ---- requests ---- */

static int read_request_line(str line, struct http_head *out)
{
    str rest;
    str version;
    if (!str_cut(line, ' ', &out->method, &rest) || !str_cut(rest, ' ', &out->target, &version))
        return -E_HTTP;
    if (!http_method_is_valid(out->method))
        return -E_HTTP;
    return read_version(version, &out->minor);
}

/* RFC 9112 3.2: one valid Host, and none that contradicts an absolute target. */
static int read_target(const struct facts *f, struct http_head *out)
{
    struct http_target target;
    struct http_authority host;
    if (!http_target_read(out->method, out->target, &target))
        return -E_HTTP;
    if (f->n_host > 1 || (f->n_host == 0 && out->minor == 1))
        return -E_HTTP;
    if (f->n_host == 1 && !http_authority_read(f->host, &host))
        return -E_HTTP;
    if (f->n_host == 1 && target.is_absolute && !http_target_is_for(&target, &host))
        return -E_HTTP;
    out->path = target.path;
    out->query = target.query;
    return 0;
}

static int read_expectation(const struct facts *f, struct http_head *out)
{
    if (out->minor == 0) /* RFC 9110 10.1.1: to be ignored */
        return 0;
    out->expects_continue = f->expects_continue;
    return f->expects_other ? -E_EXPECTATION : 0;
}

int http1_parse_request(struct arena *a, str head, struct http_head *out)
{
    *out = (struct http_head){.framing = HTTP_NO_BODY};
    struct facts f = {.n_host = 0};
    if (!is_one_head(head))
        return -E_HTTP;
    int rc = read_request_line(start_line(head), out);
    if (rc == 0 && str_eq(out->method, S("CONNECT")))
        rc = -E_HTTP; /* no tunnels, and llhttp frames it differently */
    if (rc == 0)
        rc = read_head(a, head, true, out, &f);
    if (rc == 0)
        rc = read_target(&f, out);
    if (rc == 0)
        rc = read_expectation(&f, out);
    return rc;
}

/* ---- responses ---- */

/* "HTTP/1.1 200 OK"; the reason may be missing with or without the space before it. */
static int read_status_line(str line, struct http_head *out)
{
    str version;
    str rest;
    if (!str_cut(line, ' ', &version, &rest))
        return -E_HTTP;
    int rc = read_version(version, &out->minor);
    if (rc < 0)
        return rc;
    uint64_t status = 0;
    if (!str_to_u64(str_slice(rest, 0, 3), &status) || status < 100 || status > 599)
        return -E_HTTP;
    if (rest.n > 3 && (rest.p[3] != ' ' || !http_value_is_valid(str_skip(rest, 4))))
        return -E_HTTP;
    out->status = (int)status;
    return 0;
}

/* RFC 9112 6.3: the answers that end with their head, whatever their fields say. */
static void read_response_framing(str method, struct http_head *out)
{
    bool is_bodiless = out->status < 200 || out->status == 204;
    bool announces = out->framing == HTTP_CHUNKED || out->length > 0;
    if (is_bodiless || out->status == 304 || str_eq(method, S("HEAD"))) {
        /* A sender that frames a body where none can be may also send it. */
        if (is_bodiless && announces)
            out->keep_alive = false;
        out->framing = HTTP_NO_BODY;
        out->length = 0;
    } else if (out->framing == HTTP_NO_BODY) {
        out->framing = HTTP_TO_EOF;
        out->keep_alive = false;
    }
}

int http1_parse_response(struct arena *a, str head, str method, struct http_head *out)
{
    *out = (struct http_head){.framing = HTTP_NO_BODY};
    struct facts f = {.n_host = 0};
    if (!is_one_head(head))
        return -E_HTTP;
    int rc = read_status_line(start_line(head), out);
    if (rc == 0)
        rc = read_head(a, head, false, out, &f);
    if (rc == 0)
        read_response_framing(method, out);
    return rc;
}

str http_header_get(const struct http_head *h, str name)
{
    for (size_t i = 0; i < h->n_headers; i++)
        if (str_eq_nocase(h->headers[i].name, name))
            return h->headers[i].value;
    return S_EMPTY;
}
