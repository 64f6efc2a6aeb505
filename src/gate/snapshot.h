/* A snapshot: one version of the configuration, compiled, immutable after snapshot_publish.
 *
 * Everything a request needs to know about the configuration is here, in one arena: looked up by
 * name, never parsed again. Workers adopt a new snapshot between two turns of their loop; an
 * exchange leases the one it began with, so a request sees one version from start to end. The last
 * release frees it (and wipes its secrets). Defaults are already filled in; what the file said
 * about a value's origin lives in the config tree (gate/config.h).
 *
 * Built by snapshot_compile (config tree -> snapshot, every mistake reported) and nothing else. */
#pragma once

#include <stdatomic.h>

#include "base/arena.h"
#include "base/crypt.h"
#include "base/defs.h"
#include "base/log.h"
#include "base/str.h"
#include "base/table.h"
#include "llm/custom.h"
#include "llm/service.h"
#include "policy/auth.h"
#include "rt/dial.h"
#include "rt/net.h"
#include "rt/tls.h"

struct config;            /* gate/config.h: the tree */
struct credential_source; /* gate/credential.h */

struct timeouts { /* microseconds */
    int64_t dns_us, connect_us, tls_us, first_byte_us, idle_us, total_us;
};

/* One base URL of a provider. */
struct endpoint {
    str url;  /* as configured, for headers and logs */
    str host; /* without brackets */
    uint16_t port;
    str unix_path; /* http+unix:/path: this socket; else empty */
    str authority; /* value of the Host header */
    str base_path; /* "/v1", without trailing slash; may be empty */
    bool is_tls;
    unsigned weight;                /* >= 1 */
    const struct dial_proxy *proxy; /* NULL: direct */
    struct provider *provider;
    /* Connections may be shared by endpoints of equal pool_key: scheme, host, port, TLS options,
     * proxy. Stable over snapshots, so a reload keeps the warm connections. */
    str pool_key;
    uint32_t index; /* among all endpoints of this snapshot */
};

struct provider_key {
    str id;               /* "default" for api_key */
    struct secret *value; /* wiped with the snapshot */
    unsigned weight;
    uint32_t index; /* among all provider keys of this snapshot */
};

struct provider {
    str id;
    enum provider_kind kind;
    uint32_t can;                         /* CAN_ bits of its vendor */
    struct service_place place;           /* what its paths are filled with; model empty */
    struct credential_source *credential; /* fetched credentials; NULL: keys, or none at all */
    struct credential_source *bearer;     /* SageMaker: for its OpenAI route; NULL: as above */
    struct endpoint *endpoints;           /* >= 1, but for PROVIDER_SIM */
    size_t n_endpoints;
    struct provider_key *keys; /* may be none: no credential is sent */
    size_t n_keys;
    str auth_header; /* "authorization" */
    str auth_scheme; /* "Bearer " or empty */
    struct {
        str name, value;
    } * headers; /* configured extra request headers */
    size_t n_headers;
    str *forward_headers; /* names of client headers passed on besides the standard ones */
    size_t n_forward_headers;
    struct timeouts timeouts;
    unsigned max_concurrent; /* per process; 0: no limit */
    struct tls_client *tls;  /* NULL: no endpoint needs it */
    _Atomic unsigned
        *inflight;  /* shared by all snapshots with this id; see provider_inflight in snapshot.c */
    uint32_t index; /* among the providers of this snapshot */
    const struct custom *custom; /* kind custom: its templates; else NULL */
    str origin;                  /* "file", "environment", "discovered" or "builtin" */
};

/* Takes one of the provider's max_concurrent places; false when there is none. Without a limit
 * there always is. Who took one gives it back to the same provider. */
NODISCARD bool provider_slot_acquire(const struct provider *p);
void provider_slot_release(const struct provider *p);

/* A name of the operator's own for one model of one provider. */
struct model {
    str id;
    struct provider *provider;
    str upstream_model;
};

struct listen_addr {
    str text; /* as configured */
    struct net_addr addr;
    struct tls_server *tls; /* NULL: plain */
};

enum auth_mode { AUTH_OPEN, AUTH_KEYS };

struct limits {
    size_t body_bytes;      /* client request body */
    size_t header_bytes;    /* client request head */
    size_t reply_bytes;     /* a whole provider reply that is held before it is passed on */
    size_t event_bytes;     /* one SSE event of a provider */
    unsigned connections;   /* client connections per process */
    unsigned idle_upstream; /* idle connections kept per endpoint and worker */
    int64_t drain_us;
};

struct server_timeouts {                                                     /* microseconds */
    int64_t header_us, body_us, keep_alive_us, write_stall_us, heartbeat_us; /* heartbeat 0: none */
};

struct snapshot {
    struct arena arena;
    uint64_t version; /* 1, 2, ... in the order of publishing */
    _Atomic unsigned refs;
    str source; /* the file, or "built-in defaults" */
    struct listen_addr *listen;
    size_t n_listen;
    struct listen_addr *admin; /* one, or none: admin off */
    unsigned workers;
    struct limits limits;
    struct server_timeouts timeouts;
    enum auth_mode auth_mode;
    struct secret *admin_key; /* NULL: to be made at start */
    struct log_options log;
    struct provider *providers; /* in order of the file; sim last */
    size_t n_providers;
    size_t n_endpoints, n_provider_keys;
    struct table providers_by_id; /* -> struct provider */
    struct table models_by_id;    /* -> struct model */
    struct model *models;
    size_t n_models;
    struct gateway_key *keys;
    size_t n_keys;
    struct table keys_by_hash;       /* 32 raw bytes -> struct gateway_key */
    struct capability *capabilities; /* the operator's rows, first */
    size_t n_capabilities;
    const struct config *config; /* OWNED: the tree it came from, for the admin API */
};

/* Compiles a tree that config_load has read, also one with errors, to find those that only show
 * here. Problems go into the tree's problem list. Opens files it names (certificates, ca), resolves
 * nothing, connects to nobody. NULL when there is an error, and the tree stays the caller's; else
 * the snapshot takes the tree, which is freed with it. The result has one reference. */
OWNED struct snapshot *snapshot_compile(struct config *config);
struct snapshot *snapshot_ref(struct snapshot *s);
void snapshot_release(struct snapshot *s); /* any thread */

/* What a client's model name means, in the order of interface.md section 3: alias, then
 * provider/model. 0, or -E_MODEL_NOT_FOUND. `suggestion` (may be NULL) gets near names for the
 * message. */
struct model_ref {
    struct provider *provider;
    str upstream_model;
    str route; /* the alias, or S_EMPTY */
};
NODISCARD int snapshot_find_model(const struct snapshot *s, str name, struct model_ref *out);
/* "did you mean a, b?" or empty. */
str snapshot_suggest_models(const struct snapshot *s, str name, struct arena *a);
