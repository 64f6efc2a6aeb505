/* Events and items of an answer on its way out.
 *
 * An event is written straight into the client's buffer. An item is known by the block that is open
 * in it; when it is done, its JSON is written once, into the buffer of all that is done, and both
 * output_item.done and the final response are made of that. Records of open items are used again;
 * their buffers are taken when the first byte comes. */
#include "llm/dialect_responses_build.h"

#define NAMES_FIRST 512         /* bytes of an item's ids and names at first */
#define NAMES_SPARE (64u << 10) /* for ids made here, and what an arena wastes */

_Static_assert(sizeof(struct item) <= RESPONSES_ITEM_COST, "what bounds the number of items");

/* ---- events ---- */

struct json_writer responses_begin_event(struct build *b, const char *type)
{
    buf_put(b->out, S("event: "));
    buf_put(b->out, str_from_cz(type));
    buf_put(b->out, S("\ndata: "));
    struct json_writer j = json_writer(b->out);
    json_begin_object(&j, NULL);
    json_put_str(&j, "type", str_from_cz(type));
    json_put_int(&j, "sequence_number", b->sequence++);
    return j;
}

void responses_end_event(struct build *b, struct json_writer *j)
{
    json_end_object(j);
    buf_put(b->out, S("\n\n"));
}

/* An event about an item. */
struct json_writer responses_begin_item_event(struct build *b, const char *type,
                                              const struct item *it)
{
    struct json_writer j = responses_begin_event(b, type);
    json_put_str(&j, "item_id", it->id);
    json_put_int(&j, "output_index", it->index);
    return j;
}

void responses_put_output(struct json_writer *j, const struct build *b)
{
    const struct span *spans = (const void *)b->spans.p;
    size_t n = b->spans.n / sizeof(struct span);
    json_begin_array(j, "output");
    for (size_t i = 0; i < n; i++) {
        if (spans[i].end > 0)
            json_put_raw(j, NULL, str_slice(buf_str(&b->done), spans[i].begin, spans[i].end));
    }
    json_end_array(j);
}

void responses_put_response_event(struct build *b, const char *type)
{
    struct json_writer j = responses_begin_event(b, type);
    responses_begin_response(&j, "response", b->scratch, &b->state);
    responses_put_output(&j, b);
    json_end_object(&j);
    responses_end_event(b, &j);
}

/* ---- what is held ---- */

void responses_hold(struct build *b, struct buf *to, str text)
{
    buf_put(to, text);
    b->held += text.n;
    b->has_overflown = b->has_overflown || b->held > b->max_held || !buf_is_ok(to);
}

str responses_made_id(struct build *b, struct item *it, const char *prefix)
{
    return make_id(&it->names, prefix, b->w->id_seed, b->n_ids++);
}

str responses_keep(struct build *b, struct item *it, str text)
{
    b->held += text.n;
    b->has_overflown = b->has_overflown || b->held > b->max_held;
    return b->has_overflown ? S_EMPTY : arena_str(&it->names, text);
}

str responses_item_id(struct build *b, struct item *it, str given, const char *prefix)
{
    return given.n > 0 ? responses_keep(b, it, given) : responses_made_id(b, it, prefix);
}

static struct buf *item_bufs(struct item *it, size_t i)
{
    struct buf *const all[] = {&it->text, &it->parts,    &it->summary, &it->notes,
                               &it->late, &it->logprobs, &it->own};
    return i < ARRAY_LEN(all) ? all[i] : NULL;
}

struct item *responses_item_new(struct build *b, enum block_kind kind, unsigned block)
{
    struct item *it = b->spare;
    if (it)
        b->spare = it->next;
    else
        it = arena_new(&b->records, struct item);
    *it = (struct item){.kind = kind, .block = block};
    arena_init(&it->names, NAMES_FIRST, 2 * b->max_held + NAMES_SPARE);
    b->held += RESPONSES_ITEM_COST;
    b->has_overflown = b->has_overflown || b->held > b->max_held;
    for (size_t i = 0; item_bufs(it, i); i++)
        buf_init(item_bufs(it, i), b->max_held * RESPONSES_ESCAPED_MAX);
    struct item **last = &b->open;
    while (*last)
        last = &(*last)->next;
    *last = it;
    return it;
}

void responses_item_free(struct build *b, struct item *it)
{
    struct item **at = &b->open;
    while (*at != it)
        at = &(*at)->next;
    *at = it->next;
    for (size_t i = 0; item_bufs(it, i); i++)
        buf_fini(item_bufs(it, i));
    arena_fini(&it->names);
    if (b->message == it)
        b->message = NULL;
    if (b->waits == it)
        b->waits = NULL;
    it->next = b->spare;
    b->spare = it;
}

/* The item whose open block this is. */
struct item *responses_item_of(const struct build *b, unsigned block)
{
    for (struct item *it = b->open; it; it = it->next) {
        bool is_open = it->kind != BLOCK_TEXT || it->has_part;
        if (is_open && it->block == block)
            return it;
    }
    return NULL;
}

/* ---- items as JSON ---- */

void responses_add_element(struct buf *list)
{
    if (list->n > 0)
        buf_put_char(list, ',');
}

static str call_type(const struct item *it)
{
    if (it->builtin)
        return str_from_cz(it->builtin->call);
    return it->tool == TOOL_CUSTOM ? S("custom_tool_call") : S("function_call");
}

static void put_call(struct json_writer *j, const struct item *it, str status)
{
    bool is_custom = it->tool == TOOL_CUSTOM;
    str args = buf_str(&it->text);
    json_put_str(j, "type", call_type(it));
    json_put_str(j, "status", status);
    json_put_str(j, "call_id", it->call_id);
    if (it->builtin) {
        json_put_raw(j, it->builtin->member, args);
        return;
    }
    json_put_str(j, "name", it->name);
    if (it->space.n > 0)
        json_put_str(j, "namespace", it->space);
    bool is_nothing = args.n == 0 && !is_custom && str_eq(status, S("completed"));
    json_put_str(j, is_custom ? "input" : "arguments", is_nothing ? S("{}") : args);
}

/* Members that the answer had in this dialect. */
void responses_keep_own(struct build *b, struct item *it, const struct extras *e)
{
    if (e->origin != DIALECT_RESPONSES || !e->first)
        return;
    buf_reset(&it->own);
    struct json_writer j = json_writer(&it->own);
    json_begin_object(&j, NULL);
    extras_put(&j, e, DIALECT_RESPONSES);
    json_end_object(&j);
    b->held += it->own.n;
}

/* A list whose elements are JSON already, with commas between. */
void responses_put_elements(struct json_writer *j, const char *key, str elements)
{
    json_begin_array(j, key);
    if (elements.n > 0)
        json_put_raw(j, NULL, elements);
    json_end_array(j);
}

void responses_put_list(struct json_writer *j, const char *key, const struct buf *elements)
{
    responses_put_elements(j, key, buf_str(elements));
}

static void put_item(struct json_writer *j, const char *key, const struct item *it, str status,
                     str sealed)
{
    json_begin_object(j, key);
    json_put_str(j, "id", it->id);
    switch (it->kind) {
    case BLOCK_TEXT:
        json_put_str(j, "type", S("message"));
        json_put_str(j, "status", status);
        json_put_str(j, "role", S("assistant"));
        responses_put_list(j, "content", &it->parts);
        if (it->phase.n > 0)
            json_put_str(j, "phase", it->phase);
        break;
    case BLOCK_REASONING:
        json_put_str(j, "type", S("reasoning"));
        responses_put_list(j, "summary", &it->summary);
        if (it->parts.n > 0 || it->has_content)
            responses_put_list(j, "content", &it->parts);
        if (sealed.n > 0)
            json_put_str(j, "encrypted_content", sealed);
        if (it->status.n > 0)
            json_put_str(j, "status", it->status);
        break;
    case BLOCK_TOOL_CALL:
        put_call(j, it, status);
        break;
    case BLOCK_MEDIA:
        json_put_str(j, "type", S("image_generation_call"));
        json_put_str(j, "status", status);
        if (it->text.n > 0)
            json_put_str(j, "result", buf_str(&it->text));
        else
            json_put_null(j, "result");
        break;
    case BLOCK_REFUSAL:
    case BLOCK_TOOL_RESULT:
    case BLOCK_OPAQUE:
        break;
    }
    if (it->kind != BLOCK_TEXT)
        responses_splice(j, buf_str(&it->own));
    json_end_object(j);
}

void responses_announce(struct build *b, struct item *it)
{
    it->is_announced = true;
    it->index = b->n_items++;
    struct json_writer j = responses_begin_event(b, "response.output_item.added");
    json_put_int(&j, "output_index", it->index);
    put_item(&j, "item", it, S("in_progress"), S_EMPTY);
    responses_end_event(b, &j);
}

/* Notes that the item from `begin` of b->done on is whole, and says so. */
void responses_add_done(struct build *b, unsigned index, size_t begin)
{
    static const struct span nowhere = {0, 0};
    while (b->spans.n < (index + (size_t)1) * sizeof(nowhere) && buf_is_ok(&b->spans))
        buf_put(&b->spans, str_of((const char *)&nowhere, sizeof(nowhere)));
    if (buf_is_ok(&b->spans))
        ((struct span *)(void *)b->spans.p)[index] =
            (struct span){.begin = begin, .end = b->done.n};
    b->has_overflown = b->has_overflown || !buf_is_ok(&b->done);
    struct json_writer j = responses_begin_event(b, "response.output_item.done");
    json_put_int(&j, "output_index", index);
    json_put_raw(&j, "item", str_slice(buf_str(&b->done), begin, b->done.n));
    responses_end_event(b, &j);
}

void responses_finish_item(struct build *b, struct item *it, str status, str sealed)
{
    size_t begin = b->done.n;
    struct json_writer j = json_writer(&b->done);
    put_item(&j, NULL, it, status, sealed);
    responses_add_done(b, it->index, begin);
    responses_item_free(b, it);
}
