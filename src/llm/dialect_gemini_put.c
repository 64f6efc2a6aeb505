/* Blocks as parts of Google's contents.
 *
 * There are two readers to please. A client gets what the model said, seals wrapped when Google did
 * not make them. A provider gets only seals that it can read, names in its own alphabet and
 * arguments that are an object, whatever the client had. A third case is a request that came in
 * this dialect: nothing of it is adapted, but for seals that turn out to be another's. */
#include "llm/carry.h"
#include "llm/dialect_gemini.h"
#include "llm/media.h"
#include "llm/seal.h"
#include "llm/tool_name.h"
#include "wire/base64.h"

/* Passes for a signature where there is none: ai.google.dev/gemini-api/docs/thought-signatures. */
#define SENTINEL S("skip_thought_signature_validator")

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
        json_put_str(p->j, "thoughtSignature", p->is_answer ? S(SEAL_ABSENT) : SENTINEL);
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
