/* Deep copies, structure by structure: each is copied flat first, then whatever it points to is
 * replaced by a copy. Room is taken before memory is, so that a provider cannot make a copy cost
 * more than its reader allows; once it is spent every further step does nothing, and the one test
 * at the end tells.
 *
 * JSON values are copied by writing and reading them: values of one document cannot hang in
 * another. Lists of blocks inside blocks are as deep as the JSON they were read from, which
 * json_read bounds. */
#include "llm/event_copy.h"

#include "base/buf.h"
#include "wire/json.h"

struct copying {
    struct arena *a;
    size_t room;
    bool failed;
};

/* False: there is no room for n bytes more. */
static bool take_room(struct copying *c, size_t n)
{
    if (c->failed || n > c->room) {
        c->failed = true;
        return false;
    }
    c->room -= n;
    return true;
}

static void copy_str(struct copying *c, str *s)
{
    *s = s->n > 0 && take_room(c, s->n) ? arena_str(c->a, *s) : S_EMPTY;
}

static void copy_strs(struct copying *c, str *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        copy_str(c, list[i]);
}
#define COPY_STRS(c, ...)                                                                          \
    copy_strs((c), (str *const[]){__VA_ARGS__}, ARRAY_LEN(((str *const[]){__VA_ARGS__})))

static void copy_json(struct copying *c, const struct json **v)
{
    const struct json *from = *v;
    *v = NULL;
    if (!from || c->failed)
        return;
    struct buf text;
    buf_init(&text, c->room);
    json_put(&text, from);
    size_t error_at = 0;
    bool is_copied = buf_is_ok(&text) && take_room(c, text.n) &&
                     json_read(c->a, buf_str(&text), v, &error_at) == 0;
    buf_fini(&text);
    c->failed |= !is_copied;
}

static void copy_extras(struct copying *c, struct extras *e)
{
    struct extras from = *e;
    *e = (struct extras){.origin = from.origin};
    for (const struct extra *x = from.first; x && take_room(c, sizeof(*x)); x = x->next) {
        str key = x->key;
        const struct json *value = x->value;
        copy_str(c, &key);
        copy_json(c, &value);
        extras_add(c->a, e, key, value);
    }
}

static struct annotation *copy_annotation(struct copying *c, const struct annotation *from)
{
    if (!take_room(c, sizeof(*from)))
        return NULL;
    struct annotation *n = arena_new(c->a, struct annotation);
    *n = *from;
    n->next = NULL;
    COPY_STRS(c, &n->type, &n->url, &n->title, &n->text);
    copy_json(c, &n->raw);
    return n;
}

static void copy_annotations(struct copying *c, struct annotation **list)
{
    const struct annotation *from = *list;
    struct annotation **at = list;
    *at = NULL;
    for (; from && !c->failed; from = from->next) {
        struct annotation *copy = copy_annotation(c, from);
        if (!copy)
            return;
        *at = copy;
        at = &copy->next;
    }
}

static void copy_reasoning(struct copying *c, struct reasoning *r)
{
    const struct reasoning_part *from = r->parts;
    r->parts = NULL;
    r->last_part = NULL;
    COPY_STRS(c, &r->id, &r->status);
    for (; from && take_room(c, sizeof(*from)); from = from->next) {
        str text = from->text;
        copy_str(c, &text);
        reasoning_add(c->a, r, from->is_summary, text);
    }
}

static void copy_blocks(struct copying *c, struct block **list);

static void copy_kind(struct copying *c, struct block *b)
{
    switch (b->kind) {
    case BLOCK_TEXT:
    case BLOCK_REFUSAL:
        return;
    case BLOCK_MEDIA:
        COPY_STRS(c, &b->media.bytes, &b->media.mime, &b->media.name, &b->media.detail,
                  &b->media.context);
        copy_blocks(c, &b->media.blocks);
        return;
    case BLOCK_REASONING:
        copy_reasoning(c, &b->reasoning);
        return;
    case BLOCK_TOOL_CALL:
        COPY_STRS(c, &b->call.id, &b->call.item_id, &b->call.name, &b->call.space, &b->call.args,
                  &b->call.status);
        copy_json(c, &b->call.value);
        return;
    case BLOCK_TOOL_RESULT:
        COPY_STRS(c, &b->result.id, &b->result.name);
        copy_json(c, &b->result.value);
        copy_blocks(c, &b->result.blocks);
        return;
    case BLOCK_OPAQUE:
        copy_json(c, &b->raw);
        return;
    }
}

static struct block *copy_block(struct copying *c, const struct block *from)
{
    if (!from || !take_room(c, sizeof(*from)))
        return NULL;
    struct block *b = arena_new(c->a, struct block);
    *b = *from;
    b->next = NULL;
    b->last = NULL;
    COPY_STRS(c, &b->text, &b->type, &b->item_id, &b->phase, &b->cache.ttl);
    COPY_STRS(c, &b->seal.provider, &b->seal.model, &b->seal.value);
    copy_annotations(c, &b->annotations);
    copy_json(c, &b->logprobs);
    copy_extras(c, &b->extras);
    copy_extras(c, &b->verbatim);
    copy_kind(c, b);
    return b;
}

static void copy_blocks(struct copying *c, struct block **list)
{
    const struct block *from = *list;
    *list = NULL;
    for (; from && !c->failed; from = from->next) {
        struct block *b = copy_block(c, from);
        if (b)
            block_add(list, b);
    }
}

static void copy_failure(struct copying *c, struct failure *f)
{
    COPY_STRS(c, &f->message, &f->type, &f->code, &f->param, &f->gateway, &f->request_id);
}

static void copy_parts(struct copying *c, struct event *ev)
{
    switch (ev->kind) {
    case EV_START:
        COPY_STRS(c, &ev->start.id, &ev->start.model, &ev->start.service_tier,
                  &ev->start.system_fingerprint);
        return;
    case EV_BLOCK_START:
    case EV_BLOCK_STOP:
        ev->content = copy_block(c, ev->content);
        return;
    case EV_DELTA:
        copy_str(c, &ev->delta.text);
        return;
    case EV_ANNOTATION:
        ev->annotation = copy_annotation(c, ev->annotation);
        return;
    case EV_LOGPROBS:
        copy_json(c, &ev->logprobs);
        return;
    case EV_FINISH:
        COPY_STRS(c, &ev->finish.native, &ev->finish.stop_sequence, &ev->finish.message);
        copy_json(c, &ev->finish.details);
        return;
    case EV_NOTICE:
        copy_str(c, &ev->notice);
        return;
    case EV_ERROR:
        copy_failure(c, &ev->failure);
        return;
    case EV_USAGE:
    case EV_PING:
    case EV_END:
        return;
    }
}

int event_copy(struct arena *a, size_t *room, const struct event *ev, struct event *out)
{
    struct copying c = {.a = a, .room = *room};
    *out = *ev;
    copy_parts(&c, out);
    if (c.failed)
        return -E_PROVIDER_TOO_LARGE;
    *room = c.room;
    return 0;
}
