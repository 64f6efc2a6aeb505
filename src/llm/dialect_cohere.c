/* Cohere's API v2, POST /v2/chat (docs.cohere.com/v2/reference/chat): the codec, its tables, whole
 * answers and errors.
 *
 * Usage comes twice: `tokens` is what the model read and wrote, `billed_units` what is paid for,
 * which leaves out the prompt that Cohere adds. The first is the usage of the intermediate form.
 * Citations point into one of the parts of content; they hang on that block as annotations and are
 * kept as they came among the message's extras, from where this dialect gets them back. */
#include "llm/dialect_cohere.h"

#include "llm/carry.h"

/* ---- ends ---- */

static const struct {
    const char *name;
    enum finish finish;
} reasons[] = {
    /* The first row of a finish is how it is written. */
    {"COMPLETE", FINISH_STOP},
    {"STOP_SEQUENCE", FINISH_STOP_SEQUENCE},
    {"MAX_TOKENS", FINISH_LENGTH},
    {"TOOL_CALL", FINISH_TOOL_CALLS},
    {"ERROR", FINISH_ERROR},
    {"TIMEOUT", FINISH_ERROR},
    {"ERROR", FINISH_CONTENT_FILTER},
    {"ERROR_TOXIC", FINISH_CONTENT_FILTER},
    {"MAX_TOKENS", FINISH_CONTEXT_WINDOW},
    {"ERROR_LIMIT", FINISH_CONTEXT_WINDOW},
    {"MAX_TOKENS", FINISH_CONTINUATION},
    {"ERROR", FINISH_MALFORMED_TOOL},
};

enum finish cohere_finish_from(str reason)
{
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (str_eq(reason, str_from_cz(reasons[i].name)))
            return reasons[i].finish;
    }
    return FINISH_OTHER;
}

str cohere_finish_name(enum finish f, bool has_refusal)
{
    if (f == FINISH_REFUSAL && !has_refusal)
        f = FINISH_CONTENT_FILTER;
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (reasons[i].finish == f)
            return str_from_cz(reasons[i].name);
    }
    return S("COMPLETE");
}

/* ---- usage ---- */

static void read_count(const struct json *object, const char *key, int64_t *out)
{
    const struct json *v = json_get(object, key);
    int64_t n;
    double d;
    if (json_i64(v, &n) && n >= 0)
        *out = n;
    else if (json_double(v, &d) && d >= 0 && d < 9e15) /* 12.0: counts are floats in the schema */
        *out = (int64_t)d;
}

void cohere_read_usage(const struct json *v, struct usage *u)
{
    struct usage read = USAGE_NONE;
    const struct json *tokens = json_get(v, "tokens"), *billed = json_get(v, "billed_units");
    read_count(tokens ? tokens : billed, "input_tokens", &read.input_tokens);
    read_count(tokens ? tokens : billed, "output_tokens", &read.output_tokens);
    read_count(tokens, "reasoning_tokens", &read.reasoning_tokens);
    read_count(billed, "search_units", &read.searches);
    read_count(v, "cached_tokens", &read.cached_tokens);
    usage_update(u, &read);
}

static void put_count(struct json_writer *w, const char *key, int64_t n)
{
    if (n >= 0)
        json_put_int(w, key, n);
}

void cohere_put_usage(struct json_writer *w, const struct usage *u)
{
    json_begin_object(w, "usage");
    json_begin_object(w, "billed_units");
    put_count(w, "input_tokens", u->input_tokens);
    put_count(w, "output_tokens", u->output_tokens);
    json_end_object(w);
    json_begin_object(w, "tokens");
    put_count(w, "input_tokens", u->input_tokens);
    put_count(w, "output_tokens", u->output_tokens);
    put_count(w, "reasoning_tokens", u->reasoning_tokens);
    json_end_object(w);
    put_count(w, "cached_tokens", u->cached_tokens);
    json_end_object(w);
}

/* ---- citations ---- */

void cohere_read_citation(struct arena *a, const struct json *v, struct annotation *out)
{
    const struct json *source = json_at(json_get(v, "sources"), 0);
    const struct json *document = json_get(source, "document");
    if (!document)
        document = json_get(source, "tool_output");
    (void)a;
    *out = (struct annotation){.begin = -1, .end = -1, .raw = v, .origin = DIALECT_COHERE};
    out->type = json_str(json_get(source, "type"));
    out->text = json_str(json_get(v, "text"));
    out->title = json_str(json_get(document, "title"));
    out->url = json_str(json_get(document, "url"));
    (void)json_i64(json_get(v, "start"), &out->begin);
    (void)json_i64(json_get(v, "end"), &out->end);
}

void cohere_put_citation(struct json_writer *w, const char *key, const struct annotation *a,
                         int64_t index)
{
    if (a->raw && a->origin == DIALECT_COHERE) {
        json_put_value(w, key, a->raw);
        return;
    }
    json_begin_object(w, key);
    put_count(w, "start", a->begin);
    put_count(w, "end", a->end);
    json_put_str(w, "text", a->text);
    json_begin_array(w, "sources");
    json_begin_object(w, NULL);
    json_put_str(w, "type", S("document"));
    json_put_str(w, "id", a->url.n > 0 ? a->url : a->title);
    json_begin_object(w, "document");
    if (a->title.n > 0)
        json_put_str(w, "title", a->title);
    if (a->url.n > 0)
        json_put_str(w, "url", a->url);
    json_end_object(w);
    json_end_object(w);
    json_end_array(w);
    json_put_str(w, "type", S("TEXT_CONTENT"));
    put_count(w, "content_index", index);
    json_end_object(w);
}

/* ---- whole answers, read ---- */

/* The block of content that a citation is in: by its index, else the last text. */
static struct block *cited(struct block *content, const struct json *citation)
{
    int64_t index = -1, i = 0;
    struct block *last = NULL;
    (void)json_i64(json_get(citation, "content_index"), &index);
    for (struct block *b = content; b; b = b->next, i++) {
        if (i == index)
            return b;
        if (b->kind == BLOCK_TEXT)
            last = b;
    }
    return last;
}

static void read_citations(struct arena *a, const struct json *v, struct block *content,
                           struct block *plan)
{
    struct block *at = NULL;
    struct annotation *last = NULL;
    for (struct json_iter it = json_iter(v); json_iter_next(&it);) {
        bool is_of_plan = str_eq(json_str(json_get(it.value, "type")), S("PLAN"));
        struct block *b = is_of_plan && plan ? plan : cited(content, it.value);
        if (!b)
            continue;
        struct annotation *one = arena_new(a, struct annotation);
        cohere_read_citation(a, it.value, one);
        if (b != at) /* citations of one block stand together: its end is looked for once */
            for (last = b->annotations; last && last->next;)
                last = last->next;
        if (last)
            last->next = one;
        else
            b->annotations = one;
        last = one;
        at = b;
    }
}

/* Thoughts, then the plan, then what is said, then the calls: the order of a stream. */
static void arrange(struct reply_choice *c, struct block *content, struct block *plan,
                    struct block *calls)
{
    struct block *next;
    bool has_plan = !plan;
    for (struct block *b = content; b; b = next) {
        next = b->next;
        b->next = NULL;
        b->last = NULL;
        if (!has_plan && b->kind != BLOCK_REASONING)
            block_add(&c->blocks, plan);
        has_plan = has_plan || b->kind != BLOCK_REASONING;
        block_add(&c->blocks, b);
    }
    if (!has_plan)
        block_add(&c->blocks, plan);
    if (calls)
        block_add(&c->blocks, calls);
}

static int read_message(struct reading *r, const struct json *v, struct reply_choice *c)
{
    enum { ROLE, CONTENT, TOOL_CALLS, TOOL_PLAN, CITATIONS };
    static const char *const keys[] = {"role", "content", "tool_calls", "tool_plan", "citations"};
    const struct json *m[ARRAY_LEN(keys)];
    struct block *content = NULL, *plan = NULL, *calls = NULL;
    bool is_plain = false;
    int rc = MEMBERS_READ(r, v, keys, m, &c->message_extras);
    if (rc == 0)
        rc = cohere_read_content(r, m[CONTENT], &content, &is_plain);
    if (rc == 0)
        rc = cohere_read_calls(r, m[TOOL_CALLS], &calls);
    if (rc < 0)
        return rc;
    if (json_is_str(m[TOOL_PLAN])) {
        plan = block_text(r->a, json_str(m[TOOL_PLAN]));
        plan->phase = COHERE_PLAN;
    }
    read_citations(r->a, m[CITATIONS], content, plan);
    arrange(c, content, plan, calls);
    if (m[CITATIONS])
        extras_add(r->a, &c->message_extras, S("citations"), m[CITATIONS]);
    if (m[CONTENT] && !content)
        extras_add(r->a, &c->message_extras, S("content"), m[CONTENT]);
    if (m[TOOL_CALLS] && !calls)
        extras_add(r->a, &c->message_extras, S("tool_calls"), m[TOOL_CALLS]);
    return 0;
}

static int read_reply(struct reading *r, const struct json *body, struct reply *out)
{
    enum { ID, FINISH_REASON, MESSAGE, USAGE };
    static const char *const keys[] = {"id", "finish_reason", "message", "usage"};
    const struct json *m[ARRAY_LEN(keys)];
    int rc = MEMBERS_READ(r, body, keys, m, &out->extras);
    if (rc < 0)
        return rc;
    if (!m[MESSAGE])
        return member_fail(r, "message", "The provider's answer has no message.");
    struct reading inner = reading_at(r, "message", -1);
    struct reply_choice *c = reply_choice_at(r->a, out, 0);
    rc = read_message(&inner, m[MESSAGE], c);
    out->start.id = json_str(m[ID]);
    c->finish.native = json_str(m[FINISH_REASON]);
    c->finish.reason = cohere_finish_from(c->finish.native);
    out->usage_raw = m[USAGE];
    cohere_read_usage(m[USAGE], &out->usage);
    return rc;
}

/* ---- whole answers, written ---- */

static void put_citations(struct json_writer *w, const struct reply_choice *c)
{
    size_t n = 0;
    int64_t index = -1;
    for (const struct block *b = c->blocks; b; b = b->next) {
        if ((b->kind == BLOCK_TEXT && !cohere_is_plan(b)) || b->kind == BLOCK_REASONING)
            index++;
        for (const struct annotation *a = b->annotations; a; a = a->next) {
            if (n++ == 0)
                json_begin_array(w, "citations");
            cohere_put_citation(w, NULL, a, index);
        }
    }
    if (n > 0)
        json_end_array(w);
}

static void put_content(struct writing *w, struct json_writer *json, const struct reply_choice *c)
{
    size_t n = 0;
    for (const struct block *b = c->blocks; b; b = b->next) {
        bool is_part = b->kind == BLOCK_TEXT || b->kind == BLOCK_REFUSAL ||
                       b->kind == BLOCK_OPAQUE ||
                       (b->kind == BLOCK_REASONING && b->reasoning.parts);
        if (!is_part || cohere_is_plan(b))
            continue;
        if (n++ == 0)
            json_begin_array(json, "content");
        if (!cohere_put_part(json, w->a, b))
            loss_add(w->loss, LOSS_DROPPED, S("content"));
    }
    if (n > 0)
        json_end_array(json);
}

static void put_plan(struct json_writer *json, const struct reply_choice *c)
{
    struct buf plan;
    bool has_plan = false;
    buf_init(&plan, SIZE_MAX);
    for (const struct block *b = c->blocks; b; b = b->next) {
        if (!cohere_is_plan(b))
            continue;
        if (plan.n > 0)
            buf_put_char(&plan, '\n');
        buf_put(&plan, b->text);
        has_plan = true;
    }
    if (has_plan)
        json_put_str(json, "tool_plan", buf_str(&plan));
    buf_fini(&plan);
}

/* A call as this dialect writes it: with an id and with arguments. */
static void put_call(struct writing *w, struct json_writer *json, const struct block *b, unsigned n)
{
    struct block call = *b;
    if (call.call.kind == TOOL_CUSTOM)
        call.call.args = arena_concat(
            w->a, (str[]){free_text_piece(w->a, call.call.args, true), S(FREE_TEXT_END)}, 2);
    if (call.call.args.n == 0)
        call.call.args = call.call.value ? json_text(w->a, call.call.value) : S("{}");
    str id = call.call.id.n > 0 ? call.call.id : make_id(w->a, "call_", w->id_seed, n);
    cohere_put_call(json, NULL, &call, id, call.call.name);
}

static void put_calls(struct writing *w, struct json_writer *json, const struct reply_choice *c)
{
    unsigned n = 0;
    for (const struct block *b = c->blocks; b; b = b->next) {
        if (b->kind != BLOCK_TOOL_CALL)
            continue;
        if (n == 0)
            json_begin_array(json, "tool_calls");
        put_call(w, json, b, n++);
    }
    if (n > 0)
        json_end_array(json);
}

static int write_reply(struct writing *w, const struct reply *r, struct buf *out)
{
    bool is_own = r->extras.origin == DIALECT_COHERE;
    const struct reply_choice none = {.blocks = NULL};
    const struct reply_choice *c = r->choices ? r->choices : &none;
    enum finish f = finish_settle(c->finish.reason, block_list_has(c->blocks, BLOCK_TOOL_CALL));
    struct json_writer json = json_writer(out);
    json_begin_object(&json, NULL);
    json_put_str(&json, "id", r->start.id.n > 0 ? r->start.id : make_id(w->a, "", w->id_seed, 0));
    json_begin_object(&json, "message");
    json_put_str(&json, "role", S("assistant"));
    put_content(w, &json, c);
    put_plan(&json, c);
    put_calls(w, &json, c);
    if (!extras_find(&c->message_extras, S("citations")) || !is_own)
        put_citations(&json, c);
    extras_put(&json, &c->message_extras, DIALECT_COHERE);
    json_end_object(&json);
    bool has_refusal = block_list_has(c->blocks, BLOCK_REFUSAL);
    json_put_str(&json, "finish_reason",
                 is_own && c->finish.native.n > 0 ? c->finish.native
                                                  : cohere_finish_name(f, has_refusal));
    if (is_own && r->usage_raw)
        json_put_value(&json, "usage", r->usage_raw);
    else if (usage_is_known(&r->usage))
        cohere_put_usage(&json, &r->usage);
    extras_put(&json, &r->extras, DIALECT_COHERE);
    json_end_object(&json);
    return 0;
}

/* ---- errors ---- */

static void read_error(struct arena *a, const struct json *body, str hint, struct failure *f)
{
    str message = json_str(json_get(body, "message")), id = json_str(json_get(body, "id"));
    (void)a;
    (void)hint;
    f->type = json_str(json_get(body, "error_type"));
    if (message.n > 0)
        f->message = message;
    if (id.n > 0)
        f->request_id = id;
    if (f->class == FAILURE_BAD_REQUEST && (str_eq(f->type, S("TOO_MANY_TOKENS")) ||
                                            str_find(message, S("too many tokens")) != STR_NONE))
        f->class = FAILURE_CONTEXT;
}

static void write_error(const struct failure *f, struct buf *out)
{
    struct json_writer w = json_writer(out);
    json_begin_object(&w, NULL);
    if (f->request_id.n > 0)
        json_put_str(&w, "id", f->request_id);
    json_put_str(&w, "message", f->message);
    if (f->gateway.n > 0)
        json_put_raw(&w, "gateway", f->gateway);
    json_end_object(&w);
}

const struct codec dialect_cohere = {
    .read_request = cohere_read_request,
    .write_request = cohere_write_request,
    .read_message = cohere_read_message,
    .read_reply = read_reply,
    .write_event = cohere_write_event,
    .write_reply = write_reply,
    .read_error = read_error,
    .write_error = write_error,
};
