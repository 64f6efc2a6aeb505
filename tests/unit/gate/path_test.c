#include "gate/path.c"

#include "gate/paths.h"
#include "printable.h"
#include "tap.h"

static struct arena arena;

/* clang-format off */
static const struct path rows[] = {
    PATH("GET",    "/a",          PUBLIC, OPENAI, NULL),
    PATH("POST",   "/a",          KEY,    OPENAI, NULL),
    PATH("GET",    "/m/{rest}",     KEY,    OPENAI, NULL),
    PATH("POST",   "/r/{id}/end", KEY,    OPENAI, NULL),
    PATH("DELETE", "/r/{id}/end", ADMIN,  PROBLEM, NULL),
};
/* clang-format on */
static const struct path_table table = {.rows = rows, .n = ARRAY_LEN(rows)};

static void test_find(void)
{
    static const struct {
        str method, path;
        int row; /* -1: none */
        bool other_method;
        str arg;
    } cases[] = {
        {S("GET"), S("/a"), 0, false, S_EMPTY},
        {S("HEAD"), S("/a"), 0, false, S_EMPTY},
        {S("POST"), S("/a"), 1, true, S_EMPTY},
        {S("PUT"), S("/a"), -1, true, S_EMPTY},
        {S("get"), S("/a"), -1, true, S_EMPTY},
        {S(""), S("/a"), -1, true, S_EMPTY},
        {S("GET"), S("/A"), -1, false, S_EMPTY},
        {S("GET"), S("/a/"), -1, false, S_EMPTY},
        {S("GET"), S("/ab"), -1, false, S_EMPTY},
        {S("GET"), S("//a"), -1, false, S_EMPTY},
        {S("GET"), S("/%61"), -1, false, S_EMPTY},
        {S("GET"), S("/a\0"), -1, false, S_EMPTY},
        {S("GET"), S(""), -1, false, S_EMPTY},
        {S("OPTIONS"), S("*"), -1, false, S_EMPTY},
        {S("GET"), S("/m/gpt"), 2, false, S("gpt")},
        {S("GET"), S("/m/openai/gpt-5"), 2, false, S("openai/gpt-5")},
        {S("GET"), S("/m/a%2Fb"), 2, false, S("a%2Fb")},
        {S("GET"), S("/m/{id}"), 2, false, S("{id}")},
        {S("GET"), S("/m/"), -1, false, S_EMPTY},
        {S("GET"), S("/m"), -1, false, S_EMPTY},
        {S("POST"), S("/r/7/end"), 3, false, S("7")},
        {S("DELETE"), S("/r/7/end"), 4, true, S("7")},
        {S("HEAD"), S("/r/7/end"), -1, true, S_EMPTY},
        {S("POST"), S("/r//end"), -1, false, S_EMPTY},
        {S("POST"), S("/r/end"), -1, false, S_EMPTY},
        {S("POST"), S("/r/7/8/end"), -1, false, S_EMPTY},
        {S("POST"), S("/r/7/end/"), -1, false, S_EMPTY},
        {S("POST"), S("/r/7/ended"), -1, false, S_EMPTY},
        {S("POST"), S("/r/end/end"), 3, false, S("end")},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str arg = S_EMPTY;
        bool other = false;
        const struct path *p = path_find(&table, cases[i].method, cases[i].path, &arg, &other);
        printf("# %s %s\n", cases[i].method.p, printable(cases[i].path));
        is_int(p ? p - rows : -1, cases[i].row, "its row");
        is_int(other, cases[i].other_method, "with another method?");
        if (p)
            is_str(arg, cases[i].arg, "what {id} stands for");
    }
}

static void test_methods(void)
{
    static const struct {
        str path, want;
    } cases[] = {
        {S("/a"), S("GET, HEAD, POST")},
        {S("/m/x/y"), S("GET, HEAD")},
        {S("/r/7/end"), S("POST, DELETE")},
        {S("/none"), S("")},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b;
        buf_init(&b, 256);
        path_put_methods(&table, cases[i].path, &b);
        is_str(buf_str(&b), cases[i].want, printable(cases[i].path));
        buf_fini(&b);
    }
}

/* The real table: every row is found at its own path, so none lies behind a wider one. */
static void test_every_row(void)
{
    for (size_t i = 0; i < paths_server.n; i++) {
        const struct path *row = &paths_server.rows[i];
        str head, tail, arg = S_EMPTY, path = row->pattern;
        if (str_cut(row->pattern, '{', &head, &tail))
            path = arena_concat(
                &arena, (str[]){head, S("x"), str_skip(tail, str_find_char(tail, '}') + 1)}, 3);
        bool other;
        ok(path_find(&paths_server, row->method, path, &arg, &other) == row, printable(path));
        bool is_health = str_eq(path, S("/healthz")) || str_eq(path, S("/readyz"));
        ok((row->auth == PATH_AUTH_PUBLIC) == is_health, "only health is open to all");
        ok(row->run && (!row->has_operation ||
                        str_find(path, operation_get(row->operation_id)->path) != STR_NONE),
           "it has a handler, and the provider's path is the same");
    }
}

static void test_decode(void)
{
    static const struct {
        str encoded;
        bool is_good;
        str want;
    } cases[] = {
        {S(""), true, S("")},
        {S("a-b"), true, S("a-b")},
        {S("a%2Fb%2fc"), true, S("a/b/c")},
        {S("%41%7e%20+"), true, S("A~ +")},
        {S("%C3%a9"), true, S("\xc3\xa9")},
        {S("%25%32%46"), true, S("%2F")},
        {S("%"), false, S_EMPTY},
        {S("a%4"), false, S_EMPTY},
        {S("a%"), false, S_EMPTY},
        {S("%g1"), false, S_EMPTY},
        {S("%1g"), false, S_EMPTY},
        {S("%%41"), false, S_EMPTY},
        {S("%-1"), false, S_EMPTY},
        {S("%00"), false, S_EMPTY},
        {S("a%0d%0ab"), false, S_EMPTY},
        {S("%1F"), false, S_EMPTY},
        {S("%7F"), false, S_EMPTY},
        {S("a\0b"), false, S_EMPTY},
        {S("a\nb"), false, S_EMPTY},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str out = S_EMPTY;
        is_int(path_decode(&arena, cases[i].encoded, &out), cases[i].is_good,
               printable(cases[i].encoded));
        if (cases[i].is_good)
            is_str(out, cases[i].want, "decoded");
    }
    size_t bad = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        str out = S_EMPTY;
        bool is_control = byte < 0x20 || byte == 0x7f;
        bool is_good = path_decode(&arena, arena_printf(&arena, "%%%02X", byte), &out);
        bad += is_good == is_control;
        bad += is_good && (out.n != 1 || (unsigned char)out.p[0] != byte);
    }
    is_int(bad, 0, "every byte but control characters");
}

int main(void)
{
    arena_init(&arena, 0, 1 << 20);
    test_find();
    test_methods();
    test_every_row();
    test_decode();
    arena_fini(&arena);
    return tap_done();
}
