/* The two uses of llhttp: finding the fields of a head, and decoding a chunked body.
 *
 * A head is given to llhttp whole. It reports where each field name lies and stops at the empty
 * line; http1_head.c then makes sure that every byte of the head is accounted for.
 *
 * A chunked body is decoded by an llhttp_t of its own, brought into its body state by a constant
 * head, so that a decoder can start anywhere and holds nothing of the message before. llhttp tells
 * neither how long a chunk-size line was nor how much extension or trailer it skipped, and it
 * bounds none of them. So we count framing bytes: all bytes since the last byte of chunk data, or
 * since the first trailer. The callbacks that carry a position (data, extension name, trailer name)
 * close the count, and the limits are tested there: at places of the message, not of the network,
 * so that a verdict does not depend on how the bytes were cut.
 *
 *     CR LF 1f4 ;name=value CR LF  data...
 *     |lead |digits |extension    |on_body
 *
 * llhttp pauses before a chunk for which no span is left, and behind the last byte of the body. */
#include "wire/http1.h"

#include <llhttp.h>

#include "base/err.h"
#include "wire/http1_scan.h"

/* ---- heads ---- */

#define HEADERS_FIRST 16 /* room for a usual head; doubled when it does not do */

struct scan {
    llhttp_t parser;
    struct arena *arena;
    struct http_header *headers;
    size_t n, size;
    bool too_many;
};

static void grow(struct scan *s)
{
    size_t size = s->size > 0 ? s->size * 2 : HEADERS_FIRST;
    struct http_header *wider = arena_alloc(s->arena, arena_mul(sizeof(*wider), size));
    for (size_t i = 0; i < s->n; i++)
        wider[i] = s->headers[i];
    s->headers = wider;
    s->size = size;
}

static int on_head_field(llhttp_t *parser, const char *at, size_t n)
{
    struct scan *s = container_of(parser, struct scan, parser);
    if (s->n == HTTP1_HEADERS_MAX) {
        s->too_many = true;
        return HPE_USER;
    }
    if (s->n == s->size)
        grow(s);
    s->headers[s->n++] = (struct http_header){.name = str_of(at, n)};
    return 0;
}

static int on_head_end(llhttp_t *parser)
{
    (void)parser;
    return HPE_PAUSED;
}

/* llhttp refuses a second Content-Length even when it repeats the first, which RFC 9112 6.3 lets a
 * client accept and which providers behind two proxies do send. Let it forget the first one: the
 * values are compared in http1_head.c. */
static int on_response_value_end(llhttp_t *parser)
{
    parser->flags = (uint16_t)(parser->flags & ~F_CONTENT_LENGTH);
    parser->content_length = 0;
    return 0;
}

static const llhttp_settings_t request_events = {
    .on_header_field = on_head_field,
    .on_headers_complete = on_head_end,
};
static const llhttp_settings_t response_events = {
    .on_header_field = on_head_field,
    .on_header_value_complete = on_response_value_end,
    .on_headers_complete = on_head_end,
};

int http1_scan(struct arena *a, str head, bool is_request, struct http_header **headers,
               size_t *n_headers)
{
    struct scan s = {.arena = a};
    if (is_request)
        llhttp_init(&s.parser, HTTP_REQUEST, &request_events);
    else
        llhttp_init(&s.parser, HTTP_RESPONSE, &response_events);
    llhttp_errno_t rc = llhttp_execute(&s.parser, head.p, head.n);
    if (s.too_many)
        return -E_HEAD_TOO_LARGE;
    if (rc != HPE_PAUSED)
        return -E_HTTP;
    *headers = s.headers;
    *n_headers = s.n;
    return 0;
}

/* ---- chunked bodies ---- */

#define SIZE_DIGITS_MAX     16
#define SIZE_MAX_BYTES      (UINT64_C(1) << 53)
#define EXTENSION_MAX       256u
#define EXTENSION_TOTAL_MAX 8192u
#define TRAILERS_MAX        8192u
#define CRLF_BYTES          2u
/* CRLF, size, extension, CRLF, and the CRLF that ends a body without trailers. */
#define FRAMING_MAX (CRLF_BYTES + SIZE_DIGITS_MAX + EXTENSION_MAX + CRLF_BYTES + CRLF_BYTES)

struct chunked {
    llhttp_t parser;
    struct iovec *spans; /* of the feed under way, like the next three */
    uint32_t n_spans, max_spans;
    const char *mark;      /* where the bytes not yet counted in `framing` begin */
    uint32_t framing;      /* framing bytes up to `mark` */
    uint32_t extension_at; /* `framing` at the ';' of this chunk; 0: no extension */
    uint32_t extension_total;
    uint32_t lead;     /* bytes of CRLF before this size line: 0 for the first, then 2 */
    bool size_is_open; /* a size line was read whose length is not judged yet */
    bool is_last;      /* it said 0 */
    bool in_trailers;
    bool is_broken; /* a limit of ours was passed; llhttp remembers its own refusals */
};
_Static_assert(sizeof(struct chunked) <= HTTP1_BODY_BYTES, "raise HTTP1_BODY_BYTES");
_Static_assert(_Alignof(struct chunked) <= 8, "align opaque");

static struct chunked *chunked_of(llhttp_t *parser)
{
    return container_of(parser, struct chunked, parser);
}

static size_t framing_at(const struct chunked *c, const char *at)
{
    return c->framing + (size_t)(at - c->mark);
}

static void count_from(struct chunked *c, const char *at)
{
    c->framing = 0;
    c->mark = at;
}

/* Judges a size line that ended when `framing` bytes were counted. */
static bool close_size_line(struct chunked *c, size_t framing)
{
    size_t end = framing - CRLF_BYTES;
    size_t digits = (c->extension_at > 0 ? c->extension_at : end) - c->lead;
    size_t extension = c->extension_at > 0 ? end - c->extension_at : 0;
    c->extension_total += (uint32_t)extension;
    c->extension_at = 0;
    c->lead = CRLF_BYTES;
    c->size_is_open = false;
    return digits <= SIZE_DIGITS_MAX && extension <= EXTENSION_MAX &&
           c->extension_total <= EXTENSION_TOTAL_MAX;
}

static int on_extension_name(llhttp_t *parser, const char *at, size_t n)
{
    (void)n;
    struct chunked *c = chunked_of(parser);
    if (c->extension_at == 0) /* not a further one, nor the rest of a name that was cut */
        c->extension_at = (uint32_t)MIN(framing_at(c, at) - 1, UINT32_MAX);
    return 0;
}

static int on_size(llhttp_t *parser)
{
    struct chunked *c = chunked_of(parser);
    if (parser->content_length > SIZE_MAX_BYTES)
        return HPE_USER;
    c->size_is_open = true;
    c->is_last = parser->content_length == 0;
    return !c->is_last && c->n_spans == c->max_spans ? HPE_PAUSED : 0;
}

static int on_chunk_bytes(llhttp_t *parser, const char *at, size_t n)
{
    struct chunked *c = chunked_of(parser);
    if (c->size_is_open && !close_size_line(c, framing_at(c, at)))
        return HPE_USER;
    must(c->n_spans < c->max_spans);
    c->spans[c->n_spans++] = (struct iovec){.iov_base = (void *)(uintptr_t)at, .iov_len = n};
    count_from(c, at + n);
    return 0;
}

static int on_trailer_field(llhttp_t *parser, const char *at, size_t n)
{
    (void)n;
    struct chunked *c = chunked_of(parser);
    if (!c->is_last || c->in_trailers) /* the constant head, or a later trailer */
        return 0;
    if (!close_size_line(c, framing_at(c, at)))
        return HPE_USER;
    c->in_trailers = true;
    count_from(c, at);
    return 0;
}

static int on_body_end(llhttp_t *parser)
{
    (void)parser;
    return HPE_PAUSED;
}

static const llhttp_settings_t chunked_events = {
    .on_chunk_extension_name = on_extension_name,
    .on_chunk_header = on_size,
    .on_body = on_chunk_bytes,
    .on_header_field = on_trailer_field,
    .on_message_complete = on_body_end,
};

static struct chunked *chunked_in(struct http1_body *b)
{
    return (struct chunked *)(void *)b->opaque;
}

static void chunked_init(struct chunked *c)
{
    static const char head[] = "POST / HTTP/1.1\r\nTransfer-Encoding:chunked\r\n\r\n";
    *c = (struct chunked){.lead = 0};
    llhttp_init(&c->parser, HTTP_REQUEST, &chunked_events);
    llhttp_errno_t rc = llhttp_execute(&c->parser, head, sizeof(head) - 1);
    must(rc == HPE_OK);
}

/* Behind an llhttp_execute that took the bytes up to `at`: is the framing within its limits? */
static bool framing_is_bounded(struct chunked *c, const char *at, bool done)
{
    size_t framing = framing_at(c, at);
    c->framing = (uint32_t)MIN(framing, UINT32_MAX);
    if (c->in_trailers)
        return framing <= TRAILERS_MAX + CRLF_BYTES;
    if (done)
        return close_size_line(c, framing - CRLF_BYTES);
    return framing <= FRAMING_MAX;
}

static int feed_chunked(struct http1_body *b, const char *p, size_t n, size_t *used)
{
    struct chunked *c = chunked_in(b);
    if (c->is_broken)
        return -E_HTTP;
    c->mark = p;
    if (llhttp_get_errno(&c->parser) == HPE_PAUSED)
        llhttp_resume(&c->parser);
    llhttp_errno_t rc = llhttp_execute(&c->parser, p, n);
    if (rc != HPE_OK && rc != HPE_PAUSED)
        return -E_HTTP;
    const char *at = rc == HPE_PAUSED ? llhttp_get_error_pos(&c->parser) : p + n;
    /* It pauses for want of spans only before a chunk that is not the last. */
    bool done = rc == HPE_PAUSED && c->is_last;
    c->is_broken = !framing_is_bounded(c, at, done);
    if (c->is_broken)
        return -E_HTTP;
    *used = (size_t)(at - p);
    b->done = done;
    return 0;
}

/* ---- bodies ---- */

void http1_body_init(struct http1_body *b, const struct http_head *h, bool is_request)
{
    must(!is_request || h->framing != HTTP_TO_EOF);
    b->framing = h->framing;
    b->left = h->framing == HTTP_LENGTH ? h->length : 0;
    b->decoded = 0;
    b->done = h->framing == HTTP_NO_BODY || (h->framing == HTTP_LENGTH && h->length == 0);
    if (h->framing == HTTP_CHUNKED)
        chunked_init(chunked_in(b));
}

/* Length and to-EOF framing: the bytes are the body. */
static size_t feed_plain(struct http1_body *b, const char *p, size_t n, struct iovec *span)
{
    size_t take = n;
    if (b->framing == HTTP_LENGTH) {
        take = (size_t)MIN((uint64_t)n, b->left);
        b->left -= take;
        b->done = b->left == 0;
    }
    *span = (struct iovec){.iov_base = (void *)(uintptr_t)p, .iov_len = take};
    return take;
}

/* style: six parameters, as the header explains them */
int http1_body_feed(struct http1_body *b, const char *p, size_t n, struct iovec *spans,
                    size_t *n_spans, size_t *used)
{
    must(*n_spans > 0);
    uint32_t max_spans = (uint32_t)MIN(*n_spans, UINT32_MAX);
    *n_spans = 0;
    *used = 0;
    if (b->done || n == 0)
        return 0;
    if (b->framing != HTTP_CHUNKED) {
        *used = feed_plain(b, p, n, spans);
        *n_spans = 1;
        b->decoded += *used;
        return 0;
    }
    struct chunked *c = chunked_in(b);
    c->spans = spans;
    c->n_spans = 0;
    c->max_spans = max_spans;
    int rc = feed_chunked(b, p, n, used);
    *n_spans = c->n_spans;
    for (size_t i = 0; i < *n_spans; i++)
        b->decoded += spans[i].iov_len;
    return rc;
}

int http1_body_eof(struct http1_body *b)
{
    if (b->framing == HTTP_TO_EOF)
        b->done = true;
    return b->done ? 0 : -E_PROVIDER_TRUNCATED;
}

#define TEXT_OF(x)    #x
#define VERSION_OF(x) TEXT_OF(x)

const char *http1_version_text(void)
{
    return VERSION_OF(LLHTTP_VERSION_MAJOR) "." VERSION_OF(LLHTTP_VERSION_MINOR) "." VERSION_OF(
        LLHTTP_VERSION_PATCH);
}
