/* Writing answers: events in, a stream of this dialect's events or one response object out.
 *
 * Every output item is announced, streamed, repeated whole when it is done, and repeated once more
 * in the final response. So the encoder has to hold the answer; it does so once: the text of an
 * open block in a buffer of its own, what is done as the JSON of its item in one buffer for all,
 * from which output_item.done and the final response are both written. What is held is bounded.
 *
 * Items: texts and refusals that follow each other are parts of one message, unless their provider
 * says that they stand in different ones; calls and reasoning are items of their own. A message
 * stays open until something else begins, since another part may follow. output_index counts items
 * in the order of their announcement.
 *
 * A call of a tool that has an item type of its own here (local_shell) is held back until it stops,
 * because its arguments are no text there. The signature that Gemini gives a call travels as a
 * reasoning item ahead of it.
 *
 * A whole answer is the same thing without events: they go into a buffer without room. */
#include "llm/dialect_responses_build.h"

#include "llm/seal.h"

#define STREAM_HELD_MAX (8u << 20) /* bytes of text an answer's stream may come to */
#define WORDS_MAX       4096       /* bytes of a name or a message of the provider's that is kept */
#define WHOLE_HELD_MAX  (96u << 20) /* of a whole answer, which is held by others already */

/* ---- reasoning ---- */

static void put_thought(struct json_writer *j, const char *key, const struct item *it)
{
    json_begin_object(j, key);
    json_put_str(j, "type", it->is_summary ? S("summary_text") : S("reasoning_text"));
    json_put_str(j, "text", buf_str(&it->text));
    json_end_object(j);
}

static struct json_writer begin_thought_event(struct build *b, const struct item *it,
                                              const char *summary, const char *raw)
{
    struct json_writer j = responses_begin_item_event(b, it->is_summary ? summary : raw, it);
    json_put_int(&j, it->is_summary ? "summary_index" : "content_index",
                 it->n_thoughts[it->is_summary]);
    return j;
}

static void start_thought(struct build *b, struct item *it, bool is_summary)
{
    it->is_summary = is_summary || !it->keeps_raw;
    it->has_part = true;
    struct json_writer j = begin_thought_event(b, it, "response.reasoning_summary_part.added",
                                               "response.content_part.added");
    put_thought(&j, "part", it);
    responses_end_event(b, &j);
}

static void stop_thought(struct build *b, struct item *it)
{
    if (!it->has_part)
        return;
    struct json_writer j = begin_thought_event(b, it, "response.reasoning_summary_text.done",
                                               "response.reasoning_text.done");
    json_put_str(&j, "text", buf_str(&it->text));
    responses_end_event(b, &j);
    struct buf *list = it->is_summary ? &it->summary : &it->parts;
    responses_add_element(list);
    size_t begin = list->n;
    struct json_writer part = json_writer(list);
    put_thought(&part, NULL, it);
    j = begin_thought_event(b, it, "response.reasoning_summary_part.done",
                            "response.content_part.done");
    json_put_raw(&j, "part", str_slice(buf_str(list), begin, list->n));
    responses_end_event(b, &j);
    it->n_thoughts[it->is_summary]++;
    it->has_part = false;
    buf_fini(&it->text);
}

static void add_thought(struct build *b, struct item *it, bool is_summary, str text)
{
    bool as_summary = is_summary || !it->keeps_raw;
    if (it->has_part && it->is_summary != as_summary)
        stop_thought(b, it);
    if (!it->has_part)
        start_thought(b, it, is_summary);
    responses_hold(b, &it->text, text);
    struct json_writer j = begin_thought_event(b, it, "response.reasoning_summary_text.delta",
                                               "response.reasoning_text.delta");
    json_put_str(&j, "delta", text);
    responses_end_event(b, &j);
}

static struct item *reasoning_new(struct build *b, unsigned block)
{
    struct item *it = responses_item_new(b, BLOCK_REASONING, block);
    it->id = responses_made_id(b, it, "rs_" RESPONSES_ID_MARK);
    return it;
}

/* OpenAI's own goes out as it is: the client may give it to OpenAI directly. */
static str sealed(struct build *b, const struct block *content)
{
    if (!content || content->seal.kind == SEAL_NONE)
        return S_EMPTY;
    struct seal s = content->seal;
    if (s.family == FAMILY_UNKNOWN)
        s.family = b->w->family;
    if (s.family == FAMILY_OPENAI)
        return s.value;
    return arena_has_room(b->scratch, 4 * s.value.n) ? seal_wrap(b->scratch, &s) : S_EMPTY;
}

static void start_reasoning(struct build *b, const struct block *content, unsigned block)
{
    bool is_own = content->extras.origin == DIALECT_RESPONSES;
    struct item *it = responses_item_new(b, BLOCK_REASONING, block);
    it->id =
        responses_item_id(b, it, is_own ? content->reasoning.id : S_EMPTY, "rs_" RESPONSES_ID_MARK);
    it->keeps_raw = is_own;
    it->has_content = is_own && extras_find(&content->verbatim, S("content"));
    it->status = is_own ? responses_keep(b, it, content->reasoning.status) : S_EMPTY;
    responses_keep_own(b, it, &content->extras);
    if (content->seal.kind == SEAL_REDACTED)
        it->sealed = responses_keep(b, it, sealed(b, content));
    responses_announce(b, it);
}

static void stop_reasoning(struct build *b, struct item *it, const struct block *content)
{
    stop_thought(b, it);
    str value = sealed(b, content);
    if (content && it->keeps_raw && content->reasoning.status.n > 0)
        it->status = responses_keep(b, it, content->reasoning.status);
    if (content)
        responses_keep_own(b, it, &content->extras);
    responses_finish_item(b, it, S_EMPTY, value.n > 0 ? value : it->sealed);
}

/* ---- calls ---- */

static const struct responses_builtin *builtin_of(const struct build *b, str name)
{
    const struct tool *t = b->w->asked ? b->w->asked->tools : NULL;
    while (t && (t->type.n == 0 || t->kind != TOOL_FUNCTION || !str_eq(t->name, name)))
        t = t->next;
    return t ? responses_builtin_of_tool(t->type) : NULL;
}

/* The signature of a call, as an item of its own. */
static void put_call_seal(struct build *b, const struct seal *seal)
{
    bool fits = seal->kind != SEAL_NONE && arena_has_room(b->scratch, 4 * seal->value.n);
    str value = fits ? seal_wrap_call(b->scratch, seal) : S_EMPTY;
    if (value.n == 0)
        return;
    struct item *it = reasoning_new(b, 0);
    responses_announce(b, it);
    responses_finish_item(b, it, S_EMPTY, value);
}

static void start_call(struct build *b, const struct block *content, unsigned block)
{
    put_call_seal(b, &content->seal);
    const struct tool_call *call = &content->call;
    bool is_custom = call->kind == TOOL_CUSTOM;
    struct item *it = responses_item_new(b, BLOCK_TOOL_CALL, block);
    it->tool = call->kind;
    it->id = responses_item_id(
        b, it, content->extras.origin == DIALECT_RESPONSES ? call->item_id : S_EMPTY,
        is_custom ? "ctc_" RESPONSES_ID_MARK : "fc_" RESPONSES_ID_MARK);
    it->call_id = responses_item_id(b, it, call->id, "call_");
    it->name = responses_keep(b, it, call->name);
    it->space = responses_keep(b, it, call->space);
    it->builtin = builtin_of(b, call->name);
    it->status = responses_keep(b, it, call->status);
    responses_keep_own(b, it, &content->extras);
    if (!it->builtin)
        responses_announce(b, it);
}

static void put_args_delta(struct build *b, const struct item *it, str text)
{
    const char *type = it->tool == TOOL_CUSTOM ? "response.custom_tool_call_input.delta"
                                               : "response.function_call_arguments.delta";
    struct json_writer j = responses_begin_item_event(b, type, it);
    json_put_str(&j, "delta", text);
    responses_end_event(b, &j);
}

static void add_args(struct build *b, struct item *it, str text)
{
    responses_hold(b, &it->text, text);
    if (it->is_announced)
        put_args_delta(b, it, text);
}

static void put_args_done(struct build *b, const struct item *it)
{
    bool is_custom = it->tool == TOOL_CUSTOM;
    str args = buf_str(&it->text);
    struct json_writer j =
        responses_begin_item_event(b,
                                   is_custom ? "response.custom_tool_call_input.done"
                                             : "response.function_call_arguments.done",
                                   it);
    if (!is_custom)
        json_put_str(&j, "name", it->name);
    json_put_str(&j, is_custom ? "input" : "arguments", args.n == 0 && !is_custom ? S("{}") : args);
    responses_end_event(b, &j);
}

/* Arguments that are no JSON object cannot stand in an item that wants one. */
static bool is_object(struct build *b, str args)
{
    const struct json *v = NULL;
    size_t at = 0;
    bool fits = arena_has_room(b->scratch, 64 * args.n);
    return fits && json_read(b->scratch, args, &v, &at) == 0 && json_type(v) == JSON_OBJECT;
}

static void announce_late(struct build *b, struct item *it)
{
    if (it->builtin && !is_object(b, buf_str(&it->text)))
        it->builtin = NULL;
    struct buf args = it->text; /* not announced yet: the item's announcement has none */
    buf_init(&it->text, b->max_held * RESPONSES_ESCAPED_MAX);
    if (it->builtin)
        buf_put(&it->text, S("{}"));
    responses_announce(b, it);
    buf_fini(&it->text);
    it->text = args;
    if (!it->builtin && it->text.n > 0)
        put_args_delta(b, it, buf_str(&it->text));
}

static void stop_call(struct build *b, struct item *it, const struct block *content)
{
    if (!it->is_announced)
        announce_late(b, it);
    if (!it->builtin)
        put_args_done(b, it);
    if (content)
        responses_keep_own(b, it, &content->extras);
    responses_finish_item(b, it, it->status.n > 0 ? it->status : S("completed"), S_EMPTY);
    if (content)
        put_call_seal(b, &content->seal);
}

/* ---- other blocks ---- */

/* An item that only this dialect knows is whole already. */
static void put_opaque(struct build *b, const struct block *content)
{
    if (!content->is_item || content->extras.origin != DIALECT_RESPONSES || !content->raw)
        return;
    unsigned index = b->n_items++;
    struct json_writer j = responses_begin_event(b, "response.output_item.added");
    json_put_int(&j, "output_index", index);
    json_put_value(&j, "item", content->raw);
    responses_end_event(b, &j);
    size_t begin = b->done.n;
    json_put(&b->done, content->raw);
    b->held += b->done.n - begin;
    responses_add_done(b, index, begin);
}

/* A picture is an image generation's result; of sound only what is said in it is shown. */
static void start_media(struct build *b, const struct block *content, unsigned block)
{
    if (content->media.kind == MEDIA_AUDIO) {
        responses_start_text(b, content, block, false);
        return;
    }
    struct item *it = responses_item_new(b, BLOCK_MEDIA, block);
    it->is_blank = content->media.kind != MEDIA_IMAGE || content->media.source != MEDIA_BASE64;
    it->id = responses_made_id(b, it, "ig_" RESPONSES_ID_MARK);
    if (!it->is_blank)
        responses_announce(b, it);
}

static void start_block(struct build *b, const struct event *ev)
{
    static const struct block nothing = {.kind = BLOCK_TEXT};
    const struct block *content = ev->content ? ev->content : &nothing;
    bool is_part = content->kind == BLOCK_TEXT || content->kind == BLOCK_REFUSAL ||
                   (content->kind == BLOCK_MEDIA && content->media.kind == MEDIA_AUDIO);
    if (!is_part)
        responses_leave_message(b, S("completed"));
    switch (content->kind) {
    case BLOCK_TEXT:
    case BLOCK_REFUSAL:
        responses_start_text(b, content, ev->block, content->kind == BLOCK_REFUSAL);
        break;
    case BLOCK_REASONING:
        start_reasoning(b, content, ev->block);
        break;
    case BLOCK_TOOL_CALL:
        start_call(b, content, ev->block);
        break;
    case BLOCK_MEDIA:
        start_media(b, content, ev->block);
        break;
    case BLOCK_OPAQUE:
        put_opaque(b, content);
        break;
    case BLOCK_TOOL_RESULT:
        break;
    }
}

static void delta(struct build *b, const struct event *ev)
{
    struct item *it = responses_item_of(b, ev->block);
    enum delta_kind kind = ev->delta.kind;
    if (!it || it->is_blank)
        return;
    switch (it->kind) {
    case BLOCK_TEXT:
        if (kind == DELTA_TEXT || kind == DELTA_CAPTION)
            responses_add_text(b, it, ev->delta.text);
        break;
    case BLOCK_REASONING:
        if (kind == DELTA_PART) {
            stop_thought(b, it);
            start_thought(b, it, ev->delta.is_summary);
        } else if (kind == DELTA_TEXT) {
            add_thought(b, it, ev->delta.is_summary, ev->delta.text);
        }
        break;
    case BLOCK_TOOL_CALL:
        if (kind == DELTA_ARGS)
            add_args(b, it, ev->delta.text);
        break;
    case BLOCK_MEDIA:
        if (kind == DELTA_MEDIA)
            responses_hold(b, &it->text, ev->delta.text);
        break;
    case BLOCK_REFUSAL:
    case BLOCK_TOOL_RESULT:
    case BLOCK_OPAQUE:
        break;
    }
}

static void stop_item(struct build *b, struct item *it, const struct block *content)
{
    switch (it->kind) {
    case BLOCK_TEXT:
        responses_stop_text(b, it);
        break;
    case BLOCK_REASONING:
        stop_reasoning(b, it, content);
        break;
    case BLOCK_TOOL_CALL:
        stop_call(b, it, content);
        break;
    case BLOCK_MEDIA:
        if (it->is_blank)
            responses_item_free(b, it);
        else
            responses_finish_item(b, it, S("completed"), S_EMPTY);
        break;
    case BLOCK_REFUSAL:
    case BLOCK_TOOL_RESULT:
    case BLOCK_OPAQUE:
        break;
    }
}

/* ---- beginning and end ---- */

static void start(struct build *b, const struct start *s)
{
    if (b->has_started)
        return;
    b->has_started = true;
    bool keeps_id = b->state.extras || str_has_prefix(s->id, S("resp_"));
    b->state.asked = b->w->asked;
    b->state.id = keeps_id ? arena_str(b->a, str_slice(s->id, 0, WORDS_MAX))
                           : make_id(b->a, "resp_", b->w->id_seed, 0);
    b->state.model =
        arena_str(b->a, str_slice(b->w->model.n > 0 ? b->w->model : s->model, 0, WORDS_MAX));
    b->state.service_tier = arena_str(b->a, str_slice(s->service_tier, 0, WORDS_MAX));
    b->state.created_s = s->created_s >= 0 ? s->created_s : b->w->now_s;
    b->state.completed_s = -1;
    b->state.status = S("in_progress");
    b->usage = USAGE_NONE;
    responses_put_response_event(b, "response.created");
    responses_put_response_event(b, "response.in_progress");
}

/* How each end is said here; a response that is not complete says why. A refusal in words is a
 * complete response, one without a word has been filtered. */
static const char *incomplete_reason(const struct build *b)
{
    switch (b->finish.reason) {
    case FINISH_LENGTH:
    case FINISH_CONTEXT_WINDOW:
    case FINISH_CONTINUATION:
        return "max_output_tokens";
    case FINISH_CONTENT_FILTER:
        return "content_filter";
    case FINISH_REFUSAL:
        return b->has_refusal ? NULL : "content_filter";
    case FINISH_UNSET:
    case FINISH_STOP:
    case FINISH_STOP_SEQUENCE:
    case FINISH_TOOL_CALLS:
    case FINISH_PAUSE:
    case FINISH_MALFORMED_TOOL:
    case FINISH_ERROR:
    case FINISH_OTHER:
        break;
    }
    return NULL;
}

/* Ends whatever is still open. */
static void stop_all(struct build *b, str status)
{
    responses_flush(b, S_EMPTY);
    while (b->open) {
        struct item *it = b->open;
        bool has_open_block = it->kind != BLOCK_TEXT || it->has_part;
        if (it == b->message && !has_open_block)
            responses_leave_message(b, status);
        else if (has_open_block)
            stop_item(b, it, NULL);
        else
            responses_finish_item(b, it, status, S_EMPTY);
    }
}

static void finish(struct build *b, const struct finishing *f)
{
    b->finish = *f;
    b->finish.message = arena_str(b->a, str_slice(f->message, 0, WORDS_MAX));
    b->finish.native = arena_str(b->a, str_slice(f->native, 0, WORDS_MAX));
    b->finish.details = NULL;
    stop_all(b, incomplete_reason(b) ? S("incomplete") : S("completed"));
}

/* An answer of this dialect that ended in a way of its own keeps its own word. */
static bool is_own_status(const struct build *b)
{
    static const char *const words[] = {"queued", "in_progress", "cancelled"};
    for (size_t i = 0; b->state.extras && i < ARRAY_LEN(words); i++) {
        if (str_eq(b->finish.native, str_from_cz(words[i])))
            return true;
    }
    return false;
}

/* The last state: status, why, usage. */
static const char *settle(struct build *b)
{
    const char *reason = incomplete_reason(b);
    bool failed = b->finish.reason == FINISH_ERROR || b->finish.reason == FINISH_MALFORMED_TOOL;
    b->state.usage = &b->usage;
    if (failed) {
        struct failure *f = arena_new(b->a, struct failure);
        *f = (struct failure){.class = FAILURE_SERVER, .message = b->finish.message};
        if (f->message.n == 0)
            f->message = S("The model could not complete its answer.");
        b->state.failure = f;
        b->state.status = S("failed");
        return "response.failed";
    }
    if (reason) {
        b->state.incomplete = str_from_cz(reason);
        b->state.status = S("incomplete");
        return "response.incomplete";
    }
    b->state.status = is_own_status(b) ? b->finish.native : S("completed");
    b->state.completed_s = b->w->now_s;
    return "response.completed";
}

static void end(struct build *b)
{
    stop_all(b, S("completed"));
    responses_put_response_event(b, settle(b));
    b->has_ended = true;
}

/* The error event as the reference has it, with the object that OpenAI sends beside it and that its
 * SDKs throw; then the end that clients wait for. */
static void fail(struct build *b, const struct failure *f)
{
    static const struct start nothing = {.created_s = -1};
    str type, code;
    responses_failure_words(f, &type, &code);
    start(b, &nothing);
    struct json_writer j = responses_begin_event(b, "error");
    for (int level = 0; level < 2; level++) {
        if (level > 0) {
            json_begin_object(&j, "error");
            json_put_str(&j, "type", type);
        }
        if (code.n > 0)
            json_put_str(&j, "code", code);
        else
            json_put_null(&j, "code");
        json_put_str(&j, "message", f->message);
        if (f->param.n > 0)
            json_put_str(&j, "param", f->param);
        else
            json_put_null(&j, "param");
    }
    if (f->gateway.n > 0)
        json_put_raw(&j, "gateway", f->gateway);
    json_end_object(&j);
    responses_end_event(b, &j);
    b->state.failure = f;
    b->state.status = S("failed");
    b->state.usage = &b->usage;
    responses_put_response_event(b, "response.failed");
    b->state.failure = NULL; /* it does not outlive the event */
    b->has_ended = true;
}

/* ---- the encoder ---- */

static void build_free(void *obj)
{
    struct build *b = obj;
    while (b->open)
        responses_item_free(b, b->open);
    buf_fini(&b->done);
    buf_fini(&b->spans);
    buf_fini(&b->waiting);
    arena_fini(&b->records);
}

static struct build *build_new(struct arena *a, struct arena *scratch, const struct writing *w,
                               size_t max_held)
{
    struct build *b = arena_new(a, struct build);
    b->a = a;
    b->scratch = scratch;
    b->w = w;
    b->max_held = max_held;
    buf_init(&b->done, max_held * RESPONSES_ESCAPED_MAX);
    buf_init(&b->spans, max_held);
    arena_init(&b->records, sizeof(struct item), 2 * max_held + (1u << 20));
    buf_init(&b->waiting, max_held);
    buf_init(&b->no_room, 0);
    b->out = &b->no_room;
    arena_on_fini(a, build_free, b);
    return b;
}

static void take(struct build *b, const struct event *ev)
{
    struct item *it =
        ev->kind == EV_ANNOTATION || ev->kind == EV_LOGPROBS || ev->kind == EV_BLOCK_STOP
            ? responses_item_of(b, ev->block)
            : NULL;
    if (ev->kind != EV_LOGPROBS)
        responses_flush(b, S_EMPTY);
    switch (ev->kind) {
    case EV_START:
        start(b, &ev->start);
        break;
    case EV_BLOCK_START:
        start_block(b, ev);
        break;
    case EV_DELTA:
        delta(b, ev);
        break;
    case EV_ANNOTATION:
        if (it && it->kind == BLOCK_TEXT)
            responses_add_note(b, it, ev->annotation);
        break;
    case EV_LOGPROBS:
        if (it && it->kind == BLOCK_TEXT && !it->is_refusal)
            responses_add_logprobs(b, it, ev->logprobs);
        break;
    case EV_BLOCK_STOP:
        if (it)
            stop_item(b, it, ev->content);
        break;
    case EV_USAGE:
        usage_update(&b->usage, &ev->usage);
        break;
    case EV_FINISH:
        finish(b, &ev->finish);
        break;
    case EV_END:
        end(b);
        break;
    case EV_ERROR:
        fail(b, &ev->failure);
        break;
    case EV_PING:
        sse_put_comment(b->out, S("ping"));
        break;
    case EV_NOTICE:
        break;
    }
}

/* This dialect knows one answer: other choices are not asked for, and not shown. */
static int feed(struct build *b, const struct event *ev)
{
    if (b->has_ended || ev->choice > 0)
        return 0;
    take(b, ev);
    if (!b->has_overflown || b->has_ended)
        return 0;
    struct failure f = {.class = FAILURE_SERVER,
                        .message = S("The answer is larger than the gateway can hold for a client "
                                     "of this dialect."),
                        .retry_ms = -1};
    fail(b, &f);
    return -E_PROVIDER_TOO_LARGE;
}

int responses_write_event(struct encoder *e, const struct event *ev)
{
    struct build *b = e->state;
    if (!b) {
        b = build_new(e->a, e->scratch, &e->w, STREAM_HELD_MAX);
        e->state = b;
    }
    b->out = e->out;
    return feed(b, ev);
}

static int put_event(void *arg, const struct event *ev)
{
    return feed(arg, ev);
}

int responses_write_reply(struct writing *w, const struct reply *r, struct buf *out)
{
    struct build *b = build_new(w->a, w->a, w, WHOLE_HELD_MAX);
    bool is_own = r->extras.origin == DIALECT_RESPONSES;
    b->state.extras = is_own ? &r->extras : NULL;
    b->state.usage_raw = is_own ? r->usage_raw : NULL;
    int rc = reply_play(r, &(struct sink){.put = put_event, .arg = b});
    if (rc != 0)
        return err_set(w->err, w->a, rc, "The answer is larger than the gateway can translate.");
    struct json_writer j = json_writer(out);
    responses_begin_response(&j, NULL, b->scratch, &b->state);
    responses_put_output(&j, b);
    json_end_object(&j);
    build_free(b);
    return buf_is_ok(out) ? 0 : err_set_code(w->err, -E_TOO_LARGE);
}
