/* The list of models: the operator's aliases, then what each provider says it has, as
 * provider/model, in the shape of the caller's dialect (models_shape.c).
 *
 * Providers are asked side by side and not for long; what they said is kept for a minute per
 * worker, so a client that lists models often does not load them. A provider that does not
 * answer is left out and named in tb-warnings: a list with a gap is more useful than none. A
 * caller sees only the models its key may use. */
#include "gate/models.h"

#include <string.h>

#include "base/clock.h"
#include "base/pool.h"
#include "gate/models_shape.h"
#include "gate/relay.h"
#include "gate/reply.h"
#include "gate/sim.h"
#include "rt/task.h"
#include "wire/json.h"

#define ASK_US     3000000
#define KEEP_US    60000000
#define LIST_MAX   (4u << 20) /* bytes of one provider's list */
#define MODELS_MAX 5000       /* taken from one provider */
#define GAPS_MAX   1024       /* bytes of tb-warnings that name those who did not answer */

/* What one provider has, kept by a worker. */
struct shelf {
    struct arena arena; /* of the models' names */
    struct arena name;  /* of the provider's */
    size_t block_size;
    str provider;
    str *models; /* the provider's names */
    size_t n;
    int64_t until_us;
    bool has_failed;
};

/* Per worker, by provider id. */
static _Thread_local struct table shelves;

/* Where a kind of provider lists its models, and how its answer names them. */
static const struct catalogue {
    enum provider_kind kind;
    const char *path;
    const char *list, *name;
    const char *prefix; /* of the names, taken off; NULL: none */
} catalogues[] = {
    {PROVIDER_OPENAI, "/models", "data", "id", NULL},
    {PROVIDER_OPENAI_CHAT, "/models", "data", "id", NULL},
    {PROVIDER_OPENAI_RESPONSES, "/models", "data", "id", NULL},
    {PROVIDER_ANTHROPIC, "/v1/models?limit=1000", "data", "id", NULL},
    {PROVIDER_GEMINI, "/v1beta/models?pageSize=1000", "models", "name", "models/"},
    {PROVIDER_COHERE, "/v1/models?page_size=1000", "models", "name", NULL},
    {PROVIDER_OLLAMA, "/api/tags", "models", "name", NULL},
    {PROVIDER_AZURE_V1, "/openai/v1/models", "data", "id", NULL},
    {PROVIDER_KSERVE, "/openai/v1/models", "data", "id", NULL},
    {PROVIDER_TGI, "/v1/models", "data", "id", NULL},
};

/* NULL: the kind does not say what it has. */
static const struct catalogue *catalogue_of(enum provider_kind kind)
{
    for (size_t i = 0; i < ARRAY_LEN(catalogues); i++)
        if (catalogues[i].kind == kind)
            return &catalogues[i];
    return NULL;
}

struct question {
    struct exchange *asker;
    struct provider *provider;
    struct shelf *shelf;
};

static struct shelf *shelf_get(str provider)
{
    struct shelf *s = table_get(&shelves, provider);
    if (s)
        return s;
    size_t size;
    s = pool_acquire(sizeof *s, &size);
    *s = (struct shelf){.block_size = size, .has_failed = true};
    arena_init(&s->arena, 1024, 16u << 20);
    arena_init(&s->name, 512, 1u << 16);
    s->provider = arena_str(&s->name, provider);
    (void)table_add(&shelves, s->provider, s);
    return s;
}

void models_thread_end(void)
{
    size_t cursor = 0;
    for (const struct table_slot *slot = table_next(&shelves, &cursor); slot;
         slot = table_next(&shelves, &cursor)) {
        struct shelf *s = slot->value;
        arena_fini(&s->arena);
        arena_fini(&s->name);
        pool_release(s, s->block_size);
    }
    table_fini(&shelves);
}

static void read_list(struct shelf *s, const struct catalogue *c, str body)
{
    const struct json *root = NULL;
    size_t error_at = 0;
    struct arena scratch;
    arena_init(&scratch, 4096, 64u << 20);
    s->n = 0;
    s->has_failed = json_read(&scratch, body, &root, &error_at) < 0;
    const struct json *items = json_get(root, c->list);
    s->models = arena_new_n(&s->arena, str, MIN(json_count(items), (size_t)MODELS_MAX) + 1);
    for (struct json_iter it = json_iter(items); json_iter_next(&it) && s->n < MODELS_MAX;) {
        str id = json_str(json_get(it.value, c->name));
        if (c->prefix && str_has_prefix(id, str_from_cz(c->prefix)))
            id = str_skip(id, str_from_cz(c->prefix).n);
        if (request_model_is_sane(id))
            s->models[s->n++] = arena_str(&s->arena, id);
    }
    arena_fini(&scratch);
}

/* One provider's list, in a task of its own and an exchange that nobody sees. */
static void MAY_YIELD ask(void *arg)
{
    struct question *q = arg;
    size_t size;
    struct exchange *x = pool_acquire(sizeof *x, &size);
    memset(x, 0, sizeof *x);
    arena_init(&x->arena, 1024, 1u << 20);
    arena_init(&x->request, 1024, 1u << 20);
    x->worker = q->asker->worker;
    x->snapshot = q->asker->snapshot;
    x->target.provider = q->provider;
    x->head.method = S("GET");
    task_deadline_narrow(clock_now_us() + ASK_US);
    const struct catalogue *c = catalogue_of(q->provider->kind);
    struct http_header version = {.name = S("anthropic-version"), .value = S("2023-06-01")};
    struct call_request r = {.method = S("GET"),
                             .path = str_from_cz(c->path),
                             .headers = &version,
                             .n_headers = c->kind == PROVIDER_ANTHROPIC ? 1 : 0};
    struct plan plan;
    struct call call;
    struct buf body;
    buf_init(&body, LIST_MAX);
    plan_begin(&plan, q->asker->lease, q->provider);
    int rc = relay_open(x, &plan, &r, &call);
    if (rc == 0) {
        rc = answer_read(&call, &body);
        bool is_ok = call.head.status == 200;
        call_close(&call, rc);
        rc = rc == 0 && !is_ok ? -E_PROVIDER_STATUS : rc;
    }
    arena_fini(&q->shelf->arena);
    q->shelf->n = 0;
    q->shelf->has_failed = rc < 0;
    if (rc == 0)
        read_list(q->shelf, c, buf_str(&body));
    q->shelf->until_us = clock_now_us() + KEEP_US;
    buf_fini(&body);
    arena_fini(&x->request);
    arena_fini(&x->arena);
    pool_release(x, size);
}

/* Asks every provider whose shelf is out of date, side by side. */
static void MAY_YIELD refresh(struct exchange *x)
{
    struct scope scope;
    int64_t before = clock_now_us();
    client_keep_input(x->client);
    scope_begin(&scope);
    for (size_t i = 0; i < x->snapshot->n_providers; i++) {
        struct provider *p = &x->snapshot->providers[i];
        if (!catalogue_of(p->kind))
            continue;
        struct shelf *s = shelf_get(p->id);
        if (s->until_us > clock_now_us())
            continue;
        struct question *q = arena_new(&x->request, struct question);
        *q = (struct question){.asker = x, .provider = p, .shelf = s};
        s->until_us = clock_now_us() + ASK_US; /* one task asks at a time */
        scope_spawn(&scope, ask, q);
    }
    scope_end(&scope, 0);
    x->upstream_us += clock_now_us() - before;
}

/* ---- writing ---- */

struct listing {
    struct exchange *x;
    const struct models_shape *shape;
    struct models_page page;
    bool is_counting; /* what stands ahead of page.before, and no more */
    bool has_found;   /* page.before */
    size_t n_before;
};

static void put_if_allowed(struct listing *l, str id, str owner)
{
    if (!auth_allows_model(l->x->key, id))
        return;
    if (!l->is_counting) {
        models_page_put(&l->page, l->shape, id, owner);
        return;
    }
    l->has_found |= str_eq(id, l->page.before);
    if (!l->has_found)
        l->n_before++;
}

/* provider/model for each name. They may be many and long: none is kept. */
static void put_models(struct listing *l, str provider, const str *models, size_t n)
{
    struct buf id;
    buf_init(&id, 8192);
    for (size_t i = 0; i < n; i++) {
        buf_reset(&id);
        buf_put(&id, provider);
        buf_put_char(&id, '/');
        buf_put(&id, models[i]);
        put_if_allowed(l, buf_str(&id), provider);
    }
    buf_fini(&id);
}

static void warn_of_gap(struct exchange *x, str provider)
{
    if (x->warnings.n > GAPS_MAX)
        return; /* enough to see that it is not one provider's fault */
    str parts[] = {x->warnings, x->warnings.n > 0 ? S(", ") : S_EMPTY, S("models-unavailable:"),
                   provider};
    x->warnings = arena_concat(&x->arena, parts, ARRAY_LEN(parts));
}

static void put_provider(struct listing *l, const struct provider *p)
{
    const struct shelf *s = table_get(&shelves, p->id);
    if (p->kind == PROVIDER_SIM)
        put_models(l, p->id, sim_models, sim_models_n);
    else if (!catalogue_of(p->kind))
        return;
    else if (s && !s->has_failed)
        put_models(l, p->id, s->models, s->n);
    else if (!l->is_counting)
        warn_of_gap(l->x, p->id);
}

static void put_all(struct listing *l)
{
    const struct snapshot *s = l->x->snapshot;
    for (size_t i = 0; i < s->n_models; i++)
        put_if_allowed(l, s->models[i].id, s->models[i].provider->id);
    for (size_t i = 0; i < s->n_providers; i++)
        put_provider(l, &s->providers[i]);
}

/* ---- pages ---- */

/* How the dialects that have pages name what asks for one. */
static const struct paging {
    enum dialect_id dialect;
    const char *most, *after, *before;
} pagings[] = {{DIALECT_ANTHROPIC, "limit", "after_id", "before_id"},
               {DIALECT_GEMINI, "pageSize", "pageToken", NULL},
               {DIALECT_COHERE, "page_size", "page_token", NULL}};

static const struct paging *paging_of(enum dialect_id dialect)
{
    for (size_t i = 0; i < ARRAY_LEN(pagings); i++)
        if (pagings[i].dialect == dialect)
            return &pagings[i];
    return NULL;
}

static str query_value(struct exchange *x, const char *name)
{
    str rest = x->head.query, pair, key, value, out = S_EMPTY;
    while (name && rest.n > 0) {
        str_cut(rest, '&', &pair, &rest);
        str_cut(pair, '=', &key, &value);
        if (str_eq(key, str_from_cz(name)) && !path_decode(&x->request, value, &out))
            out = S_EMPTY;
    }
    return out;
}

static int wrong_page(struct exchange *x, const char *name, const char *what)
{
    x->err.param = str_from_cz(name);
    return exchange_fail(x, -E_BAD_REQUEST, "%s %s.", name, what);
}

static int read_page(struct listing *l)
{
    struct exchange *x = l->x;
    const struct paging *names = paging_of(l->shape->dialect);
    uint64_t most = 0;
    l->page.a = &x->request;
    if (!names)
        return 0;
    l->page.after = query_value(x, names->after);
    l->page.before = query_value(x, names->before);
    str text = query_value(x, names->most);
    if (text.n > 0 && (!str_to_u64(text, &most) || most == 0))
        return wrong_page(x, names->most, "must be a positive number");
    l->page.most = (size_t)MIN(most, (uint64_t)100000);
    if (l->page.before.n == 0)
        return 0;
    l->is_counting = true;
    put_all(l);
    l->is_counting = false;
    if (!l->has_found)
        return wrong_page(x, names->before, "names no model of this list");
    l->page.skip = l->page.most > 0 && l->n_before > l->page.most ? l->n_before - l->page.most : 0;
    return 0;
}

static int MAY_YIELD reply_list(struct listing *l, struct buf *body)
{
    struct exchange *x = l->x;
    if (!l->page.is_begun)
        return wrong_page(x, paging_of(l->shape->dialect)->after, "names no model of this list");
    if (!buf_is_ok(body))
        return err_set_code(&x->err, -E_TOO_LARGE);
    return reply_whole(x, 200, S("application/json"), S_EMPTY, buf_str(body));
}

int models_list(struct exchange *x)
{
    struct buf body;
    struct listing l = {.x = x, .shape = models_shape_of(reply_dialect(x))};
    refresh(x);
    int rc = read_page(&l);
    if (rc < 0)
        return rc;
    buf_init(&body, 32u << 20);
    l.page.w = json_writer(&body);
    models_page_begin(&l.page, l.shape);
    put_all(&l);
    models_page_end(&l.page, l.shape);
    buf_fini(&l.page.last);
    rc = reply_list(&l, &body);
    buf_fini(&body);
    return rc;
}

/* Does the provider say it has this model? Unknown when it could not be asked. */
static bool is_listed(const struct model_ref *ref)
{
    if (ref->provider->kind == PROVIDER_SIM) {
        for (size_t i = 0; i < sim_models_n; i++)
            if (str_eq(sim_models[i], ref->upstream_model))
                return true;
        return false;
    }
    const struct shelf *s = table_get(&shelves, ref->provider->id);
    if (!s || s->has_failed)
        return true;
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(s->models[i], ref->upstream_model))
            return true;
    return false;
}

static int MAY_YIELD find(struct exchange *x, str name)
{
    if (!request_model_is_sane(name))
        return exchange_fail(x, -E_MODEL_NOT_FOUND, "No model has such a name.");
    int rc = relay_find_target(x, name);
    if (rc < 0)
        return rc;
    refresh(x);
    if (x->target.route.n == 0 && !is_listed(&x->target))
        return exchange_fail(x, -E_MODEL_NOT_FOUND,
                             "The provider \"" STR_FMT "\" has no model \"" STR_FMT "\".",
                             STR_ARG(x->target.provider->id), STR_ARG(x->target.upstream_model));
    return 0;
}

int models_get(struct exchange *x)
{
    int rc = find(x, x->path_arg);
    if (rc < 0)
        return rc;
    struct buf body;
    buf_init(&body, 64u << 10);
    struct json_writer w = json_writer(&body);
    models_shape_of(reply_dialect(x))->put(&w, x->model, x->target.provider->id);
    rc = reply_whole(x, 200, S("application/json"), S_EMPTY, buf_str(&body));
    buf_fini(&body);
    return rc;
}

/* ---- Ollama's other calls ---- */

static int MAY_YIELD show(struct exchange *x)
{
    const struct json *root = NULL;
    size_t error_at = 0;
    int rc = exchange_read_body(x);
    if (rc < 0)
        return rc;
    if (json_read(&x->request, str_of(x->body.p, x->body.n), &root, &error_at) < 0)
        return exchange_fail(x, -E_JSON, "The request body is not valid JSON (at byte %zu).",
                             error_at);
    str name = json_str(json_get(root, "model"));
    return find(x, name.n > 0 ? name : json_str(json_get(root, "name")));
}

int models_show(struct exchange *x)
{
    int rc = show(x);
    if (rc < 0)
        return rc;
    struct buf body;
    buf_init(&body, 64u << 10);
    struct json_writer w = json_writer(&body);
    json_begin_object(&w, NULL);
    json_put_str(&w, "modelfile", S_EMPTY);
    json_put_str(&w, "parameters", S_EMPTY);
    json_put_str(&w, "template", S_EMPTY);
    json_begin_object(&w, "details");
    json_put_str(&w, "format", S_EMPTY);
    json_put_str(&w, "family", x->target.provider->id);
    json_put_str(&w, "parameter_size", S_EMPTY);
    json_put_str(&w, "quantization_level", S_EMPTY);
    json_end_object(&w);
    json_begin_object(&w, "model_info");
    json_put_str(&w, "general.basename", x->target.upstream_model);
    json_end_object(&w);
    json_begin_array(&w, "capabilities");
    json_put_str(&w, NULL, S("completion"));
    json_put_str(&w, NULL, S("tools"));
    json_end_array(&w);
    json_end_object(&w);
    rc = reply_whole(x, 200, S("application/json"), S_EMPTY, buf_str(&body));
    buf_fini(&body);
    return rc;
}

int models_version(struct exchange *x)
{
    return reply_whole(x, 200, S("application/json"), S_EMPTY,
                       S("{\"version\":\"" THROWBAR_VERSION "\"}"));
}

int models_running(struct exchange *x)
{
    return reply_whole(x, 200, S("application/json"), S_EMPTY, S("{\"models\":[]}"));
}
