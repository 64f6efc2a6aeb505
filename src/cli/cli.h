/* The command line: one table of verbs (main.c), one file per family here.
 *
 * stdout is data, stderr is talk. Exit codes are those of interface.md section 2. */
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

/* argv[0] is the verb. Returns the exit code. */
typedef int (*cli_fn)(int argc, char **argv);

int cli_serve(int argc, char **argv);
int cli_demo(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_schema(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_reload(int argc, char **argv);
int cli_drain(int argc, char **argv);
int cli_version(int argc, char **argv);
int cli_chat(int argc, char **argv);
int cli_call(int argc, char **argv);

/* Says how a verb is used, on stderr; returns CLI_USAGE. */
int cli_usage(const char *line);
/* The configuration file for verbs without -c: ./throwbar.yaml, /etc/throwbar/throwbar.yaml, or NULL. */
const char *cli_default_config(void);
/* May colour be used on this stream? A terminal, and no NO_COLOR. */
bool cli_has_colour(int fd);
