/* Events folded into a whole answer.
 *
 * While a block is open its text grows in a pooled buffer, and moves to the arena once, when it is
 * whole. A reasoning block has one text per part, logprobs are the elements of an array that comes
 * in pieces, an audio block has a transcript beside its bytes; so an open block has two buffers,
 * one for what it is made of and one for what goes with it. Buffers are used again by later blocks,
 * and an arena's destructor gives them back when the fold is given up.
 *
 * A fold believes its decoder nothing: blocks may be open side by side, events of blocks that
 * nobody opened and deltas of a kind that the block has not are passed over, and every byte kept is
 * taken out of the room that the caller gave. */
#include "base/err.h"
#include "llm/event_copy.h"
#include "llm/reply.h"
#include "wire/json.h"

#define OPEN_MAX    1024 /* blocks open at once: they are looked for one by one */
#define CHOICES_MAX 1024

struct fold_block {
    unsigned choice, number;
    struct block *block;
    struct buf text;             /* the block's, or the last reasoning part's; arguments; base64 */
    struct buf beside;           /* logprobs: elements and commas; of media: the transcript */
    struct reasoning_part *part; /* the one that grows */
    struct annotation *annotation; /* the last one */
    struct fold_block *next;
};

static void release(void *arg)
{
    struct fold_block *open = arg;
    buf_fini(&open->text);
    buf_fini(&open->beside);
}

static struct fold_block *fold_block_new(struct fold *f)
{
    struct fold_block *open = f->spare;
    if (open) {
        f->spare = open->next;
        return open;
    }
    open = arena_new(f->a, struct fold_block);
    buf_init(&open->text, SIZE_MAX);
    buf_init(&open->beside, SIZE_MAX);
    arena_on_fini(f->a, release, open);
    return open;
}

/* Where the pointer to an open block stands; NULL inside when there is none. */
static struct fold_block **find(struct fold *f, const struct event *ev)
{
    struct fold_block **at = &f->open;
    while (*at && ((*at)->choice != ev->choice || (*at)->number != ev->block))
        at = &(*at)->next;
    return at;
}

static int keep(struct fold *f, struct buf *b, str s)
{
    if (s.n > f->room)
        return -E_PROVIDER_TOO_LARGE;
    f->room -= s.n;
    buf_put(b, s);
    return 0;
}

static str settle_text(struct fold *f, struct buf *b)
{
    str s = b->n > 0 ? arena_str(f->a, buf_str(b)) : S_EMPTY;
    buf_reset(b);
    return s;
}

static int begin_block(struct fold *f, const struct event *ev)
{
    if (!ev->content || *find(f, ev))
        return 0;
    if (ev->choice >= CHOICES_MAX || f->n_open >= OPEN_MAX)
        return -E_PROVIDER_TOO_LARGE;
    struct event kept;
    int rc = event_copy(f->a, &f->room, ev, &kept);
    if (rc != 0)
        return rc;
    struct block *b = (struct block *)(uintptr_t)kept.content; /* style: our own copy */
    b->text = S_EMPTY;
    if (b->kind == BLOCK_TOOL_CALL)
        b->call.args = S_EMPTY;
    block_add(&reply_choice_at(f->a, f->reply, ev->choice)->blocks, b);
    struct fold_block *open = fold_block_new(f);
    open->choice = ev->choice;
    open->number = ev->block;
    open->block = b;
    open->part = NULL;
    open->annotation = NULL;
    open->next = f->open;
    f->open = open;
    f->n_open++;
    return 0;
}

/* The part that grew is whole. */
static void settle_part(struct fold *f, struct fold_block *open)
{
    if (open->part)
        open->part->text = settle_text(f, &open->text);
    open->part = NULL;
}

static int begin_part(struct fold *f, struct fold_block *open, bool is_summary)
{
    if (f->room < sizeof(struct reasoning_part))
        return -E_PROVIDER_TOO_LARGE;
    f->room -= sizeof(struct reasoning_part);
    settle_part(f, open);
    reasoning_add(f->a, &open->block->reasoning, is_summary, S_EMPTY);
    open->part = open->block->reasoning.last_part;
    return 0;
}

static int grow_reasoning(struct fold *f, struct fold_block *open, const struct event *ev)
{
    bool is_new = ev->delta.kind == DELTA_PART || !open->part ||
                  open->part->is_summary != ev->delta.is_summary;
    int rc = is_new ? begin_part(f, open, ev->delta.is_summary) : 0;
    return rc == 0 ? keep(f, &open->text, ev->delta.text) : rc;
}

static int grow(struct fold *f, struct fold_block *open, const struct event *ev)
{
    enum block_kind kind = open->block->kind;
    bool is_fitting = false;
    switch (ev->delta.kind) {
    case DELTA_TEXT:
        if (kind == BLOCK_REASONING)
            return grow_reasoning(f, open, ev);
        is_fitting = kind == BLOCK_TEXT || kind == BLOCK_REFUSAL;
        break;
    case DELTA_PART:
        return kind == BLOCK_REASONING ? grow_reasoning(f, open, ev) : 0;
    case DELTA_ARGS:
        is_fitting = kind == BLOCK_TOOL_CALL;
        break;
    case DELTA_MEDIA:
        is_fitting = kind == BLOCK_MEDIA;
        break;
    case DELTA_CAPTION:
        return kind == BLOCK_MEDIA ? keep(f, &open->beside, ev->delta.text) : 0;
    }
    return is_fitting ? keep(f, &open->text, ev->delta.text) : 0;
}

static int add_annotation(struct fold *f, struct fold_block *open, const struct event *ev)
{
    if (!ev->annotation)
        return 0;
    struct event kept;
    int rc = event_copy(f->a, &f->room, ev, &kept);
    if (rc != 0)
        return rc;
    struct annotation *n =
        (struct annotation *)(uintptr_t)kept.annotation; /* style: our own copy */
    if (open->annotation)
        open->annotation->next = n;
    else
        open->block->annotations = n;
    open->annotation = n;
    return 0;
}

static int add_logprobs(struct fold *f, struct fold_block *open, const struct event *ev)
{
    bool is_array = ev->logprobs && json_type(ev->logprobs) == JSON_ARRAY;
    if (!is_array || open->block->kind == BLOCK_MEDIA)
        return 0;
    for (struct json_iter it = json_iter(ev->logprobs); json_iter_next(&it);) {
        size_t before = open->beside.n;
        if (before > 0)
            buf_put_char(&open->beside, ',');
        json_put(&open->beside, it.value);
        size_t n = open->beside.n - before;
        if (n > f->room)
            return -E_PROVIDER_TOO_LARGE;
        f->room -= n;
    }
    return 0;
}

/* The elements that were collected, as the array they make. */
static int settle_logprobs(struct fold *f, struct fold_block *open)
{
    if (open->beside.n == 0)
        return 0;
    struct buf array;
    buf_init(&array, SIZE_MAX);
    buf_put_char(&array, '[');
    buf_put(&array, buf_str(&open->beside));
    buf_put_char(&array, ']');
    size_t error_at = 0;
    int rc = json_read(f->a, buf_str(&array), &open->block->logprobs, &error_at);
    buf_fini(&array);
    buf_reset(&open->beside);
    return rc == 0 ? 0 : -E_PROVIDER_TOO_LARGE;
}

static int settle(struct fold *f, struct fold_block *open)
{
    struct block *b = open->block;
    switch (b->kind) {
    case BLOCK_TEXT:
    case BLOCK_REFUSAL:
        b->text = settle_text(f, &open->text);
        break;
    case BLOCK_TOOL_CALL:
        b->call.args = settle_text(f, &open->text);
        break;
    case BLOCK_MEDIA:
        b->text = settle_text(f, &open->beside);
        if (open->text.n > 0)
            b->media.bytes = settle_text(f, &open->text);
        break;
    case BLOCK_REASONING:
        settle_part(f, open);
        break;
    case BLOCK_TOOL_RESULT:
    case BLOCK_OPAQUE:
        break;
    }
    return settle_logprobs(f, open);
}

static void take_str(str *to, str newer)
{
    if (newer.n > 0)
        *to = newer;
}

/* What a BLOCK_STOP adds to its block: the texts it repeats are not looked at. */
static void merge(struct block *b, const struct block *end)
{
    if (end->seal.kind != SEAL_NONE)
        b->seal = end->seal;
    take_str(&b->item_id, end->item_id);
    take_str(&b->phase, end->phase);
    if (end->extras.first)
        b->extras = end->extras;
    if (end->kind != b->kind)
        return;
    if (b->kind == BLOCK_TOOL_CALL) {
        take_str(&b->call.item_id, end->call.item_id);
        take_str(&b->call.status, end->call.status);
    }
    if (b->kind == BLOCK_REASONING) {
        take_str(&b->reasoning.id, end->reasoning.id);
        take_str(&b->reasoning.status, end->reasoning.status);
    }
    if (b->kind == BLOCK_MEDIA) {
        take_str(&b->media.mime, end->media.mime);
        take_str(&b->media.name, end->media.name);
    }
    if (b->kind == BLOCK_OPAQUE && end->raw)
        b->raw = end->raw;
}

static int close_block(struct fold *f, struct fold_block **at)
{
    struct fold_block *open = *at;
    int rc = settle(f, open);
    *at = open->next;
    open->next = f->spare;
    f->spare = open;
    f->n_open--;
    return rc;
}

static int end_block(struct fold *f, struct fold_block **at, const struct event *ev)
{
    struct block *b = (*at)->block;
    int rc = close_block(f, at);
    if (rc != 0 || !ev->content)
        return rc;
    struct event kept;
    rc = event_copy(f->a, &f->room, ev, &kept);
    if (rc == 0)
        merge(b, kept.content);
    return rc;
}

static int block_event(struct fold *f, const struct event *ev)
{
    struct fold_block **at = find(f, ev);
    if (!*at)
        return 0;
    if (ev->kind == EV_BLOCK_STOP)
        return end_block(f, at, ev);
    if (ev->kind == EV_ANNOTATION)
        return add_annotation(f, *at, ev);
    return ev->kind == EV_LOGPROBS ? add_logprobs(f, *at, ev) : grow(f, *at, ev);
}

static void merge_start(struct start *to, const struct start *newer)
{
    take_str(&to->id, newer->id);
    take_str(&to->model, newer->model);
    take_str(&to->service_tier, newer->service_tier);
    take_str(&to->system_fingerprint, newer->system_fingerprint);
    if (newer->created_s >= 0)
        to->created_s = newer->created_s;
}

/* START, FINISH, ERROR: kept as they are. */
static int whole_event(struct fold *f, const struct event *ev)
{
    if (ev->choice >= CHOICES_MAX)
        return -E_PROVIDER_TOO_LARGE;
    struct event kept;
    int rc = event_copy(f->a, &f->room, ev, &kept);
    if (rc != 0)
        return rc;
    if (ev->kind == EV_START)
        merge_start(&f->reply->start, &kept.start);
    if (ev->kind == EV_FINISH)
        reply_choice_at(f->a, f->reply, ev->choice)->finish = kept.finish;
    if (ev->kind == EV_ERROR && !f->failure) {
        f->failure = arena_new(f->a, struct failure);
        *f->failure = kept.failure;
    }
    return 0;
}

static int fold_put(void *arg, const struct event *ev)
{
    struct fold *f = arg;
    switch (ev->kind) {
    case EV_START:
    case EV_FINISH:
    case EV_ERROR:
        return whole_event(f, ev);
    case EV_BLOCK_START:
        return begin_block(f, ev);
    case EV_DELTA:
    case EV_ANNOTATION:
    case EV_LOGPROBS:
    case EV_BLOCK_STOP:
        return block_event(f, ev);
    case EV_USAGE:
        usage_update(&f->reply->usage, &ev->usage);
        return 0;
    case EV_END:
        f->has_ended = true;
        return 0;
    case EV_PING:
    case EV_NOTICE:
        return 0;
    }
    return 0;
}

void fold_init(struct fold *f, struct arena *a, struct reply *out, size_t max_bytes)
{
    *f = (struct fold){.a = a, .reply = out, .room = max_bytes};
    reply_init(out);
}

struct sink fold_sink(struct fold *f)
{
    return (struct sink){.put = fold_put, .arg = f};
}

int fold_end(struct fold *f)
{
    int rc = 0;
    while (f->open) {
        int settled = close_block(f, &f->open);
        rc = rc == 0 ? settled : rc;
    }
    for (struct fold_block *b = f->spare; b; b = b->next)
        release(b);
    if (f->failure)
        return -E_PROVIDER_STREAM;
    return rc == 0 && !f->has_ended ? -E_PROVIDER_TRUNCATED : rc;
}
