/* serve: runs the gateway in the foreground, the way a service manager wants it. */
#include "admin/api.h"
#include "cli/args.h"
#include "gate/server.h"

static const char notes[] =
    "Without -c the configuration is ./throwbar.yaml, else /etc/throwbar/throwbar.yaml. With no "
    "file\n"
    "at all, providers are those whose keys are in the environment (OPENAI_API_KEY, ...), the "
    "engines\n"
    "found on this machine, and the simulator; only loopback is listened on.\n"
    "\n"
    "Signals: HUP reloads, USR1 reopens the log file, TERM and INT drain.\n";

int cli_serve(const struct cli_command *self, int argc, char **argv)
{
    struct server_options o = {.admin_paths = api_paths};
    const struct cli_option options[] = {
        {'c', "config", "FILE", "the configuration", .text = &o.config_path},
        {0, "watch", .help = "reload whenever the file changes", .flag = &o.watches},
    };
    const struct cli_args args = {
        .options = options, .n_options = ARRAY_LEN(options), .notes = notes};
    int rc = cli_parse(self, &args, argc, argv);
    if (rc != CLI_GO_ON)
        return rc;
    if (!o.config_path)
        o.config_path = cli_default_config();
    return server_run(&o);
}
