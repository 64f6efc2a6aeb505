/* Streams of the chat dialect, written: events become chunks as OpenAI sends them.
 *
 * In this order: a chunk with the role, chunks with deltas, one with the finish reason per choice,
 * one with usage and no choice where the client asked for it, [DONE]. All of them begin with the
 * same members, so those are written once, when the stream starts, and copied from then on; a chunk
 * of text costs the copy and the escaping of the text.
 *
 * Calls are counted for themselves, from 0 in each choice, whatever stood between them. A call's id
 * and name are in its first chunk only. Pictures have no deltas in this dialect: theirs are held
 * until they are whole. */
#include "llm/dialect_chat_chunk.h"
#include "llm/media.h"

#define IMAGE_MAX (32u << 20) /* base64 of one picture that is held */

static struct chat_page *begin_page(struct encoder *e, const struct start *s, uint8_t as)
{
    struct chat_page *page = arena_new(e->a, struct chat_page);
    struct writing *w = &e->w;
    bool is_openrouter = as == DIALECT_OPENROUTER;
    str id = s->id.n > 0 ? s->id : make_id(e->scratch, dialect_chat_id_prefix(as), w->id_seed, 0);
    page->as = as;
    page->usage = USAGE_NONE;
    page->asks_usage = is_openrouter || (w->asked && w->asked->asks_usage);
    page->says_null = page->asks_usage && !is_openrouter;
    page->uses_functions = w->asked && w->asked->uses_functions;
    struct buf b;
    buf_init(&b, 64u << 10);
    buf_put(&b, S("data: {\"id\":"));
    buf_put_json(&b, str_slice(id, 0, 256));
    buf_put(&b, as == DIALECT_COMPLETIONS
                    ? S(",\"object\":\"text_completion\",\"created\":")
                    : S(",\"object\":\"chat.completion.chunk\",\"created\":"));
    buf_put_i64(&b, s->created_s >= 0 ? s->created_s : w->now_s);
    buf_put(&b, S(",\"model\":"));
    buf_put_json(&b, str_slice(w->model.n > 0 ? w->model : s->model, 0, 512));
    buf_put_char(&b, ',');
    page->head = arena_str(e->a, buf_str(&b));
    buf_fini(&b);
    return page;
}

static struct chat_told *told_of(const struct chat_pen *p, unsigned choice)
{
    struct chat_told **at = &p->page->choices;
    while (*at && (*at)->index != choice)
        at = &(*at)->next;
    if (!*at) {
        *at = arena_new(p->e->a, struct chat_told);
        (*at)->index = choice;
        (*at)->seen.uses_functions = p->page->uses_functions;
        chat_put_role(p, choice);
    }
    return *at;
}

/* ---- blocks ---- */

static struct chat_shown **find_shown(struct chat_page *page, const struct event *ev)
{
    struct chat_shown **at = &page->open;
    while (*at && ((*at)->choice != ev->choice || (*at)->block != ev->block))
        at = &(*at)->next;
    return at;
}

/* What a stream that breaks off had begun to hold goes with the arena. */
static void drop_held(void *shown)
{
    buf_fini(&((struct chat_shown *)shown)->held);
}

static struct chat_shown *new_shown(const struct chat_pen *p, const struct event *ev)
{
    struct chat_shown *s = p->page->spare;
    if (s) {
        p->page->spare = s->next;
    } else {
        s = arena_new(p->e->a, struct chat_shown);
        arena_on_fini(p->e->a, drop_held, s);
    }
    *s = (struct chat_shown){.choice = ev->choice, .block = ev->block, .next = p->page->open};
    p->page->open = s;
    return s;
}

static void start_call(const struct chat_pen *p, struct chat_told *t, struct chat_shown *s,
                       const struct block *b)
{
    bool is_second = p->page->uses_functions && t->n_calls > 0;
    s->is_custom = b->call.kind == TOOL_CUSTOM;
    s->is_left_out = b->call.kind == TOOL_SERVER || is_second;
    if (s->is_left_out)
        return;
    s->number = t->n_calls++;
    t->seen.calls = true;
    chat_put_call_start(p, s, b);
}

/* A picture with a URL is whole already; the bytes of another come in deltas. */
static void start_image(const struct chat_pen *p, struct chat_shown *s, const struct media *m)
{
    s->media = *m;
    s->media.mime.n = MIN(m->mime.n, sizeof s->mime);
    for (size_t i = 0; i < s->media.mime.n; i++)
        s->mime[i] = m->mime.p[i];
    s->media.mime.p = s->mime;
    buf_init(&s->held, IMAGE_MAX);
    if (m->source != MEDIA_BASE64) {
        chat_put_image(p, s);
        s->is_left_out = true;
    }
}

static void start_media(const struct chat_pen *p, struct chat_shown *s, const struct block *b)
{
    str id = b->media.name;
    s->is_image = b->media.kind == MEDIA_IMAGE;
    s->is_left_out = !s->is_image && b->media.kind != MEDIA_AUDIO;
    if (s->is_left_out)
        return;
    if (s->is_image) {
        start_image(p, s, &b->media);
        return;
    }
    if (id.n == 0)
        id = make_id(p->e->scratch, "audio_", p->e->w.id_seed, s->block);
    chat_put_audio(p, s, "id", id);
}

static void start_block(const struct chat_pen *p, const struct event *ev)
{
    const struct block *b = ev->content;
    struct chat_told *t = told_of(p, ev->choice);
    struct chat_shown *s = new_shown(p, ev);
    s->kind = b->kind;
    s->first_letter = t->n_letters;
    if (chat_is_completion(p) && b->kind != BLOCK_TEXT) {
        s->is_left_out = true;
        return;
    }
    switch (b->kind) {
    case BLOCK_TOOL_CALL:
        start_call(p, t, s, b);
        break;
    case BLOCK_MEDIA:
        start_media(p, s, b);
        break;
    case BLOCK_REFUSAL:
        t->seen.refusal = true;
        break;
    case BLOCK_REASONING:
        s->number = t->n_thoughts++;
        chat_put_thought_seal(p, s, &b->seal);
        break;
    case BLOCK_TEXT:
        break;
    case BLOCK_TOOL_RESULT:
    case BLOCK_OPAQUE:
        s->is_left_out = true;
        break;
    }
}

static int64_t count_code_points(str text)
{
    int64_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
    return n;
}

static void put_said(const struct chat_pen *p, struct chat_shown *s, str text)
{
    switch (s->kind) {
    case BLOCK_TEXT:
        told_of(p, s->choice)->n_letters += count_code_points(text);
        if (chat_is_completion(p))
            chat_put_completion(p, s->choice, text, S_EMPTY);
        else
            chat_put_text(p, s->choice, S("content"), text);
        break;
    case BLOCK_REFUSAL:
        chat_put_text(p, s->choice, S("refusal"), text);
        break;
    case BLOCK_REASONING:
        chat_put_thought(p, s, text);
        break;
    case BLOCK_MEDIA:
    case BLOCK_TOOL_CALL:
    case BLOCK_TOOL_RESULT:
    case BLOCK_OPAQUE:
        break;
    }
    s->has_any = true;
}

static void put_delta(const struct chat_pen *p, const struct event *ev)
{
    struct chat_shown *s = *find_shown(p->page, ev);
    str text = ev->delta.text;
    if (!s || s->is_left_out)
        return;
    switch (ev->delta.kind) {
    case DELTA_TEXT:
        s->is_summary = ev->delta.is_summary;
        if (text.n > 0)
            put_said(p, s, text);
        break;
    case DELTA_PART:
        s->is_summary = ev->delta.is_summary;
        if (s->has_any)
            put_said(p, s, S("\n\n"));
        break;
    case DELTA_ARGS:
        s->has_any = s->has_any || text.n > 0;
        if (text.n > 0)
            chat_put_args(p, s, text);
        break;
    case DELTA_MEDIA:
        if (s->is_image)
            buf_put(&s->held, text);
        else
            chat_put_audio(p, s, "data", text);
        break;
    case DELTA_CAPTION:
        if (!s->is_image && text.n > 0)
            chat_put_audio(p, s, "transcript", text);
        break;
    }
}

static void stop_block(const struct chat_pen *p, const struct event *ev)
{
    struct chat_shown **at = find_shown(p->page, ev);
    struct chat_shown *s = *at;
    const struct block *end = ev->content;
    if (!s)
        return;
    if (s->is_left_out)
        end = NULL;
    bool is_call = s->kind == BLOCK_TOOL_CALL && !s->is_left_out;
    if (is_call && !s->has_any && !s->is_custom)
        chat_put_args(p, s, S("{}"));
    if (is_call && end)
        chat_put_late_seal(p, s, &end->seal);
    if (s->kind == BLOCK_REASONING && end)
        chat_put_thought_seal(p, s, &end->seal);
    if (s->is_image && !s->is_left_out)
        chat_put_image(p, s);
    *at = s->next;
    s->next = p->page->spare;
    p->page->spare = s;
}

static void put_note(const struct chat_pen *p, const struct event *ev)
{
    const struct annotation *n = ev->annotation;
    const struct chat_shown *s = *find_shown(p->page, ev);
    if (!s || s->kind != BLOCK_TEXT || n->url.n == 0 || chat_is_completion(p))
        return;
    int64_t end = told_of(p, ev->choice)->n_letters;
    bool is_placed = n->begin >= 0 && n->end >= n->begin;
    chat_begin_chunk(p, ev->choice);
    struct json_writer j = json_writer(p->out);
    json_begin_object(&j, NULL);
    json_begin_array(&j, "annotations");
    dialect_chat_put_annotation(&j, n, is_placed ? s->first_letter + n->begin : s->first_letter,
                                is_placed ? s->first_letter + n->end : end);
    json_end_array(&j);
    json_end_object(&j);
    chat_end_chunk(p);
}

static void put_logprobs(const struct chat_pen *p, const struct event *ev)
{
    if (chat_is_completion(p))
        return; /* it has another form there */
    chat_begin_chunk(p, ev->choice);
    buf_put(p->out, S("{},\"logprobs\":{\"content\":"));
    json_put(p->out, ev->logprobs);
    buf_put(p->out, S(",\"refusal\":null},\"finish_reason\":null}]"));
    buf_put(p->out, p->page->says_null ? S(",\"usage\":null}\n\n") : S("}\n\n"));
}

/* ---- ends ---- */

static void put_finish(const struct chat_pen *p, const struct event *ev)
{
    struct chat_told *t = told_of(p, ev->choice);
    if (chat_is_completion(p)) {
        struct dialect_chat_seen nothing = {.calls = false};
        chat_put_completion(p, ev->choice, S_EMPTY,
                            str_from_cz(dialect_chat_end_word(&ev->finish, &nothing)));
        return;
    }
    chat_begin_chunk(p, ev->choice);
    buf_put(p->out, S("{},\"logprobs\":null,\"finish_reason\":\""));
    buf_put(p->out, str_from_cz(dialect_chat_end_word(&ev->finish, &t->seen)));
    buf_put_char(p->out, '"');
    if (p->page->as == DIALECT_OPENROUTER && ev->finish.native.n > 0) {
        buf_put(p->out, S(",\"native_finish_reason\":"));
        buf_put_json(p->out, ev->finish.native);
    }
    buf_put(p->out, p->page->says_null ? S("}],\"usage\":null}\n\n") : S("}]}\n\n"));
}

static void put_end(const struct chat_pen *p)
{
    if (p->page->asks_usage && usage_is_known(&p->page->usage)) {
        buf_put(p->out, p->page->head);
        buf_put(p->out, S("\"choices\":[],\"usage\":"));
        struct json_writer j = json_writer(p->out);
        dialect_chat_put_usage(&j, NULL, &p->page->usage);
        buf_put(p->out, S("}\n\n"));
    }
    buf_put(p->out, S("data: [DONE]\n\n"));
}

static void put_failure(const struct chat_pen *p, const struct failure *f)
{
    if (p->page->as == DIALECT_OPENROUTER) {
        buf_put(p->out, p->page->head);
        dialect_openrouter_put_error(p->out, f);
        buf_put(p->out, S(",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\","
                          "\"content\":\"\"},\"finish_reason\":\"error\","
                          "\"native_finish_reason\":\"error\"}]}\n\n"));
        return;
    }
    buf_put(p->out, S("data: "));
    dialect_chat_write_error(f, p->out);
    buf_put(p->out, S("\n\n"));
}

static void put_event(const struct chat_pen *p, const struct event *ev)
{
    switch (ev->kind) {
    case EV_START:
        (void)told_of(p, 0); /* the role, before anything else */
        break;
    case EV_BLOCK_START:
        start_block(p, ev);
        break;
    case EV_DELTA:
        put_delta(p, ev);
        break;
    case EV_ANNOTATION:
        put_note(p, ev);
        break;
    case EV_LOGPROBS:
        put_logprobs(p, ev);
        break;
    case EV_BLOCK_STOP:
        stop_block(p, ev);
        break;
    case EV_USAGE:
        usage_update(&p->page->usage, &ev->usage);
        break;
    case EV_FINISH:
        put_finish(p, ev);
        break;
    case EV_PING:
        sse_put_comment(p->out,
                        p->page->as == DIALECT_OPENROUTER ? S("OPENROUTER PROCESSING") : S("ping"));
        break;
    case EV_NOTICE: /* goes in a header, where there is still time */
        break;
    case EV_ERROR:
        put_failure(p, &ev->failure);
        break;
    case EV_END:
        put_end(p);
        break;
    }
}

int dialect_chat_write_event(struct encoder *e, const struct event *ev, uint8_t as)
{
    static const struct start nothing = {.created_s = -1};
    struct chat_pen p = {.e = e, .out = e->out};
    if (!e->state)
        e->state = begin_page(e, ev->kind == EV_START ? &ev->start : &nothing, as);
    p.page = e->state;
    put_event(&p, ev);
    return buf_is_ok(e->out) ? 0 : -E_PROVIDER_TOO_LARGE;
}
