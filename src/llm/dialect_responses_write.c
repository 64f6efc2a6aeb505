/* Writing a request for a provider that speaks Responses.
 *
 * What the client said in this dialect goes out as it came. What comes from another dialect is made
 * to mean the same here, where defaults differ:
 * - nothing is stored unless the client asked for it (the default here is to store);
 * - functions are not strict unless the client said so (the default here is strict);
 * - a model that reasons is asked for its sealed reasoning, which the client gives back with its
 *   next request, for nothing is kept at the provider.
 * Which sampling settings and efforts the model takes is said by its capability. */
#include "llm/dialect_responses.h"

#include "llm/carry.h"
#include "llm/json_schema.h"

#define MIN_OUTPUT_TOKENS "16" /* less is refused by OpenAI */

static bool is_own(const struct chat *c)
{
    return c->origin == DIALECT_RESPONSES;
}

/* Servers of this dialect that refuse what they do not know. */
static bool is_bare(const struct writing *w)
{
    return (w->can->can & CAN_NOT_STRICT) != 0;
}

static void put_text(struct json_writer *j, const char *key, str v)
{
    if (v.n > 0)
        json_put_str(j, key, v);
}

static void put_flag(struct json_writer *j, const char *key, enum tristate v)
{
    if (v != UNSET)
        json_put_bool(j, key, v == YES);
}

/* ---- reasoning ---- */

static int distance(int a, int b)
{
    return a < b ? b - a : a - b;
}

/* The effort nearest to `wish` that the model takes, the higher one of two. */
static enum effort nearest(uint32_t efforts, enum effort wish)
{
    enum effort best = EFFORT_UNSET;
    for (int e = EFFORT_NONE; e <= EFFORT_MAX; e++) {
        bool can = (efforts & 1u << e) != 0;
        if (can &&
            (best == EFFORT_UNSET || distance(e, (int)wish) <= distance((int)best, (int)wish)))
            best = (enum effort)e;
    }
    return best;
}

static enum effort wished_effort(const struct reasoning_wish *r)
{
    if (r->effort != EFFORT_UNSET)
        return r->effort;
    if (r->thinking == THINKING_OFF || r->budget_tokens == 0)
        return r->thinking == THINKING_UNSET ? EFFORT_UNSET : EFFORT_NONE;
    if (r->thinking == THINKING_BETWEEN_TOOLS)
        return EFFORT_LOW;
    return r->thinking == THINKING_ON ? effort_of_budget(r->budget_tokens) : EFFORT_UNSET;
}

/* The effort to write; UNSET: the model's own default. */
static enum effort settle_effort(struct writing *w, const struct chat *c)
{
    enum effort wish = wished_effort(&c->reasoning);
    if (is_own(c) || wish == EFFORT_UNSET || (w->can->efforts & 1u << wish) != 0)
        return wish;
    if (w->can->efforts == 0) {
        if (wish != EFFORT_NONE)
            setting_lost(w, c, LOSS_DROPPED, SETTING_REASONING);
        return EFFORT_UNSET;
    }
    setting_lost(w, c, LOSS_CLAMPED, SETTING_REASONING);
    return nearest(w->can->efforts, wish);
}

/* Do the thoughts go to the client? Only then is a summary asked for: not every account may. */
static bool wants_summary(const struct reasoning_wish *r)
{
    if (r->included != UNSET)
        return r->included == YES;
    bool thinks = r->thinking == THINKING_ON || r->thinking == THINKING_ADAPTIVE;
    return thinks && !str_eq(r->display, S("omitted"));
}

static void put_reasoning(struct writing *w, const struct chat *c, enum effort effort,
                          struct json_writer *j)
{
    const struct reasoning_wish *r = &c->reasoning;
    if (responses_put_verbatim(j, &c->verbatim, "reasoning"))
        return;
    str summary = r->summary;
    if (summary.n == 0 && wants_summary(r) && w->can->efforts != 0 && effort != EFFORT_NONE)
        summary = S("auto");
    if (effort == EFFORT_UNSET && summary.n == 0)
        return;
    json_begin_object(j, "reasoning");
    put_text(j, "effort", str_from_cz(effort_name(effort)));
    put_text(j, "summary", summary);
    json_end_object(j);
}

/* ---- sampling ---- */

static bool may_sample(const struct writing *w, enum effort effort)
{
    switch (w->can->sampling) {
    case SAMPLING_ALL:
        return true;
    case SAMPLING_WITHOUT_EFFORT:
        return effort == EFFORT_NONE;
    case SAMPLING_NONE:
        return false;
    }
    return true;
}

static void put_sampling(struct writing *w, const struct chat *c, enum effort effort,
                         struct json_writer *j)
{
    const struct sampling *s = &c->sampling;
    bool may = is_own(c) || may_sample(w, effort);
    if (!may && s->temperature.n > 0)
        setting_lost(w, c, LOSS_DROPPED, SETTING_TEMPERATURE);
    if (!may && s->top_p.n > 0)
        setting_lost(w, c, LOSS_DROPPED, SETTING_TOP_P);
    if (!may && s->logprobs == YES)
        setting_lost(w, c, LOSS_DROPPED, SETTING_LOGPROBS);
    if (!may)
        return;
    if (s->temperature.n > 0)
        json_put_number(
            j, "temperature",
            is_own(c) ? s->temperature
                      : setting_clamp(w, c, SETTING_TEMPERATURE, s->temperature, S("0"), S("2")));
    if (s->top_p.n > 0)
        json_put_number(j, "top_p", s->top_p);
    if (s->top_logprobs >= 0 && (is_own(c) || s->logprobs == YES))
        json_put_int(j, "top_logprobs", s->top_logprobs);
}

/* ---- the rest ---- */

static void put_include(struct writing *w, const struct chat *c, enum effort effort,
                        struct json_writer *j)
{
    if (is_own(c)) {
        IGNORE_RESULT(responses_put_verbatim(j, &c->verbatim, "include")); /* or there was none */
        return;
    }
    bool logprobs = c->sampling.logprobs == YES && may_sample(w, effort);
    bool sealed = w->can->efforts != 0 && effort != EFFORT_NONE && c->state.store != YES;
    if (is_bare(w) || (!logprobs && !sealed))
        return;
    json_begin_array(j, "include");
    if (sealed)
        json_put_str(j, NULL, S("reasoning.encrypted_content"));
    if (logprobs)
        json_put_str(j, NULL, S("message.output_text.logprobs"));
    json_end_array(j);
}

static void put_format(const struct writing *w, const struct output_wish *o, struct json_writer *j)
{
    if (o->format == FORMAT_UNSET)
        return;
    json_begin_object(j, "format");
    switch (o->format) {
    case FORMAT_UNSET:
    case FORMAT_TEXT:
        json_put_str(j, "type", S("text"));
        break;
    case FORMAT_JSON:
        json_put_str(j, "type", S("json_object"));
        break;
    case FORMAT_SCHEMA:
        json_put_str(j, "type", S("json_schema"));
        json_put_str(j, "name", o->name.n > 0 ? o->name : S("answer"));
        put_text(j, "description", o->description);
        json_schema_put(j, "schema", o->schema, w->can->schema, SCHEMA_FOR_OUTPUT, w->loss,
                        "response_format");
        put_flag(j, "strict", o->strict);
        break;
    }
    json_end_object(j);
}

static void put_text_wish(struct writing *w, const struct chat *c, struct json_writer *j)
{
    const struct output_wish *o = &c->output;
    if (responses_put_verbatim(j, &c->verbatim, "text"))
        return;
    if (o->format == FORMAT_UNSET && o->verbosity.n == 0)
        return;
    json_begin_object(j, "text");
    put_format(w, o, j);
    put_text(j, "verbosity", o->verbosity);
    json_end_object(j);
}

static void put_max_output(struct writing *w, const struct chat *c, struct json_writer *j)
{
    str max = c->max_output;
    if (max.n == 0)
        return;
    if (!is_own(c)) {
        str most = w->can->max_output > 0
                       ? arena_printf(w->a, "%lld", (long long)w->can->max_output)
                       : S("9007199254740991");
        max = setting_clamp(w, c, SETTING_MAX_OUTPUT, max, S(MIN_OUTPUT_TOKENS), most);
    }
    json_put_number(j, "max_output_tokens", max);
}

/* Members that chat completions have under the same name and with the same meaning. */
static bool is_shared(str key)
{
    static const char *const shared[] = {"prompt_cache_options", "prompt_cache_retention",
                                         "moderation"};
    for (size_t i = 0; i < ARRAY_LEN(shared); i++) {
        if (str_eq(key, str_from_cz(shared[i])))
            return true;
    }
    return false;
}

static bool is_of_chat(const struct chat *c)
{
    return c->extras.origin == DIALECT_CHAT || c->extras.origin == DIALECT_OPENROUTER;
}

static void put_shared(const struct chat *c, struct json_writer *j)
{
    for (const struct extra *x = c->extras.first; x && is_of_chat(c); x = x->next) {
        if (is_shared(x->key) && json_type(x->value) != JSON_NULL)
            json_put_member(j, x->key, x->value);
    }
}

static void put_account(struct writing *w, const struct chat *c, struct json_writer *j)
{
    static const char *const tiers[] = {"auto", "default", "flex", "scale", "priority", "fast"};
    bool is_known = is_own(c);
    for (size_t i = 0; i < ARRAY_LEN(tiers); i++)
        is_known = is_known || str_eq(c->service_tier, str_from_cz(tiers[i]));
    if (c->service_tier.n > 0 && is_known)
        json_put_str(j, "service_tier", c->service_tier);
    else if (c->service_tier.n > 0)
        setting_lost(w, c, LOSS_DROPPED, SETTING_SERVICE_TIER);
    put_text(j, "prompt_cache_key", c->cache_key);
    put_text(j, "safety_identifier", c->safety_id);
    put_text(j, "user", c->user);
    if (c->metadata && is_bare(w) && !is_own(c))
        setting_lost(w, c, LOSS_DROPPED, SETTING_METADATA);
    else if (c->metadata)
        json_put_value(j, "metadata", c->metadata);
}

static void put_state(const struct writing *w, const struct chat *c, struct json_writer *j)
{
    if (is_own(c))
        put_flag(j, "store", c->state.store);
    else if (!is_bare(w))
        json_put_bool(j, "store", c->state.store == YES);
    put_flag(j, "background", c->state.background);
    put_text(j, "previous_response_id", c->state.previous_response_id);
    if (c->state.conversation)
        json_put_value(j, "conversation", c->state.conversation);
}

static void put_stream(const struct chat *c, struct json_writer *j)
{
    if (c->is_stream)
        json_put_bool(j, "stream", true);
    else
        IGNORE_RESULT(
            responses_put_verbatim(j, &c->verbatim, "stream")); /* false, if it was said */
}

/* ---- instructions ---- */

static bool is_text_only(const struct block *list)
{
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind != BLOCK_TEXT)
            return false;
    }
    return true;
}

/* Does the leading system text fit into one string? Not if a cache mark stands in it that the
 * model takes. */
static bool fits_instructions(const struct writing *w, const struct block *list)
{
    bool marks = (w->can->can & CAN_CACHE_MARKS) != 0;
    for (const struct block *b = list; b; b = b->next) {
        if (b->cache.is_set && marks)
            return false;
    }
    return is_text_only(list);
}

static bool has_instructions(const struct writing *w, const struct chat *c)
{
    if (is_own(c) || !fits_instructions(w, c->instructions))
        return false;
    for (const struct turn *t = c->turns; t && turn_is_leading(c, t); t = t->next) {
        if (!fits_instructions(w, t->blocks))
            return false;
    }
    return true;
}

static void put_instructions(struct writing *w, const struct chat *c, struct json_writer *j)
{
    struct block *all = NULL;
    if (c->instructions)
        block_add(&all, block_text(w->a, block_list_text(w->a, c->instructions, S("\n\n"))));
    for (const struct turn *t = c->turns; t && turn_is_leading(c, t); t = t->next)
        block_add(&all, block_text(w->a, block_list_text(w->a, t->blocks, S("\n\n"))));
    if (all)
        json_put_str(j, "instructions", block_list_text(w->a, all, S("\n\n")));
}

/* ---- the request ---- */

/* What this writer takes care of; the names of the rest are noted as lost. */
#define CARRIED                                                                                    \
    (SETTING_BIT(TEMPERATURE) | SETTING_BIT(TOP_P) | SETTING_BIT(LOGPROBS) |                       \
     SETTING_BIT(MAX_OUTPUT) | SETTING_BIT(REASONING) | SETTING_BIT(FORMAT) |                      \
     SETTING_BIT(VERBOSITY) | SETTING_BIT(TOOL_CHOICE) | SETTING_BIT(PARALLEL) |                   \
     SETTING_BIT(STRICT) | SETTING_BIT(CACHE) | SETTING_BIT(CACHE_KEY) | SETTING_BIT(USER) |       \
     SETTING_BIT(SAFETY_ID) | SETTING_BIT(METADATA) | SETTING_BIT(SERVICE_TIER) |                  \
     SETTING_BIT(STORE) | SETTING_BIT(TRUNCATION) | SETTING_BIT(INCLUDE))

static bool wants_sound(const struct json *modalities)
{
    for (struct json_iter it = json_iter(modalities); json_iter_next(&it);) {
        if (str_eq_nocase(json_str(it.value), S("audio")))
            return true;
    }
    return false;
}

/* The chat without the unread members that find a place here after all. */
static struct chat without_shared(struct writing *w, const struct chat *c)
{
    struct chat rest = *c;
    rest.extras = (struct extras){.origin = c->extras.origin};
    for (const struct extra *x = c->extras.first; x; x = x->next) {
        bool is_kept = is_shared(x->key) || str_eq(x->key, S("web_search_options"));
        if (!is_of_chat(c) || !is_kept)
            extras_add(w->a, &rest.extras, x->key, x->value);
    }
    return rest;
}

static int check(struct writing *w, const struct chat *c)
{
    if (is_own(c))
        return 0;
    if (wants_sound(c->output.modalities))
        return writing_refuse(w, "modalities", "The model's provider answers in text only.");
    struct chat rest = without_shared(w, c);
    return settings_carry(w, &rest, DIALECT_RESPONSES, CARRIED);
}

/* Counting takes the members that make up the prompt and no others. */
static void put_settings(struct writing *w, const struct chat *c, struct json_writer *j)
{
    enum effort effort = settle_effort(w, c);
    responses_put_tools(w, c, j);
    responses_put_choice(w, c, j);
    put_flag(j, "parallel_tool_calls", c->parallel);
    put_reasoning(w, c, effort, j);
    put_text_wish(w, c, j);
    put_text(j, "truncation", c->state.truncation);
    if (c->is_count)
        return;
    put_max_output(w, c, j);
    put_sampling(w, c, effort, j);
    put_include(w, c, effort, j);
    put_state(w, c, j);
    put_account(w, c, j);
    put_shared(c, j);
    put_stream(c, j);
}

int responses_write_request(struct writing *w, const struct chat *c, struct buf *out)
{
    must(w->can);
    int rc = writing_check_room(w, c);
    if (rc == 0)
        rc = check(w, c);
    if (rc != 0)
        return rc;
    struct json_writer j = json_writer(out);
    json_begin_object(&j, NULL);
    put_text(&j, "model", w->model.n > 0 ? w->model : c->model);
    bool instructions = has_instructions(w, c);
    if (instructions)
        put_instructions(w, c, &j);
    rc = responses_put_input(w, c, &j, instructions);
    if (rc != 0)
        return rc;
    put_settings(w, c, &j);
    extras_put(&j, &c->extras, DIALECT_RESPONSES);
    json_end_object(&j);
    return buf_is_ok(out) ? 0 : err_set_code(w->err, -E_TOO_LARGE);
}
