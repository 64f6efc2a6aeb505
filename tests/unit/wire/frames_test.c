#include "wire/frames.c"

#include "tap.h"

static struct arena arena;

/* One message as text: "[type|data]", an exception with '!'. */
static str message_text(const struct message *m)
{
    return arena_printf(&arena, "%s[" STR_FMT "|" STR_FMT "]", m->is_exception ? "!" : "",
                        STR_ARG(m->type), STR_ARG(m->data));
}

static str read_whole(enum framing framing, str bytes)
{
    str said = S_EMPTY;
    for (;;) {
        struct message m;
        const char *why = NULL;
        int rc = frames_next(framing, &arena, &bytes, &m, &why);
        if (rc < 0)
            return arena_printf(&arena, STR_FMT "<%s>", STR_ARG(said), why);
        if (rc == 0)
            break;
        said = arena_concat(&arena, (str[]){said, message_text(&m)}, 2);
    }
    return bytes.n > 0 ? arena_concat(&arena, (str[]){said, S("<rest>")}, 2) : said;
}

/* What a stream says that comes in pieces of `step` bytes, the first of them `cut` long. What is
 * left over at the end is put behind it, after a '~'. */
static str read_pieces(enum framing framing, str stream, size_t cut, size_t step)
{
    struct frames f;
    frames_init(&f, framing);
    str said = S_EMPTY;
    size_t taken = 0;
    for (size_t at = 0, end = cut; at < stream.n; at = end, end = MIN(end + step, stream.n)) {
        int64_t whole = frames_feed(&f, str_slice(stream, at, end));
        if (whole < 0)
            return arena_concat(&arena, (str[]){said, S("<refused>")}, 2);
        if (whole == 0)
            continue;
        str part = read_whole(framing, str_slice(stream, taken, at + (size_t)whole));
        said = arena_concat(&arena, (str[]){said, part}, 2);
        taken = at + (size_t)whole;
    }
    if (taken == stream.n)
        return said;
    return arena_concat(&arena, (str[]){said, S("~"), str_skip(stream, taken)}, 3);
}

static bool reads_at_every_cut(enum framing framing, str stream, str want)
{
    for (size_t cut = 0; cut <= stream.n; cut++) {
        if (!str_eq(read_pieces(framing, stream, cut, stream.n), want) ||
            !str_eq(read_pieces(framing, stream, cut, 1), want))
            return false;
    }
    return true;
}

static void test_sse(void)
{
    static const struct {
        str stream, want;
    } cases[] = {
        {S("data: {}\n\ndata: [DONE]\n\n"), S("[|{}][|[DONE]]")},
        {S("data: {}\r\n\r\ndata: {}\r\n\r\n"), S("[|{}][|{}]")},
        {S("event: ping\ndata: {}\n\n"), S("[ping|{}]")},
        {S(": OPENROUTER PROCESSING\n\n\n\ndata: a\ndata: b\n\n"), S("[|a\nb]")},
        {S("event: nothing\n\ndata:\n\nid: 1\n\n"), S("")},
        {S("data: {}\n\ndata: cut sho"), S("[|{}]~data: cut sho")},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ok(reads_at_every_cut(FRAMING_SSE, cases[i].stream, cases[i].want), "events at every cut");
}

static void test_lines(void)
{
    static const struct {
        str stream, want;
    } cases[] = {
        {S("{}\n[]\n"), S("[|{}][|[]]")},
        {S("{}\r\n[]\r\n"), S("[|{}][|[]]")},
        {S("\n\r\n {} \n\n \t\n"), S("[|{}]")},
        {S("{}\n{\"done\":true}"), S("[|{}]~{\"done\":true}")},
        {S(""), S("")},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ok(reads_at_every_cut(FRAMING_LINES, cases[i].stream, cases[i].want), "lines at every cut");
    is_str(read_whole(FRAMING_LINES, S("{}")), S("[|{}]"), "a last line without its end");
    is_str(read_whole(FRAMING_LINES, S("{}\r")), S("[|{}]"), "or with half of it");
    is_str(read_whole(FRAMING_LINES, S(" \r\n ")), S_EMPTY, "or with nothing on it");
}

/* ---- event streams ---- */

/* A header as it lies in a frame. */
static str header(const char *name, str value)
{
    return arena_printf(&arena, "%c%s%c%c%c" STR_FMT, (char)strlen(name), name, 7, 0, (char)value.n,
                        STR_ARG(value));
}

static void store_be32(char *to, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        to[i] = (char)(v >> (24 - 8 * i) & 0xff);
}

static str frame(str headers, str payload)
{
    size_t total = EVENT_STREAM_FRAME_MIN + headers.n + payload.n;
    char *p = arena_alloc(&arena, total);
    store_be32(p, (uint32_t)total);
    store_be32(p + 4, (uint32_t)headers.n);
    store_be32(p + 8, event_stream_crc32(0, str_of(p, 8)));
    if (headers.n > 0)
        memcpy(p + 12, headers.p, headers.n);
    if (payload.n > 0)
        memcpy(p + 12 + headers.n, payload.p, payload.n);
    store_be32(p + total - 4, event_stream_crc32(0, str_of(p, total - 4)));
    return str_of(p, total);
}

static void test_event_stream(void)
{
    str error = arena_concat(&arena,
                             (str[]){header(":error-code", S("InternalError")),
                                     header(":error-message", S("It \"broke\".")),
                                     header(":message-type", S("error"))},
                             3);
    str exception = arena_concat(&arena,
                                 (str[]){header(":message-type", S("exception")),
                                         header(":exception-type", S("throttlingException"))},
                                 2);
    str stream = arena_concat(
        &arena,
        (str[]){frame(header(":event-type", S("messageStart")), S("{\"role\":1}")),
                frame(exception, S("{\"message\":\"slow\"}")), frame(exception, S_EMPTY),
                frame(error, S_EMPTY), frame(error, S("{}")), frame(S_EMPTY, S_EMPTY)},
        6);
    str want = S("[messageStart|{\"role\":1}]"
                 "![throttlingException|{\"message\":\"slow\"}]"
                 "![throttlingException|{\"message\":\"\"}]"
                 "![InternalError|{\"message\":\"It \\\"broke\\\".\"}]"
                 "![InternalError|{}]"
                 "[|]");
    ok(reads_at_every_cut(FRAMING_EVENT_STREAM, stream, want), "frames at every cut");
    str cut_short = str_slice(stream, 0, stream.n - 1);
    is_str(read_whole(FRAMING_EVENT_STREAM, str_skip(cut_short, stream.n - 16)), S("<rest>"),
           "a frame without an end");
    str malformed = frame(S("\1a\12"), S("{}"));
    is_str(read_whole(FRAMING_EVENT_STREAM, malformed),
           S("<an event stream frame has a malformed header>"), "a malformed header");
    str bad = arena_concat(&arena, (str[]){stream, S("HTTP/1.1 200 OK\r\n\r\n")}, 2);
    is_str(read_pieces(FRAMING_EVENT_STREAM, bad, bad.n, 1),
           arena_concat(&arena, (str[]){want, S("~"), str_skip(bad, stream.n)}, 3),
           "whole frames before a fault");
    is_str(read_pieces(FRAMING_EVENT_STREAM, bad, stream.n, 20),
           arena_concat(&arena, (str[]){want, S("<refused>")}, 2), "then the fault");
}

/* ---- writing ---- */

static str written(enum framing framing, str type, str data)
{
    struct buf b;
    buf_init(&b, SIZE_MAX / 2);
    frames_put(framing, &b, type, data);
    must(buf_is_ok(&b));
    str text = arena_str(&arena, buf_str(&b));
    buf_fini(&b);
    return text;
}

static void test_writing(void)
{
    is_str(written(FRAMING_SSE, S("ping"), S("{}")), S("event: ping\ndata: {}\n\n"), "an event");
    is_str(written(FRAMING_SSE, S_EMPTY, S("{}")), S("data: {}\n\n"), "an event without a type");
    is_str(written(FRAMING_LINES, S("not said"), S("{}")), S("{}\n"), "a line");
    is_str(written(FRAMING_LINES, S_EMPTY, S("{\r\n}\n")), S("{  } \n"), "it stays one");
    str text = written(FRAMING_EVENT_STREAM, S("messageStop"), S("{}"));
    is_str(read_whole(FRAMING_EVENT_STREAM, text), S("[messageStop|{}]"), "a frame");
    text = written(FRAMING_EVENT_STREAM, S("modelStreamErrorException"), S("{}"));
    is_str(read_whole(FRAMING_EVENT_STREAM, text), S("![modelStreamErrorException|{}]"),
           "an exception");
    struct buf b;
    buf_init(&b, 2);
    frames_put(FRAMING_LINES, &b, S_EMPTY, S("{}"));
    ok(!buf_is_ok(&b) && b.n == 0, "no room for the line's end");
    buf_fini(&b);
}

int main(void)
{
    arena_init(&arena, 0, SIZE_MAX / 2);
    test_sse();
    test_lines();
    test_event_stream();
    test_writing();
    arena_fini(&arena);
    return tap_done();
}
