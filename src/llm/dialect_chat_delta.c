/* Streams of the chat dialect, read: what a delta says besides calls. Thoughts, text, refusals,
 * media and citations, in whichever of their forms the vendor has; each opens its kind of block,
 * and the block before it ends. */
#include "llm/dialect_chat_stream.h"
#include "llm/media.h"
#include "llm/seal.h"

#define ANNOTATIONS_MAX 4096 /* of one chunk */

/* ---- the one block that is open beside calls ---- */

int chat_at_close(const struct chat_at *at, const struct block *end)
{
    if (at->c->open == OPEN_NONE)
        return 0;
    at->c->open = OPEN_NONE;
    return chat_at_put(
        at, (struct event){.kind = EV_BLOCK_STOP, .block = at->c->open_block, .content = end});
}

int chat_at_begin(const struct chat_at *at, const struct block *b, unsigned *number)
{
    *number = at->c->n_blocks++;
    return chat_at_put(at, (struct event){.kind = EV_BLOCK_START, .block = *number, .content = b});
}

static int open_block(const struct chat_at *at, enum chat_open kind)
{
    static const enum block_kind kinds[] = {[OPEN_TEXT] = BLOCK_TEXT,
                                            [OPEN_REFUSAL] = BLOCK_REFUSAL,
                                            [OPEN_REASONING] = BLOCK_REASONING,
                                            [OPEN_AUDIO] = BLOCK_MEDIA};
    struct chat_choice *c = at->c;
    struct block b = {.kind = kinds[kind]};
    if (c->open == kind)
        return 0;
    if (kind == OPEN_AUDIO)
        b.media = (struct media){.kind = MEDIA_AUDIO, .source = MEDIA_BASE64};
    int rc = chat_at_close(at, NULL);
    if (rc == 0)
        rc = chat_at_close_whole_calls(at);
    if (rc == 0)
        rc = chat_at_begin(at, &b, &c->open_block);
    c->open = kind;
    c->detail = -1;
    c->is_summary = false;
    c->has_text |= kind == OPEN_TEXT;
    c->has_refusal |= kind == OPEN_REFUSAL;
    return rc;
}

static int put_delta(const struct chat_at *at, enum delta_kind kind, str text)
{
    struct event ev = {.kind = EV_DELTA, .block = at->c->open_block};
    ev.delta.kind = kind;
    ev.delta.is_summary = at->c->is_summary;
    ev.delta.text = text;
    return chat_at_put(at, ev);
}

int chat_at_text(const struct chat_at *at, enum chat_open kind, str text)
{
    if (text.n == 0)
        return 0;
    int rc = open_block(at, kind);
    return rc != 0 ? rc : put_delta(at, DELTA_TEXT, text);
}

/* ---- thoughts ---- */

/* An encrypted thought is a block of its own, without text: data in the place of a text shows at
 * the start, a signature at the end. */
static int put_encrypted(const struct chat_at *at, str data, enum seal_family family)
{
    unsigned number = 0;
    enum seal_kind kind = family == FAMILY_ANTHROPIC ? SEAL_REDACTED : SEAL_SIGNATURE;
    struct block begin = {.kind = BLOCK_REASONING}, end = begin;
    struct seal seal = seal_unwrap(at->d->scratch, data, kind, family);
    if (seal.kind == SEAL_REDACTED)
        begin.seal = seal;
    else
        end.seal = seal;
    int rc = chat_at_close(at, NULL);
    if (rc == 0)
        rc = chat_at_begin(at, &begin, &number);
    if (rc != 0)
        return rc;
    return chat_at_put(at, (struct event){.kind = EV_BLOCK_STOP, .block = number, .content = &end});
}

static int put_detail_text(const struct chat_at *at, str text, bool is_summary, int64_t index)
{
    struct chat_choice *c = at->c;
    bool is_other = c->open == OPEN_REASONING && index >= 0 && c->detail >= 0 &&
                    (c->detail != index || c->is_summary != is_summary);
    int rc = is_other ? chat_at_close(at, NULL) : 0;
    bool is_new = c->open != OPEN_REASONING;
    if (rc == 0)
        rc = open_block(at, OPEN_REASONING);
    if (rc != 0)
        return rc;
    if (index >= 0)
        c->detail = index;
    c->is_summary = is_summary;
    if (is_new && is_summary)
        rc = put_delta(at, DELTA_PART, S_EMPTY);
    return rc != 0 || text.n == 0 ? rc : put_delta(at, DELTA_TEXT, text);
}

static int read_detail(const struct chat_at *at, const struct json *v)
{
    str type = json_str(json_get(v, "type"));
    str signature = json_str(json_get(v, "signature")), data = json_str(json_get(v, "data"));
    bool is_summary = str_eq(type, S("reasoning.summary"));
    str text = json_str(json_get(v, is_summary ? "summary" : "text"));
    enum seal_family family = dialect_chat_format_family(json_str(json_get(v, "format")));
    int64_t index = -1;
    int rc = 0;
    if (!json_i64(json_get(v, "index"), &index))
        index = -1;
    if (str_eq(type, S("reasoning.encrypted")))
        return data.n > 0 ? put_encrypted(at, data, family) : 0;
    if (text.n > 0 || signature.n > 0)
        rc = put_detail_text(at, text, is_summary, index);
    if (rc != 0 || signature.n == 0)
        return rc;
    struct block end = {.kind = BLOCK_REASONING};
    end.seal = seal_unwrap(at->d->scratch, signature, SEAL_SIGNATURE, family);
    return chat_at_close(at, &end);
}

/* Does an entry of the details say what `reasoning` says as well? */
static bool has_detail_text(const struct json *details)
{
    for (struct json_iter it = json_iter(details); json_iter_next(&it);) {
        if (json_str(json_get(it.value, "text")).n > 0 ||
            json_str(json_get(it.value, "summary")).n > 0)
            return true;
    }
    return false;
}

static int read_thoughts(const struct chat_at *at, const struct json *delta)
{
    const struct json *details = json_get(delta, "reasoning_details");
    str text = json_str(json_get(delta, "reasoning_content"));
    int rc = 0;
    if (text.n == 0)
        text = json_str(json_get(delta, "reasoning"));
    if (text.n > 0 && !has_detail_text(details))
        rc = chat_at_text(at, OPEN_REASONING, text);
    for (struct json_iter it = json_iter(details); rc == 0 && json_iter_next(&it);)
        rc = read_detail(at, it.value);
    return rc;
}

/* ---- content ---- */

static int put_image(const struct chat_at *at, const struct json *part)
{
    const struct json *image = json_get(part, "image_url");
    str url = image && json_is_str(image) ? json_str(image) : json_str(json_get(image, "url"));
    struct block b = {.kind = BLOCK_MEDIA};
    unsigned number = 0;
    if (url.n == 0 || !media_from_url(at->d->scratch, url, &b.media))
        return 0;
    str bytes = b.media.bytes;
    b.media.kind = MEDIA_IMAGE;
    if (b.media.source == MEDIA_BASE64)
        b.media.bytes = S_EMPTY;
    int rc = chat_at_close(at, NULL);
    if (rc == 0)
        rc = chat_at_begin(at, &b, &number);
    struct event ev = {.kind = EV_DELTA, .block = number};
    ev.delta.kind = DELTA_MEDIA;
    ev.delta.text = bytes;
    if (rc == 0 && b.media.source == MEDIA_BASE64)
        rc = chat_at_put(at, ev);
    return rc != 0 ? rc : chat_at_put(at, (struct event){.kind = EV_BLOCK_STOP, .block = number});
}

static int read_images(const struct chat_at *at, const struct json *list)
{
    int rc = 0;
    for (struct json_iter it = json_iter(list); rc == 0 && json_iter_next(&it);)
        rc = put_image(at, it.value);
    return rc;
}

/* {type: thinking, thinking: text or [{text}]} */
static int read_thinking(const struct chat_at *at, const struct json *v)
{
    int rc = chat_at_text(at, OPEN_REASONING, json_str(v));
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it);)
        rc = chat_at_text(at, OPEN_REASONING, json_str(json_get(it.value, "text")));
    return rc;
}

/* {type: reasoning, summary: [{text, signature}]}, as Databricks writes Claude's. */
static int read_summary(const struct chat_at *at, const struct json *list)
{
    int rc = 0;
    for (struct json_iter it = json_iter(list); rc == 0 && json_iter_next(&it);) {
        str signature = json_str(json_get(it.value, "signature"));
        rc = chat_at_text(at, OPEN_REASONING, json_str(json_get(it.value, "text")));
        if (rc != 0 || signature.n == 0 || at->c->open != OPEN_REASONING)
            continue;
        struct block end = {.kind = BLOCK_REASONING};
        end.seal = seal_unwrap(at->d->scratch, signature, SEAL_SIGNATURE, FAMILY_ANTHROPIC);
        rc = chat_at_close(at, &end);
    }
    return rc;
}

static int read_part(const struct chat_at *at, const struct json *v)
{
    str type = json_str(json_get(v, "type"));
    if (str_eq(type, S("reasoning")))
        return read_summary(at, json_get(v, "summary"));
    if (str_eq(type, S("thinking")))
        return read_thinking(at, json_get(v, "thinking"));
    if (str_eq(type, S("refusal")))
        return chat_at_text(at, OPEN_REFUSAL, json_str(json_get(v, "refusal")));
    if (str_eq(type, S("image_url")))
        return put_image(at, v);
    return chat_at_text(at, OPEN_TEXT, json_str(json_get(v, "text")));
}

static int read_content(const struct chat_at *at, const struct json *v)
{
    if (!v)
        return 0;
    switch (json_type(v)) {
    case JSON_STRING:
        return chat_at_text(at, OPEN_TEXT, json_str(v));
    case JSON_ARRAY: {
        int rc = 0;
        for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it);)
            rc = read_part(at, it.value);
        return rc;
    }
    case JSON_NULL:
        return 0;
    case JSON_FALSE:
    case JSON_TRUE:
    case JSON_NUMBER:
    case JSON_OBJECT:
        break;
    }
    return chat_at_fail(at, "The provider sent a chunk whose content is neither text nor parts.");
}

static int read_audio(const struct chat_at *at, const struct json *v)
{
    str bytes = json_str(json_get(v, "data")), caption = json_str(json_get(v, "transcript"));
    int rc = 0;
    if (bytes.n == 0 && caption.n == 0)
        return 0;
    rc = open_block(at, OPEN_AUDIO);
    if (rc == 0 && bytes.n > 0)
        rc = put_delta(at, DELTA_MEDIA, bytes);
    if (rc == 0 && caption.n > 0)
        rc = put_delta(at, DELTA_CAPTION, caption);
    return rc;
}

int chat_at_annotation(const struct chat_at *at, const struct annotation *note)
{
    int rc = open_block(at, OPEN_TEXT);
    if (rc != 0)
        return rc;
    return chat_at_put(
        at, (struct event){.kind = EV_ANNOTATION, .block = at->c->open_block, .annotation = note});
}

static int read_annotations(const struct chat_at *at, const struct json *list)
{
    size_t n = 0;
    int rc = 0;
    for (struct json_iter it = json_iter(list); rc == 0 && json_iter_next(&it); n++) {
        if (n == ANNOTATIONS_MAX)
            return chat_at_fail(at, "The provider sent too many citations in one chunk.");
        rc = chat_at_annotation(at, dialect_chat_read_annotation(at->d->scratch, it.value));
    }
    return rc;
}

int chat_at_read_logprobs(const struct chat_at *at, const struct json *v)
{
    const struct json *tokens = json_get(v, "content");
    if (json_count(tokens) == 0 || at->c->open != OPEN_TEXT)
        return 0;
    return chat_at_put(
        at, (struct event){.kind = EV_LOGPROBS, .block = at->c->open_block, .logprobs = tokens});
}

int chat_at_read_delta(const struct chat_at *at, const struct json *delta)
{
    int rc = read_thoughts(at, delta);
    if (rc == 0)
        rc = read_content(at, json_get(delta, "content"));
    if (rc == 0)
        rc = chat_at_text(at, OPEN_REFUSAL, json_str(json_get(delta, "refusal")));
    if (rc == 0)
        rc = read_audio(at, json_get(delta, "audio"));
    if (rc == 0)
        rc = read_images(at, json_get(delta, "images"));
    return rc != 0 ? rc : read_annotations(at, json_get(delta, "annotations"));
}
