/* Requests to Ollama, written.
 *
 * There is no choice of tools: a named one goes alone, none at all means that no tools go, and that
 * one must be called is said in words. Calls and results are joined by the tool's name, so that of
 * a result is looked up at its call. Pictures are bytes only; documents of text become part of the
 * message's text. */
#include "base/table.h"
#include "llm/carry.h"
#include "llm/dialect_ollama.h"
#include "llm/json_schema.h"
#include "llm/seal.h"
#include "llm/tool_name.h"
#include "wire/base64.h"

uint64_t ollama_settings_carried(void)
{
    return SETTING_BIT(TEMPERATURE) | SETTING_BIT(TOP_P) | SETTING_BIT(TOP_K) | SETTING_BIT(MIN_P) |
           SETTING_BIT(FREQUENCY_PENALTY) | SETTING_BIT(PRESENCE_PENALTY) |
           SETTING_BIT(REPEAT_PENALTY) | SETTING_BIT(SEED) | SETTING_BIT(MAX_OUTPUT) |
           SETTING_BIT(STOP) | SETTING_BIT(LOGPROBS) | SETTING_BIT(REASONING) | SETTING_BIT(FORMAT);
}

static void lost(struct ollama_request *q, enum loss_verb verb, enum setting s)
{
    setting_lost(q->w, q->chat, verb, s);
}

/* ---- content ---- */

static bool is_image(const struct block *b)
{
    return b->kind == BLOCK_MEDIA && b->media.kind == MEDIA_IMAGE;
}

/* A document as text of the message. */
static int put_document(struct ollama_request *q, struct buf *text, const struct media *m)
{
    str words = m->bytes;
    bool is_text = m->source == MEDIA_TEXT || m->source == MEDIA_BLOCKS;
    if (m->source == MEDIA_BLOCKS)
        words = block_list_text(q->w->a, m->blocks, S("\n\n"));
    if (m->source == MEDIA_BASE64 && str_has_prefix_nocase(m->mime, S("text/")))
        is_text = base64_decode(q->w->a, m->bytes, &words);
    if (m->kind != MEDIA_DOCUMENT || !is_text)
        return writing_refuse(q->w, "messages",
                              "The model's provider does not take files of the type \"" STR_FMT
                              "\".",
                              STR_ARG(m->mime));
    loss_add(q->w->loss, LOSS_EMULATED, S("messages.content.document"));
    if (m->name.n > 0)
        buf_printf(text, STR_FMT "\n", STR_ARG(m->name));
    buf_put(text, words);
    return 0;
}

/* One block as text; blocks that have none add nothing. */
static int put_words(struct ollama_request *q, struct buf *text, const struct block *b)
{
    bool has_words = b->kind == BLOCK_TEXT || b->kind == BLOCK_REFUSAL ||
                     (b->kind == BLOCK_MEDIA && !is_image(b));
    if (b->kind == BLOCK_OPAQUE)
        loss_add(q->w->loss, LOSS_DROPPED, b->type.n > 0 ? b->type : S("messages.content"));
    if (!has_words)
        return 0;
    if (text->n > 0)
        buf_put(text, S("\n\n"));
    if (b->kind == BLOCK_MEDIA)
        return put_document(q, text, &b->media);
    buf_put(text, b->text);
    return 0;
}

int ollama_put_content(struct ollama_request *q, const char *key, const struct block *list)
{
    struct buf text;
    int rc = 0;
    bool has_any = !q->is_own;
    buf_init(&text, SIZE_MAX);
    for (const struct block *b = list; b && rc == 0; b = b->next) {
        has_any = has_any || b->kind == BLOCK_TEXT;
        rc = put_words(q, &text, b);
    }
    if (has_any)
        json_put_str(&q->json, key, buf_str(&text));
    buf_fini(&text);
    return rc;
}

static int check_images(struct ollama_request *q, const struct block *list)
{
    for (const struct block *b = list; b; b = b->next) {
        if (is_image(b) && b->media.source != MEDIA_BASE64)
            return writing_refuse(q->w, "messages",
                                  "The model's provider takes pictures as bytes only, and this "
                                  "one has not been fetched.");
    }
    return 0;
}

void ollama_put_images(struct ollama_request *q, const struct block *list)
{
    size_t n = 0;
    for (const struct block *b = list; b; b = b->next) {
        if (!is_image(b))
            continue;
        if (n++ == 0)
            json_begin_array(&q->json, "images");
        json_put_str(&q->json, NULL, b->media.bytes);
    }
    if (n > 0)
        json_end_array(&q->json);
}

/* ---- messages ---- */

/* Thoughts go back unless they are sealed: those are another provider's. */
static void put_thinking(struct ollama_request *q, const struct block *list)
{
    struct buf text;
    bool has_any = false;
    buf_init(&text, SIZE_MAX);
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind != BLOCK_REASONING)
            continue;
        if (!seal_is_absent(&b->seal)) {
            loss_add(q->w->loss, LOSS_DROPPED, S("messages.content.reasoning"));
            continue;
        }
        if (text.n > 0)
            buf_put(&text, S("\n\n"));
        buf_put(&text, reasoning_text(q->w->a, &b->reasoning));
        has_any = true;
    }
    if (has_any && (q->is_own || text.n > 0))
        json_put_str(&q->json, "thinking", buf_str(&text));
    buf_fini(&text);
}

void ollama_put_call(struct json_writer *w, struct writing *for_whom, const struct tool_call *call,
                     str id, int64_t index)
{
    json_begin_object(w, NULL);
    if (id.n > 0)
        json_put_str(w, "id", id);
    json_begin_object(w, "function");
    if (index >= 0)
        json_put_int(w, "index", index);
    json_put_str(w, "name", call->name);
    call_put_object(w, "arguments", for_whom->a, call, for_whom->loss);
    json_end_object(w);
    json_end_object(w);
}

static void put_calls(struct ollama_request *q, const struct block *list, struct table *names)
{
    struct json_writer *w = &q->json;
    json_begin_array(w, "tool_calls");
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind != BLOCK_TOOL_CALL)
            continue;
        struct tool_call call = b->call;
        if (!q->is_own)
            call.name = name_fit(q->w->a, &name_rule_openai, call.space, call.name);
        (void)table_remove(names, call.id); /* ids repeat in some histories: the last one counts */
        str *name = arena_new(q->w->a, str);
        *name = call.name;
        (void)table_add(names, call.id, name);
        if (q->is_own && b->verbatim.first) {
            json_begin_object(w, NULL);
            extras_put(w, &b->verbatim, q->target);
            json_end_object(w);
        } else if (q->is_own && call.value) {
            json_begin_object(w, NULL);
            if (call.id.n > 0)
                json_put_str(w, "id", call.id);
            json_begin_object(w, "function");
            json_put_str(w, "name", call.name);
            json_put_value(w, "arguments", call.value);
            json_end_object(w);
            json_end_object(w);
        } else {
            ollama_put_call(w, q->w, &call, call.id, -1);
        }
    }
    json_end_array(w);
}

static int put_result_text(struct ollama_request *q, const struct tool_result *result)
{
    struct arena *a = q->w->a;
    const struct json *value = result->value;
    if (!result->blocks && value) {
        json_put_str(&q->json, "content",
                     json_is_str(value) ? json_str(value) : json_text(a, value));
        return 0;
    }
    if (result->failed != YES)
        return ollama_put_content(q, "content", result->blocks);
    loss_add(q->w->loss, LOSS_EMULATED, S("is_error"));
    struct block *failed = block_text(a, S("Error:"));
    failed->next = result->blocks;
    return ollama_put_content(q, "content", failed);
}

static int put_result(struct ollama_request *q, const struct block *b, const struct turn *t,
                      const struct table *names)
{
    struct json_writer *w = &q->json;
    const struct tool_result *result = &b->result;
    const str *called = table_get(names, result->id);
    str name = result->name;
    if (!q->is_own)
        name = called ? *called : name_fit(q->w->a, &name_rule_openai, S_EMPTY, name);
    int rc = check_images(q, result->blocks);
    if (rc < 0)
        return rc;
    json_begin_object(w, NULL);
    if (!extras_find(&t->verbatim, S("role")))
        json_put_str(w, "role", S("tool"));
    rc = put_result_text(q, result);
    if (!extras_find(&t->verbatim, S("images")))
        ollama_put_images(q, result->blocks);
    if (name.n > 0)
        json_put_str(w, "tool_name", name);
    if (result->id.n > 0)
        json_put_str(w, "tool_call_id", result->id);
    extras_put(w, &t->verbatim, q->target);
    extras_put(w, &t->extras, q->target);
    json_end_object(w);
    return rc;
}

static bool has_more_than_results(const struct turn *t)
{
    const struct block *b = t->blocks;
    while (b && b->kind == BLOCK_TOOL_RESULT)
        b = b->next;
    return b || !t->blocks;
}

static str role_of(const struct turn *t)
{
    return t->role == ROLE_DEVELOPER ? S("system") : str_from_cz(role_name(t->role));
}

static int put_message(struct ollama_request *q, const struct turn *t, struct table *names)
{
    struct json_writer *w = &q->json;
    int rc = check_images(q, t->blocks);
    if (rc < 0)
        return rc;
    json_begin_object(w, NULL);
    if (!extras_find(&t->verbatim, S("role")))
        json_put_str(w, "role", role_of(t));
    rc = ollama_put_content(q, "content", t->blocks);
    put_thinking(q, t->blocks);
    if (!extras_find(&t->verbatim, S("images")))
        ollama_put_images(q, t->blocks);
    if (block_list_has(t->blocks, BLOCK_TOOL_CALL))
        put_calls(q, t->blocks, names);
    extras_put(w, &t->verbatim, q->target);
    extras_put(w, &t->extras, q->target);
    json_end_object(w);
    return rc;
}

static int put_turn(struct ollama_request *q, const struct turn *t, struct table *names)
{
    int rc = 0;
    for (const struct block *b = t->blocks; b && rc == 0; b = b->next) {
        if (b->kind == BLOCK_TOOL_RESULT)
            rc = put_result(q, b, t, names);
    }
    if (t->name.n > 0 && t->role != ROLE_TOOL)
        loss_add(q->w->loss, LOSS_DROPPED, S("messages.name"));
    if (rc < 0 || t->role == ROLE_TOOL || !has_more_than_results(t))
        return rc;
    return put_message(q, t, names);
}

static void put_system(struct ollama_request *q, str text)
{
    if (text.n == 0)
        return;
    json_begin_object(&q->json, NULL);
    json_put_str(&q->json, "role", S("system"));
    json_put_str(&q->json, "content", text);
    json_end_object(&q->json);
}

static int put_messages(struct ollama_request *q, str hint)
{
    struct table names;
    int rc = 0;
    if (extras_find(&q->chat->verbatim, S("messages")) || (q->is_own && !q->chat->turns))
        return 0;
    table_init(&names);
    json_begin_array(&q->json, "messages");
    put_system(q, block_list_text(q->w->a, q->chat->instructions, S("\n\n")));
    for (const struct turn *t = q->chat->turns; t && rc == 0; t = t->next)
        rc = put_turn(q, t, &names);
    put_system(q, hint);
    json_end_array(&q->json);
    table_fini(&names);
    return rc;
}

/* ---- tools ---- */

static int put_tools(struct ollama_request *q)
{
    const struct chat *c = q->chat;
    int rc = 0;
    if (!c->tools || c->choice.mode == CHOICE_NONE)
        return 0;
    if (c->choice.mode == CHOICE_NAMED || c->choice.mode == CHOICE_ALLOWED)
        lost(q, LOSS_EMULATED, SETTING_TOOL_CHOICE);
    json_begin_array(&q->json, "tools");
    for (const struct tool *t = c->tools; t && rc == 0; t = t->next) {
        if (function_is_chosen(&c->choice, t))
            rc = function_put(q->w, &q->json, t, q->target, q->is_own);
    }
    json_end_array(&q->json);
    return rc;
}

/* A call that must be made is asked for in words. */
static str hint(struct ollama_request *q)
{
    const struct tool_choice *choice = &q->chat->choice;
    bool is_forced = choice->mode == CHOICE_REQUIRED || choice->mode == CHOICE_NAMED ||
                     (choice->mode == CHOICE_ALLOWED && choice->is_required);
    if (!is_forced || !q->chat->tools)
        return S_EMPTY;
    lost(q, LOSS_EMULATED, SETTING_TOOL_CHOICE);
    return S("Answer by calling one of the tools.");
}

/* ---- settings ---- */

static void put_options(struct ollama_request *q)
{
    const struct sampling *s = &q->chat->sampling;
    const struct {
        const char *key;
        str value;
    } options[] = {
        {"temperature", s->temperature},
        {"top_p", s->top_p},
        {"top_k", s->top_k},
        {"min_p", s->min_p},
        {"frequency_penalty", s->frequency_penalty},
        {"presence_penalty", s->presence_penalty},
        {"repeat_penalty", s->repeat_penalty},
        {"seed", s->seed},
        {"num_predict", q->chat->max_output},
    };
    size_t n = q->chat->n_stop;
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        n += options[i].value.n > 0;
    if (n == 0)
        return;
    json_begin_object(&q->json, "options");
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        if (options[i].value.n > 0)
            json_put_number(&q->json, options[i].key, options[i].value);
    }
    stop_put(q->w, &q->json, "stop", q->chat, SIZE_MAX);
    json_end_object(&q->json);
}

static void put_format(struct ollama_request *q)
{
    const struct output_wish *o = &q->chat->output;
    if (o->format == FORMAT_SCHEMA)
        json_schema_put(&q->json, "format", o->schema, q->w->can->schema, SCHEMA_FOR_OUTPUT,
                        q->w->loss, "response_format");
    else if (o->format == FORMAT_JSON)
        json_put_str(&q->json, "format", S("json"));
}

/* The word that stands for an effort here; NULL: the model takes none. */
static const char *effort_word(const struct ollama_request *q, enum effort e)
{
    enum effort fit = e < EFFORT_LOW ? EFFORT_LOW : MIN(e, EFFORT_HIGH);
    if (e == EFFORT_MAX)
        fit = EFFORT_MAX;
    if ((q->w->can->efforts & 1u << fit) == 0)
        fit = MIN(fit, EFFORT_HIGH);
    return (q->w->can->efforts & 1u << fit) != 0 ? effort_name(fit) : NULL;
}

static void put_think(struct ollama_request *q)
{
    const struct reasoning_wish *r = &q->chat->reasoning;
    bool is_off = r->thinking == THINKING_OFF || r->effort == EFFORT_NONE;
    bool is_wanted =
        r->thinking != THINKING_UNSET || r->effort != EFFORT_UNSET || r->budget_tokens > 0;
    bool can_be = (q->w->can->thinking & 1u << (is_off ? THINKING_OFF : THINKING_ON)) != 0;
    enum effort e = r->effort;
    if (!is_wanted)
        return;
    if (!can_be) {
        lost(q, LOSS_DROPPED, SETTING_REASONING);
        return;
    }
    if (e == EFFORT_UNSET && r->budget_tokens > 0) {
        e = effort_of_budget(r->budget_tokens);
        lost(q, LOSS_CLAMPED, SETTING_REASONING);
    }
    const char *word = is_off || e == EFFORT_UNSET ? NULL : effort_word(q, e);
    if (word)
        json_put_str(&q->json, "think", str_from_cz(word));
    else
        json_put_bool(&q->json, "think", !is_off);
}

void ollama_put_settings(struct ollama_request *q)
{
    const struct chat *c = q->chat;
    struct json_writer *w = &q->json;
    if (c->sampling.logprobs != UNSET)
        json_put_bool(w, "logprobs", c->sampling.logprobs == YES);
    if (c->sampling.top_logprobs >= 0)
        json_put_int(w, "top_logprobs", c->sampling.top_logprobs);
    if (q->is_own) {
        extras_put(w, &c->verbatim, q->target);
        extras_put(w, &c->extras, q->target);
        return;
    }
    json_put_bool(w, "stream", c->is_stream);
    put_format(q);
    put_think(q);
    put_options(q);
}

int ollama_write_request(struct writing *w, const struct chat *c, struct buf *out)
{
    struct ollama_request q = {.w = w,
                               .chat = c,
                               .json = json_writer(out),
                               .target = DIALECT_OLLAMA,
                               .is_own = c->origin == DIALECT_OLLAMA};
    int rc = writing_check_room(w, c);
    if (rc == 0 && !q.is_own)
        rc = settings_carry(w, c, DIALECT_OLLAMA,
                            ollama_settings_carried() | SETTING_BIT(TOOL_CHOICE));
    if (rc < 0)
        return rc;
    json_begin_object(&q.json, NULL);
    if (w->model.n > 0)
        json_put_str(&q.json, "model", w->model);
    rc = put_messages(&q, q.is_own ? S_EMPTY : hint(&q));
    if (rc == 0)
        rc = put_tools(&q);
    ollama_put_settings(&q);
    json_end_object(&q.json);
    return rc;
}
