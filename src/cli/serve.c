/* serve: runs the gateway in the foreground, the way a service manager wants it. */
#include <stdio.h>

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

/* Without a file there is nobody who knows yet what is there: say it. */
static void show(void *arg)
{
    (void)arg;
    const struct snapshot *s = server_snapshot();
    fputs("\nNo configuration file. Providers:", stderr);
    for (size_t i = 0; i < s->n_providers; i++)
        fprintf(stderr, " " STR_FMT " (" STR_FMT ")", STR_ARG(s->providers[i].id),
                STR_ARG(s->providers[i].origin));
    fprintf(stderr,
            "\nBase URL: http://" STR_FMT "/v1, no key needed from this machine. Try:\n\n"
            "  curl http://" STR_FMT "/v1/chat/completions -H 'Content-Type: application/json' \\\n"
            "    -d '{\"model\":\"sim/echo\",\"messages\":[{\"role\":\"user\","
            "\"content\":\"hello\"}]}'\n\n"
            "  throwbar chat sim/lorem \"hello\"\n\n",
            STR_ARG(s->listen[0].text), STR_ARG(s->listen[0].text));
}

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
    if (!o.config_path)
        o.on_ready = show;
    return server_run(&o);
}
