#include "wire/event_stream.c"

#include "tap.h"
#include "vectors.h"
#include "wire/base64.h"
#include "wire/json.h"

static struct arena arena;

static str unhex(str hex)
{
    char *to = arena_alloc(&arena, hex.n / 2 + 1);
    for (size_t i = 0; i + 1 < hex.n; i += 2)
        to[i / 2] = (char)(str_hex_value(hex.p[i]) << 4 | str_hex_value(hex.p[i + 1]));
    return str_of(to, hex.n / 2);
}

/* ---- checksum ---- */

static uint32_t crc_bit_by_bit(str bytes)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes.n; i++) {
        crc ^= (uint8_t)bytes.p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static void test_crc(void)
{
    is_int(event_stream_crc32(0, S("123456789")), 0xcbf43926, "the check value of CRC-32");
    is_int(event_stream_crc32(0, S_EMPTY), 0, "of nothing");
    char bytes[1024];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * i * 31 + i / 7);
    bool same = true, continues = true;
    for (size_t n = 0; n < sizeof bytes; n++) {
        str s = str_of(bytes, n);
        uint32_t want = crc_bit_by_bit(s);
        same &= event_stream_crc32(0, s) == want;
        uint32_t first = event_stream_crc32(0, str_slice(s, 0, n / 3));
        continues &= event_stream_crc32(first, str_skip(s, n / 3)) == want;
    }
    ok(same, "the tables say what the polynomial says");
    ok(continues, "a checksum goes on over pieces");
    bool each = true;
    for (int c = 0; c < 256; c++) {
        for (size_t at = 0; at < 8; at++) {
            memset(bytes, 0, 8);
            bytes[at] = (char)c;
            each &= event_stream_crc32(0, str_of(bytes, 8)) == crc_bit_by_bit(str_of(bytes, 8));
        }
    }
    ok(each, "every entry of every table");
}

/* ---- the suite ---- */

static bool same_value(const struct event_stream_header *h, str type, const struct json *value)
{
    int64_t number = 0;
    str bytes;
    if (str_eq(type, S("bool")))
        return h->number == json_bool(value, false) && h->type <= EVENT_STREAM_FALSE;
    if (str_eq(type, S("string")))
        return str_eq(h->value, json_str(value));
    if (str_eq(type, S("bytes_base64")))
        return base64_decode(&arena, json_str(value), &bytes) && str_eq(bytes, h->value);
    if (str_eq(type, S("uuid")))
        return str_eq(unhex(json_str(value)), h->value);
    return json_i64(value, &number) && number == h->number;
}

static bool same_headers(str headers, const struct json *want)
{
    struct event_stream_header h;
    for (struct json_iter it = json_iter(want); json_iter_next(&it);) {
        int64_t type = -1;
        if (event_stream_header_next(&headers, &h) != 1 ||
            !json_i64(json_get(it.value, "type_id"), &type) || type != (int64_t)h.type ||
            !str_eq(h.name, json_str(json_get(it.value, "name"))) ||
            !same_value(&h, json_str(json_get(it.value, "type")), json_get(it.value, "value")))
            return false;
    }
    return event_stream_header_next(&headers, &h) == 0;
}

static bool frame_is_read(const struct json *vector)
{
    str bytes = unhex(json_str(json_get(vector, "frame_hex")));
    size_t n = bytes.n;
    struct event_stream_split s;
    event_stream_split_init(&s);
    struct event_stream_frame f;
    const char *why = NULL;
    const struct json *want = json_get(vector, "decoded");
    return event_stream_split_feed(&s, bytes) == (int64_t)n &&
           event_stream_next(&bytes, &f, &why) == 1 && bytes.n == 0 && !why &&
           str_eq(f.payload, json_str(json_get(want, "payload"))) &&
           same_headers(f.headers, json_get(want, "headers"));
}

static bool frame_is_refused(const struct json *vector)
{
    str bytes = unhex(json_str(json_get(vector, "frame_hex")));
    struct event_stream_frame f;
    const char *why = NULL;
    return event_stream_next(&bytes, &f, &why) == -E_PROVIDER_BODY && why;
}

static const struct json *read_vectors(const char *name)
{
    const char *path = vectors_path(&arena, name);
    const struct json *root = NULL;
    size_t error_at;
    if (!path || json_read(&arena, vectors_read(&arena, path), &root, &error_at) < 0)
        return NULL;
    return root;
}

static void test_suite(void)
{
    const struct json *root = read_vectors("aws-event-stream/vectors.json");
    if (!root) {
        tap_skip("no THROWBAR_VECTORS");
        return;
    }
    const struct json *frames = json_get(root, "frames");
    ok(json_count(frames) >= 9, "the suite is there");
    for (struct json_iter it = json_iter(frames); json_iter_next(&it);) {
        const char *name = arena_cz(&arena, json_str(json_get(it.value, "name")));
        bool is_good = str_eq(json_str(json_get(it.value, "expect")), S("success"));
        ok(is_good ? frame_is_read(it.value) : frame_is_refused(it.value), name);
    }
}

/* ---- streams ---- */

/* All that a stream says, when it comes in pieces that end at `cut` and at `cut2`. */
static str read_stream(str stream, size_t cut, size_t cut2)
{
    struct event_stream_split s;
    event_stream_split_init(&s);
    const size_t ends[] = {cut, cut2, stream.n};
    size_t at = 0, taken = 0;
    str said = S_EMPTY;
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        int64_t whole = event_stream_split_feed(&s, str_slice(stream, at, ends[i]));
        if (whole < 0)
            return arena_concat(&arena, (str[]){said, S("refused")}, 2);
        if (whole > 0) {
            str frames = str_slice(stream, taken, at + (size_t)whole);
            struct event_stream_frame f;
            const char *why = NULL;
            while (event_stream_next(&frames, &f, &why) > 0)
                said = arena_printf(&arena, STR_FMT "[" STR_FMT " " STR_FMT "]", STR_ARG(said),
                                    STR_ARG(event_stream_header(&f, S(":event-type"))),
                                    STR_ARG(f.payload));
            if (why || frames.n > 0)
                return S("not whole");
            taken = at + (size_t)whole;
        }
        at = ends[i];
    }
    return said;
}

static bool reads_at_every_cut(str stream, str want)
{
    for (size_t cut = 0; cut <= stream.n; cut++) {
        if (!str_eq(read_stream(stream, cut, cut), want) ||
            !str_eq(read_stream(stream, cut, MIN(cut + 1, stream.n)), want))
            return false;
    }
    return true;
}

static void test_streams(void)
{
    const struct json *root = read_vectors("aws-event-stream/synthetic_streams.json");
    if (!root) {
        tap_skip("no THROWBAR_VECTORS");
        return;
    }
    for (struct json_iter it = json_iter(json_get(root, "streams")); json_iter_next(&it);) {
        const char *name = arena_cz(&arena, json_str(json_get(it.value, "name")));
        str stream = unhex(json_str(json_get(it.value, "stream_hex")));
        str want = read_stream(stream, 0, 0);
        ok(stream.n > 0 && want.n > 2, name);
        ok(reads_at_every_cut(stream, want), "the same at every cut");
    }
}

static str two_frames(void)
{
    struct buf b;
    buf_init(&b, SIZE_MAX / 2);
    event_stream_put(&b, S("event"), S("a"), S("{}"));
    event_stream_put(&b, S("exception"), S("throttlingException"), S("{\"message\":\"slow\"}"));
    must(buf_is_ok(&b));
    str text = arena_str(&arena, buf_str(&b));
    buf_fini(&b);
    return text;
}

static void test_writing(void)
{
    str text = two_frames();
    struct event_stream_frame f;
    const char *why = NULL;
    ok(event_stream_next(&text, &f, &why) == 1, "reads what it wrote");
    is_str(event_stream_header(&f, S(":event-type")), S("a"), "the type of an event");
    is_str(event_stream_header(&f, S(":message-type")), S("event"), "its message type");
    is_str(event_stream_header(&f, S(":content-type")), S("application/json"), "its content type");
    is_str(f.payload, S("{}"), "its payload");
    ok(event_stream_next(&text, &f, &why) == 1, "reads the second");
    is_str(event_stream_header(&f, S(":exception-type")), S("throttlingException"), "its type");
    is_str(event_stream_header(&f, S(":event-type")), S_EMPTY, "which is no event's");
    is_str(f.payload, S("{\"message\":\"slow\"}"), "its payload");
    is_int(event_stream_next(&text, &f, &why), 0, "no more");
    is_str(f.payload, S_EMPTY, "and nothing in the frame then");

    struct buf b;
    buf_init(&b, SIZE_MAX / 2);
    event_stream_put(&b, S("event"), str_of("x", 0x10000), S("{}"));
    ok(!buf_is_ok(&b) && b.n == 0, "a type that no header can hold");
    buf_reset(&b);
    event_stream_put(&b, S("event"), S("a"), str_of("x", EVENT_STREAM_FRAME_MAX));
    ok(!buf_is_ok(&b) && b.n == 0, "a payload that no frame can hold");
    buf_fini(&b);
    buf_init(&b, 60);
    event_stream_put(&b, S("event"), S("a"), S("{}"));
    ok(!buf_is_ok(&b) && b.n == 0, "no room");
    buf_fini(&b);
}

/* Any bit of a frame turned over: it is refused, or waits for bytes that do not come. */
static void test_every_bit(void)
{
    str text = two_frames();
    struct event_stream_frame f;
    const char *why = NULL;
    str rest = text;
    must(event_stream_next(&rest, &f, &why) == 1);
    size_t first = text.n - rest.n;
    bool refused = true, split_agrees = true;
    for (size_t bit = 0; bit < 8 * first; bit++) {
        char *broken = arena_alloc(&arena, first);
        memcpy(broken, text.p, first);
        broken[bit / 8] = (char)(broken[bit / 8] ^ (1 << bit % 8));
        str bytes = str_of(broken, first);
        struct event_stream_split s;
        event_stream_split_init(&s);
        int64_t whole = event_stream_split_feed(&s, bytes);
        split_agrees &= whole == (bit < 96 ? -E_PROVIDER_BODY : (int64_t)first);
        refused &= event_stream_next(&bytes, &f, &why) == -E_PROVIDER_BODY;
    }
    ok(refused, "no bit can change unseen");
    ok(split_agrees, "a change in the prelude is seen before the frame is waited for");
}

/* A prelude with a good checksum and these lengths. */
static str prelude(uint32_t total, uint32_t headers)
{
    char *p = arena_alloc(&arena, 16);
    store_be32(p, total);
    store_be32(p + 4, headers);
    store_be32(p + 8, event_stream_crc32(0, str_of(p, 8)));
    return str_of(p, 12);
}

static void test_lengths(void)
{
    static const struct {
        uint32_t total, headers;
        int want;
    } cases[] = {
        {0, 0, -E_PROVIDER_BODY},
        {15, 0, -E_PROVIDER_BODY},
        {16, 0, 0},
        {16, 1, -E_PROVIDER_BODY},
        {17, 1, 0},
        {EVENT_STREAM_FRAME_MAX, 0, 0},
        {EVENT_STREAM_FRAME_MAX + 1, 0, -E_PROVIDER_BODY},
        {UINT32_MAX, 0, -E_PROVIDER_BODY},
        {UINT32_MAX, UINT32_MAX, -E_PROVIDER_BODY},
        {EVENT_STREAM_FRAME_MAX, EVENT_STREAM_HEADERS_MAX, 0},
        {EVENT_STREAM_FRAME_MAX, EVENT_STREAM_HEADERS_MAX + 1, -E_PROVIDER_BODY},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct event_stream_split s;
        event_stream_split_init(&s);
        str bytes = prelude(cases[i].total, cases[i].headers);
        is_int(event_stream_split_feed(&s, bytes), cases[i].want, "a prelude's lengths");
        struct event_stream_frame f;
        const char *why = NULL;
        is_int(event_stream_next(&bytes, &f, &why), cases[i].want, "and when it is to be read");
        is_int(bytes.n, 12, "nothing is cut off");
    }
}

static void test_refusal_stays(void)
{
    str good = two_frames(), bad = S("\0\0\0\0\0\0\0\0\0\0\0\0");
    str both = arena_concat(&arena, (str[]){good, bad}, 2);
    struct event_stream_split s;
    event_stream_split_init(&s);
    is_int(event_stream_split_feed(&s, both), (long long)good.n, "whole frames go first");
    is_int(event_stream_split_feed(&s, good), -E_PROVIDER_BODY, "then the fault shows");
    is_int(event_stream_split_feed(&s, good), -E_PROVIDER_BODY, "and stays");
    is_int(event_stream_split_feed(&s, S_EMPTY), -E_PROVIDER_BODY, "whatever comes");
    bool refused = true;
    for (size_t cut = 0; cut <= both.n; cut++) {
        str said = read_stream(both, cut, MIN(cut + 40, both.n));
        refused &= str_has_suffix(said, S("refused")) || cut < good.n;
    }
    ok(refused, "at every cut");
}

static void test_malformed_headers(void)
{
    static const str cases[] = {
        S("\0\0"),             /* a name of no length */
        S("\1"),               /* no name */
        S("\1a"),              /* no type */
        S("\1a\12"),           /* no such type */
        S("\1a\xff"),          /* no such type */
        S("\1a\2"),            /* no byte */
        S("\1a\3\0"),          /* half of a short */
        S("\1a\4\0\0\0"),      /* three quarters of an integer */
        S("\1a\5\0\0\0\0"),    /* half of a long */
        S("\1a\7"),            /* no length */
        S("\1a\7\0"),          /* half of one */
        S("\1a\7\0\2b"),       /* too long */
        S("\1a\6\xff\xff"),    /* much too long */
        S("\1a\11aaaaaaaaaa"), /* short UUID */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str rest = cases[i];
        struct event_stream_header h;
        is_int(event_stream_header_next(&rest, &h), -E_PROVIDER_BODY, "a malformed header");
        ok(rest.p == cases[i].p, "is not stepped over");
        struct event_stream_frame f = {.headers = cases[i]};
        is_str(event_stream_header(&f, S("a")), S_EMPTY, "and says nothing");
    }
    str rest = S("\1a\2\x80\1b\5\x80\0\0\0\0\0\0\0");
    struct event_stream_header h;
    ok(event_stream_header_next(&rest, &h) == 1 && h.number == -128, "the least byte");
    ok(event_stream_header_next(&rest, &h) == 1 && h.number == INT64_MIN, "the least long");
}

int main(void)
{
    arena_init(&arena, 0, SIZE_MAX / 2);
    test_crc();
    test_suite();
    test_streams();
    test_writing();
    test_every_bit();
    test_lengths();
    test_refusal_stays();
    test_malformed_headers();
    arena_fini(&arena);
    return tap_done();
}
