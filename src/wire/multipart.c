/* multipart/form-data, scanned as it streams by.
 *
 * The scanner goes from delimiter to delimiter. One is searched as LF "--" boundary, whose LF
 * occurs nowhere else in it: so memchr finds candidates at memory speed, a failed match never has
 * to be looked at again, and over a cut only the number of matched bytes is carried. Anchoring at
 * LF instead of CR also finds delimiters without a CR, which some parsers honour and others take
 * for content; here they are refused, as is everything about delimiters that can be read in two
 * ways.
 *
 * Part heads are gathered until they are complete, and the text of parts that are no files up to a
 * bound, delimiter included: its end is known only behind it. */
#include "wire/multipart.h"

#include <string.h>

#include "base/err.h"
#include "wire/multipart_head.h"

#define DELIMITER_MAX 73 /* LF, "--", boundary */
#define NAME_MAX_KEPT 64 /* of fields whose text is kept */

enum state {
    PREAMBLE,
    DELIMITER_END, /* behind a delimiter: CRLF, or "--" */
    HEAD,
    CONTENT,
    CLOSED, /* behind the "--": CRLF, or the end of the body */
    EPILOGUE,
    BROKEN
};

struct field {
    struct field *next;
    str name, text;
};

struct multipart {
    struct arena *arena;
    enum state state;
    const char *why; /* BROKEN */
    uint64_t offset; /* of the next byte in the whole body */
    char last;       /* the byte before it */
    uint64_t begin;  /* PREAMBLE, CONTENT, EPILOGUE: where it began */
    unsigned n_parts;

    char delimiter[DELIMITER_MAX];
    size_t delimiter_n;
    size_t matched; /* bytes of the delimiter that are the latest bytes */
    bool has_cr;    /* its LF stands behind a CR */

    char head[MULTIPART_HEAD_MAX];
    size_t head_n;
    struct multipart_head part; /* CONTENT; points into head */
    char text[MULTIPART_MODEL_MAX];
    size_t text_n;

    struct field *fields; /* newest first */
    bool has_model;
    str model;
    uint64_t model_begin, model_end;
};

struct multipart *multipart_new(struct arena *a, str boundary)
{
    struct multipart *m = arena_new(a, struct multipart);
    must(boundary.n > 0 && boundary.n + 3 <= sizeof m->delimiter);
    m->arena = a;
    memcpy(m->delimiter, "\n--", 3);
    memcpy(m->delimiter + 3, boundary.p, boundary.n);
    m->delimiter_n = boundary.n + 3;
    m->matched = 1; /* the first delimiter may begin the body, as if behind a line end */
    m->has_cr = true;
    return m;
}

static void set_state(struct multipart *m, enum state next)
{
    m->state = next;
    m->begin = m->offset;
    m->matched = 0;
    m->head_n = next == HEAD ? 0 : m->head_n;
    m->text_n = 0;
}

static void fail(struct multipart *m, const char *why)
{
    set_state(m, BROKEN);
    m->why = why;
}

/* The bytes of the piece that were used go into the past. */
static void consume(struct multipart *m, str *piece, size_t n)
{
    if (n == 0)
        return;
    m->last = piece->p[n - 1];
    m->offset += n;
    *piece = str_skip(*piece, n);
}

/* Looks for the delimiter. Returns how many bytes of the piece are used: up to behind it, or
 * all. */
static size_t find_delimiter(struct multipart *m, str piece)
{
    size_t at = 0;
    while (at < piece.n && m->matched < m->delimiter_n) {
        if (m->matched == 0) {
            const char *lf = memchr(piece.p + at, '\n', piece.n - at);
            if (!lf)
                return piece.n;
            at = (size_t)(lf - piece.p) + 1;
            m->has_cr = (at > 1 ? lf[-1] : m->last) == '\r';
            m->matched = 1;
        } else if (piece.p[at] == m->delimiter[m->matched]) {
            at++;
            m->matched++;
        } else {
            m->matched = 0;
        }
    }
    return at;
}

static void keep_text(struct multipart *m, str bytes)
{
    size_t n = MIN(bytes.n, sizeof m->text - m->text_n);
    if (n > 0)
        memcpy(m->text + m->text_n, bytes.p, n);
    m->text_n += n;
}

static bool is_model(const struct multipart *m)
{
    return str_eq(m->part.name, S("model"));
}

static void keep_field(struct multipart *m, str text)
{
    struct field *f = arena_new(m->arena, struct field);
    *f = (struct field){
        .next = m->fields,
        .name = arena_str(m->arena, m->part.name),
        .text = arena_str(m->arena, text),
    };
    m->fields = f;
}

/* The content of a part has passed; it ended before CRLF and the delimiter. */
static void end_part(struct multipart *m)
{
    uint64_t end = m->offset - m->delimiter_n - 1;
    uint64_t n = end - m->begin;
    str text = str_of(m->text, (size_t)MIN(n, sizeof m->text));
    if (is_model(m)) {
        if (n > MULTIPART_MODEL_MAX) {
            fail(m, "the model is longer than 512 bytes");
            return;
        }
        m->has_model = true;
        m->model = arena_str(m->arena, text);
        m->model_begin = m->begin;
        m->model_end = end;
    }
    bool is_small = n <= MULTIPART_MODEL_MAX && m->part.name.n <= NAME_MAX_KEPT;
    if (is_small && !m->part.is_file)
        keep_field(m, text);
    set_state(m, DELIMITER_END);
}

static void end_delimiter(struct multipart *m)
{
    if (!m->has_cr)
        fail(m, "a delimiter must stand behind CRLF");
    else if (m->state == CONTENT)
        end_part(m);
    else if (m->state == EPILOGUE)
        fail(m, "a delimiter behind the last one");
    else
        set_state(m, DELIMITER_END);
}

/* Text before, between and behind delimiters. */
static void feed_text(struct multipart *m, str *piece)
{
    size_t n = find_delimiter(m, *piece);
    if (m->state == CONTENT && !m->part.is_file)
        keep_text(m, str_slice(*piece, 0, n));
    consume(m, piece, n);
    if (m->state != CONTENT && m->offset - m->begin > MULTIPART_HEAD_MAX)
        fail(m, "too much text around the parts");
    else if (m->matched == m->delimiter_n)
        end_delimiter(m);
}

/* Pairs of bytes: what follows a delimiter, and what follows the "--" of the last one. RFC 2046
 * allows blanks before a CRLF here; nobody sends them, and not all parsers skip them. */
static void feed_pair(struct multipart *m, str *piece)
{
    bool is_second = m->offset > m->begin;
    char first = m->last, c = piece->p[0];
    bool is_crlf = is_second ? first == '\r' && c == '\n' : c == '\r';
    bool is_close = m->state == DELIMITER_END && c == '-' && (!is_second || first == '-');
    if (!is_crlf && !is_close) {
        fail(m, "a delimiter line is malformed");
        return;
    }
    consume(m, piece, 1);
    if (!is_second)
        return;
    enum state after_line = m->state == CLOSED ? EPILOGUE : HEAD;
    set_state(m, is_close ? CLOSED : after_line);
    m->matched = m->state == EPILOGUE; /* its line end may begin a delimiter */
    m->has_cr = true;
}

static const char *read_head(struct multipart *m)
{
    const char *why = multipart_read_head(str_of(m->head, m->head_n), &m->part);
    if (why)
        return why;
    if (++m->n_parts > MULTIPART_PARTS_MAX)
        return "more than 256 parts";
    if (is_model(m) && m->part.is_file)
        return "the model must not be a file";
    if (is_model(m) && m->has_model)
        return "there are two parts named model";
    return NULL;
}

static void begin_part(struct multipart *m)
{
    const char *why = read_head(m);
    if (why) {
        fail(m, why);
        return;
    }
    set_state(m, CONTENT);
    m->matched = 1; /* a delimiter right here would lack its own CRLF */
    m->has_cr = false;
}

/* A line of a head, or what there is of it. */
static void feed_head(struct multipart *m, str *piece)
{
    const char *lf = memchr(piece->p, '\n', piece->n);
    size_t n = lf ? (size_t)(lf - piece->p) + 1 : piece->n;
    if (n > sizeof m->head - m->head_n) {
        fail(m, "the head of a part is longer than 4096 bytes");
        return;
    }
    memcpy(m->head + m->head_n, piece->p, n);
    m->head_n += n;
    consume(m, piece, n);
    str head = str_of(m->head, m->head_n);
    if (!lf)
        return;
    if (!str_has_suffix(head, S("\r\n")))
        fail(m, "a line in the head of a part must end with CRLF");
    else if (head.n == 2 || str_has_suffix(head, S("\n\r\n")))
        begin_part(m);
}

int multipart_feed(struct multipart *m, str piece, const char **why)
{
    while (piece.n > 0 && m->state != BROKEN) {
        switch (m->state) {
        case PREAMBLE:
        case CONTENT:
        case EPILOGUE:
            feed_text(m, &piece);
            break;
        case DELIMITER_END:
        case CLOSED:
            feed_pair(m, &piece);
            break;
        case HEAD:
            feed_head(m, &piece);
            break;
        case BROKEN:
            break;
        }
    }
    if (m->state != BROKEN)
        return 0;
    *why = m->why;
    return -E_MULTIPART;
}

bool multipart_is_done(const struct multipart *m)
{
    return m->state == CLOSED || m->state == EPILOGUE;
}

bool multipart_model(const struct multipart *m, str *model, uint64_t *begin, uint64_t *end)
{
    if (!m->has_model)
        return false;
    *model = m->model;
    *begin = m->model_begin;
    *end = m->model_end;
    return true;
}

str multipart_field(const struct multipart *m, str name)
{
    for (const struct field *f = m->fields; f; f = f->next) {
        if (str_eq(f->name, name))
            return f->text;
    }
    return S_EMPTY;
}
