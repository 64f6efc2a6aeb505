/* Messages of the chat dialect as turns and blocks (OpenAI's API reference, "Create chat
 * completion", request body, messages).
 *
 * An assistant's message becomes its blocks in the order thoughts, content, refusal, calls: the
 * order in which models make them, for the wire does not say. Vendors have three ways to send
 * thoughts along: reasoning_details (OpenRouter), reasoning_content (DeepSeek and those after it)
 * and reasoning (Groq, Cerebras); the first is the only one with seals, so it wins.
 *
 * What is read is kept verbatim as well wherever the wire can say one thing in several ways, so
 * that a body written for the same dialect is the one that came. The exception are seals of other
 * dialects in the gateway's wrapping: those have to be opened on the way out.
 *
 * The same functions read what stands in answers: r->code is then the code they fail with. */
#include "llm/carry.h"
#include "llm/dialect_chat.h"
#include "llm/seal.h"

void dialect_chat_keep(struct reading *r, struct extras *e, const char *key, const struct json *v)
{
    if (!v)
        return;
    e->origin = r->origin;
    extras_add(r->a, e, str_from_cz(key), v);
}

static bool is_wrapped(str seal)
{
    return str_has_prefix(seal, S(SEAL_MAGIC));
}

/* ---- calls ---- */

struct seal dialect_chat_call_seal(struct arena *a, const struct json *call)
{
    const struct json *google = json_get(json_get(call, "extra_content"), "google");
    str value = json_str(json_get(google, "thought_signature"));
    if (value.n == 0)
        return (struct seal){.kind = SEAL_NONE};
    return seal_unwrap(a, value, SEAL_SIGNATURE, FAMILY_GEMINI);
}

/* Arguments are a string; some servers and some clients send the object itself. */
static int read_arguments(struct reading *r, const char *name, const struct json *v,
                          struct tool_call *call)
{
    if (!v)
        return 0;
    if (json_type(v) == JSON_STRING) {
        call->args = json_str(v);
        return 0;
    }
    if (json_type(v) != JSON_OBJECT)
        return member_fail(r, name, STR_FMT " must be a string.", STR_ARG(reading_path(r, name)));
    call->value = v;
    call->args = json_text(r->a, v);
    return 0;
}

/* {name, arguments} of a function, {name, input} of a custom tool. */
static int read_callee(struct reading *r, const char *name, const struct json *v,
                       struct tool_call *call)
{
    enum { NAME, ARGUMENTS, INPUT };
    static const char *const keys[] = {
        [NAME] = "name", [ARGUMENTS] = "arguments", [INPUT] = "input"};
    const struct json *value[ARRAY_LEN(keys)];
    struct reading in = reading_at(r, name, -1);
    int rc = MEMBERS_READ(&in, v, keys, value, NULL);
    if (rc == 0)
        rc = dialect_chat_read_text(&in, "name", value[NAME], &call->name);
    if (rc != 0)
        return rc;
    if (call->kind == TOOL_CUSTOM)
        return member_str(&in, "input", value[INPUT], &call->args);
    return read_arguments(&in, "arguments", value[ARGUMENTS], call);
}

int dialect_chat_read_call(struct reading *r, const struct json *v, struct block **out)
{
    enum { ID, TYPE, FUNCTION, CUSTOM };
    static const char *const keys[] = {
        [ID] = "id", [TYPE] = "type", [FUNCTION] = "function", [CUSTOM] = "custom"};
    const struct json *value[ARRAY_LEN(keys)];
    str type = S_EMPTY;
    struct block *b = block_new(r->a, BLOCK_TOOL_CALL);
    int rc = reading_check_room(r, 0);
    if (rc == 0)
        rc = MEMBERS_READ(r, v, keys, value, NULL);
    if (rc == 0)
        rc = member_str(r, "id", value[ID], &b->call.id);
    if (rc == 0)
        rc = member_str(r, "type", value[TYPE], &type);
    if (rc != 0)
        return rc;
    bool is_custom = str_eq(type, S("custom")) || (!value[FUNCTION] && value[CUSTOM]);
    b->call.kind = is_custom ? TOOL_CUSTOM : TOOL_FUNCTION;
    rc = is_custom ? read_callee(r, "custom", value[CUSTOM], &b->call)
                   : read_callee(r, "function", value[FUNCTION], &b->call);
    b->seal = dialect_chat_call_seal(r->a, v);
    if (b->seal.provider.n == 0)
        dialect_chat_keep_all(r, &b->verbatim, v);
    *out = b;
    return rc;
}

static int read_calls(struct reading *r, const struct json *v, struct block **list)
{
    long i = 0;
    int rc = member_type(r, "tool_calls", v, JSON_ARRAY);
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it); i++) {
        struct reading in = reading_at(r, "tool_calls", i);
        struct block *b = NULL;
        rc = dialect_chat_read_call(&in, it.value, &b);
        if (rc == 0)
            block_add(list, b);
    }
    return rc;
}

/* ---- thoughts ---- */

enum seal_family dialect_chat_format_family(str name)
{
    static const struct {
        str prefix;
        enum seal_family family;
    } table[] = {
        {{"anthropic", 9}, FAMILY_ANTHROPIC},
        {{"google", 6}, FAMILY_GEMINI},
        {{"openai", 6}, FAMILY_OPENAI},
        {{"azure", 5}, FAMILY_OPENAI},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (str_has_prefix(name, table[i].prefix))
            return table[i].family;
    }
    return name.n > 0 && !str_eq(name, S("unknown")) ? FAMILY_OTHER : FAMILY_UNKNOWN;
}

/* One entry of reasoning_details. */
struct detail {
    str type, text, value, format;
    int64_t index;
    bool is_summary, is_encrypted;
};

static int read_detail(struct reading *r, const struct json *v, struct detail *d)
{
    enum { TYPE, TEXT, SUMMARY, SIGNATURE, DATA, FORMAT, INDEX };
    static const char *const keys[] = {
        [TYPE] = "type", [TEXT] = "text",     [SUMMARY] = "summary", [SIGNATURE] = "signature",
        [DATA] = "data", [FORMAT] = "format", [INDEX] = "index"};
    const struct json *value[ARRAY_LEN(keys)];
    int rc = MEMBERS_READ(r, v, keys, value, NULL);
    if (rc != 0)
        return rc;
    *d = (struct detail){.type = json_str(value[TYPE]), .index = -1};
    d->is_summary = str_eq(d->type, S("reasoning.summary"));
    d->is_encrypted = str_eq(d->type, S("reasoning.encrypted"));
    d->text = json_str(value[d->is_summary ? SUMMARY : TEXT]);
    d->value = json_str(value[d->is_encrypted ? DATA : SIGNATURE]);
    d->format = json_str(value[FORMAT]);
    if (!value[INDEX] || !json_i64(value[INDEX], &d->index))
        d->index = -1;
    return 0;
}

/* Clients that add up a stream keep its entries as they came: those of one index and type are one
 * thought in pieces. */
static bool goes_on(const struct detail *last, const struct detail *d)
{
    return last->index >= 0 && last->index == d->index && last->value.n == 0 && !d->is_encrypted &&
           str_eq(last->type, d->type);
}

/* The thought that is being put together. */
struct thought {
    struct block *block; /* NULL: none yet */
    struct detail last;  /* of its entries */
    struct buf text;
};

static void end_thought(struct reading *r, struct thought *t)
{
    if (t->block && t->text.n > 0)
        reasoning_add(r->a, &t->block->reasoning, t->last.is_summary,
                      arena_str(r->a, buf_str(&t->text)));
    buf_reset(&t->text);
}

static void add_detail(struct reading *r, struct thought *t, const struct detail *d,
                       struct block **list)
{
    if (!t->block || !goes_on(&t->last, d)) {
        end_thought(r, t);
        t->block = block_new(r->a, BLOCK_REASONING);
        block_add(list, t->block);
    }
    buf_put(&t->text, d->text);
    t->last = *d;
    if (d->value.n == 0)
        return;
    enum seal_family family = dialect_chat_format_family(d->format);
    bool is_redacted = d->is_encrypted && family == FAMILY_ANTHROPIC;
    t->block->seal =
        seal_unwrap(r->a, d->value, is_redacted ? SEAL_REDACTED : SEAL_SIGNATURE, family);
}

static int read_details(struct reading *r, const struct json *v, struct block **list,
                        bool *has_wrapped)
{
    struct thought t = {.block = NULL};
    struct detail d;
    long i = 0;
    buf_init(&t.text, SIZE_MAX);
    int rc = member_type(r, "reasoning_details", v, JSON_ARRAY);
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it); i++) {
        struct reading in = reading_at(r, "reasoning_details", i);
        rc = reading_check_room(r, 0);
        if (rc == 0)
            rc = read_detail(&in, it.value, &d);
        if (rc != 0 || (d.text.n == 0 && d.value.n == 0))
            continue;
        add_detail(r, &t, &d, list);
        *has_wrapped = *has_wrapped || is_wrapped(d.value);
    }
    end_thought(r, &t);
    buf_fini(&t.text);
    return rc;
}

int dialect_chat_read_thoughts(struct reading *r, const struct dialect_chat_thoughts *v,
                               struct block **list, struct extras *kept)
{
    str content = S_EMPTY, text = S_EMPTY;
    bool has_wrapped = false;
    struct block *details = NULL;
    int rc = member_str(r, "reasoning_content", v->content, &content);
    if (rc == 0 && v->text && json_type(v->text) == JSON_STRING)
        text = json_str(v->text);
    if (rc == 0)
        rc = read_details(r, v->details, &details, &has_wrapped);
    if (rc != 0)
        return rc;
    if (content.n == 0)
        content = text;
    if (details) {
        block_add(list, details);
    } else if (content.n > 0) {
        struct block *b = block_new(r->a, BLOCK_REASONING);
        reasoning_add(r->a, &b->reasoning, false, content);
        block_add(list, b);
    }
    if (has_wrapped)
        return 0;
    dialect_chat_keep(r, kept, "reasoning_content", v->content);
    dialect_chat_keep(r, kept, "reasoning", v->text);
    dialect_chat_keep(r, kept, "reasoning_details", v->details);
    return 0;
}

/* ---- messages ---- */

enum {
    M_ROLE,
    M_CONTENT,
    M_NAME,
    M_CALLS,
    M_CALL_ID,
    M_REFUSAL,
    M_AUDIO,
    M_FUNCTION_CALL,
    M_REASONING_CONTENT,
    M_REASONING,
    M_DETAILS,
    M_ANNOTATIONS,
};
static const char *const message_keys[] = {
    [M_ROLE] = "role",
    [M_CONTENT] = "content",
    [M_NAME] = "name",
    [M_CALLS] = "tool_calls",
    [M_CALL_ID] = "tool_call_id",
    [M_REFUSAL] = "refusal",
    [M_AUDIO] = "audio",
    [M_FUNCTION_CALL] = "function_call",
    [M_REASONING_CONTENT] = "reasoning_content",
    [M_REASONING] = "reasoning",
    [M_DETAILS] = "reasoning_details",
    [M_ANNOTATIONS] = "annotations",
};

static int read_role(struct reading *r, const struct json *v, enum role *out)
{
    static const struct {
        str name;
        enum role role;
    } roles[] = {
        {{"system", 6}, ROLE_SYSTEM}, {{"developer", 9}, ROLE_DEVELOPER},
        {{"user", 4}, ROLE_USER},     {{"assistant", 9}, ROLE_ASSISTANT},
        {{"tool", 4}, ROLE_TOOL},     {{"function", 8}, ROLE_TOOL},
    };
    str name = S_EMPTY;
    int rc = dialect_chat_read_text(r, "role", v, &name);
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(roles); i++) {
        if (!str_eq(roles[i].name, name))
            continue;
        *out = roles[i].role;
        return 0;
    }
    if (rc != 0)
        return rc;
    return member_fail(r, "role",
                       STR_FMT " must be one of system, developer, user, assistant, tool.",
                       STR_ARG(reading_path(r, "role")));
}

static int read_assistant(struct reading *r, const struct json *const *v, struct turn *t)
{
    struct dialect_chat_thoughts thoughts = {
        .details = v[M_DETAILS], .content = v[M_REASONING_CONTENT], .text = v[M_REASONING]};
    str refusal = S_EMPTY;
    int rc = dialect_chat_read_thoughts(r, &thoughts, &t->blocks, &t->verbatim);
    if (rc == 0)
        rc = dialect_chat_read_content(r, v[M_CONTENT], &t->blocks, &t->is_plain);
    if (rc == 0)
        rc = member_str(r, "refusal", v[M_REFUSAL], &refusal);
    if (rc == 0 && v[M_REFUSAL]) {
        struct block *b = block_new(r->a, BLOCK_REFUSAL);
        b->text = refusal;
        block_add(&t->blocks, b);
        dialect_chat_keep(r, &t->verbatim, "refusal", v[M_REFUSAL]);
    }
    if (rc == 0)
        rc = read_calls(r, v[M_CALLS], &t->blocks);
    if (rc == 0 && v[M_CALLS] && json_count(v[M_CALLS]) == 0)
        dialect_chat_keep(r, &t->verbatim, "tool_calls", v[M_CALLS]);
    if (rc == 0 && v[M_FUNCTION_CALL]) {
        struct block *b = block_new(r->a, BLOCK_TOOL_CALL);
        rc = read_callee(r, "function_call", v[M_FUNCTION_CALL], &b->call);
        block_add(&t->blocks, b);
        dialect_chat_keep(r, &t->verbatim, "function_call", v[M_FUNCTION_CALL]);
    }
    dialect_chat_keep(r, &t->verbatim, "audio", v[M_AUDIO]);
    dialect_chat_keep(r, &t->verbatim, "annotations", v[M_ANNOTATIONS]);
    return rc;
}

/* A tool's result; of a function of old, joined to its call by the name. */
static int read_result(struct reading *r, const struct json *const *v, struct turn *t)
{
    struct block *b = block_new(r->a, BLOCK_TOOL_RESULT);
    int rc = member_str(r, "tool_call_id", v[M_CALL_ID], &b->result.id);
    if (rc == 0)
        rc = dialect_chat_read_content(r, v[M_CONTENT], &b->result.blocks, &b->result.is_plain);
    b->result.name = t->name;
    t->is_plain = b->result.is_plain;
    block_add(&t->blocks, b);
    if (str_eq(json_str(v[M_ROLE]), S("function")))
        dialect_chat_keep(r, &t->verbatim, "role", v[M_ROLE]);
    return rc;
}

/* Members that the role has no use for, as they came. */
static void keep_unread(struct reading *r, const struct json *const *v, struct turn *t)
{
    unsigned is_read = 1u << M_ROLE | 1u << M_CONTENT | 1u << M_NAME;
    if (t->role == ROLE_TOOL)
        is_read |= 1u << M_CALL_ID;
    if (t->role == ROLE_ASSISTANT)
        is_read = ~(1u << M_CALL_ID);
    for (size_t i = 0; i < ARRAY_LEN(message_keys); i++) {
        if ((is_read & 1u << i) == 0)
            dialect_chat_keep(r, &t->verbatim, message_keys[i], v[i]);
    }
}

static int read_message(struct reading *r, const struct json *v, struct chat *out)
{
    const struct json *value[ARRAY_LEN(message_keys)];
    struct extras extras;
    enum role role = ROLE_USER;
    int rc = reading_check_room(r, 0);
    if (rc == 0)
        rc = MEMBERS_READ(r, v, message_keys, value, &extras);
    if (rc == 0)
        rc = read_role(r, value[M_ROLE], &role);
    if (rc != 0)
        return rc;
    struct turn *t = turn_add(r->a, out, role);
    t->extras = extras;
    keep_unread(r, value, t);
    if (value[M_CONTENT] && json_type(value[M_CONTENT]) == JSON_ARRAY &&
        json_count(value[M_CONTENT]) == 0)
        dialect_chat_keep(r, &t->verbatim, "content", value[M_CONTENT]);
    rc = member_str(r, "name", value[M_NAME], &t->name);
    if (rc != 0)
        return rc;
    if (role == ROLE_ASSISTANT)
        return read_assistant(r, value, t);
    if (role == ROLE_TOOL)
        return read_result(r, value, t);
    if (!value[M_CONTENT])
        return member_fail(r, "content", STR_FMT " must be a string or an array of parts.",
                           STR_ARG(reading_path(r, "content")));
    return dialect_chat_read_content(r, value[M_CONTENT], &t->blocks, &t->is_plain);
}

int dialect_chat_read_messages(struct reading *r, const struct json *v, struct chat *out)
{
    if (!v || json_type(v) != JSON_ARRAY || json_count(v) == 0)
        return member_fail(r, "messages", "messages must be an array with at least one message.");
    long i = 0;
    int rc = 0;
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it); i++) {
        struct reading in = reading_at(r, "messages", i);
        rc = read_message(&in, it.value, out);
    }
    return rc;
}
