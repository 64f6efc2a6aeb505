/* One pass over a JSON text: validates it and notes the top-level members.
 *
 * A body is relayed, not read: what the gateway needs from 800 KB of conversation is `model`,
 * `stream` and a few more, and the certainty that the provider's parser will see the same text. So
 * nothing is built. The grammar is a walk from value to value (value, then after_value) with the
 * state of the open containers in one 64-bit word and a counter per level; there is no recursion,
 * and strings, where the bytes are, are left to json_string.c.
 *
 * Every function here takes the place it works at and returns the place behind what it consumed, or
 * NULL after having noted the fault. Keys are compared unescaped; whether a duplicate matters is
 * for the reader of the member to say (json_find). */
#include "wire/json_scan.h"

#include <endian.h>
#include <string.h>

#include "base/err.h"
#include "wire/json_string.h"

struct walk {
    const char *text, *end;
    struct json_scan *out;
    struct arena *arena;
    size_t members_size; /* room in out->members */
    const char *value;   /* the top-level member's value that is being read */
    unsigned depth;      /* open containers */
    uint64_t is_object;  /* bit i: the container at depth i + 1 is an object */
    uint32_t n_keys[JSON_DEPTH_MAX];
};

static const char *fault(struct walk *w, const char *at, const char *what)
{
    w->out->error_at = (size_t)(at - w->text);
    w->out->error = what;
    return NULL;
}

/* The byte at p, or -1 at the end. */
static inline int peek(const struct walk *w, const char *p)
{
    return p < w->end ? (unsigned char)*p : -1;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* How many of the eight bytes at p are blanks, counted up to the first that is none. */
static size_t blanks_of_8(const char *p)
{
    uint64_t eight;
    memcpy(&eight, p, 8);
    eight ^= 0x2020202020202020;
    return eight == 0 ? 8 : (size_t)__builtin_ctzll(le64toh(eight)) / 8;
}

/* Indentation and padding are runs of blanks: eight at a time. */
static const char *skip_spaces(const char *p, const char *end)
{
    while (p < end && is_space(*p)) {
        p++;
        size_t n = 8;
        while (n == 8 && end - p >= 8) {
            n = blanks_of_8(p);
            p += n;
        }
    }
    return p;
}

static inline const char *space(const struct walk *w, const char *p)
{
    return p < w->end && (unsigned char)*p > ' ' ? p : skip_spaces(p, w->end);
}

static bool in_object(const struct walk *w)
{
    return (w->is_object >> (w->depth - 1) & 1) != 0;
}

static const char *digits(const struct walk *w, const char *p)
{
    while (p < w->end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

/* Over 1*DIGIT. */
static const char *some_digits(struct walk *w, const char *p)
{
    const char *behind = digits(w, p);
    return behind > p ? behind : fault(w, p, "a digit is missing here");
}

static const char *number(struct walk *w, const char *begin)
{
    const char *p = begin + (*begin == '-');
    p = peek(w, p) == '0' ? p + 1 : some_digits(w, p);
    if (p && peek(w, p) == '.')
        p = some_digits(w, p + 1);
    if (p && (peek(w, p) | 0x20) == 'e') {
        p++;
        p += peek(w, p) == '+' || peek(w, p) == '-';
        p = some_digits(w, p);
    }
    if (p && p - begin > JSON_NUMBER_MAX)
        return fault(w, begin, "a number is longer than 128 characters");
    return p;
}

static const char *literal(struct walk *w, const char *p, str word)
{
    if ((size_t)(w->end - p) < word.n || memcmp(p, word.p, word.n) != 0)
        return fault(w, p, "a value is missing here");
    return p + word.n;
}

/* `p` is at the opening quote. */
static const char *string(struct walk *w, const char *p)
{
    struct json_fault why;
    const char *quote = json_string_end(p + 1, w->end, &why);
    return quote ? quote + 1 : fault(w, why.at, why.what);
}

static struct json_member *add_member(struct walk *w)
{
    struct json_scan *out = w->out;
    if (out->n_members == w->members_size) {
        w->members_size = MAX(4 * w->members_size, 16);
        size_t bytes = arena_mul(sizeof *out->members, w->members_size);
        struct json_member *grown = arena_alloc(w->arena, bytes);
        if (out->n_members > 0)
            memcpy(grown, out->members, out->n_members * sizeof *grown);
        out->members = grown;
    }
    return &out->members[out->n_members++];
}

static void begin_member(struct walk *w, const char *quote, const char *behind)
{
    str raw = str_of(quote, (size_t)(behind - quote));
    struct json_member *m = add_member(w);
    *m = (struct json_member){.key = json_unescape(w->arena, raw),
                              .begin = (size_t)(quote - w->text)};
}

static enum json_type type_of(char first)
{
    switch (first) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
        return JSON_TRUE;
    case 'f':
        return JSON_FALSE;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

static void end_member(struct walk *w, const char *behind)
{
    struct json_member *m = &w->out->members[w->out->n_members - 1];
    m->value = str_of(w->value, (size_t)(behind - w->value));
    m->type = type_of(*w->value);
    m->end = (size_t)(behind - w->text);
}

/* Over a key and its colon, to the value. */
static const char *key(struct walk *w, const char *quote)
{
    if (peek(w, quote) != '"')
        return fault(w, quote, "a key in double quotes is missing here");
    const char *p = string(w, quote);
    if (!p)
        return NULL;
    if (p - quote - 2 > JSON_KEY_MAX)
        return fault(w, quote, "a key is longer than 1024 bytes");
    if (++w->n_keys[w->depth - 1] > JSON_KEYS_MAX)
        return fault(w, quote, "an object has more than 4096 members");
    if (w->depth == 1)
        begin_member(w, quote, p);
    p = space(w, p);
    if (peek(w, p) != ':')
        return fault(w, p, "a colon is missing here");
    p = space(w, p + 1);
    if (w->depth == 1)
        w->value = p;
    return p;
}

/* `p` is behind a value: over commas and closing brackets to the next value, or out of the last
 * container. */
static const char *after_value(struct walk *w, const char *p)
{
    while (w->depth > 0) {
        bool is_object = in_object(w);
        if (w->depth == 1 && is_object)
            end_member(w, p);
        p = space(w, p);
        int c = peek(w, p);
        if (c == ',') {
            p = space(w, p + 1);
            return is_object ? key(w, p) : p;
        }
        if (c != (is_object ? '}' : ']'))
            return fault(
                w, p, is_object ? "a comma or } is missing here" : "a comma or ] is missing here");
        w->depth--;
        p++;
    }
    return p;
}

/* Into a container: to its first value, or behind it when it has none. */
static const char *container(struct walk *w, const char *p, bool is_object)
{
    if (w->depth == JSON_DEPTH_MAX)
        return fault(w, p, "nested more than 64 deep");
    uint64_t bit = (uint64_t)1 << w->depth;
    w->is_object = is_object ? w->is_object | bit : w->is_object & ~bit;
    w->n_keys[w->depth++] = 0;
    p = space(w, p + 1);
    if (peek(w, p) != (is_object ? '}' : ']'))
        return is_object ? key(w, p) : p;
    w->depth--;
    return after_value(w, p + 1);
}

/* Over one scalar, or into one container, and on to the next value. */
static const char *value(struct walk *w, const char *p)
{
    switch (peek(w, p)) {
    case '"':
        p = string(w, p);
        break;
    case '{':
        return container(w, p, true);
    case '[':
        return container(w, p, false);
    case 't':
        p = literal(w, p, S("true"));
        break;
    case 'f':
        p = literal(w, p, S("false"));
        break;
    case 'n':
        p = literal(w, p, S("null"));
        break;
    case '-':
    case '0' ... '9':
        p = number(w, p);
        break;
    default:
        return fault(w, p, "a value is missing here");
    }
    return p ? after_value(w, p) : NULL;
}

static const char *whole(struct walk *w)
{
    const char *first = space(w, w->text);
    const char *p = first;
    do
        p = value(w, p);
    while (p && w->depth > 0);
    if (!p)
        return NULL;
    w->out->type = type_of(*first);
    w->out->open = (size_t)(first - w->text);
    w->out->close = (size_t)(p - 1 - w->text);
    p = space(w, p);
    return p == w->end ? p : fault(w, p, "the text goes on behind the value");
}

int json_scan(struct arena *a, str text, struct json_scan *out)
{
    const char *p = text.n > 0 ? text.p : "";
    struct walk w = {.text = p, .end = p + text.n, .out = out, .arena = a};
    *out = (struct json_scan){0};
    return whole(&w) ? 0 : -E_JSON;
}

void json_scan_members(struct arena *a, str text, struct json_scan *out)
{
    int rc = json_scan(a, text, out);
    must(rc == 0 && out->type == JSON_OBJECT);
}

const struct json_member *json_find(const struct json_scan *s, str key, bool *is_duplicate)
{
    const struct json_member *found = NULL;
    if (is_duplicate)
        *is_duplicate = false;
    for (size_t i = 0; i < s->n_members; i++) {
        if (!str_eq(s->members[i].key, key))
            continue;
        if (!is_duplicate)
            return &s->members[i];
        *is_duplicate = found != NULL;
        if (found)
            return found;
        found = &s->members[i];
    }
    return found;
}
