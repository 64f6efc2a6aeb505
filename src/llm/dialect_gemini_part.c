/* Parts of Google's contents, read into blocks and written from them.
 *
 * A part is one of text, inlineData, fileData, functionCall, functionResponse or one of the server
 * tools' own, with marks that may stand on any of them: thought says that the model talks to
 * itself, thoughtSignature is its proof. A text that is a thought is reasoning, any other is text;
 * everything else that is a thought (a picture drawn on the way), and every part that only the API
 * itself can read, stays opaque, whole.
 *
 * Writing has two readers to please. A client gets what the model said, seals wrapped when Google
 * did not make them. A provider gets only seals that it can read, names in its own alphabet and
 * arguments that are an object, whatever the client had. */
#include "llm/carry.h"
#include "llm/dialect_gemini.h"
#include "llm/media.h"
#include "llm/seal.h"
#include "llm/tool_name.h"
#include "wire/base64.h"

/* Passes for a signature where there is none: ai.google.dev/gemini-api/docs/thought-signatures. */
#define SENTINEL S("skip_thought_signature_validator")

#define TEXT_MAX ((size_t)256 << 20) /* of arguments: more than any body holds */

/* ---- reading ---- */

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
    return read_response_parts(&in, m[RESPONSE_PARTS], &result->blocks);
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
    if (n != 1 || has_foreign_part(&extras) || (is_thought && !is_text)) {
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

/* ---- writing ---- */

str gemini_signature(const struct gemini_parts *p, const struct seal *seal)
{
    if (!seal || seal->kind == SEAL_NONE)
        return S_EMPTY;
    if (p->is_answer)
        return seal->family == FAMILY_GEMINI ? seal->value : seal_wrap(p->w->a, seal);
    bool fits =
        seal->kind == SEAL_SIGNATURE && seal_fits(seal, FAMILY_GEMINI, p->w->provider, p->w->model);
    return fits ? seal->value : S_EMPTY;
}

static void put_signature(struct gemini_parts *p, const struct seal *seal)
{
    str value = gemini_signature(p, seal);
    if (value.n > 0)
        json_put_str(p->j, "thoughtSignature", value);
}

/* What no other place has: kept members and extras of a part of this dialect. */
static void put_rest(struct gemini_parts *p, const struct block *b)
{
    gemini_put_kept(p->j, &b->verbatim);
    extras_put(p->j, &b->extras, DIALECT_GEMINI);
    if (!p->is_answer)
        gemini_lose_extras(p->w, &b->extras, "messages.content.");
}

void gemini_put_text(struct gemini_parts *p, str text, bool is_thought, const struct seal *seal)
{
    json_begin_object(p->j, NULL);
    json_put_str(p->j, "text", text);
    if (is_thought)
        json_put_bool(p->j, "thought", true);
    put_signature(p, seal);
    json_end_object(p->j);
}

/* A client reads the names of its own tools; a provider gets names that fit. */
static str call_name(struct gemini_parts *p, const struct tool_call *call)
{
    if (p->is_own)
        return call->name;
    if (!p->is_answer)
        return name_fit(p->w->a, &name_rule_gemini, call->space, call->name);
    return call->space.n > 0 ? arena_concat(p->w->a, (str[]){call->space, S("__"), call->name}, 3)
                             : call->name;
}

/* A call that another provider signed, on its way to a model that wants calls signed. */
static bool must_sign(const struct gemini_parts *p, const struct block *b)
{
    return !p->is_answer && b->seal.kind != SEAL_NONE && (p->w->can->can & CAN_SIGN_CALLS) != 0;
}

static void put_call(struct gemini_parts *p, const struct block *b, bool sign)
{
    const struct tool_call *call = &b->call;
    const struct extras *kept = &b->verbatim;
    json_begin_object(p->j, NULL);
    if (!gemini_is_kept(kept, "functionCall")) {
        json_begin_object(p->j, "functionCall");
        if (call->id.n > 0 && !gemini_is_kept(kept, "id"))
            json_put_str(p->j, "id", call->id);
        json_put_str(p->j, "name", call_name(p, call));
        if (!gemini_is_kept(kept, "args"))
            call_put_object(p->j, "args", p->w->a, call, p->w->loss);
        json_end_object(p->j);
    }
    if (gemini_signature(p, &b->seal).n > 0)
        put_signature(p, &b->seal);
    else if (sign || must_sign(p, b))
        json_put_str(p->j, "thoughtSignature", SENTINEL);
    put_rest(p, b);
    json_end_object(p->j);
}

/* The bytes say better than their sender what picture they are. */
static str mime_of(const struct media *m)
{
    str seen = m->source == MEDIA_BASE64 ? media_sniff(m->bytes) : S_EMPTY;
    bool is_picture = m->kind == MEDIA_IMAGE && str_has_prefix(seen, S("image/"));
    if (seen.n > 0 && (m->mime.n == 0 || is_picture))
        return seen;
    if (m->mime.n > 0)
        return m->mime;
    size_t dot = str_rfind_char(m->bytes, '.');
    if (m->source != MEDIA_BASE64 && dot != STR_NONE)
        seen = media_mime(str_skip(m->bytes, dot + 1));
    if (seen.n > 0)
        return seen;
    static const char *const usual[] = {[MEDIA_IMAGE] = "image/jpeg",
                                        [MEDIA_AUDIO] = "audio/wav",
                                        [MEDIA_VIDEO] = "video/mp4",
                                        [MEDIA_DOCUMENT] = "application/pdf"};
    return str_from_cz(usual[m->kind]);
}

static void put_inline(struct gemini_parts *p, const struct block *b)
{
    const struct media *m = &b->media;
    if (gemini_is_kept(&b->verbatim, "inlineData"))
        return;
    json_begin_object(p->j, "inlineData");
    json_put_str(p->j, "mimeType", p->is_own ? m->mime : mime_of(m));
    json_put_str(p->j, "data", m->bytes);
    if (p->is_own && m->name.n > 0)
        json_put_str(p->j, "displayName", m->name);
    json_end_object(p->j);
}

static void put_uri(struct gemini_parts *p, const struct block *b)
{
    const struct media *m = &b->media;
    if (gemini_is_kept(&b->verbatim, "fileData"))
        return;
    json_begin_object(p->j, "fileData");
    json_put_str(p->j, "mimeType", p->is_own ? m->mime : mime_of(m));
    json_put_str(p->j, "fileUri", m->bytes);
    if (p->is_own && m->name.n > 0)
        json_put_str(p->j, "displayName", m->name);
    json_end_object(p->j);
}

/* What the API can reach by itself. */
static bool is_reachable(const struct gemini_parts *p, const struct media *m)
{
    if (p->is_own || p->is_answer)
        return true;
    if (m->source == MEDIA_URL)
        return (p->w->can->can & CAN_IMAGE_URL) != 0;
    return m->source == MEDIA_URI &&
           (str_has_prefix(m->bytes, S("gs://")) || str_has_prefix(m->bytes, S("https://")));
}

/* A document of text is bytes like any other, so that it stays apart from what is said. */
static void put_document(struct gemini_parts *p, const struct media *m)
{
    str text = m->bytes;
    if (m->source == MEDIA_BLOCKS)
        text = block_list_text(p->w->a, m->blocks, S("\n"));
    if (text.n == 0)
        return;
    if (m->name.n > 0)
        loss_add(p->w->loss, LOSS_DROPPED, S("messages.content.title"));
    json_begin_object(p->j, NULL);
    json_begin_object(p->j, "inlineData");
    json_put_str(p->j, "mimeType", S("text/plain"));
    json_put_str(p->j, "data", base64_encode(p->w->a, text));
    json_end_object(p->j);
    json_end_object(p->j);
}

static int put_media(struct gemini_parts *p, const struct block *b)
{
    const struct media *m = &b->media;
    if (m->source == MEDIA_TEXT || m->source == MEDIA_BLOCKS) {
        put_document(p, m);
        return 0;
    }
    bool is_inline = m->source == MEDIA_BASE64;
    if (!is_inline && !is_reachable(p, m))
        return writing_refuse(p->w, "messages.content",
                              "This provider cannot read the file " STR_FMT
                              ": send its bytes instead.",
                              STR_ARG(str_slice(m->bytes, 0, 200)));
    if (m->detail.n > 0 && !str_eq(m->detail, S("auto")))
        loss_add(p->w->loss, LOSS_DROPPED, S("messages.content.detail"));
    json_begin_object(p->j, NULL);
    if (is_inline)
        put_inline(p, b);
    else
        put_uri(p, b);
    put_signature(p, &b->seal);
    put_rest(p, b);
    json_end_object(p->j);
    return 0;
}

/* {"result": ...}, {"error": ...}, or an object of the API's own kind as it is. */
static void put_response(struct gemini_parts *p, const struct tool_result *result)
{
    const struct json *v = result->value;
    bool is_object = v && json_type(v) == JSON_OBJECT;
    if (is_object && (p->is_own || result->failed != YES)) {
        json_put_value(p->j, "response", v);
        return;
    }
    const char *key = result->failed == YES ? "error" : "result";
    json_begin_object(p->j, "response");
    if (v)
        json_put_value(p->j, key, v);
    else
        json_put_str(p->j, key, block_list_text(p->w->a, result->blocks, S("\n")));
    json_end_object(p->j);
}

static bool is_bytes(const struct block *b)
{
    return b->kind == BLOCK_MEDIA && b->media.source == MEDIA_BASE64;
}

/* Pictures inside the response, where the model takes them there. */
static void put_response_media(struct gemini_parts *p, const struct tool_result *result)
{
    bool has_any = false;
    if (p->is_own || (p->w->can->can & CAN_IMAGES_IN_RESULTS) == 0)
        return;
    for (const struct block *b = result->blocks; b; b = b->next) {
        if (!is_bytes(b))
            continue;
        if (!has_any)
            json_begin_array(p->j, "parts");
        has_any = true;
        json_begin_object(p->j, NULL);
        put_inline(p, b);
        json_end_object(p->j);
    }
    if (has_any)
        json_end_array(p->j);
}

void gemini_put_result(struct gemini_parts *p, const struct block *b, str id, str name)
{
    const struct extras *kept = &b->verbatim;
    json_begin_object(p->j, NULL);
    if (!gemini_is_kept(kept, "functionResponse")) {
        json_begin_object(p->j, "functionResponse");
        if (id.n > 0 && !gemini_is_kept(kept, "id"))
            json_put_str(p->j, "id", id);
        json_put_str(p->j, "name", name);
        put_response(p, &b->result);
        put_response_media(p, &b->result);
        json_end_object(p->j);
    }
    put_signature(p, &b->seal);
    put_rest(p, b);
    json_end_object(p->j);
}

void gemini_put_missing(struct gemini_parts *p, str id, str name)
{
    json_begin_object(p->j, NULL);
    json_begin_object(p->j, "functionResponse");
    if (id.n > 0)
        json_put_str(p->j, "id", id);
    json_put_str(p->j, "name", name);
    json_begin_object(p->j, "response");
    json_put_str(p->j, "error", S("There is no result of this call."));
    json_end_object(p->j);
    json_end_object(p->j);
    json_end_object(p->j);
    loss_add(p->w->loss, LOSS_EMULATED, S("messages.tool_calls"));
}

/* Thoughts go back to whoever can tell by the seal that they are its own. */
static void put_reasoning(struct gemini_parts *p, const struct block *b)
{
    str text = reasoning_text(p->w->a, &b->reasoning);
    bool is_sealed = gemini_signature(p, &b->seal).n > 0;
    bool is_own = p->is_own && b->seal.kind == SEAL_NONE;
    if (!p->is_answer && !is_own && !is_sealed) {
        loss_add(p->w->loss, LOSS_DROPPED, S("messages.reasoning"));
        return;
    }
    if (!p->is_own && text.n == 0 && !is_sealed)
        return;
    json_begin_object(p->j, NULL);
    json_put_str(p->j, "text", text);
    if (b->reasoning.parts)
        json_put_bool(p->j, "thought", true);
    put_signature(p, &b->seal);
    put_rest(p, b);
    json_end_object(p->j);
}

static void put_words(struct gemini_parts *p, const struct block *b)
{
    bool is_sealed = gemini_signature(p, &b->seal).n > 0;
    if (b->text.n == 0 && !is_sealed && !p->is_own)
        return;
    if (b->kind == BLOCK_REFUSAL && !p->is_answer)
        loss_add(p->w->loss, LOSS_EMULATED, S("messages.refusal"));
    json_begin_object(p->j, NULL);
    json_put_str(p->j, "text", b->text);
    put_signature(p, &b->seal);
    put_rest(p, b);
    json_end_object(p->j);
}

static void put_opaque(struct gemini_parts *p, const struct block *b)
{
    if (b->extras.origin == DIALECT_GEMINI) {
        json_put_value(p->j, NULL, b->raw);
        return;
    }
    str field[] = {S("messages.content."), str_slice(b->type, 0, 64)};
    loss_add(p->w->loss, LOSS_DROPPED, arena_concat(p->w->a, field, ARRAY_LEN(field)));
}

int gemini_put_block(struct gemini_parts *p, const struct block *b, bool sign)
{
    switch (b->kind) {
    case BLOCK_TEXT:
    case BLOCK_REFUSAL:
        put_words(p, b);
        return 0;
    case BLOCK_MEDIA:
        return put_media(p, b);
    case BLOCK_REASONING:
        put_reasoning(p, b);
        return 0;
    case BLOCK_TOOL_CALL:
        put_call(p, b, sign);
        return 0;
    case BLOCK_TOOL_RESULT:
        gemini_put_result(p, b, b->result.id, b->result.name);
        return 0;
    case BLOCK_OPAQUE:
        put_opaque(p, b);
        return 0;
    }
    return 0;
}
