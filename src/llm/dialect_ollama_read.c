/* Ollama's chat requests, read.
 *
 * A message's content is one string, its pictures stand beside it as bare base64, and its calls
 * have arguments as objects. Streaming is the default. options hold what other dialects have at the
 * top, and much that only an engine on one's own machine has (num_ctx): with any of that in it,
 * options show as lost elsewhere. */
#include "llm/carry.h"
#include "llm/dialect_ollama.h"
#include "llm/media.h"

void ollama_keep(struct reading *r, struct extras *verbatim, const char *key, const struct json *v)
{
    verbatim->origin = r->origin;
    if (v)
        extras_add(r->a, verbatim, str_from_cz(key), v);
}

/* ---- messages ---- */

int ollama_read_images(struct reading *r, const struct json *v, struct block **out, bool *is_odd)
{
    long i = 0;
    int rc = member_type(r, "images", v, JSON_ARRAY);
    if (v && json_count(v) == 0)
        *is_odd = true;
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it); i++) {
        struct reading inner = reading_at(r, "images", i);
        struct block *b = block_new(r->a, BLOCK_MEDIA);
        str text = json_str(it.value);
        rc = reading_check_room(&inner, text.n);
        if (rc < 0)
            break;
        b->media.kind = MEDIA_IMAGE;
        if (!media_from_base64(r->a, text, S_EMPTY, &b->media))
            return member_fail(&inner, "", "An image must be base64.");
        *is_odd = *is_odd || !str_eq(b->media.bytes, text);
        block_add(out, b);
    }
    return rc;
}

static void keep_whole(struct reading *r, const struct json *whole, struct block *b)
{
    b->verbatim.origin = r->origin;
    for (struct json_iter it = json_iter(whole); json_iter_next(&it);)
        extras_add(r->a, &b->verbatim, it.key, it.value);
}

int ollama_read_call(struct reading *r, const struct json *v, struct block **out)
{
    enum { ID, FUNCTION };
    static const char *const keys[] = {"id", "function"};
    enum { NAME, ARGUMENTS };
    static const char *const function_keys[] = {"name", "arguments"};
    const struct json *m[ARRAY_LEN(keys)], *f[ARRAY_LEN(function_keys)];
    struct extras others, function_others;
    struct block *b = *out = block_new(r->a, BLOCK_TOOL_CALL);
    struct reading inner = reading_at(r, "function", -1);
    int rc = reading_check_room(r, 0);
    if (rc == 0)
        rc = MEMBERS_READ(r, v, keys, m, &others);
    if (rc == 0)
        rc = MEMBERS_READ(&inner, m[FUNCTION], function_keys, f, &function_others);
    if (rc == 0)
        rc = member_str(r, "id", m[ID], &b->call.id);
    if (rc == 0)
        rc = member_str(&inner, "name", f[NAME], &b->call.name);
    if (rc != 0)
        return rc;
    if (b->call.name.n == 0)
        return member_fail(&inner, "name", "A tool call must name its tool.");
    b->call.value = f[ARGUMENTS];
    b->call.args = f[ARGUMENTS] ? json_text(r->a, f[ARGUMENTS]) : S("{}");
    if (json_is_str(f[ARGUMENTS])) { /* as OpenAI writes them */
        b->call.value = NULL;
        b->call.args = json_str(f[ARGUMENTS]);
    }
    if (others.first || function_others.first || !f[ARGUMENTS] || json_is_str(f[ARGUMENTS]))
        keep_whole(r, v, b);
    return 0;
}

static int read_calls(struct reading *r, const struct json *v, struct turn *t)
{
    long i = 0;
    int rc = member_type(r, "tool_calls", v, JSON_ARRAY);
    if (v && json_count(v) == 0)
        ollama_keep(r, &t->verbatim, "tool_calls", v);
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it); i++) {
        struct reading inner = reading_at(r, "tool_calls", i);
        struct block *b = NULL;
        rc = ollama_read_call(&inner, it.value, &b);
        block_add(&t->blocks, b);
    }
    return rc;
}

static int read_role(struct reading *r, const struct json *v, enum role *role)
{
    static const enum role roles[] = {ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL};
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        if (str_eq_nocase(json_str(v), str_from_cz(role_name(roles[i])))) {
            *role = roles[i];
            return 0;
        }
    }
    return member_fail(r, "role", "The role of a message must be system, user, assistant or tool.");
}

enum { ROLE, CONTENT, THINKING, IMAGES, TOOL_CALLS, TOOL_NAME, TOOL_CALL_ID };
static const char *const message_keys[] = {"role",       "content",   "thinking",    "images",
                                           "tool_calls", "tool_name", "tool_call_id"};

static int read_tool_turn(struct reading *r, const struct json *const *m, struct turn *t)
{
    struct block *b = block_new(r->a, BLOCK_TOOL_RESULT);
    str text = S_EMPTY;
    bool is_odd = false;
    int rc = member_str(r, "content", m[CONTENT], &text);
    if (rc == 0)
        rc = member_str(r, "tool_name", m[TOOL_NAME], &b->result.name);
    if (rc == 0)
        rc = member_str(r, "tool_call_id", m[TOOL_CALL_ID], &b->result.id);
    if (rc < 0)
        return rc;
    b->result.is_plain = true;
    if (m[CONTENT])
        b->result.blocks = block_text(r->a, text);
    t->blocks = b;
    return ollama_read_images(r, m[IMAGES], &b->result.blocks, &is_odd);
}

/* Thoughts, text, pictures, calls: the order in which a model gives them. */
static int read_parts(struct reading *r, const struct json *const *m, struct turn *t)
{
    str text = S_EMPTY, thinking = S_EMPTY;
    bool is_odd = false;
    int rc = member_str(r, "content", m[CONTENT], &text);
    if (rc == 0)
        rc = member_str(r, "thinking", m[THINKING], &thinking);
    if (rc < 0)
        return rc;
    if (m[THINKING]) {
        t->blocks = block_new(r->a, BLOCK_REASONING);
        reasoning_add(r->a, &t->blocks->reasoning, false, thinking);
    }
    t->is_plain = m[CONTENT] && !m[IMAGES] && !m[THINKING] && !m[TOOL_CALLS];
    if (m[CONTENT])
        block_add(&t->blocks, block_text(r->a, text));
    rc = ollama_read_images(r, m[IMAGES], &t->blocks, &is_odd);
    if (is_odd)
        ollama_keep(r, &t->verbatim, "images", m[IMAGES]);
    return rc == 0 ? read_calls(r, m[TOOL_CALLS], t) : rc;
}

static int read_message(struct reading *r, const struct json *v, struct chat *c)
{
    const struct json *m[ARRAY_LEN(message_keys)];
    struct extras extras;
    enum role role = ROLE_USER;
    int rc = reading_check_room(r, 0);
    if (rc == 0)
        rc = MEMBERS_READ(r, v, message_keys, m, &extras);
    if (rc == 0)
        rc = read_role(r, m[ROLE], &role);
    if (rc != 0)
        return rc;
    struct turn *t = turn_add(r->a, c, role);
    t->extras = extras;
    if (!str_eq(json_str(m[ROLE]), str_from_cz(role_name(role))))
        ollama_keep(r, &t->verbatim, "role", m[ROLE]);
    return role == ROLE_TOOL ? read_tool_turn(r, m, t) : read_parts(r, m, t);
}

static int read_messages(struct reading *r, const struct json *v, struct chat *c)
{
    long i = 0;
    int rc = member_type(r, "messages", v, JSON_ARRAY);
    if (v && json_count(v) == 0)
        ollama_keep(r, &c->verbatim, "messages", v);
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it); i++) {
        struct reading inner = reading_at(r, "messages", i);
        rc = read_message(&inner, it.value, c);
    }
    return rc;
}

static int read_tools(struct reading *r, const struct json *v, struct chat *c)
{
    long i = 0;
    int rc = member_type(r, "tools", v, JSON_ARRAY);
    if (v && json_count(v) == 0)
        ollama_keep(r, &c->verbatim, "tools", v);
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it); i++) {
        struct reading inner = reading_at(r, "tools", i);
        rc = function_read(&inner, it.value, c);
    }
    return rc;
}

/* ---- settings ---- */

/* A string or an array of them. */
static int read_stop(struct reading *r, const struct json *v, struct chat *c)
{
    size_t n = json_is_str(v) ? 1 : json_count(v);
    if (!v)
        return 0;
    if (!json_is_str(v) && json_type(v) != JSON_ARRAY)
        return member_fail(r, "stop", "options.stop must be an array of strings.");
    int rc = reading_check_room(r, n * sizeof(str));
    if (rc < 0)
        return rc;
    str *stop = arena_new_n(r->a, str, n + 1);
    c->stop = stop;
    c->stop_is_plain = json_is_str(v);
    if (c->stop_is_plain)
        stop[c->n_stop++] = json_str(v);
    for (struct json_iter it = json_iter(v); json_iter_next(&it);) {
        if (!json_is_str(it.value))
            return member_fail(r, "stop", "Stop sequences must be strings.");
        stop[c->n_stop++] = json_str(it.value);
    }
    return 0;
}

enum {
    TEMPERATURE,
    TOP_P,
    TOP_K,
    MIN_P,
    FREQUENCY,
    PRESENCE,
    REPEAT,
    SEED,
    NUM_PREDICT,
    STOP,
};
static const char *const option_keys[] = {
    "temperature",      "top_p",          "top_k", "min_p",       "frequency_penalty",
    "presence_penalty", "repeat_penalty", "seed",  "num_predict", "stop",
};

static int read_options(struct reading *r, const struct json *v, struct chat *c)
{
    const struct json *m[ARRAY_LEN(option_keys)];
    struct sampling *s = &c->sampling;
    const struct {
        int key;
        str *to;
    } numbers[] = {
        {TEMPERATURE, &s->temperature},
        {TOP_P, &s->top_p},
        {TOP_K, &s->top_k},
        {MIN_P, &s->min_p},
        {FREQUENCY, &s->frequency_penalty},
        {PRESENCE, &s->presence_penalty},
        {REPEAT, &s->repeat_penalty},
        {SEED, &s->seed},
        {NUM_PREDICT, &c->max_output},
    };
    struct extras others;
    if (!v)
        return 0;
    struct reading inner = reading_at(r, "options", -1);
    int rc = MEMBERS_READ(&inner, v, option_keys, m, &others);
    for (size_t i = 0; i < ARRAY_LEN(numbers) && rc == 0; i++)
        rc = member_number(&inner, option_keys[numbers[i].key], m[numbers[i].key], numbers[i].to);
    if (rc < 0)
        return rc;
    if (str_has_prefix(c->max_output, S("-"))) /* without end, or as long as there is room */
        c->max_output = S_EMPTY;
    c->max_output_field = S("options.num_predict");
    if (others.first) /* of that engine only: lost elsewhere */
        extras_add(r->a, &c->extras, S("options"), v);
    else
        ollama_keep(r, &c->verbatim, "options", v);
    return read_stop(&inner, m[STOP], c);
}

/* "json", a schema, or "", which is nothing. */
static int read_format(struct reading *r, const struct json *v, struct chat *c)
{
    if (!v)
        return 0;
    ollama_keep(r, &c->verbatim, "format", v);
    if (json_type(v) == JSON_OBJECT) {
        c->output.format = FORMAT_SCHEMA;
        c->output.schema = v;
    } else if (str_eq(json_str(v), S("json"))) {
        c->output.format = FORMAT_JSON;
    } else if (!json_is_str(v) || json_str(v).n > 0) {
        return member_fail(r, "format", "format must be \"json\" or a JSON schema.");
    }
    return 0;
}

/* true, false, or how much. */
static int read_think(struct reading *r, const struct json *v, struct chat *c)
{
    if (!v)
        return 0;
    ollama_keep(r, &c->verbatim, "think", v);
    if (json_is_str(v)) {
        c->reasoning.effort = effort_from(json_str(v));
        c->reasoning.included = YES;
        if (c->reasoning.effort == EFFORT_UNSET)
            return member_fail(r, "think", "think must be true, false, low, medium, high or max.");
        return 0;
    }
    if (json_type(v) != JSON_TRUE && json_type(v) != JSON_FALSE)
        return member_fail(r, "think", "think must be true, false, low, medium, high or max.");
    c->reasoning.thinking = json_bool(v, false) ? THINKING_ON : THINKING_OFF;
    c->reasoning.included = tristate_of(json_bool(v, false));
    return 0;
}

int ollama_read_settings(struct reading *r, const struct json *const *m, struct chat *c)
{
    bool logprobs = false;
    c->is_stream = true;
    c->asks_usage = true;
    c->reasoning.budget_tokens = -1;
    c->sampling.top_logprobs = -1;
    int rc = member_str(r, "model", m[OLLAMA_MODEL], &c->model);
    if (rc == 0)
        rc = member_bool(r, "stream", m[OLLAMA_STREAM], &c->is_stream);
    if (rc == 0)
        rc = member_bool(r, "logprobs", m[OLLAMA_LOGPROBS], &logprobs);
    if (rc == 0)
        rc = member_int(r, "top_logprobs", m[OLLAMA_TOP_LOGPROBS], &c->sampling.top_logprobs);
    if (rc == 0)
        rc = read_format(r, m[OLLAMA_FORMAT], c);
    if (rc == 0)
        rc = read_think(r, m[OLLAMA_THINK], c);
    if (m[OLLAMA_LOGPROBS])
        c->sampling.logprobs = tristate_of(logprobs);
    ollama_keep(r, &c->verbatim, "stream", m[OLLAMA_STREAM]);
    return rc == 0 ? read_options(r, m[OLLAMA_OPTIONS], c) : rc;
}

int ollama_read_request(struct reading *r, const struct json *body, struct chat *out)
{
    enum { MESSAGES = OLLAMA_SETTINGS, TOOLS };
    static const char *const keys[] = {OLLAMA_SETTING_KEYS, "messages", "tools"};
    const struct json *m[ARRAY_LEN(keys)];
    int rc = MEMBERS_READ(r, body, keys, m, &out->extras);
    if (rc == 0)
        rc = ollama_read_settings(r, m, out);
    if (rc == 0)
        rc = read_messages(r, m[MESSAGES], out);
    return rc == 0 ? read_tools(r, m[TOOLS], out) : rc;
}
