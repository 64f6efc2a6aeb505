/* Who owns a stored response.
 *
 * The gateway keeps no responses. What passed through it lately is in a small table of this
 * process: id -> provider and caller, so that a later GET goes straight to the owner and no
 * caller reaches another caller's response. An id that is not there (older, or made through
 * another instance) is asked for at every provider that stores responses, in the order of the
 * configuration; the first that knows it has it. A provider answers 404 for an id it does not
 * know, so asking changes nothing. */
#include "gate/responses.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "gate/relay.h"
#include "gate/reply.h"
#include "rt/task.h"

#define OWNERS_MAX     16384 /* a new id takes the place of an old one with the same slot */
#define ID_MAX         128
#define PATH_MAX_BYTES 8192

struct owner {
    uint64_t id;       /* hash; 0: free */
    uint64_t provider; /* hash of its name */
    uint64_t caller;   /* hash of the key's name; 0 in open mode */
};

static struct {
    pthread_mutex_t lock; /* held for a look-up only */
    struct owner slots[OWNERS_MAX];
} owners = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t caller_hash(const struct exchange *x)
{
    return x->key ? str_hash(x->key->id, 2) | 1 : 0;
}

void responses_learn(struct exchange *x, str id)
{
    struct owner o = {.id = str_hash(id, 1) | 1,
                      .provider = str_hash(x->target.provider->id, 3),
                      .caller = caller_hash(x)};
    pthread_mutex_lock(&owners.lock);
    owners.slots[o.id / 2 % OWNERS_MAX] = o;
    pthread_mutex_unlock(&owners.lock);
}

static bool find_owner(str id, struct owner *out)
{
    uint64_t hash = str_hash(id, 1) | 1;
    pthread_mutex_lock(&owners.lock);
    *out = owners.slots[hash / 2 % OWNERS_MAX];
    pthread_mutex_unlock(&owners.lock);
    return out->id == hash;
}

bool responses_is_anothers(const struct exchange *x, str id)
{
    struct owner owner;
    return find_owner(id, &owner) && owner.caller != caller_hash(x);
}

/* Ids go into a URL of the provider: nothing but the characters they are made of. */
static bool is_id(str id)
{
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!is_plain)
            return false;
    }
    return id.n > 0 && id.n <= ID_MAX;
}

/* The client's path behind /v1, with its query but for a gateway key in it; empty when that is too
 * long. */
static str upstream_path(struct exchange *x)
{
    struct buf b;
    str rest = x->head.query, pair;
    buf_init(&b, PATH_MAX_BYTES);
    buf_put(&b, str_skip(x->head.path, 3));
    char before = '?';
    while (rest.n > 0) {
        str_cut(rest, '&', &pair, &rest);
        if (pair.n == 0 || str_has_prefix(pair, S("key=")))
            continue;
        buf_put_char(&b, before);
        buf_put(&b, pair);
        before = '&';
    }
    str path = buf_is_ok(&b) ? arena_str(&x->request, buf_str(&b)) : S_EMPTY;
    buf_fini(&b);
    return path;
}

static bool stores_responses(const struct provider *p)
{
    return p->kind == PROVIDER_OPENAI || p->kind == PROVIDER_OPENAI_RESPONSES;
}

/* Asks one provider. -E_NOT_FOUND if it does not know the id; else the answer has been passed
 * on, or failed. */
static int MAY_YIELD ask(struct exchange *x, struct provider *p, const struct call_request *r)
{
    struct plan plan;
    struct call call;
    x->target = (struct model_ref){.provider = p};
    plan_begin(&plan, x->lease, p);
    int64_t before = task_deadline_narrow(relay_deadline(x));
    int rc = relay_open(x, &plan, r, &call);
    if (rc == 0 && call.head.status == 404) {
        struct buf ignored;
        buf_init(&ignored, 1u << 20);
        rc = answer_read(&call, &ignored);
        buf_fini(&ignored);
        call_close(&call, rc);
        if (rc == 0)
            rc = -E_NOT_FOUND;
    } else if (rc == 0) {
        rc = answer_relay(x, &call, false);
    }
    task_deadline_restore(before);
    return rc;
}

static int not_found(struct exchange *x, str id)
{
    return exchange_fail(x, -E_RESPONSE_NOT_FOUND,
                         "No provider knows a response with the id \"" STR_FMT "\".", STR_ARG(id));
}

int responses_relay(struct exchange *x)
{
    str id = x->path_arg;
    if (!is_id(id))
        return not_found(x, str_slice(id, 0, ID_MAX));
    struct owner owner;
    bool is_known = find_owner(id, &owner);
    if (is_known && owner.caller != caller_hash(x))
        return not_found(x, id);
    x->op = operation_get(OP_RESPONSES);
    bool is_post = str_eq(x->method, S("POST"));
    struct call_request r = {.method = x->path->method,
                             .path = upstream_path(x)}; /* GET for HEAD */
    if (r.path.n == 0)
        return exchange_fail(x, -E_HEAD_TOO_LARGE,
                             "The query is longer than what is passed on (%d bytes).",
                             PATH_MAX_BYTES);
    r.content_type = is_post ? S("application/json") : S_EMPTY;
    client_watch_hangup(x->client, true);
    int rc = -E_NOT_FOUND;
    for (size_t i = 0; i < x->snapshot->n_providers && rc == -E_NOT_FOUND; i++) {
        struct provider *p = &x->snapshot->providers[i];
        bool is_candidate =
            stores_responses(p) && (!is_known || owner.provider == str_hash(p->id, 3));
        if (is_candidate)
            rc = ask(x, p, &r);
    }
    client_watch_hangup(x->client, false);
    return rc == -E_NOT_FOUND ? not_found(x, id) : rc;
}
