/* Converse requests, written.
 *
 * The rules on turns are Anthropic's, whose models they come from, and so is the order that they
 * are put into (dialect_anthropic.h): the user first, roles in turn, results right behind their
 * calls. Three rules are Converse's own: a document needs text beside it; history with tool use
 * needs a toolConfig, for which tools are made up from the calls when the client sends none; and
 * "no tool" cannot be chosen, so tools are left out then, or kept and forbidden in words when the
 * history needs them.
 *
 * What has no place of its own in Converse but is known to Anthropic's models goes into
 * additionalModelRequestFields: top_k, thinking, betas. A request that came in this dialect is
 * written from what was kept of it. */
#include "base/table.h"
#include "llm/carry.h"
#include "llm/dialect_anthropic.h"
#include "llm/dialect_bedrock.h"
#include "llm/json_schema.h"
#include "llm/tool_name.h"

#define SCHEMA_TEXT_MAX (1u << 20)

#define CARRIED                                                                                    \
    (SETTING_BIT(TEMPERATURE) | SETTING_BIT(TOP_P) | SETTING_BIT(TOP_K) |                          \
     SETTING_BIT(MAX_OUTPUT) | SETTING_BIT(STOP) | SETTING_BIT(REASONING) | SETTING_BIT(FORMAT) |  \
     SETTING_BIT(TOOL_CHOICE) | SETTING_BIT(PARALLEL) | SETTING_BIT(STRICT) | SETTING_BIT(CACHE) | \
     SETTING_BIT(METADATA) | SETTING_BIT(SERVICE_TIER) | SETTING_BIT(BETAS))

/* A request on its way out. */
struct request {
    struct bedrock_writer b;
    const struct chat *chat;
    struct anthropic_message *messages;
    struct anthropic_thinking thinking;
    bool has_tool_use; /* in the history */
    bool has_choice;   /* of tools: one is written */
};

static bool can(const struct request *q, uint32_t bit)
{
    return (q->b.w->can->can & bit) != 0;
}

static void lost(struct request *q, enum loss_verb verb, enum setting s)
{
    setting_lost(q->b.w, q->chat, verb, s);
}

/* ---- system ---- */

static int put_system_list(struct request *q, const struct block *list)
{
    int rc = 0;
    for (const struct block *block = list; block && rc == 0; block = block->next) {
        if (bedrock_takes(&q->b, block))
            rc = bedrock_put_block(&q->b, block, S_EMPTY);
    }
    return rc;
}

static int put_system(struct request *q)
{
    const struct chat *c = q->chat;
    if (!c->instructions && c->n_leading == 0)
        return 0;
    json_begin_array(&q->b.json, "system");
    int rc = put_system_list(q, c->instructions);
    for (const struct turn *t = c->turns; t && turn_is_leading(c, t) && rc == 0; t = t->next)
        rc = put_system_list(q, t->blocks);
    json_end_array(&q->b.json);
    return rc;
}

/* ---- messages ---- */

/* The result of a call that the client gave none for. */
static void put_missing_result(struct bedrock_writer *b, str id)
{
    struct json_writer *w = &b->json;
    json_begin_object(w, NULL);
    json_begin_object(w, "toolResult");
    json_put_str(w, "toolUseId", id);
    json_begin_array(w, "content");
    bedrock_put_text(b, S("The tool gave no result."));
    json_end_array(w);
    json_put_str(w, "status", S("error"));
    json_end_object(w);
    json_end_object(w);
}

static int put_item(struct request *q, const struct anthropic_item *item)
{
    struct bedrock_writer *b = &q->b;
    const struct block *block = item->block;
    if (item->id.n > 0 && !block) {
        put_missing_result(b, item->id);
        return 0;
    }
    if (item->text.n == 0)
        return block && bedrock_takes(b, block) ? bedrock_put_block(b, block, item->id) : 0;
    bedrock_put_text(b, item->text);
    if (block && can(q, CAN_CACHE_MARKS))
        bedrock_put_cache_point(b, &block->cache);
    return 0;
}

static bool is_document(const struct block *b)
{
    return b && b->kind == BLOCK_MEDIA && b->media.kind == MEDIA_DOCUMENT;
}

/* Has the message a document, and no text? */
static bool lacks_text(const struct anthropic_message *m)
{
    bool has_document = false;
    for (const struct anthropic_item *i = m->items; i; i = i->next) {
        if (i->text.n > 0)
            return false;
        has_document = has_document || is_document(i->block);
    }
    return has_document;
}

static int put_message(struct request *q, const struct anthropic_message *m)
{
    struct json_writer *w = &q->b.json;
    size_t mark = 0;
    int rc = 0;
    json_begin_object(w, NULL);
    json_put_str(w, "role", str_from_cz(role_name(m->role)));
    json_begin_array(w, "content");
    mark = w->out->n;
    if (lacks_text(m))
        bedrock_put_text(&q->b, S("Document:"));
    for (const struct anthropic_item *i = m->items; i && rc == 0; i = i->next)
        rc = put_item(q, i);
    if (w->out->n == mark) /* nothing of it could be said, and yet the roles must take turns */
        bedrock_put_text(&q->b, S("."));
    if (!m->next && q->chat->cache.is_set && can(q, CAN_CACHE_MARKS))
        bedrock_put_cache_point(&q->b, &q->chat->cache);
    json_end_array(w);
    json_end_object(w);
    return rc;
}

static int put_messages(struct request *q)
{
    int rc = 0;
    json_begin_array(&q->b.json, "messages");
    for (const struct anthropic_message *m = q->messages; m && rc == 0; m = m->next)
        rc = put_message(q, m);
    json_end_array(&q->b.json);
    return rc;
}

/* The id that joins call and result, in the alphabet of all models: what a provider of another
 * dialect gave may not be. */
static str own_id(struct request *q, const struct block *b)
{
    str id = S_EMPTY;
    if (b->kind == BLOCK_TOOL_CALL)
        id = b->call.id;
    else if (b->kind == BLOCK_TOOL_RESULT)
        id = b->result.id;
    return id.n > 0 ? name_fit(q->b.w->a, &id_rule_anthropic, S_EMPTY, id) : id;
}

/* As they came, but for thoughts that only another provider can read. */
static int put_own_content(struct request *q, const struct turn *t)
{
    int rc = 0;
    bool is_void = t->blocks != NULL;
    json_begin_array(&q->b.json, "content");
    for (const struct block *b = t->blocks; b && rc == 0; b = b->next) {
        if (!bedrock_takes(&q->b, b))
            continue;
        is_void = false;
        rc = bedrock_put_block(&q->b, b, own_id(q, b));
    }
    if (is_void) /* the roles must take turns */
        bedrock_put_text(&q->b, S("."));
    json_end_array(&q->b.json);
    return rc;
}

static int put_own_turns(struct request *q)
{
    struct json_writer *w = &q->b.json;
    int rc = 0;
    if (!q->chat->turns)
        return 0;
    json_begin_array(w, "messages");
    for (const struct turn *t = q->chat->turns; t && rc == 0; t = t->next) {
        json_begin_object(w, NULL);
        json_put_str(w, "role", str_from_cz(role_name(t->role)));
        rc = put_own_content(q, t);
        extras_put(w, &t->extras, DIALECT_BEDROCK);
        json_end_object(w);
    }
    json_end_array(w);
    return rc;
}

/* ---- inferenceConfig ---- */

static void put_stop(struct request *q)
{
    const struct chat *c = q->chat;
    bool has_begun = false;
    if (c->n_stop > 0 && !can(q, CAN_STOP)) {
        lost(q, LOSS_DROPPED, SETTING_STOP);
        return;
    }
    for (size_t i = 0; i < c->n_stop; i++) {
        if (anthropic_is_blank(c->stop[i])) {
            lost(q, LOSS_DROPPED, SETTING_STOP);
            continue;
        }
        if (!has_begun)
            json_begin_array(&q->b.json, "stopSequences");
        has_begun = true;
        json_put_str(&q->b.json, NULL, c->stop[i]);
    }
    if (has_begun)
        json_end_array(&q->b.json);
}

/* Does the model take temperature and its like? */
static bool takes_sampling(const struct request *q)
{
    enum capability_sampling s = q->b.w->can->sampling;
    return s == SAMPLING_ALL || (s == SAMPLING_WITHOUT_EFFORT && !anthropic_thinks(&q->thinking));
}

static void put_sampling(struct request *q, const char *key, str value, enum setting s)
{
    if (value.n == 0)
        return;
    if (takes_sampling(q))
        json_put_number(&q->b.json, key, setting_clamp(q->b.w, q->chat, s, value, S("0"), S("1")));
    else
        lost(q, LOSS_DROPPED, s);
}

/* The most tokens: as the client said, unless thinking needs more room. */
static str max_tokens(const struct request *q)
{
    bool needs_room = q->thinking.mode == THINKING_ON;
    return q->chat->max_output.n > 0 || needs_room ? q->thinking.max_tokens : S_EMPTY;
}

static void put_inference(struct request *q)
{
    const struct chat *c = q->chat;
    struct json_writer *w = &q->b.json;
    str most = max_tokens(q);
    json_begin_object(w, "inferenceConfig");
    if (most.n > 0)
        json_put_number(w, "maxTokens", most);
    put_sampling(q, "temperature", c->sampling.temperature, SETTING_TEMPERATURE);
    put_sampling(q, "topP", c->sampling.top_p, SETTING_TOP_P);
    put_stop(q);
    json_end_object(w);
}

/* ---- toolConfig ---- */

static void put_spec(struct request *q, str name, const struct tool *t)
{
    struct json_writer *w = &q->b.json;
    json_begin_object(w, NULL);
    json_begin_object(w, "toolSpec");
    json_put_str(w, "name", name);
    if (t && t->description.n > 0)
        json_put_str(w, "description", t->description);
    json_begin_object(w, "inputSchema");
    if (t && t->kind == TOOL_CUSTOM)
        json_put_raw(w, "json",
                     S("{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},"
                       "\"required\":[\"input\"]}"));
    else
        json_schema_put(w, "json", t ? t->schema : NULL, q->b.w->can->schema,
                        t && t->strict == YES && can(q, CAN_STRICT_TOOLS) ? SCHEMA_FOR_STRICT_TOOL
                                                                          : SCHEMA_FOR_TOOL,
                        q->b.w->loss, "tools");
    json_end_object(w);
    if (t && t->strict == YES && can(q, CAN_STRICT_TOOLS))
        json_put_bool(w, "strict", true);
    else if (t && t->strict == YES)
        lost(q, LOSS_DROPPED, SETTING_STRICT);
    json_end_object(w);
    json_end_object(w);
}

static int put_tool(struct request *q, const struct tool *t)
{
    if (t->kind == TOOL_SERVER && (t->extras.origin != DIALECT_BEDROCK || !t->raw))
        return writing_refuse(q->b.w, "tools",
                              "The model's provider does not run the tool \"" STR_FMT "\".",
                              STR_ARG(t->type));
    if (t->kind == TOOL_SERVER)
        json_put_value(&q->b.json, NULL, t->raw);
    else
        put_spec(q, name_fit(q->b.w->a, &name_rule_bedrock, t->space, t->name), t);
    if (t->kind == TOOL_CUSTOM)
        loss_add(q->b.w->loss, LOSS_EMULATED, S("tools.custom"));
    if (can(q, CAN_CACHE_MARKS))
        bedrock_put_cache_point(&q->b, &t->cache);
    return 0;
}

/* Tools that the history speaks of, once each: without them the request is refused. */
static void put_stubs(struct request *q)
{
    struct table seen;
    table_init(&seen);
    for (const struct turn *t = q->chat->turns; t; t = t->next) {
        for (const struct block *b = t->blocks; b; b = b->next) {
            if (b->kind != BLOCK_TOOL_CALL)
                continue;
            str name = name_fit(q->b.w->a, &name_rule_bedrock, b->call.space, b->call.name);
            if (!table_add(&seen, name, &seen))
                put_spec(q, name, NULL);
        }
    }
    table_fini(&seen);
}

/* What is chosen, given what the model lets choose: a forced call that it refuses is asked for in
 * words instead. */
static enum choice_mode settle_choice(struct request *q)
{
    const struct tool_choice *choice = &q->chat->choice;
    enum choice_mode mode = choice->mode;
    if (mode == CHOICE_ALLOWED)
        mode = choice->is_required ? CHOICE_REQUIRED : CHOICE_AUTO;
    bool is_forced = mode == CHOICE_REQUIRED || mode == CHOICE_NAMED;
    bool is_possible = (q->b.w->can->choices & 1u << mode) != 0 && !anthropic_thinks(&q->thinking);
    if (!is_forced || is_possible)
        return mode;
    lost(q, LOSS_EMULATED, SETTING_TOOL_CHOICE);
    return CHOICE_AUTO;
}

static void put_choice(struct request *q)
{
    struct json_writer *w = &q->b.json;
    const struct tool_choice *choice = &q->chat->choice;
    enum choice_mode mode = settle_choice(q);
    if (mode == CHOICE_UNSET || mode == CHOICE_NONE)
        return;
    json_begin_object(w, "toolChoice");
    if (mode == CHOICE_NAMED && choice->n_names > 0) {
        json_begin_object(w, "tool");
        json_put_str(w, "name", name_fit(q->b.w->a, &name_rule_bedrock, S_EMPTY, choice->names[0]));
        json_end_object(w);
    } else {
        json_put_raw(w, mode == CHOICE_AUTO ? "auto" : "any", S("{}"));
    }
    json_end_object(w);
}

static int put_tools(struct request *q)
{
    const struct chat *c = q->chat;
    bool is_none = c->choice.mode == CHOICE_NONE;
    int rc = 0;
    if ((!c->tools || is_none) && !q->has_tool_use)
        return 0;
    json_begin_object(&q->b.json, "toolConfig");
    json_begin_array(&q->b.json, "tools");
    for (const struct tool *t = c->tools; t && rc == 0; t = t->next) {
        if (c->choice.mode != CHOICE_ALLOWED || function_is_chosen(&c->choice, t))
            rc = put_tool(q, t);
    }
    if (!c->tools)
        put_stubs(q);
    json_end_array(&q->b.json);
    put_choice(q);
    json_end_object(&q->b.json);
    return rc;
}

/* ---- additionalModelRequestFields ---- */

static void put_thinking(struct request *q)
{
    static const char *const types[] = {
        [THINKING_OFF] = "disabled",
        [THINKING_ON] = "enabled",
        [THINKING_ADAPTIVE] = "adaptive",
        [THINKING_BETWEEN_TOOLS] = "between_tools",
    };
    struct json_writer *w = &q->b.json;
    if (q->thinking.mode == THINKING_UNSET)
        return;
    json_begin_object(w, "thinking");
    json_put_str(w, "type", str_from_cz(types[q->thinking.mode]));
    if (q->thinking.mode == THINKING_ON)
        json_put_int(w, "budget_tokens", q->thinking.budget);
    json_end_object(w);
}

static void put_betas(struct request *q)
{
    str one, rest = q->chat->betas;
    if (rest.n == 0)
        return;
    json_begin_array(&q->b.json, "anthropic_beta");
    while (rest.n > 0) {
        str_cut(rest, ',', &one, &rest);
        if (str_trim(one).n > 0)
            json_put_str(&q->b.json, NULL, str_trim(one));
    }
    json_end_array(&q->b.json);
}

/* Parallel calls can be switched off only in Anthropic's own words, with the choice. */
static bool switches_parallel_off(struct request *q)
{
    const struct chat *c = q->chat;
    if (c->parallel != NO || !c->tools || c->choice.mode == CHOICE_NONE)
        return false;
    if (can(q, CAN_PARALLEL_OFF) && settle_choice(q) != CHOICE_NAMED)
        return true;
    lost(q, LOSS_DROPPED, SETTING_PARALLEL);
    return false;
}

static void put_parallel(struct request *q)
{
    struct json_writer *w = &q->b.json;
    json_begin_object(w, "tool_choice");
    json_put_str(w, "type", settle_choice(q) == CHOICE_REQUIRED ? S("any") : S("auto"));
    json_put_bool(w, "disable_parallel_tool_use", true);
    json_end_object(w);
}

static void put_model_fields(struct request *q)
{
    const struct chat *c = q->chat;
    struct json_writer *w = &q->b.json;
    bool has_top_k = c->sampling.top_k.n > 0 && takes_sampling(q);
    if (c->sampling.top_k.n > 0 && !has_top_k)
        lost(q, LOSS_DROPPED, SETTING_TOP_K);
    bool is_serial = switches_parallel_off(q);
    if (!has_top_k && q->thinking.mode == THINKING_UNSET && c->betas.n == 0 && !is_serial)
        return;
    json_begin_object(w, "additionalModelRequestFields");
    if (has_top_k)
        json_put_number(w, "top_k", c->sampling.top_k);
    put_thinking(q);
    put_betas(q);
    if (is_serial)
        put_parallel(q);
    json_end_object(w);
}

/* ---- outputConfig and the rest ---- */

static void put_schema(struct request *q)
{
    const struct output_wish *o = &q->chat->output;
    struct json_writer *w = &q->b.json, inner;
    struct buf text;
    buf_init(&text, SCHEMA_TEXT_MAX);
    inner = json_writer(&text);
    json_schema_put(&inner, NULL, o->schema, q->b.w->can->schema, SCHEMA_FOR_OUTPUT, q->b.w->loss,
                    "response_format");
    json_begin_object(w, "textFormat");
    json_put_str(w, "type", S("json_schema"));
    json_begin_object(w, "structure");
    json_begin_object(w, "jsonSchema");
    json_put_str(w, "schema", buf_str(&text));
    if (o->name.n > 0)
        json_put_str(w, "name", o->name);
    if (o->description.n > 0)
        json_put_str(w, "description", o->description);
    json_end_object(w);
    json_end_object(w);
    json_end_object(w);
    buf_fini(&text);
}

static bool writes_schema(const struct request *q)
{
    return q->chat->output.format == FORMAT_SCHEMA && can(q, CAN_JSON_SCHEMA);
}

static void put_output(struct request *q)
{
    const char *effort = effort_name(q->thinking.effort);
    if (!effort && !writes_schema(q))
        return;
    json_begin_object(&q->b.json, "outputConfig");
    if (writes_schema(q))
        put_schema(q);
    if (effort)
        json_put_str(&q->b.json, "effort", str_from_cz(effort));
    json_end_object(&q->b.json);
}

/* requestMetadata holds strings only. */
static void put_metadata(struct request *q)
{
    struct json_writer *w = &q->b.json;
    const struct json *metadata = q->chat->metadata;
    if (json_count(metadata) == 0)
        return;
    json_begin_object(w, "requestMetadata");
    for (struct json_iter it = json_iter(metadata); json_iter_next(&it);) {
        if (json_is_str(it.value))
            json_put_member(w, it.key, it.value);
        else
            lost(q, LOSS_DROPPED, SETTING_METADATA);
    }
    json_end_object(w);
}

static void put_tier(struct request *q)
{
    static const char *const tiers[] = {"default", "flex", "priority", "reserved"};
    struct json_writer *w = &q->b.json;
    str tier = q->chat->service_tier;
    for (size_t i = 0; i < ARRAY_LEN(tiers); i++) {
        if (!str_eq(tier, str_from_cz(tiers[i])))
            continue;
        json_begin_object(w, "serviceTier");
        json_put_str(w, "type", tier);
        json_end_object(w);
        return;
    }
    if (tier.n > 0 && !str_eq(tier, S("auto")))
        lost(q, LOSS_DROPPED, SETTING_SERVICE_TIER);
}

/* ---- the request ---- */

static bool has_tool_use(const struct chat *c)
{
    for (const struct turn *t = c->turns; t; t = t->next) {
        if (block_list_has(t->blocks, BLOCK_TOOL_CALL))
            return true;
    }
    return false;
}

/* What the request asks for but cannot be said: it is asked of the model in words. */
static void add_hints(struct request *q)
{
    const struct chat *c = q->chat;
    struct arena *a = q->b.w->a;
    bool is_forced = c->choice.mode == CHOICE_REQUIRED || c->choice.mode == CHOICE_NAMED;
    if (c->output.format == FORMAT_JSON ||
        (c->output.format == FORMAT_SCHEMA && !writes_schema(q))) {
        lost(q, LOSS_EMULATED, SETTING_FORMAT);
        str schema = json_text(a, c->output.schema);
        const str parts[] = {S("Answer with one JSON object and nothing else."),
                             schema.n > 0 ? S(" It must match this JSON schema:\n") : S_EMPTY,
                             schema};
        anthropic_order_hint(a, q->messages, arena_concat(a, parts, ARRAY_LEN(parts)));
    }
    if (c->choice.mode == CHOICE_NONE && c->tools && q->has_tool_use) {
        lost(q, LOSS_EMULATED, SETTING_TOOL_CHOICE);
        anthropic_order_hint(a, q->messages, S("Call no tool now."));
    }
    if (is_forced && c->tools && settle_choice(q) == CHOICE_AUTO) {
        str name = c->choice.n_names > 0 ? c->choice.names[0] : S_EMPTY;
        const str parts[] = {S("Call "), name.n > 0 ? S("the tool ") : S("one of the tools"), name,
                             S(" now.")};
        anthropic_order_hint(a, q->messages, arena_concat(a, parts, ARRAY_LEN(parts)));
    }
}

static int write_own(struct request *q)
{
    struct json_writer *w = &q->b.json;
    json_begin_object(w, NULL);
    int rc = put_own_turns(q);
    if (rc == 0 && q->chat->instructions) {
        json_begin_array(w, "system");
        rc = put_system_list(q, q->chat->instructions);
        json_end_array(w);
    }
    extras_put(w, &q->chat->verbatim, DIALECT_BEDROCK);
    extras_put(w, &q->chat->extras, DIALECT_BEDROCK);
    json_end_object(w);
    return rc;
}

static int write_translated(struct request *q)
{
    struct json_writer *w = &q->b.json;
    int rc = settings_carry(q->b.w, q->chat, DIALECT_BEDROCK, CARRIED);
    if (rc == 0)
        rc = anthropic_order(q->b.w, q->chat, &q->messages);
    if (rc < 0)
        return rc;
    q->thinking = anthropic_think(q->b.w, q->chat, q->messages);
    q->has_tool_use = has_tool_use(q->chat);
    add_hints(q);
    json_begin_object(w, NULL);
    rc = put_messages(q);
    if (rc == 0)
        rc = put_system(q);
    put_inference(q);
    if (rc == 0)
        rc = put_tools(q);
    put_model_fields(q);
    put_output(q);
    put_metadata(q);
    put_tier(q);
    json_end_object(w);
    return rc;
}

int bedrock_write_request(struct writing *w, const struct chat *c, struct buf *out)
{
    struct request q = {
        .b = {.w = w, .json = json_writer(out), .is_own = c->origin == DIALECT_BEDROCK},
        .chat = c,
    };
    return q.b.is_own ? write_own(&q) : write_translated(&q);
}
