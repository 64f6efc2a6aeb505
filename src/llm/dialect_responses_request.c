/* Reading a client's request: settings first, then the input items as turns.
 *
 * A model's answer comes back as several items (reasoning, a message, calls), which all other
 * dialects hold in one turn. So items of the assistant that follow each other share a turn, as long
 * as there is one message in it at most: its id, phase and status stand on the turn. Every other
 * item is a turn of its own; nothing else is merged and nothing is moved.
 *
 * One thing is put back together here: Gemini signs function calls, and a function call of this
 * dialect has no place for a signature, so the encoder sends it ahead as a reasoning item without
 * text (llm/seal.h: seal_join_calls).
 *
 * Members of the top level that say more than the form can hold (an empty list, a false `stream`, a
 * format object with members of its own) are also kept verbatim. */
#include "llm/dialect_responses.h"

#include "llm/seal.h"

enum {
    MODEL,
    INPUT,
    INSTRUCTIONS,
    STREAM,
    STORE,
    BACKGROUND,
    PREVIOUS,
    CONVERSATION,
    INCLUDE,
    MAX_OUTPUT,
    METADATA,
    PARALLEL,
    CACHE_KEY,
    REASONING,
    SAFETY_ID,
    SERVICE_TIER,
    TEMPERATURE,
    TEXT,
    TOOL_CHOICE,
    TOOLS,
    TOP_LOGPROBS,
    TOP_P,
    TRUNCATION,
    USER,
    N_MEMBERS
};
static const char *const members[N_MEMBERS] = {
    [MODEL] = "model",
    [INPUT] = "input",
    [INSTRUCTIONS] = "instructions",
    [STREAM] = "stream",
    [STORE] = "store",
    [BACKGROUND] = "background",
    [PREVIOUS] = "previous_response_id",
    [CONVERSATION] = "conversation",
    [INCLUDE] = "include",
    [MAX_OUTPUT] = "max_output_tokens",
    [METADATA] = "metadata",
    [PARALLEL] = "parallel_tool_calls",
    [CACHE_KEY] = "prompt_cache_key",
    [REASONING] = "reasoning",
    [SAFETY_ID] = "safety_identifier",
    [SERVICE_TIER] = "service_tier",
    [TEMPERATURE] = "temperature",
    [TEXT] = "text",
    [TOOL_CHOICE] = "tool_choice",
    [TOOLS] = "tools",
    [TOP_LOGPROBS] = "top_logprobs",
    [TOP_P] = "top_p",
    [TRUNCATION] = "truncation",
    [USER] = "user",
};

static int read_tristate(struct reading *r, int which, const struct json *v, enum tristate *out)
{
    bool on = false;
    int rc = member_bool(r, members[which], v, &on);
    if (rc == 0 && v)
        *out = tristate_of(on);
    return rc;
}

/* ---- settings ---- */

static int read_strings(struct reading *r, const struct json *const *m, struct chat *out)
{
    const struct {
        int which;
        str *to;
    } table[] = {
        {MODEL, &out->model},
        {PREVIOUS, &out->state.previous_response_id},
        {CACHE_KEY, &out->cache_key},
        {SAFETY_ID, &out->safety_id},
        {SERVICE_TIER, &out->service_tier},
        {TRUNCATION, &out->state.truncation},
        {USER, &out->user},
    };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(table); i++)
        rc = member_str(r, members[table[i].which], m[table[i].which], table[i].to);
    return rc;
}

static int read_numbers(struct reading *r, const struct json *const *m, struct chat *out)
{
    int64_t whole = 0;
    int rc = member_number(r, "temperature", m[TEMPERATURE], &out->sampling.temperature);
    if (rc == 0)
        rc = member_number(r, "top_p", m[TOP_P], &out->sampling.top_p);
    if (rc == 0)
        rc = member_int(r, "top_logprobs", m[TOP_LOGPROBS], &out->sampling.top_logprobs);
    if (rc == 0)
        rc = member_int(r, "max_output_tokens", m[MAX_OUTPUT], &whole);
    if (rc == 0)
        rc = member_number(r, "max_output_tokens", m[MAX_OUTPUT], &out->max_output);
    if (m[MAX_OUTPUT])
        out->max_output_field = S("max_output_tokens");
    return rc;
}

static int read_flags(struct reading *r, const struct json *const *m, struct chat *out)
{
    int rc = member_bool(r, "stream", m[STREAM], &out->is_stream);
    if (rc == 0)
        rc = read_tristate(r, STORE, m[STORE], &out->state.store);
    if (rc == 0)
        rc = read_tristate(r, BACKGROUND, m[BACKGROUND], &out->state.background);
    if (rc == 0)
        rc = read_tristate(r, PARALLEL, m[PARALLEL], &out->parallel);
    return rc;
}

/* Log probabilities are a setting of their own, and sealed reasoning is given to every client:
 * whoever asks for these alone asks for nothing that only this dialect has. */
static int read_include(struct reading *r, const struct json *v, struct chat *out)
{
    int rc = member_type(r, "include", v, JSON_ARRAY);
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it);) {
        str wanted = json_str(it.value);
        if (str_eq(wanted, S("message.output_text.logprobs")))
            out->sampling.logprobs = YES;
        else if (!str_eq(wanted, S("reasoning.encrypted_content")))
            out->state.include = v;
    }
    return rc;
}

static int read_reasoning(struct reading *r, const struct json *v, struct chat *out)
{
    enum { EFFORT, SUMMARY, N };
    static const char *const keys[N] = {"effort", "summary"};
    const struct json *m[N];
    struct reasoning_wish *wish = &out->reasoning;
    str effort = S_EMPTY;
    if (!v)
        return 0;
    struct reading at = reading_at(r, "reasoning", -1);
    int rc = MEMBERS_READ(&at, v, keys, m, &wish->extras);
    if (rc == 0)
        rc = member_str(&at, "effort", m[EFFORT], &effort);
    if (rc == 0)
        rc = member_str(&at, "summary", m[SUMMARY], &wish->summary);
    if (rc != 0)
        return rc;
    wish->effort = effort_from(effort);
    if (effort.n > 0 && wish->effort == EFFORT_UNSET)
        return member_fail(&at, "effort",
                           "reasoning.effort must be none, minimal, low, medium, high, xhigh or "
                           "max.");
    if (wish->effort == EFFORT_NONE)
        wish->thinking = THINKING_OFF;
    if (wish->summary.n > 0)
        wish->included = YES;
    return 0;
}

static int read_format(struct reading *r, const struct json *v, struct output_wish *out)
{
    enum { TYPE, NAME, DESCRIPTION, SCHEMA, STRICT, N };
    static const char *const keys[N] = {"type", "name", "description", "schema", "strict"};
    static const struct {
        const char *type;
        enum format format;
    } formats[] = {
        {"text", FORMAT_TEXT}, {"json_object", FORMAT_JSON}, {"json_schema", FORMAT_SCHEMA}};
    const struct json *m[N];
    bool strict = false;
    str type = S_EMPTY;
    int rc = MEMBERS_READ(r, v, keys, m, &out->extras);
    if (rc == 0)
        rc = member_str(r, "type", m[TYPE], &type);
    if (rc == 0)
        rc = member_str(r, "name", m[NAME], &out->name);
    if (rc == 0)
        rc = member_str(r, "description", m[DESCRIPTION], &out->description);
    if (rc == 0)
        rc = member_type(r, "schema", m[SCHEMA], JSON_OBJECT);
    if (rc == 0)
        rc = member_bool(r, "strict", m[STRICT], &strict);
    if (rc != 0)
        return rc;
    out->schema = m[SCHEMA];
    if (m[STRICT])
        out->strict = tristate_of(strict);
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (str_eq(type, str_from_cz(formats[i].type)))
            out->format = formats[i].format;
    }
    if (out->format == FORMAT_UNSET)
        return member_fail(r, "type", STR_FMT " must be text, json_object or json_schema.",
                           STR_ARG(reading_path(r, "type")));
    if (out->format == FORMAT_SCHEMA && !out->schema)
        return member_fail(r, "schema", STR_FMT " is required.",
                           STR_ARG(reading_path(r, "schema")));
    return 0;
}

static int read_text(struct reading *r, const struct json *v, struct chat *out)
{
    enum { FORMAT, VERBOSITY, N };
    static const char *const keys[N] = {"format", "verbosity"};
    const struct json *m[N];
    if (!v)
        return 0;
    struct reading at = reading_at(r, "text", -1);
    int rc = MEMBERS_READ(&at, v, keys, m, NULL);
    if (rc == 0)
        rc = member_str(&at, "verbosity", m[VERBOSITY], &out->output.verbosity);
    if (rc != 0 || !m[FORMAT])
        return rc;
    struct reading inner = reading_at(&at, "format", -1);
    return read_format(&inner, m[FORMAT], &out->output);
}

static int read_settings(struct reading *r, const struct json *const *m, struct chat *out)
{
    int rc = read_strings(r, m, out);
    if (rc == 0)
        rc = read_numbers(r, m, out);
    if (rc == 0)
        rc = read_flags(r, m, out);
    if (rc == 0)
        rc = read_include(r, m[INCLUDE], out);
    if (rc == 0)
        rc = read_reasoning(r, m[REASONING], out);
    if (rc == 0)
        rc = read_text(r, m[TEXT], out);
    if (rc == 0)
        rc = responses_read_tools(r, m[TOOLS], out);
    if (rc == 0)
        rc = responses_read_choice(r, m[TOOL_CHOICE], out);
    if (rc == 0)
        rc = member_type(r, "metadata", m[METADATA], JSON_OBJECT);
    out->metadata = m[METADATA];
    return rc;
}

static int read_conversation(struct reading *r, const struct json *v, struct chat *out)
{
    if (v && !json_is_str(v) && json_type(v) != JSON_OBJECT)
        return member_fail(r, "conversation", "conversation must be a string or an object.");
    out->state.conversation = v;
    return 0;
}

/* ---- input ---- */

/* The turn that further items of the assistant join. */
struct joining {
    struct turn *turn; /* NULL: the next one begins a turn */
    bool has_message;  /* there is one in it */
};

static void add_message(struct reading *r, struct chat *out, struct joining *j,
                        const struct responses_item *item)
{
    bool may_join = item->role == ROLE_ASSISTANT && item->blocks;
    if (!j->turn || j->has_message || !may_join)
        j->turn = turn_add(r->a, out, item->role);
    struct turn *t = j->turn;
    t->is_plain = item->is_plain;
    t->id = item->id;
    t->phase = item->phase;
    t->status = item->status;
    t->extras = item->extras;
    t->verbatim = item->verbatim;
    if (item->blocks)
        block_add(&t->blocks, item->blocks);
    j->has_message = true;
    if (!may_join)
        j->turn = NULL;
}

static void add_block(struct reading *r, struct chat *out, struct joining *j, enum role role,
                      struct block *b)
{
    if (role != ROLE_ASSISTANT) {
        *j = (struct joining){.turn = NULL};
        struct turn *alone = turn_add(r->a, out, role);
        alone->extras.origin = r->origin;
        block_add(&alone->blocks, b);
        return;
    }
    if (!j->turn) {
        j->turn = turn_add(r->a, out, role);
        j->turn->extras.origin = r->origin;
        j->has_message = false;
    }
    block_add(&j->turn->blocks, b);
}

static int read_input(struct reading *r, const struct json *v, struct chat *out)
{
    struct joining j = {.turn = NULL};
    if (json_is_str(v)) {
        struct turn *t = turn_add(r->a, out, ROLE_USER);
        t->is_plain = true;
        t->extras.origin = r->origin;
        block_add(&t->blocks, block_text(r->a, json_str(v)));
        return 0;
    }
    if (v && json_type(v) != JSON_ARRAY)
        return member_fail(r, "input", "input must be a string or an array of items.");
    long i = 0;
    for (struct json_iter it = json_iter(v); json_iter_next(&it); i++) {
        struct reading at = reading_at(r, "input", i);
        struct responses_item item;
        int rc = responses_read_item(&at, it.value, &item);
        if (rc != 0)
            return rc;
        if (item.blocks && str_eq(item.blocks->type, S("item_reference")))
            out->own_only = "item_reference";
        if (item.is_message)
            add_message(r, out, &j, &item);
        else
            add_block(r, out, &j, item.role, item.blocks);
    }
    for (struct turn *t = out->turns; t; t = t->next)
        seal_join_calls(&t->blocks);
    return 0;
}

static void keep_verbatim(struct reading *r, const struct json *const *m, struct chat *out)
{
    static const int kept[] = {STREAM, REASONING, TEXT, TOOLS, TOOL_CHOICE, INCLUDE};
    out->verbatim.origin = r->origin;
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        if (m[kept[i]])
            extras_add(r->a, &out->verbatim, str_from_cz(members[kept[i]]), m[kept[i]]);
    }
    if (m[INPUT] && (json_is_str(m[INPUT]) || json_count(m[INPUT]) == 0))
        extras_add(r->a, &out->verbatim, S("input"), m[INPUT]);
    const struct json *prompt = extras_find(&out->extras, S("prompt"));
    if (prompt && json_type(prompt) != JSON_NULL)
        out->own_only = "prompt"; /* a template that OpenAI keeps */
}

int responses_read_request(struct reading *r, const struct json *body, struct chat *out)
{
    const struct json *m[N_MEMBERS];
    out->sampling.top_logprobs = -1;
    out->reasoning.budget_tokens = -1;
    out->asks_usage = true;
    int rc = MEMBERS_READ(r, body, members, m, &out->extras);
    if (rc == 0)
        rc = read_settings(r, m, out);
    if (rc == 0)
        rc = read_conversation(r, m[CONVERSATION], out);
    if (rc == 0 && m[INSTRUCTIONS])
        rc = responses_read_content(r, "instructions", m[INSTRUCTIONS], &out->instructions,
                                    &out->instructions_is_plain);
    if (rc == 0)
        rc = read_input(r, m[INPUT], out);
    if (rc == 0)
        keep_verbatim(r, m, out);
    return rc;
}
