/* What is done with a scanned text: values taken out of it, members replaced, added, removed.
 *
 * An edit never touches the text. It is a byte range with what stands there instead, and the edited
 * text is a list of spans for writev, so that 800 KB of conversation are neither copied nor looked
 * at again. */
#include "wire/json_scan.h"

#include <string.h>

#include "base/buf.h"
#include "wire/json_string.h"

static char *put_utf8(char *o, uint32_t c)
{
    if (c < 0x80) {
        *o++ = (char)c;
    } else if (c < 0x800) {
        *o++ = (char)(0xc0 | c >> 6);
        *o++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *o++ = (char)(0xe0 | c >> 12);
        *o++ = (char)(0x80 | (c >> 6 & 0x3f));
        *o++ = (char)(0x80 | (c & 0x3f));
    } else {
        *o++ = (char)(0xf0 | c >> 18);
        *o++ = (char)(0x80 | (c >> 12 & 0x3f));
        *o++ = (char)(0x80 | (c >> 6 & 0x3f));
        *o++ = (char)(0x80 | (c & 0x3f));
    }
    return o;
}

static char plain_escape(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

str json_unescape(struct arena *a, str string_with_quotes)
{
    must(string_with_quotes.n >= 2);
    str s = str_slice(string_with_quotes, 1, string_with_quotes.n - 1);
    const char *p = s.p, *end = s.p + s.n;
    const char *escape = s.n > 0 ? memchr(p, '\\', s.n) : NULL;
    if (!escape)
        return s;
    char *out = arena_alloc(a, s.n), *o = out; /* an escape is never shorter than its character */
    while (escape) {
        memcpy(o, p, (size_t)(escape - p));
        o += escape - p;
        if (escape[1] == 'u') {
            o = put_utf8(o, json_code_point(escape, end, &p));
        } else {
            *o++ = plain_escape(escape[1]);
            p = escape + 2;
        }
        escape = memchr(p, '\\', (size_t)(end - p));
    }
    memcpy(o, p, (size_t)(end - p));
    o += end - p;
    return str_of(out, (size_t)(o - out));
}

bool json_to_i64(str number, int64_t *out)
{
    return str_to_i64(number, out);
}

static size_t put_span(struct iovec *out, str s)
{
    if (s.n == 0)
        return 0;
    /* style: writev takes no const, and does not write */
    *out = (struct iovec){.iov_base = (void *)(uintptr_t)s.p, .iov_len = s.n};
    return 1;
}

size_t json_splice(str text, const struct json_edit *edits, size_t n, struct iovec *out,
                   size_t *total)
{
    size_t at = 0, n_spans = 0;
    for (size_t i = 0; i < n; i++) {
        must(edits[i].from >= at && edits[i].to >= edits[i].from && edits[i].to <= text.n);
        n_spans += put_span(&out[n_spans], str_slice(text, at, edits[i].from));
        n_spans += put_span(&out[n_spans], edits[i].with);
        at = edits[i].to;
    }
    n_spans += put_span(&out[n_spans], str_slice(text, at, text.n));
    *total = 0;
    for (size_t i = 0; i < n_spans; i++)
        *total += out[i].iov_len;
    return n_spans;
}

static str quoted(struct arena *a, str text)
{
    struct buf b;
    buf_init(&b, 6 * text.n + 2); /* no character becomes longer than \u0000 */
    buf_put_json(&b, text);
    must(buf_is_ok(&b));
    str copy = arena_str(a, buf_str(&b));
    buf_fini(&b);
    return copy;
}

struct json_edit json_edit_set(struct arena *a, const struct json_scan *s, str key, str value)
{
    const struct json_member *m = json_find(s, key, NULL);
    if (m)
        return (struct json_edit){.from = m->end - m->value.n, .to = m->end, .with = value};
    str parts[] = {s->n_members > 0 ? S(",") : S_EMPTY, quoted(a, key), S(":"), value};
    str member = arena_concat(a, parts, ARRAY_LEN(parts));
    return (struct json_edit){.from = s->close, .to = s->close, .with = member};
}

struct json_edit json_edit_remove(str text, const struct json_scan *s, const struct json_member *m)
{
    must(m >= s->members && m < s->members + s->n_members && m->end <= text.n);
    bool is_first = m == s->members;
    bool is_last = m == s->members + s->n_members - 1;
    if (!is_last)
        return (struct json_edit){.from = m->begin, .to = m[1].begin};
    return (struct json_edit){.from = is_first ? m->begin : m[-1].end, .to = m->end};
}
