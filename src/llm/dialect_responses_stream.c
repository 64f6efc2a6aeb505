/* Reading a provider's stream.
 *
 * Servers of this dialect differ in what they leave out: deltas (only .done), announcements (deltas
 * without .added), the same id for the same item. So items are known by their output_index alone,
 * and whatever an event repeats whole is used for what did not come in pieces: the text of a .done,
 * the item of output_item.done, at last the output of the final response. Parts of a message are
 * counted in the order in which they come, because content_index does not always begin at 0.
 *
 * A call is announced once its name is known, a hosted tool's item (opaque) once it is whole;
 * sealed reasoning counts as its output_item.done has it, the one in .added is partial. A part
 * stays open until the next one of its item or the item's end, since citations may come behind the
 * text.
 *
 * The state of a stream is one small record per open block, used again. */
#include "llm/dialect_responses.h"

#include <string.h>

#define ID_KEPT    80 /* longer ids of messages are not kept */
#define PHASE_KEPT 16
#define OPEN_MAX   1024 /* items and parts open at the same time */

/* An open item, or an open part of a message. */
struct track {
    int64_t item;         /* output_index */
    int64_t part;         /* content_index of a message's part; PART_NONE: the item itself */
    enum block_kind kind; /* of its block */
    unsigned block;       /* number of its block */
    bool has_block;       /* not so for a message itself */
    bool has_text;        /* pieces of it have come */
    bool is_summary;      /* reasoning: the kind of its part now */
    int64_t thought;      /* reasoning: number of its part now; PART_NONE: none yet */
    unsigned n_parts;     /* message: begun so far */
    unsigned n_notes;     /* text: annotations so far */
    unsigned char n_id, n_phase;
    char id[ID_KEPT], phase[PHASE_KEPT];
    struct track *next;
};
enum { PART_NONE = -1 };

struct stream {
    struct track *open, *spare;
    unsigned n_blocks, n_open;
    bool has_started, has_items, has_calls, has_refusal;
};

/* What the handlers work on. */
struct incoming {
    struct decoder *d;
    struct stream *s;
    const struct json *event;
    int64_t item; /* output_index; 0 when it is missing */
    int64_t part; /* content_index */
};

static int put(const struct incoming *in, struct event ev)
{
    return sink_put(&in->d->sink, &ev);
}

static str member(const struct incoming *in, const char *name)
{
    return json_str(json_get(in->event, name));
}

/* ---- open blocks ---- */

static struct track *find(const struct incoming *in, int64_t part)
{
    for (struct track *t = in->s->open; t; t = t->next) {
        if (t->item == in->item && t->part == part)
            return t;
    }
    return NULL;
}

static struct track *track_new(const struct incoming *in, int64_t part, enum block_kind kind)
{
    struct stream *s = in->s;
    struct track *t = s->spare;
    if (t)
        s->spare = t->next;
    else
        t = arena_new(in->d->a, struct track);
    *t = (struct track){.item = in->item, .part = part, .kind = kind, .thought = PART_NONE};
    struct track **last = &s->open;
    while (*last)
        last = &(*last)->next;
    *last = t;
    s->has_items = true;
    s->n_open++;
    return t;
}

static void track_free(struct stream *s, struct track *t)
{
    struct track **at = &s->open;
    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    t->next = s->spare;
    s->spare = t;
    s->n_open--;
}

static void keep_name(struct track *t, str id, str phase)
{
    if (id.n > 0 && id.n <= sizeof t->id) {
        memcpy(t->id, id.p, id.n);
        t->n_id = (unsigned char)id.n;
    }
    if (phase.n > 0 && phase.n <= sizeof t->phase) {
        memcpy(t->phase, phase.p, phase.n);
        t->n_phase = (unsigned char)phase.n;
    }
}

static int open_block(const struct incoming *in, struct track *t, const struct block *content)
{
    t->has_block = true;
    t->block = in->s->n_blocks++;
    in->s->has_calls = in->s->has_calls || t->kind == BLOCK_TOOL_CALL;
    in->s->has_refusal = in->s->has_refusal || t->kind == BLOCK_REFUSAL;
    return put(in, (struct event){.kind = EV_BLOCK_START, .block = t->block, .content = content});
}

/* Ends the block of t and forgets it. */
static int close_block(const struct incoming *in, struct track *t, const struct block *content)
{
    struct event stop = {.kind = EV_BLOCK_STOP, .block = t->block, .content = content};
    bool has_block = t->has_block;
    track_free(in->s, t);
    return has_block ? put(in, stop) : 0;
}

static int put_delta(const struct incoming *in, struct track *t, enum delta_kind kind, str text)
{
    bool is_lost = !t->has_block; /* the item was announced as another one */
    if (is_lost || (text.n == 0 && kind != DELTA_PART))
        return 0;
    t->has_text = t->has_text || kind != DELTA_PART;
    return put(in,
               (struct event){.kind = EV_DELTA,
                              .block = t->block,
                              .delta = {.kind = kind, .is_summary = t->is_summary, .text = text}});
}

/* ---- the beginning ---- */

static int start(const struct incoming *in, const struct json *response)
{
    double created = -1;
    if (in->s->has_started)
        return 0;
    in->s->has_started = true;
    struct start start = {.id = json_str(json_get(response, "id")),
                          .model = json_str(json_get(response, "model")),
                          .service_tier = json_str(json_get(response, "service_tier")),
                          .created_s = -1};
    const struct json *at = json_get(response, "created_at");
    if (at && json_double(at, &created) && created >= 0 && created < 1e15)
        start.created_s = (int64_t)created;
    return put(in, (struct event){.kind = EV_START, .start = start});
}

static int on_start(const struct incoming *in)
{
    return start(in, json_get(in->event, "response"));
}

/* ---- messages ---- */

static struct track *message_of(const struct incoming *in)
{
    struct track *t = find(in, PART_NONE);
    if (!t) {
        t = track_new(in, PART_NONE, BLOCK_TEXT);
        keep_name(t, member(in, "item_id"), S_EMPTY);
    }
    return t;
}

/* Ends the open part of this item, if there is one. */
static int close_parts(const struct incoming *in, const struct block *content)
{
    int rc = 0;
    for (struct track *t = in->s->open; t && rc == 0;) {
        struct track *next = t->next;
        if (t->item == in->item && t->part != PART_NONE)
            rc = close_block(in, t, content);
        t = next;
    }
    return rc;
}

/* Begins a part of the message; `content` may say more of it than its message does. */
static int open_part(const struct incoming *in, enum block_kind kind, const struct block *content,
                     struct track **out)
{
    struct track *message = message_of(in);
    int rc = close_parts(in, NULL);
    if (rc != 0)
        return rc;
    struct block b = content ? *content : (struct block){.kind = kind};
    b.item_id = str_of(message->id, message->n_id);
    b.phase = str_of(message->phase, message->n_phase);
    b.extras.origin = DIALECT_RESPONSES;
    message->n_parts++;
    *out = track_new(in, in->part, kind);
    return open_block(in, *out, &b);
}

static int part_of(const struct incoming *in, enum block_kind kind, struct track **out)
{
    *out = find(in, in->part);
    return *out ? 0 : open_part(in, kind, NULL, out);
}

static int put_logprobs(const struct incoming *in, const struct track *t)
{
    const struct json *logprobs = json_get(in->event, "logprobs");
    if (json_count(logprobs) == 0 || json_type(logprobs) != JSON_ARRAY)
        return 0;
    return put(in, (struct event){.kind = EV_LOGPROBS, .block = t->block, .logprobs = logprobs});
}

static int put_annotation(const struct incoming *in, struct track *t, const struct json *v)
{
    struct reading r = {.a = in->d->scratch,
                        .err = in->d->err,
                        .code = -E_PROVIDER_BODY,
                        .origin = DIALECT_RESPONSES};
    struct annotation *a = NULL;
    int rc = responses_read_annotation(&r, v, &a);
    if (rc != 0)
        return rc;
    t->n_notes++;
    return put(in, (struct event){.kind = EV_ANNOTATION, .block = t->block, .annotation = a});
}

static int on_text(const struct incoming *in)
{
    struct track *t;
    int rc = part_of(in, BLOCK_TEXT, &t);
    if (rc == 0)
        rc = put_delta(in, t, DELTA_TEXT, member(in, "delta"));
    return rc == 0 ? put_logprobs(in, t) : rc;
}

static int on_refusal(const struct incoming *in)
{
    struct track *t;
    int rc = part_of(in, BLOCK_REFUSAL, &t);
    return rc == 0 ? put_delta(in, t, DELTA_TEXT, member(in, "delta")) : rc;
}

static int whole_part(const struct incoming *in, enum block_kind kind, str text)
{
    struct track *t;
    int rc = part_of(in, kind, &t);
    if (rc != 0 || t->has_text)
        return rc;
    rc = put_delta(in, t, DELTA_TEXT, text);
    return rc == 0 && kind == BLOCK_TEXT ? put_logprobs(in, t) : rc;
}

static int on_text_done(const struct incoming *in)
{
    return whole_part(in, BLOCK_TEXT, member(in, "text"));
}

static int on_refusal_done(const struct incoming *in)
{
    return whole_part(in, BLOCK_REFUSAL, member(in, "refusal"));
}

static int on_annotation(const struct incoming *in)
{
    struct track *t;
    const struct json *v = json_get(in->event, "annotation");
    if (!v || json_type(v) != JSON_OBJECT)
        return 0;
    int rc = part_of(in, BLOCK_TEXT, &t);
    return rc == 0 ? put_annotation(in, t, v) : rc;
}

/* What the whole part has and its pieces had not. */
static int fill_part(const struct incoming *in, struct track *t, const struct block *b)
{
    int rc = t->has_text ? 0 : put_delta(in, t, DELTA_TEXT, b->text);
    unsigned i = 0, known = t->n_notes;
    for (const struct annotation *n = b->annotations; n && rc == 0; n = n->next) {
        if (i++ >= known)
            rc = put_annotation(in, t, n->raw);
    }
    return rc;
}

/* Parts of a message that is whole: the one that is open, and those that never came. */
static int finish_message(const struct incoming *in, const struct responses_item *item)
{
    struct track *message = message_of(in);
    unsigned i = 0, begun = message->n_parts;
    int rc = 0;
    keep_name(message, item->id, item->phase);
    for (const struct block *b = item->blocks; b && rc == 0; b = b->next, i++) {
        struct track *t = NULL;
        struct incoming at = *in;
        at.part = (int64_t)i;
        struct block begin = *b;
        begin.text = S_EMPTY;
        begin.annotations = NULL;
        begin.next = NULL;
        if (i >= begun) {
            rc = open_part(&at, b->kind, &begin, &t);
        } else if (i + 1 == begun) {
            for (t = in->s->open; t && (t->item != in->item || t->part == PART_NONE);)
                t = t->next;
        }
        if (rc == 0 && t && b->kind == t->kind)
            rc = fill_part(&at, t, b);
    }
    struct block end = {.kind = BLOCK_TEXT, .item_id = item->id, .phase = item->phase};
    if (rc == 0)
        rc = close_parts(in, &end);
    return rc == 0 ? close_block(in, message, NULL) : rc;
}

/* ---- reasoning ---- */

static int reasoning_of(const struct incoming *in, const struct reasoning *r, struct track **out)
{
    *out = find(in, PART_NONE);
    if (*out)
        return 0;
    struct block b = {.kind = BLOCK_REASONING, .extras.origin = DIALECT_RESPONSES};
    b.reasoning.id = r ? r->id : member(in, "item_id");
    *out = track_new(in, PART_NONE, BLOCK_REASONING);
    return open_block(in, *out, &b);
}

/* The part that pieces of text belong to; a new one is announced. */
static int thought_of(const struct incoming *in, bool is_summary, int64_t index, struct track **out)
{
    int rc = reasoning_of(in, NULL, out);
    struct track *t = *out;
    if (rc != 0 || (t->thought == index && t->is_summary == is_summary))
        return rc;
    t->thought = index;
    t->is_summary = is_summary;
    t->has_text = false;
    return put_delta(in, t, DELTA_PART, S_EMPTY);
}

static int64_t summary_index(const struct incoming *in)
{
    int64_t i = 0;
    const struct json *v = json_get(in->event, "summary_index");
    return v && json_i64(v, &i) ? i : 0;
}

static int on_summary_part(const struct incoming *in)
{
    struct track *t;
    return thought_of(in, true, summary_index(in), &t);
}

static int on_summary(const struct incoming *in)
{
    struct track *t;
    int rc = thought_of(in, true, summary_index(in), &t);
    return rc == 0 ? put_delta(in, t, DELTA_TEXT, member(in, "delta")) : rc;
}

static int on_summary_done(const struct incoming *in)
{
    struct track *t;
    int rc = thought_of(in, true, summary_index(in), &t);
    return rc == 0 && !t->has_text ? put_delta(in, t, DELTA_TEXT, member(in, "text")) : rc;
}

static int on_thought(const struct incoming *in)
{
    struct track *t;
    int rc = thought_of(in, false, in->part, &t);
    return rc == 0 ? put_delta(in, t, DELTA_TEXT, member(in, "delta")) : rc;
}

static int on_thought_done(const struct incoming *in)
{
    struct track *t;
    int rc = thought_of(in, false, in->part, &t);
    return rc == 0 && !t->has_text ? put_delta(in, t, DELTA_TEXT, member(in, "text")) : rc;
}

static int finish_reasoning(const struct incoming *in, const struct block *b)
{
    struct track *t;
    int rc = reasoning_of(in, &b->reasoning, &t);
    bool is_missing = rc == 0 && t->thought == PART_NONE;
    for (struct reasoning_part *p = b->reasoning.parts; p && is_missing && rc == 0; p = p->next) {
        t->is_summary = p->is_summary;
        rc = put_delta(in, t, DELTA_PART, S_EMPTY);
        if (rc == 0)
            rc = put_delta(in, t, DELTA_TEXT, p->text);
    }
    return rc == 0 ? close_block(in, t, b) : rc;
}

/* ---- calls ---- */

/* A call as its announcement has it: without arguments. */
static struct block announced(const struct block *whole)
{
    struct block b = *whole;
    b.call.args = S_EMPTY;
    b.call.value = NULL;
    b.call.status = S_EMPTY;
    return b;
}

static int on_arguments(const struct incoming *in)
{
    struct track *t = find(in, PART_NONE);
    if (!t || t->kind != BLOCK_TOOL_CALL)
        return 0; /* not announced: output_item.done has it whole */
    return put_delta(in, t, DELTA_ARGS, member(in, "delta"));
}

static int on_arguments_done(const struct incoming *in)
{
    struct track *t = find(in, PART_NONE);
    if (!t || t->kind != BLOCK_TOOL_CALL || t->has_text)
        return 0;
    str whole = member(in, "arguments");
    return put_delta(in, t, DELTA_ARGS, whole.n > 0 ? whole : member(in, "input"));
}

static int finish_call(const struct incoming *in, const struct block *b)
{
    struct track *t = find(in, PART_NONE);
    struct block begin = announced(b);
    int rc = 0;
    if (!t && begin.call.name.n == 0)
        return err_set(in->d->err, in->d->a, -E_PROVIDER_BODY,
                       "The provider sent a tool call without a name.");
    if (!t) {
        t = track_new(in, PART_NONE, BLOCK_TOOL_CALL);
        rc = open_block(in, t, &begin);
    }
    if (rc == 0 && !t->has_text)
        rc = put_delta(in, t, DELTA_ARGS, b->call.args);
    return rc == 0 ? close_block(in, t, b) : rc;
}

/* ---- items ---- */

static int read_item(const struct incoming *in, const struct json *v, struct responses_item *out)
{
    struct reading r = {.a = in->d->scratch,
                        .err = in->d->err,
                        .code = -E_PROVIDER_BODY,
                        .origin = DIALECT_RESPONSES,
                        .path = S("item")};
    return responses_read_item(&r, v, out);
}

static int on_item(const struct incoming *in)
{
    struct responses_item item;
    const struct json *v = json_get(in->event, "item");
    int rc = v ? read_item(in, v, &item) : 0;
    if (rc != 0 || !v || find(in, PART_NONE))
        return rc;
    in->s->has_items = true;
    if (item.is_message) {
        keep_name(track_new(in, PART_NONE, BLOCK_TEXT), item.id, item.phase);
        return 0;
    }
    struct track *t;
    if (item.blocks->kind == BLOCK_REASONING)
        return reasoning_of(in, &item.blocks->reasoning, &t);
    if (item.blocks->kind != BLOCK_TOOL_CALL || item.blocks->call.name.n == 0)
        return 0;
    struct block begin = announced(item.blocks);
    return open_block(in, track_new(in, PART_NONE, BLOCK_TOOL_CALL), &begin);
}

static int finish_item(const struct incoming *in, const struct json *v)
{
    struct responses_item item;
    int rc = read_item(in, v, &item);
    if (rc != 0)
        return rc;
    in->s->has_items = true;
    struct track *t = find(in, PART_NONE);
    if (item.is_message)
        return finish_message(in, &item);
    if (t && t->has_block && t->kind != item.blocks->kind)
        return close_block(in, t, NULL); /* another item than was announced */
    if (item.blocks->kind == BLOCK_REASONING)
        return finish_reasoning(in, item.blocks);
    if (item.blocks->kind == BLOCK_TOOL_CALL)
        return finish_call(in, item.blocks);
    t = t ? t : track_new(in, PART_NONE, item.blocks->kind);
    t->kind = item.blocks->kind;
    rc = open_block(in, t, item.blocks);
    return rc == 0 ? close_block(in, t, NULL) : rc;
}

static int on_item_done(const struct incoming *in)
{
    const struct json *v = json_get(in->event, "item");
    return v ? finish_item(in, v) : 0;
}

static int on_part(const struct incoming *in)
{
    struct track *t;
    str type = json_str(json_get(json_get(in->event, "part"), "type"));
    if (str_eq(type, S("reasoning_text")))
        return thought_of(in, false, in->part, &t);
    if (str_eq(type, S("output_text")))
        return part_of(in, BLOCK_TEXT, &t);
    return str_eq(type, S("refusal")) ? part_of(in, BLOCK_REFUSAL, &t) : 0;
}

/* ---- the end ---- */

/* Items that were begun and not ended, from the final response if it has them; all of its items
 * when none has come. */
static int finish_items(const struct incoming *in, const struct json *output)
{
    int rc = 0;
    int64_t i = 0;
    bool had_items = in->s->has_items;
    for (struct json_iter it = json_iter(output); json_iter_next(&it) && rc == 0; i++) {
        struct incoming at = *in;
        at.item = i;
        if (!had_items || find(&at, PART_NONE))
            rc = finish_item(&at, it.value);
    }
    while (in->s->open && rc == 0)
        rc = close_block(in, in->s->open, NULL);
    return rc;
}

static int put_usage(const struct incoming *in, const struct json *v)
{
    struct usage u;
    responses_read_usage(v, &u);
    return usage_is_known(&u) ? put(in, (struct event){.kind = EV_USAGE, .usage = u}) : 0;
}

static int put_finish(const struct incoming *in, const struct json *response)
{
    str status = json_str(json_get(response, "status"));
    str reason = json_str(json_get(json_get(response, "incomplete_details"), "reason"));
    enum finish f = finish_settle(responses_finish(status, reason), in->s->has_calls);
    if (f == FINISH_STOP && in->s->has_refusal)
        f = FINISH_REFUSAL;
    struct finishing finish = {.reason = f, .native = reason.n > 0 ? reason : status};
    return put(in, (struct event){.kind = EV_FINISH, .finish = finish});
}

static int on_end(const struct incoming *in)
{
    const struct json *response = json_get(in->event, "response");
    const struct json *output = json_get(response, "output");
    bool is_list = output && json_type(output) == JSON_ARRAY;
    int rc = start(in, response);
    if (rc == 0)
        rc = finish_items(in, is_list ? output : NULL);
    if (rc == 0)
        rc = put_usage(in, json_get(response, "usage"));
    if (rc == 0)
        rc = put_finish(in, response);
    if (rc == 0)
        rc = put(in, (struct event){.kind = EV_END});
    in->d->has_ended = true;
    return rc;
}

static int fail(const struct incoming *in, const struct json *error)
{
    struct failure f = {.class = FAILURE_SERVER, .retry_ms = -1};
    responses_read_failure(error, &f);
    if (f.message.n == 0)
        f.message = S("The provider failed while it answered.");
    in->d->has_ended = true;
    return put(in, (struct event){.kind = EV_ERROR, .failure = f});
}

static int on_failed(const struct incoming *in)
{
    return fail(in, json_get(json_get(in->event, "response"), "error"));
}

/* Flat in the reference, {"error": {...}} on the wire. */
static int on_error(const struct incoming *in)
{
    const struct json *inner = json_get(in->event, "error");
    return fail(in, inner && json_type(inner) == JSON_OBJECT ? inner : in->event);
}

/* ---- messages of the stream ---- */

static const struct {
    const char *type;
    int (*take)(const struct incoming *in);
    bool begins; /* content: a stream that has not said its start begins with it */
} handlers[] = {
    {"response.output_text.delta", on_text, true},
    {"response.function_call_arguments.delta", on_arguments, true},
    {"response.reasoning_summary_text.delta", on_summary, true},
    {"response.reasoning_text.delta", on_thought, true},
    {"response.created", on_start, false},
    {"response.in_progress", on_start, false},
    {"response.queued", on_start, false},
    {"response.output_item.added", on_item, true},
    {"response.output_item.done", on_item_done, true},
    {"response.content_part.added", on_part, true},
    {"response.output_text.done", on_text_done, true},
    {"response.output_text.annotation.added", on_annotation, true},
    {"response.refusal.delta", on_refusal, true},
    {"response.refusal.done", on_refusal_done, true},
    {"response.function_call_arguments.done", on_arguments_done, true},
    {"response.custom_tool_call_input.delta", on_arguments, true},
    {"response.custom_tool_call_input.done", on_arguments_done, true},
    {"response.reasoning_summary_part.added", on_summary_part, true},
    {"response.reasoning_summary_text.done", on_summary_done, true},
    {"response.reasoning_part.added", on_part, true},
    {"response.reasoning_text.done", on_thought_done, true},
    {"response.completed", on_end, false},
    {"response.incomplete", on_end, false},
    {"response.cancelled", on_end, false},
    {"response.failed", on_failed, false},
    {"error", on_error, false},
};

static int64_t index_of(const struct json *event, const char *name)
{
    int64_t i = 0;
    const struct json *v = json_get(event, name);
    return v && json_i64(v, &i) && i >= 0 ? i : 0;
}

static int dispatch(struct incoming *in, str type)
{
    for (size_t i = 0; i < ARRAY_LEN(handlers); i++) {
        if (!str_eq(type, str_from_cz(handlers[i].type)))
            continue;
        int rc = handlers[i].begins ? start(in, NULL) : 0;
        return rc == 0 ? handlers[i].take(in) : rc;
    }
    const struct json *error = json_get(in->event, "error");
    bool is_error = type.n == 0 && error && json_type(error) == JSON_OBJECT;
    return is_error ? fail(in, error) : 0; /* unknown events say nothing here */
}

int responses_read_message(struct decoder *d, const struct message *m)
{
    if (d->has_ended)
        return 0;
    if (!m)
        return err_set(d->err, d->a, -E_PROVIDER_TRUNCATED,
                       "The provider's stream ended before its response was complete.");
    if (str_eq(str_trim(m->data), S("[DONE]")))
        return 0;
    if (!d->state)
        d->state = arena_new(d->a, struct stream);
    struct incoming in = {.d = d, .s = d->state};
    if (in.s->n_open > OPEN_MAX)
        return err_set(d->err, d->a, -E_PROVIDER_BODY,
                       "The provider's stream begins items without ending them.");
    int rc = decoder_json(d, m->data, &in.event);
    if (rc != 0)
        return rc;
    in.item = index_of(in.event, "output_index");
    in.part = index_of(in.event, "content_index");
    str type = json_str(json_get(in.event, "type"));
    return dispatch(&in, type.n > 0 ? type : m->type);
}
