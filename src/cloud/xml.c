/* A scanner of tags. Everything that is not a tag (text, comments, CDATA, processing instructions,
 * document types) is passed over; an element ends where as many tags have been closed as were
 * opened since, whatever their names, so a broken document ends the search and never runs away. */
#include "cloud/xml.h"

#include "base/buf.h"

#define CDATA     S("<![CDATA[")
#define CDATA_END S("]]>")

struct tag {
    str name;
    size_t begin, end; /* offsets of '<' and behind '>' */
    bool closes;       /* </name> */
    bool is_empty;     /* <name/> */
};

static bool is_name_end(char c)
{
    return c == '>' || c == '/' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind the markup at `at` that is no tag; `at` when it is a tag; STR_NONE: it does not end. */
static size_t skip_markup(str xml, size_t at)
{
    static const struct {
        str begin, end;
    } kinds[] = {
        {{"<!--", 4}, {"-->", 3}},
        {{"<![CDATA[", 9}, {"]]>", 3}},
        {{"<?", 2}, {"?>", 2}},
        {{"<!", 2}, {">", 1}},
    };
    str rest = str_skip(xml, at);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (!str_has_prefix(rest, kinds[i].begin))
            continue;
        size_t end = str_find(str_skip(rest, kinds[i].begin.n), kinds[i].end);
        return end == STR_NONE ? STR_NONE : at + kinds[i].begin.n + end + kinds[i].end.n;
    }
    return at;
}

/* Behind the '>' that ends the tag; one in a quoted value does not. */
static size_t tag_end(str xml, size_t at)
{
    char quote = '\0';
    for (; at < xml.n; at++) {
        char c = xml.p[at];
        if (quote != '\0')
            quote = c == quote ? '\0' : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>')
            return at + 1;
    }
    return STR_NONE;
}

/* The next tag from offset `at` on. */
static bool next_tag(str xml, size_t at, struct tag *t)
{
    for (;;) {
        size_t found = str_find_char(str_skip(xml, at), '<');
        if (found == STR_NONE)
            return false;
        at += found;
        size_t behind = skip_markup(xml, at);
        if (behind == STR_NONE)
            return false;
        if (behind == at)
            break;
        at = behind;
    }
    *t = (struct tag){.begin = at, .end = tag_end(xml, at)};
    if (t->end == STR_NONE)
        return false;
    str text = str_slice(xml, at + 1, t->end);
    t->closes = text.p[0] == '/';
    t->is_empty = text.n > 1 && text.p[text.n - 2] == '/' && !t->closes;
    text = str_skip(text, t->closes);
    size_t n = 0;
    while (n < text.n && !is_name_end(text.p[n]))
        n++;
    t->name = str_slice(text, 0, n);
    return true;
}

bool xml_find(str xml, str name, str *inner)
{
    struct tag t = {.end = 0};
    do {
        if (!next_tag(xml, t.end, &t))
            return false;
    } while (t.closes || !str_eq(t.name, name));
    size_t begin = t.end;
    size_t depth = 1;
    if (t.is_empty) {
        *inner = S_EMPTY;
        return true;
    }
    while (depth > 0) {
        if (!next_tag(xml, t.end, &t))
            return false;
        if (t.closes)
            depth--;
        else if (!t.is_empty)
            depth++;
    }
    *inner = str_slice(xml, begin, t.begin);
    return true;
}

/* ---- text ---- */

/* The character that a reference ("amp", "#39", "#x2F") stands for, if it is one of ASCII; else 0,
 * and it stays as it is written. */
static char resolved(str reference)
{
    static const struct {
        str name;
        char c;
    } known[] = {{{"amp", 3}, '&'},
                 {{"lt", 2}, '<'},
                 {{"gt", 2}, '>'},
                 {{"quot", 4}, '"'},
                 {{"apos", 4}, '\''}};
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (str_eq(reference, known[i].name))
            return known[i].c;
    }
    uint64_t code = 0;
    if (str_has_prefix_nocase(reference, S("#x")) && reference.n == 4) {
        int high = str_hex_value(reference.p[2]), low = str_hex_value(reference.p[3]);
        code = high >= 0 && low >= 0 ? (uint64_t)(high << 4 | low) : 0;
    } else if (!str_has_prefix(reference, S("#")) || !str_to_u64(str_skip(reference, 1), &code)) {
        return '\0';
    }
    return code < 0x80 ? (char)code : '\0';
}

/* Takes what the text begins with (a reference, a CDATA section, one character) over to `out`. */
static str take_text(struct buf *out, str text)
{
    if (str_has_prefix(text, CDATA)) {
        size_t end = str_find(text, CDATA_END);
        buf_put(out, str_slice(text, CDATA.n, end));
        return end == STR_NONE ? S_EMPTY : str_skip(text, end + CDATA_END.n);
    }
    if (text.p[0] == '&') {
        size_t end = str_find_char(str_slice(text, 0, 8), ';');
        char c = end == STR_NONE ? '\0' : resolved(str_slice(text, 1, end));
        if (c != '\0') {
            buf_put_char(out, c);
            return str_skip(text, end + 1);
        }
    }
    buf_put_char(out, text.p[0]);
    return str_skip(text, 1);
}

str xml_text(struct arena *a, str xml, str name)
{
    str inner;
    struct buf out;
    if (!xml_find(xml, name, &inner))
        return S_EMPTY;
    inner = str_trim(inner);
    buf_init(&out, inner.n);
    while (inner.n > 0)
        inner = take_text(&out, inner);
    str text = arena_str(a, buf_str(&out));
    buf_fini(&out);
    return text;
}
