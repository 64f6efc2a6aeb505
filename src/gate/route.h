/* The plan of an exchange: which endpoint and key to try, and what to try after a failure. Pure
 * but for whose turn it is. */
#pragma once

#include "base/defs.h"
#include "gate/snapshot.h"
#include "gate/worker.h"

#define PLAN_ATTEMPTS_MAX 4

struct target {
    const struct endpoint *endpoint;
    const struct provider_key *key; /* NULL: the provider has none */
    bool must_be_fresh;             /* dial, do not take a pooled connection */
};

struct plan {
    const struct provider *provider;
    size_t first; /* endpoint to begin with */
    size_t tried; /* endpoints given up so far */
    unsigned attempts;
    struct target current;
};

/* Takes the turn among the provider's endpoints and keys. */
void plan_begin(struct plan *p, struct lease *lease, const struct provider *provider);
/* The next target after a failure with `code`, or NULL: stop. `was_stale`: it happened at once on a
 * pooled connection before any byte of an answer; `may_resend`: the request is still at hand. */
const struct target *plan_next(struct plan *p, int code, bool was_reused, bool may_resend);
