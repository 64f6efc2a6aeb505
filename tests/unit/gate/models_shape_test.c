#include "gate/models_shape.c"

#include <string.h>

#include "tap.h"

static struct arena arena;

/* A page of the list "a", "p/b", "p/c". */
static str page_of(enum dialect_id dialect, struct models_page p)
{
    static const char *const ids[] = {"a", "p/b", "p/c"};
    const struct models_shape *s = models_shape_of(dialect);
    struct buf out;
    buf_init(&out, 1u << 16);
    p.w = json_writer(&out);
    p.a = &arena;
    models_page_begin(&p, s);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        models_page_put(&p, s, str_from_cz(ids[i]), S("p"));
    models_page_end(&p, s);
    buf_fini(&p.last);
    str text = arena_str(&arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

static str listed(enum dialect_id dialect, const char *after, size_t most)
{
    return page_of(dialect, (struct models_page){.after = str_from_cz(after), .most = most});
}

static const struct json *parsed(str text)
{
    const struct json *root = NULL;
    size_t at = 0;
    must(json_read(&arena, text, &root, &at) == 0);
    return root;
}

static void test_shapes(void)
{
    static const struct {
        enum dialect_id dialect;
        const char *list, *name, *first;
    } cases[] = {
        {DIALECT_CHAT, "data", "id", "a"},
        {DIALECT_OPENROUTER, "data", "id", "a"},
        {DIALECT_ANTHROPIC, "data", "id", "a"},
        {DIALECT_GEMINI, "models", "name", "models/a"},
        {DIALECT_OLLAMA, "models", "model", "a"},
        {DIALECT_BEDROCK, "modelSummaries", "modelId", "a"},
        {DIALECT_COHERE, "models", "name", "a"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct json *list = json_get(parsed(listed(cases[i].dialect, "", 0)), cases[i].list);
        is_int(json_count(list), 3, "all of them");
        is_str(json_str(json_get(json_at(list, 0), cases[i].name)), str_from_cz(cases[i].first),
               "by the dialect's name");
    }
    is_str(listed(DIALECT_CHAT, "p/b", 0),
           S("{\"object\":\"list\",\"data\":[{\"id\":\"p/c\",\"object\":\"model\",\"created\":0,"
             "\"owned_by\":\"p\"}]}"),
           "OpenAI's form");
}

static void test_pages(void)
{
    const struct json *first = parsed(listed(DIALECT_ANTHROPIC, "", 2));
    is_int(json_count(json_get(first, "data")), 2, "a page");
    ok(json_bool(json_get(first, "has_more"), false), "is not the last");
    is_str(json_str(json_get(first, "first_id")), S("a"), "from");
    is_str(json_str(json_get(first, "last_id")), S("p/b"), "to");
    const struct json *last = parsed(listed(DIALECT_ANTHROPIC, "p/b", 2));
    is_int(json_count(json_get(last, "data")), 1, "the rest");
    ok(!json_bool(json_get(last, "has_more"), true), "is the last");
    const struct json *whole = parsed(listed(DIALECT_ANTHROPIC, "", 3));
    ok(!json_bool(json_get(whole, "has_more"), true), "a page that is just full is the last");
    const struct json *none = parsed(listed(DIALECT_ANTHROPIC, "zzz", 2));
    is_int(json_count(json_get(none, "data")), 0, "nothing behind what is not there");
    is_int(json_type(json_get(none, "first_id")), JSON_NULL, "and no name");
    const struct json *gemini = parsed(listed(DIALECT_GEMINI, "", 1));
    is_str(json_str(json_get(gemini, "nextPageToken")), S("a"), "Gemini's token");
    ok(!json_get(parsed(listed(DIALECT_GEMINI, "p/b", 1)), "nextPageToken"), "none at the end");
}

static void test_backwards(void)
{
    struct models_page asked = {.before = S("p/c"), .skip = 1, .most = 1};
    const struct json *page = parsed(page_of(DIALECT_ANTHROPIC, asked));
    is_int(json_count(json_get(page, "data")), 1, "a page ahead of a model");
    is_str(json_str(json_get(page, "last_id")), S("p/b"), "ends with the one before it");
    ok(json_bool(json_get(page, "has_more"), false), "and there is more ahead of it");
    asked = (struct models_page){.before = S("p/c"), .most = 5};
    page = parsed(page_of(DIALECT_ANTHROPIC, asked));
    is_int(json_count(json_get(page, "data")), 2, "all that is ahead of a model");
    ok(!json_bool(json_get(page, "has_more"), true), "is all");
}

int main(void)
{
    arena_init(&arena, 4096, 4u << 20);
    test_shapes();
    test_pages();
    test_backwards();
    arena_fini(&arena);
    return tap_done();
}
