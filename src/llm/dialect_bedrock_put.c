/* Content blocks of Converse, written.
 *
 * A block that came in this dialect and has verbatim members is written from them; everything else
 * from what it means. Converse takes bytes and no URLs, wants each document's name of a small
 * alphabet and different from the others, and refuses text that is empty: what cannot be said so is
 * left out with a loss, and what cannot be left out is refused. */
#include "llm/dialect_bedrock.h"

#include "llm/carry.h"
#include "llm/media.h"
#include "llm/seal.h"
#include "llm/tool_name.h"
#include "wire/base64.h"

#define DOCUMENT_NAME_MAX 200

void bedrock_put_text(struct bedrock_writer *b, str text)
{
    json_begin_object(&b->json, NULL);
    json_put_str(&b->json, "text", text);
    json_end_object(&b->json);
}

void bedrock_put_cache_point(struct bedrock_writer *b, const struct cache_mark *mark)
{
    if (!mark->is_set)
        return;
    json_begin_object(&b->json, NULL);
    json_begin_object(&b->json, "cachePoint");
    json_put_str(&b->json, "type", S("default"));
    if (mark->ttl.n > 0)
        json_put_str(&b->json, "ttl", mark->ttl);
    json_end_object(&b->json);
    json_end_object(&b->json);
}

/* ---- citations ---- */

static void put_place(struct json_writer *w, const char *key, const struct annotation *a)
{
    json_begin_object(w, key);
    if (a->begin >= 0)
        json_put_int(w, "start", a->begin);
    if (a->end >= 0)
        json_put_int(w, "end", a->end);
    json_end_object(w);
}

void bedrock_put_citation(struct json_writer *w, const char *key, const struct annotation *a)
{
    if (a->raw && a->origin == DIALECT_BEDROCK) {
        json_put_value(w, key, a->raw);
        return;
    }
    json_begin_object(w, key);
    if (a->title.n > 0)
        json_put_str(w, "title", a->title);
    if (a->text.n > 0) {
        json_begin_array(w, "sourceContent");
        json_begin_object(w, NULL);
        json_put_str(w, "text", a->text);
        json_end_object(w);
        json_end_array(w);
    }
    json_begin_object(w, "location");
    if (a->url.n > 0) {
        json_begin_object(w, "web");
        json_put_str(w, "url", a->url);
        json_end_object(w);
    } else {
        put_place(w, "documentChar", a);
    }
    json_end_object(w);
    json_end_object(w);
}

static void put_cited_text(struct bedrock_writer *b, const struct block *block)
{
    struct json_writer *w = &b->json;
    json_begin_object(w, NULL);
    json_begin_object(w, "citationsContent");
    json_begin_array(w, "content");
    bedrock_put_text(b, block->text);
    json_end_array(w);
    json_begin_array(w, "citations");
    for (const struct annotation *a = block->annotations; a; a = a->next)
        bedrock_put_citation(w, NULL, a);
    json_end_array(w);
    json_end_object(w);
    json_end_object(w);
}

/* ---- media ---- */

static const struct {
    enum media_kind kind;
    const char *key;
    const char *formats; /* with a space on either side */
} media_forms[] = {
    [MEDIA_IMAGE] = {MEDIA_IMAGE, "image", " png jpeg gif webp "},
    [MEDIA_AUDIO] = {MEDIA_AUDIO, "audio",
                     " mp3 opus wav aac flac mp4 ogg mkv mpeg webm m4a pcm x-aac mpga mka "},
    [MEDIA_VIDEO] = {MEDIA_VIDEO, "video", " mkv mov mp4 webm flv mpeg mpg wmv three_gp "},
    [MEDIA_DOCUMENT] = {MEDIA_DOCUMENT, "document", " pdf csv doc docx xls xlsx html txt md "},
};

static bool is_format(struct arena *a, enum media_kind kind, str format)
{
    str padded = arena_concat(a, (str[]){S(" "), format, S(" ")}, 3);
    return format.n > 0 && str_find(str_from_cz(media_forms[kind].formats), padded) != STR_NONE;
}

/* The name's extension; S_EMPTY: it has none. */
static str extension_of(str name)
{
    size_t dot = str_rfind_char(name, '.');
    return dot == STR_NONE ? S_EMPTY : str_skip(name, dot + 1);
}

/* Converse's name for the format; S_EMPTY: it has none. */
static str format_of(struct arena *a, const struct media *m)
{
    str format = media_extension(m->mime);
    if (m->kind == MEDIA_VIDEO && str_eq(format, S("3gp")))
        format = S("three_gp");
    if (m->kind == MEDIA_AUDIO && str_eq(format, S("pcm16")))
        format = S("pcm");
    if (!is_format(a, m->kind, format))
        format = extension_of(m->name);
    if (is_format(a, m->kind, format))
        return format;
    bool is_text = m->source == MEDIA_TEXT || m->source == MEDIA_BLOCKS ||
                   str_has_prefix_nocase(m->mime, S("text/"));
    return m->kind == MEDIA_DOCUMENT && is_text ? S("txt") : S_EMPTY;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '(' || c == ')' || c == '[' || c == ']';
}

/* Letters, digits, "-()[]" and single spaces; no extension, which the format says already. */
static str clean_name(struct arena *a, str name)
{
    size_t dot = str_rfind_char(name, '.');
    str from = str_slice(name, 0, dot == STR_NONE || dot == 0 ? name.n : dot);
    from = str_slice(from, 0, DOCUMENT_NAME_MAX);
    char *to = arena_alloc(a, from.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < from.n; i++) {
        char c = is_name_char(from.p[i]) ? from.p[i] : ' ';
        if (c != ' ' || (n > 0 && to[n - 1] != ' '))
            to[n++] = c;
    }
    str clean = str_trim(str_of(to, n));
    return clean.n > 0 ? clean : S("document");
}

static bool is_used(const struct bedrock_writer *b, str name)
{
    for (size_t i = 0; i < MIN(b->n_documents, ARRAY_LEN(b->document_names)); i++) {
        if (str_eq(b->document_names[i], name))
            return true;
    }
    return false;
}

/* "report", "report [2]": more documents than a request may have get a number in any case. */
static str document_name(struct bedrock_writer *b, str wanted)
{
    struct arena *a = b->w->a;
    str name = clean_name(a, wanted);
    size_t n = b->n_documents;
    if (n >= ARRAY_LEN(b->document_names) || is_used(b, name))
        name = arena_printf(a, STR_FMT " [%zu]", STR_ARG(name), n + 1);
    if (n < ARRAY_LEN(b->document_names))
        b->document_names[n] = name;
    b->n_documents++;
    return name;
}

static void put_text_list(struct bedrock_writer *b, const char *key, const struct block *list)
{
    json_begin_array(&b->json, key);
    for (const struct block *t = list; t; t = t->next) {
        if (t->kind == BLOCK_TEXT)
            bedrock_put_text(b, t->text);
    }
    json_end_array(&b->json);
}

static void put_source(struct bedrock_writer *b, const struct media *m)
{
    struct json_writer *w = &b->json;
    json_begin_object(w, "source");
    if (m->source == MEDIA_BASE64) {
        json_put_str(w, "bytes", m->bytes);
    } else if (m->source == MEDIA_URI) {
        json_begin_object(w, "s3Location");
        json_put_str(w, "uri", m->bytes);
        json_end_object(w);
    } else if (m->source == MEDIA_BLOCKS) {
        put_text_list(b, "content", m->blocks);
    } else {
        json_put_str(w, "text", m->bytes);
    }
    json_end_object(w);
}

/* What cannot be said to Converse at all. */
static int check_media(struct bedrock_writer *b, const struct media *m)
{
    bool is_s3 = m->source == MEDIA_URI && str_has_prefix(m->bytes, S("s3://"));
    if (m->source == MEDIA_URL)
        return writing_refuse(b->w, "messages",
                              "The model's provider takes files as bytes only, "
                              "and this URL has not been fetched.");
    if (m->source == MEDIA_FILE_ID || (m->source == MEDIA_URI && !is_s3))
        return writing_refuse(b->w, "messages",
                              "A file kept at another provider cannot be given to this one.");
    if (!b->is_own && format_of(b->w->a, m).n == 0)
        return writing_refuse(b->w, "messages",
                              "The model's provider does not take files of the type \"" STR_FMT
                              "\".",
                              STR_ARG(m->mime));
    return 0;
}

static int put_media(struct bedrock_writer *b, const struct block *block)
{
    const struct media *m = &block->media;
    struct json_writer *w = &b->json;
    int rc = check_media(b, m);
    if (rc < 0)
        return rc;
    json_begin_object(w, NULL);
    json_begin_object(w, media_forms[m->kind].key);
    str format = format_of(b->w->a, m);
    if (format.n > 0)
        json_put_str(w, "format", format);
    if (m->kind == MEDIA_DOCUMENT && !b->is_own)
        json_put_str(w, "name", document_name(b, m->name));
    else if (m->kind == MEDIA_DOCUMENT && m->name.n > 0)
        json_put_str(w, "name", m->name);
    put_source(b, m);
    if (m->kind == MEDIA_DOCUMENT && m->citations != UNSET) {
        json_begin_object(w, "citations");
        json_put_bool(w, "enabled", m->citations == YES);
        json_end_object(w);
    }
    if (m->kind == MEDIA_DOCUMENT && m->context.n > 0)
        json_put_str(w, "context", m->context);
    extras_put(w, &block->extras, DIALECT_BEDROCK);
    json_end_object(w);
    json_end_object(w);
    return 0;
}

/* ---- reasoning and tools ---- */

str bedrock_seal_text(struct arena *a, const struct seal *s)
{
    if (seal_is_absent(s))
        return S(SEAL_ABSENT);
    return s->provider.n > 0 ? seal_wrap(a, s) : s->value;
}

str bedrock_seal_blob(struct arena *a, const struct seal *s)
{
    return base64_encode(a, bedrock_seal_text(a, s));
}

static void put_redacted(struct bedrock_writer *b, str data)
{
    struct json_writer *w = &b->json;
    json_begin_object(w, NULL);
    json_begin_object(w, "reasoningContent");
    json_put_str(w, "redactedContent", base64_encode(b->w->a, data));
    json_end_object(w);
    json_end_object(w);
}

static void put_reasoning(struct bedrock_writer *b, const struct block *block)
{
    struct json_writer *w = &b->json;
    const struct seal *seal = &block->seal;
    struct arena *a = b->w->a;
    if (seal->kind == SEAL_REDACTED) {
        put_redacted(b, b->is_reply ? bedrock_seal_text(a, seal) : seal->value);
        return;
    }
    json_begin_object(w, NULL);
    json_begin_object(w, "reasoningContent");
    json_begin_object(w, "reasoningText");
    json_put_str(w, "text", reasoning_text(a, &block->reasoning));
    if (seal->kind == SEAL_SIGNATURE || (b->is_reply && !b->is_own))
        json_put_str(w, "signature", b->is_reply ? bedrock_seal_text(a, seal) : seal->value);
    extras_put(w, &block->extras, DIALECT_BEDROCK);
    json_end_object(w);
    json_end_object(w);
    json_end_object(w);
}

static void put_tool_use(struct bedrock_writer *b, const struct block *block, str id)
{
    struct json_writer *w = &b->json;
    const struct tool_call *call = &block->call;
    str name = b->is_own || b->is_reply
                   ? call->name
                   : name_fit(b->w->a, &name_rule_bedrock, call->space, call->name);
    str proof = b->is_reply ? seal_wrap_call(b->w->a, &block->seal) : S_EMPTY;
    if (proof.n > 0) /* a call has no place for it */
        put_redacted(b, proof);
    json_begin_object(w, NULL);
    json_begin_object(w, "toolUse");
    json_put_str(w, "toolUseId", id);
    json_put_str(w, "name", name);
    if (call->value)
        json_put_value(w, "input", call->value);
    else
        call_put_object(w, "input", b->w->a, call, b->w->loss);
    extras_put(w, &block->extras, DIALECT_BEDROCK);
    json_end_object(w);
    json_end_object(w);
}

static int put_result_content(struct bedrock_writer *b, const struct block *block)
{
    struct json_writer *w = &b->json;
    const struct json *value = block->result.value;
    int rc = 0;
    if (!b->is_own && value && json_type(value) == JSON_OBJECT) {
        json_begin_object(w, NULL);
        json_put_value(w, "json", value);
        json_end_object(w);
        return 0;
    }
    if (!block->result.blocks && value) {
        bedrock_put_text(b, json_is_str(value) ? json_str(value) : json_text(b->w->a, value));
        return 0;
    }
    for (const struct block *inner = block->result.blocks; inner && rc == 0; inner = inner->next) {
        if (bedrock_takes(b, inner))
            rc = bedrock_put_block(b, inner, S_EMPTY);
    }
    return rc;
}

static int put_tool_result(struct bedrock_writer *b, const struct block *block, str id)
{
    struct json_writer *w = &b->json;
    json_begin_object(w, NULL);
    json_begin_object(w, "toolResult");
    json_put_str(w, "toolUseId", id);
    json_begin_array(w, "content");
    b->depth++;
    int rc = put_result_content(b, block);
    b->depth--;
    json_end_array(w);
    if (block->result.failed != UNSET)
        json_put_str(w, "status", block->result.failed == YES ? S("error") : S("success"));
    extras_put(w, &block->extras, DIALECT_BEDROCK);
    json_end_object(w);
    json_end_object(w);
    return rc;
}

/* ---- any block ---- */

static bool is_verbatim(const struct block *block)
{
    return block->verbatim.first && block->verbatim.origin == DIALECT_BEDROCK;
}

static bool takes_seal(const struct bedrock_writer *b, const struct block *block)
{
    const struct seal *seal = &block->seal;
    if (b->is_reply || (b->is_own && seal->kind == SEAL_NONE))
        return true;
    return seal->kind != SEAL_NONE &&
           seal_fits(seal, FAMILY_ANTHROPIC, b->w->provider, b->w->model);
}

static bool takes_media(const struct bedrock_writer *b, const struct block *block)
{
    if (b->is_own)
        return true;
    if (b->is_reply)
        return block->media.source == MEDIA_BASE64 && format_of(b->w->a, &block->media).n > 0;
    return b->depth == 0 || (b->w->can->can & CAN_IMAGES_IN_RESULTS) != 0;
}

static bool takes(const struct bedrock_writer *b, const struct block *block)
{
    switch (block->kind) {
    case BLOCK_TEXT:
    case BLOCK_REFUSAL:
        if (b->is_own || (b->is_reply && block->annotations))
            return true;
        return b->is_reply ? block->text.n > 0 : str_trim(block->text).n > 0;
    case BLOCK_MEDIA:
        return takes_media(b, block);
    case BLOCK_REASONING:
        return takes_seal(b, block);
    case BLOCK_TOOL_CALL:
    case BLOCK_TOOL_RESULT:
        return b->depth == 0;
    case BLOCK_OPAQUE:
        return block->extras.origin == DIALECT_BEDROCK && block->raw;
    }
    return false;
}

bool bedrock_takes(struct bedrock_writer *b, const struct block *block)
{
    static const char *const names[] = {
        [BLOCK_TEXT] = NULL, /* nothing is lost with empty text */
        [BLOCK_REFUSAL] = NULL,
        [BLOCK_MEDIA] = "messages.content.media",
        [BLOCK_REASONING] = "messages.content.reasoning",
        [BLOCK_TOOL_CALL] = "messages.content.tool_calls",
        [BLOCK_TOOL_RESULT] = "messages.content.tool_result",
        [BLOCK_OPAQUE] = "messages.content",
    };
    if (takes(b, block))
        return true;
    str what = block->kind == BLOCK_OPAQUE && block->type.n > 0 ? block->type
                                                                : str_from_cz(names[block->kind]);
    if (what.n > 0)
        loss_add(b->w->loss, LOSS_DROPPED, what);
    return false;
}

static int put_block(struct bedrock_writer *b, const struct block *block, str id)
{
    switch (block->kind) {
    case BLOCK_TEXT:
    case BLOCK_REFUSAL:
        if (block->annotations && (b->is_own || b->is_reply))
            put_cited_text(b, block);
        else
            bedrock_put_text(b, block->text);
        return 0;
    case BLOCK_MEDIA:
        return put_media(b, block);
    case BLOCK_REASONING:
        put_reasoning(b, block);
        return 0;
    case BLOCK_TOOL_CALL:
        put_tool_use(b, block, id);
        return 0;
    case BLOCK_TOOL_RESULT:
        return put_tool_result(b, block, id);
    case BLOCK_OPAQUE:
        json_put_value(&b->json, NULL, block->raw);
        return 0;
    }
    return 0;
}

int bedrock_put_block(struct bedrock_writer *b, const struct block *block, str id)
{
    int rc = 0;
    if (is_verbatim(block)) {
        json_begin_object(&b->json, NULL);
        extras_put(&b->json, &block->verbatim, DIALECT_BEDROCK);
        json_end_object(&b->json);
    } else {
        rc = put_block(b, block, id);
    }
    if (rc == 0 && (b->is_own || (!b->is_reply && (b->w->can->can & CAN_CACHE_MARKS) != 0)))
        bedrock_put_cache_point(b, &block->cache);
    return rc;
}
