/* The table of options and how to find one in it.
 *
 * A flat table (options.def) with paths instead of nested tables: it reads like the reference page
 * it generates, a new option is one row wherever it belongs in the text, and parent and child are
 * found by comparing paths. That is a walk over two hundred rows for each key of a file, which no
 * file is large enough to make slow.
 *
 * Options that the interface promises and this version does not have are rows too (OPTION_LATER).
 * They get an error of their own, because "unknown key" would send the reader looking for a typing
 * mistake. */
#include "gate/schema.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

#define MS          INT64_C(1000)
#define SEC         (1000 * MS)
#define DAY         (86400 * SEC)
#define KIB         INT64_C(1024)
#define MIB         (1024 * KIB)
#define GIB         (1024 * MIB)
#define NEAR_LIMIT  3u
#define NEAR_LENGTH 64u

#define LATER(path_, doc_)                                                                         \
    {                                                                                              \
        .path = path_, .type = OPTION_LATER, .doc = doc_                                           \
    }
#define TIMEOUT(path_, fallback_, doc_)                                                            \
    {                                                                                              \
        .path = path_, .type = OPTION_DURATION, .fallback = fallback_, .min = MS, .max = DAY,      \
        .doc = doc_, .example = fallback_                                                          \
    }

static const struct option options[] = {
#include "gate/options.def"
};

size_t schema_count(void)
{
    return ARRAY_LEN(options);
}

const struct option *schema_at(size_t i)
{
    must(i < ARRAY_LEN(options));
    return &options[i];
}

const struct option *schema_root(void)
{
    return &options[0];
}

/* What follows the parent's path in o's path if o is directly below it: ".key", ".*" or "[]". */
static bool is_child(const struct option *parent, const struct option *o)
{
    size_t n = strlen(parent->path);

    if (o == parent || strncmp(o->path, parent->path, n) != 0 || o->path[n] == '\0')
        return false;
    if (strcmp(o->path + n, "[]") == 0)
        return true;
    if (n > 0 && o->path[n] != '.')
        return false;
    return strpbrk(o->path + n + (n > 0 ? 1 : 0), ".[") == NULL;
}

str schema_key(const struct option *o)
{
    const char *dot = strrchr(o->path, '.');
    str last = str_from_cz(dot ? dot + 1 : o->path);

    return str_has_suffix(last, S("[]")) ? S("[]") : last;
}

const struct option *schema_next_child(const struct option *parent, const struct option *previous)
{
    const struct option *o = previous ? previous + 1 : options;

    for (; o < options + ARRAY_LEN(options); o++) {
        if (is_child(parent, o))
            return o;
    }
    return NULL;
}

const struct option *schema_child(const struct option *parent, str key)
{
    const struct option *o = NULL;

    while ((o = schema_next_child(parent, o)) != NULL) {
        if (parent->type != OPTION_GROUP || str_eq(schema_key(o), key))
            return o;
    }
    return NULL;
}

str schema_nearest(const struct option *parent, str wanted)
{
    const struct option *o = NULL;
    unsigned best_distance = NEAR_LIMIT;
    str best = S_EMPTY;

    if (wanted.n > NEAR_LENGTH)
        return best;
    while ((o = schema_next_child(parent, o)) != NULL) {
        str key = schema_key(o);
        unsigned d = str_distance(key, wanted, NEAR_LIMIT);
        if (d < best_distance && d <= key.n / 2 && o->type != OPTION_LATER) {
            best = key;
            best_distance = d;
        }
    }
    return best;
}

str schema_choice(const struct option *o, size_t i)
{
    str rest = str_from_cz(o->choices), word = S_EMPTY;
    bool more = true;

    for (size_t at = 0; more; at++) {
        more = str_cut(rest, '|', &word, &rest);
        if (at == i)
            return word;
    }
    return S_EMPTY;
}

str schema_bound_text(struct arena *a, const struct option *o, int64_t bound)
{
    static const struct {
        enum option_type type;
        int64_t factor;
        const char *suffix;
    } units[] = {
        {OPTION_DURATION, DAY, "d"},      {OPTION_DURATION, 3600 * SEC, "h"},
        {OPTION_DURATION, 60 * SEC, "m"}, {OPTION_DURATION, SEC, "s"},
        {OPTION_DURATION, MS, "ms"},      {OPTION_SIZE, GIB, "GiB"},
        {OPTION_SIZE, MIB, "MiB"},        {OPTION_SIZE, KIB, "KiB"},
    };

    for (size_t i = 0; i < ARRAY_LEN(units) && bound != 0; i++) {
        if (units[i].type == o->type && bound % units[i].factor == 0)
            return arena_printf(a, "%lld%s", (long long)(bound / units[i].factor), units[i].suffix);
    }
    return arena_printf(a, "%lld", (long long)bound);
}

static str choices_text(struct arena *a, const struct option *o)
{
    struct buf b;

    buf_init(&b, 1024);
    buf_put(&b, S("one of "));
    for (size_t i = 0; schema_choice(o, i).n > 0; i++) {
        if (i > 0)
            buf_put(&b, S(", "));
        buf_put(&b, schema_choice(o, i));
    }
    str text = arena_str(a, buf_str(&b));
    buf_fini(&b);
    return text;
}

str schema_type_text(struct arena *a, const struct option *o)
{
    static const char *const names[] = {
        [OPTION_GROUP] = "a mapping",
        [OPTION_MAP] = "a mapping",
        [OPTION_LIST] = "a list",
        [OPTION_TEXT] = "a text",
        [OPTION_SECRET] = "a secret text",
        [OPTION_ID] = "an id",
        [OPTION_INT] = "a whole number",
        [OPTION_COUNT] = "a count like 400k",
        [OPTION_SIZE] = "a size like 32MiB",
        [OPTION_DURATION] = "a duration like 30s",
        [OPTION_CHOICE] = "",
        [OPTION_URL] = "a URL",
        [OPTION_ADDRESS] = "an address like 127.0.0.1:8080",
        [OPTION_PATH] = "a file name",
        [OPTION_DATE] = "a date like 2027-03-01",
        [OPTION_HASH] = "a key hash like sha256:...",
        [OPTION_KIND] = "a kind of provider",
        [OPTION_HEADER] = "a header name",
        [OPTION_LATER] = "not in this version",
    };
    str text = o->type == OPTION_CHOICE ? choices_text(a, o) : str_from_cz(names[(size_t)o->type]);

    if (o->word)
        text = arena_printf(a, STR_FMT " or `%s`", STR_ARG(text), o->word);
    if (o->flags & OPTION_ONE_OR_LIST)
        text = arena_printf(a, STR_FMT ", or its only element", STR_ARG(text));
    return text;
}
