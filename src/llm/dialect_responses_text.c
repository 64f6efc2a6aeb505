/* Messages of an answer on its way out: parts of text and refusals, citations, log probabilities.
 *
 * Parts that follow each other share a message, unless their provider says that they stand in
 * different ones; so a message is done only when something else begins. Two things come at another
 * time than this dialect wants them. A citation may belong to a whole part whose end is not known
 * yet: it waits for that. Log probabilities follow the piece of text that they belong to, and stand
 * in the same event here: when the client asked for them, a piece waits for the next event. */
#include "llm/dialect_responses_build.h"

/* ---- texts ---- */

static void put_text_delta(struct build *b, const struct item *it, str text, str logprobs)
{
    const char *type = it->is_refusal ? "response.refusal.delta" : "response.output_text.delta";
    struct json_writer j = responses_begin_item_event(b, type, it);
    json_put_int(&j, "content_index", it->n_parts);
    json_put_str(&j, "delta", text);
    if (!it->is_refusal)
        responses_put_elements(&j, "logprobs", logprobs);
    responses_end_event(b, &j);
}

/* Sends the text that waited for its log probabilities. */
void responses_flush(struct build *b, str logprobs)
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
        responses_put_list(j, "annotations", &it->notes);
        if (it->logprobs.n > 0 || !it->omits_logprobs)
            responses_put_list(j, "logprobs", &it->logprobs);
        json_put_str(j, "text", buf_str(&it->text));
    }
    responses_splice(j, buf_str(&it->own));
    json_end_object(j);
}

static struct item *message_new(struct build *b, const struct block *content, unsigned block)
{
    struct item *it = responses_item_new(b, BLOCK_TEXT, block);
    it->item_id = responses_keep(b, it, content->item_id);
    it->id = it->item_id.n > 0 ? it->item_id : responses_made_id(b, it, "msg_" RESPONSES_ID_MARK);
    it->phase = responses_keep(b, it, content->phase);
    responses_announce(b, it);
    return it;
}

/* A message that nothing can join any more is done, once no part of it is open. */
void responses_leave_message(struct build *b, str status)
{
    struct item *it = b->message;
    b->message = NULL;
    if (it && !it->has_part)
        responses_finish_item(b, it, status, S_EMPTY);
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

void responses_start_text(struct build *b, const struct block *content, unsigned block,
                          bool is_refusal)
{
    struct item *it = b->message;
    bool joins = it && !it->has_part && str_eq(it->item_id, content->item_id);
    if (!joins) {
        responses_leave_message(b, S("completed"));
        it = message_new(b, content, block);
    }
    b->message = it;
    it->block = block;
    it->has_part = true;
    it->is_refusal = is_refusal;
    b->has_refusal |= is_refusal;
    it->length = 0;
    it->n_notes = 0;
    it->omits_logprobs = b->state.extras && lacks(&content->verbatim, S("logprobs"));
    responses_keep_own(b, it, &content->extras);
    struct json_writer j = responses_begin_item_event(b, "response.content_part.added", it);
    json_put_int(&j, "content_index", it->n_parts);
    put_part(&j, "part", it);
    responses_end_event(b, &j);
}

static int64_t code_points(str text)
{
    int64_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += ((uint8_t)text.p[i] & 0xc0) != 0x80;
    return n;
}

void responses_add_text(struct build *b, struct item *it, str text)
{
    bool waits = b->w->asked && b->w->asked->sampling.logprobs == YES && !it->is_refusal;
    responses_hold(b, &it->text, text);
    it->length += code_points(text);
    if (!waits) {
        put_text_delta(b, it, text, S_EMPTY);
        return;
    }
    buf_put(&b->waiting, text);
    b->waits = it;
}

/* ---- what goes with text ---- */

static void put_note_event(struct build *b, struct item *it, str note)
{
    struct json_writer j =
        responses_begin_item_event(b, "response.output_text.annotation.added", it);
    json_put_int(&j, "content_index", it->n_parts);
    json_put_int(&j, "annotation_index", it->n_notes++);
    json_put_raw(&j, "annotation", note);
    responses_end_event(b, &j);
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
void responses_add_note(struct build *b, struct item *it, const struct annotation *a)
{
    bool is_own = a->origin == DIALECT_RESPONSES && a->raw;
    if (it->is_refusal || (!is_own && a->url.n == 0))
        return;
    if (!is_own && (a->begin < 0 || a->end < 0)) {
        add_late_note(b, it, a);
        return;
    }
    responses_add_element(&it->notes);
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
        responses_add_element(&it->notes);
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
void responses_add_logprobs(struct build *b, struct item *it, const struct json *list)
{
    if (b->w->asked && b->w->asked->sampling.logprobs != YES)
        return;
    size_t held = it->logprobs.n, begin = held > 0 ? held + 1 : 0;
    for (struct json_iter i = json_iter(list); json_iter_next(&i);) {
        if (json_type(i.value) != JSON_OBJECT)
            continue;
        responses_add_element(&it->logprobs);
        struct json_writer j = json_writer(&it->logprobs);
        put_token(&j, i.value, true);
    }
    b->held += it->logprobs.n - held;
    if (!b->waits)
        b->waits = it;
    responses_flush(b, str_slice(buf_str(&it->logprobs), begin, it->logprobs.n));
}

void responses_stop_text(struct build *b, struct item *it)
{
    add_late_notes(b, it);
    const char *type = it->is_refusal ? "response.refusal.done" : "response.output_text.done";
    struct json_writer j = responses_begin_item_event(b, type, it);
    json_put_int(&j, "content_index", it->n_parts);
    json_put_str(&j, it->is_refusal ? "refusal" : "text", buf_str(&it->text));
    if (!it->is_refusal)
        responses_put_list(&j, "logprobs", &it->logprobs);
    responses_end_event(b, &j);
    responses_add_element(&it->parts);
    size_t begin = it->parts.n;
    struct json_writer part = json_writer(&it->parts);
    put_part(&part, NULL, it);
    j = responses_begin_item_event(b, "response.content_part.done", it);
    json_put_int(&j, "content_index", it->n_parts);
    json_put_raw(&j, "part", str_slice(buf_str(&it->parts), begin, it->parts.n));
    responses_end_event(b, &j);
    it->n_parts++;
    it->has_part = false;
    buf_fini(&it->text);
    buf_fini(&it->notes);
    buf_fini(&it->late);
    buf_fini(&it->logprobs);
    buf_fini(&it->own);
    if (b->message != it)
        responses_finish_item(b, it, S("completed"), S_EMPTY);
}
