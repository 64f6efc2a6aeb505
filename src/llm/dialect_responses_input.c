/* Writing the history as input items.
 *
 * A turn becomes as many items as its blocks need: text, pictures and files that stand together are
 * one message, every call, result and piece of reasoning is an item of its own, in the order of
 * the blocks.
 *
 * Reasoning is held back until it is known that an item of the assistant follows: the provider
 * refuses reasoning that nothing follows. It is sent at all only when the seal fits, or when it
 * came from a server of this dialect that does without seals. Ids are sent only if the provider can
 * know them, that is if the client's own history has them and the gateway did not make them up.
 *
 * Calls and results without ids (Gemini, Ollama) are joined by name and order; the ids made for
 * them depend on nothing else, so the next request gives the same ones. */
#include "llm/dialect_responses.h"

#include <string.h>

#include "base/table.h"
#include "llm/carry.h"
#include "llm/media.h"
#include "llm/seal.h"
#include "llm/tool_name.h"

/* A call of the history, among those of its name. */
struct named_call {
    const struct tool_call *call;
    unsigned number;
    struct named_call *next;
};

/* The calls of one name; `unanswered` is the first whose result has not been seen. */
struct tally {
    struct named_call *last, *unanswered;
    unsigned n, n_written;
};

struct held {
    const struct block *block;
    struct held *next;
};

struct input {
    struct writing *w;
    const struct chat *c;
    struct json_writer *j;
    struct held *held, **last_held; /* reasoning that waits for what follows it */
    struct table by_name;           /* struct tally */
    struct table by_id;             /* struct named_call */
    bool is_own;
};

/* ---- ids ---- */

static bool is_made_here(str id)
{
    str prefix, rest;
    return str_cut(id, '_', &prefix, &rest) && str_has_prefix(rest, S(RESPONSES_ID_MARK)) &&
           rest.n == sizeof(RESPONSES_ID_MARK) - 1 + 24;
}

static void put_item_id(struct input *in, str id)
{
    if (in->is_own && id.n > 0 && !is_made_here(id))
        json_put_str(in->j, "id", id);
}

/* Notes a call under its name and its id; of calls with the same id the last one counts. */
static void index_call(struct input *in, const struct tool_call *call)
{
    struct tally *t = table_get(&in->by_name, call->name);
    struct named_call *c = arena_new(in->w->a, struct named_call);
    if (!t) {
        t = arena_new(in->w->a, struct tally);
        (void)table_add(&in->by_name, call->name, t); /* it was not there */
    }
    *c = (struct named_call){.call = call, .number = t->n++};
    if (t->last)
        t->last->next = c;
    else
        t->unanswered = c;
    t->last = c;
    if (call->id.n > 0)
        (void)table_remove(&in->by_id, call->id); /* if it was there */
    if (call->id.n > 0)
        (void)table_add(&in->by_id, call->id, c);
}

static void index_calls(struct input *in)
{
    for (const struct turn *t = in->c->turns; t && !in->is_own; t = t->next) {
        for (const struct block *b = t->blocks; b; b = b->next) {
            if (b->kind == BLOCK_TOOL_CALL)
                index_call(in, &b->call);
        }
    }
}

static str fit_id(struct input *in, str id, str name, unsigned number)
{
    if (id.n > 0)
        return in->is_own ? id : name_fit(in->w->a, &id_rule_openai, S_EMPTY, id);
    return make_id(in->w->a, "call_", name, number);
}

/* Calls are written in the order in which they were noted. */
static str call_id(struct input *in, const struct tool_call *call)
{
    struct tally *t = in->is_own ? NULL : table_get(&in->by_name, call->name);
    return fit_id(in, call->id, call->name, t ? t->n_written++ : 0);
}

/* A result that names its tool only is that of the next call of this name. */
static str result_id(struct input *in, const struct tool_result *r)
{
    struct tally *t = in->is_own ? NULL : table_get(&in->by_name, r->name);
    const struct named_call *c = t ? t->unanswered : NULL;
    if (c)
        t->unanswered = c->next;
    if (r->id.n > 0 || !c)
        return fit_id(in, r->id, r->name, 0);
    return fit_id(in, c->call->id, r->name, c->number);
}

/* ---- parts ---- */

static void put_mark(struct input *in, const struct block *b)
{
    if (!b->cache.is_set || (!in->is_own && (in->w->can->can & CAN_CACHE_MARKS) == 0))
        return;
    json_begin_object(in->j, "prompt_cache_breakpoint");
    json_put_str(in->j, "mode", S("explicit"));
    json_end_object(in->j);
}

static void put_text_part(struct input *in, const struct block *b, bool is_output)
{
    struct json_writer *j = in->j;
    str type = is_output ? S("output_text") : S("input_text");
    json_begin_object(j, NULL);
    json_put_str(j, "type", in->is_own && b->type.n > 0 ? b->type : type);
    json_put_str(j, "text", b->text);
    if (!responses_put_verbatim(j, &b->verbatim, "annotations") && is_output)
        json_put_raw(j, "annotations", S("[]"));
    if (!responses_put_verbatim(j, &b->verbatim, "logprobs") && is_output)
        json_put_raw(j, "logprobs", S("[]"));
    put_mark(in, b);
    extras_put(j, &b->extras, DIALECT_RESPONSES);
    json_end_object(j);
}

/* Files at OpenAI are known to both of its dialects, and to no other. */
static int put_file_id(struct input *in, const struct media *m)
{
    bool is_openai = in->is_own || in->c->origin == DIALECT_CHAT;
    if (!is_openai)
        return writing_refuse(in->w, "file_id",
                              "The file is kept at another provider: send its content.");
    json_put_str(in->j, "file_id", m->bytes);
    return 0;
}

static int put_image(struct input *in, const struct block *b)
{
    const struct media *m = &b->media;
    int rc = 0;
    json_begin_object(in->j, NULL);
    json_put_str(in->j, "type", S("input_image"));
    if (m->source == MEDIA_FILE_ID)
        rc = put_file_id(in, m);
    else if (m->source == MEDIA_BASE64 || m->source == MEDIA_URL)
        json_put_str(in->j, "image_url", media_url(in->w->a, m));
    else
        rc = writing_refuse(in->w, "image", "The model's provider cannot fetch this image.");
    if (m->detail.n > 0 || !in->is_own)
        json_put_str(in->j, "detail", m->detail.n > 0 ? m->detail : S("auto"));
    put_mark(in, b);
    extras_put(in->j, &b->extras, DIALECT_RESPONSES);
    json_end_object(in->j);
    return rc;
}

static int put_audio(struct input *in, const struct block *b)
{
    if (b->media.source != MEDIA_BASE64)
        return writing_refuse(in->w, "audio", "The model's provider takes audio as data only.");
    str format = media_extension(b->media.mime);
    json_begin_object(in->j, NULL);
    json_put_str(in->j, "type", S("input_audio"));
    json_begin_object(in->j, "input_audio");
    json_put_str(in->j, "data", b->media.bytes);
    json_put_str(in->j, "format", format.n > 0 ? format : S("wav"));
    json_end_object(in->j);
    extras_put(in->j, &b->extras, DIALECT_RESPONSES);
    json_end_object(in->j);
    return 0;
}

/* A document that is text already is sent as text. */
static void put_text_document(struct input *in, const struct media *m)
{
    str text =
        m->source == MEDIA_BLOCKS ? block_list_text(in->w->a, m->blocks, S("\n\n")) : m->bytes;
    if (m->name.n > 0)
        text = arena_concat(in->w->a, (str[]){m->name, S("\n\n"), text}, 3);
    put_text_part(in, &(struct block){.kind = BLOCK_TEXT, .text = text}, false);
    loss_add(in->w->loss, LOSS_EMULATED, S("document"));
}

static str document_name(struct input *in, const struct media *m)
{
    if (m->name.n > 0)
        return m->name;
    str ending = media_extension(m->mime);
    return arena_concat(in->w->a, (str[]){S("document."), ending.n > 0 ? ending : S("pdf")}, 2);
}

static int put_document(struct input *in, const struct block *b)
{
    const struct media *m = &b->media;
    int rc = 0;
    if (m->source == MEDIA_TEXT || m->source == MEDIA_BLOCKS) {
        put_text_document(in, m);
        return 0;
    }
    json_begin_object(in->j, NULL);
    json_put_str(in->j, "type", S("input_file"));
    if (m->source == MEDIA_FILE_ID) {
        rc = put_file_id(in, m);
    } else if (m->source == MEDIA_URL) {
        json_put_str(in->j, "file_url", m->bytes);
    } else if (m->source == MEDIA_BASE64) {
        if (!in->is_own)
            json_put_str(in->j, "filename", document_name(in, m));
        if (!responses_put_verbatim(in->j, &b->verbatim, "file_data") &&
            !responses_put_verbatim(in->j, &b->verbatim, "file_url"))
            json_put_str(in->j, "file_data", media_url(in->w->a, m));
    } else {
        rc = writing_refuse(in->w, "document", "The model's provider cannot fetch this document.");
    }
    if (in->is_own && m->name.n > 0)
        json_put_str(in->j, "filename", m->name);
    if (m->detail.n > 0)
        json_put_str(in->j, "detail", m->detail);
    put_mark(in, b);
    extras_put(in->j, &b->extras, DIALECT_RESPONSES);
    json_end_object(in->j);
    return rc;
}

static int put_media(struct input *in, const struct block *b)
{
    switch (b->media.kind) {
    case MEDIA_IMAGE:
        return put_image(in, b);
    case MEDIA_AUDIO:
        return put_audio(in, b);
    case MEDIA_DOCUMENT:
        return put_document(in, b);
    case MEDIA_VIDEO:
        break;
    }
    return writing_refuse(in->w, "video", "The model's provider takes no video.");
}

static int put_part(struct input *in, const struct block *b, enum role role)
{
    bool is_output = role == ROLE_ASSISTANT;
    switch (b->kind) {
    case BLOCK_TEXT:
        put_text_part(in, b, is_output);
        return 0;
    case BLOCK_REFUSAL:
        json_begin_object(in->j, NULL);
        json_put_str(in->j, "type", S("refusal"));
        json_put_str(in->j, "refusal", b->text);
        extras_put(in->j, &b->extras, DIALECT_RESPONSES);
        json_end_object(in->j);
        return 0;
    case BLOCK_MEDIA:
        if (!is_output || in->is_own)
            return put_media(in, b);
        loss_add(in->w->loss, LOSS_DROPPED, S("messages.content.media")); /* of the assistant */
        return 0;
    case BLOCK_OPAQUE:
        if (b->extras.origin == DIALECT_RESPONSES)
            json_put_value(in->j, NULL, b->raw);
        else
            loss_add(in->w->loss, LOSS_DROPPED, b->type);
        return 0;
    case BLOCK_REASONING:
    case BLOCK_TOOL_CALL:
    case BLOCK_TOOL_RESULT:
        break;
    }
    return 0;
}

/* Is this block part of a message, or an item of its own? */
static bool is_part(const struct block *b)
{
    switch (b->kind) {
    case BLOCK_TEXT:
    case BLOCK_REFUSAL:
    case BLOCK_MEDIA:
        return true;
    case BLOCK_OPAQUE:
        return !b->is_item && b->extras.origin == DIALECT_RESPONSES;
    case BLOCK_REASONING:
    case BLOCK_TOOL_CALL:
    case BLOCK_TOOL_RESULT:
        break;
    }
    return false;
}

/* A member "content" or "output": one plain text as a string, anything else as a list. */
static int put_content(struct input *in, const char *key, const struct block *list,
                       const struct block *end, enum role role)
{
    bool is_one = list && list->next == end && list->kind == BLOCK_TEXT;
    int rc = 0;
    if (is_one && !in->is_own && !list->cache.is_set) {
        json_put_str(in->j, key, list->text);
        return 0;
    }
    json_begin_array(in->j, key);
    for (const struct block *b = list; b != end && rc == 0; b = b->next)
        rc = put_part(in, b, role);
    json_end_array(in->j);
    return rc;
}

/* ---- reasoning ---- */

static bool has_raw_part(const struct reasoning *r)
{
    for (const struct reasoning_part *p = r->parts; p; p = p->next) {
        if (!p->is_summary)
            return true;
    }
    return false;
}

static bool may_send(const struct input *in, const struct block *b)
{
    const uint32_t replays = CAN_REASONING_CONTENT | CAN_REASONING | CAN_REPLAY_ALWAYS;
    const struct reasoning *r = &b->reasoning;
    if (!seal_is_absent(&b->seal))
        return seal_fits(&b->seal, FAMILY_OPENAI, in->w->provider, in->w->model);
    if ((in->w->can->can & replays) != 0 && r->parts)
        return true;
    return in->is_own && ((r->id.n > 0 && !is_made_here(r->id)) || has_raw_part(r));
}

static void hold(struct input *in, const struct block *b)
{
    if (!may_send(in, b)) {
        loss_add(in->w->loss, LOSS_DROPPED, S("reasoning"));
        return;
    }
    struct held *h = arena_new(in->w->a, struct held);
    h->block = b;
    *in->last_held = h;
    in->last_held = &h->next;
}

/* Other dialects do not tell a summary from the thoughts themselves; what OpenAI sealed was one. */
static bool is_summary_of(const struct input *in, const struct block *b,
                          const struct reasoning_part *p)
{
    return p->is_summary || (!in->is_own && !seal_is_absent(&b->seal));
}

static void put_thoughts(struct input *in, const char *key, const struct block *b, bool is_summary)
{
    json_begin_array(in->j, key);
    for (const struct reasoning_part *p = b->reasoning.parts; p; p = p->next) {
        if (is_summary_of(in, b, p) != is_summary || (p->text.n == 0 && !in->is_own))
            continue;
        json_begin_object(in->j, NULL);
        json_put_str(in->j, "type", is_summary ? S("summary_text") : S("reasoning_text"));
        json_put_str(in->j, "text", p->text);
        json_end_object(in->j);
    }
    json_end_array(in->j);
}

static void put_reasoning(struct input *in, const struct block *b)
{
    const struct reasoning *r = &b->reasoning;
    json_begin_object(in->j, NULL);
    json_put_str(in->j, "type", S("reasoning"));
    put_item_id(in, r->id);
    if (!responses_put_verbatim(in->j, &b->verbatim, "summary"))
        put_thoughts(in, "summary", b, true);
    bool has_content = has_raw_part(r) && (in->is_own || seal_is_absent(&b->seal));
    if (!responses_put_verbatim(in->j, &b->verbatim, "content") && has_content)
        put_thoughts(in, "content", b, false);
    if (b->seal.value.n > 0)
        json_put_str(in->j, "encrypted_content", b->seal.value);
    if (in->is_own && r->status.n > 0)
        json_put_str(in->j, "status", r->status);
    extras_put(in->j, &b->extras, DIALECT_RESPONSES);
    json_end_object(in->j);
}

/* What is held goes out before an item of the assistant, and is lost before any other. */
static void release(struct input *in, bool is_followed)
{
    for (const struct held *h = in->held; h; h = h->next) {
        if (is_followed)
            put_reasoning(in, h->block);
        else
            loss_add(in->w->loss, LOSS_DROPPED, S("reasoning"));
    }
    in->held = NULL;
    in->last_held = &in->held;
}

/* ---- calls and results ---- */

static void put_builtin_call(struct input *in, const struct block *b,
                             const struct responses_builtin *how)
{
    json_begin_object(in->j, NULL);
    json_put_str(in->j, "type", b->type);
    put_item_id(in, b->call.item_id);
    json_put_str(in->j, "call_id", b->call.id);
    if (b->call.value)
        json_put_value(in->j, how->member, b->call.value);
    if (b->call.status.n > 0)
        json_put_str(in->j, "status", b->call.status);
    extras_put(in->j, &b->extras, DIALECT_RESPONSES);
    json_end_object(in->j);
}

static void put_call(struct input *in, const struct block *b)
{
    const struct tool_call *call = &b->call;
    const struct responses_builtin *how = in->is_own ? responses_builtin_of_call(b->type) : NULL;
    if (how) {
        put_builtin_call(in, b, how);
        return;
    }
    bool is_custom = call->kind == TOOL_CUSTOM;
    str args = call->args;
    if (args.n == 0 && !is_custom && !in->is_own)
        args = call->value ? json_text(in->w->a, call->value) : S("{}");
    str name =
        in->is_own ? call->name : name_fit(in->w->a, &name_rule_openai, call->space, call->name);
    json_begin_object(in->j, NULL);
    json_put_str(in->j, "type", is_custom ? S("custom_tool_call") : S("function_call"));
    put_item_id(in, call->item_id);
    json_put_str(in->j, "call_id", call_id(in, call));
    json_put_str(in->j, "name", name);
    if (in->is_own && call->space.n > 0)
        json_put_str(in->j, "namespace", call->space);
    json_put_str(in->j, is_custom ? "input" : "arguments", args);
    if (in->is_own && call->status.n > 0)
        json_put_str(in->j, "status", call->status);
    extras_put(in->j, &b->extras, DIALECT_RESPONSES);
    json_end_object(in->j);
}

static void put_builtin_output(struct input *in, const struct block *b)
{
    json_begin_object(in->j, NULL);
    json_put_str(in->j, "type", b->type);
    put_item_id(in, b->item_id);
    IGNORE_RESULT(responses_put_verbatim(in->j, &b->verbatim, "call_id")); /* or it has none */
    IGNORE_RESULT(responses_put_verbatim(in->j, &b->verbatim, "output"));
    extras_put(in->j, &b->extras, DIALECT_RESPONSES);
    json_end_object(in->j);
}

/* Results of other dialects do not say whether a function or a free-text tool was called. */
static bool answers_custom(const struct input *in, const struct tool_result *r)
{
    const struct named_call *c = in->is_own ? NULL : table_get(&in->by_id, r->id);
    return c ? c->call->kind == TOOL_CUSTOM : r->kind == TOOL_CUSTOM;
}

/* The result as text, with the mark of an error that this dialect has no member for. */
static int put_output(struct input *in, const struct tool_result *r)
{
    const struct block *only = r->blocks && !r->blocks->next ? r->blocks : NULL;
    bool is_text = !r->blocks || (only && only->kind == BLOCK_TEXT);
    bool marks_error = r->failed == YES && !in->is_own;
    if (in->is_own && r->is_plain) {
        json_put_str(in->j, "output", only ? only->text : S_EMPTY);
        return 0;
    }
    if (is_text && !in->is_own) {
        str text = only ? only->text : json_text(in->w->a, r->value);
        if (marks_error)
            text = arena_concat(in->w->a, (str[]){S("Error: "), text}, 2);
        json_put_str(in->j, "output", text);
        return 0;
    }
    if (!marks_error)
        return put_content(in, "output", r->blocks, NULL, ROLE_TOOL);
    struct block *said = block_text(in->w->a, S("Error:"));
    said->next = r->blocks;
    return put_content(in, "output", said, NULL, ROLE_TOOL);
}

static int put_result(struct input *in, const struct block *b)
{
    const struct tool_result *r = &b->result;
    if (in->is_own && b->type.n > 0) {
        put_builtin_output(in, b);
        return 0;
    }
    json_begin_object(in->j, NULL);
    json_put_str(in->j, "type",
                 answers_custom(in, r) ? S("custom_tool_call_output") : S("function_call_output"));
    put_item_id(in, b->item_id);
    json_put_str(in->j, "call_id", result_id(in, r));
    if (in->is_own && r->name.n > 0)
        json_put_str(in->j, "name", r->name);
    int rc = put_output(in, r);
    extras_put(in->j, &b->extras, DIALECT_RESPONSES);
    json_end_object(in->j);
    return rc;
}

/* ---- turns ---- */

/* Empty text of another dialect's turn, which says nothing beside calls. */
static bool is_empty(const struct input *in, const struct turn *t, const struct block *b,
                     const struct block *end)
{
    if (in->is_own || t->role != ROLE_ASSISTANT)
        return false;
    for (; b != end; b = b->next) {
        if (b->kind != BLOCK_TEXT || b->text.n > 0)
            return false;
    }
    return true;
}

/* Where a message that begins with `b` ends. Texts of another dialect's assistant are a message
 * each: only whole texts are taken from an assistant whose messages have no ids. */
static const struct block *message_end(const struct input *in, const struct turn *t,
                                       const struct block *b)
{
    const struct block *end = b;
    while (end && is_part(end)) {
        bool is_alone = !in->is_own && t->role == ROLE_ASSISTANT && end->kind == BLOCK_TEXT;
        if (is_alone && end != b)
            return end;
        end = end->next;
        if (is_alone)
            return end;
    }
    return end;
}

/* One message: the blocks from `b` up to `end`. A turn's id, phase and status are those of its
 * first message. */
static int put_message(struct input *in, const struct turn *t, const struct block *b,
                       const struct block *end, bool is_first)
{
    static const enum role tool_as = ROLE_USER;
    enum role role = t->role == ROLE_TOOL ? tool_as : t->role;
    int rc = 0;
    if (is_empty(in, t, b, end))
        return 0;
    release(in, role == ROLE_ASSISTANT);
    json_begin_object(in->j, NULL);
    if (is_first)
        IGNORE_RESULT(responses_put_verbatim(in->j, &t->verbatim, "type")); /* or it had none */
    if (is_first)
        put_item_id(in, t->id);
    json_put_str(in->j, "role", str_from_cz(role_name(role)));
    if (in->is_own && is_first && t->is_plain)
        json_put_str(in->j, "content", b ? b->text : S_EMPTY);
    else
        rc = put_content(in, "content", b, end, role);
    if (t->phase.n > 0)
        json_put_str(in->j, "phase", t->phase);
    if (in->is_own && is_first && t->status.n > 0)
        json_put_str(in->j, "status", t->status);
    if (is_first)
        extras_put(in->j, &t->extras, DIALECT_RESPONSES);
    json_end_object(in->j);
    return rc;
}

static int put_opaque(struct input *in, const struct block *b, enum role role)
{
    if (b->extras.origin != DIALECT_RESPONSES) {
        loss_add(in->w->loss, LOSS_DROPPED, b->type);
        return 0;
    }
    release(in, role == ROLE_ASSISTANT);
    json_put_value(in->j, NULL, b->raw);
    return 0;
}

static int put_block(struct input *in, const struct turn *t, const struct block *b)
{
    switch (b->kind) {
    case BLOCK_REASONING:
        hold(in, b);
        return 0;
    case BLOCK_TOOL_CALL:
        release(in, true);
        put_call(in, b);
        return 0;
    case BLOCK_TOOL_RESULT:
        release(in, false);
        return put_result(in, b);
    case BLOCK_OPAQUE:
        return put_opaque(in, b, t->role);
    case BLOCK_TEXT:
    case BLOCK_REFUSAL:
    case BLOCK_MEDIA:
        break;
    }
    return 0;
}

static int put_turn(struct input *in, const struct turn *t)
{
    bool is_first = true;
    int rc = 0;
    if (t->name.n > 0)
        loss_add(in->w->loss, LOSS_DROPPED, S("messages.name"));
    if (!t->blocks && (in->is_own || t->role != ROLE_ASSISTANT))
        return put_message(in, t, NULL, NULL, true);
    for (const struct block *b = t->blocks; b && rc == 0;) {
        if (!is_part(b)) {
            rc = put_block(in, t, b);
            b = b->next;
            continue;
        }
        const struct block *end = message_end(in, t, b);
        rc = put_message(in, t, b, end, is_first);
        is_first = false;
        b = end;
    }
    return rc;
}

/* Leading system text that could not be one string goes ahead as a message. */
static int put_leading(struct input *in)
{
    struct turn t = {.role = ROLE_DEVELOPER, .blocks = in->c->instructions};
    return put_message(in, &t, t.blocks, NULL, true);
}

/* The turns as items, between the brackets of the list. */
static int put_turns(struct input *in, bool instructions)
{
    int rc = 0;
    if (!in->is_own && !instructions && in->c->instructions)
        rc = put_leading(in);
    for (const struct turn *t = in->c->turns; t && rc == 0; t = t->next) {
        if (!instructions || !turn_is_leading(in->c, t))
            rc = put_turn(in, t);
    }
    release(in, false);
    return rc;
}

int responses_put_input(struct writing *w, const struct chat *c, struct json_writer *j,
                        bool instructions)
{
    struct input in = {.w = w, .c = c, .j = j, .is_own = c->origin == DIALECT_RESPONSES};
    in.last_held = &in.held;
    int rc = 0;
    if (in.is_own && c->instructions_is_plain)
        json_put_str(j, "instructions", c->instructions->text);
    else if (in.is_own && c->instructions)
        rc = put_content(&in, "instructions", c->instructions, NULL, ROLE_DEVELOPER);
    if (rc != 0 || responses_put_verbatim(j, &c->verbatim, "input"))
        return rc;
    if (in.is_own && !c->turns)
        return 0; /* there was no input: the conversation or the prompt has it */
    table_init(&in.by_name);
    table_init(&in.by_id);
    index_calls(&in);
    json_begin_array(j, "input");
    rc = put_turns(&in, instructions);
    json_end_array(j);
    table_fini(&in.by_name);
    table_fini(&in.by_id);
    return rc;
}
