/* Writing a stream for a client of generateContent.
 *
 * Every piece of text is a chunk of its own; a call, and a picture, are a chunk once they are
 * whole, because the API has no pieces of them. Blocks come one after the other (llm/serial.h).
 * What is known at the end only, the finishReason of each candidate, the usage and the sources,
 * stands in the last chunk. A client that did not ask for alt=sse reads one JSON array, whose
 * elements are the chunks. */
#include "llm/dialect_gemini.h"
#include "llm/dialect_gemini_ground.h"
#include "wire/sse.h"

#define HELD_MAX       ((size_t)64 << 20) /* bytes of a call's arguments or a picture */
#define CANDIDATES_MAX 128                /* as many as any API gives */

struct told {
    unsigned index;
    bool has_content, has_call, has_finished;
    bool has_parts; /* the open reasoning block has had a part */
    bool wants_gap; /* another part of the thoughts has begun */
    struct finishing finish;
    struct text_map map; /* of all text so far */
    int64_t base;        /* where the open block begins in it */
    struct grounding grounding;
    struct told *next;
};
struct encoding {
    str id, model;
    struct usage usage;
    struct told *candidates;
    unsigned n_candidates;
    struct block block;      /* the open one */
    struct buf held, beside; /* arguments or bytes; a transcript */
    struct buf names;        /* what the open block's strings point to */
    struct buf proof;        /* signature of the last text, until something follows */
    struct told *proof_of;
    bool proof_is_thought;
};

static void release(void *arg)
{
    struct encoding *s = arg;
    for (struct told *t = s->candidates; t; t = t->next) {
        text_map_fini(&t->map);
        grounding_fini(&t->grounding);
    }
    buf_fini(&s->held);
    buf_fini(&s->beside);
    buf_fini(&s->names);
    buf_fini(&s->proof);
}

static struct encoding *encoding_of(struct encoder *e)
{
    struct encoding *s = e->state;
    if (s)
        return s;
    s = arena_new(e->a, struct encoding);
    s->usage = USAGE_NONE;
    buf_init(&s->held, HELD_MAX);
    buf_init(&s->beside, HELD_MAX);
    buf_init(&s->names, HELD_MAX);
    buf_init(&s->proof, HELD_MAX);
    arena_on_fini(e->a, release, s);
    e->state = s;
    return s;
}

/* NULL: no answer has that many. */
static struct told *told_of(struct encoder *e, unsigned index)
{
    struct encoding *s = e->state;
    struct told **at = &s->candidates;
    while (*at && (*at)->index != index)
        at = &(*at)->next;
    if (*at || s->n_candidates == CANDIDATES_MAX)
        return *at;
    s->n_candidates++;
    *at = arena_new(e->a, struct told);
    (*at)->index = index;
    text_map_init(&(*at)->map);
    grounding_init(&(*at)->grounding);
    return *at;
}

/* ---- framing ---- */

static void frame(struct encoder *e, str chunk)
{
    if (e->w.as_array)
        encoder_put_element(e, chunk);
    else
        sse_put(e->out, S_EMPTY, chunk);
}

static void close_array(struct encoder *e)
{
    if (e->w.as_array)
        encoder_end_array(e);
}

/* ---- chunks ---- */

struct chunk {
    struct encoder *e;
    struct writing w; /* the encoder's, with what is made on the way in its scratch */
    struct buf text;
    struct json_writer j;
};

static void chunk_begin(struct chunk *k, struct encoder *e)
{
    k->e = e;
    k->w = e->w;
    k->w.a = e->scratch;
    buf_init(&k->text, 2 * HELD_MAX);
    k->j = json_writer(&k->text);
    json_begin_object(&k->j, NULL);
    json_begin_array(&k->j, "candidates");
}

/* Closes candidates and the chunk, and sends it. */
static int chunk_end(struct chunk *k, const struct usage *usage)
{
    struct encoding *s = k->e->state;
    json_end_array(&k->j);
    if (usage)
        gemini_usage_put(&k->j, "usageMetadata", usage);
    if (s->model.n > 0)
        json_put_str(&k->j, "modelVersion", s->model);
    json_put_str(&k->j, "responseId", s->id);
    json_end_object(&k->j);
    bool is_ok = buf_is_ok(&k->text);
    if (is_ok)
        frame(k->e, buf_str(&k->text));
    buf_fini(&k->text);
    return is_ok ? 0 : -E_PROVIDER_TOO_LARGE;
}

static void candidate_begin(struct chunk *k)
{
    json_begin_object(&k->j, NULL);
    json_begin_object(&k->j, "content");
    json_begin_array(&k->j, "parts");
}

static void candidate_end(struct chunk *k, unsigned index)
{
    json_end_array(&k->j);
    json_put_str(&k->j, "role", S("model"));
    json_end_object(&k->j);
    json_put_int(&k->j, "index", index);
    json_end_object(&k->j);
}

static struct gemini_parts parts_of(struct chunk *k)
{
    return (struct gemini_parts){.j = &k->j, .w = &k->w, .is_answer = true};
}

static int put_text(struct encoder *e, struct told *t, str text)
{
    struct encoding *s = e->state;
    struct chunk k;
    chunk_begin(&k, e);
    candidate_begin(&k);
    struct gemini_parts p = parts_of(&k);
    gemini_put_text(&p, text, s->block.kind == BLOCK_REASONING, NULL);
    candidate_end(&k, t->index);
    t->has_content = true;
    return chunk_end(&k, NULL);
}

/* An empty text, with the signature of what came before it if there is one. */
static void put_proof(struct chunk *k, const struct told *t)
{
    struct encoding *s = k->e->state;
    bool is_signed = s->proof_of == t;
    json_begin_object(&k->j, NULL);
    json_put_str(&k->j, "text", S_EMPTY);
    if (is_signed && s->proof_is_thought)
        json_put_bool(&k->j, "thought", true);
    if (is_signed)
        json_put_str(&k->j, "thoughtSignature", buf_str(&s->proof));
    json_end_object(&k->j);
}

/* The signature comes in the last chunk, or before whatever else follows. */
static int flush_proof(struct encoder *e)
{
    struct encoding *s = e->state;
    struct chunk k;
    if (!s->proof_of)
        return 0;
    chunk_begin(&k, e);
    candidate_begin(&k);
    put_proof(&k, s->proof_of);
    candidate_end(&k, s->proof_of->index);
    s->proof_of->has_content = true;
    s->proof_of = NULL;
    buf_fini(&s->proof);
    return chunk_end(&k, NULL);
}

/* A seal as the client gets it, wrapped if it has to be; nothing is done to one of Google's. */
static struct seal finished_seal(struct encoder *e, const struct seal *seal)
{
    struct writing w = e->w;
    w.a = e->scratch;
    struct gemini_parts p = {.w = &w, .is_answer = true};
    str value = gemini_signature(&p, seal);
    if (value.n == 0)
        return (struct seal){.kind = SEAL_NONE};
    return (struct seal){.kind = SEAL_SIGNATURE, .family = FAMILY_GEMINI, .value = value};
}

static int hold_proof(struct encoder *e, struct told *t)
{
    struct encoding *s = e->state;
    str value = finished_seal(e, &s->block.seal).value;
    if (value.n == 0)
        return 0;
    buf_reset(&s->proof);
    buf_put(&s->proof, value);
    s->proof_of = t;
    s->proof_is_thought = s->block.kind == BLOCK_REASONING && t->has_parts;
    return buf_is_ok(&s->proof) ? 0 : -E_PROVIDER_TOO_LARGE;
}

static int put_whole(struct encoder *e, struct told *t, const struct block *b)
{
    struct chunk k;
    chunk_begin(&k, e);
    candidate_begin(&k);
    struct gemini_parts p = parts_of(&k);
    size_t empty = k.text.n;
    bool lacks_seal = !t->has_call && e->w.family != FAMILY_GEMINI;
    int rc = gemini_put_block(&p, b, lacks_seal);
    if (rc != 0 || k.text.n == empty) {
        buf_fini(&k.text);
        return rc;
    }
    candidate_end(&k, t->index);
    t->has_content = true;
    t->has_call = t->has_call || b->kind == BLOCK_TOOL_CALL;
    return chunk_end(&k, NULL);
}

/* ---- blocks ---- */

/* Keeps the strings of a block's beginning until its end: offsets first, for the buffer moves. */
static void keep_names(struct encoding *s, const struct block *b)
{
    str *const calls[] = {&s->block.call.id, &s->block.call.name, &s->block.call.space};
    str *const media[] = {&s->block.media.mime, &s->block.media.name, &s->block.media.bytes};
    str *const *fields = b->kind == BLOCK_TOOL_CALL ? calls : media;
    bool has_fields = b->kind == BLOCK_TOOL_CALL || b->kind == BLOCK_MEDIA;
    buf_reset(&s->names);
    for (size_t i = 0; has_fields && i < ARRAY_LEN(calls); i++)
        buf_put(&s->names, *fields[i]);
    buf_put(&s->names, s->block.seal.value);
    str all = buf_str(&s->names);
    size_t at = 0;
    for (size_t i = 0; has_fields && i < ARRAY_LEN(calls); i++) {
        *fields[i] = str_slice(all, at, at + fields[i]->n);
        at += fields[i]->n;
    }
    s->block.seal.value = str_slice(all, at, all.n);
}

static int begin_block(struct encoder *e, struct told *t, const struct event *ev)
{
    struct encoding *s = e->state;
    const struct block *b = ev->content;
    buf_reset(&s->held);
    buf_reset(&s->beside);
    s->block = (struct block){.kind = BLOCK_OPAQUE};
    int rc = flush_proof(e);
    if (!b || rc != 0)
        return rc;
    if (b->kind == BLOCK_OPAQUE || b->kind == BLOCK_TOOL_RESULT)
        return b->kind == BLOCK_OPAQUE ? put_whole(e, t, b) : 0;
    s->block.kind = b->kind;
    s->block.seal = finished_seal(e, &b->seal);
    if (b->kind == BLOCK_TOOL_CALL)
        s->block.call = (struct tool_call){
            .kind = b->call.kind, .id = b->call.id, .name = b->call.name, .space = b->call.space};
    if (b->kind == BLOCK_MEDIA)
        s->block.media = b->media;
    keep_names(s, b);
    t->has_parts = false;
    t->wants_gap = false;
    t->base = text_map_end(&t->map);
    return buf_is_ok(&s->names) ? 0 : -E_PROVIDER_TOO_LARGE;
}

/* Thoughts in several parts are one text here, as in a whole answer. */
static int think(struct encoder *e, struct told *t, const struct event *ev)
{
    if (ev->delta.kind == DELTA_PART) {
        t->wants_gap = t->has_parts;
        t->has_parts = true;
        return 0;
    }
    t->has_parts = true;
    int rc = t->wants_gap && ev->delta.text.n > 0 ? put_text(e, t, S("\n\n")) : 0;
    t->wants_gap = t->wants_gap && ev->delta.text.n == 0;
    return rc == 0 && ev->delta.text.n > 0 ? put_text(e, t, ev->delta.text) : rc;
}

static int grow(struct encoder *e, struct told *t, const struct event *ev)
{
    struct encoding *s = e->state;
    struct buf *to = ev->delta.kind == DELTA_CAPTION ? &s->beside : &s->held;
    switch (s->block.kind) {
    case BLOCK_TEXT:
    case BLOCK_REFUSAL:
        text_map_add(&t->map, ev->delta.text);
        return ev->delta.text.n > 0 ? put_text(e, t, ev->delta.text) : 0;
    case BLOCK_REASONING:
        return think(e, t, ev);
    case BLOCK_TOOL_CALL:
    case BLOCK_MEDIA:
        buf_put(to, ev->delta.text);
        return buf_is_ok(to) ? 0 : -E_PROVIDER_TOO_LARGE;
    case BLOCK_TOOL_RESULT:
    case BLOCK_OPAQUE:
        return 0;
    }
    return 0;
}

static int end_media(struct encoder *e, struct told *t)
{
    struct encoding *s = e->state;
    if (s->held.n > 0) {
        s->block.media.source = MEDIA_BASE64;
        s->block.media.bytes = buf_str(&s->held);
    }
    int rc = s->block.media.bytes.n > 0 ? put_whole(e, t, &s->block) : 0;
    struct block caption = {.kind = BLOCK_TEXT, .text = buf_str(&s->beside)};
    return rc == 0 && s->beside.n > 0 ? put_whole(e, t, &caption) : rc;
}

static int end_block(struct encoder *e, struct told *t, const struct event *ev)
{
    struct encoding *s = e->state;
    if (ev->content && ev->content->seal.kind != SEAL_NONE)
        s->block.seal = ev->content->seal;
    int rc = 0;
    switch (s->block.kind) {
    case BLOCK_TEXT:
    case BLOCK_REASONING:
        rc = hold_proof(e, t);
        break;
    case BLOCK_TOOL_CALL:
        s->block.call.args = buf_str(&s->held);
        rc = put_whole(e, t, &s->block);
        break;
    case BLOCK_MEDIA:
        rc = end_media(e, t);
        break;
    case BLOCK_REFUSAL:
    case BLOCK_TOOL_RESULT:
    case BLOCK_OPAQUE:
        break;
    }
    s->block = (struct block){.kind = BLOCK_OPAQUE};
    buf_fini(&s->held);
    buf_fini(&s->beside);
    return rc;
}

static int put_logprobs(struct encoder *e, struct told *t, const struct event *ev)
{
    struct chunk k;
    if (!e->w.asked || e->w.asked->sampling.logprobs != YES)
        return 0;
    chunk_begin(&k, e);
    json_begin_object(&k.j, NULL);
    json_put_int(&k.j, "index", t->index);
    gemini_logprobs_put(&k.j, ev->logprobs);
    json_end_object(&k.j);
    return chunk_end(&k, NULL);
}

/* ---- beginning and end ---- */

static void begin(struct encoder *e, const struct event *ev)
{
    struct encoding *s = e->state;
    str model = e->w.model.n > 0 ? e->w.model : ev->start.model;
    s->model = arena_str(e->a, str_slice(model, 0, 256));
    s->id = ev->start.id.n > 0 ? arena_str(e->a, str_slice(ev->start.id, 0, 256))
                               : make_id(e->a, "", e->w.id_seed, 0);
}

static void note_finish(struct encoder *e, struct told *t, const struct event *ev)
{
    t->has_finished = true;
    t->finish.reason = ev->finish.reason;
    t->finish.native = arena_str(e->a, str_slice(ev->finish.native, 0, 64));
}

/* Readers of a chunk's text expect one in the last too: an empty one. */
static int put_last(struct encoder *e)
{
    struct encoding *s = e->state;
    struct chunk k;
    chunk_begin(&k, e);
    for (const struct told *t = s->candidates; t; t = t->next) {
        if (!t->has_finished)
            continue;
        json_begin_object(&k.j, NULL);
        if (t->has_content || s->proof_of == t) {
            json_begin_object(&k.j, "content");
            json_begin_array(&k.j, "parts");
            put_proof(&k, t);
            json_end_array(&k.j);
            json_put_str(&k.j, "role", S("model"));
            json_end_object(&k.j);
        }
        json_put_str(&k.j, "finishReason", gemini_finish_name(&t->finish));
        json_put_int(&k.j, "index", t->index);
        grounding_put(&k.j, &t->grounding);
        json_end_object(&k.j);
    }
    int rc = chunk_end(&k, &s->usage);
    close_array(e);
    return rc;
}

static void put_failure(struct encoder *e, const struct event *ev)
{
    struct buf text;
    buf_init(&text, HELD_MAX);
    gemini_write_error(&ev->failure, &text);
    frame(e, buf_str(&text));
    close_array(e);
    buf_fini(&text);
}

int gemini_write_event(struct encoder *e, const struct event *ev)
{
    struct encoding *s = encoding_of(e);
    struct told *t = told_of(e, ev->choice);
    if (!t)
        return -E_PROVIDER_TOO_LARGE;
    switch (ev->kind) {
    case EV_START:
        begin(e, ev);
        return 0;
    case EV_BLOCK_START:
        return begin_block(e, t, ev);
    case EV_DELTA:
        return grow(e, t, ev);
    case EV_ANNOTATION:
        if (ev->annotation)
            grounding_add(&t->grounding, ev->annotation, -1, &t->map, t->base);
        return 0;
    case EV_LOGPROBS:
        return put_logprobs(e, t, ev);
    case EV_BLOCK_STOP:
        return end_block(e, t, ev);
    case EV_USAGE:
        usage_update(&s->usage, &ev->usage);
        return 0;
    case EV_FINISH:
        note_finish(e, t, ev);
        return 0;
    case EV_PING: /* Google's Python SDK reads a comment as an answer that is no JSON */
    case EV_NOTICE:
        return 0;
    case EV_ERROR:
        put_failure(e, ev);
        return 0;
    case EV_END:
        return put_last(e);
    }
    return 0;
}
