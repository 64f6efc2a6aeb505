/* Ollama's streams, written: a line per event, of chat or of generate. A call goes out whole, with
 * its arguments as an object, so they are held until it stops; generate has no place for calls. The
 * last line says why the answer ended and what it cost: it waits for the usage. */
#include "llm/carry.h"
#include "llm/dialect_ollama.h"

#define ARGS_MAX  (16u << 20) /* of one call */
#define LINE_MAX  (64u << 20)
#define MODEL_MAX 512 /* bytes of its name */

struct out {
    bool is_text; /* generate */
    enum block_kind kind;
    enum tool_kind call; /* being held: */
    struct buf id, name, args;
    struct buf line;
    int64_t n_calls;
    bool has_thought; /* something of the thoughts has been said */
    bool is_apart;    /* what comes of them next is another part */
    str model;
    int64_t created_s;
    enum finish finish;
    struct usage usage;
};

static void free_bufs(void *obj)
{
    struct out *o = obj;
    buf_fini(&o->id);
    buf_fini(&o->name);
    buf_fini(&o->args);
    buf_fini(&o->line);
}

static struct out *out_of(struct encoder *e, bool is_text)
{
    if (e->state)
        return e->state;
    struct out *o = arena_new(e->a, struct out);
    o->is_text = is_text;
    o->created_s = -1;
    o->usage = USAGE_NONE;
    buf_init(&o->id, ARGS_MAX);
    buf_init(&o->name, ARGS_MAX);
    buf_init(&o->args, ARGS_MAX);
    buf_init(&o->line, LINE_MAX);
    arena_on_fini(e->a, free_bufs, o);
    e->state = o;
    return o;
}

/* {model, created_at, ... */
static struct json_writer begin(struct encoder *e, struct out *o)
{
    buf_reset(&o->line);
    struct json_writer w = json_writer(&o->line);
    json_begin_object(&w, NULL);
    ollama_put_head(&w, e->scratch, &e->w,
                    &(struct start){.model = o->model, .created_s = o->created_s});
    return w;
}

static void put_line(struct encoder *e, struct out *o, struct json_writer *w)
{
    json_end_object(w);
    frames_put(FRAMING_LINES, e->out, S_EMPTY, buf_str(&o->line));
}

/* message: {role, content: text, ...}, or response: text. Left open for what goes beside it. */
static void begin_text(struct json_writer *w, const struct out *o, str text)
{
    if (o->is_text) {
        json_put_str(w, "response", text);
        return;
    }
    json_begin_object(w, "message");
    json_put_str(w, "role", S("assistant"));
    json_put_str(w, "content", text);
}

static void end_text(struct json_writer *w, const struct out *o)
{
    if (!o->is_text)
        json_end_object(w);
}

static void put_text(struct encoder *e, struct out *o, str text)
{
    struct json_writer w = begin(e, o);
    begin_text(&w, o, text);
    end_text(&w, o);
    json_put_bool(&w, "done", false);
    put_line(e, o, &w);
}

static void put_thinking(struct encoder *e, struct out *o, str text)
{
    struct json_writer w = begin(e, o);
    begin_text(&w, o, S(""));
    json_put_str(&w, "thinking", text);
    end_text(&w, o);
    json_put_bool(&w, "done", false);
    put_line(e, o, &w);
}

static void write_start(struct encoder *e, struct out *o, const struct block *b)
{
    o->kind = b->kind;
    o->is_apart = o->has_thought;
    if (b->kind != BLOCK_TOOL_CALL || o->is_text)
        return;
    str id = b->call.id.n > 0 ? b->call.id
                              : make_id(e->scratch, "call_", e->w.id_seed, (unsigned)o->n_calls);
    o->call = b->call.kind;
    buf_reset(&o->id);
    buf_reset(&o->name);
    buf_reset(&o->args);
    buf_put(&o->id, id);
    buf_put(&o->name, b->call.name);
}

static void write_delta(struct encoder *e, struct out *o, enum delta_kind kind, str text)
{
    bool is_said = o->kind == BLOCK_TEXT || o->kind == BLOCK_REFUSAL;
    if (kind == DELTA_PART)
        o->is_apart = o->has_thought;
    if (text.n == 0)
        return;
    if (is_said && kind == DELTA_TEXT)
        put_text(e, o, text);
    if (o->kind == BLOCK_REASONING && kind == DELTA_TEXT) {
        if (o->is_apart)
            put_thinking(e, o, S("\n\n"));
        put_thinking(e, o, text);
        o->is_apart = false;
        o->has_thought = true;
    }
    if (o->kind == BLOCK_TOOL_CALL && kind == DELTA_ARGS && !o->is_text)
        buf_put(&o->args, text);
}

static void put_call(struct encoder *e, struct out *o)
{
    struct writing w = e->w;
    w.a = e->scratch;
    const struct tool_call call = {
        .kind = o->call, .name = buf_str(&o->name), .args = buf_str(&o->args)};
    struct json_writer line = begin(e, o);
    begin_text(&line, o, S(""));
    json_begin_array(&line, "tool_calls");
    ollama_put_call(&line, &w, &call, buf_str(&o->id), o->n_calls++);
    json_end_array(&line);
    end_text(&line, o);
    json_put_bool(&line, "done", false);
    put_line(e, o, &line);
    buf_reset(&o->args);
}

static void write_logprobs(struct encoder *e, struct out *o, const struct json *v)
{
    struct json_writer w = begin(e, o);
    begin_text(&w, o, S(""));
    end_text(&w, o);
    json_put_bool(&w, "done", false);
    json_put_value(&w, "logprobs", v);
    put_line(e, o, &w);
}

static void write_end(struct encoder *e, struct out *o)
{
    struct json_writer w = begin(e, o);
    begin_text(&w, o, S(""));
    end_text(&w, o);
    ollama_put_tail(&w, o->finish, &o->usage);
    put_line(e, o, &w);
}

static void write_error(struct encoder *e, struct out *o, const struct failure *f)
{
    buf_reset(&o->line);
    ollama_write_error(f, &o->line);
    frames_put(FRAMING_LINES, e->out, S_EMPTY, buf_str(&o->line));
}

static int write_event(struct encoder *e, struct out *o, const struct event *ev)
{
    switch (ev->kind) {
    case EV_START:
        o->model = arena_str(
            e->a, str_slice(e->w.model.n > 0 ? e->w.model : ev->start.model, 0, MODEL_MAX));
        o->created_s = ev->start.created_s;
        break;
    case EV_BLOCK_START:
        write_start(e, o, ev->content);
        break;
    case EV_DELTA:
        write_delta(e, o, ev->delta.kind, ev->delta.text);
        break;
    case EV_BLOCK_STOP:
        if (o->kind == BLOCK_TOOL_CALL && !o->is_text)
            put_call(e, o);
        break;
    case EV_LOGPROBS:
        if (o->kind == BLOCK_TEXT && ev->logprobs)
            write_logprobs(e, o, ev->logprobs);
        break;
    case EV_USAGE:
        usage_update(&o->usage, &ev->usage);
        break;
    case EV_FINISH:
        o->finish = ev->finish.reason;
        break;
    case EV_ERROR:
        write_error(e, o, &ev->failure);
        break;
    case EV_END:
        write_end(e, o);
        break;
    case EV_ANNOTATION:
    case EV_PING:
    case EV_NOTICE:
        break;
    }
    bool is_ok = buf_is_ok(&o->id) && buf_is_ok(&o->name) && buf_is_ok(&o->args) &&
                 buf_is_ok(&o->line) && buf_is_ok(e->out);
    return is_ok ? 0 : -E_PROVIDER_TOO_LARGE;
}

int ollama_write_event(struct encoder *e, const struct event *ev)
{
    struct out *o = out_of(e, false);
    return ev->choice > 0 ? 0 : write_event(e, o, ev); /* there is one answer */
}

int ollama_write_text_event(struct encoder *e, const struct event *ev)
{
    struct out *o = out_of(e, true);
    return ev->choice > 0 ? 0 : write_event(e, o, ev);
}
