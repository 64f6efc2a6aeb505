/* AWS event streams ("Amazon event stream encoding", Amazon Transcribe developer guide).
 *
 * A frame names its length twice over: in a prelude of two lengths with a checksum of their
 * own, and in the checksum at its end. The prelude is checked as soon as its twelve bytes have
 * come, before anything waits for as many bytes as it claims. event_stream_split does that while
 * bytes arrive in any pieces; once it has refused a prelude it refuses everything, yet first lets
 * the whole frames before it go. event_stream_next then checks a whole frame to its last byte.
 *
 * The checksum is CRC-32 (the one of zlib and Ethernet), eight bytes a step. Its tables are
 * linear in their index, so each is computed by the compiler from eight powers of x; entry 1 << b
 * of table k is what remains of x to the power of 8 * (k + 1) - b. */
#include "wire/event_stream.h"

#include <string.h>

#include "base/err.h"

#define PRELUDE_SIZE    12
#define CRC_SIZE        4
#define STRING_SIZE_MAX 0xffffu

/* ---- checksum ---- */

/* clang-format off: tables */
#define BIT(n, b, x) ((((n) >> (b)) & 1u) * (x))
#define ENTRY(n, b0, b1, b2, b3, b4, b5, b6, b7)                                                   \
    BIT(n, 0, b0) ^ BIT(n, 1, b1) ^ BIT(n, 2, b2) ^ BIT(n, 3, b3) ^ BIT(n, 4, b4) ^                \
        BIT(n, 5, b5) ^ BIT(n, 6, b6) ^ BIT(n, 7, b7)
#define ENTRIES_4(n, ...)                                                                          \
    ENTRY(n, __VA_ARGS__), ENTRY((n) + 1u, __VA_ARGS__), ENTRY((n) + 2u, __VA_ARGS__),             \
        ENTRY((n) + 3u, __VA_ARGS__)
#define ENTRIES_16(n, ...)                                                                         \
    ENTRIES_4(n, __VA_ARGS__), ENTRIES_4((n) + 4u, __VA_ARGS__), ENTRIES_4((n) + 8u, __VA_ARGS__), \
        ENTRIES_4((n) + 12u, __VA_ARGS__)
#define ENTRIES_64(n, ...)                                                                         \
    ENTRIES_16(n, __VA_ARGS__), ENTRIES_16((n) + 16u, __VA_ARGS__),                                \
        ENTRIES_16((n) + 32u, __VA_ARGS__), ENTRIES_16((n) + 48u, __VA_ARGS__)
#define TABLE(...)                                                                                 \
    {                                                                                              \
        ENTRIES_64(0u, __VA_ARGS__), ENTRIES_64(64u, __VA_ARGS__), ENTRIES_64(128u, __VA_ARGS__),  \
            ENTRIES_64(192u, __VA_ARGS__)                                                          \
    }

static const uint32_t crc_tables[8][256] = {
    TABLE(0x77073096, 0xee0e612c, 0x076dc419, 0x0edb8832, 0x1db71064, 0x3b6e20c8, 0x76dc4190,
          0xedb88320),
    TABLE(0x191b3141, 0x32366282, 0x646cc504, 0xc8d98a08, 0x4ac21251, 0x958424a2, 0xf0794f05,
          0x3b83984b),
    TABLE(0x01c26a37, 0x0384d46e, 0x0709a8dc, 0x0e1351b8, 0x1c26a370, 0x384d46e0, 0x709a8dc0,
          0xe1351b80),
    TABLE(0xb8bc6765, 0xaa09c88b, 0x8f629757, 0xc5b428ef, 0x5019579f, 0xa032af3e, 0x9b14583d,
          0xed59b63b),
    TABLE(0x3d6029b0, 0x7ac05360, 0xf580a6c0, 0x30704bc1, 0x60e09782, 0xc1c12f04, 0x58f35849,
          0xb1e6b092),
    TABLE(0xcb5cd3a5, 0x4dc8a10b, 0x9b914216, 0xec53826d, 0x03d6029b, 0x07ac0536, 0x0f580a6c,
          0x1eb014d8),
    TABLE(0xa6770bb4, 0x979f1129, 0xf44f2413, 0x33ef4e67, 0x67de9cce, 0xcfbd399c, 0x440b7579,
          0x8816eaf2),
    TABLE(0xccaa009e, 0x4225077d, 0x844a0efa, 0xd3e51bb5, 0x7cbb312b, 0xf9766256, 0x299dc2ed,
          0x533b85da),
};
/* clang-format on */

static inline uint32_t load_le32(const char *p)
{
    const uint8_t *b = (const uint8_t *)p;
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

uint32_t event_stream_crc32(uint32_t crc, str bytes)
{
    const char *p = bytes.p;
    size_t n = bytes.n;
    crc = ~crc;
    for (; n >= 8; p += 8, n -= 8) {
        uint32_t lo = load_le32(p) ^ crc, hi = load_le32(p + 4);
        crc = crc_tables[7][lo & 0xff] ^ crc_tables[6][lo >> 8 & 0xff] ^
              crc_tables[5][lo >> 16 & 0xff] ^ crc_tables[4][lo >> 24] ^ crc_tables[3][hi & 0xff] ^
              crc_tables[2][hi >> 8 & 0xff] ^ crc_tables[1][hi >> 16 & 0xff] ^
              crc_tables[0][hi >> 24];
    }
    for (; n > 0; p++, n--)
        crc = crc >> 8 ^ crc_tables[0][(crc ^ (uint8_t)*p) & 0xff];
    return ~crc;
}

/* ---- integers ---- */

static uint64_t load_be(str bytes)
{
    uint64_t v = 0;
    for (size_t i = 0; i < bytes.n; i++)
        v = v << 8 | (uint8_t)bytes.p[i];
    return v;
}

static uint32_t load_be32(const char *p)
{
    return (uint32_t)load_be(str_of(p, 4));
}

static void store_be32(char *to, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        to[i] = (char)(v >> (24 - 8 * i) & 0xff);
}

/* A big-endian two's complement integer of 1 to 8 bytes. */
static int64_t load_signed(str bytes)
{
    unsigned unused = 64 - 8 * (unsigned)bytes.n;
    return (int64_t)(load_be(bytes) << unused) >> unused;
}

/* ---- where frames end ---- */

/* What is wrong with these twelve bytes; NULL: nothing. */
static const char *prelude_fault(const char *p)
{
    uint32_t total = load_be32(p), headers = load_be32(p + 4);
    if (event_stream_crc32(0, str_of(p, 8)) != load_be32(p + 8))
        return "an event stream prelude has a wrong checksum";
    if (total < EVENT_STREAM_FRAME_MIN || total > EVENT_STREAM_FRAME_MAX)
        return "an event stream frame has an impossible length";
    if (headers > EVENT_STREAM_HEADERS_MAX || headers > total - EVENT_STREAM_FRAME_MIN)
        return "an event stream frame has headers of impossible length";
    return NULL;
}

void event_stream_split_init(struct event_stream_split *s)
{
    *s = (struct event_stream_split){0};
}

/* A refused prelude stays whole, with nothing left to come. */
static bool is_refused(const struct event_stream_split *s)
{
    return s->n_prelude == PRELUDE_SIZE && s->left == 0;
}

/* Takes what it can of the open frame's prelude. Returns the number of bytes. */
static size_t take_prelude(struct event_stream_split *s, str bytes)
{
    size_t n = MIN(bytes.n, (size_t)PRELUDE_SIZE - s->n_prelude);
    memcpy(s->prelude + s->n_prelude, bytes.p, n);
    s->n_prelude = (uint8_t)(s->n_prelude + n);
    const char *prelude = (const char *)s->prelude;
    if (s->n_prelude == PRELUDE_SIZE && !prelude_fault(prelude))
        s->left = load_be32(prelude) - PRELUDE_SIZE;
    return n;
}

int64_t event_stream_split_feed(struct event_stream_split *s, str bytes)
{
    size_t at = 0, whole = 0;
    while (at < bytes.n && !is_refused(s)) {
        if (s->n_prelude < PRELUDE_SIZE) {
            at += take_prelude(s, str_skip(bytes, at));
            continue;
        }
        size_t n = MIN(bytes.n - at, s->left);
        at += n;
        s->left -= (uint32_t)n;
        if (s->left == 0) {
            s->n_prelude = 0;
            whole = at;
        }
    }
    return is_refused(s) && whole == 0 ? -E_PROVIDER_BODY : (int64_t)whole;
}

/* ---- frames ---- */

int event_stream_next(str *bytes, struct event_stream_frame *out, const char **why)
{
    *out = (struct event_stream_frame){0};
    if (bytes->n < PRELUDE_SIZE)
        return 0;
    *why = prelude_fault(bytes->p);
    if (*why)
        return -E_PROVIDER_BODY;
    size_t total = load_be32(bytes->p), headers = load_be32(bytes->p + 4);
    if (bytes->n < total)
        return 0;
    size_t end = total - CRC_SIZE;
    if (event_stream_crc32(0, str_of(bytes->p, end)) != load_be32(bytes->p + end)) {
        *why = "an event stream frame has a wrong checksum";
        return -E_PROVIDER_BODY;
    }
    out->headers = str_of(bytes->p + PRELUDE_SIZE, headers);
    out->payload = str_slice(*bytes, PRELUDE_SIZE + headers, end);
    *bytes = str_skip(*bytes, total);
    return 1;
}

/* The first n bytes, cut off. False when there are fewer. */
static bool take(str *from, size_t n, str *out)
{
    if (from->n < n)
        return false;
    *out = str_of(from->p, n);
    *from = str_skip(*from, n);
    return true;
}

/* Bytes behind a length of `size` bytes. */
static bool take_counted(str *from, size_t size, str *out)
{
    str length;
    return take(from, size, &length) && take(from, (size_t)load_be(length), out);
}

static bool take_number(str *from, size_t size, int64_t *out)
{
    str bytes;
    if (!take(from, size, &bytes))
        return false;
    *out = load_signed(bytes);
    return true;
}

static bool take_value(str *from, struct event_stream_header *h)
{
    switch (h->type) {
    case EVENT_STREAM_TRUE:
    case EVENT_STREAM_FALSE:
        h->number = h->type == EVENT_STREAM_TRUE;
        return true;
    case EVENT_STREAM_I8:
        return take_number(from, 1, &h->number);
    case EVENT_STREAM_I16:
        return take_number(from, 2, &h->number);
    case EVENT_STREAM_I32:
        return take_number(from, 4, &h->number);
    case EVENT_STREAM_I64:
    case EVENT_STREAM_TIME:
        return take_number(from, 8, &h->number);
    case EVENT_STREAM_BYTES:
    case EVENT_STREAM_STRING:
        return take_counted(from, 2, &h->value);
    case EVENT_STREAM_UUID:
        return take(from, 16, &h->value);
    }
    return false;
}

int event_stream_header_next(str *headers, struct event_stream_header *out)
{
    *out = (struct event_stream_header){0};
    if (headers->n == 0)
        return 0;
    str rest = *headers, type;
    if (!take_counted(&rest, 1, &out->name) || out->name.n == 0 || !take(&rest, 1, &type))
        return -E_PROVIDER_BODY;
    uint64_t number = load_be(type);
    if (number > EVENT_STREAM_UUID)
        return -E_PROVIDER_BODY;
    out->type = (enum event_stream_type)number;
    if (!take_value(&rest, out))
        return -E_PROVIDER_BODY;
    *headers = rest;
    return 1;
}

str event_stream_header(const struct event_stream_frame *f, str name)
{
    struct event_stream_header h;
    str rest = f->headers;
    while (event_stream_header_next(&rest, &h) > 0) {
        if (h.type == EVENT_STREAM_STRING && str_eq(h.name, name))
            return h.value;
    }
    return S_EMPTY;
}

/* ---- writing ---- */

/* A string header at `to`; returns its end. */
static char *store_header(char *to, str name, str value)
{
    *to++ = (char)name.n;
    memcpy(to, name.p, name.n);
    to += name.n;
    *to++ = EVENT_STREAM_STRING;
    *to++ = (char)(value.n >> 8);
    *to++ = (char)(value.n & 0xff);
    if (value.n > 0)
        memcpy(to, value.p, value.n);
    return to + value.n;
}

void event_stream_put(struct buf *out, str message_type, str event_type, str payload)
{
    bool is_exception = str_eq(message_type, S("exception"));
    const struct {
        str name, value;
    } fields[] = {
        {is_exception ? S(":exception-type") : S(":event-type"), event_type},
        {S(":content-type"), S("application/json")},
        {S(":message-type"), message_type},
    };
    size_t headers = 0;
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        out->failed |= fields[i].value.n > STRING_SIZE_MAX;
        headers += 4 + fields[i].name.n + MIN(fields[i].value.n, STRING_SIZE_MAX);
    }
    out->failed |= headers > EVENT_STREAM_HEADERS_MAX ||
                   payload.n > EVENT_STREAM_FRAME_MAX - EVENT_STREAM_FRAME_MIN - headers;
    size_t total = EVENT_STREAM_FRAME_MIN + headers + payload.n;
    char *frame = buf_reserve(out, total); /* NULL when it has failed */
    if (!frame)
        return;
    store_be32(frame, (uint32_t)total);
    store_be32(frame + 4, (uint32_t)headers);
    store_be32(frame + 8, event_stream_crc32(0, str_of(frame, 8)));
    char *to = frame + PRELUDE_SIZE;
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        to = store_header(to, fields[i].name, fields[i].value);
    if (payload.n > 0)
        memcpy(to, payload.p, payload.n);
    store_be32(to + payload.n, event_stream_crc32(0, str_of(frame, total - CRC_SIZE)));
    buf_commit(out, total);
}
