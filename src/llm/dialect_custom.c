/* The dialect of providers that their operators describe (llm/custom.h).
 *
 * What a request says becomes the values of the template's places; what the template has no place
 * for is lost, and told. Answers are looked at where the pointers point: the text must be there,
 * unless tool calls are; everything else may be missing. A stream ends with its last event, or with
 * its bytes where none is named. */
#include "llm/custom.h"

#include "llm/carry.h"
#include "llm/dialect_chat.h"
#include "llm/plain.h"

/* ---- requests ---- */

struct request {
    struct writing *w;
    const struct custom *custom;
    struct chat chat; /* without the system text, where that has its own place */
    struct custom_values values;
};

static bool has(const struct request *q, enum custom_place place)
{
    return (q->custom->body.places & 1u << place) != 0;
}

/* JSON text as a value. The text comes from a writer; it may only be too large. */
static int set_json(struct request *q, enum custom_place place, str text)
{
    size_t error_at;
    if (json_read(q->w->a, text, &q->values.at[place], &error_at) == 0)
        return 0;
    return writing_refuse(q->w, "messages", "The conversation is too large.");
}

static int set_text(struct request *q, enum custom_place place, str text)
{
    struct buf quoted;
    int rc = 0;
    buf_init(&quoted, SIZE_MAX);
    buf_put_json(&quoted, text);
    if (has(q, place))
        rc = set_json(q, place, buf_str(&quoted));
    buf_fini(&quoted);
    return rc;
}

/* The leading system text goes to its own place, if there is one. */
static int take_system(struct request *q)
{
    struct chat *c = &q->chat;
    struct buf text;
    if (!has(q, CUSTOM_SYSTEM))
        return 0;
    buf_init(&text, SIZE_MAX);
    buf_put(&text, block_list_text(q->w->a, c->instructions, S("\n\n")));
    for (; c->turns && turn_is_leading(c, c->turns); c->turns = c->turns->next) {
        if (text.n > 0)
            buf_put(&text, S("\n\n"));
        buf_put(&text, block_list_text(q->w->a, c->turns->blocks, S("\n\n")));
    }
    c->instructions = NULL;
    c->n_leading = 0;
    if (!c->turns)
        c->last_turn = NULL;
    int rc = text.n > 0 ? set_text(q, CUSTOM_SYSTEM, buf_str(&text)) : 0;
    buf_fini(&text);
    return rc;
}

static int take_prompt(struct request *q)
{
    struct buf prompt;
    if (!has(q, CUSTOM_PROMPT))
        return 0;
    buf_init(&prompt, SIZE_MAX);
    int rc = plain_prompt(q->w, &q->chat, false, &prompt);
    if (rc == 0)
        rc = set_text(q, CUSTOM_PROMPT, buf_str(&prompt));
    buf_fini(&prompt);
    return rc;
}

/* Messages and tools as chat writes them. */
static int take_chat(struct request *q)
{
    const struct json *made = NULL;
    size_t error_at;
    struct buf text;
    if (!has(q, CUSTOM_MESSAGES) && !has(q, CUSTOM_TOOLS))
        return 0;
    buf_init(&text, SIZE_MAX);
    struct dialect_chat_pen pen = dialect_chat_pen(q->w, &q->chat, &text, DIALECT_CHAT);
    json_begin_object(&pen.j, NULL);
    int rc = has(q, CUSTOM_MESSAGES) ? dialect_chat_put_messages(&pen) : 0;
    if (rc == 0 && has(q, CUSTOM_TOOLS))
        dialect_chat_put_tools(&pen);
    json_end_object(&pen.j);
    if (rc == 0 && json_read(q->w->a, buf_str(&text), &made, &error_at) != 0)
        rc = writing_refuse(q->w, "messages", "The conversation is too large.");
    buf_fini(&text);
    q->values.at[CUSTOM_MESSAGES] = json_get(made, "messages");
    q->values.at[CUSTOM_TOOLS] = json_get(made, "tools");
    q->values.at[CUSTOM_TOOL_CHOICE] = json_get(made, "tool_choice");
    return rc;
}

static int take_numbers(struct request *q)
{
    const struct sampling *s = &q->chat.sampling;
    const struct {
        enum custom_place place;
        str text;
    } numbers[] = {
        {CUSTOM_MAX_TOKENS, q->chat.max_output},
        {CUSTOM_TEMPERATURE, s->temperature},
        {CUSTOM_TOP_P, s->top_p},
        {CUSTOM_TOP_K, s->top_k},
        {CUSTOM_FREQUENCY_PENALTY, s->frequency_penalty},
        {CUSTOM_PRESENCE_PENALTY, s->presence_penalty},
        {CUSTOM_SEED, s->seed},
    };
    int rc = 0;
    for (size_t i = 0; i < ARRAY_LEN(numbers) && rc == 0; i++) {
        if (numbers[i].text.n > 0)
            rc = set_json(q, numbers[i].place, numbers[i].text);
    }
    return rc;
}

static int take_stop(struct request *q)
{
    struct buf list;
    if (q->chat.n_stop == 0)
        return 0;
    buf_init(&list, SIZE_MAX);
    struct json_writer json = json_writer(&list);
    json_begin_array(&json, NULL);
    for (size_t i = 0; i < q->chat.n_stop; i++)
        json_put_str(&json, NULL, q->chat.stop[i]);
    json_end_array(&json);
    int rc = set_json(q, CUSTOM_STOP, buf_str(&list));
    buf_fini(&list);
    return rc;
}

static int take_all(struct request *q)
{
    bool is_stream = q->chat.is_stream && q->custom->streams;
    int rc = set_text(q, CUSTOM_MODEL, q->w->model.n > 0 ? q->w->model : q->chat.model);
    if (rc == 0)
        rc = set_json(q, CUSTOM_STREAM, is_stream ? S("true") : S("false"));
    if (rc == 0 && q->chat.user.n > 0)
        rc = set_text(q, CUSTOM_USER, q->chat.user);
    if (rc == 0)
        rc = take_system(q);
    if (rc == 0)
        rc = take_prompt(q);
    if (rc == 0)
        rc = take_chat(q);
    if (rc == 0)
        rc = take_numbers(q);
    return rc == 0 ? take_stop(q) : rc;
}

static uint64_t carried(const struct custom *custom)
{
    static const struct {
        enum custom_place place;
        uint64_t settings;
    } table[] = {
        {CUSTOM_MAX_TOKENS, SETTING_BIT(MAX_OUTPUT)},
        {CUSTOM_TEMPERATURE, SETTING_BIT(TEMPERATURE)},
        {CUSTOM_TOP_P, SETTING_BIT(TOP_P)},
        {CUSTOM_TOP_K, SETTING_BIT(TOP_K)},
        {CUSTOM_FREQUENCY_PENALTY, SETTING_BIT(FREQUENCY_PENALTY)},
        {CUSTOM_PRESENCE_PENALTY, SETTING_BIT(PRESENCE_PENALTY)},
        {CUSTOM_SEED, SETTING_BIT(SEED)},
        {CUSTOM_STOP, SETTING_BIT(STOP)},
        {CUSTOM_USER, SETTING_BIT(USER)},
        {CUSTOM_TOOLS, SETTING_BIT(STRICT)},
        {CUSTOM_TOOL_CHOICE, SETTING_BIT(TOOL_CHOICE)},
    };
    uint64_t bits = SETTING_BIT(CACHE);
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if ((custom->body.places & 1u << table[i].place) != 0)
            bits |= table[i].settings;
    }
    return bits;
}

static int write_request(struct writing *w, const struct chat *c, struct buf *out)
{
    must(w->custom);
    struct request q = {.w = w, .custom = w->custom, .chat = *c};
    int rc = settings_carry(w, c, DIALECT_CUSTOM, carried(w->custom));
    if (rc == 0)
        rc = writing_check_room(w, c);
    if (rc == 0 && c->tools && c->choice.mode != CHOICE_NONE && !has(&q, CUSTOM_TOOLS))
        rc = writing_refuse(w, "tools", "The model's provider has no place for tools.");
    if (rc == 0)
        rc = take_all(&q);
    if (rc != 0)
        return rc;
    struct json_writer json = json_writer(out);
    custom_template_put(&json, w->a, &w->custom->body, &q.values);
    return 0;
}

/* ---- answers ---- */

static str finish_at(const struct custom_answer *at, const struct json *body)
{
    return json_str(custom_pointer_find(&at->finish, body));
}

static void read_count(const struct custom_pointer *p, const struct json *body, int64_t *out)
{
    int64_t n;
    if (json_i64(custom_pointer_find(p, body), &n) && n >= 0)
        *out = n;
}

static struct usage usage_at(const struct custom_answer *at, const struct json *body)
{
    struct usage u = USAGE_NONE;
    read_count(&at->input_tokens, body, &u.input_tokens);
    read_count(&at->output_tokens, body, &u.output_tokens);
    return u;
}

static int read_calls(struct reading *r, const struct json *list, struct block **blocks)
{
    long i = 0;
    int rc = 0;
    for (struct json_iter it = json_iter(list); rc == 0 && json_iter_next(&it); i++) {
        struct reading in = reading_at(r, "tool_calls", i);
        struct block *b = NULL;
        rc = dialect_chat_read_call(&in, it.value, &b);
        if (rc == 0 && b->call.name.n == 0)
            rc = member_fail(&in, "function.name", "The provider sent a tool call without a name.");
        if (rc != 0)
            return rc;
        if (b->call.id.n == 0)
            b->call.id = make_id(r->a, "call_", b->call.name, (unsigned)i);
        block_add(blocks, b);
    }
    return rc;
}

static int read_reply(struct reading *r, const struct json *body, struct reply *out)
{
    must(r->custom);
    const struct custom_answer *at = &r->custom->reply;
    const struct json *calls = custom_pointer_find(&at->tool_calls, body);
    str text = S_EMPTY, thoughts = S_EMPTY;
    struct block *called = NULL;
    bool has_text = plain_find_text(custom_pointer_find(&at->text, body), &text);
    if (!has_text && json_count(calls) == 0)
        return member_fail(r, "", "The provider's answer has no text where one should be.");
    int rc = read_calls(r, calls, &called);
    if (rc != 0)
        return rc;
    struct reply_choice *c = reply_choice_at(r->a, out, 0);
    if (plain_find_text(custom_pointer_find(&at->reasoning, body), &thoughts) && thoughts.n > 0) {
        struct block *b = block_new(r->a, BLOCK_REASONING);
        reasoning_add(r->a, &b->reasoning, false, thoughts);
        block_add(&c->blocks, b);
    }
    plain_reply(r->a, out, text, finish_at(at, body));
    if (called)
        block_add(&c->blocks, called);
    c->finish.reason = finish_settle(c->finish.reason, called != NULL);
    out->usage = usage_at(at, body);
    return 0;
}

/* ---- streams ---- */

static int read_event(struct decoder *d, struct plain_stream *s, const struct json *v)
{
    const struct custom_answer *at = &d->custom->stream;
    struct event error = {.kind = EV_ERROR, .failure = {.class = FAILURE_SERVER, .retry_ms = -1}};
    struct usage usage = usage_at(at, v);
    str text = S_EMPTY, thoughts = S_EMPTY;
    if (custom_find_error(at, v, &error.failure.message)) {
        d->has_ended = true;
        return sink_put(&d->sink, &error);
    }
    (void)plain_find_text(custom_pointer_find(&at->reasoning, v), &thoughts);
    (void)plain_find_text(custom_pointer_find(&at->text, v), &text);
    plain_note_finish(s, finish_at(at, v));
    usage_update(&s->usage, &usage);
    int rc = thoughts.n > 0 ? plain_think(d, s, thoughts) : 0;
    return rc == 0 ? plain_say(d, s, text) : rc;
}

static int read_message(struct decoder *d, const struct message *m)
{
    must(d->custom);
    const struct custom *custom = d->custom;
    const struct json *v = NULL;
    struct plain_stream *s = plain_stream_of(d);
    if (d->has_ended)
        return 0;
    bool is_done = m && custom->done.n > 0 && str_eq(str_trim(m->data), custom->done);
    bool may_end = is_done || (!m && custom->done.n == 0 && s->has_started);
    if (may_end)
        return plain_end(d, s, s->finish, &s->usage);
    if (!m)
        return plain_truncated(d);
    int rc = decoder_json(d, m->data, &v);
    return rc == 0 ? read_event(d, s, v) : rc;
}

const struct codec dialect_custom = {
    .read_request = plain_read_request,
    .write_request = write_request,
    .read_message = read_message,
    .read_reply = read_reply,
    .write_event = plain_write_event,
    .write_reply = plain_write_reply,
    .read_error = dialect_chat_read_error, /* the usual places; see also custom_find_error */
    .write_error = plain_write_error,
};
