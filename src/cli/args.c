/* Arguments into the variables a verb names; help and complaints from the same description.
 *
 * One pass over argv. What an argument is depends on its first characters and on whether "--" has
 * come; the option it names is looked up in the verb's list. An unknown option is answered with
 * the nearest one. */
#include "cli/args.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

#define COMPLAINT_MAX 4096
#define COLUMN        26 /* where the help of an option begins */

/* One pass over the arguments. */
struct pass {
    const struct cli_command *self;
    const struct cli_args *args;
    int argc, at;
    char **argv;
    size_t n_operands;
    bool only_operands; /* "--" has come */
    bool wants_help;
};

/* ---- help ---- */

static void show_usage(const struct cli_command *self, FILE *out)
{
    const char *space = self->arguments[0] != '\0' ? " " : "";
    fprintf(out, "usage: throwbar %s%s%s\n", self->name, space, self->arguments);
}

static void show_option(const struct cli_option *o)
{
    struct buf left;
    buf_init(&left, COMPLAINT_MAX);
    if (o->letter)
        buf_printf(&left, "-%c%s", o->letter, o->name ? ", " : "");
    if (o->name)
        buf_printf(&left, "--%s", o->name);
    if (o->value)
        buf_printf(&left, " %s", o->value);
    printf("  %-*.*s %s\n", COLUMN, STR_ARG(buf_str(&left)), o->help);
    buf_fini(&left);
}

static void show_help(const struct cli_command *self, const struct cli_args *args)
{
    static const struct cli_option help = {.letter = 'h', .name = "help", .help = "this text"};
    show_usage(self, stdout);
    printf("\n%c%s.\n\n", self->help[0] - ('a' - 'A'), self->help + 1);
    for (size_t i = 0; i < args->n_options; i++)
        show_option(&args->options[i]);
    show_option(&help);
    if (args->notes)
        printf("\n%s", args->notes);
}

int cli_misuse(const struct cli_command *self, const char *fmt, ...)
{
    struct buf text;
    va_list list;
    buf_init(&text, COMPLAINT_MAX);
    va_start(list, fmt);
    buf_vprintf(&text, fmt, list);
    va_end(list);
    cli_say("%s: " STR_FMT, self->name,
            STR_ARG(buf_is_ok(&text) ? buf_str(&text) : S("an argument is too long")));
    buf_fini(&text);
    show_usage(self, stderr);
    return CLI_USAGE;
}

/* ---- options ---- */

static const struct cli_option *find_name(const struct cli_args *args, str name)
{
    for (size_t i = 0; i < args->n_options; i++)
        if (args->options[i].name && str_eq(name, str_from_cz(args->options[i].name)))
            return &args->options[i];
    return NULL;
}

static const struct cli_option *find_letter(const struct cli_args *args, char letter)
{
    for (size_t i = 0; i < args->n_options; i++)
        if (args->options[i].letter == letter)
            return &args->options[i];
    return NULL;
}

static int unknown_name(const struct pass *p, str name)
{
    const char *near = NULL;
    unsigned limit = 2;
    for (size_t i = 0; i < p->args->n_options; i++) {
        const char *candidate = p->args->options[i].name;
        unsigned distance = candidate ? str_distance(name, str_from_cz(candidate), limit) : 3;
        if (distance <= limit) {
            near = candidate;
            limit = distance;
        }
    }
    if (near)
        return cli_misuse(p->self, "unknown option --" STR_FMT "; did you mean --%s?",
                          STR_ARG(name), near);
    return cli_misuse(p->self, "unknown option --" STR_FMT, STR_ARG(name));
}

/* Is `value` one of the words of "a|b"? Anything is, when there are no words to choose from. */
static bool is_choice(const char *words, str value)
{
    str rest = str_from_cz(words), word;
    if (str_find_char(rest, '|') == STR_NONE)
        return true;
    while (rest.n > 0) {
        str_cut(rest, '|', &word, &rest);
        if (str_eq(word, value))
            return true;
    }
    return false;
}

/* `shown` is the option as the user wrote it. */
static int take_value(const struct pass *p, const struct cli_option *o, str shown,
                      const char *value)
{
    if (!value || value[0] == '\0')
        return cli_misuse(p->self, STR_FMT " lacks its value, %s", STR_ARG(shown), o->value);
    if (!is_choice(o->value, str_from_cz(value)))
        return cli_misuse(p->self, STR_FMT " is %s, not `%s`", STR_ARG(shown), o->value, value);
    if (o->text) {
        *o->text = value;
        return CLI_GO_ON;
    }
    if (o->texts->n == CLI_LIST_MAX)
        return cli_misuse(p->self, STR_FMT " comes more than %d times", STR_ARG(shown),
                          CLI_LIST_MAX);
    o->texts->items[o->texts->n++] = value;
    return CLI_GO_ON;
}

static const char *next_argument(struct pass *p)
{
    return p->at + 1 < p->argc ? p->argv[++p->at] : NULL;
}

/* --name, --name=value, --name value */
static int take_long(struct pass *p, const char *argument)
{
    str name, rest;
    bool has_value = str_cut(str_from_cz(argument + 2), '=', &name, &rest);
    if (str_eq(name, S("help"))) {
        p->wants_help = true;
        return CLI_GO_ON;
    }
    const struct cli_option *o = find_name(p->args, name);
    if (!o)
        return unknown_name(p, name);
    if (o->value)
        return take_value(p, o, str_of(argument, name.n + 2),
                          has_value ? rest.p : next_argument(p));
    if (has_value)
        return cli_misuse(p->self, "--%s takes no value", o->name);
    *o->flag = true;
    return CLI_GO_ON;
}

/* -x, -xvalue, -x value */
static int take_short(struct pass *p, const char *argument)
{
    if (strcmp(argument, "-h") == 0) {
        p->wants_help = true;
        return CLI_GO_ON;
    }
    const struct cli_option *o = find_letter(p->args, argument[1]);
    if (!o)
        return cli_misuse(p->self, "unknown option %s", argument);
    if (o->value)
        return take_value(p, o, str_of(argument, 2), argument[2] ? argument + 2 : next_argument(p));
    if (argument[2] != '\0')
        return cli_misuse(p->self, "unknown option %s", argument);
    *o->flag = true;
    return CLI_GO_ON;
}

/* ---- the pass ---- */

static int take_operand(struct pass *p, const char *argument)
{
    if (p->n_operands == p->args->max_operands)
        return cli_misuse(p->self, "unexpected argument `%s`", argument);
    p->args->operands[p->n_operands++] = argument;
    return CLI_GO_ON;
}

static int take(struct pass *p, const char *argument)
{
    if (p->only_operands || argument[0] != '-' || argument[1] == '\0')
        return take_operand(p, argument);
    if (strcmp(argument, "--") == 0) {
        p->only_operands = true;
        return CLI_GO_ON;
    }
    return argument[1] == '-' ? take_long(p, argument) : take_short(p, argument);
}

int cli_parse(const struct cli_command *self, const struct cli_args *args, int argc, char **argv)
{
    struct pass p = {.self = self, .args = args, .argc = argc, .argv = argv};
    for (p.at = 1; p.at < argc; p.at++) {
        int rc = take(&p, argv[p.at]);
        if (rc != CLI_GO_ON)
            return rc;
        if (p.wants_help) {
            show_help(self, args);
            return CLI_OK;
        }
    }
    if (p.n_operands < args->min_operands)
        return cli_misuse(self, "an argument is missing");
    return CLI_GO_ON;
}
