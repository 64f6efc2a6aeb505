/* OpenAI's legacy completions, both sides (OpenAI's API reference, "Completions"): a prompt is gone
 * on with, there are no roles.
 *
 * Nearly all of it is the chat codec's: settings, streams and errors are the same but for a text in
 * place of a message. To other dialects a prompt is a dialogue of one user's turn, so that a client
 * of old may use any model. Only its own dialect takes several prompts at once, which give one
 * choice each, or tokens in place of text; and a provider that knows nothing but prompts gets no
 * dialogue. */
#include "llm/carry.h"
#include "llm/dialect_chat.h"

/* ---- requests, read ---- */

enum prompt_form { PROMPT_TEXT, PROMPT_TEXTS, PROMPT_TOKENS, PROMPT_WRONG };

static bool is_all_of(const struct json *array, enum json_type type)
{
    for (struct json_iter it = json_iter(array); json_iter_next(&it);) {
        if (json_type(it.value) != type)
            return false;
    }
    return true;
}

static bool is_all_tokens(const struct json *array)
{
    for (struct json_iter it = json_iter(array); json_iter_next(&it);) {
        bool is_list = json_type(it.value) == JSON_ARRAY;
        if (!is_list || !is_all_of(it.value, JSON_NUMBER))
            return false;
    }
    return true;
}

static enum prompt_form form_of(const struct json *v)
{
    if (!v)
        return PROMPT_WRONG;
    if (json_type(v) == JSON_STRING)
        return PROMPT_TEXT;
    if (json_type(v) != JSON_ARRAY || json_count(v) == 0)
        return PROMPT_WRONG;
    if (is_all_of(v, JSON_STRING))
        return PROMPT_TEXTS;
    return is_all_of(v, JSON_NUMBER) || is_all_tokens(v) ? PROMPT_TOKENS : PROMPT_WRONG;
}

static int read_prompt(struct reading *r, const struct json *v, struct chat *out)
{
    enum prompt_form form = form_of(v);
    if (form == PROMPT_WRONG)
        return member_fail(r, "prompt",
                           "prompt must be a string, or an array of strings or of tokens.");
    struct turn *t = turn_add(r->a, out, ROLE_USER);
    t->is_plain = true;
    if (form == PROMPT_TEXT)
        block_add(&t->blocks, block_text(r->a, json_str(v)));
    for (struct json_iter it = json_iter(v); form == PROMPT_TEXTS && json_iter_next(&it);) {
        int rc = reading_check_room(r, 0);
        if (rc != 0)
            return rc;
        block_add(&t->blocks, block_text(r->a, json_str(it.value)));
    }
    if (form == PROMPT_TOKENS || json_count(v) > 1)
        out->own_only = "prompt";
    dialect_chat_keep(r, &out->verbatim, "prompt", v);
    return 0;
}

/* How many alternatives of each token are wanted. */
static int read_logprobs(struct reading *r, const struct json *v, struct chat *out)
{
    int rc = member_int(r, "logprobs", v, &out->sampling.top_logprobs);
    if (v)
        out->sampling.logprobs = YES;
    dialect_chat_keep(r, &out->verbatim, "logprobs", v);
    return rc;
}

/* The members that chat does not know, less the prompt, which is no setting. */
static struct extras without_prompt(struct reading *r, const struct extras *e)
{
    struct extras out = {.origin = e->origin};
    for (const struct extra *x = e->first; x; x = x->next) {
        if (!str_eq(x->key, S("prompt")))
            extras_add(r->a, &out, x->key, x->value);
    }
    return out;
}

static int read_request(struct reading *r, const struct json *body, struct chat *out)
{
    enum { PROMPT, LOGPROBS, SUFFIX, ECHO, BEST_OF };
    static const char *const keys[] = {[PROMPT] = "prompt",
                                       [LOGPROBS] = "logprobs",
                                       [SUFFIX] = "suffix",
                                       [ECHO] = "echo",
                                       [BEST_OF] = "best_of"};
    const struct json *v[ARRAY_LEN(keys)];
    str suffix = S_EMPTY;
    int64_t best_of = 0;
    bool echo = false;
    out->is_text = true;
    int rc = dialect_chat_read_settings(r, body, out);
    if (rc == 0)
        rc = MEMBERS_READ(r, body, keys, v, NULL);
    if (rc == 0)
        rc = member_str(r, keys[SUFFIX], v[SUFFIX], &suffix);
    if (rc == 0)
        rc = member_bool(r, keys[ECHO], v[ECHO], &echo);
    if (rc == 0)
        rc = member_int(r, keys[BEST_OF], v[BEST_OF], &best_of);
    if (rc == 0)
        rc = read_logprobs(r, v[LOGPROBS], out);
    if (rc != 0)
        return rc;
    out->extras = without_prompt(r, &out->extras);
    return read_prompt(r, v[PROMPT], out);
}

/* ---- requests, written ---- */

/* Is there anything but one user's text, and the system's before it? */
static bool is_dialogue(const struct chat *c)
{
    size_t n = 0;
    for (const struct turn *t = c->turns; t; t = t->next) {
        bool is_system = t->role == ROLE_SYSTEM || t->role == ROLE_DEVELOPER;
        if (!is_system && (t->role != ROLE_USER || n++ > 0))
            return true;
        for (const struct block *b = t->blocks; b; b = b->next) {
            if (b->kind != BLOCK_TEXT)
                return true;
        }
    }
    return n != 1;
}

static str joined(struct writing *w, str text, str more)
{
    if (text.n == 0 || more.n == 0)
        return text.n == 0 ? more : text;
    return arena_concat(w->a, (str[]){text, S("\n\n"), more}, 3);
}

static int put_prompt(struct dialect_chat_pen *p)
{
    const struct chat *c = p->c;
    if (dialect_chat_put_verbatim(p, &c->verbatim, "prompt"))
        return 0;
    if (c->tools)
        return writing_refuse(p->w, "tools", "The model takes prompts only: it has no tools.");
    if (is_dialogue(c))
        return writing_refuse(p->w, "messages",
                              "The model takes one prompt of text: send one user message.");
    str text = block_list_text(p->w->a, c->instructions, S("\n\n"));
    for (const struct turn *t = c->turns; t; t = t->next)
        text = joined(p->w, text, block_list_text(p->w->a, t->blocks, S("\n\n")));
    json_put_str(&p->j, "prompt", text);
    return 0;
}

static int write_request(struct writing *w, const struct chat *c, struct buf *out)
{
    uint64_t carried =
        SETTING_BIT(MAX_OUTPUT) | SETTING_BIT(STOP) | SETTING_BIT(USER) | SETTING_BIT(CACHE);
    struct dialect_chat_pen p = dialect_chat_pen(w, c, out, DIALECT_COMPLETIONS);
    json_begin_object(&p.j, NULL);
    json_put_str(&p.j, "model", w->model.n > 0 ? w->model : c->model);
    int rc = put_prompt(&p);
    if (rc != 0)
        return rc;
    if (c->max_output.n > 0)
        json_put_number(&p.j, "max_tokens", c->max_output);
    carried |= dialect_chat_put_sampling(&p);
    dialect_chat_put_stop(&p);
    if (c->user.n > 0)
        json_put_str(&p.j, "user", c->user);
    dialect_chat_put_stream(&p);
    dialect_chat_put_rest(&p);
    json_end_object(&p.j);
    return p.is_own ? 0 : settings_carry(w, c, DIALECT_COMPLETIONS, carried);
}

/* ---- answers ---- */

#define CHOICES_MAX 2048 /* prompts times n */

static int read_choice(struct reading *r, const struct json *v, unsigned i, struct reply *out)
{
    enum { TEXT, INDEX };
    static const char *const keys[] = {[TEXT] = "text", [INDEX] = "index"};
    const struct json *value[ARRAY_LEN(keys)];
    str text = S_EMPTY;
    int64_t index = i;
    int rc = MEMBERS_READ(r, v, keys, value, NULL);
    if (rc == 0)
        rc = member_str(r, keys[TEXT], value[TEXT], &text);
    if (rc == 0)
        rc = member_int(r, keys[INDEX], value[INDEX], &index);
    if (rc == 0 && (index < 0 || index >= CHOICES_MAX))
        rc = member_fail(r, keys[INDEX], "The provider's answer has a choice with a wrong index.");
    if (rc != 0)
        return rc;
    struct reply_choice *c = reply_choice_at(r->a, out, (unsigned)index);
    dialect_chat_keep_members(r, &c->extras, v, "");
    dialect_chat_read_finish(v, &c->finish);
    if (c->finish.reason == FINISH_UNSET)
        c->finish.reason = FINISH_STOP;
    if (text.n > 0)
        block_add(&c->blocks, block_text(r->a, text));
    return 0;
}

static int read_reply(struct reading *r, const struct json *body, struct reply *out)
{
    struct reading in = *r;
    const struct json *choices = json_get(body, "choices");
    unsigned i = 0;
    int rc = 0;
    if (in.code == 0)
        in.code = -E_PROVIDER_BODY;
    size_t n = json_count(choices);
    if (n == 0 || n > CHOICES_MAX || json_type(choices) != JSON_ARRAY)
        return member_fail(&in, "choices", "The provider's answer has no choices.");
    dialect_chat_read_start(body, &out->start);
    dialect_chat_keep_members(&in, &out->extras, body, "choices");
    out->usage_raw = json_get(body, "usage");
    dialect_chat_read_usage(r->a, out->usage_raw, &out->usage);
    for (struct json_iter it = json_iter(choices); rc == 0 && json_iter_next(&it); i++) {
        struct reading at = reading_at(&in, "choices", (long)i);
        rc = read_choice(&at, it.value, i, out);
    }
    return rc;
}

static void put_each(struct json_writer *j, const char *key, const struct json *tokens,
                     const char *member)
{
    json_begin_array(j, key);
    for (struct json_iter it = json_iter(tokens); json_iter_next(&it);) {
        const struct json *v = json_get(it.value, member);
        if (v)
            json_put_value(j, NULL, v);
        else
            json_put_null(j, NULL);
    }
    json_end_array(j);
}

/* {token: logprob} of the alternatives of each token. */
static void put_alternatives(struct json_writer *j, const struct json *tokens)
{
    json_begin_array(j, "top_logprobs");
    for (struct json_iter it = json_iter(tokens); json_iter_next(&it);) {
        json_begin_object(j, NULL);
        const struct json *top = json_get(it.value, "top_logprobs");
        for (struct json_iter one = json_iter(top); json_iter_next(&one);) {
            const struct json *logprob = json_get(one.value, "logprob");
            if (logprob)
                json_put_member(j, json_str(json_get(one.value, "token")), logprob);
        }
        json_end_object(j);
    }
    json_end_array(j);
}

static void put_offsets(struct json_writer *j, const struct json *tokens)
{
    int64_t at = 0;
    json_begin_array(j, "text_offset");
    for (struct json_iter it = json_iter(tokens); json_iter_next(&it);) {
        str token = json_str(json_get(it.value, "token"));
        json_put_int(j, NULL, at);
        for (size_t i = 0; i < token.n; i++)
            at += ((unsigned char)token.p[i] & 0xc0) != 0x80;
    }
    json_end_array(j);
}

void dialect_completions_put_logprobs(struct json_writer *j, const struct block *list)
{
    const struct json *tokens = NULL;
    for (const struct block *b = list; b && !tokens; b = b->next) {
        if (b->kind == BLOCK_TEXT)
            tokens = b->logprobs;
    }
    if (json_count(tokens) == 0) {
        json_put_null(j, "logprobs");
        return;
    }
    json_begin_object(j, "logprobs");
    put_each(j, "tokens", tokens, "token");
    put_each(j, "token_logprobs", tokens, "logprob");
    put_alternatives(j, tokens);
    put_offsets(j, tokens);
    json_end_object(j);
}

static int write_event(struct encoder *e, const struct event *ev)
{
    return dialect_chat_write_event(e, ev, DIALECT_COMPLETIONS);
}

static int write_reply(struct writing *w, const struct reply *r, struct buf *out)
{
    return dialect_chat_write_reply(w, r, out, DIALECT_COMPLETIONS);
}

const struct codec dialect_completions = {
    .read_request = read_request,
    .write_request = write_request,
    .read_message = dialect_chat_read_message,
    .read_reply = read_reply,
    .write_event = write_event,
    .write_reply = write_reply,
    .read_error = dialect_chat_read_error,
    .write_error = dialect_chat_write_error,
};
