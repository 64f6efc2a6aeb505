/* Reading items: the messages, calls, results and reasoning that make up a request's input and an
 * answer's output alike.
 *
 * An item becomes blocks. Every item kind that other dialects know has a reader in the table at the
 * end; all others (hosted tools' calls, compaction, references) are kept whole as opaque blocks,
 * which only a writer of this dialect gives back. The same holds one level deeper for the parts of
 * a message.
 *
 * The same code reads clients and providers: with a reading whose code is the provider's
 * (`r->code`), members that servers of this dialect are known to leave out may be missing. */
#include "llm/dialect_responses.h"

#include <string.h>

#include "llm/carry.h"
#include "llm/media.h"
#include "llm/seal.h"

static bool is_answer(const struct reading *r)
{
    return r->code != 0;
}

static bool is_type(const struct json *v, enum json_type type)
{
    return v && json_type(v) == type;
}

/* A string that clients must send and that providers may leave out. */
static int required_str(struct reading *r, const char *name, const struct json *v, str *out)
{
    if (!v && !is_answer(r))
        return member_fail(r, name, STR_FMT " is required.", STR_ARG(reading_path(r, name)));
    return member_str(r, name, v, out);
}

/* ---- parts ---- */

/* An explicit breakpoint is the form's cache mark; anything else stays as it came. */
static void read_breakpoint(struct reading *r, const struct json *v, struct block *b)
{
    if (!v)
        return;
    b->cache.is_set = str_eq(json_str(json_get(v, "mode")), S("explicit"));
    if (!b->cache.is_set)
        extras_add(r->a, &b->extras, S("prompt_cache_breakpoint"), v);
}

int responses_read_annotation(struct reading *r, const struct json *v, struct annotation **out)
{
    if (!is_type(v, JSON_OBJECT))
        return member_fail(r, NULL, "An annotation must be an object.");
    struct annotation *a = arena_new(r->a, struct annotation);
    *a = (struct annotation){.type = json_str(json_get(v, "type")),
                             .url = json_str(json_get(v, "url")),
                             .title = json_str(json_get(v, "title")),
                             .begin = -1,
                             .end = -1,
                             .raw = v,
                             .origin = DIALECT_RESPONSES};
    if (a->title.n == 0)
        a->title = json_str(json_get(v, "filename"));
    IGNORE_RESULT(json_i64(json_get(v, "start_index"), &a->begin)); /* stays unknown */
    IGNORE_RESULT(json_i64(json_get(v, "end_index"), &a->end));
    *out = a;
    return 0;
}

static int read_annotations(struct reading *r, const struct json *v, struct block *b)
{
    int rc = member_type(r, "annotations", v, JSON_ARRAY);
    struct annotation **last = &b->annotations;
    long i = 0;
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it); i++) {
        struct reading at = reading_at(r, "annotations", i);
        rc = reading_check_room(&at, 0);
        if (rc == 0)
            rc = responses_read_annotation(&at, it.value, last);
        if (rc == 0)
            last = &(*last)->next;
    }
    return rc;
}

static int read_text(struct reading *r, const struct json *v, struct block **out)
{
    enum { TYPE, TEXT, ANNOTATIONS, LOGPROBS, BREAKPOINT, N };
    static const char *const keys[N] = {"type", "text", "annotations", "logprobs",
                                        "prompt_cache_breakpoint"};
    const struct json *m[N];
    struct block *b = block_new(r->a, BLOCK_TEXT);
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc == 0)
        rc = required_str(r, "text", m[TEXT], &b->text);
    if (rc == 0)
        rc = read_annotations(r, m[ANNOTATIONS], b);
    if (rc == 0)
        rc = member_type(r, "logprobs", m[LOGPROBS], JSON_ARRAY);
    if (rc != 0)
        return rc;
    b->type = json_str(m[TYPE]);
    b->logprobs = json_count(m[LOGPROBS]) > 0 ? m[LOGPROBS] : NULL;
    b->verbatim.origin = r->origin;
    extras_add(r->a, &b->verbatim, S("annotations"), m[ANNOTATIONS]);
    extras_add(r->a, &b->verbatim, S("logprobs"), m[LOGPROBS]);
    read_breakpoint(r, m[BREAKPOINT], b);
    *out = b;
    return 0;
}

static int read_refusal(struct reading *r, const struct json *v, struct block **out)
{
    enum { TYPE, REFUSAL, N };
    static const char *const keys[N] = {"type", "refusal"};
    const struct json *m[N];
    struct block *b = block_new(r->a, BLOCK_REFUSAL);
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc == 0)
        rc = required_str(r, "refusal", m[REFUSAL], &b->text);
    *out = b;
    return rc;
}

static int read_image(struct reading *r, const struct json *v, struct block **out)
{
    enum { TYPE, URL, FILE_ID, DETAIL, BREAKPOINT, N };
    static const char *const keys[N] = {"type", "image_url", "file_id", "detail",
                                        "prompt_cache_breakpoint"};
    const struct json *m[N];
    struct block *b = block_new(r->a, BLOCK_MEDIA);
    str url = S_EMPTY;
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc == 0)
        rc = member_str(r, "image_url", m[URL], &url);
    if (rc == 0)
        rc = member_str(r, "detail", m[DETAIL], &b->media.detail);
    if (rc == 0)
        rc = member_str(r, "file_id", m[FILE_ID], &b->media.bytes);
    if (rc != 0)
        return rc;
    if (!m[URL] && !m[FILE_ID])
        return member_fail(r, "image_url", STR_FMT " is required, or file_id.",
                           STR_ARG(reading_path(r, "image_url")));
    b->media.source = MEDIA_FILE_ID;
    rc = reading_check_room(r, 2 * url.n);
    if (rc != 0)
        return rc;
    if (m[URL] && !media_from_url(r->a, url, &b->media))
        return member_fail(r, "image_url", STR_FMT " must be an http or https URL, or a data URL.",
                           STR_ARG(reading_path(r, "image_url")));
    b->media.kind = MEDIA_IMAGE;
    read_breakpoint(r, m[BREAKPOINT], b);
    *out = b;
    return 0;
}

/* file_data is a data URL, or base64 alone. */
static bool read_file_data(struct reading *r, str text, struct media *m)
{
    if (!media_from_url(r->a, text, m) || m->source != MEDIA_BASE64)
        return false;
    if (m->mime.n == 0)
        m->mime = media_sniff(m->bytes);
    return true;
}

static int read_file(struct reading *r, const struct json *v, struct block **out)
{
    enum { TYPE, DATA, FILE_ID, URL, NAME, DETAIL, BREAKPOINT, N };
    static const char *const keys[N] = {"type",
                                        "file_data",
                                        "file_id",
                                        "file_url",
                                        "filename",
                                        "detail",
                                        "prompt_cache_breakpoint"};
    const struct json *m[N];
    struct block *b = block_new(r->a, BLOCK_MEDIA);
    str data = S_EMPTY, url = S_EMPTY;
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc == 0)
        rc = member_str(r, "file_data", m[DATA], &data);
    if (rc == 0)
        rc = member_str(r, "file_url", m[URL], &url);
    if (rc == 0)
        rc = member_str(r, "filename", m[NAME], &b->media.name);
    if (rc == 0)
        rc = member_str(r, "detail", m[DETAIL], &b->media.detail);
    if (rc == 0)
        rc = member_str(r, "file_id", m[FILE_ID], &b->media.bytes);
    if (rc != 0)
        return rc;
    b->media.source = MEDIA_FILE_ID;
    rc = reading_check_room(r, 2 * (data.n + url.n));
    if (rc != 0)
        return rc;
    if (m[DATA] && !read_file_data(r, data, &b->media))
        return member_fail(r, "file_data", STR_FMT " must be base64 or a data URL.",
                           STR_ARG(reading_path(r, "file_data")));
    if (!m[DATA] && m[URL] && (!media_from_url(r->a, url, &b->media)))
        return member_fail(r, "file_url", STR_FMT " must be an http or https URL.",
                           STR_ARG(reading_path(r, "file_url")));
    if (!m[DATA] && !m[URL] && !m[FILE_ID])
        return member_fail(r, "file_data", STR_FMT " is required, or file_url, or file_id.",
                           STR_ARG(reading_path(r, "file_data")));
    b->media.kind = MEDIA_DOCUMENT;
    b->verbatim.origin = r->origin;
    if (m[DATA])
        extras_add(r->a, &b->verbatim, S("file_data"), m[DATA]);
    else if (m[URL])
        extras_add(r->a, &b->verbatim, S("file_url"), m[URL]);
    read_breakpoint(r, m[BREAKPOINT], b);
    *out = b;
    return 0;
}

static int read_audio(struct reading *r, const struct json *v, struct block **out)
{
    enum { TYPE, AUDIO, N };
    static const char *const keys[N] = {"type", "input_audio"};
    enum { DATA, FORMAT, N_AUDIO };
    static const char *const audio_keys[N_AUDIO] = {"data", "format"};
    const struct json *m[N], *am[N_AUDIO];
    struct block *b = block_new(r->a, BLOCK_MEDIA);
    str data = S_EMPTY, format = S_EMPTY;
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc != 0)
        return rc;
    struct reading at = reading_at(r, "input_audio", -1);
    rc = MEMBERS_READ(&at, m[AUDIO], audio_keys, am, NULL);
    if (rc == 0)
        rc = required_str(&at, "data", am[DATA], &data);
    if (rc == 0)
        rc = required_str(&at, "format", am[FORMAT], &format);
    if (rc == 0)
        rc = reading_check_room(&at, 2 * data.n);
    if (rc != 0)
        return rc;
    if (!media_from_base64(r->a, data, media_mime(format), &b->media))
        return member_fail(&at, "data", STR_FMT " must be base64.",
                           STR_ARG(reading_path(&at, "data")));
    b->media.kind = MEDIA_AUDIO;
    *out = b;
    return 0;
}

static int read_part(struct reading *r, const struct json *v, struct block **out)
{
    static const struct {
        const char *type;
        int (*read)(struct reading *r, const struct json *v, struct block **out);
    } table[] = {
        {"input_text", read_text},   {"output_text", read_text},  {"text", read_text},
        {"refusal", read_refusal},   {"input_image", read_image}, {"input_file", read_file},
        {"input_audio", read_audio},
    };
    str type = json_str(is_type(v, JSON_OBJECT) ? json_get(v, "type") : NULL);
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (str_eq(type, str_from_cz(table[i].type)))
            return table[i].read(r, v, out);
    }
    if (type.n == 0)
        return member_fail(r, "type", STR_FMT " must say what kind of part this is.",
                           STR_ARG(reading_path(r, "type")));
    struct block *b = block_new(r->a, BLOCK_OPAQUE);
    b->raw = v;
    b->type = type;
    b->extras.origin = r->origin;
    *out = b;
    return 0;
}

int responses_read_content(struct reading *r, const char *name, const struct json *v,
                           struct block **out, bool *is_plain)
{
    *is_plain = json_is_str(v);
    if (*is_plain) {
        *out = block_text(r->a, json_str(v));
        return 0;
    }
    if (!is_type(v, JSON_ARRAY))
        return member_fail(r, name, STR_FMT " must be a string or an array of parts.",
                           STR_ARG(reading_path(r, name)));
    long i = 0;
    for (struct json_iter it = json_iter(v); json_iter_next(&it); i++) {
        struct reading at = reading_at(r, name, i);
        struct block *b = NULL;
        int rc = reading_check_room(&at, 0);
        if (rc == 0)
            rc = read_part(&at, it.value, &b);
        if (rc != 0)
            return rc;
        block_add(out, b);
    }
    return 0;
}

/* ---- items ---- */

static int read_role(struct reading *r, const struct json *v, enum role *out)
{
    static const enum role roles[] = {ROLE_USER, ROLE_ASSISTANT, ROLE_SYSTEM, ROLE_DEVELOPER};
    str name = S_EMPTY;
    int rc = required_str(r, "role", v, &name);
    if (rc != 0)
        return rc;
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        *out = roles[i];
        if (str_eq(name, str_from_cz(role_name(roles[i]))))
            return 0;
    }
    *out = ROLE_ASSISTANT;
    if (is_answer(r))
        return 0;
    return member_fail(r, "role", STR_FMT " must be user, assistant, system or developer.",
                       STR_ARG(reading_path(r, "role")));
}

static int read_message(struct reading *r, const struct json *v, struct responses_item *out)
{
    enum { TYPE, ID, ROLE, CONTENT, STATUS, PHASE, N };
    static const char *const keys[N] = {"type", "id", "role", "content", "status", "phase"};
    const struct json *m[N];
    out->is_message = true;
    int rc = MEMBERS_READ(r, v, keys, m, &out->extras);
    if (rc == 0)
        rc = read_role(r, m[ROLE], &out->role);
    if (rc == 0)
        rc = member_str(r, "id", m[ID], &out->id);
    if (rc == 0)
        rc = member_str(r, "status", m[STATUS], &out->status);
    if (rc == 0)
        rc = member_str(r, "phase", m[PHASE], &out->phase);
    if (rc == 0 && (m[CONTENT] || !is_answer(r)))
        rc = responses_read_content(r, "content", m[CONTENT], &out->blocks, &out->is_plain);
    out->verbatim.origin = r->origin;
    extras_add(r->a, &out->verbatim, S("type"), m[TYPE]);
    return rc;
}

/* Arguments are JSON text; some servers send the object itself. */
static int read_arguments(struct reading *r, const struct json *v, struct tool_call *call)
{
    if (!is_answer(r) || !is_type(v, JSON_OBJECT))
        return required_str(r, "arguments", v, &call->args);
    call->args = json_text(r->a, v);
    call->value = v;
    return 0;
}

static int read_call(struct reading *r, const struct json *v, struct responses_item *out)
{
    enum { TYPE, ID, CALL_ID, NAME, SPACE, ARGUMENTS, INPUT, STATUS, N };
    static const char *const keys[N] = {"type",      "id",        "call_id", "name",
                                        "namespace", "arguments", "input",   "status"};
    const struct json *m[N];
    struct block *b = block_new(r->a, BLOCK_TOOL_CALL);
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc != 0)
        return rc;
    bool is_custom = str_eq(json_str(m[TYPE]), S("custom_tool_call"));
    b->call.kind = is_custom ? TOOL_CUSTOM : TOOL_FUNCTION;
    rc = member_str(r, "id", m[ID], &b->call.item_id);
    if (rc == 0)
        rc = required_str(r, "call_id", m[CALL_ID], &b->call.id);
    if (rc == 0)
        rc = required_str(r, "name", m[NAME], &b->call.name);
    if (rc == 0)
        rc = member_str(r, "namespace", m[SPACE], &b->call.space);
    if (rc == 0)
        rc = member_str(r, "status", m[STATUS], &b->call.status);
    if (rc == 0 && is_custom)
        rc = required_str(r, "input", m[INPUT], &b->call.args);
    else if (rc == 0)
        rc = read_arguments(r, m[ARGUMENTS], &b->call);
    if (b->call.id.n == 0)
        b->call.id = b->call.item_id;
    out->blocks = b;
    return rc;
}

static int read_result(struct reading *r, const struct json *v, struct responses_item *out)
{
    enum { TYPE, ID, CALL_ID, NAME, OUTPUT, N };
    static const char *const keys[N] = {"type", "id", "call_id", "name", "output"};
    const struct json *m[N];
    struct block *b = block_new(r->a, BLOCK_TOOL_RESULT);
    out->role = ROLE_TOOL;
    out->blocks = b;
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc != 0)
        return rc;
    bool is_custom = str_eq(json_str(m[TYPE]), S("custom_tool_call_output"));
    b->result.kind = is_custom ? TOOL_CUSTOM : TOOL_FUNCTION;
    rc = member_str(r, "id", m[ID], &b->item_id);
    if (rc == 0)
        rc = required_str(r, "call_id", m[CALL_ID], &b->result.id);
    if (rc == 0)
        rc = member_str(r, "name", m[NAME], &b->result.name);
    if (rc == 0)
        rc = responses_read_content(r, "output", m[OUTPUT], &b->result.blocks, &b->result.is_plain);
    return rc;
}

/* summary or content of a reasoning item: parts with a text each. */
static int read_thoughts(struct reading *r, const char *name, const struct json *v, struct block *b)
{
    int rc = member_type(r, name, v, JSON_ARRAY);
    long i = 0;
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it); i++) {
        struct reading at = reading_at(r, name, i);
        str text = S_EMPTY;
        rc = reading_check_room(&at, 0);
        if (rc == 0)
            rc = member_type(&at, NULL, it.value, JSON_OBJECT);
        if (rc == 0)
            rc = required_str(&at, "text", json_get(it.value, "text"), &text);
        if (rc == 0)
            reasoning_add(r->a, &b->reasoning, strcmp(name, "summary") == 0, text);
    }
    return rc;
}

static int read_reasoning(struct reading *r, const struct json *v, struct responses_item *out)
{
    enum { TYPE, ID, SUMMARY, CONTENT, ENCRYPTED, STATUS, N };
    static const char *const keys[N] = {"type",  "id", "summary", "content", "encrypted_content",
                                        "status"};
    const struct json *m[N];
    struct block *b = block_new(r->a, BLOCK_REASONING);
    str sealed = S_EMPTY;
    out->blocks = b;
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc == 0)
        rc = member_str(r, "id", m[ID], &b->reasoning.id);
    if (rc == 0)
        rc = read_thoughts(r, "summary", m[SUMMARY], b);
    if (rc == 0)
        rc = read_thoughts(r, "content", m[CONTENT], b);
    if (rc == 0)
        rc = member_str(r, "encrypted_content", m[ENCRYPTED], &sealed);
    if (rc == 0)
        rc = member_str(r, "status", m[STATUS], &b->reasoning.status);
    if (rc != 0)
        return rc;
    rc = reading_check_room(r, sealed.n);
    if (rc != 0)
        return rc;
    if (sealed.n > 0)
        b->seal = seal_unwrap(r->a, sealed, SEAL_SIGNATURE, FAMILY_OPENAI);
    b->verbatim.origin = r->origin;
    if (!m[SUMMARY])
        extras_add(r->a, &b->verbatim, S("summary"), NULL);
    if (m[CONTENT] && json_count(m[CONTENT]) == 0)
        extras_add(r->a, &b->verbatim, S("content"), m[CONTENT]);
    return 0;
}

/* A call of a tool that has a type of its own: its arguments are one member, an object. */
static int read_builtin_call(struct reading *r, const struct json *v,
                             const struct responses_builtin *how, struct responses_item *out)
{
    enum { TYPE, ID, CALL_ID, ARGUMENTS, STATUS, N };
    const char *const keys[N] = {"type", "id", "call_id", how->member, "status"};
    const struct json *m[N];
    struct block *b = block_new(r->a, BLOCK_TOOL_CALL);
    out->blocks = b;
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc == 0)
        rc = member_str(r, "id", m[ID], &b->call.item_id);
    if (rc == 0)
        rc = member_str(r, "call_id", m[CALL_ID], &b->call.id);
    if (rc == 0)
        rc = member_str(r, "status", m[STATUS], &b->call.status);
    if (rc == 0)
        rc = member_type(r, how->member, m[ARGUMENTS], JSON_OBJECT);
    if (rc != 0)
        return rc;
    if (b->call.id.n == 0)
        b->call.id = b->call.item_id;
    b->type = str_from_cz(how->call);
    b->call.name = str_from_cz(how->type);
    b->call.value = m[ARGUMENTS];
    b->call.args = json_text(r->a, m[ARGUMENTS]);
    return 0;
}

/* What such a call gave: text, or a value of the tool's own shape, which is text to the others. */
static int read_builtin_output(struct reading *r, const struct json *v,
                               const struct responses_builtin *how, struct responses_item *out)
{
    enum { TYPE, ID, CALL_ID, OUTPUT, N };
    static const char *const keys[N] = {"type", "id", "call_id", "output"};
    const struct json *m[N];
    struct block *b = block_new(r->a, BLOCK_TOOL_RESULT);
    out->role = ROLE_TOOL;
    out->blocks = b;
    int rc = MEMBERS_READ(r, v, keys, m, &b->extras);
    if (rc == 0)
        rc = member_str(r, "id", m[ID], &b->item_id);
    if (rc == 0)
        rc = member_str(r, "call_id", m[CALL_ID], &b->result.id);
    if (rc != 0)
        return rc;
    if (b->result.id.n == 0)
        b->result.id = b->item_id; /* local_shell_call_output has no other */
    b->type = str_from_cz(how->output);
    b->verbatim.origin = r->origin;
    extras_add(r->a, &b->verbatim, S("call_id"), m[CALL_ID]);
    extras_add(r->a, &b->verbatim, S("output"), m[OUTPUT]);
    b->result.name = str_from_cz(how->type);
    if (str_eq(json_str(json_get(v, "status")), S("failed")))
        b->result.failed = YES;
    b->result.is_plain = true;
    bool is_text = json_is_str(m[OUTPUT]);
    b->result.blocks = block_text(r->a, is_text ? json_str(m[OUTPUT]) : json_text(r->a, m[OUTPUT]));
    return 0;
}

static void read_opaque(struct reading *r, const struct json *v, str type,
                        struct responses_item *out)
{
    struct block *b = block_new(r->a, BLOCK_OPAQUE);
    b->raw = v;
    b->type = type;
    b->is_item = true;
    b->extras.origin = r->origin;
    out->blocks = b;
    if (str_has_suffix(type, S("_output")) || str_has_suffix(type, S("_response")))
        out->role = ROLE_TOOL;
}

int responses_read_item(struct reading *r, const struct json *v, struct responses_item *out)
{
    static const struct {
        const char *type;
        int (*read)(struct reading *r, const struct json *v, struct responses_item *out);
    } table[] = {
        {"message", read_message},
        {"function_call", read_call},
        {"function_call_output", read_result},
        {"reasoning", read_reasoning},
        {"custom_tool_call", read_call},
        {"custom_tool_call_output", read_result},
    };
    *out = (struct responses_item){.role = ROLE_ASSISTANT};
    int rc = reading_check_room(r, 0);
    if (rc == 0)
        rc = member_type(r, NULL, v, JSON_OBJECT);
    if (rc != 0 || !v)
        return rc != 0 ? rc : member_fail(r, NULL, "An item must be an object.");
    str type = json_str(json_get(v, "type"));
    if (type.n == 0 && json_get(v, "role"))
        return read_message(r, v, out);
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (str_eq(type, str_from_cz(table[i].type)))
            return table[i].read(r, v, out);
    }
    if (type.n == 0)
        return member_fail(r, "type", STR_FMT " must say what kind of item this is.",
                           STR_ARG(reading_path(r, "type")));
    const struct responses_builtin *call = responses_builtin_of_call(type);
    const struct responses_builtin *output = responses_builtin_of_output(type);
    if (call && !is_answer(r))
        return read_builtin_call(r, v, call, out);
    if (output && !is_answer(r))
        return read_builtin_output(r, v, output, out);
    read_opaque(r, v, type, out);
    return 0;
}

/* ---- usage ---- */

static void read_count(const struct json *object, const char *name, int64_t *out)
{
    int64_t n = 0;
    const struct json *v = object ? json_get(object, name) : NULL;
    if (v && json_i64(v, &n) && n >= 0)
        *out = n;
}

void responses_read_usage(const struct json *v, struct usage *out)
{
    *out = USAGE_NONE;
    if (!is_type(v, JSON_OBJECT))
        return;
    const struct json *in = json_get(v, "input_tokens_details");
    const struct json *of = json_get(v, "output_tokens_details");
    read_count(v, "input_tokens", &out->input_tokens);
    read_count(v, "output_tokens", &out->output_tokens);
    if (is_type(in, JSON_OBJECT)) {
        read_count(in, "cached_tokens", &out->cached_tokens);
        read_count(in, "cache_write_tokens", &out->cache_write_tokens);
        read_count(in, "audio_tokens", &out->input_audio_tokens);
        read_count(in, "image_tokens", &out->input_image_tokens);
        read_count(in, "text_tokens", &out->input_text_tokens);
    }
    if (is_type(of, JSON_OBJECT)) {
        read_count(of, "reasoning_tokens", &out->reasoning_tokens);
        read_count(of, "audio_tokens", &out->output_audio_tokens);
        read_count(of, "text_tokens", &out->output_text_tokens);
    }
}

bool responses_put_verbatim(struct json_writer *w, const struct extras *e, const char *key)
{
    if (e->origin != DIALECT_RESPONSES)
        return false;
    str name = str_from_cz(key);
    for (const struct extra *x = e->first; x; x = x->next) {
        if (!str_eq(x->key, name))
            continue;
        if (x->value)
            json_put_value(w, key, x->value);
        return true;
    }
    return false;
}
