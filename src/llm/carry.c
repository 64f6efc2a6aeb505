/* Settings that a dialect cannot carry, and arguments as objects.
 *
 * A writer says with a set of bits what it takes care of; everything else that the client asked for
 * is noted here, so that no writer has a list of what it does not know. A setting that says what
 * would happen anyway (one answer, parallel calls allowed, text as the only modality) asks for
 * nothing and is no loss. */
#include "llm/carry.h"

#include <math.h>

#include "base/buf.h"
#include "llm/json_schema.h"
#include "llm/tool_name.h"

#define JSON_TEXT_MAX (64u << 20) /* of one value; bodies are bounded before they are read */
#define ROOM_PER_PART 512         /* bytes of the arena, at most: names, ids, hints */

enum { NAME_OPENAI, NAME_ANTHROPIC, NAME_GEMINI, NAME_BEDROCK, NAME_COHERE, NAME_OLLAMA, NAMES };

static const char *const setting_names[SETTING_COUNT][NAMES] = {
#define SETTING(name, openai, anthropic, gemini, bedrock, cohere, ollama)                          \
    [SETTING_##name] = {openai, anthropic, gemini, bedrock, cohere, ollama},
#include "llm/carry.def"
#undef SETTING
};

static const uint8_t column_of[DIALECT_COUNT] = {
    [DIALECT_ANTHROPIC] = NAME_ANTHROPIC, [DIALECT_GEMINI] = NAME_GEMINI,
    [DIALECT_BEDROCK] = NAME_BEDROCK,     [DIALECT_COHERE] = NAME_COHERE,
    [DIALECT_OLLAMA] = NAME_OLLAMA,       [DIALECT_OLLAMA_TEXT] = NAME_OLLAMA,
};

/* Responses has some of OpenAI's settings in other places than chat. */
static const char *responses_name(enum setting s)
{
    static const struct {
        enum setting setting;
        const char *name;
    } table[] = {
        {SETTING_REASONING, "reasoning.effort"},
        {SETTING_FORMAT, "text.format"},
        {SETTING_VERBOSITY, "text.verbosity"},
        {SETTING_LOGPROBS, "top_logprobs"},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (table[i].setting == s)
            return table[i].name;
    }
    return NULL;
}

str setting_name(const struct chat *c, enum setting s)
{
    must(s < SETTING_COUNT && c->origin < DIALECT_COUNT);
    if (s == SETTING_MAX_OUTPUT && c->max_output_field.n > 0)
        return c->max_output_field;
    const char *own = setting_names[s][column_of[c->origin]];
    if (c->origin == DIALECT_RESPONSES && responses_name(s))
        own = responses_name(s);
    return str_from_cz(own[0] != '\0' ? own : setting_names[s][NAME_OPENAI]);
}

void setting_lost(struct writing *w, const struct chat *c, enum loss_verb verb, enum setting s)
{
    loss_add(w->loss, verb, setting_name(c, s));
}

/* Is anything other than text wanted? */
static bool wants_more_than_text(const struct json *modalities)
{
    for (struct json_iter it = json_iter(modalities); json_iter_next(&it);) {
        if (!str_eq_nocase(json_str(it.value), S("text")))
            return true;
    }
    return false;
}

static bool is_plain_tier(str tier)
{
    return tier.n == 0 || str_eq_nocase(tier, S("auto")) || str_eq_nocase(tier, S("default")) ||
           str_eq_nocase(tier, S("standard"));
}

static bool has_marks_in(const struct block *list)
{
    for (const struct block *b = list; b; b = b->next) {
        if (b->cache.is_set)
            return true;
    }
    return false;
}

static bool has_cache_marks(const struct chat *c)
{
    if (c->cache.is_set || has_marks_in(c->instructions))
        return true;
    for (const struct turn *t = c->turns; t; t = t->next) {
        if (has_marks_in(t->blocks))
            return true;
    }
    for (const struct tool *t = c->tools; t; t = t->next) {
        if (t->cache.is_set)
            return true;
    }
    return false;
}

static bool has_strict_tools(const struct chat *c)
{
    for (const struct tool *t = c->tools; t; t = t->next) {
        if (t->strict == YES)
            return true;
    }
    return false;
}

static bool wants_reasoning(const struct reasoning_wish *r)
{
    return r->effort != EFFORT_UNSET || r->thinking != THINKING_UNSET || r->budget_tokens > 0;
}

static bool is_sampling_set(const struct sampling *p, enum setting s)
{
    const struct {
        enum setting setting;
        bool is_set;
    } table[] = {
        {SETTING_TEMPERATURE, p->temperature.n > 0},
        {SETTING_TOP_P, p->top_p.n > 0},
        {SETTING_TOP_K, p->top_k.n > 0},
        {SETTING_MIN_P, p->min_p.n > 0},
        {SETTING_FREQUENCY_PENALTY, p->frequency_penalty.n > 0},
        {SETTING_PRESENCE_PENALTY, p->presence_penalty.n > 0},
        {SETTING_REPEAT_PENALTY, p->repeat_penalty.n > 0},
        {SETTING_SEED, p->seed.n > 0},
        {SETTING_LOGIT_BIAS, json_count(p->logit_bias) > 0},
        {SETTING_N, p->n > 1},
        {SETTING_LOGPROBS, p->logprobs == YES},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (table[i].setting == s)
            return table[i].is_set;
    }
    return false;
}

static bool is_set(const struct chat *c, enum setting s)
{
    switch (s) {
    case SETTING_TEMPERATURE:
    case SETTING_TOP_P:
    case SETTING_TOP_K:
    case SETTING_MIN_P:
    case SETTING_FREQUENCY_PENALTY:
    case SETTING_PRESENCE_PENALTY:
    case SETTING_REPEAT_PENALTY:
    case SETTING_SEED:
    case SETTING_LOGIT_BIAS:
    case SETTING_N:
    case SETTING_LOGPROBS:
        return is_sampling_set(&c->sampling, s);
    case SETTING_MAX_OUTPUT:
        return c->max_output.n > 0;
    case SETTING_STOP:
        return c->n_stop > 0;
    case SETTING_REASONING:
        return wants_reasoning(&c->reasoning);
    case SETTING_FORMAT:
        return c->output.format == FORMAT_JSON || c->output.format == FORMAT_SCHEMA;
    case SETTING_VERBOSITY:
        return c->output.verbosity.n > 0;
    case SETTING_MODALITIES:
        return wants_more_than_text(c->output.modalities);
    case SETTING_AUDIO:
        return c->output.audio != NULL;
    case SETTING_TOOL_CHOICE:
        return c->choice.mode != CHOICE_UNSET && c->choice.mode != CHOICE_AUTO;
    case SETTING_PARALLEL:
        return c->parallel == NO;
    case SETTING_STRICT:
        return has_strict_tools(c);
    case SETTING_CACHE:
        return has_cache_marks(c);
    case SETTING_CACHE_KEY:
        return c->cache_key.n > 0;
    case SETTING_USER:
        return c->user.n > 0;
    case SETTING_SAFETY_ID:
        return c->safety_id.n > 0;
    case SETTING_METADATA:
        return json_count(c->metadata) > 0;
    case SETTING_SERVICE_TIER:
        return !is_plain_tier(c->service_tier);
    case SETTING_BETAS:
        return false; /* switches of one provider: nothing to another */
    case SETTING_PREDICTION:
        return c->prediction != NULL;
    case SETTING_STORE:
        return c->state.store == YES;
    case SETTING_TRUNCATION:
        return c->state.truncation.n > 0 && !str_eq(c->state.truncation, S("disabled"));
    case SETTING_INCLUDE:
        return json_count(c->state.include) > 0;
    case SETTING_COUNT:
        break;
    }
    return false;
}

/* null, {}, [], "" and false ask for nothing. */
static bool asks_for_nothing(const struct json *v)
{
    switch (json_type(v)) {
    case JSON_NULL:
    case JSON_FALSE:
        return true;
    case JSON_STRING:
        return json_str(v).n == 0;
    case JSON_ARRAY:
    case JSON_OBJECT:
        return json_count(v) == 0;
    case JSON_TRUE:
    case JSON_NUMBER:
        break;
    }
    return false;
}

static void note_extras(struct writing *w, const struct extras *e, enum dialect_id target)
{
    if (e->origin == target)
        return;
    for (const struct extra *x = e->first; x; x = x->next) {
        if (!asks_for_nothing(x->value))
            loss_add(w->loss, LOSS_DROPPED, x->key);
    }
}

/* How closely an image is to be looked at, where the target has no word for it. */
static void note_details(struct writing *w, const struct chat *c, const struct block *list)
{
    bool is_input = c->origin == DIALECT_RESPONSES;
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind != BLOCK_MEDIA || b->media.detail.n == 0 || str_eq(b->media.detail, S("auto")))
            continue;
        loss_add(w->loss, LOSS_DROPPED,
                 is_input ? S("input.content.detail") : S("messages.content.detail"));
    }
}

/* Cohere's plan of its calls is a commentary, too. */
static void note_turns(struct writing *w, const struct chat *c, enum dialect_id target)
{
    bool has_phases = target == DIALECT_RESPONSES || target == DIALECT_COHERE;
    bool has_details = has_phases || target == DIALECT_CHAT || target == DIALECT_OPENROUTER;
    for (const struct turn *t = c->turns; t; t = t->next) {
        if (t->phase.n > 0 && !has_phases)
            loss_add(w->loss, LOSS_DROPPED, S("input.phase"));
        for (const struct block *b = t->blocks; b && !has_details; b = b->next) {
            if (b->kind == BLOCK_TOOL_RESULT)
                note_details(w, c, b->result.blocks);
        }
        if (!has_details)
            note_details(w, c, t->blocks);
    }
}

/* No provider knows what less than nothing is, and one that ignores it would go on without end. */
static bool is_below_zero(str number)
{
    return str_has_prefix(number, S("-")) && !str_eq(number, S("-0"));
}

int settings_carry(struct writing *w, const struct chat *c, enum dialect_id target,
                   uint64_t carried)
{
    if (c->own_only && c->origin != target)
        return writing_refuse(w, c->own_only, "The model's provider cannot take this in any form.");
    if (is_below_zero(c->max_output))
        return writing_refuse(w, arena_cz(w->a, setting_name(c, SETTING_MAX_OUTPUT)),
                              STR_FMT " must not be negative.",
                              STR_ARG(setting_name(c, SETTING_MAX_OUTPUT)));
    if (c->sampling.n > 1 && (carried & SETTING_BIT(N)) == 0)
        return writing_refuse(w, "n", "The model's provider gives one answer at a time.");
    if (c->state.previous_response_id.n > 0)
        return writing_refuse(w, "previous_response_id",
                              "The model's provider does not keep responses: send the whole "
                              "conversation as input.");
    if (c->state.conversation)
        return writing_refuse(w, "conversation",
                              "The model's provider does not keep conversations: send the whole "
                              "conversation as input.");
    if (c->state.background == YES)
        return writing_refuse(w, "background",
                              "The model's provider does not answer in the background.");
    for (enum setting s = 0; s < SETTING_COUNT; s++) {
        if ((carried & UINT64_C(1) << s) == 0 && is_set(c, s))
            setting_lost(w, c, LOSS_DROPPED, s);
    }
    note_extras(w, &c->extras, target);
    note_extras(w, &c->output.extras, target);
    note_extras(w, &c->reasoning.extras, target);
    note_turns(w, c, target);
    return 0;
}

/* A number as it was written; without end when it is too large for a double. */
static double number_of(struct arena *a, str text)
{
    const struct json *v = NULL;
    size_t error_at;
    double d = 0;
    if (json_read(a, text, &v, &error_at) == 0 && !json_double(v, &d))
        d = str_has_prefix(text, S("-")) ? -HUGE_VAL : HUGE_VAL;
    return d;
}

str setting_clamp(struct writing *w, const struct chat *c, enum setting s, str text, str low,
                  str high)
{
    if (text.n == 0)
        return text;
    double v = number_of(w->a, text), least = number_of(w->a, low), most = number_of(w->a, high);
    if (v >= least && v <= most)
        return text;
    setting_lost(w, c, LOSS_CLAMPED, s);
    return v < least ? low : high;
}

void stop_put(struct writing *w, struct json_writer *json, const char *key, const struct chat *c,
              size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_stop; i++) {
        if (c->stop[i].n == 0) {
            setting_lost(w, c, LOSS_DROPPED, SETTING_STOP);
            continue;
        }
        if (n == 0)
            json_begin_array(json, key);
        if (n++ < most)
            json_put_str(json, NULL, c->stop[i]);
    }
    if (n > 0)
        json_end_array(json);
    if (n > most)
        setting_lost(w, c, LOSS_CLAMPED, SETTING_STOP);
}

int reading_check_room(struct reading *r, size_t bytes)
{
    if (arena_has_room(r->a, bytes))
        return 0;
    return member_fail(r, "", "The body has too many parts.");
}

static size_t count_blocks(const struct block *list)
{
    size_t n = 0;
    for (const struct block *b = list; b; b = b->next)
        n++;
    return n;
}

int writing_check_room(struct writing *w, const struct chat *c)
{
    size_t n = count_blocks(c->instructions);
    for (const struct turn *t = c->turns; t; t = t->next)
        n += 1 + count_blocks(t->blocks);
    for (const struct tool *t = c->tools; t; t = t->next)
        n++;
    if (arena_has_room(w->a, n * ROOM_PER_PART))
        return 0;
    return writing_refuse(w, "messages", "The conversation has too many parts.");
}

str json_text(struct arena *a, const struct json *v)
{
    if (!v)
        return S_EMPTY;
    struct buf out;
    buf_init(&out, JSON_TEXT_MAX);
    json_put(&out, v);
    str text = arena_has_room(a, out.n) ? arena_str(a, buf_str(&out)) : S_EMPTY;
    buf_fini(&out);
    return text;
}

/* The text as a JSON object, or NULL. */
static const struct json *as_object(struct arena *a, str text)
{
    const struct json *v = NULL;
    size_t error_at;
    if (text.n == 0 || json_read(a, text, &v, &error_at) != 0)
        return NULL;
    return json_type(v) == JSON_OBJECT ? v : NULL;
}

static bool is_nothing(str args)
{
    str text = str_trim(args);
    return text.n == 0 || str_eq(text, S("null"));
}

static void put_wrapped(struct json_writer *w, const char *key, const char *name, str text)
{
    json_begin_object(w, key);
    json_put_str(w, name, text);
    json_end_object(w);
}

void call_put_object(struct json_writer *w, const char *key, struct arena *a,
                     const struct tool_call *call, struct losses *loss)
{
    if (call->kind == TOOL_CUSTOM) {
        put_wrapped(w, key, "input", call->args);
        return;
    }
    const struct json *value = call->value;
    if (!value || json_type(value) != JSON_OBJECT)
        value = as_object(a, call->args);
    if (value) {
        json_put_value(w, key, value);
    } else if (is_nothing(call->args)) {
        json_put_raw(w, key, S("{}"));
    } else {
        put_wrapped(w, key, "_raw_arguments", call->args);
        loss_add(loss, LOSS_EMULATED, S("arguments"));
    }
}

str free_text_piece(struct arena *a, str text, bool is_first)
{
    struct buf escaped;
    buf_init(&escaped, SIZE_MAX);
    buf_put_json(&escaped, text);
    str inner = str_slice(buf_str(&escaped), 1, escaped.n - 1);
    const str parts[] = {is_first ? S("{\"input\":\"") : S_EMPTY, inner};
    str piece = arena_concat(a, parts, ARRAY_LEN(parts));
    buf_fini(&escaped);
    return piece;
}

/* ---- functions ---- */

static void keep_tool(struct reading *r, const struct json *whole, struct tool *t)
{
    t->verbatim.origin = r->origin;
    for (struct json_iter it = json_iter(whole); json_iter_next(&it);)
        extras_add(r->a, &t->verbatim, it.key, it.value);
}

static int read_described(struct reading *r, const struct json *v, struct tool *t, bool *is_odd)
{
    enum { NAME, DESCRIPTION, PARAMETERS };
    static const char *const keys[] = {"name", "description", "parameters"};
    const struct json *m[ARRAY_LEN(keys)];
    int rc = MEMBERS_READ(r, v, keys, m, &t->extras);
    if (rc == 0)
        rc = member_str(r, "name", m[NAME], &t->name);
    if (rc == 0)
        rc = member_str(r, "description", m[DESCRIPTION], &t->description);
    if (rc == 0)
        rc = member_type(r, "parameters", m[PARAMETERS], JSON_OBJECT);
    if (rc < 0)
        return rc;
    if (t->name.n == 0)
        return member_fail(r, "name", "A tool must have a name.");
    t->schema = m[PARAMETERS];
    *is_odd = m[DESCRIPTION] && t->description.n == 0;
    return 0;
}

int function_read(struct reading *r, const struct json *v, struct chat *c)
{
    enum { TYPE, FUNCTION };
    static const char *const keys[] = {"type", "function"};
    const struct json *m[ARRAY_LEN(keys)];
    struct extras others;
    bool is_odd = false;
    str type = S("function");
    int rc = reading_check_room(r, 0);
    if (rc == 0)
        rc = MEMBERS_READ(r, v, keys, m, &others);
    if (rc == 0)
        rc = member_str(r, "type", m[TYPE], &type);
    if (rc == 0 && !str_eq(type, S("function")))
        rc = member_fail(r, "type", "The type of a tool must be function.");
    if (rc != 0)
        return rc;
    struct tool *t = tool_add(r->a, c, TOOL_FUNCTION);
    struct reading inner = reading_at(r, "function", -1);
    rc = read_described(&inner, m[FUNCTION], t, &is_odd);
    if (rc == 0 && (is_odd || others.first || !m[TYPE]))
        keep_tool(r, v, t);
    return rc;
}

static void put_parameters(struct writing *w, struct json_writer *json, const struct tool *t,
                           bool is_own)
{
    if (t->kind == TOOL_CUSTOM)
        json_put_raw(json, "parameters",
                     S("{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},"
                       "\"required\":[\"input\"]}"));
    else if (!is_own)
        json_schema_put(json, "parameters", t->schema, w->can->schema, SCHEMA_FOR_TOOL, w->loss,
                        "tools");
    else if (t->schema)
        json_put_value(json, "parameters", t->schema);
}

int function_put(struct writing *w, struct json_writer *json, const struct tool *t,
                 enum dialect_id target, bool is_own)
{
    if (t->kind == TOOL_SERVER)
        return writing_refuse(w, "tools",
                              "The model's provider does not run the tool \"" STR_FMT "\".",
                              STR_ARG(t->type));
    json_begin_object(json, NULL);
    if (is_own && t->verbatim.first) {
        extras_put(json, &t->verbatim, (uint8_t)target);
        json_end_object(json);
        return 0;
    }
    if (t->kind == TOOL_CUSTOM)
        loss_add(w->loss, LOSS_EMULATED, S("tools.custom"));
    json_put_str(json, "type", S("function"));
    json_begin_object(json, "function");
    json_put_str(json, "name",
                 is_own ? t->name : name_fit(w->a, &name_rule_openai, t->space, t->name));
    if (t->description.n > 0)
        json_put_str(json, "description", t->description);
    put_parameters(w, json, t, is_own);
    extras_put(json, &t->extras, (uint8_t)target);
    json_end_object(json);
    json_end_object(json);
    return 0;
}

bool function_is_chosen(const struct tool_choice *choice, const struct tool *t)
{
    if (choice->mode != CHOICE_NAMED && choice->mode != CHOICE_ALLOWED)
        return true;
    for (size_t i = 0; i < choice->n_names; i++) {
        if (str_eq(choice->names[i], t->name))
            return true;
    }
    return false;
}
