/* Answers of token endpoints, and the encodings that requests to them need.
 *
 * Servers disagree on little things: expires_in comes as a number or as text, some say when the
 * token ends instead of how long it lives, some answer an error with a success status. All that is
 * accepted here; what is not accepted is an answer without a token.
 *
 * A refusal is shown to whoever runs the gateway, so the server's own words are worth more than a
 * status; they are cut and cleaned, because they go into logs and error messages. */
#include "cloud/token.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/utf8.h"
#include "cloud/xml.h"
#include "wire/base64.h"
#include "wire/http1_field.h"
#include "wire/json.h"

#define LIFE_S      3600 /* of a token whose answer does not say */
#define US_PER_S    INT64_C(1000000)
#define REFUSAL_MAX 300 /* bytes */
#define BASIC_MAX   (64u << 10)

/* ---- requests ---- */

void cloud_header(struct cloud_request *r, str name, str value)
{
    must(r->n_headers < CLOUD_HEADERS_MAX);
    r->headers[r->n_headers++] = (struct http_header){.name = name, .value = value};
}

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void cloud_percent_encode(struct buf *out, str s)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (is_unreserved(s.p[i])) {
            buf_put_char(out, s.p[i]);
            continue;
        }
        buf_put_char(out, '%');
        buf_put_char(out, digits[c >> 4]);
        buf_put_char(out, digits[c & 15]);
    }
}

void cloud_form_put(struct buf *form, str name, str value)
{
    if (form->n > 0)
        buf_put_char(form, '&');
    cloud_percent_encode(form, name);
    buf_put_char(form, '=');
    cloud_percent_encode(form, value);
}

str cloud_basic(struct arena *a, str id, str secret)
{
    struct buf pair;
    buf_init(&pair, BASIC_MAX);
    cloud_percent_encode(&pair, id);
    buf_put_char(&pair, ':');
    cloud_percent_encode(&pair, secret);
    str value = arena_concat(a, (str[]){S("Basic "), base64_encode(a, buf_str(&pair))}, 2);
    buf_fini(&pair);
    return value;
}

/* ---- refusals ---- */

/* One line of printable characters, not too long. */
static str cleaned(struct arena *a, str text)
{
    struct buf out;
    text = str_trim(text);
    str rest = text;
    buf_init(&out, REFUSAL_MAX + 3);
    while (rest.n > 0) {
        struct utf8 c = utf8_at(rest);
        bool is_shown = c.valid && c.code >= ' ' && (c.code < 0x7f || c.code > 0x9f);
        if (out.n + c.n > REFUSAL_MAX)
            break;
        buf_put(&out, is_shown ? str_slice(rest, 0, c.n) : S("?"));
        rest = str_skip(rest, c.n);
    }
    if (rest.n > 0)
        buf_put(&out, S("..."));
    str line = arena_str(a, buf_str(&out));
    buf_fini(&out);
    return line;
}

/* "code: text", or the one that is there. */
static str joined(struct arena *a, str code, str text)
{
    if (code.n == 0 || text.n == 0)
        return code.n > 0 ? code : text;
    return arena_concat(a, (str[]){code, S(": "), text}, 3);
}

static str refusal_of_json(struct arena *a, const struct json *root)
{
    const struct json *error = json_get(root, "error");
    if (json_is_str(error))
        return joined(a, json_str(error), json_str(json_get(root, "error_description")));
    if (error)
        return joined(a, json_str(json_get(error, "status")), json_str(json_get(error, "message")));
    str text = json_str(json_get(root, "message"));
    if (text.n == 0)
        text = json_str(json_get(root, "Message"));
    str code = json_str(json_get(root, "Code"));
    if (code.n == 0)
        code = json_str(json_get(root, "code"));
    return joined(a, code, text);
}

str cloud_refusal(struct arena *a, int status, str body)
{
    const struct json *root;
    size_t error_at;
    str text = S_EMPTY, head, tail;
    body = str_trim(body);
    if (body.n > 0 && body.p[0] == '{' && json_read(a, body, &root, &error_at) == 0)
        text = refusal_of_json(a, root);
    else if (str_has_prefix(body, S("<")))
        text = joined(a, xml_text(a, body, S("Code")), xml_text(a, body, S("Message")));
    if (text.n == 0) {
        str_cut(body, '\n', &head, &tail);
        text = head;
    }
    text = cleaned(a, text);
    if (text.n == 0)
        return arena_printf(a, "status %d", status);
    return arena_printf(a, "status %d, " STR_FMT, status, STR_ARG(text));
}

/* ---- tokens ---- */

/* A count of seconds as a number, or as the text of one. */
static bool read_seconds(const struct json *v, int64_t *out)
{
    double d;
    if (!v)
        return false;
    if (json_i64(v, out) || str_to_i64(json_str(v), out))
        return true;
    if (!json_double(v, &d) || !(d >= 0 && d < (double)CLOUD_LIFE_MAX_S))
        return false;
    *out = (int64_t)d;
    return true;
}

static int64_t expiry(const struct json *root, int64_t asked_us)
{
    int64_t life_s = LIFE_S, at_s;
    if (!read_seconds(json_get(root, "expires_in"), &life_s) &&
        read_seconds(json_get(root, "expires_on"), &at_s)) {
        int64_t asked_s = asked_us / US_PER_S;
        life_s = at_s > asked_s ? at_s - asked_s : 0;
    }
    return asked_us + MIN(MAX(life_s, 0), CLOUD_LIFE_MAX_S) * US_PER_S;
}

int cloud_token_read(struct arena *a, str json, int64_t asked_us, struct cloud_token *out, str *why)
{
    const struct json *root;
    size_t error_at;
    if (json_read(a, json, &root, &error_at) < 0) {
        *why = S("the answer is no JSON");
        return -E_PROVIDER_BODY;
    }
    str token = json_str(json_get(root, "access_token"));
    str type = json_str(json_get(root, "token_type"));
    if (token.n == 0) {
        str refusal = refusal_of_json(a, root);
        *why = refusal.n > 0 ? cleaned(a, refusal) : S("the answer has no access_token");
        return -E_PROVIDER_BODY;
    }
    if (!http_value_is_valid(token)) {
        *why = S("the answer's access_token is no header value");
        return -E_PROVIDER_BODY;
    }
    if (type.n > 0 && !str_eq_nocase(type, S("Bearer"))) {
        *why =
            arena_printf(a, "the token_type is " STR_FMT ", not Bearer", STR_ARG(cleaned(a, type)));
        return -E_PROVIDER_BODY;
    }
    *out = (struct cloud_token){.value = token, .expires_us = expiry(root, asked_us)};
    return 0;
}
