/* The signing suite of aws-c-auth: every case signed in headers and in the query, compared at each
 * step: canonical request, string to sign, signature, signed request. */
#include "cloud/sigv4.c"

#include <dirent.h>
#include <stdlib.h>

#include "base/pool.h"
#include "tap.h"
#include "vectors.h"
#include "wire/json.h"

#define SUITE       "aws-sigv4/tests/aws-signing-test-suite/v4"
#define HEADERS_MAX 16

static struct arena arena; /* of one case */

struct sample {
    const char *folder, *name;
    const struct json *context;
    struct http_header headers[HEADERS_MAX];
    struct sigv4_request request;
    struct sigv4_key key;
    struct sigv4_signer signer;
    unsigned expires_s;
    str target, head, body; /* of the request; head: its header lines */
};

static str file(const struct sample *c, const char *name)
{
    str path = arena_printf(&arena, "%s/%s/%s.txt", c->folder, c->name, name);
    str text = vectors_read(&arena, arena_cz(&arena, path));
    return str_has_suffix(text, S("\n")) ? str_slice(text, 0, text.n - 1) : text;
}

/* A header goes on in lines that begin with white space. */
static str take_header(str *rest)
{
    size_t end = 0;
    do {
        size_t line = str_find_char(str_skip(*rest, end), '\n');
        end = line == STR_NONE ? rest->n : end + line + 1;
    } while (end < rest->n && (rest->p[end] == ' ' || rest->p[end] == '\t'));
    str header = str_slice(*rest, 0, end);
    *rest = str_skip(*rest, end);
    return header;
}

static void read_request(struct sample *c)
{
    str path = arena_printf(&arena, "%s/%s/request.txt", c->folder, c->name);
    str text = vectors_read(&arena, arena_cz(&arena, path)), line;
    str_cut(text, '\n', &line, &text);
    line = str_slice(line, 0, line.n - S(" HTTP/1.1").n);
    str_cut(line, ' ', &c->request.method, &c->target);
    str_cut(c->target, '?', &c->request.path, &c->request.query);
    size_t end = str_find(text, S("\n\n"));
    c->head = end == STR_NONE ? text : str_slice(text, 0, end + 1);
    c->body = end == STR_NONE ? S_EMPTY : str_skip(text, end + 2);
    str rest = c->head;
    while (rest.n > 0) {
        struct http_header *h = &c->headers[c->request.n_headers++];
        str_cut(take_header(&rest), ':', &h->name, &h->value);
    }
    struct iovec piece = {.iov_base = (void *)(uintptr_t)c->body.p, .iov_len = c->body.n};
    c->request.headers = c->headers;
    c->request.payload_hash = sigv4_payload_hash(&arena, &piece, 1);
}

static bool read_context(struct sample *c)
{
    size_t error_at;
    str path = arena_printf(&arena, "%s/%s/context.json", c->folder, c->name);
    str text = vectors_read(&arena, arena_cz(&arena, path));
    if (text.n == 0 || json_read(&arena, text, &c->context, &error_at) < 0)
        return false;
    const struct json *keys = json_get(c->context, "credentials");
    int64_t expires_s = 0;
    (void)json_i64(json_get(c->context, "expiration_in_seconds"), &expires_s);
    c->expires_s = (unsigned)expires_s;
    c->signer = (struct sigv4_signer){
        .access_key_id = json_str(json_get(keys, "access_key_id")),
        .session_token = json_str(json_get(keys, "token")),
        .scope = {.region = json_str(json_get(c->context, "region")),
                  .service = json_str(json_get(c->context, "service"))},
        .key = &c->key,
        .keeps_segments = !json_bool(json_get(c->context, "normalize"), true),
        .has_unsigned_token = json_bool(json_get(c->context, "omit_session_token"), false),
        .sends_payload_hash = json_bool(json_get(c->context, "sign_body"), false),
    };
    ok(date_read(json_str(json_get(c->context, "timestamp")), &c->signer.wall_us), "a timestamp");
    sigv4_key_derive(&c->key, json_str(json_get(keys, "secret_access_key")), &c->signer.scope,
                     c->signer.wall_us);
    return true;
}

static void is_made(const struct sample *c, const char *what, const struct buf *b)
{
    str name = arena_printf(&arena, "%s: %s", c->name, what);
    is_str(buf_str(b), file(c, what), arena_cz(&arena, name));
}

/* The two texts that lead to a signature. */
static void check_steps(struct sample *c, struct canon *canon, const char *request,
                        const char *string)
{
    struct buf b;
    buf_init(&b, CANONICAL_MAX);
    put_canonical_request(&b, canon, &arena);
    is_made(c, request, &b);
    buf_reset(&b);
    put_string_to_sign(&b, canon, &arena);
    is_made(c, string, &b);
    buf_fini(&b);
}

static void put_signed(struct buf *b, const struct sample *c, str target,
                       const struct sigv4_headers *more)
{
    buf_printf(b, STR_FMT " " STR_FMT " HTTP/1.1\n" STR_FMT, STR_ARG(c->request.method),
               STR_ARG(target), STR_ARG(c->head));
    for (size_t i = 0; i < more->n; i++)
        buf_printf(b, STR_FMT ":" STR_FMT "\n", STR_ARG(more->at[i].name),
                   STR_ARG(more->at[i].value));
    buf_printf(b, "\n" STR_FMT, STR_ARG(c->body));
}

static str sorted_lines(str text);

static void check_signed(const struct sample *c, const char *what, str target,
                         const struct sigv4_headers *more)
{
    struct buf b;
    buf_init(&b, CANONICAL_MAX);
    put_signed(&b, c, target, more);
    str name = arena_printf(&arena, "%s: %s", c->name, what);
    str want = file(c, what);
    is_str(sorted_lines(buf_str(&b)), sorted_lines(want), arena_cz(&arena, name));
    buf_fini(&b);
}

/* Header names in lower case, lines sorted: the order of new headers is nobody's concern. */
static str sorted_lines(str text)
{
    str lines[64], line;
    size_t n = 0;
    while (text.n > 0 && n < ARRAY_LEN(lines)) {
        str_cut(text, '\n', &line, &text);
        str name, value;
        if (str_cut(line, ':', &name, &value))
            line = arena_concat(&arena, (str[]){lower_case(&arena, name), S(":"), value}, 3);
        if (line.n == 0)
            continue;
        size_t to = n++;
        for (; to > 0 && str_cmp(line, lines[to - 1]) < 0; to--)
            lines[to] = lines[to - 1];
        lines[to] = line;
    }
    str out = S_EMPTY;
    for (size_t i = 0; i < n; i++)
        out = arena_concat(&arena, (str[]){out, lines[i], S("\n")}, 3);
    return out;
}

static void check_headers(struct sample *c)
{
    struct sigv4_headers headers;
    sigv4_sign(&c->signer, &c->request, &arena, &headers);
    size_t n_signed = headers.n - 1;
    if (c->signer.session_token.n > 0 && c->signer.has_unsigned_token)
        n_signed--;
    struct canon canon = canon_begin(&c->signer, &c->request, &arena);
    canon.fields = fields_of(&arena, &c->request, headers.at, n_signed);
    canon.names = signed_names(&arena, &canon.fields);
    check_steps(c, &canon, "header-canonical-request", "header-string-to-sign");
    ok(str_has_suffix(headers.at[headers.n - 1].value, file(c, "header-signature")), c->name);
    check_signed(c, "header-signed-request", c->target, &headers);
}

static void check_query(struct sample *c)
{
    str query = sigv4_presign(&c->signer, &c->request, c->expires_s, &arena);
    ok(str_has_suffix(query, file(c, "query-signature")), c->name);
    struct canon canon = canon_begin(&c->signer, &c->request, &arena);
    canon.fields = fields_of(&arena, &c->request, NULL, 0);
    canon.names = signed_names(&arena, &canon.fields);
    str own = str_slice(query, 0, str_find(query, S("&X-Amz-Signature=")));
    size_t token = str_find(own, S("&X-Amz-Security-Token="));
    if (c->signer.has_unsigned_token && token != STR_NONE)
        own = str_slice(own, 0, token);
    canon.pairs = pairs_of(&arena, own);
    check_steps(c, &canon, "query-canonical-request", "query-string-to-sign");
    str target = arena_concat(&arena, (str[]){c->request.path, S("?"), query}, 3);
    check_signed(c, "query-signed-request", target, &(struct sigv4_headers){.n = 0});
}

int main(void)
{
    static struct sample c;
    static char path[4096];
    size_t n = 0;
    arena_init(&arena, 4096, 16 << 20);
    const char *folder = vectors_path(&arena, SUITE);
    DIR *d = folder ? opendir(folder) : NULL;
    if (!d) {
        tap_skip("no vectors");
        return tap_done();
    }
    (void)snprintf(path, sizeof path, "%s", folder);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        c = (struct sample){.folder = path, .name = e->d_name};
        arena_fini(&arena);
        if (e->d_name[0] == '.' || !read_context(&c))
            continue;
        read_request(&c);
        check_headers(&c);
        check_query(&c);
        n++;
    }
    closedir(d);
    is_int(n, 38, "cases of the suite");
    arena_fini(&arena);
    pool_trim();
    return tap_done();
}
