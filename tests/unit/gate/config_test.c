#include "gate/config.c"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/config_fakes.h"
#include "gate/snapshot.h"
#include "tap.h"

static char folder[] = "/tmp/throwbar-config-XXXXXX";

static const char *write_file(struct arena *a, const char *name, const char *text, size_t n)
{
    const char *path = arena_cz(a, arena_printf(a, "%s/%s", folder, name));
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    must(fd != -1 && write(fd, text, n) == (ssize_t)n && close(fd) == 0);
    return path;
}

static int load_code(const char *path)
{
    struct config *c = config_load(path);
    const struct config_problem *p = config_problems(c);
    int code = p ? p->code : 0;

    config_free(c);
    return code;
}

static void test_files(struct arena *a)
{
    static char large[CONFIG_FILE_MAX + 1];
    const char *fifo = arena_cz(a, arena_printf(a, "%s/fifo", folder));

    is_int(load_code(write_file(a, "good", "auth: {mode: open}\n", 19)), 0, "a file");
    is_int(load_code("/nonexistent/throwbar.yaml"), CONFIG_UNREADABLE, "no file");
    is_int(load_code(folder), CONFIG_UNREADABLE, "a folder");
    must(mkfifo(fifo, 0600) == 0);
    is_int(load_code(fifo), CONFIG_UNREADABLE, "a FIFO does not block");
    memset(large, '#', sizeof large);
    is_int(load_code(write_file(a, "large", large, sizeof large)), CONFIG_UNREADABLE, "too large");
    is_int(load_code(write_file(a, "full", large, sizeof large - 1)), CONFIG_EMPTY_FILE,
           "as large as allowed");
    struct config *c = config_parse(str_of(large, sizeof large), S("f"));
    is_int(config_problems(c)->code, CONFIG_TOO_LARGE, "a text that is too large");
    config_free(c);
    unlink(fifo);
}

static void test_system_references(struct arena *a)
{
    const char *secret = write_file(a, "secret", "s3cret\n", 7);
    static char large[REFERENCE_MAX + 1];
    const char *big = write_file(a, "big", large, sizeof large);
    struct buf b;

    must(setenv("THROWBAR_TEST_KEY", "from-env", 1) == 0);
    buf_init(&b, 4096);
    buf_printf(&b,
               "auth: {mode: open, admin_key: ${env:THROWBAR_TEST_KEY}}\nproviders:\n  a: {kind: "
               "openai, base_url: http://a, api_key: \"${file:%s}\"}\n",
               secret);
    struct config *c = config_parse(buf_str(&b), S("f"));
    is_int(config_error_count(c), 0, "both are there");
    struct config_node *key =
        config_get(config_get(config_get(c->root, "providers"), "a"), "api_key");
    ok(secret_equals(key->secret, S("s3cret")), "a file without its newline");
    is_int(key->text.n, 0, "no copy is left in the tree");
    ok(secret_equals(config_get(config_get(c->root, "auth"), "admin_key")->secret, S("from-env")),
       "a variable");
    config_free(c);
    buf_reset(&b);
    buf_printf(&b, "auth: {admin_key: \"${file:%s}\"}\n", big);
    c = config_parse(buf_str(&b), S("f"));
    is_int(config_problems(c)->code, CONFIG_FILE_REFERENCE, "more than 64 KiB");
    config_free(c);
    buf_fini(&b);
    must(unsetenv("THROWBAR_TEST_KEY") == 0);
}

static void test_lines(void)
{
    struct config *c = config_parse_with(S("a\nb\r\nc\rd\xc2\x85"
                                           "e\xe2\x80\xa8"
                                           "f"),
                                         S("f"), &fake_sources);

    is_int(c->n_lines, 6, "all breaks that libyaml counts");
    is_int(c->lines[2] - c->text, 5, "CR LF is one");
    is_int(c->lines[6] - c->text, (long)c->text_n, "the end");
    config_free(c);
    c = config_parse_with(S("\n"), S("f"), &fake_sources);
    is_int(c->n_lines, 2, "the empty line behind the last break");
    config_free(c);
}

static void test_order(void)
{
    struct config *c = config_parse_with(S("version: 1"), S("f"), &fake_sources);
    const unsigned lines[] = {5, 1, 9, 5, 0, 3};

    for (unsigned i = 0; i < ARRAY_LEN(lines); i++)
        config_complain_at(c, CONFIG_ID, ((struct config_span){.line = lines[i], .column = 1}),
                           "%u", i);
    const char *want[] = {"4", "1", "5", "0", "3", "2"};
    const struct config_problem *p = config_problems(c);
    for (size_t i = 0; i < ARRAY_LEN(want); i++, p = p->next)
        is_str(p->message, str_from_cz(want[i]), "in order of position, then of finding");
    config_free(c);
}

static void test_quote(void)
{
    struct config *c = config_parse_with(S("version: 1"), S("f"), &fake_sources);
    char text[200];

    is_str(config_quote(c, S("a\x1b`b")), S("a??b"), "nothing harmful");
    is_str(config_quote(c, S("http://u:p@h")), S("***"), "no password");
    memset(text, 'x', sizeof text);
    memcpy(text + QUOTE_MAX - 1, "\xc3\xa4", 2);
    str cut = config_quote(c, str_of(text, sizeof text));
    is_int(cut.n, QUOTE_MAX - 1 + 3, "cut, not in the middle of a character");
    is_str(config_did_you_mean(c, S_EMPTY), S(""), "nothing near");
    config_free(c);
}

static void test_codes(void)
{
    const struct config_code_info *info = NULL, *before = NULL;

    for (size_t i = 0; (info = config_code_at(i)) != NULL; i++) {
        ok(!before || before->code < info->code, info->name);
        ok(config_code_find((int)info->code) == info, "found by number");
        before = info;
    }
    ok(!config_code_find(1), "no such number");
}

int main(void)
{
    struct arena a;

    must(mkdtemp(folder) != NULL);
    arena_init(&a, 4096, 1 << 20);
    test_files(&a);
    test_system_references(&a);
    test_lines();
    test_order();
    test_quote();
    test_codes();
    const char *names[] = {"good", "large", "full", "secret", "big"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        unlink(arena_cz(&a, arena_printf(&a, "%s/%s", folder, names[i])));
    rmdir(folder);
    arena_fini(&a);
    return tap_done();
}
