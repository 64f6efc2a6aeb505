/* call: sends one request and prints the answer's body as it comes, byte for byte.
 *
 * For everything that has no verb of its own, and for scripts: the exit code says what the status
 * was. With --admin it speaks to the admin listener, with its key. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "cli/args.h"
#include "cli/failure.h"
#include "cli/input.h"
#include "gate/config_value.h"

#define BODY_MAX  (1u << 30)
#define HEAD_MAX  (256u << 10) /* of an answer, as text */
#define ARENA_MAX (16u << 20)

static const char notes[] =
    "TB_URL is the gateway's base URL (" INSTANCE_URL "), TB_KEY the gateway key.\n"
    "Exit codes: 0; 3 not found, 4 denied, 6 conflict, 1 any other error status; 5 unreachable.\n"
    "\n"
    "  throwbar call GET /v1/models\n"
    "  throwbar call POST /v1/embeddings -d '{\"model\":\"sim/embed\",\"input\":\"hello\"}'\n"
    "  throwbar call GET /metrics --admin\n";

struct call_options {
    const char *method, *path, *content;
    struct cli_list headers;
    bool shows_head, is_admin;
};

struct printer {
    bool shows_head;
};

static void print_head(void *arg, const struct http_head *head)
{
    const struct printer *p = arg;
    if (!p->shows_head)
        return;
    struct buf lines;
    buf_init(&lines, HEAD_MAX);
    buf_printf(&lines, "HTTP/1.%d %d %s\n", head->minor, head->status, http_reason(head->status));
    for (size_t i = 0; i < head->n_headers; i++)
        buf_printf(&lines, STR_FMT ": " STR_FMT "\n", STR_ARG(head->headers[i].name),
                   STR_ARG(head->headers[i].value));
    buf_put_char(&lines, '\n');
    cli_talk(buf_str(&lines));
    buf_fini(&lines);
}

static int print_body(void *arg, str bytes)
{
    (void)arg;
    cli_put(bytes);
    return fflush(stdout) == 0 ? 0 : -E_SYSTEM; /* nobody reads on: no use in going on */
}

/* ---- what is sent ---- */

static int read_header(const struct cli_command *self, const char *text, struct http_header *out)
{
    str name, value;
    bool has_colon = str_cut(str_from_cz(text), ':', &name, &value);
    value = str_trim(value);
    if (!has_colon || !value_is_header_name(name) || !value_is_header_value(value))
        return cli_misuse(self, "`%s` is no header; one is written 'NAME: VALUE'", text);
    if (!http_client_allows_header(name))
        return cli_misuse(self, "the header " STR_FMT " is made here and cannot be set",
                          STR_ARG(name));
    *out = (struct http_header){.name = name, .value = value};
    return CLI_GO_ON;
}

static int read_content(const char *content, struct buf *out)
{
    if (content[0] != '@') {
        buf_put(out, str_from_cz(content));
        return CLI_OK;
    }
    return strcmp(content, "@-") == 0 ? input_stdin(out) : input_file(content + 1, out);
}

static bool is_target(str path)
{
    bool is_good = str_has_prefix(path, S("/"));
    for (size_t i = 0; i < path.n; i++)
        is_good &= path.p[i] > ' ' && path.p[i] < 0x7f;
    return is_good && str_find_char(path, '#') == STR_NONE;
}

static bool is_method(str method)
{
    bool is_good = method.n > 0 && method.n <= 16;
    for (size_t i = 0; i < method.n; i++)
        is_good &= method.p[i] >= 'A' && method.p[i] <= 'Z';
    return is_good;
}

/* ---- sending ---- */

static int send_call(const struct instance *to, const struct call_options *o,
                     const struct http_header *headers, str body, struct arena *a)
{
    struct printer printer = {.shows_head = o->shows_head};
    struct http_outcome out;
    const struct http_request request = {
        .url = to->url,
        .method = str_from_cz(o->method),
        .path = str_from_cz(o->path),
        .bearer = to->key,
        .headers = headers,
        .n_headers = o->headers.n,
        .content_type = o->content ? S("application/json") : S_EMPTY,
        .body = body,
        .ca = to->ca,
        .on_head = print_head,
        .on_body = print_body,
        .arg = &printer,
    };
    int rc = http_client_run(&request, a, &out);
    if (rc == -E_SYSTEM)
        return CLI_FAILED; /* cli_run says that stdout failed */
    if (rc < 0)
        return failure_tell_outcome(to, &out);
    if (out.status >= 400 && !o->shows_head)
        cli_say("the answer is %d %s", out.status, http_reason(out.status));
    return cli_exit_of_status(out.status);
}

static int run_call(const struct cli_command *self, const struct call_options *o, struct arena *a)
{
    struct http_header *headers = arena_new_n(a, struct http_header, o->headers.n);
    for (size_t i = 0; i < o->headers.n; i++) {
        int rc = read_header(self, o->headers.items[i], &headers[i]);
        if (rc != CLI_GO_ON)
            return rc;
    }
    if (!is_method(str_from_cz(o->method)))
        return cli_misuse(self, "`%s` is no method; for example GET or POST", o->method);
    if (!is_target(str_from_cz(o->path)))
        return cli_misuse(self, "`%s` is no path; one begins with / and has no blank", o->path);
    struct instance to;
    if (!o->is_admin)
        instance_find(&to);
    else if (!instance_find_admin(a, NULL, &to))
        return CLI_USAGE;
    struct buf body;
    buf_init(&body, BODY_MAX);
    int code = o->content ? read_content(o->content, &body) : CLI_OK;
    if (code == CLI_OK)
        code = send_call(&to, o, headers, buf_str(&body), a);
    buf_fini(&body);
    return code;
}

int cli_call(const struct cli_command *self, int argc, char **argv)
{
    struct call_options o = {.content = NULL};
    const char *operands[2] = {NULL, NULL};
    const struct cli_option options[] = {
        {'d', "data", "DATA", "the body; @FILE is read, @- is standard input", .text = &o.content},
        {'H', "header", "'NAME: VALUE'", "a header; may come several times", .texts = &o.headers},
        {'i', "include", .help = "print status and headers on stderr", .flag = &o.shows_head},
        {0, "admin", .help = "ask the admin listener", .flag = &o.is_admin},
    };
    const struct cli_args args = {.options = options,
                                  .n_options = ARRAY_LEN(options),
                                  .operands = operands,
                                  .min_operands = 2,
                                  .max_operands = 2,
                                  .notes = notes};
    int rc = cli_parse(self, &args, argc, argv);
    if (rc != CLI_GO_ON)
        return rc;
    o.method = operands[0];
    o.path = operands[1];
    struct arena a;
    arena_init(&a, 4096, ARENA_MAX);
    rc = run_call(self, &o, &a);
    arena_fini(&a);
    return rc;
}
