#include "cli/reference.c"

#include "tap.h"

static size_t count(str text, str needle)
{
    size_t n = 0;
    for (size_t at = str_find(text, needle); at != STR_NONE; at = str_find(text, needle)) {
        n++;
        text = str_skip(text, at + needle.n);
    }
    return n;
}

static bool has(str text, str needle)
{
    return str_find(text, needle) != STR_NONE;
}

/* A row of a Markdown table has a bar before and behind each cell; one inside would shift the
 * rest. */
static bool is_table(str page, size_t columns, size_t rows)
{
    str line, rest = page;
    size_t n = 0;
    while (rest.n > 0) {
        str_cut(rest, '\n', &line, &rest);
        if (!str_has_prefix(line, S("|")))
            continue;
        if (count(line, S("|")) != columns + 1 || !str_has_suffix(line, S("|")))
            return false;
        n++;
    }
    return n == rows + 2; /* the titles, and the line below */
}

static size_t rows_of(const char *topic)
{
    if (str_eq(str_from_cz(topic), S("errors")))
        return E_COUNT - 1;
    if (str_eq(str_from_cz(topic), S("metrics")))
        return M_COUNT;
    if (str_eq(str_from_cz(topic), S("kinds")))
        return service_count();
    if (str_eq(str_from_cz(topic), S("vendors")))
        return vendor_count();
    return paths_server.n + api_paths.n;
}

static void test_topic(const struct topic *t)
{
    struct buf page, list;
    buf_init(&page, 1u << 20);
    buf_init(&list, 1u << 20);
    ok(reference_put(&page, str_from_cz(t->name), true), t->title);
    ok(is_table(buf_str(&page), t->n_columns, rows_of(t->name)), "is a table with all rows");
    ok(reference_put(&list, str_from_cz(t->name), false), t->name);
    is_int(count(buf_str(&list), S("\n")), rows_of(t->name), "a line for each row");
    ok(!has(buf_str(&list), S(" \n")), "no blanks at the ends of lines");
    buf_fini(&page);
    buf_fini(&list);
}

static void test_content(void)
{
    struct buf out;
    buf_init(&out, 1u << 20);
    ok(reference_put(&out, S("errors"), true), "errors");
    ok(has(buf_str(&out), S("| `TB-1008` | 404 | client | `MODEL_NOT_FOUND` |")), "an error");
    ok(has(buf_str(&out), S("| `TB-9000` |  |")), "a code of the inside has no status");
    buf_reset(&out);
    ok(reference_put(&out, S("metrics"), true), "metrics");
    ok(has(buf_str(&out), S("| `throwbar_inflight` | gauge |  |")), "a metric without labels");
    buf_reset(&out);
    ok(reference_put(&out, S("paths"), true), "paths");
    ok(has(buf_str(&out), S("| POST | `/v1/chat/completions` | server | gateway key | chat |")),
       "a path for clients");
    ok(has(buf_str(&out), S("| POST | `/admin/v1/drain` | admin | admin key |")), "and for admins");
    buf_reset(&out);
    ok(reference_put(&out, S("kinds"), true), "kinds");
    ok(has(buf_str(&out), S("| `anthropic` | `*` | messages | `/v1/messages` |  |")), "a call");
    buf_reset(&out);
    ok(reference_put(&out, S("vendors"), true), "vendors");
    ok(has(buf_str(&out), S("| `groq` | `openai-chat` | `https://api.groq.com/openai/v1` | "
                            "`GROQ_API_KEY` | `authorization` |")),
       "a vendor");
    buf_fini(&out);
}

int main(void)
{
    struct buf out;
    for (size_t i = 0; i < ARRAY_LEN(topics); i++)
        test_topic(&topics[i]);
    test_content();
    buf_init(&out, 1024);
    ok(!reference_put(&out, S("error"), true) && out.n == 0, "no other topic");
    ok(!reference_put(&out, S_EMPTY, false) && out.n == 0, "nor none");
    return tap_done();
}
