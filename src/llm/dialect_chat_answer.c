/* Whole answers of the chat dialect, written (OpenAI's API reference, "The chat completion
 * object"), and the parts of them that streams have, too.
 *
 * An answer that came in the same dialect goes out member for member, but for the model's name. For
 * every other a message is put together in the form of OpenAI's: one text, thoughts beside it in
 * reasoning_content and, with their seals, in reasoning_details, calls in the order in which they
 * were made. */
#include "llm/carry.h"
#include "llm/dialect_chat.h"
#include "llm/media.h"
#include "llm/seal.h"

/* ---- what streams have as well ---- */

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

/* ---- messages ---- */

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

/* All texts of a kind as one; thoughts with a line between them. */
static str text_of_kind(struct page *p, const struct block *list, enum block_kind kind)
{
    struct buf out;
    buf_init(&out, SIZE_MAX);
    for (const struct block *b = list; b; b = b->next) {
        if (b->kind != kind)
            continue;
        bool is_thought = kind == BLOCK_REASONING;
        str one = is_thought ? reasoning_text(p->w->a, &b->reasoning) : b->text;
        if (is_thought && one.n > 0 && out.n > 0)
            buf_put(&out, S("\n\n"));
        buf_put(&out, one);
    }
    str text = out.n > 0 ? arena_str(p->w->a, buf_str(&out)) : S_EMPTY;
    buf_fini(&out);
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
    if (!block_list_has(list, BLOCK_REASONING))
        return;
    str text = text_of_kind(p, list, BLOCK_REASONING);
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
