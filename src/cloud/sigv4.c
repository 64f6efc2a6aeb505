/* Signature Version 4, in the order of its definition: canonical request, string to sign, key,
 * signature.
 *
 * The canonical request is written straight into a buffer: method, path, sorted query, sorted
 * headers, their names, the hash of the body. What has to be sorted is collected into an array of
 * views first; the sort is an insertion sort, because it is stable (headers of one name are joined
 * in the order sent) and the arrays are short.
 *
 * The query is taken as it stands on the wire. Its escapes are brought into the canonical form
 * (upper-case digits, nothing escaped that need not be) by decoding and encoding each part once,
 * which is what the other side does with it. The path, in contrast, is encoded once more without
 * being decoded.
 *
 * The buffers that hold key material are on the stack and wiped. */
#include "cloud/sigv4.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/date.h"
#include "cloud/token.h"
#include "wire/base64.h"

#define ALGORITHM     S("AWS4-HMAC-SHA256")
#define CANONICAL_MAX ((size_t)4 << 20) /* heads are far smaller */

/* ---- time ---- */

#define TIME_TEXT 16 /* "20150830T123600Z" */

static str time_text(struct arena *a, int64_t wall_us)
{
    char full[25];
    char *out = arena_alloc(a, TIME_TEXT);
    str date = clock_format(wall_us, full);
    size_t n = 0;
    for (size_t i = 0; i < date.n && date.p[i] != '.'; i++) {
        if (date.p[i] != '-' && date.p[i] != ':')
            out[n++] = date.p[i];
    }
    must(n == TIME_TEXT - 1);
    out[n] = 'Z';
    return str_of(out, TIME_TEXT);
}

bool sigv4_clock_offset(str date_header, int64_t wall_us, int64_t *offset_us)
{
    int64_t there_us;
    if (!date_read_http(date_header, &there_us))
        return false;
    *offset_us = there_us - wall_us;
    return true;
}

/* ---- key ---- */

static str as_str(const uint8_t *bytes)
{
    return str_of((const char *)bytes, SHA256_BYTES);
}

void sigv4_key_derive(struct sigv4_key *key, str secret_access_key, const struct sigv4_scope *scope,
                      int64_t wall_us)
{
    struct arena a;
    arena_init(&a, 512, 4096);
    str date = str_slice(time_text(&a, wall_us), 0, SIGV4_DATE);
    if (memcmp(key->date, date.p, SIGV4_DATE) != 0) {
        struct buf secret;
        buf_init(&secret, 4096);
        buf_put(&secret, S("AWS4"));
        buf_put(&secret, secret_access_key);
        crypt_hmac_sha256(buf_str(&secret), date, key->bytes);
        crypt_hmac_sha256(as_str(key->bytes), scope->region, key->bytes);
        crypt_hmac_sha256(as_str(key->bytes), scope->service, key->bytes);
        crypt_hmac_sha256(as_str(key->bytes), S("aws4_request"), key->bytes);
        memcpy(key->date, date.p, SIGV4_DATE);
        if (secret.n > 0)
            explicit_bzero(secret.p, secret.n);
        buf_fini(&secret);
    }
    arena_fini(&a);
}

/* ---- the canonical path ---- */

/* Without dot segments and empty ones; a slash at the end stays. */
static str normalised(struct arena *a, str path)
{
    char *out = arena_alloc(a, path.n + 1);
    size_t n = 0;
    str rest = path, segment;
    while (rest.n > 0) {
        str_cut(rest, '/', &segment, &rest);
        bool is_up = str_eq(segment, S(".."));
        while (is_up && n > 0 && out[--n] != '/')
            ;
        if (segment.n == 0 || is_up || str_eq(segment, S(".")))
            continue;
        out[n++] = '/';
        memcpy(out + n, segment.p, segment.n);
        n += segment.n;
    }
    if (n == 0 || str_has_suffix(path, S("/")))
        out[n++] = '/';
    return str_of(out, n);
}

static void put_path(struct buf *b, const struct sigv4_signer *s, str path, struct arena *a)
{
    str left = s->keeps_segments ? path : normalised(a, path);
    if (s->keeps_escapes) {
        buf_put(b, left);
        return;
    }
    while (left.n > 0) {
        size_t end = str_find_char(left, '/');
        cloud_percent_encode(b, str_slice(left, 0, end));
        if (end != STR_NONE)
            buf_put_char(b, '/');
        left = end == STR_NONE ? S_EMPTY : str_skip(left, end + 1);
    }
}

/* ---- the canonical query ---- */

#define SIGNING_PAIRS 6 /* parameters that a presigned URL has besides its own */

struct pair {
    str name, value; /* encoded */
};

struct pairs {
    struct pair *at;
    size_t n, size;
};

static str decoded(struct arena *a, str s)
{
    char *out = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        int high = s.p[i] == '%' && i + 2 < s.n ? str_hex_value(s.p[i + 1]) : -1;
        int low = high >= 0 ? str_hex_value(s.p[i + 2]) : -1;
        out[n] = s.p[i];
        if (low >= 0) {
            out[n] = (char)(high << 4 | low);
            i += 2;
        }
        n++;
    }
    return str_of(out, n);
}

static str encoded(struct arena *a, str s)
{
    struct buf b;
    buf_init(&b, SIZE_MAX / 2);
    cloud_percent_encode(&b, s);
    str out = arena_str(a, buf_str(&b));
    buf_fini(&b);
    return out;
}

static void add_pair(struct pairs *pairs, str name, str value)
{
    must(pairs->n < pairs->size);
    pairs->at[pairs->n++] = (struct pair){.name = name, .value = value};
}

/* The pairs of a query as it was sent, with room for those that sign it. */
static struct pairs pairs_of(struct arena *a, str query)
{
    struct pairs pairs = {.size = SIGNING_PAIRS + 1};
    for (size_t i = 0; i < query.n; i++)
        pairs.size += query.p[i] == '&';
    pairs.at = arena_new_n(a, struct pair, pairs.size);
    str part, name, value;
    while (query.n > 0) {
        str_cut(query, '&', &part, &query);
        if (part.n == 0)
            continue;
        str_cut(part, '=', &name, &value);
        add_pair(&pairs, encoded(a, decoded(a, name)), encoded(a, decoded(a, value)));
    }
    return pairs;
}

static int compare_pairs(const struct pair *a, const struct pair *b)
{
    int order = str_cmp(a->name, b->name);
    return order != 0 ? order : str_cmp(a->value, b->value);
}

static void sort_pairs(struct pairs *pairs)
{
    for (size_t i = 1; i < pairs->n; i++) {
        struct pair moved = pairs->at[i];
        size_t to = i;
        for (; to > 0 && compare_pairs(&moved, &pairs->at[to - 1]) < 0; to--)
            pairs->at[to] = pairs->at[to - 1];
        pairs->at[to] = moved;
    }
}

static void put_query(struct buf *b, struct pairs *pairs)
{
    sort_pairs(pairs);
    for (size_t i = 0; i < pairs->n; i++) {
        if (i > 0)
            buf_put_char(b, '&');
        buf_put(b, pairs->at[i].name);
        buf_put_char(b, '=');
        buf_put(b, pairs->at[i].value);
    }
}

/* ---- the canonical headers ---- */

struct fields {
    struct http_header *at; /* names in lower case, sorted */
    size_t n;
};

static str lower_case(struct arena *a, str s)
{
    char *out = arena_alloc(a, s.n);
    for (size_t i = 0; i < s.n; i++)
        out[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + ('a' - 'A')) : s.p[i];
    return str_of(out, s.n);
}

/* The request's headers and the `more` that signing adds. */
static struct fields fields_of(struct arena *a, const struct sigv4_request *r,
                               const struct http_header *more, size_t n_more)
{
    struct fields f = {.n = r->n_headers + n_more};
    f.at = arena_new_n(a, struct http_header, f.n);
    for (size_t i = 0; i < f.n; i++) {
        const struct http_header *from =
            i < r->n_headers ? &r->headers[i] : &more[i - r->n_headers];
        struct http_header h = {.name = lower_case(a, from->name), .value = from->value};
        size_t to = i;
        for (; to > 0 && str_cmp(h.name, f.at[to - 1].name) < 0; to--)
            f.at[to] = f.at[to - 1];
        f.at[to] = h;
    }
    return f;
}

static bool is_repeated(const struct fields *f, size_t i)
{
    return i > 0 && str_eq(f->at[i].name, f->at[i - 1].name);
}

static str signed_names(struct arena *a, const struct fields *f)
{
    struct buf b;
    buf_init(&b, CANONICAL_MAX);
    for (size_t i = 0; i < f->n; i++) {
        if (is_repeated(f, i))
            continue;
        if (i > 0)
            buf_put_char(&b, ';');
        buf_put(&b, f->at[i].name);
    }
    str names = arena_str(a, buf_str(&b));
    buf_fini(&b);
    return names;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Trimmed, runs of white space (a folded line's, too) made one space. */
static void put_value(struct buf *b, str value)
{
    value = str_trim(value);
    for (size_t i = 0; i < value.n; i++) {
        if (!is_space(value.p[i]))
            buf_put_char(b, value.p[i]);
        else if (!is_space(value.p[i - 1]))
            buf_put_char(b, ' ');
    }
}

static void put_fields(struct buf *b, const struct fields *f)
{
    for (size_t i = 0; i < f->n; i++) {
        if (is_repeated(f, i)) {
            buf_put_char(b, ',');
        } else {
            if (i > 0)
                buf_put_char(b, '\n');
            buf_put(b, f->at[i].name);
            buf_put_char(b, ':');
        }
        put_value(b, f->at[i].value);
    }
    buf_put_char(b, '\n');
}

/* ---- the signature ---- */

/* What is signed, besides the request itself. */
struct canon {
    const struct sigv4_signer *signer;
    const struct sigv4_request *request;
    struct pairs pairs;
    struct fields fields;
    str names; /* of the fields */
    str time, scope;
};

static struct canon canon_begin(const struct sigv4_signer *s, const struct sigv4_request *r,
                                struct arena *a)
{
    struct canon c = {.signer = s,
                      .request = r,
                      .pairs = pairs_of(a, r->query),
                      .time = time_text(a, s->wall_us)};
    str date = str_slice(c.time, 0, SIGV4_DATE);
    must(memcmp(s->key->date, date.p, SIGV4_DATE) == 0);
    c.scope = arena_concat(
        a, (str[]){date, S("/"), s->scope.region, S("/"), s->scope.service, S("/aws4_request")}, 6);
    return c;
}

static void put_canonical_request(struct buf *b, struct canon *c, struct arena *a)
{
    buf_put(b, c->request->method);
    buf_put_char(b, '\n');
    put_path(b, c->signer, c->request->path, a);
    buf_put_char(b, '\n');
    put_query(b, &c->pairs);
    buf_put_char(b, '\n');
    put_fields(b, &c->fields);
    buf_put_char(b, '\n');
    buf_put(b, c->names);
    buf_put_char(b, '\n');
    buf_put(b, c->request->payload_hash);
}

static void put_string_to_sign(struct buf *b, struct canon *c, struct arena *a)
{
    uint8_t hash[SHA256_BYTES];
    struct buf request;
    buf_init(&request, CANONICAL_MAX);
    put_canonical_request(&request, c, a);
    must(buf_is_ok(&request));
    crypt_sha256(buf_str(&request), hash);
    buf_fini(&request);
    buf_put(b, ALGORITHM);
    buf_put_char(b, '\n');
    buf_put(b, c->time);
    buf_put_char(b, '\n');
    buf_put(b, c->scope);
    buf_put_char(b, '\n');
    buf_put_hex(b, as_str(hash));
}

static str signature(struct canon *c, struct arena *a)
{
    uint8_t hash[SHA256_BYTES];
    struct buf text;
    buf_init(&text, 4096);
    put_string_to_sign(&text, c, a);
    must(buf_is_ok(&text));
    crypt_hmac_sha256(as_str(c->signer->key->bytes), buf_str(&text), hash);
    buf_fini(&text);
    return crypt_to_hex(a, hash, sizeof hash);
}

str sigv4_payload_hash(struct arena *a, const struct iovec *pieces, size_t n)
{
    uint8_t hash[SHA256_BYTES];
    crypt_sha256_pieces(pieces, n, hash);
    return crypt_to_hex(a, hash, sizeof hash);
}

/* ---- in headers ---- */

static void add_header(struct sigv4_headers *h, str name, str value)
{
    h->at[h->n++] = (struct http_header){.name = name, .value = value};
}

void sigv4_sign(const struct sigv4_signer *s, const struct sigv4_request *r, struct arena *a,
                struct sigv4_headers *out)
{
    struct canon c = canon_begin(s, r, a);
    *out = (struct sigv4_headers){.n = 0};
    add_header(out, S("x-amz-date"), c.time);
    if (s->sends_payload_hash)
        add_header(out, S("x-amz-content-sha256"), r->payload_hash);
    size_t n_signed = out->n;
    if (s->session_token.n > 0)
        add_header(out, S("x-amz-security-token"), s->session_token);
    if (!s->has_unsigned_token)
        n_signed = out->n;
    c.fields = fields_of(a, r, out->at, n_signed);
    c.names = signed_names(a, &c.fields);
    str authorization =
        arena_concat(a,
                     (str[]){ALGORITHM, S(" Credential="), s->access_key_id, S("/"), c.scope,
                             S(", SignedHeaders="), c.names, S(", Signature="), signature(&c, a)},
                     9);
    add_header(out, S("authorization"), authorization);
}

/* ---- in the query ---- */

/* Into the URL, and among what is signed. */
static void put_parameter(struct buf *url, struct canon *c, str name, str value, bool is_signed)
{
    if (url->n > 0)
        buf_put_char(url, '&');
    buf_put(url, name);
    buf_put_char(url, '=');
    buf_put(url, value);
    if (is_signed)
        add_pair(&c->pairs, name, value);
}

str sigv4_presign(const struct sigv4_signer *s, const struct sigv4_request *r, unsigned expires_s,
                  struct arena *a)
{
    struct canon c = canon_begin(s, r, a);
    struct buf url;
    c.fields = fields_of(a, r, NULL, 0);
    c.names = signed_names(a, &c.fields);
    str credential = arena_concat(a, (str[]){s->access_key_id, S("/"), c.scope}, 3);
    buf_init(&url, CANONICAL_MAX);
    buf_put(&url, r->query);
    put_parameter(&url, &c, S("X-Amz-Algorithm"), ALGORITHM, true);
    put_parameter(&url, &c, S("X-Amz-Credential"), encoded(a, credential), true);
    put_parameter(&url, &c, S("X-Amz-Date"), c.time, true);
    put_parameter(&url, &c, S("X-Amz-SignedHeaders"), encoded(a, c.names), true);
    put_parameter(&url, &c, S("X-Amz-Expires"), arena_printf(a, "%u", expires_s), true);
    if (s->session_token.n > 0)
        put_parameter(&url, &c, S("X-Amz-Security-Token"), encoded(a, s->session_token),
                      !s->has_unsigned_token);
    put_parameter(&url, &c, S("X-Amz-Signature"), signature(&c, a), false);
    must(buf_is_ok(&url));
    str out = arena_str(a, buf_str(&url));
    buf_fini(&url);
    return out;
}

/* ---- bearer tokens ---- */

static const struct {
    str service, host, prefix;
} bearers[] = {
    [SIGV4_BEARER_BEDROCK] = {{"bedrock", 7},
                              {"bedrock.amazonaws.com", 21},
                              {"bedrock-api-key-", 16}},
    [SIGV4_BEARER_SAGEMAKER] = {{"sagemaker", 9},
                                {"sagemaker.amazonaws.com", 23},
                                {"sagemaker-api-key-", 18}},
};

str sigv4_bearer_service(enum sigv4_bearer kind)
{
    return bearers[kind].service;
}

str sigv4_bearer_token(enum sigv4_bearer kind, const struct sigv4_signer *s, unsigned expires_s,
                       struct arena *a)
{
    must(str_eq(s->scope.service, bearers[kind].service));
    struct http_header host = {.name = S("host"), .value = bearers[kind].host};
    struct sigv4_request r = {.method = S("POST"),
                              .path = S("/"),
                              .query = S("Action=CallWithBearerToken"),
                              .headers = &host,
                              .n_headers = 1,
                              .payload_hash = sigv4_payload_hash(a, NULL, 0)};
    str query = sigv4_presign(s, &r, expires_s, a);
    str url = arena_concat(a, (str[]){host.value, S("/?"), query, S("&Version=1")}, 4);
    return arena_concat(a, (str[]){bearers[kind].prefix, base64_encode(a, url)}, 2);
}
