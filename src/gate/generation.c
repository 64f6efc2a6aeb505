/* The record of the last answers on the OpenRouter paths: a table of fixed size, in which a new one
 * takes the place of the oldest. Looking one up walks it: it happens rarely, and sixteen thousand
 * comparisons of a number are some microseconds. Money is not counted yet, so what was paid is 0.
 *
 * Source: OpenRouter API reference, "Get a generation", "Get credits", "Get current API key". */
#include "gate/generation.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "gate/reply.h"
#include "wire/json.h"

#define KEPT       16384
#define NAME_BYTES 96

struct generation {
    uint64_t id;     /* hash; 0: none */
    uint64_t caller; /* 0: open mode */
    char name[ULID_LEN];
    char model[NAME_BYTES], provider[NAME_BYTES];
    uint8_t model_n, provider_n;
    bool is_stream, is_cancelled;
    struct usage usage;
    int64_t created_s, latency_ms, first_ms;
};

static struct {
    pthread_mutex_t lock; /* held for a copy only */
    struct generation at[KEPT];
    size_t next;
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

bool generation_is_wanted(const struct exchange *x)
{
    return x->op && x->path && str_has_prefix(x->path->pattern, S("/api/v1/"));
}

static uint64_t id_hash(str id)
{
    return str_hash(id, 4) | 1;
}

static uint64_t caller_of(const struct exchange *x)
{
    return x->key ? str_hash(x->key->id, 2) | 1 : 0;
}

static uint8_t keep_name(char *to, str name)
{
    size_t n = MIN(name.n, (size_t)NAME_BYTES);
    if (n > 0)
        memcpy(to, name.p, n);
    return (uint8_t)n;
}

str generation_id(struct exchange *x)
{
    if (x->op->dialect != DIALECT_OPENROUTER)
        return S_EMPTY;
    str parts[] = {S("gen-"), str_of(x->id, ULID_LEN)};
    return arena_concat(&x->arena, parts, ARRAY_LEN(parts));
}

void generation_note(const struct exchange *x)
{
    struct generation g = {.id = id_hash(str_of(x->id, ULID_LEN)),
                           .caller = caller_of(x),
                           .is_stream = x->is_stream,
                           .is_cancelled = x->err.code == -E_CLIENT_GONE,
                           .usage = x->usage,
                           .created_s = clock_wall_us() / 1000000,
                           .latency_ms = (x->end_us - x->begin_us) / 1000,
                           .first_ms =
                               x->first_byte_us > 0 ? (x->first_byte_us - x->begin_us) / 1000 : 0};
    memcpy(g.name, x->id, ULID_LEN);
    g.model_n = keep_name(g.model, x->model);
    g.provider_n = keep_name(g.provider, x->target.provider ? x->target.provider->id : S_EMPTY);
    pthread_mutex_lock(&kept.lock);
    kept.at[kept.next] = g;
    kept.next = (kept.next + 1) % KEPT;
    pthread_mutex_unlock(&kept.lock);
}

static bool find(uint64_t id, uint64_t caller, struct generation *out)
{
    bool is_found = false;
    pthread_mutex_lock(&kept.lock);
    for (size_t i = 0; i < KEPT && !is_found; i++) {
        const struct generation *g = &kept.at[i];
        is_found = g->id != 0 && g->caller == caller && g->id == id;
        if (is_found)
            *out = *g;
    }
    pthread_mutex_unlock(&kept.lock);
    return is_found;
}

static str wanted_id(struct exchange *x)
{
    str rest = x->head.query, pair, key, value, out = S_EMPTY;
    while (rest.n > 0) {
        str_cut(rest, '&', &pair, &rest);
        str_cut(pair, '=', &key, &value);
        if (str_eq(key, S("id")) && !path_decode(&x->request, value, &out))
            out = S_EMPTY;
    }
    return str_has_prefix(out, S("gen-")) && out.n == ULID_LEN + 4 ? str_skip(out, 4) : out;
}

static void put_count(struct json_writer *w, const char *key, int64_t n)
{
    if (n >= 0)
        json_put_int(w, key, n);
    else
        json_put_null(w, key);
}

static void put_generation(struct json_writer *w, const struct generation *g)
{
    json_put_str(w, "id", str_of(g->name, ULID_LEN));
    json_put_str(w, "model", str_of(g->model, g->model_n));
    json_put_str(w, "provider_name", str_of(g->provider, g->provider_n));
    char when[25];
    json_put_str(w, "created_at", clock_format(g->created_s * 1000000, when));
    json_put_bool(w, "streamed", g->is_stream);
    json_put_bool(w, "cancelled", g->is_cancelled);
    json_put_int(w, "latency", g->first_ms);
    json_put_int(w, "generation_time", g->latency_ms);
    put_count(w, "tokens_prompt", g->usage.input_tokens);
    put_count(w, "tokens_completion", g->usage.output_tokens);
    put_count(w, "native_tokens_prompt", g->usage.input_tokens);
    put_count(w, "native_tokens_completion", g->usage.output_tokens);
    put_count(w, "native_tokens_reasoning", g->usage.reasoning_tokens);
    put_count(w, "native_tokens_cached", g->usage.cached_tokens);
    json_put_int(w, "total_cost", 0);
    json_put_int(w, "usage", 0);
    json_put_bool(w, "is_byok", true);
}

static int MAY_YIELD answer(struct exchange *x, struct buf *body)
{
    int rc = reply_whole(x, 200, S("application/json"), S_EMPTY, buf_str(body));
    buf_fini(body);
    return rc;
}

int generation_get(struct exchange *x)
{
    struct generation g;
    str id = wanted_id(x);
    x->err.param = S("id");
    if (id.n == 0)
        return exchange_fail(x, -E_BAD_REQUEST, "Name the generation: ?id=...");
    if (!find(id_hash(id), caller_of(x), &g))
        return exchange_fail(x, -E_RESPONSE_NOT_FOUND,
                             "No generation of yours with this id is remembered.");
    struct buf body;
    buf_init(&body, 8192);
    struct json_writer w = json_writer(&body);
    json_begin_object(&w, NULL);
    json_begin_object(&w, "data");
    put_generation(&w, &g);
    json_end_object(&w);
    json_end_object(&w);
    x->err = (struct err){.code = 0};
    return answer(x, &body);
}

int generation_key(struct exchange *x)
{
    struct buf body;
    buf_init(&body, 8192);
    struct json_writer w = json_writer(&body);
    json_begin_object(&w, NULL);
    json_begin_object(&w, "data");
    json_put_str(&w, "label", x->key ? x->key->id : S("open"));
    json_put_int(&w, "usage", 0);
    json_put_null(&w, "limit");
    json_put_null(&w, "limit_remaining");
    json_put_bool(&w, "is_free_tier", false);
    json_begin_object(&w, "rate_limit");
    json_put_int(&w, "requests", -1);
    json_put_str(&w, "interval", S("10s"));
    json_end_object(&w);
    json_end_object(&w);
    json_end_object(&w);
    return answer(x, &body);
}

int generation_credits(struct exchange *x)
{
    return reply_whole(x, 200, S("application/json"), S_EMPTY,
                       S("{\"data\":{\"total_credits\":0,\"total_usage\":0}}"));
}
