#include "gate/config_yaml.c"

#include "gate/config_fakes.h"
#include "gate/snapshot.h"
#include "tap.h"

static struct config *raw;

/* Reads without checking, so that the raw tree can be looked at. */
static struct config_node *read_raw(const char *text)
{
    config_free(raw);
    raw = config_parse_with(S("version: 1"), S("f"), &fake_sources);
    str copy = arena_str(&raw->arena, str_from_cz(text));
    raw->problems = NULL;
    raw->n_problems = raw->n_errors = 0;
    raw->root = NULL;
    raw->text = arena_cz(&raw->arena, copy);
    raw->text_n = copy.n;
    raw->lines = arena_new_n(&raw->arena, const char *, 2);
    raw->lines[0] = raw->text;
    raw->lines[1] = raw->text + raw->text_n;
    raw->n_lines = 1;
    config_yaml_read(raw);
    return raw->root;
}

static int code_of(str text)
{
    struct config *c = config_parse_with(text, S("f"), &fake_sources);
    const struct config_problem *p = config_problems(c);
    int code = p ? p->code : 0;

    config_free(c);
    return code;
}

static void is_at(const struct config_span *s, unsigned line, unsigned column, unsigned end)
{
    is_int(s->line, line, "line");
    is_int(s->column, column, "column");
    is_int(s->end_column, end, "end");
}

static void test_tree(void)
{
    struct config_node *root = read_raw("a: {b: [x, 'y', \"z\"], \"\xc3\xa4\": ~}");

    ok(root && root->type == CONFIG_MAP && root->n == 1, "a map");
    struct config_node *a = config_get(root, "a");
    is_at(&a->key_at, 1, 1, 2);
    struct config_node *b = config_get(a, "b");
    ok(b->type == CONFIG_LIST && b->n == 3 && b->parent == a, "a list");
    is_str(b->first->raw, S("x"), "plain");
    ok(b->first->is_plain && !b->last->is_plain, "quotes are known");
    is_at(&b->first->next->at, 1, 12, 15);
    is_int(b->last->index, 2, "index");
    struct config_node *umlaut = config_get(a, "\xc3\xa4");
    is_at(&umlaut->key_at, 1, 23, 26);
    is_at(&umlaut->at, 1, 28, 29);
    is_str(config_path(&raw->arena, b->last), S("a.b[2]"), "path");
}

static void test_references(void)
{
    struct config_node *root = read_raw(
        "{a: ${env:A}, b: x${env:B:-p, {q: [r}y, c: '${env:C}', d: \"${file:/a#b}\", e: 1}");

    is_str(config_text(NULL, "a"), S(""), "no node, no text");
    is_str(config_get(root, "a")->raw, S("${env:A}"), "in a flow mapping");
    is_str(config_get(root, "b")->raw, S("x${env:B:-p, {q: [r}y"), "with everything special in it");
    is_str(config_get(root, "c")->raw, S("${env:C}"), "in quotes");
    is_str(config_get(root, "d")->raw, S("${file:/a#b}"), "in double quotes");
    is_at(&config_get(root, "e")->key_at, 1, 75, 76);
    is_str(config_get(read_raw("a: ${env:A"), "a")->raw, S("${env:A"), "unclosed stays");
    is_str(config_get(read_raw("{a: \"${env:A\"}"), "a")->raw, S("${env:A"), "a quote ends it");
    is_str(config_get(read_raw("a: ${}x"), "a")->raw, S("${}x"), "no scheme, no stand-ins");
}

static void test_refused(void)
{
    is_int(code_of(S("a: \xff\n")), CONFIG_ENCODING, "not UTF-8");
    is_int(code_of(S("a: \x01\n")), CONFIG_ENCODING, "a control character");
    is_int(code_of(S("a: \xef\xbf\xbe\n")), CONFIG_ENCODING, "no character");
    is_int(code_of(S("\xff\xfe"
                     "a\0:\0")),
           CONFIG_ENCODING, "UTF-16");
    is_int(code_of(S("a: b\0c")), CONFIG_ENCODING, "NUL");
    is_int(code_of(S("")), CONFIG_EMPTY_FILE, "nothing");
    is_int(code_of(S("---\n")), CONFIG_EMPTY_FILE, "an empty document");
    is_int(code_of(S("~")), CONFIG_EMPTY_FILE, "null");
    is_int(code_of(S("\xef\xbb\xbfversion: 1\nkeys: []\n")), 0, "a byte order mark is skipped");
    is_int(code_of(S("%YAML 1.2\n---\nversion: 1\n")), 0, "a directive");
    is_int(code_of(S("version: 1\r\nauth: {mode: open}\r\n")), 0, "CR LF");
    is_int(code_of(S("*a")), CONFIG_ANCHOR, "an alias as root");
    is_int(code_of(S("? *a\n: b\n")), CONFIG_ANCHOR, "an alias as key");
    is_int(code_of(S("a: b\n...\n---\nc: d\n")), CONFIG_MANY_DOCUMENTS, "after an end mark");
}

static void test_encoding_position(void)
{
    struct config *c = config_parse_with(S("a: 1\r\nb: ${env:X} \xff"), S("f"), &fake_sources);
    const struct config_problem *p = config_problems(c);

    is_int(p->mark.line, 2, "line of the bad byte");
    is_int(p->mark.column, 13, "its column, stand-ins counted as one");
    config_free(c);
}

static void test_bounds(void)
{
    struct buf b;

    buf_init(&b, 8u << 20);
    buf_put(&b, S("keys: [1"));
    for (size_t i = 0; i < CONFIG_NODES_MAX; i++)
        buf_put(&b, S(",1"));
    buf_put_char(&b, ']');
    is_int(code_of(buf_str(&b)), CONFIG_TOO_MANY, "too many values");
    buf_reset(&b);
    for (size_t i = 0; i < CONFIG_DEPTH_MAX - 1; i++)
        buf_put(&b, S("{a: "));
    ok(code_of(buf_str(&b)) == CONFIG_SYNTAX, "deep, and still read");
    buf_reset(&b);
    for (size_t i = 0; i < 100000; i++)
        buf_put_char(&b, '[');
    is_int(code_of(buf_str(&b)), CONFIG_TOO_DEEP, "very deep");
    buf_fini(&b);
}

/* Many keys in one map: look-ups of duplicates must not be quadratic. */
static void test_many_keys(void)
{
    struct buf b;

    buf_init(&b, 8u << 20);
    for (unsigned i = 0; i < CONFIG_NODES_MAX / 2 - 2; i++)
        buf_printf(&b, "k%u: 1\n", i);
    buf_put(&b, S("k7: 2\n"));
    struct config *c = config_parse_with(buf_str(&b), S("f"), &fake_sources);
    is_int(c->n_problems, CONFIG_PROBLEMS_MAX, "problems are bounded");
    is_int(config_error_count(c), CONFIG_NODES_MAX / 2 - 1, "all are counted");
    config_free(c);
    buf_fini(&b);
}

static void test_cuts(void)
{
    str whole =
        S("server: {listen: [127.0.0.1:8080, {addr: '[::1]:1', tls: {cert: a, key: \"b\"}}]}\n"
          "providers:\n  ? openai\n  : api_key: >-\n      ${env:SET_A}\n    weird: !x &y *z\n"
          "  <<: {a: b}\n  a: |+\n\n   text\n\n");

    for (size_t n = 0; n <= whole.n; n++) {
        struct config *c = config_parse_with(str_slice(whole, 0, n), S("f"), &fake_sources);
        struct snapshot *s = snapshot_compile(c);
        if (s)
            snapshot_release(s);
        else
            config_free(c);
    }
    ok(true, "every beginning of a text is read to its end");
}

int main(void)
{
    test_tree();
    test_references();
    test_refused();
    test_encoding_position();
    test_bounds();
    test_many_keys();
    test_cuts();
    config_free(raw);
    return tap_done();
}
