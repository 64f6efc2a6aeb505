/* Messages of a chat request, written: turns of any dialect in the form of OpenAI's.
 *
 * What the forms disagree about is settled here:
 * - a tool's result is a message of its own, right behind the call: results leave the turn they
 *   stand in, before anything else in it;
 * - a result is text: pictures in one go into a user's message behind the whole group of results;
 * - calls have ids: where a dialect has none they are made, the same ones in every request, and
 *   results are joined to them by name and order;
 * - thoughts go to vendors who want to see them again, in the member they have for it.
 *
 * A client of the same dialect gets its messages as they came, member for member, but for seals in
 * the gateway's wrapping, which are opened. */
#include "llm/carry.h"
#include "llm/dialect_chat.h"
#include "llm/seal.h"
#include "llm/tool_name.h"

struct dialect_chat_call {
    str id, name;
    struct dialect_chat_call *next;
};

/* ---- ids ---- */

static str fit_id(struct dialect_chat_pen *p, str id)
{
    const struct name_rule *rule =
        dialect_chat_can(p, CAN_SHORT_IDS) ? &id_rule_mistral : &id_rule_openai;
    return name_fit(p->w->a, rule, S_EMPTY, id);
}

static str call_id(struct dialect_chat_pen *p, const struct tool_call *call)
{
    if (call->id.n > 0)
        return fit_id(p, call->id);
    struct dialect_chat_call *made = arena_new(p->w->a, struct dialect_chat_call);
    made->id = fit_id(p, make_id(p->w->a, "call_", S_EMPTY, p->n_ids++));
    made->name = call->name;
    if (p->calls)
        p->last_call->next = made;
    else
        p->calls = made;
    p->last_call = made;
    return made->id;
}

/* Takes the call behind `before` (NULL: the first) out of those that wait. */
static str take_call(struct dialect_chat_pen *p, struct dialect_chat_call *before)
{
    struct dialect_chat_call *taken = before ? before->next : p->calls;
    if (before)
        before->next = taken->next;
    else
        p->calls = taken->next;
    if (p->last_call == taken)
        p->last_call = before;
    return taken->id;
}

#define WAITING_MAX 128 /* calls that are looked at: one turn does not make more */

/* The id of the first call that waits for a result of this name, else of the first that waits. */
static str result_id(struct dialect_chat_pen *p, const struct tool_result *result)
{
    struct dialect_chat_call *before = NULL;
    size_t n = 0;
    if (result->id.n > 0)
        return fit_id(p, result->id);
    if (!p->calls)
        return fit_id(p, make_id(p->w->a, "call_", result->name, p->n_ids++));
    for (struct dialect_chat_call *c = p->calls; c && n < WAITING_MAX; c = c->next, n++) {
        if (str_eq(c->name, result->name))
            return take_call(p, before);
        before = c;
    }
    return take_call(p, NULL);
}

/* ---- assistant ---- */

/* What the client calls a thought. */
static str thought_name(const struct chat *c)
{
    switch (c->origin) {
    case DIALECT_CHAT:
    case DIALECT_OPENROUTER:
        return S("reasoning_content");
    case DIALECT_RESPONSES:
        return S("reasoning");
    case DIALECT_GEMINI:
        return S("thought");
    case DIALECT_BEDROCK:
        return S("reasoningContent");
    default: /* style: the rest call it alike */
        return S("thinking");
    }
}

static bool is_thought(const struct dialect_chat_pen *p, const struct block *b)
{
    return b->kind == BLOCK_REASONING && !dialect_chat_is_kept_whole(p, b);
}

/* A seal goes back to the provider that made it, through whichever client it came. */
static bool seal_is_theirs(const struct dialect_chat_pen *p, const struct seal *s)
{
    if (s->kind == SEAL_NONE)
        return false;
    return s->provider.n > 0 ? str_eq(s->provider, p->w->provider) : p->is_own;
}

/* Is there anything of the thought that the target could read? */
static bool is_tellable(const struct dialect_chat_pen *p, const struct block *b)
{
    return is_thought(p, b) && (b->reasoning.parts || seal_is_theirs(p, &b->seal));
}

static bool put_details(struct dialect_chat_pen *p, const struct turn *t)
{
    int64_t index = 0;
    for (const struct block *b = t->blocks; b; b = b->next) {
        if (!is_tellable(p, b))
            continue;
        const struct reasoning_part *part = b->reasoning.parts;
        struct dialect_chat_detail d = {.is_summary = part && part->is_summary, .is_raw = true};
        d.text = reasoning_text(p->w->a, &b->reasoning);
        d.seal = seal_is_theirs(p, &b->seal) ? &b->seal : NULL;
        d.index = index++;
        if (d.index == 0)
            json_begin_array(&p->j, "reasoning_details");
        dialect_chat_put_detail(&p->j, p->w->a, &d);
    }
    if (index > 0)
        json_end_array(&p->j);
    return index > 0;
}

static str thoughts_text(struct dialect_chat_pen *p, const struct turn *t)
{
    struct buf out;
    buf_init(&out, SIZE_MAX);
    for (const struct block *b = t->blocks; b; b = b->next) {
        str one = is_thought(p, b) ? reasoning_text(p->w->a, &b->reasoning) : S_EMPTY;
        if (one.n > 0 && out.n > 0)
            buf_put(&out, S("\n\n"));
        buf_put(&out, one);
    }
    str text = arena_str(p->w->a, buf_str(&out));
    buf_fini(&out);
    return text;
}

static bool has_thoughts(const struct dialect_chat_pen *p, const struct turn *t)
{
    for (const struct block *b = t->blocks; b; b = b->next) {
        if (is_thought(p, b))
            return true;
    }
    return false;
}

static void put_thoughts(struct dialect_chat_pen *p, const struct turn *t)
{
    static const char *const kept[] = {"reasoning_content", "reasoning", "reasoning_details"};
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        if (dialect_chat_has_verbatim(p, &t->verbatim, kept[i]))
            return; /* written with the rest of it */
    }
    bool has_any = has_thoughts(p, t);
    bool has_calls = block_list_has(t->blocks, BLOCK_TOOL_CALL);
    str text = thoughts_text(p, t);
    if (!has_any && !(has_calls && dialect_chat_can(p, CAN_REPLAY_ALWAYS)))
        return;
    bool takes_details = p->as == DIALECT_OPENROUTER || dialect_chat_can(p, CAN_REASONING_DETAILS);
    if (takes_details && put_details(p, t))
        return;
    if (dialect_chat_can(p, CAN_REASONING_CONTENT | CAN_REPLAY_ALWAYS))
        json_put_str(&p->j, "reasoning_content", text);
    else if (dialect_chat_can(p, CAN_REASONING))
        json_put_str(&p->j, "reasoning", text);
    else
        loss_add(p->w->loss, LOSS_DROPPED, thought_name(p->c));
}

static str call_arguments(struct dialect_chat_pen *p, const struct tool_call *call)
{
    str args = call->args.n > 0 ? call->args : json_text(p->w->a, call->value);
    return str_trim(args).n > 0 ? args : S("{}");
}

/* {"input": text} as text. */
static str wrapped_input(struct arena *a, str text)
{
    struct buf b;
    buf_init(&b, 6 * text.n + 64);
    struct json_writer j = json_writer(&b);
    json_begin_object(&j, NULL);
    json_put_str(&j, "input", text);
    json_end_object(&j);
    str out = arena_str(a, buf_str(&b));
    buf_fini(&b);
    return out;
}

static void put_callee(struct dialect_chat_pen *p, const struct tool_call *call, bool is_custom)
{
    struct json_writer *j = &p->j;
    json_begin_object(j, is_custom ? "custom" : "function");
    json_put_str(j, "name", name_fit(p->w->a, &name_rule_openai, call->space, call->name));
    if (is_custom)
        json_put_str(j, "input", call->args);
    else if (call->kind == TOOL_CUSTOM)
        json_put_str(j, "arguments", wrapped_input(p->w->a, call->args));
    else
        json_put_str(j, "arguments", call_arguments(p, call));
    json_end_object(j);
}

static void put_call(struct dialect_chat_pen *p, const struct block *b)
{
    const struct tool_call *call = &b->call;
    struct json_writer *j = &p->j;
    str id = call_id(p, call);
    bool is_kept = dialect_chat_has_verbatim(p, &b->verbatim, "function") ||
                   dialect_chat_has_verbatim(p, &b->verbatim, "custom");
    if (is_kept && str_eq(id, call->id)) {
        dialect_chat_put_whole(p, b);
        return;
    }
    bool is_custom = call->kind == TOOL_CUSTOM && dialect_chat_takes_custom(p);
    json_begin_object(j, NULL);
    json_put_str(j, "id", id);
    json_put_str(j, "type", is_custom ? S("custom") : S("function"));
    put_callee(p, call, is_custom);
    if (seal_is_theirs(p, &b->seal))
        dialect_chat_put_call_seal(j, b->seal.value);
    json_end_object(j);
}

static void put_calls(struct dialect_chat_pen *p, const struct turn *t)
{
    size_t n = 0;
    if (dialect_chat_has_verbatim(p, &t->verbatim, "function_call"))
        return;
    for (const struct block *b = t->blocks; b; b = b->next) {
        if (b->kind != BLOCK_TOOL_CALL || b->call.kind == TOOL_SERVER)
            continue;
        if (n++ == 0)
            json_begin_array(&p->j, "tool_calls");
        put_call(p, b);
    }
    if (n > 0)
        json_end_array(&p->j);
}

static bool is_empty_content(const struct dialect_chat_pen *p, const struct turn *t)
{
    struct dialect_chat_content s = dialect_chat_survey(p, t->blocks);
    if (p->is_own)
        return !s.first;
    return s.n_others == 0 && (!s.first || (s.n_texts == 1 && s.first->text.n == 0));
}

/* Pictures and the like that a model made are of no use to one that takes text from itself. */
static const struct block *without_media(struct dialect_chat_pen *p, const struct block *list)
{
    if (p->is_own || !block_list_has(list, BLOCK_MEDIA))
        return list;
    struct block *kept = NULL;
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind == BLOCK_MEDIA)
            continue;
        struct block *copy = arena_new(p->w->a, struct block);
        *copy = *b;
        copy->next = copy->last = NULL;
        block_add(&kept, copy);
    }
    loss_add(p->w->loss, LOSS_DROPPED, S("messages.content.media"));
    return kept;
}

static int put_assistant(struct dialect_chat_pen *p, const struct turn *t)
{
    int rc = 0;
    bool has_calls = block_list_has(t->blocks, BLOCK_TOOL_CALL);
    const struct block *blocks = without_media(p, t->blocks);
    put_thoughts(p, t);
    if (!is_empty_content(p, t))
        rc = dialect_chat_put_content(p, blocks, t->is_plain, S_EMPTY);
    else if (!p->is_own && has_calls)
        json_put_null(&p->j, "content");
    else if (!p->is_own)
        json_put_str(&p->j, "content", S_EMPTY);
    put_calls(p, t);
    return rc;
}

/* ---- results ---- */

static str result_text(struct dialect_chat_pen *p, const struct tool_result *r)
{
    str text = r->value && !r->blocks ? json_text(p->w->a, r->value)
                                      : dialect_chat_joined(p, r->blocks, S("\n"));
    if (r->failed != YES)
        return text;
    loss_add(p->w->loss, LOSS_EMULATED, S("messages.content.is_error"));
    return arena_concat(p->w->a, (str[]){S("Error: "), text}, 2);
}

/* Documents that are text stand with the text of the result. */
static bool is_media_beside(const struct block *b)
{
    return b->kind == BLOCK_MEDIA;
}

static int put_result_content(struct dialect_chat_pen *p, const struct tool_result *r)
{
    bool is_plain = r->is_plain;
    if (p->is_own || (dialect_chat_can(p, CAN_IMAGES_IN_RESULTS) && !r->value))
        return dialect_chat_put_content(p, r->blocks, is_plain, S("\n"));
    json_put_str(&p->j, "content", result_text(p, r));
    return 0;
}

static int put_result(struct dialect_chat_pen *p, const struct turn *t, const struct block *b)
{
    struct json_writer *j = &p->j;
    json_begin_object(j, NULL);
    if (!dialect_chat_has_verbatim(p, &t->verbatim, "role"))
        json_put_str(j, "role", S("tool"));
    if (!p->is_own || b->result.id.n > 0)
        json_put_str(j, "tool_call_id", result_id(p, &b->result));
    int rc = p->is_own && !b->result.blocks ? 0 : put_result_content(p, &b->result);
    if (p->is_own) {
        if (t->name.n > 0)
            json_put_str(j, "name", t->name);
        dialect_chat_put_extras(p, &t->verbatim, "");
        dialect_chat_put_extras(p, &t->extras, "messages.");
    }
    json_end_object(j);
    dialect_chat_note_opaque(p, b->result.blocks);
    return rc;
}

static bool has_result_media(const struct turn *t)
{
    for (const struct block *b = t->blocks; b; b = b->next) {
        if (b->kind == BLOCK_TOOL_RESULT && block_list_has(b->result.blocks, BLOCK_MEDIA))
            return true;
    }
    return false;
}

static int put_media_of(struct dialect_chat_pen *p, const struct block *result)
{
    int rc = 0;
    if (!block_list_has(result->result.blocks, BLOCK_MEDIA))
        return 0;
    str id = result->result.id.n > 0 ? fit_id(p, result->result.id) : result->result.name;
    str intro = arena_concat(p->w->a, (str[]){S("Content of the tool result "), id, S(":")}, 3);
    dialect_chat_put_text_part(p, &(struct block){.kind = BLOCK_TEXT}, intro);
    for (const struct block *b = result->result.blocks; rc == 0 && b; b = b->next) {
        if (is_media_beside(b))
            rc = dialect_chat_put_part(p, b);
    }
    return rc;
}

/* What the results of the turns from `from` up to `to` could not hold, as a user's message. */
static int put_group_media(struct dialect_chat_pen *p, const struct turn *from,
                           const struct turn *to)
{
    bool has_any = false;
    int rc = 0;
    if (p->is_own || dialect_chat_can(p, CAN_IMAGES_IN_RESULTS))
        return 0;
    for (const struct turn *t = from; t != to; t = t->next)
        has_any = has_any || has_result_media(t);
    if (!has_any)
        return 0;
    loss_add(p->w->loss, LOSS_EMULATED, S("messages.content.tool_result"));
    json_begin_object(&p->j, NULL);
    json_put_str(&p->j, "role", S("user"));
    json_begin_array(&p->j, "content");
    for (const struct turn *t = from; rc == 0 && t != to; t = t->next) {
        for (const struct block *b = t->blocks; rc == 0 && b; b = b->next) {
            if (b->kind == BLOCK_TOOL_RESULT)
                rc = put_media_of(p, b);
        }
    }
    json_end_array(&p->j);
    json_end_object(&p->j);
    return rc;
}

/* ---- turns ---- */

static str role_word(const struct dialect_chat_pen *p, enum role role)
{
    if (role == ROLE_DEVELOPER && !p->is_own && !dialect_chat_can(p, CAN_DEVELOPER))
        return S("system");
    if (role == ROLE_TOOL)
        return S("user"); /* what stands beside results */
    return str_from_cz(role_name(role));
}

static int put_message(struct dialect_chat_pen *p, const struct turn *t)
{
    struct json_writer *j = &p->j;
    json_begin_object(j, NULL);
    if (!dialect_chat_has_verbatim(p, &t->verbatim, "role"))
        json_put_str(j, "role", role_word(p, t->role));
    int rc = 0;
    bool is_kept = dialect_chat_has_verbatim(p, &t->verbatim, "content");
    if (t->role == ROLE_ASSISTANT)
        rc = put_assistant(p, t);
    else if (!is_kept)
        rc = dialect_chat_put_content(p, t->blocks, t->is_plain, S("\n\n"));
    if (t->name.n > 0)
        json_put_str(j, "name", t->name);
    if (p->is_own)
        dialect_chat_put_extras(p, &t->verbatim, "");
    dialect_chat_put_extras(p, &t->extras, "messages.");
    json_end_object(j);
    dialect_chat_note_opaque(p, t->blocks);
    return rc;
}

static bool has_results(const struct turn *t)
{
    return t && block_list_has(t->blocks, BLOCK_TOOL_RESULT);
}

static bool has_only_results(const struct turn *t)
{
    for (const struct block *b = t->blocks; b; b = b->next) {
        if (b->kind != BLOCK_TOOL_RESULT)
            return false;
    }
    return t->blocks != NULL;
}

static int put_results(struct dialect_chat_pen *p, const struct turn *t)
{
    int rc = 0;
    for (const struct block *b = t->blocks; rc == 0 && b; b = b->next) {
        if (b->kind == BLOCK_TOOL_RESULT)
            rc = put_result(p, t, b);
    }
    return rc;
}

static int put_turns(struct dialect_chat_pen *p)
{
    const struct turn *group = NULL; /* where the results began that stand together */
    int rc = 0;
    for (const struct turn *t = p->c->turns; rc == 0 && t; t = t->next) {
        bool is_result = has_only_results(t);
        if (!group && has_results(t))
            group = t;
        rc = put_results(p, t);
        if (rc == 0 && group && !(is_result && has_results(t->next))) {
            rc = put_group_media(p, group, t->next);
            group = NULL;
        }
        if (rc == 0 && !is_result)
            rc = put_message(p, t);
    }
    return rc;
}

static int put_instructions(struct dialect_chat_pen *p)
{
    if (!p->c->instructions)
        return 0;
    json_begin_object(&p->j, NULL);
    json_put_str(&p->j, "role", S("system"));
    int rc =
        dialect_chat_put_content(p, p->c->instructions, p->c->instructions_is_plain, S("\n\n"));
    json_end_object(&p->j);
    dialect_chat_note_opaque(p, p->c->instructions);
    return rc;
}

int dialect_chat_put_messages(struct dialect_chat_pen *p)
{
    json_begin_array(&p->j, "messages");
    int rc = put_instructions(p);
    if (p->hint.n > 0) {
        json_begin_object(&p->j, NULL);
        json_put_str(&p->j, "role", S("system"));
        json_put_str(&p->j, "content", p->hint);
        json_end_object(&p->j);
    }
    if (rc == 0)
        rc = put_turns(p);
    json_end_array(&p->j);
    return rc;
}
