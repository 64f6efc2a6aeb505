/* HTTP/1.1 codec: bytes in, values out; no descriptor, no waiting (RFC 9110, RFC 9112).
 *
 * Parsing is llhttp in its strict mode followed by checks of our own (R-H1-*): everything that two
 * parsers could read differently is refused. A head is parsed once it is complete and contiguous,
 * so every str in a struct http_head points into the caller's bytes. Bodies are decoded
 * incrementally, without copying, into spans of the caller's bytes. Outgoing messages are always
 * written anew with http1_put_*; nothing is ever copied through from the other side's head.
 *
 * Refusals are -E_HTTP, -E_HEAD_TOO_LARGE, -E_HTTP_VERSION, -E_TRANSFER_CODING, -E_EXPECTATION,
 * -E_BODY_TOO_LARGE (length not representable); after any of them the connection is answered
 * (requests) and closed. */
#pragma once

#include <sys/uio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"

#define HTTP1_HEADERS_MAX 128

struct http_header {
    str name;
    str value; /* trimmed */
};

enum http_framing {
    HTTP_NO_BODY,
    HTTP_LENGTH, /* Content-Length */
    HTTP_CHUNKED,
    HTTP_TO_EOF, /* responses only: until the connection ends */
};

struct http_head {
    /* request */
    str method;
    str target; /* as sent */
    str path;   /* of the target; absolute-form reduced to its path ("/" when it has none); starts
                  with '/', not decoded; no dot segment, escaped slash or escaped control in it; or
                  "*" (OPTIONS only) */
    str query;  /* without '?' */
    /* response */
    int status;
    /* both */
    int minor; /* HTTP/1.x */
    enum http_framing framing;
    uint64_t length; /* HTTP_LENGTH */
    bool keep_alive; /* the connection may serve another message */
    bool expects_continue;
    struct http_header *headers; /* in the arena */
    size_t n_headers;
};

/* Offset behind the empty line that ends a head, or 0 when it is not there yet. `seen`: how many
 * bytes were searched before (0 at first). A bare LF ends the search as well: the parser refuses a
 * head with one, and nobody need wait for the rest. Leading CRLFs before a request line are
 * tolerated: http1_skip_blank says how many bytes (at most 2 empty lines), to be skipped first. */
size_t http1_head_end(str bytes, size_t seen);
size_t http1_skip_blank(str bytes);
/* Can these first bytes still become an HTTP/1 request head? False: refuse now instead of waiting
 * for more (TLS handshake, binary garbage, a first line with a control character or a bare LF).
 * Reads the first line only; an empty string, and blank lines in front, are plausible. */
bool http1_head_is_plausible(str bytes);

/* `head` is exactly one head, up to and with the empty line. */
NODISCARD int http1_parse_request(struct arena *a, str head, struct http_head *out);
/* `method` of the request it answers (a HEAD has no body). 1xx heads are parsed like others. An
 * answer without a body by its status that announces one all the same is not kept alive. */
NODISCARD int http1_parse_response(struct arena *a, str head, str method, struct http_head *out);
/* The value of a header by name (case-insensitive), S_EMPTY when absent. First one if several. */
str http_header_get(const struct http_head *h, str name);

/* A body decoder, chunked coding by llhttp. Fits into HTTP1_BODY_BYTES so that it can lie in any
 * struct. */
#define HTTP1_BODY_BYTES 160
struct http1_body {
    enum http_framing framing;
    bool done;        /* the last byte of the message has been seen */
    uint64_t left;    /* HTTP_LENGTH: bytes to come */
    uint64_t decoded; /* bytes delivered so far */
    _Alignas(8) char opaque[HTTP1_BODY_BYTES];
};
void http1_body_init(struct http1_body *b, const struct http_head *h, bool is_request);
/* Decodes up to n bytes into at most *n_spans spans pointing into p; *n_spans becomes their number,
 * *used the bytes consumed (less than n when spans ran out or the message ended: what follows
 * belongs to the next message). *n_spans > 0. Chunk extensions (<= 256 bytes per chunk, 8 KiB per
 * body) and trailers (<= 8 KiB) are checked and dropped; trailers that would change the framing are
 * refused. 0 or -E_HTTP, which stays; the spans then hold what was decoded before the fault. The
 * decoder may be moved between two feeds. */
NODISCARD int http1_body_feed(struct http1_body *b, const char *p, size_t n, struct iovec *spans,
                              size_t *n_spans, size_t *used);
/* The connection has ended: 0 if the message was complete by that, else -E_PROVIDER_TRUNCATED. */
NODISCARD int http1_body_eof(struct http1_body *b);

/* ---- writing ---- */
const char *http_reason(int status);                              /* "OK" */
void http1_put_request_line(struct buf *b, str method, str path); /* "POST /v1/x HTTP/1.1" */
void http1_put_status_line(struct buf *b, int status);
/* A value with a control character other than HTAB makes the buf fail (R-INJ). */
void http1_put_header(struct buf *b, str name, str value);
void http1_put_header_u64(struct buf *b, str name, uint64_t value);
void http1_put_end(struct buf *b);
/* "1f4\r\n" into out; returns its length. Chunk data is followed by "\r\n", a body ends with
 * HTTP1_LAST_CHUNK. */
#define HTTP1_CHUNK_HEAD 20
size_t http1_chunk_head(size_t n, char out[HTTP1_CHUNK_HEAD]);
#define HTTP1_LAST_CHUNK "0\r\n\r\n"

const char *http1_version_text(void); /* of llhttp: "9.2.1" */
