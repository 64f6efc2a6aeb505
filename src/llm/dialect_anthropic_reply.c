/* Whole answers of the Anthropic dialect.
 *
 * An answer that came in this dialect is written back as it was, unknown members and usage
 * included. One of another dialect is written from its meaning: texts and thoughts as they are, a
 * call's arguments as an object. Arguments that the limit of tokens cut off are closed where they
 * end, so that a client that reads objects gets what there is; if that makes no object, the call is
 * left out, and the stop reason says why. */
#include "llm/dialect_anthropic.h"

#include <string.h>

#include "llm/carry.h"
#include "llm/seal.h"

#define REPAIR_DEPTH_MAX 64

/* ---- shared with streams ---- */

str anthropic_seal_text(struct arena *a, const struct seal *s)
{
    if (s->kind == SEAL_NONE)
        return S_EMPTY;
    return s->family == FAMILY_ANTHROPIC ? s->value : seal_wrap(a, s);
}

str anthropic_stop_name(const struct writing *w, const struct finishing *f, bool has_calls)
{
    bool is_own = w->family == FAMILY_ANTHROPIC && f->native.n > 0;
    if (is_own && anthropic_finish(f->native) == f->reason)
        return f->native;
    return str_from_cz(anthropic_stop_reason(finish_settle(f->reason, has_calls)));
}

bool anthropic_is_json_tool(const struct block *b)
{
    return b->kind == BLOCK_TOOL_CALL && str_eq(b->call.name, S(ANTHROPIC_JSON_TOOL));
}

enum finish anthropic_finish_settle(enum finish f, bool has_json, bool has_calls)
{
    return has_json && !has_calls && f == FINISH_TOOL_CALLS ? FINISH_STOP : f;
}

void anthropic_put_refusal(struct json_writer *w, const struct finishing *f)
{
    bool is_refusal = f->reason == FINISH_REFUSAL || f->reason == FINISH_CONTENT_FILTER;
    if (!is_refusal || f->message.n == 0)
        return;
    json_begin_object(w, "stop_details");
    json_put_str(w, "type", S("refusal"));
    json_put_null(w, "category");
    json_put_str(w, "explanation", f->message);
    json_end_object(w);
}

void anthropic_read_finish(const struct json *from, struct finishing *f)
{
    str reason = json_str(json_get(from, "stop_reason"));
    const struct json *details = json_get(from, "stop_details");
    if (reason.n > 0) {
        f->native = reason;
        f->reason = anthropic_finish(reason);
    }
    if (json_str(json_get(from, "stop_sequence")).n > 0)
        f->stop_sequence = json_str(json_get(from, "stop_sequence"));
    if (details && json_type(details) == JSON_OBJECT) {
        f->details = details;
        f->message = json_str(json_get(details, "explanation"));
    }
}

str anthropic_read_changes(struct arena *a, const struct json *from)
{
    str all = S_EMPTY;
    for (struct json_iter it = json_iter(json_get(from, "input_transformations"));
         json_iter_next(&it);) {
        const str parts[] = {all, all.n > 0 ? S(", ") : S_EMPTY,
                             json_str(json_get(it.value, "type")), S(": "),
                             json_str(json_get(it.value, "path"))};
        all = arena_concat(a, parts, ARRAY_LEN(parts));
        if (all.n > 1024)
            break;
    }
    return all;
}

/* ---- reading ---- */

enum { TYPE, ID, ROLE, MODEL, CONTENT, STOP_REASON, STOP_SEQUENCE, STOP_DETAILS, USAGE };
static const char *const keys[] = {"type",          "id",           "role",
                                   "model",         "content",      "stop_reason",
                                   "stop_sequence", "stop_details", "usage"};

/* The call of the tool that stands for a schema is the text of the answer. */
static void undo_json_tool(struct block *b)
{
    str text = b->call.args;
    b->kind = BLOCK_TEXT;
    b->call = (struct tool_call){.kind = TOOL_FUNCTION};
    b->text = text;
}

static void settle_calls(struct reply_choice *c)
{
    bool has_json = false, has_calls = false;
    for (struct block *b = c->blocks; b; b = b->next) {
        if (anthropic_is_json_tool(b)) {
            undo_json_tool(b);
            has_json = true;
        } else if (b->kind == BLOCK_TOOL_CALL) {
            has_calls = true;
        }
    }
    c->finish.reason = anthropic_finish_settle(c->finish.reason, has_json, has_calls);
}

int anthropic_read_reply(struct reading *r, const struct json *body, struct reply *out)
{
    const struct json *m[ARRAY_LEN(keys)];
    int rc = MEMBERS_READ(r, body, keys, m, &out->extras);
    if (rc == 0 && !m[CONTENT] && !m[STOP_REASON])
        rc = member_fail(r, "content", "The provider's answer has no content.");
    struct reply_choice *c = reply_choice_at(r->a, out, 0);
    if (rc == 0)
        rc = anthropic_read_blocks(r, "content", m[CONTENT], 0, &c->blocks);
    if (rc != 0)
        return rc;
    out->start.id = json_str(m[ID]);
    out->start.model = json_str(m[MODEL]);
    out->start.service_tier = json_str(json_get(m[USAGE], "service_tier"));
    anthropic_read_finish(body, &c->finish);
    anthropic_usage_read(m[USAGE], &out->usage);
    out->usage_raw = m[USAGE];
    settle_calls(c);
    str changes = anthropic_read_changes(r->a, body);
    if (changes.n > 0)
        loss_add(r->loss, LOSS_DROPPED, changes);
    return 0;
}

/* ---- writing: arguments ---- */

/* What closes a JSON text that breaks off: its open string and brackets, innermost first. */
struct closing {
    char open[REPAIR_DEPTH_MAX];
    size_t depth;
    bool in_string, is_escaped;
};

static bool walk(struct closing *c, str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char ch = text.p[i];
        if (c->is_escaped) {
            c->is_escaped = false;
        } else if (c->in_string) {
            c->is_escaped = ch == '\\';
            c->in_string = ch != '"';
        } else if (ch == '"') {
            c->in_string = true;
        } else if (ch == '{' || ch == '[') {
            if (c->depth == REPAIR_DEPTH_MAX)
                return false;
            c->open[c->depth++] = ch == '{' ? '}' : ']';
        } else if ((ch == '}' || ch == ']') && (c->depth == 0 || c->open[--c->depth] != ch)) {
            return false;
        }
    }
    return true;
}

/* The text with everything closed that is open, without a comma or a key that nothing follows. */
static const struct json *close_text(struct arena *a, str text)
{
    struct closing c = {.depth = 0};
    struct buf out;
    const struct json *v = NULL;
    size_t error_at = 0;
    if (!walk(&c, text) || c.is_escaped)
        return NULL;
    buf_init(&out, SIZE_MAX);
    buf_put(&out, text);
    if (c.in_string)
        buf_put_char(&out, '"');
    while (c.depth > 0)
        buf_put_char(&out, c.open[--c.depth]);
    if (json_read(a, arena_str(a, buf_str(&out)), &v, &error_at) != 0 ||
        json_type(v) != JSON_OBJECT)
        v = NULL;
    buf_fini(&out);
    return v;
}

/* Shorter and shorter, to the comma or the bracket before what cannot be closed. */
static const struct json *repair(struct arena *a, str text)
{
    for (unsigned tries = 0; tries < 4; tries++) {
        const struct json *v = close_text(a, text);
        if (v)
            return v;
        size_t comma = str_rfind_char(text, ',');
        size_t brace = str_rfind_char(text, '{');
        if (comma != STR_NONE && (brace == STR_NONE || comma > brace))
            text = str_slice(text, 0, comma);
        else if (brace != STR_NONE)
            text = str_slice(text, 0, brace + 1);
        else
            return NULL;
    }
    return NULL;
}

/* The call with its arguments as an object; false: there is none to be made of them. */
static bool settle_args(struct arena *a, const struct tool_call *from, enum finish finish,
                        struct tool_call *out)
{
    const struct json *v = from->value;
    size_t error_at = 0;
    *out = *from;
    if (from->kind == TOOL_CUSTOM || finish != FINISH_LENGTH || v || from->args.n == 0)
        return true;
    if (json_read(a, from->args, &v, &error_at) == 0 && json_type(v) == JSON_OBJECT)
        return true;
    out->value = repair(a, from->args);
    return out->value != NULL;
}

/* ---- writing ---- */

struct answer {
    struct writing *w;
    struct json_writer json;
    const struct reply_choice *choice;
    bool is_own;
    bool has_calls;
    unsigned n_ids;
};

static void put_rest(struct answer *q, const struct block *b)
{
    if (q->is_own)
        anthropic_put_rest(&q->json, b);
}

static void put_text(struct answer *q, const struct block *b)
{
    if (b->text.n == 0 && !q->is_own)
        return;
    json_begin_object(&q->json, NULL);
    json_put_str(&q->json, "type", S("text"));
    json_put_str(&q->json, "text", b->text);
    bool is_open = false;
    for (const struct annotation *n = b->annotations; n; n = n->next) {
        if (n->origin != DIALECT_ANTHROPIC || !n->raw) {
            loss_add(q->w->loss, LOSS_DROPPED, S("content.citations"));
            continue;
        }
        if (!is_open)
            json_begin_array(&q->json, "citations");
        is_open = true;
        json_put_value(&q->json, NULL, n->raw);
    }
    if (is_open)
        json_end_array(&q->json);
    put_rest(q, b);
    json_end_object(&q->json);
}

static void put_thinking(struct answer *q, const struct block *b)
{
    str proof = anthropic_seal_text(q->w->a, &b->seal);
    bool is_redacted = b->seal.kind == SEAL_REDACTED && !b->reasoning.parts;
    if (proof.n == 0 && !b->reasoning.parts && !q->is_own)
        return;
    json_begin_object(&q->json, NULL);
    json_put_str(&q->json, "type", is_redacted ? S("redacted_thinking") : S("thinking"));
    if (is_redacted) {
        json_put_str(&q->json, "data", proof);
    } else {
        json_put_str(&q->json, "thinking", reasoning_text(q->w->a, &b->reasoning));
        json_put_str(&q->json, "signature", proof.n > 0 || q->is_own ? proof : S(SEAL_ABSENT));
    }
    put_rest(q, b);
    json_end_object(&q->json);
}

static void put_redacted(struct answer *q, str data)
{
    json_begin_object(&q->json, NULL);
    json_put_str(&q->json, "type", S("redacted_thinking"));
    json_put_str(&q->json, "data", data);
    json_end_object(&q->json);
}

static void put_call(struct answer *q, const struct block *b)
{
    struct tool_call call;
    if (!settle_args(q->w->a, &b->call, q->choice->finish.reason, &call))
        return;
    str proof = seal_wrap_call(q->w->a, &b->seal); /* a call has no place for it */
    if (proof.n > 0)
        put_redacted(q, proof);
    q->has_calls = true;
    str id = call.id;
    if (id.n == 0)
        id = make_id(q->w->a, "call_", q->w->id_seed, q->n_ids);
    q->n_ids++;
    json_begin_object(&q->json, NULL);
    json_put_str(&q->json, "type", S("tool_use"));
    json_put_str(&q->json, "id", id);
    json_put_str(&q->json, "name", call.name);
    if (q->is_own && call.value)
        json_put_value(&q->json, "input", call.value);
    else
        call_put_object(&q->json, "input", q->w->a, &call, q->w->loss);
    put_rest(q, b);
    json_end_object(&q->json);
}

static void put_block(struct answer *q, const struct block *b)
{
    switch (b->kind) {
    case BLOCK_TEXT:
    case BLOCK_REFUSAL:
        put_text(q, b);
        return;
    case BLOCK_REASONING:
        put_thinking(q, b);
        return;
    case BLOCK_TOOL_CALL:
        put_call(q, b);
        return;
    case BLOCK_MEDIA: /* of a sound, what is said in it */
        if (b->text.n > 0)
            put_text(q, b);
        else
            loss_add(q->w->loss, LOSS_DROPPED, S("content"));
        return;
    case BLOCK_OPAQUE:
        if (b->extras.origin == DIALECT_ANTHROPIC)
            json_put_value(&q->json, NULL, b->raw);
        else
            loss_add(q->w->loss, LOSS_DROPPED, S("content"));
        return;
    case BLOCK_TOOL_RESULT:
        return;
    }
}

static void put_end(struct answer *q)
{
    const struct finishing *f = &q->choice->finish;
    struct json_writer *json = &q->json;
    if (!q->is_own)
        json_put_str(json, "stop_reason", anthropic_stop_name(q->w, f, q->has_calls));
    else if (f->native.n > 0)
        json_put_str(json, "stop_reason", f->native);
    if (f->stop_sequence.n > 0)
        json_put_str(json, "stop_sequence", f->stop_sequence);
    else if (!q->is_own)
        json_put_null(json, "stop_sequence");
    if (q->is_own && f->details)
        json_put_value(json, "stop_details", f->details);
    else if (!q->is_own)
        anthropic_put_refusal(json, f);
}

static void put_usage(struct answer *q, const struct reply *r)
{
    if (q->is_own && r->usage_raw) {
        json_put_value(&q->json, "usage", r->usage_raw);
        return;
    }
    json_begin_object(&q->json, "usage");
    anthropic_usage_put(&q->json, &r->usage);
    json_end_object(&q->json);
}

int anthropic_write_reply(struct writing *w, const struct reply *reply, struct buf *out)
{
    static const struct reply_choice none = {.blocks = NULL};
    static const char *const written[] = {"id", "type", "role", "model", "content", "usage"};
    struct answer q = {.w = w,
                       .json = json_writer(out),
                       .choice = reply->choices ? reply->choices : &none,
                       .is_own = reply->extras.origin == DIALECT_ANTHROPIC};
    struct json_writer *json = &q.json;
    str id = reply->start.id.n > 0 ? reply->start.id : make_id(w->a, "msg_", w->id_seed, 0);
    json_begin_object(json, NULL);
    json_put_str(json, "id", id);
    json_put_str(json, "type", S("message"));
    json_put_str(json, "role", S("assistant"));
    json_put_str(json, "model", w->model.n > 0 ? w->model : reply->start.model);
    json_begin_array(json, "content");
    for (const struct block *b = q.choice->blocks; b; b = b->next)
        put_block(&q, b);
    json_end_array(json);
    put_end(&q);
    put_usage(&q, reply);
    anthropic_put_extras(json, &reply->extras, written, ARRAY_LEN(written));
    json_end_object(json);
    return w->err->code;
}
