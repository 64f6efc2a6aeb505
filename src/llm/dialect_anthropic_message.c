/* Messages and content blocks of the Anthropic dialect, written.
 *
 * There are two ways through this file. A client that speaks the dialect itself gets back what it
 * said: every turn and block as it came, with the members nobody here reads, and with those kept
 * verbatim where the intermediate form says less than they did. Only thoughts whose proof was made
 * by somebody else, or is missing, are left out, since they would be refused. Everybody else's
 * turns have been put in order before (dialect_anthropic_order.c), and the blocks are written from
 * their meaning: names and ids fitted, media types taken from the bytes, parts that have no place
 * here dropped with a note or refused. */
#include "llm/dialect_anthropic.h"

#include "llm/carry.h"
#include "llm/media.h"
#include "llm/seal.h"
#include "llm/tool_name.h"
#include "wire/base64.h"

#define CACHE_MARKS_MAX 4 /* of a request */
#define FIELD_CONTENT   "messages.content"

static void put_blocks(struct anthropic_request *q, const char *key, const struct block *list);

static bool is_kept(const struct extras *verbatim, str key)
{
    return extras_find(verbatim, key) != NULL;
}

void anthropic_put_extras(struct json_writer *w, const struct extras *e, const char *const *written,
                          size_t n)
{
    if (e->origin != DIALECT_ANTHROPIC)
        return;
    for (const struct extra *x = e->first; x; x = x->next) {
        bool is_written = false;
        for (size_t i = 0; i < n && !is_written; i++)
            is_written = str_eq(x->key, str_from_cz(written[i]));
        if (!is_written)
            json_put_member(w, x->key, x->value);
    }
}

/* Members that every block of their kind is written with, though they came as null. */
void anthropic_put_rest(struct json_writer *w, const struct block *b)
{
    static const char *const written[] = {"type", "text", "thinking", "signature",  "data",
                                          "id",   "name", "input",    "tool_use_id"};
    anthropic_put_extras(w, &b->extras, written, ARRAY_LEN(written));
    extras_put(w, &b->verbatim, DIALECT_ANTHROPIC);
}

static void put_rest(struct anthropic_request *q, const struct block *b)
{
    if (q->is_own)
        anthropic_put_rest(&q->json, b);
}

static bool takes_mark(struct anthropic_request *q)
{
    if (q->is_own)
        return true;
    if ((q->w->can->can & CAN_CACHE_MARKS) == 0) {
        setting_lost(q->w, q->chat, LOSS_DROPPED, SETTING_CACHE);
        return false;
    }
    if (q->cache_marks >= CACHE_MARKS_MAX) {
        setting_lost(q->w, q->chat, LOSS_CLAMPED, SETTING_CACHE);
        return false;
    }
    return true;
}

void anthropic_put_cache(struct anthropic_request *q, const struct cache_mark *mark,
                         const struct extras *verbatim)
{
    bool is_verbatim = q->is_own && is_kept(verbatim, S("cache_control"));
    if (!mark->is_set || is_verbatim || !takes_mark(q))
        return;
    q->cache_marks++;
    bool knows_ttl = q->is_own || str_eq(mark->ttl, S("5m")) || str_eq(mark->ttl, S("1h"));
    json_begin_object(&q->json, "cache_control");
    json_put_str(&q->json, "type", S("ephemeral"));
    if (mark->ttl.n > 0 && knows_ttl)
        json_put_str(&q->json, "ttl", mark->ttl);
    json_end_object(&q->json);
}

/* ---- text ---- */

static void put_citations(struct anthropic_request *q, const struct annotation *list)
{
    bool is_open = false;
    for (const struct annotation *n = list; n; n = n->next) {
        if (n->origin != DIALECT_ANTHROPIC || !n->raw) {
            loss_add(q->w->loss, LOSS_DROPPED, S("messages.content.annotations"));
            continue;
        }
        if (!is_open)
            json_begin_array(&q->json, "citations");
        is_open = true;
        json_put_value(&q->json, NULL, n->raw);
    }
    if (is_open)
        json_end_array(&q->json);
}

/* `b` may be NULL: a text made here. */
static void put_text(struct anthropic_request *q, const struct block *b, str text)
{
    json_begin_object(&q->json, NULL);
    json_put_str(&q->json, "type", S("text"));
    json_put_str(&q->json, "text", text);
    if (b) {
        put_citations(q, b->annotations);
        anthropic_put_cache(q, &b->cache, &b->verbatim);
        put_rest(q, b);
    }
    json_end_object(&q->json);
}

/* ---- pictures and documents ---- */

static void put_source_text(struct anthropic_request *q, const char *type, const char *name,
                            str value)
{
    json_begin_object(&q->json, "source");
    json_put_str(&q->json, "type", str_from_cz(type));
    json_put_str(&q->json, name, value);
    json_end_object(&q->json);
}

static void put_source_base64(struct anthropic_request *q, const char *type, str mime, str data)
{
    json_begin_object(&q->json, "source");
    json_put_str(&q->json, "type", str_from_cz(type));
    json_put_str(&q->json, "media_type", mime);
    json_put_str(&q->json, "data", data);
    json_end_object(&q->json);
}

static void put_source(struct anthropic_request *q, const struct media *m, str mime)
{
    switch (m->source) {
    case MEDIA_BASE64:
        put_source_base64(q, "base64", mime, m->bytes);
        return;
    case MEDIA_URL:
    case MEDIA_URI:
        put_source_text(q, "url", "url", m->bytes);
        return;
    case MEDIA_FILE_ID:
        put_source_text(q, "file", "file_id", m->bytes);
        return;
    case MEDIA_TEXT:
        put_source_base64(q, "text", mime.n > 0 ? mime : S("text/plain"), m->bytes);
        return;
    case MEDIA_BLOCKS:
        json_begin_object(&q->json, "source");
        json_put_str(&q->json, "type", S("content"));
        put_blocks(q, "content", m->blocks);
        json_end_object(&q->json);
        return;
    }
}

static void put_switch(struct anthropic_request *q, const struct block *b)
{
    if (b->media.citations == UNSET || is_kept(&b->verbatim, S("citations")))
        return;
    json_begin_object(&q->json, "citations");
    json_put_bool(&q->json, "enabled", b->media.citations == YES);
    json_end_object(&q->json);
}

static void put_search_result(struct anthropic_request *q, const struct block *b)
{
    json_begin_object(&q->json, NULL);
    json_put_str(&q->json, "type", b->type);
    json_put_str(&q->json, "source", b->media.context);
    json_put_str(&q->json, "title", b->media.name);
    put_blocks(q, "content", b->media.blocks);
    put_switch(q, b);
    anthropic_put_cache(q, &b->cache, &b->verbatim);
    put_rest(q, b);
    json_end_object(&q->json);
}

static void put_media(struct anthropic_request *q, const struct block *b, const struct media *m)
{
    bool is_image = m->kind == MEDIA_IMAGE;
    json_begin_object(&q->json, NULL);
    json_put_str(&q->json, "type", is_image ? S("image") : S("document"));
    if (!q->is_own || !is_kept(&b->verbatim, S("source")))
        put_source(q, m, m->mime);
    if (!is_image && m->name.n > 0)
        json_put_str(&q->json, "title", m->name);
    if (!is_image && m->context.n > 0)
        json_put_str(&q->json, "context", m->context);
    if (!is_image)
        put_switch(q, b);
    anthropic_put_cache(q, &b->cache, &b->verbatim);
    put_rest(q, b);
    json_end_object(&q->json);
}

static int refuse(struct anthropic_request *q, const char *why)
{
    return writing_refuse(q->w, FIELD_CONTENT, "%s", why);
}

/* The media type that the bytes show, else the one that was said. */
static void settle_mime(struct media *m)
{
    str shown = m->source == MEDIA_BASE64 ? media_sniff(m->bytes) : S_EMPTY;
    if (shown.n > 0)
        m->mime = shown;
    else if (m->mime.n == 0 && m->kind == MEDIA_IMAGE)
        m->mime = S("image/png");
    if (m->mime.n > 0 && m->source == MEDIA_BASE64)
        m->kind = media_kind_of(m->mime);
}

/* A text file in base64 goes as text. */
static void settle_text(struct anthropic_request *q, struct media *m)
{
    str text = S_EMPTY;
    bool is_text = str_has_prefix(m->mime, S("text/")) || str_eq(m->mime, S("application/json")) ||
                   str_eq(m->mime, S("application/xml"));
    if (m->source != MEDIA_BASE64 || !is_text || !base64_decode(q->w->a, m->bytes, &text))
        return;
    m->source = MEDIA_TEXT;
    m->bytes = text;
    m->mime = S("text/plain");
}

static bool is_picture(str mime)
{
    static const str types[] = {S("image/jpeg"), S("image/png"), S("image/gif"), S("image/webp")};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (str_eq(types[i], mime))
            return true;
    }
    return false;
}

static int check_media(struct anthropic_request *q, const struct media *m)
{
    if (m->kind == MEDIA_AUDIO)
        return refuse(q, "The model takes no audio.");
    if (m->kind == MEDIA_VIDEO)
        return refuse(q, "The model takes no video.");
    if (m->source == MEDIA_FILE_ID || m->source == MEDIA_URI)
        return refuse(q, "A file that another provider keeps cannot be sent to this one.");
    bool is_url = m->source == MEDIA_URL;
    if (is_url && !str_has_prefix_nocase(m->bytes, S("https://")))
        return refuse(q, "The model's provider fetches https URLs only.");
    if (is_url && (q->w->can->can & CAN_IMAGE_URL) == 0)
        return refuse(q, "The model's provider fetches no URLs: send the content itself.");
    bool is_bytes = m->source == MEDIA_BASE64;
    if (is_bytes && m->kind == MEDIA_IMAGE && !is_picture(m->mime))
        return refuse(q, "The model takes JPEG, PNG, GIF and WebP pictures only.");
    if (is_bytes && m->kind == MEDIA_DOCUMENT && !str_eq(m->mime, S("application/pdf")))
        return refuse(q, "The model takes PDF and text documents only.");
    return 0;
}

/* What another dialect sent. */
static void put_foreign_media(struct anthropic_request *q, const struct block *b)
{
    struct media m = b->media;
    settle_mime(&m);
    if (m.kind == MEDIA_DOCUMENT)
        settle_text(q, &m);
    if (check_media(q, &m) == 0)
        put_media(q, b, &m);
}

static void put_any_media(struct anthropic_request *q, const struct block *b)
{
    if (b->type.n > 0)
        put_search_result(q, b);
    else if (q->is_own)
        put_media(q, b, &b->media);
    else
        put_foreign_media(q, b);
}

/* ---- thinking ---- */

static void put_thinking(struct anthropic_request *q, const struct block *b)
{
    bool is_redacted = b->seal.kind == SEAL_REDACTED;
    json_begin_object(&q->json, NULL);
    json_put_str(&q->json, "type", is_redacted ? S("redacted_thinking") : S("thinking"));
    if (is_redacted) {
        json_put_str(&q->json, "data", b->seal.value);
    } else {
        json_put_str(&q->json, "thinking", reasoning_text(q->w->a, &b->reasoning));
        json_put_str(&q->json, "signature", b->seal.value);
    }
    put_rest(q, b);
    json_end_object(&q->json);
}

static bool can_return(struct anthropic_request *q, const struct block *b)
{
    return b->seal.kind != SEAL_NONE &&
           seal_fits(&b->seal, FAMILY_ANTHROPIC, q->w->provider, q->w->model);
}

/* ---- tools ---- */

static void put_call(struct anthropic_request *q, const struct block *b, str id)
{
    const struct tool_call *call = &b->call;
    str name =
        q->is_own ? call->name : name_fit(q->w->a, &name_rule_anthropic, call->space, call->name);
    json_begin_object(&q->json, NULL);
    json_put_str(&q->json, "type", S("tool_use"));
    json_put_str(&q->json, "id", id);
    json_put_str(&q->json, "name", name);
    call_put_object(&q->json, "input", q->w->a, call, q->w->loss);
    anthropic_put_cache(q, &b->cache, &b->verbatim);
    put_rest(q, b);
    json_end_object(&q->json);
}

/* Pictures and documents may be in a result, if the model takes them and the tool did not fail. */
static void put_foreign_part(struct anthropic_request *q, const struct tool_result *r,
                             const struct block *b)
{
    bool is_text = b->kind == BLOCK_TEXT || b->kind == BLOCK_REFUSAL;
    bool takes_media = (q->w->can->can & CAN_IMAGES_IN_RESULTS) != 0 && r->failed != YES;
    if (is_text && !anthropic_is_blank(b->text))
        put_text(q, b, b->text);
    else if (b->kind == BLOCK_MEDIA && takes_media)
        put_any_media(q, b);
    else if (!is_text)
        loss_add(q->w->loss, LOSS_DROPPED, S(FIELD_CONTENT));
}

static bool has_content(const struct tool_result *r)
{
    for (const struct block *b = r->blocks; b; b = b->next) {
        if (b->kind != BLOCK_TEXT || !anthropic_is_blank(b->text))
            return true;
    }
    return false;
}

static void put_foreign_content(struct anthropic_request *q, const struct tool_result *r)
{
    if (r->value) {
        json_put_str(&q->json, "content", json_text(q->w->a, r->value));
        return;
    }
    if (!has_content(r))
        return;
    if (r->is_plain) {
        json_put_str(&q->json, "content", block_list_text(q->w->a, r->blocks, S("\n")));
        return;
    }
    json_begin_array(&q->json, "content");
    for (const struct block *b = r->blocks; b; b = b->next)
        put_foreign_part(q, r, b);
    json_end_array(&q->json);
}

static void put_own_content(struct anthropic_request *q, const struct tool_result *r)
{
    if (r->is_plain && r->blocks)
        json_put_str(&q->json, "content", r->blocks->text);
    else if (r->blocks)
        put_blocks(q, "content", r->blocks);
}

static void put_result(struct anthropic_request *q, const struct block *b, str id)
{
    const struct tool_result *r = &b->result;
    json_begin_object(&q->json, NULL);
    json_put_str(&q->json, "type", S("tool_result"));
    json_put_str(&q->json, "tool_use_id", id);
    if (q->is_own)
        put_own_content(q, r);
    else
        put_foreign_content(q, r);
    if (r->failed == YES || (r->failed == NO && q->is_own))
        json_put_bool(&q->json, "is_error", r->failed == YES);
    anthropic_put_cache(q, &b->cache, &b->verbatim);
    put_rest(q, b);
    json_end_object(&q->json);
}

static void put_no_result(struct anthropic_request *q, str id)
{
    json_begin_object(&q->json, NULL);
    json_put_str(&q->json, "type", S("tool_result"));
    json_put_str(&q->json, "tool_use_id", id);
    json_put_str(&q->json, "content", S("The tool gave no result."));
    json_put_bool(&q->json, "is_error", true);
    json_end_object(&q->json);
}

/* ---- any block ---- */

static void put_block(struct anthropic_request *q, const struct block *b, str id)
{
    switch (b->kind) {
    case BLOCK_TEXT:
    case BLOCK_REFUSAL:
        put_text(q, b, b->text);
        return;
    case BLOCK_MEDIA:
        put_any_media(q, b);
        return;
    case BLOCK_REASONING:
        if (can_return(q, b))
            put_thinking(q, b);
        else
            loss_add(q->w->loss, LOSS_DROPPED, S("thinking"));
        return;
    case BLOCK_TOOL_CALL:
        put_call(q, b, id);
        return;
    case BLOCK_TOOL_RESULT:
        put_result(q, b, id);
        return;
    case BLOCK_OPAQUE:
        if (b->extras.origin == DIALECT_ANTHROPIC)
            json_put_value(&q->json, NULL, b->raw);
        else
            loss_add(q->w->loss, LOSS_DROPPED, S(FIELD_CONTENT));
        return;
    }
}

/* The id a block joins call and result by, in Anthropic's alphabet: a client's own is, but what a
 * provider of another dialect gave it may not be. */
static str own_id(struct anthropic_request *q, const struct block *b)
{
    str id = S_EMPTY;
    if (b->kind == BLOCK_TOOL_CALL)
        id = b->call.id;
    else if (b->kind == BLOCK_TOOL_RESULT)
        id = b->result.id;
    return id.n > 0 ? name_fit(q->w->a, &id_rule_anthropic, S_EMPTY, id) : id;
}

/* The depth is the readers'. */
static void put_blocks(struct anthropic_request *q, const char *key, const struct block *list)
{
    json_begin_array(&q->json, key);
    for (const struct block *b = list; b; b = b->next)
        put_block(q, b, own_id(q, b));
    json_end_array(&q->json);
}

void anthropic_put_system_block(struct anthropic_request *q, const struct block *b)
{
    put_block(q, b, S_EMPTY);
}

/* ---- messages ---- */

static void put_item(struct anthropic_request *q, const struct anthropic_item *item)
{
    if (item->text.n > 0)
        put_text(q, item->block, item->text);
    else if (item->block)
        put_block(q, item->block, item->id);
    else
        put_no_result(q, item->id);
}

void anthropic_put_messages(struct anthropic_request *q, const struct anthropic_message *messages)
{
    json_begin_array(&q->json, "messages");
    for (const struct anthropic_message *m = messages; m; m = m->next) {
        json_begin_object(&q->json, NULL);
        json_put_str(&q->json, "role", str_from_cz(role_name(m->role)));
        json_begin_array(&q->json, "content");
        for (const struct anthropic_item *i = m->items; i; i = i->next)
            put_item(q, i);
        json_end_array(&q->json);
        json_end_object(&q->json);
    }
    json_end_array(&q->json);
}

/* Are there only thoughts in it that cannot go back? */
static bool is_void(struct anthropic_request *q, const struct turn *t)
{
    for (const struct block *b = t->blocks; b; b = b->next) {
        if (b->kind != BLOCK_REASONING || can_return(q, b))
            return false;
    }
    return t->blocks != NULL;
}

/* Did this turn call tools that another provider's model called, or think what cannot go back? */
static bool is_foreign_call(struct anthropic_request *q, const struct turn *t)
{
    for (const struct block *b = t->blocks; b; b = b->next) {
        if (b->kind == BLOCK_REASONING && !can_return(q, b))
            return true;
        if (b->kind == BLOCK_TOOL_CALL && !anthropic_is_call_id(b->call.id))
            return true;
    }
    return false;
}

static bool begins_with_thought(struct anthropic_request *q, const struct turn *t)
{
    for (const struct block *b = t->blocks; b; b = b->next) {
        if (b->kind != BLOCK_REASONING)
            return false;
        if (can_return(q, b))
            return true;
    }
    return false;
}

bool anthropic_lacks_thought(struct anthropic_request *q)
{
    const struct turn *call = NULL;
    for (const struct turn *t = q->chat->turns; t; t = t->next) {
        if (t->role == ROLE_ASSISTANT)
            call = t;
        else if (t->role == ROLE_USER && !block_list_has(t->blocks, BLOCK_TOOL_RESULT))
            call = NULL;
    }
    return call && call->next && is_foreign_call(q, call) && !begins_with_thought(q, call);
}

static void put_turn(struct anthropic_request *q, const struct turn *t)
{
    json_begin_object(&q->json, NULL);
    json_put_str(&q->json, "role", str_from_cz(role_name(t->role)));
    if (t->is_plain && t->blocks)
        json_put_str(&q->json, "content", t->blocks->text);
    else
        put_blocks(q, "content", t->blocks);
    extras_put(&q->json, &t->extras, DIALECT_ANTHROPIC);
    json_end_object(&q->json);
}

void anthropic_put_turns(struct anthropic_request *q)
{
    json_begin_array(&q->json, "messages");
    for (const struct turn *t = q->chat->turns; t; t = t->next) {
        if (is_void(q, t))
            loss_add(q->w->loss, LOSS_DROPPED, S("thinking"));
        else
            put_turn(q, t);
    }
    json_end_array(&q->json);
}
