/* Templates and pointers: what is refused, and where. */
#include "llm/custom.c"

#include "tap.h"

static struct arena arena;

static const struct {
    const char *text, *why; /* NULL: it is fine */
    size_t at;
} templates[] = {
    {"{}", NULL, 0},
    {"[{{prompt}}]", NULL, 0},
    {"{\"a\": {{ max_tokens }}}", NULL, 0},
    {"{\"a\": \"{{prompt}} and {{model}}\"}", NULL, 0},
    {"{\"a\": \"\\\"{{prompt}}\\\"\"}", NULL, 0},
    {"{\"a\": {{promt}}}", "there is no place {{promt}}; did you mean {{prompt}}?", 6},
    {"{\"a\": \"x {{nothing}}\"}", "there is no place {{nothing}}", 9},
    {"{\"a\": {{prompt}", "a place begins with {{ and does not end", 6},
    {"{\"a\": {{prompt}},}", "with its places filled in, this is not valid JSON", 17},
    {"{\"a\": {{prompt}} {{model}}}", "with its places filled in, this is not valid JSON", 17},
    {"{\"a\": 1", "with its places filled in, this is not valid JSON", 7},
    {"", "with its places filled in, this is not valid JSON", 0},
    {"{{prompt}}", "a body is an object or an array", 0},
    {"\"a\"", "a body is an object or an array", 0},
    {"7", "a body is an object or an array", 0},
    {"{\"{{model}}\": 1}", "a place cannot be the name of a member", 0},
    {"{{{model}}: 1}", "there is no place {{{model}}; did you mean {{model}}?", 0},
    {"{\"a\": \"x\ny\"}", "a string has a line break or another control character in it", 8},
    {"{\"a\": \"\\u0001model\"}", "a string has a control character in it", 7},
    {"{\"a\": \"\\\\u0001model\"}", NULL, 0},
};

static void test_templates(void)
{
    for (size_t i = 0; i < ARRAY_LEN(templates); i++) {
        struct custom_template t;
        str why = S_EMPTY;
        size_t at = 0;
        int rc = custom_template_read(&arena, str_from_cz(templates[i].text), &t, &why, &at);
        is_int(rc, templates[i].why ? -E_BAD_REQUEST : 0, "a template");
        is_str(why, str_from_cz(templates[i].why), "what is wrong with it");
        if (rc != 0)
            is_int(at, templates[i].at, "and where");
    }
}

static void test_depth(void)
{
    struct buf b;
    struct custom_template t;
    str why = S_EMPTY;
    size_t at;
    buf_init(&b, 4096);
    for (unsigned i = 0; i < DEPTH_MAX + 1; i++)
        buf_put(&b, S("["));
    for (unsigned i = 0; i < DEPTH_MAX + 1; i++)
        buf_put(&b, S("]"));
    is_int(custom_template_read(&arena, str_slice(buf_str(&b), 1, b.n - 1), &t, &why, &at), 0,
           "as deep as may be");
    is_int(custom_template_read(&arena, buf_str(&b), &t, &why, &at), -E_BAD_REQUEST, "deeper");
    is_str(why, S("it is nested too deep"), "is told");
    buf_fini(&b);
}

static void test_places(void)
{
    struct custom_template t;
    str why;
    size_t at;
    is_int(custom_template_read(&arena, S("[{{prompt}},\"{{model}}\"]"), &t, &why, &at), 0, "two");
    is_int(t.places, CUSTOM_BIT(PROMPT) | CUSTOM_BIT(MODEL), "places, in strings too");
    for (enum custom_place p = 0; p < CUSTOM_PLACES; p++)
        is_int(custom_place_find(str_from_cz(custom_place_name(p))), p, custom_place_name(p));
    ok(!custom_place_name(CUSTOM_PLACES), "no more");
}

/* ---- pointers ---- */

/* The examples of RFC 6901, section 5, and some more. */
static const char document[] =
    "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,"
    "\"k\\\"l\":6,\" \":7,\"m~n\":8,\"null\":null,\"0\":{\"01\":9}}";

static const struct {
    const char *pointer, *value; /* NULL: nothing there */
} found[] = {
    {"/foo", "[\"bar\",\"baz\"]"},
    {"/foo/0", "\"bar\""},
    {"/foo/1", "\"baz\""},
    {"/", "0"},
    {"/a~1b", "1"},
    {"/c%d", "2"},
    {"/e^f", "3"},
    {"/g|h", "4"},
    {"/i\\j", "5"},
    {"/k\"l", "6"},
    {"/ ", "7"},
    {"/m~0n", "8"},
    {"/0/01", "9"},
    {"/foo/2", NULL},
    {"/foo/01", NULL},
    {"/foo/-", NULL},
    {"/foo/18446744073709551616", NULL},
    {"/foo/0/x", NULL},
    {"/null", NULL},
    {"/nothing", NULL},
    {"/foo/", NULL},
};

static void test_pointers(void)
{
    const struct json *root = NULL;
    struct custom_pointer p;
    const char *why = NULL;
    size_t error_at;
    is_int(json_read(&arena, str_from_cz(document), &root, &error_at), 0, "the document");
    for (size_t i = 0; i < ARRAY_LEN(found); i++) {
        is_int(custom_pointer_read(&arena, str_from_cz(found[i].pointer), &p, &why), 0, "pointer");
        is_str(json_text(&arena, custom_pointer_find(&p, root)), str_from_cz(found[i].value),
               found[i].pointer);
    }
    is_int(custom_pointer_read(&arena, S_EMPTY, &p, &why), 0, "an empty one");
    ok(custom_pointer_find(&p, root) == root, "is the whole document");
    ok(!custom_pointer_find(&(struct custom_pointer){.is_set = false}, root), "none finds nothing");
    static const char *const wrong[] = {"foo", "#/foo", "/a~b", "/a~", "/~2"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        why = NULL;
        is_int(custom_pointer_read(&arena, str_from_cz(wrong[i]), &p, &why), -E_BAD_REQUEST,
               wrong[i]);
        ok(why != NULL, "is told");
    }
}

static void test_errors(void)
{
    static const struct {
        const char *body, *message; /* NULL: no error */
    } cases[] = {
        {"{\"e\":\"x\"}", "x"},
        {"{\"e\":{\"message\":\"y\"}}", "y"},
        {"{\"e\":true}", "The provider reported an error."},
        {"{\"e\":500}", "The provider reported an error."},
        {"{\"e\":false}", NULL},
        {"{\"e\":\"\"}", NULL},
        {"{\"e\":null}", NULL},
        {"{}", NULL},
    };
    struct custom_answer answer = {.error = {.is_set = false}};
    const char *why;
    is_int(custom_pointer_read(&arena, S("/e"), &answer.error, &why), 0, "a pointer");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct json *root = NULL;
        size_t error_at;
        str message = S_EMPTY;
        is_int(json_read(&arena, str_from_cz(cases[i].body), &root, &error_at), 0, "JSON");
        is_int(custom_find_error(&answer, root, &message), cases[i].message != NULL, "an error");
        is_str(message, str_from_cz(cases[i].message), cases[i].body);
    }
}

int main(void)
{
    arena_init(&arena, 4096, (size_t)1 << 24);
    test_templates();
    test_depth();
    test_places();
    test_pointers();
    test_errors();
    arena_fini(&arena);
    return tap_done();
}
