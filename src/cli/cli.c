/* What all verbs share: finding the verb, talking, and the meaning of exit codes.
 *
 * Talk may quote what a provider or a stranger's server said, so it goes through one function that
 * lets no control character reach the terminal. Data goes out as it came: whoever reads it in a
 * pipe wants the bytes. A failed write to stdout (a full disk, a closed pipe) is noted by stdio and
 * looked at once, at the end, so that no verb can forget it. */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/terminal.h"

#define TALK_MAX    (64u << 10)
#define HELP_COLUMN 48 /* where the help of a verb begins */

const char *cli_default_config(void)
{
    static const char *const candidates[] = {"./throwbar.yaml", "/etc/throwbar/throwbar.yaml"};
    for (size_t i = 0; i < ARRAY_LEN(candidates); i++)
        if (access(candidates[i], F_OK) == 0)
            return candidates[i];
    return NULL;
}

bool cli_has_colour(int fd)
{
    const char *no_colour = getenv("NO_COLOR");
    return (!no_colour || no_colour[0] == '\0') && isatty(fd) == 1;
}

void cli_talk(str text)
{
    struct buf safe;
    if (text.n == 0)
        return;
    buf_init(&safe, 4 * text.n);
    terminal_put_safe(&safe, text);
    fprintf(stderr, STR_FMT, STR_ARG(buf_str(&safe)));
    buf_fini(&safe);
}

void cli_say(const char *fmt, ...)
{
    struct buf text;
    va_list args;
    buf_init(&text, TALK_MAX);
    va_start(args, fmt);
    buf_vprintf(&text, fmt, args);
    va_end(args);
    fputs("throwbar: ", stderr);
    cli_talk(buf_is_ok(&text) ? buf_str(&text) : S("(a message too long to be shown)"));
    fputc('\n', stderr);
    buf_fini(&text);
}

void cli_put(str data)
{
    if (data.n > 0)
        (void)fwrite(data.p, 1, data.n, stdout); /* a failure stays with the stream, for the end */
}

/* ---- exit codes ---- */

int cli_exit_of_status(int status)
{
    if (status < 400)
        return CLI_OK;
    if (status == 401 || status == 403)
        return CLI_DENIED;
    if (status == 404)
        return CLI_NOT_FOUND;
    return status == 409 ? CLI_CONFLICT : CLI_FAILED;
}

int cli_exit_of_error(int code)
{
    static const int unreachable[] = {
        -E_DNS, -E_DNS_TIMEOUT, -E_CONNECT, -E_CONNECT_TIMEOUT, -E_TLS, -E_TLS_TIMEOUT, -E_PROXY,
    };
    for (size_t i = 0; i < ARRAY_LEN(unreachable); i++)
        if (code == unreachable[i])
            return CLI_UNREACHABLE;
    return CLI_FAILED;
}

/* ---- the table of verbs ---- */

static void show_help(const struct cli_command *commands, size_t n, FILE *out)
{
    fputs("usage: throwbar VERB [ARGUMENTS]\n\n", out);
    for (size_t i = 0; i < n; i++) {
        const struct cli_command *c = &commands[i];
        int used = fprintf(out, "  %s %s", c->name, c->arguments);
        if (used >= HELP_COLUMN) {
            fputc('\n', out);
            used = 0;
        }
        fprintf(out, "%*s%s\n", HELP_COLUMN - used, "", c->help);
    }
    fputs("\n`throwbar VERB --help` says more about one of them.\n", out);
}

static const struct cli_command *find(const struct cli_command *commands, size_t n, str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(name, str_from_cz(commands[i].name)))
            return &commands[i];
    return NULL;
}

static const struct cli_command *nearest(const struct cli_command *commands, size_t n, str name)
{
    const struct cli_command *best = NULL;
    unsigned limit = 2;
    for (size_t i = 0; i < n; i++) {
        unsigned distance = str_distance(name, str_from_cz(commands[i].name), limit);
        if (distance <= limit && distance < name.n) {
            best = &commands[i];
            limit = distance > 0 ? distance - 1 : 0;
        }
    }
    return best;
}

static int refuse_verb(const struct cli_command *commands, size_t n, str verb)
{
    const struct cli_command *near = nearest(commands, n, verb);
    if (near)
        cli_say("there is no verb `" STR_FMT "`; did you mean `%s`?", STR_ARG(verb), near->name);
    else
        cli_say("there is no verb `" STR_FMT "`; `throwbar --help` lists them", STR_ARG(verb));
    return CLI_USAGE;
}

static int dispatch(const struct cli_command *commands, size_t n, int argc, char **argv)
{
    str verb = str_from_cz(argc >= 2 ? argv[1] : NULL);
    bool wants_help = str_eq(verb, S("help"));
    if (verb.n == 0) {
        show_help(commands, n, stderr);
        return CLI_USAGE;
    }
    if (str_eq(verb, S("--help")) || str_eq(verb, S("-h")) || (wants_help && argc == 2)) {
        show_help(commands, n, stdout);
        return CLI_OK;
    }
    if (str_eq(verb, S("--version")))
        verb = S("version");
    if (wants_help)
        verb = str_from_cz(argv[2]);
    const struct cli_command *command = find(commands, n, verb);
    if (!command)
        return refuse_verb(commands, n, verb);
    char ask[] = "--help", *ask_argv[] = {argv[0], ask, NULL};
    return wants_help ? command->run(command, 2, ask_argv)
                      : command->run(command, argc - 1, argv + 1);
}

int cli_run(const struct cli_command *commands, size_t n, int argc, char **argv)
{
    int code = dispatch(commands, n, argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    cli_say("cannot write to standard output: %s", strerror(errno));
    return code == CLI_OK ? CLI_FAILED : code;
}
