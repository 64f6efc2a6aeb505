/* Streams of the Anthropic dialect, read.
 *
 *   message_start (content_block_start content_block_delta* content_block_stop)* message_delta
 *   message_stop, with ping anywhere, and error instead of any of them
 *
 * The provider numbers its blocks; here they are numbered anew, in the order of their beginning, so
 * that a gap, a proxy that begins at 1 or a block that is not passed on leaves no trace. What
 * belongs to a block that never began is not looked at. A block remembers what is only known at its
 * end: the signature of thoughts, and the input of a server tool's call, which comes in pieces like
 * that of any call but makes a member of an opaque block.
 *
 * A second message_start is either the same again, from a proxy, or that of an answer spliced in:
 * then its blocks go on behind those before. An answer that was ready at once may stand in
 * message_start as a whole. Vertex streams the same; Bedrock's InvokeModel wraps every event in
 * base64 in {"bytes"}, and tells errors as exceptions. */
#include "llm/dialect_anthropic.h"

#include "llm/carry.h"
#include "wire/base64.h"

#define OPEN_MAX 64          /* blocks open at once */
#define HELD_MAX (16u << 20) /* bytes of a signature, of an opaque block */
#define END_MAX  4096        /* bytes of stop_details that are kept */
#define KEEP_MAX (4u << 10)  /* bytes of memory that stay with a block that has ended */

struct open_block {
    int64_t index;   /* the provider's */
    unsigned number; /* ours */
    enum block_kind kind;
    bool is_json_tool; /* a call that is text */
    bool has_args;
    struct buf held; /* signature; arguments that came whole; an opaque block's input */
    struct buf raw;  /* an opaque block as it began */
    struct open_block *next;
};

struct stream {
    struct open_block *open, *spare;
    unsigned n_open, n_blocks;
    bool has_started, has_json, has_calls;
    str id;
    struct usage usage;
    struct finishing finish;
    str details; /* raw */
};

static void release(void *arg)
{
    struct open_block *b = arg;
    buf_fini(&b->held);
    buf_fini(&b->raw);
}

static void empty(struct buf *b)
{
    if (b->size > KEEP_MAX)
        buf_fini(b);
    else
        buf_reset(b);
}

static struct stream *stream_of(struct decoder *d)
{
    if (!d->state) {
        struct stream *made = arena_new(d->a, struct stream);
        made->usage = USAGE_NONE;
        d->state = made;
    }
    return d->state;
}

static int put(struct decoder *d, struct event ev)
{
    return sink_put(&d->sink, &ev);
}

static int malformed(struct decoder *d, const char *what)
{
    return err_set(d->err, d->a, -E_PROVIDER_BODY, "The provider sent %s.", what);
}

/* ---- open blocks ---- */

static struct open_block **find(struct stream *s, int64_t index)
{
    struct open_block **at = &s->open;
    while (*at && (*at)->index != index)
        at = &(*at)->next;
    return at;
}

static struct open_block *open_block(struct decoder *d, int64_t index)
{
    struct stream *s = d->state;
    struct open_block *b = s->spare;
    if (b) {
        s->spare = b->next;
    } else {
        b = arena_new(d->a, struct open_block);
        buf_init(&b->held, HELD_MAX);
        buf_init(&b->raw, HELD_MAX);
        arena_on_fini(d->a, release, b);
    }
    b->index = index;
    b->number = s->n_blocks++;
    b->is_json_tool = false;
    b->has_args = false;
    b->next = s->open;
    s->open = b;
    s->n_open++;
    return b;
}

static int put_delta(struct decoder *d, const struct open_block *b, enum delta_kind kind, str text)
{
    if (text.n == 0 && kind != DELTA_PART)
        return 0;
    return put(d, (struct event){
                      .kind = EV_DELTA, .block = b->number, .delta = {.kind = kind, .text = text}});
}

static int put_citation(struct decoder *d, const struct open_block *b,
                        const struct annotation *citation)
{
    if (!citation || b->kind != BLOCK_TEXT)
        return 0;
    return put(d,
               (struct event){.kind = EV_ANNOTATION, .block = b->number, .annotation = citation});
}

/* ---- beginnings ---- */

static int check_held(struct decoder *d, const struct open_block *b)
{
    if (buf_is_ok(&b->held) && buf_is_ok(&b->raw))
        return 0;
    return err_set(d->err, d->a, -E_PROVIDER_TOO_LARGE,
                   "A block of the provider's answer is too large to be held.");
}

/* What follows a beginning at once: texts that came with it. */
static int put_rest(struct decoder *d, struct open_block *b, const struct block *from)
{
    int rc = 0;
    if (b->is_json_tool || b->kind == BLOCK_TOOL_CALL) {
        if (!str_eq(from->call.args, S("{}")))
            buf_put(&b->held, from->call.args);
        return check_held(d, b);
    }
    if (b->kind == BLOCK_TEXT)
        rc = put_delta(d, b, DELTA_TEXT, from->text);
    for (const struct annotation *n = from->annotations; n && rc == 0; n = n->next)
        rc = put_citation(d, b, n);
    if (b->kind == BLOCK_REASONING && rc == 0)
        rc = put_delta(d, b, DELTA_TEXT, reasoning_text(d->scratch, &from->reasoning));
    if (b->kind == BLOCK_REASONING && from->seal.kind == SEAL_SIGNATURE)
        buf_put(&b->held, from->seal.value);
    /* A result comes whole and may be large; anything else may grow. */
    if (b->kind == BLOCK_OPAQUE && !str_has_suffix(from->type, S("_result")))
        json_put(&b->raw, from->raw);
    return rc == 0 ? check_held(d, b) : rc;
}

/* A block as BLOCK_START has it. */
static struct block beginning(const struct block *from)
{
    struct block b = *from;
    b.text = S_EMPTY;
    b.annotations = NULL;
    b.next = NULL;
    b.last = NULL;
    if (b.seal.kind == SEAL_SIGNATURE)
        b.seal = (struct seal){.kind = SEAL_NONE};
    if (b.kind == BLOCK_REASONING)
        b.reasoning = (struct reasoning){.parts = NULL};
    if (b.kind == BLOCK_TOOL_CALL) {
        b.call.args = S_EMPTY;
        b.call.value = NULL;
    }
    return b;
}

static int begin_block(struct decoder *d, int64_t index, const struct json *content)
{
    struct stream *s = d->state;
    struct reading r = {.a = d->scratch,
                        .err = d->err,
                        .origin = DIALECT_ANTHROPIC,
                        .path = S("content_block"),
                        .code = -E_PROVIDER_BODY};
    struct block *from = NULL;
    if (s->n_open >= OPEN_MAX)
        return malformed(d, "too many open content blocks");
    int rc = anthropic_read_block(&r, content, 0, &from);
    if (rc != 0) { /* what was said lies in scratch memory */
        d->err->message = arena_str(d->a, d->err->message);
        d->err->param = arena_str(d->a, d->err->param);
        return rc;
    }
    struct open_block *b = open_block(d, index);
    struct block begin = beginning(from);
    b->is_json_tool = anthropic_is_json_tool(from);
    if (b->is_json_tool)
        begin = (struct block){.kind = BLOCK_TEXT};
    b->kind = begin.kind;
    s->has_json = s->has_json || b->is_json_tool;
    s->has_calls = s->has_calls || b->kind == BLOCK_TOOL_CALL;
    rc = put(d, (struct event){.kind = EV_BLOCK_START, .block = b->number, .content = &begin});
    return rc == 0 ? put_rest(d, b, from) : rc;
}

/* ---- ends ---- */

/* Does the key stand in `newer`? */
static bool is_renewed(const struct json *newer, str key)
{
    for (struct json_iter it = json_iter(newer); json_iter_next(&it);) {
        if (str_eq(it.key, key))
            return true;
    }
    return false;
}

static void put_members(struct json_writer *w, const struct json *from, const struct json *without)
{
    for (struct json_iter it = json_iter(from); json_iter_next(&it);) {
        if (!is_renewed(without, it.key))
            json_put_member(w, it.key, it.value);
    }
}

/* An opaque block whose input came in pieces, whole; NULL: it is as it began. */
static const struct json *whole_opaque(struct decoder *d, struct open_block *b)
{
    const struct json *began = NULL, *grown = NULL, *whole = NULL;
    size_t error_at = 0;
    if (b->held.n == 0 || json_read(d->scratch, buf_str(&b->raw), &began, &error_at) != 0)
        return NULL;
    struct buf text;
    buf_init(&text, (size_t)2 * HELD_MAX);
    if (b->has_args)
        buf_put(&text, S("{\"input\":"));
    buf_put(&text, buf_str(&b->held));
    if (b->has_args)
        buf_put_char(&text, '}');
    if (json_read(d->scratch, arena_str(d->scratch, buf_str(&text)), &grown, &error_at) == 0) {
        buf_reset(&text);
        struct json_writer w = json_writer(&text);
        json_begin_object(&w, NULL);
        put_members(&w, began, grown);
        put_members(&w, grown, NULL);
        json_end_object(&w);
        if (json_read(d->scratch, arena_str(d->scratch, buf_str(&text)), &whole, &error_at) != 0)
            whole = NULL;
    }
    buf_fini(&text);
    return whole;
}

/* What only shows at the end; false: nothing. */
static bool ending(struct decoder *d, struct open_block *b, struct block *end)
{
    *end = (struct block){.kind = b->kind};
    end->extras.origin = DIALECT_ANTHROPIC;
    if (b->kind == BLOCK_REASONING && b->held.n > 0) {
        end->seal = (struct seal){
            .kind = SEAL_SIGNATURE, .family = FAMILY_ANTHROPIC, .value = buf_str(&b->held)};
        return true;
    }
    end->raw = b->kind == BLOCK_OPAQUE ? whole_opaque(d, b) : NULL;
    return b->kind == BLOCK_OPAQUE && end->raw;
}

static int end_block(struct decoder *d, struct open_block **at)
{
    struct stream *s = d->state;
    struct open_block *b = *at;
    struct block end;
    int rc = 0;
    bool is_call = b->kind == BLOCK_TOOL_CALL;
    if ((is_call || b->is_json_tool) && !b->has_args) {
        str whole = b->held.n > 0 ? buf_str(&b->held) : S("{}");
        rc = put_delta(d, b, is_call ? DELTA_ARGS : DELTA_TEXT, whole);
    }
    struct event ev = {.kind = EV_BLOCK_STOP, .block = b->number};
    if (ending(d, b, &end))
        ev.content = &end;
    if (rc == 0)
        rc = put(d, ev);
    empty(&b->held);
    empty(&b->raw);
    *at = b->next;
    b->next = s->spare;
    s->spare = b;
    s->n_open--;
    return rc;
}

/* In the order of their beginning: the list has the latest first. */
static int end_blocks(struct decoder *d)
{
    struct stream *s = d->state;
    int rc = 0;
    while (s->open && rc == 0) {
        struct open_block **first = &s->open;
        while ((*first)->next)
            first = &(*first)->next;
        rc = end_block(d, first);
    }
    return rc;
}

/* ---- events ---- */

static int put_usage(struct decoder *d, const struct json *usage)
{
    struct stream *s = d->state;
    if (!usage || json_type(usage) != JSON_OBJECT)
        return 0;
    anthropic_usage_read(usage, &s->usage);
    return put(d, (struct event){.kind = EV_USAGE, .usage = s->usage});
}

static int put_changes(struct decoder *d, const struct json *from)
{
    str text = anthropic_read_changes(d->scratch, from);
    return text.n > 0 ? put(d, (struct event){.kind = EV_NOTICE, .notice = text}) : 0;
}

/* `said`, in memory that lasts; said again it costs nothing more, and a provider that never says
 * the same is heard as long as there is room. */
static str kept(struct decoder *d, str before, str said)
{
    said = str_slice(said, 0, END_MAX);
    bool is_new = !str_eq(said, before) && arena_has_room(d->a, said.n);
    return is_new ? arena_str(d->a, said) : before;
}

/* Keeps what the last event will say. */
static void note_finish(struct decoder *d, const struct json *from)
{
    struct stream *s = d->state;
    struct finishing said = s->finish;
    said.details = NULL;
    anthropic_read_finish(from, &said);
    said.native = kept(d, s->finish.native, said.native);
    said.stop_sequence = kept(d, s->finish.stop_sequence, said.stop_sequence);
    if (said.details) {
        str raw = json_text(d->scratch, said.details);
        if (raw.n <= END_MAX)
            s->details = kept(d, s->details, raw);
    }
    said.details = NULL;
    said.message = S_EMPTY;
    s->finish = said;
}

static int put_finish(struct decoder *d)
{
    struct stream *s = d->state;
    struct finishing f = s->finish;
    size_t error_at = 0;
    f.reason = anthropic_finish_settle(f.reason, s->has_json, s->has_calls);
    if (s->details.n > 0 && json_read(d->scratch, s->details, &f.details, &error_at) == 0)
        f.message = json_str(json_get(f.details, "explanation"));
    return put(d, (struct event){.kind = EV_FINISH, .finish = f});
}

static int start(struct decoder *d, const struct json *message)
{
    struct stream *s = d->state;
    const struct json *usage = json_get(message, "usage");
    s->has_started = true;
    s->id = kept(d, s->id, json_str(json_get(message, "id")));
    return put(
        d, (struct event){.kind = EV_START,
                          .start = {.id = s->id,
                                    .model = json_str(json_get(message, "model")),
                                    .created_s = -1,
                                    .service_tier = json_str(json_get(usage, "service_tier"))}});
}

static int message_start(struct decoder *d, const struct json *event)
{
    struct stream *s = d->state;
    const struct json *message = json_get(event, "message");
    bool is_again = s->has_started && str_eq(json_str(json_get(message, "id")), s->id);
    int rc = 0;
    if (!s->has_started)
        rc = start(d, message);
    else if (!is_again)
        rc = end_blocks(d);
    if (rc == 0)
        rc = put_usage(d, json_get(message, "usage"));
    if (rc == 0)
        rc = put_changes(d, message);
    note_finish(d, message);
    int64_t index = 0;
    for (struct json_iter it = json_iter(is_again ? NULL : json_get(message, "content"));
         rc == 0 && json_iter_next(&it); index++) {
        rc = begin_block(d, index, it.value);
        if (rc == 0)
            rc = end_blocks(d);
    }
    return rc;
}

static int block_start(struct decoder *d, const struct json *event)
{
    struct stream *s = d->state;
    int64_t index = s->n_blocks;
    (void)json_i64(json_get(event, "index"), &index);
    struct open_block **at = find(s, index);
    int rc = *at ? end_block(d, at) : 0;
    return rc == 0 ? begin_block(d, index, json_get(event, "content_block")) : rc;
}

/* A kind of delta that came later than this file: what an opaque block is to become. */
static int grow_opaque(struct decoder *d, struct open_block *b, const struct json *delta)
{
    if (b->kind != BLOCK_OPAQUE || b->has_args)
        return 0;
    buf_reset(&b->held);
    struct json_writer w = json_writer(&b->held);
    json_begin_object(&w, NULL);
    for (struct json_iter it = json_iter(delta); json_iter_next(&it);) {
        if (!str_eq(it.key, S("type")))
            json_put_member(&w, it.key, it.value);
    }
    json_end_object(&w);
    return check_held(d, b);
}

static int grow_args(struct decoder *d, struct open_block *b, str piece)
{
    if (piece.n == 0)
        return 0;
    b->has_args = true;
    if (b->kind == BLOCK_TOOL_CALL)
        return put_delta(d, b, DELTA_ARGS, piece);
    if (b->is_json_tool)
        return put_delta(d, b, DELTA_TEXT, piece);
    if (b->kind == BLOCK_OPAQUE)
        buf_put(&b->held, piece);
    return check_held(d, b);
}

static int block_delta(struct decoder *d, const struct json *event)
{
    int64_t index = -1;
    const struct json *delta = json_get(event, "delta");
    str type = json_str(json_get(delta, "type"));
    (void)json_i64(json_get(event, "index"), &index);
    struct open_block *b = *find(d->state, index);
    if (!b)
        return 0;
    if (str_eq(type, S("text_delta")) && b->kind == BLOCK_TEXT)
        return put_delta(d, b, DELTA_TEXT, json_str(json_get(delta, "text")));
    if (str_eq(type, S("input_json_delta")))
        return grow_args(d, b, json_str(json_get(delta, "partial_json")));
    if (str_eq(type, S("thinking_delta")) && b->kind == BLOCK_REASONING)
        return put_delta(d, b, DELTA_TEXT, json_str(json_get(delta, "thinking")));
    if (str_eq(type, S("signature_delta")) && b->kind == BLOCK_REASONING) {
        buf_reset(&b->held);
        buf_put(&b->held, json_str(json_get(delta, "signature")));
        return check_held(d, b);
    }
    if (str_eq(type, S("citations_delta")))
        return put_citation(d, b, anthropic_read_citation(d->scratch, json_get(delta, "citation")));
    return grow_opaque(d, b, delta);
}

static int block_stop(struct decoder *d, const struct json *event)
{
    int64_t index = -1;
    (void)json_i64(json_get(event, "index"), &index);
    struct open_block **at = find(d->state, index);
    return *at ? end_block(d, at) : 0;
}

static int message_delta(struct decoder *d, const struct json *event)
{
    note_finish(d, json_get(event, "delta"));
    int rc = put_usage(d, json_get(event, "usage"));
    return rc == 0 ? put_changes(d, event) : rc;
}

static int message_stop(struct decoder *d, const struct json *event)
{
    struct stream *s = d->state;
    (void)event;
    if (!s->has_started)
        return malformed(d, "the end of a message that has not begun");
    int rc = end_blocks(d);
    if (rc == 0)
        rc = put_finish(d);
    d->has_ended = true;
    return rc == 0 ? put(d, (struct event){.kind = EV_END}) : rc;
}

static int ping(struct decoder *d, const struct json *event)
{
    struct stream *s = d->state;
    (void)event;
    return s->has_started ? put(d, (struct event){.kind = EV_PING}) : 0;
}

static int put_error(struct decoder *d, const struct json *event, str hint)
{
    struct event ev = {.kind = EV_ERROR,
                       .failure = {.class = FAILURE_SERVER,
                                   .message = S("The provider broke the stream off."),
                                   .retry_ms = -1}};
    dialect_anthropic.read_error(d->scratch, event, hint, &ev.failure);
    d->has_ended = true;
    return put(d, ev);
}

static int failed(struct decoder *d, const struct json *event)
{
    return put_error(d, event, S_EMPTY);
}

static const struct {
    str type;
    int (*read)(struct decoder *d, const struct json *event);
    bool is_inside; /* needs a message */
} types[] = {
    {S("content_block_delta"), block_delta, true}, {S("content_block_start"), block_start, true},
    {S("content_block_stop"), block_stop, true},   {S("ping"), ping, false},
    {S("message_start"), message_start, false},    {S("message_delta"), message_delta, true},
    {S("message_stop"), message_stop, false},      {S("error"), failed, false},
};

static int dispatch(struct decoder *d, const struct json *event)
{
    struct stream *s = d->state;
    str type = json_str(json_get(event, "type"));
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (!str_eq(types[i].type, type))
            continue;
        int rc = types[i].is_inside && !s->has_started ? start(d, NULL) : 0;
        return rc == 0 ? types[i].read(d, event) : rc;
    }
    return 0;
}

/* InvokeModel's {"bytes": base64 of the event}; NULL: it is none. */
static int unwrap(struct decoder *d, const struct json **event)
{
    const struct json *bytes = json_get(*event, "bytes");
    str text = S_EMPTY;
    if (!json_is_str(bytes) || json_get(*event, "type"))
        return 0;
    if (!base64_decode(d->scratch, json_str(bytes), &text))
        return malformed(d, "a chunk that is not base64");
    return decoder_json(d, text, event);
}

int anthropic_read_message(struct decoder *d, const struct message *m)
{
    const struct json *event = NULL;
    if (d->has_ended)
        return 0;
    if (!m)
        return err_set(d->err, d->a, -E_PROVIDER_TRUNCATED,
                       "The provider's stream ended before its message_stop.");
    (void)stream_of(d);
    int rc = decoder_json(d, m->data, &event);
    if (rc == 0 && m->is_exception)
        return put_error(d, event, m->type);
    if (rc == 0)
        rc = unwrap(d, &event);
    return rc == 0 ? dispatch(d, event) : rc;
}
