#include "cli/cli.c"

#include "cli/quiet.h"
#include "tap.h"

static void test_exit_of_status(void)
{
    static const struct {
        int status, exit;
    } cases[] = {{200, 0}, {204, 0}, {302, 0}, {400, 1}, {401, 4}, {403, 4}, {404, 3},
                 {405, 1}, {409, 6}, {410, 1}, {422, 1}, {429, 1}, {500, 1}, {502, 1}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        is_int(cli_exit_of_status(cases[i].status), cases[i].exit, "an exit code of a status");
}

static void test_exit_of_error(void)
{
    is_int(cli_exit_of_error(-E_CONNECT), CLI_UNREACHABLE, "refused");
    is_int(cli_exit_of_error(-E_DNS), CLI_UNREACHABLE, "no such name");
    is_int(cli_exit_of_error(-E_TLS), CLI_UNREACHABLE, "no trust");
    is_int(cli_exit_of_error(-E_CONNECT_TIMEOUT), CLI_UNREACHABLE, "nobody answers");
    is_int(cli_exit_of_error(-E_RESET), CLI_FAILED, "reached, but gone");
    is_int(cli_exit_of_error(-E_PROVIDER_HTTP), CLI_FAILED, "reached, but no HTTP");
    is_int(cli_exit_of_error(-E_BAD_REQUEST), CLI_FAILED, "never sent");
}

static int run_first(const struct cli_command *self, int argc, char **argv)
{
    (void)self;
    return argc == 2 ? 10 + argv[1][0] : argc;
}

static int run_second(const struct cli_command *self, int argc, char **argv)
{
    (void)argv;
    return argc + (self->name[0] == 's' ? 100 : 0);
}

static const struct cli_command verbs[] = {
    {"first", run_first, "", "the first"},
    {"second", run_second, "", "the second"},
    {"version", run_second, "", "the version"},
};

static int run(const char *one, const char *two)
{
    char program[] = "throwbar", first[32] = "", second[32] = "";
    char *argv[] = {program, one ? first : NULL, two ? second : NULL, NULL};
    if (one)
        memcpy(first, one, strlen(one) + 1);
    if (two)
        memcpy(second, two, strlen(two) + 1);
    int kept = quiet_begin();
    int code = cli_run(verbs, ARRAY_LEN(verbs), 1 + (one != NULL) + (two != NULL), argv);
    quiet_end(kept);
    return code;
}

static void test_dispatch(void)
{
    is_int(run("second", NULL), 101, "a verb sees itself as its first argument");
    is_int(run("first", "x"), 10 + 'x', "and its arguments");
    is_int(run("help", "first"), 10 + '-', "help of a verb is its --help");
    is_int(run("--version", NULL), 1, "--version is a verb");
    is_int(run("help", NULL), CLI_OK, "help");
    is_int(run("--help", NULL), CLI_OK, "--help");
    is_int(run("-h", NULL), CLI_OK, "-h");
    is_int(run(NULL, NULL), CLI_USAGE, "no verb");
    is_int(run("", NULL), CLI_USAGE, "an empty verb");
    is_int(run("frist", NULL), CLI_USAGE, "an unknown verb");
    is_int(run("help", "frist"), CLI_USAGE, "help of an unknown verb");
}

static void test_nearest(void)
{
    const size_t n = ARRAY_LEN(verbs);
    ok(nearest(verbs, n, S("secnod")) == &verbs[1], "two letters exchanged");
    ok(nearest(verbs, n, S("frst")) == &verbs[0], "one left out");
    ok(nearest(verbs, n, S("completely")) == NULL, "nothing like it");
    ok(nearest(verbs, n, S("x")) == NULL, "too short to guess");
}

int main(void)
{
    test_exit_of_status();
    test_exit_of_error();
    test_dispatch();
    test_nearest();
    return tap_done();
}
