/* Request framing vectors, run through the HTTP/1 codec as a server would use it.
 *
 * Each payload arrives whole, cut in two at every place, and byte by byte; it must meet with the
 * same fate every time: the same code, as many requests served, the same bytes in them. "reject"
 * means refused with nothing served, "accept" one request and nothing left over, and
 * "either-consistent" at most one request; only the pipelining control holds two. The vectors are
 * read where THROWBAR_VECTORS says; without them the test is skipped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tap.h"
#include "wire/http1.h"

#define HEAD_MAX (32u * 1024) /* the limit that server.limits.header has by default */
#define SPANS    4

struct server {
    struct arena arena; /* of the request under way */
    struct http1_body body;
    bool in_body;
    size_t seen; /* bytes of the unfinished head searched before */
    int rc;
    unsigned served;
    uint64_t content; /* hash of what was served */
};

static void note(struct server *s, str text)
{
    for (size_t i = 0; i < text.n; i++)
        s->content = (s->content ^ (uint8_t)text.p[i]) * UINT64_C(0x100000001b3);
}

static int refuse(struct server *s, int rc)
{
    s->rc = rc;
    return -1;
}

/* Each step returns how many bytes it took; 0: it needs more; -1: refused. */
static int head_step(struct server *s, str in)
{
    size_t blank = http1_skip_blank(in);
    in = str_skip(in, blank);
    size_t end = http1_head_end(in, s->seen);
    if (MAX(end, in.n) > HEAD_MAX && (end == 0 || end > HEAD_MAX))
        return refuse(s, -E_HEAD_TOO_LARGE);
    if (end == 0) {
        s->seen = in.n;
        return http1_head_is_plausible(in) ? 0 : refuse(s, -E_HTTP);
    }
    struct http_head head;
    int rc = http1_parse_request(&s->arena, str_slice(in, 0, end), &head);
    if (rc < 0)
        return refuse(s, rc);
    note(s, head.method);
    note(s, head.path);
    http1_body_init(&s->body, &head, true);
    s->in_body = true;
    return (int)(blank + end);
}

static int body_step(struct server *s, str in)
{
    struct iovec spans[SPANS];
    size_t n = SPANS;
    size_t used;
    int rc = http1_body_feed(&s->body, in.p, in.n, spans, &n, &used);
    if (rc < 0)
        return refuse(s, rc);
    for (size_t i = 0; i < n; i++)
        note(s, str_of(spans[i].iov_base, spans[i].iov_len));
    return (int)used;
}

static void finish_request(struct server *s)
{
    s->served++;
    s->in_body = false;
    s->seen = 0;
    arena_fini(&s->arena);
}

/* Works on in[0..n) as far as it goes; returns how much of it was taken. */
static size_t serve(struct server *s, str in)
{
    size_t at = 0;
    while (s->rc == 0) {
        str rest = str_skip(in, at);
        int took = s->in_body ? body_step(s, rest) : head_step(s, rest);
        at += took > 0 ? (size_t)took : 0;
        if (s->in_body && s->body.done)
            finish_request(s);
        else if (took <= 0)
            break;
    }
    return at;
}

/* The first piece ends at `cut`, the others are `step` long. */
static struct server run(str payload, size_t cut, size_t step)
{
    struct server s = {.content = 1};
    arena_init(&s.arena, 2048, 1 << 20);
    size_t taken = 0;
    for (size_t to = MIN(cut, payload.n);; to = MIN(to + step, payload.n)) {
        taken += serve(&s, str_slice(payload, taken, to));
        if (s.rc < 0 || to == payload.n)
            break;
    }
    arena_fini(&s.arena);
    if (s.rc == 0 && (s.in_body || taken < payload.n))
        s.rc = 1; /* waits for more */
    return s;
}

static bool same_fate(const struct server *a, const struct server *b)
{
    return a->rc == b->rc && a->served == b->served && (a->rc < 0 || a->content == b->content);
}

static bool same_at_cuts(str payload, const struct server *whole)
{
    size_t n = MIN(payload.n, HEAD_MAX + 64); /* past the limit nothing can change */
    for (size_t cut = 1; cut<n; cut += n> 4096 ? 61 : 1) {
        struct server s = run(payload, cut, payload.n);
        if (!same_fate(&s, whole))
            return false;
    }
    struct server s = run(payload, 1, payload.n > 4096 ? 7 : 1);
    return same_fate(&s, whole);
}

static bool meets(str expect, str id, const struct server *s)
{
    if (str_eq(expect, S("reject")))
        return s->rc < 0 && s->served == 0;
    if (str_eq(expect, S("accept")))
        return s->rc == 0 && s->served == 1;
    return str_eq(expect, S("either-consistent")) &&
           s->served <= (str_eq(id, S("pipeline-2")) ? 2 : 1);
}

/* The text of a string member; the vectors have no escapes in those that are read. */
static str member(str line, str name)
{
    size_t at = str_find(line, name);
    if (at == STR_NONE)
        return S_EMPTY;
    str value = str_skip(line, at + name.n);
    size_t quote = str_find_char(value, '"');
    value = str_skip(value, quote + 1);
    return str_slice(value, 0, str_find_char(value, '"'));
}

static unsigned nibble(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

static void run_line(str line)
{
    str hex = member(line, S("\"raw_hex\":"));
    str id = member(line, S("\"id\":"));
    size_t n = hex.n / 2;
    char *raw = malloc(n + 1);
    for (size_t i = 0; i < n; i++)
        raw[i] = (char)(nibble(hex.p[2 * i]) << 4 | nibble(hex.p[2 * i + 1]));
    struct server whole = run(str_of(raw, n), n, n);
    printf("# " STR_FMT ": rc %d, served %u\n", STR_ARG(id), whole.rc, whole.served);
    ok(meets(member(line, S("\"expect\":")), id, &whole), "as expected");
    ok(same_at_cuts(str_of(raw, n), &whole), "the same at every cut");
    free(raw);
}

static FILE *open_vectors(void)
{
    const char *folder = getenv("THROWBAR_VECTORS");
    struct arena a;
    arena_init(&a, 512, 1 << 16);
    str path = arena_printf(&a, "%s/http1-framing/payloads.jsonl", folder ? folder : ".");
    FILE *f = fopen(arena_cz(&a, path), "r");
    arena_fini(&a);
    return f;
}

int main(void)
{
    FILE *f = open_vectors();
    if (!f) {
        tap_skip("THROWBAR_VECTORS names no folder with http1-framing/payloads.jsonl");
        return tap_done();
    }
    char *line = NULL;
    size_t size = 0;
    unsigned lines = 0;
    for (ssize_t n = getline(&line, &size, f); n > 0; n = getline(&line, &size, f)) {
        run_line(str_of(line, (size_t)n));
        lines++;
    }
    free(line);
    fclose(f);
    ok(lines > 0, "there were vectors");
    return tap_done();
}
