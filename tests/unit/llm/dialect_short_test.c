/* Streams of real providers (see llm/recording.h) cut short, for every dialect that a client may
 * speak: what breaks off is never taken for a whole answer. Neither by the decoder, unless nothing
 * of the answer was left to come, nor by the client behind the translation.
 *
 * Small streams break off at every byte; large ones behind messages, at many a place between, and
 * at every byte of their end, where an end could be seen too early. */
#include "llm/recording_report.h"

#define SMALL     1600 /* bytes: cut short at every one of them */
#define CUTS_MAX  60   /* places where a large stream is cut short before its end */
#define END_BYTES 400  /* of a large stream: cut short at every one of them */

static const struct chat usage_wanted = {.asks_usage = true, .is_stream = true};

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

/* Cut short behind messages: what the decoder and every client make of it. */
static str short_of_messages(const struct pipe *whole, const struct recording *r, struct arena *a)
{
    size_t *ends = arena_new_n(a, size_t, r->bytes.n);
    size_t n = message_ends(r, ends, r->bytes.n);
    size_t stride = n / CUTS_MAX + 1;
    str difference = S_EMPTY;
    for (size_t i = 0; i + 1 < n && difference.n == 0; i += stride) {
        difference = take_short(whole, r, a, ends[i]);
        for (size_t k = 0; k < ARRAY_LEN(client_dialects) && difference.n == 0; k++) {
            const struct dialect *to = dialect_get(client_dialects[k]);
            if (dialect_can_answer(to))
                difference = client_short(whole, r, to, ends[i]);
        }
    }
    return difference;
}

/* Cut short at bytes; the clients of small streams, too. */
static str short_of_bytes(const struct pipe *whole, const struct recording *r, struct arena *a)
{
    bool is_small = r->bytes.n <= SMALL;
    size_t end = r->bytes.n > END_BYTES ? r->bytes.n - END_BYTES : 0;
    size_t stride = is_small ? 1 : r->bytes.n / CUTS_MAX + 1;
    str difference = S_EMPTY;
    for (size_t at = 0; at < r->bytes.n && difference.n == 0; at += at < end ? stride : 1) {
        difference = take_short(whole, r, a, at);
        for (size_t k = 0; k < ARRAY_LEN(client_dialects) && is_small && difference.n == 0; k++) {
            const struct dialect *to = dialect_get(client_dialects[k]);
            if (dialect_can_answer(to))
                difference = client_short(whole, r, to, at);
        }
    }
    return difference;
}

static void check_short(struct arena *a, const struct recording *r)
{
    struct pipe *whole = pipe_new(r->dialect, NULL, NULL);
    pipe_stream(whole, r->dialect, r->bytes, (struct pipe_cut){0});
    bool is_failure = whole->fold.failure != NULL;
    str difference = is_failure ? S_EMPTY : pipe_fault(whole, "whole");
    if (difference.n == 0)
        difference = short_of_messages(whole, r, a);
    if (difference.n == 0)
        difference = short_of_bytes(whole, r, a);
    recording_report(r, "cut short", difference);
    pipe_free(whole);
}

static void check(struct arena *a, const struct recording *r)
{
    if (r->kind == RECORDING_STREAM && r->dialect->codec->read_message)
        check_short(a, r);
}

int main(void)
{
    if (!recordings_each(check))
        tap_skip("THROWBAR_FIXTURES names no folder with recordings");
    return tap_done();
}
