/* The arguments of one verb: options anywhere, operands in order.
 *
 * A verb describes what it takes by where the values go:
 *
 *     const char *path = NULL, *format = "text";
 *     const struct cli_option options[] = {
 *         {.letter = 'c', .value = "FILE", .text = &path, .help = "the configuration"},
 *         {.name = "format", .value = "text|json", .text = &format, .help = "of the report"},
 *     };
 *     const struct cli_args args = {.options = options, .n_options = ARRAY_LEN(options)};
 *     int rc = cli_parse(self, &args, argc, argv);
 *     if (rc >= 0)
 *         return rc;
 *
 * Understood are -c FILE, -cFILE, --format json, --format=json, and -- before operands that begin
 * with a dash. A lone - is an operand. -h and --help are every verb's. An option given twice: the
 * last one counts. */
#pragma once

#include "cli/cli.h"

#define CLI_LIST_MAX 64
#define CLI_GO_ON    (-1) /* of cli_parse: the verb shall do its work */

struct cli_list {
    const char *items[CLI_LIST_MAX];
    size_t n;
};

struct cli_option {
    char letter;            /* 0: none */
    const char *name;       /* without --; NULL: none */
    const char *value;      /* "FILE"; "a|b" is one of these words; NULL: no value */
    const char *help;       /* what it does, in one line */
    bool *flag;             /* option without value: becomes true */
    const char **text;      /* option with value: gets it, not empty... */
    struct cli_list *texts; /* ...or collects them, when it may come several times */
};

struct cli_args {
    const struct cli_option *options;
    size_t n_options;
    const char **operands; /* room for max_operands */
    size_t min_operands, max_operands;
    const char *notes; /* further lines for --help, or NULL */
};

/* CLI_GO_ON; or the exit code, when help was asked for or a mistake has been told on stderr. */
NODISCARD int cli_parse(const struct cli_command *self, const struct cli_args *args, int argc,
                        char **argv);
/* Tells a mistake of usage and how the verb is used, on stderr; returns CLI_USAGE. */
int cli_misuse(const struct cli_command *self, const char *fmt, ...) PRINTF_LIKE(2, 3);
