/* What the parts of an HTTP message may be made of, whatever version carried them (RFC 9110).
 *
 * The HTTP/1 codec applies these rules on top of llhttp; another version of HTTP applies the same
 * ones to its decoded fields, so that no message is acceptable in one framing and not in the other.
 * Pure functions over views; nothing is copied, decoded or normalised: what two readers could
 * understand differently is refused instead. */
#pragma once

#include "base/defs.h"
#include "base/str.h"

/* Classes of bytes, to be or-ed; all of them are ASCII but HTTP_CH_VALUE. */
enum http_ch {
    HTTP_CH_TOKEN = 0x01,  /* RFC 9110 5.6.2 tchar */
    HTTP_CH_VALUE = 0x02,  /* HTAB, SP, visible ASCII, obs-text */
    HTTP_CH_TARGET = 0x04, /* visible ASCII but '#' */
    HTTP_CH_HOST = 0x08,   /* reg-name without '%' and ',' */
    HTTP_CH_HEX = 0x10,
    HTTP_CH_METHOD = 0x20, /* upper-case letters and '-' */
};

#define HTTP_METHOD_MAX 32

extern const uint8_t http_ch_table[256];

static inline bool http_ch_is(char c, enum http_ch classes)
{
    return (http_ch_table[(uint8_t)c] & classes) != 0;
}
/* Are all bytes of s of that class? True for the empty one. */
bool http_ch_all(str s, enum http_ch classes);

str http_trim(str s);            /* without leading and trailing SP and HTAB */
bool http_name_is_valid(str s);  /* a token, not empty */
bool http_value_is_valid(str s); /* no control character but HTAB; may be empty */
bool http_method_is_valid(str s);

/* Cuts the next element off a comma-separated list, trimmed; false when the list is used up. Empty
 * elements are delivered, so that a caller may refuse them. Begin with *rest = the whole value. */
bool http_list_next(str *rest, str *element);

struct http_authority {
    str host;      /* not empty; an IP literal keeps its brackets */
    unsigned port; /* 0: none given */
};
/* "host", "host:port", "[::1]:port"; no userinfo, no escapes, no white space. */
bool http_authority_read(str s, struct http_authority *out);

struct http_target {
    str path;  /* begins with '/', or is "*" */
    str query; /* without '?' */
    bool is_absolute;
    struct http_authority authority; /* of an absolute target */
    unsigned default_port;           /* of its scheme */
};
/* Reads a request target in origin-form, absolute-form (http and https) or, for OPTIONS, "*".
 * Refuses what is not visible ASCII, fragments, and paths that somebody behind us might resolve to
 * another path: dot segments (also as %2e, also with parameters), a backslash, a slash, a backslash
 * or a control character in escaped form, a broken escape. */
bool http_target_read(str method, str target, struct http_target *out);
/* Do the authority of an absolute target and the Host field name the same server? */
bool http_target_is_for(const struct http_target *t, const struct http_authority *host);
