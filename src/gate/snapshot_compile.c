/* Tree -> snapshot, and the mistakes that only show when one looks at several options at once.
 *
 * The tree has been checked option by option (config_check.c), so here every value has its type,
 * and every option with a default is there. A node marked bad is passed over: its problem is
 * already in the list. Compiling goes on after a mistake, to find the others; whether the result
 * may be used is decided once, at the end, by the number of errors.
 *
 * Texts are copied out of the tree. The tree stays alive beside the snapshot for the admin API to
 * show, but nothing on the path of a request points into it. */
#include <sched.h>
#include <string.h>

#include "base/clock.h"
#include "gate/snapshot_parts.h"

#define ARENA_FIRST (8u << 10)
#define ARENA_CAP   (SIZE_MAX / 2) /* bounded by the tree's size */
#define WORKERS_MAX 256

static void release_tls_server(void *obj)
{
    tls_server_release(obj);
}

static void fini_table(void *obj)
{
    table_fini(obj);
}

static void release_config(void *obj)
{
    config_free(obj);
}

static struct snapshot *new_snapshot(struct config *c)
{
    struct arena arena;

    arena_init(&arena, ARENA_FIRST, ARENA_CAP);
    struct snapshot *s = arena_new(&arena, struct snapshot);
    s->arena = arena;
    atomic_init(&s->refs, 1);
    s->source = snapshot_str(s, c->file);
    struct table *tables[] = {&s->providers_by_id, &s->models_by_id, &s->keys_by_hash};
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        table_init(tables[i]);
        arena_on_fini(&s->arena, fini_table, tables[i]);
    }
    return s;
}

/* ---- server ---- */

static unsigned core_count(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) == -1)
        return 1;
    int n = CPU_COUNT(&set);
    return n < 1 ? 1 : (unsigned)MIN(n, WORKERS_MAX);
}

static struct tls_cert_files cert_files(struct snapshot *s, const struct config_node *n)
{
    return (struct tls_cert_files){.cert = arena_cz(&s->arena, config_text(n, "cert")),
                                   .key = arena_cz(&s->arena, config_text(n, "key"))};
}

/* The certificates of a tls group: its own pair, or the list under `certs`. 0: a problem. */
static size_t collect_certs(struct snapshot *s, struct config *c, const struct config_node *tls,
                            struct tls_cert_files **out)
{
    const struct config_node *certs = config_get(tls, "certs");
    bool has_cert = config_get(tls, "cert") != NULL, has_key = config_get(tls, "key") != NULL;

    if (tls->is_bad || (certs && certs->is_bad))
        return 0;
    if (certs && (has_cert || has_key)) {
        config_complain(c, CONFIG_CONFLICT, tls, "`certs` and `cert`/`key` exclude each other");
        return 0;
    }
    if (!certs && (!has_cert || !has_key)) {
        config_complain(c, CONFIG_MISSING, tls, "`tls` lacks `%s`", has_cert ? "key" : "cert");
        return 0;
    }
    size_t n = 0;
    const struct config_node *pair = certs ? certs->first : tls;
    *out = arena_new_n(&s->arena, struct tls_cert_files, certs ? certs->n : 1);
    for (; pair; pair = certs ? pair->next : NULL) {
        if (!config_is_good(config_get(pair, "cert")) || !config_is_good(config_get(pair, "key")))
            return 0;
        (*out)[n++] = cert_files(s, pair);
    }
    return n;
}

static struct tls_server *compile_tls(struct snapshot *s, struct config *c,
                                      const struct config_node *tls)
{
    struct tls_cert_files *files = NULL;
    struct tls_server *server = NULL;
    str why = S_EMPTY;

    if (!tls)
        return NULL;
    size_t n = collect_certs(s, c, tls, &files);
    if (n == 0 || c->sources->is_sealed)
        return NULL;
    if (tls_server_acquire(files, n, &server, &why, &c->arena) < 0) {
        config_complain(c, CONFIG_TLS_SERVER, tls, STR_FMT, STR_ARG(why));
        return NULL;
    }
    arena_on_fini(&s->arena, release_tls_server, server);
    return server;
}

/* False: the node is bad. */
static bool compile_listen(struct snapshot *s, struct config *c, const struct config_node *n,
                           struct listen_addr *out)
{
    const struct config_node *addr = config_get(n, "addr");

    out->tls = compile_tls(s, c, config_get(n, "tls"));
    if (!config_is_good(addr) || net_addr_parse(addr->text, &out->addr) < 0)
        return false;
    out->text = snapshot_str(s, addr->text);
    return true;
}

static bool has_port_zero(const struct net_addr *a)
{
    const struct sockaddr *sa = (const struct sockaddr *)&a->sa;
    char text[NET_ADDR_TEXT];

    return sa->sa_family != AF_UNIX && str_has_suffix(net_addr_format(sa, a->len, text), S(":0"));
}

static bool is_same_address(const struct net_addr *a, const struct net_addr *b)
{
    return a->len == b->len && memcmp(&a->sa, &b->sa, a->len) == 0 && !has_port_zero(a);
}

/* An address that was seen already, or that open mode may not bind. */
static void check_listen(struct snapshot *s, struct config *c, const struct config_node *n,
                         const struct listen_addr *l)
{
    const struct config_node *addr = config_get(n, "addr");

    for (size_t i = 0; i < s->n_listen; i++) {
        if (&s->listen[i] == l || !is_same_address(&s->listen[i].addr, &l->addr))
            continue;
        config_complain(c, CONFIG_SAME_ADDRESS, addr, "`" STR_FMT "` is already in use above",
                        STR_ARG(config_quote(c, l->text)));
        break;
    }
}

static void check_open(struct config *c, const struct config_node *n, const struct listen_addr *l)
{
    if (net_addr_is_local((const struct sockaddr *)&l->addr.sa))
        return;
    struct config_problem *p =
        config_complain(c, CONFIG_OPEN_NOT_LOCAL, config_get(n, "addr"),
                        "auth.mode is open, and `" STR_FMT "` can be reached from other machines",
                        STR_ARG(config_quote(c, l->text)));
    p->help = S("listen on 127.0.0.1 or a unix socket, or use auth.mode: keys");
}

static void compile_listeners(struct snapshot *s, struct config *c,
                              const struct config_node *server)
{
    const struct config_node *list = config_get(server, "listen");
    const struct config_node *admin = config_get(server, "admin");

    if (config_is_good(list) && list->type == CONFIG_LIST) {
        s->listen = arena_new_n(&s->arena, struct listen_addr, list->n);
        for (const struct config_node *n = list->first; n; n = n->next) {
            struct listen_addr *l = &s->listen[s->n_listen];
            if (!compile_listen(s, c, n, l))
                continue;
            check_listen(s, c, n, l);
            if (s->auth_mode == AUTH_OPEN)
                check_open(c, n, l);
            s->n_listen++;
        }
    }
    if (!admin || admin->is_word)
        return;
    struct listen_addr *l = arena_new(&s->arena, struct listen_addr);
    if (!compile_listen(s, c, admin, l))
        return;
    check_listen(s, c, admin, l);
    s->admin = l;
}

static void compile_server(struct snapshot *s, struct config *c)
{
    const struct config_node *server = config_get(c->root, "server");
    const struct config_node *limits = config_get(server, "limits");
    const struct config_node *timeouts = config_get(server, "timeouts");
    unsigned workers = (unsigned)config_number(server, "workers");

    s->workers = workers > 0 ? workers : core_count();
    s->limits = (struct limits){
        .body_bytes = (size_t)config_number(limits, "body"),
        .header_bytes = (size_t)config_number(limits, "header"),
        .reply_bytes = (size_t)config_number(limits, "reply"),
        .event_bytes = (size_t)config_number(limits, "event"),
        .connections = (unsigned)config_number(limits, "connections"),
        .idle_upstream = (unsigned)config_number(limits, "idle_upstream"),
        .drain_us = config_number(limits, "drain"),
    };
    s->timeouts = (struct server_timeouts){
        .header_us = config_number(timeouts, "header"),
        .body_us = config_number(timeouts, "body"),
        .keep_alive_us = config_number(timeouts, "keep_alive"),
        .write_stall_us = config_number(timeouts, "write_stall"),
        .heartbeat_us = config_number(timeouts, "heartbeat"),
    };
    compile_listeners(s, c, server);
}

/* ---- auth, log ---- */

static void compile_auth(struct snapshot *s, struct config *c)
{
    const struct config_node *auth = config_get(c->root, "auth");
    const struct config_node *mode = config_get(auth, "mode");
    const struct config_node *admin_key = config_get(auth, "admin_key");

    s->auth_mode = config_is_good(mode) && mode->number == AUTH_OPEN ? AUTH_OPEN : AUTH_KEYS;
    if (config_is_good(admin_key) && admin_key->secret) {
        /* The tree owns the secret and lives as long as the snapshot. */
        s->admin_key = admin_key->secret;
    }
}

static void compile_log(struct snapshot *s, struct config *c)
{
    const struct config_node *log = config_get(config_get(c->root, "observability"), "log");
    str file = config_text(log, "file");

    s->log = (struct log_options){
        .level = (enum log_level)config_number(log, "level"),
        .format = (enum log_format)config_number(log, "format"),
        .path = file.n > 0 ? arena_cz(&s->arena, file) : NULL,
    };
}

/* ---- models ---- */

static void complain_provider(struct snapshot *s, struct config *c, const struct config_node *use,
                              str id)
{
    str near = config_wants_hint(c, id) ? table_nearest(&s->providers_by_id, id) : S_EMPTY;
    struct config_problem *p =
        config_complain(c, CONFIG_UNKNOWN_PROVIDER, use, "there is no provider `" STR_FMT "`",
                        STR_ARG(config_quote(c, id)));

    p->help = config_did_you_mean(c, near);
}

/* "provider/model" -> both. False: a problem was added. */
static bool resolve_use(struct snapshot *s, struct config *c, const struct config_node *use,
                        struct model *out)
{
    str id = S_EMPTY, model = S_EMPTY;

    if (!config_is_good(use))
        return false;
    if (!str_cut(use->text, '/', &id, &model) || id.n == 0 || model.n == 0) {
        struct config_problem *p =
            config_complain(c, CONFIG_USE, use, "`" STR_FMT "` is not provider/model",
                            STR_ARG(config_quote(c, use->raw)));
        p->help = S("for example openai/gpt-5-mini");
        return false;
    }
    out->provider = table_get(&s->providers_by_id, id);
    if (!out->provider) {
        bool is_shown = !config_reference_is_any(use->raw);
        complain_provider(s, c, use, is_shown ? id : use->raw);
        return false;
    }
    out->upstream_model = snapshot_str(s, model);
    return true;
}

static void compile_models(struct snapshot *s, struct config *c)
{
    const struct config_node *models = config_get(c->root, "models");

    if (!models || models->type != CONFIG_MAP)
        return;
    s->models = arena_new_n(&s->arena, struct model, models->n);
    for (const struct config_node *n = models->first; n; n = n->next) {
        struct model *m = &s->models[s->n_models];
        if (!resolve_use(s, c, config_get(n, "use"), m))
            continue;
        m->id = snapshot_str(s, n->key);
        if (!table_add(&s->models_by_id, m->id, m))
            s->n_models++;
    }
}

/* ---- keys ---- */

static bool is_model_prefix(const struct snapshot *s, str prefix)
{
    for (size_t i = 0; i < s->n_models; i++) {
        if (str_has_prefix(s->models[i].id, prefix))
            return true;
    }
    return prefix.n == 0; /* "*" is everything, though there be no model yet */
}

/* A name that a key may list: it must mean something, or the key would quietly allow nothing. */
static bool is_known_name(const struct snapshot *s, str name)
{
    str id = S_EMPTY, model = S_EMPTY;

    if (table_get(&s->models_by_id, name))
        return true;
    if (str_cut(name, '/', &id, &model))
        return model.n > 0 && table_get(&s->providers_by_id, id) != NULL;
    return str_has_suffix(name, S("*")) && is_model_prefix(s, str_slice(name, 0, name.n - 1));
}

static void compile_key_models(struct snapshot *s, struct config *c, const struct config_node *list,
                               struct gateway_key *key)
{
    if (!list || list->type != CONFIG_LIST)
        return;
    key->models = arena_new_n(&s->arena, str, list->n);
    for (const struct config_node *n = list->first; n; n = n->next) {
        if (n->is_bad)
            continue;
        if (!is_known_name(s, n->text)) {
            str near =
                config_wants_hint(c, n->text) ? table_nearest(&s->models_by_id, n->text) : S_EMPTY;
            struct config_problem *p = config_complain(
                c, CONFIG_UNKNOWN_MODEL, n, "there is no model or provider `" STR_FMT "`",
                STR_ARG(config_quote(c, n->raw)));
            p->help = config_did_you_mean(c, near);
            continue;
        }
        key->models[key->n_models++] = snapshot_str(s, n->text);
    }
}

static void compile_expiry(struct config *c, const struct config_node *n, struct gateway_key *key)
{
    const struct config_node *expires = config_get(n, "expires");

    key->expires_wall_us = INT64_MAX;
    if (!config_is_good(expires))
        return;
    key->expires_wall_us = expires->number;
    if (expires->number <= clock_wall_us())
        config_complain(c, CONFIG_KEY_EXPIRED, expires, "the key `" STR_FMT "` has expired",
                        STR_ARG(config_quote(c, key->id)));
}

static void complain_twice(struct config *c, enum config_code code, const struct config_node *again,
                           const struct config_node *first)
{
    config_complain(c, code, again, "the same stands in line %u already", first->at.line);
}

static void compile_key(struct snapshot *s, struct config *c, const struct config_node *n,
                        struct table *ids)
{
    struct config_node *id = config_get(n, "id"), *hash = config_get(n, "secret_hash");
    struct gateway_key *key = &s->keys[s->n_keys];

    *key = (struct gateway_key){.headers = (enum auth_headers)config_number(n, "headers")};
    if (config_is_good(id)) {
        key->id = snapshot_str(s, id->text);
        struct config_node *first = table_add(ids, id->text, id);
        if (first)
            complain_twice(c, CONFIG_DUPLICATE_ID, id, first);
    }
    compile_key_models(s, c, config_get(n, "models"), key);
    compile_expiry(c, n, key);
    if (!config_is_good(hash))
        return;
    must(crypt_from_hex(str_skip(hash->text, 7), key->hash, sizeof key->hash));
    str bytes = str_of((const char *)key->hash, sizeof key->hash);
    if (table_add(&s->keys_by_hash, bytes, key)) {
        config_complain(c, CONFIG_DUPLICATE_HASH, hash, "another key has the same hash");
        return;
    }
    s->n_keys++;
}

static void compile_keys(struct snapshot *s, struct config *c)
{
    const struct config_node *keys = config_get(c->root, "keys");
    const struct config_node *mode = config_get(config_get(c->root, "auth"), "mode");
    struct table ids;

    if (keys && keys->type == CONFIG_LIST && keys->n > 0) {
        table_init(&ids);
        s->keys = arena_new_n(&s->arena, struct gateway_key, keys->n);
        for (const struct config_node *n = keys->first; n; n = n->next) {
            if (n->type == CONFIG_MAP)
                compile_key(s, c, n, &ids);
        }
        table_fini(&ids);
    } else if (config_is_good(mode) && mode->number == AUTH_KEYS && (!keys || !keys->is_bad)) {
        struct config_problem *p =
            config_complain(c, CONFIG_NO_KEYS, mode,
                            "auth.mode is keys and no key is declared: every request is refused");
        p->help = S("declare a key under `keys`, or set auth.mode: open");
    }
}

struct snapshot *snapshot_compile(struct config *config)
{
    if (!config->root || config->has_syntax_error || config->root->type != CONFIG_MAP)
        return NULL;
    struct snapshot *s = new_snapshot(config);
    compile_auth(s, config);
    compile_server(s, config);
    compile_log(s, config);
    snapshot_compile_providers(s, config);
    snapshot_compile_capabilities(s, config);
    compile_models(s, config);
    compile_keys(s, config);
    if (config_error_count(config) > 0) {
        snapshot_release(s);
        return NULL;
    }
    s->config = config;
    arena_on_fini(&s->arena, release_config, config);
    return s;
}
