/* chat: talks to a model, once or line by line.
 *
 * The answer is printed as it comes. What is said goes to stdout, reasoning and calls of tools to
 * stderr. In a conversation the messages so far are kept as the JSON text they are sent as, so a
 * turn is sent by wrapping them; a turn that failed is taken out again, and the user can go on.
 *
 * A terminal gets the answer with control characters replaced: a model can be made to say escape
 * sequences. A pipe gets it as it is. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/args.h"
#include "cli/chat_answer.h"
#include "cli/failure.h"
#include "cli/input.h"
#include "cli/terminal.h"
#include "wire/json.h"

#define MESSAGES_MAX (64u << 20)
#define LINE_MAX     (1u << 20)
#define ARENA_MAX    (512u << 20)

static const char notes[] =
    "Without PROMPT it is read from standard input; on a terminal a conversation begins, line by "
    "line,\n"
    "until Ctrl-D. TB_URL is the gateway's base URL (" INSTANCE_URL "), TB_KEY the gateway key.\n"
    "`throwbar call GET /v1/models` lists the models.\n";

struct chat {
    struct instance to;
    const char *model, *system;
    bool is_whole;    /* --no-stream */
    bool is_terminal; /* stdout */
    bool dims_aside;
    struct buf messages; /* `{"role":...},{...}` */
};

/* One turn. */
struct turn {
    const struct chat *chat;
    struct chat_answer answer;
    struct buf body; /* of an answer that is no stream of events */
    bool is_stream;
    size_t shown, shown_aside; /* of the answer's text, of what is beside it */
};

/* ---- printing ---- */

static void show_aside(struct turn *t)
{
    str piece = str_skip(buf_str(&t->answer.aside), t->shown_aside);
    if (piece.n == 0)
        return;
    fputs(t->chat->dims_aside ? "\x1b[2m" : "", stderr);
    cli_talk(piece);
    fputs(t->chat->dims_aside ? "\x1b[0m" : "", stderr);
    t->shown_aside = t->answer.aside.n;
}

static void show_text(struct turn *t)
{
    str piece = str_skip(buf_str(&t->answer.text), t->shown);
    if (piece.n == 0)
        return;
    struct buf safe;
    buf_init(&safe, 4 * (size_t)CHAT_ANSWER_MAX);
    if (t->chat->is_terminal)
        terminal_put_safe(&safe, piece);
    else
        buf_put(&safe, piece);
    cli_put(buf_str(&safe));
    fflush(stdout);
    buf_fini(&safe);
    t->shown = t->answer.text.n;
}

static void show(struct turn *t)
{
    show_aside(t);
    show_text(t);
}

static bool ends_line(const struct buf *b)
{
    return b->n == 0 || b->p[b->n - 1] == '\n';
}

static void show_end(struct turn *t)
{
    show(t);
    if (!ends_line(&t->answer.text))
        cli_put(S("\n"));
    if (!ends_line(&t->answer.aside))
        fputc('\n', stderr);
    fflush(stdout);
    if (t->answer.is_cut)
        cli_say("the answer was cut at the token limit");
    if (t->answer.is_filtered)
        cli_say("the provider's content filter ended the answer");
}

/* ---- one turn ---- */

static void take_head(void *arg, const struct http_head *head)
{
    struct turn *t = arg;
    str type = http_header_get(head, S("content-type"));
    t->is_stream = head->status < 300 && str_has_prefix_nocase(type, S("text/event-stream"));
}

static int take_body(void *arg, str bytes)
{
    struct turn *t = arg;
    if (!t->is_stream) {
        buf_put(&t->body, bytes);
        return buf_is_ok(&t->body) ? 0 : -E_TOO_LARGE;
    }
    int rc = chat_answer_feed(&t->answer, bytes);
    show(t);
    return rc;
}

static void put_body(const struct chat *c, struct buf *b)
{
    struct json_writer w = json_writer(b);
    json_begin_object(&w, NULL);
    json_put_str(&w, "model", str_from_cz(c->model));
    if (!c->is_whole)
        json_put_bool(&w, "stream", true);
    json_begin_array(&w, "messages");
    json_put_raw(&w, NULL, buf_str(&c->messages));
    json_end_array(&w);
    json_end_object(&w);
}

static int incomplete(void)
{
    cli_say("the answer ended early; what is above is not all of it");
    return CLI_FAILED;
}

/* What became of a turn that got an answer; the exit code. */
static int judge(struct turn *t, struct arena *a, const struct http_outcome *out)
{
    str body = buf_str(&t->body);
    if (out->status >= 300)
        return failure_tell_answer(a, &t->chat->to, out->status, body);
    if (!t->is_stream && chat_answer_whole(&t->answer, body) < 0) {
        cli_say("the answer is no chat completion; is " STR_FMT " the gateway's base URL?",
                STR_ARG(t->chat->to.url));
        return CLI_FAILED;
    }
    show_end(t);
    if (t->answer.error.n > 0)
        return failure_tell_answer(a, &t->chat->to, out->status, buf_str(&t->answer.error));
    return t->answer.is_complete ? CLI_OK : incomplete();
}

static int judge_broken(struct turn *t, const struct http_outcome *out, int rc)
{
    show_end(t);
    if (rc == -E_PROVIDER_BODY)
        cli_say("the stream holds an event that is no piece of a chat completion");
    else if (rc == -E_TOO_LARGE)
        cli_say("the answer is too long");
    else
        return failure_tell_outcome(&t->chat->to, out);
    return CLI_FAILED;
}

static int run_turn(struct turn *t, str body, struct arena *a)
{
    const struct instance *to = &t->chat->to;
    struct http_outcome out;
    const struct http_request request = {
        .url = to->url,
        .method = S("POST"),
        .path = S("/v1/chat/completions"),
        .bearer = to->key,
        .content_type = S("application/json"),
        .body = body,
        .ca = to->ca,
        .on_head = take_head,
        .on_body = take_body,
        .arg = t,
    };
    int rc = http_client_run(&request, a, &out);
    return rc == 0 ? judge(t, a, &out) : judge_broken(t, &out, rc);
}

static void put_message(struct chat *c, const char *role, str content)
{
    if (c->messages.n > 0)
        buf_put_char(&c->messages, ',');
    struct json_writer w = json_writer(&c->messages);
    json_begin_object(&w, NULL);
    json_put_str(&w, "role", str_from_cz(role));
    json_put_str(&w, "content", content);
    json_end_object(&w);
}

/* Asks, prints the answer and keeps both; the exit code. */
static int ask(struct chat *c, str prompt)
{
    size_t before = c->messages.n;
    struct turn t = {.chat = c};
    struct arena a;
    struct buf body;
    arena_init(&a, 4096, ARENA_MAX);
    chat_answer_init(&t.answer);
    buf_init(&t.body, CHAT_ANSWER_MAX);
    buf_init(&body, MESSAGES_MAX + 65536);
    put_message(c, "user", prompt);
    put_body(c, &body);
    int code = CLI_FAILED;
    if (buf_is_ok(&c->messages) && buf_is_ok(&body))
        code = run_turn(&t, buf_str(&body), &a);
    else
        cli_say("the conversation is too long");
    if (code == CLI_OK)
        put_message(c, "assistant", buf_str(&t.answer.text));
    else
        c->messages.n = before;
    buf_fini(&body);
    buf_fini(&t.body);
    chat_answer_fini(&t.answer);
    arena_fini(&a);
    return code;
}

/* ---- the verb ---- */

/* Line by line until the end of the input. The conversation itself does not fail. */
static int converse(struct chat *c)
{
    struct buf line;
    buf_init(&line, LINE_MAX);
    for (;;) {
        fputs("> ", stderr);
        if (!input_line(&line))
            break;
        str prompt = str_trim(buf_str(&line));
        if (prompt.n > 0)
            (void)ask(c, prompt); /* it has told what went wrong */
    }
    fputc('\n', stderr);
    buf_fini(&line);
    return CLI_OK;
}

static int ask_input(struct chat *c)
{
    struct buf text;
    buf_init(&text, MESSAGES_MAX);
    int code = input_stdin(&text);
    str prompt = buf_str(&text);
    if (str_has_suffix(prompt, S("\n")))
        prompt.n--;
    if (code == CLI_OK && prompt.n == 0) {
        cli_say("chat: the prompt is empty");
        code = CLI_USAGE;
    }
    if (code == CLI_OK)
        code = ask(c, prompt);
    buf_fini(&text);
    return code;
}

int cli_chat(const struct cli_command *self, int argc, char **argv)
{
    struct chat c = {.is_terminal = isatty(STDOUT_FILENO) == 1,
                     .dims_aside = cli_has_colour(STDERR_FILENO)};
    const char *operands[2] = {NULL, NULL};
    const struct cli_option options[] = {
        {'s', "system", "SYSTEM", "a system message to begin with", .text = &c.system},
        {0, "no-stream", .help = "print the answer when it is whole", .flag = &c.is_whole},
    };
    const struct cli_args args = {.options = options,
                                  .n_options = ARRAY_LEN(options),
                                  .operands = operands,
                                  .min_operands = 1,
                                  .max_operands = 2,
                                  .notes = notes};
    int rc = cli_parse(self, &args, argc, argv);
    if (rc != CLI_GO_ON)
        return rc;
    c.model = operands[0];
    instance_find(&c.to);
    buf_init(&c.messages, MESSAGES_MAX);
    if (c.system)
        put_message(&c, "system", str_from_cz(c.system));
    bool reads_input = !operands[1] || strcmp(operands[1], "-") == 0;
    if (!reads_input)
        rc = operands[1][0] ? ask(&c, str_from_cz(operands[1]))
                            : cli_misuse(self, "the prompt is empty");
    else
        rc = !operands[1] && isatty(STDIN_FILENO) == 1 ? converse(&c) : ask_input(&c);
    buf_fini(&c.messages);
    return rc;
}
