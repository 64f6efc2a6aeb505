/* Names and ids, fitted.
 *
 * Nothing is remembered between a request and its answer: the fitted form is a function of the name
 * alone, so the way back is to fit the names of the request's tools again and compare. What is
 * replaced or cut off would let two names meet ("a.b" and "a_b"); the hash of the whole name keeps
 * them apart.
 *
 * Where there is no room for a readable part (ids of nine letters and digits), the whole is a hash,
 * in digits of base 62. */
#include "llm/tool_name.h"

#include <string.h>

#define HASH_SIZE 9 /* '_' and eight hexadecimal digits */

const struct name_rule name_rule_openai = {.max = 64, .also = "_-"};
const struct name_rule name_rule_anthropic = {.max = 128, .also = "_-"};
const struct name_rule name_rule_gemini = {.max = 64, .also = "_.:-", .begins_with_letter = true};
const struct name_rule name_rule_bedrock = {.max = 64, .also = "_-"};
const struct name_rule id_rule_openai = {.max = 64, .also = " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"};
const struct name_rule id_rule_anthropic = {.max = 64, .also = "_-"};
const struct name_rule id_rule_mistral = {.min = 9, .max = 9, .also = ""};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_allowed(const struct name_rule *rule, char c)
{
    bool is_digit = c >= '0' && c <= '9';
    return is_letter(c) || is_digit || (c != '\0' && strchr(rule->also, c));
}

static bool may_begin(const struct name_rule *rule, char c)
{
    return !rule->begins_with_letter || is_letter(c) || c == '_';
}

static bool is_fit(const struct name_rule *rule, str name)
{
    if (name.n < rule->min || name.n > rule->max || !may_begin(rule, name.p[0]))
        return false;
    for (size_t i = 0; i < name.n; i++) {
        if (!is_allowed(rule, name.p[i]))
            return false;
    }
    return true;
}

/* `n` letters and digits that say nothing. */
static str only_hash(struct arena *a, str name, size_t n)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    char *to = arena_alloc(a, n);
    uint64_t hash = str_hash(name, 0);
    for (size_t i = 0; i < n; i++, hash /= 62)
        to[i] = digits[hash % 62];
    return str_of(to, n);
}

static str mangle(struct arena *a, const struct name_rule *rule, str name)
{
    if (rule->max <= HASH_SIZE || !is_allowed(rule, '_'))
        return only_hash(a, name, rule->max);
    str kept = str_slice(name, 0, rule->max - HASH_SIZE);
    bool is_led = !may_begin(rule, name.p[0]) && is_allowed(rule, name.p[0]);
    if (is_led && kept.n == rule->max - HASH_SIZE)
        kept.n--;
    char *to = arena_alloc(a, 1 + kept.n);
    size_t n = 0;
    if (is_led)
        to[n++] = '_';
    for (size_t i = 0; i < kept.n; i++)
        to[n++] = is_allowed(rule, kept.p[i]) ? kept.p[i] : '_';
    return arena_printf(a, STR_FMT "_%08x", (int)n, to, (unsigned)(str_hash(name, 0) & UINT32_MAX));
}

str name_fit(struct arena *a, const struct name_rule *rule, str space, str name)
{
    if (name.n == 0)
        return name;
    if (space.n > 0)
        name = arena_concat(a, (str[]){space, S("__"), name}, 3);
    return is_fit(rule, name) ? name : mangle(a, rule, name);
}

/* In an arena for this one name: a request may have any number of tools. */
bool name_is_of(const struct tool *t, const struct name_rule *rule, str fitted)
{
    struct arena a;
    arena_init(&a, 512, SIZE_MAX);
    bool is_it = str_eq(name_fit(&a, rule, t->space, t->name), fitted);
    arena_fini(&a);
    return is_it;
}

const struct tool *name_restore(const struct chat *asked, const struct name_rule *rule, str fitted)
{
    for (const struct tool *t = asked->tools; t; t = t->next) {
        if (t->name.n > 0 && name_is_of(t, rule, fitted))
            return t;
    }
    return NULL;
}
