/* reload, drain: what one asks of the running instance, over its admin listener.
 *
 * Both are one POST without a body and a look at the answer. A reload that was refused is no
 * failure of the request: its report is shown as `check` would show it, and the exit code is that
 * of check. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "cli/args.h"
#include "cli/failure.h"
#include "wire/json.h"

#define ANSWER_MAX (16u << 20)
#define ARENA_MAX  (256u << 20)
#define WAIT_US    INT64_C(60000000)

static const char notes[] =
    "The instance is the one whose admin address is in FILE, or at TB_ADMIN_URL, or in the\n"
    "configuration that `serve` would read, or at " INSTANCE_ADMIN_URL ". The admin key is\n"
    "TB_ADMIN_KEY, else the configuration's, else the one that `serve` made and stored.\n";

/* One order to the instance. */
struct order {
    const char *config_path, *format;
    struct instance to;
    struct arena arena;
    struct buf answer;
    struct http_outcome out;
};

static int take_body(void *arg, str bytes)
{
    struct order *o = arg;
    buf_put(&o->answer, bytes);
    return buf_is_ok(&o->answer) ? 0 : -E_TOO_LARGE;
}

static int parse(const struct cli_command *self, struct order *o, int argc, char **argv)
{
    *o = (struct order){.format = "text"};
    const struct cli_option options[] = {
        {'c', "config", "FILE", "the running instance's configuration", .text = &o->config_path},
        {'o', "output", "text|json", "form of the result", .text = &o->format},
    };
    const struct cli_args args = {
        .options = options, .n_options = ARRAY_LEN(options), .notes = notes};
    return cli_parse(self, &args, argc, argv);
}

static void order_fini(struct order *o)
{
    buf_fini(&o->answer);
    arena_fini(&o->arena);
}

/* Posts to the admin path. CLI_GO_ON when there is an answer, else the exit code. */
static int post(struct order *o, str path)
{
    arena_init(&o->arena, 4096, ARENA_MAX);
    buf_init(&o->answer, ANSWER_MAX);
    if (!instance_find_admin(&o->arena, o->config_path, &o->to))
        return CLI_USAGE;
    const struct http_request request = {
        .url = o->to.url,
        .method = S("POST"),
        .path = path,
        .bearer = o->to.key,
        .ca = o->to.ca,
        .total_us = WAIT_US,
        .on_body = take_body,
        .arg = o,
    };
    int rc = http_client_run(&request, &o->arena, &o->out);
    return rc < 0 ? failure_tell_outcome(&o->to, &o->out) : CLI_GO_ON;
}

static bool wants_json(const struct order *o)
{
    return strcmp(o->format, "json") == 0;
}

static void put_answer(const struct order *o)
{
    cli_put(buf_str(&o->answer));
    cli_put(S("\n"));
}

/* ---- reload ---- */

/* The answer {"reloaded","config_version","report"} for people. */
static int tell_reload(struct order *o)
{
    const struct json *root = NULL;
    size_t error_at = 0;
    int64_t version = 0;
    if (json_read(&o->arena, buf_str(&o->answer), &root, &error_at) < 0 ||
        !json_i64(json_get(root, "config_version"), &version))
        return failure_tell_answer(&o->arena, &o->to, o->out.status, buf_str(&o->answer));
    str report = json_str(json_get(root, "report"));
    cli_talk(report);
    if (!json_bool(json_get(root, "reloaded"), false)) {
        cli_say("nothing has changed: version %lld of the configuration stays in force",
                (long long)version);
        return CLI_USAGE;
    }
    printf("reloaded: version %lld of the configuration is in force\n", (long long)version);
    return CLI_OK;
}

int cli_reload(const struct cli_command *self, int argc, char **argv)
{
    struct order o;
    int rc = parse(self, &o, argc, argv);
    if (rc != CLI_GO_ON)
        return rc;
    rc = post(&o, S("/admin/v1/config:reload"));
    bool is_verdict = o.out.status == 200 || o.out.status == 422;
    if (rc == CLI_GO_ON && !is_verdict) {
        rc = failure_tell_answer(&o.arena, &o.to, o.out.status, buf_str(&o.answer));
    } else if (rc == CLI_GO_ON && wants_json(&o)) {
        put_answer(&o);
        rc = o.out.status == 200 ? CLI_OK : CLI_USAGE;
    } else if (rc == CLI_GO_ON) {
        rc = tell_reload(&o);
    }
    order_fini(&o);
    return rc;
}

/* ---- drain ---- */

int cli_drain(const struct cli_command *self, int argc, char **argv)
{
    struct order o;
    int rc = parse(self, &o, argc, argv);
    if (rc != CLI_GO_ON)
        return rc;
    rc = post(&o, S("/admin/v1/drain"));
    if (rc == CLI_GO_ON && o.out.status != 202) {
        rc = failure_tell_answer(&o.arena, &o.to, o.out.status, buf_str(&o.answer));
    } else if (rc == CLI_GO_ON) {
        rc = CLI_OK;
        if (wants_json(&o))
            put_answer(&o);
        else
            cli_put(S("draining: no new connections; the instance ends with its last request\n"));
    }
    order_fini(&o);
    return rc;
}
