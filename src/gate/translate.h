/* A request whose provider speaks another dialect than its client: read, decided, written anew,
 * sent, and its answer translated back. */
#pragma once

#include "base/defs.h"
#include "gate/exchange.h"
#include "llm/request.h"

/* PURPOSE_GENERATE. x->service is chosen; the body is in x->body. */
NODISCARD int translate_run(struct exchange *x, const struct request *req) MAY_YIELD;
/* Refuses a tb-strict that means nothing. */
NODISCARD int translate_check_strict(struct exchange *x);
/* Ends a translation's notes: x->warnings, or with `tb-strict: error` a refusal. */
NODISCARD int translate_settle_losses(struct exchange *x, const struct losses *losses);
