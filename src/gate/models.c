/* The list of models: the operator's aliases, then what each provider says it has, as
 * provider/model.
 *
 * Providers are asked side by side and not for long; what they said is kept for a minute per
 * worker, so a client that lists models often does not load them. A provider that does not
 * answer is left out and named in tb-warnings: a list with a gap is more useful than none. A
 * caller sees only the models its key may use. */
#include "gate/models.h"

#include <string.h>

#include "base/clock.h"
#include "base/pool.h"
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

static void read_list(struct shelf *s, str body)
{
    const struct json *root = NULL;
    size_t error_at = 0;
    struct arena scratch;
    arena_init(&scratch, 4096, 64u << 20);
    s->n = 0;
    s->has_failed = json_read(&scratch, body, &root, &error_at) < 0;
    const struct json *items = json_get(root, "data");
    s->models = arena_new_n(&s->arena, str, MIN(json_count(items), (size_t)MODELS_MAX) + 1);
    for (struct json_iter it = json_iter(items); json_iter_next(&it) && s->n < MODELS_MAX;) {
        str id = json_str(json_get(it.value, "id"));
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
    struct call_request r = {.method = S("GET"), .path = S("/models")};
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
        read_list(q->shelf, buf_str(&body));
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
        if (p->kind == PROVIDER_SIM)
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

static void put_model(struct json_writer *w, str id, str owner)
{
    json_begin_object(w, NULL);
    json_put_str(w, "id", id);
    json_put_str(w, "object", S("model"));
    json_put_int(w, "created", 0);
    json_put_str(w, "owned_by", owner);
    json_end_object(w);
}

static void put_if_allowed(struct exchange *x, struct json_writer *w, str id, str owner)
{
    if (auth_allows_model(x->key, id))
        put_model(w, id, owner);
}

/* provider/model for each name. They may be many and long: none is kept. */
static void put_models(struct exchange *x, struct json_writer *w, str provider, const str *models,
                       size_t n)
{
    struct buf id;
    buf_init(&id, 8192);
    for (size_t i = 0; i < n; i++) {
        buf_reset(&id);
        buf_put(&id, provider);
        buf_put_char(&id, '/');
        buf_put(&id, models[i]);
        put_if_allowed(x, w, buf_str(&id), provider);
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

static void put_provider(struct exchange *x, struct json_writer *w, const struct provider *p)
{
    const struct shelf *s = table_get(&shelves, p->id);
    if (p->kind == PROVIDER_SIM)
        put_models(x, w, p->id, sim_models, sim_models_n);
    else if (!s || s->has_failed)
        warn_of_gap(x, p->id);
    else
        put_models(x, w, p->id, s->models, s->n);
}

int models_list(struct exchange *x)
{
    struct buf body;
    refresh(x);
    buf_init(&body, 32u << 20);
    struct json_writer w = json_writer(&body);
    json_begin_object(&w, NULL);
    json_put_str(&w, "object", S("list"));
    json_begin_array(&w, "data");
    for (size_t i = 0; i < x->snapshot->n_models; i++)
        put_if_allowed(x, &w, x->snapshot->models[i].id, x->snapshot->models[i].provider->id);
    for (size_t i = 0; i < x->snapshot->n_providers; i++)
        put_provider(x, &w, &x->snapshot->providers[i]);
    json_end_array(&w);
    json_end_object(&w);
    int rc = buf_is_ok(&body) ? reply_whole(x, 200, S("application/json"), S_EMPTY, buf_str(&body))
                              : err_set_code(&x->err, -E_TOO_LARGE);
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

int models_get(struct exchange *x)
{
    if (!request_model_is_sane(x->path_arg))
        return exchange_fail(x, -E_MODEL_NOT_FOUND, "No model has such a name.");
    int rc = relay_find_target(x, x->path_arg);
    if (rc < 0)
        return rc;
    refresh(x);
    if (x->target.route.n == 0 && !is_listed(&x->target))
        return exchange_fail(x, -E_MODEL_NOT_FOUND,
                             "The provider \"" STR_FMT "\" has no model \"" STR_FMT "\".",
                             STR_ARG(x->target.provider->id), STR_ARG(x->target.upstream_model));
    struct buf body;
    buf_init(&body, 64u << 10);
    struct json_writer w = json_writer(&body);
    put_model(&w, x->model, x->target.provider->id);
    rc = reply_whole(x, 200, S("application/json"), S_EMPTY, buf_str(&body));
    buf_fini(&body);
    return rc;
}
