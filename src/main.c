/* argv -> the table of verbs; nothing else. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const struct command {
    const char *name;
    cli_fn run;
    const char *arguments;
    const char *help;
} commands[] = {
    {"demo", cli_demo, "", "start with the simulator and show what to try"},
    {"serve", cli_serve, "[-c FILE] [--watch]", "run the gateway"},
    {"check", cli_check, "[-c FILE] [--format text|json|sarif]", "check a configuration file"},
    {"schema", cli_schema, "[--json|--md]", "print the configuration's schema or reference"},
    {"explain", cli_explain, "CODE|config.path", "explain an error code or a configuration key"},
    {"reload", cli_reload, "", "make the running instance read its configuration again"},
    {"drain", cli_drain, "", "let the running instance finish its requests and stop"},
    {"chat", cli_chat, "MODEL [PROMPT] [-s SYSTEM] [--no-stream]", "talk to a model"},
    {"call", cli_call, "METHOD PATH [-d DATA|@FILE]", "send one request"},
    {"version", cli_version, "[--verbose]", "print the version"},
};

static void help(FILE *out)
{
    fputs("usage: throwbar VERB [ARGUMENTS]\n\n", out);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(out, "  %-8s %-40s %s\n", commands[i].name, commands[i].arguments,
                commands[i].help);
}

int main(int argc, char **argv)
{
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        help(stdout);
        return CLI_OK;
    }
    const char *verb = argc >= 2 ? argv[1] : "";
    if (strcmp(verb, "--version") == 0)
        verb = "version";
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(verb, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    help(stderr);
    return CLI_USAGE;
}
