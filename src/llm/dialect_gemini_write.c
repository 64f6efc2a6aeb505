/* Writing a request of generateContent: settings and the whole.
 *
 * What the model can do decides the form: thinking by level or by budget (both together are
 * refused), schemas as JSON Schema or as OpenAPI's, sampling or none. A request that came in this
 * dialect is not adapted: whoever speaks it knows the model, and a body must leave as it came.
 *
 * Google keeps what is sent for later use unless store is false, so it is false unless the client
 * said otherwise; Vertex has no such member. */
#include "llm/carry.h"
#include "llm/dialect_gemini.h"
#include "llm/json_schema.h"

#define CONFIG_MAX   ((size_t)64 << 20)
#define MODALITY_MAX 16 /* bytes of a modality's name */
#define STOP_MAX     5
#define BUDGET_MIN   512 /* what every model that takes a budget takes */
#define BUDGET_MAX   24576
#define BUDGET_LEAST 128 /* for models that cannot but think */

struct settings {
    struct json_writer *j;
    struct writing *w;
    const struct chat *c;
    bool is_own;
};

static bool is_vertex(const struct writing *w)
{
    return str_eq(w->envelope, S("vertex"));
}

static void lose(struct settings *s, bool is_there, enum setting what)
{
    if (is_there)
        setting_lost(s->w, s->c, LOSS_DROPPED, what);
}

static bool is_kept(const struct settings *s, const char *key)
{
    return gemini_is_kept(&s->c->output.verbatim, key);
}

/* ---- generationConfig ---- */

static void put_number(struct settings *s, const char *key, str value)
{
    if (value.n > 0 && !is_kept(s, key))
        json_put_number(s->j, key, value);
}

/* Settings that newer models refuse. */
static void put_sampling(struct settings *s)
{
    const struct sampling *x = &s->c->sampling;
    const struct {
        const char *key;
        str value;
        enum setting what;
    } settings[] = {
        {"temperature", x->temperature, SETTING_TEMPERATURE},
        {"topP", x->top_p, SETTING_TOP_P},
        {"topK", x->top_k, SETTING_TOP_K},
        {"presencePenalty", x->presence_penalty, SETTING_PRESENCE_PENALTY},
        {"frequencyPenalty", x->frequency_penalty, SETTING_FREQUENCY_PENALTY},
    };
    bool is_allowed = s->is_own || s->w->can->sampling == SAMPLING_ALL;
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        if (is_allowed)
            put_number(s, settings[i].key, settings[i].value);
        else
            lose(s, settings[i].value.n > 0, settings[i].what);
    }
}

/* The seed is an int32. */
static void put_seed(struct settings *s)
{
    str seed = s->c->sampling.seed;
    int64_t n = 0;
    bool fits = s->is_own || !str_to_i64(seed, &n) || (n >= INT32_MIN && n <= INT32_MAX);
    if (fits) {
        put_number(s, "seed", seed);
        return;
    }
    json_put_int(s->j, "seed", n & INT32_MAX);
    setting_lost(s->w, s->c, LOSS_CLAMPED, SETTING_SEED);
}

static void put_counts(struct settings *s)
{
    const struct sampling *x = &s->c->sampling;
    bool has_logprobs = s->is_own || s->w->can->sampling == SAMPLING_ALL;
    if ((x->n > 1 || (x->n == 1 && s->is_own)) && !is_kept(s, "candidateCount"))
        json_put_int(s->j, "candidateCount", x->n);
    if (!has_logprobs) {
        lose(s, x->logprobs == YES, SETTING_LOGPROBS);
        return;
    }
    if ((x->logprobs == YES || (x->logprobs == NO && s->is_own)) && !is_kept(s, "responseLogprobs"))
        json_put_bool(s->j, "responseLogprobs", x->logprobs == YES);
    if (x->top_logprobs >= 0 && (x->logprobs == YES || s->is_own) && !is_kept(s, "logprobs"))
        json_put_int(s->j, "logprobs", x->top_logprobs);
}

static void put_stop(struct settings *s)
{
    const struct chat *c = s->c;
    if (c->n_stop == 0 || is_kept(s, "stopSequences"))
        return;
    if (!s->is_own) {
        stop_put(s->w, s->j, "stopSequences", c, STOP_MAX);
        return;
    }
    json_begin_array(s->j, "stopSequences");
    for (size_t i = 0; i < c->n_stop; i++)
        json_put_str(s->j, NULL, c->stop[i]);
    json_end_array(s->j);
}

static void put_format(struct settings *s)
{
    const struct output_wish *wish = &s->c->output;
    bool is_json = wish->format == FORMAT_JSON || wish->format == FORMAT_SCHEMA;
    if (s->is_own || !is_json)
        return;
    json_put_str(s->j, "responseMimeType", S("application/json"));
    if (wish->format != FORMAT_SCHEMA || !wish->schema)
        return;
    if ((s->w->can->can & CAN_JSON_SCHEMA) == 0) {
        setting_lost(s->w, s->c, LOSS_EMULATED, SETTING_FORMAT);
        return;
    }
    bool is_openapi = s->w->can->schema == SCHEMA_GEMINI_OPENAPI;
    json_schema_put(s->j, is_openapi ? "responseSchema" : "responseJsonSchema", wish->schema,
                    is_openapi ? SCHEMA_GEMINI_OPENAPI : SCHEMA_GEMINI_JSON, SCHEMA_FOR_OUTPUT,
                    s->w->loss, "response_format.json_schema.schema");
}

static void put_modalities(struct settings *s)
{
    const struct json *v = s->c->output.modalities;
    if (!v || json_type(v) != JSON_ARRAY || s->is_own)
        return;
    json_begin_array(s->j, "responseModalities");
    struct json_iter it = json_iter(v);
    while (json_iter_next(&it)) {
        str name = str_slice(json_str(it.value), 0, MODALITY_MAX);
        char upper[MODALITY_MAX];
        for (size_t i = 0; i < name.n; i++)
            upper[i] =
                name.p[i] >= 'a' && name.p[i] <= 'z' ? (char)(name.p[i] - ('a' - 'A')) : name.p[i];
        json_put_str(s->j, NULL, str_of(upper, name.n));
    }
    json_end_array(s->j);
}

/* ---- thinking ---- */

static bool is_off(const struct reasoning_wish *wish)
{
    return wish->thinking == THINKING_OFF || wish->effort == EFFORT_NONE ||
           (wish->budget_tokens == 0 && wish->thinking != THINKING_ADAPTIVE);
}

static bool is_wished(const struct reasoning_wish *wish)
{
    return wish->thinking != THINKING_UNSET || wish->effort != EFFORT_UNSET ||
           wish->budget_tokens >= 0;
}

/* Does whoever asked like that read thoughts? */
static bool shows_thoughts(const struct chat *c)
{
    const struct reasoning_wish *wish = &c->reasoning;
    if (wish->included != UNSET)
        return wish->included == YES;
    if (str_eq(wish->display, S("omitted")) || !is_wished(wish) || is_off(wish))
        return false;
    return c->origin != DIALECT_RESPONSES || wish->summary.n > 0;
}

static void note_clamped(struct settings *s)
{
    setting_lost(s->w, s->c, LOSS_CLAMPED, SETTING_REASONING);
}

static void put_budget(struct settings *s)
{
    const struct reasoning_wish *wish = &s->c->reasoning;
    bool may_be_off = (s->w->can->thinking & 1u << THINKING_OFF) != 0;
    int64_t budget = -1;
    if (is_off(wish)) {
        budget = may_be_off ? 0 : BUDGET_LEAST;
        if (!may_be_off)
            note_clamped(s);
    } else if (wish->budget_tokens > 0) {
        budget = MAX(MIN(wish->budget_tokens, BUDGET_MAX), BUDGET_MIN);
        if (budget != wish->budget_tokens)
            note_clamped(s);
    } else if (wish->effort == EFFORT_MAX) {
        budget = BUDGET_MAX;
    } else if (wish->effort != EFFORT_UNSET) {
        budget = MIN(effort_budget(wish->effort), BUDGET_MAX);
    }
    json_put_int(s->j, "thinkingBudget", budget);
}

/* The nearest effort that the model knows and the API has a level for: below, else above. */
static enum effort nearest_effort(uint32_t known, enum effort wanted)
{
    enum effort top = MIN(wanted, EFFORT_HIGH);
    for (enum effort e = top; e >= EFFORT_MINIMAL; e--) {
        if ((known & 1u << e) != 0)
            return e;
    }
    for (enum effort e = EFFORT_MINIMAL; e <= EFFORT_HIGH; e++) {
        if ((known & 1u << e) != 0)
            return e;
    }
    return EFFORT_UNSET;
}

static void put_level(struct settings *s)
{
    static const char *const names[] = {
        [EFFORT_MINIMAL] = "MINIMAL",
        [EFFORT_LOW] = "LOW",
        [EFFORT_MEDIUM] = "MEDIUM",
        [EFFORT_HIGH] = "HIGH",
    };
    const struct reasoning_wish *wish = &s->c->reasoning;
    enum effort wanted = wish->effort;
    if (is_off(wish))
        wanted = EFFORT_NONE;
    else if (wanted == EFFORT_UNSET && wish->budget_tokens > 0)
        wanted = effort_of_budget(wish->budget_tokens);
    enum effort level = nearest_effort(s->w->can->efforts, wanted);
    if (wanted == EFFORT_UNSET || level == EFFORT_UNSET)
        return;
    if (level != wanted || wish->budget_tokens > 0)
        note_clamped(s);
    json_put_str(s->j, "thinkingLevel", str_from_cz(names[level]));
}

static void put_thinking(struct settings *s)
{
    const struct reasoning_wish *wish = &s->c->reasoning;
    const struct capability *can = s->w->can;
    bool by_budget = (can->thinking & 1u << THINKING_ON) != 0;
    bool by_level = !by_budget && nearest_effort(can->efforts, EFFORT_HIGH) != EFFORT_UNSET;
    bool shows = shows_thoughts(s->c), is_set = is_wished(wish);
    if (s->is_own || (!shows && !is_set))
        return;
    if (!by_budget && !by_level) {
        lose(s, shows || !is_off(wish), SETTING_REASONING);
        return;
    }
    json_begin_object(s->j, "thinkingConfig");
    if (is_set && by_budget)
        put_budget(s);
    else if (is_set)
        put_level(s);
    if (shows)
        json_put_bool(s->j, "includeThoughts", true);
    json_end_object(s->j);
}

static void put_config_members(struct settings *s)
{
    json_begin_object(s->j, NULL);
    put_sampling(s);
    put_seed(s);
    put_number(s, "maxOutputTokens", s->c->max_output);
    put_counts(s);
    put_stop(s);
    put_format(s);
    put_modalities(s);
    put_thinking(s);
    gemini_put_kept(s->j, &s->c->output.verbatim);
    extras_put(s->j, &s->c->output.extras, DIALECT_GEMINI);
    json_end_object(s->j);
}

static void put_config(struct settings *s)
{
    struct buf text;
    buf_init(&text, CONFIG_MAX);
    struct json_writer j = json_writer(&text);
    struct settings inner = *s;
    inner.j = &j;
    put_config_members(&inner);
    if (!buf_is_ok(&text))
        s->j->out->failed = true;
    else if (!str_eq(buf_str(&text), S("{}")) &&
             !gemini_is_kept(&s->c->verbatim, "generationConfig"))
        json_put_raw(s->j, "generationConfig", buf_str(&text));
    buf_fini(&text);
}

/* ---- the rest ---- */

static void put_tier(struct settings *s)
{
    static const struct {
        const char *from, *to;
    } tiers[] = {{"flex", "flex"},
                 {"priority", "priority"},
                 {"default", "standard"},
                 {"standard", "standard"}};
    str tier = s->c->service_tier;
    if (tier.n == 0 || gemini_is_kept(&s->c->verbatim, "serviceTier"))
        return;
    if (s->is_own && !is_vertex(s->w)) {
        json_put_str(s->j, "serviceTier", tier);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(tiers) && !is_vertex(s->w); i++) {
        if (str_eq(tier, str_from_cz(tiers[i].from))) {
            json_put_str(s->j, "serviceTier", str_from_cz(tiers[i].to));
            return;
        }
    }
    lose(s, !str_eq(tier, S("auto")), SETTING_SERVICE_TIER);
}

static void put_store(struct settings *s)
{
    enum tristate store = s->c->state.store;
    if (gemini_is_kept(&s->c->verbatim, "store"))
        return;
    if (!is_vertex(s->w) && (!s->is_own || store != UNSET))
        json_put_bool(s->j, "store", store == YES);
    else
        lose(s, store == YES, SETTING_STORE);
}

#define CARRIED                                                                                    \
    (SETTING_BIT(TEMPERATURE) | SETTING_BIT(TOP_P) | SETTING_BIT(TOP_K) |                          \
     SETTING_BIT(FREQUENCY_PENALTY) | SETTING_BIT(PRESENCE_PENALTY) | SETTING_BIT(SEED) |          \
     SETTING_BIT(N) | SETTING_BIT(LOGPROBS) | SETTING_BIT(MAX_OUTPUT) | SETTING_BIT(STOP) |        \
     SETTING_BIT(REASONING) | SETTING_BIT(FORMAT) | SETTING_BIT(MODALITIES) |                      \
     SETTING_BIT(TOOL_CHOICE) | SETTING_BIT(SERVICE_TIER) | SETTING_BIT(STORE))

/* What has no place here at all. */
static int lose_rest(struct settings *s)
{
    if (s->is_own)
        return 0;
    return settings_carry(s->w, s->c, DIALECT_GEMINI, CARRIED);
}

int gemini_write_request(struct writing *w, const struct chat *c, struct buf *out)
{
    struct json_writer j = json_writer(out);
    struct settings s = {.j = &j, .w = w, .c = c, .is_own = c->origin == DIALECT_GEMINI};
    int rc = lose_rest(&s);
    if (rc != 0)
        return rc;
    json_begin_object(&j, NULL);
    rc = gemini_contents_put(&j, w, c);
    if (rc == 0)
        rc = gemini_tools_put(&j, w, c);
    if (rc != 0)
        return rc;
    gemini_choice_put(&j, w, c);
    put_config(&s);
    put_tier(&s);
    put_store(&s);
    gemini_put_kept(&j, &c->verbatim);
    extras_put(&j, &c->extras, DIALECT_GEMINI);
    json_end_object(&j);
    return 0;
}
