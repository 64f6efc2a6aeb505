#include "gate/config_scalar.c"

#include "gate/config_fakes.h"
#include "tap.h"

static struct config *c;

static const struct config_node *check(const char *text)
{
    config_free(c);
    c = config_parse_with(str_from_cz(text), S("f"), &fake_sources);
    return c->root;
}

/* The node at a path of keys and "[0]"-like steps, given one by one. */
static const struct config_node *at(const struct config_node *n, const char *path)
{
    str rest = str_from_cz(path), step;
    bool more = true;

    while (more && n) {
        more = str_cut(rest, '/', &step, &rest);
        if (n->type == CONFIG_LIST)
            n = str_eq(step, S("0")) ? n->first : n->last;
        else
            n = config_get_str(n, step);
    }
    return n;
}

static int first_code(const char *text)
{
    check(text);
    return config_problems(c) ? config_problems(c)->code : 0;
}

static void test_types(void)
{
    is_int(first_code("server: {workers: \"4\"}"), CONFIG_WRONG_TYPE, "a quoted number");
    is_int(first_code("server: {workers: 0o4}"), 0, "octal");
    is_int(first_code("server: {workers: ${env:SET_PORT}}"), CONFIG_OUT_OF_RANGE,
           "a number from a reference");
    is_int(first_code("server: {workers: \"${env:NOT:-4}\"}"), 0, "quoted, with a reference");
    is_int(first_code("server: {workers: ${env:NOT:-four}}"), CONFIG_WRONG_TYPE, "no number in it");
    is_int(first_code("server: {workers: -5}"), CONFIG_OUT_OF_RANGE, "negative");
    is_int(first_code("server: {workers: 99999999999999999999}"), CONFIG_OUT_OF_RANGE, "huge");
    is_int(first_code("server: {workers: -99999999999999999999}"), CONFIG_OUT_OF_RANGE, "tiny");
    is_int(first_code("server: {limits: {drain: 0}}"), 0, "a duration of zero");
    is_int(first_code("server: {limits: {connections: 20k}}"), 0, "a count");
    is_int(first_code("server: {limits: }"), CONFIG_EMPTY_VALUE, "nothing");
    is_int(first_code("server: {limits: ''}"), CONFIG_WRONG_TYPE, "an empty text");
    is_int(first_code("observability: {log: {file: ''}}"), CONFIG_EMPTY_VALUE, "an empty path");
    is_int(first_code("observability: {log: {level: off}}"), 0, "off is a word");
    is_int(first_code("models: {a: {use: ''}}"), 0, "an empty text may be one");
    is_int(first_code("7: 1"), CONFIG_UNKNOWN_KEY, "a key is a text, whatever it looks like");
    is_int(first_code("[]"), CONFIG_WRONG_TYPE, "a list");
    is_int(first_code("text"), CONFIG_WRONG_TYPE, "a text");
}

static void test_secrets(void)
{
    const struct config_node *root =
        check("auth: {admin_key: literal}\nproviders: {a: {kind: sim, headers: {x-api-key: abc, "
              "x-team: ml}, proxy: http://u:p@h, api_key: ${env:SET_A}}}");

    ok(secret_equals(at(root, "auth/admin_key")->secret, S("literal")), "the value is kept");
    is_str(at(root, "auth/admin_key")->raw, S("***"), "and not shown");
    is_int(config_problems(c)->code, CONFIG_LITERAL_SECRET, "and warned of");
    ok(at(root, "providers/a/headers/x-api-key")->secret, "a header that looks like a secret");
    ok(!at(root, "providers/a/headers/x-team")->secret, "one that does not");
    ok(at(root, "providers/a/proxy")->secret, "a proxy with a password");
    ok(str_find(str_of(c->text, c->text_n), S("literal")) == STR_NONE, "gone from the text");
    ok(str_find(str_of(c->text, c->text_n), S("${env:SET_A}")) != STR_NONE, "references stay");
    is_int(config_error_count(c), 0, "no errors");
}

int main(void)
{
    test_types();
    test_secrets();
    config_free(c);
    return tap_done();
}
