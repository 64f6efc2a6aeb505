/* Content of the chat dialect's messages, read: parts of requests, and of answers whose content is
 * an array (Mistral's).
 *
 * A part's media are kept verbatim as well, since one picture can be written in three ways; the
 * intermediate form has one. A part that nobody here knows stays as it is, for its own dialect. */
#include "llm/carry.h"
#include "llm/dialect_chat.h"
#include "llm/media.h"
#include "llm/seal.h"

/* Keeps every member of the object: it is written back whole. */
void dialect_chat_keep_all(struct reading *r, struct extras *e, const struct json *object)
{
    *e = (struct extras){.origin = r->origin};
    for (struct json_iter it = json_iter(object); json_iter_next(&it);)
        extras_add(r->a, e, it.key, it.value);
}

int dialect_chat_read_text(struct reading *r, const char *name, const struct json *v, str *out)
{
    if (!v)
        return member_fail(r, name, STR_FMT " must be a string.", STR_ARG(reading_path(r, name)));
    return member_str(r, name, v, out);
}

/* ---- media ---- */

static int fail_media(struct reading *r, const char *name)
{
    return member_fail(r, name, STR_FMT " is neither a URL nor base64.",
                       STR_ARG(reading_path(r, name)));
}

static int read_url(struct reading *r, const char *name, const struct json *v, struct media *m)
{
    enum media_kind kind = m->kind;
    if (!v || !json_is_str(v))
        return member_fail(r, name, STR_FMT " must be a string.", STR_ARG(reading_path(r, name)));
    if (!media_from_url(r->a, json_str(v), m))
        return fail_media(r, name);
    m->kind = kind;
    return 0;
}

/* image_url, video_url, document_url: {url, detail}, or as Mistral writes it, the URL alone. */
static int read_url_part(struct reading *r, const char *name, const struct json *v, struct media *m)
{
    enum { URL, DETAIL };
    static const char *const keys[] = {[URL] = "url", [DETAIL] = "detail"};
    const struct json *value[ARRAY_LEN(keys)];
    if (v && json_is_str(v))
        return read_url(r, name, v, m);
    struct reading in = reading_at(r, name, -1);
    int rc = MEMBERS_READ(&in, v, keys, value, NULL);
    if (rc == 0)
        rc = member_str(&in, "detail", value[DETAIL], &m->detail);
    return rc != 0 ? rc : read_url(&in, "url", value[URL], m);
}

static int read_audio_part(struct reading *r, const char *name, const struct json *v,
                           struct media *m)
{
    enum { DATA, FORMAT };
    static const char *const keys[] = {[DATA] = "data", [FORMAT] = "format"};
    const struct json *value[ARRAY_LEN(keys)];
    str format = S_EMPTY;
    struct reading in = reading_at(r, name, -1);
    int rc = MEMBERS_READ(&in, v, keys, value, NULL);
    if (rc == 0)
        rc = member_str(&in, "format", value[FORMAT], &format);
    if (rc != 0)
        return rc;
    if (!value[DATA] || !json_is_str(value[DATA]))
        return member_fail(&in, "data", STR_FMT " must be a string.",
                           STR_ARG(reading_path(&in, "data")));
    str text = json_str(value[DATA]);
    bool is_read = str_has_prefix(text, S("data:"))
                       ? media_from_url(r->a, text, m)
                       : media_from_base64(r->a, text, media_mime(format), m);
    m->kind = MEDIA_AUDIO;
    return is_read ? 0 : fail_media(&in, "data");
}

static int read_file_part(struct reading *r, const char *name, const struct json *v,
                          struct media *m)
{
    enum { FILE_DATA, FILE_ID, FILENAME };
    static const char *const keys[] = {
        [FILE_DATA] = "file_data", [FILE_ID] = "file_id", [FILENAME] = "filename"};
    const struct json *value[ARRAY_LEN(keys)];
    struct reading in = reading_at(r, name, -1);
    int rc = MEMBERS_READ(&in, v, keys, value, NULL);
    if (rc == 0 && value[FILE_DATA])
        rc = read_url(&in, "file_data", value[FILE_DATA], m);
    if (rc == 0 && !value[FILE_DATA]) {
        m->source = MEDIA_FILE_ID;
        rc = member_str(&in, "file_id", value[FILE_ID], &m->bytes);
    }
    if (rc == 0)
        rc = member_str(&in, "filename", value[FILENAME], &m->name);
    if (rc == 0 && m->bytes.n == 0)
        return member_fail(&in, NULL, STR_FMT " needs file_data or file_id.",
                           STR_ARG(reading_path(&in, NULL)));
    return rc;
}

/* ---- content ---- */

enum {
    P_TYPE,
    P_TEXT,
    P_REFUSAL,
    P_THINKING,
    P_SUMMARY,
    P_CACHE,
    P_BREAKPOINT,
    P_IMAGE,
    P_AUDIO,
    P_FILE,
    P_VIDEO,
    P_DOCUMENT,
};
static const char *const part_keys[] = {
    [P_TYPE] = "type",
    [P_TEXT] = "text",
    [P_REFUSAL] = "refusal",
    [P_THINKING] = "thinking",
    [P_SUMMARY] = "summary",
    [P_CACHE] = "cache_control",
    [P_BREAKPOINT] = "prompt_cache_breakpoint",
    [P_IMAGE] = "image_url",
    [P_AUDIO] = "input_audio",
    [P_FILE] = "file",
    [P_VIDEO] = "video_url",
    [P_DOCUMENT] = "document_url",
};

static int read_cache_mark(struct reading *r, const struct json *const *v, struct block *b)
{
    struct reading in = reading_at(r, part_keys[P_CACHE], -1);
    b->cache.is_set = v[P_CACHE] || v[P_BREAKPOINT];
    return member_str(&in, "ttl", json_get(v[P_CACHE], "ttl"), &b->cache.ttl);
}

/* {type: thinking, thinking: text or [{type: text, text}]}, as Mistral writes it. */
static int read_thinking(struct reading *r, const struct json *v, struct block *b)
{
    str text = S_EMPTY;
    b->kind = BLOCK_REASONING;
    if (v && json_type(v) == JSON_STRING) {
        reasoning_add(r->a, &b->reasoning, false, json_str(v));
        return 0;
    }
    int rc = member_type(r, "thinking", v, JSON_ARRAY);
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it);) {
        rc = member_str(r, "thinking", json_get(it.value, "text"), &text);
        if (rc == 0 && text.n > 0)
            reasoning_add(r->a, &b->reasoning, false, text);
        text = S_EMPTY;
    }
    return rc;
}

/* {type: reasoning, summary: [{type: summary_text, text, signature}]}: Claude's thoughts, as
 * Databricks writes them. */
static int read_summary(struct reading *r, const struct json *v, struct block *b)
{
    b->kind = BLOCK_REASONING;
    int rc = member_type(r, "summary", v, JSON_ARRAY);
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it);) {
        str text = S_EMPTY, signature = S_EMPTY;
        rc = member_str(r, "summary", json_get(it.value, "text"), &text);
        if (rc == 0)
            rc = member_str(r, "summary", json_get(it.value, "signature"), &signature);
        if (rc == 0 && text.n > 0)
            reasoning_add(r->a, &b->reasoning, false, text);
        if (rc == 0 && signature.n > 0)
            b->seal = seal_unwrap(r->a, signature, SEAL_SIGNATURE, FAMILY_ANTHROPIC);
    }
    return rc;
}

/* Media: the part's type is the name of its member. */
static const struct media_form {
    uint8_t member;
    enum media_kind kind;
    int (*read)(struct reading *r, const char *name, const struct json *v, struct media *m);
} media_forms[] = {
    {P_IMAGE, MEDIA_IMAGE, read_url_part},       {P_AUDIO, MEDIA_AUDIO, read_audio_part},
    {P_FILE, MEDIA_DOCUMENT, read_file_part},    {P_VIDEO, MEDIA_VIDEO, read_url_part},
    {P_DOCUMENT, MEDIA_DOCUMENT, read_url_part},
};

static const struct media_form *media_form(str type)
{
    for (size_t i = 0; i < ARRAY_LEN(media_forms); i++) {
        if (str_eq(str_from_cz(part_keys[media_forms[i].member]), type))
            return &media_forms[i];
    }
    return NULL;
}

static bool is_text_type(str type)
{
    return str_eq(type, S("text")) || str_eq(type, S("input_text")) ||
           str_eq(type, S("output_text"));
}

/* What the part's type says it is; BLOCK_OPAQUE: nobody here knows. */
static int read_as(struct reading *r, str type, const struct json *const *v, struct block *b)
{
    const struct media_form *f = media_form(type);
    if (is_text_type(type)) {
        b->kind = BLOCK_TEXT;
        return dialect_chat_read_text(r, "text", v[P_TEXT], &b->text);
    }
    if (str_eq(type, S("refusal"))) {
        b->kind = BLOCK_REFUSAL;
        return dialect_chat_read_text(r, "refusal", v[P_REFUSAL], &b->text);
    }
    if (str_eq(type, S("thinking")))
        return read_thinking(r, v[P_THINKING], b);
    if (str_eq(type, S("reasoning")) && v[P_SUMMARY])
        return read_summary(r, v[P_SUMMARY], b);
    if (!f)
        return 0;
    b->kind = BLOCK_MEDIA;
    b->media.kind = f->kind;
    return f->read(r, part_keys[f->member], v[f->member], &b->media);
}

/* A text is written anew, since it may have been changed on the way; what stands beside it is kept.
 * Everything else is kept whole. */
static void keep_part(struct reading *r, str type, const struct json *v,
                      const struct json *const *value, struct block *b)
{
    if (b->kind != BLOCK_TEXT) {
        b->extras = (struct extras){.origin = r->origin};
        dialect_chat_keep_all(r, &b->verbatim, v);
        return;
    }
    if (!str_eq(type, S("text")))
        dialect_chat_keep(r, &b->verbatim, part_keys[P_TYPE], value[P_TYPE]);
    for (size_t i = P_REFUSAL; i < ARRAY_LEN(part_keys); i++)
        dialect_chat_keep(r, &b->verbatim, part_keys[i], value[i]);
}

int dialect_chat_read_part(struct reading *r, const struct json *v, struct block **out)
{
    const struct json *value[ARRAY_LEN(part_keys)];
    str type = S_EMPTY;
    struct block *b = block_new(r->a, BLOCK_OPAQUE);
    int rc = reading_check_room(r, 0);
    if (rc == 0)
        rc = MEMBERS_READ(r, v, part_keys, value, &b->extras);
    if (rc == 0)
        rc = dialect_chat_read_text(r, "type", value[P_TYPE], &type);
    if (rc == 0)
        rc = read_as(r, type, value, b);
    if (rc == 0)
        rc = read_cache_mark(r, value, b);
    if (rc != 0)
        return rc;
    keep_part(r, type, v, value, b);
    if (b->kind == BLOCK_OPAQUE) {
        b->type = type;
        b->raw = v;
    }
    *out = b;
    return 0;
}

int dialect_chat_read_content(struct reading *r, const struct json *v, struct block **list,
                              bool *is_plain)
{
    *is_plain = v && json_type(v) == JSON_STRING;
    if (!v)
        return 0;
    if (*is_plain) {
        block_add(list, block_text(r->a, json_str(v)));
        return 0;
    }
    if (json_type(v) != JSON_ARRAY)
        return member_fail(r, "content", STR_FMT " must be a string or an array of parts.",
                           STR_ARG(reading_path(r, "content")));
    long i = 0;
    for (struct json_iter it = json_iter(v); json_iter_next(&it); i++) {
        struct reading in = reading_at(r, "content", i);
        struct block *b = NULL;
        int rc = dialect_chat_read_part(&in, it.value, &b);
        if (rc != 0)
            return rc;
        block_add(list, b);
    }
    return 0;
}
