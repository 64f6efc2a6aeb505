#include "gate/config_reference.c"

#include "gate/config_fakes.h"
#include "tap.h"

/* The text that `raw` stands for, or "!" and the code of the problem. */
static str resolve(struct config *c, str raw)
{
    struct config_node n = {.type = CONFIG_SCALAR, .raw = raw};
    str out = S_EMPTY;

    c->problems = NULL;
    if (config_reference_resolve(c, &n, &out))
        return out;
    return arena_printf(&c->arena, "!%d", config_problems(c)->code);
}

static void test_resolve(struct config *c)
{
    is_str(resolve(c, S("plain")), S("plain"), "plain text");
    is_str(resolve(c, S_EMPTY), S(""), "empty text");
    is_str(resolve(c, S("$5 and $")), S("$5 and $"), "a dollar is a dollar");
    is_str(resolve(c, S("$${env:SET_A}")), S("${env:SET_A}"), "an escape");
    is_str(resolve(c, S("a${env:SET_PORT}b${env:SET_PORT}")), S("a8088b8088"), "two of them");
    is_str(resolve(c, S("${env:SET_PORT:-1}")), S("8088"), "set: no default");
    is_str(resolve(c, S("${env:NOT:-a:-b}")), S("a:-b"), "the first :- counts");
    is_str(resolve(c, S("${env:EMPTY:-d}")), S("d"), "empty counts as unset");
    is_str(resolve(c, S("${env:EMPTY}")), S(""), "set and empty");
    is_str(resolve(c, S("${env:NOT:-}")), S(""), "an empty default");
    is_str(resolve(c, S("${file:/secrets/a}")), S(RESOLVED), "a file without its newline");
    is_str(resolve(c, S("${env:NOT}")), S("!1021"), "unset");
    is_str(resolve(c, S("${file:/no}")), S("!1022"), "no file");
    is_str(resolve(c, S("${file:a}")), S("!1022"), "a relative file");
    is_str(resolve(c, S("${file:/a\nb}")), S("!1022"), "a strange file");
    static const char *const bad[] = {
        "${",         "${}",      "${env}",   "${env:",     "${env:}",    "${env:1A}",
        "${env:A B}", "x${env:A", "${ENV:A}", "${vault:x}", "${env:A-B}", "${:x}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        is_str(resolve(c, str_from_cz(bad[i])), S("!1020"), bad[i]);
}

static void test_cuts(struct config *c)
{
    str whole = S("a${env:SET_A}$${x}${file:/secrets/a}${env:NOT:-d}");

    for (size_t n = 0; n <= whole.n; n++)
        (void)resolve(c, str_slice(whole, 0, n));
    ok(str_has_prefix(resolve(c, whole), S("a" RESOLVED "${x}")), "the whole");
}

static void test_kinds(void)
{
    ok(config_reference_is_pure(S("${env:A}${file:/b}")), "references only");
    ok(config_reference_is_pure(S("${env:A:-}")), "an empty default is no secret");
    static const char *const impure[] = {
        "",           "text",      "${env:A:-secret}", "${env:A}x", "x${env:A}", "${env:sk-1}",
        "${vault:x}", "${file:x}", "$${env:A}",        "${env:A"};
    for (size_t i = 0; i < ARRAY_LEN(impure); i++)
        ok(!config_reference_is_pure(str_from_cz(impure[i])), impure[i]);
    ok(config_reference_is_any(S("x${env:A}")), "there is one");
    ok(!config_reference_is_any(S("x$${env:A}")), "escaped");
    ok(config_reference_is_any(S("$${a}${env:A}")), "behind an escaped one");
    ok(!config_reference_is_any(S_EMPTY), "none");
}

int main(void)
{
    struct config *c = config_parse_with(S("version: 1"), S("f"), &fake_sources);

    test_resolve(c);
    test_cuts(c);
    test_kinds();
    config_free(c);
    return tap_done();
}
