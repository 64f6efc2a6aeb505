/* Parts of Google's contents, read into blocks.
 *
 * A part is one of text, inlineData, fileData, functionCall, functionResponse or one of the server
 * tools' own, with marks that may stand on any of them: thought says that the model talks to
 * itself, thoughtSignature is its proof. A text that is a thought is reasoning, any other is text;
 * everything else that is a thought (a picture drawn on the way), and every part that only the API
 * itself can read, stays opaque, whole. What a part says on a level that the block has no place for
 * keeps the whole member (`verbatim`, see llm/chat.h). */
#include "llm/dialect_gemini.h"
#include "llm/media.h"
#include "llm/seal.h"

#define TEXT_MAX ((size_t)256 << 20) /* of arguments: more than any body holds */

#define PART(X)                                                                                    \
    X(PART_TEXT, "text", "text")                                                                   \
    X(PART_INLINE, "inlineData", "inline_data")                                                    \
    X(PART_FILE, "fileData", "file_data")                                                          \
    X(PART_CALL, "functionCall", "function_call")                                                  \
    X(PART_RESPONSE, "functionResponse", "function_response")                                      \
    X(PART_THOUGHT, "thought", "thought")                                                          \
    X(PART_SIGNATURE, "thoughtSignature", "thought_signature")
enum { PART(GEMINI_INDEX) PART_KEYS };
GEMINI_KEYS(part_keys, PART);

#define DATA(X)                                                                                    \
    X(DATA_MIME, "mimeType", "mime_type")                                                          \
    X(DATA_BYTES, "data", "data")                                                                  \
    X(DATA_URI, "fileUri", "file_uri")                                                             \
    X(DATA_NAME, "displayName", "display_name")
enum { DATA(GEMINI_INDEX) DATA_KEYS };
GEMINI_KEYS(data_keys, DATA);

#define CALL(X)                                                                                    \
    X(CALL_ID, "id", "id")                                                                         \
    X(CALL_NAME, "name", "name")                                                                   \
    X(CALL_ARGS, "args", "args")
enum { CALL(GEMINI_INDEX) CALL_KEYS };
GEMINI_KEYS(call_keys, CALL);

#define RESPONSE(X)                                                                                \
    X(RESPONSE_ID, "id", "id")                                                                     \
    X(RESPONSE_NAME, "name", "name")                                                               \
    X(RESPONSE_VALUE, "response", "response")                                                      \
    X(RESPONSE_PARTS, "parts", "parts")
enum { RESPONSE(GEMINI_INDEX) RESPONSE_KEYS };
GEMINI_KEYS(response_keys, RESPONSE);

/* Gives the block what was not read on a level below it: the whole member is kept then. */
static void keep_whole(struct reading *r, struct block *b, const char *name, const struct json *v,
                       const struct extras *extras, const struct extras *verbatim)
{
    if (extras->first || verbatim->first)
        gemini_keep(r, &b->verbatim, name, v);
}

/* A place outside of Google's own stores, that anybody can read. */
static bool is_public(str uri)
{
    static const char *const own[] = {"https://generativelanguage.googleapis.com/",
                                      "https://www.youtube.com/", "https://youtube.com/",
                                      "https://youtu.be/"};
    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        if (str_has_prefix(uri, str_from_cz(own[i])))
            return false;
    }
    return str_has_prefix_nocase(uri, S("https://")) || str_has_prefix_nocase(uri, S("http://"));
}

/* The JSON text of a value, if there is room for it. */
static int text_of(struct reading *r, const struct json *v, str *out)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    json_put(&text, v);
    bool has_room = buf_is_ok(&text) && arena_has_room(r->a, text.n);
    if (has_room)
        *out = arena_str(r->a, buf_str(&text));
    buf_fini(&text);
    return has_room ? 0 : gemini_full(r);
}

static int read_inline(struct reading *r, const struct json *v, struct block *b)
{
    const struct json *m[2 * DATA_KEYS];
    struct extras extras = {0}, verbatim = {0};
    struct reading in = reading_at(r, "inlineData", -1);
    struct media *media = &b->media;
    str bytes = S_EMPTY;
    int rc = GEMINI_READ(&in, v, data_keys, m, &extras, &verbatim);
    if (rc == 0)
        rc = member_str(&in, "mimeType", m[DATA_MIME], &media->mime);
    if (rc == 0)
        rc = member_str(&in, "data", m[DATA_BYTES], &bytes);
    if (rc == 0)
        rc = member_str(&in, "displayName", m[DATA_NAME], &media->name);
    if (rc != 0)
        return rc;
    if (!arena_has_room(r->a, 2 * bytes.n))
        return gemini_full(&in);
    str mime = media->mime, name = media->name;
    if (!media_from_base64(r->a, bytes, mime, media))
        return member_fail(&in, "data", "This is no base64.");
    media->mime = mime.n > 0 ? mime : media->mime;
    media->name = name;
    media->kind = media_kind_of(media->mime);
    bool is_same = mime.n > 0 && str_eq(media->bytes, bytes) && !m[DATA_URI];
    if (!is_same)
        gemini_keep(&in, &verbatim, "data", NULL);
    keep_whole(r, b, "inlineData", v, &extras, &verbatim);
    return 0;
}

static int read_file(struct reading *r, const struct json *v, struct block *b)
{
    const struct json *m[2 * DATA_KEYS];
    struct extras extras = {0}, verbatim = {0};
    struct reading in = reading_at(r, "fileData", -1);
    struct media *media = &b->media;
    int rc = GEMINI_READ(&in, v, data_keys, m, &extras, &verbatim);
    if (rc == 0)
        rc = member_str(&in, "mimeType", m[DATA_MIME], &media->mime);
    if (rc == 0)
        rc = member_str(&in, "fileUri", m[DATA_URI], &media->bytes);
    if (rc == 0)
        rc = member_str(&in, "displayName", m[DATA_NAME], &media->name);
    if (rc != 0)
        return rc;
    if (media->bytes.n == 0)
        return member_fail(&in, "fileUri", "The URI is missing.");
    media->source = is_public(media->bytes) ? MEDIA_URL : MEDIA_URI;
    if (media->mime.n == 0) {
        size_t dot = str_rfind_char(media->bytes, '.');
        media->mime = dot == STR_NONE ? S_EMPTY : media_mime(str_skip(media->bytes, dot + 1));
    }
    media->kind = media->mime.n > 0 ? media_kind_of(media->mime) : MEDIA_IMAGE;
    bool is_same = m[DATA_MIME] && !m[DATA_BYTES];
    if (!is_same)
        gemini_keep(&in, &verbatim, "mimeType", NULL);
    keep_whole(r, b, "fileData", v, &extras, &verbatim);
    return 0;
}

static int read_call(struct reading *r, const struct json *v, struct block *b)
{
    const struct json *m[2 * CALL_KEYS];
    struct extras extras = {0}, verbatim = {0};
    struct reading in = reading_at(r, "functionCall", -1);
    struct tool_call *call = &b->call;
    int rc = GEMINI_READ(&in, v, call_keys, m, &extras, &verbatim);
    if (rc == 0)
        rc = member_str(&in, "id", m[CALL_ID], &call->id);
    if (rc == 0)
        rc = member_str(&in, "name", m[CALL_NAME], &call->name);
    if (rc == 0)
        rc = member_type(&in, "args", m[CALL_ARGS], JSON_OBJECT);
    if (rc != 0)
        return rc;
    if (call->name.n == 0)
        return member_fail(&in, "name", "A call has a name.");
    call->value = m[CALL_ARGS];
    call->args = S("{}");
    if (m[CALL_ARGS])
        rc = text_of(&in, m[CALL_ARGS], &call->args);
    if (!m[CALL_ID])
        gemini_keep(r, &b->verbatim, "id", NULL);
    if (!m[CALL_ARGS])
        gemini_keep(r, &b->verbatim, "args", NULL);
    keep_whole(r, b, "functionCall", v, &extras, &verbatim);
    return rc;
}

/* A response that is one string under one of the usual names is that text; any other is a value. */
static void read_said(struct reading *r, const struct json *response, struct block *b)
{
    static const char *const usual[] = {"result", "output", "return_value", "error", "content"};
    struct tool_result *result = &b->result;
    if (json_get(response, "error"))
        result->failed = YES;
    for (size_t i = 0; i < ARRAY_LEN(usual) && json_count(response) == 1; i++) {
        const struct json *only = json_get(response, usual[i]);
        if (only && json_is_str(only)) {
            result->is_plain = true;
            block_add(&result->blocks, block_text(r->a, json_str(only)));
            return;
        }
    }
    result->value = response;
}

static int read_response_parts(struct reading *r, const struct json *parts, struct block **list)
{
    struct json_iter it = gemini_list(parts);
    for (long i = 0; gemini_list_next(&it, parts); i++) {
        struct reading in = reading_at(r, "parts", i);
        struct block *inner = NULL;
        if (!json_get(it.value, "inlineData") && !json_get(it.value, "inline_data") &&
            !json_get(it.value, "fileData") && !json_get(it.value, "file_data"))
            return member_fail(&in, "", "A part of a response is inlineData or fileData.");
        int rc = gemini_part_read(&in, it.value, &inner);
        if (rc != 0)
            return rc;
        block_add(list, inner);
    }
    return 0;
}

static int read_response(struct reading *r, const struct json *v, struct block *b)
{
    const struct json *m[2 * RESPONSE_KEYS];
    struct extras extras = {0}, verbatim = {0};
    struct reading in = reading_at(r, "functionResponse", -1);
    struct tool_result *result = &b->result;
    int rc = GEMINI_READ(&in, v, response_keys, m, &extras, &verbatim);
    if (rc == 0)
        rc = member_str(&in, "id", m[RESPONSE_ID], &result->id);
    if (rc == 0)
        rc = member_str(&in, "name", m[RESPONSE_NAME], &result->name);
    if (rc == 0)
        rc = member_type(&in, "response", m[RESPONSE_VALUE], JSON_OBJECT);
    if (rc != 0)
        return rc;
    read_said(r, m[RESPONSE_VALUE], b);
    if (!m[RESPONSE_ID])
        gemini_keep(r, &b->verbatim, "id", NULL);
    if (m[RESPONSE_PARTS] || !m[RESPONSE_NAME] || !result->value)
        gemini_keep(&in, &verbatim, "parts", m[RESPONSE_PARTS]);
    keep_whole(r, b, "functionResponse", v, &extras, &verbatim);
    if (json_count(m[RESPONSE_PARTS]) == 0)
        return 0;
    str text = S_EMPTY;
    if (result->value) /* with pictures beside it, it is one of several blocks */
        rc = text_of(&in, result->value, &text);
    if (text.n > 0)
        block_add(&result->blocks, block_text(r->a, text));
    result->value = NULL;
    result->is_plain = false;
    return rc != 0 ? rc : read_response_parts(&in, m[RESPONSE_PARTS], &result->blocks);
}

static int read_text(struct reading *r, const struct json *v, struct block *b)
{
    str text = S_EMPTY;
    int rc = member_str(r, "text", v, &text);
    if (rc == 0 && b->kind == BLOCK_REASONING)
        reasoning_add(r->a, &b->reasoning, true, text);
    b->text = b->kind == BLOCK_TEXT ? text : S_EMPTY;
    return rc;
}

static struct block *opaque(struct reading *r, const struct json *part)
{
    struct block *b = block_new(r->a, BLOCK_OPAQUE);
    b->raw = part;
    b->type = S("part");
    b->extras.origin = DIALECT_GEMINI;
    struct json_iter it = json_iter(part);
    while (json_iter_next(&it)) {
        if (json_type(it.value) == JSON_OBJECT) {
            b->type = it.key;
            break;
        }
    }
    return b;
}

struct part_kind {
    int member;
    enum block_kind kind;
    int (*read)(struct reading *r, const struct json *v, struct block *b);
};
static const struct part_kind part_kinds[] = {
    {PART_CALL, BLOCK_TOOL_CALL, read_call}, {PART_RESPONSE, BLOCK_TOOL_RESULT, read_response},
    {PART_INLINE, BLOCK_MEDIA, read_inline}, {PART_FILE, BLOCK_MEDIA, read_file},
    {PART_TEXT, BLOCK_TEXT, read_text},
};

/* What the part is, and how many data members it has: more than one is no part of ours. */
static const struct part_kind *kind_of(const struct json *const *m, size_t *n)
{
    const struct part_kind *found = NULL;
    for (size_t i = 0; i < ARRAY_LEN(part_kinds); i++) {
        if (!m[part_kinds[i].member])
            continue;
        *n += 1;
        found = found ? found : &part_kinds[i];
    }
    return found;
}

/* Is it a server tool's part, whatever else stands on it? */
static bool has_foreign_part(const struct extras *extras)
{
    static const char *const server[] = {
        "executableCode",  "codeExecutionResult",   "toolCall",  "toolResponse",
        "executable_code", "code_execution_result", "tool_call", "tool_response"};
    for (size_t i = 0; i < ARRAY_LEN(server); i++) {
        if (extras_find(extras, str_from_cz(server[i])))
            return true;
    }
    return false;
}

int gemini_part_read(struct reading *r, const struct json *part, struct block **out)
{
    const struct json *m[2 * PART_KEYS];
    struct extras extras = {0}, verbatim = {0};
    bool is_thought = false;
    str signature = S_EMPTY;
    int rc = GEMINI_READ(r, part, part_keys, m, &extras, &verbatim);
    if (rc == 0)
        rc = member_bool(r, "thought", m[PART_THOUGHT], &is_thought);
    if (rc == 0)
        rc = member_str(r, "thoughtSignature", m[PART_SIGNATURE], &signature);
    if (rc != 0)
        return rc;
    size_t n = 0;
    const struct part_kind *kind = kind_of(m, &n);
    bool is_text = kind && kind->kind == BLOCK_TEXT;
    if (!kind || n != 1 || has_foreign_part(&extras) || (is_thought && !is_text)) {
        *out = opaque(r, part);
        return 0;
    }
    /* A signature on no text at all proves what was thought: reasoning without a word. */
    bool is_proof = is_text && signature.n > 0 && json_is_str(m[PART_TEXT]) &&
                    json_str(m[PART_TEXT]).n == 0 && !is_thought;
    struct block *b = block_new(r->a, is_thought || is_proof ? BLOCK_REASONING : kind->kind);
    b->extras = extras;
    b->verbatim = verbatim;
    if (m[PART_THOUGHT] && !is_thought)
        gemini_keep(r, &b->verbatim, "thought", m[PART_THOUGHT]);
    if (!arena_has_room(r->a, signature.n))
        return gemini_full(r);
    if (signature.n > 0)
        b->seal = seal_unwrap(r->a, signature, SEAL_SIGNATURE, FAMILY_GEMINI);
    else if (m[PART_SIGNATURE])
        gemini_keep(r, &b->verbatim, "thoughtSignature", m[PART_SIGNATURE]);
    *out = b;
    return is_proof ? 0 : kind->read(r, m[kind->member], b);
}
