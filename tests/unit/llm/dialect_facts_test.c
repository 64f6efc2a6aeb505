/* What is read of recorded answers (see llm/recording.h), against what their JSON says to a plain
 * look at it (llm/recording_facts.h): texts, calls, tokens, the reason of the end. The other tests
 * on recordings compare the dialects with each other; this one compares them with the providers. */
#include "llm/recording_facts.h"
#include "llm/recording_report.h"

/* The plain look at a stream; false: not at this dialect. */
static bool look_at_stream(struct arena *a, const struct dialect *d, str bytes, struct facts *f)
{
    struct message m;
    const char *why = NULL;
    bool is_known = true;
    while (is_known && !f->is_over && frames_next(d->framing, a, &bytes, &m, &why) > 0)
        is_known = facts_add(f, d->id, recording_json(a, m.data));
    return is_known;
}

static bool look(struct arena *a, const struct recording *r, struct facts *f)
{
    if (r->kind == RECORDING_REPLY)
        return facts_add(f, r->dialect->id, recording_json(a, r->bytes));
    return look_at_stream(a, r->dialect, r->bytes, f);
}

static str without_space(struct arena *a, str text)
{
    char *p = arena_alloc(a, text.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (!strchr(" \n\r\t", text.p[i]))
            p[n++] = text.p[i];
    }
    return str_of(p, n);
}

/* No arguments are written as an empty object, or not at all. */
static str without_empty(struct arena *a, str left)
{
    char *p = arena_alloc(a, left.n + 1);
    size_t n = 0;
    while (left.n > 0) {
        bool is_empty = str_has_prefix(left, S("{}"));
        if (!is_empty)
            p[n++] = *left.p;
        left = str_skip(left, is_empty ? 2 : 1);
    }
    return str_of(p, n);
}

/* Arguments that came in pieces say nothing alone: all of them in a row are compared. */
static void compare_calls(struct ir_diff *d, const struct facts *f, const struct reply *reply)
{
    struct buf names, args;
    buf_init(&names, SIZE_MAX);
    buf_init(&args, SIZE_MAX);
    const struct block *b = reply->choices ? reply->choices->blocks : NULL;
    for (; b; b = b->next) {
        if (b->kind != BLOCK_TOOL_CALL || b->call.kind != TOOL_FUNCTION)
            continue;
        buf_printf(&names, STR_FMT " ", STR_ARG(b->call.name));
        buf_put(&args, b->call.args);
    }
    ir_str(d, "names", 0, buf_str(&f->names), buf_str(&names));
    str want = without_empty(d->a, buf_str(&f->args));
    if (want.n > 0)
        ir_str(d, "args", 0, want, without_empty(d->a, without_space(d->a, buf_str(&args))));
    buf_fini(&names);
    buf_fini(&args);
}

static str compare(struct arena *a, const struct facts *f, const struct reply *reply)
{
    struct ir_diff d = {.a = a};
    struct buf text, thoughts;
    buf_init(&text, SIZE_MAX);
    buf_init(&thoughts, SIZE_MAX);
    const struct reply_choice *c = reply->choices;
    for (const struct block *b = c ? c->blocks : NULL; b; b = b->next) {
        if (b->kind == BLOCK_TEXT)
            buf_put(&text, b->text);
        const struct reasoning_part *part = b->kind == BLOCK_REASONING ? b->reasoning.parts : NULL;
        for (; part; part = part->next)
            buf_put(&thoughts, part->text);
    }
    ir_str(&d, "text", 0, buf_str(&f->text), buf_str(&text));
    ir_str(&d, "thoughts", 0, buf_str(&f->thoughts), buf_str(&thoughts));
    buf_fini(&text);
    buf_fini(&thoughts);
    compare_calls(&d, f, reply);
    ir_int(&d, "input tokens", 0, f->input, reply->usage.input_tokens);
    ir_int(&d, "output tokens", 0, f->output, reply->usage.output_tokens);
    if (f->finish.n > 0)
        ir_str(&d, "finish", 0, f->finish, c ? c->finish.native : S_EMPTY);
    return d.first;
}

/* ---- what a client gets ---- */

/* What is said or refused. */
static str words(struct arena *a, const struct facts *f)
{
    return arena_concat(a, (str[]){buf_str(&f->text), buf_str(&f->refusal)}, 2);
}

static str differing(struct arena *a, const struct facts *given, const struct facts *got)
{
    struct ir_diff d = {.a = a};
    ir_str(&d, "words", 0, words(a, given), words(a, got));
    ir_str(&d, "names", 0, buf_str(&given->names), buf_str(&got->names));
    str args = without_empty(a, buf_str(&given->args));
    if (args.n > 0)
        ir_str(&d, "args", 0, args, without_empty(a, buf_str(&got->args)));
    ir_int(&d, "input tokens", 0, MAX(given->input, 0), MAX(got->input, 0));
    ir_int(&d, "output tokens", 0, MAX(given->output, 0), MAX(got->output, 0));
    return d.first;
}

/* The recording as a stream of `to`, and as a whole answer of it. */
static void check_client(struct arena *a, const struct recording *r, const struct facts *given,
                         const struct dialect *to)
{
    static const struct chat usage_wanted = {.asks_usage = true, .is_stream = true};
    struct facts streamed, whole;
    struct pipe *p = pipe_new(r->dialect, to, &usage_wanted);
    struct pipe *q = pipe_new(r->dialect, NULL, NULL);
    facts_init(&streamed);
    facts_init(&whole);
    if (r->kind == RECORDING_STREAM)
        pipe_stream(p, r->dialect, r->bytes, (struct pipe_cut){0});
    else
        pipe_reply(p, r->dialect, r->bytes);
    if (r->kind == RECORDING_STREAM)
        pipe_stream(q, r->dialect, r->bytes, (struct pipe_cut){0});
    else
        pipe_reply(q, r->dialect, r->bytes);
    str body = pipe_whole(q, r->dialect, to, &q->reply, &usage_wanted);
    /* Grok on Azure: more cached tokens than there are. */
    bool is_odd = q->reply.usage.cached_tokens > q->reply.usage.input_tokens;
    bool is_known = !is_odd && look_at_stream(a, to, buf_str(&p->out), &streamed) &&
                    facts_add(&whole, to->id, recording_json(a, body));
    str difference = differing(a, given, &streamed);
    if (difference.n == 0)
        difference = differing(a, given, &whole);
    if (is_known)
        recording_report_to(r, to, difference);
    facts_fini(&streamed);
    facts_fini(&whole);
    pipe_free(p);
    pipe_free(q);
}

static void check(struct arena *a, const struct recording *r)
{
    bool is_answer = r->kind == RECORDING_REPLY || r->kind == RECORDING_STREAM;
    if (!is_answer || !r->dialect->codec->read_message || !r->dialect->codec->read_reply)
        return;
    struct facts f;
    facts_init(&f);
    struct pipe *p = pipe_new(r->dialect, NULL, NULL);
    if (r->kind == RECORDING_STREAM)
        pipe_stream(p, r->dialect, r->bytes, (struct pipe_cut){0});
    else
        pipe_reply(p, r->dialect, r->bytes);
    bool is_known = look(a, r, &f) && !p->fold.failure;
    if (is_known)
        recording_report(r, "facts", compare(a, &f, &p->reply));
    for (size_t i = 0; i < ARRAY_LEN(client_dialects) && is_known; i++) {
        const struct dialect *to = dialect_get(client_dialects[i]);
        if (to != r->dialect && dialect_can_answer(to))
            check_client(a, r, &f, to);
    }
    pipe_free(p);
    facts_fini(&f);
}

int main(void)
{
    if (!recordings_each(check))
        tap_skip("THROWBAR_FIXTURES names no folder with recordings");
    return tap_done();
}
