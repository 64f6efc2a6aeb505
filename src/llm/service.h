/* What a provider offers for a purpose: which operation, at which path. From service.def. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"
#include "llm/capability.h"
#include "llm/operation.h"

enum provider_kind {
#define PROVIDER_KIND(ident, name, doc) PROVIDER_##ident,
#include "llm/provider_kind.def"
#undef PROVIDER_KIND
    PROVIDER_KIND_COUNT
};
const char *provider_kind_name(enum provider_kind kind);
const char *provider_kind_doc(enum provider_kind kind);

struct service {
    enum provider_kind kind;
    const char *models;
    enum operation_id operation;
    const char *path;
    const char *stream_path; /* NULL: the same */
    const char *envelope;    /* NULL: none */
};

/* All lines, in the order of the table. */
size_t service_count(void);
const struct service *service_at(size_t i);

/* What decides between several operations of one purpose. */
struct service_wish {
    const struct operation *asked; /* the client's */
    bool has_tools;
    bool is_without_effort; /* reasoning was switched off by name */
};
/* NULL: the provider offers nothing of the kind for this model. The client's own operation wins
 * unless the model's capability says that it takes this request on another. */
const struct service *service_find(enum provider_kind kind, str model, const struct capability *can,
                                   const struct service_wish *wish);
/* Does the kind offer this operation for the model? */
const struct service *service_of(enum provider_kind kind, str model, enum operation_id operation);

/* Values for a path's places. */
struct service_place {
    str model, project, location, version;
};
str service_path(struct arena *a, const char *pattern, const struct service_place *p);
/* The dialect a kind's capabilities are looked up in: that of its first line for the model. */
enum dialect_id service_dialect(enum provider_kind kind, str model);
