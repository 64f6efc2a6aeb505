/* Reading a stream of generateContent.
 *
 * Every message is a whole GenerateContentResponse with parts that continue the answer. There is
 * no end mark: a stream is whole when every candidate has had its finishReason and the bytes end.
 * Chunks may still come behind the reason (grounding, usage), so FINISH waits for the end.
 *
 * Text that continues text belongs to one block, and so do thoughts; everything else is a part of
 * its own and a block of its own. A signature with text begins a block, so that nothing has to be
 * kept for the block's end; one without text ends the block that is open. Calls never have an
 * index, and often no id: each part is a call, counted through the whole stream.
 *
 * A server that overlooked alt=sse sends one JSON array instead; its elements are read alike. */
#include "base/date.h"
#include "llm/dialect_gemini.h"
#include "llm/dialect_gemini_args.h"
#include "llm/dialect_gemini_ground.h"

#define CANDIDATES_MAX 16
#define WORD_MAX       64  /* bytes of a finishReason */
#define MESSAGE_MAX    256 /* bytes of a finishMessage */

struct candidate {
    unsigned index;
    unsigned n_blocks;
    bool is_open;
    enum block_kind kind; /* of the open block: text or reasoning */
    bool has_finished;
    struct finishing finish; /* its strings in the stream's arena */
    struct text_map map;     /* of all text so far */
    int64_t base;            /* where the open block begins in it */
    struct gemini_args args; /* a call on its way */
    struct candidate *next;
};
struct stream {
    bool has_started;
    bool is_blocked;
    str seed; /* of ids */
    unsigned n_calls, n_candidates;
    struct candidate *candidates;
};

/* One message being read. */
struct reader {
    struct decoder *d;
    struct stream *s;
    struct candidate *c;
    const struct block *proof; /* a signature that ends the open block, once all else is read */
};

static void candidate_release(void *arg)
{
    struct candidate *c = arg;
    text_map_fini(&c->map);
    gemini_args_fini(&c->args);
}

static int fail(struct decoder *d, int code, const char *what)
{
    (void)err_set(d->err, d->a, code, "%s", what);
    return code;
}

/* ---- events ---- */

static int put(struct reader *r, struct event ev)
{
    ev.choice = r->c->index;
    return sink_put(&r->d->sink, &ev);
}

static int put_block(struct reader *r, enum event_kind kind, const struct block *content)
{
    return put(r, (struct event){.kind = kind, .block = r->c->n_blocks, .content = content});
}

static int put_delta(struct reader *r, enum delta_kind kind, bool is_summary, str text)
{
    struct event ev = {.kind = EV_DELTA,
                       .block = r->c->n_blocks,
                       .delta = {.kind = kind, .is_summary = is_summary, .text = text}};
    return text.n > 0 || kind == DELTA_PART ? put(r, ev) : 0;
}

/* Ends the open block, with the signature that proves it. */
static int stop_block(struct reader *r, const struct seal *seal)
{
    struct candidate *c = r->c;
    if (!c->is_open)
        return 0;
    struct block end = {.kind = c->kind};
    if (seal)
        end.seal = *seal;
    int rc = put_block(r, EV_BLOCK_STOP, seal ? &end : NULL);
    c->is_open = false;
    c->n_blocks++;
    return rc;
}

static int start_block(struct reader *r, enum block_kind kind, const struct seal *seal)
{
    struct candidate *c = r->c;
    struct block begin = {.kind = kind};
    if (seal)
        begin.seal = *seal;
    int rc = put_block(r, EV_BLOCK_START, &begin);
    c->is_open = true;
    c->kind = kind;
    if (kind == BLOCK_TEXT)
        c->base = text_map_end(&c->map);
    if (rc == 0 && kind == BLOCK_REASONING)
        rc = put_delta(r, DELTA_PART, true, S_EMPTY);
    return rc;
}

/* A block that is there at once. A call says who made it when it begins, for dialects that say it
 * ahead of the call; a picture when it ends. */
static int whole_block(struct reader *r, const struct block *b, enum delta_kind kind, str text)
{
    struct block begin = *b, end = {.kind = b->kind, .seal = b->seal};
    bool ends_sealed = b->seal.kind != SEAL_NONE && kind != DELTA_ARGS;
    if (ends_sealed)
        begin.seal = (struct seal){.kind = SEAL_NONE};
    if (kind == DELTA_ARGS) {
        begin.call.args = S_EMPTY;
        begin.call.value = NULL;
    }
    if (kind == DELTA_MEDIA)
        begin.media.bytes = S_EMPTY;
    int rc = put_block(r, EV_BLOCK_START, &begin);
    if (rc == 0)
        rc = put_delta(r, kind, false, text);
    if (rc == 0)
        rc = put_block(r, EV_BLOCK_STOP, ends_sealed ? &end : NULL);
    r->c->n_blocks++;
    return rc;
}

/* ---- parts ---- */

static int emit_call(struct reader *r, const struct block *from)
{
    struct block b = *from;
    unsigned number = r->s->n_calls++;
    str seed = r->s->seed.n > 0 ? r->s->seed : b.call.args;
    if (b.call.id.n == 0)
        b.call.id = make_id(r->d->scratch, "call_", seed, number);
    return whole_block(r, &b, DELTA_ARGS, b.call.args);
}

/* Text and thoughts go on in the block that is open, if it is of their kind. */
static int emit_text(struct reader *r, enum block_kind kind, str text, const struct seal *seal)
{
    struct candidate *c = r->c;
    bool is_signed = seal->kind != SEAL_NONE, goes_on = c->is_open && c->kind == kind;
    int rc = 0;
    if (text.n == 0 && !is_signed)
        return 0;
    if (!goes_on) {
        rc = stop_block(r, NULL);
        if (rc == 0)
            rc = start_block(r, kind, is_signed && kind == BLOCK_TEXT ? seal : NULL);
    }
    if (rc == 0)
        rc = put_delta(r, DELTA_TEXT, kind == BLOCK_REASONING, text);
    if (kind == BLOCK_TEXT)
        text_map_add(&c->map, text);
    if (rc == 0 && is_signed && (goes_on || kind == BLOCK_REASONING))
        rc = stop_block(r, seal);
    return rc;
}

/* A signature alone: it ends what is open, or stands for thoughts without a word. */
static int emit_proof(struct reader *r)
{
    const struct block *b = r->proof;
    r->proof = NULL;
    if (!b)
        return 0;
    if (r->c->is_open)
        return stop_block(r, &b->seal);
    struct block begin = {.kind = BLOCK_REASONING};
    int rc = put_block(r, EV_BLOCK_START, &begin);
    begin.seal = b->seal;
    if (rc == 0)
        rc = put_block(r, EV_BLOCK_STOP, &begin);
    r->c->n_blocks++;
    return rc;
}

static int emit(struct reader *r, const struct block *b)
{
    switch (b->kind) {
    case BLOCK_TEXT:
        return emit_text(r, BLOCK_TEXT, b->text, &b->seal);
    case BLOCK_REASONING:
        if (b->reasoning.parts)
            return emit_text(r, BLOCK_REASONING, b->reasoning.parts->text, &b->seal);
        r->proof = b;
        return 0;
    case BLOCK_TOOL_CALL:
    case BLOCK_MEDIA:
    case BLOCK_OPAQUE:
    case BLOCK_TOOL_RESULT:
    case BLOCK_REFUSAL:
        break;
    }
    int rc = stop_block(r, NULL);
    if (rc != 0)
        return rc;
    if (b->kind == BLOCK_TOOL_CALL)
        return emit_call(r, b);
    bool is_bytes = b->kind == BLOCK_MEDIA && b->media.source == MEDIA_BASE64;
    return is_bytes ? whole_block(r, b, DELTA_MEDIA, b->media.bytes)
                    : whole_block(r, b, DELTA_TEXT, S_EMPTY);
}

/* The call that came in pieces is whole. */
static int end_args(struct reader *r)
{
    struct gemini_args *args = &r->c->args;
    if (!args->is_open)
        return 0;
    struct buf text;
    buf_init(&text, SIZE_MAX);
    gemini_args_put(args, &text);
    struct block b = {.kind = BLOCK_TOOL_CALL, .seal = args->seal};
    b.call = (struct tool_call){.id = args->id, .name = args->name, .args = buf_str(&text)};
    int rc = stop_block(r, NULL);
    if (rc == 0)
        rc = emit_call(r, &b);
    buf_fini(&text);
    gemini_args_fini(args);
    return rc;
}

/* Is this part one piece of a call? Then it is taken: the first has the name, the last does not go
 * on. */
static bool is_piece(const struct reader *r, const struct json *call)
{
    bool has_name = json_str(json_get(call, "name")).n > 0;
    return call && !json_get(call, "args") &&
           (json_get(call, "partialArgs") || json_bool(json_get(call, "willContinue"), false) ||
            (r->c->args.is_open && !has_name) || json_count(call) == 0);
}

static int take_piece(struct reader *r, const struct json *part, const struct json *call)
{
    struct gemini_args *args = &r->c->args;
    str name = json_str(json_get(call, "name"));
    const struct json *signature = json_get(part, "thoughtSignature");
    struct seal seal = {.kind = SEAL_NONE};
    if (json_str(signature).n > 0)
        seal = (struct seal){
            .kind = SEAL_SIGNATURE, .family = FAMILY_GEMINI, .value = json_str(signature)};
    int rc = name.n > 0 ? end_args(r) : 0;
    if (rc == 0 && name.n > 0)
        gemini_args_begin(args, json_str(json_get(call, "id")), name, &seal);
    if (rc != 0 || !args->is_open)
        return rc;
    rc = gemini_args_add(args, json_get(call, "partialArgs"));
    if (rc != 0)
        return fail(r->d, rc, "The provider sent pieces of arguments that make no sense.");
    return json_bool(json_get(call, "willContinue"), false) ? 0 : end_args(r);
}

/* What is wrong was said in the scratch arena, and has to outlive it. */
static int keep_fault(struct reader *r, int rc)
{
    struct err *err = r->d->err;
    err->message = arena_str(r->d->a, err->message);
    err->param = arena_str(r->d->a, err->param);
    return rc;
}

static int read_part(struct reader *r, const struct json *part)
{
    const struct json *call = json_get(part, "functionCall");
    if (call && is_piece(r, call))
        return take_piece(r, part, call);
    int rc = end_args(r);
    if (rc == 0)
        rc = emit_proof(r);
    if (rc != 0)
        return rc;
    struct reading in = {
        .a = r->d->scratch, .err = r->d->err, .origin = DIALECT_GEMINI, .code = -E_PROVIDER_BODY};
    struct block *b = NULL;
    rc = gemini_part_read(&in, part, &b);
    return rc != 0 ? keep_fault(r, rc) : emit(r, b);
}

/* ---- candidates ---- */

static int find_candidate(struct reader *r, const struct json *v)
{
    int64_t index = 0;
    const struct json *number = json_get(v, "index");
    if (number && (!json_i64(number, &index) || index < 0 || index >= CANDIDATES_MAX))
        return fail(r->d, -E_PROVIDER_BODY, "The provider numbered a candidate that cannot be.");
    struct candidate **at = &r->s->candidates;
    while (*at && (*at)->index != (unsigned)index)
        at = &(*at)->next;
    if (!*at) {
        *at = arena_new(r->d->a, struct candidate);
        (*at)->index = (unsigned)index;
        text_map_init(&(*at)->map);
        gemini_args_init(&(*at)->args);
        arena_on_fini(r->d->a, candidate_release, *at);
    }
    r->c = *at;
    return 0;
}

static void note_finish(struct reader *r, str native, enum finish reason, str message)
{
    struct candidate *c = r->c;
    if (c->has_finished)
        return;
    c->has_finished = true;
    c->finish.reason = reason;
    c->finish.native = arena_str(r->d->a, str_slice(native, 0, WORD_MAX));
    c->finish.message = arena_str(r->d->a, str_slice(message, 0, MESSAGE_MAX));
}

static int read_beside(struct reader *r, const struct json *v)
{
    struct candidate *c = r->c;
    if (!c->is_open || c->kind != BLOCK_TEXT)
        return 0;
    int rc = 0;
    const struct annotation *n = gemini_annotations(r->d->scratch, v, -1, &c->map, c->base);
    for (; n && rc == 0; n = n->next)
        rc = put(r, (struct event){.kind = EV_ANNOTATION, .block = c->n_blocks, .annotation = n});
    const struct json *result = json_get(v, "logprobsResult");
    const struct json *list = result ? gemini_logprobs_read(r->d->scratch, result) : NULL;
    if (rc == 0 && list)
        rc = put(r, (struct event){.kind = EV_LOGPROBS, .block = c->n_blocks, .logprobs = list});
    return rc;
}

static int read_candidate(struct reader *r, const struct json *v)
{
    int rc = find_candidate(r, v);
    const struct json *parts = json_get(json_get(v, "content"), "parts");
    struct json_iter it = gemini_list(parts);
    while (rc == 0 && gemini_list_next(&it, parts))
        rc = read_part(r, it.value);
    if (rc == 0)
        rc = read_beside(r, v);
    if (rc == 0)
        rc = emit_proof(r);
    str reason = gemini_finish_read(json_get(v, "finishReason"));
    if (rc == 0 && reason.n > 0)
        note_finish(r, reason, gemini_finish(reason), json_str(json_get(v, "finishMessage")));
    return rc;
}

/* ---- messages ---- */

static int start(struct reader *r, const struct json *v)
{
    struct stream *s = r->s;
    int64_t at_us = 0;
    if (s->has_started)
        return 0;
    s->has_started = true;
    str created = json_str(json_get(v, "createTime"));
    struct event ev = {.kind = EV_START};
    ev.start = (struct start){.id = json_str(json_get(v, "responseId")),
                              .model = json_str(json_get(v, "modelVersion")),
                              .created_s = -1};
    if (date_read(created, &at_us))
        ev.start.created_s = at_us / 1000000;
    s->seed = arena_str(r->d->a, str_slice(ev.start.id.n > 0 ? ev.start.id : created, 0, 256));
    return sink_put(&r->d->sink, &ev);
}

static int read_failure(struct reader *r, const struct json *v)
{
    struct event ev = {.kind = EV_ERROR};
    ev.failure = (struct failure){
        .class = FAILURE_SERVER, .message = S("The provider reported an error."), .retry_ms = -1};
    gemini_read_error(r->d->scratch, v, S_EMPTY, &ev.failure);
    r->d->has_ended = true;
    return sink_put(&r->d->sink, &ev);
}

/* The prompt was refused: there are no candidates and never will be. */
static int read_feedback(struct reader *r, const struct json *v)
{
    str reason = json_str(json_get(v, "blockReason"));
    if (reason.n == 0 || r->s->candidates)
        return 0;
    int rc = find_candidate(r, NULL);
    if (rc == 0)
        note_finish(r, reason, FINISH_CONTENT_FILTER, json_str(json_get(v, "blockReasonMessage")));
    return rc;
}

static int read_chunk(struct reader *r, const struct json *v)
{
    const struct json *candidates = json_get(v, "candidates");
    const struct json *error = json_get(v, "error");
    if (json_type(v) != JSON_OBJECT)
        return fail(r->d, -E_PROVIDER_BODY, "The provider sent an event that is no JSON object.");
    int rc = start(r, v);
    if (rc == 0 && error && json_type(error) != JSON_NULL)
        return read_failure(r, v);
    struct json_iter it = gemini_list(candidates);
    while (rc == 0 && gemini_list_next(&it, candidates))
        rc = read_candidate(r, it.value);
    if (rc == 0)
        rc = read_feedback(r, json_get(v, "promptFeedback"));
    struct event ev = {.kind = EV_USAGE, .usage = USAGE_NONE};
    gemini_usage_read(json_get(v, "usageMetadata"), &ev.usage);
    return rc == 0 && usage_is_known(&ev.usage) ? sink_put(&r->d->sink, &ev) : rc;
}

/* The bytes have ended: all's well if every candidate has. */
static int finish(struct reader *r)
{
    struct decoder *d = r->d;
    int rc = 0;
    bool is_whole = r->s && r->s->candidates;
    for (struct candidate *c = r->s ? r->s->candidates : NULL; c; c = c->next)
        is_whole = is_whole && c->has_finished;
    if (!is_whole)
        return err_set_code(d->err, -E_PROVIDER_TRUNCATED);
    for (r->c = r->s->candidates; r->c && rc == 0; r->c = r->c->next) {
        rc = end_args(r);
        if (rc == 0)
            rc = stop_block(r, NULL);
    }
    for (r->c = r->s->candidates; r->c && rc == 0; r->c = r->c->next)
        rc = put(r, (struct event){.kind = EV_FINISH, .finish = r->c->finish});
    d->has_ended = true;
    return rc == 0 ? sink_put(&d->sink, &(struct event){.kind = EV_END}) : rc;
}

static int read_array(struct reader *r, str text)
{
    const struct json *list = gemini_value(r->d->scratch, text);
    if (!list || json_type(list) != JSON_ARRAY)
        return fail(r->d, -E_PROVIDER_BODY, "The provider sent an event that is not valid JSON.");
    int rc = 0;
    for (struct json_iter it = json_iter(list); rc == 0 && json_iter_next(&it);)
        rc = r->d->has_ended ? 0 : read_chunk(r, it.value);
    return rc;
}

int gemini_read_message(struct decoder *d, const struct message *m)
{
    struct reader r = {.d = d, .s = d->state};
    const struct json *v = NULL;
    if (d->has_ended)
        return 0;
    if (!m)
        return finish(&r);
    if (!r.s)
        r.s = d->state = arena_new(d->a, struct stream);
    if (str_has_prefix(str_trim(m->data), S("[")))
        return read_array(&r, m->data);
    int rc = decoder_json(d, m->data, &v);
    return rc == 0 ? read_chunk(&r, v) : rc;
}
