#include "cli/args.c"

#include "cli/quiet.h"
#include "tap.h"

static const struct cli_command command = {
    .name = "check", .arguments = "[-c FILE]", .help = "check a file"};

/* What one run of cli_parse filled in. */
struct got {
    const char *path, *format;
    bool is_quiet;
    struct cli_list headers;
    const char *operands[2];
    int rc;
};

/* `line` is split at blanks. */
static const struct got *parse(const char *line)
{
    static char text[4096];
    char *argv[128] = {text};
    int argc = 1;
    static struct got g;
    g = (struct got){.format = "text"};
    const struct cli_option options[] = {
        {'c', "config", "FILE", "a file", .text = &g.path},
        {0, "format", "text|json", "a form", .text = &g.format},
        {'q', "quiet", NULL, "silence", .flag = &g.is_quiet},
        {'H', NULL, "HEADER", "a header", .texts = &g.headers},
    };
    const struct cli_args args = {.options = options,
                                  .n_options = ARRAY_LEN(options),
                                  .operands = g.operands,
                                  .min_operands = 1,
                                  .max_operands = 2};
    memcpy(text, line, strlen(line) + 1);
    for (char *p = text; *p;) {
        argv[argc++] = p;
        p = strchrnul(p, ' ');
        if (*p)
            *p++ = '\0';
    }
    int kept = quiet_begin();
    g.rc = cli_parse(&command, &args, argc, argv);
    quiet_end(kept);
    return &g;
}

static str text_of(const char *cz)
{
    return str_from_cz(cz);
}

static void test_forms(void)
{
    const char *const forms[] = {"-c f x",       "-cf x",  "--config f x",
                                 "--config=f x", "x -c f", "-c g -c f x"};
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        const struct got *g = parse(forms[i]);
        is_int(g->rc, CLI_GO_ON, forms[i]);
        is_str(text_of(g->path), S("f"), "the value");
        is_str(text_of(g->operands[0]), S("x"), "the operand");
    }
    const struct got *g = parse("a --format=json -q b");
    is_int(g->rc, CLI_GO_ON, "all kinds together");
    is_str(text_of(g->format), S("json"), "a word");
    ok(g->is_quiet, "a flag");
    is_str(text_of(g->operands[1]), S("b"), "the second operand");
    is_str(text_of(parse("--config=a=b x")->path), S("a=b"), "a value with an equals sign");
    is_str(text_of(parse("-c -x x")->path), S("-x"), "a value may begin with a dash");
}

static void test_operands(void)
{
    const struct got *g = parse("-- -c --format");
    is_int(g->rc, CLI_GO_ON, "after -- all are operands");
    is_str(text_of(g->operands[0]), S("-c"), "the first");
    is_str(text_of(g->operands[1]), S("--format"), "the second");
    is_str(text_of(parse("x -")->operands[1]), S("-"), "a lone dash is one");
    is_int(parse("")->rc, CLI_USAGE, "too few");
    is_int(parse("a b c")->rc, CLI_USAGE, "too many");
}

static void test_lists(void)
{
    const struct got *g = parse("x -H a -H b");
    is_int((int)g->headers.n, 2, "collected");
    is_str(text_of(g->headers.items[1]), S("b"), "in order");
    char many[1024] = "x";
    for (size_t i = 0; i <= CLI_LIST_MAX; i++)
        memcpy(many + 1 + 4 * i, " -Hv", 5);
    is_int(parse(many)->rc, CLI_USAGE, "bounded");
}

static void test_mistakes(void)
{
    const char *const lines[] = {
        "x --nonsense", "x --confg f", "x -z",         "x -qq",      "x --quiet=1",
        "x -c",         "x --config",  "x --config=",  "x --format", "x --format=xml",
        "x --format ",  "x --=f",      "x --format js"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        is_int(parse(lines[i])->rc, CLI_USAGE, lines[i]);
}

static void test_choice(void)
{
    ok(is_choice("text|json", S("json")), "the last word");
    ok(is_choice("text|json", S("text")), "the first word");
    ok(!is_choice("text|json", S("tex")), "a part of a word");
    ok(!is_choice("text|json", S("text|json")), "all words");
    ok(!is_choice("text|json", S_EMPTY), "nothing");
    ok(is_choice("FILE", S("anything")), "no words to choose from");
}

int main(void)
{
    test_forms();
    test_operands();
    test_lists();
    test_mistakes();
    test_choice();
    is_int(parse("--help")->rc, CLI_OK, "help needs no operands");
    is_int(parse("-h")->rc, CLI_OK, "help, short");
    is_int(parse("-c -h x")->rc, CLI_GO_ON, "a value that looks like help is none");
    return tap_done();
}
