/* Streams of the chat dialect, read: chunks become events (OpenAI's API reference, "The chat
 * completion chunk object").
 *
 * A chunk says what was added to which choice, not where something begins or ends; so a block begins
 * with its first piece and ends when something else begins. Calls are the exception: pieces of
 * several may alternate, so each stays open until its arguments are a whole JSON value and
 * something else has begun, or the choice ends.
 *
 * Which call a piece belongs to: OpenAI numbers them by `index`. Vendors leave the index out, send
 * every call under index 0, repeat the name in every piece, or give no id. So a piece begins a new
 * call when its index is new; when it has another id than the call of that index; and when it has a
 * name and arguments while those of the call are whole already.
 *
 * FINISH waits for the end mark, because vendors send more after the finish reason: usage, the same
 * finish again, sources. A stream without a mark has ended only for a vendor that says so itself,
 * with a last object "chat.completion.done" (Perplexity): everything else that stops is cut off. */
#include "llm/carry.h"
#include "llm/dialect_chat.h"
#include "llm/media.h"
#include "llm/seal.h"

#define CHOICES_MAX 128
#define CALLS_MAX   256 /* of one choice */
#define SEED_MAX    128 /* bytes of the stream's id that make ids for calls */
#define WORD_MAX    128 /* bytes of a finish reason, a stop sequence */
#define SEAL_MAX    ((size_t)1 << 20)

/* How far a call's arguments are: depth of brackets, and where in a string. */
struct progress {
    unsigned depth;
    bool has_begun, in_string, is_escaped;
};

struct call {
    int64_t index; /* the provider's; -1: it gave none */
    unsigned block;
    uint64_t id_hash; /* 0: it has no id */
    bool is_open, is_named, is_custom;
    str id;            /* while the name is missing */
    struct seal *seal; /* that came behind the start; NULL: none */
    struct progress progress;
    struct call *next;
};

enum open_kind { OPEN_NONE, OPEN_TEXT, OPEN_REFUSAL, OPEN_REASONING, OPEN_AUDIO };

struct choice {
    unsigned index;
    unsigned n_blocks;
    enum open_kind open; /* beside calls only one block is open */
    unsigned open_block;
    int64_t detail; /* index of the reasoning detail that is open; -1: none was given */
    bool is_summary;
    struct call *calls;
    unsigned n_calls;
    bool has_text, is_finished;
    struct finishing finish;
    struct choice *next;
};

struct stream {
    str seed;
    unsigned n_ids;
    bool has_started, may_end;
    struct usage usage;
    struct choice *choices; /* by index */
};

/* A decoder with the stream and choice it is at. */
struct at {
    struct decoder *d;
    struct stream *s;
    struct choice *c;
};

static int fail(struct decoder *d, const char *what)
{
    return err_set(d->err, d->a, -E_PROVIDER_BODY, "%s", what);
}

static int put(const struct at *at, struct event ev)
{
    ev.choice = at->c->index;
    return sink_put(&at->d->sink, &ev);
}

static str bounded(struct arena *a, str text, size_t max)
{
    return text.n > 0 ? arena_str(a, str_slice(text, 0, max)) : S_EMPTY;
}

/* ---- calls ---- */

static void progress_feed(struct progress *p, str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (p->is_escaped) {
            p->is_escaped = false;
        } else if (p->in_string) {
            p->is_escaped = c == '\\';
            p->in_string = c != '"';
        } else if (c == '"') {
            p->in_string = true;
        } else if (c == '{' || c == '[') {
            p->depth++;
            p->has_begun = true;
        } else if ((c == '}' || c == ']') && p->depth > 0) {
            p->depth--;
        }
    }
}

static bool is_whole(const struct call *call)
{
    return call->progress.has_begun && call->progress.depth == 0;
}

static int close_call(const struct at *at, struct call *call)
{
    struct block end = {.kind = BLOCK_TOOL_CALL};
    call->is_open = false;
    if (call->seal)
        end.seal = *call->seal;
    return put(at, (struct event){.kind = EV_BLOCK_STOP,
                                  .block = call->block,
                                  .content = call->seal ? &end : NULL});
}

/* Ends the calls that are whole: something else begins. */
static int close_whole_calls(const struct at *at)
{
    int rc = 0;
    for (struct call *call = at->c->calls; rc == 0 && call; call = call->next) {
        if (call->is_open && is_whole(call))
            rc = close_call(at, call);
    }
    return rc;
}

/* ---- the one block that is open beside calls ---- */

static int close_open(const struct at *at, const struct block *end)
{
    if (at->c->open == OPEN_NONE)
        return 0;
    at->c->open = OPEN_NONE;
    return put(at,
               (struct event){.kind = EV_BLOCK_STOP, .block = at->c->open_block, .content = end});
}

static int begin_block(const struct at *at, const struct block *b, unsigned *number)
{
    *number = at->c->n_blocks++;
    return put(at, (struct event){.kind = EV_BLOCK_START, .block = *number, .content = b});
}

static int open_block(const struct at *at, enum open_kind kind)
{
    static const enum block_kind kinds[] = {[OPEN_TEXT] = BLOCK_TEXT,
                                            [OPEN_REFUSAL] = BLOCK_REFUSAL,
                                            [OPEN_REASONING] = BLOCK_REASONING,
                                            [OPEN_AUDIO] = BLOCK_MEDIA};
    struct choice *c = at->c;
    struct block b = {.kind = kinds[kind]};
    if (c->open == kind)
        return 0;
    if (kind == OPEN_AUDIO)
        b.media = (struct media){.kind = MEDIA_AUDIO, .source = MEDIA_BASE64};
    int rc = close_open(at, NULL);
    if (rc == 0)
        rc = close_whole_calls(at);
    if (rc == 0)
        rc = begin_block(at, &b, &c->open_block);
    c->open = kind;
    c->detail = -1;
    c->is_summary = false;
    c->has_text = c->has_text || kind == OPEN_TEXT;
    return rc;
}

static int put_delta(const struct at *at, enum delta_kind kind, str text)
{
    struct event ev = {.kind = EV_DELTA, .block = at->c->open_block};
    ev.delta.kind = kind;
    ev.delta.is_summary = at->c->is_summary;
    ev.delta.text = text;
    return put(at, ev);
}

static int put_text(const struct at *at, enum open_kind kind, str text)
{
    if (text.n == 0)
        return 0;
    int rc = open_block(at, kind);
    return rc != 0 ? rc : put_delta(at, DELTA_TEXT, text);
}

/* ---- thoughts ---- */

/* An encrypted thought is a block of its own, without text: data in the place of a text shows at the
 * start, a signature at the end. */
static int put_encrypted(const struct at *at, str data, enum seal_family family)
{
    unsigned number = 0;
    enum seal_kind kind = family == FAMILY_ANTHROPIC ? SEAL_REDACTED : SEAL_SIGNATURE;
    struct block begin = {.kind = BLOCK_REASONING}, end = begin;
    struct seal seal = seal_unwrap(at->d->scratch, data, kind, family);
    if (seal.kind == SEAL_REDACTED)
        begin.seal = seal;
    else
        end.seal = seal;
    int rc = close_open(at, NULL);
    if (rc == 0)
        rc = begin_block(at, &begin, &number);
    if (rc != 0)
        return rc;
    return put(at, (struct event){.kind = EV_BLOCK_STOP, .block = number, .content = &end});
}

static int put_detail_text(const struct at *at, str text, bool is_summary, int64_t index)
{
    struct choice *c = at->c;
    bool is_other = c->open == OPEN_REASONING && index >= 0 && c->detail >= 0 &&
                    (c->detail != index || c->is_summary != is_summary);
    int rc = is_other ? close_open(at, NULL) : 0;
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

static int read_detail(const struct at *at, const struct json *v)
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
    return close_open(at, &end);
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

static int read_thoughts(const struct at *at, const struct json *delta)
{
    const struct json *details = json_get(delta, "reasoning_details");
    str text = json_str(json_get(delta, "reasoning_content"));
    int rc = 0;
    if (text.n == 0)
        text = json_str(json_get(delta, "reasoning"));
    if (text.n > 0 && !has_detail_text(details))
        rc = put_text(at, OPEN_REASONING, text);
    for (struct json_iter it = json_iter(details); rc == 0 && json_iter_next(&it);)
        rc = read_detail(at, it.value);
    return rc;
}

/* ---- content ---- */

static int put_image(const struct at *at, const struct json *part)
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
    int rc = close_open(at, NULL);
    if (rc == 0)
        rc = begin_block(at, &b, &number);
    struct event ev = {.kind = EV_DELTA, .block = number};
    ev.delta.kind = DELTA_MEDIA;
    ev.delta.text = bytes;
    if (rc == 0 && b.media.source == MEDIA_BASE64)
        rc = put(at, ev);
    return rc != 0 ? rc : put(at, (struct event){.kind = EV_BLOCK_STOP, .block = number});
}

static int read_images(const struct at *at, const struct json *list)
{
    int rc = 0;
    for (struct json_iter it = json_iter(list); rc == 0 && json_iter_next(&it);)
        rc = put_image(at, it.value);
    return rc;
}

/* {type: thinking, thinking: text or [{text}]} */
static int read_thinking(const struct at *at, const struct json *v)
{
    int rc = put_text(at, OPEN_REASONING, json_str(v));
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it);)
        rc = put_text(at, OPEN_REASONING, json_str(json_get(it.value, "text")));
    return rc;
}

static int read_part(const struct at *at, const struct json *v)
{
    str type = json_str(json_get(v, "type"));
    if (str_eq(type, S("thinking")))
        return read_thinking(at, json_get(v, "thinking"));
    if (str_eq(type, S("refusal")))
        return put_text(at, OPEN_REFUSAL, json_str(json_get(v, "refusal")));
    if (str_eq(type, S("image_url")))
        return put_image(at, v);
    return put_text(at, OPEN_TEXT, json_str(json_get(v, "text")));
}

static int read_content(const struct at *at, const struct json *v)
{
    if (!v)
        return 0;
    switch (json_type(v)) {
    case JSON_STRING:
        return put_text(at, OPEN_TEXT, json_str(v));
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
    return fail(at->d, "The provider sent a chunk whose content is neither text nor parts.");
}

static int read_audio(const struct at *at, const struct json *v)
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

static int put_annotation(const struct at *at, const struct annotation *note)
{
    int rc = open_block(at, OPEN_TEXT);
    if (rc != 0)
        return rc;
    return put(
        at, (struct event){.kind = EV_ANNOTATION, .block = at->c->open_block, .annotation = note});
}

static int read_annotations(const struct at *at, const struct json *list)
{
    int rc = 0;
    for (struct json_iter it = json_iter(list); rc == 0 && json_iter_next(&it);)
        rc = put_annotation(at, dialect_chat_read_annotation(at->d->scratch, it.value));
    return rc;
}

static int read_logprobs(const struct at *at, const struct json *v)
{
    const struct json *tokens = json_get(v, "content");
    if (json_count(tokens) == 0 || at->c->open != OPEN_TEXT)
        return 0;
    return put(at,
               (struct event){.kind = EV_LOGPROBS, .block = at->c->open_block, .logprobs = tokens});
}

/* ---- tool calls ---- */

/* One piece of a call. */
struct piece {
    int64_t index; /* -1: none given */
    str id, name, args;
    bool is_custom;
    struct seal seal;
};

static int read_piece(const struct at *at, const struct json *v, struct piece *p)
{
    const struct json *function = json_get(v, "function"), *custom = json_get(v, "custom");
    bool is_custom = str_eq(json_str(json_get(v, "type")), S("custom")) || (custom && !function);
    const struct json *of = is_custom ? custom : function;
    const struct json *args = json_get(of, is_custom ? "input" : "arguments");
    *p = (struct piece){.index = -1, .is_custom = is_custom};
    if (!v || json_type(v) != JSON_OBJECT)
        return fail(at->d, "The provider sent a tool call that is no object.");
    if (!json_i64(json_get(v, "index"), &p->index) || p->index < 0)
        p->index = -1;
    p->id = json_str(json_get(v, "id"));
    p->name = json_str(json_get(of, "name"));
    p->seal = dialect_chat_call_seal(at->d->scratch, v);
    if (args && json_type(args) == JSON_OBJECT)
        p->args = json_text(at->d->scratch, args);
    else
        p->args = json_str(args);
    return 0;
}

static uint64_t hash_of(str id)
{
    return id.n > 0 ? str_hash(id, 0) | 1 : 0;
}

/* The call that the piece goes on with; NULL: it begins one. */
static struct call *find_call(struct choice *c, const struct piece *p)
{
    struct call *found = NULL, *last = NULL;
    uint64_t id = hash_of(p->id);
    for (struct call *call = c->calls; call; call = call->next) {
        last = call;
        bool is_same = p->index >= 0 ? call->index == p->index : id != 0 && call->id_hash == id;
        if (is_same)
            found = call;
    }
    if (!found && p->index < 0 && p->id.n == 0 && p->name.n == 0)
        found = last;
    if (!found)
        return NULL;
    bool has_other_id = id != 0 && found->id_hash != 0 && found->id_hash != id;
    bool is_again = p->name.n > 0 && str_trim(p->args).n > 0 && is_whole(found) &&
                    (id == 0 || found->id_hash == 0);
    return has_other_id || is_again ? NULL : found;
}

static int new_call(const struct at *at, const struct piece *p, struct call **out)
{
    struct choice *c = at->c;
    if (c->n_calls == CALLS_MAX)
        return fail(at->d, "The provider sent too many tool calls.");
    c->n_calls++;
    struct call *call = arena_new(at->d->a, struct call);
    call->index = p->index;
    call->is_custom = p->is_custom;
    struct call **end = &c->calls;
    while (*end)
        end = &(*end)->next;
    *end = call;
    *out = call;
    int rc = close_open(at, NULL);
    return rc != 0 ? rc : close_whole_calls(at);
}

static int name_call(const struct at *at, struct call *call, const struct piece *p)
{
    struct block b = {.kind = BLOCK_TOOL_CALL, .seal = p->seal};
    b.call.kind = call->is_custom ? TOOL_CUSTOM : TOOL_FUNCTION;
    b.call.id = call->id.n > 0 ? call->id : p->id;
    b.call.name = p->name;
    if (b.call.id.n == 0)
        b.call.id = make_id(at->d->scratch, "call_", at->s->seed, at->s->n_ids);
    at->s->n_ids++;
    call->is_named = call->is_open = true;
    return begin_block(at, &b, &call->block);
}

static int put_args(const struct at *at, struct call *call, str args)
{
    if (args.n == 0)
        return 0;
    if (!call->is_open) {
        return str_trim(args).n == 0
                   ? 0
                   : fail(at->d, "The provider sent arguments behind the end of a tool call.");
    }
    progress_feed(&call->progress, args);
    struct event ev = {.kind = EV_DELTA, .block = call->block};
    ev.delta.kind = DELTA_ARGS;
    ev.delta.text = args;
    return put(at, ev);
}

/* A signature that comes behind the call's start is kept for its end. */
static void keep_seal(const struct at *at, struct call *call, const struct seal *seal)
{
    struct arena *a = at->d->a;
    if (seal->kind == SEAL_NONE || call->seal)
        return;
    call->seal = arena_new(a, struct seal);
    *call->seal = *seal;
    call->seal->provider = bounded(a, seal->provider, SEED_MAX);
    call->seal->model = bounded(a, seal->model, SEED_MAX);
    call->seal->value = bounded(a, seal->value, SEAL_MAX);
}

static int take_piece(const struct at *at, const struct piece *p)
{
    struct call *call = find_call(at->c, p);
    int rc = call ? 0 : new_call(at, p, &call);
    if (rc != 0)
        return rc;
    if (call->id_hash == 0)
        call->id_hash = hash_of(p->id);
    if (!call->is_named && p->name.n == 0) {
        if (p->args.n > 0)
            return fail(at->d, "The provider sent a tool call without a name.");
        call->id = p->id.n > 0 ? bounded(at->d->a, p->id, SEED_MAX) : call->id;
        return 0;
    }
    if (call->is_named)
        keep_seal(at, call, &p->seal);
    else
        rc = name_call(at, call, p);
    return rc != 0 ? rc : put_args(at, call, p->args);
}

static int read_calls(const struct at *at, const struct json *list)
{
    struct piece p;
    int rc = 0;
    for (struct json_iter it = json_iter(list); rc == 0 && json_iter_next(&it);) {
        rc = read_piece(at, it.value, &p);
        if (rc == 0)
            rc = take_piece(at, &p);
    }
    return rc;
}

/* delta.function_call {name, arguments}: the one call of old. */
static int read_function_call(const struct at *at, const struct json *v)
{
    struct piece p = {.index = 0,
                      .name = json_str(json_get(v, "name")),
                      .args = json_str(json_get(v, "arguments"))};
    if (p.name.n == 0 && p.args.n == 0)
        return 0;
    return take_piece(at, &p);
}

/* ---- choices ---- */

static int find_choice(struct decoder *d, struct stream *s, int64_t index, struct choice **out)
{
    struct choice **at = &s->choices;
    if (index < 0 || index >= CHOICES_MAX)
        return fail(d, "The provider sent a choice with a wrong index.");
    while (*at && (*at)->index < (unsigned)index)
        at = &(*at)->next;
    if (!*at || (*at)->index != (unsigned)index) {
        struct choice *made = arena_new(d->a, struct choice);
        made->index = (unsigned)index;
        made->next = *at;
        *at = made;
    }
    *out = *at;
    return 0;
}

static int close_all(const struct at *at)
{
    int rc = close_open(at, NULL);
    for (struct call *call = at->c->calls; rc == 0 && call; call = call->next) {
        if (!call->is_named)
            return fail(at->d, "The provider sent a tool call without a name.");
        if (call->is_open)
            rc = close_call(at, call);
    }
    return rc;
}

static int read_finish(const struct at *at, const struct json *v)
{
    struct finishing f = {.reason = FINISH_UNSET};
    struct choice *c = at->c;
    dialect_chat_read_finish(v, &f);
    if (f.native.n == 0)
        return 0;
    int rc = close_all(at);
    if (c->is_finished)
        return rc;
    c->is_finished = true;
    c->finish.reason = f.reason;
    c->finish.native = bounded(at->d->a, f.native, WORD_MAX);
    if (f.reason == FINISH_STOP_SEQUENCE)
        c->finish.stop_sequence = bounded(at->d->a, f.stop_sequence, WORD_MAX);
    return rc;
}

static int read_delta(const struct at *at, const struct json *delta)
{
    int rc = read_thoughts(at, delta);
    if (rc == 0)
        rc = read_content(at, json_get(delta, "content"));
    if (rc == 0)
        rc = put_text(at, OPEN_REFUSAL, json_str(json_get(delta, "refusal")));
    if (rc == 0)
        rc = read_audio(at, json_get(delta, "audio"));
    if (rc == 0)
        rc = read_images(at, json_get(delta, "images"));
    if (rc == 0)
        rc = read_annotations(at, json_get(delta, "annotations"));
    if (rc == 0)
        rc = read_calls(at, json_get(delta, "tool_calls"));
    return rc != 0 ? rc : read_function_call(at, json_get(delta, "function_call"));
}

static int read_choice(struct decoder *d, struct stream *s, const struct json *v)
{
    struct at at = {.d = d, .s = s};
    int64_t index = 0;
    if (json_type(v) != JSON_OBJECT)
        return fail(d, "The provider sent a choice that is no object.");
    const struct json *said = json_get(v, "index");
    if (said && json_type(said) != JSON_NULL && !json_i64(said, &index))
        index = -1;
    int rc = find_choice(d, s, index, &at.c);
    const struct json *delta = json_get(v, "delta");
    if (!delta)
        delta = json_get(v, "message"); /* a whole answer as a stream of one chunk */
    if (rc == 0)
        rc = read_delta(&at, delta);
    if (rc == 0)
        rc = put_text(&at, OPEN_TEXT, json_str(json_get(v, "text"))); /* text completions */
    if (rc == 0)
        rc = read_logprobs(&at, json_get(v, "logprobs"));
    return rc != 0 ? rc : read_finish(&at, v);
}

static int read_choices(struct decoder *d, struct stream *s, const struct json *list)
{
    int rc = 0;
    for (struct json_iter it = json_iter(list); rc == 0 && json_iter_next(&it);)
        rc = read_choice(d, s, it.value);
    return rc;
}

/* ---- around the choices ---- */

static const struct json *first_choice(const struct json *chunk)
{
    return json_at(json_get(chunk, "choices"), 0);
}

static int read_usage(struct decoder *d, struct stream *s, const struct json *chunk)
{
    const struct json *places[] = {
        json_get(json_get(chunk, "x_groq"), "usage"),
        json_get(first_choice(chunk), "usage"), /* Moonshot */
        json_get(chunk, "usage"),
    };
    bool has_any = false;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        has_any = has_any || json_count(places[i]) > 0;
        dialect_chat_read_usage(d->scratch, places[i], &s->usage);
    }
    if (!has_any || !s->has_started)
        return 0;
    return sink_put(&d->sink, &(struct event){.kind = EV_USAGE, .usage = s->usage});
}

/* Azure's first chunk has no id and no choice: it does not begin anything. */
static int read_head(struct decoder *d, struct stream *s, const struct json *chunk)
{
    struct event ev = {.kind = EV_START};
    if (s->has_started)
        return 0;
    dialect_chat_read_start(chunk, &ev.start);
    if (ev.start.id.n == 0 && json_count(json_get(chunk, "choices")) == 0)
        return 0;
    s->has_started = true;
    s->seed = bounded(d->a, ev.start.id, SEED_MAX);
    return sink_put(&d->sink, &ev);
}

static int put_failure(struct decoder *d, const struct json *chunk)
{
    struct event ev = {.kind = EV_ERROR};
    const struct json *choice = first_choice(chunk);
    ev.failure = (struct failure){.class = FAILURE_SERVER, .retry_ms = -1};
    dialect_chat_read_error(d->scratch, json_get(choice, "error") ? choice : chunk, S_EMPTY,
                            &ev.failure);
    d->has_ended = true;
    return sink_put(&d->sink, &ev);
}

static bool is_failure(const struct message *m, const struct json *chunk)
{
    return str_eq(m->type, S("error")) || dialect_chat_is_error(chunk) ||
           json_count(json_get(first_choice(chunk), "error")) > 0;
}

/* Sources, where the vendor says them in every chunk: once, with the last. */
static int put_sources(struct decoder *d, struct stream *s, const struct json *chunk)
{
    struct annotation *first = NULL;
    struct at at = {.d = d, .s = s, .c = s->choices};
    bool is_last = str_eq(json_str(json_get(first_choice(chunk), "finish_reason")), S("stop"));
    if (!is_last || !at.c || !at.c->has_text || at.c->is_finished)
        return 0;
    int rc = 0;
    dialect_chat_read_sources(d->scratch, chunk, &first);
    for (const struct annotation *n = first; rc == 0 && n; n = n->next)
        rc = put_annotation(&at, n);
    return rc;
}

static int read_chunk(struct decoder *d, struct stream *s, const struct message *m)
{
    const struct json *chunk = NULL;
    int rc = decoder_json(d, m->data, &chunk);
    if (rc != 0)
        return rc;
    if (is_failure(m, chunk)) {
        rc = read_usage(d, s, chunk);
        return rc != 0 ? rc : put_failure(d, chunk);
    }
    s->may_end =
        s->may_end || str_eq(json_str(json_get(chunk, "object")), S("chat.completion.done"));
    rc = read_head(d, s, chunk);
    if (rc == 0)
        rc = put_sources(d, s, chunk);
    if (rc == 0)
        rc = read_choices(d, s, json_get(chunk, "choices"));
    return rc != 0 ? rc : read_usage(d, s, chunk);
}

static bool is_all_finished(const struct stream *s)
{
    for (const struct choice *c = s->choices; c; c = c->next) {
        if (!c->is_finished)
            return false;
    }
    return s->choices != NULL;
}

static int put_end(struct decoder *d, struct stream *s)
{
    int rc = 0;
    if (!s->choices)
        return fail(d, "The provider's stream ended without an answer.");
    for (struct choice *c = s->choices; rc == 0 && c; c = c->next) {
        struct at at = {.d = d, .s = s, .c = c};
        rc = close_all(&at);
        if (c->finish.reason == FINISH_UNSET)
            c->finish.reason = finish_settle(FINISH_STOP, c->n_calls > 0);
        if (rc == 0)
            rc = put(&at, (struct event){.kind = EV_FINISH, .finish = c->finish});
    }
    d->has_ended = true;
    return rc != 0 ? rc : sink_put(&d->sink, &(struct event){.kind = EV_END});
}

static struct stream *stream_of(struct decoder *d)
{
    if (!d->state) {
        struct stream *s = arena_new(d->a, struct stream);
        s->usage = USAGE_NONE;
        d->state = s;
    }
    return d->state;
}

int dialect_chat_read_message(struct decoder *d, const struct message *m)
{
    struct stream *s = stream_of(d);
    if (d->has_ended)
        return 0;
    if (m && !str_eq(str_trim(m->data), S("[DONE]")))
        return read_chunk(d, s, m);
    if (!m && !(s->may_end && is_all_finished(s)))
        return err_set(d->err, d->a, -E_PROVIDER_TRUNCATED,
                       "The provider's stream ended before its end mark.");
    return put_end(d, s);
}
