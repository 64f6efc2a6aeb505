/* Providers that are described by templates: what is compiled; what is refused, with its place. */
#include "gate/snapshot_custom.c"

#include "gate/config_fakes.h"
#include "tap.h"

#define HEAD "auth: {mode: open}\nproviders:\n  a:\n    kind: custom\n    base_url: http://h\n"

static struct snapshot *compile_text(struct config **c, const char *text)
{
    *c = config_parse_with(str_from_cz(text), S("f.yaml"), &fake_sources);
    return snapshot_compile(*c);
}

static void test_whole(void)
{
    struct config *c;
    struct snapshot *s = compile_text(
        &c, HEAD "    custom:\n      method: PUT\n      path: /m/{model}/run\n"
                 "      stream_path: /m/{rest}\n      body: |\n        {\"q\": {{prompt}},\n"
                 "         \"n\": {{max_tokens}}}\n"
                 "      reply: {text: /a/0, error: /e, tool_calls: /t, finish: /f}\n"
                 "      stream: {framing: lines, text: /d, done: ' END '}\n");
    must(s);
    const struct custom *custom = s->providers[0].custom;
    must(custom);
    is_str(custom->method, S("PUT"), "method");
    is_str(str_from_cz(custom->path), S("/m/{model}/run"), "path");
    is_str(str_from_cz(custom->stream_path), S("/m/{rest}"), "path of streams");
    is_int(custom->body.places, CUSTOM_BIT(PROMPT) | CUSTOM_BIT(MAX_TOKENS), "places");
    ok(custom->reply.text.is_set && custom->reply.text.n == 2, "a pointer");
    ok(custom->reply.tool_calls.is_set && custom->reply.finish.is_set, "more of them");
    ok(!custom->reply.reasoning.is_set, "one that is absent");
    ok(custom->streams && custom->framing == FRAMING_LINES, "framing");
    is_str(custom->done, S("END"), "the end mark");
    snapshot_release(s);
    s = compile_text(&c, HEAD "    custom: {path: /run, body: '{}', reply: {text: ''}}\n");
    must(s);
    custom = s->providers[0].custom;
    is_str(custom->method, S("POST"), "the usual method");
    ok(!custom->streams && !custom->stream_path, "no streams");
    ok(custom->reply.text.is_set && custom->reply.text.n == 0, "the whole answer");
    snapshot_release(s);
}

/* The section, what is said of it, and the line it is said of. */
static const struct {
    const char *section, *said;
    unsigned line;
} refused[] = {
    {"", "kind custom needs the section `custom`", 3},
    {"    custom: {body: '{}', reply: {text: /a}}\n", "`path`", 6},
    {"    custom: {path: /run, reply: {text: /a}}\n", "`body`", 6},
    {"    custom: {path: run, body: '{}', reply: {text: /a}}\n", "a path begins with /", 6},
    {"    custom: {path: '/a b', body: '{}', reply: {text: /a}}\n", "encode it as %XX", 6},
    {"    custom: {path: '/{modl}', body: '{}', reply: {text: /a}}\n",
     "its places are {model} and {rest}", 6},
    {"    custom: {path: '/{model', body: '{}', reply: {text: /a}}\n",
     "its places are {model} and {rest}", 6},
    {"    custom:\n      path: /run\n      body: '{\"q\": {{promt}}}'\n      reply: {text: /a}\n",
     "there is no place {{promt}}; did you mean {{prompt}}? (line 1, column 7 of the body)", 8},
    {"    custom:\n      path: /run\n      body: |\n        {\"q\": {{prompt}},\n         }\n"
     "      reply: {text: /a}\n",
     "this is not valid JSON (line 2, column 2 of the body)", 8},
    {"    custom:\n      path: /run\n      body: '{}'\n      reply: {text: a/b}\n",
     "a JSON pointer begins with /", 9},
    {"    custom:\n      path: /run\n      body: '{}'\n      reply:\n        text: /a\n"
     "        finish: /a~x\n",
     "is written ~0", 11},
    {"    custom: {path: /run, body: '{}'}\n", "lacks `text`", 6},
    {"    custom: {path: /run, body: '{}', reply: {finish: /f}}\n", "lacks `text`", 6},
    {"    custom: {path: /run, body: '{}', reply: {text: /a}, stream: {done: x}}\n",
     "`custom.stream` lacks `text`", 6},
    {"    custom: {path: /run, body: '{}', reply: {text: /a}, stream_path: /s}\n",
     "`stream_path` has no use without `stream`", 6},
    {"    custom: {path: /run, body: '{}', reply: {text: /a}, extra: 1}\n", "unknown key `extra`",
     6},
};

static void expect_problem(struct config *c, const char *said, unsigned line)
{
    struct buf b;
    bool found = false;
    buf_init(&b, 1u << 20);
    config_render_text(c, &b, false);
    found = str_find(buf_str(&b), str_from_cz(said)) != STR_NONE;
    ok(found, said);
    struct buf where;
    buf_init(&where, 64);
    buf_printf(&where, "f.yaml:%u:", line);
    ok(str_find(buf_str(&b), buf_str(&where)) != STR_NONE, "and says where");
    if (!found)
        printf("# %.*s\n", (int)b.n, b.p);
    buf_fini(&where);
    buf_fini(&b);
}

static void test_refused(void)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct config *c;
        char text[1024];
        snprintf(text, sizeof text, "%s%s", HEAD, refused[i].section);
        struct snapshot *s = compile_text(&c, text);
        ok(!s, "refused");
        if (s) {
            snapshot_release(s);
            continue;
        }
        expect_problem(c, refused[i].said, refused[i].line);
        config_free(c);
    }
}

static void test_other_kinds(void)
{
    struct config *c;
    struct snapshot *s =
        compile_text(&c, "auth: {mode: open}\nproviders:\n  a: {kind: openai, base_url: http://h, "
                         "custom: {path: /x, body: '{}', reply: {text: /a}}}\n");
    ok(!s, "templates are of no use to others");
    expect_problem(c, "`custom` has no use for a provider of this kind", 3);
    config_free(c);
}

int main(void)
{
    test_whole();
    test_refused();
    test_other_kinds();
    return tap_done();
}
