/* Whole answers: their choices, and their playing as events (the way back is in reply_fold.c).
 *
 * What a stream only knows at the end of a block (a signature) goes out with its BLOCK_STOP,
 * everything else that is no text with its BLOCK_START. */
#include "llm/reply.h"

#include "base/buf.h"
#include "wire/json.h"

void reply_init(struct reply *r)
{
    *r = (struct reply){.start = {.created_s = -1}, .usage = USAGE_NONE};
}

struct reply_choice *reply_choice_at(struct arena *a, struct reply *r, unsigned index)
{
    struct reply_choice *last = r->last_choice;
    struct reply_choice **at = last && last->index < index ? &last->next : &r->choices;
    while (*at && (*at)->index < index)
        at = &(*at)->next;
    if (*at && (*at)->index == index)
        return *at;
    struct reply_choice *c = arena_new(a, struct reply_choice);
    *c = (struct reply_choice){.index = index, .next = *at};
    *at = c;
    if (!c->next)
        r->last_choice = c;
    return c;
}

struct play {
    const struct sink *to;
    unsigned choice, block;
};

static int put(const struct play *p, struct event ev)
{
    ev.choice = p->choice;
    ev.block = p->block;
    return sink_put(p->to, &ev);
}

static int play_delta(const struct play *p, enum delta_kind kind, bool is_summary, str text)
{
    if (text.n == 0 && kind != DELTA_PART)
        return 0;
    return put(p, (struct event){.kind = EV_DELTA,
                                 .delta = {.kind = kind, .is_summary = is_summary, .text = text}});
}

static int play_reasoning(const struct play *p, const struct reasoning *r)
{
    int rc = 0;
    for (const struct reasoning_part *part = r->parts; part && rc == 0; part = part->next) {
        rc = play_delta(p, DELTA_PART, part->is_summary, S_EMPTY);
        if (rc == 0)
            rc = play_delta(p, DELTA_TEXT, part->is_summary, part->text);
    }
    return rc;
}

static int play_args(const struct play *p, const struct tool_call *call)
{
    if (call->args.n > 0 || !call->value)
        return play_delta(p, DELTA_ARGS, false, call->args);
    struct buf text;
    buf_init(&text, SIZE_MAX);
    json_put(&text, call->value);
    int rc = play_delta(p, DELTA_ARGS, false, buf_str(&text));
    buf_fini(&text);
    return rc;
}

static int play_text(const struct play *p, const struct block *b)
{
    switch (b->kind) {
    case BLOCK_TEXT:
    case BLOCK_REFUSAL:
        return play_delta(p, DELTA_TEXT, false, b->text);
    case BLOCK_REASONING:
        return play_reasoning(p, &b->reasoning);
    case BLOCK_TOOL_CALL:
        return play_args(p, &b->call);
    case BLOCK_MEDIA: {
        int rc = play_delta(p, DELTA_CAPTION, false, b->text);
        if (rc == 0 && b->media.source == MEDIA_BASE64)
            rc = play_delta(p, DELTA_MEDIA, false, b->media.bytes);
        return rc;
    }
    case BLOCK_TOOL_RESULT:
    case BLOCK_OPAQUE:
        return 0;
    }
    return 0;
}

/* The proof of a thought shows at its end; whose a call is, at its beginning. */
static bool ends_sealed(const struct block *b)
{
    return b->seal.kind == SEAL_SIGNATURE && b->kind != BLOCK_TOOL_CALL;
}

/* A block as BLOCK_START has it: without its text and without what only shows at its end. */
static struct block beginning(const struct block *b)
{
    struct block begin = *b;
    begin.next = NULL;
    begin.last = NULL;
    begin.text = S_EMPTY;
    begin.annotations = NULL;
    begin.logprobs = NULL;
    if (ends_sealed(b))
        begin.seal = (struct seal){.kind = SEAL_NONE};
    if (b->kind == BLOCK_REASONING) {
        begin.reasoning.parts = NULL;
        begin.reasoning.last_part = NULL;
    }
    if (b->kind == BLOCK_TOOL_CALL) {
        begin.call.args = S_EMPTY;
        begin.call.value = NULL;
    }
    if (b->kind == BLOCK_MEDIA && b->media.source == MEDIA_BASE64)
        begin.media.bytes = S_EMPTY;
    return begin;
}

static int play_end(const struct play *p, const struct block *b)
{
    if (!ends_sealed(b))
        return put(p, (struct event){.kind = EV_BLOCK_STOP});
    struct block end = beginning(b);
    end.seal = b->seal;
    return put(p, (struct event){.kind = EV_BLOCK_STOP, .content = &end});
}

static int play_block(const struct play *p, const struct block *b)
{
    struct block begin = beginning(b);
    int rc = put(p, (struct event){.kind = EV_BLOCK_START, .content = &begin});
    if (rc == 0)
        rc = play_text(p, b);
    for (const struct annotation *n = b->annotations; n && rc == 0; n = n->next)
        rc = put(p, (struct event){.kind = EV_ANNOTATION, .annotation = n});
    if (rc == 0 && b->logprobs)
        rc = put(p, (struct event){.kind = EV_LOGPROBS, .logprobs = b->logprobs});
    return rc == 0 ? play_end(p, b) : rc;
}

static int play_choice(const struct sink *to, const struct reply_choice *c)
{
    struct play p = {.to = to, .choice = c->index};
    int rc = 0;
    for (const struct block *b = c->blocks; b && rc == 0; b = b->next) {
        rc = play_block(&p, b);
        p.block++;
    }
    return rc;
}

int reply_play(const struct reply *r, const struct sink *to)
{
    int rc = sink_put(to, &(struct event){.kind = EV_START, .start = r->start});
    for (const struct reply_choice *c = r->choices; c && rc == 0; c = c->next)
        rc = play_choice(to, c);
    if (rc == 0)
        rc = sink_put(to, &(struct event){.kind = EV_USAGE, .usage = r->usage});
    for (const struct reply_choice *c = r->choices; c && rc == 0; c = c->next)
        rc = sink_put(to,
                      &(struct event){.kind = EV_FINISH, .choice = c->index, .finish = c->finish});
    return rc == 0 ? sink_put(to, &(struct event){.kind = EV_END}) : rc;
}
