#include "llm/json_schema_ref.c"

#include "tap.h"

static struct arena arena;

int main(void)
{
    static const struct {
        str ref, want; /* the text of what is found; empty: nothing */
    } cases[] = {
        {S("#/$defs/a"), S("1")},
        {S("#/$defs"), S("{\"a\":1,\"b/c\":2,\"d~e\":3,\"f g\":4,\"\":5,\"~1\":6,\"%\":7}")},
        {S("#/$defs/b~1c"), S("2")},
        {S("#/$defs/d~0e"), S("3")},
        {S("#/$defs/f%20g"), S("4")},
        {S("#/$defs/"), S("5")},
        {S("#/$defs/~01"), S("6")},
        {S("#/$defs/%25"), S("7")},
        {S("#/$defs/%"), S("7")},
        {S("#/%24defs/a"), S("1")},
        {S("#/list/1/x"), S("8")},
        {S("#/list/2"), S("")},
        {S("#/list/01/x"), S("")},
        {S("#/list/-1"), S("")},
        {S("#/list/x"), S("")},
        {S("#/list/99999999999999999999"), S("")},
        {S("#/$defs/a/b"), S("")},
        {S("#/none"), S("")},
        {S("#anchor"), S("")},
        {S("http://x/#/$defs/a"), S("")},
        {S("$defs/a"), S("")},
        {S(""), S("")},
    };
    arena_init(&arena, 0, SIZE_MAX / 2);
    const struct json *root;
    size_t error_at;
    str text = S("{\"$defs\":{\"a\":1,\"b/c\":2,\"d~e\":3,\"f g\":4,\"\":5,\"~1\":6,\"%\":7},"
                 "\"list\":[0,{\"x\":8}]}");
    must(json_read(&arena, text, &root, &error_at) == 0);
    ok(schema_resolve(root, S("#")) == root, "the whole document");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct json *found = schema_resolve(root, cases[i].ref);
        struct buf b;
        buf_init(&b, SIZE_MAX / 2);
        if (found)
            json_put(&b, found);
        is_str(buf_str(&b), cases[i].want, "what a reference means");
        buf_fini(&b);
    }
    char many[512], key[JSON_KEY_MAX + 8] = "#/";
    memset(many, '/', sizeof many);
    many[0] = '#';
    ok(!schema_resolve(root, str_of(many, sizeof many)), "more tokens than a document is deep");
    memset(key + 2, 'k', sizeof key - 2);
    ok(!schema_resolve(root, str_of(key, sizeof key)), "a token longer than any key");
    arena_fini(&arena);
    return tap_done();
}
