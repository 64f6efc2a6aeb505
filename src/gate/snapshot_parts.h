/* Between the files that compile a snapshot: what each of them does for the others.
 *
 *   snapshot_compile.c   server, auth, log, keys, models; the order of everything
 *   snapshot_provider.c  providers: endpoints, credentials, headers, proxy, TLS
 *   snapshot_cloud.c     what only clouds have: places, fetched credentials; capabilities
 *   snapshot_custom.c    providers that are described by templates
 *   snapshot.c           counters that live longer than a snapshot */
#pragma once

#include "gate/config_tree.h"
#include "gate/snapshot.h"

/* All providers of the tree and sim into s, with their table. Problems go into the tree. */
void snapshot_compile_providers(struct snapshot *s, struct config *c);

/* A preset's base URL with its places filled in; S_EMPTY after a problem was added. */
str snapshot_fill_places(struct snapshot *s, struct config *c, const struct config_node *n,
                         const char *pattern);
/* Places of paths and the source of fetched credentials. The provider's keys are known already. */
void snapshot_compile_cloud(struct snapshot *s, struct config *c, const struct config_node *n,
                            struct provider *p);
/* The description of a provider of kind custom. */
void snapshot_compile_custom(struct snapshot *s, struct config *c, const struct config_node *n,
                             struct provider *p);
/* The operator's rows of the capability table. */
void snapshot_compile_capabilities(struct snapshot *s, struct config *c);

/* The counter of requests in flight to the provider with this id; each acquire is released once. */
_Atomic unsigned *provider_inflight_acquire(str id);
void provider_inflight_release(str id);

/* A copy of a text in the snapshot; S_EMPTY stays so. */
static inline str snapshot_str(struct snapshot *s, str text)
{
    return text.n > 0 ? arena_str(&s->arena, text) : S_EMPTY;
}
