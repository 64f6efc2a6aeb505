/* explain: what a code or a key of the configuration means, and lists of all there are, without a
 * network.
 *
 * Codes that an answer, a log line or a metric carries are rows of base/err.def; codes of a report
 * about a configuration and the paths of its keys are known to gate/schema.c. The lists come from
 * cli/reference.c. */
#include <stdio.h>

#include "base/err.h"
#include "cli/args.h"
#include "cli/reference.h"
#include "gate/config.h"

#define TEXT_MAX (1u << 20)

static const char explain_notes[] =
    "CODE is TB-1008 or its name (model_not_found), as in an answer, a log line or `tb-attempts`;\n"
    "E1001 or W2001 as in a report of `check`. A path is one of the configuration,\n"
    "providers.*.timeouts.connect or with ids of yours in place of *. errors, metrics, paths,\n"
    "kinds and vendors list all there are.\n";

static const struct err_info *find_error(str what)
{
    uint64_t number = 0;
    str digits = str_has_prefix_nocase(what, S("TB-")) ? str_skip(what, 3) : what;
    if (str_to_u64(digits, &number))
        return number > 0 && number <= 9999 ? err_by_number((int)number) : NULL;
    for (int code = 1; code < E_COUNT; code++)
        if (str_eq_nocase(what, str_from_cz(err_info(code)->name)))
            return err_info(code);
    return NULL;
}

/* Whose doing it is, and what can be done about it by trying again. */
static const char *meaning(const struct err_info *row)
{
    switch (row->source) {
    case ERR_SOURCE_CLIENT:
        return "It is the client's: the request has to change.";
    case ERR_SOURCE_POLICY:
        return "A rule of this gateway refuses the request: the key or the rule has to change.";
    case ERR_SOURCE_GATEWAY:
        return "It is the gateway's own; the provider is not to blame.";
    case ERR_SOURCE_PROVIDER:
        return "The provider was reached, and its answer was of no use.";
    case ERR_SOURCE_NETWORK:
        return "The provider was not reached, or the connection to it broke.";
    }
    return "";
}

static const char *retry_meaning(const struct err_info *row)
{
    switch (row->retry) {
    case ERR_RETRY_NEVER:
        return "no, the same request would end alike";
    case ERR_RETRY_NEXT:
        return "yes, another endpoint, key or moment may do better";
    case ERR_RETRY_STALE:
        return "yes, on a fresh connection";
    }
    return "";
}

static void explain_error(const struct err_info *row)
{
    printf("TB-%d %s\n\n%s %s\n\n", row->number, row->name, row->message, meaning(row));
    if (row->number >= 9000)
        printf("It is a code of the inside, seen in the log only.\n");
    else
        printf("  status     %d\n", row->status);
    printf("  source     %s\n", err_source_name(row->source));
    printf("  retryable  %s\n", retry_meaning(row));
    printf("  in OpenAI  type \"%s\", code %s%s%s\n", row->openai_type,
           row->openai_code ? "\"" : "", row->openai_code ? row->openai_code : "null",
           row->openai_code ? "\"" : "");
    if (row->hint)
        printf("  hint       %s\n", row->hint);
}

static str upper_case(struct arena *a, str s)
{
    char *p = arena_cz(a, s);
    for (size_t i = 0; i < s.n; i++)
        p[i] = (char)(p[i] >= 'a' && p[i] <= 'z' ? p[i] - ('a' - 'A') : p[i]);
    return str_of(p, s.n);
}

/* The code or name of an error nearest to `what`; S_EMPTY: none is near. */
static str nearest_error(struct arena *a, str what)
{
    str near = S_EMPTY, upper = upper_case(a, what);
    unsigned limit = 2;
    for (int code = 1; code < E_COUNT; code++) {
        str names[] = {str_from_cz(err_info(code)->name),
                       arena_printf(a, "TB-%d", err_info(code)->number)};
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            unsigned distance = str_distance(upper, names[i], limit);
            if (distance > limit)
                continue;
            near = names[i];
            limit = distance > 0 ? distance - 1 : 0;
        }
    }
    return near;
}

static int list(str topic, bool is_md)
{
    struct buf out;
    buf_init(&out, TEXT_MAX);
    bool is_known = reference_put(&out, topic, is_md);
    cli_put(buf_str(&out));
    buf_fini(&out);
    return is_known ? CLI_OK : CLI_NOT_FOUND;
}

static int explain(struct arena *a, str what)
{
    const struct err_info *row = find_error(what);
    str near = S_EMPTY;
    struct buf out;
    bool is_code = what.n > 1 && what.p[1] >= '0' && what.p[1] <= '9'; /* e1001 */
    if (is_code)
        what = upper_case(a, what);
    if (row) {
        explain_error(row);
        return CLI_OK;
    }
    if (list(what, false) == CLI_OK)
        return CLI_OK;
    buf_init(&out, TEXT_MAX);
    bool is_known = schema_explain(what, &out, &near);
    cli_put(buf_str(&out));
    buf_fini(&out);
    if (is_known)
        return CLI_OK;
    if (near.n == 0)
        near = nearest_error(a, what);
    if (near.n > 0)
        cli_say("nothing is known as `" STR_FMT "`; did you mean `" STR_FMT "`?", STR_ARG(what),
                STR_ARG(near));
    else
        cli_say("nothing is known as `" STR_FMT
                "`; `throwbar schema --md` lists the keys and codes "
                "of the configuration",
                STR_ARG(what));
    return CLI_NOT_FOUND;
}

int cli_explain(const struct cli_command *self, int argc, char **argv)
{
    const char *what = NULL;
    bool is_md = false;
    const struct cli_option options[] = {
        {0, "md", .help = "of a list: the reference page", .flag = &is_md},
    };
    const struct cli_args args = {.options = options,
                                  .n_options = ARRAY_LEN(options),
                                  .operands = &what,
                                  .min_operands = 1,
                                  .max_operands = 1,
                                  .notes = explain_notes};
    int rc = cli_parse(self, &args, argc, argv);
    if (rc != CLI_GO_ON)
        return rc;
    if (is_md && list(str_from_cz(what), true) != CLI_OK)
        return cli_misuse(self, "--md prints one of " REFERENCE_TOPICS ", not `%s`", what);
    if (is_md)
        return CLI_OK;
    struct arena a;
    arena_init(&a, 4096, 1u << 20);
    rc = explain(&a, str_slice(str_trim(str_from_cz(what)), 0, 1000));
    arena_fini(&a);
    return rc;
}
