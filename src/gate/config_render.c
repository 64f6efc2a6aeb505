/* Problems for people, for programs and for code-scanning services; the configuration in effect.
 *
 * The text form shows what a person needs to mend the file without opening the manual: code,
 * message, place, the line with two before it, a caret below the fault, a hint, the path of the
 * option. Columns are counted in characters. A line is shown as text that cannot harm a terminal:
 * control characters and broken UTF-8 become '?', tabs a space, and of a very long line only the
 * part round the fault is shown.
 *
 * Nothing here has to think about secrets in the text: they were overwritten when they were found.
 * The effective configuration shows a secret as ***, and a value with a reference as it is
 * written. */
#include <string.h>

#include "base/utf8.h"
#include "gate/config_tree.h"
#include "wire/json.h"

#define CONTEXT_LINES 2
#define LINE_MAX      160         /* characters shown of one line */
#define LINE_LEAD     60          /* of these, before the fault */
#define LINE_BYTES    (64u << 10) /* a longer line is not shown: each problem would walk it */

static const char red[] = "\x1b[1;31m", yellow[] = "\x1b[1;33m", green[] = "\x1b[1;32m",
                  blue[] = "\x1b[34m", bold[] = "\x1b[1m", plain[] = "\x1b[0m";

/* Output with or without colour. */
struct canvas {
    struct buf *out;
    bool colour;
};

static void paint(const struct canvas *cv, const char *colour)
{
    if (cv->colour)
        buf_put(cv->out, str_from_cz(colour));
}

static char code_letter(const struct config_problem *p)
{
    return p->severity == CONFIG_ERROR ? 'E' : 'W';
}

static const char *severity_name(const struct config_problem *p)
{
    return p->severity == CONFIG_ERROR ? "error" : "warning";
}

/* ---- source lines ---- */

static str line_text(const struct config *c, unsigned line)
{
    const char *from = c->lines[line - 1];

    return str_of(from, (size_t)(c->lines[line] - from));
}

/* Characters [from, to) of the line, made harmless. */
static void put_line(struct buf *out, str line, unsigned from, unsigned to)
{
    for (unsigned column = 0; line.n > 0 && column < to; column++) {
        struct utf8 u = utf8_at(line);
        if (config_break_len(line.p, line.p + line.n) > 0)
            return;
        if (column >= from && u.code == '\t')
            buf_put_char(out, ' ');
        else if (column >= from && (!u.valid || u.code < 0x20 || (u.code >= 0x7f && u.code < 0xa0)))
            buf_put_char(out, '?');
        else if (column >= from)
            buf_put(out, str_slice(line, 0, u.n));
        line = str_skip(line, u.n);
    }
}

/* Two cells of a terminal: the wide ranges of Unicode's EastAsianWidth, coarsely. */
static bool is_wide(uint32_t code)
{
    return (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
           (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
           (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
           (code >= 0x1f300 && code <= 0x1faff) || (code >= 0x20000 && code <= 0x3fffd);
}

/* Cells that the characters [from, to) take, and one for each place behind the line's end. */
static unsigned cells(str line, unsigned from, unsigned to)
{
    unsigned n = 0;

    for (unsigned column = 0; column < to; column++) {
        struct utf8 u = {.n = 0};
        if (line.n > 0)
            u = utf8_at(line);
        if (column >= from)
            n += is_wide(u.code) ? 2 : 1;
        line = str_skip(line, u.n);
    }
    return n;
}

static unsigned digits(unsigned n)
{
    unsigned d = 1;

    while (n >= 10) {
        n /= 10;
        d++;
    }
    return d;
}

static void put_spaces(struct buf *out, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        buf_put_char(out, ' ');
}

static void put_gutter(const struct canvas *cv, unsigned width, unsigned line)
{
    paint(cv, blue);
    if (line > 0) {
        put_spaces(cv->out, width - digits(line));
        buf_printf(cv->out, "%u |", line);
    } else {
        put_spaces(cv->out, width);
        buf_put(cv->out, S(" |"));
    }
    paint(cv, plain);
    buf_put_char(cv->out, ' ');
}

/* A place in the text that is shown: its line, and the first column of it that is. */
struct view {
    str line;
    unsigned gutter, from;
};

static void put_caret(const struct canvas *cv, const struct config_problem *p, const struct view *v)
{
    unsigned column = p->mark.column - 1;
    unsigned shown = MIN(MAX(p->width, 1), (unsigned)LINE_MAX - LINE_LEAD);
    unsigned carets = cells(v->line, column, column + shown);

    put_gutter(cv, v->gutter, 0);
    put_spaces(cv->out, cells(v->line, v->from, column));
    paint(cv, p->severity == CONFIG_ERROR ? red : yellow);
    for (unsigned i = 0; i < carets; i++)
        buf_put_char(cv->out, '^');
    if (p->help.n > 0)
        buf_printf(cv->out, " " STR_FMT, STR_ARG(p->help));
    paint(cv, plain);
    buf_put_char(cv->out, '\n');
}

static void put_source(const struct canvas *cv, const struct config *c,
                       const struct config_problem *p, unsigned width)
{
    unsigned line = p->mark.line, column = p->mark.column;
    unsigned first = line > CONTEXT_LINES ? line - CONTEXT_LINES : 1;
    unsigned from = column > LINE_MAX - LINE_LEAD ? column - LINE_LEAD : 0;

    if (line_text(c, line).n > LINE_BYTES)
        return;
    for (unsigned i = first; i <= line; i++) {
        put_gutter(cv, width, i);
        put_line(cv->out, str_slice(line_text(c, i), 0, LINE_BYTES), from, from + LINE_MAX);
        while (cv->out->n > 0 && cv->out->p[cv->out->n - 1] == ' ')
            cv->out->n--;
        buf_put_char(cv->out, '\n');
    }
    put_caret(cv, p, &(struct view){.line = line_text(c, line), .gutter = width, .from = from});
}

/* ---- text ---- */

static void put_problem(const struct canvas *cv, const struct config *c,
                        const struct config_problem *p)
{
    bool has_place = p->mark.line > 0 && p->mark.line <= c->n_lines;
    unsigned width = has_place ? digits(p->mark.line) : 1;

    paint(cv, p->severity == CONFIG_ERROR ? red : yellow);
    buf_printf(cv->out, "%s[%c%d]", severity_name(p), code_letter(p), p->code);
    paint(cv, plain);
    paint(cv, bold);
    buf_printf(cv->out, ": " STR_FMT, STR_ARG(p->message));
    paint(cv, plain);
    buf_put_char(cv->out, '\n');
    put_spaces(cv->out, width);
    paint(cv, blue);
    buf_put(cv->out, S(" --> "));
    paint(cv, plain);
    buf_put(cv->out, p->mark.file);
    if (has_place)
        buf_printf(cv->out, ":%u:%u", p->mark.line, p->mark.column);
    buf_put_char(cv->out, '\n');
    if (has_place)
        put_source(cv, c, p, width);
    put_spaces(cv->out, width);
    buf_put(cv->out, S(" = "));
    if (p->path.n > 0)
        buf_printf(cv->out, "at: " STR_FMT "     = ", STR_ARG(p->path));
    buf_printf(cv->out, "run: throwbar explain %c%d\n\n", code_letter(p), p->code);
}

static void put_summary(const struct canvas *cv, const struct config *c)
{
    size_t n = c->n_problems + c->n_dropped;

    if (c->n_dropped > 0)
        buf_printf(cv->out, "The first %zu are shown.\n", c->n_problems);
    paint(cv, c->n_errors > 0 ? red : green);
    buf_printf(cv->out, "%zu problem%s (%zu error%s).\n", n, n == 1 ? "" : "s", c->n_errors,
               c->n_errors == 1 ? "" : "s");
    paint(cv, plain);
}

void config_render_text(const struct config *c, struct buf *out, bool colour)
{
    const struct canvas cv = {.out = out, .colour = colour};

    if (!c->problems)
        return;
    for (const struct config_problem *p = c->problems; p; p = p->next)
        put_problem(&cv, c, p);
    put_summary(&cv, c);
}

/* ---- JSON and SARIF ---- */

static void put_code(struct json_writer *w, const char *key, const struct config_problem *p)
{
    char code[8] = {code_letter(p)};

    for (int i = 4, rest = p->code; i > 0; i--, rest /= 10)
        code[i] = (char)('0' + rest % 10);
    json_put_str(w, key, str_of(code, 5));
}

static void put_json_problem(struct json_writer *w, const struct config_problem *p)
{
    json_begin_object(w, NULL);
    json_put_str(w, "severity", str_from_cz(severity_name(p)));
    put_code(w, "code", p);
    json_put_str(w, "message", p->message);
    if (p->help.n > 0)
        json_put_str(w, "help", p->help);
    json_put_str(w, "file", p->mark.file);
    if (p->mark.line > 0) {
        json_put_int(w, "line", p->mark.line);
        json_put_int(w, "column", p->mark.column);
        json_put_int(w, "width", p->width);
    }
    if (p->path.n > 0)
        json_put_str(w, "path", p->path);
    json_end_object(w);
}

void config_render_json(const struct config *c, struct buf *out)
{
    struct json_writer w = json_writer(out);

    json_begin_object(&w, NULL);
    json_put_str(&w, "file", c->file);
    json_put_bool(&w, "valid", c->n_errors == 0);
    json_put_int(&w, "errors", (int64_t)c->n_errors);
    json_put_int(&w, "warnings", (int64_t)(c->n_problems + c->n_dropped - c->n_errors));
    json_put_int(&w, "not_shown", (int64_t)c->n_dropped);
    json_begin_array(&w, "problems");
    for (const struct config_problem *p = c->problems; p; p = p->next)
        put_json_problem(&w, p);
    json_end_array(&w);
    json_end_object(&w);
}

static void put_sarif_text(struct json_writer *w, const char *key, str text)
{
    json_begin_object(w, key);
    json_put_str(w, "text", text);
    json_end_object(w);
}

static void put_sarif_rules(struct json_writer *w)
{
    const struct config_code_info *info = NULL;

    json_begin_array(w, "rules");
    for (size_t i = 0; (info = config_code_at(i)) != NULL; i++) {
        struct config_problem as = {.code = (int)info->code,
                                    .severity =
                                        (int)info->code < 2000 ? CONFIG_ERROR : CONFIG_WARNING};
        json_begin_object(w, NULL);
        put_code(w, "id", &as);
        put_sarif_text(w, "shortDescription", str_from_cz(info->title));
        put_sarif_text(w, "fullDescription", str_from_cz(info->explanation));
        json_end_object(w);
    }
    json_end_array(w);
}

static void put_sarif_place(struct json_writer *w, const struct config_problem *p)
{
    json_begin_array(w, "locations");
    json_begin_object(w, NULL);
    json_begin_object(w, "physicalLocation");
    json_begin_object(w, "artifactLocation");
    json_put_str(w, "uri", p->mark.file);
    json_end_object(w);
    if (p->mark.line > 0) {
        json_begin_object(w, "region");
        json_put_int(w, "startLine", p->mark.line);
        json_put_int(w, "startColumn", p->mark.column);
        json_put_int(w, "endColumn", (int64_t)p->mark.column + MAX(p->width, 1));
        json_end_object(w);
    }
    json_end_object(w);
    json_end_object(w);
    json_end_array(w);
}

static void put_sarif_result(struct json_writer *w, struct arena *a, const struct config_problem *p)
{
    str text = p->message;

    if (p->help.n > 0)
        text = arena_printf(a, STR_FMT " - " STR_FMT, STR_ARG(p->message), STR_ARG(p->help));
    json_begin_object(w, NULL);
    put_code(w, "ruleId", p);
    json_put_str(w, "level", str_from_cz(severity_name(p)));
    put_sarif_text(w, "message", text);
    put_sarif_place(w, p);
    json_end_object(w);
}

void config_render_sarif(const struct config *c, struct buf *out)
{
    struct json_writer w = json_writer(out);
    struct arena a;

    arena_init(&a, 4096, SIZE_MAX / 2);
    json_begin_object(&w, NULL);
    json_put_str(&w, "$schema", S("https://json.schemastore.org/sarif-2.1.0.json"));
    json_put_str(&w, "version", S("2.1.0"));
    json_begin_array(&w, "runs");
    json_begin_object(&w, NULL);
    json_begin_object(&w, "tool");
    json_begin_object(&w, "driver");
    json_put_str(&w, "name", S("throwbar"));
    json_put_str(&w, "version", S(THROWBAR_VERSION));
    put_sarif_rules(&w);
    json_end_object(&w);
    json_end_object(&w);
    json_put_str(&w, "columnKind", S("unicodeCodePoints"));
    json_begin_array(&w, "results");
    for (const struct config_problem *p = c->problems; p; p = p->next)
        put_sarif_result(&w, &a, p);
    json_end_array(&w);
    json_end_object(&w);
    json_end_array(&w);
    json_end_object(&w);
    arena_fini(&a);
}

/* ---- the configuration in effect ---- */

static void put_effective(struct json_writer *w, struct arena *a, const struct config *c,
                          const struct config_node *n);

static void put_value(struct json_writer *w, const struct config_node *n)
{
    bool has_reference = config_reference_is_any(n->raw);
    str shown = has_reference ? n->raw : n->text;

    if (n->secret && !config_reference_is_pure(n->raw))
        json_put_str(w, "value", S("***"));
    else if (n->option->type == OPTION_INT && !n->is_word && !has_reference)
        json_put_int(w, "value", n->number);
    else
        json_put_str(w, "value", shown);
}

static void put_leaf(struct json_writer *w, struct arena *a, const struct config *c,
                     const struct config_node *n)
{
    put_value(w, n);
    if (n->at.line == 0)
        json_put_str(w, "origin", S("default"));
    else
        json_put_str(w, "origin", arena_printf(a, STR_FMT ":%u", STR_ARG(c->file), n->at.line));
}

static void put_children(struct json_writer *w, struct arena *a, const struct config *c,
                         const struct config_node *n)
{
    for (const struct config_node *child = n->first; child; child = child->next) {
        if (!child->is_bad)
            put_effective(w, a, c, child);
    }
}

static void put_effective(struct json_writer *w, struct arena *a, const struct config *c,
                          const struct config_node *n)
{
    bool is_element = !n->parent || n->parent->type == CONFIG_LIST;
    const char *key = is_element ? NULL : arena_cz(a, n->key);

    if (n->type == CONFIG_LIST) {
        json_begin_array(w, key);
        put_children(w, a, c, n);
        json_end_array(w);
        return;
    }
    json_begin_object(w, key);
    if (n->type == CONFIG_MAP)
        put_children(w, a, c, n);
    else
        put_leaf(w, a, c, n);
    json_end_object(w);
}

void config_render_effective(const struct config *c, struct buf *out)
{
    struct json_writer w = json_writer(out);
    struct arena a;

    arena_init(&a, 4096, SIZE_MAX / 2);
    if (c->root && c->root->type == CONFIG_MAP && !c->has_syntax_error) {
        put_effective(&w, &a, c, c->root);
    } else {
        json_begin_object(&w, NULL);
        json_end_object(&w);
    }
    arena_fini(&a);
}
