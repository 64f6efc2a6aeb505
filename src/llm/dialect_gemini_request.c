/* Reading a request of generateContent.
 *
 * Model and stream are in the path, so the body is contents, instructions, tools and settings. A
 * content becomes a turn as it stands: results of functions are blocks of a user's turn, in their
 * place. What other dialects need and this one may leave out is made here: every call gets an id,
 * and every result the id of the call it answers, by the name and in the order of the calls, as the
 * API joins them itself. Made ids are numbered through the conversation, so a call keeps its id
 * while the conversation grows.
 *
 * Members without a place in the intermediate form (safetySettings, cachedContent, labels...) stay
 * extras: its own dialect gets them back, any other says that they are lost. */
#include "llm/dialect_gemini.h"

#define BODY(X)                                                                                    \
    X(BODY_CONTENTS, "contents", "contents")                                                       \
    X(BODY_SYSTEM, "systemInstruction", "system_instruction")                                      \
    X(BODY_CONFIG, "generationConfig", "generation_config")                                        \
    X(BODY_TOOLS, "tools", "tools")                                                                \
    X(BODY_CHOICE, "toolConfig", "tool_config")                                                    \
    X(BODY_STORE, "store", "store")                                                                \
    X(BODY_TIER, "serviceTier", "service_tier")
enum { BODY(GEMINI_INDEX) BODY_KEYS };
GEMINI_KEYS(body_keys, BODY);

#define CONTENT(X)                                                                                 \
    X(CONTENT_ROLE, "role", "role")                                                                \
    X(CONTENT_PARTS, "parts", "parts")
enum { CONTENT(GEMINI_INDEX) CONTENT_KEYS };
GEMINI_KEYS(content_keys, CONTENT);

/* ---- calls and their results ---- */

/* A call that waits for its result. */
struct waiting {
    struct block *call;
    struct waiting *next;
};
struct joiner {
    struct reading *r;
    struct waiting *first, **last; /* in order; answered ones are taken out */
    unsigned n_calls;              /* made ids so far */
    unsigned n_orphans;
};

/* How many waiting calls a result is compared with; more are never open at once. */
#define WAITING_MAX 512

static void join_call(struct joiner *j, struct block *b)
{
    struct waiting *w = arena_new(j->r->a, struct waiting);
    if (b->call.id.n == 0)
        b->call.id = make_id(j->r->a, "call_", S("request"), j->n_calls);
    j->n_calls++;
    w->call = b;
    *j->last = w;
    j->last = &w->next;
}

static bool is_answer(const struct block *result, const struct block *call)
{
    if (result->result.id.n > 0)
        return str_eq(result->result.id, call->call.id);
    return result->result.name.n == 0 || str_eq(result->result.name, call->call.name);
}

static void join_result(struct joiner *j, struct block *b)
{
    size_t looked_at = 0;
    for (struct waiting **at = &j->first; *at && looked_at < WAITING_MAX; at = &(*at)->next) {
        struct waiting *w = *at;
        looked_at++;
        if (!is_answer(b, w->call))
            continue;
        b->result.id = w->call->call.id;
        b->result.name = w->call->call.name;
        *at = w->next;
        if (!*at)
            j->last = at;
        return;
    }
    if (b->result.id.n == 0)
        b->result.id = make_id(j->r->a, "call_", S("orphan"), j->n_orphans++);
}

/* Calls of an older step that were never answered wait no longer. */
static void join_step(struct joiner *j)
{
    j->first = NULL;
    j->last = &j->first;
}

/* ---- contents ---- */

/* Pieces of a thought as a stream brought them, and `last` with another provider's seal, which is
 * that of them all: one thought, which its maker will compare. */
static void join_thought(struct arena *a, struct block *first, const struct block *last)
{
    struct buf text;
    buf_init(&text, SIZE_MAX);
    for (const struct block *b = first; b; b = b->next)
        buf_put(&text, reasoning_text(a, &b->reasoning));
    buf_put(&text, reasoning_text(a, &last->reasoning));
    first->next = NULL;
    first->last = first;
    first->seal = last->seal;
    first->reasoning = (struct reasoning){.parts = NULL};
    reasoning_add(a, &first->reasoning, false, arena_str(a, buf_str(&text)));
    buf_fini(&text);
}

static bool is_foreign_seal(const struct block *b)
{
    return b->kind == BLOCK_REASONING && b->seal.kind == SEAL_SIGNATURE &&
           b->seal.family != FAMILY_GEMINI;
}

static void join_thoughts(struct arena *a, struct block **list)
{
    struct block *rest = *list, *pieces = NULL;
    *list = NULL;
    while (rest) {
        struct block *b = rest;
        rest = b->next;
        b->next = NULL;
        b->last = b;
        if (b->kind == BLOCK_REASONING && b->seal.kind == SEAL_NONE) {
            block_add(&pieces, b);
            continue;
        }
        if (pieces && is_foreign_seal(b)) {
            join_thought(a, pieces, b);
            b = NULL;
        }
        if (pieces)
            block_add(list, pieces);
        pieces = NULL;
        if (b)
            block_add(list, b);
    }
    if (pieces)
        block_add(list, pieces);
}

static int read_parts(struct reading *r, const struct json *parts, struct block **list)
{
    struct json_iter it = gemini_list(parts);
    bool has_foreign = false;
    for (long i = 0; gemini_list_next(&it, parts); i++) {
        struct reading in = reading_at(r, "parts", i);
        struct block *b = NULL;
        int rc = gemini_part_read(&in, it.value, &b);
        if (rc != 0)
            return rc;
        block_add(list, b);
        has_foreign = has_foreign || is_foreign_seal(b);
    }
    if (has_foreign)
        join_thoughts(r->a, list);
    return 0;
}

static int read_role(struct reading *r, const struct json *v, struct turn *t)
{
    str role = S("user");
    int rc = member_str(r, "role", v, &role);
    if (rc != 0)
        return rc;
    if (!v || !str_eq(role, t->role == ROLE_ASSISTANT ? S("model") : S("user")))
        gemini_keep(r, &t->verbatim, "role", v);
    return 0;
}

/* "function" is what the first version of the API called a user who brings results. */
static bool role_of(const struct json *content, enum role *role)
{
    static const struct {
        const char *name;
        enum role role;
    } names[] = {{"user", ROLE_USER},    {"model", ROLE_ASSISTANT}, {"function", ROLE_USER},
                 {"tool", ROLE_USER},    {"", ROLE_USER},           {"assistant", ROLE_ASSISTANT},
                 {"system", ROLE_SYSTEM}};
    str name = json_str(json_get(content, "role"));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq(name, str_from_cz(names[i].name))) {
            *role = names[i].role;
            return true;
        }
    }
    return false;
}

static void join_turn(struct joiner *j, struct turn *t)
{
    if (t->role == ROLE_ASSISTANT)
        join_step(j);
    for (struct block *b = t->blocks; b; b = b->next) {
        if (b->kind == BLOCK_TOOL_CALL)
            join_call(j, b);
        else if (b->kind == BLOCK_TOOL_RESULT)
            join_result(j, b);
    }
}

static int read_content(struct reading *r, const struct json *v, struct chat *out, struct turn **t)
{
    const struct json *m[2 * CONTENT_KEYS];
    struct extras extras = {0}, verbatim = {0};
    enum role role = ROLE_USER;
    int rc = GEMINI_READ(r, v, content_keys, m, &extras, &verbatim);
    if (rc != 0)
        return rc;
    if (!role_of(v, &role))
        return member_fail(r, "role", "A role is user or model.");
    *t = turn_add(r->a, out, role);
    (*t)->extras = extras;
    (*t)->verbatim = verbatim;
    if (!m[CONTENT_PARTS] || json_type(m[CONTENT_PARTS]) != JSON_ARRAY)
        gemini_keep(r, &(*t)->verbatim, "parts", m[CONTENT_PARTS]);
    rc = read_role(r, m[CONTENT_ROLE], *t);
    return rc != 0 ? rc : read_parts(r, m[CONTENT_PARTS], &(*t)->blocks);
}

static int read_contents(struct reading *r, const struct json *v, struct chat *out)
{
    if (!v)
        return member_fail(r, "contents", "The contents are missing.");
    if (json_type(v) != JSON_ARRAY)
        gemini_keep(r, &out->verbatim, "contents", v);
    struct joiner j = {.r = r};
    join_step(&j);
    struct json_iter it = gemini_list(v);
    for (long i = 0; gemini_list_next(&it, v); i++) {
        struct reading in = reading_at(r, "contents", i);
        struct turn *t = NULL;
        int rc = read_content(&in, it.value, out, &t);
        if (rc != 0)
            return rc;
        must(t);
        join_turn(&j, t);
    }
    return 0;
}

/* A content, of which only the words count; some write the text alone. */
static int read_system(struct reading *r, const struct json *v, struct chat *out)
{
    if (!v)
        return 0;
    gemini_keep(r, &out->verbatim, "systemInstruction", v);
    if (json_is_str(v)) {
        block_add(&out->instructions, block_text(r->a, json_str(v)));
        return 0;
    }
    const struct json *m[2 * CONTENT_KEYS];
    struct extras extras = {0}, verbatim = {0};
    struct reading in = reading_at(r, "systemInstruction", -1);
    int rc = GEMINI_READ(&in, v, content_keys, m, &extras, &verbatim);
    return rc != 0 ? rc : read_parts(&in, m[CONTENT_PARTS], &out->instructions);
}

/* ---- the whole ---- */

/* A reference to what Google keeps: without it the request says something else. */
static void read_cache(const struct extras *extras, struct chat *out)
{
    static const char *const names[] = {"cachedContent", "cached_content"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct json *v = extras_find(extras, str_from_cz(names[i]));
        if (v && json_type(v) != JSON_NULL)
            out->own_only = names[i];
    }
}

static int read_rest(struct reading *r, const struct json *const *m, struct chat *out)
{
    bool store = false;
    int rc = member_bool(r, "store", m[BODY_STORE], &store);
    if (rc == 0)
        rc = member_str(r, "serviceTier", m[BODY_TIER], &out->service_tier);
    if (rc == 0 && m[BODY_STORE])
        out->state.store = tristate_of(store);
    return rc;
}

int gemini_read_request(struct reading *r, const struct json *body, struct chat *out)
{
    const struct json *m[2 * BODY_KEYS];
    int rc = GEMINI_READ(r, body, body_keys, m, &out->extras, &out->verbatim);
    out->origin = DIALECT_GEMINI;
    out->asks_usage = true;
    out->sampling.top_logprobs = -1;
    out->reasoning.budget_tokens = -1;
    if (rc != 0)
        return rc;
    read_cache(&out->extras, out);
    rc = read_system(r, m[BODY_SYSTEM], out);
    if (rc == 0)
        rc = read_contents(r, m[BODY_CONTENTS], out);
    if (rc == 0)
        rc = gemini_config_read(r, m[BODY_CONFIG], out);
    if (rc == 0)
        rc = gemini_tools_read(r, m[BODY_TOOLS], out);
    if (rc == 0)
        rc = gemini_choice_read(r, m[BODY_CHOICE], out);
    return rc != 0 ? rc : read_rest(r, m, out);
}
