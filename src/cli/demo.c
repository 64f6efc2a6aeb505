/* demo: a gateway to try, with nothing prepared and nothing left behind.
 *
 * It is serve with a configuration made here: the simulator as the only provider, keys as in
 * earnest, one gateway key and one admin key made for this run, loopback only. The keys live in
 * this process; the configuration names the admin key through the environment, so that it is in no
 * text that could be shown. Nothing is written to a file. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/api.h"
#include "base/crypt.h"
#include "cli/args.h"
#include "gate/server.h"
#include "rt/net.h"

#define PORT       8080
#define PORT_TRIES 200
#define TEXT_MAX   (16u << 10)

static const char notes[] =
    "The ports are 8080 and 8081, or the next free ones. The keys are made for this run only. The "
    "log\n"
    "goes to stderr. `curl` and `throwbar chat` work at once; Ctrl-C ends it.\n";

struct demo {
    struct arena arena;
    unsigned port, admin_port;
    str key, admin_key;
};

/* ---- what it runs with ---- */

static bool is_free(struct arena *a, unsigned port)
{
    struct net_addr addr;
    if (net_addr_parse(arena_printf(a, "127.0.0.1:%u", port), &addr) < 0)
        return false;
    int fd = net_listen_fd(&addr, false);
    if (fd < 0)
        return false;
    close(fd);
    return true;
}

/* The first free port from `from` on; 0: there is none near. */
static unsigned free_port(struct arena *a, unsigned from)
{
    for (unsigned port = from; port < from + PORT_TRIES; port++)
        if (is_free(a, port))
            return port;
    return 0;
}

static str configuration(struct demo *d)
{
    uint8_t hash[SHA256_BYTES];
    crypt_sha256(d->key, hash);
    str hex = crypt_to_hex(&d->arena, hash, sizeof hash);
    return arena_printf(&d->arena,
                        "version: 1\n"
                        "server: {listen: 127.0.0.1:%u, admin: 127.0.0.1:%u}\n"
                        "auth: {mode: keys, admin_key: \"${env:TB_DEMO_ADMIN_KEY}\"}\n"
                        "keys: [{id: demo, secret_hash: \"sha256:" STR_FMT "\"}]\n"
                        "observability: {log: {format: text}}\n",
                        d->port, d->admin_port, STR_ARG(hex));
}

static bool prepare(struct demo *d)
{
    d->port = free_port(&d->arena, PORT);
    d->admin_port = d->port ? free_port(&d->arena, d->port + 1) : 0;
    if (d->admin_port == 0) {
        cli_say("no port from %u to %u on 127.0.0.1 is free", PORT, PORT + PORT_TRIES);
        return false;
    }
    d->key = crypt_key_new(&d->arena, S("demo"));
    d->admin_key = crypt_key_new(&d->arena, S("admin"));
    return setenv("TB_DEMO_ADMIN_KEY", arena_cz(&d->arena, d->admin_key), 1) == 0;
}

/* ---- what it shows ---- */

static void show_curl(const struct demo *d)
{
    printf(
        "curl:\n\n"
        "  curl http://127.0.0.1:%u/v1/chat/completions \\\n"
        "    -H 'Authorization: Bearer " STR_FMT "' \\\n"
        "    -H 'Content-Type: application/json' \\\n"
        "    -d "
        "'{\"model\":\"sim/echo\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}'\n\n",
        d->port, STR_ARG(d->key));
}

static void show_sdks(const struct demo *d)
{
    printf("Python:\n\n"
           "  from openai import OpenAI\n"
           "  client = OpenAI(base_url=\"http://127.0.0.1:%u/v1\", api_key=\"" STR_FMT "\")\n\n",
           d->port, STR_ARG(d->key));
    printf("JavaScript:\n\n"
           "  import OpenAI from \"openai\";\n"
           "  const client = new OpenAI({ baseURL: \"http://127.0.0.1:%u/v1\", apiKey: \"" STR_FMT
           "\" });\n\n",
           d->port, STR_ARG(d->key));
}

static void show_shell(const struct demo *d)
{
    printf("another terminal:\n\n"
           "  export TB_URL=http://127.0.0.1:%u TB_KEY=" STR_FMT "\n"
           "  export TB_ADMIN_URL=http://127.0.0.1:%u TB_ADMIN_KEY=" STR_FMT "\n"
           "  throwbar chat sim/lorem \"hello\"\n\n",
           d->port, STR_ARG(d->key), d->admin_port, STR_ARG(d->admin_key));
}

/* All listeners are open. */
static void show(void *arg)
{
    const struct demo *d = arg;
    printf("Throwbar runs with its simulator: models sim/echo, sim/lorem, sim/tools, sim/json and\n"
           "sim/embed. Ctrl-C ends it and leaves nothing behind.\n\n"
           "  base URL  http://127.0.0.1:%u/v1\n"
           "  key       " STR_FMT "\n"
           "  metrics   http://127.0.0.1:%u/metrics\n\n",
           d->port, STR_ARG(d->key), d->admin_port);
    show_curl(d);
    show_sdks(d);
    show_shell(d);
    fflush(stdout);
}

int cli_demo(const struct cli_command *self, int argc, char **argv)
{
    const struct cli_args args = {.notes = notes};
    int rc = cli_parse(self, &args, argc, argv);
    if (rc != CLI_GO_ON)
        return rc;
    struct demo d = {.port = 0};
    arena_init(&d.arena, 4096, 1u << 20);
    rc = CLI_FAILED;
    if (prepare(&d)) {
        const struct server_options o = {.config_text = configuration(&d),
                                         .admin_paths = api_paths,
                                         .on_ready = show,
                                         .on_ready_arg = &d};
        rc = server_run(&o);
    }
    arena_fini(&d.arena);
    return rc;
}
