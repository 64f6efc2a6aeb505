/* A chat request, written: settings (OpenAI's API reference, "Create chat completion").
 *
 * A client of the same dialect has its members back as they came. For everybody else the settings
 * are written by what the model takes (struct capability): what it refuses is left out and noted,
 * what it knows by another name gets that name. Usage is always asked for in a stream: whoever pays
 * wants to know, also where the client does not. */
#include "llm/carry.h"
#include "llm/dialect_chat.h"
#include "llm/json_schema.h"
#include "llm/tool_name.h"

/* What is known of a model when nobody said anything. */
static const struct capability any_model = {
    .pattern = "*",
    .efforts = UINT32_MAX,
    .thinking = UINT32_MAX,
    .choices = UINT32_MAX,
    .max_output = -1,
    .can = CAN_PREFILL | CAN_MID_SYSTEM | CAN_JSON_SCHEMA | CAN_IMAGE_URL | CAN_PARALLEL_OFF |
           CAN_STOP | CAN_STRICT_TOOLS,
};

/* ---- members kept ---- */

bool dialect_chat_takes(uint8_t as, uint8_t origin)
{
    return as == origin || (as == DIALECT_OPENROUTER && origin == DIALECT_CHAT);
}

void dialect_chat_lost(struct dialect_chat_pen *p, const char *prefix, str name)
{
    enum { SHOWN_MAX = 128 };
    struct buf b;
    buf_init(&b, 512);
    buf_put(&b, str_from_cz(prefix));
    buf_put(&b, str_slice(name, 0, SHOWN_MAX));
    loss_add(p->w->loss, LOSS_DROPPED, buf_str(&b));
    buf_fini(&b);
}

void dialect_chat_put_extras(struct dialect_chat_pen *p, const struct extras *e, const char *prefix)
{
    bool is_taken = dialect_chat_takes(p->as, e->origin);
    for (const struct extra *x = e->first; x; x = x->next) {
        if (is_taken && x->value)
            json_put_member(&p->j, x->key, x->value);
        else if (!is_taken && x->value && json_type(x->value) != JSON_NULL)
            dialect_chat_lost(p, prefix, x->key);
    }
}

bool dialect_chat_has_verbatim(const struct dialect_chat_pen *p, const struct extras *e,
                               const char *key)
{
    return dialect_chat_takes(p->as, e->origin) && extras_find(e, str_from_cz(key));
}

bool dialect_chat_put_verbatim(struct dialect_chat_pen *p, const struct extras *e, const char *key)
{
    if (!dialect_chat_has_verbatim(p, e, key))
        return false;
    json_put_value(&p->j, key, extras_find(e, str_from_cz(key)));
    return true;
}

static bool is_kept(const struct dialect_chat_pen *p, const char *key)
{
    return dialect_chat_has_verbatim(p, &p->c->verbatim, key);
}

/* ---- sampling ---- */

static enum effort wished_effort(const struct reasoning_wish *w)
{
    if (w->effort != EFFORT_UNSET)
        return w->effort;
    switch (w->thinking) {
    case THINKING_OFF:
        return EFFORT_NONE;
    case THINKING_ON:
        return w->budget_tokens >= 0 ? effort_of_budget(w->budget_tokens) : EFFORT_MEDIUM;
    case THINKING_BETWEEN_TOOLS:
        return EFFORT_LOW;
    case THINKING_UNSET:
    case THINKING_ADAPTIVE:
        break;
    }
    return w->budget_tokens >= 0 ? effort_of_budget(w->budget_tokens) : EFFORT_UNSET;
}

static bool takes_sampling(const struct dialect_chat_pen *p)
{
    switch (p->can->sampling) {
    case SAMPLING_ALL:
        return true;
    case SAMPLING_WITHOUT_EFFORT:
        return wished_effort(&p->c->reasoning) == EFFORT_NONE;
    case SAMPLING_NONE:
        break;
    }
    return false;
}

/* Sampling settings that are one number each, and who takes them. */
enum taker { TAKEN_ALWAYS, TAKEN_FREELY, TAKEN_BY_OPENROUTER };
static const struct {
    enum setting setting;
    const char *key;
    size_t offset; /* in struct sampling */
    enum taker taker;
} numbers[] = {
    {SETTING_TEMPERATURE, "temperature", offsetof(struct sampling, temperature), TAKEN_FREELY},
    {SETTING_TOP_P, "top_p", offsetof(struct sampling, top_p), TAKEN_FREELY},
    {SETTING_TOP_K, "top_k", offsetof(struct sampling, top_k), TAKEN_BY_OPENROUTER},
    {SETTING_MIN_P, "min_p", offsetof(struct sampling, min_p), TAKEN_BY_OPENROUTER},
    {SETTING_FREQUENCY_PENALTY, "frequency_penalty", offsetof(struct sampling, frequency_penalty),
     TAKEN_FREELY},
    {SETTING_PRESENCE_PENALTY, "presence_penalty", offsetof(struct sampling, presence_penalty),
     TAKEN_FREELY},
    {SETTING_REPEAT_PENALTY, "repetition_penalty", offsetof(struct sampling, repeat_penalty),
     TAKEN_BY_OPENROUTER},
    {SETTING_SEED, "seed", offsetof(struct sampling, seed), TAKEN_ALWAYS},
};

static bool is_taken(const struct dialect_chat_pen *p, enum taker taker)
{
    if (p->is_own)
        return true;
    switch (taker) {
    case TAKEN_ALWAYS:
        return true;
    case TAKEN_FREELY:
        return takes_sampling(p);
    case TAKEN_BY_OPENROUTER:
        break;
    }
    return p->as == DIALECT_OPENROUTER;
}

static void put_number(struct dialect_chat_pen *p, size_t i)
{
    const char *key = numbers[i].key;
    str text = *(const str *)(const void *)((const char *)&p->c->sampling + numbers[i].offset);
    if (numbers[i].setting == SETTING_SEED) {
        if (dialect_chat_put_verbatim(p, &p->c->verbatim, "random_seed")) {
            (void)dialect_chat_put_verbatim(p, &p->c->verbatim, "seed"); /* absent: nothing */
            return;
        }
        key = dialect_chat_can(p, CAN_RANDOM_SEED) ? "random_seed" : key;
    }
    if (!p->is_own && numbers[i].setting == SETTING_TEMPERATURE)
        text = setting_clamp(p->w, p->c, SETTING_TEMPERATURE, text, S("0"), S("2"));
    if (text.n > 0)
        json_put_number(&p->j, key, text);
}

uint64_t dialect_chat_put_sampling(struct dialect_chat_pen *p)
{
    const struct sampling *s = &p->c->sampling;
    uint64_t carried = SETTING_BIT(N);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        if (!is_taken(p, numbers[i].taker))
            continue;
        put_number(p, i);
        carried |= UINT64_C(1) << numbers[i].setting;
    }
    if (s->n > 0 && (p->is_own || s->n > 1))
        json_put_int(&p->j, "n", s->n);
    if (!is_taken(p, TAKEN_FREELY))
        return carried;
    if (s->logit_bias)
        json_put_value(&p->j, "logit_bias", s->logit_bias);
    if (p->as == DIALECT_COMPLETIONS) {
        if (!dialect_chat_put_verbatim(p, &p->c->verbatim, "logprobs") && s->logprobs == YES)
            json_put_int(&p->j, "logprobs", MAX(s->top_logprobs, 0));
        return carried | SETTING_BIT(LOGIT_BIAS) | SETTING_BIT(LOGPROBS);
    }
    if (s->logprobs != UNSET)
        json_put_bool(&p->j, "logprobs", s->logprobs == YES);
    if (s->top_logprobs >= 0 && (p->is_own || s->logprobs == YES))
        json_put_int(&p->j, "top_logprobs", s->top_logprobs);
    return carried | SETTING_BIT(LOGIT_BIAS) | SETTING_BIT(LOGPROBS);
}

/* ---- limits ---- */

static void put_max_output(struct dialect_chat_pen *p)
{
    const struct chat *c = p->c;
    const char *key =
        dialect_chat_can(p, CAN_OLD_MAX_TOKENS) ? "max_tokens" : "max_completion_tokens";
    str text = c->max_output;
    if (is_kept(p, "max_completion_tokens")) {
        (void)dialect_chat_put_verbatim(p, &c->verbatim, "max_tokens"); /* both were there */
        (void)dialect_chat_put_verbatim(p, &c->verbatim, "max_completion_tokens");
        return;
    }
    if (text.n == 0)
        return;
    if (p->is_own && !dialect_chat_can(p, CAN_OLD_MAX_TOKENS) && c->max_output_field.n > 0)
        key = str_eq(c->max_output_field, S("max_tokens")) ? "max_tokens" : key;
    if (!p->is_own && p->can->max_output > 0)
        text = setting_clamp(p->w, c, SETTING_MAX_OUTPUT, text, S("1"),
                             arena_printf(p->w->a, "%lld", (long long)p->can->max_output));
    json_put_number(&p->j, key, text);
}

#define STOP_MAX 4 /* OpenAI's, and of most who copied it */

void dialect_chat_put_stop(struct dialect_chat_pen *p)
{
    const struct chat *c = p->c;
    if (dialect_chat_put_verbatim(p, &c->verbatim, "stop") || c->n_stop == 0)
        return;
    if (c->stop_is_plain && (p->is_own || c->stop[0].n > 0)) {
        json_put_str(&p->j, "stop", c->stop[0]);
        return;
    }
    if (!p->is_own) {
        stop_put(p->w, &p->j, "stop", c, STOP_MAX);
        return;
    }
    json_begin_array(&p->j, "stop");
    for (size_t i = 0; i < c->n_stop; i++)
        json_put_str(&p->j, NULL, c->stop[i]);
    json_end_array(&p->j);
}

/* ---- thoughts ---- */

/* The effort nearest to `e` that the model knows, a lower one rather than a higher. */
static enum effort nearest_effort(uint32_t efforts, enum effort e)
{
    for (int d = 0; d <= (int)EFFORT_MAX; d++) {
        int low = (int)e - d, high = (int)e + d;
        bool may_be_none = e == EFFORT_NONE;
        if (low >= (may_be_none ? (int)EFFORT_NONE : (int)EFFORT_MINIMAL) &&
            (efforts & 1u << low) != 0)
            return (enum effort)low;
        if (high <= (int)EFFORT_MAX && (efforts & 1u << high) != 0)
            return (enum effort)high;
    }
    return EFFORT_UNSET;
}

static void put_effort(struct dialect_chat_pen *p, enum effort wished)
{
    enum effort e = nearest_effort(p->can->efforts, wished);
    const struct reasoning_wish *w = &p->c->reasoning;
    if (e == EFFORT_UNSET && wished != EFFORT_NONE)
        setting_lost(p->w, p->c, LOSS_DROPPED, SETTING_REASONING);
    if (e == EFFORT_UNSET)
        return;
    if (e != wished || (w->effort == EFFORT_UNSET && w->budget_tokens > 0))
        setting_lost(p->w, p->c, LOSS_CLAMPED, SETTING_REASONING);
    json_put_str(&p->j, "reasoning_effort", str_from_cz(effort_name(e)));
}

/* OpenRouter's form: an effort, or a budget, or on and off. */
static void put_reasoning_object(struct dialect_chat_pen *p)
{
    const struct reasoning_wish *w = &p->c->reasoning;
    struct json_writer *j = &p->j;
    enum effort effort = w->effort == EFFORT_MAX ? EFFORT_XHIGH : w->effort; /* its highest */
    if (effort != w->effort)
        setting_lost(p->w, p->c, LOSS_CLAMPED, SETTING_REASONING);
    json_begin_object(j, "reasoning");
    if (effort != EFFORT_UNSET)
        json_put_str(j, "effort", str_from_cz(effort_name(effort)));
    else if (w->budget_tokens > 0)
        json_put_int(j, "max_tokens", w->budget_tokens);
    else
        json_put_bool(j, "enabled", w->thinking != THINKING_OFF && w->budget_tokens != 0);
    if (w->included == NO)
        json_put_bool(j, "exclude", true);
    json_end_object(j);
}

static void put_reasoning(struct dialect_chat_pen *p)
{
    static const char *const ways[] = {"reasoning_effort", "reasoning",       "include_reasoning",
                                       "thinking",         "enable_thinking", "thinking_budget"};
    const struct reasoning_wish *w = &p->c->reasoning;
    enum effort effort = wished_effort(w);
    bool is_on = effort != EFFORT_NONE;
    if (p->is_own) {
        for (size_t i = 0; i < ARRAY_LEN(ways); i++)
            (void)dialect_chat_put_verbatim(p, &p->c->verbatim, ways[i]); /* absent: nothing */
        return;
    }
    if (effort == EFFORT_UNSET && w->thinking == THINKING_UNSET)
        return;
    if (p->as == DIALECT_OPENROUTER || dialect_chat_can(p, CAN_REASONING_OBJECT)) {
        put_reasoning_object(p);
        return;
    }
    if (dialect_chat_can(p, CAN_THINKING_TYPE))
        json_put_raw(&p->j, "thinking",
                     is_on ? S("{\"type\":\"enabled\"}") : S("{\"type\":\"disabled\"}"));
    if (dialect_chat_can(p, CAN_ENABLE_THINKING)) {
        json_put_bool(&p->j, "enable_thinking", is_on);
        if (is_on && w->budget_tokens > 0)
            json_put_int(&p->j, "thinking_budget", w->budget_tokens);
        return;
    }
    if (dialect_chat_can(p, CAN_THINKING_TYPE) && (!is_on || w->effort == EFFORT_UNSET))
        return;
    if (effort != EFFORT_UNSET)
        put_effort(p, effort);
}

/* ---- the form of the answer ---- */

static bool mentions_json(const struct block *list)
{
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind == BLOCK_TEXT &&
            (str_find(b->text, S("JSON")) != STR_NONE || str_find(b->text, S("json")) != STR_NONE))
            return true;
    }
    return false;
}

/* OpenAI refuses json_object when no message says "JSON". */
static bool is_json_mentioned(const struct chat *c)
{
    if (mentions_json(c->instructions))
        return true;
    for (const struct turn *t = c->turns; t; t = t->next) {
        if (mentions_json(t->blocks))
            return true;
    }
    return false;
}

/* The text that stands in for a form the model cannot be bound to; goes before the messages. */
static str format_hint(const struct dialect_chat_pen *p)
{
    const struct output_wish *o = &p->c->output;
    if (p->is_own)
        return S_EMPTY;
    if (o->format == FORMAT_JSON && !is_json_mentioned(p->c))
        return S("Answer with a JSON object.");
    if (o->format != FORMAT_SCHEMA || dialect_chat_can(p, CAN_JSON_SCHEMA))
        return S_EMPTY;
    setting_lost(p->w, p->c, LOSS_EMULATED, SETTING_FORMAT);
    return arena_concat(p->w->a,
                        (str[]){S("Answer with a JSON object that is valid by this JSON Schema: "),
                                json_text(p->w->a, o->schema)},
                        2);
}

static void put_schema(struct dialect_chat_pen *p)
{
    const struct output_wish *o = &p->c->output;
    struct json_writer *j = &p->j;
    str name =
        o->name.n > 0 ? name_fit(p->w->a, &name_rule_openai, S_EMPTY, o->name) : S("response");
    json_begin_object(j, "response_format");
    json_put_str(j, "type", S("json_schema"));
    json_begin_object(j, "json_schema");
    json_put_str(j, "name", name);
    if (o->description.n > 0)
        json_put_str(j, "description", o->description);
    json_schema_put(j, "schema", o->schema, p->can->schema, SCHEMA_FOR_OUTPUT, p->w->loss,
                    "response_format");
    if (o->strict != UNSET)
        json_put_bool(j, "strict", o->strict == YES);
    json_end_object(j);
    json_end_object(j);
}

static void put_output(struct dialect_chat_pen *p)
{
    const struct output_wish *o = &p->c->output;
    if (dialect_chat_put_verbatim(p, &o->verbatim, "response_format")) {
        /* as it came */
    } else if (o->format == FORMAT_SCHEMA && dialect_chat_can(p, CAN_JSON_SCHEMA)) {
        put_schema(p);
    } else if (o->format == FORMAT_SCHEMA || o->format == FORMAT_JSON) {
        json_put_raw(&p->j, "response_format", S("{\"type\":\"json_object\"}"));
    }
    if (o->modalities)
        json_put_value(&p->j, "modalities", o->modalities);
    if (o->audio)
        json_put_value(&p->j, "audio", o->audio);
}

/* ---- the rest ---- */

static bool is_openai_tier(str tier)
{
    static const char *const tiers[] = {"auto", "default", "flex", "scale", "priority", "fast"};
    for (size_t i = 0; i < ARRAY_LEN(tiers); i++) {
        if (str_eq_nocase(tier, str_from_cz(tiers[i])))
            return true;
    }
    return false;
}

static str tier_of(const struct dialect_chat_pen *p)
{
    str tier = p->c->service_tier;
    if (p->is_own || tier.n == 0)
        return tier;
    if (str_eq(tier, S("standard_only")))
        return S("default"); /* Anthropic's word for it */
    if (is_openai_tier(tier))
        return tier;
    setting_lost(p->w, p->c, LOSS_DROPPED, SETTING_SERVICE_TIER);
    return S_EMPTY;
}

static void put_text(struct dialect_chat_pen *p, const char *key, str text)
{
    if (!dialect_chat_put_verbatim(p, &p->c->verbatim, key) && text.n > 0)
        json_put_str(&p->j, key, text);
}

/* Members that only OpenAI itself and its exact copies know. */
static uint64_t put_newer(struct dialect_chat_pen *p)
{
    const struct chat *c = p->c;
    if (!p->is_own && dialect_chat_can(p, CAN_NOT_STRICT))
        return 0;
    put_text(p, "verbosity", c->output.verbosity);
    put_text(p, "safety_identifier", c->safety_id);
    put_text(p, "prompt_cache_key", c->cache_key);
    put_text(p, "service_tier", tier_of(p));
    if (c->state.store != UNSET && (p->is_own || c->state.store == YES))
        json_put_bool(&p->j, "store", c->state.store == YES);
    if (c->metadata && (p->is_own || json_count(c->metadata) > 0))
        json_put_value(&p->j, "metadata", c->metadata);
    if (c->prediction)
        json_put_value(&p->j, "prediction", c->prediction);
    return SETTING_BIT(VERBOSITY) | SETTING_BIT(SAFETY_ID) | SETTING_BIT(CACHE_KEY) |
           SETTING_BIT(SERVICE_TIER) | SETTING_BIT(STORE) | SETTING_BIT(METADATA) |
           SETTING_BIT(PREDICTION);
}

/* stream_options with include_usage, and whatever else the client said there. */
static void put_stream_options(struct dialect_chat_pen *p)
{
    const struct json *said =
        is_kept(p, "stream_options") ? extras_find(&p->c->verbatim, S("stream_options")) : NULL;
    json_begin_object(&p->j, "stream_options");
    for (struct json_iter it = json_iter(said); said && json_iter_next(&it);) {
        if (!str_eq(it.key, S("include_usage")))
            json_put_member(&p->j, it.key, it.value);
    }
    json_put_bool(&p->j, "include_usage", true);
    json_end_object(&p->j);
}

void dialect_chat_put_stream(struct dialect_chat_pen *p)
{
    if (p->c->is_stream) {
        json_put_bool(&p->j, "stream", true);
        if (!dialect_chat_can(p, CAN_NOT_STREAM_USAGE))
            put_stream_options(p);
        return;
    }
    if (is_kept(p, "stream"))
        json_put_bool(&p->j, "stream", false);
    (void)dialect_chat_put_verbatim(p, &p->c->verbatim, "stream_options"); /* absent: nothing */
}

/* Members of nobody here, as they came; those that were written are null among them at most. */
void dialect_chat_put_rest(struct dialect_chat_pen *p)
{
    const struct extras *e = &p->c->extras;
    (void)dialect_chat_put_verbatim(p, &p->c->verbatim, "usage"); /* OpenRouter's; else absent */
    if (!dialect_chat_takes(p->as, e->origin))
        return;
    for (const struct extra *x = e->first; x; x = x->next) {
        bool is_ours = str_eq(x->key, S("stream")) || str_eq(x->key, S("stream_options"));
        if (!is_ours || !p->c->is_stream)
            json_put_member(&p->j, x->key, x->value);
    }
}

static uint64_t put_settings(struct dialect_chat_pen *p)
{
    uint64_t carried = SETTING_BIT(MAX_OUTPUT) | SETTING_BIT(REASONING) | SETTING_BIT(FORMAT) |
                       SETTING_BIT(MODALITIES) | SETTING_BIT(AUDIO) | SETTING_BIT(USER) |
                       SETTING_BIT(TOOL_CHOICE) | SETTING_BIT(PARALLEL) | SETTING_BIT(CACHE);
    put_max_output(p);
    carried |= dialect_chat_put_sampling(p);
    if (p->is_own || dialect_chat_can(p, CAN_STOP)) {
        dialect_chat_put_stop(p);
        carried |= SETTING_BIT(STOP);
    }
    put_reasoning(p);
    put_output(p);
    put_text(p, "user", p->c->user);
    if (dialect_chat_takes_strict(p))
        carried |= SETTING_BIT(STRICT);
    return carried | put_newer(p);
}

struct dialect_chat_pen dialect_chat_pen(struct writing *w, const struct chat *c, struct buf *out,
                                         uint8_t as)
{
    return (struct dialect_chat_pen){.w = w,
                                     .c = c,
                                     .j = json_writer(out),
                                     .can = w->can ? w->can : &any_model,
                                     .as = as,
                                     .is_own = dialect_chat_takes(as, c->origin)};
}

int dialect_chat_write_request(struct writing *w, const struct chat *c, struct buf *out, uint8_t as)
{
    struct dialect_chat_pen p = dialect_chat_pen(w, c, out, as);
    p.hint = format_hint(&p);
    json_begin_object(&p.j, NULL);
    if (w->model.n > 0 || c->model.n > 0)
        json_put_str(&p.j, "model", w->model.n > 0 ? w->model : c->model);
    int rc = dialect_chat_put_messages(&p);
    if (rc != 0)
        return rc;
    uint64_t carried = put_settings(&p);
    dialect_chat_put_tools(&p);
    dialect_chat_put_stream(&p);
    dialect_chat_put_rest(&p);
    json_end_object(&p.j);
    return p.is_own ? 0 : settings_carry(w, c, as, carried);
}
