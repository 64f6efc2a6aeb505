/* Ollama's generate, POST /api/generate: a prompt instead of messages, and an answer whose text
 * stands at the top as `response`. Its settings and its streams are those of chat.
 *
 * To other dialects a prompt is a dialogue of one user's turn, with `system` as instructions. What
 * only makes sense to the engine itself (template, raw, context, suffix) shows as lost there;
 * context, the tokens of an earlier exchange, cannot be left out without changing the question. */
#include "llm/carry.h"
#include "llm/dialect_ollama.h"

/* ---- requests ---- */

static int read_prompt(struct reading *r, const struct json *prompt, const struct json *images,
                       struct chat *c)
{
    str text = S_EMPTY;
    bool is_odd = false;
    int rc = member_str(r, "prompt", prompt, &text);
    if (rc < 0)
        return rc;
    struct turn *t = turn_add(r->a, c, ROLE_USER);
    t->is_plain = true;
    if (prompt)
        t->blocks = block_text(r->a, text);
    rc = ollama_read_images(r, images, &t->blocks, &is_odd);
    if (is_odd)
        ollama_keep(r, &c->verbatim, "images", images);
    return rc;
}

static int read_system(struct reading *r, const struct json *v, struct chat *c)
{
    str text = S_EMPTY;
    int rc = member_str(r, "system", v, &text);
    if (!v || rc < 0)
        return rc;
    c->instructions = block_text(r->a, text);
    c->instructions_is_plain = true;
    return 0;
}

static int read_request(struct reading *r, const struct json *body, struct chat *out)
{
    enum { PROMPT = OLLAMA_SETTINGS, SYSTEM, IMAGES };
    static const char *const keys[] = {OLLAMA_SETTING_KEYS, "prompt", "system", "images"};
    const struct json *m[ARRAY_LEN(keys)];
    out->is_text = true;
    int rc = MEMBERS_READ(r, body, keys, m, &out->extras);
    if (rc == 0)
        rc = ollama_read_settings(r, m, out);
    if (rc == 0)
        rc = read_system(r, m[SYSTEM], out);
    if (rc == 0)
        rc = read_prompt(r, m[PROMPT], m[IMAGES], out);
    if (rc == 0 && json_count(extras_find(&out->extras, S("context"))) > 0)
        out->own_only = "context";
    return rc;
}

/* The one turn of the user, if there is nothing else but what the system says before it. */
static const struct turn *the_prompt(const struct chat *c)
{
    const struct turn *t = c->turns;
    while (t && turn_is_leading(c, t))
        t = t->next;
    return t && t->role == ROLE_USER && !t->next ? t : NULL;
}

static str system_of(struct writing *w, const struct chat *c)
{
    struct buf text;
    buf_init(&text, SIZE_MAX);
    buf_put(&text, block_list_text(w->a, c->instructions, S("\n\n")));
    for (const struct turn *t = c->turns; t && turn_is_leading(c, t); t = t->next) {
        if (text.n > 0)
            buf_put(&text, S("\n\n"));
        buf_put(&text, block_list_text(w->a, t->blocks, S("\n\n")));
    }
    str system = arena_str(w->a, buf_str(&text));
    buf_fini(&text);
    return system;
}

static int put_prompt(struct ollama_request *q, const struct turn *t)
{
    const struct block *first = t->blocks;
    int rc = ollama_put_content(q, "prompt", first);
    if (!extras_find(&q->chat->verbatim, S("images")))
        ollama_put_images(q, first);
    return rc;
}

static int write_request(struct writing *w, const struct chat *c, struct buf *out)
{
    struct ollama_request q = {.w = w,
                               .chat = c,
                               .json = json_writer(out),
                               .target = DIALECT_OLLAMA_TEXT,
                               .is_own = c->origin == DIALECT_OLLAMA_TEXT};
    const struct turn *prompt = the_prompt(c);
    if (!prompt)
        return writing_refuse(w, "messages",
                              "The model takes one prompt: send one message of the user.");
    if (c->tools)
        return writing_refuse(w, "tools", "The model takes prompts only: it has no tools.");
    int rc = writing_check_room(w, c);
    if (rc == 0 && !q.is_own)
        rc = settings_carry(w, c, DIALECT_OLLAMA_TEXT, ollama_settings_carried());
    if (rc < 0)
        return rc;
    str system = system_of(w, c);
    json_begin_object(&q.json, NULL);
    if (w->model.n > 0)
        json_put_str(&q.json, "model", w->model);
    rc = put_prompt(&q, prompt);
    if (system.n > 0 || (q.is_own && c->instructions))
        json_put_str(&q.json, "system", system);
    ollama_put_settings(&q);
    json_end_object(&q.json);
    return rc;
}

/* ---- whole answers ---- */

static int read_reply(struct reading *r, const struct json *body, struct reply *out)
{
    enum { MODEL, RESPONSE, THINKING };
    static const char *const keys[] = {"model", "response", "thinking"};
    const struct json *m[ARRAY_LEN(keys)];
    int rc = MEMBERS_READ(r, body, keys, m, &out->extras);
    if (rc < 0)
        return rc;
    if (!json_is_str(m[RESPONSE]))
        return member_fail(r, "response", "The provider's answer has no response.");
    struct reply_choice *c = reply_choice_at(r->a, out, 0);
    if (json_str(m[THINKING]).n > 0) {
        struct block *b = block_new(r->a, BLOCK_REASONING);
        reasoning_add(r->a, &b->reasoning, false, json_str(m[THINKING]));
        block_add(&c->blocks, b);
    }
    if (json_str(m[RESPONSE]).n > 0) {
        struct block *text = block_text(r->a, json_str(m[RESPONSE]));
        text->logprobs = extras_find(&out->extras, S("logprobs"));
        block_add(&c->blocks, text);
    }
    out->start.model = json_str(m[MODEL]);
    out->start.created_s = ollama_read_time(extras_find(&out->extras, S("created_at")));
    c->finish.native = json_str(extras_find(&out->extras, S("done_reason")));
    c->finish.reason = ollama_finish_from(c->finish.native);
    ollama_read_usage(body, &out->usage);
    return 0;
}

static void put_texts(struct json_writer *json, const struct block *list, struct arena *a)
{
    struct buf response, thinking;
    buf_init(&response, SIZE_MAX);
    buf_init(&thinking, SIZE_MAX);
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind == BLOCK_TEXT || b->kind == BLOCK_REFUSAL)
            buf_put(&response, b->text);
        if (b->kind == BLOCK_REASONING)
            buf_put(&thinking, reasoning_text(a, &b->reasoning));
    }
    json_put_str(json, "response", buf_str(&response));
    if (thinking.n > 0)
        json_put_str(json, "thinking", buf_str(&thinking));
    buf_fini(&response);
    buf_fini(&thinking);
}

static int write_reply(struct writing *w, const struct reply *r, struct buf *out)
{
    bool is_own = r->extras.origin == DIALECT_OLLAMA_TEXT;
    const struct reply_choice none = {.blocks = NULL};
    const struct reply_choice *c = r->choices ? r->choices : &none;
    struct json_writer json = json_writer(out);
    json_begin_object(&json, NULL);
    if (is_own)
        json_put_str(&json, "model", w->model.n > 0 ? w->model : r->start.model);
    else
        ollama_put_head(&json, w->a, w, &r->start);
    put_texts(&json, c->blocks, w->a);
    if (is_own)
        extras_put(&json, &r->extras, DIALECT_OLLAMA_TEXT);
    else
        ollama_put_tail(&json, c->finish.reason, &r->usage);
    json_end_object(&json);
    return 0;
}

const struct codec dialect_ollama_text = {
    .read_request = read_request,
    .write_request = write_request,
    .read_message = ollama_read_message,
    .read_reply = read_reply,
    .write_event = ollama_write_text_event,
    .write_reply = write_reply,
    .read_error = ollama_read_error,
    .write_error = ollama_write_error,
};
