#include "gate/schema_render.c"

#include "tap.h"

static struct buf out;

static bool explains(const char *what, const char *part)
{
    str near = S_EMPTY;

    buf_reset(&out);
    return schema_explain(str_from_cz(what), &out, &near) &&
           str_find(buf_str(&out), str_from_cz(part)) != STR_NONE;
}

static void is_near(const char *what, const char *near)
{
    str got = S("not set");

    buf_reset(&out);
    ok(!schema_explain(str_from_cz(what), &out, &got), what);
    is_int(out.n, 0, "nothing is explained");
    is_str(got, str_from_cz(near), "the nearest");
}

static void test_json(void)
{
    const struct json *root = NULL;
    size_t at = 0;
    struct arena a;

    arena_init(&a, 4096, 16 << 20);
    buf_reset(&out);
    schema_render_json(&out);
    ok(buf_is_ok(&out), "it fits");
    is_int(json_read(&a, buf_str(&out), &root, &at), 0, "it is JSON");
    const struct json *properties = json_get(root, "properties");
    ok(json_get(properties, "server") && json_get(properties, "providers"), "sections");
    ok(!json_get(properties, "routes"), "nothing that is not built");
    const struct json *provider =
        json_get(json_get(properties, "providers"), "additionalProperties");
    const struct json *weight = json_get(
        json_get(json_at(json_get(json_get(json_get(json_get(provider, "properties"), "endpoints"),
                                           "items"),
                                  "anyOf"),
                         0),
                 "properties"),
        "weight");
    int64_t max = 0;
    ok(json_i64(json_get(json_at(json_get(weight, "anyOf"), 0), "maximum"), &max), "a bound");
    is_int(max, 1000, "the table's");
    arena_fini(&a);
}

static void test_md(void)
{
    buf_reset(&out);
    schema_render_md(&out);
    ok(buf_is_ok(&out), "it fits");
    for (size_t i = 1; i < schema_count(); i++) {
        const struct option *o = schema_at(i);
        struct buf row;
        buf_init(&row, 1024);
        buf_printf(&row, "| `%s` |", o->path);
        bool is_there = str_find(buf_str(&out), buf_str(&row)) != STR_NONE;
        is_int(is_there, o->type != OPTION_LATER, o->path);
        buf_fini(&row);
    }
}

static void test_explain(void)
{
    const struct config_code_info *info = NULL;

    ok(explains("E1042", "unknown key"), "an error");
    ok(explains("W2003", "${env:"), "a warning");
    ok(explains("TB-1008", "404"), "an answer's code");
    ok(explains("server.limits.body", "32MiB"), "a path");
    ok(explains("providers.openai.timeouts.connect", "3s"), "a path with an id");
    ok(explains("providers.*.endpoints[0].weight", "1 to 1000"), "a path with an index");
    ok(explains("server", "server.listen"), "a group lists its options");
    ok(explains("providers.*.kind", "groq"), "kinds are listed");
    ok(explains("routes", "not in this version"), "what is planned");
    for (size_t i = 0; (info = config_code_at(i)) != NULL; i++) {
        struct arena a;
        arena_init(&a, 512, 4096);
        str code = arena_printf(&a, "%c%d", (int)info->code < 2000 ? 'E' : 'W', (int)info->code);
        ok(explains(arena_cz(&a, code), info->title) && strlen(info->explanation) > 40, info->name);
        arena_fini(&a);
    }
    is_near("server.limits.boddy", "server.limits.body");
    is_near("sever", "server");
    is_near("E1043x", "E1043");
    is_near("E2003", "E1003");
    is_near("", "");
    is_near("complete nonsense", "");
    is_near("TB-99999999999999999999", "");
}

int main(void)
{
    buf_init(&out, 1 << 20);
    test_json();
    test_md();
    test_explain();
    buf_fini(&out);
    return tap_done();
}
