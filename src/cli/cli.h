/* The command line: one table of verbs (main.c), one file per family here.
 *
 * stdout is data, stderr is talk. A verb parses its arguments with cli_parse (cli/args.h), does its
 * work, and returns an exit code of interface.md section 2. */
#pragma once

#include "base/defs.h"
#include "base/str.h"

enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2, /* or an invalid configuration */
    CLI_NOT_FOUND = 3,
    CLI_DENIED = 4,
    CLI_UNREACHABLE = 5,
    CLI_CONFLICT = 6,
};

struct cli_command;
/* argv[0] is the verb. Returns the exit code. */
typedef int (*cli_fn)(const struct cli_command *self, int argc, char **argv);

struct cli_command {
    const char *name;
    cli_fn run;
    const char *arguments; /* "MODEL [PROMPT]": shown behind the name */
    const char *help;      /* what it does, in one line */
};

int cli_serve(const struct cli_command *self, int argc, char **argv);
int cli_demo(const struct cli_command *self, int argc, char **argv);
int cli_check(const struct cli_command *self, int argc, char **argv);
int cli_schema(const struct cli_command *self, int argc, char **argv);
int cli_explain(const struct cli_command *self, int argc, char **argv);
int cli_reload(const struct cli_command *self, int argc, char **argv);
int cli_drain(const struct cli_command *self, int argc, char **argv);
int cli_version(const struct cli_command *self, int argc, char **argv);
int cli_chat(const struct cli_command *self, int argc, char **argv);
int cli_call(const struct cli_command *self, int argc, char **argv);

/* Finds the verb among n commands and runs it; help, and a word about unknown verbs. Ends with a
 * flush of stdout: data that could not be written is a failure, whatever the verb says. */
int cli_run(const struct cli_command *commands, size_t n, int argc, char **argv);

/* One line of talk on stderr, behind "throwbar: ". What a terminal would obey is replaced. */
void cli_say(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* Several lines of talk as they are, on stderr, made safe alike. */
void cli_talk(str text);
/* Data for stdout, as it is; what failed is told by cli_run at the end. */
void cli_put(str data);
/* The configuration file for verbs without -c: ./throwbar.yaml, /etc/throwbar/throwbar.yaml, or
 * NULL. */
const char *cli_default_config(void);
/* May colour be used on this stream? A terminal, and no NO_COLOR. */
bool cli_has_colour(int fd);
/* The exit code for a status of HTTP, and for the code of a failed connection (-E_CONNECT...). */
int cli_exit_of_status(int status);
int cli_exit_of_error(int code);
