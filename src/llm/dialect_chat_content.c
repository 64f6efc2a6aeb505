/* Content of a chat request's messages, written: a string or an array of parts.
 *
 * Texts stand one by one where the target takes parts, and are joined where it does not. Media go
 * as data URLs or as the URL they had; what only its own provider can look up (a file's id, a
 * bucket) is refused, since leaving it out would change the question. A document that is text
 * becomes text. */
#include "llm/dialect_chat.h"
#include "llm/media.h"

/* Vendors who have stayed with max_tokens have stayed with the first years' messages, too: content
 * is a string wherever nothing but text is in it. */
static bool takes_parts(const struct dialect_chat_pen *p)
{
    return !dialect_chat_can(p, CAN_OLD_MAX_TOKENS);
}

static bool takes_marks(const struct dialect_chat_pen *p)
{
    return p->as == DIALECT_OPENROUTER || dialect_chat_can(p, CAN_CACHE_MARKS);
}

bool dialect_chat_is_kept_whole(const struct dialect_chat_pen *p, const struct block *b)
{
    return dialect_chat_has_verbatim(p, &b->verbatim, "type");
}

void dialect_chat_put_whole(struct dialect_chat_pen *p, const struct block *b)
{
    json_begin_object(&p->j, NULL);
    dialect_chat_put_extras(p, &b->verbatim, "");
    json_end_object(&p->j);
}

/* ---- parts ---- */

static void put_mark(struct dialect_chat_pen *p, const struct cache_mark *mark)
{
    struct json_writer *j = &p->j;
    if (!mark->is_set || !takes_marks(p))
        return;
    if (p->as != DIALECT_OPENROUTER) {
        json_put_raw(j, "prompt_cache_breakpoint", S("{\"mode\":\"explicit\"}"));
        return;
    }
    json_begin_object(j, "cache_control");
    json_put_str(j, "type", S("ephemeral"));
    if (mark->ttl.n > 0)
        json_put_str(j, "ttl", mark->ttl);
    json_end_object(j);
}

void dialect_chat_put_text_part(struct dialect_chat_pen *p, const struct block *b, str text)
{
    struct json_writer *j = &p->j;
    bool is_refusal = b->kind == BLOCK_REFUSAL;
    json_begin_object(j, NULL);
    if (!dialect_chat_has_verbatim(p, &b->verbatim, "type"))
        json_put_str(j, "type", is_refusal ? S("refusal") : S("text"));
    json_put_str(j, is_refusal ? "refusal" : "text", text);
    if (p->is_own)
        dialect_chat_put_extras(p, &b->verbatim, "");
    else
        put_mark(p, &b->cache);
    dialect_chat_put_extras(p, &b->extras, "messages.content.");
    json_end_object(j);
}

static void put_image(struct dialect_chat_pen *p, const char *name, const struct media *m)
{
    struct json_writer *j = &p->j;
    json_begin_object(j, name);
    json_put_str(j, "url", media_url(p->w->a, m));
    if (m->detail.n > 0)
        json_put_str(j, "detail", m->detail);
    json_end_object(j);
}

static void put_audio(struct dialect_chat_pen *p, const struct media *m)
{
    struct json_writer *j = &p->j;
    str format = media_extension(m->mime);
    json_begin_object(j, "input_audio");
    json_put_str(j, "data", m->bytes);
    json_put_str(j, "format", format.n > 0 ? format : S("wav"));
    json_end_object(j);
}

static void put_file(struct dialect_chat_pen *p, const struct media *m)
{
    struct json_writer *j = &p->j;
    str extension = media_extension(m->mime);
    json_begin_object(j, "file");
    if (m->source == MEDIA_FILE_ID)
        json_put_str(j, "file_id", m->bytes);
    else
        json_put_str(j, "file_data", media_url(p->w->a, m));
    if (m->name.n > 0)
        json_put_str(j, "filename", m->name);
    else if (m->source != MEDIA_FILE_ID)
        json_put_str(j, "filename",
                     arena_concat(p->w->a,
                                  (str[]){S("document."), extension.n > 0 ? extension : S("pdf")},
                                  2));
    json_end_object(j);
}

/* May the medium be written at all? Only its own provider has a file behind an id. */
static bool is_known_here(const struct dialect_chat_pen *p, const struct media *m)
{
    switch (m->source) {
    case MEDIA_BASE64:
        return true;
    case MEDIA_URL:
        return m->kind == MEDIA_IMAGE || m->kind == MEDIA_VIDEO || p->as == DIALECT_OPENROUTER;
    case MEDIA_FILE_ID:
        return m->kind == MEDIA_DOCUMENT && p->c->origin == DIALECT_RESPONSES;
    case MEDIA_URI:
    case MEDIA_TEXT:
    case MEDIA_BLOCKS:
        break;
    }
    return false;
}

static int refuse_media(struct dialect_chat_pen *p, const struct media *m)
{
    static const char *const kinds[] = {[MEDIA_IMAGE] = "image",
                                        [MEDIA_AUDIO] = "audio",
                                        [MEDIA_VIDEO] = "video",
                                        [MEDIA_DOCUMENT] = "document"};
    return writing_refuse(p->w, "messages",
                          "The model's provider cannot take %s content in this form: send the "
                          "bytes themselves.",
                          kinds[m->kind]);
}

static int put_media_part(struct dialect_chat_pen *p, const struct block *b)
{
    const struct media *m = &b->media;
    struct json_writer *j = &p->j;
    if (!is_known_here(p, m))
        return refuse_media(p, m);
    json_begin_object(j, NULL);
    switch (m->kind) {
    case MEDIA_IMAGE:
        json_put_str(j, "type", S("image_url"));
        put_image(p, "image_url", m);
        break;
    case MEDIA_VIDEO:
        json_put_str(j, "type", S("video_url"));
        put_image(p, "video_url", m);
        break;
    case MEDIA_AUDIO:
        json_put_str(j, "type", S("input_audio"));
        put_audio(p, m);
        break;
    case MEDIA_DOCUMENT:
        json_put_str(j, "type", S("file"));
        put_file(p, m);
        break;
    }
    put_mark(p, &b->cache);
    json_end_object(j);
    return 0;
}

/* A document that is text, or made of it: its title and the text; else S_EMPTY. */
static str document_text(struct dialect_chat_pen *p, const struct media *m)
{
    str text = m->bytes;
    if (m->source == MEDIA_BLOCKS)
        text = block_list_text(p->w->a, m->blocks, S("\n\n"));
    else if (m->source != MEDIA_TEXT)
        return S_EMPTY;
    if (m->name.n == 0)
        return text;
    return arena_concat(p->w->a, (str[]){m->name, S("\n\n"), text}, 3);
}

/* Was the medium fetched since it was read, so that what was kept of it is old? */
static bool is_changed(const struct dialect_chat_pen *p, const struct block *b)
{
    const struct json *image = extras_find(&b->verbatim, S("image_url"));
    const struct json *url = image && json_is_str(image) ? image : json_get(image, "url");
    return url && b->media.source == MEDIA_BASE64 && str_has_prefix(json_str(url), S("http")) &&
           p->is_own;
}

int dialect_chat_put_part(struct dialect_chat_pen *p, const struct block *b)
{
    if (dialect_chat_is_kept_whole(p, b) && b->kind != BLOCK_TEXT && !is_changed(p, b)) {
        dialect_chat_put_whole(p, b);
        return 0;
    }
    if (b->kind == BLOCK_TEXT || b->kind == BLOCK_REFUSAL) {
        dialect_chat_put_text_part(p, b, b->text);
        return 0;
    }
    if (b->kind == BLOCK_OPAQUE && dialect_chat_takes(p->as, b->extras.origin)) {
        json_put_value(&p->j, NULL, b->raw);
        return 0;
    }
    if (b->kind != BLOCK_MEDIA)
        return 0;
    str text = document_text(p, &b->media);
    if (text.n == 0)
        return put_media_part(p, b);
    loss_add(p->w->loss, LOSS_EMULATED, S("messages.content.document"));
    dialect_chat_put_text_part(p, &(struct block){.kind = BLOCK_TEXT, .cache = b->cache}, text);
    return 0;
}

/* ---- content ---- */

static bool is_content(const struct dialect_chat_pen *p, const struct block *b)
{
    switch (b->kind) {
    case BLOCK_TEXT:
    case BLOCK_MEDIA:
        return true;
    case BLOCK_REFUSAL: /* a part, or a member of the message */
        return !p->is_own || dialect_chat_is_kept_whole(p, b);
    case BLOCK_REASONING:
        return dialect_chat_is_kept_whole(p, b);
    case BLOCK_OPAQUE:
        return dialect_chat_takes(p->as, b->extras.origin);
    case BLOCK_TOOL_CALL:
    case BLOCK_TOOL_RESULT:
        break;
    }
    return false;
}

struct dialect_chat_content dialect_chat_survey(const struct dialect_chat_pen *p,
                                                const struct block *list)
{
    struct dialect_chat_content s = {.first = NULL};
    for (const struct block *b = list; b; b = b->next) {
        if (!is_content(p, b))
            continue;
        if (!s.first)
            s.first = b;
        bool is_text = b->kind == BLOCK_TEXT || b->kind == BLOCK_REFUSAL;
        s.n_texts += is_text;
        s.n_others += !is_text;
        s.has_marks = s.has_marks || (b->cache.is_set && takes_marks(p));
    }
    return s;
}

static int put_parts(struct dialect_chat_pen *p, const struct block *list)
{
    int rc = 0;
    json_begin_array(&p->j, "content");
    for (const struct block *b = list; rc == 0 && b; b = b->next) {
        if (is_content(p, b))
            rc = dialect_chat_put_part(p, b);
    }
    json_end_array(&p->j);
    return rc;
}

/* Texts joined where they cannot stand one by one. */
str dialect_chat_joined(struct dialect_chat_pen *p, const struct block *list, str between)
{
    struct buf out;
    const struct block *only = NULL;
    size_t n = 0;
    buf_init(&out, SIZE_MAX);
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind != BLOCK_TEXT && b->kind != BLOCK_REFUSAL)
            continue;
        only = b;
        if (n++ > 0)
            buf_put(&out, between);
        buf_put(&out, b->text);
    }
    str text = S_EMPTY;
    if (n > 0)
        text = n == 1 ? only->text : arena_str(p->w->a, buf_str(&out));
    buf_fini(&out);
    return text;
}

/* The member content; `between` joins texts for those who take one string only. */
int dialect_chat_put_content(struct dialect_chat_pen *p, const struct block *list, bool is_plain,
                             str between)
{
    struct dialect_chat_content s = dialect_chat_survey(p, list);
    if (p->is_own && !is_plain)
        return put_parts(p, list);
    bool is_one = s.n_texts <= 1 && !s.has_marks;
    if (s.n_others > 0 || (!is_one && (s.has_marks || takes_parts(p))))
        return put_parts(p, list);
    json_put_str(&p->j, "content", dialect_chat_joined(p, list, between));
    return 0;
}

void dialect_chat_note_opaque(struct dialect_chat_pen *p, const struct block *list)
{
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind == BLOCK_OPAQUE && !dialect_chat_takes(p->as, b->extras.origin))
            dialect_chat_lost(p, "messages.content.", b->type);
    }
}
