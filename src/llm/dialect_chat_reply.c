/* Whole answers of the chat dialect, read (OpenAI's API reference, "The chat completion object").
 *
 * What vendors add is taken: thoughts in three members or inside content, pictures beside it,
 * sources beside the choices. The whole message and everything around it is also kept as it came,
 * for a client of the same dialect, who gets it back member for member (dialect_chat_answer.c). */
#include "llm/carry.h"
#include "llm/dialect_chat.h"
#include "llm/media.h"
#include "wire/base64.h"

/* ---- what streams have as well ---- */

void dialect_chat_read_start(const struct json *body, struct start *out)
{
    double created = 0;
    out->id = json_str(json_get(body, "id"));
    out->model = json_str(json_get(body, "model"));
    out->service_tier = json_str(json_get(body, "service_tier"));
    out->system_fingerprint = json_str(json_get(body, "system_fingerprint"));
    out->created_s = -1;
    const struct json *v = json_get(body, "created");
    if (v && json_double(v, &created) && created >= 0 && created < 1e15)
        out->created_s = (int64_t)created;
}

void dialect_chat_read_usage(struct arena *scratch, const struct json *usage, struct usage *out)
{
    if (usage && json_type(usage) == JSON_OBJECT)
        usage_read_openai(scratch, json_text(scratch, usage), out);
}

/* {type: url_citation, url_citation: {url, title, start_index, end_index}}; some have the members
 * of the inner object in the outer one. */
struct annotation *dialect_chat_read_annotation(struct arena *a, const struct json *v)
{
    const struct json *inner = json_get(v, "url_citation");
    const struct json *of = inner ? inner : v;
    struct annotation *n = arena_new(a, struct annotation);
    n->type = json_str(json_get(v, "type"));
    n->url = json_str(json_get(of, "url"));
    n->title = json_str(json_get(of, "title"));
    n->text = json_str(json_get(of, "content"));
    n->raw = v;
    if (!json_i64(json_get(of, "start_index"), &n->begin))
        n->begin = -1;
    if (!json_i64(json_get(of, "end_index"), &n->end))
        n->end = -1;
    return n;
}

/* Sources beside the choices: search_results [{url, title}] or citations [url], of Perplexity and
 * xAI. Appended to *at; at most this many. */
#define SOURCES_MAX 64

void dialect_chat_read_sources(struct arena *a, const struct json *body, struct annotation **at)
{
    const struct json *list = json_get(body, "search_results");
    size_t n = 0;
    if (!list)
        list = json_get(body, "citations");
    for (struct json_iter it = json_iter(list); n < SOURCES_MAX && json_iter_next(&it); n++) {
        bool is_url = json_is_str(it.value);
        str url = is_url ? json_str(it.value) : json_str(json_get(it.value, "url"));
        if (url.n == 0)
            continue;
        struct annotation *note = arena_new(a, struct annotation);
        *note = (struct annotation){.type = S("url_citation"), .url = url, .begin = -1, .end = -1};
        note->title = is_url ? S_EMPTY : json_str(json_get(it.value, "title"));
        *at = note;
        at = &note->next;
    }
}

/* ---- messages ---- */

#define ANNOTATIONS_MAX 4096
#define IMAGES_MAX      256

enum {
    M_CONTENT,
    M_REFUSAL,
    M_CALLS,
    M_FUNCTION_CALL,
    M_REASONING_CONTENT,
    M_REASONING,
    M_DETAILS,
    M_ANNOTATIONS,
    M_AUDIO,
    M_IMAGES,
};
static const char *const message_keys[] = {
    [M_CONTENT] = "content",
    [M_REFUSAL] = "refusal",
    [M_CALLS] = "tool_calls",
    [M_FUNCTION_CALL] = "function_call",
    [M_REASONING_CONTENT] = "reasoning_content",
    [M_REASONING] = "reasoning",
    [M_DETAILS] = "reasoning_details",
    [M_ANNOTATIONS] = "annotations",
    [M_AUDIO] = "audio",
    [M_IMAGES] = "images",
};

void dialect_chat_keep_members(struct reading *r, struct extras *e, const struct json *object,
                               const char *but)
{
    *e = (struct extras){.origin = r->origin};
    for (struct json_iter it = json_iter(object); json_iter_next(&it);) {
        if (!str_eq(it.key, str_from_cz(but)))
            extras_add(r->a, e, it.key, it.value);
    }
}

/* Texts without a letter are not blocks: a stream would not have shown them. */
static void drop_empty(struct block **list)
{
    struct block *kept = NULL, *next = NULL;
    for (struct block *b = *list; b; b = next) {
        next = b->next;
        b->next = b->last = NULL;
        if (b->kind != BLOCK_TEXT || b->text.n > 0)
            block_add(&kept, b);
    }
    *list = kept;
}

static void read_refusal(struct reading *r, const struct json *v, struct block **list)
{
    str text = v ? json_str(v) : S_EMPTY;
    if (text.n == 0)
        return;
    struct block *b = block_new(r->a, BLOCK_REFUSAL);
    b->text = text;
    block_add(list, b);
}

static void read_audio(struct reading *r, const struct json *v, struct block **list)
{
    str bytes = S_EMPTY;
    if (!base64_normalise(r->a, json_str(json_get(v, "data")), &bytes) || bytes.n == 0)
        return;
    struct block *b = block_new(r->a, BLOCK_MEDIA);
    b->media = (struct media){.kind = MEDIA_AUDIO, .source = MEDIA_BASE64, .bytes = bytes};
    b->media.name = json_str(json_get(v, "id"));
    b->media.mime = media_sniff(bytes);
    b->text = json_str(json_get(v, "transcript"));
    block_add(list, b);
}

static void read_images(struct reading *r, const struct json *v, struct block **list)
{
    size_t n = 0;
    for (struct json_iter it = json_iter(v); n < IMAGES_MAX && json_iter_next(&it); n++) {
        str url = json_str(json_get(json_get(it.value, "image_url"), "url"));
        struct block *b = block_new(r->a, BLOCK_MEDIA);
        if (url.n == 0 || !media_from_url(r->a, url, &b->media))
            continue;
        b->media.kind = MEDIA_IMAGE;
        block_add(list, b);
    }
}

static int read_calls(struct reading *r, const struct json *v, struct reply *out,
                      struct block **list)
{
    long i = 0;
    int rc = member_type(r, "tool_calls", v, JSON_ARRAY);
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it); i++) {
        struct reading in = reading_at(r, "tool_calls", i);
        struct block *b = NULL;
        rc = dialect_chat_read_call(&in, it.value, &b);
        if (rc != 0)
            break;
        if (b->call.name.n == 0)
            return member_fail(&in, "function.name",
                               "The provider sent a tool call without a name.");
        if (b->call.id.n == 0)
            b->call.id = make_id(r->a, "call_", out->start.id, (unsigned)i);
        block_add(list, b);
    }
    return rc;
}

static int read_function_call(struct reading *r, const struct json *v, struct reply *out,
                              struct block **list)
{
    str name = json_str(json_get(v, "name"));
    const struct json *args = json_get(v, "arguments");
    if (name.n == 0)
        return 0; /* Snowflake has an empty one always */
    struct block *b = block_new(r->a, BLOCK_TOOL_CALL);
    b->call.id = make_id(r->a, "call_", out->start.id, 0);
    b->call.name = name;
    int rc = member_str(r, "arguments", args, &b->call.args);
    block_add(list, b);
    return rc;
}

static void annotate(struct block *list, struct annotation *notes)
{
    for (struct block *b = list; b && notes; b = b->next) {
        if (b->kind != BLOCK_TEXT)
            continue;
        b->annotations = notes;
        return;
    }
}

static bool has_annotations(const struct block *list)
{
    for (const struct block *b = list; b; b = b->next) {
        if (b->annotations)
            return true;
    }
    return false;
}

static struct annotation *read_annotations(struct reading *r, const struct json *v)
{
    struct annotation *first = NULL, **at = &first;
    size_t n = 0;
    for (struct json_iter it = json_iter(v); n < ANNOTATIONS_MAX && json_iter_next(&it); n++) {
        *at = dialect_chat_read_annotation(r->a, it.value);
        (*at)->origin = r->origin;
        at = &(*at)->next;
    }
    return first;
}

static int read_message(struct reading *r, const struct json *v, struct reply *out,
                        struct reply_choice *c)
{
    const struct json *value[ARRAY_LEN(message_keys)];
    struct extras kept = {.origin = r->origin};
    bool is_plain = false;
    int rc = MEMBERS_READ(r, v, message_keys, value, NULL);
    if (rc != 0)
        return rc;
    dialect_chat_keep_members(r, &c->message_extras, v, "");
    struct dialect_chat_thoughts thoughts = {.details = value[M_DETAILS],
                                             .content = value[M_REASONING_CONTENT],
                                             .text = value[M_REASONING]};
    rc = dialect_chat_read_thoughts(r, &thoughts, &c->blocks, &kept);
    if (rc == 0)
        rc = dialect_chat_read_content(r, value[M_CONTENT], &c->blocks, &is_plain);
    if (rc != 0)
        return rc;
    drop_empty(&c->blocks);
    read_refusal(r, value[M_REFUSAL], &c->blocks);
    read_audio(r, value[M_AUDIO], &c->blocks);
    read_images(r, value[M_IMAGES], &c->blocks);
    annotate(c->blocks, read_annotations(r, value[M_ANNOTATIONS]));
    rc = read_calls(r, value[M_CALLS], out, &c->blocks);
    return rc != 0 || value[M_CALLS]
               ? rc
               : read_function_call(r, value[M_FUNCTION_CALL], out, &c->blocks);
}

/* What vLLM and others say beside the finish reason: which stop sequence it was. */
void dialect_chat_read_finish(const struct json *choice, struct finishing *f)
{
    f->native = json_str(json_get(choice, "finish_reason"));
    f->reason = dialect_chat_finish(f->native);
    f->stop_sequence = json_str(json_get(choice, "stop_reason"));
    if (f->reason == FINISH_STOP && f->stop_sequence.n > 0)
        f->reason = FINISH_STOP_SEQUENCE;
}

static void read_logprobs(const struct json *v, struct block *list)
{
    const struct json *tokens = json_get(v, "content");
    for (struct block *b = list; b && json_count(tokens) > 0; b = b->next) {
        if (b->kind != BLOCK_TEXT)
            continue;
        b->logprobs = tokens;
        return;
    }
}

#define CHOICES_MAX 128

static int read_choice(struct reading *r, const struct json *v, unsigned i, struct reply *out)
{
    int64_t index = i;
    if (!v || json_type(v) != JSON_OBJECT)
        return member_fail(r, NULL, "The provider's answer has a choice that is no object.");
    const struct json *said = json_get(v, "index");
    if (said && (!json_i64(said, &index) || index < 0 || index >= CHOICES_MAX))
        return member_fail(r, "index", "The provider's answer has a choice with a wrong index.");
    struct reply_choice *c = reply_choice_at(r->a, out, (unsigned)index);
    dialect_chat_keep_members(r, &c->extras, v, "message");
    dialect_chat_read_finish(v, &c->finish);
    struct reading in = reading_at(r, "message", -1);
    const struct json *message = json_get(v, "message");
    int rc = message ? read_message(&in, message, out, c) : 0; /* none where all was filtered */
    read_logprobs(json_get(v, "logprobs"), c->blocks);
    if (c->finish.reason == FINISH_UNSET)
        c->finish.reason = finish_settle(FINISH_STOP, block_list_has(c->blocks, BLOCK_TOOL_CALL));
    if (c->finish.reason == FINISH_STOP && block_list_has(c->blocks, BLOCK_REFUSAL))
        c->finish.reason = FINISH_REFUSAL;
    return rc;
}

static int read_choices(struct reading *r, const struct json *v, struct reply *out)
{
    unsigned i = 0;
    int rc = 0;
    if (!v || json_type(v) != JSON_ARRAY || json_count(v) == 0 || json_count(v) > CHOICES_MAX)
        return member_fail(r, "choices", "The provider's answer has no choices.");
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it); i++) {
        struct reading in = reading_at(r, "choices", (long)i);
        rc = read_choice(&in, it.value, i, out);
    }
    return rc;
}

int dialect_chat_read_reply(struct reading *r, const struct json *body, struct reply *out)
{
    struct reading in = *r;
    if (in.code == 0)
        in.code = -E_PROVIDER_BODY;
    if (!body || json_type(body) != JSON_OBJECT)
        return member_fail(&in, NULL, "The provider's answer is no JSON object.");
    if (dialect_chat_is_error(body)) {
        struct failure f = {.class = FAILURE_SERVER, .retry_ms = -1};
        dialect_chat_read_error(r->a, body, S_EMPTY, &f);
        return member_fail(&in, NULL, "The provider answered with an error: " STR_FMT,
                           STR_ARG(str_slice(f.message, 0, 256)));
    }
    dialect_chat_read_start(body, &out->start);
    dialect_chat_keep_members(&in, &out->extras, body, "choices");
    out->usage_raw = json_get(body, "usage");
    dialect_chat_read_usage(r->a, out->usage_raw, &out->usage);
    int rc = read_choices(&in, json_get(body, "choices"), out);
    if (rc == 0 && !has_annotations(out->choices->blocks)) {
        struct annotation *sources = NULL;
        dialect_chat_read_sources(r->a, body, &sources);
        annotate(out->choices->blocks, sources);
    }
    return rc;
}
