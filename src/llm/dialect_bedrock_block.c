/* Content blocks of Converse, read.
 *
 * A block is a union: an object with one member whose name says what it is. Several of them have no
 * like elsewhere but hold text that the model is to read (guardContent, searchResult,
 * citationsContent, a json result): these become text blocks, and stand among the block's verbatim
 * members so that this dialect gets them back as they were. The same is done with anything that is
 * written in a way that the intermediate form does not keep. What is not text at all stays opaque.
 *
 * Blobs are base64 in JSON. redactedContent is the base64 of a string that Anthropic itself calls
 * data, which is base64 already: it is decoded once here, and encoded once more in writing. */
#include "llm/dialect_bedrock.h"

#include "llm/carry.h"
#include "llm/media.h"
#include "llm/seal.h"
#include "wire/base64.h"

enum {
    KEY_TEXT,
    KEY_IMAGE,
    KEY_DOCUMENT,
    KEY_VIDEO,
    KEY_AUDIO,
    KEY_TOOL_USE,
    KEY_TOOL_RESULT,
    KEY_REASONING,
    KEY_CACHE_POINT,
    KEY_GUARD,
    KEY_CITATIONS,
    KEY_SEARCH_RESULT,
    KEY_JSON
};
static const char *const block_keys[] = {
    [KEY_TEXT] = "text",
    [KEY_IMAGE] = "image",
    [KEY_DOCUMENT] = "document",
    [KEY_VIDEO] = "video",
    [KEY_AUDIO] = "audio",
    [KEY_TOOL_USE] = "toolUse",
    [KEY_TOOL_RESULT] = "toolResult",
    [KEY_REASONING] = "reasoningContent",
    [KEY_CACHE_POINT] = "cachePoint",
    [KEY_GUARD] = "guardContent",
    [KEY_CITATIONS] = "citationsContent",
    [KEY_SEARCH_RESULT] = "searchResult",
    [KEY_JSON] = "json",
};

/* A block being read. */
struct block_reading {
    const struct json *whole; /* the union */
    struct block *block;
    bool is_odd; /* not to be written again from what was understood */
    unsigned depth;
};

static int read_list(struct reading *r, const char *name, const struct json *array, unsigned depth,
                     struct block **out);

/* The block as a whole, for its own dialect. */
static void keep_whole(struct reading *r, const struct json *whole, struct block *b)
{
    b->verbatim.origin = r->origin;
    for (struct json_iter it = json_iter(whole); json_iter_next(&it);)
        extras_add(r->a, &b->verbatim, it.key, it.value);
}

static void make_opaque(struct reading *r, const struct json *whole, str type, struct block *b)
{
    b->kind = BLOCK_OPAQUE;
    b->raw = whole;
    b->type = type;
    b->extras.origin = r->origin;
}

/* ---- text in its forms ---- */

static int read_text(struct reading *r, const struct json *v, struct block_reading *br)
{
    br->block->kind = BLOCK_TEXT;
    return member_str(r, "text", v, &br->block->text);
}

/* {text: {text, qualifiers}}, or {image}, which nobody else needs. */
static int read_guard(struct reading *r, const struct json *v, struct block_reading *br)
{
    (void)r;
    const struct json *text = json_get(json_get(v, "text"), "text");
    br->is_odd = true;
    br->block->kind = BLOCK_TEXT;
    br->block->text = json_str(text);
    if (!text)
        make_opaque(r, br->whole, S("guardContent"), br->block);
    return 0;
}

/* The texts of [{text}, ...], one behind the other. */
static str join_texts(struct arena *a, const struct json *array)
{
    struct block *texts = NULL;
    for (struct json_iter it = json_iter(array); json_iter_next(&it);)
        block_add(&texts, block_text(a, json_str(json_get(it.value, "text"))));
    return block_list_text(a, texts, S_EMPTY);
}

void bedrock_read_citation(struct arena *a, const struct json *v, struct annotation *out)
{
    static const char *const places[] = {"documentChar", "documentPage", "documentChunk",
                                         "searchResultLocation"};
    const struct json *location = json_get(v, "location"), *web = json_get(location, "web");
    *out = (struct annotation){.begin = -1, .end = -1, .raw = v, .origin = DIALECT_BEDROCK};
    out->title = json_str(json_get(v, "title"));
    out->url = json_str(json_get(web, "url"));
    out->text = join_texts(a, json_get(v, "sourceContent"));
    if (out->url.n == 0 && str_has_prefix(json_str(json_get(v, "source")), S("http")))
        out->url = json_str(json_get(v, "source"));
    out->type = web ? S("web") : S_EMPTY;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (json_get(location, places[i]))
            out->type = str_from_cz(places[i]);
    }
}

static int read_citations(struct reading *r, const struct json *v, struct block_reading *br)
{
    struct block *b = br->block;
    br->is_odd = true;
    b->kind = BLOCK_TEXT;
    b->text = join_texts(r->a, json_get(v, "content"));
    struct annotation **tail = &b->annotations;
    for (struct json_iter it = json_iter(json_get(v, "citations")); json_iter_next(&it);) {
        *tail = arena_new(r->a, struct annotation);
        bedrock_read_citation(r->a, it.value, *tail);
        tail = &(*tail)->next;
    }
    return 0;
}

static int read_search_result(struct reading *r, const struct json *v, struct block_reading *br)
{
    str title = json_str(json_get(v, "title")), source = json_str(json_get(v, "source"));
    str text = join_texts(r->a, json_get(v, "content"));
    br->is_odd = true;
    br->block->kind = BLOCK_TEXT;
    br->block->text = arena_concat(r->a, (str[]){title, S("\n"), source, S("\n"), text}, 5);
    return 0;
}

static int read_json(struct reading *r, const struct json *v, struct block_reading *br)
{
    br->is_odd = true;
    br->block->kind = BLOCK_TEXT;
    br->block->text = json_text(r->a, v);
    return 0;
}

/* ---- media ---- */

/* Formats whose name is not their extension, or means something else in another kind. */
static str format_mime(enum media_kind kind, str format)
{
    static const struct {
        enum media_kind kind;
        const char *format, *mime;
    } table[] = {
        {MEDIA_AUDIO, "mp4", "audio/mp4"},   {MEDIA_AUDIO, "webm", "audio/webm"},
        {MEDIA_AUDIO, "mpeg", "audio/mpeg"}, {MEDIA_AUDIO, "mkv", "audio/x-matroska"},
        {MEDIA_AUDIO, "pcm", "audio/pcm"},   {MEDIA_VIDEO, "three_gp", "video/3gpp"},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (table[i].kind == kind && str_eq(format, str_from_cz(table[i].format)))
            return str_from_cz(table[i].mime);
    }
    return media_mime(format);
}

/* {bytes} | {s3Location{uri}} | {text} | {content} */
static int read_source(struct reading *r, const struct json *v, struct block_reading *br)
{
    enum { BYTES, LOCATION, TEXT, CONTENT };
    static const char *const keys[] = {"bytes", "s3Location", "text", "content"};
    const struct json *m[ARRAY_LEN(keys)];
    struct media *media = &br->block->media;
    struct reading inner = reading_at(r, "source", -1);
    struct extras others;
    str bytes = S_EMPTY, mime = media->mime;
    int rc = MEMBERS_READ(&inner, v, keys, m, &others);
    if (rc == 0)
        rc = member_str(&inner, "bytes", m[BYTES], &bytes);
    if (rc == 0)
        rc = member_str(&inner, "text", m[TEXT], &media->bytes);
    if (rc < 0)
        return rc;
    br->is_odd = br->is_odd || others.first || json_get(m[LOCATION], "bucketOwner");
    if (m[BYTES]) {
        rc = reading_check_room(&inner, bytes.n);
        if (rc < 0)
            return rc;
        if (!media_from_base64(r->a, bytes, mime, media))
            return member_fail(&inner, "bytes", "The bytes of a file must be base64.");
        br->is_odd = br->is_odd || !str_eq(media->bytes, bytes) || !str_eq(media->mime, mime);
    } else if (m[LOCATION]) {
        media->source = MEDIA_URI;
        media->bytes = json_str(json_get(m[LOCATION], "uri"));
    } else if (m[TEXT]) {
        media->source = MEDIA_TEXT;
    } else if (m[CONTENT]) {
        media->source = MEDIA_BLOCKS;
        return read_list(&inner, "content", m[CONTENT], br->depth + 1, &media->blocks);
    } else {
        return member_fail(&inner, "",
                           "The source of a file must have bytes, text, content or "
                           "s3Location.");
    }
    return 0;
}

/* image, document, video and audio differ by what a document has besides. */
static int read_media(struct reading *r, const struct json *v, struct block_reading *br,
                      enum media_kind kind)
{
    enum { FORMAT, SOURCE, NAME, CITATIONS, CONTEXT };
    static const char *const keys[] = {"format", "source", "name", "citations", "context"};
    const struct json *m[ARRAY_LEN(keys)];
    struct block *b = br->block;
    bool is_cited = false;
    str format = S_EMPTY;
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc == 0)
        rc = member_str(r, "format", m[FORMAT], &format);
    if (rc == 0)
        rc = member_str(r, "name", m[NAME], &b->media.name);
    if (rc == 0)
        rc = member_str(r, "context", m[CONTEXT], &b->media.context);
    if (rc == 0)
        rc = member_bool(r, "citations.enabled", json_get(m[CITATIONS], "enabled"), &is_cited);
    if (rc < 0)
        return rc;
    b->kind = BLOCK_MEDIA;
    b->media.kind = kind;
    b->media.mime = format_mime(kind, format);
    b->media.citations = m[CITATIONS] ? tristate_of(is_cited) : UNSET;
    br->is_odd = json_count(m[CITATIONS]) > 1 || !str_eq(media_extension(b->media.mime), format);
    return read_source(r, m[SOURCE], br);
}

static int read_image(struct reading *r, const struct json *v, struct block_reading *br)
{
    return read_media(r, v, br, MEDIA_IMAGE);
}

static int read_document(struct reading *r, const struct json *v, struct block_reading *br)
{
    return read_media(r, v, br, MEDIA_DOCUMENT);
}

static int read_video(struct reading *r, const struct json *v, struct block_reading *br)
{
    return read_media(r, v, br, MEDIA_VIDEO);
}

static int read_audio(struct reading *r, const struct json *v, struct block_reading *br)
{
    return read_media(r, v, br, MEDIA_AUDIO);
}

/* ---- tools and reasoning ---- */

static int read_tool_use(struct reading *r, const struct json *v, struct block_reading *br)
{
    enum { ID, NAME, INPUT };
    static const char *const keys[] = {"toolUseId", "name", "input"};
    const struct json *m[ARRAY_LEN(keys)];
    struct block *b = br->block;
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc == 0)
        rc = member_str(r, "toolUseId", m[ID], &b->call.id);
    if (rc == 0)
        rc = member_str(r, "name", m[NAME], &b->call.name);
    if (rc < 0)
        return rc;
    b->kind = BLOCK_TOOL_CALL;
    if (str_eq(json_str(extras_find(&b->extras, S("type"))), S("server_tool_use"))) {
        make_opaque(r, br->whole, S("server_tool_use"), b);
        return 0;
    }
    if (b->call.name.n == 0)
        return member_fail(r, "name", "A tool use must name its tool.");
    b->call.value = m[INPUT];
    b->call.args = m[INPUT] ? json_text(r->a, m[INPUT]) : S("{}");
    br->is_odd = !m[INPUT];
    return 0;
}

static int read_tool_result(struct reading *r, const struct json *v, struct block_reading *br)
{
    enum { ID, CONTENT, STATUS };
    static const char *const keys[] = {"toolUseId", "content", "status"};
    const struct json *m[ARRAY_LEN(keys)];
    struct block *b = br->block;
    str status = S_EMPTY;
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc < 0)
        return rc;
    str type = json_str(extras_find(&b->extras, S("type")));
    if (type.n > 0) { /* of a tool that the provider runs */
        make_opaque(r, br->whole, type, b);
        return 0;
    }
    b->kind = BLOCK_TOOL_RESULT;
    rc = member_str(r, "toolUseId", m[ID], &b->result.id);
    if (rc == 0)
        rc = member_str(r, "status", m[STATUS], &status);
    if (rc == 0 && m[CONTENT])
        rc = read_list(r, "content", m[CONTENT], br->depth + 1, &b->result.blocks);
    if (m[STATUS])
        b->result.failed = tristate_of(str_eq(status, S("error")));
    br->is_odd =
        !m[CONTENT] || (m[STATUS] && !str_eq(status, S("error")) && !str_eq(status, S("success")));
    if (json_count(m[CONTENT]) == 1)
        b->result.value = json_get(json_at(m[CONTENT], 0), "json");
    return rc;
}

bool bedrock_read_redacted(struct arena *a, str blob, struct seal *out)
{
    str value;
    if (!base64_decode(a, blob, &value))
        return false;
    *out = seal_unwrap(a, value, SEAL_REDACTED, FAMILY_ANTHROPIC);
    return true;
}

static int read_reasoning(struct reading *r, const struct json *v, struct block_reading *br)
{
    enum { TEXT, REDACTED };
    static const char *const keys[] = {"reasoningText", "redactedContent"};
    enum { INNER_TEXT, SIGNATURE };
    static const char *const inner_keys[] = {"text", "signature"};
    const struct json *m[ARRAY_LEN(keys)], *n[ARRAY_LEN(inner_keys)];
    struct block *b = br->block;
    struct extras others;
    str text = S_EMPTY, value = S_EMPTY;
    int rc = MEMBERS_READ(r, v, keys, m, &others);
    b->kind = BLOCK_REASONING;
    if (rc == 0)
        rc = member_str(r, "redactedContent", m[REDACTED], &value);
    if (rc == 0 && m[REDACTED] && !bedrock_read_redacted(r->a, value, &b->seal))
        rc = member_fail(r, "redactedContent", "A blob must be base64.");
    br->is_odd = others.first || (m[TEXT] && m[REDACTED]);
    if (rc < 0 || !m[TEXT])
        return rc;
    struct reading inner = reading_at(r, "reasoningText", -1);
    rc = MEMBERS_READ(&inner, m[TEXT], inner_keys, n, &b->extras);
    if (rc == 0)
        rc = member_str(&inner, "text", n[INNER_TEXT], &text);
    if (rc == 0)
        rc = member_str(&inner, "signature", n[SIGNATURE], &value);
    if (rc < 0)
        return rc;
    reasoning_add(r->a, &b->reasoning, false, text);
    if (n[SIGNATURE])
        b->seal = seal_unwrap(r->a, value, SEAL_SIGNATURE, FAMILY_ANTHROPIC);
    br->is_odd = br->is_odd || !n[INNER_TEXT] || (n[SIGNATURE] && value.n == 0);
    return 0;
}

/* ---- lists ---- */

static int (*const block_readers[ARRAY_LEN(block_keys)])(struct reading *, const struct json *,
                                                         struct block_reading *) = {
    [KEY_TEXT] = read_text,
    [KEY_IMAGE] = read_image,
    [KEY_DOCUMENT] = read_document,
    [KEY_VIDEO] = read_video,
    [KEY_AUDIO] = read_audio,
    [KEY_TOOL_USE] = read_tool_use,
    [KEY_TOOL_RESULT] = read_tool_result,
    [KEY_REASONING] = read_reasoning,
    [KEY_GUARD] = read_guard,
    [KEY_CITATIONS] = read_citations,
    [KEY_SEARCH_RESULT] = read_search_result,
    [KEY_JSON] = read_json,
};

/* {type: default, ttl}: a mark and no more. */
static bool is_plain_cache_point(const struct json *v)
{
    const struct json *ttl = json_get(v, "ttl");
    size_t known = 1 + (json_str(ttl).n > 0);
    return str_eq(json_str(json_get(v, "type")), S("default")) && json_count(v) == known;
}

/* The one member that says what the block is; `kind` stays as it is when none of those known is. */
static int find_kind(struct reading *r, const struct json *const *m, size_t *kind)
{
    for (size_t i = 0; i < ARRAY_LEN(block_keys); i++) {
        if (m[i] && *kind < ARRAY_LEN(block_keys))
            return member_fail(r, "", "A content block must have one member, not both %s and %s.",
                               block_keys[*kind], block_keys[i]);
        if (m[i])
            *kind = i;
    }
    return 0;
}

static int read_block(struct reading *r, const struct json *v, struct block_reading *br)
{
    const struct json *m[ARRAY_LEN(block_keys)];
    struct block *b = br->block;
    struct extras others;
    size_t kind = ARRAY_LEN(block_keys);
    int rc = reading_check_room(r, 0);
    if (rc == 0)
        rc = MEMBERS_READ(r, v, block_keys, m, &others);
    if (rc == 0)
        rc = find_kind(r, m, &kind);
    if (rc != 0)
        return rc;
    if (kind == ARRAY_LEN(block_keys) || !block_readers[kind]) {
        if (!others.first && kind == ARRAY_LEN(block_keys))
            return member_fail(r, "", "A content block must not be empty.");
        make_opaque(r, v, others.first ? others.first->key : S("cachePoint"), b);
        return 0;
    }
    struct reading inner = kind == KEY_TEXT ? *r : reading_at(r, block_keys[kind], -1);
    br->whole = v;
    rc = block_readers[kind](&inner, m[kind], br);
    if (rc == 0 && b->kind != BLOCK_OPAQUE && (br->is_odd || others.first))
        keep_whole(r, v, b);
    return rc;
}

static int read_list(struct reading *r, const char *name, const struct json *array, unsigned depth,
                     struct block **out)
{
    struct block *last = NULL;
    long i = 0;
    int rc = member_type(r, name, array, JSON_ARRAY);
    if (rc == 0 && depth > BEDROCK_DEPTH_MAX)
        rc = member_fail(r, name, "Content blocks are nested too deep.");
    for (struct json_iter it = json_iter(array); rc == 0 && json_iter_next(&it); i++) {
        struct reading at = reading_at(r, name, i);
        const struct json *point = json_get(it.value, "cachePoint");
        if (point && last && !last->cache.is_set && json_count(it.value) == 1 &&
            is_plain_cache_point(point)) {
            last->cache = (struct cache_mark){true, json_str(json_get(point, "ttl"))};
            continue;
        }
        struct block_reading br = {.block = block_new(r->a, BLOCK_TEXT), .depth = depth};
        rc = read_block(&at, it.value, &br);
        block_add(out, br.block);
        last = br.block;
    }
    return rc;
}

int bedrock_read_blocks(struct reading *r, const char *name, const struct json *array,
                        struct block **out)
{
    return read_list(r, name, array, 0, out);
}
