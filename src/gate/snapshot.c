/* A snapshot's life, and what is asked of it while it lives.
 *
 * The snapshot lies in its own arena, like everything it points to; its last release frees the
 * arena, whose destructors let go of TLS contexts and wipe what was secret. Any thread may be the
 * last.
 *
 * What must outlive a reload is not in the snapshot. The number of requests in flight to a provider
 * is one counter for all snapshots that have a provider of this id: a limit of 64 must not become
 * 128 because a file was saved. The counters live in a registry, found by id while a snapshot is
 * compiled and counted by the snapshots that use them; requests touch the counter only. */
#include "gate/snapshot.h"

#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"
#include "gate/snapshot_parts.h"

#define SUGGESTIONS_MAX 3
#define NEAR_LIMIT      3u
#define NAME_MAX_NEAR   128 /* longer names are nobody's typing mistake */

/* ---- counters shared between snapshots ---- */

struct inflight {
    _Atomic unsigned n; /* written by every worker; relaxed: a limit, not a lock */
    unsigned users;     /* snapshots; under the registry's lock */
    size_t block_bytes;
    size_t id_n;
    char id[];
};

static struct table registry; /* id -> struct inflight; under the lock */
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;

static struct inflight *inflight_new(str id)
{
    size_t size = 0;
    struct inflight *f = pool_acquire(sizeof *f + id.n, &size);

    memset(f, 0, sizeof *f);
    if (id.n > 0)
        memcpy(f->id, id.p, id.n);
    f->id_n = id.n;
    f->block_bytes = size;
    return f;
}

_Atomic unsigned *provider_inflight_acquire(str id)
{
    pthread_mutex_lock(&registry_lock);
    struct inflight *f = table_get(&registry, id);
    if (!f) {
        f = inflight_new(id);
        table_add(&registry, str_of(f->id, f->id_n), f);
    }
    f->users++;
    pthread_mutex_unlock(&registry_lock);
    return &f->n;
}

void provider_inflight_release(str id)
{
    pthread_mutex_lock(&registry_lock);
    struct inflight *f = table_get(&registry, id);
    must(f && f->users > 0);
    f->users--;
    if (f->users == 0) {
        table_remove(&registry, id);
        pool_release(f, f->block_bytes);
    }
    if (registry.n == 0)
        table_fini(&registry);
    pthread_mutex_unlock(&registry_lock);
}

bool provider_slot_acquire(const struct provider *p)
{
    if (p->max_concurrent == 0)
        return true;
    if (atomic_fetch_add_explicit(p->inflight, 1, memory_order_relaxed) < p->max_concurrent)
        return true;
    atomic_fetch_sub_explicit(p->inflight, 1, memory_order_relaxed);
    return false;
}

void provider_slot_release(const struct provider *p)
{
    if (p->max_concurrent > 0)
        atomic_fetch_sub_explicit(p->inflight, 1, memory_order_relaxed);
}

/* ---- life ---- */

struct snapshot *snapshot_ref(struct snapshot *s)
{
    unsigned before = atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);

    must(before > 0);
    return s;
}

void snapshot_release(struct snapshot *s)
{
    if (!s)
        return;
    unsigned before = atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel);
    must(before > 0);
    if (before > 1)
        return;
    struct arena arena = s->arena; /* s itself lies in it */
    arena_fini(&arena);
}

/* ---- model names ---- */

int snapshot_find_model(const struct snapshot *s, str name, struct model_ref *out)
{
    const struct model *alias = table_get(&s->models_by_id, name);
    str id = S_EMPTY, model = S_EMPTY;

    if (alias) {
        *out = (struct model_ref){.provider = alias->provider,
                                  .upstream_model = alias->upstream_model,
                                  .route = alias->id};
        return 0;
    }
    if (!str_cut(name, '/', &id, &model) || model.n == 0)
        return -E_MODEL_NOT_FOUND;
    struct provider *p = table_get(&s->providers_by_id, id);
    if (!p)
        return -E_MODEL_NOT_FOUND;
    *out = (struct model_ref){.provider = p, .upstream_model = model};
    return 0;
}

struct suggestions {
    str names[SUGGESTIONS_MAX];
    unsigned distances[SUGGESTIONS_MAX];
    size_t n;
};

/* Keeps the nearest ones, nearest first. */
static void suggest(struct suggestions *list, str name, unsigned distance)
{
    size_t at = list->n;

    while (at > 0 && list->distances[at - 1] > distance)
        at--;
    if (at == SUGGESTIONS_MAX)
        return;
    size_t last = MIN(list->n, (size_t)SUGGESTIONS_MAX - 1);
    for (size_t i = last; i > at; i--) {
        list->names[i] = list->names[i - 1];
        list->distances[i] = list->distances[i - 1];
    }
    list->names[at] = name;
    list->distances[at] = distance;
    list->n = last + 1;
}

static void suggest_near(struct suggestions *list, str candidate, str shown, str wanted)
{
    unsigned d = str_distance(candidate, wanted, NEAR_LIMIT);

    if (d <= NEAR_LIMIT && d < candidate.n)
        suggest(list, shown, d);
}

str snapshot_suggest_models(const struct snapshot *s, str name, struct arena *a)
{
    struct suggestions list = {.n = 0};
    str id = S_EMPTY, model = S_EMPTY;
    struct buf b;

    if (name.n == 0 || name.n > NAME_MAX_NEAR)
        return S_EMPTY;
    bool has_slash = str_cut(name, '/', &id, &model);
    for (size_t i = 0; i < s->n_models; i++)
        suggest_near(&list, s->models[i].id, s->models[i].id, name);
    for (size_t i = 0; i < s->n_providers && has_slash && model.n > 0; i++) {
        str parts[] = {s->providers[i].id, S("/"), model};
        suggest_near(&list, s->providers[i].id, arena_concat(a, parts, ARRAY_LEN(parts)), id);
    }
    /* A bare name, as one would give it to the provider itself. */
    if (!has_slash && list.n == 0 && s->n_providers > 1) {
        str parts[] = {s->providers[0].id, S("/"), name};
        suggest(&list, arena_concat(a, parts, ARRAY_LEN(parts)), 0);
    }
    if (list.n == 0)
        return S_EMPTY;
    buf_init(&b, 4096);
    for (size_t i = 0; i < list.n; i++) {
        buf_put(&b, i == 0 ? S("did you mean ") : S(", "));
        buf_put(&b, list.names[i]);
    }
    buf_put_char(&b, '?');
    str text = arena_str(a, buf_str(&b));
    buf_fini(&b);
    return text;
}
