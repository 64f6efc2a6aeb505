/* The words around a multipart body: the boundary in its Content-Type, the heads of its parts.
 *
 * A gateway that decides by the part named `model` must read part heads as the provider will.
 * Parsers differ in what they make of odd ones, so what can be read in two ways is refused: folded
 * lines, two dispositions, two names, a backslash in a name, an escaped quote anywhere (is it the
 * end?), a transfer encoding that changes the bytes. filename* is a file's name like any other;
 * name* does not exist (RFC 7578, section 4.2, and browsers agree), so it names nothing. */
#include "wire/multipart_head.h"

#include <string.h>

#include "wire/multipart.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_token(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_alphanumeric(s.p[i]) && (s.p[i] == '\0' || !strchr("!#$%&'*+-.^_`|~", s.p[i])))
            return false;
    }
    return s.n > 0;
}

struct parameter {
    str name;
    str value; /* without its quotes */
};

/* Cuts a quoted value off: *rest is behind its closing quote. */
static bool cut_quoted(str *rest, str *value)
{
    size_t n = str_find_char(str_skip(*rest, 1), '"');
    if (n == STR_NONE)
        return false;
    *value = str_slice(*rest, 1, 1 + n);
    *rest = str_skip(*rest, n + 2);
    return n == 0 || value->p[n - 1] != '\\';
}

static bool cut_plain(str *rest, str *value)
{
    size_t n = 0;
    while (n < rest->n && rest->p[n] != ';' && rest->p[n] != '"' && !is_blank(rest->p[n]))
        n++;
    *value = str_slice(*rest, 0, n);
    *rest = str_skip(*rest, n);
    return n > 0;
}

/* Cuts `; name=value` off. False at the end, and with *why when it is broken. */
static bool next_parameter(str *rest, struct parameter *out, const char **why)
{
    *rest = str_trim(*rest);
    if (rest->n == 0 || str_eq(*rest, S(";")))
        return false;
    *why = "a parameter is malformed";
    if (rest->p[0] != ';' || !str_cut(str_skip(*rest, 1), '=', &out->name, rest))
        return false;
    while (out->name.n > 0 && is_blank(out->name.p[0]))
        out->name = str_skip(out->name, 1);
    if (!is_token(out->name))
        return false;
    bool is_quoted = rest->n > 0 && rest->p[0] == '"';
    if (!(is_quoted ? cut_quoted(rest, &out->value) : cut_plain(rest, &out->value)))
        return false;
    *why = NULL;
    return true;
}

/* RFC 2046, section 5.1.1. */
static bool is_boundary(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_alphanumeric(s.p[i]) && (s.p[i] == '\0' || !strchr("'()+_,-./:=? ", s.p[i])))
            return false;
    }
    return s.n > 0 && s.n <= 70 && s.p[s.n - 1] != ' ';
}

bool multipart_boundary(str content_type, str *boundary)
{
    size_t n = str_find_char(content_type, ';');
    str type = str_trim(str_slice(content_type, 0, n));
    str rest = str_skip(content_type, n);
    if (!str_eq_nocase(type, S("multipart/form-data")))
        return false;
    const char *why = NULL;
    size_t n_found = 0;
    struct parameter p;
    while (next_parameter(&rest, &p, &why)) {
        if (!str_eq_nocase(p.name, S("boundary")))
            continue;
        *boundary = p.value;
        n_found++;
    }
    return !why && n_found == 1 && is_boundary(*boundary);
}

static const char *read_disposition(str value, struct multipart_head *out)
{
    size_t n = str_find_char(value, ';');
    str type = str_trim(str_slice(value, 0, n));
    str rest = str_skip(value, n);
    if (!str_eq_nocase(type, S("form-data")))
        return "a part is no form-data";
    const char *why = NULL;
    size_t n_names = 0;
    struct parameter p;
    while (next_parameter(&rest, &p, &why)) {
        if (str_eq_nocase(p.name, S("name"))) {
            out->name = p.value;
            n_names++;
        } else if (str_eq_nocase(p.name, S("filename")) || str_eq_nocase(p.name, S("filename*"))) {
            out->is_file = true;
        }
    }
    if (why)
        return why;
    if (n_names != 1)
        return "a part must have one name";
    return str_find_char(out->name, '\\') == STR_NONE ? NULL : "a backslash in the name of a part";
}

static bool keeps_bytes(str transfer_encoding)
{
    return str_eq_nocase(transfer_encoding, S("binary")) ||
           str_eq_nocase(transfer_encoding, S("8bit")) ||
           str_eq_nocase(transfer_encoding, S("7bit"));
}

static bool is_printable(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

const char *multipart_read_head(str head, struct multipart_head *out)
{
    *out = (struct multipart_head){0};
    size_t n_dispositions = 0;
    str line;
    while (str_cut(head, '\n', &line, &head)) {
        line = str_slice(line, 0, line.n - 1); /* the CR */
        if (line.n == 0)
            break;
        str name, value;
        if (!str_cut(line, ':', &name, &value) || !is_token(name) || !is_printable(value))
            return "a line in the head of a part is malformed";
        value = str_trim(value);
        if (str_eq_nocase(name, S("content-transfer-encoding")) && !keeps_bytes(value))
            return "a part has a transfer encoding";
        if (!str_eq_nocase(name, S("content-disposition")))
            continue;
        n_dispositions++;
        const char *why = read_disposition(value, out);
        if (why)
            return why;
    }
    return n_dispositions == 1 ? NULL : "a part must have one Content-Disposition";
}
