/* YAML text -> raw nodes with positions. The only file that includes yaml.h.
 *
 * libyaml's parser gives events, one at a time; a recursion bounded by CONFIG_DEPTH_MAX makes nodes
 * of them. Its events are those of YAML 1.1; what YAML 1.2's core schema does not have, or what
 * lets a short file grow (anchors, aliases, merge keys), is refused here with a problem of its own,
 * and reading goes on. Only text that libyaml cannot parse, or a bound that is exceeded, ends it.
 *
 * One thing is done to the text first. In a flow mapping, {api_key: ${env:KEY}} is no YAML: the
 * brace of the reference would open another mapping. People write it all the same and what they
 * mean is clear, so within a reference the characters that mean something to YAML are replaced by
 * private-use characters, one for one to keep every column, and put back in the scalars. */
#include <string.h>
#include <yaml.h>

#include "base/table.h"
#include "gate/config_tree.h"

#define STAND_IN_FIRST 0xa0 /* U+F8E0 is EF A3 A0 */

static const char special[] = "{},[]:#"; /* U+F8E0 + index stands for it */

struct reader {
    struct config *c;
    yaml_parser_t parser;
    str text; /* with stand-ins */
    size_t nodes;
    bool is_over; /* a problem that ends reading was reported */
};

/* ---- stand-ins ---- */

static bool is_stand_in(const char *p, const char *end)
{
    return end - p > 2 && memcmp(p, "\xef\xa3", 2) == 0 && (unsigned char)p[2] >= STAND_IN_FIRST &&
           (unsigned char)p[2] < STAND_IN_FIRST + sizeof special - 1;
}

/* Length of the reference at p ("${...}" on one line, with a scheme, without a quote that may end
 * the scalar round it); 0: there is none. *stop remembers where the last search ended, which is
 * where every search begun before it would end: a text full of open references is walked once. */
static size_t reference_len(const char *p, const char *end, const char **stop)
{
    if (end - p < 3 || p[0] != '$' || p[1] != '{')
        return 0;
    const char *q = p + 2;
    while (q < end && *q >= 'a' && *q <= 'z')
        q++;
    if (q == p + 2 || q == end || *q != ':')
        return 0;
    if (*stop < q)
        *stop = q;
    while (*stop < end && !strchr("}\"'\n\r", **stop))
        (*stop)++;
    return *stop < end && **stop == '}' ? (size_t)(*stop - p) + 1 : 0;
}

static void put_protected(struct buf *out, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *found = p[i] != '\0' ? strchr(special, p[i]) : NULL;
        if (!found) {
            buf_put_char(out, p[i]);
            continue;
        }
        buf_put(out, S("\xef\xa3"));
        buf_put_char(out, (char)(STAND_IN_FIRST + (found - special)));
    }
}

static void protect_references(struct config *c, struct buf *out)
{
    const char *p = c->text, *end = c->text + c->text_n, *reference_stop = p;

    while (p < end) {
        const char *dollar = memchr(p, '$', (size_t)(end - p));
        const char *stop = dollar ? dollar : end;
        buf_put(out, str_of(p, (size_t)(stop - p)));
        if (!dollar)
            return;
        size_t n = reference_len(dollar, end, &reference_stop);
        put_protected(out, dollar, n);
        if (n == 0)
            buf_put_char(out, '$');
        p = dollar + MAX(n, 1);
    }
}

/* A scalar's text in the arena, stand-ins put back. */
static str restore(struct config *c, const char *p, size_t n)
{
    char *to = arena_alloc(&c->arena, n + 1);
    const char *end = p + n;
    size_t len = 0;

    while (p < end) {
        if (is_stand_in(p, end)) {
            to[len++] = special[(unsigned char)p[2] - STAND_IN_FIRST];
            p += 3;
        } else {
            to[len++] = *p++;
        }
    }
    to[len] = '\0';
    return str_of(to, len);
}

/* ---- problems ---- */

static struct config_span point(yaml_mark_t m)
{
    unsigned line = (unsigned)m.line + 1, column = (unsigned)m.column + 1;

    return (struct config_span){
        .line = line, .column = column, .end_line = line, .end_column = column + 1};
}

static struct config_span span(yaml_mark_t from, yaml_mark_t to)
{
    struct config_span s = point(from);

    s.end_line = (unsigned)to.line + 1;
    s.end_column = (unsigned)to.column + 1;
    return s;
}

static bool has_tab_indent(const struct config *c, unsigned line)
{
    if (line == 0 || line > c->n_lines)
        return false;
    const char *p = c->lines[line - 1], *end = c->lines[line];
    while (p < end && *p == ' ')
        p++;
    return p < end && *p == '\t';
}

static str syntax_help(struct config *c, const yaml_parser_t *parser, unsigned line)
{
    const char *problem = parser->problem ? parser->problem : "";

    if (has_tab_indent(c, line))
        return S("indent with spaces, not with tabs");
    if (strstr(problem, "mapping values are not allowed"))
        return S("a text with `: ` in it needs quotes; or is the line indented too deep?");
    if (strstr(problem, "expected ',' or"))
        return arena_printf(&c->arena, "is what line %zu opens closed?",
                            parser->context_mark.line + 1);
    if (strstr(problem, "expected key") || strstr(problem, "block"))
        return S("is the line indented like its neighbours?");
    if (strstr(problem, "end of stream"))
        return S("is a closing quote missing?");
    if (strstr(problem, "cannot start any token"))
        return S("put the text in quotes");
    return S_EMPTY;
}

/* The end of a file that ends with a newline is no place to point at. */
static struct config_span inside_text(const struct config *c, struct config_span at)
{
    unsigned last = (unsigned)c->n_lines;

    while (last > 1 && c->lines[last - 1] == c->lines[last])
        last--;
    if (at.line <= last)
        return at;
    return (struct config_span){.line = last, .column = 1, .end_line = last, .end_column = 2};
}

/* libyaml gives the place of a bad byte as an offset. */
static struct config_span place_of(str text, size_t offset)
{
    const char *p = text.p, *end = text.p + MIN(offset, text.n);
    unsigned line = 1, column = 1;

    while (p < end) {
        size_t n = config_break_len(p, text.p + text.n);
        line += n > 0;
        column = n > 0 ? 1 : column + (((unsigned char)*p & 0xc0) != 0x80);
        p += MAX(n, 1);
    }
    return (struct config_span){
        .line = line, .column = column, .end_line = line, .end_column = column + 1};
}

static void end_with_syntax_error(struct reader *r)
{
    struct config *c = r->c;
    const char *problem = r->parser.problem ? r->parser.problem : "the text ends too early";

    r->is_over = true;
    c->has_syntax_error = true;
    if (r->parser.error == YAML_READER_ERROR) {
        struct config_span at = place_of(r->text, r->parser.problem_offset);
        config_complain_at(c, CONFIG_ENCODING, inside_text(c, at),
                           "the text is not valid UTF-8, or has a control character (%s)", problem);
        return;
    }
    /* For what has no end, its beginning helps more than the end of the file. */
    bool is_endless = strstr(problem, "end of stream") != NULL && r->parser.context;
    struct config_span at =
        inside_text(c, point(is_endless ? r->parser.context_mark : r->parser.problem_mark));
    struct config_problem *p =
        config_complain_at(c, CONFIG_SYNTAX, at, "not valid YAML: %s", problem);
    p->help = syntax_help(c, &r->parser, at.line);
}

static void end_with(struct reader *r, enum config_code code, yaml_mark_t at, const char *text)
{
    r->is_over = true;
    r->c->has_syntax_error = true;
    config_complain_at(r->c, code, point(at), "%s", text);
}

/* ---- events ---- */

/* False when reading is over; otherwise *ev is to be deleted. */
static bool next_event(struct reader *r, yaml_event_t *ev)
{
    if (yaml_parser_parse(&r->parser, ev))
        return true;
    end_with_syntax_error(r);
    return false;
}

static struct config_node *new_node(struct reader *r, const yaml_event_t *ev,
                                    enum config_node_type type)
{
    struct config_node *n = arena_new(&r->c->arena, struct config_node);

    n->type = type;
    n->at = span(ev->start_mark, ev->end_mark);
    if (++r->nodes > CONFIG_NODES_MAX)
        end_with(r, CONFIG_TOO_MANY, ev->start_mark, "more than 100,000 values");
    return n;
}

static void refuse_anchor(struct reader *r, const yaml_event_t *ev, const yaml_char_t *anchor)
{
    struct config_span at = point(ev->start_mark);

    at.end_column = at.column + 1 + (unsigned)strlen((const char *)anchor);
    struct config_problem *p = config_complain_at(
        r->c, CONFIG_ANCHOR, at, "anchors (`&`) and aliases (`*`) are not used here");
    p->help = S("write the value out; a text that begins like this needs quotes");
}

static void refuse_properties(struct reader *r, const yaml_event_t *ev, const yaml_char_t *anchor,
                              const yaml_char_t *tag)
{
    if (anchor)
        refuse_anchor(r, ev, anchor);
    if (tag)
        config_complain_at(r->c, CONFIG_TAG, point(ev->start_mark), "tags (`!`) are not used here");
}

static struct config_node *scalar(struct reader *r, const yaml_event_t *ev)
{
    struct config_node *n = new_node(r, ev, CONFIG_SCALAR);

    refuse_properties(r, ev, ev->data.scalar.anchor, ev->data.scalar.tag);
    n->raw = restore(r->c, (const char *)ev->data.scalar.value, ev->data.scalar.length);
    n->is_plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    n->is_bad = ev->data.scalar.anchor || ev->data.scalar.tag;
    return n;
}

static struct config_node *read_node(struct reader *r, yaml_event_t *ev, unsigned depth);

static void read_list(struct reader *r, struct config_node *list, unsigned depth)
{
    yaml_event_t ev;

    while (!r->is_over && next_event(r, &ev)) {
        if (ev.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&ev);
            return;
        }
        struct config_node *child = read_node(r, &ev, depth + 1);
        config_node_append(list, child);
    }
}

/* A key event is a scalar, or it is refused with everything in it. */
static struct config_node *read_key(struct reader *r, yaml_event_t *ev, unsigned depth)
{
    struct config_node *key = read_node(r, ev, depth + 1);

    if (key->type == CONFIG_SCALAR && !key->is_bad)
        return key;
    config_mask_tree(r->c, key);
    if (key->type != CONFIG_SCALAR)
        config_complain_at(r->c, CONFIG_KEY_TYPE, key->at, "a key must be a text");
    return NULL;
}

static void refuse_entry(struct reader *r, struct config_node *child, struct config_node *first)
{
    config_mask_tree(r->c, child);
    if (!first) {
        config_complain_at(r->c, CONFIG_MERGE_KEY, child->key_at, "merge keys (`<<`) are not used");
        return;
    }
    config_complain_at(r->c, CONFIG_DUPLICATE_KEY, child->key_at,
                       "key `" STR_FMT "` appears twice; the first is in line %u",
                       STR_ARG(config_quote(r->c, child->key)), first->key_at.line);
}

/* Takes the value into the map, unless its key is refused. `seen` holds the map's keys. */
static void add_entry(struct reader *r, struct config_node *map, struct config_node *child,
                      struct table *seen)
{
    if (str_eq(child->key, S("<<"))) {
        refuse_entry(r, child, NULL);
        return;
    }
    struct config_node *first = table_add(seen, child->key, child);
    if (first)
        refuse_entry(r, child, first);
    else
        config_node_append(map, child);
}

static void read_map(struct reader *r, struct config_node *map, unsigned depth)
{
    struct table seen;
    yaml_event_t ev;

    table_init(&seen);
    while (!r->is_over && next_event(r, &ev)) {
        if (ev.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&ev);
            break;
        }
        struct config_node *key = read_key(r, &ev, depth);
        if (r->is_over || !next_event(r, &ev))
            break;
        struct config_node *child = read_node(r, &ev, depth + 1);
        if (!key) {
            config_mask_tree(r->c, child);
            continue;
        }
        child->key = key->raw;
        child->key_at = key->at;
        child->parent = map;
        add_entry(r, map, child, &seen);
    }
    table_fini(&seen);
}

/* Where a block map or list ends is only known from its last child. */
static void read_container(struct reader *r, struct config_node *n, const yaml_event_t *ev,
                           unsigned depth)
{
    if (depth >= CONFIG_DEPTH_MAX) {
        end_with(r, CONFIG_TOO_DEEP, ev->start_mark, "values are nested more than 32 levels deep");
        return;
    }
    if (n->type == CONFIG_LIST)
        read_list(r, n, depth);
    else
        read_map(r, n, depth);
}

/* Makes a node of the event (which it deletes) and those that belong to it. */
static struct config_node *read_node(struct reader *r, yaml_event_t *ev, unsigned depth)
{
    struct config_node *n = NULL;

    if (ev->type == YAML_SCALAR_EVENT) {
        n = scalar(r, ev);
    } else if (ev->type == YAML_SEQUENCE_START_EVENT) {
        n = new_node(r, ev, CONFIG_LIST);
        refuse_properties(r, ev, ev->data.sequence_start.anchor, ev->data.sequence_start.tag);
    } else if (ev->type == YAML_MAPPING_START_EVENT) {
        n = new_node(r, ev, CONFIG_MAP);
        refuse_properties(r, ev, ev->data.mapping_start.anchor, ev->data.mapping_start.tag);
    } else {
        must(ev->type == YAML_ALIAS_EVENT);
        n = new_node(r, ev, CONFIG_SCALAR);
        n->is_bad = true;
        refuse_anchor(r, ev, ev->data.alias.anchor);
    }
    if (n->type != CONFIG_SCALAR && !r->is_over)
        read_container(r, n, ev, depth);
    yaml_event_delete(ev);
    return n;
}

/* The events of the stream: its start, then one document, then its end. */
static void read_stream(struct reader *r)
{
    yaml_event_t ev;
    yaml_event_type_t type = YAML_NO_EVENT;

    while (!r->is_over && type != YAML_STREAM_END_EVENT && next_event(r, &ev)) {
        type = ev.type;
        if (type == YAML_DOCUMENT_START_EVENT && r->c->root) {
            end_with(r, CONFIG_MANY_DOCUMENTS, ev.start_mark,
                     "a second document begins here; a configuration is one document");
        } else if (type == YAML_SCALAR_EVENT || type == YAML_SEQUENCE_START_EVENT ||
                   type == YAML_MAPPING_START_EVENT || type == YAML_ALIAS_EVENT) {
            r->c->root = read_node(r, &ev, 0);
            continue;
        }
        yaml_event_delete(&ev);
    }
}

/* The column of the first reserved character of a line; 0: none. */
static unsigned reserved_column(const struct config *c, size_t line)
{
    const char *end = c->text + c->text_n;
    unsigned column = 1;
    for (const char *p = c->lines[line]; p < c->lines[line + 1]; p++) {
        if (is_stand_in(p, end))
            return column;
        column += ((unsigned char)*p & 0xc0) != 0x80;
    }
    return 0;
}

static bool has_reserved(struct config *c)
{
    for (size_t i = 0; i < c->n_lines; i++) {
        unsigned column = reserved_column(c, i);
        if (column == 0)
            continue;
        struct config_span at = {(unsigned)i + 1, column, (unsigned)i + 1, column + 1};
        config_complain_at(c, CONFIG_RESERVED_CHARACTER, at,
                           "a character from U+F8E0 to U+F8E6 is reserved");
        return true;
    }
    return false;
}

void config_yaml_read(struct config *c)
{
    struct reader r = {.c = c};
    struct buf text;

    if (has_reserved(c)) {
        c->has_syntax_error = true;
        return;
    }
    buf_init(&text, 3 * (size_t)CONFIG_FILE_MAX);
    /* All at once: a buffer that grows would leave copies behind that nobody wipes. */
    (void)buf_reserve(&text, 3 * c->text_n);
    protect_references(c, &text);
    r.text = buf_str(&text);
    must(buf_is_ok(&text));
    must(yaml_parser_initialize(&r.parser) == 1);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.p ? text.p : ""), text.n);
    read_stream(&r);
    yaml_parser_delete(&r.parser);
    config_wipe(buf_str(&text));
    buf_fini(&text);
}

const char *config_version_text(void)
{
    return yaml_get_version_string();
}
