/* The reference pages that come out of tables: errors, metrics, paths, kinds of providers, vendors.
 *
 * The tables decide what the program does; a page that is printed from them cannot be wrong about
 * it. So no such page is kept: `explain --md` prints them at build time for the installed
 * documentation, and `explain errors` for whoever is at a terminal.
 *
 * A topic is a list of columns and a function that fills the rows. The columns that matter on a
 * terminal come first; the rest is for the page only. */
#include "cli/reference.h"

#include "admin/api.h"
#include "base/err.h"
#include "base/metrics.h"
#include "gate/paths.h"
#include "gate/vendor.h"
#include "llm/service.h"

#define COLUMNS_MAX    9
#define ROWS_MAX       256
#define ERRORS_PRIVATE 9000 /* codes from here on reach no client */

struct column {
    const char *title;
    bool is_code; /* set as code */
};

struct row {
    str cells[COLUMNS_MAX];
};

struct sheet {
    struct arena *arena;
    struct row *rows;
    size_t n;
};

struct topic {
    const char *name;
    const char *title;
    const char *text; /* below the title */
    struct column columns[COLUMNS_MAX];
    size_t n_columns;
    size_t n_short; /* columns on a terminal */
    void (*fill)(struct sheet *s);
};

static void add_row(struct sheet *s, struct row row)
{
    must(s->n < ROWS_MAX);
    s->rows[s->n++] = row;
}

/* ---- the topics ---- */

static void fill_errors(struct sheet *s)
{
    for (int code = 1; code < E_COUNT; code++) {
        const struct err_info *row = err_info(code);
        bool is_private = row->number >= ERRORS_PRIVATE;
        add_row(s, (struct row){{
                       arena_printf(s->arena, "TB-%d", row->number),
                       is_private ? S_EMPTY : arena_printf(s->arena, "%d", row->status),
                       str_from_cz(err_source_name(row->source)),
                       str_from_cz(row->name),
                       str_from_cz(row->message),
                       is_private ? S_EMPTY : str_from_cz(row->openai_type),
                       str_from_cz(row->openai_code),
                       row->retry == ERR_RETRY_NEVER ? S("no") : S("yes"),
                       str_from_cz(row->hint),
                   }});
    }
}

static void fill_metrics(struct sheet *s)
{
    for (enum metric m = 0; m < M_COUNT; m++) {
        const struct metric_info *info = metric_info(m);
        add_row(s, (struct row){{
                       str_from_cz(info->name),
                       str_from_cz(metric_type_name(info->type)),
                       str_from_cz(info->labels),
                       str_from_cz(info->help),
                   }});
    }
}

static str who(enum path_auth auth)
{
    switch (auth) {
    case PATH_AUTH_PUBLIC:
        return S("anybody");
    case PATH_AUTH_KEY:
        return S("gateway key");
    case PATH_AUTH_ADMIN:
        return S("admin key");
    }
    return S_EMPTY;
}

static void add_paths(struct sheet *s, const struct path_table *t, str listener)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct path *p = &t->rows[i];
        str operation = p->has_operation ? operation_get(p->operation_id)->name : S_EMPTY;
        add_row(s, (struct row){{p->method, p->pattern, listener, who(p->auth), operation}});
    }
}

static void fill_paths(struct sheet *s)
{
    add_paths(s, &paths_server, S("server"));
    add_paths(s, &api_paths, S("admin"));
}

/* A row for each call, so that one sees what is asked of whom. */
static void fill_kinds(struct sheet *s)
{
    for (size_t i = 0; i < service_count(); i++) {
        const struct service *service = service_at(i);
        add_row(s, (struct row){{
                       str_from_cz(provider_kind_name(service->kind)),
                       str_from_cz(service->models),
                       operation_get(service->operation)->name,
                       str_from_cz(service->path),
                       str_from_cz(service->stream_path),
                       str_from_cz(provider_kind_doc(service->kind)),
                   }});
    }
}

static void fill_vendors(struct sheet *s)
{
    for (size_t i = 0; i < vendor_count(); i++) {
        const struct vendor *v = vendor_at(i);
        add_row(s, (struct row){{
                       str_from_cz(v->id),
                       str_from_cz(provider_kind_name(v->kind)),
                       str_from_cz(v->base_url),
                       str_from_cz(v->env),
                       str_from_cz(v->auth_header),
                   }});
    }
}

static const struct topic topics[] = {
    {
        .name = "errors",
        .title = "Errors",
        .text = "What an answer's `error.gateway.code`, the log's `error` and the `outcome` of an "
                "attempt can say. The message is the one that is used when nothing more exact is "
                "known. Codes without a status reach no client; the log may show them.",
        .columns = {{"code", true},
                    {"status", false},
                    {"source", false},
                    {"name", true},
                    {"message", false},
                    {"type in OpenAI's shape", true},
                    {"its code", true},
                    {"retryable", false},
                    {"hint", false}},
        .n_columns = 9,
        .n_short = 5,
        .fill = fill_errors,
    },
    {
        .name = "metrics",
        .title = "Metrics",
        .text =
            "What `GET /metrics` of the admin listener shows, in Prometheus' text format. Label "
            "values come from closed sets: ids of the configuration, statuses, codes.",
        .columns = {{"metric", true}, {"type", false}, {"labels", true}, {"what", false}},
        .n_columns = 4,
        .n_short = 4,
        .fill = fill_metrics,
    },
    {
        .name = "paths",
        .title = "Paths",
        .text =
            "What can be asked, on which listener (`server.listen`, `server.admin`), and with "
            "which key. In `auth.mode: open` no gateway key is needed. HEAD is allowed wherever "
            "GET is. `{id}` stands for one segment, or for all the rest at the end.",
        .columns = {{"method", false},
                    {"path", true},
                    {"listener", false},
                    {"who may", false},
                    {"operation", false}},
        .n_columns = 5,
        .n_short = 5,
        .fill = fill_paths,
    },
    {
        .name = "kinds",
        .title = "Kinds of providers",
        .text = "What a provider of each `kind` is asked, and where: the path stands behind its "
                "base URL. A client's own operation is relayed where the kind has it for the "
                "model; otherwise the first one of the same purpose is what it is translated to. "
                "A kind without a stream path streams at the same one.",
        .columns = {{"kind", true},
                    {"models", true},
                    {"operation", false},
                    {"path", true},
                    {"stream path", true},
                    {"what", false}},
        .n_columns = 6,
        .n_short = 4,
        .fill = fill_kinds,
    },
    {
        .name = "vendors",
        .title = "Providers known by name",
        .text = "What may stand in `kind`, or be a provider's id, so that the rest comes with it. "
                "`{region}`, `{location}` and `{resource}` are options of the provider. With the "
                "variable in the environment a start without a file adds the provider.",
        .columns = {{"name", true},
                    {"kind", true},
                    {"base URL", true},
                    {"variable", true},
                    {"header of the key", true}},
        .n_columns = 5,
        .n_short = 4,
        .fill = fill_vendors,
    },
};

/* ---- the two forms ---- */

static void put_md_row(struct buf *out, const struct topic *t, const str *cells)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        bool is_code = t->columns[i].is_code && cells[i].n > 0;
        buf_put(out, is_code ? S("| `") : S("| "));
        buf_put(out, cells[i]);
        buf_put(out, is_code ? S("` ") : S(" "));
    }
    buf_put(out, S("|\n"));
}

static void put_md(struct buf *out, const struct topic *t, const struct sheet *s)
{
    buf_printf(out, "# %s\n\n%s\n\n", t->title, t->text);
    for (size_t i = 0; i < t->n_columns; i++)
        buf_printf(out, "| %s ", t->columns[i].title);
    buf_put(out, S("|\n"));
    for (size_t i = 0; i < t->n_columns; i++)
        buf_put(out, S("|---"));
    buf_put(out, S("|\n"));
    for (size_t i = 0; i < s->n; i++)
        put_md_row(out, t, s->rows[i].cells);
}

static size_t width(const struct sheet *s, size_t column)
{
    size_t widest = 0;
    for (size_t i = 0; i < s->n; i++)
        widest = MAX(widest, s->rows[i].cells[column].n);
    return widest;
}

static void put_list(struct buf *out, const struct topic *t, const struct sheet *s)
{
    int widths[COLUMNS_MAX] = {0};
    for (size_t i = 0; i < t->n_short; i++)
        widths[i] = (int)width(s, i);
    for (size_t r = 0; r < s->n; r++) {
        size_t last = t->n_short - 1;
        while (last > 0 && s->rows[r].cells[last].n == 0)
            last--;
        for (size_t i = 0; i < last; i++)
            buf_printf(out, "%-*.*s  ", widths[i], STR_ARG(s->rows[r].cells[i]));
        buf_put(out, s->rows[r].cells[last]);
        buf_put_char(out, '\n');
    }
}

bool reference_put(struct buf *out, str topic, bool is_md)
{
    for (size_t i = 0; i < ARRAY_LEN(topics); i++) {
        const struct topic *t = &topics[i];
        if (!str_eq(topic, str_from_cz(t->name)))
            continue;
        struct arena a;
        arena_init(&a, 4096, 1u << 20);
        struct sheet s = {.arena = &a, .rows = arena_new_n(&a, struct row, ROWS_MAX)};
        t->fill(&s);
        (is_md ? put_md : put_list)(out, t, &s);
        arena_fini(&a);
        return true;
    }
    return false;
}
