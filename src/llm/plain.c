/* A conversation as a prompt, and a text as an answer.
 *
 * Engines without a chat route leave the model's own template to their callers, and nobody here
 * knows it; so roles are written as words, which every model has seen, and a single question goes
 * out without any. What the words "User:" mean is a guess of the model's: hence the note. A model
 * of which more is known deserves its engine's chat route, or templates of the operator's. */
#include "llm/plain.h"

#include <string.h>

#include "llm/carry.h"
#include "llm/media.h"

/* ---- requests ---- */

struct prompt {
    struct writing *w;
    struct buf *out;
    bool takes_images;
};

static int refuse_block(struct prompt *p, const struct block *b)
{
    switch (b->kind) {
    case BLOCK_TOOL_CALL:
    case BLOCK_TOOL_RESULT:
        return writing_refuse(p->w, "messages",
                              "The model takes text only: it has no tools, and cannot be given "
                              "calls and results.");
    case BLOCK_MEDIA:
        return writing_refuse(p->w, "messages",
                              "The model takes text only, no files of the type \"" STR_FMT "\".",
                              STR_ARG(b->media.mime));
    case BLOCK_REASONING:
        loss_add(p->w->loss, LOSS_DROPPED, S("messages.content.reasoning"));
        return 0;
    case BLOCK_OPAQUE:
        loss_add(p->w->loss, LOSS_DROPPED, b->type.n > 0 ? b->type : S("messages.content"));
        return 0;
    case BLOCK_TEXT:
    case BLOCK_REFUSAL:
        break;
    }
    return 0;
}

static bool is_image(const struct prompt *p, const struct block *b)
{
    return p->takes_images && b->kind == BLOCK_MEDIA && b->media.kind == MEDIA_IMAGE;
}

static int put_image(struct prompt *p, const struct media *m)
{
    str url = media_url(p->w->a, m);
    if (url.n == 0)
        return writing_refuse(p->w, "messages",
                              "A file kept at another provider cannot be given to this one.");
    buf_put(p->out, S("![]("));
    buf_put(p->out, url);
    buf_put_char(p->out, ')');
    return 0;
}

/* A blank line between what stands in `out` from `begin` on and what follows. */
static void part(struct buf *out, size_t begin)
{
    if (out->n > begin)
        buf_put(out, S("\n\n"));
}

static int put_blocks(struct prompt *p, const struct block *list)
{
    size_t begin = p->out->n;
    int rc = 0;
    for (const struct block *b = list; b && rc == 0; b = b->next) {
        bool is_text = b->kind == BLOCK_TEXT || b->kind == BLOCK_REFUSAL;
        if (is_image(p, b)) {
            rc = put_image(p, &b->media); /* stands close to the text it belongs to */
        } else if (is_text) {
            part(p->out, begin);
            buf_put(p->out, b->text);
        } else {
            rc = refuse_block(p, b);
        }
    }
    return rc;
}

static bool is_system(const struct turn *t)
{
    return t->role == ROLE_SYSTEM || t->role == ROLE_DEVELOPER;
}

static const char *label(const struct turn *t)
{
    if (is_system(t))
        return "System:\n";
    return t->role == ROLE_ASSISTANT ? "Assistant:\n" : "User:\n";
}

/* Is there more than one message of the user, behind what the system says? */
static bool is_dialogue(const struct chat *c)
{
    const struct turn *t = c->turns;
    while (t && turn_is_leading(c, t))
        t = t->next;
    return t && (t->role != ROLE_USER || t->next);
}

static int put_turns(struct prompt *p, const struct chat *c, size_t begin)
{
    bool has_labels = is_dialogue(c);
    int rc = 0;
    if (has_labels)
        loss_add(p->w->loss, LOSS_EMULATED, S("messages"));
    for (const struct turn *t = c->turns; t && rc == 0; t = t->next) {
        part(p->out, begin);
        if (has_labels && !turn_is_leading(c, t))
            buf_put(p->out, str_from_cz(label(t)));
        if (t->name.n > 0)
            loss_add(p->w->loss, LOSS_DROPPED, S("messages.name"));
        rc = put_blocks(p, t->blocks);
    }
    if (has_labels && c->last_turn->role != ROLE_ASSISTANT) {
        part(p->out, begin);
        buf_put(p->out, S("Assistant:\n"));
    }
    return rc;
}

int plain_prompt(struct writing *w, const struct chat *c, bool takes_images, struct buf *out)
{
    struct prompt p = {.w = w, .out = out, .takes_images = takes_images};
    size_t begin = out->n;
    if (c->tools && c->choice.mode != CHOICE_NONE)
        return writing_refuse(w, "tools", "The model takes text only: it has no tools.");
    int rc = put_blocks(&p, c->instructions);
    if (rc == 0)
        rc = put_turns(&p, c, begin);
    return rc;
}

void plain_put_numbers(struct json_writer *json, const struct plain_number *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (numbers[i].text.n > 0)
            json_put_number(json, numbers[i].key, numbers[i].text);
    }
}

void plain_put_stop(struct json_writer *json, const char *key, const struct chat *c)
{
    if (c->n_stop == 0)
        return;
    json_begin_array(json, key);
    for (size_t i = 0; i < c->n_stop; i++)
        json_put_str(json, NULL, c->stop[i]);
    json_end_array(json);
}

/* ---- answers ---- */

#define TEXT_DEPTH_MAX 6

static const struct json *text_member(const struct json *object)
{
    static const char *const names[] = {
        "generated_text", "text",   "output_text", "text_output", "output", "response",
        "content",        "answer", "completion",  "candidates",  "outputs"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct json *v = json_get(object, names[i]);
        if (v && json_type(v) != JSON_NULL)
            return v;
    }
    return NULL;
}

bool plain_find_text(const struct json *v, str *out)
{
    for (unsigned depth = 0; v && depth < TEXT_DEPTH_MAX; depth++) {
        if (json_is_str(v)) {
            *out = json_str(v);
            return true;
        }
        v = json_type(v) == JSON_ARRAY ? json_at(v, 0) : text_member(v);
    }
    return false;
}

enum finish plain_finish(str word)
{
    static const struct {
        str word;
        enum finish finish;
    } table[] = {
        {{"length", 6}, FINISH_LENGTH},
        {{"max_tokens", 10}, FINISH_LENGTH},
        {{"max_length", 10}, FINISH_LENGTH},
        {{"MAX_TOKENS", 10}, FINISH_LENGTH},
        {{"stop_sequence", 13}, FINISH_STOP_SEQUENCE},
        {{"content_filter", 14}, FINISH_CONTENT_FILTER},
        {{"SAFETY", 6}, FINISH_CONTENT_FILTER},
        {{"error", 5}, FINISH_ERROR},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (str_eq(word, table[i].word))
            return table[i].finish;
    }
    return FINISH_STOP;
}

void plain_reply(struct arena *a, struct reply *out, str text, str finish)
{
    struct reply_choice *c = reply_choice_at(a, out, 0);
    if (text.n > 0)
        block_add(&c->blocks, block_text(a, text));
    c->finish.native = finish;
    c->finish.reason = plain_finish(finish);
}

/* ---- streams ---- */

struct plain_stream *plain_stream_of(struct decoder *d)
{
    if (!d->state) {
        struct plain_stream *s = arena_new(d->a, struct plain_stream);
        s->usage = USAGE_NONE;
        d->state = s;
    }
    return d->state;
}

static int put(struct decoder *d, struct event ev)
{
    return sink_put(&d->sink, &ev);
}

static int start(struct decoder *d, struct plain_stream *s)
{
    if (s->has_started)
        return 0;
    s->has_started = true;
    return put(d, (struct event){.kind = EV_START, .start = {.created_s = -1}});
}

static int stop(struct decoder *d, struct plain_stream *s)
{
    if (!s->has_block)
        return 0;
    s->has_block = false;
    return put(d, (struct event){.kind = EV_BLOCK_STOP, .block = s->block++});
}

/* A piece for the open block, which is closed first when it is of the other kind. */
static int add(struct decoder *d, struct plain_stream *s, bool is_thought, str text)
{
    const struct block block = {.kind = is_thought ? BLOCK_REASONING : BLOCK_TEXT};
    int rc = start(d, s);
    if (rc != 0 || text.n == 0)
        return rc;
    if (s->is_thinking != is_thought)
        rc = stop(d, s);
    if (rc == 0 && !s->has_block) {
        s->has_block = true;
        s->is_thinking = is_thought;
        rc = put(d, (struct event){.kind = EV_BLOCK_START, .block = s->block, .content = &block});
    }
    if (rc != 0)
        return rc;
    return put(d, (struct event){.kind = EV_DELTA,
                                 .block = s->block,
                                 .delta = {.kind = DELTA_TEXT, .text = text}});
}

int plain_think(struct decoder *d, struct plain_stream *s, str text)
{
    return add(d, s, true, text);
}

int plain_say(struct decoder *d, struct plain_stream *s, str text)
{
    return add(d, s, false, text);
}

void plain_note_finish(struct plain_stream *s, str word)
{
    if (word.n == 0 || word.n > sizeof(s->word))
        return;
    memcpy(s->word, word.p, word.n);
    s->finish = str_of(s->word, word.n);
}

int plain_end(struct decoder *d, struct plain_stream *s, str finish, const struct usage *usage)
{
    struct event end = {.kind = EV_FINISH};
    end.finish = (struct finishing){.reason = plain_finish(finish), .native = finish};
    int rc = start(d, s);
    if (rc == 0)
        rc = stop(d, s);
    if (rc == 0 && usage_is_known(usage))
        rc = put(d, (struct event){.kind = EV_USAGE, .usage = *usage});
    if (rc == 0)
        rc = put(d, end);
    d->has_ended = true;
    return rc == 0 ? put(d, (struct event){.kind = EV_END}) : rc;
}

int plain_fail(struct decoder *d, const struct codec *codec, const struct json *body)
{
    struct event ev = {.kind = EV_ERROR};
    ev.failure = (struct failure){.class = FAILURE_SERVER, .retry_ms = -1};
    codec->read_error(d->scratch, body, S_EMPTY, &ev.failure);
    if (ev.failure.message.n == 0)
        ev.failure.message = S("The provider's stream ended in an error.");
    d->has_ended = true;
    return put(d, ev);
}

int plain_truncated(struct decoder *d)
{
    return err_set(d->err, d->a, -E_PROVIDER_TRUNCATED,
                   "The provider's stream ended before its answer was whole.");
}

/* ---- the client's side ---- */

int plain_read_request(struct reading *r, const struct json *body, struct chat *out)
{
    (void)body;
    (void)out;
    return err_set_code(r->err, -E_NOT_SUPPORTED);
}

int plain_write_event(struct encoder *e, const struct event *ev)
{
    (void)e;
    (void)ev;
    return -E_NOT_SUPPORTED;
}

int plain_write_reply(struct writing *w, const struct reply *r, struct buf *out)
{
    (void)r;
    (void)out;
    return err_set_code(w->err, -E_NOT_SUPPORTED);
}

void plain_write_error(const struct failure *f, struct buf *out)
{
    struct json_writer w = json_writer(out);
    json_begin_object(&w, NULL);
    json_put_str(&w, "error", f->message);
    json_end_object(&w);
}
