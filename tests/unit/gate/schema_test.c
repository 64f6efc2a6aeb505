#include "gate/schema.c"

#include "tap.h"

static void test_rows(void)
{
    for (size_t i = 0; i < schema_count(); i++) {
        const struct option *o = schema_at(i);
        ok(o->doc && o->doc[0] != '\0' && o->doc[strlen(o->doc) - 1] == '.', o->path);
        ok(o->type == OPTION_LATER || (o->example && o->example[0] != '\0'), "has an example");
        ok((o->type == OPTION_CHOICE) == (o->choices != NULL), "choices belong to a choice");
        ok(o->min <= o->max, "bounds in order");
        for (size_t k = 0; k < i; k++) {
            if (strcmp(o->path, schema_at(k)->path) == 0)
                ok(false, "two rows with one path");
        }
    }
}

static void test_parents(void)
{
    for (size_t i = 1; i < schema_count(); i++) {
        size_t parents = 0;
        for (size_t k = 0; k < schema_count(); k++)
            parents += is_child(schema_at(k), schema_at(i));
        is_int(parents, 1, schema_at(i)->path);
    }
    for (size_t i = 0; i < schema_count(); i++) {
        const struct option *o = schema_at(i);
        bool is_container =
            o->type == OPTION_GROUP || o->type == OPTION_MAP || o->type == OPTION_LIST;
        is_int(schema_next_child(o, NULL) != NULL, is_container, o->path);
    }
}

static void test_look_up(void)
{
    const struct option *providers = schema_child(schema_root(), S("providers"));
    const struct option *provider = schema_child(providers, S("anything"));
    const struct option *endpoint = schema_child(schema_child(provider, S("endpoints")), S_EMPTY);

    is_str(str_from_cz(provider->path), S("providers.*"), "a map takes any key");
    is_str(str_from_cz(endpoint->path), S("providers.*.endpoints[]"), "a list's element");
    is_str(schema_key(endpoint), S("[]"), "its key");
    is_str(schema_key(schema_child(endpoint, S("weight"))), S("weight"), "a key");
    ok(!schema_child(endpoint, S("wieght")), "no such key");
    is_str(schema_nearest(endpoint, S("wieght")), S("weight"), "the nearest");
    is_str(schema_nearest(endpoint, S("completely-else")), S(""), "nothing near");
    is_str(schema_nearest(schema_root(), S("store")), S(""), "never what does not exist yet");
}

static void test_texts(void)
{
    struct arena a;

    arena_init(&a, 1024, 1 << 16);
    const struct option *log =
        schema_child(schema_child(schema_root(), S("observability")), S("log"));
    const struct option *format = schema_child(log, S("format"));
    const struct option *server = schema_child(schema_root(), S("server"));
    const struct option *body = schema_child(schema_child(server, S("limits")), S("body"));
    is_str(schema_type_text(&a, format), S("one of json, text"), "a choice");
    is_str(schema_type_text(&a, schema_child(server, S("workers"))), S("a whole number or `auto`"),
           "a word");
    is_str(schema_choice(format, 1), S("text"), "the second word");
    is_str(schema_choice(format, 2), S(""), "no third");
    is_str(schema_bound_text(&a, body, body->max), S("1GiB"), "a bound");
    is_str(schema_bound_text(&a, body, 1025), S("1025"), "an odd one");
    is_str(schema_bound_text(&a, body, 0), S("0"), "zero");
    arena_fini(&a);
}

int main(void)
{
    test_rows();
    test_parents();
    test_look_up();
    test_texts();
    return tap_done();
}
