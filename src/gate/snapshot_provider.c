/* The providers of a snapshot: where they are, how they are reached, what they are shown.
 *
 * A provider that is known by name brings its base URL, its dialect and the header for its key from
 * llm/vendors.def; whatever the file says goes first. What the file says and this kind of provider
 * cannot use is an error, not ignored.
 *
 * Everything that decides whether two requests may share a connection goes into the endpoint's
 * pool_key as text: scheme, place, TLS files, proxy. So connections survive a reload exactly when
 * nothing of that has changed.
 *
 * Credentials stay where config_check.c put them, in secrets that the tree owns; the snapshot holds
 * the tree. Only what a proxy needs is made into a text of its own, and wiped with the snapshot. */
#include <string.h>

#include "gate/config_value.h"
#include "gate/snapshot_parts.h"
#include "gate/vendor.h"

/* One provider while it is compiled. */
struct work {
    struct snapshot *s;
    struct config *c;
    const struct config_node *n;
    const struct vendor *vendor; /* NULL: a plain dialect */
    struct provider *p;
    bool has_tls;
};

static void release_tls_client(void *obj)
{
    tls_client_release(obj);
}

static void release_inflight(void *obj)
{
    const struct provider *p = obj;

    provider_inflight_release(p->id);
}

static void wipe_proxy(void *obj)
{
    struct dial_proxy *proxy = obj;

    config_wipe(proxy->authorization);
}

/* ---- kind ---- */

static void complain_no_kind(struct work *w)
{
    str id = w->n->key;

    if (vendor_kind_is_later(id)) {
        struct config_problem *p = config_complain_key(
            w->c, CONFIG_KIND_NOT_BUILT, w->n,
            "`" STR_FMT "` is a kind of provider that this version does not have", STR_ARG(id));
        p->help = S("an OpenAI-compatible endpoint can be used with kind: openai-chat");
        return;
    }
    struct config_problem *p = config_complain_key(
        w->c, CONFIG_MISSING, w->n, "`" STR_FMT "` is no provider known by name and lacks `kind`",
        STR_ARG(config_quote(w->c, id)));
    str near = vendor_nearest_kind(id);
    p->help = near.n > 0 ? config_did_you_mean(w->c, near) : S("for example kind: openai-chat");
}

/* False: what the provider is remains unknown. */
static bool find_kind(struct work *w)
{
    const struct config_node *kind = config_get(w->n, "kind");

    if (kind)
        return !kind->is_bad && vendor_kind(kind->text, &w->p->kind, &w->vendor);
    w->vendor = vendor_find(w->n->key);
    if (w->vendor) {
        w->p->kind = w->vendor->kind;
        return true;
    }
    complain_no_kind(w);
    return false;
}

/* ---- proxy ---- */

static const struct dial_proxy *keep_proxy(struct work *w, const struct dial_proxy *proxy)
{
    struct dial_proxy *kept = arena_new(&w->s->arena, struct dial_proxy);

    *kept = *proxy;
    arena_on_fini(&w->s->arena, wipe_proxy, kept);
    return kept;
}

static const struct dial_proxy *configured_proxy(struct work *w, const struct config_node *n)
{
    struct dial_proxy proxy = {.port = 0};

    if (n->is_bad)
        return NULL;
    str url = n->secret ? secret_expose(n->secret) : n->text;
    const char *why = NULL;
    if (dial_proxy_parse(&w->s->arena, url, &proxy, &why) < 0) {
        struct config_problem *p =
            config_complain(w->c, CONFIG_PROXY, n, "this is no proxy: %s", why);
        p->help = S("for example http://proxy:3128");
        return NULL;
    }
    return keep_proxy(w, &proxy);
}

static const struct dial_proxy *environment_proxy(struct work *w, const struct endpoint *e)
{
    struct dial_proxy proxy = {.port = 0};
    const char *why = NULL;

    if (w->c->sources->is_sealed)
        return NULL;
    str url = dial_proxy_from_env(e->is_tls, e->host, e->port);
    if (url.n == 0)
        return NULL;
    if (dial_proxy_parse(&w->s->arena, url, &proxy, &why) < 0) {
        config_complain_key(w->c, CONFIG_PROXY, w->n,
                            "the environment's proxy for this provider is not usable: %s", why);
        return NULL;
    }
    return keep_proxy(w, &proxy);
}

static void choose_proxies(struct work *w)
{
    const struct config_node *n = config_get(w->n, "proxy");

    if (n && n->is_word)
        return;
    const struct dial_proxy *configured = n ? configured_proxy(w, n) : NULL;
    for (size_t i = 0; i < w->p->n_endpoints; i++) {
        struct endpoint *e = &w->p->endpoints[i];
        if (e->unix_path.n == 0)
            e->proxy = n ? configured : environment_proxy(w, e);
    }
}

/* ---- endpoints ---- */

/* These providers' own SDKs take an address without a version, which is part of their paths; people
 * write it with one, as for OpenAI. Both mean the same server. */
static str without_version(const struct work *w, str base_path)
{
    static const struct {
        enum provider_kind kind;
        str version;
    } versions[] = {
        {PROVIDER_ANTHROPIC, {"/v1", 3}}, {PROVIDER_COHERE, {"/v1", 3}},
        {PROVIDER_COHERE, {"/v2", 3}},    {PROVIDER_GEMINI, {"/v1beta", 7}},
        {PROVIDER_OLLAMA, {"/v1", 3}},    {PROVIDER_OLLAMA, {"/api", 4}},
    };
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        str version = versions[i].version;
        if (w->p->kind == versions[i].kind && str_has_suffix(base_path, version))
            return str_slice(base_path, 0, base_path.n - version.n);
    }
    return base_path;
}

static void add_endpoint(struct work *w, str url, int64_t weight)
{
    struct endpoint *e = &w->p->endpoints[w->p->n_endpoints];
    struct value_url u;
    const char *why = NULL;

    e->url = snapshot_str(w->s, url);
    if (value_url(&w->s->arena, e->url, &u, &why) < 0)
        return; /* config_check.c has said so */
    e->host = u.host;
    e->port = u.port;
    e->unix_path = u.unix_path;
    e->authority = u.authority;
    e->base_path = without_version(w, u.base_path);
    e->is_tls = u.is_tls;
    e->weight = (unsigned)MAX(weight, 1);
    e->provider = w->p;
    e->index = (uint32_t)w->s->n_endpoints++;
    w->has_tls |= u.is_tls;
    w->p->n_endpoints++;
}

static void compile_endpoint_list(struct work *w, const struct config_node *list)
{
    if (list->type != CONFIG_LIST)
        return;
    w->p->endpoints = arena_new_n(&w->s->arena, struct endpoint, list->n);
    for (const struct config_node *n = list->first; n; n = n->next) {
        const struct config_node *url = config_get(n, "url");
        if (config_is_good(url))
            add_endpoint(w, url->text, config_number(n, "weight"));
    }
}

static bool has_url(const struct config_node *list, str url)
{
    for (const struct config_node *n = list->first; n; n = n->next) {
        if (str_eq(config_text(n, "url"), url))
            return true;
    }
    return false;
}

static void add_preset(struct work *w)
{
    str url = snapshot_fill_places(w->s, w->c, w->n, w->vendor->base_url);
    if (url.n > 0)
        add_endpoint(w, url, 1);
}

static void compile_endpoints(struct work *w)
{
    const struct config_node *base = config_get(w->n, "base_url");
    const struct config_node *list = config_get(w->n, "endpoints");

    if (base && list && !has_url(list, base->text)) {
        struct config_problem *p = config_complain_key(w->c, CONFIG_CONFLICT, list,
                                                       "`base_url` is none of the `endpoints`");
        p->help = S("use one of the two");
        return;
    }
    if (list) {
        compile_endpoint_list(w, list);
        return;
    }
    if (!base && !w->vendor) {
        struct config_problem *p =
            config_complain_key(w->c, CONFIG_NO_BASE_URL, w->n, "`" STR_FMT "` lacks `base_url`",
                                STR_ARG(config_quote(w->c, w->n->key)));
        p->help = S("for example base_url: http://127.0.0.1:8000/v1");
        return;
    }
    w->p->endpoints = arena_new_n(&w->s->arena, struct endpoint, 1);
    if (!base)
        add_preset(w);
    else if (!base->is_bad)
        add_endpoint(w, base->text, 1);
}

static void put_part(struct buf *b, const char *name, str value)
{
    if (value.n > 0)
        buf_printf(b, "|%s=" STR_FMT, name, STR_ARG(value));
}

static void make_pool_key(struct work *w, struct endpoint *e)
{
    struct buf b;

    buf_init(&b, 64u << 10);
    if (e->unix_path.n > 0)
        buf_printf(&b, "unix:" STR_FMT, STR_ARG(e->unix_path));
    else
        buf_printf(&b, "%s://" STR_FMT ":%u", e->is_tls ? "https" : "http", STR_ARG(e->host),
                   (unsigned)e->port);
    if (e->is_tls) {
        put_part(&b, "ca", config_text(w->n, "ca"));
        put_part(&b, "cert", config_text(w->n, "cert"));
        put_part(&b, "key", config_text(w->n, "key"));
    }
    if (e->proxy)
        buf_printf(&b, "|proxy=" STR_FMT ":%u#%08x", STR_ARG(e->proxy->host),
                   (unsigned)e->proxy->port, (unsigned)crypt_crc32(e->proxy->authorization));
    e->pool_key = arena_str(&w->s->arena, buf_str(&b));
    buf_fini(&b);
}

/* ---- TLS ---- */

static const char *path_or_null(struct work *w, const char *key)
{
    str path = config_text(w->n, key);

    return path.n > 0 ? arena_cz(&w->s->arena, path) : NULL;
}

/* The first TLS file that is configured and, with a `why`, that it names. NULL: none. */
static const struct config_node *tls_file(struct work *w, str why)
{
    static const char *const names[] = {"ca", "cert", "key"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct config_node *file = config_get(w->n, names[i]);
        if (file && (why.n == 0 || str_find(why, file->text) != STR_NONE))
            return file;
    }
    return NULL;
}

static void compile_tls(struct work *w)
{
    struct tls_client_options o = {.ca = path_or_null(w, "ca"),
                                   .cert = path_or_null(w, "cert"),
                                   .key = path_or_null(w, "key")};
    const struct config_node *first = tls_file(w, S_EMPTY);
    str why = S_EMPTY;

    if ((o.cert != NULL) != (o.key != NULL)) {
        config_complain_key(w->c, CONFIG_MISSING, first, "`cert` and `key` belong together");
        return;
    }
    if (!w->has_tls) {
        if (first && w->p->n_endpoints > 0)
            config_complain_key(w->c, CONFIG_CONFLICT, first,
                                "no endpoint of this provider is https, so `" STR_FMT
                                "` has no use",
                                STR_ARG(first->key));
        return;
    }
    if (w->c->sources->is_sealed)
        return;
    if (tls_client_acquire(&o, &w->p->tls, &why, &w->c->arena) < 0) {
        w->p->tls = NULL;
        const struct config_node *file = tls_file(w, why);
        config_complain(w->c, CONFIG_TLS_CLIENT, file ? file : w->n, STR_FMT, STR_ARG(why));
        return;
    }
    arena_on_fini(&w->s->arena, release_tls_client, w->p->tls);
}

/* ---- credentials ---- */

static void add_key(struct work *w, str id, const struct config_node *value, int64_t weight)
{
    if (!config_is_good(value) || !value->secret)
        return;
    w->p->keys[w->p->n_keys++] = (struct provider_key){
        .id = snapshot_str(w->s, id),
        .value = value->secret,
        .weight = (unsigned)MAX(weight, 1),
        .index = (uint32_t)w->s->n_provider_keys++,
    };
}

static void compile_key_list(struct work *w, const struct config_node *list)
{
    struct table ids;

    if (list->type != CONFIG_LIST)
        return;
    table_init(&ids);
    w->p->keys = arena_new_n(&w->s->arena, struct provider_key, list->n);
    for (const struct config_node *n = list->first; n; n = n->next) {
        struct config_node *id = config_get(n, "id");
        if (!config_is_good(id))
            continue;
        const struct config_node *first = table_add(&ids, id->text, id);
        if (first)
            config_complain(w->c, CONFIG_DUPLICATE_ID, id, "the same id stands in line %u already",
                            first->at.line);
        add_key(w, id->text, config_get(n, "value"), config_number(n, "weight"));
    }
    table_fini(&ids);
}

/* By something else than an API key. */
static bool is_signed_in(const struct work *w)
{
    return config_get(w->n, "oauth") || config_get(w->n, "entra") || config_get(w->n, "aws") ||
           config_get(w->n, "credentials");
}

static void compile_keys(struct work *w)
{
    const struct config_node *one = config_get(w->n, "api_key");
    const struct config_node *list = config_get(w->n, "keys");

    if (one && list) {
        config_complain_key(w->c, CONFIG_CONFLICT, list, "`keys` and `api_key` exclude each other");
    } else if (list) {
        compile_key_list(w, list);
    } else if (one) {
        w->p->keys = arena_new(&w->s->arena, struct provider_key);
        add_key(w, S("default"), one, 1);
    } else if (w->vendor && w->vendor->env && w->vendor->env[0] != '\0' && !is_signed_in(w) &&
               !config_get(w->n, "base_url") && !config_get(w->n, "endpoints")) {
        struct config_problem *p =
            config_complain_key(w->c, CONFIG_NO_CREDENTIAL, w->n, "`" STR_FMT "` has no api_key",
                                STR_ARG(config_quote(w->c, w->n->key)));
        p->help = arena_printf(&w->c->arena, "add api_key: ${env:%s}", w->vendor->env);
    }
}

/* ---- headers ---- */

static void compile_headers(struct work *w)
{
    const struct config_node *map = config_get(w->n, "headers");
    const struct config_node *list = config_get(w->n, "forward_headers");

    if (map && map->type == CONFIG_MAP) {
        w->p->headers = arena_alloc0(&w->s->arena, arena_mul(sizeof *w->p->headers, map->n));
        for (const struct config_node *n = map->first; n; n = n->next) {
            if (n->is_bad)
                continue;
            w->p->headers[w->p->n_headers].name = snapshot_str(w->s, n->key);
            w->p->headers[w->p->n_headers++].value =
                n->secret ? secret_expose(n->secret) : snapshot_str(w->s, n->text);
        }
    }
    if (list && list->type == CONFIG_LIST) {
        w->p->forward_headers = arena_new_n(&w->s->arena, str, list->n);
        for (const struct config_node *n = list->first; n; n = n->next) {
            if (!n->is_bad)
                w->p->forward_headers[w->p->n_forward_headers++] = snapshot_str(w->s, n->text);
        }
    }
}

/* ---- the rest ---- */

static struct timeouts timeouts_of(const struct config_node *n)
{
    return (struct timeouts){
        .dns_us = config_number(n, "dns"),
        .connect_us = config_number(n, "connect"),
        .tls_us = config_number(n, "tls"),
        .first_byte_us = config_number(n, "first_byte"),
        .idle_us = config_number(n, "idle"),
        .total_us = config_number(n, "total"),
    };
}

static void refuse_for_sim(struct work *w)
{
    static const char *const useless[] = {"base_url",        "endpoints", "api_key", "keys",
                                          "headers",         "ca",        "cert",    "key",
                                          "forward_headers", "proxy"};

    for (size_t i = 0; i < ARRAY_LEN(useless); i++) {
        const struct config_node *n = config_get(w->n, useless[i]);
        if (n)
            config_complain_key(w->c, CONFIG_CONFLICT, n,
                                "the simulator has no use for `%s`: it answers inside the process",
                                useless[i]);
    }
}

static str origin_of(const struct work *w)
{
    if (!w->c->is_builtin)
        return S("file");
    return w->p->n_keys > 0 ? S("environment") : S("discovered");
}

/* Azure's API by deployment is another one than /openai/v1, told by the version it has. */
static void choose_azure(struct work *w)
{
    str version = config_text(w->n, "api_version");
    bool has_version = version.n > 0 && !str_eq(version, S("v1"));
    if (w->p->kind == PROVIDER_AZURE_V1 && has_version)
        w->p->kind = PROVIDER_AZURE;
}

static void compile_provider(struct work *w)
{
    struct provider *p = w->p;

    p->timeouts = timeouts_of(config_get(w->n, "timeouts"));
    p->max_concurrent = (unsigned)config_number(w->n, "max_concurrent");
    p->auth_header = str_from_cz(w->vendor ? w->vendor->auth_header : "authorization");
    p->auth_scheme = str_from_cz(w->vendor ? w->vendor->auth_scheme : "Bearer ");
    if (p->kind == PROVIDER_SIM) {
        refuse_for_sim(w);
    } else {
        choose_azure(w);
        compile_endpoints(w);
        compile_tls(w);
        compile_keys(w);
        compile_headers(w);
        snapshot_compile_cloud(w->s, w->c, w->n, p);
        snapshot_compile_custom(w->s, w->c, w->n, p);
        choose_proxies(w);
        for (size_t i = 0; i < p->n_endpoints; i++)
            make_pool_key(w, &p->endpoints[i]);
    }
    p->can = w->vendor ? w->vendor->can : 0;
    p->origin = origin_of(w);
}

static struct provider *new_provider(struct snapshot *s, str id)
{
    struct provider *p = &s->providers[s->n_providers];

    p->id = snapshot_str(s, id);
    if (table_add(&s->providers_by_id, p->id, p))
        return NULL;
    p->index = (uint32_t)s->n_providers++;
    p->inflight = provider_inflight_acquire(p->id);
    arena_on_fini(&s->arena, release_inflight, p);
    return p;
}

static void add_sim(struct snapshot *s)
{
    struct provider *p = new_provider(s, S("sim"));
    const struct option *o = NULL;
    int64_t total_us = 0;

    if (!p)
        return; /* the file has the reserved id, which is an error */
    for (size_t i = 0; i < schema_count(); i++) {
        o = schema_at(i);
        if (strcmp(o->path, "providers.*.timeouts.total") == 0)
            must(value_duration(str_from_cz(o->fallback), &total_us));
    }
    p->kind = PROVIDER_SIM;
    p->timeouts =
        (struct timeouts){.first_byte_us = total_us, .idle_us = total_us, .total_us = total_us};
    p->origin = S("builtin");
}

void snapshot_compile_providers(struct snapshot *s, struct config *c)
{
    const struct config_node *map = config_get(c->root, "providers");
    bool is_map = map && map->type == CONFIG_MAP;

    s->providers = arena_new_n(&s->arena, struct provider, (is_map ? map->n : 0) + 1);
    for (const struct config_node *n = is_map ? map->first : NULL; n; n = n->next) {
        if (str_eq(n->key, S("sim"))) {
            config_complain_key(c, CONFIG_RESERVED_ID, n, "`sim` is the built-in simulator");
            continue;
        }
        struct work w = {.s = s, .c = c, .n = n, .p = new_provider(s, n->key)};
        if (w.p && n->type == CONFIG_MAP && find_kind(&w))
            compile_provider(&w);
    }
    add_sim(s);
}
