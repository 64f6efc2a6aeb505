/* A provider's stream through the tap, whole and in pieces as long as the first byte says: the same
 * is noted; every byte is passed on to who asked for usage; and a quick look never says anything
 * else than a full reading. */
#include "llm/stream.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_same(const struct stream_tap *a, const struct stream_tap *b)
{
    must(a->has_ended == b->has_ended && a->has_error == b->has_error && a->events == b->events);
    must(a->usage.input_tokens == b->usage.input_tokens &&
         a->usage.output_tokens == b->usage.output_tokens &&
         a->usage.cached_tokens == b->usage.cached_tokens &&
         a->usage.reasoning_tokens == b->usage.reasoning_tokens);
}

static void take_events(struct stream_tap *t, str events)
{
    struct stream_tap before = *t;
    bool tells_nothing = str_find(events, S("\\u00")) == STR_NONE && stream_tap_skips(t, events);
    str event;
    while (sse_next(&events, &event)) {
        struct arena a;
        arena_init(&a, 0, SIZE_MAX / 2);
        struct stream_tap full = *t;
        str edits[2] = {S_EMPTY, S_EMPTY};
        enum stream_verdict quick = stream_tap_event(t, &a, event, &edits[0]);
        must(t->strips_usage || quick == STREAM_KEEP);
        if (str_find(event, S("\\u00")) == STR_NONE) { /* keys may be hidden from a quick look */
            must(read_event(&full, &a, event, &edits[1]) == quick && str_eq(edits[0], edits[1]));
            must_be_same(t, &full);
        }
        str rest = edits[0], again;
        must(quick != STREAM_EDIT || (sse_next(&rest, &again) && rest.n == 0));
        must(quick != STREAM_EDIT || edits[0].n < event.n);
        must(!tells_nothing || (quick == STREAM_KEEP && t->response_id.n == 0));
        t->response_id = S_EMPTY; /* it lay in the arena */
        arena_fini(&a);
    }
    before.events = t->events;
    if (tells_nothing)
        must_be_same(&before, t);
}

static struct stream_tap take_stream(const struct operation *op, bool strips, str text, size_t step)
{
    struct stream_tap t;
    struct sse_split split;
    size_t taken = 0;
    stream_tap_init(&t, op, strips);
    sse_split_init(&split);
    for (size_t at = 0; at < text.n; at += step) {
        size_t whole = sse_split_feed(&split, str_slice(text, at, at + step));
        if (whole == 0)
            continue;
        take_events(&t, str_slice(text, taken, at + whole));
        taken = at + whole;
    }
    return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum operation_id ops[] = {OP_CHAT, OP_RESPONSES, OP_AUDIO_SPEECH, OP_EMBEDDINGS};
    if (size == 0)
        return 0;
    const struct operation *op = operation_get(ops[data[0] % ARRAY_LEN(ops)]);
    str text = str_of((const char *)data + 1, size - 1);
    bool strips = data[0] & 4;
    struct stream_tap whole = take_stream(op, strips, text, MAX(text.n, (size_t)1));
    struct stream_tap pieces = take_stream(op, strips, text, 1 + data[0] / 8);
    must_be_same(&whole, &pieces);
    must(whole.has_ended <= (whole.events > 0));
    return 0;
}
