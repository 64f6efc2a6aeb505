/* cloud/xml: elements by name, what only looks like one, and text. */
#include "cloud/xml.c"

#include "base/pool.h"
#include "tap.h"

static struct arena arena;

static str inner_of(const char *xml, const char *name)
{
    str inner;
    return xml_find(str_from_cz(xml), str_from_cz(name), &inner) ? inner : S("(none)");
}

static void test_elements(void)
{
    is_str(inner_of("<a>x</a>", "a"), S("x"), "an element");
    is_str(inner_of("<?xml version=\"1.0\"?>\n<a><b c='>'>x</b></a>", "b"), S("x"), "attributes");
    is_str(inner_of("<a><a>x</a></a>", "a"), S("<a>x</a>"), "the outer one");
    is_str(inner_of("<a><b/><b>x</b></a>", "b"), S(""), "an empty one");
    is_str(inner_of("<a><b a='1' /></a>", "b"), S(""), "with an attribute");
    is_str(inner_of("<!-- <b>no</b> --><a><![CDATA[<b>no</b>]]><b>x</b></a>", "b"), S("x"),
           "comments and CDATA hold no tags");
    is_str(inner_of("<!DOCTYPE a><ab>n</ab><a>x</a>", "a"), S("x"), "a name that begins alike");
    static const char *const none[] = {
        "",
        "<",
        "<a",
        "<a>",
        "<a><b></b>",
        "</a>",
        "a>x</a>",
        "<!-- <a>x</a>",
        "<A>x</A>",
        "<a b=\"x></a>",
        "<![CDATA[<a></a>",
        "<b>x</b>",
    };
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        is_str(inner_of(none[i], "a"), S("(none)"), none[i]);
}

static void test_text(void)
{
    is_str(xml_text(&arena, S("<a>\n x &amp;&lt;&gt;&quot;&apos;&#39;&#x2F;&#X2f; y </a>"), S("a")),
           S("x &<>\"''// y"), "references");
    is_str(xml_text(&arena, S("<a>&unknown;&#8364;&#x20AC;&;&#;&amp</a>"), S("a")),
           S("&unknown;&#8364;&#x20AC;&;&#;&amp"), "what is left as it is");
    is_str(xml_text(&arena, S("<a>1<![CDATA[&amp;<b>]]>2</a>"), S("a")), S("1&amp;<b>2"), "CDATA");
    is_str(xml_text(&arena, S("<b>x</b>"), S("a")), S_EMPTY, "none");
}

int main(void)
{
    arena_init(&arena, 4096, 1 << 20);
    test_elements();
    test_text();
    arena_fini(&arena);
    pool_trim();
    return tap_done();
}
