/* Streams of real providers (see llm/recording.h) cut into reads, for every dialect that a client
 * may speak: however the bytes are cut, the client gets the same bytes. Every byte of every stream
 * is once the first of a read; a small stream is cut into two reads at every byte. */
#include "llm/recording_report.h"

#define SMALL 1600 /* bytes: cut at every one of them */
#define STEP  32   /* bytes of a read of a large stream */

static const struct chat usage_wanted = {.asks_usage = true, .is_stream = true};

static bool is_alike(const struct pipe *whole, const struct recording *r, struct pipe_cut cut)
{
    struct pipe *p = pipe_new(r->dialect, whole->to, &usage_wanted);
    pipe_stream(p, r->dialect, r->bytes, cut);
    bool same = p->rc == whole->rc && str_eq(buf_str(&p->out), buf_str(&whole->out));
    pipe_free(p);
    return same;
}

/* Two reads, at every byte; or reads of some bytes, the first of every length up to that. */
static str difference_of_reads(const struct pipe *whole, const struct recording *r)
{
    struct arena *a = (struct arena *)(uintptr_t)&whole->a; /* only to tell what was wrong */
    static const size_t steps[] = {1, 2, 3, 7, 509, 4096};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        if (!is_alike(whole, r, (struct pipe_cut){.first = steps[i] / 2, .step = steps[i]}))
            return arena_printf(a, "reads of %zu bytes", steps[i]);
    }
    bool is_small = r->bytes.n <= SMALL;
    for (size_t at = 1; at <= (is_small ? r->bytes.n : STEP); at++) {
        if (!is_alike(whole, r,
                      (struct pipe_cut){.first = at, .step = is_small ? r->bytes.n : STEP}))
            return arena_printf(a, "a cut at byte %zu", at);
    }
    return S_EMPTY;
}

static void check_reads(const struct recording *r, const struct dialect *to)
{
    struct pipe *whole = pipe_new(r->dialect, to, &usage_wanted);
    pipe_stream(whole, r->dialect, r->bytes, (struct pipe_cut){0});
    recording_report_to(r, to, difference_of_reads(whole, r));
    pipe_free(whole);
}

static void check(struct arena *a, const struct recording *r)
{
    (void)a;
    if (r->kind != RECORDING_STREAM || !r->dialect->codec->read_message)
        return;
    for (size_t i = 0; i < ARRAY_LEN(client_dialects); i++) {
        const struct dialect *to = dialect_get(client_dialects[i]);
        if (dialect_can_answer(to))
            check_reads(r, to);
    }
}

int main(void)
{
    if (!recordings_each(check))
        tap_skip("THROWBAR_FIXTURES names no folder with recordings");
    return tap_done();
}
