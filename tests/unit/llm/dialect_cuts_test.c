/* Streams of real providers (see llm/recording.h) cut into reads, and cut short:
 *
 * - however the bytes are cut, the client gets the same bytes;
 * - a stream that breaks off is never taken for a whole one: neither by the decoder, unless nothing
 *   of the answer was left to come, nor by the client behind the translation. */
#include "llm/recording_report.h"

#define CUTS_MAX 150 /* places where one stream is cut short */

static size_t n_streams;

/* The dialect whose turn it is. */
static const struct dialect *next_client(void)
{
    for (size_t i = 0; i < ARRAY_LEN(client_dialects); i++) {
        size_t at = (n_streams + i) % ARRAY_LEN(client_dialects);
        const struct dialect *d = dialect_get(client_dialects[at]);
        if (dialect_can_answer(d))
            return d;
    }
    return NULL;
}

static const struct chat usage_wanted = {.asks_usage = true, .is_stream = true};

/* ---- cut into reads ---- */

static bool is_alike(const struct pipe *whole, const struct recording *r, struct pipe_cut cut)
{
    struct pipe *p = pipe_new(r->dialect, whole->to, &usage_wanted);
    pipe_stream(p, r->dialect, r->bytes, cut);
    bool same = p->rc == whole->rc && str_eq(buf_str(&p->out), buf_str(&whole->out));
    pipe_free(p);
    return same;
}

static void check_reads(const struct recording *r, const struct dialect *to)
{
    static const size_t steps[] = {1, 2, 3, 7, 61, 509, 4096};
    struct pipe *whole = pipe_new(r->dialect, to, &usage_wanted);
    pipe_stream(whole, r->dialect, r->bytes, (struct pipe_cut){0});
    str difference = S_EMPTY;
    for (size_t i = 0; i < ARRAY_LEN(steps) && difference.n == 0; i++) {
        if (!is_alike(whole, r, (struct pipe_cut){.first = steps[i] / 2, .step = steps[i]}))
            difference = arena_printf(&whole->a, "reads of %zu bytes", steps[i]);
    }
    size_t stride = MAX(r->bytes.n / 16, 1);
    for (size_t at = 1; at < r->bytes.n && difference.n == 0; at += stride) {
        if (!is_alike(whole, r, (struct pipe_cut){.first = at, .step = r->bytes.n}))
            difference = arena_printf(&whole->a, "a cut at byte %zu", at);
    }
    recording_report(r, "reads", difference);
    pipe_free(whole);
}

/* ---- cut short ---- */

/* Offsets behind whole messages, at most `max` of them, and the number. */
static size_t message_ends(const struct recording *r, size_t *ends, size_t max)
{
    struct frames f;
    frames_init(&f, r->dialect->framing);
    size_t n = 0;
    for (size_t at = 0; at < r->bytes.n; at++) {
        int64_t whole = frames_feed(&f, str_slice(r->bytes, at, at + 1));
        if (whole <= 0)
            continue;
        if (n < max)
            ends[n] = at + 1;
        n++;
    }
    return n;
}

/* The decoder takes what is left of a stream for the whole: then nothing of the answer may be
 * missing. */
static str take_short(const struct pipe *whole, const struct recording *r, struct arena *a,
                      size_t n)
{
    struct pipe *p = pipe_new(r->dialect, NULL, NULL);
    pipe_stream(p, r->dialect, str_slice(r->bytes, 0, n), (struct pipe_cut){0});
    str difference = S_EMPTY;
    if (p->rc == 0)
        difference = reply_difference(a, &whole->reply, &p->reply, IR_NO_USAGE);
    else if (p->n_ends > 0)
        difference = S("an END and a failure");
    if (p->before.fault.n > 0)
        difference = arena_str(a, p->before.fault);
    pipe_free(p);
    if (difference.n == 0)
        return S_EMPTY;
    return arena_printf(a, "taken for whole at byte %zu of %zu: " STR_FMT, n, r->bytes.n,
                        STR_ARG(difference));
}

/* The client of a stream that broke off, with nothing written behind it. */
static str client_short(const struct pipe *whole, const struct recording *r,
                        const struct dialect *to, size_t n)
{
    struct arena *a = (struct arena *)(uintptr_t)&whole->a; /* only to tell what was wrong */
    struct pipe *p = pipe_new(r->dialect, to, &usage_wanted);
    struct pipe *client = pipe_new(to, NULL, NULL);
    pipe_stream(p, r->dialect, str_slice(r->bytes, 0, n), (struct pipe_cut){0});
    str difference = S_EMPTY;
    if (p->rc != 0) {
        pipe_stream(client, to, buf_str(&p->out), (struct pipe_cut){0});
        if (client->rc == 0)
            difference = arena_printf(a, STR_FMT " client sees an end at byte %zu of %zu",
                                      STR_ARG(to->name), n, r->bytes.n);
    }
    pipe_free(p);
    pipe_free(client);
    return difference;
}

static void check_short(struct arena *a, const struct recording *r, const struct dialect *to)
{
    struct pipe *whole = pipe_new(r->dialect, NULL, NULL);
    pipe_stream(whole, r->dialect, r->bytes, (struct pipe_cut){0});
    bool is_failure = whole->fold.failure != NULL;
    str difference = is_failure ? S_EMPTY : pipe_fault(whole, "whole");
    size_t *ends = arena_new_n(a, size_t, r->bytes.n);
    size_t n = message_ends(r, ends, r->bytes.n);
    size_t stride = n / CUTS_MAX + 1;
    for (size_t i = 0; i + 1 < n && difference.n == 0; i += stride) {
        difference = take_short(whole, r, a, ends[i]);
        if (difference.n == 0)
            difference = client_short(whole, r, to, ends[i]);
    }
    stride = r->bytes.n / CUTS_MAX + 1;
    for (size_t at = 0; at < r->bytes.n && difference.n == 0; at += stride)
        difference = take_short(whole, r, a, at);
    recording_report(r, "cut short", difference);
    pipe_free(whole);
}

static void check(struct arena *a, const struct recording *r)
{
    if (r->kind != RECORDING_STREAM || !r->dialect->codec->read_message)
        return;
    const struct dialect *to = next_client();
    n_streams++;
    if (!to)
        return;
    check_reads(r, to);
    check_short(a, r, to);
}

int main(void)
{
    if (!recordings_each(check))
        tap_skip("THROWBAR_FIXTURES names no folder with recordings");
    return tap_done();
}
