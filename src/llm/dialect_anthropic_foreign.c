/* Requests of every other dialect, written as Anthropic takes them.
 *
 * The conversation is put in order first; then it is decided how the model is to think, because
 * thinking forbids other things (a tool that has to be called, a temperature), and then the
 * settings are written as the model's capability allows. What a model cannot be made to do by a
 * parameter is asked of it in words, at the end of the system text, and noted as emulated.
 *
 * A model that cannot be bound to a JSON schema is given a tool for its answer that it has to call;
 * the reader of answers turns that call into text again, by its name alone. */
#include "llm/dialect_anthropic.h"

#include "base/crypt.h"
#include "base/table.h"
#include "llm/carry.h"
#include "llm/json_schema.h"
#include "llm/tool_name.h"

#define HINTS_MAX 3

#define HINT_CONTINUE                                                                              \
    S("Your last message is the beginning of your answer. Continue it exactly where it ends, "     \
      "without repeating any of it.")

static const uint64_t carried =
    SETTING_BIT(TEMPERATURE) | SETTING_BIT(TOP_P) | SETTING_BIT(TOP_K) | SETTING_BIT(MAX_OUTPUT) |
    SETTING_BIT(STOP) | SETTING_BIT(REASONING) | SETTING_BIT(FORMAT) | SETTING_BIT(TOOL_CHOICE) |
    SETTING_BIT(PARALLEL) | SETTING_BIT(STRICT) | SETTING_BIT(CACHE) | SETTING_BIT(USER) |
    SETTING_BIT(SAFETY_ID) | SETTING_BIT(SERVICE_TIER);

/* A request of another dialect on its way. */
struct foreign {
    struct anthropic_request q;
    struct anthropic_message *messages;
    struct anthropic_thinking thinking;
    struct tool_choice choice; /* as it can be said to this model */
    bool wants_json_tool;
    bool has_stubs;       /* tools that only the history knows */
    str hints[HINTS_MAX]; /* system text */
    size_t n_hints;
};

/* ---- other dialects: what is asked in words ---- */

static void hint(struct foreign *f, str text)
{
    must(f->n_hints < HINTS_MAX);
    f->hints[f->n_hints++] = text;
}

static void lost(struct foreign *f, enum loss_verb verb, enum setting s)
{
    setting_lost(f->q.w, f->q.chat, verb, s);
}

/* ---- tools ---- */

static bool is_allowed(const struct chat *c, const struct tool *t)
{
    if (c->choice.mode != CHOICE_ALLOWED)
        return true;
    for (size_t i = 0; i < c->choice.n_names; i++) {
        if (str_eq(c->choice.names[i], t->name))
            return true;
    }
    return false;
}

static bool is_offered(const struct chat *c, const struct tool *t)
{
    return t->kind != TOOL_SERVER && is_allowed(c, t);
}

static bool offers_tools(const struct chat *c)
{
    for (const struct tool *t = c->tools; t; t = t->next) {
        if (is_offered(c, t))
            return true;
    }
    return false;
}

static str fitted(struct foreign *f, str space, str name)
{
    return name_fit(f->q.w->a, &name_rule_anthropic, space, name);
}

static void put_text_schema(struct json_writer *json)
{
    json_put_raw(json, "input_schema",
                 S("{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},"
                   "\"required\":[\"input\"],\"additionalProperties\":false}"));
}

static void put_tool(struct foreign *f, const struct tool *t)
{
    struct anthropic_request *q = &f->q;
    bool is_strict = t->strict == YES && (q->w->can->can & CAN_STRICT_TOOLS) != 0;
    if (t->strict == YES && !is_strict)
        lost(f, LOSS_DROPPED, SETTING_STRICT);
    json_begin_object(&q->json, NULL);
    json_put_str(&q->json, "name", fitted(f, t->space, t->name));
    if (t->description.n > 0)
        json_put_str(&q->json, "description", t->description);
    if (t->kind == TOOL_CUSTOM) {
        put_text_schema(&q->json);
        loss_add(q->w->loss, LOSS_EMULATED, S("tools.custom"));
    } else {
        json_schema_put(&q->json, "input_schema", t->schema, q->w->can->schema,
                        is_strict ? SCHEMA_FOR_STRICT_TOOL : SCHEMA_FOR_TOOL, q->w->loss,
                        "tools.parameters");
    }
    if (is_strict && t->kind == TOOL_FUNCTION)
        json_put_bool(&q->json, "strict", true);
    anthropic_put_cache(q, &t->cache, &t->verbatim);
    json_end_object(&q->json);
}

static void put_json_tool(struct foreign *f)
{
    const struct output_wish *wish = &f->q.chat->output;
    struct json_writer *json = &f->q.json;
    json_begin_object(json, NULL);
    json_put_str(json, "name", S(ANTHROPIC_JSON_TOOL));
    json_put_str(json, "description",
                 wish->description.n > 0 ? wish->description : S("Gives the answer."));
    json_schema_put(json, "input_schema", wish->schema, f->q.w->can->schema, SCHEMA_FOR_TOOL,
                    f->q.w->loss, "response_format");
    json_end_object(json);
}

/* The provider wants every tool that was called to be declared. */
static void put_stubs(struct foreign *f)
{
    struct json_writer *json = &f->q.json;
    struct table names;
    table_init(&names);
    for (const struct anthropic_message *m = f->messages; m; m = m->next) {
        for (const struct anthropic_item *i = m->items; i; i = i->next) {
            if (!i->block || i->block->kind != BLOCK_TOOL_CALL)
                continue;
            str name = fitted(f, i->block->call.space, i->block->call.name);
            if (table_add(&names, name, f))
                continue;
            json_begin_object(json, NULL);
            json_put_str(json, "name", name);
            json_put_raw(json, "input_schema", S("{\"type\":\"object\"}"));
            json_end_object(json);
        }
    }
    table_fini(&names);
}

static bool has_calls(const struct anthropic_message *messages)
{
    for (const struct anthropic_message *m = messages; m; m = m->next) {
        for (const struct anthropic_item *i = m->items; i; i = i->next) {
            if (i->block && i->block->kind == BLOCK_TOOL_CALL)
                return true;
        }
    }
    return false;
}

static void put_tools(struct foreign *f)
{
    const struct chat *c = f->q.chat;
    bool has_own = offers_tools(c);
    for (const struct tool *t = c->tools; t; t = t->next) {
        if (t->kind == TOOL_SERVER)
            loss_add(f->q.w->loss, LOSS_DROPPED, S("tools"));
    }
    if (!has_own && !f->has_stubs && !f->wants_json_tool)
        return;
    json_begin_array(&f->q.json, "tools");
    for (const struct tool *t = c->tools; t; t = t->next) {
        if (is_offered(c, t))
            put_tool(f, t);
    }
    if (f->has_stubs)
        put_stubs(f);
    if (f->wants_json_tool)
        put_json_tool(f);
    json_end_array(&f->q.json);
}

/* ---- choice of tools ---- */

static bool can_choose(const struct foreign *f, enum choice_mode mode)
{
    return (f->q.w->can->choices & UINT32_C(1) << mode) != 0 && !anthropic_thinks(&f->thinking);
}

static void name_choice(struct foreign *f, str name)
{
    str *names = arena_new(f->q.w->a, str);
    *names = name;
    f->choice.names = names;
    f->choice.n_names = 1;
}

static str space_of(const struct chat *c, str name)
{
    for (const struct tool *t = c->tools; t; t = t->next) {
        if (str_eq(t->name, name))
            return t->space;
    }
    return S_EMPTY;
}

/* A model that cannot be forced is told. */
static void ask_for_call(struct foreign *f)
{
    bool is_named = f->choice.mode == CHOICE_NAMED;
    lost(f, LOSS_EMULATED, SETTING_TOOL_CHOICE);
    str text = S("Call at least one of the tools before you answer.");
    if (is_named)
        text = arena_printf(f->q.w->a, "Call the tool " STR_FMT " now, and no other.",
                            STR_ARG(f->choice.names[0]));
    hint(f, text);
    f->choice.mode = CHOICE_AUTO;
}

static void decide_choice(struct foreign *f)
{
    const struct chat *c = f->q.chat;
    f->choice = c->choice;
    if (c->choice.mode == CHOICE_ALLOWED) {
        lost(f, LOSS_EMULATED, SETTING_TOOL_CHOICE);
        f->choice.mode = c->choice.is_required ? CHOICE_REQUIRED : CHOICE_AUTO;
    }
    if (f->choice.mode == CHOICE_NAMED && f->choice.n_names == 0)
        f->choice.mode = CHOICE_REQUIRED;
    if (f->choice.mode == CHOICE_NAMED)
        name_choice(f, fitted(f, space_of(c, c->choice.names[0]), c->choice.names[0]));
    bool is_forced = f->choice.mode == CHOICE_NAMED || f->choice.mode == CHOICE_REQUIRED;
    if (is_forced && !can_choose(f, f->choice.mode))
        ask_for_call(f);
}

static void put_foreign_choice(struct foreign *f)
{
    const struct chat *c = f->q.chat;
    if (f->has_stubs) {
        f->choice.mode = CHOICE_NONE;
        anthropic_put_choice(&f->q, &f->choice);
        return;
    }
    if (!offers_tools(c) && !f->wants_json_tool)
        return;
    bool is_single = c->parallel == NO;
    if (is_single && (f->q.w->can->can & CAN_PARALLEL_OFF) == 0) {
        lost(f, LOSS_DROPPED, SETTING_PARALLEL);
        is_single = false;
    }
    if (f->choice.mode != CHOICE_UNSET || is_single)
        anthropic_put_choice(&f->q, &f->choice);
}

/* ---- form of the answer ---- */

/* Bound to a schema by a tool that has to be called: with other tools any of them may be. */
static bool decide_json_tool(struct foreign *f)
{
    bool has_tools = offers_tools(f->q.chat);
    bool is_free = f->choice.mode == CHOICE_UNSET || f->choice.mode == CHOICE_AUTO;
    enum choice_mode mode = has_tools ? CHOICE_REQUIRED : CHOICE_NAMED;
    if (!is_free || f->has_stubs || !can_choose(f, mode))
        return false;
    f->wants_json_tool = true;
    f->choice.mode = mode;
    name_choice(f, S(ANTHROPIC_JSON_TOOL));
    return true;
}

static void decide_format(struct foreign *f)
{
    const struct output_wish *wish = &f->q.chat->output;
    bool is_schema = wish->format == FORMAT_SCHEMA && wish->schema;
    bool is_json = wish->format == FORMAT_JSON || wish->format == FORMAT_SCHEMA;
    if (!is_json || (is_schema && (f->q.w->can->can & CAN_JSON_SCHEMA) != 0))
        return;
    lost(f, LOSS_EMULATED, SETTING_FORMAT);
    if (is_schema && decide_json_tool(f))
        return;
    const str parts[] = {
        S("Answer with one JSON object and nothing else: no text around it, no code fence."),
        is_schema ? S(" It must match this JSON schema:\n") : S_EMPTY,
        is_schema ? json_text(f->q.w->a, wish->schema) : S_EMPTY,
    };
    hint(f, arena_concat(f->q.w->a, parts, ARRAY_LEN(parts)));
}

static void put_output(struct foreign *f)
{
    struct json_writer *json = &f->q.json;
    const struct output_wish *wish = &f->q.chat->output;
    bool is_schema =
        wish->format == FORMAT_SCHEMA && wish->schema && (f->q.w->can->can & CAN_JSON_SCHEMA) != 0;
    if (!is_schema && f->thinking.effort == EFFORT_UNSET)
        return;
    json_begin_object(json, "output_config");
    if (f->thinking.effort != EFFORT_UNSET)
        json_put_str(json, "effort", str_from_cz(effort_name(f->thinking.effort)));
    if (is_schema) {
        json_begin_object(json, "format");
        json_put_str(json, "type", S("json_schema"));
        json_schema_put(json, "schema", wish->schema, f->q.w->can->schema, SCHEMA_FOR_OUTPUT,
                        f->q.w->loss, "response_format");
        json_end_object(json);
    }
    json_end_object(json);
}

static void put_thinking(struct foreign *f)
{
    const struct reasoning_wish *wish = &f->q.chat->reasoning;
    struct json_writer *json = &f->q.json;
    const struct anthropic_thinking *t = &f->thinking;
    if (t->mode == THINKING_UNSET)
        return;
    json_begin_object(json, "thinking");
    json_put_str(json, "type", str_from_cz(anthropic_thinking_type(t->mode)));
    if (t->mode == THINKING_ON)
        json_put_int(json, "budget_tokens", t->budget);
    bool is_shown = wish->included == YES || wish->summary.n > 0;
    if (t->mode == THINKING_ADAPTIVE && (is_shown || wish->included == NO))
        json_put_str(json, "display", is_shown ? S("summarized") : S("omitted"));
    bool has_header = !str_has_prefix(f->q.w->envelope, S("bedrock"));
    if (t->drops_stale && has_header) {
        f->q.w->betas = S("thinking-binding-controls-2026-08-01");
        json_begin_object(json, "block_binding");
        json_put_str(json, "prefix_mismatch_behavior", S("drop_block"));
        json_end_object(json);
    }
    json_end_object(json);
}

/* ---- sampling ---- */

/* Is the number at least `least`? */
static bool reaches(struct foreign *f, enum setting s, str text, str least)
{
    struct losses none;
    struct writing quiet = *f->q.w;
    losses_init(&none, quiet.a);
    quiet.loss = &none;
    (void)setting_clamp(&quiet, f->q.chat, s, text, least, S("1e300"));
    return none.n == 0;
}

/* Newer models take the one temperature there is and next to all of the mass; so does any model
 * that thinks, which also takes no top_k. */
static void put_fixed_sampling(struct foreign *f)
{
    const struct sampling *s = &f->q.chat->sampling;
    if (!reaches(f, SETTING_TEMPERATURE, s->temperature, S("1")))
        lost(f, LOSS_DROPPED, SETTING_TEMPERATURE);
    else
        (void)setting_clamp(f->q.w, f->q.chat, SETTING_TEMPERATURE, s->temperature, S("1"), S("1"));
    if (s->top_p.n > 0 && !reaches(f, SETTING_TOP_P, s->top_p, S("0.99")))
        lost(f, LOSS_DROPPED, SETTING_TOP_P);
    if (s->top_k.n > 0)
        lost(f, LOSS_DROPPED, SETTING_TOP_K);
}

static void put_sampling(struct foreign *f)
{
    struct anthropic_request *q = &f->q;
    const struct sampling *s = &q->chat->sampling;
    enum capability_sampling takes = q->w->can->sampling;
    if (takes == SAMPLING_NONE || anthropic_thinks(&f->thinking)) {
        put_fixed_sampling(f);
        return;
    }
    anthropic_put_number(
        q, "temperature",
        setting_clamp(q->w, q->chat, SETTING_TEMPERATURE, s->temperature, S("0"), S("1")));
    bool is_all = s->temperature.n > 0 && reaches(f, SETTING_TOP_P, s->top_p, S("1"));
    if (!is_all)
        anthropic_put_number(q, "top_p",
                             setting_clamp(q->w, q->chat, SETTING_TOP_P, s->top_p, S("0"), S("1")));
    anthropic_put_number(q, "top_k", s->top_k);
}

/* ---- the rest ---- */

static void put_system(struct foreign *f)
{
    struct anthropic_request *q = &f->q;
    struct json_writer *json = &q->json;
    const struct chat *c = q->chat;
    bool is_open = false;
    for (const struct turn *t = NULL;;) {
        const struct block *list = t ? t->blocks : c->instructions;
        for (const struct block *b = list; b; b = b->next) {
            if (b->kind != BLOCK_TEXT)
                loss_add(q->w->loss, LOSS_DROPPED, S("system"));
            if (b->kind != BLOCK_TEXT || anthropic_is_blank(b->text))
                continue;
            if (!is_open)
                json_begin_array(json, "system");
            is_open = true;
            anthropic_put_system_block(q, b);
        }
        t = t ? t->next : c->turns;
        if (!t || !turn_is_leading(c, t))
            break;
    }
    for (size_t i = 0; i < f->n_hints; i++) {
        if (!is_open)
            json_begin_array(json, "system");
        is_open = true;
        anthropic_put_system_block(q, block_text(q->w->a, f->hints[i]));
    }
    if (is_open)
        json_end_array(json);
}

static void put_foreign_stop(struct foreign *f)
{
    const struct chat *c = f->q.chat;
    str *stop = arena_new_n(f->q.w->a, str, c->n_stop);
    size_t n = 0;
    for (size_t i = 0; i < c->n_stop; i++) {
        if (!anthropic_is_blank(c->stop[i]))
            stop[n++] = c->stop[i];
    }
    if (n < c->n_stop)
        lost(f, LOSS_DROPPED, SETTING_STOP);
    anthropic_put_stop(&f->q, stop, n);
}

/* Whom the client serves, told apart but not told: the name may be a person's. */
static void put_user(struct foreign *f)
{
    const struct chat *c = f->q.chat;
    str user = c->safety_id.n > 0 ? c->safety_id : c->user;
    if (user.n == 0)
        return;
    uint8_t hash[SHA256_BYTES];
    crypt_sha256(user, hash);
    json_begin_object(&f->q.json, "metadata");
    json_put_str(&f->q.json, "user_id", crypt_to_hex(f->q.w->a, hash, sizeof hash));
    json_end_object(&f->q.json);
}

static void put_tier(struct foreign *f)
{
    static const struct {
        str theirs, ours;
    } tiers[] = {
        {S("auto"), S("auto")},     {S("default"), S("standard_only")},
        {S("priority"), S("auto")}, {S("standard"), S("standard_only")},
        {S("reserved"), S("auto")},
    };
    str wanted = f->q.chat->service_tier;
    for (size_t i = 0; i < ARRAY_LEN(tiers); i++) {
        if (str_eq_nocase(tiers[i].theirs, wanted)) {
            json_put_str(&f->q.json, "service_tier", tiers[i].ours);
            return;
        }
    }
    if (wanted.n > 0)
        lost(f, LOSS_DROPPED, SETTING_SERVICE_TIER);
}

/* An answer that is to go on from its beginning, at a model that does not do that. */
static void settle_prefill(struct foreign *f)
{
    const struct anthropic_message *last = f->messages;
    while (last->next)
        last = last->next;
    bool can_prefill = (f->q.w->can->can & CAN_PREFILL) != 0 && !anthropic_thinks(&f->thinking);
    if (last->role != ROLE_ASSISTANT || can_prefill)
        return;
    loss_add(f->q.w->loss, LOSS_EMULATED, S("messages"));
    anthropic_order_hint(f->q.w->a, f->messages, HINT_CONTINUE);
}

static void put_settings(struct foreign *f)
{
    put_sampling(f);
    put_foreign_stop(f);
    put_tier(f);
    put_user(f);
}

static int write_foreign(struct foreign *f)
{
    struct anthropic_request *q = &f->q;
    int rc = settings_carry(q->w, q->chat, DIALECT_ANTHROPIC, carried);
    if (rc == 0)
        rc = anthropic_order(q->w, q->chat, &f->messages);
    if (rc != 0)
        return rc;
    f->thinking = anthropic_think(q->w, q->chat, f->messages);
    f->has_stubs = !offers_tools(q->chat) && has_calls(f->messages);
    if (f->has_stubs)
        loss_add(q->w->loss, LOSS_EMULATED, S("tools"));
    decide_choice(f);
    decide_format(f);
    settle_prefill(f);
    if (!q->chat->is_count || anthropic_is_bedrock(q->w))
        anthropic_put_number(q, "max_tokens", f->thinking.max_tokens);
    put_system(f);
    anthropic_put_messages(q, f->messages);
    put_tools(f);
    put_foreign_choice(f);
    put_thinking(f);
    put_output(f);
    anthropic_put_cache(q, &q->chat->cache, &q->chat->verbatim);
    if (!q->chat->is_count)
        put_settings(f);
    return q->w->err->code;
}

int anthropic_put_foreign(struct anthropic_request *request)
{
    struct foreign f = {.q = *request};
    int rc = write_foreign(&f);
    *request = f.q;
    return rc;
}
