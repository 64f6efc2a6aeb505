/* Whole answers of generateContent.
 *
 * Each part is a block, each candidate a choice. An answer without candidates says in
 * promptFeedback why: that is an answer too, with a content filter as its end. The answer of a
 * stream that should have been server-sent events comes as an array of chunks; it is read as the
 * stream it is.
 *
 * What is written back to this dialect is what came: members that the intermediate form holds
 * otherwise stay in `verbatim`, all others among the extras. */
#include "base/date.h"
#include "llm/carry.h"
#include "llm/dialect_gemini.h"
#include "llm/dialect_gemini_ground.h"

#define ARRAY_MAX ((size_t)64 << 20) /* bytes of an answer folded from chunks */

#define REPLY(X)                                                                                   \
    X(REPLY_CANDIDATES, "candidates", "candidates")                                                \
    X(REPLY_USAGE, "usageMetadata", "usage_metadata")                                              \
    X(REPLY_MODEL, "modelVersion", "model_version")                                                \
    X(REPLY_ID, "responseId", "response_id")
enum { REPLY(GEMINI_INDEX) REPLY_KEYS };
GEMINI_KEYS(reply_keys, REPLY);

#define CANDIDATE(X)                                                                               \
    X(CANDIDATE_CONTENT, "content", "content")                                                     \
    X(CANDIDATE_REASON, "finishReason", "finish_reason")                                           \
    X(CANDIDATE_MESSAGE, "finishMessage", "finish_message")                                        \
    X(CANDIDATE_INDEX, "index", "index")
enum { CANDIDATE(GEMINI_INDEX) CANDIDATE_KEYS };
GEMINI_KEYS(candidate_keys, CANDIDATE);

/* ---- reading ---- */

/* What ids are made from: the answer's own id, or the name of what is called. */
static str seed_of(const struct reply *r, const struct json *part)
{
    str name = json_str(json_get(json_get(part, "functionCall"), "name"));
    return r->start.id.n > 0 ? r->start.id : name;
}

static int read_parts(struct reading *r, const struct json *content, struct reply *reply,
                      struct reply_choice *c, unsigned *n_calls)
{
    const struct json *parts = json_get(content, "parts");
    struct json_iter it = gemini_list(parts);
    for (long i = 0; gemini_list_next(&it, parts); i++) {
        struct reading in = reading_at(r, "parts", i);
        struct block *b = NULL;
        int rc = gemini_part_read(&in, it.value, &b);
        if (rc != 0)
            return rc;
        if (b->kind == BLOCK_TOOL_CALL && b->call.id.n == 0)
            b->call.id = make_id(r->a, "call_", seed_of(reply, it.value), *n_calls);
        *n_calls += b->kind == BLOCK_TOOL_CALL;
        block_add(&c->blocks, b);
    }
    return 0;
}

/* A content of parts and a role is made again; any other is kept. */
static bool is_usual(const struct json *content)
{
    const struct json *parts = json_get(content, "parts");
    return content && json_count(content) == 2 && parts && json_type(parts) == JSON_ARRAY &&
           str_eq(json_str(json_get(content, "role")), S("model"));
}

/* What stands beside the content: sources by the number of the part, probabilities of the text. */
static void read_beside(struct reading *r, const struct json *v, struct reply_choice *c)
{
    const struct json *logprobs = json_get(v, "logprobsResult");
    bool is_first = true;
    int64_t part = 0;
    for (struct block *b = c->blocks; b; b = b->next, part++) {
        if (b->kind != BLOCK_TEXT)
            continue;
        struct text_map map;
        text_map_init(&map);
        text_map_add(&map, b->text);
        b->annotations = gemini_annotations(r->a, v, part, &map, 0);
        text_map_fini(&map);
        if (is_first)
            b->logprobs = gemini_logprobs_read(r->a, logprobs);
        is_first = false;
    }
}

static int read_candidate(struct reading *r, const struct json *v, struct reply *out,
                          unsigned *n_calls)
{
    const struct json *m[2 * CANDIDATE_KEYS];
    struct extras extras = {0}, verbatim = {0};
    int64_t index = 0;
    struct finishing finish = {.reason = FINISH_UNSET};
    int rc = GEMINI_READ(r, v, candidate_keys, m, &extras, &verbatim);
    if (rc == 0)
        rc = member_int(r, "index", m[CANDIDATE_INDEX], &index);
    if (rc == 0)
        finish.native = gemini_finish_read(m[CANDIDATE_REASON]);
    if (rc == 0 && finish.native.n == 0)
        rc = member_str(r, "finishReason", m[CANDIDATE_REASON], &finish.native);
    if (rc == 0)
        rc = member_str(r, "finishMessage", m[CANDIDATE_MESSAGE], &finish.message);
    if (rc != 0)
        return rc;
    if (index < 0 || index > 1000)
        return member_fail(r, "index", "No candidate has this number.");
    struct reply_choice *c = reply_choice_at(r->a, out, (unsigned)index);
    finish.reason = gemini_finish(finish.native);
    c->finish = finish;
    c->extras = extras;
    c->verbatim = verbatim;
    if (!m[CANDIDATE_INDEX])
        gemini_keep(r, &c->verbatim, "index", NULL);
    if (!str_eq(gemini_finish_name(&finish), json_str(m[CANDIDATE_REASON])))
        gemini_keep(r, &c->verbatim, "finishReason", m[CANDIDATE_REASON]);
    if (!is_usual(m[CANDIDATE_CONTENT]))
        gemini_keep(r, &c->verbatim, "content", m[CANDIDATE_CONTENT]);
    rc = read_parts(r, m[CANDIDATE_CONTENT], out, c, n_calls);
    if (rc == 0)
        read_beside(r, v, c);
    return rc;
}

static int read_candidates(struct reading *r, const struct json *v, struct reply *out)
{
    struct json_iter it = gemini_list(v);
    unsigned n_calls = 0;
    for (long i = 0; gemini_list_next(&it, v); i++) {
        struct reading in = reading_at(r, "candidates", i);
        int rc = read_candidate(&in, it.value, out, &n_calls);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* An answer without candidates is the refusal of the prompt. */
static int read_blocked(struct reading *r, struct reply *out)
{
    const struct json *feedback = extras_find(&out->extras, S("promptFeedback"));
    str reason = json_str(json_get(feedback, "blockReason"));
    if (reason.n == 0)
        return member_fail(r, "candidates", "The provider's answer has no candidates.");
    struct reply_choice *c = reply_choice_at(r->a, out, 0);
    c->finish = (struct finishing){.reason = FINISH_CONTENT_FILTER,
                                   .native = reason,
                                   .message = json_str(json_get(feedback, "blockReasonMessage"))};
    return 0;
}

static int read_whole(struct reading *r, const struct json *body, struct reply *out)
{
    const struct json *m[2 * REPLY_KEYS];
    int64_t at_us = 0;
    int rc = GEMINI_READ(r, body, reply_keys, m, &out->extras, &out->verbatim);
    if (rc == 0)
        rc = member_str(r, "responseId", m[REPLY_ID], &out->start.id);
    if (rc == 0)
        rc = member_str(r, "modelVersion", m[REPLY_MODEL], &out->start.model);
    if (rc == 0)
        rc = read_candidates(r, m[REPLY_CANDIDATES], out);
    if (rc != 0)
        return rc;
    if (date_read(json_str(extras_find(&out->extras, S("createTime"))), &at_us))
        out->start.created_s = at_us / 1000000;
    gemini_usage_read(m[REPLY_USAGE], &out->usage);
    out->usage_raw = m[REPLY_USAGE];
    if (out->choices)
        return 0;
    gemini_keep(r, &out->verbatim, "candidates", m[REPLY_CANDIDATES]);
    return read_blocked(r, out);
}

/* An array of chunks is a stream that came at once. */
static int read_array(struct reading *r, const struct json *body, struct reply *out)
{
    struct fold fold;
    struct buf text;
    buf_init(&text, ARRAY_MAX);
    json_put(&text, body);
    fold_init(&fold, r->a, out, text.n * 4 + 4096);
    if (!buf_is_ok(&text) || !arena_has_room(r->a, text.n * 16)) {
        buf_fini(&text);
        return gemini_full(r);
    }
    struct decoder d = {.a = r->a, .scratch = r->a, .err = r->err, .sink = fold_sink(&fold)};
    struct message m = {.data = buf_str(&text)};
    int rc = gemini_read_message(&d, &m);
    if (rc == 0)
        rc = gemini_read_message(&d, NULL);
    int ended = fold_end(&fold);
    buf_fini(&text);
    out->extras.origin = DIALECT_GEMINI;
    return rc != 0 ? rc : ended;
}

int gemini_read_reply(struct reading *r, const struct json *body, struct reply *out)
{
    if (body && json_type(body) == JSON_ARRAY)
        return read_array(r, body, out);
    return read_whole(r, body, out);
}

/* ---- writing ---- */

static void note_sources(struct grounding *g, const struct block *b, int64_t part)
{
    struct text_map map;
    text_map_init(&map);
    text_map_add(&map, b->text);
    for (const struct annotation *n = b->annotations; n; n = n->next)
        grounding_add(g, n, part, &map, 0);
    text_map_fini(&map);
}

/* The parts, and the sources of those that are text. */
static int put_content(struct json_writer *j, struct writing *w, const struct reply *r,
                       const struct reply_choice *c, struct grounding *g)
{
    struct gemini_parts p = {
        .j = j, .w = w, .is_answer = true, .is_own = r->extras.origin == DIALECT_GEMINI};
    int rc = 0;
    int64_t part = 0, text = 0;
    bool wants_seal = !p.is_own;
    json_begin_object(j, "content");
    json_begin_array(j, "parts");
    for (const struct block *b = c->blocks; b && rc == 0; b = b->next) {
        size_t before = j->out->n;
        if (b->kind != BLOCK_TOOL_RESULT || p.is_own)
            rc = gemini_put_block(&p, b, wants_seal);
        wants_seal = wants_seal && b->kind != BLOCK_TOOL_CALL;
        bool is_written = j->out->n > before;
        if (b->kind == BLOCK_TEXT && is_written)
            text = part;
        if (b->kind == BLOCK_TEXT)
            note_sources(g, b, text);
        part += is_written;
    }
    json_end_array(j);
    json_put_str(j, "role", S("model"));
    json_end_object(j);
    return rc;
}

static const struct json *logprobs_of(const struct reply_choice *c)
{
    for (const struct block *b = c->blocks; b; b = b->next) {
        if (b->kind == BLOCK_TEXT && b->logprobs)
            return b->logprobs;
    }
    return NULL;
}

static int put_candidate(struct json_writer *j, struct writing *w, const struct reply *r,
                         const struct reply_choice *c)
{
    bool is_own = r->extras.origin == DIALECT_GEMINI;
    int rc = 0;
    struct grounding sources;
    grounding_init(&sources);
    json_begin_object(j, NULL);
    if (!gemini_is_kept(&c->verbatim, "content"))
        rc = put_content(j, w, r, c, &sources);
    if (!gemini_is_kept(&c->verbatim, "finishReason"))
        json_put_str(j, "finishReason", gemini_finish_name(&c->finish));
    if (is_own && c->finish.message.n > 0 && !gemini_is_kept(&c->verbatim, "finishMessage"))
        json_put_str(j, "finishMessage", c->finish.message);
    if (!gemini_is_kept(&c->verbatim, "index"))
        json_put_int(j, "index", c->index);
    if (!is_own) {
        grounding_put(j, &sources);
        gemini_logprobs_put(j, logprobs_of(c));
    }
    gemini_put_kept(j, &c->verbatim);
    extras_put(j, &c->extras, DIALECT_GEMINI);
    json_end_object(j);
    grounding_fini(&sources);
    return rc;
}

static void put_usage(struct json_writer *j, const struct reply *r)
{
    if (gemini_is_kept(&r->verbatim, "usageMetadata"))
        return;
    if (r->extras.origin == DIALECT_GEMINI && r->usage_raw)
        json_put_value(j, "usageMetadata", r->usage_raw);
    else
        gemini_usage_put(j, "usageMetadata", &r->usage);
}

int gemini_write_reply(struct writing *w, const struct reply *r, struct buf *out)
{
    struct json_writer j = json_writer(out);
    str model = w->model.n > 0 ? w->model : r->start.model;
    int rc = 0;
    json_begin_object(&j, NULL);
    if (!gemini_is_kept(&r->verbatim, "candidates")) {
        json_begin_array(&j, "candidates");
        for (const struct reply_choice *c = r->choices; c && rc == 0; c = c->next)
            rc = put_candidate(&j, w, r, c);
        json_end_array(&j);
    }
    put_usage(&j, r);
    if (model.n > 0 && !gemini_is_kept(&r->verbatim, "modelVersion"))
        json_put_str(&j, "modelVersion", model);
    bool is_own = r->extras.origin == DIALECT_GEMINI;
    str id = r->start.id.n > 0 || is_own ? r->start.id : make_id(w->a, "", w->id_seed, 0);
    if (id.n > 0 && !gemini_is_kept(&r->verbatim, "responseId"))
        json_put_str(&j, "responseId", id);
    gemini_put_kept(&j, &r->verbatim);
    extras_put(&j, &r->extras, DIALECT_GEMINI);
    json_end_object(&j);
    return rc;
}
