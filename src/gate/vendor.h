/* The table of providers known by name (llm/vendors.def), and which kinds exist at all.
 *
 * Static and read-only; any thread. */
#pragma once

#include "base/defs.h"
#include "base/str.h"
#include "gate/snapshot.h"

struct vendor {
    const char *id;
    enum provider_kind kind;
    const char *base_url;
    const char *env; /* NULL: a local engine that needs no key; empty: not by one variable */
    const char *auth_header;
    const char *auth_scheme;
    uint32_t can; /* CAN_ bits */
};

size_t vendor_count(void);
const struct vendor *vendor_at(size_t i); /* in the order of the table */
const struct vendor *vendor_find(str id); /* NULL: none */

/* The dialect named by a `kind`: a vendor's, or one of the plain dialects sim, openai-chat and
 * openai-responses, which have no vendor (*v is NULL). False when there is no such kind. */
bool vendor_kind(str name, enum provider_kind *kind, const struct vendor **v);
/* A kind that the interface promises and this version does not have. */
bool vendor_kind_is_later(str name);
str vendor_nearest_kind(str name); /* for "did you mean"; S_EMPTY: none is near */
