/* Requests to Cohere, written.
 *
 * Turns stay in their order; roles need not take turns here. What a user's turn of another dialect
 * has of tool results becomes messages of their own in front of it. A tool can be forced but not
 * named, so a named one goes alone; JSON output and tools exclude each other, so with tools the
 * model is asked for JSON in words. Documents that are text go beside the messages, where the model
 * can cite them. */
#include "llm/carry.h"
#include "llm/dialect_cohere.h"
#include "llm/json_schema.h"
#include "llm/media.h"
#include "llm/seal.h"
#include "llm/tool_name.h"
#include "wire/base64.h"

#define STOP_MAX 5

#define CARRIED                                                                                    \
    (SETTING_BIT(TEMPERATURE) | SETTING_BIT(TOP_P) | SETTING_BIT(TOP_K) | SETTING_BIT(SEED) |      \
     SETTING_BIT(FREQUENCY_PENALTY) | SETTING_BIT(PRESENCE_PENALTY) | SETTING_BIT(MAX_OUTPUT) |    \
     SETTING_BIT(STOP) | SETTING_BIT(LOGPROBS) | SETTING_BIT(REASONING) | SETTING_BIT(FORMAT) |    \
     SETTING_BIT(TOOL_CHOICE) | SETTING_BIT(STRICT))

struct request {
    struct writing *w;
    const struct chat *chat;
    struct json_writer json;
    bool is_own;
    /* Calls and results without ids are joined in their order. */
    size_t n_calls, n_results;
};

static void lost(struct request *q, enum loss_verb verb, enum setting s)
{
    setting_lost(q->w, q->chat, verb, s);
}

static void dropped(struct request *q, const char *field)
{
    loss_add(q->w->loss, LOSS_DROPPED, str_from_cz(field));
}

/* ---- parts ---- */

static bool put_verbatim(struct json_writer *w, const struct extras *verbatim)
{
    if (!verbatim->first || verbatim->origin != DIALECT_COHERE)
        return false;
    json_begin_object(w, NULL);
    extras_put(w, verbatim, DIALECT_COHERE);
    json_end_object(w);
    return true;
}

static void put_text_part(struct json_writer *w, const char *type, str text,
                          const struct extras *extras)
{
    json_begin_object(w, NULL);
    json_put_str(w, "type", str_from_cz(type));
    json_put_str(w, type, text);
    extras_put(w, extras, DIALECT_COHERE);
    json_end_object(w);
}

bool cohere_is_plan(const struct block *b)
{
    return b->kind == BLOCK_TEXT && str_eq(b->phase, COHERE_PLAN);
}

bool cohere_put_part(struct json_writer *w, struct arena *a, const struct block *b)
{
    switch (b->kind) {
    case BLOCK_TEXT:
    case BLOCK_REFUSAL:
        if (!put_verbatim(w, &b->verbatim))
            put_text_part(w, "text", b->text, &b->extras);
        return true;
    case BLOCK_REASONING:
        if (b->seal.kind == SEAL_REDACTED)
            return false;
        put_text_part(w, "thinking", reasoning_text(a, &b->reasoning), &b->extras);
        return true;
    case BLOCK_OPAQUE:
        if (b->extras.origin == DIALECT_COHERE && b->raw)
            json_put_value(w, NULL, b->raw);
        return b->extras.origin == DIALECT_COHERE && b->raw;
    case BLOCK_MEDIA:
    case BLOCK_TOOL_CALL:
    case BLOCK_TOOL_RESULT:
        break;
    }
    return false;
}

static int put_image(struct request *q, const struct block *b)
{
    struct json_writer *w = &q->json;
    if (put_verbatim(w, &b->verbatim))
        return 0;
    str url = media_url(q->w->a, &b->media);
    if (url.n == 0)
        return writing_refuse(q->w, "messages",
                              "A file kept at another provider cannot be given to this one.");
    json_begin_object(w, NULL);
    json_put_str(w, "type", S("image_url"));
    json_begin_object(w, "image_url");
    json_put_str(w, "url", url);
    if (b->media.detail.n > 0)
        json_put_str(w, "detail", b->media.detail);
    json_end_object(w);
    extras_put(w, &b->extras, DIALECT_COHERE);
    json_end_object(w);
    return 0;
}

/* The text of a document, if it is one of text. */
static bool document_text(struct arena *a, const struct media *m, str *text)
{
    *text = m->bytes;
    if (m->source == MEDIA_TEXT)
        return true;
    if (m->source == MEDIA_BLOCKS)
        *text = block_list_text(a, m->blocks, S("\n\n"));
    if (m->source == MEDIA_BASE64 && str_has_prefix_nocase(m->mime, S("text/")))
        return base64_decode(a, m->bytes, text);
    return m->source == MEDIA_BLOCKS;
}

static int put_media(struct request *q, const struct block *b)
{
    str text;
    if (b->media.kind == MEDIA_IMAGE)
        return put_image(q, b);
    if (b->media.kind == MEDIA_DOCUMENT && document_text(q->w->a, &b->media, &text))
        return 0; /* among the documents */
    return writing_refuse(q->w, "messages",
                          "The model's provider does not take files of the type \"" STR_FMT "\".",
                          STR_ARG(b->media.mime));
}

static bool is_image(const struct block *b)
{
    return b->kind == BLOCK_MEDIA && b->media.kind == MEDIA_IMAGE;
}

/* ---- tool calls and results ---- */

static str fitted(struct request *q, str space, str name)
{
    return q->is_own ? name : name_fit(q->w->a, &name_rule_openai, space, name);
}

/* An id where the client's dialect has none. */
static str join_id(struct request *q, str id, size_t *n)
{
    if (id.n > 0 || q->is_own)
        return id;
    return arena_printf(q->w->a, "call_%zu", ++*n);
}

void cohere_put_call(struct json_writer *w, const char *key, const struct block *b, str id,
                     str name)
{
    if (!key && put_verbatim(w, &b->verbatim))
        return;
    json_begin_object(w, key);
    json_put_str(w, "id", id);
    if (!extras_find(&b->extras, S("type")) || b->extras.origin != DIALECT_COHERE)
        json_put_str(w, "type", S("function"));
    json_begin_object(w, "function");
    json_put_str(w, "name", name);
    json_put_str(w, "arguments", b->call.args);
    json_end_object(w);
    extras_put(w, &b->extras, DIALECT_COHERE);
    json_end_object(w);
}

/* The call with its arguments as text. */
static struct block call_as_text(struct request *q, const struct block *b)
{
    struct block call = *b;
    struct buf args;
    if (q->is_own || (call.call.kind == TOOL_FUNCTION && str_trim(call.call.args).n > 0))
        return call;
    buf_init(&args, SIZE_MAX);
    struct json_writer w = json_writer(&args);
    call_put_object(&w, NULL, q->w->a, &b->call, q->w->loss);
    call.call.args = arena_str(q->w->a, buf_str(&args));
    buf_fini(&args);
    return call;
}

static void put_calls(struct request *q, const struct block *list)
{
    json_begin_array(&q->json, "tool_calls");
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind != BLOCK_TOOL_CALL)
            continue;
        struct block call = call_as_text(q, b);
        cohere_put_call(&q->json, NULL, &call, join_id(q, b->call.id, &q->n_calls),
                        fitted(q, b->call.space, b->call.name));
    }
    json_end_array(&q->json);
}

static str result_text(struct request *q, const struct tool_result *result)
{
    struct arena *a = q->w->a;
    str text = block_list_text(a, result->blocks, S("\n"));
    if (!result->blocks && result->value)
        text = json_is_str(result->value) ? json_str(result->value) : json_text(a, result->value);
    if (result->failed != YES)
        return text;
    loss_add(q->w->loss, LOSS_EMULATED, S("is_error"));
    return arena_concat(a, (str[]){S("Error: "), text}, 2);
}

static void put_result(struct request *q, const struct block *b, const struct turn *t)
{
    struct json_writer *w = &q->json;
    const struct tool_result *result = &b->result;
    json_begin_object(w, NULL);
    json_put_str(w, "role", S("tool"));
    if (result->id.n > 0 || !q->is_own)
        json_put_str(w, "tool_call_id", join_id(q, result->id, &q->n_results));
    if (!q->is_own || result->is_plain) {
        if (block_list_has(result->blocks, BLOCK_MEDIA))
            dropped(q, "messages.content.image");
        json_put_str(w, "content", result_text(q, result));
    } else if (result->blocks) {
        json_begin_array(w, "content");
        for (const struct block *part = result->blocks; part; part = part->next)
            (void)cohere_put_part(w, q->w->a, part); /* all of them came in this dialect */
        json_end_array(w);
    }
    extras_put(w, &t->extras, DIALECT_COHERE);
    json_end_object(w);
}

static void put_results(struct request *q, const struct turn *t)
{
    for (const struct block *b = t->blocks; b; b = b->next) {
        if (b->kind == BLOCK_TOOL_RESULT)
            put_result(q, b, t);
    }
}

/* ---- messages ---- */

static bool has_calls(const struct turn *t)
{
    return block_list_has(t->blocks, BLOCK_TOOL_CALL);
}

/* Is this block of the turn's tool_plan? Text beside calls is, whoever wrote it. */
static bool is_plan(const struct request *q, const struct turn *t, const struct block *b)
{
    if (q->is_own || b->kind != BLOCK_TEXT)
        return cohere_is_plan(b);
    return t->role == ROLE_ASSISTANT && has_calls(t);
}

static void put_plan(struct request *q, const struct turn *t)
{
    struct buf plan;
    bool has_plan = false;
    buf_init(&plan, SIZE_MAX);
    for (const struct block *b = t->blocks; b; b = b->next) {
        if (!is_plan(q, t, b))
            continue;
        if (plan.n > 0)
            buf_put_char(&plan, '\n');
        buf_put(&plan, b->text);
        has_plan = true;
    }
    if (has_plan && (q->is_own || plan.n > 0))
        json_put_str(&q->json, "tool_plan", buf_str(&plan));
    buf_fini(&plan);
}

/* Does the block go into content, as a part of its own? */
static bool is_content(struct request *q, const struct turn *t, const struct block *b)
{
    switch (b->kind) {
    case BLOCK_TEXT:
    case BLOCK_REFUSAL:
        return !is_plan(q, t, b) && (q->is_own || b->text.n > 0);
    case BLOCK_MEDIA:
        return is_image(b) && t->role == ROLE_USER;
    case BLOCK_REASONING:
        if (q->is_own || (seal_is_absent(&b->seal) && t->role == ROLE_ASSISTANT))
            return true;
        dropped(q, "messages.content.reasoning");
        return false;
    case BLOCK_OPAQUE:
        if (b->extras.origin != DIALECT_COHERE)
            loss_add(q->w->loss, LOSS_DROPPED, b->type.n > 0 ? b->type : S("messages.content"));
        return b->extras.origin == DIALECT_COHERE;
    case BLOCK_TOOL_CALL:
    case BLOCK_TOOL_RESULT:
        break;
    }
    return false;
}

/* The only text, if that is all there is. */
static const struct block *only_text(struct request *q, const struct turn *t)
{
    const struct block *only = NULL;
    for (const struct block *b = t->blocks; b; b = b->next) {
        if (!is_content(q, t, b))
            continue;
        if (only || b->kind == BLOCK_MEDIA || b->kind == BLOCK_REASONING || b->kind == BLOCK_OPAQUE)
            return NULL;
        only = b;
    }
    return only;
}

static int check_media(struct request *q, const struct turn *t)
{
    int rc = 0;
    for (const struct block *b = t->blocks; b && rc == 0; b = b->next) {
        if (b->kind == BLOCK_MEDIA && !is_image(b) && !q->is_own)
            rc = put_media(q, b);
    }
    return rc;
}

static int put_content(struct request *q, const struct turn *t)
{
    struct json_writer *w = &q->json;
    const struct block *only = only_text(q, t);
    int rc = check_media(q, t);
    size_t n = 0;
    if (only && (q->is_own ? t->is_plain : true)) {
        json_put_str(w, "content", only->text);
        return rc;
    }
    for (const struct block *b = t->blocks; b && rc == 0; b = b->next) {
        if (!is_content(q, t, b))
            continue;
        if (n++ == 0)
            json_begin_array(w, "content");
        if (b->kind == BLOCK_MEDIA)
            rc = put_image(q, b);
        else
            (void)cohere_put_part(w, q->w->a, b); /* is_content has said that it has one */
    }
    if (n > 0)
        json_end_array(w);
    else if (!q->is_own && !has_calls(t))
        json_put_str(w, "content", S(""));
    return rc;
}

static str role_of(const struct turn *t)
{
    return t->role == ROLE_DEVELOPER ? S("system") : str_from_cz(role_name(t->role));
}

/* Is there anything in the turn but tool results? */
static bool has_more_than_results(const struct turn *t)
{
    const struct block *b = t->blocks;
    while (b && b->kind == BLOCK_TOOL_RESULT)
        b = b->next;
    return b || !t->blocks;
}

static int put_turn(struct request *q, const struct turn *t)
{
    struct json_writer *w = &q->json;
    put_results(q, t);
    if (t->name.n > 0 && t->role != ROLE_TOOL)
        dropped(q, "messages.name");
    if (t->role == ROLE_TOOL || !has_more_than_results(t))
        return 0;
    json_begin_object(w, NULL);
    json_put_str(w, "role", role_of(t));
    put_plan(q, t);
    int rc = put_content(q, t);
    if (has_calls(t))
        put_calls(q, t->blocks);
    extras_put(w, &t->verbatim, DIALECT_COHERE);
    extras_put(w, &t->extras, DIALECT_COHERE);
    json_end_object(w);
    return rc;
}

static void put_system(struct request *q, str text)
{
    struct json_writer *w = &q->json;
    if (text.n == 0)
        return;
    json_begin_object(w, NULL);
    json_put_str(w, "role", S("system"));
    json_put_str(w, "content", text);
    json_end_object(w);
}

static bool asks_in_words(const struct request *q)
{
    enum format f = q->chat->output.format;
    return !q->is_own && (f == FORMAT_JSON || f == FORMAT_SCHEMA) && q->chat->tools;
}

static str hint(struct request *q)
{
    str schema = json_text(q->w->a, q->chat->output.schema);
    lost(q, LOSS_EMULATED, SETTING_FORMAT);
    return arena_concat(q->w->a,
                        (str[]){S("Answer with one JSON object and nothing else."),
                                schema.n > 0 ? S(" It must match this JSON schema:\n") : S_EMPTY,
                                schema},
                        3);
}

static int put_messages(struct request *q)
{
    int rc = 0;
    json_begin_array(&q->json, "messages");
    put_system(q, block_list_text(q->w->a, q->chat->instructions, S("\n\n")));
    for (const struct turn *t = q->chat->turns; t && rc == 0; t = t->next)
        rc = put_turn(q, t);
    if (asks_in_words(q))
        put_system(q, hint(q));
    json_end_array(&q->json);
    return rc;
}

/* ---- documents ---- */

static void put_document(struct request *q, const struct media *m, size_t *n)
{
    struct json_writer *w = &q->json;
    str text;
    if (m->kind != MEDIA_DOCUMENT || !document_text(q->w->a, m, &text))
        return;
    if (*n == 0)
        json_begin_array(w, "documents");
    json_begin_object(w, NULL);
    json_put_str(w, "id", arena_printf(q->w->a, "doc:%zu", (*n)++));
    json_begin_object(w, "data");
    if (m->name.n > 0)
        json_put_str(w, "title", m->name);
    if (m->context.n > 0)
        json_put_str(w, "context", m->context);
    json_put_str(w, "text", text);
    json_end_object(w);
    json_end_object(w);
}

static void put_documents(struct request *q)
{
    size_t n = 0;
    for (const struct turn *t = q->chat->turns; t; t = t->next) {
        for (const struct block *b = t->blocks; b; b = b->next) {
            if (b->kind == BLOCK_MEDIA)
                put_document(q, &b->media, &n);
        }
    }
    if (n > 0)
        json_end_array(&q->json);
}

/* ---- tools ---- */

static void put_choice(struct request *q)
{
    const struct tool_choice *choice = &q->chat->choice;
    bool is_forced = choice->mode == CHOICE_REQUIRED || choice->mode == CHOICE_NAMED ||
                     (choice->mode == CHOICE_ALLOWED && choice->is_required);
    if (choice->mode == CHOICE_NAMED || choice->mode == CHOICE_ALLOWED)
        lost(q, LOSS_EMULATED, SETTING_TOOL_CHOICE);
    if (choice->mode == CHOICE_NONE)
        json_put_str(&q->json, "tool_choice", S("NONE"));
    else if (is_forced && (q->w->can->choices & 1u << CHOICE_REQUIRED) != 0)
        json_put_str(&q->json, "tool_choice", S("REQUIRED"));
    else if (is_forced)
        lost(q, LOSS_DROPPED, SETTING_TOOL_CHOICE);
}

/* strict is for all tools or none. */
static void put_strict(struct request *q)
{
    size_t n = 0, n_strict = 0;
    for (const struct tool *t = q->chat->tools; t; t = t->next) {
        n++;
        n_strict += t->strict == YES;
    }
    if (n_strict == n && (q->w->can->can & CAN_STRICT_TOOLS) != 0)
        json_put_bool(&q->json, "strict_tools", true);
    else if (n_strict > 0)
        lost(q, LOSS_DROPPED, SETTING_STRICT);
}

static int put_tools(struct request *q)
{
    const struct chat *c = q->chat;
    int rc = 0;
    if (!c->tools)
        return 0;
    json_begin_array(&q->json, "tools");
    for (const struct tool *t = c->tools; t && rc == 0; t = t->next) {
        if (function_is_chosen(&c->choice, t))
            rc = function_put(q->w, &q->json, t, DIALECT_COHERE, q->is_own);
    }
    json_end_array(&q->json);
    if (q->is_own || rc < 0)
        return rc;
    put_strict(q);
    put_choice(q);
    return 0;
}

/* ---- settings ---- */

static void put_sampling(struct request *q)
{
    const struct sampling *s = &q->chat->sampling;
    const struct {
        const char *key;
        str value;
        enum setting setting;
        const char *low, *high; /* NULL: any */
    } numbers[] = {
        {"max_tokens", q->chat->max_output, SETTING_MAX_OUTPUT, NULL, NULL},
        {"temperature", s->temperature, SETTING_TEMPERATURE, "0", "1"},
        {"seed", s->seed, SETTING_SEED, NULL, NULL},
        {"frequency_penalty", s->frequency_penalty, SETTING_FREQUENCY_PENALTY, "0", "1"},
        {"presence_penalty", s->presence_penalty, SETTING_PRESENCE_PENALTY, "0", "1"},
        {"k", s->top_k, SETTING_TOP_K, "0", "500"},
        {"p", s->top_p, SETTING_TOP_P, "0.01", "0.99"},
    };
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        str value = numbers[i].value;
        if (numbers[i].low && !q->is_own)
            value = setting_clamp(q->w, q->chat, numbers[i].setting, value,
                                  str_from_cz(numbers[i].low), str_from_cz(numbers[i].high));
        if (value.n > 0)
            json_put_number(&q->json, numbers[i].key, value);
    }
    if (s->logprobs != UNSET)
        json_put_bool(&q->json, "logprobs", s->logprobs == YES);
}

static void put_stop(struct request *q)
{
    const struct chat *c = q->chat;
    if (!q->is_own) {
        stop_put(q->w, &q->json, "stop_sequences", c, STOP_MAX);
        return;
    }
    if (c->n_stop == 0)
        return;
    json_begin_array(&q->json, "stop_sequences");
    for (size_t i = 0; i < c->n_stop; i++)
        json_put_str(&q->json, NULL, c->stop[i]);
    json_end_array(&q->json);
}

static void put_format(struct request *q)
{
    const struct output_wish *o = &q->chat->output;
    struct json_writer *w = &q->json;
    if ((o->format != FORMAT_JSON && o->format != FORMAT_SCHEMA) || asks_in_words(q))
        return;
    json_begin_object(w, "response_format");
    json_put_str(w, "type", S("json_object"));
    if (o->format == FORMAT_SCHEMA)
        json_schema_put(w, "json_schema", o->schema, q->w->can->schema, SCHEMA_FOR_OUTPUT,
                        q->w->loss, "response_format");
    json_end_object(w);
}

/* Tokens for thinking: as said, or what the effort stands for; below 0: not said. */
static int64_t budget_of(const struct reasoning_wish *r)
{
    if (r->budget_tokens > 0)
        return r->budget_tokens;
    return r->effort == EFFORT_UNSET ? -1 : effort_budget(r->effort);
}

static void put_thinking(struct request *q)
{
    const struct reasoning_wish *r = &q->chat->reasoning;
    struct json_writer *w = &q->json;
    int64_t budget = budget_of(r);
    bool is_off = r->thinking == THINKING_OFF || r->effort == EFFORT_NONE;
    if (r->thinking == THINKING_UNSET && r->effort == EFFORT_UNSET && budget < 0)
        return;
    if ((q->w->can->thinking & 1u << (is_off ? THINKING_OFF : THINKING_ON)) == 0) {
        if (!is_off)
            lost(q, LOSS_DROPPED, SETTING_REASONING);
        return;
    }
    if (r->effort != EFFORT_UNSET && r->effort != EFFORT_NONE)
        lost(q, LOSS_EMULATED, SETTING_REASONING);
    json_begin_object(w, "thinking");
    json_put_str(w, "type", is_off ? S("disabled") : S("enabled"));
    if (!is_off && budget > 0)
        json_put_int(w, "token_budget", budget);
    json_end_object(w);
}

static void put_own_rest(struct request *q)
{
    extras_put(&q->json, &q->chat->verbatim, DIALECT_COHERE);
    extras_put(&q->json, &q->chat->extras, DIALECT_COHERE);
}

int cohere_write_request(struct writing *w, const struct chat *c, struct buf *out)
{
    struct request q = {
        .w = w, .chat = c, .json = json_writer(out), .is_own = c->origin == DIALECT_COHERE};
    int rc = writing_check_room(w, c);
    if (rc == 0 && !q.is_own)
        rc = settings_carry(w, c, DIALECT_COHERE, CARRIED);
    if (rc < 0)
        return rc;
    json_begin_object(&q.json, NULL);
    if (w->model.n > 0)
        json_put_str(&q.json, "model", w->model);
    rc = put_messages(&q);
    if (rc == 0)
        rc = put_tools(&q);
    put_sampling(&q);
    put_stop(&q);
    if (q.is_own) {
        put_own_rest(&q);
    } else {
        put_documents(&q);
        put_format(&q);
        put_thinking(&q);
        json_put_bool(&q.json, "stream", c->is_stream);
    }
    json_end_object(&q.json);
    return rc;
}
