/* serve: runs the gateway in the foreground, the way a service manager wants it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/api.h"
#include "cli/cli.h"
#include "gate/server.h"

static const char usage[] = "throwbar serve [-c FILE] [--watch]";

const char *cli_default_config(void)
{
    static const char *const candidates[] = {"./throwbar.yaml", "/etc/throwbar/throwbar.yaml"};
    for (size_t i = 0; i < ARRAY_LEN(candidates); i++)
        if (access(candidates[i], F_OK) == 0)
            return candidates[i];
    return NULL;
}

int cli_serve(int argc, char **argv)
{
    struct server_options o = {.config_path = cli_default_config(), .admin_paths = api_paths};
    for (int i = 1; i < argc; i++) {
        bool has_value = i + 1 < argc;
        if (strcmp(argv[i], "-c") == 0 && has_value)
            o.config_path = argv[++i];
        else if (strcmp(argv[i], "--watch") == 0)
            o.watches = true;
        else
            return cli_usage(usage);
    }
    return server_run(&o);
}
