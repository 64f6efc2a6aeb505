/* argv -> the table of verbs; nothing else. */
#include "cli/cli.h"

static const struct cli_command commands[] = {
    {"demo", cli_demo, "", "start with the simulator and show what to try"},
    {"serve", cli_serve, "[-c FILE] [--watch]", "run the gateway"},
    {"check", cli_check, "[-c FILE] [--format text|json|sarif]", "check a configuration file"},
    {"schema", cli_schema, "[--json|--md]", "print the configuration's schema or reference"},
    {"explain", cli_explain, "CODE|config.path|errors|metrics|paths|kinds|vendors [--md]",
     "explain an error code or a configuration key, or list what there is"},
    {"reload", cli_reload, "[-c FILE] [-o text|json]",
     "make the running instance read its configuration again"},
    {"drain", cli_drain, "[-c FILE] [-o text|json]",
     "let the running instance finish its requests and stop"},
    {"chat", cli_chat, "MODEL [PROMPT] [-s SYSTEM] [--no-stream]", "talk to a model"},
    {"call", cli_call, "METHOD PATH [-d DATA|@FILE|@-] [-H 'NAME: VALUE'] [-i] [--admin]",
     "send one request and print the answer"},
    {"version", cli_version, "[--verbose] [-o text|json]", "print the version"},
};

int main(int argc, char **argv)
{
    return cli_run(commands, sizeof commands / sizeof commands[0], argc, argv);
}
