/* Keeping secrets out of everything a person sees.
 *
 * A problem is shown with its line of the file and the two before it, and a line of a configuration
 * is where a secret may stand. So the copy of the text is overwritten, character by character to
 * keep the columns, before anything is shown. What is overwritten:
 *
 *   - values of secret options, exactly, by their position in the tree;
 *   - values whose option is unknown, of the wrong type or given twice, when the key or the text
 *     looks like a secret: `api_kye: hunter2` is an unknown key and still a secret;
 *   - where there is no tree, in comments and text that is no YAML, whatever looks like one.
 *
 * Guessing errs on the side of hiding: a starred-out model name costs a look into the file. */
#include <string.h>

#include "gate/config_tree.h"

#define CREDENTIAL_MIN 12
#define NAME_MAX_LEN   32 /* of a key in text without a tree; the end of a longer one */

static bool is_word_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("_-.+/=:~", c));
}

static bool contains_nocase(str s, str needle)
{
    for (size_t i = 0; i + needle.n <= s.n; i++) {
        if (str_eq_nocase(str_slice(s, i, i + needle.n), needle))
            return true;
    }
    return false;
}

static bool is_secret_name(str key)
{
    static const char *const parts[] = {"key",        "secret",  "token",  "passw",
                                        "credential", "auth",    "cookie", "bearer",
                                        "value",      "private", "dsn",    "pwd"};

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (contains_nocase(key, str_from_cz(parts[i])))
            return true;
    }
    return false;
}

bool config_has_userinfo(str s)
{
    size_t scheme = str_find(s, S("://"));
    size_t at = str_rfind_char(s, '@');

    return scheme != STR_NONE && at != STR_NONE && at > scheme;
}

/* One long word with letters and digits that is no plain URL. */
static bool is_credential(str s)
{
    bool has_digit = false, has_letter = false;

    if (s.n < CREDENTIAL_MIN || str_find(s, S("://")) != STR_NONE ||
        str_has_prefix(s, S("sha256:")))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!is_word_char(s.p[i]))
            return false;
        bool is_digit = s.p[i] >= '0' && s.p[i] <= '9';
        has_digit |= is_digit;
        has_letter |= !is_digit && !strchr("_-.+/=:~", s.p[i]);
    }
    return has_digit && has_letter;
}

bool config_looks_secret(str key, str value)
{
    return is_secret_name(key) || config_has_userinfo(value) || is_credential(value) ||
           str_has_prefix_nocase(value, S("bearer ")) || str_has_prefix_nocase(value, S("basic "));
}

void config_wipe(str s)
{
    /* style: const is cast away, since the bytes are the arena's and this module put them there */
    if (s.n > 0)
        explicit_bzero((void *)(uintptr_t)s.p, s.n);
}

static size_t char_len(const char *p, const char *end)
{
    const char *q = p + 1;

    while (q < end && ((unsigned char)*q & 0xc0) == 0x80)
        q++;
    return (size_t)(q - p);
}

/* The address of a line and column, clamped to the line's end (its break included). The last place
 * is remembered: values are masked in the order of the text, and a line may be megabytes long. */
static char *locate(struct config *c, unsigned line, unsigned column)
{
    if (line == 0 || line > c->n_lines)
        return c->text + c->text_n;
    const char *p = c->lines[line - 1], *end = c->lines[line];
    unsigned at = 1;
    if (c->place.line == line && c->place.column <= column) {
        p = c->place.p;
        at = c->place.column;
    }
    for (; at < column && p < end; at++)
        p += char_len(p, end);
    c->place.line = line;
    c->place.column = at;
    c->place.p = p;
    return c->text + (p - c->text);
}

/* Overwrites characters by others of as many bytes, so that no place in the text moves. */
static void star(char *from, const char *to)
{
    static const char *const stand_ins[] = {NULL, "*", "\xc2\xb7", "\xe2\x80\xa2",
                                            "\xf0\x9f\x9e\x84"};

    while (from < to) {
        size_t n = char_len(from, to);
        if (n < ARRAY_LEN(stand_ins) && *from != '\n' && *from != '\r')
            memcpy(from, stand_ins[n], n);
        else if (n >= ARRAY_LEN(stand_ins))
            memset(from, '*', n); /* no UTF-8: the reader has given up there */
        from += n;
    }
}

void config_mask(struct config *c, struct config_span at)
{
    if (at.line == 0)
        return;
    char *from = locate(c, at.line, at.column);
    star(from, locate(c, at.end_line, at.end_column));
}

void config_mask_tree(struct config *c, struct config_node *n)
{
    if (n->type == CONFIG_SCALAR)
        config_mask(c, n->at);
    for (struct config_node *child = n->first; child; child = child->next)
        config_mask_tree(c, child);
}

static str name_of(const struct config_node *n)
{
    return n->key_at.line == 0 && n->parent ? n->parent->key : n->key;
}

void config_mask_suspects(struct config *c, struct config_node *n)
{
    if (n->type == CONFIG_SCALAR && !config_reference_is_pure(n->raw) &&
        config_looks_secret(name_of(n), n->raw))
        config_mask(c, n->at);
    for (struct config_node *child = n->first; child; child = child->next)
        config_mask_suspects(c, child);
}

/* ---- text without a tree ---- */

/* What may be a user's name and password: from "://" to the last '@' of the line. */
static void star_userinfo(char *line, const char *end)
{
    str rest = str_of(line, (size_t)(end - line));
    size_t from = str_find(rest, S("://"));
    size_t to = str_rfind_char(rest, '@');

    if (from != STR_NONE && to != STR_NONE && from < to)
        star(line + from + 3, line + to);
}

static void star_words(char *p, const char *end)
{
    star_userinfo(p, end);
    while (p < end) {
        char *from = p;
        while (p < end && is_word_char(*p))
            p++;
        if (is_credential(str_of(from, (size_t)(p - from))))
            star(from, p);
        if (p < end)
            p++;
    }
}

/* The name before the colon at p, as far as it can be told. */
static str name_before(const char *line, const char *p)
{
    const char *to = p;

    if (to > line && (to[-1] == '"' || to[-1] == '\''))
        to--;
    const char *from = to;
    while (from > line && to - from < NAME_MAX_LEN && !strchr(" \t{,\"'?:", from[-1]))
        from--;
    return str_of(from, (size_t)(to - from));
}

/* Behind a reference that gives nothing away, or p itself. */
static char *skip_reference(char *p, const char *end)
{
    str rest = str_of(p, (size_t)(end - p));
    size_t close = str_find_char(rest, '}');
    size_t quote = str_has_prefix(rest, S("\"")) || str_has_prefix(rest, S("'")) ? 1 : 0;

    if (close == STR_NONE || !config_reference_is_pure(str_slice(rest, quote, close + 1)))
        return p;
    return p + close + 1;
}

/* Where the value behind the first secret-looking `name:` of a line begins; NULL: there is none. */
static char *secret_value(char *line, const char *end)
{
    for (char *p = line; p < end; p++) {
        if (*p != ':' || !is_secret_name(name_before(line, p)))
            continue;
        char *value = p + 1;
        while (value < end && (*value == ' ' || *value == '\t'))
            value++;
        p = skip_reference(value, end);
        if (p == value)
            return value;
    }
    return NULL;
}

static size_t indent_of(const char *line, const char *end)
{
    size_t n = 0;

    while (line + n < end && (line[n] == ' ' || line[n] == '\t'))
        n++;
    return n;
}

/* Comments are in no tree, and old keys are kept there. */
void config_mask_comments(struct config *c)
{
    for (size_t i = 0; i < c->n_lines; i++) {
        const char *end = c->lines[i + 1];
        char *line = c->text + (c->lines[i] - c->text);
        char *p = memchr(line, '#', (size_t)(end - line));
        while (p && p > line && p[-1] != ' ' && p[-1] != '\t')
            p = memchr(p + 1, '#', (size_t)(end - p - 1));
        if (p)
            star_words(p, end);
    }
}

void config_mask_suspect_lines(struct config *c)
{
    bool is_hiding = false; /* a secret's value may go on over lines that are indented deeper */
    size_t hiding_indent = 0;

    for (size_t i = 0; i < c->n_lines; i++) {
        char *line = c->text + (c->lines[i] - c->text);
        const char *end = c->lines[i + 1];
        size_t indent = indent_of(line, end);
        bool is_blank = line + indent == end || line[indent] == '\n' || line[indent] == '\r';

        if (is_hiding && (is_blank || indent > hiding_indent)) {
            star(line + indent, end);
            continue;
        }
        is_hiding = false;
        char *value = secret_value(line, end);
        star_words(line, end);
        if (value) {
            star(value, end);
            is_hiding = true;
            hiding_indent = indent;
        }
    }
}
