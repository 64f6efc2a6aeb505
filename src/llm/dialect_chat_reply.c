/* Whole answers of the chat dialect, read and written (OpenAI's API reference, "The chat completion
 * object").
 *
 * Reading takes what vendors add: thoughts in three members or inside content, pictures beside it,
 * sources beside the choices. The whole message and everything around it is also kept as it came,
 * for a client of the same dialect, who gets it back member for member.
 *
 * For clients of chat whose provider speaks otherwise a message is put together in the form of
 * OpenAI's: one text, thoughts beside it in reasoning_content and, with their seals, in
 * reasoning_details, calls in the order in which they were made. */
#include "llm/carry.h"
#include "llm/dialect_chat.h"
#include "llm/media.h"
#include "llm/seal.h"

/* ---- reading: members that streams share ---- */

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

/* ---- reading ---- */

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
    str bytes = json_str(json_get(v, "data"));
    if (bytes.n == 0)
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
    for (struct json_iter it = json_iter(v); json_iter_next(&it);) {
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
    for (struct json_iter it = json_iter(v); json_iter_next(&it);) {
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

/* ---- writing: members that streams share ---- */

static str format_of(enum seal_family family)
{
    switch (family) {
    case FAMILY_OPENAI:
        return S("openai-responses-v1");
    case FAMILY_ANTHROPIC:
        return S("anthropic-claude-v1");
    case FAMILY_GEMINI:
        return S("google-gemini-v1");
    case FAMILY_UNKNOWN:
    case FAMILY_OTHER:
        break;
    }
    return S("unknown");
}

void dialect_chat_put_detail(struct json_writer *j, struct arena *a,
                             const struct dialect_chat_detail *d)
{
    const struct seal *seal = d->seal && d->seal->kind != SEAL_NONE ? d->seal : NULL;
    bool is_encrypted = seal && d->text.n == 0 && !d->is_rest;
    str value = S_EMPTY;
    if (seal)
        value = d->is_raw ? seal->value : seal_wrap(a, seal);
    json_begin_object(j, NULL);
    if (is_encrypted) {
        json_put_str(j, "type", S("reasoning.encrypted"));
        json_put_str(j, "data", value);
    } else if (d->is_summary) {
        json_put_str(j, "type", S("reasoning.summary"));
        json_put_str(j, "summary", d->text);
    } else {
        json_put_str(j, "type", S("reasoning.text"));
        json_put_str(j, "text", d->text);
    }
    if (seal && !is_encrypted)
        json_put_str(j, "signature", value);
    json_put_str(j, "format", format_of(seal ? seal->family : FAMILY_UNKNOWN));
    json_put_int(j, "index", d->index);
    json_end_object(j);
}

void dialect_chat_put_call_seal(struct json_writer *j, str value)
{
    json_begin_object(j, "extra_content");
    json_begin_object(j, "google");
    json_put_str(j, "thought_signature", value);
    json_end_object(j);
    json_end_object(j);
}

static void put_known(struct json_writer *j, const char *key, int64_t n)
{
    if (n >= 0)
        json_put_int(j, key, n);
}

void dialect_chat_put_usage(struct json_writer *j, const char *key, const struct usage *u)
{
    int64_t input = MAX(u->input_tokens, 0), output = MAX(u->output_tokens, 0), total = 0;
    if (__builtin_add_overflow(input, output, &total))
        total = INT64_MAX;
    json_begin_object(j, key);
    json_put_int(j, "prompt_tokens", input);
    json_put_int(j, "completion_tokens", output);
    json_put_int(j, "total_tokens", total);
    json_begin_object(j, "prompt_tokens_details");
    put_known(j, "cached_tokens", u->cached_tokens);
    put_known(j, "cache_write_tokens", u->cache_write_tokens);
    put_known(j, "audio_tokens", u->input_audio_tokens);
    put_known(j, "image_tokens", u->input_image_tokens);
    put_known(j, "text_tokens", u->input_text_tokens);
    json_end_object(j);
    json_begin_object(j, "completion_tokens_details");
    put_known(j, "reasoning_tokens", u->reasoning_tokens);
    put_known(j, "audio_tokens", u->output_audio_tokens);
    put_known(j, "image_tokens", u->output_image_tokens);
    put_known(j, "text_tokens", u->output_text_tokens);
    put_known(j, "accepted_prediction_tokens", u->accepted_prediction_tokens);
    put_known(j, "rejected_prediction_tokens", u->rejected_prediction_tokens);
    json_end_object(j);
    if (u->searches > 0) {
        json_begin_object(j, "server_tool_use"); /* as OpenRouter has it */
        json_put_int(j, "web_search_requests", u->searches);
        json_end_object(j);
    }
    json_end_object(j);
}

/* A citation of a page in the text that stands at `begin` to `end`, in code points. */
void dialect_chat_put_annotation(struct json_writer *j, const struct annotation *n, int64_t begin,
                                 int64_t end)
{
    json_begin_object(j, NULL);
    json_put_str(j, "type", S("url_citation"));
    json_begin_object(j, "url_citation");
    json_put_int(j, "start_index", begin);
    json_put_int(j, "end_index", end);
    json_put_str(j, "url", n->url);
    json_put_str(j, "title", n->title);
    json_end_object(j);
    json_end_object(j);
}

/* ---- writing ---- */

struct page {
    struct writing *w;
    struct json_writer j;
    const struct reply *reply;
    bool is_own; /* the provider speaks the dialect written */
};

static bool is_text(const struct block *b)
{
    return b->kind == BLOCK_TEXT;
}

static str text_of_kind(struct page *p, const struct block *list, enum block_kind kind)
{
    str text = S_EMPTY;
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind == kind && b->text.n > 0)
            text = text.n == 0 ? b->text : arena_concat(p->w->a, (str[]){text, b->text}, 2);
    }
    return text;
}

static void put_content(struct page *p, const struct block *list)
{
    str text = text_of_kind(p, list, BLOCK_TEXT), refusal = text_of_kind(p, list, BLOCK_REFUSAL);
    bool has_other =
        refusal.n > 0 || block_list_has(list, BLOCK_TOOL_CALL) || block_list_has(list, BLOCK_MEDIA);
    if (text.n > 0 || !has_other)
        json_put_str(&p->j, "content", text);
    else
        json_put_null(&p->j, "content");
    if (refusal.n > 0)
        json_put_str(&p->j, "refusal", refusal);
    else
        json_put_null(&p->j, "refusal");
}

static void put_details(struct page *p, const struct block *list)
{
    int64_t index = 0;
    json_begin_array(&p->j, "reasoning_details");
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind != BLOCK_REASONING)
            continue;
        struct dialect_chat_detail d = {
            .text = reasoning_text(p->w->a, &b->reasoning), .seal = &b->seal, .index = index++};
        d.is_summary = b->reasoning.parts && b->reasoning.parts->is_summary;
        if (d.text.n > 0 || b->seal.kind != SEAL_NONE)
            dialect_chat_put_detail(&p->j, p->w->a, &d);
    }
    json_end_array(&p->j);
}

static void put_thoughts(struct page *p, const struct block *list)
{
    str text = S_EMPTY;
    if (!block_list_has(list, BLOCK_REASONING))
        return;
    for (const struct block *b = list; b; b = b->next) {
        str one = b->kind == BLOCK_REASONING ? reasoning_text(p->w->a, &b->reasoning) : S_EMPTY;
        if (one.n > 0)
            text = text.n == 0 ? one : arena_concat(p->w->a, (str[]){text, S("\n\n"), one}, 3);
    }
    if (text.n > 0)
        json_put_str(&p->j, "reasoning_content", text);
    put_details(p, list);
}

static int64_t count_code_points(str text)
{
    int64_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
    return n;
}

static void put_annotations(struct page *p, const struct block *list)
{
    int64_t at = 0;
    bool has_any = false;
    for (const struct block *b = list; b; b = b->next) {
        if (!is_text(b))
            continue;
        int64_t end = at + count_code_points(b->text);
        for (const struct annotation *n = b->annotations; n; n = n->next) {
            if (n->url.n == 0)
                continue;
            if (!has_any)
                json_begin_array(&p->j, "annotations");
            has_any = true;
            bool is_placed = n->begin >= 0 && n->end >= n->begin && n->end <= end - at;
            dialect_chat_put_annotation(&p->j, n, is_placed ? at + n->begin : at,
                                        is_placed ? at + n->end : end);
        }
        at = end;
    }
    if (has_any)
        json_end_array(&p->j);
}

static str arguments_of(struct page *p, const struct tool_call *call)
{
    str args = call->args.n > 0 ? call->args : json_text(p->w->a, call->value);
    return str_trim(args).n > 0 ? args : S("{}");
}

static void put_callee(struct page *p, const char *key, const struct tool_call *call)
{
    bool is_custom = call->kind == TOOL_CUSTOM;
    json_begin_object(&p->j, key);
    json_put_str(&p->j, "name", call->name);
    json_put_str(&p->j, is_custom ? "input" : "arguments",
                 is_custom ? call->args : arguments_of(p, call));
    json_end_object(&p->j);
}

static void put_call(struct page *p, const struct block *b, unsigned n)
{
    const struct tool_call *call = &b->call;
    bool is_custom = call->kind == TOOL_CUSTOM;
    json_begin_object(&p->j, NULL);
    json_put_str(&p->j, "id",
                 call->id.n > 0 ? call->id : make_id(p->w->a, "call_", p->w->id_seed, n));
    json_put_str(&p->j, "type", is_custom ? S("custom") : S("function"));
    put_callee(p, is_custom ? "custom" : "function", call);
    if (b->seal.kind != SEAL_NONE)
        dialect_chat_put_call_seal(&p->j, seal_wrap(p->w->a, &b->seal));
    json_end_object(&p->j);
}

static bool is_client_call(const struct block *b)
{
    return b->kind == BLOCK_TOOL_CALL && b->call.kind != TOOL_SERVER;
}

/* Returns whether there was any. */
static bool put_calls(struct page *p, const struct block *list)
{
    bool is_old = p->w->asked && p->w->asked->uses_functions;
    unsigned n = 0;
    for (const struct block *b = list; b; b = b->next) {
        if (!is_client_call(b) || (is_old && n > 0))
            continue;
        if (n == 0 && is_old)
            put_callee(p, "function_call", &b->call);
        else if (n == 0)
            json_begin_array(&p->j, "tool_calls");
        if (!is_old)
            put_call(p, b, n);
        n++;
    }
    if (n > 0 && !is_old)
        json_end_array(&p->j);
    return n > 0;
}

static void put_audio(struct page *p, const struct block *b)
{
    enum { EXPIRES_S = 3600 };
    str id = b->media.name;
    json_begin_object(&p->j, "audio");
    json_put_str(&p->j, "id", id.n > 0 ? id : make_id(p->w->a, "audio_", p->w->id_seed, 0));
    json_put_int(&p->j, "expires_at", p->w->now_s + EXPIRES_S);
    json_put_str(&p->j, "data", b->media.bytes);
    json_put_str(&p->j, "transcript", b->text);
    json_end_object(&p->j);
}

void dialect_chat_put_image(struct json_writer *j, struct arena *a, const struct media *m)
{
    json_begin_object(j, NULL);
    json_put_str(j, "type", S("image_url"));
    json_begin_object(j, "image_url");
    json_put_str(j, "url", media_url(a, m));
    json_end_object(j);
    json_end_object(j);
}

static void put_media(struct page *p, const struct block *list)
{
    bool has_audio = false, has_images = false;
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind != BLOCK_MEDIA || b->media.kind != MEDIA_AUDIO || has_audio)
            continue;
        has_audio = true;
        put_audio(p, b);
    }
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind != BLOCK_MEDIA || b->media.kind != MEDIA_IMAGE)
            continue;
        if (!has_images)
            json_begin_array(&p->j, "images");
        has_images = true;
        dialect_chat_put_image(&p->j, p->w->a, &b->media);
    }
    if (has_images)
        json_end_array(&p->j);
}

const char *dialect_chat_end_word(const struct finishing *f, const struct dialect_chat_seen *seen)
{
    enum finish settled = finish_settle(f->reason, seen->calls);
    if (settled == FINISH_REFUSAL && seen->refusal)
        return "stop"; /* the refusal says it */
    if (settled == FINISH_TOOL_CALLS && seen->uses_functions)
        return "function_call";
    return dialect_chat_finish_name(settled);
}

static void put_logprobs(struct page *p, const struct block *list)
{
    bool has_any = false;
    for (const struct block *b = list; b; b = b->next) {
        if (!is_text(b) || !b->logprobs)
            continue;
        if (!has_any) {
            json_begin_object(&p->j, "logprobs");
            json_begin_array(&p->j, "content");
        }
        has_any = true;
        for (struct json_iter it = json_iter(b->logprobs); json_iter_next(&it);)
            json_put_value(&p->j, NULL, it.value);
    }
    if (!has_any) {
        json_put_null(&p->j, "logprobs");
        return;
    }
    json_end_array(&p->j);
    json_put_null(&p->j, "refusal");
    json_end_object(&p->j);
}

static void put_choice(struct page *p, const struct reply_choice *c)
{
    struct json_writer *j = &p->j;
    struct dialect_chat_seen seen = {.refusal = block_list_has(c->blocks, BLOCK_REFUSAL),
                                     .uses_functions = p->w->asked && p->w->asked->uses_functions};
    json_begin_object(j, NULL);
    json_put_int(j, "index", c->index);
    json_begin_object(j, "message");
    json_put_str(j, "role", S("assistant"));
    put_content(p, c->blocks);
    put_thoughts(p, c->blocks);
    put_annotations(p, c->blocks);
    put_media(p, c->blocks);
    seen.calls = put_calls(p, c->blocks);
    json_end_object(j);
    put_logprobs(p, c->blocks);
    json_put_str(j, "finish_reason", str_from_cz(dialect_chat_end_word(&c->finish, &seen)));
    json_end_object(j);
}

/* A choice of a text completion. */
static void put_text_choice(struct page *p, const struct reply_choice *c)
{
    struct dialect_chat_seen nothing = {.calls = false};
    struct json_writer *j = &p->j;
    json_begin_object(j, NULL);
    json_put_str(j, "text", text_of_kind(p, c->blocks, BLOCK_TEXT));
    json_put_int(j, "index", c->index);
    dialect_completions_put_logprobs(j, c->blocks);
    json_put_str(j, "finish_reason", str_from_cz(dialect_chat_end_word(&c->finish, &nothing)));
    json_end_object(j);
}

static void put_members(struct json_writer *j, const struct extras *e)
{
    for (const struct extra *x = e->first; x; x = x->next)
        json_put_member(j, x->key, x->value);
}

/* A choice that came in the dialect that is written. */
static void put_own_choice(struct page *p, const struct reply_choice *c)
{
    json_begin_object(&p->j, NULL);
    if (c->message_extras.first) {
        json_begin_object(&p->j, "message");
        put_members(&p->j, &c->message_extras);
        json_end_object(&p->j);
    }
    put_members(&p->j, &c->extras);
    json_end_object(&p->j);
}

static void put_choices(struct page *p, uint8_t as)
{
    json_begin_array(&p->j, "choices");
    for (const struct reply_choice *c = p->reply->choices; c; c = c->next) {
        if (p->is_own && c->extras.first)
            put_own_choice(p, c);
        else if (as == DIALECT_COMPLETIONS)
            put_text_choice(p, c);
        else
            put_choice(p, c);
    }
    json_end_array(&p->j);
}

static void put_own(struct page *p)
{
    for (const struct extra *x = p->reply->extras.first; x; x = x->next) {
        if (str_eq(x->key, S("model")) && p->w->model.n > 0)
            json_put_str(&p->j, "model", p->w->model);
        else
            json_put_member(&p->j, x->key, x->value);
    }
}

const char *dialect_chat_id_prefix(uint8_t as)
{
    if (as == DIALECT_OPENROUTER)
        return "gen-";
    return as == DIALECT_COMPLETIONS ? "cmpl-" : "chatcmpl-";
}

static void put_foreign(struct page *p, uint8_t as)
{
    const struct start *s = &p->reply->start;
    struct writing *w = p->w;
    bool is_text = as == DIALECT_COMPLETIONS;
    struct json_writer *j = &p->j;
    json_put_str(j, "id",
                 s->id.n > 0 ? s->id : make_id(w->a, dialect_chat_id_prefix(as), w->id_seed, 0));
    json_put_str(j, "object", is_text ? S("text_completion") : S("chat.completion"));
    json_put_int(j, "created", s->created_s >= 0 ? s->created_s : w->now_s);
    json_put_str(j, "model", w->model.n > 0 ? w->model : s->model);
    if (usage_is_known(&p->reply->usage))
        dialect_chat_put_usage(j, "usage", &p->reply->usage);
    if (s->system_fingerprint.n > 0)
        json_put_str(j, "system_fingerprint", s->system_fingerprint);
}

int dialect_chat_write_reply(struct writing *w, const struct reply *r, struct buf *out, uint8_t as)
{
    struct page p = {.w = w, .j = json_writer(out), .reply = r};
    p.is_own = r->extras.first && dialect_chat_takes(as, r->extras.origin);
    json_begin_object(&p.j, NULL);
    if (p.is_own)
        put_own(&p);
    else
        put_foreign(&p, as);
    put_choices(&p, as);
    json_end_object(&p.j);
    return 0;
}
