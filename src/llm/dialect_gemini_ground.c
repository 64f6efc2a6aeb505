/* What an answer rests on: grounding and citations as annotations, and log probabilities.
 *
 * The API counts places in bytes of a part, the intermediate form in code points of a block. A
 * stream's text is gone when its grounding comes, with the last chunk; so each text block leaves a
 * map behind, which notes nothing but its characters of more than one byte: how many of one byte
 * stand before it, and how long it is. Plain English costs nothing. A map that gets too large is
 * given up, and places are unknown from then on. */
#include "llm/dialect_gemini_ground.h"

#define MARKS_MAX       6144 /* bytes of one map */
#define ANNOTATIONS_MAX 1024 /* of one candidate */
#define CHUNKS_MAX      4096
#define LOGPROBS_MAX    ((size_t)16 << 20)

/* ---- maps of texts ---- */

void text_map_init(struct text_map *m)
{
    *m = (struct text_map){.bytes = 0};
    buf_init(&m->marks, MARKS_MAX);
}

void text_map_fini(struct text_map *m)
{
    buf_fini(&m->marks);
}

void text_map_reset(struct text_map *m)
{
    buf_reset(&m->marks);
    m->bytes = 0;
    m->gap = 0;
}

static void mark(struct text_map *m, size_t size)
{
    size_t value = m->gap << 2 | (size - 1);
    for (; value >= 0x80; value >>= 7)
        buf_put_char(&m->marks, (char)(0x80 | (value & 0x7f)));
    buf_put_char(&m->marks, (char)value);
    m->gap = 0;
}

void text_map_add(struct text_map *m, str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c < 0x80)
            m->gap++;
        else if (c >= 0xf0)
            mark(m, 4);
        else if (c >= 0xe0)
            mark(m, 3);
        else if (c >= 0xc0)
            mark(m, 2);
    }
    m->bytes += text.n;
}

/* The next mark: `gap` characters of one byte, then one of `size`. False: no more. */
static bool next_mark(str *marks, size_t *gap, size_t *size)
{
    size_t value = 0;
    unsigned shift = 0;
    if (marks->n == 0)
        return false;
    unsigned char c = 0;
    do {
        c = (unsigned char)marks->p[0];
        *marks = str_skip(*marks, 1);
        value |= (size_t)(c & 0x7f) << shift;
        shift += 7;
    } while ((c & 0x80) != 0 && marks->n > 0 && shift < 64);
    *gap = value >> 2;
    *size = (value & 3) + 1;
    return true;
}

int64_t text_map_point(const struct text_map *m, int64_t byte)
{
    if (byte < 0 || (size_t)byte > m->bytes || !buf_is_ok(&m->marks))
        return -1;
    size_t bytes = 0, points = 0, gap = 0, size = 0, wanted = (size_t)byte;
    str marks = buf_str(&m->marks);
    while (next_mark(&marks, &gap, &size)) {
        if (bytes + gap >= wanted)
            break;
        bytes += gap + size;
        points += gap + 1;
        if (bytes >= wanted)
            return (int64_t)points;
    }
    return (int64_t)(points + (wanted - bytes));
}

int64_t text_map_byte(const struct text_map *m, int64_t point)
{
    if (point < 0 || !buf_is_ok(&m->marks))
        return -1;
    size_t bytes = 0, points = 0, gap = 0, size = 0, wanted = (size_t)point;
    str marks = buf_str(&m->marks);
    while (next_mark(&marks, &gap, &size)) {
        if (points + gap >= wanted)
            break;
        bytes += gap + size;
        points += gap + 1;
    }
    size_t byte = bytes + (wanted - points);
    return byte <= m->bytes ? (int64_t)byte : -1;
}

int64_t text_map_end(const struct text_map *m)
{
    return text_map_point(m, (int64_t)m->bytes);
}

/* ---- annotations ---- */

static int64_t offset_of(const struct json *segment, const char *key, int64_t otherwise)
{
    int64_t n = otherwise;
    const struct json *v = json_get(segment, key);
    return !v || json_i64(v, &n) ? n : -1;
}

/* A chunk's place on the web, in a document store or on a map. */
static const struct json *place_of(const struct json *chunk)
{
    static const char *const kinds[] = {"web", "retrievedContext", "maps", "image"};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const struct json *v = json_get(chunk, kinds[i]);
        if (v && json_type(v) == JSON_OBJECT)
            return v;
    }
    return NULL;
}

struct collecting {
    struct arena *a;
    const struct text_map *map;
    int64_t part, base;
    struct annotation *first, **last;
    size_t n;
};

static struct annotation *annotate(struct collecting *c, const struct json *place)
{
    if (!place || c->n == ANNOTATIONS_MAX)
        return NULL;
    struct annotation *n = arena_new(c->a, struct annotation);
    *n = (struct annotation){.type = S("url_citation"),
                             .url = json_str(json_get(place, "uri")),
                             .title = json_str(json_get(place, "title")),
                             .begin = -1,
                             .end = -1,
                             .raw = place,
                             .origin = DIALECT_GEMINI};
    if (n->url.n == 0)
        n->url = json_str(json_get(place, "sourceUri"));
    *c->last = n;
    c->last = &n->next;
    c->n++;
    return n;
}

static void set_place(struct collecting *c, struct annotation *n, const struct json *segment)
{
    int64_t begin = offset_of(segment, "startIndex", 0), end = offset_of(segment, "endIndex", -1);
    n->text = json_str(json_get(segment, "text"));
    n->begin = text_map_point(c->map, begin) - c->base;
    n->end = text_map_point(c->map, end) - c->base;
    if (n->begin < 0 || n->end < n->begin)
        n->begin = n->end = -1;
}

static void read_support(struct collecting *c, const struct json *support,
                         const struct json *const *sources, size_t n)
{
    const struct json *segment = json_get(support, "segment");
    const struct json *indices = json_get(support, "groundingChunkIndices");
    if (c->part >= 0 && offset_of(segment, "partIndex", 0) != c->part)
        return;
    for (struct json_iter it = json_iter(indices); json_iter_next(&it);) {
        int64_t i = -1;
        if (!json_i64(it.value, &i) || i < 0 || (size_t)i >= n)
            continue;
        struct annotation *made = annotate(c, place_of(sources[i]));
        if (made)
            set_place(c, made, segment);
    }
}

/* Sources without a word on what they support stand for the whole text. */
static void read_grounding(struct collecting *c, const struct json *grounding)
{
    const struct json *chunks = json_get(grounding, "groundingChunks");
    const struct json *supports = json_get(grounding, "groundingSupports");
    size_t n = 0, max = MIN(json_count(chunks), CHUNKS_MAX);
    if (max == 0 || json_type(chunks) != JSON_ARRAY)
        return;
    const struct json **sources = arena_new_n(c->a, const struct json *, max);
    for (struct json_iter it = json_iter(chunks); n < max && json_iter_next(&it);)
        sources[n++] = it.value;
    for (struct json_iter it = json_iter(supports); json_iter_next(&it);)
        read_support(c, it.value, sources, n);
    for (size_t i = 0; i < n && json_count(supports) == 0; i++)
        (void)annotate(c, place_of(sources[i]));
}

static void read_citations(struct collecting *c, const struct json *metadata)
{
    const struct json *list = json_get(metadata, "citations");
    list = list ? list : json_get(metadata, "citationSources");
    for (struct json_iter it = json_iter(list); json_iter_next(&it);) {
        struct annotation *made = annotate(c, it.value);
        if (made)
            set_place(c, made, it.value);
    }
}

struct annotation *gemini_annotations(struct arena *a, const struct json *candidate, int64_t part,
                                      const struct text_map *map, int64_t base)
{
    struct collecting c = {.a = a, .map = map, .part = part, .base = base};
    if (!arena_has_room(a, 2 * sizeof(struct annotation) * ANNOTATIONS_MAX))
        return NULL;
    c.last = &c.first;
    read_grounding(&c, json_get(candidate, "groundingMetadata"));
    read_citations(&c, json_get(candidate, "citationMetadata"));
    return c.first;
}

/* ---- writing them ---- */

void grounding_init(struct grounding *g)
{
    buf_init(&g->chunks, GROUNDING_MAX);
    buf_init(&g->supports, GROUNDING_MAX);
    g->n = 0;
}

void grounding_fini(struct grounding *g)
{
    buf_fini(&g->chunks);
    buf_fini(&g->supports);
}

static void put_source(struct buf *out, const struct annotation *n)
{
    struct json_writer j = json_writer(out);
    json_begin_object(&j, NULL);
    json_begin_object(&j, "web");
    json_put_str(&j, "uri", n->url);
    if (n->title.n > 0)
        json_put_str(&j, "title", n->title);
    json_end_object(&j);
    json_end_object(&j);
}

static void put_segment(struct json_writer *j, const struct annotation *n, int64_t part,
                        const struct text_map *map, int64_t base)
{
    int64_t begin = n->begin < 0 ? -1 : text_map_byte(map, n->begin + base);
    int64_t end = n->end < 0 ? -1 : text_map_byte(map, n->end + base);
    json_begin_object(j, "segment");
    if (part > 0)
        json_put_int(j, "partIndex", part);
    if (begin >= 0 && end >= begin) {
        json_put_int(j, "startIndex", begin);
        json_put_int(j, "endIndex", end);
    }
    if (n->text.n > 0)
        json_put_str(j, "text", n->text);
    json_end_object(j);
}

void grounding_add(struct grounding *g, const struct annotation *n, int64_t part,
                   const struct text_map *map, int64_t base)
{
    size_t size = n->url.n + n->title.n + n->text.n;
    if (n->url.n == 0 || g->n == ANNOTATIONS_MAX ||
        g->chunks.n + g->supports.n + 8 * size + 512 > GROUNDING_MAX)
        return;
    if (g->n > 0) {
        buf_put_char(&g->chunks, ',');
        buf_put_char(&g->supports, ',');
    }
    put_source(&g->chunks, n);
    struct json_writer j = json_writer(&g->supports);
    json_begin_object(&j, NULL);
    put_segment(&j, n, part, map, base);
    json_begin_array(&j, "groundingChunkIndices");
    json_put_int(&j, NULL, g->n);
    json_end_array(&j);
    json_end_object(&j);
    g->n++;
}

void grounding_put(struct json_writer *j, const struct grounding *g)
{
    if (g->n == 0)
        return;
    json_begin_object(j, "groundingMetadata");
    json_begin_array(j, "groundingChunks");
    json_put_raw(j, NULL, buf_str(&g->chunks));
    json_end_array(j);
    json_begin_array(j, "groundingSupports");
    json_put_raw(j, NULL, buf_str(&g->supports));
    json_end_array(j);
    json_end_object(j);
}

/* ---- log probabilities ---- */

static void put_token(struct json_writer *j, const struct json *v)
{
    json_put_str(j, "token", json_str(json_get(v, "token")));
    json_put_number(j, "logprob", json_number(json_get(v, "logProbability")));
    json_put_null(j, "bytes");
}

static bool is_token(const struct json *v)
{
    return json_is_str(json_get(v, "token")) && json_number(json_get(v, "logProbability")).n > 0;
}

static void put_tops(struct json_writer *j, const struct json *top)
{
    json_begin_array(j, "top_logprobs");
    for (struct json_iter it = json_iter(json_get(top, "candidates")); json_iter_next(&it);) {
        if (!is_token(it.value))
            continue;
        json_begin_object(j, NULL);
        put_token(j, it.value);
        json_end_object(j);
    }
    json_end_array(j);
}

const struct json *gemini_logprobs_read(struct arena *a, const struct json *result)
{
    const struct json *chosen = json_get(result, "chosenCandidates");
    const struct json *tops = json_get(result, "topCandidates");
    if (json_count(chosen) == 0 || json_type(chosen) != JSON_ARRAY)
        return NULL;
    struct buf out;
    buf_init(&out, LOGPROBS_MAX);
    struct json_writer j = json_writer(&out);
    struct json_iter top = json_iter(tops);
    json_begin_array(&j, NULL);
    for (struct json_iter it = json_iter(chosen); json_iter_next(&it);) {
        bool has_top = json_iter_next(&top);
        if (!is_token(it.value))
            continue;
        json_begin_object(&j, NULL);
        put_token(&j, it.value);
        put_tops(&j, has_top ? top.value : NULL);
        json_end_object(&j);
    }
    json_end_array(&j);
    bool is_ok = buf_is_ok(&out) && arena_has_room(a, out.n);
    const struct json *made = is_ok ? gemini_value(a, arena_str(a, buf_str(&out))) : NULL;
    buf_fini(&out);
    return made;
}

static void put_native(struct json_writer *j, const struct json *v)
{
    json_begin_object(j, NULL);
    json_put_str(j, "token", json_str(json_get(v, "token")));
    str logprob = json_number(json_get(v, "logprob"));
    if (logprob.n > 0)
        json_put_number(j, "logProbability", logprob);
    json_end_object(j);
}

void gemini_logprobs_put(struct json_writer *j, const struct json *list)
{
    if (json_count(list) == 0 || json_type(list) != JSON_ARRAY)
        return;
    json_begin_object(j, "logprobsResult");
    json_begin_array(j, "chosenCandidates");
    for (struct json_iter it = json_iter(list); json_iter_next(&it);)
        put_native(j, it.value);
    json_end_array(j);
    json_begin_array(j, "topCandidates");
    for (struct json_iter it = json_iter(list); json_iter_next(&it);) {
        json_begin_object(j, NULL);
        json_begin_array(j, "candidates");
        struct json_iter top = json_iter(json_get(it.value, "top_logprobs"));
        while (json_iter_next(&top))
            put_native(j, top.value);
        json_end_array(j);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
}
