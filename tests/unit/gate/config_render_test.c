/* Every tests/golden/config/NAME.yaml is read, compiled and rendered; NAME.txt is what a person
 * must see. With GOLDEN_ACCEPT=1 in the environment the .txt files are rewritten, for the diff to
 * be reviewed. Beside that: every code of config_codes.def is seen in some golden, no golden shows
 * what a reference stands for or the word that all its secrets contain, and the other forms are
 * JSON. */
#include "gate/config_render.c"

#include <dirent.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gate/config_fakes.h"
#include "gate/snapshot.h"
#include "tap.h"
#include "wire/json_scan.h"

#define SECRET_WORD "hunter2" /* in every literal secret of the goldens */
#define NOW_US      INT64_C(1790000000000000)

static bool seen[3000];

static const char *golden_folder(void)
{
    const char *root = getenv("THROWBAR_GOLDEN");

    return root ? root : "tests/golden";
}

static str read_whole(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rb");
    static char piece[4096];
    size_t n;

    buf_reset(out);
    if (!f)
        return S_EMPTY;
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        buf_put(out, str_of(piece, n));
    fclose(f);
    return buf_str(out);
}

static void write_whole(const char *path, str text)
{
    FILE *f = fopen(path, "wb");

    must(f != NULL);
    must(fwrite(text.p ? text.p : "", 1, text.n, f) == text.n);
    must(fclose(f) == 0);
}

static bool is_json(const struct buf *b)
{
    struct arena a;
    struct json_scan scan;

    arena_init(&a, 4096, 64u << 20);
    bool is_valid = json_scan(&a, buf_str(b), &scan) == 0 && scan.type == JSON_OBJECT;
    arena_fini(&a);
    return is_valid;
}

static bool shows_secret(const struct buf *b)
{
    return str_find(buf_str(b), S(SECRET_WORD)) != STR_NONE ||
           str_find(buf_str(b), S(RESOLVED)) != STR_NONE;
}

static void check_forms(const struct config *c, const char *name)
{
    void (*const forms[])(const struct config *, struct buf *) = {
        config_render_json, config_render_sarif, config_render_effective};
    struct buf b;

    buf_init(&b, 16u << 20);
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        buf_reset(&b);
        forms[i](c, &b);
        ok(is_json(&b), name);
        ok(!shows_secret(&b), "no secret in it");
    }
    buf_fini(&b);
}

static void check_order(const struct config *c)
{
    for (const struct config_problem *p = config_problems(c); p; p = p->next) {
        seen[p->code] = true;
        if (!p->next)
            break;
        bool is_sorted =
            p->mark.line < p->next->mark.line ||
            (p->mark.line == p->next->mark.line && p->mark.column <= p->next->mark.column);
        if (!is_sorted)
            ok(false, "problems are in order of position");
    }
}

static void check_golden(struct arena *a, const char *file)
{
    str name = str_slice(str_from_cz(file), 0, strlen(file) - 5);
    struct buf text, want, got;

    buf_init(&text, 8u << 20);
    buf_init(&want, 8u << 20);
    buf_init(&got, 8u << 20);
    const char *path =
        arena_cz(a, arena_printf(a, "%s/config/" STR_FMT ".txt", golden_folder(), STR_ARG(name)));
    read_whole(arena_cz(a, arena_printf(a, "%s/config/%s", golden_folder(), file)), &text);
    bool opens_files = str_has_prefix(name, S("tls_"));
    struct config *c = config_parse_with(buf_str(&text), str_from_cz(file),
                                         opens_files ? &fake_open_sources : &fake_sources);
    struct snapshot *s = snapshot_compile(c);
    config_render_text(c, &got, false);
    if (getenv("GOLDEN_ACCEPT"))
        write_whole(path, buf_str(&got));
    is_str(buf_str(&got), read_whole(path, &want), file);
    ok(!shows_secret(&got), "no secret is shown");
    ok((s != NULL) == (config_error_count(c) == 0), "refused exactly when there is an error");
    check_order(c);
    check_forms(c, file);
    buf_reset(&got);
    config_render_text(c, &got, true);
    ok(got.n == 0 || str_find(buf_str(&got), S("\x1b[")) != STR_NONE, "colour when asked");
    if (s)
        snapshot_release(s);
    else
        config_free(c);
    buf_fini(&text);
    buf_fini(&want);
    buf_fini(&got);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t list_goldens(struct arena *a, const char **names, size_t max)
{
    DIR *d = opendir(arena_cz(a, arena_printf(a, "%s/config", golden_folder())));
    struct dirent *entry;
    size_t n = 0;

    while (d && (entry = readdir(d)) != NULL && n < max) {
        if (str_has_suffix(str_from_cz(entry->d_name), S(".yaml")))
            names[n++] = arena_cz(a, str_from_cz(entry->d_name));
    }
    if (d)
        closedir(d);
    qsort(names, n, sizeof *names, by_name);
    return n;
}

/* Those that need a file of their own: config_test.c and config_yaml_test.c. */
static bool is_tested_elsewhere(enum config_code code)
{
    return code == CONFIG_UNREADABLE || code == CONFIG_TOO_LARGE || code == CONFIG_TOO_MANY ||
           code == CONFIG_ENCODING;
}

static void test_goldens(void)
{
    static const char *names[256];
    const struct config_code_info *info = NULL;
    struct arena a;

    arena_init(&a, 4096, 16u << 20);
    size_t n = list_goldens(&a, names, ARRAY_LEN(names));
    ok(n > 20, "the goldens are there");
    for (size_t i = 0; i < n; i++)
        check_golden(&a, names[i]);
    for (size_t i = 0; (info = config_code_at(i)) != NULL; i++)
        ok(seen[info->code] || is_tested_elsewhere(info->code), info->name);
    arena_fini(&a);
}

static void test_effective(void)
{
    struct config *c = config_parse_with(
        S("auth: {mode: open, admin_key: literal}\nserver: {workers: 3}\n"
          "providers: {a: {kind: openai, base_url: \"http://${env:SET_H}/v1\"}}\n"),
        S("f.yaml"), &fake_sources);
    struct buf b;

    buf_init(&b, 1u << 20);
    config_render_effective(c, &b);
    str text = buf_str(&b);
    ok(str_find(text, S("\"workers\":{\"value\":3,\"origin\":\"f.yaml:2\"}")) != STR_NONE,
       "a number with its line");
    ok(str_find(text, S("\"body\":{\"value\":\"32MiB\",\"origin\":\"default\"}")) != STR_NONE,
       "a default");
    ok(str_find(text, S("\"admin_key\":{\"value\":\"***\",\"origin\":\"f.yaml:1\"}")) != STR_NONE,
       "a secret is three stars");
    ok(str_find(text, S("http://${env:SET_H}/v1")) != STR_NONE, "a reference as it is written");
    buf_fini(&b);
    config_free(c);
}

static void test_control_characters(void)
{
    struct config *c =
        config_parse_with(S("auth: {mode: open}\nzz\x7f\x7f: \t1\n"), S("f"), &fake_sources);
    struct buf b;

    buf_init(&b, 1u << 20);
    config_render_text(c, &b, false);
    for (size_t i = 0; i < b.n; i++) {
        if ((unsigned char)b.p[i] < 0x20 && b.p[i] != '\n')
            ok(false, "a control character reaches the terminal");
    }
    ok(b.n > 0, "a problem is shown");
    buf_fini(&b);
    config_free(c);
}

int main(void)
{
    clock_test_set(0, NOW_US);
    test_goldens();
    test_effective();
    test_control_characters();
    return tap_done();
}
