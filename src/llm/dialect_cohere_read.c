/* Cohere's requests, read, and the parts of messages that requests and answers share.
 *
 * Two things have no like elsewhere. tool_plan, what the model says before it calls tools, is a
 * text block of the phase "commentary". documents stand beside the messages and are there for all
 * of them: other dialects have documents in messages only, so they are put in front of the last
 * user's words there, and this dialect's own writer passes over them. */
#include "llm/carry.h"
#include "llm/dialect_cohere.h"
#include "llm/media.h"

static void keep(struct reading *r, struct extras *verbatim, str key, const struct json *v)
{
    verbatim->origin = r->origin;
    if (v)
        extras_add(r->a, verbatim, key, v);
}

/* The block as a whole, for its own dialect. */
static void keep_whole(struct reading *r, const struct json *whole, struct block *b)
{
    for (struct json_iter it = json_iter(whole); json_iter_next(&it);)
        keep(r, &b->verbatim, it.key, it.value);
}

/* ---- content ---- */

/* {url, detail}; bare URLs are seen, too. */
static int read_image(struct reading *r, const struct json *v, struct block *b, bool *is_odd)
{
    enum { URL, DETAIL };
    static const char *const keys[] = {"url", "detail"};
    const struct json *m[ARRAY_LEN(keys)] = {v, NULL};
    struct extras others = {.first = NULL};
    struct reading inner = reading_at(r, "image_url", -1);
    str url = S_EMPTY;
    int rc = 0;
    *is_odd = json_is_str(v);
    if (!*is_odd)
        rc = MEMBERS_READ(&inner, v, keys, m, &others);
    if (rc == 0)
        rc = member_str(&inner, "url", m[URL], &url);
    if (rc == 0)
        rc = member_str(&inner, "detail", m[DETAIL], &b->media.detail);
    if (rc < 0)
        return rc;
    rc = reading_check_room(r, url.n);
    if (rc < 0)
        return rc;
    b->kind = BLOCK_MEDIA;
    b->media.kind = MEDIA_IMAGE;
    if (!media_from_url(r->a, url, &b->media))
        return member_fail(&inner, "url", "An image must be a URL or a data URL with base64.");
    *is_odd = *is_odd || others.first || !str_eq(media_url(r->a, &b->media), url);
    return 0;
}

/* The text of {id, data}: what the model would read of it. */
static str document_text(struct arena *a, const struct json *v)
{
    const struct json *data = json_get(v, "data");
    const struct json *only = json_get(data, "text");
    if (json_is_str(v))
        return json_str(v);
    if (json_is_str(data))
        return json_str(data);
    return json_is_str(only) && json_count(data) == 1 ? json_str(only) : json_text(a, data);
}

static int read_part(struct reading *r, const struct json *v, struct block *b)
{
    enum { TYPE, TEXT, THINKING, IMAGE, DOCUMENT };
    static const char *const keys[] = {"type", "text", "thinking", "image_url", "document"};
    const struct json *m[ARRAY_LEN(keys)];
    str type = S_EMPTY, thinking = S_EMPTY;
    bool is_odd = false;
    int rc = reading_check_room(r, 0);
    if (rc == 0)
        rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc == 0)
        rc = member_str(r, "type", m[TYPE], &type);
    if (rc != 0)
        return rc;
    if (str_eq(type, S("text")) || (type.n == 0 && m[TEXT])) {
        is_odd = type.n == 0;
        rc = member_str(r, "text", m[TEXT], &b->text);
    } else if (str_eq(type, S("thinking"))) {
        b->kind = BLOCK_REASONING;
        rc = member_str(r, "thinking", m[THINKING], &thinking);
        reasoning_add(r->a, &b->reasoning, false, thinking);
    } else if (str_eq(type, S("image_url")) && m[IMAGE]) {
        rc = read_image(r, m[IMAGE], b, &is_odd);
    } else if (str_eq(type, S("document")) && m[DOCUMENT]) {
        is_odd = true;
        b->text = document_text(r->a, m[DOCUMENT]);
    } else {
        *b = (struct block){.kind = BLOCK_OPAQUE, .raw = v, .type = type};
        b->extras.origin = r->origin;
    }
    if (rc == 0 && is_odd)
        keep_whole(r, v, b);
    return rc;
}

int cohere_read_content(struct reading *r, const struct json *v, struct block **out, bool *is_plain)
{
    long i = 0;
    int rc = 0;
    if (!v)
        return 0;
    *is_plain = json_is_str(v);
    if (*is_plain) {
        block_add(out, block_text(r->a, json_str(v)));
        return 0;
    }
    if (json_type(v) != JSON_ARRAY)
        return member_fail(r, "content", "content must be a string or an array of parts.");
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it); i++) {
        struct reading inner = reading_at(r, "content", i);
        struct block *b = block_new(r->a, BLOCK_TEXT);
        rc = read_part(&inner, it.value, b);
        block_add(out, b);
    }
    return rc;
}

/* ---- tool calls ---- */

static int read_call(struct reading *r, const struct json *v, struct block *b)
{
    enum { ID, FUNCTION };
    static const char *const keys[] = {"id", "function"};
    enum { NAME, ARGUMENTS };
    static const char *const function_keys[] = {"name", "arguments"};
    const struct json *m[ARRAY_LEN(keys)], *f[ARRAY_LEN(function_keys)];
    struct extras others;
    int rc = reading_check_room(r, 0);
    if (rc == 0)
        rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    struct reading inner = reading_at(r, "function", -1);
    if (rc == 0)
        rc = MEMBERS_READ(&inner, m[FUNCTION], function_keys, f, &others);
    if (rc == 0)
        rc = member_str(r, "id", m[ID], &b->call.id);
    if (rc == 0)
        rc = member_str(&inner, "name", f[NAME], &b->call.name);
    if (rc != 0)
        return rc;
    const struct json *args = f[ARGUMENTS];
    b->call.args = json_is_str(args) ? json_str(args) : json_text(r->a, args);
    if (b->call.name.n == 0)
        return member_fail(&inner, "name", "A tool call must name its tool.");
    bool is_odd = others.first || !json_is_str(args) || b->call.args.n == 0 ||
                  !extras_find(&b->extras, S("type"));
    if (str_trim(b->call.args).n == 0)
        b->call.args = S("{}");
    if (is_odd)
        keep_whole(r, v, b);
    return 0;
}

int cohere_read_calls(struct reading *r, const struct json *v, struct block **out)
{
    long i = 0;
    int rc = member_type(r, "tool_calls", v, JSON_ARRAY);
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it); i++) {
        struct reading inner = reading_at(r, "tool_calls", i);
        struct block *b = block_new(r->a, BLOCK_TOOL_CALL);
        rc = read_call(&inner, it.value, b);
        block_add(out, b);
    }
    return rc;
}

/* ---- messages ---- */

static int read_role(struct reading *r, const struct json *v, enum role *role)
{
    static const enum role roles[] = {ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL};
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        if (str_eq(json_str(v), str_from_cz(role_name(roles[i])))) {
            *role = roles[i];
            return 0;
        }
    }
    return member_fail(r, "role", "The role of a message must be system, user, assistant or tool.");
}

static int read_tool_turn(struct reading *r, const struct json *content, str id, struct turn *t)
{
    struct block *b = block_new(r->a, BLOCK_TOOL_RESULT);
    b->result.id = id;
    t->blocks = b;
    return cohere_read_content(r, content, &b->result.blocks, &b->result.is_plain);
}

static int read_message(struct reading *r, const struct json *v, struct chat *c)
{
    enum { ROLE, CONTENT, TOOL_CALLS, TOOL_PLAN, TOOL_CALL_ID };
    static const char *const keys[] = {"role", "content", "tool_calls", "tool_plan",
                                       "tool_call_id"};
    const struct json *m[ARRAY_LEN(keys)];
    struct extras extras;
    enum role role = ROLE_USER;
    str id = S_EMPTY, plan = S_EMPTY;
    int rc = reading_check_room(r, 0);
    if (rc == 0)
        rc = MEMBERS_READ(r, v, keys, m, &extras);
    if (rc == 0)
        rc = read_role(r, m[ROLE], &role);
    if (rc == 0)
        rc = member_str(r, "tool_call_id", m[TOOL_CALL_ID], &id);
    if (rc == 0)
        rc = member_str(r, "tool_plan", m[TOOL_PLAN], &plan);
    if (rc != 0)
        return rc;
    struct turn *t = turn_add(r->a, c, role);
    t->extras = extras;
    if (role == ROLE_TOOL)
        return read_tool_turn(r, m[CONTENT], id, t);
    if (m[TOOL_PLAN]) {
        t->blocks = block_text(r->a, plan);
        t->blocks->phase = COHERE_PLAN;
    }
    rc = cohere_read_content(r, m[CONTENT], &t->blocks, &t->is_plain);
    if (json_count(m[CONTENT]) == 0 && m[CONTENT] && !t->is_plain)
        keep(r, &t->verbatim, S("content"), m[CONTENT]);
    if (m[TOOL_CALLS] && json_count(m[TOOL_CALLS]) == 0)
        keep(r, &t->verbatim, S("tool_calls"), m[TOOL_CALLS]);
    return rc == 0 ? cohere_read_calls(r, m[TOOL_CALLS], &t->blocks) : rc;
}

static int read_messages(struct reading *r, const struct json *v, struct chat *c)
{
    long i = 0;
    int rc = member_type(r, "messages", v, JSON_ARRAY);
    if (rc == 0 && json_count(v) == 0)
        return member_fail(r, "messages", "messages must have at least one message.");
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it); i++) {
        struct reading inner = reading_at(r, "messages", i);
        rc = read_message(&inner, it.value, c);
    }
    return rc;
}

/* In front of what the user said last. */
static int read_documents(struct reading *r, const struct json *v, struct chat *c)
{
    struct turn *last = NULL;
    struct block *documents = NULL;
    int rc = member_type(r, "documents", v, JSON_ARRAY);
    if (rc < 0 || !v)
        return rc;
    keep(r, &c->verbatim, S("documents"), v);
    for (struct turn *t = c->turns; t; t = t->next)
        last = t->role == ROLE_USER ? t : last;
    for (struct json_iter it = json_iter(v); last && rc == 0 && json_iter_next(&it);) {
        struct block *b = block_new(r->a, BLOCK_MEDIA);
        rc = reading_check_room(r, 0);
        const struct json *data = json_get(it.value, "data");
        b->media = (struct media){.kind = MEDIA_DOCUMENT, .source = MEDIA_TEXT};
        b->media.mime = S("text/plain");
        b->media.bytes = document_text(r->a, it.value);
        b->media.name = json_str(json_get(data, "title"));
        if (b->media.name.n == 0)
            b->media.name = json_str(json_get(it.value, "id"));
        block_add(&documents, b);
    }
    if (documents && last->blocks)
        block_add(&documents, last->blocks);
    if (documents)
        last->blocks = documents;
    return rc;
}

/* ---- tools ---- */

static int read_tools(struct reading *r, const struct json *v, const struct json *strict,
                      struct chat *c)
{
    long i = 0;
    bool is_strict = false;
    int rc = member_type(r, "tools", v, JSON_ARRAY);
    if (rc == 0)
        rc = member_bool(r, "strict_tools", strict, &is_strict);
    keep(r, &c->verbatim, S("strict_tools"), strict);
    if (v && json_count(v) == 0)
        keep(r, &c->verbatim, S("tools"), v);
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it); i++) {
        struct reading inner = reading_at(r, "tools", i);
        rc = function_read(&inner, it.value, c);
        if (rc == 0 && strict)
            c->last_tool->strict = tristate_of(is_strict);
    }
    return rc;
}

static int read_choice(struct reading *r, const struct json *v, struct chat *c)
{
    str choice = S_EMPTY;
    int rc = member_str(r, "tool_choice", v, &choice);
    if (rc < 0 || !v)
        return rc;
    if (str_eq_nocase(choice, S("REQUIRED")))
        c->choice.mode = CHOICE_REQUIRED;
    else if (str_eq_nocase(choice, S("NONE")))
        c->choice.mode = CHOICE_NONE;
    else
        return member_fail(r, "tool_choice", "tool_choice must be REQUIRED or NONE.");
    keep(r, &c->verbatim, S("tool_choice"), v);
    return 0;
}

/* ---- settings ---- */

static int read_stop(struct reading *r, const struct json *v, struct chat *c)
{
    size_t n = json_count(v);
    int rc = member_type(r, "stop_sequences", v, JSON_ARRAY);
    if (rc < 0 || !v)
        return rc;
    if (n == 0)
        keep(r, &c->verbatim, S("stop_sequences"), v);
    str *stop = arena_new_n(r->a, str, n + 1);
    c->stop = stop;
    for (struct json_iter it = json_iter(v); json_iter_next(&it);) {
        if (!json_is_str(it.value))
            return member_fail(r, "stop_sequences", "Stop sequences must be strings.");
        stop[c->n_stop++] = json_str(it.value);
    }
    return 0;
}

static int read_format(struct reading *r, const struct json *v, struct chat *c)
{
    enum { TYPE, JSON_SCHEMA, SCHEMA };
    static const char *const keys[] = {"type", "json_schema", "schema"};
    const struct json *m[ARRAY_LEN(keys)];
    str type = S_EMPTY;
    if (!v)
        return 0;
    struct reading inner = reading_at(r, "response_format", -1);
    int rc = MEMBERS_READ(&inner, v, keys, m, NULL);
    if (rc == 0)
        rc = member_str(&inner, "type", m[TYPE], &type);
    if (rc < 0)
        return rc;
    keep(r, &c->verbatim, S("response_format"), v);
    c->output.schema = m[JSON_SCHEMA] ? m[JSON_SCHEMA] : m[SCHEMA];
    if (str_eq(type, S("json_object")))
        c->output.format = c->output.schema ? FORMAT_SCHEMA : FORMAT_JSON;
    else if (str_eq(type, S("text")))
        c->output.format = FORMAT_TEXT;
    else
        return member_fail(&inner, "type", "response_format.type must be text or json_object.");
    return 0;
}

static int read_thinking(struct reading *r, const struct json *v, struct chat *c)
{
    enum { TYPE, BUDGET };
    static const char *const keys[] = {"type", "token_budget"};
    const struct json *m[ARRAY_LEN(keys)];
    str type = S_EMPTY;
    if (!v)
        return 0;
    struct reading inner = reading_at(r, "thinking", -1);
    int rc = MEMBERS_READ(&inner, v, keys, m, NULL);
    if (rc == 0)
        rc = member_str(&inner, "type", m[TYPE], &type);
    if (rc == 0)
        rc = member_int(&inner, "token_budget", m[BUDGET], &c->reasoning.budget_tokens);
    if (rc < 0)
        return rc;
    keep(r, &c->verbatim, S("thinking"), v);
    if (str_eq(type, S("disabled")))
        c->reasoning.thinking = THINKING_OFF;
    else if (str_eq(type, S("enabled")))
        c->reasoning.thinking = THINKING_ON;
    else
        return member_fail(&inner, "type", "thinking.type must be enabled or disabled.");
    return 0;
}

enum {
    MODEL,
    STREAM,
    MESSAGES,
    DOCUMENTS,
    TOOLS,
    STRICT_TOOLS,
    TOOL_CHOICE,
    FORMAT,
    THINKING,
    STOP,
    MAX_TOKENS,
    TEMPERATURE,
    SEED,
    FREQUENCY,
    PRESENCE,
    TOP_K,
    TOP_P,
    LOGPROBS,
};
static const char *const request_keys[] = {
    "model",
    "stream",
    "messages",
    "documents",
    "tools",
    "strict_tools",
    "tool_choice",
    "response_format",
    "thinking",
    "stop_sequences",
    "max_tokens",
    "temperature",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "k",
    "p",
    "logprobs",
};

static int read_sampling(struct reading *r, const struct json *const *m, struct chat *c)
{
    const struct {
        int key;
        str *to;
    } numbers[] = {
        {MAX_TOKENS, &c->max_output},
        {TEMPERATURE, &c->sampling.temperature},
        {SEED, &c->sampling.seed},
        {FREQUENCY, &c->sampling.frequency_penalty},
        {PRESENCE, &c->sampling.presence_penalty},
        {TOP_K, &c->sampling.top_k},
        {TOP_P, &c->sampling.top_p},
    };
    bool logprobs = false;
    int rc = member_bool(r, "logprobs", m[LOGPROBS], &logprobs);
    if (m[LOGPROBS])
        c->sampling.logprobs = tristate_of(logprobs);
    for (size_t i = 0; i < ARRAY_LEN(numbers) && rc == 0; i++)
        rc = member_number(r, request_keys[numbers[i].key], m[numbers[i].key], numbers[i].to);
    return rc;
}

static int read_stream(struct reading *r, const struct json *v, struct chat *c)
{
    keep(r, &c->verbatim, S("stream"), v);
    return member_bool(r, "stream", v, &c->is_stream);
}

int cohere_read_request(struct reading *r, const struct json *body, struct chat *out)
{
    const struct json *m[ARRAY_LEN(request_keys)];
    out->asks_usage = true;
    out->reasoning.budget_tokens = -1;
    out->sampling.top_logprobs = -1;
    out->max_output_field = S("max_tokens");
    int rc = MEMBERS_READ(r, body, request_keys, m, &out->extras);
    if (rc == 0)
        rc = member_str(r, "model", m[MODEL], &out->model);
    if (rc == 0)
        rc = read_stream(r, m[STREAM], out);
    if (rc == 0)
        rc = read_messages(r, m[MESSAGES], out);
    if (rc == 0)
        rc = read_documents(r, m[DOCUMENTS], out);
    if (rc == 0)
        rc = read_tools(r, m[TOOLS], m[STRICT_TOOLS], out);
    if (rc == 0)
        rc = read_choice(r, m[TOOL_CHOICE], out);
    if (rc == 0)
        rc = read_format(r, m[FORMAT], out);
    if (rc == 0)
        rc = read_thinking(r, m[THINKING], out);
    if (rc == 0)
        rc = read_stop(r, m[STOP], out);
    return rc == 0 ? read_sampling(r, m, out) : rc;
}
