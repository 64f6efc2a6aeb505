/* check, schema: what can be said about a configuration without a running instance.
 *
 * check reads and compiles as serve does, so its verdict is that of a start or a reload. schema
 * prints the table of options, from which the parser takes its rules, too. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "gate/config.h"
#include "gate/snapshot.h"

#define REPORT_MAX (64u << 20)

/* ---- check ---- */

static const char check_notes[] =
    "The verdict is that of a start or a reload. Problems go to stderr, a report for programs to\n"
    "stdout. Exit codes: 0 when the instance would take the configuration, 2 when not.\n";

static void report_text(const struct config *c, const char *path, bool is_good)
{
    struct buf out;
    buf_init(&out, REPORT_MAX);
    config_render_text(c, &out, cli_has_colour(STDERR_FILENO));
    if (out.n > 0)
        fprintf(stderr, STR_FMT, STR_ARG(buf_str(&out))); /* quotes of the file are safe in it */
    buf_fini(&out);
    if (is_good)
        printf("ok: %s %s valid\n", path ? path : "the built-in defaults", path ? "is" : "are");
}

static void report_for_programs(const struct config *c, const char *format)
{
    struct buf out;
    buf_init(&out, REPORT_MAX);
    if (strcmp(format, "json") == 0)
        config_render_json(c, &out);
    else
        config_render_sarif(c, &out);
    buf_put_char(&out, '\n');
    cli_put(buf_str(&out));
    buf_fini(&out);
}

static int check(const char *path, const char *format)
{
    struct config *c = config_load(path);
    struct snapshot *s = snapshot_compile(c);
    if (strcmp(format, "text") == 0)
        report_text(c, path, s != NULL);
    else
        report_for_programs(c, format);
    if (!s) {
        config_free(c);
        return CLI_USAGE;
    }
    snapshot_release(s); /* the tree goes with it */
    return CLI_OK;
}

int cli_check(const struct cli_command *self, int argc, char **argv)
{
    const char *path = NULL, *format = "text";
    const struct cli_option options[] = {
        {'c', "config", "FILE", "the configuration", .text = &path},
        {'o', "format", "text|json|sarif", "form of the report", .text = &format},
    };
    const struct cli_args args = {
        .options = options, .n_options = ARRAY_LEN(options), .notes = check_notes};
    int rc = cli_parse(self, &args, argc, argv);
    if (rc != CLI_GO_ON)
        return rc;
    if (!path)
        path = cli_default_config();
    if (!path)
        cli_say("there is no throwbar.yaml here or in /etc/throwbar; checking the defaults");
    return check(path, format);
}

/* ---- schema ---- */

int cli_schema(const struct cli_command *self, int argc, char **argv)
{
    bool is_json = false, is_md = false;
    const struct cli_option options[] = {
        {0, "json", .help = "JSON Schema, for editors (the default)", .flag = &is_json},
        {0, "md", .help = "the reference page", .flag = &is_md},
    };
    const struct cli_args args = {.options = options, .n_options = ARRAY_LEN(options)};
    int rc = cli_parse(self, &args, argc, argv);
    if (rc != CLI_GO_ON)
        return rc;
    if (is_json && is_md)
        return cli_misuse(self, "--json and --md exclude each other");
    struct buf out;
    buf_init(&out, REPORT_MAX);
    if (is_md)
        schema_render_md(&out);
    else
        schema_render_json(&out);
    if (!is_md)
        buf_put_char(&out, '\n');
    cli_put(buf_str(&out));
    buf_fini(&out);
    return CLI_OK;
}
