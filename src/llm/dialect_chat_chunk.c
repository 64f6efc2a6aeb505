/* Streams of the chat dialect, written: the chunks.
 *
 * All of them begin with the same members, so those are written once, when the stream starts, and
 * copied from then on; a chunk of text costs the copy and the escaping of the text. */
#include "llm/dialect_chat_chunk.h"
#include "llm/seal.h"

/* ---- chunks ---- */

void chat_begin_chunk(const struct chat_pen *p, unsigned choice)
{
    buf_put(p->out, p->page->head);
    buf_put(p->out, S("\"choices\":[{\"index\":"));
    buf_put_u64(p->out, choice);
    buf_put(p->out, S(",\"delta\":"));
}

void chat_end_chunk(const struct chat_pen *p)
{
    buf_put(p->out, S(",\"logprobs\":null,\"finish_reason\":null}]"));
    buf_put(p->out, p->page->says_null ? S(",\"usage\":null}\n\n") : S("}\n\n"));
}

/* A delta of one member with one text. */
void chat_put_text(const struct chat_pen *p, unsigned choice, str member, str text)
{
    chat_begin_chunk(p, choice);
    buf_put(p->out, S("{\""));
    buf_put(p->out, member);
    buf_put(p->out, S("\":"));
    buf_put_json(p->out, text);
    buf_put_char(p->out, '}');
    chat_end_chunk(p);
}

bool chat_is_completion(const struct chat_pen *p)
{
    return p->page->as == DIALECT_COMPLETIONS;
}

/* A chunk of a text completion: there is a text in each. `finish` is empty, or the reason. */
void chat_put_completion(const struct chat_pen *p, unsigned choice, str text, str finish)
{
    buf_put(p->out, p->page->head);
    buf_put(p->out, S("\"choices\":[{\"text\":"));
    buf_put_json(p->out, text);
    buf_put(p->out, S(",\"index\":"));
    buf_put_u64(p->out, choice);
    buf_put(p->out, S(",\"logprobs\":null,\"finish_reason\":"));
    if (finish.n > 0)
        buf_put_json(p->out, finish);
    else
        buf_put(p->out, S("null"));
    buf_put(p->out, p->page->says_null ? S("}],\"usage\":null}\n\n") : S("}]}\n\n"));
}

void chat_put_role(const struct chat_pen *p, unsigned choice)
{
    if (chat_is_completion(p))
        return; /* a text has no author */
    chat_begin_chunk(p, choice);
    buf_put(p->out, S("{\"role\":\"assistant\",\"content\":\"\"}"));
    chat_end_chunk(p);
}

/* ---- thoughts ---- */

void chat_put_thought(const struct chat_pen *p, const struct chat_shown *s, str text)
{
    struct dialect_chat_detail d = {.is_summary = s->is_summary, .text = text, .index = s->number};
    chat_begin_chunk(p, s->choice);
    struct json_writer j = json_writer(p->out);
    json_begin_object(&j, NULL);
    json_put_str(&j, "reasoning_content", text);
    json_begin_array(&j, "reasoning_details");
    dialect_chat_put_detail(&j, p->e->scratch, &d);
    json_end_array(&j);
    json_end_object(&j);
    chat_end_chunk(p);
}

/* The seal of a thought: behind its text, or alone. */
void chat_put_thought_seal(const struct chat_pen *p, const struct chat_shown *s,
                           const struct seal *seal)
{
    struct dialect_chat_detail d = {
        .is_summary = s->is_summary, .is_rest = s->has_any, .seal = seal, .index = s->number};
    if (seal->kind == SEAL_NONE)
        return;
    chat_begin_chunk(p, s->choice);
    struct json_writer j = json_writer(p->out);
    json_begin_object(&j, NULL);
    json_begin_array(&j, "reasoning_details");
    dialect_chat_put_detail(&j, p->e->scratch, &d);
    json_end_array(&j);
    json_end_object(&j);
    chat_end_chunk(p);
}

/* ---- calls ---- */

/* {tool_calls: [{index, ...}]}: the caller puts what stands in the call. */
static struct json_writer begin_call(const struct chat_pen *p, const struct chat_shown *s)
{
    chat_begin_chunk(p, s->choice);
    struct json_writer j = json_writer(p->out);
    json_begin_object(&j, NULL);
    json_begin_array(&j, "tool_calls");
    json_begin_object(&j, NULL);
    json_put_int(&j, "index", s->number);
    return j;
}

static void end_call(const struct chat_pen *p, struct json_writer *j)
{
    json_end_object(j);
    json_end_array(j);
    json_end_object(j);
    chat_end_chunk(p);
}

static void put_function_call(const struct chat_pen *p, const struct chat_shown *s, str name,
                              str args)
{
    chat_begin_chunk(p, s->choice);
    struct json_writer j = json_writer(p->out);
    json_begin_object(&j, NULL);
    json_begin_object(&j, "function_call");
    if (name.n > 0)
        json_put_str(&j, "name", name);
    json_put_str(&j, "arguments", args);
    json_end_object(&j);
    json_end_object(&j);
    chat_end_chunk(p);
}

void chat_put_call_start(const struct chat_pen *p, const struct chat_shown *s,
                         const struct block *b)
{
    const struct tool_call *call = &b->call;
    if (p->page->uses_functions) {
        put_function_call(p, s, call->name, S_EMPTY);
        return;
    }
    struct json_writer j = begin_call(p, s);
    unsigned number = s->choice * 1000 + (unsigned)s->number;
    json_put_str(&j, "id",
                 call->id.n > 0 ? call->id
                                : make_id(p->e->scratch, "call_", p->e->w.id_seed, number));
    json_put_str(&j, "type", s->is_custom ? S("custom") : S("function"));
    json_begin_object(&j, s->is_custom ? "custom" : "function");
    json_put_str(&j, "name", call->name);
    json_put_str(&j, s->is_custom ? "input" : "arguments", S_EMPTY);
    json_end_object(&j);
    if (b->seal.kind != SEAL_NONE)
        dialect_chat_put_call_seal(&j, seal_wrap(p->e->scratch, &b->seal));
    end_call(p, &j);
}

static void put_piece(struct json_writer *j, const struct chat_shown *s, str args)
{
    json_begin_object(j, s->is_custom ? "custom" : "function");
    json_put_str(j, s->is_custom ? "input" : "arguments", args);
    json_end_object(j);
}

void chat_put_args(const struct chat_pen *p, const struct chat_shown *s, str args)
{
    if (p->page->uses_functions) {
        put_function_call(p, s, S_EMPTY, args);
        return;
    }
    struct json_writer j = begin_call(p, s);
    put_piece(&j, s, args);
    end_call(p, &j);
}

/* With an empty piece of arguments: clients that check what they read (Vercel's AI SDK) refuse a
 * call without a function. */
void chat_put_late_seal(const struct chat_pen *p, const struct chat_shown *s,
                        const struct seal *seal)
{
    if (seal->kind == SEAL_NONE || p->page->uses_functions)
        return;
    struct json_writer j = begin_call(p, s);
    put_piece(&j, s, S_EMPTY);
    dialect_chat_put_call_seal(&j, seal_wrap(p->e->scratch, seal));
    end_call(p, &j);
}

/* ---- media ---- */

void chat_put_audio(const struct chat_pen *p, const struct chat_shown *s, const char *member,
                    str text)
{
    chat_begin_chunk(p, s->choice);
    struct json_writer j = json_writer(p->out);
    json_begin_object(&j, NULL);
    json_begin_object(&j, "audio");
    json_put_str(&j, member, text);
    json_end_object(&j);
    json_end_object(&j);
    chat_end_chunk(p);
}

void chat_put_image(const struct chat_pen *p, struct chat_shown *s)
{
    if (s->media.source == MEDIA_BASE64)
        s->media.bytes = buf_is_ok(&s->held) ? buf_str(&s->held) : S_EMPTY;
    if (s->media.bytes.n > 0) {
        chat_begin_chunk(p, s->choice);
        struct json_writer j = json_writer(p->out);
        json_begin_object(&j, NULL);
        json_begin_array(&j, "images");
        dialect_chat_put_image(&j, p->e->scratch, &s->media);
        json_end_array(&j);
        json_end_object(&j);
        chat_end_chunk(p);
    }
    buf_fini(&s->held);
}
