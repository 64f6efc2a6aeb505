/* What the simulator says: which text of the request it repeats, which tool it calls, how much of
 * it all is said.
 *
 * A token is a word with the white space before it, or a part of one when it is long; that is no
 * tokenizer's count, but it is one that can be checked by eye, and streams break where a model's
 * would. Lorem ipsum is not written out: its words are taken from one paragraph, round and round,
 * as they are said, so that a hundred thousand of them cost nothing.
 *
 * sim/tools would call for ever if it did not look at the conversation: once a tool's result is the
 * last thing in it, the answer is that result as text. */

#include "base/clock.h"
#include "gate/sim_parts.h"

#define PIECE_MAX    12         /* bytes of one token... */
#define WORD_MAX     16         /* ...and of a word of lorem ipsum, which is never cut */
#define INVENTED_MAX (1u << 18) /* bytes of what a schema makes */
#define NAME_MAX_N   256        /* bytes of a tool's name */
#define LOREM_TOKENS 64

static const char lorem_text[] =
    " Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut"
    " labore et dolore magna aliqua. Ut enim ad minim veniam, quis nostrud exercitation ullamco"
    " laboris nisi ut aliquip ex ea commodo consequat. Duis aute irure dolor in reprehenderit in"
    " voluptate velit esse cillum dolore eu fugiat nulla pariatur. Excepteur sint occaecat"
    " cupidatat non proident, sunt in culpa qui officia deserunt mollit anim id est laborum.";

/* ---- pieces ---- */

static bool is_white(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* The first token of a text that is not empty. */
static str first_piece(str text, size_t longest)
{
    size_t most = MIN(text.n, longest), n = 0;
    while (n < most && is_white(text.p[n]))
        n++;
    while (n < most && !is_white(text.p[n]))
        n++;
    while (n > 1 && n < text.n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
        n--; /* not inside a character */
    return str_slice(text, 0, n);
}

bool sim_answer_next(const struct sim_answer *a, struct sim_cursor *c, str *piece)
{
    if (c->said >= a->output_tokens)
        return false;
    if (a->is_lorem) {
        *piece = first_piece(str_skip(str_of(lorem_text, sizeof lorem_text - 1), c->at), WORD_MAX);
        c->at = (c->at + piece->n) % (sizeof lorem_text - 1);
        if (c->said == 0)
            *piece = str_skip(*piece, 1); /* no space before the first word */
    } else {
        *piece = first_piece(str_skip(buf_str(&a->text), c->at), PIECE_MAX);
        c->at += piece->n;
    }
    c->said++;
    return true;
}

void sim_answer_put_text(const struct sim_answer *a, struct buf *out)
{
    if (!a->is_lorem) {
        buf_put_json(out, buf_str(&a->text));
        return;
    }
    struct sim_cursor c = {.said = 0};
    str piece;
    buf_put_char(out, '"');
    while (sim_answer_next(a, &c, &piece)) /* its words need no escapes */
        buf_put(out, piece);
    buf_put_char(out, '"');
}

int64_t sim_estimate_tokens(size_t bytes)
{
    return (int64_t)(bytes / 4 + (bytes % 4 != 0));
}

/* Counts the answer's tokens, and cuts it where the limit is. */
static void limit(struct sim_answer *a, int64_t most)
{
    if (a->is_lorem) {
        a->is_cut = a->output_tokens > most;
        a->output_tokens = MIN(a->output_tokens, most);
        return;
    }
    struct sim_cursor c = {.said = 0};
    str piece;
    a->output_tokens = most;
    while (c.at < a->text.n && sim_answer_next(a, &c, &piece))
        continue;
    a->output_tokens = c.said;
    a->is_cut = c.at < a->text.n;
    a->text.n = c.at;
}

/* ---- the request ---- */

/* Appends the text of a message's content: a string, or the text parts of an array. */
static void put_content(struct buf *out, const struct json *content)
{
    buf_put(out, json_str(content));
    for (struct json_iter it = json_iter(content); json_iter_next(&it);) {
        if (json_is_str(it.value))
            buf_put(out, json_str(it.value));
        else if (!it.key.p)
            buf_put(out, json_str(json_get(it.value, "text")));
    }
}

/* What the conversation comes down to. */
struct gist {
    const struct json *user;   /* content of the last user message */
    const struct json *result; /* content of the last message, when it is a tool's result */
};

static void take_message(struct gist *g, const struct json *message)
{
    str role = json_str(json_get(message, "role"));
    bool is_output = str_eq(json_str(json_get(message, "type")), S("function_call_output"));
    bool is_result = is_output || str_eq(role, S("tool")) || str_eq(role, S("function"));
    g->result = is_result ? json_get(message, is_output ? "output" : "content") : NULL;
    if (str_eq(role, S("user")))
        g->user = json_get(message, "content");
}

static struct gist gist_of(const struct json *messages)
{
    struct gist g = {.user = NULL};
    for (struct json_iter it = json_iter(messages); json_iter_next(&it);)
        take_message(&g, it.value);
    return g;
}

static bool is_array(const struct json *v)
{
    return v && json_type(v) == JSON_ARRAY;
}

/* The member that holds the conversation, and what is in it. */
static int read_conversation(const struct sim_request *r, struct sim_answer *a, struct gist *g)
{
    enum operation_id id = r->x->op->id;
    str name = id == OP_CHAT ? S("messages") : id == OP_RESPONSES ? S("input") : S("prompt");
    const struct json_member *m = json_find(&r->json->scan, name, NULL);
    const struct json *v = json_get(r->root, name.p);
    if (m)
        a->input_tokens = sim_estimate_tokens(m->value.n);
    if (id == OP_CHAT && (!is_array(v) || json_count(v) == 0))
        return sim_refuse(r->x, name, "must be an array with at least one message");
    if (id == OP_RESPONSES && !is_array(v) && !json_is_str(v))
        return sim_refuse(r->x, name, "must be a string or an array of items");
    *g = json_is_str(v) ? (struct gist){.user = v} : gist_of(v);
    if (id != OP_COMPLETIONS)
        return 0;
    const struct json *only = is_array(v) && json_count(v) == 1 ? json_at(v, 0) : v;
    if (!json_is_str(only))
        return sim_refuse(r->x, name, "must be one string: the simulator answers one prompt");
    g->user = only;
    return 0;
}

/* How many tokens may be said: the model's option, and the client's limit by any of its names. */
static int read_limit(const struct sim_request *r, int64_t *most)
{
    static const str names[] = {
        {"max_completion_tokens", 21}, {"max_output_tokens", 17}, {"max_tokens", 10}};
    *most = r->options.tokens >= 0 ? r->options.tokens : INT64_MAX;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        int64_t n = INT64_MAX;
        const struct json *v = json_get(r->root, names[i].p);
        if (v && json_type(v) != JSON_NULL && (!json_i64(v, &n) || n < 1))
            return sim_refuse(r->x, names[i], "must be a positive integer");
        *most = MIN(*most, n);
    }
    return 0;
}

static int check_n(const struct sim_request *r)
{
    const struct json *v = json_get(r->root, "n");
    int64_t n = 1;
    if (v && json_type(v) != JSON_NULL && (!json_i64(v, &n) || n != 1))
        return sim_refuse(r->x, S("n"), "must be 1: the simulator gives one choice");
    return 0;
}

/* ---- what each model makes of it ---- */

static int invent(const struct sim_request *r, const struct json *schema, struct sim_answer *a,
                  str param)
{
    if (sim_schema_instance(schema, &a->text))
        return 0;
    return sim_refuse(r->x, param,
                      "has a schema that the simulator finds no instance of within its bounds");
}

/* The function inside a tool of either dialect. */
static const struct json *function_of(const struct json *tool)
{
    const struct json *inner = json_get(tool, "function");
    return inner ? inner : tool;
}

/* The first function offered, or the one that tool_choice names. *tool NULL: none may be called. */
static int choose_tool(const struct sim_request *r, const struct json **tool)
{
    const struct json *choice = json_get(r->root, "tool_choice");
    str wanted = json_str(json_get(function_of(choice), "name"));
    *tool = NULL;
    if (str_eq(json_str(choice), S("none")))
        return 0;
    struct json_iter it = json_iter(json_get(r->root, "tools"));
    while (!*tool && json_iter_next(&it)) {
        const struct json *function = function_of(it.value);
        str name = json_str(json_get(function, "name"));
        bool is_function = str_eq(json_str(json_get(it.value, "type")), S("function"));
        if (is_function && name.n > 0 && (wanted.n == 0 || str_eq(wanted, name)))
            *tool = function;
    }
    if (!*tool && wanted.n > 0)
        return sim_refuse(r->x, S("tool_choice"), "names a function that is not offered");
    return 0;
}

static int answer_tools(const struct sim_request *r, const struct gist *g, struct sim_answer *a)
{
    const struct json *tool = NULL;
    int rc = g->result ? 0 : choose_tool(r, &tool);
    if (rc < 0)
        return rc;
    if (!tool) {
        put_content(&a->text, g->result ? g->result : g->user);
        return 0;
    }
    a->is_call = true;
    buf_put(&a->tool, str_slice(json_str(json_get(tool, "name")), 0, NAME_MAX_N));
    const struct json *parameters = json_get(tool, "parameters");
    if (parameters && json_type(parameters) == JSON_OBJECT)
        return invent(r, parameters, a, S("tools"));
    buf_put(&a->text, S("{}"));
    return 0;
}

/* The schema asked for, in the form of either dialect; NULL: none. */
static const struct json *schema_of(const struct sim_request *r)
{
    const struct json *format = json_get(json_get(r->root, "text"), "format");
    if (r->x->op->id != OP_RESPONSES)
        format = json_get(json_get(r->root, "response_format"), "json_schema");
    return json_get(format, "schema");
}

static int answer_json(const struct sim_request *r, const struct gist *g, struct sim_answer *a)
{
    const struct json *schema = schema_of(r);
    if (schema)
        return invent(r, schema, a,
                      r->x->op->id == OP_RESPONSES ? S("text.format") : S("response_format"));
    struct buf said;
    buf_init(&said, a->text.max);
    put_content(&said, g->user);
    buf_put(&a->text, S("{\"text\":"));
    buf_put_json(&a->text, buf_str(&said));
    buf_put_char(&a->text, '}');
    buf_fini(&said);
    return 0;
}

static int answer_model(const struct sim_request *r, const struct gist *g, struct sim_answer *a)
{
    switch (r->options.model) {
    case SIM_LOREM:
        a->is_lorem = true;
        a->output_tokens = r->options.tokens >= 0 ? r->options.tokens : LOREM_TOKENS;
        return 0;
    case SIM_TOOLS:
        return answer_tools(r, g, a);
    case SIM_JSON:
        return answer_json(r, g, a);
    case SIM_ECHO:
    case SIM_EMBED:
    case SIM_MODELS_N:
        put_content(&a->text, g->user);
        return 0;
    }
    return 0;
}

/* ---- the members that a response object repeats ---- */

static const struct repeated {
    const char *name;
    const char *otherwise;
} repeated_members[] = {
    {"instructions", "null"},
    {"max_output_tokens", "null"},
    {"metadata", "{}"},
    {"parallel_tool_calls", "true"},
    {"previous_response_id", "null"},
    {"reasoning", "{\"effort\":null,\"summary\":null}"},
    {"temperature", "1.0"},
    {"text", "{\"format\":{\"type\":\"text\"}}"},
    {"tool_choice", "\"auto\""},
    {"tools", "[]"},
    {"top_p", "1.0"},
    {"truncation", "\"disabled\""},
    {"user", "null"},
};

static void put_repeated(const struct json *root, struct buf *out)
{
    for (size_t i = 0; i < ARRAY_LEN(repeated_members); i++) {
        const struct repeated *m = &repeated_members[i];
        const struct json *v = json_get(root, m->name);
        buf_put(out, S(",\""));
        buf_put(out, str_from_cz(m->name));
        buf_put(out, S("\":"));
        if (v && json_type(v) != JSON_NULL)
            json_put(out, v);
        else
            buf_put(out, str_from_cz(m->otherwise));
    }
}

/* ---- all together ---- */

int sim_answer_make(const struct sim_request *r, struct sim_answer *a)
{
    struct exchange *x = r->x;
    struct gist g = {.user = NULL};
    int64_t most = 0;
    *a = (struct sim_answer){.model = x->answered_model,
                             .id = x->id,
                             .created = clock_wall_us() / 1000000,
                             .asks_usage = r->json->asks_usage};
    buf_init(&a->text, 6 * r->json->body.n + INVENTED_MAX);
    buf_init(&a->tool, NAME_MAX_N);
    buf_init(&a->echo, 6 * r->json->body.n + INVENTED_MAX);
    int rc = read_conversation(r, a, &g);
    if (rc == 0)
        rc = read_limit(r, &most);
    if (rc == 0)
        rc = check_n(r);
    if (rc == 0)
        rc = answer_model(r, &g, a);
    if (rc < 0)
        return rc;
    limit(a, most);
    if (x->op->id == OP_RESPONSES)
        put_repeated(r->root, &a->echo);
    return buf_is_ok(&a->text) && buf_is_ok(&a->echo) ? 0 : err_set_code(&x->err, -E_TOO_LARGE);
}

void sim_answer_fini(struct sim_answer *a)
{
    buf_fini(&a->text);
    buf_fini(&a->tool);
    buf_fini(&a->echo);
}
