#include "wire/sse.c"

#include "printable.h"
#include "tap.h"
#include "vectors.h"

static struct arena arena;

static str event_text(const struct sse_event *e)
{
    if (!e->has_data)
        return S_EMPTY;
    return arena_printf(&arena, "[" STR_FMT "|" STR_FMT "|" STR_FMT "]", STR_ARG(e->type),
                        STR_ARG(e->data), STR_ARG(e->id));
}

/* What a stream that comes in two pieces says: its events one by one. The split sees the pieces,
 * the reader whole events. */
static str read_stream(str stream, size_t cut)
{
    struct sse_split s;
    sse_split_init(&s);
    size_t first = sse_split_feed(&s, str_slice(stream, 0, cut));
    size_t second = sse_split_feed(&s, str_skip(stream, cut));
    size_t whole = second > 0 ? cut + second : first;
    str parts[] = {str_slice(stream, 0, first), str_slice(stream, first, whole)};
    str text = S_EMPTY;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        str event;
        while (sse_next(&parts[i], &event)) {
            struct sse_event e;
            sse_parse(&arena, event, &e);
            text = arena_concat(&arena, (str[]){text, event_text(&e)}, 2);
        }
    }
    return text;
}

static bool reads_at_every_cut(str stream, str want)
{
    for (size_t cut = 0; cut <= stream.n; cut++) {
        if (!str_eq(read_stream(stream, cut), want))
            return false;
    }
    return true;
}

static void test_streams(void)
{
    static const struct {
        str stream, want;
    } cases[] = {
        {S("data: a\n\ndata: b\n\n"), S("[|a|][|b|]")},
        {S("data: a\r\n\r\ndata: b\r\n\r\n"), S("[|a|][|b|]")},
        {S("data: a\r\rdata: b\r\r"), S("[|a|][|b|]")},
        {S("data: a\n\r\ndata: b\r\n\ndata: c\r\n\r"), S("[|a|][|b|][|c|]")},
        {S("data: a\r\r\n\ndata: b\n\r"), S("[|a|][|b|]")},
        {S("\n\r\n\r\rdata: a\n\n\n\n"), S("[|a|]")},
        {S("\xEF\xBB\xBF"
           "data: a\n\n"),
         S("[|a|]")},
        {S("data: a\ndata: b\r\ndata:c\rdata\n\n"), S("[|a\nb\nc\n|]")},
        {S("event: x\ndata: a\nid: 7\n\n"), S("[x|a|7]")},
        {S(": comment\ndata: a\n:\n\n: only a comment\n\n"), S("[|a|]")},
        {S("data:  two blanks\ndata:a:b\n\n"), S("[| two blanks\na:b|]")},
        {S("data\n\n"), S("[||]")},
        {S("event: no data\n\n"), S("")},
        {S("data : a\nDATA: a\n data: a\ndatax: b\n\n"), S("")},
        {S("id: a\nid: b\0c\ndata: 1\n\n"), S("[|1|a]")},
        {S("data: a long line of more than thirty-two bytes, and\ndata: another long one, to step "
           "over\n\ndata: x\n\n"),
         S("[|a long line of more than thirty-two bytes, and\nanother long one, to step "
           "over|][|x|]")},
        {S("data: a\n\ndata: unfinished\n"), S("[|a|]")},
        {S("data: a"), S("")},
        {S(""), S("")},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ok(reads_at_every_cut(cases[i].stream, cases[i].want), "read alike at every cut");
}

static size_t feed(struct sse_split *s, str bytes)
{
    return sse_split_feed(s, bytes);
}

static void test_split(void)
{
    struct sse_split s;
    sse_split_init(&s);
    is_int(feed(&s, S("data: a\n")), 0, "an open event");
    is_int(feed(&s, S_EMPTY), 0, "nothing changes nothing");
    is_int(feed(&s, S("\n")), 1, "ends with a blank line");
    is_int(feed(&s, S("data: b\n\ndata: c\n")), 9, "the prefix of whole events");
    is_int(feed(&s, S("\ndata: d\n\n")), 10, "up to the end");
    is_int(feed(&s, S("data: e\r\r")), 9, "a CR at the end counts");
    is_int(feed(&s, S("\n")), 1, "the LF behind it is a prefix of its own");
    is_int(feed(&s, S("data: f\r")), 0, "a CR that ends a line only");
    is_int(feed(&s, S("\n")), 0, "its LF does not end the event");
    is_int(feed(&s, S("\n")), 1, "the next does");
    is_int(feed(&s, S("\n")), 1, "blank lines between events are passed on");
    is_int(feed(&s, S("data: g\r\n\r")), 10, "the CR of a CRLF counts too");
    is_int(feed(&s, S("\ndata: h\n\n")), 10, "the LF goes along with what follows");
}

static void test_fields(void)
{
    static const struct {
        str event;
        int64_t retry_ms;
    } cases[] = {
        {S("retry: 1500\n\n"), 1500},
        {S("retry:0\n\n"), 0},
        {S("retry: -1\n\n"), -1},
        {S("retry: 1.5\n\n"), -1},
        {S("retry\n\n"), -1},
        {S("retry: 9223372036854775807\n\n"), INT64_MAX},
        {S("retry: 9223372036854775808\n\n"), -1},
    };
    struct sse_event e;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        sse_parse(&arena, cases[i].event, &e);
        is_int(e.retry_ms, cases[i].retry_ms, printable(cases[i].event));
    }
    str event = S("event: a\nevent: b\ndata: x\n\n");
    sse_parse(&arena, event, &e);
    is_str(e.type, S("b"), "the last type counts");
    ok(e.data.p > event.p && e.data.p < event.p + event.n, "one data line is not copied");
    ok(e.has_data && e.id.n == 0 && e.retry_ms == -1, "and nothing else is there");
}

static void test_writing(void)
{
    static const struct {
        str type, data, want;
    } cases[] = {
        {S(""), S("{}"), S("data: {}\n\n")},
        {S("error"), S("{}"), S("event: error\ndata: {}\n\n")},
        {S(""), S(""), S("data: \n\n")},
        {S(""), S("a\nb\r\nc\rd"), S("data: a\ndata: b\ndata: c\ndata: d\n\n")},
        {S(""), S("a\n"), S("data: a\ndata: \n\n")},
        {S(""), S(" a\n\n"), S("data:  a\ndata: \ndata: \n\n")},
    };
    struct buf b;
    buf_init(&b, 4096);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_reset(&b);
        sse_put(&b, cases[i].type, cases[i].data);
        is_str(buf_str(&b), cases[i].want, "written");
    }
    buf_reset(&b);
    sse_put_comment(&b, S("wait\nmore"));
    is_str(buf_str(&b), S(": wait\n: more\n\n"), "a comment of two lines");
    static const str bad_types[] = {S("a\n"), S("a\rdata: x"), S("\r\n")};
    for (size_t i = 0; i < ARRAY_LEN(bad_types); i++) {
        buf_reset(&b);
        sse_put(&b, bad_types[i], S("x"));
        ok(!buf_is_ok(&b) && b.n == 0, "a type with a line end is refused");
    }
    buf_fini(&b);
}

static void test_fixtures(void)
{
    static const char *const same[] = {"crlf", "mixed-eol", "no-space"};
    const char *path = vectors_path(&arena, "../fixtures/sse-torture/lf.sse");
    if (!path) {
        tap_skip("no fixtures/sse-torture beside THROWBAR_VECTORS");
        return;
    }
    str stream = vectors_read(&arena, path);
    str want = read_stream(stream, 0);
    ok(str_has_suffix(want, S("[|[DONE]|]")), "the plain stream has its end");
    ok(reads_at_every_cut(stream, want), "it reads alike at every cut");
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        str name = arena_printf(&arena, "../fixtures/sse-torture/%s.sse", same[i]);
        str text = vectors_read(&arena, vectors_path(&arena, arena_cz(&arena, name)));
        ok(reads_at_every_cut(text, want), same[i]);
    }
}

int main(void)
{
    arena_init(&arena, 0, (size_t)64 << 20);
    test_streams();
    test_split();
    test_fields();
    test_writing();
    test_fixtures();
    arena_fini(&arena);
    return tap_done();
}
