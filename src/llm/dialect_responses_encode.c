/* Writing answers: events in, a stream of this dialect's events or one response object out.
 *
 * Every output item is announced, streamed, repeated whole when it is done, and repeated once more
 * in the final response. So the encoder has to hold the answer; it does so once: the text of an
 * open block in a buffer of its own, what is done as the JSON of its item in one buffer for all,
 * from which output_item.done and the final response are both written. What is held is bounded.
 *
 * Items: texts and refusals that follow each other are parts of one message, unless their provider
 * says that they stand in different ones; calls and reasoning are items of their own. A message
 * stays open until something else begins, since another part may follow. output_index counts items
 * in the order of their announcement.
 *
 * A call whose item cannot be announced before it is whole is held back until it stops: one that
 * Gemini signs, because its signature travels as a reasoning item ahead of it, and one of a tool
 * that has an item type of its own here (local_shell), because its arguments are no text there.
 *
 * A whole answer is the same thing without events: they go into a buffer without room. */
#include "llm/dialect_responses.h"

#include "base/buf.h"
#include "llm/seal.h"

#define STREAM_HELD_MAX (8u << 20)  /* bytes of text an answer's stream may come to */
#define WHOLE_HELD_MAX  (96u << 20) /* of a whole answer, which is held by others already */
#define ESCAPED_MAX     6           /* bytes of JSON that one byte of text may take */

/* An open output item. */
struct item {
    enum block_kind kind; /* TEXT: a message */
    unsigned block;       /* the event's number of its open block */
    unsigned index;       /* output_index, once announced */
    str id;
    bool is_announced;
    bool has_part;          /* a part of it is open */
    bool is_refusal;        /* message: its open part is */
    bool is_summary;        /* reasoning: its open part is */
    bool keeps_raw;         /* reasoning that came in this dialect: raw thoughts are content */
    bool is_blank;          /* media nobody here can show: nothing is written */
    unsigned n_parts;       /* message: ended parts */
    unsigned n_thoughts[2]; /* reasoning: ended parts, of content and of the summary */
    unsigned n_notes;       /* message: annotations of the open part */
    int64_t length;         /* message: code points of the open part */
    bool omits_logprobs;    /* message: its open part came without any */
    bool has_content;       /* reasoning: its list of raw thoughts is written even if empty */
    str name, space, call_id, item_id, phase, sealed;
    str status; /* as the provider of this dialect had it; empty: not said */
    enum tool_kind tool;
    const struct responses_builtin *builtin;
    struct buf text;     /* of the open part; a call's arguments */
    struct buf parts;    /* ended parts as JSON; reasoning: its content */
    struct buf summary;  /* reasoning: its summary */
    struct buf notes;    /* annotations of the open part as JSON */
    struct buf late;     /* annotations of the whole part: JSON up to the indices, a line each */
    struct buf logprobs; /* of the open part as JSON */
    struct buf own;      /* members that nobody here reads, as a JSON object: of the item, or of a
                            message's open part */
    struct item *next;
};

/* Where an item stands among those that are done. */
struct span {
    unsigned index;
    size_t begin, end;
    struct span *next; /* in the order of their index */
};

struct build {
    struct arena *a;
    const struct writing *w;
    struct buf *out;    /* events */
    struct buf no_room; /* where they go in whole answers */
    struct responses_state state;
    struct usage usage;
    struct finishing finish;
    struct item *open, *spare;
    struct item *message; /* that another part may join; NULL: none */
    struct buf done;      /* items as JSON */
    struct span *spans;
    struct buf waiting; /* text whose log probabilities may follow, and whose */
    struct item *waits;
    size_t held, max_held;
    unsigned sequence, n_items, n_ids;
    bool has_started, has_ended, has_overflown;
};

/* ---- events ---- */

static struct json_writer begin_event(struct build *b, const char *type)
{
    buf_put(b->out, S("event: "));
    buf_put(b->out, str_from_cz(type));
    buf_put(b->out, S("\ndata: "));
    struct json_writer j = json_writer(b->out);
    json_begin_object(&j, NULL);
    json_put_str(&j, "type", str_from_cz(type));
    json_put_int(&j, "sequence_number", b->sequence++);
    return j;
}

static void end_event(struct build *b, struct json_writer *j)
{
    json_end_object(j);
    buf_put(b->out, S("\n\n"));
}

/* An event about an item. */
static struct json_writer begin_item_event(struct build *b, const char *type, const struct item *it)
{
    struct json_writer j = begin_event(b, type);
    json_put_str(&j, "item_id", it->id);
    json_put_int(&j, "output_index", it->index);
    return j;
}

static void put_response_event(struct build *b, const char *type)
{
    struct json_writer j = begin_event(b, type);
    responses_begin_response(&j, "response", &b->state);
    json_begin_array(&j, "output");
    for (const struct span *s = b->spans; s; s = s->next)
        json_put_raw(&j, NULL, str_slice(buf_str(&b->done), s->begin, s->end));
    json_end_array(&j);
    json_end_object(&j);
    end_event(b, &j);
}

/* ---- what is held ---- */

static void hold(struct build *b, struct buf *to, str text)
{
    buf_put(to, text);
    b->held += text.n;
    b->has_overflown = b->has_overflown || b->held > b->max_held || !buf_is_ok(to);
}

static str made_id(struct build *b, const char *prefix)
{
    return make_id(b->a, prefix, b->w->id_seed, b->n_ids++);
}

/* The provider's id, or one that is known as ours. */
static str item_id(struct build *b, str given, const char *prefix)
{
    return given.n > 0 ? arena_str(b->a, given) : made_id(b, prefix);
}

static struct buf *item_bufs(struct item *it, size_t i)
{
    struct buf *const all[] = {&it->text, &it->parts,    &it->summary, &it->notes,
                               &it->late, &it->logprobs, &it->own};
    return i < ARRAY_LEN(all) ? all[i] : NULL;
}

static struct item *item_new(struct build *b, enum block_kind kind, unsigned block)
{
    struct item *it = b->spare;
    if (it)
        b->spare = it->next;
    else
        it = arena_new(b->a, struct item);
    *it = (struct item){.kind = kind, .block = block};
    for (size_t i = 0; item_bufs(it, i); i++)
        buf_init(item_bufs(it, i), b->max_held * ESCAPED_MAX);
    struct item **last = &b->open;
    while (*last)
        last = &(*last)->next;
    *last = it;
    return it;
}

static void item_free(struct build *b, struct item *it)
{
    struct item **at = &b->open;
    while (*at != it)
        at = &(*at)->next;
    *at = it->next;
    for (size_t i = 0; item_bufs(it, i); i++)
        buf_fini(item_bufs(it, i));
    if (b->message == it)
        b->message = NULL;
    it->next = b->spare;
    b->spare = it;
}

/* The item whose open block this is. */
static struct item *item_of(const struct build *b, unsigned block)
{
    for (struct item *it = b->open; it; it = it->next) {
        bool is_open = it->kind != BLOCK_TEXT || it->has_part;
        if (is_open && it->block == block)
            return it;
    }
    return NULL;
}

/* ---- items as JSON ---- */

static str call_type(const struct item *it)
{
    if (it->builtin)
        return str_from_cz(it->builtin->call);
    return it->tool == TOOL_CUSTOM ? S("custom_tool_call") : S("function_call");
}

static void put_call(struct json_writer *j, const struct item *it, str status)
{
    bool is_custom = it->tool == TOOL_CUSTOM;
    str args = buf_str(&it->text);
    json_put_str(j, "type", call_type(it));
    if (!is_custom || it->builtin)
        json_put_str(j, "status", status);
    json_put_str(j, "call_id", it->call_id);
    if (it->builtin) {
        json_put_raw(j, it->builtin->member, args);
        return;
    }
    json_put_str(j, "name", it->name);
    if (it->space.n > 0)
        json_put_str(j, "namespace", it->space);
    bool is_nothing = args.n == 0 && !is_custom && str_eq(status, S("completed"));
    json_put_str(j, is_custom ? "input" : "arguments", is_nothing ? S("{}") : args);
}

/* Members that the answer had in this dialect. */
static void keep_own(struct build *b, struct item *it, const struct extras *e)
{
    if (e->origin != DIALECT_RESPONSES || !e->first)
        return;
    buf_reset(&it->own);
    struct json_writer j = json_writer(&it->own);
    json_begin_object(&j, NULL);
    extras_put(&j, e, DIALECT_RESPONSES);
    json_end_object(&j);
    b->held += it->own.n;
}

/* A list whose elements are JSON already, with commas between. */
static void put_elements(struct json_writer *j, const char *key, str elements)
{
    json_begin_array(j, key);
    if (elements.n > 0)
        json_put_raw(j, NULL, elements);
    json_end_array(j);
}

static void put_list(struct json_writer *j, const char *key, const struct buf *elements)
{
    put_elements(j, key, buf_str(elements));
}

static void put_item(struct json_writer *j, const char *key, const struct item *it, str status,
                     str sealed)
{
    json_begin_object(j, key);
    json_put_str(j, "id", it->id);
    switch (it->kind) {
    case BLOCK_TEXT:
        json_put_str(j, "type", S("message"));
        json_put_str(j, "status", status);
        json_put_str(j, "role", S("assistant"));
        put_list(j, "content", &it->parts);
        if (it->phase.n > 0)
            json_put_str(j, "phase", it->phase);
        break;
    case BLOCK_REASONING:
        json_put_str(j, "type", S("reasoning"));
        put_list(j, "summary", &it->summary);
        if (it->parts.n > 0 || it->has_content)
            put_list(j, "content", &it->parts);
        if (sealed.n > 0)
            json_put_str(j, "encrypted_content", sealed);
        if (it->status.n > 0)
            json_put_str(j, "status", it->status);
        break;
    case BLOCK_TOOL_CALL:
        put_call(j, it, status);
        break;
    case BLOCK_MEDIA:
        json_put_str(j, "type", S("image_generation_call"));
        json_put_str(j, "status", status);
        if (it->text.n > 0)
            json_put_str(j, "result", buf_str(&it->text));
        else
            json_put_null(j, "result");
        break;
    case BLOCK_REFUSAL:
    case BLOCK_TOOL_RESULT:
    case BLOCK_OPAQUE:
        break;
    }
    if (it->kind != BLOCK_TEXT)
        responses_splice(j, buf_str(&it->own));
    json_end_object(j);
}

static void announce(struct build *b, struct item *it)
{
    it->is_announced = true;
    it->index = b->n_items++;
    struct json_writer j = begin_event(b, "response.output_item.added");
    json_put_int(&j, "output_index", it->index);
    put_item(&j, "item", it, S("in_progress"), S_EMPTY);
    end_event(b, &j);
}

/* Notes that the item from `begin` of b->done on is whole, and says so. */
static void add_done(struct build *b, unsigned index, size_t begin)
{
    struct span *s = arena_new(b->a, struct span);
    *s = (struct span){.index = index, .begin = begin, .end = b->done.n};
    struct span **at = &b->spans;
    while (*at && (*at)->index < index)
        at = &(*at)->next;
    s->next = *at;
    *at = s;
    b->has_overflown = b->has_overflown || !buf_is_ok(&b->done);
    struct json_writer j = begin_event(b, "response.output_item.done");
    json_put_int(&j, "output_index", index);
    json_put_raw(&j, "item", str_slice(buf_str(&b->done), begin, b->done.n));
    end_event(b, &j);
}

static void finish_item(struct build *b, struct item *it, str status, str sealed)
{
    size_t begin = b->done.n;
    struct json_writer j = json_writer(&b->done);
    put_item(&j, NULL, it, status, sealed);
    add_done(b, it->index, begin);
    item_free(b, it);
}

/* ---- texts ---- */

static void put_text_delta(struct build *b, const struct item *it, str text, str logprobs)
{
    const char *type = it->is_refusal ? "response.refusal.delta" : "response.output_text.delta";
    struct json_writer j = begin_item_event(b, type, it);
    json_put_int(&j, "content_index", it->n_parts);
    json_put_str(&j, "delta", text);
    if (!it->is_refusal)
        put_elements(&j, "logprobs", logprobs);
    end_event(b, &j);
}

/* Sends the text that waited for its log probabilities. */
static void flush(struct build *b, str logprobs)
{
    if (!b->waits)
        return;
    put_text_delta(b, b->waits, buf_str(&b->waiting), logprobs);
    buf_reset(&b->waiting);
    b->waits = NULL;
}

/* A part of a message, from what is held of it. */
static void put_part(struct json_writer *j, const char *key, const struct item *it)
{
    json_begin_object(j, key);
    if (it->is_refusal) {
        json_put_str(j, "type", S("refusal"));
        json_put_str(j, "refusal", buf_str(&it->text));
    } else {
        json_put_str(j, "type", S("output_text"));
        put_list(j, "annotations", &it->notes);
        if (it->logprobs.n > 0 || !it->omits_logprobs)
            put_list(j, "logprobs", &it->logprobs);
        json_put_str(j, "text", buf_str(&it->text));
    }
    responses_splice(j, buf_str(&it->own));
    json_end_object(j);
}

static struct item *message_new(struct build *b, const struct block *content, unsigned block)
{
    struct item *it = item_new(b, BLOCK_TEXT, block);
    it->item_id = arena_str(b->a, content->item_id);
    it->id = it->item_id.n > 0 ? it->item_id : made_id(b, "msg_" RESPONSES_ID_MARK);
    it->phase = arena_str(b->a, content->phase);
    announce(b, it);
    return it;
}

/* A message that nothing can join any more is done, once no part of it is open. */
static void leave_message(struct build *b, str status)
{
    struct item *it = b->message;
    b->message = NULL;
    if (it && !it->has_part)
        finish_item(b, it, status, S_EMPTY);
}

/* A member that the reader of a whole answer noted as missing. */
static bool lacks(const struct extras *verbatim, str key)
{
    for (const struct extra *x = verbatim->first; x; x = x->next) {
        if (str_eq(x->key, key))
            return !x->value && verbatim->origin == DIALECT_RESPONSES;
    }
    return false;
}

static void start_text(struct build *b, const struct block *content, unsigned block,
                       bool is_refusal)
{
    struct item *it = b->message;
    bool joins = it && !it->has_part && str_eq(it->item_id, content->item_id);
    if (!joins) {
        leave_message(b, S("completed"));
        it = message_new(b, content, block);
    }
    b->message = it;
    it->block = block;
    it->has_part = true;
    it->is_refusal = is_refusal;
    it->length = 0;
    it->n_notes = 0;
    it->omits_logprobs = b->state.extras && lacks(&content->verbatim, S("logprobs"));
    keep_own(b, it, &content->extras);
    struct json_writer j = begin_item_event(b, "response.content_part.added", it);
    json_put_int(&j, "content_index", it->n_parts);
    put_part(&j, "part", it);
    end_event(b, &j);
}

static int64_t code_points(str text)
{
    int64_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += ((uint8_t)text.p[i] & 0xc0) != 0x80;
    return n;
}

static void add_text(struct build *b, struct item *it, str text)
{
    bool waits = b->w->asked && b->w->asked->sampling.logprobs == YES && !it->is_refusal;
    hold(b, &it->text, text);
    it->length += code_points(text);
    if (!waits) {
        put_text_delta(b, it, text, S_EMPTY);
        return;
    }
    hold(b, &b->waiting, text);
    b->waits = it;
}

/* ---- what goes with text ---- */

static void add_element(struct buf *list)
{
    if (list->n > 0)
        buf_put_char(list, ',');
}

static void put_note_event(struct build *b, struct item *it, str note)
{
    struct json_writer j = begin_item_event(b, "response.output_text.annotation.added", it);
    json_put_int(&j, "content_index", it->n_parts);
    json_put_int(&j, "annotation_index", it->n_notes++);
    json_put_raw(&j, "annotation", note);
    end_event(b, &j);
}

static void put_citation(struct json_writer *j, const struct annotation *a)
{
    json_put_str(j, "type", S("url_citation"));
    json_put_str(j, "url", a->url);
    json_put_str(j, "title", a->title);
}

/* A citation that does not say where it stands is of the whole part, whose end is not known yet. */
static void add_late_note(struct build *b, struct item *it, const struct annotation *a)
{
    size_t begin = it->late.n;
    struct json_writer j = json_writer(&it->late);
    json_begin_object(&j, NULL);
    put_citation(&j, a);
    buf_put_char(&it->late, '\n');
    b->held += it->late.n - begin;
}

/* Citations without a URL (of documents in the request) have no form here. */
static void add_note(struct build *b, struct item *it, const struct annotation *a)
{
    bool is_own = a->origin == DIALECT_RESPONSES && a->raw;
    if (it->is_refusal || (!is_own && a->url.n == 0))
        return;
    if (!is_own && (a->begin < 0 || a->end < 0)) {
        add_late_note(b, it, a);
        return;
    }
    add_element(&it->notes);
    size_t begin = it->notes.n;
    struct json_writer j = json_writer(&it->notes);
    if (is_own) {
        json_put_value(&j, NULL, a->raw);
    } else {
        json_begin_object(&j, NULL);
        put_citation(&j, a);
        json_put_int(&j, "start_index", a->begin);
        json_put_int(&j, "end_index", a->end);
        json_end_object(&j);
    }
    b->held += it->notes.n - begin;
    put_note_event(b, it, str_slice(buf_str(&it->notes), begin, it->notes.n));
}

static void add_late_notes(struct build *b, struct item *it)
{
    str rest = buf_str(&it->late), line;
    while (rest.n > 0) {
        str_cut(rest, '\n', &line, &rest);
        add_element(&it->notes);
        size_t begin = it->notes.n;
        buf_put(&it->notes, line);
        buf_printf(&it->notes, ",\"start_index\":0,\"end_index\":%lld}", (long long)it->length);
        put_note_event(b, it, str_slice(buf_str(&it->notes), begin, it->notes.n));
    }
}

/* The bytes of a token, where its provider left them out. */
static void put_bytes(struct json_writer *j, str token)
{
    json_begin_array(j, "bytes");
    for (size_t i = 0; i < token.n; i++)
        json_put_int(j, NULL, (uint8_t)token.p[i]);
    json_end_array(j);
}

/* Alternatives have none of their own. */
static void put_token(struct json_writer *j, const struct json *v, bool has_alternatives)
{
    const struct json *bytes = json_get(v, "bytes");
    const struct json *top = json_get(v, "top_logprobs");
    bool has_bytes = bytes && json_type(bytes) == JSON_ARRAY;
    json_begin_object(j, NULL);
    for (struct json_iter it = json_iter(v); json_iter_next(&it);) {
        bool is_list = str_eq(it.key, S("top_logprobs"));
        if (!is_list && (has_bytes || !str_eq(it.key, S("bytes"))))
            json_put_member(j, it.key, it.value);
    }
    if (!has_bytes)
        put_bytes(j, json_str(json_get(v, "token")));
    if (has_alternatives && top && json_type(top) == JSON_ARRAY) {
        json_begin_array(j, "top_logprobs");
        for (struct json_iter it = json_iter(top); json_iter_next(&it);)
            put_token(j, it.value, false);
        json_end_array(j);
    }
    json_end_object(j);
}

/* Nobody gets them who has not asked. */
static void add_logprobs(struct build *b, struct item *it, const struct json *list)
{
    if (b->w->asked && b->w->asked->sampling.logprobs != YES)
        return;
    size_t held = it->logprobs.n, begin = held > 0 ? held + 1 : 0;
    for (struct json_iter i = json_iter(list); json_iter_next(&i);) {
        if (json_type(i.value) != JSON_OBJECT)
            continue;
        add_element(&it->logprobs);
        struct json_writer j = json_writer(&it->logprobs);
        put_token(&j, i.value, true);
    }
    b->held += it->logprobs.n - held;
    if (!b->waits)
        b->waits = it;
    flush(b, str_slice(buf_str(&it->logprobs), begin, it->logprobs.n));
}

static void stop_text(struct build *b, struct item *it)
{
    add_late_notes(b, it);
    const char *type = it->is_refusal ? "response.refusal.done" : "response.output_text.done";
    struct json_writer j = begin_item_event(b, type, it);
    json_put_int(&j, "content_index", it->n_parts);
    json_put_str(&j, it->is_refusal ? "refusal" : "text", buf_str(&it->text));
    if (!it->is_refusal)
        put_list(&j, "logprobs", &it->logprobs);
    end_event(b, &j);
    add_element(&it->parts);
    size_t begin = it->parts.n;
    struct json_writer part = json_writer(&it->parts);
    put_part(&part, NULL, it);
    j = begin_item_event(b, "response.content_part.done", it);
    json_put_int(&j, "content_index", it->n_parts);
    json_put_raw(&j, "part", str_slice(buf_str(&it->parts), begin, it->parts.n));
    end_event(b, &j);
    it->n_parts++;
    it->has_part = false;
    buf_fini(&it->text);
    buf_fini(&it->notes);
    buf_fini(&it->late);
    buf_fini(&it->logprobs);
    buf_fini(&it->own);
    if (b->message != it)
        finish_item(b, it, S("completed"), S_EMPTY);
}

/* ---- reasoning ---- */

static void put_thought(struct json_writer *j, const char *key, const struct item *it)
{
    json_begin_object(j, key);
    json_put_str(j, "type", it->is_summary ? S("summary_text") : S("reasoning_text"));
    json_put_str(j, "text", buf_str(&it->text));
    json_end_object(j);
}

static struct json_writer begin_thought_event(struct build *b, const struct item *it,
                                              const char *summary, const char *raw)
{
    struct json_writer j = begin_item_event(b, it->is_summary ? summary : raw, it);
    json_put_int(&j, it->is_summary ? "summary_index" : "content_index",
                 it->n_thoughts[it->is_summary]);
    return j;
}

static void start_thought(struct build *b, struct item *it, bool is_summary)
{
    it->is_summary = is_summary || !it->keeps_raw;
    it->has_part = true;
    struct json_writer j = begin_thought_event(b, it, "response.reasoning_summary_part.added",
                                               "response.content_part.added");
    put_thought(&j, "part", it);
    end_event(b, &j);
}

static void stop_thought(struct build *b, struct item *it)
{
    if (!it->has_part)
        return;
    struct json_writer j = begin_thought_event(b, it, "response.reasoning_summary_text.done",
                                               "response.reasoning_text.done");
    json_put_str(&j, "text", buf_str(&it->text));
    end_event(b, &j);
    struct buf *list = it->is_summary ? &it->summary : &it->parts;
    add_element(list);
    size_t begin = list->n;
    struct json_writer part = json_writer(list);
    put_thought(&part, NULL, it);
    j = begin_thought_event(b, it, "response.reasoning_summary_part.done",
                            "response.content_part.done");
    json_put_raw(&j, "part", str_slice(buf_str(list), begin, list->n));
    end_event(b, &j);
    it->n_thoughts[it->is_summary]++;
    it->has_part = false;
    buf_fini(&it->text);
}

static void add_thought(struct build *b, struct item *it, bool is_summary, str text)
{
    bool as_summary = is_summary || !it->keeps_raw;
    if (it->has_part && it->is_summary != as_summary)
        stop_thought(b, it);
    if (!it->has_part)
        start_thought(b, it, is_summary);
    hold(b, &it->text, text);
    struct json_writer j = begin_thought_event(b, it, "response.reasoning_summary_text.delta",
                                               "response.reasoning_text.delta");
    json_put_str(&j, "delta", text);
    end_event(b, &j);
}

static struct item *reasoning_new(struct build *b, unsigned block)
{
    struct item *it = item_new(b, BLOCK_REASONING, block);
    it->id = made_id(b, "rs_" RESPONSES_ID_MARK);
    return it;
}

/* OpenAI's own goes out as it is: the client may give it to OpenAI directly. */
static str sealed(struct build *b, const struct block *content)
{
    if (!content || content->seal.kind == SEAL_NONE)
        return S_EMPTY;
    struct seal s = content->seal;
    if (s.family == FAMILY_UNKNOWN)
        s.family = b->w->family;
    return s.family == FAMILY_OPENAI ? s.value : seal_wrap(b->a, &s);
}

static void start_reasoning(struct build *b, const struct block *content, unsigned block)
{
    bool is_own = content->extras.origin == DIALECT_RESPONSES;
    struct item *it = item_new(b, BLOCK_REASONING, block);
    it->id = item_id(b, is_own ? content->reasoning.id : S_EMPTY, "rs_" RESPONSES_ID_MARK);
    it->keeps_raw = is_own;
    it->has_content = is_own && extras_find(&content->verbatim, S("content"));
    it->status = is_own ? arena_str(b->a, content->reasoning.status) : S_EMPTY;
    keep_own(b, it, &content->extras);
    if (content->seal.kind == SEAL_REDACTED)
        it->sealed = sealed(b, content);
    announce(b, it);
}

static void stop_reasoning(struct build *b, struct item *it, const struct block *content)
{
    stop_thought(b, it);
    str value = sealed(b, content);
    if (content && it->keeps_raw && content->reasoning.status.n > 0)
        it->status = arena_str(b->a, content->reasoning.status);
    if (content)
        keep_own(b, it, &content->extras);
    finish_item(b, it, S_EMPTY, value.n > 0 ? value : it->sealed);
}

/* ---- calls ---- */

static const struct responses_builtin *builtin_of(const struct build *b, str name)
{
    const struct tool *t = b->w->asked ? b->w->asked->tools : NULL;
    while (t && (t->type.n == 0 || t->kind != TOOL_FUNCTION || !str_eq(t->name, name)))
        t = t->next;
    return t ? responses_builtin_of_tool(t->type) : NULL;
}

static void start_call(struct build *b, const struct block *content, unsigned block)
{
    const struct tool_call *call = &content->call;
    bool is_custom = call->kind == TOOL_CUSTOM;
    struct item *it = item_new(b, BLOCK_TOOL_CALL, block);
    it->tool = call->kind;
    it->id = item_id(b, content->extras.origin == DIALECT_RESPONSES ? call->item_id : S_EMPTY,
                     is_custom ? "ctc_" RESPONSES_ID_MARK : "fc_" RESPONSES_ID_MARK);
    it->call_id = item_id(b, call->id, "call_");
    it->name = arena_str(b->a, call->name);
    it->space = arena_str(b->a, call->space);
    it->builtin = builtin_of(b, call->name);
    it->status = arena_str(b->a, call->status);
    keep_own(b, it, &content->extras);
    if (!it->builtin && b->w->family != FAMILY_GEMINI)
        announce(b, it);
}

static void put_args_delta(struct build *b, const struct item *it, str text)
{
    const char *type = it->tool == TOOL_CUSTOM ? "response.custom_tool_call_input.delta"
                                               : "response.function_call_arguments.delta";
    struct json_writer j = begin_item_event(b, type, it);
    json_put_str(&j, "delta", text);
    end_event(b, &j);
}

static void add_args(struct build *b, struct item *it, str text)
{
    hold(b, &it->text, text);
    if (it->is_announced)
        put_args_delta(b, it, text);
}

static void put_args_done(struct build *b, const struct item *it)
{
    bool is_custom = it->tool == TOOL_CUSTOM;
    str args = buf_str(&it->text);
    struct json_writer j = begin_item_event(b,
                                            is_custom ? "response.custom_tool_call_input.done"
                                                      : "response.function_call_arguments.done",
                                            it);
    if (!is_custom)
        json_put_str(&j, "name", it->name);
    json_put_str(&j, is_custom ? "input" : "arguments", args.n == 0 && !is_custom ? S("{}") : args);
    end_event(b, &j);
}

/* The signature of a call, as an item ahead of it. */
static void put_seal_ahead(struct build *b, const struct block *content)
{
    str value = sealed(b, content);
    if (value.n == 0)
        return;
    struct item *it = reasoning_new(b, 0);
    announce(b, it);
    finish_item(b, it, S_EMPTY, value);
}

/* Arguments that are no JSON object cannot stand in an item that wants one. */
static bool is_object(struct build *b, str args)
{
    const struct json *v = NULL;
    size_t at = 0;
    struct arena scratch;
    arena_init(&scratch, 4096, args.n * 64 + (1u << 16));
    bool is = json_read(&scratch, args, &v, &at) == 0 && json_type(v) == JSON_OBJECT;
    arena_fini(&scratch);
    b->has_overflown = b->has_overflown || b->held > b->max_held;
    return is;
}

static void announce_late(struct build *b, struct item *it, const struct block *content)
{
    if (it->builtin && !is_object(b, buf_str(&it->text)))
        it->builtin = NULL;
    put_seal_ahead(b, content);
    struct buf args = it->text; /* not announced yet: the item's announcement has none */
    buf_init(&it->text, b->max_held * ESCAPED_MAX);
    if (it->builtin)
        buf_put(&it->text, S("{}"));
    announce(b, it);
    buf_fini(&it->text);
    it->text = args;
    if (!it->builtin && it->text.n > 0)
        put_args_delta(b, it, buf_str(&it->text));
}

static void stop_call(struct build *b, struct item *it, const struct block *content)
{
    if (!it->is_announced)
        announce_late(b, it, content);
    if (!it->builtin)
        put_args_done(b, it);
    if (content)
        keep_own(b, it, &content->extras);
    finish_item(b, it, it->status.n > 0 ? it->status : S("completed"), S_EMPTY);
}

/* ---- other blocks ---- */

/* An item that only this dialect knows is whole already. */
static void put_opaque(struct build *b, const struct block *content)
{
    if (!content->is_item || content->extras.origin != DIALECT_RESPONSES || !content->raw)
        return;
    unsigned index = b->n_items++;
    struct json_writer j = begin_event(b, "response.output_item.added");
    json_put_int(&j, "output_index", index);
    json_put_value(&j, "item", content->raw);
    end_event(b, &j);
    size_t begin = b->done.n;
    json_put(&b->done, content->raw);
    b->held += b->done.n - begin;
    add_done(b, index, begin);
}

/* A picture is an image generation's result; of sound only what is said in it is shown. */
static void start_media(struct build *b, const struct block *content, unsigned block)
{
    if (content->media.kind == MEDIA_AUDIO) {
        start_text(b, content, block, false);
        return;
    }
    struct item *it = item_new(b, BLOCK_MEDIA, block);
    it->is_blank = content->media.kind != MEDIA_IMAGE || content->media.source != MEDIA_BASE64;
    it->id = made_id(b, "ig_" RESPONSES_ID_MARK);
    if (!it->is_blank)
        announce(b, it);
}

static void start_block(struct build *b, const struct event *ev)
{
    static const struct block nothing = {.kind = BLOCK_TEXT};
    const struct block *content = ev->content ? ev->content : &nothing;
    bool is_part = content->kind == BLOCK_TEXT || content->kind == BLOCK_REFUSAL ||
                   (content->kind == BLOCK_MEDIA && content->media.kind == MEDIA_AUDIO);
    if (!is_part)
        leave_message(b, S("completed"));
    switch (content->kind) {
    case BLOCK_TEXT:
    case BLOCK_REFUSAL:
        start_text(b, content, ev->block, content->kind == BLOCK_REFUSAL);
        break;
    case BLOCK_REASONING:
        start_reasoning(b, content, ev->block);
        break;
    case BLOCK_TOOL_CALL:
        start_call(b, content, ev->block);
        break;
    case BLOCK_MEDIA:
        start_media(b, content, ev->block);
        break;
    case BLOCK_OPAQUE:
        put_opaque(b, content);
        break;
    case BLOCK_TOOL_RESULT:
        break;
    }
}

static void delta(struct build *b, const struct event *ev)
{
    struct item *it = item_of(b, ev->block);
    enum delta_kind kind = ev->delta.kind;
    if (!it || it->is_blank)
        return;
    switch (it->kind) {
    case BLOCK_TEXT:
        if (kind == DELTA_TEXT || kind == DELTA_CAPTION)
            add_text(b, it, ev->delta.text);
        break;
    case BLOCK_REASONING:
        if (kind == DELTA_PART) {
            stop_thought(b, it);
            start_thought(b, it, ev->delta.is_summary);
        } else if (kind == DELTA_TEXT) {
            add_thought(b, it, ev->delta.is_summary, ev->delta.text);
        }
        break;
    case BLOCK_TOOL_CALL:
        if (kind == DELTA_ARGS)
            add_args(b, it, ev->delta.text);
        break;
    case BLOCK_MEDIA:
        if (kind == DELTA_MEDIA)
            hold(b, &it->text, ev->delta.text);
        break;
    case BLOCK_REFUSAL:
    case BLOCK_TOOL_RESULT:
    case BLOCK_OPAQUE:
        break;
    }
}

static void stop_item(struct build *b, struct item *it, const struct block *content)
{
    switch (it->kind) {
    case BLOCK_TEXT:
        stop_text(b, it);
        break;
    case BLOCK_REASONING:
        stop_reasoning(b, it, content);
        break;
    case BLOCK_TOOL_CALL:
        stop_call(b, it, content);
        break;
    case BLOCK_MEDIA:
        if (it->is_blank)
            item_free(b, it);
        else
            finish_item(b, it, S("completed"), S_EMPTY);
        break;
    case BLOCK_REFUSAL:
    case BLOCK_TOOL_RESULT:
    case BLOCK_OPAQUE:
        break;
    }
}

/* ---- beginning and end ---- */

static void start(struct build *b, const struct start *s)
{
    if (b->has_started)
        return;
    b->has_started = true;
    bool keeps_id = b->state.extras || str_has_prefix(s->id, S("resp_"));
    const struct chat *asked = b->w->asked;
    b->state.id = keeps_id ? arena_str(b->a, s->id) : make_id(b->a, "resp_", b->w->id_seed, 0);
    b->state.model = arena_str(b->a, b->w->model.n > 0 ? b->w->model : s->model);
    b->state.service_tier = arena_str(b->a, s->service_tier);
    b->state.created_s = s->created_s >= 0 ? s->created_s : b->w->now_s;
    b->state.completed_s = -1;
    b->state.status = S("in_progress");
    b->state.echo = asked && asked->echo.n > 0 ? asked->echo : responses_echo(b->a, asked);
    b->usage = USAGE_NONE;
    put_response_event(b, "response.created");
    put_response_event(b, "response.in_progress");
}

/* How each end is said here; a response that is not complete says why. */
static const char *incomplete_reason(enum finish f)
{
    switch (f) {
    case FINISH_LENGTH:
    case FINISH_CONTEXT_WINDOW:
    case FINISH_CONTINUATION:
        return "max_output_tokens";
    case FINISH_CONTENT_FILTER:
        return "content_filter";
    case FINISH_UNSET:
    case FINISH_STOP:
    case FINISH_STOP_SEQUENCE:
    case FINISH_TOOL_CALLS:
    case FINISH_REFUSAL:
    case FINISH_PAUSE:
    case FINISH_MALFORMED_TOOL:
    case FINISH_ERROR:
    case FINISH_OTHER:
        break;
    }
    return NULL;
}

/* Ends whatever is still open. */
static void stop_all(struct build *b, str status)
{
    flush(b, S_EMPTY);
    while (b->open) {
        struct item *it = b->open;
        bool has_open_block = it->kind != BLOCK_TEXT || it->has_part;
        if (it == b->message && !has_open_block)
            leave_message(b, status);
        else if (has_open_block)
            stop_item(b, it, NULL);
        else
            finish_item(b, it, status, S_EMPTY);
    }
}

static void finish(struct build *b, const struct finishing *f)
{
    b->finish = *f;
    b->finish.message = arena_str(b->a, f->message);
    b->finish.native = arena_str(b->a, f->native);
    b->finish.details = NULL;
    stop_all(b, incomplete_reason(f->reason) ? S("incomplete") : S("completed"));
}

/* An answer of this dialect that ended in a way of its own keeps its own word. */
static bool is_own_status(const struct build *b)
{
    static const char *const words[] = {"queued", "in_progress", "cancelled"};
    for (size_t i = 0; b->state.extras && i < ARRAY_LEN(words); i++) {
        if (str_eq(b->finish.native, str_from_cz(words[i])))
            return true;
    }
    return false;
}

/* The last state: status, why, usage. */
static const char *settle(struct build *b)
{
    const char *reason = incomplete_reason(b->finish.reason);
    bool failed = b->finish.reason == FINISH_ERROR || b->finish.reason == FINISH_MALFORMED_TOOL;
    b->state.usage = &b->usage;
    if (failed) {
        struct failure *f = arena_new(b->a, struct failure);
        *f = (struct failure){.class = FAILURE_SERVER, .message = b->finish.message};
        if (f->message.n == 0)
            f->message = S("The model could not complete its answer.");
        b->state.failure = f;
        b->state.status = S("failed");
        return "response.failed";
    }
    if (reason) {
        b->state.incomplete = str_from_cz(reason);
        b->state.status = S("incomplete");
        return "response.incomplete";
    }
    b->state.status = is_own_status(b) ? b->finish.native : S("completed");
    b->state.completed_s = b->w->now_s;
    return "response.completed";
}

static void end(struct build *b)
{
    stop_all(b, S("completed"));
    put_response_event(b, settle(b));
    b->has_ended = true;
}

/* The error event as the reference has it, with the object that OpenAI sends beside it and that its
 * SDKs throw; then the end that clients wait for. */
static void fail(struct build *b, const struct failure *f)
{
    static const struct start nothing = {.created_s = -1};
    str type, code;
    responses_failure_words(f, &type, &code);
    start(b, &nothing);
    struct json_writer j = begin_event(b, "error");
    for (int level = 0; level < 2; level++) {
        if (level > 0) {
            json_begin_object(&j, "error");
            json_put_str(&j, "type", type);
        }
        if (code.n > 0)
            json_put_str(&j, "code", code);
        else
            json_put_null(&j, "code");
        json_put_str(&j, "message", f->message);
        if (f->param.n > 0)
            json_put_str(&j, "param", f->param);
        else
            json_put_null(&j, "param");
    }
    if (f->gateway.n > 0)
        json_put_raw(&j, "gateway", f->gateway);
    json_end_object(&j);
    end_event(b, &j);
    b->state.failure = f;
    b->state.status = S("failed");
    b->state.usage = &b->usage;
    put_response_event(b, "response.failed");
    b->state.failure = NULL; /* it does not outlive the event */
    b->has_ended = true;
}

/* ---- the encoder ---- */

static void build_free(void *obj)
{
    struct build *b = obj;
    while (b->open)
        item_free(b, b->open);
    buf_fini(&b->done);
    buf_fini(&b->waiting);
}

static struct build *build_new(struct arena *a, const struct writing *w, size_t max_held)
{
    struct build *b = arena_new(a, struct build);
    b->a = a;
    b->w = w;
    b->max_held = max_held;
    buf_init(&b->done, max_held * ESCAPED_MAX);
    buf_init(&b->waiting, max_held);
    buf_init(&b->no_room, 0);
    b->out = &b->no_room;
    arena_on_fini(a, build_free, b);
    return b;
}

static void take(struct build *b, const struct event *ev)
{
    struct item *it =
        ev->kind == EV_ANNOTATION || ev->kind == EV_LOGPROBS || ev->kind == EV_BLOCK_STOP
            ? item_of(b, ev->block)
            : NULL;
    if (ev->kind != EV_LOGPROBS)
        flush(b, S_EMPTY);
    switch (ev->kind) {
    case EV_START:
        start(b, &ev->start);
        break;
    case EV_BLOCK_START:
        start_block(b, ev);
        break;
    case EV_DELTA:
        delta(b, ev);
        break;
    case EV_ANNOTATION:
        if (it && it->kind == BLOCK_TEXT)
            add_note(b, it, ev->annotation);
        break;
    case EV_LOGPROBS:
        if (it && it->kind == BLOCK_TEXT && !it->is_refusal)
            add_logprobs(b, it, ev->logprobs);
        break;
    case EV_BLOCK_STOP:
        if (it)
            stop_item(b, it, ev->content);
        break;
    case EV_USAGE:
        usage_update(&b->usage, &ev->usage);
        break;
    case EV_FINISH:
        finish(b, &ev->finish);
        break;
    case EV_END:
        end(b);
        break;
    case EV_ERROR:
        fail(b, &ev->failure);
        break;
    case EV_PING:
        sse_put_comment(b->out, S("ping"));
        break;
    case EV_NOTICE:
        break;
    }
}

/* This dialect knows one answer: other choices are not asked for, and not shown. */
static int feed(struct build *b, const struct event *ev)
{
    if (b->has_ended || ev->choice > 0)
        return 0;
    take(b, ev);
    if (!b->has_overflown || b->has_ended)
        return 0;
    struct failure f = {.class = FAILURE_SERVER,
                        .message = S("The answer is larger than the gateway can hold for a client "
                                     "of this dialect."),
                        .retry_ms = -1};
    fail(b, &f);
    return -E_PROVIDER_TOO_LARGE;
}

int responses_write_event(struct encoder *e, const struct event *ev)
{
    struct build *b = e->state;
    if (!b) {
        b = build_new(e->a, &e->w, STREAM_HELD_MAX);
        e->state = b;
    }
    b->out = e->out;
    return feed(b, ev);
}

static int put_event(void *arg, const struct event *ev)
{
    return feed(arg, ev);
}

int responses_write_reply(struct writing *w, const struct reply *r, struct buf *out)
{
    struct build *b = build_new(w->a, w, WHOLE_HELD_MAX);
    bool is_own = r->extras.origin == DIALECT_RESPONSES;
    b->state.extras = is_own ? &r->extras : NULL;
    b->state.usage_raw = is_own ? r->usage_raw : NULL;
    int rc = reply_play(r, &(struct sink){.put = put_event, .arg = b});
    if (rc != 0)
        return err_set(w->err, w->a, rc, "The answer is larger than the gateway can translate.");
    struct json_writer j = json_writer(out);
    responses_begin_response(&j, NULL, &b->state);
    json_begin_array(&j, "output");
    for (const struct span *s = b->spans; s; s = s->next)
        json_put_raw(&j, NULL, str_slice(buf_str(&b->done), s->begin, s->end));
    json_end_array(&j);
    json_end_object(&j);
    build_free(b);
    return buf_is_ok(out) ? 0 : err_set_code(w->err, -E_TOO_LARGE);
}
