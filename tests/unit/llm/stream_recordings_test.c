/* The stream tap on recordings of real providers, found below the folder that THROWBAR_FIXTURES
 * names: whatever there is in the OpenAI dialect, told from its text. However a stream is cut into
 * reads, and whether or not batches that tell nothing pass unseen, the same must come out; who
 * asked for usage gets every byte; what is noted of usage is what the text says; and no stream may
 * end before its mark. Recordings kept without their framing (*.chunks.txt, one payload a line)
 * are framed anew. Without the folder the test is skipped. */
#include <ftw.h>

#include "llm/stream.c"

#include "tap.h"
#include "vectors.h"

static struct arena arena; /* of one recording */
static size_t n_recordings;

/* ---- the relay in small ---- */

struct run {
    struct stream_tap tap;
    struct sse_split split;
    struct arena scratch; /* of one event */
    struct buf held, out;
    size_t n_whole;     /* bytes of whole events */
    size_t complete_at; /* of these, when the stream may end; 0: never */
    bool may_skip;      /* let batches that tell nothing pass */
};

static void take_events(struct run *r, str events)
{
    str event, edited = S_EMPTY;
    if (r->may_skip && stream_tap_skips(&r->tap, events)) {
        r->n_whole += events.n;
        buf_put(&r->out, events);
        return;
    }
    while (sse_next(&events, &event)) {
        enum stream_verdict verdict = stream_tap_event(&r->tap, &r->scratch, event, &edited);
        r->n_whole += event.n;
        if (verdict != STREAM_DROP)
            buf_put(&r->out, verdict == STREAM_EDIT ? edited : event);
        if (r->complete_at == 0 && stream_tap_is_complete(&r->tap))
            r->complete_at = r->n_whole;
        arena_fini(&r->scratch);
    }
}

static void take_bytes(struct run *r, str bytes)
{
    size_t whole = sse_split_feed(&r->split, bytes);
    buf_put(&r->held, str_slice(bytes, 0, whole));
    if (whole > 0) {
        take_events(r, buf_str(&r->held));
        buf_reset(&r->held);
    }
    buf_put(&r->held, str_skip(bytes, whole));
}

static void run_begin(struct run *r, enum operation_id op, bool strips_usage)
{
    *r = (struct run){0};
    stream_tap_init(&r->tap, operation_get(op), strips_usage);
    sse_split_init(&r->split);
    arena_init(&r->scratch, 512, 16u << 20);
    buf_init(&r->held, 16u << 20);
    buf_init(&r->out, 16u << 20);
}

static void run_end(struct run *r)
{
    arena_fini(&r->scratch);
    buf_fini(&r->held);
    buf_fini(&r->out);
}

static bool same_runs(const struct run *a, const struct run *b)
{
    const struct stream_tap *s = &a->tap, *t = &b->tap;
    return str_eq(buf_str(&a->out), buf_str(&b->out)) && a->n_whole == b->n_whole &&
           s->has_ended == t->has_ended && s->has_error == t->has_error &&
           memcmp(&s->usage, &t->usage, sizeof(struct usage)) == 0;
}

/* Does the stream come out as in `whole` when the first read brings `first` bytes, the others
 * `step`? */
static bool is_alike(const struct run *whole, str stream, size_t first, size_t step)
{
    struct run r;
    run_begin(&r, whole->tap.op->id, whole->tap.strips_usage);
    r.may_skip = step % 2 == 1;
    take_bytes(&r, str_slice(stream, 0, first));
    for (size_t at = first; at < stream.n; at += step)
        take_bytes(&r, str_slice(stream, at, at + step));
    bool same = same_runs(&r, whole);
    run_end(&r);
    return same;
}

static bool is_alike_at_cuts(const struct run *whole, str stream)
{
    static const size_t steps[] = {1, 2, 3, 7, 16, 61, 509, 1460, 4095, 4096};
    size_t bad = 0;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        bad += !is_alike(whole, stream, steps[i] / 2, steps[i]);
    size_t stride = stream.n <= 2048 ? 1 : stream.n / 16;
    for (size_t cut = 1; cut < stream.n; cut += stride)
        bad += !is_alike(whole, stream, cut, stream.n);
    return bad == 0;
}

/* ---- what the text says, by plain search ---- */

/* From the last usage object of the text to its end. */
static str last_usage(str text)
{
    str found = S_EMPTY;
    size_t at;
    while ((at = str_find(text, S("\"usage\":"))) != STR_NONE) {
        text = str_skip(text, at + 8);
        if (str_has_prefix(str_trim(text), S("{")))
            found = text;
    }
    return found;
}

/* The number behind the first member of one of two names; -1 if there is none. */
static int64_t number_of(str text, str name, str other_name)
{
    int64_t number = -1;
    size_t at = str_find(text, name), n = 0;
    if (at == STR_NONE) {
        at = str_find(text, other_name);
        name = other_name;
    }
    str value = at == STR_NONE ? S_EMPTY : str_trim(str_skip(text, at + name.n));
    while (n < value.n && value.p[n] >= '0' && value.p[n] <= '9')
        n++;
    return str_to_i64(str_slice(value, 0, n), &number) ? number : -1;
}

static void check_usage(const struct usage *u, str text)
{
    str usage = last_usage(text);
    is_int(u->input_tokens, number_of(usage, S("\"prompt_tokens\":"), S("\"input_tokens\":")),
           "input tokens");
    str cached = S("\"cached_tokens\":"), reasoning = S("\"reasoning_tokens\":");
    int64_t output = number_of(usage, S("\"completion_tokens\":"), S("\"output_tokens\":"));
    int64_t thought = number_of(usage, reasoning, reasoning);
    int64_t total = number_of(usage, S("\"total_tokens\":"), S("\"total_tokens\":"));
    if (thought > 0 && total == u->input_tokens + output + thought)
        output += thought; /* xAI counts them beside */
    is_int(u->output_tokens, output, "output tokens");
    is_int(u->cached_tokens, number_of(usage, cached, cached), "cached tokens");
    is_int(u->reasoning_tokens, number_of(usage, reasoning, reasoning), "reasoning tokens");
}

static bool has_any(str text, const str needles[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_find(text, needles[i]) != STR_NONE)
            return true;
    return false;
}

/* Does an end mark begin a line, or name an event, in this text? */
static bool has_mark(enum operation_id op, str text)
{
    static const str done[] = {S("\ndata: [DONE]"), S("\ndata:[DONE]"),
                               S("\"object\":\"chat.completion.done\""),
                               S("\"object\": \"chat.completion.done\"")};
    static const str terminal[] = {
        S("\"type\":\"response.completed\""), S("\"type\": \"response.completed\""),
        S("\"type\":\"response.incomplete\""), S("\"type\":\"response.failed\"")};
    return op == OP_RESPONSES ? has_any(text, terminal, ARRAY_LEN(terminal))
                              : has_any(text, done, ARRAY_LEN(done));
}

/* The operation whose stream this is; OP_COUNT: another dialect's. */
static enum operation_id operation_of(str text)
{
    static const str chat[] = {S("\"object\":\"chat.completion"),
                               S("\"object\": \"chat.completion")};
    static const str legacy[] = {S("\"object\":\"text_completion"),
                                 S("\"object\": \"text_completion")};
    static const str responses[] = {S("\"type\":\"response.created\""),
                                    S("\"type\": \"response.created\"")};
    if (has_any(text, responses, ARRAY_LEN(responses)))
        return OP_RESPONSES;
    if (has_any(text, chat, ARRAY_LEN(chat)))
        return OP_CHAT;
    return has_any(text, legacy, ARRAY_LEN(legacy)) ? OP_COMPLETIONS : OP_COUNT;
}

/* ---- one recording ---- */

static void check_end(const struct run *r, str text)
{
    enum operation_id op = r->tap.op->id;
    str events = str_slice(text, 0, r->n_whole);
    is_int(r->complete_at > 0, has_mark(op, events), "may end if it has its mark");
    if (r->complete_at == 0) {
        printf("# it has no end mark; error: %s\n", r->tap.has_error ? "yes" : "no");
        return;
    }
    str until = str_slice(events, 0, r->complete_at);
    size_t last = until.n - 1;
    while (last > 0 && (until.p[last] == '\n' || until.p[last] == '\r'))
        last--;
    while (last > 0 && until.p[last] != '\n')
        last--;
    ok(!has_mark(op, str_slice(until, 0, last)), "not later than at the mark");
    ok(has_mark(op, str_skip(until, last)), "and not before it");
}

static void check_stripped(const struct run *r)
{
    struct run again;
    run_begin(&again, r->tap.op->id, true);
    take_bytes(&again, buf_str(&r->out));
    ok(str_eq(buf_str(&again.out), buf_str(&r->out)), "nothing is left to take out");
    ok((again.complete_at > 0) == (r->complete_at > 0), "the mark is left");
    run_end(&again);
}

static void check_recording(const char *path, str text)
{
    enum operation_id op = operation_of(text);
    if (op == OP_COUNT)
        return;
    struct run plain, stripped;
    n_recordings++;
    printf("# %s\n", path);
    run_begin(&plain, op, false);
    take_bytes(&plain, text);
    is_str(buf_str(&plain.out), str_slice(text, 0, plain.n_whole), "every byte is passed on");
    check_usage(&plain.tap.usage, text);
    check_end(&plain, text);
    ok(is_alike_at_cuts(&plain, text), "it comes out alike at every cut");
    run_begin(&stripped, op, true);
    take_bytes(&stripped, text);
    check_stripped(&stripped);
    ok(is_alike_at_cuts(&stripped, text), "and without usage, too");
    run_end(&plain);
    run_end(&stripped);
}

/* Payloads, one a line, as events. */
static str framed(str payloads)
{
    struct buf b;
    buf_init(&b, 16u << 20);
    while (payloads.n > 0) {
        str line;
        str_cut(payloads, '\n', &line, &payloads);
        if (line.n > 0)
            sse_put(&b, S_EMPTY, line);
    }
    if (operation_of(buf_str(&b)) != OP_RESPONSES)
        buf_put(&b, S("data: [DONE]\n\n"));
    must(buf_is_ok(&b));
    str text = arena_str(&arena, buf_str(&b));
    buf_fini(&b);
    return text;
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)where;
    str name = str_from_cz(path);
    if (type == FTW_F && str_has_suffix(name, S(".sse")))
        check_recording(path, vectors_read(&arena, path));
    if (type == FTW_F && str_has_suffix(name, S(".chunks.txt")))
        check_recording(path, framed(vectors_read(&arena, path)));
    arena_fini(&arena);
    return 0;
}

int main(void)
{
    const char *folder = getenv("THROWBAR_FIXTURES");
    if (!folder || access(folder, R_OK) < 0) {
        tap_skip("THROWBAR_FIXTURES names no folder of recordings");
        return tap_done();
    }
    arena_init(&arena, 0, 64u << 20);
    must(nftw(folder, visit, 16, FTW_PHYS) == 0);
    ok(n_recordings > 0, "there were recordings");
    return tap_done();
}
