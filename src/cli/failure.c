/* Why a request came to nothing, in three lines at most: what happened, a hint, the next command.
 *
 * An error object of the gateway names its code and brings its hint. An answer of somebody else (a
 * proxy in between, a wrong TB_URL) is shown as the status and the beginning of its text. */
#include "cli/failure.h"

#include "cli/cli.h"
#include "wire/json.h"

#define QUOTE_MAX 200 /* bytes of a body that is no error object */

/* The first of these members that is a text. */
static str first_text(const struct json *object, const char *const names[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        str text = json_str(json_get(object, names[i]));
        if (text.n > 0)
            return text;
    }
    return S_EMPTY;
}

static void read_object(struct arena *a, const struct json *root, struct failure *out)
{
    static const char *const messages[] = {"message", "detail", "title", "error"};
    const struct json *error = json_get(root, "error");
    const struct json *gateway = json_get(error, "gateway");
    bool has_object = json_get(error, "message") != NULL;
    str code = gateway ? json_str(json_get(gateway, "code")) : json_str(json_get(root, "code"));

    out->message =
        arena_str(a, first_text(has_object ? error : root, messages, ARRAY_LEN(messages)));
    out->hint = arena_str(a, json_str(json_get(gateway, "hint")));
    if (str_has_prefix(code, S("TB-")))
        out->code = arena_str(a, code);
}

void failure_read(struct arena *a, int status, str body, struct failure *out)
{
    const struct json *root = NULL;
    size_t error_at = 0;
    *out = (struct failure){.message = S_EMPTY};
    if (json_read(a, body, &root, &error_at) == 0)
        read_object(a, root, out);
    if (out->message.n > 0)
        return;
    str quote = str_trim(str_slice(body, 0, QUOTE_MAX));
    const char *cut = body.n > QUOTE_MAX ? "..." : "";
    out->message = arena_printf(a, "The answer is %d %s%s" STR_FMT "%s", status,
                                http_reason(status), quote.n > 0 ? ": " : "", STR_ARG(quote), cut);
}

/* ---- telling ---- */

static void say_next(const struct instance *to, int status, const struct failure *f)
{
    if (status == 401 && to->is_admin)
        cli_say("  next: set TB_ADMIN_KEY to auth.admin_key, or be the user who runs the server");
    else if (status == 401)
        cli_say("  next: set TB_KEY to a gateway key (tb-...)");
    else if (str_eq(f->code, S("TB-1008")) || str_eq(f->code, S("TB-2003")))
        cli_say("  next: throwbar call GET /v1/models");
    else if (f->code.n > 0)
        cli_say("  next: throwbar explain " STR_FMT, STR_ARG(f->code));
    else if (status == 404)
        cli_say("  next: see that %s is the base URL, not " STR_FMT,
                to->is_admin ? "TB_ADMIN_URL" : "TB_URL", STR_ARG(to->url));
}

int failure_tell_answer(struct arena *a, const struct instance *to, int status, str body)
{
    struct failure f;
    failure_read(a, status, body, &f);
    cli_say(STR_FMT, STR_ARG(f.message));
    if (f.hint.n > 0)
        cli_say("  hint: " STR_FMT, STR_ARG(f.hint));
    say_next(to, status, &f);
    int code = cli_exit_of_status(status);
    return code == CLI_OK ? CLI_FAILED : code; /* an error inside of an answer that began well */
}

int failure_tell_outcome(const struct instance *to, const struct http_outcome *out)
{
    int code = cli_exit_of_error(out->err.code);
    const char *variable = to->is_admin ? "TB_ADMIN_URL" : "TB_URL";
    cli_say(STR_FMT, STR_ARG(err_message(&out->err)));
    if (out->err.code == -E_TLS)
        cli_say("  hint: TB_CA names a PEM file with the certificates to trust");
    else if (code == CLI_UNREACHABLE)
        cli_say("  hint: %s is where the instance is looked for: " STR_FMT, variable,
                STR_ARG(to->url));
    if (out->err.code == -E_CONNECT)
        cli_say("  next: throwbar serve (or, to try it out: throwbar demo)");
    return code;
}
