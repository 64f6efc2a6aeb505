/* Server-sent events.
 *
 * A line ends with LF, CR or CRLF, and a blank line ends an event. Where events end is a question
 * about the last line ends of what came, so sse_split_feed looks from behind: bytes that end with
 * "\n\n", as nearly all do, are answered by looking at two of them. What came before the bytes is
 * needed only when they begin with a line end; that is the state.
 *
 * The readers go forward, line by line. Both directions step 16 bytes at a time over text without a
 * line end, each byte once: searching CR and LF one after the other would let a stream of one kind
 * cost the square of its length. */
#include "wire/sse.h"

#include <string.h>

typedef uint8_t v16 __attribute__((vector_size(16)));

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

static inline bool has_line_end_16(const char *p)
{
    v16 bytes;
    memcpy(&bytes, p, sizeof bytes);
    v16 found = (v16)((bytes == '\n') | (bytes == '\r'));
    uint64_t half[2];
    memcpy(half, &found, sizeof half);
    return (half[0] | half[1]) != 0;
}

/* Where the first line of s ends: the offset of its CR or LF, or s.n. */
static size_t line_length(str s)
{
    size_t n = 0;
    while (s.n - n >= 16 && !has_line_end_16(s.p + n))
        n += 16;
    while (n < s.n && !is_line_end(s.p[n]))
        n++;
    return n;
}

/* Offset behind the last line end of s, 0 if it has none. */
static size_t last_line_end(str s)
{
    size_t n = s.n;
    while (n >= 16 && !has_line_end_16(s.p + n - 16))
        n -= 16;
    while (n > 0 && !is_line_end(s.p[n - 1]))
        n--;
    return n;
}

void sse_split_init(struct sse_split *s)
{
    *s = (struct sse_split){.line_is_empty = true};
}

/* Does the line end before offset `end` > 0 end a blank line? *begin is where that line end begins.
 */
static bool ends_blank_line(const struct sse_split *s, str bytes, size_t end, size_t *begin)
{
    bool is_lf = bytes.p[end - 1] == '\n';
    *begin = is_lf && end >= 2 && bytes.p[end - 2] == '\r' ? end - 2 : end - 1;
    if (*begin > 0)
        return is_line_end(bytes.p[*begin - 1]);
    if (is_lf && end == 1 && s->last_was_cr) /* the second half of a CRLF */
        return !s->is_open;
    return s->line_is_empty;
}

size_t sse_split_feed(struct sse_split *s, str bytes)
{
    if (bytes.n == 0)
        return 0;
    size_t begin = bytes.n, end;
    for (;;) {
        end = last_line_end(str_of(bytes.p, begin));
        if (end == 0 || ends_blank_line(s, bytes, end, &begin))
            break;
    }
    char last = bytes.p[bytes.n - 1];
    *s = (struct sse_split){
        .line_is_empty = is_line_end(last),
        .last_was_cr = last == '\r',
        .is_open = end < bytes.n,
    };
    return end;
}

/* Cuts the first line off, without its end. */
static str cut_line(str *text)
{
    size_t n = line_length(*text);
    str line = str_of(text->p, n);
    size_t end = n < text->n;
    if (n + 1 < text->n && text->p[n] == '\r' && text->p[n + 1] == '\n')
        end = 2;
    *text = str_skip(*text, n + end);
    return line;
}

bool sse_next(str *bytes, str *event)
{
    if (bytes->n == 0)
        return false;
    str rest = *bytes;
    while (rest.n > 0 && cut_line(&rest).n > 0)
        ;
    *event = str_of(bytes->p, bytes->n - rest.n);
    *bytes = rest;
    return true;
}

/* Data lines as they come: the first is lent, the second moves both into the arena. */
struct lines {
    str text;
    char *copy; /* room for all of the event's data */
};

static void add_line(struct arena *a, struct lines *l, str line, size_t size)
{
    if (!l->copy) {
        l->copy = arena_alloc(a, size);
        if (l->text.n > 0)
            memcpy(l->copy, l->text.p, l->text.n);
    }
    l->copy[l->text.n] = '\n';
    if (line.n > 0)
        memcpy(l->copy + l->text.n + 1, line.p, line.n);
    l->text = str_of(l->copy, l->text.n + 1 + line.n);
}

/* The field's value: behind the colon and one space. */
static str value_of(str behind_colon)
{
    return str_has_prefix(behind_colon, S(" ")) ? str_skip(behind_colon, 1) : behind_colon;
}

static void read_field(struct sse_event *out, str name, str value)
{
    uint64_t number;
    if (str_eq(name, S("event")))
        out->type = value;
    else if (str_eq(name, S("id")) && str_find_char(value, '\0') == STR_NONE)
        out->id = value;
    else if (str_eq(name, S("retry")) && str_to_u64(value, &number) && number <= INT64_MAX)
        out->retry_ms = (int64_t)number;
}

void sse_parse(struct arena *a, str event, struct sse_event *out)
{
    *out = (struct sse_event){.retry_ms = -1};
    struct lines data = {0};
    str rest = str_has_prefix(event, S("\xEF\xBB\xBF")) ? str_skip(event, 3) : event;
    while (rest.n > 0) {
        str name, value, line = cut_line(&rest);
        str_cut(line, ':', &name, &value);
        value = value_of(value);
        if (!str_eq(name, S("data"))) {
            read_field(out, name, value);
        } else if (!out->has_data) {
            out->has_data = true;
            data.text = value;
        } else {
            add_line(a, &data, value, event.n);
        }
    }
    out->data = data.text;
}

/* Every line of text behind `prefix`; an empty text is one empty line. */
static void put_lines(struct buf *b, str prefix, str text)
{
    bool has_more = true; /* a line end at the end of the text begins one more, empty line */
    while (has_more) {
        size_t n = text.n;
        str line = cut_line(&text);
        has_more = line.n < n;
        buf_put(b, prefix);
        buf_put(b, line);
        buf_put_char(b, '\n');
    }
}

void sse_put(struct buf *b, str type, str data)
{
    if (line_length(type) < type.n) {
        b->failed = true;
        return;
    }
    if (type.n > 0)
        put_lines(b, S("event: "), type);
    put_lines(b, S("data: "), data);
    buf_put_char(b, '\n');
}

void sse_put_comment(struct buf *b, str text)
{
    put_lines(b, S(": "), text);
    buf_put_char(b, '\n');
}
