/* Content blocks of the Anthropic dialect, read: those of requests and those of answers.
 *
 * A block is read by the list of its type's members; a type that is not in the table below (server
 * tools and their results, compaction, what comes next year) is kept whole, as an opaque block that
 * only this dialect writes again. A member that is present but says nothing the intermediate form
 * can tell from its absence (an empty list, an empty title) is kept verbatim as well, and wins when
 * this dialect is written: so a request read and written again has what it had.
 *
 * Blocks stand in blocks: results, documents and search results have content. The depth is bounded;
 * what lies deeper is kept unread. So is the number of blocks, by the room in the document's arena:
 * a body of some megabytes may be one list of empty blocks, each of which takes more here. */
#include "llm/dialect_anthropic.h"

#include "base/buf.h"
#include "llm/carry.h"
#include "llm/media.h"
#include "llm/seal.h"

#define ANNOTATION_SIZE (sizeof(struct annotation) + 16) /* with what the arena rounds up */

void anthropic_keep(struct reading *r, struct extras *verbatim, const char *name,
                    const struct json *v)
{
    verbatim->origin = r->origin;
    extras_add(r->a, verbatim, str_from_cz(name), v);
}

static void keep(struct reading *r, struct block *b, const char *name, const struct json *v)
{
    anthropic_keep(r, &b->verbatim, name, v);
}

static int require(struct reading *r, const char *name, const struct json *v)
{
    if (v || r->code != 0)
        return 0;
    return member_fail(r, name, STR_FMT " is required.", STR_ARG(reading_path(r, name)));
}

/* A string that must be there; answers may lack it. */
static int required_str(struct reading *r, const char *name, const struct json *v, str *out)
{
    int rc = require(r, name, v);
    return rc != 0 ? rc : member_str(r, name, v, out);
}

int anthropic_read_cache(struct reading *r, const struct json *v, struct cache_mark *out,
                         struct extras *verbatim)
{
    if (!v)
        return 0;
    int rc = member_type(r, "cache_control", v, JSON_OBJECT);
    if (rc != 0)
        return rc;
    const struct json *ttl = json_get(v, "ttl");
    size_t known = json_is_str(ttl) ? 2 : 1;
    *out = (struct cache_mark){.is_set = true, .ttl = json_str(ttl)};
    if (json_count(v) != known || !str_eq(json_str(json_get(v, "type")), S("ephemeral")))
        anthropic_keep(r, verbatim, "cache_control", v);
    return 0;
}

/* ---- text ---- */

struct annotation *anthropic_read_citation(struct arena *a, const struct json *v)
{
    if (!v || json_type(v) != JSON_OBJECT)
        return NULL;
    struct annotation *n = arena_new(a, struct annotation);
    const struct json *title = json_get(v, "title");
    *n = (struct annotation){
        .type = json_str(json_get(v, "type")),
        .url = json_str(json_get(v, "url")),
        .title = json_str(title ? title : json_get(v, "document_title")),
        .text = json_str(json_get(v, "cited_text")),
        .begin = -1,
        .end = -1,
        .raw = v,
        .origin = DIALECT_ANTHROPIC,
    };
    str source = json_str(json_get(v, "source"));
    if (n->url.n == 0 &&
        (str_has_prefix(source, S("https://")) || str_has_prefix(source, S("http://"))))
        n->url = source;
    return n;
}

static int read_citations(struct reading *r, const struct json *v, struct block *b)
{
    int rc = member_type(r, "citations", v, JSON_ARRAY);
    if (rc != 0 || !v)
        return rc;
    if (json_count(v) == 0)
        keep(r, b, "citations", v);
    struct annotation **tail = &b->annotations;
    rc = reading_check_room(r, json_count(v) * ANNOTATION_SIZE);
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it);) {
        struct annotation *n = anthropic_read_citation(r->a, it.value);
        if (!n)
            return member_fail(r, "citations", "A citation must be an object.");
        *tail = n;
        tail = &n->next;
    }
    return rc;
}

static int read_text(struct reading *r, const struct json *v, unsigned depth, struct block *b)
{
    enum { TYPE, TEXT, CITATIONS, CACHE };
    static const char *const keys[] = {"type", "text", "citations", "cache_control"};
    const struct json *m[ARRAY_LEN(keys)];
    (void)depth;
    b->kind = BLOCK_TEXT;
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc == 0)
        rc = required_str(r, "text", m[TEXT], &b->text);
    if (rc == 0)
        rc = read_citations(r, m[CITATIONS], b);
    return rc != 0 ? rc : anthropic_read_cache(r, m[CACHE], &b->cache, &b->verbatim);
}

/* ---- pictures and documents ---- */

static int read_base64(struct reading *r, const struct json *source, struct media *out)
{
    str data = S_EMPTY;
    str mime = S_EMPTY;
    int rc = required_str(r, "data", json_get(source, "data"), &data);
    if (rc == 0)
        rc = required_str(r, "media_type", json_get(source, "media_type"), &mime);
    if (rc != 0)
        return rc;
    struct media said = *out;
    if (!media_from_base64(r->a, data, mime, out))
        return member_fail(r, "data", STR_FMT " is not base64.", STR_ARG(reading_path(r, "data")));
    out->kind = said.kind;
    out->mime = mime;
    return 0;
}

static int read_content_source(struct reading *r, const struct json *source, unsigned depth,
                               struct media *out)
{
    const struct json *content = json_get(source, "content");
    out->source = MEDIA_BLOCKS;
    int rc = require(r, "content", content);
    if (rc != 0 || !content)
        return rc;
    if (json_is_str(content)) {
        out->blocks = block_text(r->a, json_str(content));
        return 0;
    }
    return anthropic_read_blocks(r, "content", content, depth + 1, &out->blocks);
}

/* How many members of a source each form has. */
static int read_source(struct reading *r, const struct json *source, unsigned depth,
                       struct media *out)
{
    int rc = require(r, "source", source);
    if (rc == 0)
        rc = member_type(r, "source", source, JSON_OBJECT);
    if (rc != 0 || !source)
        return rc;
    struct reading inner = reading_at(r, "source", -1);
    str type = json_str(json_get(source, "type"));
    if (str_eq(type, S("base64")))
        return read_base64(&inner, source, out);
    if (str_eq(type, S("url"))) {
        out->source = MEDIA_URL;
        return required_str(&inner, "url", json_get(source, "url"), &out->bytes);
    }
    if (str_eq(type, S("file"))) {
        out->source = MEDIA_FILE_ID;
        return required_str(&inner, "file_id", json_get(source, "file_id"), &out->bytes);
    }
    if (str_eq(type, S("text"))) {
        out->source = MEDIA_TEXT;
        out->mime = json_str(json_get(source, "media_type"));
        return required_str(&inner, "data", json_get(source, "data"), &out->bytes);
    }
    if (str_eq(type, S("content")))
        return read_content_source(&inner, source, depth, out);
    return member_fail(&inner, "type", STR_FMT " must be base64, url, file, text or content.",
                       STR_ARG(reading_path(&inner, "type")));
}

/* A source with more members than its form has is kept whole as well. */
static void keep_odd_source(struct reading *r, struct block *b, const struct json *source)
{
    static const size_t members[] = {
        [MEDIA_BASE64] = 3, [MEDIA_URL] = 2,  [MEDIA_FILE_ID] = 2,
        [MEDIA_URI] = 2,    [MEDIA_TEXT] = 3, [MEDIA_BLOCKS] = 2,
    };
    bool is_text = b->media.source == MEDIA_BLOCKS && json_is_str(json_get(source, "content"));
    if (source && (json_count(source) != members[b->media.source] || is_text))
        keep(r, b, "source", source);
}

static int read_image(struct reading *r, const struct json *v, unsigned depth, struct block *b)
{
    enum { TYPE, SOURCE, CACHE };
    static const char *const keys[] = {"type", "source", "cache_control"};
    const struct json *m[ARRAY_LEN(keys)];
    b->kind = BLOCK_MEDIA;
    b->media.kind = MEDIA_IMAGE;
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc == 0)
        rc = read_source(r, m[SOURCE], depth, &b->media);
    if (rc != 0)
        return rc;
    keep_odd_source(r, b, m[SOURCE]);
    return anthropic_read_cache(r, m[CACHE], &b->cache, &b->verbatim);
}

/* citations {enabled}. */
static int read_switch(struct reading *r, const struct json *v, struct block *b)
{
    int rc = member_type(r, "citations", v, JSON_OBJECT);
    if (rc != 0 || !v)
        return rc;
    const struct json *enabled = json_get(v, "enabled");
    bool is_on = false;
    struct reading inner = reading_at(r, "citations", -1);
    rc = member_bool(&inner, "enabled", enabled, &is_on);
    if (rc == 0 && enabled)
        b->media.citations = tristate_of(is_on);
    if (rc == 0 && (!enabled || json_count(v) != 1))
        keep(r, b, "citations", v);
    return rc;
}

static int read_document(struct reading *r, const struct json *v, unsigned depth, struct block *b)
{
    enum { TYPE, SOURCE, TITLE, CONTEXT, CITATIONS, CACHE };
    static const char *const keys[] = {"type",    "source",    "title",
                                       "context", "citations", "cache_control"};
    const struct json *m[ARRAY_LEN(keys)];
    b->kind = BLOCK_MEDIA;
    b->media.kind = MEDIA_DOCUMENT;
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc == 0)
        rc = read_source(r, m[SOURCE], depth, &b->media);
    if (rc == 0)
        rc = member_str(r, "title", m[TITLE], &b->media.name);
    if (rc == 0)
        rc = member_str(r, "context", m[CONTEXT], &b->media.context);
    if (rc == 0)
        rc = read_switch(r, m[CITATIONS], b);
    if (rc != 0)
        return rc;
    keep_odd_source(r, b, m[SOURCE]);
    if (m[TITLE] && b->media.name.n == 0)
        keep(r, b, "title", m[TITLE]);
    if (m[CONTEXT] && b->media.context.n == 0)
        keep(r, b, "context", m[CONTEXT]);
    return anthropic_read_cache(r, m[CACHE], &b->cache, &b->verbatim);
}

/* To other dialects it is a document made of blocks; its type says what it was. */
static int read_search_result(struct reading *r, const struct json *v, unsigned depth,
                              struct block *b)
{
    enum { TYPE, SOURCE, TITLE, CONTENT, CITATIONS, CACHE };
    static const char *const keys[] = {"type",    "source",    "title",
                                       "content", "citations", "cache_control"};
    const struct json *m[ARRAY_LEN(keys)];
    b->kind = BLOCK_MEDIA;
    b->type = S("search_result");
    b->media = (struct media){.kind = MEDIA_DOCUMENT, .source = MEDIA_BLOCKS};
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc == 0)
        rc = required_str(r, "source", m[SOURCE], &b->media.context);
    if (rc == 0)
        rc = required_str(r, "title", m[TITLE], &b->media.name);
    if (rc == 0)
        rc = require(r, "content", m[CONTENT]);
    if (rc == 0)
        rc = anthropic_read_blocks(r, "content", m[CONTENT], depth + 1, &b->media.blocks);
    if (rc == 0)
        rc = read_switch(r, m[CITATIONS], b);
    return rc != 0 ? rc : anthropic_read_cache(r, m[CACHE], &b->cache, &b->verbatim);
}

/* ---- thinking ---- */

/* An answer's proof is the provider's own; a client's may be one that was wrapped for it. */
static struct seal seal_of(struct reading *r, str value, enum seal_kind kind)
{
    if (value.n == 0)
        return (struct seal){.kind = SEAL_NONE};
    if (r->code == 0)
        return seal_unwrap(r->a, value, kind, FAMILY_ANTHROPIC);
    return (struct seal){.kind = kind, .family = FAMILY_ANTHROPIC, .value = value};
}

static int read_thinking(struct reading *r, const struct json *v, unsigned depth, struct block *b)
{
    enum { TYPE, THINKING, SIGNATURE };
    static const char *const keys[] = {"type", "thinking", "signature"};
    const struct json *m[ARRAY_LEN(keys)];
    str text = S_EMPTY;
    str signature = S_EMPTY;
    (void)depth;
    b->kind = BLOCK_REASONING;
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc == 0)
        rc = required_str(r, "thinking", m[THINKING], &text);
    if (rc == 0)
        rc = member_str(r, "signature", m[SIGNATURE], &signature);
    if (rc != 0)
        return rc;
    if (text.n > 0)
        reasoning_add(r->a, &b->reasoning, false, text);
    b->seal = seal_of(r, signature, SEAL_SIGNATURE);
    return 0;
}

static int read_redacted(struct reading *r, const struct json *v, unsigned depth, struct block *b)
{
    enum { TYPE, DATA };
    static const char *const keys[] = {"type", "data"};
    const struct json *m[ARRAY_LEN(keys)];
    str data = S_EMPTY;
    (void)depth;
    b->kind = BLOCK_REASONING;
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc == 0)
        rc = required_str(r, "data", m[DATA], &data);
    if (rc == 0)
        b->seal = seal_of(r, data, SEAL_REDACTED);
    return rc;
}

/* ---- tools ---- */

/* The text of an input, which may be most of the body. */
static int read_args(struct reading *r, const struct json *input, str *out)
{
    struct buf text;
    *out = S("{}");
    if (!input)
        return 0;
    buf_init(&text, SIZE_MAX);
    json_put(&text, input);
    int rc = reading_check_room(r, text.n);
    if (rc == 0)
        *out = arena_str(r->a, buf_str(&text));
    buf_fini(&text);
    return rc;
}

static int read_tool_use(struct reading *r, const struct json *v, unsigned depth, struct block *b)
{
    enum { TYPE, ID, NAME, INPUT, CACHE };
    static const char *const keys[] = {"type", "id", "name", "input", "cache_control"};
    const struct json *m[ARRAY_LEN(keys)];
    (void)depth;
    b->kind = BLOCK_TOOL_CALL;
    b->call.kind = TOOL_FUNCTION;
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc == 0)
        rc = required_str(r, "id", m[ID], &b->call.id);
    if (rc == 0)
        rc = required_str(r, "name", m[NAME], &b->call.name);
    if (rc == 0 && b->call.name.n == 0)
        rc = member_fail(r, "name", "A tool call needs a name.");
    if (rc == 0)
        rc = require(r, "input", m[INPUT]);
    if (rc == 0 && r->code == 0)
        rc = member_type(r, "input", m[INPUT], JSON_OBJECT);
    if (rc != 0)
        return rc;
    b->call.value = m[INPUT];
    rc = read_args(r, m[INPUT], &b->call.args);
    return rc != 0 ? rc : anthropic_read_cache(r, m[CACHE], &b->cache, &b->verbatim);
}

static int read_result_content(struct reading *r, const struct json *v, unsigned depth,
                               struct block *b)
{
    if (!v)
        return 0;
    if (json_is_str(v)) {
        b->result.is_plain = true;
        b->result.blocks = block_text(r->a, json_str(v));
        return 0;
    }
    if (json_count(v) == 0)
        keep(r, b, "content", v);
    return anthropic_read_blocks(r, "content", v, depth + 1, &b->result.blocks);
}

static int read_tool_result(struct reading *r, const struct json *v, unsigned depth,
                            struct block *b)
{
    enum { TYPE, ID, CONTENT, IS_ERROR, CACHE };
    static const char *const keys[] = {"type", "tool_use_id", "content", "is_error",
                                       "cache_control"};
    const struct json *m[ARRAY_LEN(keys)];
    bool failed = false;
    b->kind = BLOCK_TOOL_RESULT;
    b->result.kind = TOOL_FUNCTION;
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc == 0)
        rc = required_str(r, "tool_use_id", m[ID], &b->result.id);
    if (rc == 0)
        rc = read_result_content(r, m[CONTENT], depth, b);
    if (rc == 0)
        rc = member_bool(r, "is_error", m[IS_ERROR], &failed);
    if (rc == 0 && m[IS_ERROR])
        b->result.failed = tristate_of(failed);
    return rc != 0 ? rc : anthropic_read_cache(r, m[CACHE], &b->cache, &b->verbatim);
}

/* ---- any block ---- */

typedef int (*read_fn)(struct reading *r, const struct json *v, unsigned depth, struct block *b);
static const struct {
    str type;
    read_fn read;
} types[] = {
    {S("text"), read_text},         {S("image"), read_image},
    {S("document"), read_document}, {S("search_result"), read_search_result},
    {S("thinking"), read_thinking}, {S("redacted_thinking"), read_redacted},
    {S("tool_use"), read_tool_use}, {S("tool_result"), read_tool_result},
};

static void read_opaque(struct reading *r, const struct json *v, str type, struct block *b)
{
    b->type = type;
    b->raw = v;
    b->extras.origin = r->origin;
}

int anthropic_read_block(struct reading *r, const struct json *v, unsigned depth,
                         struct block **out)
{
    if (!v || json_type(v) != JSON_OBJECT)
        return member_fail(r, NULL, STR_FMT " must be an object.", STR_ARG(reading_path(r, NULL)));
    int rc = reading_check_room(r, sizeof(struct block));
    if (rc != 0)
        return rc;
    str type = S_EMPTY;
    rc = required_str(r, "type", json_get(v, "type"), &type);
    if (rc != 0)
        return rc;
    struct block *b = block_new(r->a, BLOCK_OPAQUE);
    *out = b;
    for (size_t i = 0; i < ARRAY_LEN(types) && depth < ANTHROPIC_DEPTH_MAX; i++) {
        if (str_eq(types[i].type, type))
            return types[i].read(r, v, depth, b);
    }
    read_opaque(r, v, type, b);
    return 0;
}

int anthropic_read_blocks(struct reading *r, const char *name, const struct json *v, unsigned depth,
                          struct block **out)
{
    int rc = member_type(r, name, v, JSON_ARRAY);
    if (rc != 0)
        return rc;
    long index = 0;
    for (struct json_iter it = json_iter(v); json_iter_next(&it);) {
        struct reading inner = reading_at(r, name, index++);
        struct block *b = NULL;
        rc = anthropic_read_block(&inner, it.value, depth, &b);
        if (rc != 0)
            return rc;
        block_add(out, b);
    }
    return 0;
}
