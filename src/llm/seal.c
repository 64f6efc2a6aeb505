/* Wrapped seals.
 *
 * base64( "throwbar1" kind family | u16 n, provider | u16 n, model | value )
 *
 * The nine bytes at the beginning make twelve letters of base64 without a rest, so a wrapped seal
 * is known by its first letters, and a body that does not hold them anywhere has none. What
 * begins so and is malformed was changed on its way: it fits nobody, and is dropped like a
 * stranger's.
 *
 * Nothing is signed: a client that forges a wrapping only sends its own provider a seal that the
 * provider refuses.
 *
 * Models are compared by what is left of a name without what a cloud puts before it and a date or
 * version behind it: an answer names the snapshot of the alias that the next request names again.
 */
#include "llm/seal.h"

#include <string.h>

#include "wire/base64.h"

#define MAGIC      "throwbar1"
#define FIELD_MAX  0xffff
#define HEADS_SIZE (sizeof(MAGIC) - 1 + 2 + 4) /* all before provider, model and value */

static const char kind_letters[] = {
    [SEAL_SIGNATURE] = 's', [SEAL_REDACTED] = 'r', [SEAL_CALL] = 'c'};
static const char family_letters[] = {
    [FAMILY_UNKNOWN] = 'u', [FAMILY_OPENAI] = 'o', [FAMILY_ANTHROPIC] = 'a',
    [FAMILY_GEMINI] = 'g',  [FAMILY_OTHER] = 'x',
};

static char *put_field(char *to, str field)
{
    *to++ = (char)(field.n >> 8);
    *to++ = (char)(field.n & 0xff);
    if (field.n > 0)
        memcpy(to, field.p, field.n);
    return to + field.n;
}

str seal_wrap(struct arena *a, const struct seal *s)
{
    if (s->kind == SEAL_NONE || s->value.n == 0)
        return S_EMPTY;
    str provider = str_slice(s->provider, 0, FIELD_MAX), model = str_slice(s->model, 0, FIELD_MAX);
    size_t size = HEADS_SIZE + provider.n + model.n + s->value.n;
    char *bytes = arena_alloc(a, size), *to = bytes;
    memcpy(to, MAGIC, sizeof(MAGIC) - 1);
    to += sizeof(MAGIC) - 1;
    *to++ = kind_letters[s->kind];
    *to++ = family_letters[s->family];
    to = put_field(to, provider);
    to = put_field(to, model);
    memcpy(to, s->value.p, s->value.n);
    return base64_encode(a, str_of(bytes, size));
}

str seal_wrap_call(struct arena *a, const struct seal *s)
{
    struct seal alone = *s;
    alone.kind = s->kind == SEAL_NONE ? SEAL_NONE : SEAL_CALL;
    return seal_wrap(a, &alone);
}

static bool is_unsealed_call(const struct block *b)
{
    return b && b->kind == BLOCK_TOOL_CALL && b->seal.kind == SEAL_NONE;
}

void seal_join_calls(struct block **list)
{
    struct block *rest = *list, *call = NULL;
    *list = NULL;
    while (rest) {
        struct block *b = rest;
        rest = b->next;
        b->next = NULL;
        b->last = b;
        bool is_alone = b->kind == BLOCK_REASONING && b->seal.kind == SEAL_CALL;
        if (!is_alone)
            block_add(list, b);
        if (!is_alone && b->kind == BLOCK_TOOL_CALL)
            call = b;
        struct block *owner = is_unsealed_call(rest) ? rest : call;
        if (!is_alone || !is_unsealed_call(owner))
            continue;
        owner->seal = b->seal;
        owner->seal.kind = SEAL_SIGNATURE;
    }
}

/* Index of a letter in a table whose unused places are 0; false: none. */
static bool letter_index(const char *letters, size_t n, char letter, size_t *out)
{
    for (*out = 0; *out < n; (*out)++) {
        if (letter != '\0' && letters[*out] == letter)
            return true;
    }
    return false;
}

static bool take_field(str *from, str *out)
{
    if (from->n < 2)
        return false;
    size_t n = (size_t)(uint8_t)from->p[0] << 8 | (uint8_t)from->p[1];
    if (from->n - 2 < n)
        return false;
    *out = str_of(from->p + 2, n);
    *from = str_skip(*from, 2 + n);
    return true;
}

static bool unwrap(struct arena *a, str value, struct seal *s)
{
    str bytes;
    size_t kind, family;
    if (!base64_decode(a, value, &bytes) || bytes.n < HEADS_SIZE)
        return false;
    bytes = str_skip(bytes, sizeof(MAGIC) - 1);
    if (!letter_index(kind_letters, sizeof kind_letters, bytes.p[0], &kind) ||
        !letter_index(family_letters, sizeof family_letters, bytes.p[1], &family))
        return false;
    bytes = str_skip(bytes, 2);
    s->kind = (enum seal_kind)kind;
    s->family = (enum seal_family)family;
    if (!take_field(&bytes, &s->provider) || !take_field(&bytes, &s->model) || bytes.n == 0)
        return false;
    s->value = bytes;
    return true;
}

struct seal seal_unwrap(struct arena *a, str value, enum seal_kind kind, enum seal_family native)
{
    struct seal raw = {.kind = kind, .family = native, .value = value}, wrapped = {0};
    if (!str_has_prefix(value, S(SEAL_MAGIC)))
        return raw;
    if (str_eq(value, S(SEAL_ABSENT)))
        return (struct seal){.kind = SEAL_SIGNATURE, .family = FAMILY_OTHER};
    if (unwrap(a, value, &wrapped))
        return wrapped;
    raw.family = FAMILY_UNKNOWN;
    return raw;
}

/* ---- models ---- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digits(str s)
{
    uint64_t number;
    return str_to_u64(s, &number);
}

/* Without what a cloud or a router puts before a name: "us.anthropic.", "anthropic/". A point in a
 * version has a digit behind it. */
static str without_owner(str model)
{
    size_t begin = 0;
    for (size_t i = 0; i + 1 < model.n; i++) {
        if (model.p[i] == '/' || (model.p[i] == '.' && is_letter(model.p[i + 1])))
            begin = i + 1;
    }
    return str_skip(model, begin);
}

/* Is that what stands behind the last '-' of a name and only says which edition it is? "20250929",
 * "latest", "v1". */
static bool is_edition(str last)
{
    if (str_eq_nocase(last, S("latest")))
        return true;
    if (last.n == 8 && is_digits(last))
        return true;
    return last.n > 1 && (last.p[0] == 'v' || last.p[0] == 'V') && is_digits(str_skip(last, 1));
}

static str without_edition(str model)
{
    str rest;
    str_cut(model, '@', &model, &rest);
    str_cut(model, ':', &model, &rest);
    for (;;) {
        size_t at = str_rfind_char(model, '-');
        if (at == STR_NONE || !is_edition(str_skip(model, at + 1)))
            return model;
        model = str_slice(model, 0, at);
    }
}

static char folded(char c)
{
    if (c == '.')
        return '-'; /* "4.5" and "4-5" */
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_same_model(str a, str b)
{
    a = without_edition(without_owner(a));
    b = without_edition(without_owner(b));
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        if (folded(a.p[i]) != folded(b.p[i]))
            return false;
    }
    return true;
}

bool seal_fits(const struct seal *s, enum seal_family family, str provider, str model)
{
    bool is_joined = s->kind != SEAL_NONE && s->kind != SEAL_CALL;
    if (!is_joined || s->value.n == 0 || s->family != family)
        return false;
    switch (family) {
    case FAMILY_UNKNOWN:
        return false;
    case FAMILY_GEMINI:
        return true;
    case FAMILY_ANTHROPIC:
        return s->model.n == 0 || model.n == 0 || is_same_model(s->model, model);
    case FAMILY_OPENAI:
    case FAMILY_OTHER:
        return s->provider.n == 0 || str_eq(s->provider, provider);
    }
    return false;
}
