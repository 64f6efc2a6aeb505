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

/* What the conversation comes down to. */
struct gist {
    const struct block *user;   /* blocks of the last user turn */
    const struct block *result; /* of the last turn, when it is a tool's result */
};

static void take_turn(struct gist *g, const struct turn *t)
{
    const struct block *result = NULL;
    bool has_text = false;
    for (const struct block *b = t->blocks; b; b = b->next) {
        if (b->kind == BLOCK_TOOL_RESULT)
            result = b->result.blocks;
        has_text = has_text || b->kind == BLOCK_TEXT;
    }
    g->result = result;
    if (t->role == ROLE_USER && (has_text || !result))
        g->user = t->blocks;
}

static struct gist gist_of(const struct chat *c)
{
    struct gist g = {.user = NULL};
    for (const struct turn *t = c->turns; t; t = t->next)
        take_turn(&g, t);
    return g;
}

static void put_blocks(struct buf *out, const struct block *list)
{
    for (const struct block *b = list; b; b = b->next)
        if (b->kind == BLOCK_TEXT)
            buf_put(out, b->text);
}

/* The client's name for the member that holds the conversation. */
static str conversation_member(enum dialect_id id)
{
    if (id == DIALECT_RESPONSES)
        return S("input");
    if (id == DIALECT_GEMINI)
        return S("contents");
    bool is_prompt = id == DIALECT_COMPLETIONS || id == DIALECT_OLLAMA_TEXT;
    return is_prompt ? S("prompt") : S("messages");
}

static int check_conversation(const struct sim_request *r, struct sim_answer *a)
{
    str name = conversation_member(r->x->op->dialect);
    const struct json_member *m = json_find(&r->json->scan, name, NULL);
    if (m)
        a->input_tokens = sim_estimate_tokens(m->value.n);
    if (!r->chat->turns)
        return sim_refuse(r->x, name, "must hold a conversation, and not an empty one");
    return r->chat->is_text && r->chat->own_only
               ? sim_refuse(r->x, name, "must be one string: the simulator answers one prompt")
               : 0;
}

/* How many tokens may be said: the model's option, and the client's limit. */
static int read_limit(const struct sim_request *r, int64_t *most)
{
    int64_t n = INT64_MAX;
    str wanted = r->chat->max_output;
    *most = r->options.tokens >= 0 ? r->options.tokens : INT64_MAX;
    if (wanted.n > 0 && (!json_to_i64(wanted, &n) || n < 1))
        return sim_refuse(r->x, r->chat->max_output_field, "must be a positive integer");
    *most = MIN(*most, n);
    return 0;
}

static int check_n(const struct sim_request *r)
{
    return r->chat->sampling.n > 1
               ? sim_refuse(r->x, S("n"), "must be 1: the simulator gives one choice")
               : 0;
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

/* The first function offered, or the one that was chosen. *tool NULL: none may be called. */
static int choose_tool(const struct sim_request *r, const struct tool **tool)
{
    const struct tool_choice *choice = &r->chat->choice;
    bool is_named = choice->mode == CHOICE_NAMED && choice->n_names > 0;
    *tool = NULL;
    if (choice->mode == CHOICE_NONE)
        return 0;
    for (const struct tool *t = r->chat->tools; t && !*tool; t = t->next)
        if (t->kind == TOOL_FUNCTION && (!is_named || str_eq(t->name, choice->names[0])))
            *tool = t;
    if (!*tool && is_named)
        return sim_refuse(r->x, S("tool_choice"), "names a function that is not offered");
    return 0;
}

static int answer_tools(const struct sim_request *r, const struct gist *g, struct sim_answer *a)
{
    const struct tool *tool = NULL;
    int rc = g->result ? 0 : choose_tool(r, &tool);
    if (rc < 0)
        return rc;
    if (!tool) {
        put_blocks(&a->text, g->result ? g->result : g->user);
        return 0;
    }
    a->is_call = true;
    buf_put(&a->tool, str_slice(tool->name, 0, NAME_MAX_N));
    if (tool->schema && json_type(tool->schema) == JSON_OBJECT)
        return invent(r, tool->schema, a, S("tools"));
    buf_put(&a->text, S("{}"));
    return 0;
}

static int answer_json(const struct sim_request *r, const struct gist *g, struct sim_answer *a)
{
    if (r->chat->output.schema)
        return invent(r, r->chat->output.schema, a,
                      r->x->op->id == OP_RESPONSES ? S("text.format") : S("response_format"));
    struct buf said;
    buf_init(&said, a->text.max);
    put_blocks(&said, g->user);
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
    case SIM_THINK:
        a->thoughts = S("The last message is what the user wants to hear again.");
        put_blocks(&a->text, g->user);
        return 0;
    case SIM_ECHO:
    case SIM_EMBED:
    case SIM_MODELS_N:
        put_blocks(&a->text, g->user);
        return 0;
    }
    return 0;
}

/* ---- all together ---- */

int sim_answer_make(const struct sim_request *r, struct sim_answer *a)
{
    struct exchange *x = r->x;
    struct gist g = gist_of(r->chat);
    int64_t most = 0;
    *a = (struct sim_answer){.thoughts = S_EMPTY};
    buf_init(&a->text, 6 * r->json->body.n + INVENTED_MAX);
    buf_init(&a->tool, NAME_MAX_N);
    int rc = check_conversation(r, a);
    if (rc == 0)
        rc = read_limit(r, &most);
    if (rc == 0)
        rc = check_n(r);
    if (rc == 0)
        rc = answer_model(r, &g, a);
    if (rc < 0)
        return rc;
    limit(a, most);
    a->thought_tokens = sim_estimate_tokens(a->thoughts.n);
    return buf_is_ok(&a->text) ? 0 : err_set_code(&x->err, -E_TOO_LARGE);
}

void sim_answer_fini(struct sim_answer *a)
{
    buf_fini(&a->text);
    buf_fini(&a->tool);
}
